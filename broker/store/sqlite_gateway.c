/* SPDX-License-Identifier: EUPL-1.2 */
/* Proofs and codes of the gateway: what was judged is read again in the transaction that acts on it. Each is used once; what was used up, ran out or
 * belongs to another client changes nothing, with one exception: a used code that comes again ends the session that came of it (RFC 6749 4.1.2). */
#include "broker/store/sqlite.h"

#include <string.h>

/* ---- reading ---- */

static int step_once(struct lk_store *store, sqlite3_stmt *statement,
                     int (*load)(sqlite3_stmt *statement, void *ret_row), void *ret_row)
{
    int r = lk_sql_step(statement);

    if (r == 1)
        r = load(statement, ret_row);
    (void)sqlite3_reset(statement);
    lk_snapshot_end(store);
    return r;
}

static int load_proof(sqlite3_stmt *statement, void *ret_row)
{
    struct lk_store_proof *proof = ret_row;
    int r = lk_sql_get_fixed(statement, 0, proof->statement.bytes, LK_DIGEST_SIZE);

    if (r == 0)
        r = lk_sql_get_u32(statement, 2, &proof->passwords);
    if (r == 0)
        r = lk_sql_get_u32(statement, 4, &proof->facts);
    if (r == 0)
        r = lk_sql_get_fixed(statement, 5, proof->seal, LK_STORE_SEAL_SIZE);
    proof->expiry = sqlite3_column_int64(statement, 1);
    proof->auth_time = sqlite3_column_int64(statement, 3);
    proof->known = r == 0;
    return r;
}

int lk_sqlite_read_proof(struct lk_store *store,
                         const uint8_t transaction[LK_STORE_TRANSACTION_SIZE],
                         struct lk_store_proof *ret_proof)
{
    struct lk_store_proof proof = {0};
    sqlite3_stmt *statement;
    int r = lk_snapshot_begin(store);

    if (r != 0)
        return r;
    statement = lk_sql(&store->reader, LK_Q_PROOF_READ);
    lk_sql_blob(statement, 1, transaction, LK_STORE_TRANSACTION_SIZE);
    r = step_once(store, statement, load_proof, &proof);
    if (r == 0)
        *ret_proof = proof;
    return r;
}

static int load_code(sqlite3_stmt *statement, void *ret_row)
{
    struct lk_store_code *code = ret_row;
    struct lk_view data;
    int r;

    if ((r = lk_sql_get_fixed(statement, 0, code->statement.bytes, LK_DIGEST_SIZE)) != 0 ||
        (r = lk_sql_get_fixed(statement, 1, code->sid, LK_STORE_SID_SIZE)) != 0 ||
        (r = lk_sql_get_text(statement, 2, code->client, sizeof code->client)) != 0 ||
        (r = lk_sql_get_u32(statement, 7, &code->facts)) != 0 ||
        (r = lk_sql_get_fixed(statement, 9, code->seal, LK_STORE_SEAL_SIZE)) != 0 ||
        (r = lk_sql_get_fixed(statement, 10, code->digest, LK_DIGEST_SIZE)) != 0 ||
        (r = lk_sql_get_view(statement, 8, LK_STORE_CODE_DATA_MAX, &data)) != 0)
        return r;
    code->expiry = sqlite3_column_int64(statement, 3);
    code->access_expiry = sqlite3_column_int64(statement, 4);
    code->ended = sqlite3_column_type(statement, 5) != SQLITE_NULL;
    code->auth_time = sqlite3_column_int64(statement, 6);
    code->data_len = (uint16_t)data.len;
    if (data.len > 0)
        memcpy(code->data, data.data, data.len);
    code->known = true;
    return 0;
}

int lk_sqlite_read_code(struct lk_store *store, const uint8_t digest[LK_DIGEST_SIZE], bool access,
                        struct lk_store_code *ret_code)
{
    sqlite3_stmt *statement;
    int r = lk_snapshot_begin(store);

