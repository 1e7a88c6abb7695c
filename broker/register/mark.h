/* SPDX-License-Identifier: EUPL-1.2 */
/* The mark: what this broker has acted on, kept outside the store, so that a store put back from yesterday is noticed.
 *
 * File `mark` in the state folder (canonical CBOR, docs/PROTOCOL.md 4.14; replaced atomically) and `mark.revoked` (append-only digests of statements seen revoked, 32 bytes each,
 * a torn last record is dropped). Written after the commit: it may lag, never lead. */
#ifndef LK_BROKER_REGISTER_MARK_H
#define LK_BROKER_REGISTER_MARK_H

#include "broker/store/store.h"

struct lk_mark;

/* Reads both files; if neither is there, the mark is fresh: not on the disk until lk_mark_begin, the first advance or an accept. A broken file, one of
 * the two without the other, or fewer revoked digests than the mark counts: -LK_ERR_CORRUPT. Owner and mode are judged: -LK_ERR_OWNER, -LK_ERR_MODE, -LK_ERR_LINK. */
LK_MUST_USE int lk_mark_open(const char *folder, const struct lk_crypto *crypto,
                             struct lk_mark **ret_mark);
/* True while no mark is on the disk. With a register that is not empty this means that the mark was lost: refused like any store that does not extend it. */
bool lk_mark_is_fresh(const struct lk_mark *mark);
/* Puts a fresh mark on the disk; nothing to do for another. lk_register_check does it when the register is empty. */
LK_MUST_USE int lk_mark_begin(struct lk_mark *mark);
struct lk_mark *lk_mark_close(struct lk_mark *mark);
/* After a commit: moves forward to this entry (a lower number is ignored); durable when it returns. */
LK_MUST_USE int lk_mark_advance(struct lk_mark *mark, uint64_t number, const struct lk_digest *hash,
                                uint64_t set_number, const struct lk_digest *set_digest);
LK_MUST_USE int lk_mark_add_revoked(struct lk_mark *mark, const struct lk_digest *statement);
bool lk_mark_is_revoked(const struct lk_mark *mark, const struct lk_digest *statement);
/* Each of the four may be NULL. */
void lk_mark_get(const struct lk_mark *mark, uint64_t *ret_number, struct lk_digest *ret_hash,
                 uint64_t *ret_set_number, struct lk_digest *ret_set_digest);
/* Accepts a restored store: sets number and hash back; digests seen revoked stay. The caller has verified the quorum. */
LK_MUST_USE int lk_mark_accept(struct lk_mark *mark, uint64_t number, const struct lk_digest *hash);

#endif
