/* SPDX-License-Identifier: EUPL-1.2 */
/* Counting and telling. A line names the agent by subject, not by name, and holds nothing that opens anything. */
#include "sso/issuer/counters.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TELL_MS = 60000 };

static const char *const step_names[LK_STEPS] = {"authorize", "assert",   "password",
                                                 "token",     "userinfo", "logout"};

void lk_counters_step(struct lk_counters *counters, enum lk_step step, int64_t ms)
{
    counters->steps[step]++;
    counters->step_ms[step] += ms > 0 ? (uint64_t)ms : 0;
}

__attribute__((format(printf, 2, 3))) static void put(struct lk_buf *text, const char *format, ...)
{
    char line[256];
    va_list arguments;
    int len;

    va_start(arguments, format);
    len = vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    if (len > 0 && (size_t)len < sizeof(line))
        lk_buf_put_bytes(text, line, (size_t)len);
}

static void put_head(struct lk_buf *text, const char *name, const char *type, const char *help)
{
    put(text, "# HELP latchkey_sso_%s %s\n# TYPE latchkey_sso_%s %s\n", name, help, name, type);
}

static void put_gauge(struct lk_buf *text, const char *name, const char *help, size_t value)
{
    put_head(text, name, "gauge", help);
    put(text, "latchkey_sso_%s %zu\n", name, value);
}

static void put_logins(const struct lk_counters *counters, struct lk_buf *text)
{
    put_head(text, "logins_total", "counter", "Logins by outcome.");
    for (uint32_t i = 0; i < LK_REASONS; i++) {
        if (lk_reason_known(i) && (i == LK_REASON_NONE || counters->logins[i] > 0))
            put(text, "latchkey_sso_logins_total{outcome=\"%s\"} %" PRIu64 "\n",
                lk_reason_name((enum lk_reason)i), counters->logins[i]);
    }
}

/* They stand in logins_total as well; apart, a storm of garbage is told from people who fail. */
static void put_unproved(const struct lk_counters *counters, struct lk_buf *text)
{
    put_head(text, "unproved_total", "counter",
             "Refused logins in which no signature of a known key verified, by reason.");
    for (uint32_t i = 0; i < LK_REASONS; i++) {
        if (lk_reason_known(i) && i != LK_REASON_NONE && counters->unproved_by[i] > 0)
            put(text, "latchkey_sso_unproved_total{reason=\"%s\"} %" PRIu64 "\n",
                lk_reason_name((enum lk_reason)i), counters->unproved_by[i]);
    }
}

void lk_counters_print(const struct lk_counters *counters, const struct lk_gauges *gauges,
                       struct lk_buf *text)
{
    static const char *const answers[] = {"2xx", "4xx", "5xx"};
    static const char *const logouts[] = {"sent", "failed", "acknowledged", "confirmed", "nobody"};

    put_logins(counters, text);
    put_unproved(counters, text);
    put_head(text, "requests_total", "counter", "Answered requests by kind.");
    for (size_t i = 0; i < LK_STEPS; i++)
        put(text, "latchkey_sso_requests_total{kind=\"%s\"} %" PRIu64 "\n", step_names[i],
            counters->steps[i]);
    put_head(text, "request_seconds_total", "counter", "Time until the answer, by kind.");
    for (size_t i = 0; i < LK_STEPS; i++)
        put(text, "latchkey_sso_request_seconds_total{kind=\"%s\"} %" PRIu64 ".%03" PRIu64 "\n",
            step_names[i], counters->step_ms[i] / 1000, counters->step_ms[i] % 1000);
    put_head(text, "token_answers_total", "counter", "Answers of the token endpoint.");
    for (size_t i = 0; i < 3; i++)
        put(text, "latchkey_sso_token_answers_total{status=\"%s\"} %" PRIu64 "\n", answers[i],
            counters->applications[i]);
    put_head(text, "logouts_total", "counter", "Logout tokens by outcome.");
    for (size_t i = 0; i < 5; i++)
        put(text, "latchkey_sso_logouts_total{outcome=\"%s\"} %" PRIu64 "\n", logouts[i],
            counters->logouts[i]);
    put_gauge(text, "pending", "Requests under way.", gauges->visits);
    put_gauge(text, "broker_questions", "Questions open at the broker.", gauges->questions);
    put_gauge(text, "attempts_waiting", "Attempts that wait for a worker.", gauges->waiting);
    put_gauge(text, "workers", "Workers connected.", gauges->workers);
    put_gauge(text, "webs", "Web processes connected.", gauges->webs);
    put_gauge(text, "broker_up", "Whether the broker is connected.", gauges->broker);
    put_gauge(text, "notify_up", "Whether the notify process is connected.", gauges->notify);
    if (gauges->queue == NULL)
        return;
    put_gauge(text, "logouts_waiting", "Ended sessions of which a client has yet to hear.",
              gauges->queue->logouts);
    put_gauge(text, "oldest_logout_seconds", "How long the oldest of them waits.",
              gauges->queue->oldest);
    put_gauge(text, "logouts_undeliverable", "Ended sessions of clients that cannot be told.",
              gauges->queue->undeliverable);
    put_gauge(text, "broker_reload_refused",
              "Whether the broker refused its last reload (configuration or tables).",
              gauges->queue->flags & LK_WAITING_RELOAD_REFUSED);
}

void lk_counters_login(struct lk_counters *counters, const struct lk_login_record *record,
                       int64_t now_ms)
{
    char subject[33];
    char transaction[2 * LK_TRANSACTION_SIZE + 1];
    uint32_t number = (uint32_t)record->reason;

    counters->logins[number < LK_REASONS ? number : (uint32_t)LK_REASON_INTERNAL]++;
    if (record->subject == NULL) {
        counters->unproved_by[number < LK_REASONS ? number : (uint32_t)LK_REASON_INTERNAL]++;
        counters->unproved++;
        lk_counters_tick(counters, now_ms);
        return;
    }
    lk_hex(subject, sizeof(subject), record->subject, 16);
    lk_hex(transaction, sizeof(transaction), record->transaction, LK_TRANSACTION_SIZE);
    (void)fprintf(stderr,
                  "event=login outcome=%s reason=%s client=%s subject=%s transaction=%s remote=%s "
                  "ms=%" PRId64 "\n",
                  record->reason == LK_REASON_NONE ? "allowed" : "refused",
                  lk_reason_name(record->reason), record->client, subject, transaction,
                  record->remote[0] != '\0' ? record->remote : "-", record->ms);
}

void lk_counters_tick(struct lk_counters *counters, int64_t now_ms)
{
    uint64_t count = counters->unproved - counters->unproved_told;

    if (count == 0 || (counters->told_ms != 0 && now_ms - counters->told_ms < TELL_MS))
        return;
    counters->told_ms = now_ms;
    counters->unproved_told = counters->unproved;
    (void)fprintf(stderr, "event=login outcome=unproved count=%" PRIu64 "\n", count);
}
