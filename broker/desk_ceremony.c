/* SPDX-License-Identifier: EUPL-1.2 */
/* Ceremonies of the desk: a new credential (CREATE), an operator's touch (SIGN), the verified login at the end of an enrolment (TEST), a holder
 * who reports another key lost (LOST). Events and PIN questions go to the peer as they happen. */
#include <stdio.h>
#include <string.h>

#include "base/base64url.h"
#include "broker/desk.h"

/* An answer that cannot be written leaves a peer that would wait for ever: it is let go instead. */
static void sent(struct lk_connection *connection, int error)
{
    if (error != 0)
        connection->closing = true;
}

static void on_event(void *context, const struct lk_event_message *event)
{
    struct lk_desk_job *job = context;

    sent(job->connection, lk_event_encode(&job->connection->out, job->request, event));
}

static void on_ask_pin(void *context, const struct lk_ask_pin *ask)
{
    struct lk_desk_job *job = context;

    sent(job->connection, lk_ask_pin_encode(&job->connection->out, job->request, ask));
}

static void on_failed(void *context, enum lk_reason reason, uint8_t retries, const char *detail)
{
    struct lk_desk_job *job = context;
    struct lk_connection *connection = job->connection;
    struct lk_desk_result result = {.reason = (uint32_t)reason, .retries = retries};
    uint32_t request = job->request;

    if (detail != NULL)
        (void)snprintf(result.text, sizeof result.text, "%s", detail);
    lk_desk_job_free(job);
    sent(connection, lk_desk_result_encode(&connection->out, request, &result));
}

/* Neither an assertion where a credential was asked for, nor the other way round. */
static void unexpected_assertion(void *context, const struct lk_device_assertion *assertion,
                                 const struct lk_device_info *info)
{
    (void)assertion;
    (void)info;
    lk_desk_job_finish(context, LK_REASON_KEY_FAILED, 0, NULL);
}

static void unexpected_credential(void *context, const struct lk_device_credential *credential,
                                  const struct lk_device_info *info)
{
    (void)credential;
    (void)info;
    lk_desk_job_finish(context, LK_REASON_KEY_FAILED, 0, NULL);
}

int lk_desk_job_begin(struct lk_desk_job *job, const struct lk_device_ceremony_request *request,
                      void (*assertion)(void *, const struct lk_device_assertion *,
                                        const struct lk_device_info *),
                      void (*credential)(void *, const struct lk_device_credential *,
                                         const struct lk_device_info *))
{
    const struct lk_device_ceremony_callbacks callbacks = {
        .event = on_event,
        .ask_pin = on_ask_pin,
        .assertion = assertion != NULL ? assertion : unexpected_assertion,
        .credential = credential != NULL ? credential : unexpected_credential,
        .failed = on_failed,
        .context = job};
    const char *owner = lk_device_owner(job->broker);
    char text[129] = "";
    enum lk_reason reason;

    if (owner != NULL)
        snprintf(text, sizeof text, "%s", owner);
    reason = lk_device_ceremony_begin(job->broker, request, &callbacks, &job->ceremony);
    if (reason != LK_REASON_NONE)
        lk_desk_job_finish(job, reason, 0, text);
    return 0;
}

static int64_t ceremony_ms(const struct lk_broker *broker)
{
    return (int64_t)broker->config.ceremony_seconds * 1000;
}

/* ---- CREATE ---- */

static void created(void *context, const struct lk_device_credential *credential,
                    const struct lk_device_info *info)
{
    struct lk_desk_job *job = context;
    struct lk_connection *connection = job->connection;
    uint32_t request = job->request;
    struct lk_desk_created message = {.attestation_object = credential->attestation_object,
                                      .info = *info};

    memcpy(message.subject, job->subject.bytes, sizeof message.subject);
    memcpy(message.client_data_hash, job->client_data_hash, sizeof message.client_data_hash);
    (void)snprintf(message.relying_party, sizeof message.relying_party, "%s", job->relying_party);
    lk_desk_job_free(job);
    sent(connection, lk_desk_created_encode(&connection->out, request, &message));
}

