/* SPDX-License-Identifier: EUPL-1.2 */
/* A look at the store file from outside, for the self-test: is it one of ours, with a schema this program knows? Reads the file's header (SQLite file format,
 * section 1.3) and nothing else: no lock, no recovery, no migration, while another process may be writing. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "broker/store/sqlite.h"

enum { HEADER_SIZE = 100, SCHEMA_OFFSET = 60, APPLICATION_OFFSET = 68 };

static uint32_t header_u32(const uint8_t *header, size_t offset)
{
    struct lk_view view = LK_VIEW(header + offset, 4);
    uint32_t value = 0;

    return lk_view_get_u32(&view, &value) == 0 ? value : 0;
}

int lk_store_sqlite_probe(const char *folder)
{
    struct lk_file_rule rule = {.owner = geteuid(), .forbidden = 077};
    char path[512];
    uint8_t header[HEADER_SIZE];
    LK_CLEANUP(lk_fd_close) int fd = -1;
    ssize_t count;
    int r;

    if (snprintf(path, sizeof path, "%s/store.sqlite3", folder) >= (int)sizeof path)
        return -LK_ERR_TOO_BIG;
    r = lk_file_open(path, &rule, &fd);
    if (r != 0)
        return r;
    count = pread(fd, header, sizeof header, 0);
    if (count < 0)
        return -LK_ERR_IO;
    /* Made, and its first transaction not yet moved over from the write-ahead log. */
    if (count == 0)
        return 0;
    if (count != HEADER_SIZE || memcmp(header, "SQLite format 3", 16) != 0)
        return -LK_ERR_CORRUPT;
    if (header_u32(header, SCHEMA_OFFSET) == 0 && header_u32(header, APPLICATION_OFFSET) == 0)
        return 0;
    if (header_u32(header, APPLICATION_OFFSET) != LK_STORE_APPLICATION_ID ||
        header_u32(header, SCHEMA_OFFSET) > (uint32_t)lk_schema_count)
        return -LK_ERR_SCHEMA;
    return 0;
}
