/* SPDX-License-Identifier: EUPL-1.2 */
/* Several keys, one to be made use of: who was not touched gets no PIN and is told to stop; who was touched makes the credential. The counters of the software keys
 * are the oracle for what reached which key. */
#include "harness.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PIN "481516"

enum {
    CEREMONY_FLAGS = LK_CEREMONY_UV | LK_CEREMONY_PIN | LK_CEREMONY_SELECT,
    CANCEL_MS = 300, /* a key must be quiet so long after the broker lost interest */
    KEYS = 2
};

static struct harness harness;
static const char *const names[KEYS] = {"k1", "k2"};
static struct lk_device_create create;

static int up(void **state)
{
    (void)state;
    harness_up(&harness, 2, true);
    for (size_t i = 0; i < KEYS; i++)
        key_up(&harness, names[i], "--pin", PIN, "--touch", "wait", NULL);
    create = (struct lk_device_create){.flags = CEREMONY_FLAGS, .timeout_ms = WAIT_MS};
    strcpy(create.relying_party, RELYING_PARTY);
    strcpy(create.user_name, "alice");
    memcpy(create.client_data_hash, test_hash, sizeof(test_hash));
    memset(create.user_id, 0xa1, sizeof(create.user_id));
    return 0;
}

static int down(void **state)
{
    (void)state;
    harness_down(&harness);
    return 0;
}

/* Both keys blink; talkers[i] is that of names[i]. */
static void begin(uint32_t ceremony, struct talker talkers[KEYS])
{
    link_start(&harness, ceremony);
    for (size_t i = 0; i < KEYS; i++) {
        struct talker talker;

        link_expect_key(&harness, ceremony, &talker);
        talkers[strstr(talker.name, names[0]) != NULL ? 0 : 1] = talker;
    }
    for (size_t i = 0; i < KEYS; i++)
        talker_create(&talkers[i], &create);
    for (size_t i = 0; i < KEYS; i++) {
        talker_expect_info(&talkers[i]);
        talker_expect_event(&talkers[i], LK_EVENT_TOUCH);
        assert_true(key_blinks(&harness, names[i]));
    }
}

static void end(uint32_t ceremony, struct talker talkers[KEYS])
{
    for (size_t i = 0; i < KEYS; i++)
        talker_close(&talkers[i]);
    link_stop(&harness, ceremony);
}

static void expect_selected(struct talker *talker)
{
    struct lk_frame frame = talker_next(talker);

    assert_int_equal(frame.type, LK_MESSAGE_DEVICE_SELECTED);
    assert_int_equal(frame.payload.len, 0);
}

static void expect_quiet(const char *name, int64_t since)
{
    while (key_blinks(&harness, name) && now_ms() - since < WAIT_MS)
        usleep(500);
    print_message("  %s is quiet after %lld ms\n", name, (long long)(now_ms() - since));
    assert_true(now_ms() - since < CANCEL_MS);
    assert_int_equal(key_counter(&harness, name, "cancels"), 1);
}

/* The second is touched. The first one is cancelled when its socket closes, and is not asked about PINs at all. */
static void the_touched_one(void **state)
{
    struct talker talkers[KEYS];
    struct lk_ask_pin ask;
    int64_t since = 0;

    (void)state;
    begin(2, talkers);
    key_say(&harness, "k2", "touch now");
    expect_selected(&talkers[1]);
    since = now_ms();
    talker_close(&talkers[0]);
    expect_quiet("k1", since);
    ask = talker_expect_ask(&talkers[1]);
    assert_int_equal(ask.retries, 8);
    talker_pin(&talkers[1], PIN);
    talker_expect_event(&talkers[1], LK_EVENT_TOUCH);
    key_say(&harness, "k2", "touch now");
    (void)talker_expect_credential(&talkers[1]);
    assert_int_equal(key_counter(&harness, "k1", "client-pin"), 0);
    assert_int_equal(key_counter(&harness, "k1", "touches"), 0);
    assert_int_equal(key_counter(&harness, "k2", "touches"), 2);
    assert_int_equal(key_counter(&harness, "k2", "cancels"), 0);
    end(2, talkers);
}

/* Not told to select: the PIN at once, and one touch. */
static void without(void **state)
{
    struct talker talker;

    (void)state;
    key_down(&harness, "k2");
    create.flags = LK_CEREMONY_UV | LK_CEREMONY_PIN;
    link_start(&harness, 2);
    link_expect_key(&harness, 2, &talker);
    talker_create(&talker, &create);
    talker_expect_info(&talker);
    (void)talker_expect_ask(&talker);
    assert_int_equal(key_counter(&harness, "k1", "make-credential"), 0);
    talker_pin(&talker, PIN);
    talker_expect_event(&talker, LK_EVENT_TOUCH);
    key_say(&harness, "k1", "touch now");
    (void)talker_expect_credential(&talker);
    assert_int_equal(key_counter(&harness, "k1", "touches"), 1);
    assert_int_equal(key_counter(&harness, "k1", "make-credential"), 1);
    talker_close(&talker);
    link_stop(&harness, 2);
}

