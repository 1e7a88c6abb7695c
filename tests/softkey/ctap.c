/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Command dispatch and the wait for a touch (CTAP 2.1 sections 6 and 8.1). Reads hostile requests:
 * a request is one command byte and one canonical CBOR map, at most LK_CTAP_ACCEPTED_MAX bytes.
 */
#include "ctap.h"

#include <stdio.h>
#include <string.h>

#include "pin.h"

static uint8_t lk_ctap_command_of(const struct lk_softkey *key)
{
    return key->request_length > 0 ? key->request[0] : 0;
}

/* A copied answer: what was once signed for a touch, byte for byte. Silent probes are answered as ever. */
static void lk_ctap_replay(struct lk_softkey *key, uint8_t command)
{
    if (command != LK_CTAP_GET_ASSERTION || key->reply[0] != LK_CTAP_OK ||
        !key->found.user_presence)
        return;
    if (key->misbehaviour.on[LK_MISBEHAVE_REPLAY] && key->touched_length > 0) {
        memcpy(key->reply, key->touched, key->touched_length);
        key->reply_length = key->touched_length;
        return;
    }
    memcpy(key->touched, key->reply, key->reply_length);
    key->touched_length = key->reply_length;
}

static void lk_ctap_finish_with(struct lk_softkey *key, int status, const struct lk_writer *reply)
{
    uint8_t command = lk_ctap_command_of(key);

    if (status == LK_CTAP_OK && reply != NULL && reply->failed)
        status = LK_CTAP_OTHER;
    key->reply[0] = (uint8_t)status;
    key->reply_length = 1 + (status == LK_CTAP_OK && reply != NULL ? reply->length : 0);
    key->reply_length = lk_misbehave_reply(&key->misbehaviour, command, key->reply,
                                           key->reply_length, sizeof(key->reply));
    lk_ctap_replay(key, command);
    key->phase = LK_PHASE_READY;
    if (key->settings.trace)
        fprintf(stderr, "command %02x: status %02x, %zu bytes\n", command, key->reply[0],
                key->reply_length);
}

static int lk_ctap_finish_selection(struct lk_softkey *key, struct lk_writer *reply)
{
    (void)key;
    (void)reply;
    return LK_CTAP_OK;
}

static int lk_ctap_selection(struct lk_softkey *key, struct lk_reader request,
                             struct lk_writer *reply)
{
    (void)request;
    (void)reply;
    return lk_ctap_wait(key, lk_ctap_finish_selection);
}

static int lk_ctap_finish_reset(struct lk_softkey *key, struct lk_writer *reply)
{
    (void)reply;
    lk_state_reset(&key->state);
    key->wrong_pins_in_a_row = 0;
    lk_pin_renew(key);
    return lk_state_save(&key->state) ? LK_CTAP_OK : LK_CTAP_OTHER;
}

/* Section 6.6: within ten seconds of power up, for a key without a display. */
static int lk_ctap_reset(struct lk_softkey *key, struct lk_reader request, struct lk_writer *reply)
{
    (void)request;
    (void)reply;
    if (key->settings.reset_window_ms != 0 &&
        key->now_ms - key->powered_ms > key->settings.reset_window_ms)
        return LK_CTAP_NOT_ALLOWED;
    return lk_ctap_wait(key, lk_ctap_finish_reset);
}

