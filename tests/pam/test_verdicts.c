/* SPDX-License-Identifier: EUPL-1.2 */
/* Every verdict and every way not to get one: code, text, delay, number of connections. */
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

#include "base/clock.h"
#include "model/reason.h"
#include "pam_host.h"

static void expect_refusal(const struct pam_host *host, int code, int expected)
{
    assert_int_equal(code, expected);
    assert_int_not_equal(code, PAM_SUCCESS);
    assert_int_not_equal(code, PAM_IGNORE);
    assert_int_equal(host->delays, 1);
    assert_true(host->delay_us >= 1000000); /* libpam varies it by half */
    assert_false(host->several);
}

static void test_success(void **state)
{
    static const struct fake_step script[] = {
        HOST_BEGIN, HOST_TOUCH, {.act = FAKE_VERDICT}, HOST_STAY};
    struct pam_host host = {.tty = "/dev/tty1"};

    (void)state;
    assert_int_equal(pam_host_run(&host, script), PAM_SUCCESS);
    assert_int_equal(host.broker.notes->connections, 1);
    assert_string_equal(host.broker.notes->login.name, "alice");
    assert_string_equal(host.broker.notes->login.service, "lktest");
    assert_string_equal(host.broker.notes->login.tty, "/dev/tty1");
    assert_int_equal(host.broker.notes->login.flags, LK_LOGIN_FLAG_PROMPT);
    assert_string_equal(host.user_after, "alice");
    assert_int_equal(host.count, 1);
    assert_non_null(strstr(pam_host_last(&host, PAM_TEXT_INFO), "lktest"));
    assert_non_null(strstr(pam_host_last(&host, PAM_TEXT_INFO), "alice"));
}

/* Two attempts of one process never use the same nonce. */
static void test_nonce_is_fresh(void **state)
{
    static const struct fake_step script[] = {HOST_BEGIN, {.act = FAKE_VERDICT}, HOST_STAY};
    struct pam_host host = {0};
    uint8_t first[LK_NONCE_SIZE];

    (void)state;
    assert_int_equal(pam_host_run(&host, script), PAM_SUCCESS);
    memcpy(first, host.broker.notes->login.nonce, sizeof(first));
    assert_int_equal(pam_host_run(&host, script), PAM_SUCCESS);
    assert_memory_not_equal(first, host.broker.notes->login.nonce, sizeof(first));
}

/* docs/man/pam_latchkey.8, RETURN VALUES: all that is not listed here is PAM_AUTH_ERR. */
static int expected_code(uint32_t reason)
{
    switch (reason) {
    case LK_REASON_PIN_STOPPED:
    case LK_REASON_PIN_BLOCKED:
    case LK_REASON_RATE_LIMITED:
    case LK_REASON_LIMIT:
        return PAM_MAXTRIES;
    case LK_REASON_NAMES_UNAVAILABLE:
    case LK_REASON_STORE_UNAVAILABLE:
    case LK_REASON_STORE_ROLLED_BACK:
    case LK_REASON_STORE_LOW:
    case LK_REASON_REGISTER:
    case LK_REASON_OPERATOR_SET:
    case LK_REASON_CLOCK:
    case LK_REASON_BROKER_UNAVAILABLE:
    case LK_REASON_PROTOCOL:
    case LK_REASON_INTERNAL:
    case LK_REASON_DEVICE_UNAVAILABLE:
    case LK_REASON_STACK_UNAVAILABLE:
    case LK_REASON_LOGOUTS:
        return PAM_AUTHINFO_UNAVAIL;
    case LK_REASON_STACK:
    case LK_REASON_CONFIG:
        return PAM_SERVICE_ERR;
    default:
        return PAM_AUTH_ERR;
    }
}