static enum lk_reason create_relying_party(const struct lk_broker *broker, unsigned kind,
                                           char *ret_text, size_t size)
{
    switch (kind) {
    case LK_KIND_HOST:
        lk_relying_party_host(ret_text, size, broker->config.name);
        return LK_REASON_NONE;
    case LK_KIND_OPERATOR:
        lk_relying_party_operator(ret_text, size, broker->config.name);
        return LK_REASON_NONE;
    case LK_KIND_BROWSER:
        if (broker->config.gateway_host[0] == '\0')
            return LK_REASON_CONFIG;
        snprintf(ret_text, size, "%s", broker->config.gateway_host);
        return LK_REASON_NONE;
    default:
        return LK_REASON_KIND;
    }
}

/* Keys that this agent has already must not be enrolled twice (WebAuthn 7.1: excludeCredentials). What is revoked may come back on the same key. */
static int add_known_credentials(const struct lk_store_rows *rows, enum lk_kind kind,
                                 struct lk_device_create *create, struct lk_buf *memory)
{
    for (size_t i = 0; i < rows->count && create->exclude_count < LK_ALLOW_MAX; i++) {
        const struct lk_store_row *row = &rows->rows[i];
        struct lk_statement statement;
        size_t offset = memory->len;

        if (!row->newest || row->state == LK_STATE_REVOKED ||
            lk_statement_decode(row->statement, &statement) < 0 || statement.kind != kind)
            continue;
        /* The buffer was given its whole room before, so that views into it stay valid. */
        if (memory->capacity - memory->len < statement.credential_id.len)
            return -LK_ERR_TOO_BIG;
        lk_buf_put_bytes(memory, statement.credential_id.bytes, statement.credential_id.len);
        create->exclude[create->exclude_count++] =
            LK_VIEW(memory->data + offset, statement.credential_id.len);
    }
    return lk_buf_error(memory);
}

static int create_subject(struct lk_broker *broker, const struct lk_desk_create *create,
                          const struct lk_store_rows *rows, struct lk_subject *ret_subject)
{
    if (create->has_subject) {
        memcpy(ret_subject->bytes, create->subject, sizeof ret_subject->bytes);
        return 0;
    }
    if (rows->known) {
        *ret_subject = rows->subject;
        return 0;
    }
    return lk_random_fill(broker->random, ret_subject->bytes, sizeof ret_subject->bytes);
}

static int create_fill(struct lk_desk_job *job, const struct lk_desk_create *create,
                       struct lk_device_create *ret_request)
{
    struct lk_broker *broker = job->broker;
    struct lk_store_rows rows = {0};
    void *room;
    int result;

    memset(ret_request, 0, sizeof *ret_request);
    ret_request->exclude_count = create->exclude_count;
    memcpy(ret_request->exclude, create->exclude,
           create->exclude_count * sizeof create->exclude[0]);
    room = lk_buf_reserve(&job->memory, (size_t)LK_ALLOW_MAX * LK_CREDENTIAL_ID_MAX);
    if (room == NULL)
        return -LK_ERR_NOMEM;
    lk_buf_reset(&job->memory);
    result = 0;
    if (create->kind != LK_KIND_OPERATOR && broker->store != NULL)
        result = broker->store_ops->read_name(broker->store, create->name, &rows);
    if (result == 0)
        result = add_known_credentials(&rows, create->kind, ret_request, &job->memory);
    if (result == 0)
        result = create_subject(broker, create, &rows, &job->subject);
    lk_store_rows_free(&rows);
    if (result == 0)
        result =
            lk_random_fill(broker->random, job->client_data_hash, sizeof job->client_data_hash);
    if (result < 0)
        return result;
    ret_request->flags = LK_CEREMONY_UV | LK_CEREMONY_PIN | LK_CEREMONY_CHOOSE_PIN;
    /* Whoever signs in without user verification by policy may do so with a key that has no PIN. */
    if (create->kind == LK_KIND_HOST && !broker->policy.host_user_verification)
        ret_request->flags = LK_CEREMONY_PIN;
    if (create->kind == LK_KIND_BROWSER)
        ret_request->flags |= LK_CEREMONY_RESIDENT;
    ret_request->protection =
        2; /* CTAP 2.1 section 12.1: userVerificationOptionalWithCredentialIDList */
    ret_request->timeout_ms = (uint32_t)ceremony_ms(broker);
    memcpy(ret_request->client_data_hash, job->client_data_hash,
           sizeof ret_request->client_data_hash);
    memcpy(ret_request->user_id, job->subject.bytes, sizeof ret_request->user_id);
    snprintf(ret_request->relying_party, sizeof ret_request->relying_party, "%s",
             job->relying_party);
    snprintf(ret_request->relying_party_name, sizeof ret_request->relying_party_name, "%s",
             broker->config.name);
    snprintf(ret_request->user_name, sizeof ret_request->user_name, "%s", create->name);
    snprintf(ret_request->display_name, sizeof ret_request->display_name, "%s",
             create->display_name[0] != '\0' ? create->display_name : create->name);
    return 0;
}

