/* SPDX-License-Identifier: EUPL-1.2 */
/* Committing: one transaction for a whole batch, judged again change by change.
 *
 * A change whose checks come after its first write runs in a savepoint; logins and records decide before they write and need none. A failed
 * COMMIT refuses all of the batch: nobody is told yes for what is not on the disk. */
#include "broker/store/sqlite.h"

#include <string.h>

/* May this change still write at this step of the reserve? */
static bool admitted(const struct lk_store *store, const struct lk_change *change)
{
    int level = atomic_load(&store->reserve.level);

    if (level < 2 || change->kind == LK_CHANGE_STATE)
        return true;
    return level == 2 && change->urgency == LK_URGENCY_PRIVILEGED;
}

static int read_head(sqlite3_stmt *statement, uint64_t *ret_number, struct lk_digest *ret_hash)
{
    int r = lk_sql_step(statement);

    if (r != 1)
        return r;
    r = lk_sql_get_u64(statement, 0, ret_number);
    if (r == 0)
        r = lk_sql_get_fixed(statement, 1, ret_hash->bytes, LK_DIGEST_SIZE);
    (void)sqlite3_reset(statement);
    return r;
}

static int read_segment(struct lk_batch *batch)
{
    sqlite3_stmt *statement = lk_sql(batch->db, LK_Q_SEGMENT_HEAD);
    int r;

    lk_sql_int(statement, 1, batch->store->broker_id);
    r = lk_sql_step(statement);
    if (r != 1)
        return r;
    r = 0;
    if (sqlite3_column_type(statement, 2) == SQLITE_NULL) {
        r = lk_sql_get_u64(statement, 0, &batch->segment);
        batch->segment_opened = sqlite3_column_int64(statement, 1);
    }
    (void)sqlite3_reset(statement);
    return r;
}

/* Heads are read inside the transaction, not remembered: whatever happened to the last one, the next number is right. */
static int batch_begin(struct lk_store *store, struct lk_batch *batch)
{
    sqlite3_stmt *log;
    int r;

    *batch =
        (struct lk_batch){.store = store, .db = &store->writer, .now = lk_clock_now(store->clock)};
    r = lk_sql_simple(batch->db, LK_Q_BEGIN_WRITE);
    if (r == 0)
        r = read_head(lk_sql(batch->db, LK_Q_REGISTER_HEAD), &batch->number, &batch->hash);
    log = lk_sql(batch->db, LK_Q_LOG_HEAD);
    lk_sql_int(log, 1, store->broker_id);
    if (r == 0)
        r = read_head(log, &batch->log_number, &batch->log_hash);
    return r != 0 ? r : read_segment(batch);
}

static int apply_in_savepoint(struct lk_batch *batch, struct lk_change *change,
                              int (*apply)(struct lk_batch *batch, struct lk_change *change))
{
    struct lk_batch before = *batch;
    int r = lk_sql_simple(batch->db, LK_Q_SAVEPOINT);

    if (r == 0)
        r = apply(batch, change);
    if (r == 0 && change->reason != LK_REASON_NONE) {
        *batch = before;
        change->number = 0;
        change->hash = (struct lk_digest){0};
        change->activated = 0;
        r = lk_sql_simple(batch->db, LK_Q_ROLLBACK_TO);
    }
    return r != 0 ? r : lk_sql_simple(batch->db, LK_Q_RELEASE);
}

static int apply(struct lk_batch *batch, struct lk_change *change)
{
    switch (change->kind) {
    case LK_CHANGE_LOGIN:
        return lk_apply_login(batch, change);
    case LK_CHANGE_RECORD:
        return lk_apply_record(batch, change);
    case LK_CHANGE_STATEMENT:
        return apply_in_savepoint(batch, change, lk_apply_statement);
    case LK_CHANGE_ENDORSE:
        return apply_in_savepoint(batch, change, lk_apply_endorse);
    case LK_CHANGE_STATE:
        return apply_in_savepoint(batch, change, lk_apply_state);
    case LK_CHANGE_OPERATOR_SET:
        return apply_in_savepoint(batch, change, lk_apply_set);
    case LK_CHANGE_RESTORE:
        return apply_in_savepoint(batch, change, lk_apply_restore);
    /* These decide before they write. */
    case LK_CHANGE_PROVE:
        return lk_apply_prove(batch, change);
    case LK_CHANGE_CODE:
        return lk_apply_code(batch, change);
    case LK_CHANGE_REDEEM:
        return lk_apply_redeem(batch, change);
    case LK_CHANGE_END:
        return lk_apply_end(batch, change);
    case LK_CHANGE_LOGOUTS:
        return lk_apply_logouts(batch, change);
    case LK_CHANGE_DELIVERED:
        return lk_apply_delivered(batch, change);
    case LK_CHANGE_AGENT:
        return lk_apply_agent(batch, change);
    }
    return -LK_ERR_INTERNAL;
}