static int lk_ctap_dispatch(struct lk_softkey *key, struct lk_writer *reply)
{
    struct lk_reader request = {.data = key->request + 1, .length = key->request_length - 1};
    uint8_t command = lk_ctap_command_of(key);

    if (command != LK_CTAP_GET_NEXT_ASSERTION)
        key->found.count = 0;
    switch (command) {
    case LK_CTAP_MAKE_CREDENTIAL:
        key->counters.make_credential++;
        return lk_ctap_make_credential(key, request, reply);
    case LK_CTAP_GET_ASSERTION:
        key->counters.get_assertion++;
        return lk_ctap_get_assertion(key, request, reply);
    case LK_CTAP_GET_INFO:
        key->counters.get_info++;
        return lk_ctap_get_info(key, request, reply);
    case LK_CTAP_CLIENT_PIN:
        key->counters.client_pin++;
        return lk_ctap_client_pin(key, request, reply);
    case LK_CTAP_RESET:
        key->counters.reset++;
        return lk_ctap_reset(key, request, reply);
    case LK_CTAP_GET_NEXT_ASSERTION:
        key->counters.get_next_assertion++;
        return lk_ctap_get_next_assertion(key, request, reply);
    case LK_CTAP_SELECTION:
        key->counters.selection++;
        return lk_ctap_selection(key, request, reply);
    default:
        key->counters.unknown++;
        return LK_CTAP_INVALID_COMMAND;
    }
}

static void lk_ctap_run(struct lk_softkey *key)
{
    struct lk_writer reply;
    int status;

    lk_writer_init(&reply, key->reply + 1, sizeof(key->reply) - 1);
    status = lk_ctap_dispatch(key, &reply);
    if (lk_misbehaves(&key->misbehaviour, LK_MISBEHAVE_STALL, lk_ctap_command_of(key))) {
        key->phase = LK_PHASE_STALLED;
        return;
    }
    if (status == LK_CTAP_WAIT)
        lk_ctap_tick(key);
    else
        lk_ctap_finish_with(key, status, &reply);
}

void lk_ctap_begin(struct lk_softkey *key, const uint8_t *request, size_t length)
{
    key->request_length = length;
    memcpy(key->request, request, length);
    if (length == 0) {
        lk_ctap_finish_with(key, LK_CTAP_INVALID_LENGTH, NULL);
    } else if (length > LK_CTAP_ACCEPTED_MAX) {
        lk_ctap_finish_with(key, LK_CTAP_REQUEST_TOO_LARGE, NULL);
    } else if (key->slow_ms > 0) {
        key->phase = LK_PHASE_PROCESSING;
        key->phase_started_ms = key->now_ms;
    } else {
        lk_ctap_run(key);
    }
}

int lk_ctap_wait(struct lk_softkey *key, lk_ctap_finish finish)
{
    key->finish = finish;
    key->phase = LK_PHASE_TOUCH;
    key->phase_started_ms = key->now_ms;
    return LK_CTAP_WAIT;
}

void lk_ctap_touch(struct lk_softkey *key)
{
    struct lk_writer reply;
    int status;

    if (key->phase != LK_PHASE_TOUCH)
        return;
    key->counters.touches++;
    lk_writer_init(&reply, key->reply + 1, sizeof(key->reply) - 1);
    status = key->finish(key, &reply);
    lk_ctap_finish_with(key, status, &reply);
}

void lk_ctap_cancel(struct lk_softkey *key)
{
    if (key->phase == LK_PHASE_TOUCH || key->phase == LK_PHASE_PROCESSING)
        lk_ctap_finish_with(key, LK_CTAP_KEEPALIVE_CANCEL, NULL);
}

/* When the finger comes, or gives up; UINT64_MAX: it has to be told. */
static uint64_t lk_ctap_touch_at(const struct lk_softkey *key)
{
    if (key->misbehaviour.on[LK_MISBEHAVE_ENDLESS_KEEPALIVE])
        return UINT64_MAX;
    switch (key->touch) {
    case LK_TOUCH_AUTO:
    case LK_TOUCH_DENY:
        return key->phase_started_ms;
    case LK_TOUCH_DELAY:
        return key->phase_started_ms + key->touch_delay_ms;
    default:
        return UINT64_MAX;
    }
}

static uint64_t lk_ctap_give_up_at(const struct lk_softkey *key)
{
    if (key->misbehaviour.on[LK_MISBEHAVE_ENDLESS_KEEPALIVE])
        return UINT64_MAX;
    return key->phase_started_ms + key->settings.touch_timeout_ms;
}