static void test_every_reason(void **state)
{
    unsigned known = 0;

    (void)state;
    for (uint32_t reason = 1; reason < 200; reason++) {
        const struct fake_step script[] = {
            HOST_BEGIN, {.act = FAKE_VERDICT, .value = reason}, HOST_STAY};
        struct pam_host host = {0};
        enum lk_reason told = lk_reason_known(reason) ? (enum lk_reason)reason : LK_REASON_PROTOCOL;

        if (!lk_reason_known(reason) && reason != 199)
            continue;
        known++;
        expect_refusal(&host, pam_host_run(&host, script), expected_code((uint32_t)told));
        assert_string_equal(pam_host_last(&host, PAM_ERROR_MSG), lk_reason_text(told));
        assert_int_equal(host.broker.notes->connections, 1);
    }
    assert_true(known > 60);
}

struct row {
    const char *what;
    struct fake_step step;
    enum lk_reason reason;
};

/* The manual names the same reasons. */
static void test_manual(void **state)
{
    static const struct {
        const char *mark;
        int code;
    } rows[] = {{"codes PAM_MAXTRIES", PAM_MAXTRIES},
                {"codes PAM_AUTHINFO_UNAVAIL", PAM_AUTHINFO_UNAVAIL},
                {"codes PAM_SERVICE_ERR", PAM_SERVICE_ERR}};
    static char page[1 << 16];
    const char *source = getenv("LK_SOURCE_DIR");
    char path[4096];
    FILE *file;

    (void)state;
    snprintf(path, sizeof(path), "%s/docs/man/pam_latchkey.8", source != NULL ? source : ".");
    file = fopen(path, "re");
    assert_non_null(file);
    page[fread(page, 1, sizeof(page) - 1, file)] = '\0';
    fclose(file);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *from = strstr(page, rows[i].mark);
        const char *to;

        assert_non_null(from);
        to = strstr(from, "\n.TP");
        assert_non_null(to);
        for (uint32_t reason = 1; reason < 200; reason++) {
            char name[64];
            const char *found;

            if (!lk_reason_known(reason))
                continue;
            snprintf(name, sizeof(name), "%s", lk_reason_name((enum lk_reason)reason));
            for (found = strstr(from, name); found != NULL && found < to;
                 found = strstr(found + 1, name))
                if (strchr(",.", found[strlen(name)]) != NULL)
                    break;
            if ((found != NULL && found < to) != (expected_code(reason) == rows[i].code))
                fail_msg("the manual, %s: %s", rows[i].mark, name);
        }
    }
}