/* Time-out, CANCEL, a broker that is gone: both keys are told to stop. */
static void nobody_touches(void **state)
{
    (void)state;
    for (uint32_t way = 0; way < 3; way++) {
        struct talker talkers[KEYS];
        int64_t since = 0;

        create.timeout_ms = way == 0 ? 600 : WAIT_MS;
        since = now_ms();
        begin(2 + way, talkers);
        if (way == 0)
            since += create.timeout_ms; /* an early end would be seen by the reason */
        else
            since = now_ms();
        for (size_t i = 0; i < KEYS; i++) {
            if (way == 1)
                talker_cancel(&talkers[i]);
            else if (way == 2)
                talker_close(&talkers[i]);
        }
        for (size_t i = 0; i < KEYS && way < 2; i++)
            talker_expect_failed(&talkers[i], way == 0 ? LK_REASON_TIMEOUT : LK_REASON_CANCELLED);
        for (size_t i = 0; i < KEYS; i++) {
            expect_quiet(names[i], since);
            assert_int_equal(key_counter(&harness, names[i], "client-pin"), 0);
            key_say(&harness, names[i], "counters reset");
        }
        end(2 + way, talkers);
    }
}

static void pulled_out(void **state)
{
    struct talker talkers[KEYS];

    (void)state;
    begin(2, talkers);
    key_say(&harness, "k2", "unplug");
    talker_expect_failed(&talkers[1], LK_REASON_KEY_REMOVED);
    key_say(&harness, "k1", "touch now");
    expect_selected(&talkers[0]);
    (void)talker_expect_ask(&talkers[0]);
    key_say(&harness, "k1", "unplug");
    talker_expect_failed(&talkers[0], LK_REASON_KEY_REMOVED);
    end(2, talkers);
}

/* A key that denies, breaks off or talks nonsense was not touched. */
static void not_touched(void **state)
{
    static const struct {
        const char *line;
        enum lk_reason reason;
    } rows[] = {
        {"touch deny", LK_REASON_TOUCH_DENIED},
        {"misbehave no-such-command", LK_REASON_KEY_UNSUPPORTED},
        {"misbehave garbage-reports", LK_REASON_KEY_FAILED},
    };

    (void)state;
    key_down(&harness, "k2");
    for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct talker talker;
        struct lk_frame frame;

        key_say(&harness, "k1", "touch auto");
        key_say(&harness, "k1", rows[i].line);
        link_start(&harness, 2 + i);
        link_expect_key(&harness, 2 + i, &talker);
        talker_create(&talker, &create);
        talker_expect_info(&talker);
        frame = talker_next(&talker);
        if (frame.type == LK_MESSAGE_EVENT)
            frame = talker_next(&talker);
        assert_int_equal(frame.type, LK_MESSAGE_DEVICE_FAILED);
        {
            struct lk_device_failed failed;

            assert_int_equal(lk_device_failed_decode(frame.payload, &failed), 0);
            if (failed.reason != rows[i].reason)
                fail_msg("%s: %s", rows[i].line, lk_reason_name(failed.reason));
        }
        talker_close(&talker);
        link_stop(&harness, 2 + i);
    }
}

/* A key that holds one of the excluded credentials is out before it blinks; one without a PIN can be chosen too. */
static void enrolled_already(void **state)
{
    struct credential credential;
    struct talker talker;

    (void)state;
    key_down(&harness, "k2");
    key_say(&harness, "k1", "touch auto");
    credential_make(&harness, 2, &credential);
    key_say(&harness, "k1", "counters reset");
    create.exclude_count = 1;
    create.exclude[0] = LK_VIEW(credential.id, credential.id_len);
    link_start(&harness, 3);
    link_expect_key(&harness, 3, &talker);
    talker_create(&talker, &create);
    talker_expect_info(&talker);
    talker_expect_failed(&talker, LK_REASON_KEY_EXCLUDED);
    assert_int_equal(key_counter(&harness, "k1", "touches"), 0);
    talker_close(&talker);
    link_stop(&harness, 3);

    credential.id[0] ^= 1; /* another key's */
    key_say(&harness, "k1", "touch wait");
    key_say(&harness, "k1", "pin clear");
    create.flags |= LK_CEREMONY_CHOOSE_PIN;
    link_start(&harness, 4);
    link_expect_key(&harness, 4, &talker);
    talker_create(&talker, &create);
    talker_expect_info(&talker);
    talker_expect_event(&talker, LK_EVENT_TOUCH);
    key_say(&harness, "k1", "touch now");
    expect_selected(&talker);
    assert_true(talker_expect_ask(&talker).choose);
    talker_close(&talker);
    link_stop(&harness, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_touched_one, up, down),
        cmocka_unit_test_setup_teardown(without, up, down),
        cmocka_unit_test_setup_teardown(nobody_touches, up, down),
        cmocka_unit_test_setup_teardown(pulled_out, up, down),
        cmocka_unit_test_setup_teardown(not_touched, up, down),
        cmocka_unit_test_setup_teardown(enrolled_already, up, down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
