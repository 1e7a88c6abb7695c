/* SPDX-License-Identifier: EUPL-1.2 */
/* One statement with all that lies beside it, from columns to struct lk_store_row.
 *
 * The file is not trusted: lengths and types are checked here, contents are judged by the broker. */
#include "broker/store/sqlite.h"

#include <string.h>

int lk_snapshot_begin(struct lk_store *store)
{
    int r = 0;

    if (store->read_depth == 0)
        r = lk_sql_simple(&store->reader, LK_Q_BEGIN);
    if (r == 0)
        store->read_depth++;
    return r;
}

void lk_snapshot_end(struct lk_store *store)
{
    if (--store->read_depth > 0)
        return;
    /* A statement left in the middle would keep the snapshot open, and the log growing behind it. */
    for (int i = 0; i < LK_Q_COUNT; i++)
        (void)sqlite3_reset(store->reader.statements[i]);
    if (lk_sql_simple(&store->reader, LK_Q_COMMIT) != 0)
        lk_sql_rollback(&store->reader);
}

static int copy_blob(sqlite3_stmt *statement, int column, size_t max, struct lk_arena **arena,
                     struct lk_view *ret_view)
{
    struct lk_view view;
    int r = lk_sql_get_view(statement, column, max, &view);

    return r != 0 ? r : lk_arena_copy(arena, view, ret_view);
}

static int load_endorsements(struct lk_store *store, uint64_t entry, struct lk_arena **arena,
                             struct lk_store_endorsement *ret_endorsements, uint32_t *ret_count)
{
    sqlite3_stmt *statement = lk_sql(&store->reader, LK_Q_ENDORSEMENTS);
    uint32_t count = 0;
    int r;

    lk_sql_int(statement, 1, (int64_t)entry);
    while ((r = lk_sql_step(statement)) == 1) {
        if (count == LK_ENDORSEMENTS_MAX)
            r = -LK_ERR_CORRUPT;
        else
            r = copy_blob(statement, 0, LK_ENDORSEMENT_MAX, arena, &ret_endorsements[count].record);
        if (r == 0)
            r = copy_blob(statement, 1, LK_PATH_BYTES_MAX, arena, &ret_endorsements[count].path);
        if (r != 0) {
            (void)sqlite3_reset(statement);
            return r;
        }
        count++;
    }
    if (r == 0)
        *ret_count = count;
    return r;
}

/* The first `count` records as "u32 length + bytes", the form the entry's detail covers. */
static int join_endorsements(const struct lk_store_endorsement *endorsements, uint32_t count,
                             struct lk_arena **arena, struct lk_view *ret_view)
{
    size_t len = 0;
    uint8_t *data;

    for (uint32_t i = 0; i < count; i++)
        len += 4 + endorsements[i].record.len;
    if (len == 0)
        return 0;
    data = lk_arena_take(arena, len);
    if (data == NULL)
        return -LK_ERR_NOMEM;
    *ret_view = LK_VIEW(data, len);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t size = (uint32_t)endorsements[i].record.len;
        const uint8_t head[4] = {(uint8_t)(size >> 24), (uint8_t)(size >> 16), (uint8_t)(size >> 8),
                                 (uint8_t)size};

        memcpy(data, head, sizeof head);
        if (size > 0)
            memcpy(data + sizeof head, endorsements[i].record.data, size);
        data += sizeof head + size;
    }
    return 0;
}

/* What the next entry names as its predecessor. One that does not decode names nothing: zero fits no hash. */
static int load_next(sqlite3_stmt *statement, struct lk_store_entry *entry)
{
    struct lk_register_entry next;
    struct lk_view bytes;
    int r = lk_sql_get_view(statement, 5, LK_REGISTER_ENTRY_MAX, &bytes);

    if (r != 0)
        return r;
    entry->has_next = true;
    r = lk_register_entry_decode(bytes, &next);
    if (r == -LK_ERR_NOMEM)
        return r;
    if (r == 0)
        entry->next_previous = next.previous;
    return 0;
}

struct lk_entry_columns {
    int64_t kind;
    uint64_t statement;
    uint32_t sealed;
};

static int load_entry_rows(struct lk_store *store, uint64_t number, struct lk_arena **arena,
                           struct lk_entry_columns *columns, struct lk_store_entry *entry)
{
    sqlite3_stmt *statement = lk_sql(&store->reader, LK_Q_ENTRY);
    int r;

    lk_sql_int(statement, 1, (int64_t)number);
    while ((r = lk_sql_step(statement)) == 1) {
        if ((uint64_t)sqlite3_column_int64(statement, 0) != number) {
            r = load_next(statement, entry);
        } else {
            entry->present = true;
            columns->kind = sqlite3_column_int64(statement, 1);
            r = lk_sql_get_u64(statement, 2, &columns->statement);
            if (r == 0)
                r = lk_sql_get_u32(statement, 3, &columns->sealed);
            if (r == 0)
                r = lk_sql_get_fixed(statement, 4, entry->hash.bytes, LK_DIGEST_SIZE);
            if (r == 0)
                r = copy_blob(statement, 5, LK_REGISTER_ENTRY_MAX, arena, &entry->bytes);
            if (r == 0)
                r = copy_blob(statement, 6, LK_OPERATOR_SET_MAX, arena, &entry->object);
            if (r == 0)
                r = copy_blob(statement, 7, LK_ENDORSEMENTS_MAX * (LK_ENDORSEMENT_MAX + 4), arena,
                              &entry->endorsements);
        }
        if (r != 0) {
            (void)sqlite3_reset(statement);
            return r;
        }
    }
    return r;
}

