/* SPDX-License-Identifier: EUPL-1.2 */
/* User verification: PIN asked back, the PIN guard, PINs chosen, built-in verification with the PIN behind it. */
#include "harness.h"

#include <stdio.h>
#include <string.h>

static struct harness harness;
static struct credential credential;
static struct lk_view allow;

static int up(void **state)
{
    (void)state;
    harness_up(&harness, 1, true);
    key_up(&harness, "k1", NULL);
    credential_make(&harness, 1, &credential);
    allow = LK_VIEW(credential.id, credential.id_len);
    return 0;
}

static int down(void **state)
{
    (void)state;
    harness_down(&harness);
    return 0;
}

static void begin(struct talker *talker, uint32_t ceremony, uint32_t flags)
{
    link_start(&harness, ceremony);
    link_expect_key(&harness, ceremony, talker);
    talker_assert(talker, flags, &allow, 1, WAIT_MS);
    talker_expect_info(talker);
}

static void end(struct talker *talker, uint32_t ceremony)
{
    talker_close(talker);
    link_stop(&harness, ceremony);
}

enum { PIN = LK_CEREMONY_UV | LK_CEREMONY_PIN | LK_CEREMONY_PROBE };

static void right_pin(void **state)
{
    struct lk_device_assertion assertion;
    struct lk_ask_pin ask;
    struct talker talker;

    (void)state;
    key_say(&harness, "k1", "pin set pass phrase");
    begin(&talker, 2, PIN);
    assert_true(talker.info.options & LK_KEY_PIN_SET);
    ask = talker_expect_ask(&talker);
    assert_int_equal(ask.retries, 8);
    assert_false(ask.again);
    assert_false(ask.choose);
    assert_string_equal(ask.detail, "Software key k1");
    talker_pin(&talker, "pass phrase");
    assertion = talker_expect_assertion(&talker);
    assert_true(credential_signed(&credential, &assertion, true));
    talker_expect_closed(&talker);
    end(&talker, 2);
}

static void wrong_pin_is_asked_again_and_never_sent_twice(void **state)
{
    struct lk_device_assertion assertion;
    struct lk_ask_pin ask;
    struct talker talker;

    (void)state;
    key_say(&harness, "k1", "pin set 123456");
    begin(&talker, 2, PIN);
    (void)talker_expect_ask(&talker);
    talker_pin(&talker, "654321");
    ask = talker_expect_ask(&talker);
    assert_true(ask.again);
    assert_int_equal(ask.retries, 7);
    talker_pin(&talker, "654321"); /* the rejected one: not sent */
    ask = talker_expect_ask(&talker);
    assert_true(ask.again);
    assert_int_equal(ask.retries, 7);
    talker_pin(&talker, "12"); /* cannot be right: not sent */
    ask = talker_expect_ask(&talker);
    assert_int_equal(ask.retries, 7);
    assert_int_equal(key_counter(&harness, "k1", "wrong-pins"), 1);
    talker_pin(&talker, "123456");
    assertion = talker_expect_assertion(&talker);
    assert_true(credential_signed(&credential, &assertion, true));
    end(&talker, 2);
}

/* A host that gives the same wrong answer by itself: the ceremony ends, at the cost of one try. */
static void is_not_asked_for_ever(void **state)
{
    struct lk_device_failed failed;
    struct talker talker;

    (void)state;
    key_say(&harness, "k1", "pin set 123456");
    begin(&talker, 2, PIN);
    for (int i = 0; i < 5; i++) {
        (void)talker_expect_ask(&talker);
        talker_pin(&talker, "654321");
    }
    failed = talker_expect_failed(&talker, LK_REASON_PIN_WRONG);
    assert_int_equal(failed.retries, 7);
    assert_int_equal(key_counter(&harness, "k1", "wrong-pins"), 1);
    end(&talker, 2);
}

