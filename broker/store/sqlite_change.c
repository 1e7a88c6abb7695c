/* SPDX-License-Identifier: EUPL-1.2 */
/* Endorsements, changes of state, operator sets and restores: each with its register entry. */
#include "broker/store/sqlite.h"

#include <string.h>

#include "policy/policy.h"

struct lk_found {
    int64_t entry;
    struct lk_digest credential;
    bool newest;
    enum lk_state state;
    uint64_t revision;
    struct lk_subject subject;
};

/* 1 = found, 0 = not there. */
static int find_statement(struct lk_batch *batch, const struct lk_digest *digest,
                          struct lk_found *found)
{
    sqlite3_stmt *statement = lk_sql(batch->db, LK_Q_STATEMENT_FIND);
    int64_t state;
    int r;

    lk_sql_blob(statement, 1, digest->bytes, LK_DIGEST_SIZE);
    r = lk_sql_step(statement);
    if (r != 1)
        return r;
    found->entry = sqlite3_column_int64(statement, 0);
    found->newest = sqlite3_column_int64(statement, 2) == 1;
    state = sqlite3_column_int64(statement, 3);
    found->state = (enum lk_state)state;
    if ((r = lk_sql_get_fixed(statement, 1, found->credential.bytes, LK_DIGEST_SIZE)) == 0 &&
        (r = lk_sql_get_u64(statement, 4, &found->revision)) == 0)
        r = lk_sql_get_fixed(statement, 5, found->subject.bytes, LK_SUBJECT_SIZE);
    if (r == 0 && (state < LK_STATE_PENDING || state > LK_STATE_REVOKED))
        r = -LK_ERR_CORRUPT;
    (void)sqlite3_reset(statement);
    return r == 0 ? 1 : r;
}

/* The record is kept once for all statements it covers. */
static int keep_endorsement(struct lk_batch *batch, struct lk_view record,
                            struct lk_digest *ret_digest, int64_t *ret_id)
{
    sqlite3_stmt *statement = lk_sql(batch->db, LK_Q_ENDORSEMENT_FIND);
    int r = lk_sha256(batch->store->crypto, &record, 1, ret_digest->bytes);

    lk_sql_blob(statement, 1, ret_digest->bytes, LK_DIGEST_SIZE);
    if (r == 0)
        r = lk_sql_step(statement);
    if (r == 1)
        *ret_id = sqlite3_column_int64(statement, 0);
    (void)sqlite3_reset(statement);
    if (r != 0)
        return r < 0 ? r : 0;
    statement = lk_sql(batch->db, LK_Q_ENDORSEMENT_ADD);
    lk_sql_blob(statement, 1, ret_digest->bytes, LK_DIGEST_SIZE);
    lk_sql_view(statement, 2, record);
    r = lk_sql_run(statement);
    if (r == 0)
        *ret_id = sqlite3_last_insert_rowid(batch->db->db);
    return r;
}

/* The statement's endorsements in order: joined as the detail covers them, counted, and whether this one is among them. */
static int join_endorsements(struct lk_batch *batch, int64_t entry, const struct lk_digest *digest,
                             struct lk_buf *joined, int64_t *ret_count, bool *ret_there)
{
    sqlite3_stmt *statement = lk_sql(batch->db, LK_Q_ENDORSEMENTS);
    int64_t count = 0;
    bool there = false;
    int r;

    lk_sql_int(statement, 1, entry);
    while ((r = lk_sql_step(statement)) == 1) {
        struct lk_digest other;
        struct lk_view record;

        r = lk_sql_get_view(statement, 0, LK_ENDORSEMENT_MAX, &record);
        if (r == 0)
            r = lk_sql_get_fixed(statement, 2, other.bytes, LK_DIGEST_SIZE);
        if (r != 0) {
            (void)sqlite3_reset(statement);
            return r;
        }
        lk_buf_put_field32(joined, record.data, record.len);
        there = there || memcmp(other.bytes, digest->bytes, LK_DIGEST_SIZE) == 0;
        count++;
    }
    *ret_count = count;
    *ret_there = there;
    return r != 0 ? r : lk_buf_error(joined);
}

static int add_endorsed(struct lk_batch *batch, int64_t entry, int64_t position,
                        int64_t endorsement, const struct lk_tree_path *path)
{
    struct lk_buf buf = LK_BUF_INIT(LK_PATH_BYTES_MAX);
    int r = lk_tree_path_encode(&buf, path);

    if (r == 0) {
        sqlite3_stmt *statement = lk_sql(batch->db, LK_Q_ENDORSED_ADD);

        lk_sql_int(statement, 1, entry);
        lk_sql_int(statement, 2, position);
        lk_sql_int(statement, 3, endorsement);
        lk_sql_view(statement, 4, lk_buf_view(&buf));
        r = lk_sql_run(statement);
    }
    lk_buf_clear(&buf);
    return r;
}

