/* SPDX-License-Identifier: EUPL-1.2 */
/* The authorisation request: a table of what is wrong with it and what the standard calls that; never a redirect to an address that nobody registered. And the seal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/seal.h"
#include "oidc_fixture.h"

/* A good request; a case replaces one member. */
static struct lk_sso_authorize good(void)
{
    return (struct lk_sso_authorize){.client_id = oidc_text("synapse"),
                                     .redirect_uri = oidc_text(OIDC_REDIRECT),
                                     .response_type = oidc_text("code"),
                                     .scope = oidc_text("openid"),
                                     .state = oidc_text("st&te=1 \xc3\xa9"),
                                     .nonce = oidc_text("n-0S6_WzA2Mj"),
                                     .code_challenge = oidc_text(OIDC_S256),
                                     .code_challenge_method = oidc_text("S256")};
}

struct one {
    size_t member;
    const char *value;
    const char *error; /* NULL: the request stands; "page": no redirect */
};
#define CASE(name, text, outcome)                                                                  \
    {                                                                                              \
        offsetof(struct lk_sso_authorize, name), text, outcome                                     \
    }

static const struct one cases[] = {
    CASE(client_id, "synapse", NULL),
    CASE(client_id, "", "page"),
    CASE(client_id, "Synapse", "page"),
    CASE(client_id, "synaps", "page"),
    CASE(client_id, "synapsee", "page"),
    CASE(redirect_uri, "", "page"),
    CASE(redirect_uri, "https://matrix.example.org/callback/", "page"),
    CASE(redirect_uri, "https://matrix.example.org/callbac", "page"),
    CASE(redirect_uri, "https://matrix.example.org/Callback", "page"),
    CASE(redirect_uri, "https://matrix.example.org/callback?x=1", "page"),
    CASE(redirect_uri, "https://matrix.example.org/callback#f", "page"),
    CASE(redirect_uri, "https://matrix.example.org:443/callback", "page"),
    CASE(redirect_uri, "http://matrix.example.org/callback", "page"),
    CASE(redirect_uri, "https://matrix.example.org@evil.example/callback", "page"),
    CASE(redirect_uri, "https://evil.example/https://matrix.example.org/callback", "page"),
    CASE(redirect_uri, "//evil.example", "page"),
    CASE(redirect_uri, "https://matrix.example.org/callback?idp=latchkey", NULL),
    CASE(response_type, "", "invalid_request"),
    CASE(response_type, "token", "unsupported_response_type"),
    CASE(response_type, "id_token", "unsupported_response_type"),
    CASE(response_type, "code id_token", "unsupported_response_type"),
    CASE(response_type, "none", "unsupported_response_type"),
    CASE(response_mode, "query", NULL),
    CASE(response_mode, "form_post", "invalid_request"),
    CASE(response_mode, "fragment", "invalid_request"),
    CASE(response_mode, "web_message", "invalid_request"),
    CASE(scope, "", "invalid_scope"),
    CASE(scope, "profile", "invalid_scope"),
    CASE(scope, "openidx", "invalid_scope"),
    CASE(scope, "profile openid email whatever", NULL),
    CASE(state, "", NULL),
    CASE(nonce, "", NULL),
    CASE(nonce, "a\x01", "invalid_request"),
    CASE(nonce, "\xc3\xa9", "invalid_request"),
    CASE(code_challenge, "", "invalid_request"),
    CASE(code_challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c", "invalid_request"),
    CASE(code_challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cMM", "invalid_request"),
    CASE(code_challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c=", "invalid_request"),
    CASE(code_challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM", "invalid_request"),
    CASE(code_challenge_method, "", "invalid_request"),
    CASE(code_challenge_method, "plain", "invalid_request"),
    CASE(code_challenge_method, "s256", "invalid_request"),
    CASE(prompt, "none", "login_required"),
    CASE(prompt, "none login", "invalid_request"),
    CASE(prompt, "login", NULL),
    CASE(prompt, "select_account", NULL),
    CASE(prompt, "consent", NULL),
    CASE(prompt, "login consent", NULL),
    CASE(prompt, "create", "invalid_request"),
    CASE(prompt, " ", "invalid_request"),
    CASE(max_age, "0", NULL),
    CASE(max_age, "86400", NULL),
    CASE(max_age, "-1", "invalid_request"),
    CASE(max_age, "1.5", "invalid_request"),
    CASE(acr_values, "phrh", NULL),
    CASE(acr_values, "urn:mace:incommon:iap:silver", NULL),
    CASE(id_token_hint, "not.a.token", NULL),
    CASE(login_hint, "alice", NULL),
    CASE(request, "eyJ", "request_not_supported"),
    CASE(request_uri, "https://evil.example/r", "request_uri_not_supported"),
    CASE(registration, "{}", "registration_not_supported"),
    CASE(claims, "{}", NULL),
    CASE(claims, "{\"userinfo\":{\"email\":null}}", NULL),
    CASE(claims, "{\"id_token\":{\"acr\":null}}", NULL),
    CASE(claims, "{\"id_token\":{\"acr\":{\"value\":\"silver\"}}}", NULL),
    CASE(claims, "{\"id_token\":{\"acr\":{\"essential\":true,\"values\":[\"phrh\"]}}}", NULL),
    CASE(claims, "{\"id_token\":{\"acr\":{\"essential\":true,\"value\":\"silver\"}}}",
         "access_denied"),
    CASE(claims, "{\"id_token\":{\"acr\":{\"essential\":true,\"values\":[]}}}", "access_denied"),
    CASE(claims, "{\"id_token\":{\"sub\":{\"value\":\"someone\"}}}", "access_denied"),
    CASE(claims, "{\"id_token\":{\"acr\":{\"essential\":1}}}", "invalid_request"),
    CASE(claims, "{\"id_token\":{\"acr\":{\"values\":\"phrh\"}}}", "invalid_request"),
    CASE(claims, "{\"id_token\":{\"acr\":{\"values\":[1]}}}", "invalid_request"),
    CASE(claims, "{\"id_token\":1}", "invalid_request"),
    CASE(claims, "{\"id_token\":null}", NULL),
    CASE(claims, "{\"id_token\":\"acr\"}", "invalid_request"),
    CASE(claims, "{\"id_token\":{\"acr\":\"phrh\"}}", "invalid_request"),
    CASE(claims, "{\"id_token\":{\"acr\":[]}}", "invalid_request"),
    CASE(claims, "{\"id_token\":{\"sub\":\"someone\"}}", "invalid_request"),
    CASE(claims, "{\"userinfo\":[]}", "invalid_request"),
    CASE(claims, "{\"userinfo\":null}", NULL),
    CASE(claims, "[]", "invalid_request"),
    CASE(claims, "{", "invalid_request"),
    CASE(claims, "{\"id_token\":{},\"id_token\":{}}", "invalid_request"),
};

static void expect_outcome(const struct one *one, const struct lk_sso_authorize *asked,
                           const struct lk_oidc_authorized *got, struct lk_view location)
{
    if (one->error == NULL) {
        assert_int_equal(got->outcome, LK_OIDC_GO);
        assert_int_equal(location.len, 0);
        return;
    }
    if (strcmp(one->error, "page") == 0) {
        assert_int_equal(got->outcome, LK_OIDC_ERROR);
        assert_int_equal(location.len, 0);
        assert_non_null(got->detail);
        return;
    }
    assert_int_equal(got->outcome, LK_OIDC_REDIRECT);
    assert_memory_equal(location.data, OIDC_REDIRECT "?error=", strlen(OIDC_REDIRECT "?error="));
    assert_string_equal(oidc_parameter(location, "error"), one->error);
    assert_string_equal(oidc_parameter(location, "iss"), "https://key.example.org");
    if (asked->state.len > 0)
        assert_string_equal(oidc_parameter(location, "state"), "st&te=1 \xc3\xa9");
    assert_null(oidc_parameter(location, "code"));
}

static void table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct lk_buf location = LK_BUF_INIT(LK_SSO_LOCATION_MAX);
        struct lk_sso_authorize asked = good();
        struct lk_oidc_authorized got;
        struct lk_view value = oidc_text(cases[i].value);

        memcpy((char *)&asked + cases[i].member, &value, sizeof(value));
        assert_int_equal(lk_oidc_authorize(&oidc, &asked, OIDC_NOW, &location, &got), 0);
        print_message("%s -> %s\n", cases[i].value, cases[i].error ? cases[i].error : "stands");
        expect_outcome(&cases[i], &asked, &got, lk_buf_view(&location));
        lk_buf_clear(&location);
    }
}

/* A parameter that came twice is left empty by the web process and marked. */
static void repeated(void **state)
{
    struct lk_buf location = LK_BUF_INIT(LK_SSO_LOCATION_MAX);
    struct lk_sso_authorize asked = good();
    struct lk_oidc_authorized got;
    char long_state[LK_OIDC_STATE_MAX + 2];

    (void)state;
    asked.flags = LK_SSO_REPEATED;
    assert_int_equal(lk_oidc_authorize(&oidc, &asked, OIDC_NOW, &location, &got), 0);
    assert_int_equal(got.outcome, LK_OIDC_REDIRECT);
    assert_string_equal(oidc_parameter(lk_buf_view(&location), "error"), "invalid_request");
    lk_buf_reset(&location);
    asked.redirect_uri.len = 0;
    assert_int_equal(lk_oidc_authorize(&oidc, &asked, OIDC_NOW, &location, &got), 0);
    assert_int_equal(got.outcome, LK_OIDC_ERROR);
    asked = good();
    asked.flags = LK_SSO_TOO_LONG;
    assert_int_equal(lk_oidc_authorize(&oidc, &asked, OIDC_NOW, &location, &got), 0);
    assert_string_equal(oidc_parameter(lk_buf_view(&location), "error"), "invalid_request");
    lk_buf_reset(&location);
    memset(long_state, '&', sizeof(long_state));
    asked = good();
    asked.state = LK_VIEW((const uint8_t *)long_state, LK_OIDC_STATE_MAX + 1);
    assert_int_equal(lk_oidc_authorize(&oidc, &asked, OIDC_NOW, &location, &got), 0);
    assert_int_equal(got.outcome, LK_OIDC_ERROR);
    /* The longest one fits, encoded, into a location and into a seal. */
    asked.state.len--;
    asked.prompt = oidc_text("none");
    assert_int_equal(lk_oidc_authorize(&oidc, &asked, OIDC_NOW, &location, &got), 0);
    assert_int_equal(strlen(oidc_parameter(lk_buf_view(&location), "state")), LK_OIDC_STATE_MAX);
    lk_buf_clear(&location);
}

static void strength_asked(void **state)
{
    static const struct {
        const char *acr_values;
        const char *claims;
        enum lk_oidc_strength strength;
    } rows[] = {
        {"", "", LK_OIDC_TOUCH},
        {"phr", "", LK_OIDC_PHR},
        {"phrh", "", LK_OIDC_PHRH},
        {"phrh phr", "", LK_OIDC_PHR},
        {"phr  phrh", "", LK_OIDC_PHR},
        {"gold phrh", "", LK_OIDC_PHRH},
        {"gold", "", LK_OIDC_TOUCH},
        {"phrhx", "", LK_OIDC_TOUCH},
        {"", "{\"id_token\":{\"acr\":{\"values\":[\"phrh\"]}}}", LK_OIDC_TOUCH},
        {"", "{\"id_token\":{\"acr\":{\"essential\":true}}}", LK_OIDC_PHR},
        {"", "{\"id_token\":{\"acr\":{\"essential\":true,\"value\":\"phrh\"}}}", LK_OIDC_PHRH},
        {"phr", "{\"id_token\":{\"acr\":{\"essential\":true,\"value\":\"phrh\"}}}", LK_OIDC_PHRH},
        {"phrh", "{\"id_token\":{\"acr\":{\"essential\":true,\"value\":\"phr\"}}}", LK_OIDC_PHRH},
        {"", "{\"id_token\":{\"acr\":{\"essential\":true,\"values\":[\"phrh\",\"phr\"]}}}",
         LK_OIDC_PHR},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct lk_buf location = LK_BUF_INIT(LK_SSO_LOCATION_MAX);
        struct lk_sso_authorize asked = good();
        struct lk_oidc_authorized got;

        asked.acr_values = oidc_text(rows[i].acr_values);
        asked.claims = oidc_text(rows[i].claims);
        assert_int_equal(lk_oidc_authorize(&oidc, &asked, OIDC_NOW, &location, &got), 0);
        assert_int_equal(got.outcome, LK_OIDC_GO);
        assert_int_equal(got.request.strength, rows[i].strength);
        lk_buf_clear(&location);
    }
}

static void admission(void **state)
{
    static const uint8_t subject[16] = {1};
    static const uint8_t other[16] = {2};
    const uint32_t all = LK_LOGIN_FACT_USER_VERIFIED | LK_LOGIN_FACT_ATTESTED;
    struct lk_oidc_request request = {.client = oidc_text("synapse")};

    (void)state;
    assert_int_equal(lk_oidc_admit(&oidc, &request, subject, "school", 0), LK_REASON_NONE);
    assert_int_equal(lk_oidc_admit(&oidc, &request, subject, "army school", 0), LK_REASON_NONE);
    assert_int_equal(lk_oidc_admit(&oidc, &request, subject, "", all), LK_REASON_NOT_SERVED);
    assert_int_equal(lk_oidc_admit(&oidc, &request, subject, "schoo", all), LK_REASON_NOT_SERVED);
    assert_int_equal(lk_oidc_admit(&oidc, &request, subject, "schools x", all),
                     LK_REASON_NOT_SERVED);
    assert_int_equal(lk_oidc_admit(&oidc, &request, subject, "everybody", all),
                     LK_REASON_NOT_SERVED);
    request.client = oidc_text("closed");
    assert_int_equal(lk_oidc_admit(&oidc, &request, subject, "school everybody", all),
                     LK_REASON_NOT_SERVED);
    request.client = oidc_text("open");
    assert_int_equal(lk_oidc_admit(&oidc, &request, subject, "", 0), LK_REASON_NONE);
    request.client = oidc_text("gone");
    assert_int_equal(lk_oidc_admit(&oidc, &request, subject, "school", all), LK_REASON_NOT_SERVED);
    request.client = oidc_text("open");
    request.strength = LK_OIDC_PHRH;
    assert_int_equal(lk_oidc_admit(&oidc, &request, subject, "", all), LK_REASON_NONE);
    assert_int_equal(lk_oidc_admit(&oidc, &request, subject, "", LK_LOGIN_FACT_USER_VERIFIED),
                     LK_REASON_STRENGTH);
    /* A touch without PIN is not phishing-resistant by two factors, whatever the key is. */
    assert_int_equal(lk_oidc_admit(&oidc, &request, subject, "", LK_LOGIN_FACT_ATTESTED),
                     LK_REASON_STRENGTH);
    request.strength = LK_OIDC_PHR;
    assert_int_equal(lk_oidc_admit(&oidc, &request, subject, "", LK_LOGIN_FACT_USER_VERIFIED),
                     LK_REASON_NONE);
    assert_int_equal(lk_oidc_admit(&oidc, &request, subject, "", 0), LK_REASON_STRENGTH);
    request.one_subject = true;
    memcpy(request.only_subject, subject, 16);
    assert_int_equal(lk_oidc_admit(&oidc, &request, subject, "", all), LK_REASON_NONE);
    assert_int_equal(lk_oidc_admit(&oidc, &request, other, "", all), LK_REASON_USER_HANDLE);
}

/* ---- the seal ---- */

static const uint8_t cookie_bytes[32] = {9, 8, 7};

static void make(struct lk_oidc_request *request, struct lk_buf *sealed)
{
    struct lk_buf location = LK_BUF_INIT(LK_SSO_LOCATION_MAX);
    struct lk_sso_authorize asked = good();
    struct lk_oidc_authorized got;

    assert_int_equal(lk_oidc_authorize(&oidc, &asked, OIDC_NOW, &location, &got), 0);
    *request = got.request;
    assert_int_equal(lk_oidc_request_begin(&oidc, LK_VIEW(cookie_bytes, 32), OIDC_NOW, request), 0);
    assert_int_equal(lk_oidc_request_seal(&oidc, request, sealed), 0);
    lk_buf_clear(&location);
}

static int open_as(struct lk_view sealed, struct lk_view cookie, enum lk_oidc_stage stage,
                   int64_t now, struct lk_oidc_request *ret, bool *expired)
{
    static struct lk_buf plain = {.max = 4096};

    return lk_oidc_request_open(&oidc, sealed, cookie, stage, now, &plain, ret, expired);
}

static void sealed_comes_back(void **state)
{
    struct lk_view cookie = LK_VIEW(cookie_bytes, 32);
    struct lk_buf sealed = LK_BUF_INIT(LK_SSO_SEALED_MAX);
    struct lk_oidc_request request;
    struct lk_oidc_request back;
    bool expired;

    (void)state;
    make(&request, &sealed);
    assert_null(memmem(sealed.data, sealed.len, "synapse", 7));
    assert_int_equal(
        open_as(lk_buf_view(&sealed), cookie, LK_OIDC_STAGE_KEY, OIDC_NOW + 599, &back, &expired),
        0);
    assert_false(expired);
    assert_memory_equal(back.transaction, request.transaction, 16);
    assert_memory_equal(back.code_challenge, request.code_challenge, 32);
    assert_true(lk_view_equal(back.client, request.client));
    assert_true(lk_view_equal(back.state, request.state));
    assert_true(lk_view_equal(back.nonce, request.nonce));
    assert_true(lk_view_equal(back.redirect_uri, request.redirect_uri));
    assert_int_equal(back.began, OIDC_NOW);
    assert_int_equal(
        open_as(lk_buf_view(&sealed), cookie, LK_OIDC_STAGE_KEY, OIDC_NOW + 600, &back, &expired),
        0);
    assert_true(expired);
    /* A page for the key is none for the password. */
    assert_int_equal(
        open_as(lk_buf_view(&sealed), cookie, LK_OIDC_STAGE_PASSWORD, OIDC_NOW, &back, &expired),
        -LK_ERR_UNEXPECTED);
    request.stage = LK_OIDC_STAGE_PASSWORD;
    request.subject[0] = 5;
    request.passwords = 3;
    strcpy(request.name, "alice");
    strcpy(request.full_name, "Alice \xc3\x89");
    lk_buf_reset(&sealed);
    assert_int_equal(lk_oidc_request_seal(&oidc, &request, &sealed), 0);
    assert_int_equal(
        open_as(lk_buf_view(&sealed), cookie, LK_OIDC_STAGE_PASSWORD, OIDC_NOW, &back, &expired),
        0);
    assert_string_equal(back.name, "alice");
    assert_string_equal(back.full_name, "Alice \xc3\x89");
    assert_int_equal(back.passwords, 3);
    assert_int_equal(back.subject[0], 5);
    assert_int_equal(
        open_as(lk_buf_view(&sealed), cookie, LK_OIDC_STAGE_KEY, OIDC_NOW, &back, &expired),
        -LK_ERR_UNEXPECTED);
    lk_buf_clear(&sealed);
}

static void sealed_for_one_browser(void **state)
{
    uint8_t other[32] = {9, 8, 6};
    struct lk_buf sealed = LK_BUF_INIT(LK_SSO_SEALED_MAX);
    struct lk_oidc_request request;
    bool expired;

    (void)state;
    make(&request, &sealed);
    assert_int_equal(open_as(lk_buf_view(&sealed), LK_VIEW(other, 32), LK_OIDC_STAGE_KEY, OIDC_NOW,
                             &request, &expired),
                     -LK_ERR_DENIED);
    assert_int_equal(open_as(lk_buf_view(&sealed), LK_VIEW(cookie_bytes, 31), LK_OIDC_STAGE_KEY,
                             OIDC_NOW, &request, &expired),
                     -LK_ERR_DENIED);
    assert_int_equal(open_as(lk_buf_view(&sealed), LK_VIEW(NULL, 0), LK_OIDC_STAGE_KEY, OIDC_NOW,
                             &request, &expired),
                     -LK_ERR_DENIED);
    lk_buf_clear(&sealed);
}

static void sealed_tampered(void **state)
{
    struct lk_view cookie = LK_VIEW(cookie_bytes, 32);
    struct lk_buf sealed = LK_BUF_INIT(LK_SSO_SEALED_MAX);
    struct lk_oidc_request request;
    size_t clients = oidc.client_count;
    bool expired;

    (void)state;
    make(&request, &sealed);
    for (size_t i = 0; i < sealed.len; i++) {
        uint8_t kept = sealed.data[i];

        sealed.data[i] = kept == 'A' ? 'B' : 'A';
        assert_int_equal(
            open_as(lk_buf_view(&sealed), cookie, LK_OIDC_STAGE_KEY, OIDC_NOW, &request, &expired),
            -LK_ERR_SIGNATURE);
        sealed.data[i] = kept;
    }
    for (size_t len = 0; len < sealed.len; len++)
        assert_int_equal(open_as(LK_VIEW(sealed.data, len), cookie, LK_OIDC_STAGE_KEY, OIDC_NOW,
                                 &request, &expired),
                         -LK_ERR_SIGNATURE);
    /* The seal before this one opens too; one of somebody else does not. */
    oidc.seals++;
    oidc.seal_count--;
    assert_int_equal(
        open_as(lk_buf_view(&sealed), cookie, LK_OIDC_STAGE_KEY, OIDC_NOW, &request, &expired),
        -LK_ERR_SIGNATURE);
    lk_buf_reset(&sealed);
    assert_int_equal(lk_oidc_request_seal(&oidc, &request, &sealed), 0);
    oidc.seals--;
    oidc.seal_count++;
    lk_buf_reset(&sealed);
    make(&request, &sealed);
    /* A client that is gone from the configuration takes its pages with it. */
    oidc.client_count = 0;
    assert_int_equal(
        open_as(lk_buf_view(&sealed), cookie, LK_OIDC_STAGE_KEY, OIDC_NOW, &request, &expired),
        -LK_ERR_DENIED);
    oidc.client_count = clients;
    lk_buf_clear(&sealed);
}

/* After a rotation: sealed with the old key, opened with new and old. */
static void sealed_before_rotation(void **state)
{
    struct lk_buf sealed = LK_BUF_INIT(LK_SSO_SEALED_MAX);
    struct lk_oidc_request request;
    bool expired;

    (void)state;
    oidc.seals++;
    make(&request, &sealed);
    oidc.seals--;
    assert_int_equal(open_as(lk_buf_view(&sealed), LK_VIEW(cookie_bytes, 32), LK_OIDC_STAGE_KEY,
                             OIDC_NOW, &request, &expired),
                     0);
    oidc.seal_count = 1;
    assert_int_equal(open_as(lk_buf_view(&sealed), LK_VIEW(cookie_bytes, 32), LK_OIDC_STAGE_KEY,
                             OIDC_NOW, &request, &expired),
                     -LK_ERR_SIGNATURE);
    oidc.seal_count = 2;
    lk_buf_clear(&sealed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(repeated),
        cmocka_unit_test(strength_asked),
        cmocka_unit_test(admission),
        cmocka_unit_test(sealed_comes_back),
        cmocka_unit_test(sealed_for_one_browser),
        cmocka_unit_test(sealed_tampered),
        cmocka_unit_test(sealed_before_rotation),
    };

    return cmocka_run_group_tests(tests, oidc_start, oidc_stop);
}
