/* SPDX-License-Identifier: EUPL-1.2 */
/* Logins that happen at the desk: the verified login that ends an enrolment (TEST) and the one by which a holder reports another key lost
 * (LOST). Both go through the login's own verifier and judgement. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64url.h"
#include "broker/desk.h"

/* The answer of a key, verified and judged against one row. */
struct judged {
    struct lk_authenticator_data data;
    enum lk_reason signature; /* of the assertion itself */
    struct lk_standing_result standing;
};

static int judge(struct lk_desk_job *job, const struct lk_device_assertion *assertion,
                 const struct lk_store_rows *agent, const struct lk_store_row *row,
                 struct judged *ret_judged)
{
    struct lk_broker *broker = job->broker;
    struct lk_assertion answer = {.credential_id = assertion->credential_id,
                                  .authenticator_data = assertion->authenticator_data,
                                  .signature = assertion->signature,
                                  .user_handle = assertion->user_handle};
    struct lk_assertion_rule rule = {.user_presence = true};
    char origin[LK_RELYING_PARTY_MAX + 9];
    enum lk_kind kind = job->test_browser ? LK_KIND_BROWSER : LK_KIND_HOST;
    int result = lk_standing_judge(broker, agent, row, kind, &ret_judged->standing);

    if (result < 0)
        return result;
    if (!ret_judged->standing.decoded) {
        ret_judged->signature = LK_REASON_STATEMENT;
        return 0;
    }
    rule.relying_party = ret_judged->standing.statement.relying_party;
    rule.user_verification =
        lk_policy_user_verification(&broker->policy, &ret_judged->standing.statement, kind);
    if (job->test_browser) {
        snprintf(origin, sizeof origin, "https://%s", broker->config.gateway_host);
        rule.origin = origin;
        rule.challenge =
            LK_VIEW(job->client_data_hash,
                    sizeof job->client_data_hash); /* holds the challenge, see test_challenge */
        answer.client_data = LK_VIEW((const uint8_t *)job->client_data, strlen(job->client_data));
    } else {
        rule.client_data_hash = LK_VIEW(job->client_data_hash, sizeof job->client_data_hash);
    }
    return lk_assertion_verify(broker->crypto, &ret_judged->standing.statement.public_key, &answer,
                               &rule, &ret_judged->data, &ret_judged->signature);
}

static bool only_pending(const struct lk_standing_result *standing)
{
    for (size_t i = 0; i < standing->reason_count; i++) {
        if (standing->reasons[i] != LK_REASON_PENDING && standing->reasons[i] != LK_REASON_QUORUM &&
            standing->reasons[i] != LK_REASON_UNLOGGED)
            return false;
    }
    return true;
}

/* The counter that the key showed is stored like that of any login. */
static void fill_login(struct lk_desk_job *job, const struct lk_store_rows *agent,
                       const struct lk_store_row *row, const struct judged *judged)
{
    struct lk_change *change = &job->changes[0];

    change->kind = LK_CHANGE_LOGIN;
    change->u.login.statement = row->digest;
    change->u.login.row_version = row->row_version;
    change->u.login.counter = judged->data.counter;
    change->u.login.record = (struct lk_log_record){
        .time = lk_clock_now(job->broker->clock),
        .reason = judged->standing.reason_count > 0 ? judged->standing.reasons[0] : LK_REASON_NONE,
        .kind = judged->standing.statement.kind,
        .subject = agent->subject,
        .credential = row->credential,
        .flags = judged->data.flags,
        .counter = judged->data.counter,
        .count = 1};
    memcpy(change->u.login.record.aaguid, judged->standing.statement.aaguid, LK_AAGUID_SIZE);
    snprintf(change->u.login.record.name, sizeof change->u.login.record.name, "%s", agent->name);
    snprintf(change->u.login.record.service, sizeof change->u.login.record.service, "latchkey");
}

static const struct lk_store_row *find_row(const struct lk_store_rows *rows,
                                           const struct lk_digest *statement)
{
    for (size_t i = 0; i < rows->count; i++) {
        if (memcmp(&rows->rows[i].digest, statement, sizeof *statement) == 0)
            return &rows->rows[i];
    }
    return NULL;
}

/* ---- TEST ---- */

