/* SPDX-License-Identifier: EUPL-1.2 */
/* One ceremony with the keys of this machine: several talkers raced, the first answer wins, the others end when their sockets close.
 *
 * Rules: a PIN goes to the one talker that asked and to nobody else, and only one is asked for at a time. A key that holds nothing of
 * this agent, or is pulled out, is told and another one waited for; every other failure ends the ceremony once no key is left
 * that may still answer. A talker has read bytes from USB: it may end a ceremony with a reason of a key, never with "no objection".
 *
 * Selection: where a key is made and its PIN will be asked for, one key is chosen before. Who comes within LK_GATHER_MS of the first is counted: a lone key is the chosen
 * one; of several the first touched is, and the others are let go. Only the chosen one may ask or answer. When it is pulled out, or
 * enrolled already, and a key was let go for its sake, the search begins anew. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/device_link.h"

enum { LK_GATHER_MS = 100 }; /* the opener gives out all keys that it finds within a few of these */

struct talker {
    struct lk_peer peer;
    struct lk_device_ceremony *ceremony;
    bool requested; /* its request was sent */
    bool has_info;
    struct lk_device_info info;
    bool wants_pin; /* asked; shown to the person when it is its turn */
    struct lk_ask_pin ask;
    struct talker *next;
};

struct lk_device_ceremony {
    struct lk_device_link *link;
    uint32_t number;
    struct lk_device_ceremony_request request;
    struct lk_device_ceremony_callbacks callbacks;
    struct lk_buf memory; /* behind the views of request */
    char owner[160];
    struct lk_timer timeout;
    int64_t deadline_ms;
    struct talker *talkers;
    struct talker *asked;   /* whose PIN question is before the person */
    struct talker *pin_key; /* whose turn it is: asked, or its PIN was given */
    /* selection */
    bool choose;    /* a key is made, with its PIN: one must be chosen */
    bool selecting; /* several were told to wait for a touch, none was touched yet */
    bool let_go;    /* keys are plugged in that were not taken because of the chosen one */
    bool
        again; /* the chosen one dropped out: even a lone key is taken by a touch only, not because it was the quicker one */
    struct talker *chosen;
    struct lk_timer gather;
    bool key_seen;
    bool insert_told;
    bool touch_told;
    enum lk_reason last; /* why the last key dropped out */
};

uint32_t lk_device_ceremony_number(const struct lk_device_ceremony *ceremony)
{
    return ceremony->number;
}

const char *lk_device_ceremony_owner(const struct lk_device_ceremony *ceremony)
{
    return ceremony->owner;
}

/* ---- ends ---- */

static void talker_free(struct talker *talker)
{
    lk_peer_stop(&talker->peer);
    free(talker);
}

/* The link is free for the next ceremony from here on; the talkers cancel, drain and exit. keep: stays open, its views are still needed. */
static void ceremony_detach(struct lk_device_ceremony *ceremony, const struct talker *keep)
{
    struct lk_device_link *link = ceremony->link;
    struct talker **place = &ceremony->talkers;

    lk_loop_disarm(link->broker->loop, &ceremony->timeout);
    lk_loop_disarm(link->broker->loop, &ceremony->gather);
    while (*place != NULL) {
        struct talker *talker = *place;

        if (talker == keep) {
            place = &talker->next;
            continue;
        }
        *place = talker->next;
        talker_free(talker);
    }
    link->current = NULL;
    if (link->gone)
        return;
    if (lk_device_stop_encode(&link->peer.out, ceremony->number) != 0 ||
        lk_peer_flush(&link->peer) != 0)
        lk_broker_log(link->broker, "the device process does not take messages");
}

static void ceremony_free(struct lk_device_ceremony *ceremony)
{
    while (ceremony->talkers != NULL) {
        struct talker *talker = ceremony->talkers;

        ceremony->talkers = talker->next;
        talker_free(talker);
    }
    lk_buf_clear(&ceremony->memory);
    free(ceremony);
}

