/* SPDX-License-Identifier: EUPL-1.2 */
/* Attempts without a verified signature: nothing is written for each; one record a minute and source tells how many there were. */
#ifndef LK_BROKER_GATHER_H
#define LK_BROKER_GATHER_H

#include "broker/broker.h"
#include "broker/limits.h"

struct lk_gather;

LK_MUST_USE int lk_gather_new(struct lk_broker *broker, struct lk_gather **ret_gather);
/* Writes what is gathered, then frees. Accepts NULL, returns NULL. */
struct lk_gather *lk_gather_free(struct lk_gather *gather);
/* Counts one attempt. The record will carry the newest reason and service, and no login name: what was typed there may be a password. */
void lk_gather_add(struct lk_gather *gather, const struct lk_source *source, enum lk_kind kind,
                   enum lk_reason reason, const char *service, const char *remote_host);
/* Queues the records of all sources now. */
void lk_gather_flush(struct lk_gather *gather);

#endif
