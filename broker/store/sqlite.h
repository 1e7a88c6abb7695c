/* SPDX-License-Identifier: EUPL-1.2 */
/* What the files of the SQLite back end share. Nobody outside this folder includes it.
 *
 * Three connections: `reader` (query_only, loop thread), `writer` (store thread), `keeper` (checkpoints and deletions, maintenance thread).
 * Writing is serialised by write_lock, so that writer and keeper never wait for each other inside SQLite. */
#ifndef LK_BROKER_STORE_SQLITE_H
#define LK_BROKER_STORE_SQLITE_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "broker/log/record.h"
#include "broker/store/store.h"
#include "wire/wire.h"

extern const char *const lk_schema[];
extern const int lk_schema_count;

enum {
    LK_STORE_APPLICATION_ID = 0x4c4b5331, /* "LKS1" */
    LK_STORE_BUSY_MS = 5000,
    LK_LOG_SEGMENT_SECONDS = 86400,
    LK_REGISTER_ENTRY_MAX = 1024,
    LK_PATH_BYTES_MAX = 1024
};

/* ---- queries (sqlite_query.c) ---- */

enum lk_query {
    LK_Q_BEGIN,
    LK_Q_BEGIN_WRITE,
    LK_Q_COMMIT,
    LK_Q_ROLLBACK,
    LK_Q_SAVEPOINT,
    LK_Q_ROLLBACK_TO,
    LK_Q_RELEASE,
    LK_Q_AGENT_BY_NAME,
    LK_Q_AGENT_BY_SUBJECT,
    LK_Q_AGENT_BY_ID,
    LK_Q_ROWS_BY_AGENT,
    LK_Q_ROWS_BY_CREDENTIAL,
    LK_Q_ROWS_BY_DIGEST,
    LK_Q_ROWS_ALL,
    LK_Q_ROWS_PENDING,
    LK_Q_ROWS_OF_AGENT,
    LK_Q_ROWS_BY_PREFIX,
    LK_Q_ENDORSEMENTS,
    LK_Q_ENTRY,
    LK_Q_STATEMENT_BYTES,
    LK_Q_REGISTER_RANGE,
    LK_Q_REGISTER_HEAD,
    LK_Q_SET_HEAD,
    LK_Q_TALLY,
    LK_Q_LOG_HEAD,
    LK_Q_LOG_RANGE,
    LK_Q_LOG_NEWEST,
    LK_Q_LOG_NAME_RANGE,
    LK_Q_LOG_NAME_NEWEST,
    LK_Q_PROOF_READ,
    LK_Q_CODE_READ,
    LK_Q_ACCESS_READ,
    LK_Q_QUEUE_READ,
    /* writer */
    LK_Q_BROKER_ID,
    LK_Q_BROKER_ADD,
    LK_Q_LOGIN_FIND,
    LK_Q_LOGIN_SAVE,
    LK_Q_NONCE_FIND,
    LK_Q_NONCE_ADD,
    LK_Q_LOG_ADD,
    LK_Q_LOG_NAME_ADD,
    LK_Q_SEGMENT_HEAD,
    LK_Q_SEGMENT_OPEN,
    LK_Q_SEGMENT_CLOSE,
    LK_Q_REGISTER_ADD,
    LK_Q_AGENT_ADD,
    LK_Q_AGENT_RENAME,
    LK_Q_AGENT_NAME_ADD,
    LK_Q_AGENT_TOUCH,
    LK_Q_AGENT_COUNT,
    LK_Q_CREDENTIAL_HEAD,
    LK_Q_STATEMENT_SUPERSEDE,
    LK_Q_STATEMENT_ADD,
    LK_Q_USAGE_ADD,
    LK_Q_ATTESTATION_ADD,
    LK_Q_STATEMENT_FIND,
    LK_Q_STATEMENT_ACTIVATE,
    LK_Q_STATEMENT_TOUCH,
    LK_Q_STATE_NEWEST,
    LK_Q_STATE_SET,
    LK_Q_ENDORSEMENT_FIND,
    LK_Q_ENDORSEMENT_ADD,
    LK_Q_ENDORSED_ADD,
    LK_Q_TALLY_ADD,
    LK_Q_SET_ADD,
    LK_Q_FLOOR,
    LK_Q_PROOF_PUT,
    LK_Q_PROOF_FIND,
    LK_Q_PROOF_ASKED,
    LK_Q_PROOF_DELETE,
    LK_Q_SESSION_FIND,
    LK_Q_SESSION_ADD,
    LK_Q_SESSION_DELETE,
    LK_Q_CODE_FIND,
    LK_Q_CODE_ADD,
    LK_Q_CODE_USE,
    LK_Q_LOGOUT_OF_SESSION,
    LK_Q_LOGOUT_OF_AGENT,
    LK_Q_LOGOUT_OF_CREDENTIAL,
    LK_Q_END_SESSION,
    LK_Q_END_AGENT,
    LK_Q_END_CREDENTIAL,
    LK_Q_LOGOUT_DUE,
    LK_Q_LOGOUT_TAKE,
    LK_Q_LOGOUT_FIND,
    LK_Q_LOGOUT_LATER,
    LK_Q_LOGOUT_DELETE,
    LK_Q_RECORD_PUT,
    /* keeper */
    LK_Q_FLOOR_SET,
    LK_Q_NONCE_LAST,
    LK_Q_NONCE_DELETE,
    LK_Q_SEGMENT_ENDED,
    LK_Q_SEGMENT_ERASED,
    LK_Q_SEGMENT_NAMES_ENDED,
    LK_Q_SEGMENT_NAMES_ERASED,
    LK_Q_LOG_DELETE,
    LK_Q_LOG_NAME_DELETE,
    LK_Q_PROOFS_ENDED,
    LK_Q_CODES_UNUSED,
    LK_Q_CODES_ENDED,
    LK_Q_SESSIONS_ENDED,
    LK_Q_COUNT
};

