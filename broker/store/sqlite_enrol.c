/* SPDX-License-Identifier: EUPL-1.2 */
/* A statement becomes known: agent, name, the versions before it, its register entry. */
#include "broker/store/sqlite.h"

#include <string.h>

struct lk_agent_row {
    int64_t id; /* 0 = not known */
    char name[LK_NAME_MAX + 1];
};

static int find_agent(sqlite3_stmt *statement, struct lk_agent_row *ret_agent)
{
    int r = lk_sql_step(statement);

    *ret_agent = (struct lk_agent_row){0};
    if (r != 1)
        return r;
    ret_agent->id = sqlite3_column_int64(statement, 0);
    r = lk_sql_get_text(statement, 2, ret_agent->name, sizeof ret_agent->name);
    (void)sqlite3_reset(statement);
    return r;
}

static int add_agent(struct lk_batch *batch, const struct lk_subject *subject,
                     struct lk_agent_row *agent)
{
    sqlite3_stmt *statement = lk_sql(batch->db, LK_Q_AGENT_ADD);
    int r;

    lk_sql_blob(statement, 1, subject->bytes, LK_SUBJECT_SIZE);
    r = lk_sql_run(statement);
    if (r != 0)
        return r;
    agent->id = sqlite3_last_insert_rowid(batch->db->db);
    batch->tally[0]++;
    return 0;
}

/* Logins that were judged under the old name must not be committed under the new one. */
static int rename_agent(struct lk_batch *batch, int64_t agent, const char *name)
{
    sqlite3_stmt *statement = lk_sql(batch->db, LK_Q_AGENT_RENAME);
    int r;

    lk_sql_int(statement, 1, agent);
    if (name != NULL)
        lk_sql_text(statement, 2, name);
    r = lk_sql_run(statement);
    statement = lk_sql(batch->db, LK_Q_AGENT_TOUCH);
    lk_sql_int(statement, 1, agent);
    return r != 0 ? r : lk_sql_run(statement);
}

/* The name goes to the subject of this statement, whoever had it; the history of both stays in agent_name. */
static int take_name(struct lk_batch *batch, const struct lk_agent_row *agent, const char *name)
{
    sqlite3_stmt *statement;
    struct lk_agent_row holder;
    int r;

    if (strcmp(agent->name, name) == 0)
        return 0;
    statement = lk_sql(batch->db, LK_Q_AGENT_BY_NAME);
    lk_sql_text(statement, 1, name);
    r = find_agent(statement, &holder);
    if (r == 0 && holder.id != 0)
        r = rename_agent(batch, holder.id, NULL);
    if (r == 0)
        r = rename_agent(batch, agent->id, name);
    statement = lk_sql(batch->db, LK_Q_AGENT_NAME_ADD);
    lk_sql_int(statement, 1, agent->id);
    lk_sql_int(statement, 2, (int64_t)batch->number + 1);
    lk_sql_text(statement, 3, name);
    return r != 0 ? r : lk_sql_run(statement);
}

/* The highest version known of the credential; all lower ones are dead for ever (design section 4). */
static int supersede(struct lk_batch *batch, const struct lk_digest *credential, uint64_t version,
                     int64_t agent, uint32_t *ret_counter, enum lk_reason *ret_reason)
{
    sqlite3_stmt *statement = lk_sql(batch->db, LK_Q_CREDENTIAL_HEAD);
    int64_t entry;
    int64_t state;
    int r;

    lk_sql_blob(statement, 1, credential->bytes, LK_DIGEST_SIZE);
    r = lk_sql_step(statement);
    if (r != 1)
        return r;
    entry = sqlite3_column_int64(statement, 0);
    state = sqlite3_column_int64(statement, 3);
    if (sqlite3_column_int64(statement, 2) != agent)
        *ret_reason = LK_REASON_USER_HANDLE;
    else if ((uint64_t)sqlite3_column_int64(statement, 1) >= version)
        *ret_reason = LK_REASON_SUPERSEDED;
    /* The same key: its counter goes on. */
    r = lk_sql_get_u32(statement, 4, ret_counter);
    (void)sqlite3_reset(statement);
    if (r != 0 || *ret_reason != LK_REASON_NONE)
        return r;
    if (state >= LK_STATE_PENDING && state <= LK_STATE_REVOKED)
        batch->tally[state]--;
    statement = lk_sql(batch->db, LK_Q_STATEMENT_SUPERSEDE);
    lk_sql_int(statement, 1, entry);
    return lk_sql_run(statement);
}

static int check_room(struct lk_batch *batch, int64_t agent, enum lk_reason *ret_reason)
{
    sqlite3_stmt *statement = lk_sql(batch->db, LK_Q_AGENT_COUNT);
    int r;

    lk_sql_int(statement, 1, agent);
    r = lk_sql_step(statement);
    if (r == 1 && sqlite3_column_int64(statement, 0) >= LK_STORE_ROWS_MAX)
        *ret_reason = LK_REASON_LIMIT;
    (void)sqlite3_reset(statement);
    return r < 0 ? r : 0;
}

