/* SPDX-License-Identifier: EUPL-1.2 */
/* The PIN through conversations as real hosts make them: which answer reaches the broker, what counts as no answer, what is shown. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/reason.h"
#include "pam_host.h"

static const struct fake_step pin_script[] = {HOST_BEGIN,
                                              {.act = FAKE_ASK, .retries = 8},
                                              {.act = FAKE_REPLY},
                                              {.act = FAKE_VERDICT},
                                              HOST_STAY};

static void test_pin(void **state)
{
    struct pam_host host = {.answer = "246810"};

    (void)state;
    assert_int_equal(pam_host_run(&host, pin_script), PAM_SUCCESS);
    assert_int_equal(host.broker.notes->pins, 1);
    assert_string_equal(host.broker.notes->pin[0], "246810");
    assert_string_equal(pam_host_last(&host, PAM_PROMPT_ECHO_OFF),
                        "PIN of the security key, 8 tries left: ");
    assert_false(host.several);
}

static void test_pin_again(void **state)
{
    static const struct fake_step script[] = {HOST_BEGIN,
                                              {.act = FAKE_ASK, .retries = LK_RETRIES_UNKNOWN},
                                              {.act = FAKE_REPLY},
                                              {.act = FAKE_ASK, .retries = 1, .value = 1},
                                              {.act = FAKE_REPLY},
                                              {.act = FAKE_VERDICT},
                                              HOST_STAY};
    struct pam_host host = {.answer = "1357"};

    (void)state;
    assert_int_equal(pam_host_run(&host, script), PAM_SUCCESS);
    assert_int_equal(host.broker.notes->pins, 2);
    assert_int_equal(host.count, 3);
    assert_string_equal(host.shown[0].text, "PIN of the security key: ");
    assert_int_equal(host.shown[1].style, PAM_ERROR_MSG);
    assert_string_equal(host.shown[1].text, lk_reason_text(LK_REASON_PIN_WRONG));
    assert_string_equal(host.shown[2].text, "PIN of the security key, 1 try left: ");
}

/* What cannot be a PIN costs no try of the key: the broker is told CANCEL instead. */
static void test_no_pin(void **state)
{
    static const char *const answers[] = {
        NULL,
        "",
        "1",
        "123",
        "\xc3\xa9\xc3\xa9\xc3\xa9",                                         /* three characters */
        "\xff\xfe\xfd\xfc\xfb",                                             /* no characters */
        "1234567890123456789012345678901234567890123456789012345678901234", /* 64 bytes */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        struct pam_host host = {.answer = answers[i]};

        assert_int_equal(pam_host_run(&host, pin_script), PAM_AUTH_ERR);
        assert_int_equal(host.broker.notes->pins, 0);
        assert_int_equal(host.delays, 1);
        assert_true(host.delay_us > 0);
    }
}

/* The longest answer a host may give, and longer than PAM allows. */
static void test_huge_answer(void **state)
{
    char answer[2048];
    struct pam_host host = {.answer = answer};

    (void)state;
    memset(answer, '7', sizeof(answer));
    answer[sizeof(answer) - 1] = '\0';
    assert_int_equal(pam_host_run(&host, pin_script), PAM_AUTH_ERR);
    assert_int_equal(host.broker.notes->pins, 0);
}

/* LightDM: success, and the answer's place never written. */
static int conv_unset(int count, const struct pam_message **messages,
                      struct pam_response **ret_responses, void *context)
{
    (void)count;
    (void)messages;
    (void)ret_responses;
    (void)context;
    return PAM_SUCCESS;
}

/* sshd, password method: refuses what it does not know; a locker whose user pressed Escape. */
static int conv_error(int count, const struct pam_message **messages,
                      struct pam_response **ret_responses, void *context)
{
    struct pam_response *responses;
    int code = pam_host_converse(count, messages, &responses, context);

