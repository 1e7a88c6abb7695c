/* SPDX-License-Identifier: EUPL-1.2 */
/* Codes: CODE makes one of a proof, REDEEM takes it in, ACCESS tells whose access token it was. Each time the credential is judged anew by the same
 * code as at the login, and the transaction refuses what has changed since. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/gateway.h"
#include "broker/run.h"
#include "broker/visit.h"

/* ---- CODE ---- */

struct code_job {
    struct lk_gateway_job job; /* first: it is freed by this address */
    uint8_t data[LK_CODE_DATA_MAX];
};

/* The code as REDEEM will read it. */
static int code_seal(struct lk_broker *broker, struct lk_change_code *change,
                     const struct lk_store_proof *proof)
{
    struct lk_store_code code = {.statement = proof->statement,
                                 .expiry = change->expiry,
                                 .auth_time = proof->auth_time,
                                 .facts = proof->facts,
                                 .data_len = (uint16_t)change->data.len};

    memcpy(code.digest, change->code, sizeof(code.digest));
    memcpy(code.sid, change->sid, sizeof(code.sid));
    memcpy(code.client, change->client, sizeof(code.client));
    if (change->data.len > 0)
        memcpy(code.data, change->data.data, change->data.len);
    return lk_code_seal(broker, &code, change->seal);
}

/* NONE: the proof of this login, and the row version of its statement. */
static enum lk_reason code_proof(struct lk_broker *broker, struct lk_change_code *change,
                                 struct lk_store_proof *ret_proof)
{
    struct lk_store_rows rows = {0};
    struct lk_standing_result standing;
    enum lk_reason reason = lk_gateway_proof(broker, change->transaction, ret_proof);

    if (reason != LK_REASON_NONE)
        return reason;
    /* No stack has asked: the password was not. */
    if (ret_proof->passwords == 0)
        return LK_REASON_PROOF;
    reason = lk_gateway_judge(broker, &ret_proof->statement, &rows, &standing);
    if (reason == LK_REASON_NONE)
        change->row_version = rows.rows[0].row_version;
    lk_store_rows_free(&rows);
    return reason;
}

/* What the statement behind this proof is, if the proof may become a code. */
static enum lk_reason code_judge(struct lk_gateway_job *job)
{
    struct lk_change_code *change = &job->change.u.code;
    struct lk_statement statement;
    const struct lk_visit *visit =
        job->from_store ? NULL
                        : lk_visit_of_transaction(job->broker, change->transaction, &statement);
    struct lk_store_proof proof;
    enum lk_reason reason = LK_REASON_NONE;

    /* Whether a stack has asked is then seen by the transaction. */
    if (visit != NULL) {
        proof = visit->proof;
        change->row_version = visit->row_version;
    } else {
        reason = code_proof(job->broker, change, &proof);
    }
    if (reason != LK_REASON_NONE)
        return reason;
    change->statement = proof.statement;
    memcpy(change->proof_seal, proof.seal, sizeof(change->proof_seal));
    return code_seal(job->broker, change, &proof) == 0 ? LK_REASON_NONE : LK_REASON_INTERNAL;
}

static void code_answer(struct lk_gateway_job *job, enum lk_reason reason)
{
    if (reason == LK_REASON_NONE)
        lk_visit_coded(job->broker, &job->change.u.code);
    lk_gateway_answer_result(job, reason);
}

int lk_gateway_handle_code(struct lk_broker *broker, struct lk_connection *connection,
                           const struct lk_frame *frame)
{
    struct lk_gateway_code asked;
    struct lk_change_code *change;
    struct code_job *code;
    int error = lk_gateway_code_decode(frame->payload, &asked);

    if (error == 0 && !lk_gateway_client_valid(asked.client))
        error = -LK_ERR_RANGE;
    if (error != 0)
        return error;
    code = (struct code_job *)lk_gateway_job_new(connection, frame->request, sizeof(*code),
                                                 LK_CHANGE_CODE, code_answer);
    if (code == NULL)
        return -LK_ERR_NOMEM;
    change = &code->job.change.u.code;
    memcpy(change->transaction, asked.transaction, sizeof(change->transaction));
    memcpy(change->code, asked.code, sizeof(change->code));
    memcpy(change->sid, asked.sid, sizeof(change->sid));
    memcpy(change->client, asked.client, sizeof(change->client));
    if (asked.data.len > 0)
        memcpy(code->data, asked.data.data, asked.data.len);
    change->data = LK_VIEW(code->data, asked.data.len);
    change->expiry = lk_clock_now(broker->clock) + LK_CODE_SECONDS;
    code->job.judge = code_judge;
    lk_gateway_job_go(&code->job);
    return 0;
}

