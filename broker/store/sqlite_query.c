/* SPDX-License-Identifier: EUPL-1.2 */
/* Every SQL text of the store in one table, prepared once per connection and kept. */
#include "broker/store/sqlite.h"

#include <errno.h>
#include <string.h>

#define ROW_COLUMNS                                                                                \
    "s.entry, s.digest, s.credential, s.version, s.newest, s.state, s.activation, s.revision, "    \
    "s.created, s.bytes, a.subject, a.name, u.counter, u.uses, u.last_login, u.failures, "         \
    "u.window_start, t.object, r.full_name, r.email "                                              \
    "FROM statement s JOIN agent a ON a.id = s.agent "                                             \
    "LEFT JOIN usage u ON u.statement = s.entry "                                                  \
    "LEFT JOIN attestation t ON t.statement = s.entry "                                            \
    "LEFT JOIN agent_record r ON r.agent = s.agent "
#define LOG_COLUMNS                                                                                \
    "l.number, l.hash, l.bytes, n.name, n.service, n.remote_host FROM log l "                      \
    "LEFT JOIN log_name n ON n.broker = l.broker AND n.number = l.number "

#define AGENT_COLUMNS                                                                              \
    "SELECT a.id, a.subject, a.name, r.full_name, r.email FROM agent a "                           \
    "LEFT JOIN agent_record r ON r.agent = a.id "
#define CODE_COLUMNS                                                                               \
    "SELECT s.digest, n.sid, n.client, c.expiry, c.access_expiry, n.ended, c.auth_time, "          \
    "c.facts, c.data, c.seal, c.digest FROM code c JOIN session n ON n.id = c.session "            \
    "JOIN statement s ON s.entry = n.statement "
/* Which of the sessions still running: ?1 is now, ?2 says which, ?3 is the age at which the young are told again. */
#define LOGOUTS_FOR                                                                                \
    "INSERT INTO logout (session, created, due, taken, attempts, again, detail) "                  \
    "SELECT id, ?1, ?1, 0, 0, CASE WHEN created + ?3 > ?1 THEN created + ?3 ELSE 0 END, '' "       \
    "FROM session WHERE ended IS NULL AND "
#define END_FOR "UPDATE session SET ended = ?1 WHERE ended IS NULL AND "
#define OF_CREDENTIAL                                                                              \
    "agent = (SELECT agent FROM statement WHERE credential = ?2 LIMIT 1) "                         \
    "AND statement IN (SELECT entry FROM statement WHERE credential = ?2)"
#define OF_AGENT "agent = (SELECT id FROM agent WHERE subject = ?2)"

struct lk_query_row {
    unsigned int roles;
    const char *sql;
};

