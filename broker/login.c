/* SPDX-License-Identifier: EUPL-1.2 */
/* The steps of login.h. Deny is the initial value: `reason` becomes NONE in one statement, in login_committed. */
#include "broker/login.h"

#include <stdio.h>
#include <string.h>

#include "broker/gateway.h"
#include "broker/run.h"
#include "broker/visit.h"

static void login_deny(struct lk_login *login, enum lk_reason reason)
{
    login->reason = reason == LK_REASON_NONE ? LK_REASON_INTERNAL : reason;
    login->decided(login, login->context);
}

static enum lk_reason commit_error_reason(int error)
{
    return error == -LK_ERR_FULL ? LK_REASON_STORE_LOW : LK_REASON_STORE_UNAVAILABLE;
}

/* The one place where somebody is let in: the transaction with counter, nonce and log record is on the disk, and what was judged was
 * "no objection". */
static void login_committed(struct lk_change *change, void *context)
{
    struct lk_login *login = context;
    struct lk_log_record record = change->u.login.record;

    if (change->error != 0) {
        lk_broker_log(login->broker, "a login was refused because it could not be recorded: %s",
                      lk_error_text(change->error));
        login_deny(login, commit_error_reason(change->error));
        return;
    }
    if (change->reason != LK_REASON_NONE)
        record.reason = change->reason;
    if (change->number != 0)
        lk_broker_recorded(login->broker, &record, change->number);
    if (record.reason != LK_REASON_NONE)
        lk_visits_forget_statement(login->broker, &change->u.login.statement);
    if (change->reason != LK_REASON_NONE || login->judged != LK_REASON_NONE ||
        change->u.login.refused) {
        login_deny(login, change->reason != LK_REASON_NONE ? change->reason : login->judged);
        return;
    }
    login->reason = LK_REASON_NONE;
    login->decided(login, login->context);
}

static void login_fill_record(struct lk_login *login, struct lk_log_record *record,
                              const uint8_t *aaguid)
{
    int64_t took = lk_clock_monotonic_ms(login->broker->clock) - login->began_ms;

    memset(record, 0, sizeof(*record));
    record->time = lk_clock_now(login->broker->clock);
    record->reason = login->judged;
    record->kind = login->kind;
    record->subject = login->subject;
    record->credential = login->credential;
    memcpy(record->aaguid, aaguid, LK_AAGUID_SIZE);
    record->flags = login->job.flags;
    record->counter = login->job.counter;
    record->milliseconds = took < 0 ? 0 : took > UINT32_MAX ? UINT32_MAX : (uint32_t)took;
    record->count = 1;
    (void)snprintf(record->name, sizeof(record->name), "%s", login->name);
    (void)snprintf(record->service, sizeof(record->service), "%s", login->service);
    (void)snprintf(record->remote_host, sizeof(record->remote_host), "%s", login->remote_host);
}

/* A proof without a seal opens nothing. */
static void login_seal(const struct lk_login *login, struct lk_change *change,
                       const struct lk_store_row *row)
{
    const struct lk_store_proof proof = {.statement = row->digest,
                                         .expiry = change->u.login.proof_expiry,
                                         .auth_time = change->u.login.record.time,
                                         .facts = login->facts};

    change->u.login.leaves_proof =
        lk_proof_seal(login->broker, login->transaction, &proof, change->u.login.seal) == 0;
}

/* Judged: on its way to the disk, allowed or refused, with the row version it was judged by. */
static void login_commit(struct lk_login *login, const struct lk_store_row *row,
                         const uint8_t *aaguid)
{
    struct lk_change *change = &login->change;
    int error;

    memset(change, 0, sizeof(*change));
    change->kind = LK_CHANGE_LOGIN;
    change->urgency = login->urgency;
    change->u.login.statement = row->digest;
    change->u.login.row_version = row->row_version;
    change->u.login.counter = login->job.counter;
    change->u.login.failure_limit = login->broker->config.failures_per_credential;
    change->u.login.has_nonce = login->has_nonce;
    memcpy(change->u.login.nonce, login->nonce, sizeof(login->nonce));
    change->u.login.refused = login->judged != LK_REASON_NONE;
    change->u.login.leaves_proof = login->leaves_proof;
    memcpy(change->u.login.transaction, login->transaction, sizeof(login->transaction));
    change->u.login.proof_expiry = lk_clock_now(login->broker->clock) + LK_PROOF_SECONDS;
    change->u.login.facts = login->facts;
    login_fill_record(login, &change->u.login.record, aaguid);
    if (login->leaves_proof && login->judged == LK_REASON_NONE)
        login_seal(login, change, row);
    change->done = login_committed;
    change->context = login;
    error = lk_store_thread_queue(login->broker->store_thread, change);
    if (error != 0)
        login_deny(login, LK_REASON_STORE_UNAVAILABLE);
}

