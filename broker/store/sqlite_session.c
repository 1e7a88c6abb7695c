/* SPDX-License-Identifier: EUPL-1.2 */
/* Sessions of the gateway and the queue of their logouts; what agents are called.
 *
 * A session that ends here gets its logout in the same transaction. Both stay until the client has acknowledged, however long that takes: a queue that
 * gives up leaves a session open that everybody believes closed. Only one for a client that the configuration no longer knows is given up after a week. Whoever takes a logout has it for a minute; if he dies, the next one takes it. */
#include "broker/store/sqlite.h"

#include <stdio.h>
#include <string.h>

/* ---- ending ---- */

static int end_by(struct lk_batch *batch, enum lk_query logout, enum lk_query end, const void *data,
                  size_t len, int64_t session)
{
    const enum lk_query both[] = {logout, end};
    int r = 0;

    for (size_t i = 0; r == 0 && i < 2; i++) {
        sqlite3_stmt *statement = lk_sql(batch->db, both[i]);

        lk_sql_int(statement, 1, batch->now);
        if (i == 0)
            lk_sql_int(statement, 3, LK_STORE_SESSION_YOUNG);
        if (data != NULL)
            lk_sql_blob(statement, 2, data, len);
        else
            lk_sql_int(statement, 2, session);
        r = lk_sql_run(statement);
    }
    return r;
}

int lk_session_end(struct lk_batch *batch, int64_t session)
{
    return end_by(batch, LK_Q_LOGOUT_OF_SESSION, LK_Q_END_SESSION, NULL, 0, session);
}

int lk_sessions_end(struct lk_batch *batch, enum lk_sessions which,
                    const struct lk_subject *subject, const struct lk_digest *credential)
{
    if (which == LK_SESSIONS_OF_CREDENTIAL)
        return end_by(batch, LK_Q_LOGOUT_OF_CREDENTIAL, LK_Q_END_CREDENTIAL, credential->bytes,
                      LK_DIGEST_SIZE, 0);
    return end_by(batch, LK_Q_LOGOUT_OF_AGENT, LK_Q_END_AGENT, subject->bytes, LK_SUBJECT_SIZE, 0);
}

static int by_number(struct lk_batch *batch, enum lk_query query, int64_t number)
{
    sqlite3_stmt *statement = lk_sql(batch->db, query);

    lk_sql_int(statement, 1, number);
    return lk_sql_run(statement);
}

int lk_apply_end(struct lk_batch *batch, struct lk_change *change)
{
    const struct lk_change_end *wanted = &change->u.end;
    sqlite3_stmt *statement = lk_sql(batch->db, LK_Q_SESSION_FIND);
    char client[LK_STORE_CLIENT_MAX + 1] = "";
    int64_t session = 0;
    bool found;
    int r;

    lk_sql_blob(statement, 1, wanted->sid, LK_STORE_SID_SIZE);
    r = lk_sql_step(statement);
    found = r == 1;
    if (found) {
        session = sqlite3_column_int64(statement, 0);
        r = lk_sql_get_text(statement, 1, client, sizeof client);
    }
    (void)sqlite3_reset(statement);
    if (r != 0 || !found || strcmp(client, wanted->client) != 0)
        return r;
    /* Whoever shows an ID token says so, which need not be the client: it is told, and a logout that waits already stays. */
    return lk_session_end(batch, session);
}

/* ---- the queue ---- */

int lk_sqlite_read_queue(struct lk_store *store, struct lk_store_queue *ret_queue)
{
    sqlite3_stmt *statement;
    int r = lk_snapshot_begin(store);

    ret_queue->count = 0;
    if (r != 0)
        return r;
    statement = lk_sql(&store->reader, LK_Q_QUEUE_READ);
    lk_sql_int(statement, 1, LK_STORE_QUEUE_CLIENTS);
    while ((r = lk_sql_step(statement)) == 1 && ret_queue->count < LK_STORE_QUEUE_CLIENTS) {
        struct lk_store_waiting *waiting = &ret_queue->clients[ret_queue->count];

        r = lk_sql_get_text(statement, 0, waiting->client, sizeof waiting->client);
        if (r == 0)
            r = lk_sql_get_u64(statement, 1, &waiting->pending);
        if (r != 0)
            break;
        waiting->oldest = sqlite3_column_int64(statement, 2);
        ret_queue->count++;
    }
    (void)sqlite3_reset(statement);
    lk_snapshot_end(store);
    return r < 0 ? r : 0;
}

static int load_logout(sqlite3_stmt *statement, struct lk_store_logout *logout)
{
    int r;

    if ((r = lk_sql_get_u64(statement, 0, &logout->id)) == 0 &&
        (r = lk_sql_get_fixed(statement, 1, logout->subject.bytes, LK_SUBJECT_SIZE)) == 0 &&
        (r = lk_sql_get_fixed(statement, 2, logout->sid, LK_STORE_SID_SIZE)) == 0 &&
        (r = lk_sql_get_text(statement, 3, logout->client, sizeof logout->client)) == 0)
        r = lk_sql_get_u32(statement, 4, &logout->attempts);
    return r;
}

