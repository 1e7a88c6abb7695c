/* SPDX-License-Identifier: EUPL-1.2 */
/* Several keys, PINs, removal, time: the ceremony as seen by talkers, opener and PAM module. */
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct house house;
static struct rig rig;
static struct agent_key alice;

enum { UP = LK_FLAG_UP, UV = LK_FLAG_UV };

static int begin(void **state)
{
    (void)state;
    house_begin(&house, "[policy]\nattempts_per_minute = 600\nceremony_seconds = 5\n");
    house_admit(&house, "alice", LK_KIND_HOST, &alice);
    house_close(&house);
    rig_start(&rig, &house);
    return 0;
}

static int end(void **state)
{
    (void)state;
    rig_stop(&rig);
    agent_key_free(&alice);
    house_end(&house);
    return 0;
}

static void talker_event(struct peer *talker, uint32_t ceremony, enum lk_event kind)
{
    struct lk_event_message event = {.event = kind, .retries = LK_RETRIES_UNKNOWN};
    struct lk_buf out = LK_BUF_INIT(512);

    assert_int_equal(lk_event_encode(&out, ceremony, &event), 0);
    peer_send(talker, &out);
    lk_buf_clear(&out);
}

static void talker_asks_pin(struct peer *talker, uint32_t ceremony, uint8_t retries, bool again)
{
    struct lk_ask_pin ask = {.retries = retries, .again = again, .detail = "Test Key"};
    struct lk_buf out = LK_BUF_INIT(512);

    assert_int_equal(lk_ask_pin_encode(&out, ceremony, &ask), 0);
    peer_send(talker, &out);
    lk_buf_clear(&out);
}

static void client_pin(struct peer *client, const char *text)
{
    struct lk_buf out;

    lk_buf_init_secret(&out, 256);
    assert_int_equal(lk_pin_encode(&out, 7, LK_VIEW((const uint8_t *)text, strlen(text))), 0);
    peer_send(client, &out);
    lk_buf_clear(&out);
}

static void talker_gets_pin(struct peer *talker, const char *text)
{
    struct lk_frame frame;
    struct lk_view pin;

    peer_expect(talker, LK_MESSAGE_PIN, &frame);
    assert_int_equal(lk_pin_decode(frame.payload, &pin), 0);
    assert_int_equal(pin.len, strlen(text));
    assert_memory_equal(pin.data, text, pin.len);
}

static uint8_t client_asked(struct peer *client)
{
    struct lk_ask_pin ask;
    struct lk_frame frame;

    do {
        peer_next(client, &frame);
    } while (frame.type == LK_MESSAGE_EVENT);
    assert_int_equal(frame.type, LK_MESSAGE_ASK_PIN);
    assert_int_equal(lk_ask_pin_decode(frame.payload, &ask), 0);
    return ask.retries;
}

static uint32_t client_begin(struct peer *client, const char *service, uint32_t flags)
{
    peer_open(&rig, "host", client);
    login_send(client, "alice", service, flags, 0x33);
    return device_started(&rig);
}

/* Three keys; the second one is touched. The others are let go at once. */
static void race(void **state)
{
    struct lk_device_assert asked[3];
    struct peer client;
    struct peer talkers[3];
    uint32_t ceremony;
    uint32_t events;

    (void)state;
    ceremony = client_begin(&client, "sudo", 0);
    for (uint32_t i = 0; i < 3; i++) {
        device_key(&rig, ceremony, i + 1, &talkers[i]);
        talker_asked(&talkers[i], &asked[i]);
        /* Verification is required: each key is asked silently first. */
        assert_true((asked[i].flags & LK_CEREMONY_PROBE) != 0 &&
                    (asked[i].flags & LK_CEREMONY_UV) != 0);
        talker_event(&talkers[i], ceremony, LK_EVENT_TOUCH);
    }
    talker_answer(&talkers[1], ceremony, &alice, &asked[1], UP | UV);
    device_stopped(&rig, ceremony);
    assert_true(peer_closed(&talkers[0], RIG_WAIT_MS));
    assert_true(peer_closed(&talkers[2], RIG_WAIT_MS));
    assert_int_equal(login_verdict(&client, 0x33, &events), LK_REASON_NONE);
    assert_int_equal(events, 1U << LK_EVENT_TOUCH);
    for (size_t i = 0; i < 3; i++)
        peer_close(&talkers[i]);
    peer_close(&client);
}

