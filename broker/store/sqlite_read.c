/* SPDX-License-Identifier: EUPL-1.2 */
/* Reading the rows of one agent, one credential or one statement: one snapshot each. */
#include "broker/store/sqlite.h"

#include <stdlib.h>
#include <string.h>

void lk_store_rows_free(struct lk_store_rows *rows)
{
    if (rows == NULL)
        return;
    (void)lk_arena_free(rows->memory);
    *rows = (struct lk_store_rows){0};
}

/* Who the agent of a row is; every row brings it along. */
static int get_agent(sqlite3_stmt *statement, struct lk_store_rows *rows)
{
    int r = lk_sql_get_text(statement, LK_ROW_NAME_COLUMN, rows->name, sizeof rows->name);

    if (r == 0)
        r = lk_sql_get_text(statement, LK_ROW_FULL_NAME_COLUMN, rows->full_name,
                            sizeof rows->full_name);
    if (r == 0)
        r = lk_sql_get_text(statement, LK_ROW_EMAIL_COLUMN, rows->email, sizeof rows->email);
    return r;
}

static int collect(struct lk_store *store, sqlite3_stmt *statement, struct lk_arena **arena,
                   struct lk_store_rows *rows)
{
    struct lk_store_row loaded[LK_STORE_ROWS_MAX];
    size_t count = 0;
    int r;

    while ((r = lk_sql_step(statement)) == 1) {
        /* STATEMENT changes refuse the credential too many: whoever put it there was not this program. */
        r = count < LK_STORE_ROWS_MAX ? lk_row_load(store, statement, arena, &loaded[count])
                                      : -LK_ERR_CORRUPT;
        if (r == 0 && count == 0)
            r = get_agent(statement, rows);
        if (r != 0) {
            (void)sqlite3_reset(statement);
            return r;
        }
        count++;
    }
    if (r != 0 || count == 0)
        return r;
    rows->rows = lk_arena_take(arena, count * sizeof loaded[0]);
    if (rows->rows == NULL)
        return -LK_ERR_NOMEM;
    memcpy(rows->rows, loaded, count * sizeof loaded[0]);
    rows->count = count;
    return 0;
}

/* 1 = found, 0 = unknown. */
static int read_agent(sqlite3_stmt *statement, int64_t *ret_id, struct lk_store_rows *rows)
{
    int r = lk_sql_step(statement);

    if (r != 1)
        return r;
    *ret_id = sqlite3_column_int64(statement, 0);
    r = lk_sql_get_fixed(statement, 1, rows->subject.bytes, LK_SUBJECT_SIZE);
    if (r == 0)
        r = lk_sql_get_text(statement, 2, rows->name, sizeof rows->name);
    if (r == 0)
        r = lk_sql_get_text(statement, 3, rows->full_name, sizeof rows->full_name);
    if (r == 0)
        r = lk_sql_get_text(statement, 4, rows->email, sizeof rows->email);
    (void)sqlite3_reset(statement);
    rows->known = r == 0;
    return r == 0 ? 1 : r;
}

static int finish(struct lk_store *store, int r, struct lk_arena *arena, struct lk_store_rows *rows,
                  struct lk_store_rows *ret_rows)
{
    lk_snapshot_end(store);
    if (r != 0) {
        (void)lk_arena_free(arena);
        return r;
    }
    rows->memory = arena;
    *ret_rows = *rows;
    return 0;
}

static int read_of_agent(struct lk_store *store, sqlite3_stmt *agent,
                         struct lk_store_rows *ret_rows)
{
    struct lk_store_rows rows = {0};
    struct lk_arena *arena = NULL;
    int64_t id = 0;
    int r = read_agent(agent, &id, &rows);

    if (r == 1) {
        sqlite3_stmt *statement = lk_sql(&store->reader, LK_Q_ROWS_BY_AGENT);

        lk_sql_int(statement, 1, id);
        r = collect(store, statement, &arena, &rows);
    }
    return finish(store, r, arena, &rows, ret_rows);
}

int lk_sqlite_read_name(struct lk_store *store, const char *name, struct lk_store_rows *ret_rows)
{
    sqlite3_stmt *agent;
    int r = lk_snapshot_begin(store);

    if (r != 0)
        return r;
    agent = lk_sql(&store->reader, LK_Q_AGENT_BY_NAME);
    lk_sql_text(agent, 1, name);
    return read_of_agent(store, agent, ret_rows);
}

int lk_sqlite_read_subject(struct lk_store *store, const struct lk_subject *subject,
                           struct lk_store_rows *ret_rows)
{
    sqlite3_stmt *agent;
    int r = lk_snapshot_begin(store);

    if (r != 0)
        return r;
    agent = lk_sql(&store->reader, LK_Q_AGENT_BY_SUBJECT);
    lk_sql_blob(agent, 1, subject->bytes, LK_SUBJECT_SIZE);
    return read_of_agent(store, agent, ret_rows);
}

/* The newest came first; readers expect them by age. */
static void reverse(struct lk_store_rows *rows)
{
    for (size_t low = 0, high = rows->count; low + 1 < high; low++) {
        struct lk_store_row one = rows->rows[low];

        high--;
        rows->rows[low] = rows->rows[high];
        rows->rows[high] = one;
    }
}

/* Rows with the agent they belong to, whose name every row brings along; the versions of one credential never have two. */
static int read_of_rows(struct lk_store *store, sqlite3_stmt *statement,
                        struct lk_store_rows *ret_rows)
{
    struct lk_store_rows rows = {0};
    struct lk_arena *arena = NULL;
    int r = collect(store, statement, &arena, &rows);

    if (r == 0 && rows.count > 0) {
        rows.known = true;
        rows.subject = rows.rows[0].subject;
        reverse(&rows);
    }
    return finish(store, r, arena, &rows, ret_rows);
}

int lk_sqlite_read_credential(struct lk_store *store, const struct lk_digest *credential,
                              struct lk_store_rows *ret_rows)
{
    sqlite3_stmt *statement;
    int r = lk_snapshot_begin(store);

    if (r != 0)
        return r;
    statement = lk_sql(&store->reader, LK_Q_ROWS_BY_CREDENTIAL);
    lk_sql_blob(statement, 1, credential->bytes, LK_DIGEST_SIZE);
    lk_sql_int(statement, 2, LK_STORE_ROWS_MAX);
    return read_of_rows(store, statement, ret_rows);
}

int lk_sqlite_read_statement(struct lk_store *store, const struct lk_digest *digest,
                             struct lk_store_rows *ret_rows)
{
    sqlite3_stmt *statement;
    int r = lk_snapshot_begin(store);

    if (r != 0)
        return r;
    statement = lk_sql(&store->reader, LK_Q_ROWS_BY_DIGEST);
    lk_sql_blob(statement, 1, digest->bytes, LK_DIGEST_SIZE);
    return read_of_rows(store, statement, ret_rows);
}
