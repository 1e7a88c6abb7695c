/* SPDX-License-Identifier: EUPL-1.2 */
/* Logins at the host socket: who may ask, the ceremony with the keys of this machine, the verdict.
 *
 * Hostile input: the request, from any user of the machine. Rules: uid 0 asks for any agent, everybody else for the name whose uid is his own;
 * remote sessions are refused in words and no key blinks for them; unknown, unenrolled, suspended and real agents take the same steps (an
 * agent without credentials gets decoys). One login a connection; the connection closes behind the verdict. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "broker/allow_list.h"
#include "broker/challenge.h"
#include "broker/crash_guard.h"
#include "broker/gather.h"
#include "broker/limits.h"
#include "broker/login.h"
#include "broker/names_link.h"
#include "broker/run.h"

struct host_login {
    struct lk_login login;            /* first: lk_login callbacks get it */
    struct lk_connection *connection; /* NULL once the peer is gone */
    uid_t uid;
    uint32_t request;
    struct lk_login_request asked;
    struct lk_source source;
    struct lk_names_lookup *lookup;
    struct lk_device_ceremony *ceremony;
    bool counted;  /* holds the uid's one ceremony */
    bool deciding; /* verify job or commit is under way: may not be freed */
    uint8_t retries;
};

static void host_free(struct host_login *host)
{
    if (host->counted) {
        lk_limits_ceremony_end(host->login.broker->limits, host->uid);
        lk_crash_guard_end(host->login.broker->guard, host->uid);
    }
    lk_login_clear(&host->login);
    free(host);
}

static void host_verdict(struct host_login *host, enum lk_reason reason)
{
    struct lk_connection *connection = host->connection;
    struct lk_verdict verdict = {.reason = (uint32_t)reason, .retries = host->retries};

    memcpy(verdict.nonce, host->asked.nonce, sizeof(verdict.nonce));
    if (lk_verdict_encode(&connection->out, host->request, &verdict) != 0)
        lk_broker_log(connection->broker, "a verdict could not be written");
    connection->work = NULL;
    connection->work_cancel = NULL;
    connection->work_pin = NULL;
    connection->closing = true;
}

/* The end of every login that was begun. NONE comes from the committed decision only. */
static void host_end(struct host_login *host, enum lk_reason reason)
{
    struct lk_broker *broker = host->login.broker;
    bool verified = host->login.signature_verified;

    if (reason == LK_REASON_NONE)
        lk_limits_give_back(broker->limits, &host->source);
    else if (!verified || host->login.change.number == 0)
        lk_gather_add(broker->gather, &host->source, LK_KIND_HOST, reason, host->asked.service,
                      host->asked.remote_host);
    if (host->connection != NULL)
        host_verdict(host, verified ? reason : lk_reason_public(reason));
    host_free(host);
}

/* The peer closed, or sent CANCEL. */
static void host_cancel(struct lk_connection *connection)
{
    struct host_login *host = connection->work;

    if (host->deciding) {
        /* The answer is verified already: the decision stands, only a peer that is gone does not hear it. */
        if (!connection->dead)
            return;
        host->connection = NULL;
        return;
    }
    lk_names_cancel(host->lookup);
    if (host->ceremony != NULL)
        lk_device_ceremony_cancel(host->ceremony);
    if (connection->dead)
        host->connection = NULL;
    host_end(host, LK_REASON_CANCELLED);
}

static void host_pin(struct lk_connection *connection, struct lk_view pin)
{
    struct host_login *host = connection->work;

    if (host->ceremony != NULL)
        lk_device_ceremony_pin(host->ceremony, pin);
}

/* ---- the ceremony's callbacks ---- */

static void ceremony_event(void *context, const struct lk_event_message *event)
{
    struct host_login *host = context;

    if (lk_event_encode(&host->connection->out, host->request, event) != 0)
        lk_broker_log(host->login.broker, "an event could not be written");
}

static void ceremony_ask_pin(void *context, const struct lk_ask_pin *ask)
{
    struct host_login *host = context;

    if (lk_ask_pin_encode(&host->connection->out, host->request, ask) != 0)
        lk_broker_log(host->login.broker, "a question could not be written");
}

static void ceremony_failed(void *context, enum lk_reason reason, uint8_t retries,
                            const char *detail)
{
    struct host_login *host = context;

    (void)detail;
    host->ceremony = NULL;
    host->retries = retries;
    host_end(host, reason);
}