/* ---- REDEEM and ACCESS ---- */

static void redeemed_agent(struct lk_gateway_redeemed *redeemed, const struct lk_subject *subject,
                           const char *name, const char *full_name, const char *email)
{
    memcpy(redeemed->subject, subject->bytes, sizeof(redeemed->subject));
    (void)snprintf(redeemed->name, sizeof(redeemed->name), "%s", name);
    (void)snprintf(redeemed->full_name, sizeof(redeemed->full_name), "%s", full_name);
    (void)snprintf(redeemed->email, sizeof(redeemed->email), "%s", email);
}

static void redeemed_fill(struct lk_gateway_redeemed *redeemed, const struct lk_store_code *code,
                          const struct lk_statement *statement)
{
    memcpy(redeemed->sid, code->sid, sizeof(redeemed->sid));
    memcpy(redeemed->client, code->client, sizeof(redeemed->client));
    lk_gateway_groups(statement, redeemed->groups, sizeof(redeemed->groups));
    redeemed->auth_time = code->auth_time;
    redeemed->facts = code->facts & (LK_LOGIN_FACT_USER_VERIFIED | LK_LOGIN_FACT_ATTESTED);
}

struct redeem_job {
    struct lk_gateway_job job; /* first: it is freed by this address */
    struct lk_store_code code;
    struct lk_gateway_redeemed redeemed; /* told only if the commit says so */
};

static void redeem_answer(struct lk_gateway_job *job, enum lk_reason reason)
{
    const struct redeem_job *redeem = (const struct redeem_job *)job;
    struct lk_gateway_redeemed answer = {.reason = (uint32_t)reason};

    if (reason == LK_REASON_NONE)
        answer = redeem->redeemed;
    /* Used: what comes again is answered from the store. */
    lk_visit_forget(job->broker, job->change.u.redeem.code);
    if (lk_gateway_redeemed_encode(&job->connection->out, job->request, &answer) != 0)
        lk_broker_log(job->broker, "an answer could not be written");
}

/* The code as the store has it; whether it was used or its session has ended is seen by the transaction. */
static void code_of_visit(const struct lk_visit *visit, struct lk_store_code *ret_code)
{
    ret_code->known = true;
    ret_code->statement = visit->proof.statement;
    ret_code->expiry = visit->code_expiry;
    ret_code->auth_time = visit->proof.auth_time;
    ret_code->facts = visit->proof.facts;
    ret_code->data_len = (uint16_t)visit->data.len;
    memcpy(ret_code->sid, visit->sid, sizeof(ret_code->sid));
    memcpy(ret_code->client, visit->client, sizeof(ret_code->client));
    memcpy(ret_code->seal, visit->code_seal, sizeof(ret_code->seal));
    if (visit->data.len > 0)
        memcpy(ret_code->data, visit->data.data, visit->data.len);
}

static void redeem_visited(const struct lk_visit *visit, struct redeem_job *redeem)
{
    code_of_visit(visit, &redeem->code);
    redeem->job.change.u.redeem.row_version = visit->row_version;
    redeemed_agent(&redeem->redeemed, &visit->subject, visit->name, visit->full_name, visit->email);
}

/* A code that was used is told by access_expiry, and judged no further. */
static enum lk_reason redeem_stored(struct lk_broker *broker, struct redeem_job *redeem,
                                    struct lk_standing_result *standing)
{
    struct lk_change_redeem *change = &redeem->job.change.u.redeem;
    const struct lk_store_code *code = &redeem->code;
    struct lk_store_rows rows = {0};
    enum lk_reason reason = lk_broker_ready(broker);

    if (reason != LK_REASON_NONE)
        return reason;
    if (broker->store_ops->read_code(broker->store, change->code, false, &redeem->code) != 0)
        return LK_REASON_STORE_UNAVAILABLE;
    if (!code->known || strcmp(code->client, change->client) != 0 || !lk_code_sealed(broker, code))
        return LK_REASON_CODE;
    if (code->access_expiry != 0)
        return LK_REASON_NONE;
    reason = lk_gateway_judge(broker, &code->statement, &rows, standing);
    if (reason == LK_REASON_NONE && code->ended)
        reason = LK_REASON_CODE;
    if (reason == LK_REASON_NONE) {
        change->row_version = rows.rows[0].row_version;
        redeemed_agent(&redeem->redeemed, &rows.subject, rows.name, rows.full_name, rows.email);
    }
    lk_store_rows_free(&rows);
    return reason;
}