/* 8, 7, 6 in one power-up, then the key wants to be replugged; 5, 4, and at 3 nothing is sent any more. */
static void stops_at_three(void **state)
{
    struct lk_device_failed failed;
    struct talker talker;
    char pin[16];

    (void)state;
    key_say(&harness, "k1", "pin set 123456");
    begin(&talker, 2, PIN);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(talker_expect_ask(&talker).retries, 8 - i);
        snprintf(pin, sizeof(pin), "wrong%d", i);
        talker_pin(&talker, pin);
    }
    (void)talker_expect_failed(&talker, LK_REASON_PIN_REPLUG);
    end(&talker, 2);
    key_say(&harness, "k1", "unplug");
    key_say(&harness, "k1", "plug");
    begin(&talker, 3, PIN);
    assert_int_equal(talker_expect_ask(&talker).retries, 5);
    talker_pin(&talker, "wrong3");
    assert_int_equal(talker_expect_ask(&talker).retries, 4);
    talker_pin(&talker, "wrong4");
    failed = talker_expect_failed(&talker, LK_REASON_PIN_STOPPED);
    assert_int_equal(failed.retries, 3);
    end(&talker, 3);
    key_say(&harness, "k1", "unplug");
    key_say(&harness, "k1", "plug");
    begin(&talker, 4, PIN);
    failed = talker_expect_failed(&talker, LK_REASON_PIN_STOPPED); /* not even asked */
    assert_int_equal(failed.retries, 3);
    end(&talker, 4);
    assert_int_equal(key_counter(&harness, "k1", "wrong-pins"), 5);
    assert_non_null(strstr(key_say(&harness, "k1", "status"), "retries=3"));
}

static void blocked(void **state)
{
    struct lk_device_failed failed;
    struct talker talker;

    (void)state;
    key_say(&harness, "k1", "pin set 123456");
    key_say(&harness, "k1", "pin retries 0");
    begin(&talker, 2, PIN);
    failed = talker_expect_failed(&talker, LK_REASON_PIN_BLOCKED);
    assert_int_equal(failed.retries, 0);
    end(&talker, 2);
}

static void may_not_be_asked(void **state)
{
    struct talker talker;

    (void)state;
    key_say(&harness, "k1", "pin set 123456");
    begin(&talker, 2, LK_CEREMONY_UV | LK_CEREMONY_PROBE);
    talker_expect_failed(&talker, LK_REASON_PIN_UNAVAILABLE);
    end(&talker, 2);
    key_say(&harness, "k1", "pin clear");
    begin(&talker, 3, LK_CEREMONY_UV | LK_CEREMONY_PROBE);
    talker_expect_failed(&talker, LK_REASON_PIN_NOT_SET);
    end(&talker, 3);
    begin(&talker, 4, PIN);
    talker_expect_failed(&talker, LK_REASON_PIN_NOT_SET);
    end(&talker, 4);
    assert_int_equal(key_counter(&harness, "k1", "client-pin"), 0);
}

/* The wrong key is told before anybody is asked for a PIN. */
static void wrong_key_asks_nothing(void **state)
{
    uint8_t other[64] = {1};
    struct lk_view mine = allow;
    struct talker talker;

    (void)state;
    key_say(&harness, "k1", "pin set 123456");
    allow = LK_VIEW(other, sizeof(other));
    begin(&talker, 2, PIN);
    allow = mine;
    talker_expect_failed(&talker, LK_REASON_WRONG_KEY);
    end(&talker, 2);
    assert_int_equal(key_counter(&harness, "k1", "client-pin"), 0);
}

static void pin_chosen(void **state)
{
    struct lk_device_create create = {
        .timeout_ms = WAIT_MS, .flags = LK_CEREMONY_UV | LK_CEREMONY_PIN | LK_CEREMONY_CHOOSE_PIN};
    struct lk_ask_pin ask;
    struct talker talker;

    (void)state;
    strcpy(create.relying_party, RELYING_PARTY);
    strcpy(create.user_name, "alice");
    link_start(&harness, 2);
    link_expect_key(&harness, 2, &talker);
    talker_create(&talker, &create);
    talker_expect_info(&talker);
    ask = talker_expect_ask(&talker);
    assert_true(ask.choose);
    assert_false(ask.again);
    assert_int_equal(ask.minimum, 4);
    talker_pin(&talker, "\303\251\303\251\303\251"); /* six bytes, three characters */
    ask = talker_expect_ask(&talker);
    assert_true(ask.choose);
    assert_true(ask.again);
    talker_pin(&talker, "\303\251\303\251\303\251\303\251");
    assert_true(talker_expect_credential(&talker).len > 0);
    end(&talker, 2);
    begin(&talker, 3, PIN);
    (void)talker_expect_ask(&talker);
    talker_pin(&talker, "\303\251\303\251\303\251\303\251");
    (void)talker_expect_assertion(&talker);
    end(&talker, 3);
}

