/* SPDX-License-Identifier: EUPL-1.2 */
/* What stands against a credential at this moment. The store's rows are bytes somebody may have written there: everything that allows is
 * recomputed from signed bytes (statement digest, endorsements under the current operator set, tree path, register entry); what denies is believed. */
#include "broker/broker.h"

#include <string.h>

#include "broker/endorsement_cache.h"

static int digest_view(const struct lk_broker *broker, struct lk_view bytes,
                       struct lk_digest *ret_digest)
{
    return lk_sha256(broker->crypto, &bytes, 1, ret_digest->bytes);
}

static bool digest_equal(const struct lk_digest *a, const struct lk_digest *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

/* The key of the cache: record bytes and the set they are judged by. */
static int endorsement_key(const struct lk_broker *broker, struct lk_view record,
                           struct lk_digest *ret_key)
{
    const struct lk_view parts[] = {record,
                                    LK_VIEW(broker->operators_digest.bytes, LK_DIGEST_SIZE)};

    return lk_sha256(broker->crypto, parts, 2, ret_key->bytes);
}

static int endorsement_cached(struct lk_broker *broker, struct lk_view record,
                              const struct lk_endorsement *endorsement,
                              struct lk_endorsement_cached **ret_cached)
{
    struct lk_digest key;
    enum lk_reason reason;
    int error = endorsement_key(broker, record, &key);

    if (error != 0)
        return error;
    *ret_cached = lk_endorsement_cache_find(broker->cache, &key);
    if (*ret_cached != NULL)
        return 0;
    error = lk_endorsement_verify(broker->crypto, broker->operators, endorsement, &reason);
    if (error != 0)
        return error;
    *ret_cached = lk_endorsement_cache_put(broker->cache, &key, reason);
    return 0;
}

int lk_endorsement_verdict(struct lk_broker *broker, struct lk_view record,
                           struct lk_endorsement *ret_endorsement, enum lk_reason *ret_reason)
{
    struct lk_endorsement_cached *cached;
    int error;

    if (lk_endorsement_decode(record, ret_endorsement) != 0) {
        *ret_reason = LK_REASON_ENDORSEMENT;
        return 0;
    }
    if (broker->operators == NULL) {
        *ret_reason = LK_REASON_OPERATOR_SET;
        return 0;
    }
    error = endorsement_cached(broker, record, ret_endorsement, &cached);
    if (error == 0)
        *ret_reason = cached->reason;
    return error;
}

/* ---- the register entry an endorsement names ---- */

struct named {
    const struct lk_endorsement *endorsement;
    bool found;
};

static int named_each(void *context, const struct lk_store_entry *entry)
{
    struct named *named = context;

    if (entry->present && entry->number == named->endorsement->register_number)
        named->found = digest_equal(&entry->hash, &named->endorsement->register_hash);
    return 0;
}

/* An earlier committed entry, any, with that hash. Entries are never rewritten under a register that passed its check, so a hit is kept. */
static int endorsement_named(struct lk_broker *broker, struct lk_view record,
                             const struct lk_endorsement *endorsement, bool *ret_named)
{
    struct lk_endorsement_cached *cached;
    struct named named = {.endorsement = endorsement};
    int error;

    *ret_named = false;
    if (endorsement->register_number == 0)
        return 0;
    error = endorsement_cached(broker, record, endorsement, &cached);
    if (error != 0)
        return error;
    if (!cached->named) {
        error = broker->store_ops->read_register(broker->store, endorsement->register_number, 1,
                                                 named_each, &named);
        if (error != 0)
            return error;
        cached->named = named.found;
    }
    *ret_named = cached->named;
    return 0;
}

/* One endorsement of this row: its signature, its act, the path from this statement to its root, the register entry it names. */
static int endorsement_judge(struct lk_broker *broker, const struct lk_digest *leaf,
                             const struct lk_store_endorsement *stored,
                             struct lk_endorsement *ret_endorsement, enum lk_reason *ret_reason)
{
    struct lk_tree_path path;
    struct lk_digest root;
    bool named;
    int error = lk_endorsement_verdict(broker, stored->record, ret_endorsement, ret_reason);

    if (error != 0 || *ret_reason != LK_REASON_NONE)
        return error;
    *ret_reason = LK_REASON_ENDORSEMENT;
    if (ret_endorsement->act != LK_ACT_ENROL || lk_tree_path_decode(stored->path, &path) != 0 ||
        path.count != ret_endorsement->count)
        return 0;
    error = lk_tree_path_root(broker->crypto, leaf, &path, &root);
    if (error != 0)
        return error == -LK_ERR_RANGE ? 0 : error;
    if (!digest_equal(&root, &ret_endorsement->root))
        return 0;
    error = endorsement_named(broker, stored->record, ret_endorsement, &named);
    if (error == 0 && named)
        *ret_reason = LK_REASON_NONE;
    return error;
}

static int endorsements_judge(struct lk_broker *broker, const struct lk_store_row *row,
                              const struct lk_digest *leaf, enum lk_reason *ret_reason)
{
    /* 16 of about 2 KB each: too much for the stack of a deep call, and the loop thread is alone here. */
    static struct lk_endorsement endorsements[LK_ENDORSEMENTS_MAX];
    const struct lk_endorsement *pointers[LK_ENDORSEMENTS_MAX] = {0};
    enum lk_reason verdicts[LK_ENDORSEMENTS_MAX] = {0};
    enum lk_reason first = LK_REASON_NONE;
    uint32_t count = row->endorsement_count;

    if (broker->operators == NULL) {
        *ret_reason = LK_REASON_OPERATOR_SET;
        return 0;
    }
    if (count > LK_ENDORSEMENTS_MAX) {
        *ret_reason = LK_REASON_ENDORSEMENT;
        return 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        int error =
            endorsement_judge(broker, leaf, &row->endorsements[i], &endorsements[i], &verdicts[i]);

        if (error != 0)
            return error;
        pointers[i] = &endorsements[i];
        if (first == LK_REASON_NONE)
            first = verdicts[i];
    }
    *ret_reason = lk_quorum_check(broker->operators, LK_ACT_ENROL, pointers, verdicts, count);
    /* Where the count falls short because an endorsement does not hold, that is the better answer. */
    if (*ret_reason != LK_REASON_NONE && first != LK_REASON_NONE)
        *ret_reason = first;
    return 0;
}

/* ---- the whole ---- */

/* Does the row say what its statement says? */
static int row_consistent(const struct lk_broker *broker, const struct lk_store_row *row,
                          struct lk_standing_result *result, bool *ret_consistent)
{
    const struct lk_statement *statement = &result->statement;
    struct lk_digest credential;
    int error = digest_view(broker, row->statement, &result->digest);

    if (error == 0)
        error = digest_view(broker,
                            LK_VIEW(statement->credential_id.bytes, statement->credential_id.len),
                            &credential);
    if (error != 0)
        return error;
    *ret_consistent = digest_equal(&result->digest, &row->digest) &&
                      digest_equal(&credential, &row->credential) &&
                      memcmp(statement->subject.bytes, row->subject.bytes, LK_SUBJECT_SIZE) == 0 &&
                      statement->version == row->version;
    return 0;
}

static int standing_collect(struct lk_broker *broker, const struct lk_store_rows *agent,
                            const struct lk_store_row *row, const struct lk_standing_result *result,
                            struct lk_standing *ret_standing)
{
    const struct lk_statement *statement = &result->statement;
    struct lk_digest evidence;
    enum lk_reason logged = LK_REASON_UNLOGGED;
    enum lk_reason endorsement = LK_REASON_QUORUM;
    int error = lk_register_row_check(broker->crypto, row, &logged);

    if (error == 0)
        error = endorsements_judge(broker, row, &result->digest, &endorsement);
    if (error == 0)
        error = digest_view(broker, row->attestation_object, &evidence);
    if (error != 0)
        return error;
    *ret_standing = (struct lk_standing){
        .statement = statement,
        .newest = row->newest,
        .state = row->state,
        /* What the mark buried was suspended, revoked or superseded, whatever the store says of it now. */
        .revoked_by_mark = row->state != LK_STATE_SUSPENDED && broker->mark != NULL &&
                           lk_mark_is_revoked(broker->mark, &result->digest),
        .logged = logged == LK_REASON_NONE,
        .endorsement = endorsement,
        .evidence = row->attestation_object.len > 0 &&
                    digest_equal(&evidence, &statement->attestation_digest),
        .name_current =
            agent->known && strcmp(agent->name, statement->name) == 0 &&
            memcmp(agent->subject.bytes, statement->subject.bytes, LK_SUBJECT_SIZE) == 0,
        .failures = row->failures,
        .failure_limit = broker->config.failures_per_credential,
    };
    return 0;
}

int lk_standing_judge(struct lk_broker *broker, const struct lk_store_rows *agent,
                      const struct lk_store_row *row, enum lk_kind kind,
                      struct lk_standing_result *ret_result)
{
    struct lk_standing standing;
    bool consistent = false;
    int error;

    memset(ret_result, 0, sizeof(*ret_result));
    ret_result->reason_count = 1;
    ret_result->reasons[0] = LK_REASON_STATEMENT;
    if (lk_statement_decode(row->statement, &ret_result->statement) != 0)
        return 0;
    error = row_consistent(broker, row, ret_result, &consistent);
    if (error != 0)
        return error;
    ret_result->decoded = true;
    if (!consistent)
        return 0;
    error = standing_collect(broker, agent, row, ret_result, &standing);
    if (error != 0)
        return error;
    ret_result->reason_count = lk_policy_judge(
        &broker->policy, &standing, kind, lk_clock_now(broker->clock), ret_result->reasons,
        sizeof(ret_result->reasons) / sizeof(ret_result->reasons[0]));
    return 0;
}

enum lk_reason lk_standing_again(struct lk_broker *broker, struct lk_view statement,
                                 const struct lk_digest *digest, struct lk_statement *ret_statement)
{
    struct lk_standing standing = {.statement = ret_statement,
                                   .newest = true,
                                   .state = LK_STATE_ACTIVE,
                                   .logged = true,
                                   .endorsement = LK_REASON_NONE,
                                   .evidence = true,
                                   .name_current = true,
                                   .failure_limit = broker->config.failures_per_credential};
    enum lk_reason reasons[1] = {LK_REASON_INTERNAL};

    if (lk_statement_decode(statement, ret_statement) != 0)
        return LK_REASON_INTERNAL;
    standing.revoked_by_mark = broker->mark != NULL && lk_mark_is_revoked(broker->mark, digest);
    if (lk_policy_judge(&broker->policy, &standing, LK_KIND_BROWSER, lk_clock_now(broker->clock),
                        reasons, 1) > 0)
        return reasons[0];
    return LK_REASON_NONE;
}