void lk_device_ceremony_fail(struct lk_device_ceremony *ceremony, enum lk_reason reason,
                             uint8_t retries, const char *detail)
{
    ceremony_detach(ceremony, NULL);
    ceremony->callbacks.failed(ceremony->callbacks.context, reason, retries, detail);
    ceremony_free(ceremony);
}

void lk_device_ceremony_cancel(struct lk_device_ceremony *ceremony)
{
    ceremony_detach(ceremony, NULL);
    ceremony_free(ceremony);
}

static void ceremony_late(struct lk_timer *timer)
{
    struct lk_device_ceremony *ceremony = timer->context;
    enum lk_reason reason = ceremony->last;

    if (reason == LK_REASON_NONE || ceremony->talkers != NULL)
        reason = ceremony->key_seen ? LK_REASON_TIMEOUT : LK_REASON_NO_KEY;
    lk_device_ceremony_fail(ceremony, reason, LK_RETRIES_UNKNOWN, "");
}

/* ---- events ---- */

static void ceremony_tell(struct lk_device_ceremony *ceremony, enum lk_event kind, uint8_t retries,
                          const char *detail)
{
    struct lk_event_message event = {.event = kind, .retries = retries};

    /* Several keys blink at once; the person is told once. */
    if (kind == LK_EVENT_TOUCH && ceremony->touch_told)
        return;
    ceremony->touch_told = kind == LK_EVENT_TOUCH;
    if (kind == LK_EVENT_TOUCH && ceremony->selecting)
        event.event = LK_EVENT_CHOOSE_KEY;
    (void)snprintf(event.detail, sizeof(event.detail), "%s", detail);
    for (char *at = event.detail; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = '?';
    }
    ceremony->callbacks.event(ceremony->callbacks.context, &event);
}

void lk_device_ceremony_no_key(struct lk_device_ceremony *ceremony)
{
    if (ceremony->insert_told)
        return;
    ceremony->insert_told = true;
    ceremony_tell(ceremony, LK_EVENT_INSERT_KEY, LK_RETRIES_UNKNOWN, "");
}

void lk_device_ceremony_busy(struct lk_device_ceremony *ceremony, const struct lk_device_busy *busy)
{
    ceremony->key_seen = true;
    ceremony->insert_told = false;
    ceremony->last = LK_REASON_KEY_BUSY;
    ceremony_tell(ceremony, LK_EVENT_KEY_BUSY, LK_RETRIES_UNKNOWN, busy->detail);
}

/* ---- PIN: one question at a time ---- */

static void ceremony_ask(struct lk_device_ceremony *ceremony, struct talker *talker)
{
    ceremony->asked = talker;
    ceremony->pin_key = talker;
    ceremony->touch_told = false;
    ceremony->callbacks.ask_pin(ceremony->callbacks.context, &talker->ask);
}

/* The key whose PIN was given keeps the turn until it is out: a wrong PIN is asked for again there. */
static void ceremony_ask_next(struct lk_device_ceremony *ceremony)
{
    if (ceremony->asked != NULL)
        return;
    if (ceremony->pin_key != NULL) {
        if (ceremony->pin_key->wants_pin)
            ceremony_ask(ceremony, ceremony->pin_key);
        return;
    }
    for (struct talker *talker = ceremony->talkers; talker != NULL; talker = talker->next) {
        if (talker->wants_pin) {
            ceremony_ask(ceremony, talker);
            return;
        }
    }
}

void lk_device_ceremony_pin(struct lk_device_ceremony *ceremony, struct lk_view pin)
{
    struct talker *talker = ceremony->asked;

    /* The key that asked is gone meanwhile: its PIN is for no other key. */
    if (talker == NULL)
        return;
    ceremony->asked = NULL;
    talker->wants_pin = false;
    if (lk_pin_encode(&talker->peer.out, ceremony->number, pin) != 0 ||
        lk_peer_flush(&talker->peer) != 0)
        lk_broker_log(ceremony->link->broker, "a talker does not take messages");
}