static const struct lk_query_row queries[LK_Q_COUNT] = {
    [LK_Q_BEGIN] = {LK_READER, "BEGIN"},
    [LK_Q_BEGIN_WRITE] = {LK_WRITER | LK_KEEPER, "BEGIN IMMEDIATE"},
    [LK_Q_COMMIT] = {LK_READER | LK_WRITER | LK_KEEPER, "COMMIT"},
    [LK_Q_ROLLBACK] = {LK_READER | LK_WRITER | LK_KEEPER, "ROLLBACK"},
    [LK_Q_SAVEPOINT] = {LK_WRITER, "SAVEPOINT decision"},
    [LK_Q_ROLLBACK_TO] = {LK_WRITER, "ROLLBACK TO decision"},
    [LK_Q_RELEASE] = {LK_WRITER, "RELEASE decision"},
    [LK_Q_AGENT_BY_NAME] = {LK_READER | LK_WRITER, AGENT_COLUMNS "WHERE a.name = ?1"},
    [LK_Q_AGENT_BY_SUBJECT] = {LK_READER | LK_WRITER, AGENT_COLUMNS "WHERE a.subject = ?1"},
    [LK_Q_AGENT_BY_ID] = {LK_READER | LK_WRITER, AGENT_COLUMNS "WHERE a.id = ?1"},
    /* Rows come by their statement entry, which is by created, then version. */
    [LK_Q_ROWS_BY_AGENT] = {LK_READER, "SELECT " ROW_COLUMNS
                                       "WHERE s.agent = ?1 AND s.newest = 1 ORDER BY s.entry"},
    /* In the order of its index: a sorter would copy every blob. */
    [LK_Q_ROWS_BY_CREDENTIAL] = {LK_READER, "SELECT " ROW_COLUMNS "WHERE s.credential = ?1 "
                                            "ORDER BY s.version DESC LIMIT ?2"},
    [LK_Q_ROWS_BY_DIGEST] = {LK_READER, "SELECT " ROW_COLUMNS "WHERE s.digest = ?1"},
    [LK_Q_ROWS_ALL] = {LK_READER,
                       "SELECT " ROW_COLUMNS
                       "WHERE s.entry > ?1 AND s.newest >= ?2 AND (?3 = 0 OR s.state = ?3) "
                       "ORDER BY s.entry LIMIT ?4"},
    [LK_Q_ROWS_PENDING] = {LK_READER, "SELECT " ROW_COLUMNS
                                      "WHERE s.entry > ?1 AND s.state = 1 AND s.newest = 1 "
                                      "ORDER BY s.entry LIMIT ?4"},
    [LK_Q_ROWS_OF_AGENT] = {LK_READER,
                            "SELECT " ROW_COLUMNS
                            "WHERE +s.entry > ?1 AND s.newest >= ?2 AND (?3 = 0 OR s.state = ?3) "
                            "AND s.agent = ?5 ORDER BY +s.entry LIMIT ?4"},
    [LK_Q_ROWS_BY_PREFIX] = {LK_READER,
                             "SELECT " ROW_COLUMNS
                             "WHERE +s.entry > ?1 AND s.newest >= ?2 AND (?3 = 0 OR s.state = ?3) "
                             "AND s.credential >= ?6 AND s.credential <= ?7 "
                             "AND (?5 = 0 OR s.agent = ?5) ORDER BY +s.entry LIMIT ?4"},
    [LK_Q_ENDORSEMENTS] = {LK_READER | LK_WRITER,
                           "SELECT e.bytes, s.path, e.digest FROM statement_endorsement s "
                           "JOIN endorsement e ON e.id = s.endorsement "
                           "WHERE s.statement = ?1 ORDER BY s.position"},
    /* The entry and the one behind it. */
    [LK_Q_ENTRY] = {LK_READER,
                    "SELECT number, kind, statement, sealed, hash, bytes, object, endorsements "
                    "FROM register WHERE number BETWEEN ?1 AND ?1 + 1 ORDER BY number"},
    [LK_Q_STATEMENT_BYTES] = {LK_READER, "SELECT bytes FROM statement WHERE entry = ?1"},
    [LK_Q_REGISTER_RANGE] = {LK_READER, "SELECT number FROM register WHERE number >= ?1 "
                                        "ORDER BY number LIMIT ?2"},
    [LK_Q_REGISTER_HEAD] = {LK_READER | LK_WRITER,
                            "SELECT number, hash FROM register ORDER BY number DESC LIMIT 1"},
    [LK_Q_SET_HEAD] = {LK_READER | LK_WRITER,
                       "SELECT number, digest FROM operator_set ORDER BY number DESC LIMIT 1"},
    [LK_Q_TALLY] = {LK_READER, "SELECT state, count FROM tally"},
    [LK_Q_LOG_HEAD] = {LK_READER | LK_WRITER, "SELECT number, hash FROM log WHERE broker = ?1 "
                                              "ORDER BY number DESC LIMIT 1"},
    [LK_Q_LOG_RANGE] = {LK_READER,
                        "SELECT " LOG_COLUMNS
                        "WHERE l.broker = ?1 AND l.number >= ?2 ORDER BY l.number LIMIT ?3"},
    [LK_Q_LOG_NEWEST] = {LK_READER,
                         "SELECT * FROM (SELECT " LOG_COLUMNS
                         "WHERE l.broker = ?1 AND l.number >= ?2 ORDER BY l.number DESC LIMIT ?3) "
                         "ORDER BY number"},
    [LK_Q_LOG_NAME_RANGE] =
        {LK_READER, "SELECT l.number, l.hash, l.bytes, n.name, n.service, n.remote_host "
                    "FROM log_name n JOIN log l ON l.broker = n.broker AND l.number = n.number "
                    "WHERE n.name = ?4 AND n.broker = ?1 AND n.number >= ?2 "
                    "ORDER BY n.number LIMIT ?3"},
    [LK_Q_LOG_NAME_NEWEST] =
        {LK_READER,
         "SELECT * FROM (SELECT l.number, l.hash, l.bytes, n.name, n.service, n.remote_host "
         "FROM log_name n JOIN log l ON l.broker = n.broker AND l.number = n.number "
         "WHERE n.name = ?4 AND n.broker = ?1 AND n.number >= ?2 "
         "ORDER BY n.number DESC LIMIT ?3) ORDER BY number"},
    [LK_Q_PROOF_READ] =
        {LK_READER,
         "SELECT s.digest, p.expiry, p.passwords, p.auth_time, p.facts, p.seal FROM proof p "
         "JOIN statement s ON s.entry = p.statement "
         "WHERE p.transaction_id = ?1"},
    [LK_Q_CODE_READ] = {LK_READER, CODE_COLUMNS "WHERE c.digest = ?1"},
    [LK_Q_ACCESS_READ] = {LK_READER, CODE_COLUMNS "WHERE c.access = ?1"},
    [LK_Q_QUEUE_READ] = {LK_READER,
                         "SELECT n.client, count(*), min(l.created) FROM logout l JOIN session n "
                         "ON n.id = l.session GROUP BY n.client ORDER BY 3 LIMIT ?1"},
    [LK_Q_BROKER_ID] = {LK_WRITER, "SELECT id FROM broker WHERE broker = ?1"},
    [LK_Q_BROKER_ADD] = {LK_WRITER, "INSERT INTO broker (broker) VALUES (?1)"},
    [LK_Q_LOGIN_FIND] = {LK_WRITER,
                         "SELECT s.entry, s.revision, u.counter, u.uses, u.last_login, u.failures, "
                         "u.window_start FROM statement s JOIN usage u ON u.statement = s.entry "
                         "WHERE s.digest = ?1"},
    [LK_Q_LOGIN_SAVE] =
        {LK_WRITER, "UPDATE usage SET counter = ?2, uses = ?3, last_login = ?4, failures = ?5, "
                    "window_start = ?6 WHERE statement = ?1"},
    [LK_Q_NONCE_FIND] = {LK_WRITER, "SELECT 1 FROM nonce WHERE nonce = ?1"},
    [LK_Q_NONCE_ADD] = {LK_WRITER, "INSERT INTO nonce VALUES (?1)"},
    [LK_Q_LOG_ADD] = {LK_WRITER, "INSERT INTO log VALUES (?1, ?2, ?3, ?4)"},
    [LK_Q_LOG_NAME_ADD] = {LK_WRITER, "INSERT INTO log_name VALUES (?1, ?2, ?3, ?4, ?5)"},
    [LK_Q_SEGMENT_HEAD] = {LK_WRITER, "SELECT first, opened, closed, last, hash FROM log_segment "
                                      "WHERE broker = ?1 ORDER BY first DESC LIMIT 1"},
    [LK_Q_SEGMENT_OPEN] = {LK_WRITER, "INSERT INTO log_segment (broker, first, previous, opened) "
                                      "VALUES (?1, ?2, ?3, ?4)"},
    [LK_Q_SEGMENT_CLOSE] = {LK_WRITER, "UPDATE log_segment SET last = ?3, hash = ?4, closed = ?5 "
                                       "WHERE broker = ?1 AND first = ?2"},
    [LK_Q_REGISTER_ADD] =
        {LK_WRITER, "INSERT INTO register (number, kind, statement, sealed, hash, bytes, object, "
                    "endorsements) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"},
    [LK_Q_AGENT_ADD] = {LK_WRITER, "INSERT INTO agent (subject) VALUES (?1)"},
    [LK_Q_AGENT_RENAME] = {LK_WRITER, "UPDATE agent SET name = ?2 WHERE id = ?1"},
    [LK_Q_AGENT_NAME_ADD] = {LK_WRITER, "INSERT INTO agent_name VALUES (?1, ?2, ?3)"},
    [LK_Q_AGENT_TOUCH] =
        {LK_WRITER, "UPDATE statement SET revision = revision + 1 WHERE agent = ?1 AND newest = 1"},
    [LK_Q_AGENT_COUNT] = {LK_WRITER,
                          "SELECT count(*) FROM statement WHERE agent = ?1 AND newest = 1"},
    [LK_Q_CREDENTIAL_HEAD] =
        {LK_WRITER, "SELECT s.entry, s.version, s.agent, s.state, u.counter FROM statement s "
                    "LEFT JOIN usage u ON u.statement = s.entry WHERE s.credential = ?1 "
                    "ORDER BY s.version DESC LIMIT 1"},
    [LK_Q_STATEMENT_SUPERSEDE] =
        {LK_WRITER, "UPDATE statement SET newest = 0, revision = revision + 1 WHERE entry = ?1"},
    [LK_Q_STATEMENT_ADD] =
        {LK_WRITER,
         "INSERT INTO statement (entry, digest, credential, version, agent, newest, state, "
         "revision, created, bytes) VALUES (?1, ?2, ?3, ?4, ?5, 1, 1, 1, ?6, ?7)"},
    [LK_Q_USAGE_ADD] = {LK_WRITER, "INSERT INTO usage VALUES (?1, ?2, 0, 0, 0, 0)"},
    [LK_Q_ATTESTATION_ADD] = {LK_WRITER, "INSERT INTO attestation VALUES (?1, ?2)"},
    [LK_Q_STATEMENT_FIND] =
        {LK_WRITER, "SELECT s.entry, s.credential, s.newest, s.state, s.revision, a.subject "
                    "FROM statement s JOIN agent a ON a.id = s.agent WHERE s.digest = ?1"},
    [LK_Q_STATEMENT_ACTIVATE] =
        {LK_WRITER, "UPDATE statement SET state = 2, activation = ?2 WHERE entry = ?1"},
    [LK_Q_STATEMENT_TOUCH] = {LK_WRITER,
                              "UPDATE statement SET revision = revision + 1 WHERE entry = ?1"},
    [LK_Q_STATE_NEWEST] = {LK_WRITER,
                           "SELECT state FROM statement WHERE credential = ?1 AND newest = 1"},
    [LK_Q_STATE_SET] = {LK_WRITER, "UPDATE statement SET state = ?2, revision = revision + 1 "
                                   "WHERE credential = ?1 AND state < ?2"},
    [LK_Q_ENDORSEMENT_FIND] = {LK_WRITER, "SELECT id FROM endorsement WHERE digest = ?1"},
    [LK_Q_ENDORSEMENT_ADD] = {LK_WRITER, "INSERT INTO endorsement (digest, bytes) VALUES (?1, ?2)"},
    [LK_Q_ENDORSED_ADD] = {LK_WRITER, "INSERT INTO statement_endorsement VALUES (?1, ?2, ?3, ?4)"},
    [LK_Q_TALLY_ADD] = {LK_WRITER, "UPDATE tally SET count = count + ?2 WHERE state = ?1"},
    [LK_Q_SET_ADD] = {LK_WRITER, "INSERT INTO operator_set VALUES (?1, ?2, ?3)"},
    [LK_Q_FLOOR] = {LK_WRITER | LK_KEEPER, "SELECT value FROM setting WHERE name = 'nonce_floor'"},
    [LK_Q_PROOF_PUT] = {LK_WRITER,
                        "REPLACE INTO proof (transaction_id, expiry, statement, auth_time, facts, "
                        "passwords, seal) VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6)"},
    [LK_Q_PROOF_FIND] =
        {LK_WRITER, "SELECT p.id, s.entry, s.revision, s.agent, s.digest, p.expiry, p.passwords, "
                    "p.auth_time, p.facts, p.seal, s.newest = 1 AND s.state = 2 FROM proof p "
                    "JOIN statement s ON s.entry = p.statement "
                    "WHERE p.transaction_id = ?1"},
    [LK_Q_PROOF_ASKED] = {LK_WRITER, "UPDATE proof SET passwords = passwords + 1 WHERE id = ?1"},
    [LK_Q_PROOF_DELETE] = {LK_WRITER, "DELETE FROM proof WHERE id = ?1"},
    [LK_Q_SESSION_FIND] = {LK_WRITER, "SELECT id, client FROM session WHERE sid = ?1"},
    [LK_Q_SESSION_ADD] = {LK_WRITER, "INSERT INTO session (sid, agent, statement, client, created) "
                                     "VALUES (?1, ?2, ?3, ?4, ?5)"},
    [LK_Q_SESSION_DELETE] = {LK_WRITER, "DELETE FROM session WHERE id = ?1"},
    [LK_Q_CODE_FIND] = {LK_WRITER,
                        "SELECT c.id, c.session, c.expiry, c.access_expiry, n.client, n.ended, "
                        "s.digest, s.revision, c.seal, s.newest = 1 AND s.state = 2 FROM code c "
                        "LEFT JOIN session n ON n.id = c.session "
                        "LEFT JOIN statement s ON s.entry = n.statement WHERE c.digest = ?1"},
    [LK_Q_CODE_ADD] =
        {LK_WRITER,
         "INSERT INTO code (digest, session, created, expiry, auth_time, facts, data, seal) "
         "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"},
    [LK_Q_CODE_USE] = {LK_WRITER, "UPDATE OR IGNORE code SET access = ?2, access_expiry = ?3 "
                                  "WHERE id = ?1"},
    [LK_Q_LOGOUT_OF_SESSION] = {LK_WRITER, LOGOUTS_FOR "id = ?2"},
    [LK_Q_LOGOUT_OF_AGENT] = {LK_WRITER, LOGOUTS_FOR OF_AGENT},
    [LK_Q_LOGOUT_OF_CREDENTIAL] = {LK_WRITER, LOGOUTS_FOR OF_CREDENTIAL},
    [LK_Q_END_SESSION] = {LK_WRITER, END_FOR "id = ?2"},
    [LK_Q_END_AGENT] = {LK_WRITER, END_FOR OF_AGENT},
    [LK_Q_END_CREDENTIAL] = {LK_WRITER, END_FOR OF_CREDENTIAL},
    /* None is ever due further ahead than ?4: then the clock was, when it was written. */
    [LK_Q_LOGOUT_DUE] =
        {LK_WRITER,
         "SELECT id, subject, sid, client, attempts FROM (SELECT l.id AS id, a.subject AS subject, "
         "n.sid AS sid, n.client AS client, l.attempts AS attempts, l.due AS due, row_number() "
         "OVER (PARTITION BY n.client ORDER BY l.due, l.id) AS place FROM logout l "
         "JOIN session n ON n.id = l.session JOIN agent a ON a.id = n.agent WHERE l.due <= ?1 "
         "OR l.due > ?1 + ?4) WHERE place <= ?3 ORDER BY due, id LIMIT ?2"},
    [LK_Q_LOGOUT_TAKE] = {LK_WRITER, "UPDATE logout SET taken = ?2, due = ?3, "
                                     "attempts = attempts + 1 WHERE id = ?1"},
    [LK_Q_LOGOUT_FIND] =
        {LK_WRITER, "SELECT session, taken, attempts, again, created FROM logout WHERE id = ?1"},
    [LK_Q_LOGOUT_LATER] = {LK_WRITER, "UPDATE logout SET due = ?2, attempts = ?3, again = ?4, "
                                      "detail = ?5 WHERE id = ?1"},
    [LK_Q_LOGOUT_DELETE] = {LK_WRITER, "DELETE FROM logout WHERE id = ?1"},
    [LK_Q_RECORD_PUT] = {LK_WRITER, "REPLACE INTO agent_record VALUES (?1, ?2, ?3)"},
    [LK_Q_PROOFS_ENDED] = {LK_KEEPER, "DELETE FROM proof WHERE expiry <= ?1 AND id IN "
                                      "(SELECT id FROM proof ORDER BY id LIMIT ?2)"},
    /* What was never redeemed opened nothing: nobody need be told of its end. */
    [LK_Q_CODES_UNUSED] =
        {LK_KEEPER,
         "DELETE FROM session WHERE ended IS NULL AND id IN "
         "(SELECT session FROM (SELECT session, access, created FROM code ORDER BY id LIMIT ?2) "
         "WHERE created <= ?1 AND access IS NULL)"},
    [LK_Q_CODES_ENDED] = {LK_KEEPER, "DELETE FROM code WHERE created <= ?1 AND id IN "
                                     "(SELECT id FROM code ORDER BY id LIMIT ?2)"},
    [LK_Q_SESSIONS_ENDED] = {LK_KEEPER,
                             "DELETE FROM session WHERE created <= min(?1, (SELECT max(opened) "
                             "FROM log_segment) + ?4) - ?3 AND id IN "
                             "(SELECT id FROM session WHERE ended IS NULL ORDER BY id LIMIT ?2)"},
    [LK_Q_FLOOR_SET] = {LK_KEEPER,
                        "UPDATE setting SET value = ?1 WHERE name = 'nonce_floor' AND value < ?1"},
    [LK_Q_NONCE_LAST] = {LK_KEEPER,
                         "SELECT max(nonce) FROM (SELECT nonce FROM nonce WHERE nonce < ?1 "
                         "ORDER BY nonce LIMIT ?2)"},
    [LK_Q_NONCE_DELETE] = {LK_KEEPER,
                           "DELETE FROM nonce WHERE nonce IN "
                           "(SELECT nonce FROM nonce WHERE nonce < ?1 ORDER BY nonce LIMIT ?2)"},
    [LK_Q_SEGMENT_ENDED] = {LK_KEEPER,
                            "SELECT broker, first, last FROM log_segment "
                            "WHERE closed IS NOT NULL AND closed <= ?1 AND erased = 0 LIMIT 1"},
    [LK_Q_SEGMENT_ERASED] = {LK_KEEPER, "UPDATE log_segment SET erased = 1, names_erased = 1 "
                                        "WHERE broker = ?1 AND first = ?2"},
    [LK_Q_SEGMENT_NAMES_ENDED] =
        {LK_KEEPER, "SELECT broker, first, last FROM log_segment "
                    "WHERE closed IS NOT NULL AND closed <= ?1 AND names_erased = 0 LIMIT 1"},
    [LK_Q_SEGMENT_NAMES_ERASED] =
        {LK_KEEPER, "UPDATE log_segment SET names_erased = 1 WHERE broker = ?1 AND first = ?2"},
    [LK_Q_LOG_DELETE] = {LK_KEEPER,
                         "DELETE FROM log WHERE broker = ?1 AND number IN (SELECT number FROM log "
                         "WHERE broker = ?1 AND number BETWEEN ?2 AND ?3 LIMIT ?4)"},
    [LK_Q_LOG_NAME_DELETE] =
        {LK_KEEPER,
         "DELETE FROM log_name WHERE broker = ?1 AND number IN (SELECT number FROM log_name "
         "WHERE broker = ?1 AND number BETWEEN ?2 AND ?3 LIMIT ?4)"},
};