static void test_no_verdict(void **state)
{
    static const struct row rows[] = {
        {"wrong nonce", {.act = FAKE_WRONG_NONCE}, LK_REASON_PROTOCOL},
        {"wrong request", {.act = FAKE_WRONG_REQUEST}, LK_REASON_PROTOCOL},
        {"trailing byte", {.act = FAKE_LONG_VERDICT}, LK_REASON_PROTOCOL},
        {"cut, then closed", {.act = FAKE_CUT_VERDICT, .value = 20}, 0},
        {"oversize", {.act = FAKE_RAW, .text = "\0\1\0\0\0\25", .size = 6}, LK_REASON_PROTOCOL},
        {"garbage",
         {.act = FAKE_RAW, .text = "HTTP/1.1 200 OK\r\n", .size = 17},
         LK_REASON_PROTOCOL},
        {"bad event",
         {.act = FAKE_RAW, .text = "\0\0\0\12\0\21\0\0\0\1\77\0\0\0", .size = 14},
         LK_REASON_PROTOCOL},
        {"foreign type",
         {.act = FAKE_RAW, .text = "\0\0\0\6\0\63\0\0\0\1", .size = 10},
         LK_REASON_PROTOCOL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (int event = 0; event < 2; event++) {
            const struct fake_step closed[] = {
                HOST_BEGIN, HOST_TOUCH, rows[i].step, {.act = FAKE_END}};
            const struct fake_step stays[] = {HOST_BEGIN, HOST_TOUCH, rows[i].step, HOST_STAY};
            const struct fake_step bare[] = {HOST_BEGIN, rows[i].step, HOST_STAY};
            struct pam_host host = {0};
            const struct fake_step *script = rows[i].reason == 0 ? closed : event ? stays : bare;

            print_message("%s\n", rows[i].what);
            expect_refusal(&host, pam_host_run(&host, script), PAM_AUTHINFO_UNAVAIL);
            assert_string_equal(pam_host_last(&host, PAM_ERROR_MSG),
                                lk_reason_text(rows[i].reason != 0 ? rows[i].reason
                                                                   : LK_REASON_BROKER_UNAVAILABLE));
            assert_int_equal(host.broker.notes->connections, 1);
        }
}

/* Nothing shown yet: one more connection, no more. Something shown: none. */
static void test_reconnect(void **state)
{
    static const struct fake_step second_works[] = {
        HOST_BEGIN, HOST_BEGIN, {.act = FAKE_VERDICT}, HOST_STAY};
    static const struct fake_step before_hello[] = {
        {.act = FAKE_ACCEPT}, HOST_BEGIN, {.act = FAKE_VERDICT}, HOST_STAY};
    static const struct fake_step never[] = {
        HOST_BEGIN, HOST_BEGIN, HOST_BEGIN, {.act = FAKE_VERDICT}, HOST_STAY};
    static const struct fake_step after_event[] = {
        HOST_BEGIN, HOST_TOUCH, HOST_BEGIN, {.act = FAKE_VERDICT}, HOST_STAY};
    struct pam_host host = {0};

    (void)state;
    assert_int_equal(pam_host_run(&host, second_works), PAM_SUCCESS);
    assert_int_equal(host.broker.notes->connections, 2);
    assert_int_equal(pam_host_run(&host, before_hello), PAM_SUCCESS);
    expect_refusal(&host, pam_host_run(&host, never), PAM_AUTHINFO_UNAVAIL);
    assert_int_equal(host.broker.notes->logins, 2);
    assert_string_equal(pam_host_last(&host, PAM_ERROR_MSG),
                        lk_reason_text(LK_REASON_BROKER_UNAVAILABLE));
    expect_refusal(&host, pam_host_run(&host, after_event), PAM_AUTHINFO_UNAVAIL);
    assert_int_equal(host.broker.notes->logins, 1);
}

/* A screen locker takes a method out of service that fails within 50 ms. */
static void test_nobody_there(void **state)
{
    struct pam_host host = {0};
    int64_t before = lk_clock_monotonic_ms(&lk_clock_system);

    (void)state;
    expect_refusal(&host, pam_host_run(&host, NULL), PAM_AUTHINFO_UNAVAIL);
    assert_in_range(lk_clock_monotonic_ms(&lk_clock_system) - before, 100, 5000);
    assert_string_equal(pam_host_last(&host, PAM_ERROR_MSG),
                        lk_reason_text(LK_REASON_BROKER_UNAVAILABLE));
}

static void test_arguments(void **state)
{
    static const char *const bad[] = {"nouserok", "alwaysok",      "debug=1",     "socket=relative",
                                      "socket=",  "socket=/other", "debug debug", "Debug"};
    static const struct fake_step script[] = {HOST_BEGIN, {.act = FAKE_VERDICT}, HOST_STAY};
    struct pam_host host = {.arguments = "debug"};

    (void)state;
    assert_int_equal(pam_host_run(&host, script), PAM_SUCCESS);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        host = (struct pam_host){.arguments = bad[i]};
        expect_refusal(&host, pam_host_run(&host, script), PAM_SERVICE_ERR);
        assert_int_equal(host.broker.notes->connections, 0);
    }
}

static void loosen_folder(struct pam_host *host, pam_handle_t *pam)
{
    (void)pam;
    assert_int_equal(chmod(host->broker.folder, 0777), 0);
}

static void test_loose_folder(void **state)
{
    static const struct fake_step script[] = {HOST_BEGIN, {.act = FAKE_VERDICT}, HOST_STAY};
    struct pam_host host = {.before = loosen_folder};

    (void)state;
    expect_refusal(&host, pam_host_run(&host, script), PAM_SERVICE_ERR);
    assert_int_equal(host.broker.notes->connections, 0);
}

static void test_other_services(void **state)
{
    struct pam_host host = {0};

    (void)state;
    assert_int_equal(pam_host_call(&host, 1), PAM_SUCCESS);
    assert_int_equal(pam_host_call(&host, 2), PAM_SERVICE_ERR);
    assert_int_equal(pam_host_call(&host, 3), PAM_SERVICE_ERR);
    assert_int_equal(pam_host_call(&host, 4), PAM_SERVICE_ERR);
    assert_int_equal(pam_host_call(&host, 5), PAM_SERVICE_ERR);
}

static void test_remote(void **state)
{
    static const struct {
        const char *service;
        const char *tty;
        const char *remote_host;
        bool remote;
    } rows[] = {
        {"lktest", NULL, NULL, false},        {"lktest", "/dev/pts/2", "", false},
        {"lktest", NULL, "localhost", false}, {"lktest", NULL, "192.0.2.7", true},
        {"lktest", NULL, "127.0.0.1", true},  {"lktest", NULL, "localhost.evil.example", true},
        {"lktest", "ssh", NULL, true},        {"sshd", NULL, NULL, true}};
    const struct fake_step script[] = {
        HOST_BEGIN, {.act = FAKE_VERDICT, .value = LK_REASON_REMOTE}, HOST_STAY};
    char own[256] = "";

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct pam_host host = {
            .service = rows[i].service, .tty = rows[i].tty, .remote_host = rows[i].remote_host};

        expect_refusal(&host, pam_host_run(&host, script), PAM_AUTH_ERR);
        assert_int_equal((host.broker.notes->login.flags & LK_LOGIN_FLAG_REMOTE) != 0,
                         rows[i].remote);
        assert_string_equal(host.broker.notes->login.remote_host,
                            rows[i].remote_host != NULL ? rows[i].remote_host : "");
        assert_string_equal(pam_host_last(&host, PAM_ERROR_MSG), lk_reason_text(LK_REASON_REMOTE));
    }
    assert_int_equal(gethostname(own, sizeof(own) - 1), 0);
    for (int longer = 0; longer < 2; longer++) {
        struct pam_host host = {.service = "sudo", .remote_host = own};

        if (longer)
            strcat(own, ".evil.example");
        expect_refusal(&host, pam_host_run(&host, script), PAM_AUTH_ERR);
        assert_int_equal((host.broker.notes->login.flags & LK_LOGIN_FLAG_REMOTE) != 0, longer);
    }
}

