/* SPDX-License-Identifier: EUPL-1.2 */
/* The token endpoint (OIDC Core 3.1.3, RFC 6749 sections 4.1.3 and 5, RFC 7636 section 4.6).
 *
 * Hostile input: every parameter. What can be judged without the code is judged first; a code is redeemed only for a client that has shown its secret. Redeemed with a wrong verifier or
 * address it is used up, and its session is ended: whoever holds both a code and a client's secret but not the verifier did not begin this login. */
#include <stdio.h>
#include <string.h>

#include "sso/oidc/oidc.h"

enum { VERIFIER_MIN = 43, VERIFIER_MAX = 128 };

/* RFC 7636 section 4.1: unreserved characters. */
static bool verifier_good(struct lk_view verifier)
{
    if (verifier.len < VERIFIER_MIN || verifier.len > VERIFIER_MAX)
        return false;
    for (size_t i = 0; i < verifier.len; i++) {
        uint8_t c = verifier.data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '.' || c == '_' || c == '~'))
            return false;
    }
    return true;
}

static bool code_good(struct lk_view code)
{
    if (code.len != LK_OIDC_HANDLE_TEXT)
        return false;
    for (size_t i = 0; i < code.len; i++) {
        uint8_t c = code.data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '_'))
            return false;
    }
    return true;
}

/* NULL, or the error code for what can be seen before the broker is asked. */
static const char *parameters(const struct lk_sso_token *asked, const char **why)
{
    *why = "grant_type is missing";
    if (asked->grant_type.len == 0)
        return "invalid_request";
    *why = "only grant_type=authorization_code";
    if (!lk_oidc_view_is(asked->grant_type, "authorization_code"))
        return "unsupported_grant_type";
    *why = "code is missing";
    if (asked->code.len == 0)
        return "invalid_request";
    *why = "redirect_uri is missing";
    if (asked->redirect_uri.len == 0)
        return "invalid_request";
    *why = "code_verifier is missing";
    if (asked->code_verifier.len == 0)
        return "invalid_request";
    *why = NULL;
    return code_good(asked->code) && verifier_good(asked->code_verifier) ? NULL : "invalid_grant";
}

int lk_oidc_token_check(const struct lk_oidc_provider *provider, const struct lk_sso_token *asked,
                        struct lk_oidc_token *ret_token, struct lk_oidc_reply *reply, bool *ret_go)
{
    const char *why = "a parameter is too long or came twice";
    const char *wrong = asked->flags != 0 ? "invalid_request" : NULL;
    struct lk_oidc_token token = {0};
    int error;

    *ret_go = false;
    if (wrong != NULL)
        return lk_oidc_reply_error(reply, 400, wrong, why);
    token.client = lk_oidc_client_authenticate(provider, asked, reply);
    if (token.client == NULL)
        return reply->body.len > 0 ? 0 : -LK_ERR_NOMEM;
    wrong = parameters(asked, &why);
    if (wrong != NULL)
        return lk_oidc_reply_error(reply, 400, wrong, why);
    error = lk_oidc_handle_name(provider, asked->code, token.code);
    if (error == 0)
        error = lk_oidc_text_digest(provider, asked->redirect_uri, token.redirect_uri);
    if (error == 0)
        error = lk_oidc_text_digest(provider, asked->code_verifier, token.challenge);
    if (error != 0)
        return error;
    *ret_token = token;
    *ret_go = true;
    return 0;
}

/* The house's troubles are not the client's fault: it may try again. */
static int refused(struct lk_oidc_reply *reply, uint32_t reason)
{
    switch (lk_reason_class((enum lk_reason)reason)) {
    case LK_REASON_CLASS_UNAVAILABLE:
    case LK_REASON_CLASS_CONFIG:
        return lk_oidc_reply_error(reply, 503, "temporarily_unavailable",
                                   "the login service cannot decide now");
    default:
        return lk_oidc_reply_error(reply, 400, "invalid_grant", NULL);
    }
}

/* RFC 6749 section 5.1. Both tokens are base64url and dots: nothing in them needs escaping. */
static int answer(const struct lk_oidc_provider *provider, const struct lk_oidc_token *token,
                  const struct lk_gateway_redeemed *redeemed, const struct lk_oidc_code_data *data,
                  const char *access_token, int64_t now, struct lk_oidc_reply *reply)
{
    char head[192];
    int len = snprintf(head, sizeof(head),
                       "{\"access_token\":\"%s\",\"token_type\":\"Bearer\",\"expires_in\":%d,"
                       "\"scope\":\"openid\",\"id_token\":\"",
                       access_token, (int)LK_ACCESS_SECONDS);
    int error;

    if (len < 0 || (size_t)len >= sizeof(head))
        return -LK_ERR_INTERNAL;
    reply->status = 200;
    lk_buf_reset(&reply->body);
    lk_buf_put_bytes(&reply->body, head, (size_t)len);
    error =
        lk_oidc_id_token(provider, token->client, redeemed, data, access_token, now, &reply->body);
    lk_buf_put_bytes(&reply->body, "\"}", 2);
    if (error == 0)
        error = lk_buf_error(&reply->body);
    if (error != 0)
        lk_buf_reset(&reply->body);
    return error;
}

int lk_oidc_token_answer(const struct lk_oidc_provider *provider, const struct lk_oidc_token *token,
                         const struct lk_gateway_redeemed *redeemed, const char *access_token,
                         int64_t now, struct lk_oidc_reply *reply, bool *ret_spoilt)
{
    struct lk_oidc_code_data data;

    *ret_spoilt = false;
    if (redeemed->reason != LK_REASON_NONE)
        return refused(reply, redeemed->reason);
    *ret_spoilt = true;
    if (lk_oidc_code_data_decode(redeemed->data, &data) != 0 ||
        strcmp(redeemed->client, token->client->config->name) != 0 ||
        !lk_bytes_equal(data.redirect_uri, token->redirect_uri, sizeof(data.redirect_uri)) ||
        !lk_bytes_equal(data.code_challenge, token->challenge, sizeof(data.code_challenge)))
        return lk_oidc_reply_error(reply, 400, "invalid_grant", NULL);
    /* Both may have changed since the code was made. */
    if (!lk_oidc_client_serves(token->client, redeemed->groups) ||
        lk_oidc_strength(redeemed->facts) < data.strength)
        return lk_oidc_reply_error(reply, 400, "invalid_grant", "not for this agent any more");
    if (answer(provider, token, redeemed, &data, access_token, now, reply) != 0)
        return lk_oidc_reply_error(reply, 500, "server_error", NULL);
    *ret_spoilt = false;
    return 0;
}