/* ---- talkers ---- */

static void talker_drop(struct talker *talker)
{
    struct lk_device_ceremony *ceremony = talker->ceremony;
    struct talker **place = &ceremony->talkers;

    while (*place != talker)
        place = &(*place)->next;
    *place = talker->next;
    if (ceremony->asked == talker)
        ceremony->asked = NULL;
    if (ceremony->pin_key == talker)
        ceremony->pin_key = NULL;
    if (ceremony->chosen == talker)
        ceremony->chosen = NULL;
    if (ceremony->talkers == NULL)
        ceremony->selecting = false;
    talker_free(talker);
}

/* The opener gives out a key once in a ceremony: those that were let go come back in a new one. */
static void ceremony_search_again(struct lk_device_ceremony *ceremony)
{
    struct lk_device_link *link = ceremony->link;
    uint32_t before = ceremony->number;

    ceremony->let_go = false;
    ceremony->again = true;
    ceremony->number = ++link->last_ceremony;
    if (lk_device_stop_encode(&link->peer.out, before) != 0 ||
        lk_device_start_encode(&link->peer.out, ceremony->number) != 0 ||
        lk_peer_flush(&link->peer) != 0)
        lk_device_ceremony_fail(ceremony, LK_REASON_DEVICE_UNAVAILABLE, LK_RETRIES_UNKNOWN, "");
}

/* This key is out. The ceremony goes on while another may answer, or where another key may still be plugged in. */
static void talker_failed(struct talker *talker, enum lk_reason reason, uint8_t retries)
{
    struct lk_device_ceremony *ceremony = talker->ceremony;
    /* A key that is enrolled already is the wrong key for an enrolment: whoever makes two keys has the first one still plugged in. */
    bool wrong = reason == LK_REASON_WRONG_KEY || reason == LK_REASON_KEY_EXCLUDED;
    bool wait_on = wrong || reason == LK_REASON_KEY_REMOVED;
    char name[129];

    (void)snprintf(name, sizeof(name), "%s", talker->has_info ? talker->info.name : "");
    talker_drop(talker);
    ceremony->last = reason;
    if (ceremony->talkers == NULL && !wait_on) {
        lk_device_ceremony_fail(ceremony, reason, retries, name);
        return;
    }
    if (wrong)
        ceremony_tell(ceremony, LK_EVENT_WRONG_KEY, retries, name);
    else if (reason == LK_REASON_KEY_REMOVED)
        ceremony_tell(ceremony, LK_EVENT_KEY_REMOVED, retries, name);
    else
        ceremony_tell(ceremony, LK_EVENT_KEY_FAILED, retries, name);
    if (ceremony->talkers == NULL && ceremony->let_go)
        ceremony_search_again(ceremony);
    else
        ceremony_ask_next(ceremony);
}

static int talker_selected(struct talker *talker, const struct lk_frame *frame)
{
    struct lk_device_ceremony *ceremony = talker->ceremony;
    struct talker **place = &ceremony->talkers;

    if (frame->payload.len != 0)
        return -LK_ERR_TRAILING;
    if (!ceremony->selecting)
        return -LK_ERR_UNEXPECTED;
    ceremony->selecting = false;
    ceremony->touch_told = false;
    ceremony->chosen = talker;
    while (*place != NULL) {
        struct talker *other = *place;

        if (other == talker) {
            place = &other->next;
            continue;
        }
        *place = other->next;
        talker_free(other);
        ceremony->let_go = true;
    }
    return 0;
}

