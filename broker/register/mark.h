/* SPDX-License-Identifier: EUPL-1.2 */
/* The mark: what this broker has acted on, kept outside the store, so that a store put back from yesterday is noticed.
 *
 * File `mark` in the state folder (canonical CBOR, docs/PROTOCOL.md 4.10; replaced atomically) and `mark.revoked` (append-only digests of statements seen revoked, 32 bytes each,
 * a torn last record is dropped). Written after the commit: it may lag, never lead. */
#ifndef LK_BROKER_REGISTER_MARK_H
#define LK_BROKER_REGISTER_MARK_H

#include "broker/store/store.h"

struct lk_mark;

/* Reads or, if neither file is there and the register is empty, begins one. Broken file: -LK_ERR_CORRUPT. */
LK_MUST_USE int lk_mark_open(const char *folder, const struct lk_crypto *crypto, struct lk_mark **ret_mark);
struct lk_mark *lk_mark_close(struct lk_mark *mark);
/* After a commit: moves forward to this entry (a lower number is ignored); durable when it returns. */
LK_MUST_USE int lk_mark_advance(struct lk_mark *mark, uint64_t number, const struct lk_digest *hash, uint64_t set_number, const struct lk_digest *set_digest);
LK_MUST_USE int lk_mark_add_revoked(struct lk_mark *mark, const struct lk_digest *statement);
bool lk_mark_is_revoked(const struct lk_mark *mark, const struct lk_digest *statement);
void lk_mark_get(const struct lk_mark *mark, uint64_t *ret_number, struct lk_digest *ret_hash, uint64_t *ret_set_number, struct lk_digest *ret_set_digest);
/* Accepts a restored store: sets number and hash back; digests seen revoked stay. The caller has verified the quorum. */
LK_MUST_USE int lk_mark_accept(struct lk_mark *mark, uint64_t number, const struct lk_digest *hash);

#endif
