/* SPDX-License-Identifier: EUPL-1.2 */
/* What applications ask: tokens, claims, the end of a session. The issuer decides; here parameters are read and bounded.
 *
 * Hostile input: all of it. */
#include <string.h>

#include "sso/web/form.h"
#include "sso/web/web.h"

#define FIELD(object, member, most)                                                                \
    {                                                                                              \
        .name = #member, .max = (most), .place = &(object).member                                  \
    }
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

enum { PARAMETER_MAX = 2048, SHORT_MAX = 256, HINT_MAX = 8192 };

/* The header's value. False: answered. */
static bool take_authorization(struct lk_call *call, struct lk_view *ret_value)
{
    bool twice;
    const char *value = lk_header_get(call, "Authorization", &twice);

    if (twice || (value != NULL && strlen(value) > PARAMETER_MAX)) {
        lk_answer_error(call, MHD_HTTP_BAD_REQUEST, "invalid_request");
        return false;
    }
    if (value != NULL)
        *ret_value = LK_VIEW((const uint8_t *)value, strlen(value));
    return true;
}

/* RFC 6749 section 3.2: parameters of the body only. */
void lk_site_token(struct lk_call *call)
{
    struct lk_sso_token token = {0};
    const struct lk_form_field fields[] = {
        FIELD(token, client_id, SHORT_MAX),        FIELD(token, client_secret, SHORT_MAX),
        FIELD(token, grant_type, SHORT_MAX),       FIELD(token, code, SHORT_MAX),
        FIELD(token, redirect_uri, PARAMETER_MAX), FIELD(token, code_verifier, SHORT_MAX),
    };
    struct lk_buf *out;
    uint32_t id;

    if (!take_authorization(call, &token.authorization))
        return;
    if (lk_form_parse(call->body.data, call->body.len, fields, COUNT(fields), &token.flags) != 0) {
        lk_answer_error(call, MHD_HTTP_BAD_REQUEST, "invalid_request");
        return;
    }
    if (lk_issuer_ask(call, LK_MESSAGE_SSO_REPLY, &out, &id))
        lk_issuer_asked(call, lk_sso_token_encode(out, id, &token));
}

/* RFC 6750: the token in the header only; a body is not read. */
void lk_site_userinfo(struct lk_call *call)
{
    struct lk_sso_userinfo userinfo = {0};
    struct lk_buf *out;
    uint32_t id;

    if (take_authorization(call, &userinfo.authorization) &&
        lk_issuer_ask(call, LK_MESSAGE_SSO_REPLY, &out, &id))
        lk_issuer_asked(call, lk_sso_userinfo_encode(out, id, &userinfo));
}

/* RP-Initiated Logout 1.0 section 2: GET with a query, POST with a form. */
void lk_site_logout(struct lk_call *call)
{
    struct lk_sso_logout logout = {0};
    const struct lk_form_field fields[] = {
        FIELD(logout, id_token_hint, HINT_MAX),
        FIELD(logout, client_id, SHORT_MAX),
        FIELD(logout, post_logout_redirect_uri, PARAMETER_MAX),
        FIELD(logout, state, PARAMETER_MAX),
    };
    struct lk_buf *out;
    uint32_t id;

    if (lk_call_parameters(call, fields, COUNT(fields), &logout.flags) &&
        lk_issuer_ask(call, LK_MESSAGE_SSO_PAGE, &out, &id))
        lk_issuer_asked(call, lk_sso_logout_encode(out, id, &logout));
}