    (void)code;
    free(responses[0].resp);
    free(responses);
    *ret_responses = (struct pam_response *)(uintptr_t)0x10; /* junk: not ours after an error */
    return PAM_CONV_ERR;
}

/* SDDM 0.21: writes each answer through resp[i]->resp, which is only memory-safe for one message; answers hidden prompts with the
 * account's password, and takes the answer to a shown prompt as the user's name. */
static int conv_display_manager(int count, const struct pam_message **messages,
                                struct pam_response **ret_responses, void *context)
{
    struct pam_host *host = context;

    assert_int_equal(count, 1);
    assert_null(strstr(messages[0]->msg, "assword"));
    assert_int_not_equal(messages[0]->msg_style, PAM_PROMPT_ECHO_ON);
    host->answer = "the account's password";
    return pam_host_converse(count, messages, ret_responses, context);
}

/* swaylock: one typed word for every message, also for those that are no question. */
static int conv_locker(int count, const struct pam_message **messages,
                       struct pam_response **ret_responses, void *context)
{
    int code = pam_host_converse(count, messages, ret_responses, context);

    if ((*ret_responses)[0].resp == NULL)
        (*ret_responses)[0].resp = strdup("word");
    return code;
}

typedef int host_conv(int, const struct pam_message **, struct pam_response **, void *);

static void test_hosts(void **state)
{
    static const struct fake_step touch[] = {
        HOST_BEGIN, HOST_TOUCH, {.act = FAKE_VERDICT}, HOST_STAY};
    static const struct fake_step refused[] = {
        HOST_BEGIN,
        HOST_TOUCH,
        {.act = FAKE_VERDICT, .value = LK_REASON_PIN_UNAVAILABLE},
        HOST_STAY};
    static host_conv *const convs[] = {conv_unset, conv_error, conv_display_manager, conv_locker};

    (void)state;
    for (size_t i = 0; i < sizeof(convs) / sizeof(convs[0]); i++) {
        struct pam_host host = {.conv = convs[i], .answer = "1234"};

        /* A touch needs no answer: every host gets through. */
        assert_int_equal(pam_host_run(&host, touch), PAM_SUCCESS);
        /* Where the broker's policy knows the host to answer by itself it asks for no PIN; then none is sent. */
        assert_int_equal(pam_host_run(&host, refused), PAM_AUTH_ERR);
        assert_int_equal(host.broker.notes->pins, 0);
    }
}

/* No answer where one was asked for. */
static void test_hosts_without_answer(void **state)
{
    static host_conv *const convs[] = {conv_unset, conv_error};

    (void)state;
    for (size_t i = 0; i < sizeof(convs) / sizeof(convs[0]); i++) {
        struct pam_host host = {.conv = convs[i], .answer = "1234"};

        assert_int_equal(pam_host_run(&host, pin_script), PAM_AUTH_ERR);
        assert_int_equal(host.broker.notes->pins, 0);
    }
}

/* polkit agents and sshd's keyboard-interactive method show each message as it comes: in this order. */
static void test_order(void **state)
{
    static const struct fake_step script[] = {
        HOST_BEGIN,
        {.act = FAKE_EVENT, .value = LK_EVENT_INSERT_KEY, .retries = LK_RETRIES_UNKNOWN},
        {.act = FAKE_EVENT, .value = LK_EVENT_WRONG_KEY, .retries = LK_RETRIES_UNKNOWN},
        {.act = FAKE_ASK, .retries = 8},
        {.act = FAKE_REPLY},
        HOST_TOUCH,
        {.act = FAKE_VERDICT, .value = LK_REASON_TIMEOUT},
        HOST_STAY};
    static const int styles[] = {PAM_TEXT_INFO, PAM_TEXT_INFO, PAM_PROMPT_ECHO_OFF, PAM_TEXT_INFO,
                                 PAM_ERROR_MSG};
    struct pam_host host = {.answer = "1234"};

    (void)state;
    assert_int_equal(pam_host_run(&host, script), PAM_AUTH_ERR);
    assert_int_equal(host.count, 5);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(host.shown[i].style, styles[i]);
}