enum lk_connection_role { LK_READER = 1, LK_WRITER = 2, LK_KEEPER = 4 };

struct lk_connection_db {
    sqlite3 *db;
    sqlite3_stmt *statements[LK_Q_COUNT];
};

/* Prepares the statements of this role: a table or column that is not there is -LK_ERR_SCHEMA. */
LK_MUST_USE int lk_sql_prepare(struct lk_connection_db *connection, enum lk_connection_role role);
void lk_sql_finish(struct lk_connection_db *connection);
/* The statement, reset and without bindings. */
sqlite3_stmt *lk_sql(struct lk_connection_db *connection, enum lk_query query);
/* Bindings borrow: data must live until the statement is reset. A binding that fails leaves NULL, which finds and inserts nothing. */
void lk_sql_int(sqlite3_stmt *statement, int index, int64_t value);
void lk_sql_blob(sqlite3_stmt *statement, int index, const void *data, size_t len);
void lk_sql_view(sqlite3_stmt *statement, int index, struct lk_view view); /* empty = NULL */
void lk_sql_text(sqlite3_stmt *statement, int index, const char *text);
/* 1 = a row, 0 = the end (the statement is reset), or a negative error (reset as well). */
LK_MUST_USE int lk_sql_step(sqlite3_stmt *statement);
/* Steps to the end. */
LK_MUST_USE int lk_sql_run(sqlite3_stmt *statement);
LK_MUST_USE int lk_sql_simple(struct lk_connection_db *connection, enum lk_query query);
/* Ends a transaction that is still open. */
void lk_sql_rollback(struct lk_connection_db *connection);
/* Columns: wrong type or length is -LK_ERR_CORRUPT. Views live until the next step. */
LK_MUST_USE int lk_sql_get_fixed(sqlite3_stmt *statement, int column, void *ret_data, size_t len);
LK_MUST_USE int lk_sql_get_view(sqlite3_stmt *statement, int column, size_t max,
                                struct lk_view *ret_view);
LK_MUST_USE int lk_sql_get_text(sqlite3_stmt *statement, int column, char *ret_text, size_t size);
LK_MUST_USE int lk_sql_get_u32(sqlite3_stmt *statement, int column, uint32_t *ret_value);
LK_MUST_USE int lk_sql_get_u64(sqlite3_stmt *statement, int column, uint64_t *ret_value);
/* The lk_error (negative) for what SQLite said last. */
int lk_sql_error(sqlite3 *db, int code);

/* ---- memory of rows (sqlite_arena.c) ---- */