    if (r != 0)
        return r;
    memset(ret_code, 0, sizeof *ret_code);
    statement = lk_sql(&store->reader, access ? LK_Q_ACCESS_READ : LK_Q_CODE_READ);
    lk_sql_blob(statement, 1, digest, LK_DIGEST_SIZE);
    r = step_once(store, statement, load_code, ret_code);
    if (r != 0)
        ret_code->known = false;
    return r;
}

/* ---- proofs ---- */

int lk_proof_put(struct lk_batch *batch, const struct lk_change_login *login, int64_t statement)
{
    sqlite3_stmt *put = lk_sql(batch->db, LK_Q_PROOF_PUT);

    lk_sql_blob(put, 1, login->transaction, LK_STORE_TRANSACTION_SIZE);
    lk_sql_int(put, 2, login->proof_expiry);
    lk_sql_int(put, 3, statement);
    lk_sql_int(put, 4, login->record.time);
    lk_sql_int(put, 5, login->facts);
    lk_sql_blob(put, 6, login->seal, LK_STORE_SEAL_SIZE);
    return lk_sql_run(put);
}

struct found_proof {
    int64_t id;
    int64_t statement;
    uint64_t revision;
    int64_t agent;
    struct lk_digest digest;
    bool active; /* the statement: newest and ACTIVE */
    int64_t expiry;
    uint32_t passwords;
    int64_t auth_time;
    int64_t facts;
    uint8_t seal[LK_STORE_SEAL_SIZE];
};

/* 1 = found, 0 = not there. */
static int find_proof(struct lk_batch *batch, const uint8_t *transaction, struct found_proof *found)
{
    sqlite3_stmt *statement = lk_sql(batch->db, LK_Q_PROOF_FIND);
    int r;

    lk_sql_blob(statement, 1, transaction, LK_STORE_TRANSACTION_SIZE);
    r = lk_sql_step(statement);
    if (r != 1)
        return r;
    found->id = sqlite3_column_int64(statement, 0);
    found->statement = sqlite3_column_int64(statement, 1);
    found->agent = sqlite3_column_int64(statement, 3);
    found->expiry = sqlite3_column_int64(statement, 5);
    found->auth_time = sqlite3_column_int64(statement, 7);
    found->facts = sqlite3_column_int64(statement, 8);
    found->active = sqlite3_column_int64(statement, 10) == 1;
    if ((r = lk_sql_get_u64(statement, 2, &found->revision)) == 0 &&
        (r = lk_sql_get_fixed(statement, 4, found->digest.bytes, LK_DIGEST_SIZE)) == 0 &&
        (r = lk_sql_get_fixed(statement, 9, found->seal, LK_STORE_SEAL_SIZE)) == 0)
        r = lk_sql_get_u32(statement, 6, &found->passwords);
    (void)sqlite3_reset(statement);
    return r == 0 ? 1 : r;
}

/* Is it still the row and the statement that were judged, and nothing about them changed? What was judged may be minutes old, so a state that denies counts
 * whoever wrote it, with or without a new revision. */
static bool as_judged(const struct lk_digest *judged, uint64_t row_version,
                      const uint8_t *judged_seal, const struct lk_digest *found, uint64_t revision,
                      const uint8_t *seal, bool active)
{
    return active && memcmp(judged_seal, seal, LK_STORE_SEAL_SIZE) == 0 &&
           memcmp(judged->bytes, found->bytes, LK_DIGEST_SIZE) == 0 &&
           row_version >> 32 == revision;
}

int lk_apply_prove(struct lk_batch *batch, struct lk_change *change)
{
    const struct lk_change_prove *wanted = &change->u.prove;
    struct found_proof found = {0};
    sqlite3_stmt *statement;
    int there = find_proof(batch, wanted->transaction, &found);

    if (there < 0)
        return there;
    if (there == 0)
        change->reason = LK_REASON_PROOF;
    else if (found.expiry <= batch->now)
        change->reason = LK_REASON_PROOF_EXPIRED;
    else if (found.passwords >= wanted->most)
        change->reason = LK_REASON_LIMIT;
    else if (!as_judged(&wanted->statement, wanted->row_version, wanted->proof_seal, &found.digest,
                        found.revision, found.seal, found.active))
        change->reason = LK_REASON_CONFLICT;
    if (change->reason != LK_REASON_NONE)
        return 0;
    statement = lk_sql(batch->db, LK_Q_PROOF_ASKED);
    lk_sql_int(statement, 1, found.id);
    return lk_sql_run(statement);
}