/* Two keys ask at once: one question is before the person, and its answer goes to that key alone. */
static void pin_for_one(void **state)
{
    struct lk_device_assert asked[2];
    struct peer client;
    struct peer talkers[2];
    uint32_t ceremony;

    (void)state;
    ceremony = client_begin(&client, "sudo", LK_LOGIN_FLAG_PROMPT);
    for (uint32_t i = 0; i < 2; i++) {
        device_key(&rig, ceremony, i + 1, &talkers[i]);
        talker_asked(&talkers[i], &asked[i]);
        assert_true((asked[i].flags & LK_CEREMONY_PIN) != 0);
    }
    talker_asks_pin(&talkers[0], ceremony, 8, false);
    assert_int_equal(client_asked(&client), 8);
    talker_asks_pin(&talkers[1], ceremony, 5, false);
    client_pin(&client, "first pin");
    talker_gets_pin(&talkers[0], "first pin");
    /* It was wrong: the same key asks again, though the other has waited. What is typed before that is nobody's. */
    client_pin(&client, "nobody asked");
    talker_asks_pin(&talkers[0], ceremony, 7, true);
    assert_int_equal(client_asked(&client), 7);
    talker_failed(&talkers[0], ceremony, LK_REASON_PIN_STOPPED);
    assert_int_equal(client_asked(&client), 5);
    client_pin(&client, "second pin");
    talker_gets_pin(&talkers[1], "second pin");
    talker_answer(&talkers[1], ceremony, &alice, &asked[1], UP | UV);
    device_stopped(&rig, ceremony);
    assert_int_equal(login_verdict(&client, 0x33, NULL), LK_REASON_NONE);
    peer_close(&talkers[0]);
    peer_close(&talkers[1]);
    peer_close(&client);
}

/* A program that answers hidden prompts by itself, or has none: no PIN, and a talker that asks all the same is let go. */
static void no_pin_here(void **state)
{
    static const struct {
        const char *service;
        uint32_t flags;
    } rows[] = {{"sudo", 0}, {"sddm", LK_LOGIN_FLAG_PROMPT}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct lk_device_assert asked;
        struct peer client;
        struct peer talker;
        uint32_t ceremony = client_begin(&client, rows[i].service, rows[i].flags);

        device_key(&rig, ceremony, 1, &talker);
        talker_asked(&talker, &asked);
        assert_int_equal(asked.flags & LK_CEREMONY_PIN, 0);
        talker_asks_pin(&talker, ceremony, 8, false);
        assert_true(peer_closed(&talker, RIG_WAIT_MS));
        device_stopped(&rig, ceremony);
        assert_int_equal(login_verdict(&client, 0x33, NULL), LK_REASON_KEY_FAILED);
        peer_close(&talker);
        peer_close(&client);
    }
}

/* Touched, but not verified, where verification is required. */
static void not_verified(void **state)
{
    (void)state;
    assert_int_equal(rig_login(&rig, "alice", &alice, UP), LK_REASON_USER_VERIFICATION);
    assert_int_equal(rig_login(&rig, "alice", &alice, UP | UV), LK_REASON_NONE);
}

/* Pulled out while the PIN is asked for: told, and the next one is taken. A PIN typed meanwhile goes to nobody. */
static void removed(void **state)
{
    struct lk_device_assert asked;
    struct peer client;
    struct peer talker;
    struct peer second;
    uint32_t ceremony;
    uint32_t events;

    (void)state;
    ceremony = client_begin(&client, "sudo", LK_LOGIN_FLAG_PROMPT);
    device_key(&rig, ceremony, 1, &talker);
    talker_asked(&talker, &asked);
    talker_asks_pin(&talker, ceremony, 8, false);
    assert_int_equal(client_asked(&client), 8);
    talker_failed(&talker, ceremony, LK_REASON_KEY_REMOVED);
    device_none(&rig, ceremony);
    assert_true(peer_closed(&talker, RIG_WAIT_MS));
    device_key(&rig, ceremony, 2, &second);
    talker_asked(&second, &asked);
    client_pin(&client, "too late");
    talker_answer(&second, ceremony, &alice, &asked, UP | UV);
    device_stopped(&rig, ceremony);
    assert_int_equal(login_verdict(&client, 0x33, &events), LK_REASON_NONE);
    assert_int_equal(events, 1U << LK_EVENT_KEY_REMOVED | 1U << LK_EVENT_INSERT_KEY);
    peer_close(&talker);
    peer_close(&second);
    peer_close(&client);
}

