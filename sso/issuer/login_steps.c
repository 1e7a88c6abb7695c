/* SPDX-License-Identifier: EUPL-1.2 */
/* The steps of a login that end in a page: a fresh page for the key, the greeting, the code. */
#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "sso/issuer/issuer.h"

static void page_begin(const struct lk_visit *visit, enum lk_sso_page_kind kind,
                       struct lk_sso_page *page)
{
    const struct lk_oidc_client *client = lk_oidc_client_find(
        &visit->settings->provider, LK_VIEW((const uint8_t *)visit->client, strlen(visit->client)));

    *page = (struct lk_sso_page){.kind = kind,
                                 .reason = (uint32_t)visit->reason,
                                 .left = visit->left,
                                 .sealed = lk_buf_view(&visit->sealed)};
    if (client != NULL)
        (void)snprintf(page->client, sizeof(page->client), "%s",
                       client->config->title[0] != '\0' ? client->config->title
                                                        : client->config->name);
    memcpy(page->detail, visit->detail, sizeof(page->detail));
    if (visit->cookie_new)
        page->cookie = LK_VIEW(visit->cookie, sizeof(visit->cookie));
}

void lk_login_refuse(struct lk_visit *visit, enum lk_reason reason)
{
    struct lk_sso_page page;

    visit->reason = reason;
    visit->cookie_new = false;
    lk_buf_reset(&visit->sealed);
    page_begin(visit, LK_SSO_PAGE_REFUSED, &page);
    lk_visit_page(visit, &page);
}

/* ---- a fresh page for the key ---- */

static void challenge_came(void *context, const struct lk_frame *frame)
{
    struct lk_visit *visit = context;
    struct lk_gateway_token token;
    struct lk_sso_page page;

    if (frame == NULL || lk_gateway_token_decode(frame->payload, &token) != 0) {
        lk_login_refuse(visit, LK_REASON_BROKER_UNAVAILABLE);
        return;
    }
    page_begin(visit, visit->reason == LK_REASON_NONE ? LK_SSO_PAGE_KEY : LK_SSO_PAGE_REFUSED,
               &page);
    page.challenge = token.token;
    lk_visit_page(visit, &page);
}

void lk_login_offer(struct lk_visit *visit)
{
    const struct lk_oidc_provider *provider = &visit->settings->provider;
    struct lk_gateway_challenge challenge = {.purpose = LK_PURPOSE_LOGIN};
    uint32_t id;
    int error = lk_oidc_request_begin(provider, LK_VIEW(visit->cookie, sizeof(visit->cookie)),
                                      lk_issuer_now(), &visit->request);

    if (error == 0)
        error = lk_oidc_request_seal(provider, &visit->request, &visit->sealed);
    if (error != 0) {
        lk_login_refuse(visit, LK_REASON_INTERNAL);
        return;
    }
    memcpy(challenge.transaction, visit->request.transaction, sizeof(challenge.transaction));
    id = lk_broker_ask(visit->issuer, LK_MESSAGE_GATEWAY_TOKEN, challenge_came, visit);
    if (id == 0) {
        lk_login_refuse(visit, LK_REASON_BROKER_UNAVAILABLE);
    } else if (lk_gateway_challenge_encode(&visit->issuer->broker.link.peer.out, id, &challenge) !=
               0) {
        lk_broker_withdraw(visit->issuer, id);
        lk_login_refuse(visit, LK_REASON_INTERNAL);
    }
}

/* ---- the greeting ---- */

void lk_login_ask_password(struct lk_visit *visit)
{
    struct lk_oidc_request *request = &visit->request;
    struct lk_sso_page page;

    request->stage = LK_OIDC_STAGE_PASSWORD;
    /* Not later than the proof in the broker. */
    if (visit->step == LK_STEP_ASSERT)
        request->expires = lk_issuer_now() + LK_PROOF_SECONDS;
    if (lk_oidc_request_seal(&visit->settings->provider, request, &visit->sealed) != 0) {
        lk_login_refuse(visit, LK_REASON_INTERNAL);
        return;
    }
    visit->left = (uint8_t)(LK_PROOF_PASSWORDS - request->passwords);
    page_begin(visit, LK_SSO_PAGE_PASSWORD, &page);
    memcpy(page.name, request->name, sizeof(page.name));
    memcpy(page.full_name, request->full_name, sizeof(page.full_name));
    lk_visit_page(visit, &page);
}

