/* SPDX-License-Identifier: EUPL-1.2 */
/* What applications ask: tokens, userinfo, logout; and the counters for whoever watches. */
#include <string.h>

#include "sso/issuer/issuer.h"

/* The reply and the end of the visit; error: nothing could be written. */
static void finish(struct lk_visit *visit, struct lk_oidc_reply *reply, int error)
{
    if (error != 0 && lk_oidc_reply_error(reply, 500, "server_error", NULL) != 0)
        reply->status = 500;
    if (visit->step == LK_STEP_TOKEN)
        visit->issuer->counters.applications[reply->status < 300   ? 0
                                             : reply->status < 500 ? 1
                                                                   : 2]++;
    lk_visit_reply(visit, reply);
    lk_buf_clear(&reply->body);
}

static void unavailable(struct lk_visit *visit)
{
    struct lk_oidc_reply reply;

    lk_oidc_reply_init(&reply);
    finish(visit, &reply,
           lk_oidc_reply_error(&reply, 503, "temporarily_unavailable",
                               "the login service cannot decide now"));
}

static void answer_busy(struct lk_web *web, uint32_t id)
{
    static const char body[] = "{\"error\":\"temporarily_unavailable\"}";
    const struct lk_sso_reply reply = {.status = 503,
                                       .body = LK_VIEW((const uint8_t *)body, sizeof(body) - 1)};

    if (lk_sso_reply_encode(&web->link.peer.out, id, &reply) != 0)
        lk_peer_fail(&web->link.peer);
}

static void forget_answer(void *context, const struct lk_frame *frame)
{
    (void)context;
    (void)frame;
}

/* ---- POST /token ---- */

/* Without an answer: what cannot be ended now ends by nobody knowing its tokens. */
static void end_session(struct lk_visit *visit, const struct lk_gateway_redeemed *redeemed)
{
    struct lk_gateway_end end = {0};
    uint32_t id = lk_broker_ask(visit->issuer, LK_MESSAGE_GATEWAY_RESULT, forget_answer, NULL);

    memcpy(end.sid, redeemed->sid, sizeof(end.sid));
    memcpy(end.client, redeemed->client, sizeof(end.client));
    if (id != 0 && lk_gateway_end_encode(&visit->issuer->broker.link.peer.out, id, &end) != 0)
        lk_broker_withdraw(visit->issuer, id);
}

static void redeemed_came(void *context, const struct lk_frame *frame)
{
    struct lk_visit *visit = context;
    struct lk_gateway_redeemed redeemed;
    struct lk_oidc_reply reply;
    bool spoilt = false;
    int error;

    if (frame == NULL || lk_gateway_redeemed_decode(frame->payload, &redeemed) != 0 ||
        !lk_reason_known(redeemed.reason)) {
        unavailable(visit);
        return;
    }
    lk_oidc_reply_init(&reply);
    error = lk_oidc_token_answer(&visit->settings->provider, &visit->token, &redeemed,
                                 visit->access, lk_issuer_now(), &reply, &spoilt);
    if (spoilt)
        end_session(visit, &redeemed);
    finish(visit, &reply, error);
}

static void redeem(struct lk_visit *visit)
{
    const struct lk_oidc_provider *provider = &visit->settings->provider;
    struct lk_issuer *issuer = visit->issuer;
    struct lk_gateway_redeem redeem = {0};
    uint32_t id = 0;
    int error = lk_oidc_handle_make(provider, lk_issuer_now(), visit->access);

    if (error == 0)
        error = lk_oidc_handle_name(
            provider, LK_VIEW((const uint8_t *)visit->access, LK_OIDC_HANDLE_TEXT), redeem.access);
    memcpy(redeem.code, visit->token.code, sizeof(redeem.code));
    memcpy(redeem.client, visit->token.client->config->name, sizeof(redeem.client));
    if (error == 0)
        id = lk_broker_ask(issuer, LK_MESSAGE_GATEWAY_REDEEMED, redeemed_came, visit);
    if (id != 0 && lk_gateway_redeem_encode(&issuer->broker.link.peer.out, id, &redeem) != 0) {
        lk_broker_withdraw(issuer, id);
        id = 0;
    }
    if (id == 0)
        unavailable(visit);
}

int lk_application_token(struct lk_web *web, const struct lk_frame *frame)
{
    struct lk_sso_token asked;
    struct lk_oidc_reply reply;
    struct lk_visit *visit;
    bool go = false;
    int error = lk_sso_token_decode(frame->payload, &asked);

    if (error != 0)
        return error;
    visit = lk_visit_new(web, frame->request, LK_STEP_TOKEN);
    if (visit == NULL) {
        answer_busy(web, frame->request);
        return 0;
    }
    lk_oidc_reply_init(&reply);
    error = lk_oidc_token_check(&visit->settings->provider, &asked, &visit->token, &reply, &go);
    if (error != 0 || !go) {
        finish(visit, &reply, error);
        return 0;
    }
    redeem(visit);
    lk_buf_clear(&reply.body);
    return 0;
}

/* ---- GET /userinfo ---- */

static void access_came(void *context, const struct lk_frame *frame)
{
    struct lk_visit *visit = context;
    struct lk_gateway_redeemed redeemed;
    struct lk_oidc_reply reply;

    if (frame == NULL || lk_gateway_redeemed_decode(frame->payload, &redeemed) != 0 ||
        !lk_reason_known(redeemed.reason)) {
        unavailable(visit);
        return;
    }
    lk_oidc_reply_init(&reply);
    finish(visit, &reply, lk_oidc_userinfo_answer(&redeemed, &reply));
}