void lk_ctap_tick(struct lk_softkey *key)
{
    if (key->phase == LK_PHASE_PROCESSING && key->now_ms >= key->phase_started_ms + key->slow_ms)
        lk_ctap_run(key);
    if (key->phase != LK_PHASE_TOUCH)
        return;
    if (key->now_ms >= lk_ctap_touch_at(key)) {
        if (key->touch == LK_TOUCH_DENY)
            lk_ctap_finish_with(key, LK_CTAP_OPERATION_DENIED, NULL);
        else
            lk_ctap_touch(key);
    } else if (key->now_ms >= lk_ctap_give_up_at(key)) {
        lk_ctap_finish_with(key, LK_CTAP_USER_ACTION_TIMEOUT, NULL);
    }
}

int64_t lk_ctap_due(const struct lk_softkey *key)
{
    uint64_t due = UINT64_MAX;

    if (key->phase == LK_PHASE_PROCESSING) {
        due = key->phase_started_ms + key->slow_ms;
    } else if (key->phase == LK_PHASE_TOUCH) {
        due = lk_ctap_touch_at(key);
        if (lk_ctap_give_up_at(key) < due)
            due = lk_ctap_give_up_at(key);
    }
    if (due == UINT64_MAX)
        return -1;
    return due <= key->now_ms ? 0 : (int64_t)(due - key->now_ms);
}

void lk_softkey_power_on(struct lk_softkey *key)
{
    key->plugged = true;
    key->powered_ms = key->now_ms;
    key->wrong_pins_in_a_row = 0;
    key->phase = LK_PHASE_IDLE;
    key->found.count = 0;
    lk_pin_renew(key);
}

int lk_field_bytes(const struct lk_int_map *map, unsigned field, struct lk_item *ret_item)
{
    struct lk_reader value = map->value[field];

    if (!map->present[field])
        return LK_CTAP_MISSING_PARAMETER;
    return lk_reader_expect(&value, LK_ITEM_BYTES, ret_item) ? LK_CTAP_OK : LK_CTAP_UNEXPECTED_TYPE;
}

int lk_field_uint(const struct lk_int_map *map, unsigned field, uint64_t maximum,
                  uint64_t *ret_value)
{
    struct lk_reader value = map->value[field];
    struct lk_item item;

    if (!map->present[field])
        return LK_CTAP_MISSING_PARAMETER;
    if (!lk_reader_expect(&value, LK_ITEM_UINT, &item))
        return LK_CTAP_UNEXPECTED_TYPE;
    if (item.value > maximum)
        return LK_CTAP_INVALID_PARAMETER;
    *ret_value = item.value;
    return LK_CTAP_OK;
}

int lk_field_text(const struct lk_int_map *map, unsigned field, char *ret_text, size_t size)
{
    struct lk_reader value = map->value[field];
    struct lk_item item;

    if (!map->present[field])
        return LK_CTAP_MISSING_PARAMETER;
    if (!lk_reader_expect(&value, LK_ITEM_TEXT, &item))
        return LK_CTAP_UNEXPECTED_TYPE;
    if (item.length >= size || memchr(item.data, '\0', item.length) != NULL)
        return LK_CTAP_INVALID_PARAMETER;
    memcpy(ret_text, item.data, item.length);
    ret_text[item.length] = '\0';
    return LK_CTAP_OK;
}

/* 1: true, 0: false; left alone when the option is not given. */
int lk_field_option(const struct lk_int_map *map, unsigned field, const char *name, int *ret_value)
{
    struct lk_reader value;
    struct lk_item item;
    int found;

    if (!map->present[field])
        return LK_CTAP_OK;
    found = lk_text_map_find(map->value[field], name, &value);
    if (found < 0 || (found == 1 && !lk_reader_expect(&value, LK_ITEM_BOOL, &item)))
        return LK_CTAP_UNEXPECTED_TYPE;
    if (found == 1)
        *ret_value = item.value != 0;
    return LK_CTAP_OK;
}
