/* SPDX-License-Identifier: EUPL-1.2 */
/* Which security keys the organisation trusts, ready for use: firmware tables, the policy about models and the pinned anchors, loaded together from what the configuration names.
 * One for the broker and one for each command of the desk. Read-only once it is loaded. */
#ifndef LK_TRUST_TRUST_H
#define LK_TRUST_TRUST_H

#include "config/config.h"
#include "crypto/anchors.h"
#include "policy/key.h"

enum { LK_TRUST_MESSAGE_SIZE = 512 };

struct lk_trust {
    struct lk_tables *tables; /* NULL: [models] tables is empty, and keys are not judged by model */
    struct lk_anchors
        *anchors; /* of the tables and of attestation_roots; empty where there are none */
    struct lk_key_policy policy;
    /* What policy points to. */
    struct lk_models_rule *rules[3];
    char **administrators;
};

/* Reads tables, certificates and policy. crypto must outlive it. On failure nothing is left, and ret_message says in one line what is wrong where. -LK_ERR_CONFIG, -LK_ERR_NOMEM,
 * and the errors of lk_tables_load, lk_file_read and lk_anchors_parse. */
LK_MUST_USE int lk_trust_load(const struct lk_crypto *crypto, const struct lk_config *config,
                              struct lk_trust **ret_trust, char *ret_message, size_t size);
/* Returns NULL; accepts NULL. */
struct lk_trust *lk_trust_free(struct lk_trust *trust);
/* The policy of section [models] alone: rules are allocated into trust. -LK_ERR_CONFIG, -LK_ERR_NOMEM. */
LK_MUST_USE int lk_trust_policy(const struct lk_config *config, struct lk_trust *trust);

#endif
