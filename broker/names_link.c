/* SPDX-License-Identifier: EUPL-1.2 */
/* The link to latchkey-names: many questions in flight, 2 s for each, answers kept for a minute. A late answer to a question that was given up
 * is dropped; an answer to none ends the link. */
#include "broker/names_link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/run.h"
#include "loop/peer.h"
#include "message/names.h"

struct lk_names_lookup {
    struct lk_names_link *link;
    uint32_t number;
    char name[65];
    struct lk_timer timer;
    void (*answered)(void *context, enum lk_reason reason, uid_t uid); /* NULL: given up */
    void *context;
    struct lk_names_lookup *next;
};

struct names_cached {
    char name[65];
    bool found;
    uid_t uid;
    int64_t until_ms;
};

struct lk_names_link {
    struct lk_broker *broker;
    struct lk_peer peer;
    bool up;
    bool gone;
    uint32_t last_number;
    size_t waiting;
    struct lk_names_lookup *lookups;
    struct names_cached cache[LK_NAMES_CACHE];
};

static void lookup_unlink(struct lk_names_lookup *lookup)
{
    struct lk_names_lookup **place = &lookup->link->lookups;

    while (*place != lookup)
        place = &(*place)->next;
    *place = lookup->next;
    lookup->link->waiting--;
    lk_loop_disarm(lookup->link->broker->loop, &lookup->timer);
}

static void lookup_end(struct lk_names_lookup *lookup, enum lk_reason reason, uid_t uid)
{
    lookup_unlink(lookup);
    if (lookup->answered != NULL)
        lookup->answered(lookup->context, reason, uid);
    free(lookup);
}

static void lookup_late(struct lk_timer *timer)
{
    struct lk_names_lookup *lookup = timer->context;

    /* Stays in the list without a caller, so that its late answer is recognised. */
    if (lookup->answered != NULL)
        lookup->answered(lookup->context, LK_REASON_NAMES_UNAVAILABLE, 0);
    lookup->answered = NULL;
}

void lk_names_cancel(struct lk_names_lookup *lookup)
{
    if (lookup != NULL)
        lookup->answered = NULL;
}

/* ---- cache ---- */

static struct names_cached *cache_find(struct lk_names_link *link, const char *name)
{
    int64_t now = lk_clock_monotonic_ms(link->broker->clock);

    for (size_t i = 0; i < LK_NAMES_CACHE; i++) {
        struct names_cached *cached = &link->cache[i];

        if (cached->until_ms > now && strcmp(cached->name, name) == 0)
            return cached;
    }
    return NULL;
}

static void cache_put(struct lk_names_link *link, const char *name, bool found, uid_t uid)
{
    struct names_cached *oldest = &link->cache[0];

    for (size_t i = 1; i < LK_NAMES_CACHE; i++) {
        if (link->cache[i].until_ms < oldest->until_ms)
            oldest = &link->cache[i];
    }
    (void)snprintf(oldest->name, sizeof(oldest->name), "%s", name);
    oldest->found = found;
    oldest->uid = uid;
    oldest->until_ms = lk_clock_monotonic_ms(link->broker->clock) + LK_NAMES_CACHE_MS;
}

/* ---- messages ---- */

static int names_hello(struct lk_names_link *link, const struct lk_frame *frame)
{
    struct lk_hello hello;
    uint16_t version;
    int error;

    if (link->up)
        return -LK_ERR_UNEXPECTED;
    error = lk_hello_decode(frame->payload, &hello);
    if (error == 0 && hello.role != LK_SOCKET_NAMES)
        error = -LK_ERR_UNEXPECTED;
    if (error == 0)
        error = lk_hello_agree(&hello, &version);
    if (error == 0)
        link->up = true;
    return error;
}

static int names_frame(struct lk_peer *peer, const struct lk_frame *frame)
{
    struct lk_names_link *link = peer->context;
    struct lk_names_lookup *lookup = link->lookups;
    struct lk_name_result result;
    int error;

    if (frame->type == LK_MESSAGE_HELLO)
        return names_hello(link, frame);
    if (!link->up || frame->type != LK_MESSAGE_NAME_RESULT)
        return -LK_ERR_UNEXPECTED;
    error = lk_name_result_decode(frame->payload, &result);
    if (error != 0)
        return error;
    while (lookup != NULL && lookup->number != frame->request)
        lookup = lookup->next;
    if (lookup == NULL)
        return -LK_ERR_UNEXPECTED;
    if (result.status == LK_NAME_FAILED) {
        lookup_end(lookup, LK_REASON_NAMES_UNAVAILABLE, 0);
        return 0;
    }
    cache_put(link, lookup->name, result.status == LK_NAME_FOUND, (uid_t)result.uid);
    lookup_end(lookup, result.status == LK_NAME_FOUND ? LK_REASON_NONE : LK_REASON_UNKNOWN_AGENT,
               (uid_t)result.uid);
    return 0;
}

