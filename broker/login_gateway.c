/* SPDX-License-Identifier: EUPL-1.2 */
/* The gateway socket: challenges that need no memory, and logins by browser credentials. Many in flight; answers go out in the order in which the
 * decisions lie on the disk, tied to their questions by the request id.
 *
 * Hostile input: client data, authenticator data and signature come from a browser through the issuer. The agent is whoever the verified
 * credential belongs to. Until a signature has verified the answer tells nothing that depends on who is enrolled. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/challenge.h"
#include "broker/gateway.h"
#include "broker/gather.h"
#include "broker/login.h"
#include "broker/run.h"
#include "broker/visit.h"

struct gateway_login {
    struct lk_gateway_job job;
    struct lk_login login;
};

static void gateway_end(struct gateway_login *gateway, enum lk_reason reason)
{
    struct lk_login *login = &gateway->login;
    struct lk_broker *broker = login->broker;
    struct lk_connection *connection = gateway->job.connection;
    struct lk_gateway_verdict verdict = {.reason = (uint32_t)lk_reason_public(reason)};
    struct lk_source source;

    if (login->signature_verified) {
        verdict.reason = (uint32_t)reason;
        memcpy(verdict.subject, login->subject.bytes, sizeof(verdict.subject));
    }
    if (reason == LK_REASON_NONE) {
        (void)snprintf(verdict.name, sizeof(verdict.name), "%s", login->name);
        (void)snprintf(verdict.full_name, sizeof(verdict.full_name), "%s", login->rows.full_name);
        (void)snprintf(verdict.groups, sizeof(verdict.groups), "%s", login->groups);
        verdict.facts = login->facts;
        lk_visit_put(broker, login);
        broker->browser_stand_in = login->credential;
        broker->has_browser_stand_in = true;
    }
    if (reason != LK_REASON_NONE && (!login->signature_verified || login->change.number == 0)) {
        lk_source_set(&source, connection != NULL ? connection->uid : 0, "gateway", "");
        lk_gather_add(broker->gather, &source, LK_KIND_BROWSER, reason, login->service, "");
    }
    if (connection != NULL &&
        lk_gateway_verdict_encode(&connection->out, gateway->job.request, &verdict) != 0)
        lk_broker_log(broker, "a verdict could not be written");
    lk_gateway_job_unlink(&gateway->job);
    lk_login_clear(login);
    free(gateway);
}

static void gateway_decided(struct lk_login *login, void *context)
{
    gateway_end(context, login->reason);
}

/* The challenge inside the client data must be a token of ours for this transaction that has not run out. Whether it was used before is
 * answered by the store, in the decision's transaction. */
static enum lk_reason gateway_token(struct gateway_login *gateway,
                                    const struct lk_gateway_login *asked,
                                    struct lk_client_data *client_data)
{
    struct lk_view token;
    enum lk_reason reason;

    if (lk_client_data_decode(asked->client_data, client_data) != 0)
        return LK_REASON_CLIENT_DATA;
    token = LK_VIEW(client_data->challenge, client_data->challenge_len);
    reason = lk_token_check(gateway->login.broker, token, LK_PURPOSE_LOGIN, asked->transaction,
                            gateway->login.nonce);
    gateway->login.has_nonce = reason == LK_REASON_NONE;
    return reason;
}

/* A key pair that stands for nobody's (its private half is 1): what is asked of it is work, not an answer. */
static const struct lk_public_key decoy = {
    .bytes = {0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20, 0x6b, 0x17, 0xd1,
              0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2,
              0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8,
              0x98, 0xc2, 0x96, 0x22, 0x58, 0x20, 0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f,
              0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33, 0x57,
              0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5},
    .len = 77};

static void decoy_verified(struct lk_verify_job *job, void *context)
{
    (void)job;
    gateway_end(context, LK_REASON_CREDENTIAL_UNKNOWN);
}

/* The public key of the stand-in, found as that of an agent is found; until somebody has logged in, the one above. */
static void decoy_find(const struct lk_broker *broker, struct lk_public_key *ret_key)
{
    struct lk_store_rows rows = {0};
    struct lk_statement statement;

    *ret_key = decoy;
    if (!broker->has_browser_stand_in ||
        broker->store_ops->read_credential(broker->store, &broker->browser_stand_in, &rows) != 0)
        return;
    if (lk_login_find_row(broker, &rows, LK_KIND_BROWSER, &broker->browser_stand_in, &statement) !=
        NULL)
        *ret_key = statement.public_key;
    lk_store_rows_free(&rows);
}

/* A credential that nobody enrolled costs what one of an agent costs whose signature is wrong: otherwise the time would tell them apart. */
static void gateway_decoy(struct gateway_login *gateway, const struct lk_assertion *assertion,
                          struct lk_view token)
{
    struct lk_verify_job *job = &gateway->login.job;

    decoy_find(gateway->login.broker, &job->public_key);
    job->user_verification = true;
    job->done = decoy_verified;
    job->context = gateway;
    if (lk_verify_job_fill(job, assertion, token) != 0)
        gateway_end(gateway, LK_REASON_CREDENTIAL_UNKNOWN);
    else
        lk_verify_job_run(gateway->login.broker, job);
}

