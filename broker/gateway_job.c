/* SPDX-License-Identifier: EUPL-1.2 */
/* Jobs of gateway and worker connections, and the judgement they share. Deny is the initial value everywhere: NONE comes from a commit, or for what
 * writes nothing from lk_gateway_judge. */
#include "broker/gateway.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/run.h"

/* The store keeps what the messages promise. */
#define SAME(mine, told) _Static_assert((int)(mine) == (int)(told), #mine)
SAME(LK_STORE_TRANSACTION_SIZE, LK_TRANSACTION_SIZE);
SAME(LK_STORE_SID_SIZE, LK_SID_SIZE);
SAME(LK_STORE_CLIENT_MAX, LK_CLIENT_MAX);
SAME(LK_STORE_CODE_DATA_MAX, LK_CODE_DATA_MAX);
SAME(LK_STORE_LOGOUT_LEASE, LK_LOGOUT_LEASE_SECONDS);
SAME(LK_STORE_SESSION_YOUNG, LK_LOGOUT_YOUNG_SECONDS);

static void jobs_cancel(struct lk_connection *connection)
{
    for (struct lk_gateway_job *one = connection->work; one != NULL; one = one->next)
        one->connection = NULL;
    connection->work = NULL;
    connection->in_flight = 0;
}

void lk_gateway_job_link(struct lk_gateway_job *job, struct lk_connection *connection,
                         uint32_t request)
{
    job->broker = connection->broker;
    job->connection = connection;
    job->request = request;
    job->next = connection->work;
    connection->work = job;
    connection->work_cancel = jobs_cancel;
    connection->in_flight++;
}

struct lk_gateway_job *lk_gateway_job_new(struct lk_connection *connection, uint32_t request,
                                          size_t size, enum lk_change_kind kind,
                                          void (*answer)(struct lk_gateway_job *job,
                                                         enum lk_reason reason))
{
    struct lk_gateway_job *job = calloc(1, size);

    if (job == NULL)
        return NULL;
    lk_gateway_job_link(job, connection, request);
    job->answer = answer;
    job->change.kind = kind;
    return job;
}

void lk_gateway_job_unlink(struct lk_gateway_job *job)
{
    struct lk_connection *connection = job->connection;
    struct lk_gateway_job *one;

    if (connection == NULL)
        return;
    one = connection->work;
    if (one == job) {
        connection->work = job->next;
    } else {
        while (one->next != job)
            one = one->next;
        one->next = job->next;
    }
    connection->in_flight--;
    job->connection = NULL;
}

void lk_gateway_job_end(struct lk_gateway_job *job, enum lk_reason reason)
{
    if (job->connection != NULL)
        job->answer(job, reason);
    lk_gateway_job_unlink(job);
    free(job);
}

/* Changed between judging and committing: what it was is the better answer, where it still stands. */
static enum lk_reason conflict_reason(struct lk_gateway_job *job)
{
    const struct lk_change *change = &job->change;
    const struct lk_digest *statement = change->kind == LK_CHANGE_PROVE ? &change->u.prove.statement
                                        : change->kind == LK_CHANGE_CODE
                                            ? &change->u.code.statement
                                            : &change->u.redeem.statement;
    struct lk_store_rows rows = {0};
    struct lk_standing_result standing;
    enum lk_reason reason = lk_gateway_judge(job->broker, statement, &rows, &standing);

    lk_store_rows_free(&rows);
    return reason != LK_REASON_NONE ? reason : LK_REASON_CONFLICT;
}

static void job_committed(struct lk_change *change, void *context)
{
    struct lk_gateway_job *job = context;
    enum lk_reason reason = change->reason;

    if (change->error != 0) {
        lk_broker_log(job->broker, "a request of the gateway was refused: %s",
                      lk_error_text(change->error));
        reason = change->error == -LK_ERR_FULL ? LK_REASON_STORE_LOW : LK_REASON_STORE_UNAVAILABLE;
    }
    if (reason == LK_REASON_CONFLICT && job->judge != NULL && !job->from_store) {
        job->from_store = true;
        lk_gateway_job_go(job);
        return;
    }
    if (reason == LK_REASON_CONFLICT)
        reason = conflict_reason(job);
    lk_gateway_job_end(job, reason);
}

void lk_gateway_job_commit(struct lk_gateway_job *job)
{
    job->change.done = job_committed;
    job->change.context = job;
    if (job->broker->store_thread == NULL ||
        lk_store_thread_queue(job->broker->store_thread, &job->change) != 0)
        lk_gateway_job_end(job, LK_REASON_STORE_UNAVAILABLE);
}

void lk_gateway_job_go(struct lk_gateway_job *job)
{
    enum lk_reason reason = job->judge(job);

    if (reason != LK_REASON_NONE)
        lk_gateway_job_end(job, reason);
    else
        lk_gateway_job_commit(job);
}

enum lk_reason lk_gateway_judge(struct lk_broker *broker, const struct lk_digest *statement,
                                struct lk_store_rows *ret_rows,
                                struct lk_standing_result *ret_standing)
{
    enum lk_reason ready = lk_broker_ready(broker);

    if (ready != LK_REASON_NONE)
        return ready;
    if (broker->store_ops->read_statement(broker->store, statement, ret_rows) != 0)
        return LK_REASON_STORE_UNAVAILABLE;
    if (ret_rows->count != 1)
        return LK_REASON_CREDENTIAL_UNKNOWN;
    if (lk_standing_judge(broker, ret_rows, &ret_rows->rows[0], LK_KIND_BROWSER, ret_standing) != 0)
        return LK_REASON_INTERNAL;
    return ret_standing->reason_count > 0 ? ret_standing->reasons[0] : LK_REASON_NONE;
}

enum lk_reason lk_gateway_proof(struct lk_broker *broker,
                                const uint8_t transaction[LK_TRANSACTION_SIZE],
                                struct lk_store_proof *ret_proof)
{
    enum lk_reason reason = lk_broker_ready(broker);

    if (reason != LK_REASON_NONE)
        return reason;
    if (broker->store_ops->read_proof(broker->store, transaction, ret_proof) != 0)
        return LK_REASON_STORE_UNAVAILABLE;
    if (!ret_proof->known || !lk_proof_sealed(broker, transaction, ret_proof))
        return LK_REASON_PROOF;
    return ret_proof->expiry <= lk_clock_now(broker->clock) ? LK_REASON_PROOF_EXPIRED
                                                            : LK_REASON_NONE;
}

void lk_gateway_groups(const struct lk_statement *statement, char *ret_groups, size_t size)
{
    size_t used = 0;

    ret_groups[0] = '\0';
    for (uint32_t i = 0; i < statement->group_count; i++) {
        size_t len = strlen(statement->groups[i]) + (used > 0);

        if (used + len >= size)
            break;
        (void)snprintf(ret_groups + used, size - used, "%s%s", used > 0 ? " " : "",
                       statement->groups[i]);
        used += len;
    }
}

bool lk_gateway_client_valid(const char *client)
{
    return client[0] != '\0' &&
           strspn(client, "abcdefghijklmnopqrstuvwxyz0123456789._-") == strlen(client);
}

void lk_gateway_answer_result(struct lk_gateway_job *job, enum lk_reason reason)
{
    const struct lk_gateway_result result = {.reason = (uint32_t)reason};

    if (lk_gateway_result_encode(&job->connection->out, job->request, &result) != 0)
        lk_broker_log(job->broker, "a result could not be written");
}
