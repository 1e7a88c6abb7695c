/* SPDX-License-Identifier: EUPL-1.2 */
/* One slot a source; the slots are written out each minute while there are any, and when they are full. */
#include "broker/gather.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/run.h"

enum { GATHER_SLOTS = 256, GATHER_MS = 60000 };

struct gather_slot {
    struct lk_source source;
    struct lk_log_record record;
};

struct lk_gather {
    struct lk_broker *broker;
    struct lk_timer timer;
    size_t count;
    struct gather_slot slots[GATHER_SLOTS];
};

static void gather_fired(struct lk_timer *timer)
{
    lk_gather_flush(timer->context);
}

int lk_gather_new(struct lk_broker *broker, struct lk_gather **ret_gather)
{
    struct lk_gather *gather = calloc(1, sizeof(*gather));

    if (gather == NULL)
        return -LK_ERR_NOMEM;
    gather->broker = broker;
    gather->timer = (struct lk_timer){.fired = gather_fired, .context = gather};
    *ret_gather = gather;
    return 0;
}

struct lk_gather *lk_gather_free(struct lk_gather *gather)
{
    if (gather == NULL)
        return NULL;
    lk_gather_flush(gather);
    free(gather);
    return NULL;
}

void lk_gather_flush(struct lk_gather *gather)
{
    lk_loop_disarm(gather->broker->loop, &gather->timer);
    for (size_t i = 0; i < gather->count; i++)
        lk_broker_record(gather->broker, &gather->slots[i].record);
    gather->count = 0;
}

static struct gather_slot *gather_slot(struct lk_gather *gather, const struct lk_source *source,
                                       enum lk_kind kind)
{
    struct gather_slot *slot;

    for (size_t i = 0; i < gather->count; i++) {
        slot = &gather->slots[i];
        if (slot->source.uid == source->uid && slot->record.kind == kind &&
            strcmp(slot->source.place, source->place) == 0)
            return slot;
    }
    if (gather->count == GATHER_SLOTS)
        lk_gather_flush(gather);
    slot = &gather->slots[gather->count++];
    memset(slot, 0, sizeof(*slot));
    slot->source = *source;
    slot->record.kind = kind;
    return slot;
}

void lk_gather_add(struct lk_gather *gather, const struct lk_source *source, enum lk_kind kind,
                   enum lk_reason reason, const char *service, const char *remote_host)
{
    struct gather_slot *slot = gather_slot(gather, source, kind);
    struct lk_log_record *record = &slot->record;

    record->time = lk_clock_now(gather->broker->clock);
    record->reason = reason;
    if (record->count < UINT32_MAX)
        record->count++;
    (void)snprintf(record->service, sizeof(record->service), "%s", service);
    (void)snprintf(record->remote_host, sizeof(record->remote_host), "%s", remote_host);
    if (!gather->timer.armed)
        lk_loop_arm(gather->broker->loop, &gather->timer, GATHER_MS);
}