struct lk_arena;
/* NULL when there is no memory. */
void *lk_arena_take(struct lk_arena **arena, size_t len);
LK_MUST_USE int lk_arena_copy(struct lk_arena **arena, struct lk_view view,
                              struct lk_view *ret_view);
struct lk_arena *lk_arena_free(struct lk_arena *arena);

/* ---- reserve (reserve.c) ---- */

struct lk_reserve {
    int fd;           /* of the file `reserve`; -1 = none */
    uint64_t size;    /* when whole */
    atomic_int level; /* see lk_store_ops.low_space */
};
/* Opens and allocates; a disk without room for it starts at level 3. */
LK_MUST_USE int lk_reserve_open(struct lk_reserve *reserve, int folder, uint64_t size);
/* Before the store is open: makes the file a third of `size` smaller. False if there was nothing to give. */
bool lk_reserve_shrink(const char *folder, uint64_t size);
void lk_reserve_close(struct lk_reserve *reserve);
/* Gives the next third back to the file system: true if there was one. */
bool lk_reserve_release(struct lk_reserve *reserve);
/* Takes back what fits (eager: to the last block; else only with room to spare); level 0 once it is whole. */
void lk_reserve_restore(struct lk_reserve *reserve, bool eager);

/* ---- the store ---- */

struct lk_store {
    char *path;
    int folder; /* O_PATH, for siblings of the store file */
    const struct lk_crypto *crypto;
    const struct lk_clock *clock;
    struct lk_subject broker;
    int64_t log_term;
    int64_t names_term;
    int64_t session_term;
    struct lk_connection_db reader;
    struct lk_connection_db writer;
    struct lk_connection_db keeper;
    int64_t broker_id; /* row of `broker` */
    int read_depth;
    pthread_mutex_t write_lock;
    bool write_lock_made;
    int broken; /* after a failed fsync nobody knows what the disk holds: refuse until the store is opened again */
    struct lk_reserve reserve;
    atomic_long nonce_floor;
};

/* Opening (sqlite_open.c, sqlite_schema.c). */
LK_MUST_USE int lk_sqlite_open(const struct lk_store_options *options, struct lk_store **ret_store);
void lk_sqlite_close(struct lk_store *store);
LK_MUST_USE int lk_schema_apply(sqlite3 *db);

/* Reading (sqlite_row.c). */
LK_MUST_USE int lk_snapshot_begin(struct lk_store *store);
void lk_snapshot_end(struct lk_store *store);
/* Every LK_Q_ROWS_* has the agent's name here, and what its record says. */
enum { LK_ROW_NAME_COLUMN = 11, LK_ROW_FULL_NAME_COLUMN = 18, LK_ROW_EMAIL_COLUMN = 19 };
/* The columns that every LK_Q_ROWS_* begins with, then all that lies beside the row. */
LK_MUST_USE int lk_row_load(struct lk_store *store, sqlite3_stmt *statement,
                            struct lk_arena **arena, struct lk_store_row *ret_row);
/* One register row; kinds 2 and 3 get the statement's bytes and its sealed endorsements. */
LK_MUST_USE int lk_entry_load(struct lk_store *store, uint64_t number, struct lk_arena **arena,
                              struct lk_store_entry *ret_entry);

int lk_sqlite_read_name(struct lk_store *store, const char *name, struct lk_store_rows *ret_rows);
int lk_sqlite_read_subject(struct lk_store *store, const struct lk_subject *subject,
                           struct lk_store_rows *ret_rows);
int lk_sqlite_read_credential(struct lk_store *store, const struct lk_digest *credential,
                              struct lk_store_rows *ret_rows);
int lk_sqlite_read_statement(struct lk_store *store, const struct lk_digest *statement,
                             struct lk_store_rows *ret_rows);
int lk_sqlite_list(struct lk_store *store, const struct lk_store_filter *filter,
                   int (*each)(void *context, const char *name, const struct lk_store_row *row),
                   void *context);
int lk_sqlite_read_head(struct lk_store *store, struct lk_store_head *ret_head);
int lk_sqlite_read_register(struct lk_store *store, uint64_t first, uint32_t most,
                            int (*each)(void *context, const struct lk_store_entry *entry),
                            void *context);