/* ---- a proof becomes a code ---- */

/* Both are random numbers of the issuer: one that is there already was not made for this login. */
static int check_fresh(struct lk_batch *batch, const struct lk_change_code *wanted,
                       enum lk_reason *ret_reason)
{
    sqlite3_stmt *session = lk_sql(batch->db, LK_Q_SESSION_FIND);
    sqlite3_stmt *code = lk_sql(batch->db, LK_Q_CODE_FIND);
    int r;

    lk_sql_blob(session, 1, wanted->sid, LK_STORE_SID_SIZE);
    r = lk_sql_step(session);
    (void)sqlite3_reset(session);
    if (r == 0) {
        lk_sql_blob(code, 1, wanted->code, LK_DIGEST_SIZE);
        r = lk_sql_step(code);
        (void)sqlite3_reset(code);
    }
    if (r == 1)
        *ret_reason = LK_REASON_REPLAY;
    return r == 1 ? 0 : r;
}

static int add_session(struct lk_batch *batch, const struct lk_change_code *wanted,
                       const struct found_proof *proof, int64_t *ret_session)
{
    sqlite3_stmt *statement = lk_sql(batch->db, LK_Q_SESSION_ADD);
    int r;

    lk_sql_blob(statement, 1, wanted->sid, LK_STORE_SID_SIZE);
    lk_sql_int(statement, 2, proof->agent);
    lk_sql_int(statement, 3, proof->statement);
    lk_sql_text(statement, 4, wanted->client);
    lk_sql_int(statement, 5, batch->now);
    r = lk_sql_run(statement);
    *ret_session = sqlite3_last_insert_rowid(batch->db->db);
    return r;
}

static int add_code(struct lk_batch *batch, const struct lk_change_code *wanted,
                    const struct found_proof *proof, int64_t session)
{
    sqlite3_stmt *statement = lk_sql(batch->db, LK_Q_CODE_ADD);

    lk_sql_blob(statement, 1, wanted->code, LK_DIGEST_SIZE);
    lk_sql_int(statement, 2, session);
    lk_sql_int(statement, 3, batch->now);
    lk_sql_int(statement, 4, wanted->expiry);
    lk_sql_int(statement, 5, proof->auth_time);
    lk_sql_int(statement, 6, proof->facts);
    lk_sql_view(statement, 7, wanted->data);
    lk_sql_blob(statement, 8, wanted->seal, LK_STORE_SEAL_SIZE);
    return lk_sql_run(statement);
}

int lk_apply_code(struct lk_batch *batch, struct lk_change *change)
{
    const struct lk_change_code *wanted = &change->u.code;
    struct found_proof found = {0};
    sqlite3_stmt *statement;
    int64_t session = 0;
    int r = find_proof(batch, wanted->transaction, &found);

    if (r < 0)
        return r;
    /* Without a stack that asked there was no password and no account check. */
    if (r == 0 || found.passwords == 0)
        change->reason = LK_REASON_PROOF;
    else if (found.expiry <= batch->now)
        change->reason = LK_REASON_PROOF_EXPIRED;
    else if (!as_judged(&wanted->statement, wanted->row_version, wanted->proof_seal, &found.digest,
                        found.revision, found.seal, found.active))
        change->reason = LK_REASON_CONFLICT;
    r = change->reason == LK_REASON_NONE ? check_fresh(batch, wanted, &change->reason) : 0;
    if (r != 0 || change->reason != LK_REASON_NONE)
        return r;
    statement = lk_sql(batch->db, LK_Q_PROOF_DELETE);
    lk_sql_int(statement, 1, found.id);
    r = lk_sql_run(statement);
    if (r == 0)
        r = add_session(batch, wanted, &found, &session);
    return r != 0 ? r : add_code(batch, wanted, &found, session);
}