int lk_sql_error(sqlite3 *db, int code)
{
    int cause;

    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return 0;
    case SQLITE_NOMEM:
        return -LK_ERR_NOMEM;
    case SQLITE_FULL:
        return -LK_ERR_FULL;
    case SQLITE_READONLY:
        return -LK_ERR_READ_ONLY;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return -LK_ERR_BUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CONSTRAINT: /* every insert is preceded by its look-up: a row against the constraints lies there already */
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
        return -LK_ERR_CORRUPT;
    case SQLITE_SCHEMA:
    case SQLITE_ERROR:
        return -LK_ERR_SCHEMA;
    default:
        break;
    }
    if (code == SQLITE_CANTOPEN_SYMLINK)
        return -LK_ERR_LINK;
    /* The write-ahead log reports a full disk as an input/output error with the cause beside it; so does a file size limit. */
    cause = db != NULL ? sqlite3_system_errno(db) : 0;
    if (cause == ENOSPC || cause == EDQUOT || cause == EFBIG || code == SQLITE_IOERR_SHMSIZE)
        return -LK_ERR_FULL;
    if (cause == EROFS || cause == EACCES || cause == EPERM)
        return -LK_ERR_READ_ONLY;
    return -LK_ERR_IO;
}

int lk_sql_prepare(struct lk_connection_db *connection, enum lk_connection_role role)
{
    for (int i = 0; i < LK_Q_COUNT; i++) {
        int code;

        if ((queries[i].roles & (unsigned int)role) == 0)
            continue;
        code = sqlite3_prepare_v3(connection->db, queries[i].sql, -1, SQLITE_PREPARE_PERSISTENT,
                                  &connection->statements[i], NULL);
        if (code != SQLITE_OK)
            return lk_sql_error(connection->db, code);
    }
    return 0;
}

