/* SPDX-License-Identifier: EUPL-1.2 */
/* What one caller may take: places, ceremonies, attempts, lines in the journal. All in memory, all bounded.
 *
 * Until a signature has verified nothing is counted against an agent (design rule 6): the source pays. For callers that are not uid 0 the source is
 * the uid (they could make up the rest); for uid 0, which speaks for the person in front of it, it is terminal and remote host. */
#ifndef LK_BROKER_LIMITS_H
#define LK_BROKER_LIMITS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/clock.h"
#include "base/error.h"
#include "model/reason.h"

enum {
    LK_LIMITS_UID_CONNECTIONS = 8, /* on the host socket, for a uid that is not 0 */
    LK_LIMITS_ROOT_PLACES = 32,    /* of all connections, kept for uid 0 */
    LK_LIMITS_SOURCES = 4096       /* buckets; the longest unused is forgotten */
};

struct lk_limits;

struct lk_source {
    uid_t uid;
    char place[325]; /* terminal and remote host for uid 0, else "" */
};

/* connections: how many in all; attempts: per minute and source. -LK_ERR_NOMEM. */
LK_MUST_USE int lk_limits_new(const struct lk_clock *clock, uint32_t connections, uint32_t attempts,
                              struct lk_limits **ret_limits);
struct lk_limits *lk_limits_free(struct lk_limits *limits);
void lk_limits_set_attempts(struct lk_limits *limits, uint32_t attempts);

/* Host socket: a place for this uid? What was granted is given back with disconnect. */
LK_MUST_USE bool lk_limits_connect(struct lk_limits *limits, uid_t uid);
void lk_limits_disconnect(struct lk_limits *limits, uid_t uid);
/* One running ceremony a uid. uid 0 is every PAM host of the machine: there the key itself is the limit. */
LK_MUST_USE bool lk_limits_ceremony_begin(struct lk_limits *limits, uid_t uid);
void lk_limits_ceremony_end(struct lk_limits *limits, uid_t uid);

void lk_source_set(struct lk_source *source, uid_t uid, const char *tty, const char *remote_host);
/* Takes one attempt from the bucket of this source; false = it is empty. A login that succeeds gives it back. */
LK_MUST_USE bool lk_limits_take(struct lk_limits *limits, const struct lk_source *source);
void lk_limits_give_back(struct lk_limits *limits, const struct lk_source *source);

/* At most ten lines a minute about what peers do wrong. */
LK_MUST_USE bool lk_limits_may_log(struct lk_limits *limits);

#endif
