/* SPDX-License-Identifier: EUPL-1.2 */
/* Maintenance: checkpoints, nonces, proofs, codes and sessions that ran out, log segments whose term is over, the reserve.
 *
 * Deletions run in small transactions under the same lock as commits, so that a login waits for one of them at most. */
#include "broker/store/sqlite.h"

enum {
    LK_DELETE_AT_ONCE = 2000,
    LK_NONCE_GRACE_MINUTES = 2, /* a clock that steps back a little meets nothing deleted */
    LK_WAL_PAGES_LARGE = 16384
}; /* 64 MiB: then writers wait until the log begins anew */

/* Runs one deleting statement in a transaction of its own; *ret_rows says how many went. */
static int delete_some(struct lk_store *store, sqlite3_stmt *statement, int *ret_rows)
{
    int r;

    (void)pthread_mutex_lock(&store->write_lock);
    r = lk_sql_simple(&store->keeper, LK_Q_BEGIN_WRITE);
    if (r == 0)
        r = lk_sql_run(statement);
    if (r == 0)
        *ret_rows = sqlite3_changes(store->keeper.db);
    if (r == 0)
        r = lk_sql_simple(&store->keeper, LK_Q_COMMIT);
    if (r != 0)
        lk_sql_rollback(&store->keeper);
    (void)pthread_mutex_unlock(&store->write_lock);
    return r;
}

/* The minute of the last of those that are about to go; 0 if there are none. */
static int last_minute(struct lk_store *store, const uint8_t bound[4], uint32_t *ret_minute)
{
    sqlite3_stmt *statement = lk_sql(&store->keeper, LK_Q_NONCE_LAST);
    const uint8_t *nonce;
    int r;

    lk_sql_blob(statement, 1, bound, 4);
    lk_sql_int(statement, 2, LK_DELETE_AT_ONCE);
    r = lk_sql_step(statement);
    nonce = r == 1 ? sqlite3_column_blob(statement, 0) : NULL;
    *ret_minute = nonce == NULL ? 0
                                : (uint32_t)nonce[0] << 24 | (uint32_t)nonce[1] << 16 |
                                      (uint32_t)nonce[2] << 8 | nonce[3];
    (void)sqlite3_reset(statement);
    return r < 0 ? r : 0;
}

/* Floor and rows in one transaction; a nonce at the floor or below is refused, so one that is gone can never pass as new. */
static int drop_some_nonces(struct lk_store *store, const uint8_t bound[4], int *ret_rows)
{
    uint32_t minute = 0;
    sqlite3_stmt *statement;
    int r;

    *ret_rows = 0;
    (void)pthread_mutex_lock(&store->write_lock);
    r = last_minute(store, bound, &minute);
    if (r != 0 || minute == 0) {
        (void)pthread_mutex_unlock(&store->write_lock);
        return r;
    }
    r = lk_sql_simple(&store->keeper, LK_Q_BEGIN_WRITE);
    statement = lk_sql(&store->keeper, LK_Q_FLOOR_SET);
    lk_sql_int(statement, 1, minute);
    if (r == 0)
        r = lk_sql_run(statement);
    statement = lk_sql(&store->keeper, LK_Q_NONCE_DELETE);
    lk_sql_blob(statement, 1, bound, 4);
    lk_sql_int(statement, 2, LK_DELETE_AT_ONCE);
    if (r == 0)
        r = lk_sql_run(statement);
    if (r == 0)
        *ret_rows = sqlite3_changes(store->keeper.db);
    if (r == 0)
        r = lk_sql_simple(&store->keeper, LK_Q_COMMIT);
    if (r == 0 && (long)minute > atomic_load(&store->nonce_floor))
        atomic_store(&store->nonce_floor, (long)minute);
    if (r != 0)
        lk_sql_rollback(&store->keeper);
    (void)pthread_mutex_unlock(&store->write_lock);
    return r;
}

/* The floor follows what is deleted, not the clock: one that was years ahead for a moment would bar every login until then. */
static int drop_nonces(struct lk_store *store)
{
    int64_t minute = lk_clock_now(store->clock) / 60 - LK_NONCE_GRACE_MINUTES;
    uint32_t bound = (uint32_t)minute + 1;
    const uint8_t first[4] = {(uint8_t)(bound >> 24), (uint8_t)(bound >> 16), (uint8_t)(bound >> 8),
                              (uint8_t)bound};
    int rows = LK_DELETE_AT_ONCE;
    int r = 0;

    if (minute <= 0 || minute >= UINT32_MAX)
        return 0;
    while (r == 0 && rows == LK_DELETE_AT_ONCE)
        r = drop_some_nonces(store, first, &rows);
    return r;
}

/* Rows in the order of time, some from the front. */
static int drop_rows(struct lk_store *store, enum lk_query query, int64_t before, int *ret_rows)
{
    sqlite3_stmt *statement = lk_sql(&store->keeper, query);

    lk_sql_int(statement, 1, before);
    lk_sql_int(statement, 2, LK_DELETE_AT_ONCE);
    return delete_some(store, statement, ret_rows);
}

static int drop_all(struct lk_store *store, enum lk_query query, int64_t before)
{
    int rows = LK_DELETE_AT_ONCE;
    int r = 0;

    while (r == 0 && rows == LK_DELETE_AT_ONCE)
        r = drop_rows(store, query, before, &rows);
    return r;
}