static enum lk_reason test_reason(const struct lk_desk_job *job,
                                  const struct lk_device_assertion *assertion,
                                  const struct judged *judged)
{
    const struct lk_statement *statement = &judged->standing.statement;

    if (judged->signature != LK_REASON_NONE)
        return judged->signature;
    if (!lk_view_equal(assertion->credential_id,
                       LK_VIEW(statement->credential_id.bytes, statement->credential_id.len)))
        return LK_REASON_WRONG_KEY;
    /* Only a discoverable credential answers an empty allow list, and it says whose it is. */
    if (job->test_browser &&
        !lk_view_equal(assertion->user_handle,
                       LK_VIEW(statement->subject.bytes, sizeof statement->subject.bytes)))
        return LK_REASON_USER_HANDLE;
    return only_pending(&judged->standing) ? LK_REASON_NONE : judged->standing.reasons[0];
}

static void tested(void *context, const struct lk_device_assertion *assertion,
                   const struct lk_device_info *info)
{
    struct lk_desk_job *job = context;
    struct lk_broker *broker = job->broker;
    struct lk_store_rows rows = {0};
    const struct lk_store_row *row = NULL;
    struct judged *judged = calloc(1, sizeof *judged);
    enum lk_reason reason = LK_REASON_STORE_UNAVAILABLE;
    int result = judged == NULL
                     ? -LK_ERR_NOMEM
                     : broker->store_ops->read_statement(broker->store, &job->statement, &rows);

    (void)info;
    job->ceremony = NULL;
    if (result == 0)
        row = find_row(&rows, &job->statement);
    if (row != NULL && judge(job, assertion, &rows, row, judged) == 0) {
        (void)lk_desk_put_credential(broker, job->connection, job->request, &rows, row);
        reason = test_reason(job, assertion, judged);
    }
    job->changes = reason == LK_REASON_NONE ? calloc(1, sizeof *job->changes) : NULL;
    if (job->changes != NULL) {
        fill_login(job, &rows, row, judged);
        job->change_count = 1;
        (void)lk_desk_job_commit(job);
    } else {
        lk_desk_job_finish(job, reason == LK_REASON_NONE ? LK_REASON_INTERNAL : reason, 0, NULL);
    }
    lk_store_rows_free(&rows);
    free(judged);
}

/* What a browser would have signed over: WebAuthn 5.8.1.1. The hash is handed to the key, the challenge is kept for the verifier. */
static int test_browser_challenge(struct lk_desk_job *job, uint8_t ret_hash[32])
{
    char challenge[LK_BASE64URL_LENGTH(32) + 1];
    struct lk_view json;
    int result =
        lk_random_fill(job->broker->random, job->client_data_hash, sizeof job->client_data_hash);

    if (result == 0)
        result = lk_base64url_encode(challenge, sizeof challenge, job->client_data_hash,
                                     sizeof job->client_data_hash);
    if (result < 0)
        return result;
    snprintf(job->client_data, sizeof job->client_data,
             "{\"type\":\"webauthn.get\",\"challenge\":\"%s\",\"origin\":\"https://"
             "%s\",\"crossOrigin\":false}",
             challenge, job->broker->config.gateway_host);
    json = LK_VIEW((const uint8_t *)job->client_data, strlen(job->client_data));
    return lk_sha256(job->broker->crypto, &json, 1, ret_hash);
}

static int test_fill(struct lk_desk_job *job, const char *name,
                     const struct lk_statement *statement, struct lk_device_assert *ask)
{
    struct lk_broker *broker = job->broker;
    uint8_t *id;
    int result;

    snprintf(ask->relying_party, sizeof ask->relying_party, "%s", statement->relying_party);
    ask->flags = LK_CEREMONY_PIN;
    if (lk_policy_user_verification(&broker->policy, statement, statement->kind))
        ask->flags |= LK_CEREMONY_UV;
    ask->timeout_ms = broker->config.ceremony_seconds * 1000;
    job->test_browser = statement->kind == LK_KIND_BROWSER;
    if (job->test_browser)
        return test_browser_challenge(job, ask->client_data_hash);
    id = lk_buf_reserve(&job->memory, statement->credential_id.len);
    if (id == NULL)
        return -LK_ERR_NOMEM;
    memcpy(id, statement->credential_id.bytes, statement->credential_id.len);
    ask->allow[0] = LK_VIEW(id, statement->credential_id.len);
    ask->allow_count = 1;
    result = lk_broker_host_challenge(broker, "latchkey", name, "", job->client_data_hash);
    memcpy(ask->client_data_hash, job->client_data_hash, sizeof ask->client_data_hash);
    return result;
}

