/* SPDX-License-Identifier: EUPL-1.2 */
/* Opening and closing the store file.
 *
 * Threat: the file, or a name beside it that SQLite will open (-wal, -shm, -journal, reserve), is a link, belongs to somebody else or can be
 * read or written by others; the bytes inside are hostile. Names are judged on an O_PATH descriptor: closing one does not drop the POSIX
 * locks that SQLite may hold on the same file, as closing an ordinary one would. */
#include "broker/store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static int check_status(const struct stat *status, bool folder)
{
    if (S_ISLNK(status->st_mode))
        return -LK_ERR_LINK;
    if (folder ? !S_ISDIR(status->st_mode) : !S_ISREG(status->st_mode))
        return folder ? -LK_ERR_NOT_FOUND : -LK_ERR_NOT_REGULAR;
    if (status->st_uid != geteuid())
        return -LK_ERR_OWNER;
    /* A second hard link would be a second way to the same bytes. */
    if (!folder && status->st_nlink > 1)
        return -LK_ERR_LINK;
    return (status->st_mode & 077) != 0 ? -LK_ERR_MODE : 0;
}

static int check_name(int folder, const char *file, const char *suffix, bool *ret_there)
{
    LK_CLEANUP(lk_fd_close) int fd = -1;
    char name[256];
    struct stat status;

    if (snprintf(name, sizeof name, "%s%s", file, suffix) >= (int)sizeof name ||
        strchr(name, '/') != NULL)
        return -LK_ERR_RANGE;
    *ret_there = false;
    fd = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : lk_error_from_errno(errno);
    *ret_there = true;
    if (fstat(fd, &status) != 0)
        return lk_error_from_errno(errno);
    return check_status(&status, false);
}

/* Created by us, so that it has its mode from its first moment, and so that its name is on the disk before anything is promised. */
static int create_file(int folder, const char *file)
{
    LK_CLEANUP(lk_fd_close)
    int fd = openat(folder, file, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    LK_CLEANUP(lk_fd_close) int opened = -1;

    if (fd < 0)
        return errno == EACCES || errno == EPERM ? -LK_ERR_READ_ONLY : lk_error_from_errno(errno);
    opened = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (opened < 0 || fsync(fd) != 0 || fsync(opened) != 0)
        return lk_error_from_errno(errno);
    return 0;
}

static int check_files(int folder, const char *file)
{
    static const char *const suffixes[] = {"-wal", "-shm", "-journal"};
    bool there;
    bool ignored;
    int r = check_name(folder, file, "", &there);

    for (size_t i = 0; r == 0 && i < sizeof suffixes / sizeof suffixes[0]; i++)
        r = check_name(folder, file, suffixes[i], &ignored);
    if (r == 0)
        r = check_name(folder, "reserve", "", &ignored);
    if (r == 0 && !there)
        r = create_file(folder, file);
    return r;
}

static int open_folder(const char *path, int *ret_folder)
{
    int folder = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct stat status;
    int r;

    if (folder < 0)
        return lk_error_from_errno(errno);
    r = fstat(folder, &status) != 0 ? lk_error_from_errno(errno) : check_status(&status, true);
    if (r != 0) {
        (void)close(folder);
        return r;
    }
    *ret_folder = folder;
    return 0;
}

static int run(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
        return 0;
    return lk_sql_error(db, sqlite3_extended_errcode(db));
}

/* Nothing that lies in the file may act: no triggers, no views, no functions in the schema, no extensions. mmap is off, because a
 * truncated file behind a mapping is a SIGBUS instead of an error. */
static int harden(sqlite3 *db)
{
    static const int settings[][2] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1},       {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},  {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
        {SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0}, {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
        {SQLITE_DBCONFIG_DQS_DML, 0},         {SQLITE_DBCONFIG_DQS_DDL, 0},
    };

    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        if (sqlite3_db_config(db, settings[i][0], settings[i][1], NULL) != SQLITE_OK)
            return -LK_ERR_INTERNAL;
    (void)sqlite3_extended_result_codes(db, 1);
    (void)sqlite3_busy_timeout(db, LK_STORE_BUSY_MS);
    (void)sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 1 << 20);
    (void)sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
    return run(db, "PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY;"
                   "PRAGMA foreign_keys = OFF");
}

static int open_connection(struct lk_store *store, const char *vfs,
                           struct lk_connection_db *connection)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW |
                SQLITE_OPEN_PRIVATECACHE;
    int code = sqlite3_open_v2(store->path, &connection->db, flags, vfs);

    if (code != SQLITE_OK)
        return connection->db != NULL
                   ? lk_sql_error(connection->db, sqlite3_extended_errcode(connection->db))
                   : -LK_ERR_NOMEM;
    return harden(connection->db);
}

