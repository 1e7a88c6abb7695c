/* SPDX-License-Identifier: EUPL-1.2 */
/* One of several keys is to be enrolled: who is asked for a touch, who for a PIN, who is let go, and what a talker that does not keep to it gets. */
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "message/desk.h"

enum { REQUEST = 7, EARLY_MS = 60 };

static struct house house;
static struct rig rig;

static int begin(void **state)
{
    (void)state;
    house_begin(&house, "[policy]\nceremony_seconds = 5\n");
    house_close(&house);
    rig_start(&rig, &house);
    return 0;
}

static int end(void **state)
{
    (void)state;
    rig_stop(&rig);
    house_end(&house);
    return 0;
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static uint32_t desk_begin(struct peer *desk)
{
    struct lk_desk_create create = {.kind = LK_KIND_OPERATOR, .name = "anna"};
    struct lk_buf out = LK_BUF_INIT(LK_FRAME_MAX);

    peer_open(&rig, "desk", desk);
    assert_int_equal(lk_desk_create_encode(&out, REQUEST, &create), 0);
    peer_send(desk, &out);
    lk_buf_clear(&out);
    return device_started(&rig);
}

/* What ends the ceremony for the desk. */
static enum lk_reason desk_result(struct peer *desk, uint32_t *ret_events)
{
    struct lk_desk_result result;
    struct lk_event_message event;
    struct lk_frame frame;
    uint32_t events = 0;

    for (;;) {
        peer_next(desk, &frame);
        if (frame.type != LK_MESSAGE_EVENT)
            break;
        assert_int_equal(lk_event_decode(frame.payload, &event), 0);
        events |= 1U << event.event;
    }
    if (ret_events != NULL)
        *ret_events = events;
    if (frame.type == LK_MESSAGE_DESK_CREATED)
        return LK_REASON_NONE;
    assert_int_equal(frame.type, LK_MESSAGE_DESK_RESULT);
    assert_int_equal(lk_desk_result_decode(frame.payload, &result), 0);
    return (enum lk_reason)result.reason;
}

static void desk_asked(struct peer *desk)
{
    struct lk_frame frame;

    do {
        peer_next(desk, &frame);
    } while (frame.type == LK_MESSAGE_EVENT);
    assert_int_equal(frame.type, LK_MESSAGE_ASK_PIN);
}

static void asked(struct peer *talker, bool select)
{
    struct lk_device_create create;
    struct lk_frame frame;

    peer_expect(talker, LK_MESSAGE_DEVICE_CREATE, &frame);
    assert_int_equal(lk_device_create_decode(frame.payload, &create), 0);
    assert_int_equal((create.flags & LK_CEREMONY_SELECT) != 0, select);
}

enum word { SELECTED, ASKS_PIN, TOUCH, CREDENTIAL };

static void says(struct peer *talker, uint32_t ceremony, enum word word)
{
    static const uint8_t object[] = {0xa0};
    struct lk_event_message event = {.event = LK_EVENT_TOUCH, .retries = LK_RETRIES_UNKNOWN};
    struct lk_ask_pin ask = {.retries = 8, .detail = "Test Key"};
    struct lk_device_credential credential = {.attestation_object = LK_VIEW(object, 1)};
    struct lk_buf out = LK_BUF_INIT(512);
    int error = 0;

    switch (word) {
    case SELECTED:
        error = lk_device_selected_encode(&out, ceremony);
        break;
    case ASKS_PIN:
        error = lk_ask_pin_encode(&out, ceremony, &ask);
        break;
    case TOUCH:
        error = lk_event_encode(&out, ceremony, &event);
        break;
    case CREDENTIAL:
        error = lk_device_credential_encode(&out, ceremony, &credential);
        break;
    }
    assert_int_equal(error, 0);
    peer_send(talker, &out);
    lk_buf_clear(&out);
}

/* Two keys, both told to wait for a touch. */
static uint32_t two(struct peer *desk, struct peer talkers[2])
{
    uint32_t ceremony = desk_begin(desk);

    for (uint32_t i = 0; i < 2; i++)
        device_key(&rig, ceremony, i + 1, &talkers[i]);
    for (uint32_t i = 0; i < 2; i++)
        asked(&talkers[i], true);
    return ceremony;
}

static void close_all(struct peer *desk, struct peer *talkers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        peer_close(&talkers[i]);
    peer_close(desk);
}

static void alone(void **state)
{
    struct peer desk;
    struct peer talkers[2];
    uint32_t ceremony = desk_begin(&desk);
    int64_t since = now_ms();
    uint32_t events;

    (void)state;
    device_key(&rig, ceremony, 1, &talkers[0]);
    asked(&talkers[0], false);
    assert_true(now_ms() - since >= EARLY_MS); /* another one was given time to come */
    says(&talkers[0], ceremony, ASKS_PIN);
    desk_asked(&desk);
    /* Too late: this one is neither asked nor waited for. */
    device_key(&rig, ceremony, 2, &talkers[1]);
    assert_true(peer_closed(&talkers[1], RIG_WAIT_MS));
    says(&talkers[0], ceremony, TOUCH);
    says(&talkers[0], ceremony, CREDENTIAL);
    device_stopped(&rig, ceremony);
    assert_int_equal(desk_result(&desk, &events), LK_REASON_NONE);
    assert_int_equal(events, 1U << LK_EVENT_TOUCH);
    close_all(&desk, talkers, 2);
}

static void touched(void **state)
{
    struct peer desk;
    struct peer talkers[3];
    uint32_t ceremony = two(&desk, talkers);
    uint32_t events;

    (void)state;
    says(&talkers[0], ceremony, TOUCH);
    says(&talkers[1], ceremony, TOUCH);
    device_key(&rig, ceremony, 3, &talkers[2]); /* comes while the others blink */
    asked(&talkers[2], true);
    says(&talkers[2], ceremony, SELECTED);
    assert_true(peer_closed(&talkers[0], RIG_WAIT_MS));
    assert_true(peer_closed(&talkers[1], RIG_WAIT_MS));
    says(&talkers[2], ceremony, CREDENTIAL);
    device_stopped(&rig, ceremony);
    assert_int_equal(desk_result(&desk, &events), LK_REASON_NONE);
    assert_int_equal(events, 1U << LK_EVENT_CHOOSE_KEY);
    close_all(&desk, talkers, 3);
}

/* A talker that was taken over does not wait for the touch; one that is alone says it was chosen: each is let go, and the others go on. */
static void impatient(void **state)
{
    static const enum word words[] = {ASKS_PIN, CREDENTIAL};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct peer desk;
        struct peer talkers[2];
        uint32_t ceremony = two(&desk, talkers);

        says(&talkers[0], ceremony, words[i]);
        assert_true(peer_closed(&talkers[0], RIG_WAIT_MS));
        says(&talkers[1], ceremony, SELECTED);
        says(&talkers[1], ceremony, CREDENTIAL);
        device_stopped(&rig, ceremony);
        assert_int_equal(desk_result(&desk, NULL), LK_REASON_NONE);
        close_all(&desk, talkers, 2);
    }
    {
        struct peer desk;
        struct peer talker;
        uint32_t ceremony = desk_begin(&desk);

        device_key(&rig, ceremony, 1, &talker);
        asked(&talker, false);
        says(&talker, ceremony, SELECTED);
        assert_true(peer_closed(&talker, RIG_WAIT_MS));
        device_stopped(&rig, ceremony);
        assert_int_equal(desk_result(&desk, NULL), LK_REASON_KEY_FAILED);
        close_all(&desk, &talker, 1);
    }
}

