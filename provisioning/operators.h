/* SPDX-License-Identifier: EUPL-1.2 */
/* Making, signing and installing operator sets: shared by `init` and `operator`. */
#ifndef LK_PROVISIONING_OPERATORS_H
#define LK_PROVISIONING_OPERATORS_H

#include "config/config.h"
#include "provisioning/cli.h"
#include "trust/trust.h"

/* Enrols one key for this operator (its id and name are set) and appends it. 0 or an exit status, after saying what is wrong. */
int lk_cli_operator_key(struct lk_cli *cli, const char *organisation, struct lk_operator *by);
/* A copy with its own operators array that has room for one more. NULL: no memory. The caller frees it with lk_operator_set_free. */
struct lk_operator_set *lk_cli_set_copy(const struct lk_operator_set *set);
/* Sorts operators and keys and sets the quorums: 2 where two or more operators hold the role, else 1 (suspend and revoke: always 1). */
void lk_cli_set_finish(struct lk_operator_set *set);
/* Collects the quorum's touches of the set in force (`signing`; for set 1 the set itself) over the new set, appends both to the chain, and shows the digest. */
int lk_cli_set_sign(struct lk_cli *cli, const struct lk_operator_set *signing,
                    const struct lk_operator_set *fresh, struct lk_view old_chain,
                    struct lk_buf *ret_chain, struct lk_digest *ret_digest);
/* Writes the chain where the broker reads it and has it read. */
int lk_cli_set_install(struct lk_cli *cli, const struct lk_config *config, struct lk_view chain);
/* Reads the configuration, saying what is wrong. */
int lk_cli_config(struct lk_cli *cli, struct lk_config *ret_config);
/* Tables, anchors and policy about models that the configuration names; freed with lk_trust_free. 0 or an exit status, after saying what is wrong. */
int lk_cli_trust(struct lk_cli *cli, const struct lk_config *config, struct lk_trust **ret_trust);

/* Both, for a command that needs tables: that there are none is said, too. */
int lk_cli_tables(struct lk_cli *cli, struct lk_config *ret_config, struct lk_trust **ret_trust);

#endif
