/* SPDX-License-Identifier: EUPL-1.2 */
/* The worker socket: one question at a time. Has this person touched his key for this transaction?
 *
 * Hostile input: a worker runs PAM modules with values from the browser. All it can gain here is the count of its passwords: a proof is made by a verified
 * signature only, and a code by the issuer only. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/gateway.h"
#include "broker/visit.h"

struct prove_job {
    struct lk_gateway_job job; /* first: it is freed by this address */
    uint8_t nonce[LK_NONCE_SIZE];
    char name[LK_NAME_MAX + 1];
};

static void prove_answer(struct lk_gateway_job *job, enum lk_reason reason)
{
    const struct prove_job *prove = (const struct prove_job *)job;
    struct lk_verdict verdict = {.reason = (uint32_t)reason, .retries = LK_RETRIES_UNKNOWN};

    memcpy(verdict.nonce, prove->nonce, sizeof(verdict.nonce));
    if (lk_verdict_encode(&job->connection->out, job->request, &verdict) != 0)
        lk_broker_log(job->broker, "a verdict could not be written");
    lk_connection_rest(job->connection);
}

static enum lk_reason prove_from_store(struct lk_broker *broker, const char *name,
                                       const struct lk_store_proof *proof,
                                       struct lk_change_prove *change)
{
    struct lk_store_rows rows = {0};
    struct lk_standing_result standing;
    enum lk_reason reason = lk_gateway_judge(broker, &proof->statement, &rows, &standing);

    if (rows.count == 1 && strcmp(rows.name, name) != 0)
        reason = LK_REASON_NAME_REASSIGNED;
    if (reason == LK_REASON_NONE && proof->passwords >= LK_PROOF_PASSWORDS)
        reason = LK_REASON_LIMIT;
    if (reason == LK_REASON_NONE)
        change->row_version = rows.rows[0].row_version;
    lk_store_rows_free(&rows);
    return reason;
}

/* Another agent's proof is told apart from nobody's only to a worker, which has its name from the issuer. */
static enum lk_reason prove_judge(struct lk_gateway_job *job)
{
    const struct prove_job *prove = (const struct prove_job *)job;
    struct lk_change_prove *change = &job->change.u.prove;
    struct lk_statement statement;
    const struct lk_visit *visit =
        job->from_store ? NULL
                        : lk_visit_of_transaction(job->broker, change->transaction, &statement);
    struct lk_store_proof proof;
    enum lk_reason reason = LK_REASON_NONE;

    if (visit != NULL && strcmp(visit->name, prove->name) == 0) {
        proof = visit->proof;
        change->row_version = visit->row_version;
    } else {
        reason = lk_gateway_proof(job->broker, change->transaction, &proof);
        if (reason == LK_REASON_NONE)
            reason = prove_from_store(job->broker, prove->name, &proof, change);
    }
    if (reason != LK_REASON_NONE)
        return reason;
    change->statement = proof.statement;
    memcpy(change->proof_seal, proof.seal, sizeof(change->proof_seal));
    return LK_REASON_NONE;
}

static int handle_prove(struct lk_broker *broker, struct lk_connection *connection,
                        const struct lk_frame *frame)
{
    struct lk_worker_prove asked;
    struct prove_job *prove;
    int error = lk_worker_prove_decode(frame->payload, &asked);

    if (error != 0)
        return error;
    if (connection->work != NULL)
        return -LK_ERR_UNEXPECTED;
    prove = (struct prove_job *)lk_gateway_job_new(connection, frame->request, sizeof(*prove),
                                                   LK_CHANGE_PROVE, prove_answer);
    if (prove == NULL)
        return -LK_ERR_NOMEM;
    lk_loop_disarm(broker->loop, &connection->deadline);
    connection->resting = false;
    memcpy(prove->nonce, asked.nonce, sizeof(prove->nonce));
    memcpy(prove->job.change.u.prove.transaction, asked.transaction, sizeof(asked.transaction));
    prove->job.change.u.prove.most = LK_PROOF_PASSWORDS;
    (void)snprintf(prove->name, sizeof(prove->name), "%s", asked.name);
    prove->job.judge = prove_judge;
    lk_gateway_job_go(&prove->job);
    return 0;
}

const struct lk_handler lk_worker_handlers[] = {
    {LK_MESSAGE_WORKER_PROVE, handle_prove},
    {0, NULL},
};
