/* SPDX-License-Identifier: EUPL-1.2 */
/* Signs of a remote session, with session files of our own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "pam_module/remote.h"

static char folder[64];
static char id_path[128];

static void put(const char *path, const char *content)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static bool found(const char *session_id, const char *session)
{
    struct lk_remote_signs signs = {.service = "sudo",
                                    .remote_host = "desk12",
                                    .own_name = "desk12",
                                    .session_id_path = id_path,
                                    .sessions_path = folder};
    char path[128];
    bool remote;

    snprintf(path, sizeof(path), "%s/7", folder);
    put(id_path, session_id);
    if (session != NULL)
        put(path, session);
    remote = lk_remote_found(&signs);
    unlink(path);
    return remote;
}

static void test_session(void **state)
{
    (void)state;
    assert_true(found("7", "UID=1000\nREMOTE=1\nSEAT=\n"));
    assert_true(found("7\n", "REMOTE=1\n"));
    assert_false(found("7", "UID=1000\nREMOTE=0\nSEAT=seat0\n"));
    assert_false(found("7", "UID=1000\nUSER=xREMOTE=1\nREMOTE=0\n"));
    assert_false(found("7", ""));
    assert_false(found("7", NULL));
    assert_false(found("", "REMOTE=1\n"));
    assert_false(found("../7", "REMOTE=1\n"));
    assert_false(found("4294967295", "REMOTE=1\n"));
}

static void test_host(void **state)
{
    struct lk_remote_signs signs = {.service = "sudo", .own_name = "desk12"};

    (void)state;
    assert_false(lk_remote_found(&signs));
    signs.remote_host = "DESK12";
    assert_false(lk_remote_found(&signs));
    signs.remote_host = "desk12.evil.example";
    assert_true(lk_remote_found(&signs));
    signs.remote_host = "desk1";
    assert_true(lk_remote_found(&signs));
    signs.own_name = NULL;
    signs.remote_host = "desk12";
    assert_true(lk_remote_found(&signs));
    signs.own_name = "";
    assert_true(lk_remote_found(&signs));
    signs = (struct lk_remote_signs){0};
    assert_false(lk_remote_found(&signs));
}

static int prepare(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/latchkey-sessions-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(id_path, sizeof(id_path), "%s/id", folder);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    unlink(id_path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_session),
        cmocka_unit_test(test_host),
    };

    return cmocka_run_group_tests(tests, prepare, finish);
}