static void talker_won(struct talker *talker, const struct lk_device_assertion *assertion,
                       const struct lk_device_credential *credential)
{
    struct lk_device_ceremony *ceremony = talker->ceremony;
    const struct lk_device_info *info = &talker->info;

    if (!talker->has_info)
        memset(&talker->info, 0, sizeof(talker->info));
    ceremony_detach(ceremony, talker);
    if (assertion != NULL)
        ceremony->callbacks.assertion(ceremony->callbacks.context, assertion, info);
    else
        ceremony->callbacks.credential(ceremony->callbacks.context, credential, info);
    ceremony_free(ceremony);
}

static int talker_event(struct talker *talker, const struct lk_frame *frame)
{
    struct lk_event_message event;
    int error = lk_event_decode(frame->payload, &event);

    if (error != 0)
        return error;
    /* What ends a key's part is told when it ends (talker_failed); what the opener tells is not the talker's to say. */
    if (event.event != LK_EVENT_TOUCH && event.event != LK_EVENT_FINGERPRINT &&
        event.event != LK_EVENT_FINGERPRINT_FAILED && event.event != LK_EVENT_PIN_NOT_SET &&
        event.event != LK_EVENT_KEY_FOUND)
        return 0;
    ceremony_tell(talker->ceremony, event.event, event.retries, event.detail);
    return 0;
}

static int talker_ask(struct talker *talker, const struct lk_frame *frame)
{
    struct lk_ask_pin ask;
    int error = lk_ask_pin_decode(frame->payload, &ask);
    uint32_t flags = talker->ceremony->request.create
                         ? talker->ceremony->request.create_request.flags
                         : talker->ceremony->request.assert_request.flags;

    if (error != 0)
        return error;
    if (talker->wants_pin || (flags & LK_CEREMONY_PIN) == 0 ||
        (talker->ceremony->choose && talker->ceremony->chosen != talker))
        return -LK_ERR_UNEXPECTED;
    talker->wants_pin = true;
    talker->ask = ask;
    ceremony_ask_next(talker->ceremony);
    return 0;
}

static int talker_end(struct talker *talker, const struct lk_frame *frame)
{
    struct lk_device_assertion assertion;
    struct lk_device_credential credential;
    struct lk_device_failed failed;
    int error;

    if (frame->type == LK_MESSAGE_DEVICE_FAILED) {
        error = lk_device_failed_decode(frame->payload, &failed);
        if (error != 0)
            return error;
        if (failed.reason < LK_REASON_NO_KEY || failed.reason > LK_REASON_KEY_EXCLUDED)
            return -LK_ERR_RANGE;
        talker_failed(talker, (enum lk_reason)failed.reason, failed.retries);
        return 0;
    }
    if (talker->ceremony->request.create != (frame->type == LK_MESSAGE_DEVICE_CREDENTIAL) ||
        (talker->ceremony->choose && talker->ceremony->chosen != talker))
        return -LK_ERR_UNEXPECTED;
    if (frame->type == LK_MESSAGE_DEVICE_CREDENTIAL) {
        error = lk_device_credential_decode(frame->payload, &credential);
        if (error == 0)
            talker_won(talker, NULL, &credential);
        return error;
    }
    error = lk_device_assertion_decode(frame->payload, &assertion);
    if (error == 0)
        talker_won(talker, &assertion, NULL);
    return error;
}

static int talker_frame(struct lk_peer *peer, const struct lk_frame *frame)
{
    struct talker *talker = peer->context;
    /* One whose key is pulled out before its request came has no number to say. */
    bool early = frame->request == 0 && frame->type == LK_MESSAGE_DEVICE_FAILED;

    if (frame->request != talker->ceremony->number && !early)
        return -LK_ERR_UNEXPECTED;
    if (!talker->requested && !early)
        return -LK_ERR_UNEXPECTED;
    switch (frame->type) {
    case LK_MESSAGE_EVENT:
        return talker_event(talker, frame);
    case LK_MESSAGE_ASK_PIN:
        return talker_ask(talker, frame);
    case LK_MESSAGE_DEVICE_INFO:
        if (talker->has_info)
            return -LK_ERR_UNEXPECTED;
        if (lk_device_info_decode(frame->payload, &talker->info) != 0)
            return -LK_ERR_RANGE;
        talker->has_info = true;
        return 0;
    case LK_MESSAGE_DEVICE_SELECTED:
        return talker_selected(talker, frame);
    case LK_MESSAGE_DEVICE_ASSERTION:
    case LK_MESSAGE_DEVICE_CREDENTIAL:
    case LK_MESSAGE_DEVICE_FAILED:
        return talker_end(talker, frame);
    default:
        return -LK_ERR_UNEXPECTED;
    }
}

