/* SPDX-License-Identifier: EUPL-1.2 */
/* Which uid has this login name? Asked of latchkey-names, because the broker itself never calls NSS. */
#ifndef LK_BROKER_NAMES_LINK_H
#define LK_BROKER_NAMES_LINK_H

#include "broker/broker.h"

enum {
    LK_NAMES_WAIT_MS = 2000,
    LK_NAMES_CACHE_MS = 60000,
    LK_NAMES_CACHE = 256,
    LK_NAMES_WAITING = 1024
};

struct lk_names_link;
struct lk_names_lookup;

/* fd: stream to the names process, owned from now on. Says hello. */
LK_MUST_USE int lk_names_link_start(struct lk_broker *broker, int fd,
                                    struct lk_names_link **ret_link);
/* Lookups that wait are answered NAMES_UNAVAILABLE. Accepts NULL, returns NULL. */
struct lk_names_link *lk_names_link_stop(struct lk_names_link *link);

/* answered is called once, possibly before this returns (then *ret_lookup is NULL): NONE and the uid; UNKNOWN_AGENT if nobody has the name; NAMES_UNAVAILABLE.
 * Found and absent are kept for a minute. */
void lk_names_ask(struct lk_broker *broker, const char *name,
                  void (*answered)(void *context, enum lk_reason reason, uid_t uid), void *context,
                  struct lk_names_lookup **ret_lookup);
/* The answer is not wanted any more: answered is not called. Accepts NULL. */
void lk_names_cancel(struct lk_names_lookup *lookup);

#endif