/* A name that does not fit is sent as none at all, never cut to somebody else's; and nothing proves it. */
static void test_long_name(void **state)
{
    static const struct fake_step script[] = {HOST_BEGIN, {.act = FAKE_VERDICT}, HOST_STAY};
    char name[100];
    struct pam_host host = {.user = name};

    (void)state;
    memset(name, 'a', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    expect_refusal(&host, pam_host_run(&host, script), PAM_AUTH_ERR);
    assert_string_equal(host.broker.notes->login.name, "");
}

/* No user name to be had: refused before anybody is asked. */
static void test_no_name(void **state)
{
    static const struct fake_step script[] = {HOST_BEGIN, {.act = FAKE_VERDICT}, HOST_STAY};
    struct pam_host host = {.user = ""};

    (void)state;
    expect_refusal(&host, pam_host_run(&host, script), PAM_AUTH_ERR);
    assert_int_equal(host.broker.notes->connections, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_success),      cmocka_unit_test(test_nonce_is_fresh),
        cmocka_unit_test(test_every_reason), cmocka_unit_test(test_no_verdict),
        cmocka_unit_test(test_manual),       cmocka_unit_test(test_reconnect),
        cmocka_unit_test(test_nobody_there), cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_loose_folder), cmocka_unit_test(test_other_services),
        cmocka_unit_test(test_remote),       cmocka_unit_test(test_long_name),
        cmocka_unit_test(test_no_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