/* The chosen one is pulled out while its PIN is asked for: a new search, in which even a lone key waits for a touch. */
static void chosen_is_gone(void **state)
{
    static const enum lk_reason reasons[] = {LK_REASON_KEY_REMOVED, LK_REASON_KEY_EXCLUDED};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct peer desk;
        struct peer talkers[3];
        uint32_t ceremony = two(&desk, talkers);
        uint32_t again;

        says(&talkers[1], ceremony, SELECTED);
        says(&talkers[1], ceremony, ASKS_PIN);
        desk_asked(&desk);
        talker_failed(&talkers[1], ceremony, reasons[i]);
        device_stopped(&rig, ceremony);
        again = device_started(&rig);
        assert_true(again > ceremony);
        device_key(&rig, again, 1, &talkers[2]);
        asked(&talkers[2], true);
        says(&talkers[2], again, SELECTED);
        says(&talkers[2], again, ASKS_PIN);
        desk_asked(&desk);
        says(&talkers[2], again, CREDENTIAL);
        device_stopped(&rig, again);
        assert_int_equal(desk_result(&desk, NULL), LK_REASON_NONE);
        close_all(&desk, talkers, 3);
    }
}

/* Any other failure of the chosen one is the answer. */
static void chosen_fails(void **state)
{
    struct peer desk;
    struct peer talkers[2];
    uint32_t ceremony = two(&desk, talkers);

    (void)state;
    says(&talkers[0], ceremony, SELECTED);
    talker_failed(&talkers[0], ceremony, LK_REASON_PIN_STOPPED);
    device_stopped(&rig, ceremony);
    assert_int_equal(desk_result(&desk, NULL), LK_REASON_PIN_STOPPED);
    close_all(&desk, talkers, 2);
}

