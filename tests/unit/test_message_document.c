/* SPDX-License-Identifier: EUPL-1.2 */
/* The frames shown in docs/PROTOCOL.md section 5 are the frames that are sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "message_samples.h"

enum { HEX_MAX = 4096 };

static const struct message_sample *find(const char *name)
{
    for (size_t i = 0; message_sample_at(i) != NULL; i++)
        if (strcmp(message_sample_at(i)->name, name) == 0)
            return message_sample_at(i);
    return NULL;
}

static void check(const char *name, const char *shown)
{
    const struct message_sample *sample = find(name);
    char hex[HEX_MAX];
    struct lk_buf buf;

    if (sample == NULL) {
        fail_msg("docs/PROTOCOL.md shows a message that has no example: %s", name);
        return;
    }
    lk_buf_init_secret(&buf, LK_FRAME_MAX);
    assert_int_equal(sample->encode(&buf), 0);
    lk_hex(hex, sizeof(hex), buf.data, buf.len);
    assert_string_equal(hex, shown);
    lk_buf_clear(&buf);
}

/* The next block, its lines joined; false at the end of the document. */
static bool next_block(FILE *file, char name[64], char hex[HEX_MAX])
{
    char line[1024];
    bool inside = false;

    hex[0] = '\0';
    while (fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (!inside)
            inside = sscanf(line, "```message %63s", name) == 1;
        else if (strcmp(line, "```") == 0)
            return true;
        else if (strlen(hex) + strlen(line) < HEX_MAX)
            strcat(hex, line);
    }
    return false;
}

static void test_document(void **state)
{
    const char *source = getenv("LK_SOURCE_DIR");
    char path[4096];
    char name[64];
    char hex[HEX_MAX];
    unsigned count = 0;
    FILE *file;

    (void)state;
    snprintf(path, sizeof(path), "%s/docs/PROTOCOL.md", source != NULL ? source : ".");
    file = fopen(path, "re");
    assert_non_null(file);
    while (next_block(file, name, hex)) {
        check(name, hex);
        count++;
    }
    fclose(file);
    assert_true(count >= 18);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_document)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