/* The sessions of the codes that are about to go, then these: the same codes. */
static int drop_codes(struct lk_store *store, int64_t before)
{
    int rows = LK_DELETE_AT_ONCE;
    int r = 0;

    while (r == 0 && rows == LK_DELETE_AT_ONCE) {
        int unused;

        r = drop_rows(store, LK_Q_CODES_UNUSED, before, &unused);
        if (r == 0)
            r = drop_rows(store, LK_Q_CODES_ENDED, before, &rows);
    }
    return r;
}

/* A session is old by the clock and by what is on record: forgetting it means that nobody is told when the key is lost, so a clock that is ahead for a moment must not do it. */
static int drop_sessions(struct lk_store *store, int64_t now)
{
    sqlite3_stmt *statement;
    int rows = LK_DELETE_AT_ONCE;
    int r = 0;

    while (r == 0 && rows == LK_DELETE_AT_ONCE) {
        statement = lk_sql(&store->keeper, LK_Q_SESSIONS_ENDED);
        lk_sql_int(statement, 1, now);
        lk_sql_int(statement, 2, LK_DELETE_AT_ONCE);
        lk_sql_int(statement, 3, store->session_term);
        lk_sql_int(statement, 4, LK_LOG_SEGMENT_SECONDS);
        r = delete_some(store, statement, &rows);
    }
    return r;
}

/* A session whose logout is on its way stays until it is delivered, whatever its age. */
static int drop_gateway(struct lk_store *store)
{
    int64_t now = lk_clock_now(store->clock);
    int r = drop_all(store, LK_Q_PROOFS_ENDED, now);

    if (r == 0)
        r = drop_codes(store, now - LK_STORE_CODE_KEPT);
    if (r == 0 && store->session_term > 0)
        r = drop_sessions(store, now);
    return r;
}

struct lk_segment {
    int64_t broker;
    int64_t first;
    int64_t last;
};

/* 1 = one was found. */
static int next_segment(struct lk_store *store, enum lk_query query, int64_t before,
                        struct lk_segment *ret_segment)
{
    sqlite3_stmt *statement = lk_sql(&store->keeper, query);
    int r;

    lk_sql_int(statement, 1, before);
    r = lk_sql_step(statement);
    if (r == 1)
        *ret_segment = (struct lk_segment){sqlite3_column_int64(statement, 0),
                                           sqlite3_column_int64(statement, 1),
                                           sqlite3_column_int64(statement, 2)};
    (void)sqlite3_reset(statement);
    return r;
}

static int delete_range(struct lk_store *store, enum lk_query query,
                        const struct lk_segment *segment)
{
    int rows = LK_DELETE_AT_ONCE;
    int r = 0;

    while (r == 0 && rows == LK_DELETE_AT_ONCE) {
        sqlite3_stmt *statement = lk_sql(&store->keeper, query);

        lk_sql_int(statement, 1, segment->broker);
        lk_sql_int(statement, 2, segment->first);
        lk_sql_int(statement, 3, segment->last);
        lk_sql_int(statement, 4, LK_DELETE_AT_ONCE);
        r = delete_some(store, statement, &rows);
    }
    return r;
}

/* Only closed segments: the newest record always stays, so the chain goes on from a record and not from memory. */
static int end_segments(struct lk_store *store, int64_t term, enum lk_query find,
                        enum lk_query mark, bool records)
{
    struct lk_segment segment;
    int r = 0;

    if (term <= 0)
        return 0;
    while (r == 0 &&
           (r = next_segment(store, find, lk_clock_now(store->clock) - term, &segment)) == 1) {
        sqlite3_stmt *statement;
        int rows;

        r = delete_range(store, LK_Q_LOG_NAME_DELETE, &segment);
        if (r == 0 && records)
            r = delete_range(store, LK_Q_LOG_DELETE, &segment);
        statement = lk_sql(&store->keeper, mark);
        lk_sql_int(statement, 1, segment.broker);
        lk_sql_int(statement, 2, segment.first);
        if (r == 0)
            r = delete_some(store, statement, &rows);
    }
    return r;
}

static int checkpoint(struct lk_store *store)
{
    int pages = 0;
    int done = 0;
    int code =
        sqlite3_wal_checkpoint_v2(store->keeper.db, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &done);

    if (code == SQLITE_OK && pages > LK_WAL_PAGES_LARGE) {
        (void)pthread_mutex_lock(&store->write_lock);
        code = sqlite3_wal_checkpoint_v2(store->keeper.db, NULL, SQLITE_CHECKPOINT_RESTART, NULL,
                                         NULL);
        (void)pthread_mutex_unlock(&store->write_lock);
    }
    /* A reader in the middle of its snapshot: the next time does it. */
    if (code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY)
        return 0;
    return lk_sql_error(store->keeper.db, code);
}

int lk_sqlite_maintain(struct lk_store *store)
{
    int r = drop_nonces(store);
    int next = end_segments(store, store->names_term, LK_Q_SEGMENT_NAMES_ENDED,
                            LK_Q_SEGMENT_NAMES_ERASED, false);

    if (r == 0)
        r = next;
    next = drop_gateway(store);
    if (r == 0)
        r = next;
    next = end_segments(store, store->log_term, LK_Q_SEGMENT_ENDED, LK_Q_SEGMENT_ERASED, true);
    if (r == 0)
        r = next;
    next = checkpoint(store);
    if (r == 0)
        r = next;
    (void)pthread_mutex_lock(&store->write_lock);
    lk_reserve_restore(&store->reserve, false);
    (void)pthread_mutex_unlock(&store->write_lock);
    return r;
}
