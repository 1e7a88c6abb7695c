/* SPDX-License-Identifier: EUPL-1.2 */
/* The pages of a login: the request of the application, the answer of the key, the password. The issuer decides; here parameters are read and bounded.
 *
 * Hostile input: all of it. A form that our own page cannot have sent is refused without a question. */
#include <string.h>

#include "base/base64url.h"
#include "sso/web/form.h"
#include "sso/web/web.h"

#define FIELD(object, member, most)                                                                \
    {                                                                                              \
        .name = #member, .max = (most), .place = &(object).member                                  \
    }
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

enum { PARAMETER_MAX = 2048, SHORT_MAX = 256, HINT_MAX = 8192 };

/* The parts of an answer of a key, and what each may have (WebAuthn L3 section 5.2.2; the bounds are those of the message). */
enum { PART_ID, PART_DATA, PART_CLIENT, PART_SIGNATURE, PART_HANDLE, PARTS };
static const struct {
    size_t max;
    bool optional;
} parts[PARTS] = {[PART_ID] = {1023, false},
                  [PART_DATA] = {8192, false},
                  [PART_CLIENT] = {8192, false},
                  [PART_SIGNATURE] = {1024, false},
                  [PART_HANDLE] = {64, true}};

static void refuse_form(struct lk_call *call)
{
    lk_answer_note(call, MHD_HTTP_BAD_REQUEST, LK_NOTE_FORM);
}

bool lk_call_parameters(struct lk_call *call, const struct lk_form_field *fields, size_t count,
                        uint32_t *ret_flags)
{
    bool post = strcmp(call->method, "POST") == 0;
    uint8_t *text = post ? call->body.data : call->query;
    size_t len = post ? call->body.len : call->query_len;

    if (len == 0 || lk_form_parse(text, len, fields, count, ret_flags) == 0)
        return true;
    refuse_form(call);
    return false;
}

static void cut(struct lk_view *value, size_t max)
{
    if (value->len > max)
        value->len = max;
}

/* OIDC Core 3.1.2.1: GET with a query, POST with a form. */
void lk_site_authorize(struct lk_call *call)
{
    struct lk_sso_authorize asked = {0};
    const struct lk_form_field fields[] = {
        FIELD(asked, client_id, SHORT_MAX),
        FIELD(asked, redirect_uri, PARAMETER_MAX),
        FIELD(asked, response_type, SHORT_MAX),
        FIELD(asked, response_mode, SHORT_MAX),
        FIELD(asked, scope, PARAMETER_MAX),
        FIELD(asked, state, LK_WEB_BODY_MAX),
        FIELD(asked, nonce, SHORT_MAX),
        FIELD(asked, code_challenge, SHORT_MAX),
        FIELD(asked, code_challenge_method, SHORT_MAX),
        FIELD(asked, prompt, SHORT_MAX),
        FIELD(asked, max_age, SHORT_MAX),
        FIELD(asked, acr_values, PARAMETER_MAX),
        FIELD(asked, claims, PARAMETER_MAX),
        FIELD(asked, id_token_hint, HINT_MAX),
        FIELD(asked, login_hint, LK_WEB_BODY_MAX),
        FIELD(asked, request, LK_WEB_BODY_MAX),
        FIELD(asked, request_uri, LK_WEB_BODY_MAX),
        FIELD(asked, registration, LK_WEB_BODY_MAX),
    };
    uint8_t cookie[LK_SSO_COOKIE_SIZE];
    struct lk_buf *out;
    uint32_t id;

    if (!lk_call_parameters(call, fields, COUNT(fields), &asked.flags))
        return;
    /* Of these only counts that they came: a request object is longer than any parameter that is read, and has an error of its own. */
    cut(&asked.request, SHORT_MAX);
    cut(&asked.request_uri, SHORT_MAX);
    cut(&asked.registration, SHORT_MAX);
    cut(&asked.login_hint, SHORT_MAX);
    /* Still longer than the issuer takes: it answers by name, and nobody is sent back without his state. */
    cut(&asked.state, PARAMETER_MAX);
    asked.cookie = LK_VIEW(cookie, lk_header_cookie(call, cookie));
    if (lk_issuer_ask(call, LK_MESSAGE_SSO_PAGE, &out, &id))
        lk_issuer_asked(call, lk_sso_authorize_encode(out, id, &asked));
}