static int activate(struct lk_batch *batch, struct lk_change *change, const struct lk_found *found,
                    const struct lk_digest *digest, struct lk_view joined, int64_t sealed)
{
    struct lk_entry_draft draft = {.kind = LK_ENTRY_ENDORSEMENT,
                                   .object = *digest,
                                   .subject = found->subject,
                                   .time = change->u.endorse.time,
                                   .statement = found->entry,
                                   .sealed = sealed};
    sqlite3_stmt *statement;
    int r = lk_detail_digest(batch->store->crypto, joined, &draft.detail);

    if (r == 0)
        r = lk_register_append(batch, &draft, change);
    if (r != 0)
        return r;
    batch->tally[found->state]--;
    batch->tally[LK_STATE_ACTIVE]++;
    change->activated++;
    statement = lk_sql(batch->db, LK_Q_STATEMENT_ACTIVATE);
    lk_sql_int(statement, 1, found->entry);
    lk_sql_int(statement, 2, (int64_t)batch->number);
    return lk_sql_run(statement);
}

static enum lk_reason judge_endorse(int there, const struct lk_found *found, uint64_t row_version)
{
    if (there == 0 || row_version >> 32 != found->revision)
        return LK_REASON_CONFLICT;
    if (!found->newest)
        return LK_REASON_SUPERSEDED;
    /* An active one may be endorsed again, for instance before another operator set. */
    return found->state == LK_STATE_ACTIVE ? LK_REASON_NONE
                                           : lk_policy_transition(found->state, LK_STATE_ACTIVE);
}

static int endorse_one(struct lk_batch *batch, struct lk_change *change, size_t index,
                       int64_t endorsement, const struct lk_digest *record)
{
    const struct lk_change_endorse *wanted = &change->u.endorse;
    struct lk_buf joined = LK_BUF_INIT((LK_ENDORSEMENTS_MAX + 1) * (LK_ENDORSEMENT_MAX + 4));
    struct lk_found found = {0};
    int64_t count = 0;
    bool there = false;
    int r = find_statement(batch, &wanted->statements[index], &found);

    if (r < 0)
        return r;
    change->reason = judge_endorse(r, &found, wanted->row_versions[index]);
    if (change->reason != LK_REASON_NONE)
        return 0;
    r = join_endorsements(batch, found.entry, record, &joined, &count, &there);
    if (r == 0 && !there && count >= LK_ENDORSEMENTS_MAX) {
        change->reason = LK_REASON_LIMIT;
    } else if (r == 0 && !there) {
        lk_buf_put_field32(&joined, wanted->endorsement.data, wanted->endorsement.len);
        r = add_endorsed(batch, found.entry, count, endorsement, &wanted->paths[index]);
        count++;
    }
    if (r == 0 && change->reason == LK_REASON_NONE && wanted->completes[index])
        r = activate(batch, change, &found, &wanted->statements[index], lk_buf_view(&joined),
                     count);
    lk_buf_clear(&joined);
    if (r == 0 && change->reason == LK_REASON_NONE) {
        sqlite3_stmt *statement = lk_sql(batch->db, LK_Q_STATEMENT_TOUCH);

        lk_sql_int(statement, 1, found.entry);
        r = lk_sql_run(statement);
    }
    return r;
}

int lk_apply_endorse(struct lk_batch *batch, struct lk_change *change)
{
    const struct lk_change_endorse *wanted = &change->u.endorse;
    struct lk_digest digest;
    int64_t id = 0;
    int r;

    if (wanted->endorsement.len == 0 || wanted->endorsement.len > LK_ENDORSEMENT_MAX) {
        change->reason = LK_REASON_ENDORSEMENT;
        return 0;
    }
    r = keep_endorsement(batch, wanted->endorsement, &digest, &id);
    for (size_t i = 0; r == 0 && change->reason == LK_REASON_NONE && i < wanted->count; i++)
        r = endorse_one(batch, change, i, id, &digest);
    return r;
}

/* All versions of the credential go forward together; for `status` only the newest counts. */
static int set_state(struct lk_batch *batch, const struct lk_digest *credential,
                     enum lk_state state)
{
    sqlite3_stmt *statement = lk_sql(batch->db, LK_Q_STATE_NEWEST);
    int r;

