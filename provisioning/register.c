/* SPDX-License-Identifier: EUPL-1.2 */
/* The register as the desk reads it: entries in pages, their hashes recomputed, and the last entry that each operator signed for,
 * remembered on the operator's own side. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "provisioning/cli.h"

static int entries_page(struct lk_cli *cli, const struct lk_desk_register *range,
                        int (*each)(void *context, const struct lk_entry *entry), void *context,
                        uint64_t *ret_count)
{
    struct lk_desk_entry *message = calloc(1, sizeof *message);
    struct lk_entry entry = {.message = message};
    struct lk_frame frame;
    uint32_t request = lk_cli_next(cli);
    int status = message == NULL || lk_desk_register_encode(&cli->client.out, request, range) < 0
                     ? lk_cli_fail_memory(cli, "register")
                     : 0;

    *ret_count = 0;
    while (status == 0) {
        status = lk_cli_ask(cli, request, &frame);
        if (status != 0 || frame.type == LK_MESSAGE_DESK_END)
            break;
        if (frame.type != LK_MESSAGE_DESK_ENTRY)
            status = lk_cli_answer_refused(cli, &frame);
        else if (lk_desk_entry_decode(frame.payload, message) < 0)
            status = lk_cli_fail_reason(cli, LK_REASON_PROTOCOL, NULL);
        else if (lk_register_entry_decode(message->entry, &entry.decoded) < 0)
            status =
                lk_cli_fail_reason(cli, LK_REASON_REGISTER, _("a register entry does not decode"));
        else
            status = lk_cli_digest(cli, message->entry, &entry.hash);
        if (status == 0)
            status = each(context, &entry);
        (*ret_count)++;
    }
    free(message);
    return status;
}

int lk_cli_entries(struct lk_cli *cli, uint64_t first, uint64_t most,
                   int (*each)(void *context, const struct lk_entry *entry), void *context)
{
    struct lk_desk_register range = {.first = first};
    uint64_t count;
    int status;

    do {
        range.most = most < LK_LIST_MOST ? (uint32_t)most : LK_LIST_MOST;
        status = entries_page(cli, &range, each, context, &count);
        most -= count < most ? count : most;
        range.first += count;
    } while (status == 0 && first > 0 && most > 0 && count == range.most);
    return status;
}

/* One entry's number and hash. */
struct one_entry {
    uint64_t number;
    struct lk_digest hash;
};

static int take_one(void *context, const struct lk_entry *entry)
{
    struct one_entry *one = context;

    one->number = entry->decoded.number;
    one->hash = entry->hash;
    return 0;
}

int lk_cli_head(struct lk_cli *cli, uint64_t *ret_number, struct lk_digest *ret_hash)
{
    struct one_entry one = {0};
    int status = lk_cli_entries(cli, 0, 1, take_one, &one);

    if (status == 0) {
        *ret_number = one.number;
        *ret_hash = one.hash;
    }
    return status;
}

/* ---- the last entry this operator signed ---- */

static int remember_path(const struct lk_cli *cli, const struct lk_operator *by, char *ret_path,
                         size_t size)
{
    char id[2 * LK_SUBJECT_SIZE + 1];
    int length;

    lk_hex(id, sizeof id, by->id.bytes, sizeof by->id.bytes);
    length = snprintf(ret_path, size, "%s/operator-%s", cli->state_folder, id);
    return length > 0 && (size_t)length < size ? 0 : -LK_ERR_TOO_BIG;
}

void lk_cli_remember(struct lk_cli *cli, const struct lk_operator *by, uint64_t number,
                     const struct lk_digest *hash)
{
    char path[4096];
    char text[2 * LK_DIGEST_SIZE + 32];
    char hex[2 * LK_DIGEST_SIZE + 1];
    int length;
    int result;

    lk_hex(hex, sizeof hex, hash->bytes, sizeof hash->bytes);
    length = snprintf(text, sizeof text, "%" PRIu64 " %s\n", number, hex);
    result = lk_folder_make(cli->state_folder, 0700);
    if (result == 0)
        result = remember_path(cli, by, path, sizeof path);
    if (result == 0)
        result = lk_file_replace(path, 0600, LK_VIEW((const uint8_t *)text, (size_t)length));
    if (result < 0)
        lk_cli_say(cli,
                   _("Warning: %s: the last signed register entry could not be remembered: %s"),
                   cli->state_folder, lk_error_text(result));
}

void lk_cli_remember_head(struct lk_cli *cli, const struct lk_operator *by)
{
    struct lk_digest hash;
    uint64_t number = 0;

    if (lk_cli_head(cli, &number, &hash) == 0 && number > 0)
        lk_cli_remember(cli, by, number, &hash);
}

bool lk_cli_parse_head(const char *text, uint64_t *ret_number, struct lk_digest *ret_hash)
{
    const char *blank = text != NULL ? strchr(text, ' ') : NULL;
    struct lk_digest hash;
    char number[24];

    if (blank == NULL || (size_t)(blank - text) >= sizeof number)
        return false;
    memcpy(number, text, (size_t)(blank - text));
    number[blank - text] = '\0';
    if (strlen(blank + 1) != 2 * LK_DIGEST_SIZE ||
        lk_unhex(hash.bytes, sizeof hash.bytes, blank + 1) != 0 ||
        lk_number_parse(number, 0, UINT64_MAX, ret_number) < 0)
        return false;
    *ret_hash = hash;
    return true;
}

/* One line, "number hash"; nothing behind it. */
static int parse_remembered(struct lk_buf *content, uint64_t *ret_number,
                            struct lk_digest *ret_hash)
{
    if (content->len == 0 || content->data[content->len - 1] != '\n')
        return -LK_ERR_CORRUPT;
    content->data[content->len - 1] = '\0';
    if (strlen((const char *)content->data) != content->len - 1 ||
        !lk_cli_parse_head((const char *)content->data, ret_number, ret_hash))
        return -LK_ERR_CORRUPT;
    return 0;
}

int lk_cli_recall(struct lk_cli *cli, const char *path, uint64_t *ret_number,
                  struct lk_digest *ret_hash, bool *ret_found)
{
    const struct lk_file_rule rule = {.owner = geteuid(), .forbidden = 077, .check_parents = false};
    struct lk_buf content;
    int result;

    *ret_found = false;
    lk_buf_init(&content, 256);
    result = lk_file_read(path, &rule, 255, &content);
    if (result == -LK_ERR_NOT_FOUND) {
        lk_buf_clear(&content);
        return 0;
    }
    content.max = 256;
    if (result == 0)
        result = parse_remembered(&content, ret_number, ret_hash);
    lk_buf_clear(&content);
    if (result < 0)
        return lk_cli_fail_error(cli, result, path);
    *ret_found = true;
    return 0;
}

int lk_cli_check_remembered(struct lk_cli *cli, const struct lk_operator *by)
{
    struct lk_digest remembered;
    struct one_entry now = {0};
    char path[4096];
    uint64_t number = 0;
    bool found = false;
    int status;

    if (remember_path(cli, by, path, sizeof path) < 0)
        return lk_cli_fail_error(cli, -LK_ERR_TOO_BIG, cli->state_folder);
    status = lk_cli_recall(cli, path, &number, &remembered, &found);
    if (status != 0 || !found)
        return status;
    status = lk_cli_entries(cli, number, 1, take_one, &now);
    if (status == 0 &&
        (now.number != number || memcmp(&now.hash, &remembered, sizeof remembered) != 0))
        status =
            lk_cli_fail_reason(cli, LK_REASON_STORE_ROLLED_BACK,
                               _("the register no longer holds the entry you signed for last"));
    return status;
}
