/* SPDX-License-Identifier: EUPL-1.2 */
/* What the login page asks: a request to log in, an answer of a key, a password.
 *
 * Hostile input: all of it, from a browser or from a web process in other hands. The agent is whoever the broker says, after its own verification; name and subject travel in the
 * seal, never in a parameter. A seal opens for one browser and one stage. */
#include <string.h>

#include "base/secret.h"
#include "message/text.h"
#include "sso/issuer/issuer.h"

static void answer_busy(struct lk_web *web, uint32_t id)
{
    const struct lk_sso_page page = {
        .kind = LK_SSO_PAGE_REFUSED, .reason = LK_REASON_BROKER_UNAVAILABLE, .left = UINT8_MAX};

    if (lk_sso_page_encode(&web->link.peer.out, id, &page) != 0)
        lk_peer_fail(&web->link.peer);
}

/* An address, or nothing: it goes into PAM and into a line of the journal. */
static void take_remote(struct lk_visit *visit, const char *remote)
{
    size_t len = strspn(remote, "0123456789abcdefABCDEF:.");

    if (remote[len] == '\0')
        memcpy(visit->remote, remote, len + 1);
}

static void take_language(struct lk_visit *visit, const char *language)
{
    memcpy(visit->language, strcmp(language, "fr") == 0 ? "fr" : "en", sizeof(visit->language));
}

static void take_client(struct lk_visit *visit, struct lk_view client)
{
    if (client.len <= LK_CLIENT_MAX)
        memcpy(visit->client, client.data, client.len);
}

/* ---- GET /authorize ---- */

static int take_cookie(struct lk_visit *visit, struct lk_view cookie)
{
    if (cookie.len == LK_SSO_COOKIE_SIZE) {
        memcpy(visit->cookie, cookie.data, LK_SSO_COOKIE_SIZE);
        return 0;
    }
    visit->cookie_new = true;
    return lk_random_fill(&lk_random_system, visit->cookie, LK_SSO_COOKIE_SIZE);
}

static void authorized(struct lk_visit *visit, const struct lk_oidc_authorized *result)
{
    struct lk_sso_page page = {.left = UINT8_MAX};

    if (result->outcome == LK_OIDC_GO) {
        visit->request = result->request;
        take_client(visit, result->request.client);
        lk_login_offer(visit);
        return;
    }
    if (result->outcome == LK_OIDC_REDIRECT) {
        page.kind = LK_SSO_PAGE_REDIRECT;
        page.location = lk_buf_view(&visit->location);
    } else {
        page.kind = LK_SSO_PAGE_ERROR;
        page.reason = LK_REASON_APPLICATION;
        memcpy(page.detail, result->detail, strlen(result->detail) + 1);
    }
    lk_visit_page(visit, &page);
}

int lk_login_authorize(struct lk_web *web, const struct lk_frame *frame)
{
    struct lk_sso_authorize asked;
    struct lk_oidc_authorized result;
    struct lk_visit *visit;
    int error = lk_sso_authorize_decode(frame->payload, &asked);

    if (error != 0)
        return error;
    visit = lk_visit_new(web, frame->request, LK_STEP_AUTHORIZE);
    if (visit == NULL) {
        answer_busy(web, frame->request);
        return 0;
    }
    error = take_cookie(visit, asked.cookie);
    if (error == 0)
        error = lk_oidc_authorize(&visit->settings->provider, &asked, lk_issuer_now(),
                                  &visit->location, &result);
    if (error != 0)
        lk_login_refuse(visit, LK_REASON_INTERNAL);
    else
        authorized(visit, &result);
    return 0;
}

/* ---- POST /key ---- */

static bool renewable(const struct lk_visit *visit)
{
    return lk_issuer_now() < visit->request.began + LK_OIDC_REQUEST_SECONDS;
}

/* True if the visit goes on; else it has been answered. late: what to say where the page's time is over. */
static bool open_request(struct lk_visit *visit, struct lk_view sealed, struct lk_view cookie,
                         enum lk_oidc_stage stage, enum lk_reason late)
{
    bool expired = false;
    int error = lk_oidc_request_open(&visit->settings->provider, sealed, cookie, stage,
                                     lk_issuer_now(), &visit->plain, &visit->request, &expired);

