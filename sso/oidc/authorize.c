/* SPDX-License-Identifier: EUPL-1.2 */
/* The authorisation request (OIDC Core 3.1.2.1, RFC 7636, RFC 9700).
 *
 * Hostile input: every parameter; anybody may put a link with any of them before a person. First client and redirect URI: only when both stand in the configuration may
 * anything be told by redirect. Everything else that is wrong goes back to the application as the error of its name. */
#include <string.h>

#include "base/base64url.h"
#include "sso/oidc/oidc.h"

/* One rule: NULL if the request keeps it, else the error code; what to say to whoever runs the application goes to *why. */
typedef const char *rule(const struct lk_sso_authorize *asked, struct lk_oidc_request *request,
                         const char **why);

static const char *rule_once(const struct lk_sso_authorize *asked, struct lk_oidc_request *request,
                             const char **why)
{
    (void)request;
    *why = "a parameter is too long or came twice";
    return asked->flags != 0 ? "invalid_request" : NULL;
}

static const char *rule_objects(const struct lk_sso_authorize *asked,
                                struct lk_oidc_request *request, const char **why)
{
    (void)request;
    *why = NULL;
    if (asked->request.len > 0)
        return "request_not_supported";
    if (asked->request_uri.len > 0)
        return "request_uri_not_supported";
    return asked->registration.len > 0 ? "registration_not_supported" : NULL;
}

static const char *rule_response(const struct lk_sso_authorize *asked,
                                 struct lk_oidc_request *request, const char **why)
{
    (void)request;
    *why = "response_type is missing";
    if (asked->response_type.len == 0)
        return "invalid_request";
    *why = "only response_type=code";
    if (!lk_oidc_view_is(asked->response_type, "code"))
        return "unsupported_response_type";
    *why = "only response_mode=query";
    return asked->response_mode.len == 0 || lk_oidc_view_is(asked->response_mode, "query")
               ? NULL
               : "invalid_request";
}

/* The next word of a list with single blanks; false at its end. An empty word is handed out like any other. */
static bool word_next(struct lk_view *list, struct lk_view *ret_word, bool *more)
{
    const uint8_t *blank;

    if (!*more)
        return false;
    blank = list->len > 0 ? memchr(list->data, ' ', list->len) : NULL;
    *ret_word = LK_VIEW(list->data, blank != NULL ? (size_t)(blank - list->data) : list->len);
    *more = blank != NULL;
    if (blank != NULL)
        *list = LK_VIEW(blank + 1, list->len - ret_word->len - 1);
    return true;
}

static const char *rule_scope(const struct lk_sso_authorize *asked, struct lk_oidc_request *request,
                              const char **why)
{
    struct lk_view rest = asked->scope;
    struct lk_view word;
    bool more = true;
    bool openid = false;

    (void)request;
    while (word_next(&rest, &word, &more))
        openid = openid || lk_oidc_view_is(word, "openid");
    *why = "scope must hold openid";
    return openid ? NULL : "invalid_scope";
}

static const char *rule_challenge(const struct lk_sso_authorize *asked,
                                  struct lk_oidc_request *request, const char **why)
{
    struct lk_buf bytes = LK_BUF_INIT(32);
    const char *error = "invalid_request";

    *why = "PKCE with code_challenge_method=S256 is needed";
    /* RFC 7636 section 4.3: without a method it would be plain. */
    if (!lk_oidc_view_is(asked->code_challenge_method, "S256"))
        return error;
    *why = "code_challenge is not 43 characters of base64url";
    if (asked->code_challenge.len != LK_BASE64URL_LENGTH(32))
        return error;
    if (lk_base64url_decode(&bytes, (const char *)asked->code_challenge.data,
                            asked->code_challenge.len) == 0 &&
        bytes.len == sizeof(request->code_challenge)) {
        memcpy(request->code_challenge, bytes.data, bytes.len);
        error = NULL;
    }
    lk_buf_clear(&bytes);
    return error;
}

/* Every login is a fresh touch: so none can never be met, and all the others always are. */
static const char *rule_prompt(const struct lk_sso_authorize *asked,
                               struct lk_oidc_request *request, const char **why)
{
    struct lk_view rest = asked->prompt;
    struct lk_view word;
    bool more = rest.len > 0;
    bool none = false;
    size_t count = 0;

    (void)request;
    *why = "prompt";
    for (; word_next(&rest, &word, &more); count++) {
        if (lk_oidc_view_is(word, "none"))
            none = true;
        else if (!lk_oidc_view_is(word, "login") && !lk_oidc_view_is(word, "consent") &&
                 !lk_oidc_view_is(word, "select_account"))
            return "invalid_request";
    }
    if (none && count > 1)
        return "invalid_request";
    *why = "every login is a touch";
    return none ? "login_required" : NULL;
}