/* ---- the end ---- */

static void redirect(struct lk_visit *visit)
{
    const struct lk_sso_page page = {
        .kind = LK_SSO_PAGE_REDIRECT, .left = UINT8_MAX, .location = lk_buf_view(&visit->location)};

    if (lk_buf_error(&visit->location) != 0)
        lk_login_refuse(visit, LK_REASON_INTERNAL);
    else
        lk_visit_page(visit, &page);
}

void lk_login_deny(struct lk_visit *visit, enum lk_reason reason)
{
    lk_oidc_location_error(&visit->settings->provider, &visit->request, "access_denied",
                           lk_reason_text(reason), &visit->location);
    redirect(visit);
}

static void code_made(void *context, const struct lk_frame *frame)
{
    struct lk_visit *visit = context;
    struct lk_gateway_result result = {.reason = LK_REASON_BROKER_UNAVAILABLE};
    struct lk_login_record record = {.client = visit->client,
                                     .subject = visit->request.subject,
                                     .transaction = visit->request.transaction,
                                     .remote = visit->remote,
                                     .ms = lk_issuer_ms() - visit->began_ms};

    if (frame != NULL && lk_gateway_result_decode(frame->payload, &result) != 0)
        result.reason = LK_REASON_PROTOCOL;
    if (!lk_reason_known(result.reason))
        result.reason = LK_REASON_INTERNAL;
    record.reason = visit->reason = (enum lk_reason)result.reason;
    lk_counters_login(&visit->issuer->counters, &record, lk_issuer_ms());
    if (visit->reason != LK_REASON_NONE) {
        lk_login_offer(visit);
        return;
    }
    lk_oidc_location_code(&visit->settings->provider, &visit->request, visit->code,
                          &visit->location);
    redirect(visit);
}

static int code_data(const struct lk_visit *visit, struct lk_buf *buf)
{
    const struct lk_oidc_request *request = &visit->request;
    struct lk_oidc_code_data data = {.strength = request->strength,
                                     .password = visit->step == LK_STEP_PASSWORD};
    int error =
        lk_oidc_text_digest(&visit->settings->provider, request->redirect_uri, data.redirect_uri);

    if (error != 0 || request->nonce.len > LK_OIDC_NONCE_MAX)
        return error != 0 ? error : -LK_ERR_TOO_BIG;
    memcpy(data.code_challenge, request->code_challenge, sizeof(data.code_challenge));
    memcpy(data.nonce, request->nonce.data, request->nonce.len);
    memcpy(data.full_name, request->full_name, sizeof(data.full_name));
    return lk_oidc_code_data_encode(&data, buf);
}

static int code_prepare(struct lk_visit *visit, struct lk_gateway_code *code, struct lk_buf *data)
{
    const struct lk_oidc_provider *provider = &visit->settings->provider;
    int64_t now = lk_issuer_now();
    int error = lk_oidc_handle_make(provider, now, visit->code);

    if (error == 0)
        error = lk_oidc_handle_name(
            provider, LK_VIEW((const uint8_t *)visit->code, LK_OIDC_HANDLE_TEXT), code->code);
    if (error == 0)
        error = lk_oidc_sid_make(provider, now, code->sid);
    if (error == 0)
        error = code_data(visit, data);
    memcpy(code->transaction, visit->request.transaction, sizeof(code->transaction));
    memcpy(code->client, visit->client, sizeof(code->client));
    code->data = lk_buf_view(data);
    return error;
}

void lk_login_code(struct lk_visit *visit)
{
    struct lk_buf data = LK_BUF_INIT(LK_CODE_DATA_MAX);
    struct lk_gateway_code code = {0};
    int error = code_prepare(visit, &code, &data);
    uint32_t id = 0;

    if (error == 0)
        id = lk_broker_ask(visit->issuer, LK_MESSAGE_GATEWAY_RESULT, code_made, visit);
    if (error != 0 || id == 0) {
        lk_login_refuse(visit, error != 0 ? LK_REASON_INTERNAL : LK_REASON_BROKER_UNAVAILABLE);
    } else if (lk_gateway_code_encode(&visit->issuer->broker.link.peer.out, id, &code) != 0) {
        lk_broker_withdraw(visit->issuer, id);
        lk_login_refuse(visit, LK_REASON_INTERNAL);
    }
    lk_buf_clear(&data);
}
