/* SPDX-License-Identifier: EUPL-1.2 */
/* A login on its way to the disk: what was judged is read again, then counter, nonce and log record go down together. */
#include "broker/store/sqlite.h"

#include <string.h>

#include "policy/policy.h"

/* What the transaction finds for the credential. */
struct lk_login_row {
    int64_t statement;
    uint64_t revision;
    uint32_t counter;
    uint64_t uses;
    int64_t last_login;
    uint32_t failures;
    int64_t window_start;
};

/* 1 = found, 0 = not there. */
static int find_row(struct lk_batch *batch, const struct lk_digest *digest,
                    struct lk_login_row *row)
{
    sqlite3_stmt *statement = lk_sql(batch->db, LK_Q_LOGIN_FIND);
    int r;

    lk_sql_blob(statement, 1, digest->bytes, LK_DIGEST_SIZE);
    r = lk_sql_step(statement);
    if (r != 1)
        return r;
    row->statement = sqlite3_column_int64(statement, 0);
    row->last_login = sqlite3_column_int64(statement, 4);
    row->window_start = sqlite3_column_int64(statement, 6);
    if ((r = lk_sql_get_u64(statement, 1, &row->revision)) == 0 &&
        (r = lk_sql_get_u32(statement, 2, &row->counter)) == 0 &&
        (r = lk_sql_get_u64(statement, 3, &row->uses)) == 0)
        r = lk_sql_get_u32(statement, 5, &row->failures);
    (void)sqlite3_reset(statement);
    return r == 0 ? 1 : r;
}

static int check_nonce(struct lk_batch *batch, const uint8_t *nonce, enum lk_reason *ret_reason)
{
    int64_t minute = (int64_t)((uint32_t)nonce[0] << 24 | (uint32_t)nonce[1] << 16 |
                               (uint32_t)nonce[2] << 8 | nonce[3]);
    sqlite3_stmt *statement = lk_sql(batch->db, LK_Q_NONCE_FIND);
    int r;

    /* Its neighbours were deleted already: whether it was used can no longer be known. */
    if (minute <= atomic_load(&batch->store->nonce_floor)) {
        *ret_reason = LK_REASON_EXPIRED_CHALLENGE;
        return 0;
    }
    lk_sql_blob(statement, 1, nonce, LK_STORE_NONCE_SIZE);
    r = lk_sql_step(statement);
    (void)sqlite3_reset(statement);
    if (r == 1)
        *ret_reason = LK_REASON_REPLAY;
    return r == 1 ? 0 : r;
}

static int judge_again(struct lk_batch *batch, const struct lk_change_login *login, int found,
                       const struct lk_login_row *row, enum lk_reason *ret_reason)
{
    int r = 0;

    /* The upper half moves with state, endorsements and name; the lower with each use, which the counter explains. */
    if (found == 0 || login->row_version >> 32 != row->revision) {
        *ret_reason = LK_REASON_CONFLICT;
        return 0;
    }
    if (login->has_nonce)
        r = check_nonce(batch, login->nonce, ret_reason);
    if (r != 0 || *ret_reason != LK_REASON_NONE || login->refused)
        return r;
    *ret_reason = lk_policy_counter(row->counter, login->counter);
    if (*ret_reason == LK_REASON_NONE && login->failure_limit != 0 &&
        row->failures >= login->failure_limit &&
        batch->now - row->window_start < LK_STORE_FAILURE_WINDOW)
        *ret_reason = LK_REASON_LIMIT;
    return 0;
}

static int save_row(struct lk_batch *batch, const struct lk_change_login *login,
                    const struct lk_login_row *row, bool failed)
{
    sqlite3_stmt *statement = lk_sql(batch->db, LK_Q_LOGIN_SAVE);
    bool fresh =
        batch->now - row->window_start >= LK_STORE_FAILURE_WINDOW || batch->now < row->window_start;
    uint32_t failures = fresh ? 0 : row->failures;

    lk_sql_int(statement, 1, row->statement);
    lk_sql_int(statement, 2, failed ? row->counter : login->counter);
    lk_sql_int(statement, 3, (int64_t)((row->uses + 1) & INT64_MAX));
    lk_sql_int(statement, 4, failed ? row->last_login : login->record.time);
    lk_sql_int(statement, 5, failed ? (failures < UINT32_MAX ? failures + 1 : failures) : 0);
    lk_sql_int(statement, 6, failed && !fresh ? row->window_start : batch->now);
    return lk_sql_run(statement);
}