static void talker_gone(struct lk_peer *peer, int error)
{
    struct talker *talker = peer->context;

    lk_broker_log(talker->ceremony->link->broker, "a talker ended without a last word: %s",
                  lk_error_text(error));
    talker_failed(talker, LK_REASON_KEY_FAILED, LK_RETRIES_UNKNOWN);
}

static int talker_send_request(struct talker *talker, bool probe)
{
    struct lk_device_ceremony *ceremony = talker->ceremony;
    int64_t left = ceremony->deadline_ms - lk_clock_monotonic_ms(ceremony->link->broker->clock);
    uint32_t timeout = left > 1 ? (uint32_t)left : 1;
    int error;

    if (ceremony->request.create) {
        struct lk_device_create create = ceremony->request.create_request;

        create.timeout_ms = timeout;
        if (ceremony->selecting)
            create.flags |= LK_CEREMONY_SELECT;
        error = lk_device_create_encode(&talker->peer.out, ceremony->number, &create);
    } else {
        struct lk_device_assert assert_request = ceremony->request.assert_request;

        assert_request.timeout_ms = timeout;
        /* Without verification a lone key answers at once whether it holds a credential; else it would ask for a PIN, or blink, in vain. */
        if ((probe || (assert_request.flags & LK_CEREMONY_UV) != 0) &&
            assert_request.allow_count >
                0) /* a discoverable credential shows itself only after verification (credProtect 2) */
            assert_request.flags |= LK_CEREMONY_PROBE;
        error = lk_device_assert_encode(&talker->peer.out, ceremony->number, &assert_request);
    }
    talker->requested = true;
    return error != 0 ? error : lk_peer_flush(&talker->peer);
}

/* The keys are counted. A talker that takes no message is out, and the ceremony with it if it was the last. */
static void ceremony_gathered(struct lk_timer *timer)
{
    struct lk_device_ceremony *ceremony = timer->context;
    struct talker *talker = ceremony->talkers;

    if (talker == NULL) /* pulled out again meanwhile: the next one begins anew */
        return;
    ceremony->selecting = ceremony->again || talker->next != NULL;
    if (!ceremony->selecting)
        ceremony->chosen = talker;
    while (talker != NULL) {
        bool last = ceremony->talkers->next == NULL;

        if (!talker->requested && talker_send_request(talker, false) != 0) {
            talker_failed(talker, LK_REASON_KEY_FAILED, LK_RETRIES_UNKNOWN);
            if (last)
                return;
            talker = ceremony->talkers;
        } else {
            talker = talker->next;
        }
    }
}

void lk_device_ceremony_key(struct lk_device_ceremony *ceremony, const struct lk_device_key *key,
                            int control)
{
    struct talker *talker = NULL;
    bool probe = ceremony->talkers != NULL || ceremony->last == LK_REASON_WRONG_KEY;
    bool first = ceremony->talkers == NULL;

    if (ceremony->chosen != NULL)
        ceremony->let_go = true;
    else
        talker = calloc(1, sizeof(*talker));
    if (talker == NULL) {
        close(control);
        return;
    }
    talker->ceremony = ceremony;
    talker->peer.frame = talker_frame;
    talker->peer.gone = talker_gone;
    talker->peer.context = talker;
    ceremony->key_seen = true;
    ceremony->insert_told = false;
    if (ceremony->last == LK_REASON_KEY_BUSY || ceremony->last == LK_REASON_KEY_REMOVED)
        ceremony->last = LK_REASON_NONE;
    (void)key;
    if (lk_peer_start(&talker->peer, ceremony->link->broker->loop, control) != 0) {
        free(talker);
        return;
    }
    talker->next = ceremony->talkers;
    ceremony->talkers = talker;
    if (ceremony->choose && !ceremony->selecting) {
        if (first)
            lk_loop_arm(ceremony->link->broker->loop, &ceremony->gather, LK_GATHER_MS);
        return;
    }
    if (talker_send_request(talker, probe) != 0)
        talker_failed(talker, LK_REASON_KEY_FAILED, LK_RETRIES_UNKNOWN);
}

