/* SPDX-License-Identifier: EUPL-1.2 */
/* Lists: credentials, register entries, log records, and the heads of the chains. Each is one snapshot. */
#include "broker/store/sqlite.h"

#include <string.h>

/* The statement for this filter, bound; *ret_bounds keeps what the bindings borrow. 1 = matches may exist, 0 = none can. */
struct lk_list_bounds {
    uint8_t first[LK_DIGEST_SIZE];
    uint8_t last[LK_DIGEST_SIZE];
};

static int bind_filter(struct lk_store *store, const struct lk_store_filter *filter,
                       struct lk_list_bounds *bounds, sqlite3_stmt **ret_statement)
{
    size_t prefix = filter->credential_prefix.len;
    sqlite3_stmt *statement;
    int64_t agent = 0;

    if (prefix > LK_DIGEST_SIZE)
        return 0;
    if (filter->name != NULL) {
        sqlite3_stmt *find = lk_sql(&store->reader, LK_Q_AGENT_BY_NAME);
        int r;

        lk_sql_text(find, 1, filter->name);
        r = lk_sql_step(find);
        if (r != 1)
            return r;
        agent = sqlite3_column_int64(find, 0);
        (void)sqlite3_reset(find);
    }
    if (prefix > 0)
        statement = lk_sql(&store->reader, LK_Q_ROWS_BY_PREFIX);
    else if (filter->name != NULL)
        statement = lk_sql(&store->reader, LK_Q_ROWS_OF_AGENT);
    else if (filter->state == LK_STATE_PENDING && !filter->all_versions)
        statement = lk_sql(&store->reader, LK_Q_ROWS_PENDING);
    else
        statement = lk_sql(&store->reader, LK_Q_ROWS_ALL);
    lk_sql_int(statement, 1, (int64_t)(filter->after & INT64_MAX));
    lk_sql_int(statement, 2, filter->all_versions ? 0 : 1);
    lk_sql_int(statement, 3, filter->state);
    lk_sql_int(statement, 4, filter->most == 0 ? -1 : (int64_t)filter->most);
    lk_sql_int(statement, 5, agent);
    if (prefix > 0) {
        memset(bounds->last, 0xff, sizeof bounds->last);
        memcpy(bounds->first, filter->credential_prefix.data, prefix);
        memcpy(bounds->last, filter->credential_prefix.data, prefix);
        lk_sql_blob(statement, 6, bounds->first, prefix);
        lk_sql_blob(statement, 7, bounds->last, LK_DIGEST_SIZE);
    }
    *ret_statement = statement;
    return 1;
}

int lk_sqlite_list(struct lk_store *store, const struct lk_store_filter *filter,
                   int (*each)(void *context, const char *name, const struct lk_store_row *row),
                   void *context)
{
    struct lk_list_bounds bounds = {0};
    sqlite3_stmt *statement = NULL;
    int r = lk_snapshot_begin(store);

    if (r != 0)
        return r;
    r = bind_filter(store, filter, &bounds, &statement);
    while (r == 1 && (r = lk_sql_step(statement)) == 1) {
        struct lk_arena *arena = NULL;
        struct lk_store_row row;
        char name[LK_NAME_MAX + 1];

        r = lk_sql_get_text(statement, LK_ROW_NAME_COLUMN, name, sizeof name);
        if (r == 0)
            r = lk_row_load(store, statement, &arena, &row);
        if (r == 0)
            r = each(context, name, &row);
        (void)lk_arena_free(arena);
        if (r == 0)
            r = 1;
    }
    lk_snapshot_end(store);
    return r;
}

static int read_pair(sqlite3_stmt *statement, uint64_t *ret_number, struct lk_digest *ret_digest)
{
    int r = lk_sql_step(statement);

    if (r != 1)
        return r;
    r = lk_sql_get_u64(statement, 0, ret_number);
    if (r == 0)
        r = lk_sql_get_fixed(statement, 1, ret_digest->bytes, LK_DIGEST_SIZE);
    (void)sqlite3_reset(statement);
    return r;
}