/* Byte for byte what a browser puts down as the page's origin. */
static void gateway_rule(const struct lk_config *config, struct lk_verify_job *job)
{
    (void)snprintf(job->relying_party, sizeof(job->relying_party), "%s", config->gateway_host);
    /* RFC 6454 section 6.2: the port of the scheme stands in no origin. */
    if (config->gateway_port == 443)
        (void)snprintf(job->origin, sizeof(job->origin), "https://%s", config->gateway_host);
    else
        (void)snprintf(job->origin, sizeof(job->origin), "https://%s:%u", config->gateway_host,
                       config->gateway_port);
}

static void gateway_verify(struct gateway_login *gateway, const struct lk_gateway_login *asked,
                           struct lk_view token)
{
    struct lk_login *login = &gateway->login;
    struct lk_broker *broker = login->broker;
    const struct lk_assertion assertion = {.credential_id = asked->credential_id,
                                           .authenticator_data = asked->authenticator_data,
                                           .signature = asked->signature,
                                           .user_handle = asked->user_handle,
                                           .client_data = asked->client_data};
    struct lk_store_rows rows = {0};
    struct lk_statement statement;
    struct lk_digest credential;
    const struct lk_store_row *row;

    if (lk_sha256(broker->crypto, &asked->credential_id, 1, credential.bytes) != 0 ||
        broker->store_ops->read_credential(broker->store, &credential, &rows) != 0) {
        gateway_end(gateway, LK_REASON_STORE_UNAVAILABLE);
        return;
    }
    row = lk_login_find_row(broker, &rows, LK_KIND_BROWSER, &credential, &statement);
    gateway_rule(&broker->config, &login->job);
    if (row == NULL) {
        lk_store_rows_free(&rows);
        gateway_decoy(gateway, &assertion, token);
        return;
    }
    login->job.user_verification =
        lk_policy_user_verification(&broker->policy, &statement, LK_KIND_BROWSER);
    lk_login_start(login, &rows, row, &statement, &assertion, token);
}

static int handle_login(struct lk_broker *broker, struct lk_connection *connection,
                        const struct lk_frame *frame)
{
    struct lk_gateway_login asked;
    struct lk_client_data client_data;
    struct gateway_login *gateway;
    enum lk_reason reason;
    int error = lk_gateway_login_decode(frame->payload, &asked);

    if (error != 0)
        return error;
    gateway = calloc(1, sizeof(*gateway));
    if (gateway == NULL)
        return -LK_ERR_NOMEM;
    lk_gateway_job_link(&gateway->job, connection, frame->request);
    gateway->login.broker = broker;
    gateway->login.kind = LK_KIND_BROWSER;
    gateway->login.user_handle_required = true;
    gateway->login.began_ms = lk_clock_monotonic_ms(broker->clock);
    gateway->login.decided = gateway_decided;
    gateway->login.context = gateway;
    gateway->login.leaves_proof = true;
    memcpy(gateway->login.transaction, asked.transaction, sizeof(asked.transaction));
    (void)snprintf(gateway->login.service, sizeof(gateway->login.service), "gateway");
    reason = lk_broker_ready(broker);
    if (reason == LK_REASON_NONE && broker->config.gateway_host[0] == '\0')
        reason = LK_REASON_CONFIG;
    if (reason == LK_REASON_NONE)
        reason = gateway_token(gateway, &asked, &client_data);
    if (reason != LK_REASON_NONE) {
        gateway_end(gateway, reason);
        return 0;
    }
    gateway_verify(gateway, &asked, LK_VIEW(client_data.challenge, client_data.challenge_len));
    return 0;
}

static int handle_challenge(struct lk_broker *broker, struct lk_connection *connection,
                            const struct lk_frame *frame)
{
    struct lk_gateway_challenge asked;
    uint8_t bytes[LK_TOKEN_SIZE];
    struct lk_gateway_token token = {.token = LK_VIEW(bytes, sizeof(bytes))};
    int error = lk_gateway_challenge_decode(frame->payload, &asked);

    if (error == 0)
        error = lk_token_make(broker, asked.purpose, asked.transaction, bytes);
    if (error == 0)
        error = lk_gateway_token_encode(&connection->out, frame->request, &token);
    return error;
}

const struct lk_handler lk_gateway_handlers[] = {
    {LK_MESSAGE_GATEWAY_CHALLENGE, handle_challenge},
    {LK_MESSAGE_GATEWAY_LOGIN, handle_login},
    {LK_MESSAGE_GATEWAY_CODE, lk_gateway_handle_code},
    {LK_MESSAGE_GATEWAY_REDEEM, lk_gateway_handle_redeem},
    {LK_MESSAGE_GATEWAY_ACCESS, lk_gateway_handle_access},
    {LK_MESSAGE_GATEWAY_END, lk_gateway_handle_end},
    {LK_MESSAGE_GATEWAY_LOGOUTS, lk_gateway_handle_logouts},
    {LK_MESSAGE_GATEWAY_QUEUE, lk_gateway_handle_queue},
    {LK_MESSAGE_GATEWAY_DELIVERED, lk_gateway_handle_delivered},
    {0, NULL},
};
