/* SPDX-License-Identifier: EUPL-1.2 */
/* Inside sso/issuer only: what is counted, how it is shown, and the line in the journal. */
#ifndef LK_SSO_ISSUER_COUNTERS_H
#define LK_SSO_ISSUER_COUNTERS_H

#include "message/sso.h"
#include "model/reason.h"

enum { LK_REASONS = 160 };

/* What a visit is for: its time is counted under this. */
enum lk_step {
    LK_STEP_AUTHORIZE,
    LK_STEP_ASSERT,
    LK_STEP_PASSWORD,
    LK_STEP_TOKEN,
    LK_STEP_USERINFO,
    LK_STEP_LOGOUT,
    LK_STEPS
};

struct lk_counters {
    uint64_t steps[LK_STEPS];
    uint64_t step_ms[LK_STEPS];
    uint64_t logins[LK_REASONS]; /* by reason; 0 = a code was given */
    uint64_t applications[3];    /* answers to TOKEN: 200, 4xx, 5xx */
    uint64_t logouts[5];         /* by enum lk_logout_outcome; 0 = handed to notify */
    uint64_t unproved_by
        [LK_REASONS]; /* refused before a signature verified, by reason: a label for each reason that is known, whatever is sent */
    uint64_t unproved; /* refused before a signature verified: not logged one by one */
    uint64_t unproved_told;
    int64_t told_ms;
};

/* What stands besides the counters, at the moment. */
struct lk_gauges {
    size_t visits, questions, waiting, workers, webs;
    bool broker, notify;
    const struct lk_gateway_waiting *queue; /* what the broker said last; NULL = nothing yet */
};

void lk_counters_step(struct lk_counters *counters, enum lk_step step, int64_t ms);
/* Prometheus exposition format 0.0.4. */
void lk_counters_print(const struct lk_counters *counters, const struct lk_gauges *gauges,
                       struct lk_buf *text);

struct lk_login_record {
    enum lk_reason reason;
    const char *client;
    const uint8_t *subject; /* NULL: no signature verified */
    const uint8_t *transaction;
    const char *remote;
    int64_t ms;
};
/* Counts, and writes one line of logfmt to stderr. What came of no key is counted and told once a minute: anybody can send garbage. */
void lk_counters_login(struct lk_counters *counters, const struct lk_login_record *record,
                       int64_t now_ms);
void lk_counters_tick(struct lk_counters *counters, int64_t now_ms);

#endif