static int insert(struct lk_batch *batch, const struct lk_change_statement *change,
                  const struct lk_statement *statement, const struct lk_digest digests[2],
                  int64_t agent, uint32_t counter)
{
    int64_t entry = (int64_t)batch->number + 1;
    sqlite3_stmt *add = lk_sql(batch->db, LK_Q_STATEMENT_ADD);
    int r;

    lk_sql_int(add, 1, entry);
    lk_sql_blob(add, 2, digests[0].bytes, LK_DIGEST_SIZE);
    lk_sql_blob(add, 3, digests[1].bytes, LK_DIGEST_SIZE);
    lk_sql_int(add, 4, (int64_t)statement->version);
    lk_sql_int(add, 5, agent);
    lk_sql_int(add, 6, change->time);
    lk_sql_view(add, 7, change->statement);
    r = lk_sql_run(add);
    add = lk_sql(batch->db, LK_Q_USAGE_ADD);
    lk_sql_int(add, 1, entry);
    lk_sql_int(add, 2, counter);
    if (r == 0)
        r = lk_sql_run(add);
    if (r != 0 || change->attestation_object.len == 0)
        return r;
    add = lk_sql(batch->db, LK_Q_ATTESTATION_ADD);
    lk_sql_int(add, 1, entry);
    lk_sql_view(add, 2, change->attestation_object);
    return lk_sql_run(add);
}

static int digests_of(struct lk_batch *batch, struct lk_view bytes,
                      const struct lk_statement *statement, struct lk_digest ret_digests[2])
{
    struct lk_view id = LK_VIEW(statement->credential_id.bytes, statement->credential_id.len);
    int r = lk_sha256(batch->store->crypto, &bytes, 1, ret_digests[0].bytes);

    return r != 0 ? r : lk_sha256(batch->store->crypto, &id, 1, ret_digests[1].bytes);
}

/* Shape and size, before anything is written. */
static enum lk_reason check_shape(const struct lk_change_statement *change,
                                  const struct lk_statement *statement)
{
    struct lk_view hash = LK_VIEW(statement->creation_client_data_hash.bytes, LK_DIGEST_SIZE);

    if (statement->version > INT64_MAX || change->time < 0)
        return LK_REASON_STATEMENT;
    if (change->attestation_object.len > LK_ATTESTATION_MAX)
        return LK_REASON_EVIDENCE;
    if (change->client_data_hash.len != 0 && !lk_view_equal(change->client_data_hash, hash))
        return LK_REASON_EVIDENCE;
    return LK_REASON_NONE;
}

static int store_statement(struct lk_batch *batch, struct lk_change *change,
                           const struct lk_statement *statement)
{
    const struct lk_change_statement *wanted = &change->u.statement;
    sqlite3_stmt *find = lk_sql(batch->db, LK_Q_AGENT_BY_SUBJECT);
    struct lk_digest digests[2];
    struct lk_agent_row agent;
    uint32_t counter = 0;
    int r = digests_of(batch, wanted->statement, statement, digests);

    lk_sql_blob(find, 1, statement->subject.bytes, LK_SUBJECT_SIZE);
    if (r == 0)
        r = find_agent(find, &agent);
    if (r == 0 && agent.id == 0)
        r = add_agent(batch, &statement->subject, &agent);
    if (r == 0)
        r = supersede(batch, &digests[1], statement->version, agent.id, &counter, &change->reason);
    if (r == 0 && change->reason == LK_REASON_NONE)
        r = check_room(batch, agent.id, &change->reason);
    if (r != 0 || change->reason != LK_REASON_NONE)
        return r;
    r = take_name(batch, &agent, statement->name);
    if (r == 0)
        r = insert(batch, wanted, statement, digests, agent.id, counter);
    if (r != 0)
        return r;
    batch->tally[LK_STATE_PENDING]++;
    return lk_register_append(batch,
                              &(struct lk_entry_draft){.kind = LK_ENTRY_STATEMENT,
                                                       .object = digests[0],
                                                       .subject = statement->subject,
                                                       .time = wanted->time,
                                                       .statement = (int64_t)batch->number + 1},
                              change);
}

int lk_apply_statement(struct lk_batch *batch, struct lk_change *change)
{
    struct lk_statement statement;
    int r = lk_statement_decode(change->u.statement.statement, &statement);

    if (r == -LK_ERR_NOMEM)
        return r;
    change->reason = r != 0 ? LK_REASON_STATEMENT : check_shape(&change->u.statement, &statement);
    return change->reason != LK_REASON_NONE ? 0 : store_statement(batch, change, &statement);
}
