/* SPDX-License-Identifier: EUPL-1.2 */
/* What the broker tells its journal, what it does after a register change, and whether it may let anybody in at all. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "broker/bury.h"
#include "broker/challenge.h"
#include "broker/log/sink.h"
#include "broker/run.h"
#include "broker/visit.h"

enum {
    HEADS_MS = 60000,
    CLOCK_SLACK =
        120 /* seconds the clock may be behind the newest record: slewing and leap seconds, no step */
};

static void log_line(struct lk_broker *broker, enum lk_log_priority priority, const char *format,
                     va_list arguments) __attribute__((format(printf, 3, 0)));

static void log_line(struct lk_broker *broker, enum lk_log_priority priority, const char *format,
                     va_list arguments)
{
    char text[LK_LOG_LINE_MAX];
    char line[LK_LOG_LINE_MAX];

    (void)vsnprintf(text, sizeof(text), format, arguments);
    for (char *at = text; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = '?';
    }
    (void)snprintf(line, sizeof(line), "latchkeyd: %.*s", (int)sizeof(line) - 20, text);
    lk_log_sink_write(broker->sink, priority, line);
}

void lk_broker_log(struct lk_broker *broker, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    log_line(broker, LK_LOG_NOTICE, format, arguments);
    va_end(arguments);
}

void lk_broker_end(struct lk_broker *broker, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    log_line(broker, LK_LOG_ERROR, format, arguments);
    va_end(arguments);
    broker->exit_status = EXIT_FAILURE;
    lk_loop_stop(broker->loop);
}

/* ---- heads of register and log, each minute while anything is written ---- */

static void heads_fired(struct lk_timer *timer)
{
    struct lk_broker *broker = timer->context;
    struct lk_store_head head;
    char line[LK_LOG_LINE_MAX];

    if (broker->store == NULL || broker->store_ops->read_head(broker->store, &head) != 0)
        return;
    lk_log_heads_format(line, sizeof(line), &head);
    lk_log_sink_write(broker->sink, LK_LOG_INFO, line);
}

static void heads_later(struct lk_broker *broker)
{
    if (broker->heads.armed)
        return;
    broker->heads.fired = heads_fired;
    broker->heads.context = broker;
    lk_loop_arm(broker->loop, &broker->heads, HEADS_MS);
}

/* ---- after a commit ---- */

void lk_broker_recorded(struct lk_broker *broker, const struct lk_log_record *record,
                        uint64_t number)
{
    char line[LK_LOG_LINE_MAX];

    lk_log_record_format(line, sizeof(line), record, number);
    lk_log_sink_write(broker->sink, lk_log_record_priority(record), line);
    if (record->time > broker->clock_floor)
        broker->clock_floor = record->time;
    heads_later(broker);
}

struct queued_record {
    struct lk_change change;
    struct lk_broker *broker;
};

static void record_done(struct lk_change *change, void *context)
{
    struct queued_record *queued = context;

    if (change->error == 0 && change->reason == LK_REASON_NONE)
        lk_broker_recorded(queued->broker, &change->u.record, change->number);
    else
        lk_broker_log(
            queued->broker, "a log record for %u attempts was lost: %s", change->u.record.count,
            change->error != 0 ? lk_error_text(change->error) : lk_reason_name(change->reason));
    free(queued);
}

void lk_broker_record(struct lk_broker *broker, const struct lk_log_record *record)
{
    struct queued_record *queued = NULL;
    char line[LK_LOG_LINE_MAX];

    if (broker->store_thread != NULL)
        queued = calloc(1, sizeof(*queued));
    if (queued != NULL) {
        queued->broker = broker;
        queued->change.kind = LK_CHANGE_RECORD;
        queued->change.u.record = *record;
        queued->change.done = record_done;
        queued->change.context = queued;
        if (lk_store_thread_queue(broker->store_thread, &queued->change) == 0)
            return;
        free(queued);
    }
    /* Without a store the journal is all there is. */
    lk_log_record_format(line, sizeof(line), record, 0);
    lk_log_sink_write(broker->sink, lk_log_record_priority(record), line);
}

/* The mark may lag behind the register, so a failure here is no reason to take anything back: it is told, and the next change tries again. */
void lk_broker_acted_on(struct lk_broker *broker, const struct lk_change *change)
{
    uint64_t set_number = 0;
    struct lk_digest set_digest = {0};
    int error = 0;

    /* Acts of operators are rare: what is under way is judged from the store after each. */
    lk_visits_clear(broker->visits);
    if (broker->mark == NULL || change->number == 0)
        return;
    /* Their numbers are those of the login log: as a mark they would make every store look rolled back. */
    if (change->kind == LK_CHANGE_LOGIN || change->kind == LK_CHANGE_RECORD)
        return;
    lk_mark_get(broker->mark, NULL, NULL, &set_number, &set_digest);
    if (change->kind == LK_CHANGE_OPERATOR_SET) {
        set_number = change->u.set.number;
        error = lk_sha256(broker->crypto, &change->u.set.set, 1, set_digest.bytes);
    }
    if (error == 0)
        error = lk_broker_bury_change(broker, change);
    if (error == 0 && change->kind == LK_CHANGE_RESTORE) {
        /* A quorum took the restored store: from its newest entry, which records just that, it goes on. What was buried stays buried. */
        error = lk_mark_accept(broker->mark, change->number, &change->hash);
        /* Nonces used since that store was copied are not in it: what was challenged before is void. */
        if (error == 0)
            error = lk_challenge_keys_new_epoch(broker);
        if (error == 0) {
            broker->store_reason = LK_REASON_NONE;
            broker->store_text[0] = '\0';
        }
    } else if (error == 0) {
        error =
            lk_mark_advance(broker->mark, change->number, &change->hash, set_number, &set_digest);
    }
    if (error != 0)
        lk_broker_log(broker, "the mark does not follow the register: %s", lk_error_text(error));
    heads_later(broker);
}

enum lk_reason lk_broker_ready(struct lk_broker *broker)
{
    if (broker->store_reason != LK_REASON_NONE)
        return broker->store_reason;
    if (broker->store == NULL || broker->store_thread == NULL)
        return LK_REASON_STORE_UNAVAILABLE;
    if (broker->operators == NULL)
        return LK_REASON_OPERATOR_SET;
    if (lk_clock_now(broker->clock) < broker->clock_floor - CLOCK_SLACK)
        return LK_REASON_CLOCK;
    return LK_REASON_NONE;
}
