/* SPDX-License-Identifier: EUPL-1.2 */
/* Endorsements: one operator's touch against an operator set, and the quorum of several. */
#include <string.h>

#include "verify/internal.h"

int lk_endorsement_hash(const struct lk_crypto *crypto, const struct lk_endorsement *endorsement,
                        uint8_t ret_hash[32])
{
    struct lk_buf buf = LK_BUF_INIT(LK_ENDORSEMENT_MAX);
    int result = lk_endorsement_encode_signed(&buf, endorsement);

    if (result == 0)
        result = lk_hash_one(crypto, lk_buf_view(&buf), ret_hash);
    lk_buf_clear(&buf);
    return result;
}

static const struct lk_operator *operator_find(const struct lk_operator_set *set,
                                               const struct lk_subject *id)
{
    for (uint32_t i = 0; i < set->operator_count; i++) {
        if (memcmp(&set->operators[i].id, id, sizeof(*id)) == 0)
            return &set->operators[i];
    }
    return NULL;
}

static const struct lk_operator_key *key_find(const struct lk_operator *row,
                                              const struct lk_credential_id *id)
{
    for (uint32_t i = 0; i < row->key_count; i++) {
        if (lk_credential_id_compare(&row->keys[i].credential_id, id) == 0)
            return &row->keys[i];
    }
    return NULL;
}

/* Of the reasons of an assertion those that tell an operator what to do; the rest says no more than
 * "this endorsement does not verify". */
static enum lk_reason reason_of_assertion(enum lk_reason reason)
{
    switch (reason) {
    case LK_REASON_NONE:
    case LK_REASON_RELYING_PARTY:
    case LK_REASON_USER_PRESENCE:
    case LK_REASON_USER_VERIFICATION:
    case LK_REASON_SYNCED:
        return reason;
    default:
        return LK_REASON_ENDORSEMENT;
    }
}

static int signature_verify(const struct lk_crypto *crypto, const struct lk_operator_set *set,
                            const struct lk_operator_key *key,
                            const struct lk_endorsement *endorsement, enum lk_reason *ret_reason)
{
    char relying_party[LK_RELYING_PARTY_MAX + 1];
    struct lk_authenticator_data data;
    uint8_t hash[32];
    const struct lk_assertion assertion = {
        .credential_id = LK_VIEW(endorsement->credential_id.bytes, endorsement->credential_id.len),
        .authenticator_data =
            LK_VIEW(endorsement->authenticator_data, endorsement->authenticator_data_len),
        .signature = LK_VIEW(endorsement->signature, endorsement->signature_len)};
    const struct lk_assertion_rule rule = {.relying_party = relying_party,
                                           .client_data_hash = LK_VIEW(hash, sizeof(hash)),
                                           .user_presence = true,
                                           .user_verification = true};
    enum lk_reason reason = LK_REASON_INTERNAL;
    int result = lk_endorsement_hash(crypto, endorsement, hash);

    if (result < 0) {
        *ret_reason = LK_REASON_ENDORSEMENT;
        return lk_machine_failed(result) ? result : 0;
    }
    lk_relying_party_operator(relying_party, sizeof(relying_party), set->organisation);
    result = lk_assertion_verify(crypto, &key->public_key, &assertion, &rule, &data, &reason);
    if (result == 0)
        *ret_reason = reason_of_assertion(reason);
    return result;
}

int lk_endorsement_verify(const struct lk_crypto *crypto, const struct lk_operator_set *set,
                          const struct lk_endorsement *endorsement, enum lk_reason *ret_reason)
{
    const struct lk_operator *row = operator_find(set, &endorsement->operator_id);
    uint32_t role = lk_act_role(endorsement->act);
    const struct lk_operator_key *key;

    if (!row) {
        *ret_reason = LK_REASON_OPERATOR_UNKNOWN;
        return 0;
    }
    if (role == 0 || (row->roles & role) == 0) {
        *ret_reason = LK_REASON_OPERATOR_ROLE;
        return 0;
    }
    key = key_find(row, &endorsement->credential_id);
    if (!key) {
        *ret_reason = LK_REASON_ENDORSEMENT;
        return 0;
    }
    return signature_verify(crypto, set, key, endorsement, ret_reason);
}

/* Has this operator been counted among the first `before` endorsements already? */
static bool operator_counted(const struct lk_endorsement *const *endorsements,
                             const enum lk_reason *verdicts, enum lk_act act, size_t before)
{
    for (size_t i = 0; i < before; i++) {
        if (verdicts[i] == LK_REASON_NONE && endorsements[i]->act == act &&
            memcmp(&endorsements[i]->operator_id, &endorsements[before]->operator_id,
                   sizeof(struct lk_subject)) == 0)
            return true;
    }
    return false;
}

enum lk_reason lk_quorum_check(const struct lk_operator_set *set, enum lk_act act,
                               const struct lk_endorsement *const *endorsements,
                               const enum lk_reason *verdicts, size_t count)
{
    size_t operators = 0;

    if (act < LK_ACT_ENROL || act > LK_ACT_RESTORE || set->quorum[act] < 1)
        return LK_REASON_QUORUM;
    for (size_t i = 0; i < count; i++) {
        if (verdicts[i] == LK_REASON_NONE && endorsements[i]->act == act &&
            !operator_counted(endorsements, verdicts, act, i))
            operators++;
    }
    return operators >= set->quorum[act] ? LK_REASON_NONE : LK_REASON_QUORUM;
}