static void login_decided(struct lk_login *login, void *context)
{
    struct host_login *host = context;

    host->deciding = false;
    host_end(host, login->reason);
}

/* Which of the agent's credentials answered? Only newest host statements count; what is wrong with the one is judged after its signature. */
static void ceremony_assertion(void *context, const struct lk_device_assertion *answer,
                               const struct lk_device_info *info)
{
    struct host_login *host = context;
    struct lk_broker *broker = host->login.broker;
    const struct lk_assertion assertion = {.credential_id = answer->credential_id,
                                           .authenticator_data = answer->authenticator_data,
                                           .signature = answer->signature,
                                           .user_handle = answer->user_handle};
    struct lk_store_rows rows = {0};
    struct lk_statement statement;
    struct lk_digest credential;
    const struct lk_store_row *row = NULL;

    (void)info;
    host->ceremony = NULL;
    if (broker->store == NULL ||
        lk_sha256(broker->crypto, &answer->credential_id, 1, credential.bytes) != 0 ||
        broker->store_ops->read_name(broker->store, host->asked.name, &rows) != 0) {
        host_end(host, LK_REASON_STORE_UNAVAILABLE);
        return;
    }
    if (rows.known)
        row = lk_login_find_row(broker, &rows, LK_KIND_HOST, &credential, &statement);
    if (row == NULL) {
        lk_store_rows_free(&rows);
        host_end(host, LK_REASON_CREDENTIAL_UNKNOWN);
        return;
    }
    host->deciding = true;
    host->login.job.user_verification =
        lk_policy_user_verification(&broker->policy, &statement, LK_KIND_HOST);
    lk_login_start(&host->login, &rows, row, &statement, &assertion, LK_VIEW(NULL, 0));
}

/* ---- beginning the ceremony ---- */

static void host_begin(struct host_login *host)
{
    struct lk_broker *broker = host->login.broker;
    const struct lk_device_ceremony_callbacks callbacks = {.event = ceremony_event,
                                                           .ask_pin = ceremony_ask_pin,
                                                           .assertion = ceremony_assertion,
                                                           .failed = ceremony_failed,
                                                           .context = host};
    struct lk_device_ceremony_request request = {
        .create = false, .timeout_ms = (int64_t)broker->config.ceremony_seconds * 1000};
    struct lk_device_assert *ask = &request.assert_request;
    struct lk_allow_list allow = {.request = ask};
    char owner[160];
    const char *busy = lk_device_owner(broker);
    enum lk_reason reason = LK_REASON_INTERNAL;

    lk_relying_party_host(ask->relying_party, sizeof(ask->relying_party), broker->config.name);
    (void)snprintf(host->login.job.relying_party, sizeof(host->login.job.relying_party), "%s",
                   ask->relying_party);
    (void)snprintf(owner, sizeof(owner), "login %s %s", host->asked.name, host->asked.service);
    request.owner = owner;
    if (lk_broker_host_challenge(broker, host->asked.service, host->asked.name, host->asked.tty,
                                 ask->client_data_hash) == 0 &&
        lk_allow_list_fill(broker, host->asked.name, &allow) == 0) {
        memcpy(host->login.job.client_data_hash, ask->client_data_hash,
               sizeof(ask->client_data_hash));
        if (allow.user_verification)
            ask->flags |= LK_CEREMONY_UV;
        if ((host->asked.flags & LK_LOGIN_FLAG_PROMPT) != 0 &&
            lk_policy_service_pin(&broker->policy, host->asked.service))
            ask->flags |= LK_CEREMONY_PIN;
        reason = lk_device_ceremony_begin(broker, &request, &callbacks, &host->ceremony);
    }
    lk_allow_list_clear(&allow);
    if (reason == LK_REASON_KEY_BUSY && busy != NULL) {
        struct lk_event_message event = {.event = LK_EVENT_KEY_BUSY, .retries = LK_RETRIES_UNKNOWN};

        (void)snprintf(event.detail, sizeof(event.detail), "%.128s", busy);
        ceremony_event(host, &event);
    }
    if (reason != LK_REASON_NONE)
        host_end(host, reason);
}

/* ---- who asks, and from where ---- */