static const char *rule_rest(const struct lk_sso_authorize *asked, struct lk_oidc_request *request,
                             const char **why)
{
    *why = "max_age is not a number";
    for (size_t i = 0; i < asked->max_age.len; i++) {
        if (asked->max_age.data[i] < '0' || asked->max_age.data[i] > '9')
            return "invalid_request";
    }
    *why = "nonce is not printable ASCII";
    for (size_t i = 0; i < asked->nonce.len; i++) {
        if (asked->nonce.data[i] < 0x20 || asked->nonce.data[i] > 0x7e)
            return "invalid_request";
    }
    request->nonce = asked->nonce;
    request->strength = lk_oidc_acr_least(asked->acr_values);
    return NULL;
}

static const char *rule_claims(const struct lk_sso_authorize *asked,
                               struct lk_oidc_request *request, const char **why)
{
    bool unmet = false;

    *why = "claims is not what OpenID Connect Core 5.5 describes";
    if (asked->claims.len > 0 && !lk_oidc_claims_read(asked->claims, request, &unmet))
        return "invalid_request";
    *why = "no login here meets these claims";
    return unmet ? "access_denied" : NULL;
}

/* The hint may be of a key that is gone: then it says nothing. One that verifies names the only agent who will do (OIDC Core 3.1.2.1). */
static void take_hint(const struct lk_oidc_provider *provider, const struct lk_sso_authorize *asked,
                      struct lk_oidc_request *request)
{
    struct lk_oidc_hint hint;

    if (asked->id_token_hint.len == 0 ||
        lk_oidc_hint_read(provider, asked->id_token_hint, &hint) != 0)
        return;
    if (request->one_subject && memcmp(request->only_subject, hint.subject, 16) != 0) {
        /* Two different agents: nobody is both. */
        memset(request->only_subject, 0, sizeof(request->only_subject));
        return;
    }
    request->one_subject = true;
    memcpy(request->only_subject, hint.subject, sizeof(request->only_subject));
}

static bool trusted_address(const struct lk_oidc_provider *provider,
                            const struct lk_sso_authorize *asked, struct lk_oidc_authorized *ret)
{
    ret->outcome = LK_OIDC_ERROR;
    ret->detail = "client_id";
    ret->client = lk_oidc_client_find(provider, asked->client_id);
    if (ret->client == NULL)
        return false;
    ret->detail = "redirect_uri";
    if (!lk_oidc_redirect_known(ret->client, asked->redirect_uri))
        return false;
    /* It must come back whole or not at all. */
    ret->detail = "state";
    return asked->state.len <= LK_OIDC_STATE_MAX;
}

int lk_oidc_authorize(const struct lk_oidc_provider *provider, const struct lk_sso_authorize *asked,
                      int64_t now, struct lk_buf *location, struct lk_oidc_authorized *ret)
{
    static rule *const rules[] = {rule_once,      rule_objects, rule_response, rule_scope,
                                  rule_challenge, rule_prompt,  rule_rest,     rule_claims};
    const char *why = NULL;

    *ret = (struct lk_oidc_authorized){0};
    if (!trusted_address(provider, asked, ret))
        return 0;
    ret->detail = NULL;
    ret->request.stage = LK_OIDC_STAGE_KEY;
    ret->request.began = now;
    ret->request.client = asked->client_id;
    ret->request.redirect_uri = asked->redirect_uri;
    ret->request.state = asked->state;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        ret->error = rules[i](asked, &ret->request, &why);
        if (ret->error != NULL) {
            ret->outcome = LK_OIDC_REDIRECT;
            lk_oidc_location_error(provider, &ret->request, ret->error, why, location);
            return lk_buf_error(location);
        }
    }
    take_hint(provider, asked, &ret->request);
    ret->outcome = LK_OIDC_GO;
    return 0;
}

enum lk_reason lk_oidc_admit(const struct lk_oidc_provider *provider,
                             const struct lk_oidc_request *request, const uint8_t subject[16],
                             const char *groups, uint32_t facts)
{
    const struct lk_oidc_client *client = lk_oidc_client_find(provider, request->client);

    if (client == NULL || !lk_oidc_client_serves(client, groups))
        return LK_REASON_NOT_SERVED;
    if (lk_oidc_strength(facts) < request->strength)
        return LK_REASON_STRENGTH;
    if (request->one_subject && memcmp(request->only_subject, subject, 16) != 0)
        return LK_REASON_USER_HANDLE;
    return LK_REASON_NONE;
}