static void names_drop_all(struct lk_names_link *link)
{
    struct lk_names_lookup *lookup = link->lookups;

    link->lookups = NULL;
    link->waiting = 0;
    while (lookup != NULL) {
        struct lk_names_lookup *next = lookup->next;

        lk_loop_disarm(link->broker->loop, &lookup->timer);
        if (lookup->answered != NULL)
            lookup->answered(lookup->context, LK_REASON_NAMES_UNAVAILABLE, 0);
        free(lookup);
        lookup = next;
    }
}

static void names_gone(struct lk_peer *peer, int error)
{
    struct lk_names_link *link = peer->context;

    link->gone = true;
    names_drop_all(link);
    lk_broker_end(link->broker, "the names process is gone: %s", lk_error_text(error));
}

int lk_names_link_start(struct lk_broker *broker, int fd, struct lk_names_link **ret_link)
{
    struct lk_hello hello = {.lowest = LK_PROTOCOL_VERSION_PREVIOUS,
                             .highest = LK_PROTOCOL_VERSION,
                             .role = LK_SOCKET_NAMES};
    struct lk_names_link *link = calloc(1, sizeof(*link));
    int error;

    if (link == NULL) {
        close(fd);
        return -LK_ERR_NOMEM;
    }
    link->broker = broker;
    link->peer.frame = names_frame;
    link->peer.gone = names_gone;
    link->peer.context = link;
    error = lk_peer_start(&link->peer, broker->loop, fd);
    if (error == 0)
        error = lk_hello_encode(&link->peer.out, &hello);
    if (error == 0)
        error = lk_peer_flush(&link->peer);
    if (error != 0) {
        lk_peer_stop(&link->peer);
        free(link);
        return error;
    }
    *ret_link = link;
    return 0;
}

struct lk_names_link *lk_names_link_stop(struct lk_names_link *link)
{
    if (link == NULL)
        return NULL;
    names_drop_all(link);
    lk_peer_stop(&link->peer);
    free(link);
    return NULL;
}

/* ---- asking ---- */

static int names_send(struct lk_names_link *link, const struct lk_names_lookup *lookup)
{
    struct lk_name_lookup question;
    int error;

    (void)snprintf(question.name, sizeof(question.name), "%s", lookup->name);
    error = lk_name_lookup_encode(&link->peer.out, lookup->number, &question);
    return error != 0 ? error : lk_peer_flush(&link->peer);
}

void lk_names_ask(struct lk_broker *broker, const char *name,
                  void (*answered)(void *context, enum lk_reason reason, uid_t uid), void *context,
                  struct lk_names_lookup **ret_lookup)
{
    struct lk_names_link *link = broker->names;
    const struct names_cached *cached;
    struct lk_names_lookup *lookup;

    *ret_lookup = NULL;
    if (link == NULL || link->gone || link->waiting >= LK_NAMES_WAITING) {
        answered(context, LK_REASON_NAMES_UNAVAILABLE, 0);
        return;
    }
    cached = cache_find(link, name);
    if (cached != NULL) {
        answered(context, cached->found ? LK_REASON_NONE : LK_REASON_UNKNOWN_AGENT, cached->uid);
        return;
    }
    lookup = calloc(1, sizeof(*lookup));
    if (lookup == NULL) {
        answered(context, LK_REASON_INTERNAL, 0);
        return;
    }
    lookup->link = link;
    lookup->number = ++link->last_number;
    lookup->timer = (struct lk_timer){.fired = lookup_late, .context = lookup};
    (void)snprintf(lookup->name, sizeof(lookup->name), "%s", name);
    if (names_send(link, lookup) != 0) {
        free(lookup);
        answered(context, LK_REASON_NAMES_UNAVAILABLE, 0);
        return;
    }
    lookup->answered = answered;
    lookup->context = context;
    lookup->next = link->lookups;
    link->lookups = lookup;
    link->waiting++;
    lk_loop_arm(broker->loop, &lookup->timer, LK_NAMES_WAIT_MS);
    *ret_lookup = lookup;
}