int lk_desk_handle_create(struct lk_broker *broker, struct lk_connection *connection,
                          const struct lk_frame *frame)
{
    struct lk_device_ceremony_request request = {.create = true, .timeout_ms = ceremony_ms(broker)};
    struct lk_desk_create create;
    struct lk_desk_job *job;
    enum lk_reason reason;
    char owner[96];
    int result = lk_desk_create_decode(frame->payload, &create);

    if (result < 0)
        return result;
    if (!lk_name_valid(create.name))
        return lk_desk_result(connection, frame->request, LK_REASON_UNKNOWN_AGENT, 0, 0,
                              "a login name is 1 to 64 of a-z 0-9 . _ -");
    job = lk_desk_job_new(connection, frame->request);
    if (job == NULL)
        return 0;
    reason =
        create_relying_party(broker, create.kind, job->relying_party, sizeof job->relying_party);
    if (reason != LK_REASON_NONE) {
        lk_desk_job_finish(job, reason, 0,
                           reason == LK_REASON_CONFIG
                               ? "no gateway_host is configured: there are no browser credentials"
                               : NULL);
        return 0;
    }
    if (create_fill(job, &create, &request.create_request) < 0) {
        lk_desk_job_finish(job, LK_REASON_STORE_UNAVAILABLE, 0, NULL);
        return 0;
    }
    snprintf(owner, sizeof owner, "enrolment of %s", create.name);
    request.owner = owner;
    return lk_desk_job_begin(job, &request, NULL, created);
}

/* ---- SIGN ---- */

static void signed_by_operator(void *context, const struct lk_device_assertion *assertion,
                               const struct lk_device_info *info)
{
    struct lk_desk_job *job = context;
    struct lk_connection *connection = job->connection;
    uint32_t request = job->request;

    (void)info;
    lk_desk_job_free(job);
    sent(connection, lk_desk_signed_encode(&connection->out, request, assertion));
}

int lk_desk_handle_sign(struct lk_broker *broker, struct lk_connection *connection,
                        const struct lk_frame *frame)
{
    struct lk_device_ceremony_request request = {.timeout_ms = ceremony_ms(broker),
                                                 .owner = "endorsement"};
    struct lk_device_assert *ask = &request.assert_request;
    struct lk_desk_sign sign;
    struct lk_desk_job *job;
    int result = lk_desk_sign_decode(frame->payload, &sign);

    if (result < 0)
        return result;
    if (sign.allow_count ==
        0) /* an operator's key is always named: what may sign is the operator set's to say */
        return lk_desk_result(connection, frame->request, LK_REASON_OPERATOR_UNKNOWN, 0, 0, NULL);
    job = lk_desk_job_new(connection, frame->request);
    if (job == NULL)
        return 0;
    lk_relying_party_operator(ask->relying_party, sizeof ask->relying_party, broker->config.name);
    memcpy(ask->client_data_hash, sign.client_data_hash, sizeof ask->client_data_hash);
    ask->flags = LK_CEREMONY_UV | LK_CEREMONY_PIN | LK_CEREMONY_PROBE;
    ask->timeout_ms = (uint32_t)ceremony_ms(broker);
    ask->allow_count = sign.allow_count;
    memcpy(ask->allow, sign.allow, sign.allow_count * sizeof sign.allow[0]);
    return lk_desk_job_begin(job, &request, signed_by_operator, NULL);
}