static void finger(void **state)
{
    struct lk_device_assertion assertion;
    struct talker talker;

    (void)state;
    key_say(&harness, "k1", "uv on");
    key_say(&harness, "k1", "touch wait");
    begin(&talker, 2, LK_CEREMONY_UV | LK_CEREMONY_PROBE);
    assert_true(talker.info.options & LK_KEY_UV_SET);
    talker_expect_event(&talker, LK_EVENT_FINGERPRINT);
    key_say(&harness, "k1", "touch now");
    for (;;) {
        struct lk_frame frame = talker_next(&talker);

        if (frame.type != LK_MESSAGE_EVENT) {
            assert_int_equal(frame.type, LK_MESSAGE_DEVICE_ASSERTION);
            assert_int_equal(lk_device_assertion_decode(frame.payload, &assertion), 0);
            break;
        }
        key_wait_blinking(&harness, "k1"); /* a key may want a touch after the finger */
        key_say(&harness, "k1", "touch now");
    }
    assert_true(credential_signed(&credential, &assertion, true));
    end(&talker, 2);
}

static void finger_not_recognised(void **state)
{
    struct lk_device_assertion assertion;
    struct talker talker;

    (void)state;
    key_say(&harness, "k1", "uv fail");
    begin(&talker, 2, LK_CEREMONY_UV | LK_CEREMONY_PIN);
    for (int i = 0; i < 3; i++)
        talker_expect_event(&talker, LK_EVENT_FINGERPRINT_FAILED);
    talker_expect_failed(&talker, LK_REASON_UV_FAILED); /* no PIN to fall back to */
    end(&talker, 2);
    key_say(&harness, "k1", "pin set 123456");
    begin(&talker, 3, LK_CEREMONY_UV | LK_CEREMONY_PIN);
    for (;;) {
        struct lk_frame frame = talker_next(&talker);

        if (frame.type == LK_MESSAGE_ASK_PIN)
            break;
        assert_int_equal(frame.type, LK_MESSAGE_EVENT);
    }
    talker_pin(&talker, "123456");
    assertion = talker_expect_assertion(&talker);
    assert_true(credential_signed(&credential, &assertion, true));
    end(&talker, 3);
}

/* What goes on while a PIN is waited for. */
static void gone_while_asked(void **state)
{
    struct talker talker;

    (void)state;
    key_say(&harness, "k1", "pin set 123456");
    begin(&talker, 2, PIN);
    (void)talker_expect_ask(&talker);
    talker_cancel(&talker);
    talker_expect_failed(&talker, LK_REASON_CANCELLED);
    end(&talker, 2);
    begin(&talker, 3, PIN);
    (void)talker_expect_ask(&talker);
    key_say(&harness, "k1", "unplug");
    talker_expect_failed(&talker, LK_REASON_KEY_REMOVED);
    talker_close(&talker);
    link_expect(&harness, LK_MESSAGE_DEVICE_NONE, 3);
    link_stop(&harness, 3);
    key_say(&harness, "k1", "plug");
    link_start(&harness, 4);
    link_expect_key(&harness, 4, &talker);
    talker_assert(&talker, PIN, &allow, 1, 300);
    talker_expect_info(&talker);
    (void)talker_expect_ask(&talker);
    talker_expect_failed(&talker, LK_REASON_TIMEOUT);
    end(&talker, 4);
    assert_int_equal(key_counter(&harness, "k1", "wrong-pins"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(right_pin, up, down),
        cmocka_unit_test_setup_teardown(wrong_pin_is_asked_again_and_never_sent_twice, up, down),
        cmocka_unit_test_setup_teardown(is_not_asked_for_ever, up, down),
        cmocka_unit_test_setup_teardown(stops_at_three, up, down),
        cmocka_unit_test_setup_teardown(blocked, up, down),
        cmocka_unit_test_setup_teardown(may_not_be_asked, up, down),
        cmocka_unit_test_setup_teardown(wrong_key_asks_nothing, up, down),
        cmocka_unit_test_setup_teardown(pin_chosen, up, down),
        cmocka_unit_test_setup_teardown(finger, up, down),
        cmocka_unit_test_setup_teardown(finger_not_recognised, up, down),
        cmocka_unit_test_setup_teardown(gone_while_asked, up, down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
