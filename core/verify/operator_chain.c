/* SPDX-License-Identifier: EUPL-1.2 */
/* The chain of operator sets and the chain of register entries. */
#include <stdlib.h>
#include <string.h>

#include "verify/internal.h"

/* What is known of the chain up to some set. */
struct chain_state {
    struct lk_operator_set *set; /* owned */
    struct lk_digest digest;
};

/* Could every act still be endorsed? A set that locks its operators out is not taken. */
static bool quorum_possible(const struct lk_operator_set *set)
{
    for (unsigned int act = LK_ACT_ENROL; act < LK_ACT_COUNT; act++) {
        uint32_t role = lk_act_role((enum lk_act)act);
        uint32_t holders = 0;

        for (uint32_t i = 0; i < set->operator_count; i++)
            holders += (set->operators[i].roles & role) != 0;
        if (holders < set->quorum[act])
            return false;
    }
    return true;
}

/* Number, link and organisation, which is part of the relying party and never changes. */
static bool set_follows(const struct chain_state *state, const struct lk_operator_set *set)
{
    if (!quorum_possible(set))
        return false;
    if (!state->set)
        return set->number == 1;
    return set->number == state->set->number + 1 &&
           memcmp(&set->previous, &state->digest, sizeof(state->digest)) == 0 &&
           strcmp(set->organisation, state->set->organisation) == 0;
}

/* One endorsement of a set: it verifies, and what it endorses is this set alone. */
static int set_endorsement_verify(const struct lk_crypto *crypto,
                                  const struct lk_operator_set *judge, const struct lk_digest *root,
                                  struct lk_view bytes, struct lk_endorsement *endorsement,
                                  enum lk_reason *ret_reason)
{
    int result = lk_endorsement_decode(bytes, endorsement);

    if (result < 0) {
        *ret_reason = LK_REASON_ENDORSEMENT;
        return lk_machine_failed(result) ? result : 0;
    }
    if (endorsement->act != LK_ACT_OPERATORS || endorsement->count != 1 ||
        memcmp(&endorsement->root, root, sizeof(*root)) != 0) {
        *ret_reason = LK_REASON_ENDORSEMENT;
        return 0;
    }
    return lk_endorsement_verify(crypto, judge, endorsement, ret_reason);
}

static int set_endorsed(const struct lk_crypto *crypto, const struct lk_operator_set *judge,
                        const struct lk_digest *digest, const struct lk_operator_chain_link *link,
                        enum lk_reason *ret_reason)
{
    struct lk_endorsement *endorsements = calloc(LK_ENDORSEMENTS_MAX, sizeof(*endorsements));
    const struct lk_endorsement *pointers[LK_ENDORSEMENTS_MAX];
    enum lk_reason verdicts[LK_ENDORSEMENTS_MAX];
    enum lk_reason reason = LK_REASON_NONE;
    struct lk_digest root;
    int result = endorsements ? 0 : -LK_ERR_NOMEM;

    if (result == 0)
        result = lk_tree_root(crypto, digest, 1, &root);
    for (uint32_t i = 0; result == 0 && reason == LK_REASON_NONE && i < link->endorsement_count;
         i++) {
        verdicts[i] = LK_REASON_INTERNAL;
        pointers[i] = &endorsements[i];
        result = set_endorsement_verify(crypto, judge, &root, link->endorsements[i],
                                        &endorsements[i], &verdicts[i]);
        /* A chain file holds what was accepted once: nothing in it may fail. */
        if (result == 0 && verdicts[i] != LK_REASON_NONE)
            reason = LK_REASON_ENDORSEMENT;
    }
    if (result == 0 && reason == LK_REASON_NONE)
        reason =
            lk_quorum_check(judge, LK_ACT_OPERATORS, pointers, verdicts, link->endorsement_count);
    free(endorsements);
    if (result == 0)
        *ret_reason = reason;
    return result;
}

/* Takes one link; on reason NONE the state has moved on to its set. */
static int link_verify(const struct lk_crypto *crypto, const struct lk_operator_chain_link *link,
                       struct chain_state *state, enum lk_reason *ret_reason)
{
    struct lk_operator_set *set = NULL;
    struct lk_digest digest;
    int result = lk_operator_set_decode(link->set, &set);

    if (result < 0) {
        *ret_reason = LK_REASON_OPERATOR_SET;
        return lk_machine_failed(result) ? result : 0;
    }
    *ret_reason = LK_REASON_OPERATOR_SET;
    if (set_follows(state, set)) {
        result = lk_object_digest(crypto, link->set, &digest);
        /* Set 1 endorses itself; every other is endorsed by the one before. */
        if (result == 0)
            result = set_endorsed(crypto, state->set ? state->set : set, &digest, link, ret_reason);
    }
    if (result < 0 || *ret_reason != LK_REASON_NONE) {
        lk_operator_set_free(set);
        return result;
    }
    lk_operator_set_free(state->set);
    *state = (struct chain_state){.set = set, .digest = digest};
    return 0;
}

int lk_operator_chain_verify(const struct lk_crypto *crypto, struct lk_view chain,
                             struct lk_operator_set **ret_set, struct lk_digest *ret_digest,
                             enum lk_reason *ret_reason)
{
    struct lk_operator_chain_link *links = NULL;
    struct chain_state state = {0};
    enum lk_reason reason = LK_REASON_NONE;
    size_t count = 0;
    int result = lk_operator_chain_decode(chain, &links, &count);

    if (result < 0) {
        *ret_reason = LK_REASON_OPERATOR_SET;
        return lk_machine_failed(result) ? result : 0;
    }
    for (size_t i = 0; result == 0 && reason == LK_REASON_NONE && i < count; i++)
        result = link_verify(crypto, &links[i], &state, &reason);
    free(links);
    if (result < 0 || reason != LK_REASON_NONE || !state.set) {
        lk_operator_set_free(state.set);
        if (result == 0)
            *ret_reason = reason != LK_REASON_NONE ? reason : LK_REASON_OPERATOR_SET;
        return result;
    }
    *ret_set = state.set;
    *ret_digest = state.digest;
    *ret_reason = LK_REASON_NONE;
    return 0;
}

int lk_register_entry_hash(const struct lk_crypto *crypto, const struct lk_register_entry *entry,
                           struct lk_digest *ret_hash)
{
    struct lk_buf buf = LK_BUF_INIT(1024);
    int result = lk_register_entry_encode(&buf, entry);

    if (result == 0)
        result = lk_object_digest(crypto, lk_buf_view(&buf), ret_hash);
    lk_buf_clear(&buf);
    return result;
}

int lk_register_link_verify(const struct lk_crypto *crypto,
                            const struct lk_register_entry *previous,
                            const struct lk_register_entry *entry, enum lk_reason *ret_reason)
{
    struct lk_digest hash = {0};
    uint64_t number = 1;
    int result = 0;

    if (previous) {
        number = previous->number + 1;
        result = lk_register_entry_hash(crypto, previous, &hash);
    }
    if (result < 0) {
        *ret_reason = LK_REASON_REGISTER;
        return lk_machine_failed(result) ? result : 0;
    }
    /* number 0 would be the successor of UINT64_MAX */
    *ret_reason =
        entry->number == number && number != 0 && memcmp(&entry->previous, &hash, sizeof(hash)) == 0
            ? LK_REASON_NONE
            : LK_REASON_REGISTER;
    return 0;
}