void lk_sql_finish(struct lk_connection_db *connection)
{
    for (int i = 0; i < LK_Q_COUNT; i++)
        (void)sqlite3_finalize(connection->statements[i]);
    memset(connection->statements, 0, sizeof connection->statements);
    (void)sqlite3_close(connection->db);
    connection->db = NULL;
}

sqlite3_stmt *lk_sql(struct lk_connection_db *connection, enum lk_query query)
{
    sqlite3_stmt *statement = connection->statements[query];

    (void)sqlite3_reset(statement);
    (void)sqlite3_clear_bindings(statement);
    return statement;
}

void lk_sql_int(sqlite3_stmt *statement, int index, int64_t value)
{
    (void)sqlite3_bind_int64(statement, index, value);
}

void lk_sql_blob(sqlite3_stmt *statement, int index, const void *data, size_t len)
{
    (void)sqlite3_bind_blob64(statement, index, data, len, SQLITE_STATIC);
}

void lk_sql_view(sqlite3_stmt *statement, int index, struct lk_view view)
{
    if (view.len > 0)
        lk_sql_blob(statement, index, view.data, view.len);
}

void lk_sql_text(sqlite3_stmt *statement, int index, const char *text)
{
    (void)sqlite3_bind_text(statement, index, text, -1, SQLITE_STATIC);
}

