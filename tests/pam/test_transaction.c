/* SPDX-License-Identifier: EUPL-1.2 */
/* The stack of the gateway: one hidden prompt, one question to the broker, PAM_SUCCESS from its verdict for this very question only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/reason.h"
#include "pam_host.h"

#define ID "00112233445566778899aabbccddeeff"
#define PROVE                                                                                      \
    {.act = FAKE_ACCEPT}, {.act = FAKE_HELLO},                                                     \
    {                                                                                              \
        .act = FAKE_PROVE                                                                          \
    }

static const uint8_t id_bytes[LK_TRANSACTION_SIZE] = {
    0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};

static void test_success(void **state)
{
    static const struct fake_step script[] = {PROVE, {.act = FAKE_VERDICT}, HOST_STAY};
    struct pam_host host = {.arguments = "transaction", .answer = ID};

    (void)state;
    assert_int_equal(pam_host_run(&host, script), PAM_SUCCESS);
    assert_int_equal(host.broker.notes->connections, 1);
    assert_int_equal(host.broker.notes->role, LK_SOCKET_WORKER);
    assert_int_equal(host.broker.notes->logins, 0);
    assert_memory_equal(host.broker.notes->prove.transaction, id_bytes, sizeof(id_bytes));
    assert_string_equal(host.broker.notes->prove.name, "alice");
    /* One prompt, and nobody is told to touch anything. */
    assert_int_equal(host.count, 1);
    assert_int_equal(host.shown[0].style, PAM_PROMPT_ECHO_OFF);
    assert_string_equal(host.shown[0].text, "latchkey transaction: ");
}

/* Silence is the host's wish for words; the question is none. */
static void test_silent_and_remote(void **state)
{
    static const struct fake_step script[] = {PROVE, {.act = FAKE_VERDICT}, HOST_STAY};
    struct pam_host host = {
        .arguments = "transaction", .answer = ID, .flags = PAM_SILENT, .remote_host = "192.0.2.7"};

    (void)state;
    assert_int_equal(pam_host_run(&host, script), PAM_SUCCESS);
}

static void test_every_reason(void **state)
{
    unsigned known = 0;

    (void)state;
    for (uint32_t reason = 1; reason < 200; reason++) {
        const struct fake_step script[] = {
            PROVE, {.act = FAKE_VERDICT, .value = reason}, HOST_STAY};
        struct pam_host host = {.arguments = "transaction", .answer = ID};

        if (!lk_reason_known(reason) && reason != 199)
            continue;
        known++;
        assert_int_not_equal(pam_host_run(&host, script), PAM_SUCCESS);
        assert_int_equal(host.broker.notes->connections, 1);
        assert_string_equal(
            pam_host_last(&host, PAM_ERROR_MSG),
            lk_reason_text(lk_reason_known(reason) ? (enum lk_reason)reason : LK_REASON_PROTOCOL));
    }
    assert_true(known > 60);
}

/* What is no id never reaches the broker. */
static void test_answers(void **state)
{
    static const char *const answers[] = {
        NULL,
        "",
        "0",
        "00112233445566778899aabbccddeef",
        ID "0",
        ID " ",
        "00112233445566778899AABBCCDDEEFF",
        "g0112233445566778899aabbccddeeff",
        "0x112233445566778899aabbccddeeff",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaa",
    };
    static const struct fake_step script[] = {PROVE, {.act = FAKE_VERDICT}, HOST_STAY};

    (void)state;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        struct pam_host host = {.arguments = "transaction", .answer = answers[i]};

        assert_int_not_equal(pam_host_run(&host, script), PAM_SUCCESS);
        assert_int_equal(host.broker.notes->connections, 0);
    }
}

static void test_broken_answers_of_the_broker(void **state)
{
    static const struct fake_step wrong_nonce[] = {PROVE, {.act = FAKE_WRONG_NONCE}, HOST_STAY};
    static const struct fake_step wrong_request[] = {PROVE, {.act = FAKE_WRONG_REQUEST}, HOST_STAY};
    static const struct fake_step cut[] = {
        PROVE, {.act = FAKE_CUT_VERDICT, .value = 20}, {.act = FAKE_END}};
    static const struct fake_step trailing[] = {PROVE, {.act = FAKE_LONG_VERDICT}, HOST_STAY};
    static const struct fake_step event[] = {PROVE, HOST_TOUCH, {.act = FAKE_VERDICT}, HOST_STAY};
    static const struct fake_step gone[] = {PROVE, {.act = FAKE_END}};
    static const struct fake_step *const scripts[] = {wrong_nonce, wrong_request, cut,
                                                      trailing,    event,         gone};

    (void)state;
    for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
        struct pam_host host = {.arguments = "transaction", .answer = ID};

        assert_int_not_equal(pam_host_run(&host, scripts[i]), PAM_SUCCESS);
        /* The page has a way on; the module does not ask twice. */
        assert_int_equal(host.broker.notes->connections, 1);
    }
}

static void test_nobody_listens_and_silence(void **state)
{
    static const struct fake_step mute[] = {PROVE, {.act = FAKE_SLEEP, .value = 7000}, HOST_STAY};
    struct pam_host alone = {.arguments = "transaction", .answer = ID};
    struct pam_host hung = {.arguments = "transaction", .answer = ID};

    (void)state;
    assert_int_equal(pam_host_run(&alone, NULL), PAM_AUTHINFO_UNAVAIL);
    assert_int_equal(pam_host_run(&hung, mute), PAM_AUTHINFO_UNAVAIL);
}

static void rename_user(struct pam_host *host, pam_handle_t *pam)
{
    (void)host;
    assert_int_equal(pam_set_item(pam, PAM_USER, "mallory"), PAM_SUCCESS);
}

/* PAM_USER is what is asked for, whoever that is when the module runs. */
static void test_user_of_the_moment(void **state)
{
    static const struct fake_step script[] = {PROVE, {.act = FAKE_VERDICT}, HOST_STAY};
    struct pam_host host = {.arguments = "transaction", .answer = ID, .before = rename_user};

    (void)state;
    assert_int_equal(pam_host_run(&host, script), PAM_SUCCESS);
    assert_string_equal(host.broker.notes->prove.name, "mallory");
}

static void test_arguments(void **state)
{
    static const struct fake_step script[] = {PROVE, {.act = FAKE_VERDICT}, HOST_STAY};
    struct pam_host twice = {.arguments = "transaction transaction", .answer = ID};
    struct pam_host misspelt = {.arguments = "transactions", .answer = ID};

    (void)state;
    assert_int_equal(pam_host_run(&twice, script), PAM_SERVICE_ERR);
    assert_int_equal(pam_host_run(&misspelt, script), PAM_SERVICE_ERR);
    assert_int_equal(misspelt.broker.notes->connections, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_success),
        cmocka_unit_test(test_silent_and_remote),
        cmocka_unit_test(test_every_reason),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_broken_answers_of_the_broker),
        cmocka_unit_test(test_nobody_listens_and_silence),
        cmocka_unit_test(test_user_of_the_moment),
        cmocka_unit_test(test_arguments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