/* statement_bytes and row are what is already at hand when a whole row is loaded; else NULL. */
static int load_entry(struct lk_store *store, uint64_t number, struct lk_arena **arena,
                      const struct lk_store_row *row, struct lk_store_entry *ret_entry)
{
    struct lk_store_entry entry = {.number = number};
    struct lk_entry_columns columns = {0};
    struct lk_store_endorsement endorsements[LK_ENDORSEMENTS_MAX];
    const struct lk_store_endorsement *from = row != NULL ? row->endorsements : endorsements;
    uint32_t count = row != NULL ? row->endorsement_count : 0;
    int r = load_entry_rows(store, number, arena, &columns, &entry);

    if (r == 0 && (columns.kind == LK_ENTRY_STATEMENT || columns.kind == LK_ENTRY_ENDORSEMENT)) {
        if (row != NULL && columns.statement == row->entry.number) {
            entry.object = row->statement;
        } else {
            sqlite3_stmt *statement = lk_sql(&store->reader, LK_Q_STATEMENT_BYTES);

            lk_sql_int(statement, 1, (int64_t)columns.statement);
            r = lk_sql_step(statement);
            r = r == 1 ? copy_blob(statement, 0, LK_STATEMENT_MAX, arena, &entry.object) : r;
            (void)sqlite3_reset(statement);
        }
    }
    if (r == 0 && columns.kind == LK_ENTRY_ENDORSEMENT) {
        if (row == NULL)
            r = load_endorsements(store, columns.statement, arena, endorsements, &count);
        if (r == 0)
            r = join_endorsements(from, columns.sealed < count ? columns.sealed : count, arena,
                                  &entry.endorsements);
    }
    if (r == 0)
        *ret_entry = entry;
    return r;
}

int lk_entry_load(struct lk_store *store, uint64_t number, struct lk_arena **arena,
                  struct lk_store_entry *ret_entry)
{
    return load_entry(store, number, arena, NULL, ret_entry);
}

static int load_columns(struct lk_store *store, sqlite3_stmt *statement, struct lk_arena **arena,
                        struct lk_store_row *row, uint64_t *ret_activation)
{
    uint64_t revision;
    uint64_t uses;
    uint64_t number;
    int64_t state = sqlite3_column_int64(statement, 5);
    int r;

    if ((r = lk_sql_get_u64(statement, 0, &number)) != 0 ||
        (r = lk_sql_get_fixed(statement, 1, row->digest.bytes, LK_DIGEST_SIZE)) != 0 ||
        (r = lk_sql_get_fixed(statement, 2, row->credential.bytes, LK_DIGEST_SIZE)) != 0 ||
        (r = lk_sql_get_u64(statement, 3, &row->version)) != 0 ||
        (r = lk_sql_get_u64(statement, 6, ret_activation)) != 0 ||
        (r = lk_sql_get_u64(statement, 7, &revision)) != 0 ||
        (r = copy_blob(statement, 9, LK_STATEMENT_MAX, arena, &row->statement)) != 0 ||
        (r = lk_sql_get_fixed(statement, 10, row->subject.bytes, LK_SUBJECT_SIZE)) != 0 ||
        (r = lk_sql_get_u32(statement, 12, &row->counter)) != 0 ||
        (r = lk_sql_get_u64(statement, 13, &uses)) != 0 ||
        (r = lk_sql_get_u32(statement, 15, &row->failures)) != 0 ||
        (r = copy_blob(statement, 17, LK_ATTESTATION_MAX, arena, &row->attestation_object)) != 0)
        return r;
    if (state < LK_STATE_PENDING || state > LK_STATE_REVOKED)
        return -LK_ERR_CORRUPT;
    row->entry.number = number;
    row->newest = sqlite3_column_int64(statement, 4) == 1;
    row->state = (enum lk_state)state;
    row->created = sqlite3_column_int64(statement, 8);
    row->last_login = sqlite3_column_int64(statement, 14);
    row->window_start = sqlite3_column_int64(statement, 16);
    if (lk_clock_now(store->clock) - row->window_start >= LK_STORE_FAILURE_WINDOW)
        row->failures = 0;
    row->row_version = revision << 32 | (uses & UINT32_MAX);
    return 0;
}

int lk_row_load(struct lk_store *store, sqlite3_stmt *statement, struct lk_arena **arena,
                struct lk_store_row *ret_row)
{
    struct lk_store_row row = {0};
    uint64_t activation;
    int r = load_columns(store, statement, arena, &row, &activation);

    if (r == 0)
        r = load_endorsements(store, row.entry.number, arena, row.endorsements,
                              &row.endorsement_count);
    if (r == 0)
        r = load_entry(store, row.entry.number, arena, &row, &row.entry);
    if (r == 0 && activation != 0)
        r = load_entry(store, activation, arena, &row, &row.activation);
    if (r == 0)
        *ret_row = row;
    return r;
}