int lk_desk_handle_test(struct lk_broker *broker, struct lk_connection *connection,
                        const struct lk_frame *frame)
{
    struct lk_device_ceremony_request request = {
        .timeout_ms = (int64_t)broker->config.ceremony_seconds * 1000};
    struct lk_store_rows rows = {0};
    const struct lk_store_row *row = NULL;
    struct lk_statement statement;
    struct lk_desk_test test;
    struct lk_desk_job *job;
    char owner[96];
    int result = lk_desk_test_decode(frame->payload, &test);

    if (result < 0)
        return result;
    if (broker->store == NULL)
        return lk_desk_result(connection, frame->request, broker->store_reason, 0, 0,
                              broker->store_text);
    job = lk_desk_job_new(connection, frame->request);
    if (job == NULL)
        return 0;
    memcpy(job->statement.bytes, test.statement, sizeof job->statement.bytes);
    result = broker->store_ops->read_statement(broker->store, &job->statement, &rows);
    if (result == 0)
        row = find_row(&rows, &job->statement);
    if (result < 0 || row == NULL || lk_statement_decode(row->statement, &statement) < 0) {
        lk_desk_job_finish(
            job, result < 0 ? LK_REASON_STORE_UNAVAILABLE : LK_REASON_CREDENTIAL_UNKNOWN, 0, NULL);
    } else if (test_fill(job, rows.name, &statement, &request.assert_request) < 0) {
        lk_desk_job_finish(job, LK_REASON_INTERNAL, 0, NULL);
    } else {
        snprintf(owner, sizeof owner, "test login of %s", rows.name);
        request.owner = owner;
        (void)lk_desk_job_begin(job, &request, tested, NULL);
    }
    lk_store_rows_free(&rows);
    return 0;
}

/* ---- LOST ---- */

static bool given_up(const struct lk_desk_lost *lost, const struct lk_digest *credential)
{
    for (uint32_t i = 0; i < lost->count; i++) {
        if (memcmp(lost->credentials[i], credential->bytes, sizeof credential->bytes) == 0)
            return true;
    }
    return false;
}

/* One state change for each credential given up; they must be this agent's. */
static enum lk_reason lost_changes(struct lk_desk_job *job, const struct lk_store_rows *rows)
{
    int64_t now = lk_clock_now(job->broker->clock);

    job->changes = calloc(job->lost.count, sizeof *job->changes);
    if (job->changes == NULL || lk_buf_reserve(&job->memory, (size_t)job->lost.count * 256) == NULL)
        return LK_REASON_INTERNAL;
    lk_buf_reset(&job->memory);
    for (size_t i = 0; i < rows->count; i++) {
        const struct lk_store_row *row = &rows->rows[i];
        struct lk_state_change state = {.statement = row->digest,
                                        .state = LK_STATE_REVOKED,
                                        .reason = "lost, reported by its holder",
                                        .time = now};
        size_t offset = job->memory.len;
        struct lk_change *change = &job->changes[job->change_count];

        if (!row->newest || row->state == LK_STATE_REVOKED ||
            !given_up(&job->lost, &row->credential))
            continue;
        if (job->change_count == job->lost.count ||
            lk_state_change_encode(&job->memory, &state) < 0)
            return LK_REASON_INTERNAL;
        change->kind = LK_CHANGE_STATE;
        change->u.state = (struct lk_change_state){
            .change = LK_VIEW(job->memory.data + offset, job->memory.len - offset),
            .statement = row->digest,
            .state = LK_STATE_REVOKED,
            .time = now};
        job->change_count++;
    }
    return job->change_count > 0 ? LK_REASON_NONE : LK_REASON_CREDENTIAL_UNKNOWN;
}

static enum lk_reason lost_judge(struct lk_desk_job *job,
                                 const struct lk_device_assertion *assertion,
                                 const struct lk_store_rows *rows)
{
    struct lk_digest credential;
    struct judged *judged;
    enum lk_reason reason = LK_REASON_CREDENTIAL_UNKNOWN;

    if (lk_sha256(job->broker->crypto, &assertion->credential_id, 1, credential.bytes) < 0)
        return LK_REASON_INTERNAL;
    if (given_up(&job->lost, &credential)) /* the key in hand is not the lost one */
        return LK_REASON_WRONG_KEY;
    judged = calloc(1, sizeof *judged);
    if (judged == NULL)
        return LK_REASON_INTERNAL;
    for (size_t i = 0; i < rows->count; i++) {
        const struct lk_store_row *row = &rows->rows[i];

        if (!row->newest || memcmp(&row->credential, &credential, sizeof credential) != 0)
            continue;
        if (judge(job, assertion, rows, row, judged) < 0)
            reason = LK_REASON_INTERNAL;
        else if (judged->signature != LK_REASON_NONE)
            reason = judged->signature;
        else
            reason =
                judged->standing.reason_count > 0 ? judged->standing.reasons[0] : LK_REASON_NONE;
        break;
    }
    free(judged);
    return reason;
}