static void test_silent(void **state)
{
    static const struct fake_step script[] = {HOST_BEGIN,
                                              HOST_TOUCH,
                                              {.act = FAKE_ASK, .retries = 8, .value = 1},
                                              {.act = FAKE_REPLY},
                                              {.act = FAKE_VERDICT, .value = LK_REASON_TIMEOUT},
                                              HOST_STAY};
    struct pam_host host = {.answer = "1234", .flags = (int)PAM_SILENT};

    (void)state;
    assert_int_equal(pam_host_run(&host, script), PAM_AUTH_ERR);
    assert_int_equal(host.count, 1);
    assert_int_equal(host.shown[0].style, PAM_PROMPT_ECHO_OFF);
    assert_int_equal(host.broker.notes->login.flags, LK_LOGIN_FLAG_SILENT | LK_LOGIN_FLAG_PROMPT);
}

/* sudo always asks for silence, and its user must still be told to touch the key. */
static void test_silent_sudo(void **state)
{
    static const struct fake_step script[] = {
        HOST_BEGIN, HOST_TOUCH, {.act = FAKE_VERDICT, .value = LK_REASON_TIMEOUT}, HOST_STAY};
    struct pam_host host = {.service = "sudo", .answer = "1234", .flags = (int)PAM_SILENT};

    (void)state;
    assert_int_equal(pam_host_run(&host, script), PAM_AUTH_ERR);
    assert_int_equal(host.count, 2);
    assert_int_equal(host.shown[0].style, PAM_TEXT_INFO);
    assert_int_equal(host.shown[1].style, PAM_ERROR_MSG);
}

/* The host changes the name while the person is asked: the proof is of another one. */
static pam_handle_t *handle;

static int conv_rename(int count, const struct pam_message **messages,
                       struct pam_response **ret_responses, void *context)
{
    assert_int_equal(pam_set_item(handle, PAM_USER, "root"), PAM_SUCCESS);
    return pam_host_converse(count, messages, ret_responses, context);
}

static void keep_handle(struct pam_host *host, pam_handle_t *pam)
{
    (void)host;
    handle = pam;
}

static void test_renamed(void **state)
{
    struct pam_host host = {.answer = "1234", .conv = conv_rename, .before = keep_handle};

    (void)state;
    assert_int_equal(pam_host_run(&host, pin_script), PAM_AUTH_ERR);
    assert_string_equal(host.broker.notes->login.name, "alice");
}

/* Names of strangers reach the terminal without their control characters. */
static void test_hostile_names(void **state)
{
    static const struct fake_step script[] = {
        HOST_BEGIN, HOST_TOUCH, {.act = FAKE_VERDICT, .value = 2}, HOST_STAY};
    struct pam_host host = {.user = "al\x1b[2Jice\n%s%n"};

    (void)state;
    assert_int_equal(pam_host_run(&host, script), PAM_AUTH_ERR);
    assert_null(strchr(pam_host_last(&host, PAM_TEXT_INFO), '\x1b'));
    assert_null(strchr(pam_host_last(&host, PAM_TEXT_INFO), '\n'));
    assert_non_null(strstr(pam_host_last(&host, PAM_TEXT_INFO), "al?[2Jice?%s%n"));
    assert_string_equal(host.broker.notes->login.name, "al\x1b[2Jice\n%s%n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pin),           cmocka_unit_test(test_pin_again),
        cmocka_unit_test(test_no_pin),        cmocka_unit_test(test_huge_answer),
        cmocka_unit_test(test_hosts),         cmocka_unit_test(test_hosts_without_answer),
        cmocka_unit_test(test_order),         cmocka_unit_test(test_silent),
        cmocka_unit_test(test_silent_sudo),   cmocka_unit_test(test_renamed),
        cmocka_unit_test(test_hostile_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