int lk_sqlite_read_log(struct lk_store *store, const char *name, uint64_t first, uint32_t most,
                       int (*each)(void *context, const struct lk_store_log_row *row),
                       void *context);
int lk_sqlite_read_proof(struct lk_store *store,
                         const uint8_t transaction[LK_STORE_TRANSACTION_SIZE],
                         struct lk_store_proof *ret_proof);
int lk_sqlite_read_code(struct lk_store *store, const uint8_t digest[LK_DIGEST_SIZE], bool access,
                        struct lk_store_code *ret_code);
int lk_sqlite_read_queue(struct lk_store *store, struct lk_store_queue *ret_queue);
int lk_sqlite_maintain(struct lk_store *store);
int lk_sqlite_commit(struct lk_store *store, struct lk_change **changes, size_t count);

/* ---- committing ---- */

/* A transaction being built: the heads that the next entry and record follow. Copied before each change and put back when it is refused. */
struct lk_batch {
    struct lk_store *store;
    struct lk_connection_db *db; /* the writer */
    uint64_t number;
    struct lk_digest hash;
    uint64_t log_number;
    struct lk_digest log_hash;
    uint64_t segment; /* first record of the open segment; 0 = none is open */
    int64_t segment_opened;
    int64_t now;
    int64_t tally[5]; /* changes to `tally`, written once before COMMIT */
};

/* Each returns 0 and sets change->reason, or an error that fails the whole batch. */
LK_MUST_USE int lk_apply_login(struct lk_batch *batch, struct lk_change *change);
LK_MUST_USE int lk_apply_record(struct lk_batch *batch, struct lk_change *change);
LK_MUST_USE int lk_apply_statement(struct lk_batch *batch, struct lk_change *change);
LK_MUST_USE int lk_apply_endorse(struct lk_batch *batch, struct lk_change *change);
LK_MUST_USE int lk_apply_state(struct lk_batch *batch, struct lk_change *change);
LK_MUST_USE int lk_apply_set(struct lk_batch *batch, struct lk_change *change);
LK_MUST_USE int lk_apply_restore(struct lk_batch *batch, struct lk_change *change);
LK_MUST_USE int lk_apply_prove(struct lk_batch *batch, struct lk_change *change);
LK_MUST_USE int lk_apply_code(struct lk_batch *batch, struct lk_change *change);
LK_MUST_USE int lk_apply_redeem(struct lk_batch *batch, struct lk_change *change);
LK_MUST_USE int lk_apply_end(struct lk_batch *batch, struct lk_change *change);
LK_MUST_USE int lk_apply_logouts(struct lk_batch *batch, struct lk_change *change);
LK_MUST_USE int lk_apply_delivered(struct lk_batch *batch, struct lk_change *change);
LK_MUST_USE int lk_apply_agent(struct lk_batch *batch, struct lk_change *change);

/* The verified login becomes a proof (sqlite_gateway.c). */
LK_MUST_USE int lk_proof_put(struct lk_batch *batch, const struct lk_change_login *login,
                             int64_t statement);
/* Sessions of a credential that is revoked, each with its logout (sqlite_session.c). */
LK_MUST_USE int lk_sessions_end(struct lk_batch *batch, enum lk_sessions which,
                                const struct lk_subject *subject,
                                const struct lk_digest *credential);
LK_MUST_USE int lk_session_end(struct lk_batch *batch, int64_t session);

/* What a register entry records (sqlite_register.c). */
struct lk_entry_draft {
    enum lk_entry_kind kind;
    struct lk_digest object;
    struct lk_digest detail;
    struct lk_subject subject;
    int64_t time;
    int64_t statement; /* row of kinds 2 and 3, else 0 */
    int64_t sealed;
    struct lk_view object_bytes; /* the other kinds */
    struct lk_view endorsements;
};
/* Numbers, chains and stores it; moves the batch's head and sets number and hash of the change. */
LK_MUST_USE int lk_register_append(struct lk_batch *batch, const struct lk_entry_draft *draft,
                                   struct lk_change *change);
/* SHA-256 of "u32 length + bytes" lists; zero for an empty one. */
LK_MUST_USE int lk_detail_digest(const struct lk_crypto *crypto, struct lk_view endorsements,
                                 struct lk_digest *ret_digest);

#endif