int lk_application_userinfo(struct lk_web *web, const struct lk_frame *frame)
{
    struct lk_issuer *issuer = web->issuer;
    struct lk_gateway_access access;
    struct lk_sso_userinfo asked;
    struct lk_oidc_reply reply;
    struct lk_visit *visit;
    uint32_t id;
    int error = lk_sso_userinfo_decode(frame->payload, &asked);

    if (error != 0)
        return error;
    visit = lk_visit_new(web, frame->request, LK_STEP_USERINFO);
    if (visit == NULL) {
        answer_busy(web, frame->request);
        return 0;
    }
    lk_oidc_reply_init(&reply);
    if (!lk_oidc_userinfo_check(&visit->settings->provider, &asked, access.access, &reply)) {
        finish(visit, &reply, 0);
        return 0;
    }
    id = lk_broker_ask(issuer, LK_MESSAGE_GATEWAY_REDEEMED, access_came, visit);
    if (id != 0 && lk_gateway_access_encode(&issuer->broker.link.peer.out, id, &access) != 0) {
        lk_broker_withdraw(issuer, id);
        id = 0;
    }
    if (id == 0)
        unavailable(visit);
    lk_buf_clear(&reply.body);
    return 0;
}

/* ---- GET /logout ---- */

/* "You are logged out", or on to where the application wants the person. */
static void logged_out(struct lk_visit *visit, enum lk_reason reason)
{
    struct lk_sso_page page = {
        .kind = LK_SSO_PAGE_REFUSED, .reason = (uint32_t)reason, .left = UINT8_MAX};

    if (reason == LK_REASON_NONE && visit->location.len > 0) {
        page.kind = LK_SSO_PAGE_REDIRECT;
        page.location = lk_buf_view(&visit->location);
    }
    lk_visit_page(visit, &page);
}

static void ended_came(void *context, const struct lk_frame *frame)
{
    struct lk_visit *visit = context;
    struct lk_gateway_result result = {.reason = LK_REASON_BROKER_UNAVAILABLE};

    if (frame != NULL &&
        (lk_gateway_result_decode(frame->payload, &result) != 0 || !lk_reason_known(result.reason)))
        result.reason = LK_REASON_PROTOCOL;
    logged_out(visit, (enum lk_reason)result.reason);
}

static void end_by_client(struct lk_visit *visit, const struct lk_oidc_logout *logout)
{
    struct lk_issuer *issuer = visit->issuer;
    struct lk_gateway_end end = {0};
    uint32_t id = lk_broker_ask(issuer, LK_MESSAGE_GATEWAY_RESULT, ended_came, visit);

    memcpy(end.sid, logout->sid, sizeof(end.sid));
    memcpy(end.client, logout->client->config->name, sizeof(end.client));
    if (id != 0 && lk_gateway_end_encode(&issuer->broker.link.peer.out, id, &end) != 0) {
        lk_broker_withdraw(issuer, id);
        id = 0;
    }
    if (id == 0)
        logged_out(visit, LK_REASON_BROKER_UNAVAILABLE);
}

int lk_application_logout(struct lk_web *web, const struct lk_frame *frame)
{
    struct lk_sso_page page = {
        .kind = LK_SSO_PAGE_ERROR, .reason = LK_REASON_APPLICATION, .left = UINT8_MAX};
    struct lk_sso_logout asked;
    struct lk_oidc_logout logout;
    struct lk_visit *visit;
    int error = lk_sso_logout_decode(frame->payload, &asked);

    if (error != 0)
        return error;
    visit = lk_visit_new(web, frame->request, LK_STEP_LOGOUT);
    if (visit == NULL) {
        page.kind = LK_SSO_PAGE_REFUSED;
        page.reason = LK_REASON_BROKER_UNAVAILABLE;
        return lk_sso_page_encode(&web->link.peer.out, frame->request, &page);
    }
    if (lk_oidc_logout(&visit->settings->provider, &asked, &visit->location, &logout) != 0) {
        logged_out(visit, LK_REASON_INTERNAL);
    } else if (logout.outcome == LK_OIDC_ERROR) {
        memcpy(page.detail, logout.detail, strlen(logout.detail) + 1);
        lk_visit_page(visit, &page);
    } else if (logout.ends) {
        end_by_client(visit, &logout);
    } else {
        page = (struct lk_sso_page){.kind = LK_SSO_PAGE_NOBODY, .left = UINT8_MAX};
        lk_visit_page(visit, &page);
    }
    return 0;
}

/* ---- GET /metrics ---- */

int lk_application_metrics(struct lk_web *web, const struct lk_frame *frame)
{
    const struct lk_issuer *issuer = web->issuer;
    const struct lk_gauges gauges = {.visits = issuer->visit_count,
                                     .questions = issuer->broker.open,
                                     .waiting = issuer->workers.waiting,
                                     .workers = lk_workers_up(issuer),
                                     .webs = issuer->web_count,
                                     .broker = lk_link_up(&issuer->broker.link),
                                     .notify = lk_link_up(&issuer->notify.link),
                                     .queue = lk_link_up(&issuer->broker.link) &&
                                                      issuer->broker.queue_known
                                                  ? &issuer->broker.queue
                                                  : NULL};
    struct lk_buf text = LK_BUF_INIT(LK_SSO_BODY_MAX);
    struct lk_sso_reply reply = {.status = 200};
    int error;

    if (frame->payload.len > 0)
        return -LK_ERR_TRAILING;
    lk_counters_print(&issuer->counters, &gauges, &text);
    reply.body = lk_buf_view(&text);
    error = lk_sso_reply_encode(&web->link.peer.out, frame->request, &reply);
    lk_buf_clear(&text);
    return error;
}