static int save_tally(struct lk_batch *batch)
{
    int r = 0;

    for (int i = 0; r == 0 && i <= LK_STATE_REVOKED; i++) {
        sqlite3_stmt *statement;

        if (batch->tally[i] == 0)
            continue;
        statement = lk_sql(batch->db, LK_Q_TALLY_ADD);
        lk_sql_int(statement, 1, i);
        lk_sql_int(statement, 2, batch->tally[i]);
        r = lk_sql_run(statement);
    }
    return r;
}

static int attempt(struct lk_store *store, struct lk_change **changes, size_t count)
{
    struct lk_batch batch;
    int r = batch_begin(store, &batch);

    for (size_t i = 0; r == 0 && i < count; i++) {
        struct lk_change *change = changes[i];

        change->error = 0;
        change->reason = LK_REASON_NONE;
        change->number = 0;
        change->hash = (struct lk_digest){0};
        change->activated = 0;
        if (!admitted(store, change))
            change->reason = LK_REASON_STORE_LOW;
        else
            r = apply(&batch, change);
    }
    if (r == 0)
        r = save_tally(&batch);
    if (r == 0)
        r = lk_sql_simple(&store->writer, LK_Q_COMMIT);
    if (r == -LK_ERR_IO && (sqlite3_extended_errcode(store->writer.db) == SQLITE_IOERR_FSYNC ||
                            sqlite3_extended_errcode(store->writer.db) == SQLITE_IOERR_DIR_FSYNC))
        store->broken = r;
    if (r != 0)
        lk_sql_rollback(&store->writer);
    return r;
}

static bool any_admitted(const struct lk_store *store, struct lk_change **changes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (admitted(store, changes[i]))
            return true;
    return false;
}

/* The next third goes only to those whom that step still serves. */
static bool worth_releasing(const struct lk_store *store, struct lk_change **changes, size_t count)
{
    int next = atomic_load(&store->reserve.level) + 1;

    for (size_t i = 0; i < count; i++)
        if (next == 1 || changes[i]->kind == LK_CHANGE_STATE ||
            (next == 2 && changes[i]->urgency == LK_URGENCY_PRIVILEGED))
            return true;
    return false;
}

static void fail_all(struct lk_change **changes, size_t count, int error)
{
    for (size_t i = 0; i < count; i++) {
        changes[i]->error = error;
        changes[i]->reason = LK_REASON_STORE_UNAVAILABLE;
        changes[i]->number = 0;
        changes[i]->hash = (struct lk_digest){0};
        changes[i]->activated = 0;
    }
}

/* Nobody of the batch is served at this step: that is an answer, not a failure. */
static void refuse_all(struct lk_change **changes, size_t count)
{
    fail_all(changes, count, 0);
    for (size_t i = 0; i < count; i++)
        changes[i]->reason = LK_REASON_STORE_LOW;
}

int lk_sqlite_commit(struct lk_store *store, struct lk_change **changes, size_t count)
{
    int r;

    (void)pthread_mutex_lock(&store->write_lock);
    if (store->broken != 0) {
        r = store->broken;
    } else if (!any_admitted(store, changes, count)) {
        refuse_all(changes, count);
        (void)pthread_mutex_unlock(&store->write_lock);
        return 0;
    } else {
        r = attempt(store, changes, count);
        while (r == -LK_ERR_FULL && worth_releasing(store, changes, count) &&
               lk_reserve_release(&store->reserve))
            r = attempt(store, changes, count);
    }
    if (r != 0)
        fail_all(changes, count, r);
    (void)pthread_mutex_unlock(&store->write_lock);
    return r;
}
