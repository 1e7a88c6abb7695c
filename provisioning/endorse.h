/* SPDX-License-Identifier: EUPL-1.2 */
/* Endorsing statements: shared by `endorse`, `enroll`, `resume` and `operator`. */
#ifndef LK_PROVISIONING_ENDORSE_H
#define LK_PROVISIONING_ENDORSE_H

#include "provisioning/cli.h"

/* Statements that were shown to the operator, by the digests of the bytes that were shown. */
struct lk_endorse_list {
    struct lk_digest *statements; /* owned */
    size_t count;
};
void lk_endorse_list_clear(struct lk_endorse_list *list);
/* Appends; 0 or an exit status. */
int lk_endorse_list_add(struct lk_cli *cli, struct lk_endorse_list *list,
                        const struct lk_digest *statement);
/* One touch of each operator given (--operator, default one), over all of them, in batches of LK_BATCH_MAX. *ret_active counts what became active,
 * *ret_short what still lacks operators. 0 or an exit status. */
int lk_cli_endorse(struct lk_cli *cli, const struct lk_endorse_list *list, uint64_t *ret_active,
                   uint64_t *ret_short);

#endif