int lk_sql_step(sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);

    if (code == SQLITE_ROW)
        return 1;
    if (code != SQLITE_DONE) {
        int r = lk_sql_error(sqlite3_db_handle(statement),
                             sqlite3_extended_errcode(sqlite3_db_handle(statement)));

        (void)sqlite3_reset(statement);
        return r != 0 ? r : -LK_ERR_IO;
    }
    (void)sqlite3_reset(statement);
    return 0;
}

int lk_sql_run(sqlite3_stmt *statement)
{
    int r;

    while ((r = lk_sql_step(statement)) == 1)
        ;
    return r;
}

int lk_sql_simple(struct lk_connection_db *connection, enum lk_query query)
{
    return lk_sql_run(lk_sql(connection, query));
}

void lk_sql_rollback(struct lk_connection_db *connection)
{
    int r;

    if (sqlite3_get_autocommit(connection->db) != 0)
        return;
    r = lk_sql_simple(connection, LK_Q_ROLLBACK);
    (void)
        r; /* SQLite documents ROLLBACK as what may fail only when there is nothing left to roll back */
}

int lk_sql_get_fixed(sqlite3_stmt *statement, int column, void *ret_data, size_t len)
{
    struct lk_view view;
    int r = lk_sql_get_view(statement, column, len, &view);

    if (r != 0)
        return r;
    if (view.len != len)
        return -LK_ERR_CORRUPT;
    if (len > 0)
        memcpy(ret_data, view.data, len);
    return 0;
}