/* What ends it when nobody answers any more: the reason of the key, or of the clock. */
static void ends(void **state)
{
    static const enum lk_reason reasons[] = {LK_REASON_PIN_BLOCKED, LK_REASON_TOUCH_DENIED,
                                             LK_REASON_UV_FAILED, LK_REASON_PIN_NOT_SET,
                                             LK_REASON_KEY_FAILED};
    struct peer client;
    struct peer talker;
    struct lk_device_assert asked;
    uint32_t ceremony;

    (void)state;
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        ceremony = client_begin(&client, "sudo", LK_LOGIN_FLAG_PROMPT);
        device_key(&rig, ceremony, 1, &talker);
        talker_asked(&talker, &asked);
        talker_failed(&talker, ceremony, reasons[i]);
        device_stopped(&rig, ceremony);
        assert_int_equal(login_verdict(&client, 0x33, NULL), reasons[i]);
        peer_close(&talker);
        peer_close(&client);
    }
    /* no key at all, until the time is over */
    ceremony = client_begin(&client, "sudo", 0);
    device_none(&rig, ceremony);
    device_stopped(&rig, ceremony);
    assert_int_equal(login_verdict(&client, 0x33, NULL), LK_REASON_NO_KEY);
    peer_close(&client);
}

/* A talker that has been taken over says "no objection", a reason of the house, an event of the opener, another ceremony's number. */
static void lying_talker(void **state)
{
    static const enum lk_reason lies[] = {LK_REASON_NONE, LK_REASON_STORE_UNAVAILABLE};
    struct peer client;
    struct peer talker;
    struct lk_device_assert asked;
    uint32_t ceremony;
    uint32_t events;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        ceremony = client_begin(&client, "sudo", LK_LOGIN_FLAG_PROMPT);
        device_key(&rig, ceremony, 1, &talker);
        talker_asked(&talker, &asked);
        talker_event(&talker, ceremony, LK_EVENT_INSERT_KEY);
        talker_failed(&talker, i < 2 ? ceremony : ceremony + 1,
                      i < 2 ? lies[i] : LK_REASON_TOUCH_DENIED);
        assert_true(peer_closed(&talker, RIG_WAIT_MS));
        device_stopped(&rig, ceremony);
        assert_int_equal(login_verdict(&client, 0x33, &events), LK_REASON_KEY_FAILED);
        assert_int_equal(events, 0);
        peer_close(&talker);
        peer_close(&client);
    }
}

/* The second one is told who has the key, and asks no key. */
static void busy(void **state)
{
    struct lk_event_message event;
    struct lk_frame frame;
    struct peer first;
    struct peer second;
    uint32_t ceremony;

    (void)state;
    if (geteuid() != 0)
        skip();
    ceremony = client_begin(&first, "sudo", 0);
    peer_open(&rig, "host", &second);
    login_send(&second, "alice", "login", 0, 0x44);
    peer_expect(&second, LK_MESSAGE_EVENT, &frame);
    assert_int_equal(lk_event_decode(frame.payload, &event), 0);
    assert_int_equal(event.event, LK_EVENT_KEY_BUSY);
    assert_string_equal(event.detail, "login alice sudo");
    assert_int_equal(login_verdict(&second, 0x44, NULL), LK_REASON_KEY_BUSY);
    peer_close(&second);
    peer_close(&first);
    device_stopped(&rig, ceremony);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(race),         cmocka_unit_test(pin_for_one),
        cmocka_unit_test(no_pin_here),  cmocka_unit_test(not_verified),
        cmocka_unit_test(removed),      cmocka_unit_test(ends),
        cmocka_unit_test(lying_talker), cmocka_unit_test(busy),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