/* NONE: to be committed. A used code is committed as well: the transaction ends its session. */
static enum lk_reason redeem_judge(struct lk_gateway_job *job)
{
    struct redeem_job *redeem = (struct redeem_job *)job;
    struct lk_change_redeem *change = &job->change.u.redeem;
    const struct lk_store_code *code = &redeem->code;
    struct lk_standing_result standing;
    const struct lk_visit *visit =
        job->from_store ? NULL : lk_visit_of_code(job->broker, change->code, &standing.statement);
    enum lk_reason reason = LK_REASON_NONE;

    if (visit != NULL && strcmp(visit->client, change->client) == 0)
        redeem_visited(visit, redeem);
    else
        reason = redeem_stored(job->broker, redeem, &standing);
    if (reason != LK_REASON_NONE || code->access_expiry != 0)
        return reason;
    if (code->expiry <= lk_clock_now(job->broker->clock))
        return LK_REASON_CODE_EXPIRED;
    change->statement = code->statement;
    memcpy(change->code_seal, code->seal, sizeof(change->code_seal));
    redeemed_fill(&redeem->redeemed, code, &standing.statement);
    redeem->redeemed.data = LK_VIEW(code->data, code->data_len);
    return LK_REASON_NONE;
}

int lk_gateway_handle_redeem(struct lk_broker *broker, struct lk_connection *connection,
                             const struct lk_frame *frame)
{
    struct lk_gateway_redeem asked;
    struct lk_change_redeem *change;
    struct redeem_job *redeem;
    int error = lk_gateway_redeem_decode(frame->payload, &asked);

    if (error == 0 && !lk_gateway_client_valid(asked.client))
        error = -LK_ERR_RANGE;
    if (error != 0)
        return error;
    redeem = (struct redeem_job *)lk_gateway_job_new(connection, frame->request, sizeof(*redeem),
                                                     LK_CHANGE_REDEEM, redeem_answer);
    if (redeem == NULL)
        return -LK_ERR_NOMEM;
    change = &redeem->job.change.u.redeem;
    memcpy(change->code, asked.code, sizeof(change->code));
    memcpy(change->access, asked.access, sizeof(change->access));
    memcpy(change->client, asked.client, sizeof(change->client));
    change->access_expiry = lk_clock_now(broker->clock) + LK_ACCESS_SECONDS;
    redeem->job.judge = redeem_judge;
    lk_gateway_job_go(&redeem->job);
    return 0;
}

/* ret_redeemed borrows its data from *code. */
static enum lk_reason access_judge(struct lk_broker *broker, const uint8_t *access,
                                   struct lk_store_code *code,
                                   struct lk_gateway_redeemed *ret_redeemed)
{
    struct lk_store_rows rows = {0};
    struct lk_standing_result standing;
    enum lk_reason reason = lk_broker_ready(broker);

    if (reason != LK_REASON_NONE)
        return reason;
    if (broker->store_ops->read_code(broker->store, access, true, code) != 0)
        return LK_REASON_STORE_UNAVAILABLE;
    if (!code->known || !lk_code_sealed(broker, code))
        return LK_REASON_CODE;
    reason = lk_gateway_judge(broker, &code->statement, &rows, &standing);
    if (reason == LK_REASON_NONE && code->ended)
        reason = LK_REASON_CODE;
    if (reason == LK_REASON_NONE && code->access_expiry <= lk_clock_now(broker->clock))
        reason = LK_REASON_CODE_EXPIRED;
    if (reason == LK_REASON_NONE) {
        redeemed_agent(ret_redeemed, &rows.subject, rows.name, rows.full_name, rows.email);
        redeemed_fill(ret_redeemed, code, &standing.statement);
        ret_redeemed->data = LK_VIEW(code->data, code->data_len);
    }
    lk_store_rows_free(&rows);
    return reason;
}

int lk_gateway_handle_access(struct lk_broker *broker, struct lk_connection *connection,
                             const struct lk_frame *frame)
{
    struct lk_gateway_access asked;
    struct lk_gateway_redeemed answer = {0};
    struct lk_store_code code;
    int error = lk_gateway_access_decode(frame->payload, &asked);

    if (error != 0)
        return error;
    answer.reason = (uint32_t)access_judge(broker, asked.access, &code, &answer);
    return lk_gateway_redeemed_encode(&connection->out, frame->request, &answer);
}