int lk_apply_logouts(struct lk_batch *batch, struct lk_change *change)
{
    struct lk_change_logouts *wanted = &change->u.logouts;
    sqlite3_stmt *statement = lk_sql(batch->db, LK_Q_LOGOUT_DUE);
    int r;

    wanted->count = 0;
    lk_sql_int(statement, 1, batch->now);
    lk_sql_int(statement, 2, (int64_t)wanted->most);
    lk_sql_int(statement, 3, LK_STORE_LOGOUT_SHARE);
    lk_sql_int(statement, 4, LK_STORE_LOGOUT_RETRY_MAX);
    while ((r = lk_sql_step(statement)) == 1 && wanted->count < wanted->most) {
        r = load_logout(statement, &wanted->taken[wanted->count]);
        if (r != 0)
            break;
        wanted->count++;
    }
    (void)sqlite3_reset(statement);
    for (size_t i = 0; r >= 0 && i < wanted->count; i++) {
        statement = lk_sql(batch->db, LK_Q_LOGOUT_TAKE);
        lk_sql_int(statement, 1, (int64_t)wanted->taken[i].id);
        lk_sql_int(statement, 2, batch->now);
        lk_sql_int(statement, 3, batch->now + LK_STORE_LOGOUT_LEASE);
        r = lk_sql_run(statement);
    }
    return r < 0 ? r : 0;
}

struct found_logout {
    int64_t session;
    int64_t taken;
    int64_t attempts;
    int64_t again;
    int64_t created;
};

static int later(struct lk_batch *batch, const struct lk_change_delivered *delivered, int64_t due,
                 int64_t attempts, int64_t again)
{
    sqlite3_stmt *statement = lk_sql(batch->db, LK_Q_LOGOUT_LATER);

    lk_sql_int(statement, 1, (int64_t)delivered->id);
    lk_sql_int(statement, 2, due);
    lk_sql_int(statement, 3, attempts);
    lk_sql_int(statement, 4, again);
    lk_sql_text(statement, 5, delivered->detail);
    return lk_sql_run(statement);
}

static int64_t retry_seconds(int64_t attempts)
{
    int64_t seconds = LK_STORE_LOGOUT_RETRY;

    for (int64_t i = 1; i < attempts && seconds < LK_STORE_LOGOUT_RETRY_MAX; i++)
        seconds *= 2;
    return seconds < LK_STORE_LOGOUT_RETRY_MAX ? seconds : LK_STORE_LOGOUT_RETRY_MAX;
}

int lk_apply_delivered(struct lk_batch *batch, struct lk_change *change)
{
    struct lk_change_delivered *wanted = &change->u.delivered;
    sqlite3_stmt *statement = lk_sql(batch->db, LK_Q_LOGOUT_FIND);
    struct found_logout found;
    int r;

    wanted->forgotten = false;
    lk_sql_int(statement, 1, (int64_t)(wanted->id & INT64_MAX));
    r = lk_sql_step(statement);
    found = (struct found_logout){
        sqlite3_column_int64(statement, 0), sqlite3_column_int64(statement, 1),
        sqlite3_column_int64(statement, 2), sqlite3_column_int64(statement, 3),
        sqlite3_column_int64(statement, 4)};
    (void)sqlite3_reset(statement);
    if (r != 1) /* it was delivered already, or the client ended it itself */
        return r;
    wanted->forgotten = wanted->nobody && found.created + LK_STORE_LOGOUT_NOBODY <= batch->now;
    if (wanted->nobody && !wanted->forgotten)
        return later(batch, wanted, batch->now + LK_STORE_LOGOUT_RETRY_MAX, found.attempts,
                     found.again);
    if (!wanted->done && !wanted->nobody)
        return later(batch, wanted, batch->now + retry_seconds(found.attempts), found.attempts,
                     found.again);
    /* A code may have been on its way to the client when this one arrived. */
    if (wanted->done && found.again != 0 && found.taken < found.again)
        return later(batch, wanted, found.again, 0, 0);
    r = by_number(batch, LK_Q_LOGOUT_DELETE, (int64_t)wanted->id);
    return r != 0 ? r : by_number(batch, LK_Q_SESSION_DELETE, found.session);
}

/* ---- what agents are called ---- */

int lk_apply_agent(struct lk_batch *batch, struct lk_change *change)
{
    const struct lk_change_agent *wanted = &change->u.agent;
    sqlite3_stmt *statement = lk_sql(batch->db, LK_Q_AGENT_BY_NAME);
    char full_name[LK_STORE_TEXT_MAX + 1];
    char email[LK_STORE_TEXT_MAX + 1];
    int64_t agent;
    int r;

    lk_sql_text(statement, 1, wanted->name);
    r = lk_sql_step(statement);
    if (r == 0)
        change->reason = LK_REASON_UNKNOWN_AGENT;
    if (r != 1)
        return r;
    agent = sqlite3_column_int64(statement, 0);
    r = lk_sql_get_text(statement, 3, full_name, sizeof full_name);
    if (r == 0)
        r = lk_sql_get_text(statement, 4, email, sizeof email);
    (void)sqlite3_reset(statement);
    if (r != 0)
        return r;
    if (wanted->set_full_name)
        (void)snprintf(full_name, sizeof full_name, "%s", wanted->full_name);
    if (wanted->set_email)
        (void)snprintf(email, sizeof email, "%s", wanted->email);
    statement = lk_sql(batch->db, LK_Q_RECORD_PUT);
    lk_sql_int(statement, 1, agent);
    lk_sql_text(statement, 2, full_name);
    lk_sql_text(statement, 3, email);
    return lk_sql_run(statement);
}
