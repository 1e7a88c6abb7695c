/* SPDX-License-Identifier: EUPL-1.2 */
/* Verdicts about endorsements, by SHA-256 of (endorsement record bytes, digest of the operator set): bounded, least recently used goes first.
 *
 * Kept are the verdict on the signature and whether the register entry that the endorsement names was found: both never change for
 * the same bytes. Everything that does change (state, times, policy, quorum) is judged each time. */
#ifndef LK_BROKER_ENDORSEMENT_CACHE_H
#define LK_BROKER_ENDORSEMENT_CACHE_H

#include "broker/broker.h"

struct lk_endorsement_cached {
    enum lk_reason reason;
    bool named; /* its register entry exists with that hash */
};

/* entries from 1 to LK_BROKER_SUBJECT_CACHE. */
LK_MUST_USE int lk_endorsement_cache_new(uint32_t entries, struct lk_endorsement_cache **ret_cache);
struct lk_endorsement_cache *lk_endorsement_cache_free(struct lk_endorsement_cache *cache);
/* NULL if it is not there. The pointer is valid until the next call. */
struct lk_endorsement_cached *lk_endorsement_cache_find(struct lk_endorsement_cache *cache,
                                                        const struct lk_digest *key);
struct lk_endorsement_cached *lk_endorsement_cache_put(struct lk_endorsement_cache *cache,
                                                       const struct lk_digest *key,
                                                       enum lk_reason reason);
size_t lk_endorsement_cache_count(const struct lk_endorsement_cache *cache);

#endif