static int segment_step(struct lk_batch *batch)
{
    sqlite3_stmt *statement;
    int r = 0;

    if (batch->segment != 0 && batch->now - batch->segment_opened < LK_LOG_SEGMENT_SECONDS)
        return 0;
    if (batch->segment != 0) {
        statement = lk_sql(batch->db, LK_Q_SEGMENT_CLOSE);
        lk_sql_int(statement, 1, batch->store->broker_id);
        lk_sql_int(statement, 2, (int64_t)batch->segment);
        lk_sql_int(statement, 3, (int64_t)batch->log_number);
        lk_sql_blob(statement, 4, batch->log_hash.bytes, LK_DIGEST_SIZE);
        lk_sql_int(statement, 5, batch->now);
        r = lk_sql_run(statement);
    }
    if (r != 0)
        return r;
    statement = lk_sql(batch->db, LK_Q_SEGMENT_OPEN);
    lk_sql_int(statement, 1, batch->store->broker_id);
    lk_sql_int(statement, 2, (int64_t)batch->log_number + 1);
    lk_sql_blob(statement, 3, batch->log_hash.bytes, LK_DIGEST_SIZE);
    lk_sql_int(statement, 4, batch->now);
    r = lk_sql_run(statement);
    if (r == 0) {
        batch->segment = batch->log_number + 1;
        batch->segment_opened = batch->now;
    }
    return r;
}

static int add_names(struct lk_batch *batch, const struct lk_log_record *record, uint64_t number)
{
    sqlite3_stmt *statement;

    if (record->name[0] == '\0' && record->service[0] == '\0' && record->remote_host[0] == '\0')
        return 0;
    statement = lk_sql(batch->db, LK_Q_LOG_NAME_ADD);
    lk_sql_int(statement, 1, batch->store->broker_id);
    lk_sql_int(statement, 2, (int64_t)number);
    lk_sql_text(statement, 3, record->name);
    lk_sql_text(statement, 4, record->service);
    lk_sql_text(statement, 5, record->remote_host);
    return lk_sql_run(statement);
}

static int add_record(struct lk_batch *batch, const struct lk_log_record *record,
                      struct lk_change *change)
{
    struct lk_log_entry entry = {.number = batch->log_number + 1,
                                 .previous = batch->log_hash,
                                 .broker = batch->store->broker,
                                 .record = *record};
    struct lk_buf buf = LK_BUF_INIT(LK_LOG_RECORD_MAX);
    struct lk_digest hash;
    sqlite3_stmt *statement;
    int r = segment_step(batch);

    if (r == 0)
        r = lk_log_entry_encode(&buf, &entry);
    if (r == 0)
        r = lk_log_entry_hash(batch->store->crypto, lk_buf_view(&buf), &hash);
    if (r == 0) {
        statement = lk_sql(batch->db, LK_Q_LOG_ADD);
        lk_sql_int(statement, 1, batch->store->broker_id);
        lk_sql_int(statement, 2, (int64_t)entry.number);
        lk_sql_blob(statement, 3, hash.bytes, LK_DIGEST_SIZE);
        lk_sql_view(statement, 4, lk_buf_view(&buf));
        r = lk_sql_run(statement);
    }
    lk_buf_clear(&buf);
    if (r == 0)
        r = add_names(batch, record, entry.number);
    if (r != 0)
        return r;
    batch->log_number = change->number = entry.number;
    batch->log_hash = change->hash = hash;
    return 0;
}

static int add_nonce(struct lk_batch *batch, const struct lk_change_login *login)
{
    sqlite3_stmt *statement = lk_sql(batch->db, LK_Q_NONCE_ADD);

    lk_sql_blob(statement, 1, login->nonce, LK_STORE_NONCE_SIZE);
    return lk_sql_run(statement);
}

int lk_apply_login(struct lk_batch *batch, struct lk_change *change)
{
    const struct lk_change_login *login = &change->u.login;
    struct lk_log_record record = login->record;
    struct lk_login_row row = {0};
    enum lk_reason reason = LK_REASON_NONE;
    int found = find_row(batch, &login->statement, &row);
    int r;

    if (found < 0)
        return found;
    r = judge_again(batch, login, found, &row, &reason);
    if (r == 0 && reason == LK_REASON_NONE && login->has_nonce)
        r = add_nonce(batch, login);
    /* A replayed answer is somebody else's doing: it is not counted against the holder. */
    if (r == 0 && (reason == LK_REASON_NONE || reason == LK_REASON_COUNTER))
        r = save_row(batch, login, &row, login->refused || reason == LK_REASON_COUNTER);
    if (r == 0 && reason == LK_REASON_NONE && login->leaves_proof && !login->refused)
        r = lk_proof_put(batch, login, row.statement);
    if (r != 0)
        return r;
    if (reason != LK_REASON_NONE)
        record.reason = reason;
    change->reason = reason;
    /* The same answer sent again a thousand times writes nothing: number stays 0, and the caller sums them up. */
    if (reason == LK_REASON_REPLAY || reason == LK_REASON_EXPIRED_CHALLENGE)
        return 0;
    return add_record(batch, &record, change);
}

int lk_apply_record(struct lk_batch *batch, struct lk_change *change)
{
    return add_record(batch, &change->u.record, change);
}