/* ---- begin ---- */

/* Copies the credential ids behind the views. Sizes were bounded by whoever made the request. */
static int ceremony_copy_ids(struct lk_device_ceremony *ceremony)
{
    struct lk_device_ceremony_request *request = &ceremony->request;
    struct lk_view *ids =
        request->create ? request->create_request.exclude : request->assert_request.allow;
    uint32_t count = request->create ? request->create_request.exclude_count
                                     : request->assert_request.allow_count;
    struct lk_view rest;

    if (count > LK_ALLOW_MAX)
        return -LK_ERR_TOO_BIG;
    lk_buf_init(&ceremony->memory, LK_ALLOW_MAX * LK_CREDENTIAL_ID_MAX);
    for (uint32_t i = 0; i < count; i++)
        lk_buf_put_view(&ceremony->memory, ids[i]);
    if (lk_buf_error(&ceremony->memory) != 0)
        return lk_buf_error(&ceremony->memory);
    rest = lk_buf_view(&ceremony->memory);
    for (uint32_t i = 0; i < count; i++) {
        if (lk_view_get_view(&rest, ids[i].len, &ids[i]) != 0)
            return -LK_ERR_INTERNAL;
    }
    return 0;
}

enum lk_reason lk_device_ceremony_begin(struct lk_broker *broker,
                                        const struct lk_device_ceremony_request *request,
                                        const struct lk_device_ceremony_callbacks *callbacks,
                                        struct lk_device_ceremony **ret_ceremony)
{
    struct lk_device_link *link = broker->device;
    struct lk_device_ceremony *ceremony;

    /* Right after a start its hello may still be on the way: what is sent now waits for it in order. */
    if (link == NULL || link->gone)
        return LK_REASON_DEVICE_UNAVAILABLE;
    if (link->current != NULL)
        return LK_REASON_KEY_BUSY;
    ceremony = calloc(1, sizeof(*ceremony));
    if (ceremony == NULL)
        return LK_REASON_INTERNAL;
    ceremony->link = link;
    ceremony->request = *request;
    ceremony->callbacks = *callbacks;
    (void)snprintf(ceremony->owner, sizeof(ceremony->owner), "%s", request->owner);
    ceremony->request.owner = ceremony->owner;
    ceremony->timeout = (struct lk_timer){.fired = ceremony_late, .context = ceremony};
    ceremony->gather = (struct lk_timer){.fired = ceremony_gathered, .context = ceremony};
    ceremony->choose = request->create && (request->create_request.flags & LK_CEREMONY_UV) != 0;
    ceremony->deadline_ms = lk_clock_monotonic_ms(broker->clock) + request->timeout_ms;
    ceremony->number = ++link->last_ceremony;
    if (ceremony_copy_ids(ceremony) != 0 ||
        lk_device_start_encode(&link->peer.out, ceremony->number) != 0 ||
        lk_peer_flush(&link->peer) != 0) {
        ceremony_free(ceremony);
        return LK_REASON_INTERNAL;
    }
    link->current = ceremony;
    lk_loop_arm(broker->loop, &ceremony->timeout, request->timeout_ms);
    *ret_ceremony = ceremony;
    return LK_REASON_NONE;
}