static void lost_proved(void *context, const struct lk_device_assertion *assertion,
                        const struct lk_device_info *info)
{
    struct lk_desk_job *job = context;
    struct lk_store_rows rows = {0};
    enum lk_reason reason = LK_REASON_STORE_UNAVAILABLE;

    (void)info;
    job->ceremony = NULL;
    if (job->broker->store_ops->read_name(job->broker->store, job->lost.name, &rows) == 0)
        reason = lost_judge(job, assertion, &rows);
    lk_buf_reset(&job->memory);
    if (reason == LK_REASON_NONE)
        reason = lost_changes(job, &rows);
    lk_store_rows_free(&rows);
    if (reason != LK_REASON_NONE) {
        job->change_count = 0;
        lk_desk_job_finish(job, reason, 0, NULL);
        return;
    }
    job->detail = job->change_count;
    (void)lk_desk_job_commit(job);
}

/* The agent's host credentials that are not given up. */
static int lost_allow(struct lk_desk_job *job, const struct lk_store_rows *rows,
                      struct lk_device_assert *ask)
{
    if (lk_buf_reserve(&job->memory, (size_t)LK_ALLOW_MAX * LK_CREDENTIAL_ID_MAX) == NULL)
        return -LK_ERR_NOMEM;
    lk_buf_reset(&job->memory);
    for (size_t i = 0; i < rows->count && ask->allow_count < LK_ALLOW_MAX; i++) {
        const struct lk_store_row *row = &rows->rows[i];
        struct lk_statement statement;
        size_t offset = job->memory.len;

        if (!row->newest || row->state != LK_STATE_ACTIVE ||
            given_up(&job->lost, &row->credential) ||
            lk_statement_decode(row->statement, &statement) < 0 || statement.kind != LK_KIND_HOST)
            continue;
        lk_buf_put_bytes(&job->memory, statement.credential_id.bytes, statement.credential_id.len);
        ask->allow[ask->allow_count++] =
            LK_VIEW(job->memory.data + offset, statement.credential_id.len);
    }
    return lk_buf_error(&job->memory);
}

int lk_desk_handle_lost(struct lk_broker *broker, struct lk_connection *connection,
                        const struct lk_frame *frame)
{
    struct lk_device_ceremony_request request = {
        .timeout_ms = (int64_t)broker->config.ceremony_seconds * 1000};
    struct lk_device_assert *ask = &request.assert_request;
    struct lk_store_rows rows = {0};
    struct lk_desk_lost lost;
    struct lk_desk_job *job;
    char owner[96];
    int result = lk_desk_lost_decode(frame->payload, &lost);

    if (result < 0)
        return result;
    if (broker->store == NULL)
        return lk_desk_result(connection, frame->request, broker->store_reason, 0, 0,
                              broker->store_text);
    job = lk_desk_job_new(connection, frame->request);
    if (job == NULL)
        return 0;
    job->lost = lost;
    lk_relying_party_host(ask->relying_party, sizeof ask->relying_party, broker->config.name);
    ask->flags = LK_CEREMONY_PIN | LK_CEREMONY_PROBE |
                 (broker->policy.host_user_verification ? (uint32_t)LK_CEREMONY_UV : 0);
    ask->timeout_ms = broker->config.ceremony_seconds * 1000;
    result = broker->store_ops->read_name(broker->store, lost.name, &rows);
    if (result == 0)
        result = lost_allow(job, &rows, ask);
    if (result == 0)
        result = lk_broker_host_challenge(broker, "latchkey report-lost", lost.name, "",
                                          job->client_data_hash);
    memcpy(ask->client_data_hash, job->client_data_hash, sizeof ask->client_data_hash);
    lk_store_rows_free(&rows);
    if (result < 0) {
        lk_desk_job_finish(job, LK_REASON_STORE_UNAVAILABLE, 0, NULL);
    } else if (ask->allow_count == 0) {
        lk_desk_job_finish(
            job, LK_REASON_WRONG_KEY, 0,
            "no other active key of this agent is known: an operator must report the loss");
    } else {
        snprintf(owner, sizeof owner, "loss report of %s", lost.name);
        request.owner = owner;
        (void)lk_desk_job_begin(job, &request, lost_proved, NULL);
    }
    return 0;
}
