/* SPDX-License-Identifier: EUPL-1.2 */
/* Register: decides whether store, register and mark fit together. */
#ifndef LK_BROKER_REGISTER_REGISTER_H
#define LK_BROKER_REGISTER_REGISTER_H

#include "broker/register/mark.h"
#include "broker/store/store.h"

struct lk_register_report {
    uint64_t entries;
    uint64_t bad_number; /* first entry that fails, 0 = none */
    enum lk_reason
        reason; /* NONE, REGISTER, STORE_ROLLED_BACK, UNLOGGED, ENDORSEMENT, OPERATOR_SET */
    char text[257];
};
/* At start and for `register verify`: the whole chain from 1 (numbers, hashes, previous), the store extends the mark, every recorded object has the digest its
 * entry names, detail digests match, no credential stands lower than its last change of state; full = also every endorsement's signature, root and register entry. An
 * endorsement by an operator whom the set no longer knows is history, not a fault. Begins a fresh mark if the register is empty. mark and set may be NULL. */
LK_MUST_USE int lk_register_check(const struct lk_store_ops *ops, struct lk_store *store,
                                  struct lk_mark *mark, const struct lk_crypto *crypto,
                                  const struct lk_operator_set *set, bool full,
                                  struct lk_register_report *ret_report);
/* The same from the mark on: what came before was checked when the mark was set, and each login checks the entries of its own row. Fast whatever the size: for the start. */
LK_MUST_USE int lk_register_check_tail(const struct lk_store_ops *ops, struct lk_store *store,
                                       struct lk_mark *mark, const struct lk_crypto *crypto,
                                       const struct lk_operator_set *set,
                                       struct lk_register_report *ret_report);
/* Does this row's register entry stand behind it? NONE or UNLOGGED: entry present, its bytes hash to its hash column, kind, object and detail fit the row, the next entry links to it. */
LK_MUST_USE int lk_register_row_check(const struct lk_crypto *crypto,
                                      const struct lk_store_row *row, enum lk_reason *ret_reason);

#endif