/* ---- a code is redeemed ---- */

struct found_code {
    int64_t id;
    int64_t session;
    int64_t expiry;
    bool used;
    bool ended; /* the session is over, or gone */
    char client[LK_STORE_CLIENT_MAX + 1];
    struct lk_digest digest;
    bool active; /* the statement: newest and ACTIVE */
    uint64_t revision;
    uint8_t seal[LK_STORE_SEAL_SIZE];
};

/* 1 = found, 0 = not there. */
static int find_code(struct lk_batch *batch, const uint8_t *digest, struct found_code *found)
{
    sqlite3_stmt *statement = lk_sql(batch->db, LK_Q_CODE_FIND);
    int r;

    lk_sql_blob(statement, 1, digest, LK_DIGEST_SIZE);
    r = lk_sql_step(statement);
    if (r != 1)
        return r;
    found->id = sqlite3_column_int64(statement, 0);
    found->session = sqlite3_column_int64(statement, 1);
    found->expiry = sqlite3_column_int64(statement, 2);
    found->used = sqlite3_column_type(statement, 3) != SQLITE_NULL;
    found->ended = sqlite3_column_type(statement, 5) != SQLITE_NULL ||
                   sqlite3_column_type(statement, 4) == SQLITE_NULL;
    found->active = sqlite3_column_int64(statement, 9) == 1;
    r = lk_sql_get_text(statement, 4, found->client, sizeof found->client);
    if (r == 0 && sqlite3_column_type(statement, 6) != SQLITE_NULL)
        r = lk_sql_get_fixed(statement, 6, found->digest.bytes, LK_DIGEST_SIZE);
    if (r == 0)
        r = lk_sql_get_u64(statement, 7, &found->revision);
    if (r == 0)
        r = lk_sql_get_fixed(statement, 8, found->seal, LK_STORE_SEAL_SIZE);
    (void)sqlite3_reset(statement);
    return r == 0 ? 1 : r;
}

static enum lk_reason judge_code(const struct lk_batch *batch,
                                 const struct lk_change_redeem *wanted, int there,
                                 const struct found_code *found)
{
    if (there == 0 || strcmp(found->client, wanted->client) != 0)
        return LK_REASON_CODE;
    if (found->used)
        return LK_REASON_REPLAY;
    if (found->ended)
        return LK_REASON_CODE;
    if (found->expiry <= batch->now)
        return LK_REASON_CODE_EXPIRED;
    return as_judged(&wanted->statement, wanted->row_version, wanted->code_seal, &found->digest,
                     found->revision, found->seal, found->active)
               ? LK_REASON_NONE
               : LK_REASON_CONFLICT;
}

int lk_apply_redeem(struct lk_batch *batch, struct lk_change *change)
{
    const struct lk_change_redeem *wanted = &change->u.redeem;
    struct found_code found = {0};
    sqlite3_stmt *statement;
    int r = find_code(batch, wanted->code, &found);

    if (r < 0)
        return r;
    change->reason = judge_code(batch, wanted, r, &found);
    if (change->reason == LK_REASON_REPLAY)
        return lk_session_end(batch, found.session);
    if (change->reason != LK_REASON_NONE)
        return 0;
    statement = lk_sql(batch->db, LK_Q_CODE_USE);
    lk_sql_int(statement, 1, found.id);
    lk_sql_blob(statement, 2, wanted->access, LK_DIGEST_SIZE);
    lk_sql_int(statement, 3, wanted->access_expiry);
    r = lk_sql_run(statement);
    /* An access token that another code has already: nothing was written. */
    if (r == 0 && sqlite3_changes(batch->db->db) != 1)
        change->reason = LK_REASON_INTERNAL;
    return r;
}