/* sudo names this very machine as the remote host: that is no sign of a remote session. */
static bool remote_host_is_here(const struct lk_broker *broker, const char *remote_host)
{
    size_t label = strcspn(broker->host, ".");

    if (remote_host[0] == '\0' || strcasecmp(remote_host, "localhost") == 0 ||
        strcasecmp(remote_host, broker->host) == 0)
        return true;
    return strlen(remote_host) == label && strncasecmp(remote_host, broker->host, label) == 0;
}

static enum lk_reason host_objection(const struct host_login *host)
{
    struct lk_broker *broker = host->login.broker;

    if ((host->asked.flags & LK_LOGIN_FLAG_REMOTE) != 0 ||
        !remote_host_is_here(broker, host->asked.remote_host))
        return LK_REASON_REMOTE;
    if (!lk_policy_service_local(&broker->policy, host->asked.service))
        return LK_REASON_SERVICE_UNKNOWN;
    return lk_broker_ready(broker);
}

static void host_permitted(struct host_login *host)
{
    enum lk_reason reason = host_objection(host);

    if (reason != LK_REASON_NONE) {
        host_end(host, reason);
        return;
    }
    host_begin(host);
}

static void host_named(void *context, enum lk_reason reason, uid_t uid)
{
    struct host_login *host = context;

    host->lookup = NULL;
    if (reason == LK_REASON_UNKNOWN_AGENT || (reason == LK_REASON_NONE && uid != host->uid))
        reason = LK_REASON_NOT_PERMITTED;
    if (reason != LK_REASON_NONE) {
        host_end(host, reason);
        return;
    }
    host_permitted(host);
}

static void host_admit(struct host_login *host)
{
    struct lk_limits *limits = host->login.broker->limits;
    struct lk_names_lookup *lookup = NULL;

    host->counted = lk_limits_ceremony_begin(limits, host->uid);
    if (!host->counted) {
        host_end(host, LK_REASON_KEY_BUSY);
        return;
    }
    lk_crash_guard_begin(host->login.broker->guard, host->uid);
    if (lk_crash_guard_waits(host->login.broker->guard, host->uid) ||
        !lk_limits_take(limits, &host->source)) {
        host_end(host, LK_REASON_RATE_LIMITED);
        return;
    }
    if (host->uid == 0) {
        host_permitted(host);
        return;
    }
    /* The answer may be at hand: then host is gone, or further, when this returns, and lookup is NULL. */
    lk_names_ask(host->login.broker, host->asked.name, host_named, host, &lookup);
    if (lookup != NULL)
        host->lookup = lookup;
}

static int handle_login(struct lk_broker *broker, struct lk_connection *connection,
                        const struct lk_frame *frame)
{
    struct host_login *host;
    int error;

    if (connection->work != NULL)
        return -LK_ERR_UNEXPECTED;
    host = calloc(1, sizeof(*host));
    if (host == NULL)
        return -LK_ERR_NOMEM;
    error = lk_login_request_decode(frame->payload, &host->asked);
    if (error != 0) {
        free(host);
        return error;
    }
    lk_loop_disarm(broker->loop, &connection->deadline);
    host->connection = connection;
    host->uid = connection->uid;
    host->request = frame->request;
    host->retries = LK_RETRIES_UNKNOWN;
    host->login.broker = broker;
    host->login.kind = LK_KIND_HOST;
    host->login.urgency = connection->uid == 0 ? LK_URGENCY_PRIVILEGED : LK_URGENCY_NORMAL;
    host->login.began_ms = lk_clock_monotonic_ms(broker->clock);
    host->login.decided = login_decided;
    host->login.context = host;
    (void)snprintf(host->login.expected_name, sizeof(host->login.expected_name), "%s",
                   host->asked.name);
    (void)snprintf(host->login.service, sizeof(host->login.service), "%s", host->asked.service);
    (void)snprintf(host->login.remote_host, sizeof(host->login.remote_host), "%s",
                   host->asked.remote_host);
    lk_source_set(&host->source, connection->uid, host->asked.tty, host->asked.remote_host);
    connection->work = host;
    connection->work_cancel = host_cancel;
    connection->work_pin = host_pin;
    host_admit(host);
    return 0;
}

const struct lk_handler lk_host_handlers[] = {
    {LK_MESSAGE_LOGIN, handle_login},
    {0, NULL},
};