    if (error != 0) {
        lk_login_refuse(visit, LK_REASON_CODE);
        return false;
    }
    memcpy(visit->cookie, cookie.data, LK_SSO_COOKIE_SIZE);
    take_client(visit, visit->request.client);
    if (!expired)
        return true;
    visit->reason = late;
    if (renewable(visit))
        lk_login_offer(visit);
    else
        lk_login_refuse(visit, LK_REASON_CODE_EXPIRED);
    return false;
}

static void count_login(struct lk_visit *visit, enum lk_reason reason, bool proved)
{
    const struct lk_login_record record = {.reason = reason,
                                           .client = visit->client,
                                           .subject = proved ? visit->request.subject : NULL,
                                           .transaction = visit->request.transaction,
                                           .remote = visit->remote,
                                           .ms = lk_issuer_ms() - visit->began_ms};

    lk_counters_login(&visit->issuer->counters, &record, lk_issuer_ms());
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
    uint8_t all = 0;

    for (size_t i = 0; i < len; i++)
        all |= bytes[i];
    return all == 0;
}

static void proved(struct lk_visit *visit, const struct lk_gateway_verdict *verdict)
{
    struct lk_oidc_request *request = &visit->request;
    enum lk_reason reason = lk_oidc_admit(&visit->settings->provider, request, verdict->subject,
                                          verdict->groups, verdict->facts);

    if (reason != LK_REASON_NONE) {
        count_login(visit, reason, true);
        lk_login_deny(visit, reason);
        return;
    }
    memcpy(request->name, verdict->name, sizeof(request->name));
    memcpy(request->full_name, verdict->full_name, sizeof(request->full_name));
    request->passwords = 0;
    if (visit->settings->config.gateway_password)
        lk_login_ask_password(visit);
    else
        lk_workers_attempt(visit->issuer, visit);
}

static void verdict_came(void *context, const struct lk_frame *frame)
{
    struct lk_visit *visit = context;
    struct lk_gateway_verdict verdict = {.reason = LK_REASON_BROKER_UNAVAILABLE};
    bool known;

    if (frame != NULL && lk_gateway_verdict_decode(frame->payload, &verdict) != 0)
        verdict = (struct lk_gateway_verdict){.reason = LK_REASON_PROTOCOL};
    if (!lk_reason_known(verdict.reason))
        verdict.reason = LK_REASON_INTERNAL;
    known = !is_zero(verdict.subject, sizeof(verdict.subject));
    /* Allowed is only who has a subject and a name. */
    if (verdict.reason == LK_REASON_NONE && (!known || verdict.name[0] == '\0'))
        verdict.reason = LK_REASON_INTERNAL;
    memcpy(visit->request.subject, verdict.subject, sizeof(verdict.subject));
    if (verdict.reason == LK_REASON_NONE) {
        proved(visit, &verdict);
        return;
    }
    visit->reason = (enum lk_reason)verdict.reason;
    count_login(visit, visit->reason, known);
    lk_login_offer(visit);
}

int lk_login_assert(struct lk_web *web, const struct lk_frame *frame)
{
    struct lk_sso_assert asked;
    struct lk_gateway_login login = {0};
    struct lk_visit *visit;
    uint32_t id;
    int error = lk_sso_assert_decode(frame->payload, &asked);

    if (error != 0)
        return error;
    visit = lk_visit_new(web, frame->request, LK_STEP_ASSERT);
    if (visit == NULL) {
        answer_busy(web, frame->request);
        return 0;
    }
    take_remote(visit, asked.remote);
    take_language(visit, asked.language);
    if (!open_request(visit, asked.sealed, asked.cookie, LK_OIDC_STAGE_KEY,
                      LK_REASON_EXPIRED_CHALLENGE))
        return 0;
    memcpy(login.transaction, visit->request.transaction, sizeof(login.transaction));
    login.credential_id = asked.credential_id;
    login.authenticator_data = asked.authenticator_data;
    login.signature = asked.signature;
    login.user_handle = asked.user_handle;
    login.client_data = asked.client_data;
    id = lk_broker_ask(web->issuer, LK_MESSAGE_GATEWAY_VERDICT, verdict_came, visit);
    if (id == 0) {
        lk_login_refuse(visit, LK_REASON_BROKER_UNAVAILABLE);
    } else if (lk_gateway_login_encode(&web->issuer->broker.link.peer.out, id, &login) != 0) {
        lk_broker_withdraw(web->issuer, id);
        lk_login_refuse(visit, LK_REASON_INTERNAL);
    }
    return 0;
}

