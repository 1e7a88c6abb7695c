/* SPDX-License-Identifier: EUPL-1.2 */
/* Versions of the store's schema.
 *
 * Threat: a store file of another program, of a later version, or one in which somebody planted a trigger, a view or a column. Application id,
 * user_version and the whole text of the schema must be what this program makes itself; anything else is -LK_ERR_SCHEMA. */
#include "broker/store/sqlite.h"

#include <stdio.h>
#include <string.h>

static int read_pragma(sqlite3 *db, const char *sql, int64_t *ret_value)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    int r;

    if (code != SQLITE_OK)
        return lk_sql_error(db, sqlite3_extended_errcode(db));
    r = lk_sql_step(statement);
    if (r == 1) {
        *ret_value = sqlite3_column_int64(statement, 0);
        r = 0;
    } else if (r == 0) {
        r = -LK_ERR_CORRUPT;
    }
    (void)sqlite3_finalize(statement);
    return r;
}

static int run(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
        return 0;
    return lk_sql_error(db, sqlite3_extended_errcode(db));
}

/* One transaction from `version` to the newest: a store is never left between two versions. */
static int migrate(sqlite3 *db, int version)
{
    char text[96];
    int r = run(db, "BEGIN IMMEDIATE");

    for (int i = version; r == 0 && i < lk_schema_count; i++)
        r = run(db, lk_schema[i]);
    (void)snprintf(text, sizeof text, "PRAGMA application_id = %d; PRAGMA user_version = %d",
                   LK_STORE_APPLICATION_ID, lk_schema_count);
    if (r == 0)
        r = run(db, text);
    if (r == 0)
        r = run(db, "COMMIT");
    if (r != 0)
        (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return r;
}

static const char LIST[] =
    "SELECT type || ' ' || name || ' ' || tbl_name || ' ' || coalesce(sql, '') "
    "FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_stat%' ESCAPE '\\' ORDER BY name";

static int compare(sqlite3_stmt *ours, sqlite3_stmt *theirs)
{
    for (;;) {
        int a = lk_sql_step(ours);
        int b = lk_sql_step(theirs);
        const char *our_text;
        const char *their_text;

        if (a < 0 || b < 0)
            return a < 0 ? a : b;
        if (a != b)
            return -LK_ERR_SCHEMA;
        if (a == 0)
            return 0;
        our_text = (const char *)sqlite3_column_text(ours, 0);
        their_text = (const char *)sqlite3_column_text(theirs, 0);
        if (our_text == NULL || their_text == NULL)
            return -LK_ERR_NOMEM;
        if (strcmp(our_text, their_text) != 0)
            return -LK_ERR_SCHEMA;
    }
}

/* Against a store in memory that is made the same way. */
static int check_text(sqlite3 *db)
{
    sqlite3 *model = NULL;
    sqlite3_stmt *ours = NULL;
    sqlite3_stmt *theirs = NULL;
    int r = -LK_ERR_NOMEM;

    if (sqlite3_open_v2(":memory:", &model, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) ==
        SQLITE_OK)
        r = migrate(model, 0);
    if (r == 0 && sqlite3_prepare_v2(model, LIST, -1, &ours, NULL) != SQLITE_OK)
        r = -LK_ERR_NOMEM;
    if (r == 0 && sqlite3_prepare_v2(db, LIST, -1, &theirs, NULL) != SQLITE_OK)
        r = lk_sql_error(db, sqlite3_extended_errcode(db));
    if (r == 0)
        r = compare(ours, theirs);
    (void)sqlite3_finalize(ours);
    (void)sqlite3_finalize(theirs);
    (void)sqlite3_close(model);
    return r;
}

int lk_schema_apply(sqlite3 *db)
{
    int64_t application = -1;
    int64_t version = -1;
    int64_t objects = -1;
    int r;

    if ((r = read_pragma(db, "PRAGMA application_id", &application)) != 0 ||
        (r = read_pragma(db, "PRAGMA user_version", &version)) != 0 ||
        (r = read_pragma(db, "SELECT count(*) FROM sqlite_schema", &objects)) != 0)
        return r;
    if (application == 0 && version == 0 && objects == 0)
        r = migrate(db, 0);
    else if (application != LK_STORE_APPLICATION_ID || version < 1 || version > lk_schema_count)
        return -LK_ERR_SCHEMA;
    else if (version < lk_schema_count)
        r = migrate(db, (int)version);
    return r != 0 ? r : check_text(db);
}