    lk_sql_blob(statement, 1, credential->bytes, LK_DIGEST_SIZE);
    r = lk_sql_step(statement);
    if (r == 1) {
        int64_t newest = sqlite3_column_int64(statement, 0);

        if (newest >= LK_STATE_PENDING && newest < (int64_t)state) {
            batch->tally[newest]--;
            batch->tally[state]++;
        }
    }
    (void)sqlite3_reset(statement);
    if (r < 0)
        return r;
    statement = lk_sql(batch->db, LK_Q_STATE_SET);
    lk_sql_blob(statement, 1, credential->bytes, LK_DIGEST_SIZE);
    lk_sql_int(statement, 2, (int64_t)state);
    return lk_sql_run(statement);
}

/* An entry whose object lies in the register itself. */
static int append_object(struct lk_batch *batch, struct lk_change *change,
                         struct lk_entry_draft *draft)
{
    int r = lk_sha256(batch->store->crypto, &draft->object_bytes, 1, draft->object.bytes);

    if (r == 0)
        r = lk_detail_digest(batch->store->crypto, draft->endorsements, &draft->detail);
    return r != 0 ? r : lk_register_append(batch, draft, change);
}

int lk_apply_state(struct lk_batch *batch, struct lk_change *change)
{
    const struct lk_change_state *wanted = &change->u.state;
    struct lk_state_change decoded;
    struct lk_found found = {0};
    struct lk_entry_draft draft = {.kind = LK_ENTRY_STATE,
                                   .time = wanted->time,
                                   .object_bytes = wanted->change,
                                   .endorsements = wanted->endorsements};
    int r = lk_state_change_decode(wanted->change, &decoded);

    if (r == -LK_ERR_NOMEM)
        return r;
    if (r != 0 || decoded.state != wanted->state ||
        memcmp(decoded.statement.bytes, wanted->statement.bytes, LK_DIGEST_SIZE) != 0 ||
        wanted->time < 0) {
        change->reason = LK_REASON_STATEMENT;
        return 0;
    }
    r = find_statement(batch, &wanted->statement, &found);
    if (r < 0)
        return r;
    change->reason =
        r == 0 ? LK_REASON_CREDENTIAL_UNKNOWN : lk_policy_transition(found.state, wanted->state);
    if (change->reason != LK_REASON_NONE)
        return 0;
    draft.subject = found.subject;
    r = set_state(batch, &found.credential, wanted->state);
    if (r == 0 && wanted->state == LK_STATE_REVOKED)
        r = lk_sessions_end(batch, wanted->sessions, &found.subject, &found.credential);
    return r != 0 ? r : append_object(batch, change, &draft);
}

int lk_apply_set(struct lk_batch *batch, struct lk_change *change)
{
    const struct lk_change_set *wanted = &change->u.set;
    struct lk_entry_draft draft = {.kind = LK_ENTRY_OPERATOR_SET,
                                   .time = wanted->time,
                                   .object_bytes = wanted->set,
                                   .endorsements = wanted->endorsements};
    sqlite3_stmt *statement = lk_sql(batch->db, LK_Q_SET_HEAD);
    int64_t newest = 0;
    int r = lk_sql_step(statement);

    if (r == 1)
        newest = sqlite3_column_int64(statement, 0);
    (void)sqlite3_reset(statement);
    if (r < 0)
        return r;
    if (wanted->number == 0 || wanted->number > INT64_MAX || (int64_t)wanted->number <= newest ||
        wanted->set.len == 0 || wanted->set.len > LK_OPERATOR_SET_MAX || wanted->time < 0) {
        change->reason = LK_REASON_OPERATOR_SET;
        return 0;
    }
    r = append_object(batch, change, &draft);
    statement = lk_sql(batch->db, LK_Q_SET_ADD);
    lk_sql_int(statement, 1, (int64_t)wanted->number);
    lk_sql_blob(statement, 2, draft.object.bytes, LK_DIGEST_SIZE);
    lk_sql_int(statement, 3, (int64_t)batch->number);
    return r != 0 ? r : lk_sql_run(statement);
}

int lk_apply_restore(struct lk_batch *batch, struct lk_change *change)
{
    const struct lk_change_restore *wanted = &change->u.restore;
    struct lk_restore decoded;
    struct lk_entry_draft draft = {.kind = LK_ENTRY_RESTORE,
                                   .time = wanted->time,
                                   .object_bytes = wanted->restore,
                                   .endorsements = wanted->endorsements};
    int r = lk_restore_decode(wanted->restore, &decoded);

    if (r == -LK_ERR_NOMEM)
        return r;
    if (r != 0 || wanted->time < 0) {
        change->reason = LK_REASON_STATEMENT;
        return 0;
    }
    /* It accepts the register as it stands at this moment, not as it stood or will stand. */
    if (decoded.store_number != batch->number ||
        memcmp(decoded.store_hash.bytes, batch->hash.bytes, LK_DIGEST_SIZE) != 0) {
        change->reason = LK_REASON_CONFLICT;
        return 0;
    }
    return append_object(batch, change, &draft);
}