/* Decodes what the script wrote in base64url. */
static int take_parts(const struct lk_view texts[PARTS], struct lk_buf bytes[PARTS],
                      struct lk_sso_assert *assertion)
{
    struct lk_view *const places[PARTS] = {&assertion->credential_id,
                                           &assertion->authenticator_data, &assertion->client_data,
                                           &assertion->signature, &assertion->user_handle};

    for (size_t i = 0; i < PARTS; i++) {
        int error;

        lk_buf_init(&bytes[i], parts[i].max);
        error = lk_base64url_decode(&bytes[i], (const char *)texts[i].data, texts[i].len);
        if (error != 0)
            return error;
        if (bytes[i].len == 0 && !parts[i].optional)
            return -LK_ERR_TRUNCATED;
        *places[i] = lk_buf_view(&bytes[i]);
    }
    return 0;
}

static void ask_key(struct lk_call *call, const struct lk_sso_assert *assertion)
{
    struct lk_buf *out;
    uint32_t id;

    if (lk_issuer_ask(call, LK_MESSAGE_SSO_PAGE, &out, &id))
        lk_issuer_asked(call, lk_sso_assert_encode(out, id, assertion));
}

void lk_site_key(struct lk_call *call)
{
    struct lk_sso_assert assertion = {0};
    struct lk_view texts[PARTS] = {{0}};
    struct lk_buf bytes[PARTS] = {{0}};
    uint8_t cookie[LK_SSO_COOKIE_SIZE];
    uint32_t flags = 0;
    const struct lk_form_field fields[] = {
        {"request", LK_SSO_SEALED_MAX, &assertion.sealed},
        {"id", LK_WEB_BODY_MAX, &texts[PART_ID]},
        {"authenticator_data", LK_WEB_BODY_MAX, &texts[PART_DATA]},
        {"client_data", LK_WEB_BODY_MAX, &texts[PART_CLIENT]},
        {"signature", LK_WEB_BODY_MAX, &texts[PART_SIGNATURE]},
        {"user_handle", LK_WEB_BODY_MAX, &texts[PART_HANDLE]},
    };

    if (!lk_call_parameters(call, fields, COUNT(fields), &flags))
        return;
    if (flags != 0 || assertion.sealed.len == 0 || take_parts(texts, bytes, &assertion) != 0) {
        refuse_form(call);
    } else {
        assertion.cookie = LK_VIEW(cookie, lk_header_cookie(call, cookie));
        memcpy(assertion.language, lk_language_code(call->language), sizeof(assertion.language));
        lk_header_remote(call, assertion.remote);
        ask_key(call, &assertion);
    }
    for (size_t i = 0; i < PARTS; i++)
        lk_buf_clear(&bytes[i]);
}

void lk_site_password(struct lk_call *call)
{
    struct lk_sso_password password = {0};
    uint8_t cookie[LK_SSO_COOKIE_SIZE];
    uint32_t flags = 0;
    const struct lk_form_field fields[] = {
        {"request", LK_SSO_SEALED_MAX, &password.sealed},
        {"password", LK_WEB_BODY_MAX, &password.password},
    };
    struct lk_buf *out;
    uint32_t id;

    if (!lk_call_parameters(call, fields, COUNT(fields), &flags))
        return;
    if (flags != 0 || password.sealed.len == 0 || password.password.len == 0) {
        refuse_form(call);
        return;
    }
    /* No part of it: that could be somebody's password. */
    if (password.password.len > LK_SSO_PASSWORD_MAX)
        password.password = LK_VIEW(NULL, 0);
    password.cookie = LK_VIEW(cookie, lk_header_cookie(call, cookie));
    memcpy(password.language, lk_language_code(call->language), sizeof(password.language));
    lk_header_remote(call, password.remote);
    if (lk_issuer_ask(call, LK_MESSAGE_SSO_PAGE, &out, &id))
        lk_issuer_asked(call, lk_sso_password_encode(out, id, &password));
    lk_buf_clear(&call->body);
}

/* Somebody typed the address. */
void lk_site_welcome(struct lk_call *call)
{
    lk_answer_note(call, MHD_HTTP_OK, LK_NOTE_WELCOME);
}
