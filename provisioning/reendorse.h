/* SPDX-License-Identifier: EUPL-1.2 */
/* Statements that another operator set would leave short of their quorum, and the touches that mend it before that set is signed. */
#ifndef LK_PROVISIONING_REENDORSE_H
#define LK_PROVISIONING_REENDORSE_H

#include "provisioning/cli.h"

struct lk_short {
    struct lk_digest statement;
    uint64_t counted; /* bit i: operator i of the set judged has endorsed it */
};
struct lk_shortage {
    size_t count;
    struct lk_short *items; /* owned */
};
/* Active statements whose endorsements do not reach the quorum of this set; each is shown unless --json. 0 or an exit status. */
int lk_cli_shortage(struct lk_cli *cli, const struct lk_operator_set *set,
                    struct lk_shortage *ret_shortage);
void lk_cli_shortage_clear(struct lk_shortage *shortage);

/* One signed batch, ready to be sent. */
struct lk_batch_record {
    struct lk_buf record;
    size_t count;
    struct lk_digest *statements; /* owned */
};
struct lk_mending {
    size_t count;
    struct lk_batch_record *batches; /* owned */
};
/* The touch of this operator of the set over everything in the shortage that he has not endorsed yet (in batches of LK_BATCH_MAX); the shortage then
 * counts him. Nothing is sent. 0 or an exit status. */
int lk_cli_mend_sign(struct lk_cli *cli, const struct lk_operator_set *set,
                     const struct lk_operator *by, struct lk_shortage *shortage,
                     struct lk_mending *mending);
/* Is anything short now? */
bool lk_cli_shortage_open(const struct lk_operator_set *set, const struct lk_shortage *shortage);
/* Would this operator's touch help? */
bool lk_cli_shortage_helps(const struct lk_operator_set *set, const struct lk_operator *by,
                           const struct lk_shortage *shortage);
/* Sends what was signed, in order. 0 or an exit status. */
int lk_cli_mend_send(struct lk_cli *cli, const struct lk_mending *mending);
void lk_cli_mending_clear(struct lk_mending *mending);

/* An active credential whose only want is operators of the current set: it may be endorsed anew. */
bool lk_cli_is_short(const struct lk_desk_credential *credential);

#endif
