/* SPDX-License-Identifier: EUPL-1.2 */
/* The login log: one record per decision, chained per broker (docs/PROTOCOL.md 4.13).
 *
 * A record holds subject and credential digest and nothing that names a person; login name, service and address lie beside it in the
 * store and can be erased without touching the chain (design rule 10). */
#ifndef LK_BROKER_LOG_RECORD_H
#define LK_BROKER_LOG_RECORD_H

#include "broker/store/store.h"

enum { LK_LOG_RECORD_MAX = 512 };

/* A record with its place in the chain. name, service and remote_host of `record` are not part of the bytes. */
struct lk_log_entry {
    uint64_t number;           /* from 1, without gap, per broker */
    struct lk_digest previous; /* SHA-256 of record number - 1; zero for 1 */
    struct lk_subject broker;
    struct lk_log_record record;
};

/* Appends the bytes. -LK_ERR_RANGE for values that the decoder would refuse, -LK_ERR_TOO_BIG, -LK_ERR_NOMEM. */
LK_MUST_USE int lk_log_entry_encode(struct lk_buf *buf, const struct lk_log_entry *entry);
/* The errors of every decoder of wire.h. name, service and remote_host come out empty. */
LK_MUST_USE int lk_log_entry_decode(struct lk_view bytes, struct lk_log_entry *ret_entry);
/* SHA-256 of the bytes: what the next record names as previous. */
LK_MUST_USE int lk_log_entry_hash(const struct lk_crypto *crypto, struct lk_view bytes,
                                  struct lk_digest *ret_hash);
/* Does the record at these bytes hash to `hash` and follow `previous` (NULL: no predecessor is known here, only number and own hash are
 * checked)? NONE, or REGISTER if the chain is broken. */
LK_MUST_USE int lk_log_link_verify(const struct lk_crypto *crypto,
                                   const struct lk_log_entry *previous,
                                   const struct lk_digest *previous_hash, struct lk_view bytes,
                                   const struct lk_digest *hash, struct lk_log_entry *ret_entry,
                                   enum lk_reason *ret_reason);

#endif