static int read_tally(struct lk_store *store, struct lk_store_head *head)
{
    sqlite3_stmt *statement = lk_sql(&store->reader, LK_Q_TALLY);
    uint64_t counts[LK_STATE_REVOKED + 1] = {0};
    int r;

    while ((r = lk_sql_step(statement)) == 1) {
        int64_t state = sqlite3_column_int64(statement, 0);

        if (state >= 0 && state <= LK_STATE_REVOKED)
            counts[state] = (uint64_t)sqlite3_column_int64(statement, 1);
    }
    head->agents = counts[0];
    head->pending = counts[LK_STATE_PENDING];
    head->active = counts[LK_STATE_ACTIVE];
    head->suspended = counts[LK_STATE_SUSPENDED];
    head->revoked = counts[LK_STATE_REVOKED];
    head->credentials = head->pending + head->active + head->suspended + head->revoked;
    return r;
}

int lk_sqlite_read_head(struct lk_store *store, struct lk_store_head *ret_head)
{
    struct lk_store_head head = {0};
    sqlite3_stmt *log;
    int r = lk_snapshot_begin(store);

    if (r != 0)
        return r;
    r = read_pair(lk_sql(&store->reader, LK_Q_REGISTER_HEAD), &head.number, &head.hash);
    if (r == 0)
        r = read_pair(lk_sql(&store->reader, LK_Q_SET_HEAD), &head.set_number, &head.set_digest);
    log = lk_sql(&store->reader, LK_Q_LOG_HEAD);
    lk_sql_int(log, 1, store->broker_id);
    if (r == 0)
        r = read_pair(log, &head.log_number, &head.log_hash);
    if (r == 0)
        r = read_tally(store, &head);
    lk_snapshot_end(store);
    if (r == 0)
        *ret_head = head;
    return r;
}

int lk_sqlite_read_register(struct lk_store *store, uint64_t first, uint32_t most,
                            int (*each)(void *context, const struct lk_store_entry *entry),
                            void *context)
{
    sqlite3_stmt *statement;
    int r = lk_snapshot_begin(store);

    if (r != 0)
        return r;
    statement = lk_sql(&store->reader, LK_Q_REGISTER_RANGE);
    lk_sql_int(statement, 1, (int64_t)(first & INT64_MAX));
    lk_sql_int(statement, 2, most);
    while ((r = lk_sql_step(statement)) == 1) {
        struct lk_arena *arena = NULL;
        struct lk_store_entry entry;

        r = lk_entry_load(store, (uint64_t)sqlite3_column_int64(statement, 0), &arena, &entry);
        if (r == 0)
            r = each(context, &entry);
        (void)lk_arena_free(arena);
        if (r != 0)
            break;
    }
    lk_snapshot_end(store);
    return r;
}

static int load_log_row(sqlite3_stmt *statement, struct lk_store_log_row *row)
{
    int r;

    if ((r = lk_sql_get_u64(statement, 0, &row->number)) != 0 ||
        (r = lk_sql_get_fixed(statement, 1, row->hash.bytes, LK_DIGEST_SIZE)) != 0 ||
        (r = lk_sql_get_view(statement, 2, LK_LOG_RECORD_MAX, &row->bytes)) != 0 ||
        (r = lk_sql_get_text(statement, 3, row->name, sizeof row->name)) != 0 ||
        (r = lk_sql_get_text(statement, 4, row->service, sizeof row->service)) != 0)
        return r;
    return lk_sql_get_text(statement, 5, row->remote_host, sizeof row->remote_host);
}

int lk_sqlite_read_log(struct lk_store *store, const char *name, uint64_t first, uint32_t most,
                       int (*each)(void *context, const struct lk_store_log_row *row),
                       void *context)
{
    static const enum lk_query which[2][2] = {{LK_Q_LOG_NEWEST, LK_Q_LOG_RANGE},
                                              {LK_Q_LOG_NAME_NEWEST, LK_Q_LOG_NAME_RANGE}};
    sqlite3_stmt *statement;
    int r = lk_snapshot_begin(store);

    if (r != 0)
        return r;
    statement = lk_sql(&store->reader, which[name != NULL][first != 0]);
    lk_sql_int(statement, 1, store->broker_id);
    lk_sql_int(statement, 2, (int64_t)(first & INT64_MAX));
    lk_sql_int(statement, 3, most);
    if (name != NULL)
        lk_sql_text(statement, 4, name);
    while ((r = lk_sql_step(statement)) == 1) {
        struct lk_store_log_row row = {0};

        r = load_log_row(statement, &row);
        if (r == 0)
            r = each(context, &row);
        if (r != 0)
            break;
    }
    lk_snapshot_end(store);
    return r;
}