/* ---- POST /password ---- */

int lk_login_password(struct lk_web *web, const struct lk_frame *frame)
{
    struct lk_sso_password asked;
    struct lk_visit *visit;
    int error = lk_sso_password_decode(frame->payload, &asked);

    if (error != 0)
        return error;
    visit = lk_visit_new(web, frame->request, LK_STEP_PASSWORD);
    if (visit == NULL) {
        answer_busy(web, frame->request);
        return 0;
    }
    take_remote(visit, asked.remote);
    take_language(visit, asked.language);
    if (!open_request(visit, asked.sealed, asked.cookie, LK_OIDC_STAGE_PASSWORD,
                      LK_REASON_PROOF_EXPIRED))
        return 0;
    if (asked.password.len == 0 || lk_text_check(asked.password) != 0) {
        visit->reason = LK_REASON_PASSWORD;
        lk_login_ask_password(visit);
        return 0;
    }
    lk_buf_put_view(&visit->password, asked.password);
    if (lk_buf_error(&visit->password) != 0)
        lk_login_refuse(visit, LK_REASON_INTERNAL);
    else
        lk_workers_attempt(web->issuer, visit);
    return 0;
}

/* ---- what the stack said ---- */

static enum lk_reason outcome_reason(enum lk_sso_outcome outcome, bool password)
{
    switch (outcome) {
    case LK_SSO_ALLOWED:
        return LK_REASON_NONE;
    case LK_SSO_PASSWORD_WRONG:
        /* Without a password there is none that could be wrong. */
        return password ? LK_REASON_PASSWORD : LK_REASON_PROOF;
    case LK_SSO_PROOF:
        return LK_REASON_PROOF;
    case LK_SSO_ACCOUNT_EXPIRED:
        return LK_REASON_ACCOUNT_EXPIRED;
    case LK_SSO_PASSWORD_EXPIRED:
        return LK_REASON_PASSWORD_EXPIRED;
    case LK_SSO_MAXTRIES:
        return LK_REASON_RATE_LIMITED;
    case LK_SSO_UNAVAILABLE:
        return LK_REASON_STACK_UNAVAILABLE;
    case LK_SSO_USER_CHANGED:
    case LK_SSO_STACK:
    default:
        return LK_REASON_STACK;
    }
}

static void refused_by_stack(struct lk_visit *visit)
{
    if (visit->reason == LK_REASON_PASSWORD && visit->request.passwords < LK_PROOF_PASSWORDS) {
        lk_login_ask_password(visit);
        return;
    }
    if (visit->reason == LK_REASON_PASSWORD)
        visit->reason = LK_REASON_PASSWORDS;
    lk_login_offer(visit);
}

static void delay_over(struct lk_timer *timer)
{
    refused_by_stack(timer->context);
}

void lk_login_attempted(struct lk_visit *visit, const struct lk_sso_attempted *attempted)
{
    bool password = visit->step == LK_STEP_PASSWORD;
    uint32_t delay = attempted != NULL ? attempted->delay_ms : 0;

    lk_buf_clear(&visit->password);
    /* No code for a browser that nobody speaks for any more. */
    if (visit->web == NULL) {
        lk_visit_end(visit);
        return;
    }
    visit->reason =
        outcome_reason(attempted != NULL ? attempted->outcome : LK_SSO_UNAVAILABLE, password);
    if (visit->reason == LK_REASON_NONE) {
        if (visit->request.full_name[0] == '\0')
            memcpy(visit->request.full_name, attempted->full_name,
                   sizeof(visit->request.full_name));
        lk_login_code(visit);
        return;
    }
    if (attempted != NULL)
        memcpy(visit->detail, attempted->message, sizeof(visit->detail));
    if (visit->reason == LK_REASON_PASSWORD)
        visit->request.passwords++;
    count_login(visit, visit->reason, true);
    if (delay == 0) {
        refused_by_stack(visit);
        return;
    }
    visit->timer = (struct lk_timer){.fired = delay_over, .context = visit};
    lk_loop_arm(visit->issuer->start.loop, &visit->timer,
                delay < LK_ISSUER_DELAY_MS ? delay : LK_ISSUER_DELAY_MS);
}