static int open_writer(struct lk_store *store, const struct lk_store_options *options)
{
    int r = open_connection(store, options->vfs, &store->writer);

    if (r != 0)
        return r;
    if (sqlite3_db_readonly(store->writer.db, "main") != 0)
        return -LK_ERR_READ_ONLY;
    /* Checkpoints are the maintenance thread's; the cache is for the indexes over digests, whose order is random. */
    r = run(store->writer.db, options->synchronous_off
                                  ? "PRAGMA synchronous = OFF; PRAGMA journal_mode = WAL"
                                  : "PRAGMA synchronous = FULL; PRAGMA journal_mode = WAL");
    if (r == 0)
        r = run(store->writer.db, "PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -65536");
    if (r == 0)
        r = lk_schema_apply(store->writer.db);
    return r != 0 ? r : lk_sql_prepare(&store->writer, LK_WRITER);
}

static int open_others(struct lk_store *store, const struct lk_store_options *options)
{
    int r = open_connection(store, options->vfs, &store->reader);

    if (r == 0)
        r = run(store->reader.db, "PRAGMA query_only = ON; PRAGMA cache_size = -32768");
    if (r == 0)
        r = lk_sql_prepare(&store->reader, LK_READER);
    if (r == 0)
        r = open_connection(store, options->vfs, &store->keeper);
    if (r == 0)
        r = run(store->keeper.db, options->synchronous_off ? "PRAGMA synchronous = OFF"
                                                           : "PRAGMA synchronous = FULL");
    if (r == 0)
        r = run(store->keeper.db, "PRAGMA wal_autocheckpoint = 0");
    return r != 0 ? r : lk_sql_prepare(&store->keeper, LK_KEEPER);
}

/* The row of this broker, and what earlier maintenance left. */
static int read_start(struct lk_store *store)
{
    sqlite3_stmt *find = lk_sql(&store->writer, LK_Q_BROKER_ID);
    int r;

    lk_sql_blob(find, 1, store->broker.bytes, LK_SUBJECT_SIZE);
    r = lk_sql_step(find);
    if (r == 0) {
        sqlite3_stmt *add = lk_sql(&store->writer, LK_Q_BROKER_ADD);

        lk_sql_blob(add, 1, store->broker.bytes, LK_SUBJECT_SIZE);
        if ((r = lk_sql_run(add)) != 0)
            return r;
        store->broker_id = sqlite3_last_insert_rowid(store->writer.db);
    } else if (r == 1) {
        store->broker_id = sqlite3_column_int64(find, 0);
        (void)sqlite3_reset(find);
    } else {
        return r;
    }
    find = lk_sql(&store->writer, LK_Q_FLOOR);
    r = lk_sql_step(find);
    if (r == 1)
        atomic_store(&store->nonce_floor, (long)sqlite3_column_int64(find, 0));
    (void)sqlite3_reset(find);
    return r == 1 ? 0 : r == 0 ? -LK_ERR_CORRUPT : r;
}

static int open_all(struct lk_store *store, const struct lk_store_options *options)
{
    const char *file = options->file != NULL ? options->file : "store.sqlite3";
    int r = open_folder(options->folder, &store->folder);

    if (r == 0)
        r = check_files(store->folder, file);
    if (r == 0 && asprintf(&store->path, "%s/%s", options->folder, file) < 0) {
        store->path = NULL;
        r = -LK_ERR_NOMEM;
    }
    if (r == 0)
        r = open_writer(store, options);
    if (r == 0)
        r = open_others(store, options);
    if (r == 0)
        r = read_start(store);
    if (r == 0)
        r = lk_reserve_open(&store->reserve, store->folder, options->reserve_bytes);
    if (r == 0 && pthread_mutex_init(&store->write_lock, NULL) != 0)
        r = -LK_ERR_NOMEM;
    if (r == 0)
        store->write_lock_made = true;
    return r;
}

static int open_once(const struct lk_store_options *options, struct lk_store **ret_store)
{
    struct lk_store *store = calloc(1, sizeof *store);
    int r;

    if (store == NULL)
        return -LK_ERR_NOMEM;
    store->folder = -1;
    store->reserve.fd = -1;
    store->crypto = options->crypto;
    store->clock = options->clock;
    store->broker = options->broker;
    store->log_term = options->log_term;
    store->names_term = options->names_term;
    store->session_term = options->session_term;
    r = open_all(store, options);
    if (r != 0) {
        lk_sqlite_close(store);
        return r;
    }
    *ret_store = store;
    return 0;
}

/* A broker that is started again on a full disk needs a few blocks before it can serve anybody: the reserve has them. */
int lk_sqlite_open(const struct lk_store_options *options, struct lk_store **ret_store)
{
    int r;

    /* Nobody asks how much memory SQLite has; counting it takes one lock for all threads at each allocation. Refused once SQLite runs: then it stays as it was. */
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    r = open_once(options, ret_store);

    while (r == -LK_ERR_FULL && lk_reserve_shrink(options->folder, options->reserve_bytes))
        r = open_once(options, ret_store);
    return r;
}

void lk_sqlite_close(struct lk_store *store)
{
    if (store == NULL)
        return;
    lk_sql_finish(&store->reader);
    lk_sql_finish(&store->keeper);
    lk_sql_finish(&store->writer);
    lk_reserve_close(&store->reserve);
    if (store->write_lock_made)
        (void)pthread_mutex_destroy(&store->write_lock);
    if (store->folder >= 0)
        (void)close(store->folder);
    free(store->path);
    free(store);
}