/* One of the two is enrolled already, or pulled out before it was asked; the other one is waited for. */
static void one_drops_out(void **state)
{
    struct peer desk;
    struct peer talkers[2];
    uint32_t ceremony = two(&desk, talkers);
    uint32_t events;

    (void)state;
    talker_failed(&talkers[0], ceremony, LK_REASON_KEY_EXCLUDED);
    says(&talkers[1], ceremony, SELECTED);
    says(&talkers[1], ceremony, CREDENTIAL);
    device_stopped(&rig, ceremony);
    assert_int_equal(desk_result(&desk, &events), LK_REASON_NONE);
    assert_int_equal(events, 1U << LK_EVENT_WRONG_KEY);
    close_all(&desk, talkers, 2);

    ceremony = desk_begin(&desk);
    for (uint32_t i = 0; i < 2; i++)
        device_key(&rig, ceremony, i + 1, &talkers[i]);
    talker_failed(&talkers[0], 0, LK_REASON_KEY_REMOVED);
    asked(&talkers[1], false);
    says(&talkers[1], ceremony, CREDENTIAL);
    device_stopped(&rig, ceremony);
    assert_int_equal(desk_result(&desk, &events), LK_REASON_NONE);
    assert_int_equal(events, 1U << LK_EVENT_KEY_REMOVED);
    close_all(&desk, talkers, 2);
}

/* The client goes away, before and while the keys are told. */
static void client_gone(void **state)
{
    struct peer desk;
    struct peer talkers[2];
    uint32_t ceremony = two(&desk, talkers);

    (void)state;
    peer_close(&desk);
    device_stopped(&rig, ceremony);
    for (size_t i = 0; i < 2; i++) {
        assert_true(peer_closed(&talkers[i], RIG_WAIT_MS));
        peer_close(&talkers[i]);
    }
    ceremony = desk_begin(&desk);
    device_key(&rig, ceremony, 1, &talkers[0]);
    usleep(30000); /* it is being counted */
    peer_close(&desk);
    device_stopped(&rig, ceremony);
    assert_true(peer_closed(&talkers[0], RIG_WAIT_MS));
    peer_close(&talkers[0]);
    usleep(150000); /* no timer of the last one is left that would look at it now */
    alone(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alone),        cmocka_unit_test(touched),
        cmocka_unit_test(impatient),    cmocka_unit_test(chosen_is_gone),
        cmocka_unit_test(chosen_fails), cmocka_unit_test(one_drops_out),
        cmocka_unit_test(client_gone),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