int lk_sql_get_view(sqlite3_stmt *statement, int column, size_t max, struct lk_view *ret_view)
{
    int type = sqlite3_column_type(statement, column);
    const void *data;
    int len;

    if (type == SQLITE_NULL) {
        *ret_view = (struct lk_view){0};
        return 0;
    }
    if (type != SQLITE_BLOB)
        return -LK_ERR_CORRUPT;
    data = sqlite3_column_blob(statement, column);
    len = sqlite3_column_bytes(statement, column);
    if (data == NULL && len > 0)
        return -LK_ERR_NOMEM;
    if (len < 0 || (size_t)len > max)
        return -LK_ERR_CORRUPT;
    *ret_view = LK_VIEW(data, (size_t)len);
    return 0;
}

int lk_sql_get_text(sqlite3_stmt *statement, int column, char *ret_text, size_t size)
{
    const unsigned char *text;
    int len;

    if (sqlite3_column_type(statement, column) == SQLITE_NULL) {
        ret_text[0] = '\0';
        return 0;
    }
    text = sqlite3_column_text(statement, column);
    len = sqlite3_column_bytes(statement, column);
    if (text == NULL)
        return -LK_ERR_NOMEM;
    if (len < 0 || (size_t)len >= size || strlen((const char *)text) != (size_t)len)
        return -LK_ERR_CORRUPT;
    memcpy(ret_text, text, (size_t)len + 1);
    return 0;
}

int lk_sql_get_u32(sqlite3_stmt *statement, int column, uint32_t *ret_value)
{
    int64_t value = sqlite3_column_int64(statement, column);

    if (value < 0 || value > UINT32_MAX)
        return -LK_ERR_CORRUPT;
    *ret_value = (uint32_t)value;
    return 0;
}

int lk_sql_get_u64(sqlite3_stmt *statement, int column, uint64_t *ret_value)
{
    int64_t value = sqlite3_column_int64(statement, column);

    if (value < 0)
        return -LK_ERR_CORRUPT;
    *ret_value = (uint64_t)value;
    return 0;
}