static enum lk_reason login_objection(const struct lk_login *login,
                                      const struct lk_store_rows *rows,
                                      const struct lk_store_row *row,
                                      const struct lk_standing_result *standing)
{
    const struct lk_view handle = login->job.assertion.user_handle;

    if (standing->reason_count > 0)
        return standing->reasons[0];
    if (login->expected_name[0] != '\0' && strcmp(rows->name, login->expected_name) != 0)
        return LK_REASON_NAME_REASSIGNED;
    if ((login->user_handle_required || handle.len > 0) &&
        !lk_view_equal(handle, LK_VIEW(standing->statement.subject.bytes, LK_SUBJECT_SIZE)))
        return LK_REASON_USER_HANDLE;
    /* What the flags lack: the holder signed it, so it is recorded and told. */
    if (login->job.reason != LK_REASON_NONE)
        return login->job.reason;
    return lk_policy_counter(row->counter, login->job.counter);
}

/* The rows were read when the answer came, not when the challenge was made: a person may have taken half a minute. What changes from then
 * on is found by the transaction, which refuses another row version. */
static void login_judge(struct lk_login *login)
{
    struct lk_broker *broker = login->broker;
    struct lk_standing_result standing;
    enum lk_reason ready = lk_broker_ready(broker);

    if (ready != LK_REASON_NONE) {
        login_deny(login, ready);
        return;
    }
    if (lk_standing_judge(broker, &login->rows, login->row, login->kind, &standing) != 0) {
        login_deny(login, LK_REASON_INTERNAL);
        return;
    }
    login->judged = login_objection(login, &login->rows, login->row, &standing);
    login->subject = standing.statement.subject;
    (void)snprintf(login->name, sizeof(login->name), "%s", login->rows.name);
    login->facts = ((login->job.flags & LK_FLAG_UV) != 0 ? LK_LOGIN_FACT_USER_VERIFIED : 0U) |
                   (standing.statement.proved.has_anchor ? LK_LOGIN_FACT_ATTESTED : 0U);
    lk_gateway_groups(&standing.statement, login->groups, sizeof(login->groups));
    login_commit(login, login->row, standing.statement.aaguid);
}

static void login_verified(struct lk_verify_job *job, void *context)
{
    struct lk_login *login = context;

    if (job->error != 0 || !lk_assertion_signed(job->reason)) {
        login_deny(login, job->error != 0 ? LK_REASON_INTERNAL : job->reason);
        return;
    }
    login->signature_verified = true;
    login_judge(login);
}

const struct lk_store_row *lk_login_find_row(const struct lk_broker *broker,
                                             const struct lk_store_rows *rows, enum lk_kind kind,
                                             const struct lk_digest *credential,
                                             struct lk_statement *ret_statement)
{
    for (size_t i = 0; i < rows->count; i++) {
        const struct lk_store_row *row = &rows->rows[i];
        struct lk_digest digest;
        struct lk_view id;

        if (!row->newest || memcmp(row->credential.bytes, credential->bytes, LK_DIGEST_SIZE) != 0)
            continue;
        if (lk_statement_decode(row->statement, ret_statement) != 0 || ret_statement->kind != kind)
            continue;
        /* The column is the store's word; the id inside the statement is what was signed. */
        id = LK_VIEW(ret_statement->credential_id.bytes, ret_statement->credential_id.len);
        if (lk_sha256(broker->crypto, &id, 1, digest.bytes) != 0 ||
            memcmp(digest.bytes, credential->bytes, LK_DIGEST_SIZE) != 0)
            continue;
        return row;
    }
    return NULL;
}

void lk_login_start(struct lk_login *login, struct lk_store_rows *rows,
                    const struct lk_store_row *row, const struct lk_statement *statement,
                    const struct lk_assertion *assertion, struct lk_view challenge)
{
    login->rows = *rows;
    *rows = (struct lk_store_rows){0};
    login->row = row;
    login->reason = LK_REASON_INTERNAL;
    login->judged = LK_REASON_INTERNAL;
    login->signature_verified = false;
    login->credential = row->credential;
    login->job.public_key = statement->public_key;
    login->job.done = login_verified;
    login->job.context = login;
    if (lk_verify_job_fill(&login->job, assertion, challenge) != 0) {
        login_deny(login, LK_REASON_INTERNAL);
        return;
    }
    lk_verify_job_run(login->broker, &login->job);
}

void lk_login_clear(struct lk_login *login)
{
    lk_verify_job_clear(&login->job);
    lk_store_rows_free(&login->rows);
    login->row = NULL;
}
