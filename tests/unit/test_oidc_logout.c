/* SPDX-License-Identifier: EUPL-1.2 */
/* Logout both ways, hints, and the documents that applications read. Signatures are checked by the fixture's oracle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "oidc_fixture.h"

/* ---- logout ---- */

static void make_hint(struct lk_buf *token, int64_t when)
{
    struct lk_buf bytes = LK_BUF_INIT(LK_CODE_DATA_MAX);
    struct lk_oidc_code_data data;
    struct lk_gateway_redeemed redeemed;

    oidc_data(&data);
    redeemed = oidc_redeemed(&data, &bytes);
    assert_int_equal(
        lk_oidc_id_token(&oidc, &oidc.clients[0], &redeemed, &data, OIDC_ACCESS, when, token), 0);
    lk_buf_clear(&bytes);
}

static void hint(void **state)
{
    struct lk_buf token = LK_BUF_INIT(LK_SSO_BODY_MAX);
    struct lk_oidc_hint got;

    (void)state;
    /* Signed by a key of long ago, expired since. */
    make_hint(&token, 2);
    assert_int_equal(lk_oidc_hint_read(&oidc, lk_buf_view(&token), &got), 0);
    assert_memory_equal(got.subject, oidc_subject, 16);
    assert_memory_equal(got.sid, oidc_sid, 16);
    assert_string_equal(got.client->config->name, "synapse");
    for (size_t i = 0; i < token.len; i++) {
        uint8_t kept = token.data[i];

        token.data[i] = kept == 'A' ? 'B' : 'A';
        assert_int_equal(lk_oidc_hint_read(&oidc, lk_buf_view(&token), &got), -LK_ERR_SIGNATURE);
        token.data[i] = kept;
    }
    for (size_t len = 0; len < token.len; len++)
        assert_int_equal(lk_oidc_hint_read(&oidc, LK_VIEW(token.data, len), &got),
                         -LK_ERR_SIGNATURE);
    assert_int_equal(lk_oidc_hint_read(&oidc, oidc_text("eyJhbGciOiJub25lIn0.e30."), &got),
                     -LK_ERR_SIGNATURE);
    assert_int_equal(lk_oidc_hint_read(&oidc, oidc_text(".."), &got), -LK_ERR_SIGNATURE);
    lk_buf_clear(&token);
}

/* A logout token is ours and signed, but it is no ID token (RFC 8725 section 3.11). */
static void logout_token(void **state)
{
    struct lk_gateway_logout logout = {.id = 7, .client = "synapse"};
    struct lk_buf token = LK_BUF_INIT(LK_SSO_BODY_MAX);
    struct lk_json *payload;
    const struct lk_json *events;
    const struct lk_json *event;
    struct lk_oidc_hint got;
    const char *jti;

    (void)state;
    memcpy(logout.subject, oidc_subject, 16);
    memcpy(logout.sid, oidc_sid, 16);
    assert_int_equal(lk_oidc_logout_token(&oidc, &logout, OIDC_NOW, &token), 0);
    payload = oidc_oracle(lk_buf_view(&token), "logout+jwt", &oidc_keys[1]);
    oidc_string_is(payload, "iss", "https://key.example.org");
    oidc_string_is(payload, "sub", "aa010000000000000000000000000000");
    oidc_string_is(payload, "aud", "synapse");
    oidc_string_is(payload, "sid", "bb020000000000000000000000000000");
    oidc_string_is(payload, "nonce", NULL);
    oidc_number_is(payload, "iat", OIDC_NOW);
    oidc_number_is(payload, "exp", OIDC_NOW + 120);
    assert_int_equal(lk_json_get_string(payload, "jti", &jti), 0);
    assert_int_equal(strlen(jti), 32);
    assert_int_equal(lk_json_get(payload, "events", &events), 0);
    assert_int_equal(
        lk_json_get(events, "http://schemas.openid.net/event/backchannel-logout", &event), 0);
    assert_int_equal(lk_json_get(event, "x", &event), -LK_ERR_NOT_FOUND);
    lk_json_free(payload);
    assert_int_equal(lk_oidc_hint_read(&oidc, lk_buf_view(&token), &got), -LK_ERR_SIGNATURE);
    strcpy(logout.client, "gone");
    lk_buf_reset(&token);
    assert_int_equal(lk_oidc_logout_token(&oidc, &logout, OIDC_NOW, &token), -LK_ERR_NOT_FOUND);
    lk_buf_clear(&token);
}

static void logout_by_client(void **state)
{
    static const struct {
        bool hint;
        const char *client;
        const char *address;
        const char *state;
        enum lk_oidc_outcome outcome;
        bool ends;
        const char *location;
    } rows[] = {
        {false, "", "", "", LK_OIDC_GO, false, ""},
        {false, "synapse", OIDC_OUT, "", LK_OIDC_GO, false, ""},
        {true, "", "", "", LK_OIDC_GO, true, ""},
        {true, "synapse", OIDC_OUT, "", LK_OIDC_REDIRECT, true, OIDC_OUT},
        {true, "", OIDC_OUT, "a b", LK_OIDC_REDIRECT, true, OIDC_OUT "?state=a%20b"},
        {true, "open", OIDC_OUT, "", LK_OIDC_ERROR, false, ""},
        {true, "", OIDC_OUT "/", "", LK_OIDC_ERROR, false, ""},
        {true, "", "https://evil.example/", "", LK_OIDC_ERROR, false, ""},
        {true, "", OIDC_REDIRECT, "", LK_OIDC_ERROR, false, ""},
    };
    struct lk_buf token = LK_BUF_INIT(LK_SSO_BODY_MAX);

    (void)state;
    make_hint(&token, OIDC_NOW - 100000);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct lk_sso_logout asked = {.id_token_hint = rows[i].hint ? lk_buf_view(&token)
                                                                          : LK_VIEW(NULL, 0),
                                            .client_id = oidc_text(rows[i].client),
                                            .post_logout_redirect_uri = oidc_text(rows[i].address),
                                            .state = oidc_text(rows[i].state)};
        struct lk_buf location = LK_BUF_INIT(LK_SSO_LOCATION_MAX);
        struct lk_oidc_logout logout;

        assert_int_equal(lk_oidc_logout(&oidc, &asked, &location, &logout), 0);
        assert_int_equal(logout.outcome, rows[i].outcome);
        assert_int_equal(logout.ends, rows[i].ends);
        assert_true(lk_oidc_view_is(lk_buf_view(&location), rows[i].location));
        if (rows[i].ends)
            assert_memory_equal(logout.sid, oidc_sid, 16);
        lk_buf_clear(&location);
    }
    lk_buf_clear(&token);
}

/* A hint in the authorisation request: only this agent will do. */
static void hint_at_authorize(void **state)
{
    struct lk_buf token = LK_BUF_INIT(LK_SSO_BODY_MAX);
    struct lk_buf location = LK_BUF_INIT(LK_SSO_LOCATION_MAX);
    struct lk_oidc_authorized got;
    struct lk_sso_authorize asked = {.client_id = oidc_text("synapse"),
                                     .redirect_uri = oidc_text(OIDC_REDIRECT),
                                     .response_type = oidc_text("code"),
                                     .scope = oidc_text("openid"),
                                     .code_challenge = oidc_text(OIDC_S256),
                                     .code_challenge_method = oidc_text("S256")};

    (void)state;
    make_hint(&token, OIDC_NOW - 5000);
    asked.id_token_hint = lk_buf_view(&token);
    assert_int_equal(lk_oidc_authorize(&oidc, &asked, OIDC_NOW, &location, &got), 0);
    assert_true(got.request.one_subject);
    assert_memory_equal(got.request.only_subject, oidc_subject, 16);
    asked.claims =
        oidc_text("{\"id_token\":{\"sub\":{\"value\":\"cc000000000000000000000000000000\"}}}");
    assert_int_equal(lk_oidc_authorize(&oidc, &asked, OIDC_NOW, &location, &got), 0);
    assert_int_equal(
        lk_oidc_admit(&oidc, &got.request, oidc_subject, "school", LK_LOGIN_FACT_USER_VERIFIED),
        LK_REASON_USER_HANDLE);
    lk_buf_clear(&location);
    lk_buf_clear(&token);
}

/* ---- documents ---- */

static bool list_holds(const struct lk_json *document, const char *name, const char *word)
{
    const struct lk_json *list;

    assert_int_equal(lk_json_get_array(document, name, &list), 0);
    for (size_t i = 0; i < lk_json_count(list); i++) {
        if (strcmp(lk_json_text(lk_json_item(list, i)), word) == 0)
            return true;
    }
    return false;
}

static void discovery(void **state)
{
    struct lk_buf body = LK_BUF_INIT(LK_SSO_DOCUMENT_MAX);
    struct lk_json *document = NULL;
    const struct lk_json *any;
    bool yes = false;

    (void)state;
    assert_int_equal(lk_oidc_discovery(&oidc, &body), 0);
    assert_int_equal(lk_json_parse(lk_buf_view(&body), body.len, &document), 0);
    oidc_string_is(document, "issuer", "https://key.example.org");
    oidc_string_is(document, "authorization_endpoint", "https://key.example.org/authorize");
    oidc_string_is(document, "token_endpoint", "https://key.example.org/token");
    oidc_string_is(document, "jwks_uri", "https://key.example.org/jwks");
    oidc_string_is(document, "userinfo_endpoint", "https://key.example.org/userinfo");
    oidc_string_is(document, "end_session_endpoint", "https://key.example.org/logout");
    assert_true(list_holds(document, "response_types_supported", "code"));
    assert_true(list_holds(document, "code_challenge_methods_supported", "S256"));
    assert_false(list_holds(document, "code_challenge_methods_supported", "plain"));
    assert_true(list_holds(document, "id_token_signing_alg_values_supported", "ES256"));
    /* No client of these uses it (OpenID Connect Discovery 1.0 section 3: "MUST be included"). */
    assert_true(list_holds(document, "id_token_signing_alg_values_supported", "RS256"));
    assert_true(list_holds(document, "acr_values_supported", "phrh"));
    assert_true(list_holds(document, "subject_types_supported", "public"));
    assert_true(list_holds(document, "scopes_supported", "openid"));
    assert_int_equal(lk_json_get_bool(document, "backchannel_logout_session_supported", &yes), 0);
    assert_true(yes);
    assert_int_equal(
        lk_json_get_bool(document, "authorization_response_iss_parameter_supported", &yes), 0);
    assert_true(yes);
    /* No way in that one browser opens for another (RFC 8628), no registration, no other grant. */
    assert_int_equal(lk_json_get(document, "device_authorization_endpoint", &any),
                     -LK_ERR_NOT_FOUND);
    assert_int_equal(lk_json_get(document, "registration_endpoint", &any), -LK_ERR_NOT_FOUND);
    assert_int_equal(lk_json_get_array(document, "grant_types_supported", &any), 0);
    assert_int_equal(lk_json_count(any), 1);
    lk_json_free(document);
    lk_buf_clear(&body);
}

static size_t keys_at(int64_t now)
{
    struct lk_buf body = LK_BUF_INIT(LK_SSO_DOCUMENT_MAX);
    struct lk_json *document = NULL;
    const struct lk_json *keys;
    size_t count;

    assert_int_equal(lk_oidc_jwks(&oidc, now, &body), 0);
    assert_null(memmem(body.data, body.len, "\"d\"", 3));
    assert_int_equal(lk_json_parse(lk_buf_view(&body), body.len, &document), 0);
    assert_int_equal(lk_json_get_array(document, "keys", &keys), 0);
    count = lk_json_count(keys);
    lk_json_free(document);
    lk_buf_clear(&body);
    return count;
}

/* Tomorrow's key is there today; the one of long ago is gone since its end. */
static void key_list(void **state)
{
    (void)state;
    assert_int_equal(keys_at(OIDC_NOW), 3);
    assert_int_equal(keys_at(OIDC_NOW - 2), 4);
    assert_ptr_equal(lk_oidc_key_signing(&oidc, LK_CONFIG_ES256, OIDC_NOW), &oidc_keys[1]);
    assert_ptr_equal(lk_oidc_key_signing(&oidc, LK_CONFIG_ES256, OIDC_NOW + 86399), &oidc_keys[1]);
    assert_ptr_equal(lk_oidc_key_signing(&oidc, LK_CONFIG_ES256, OIDC_NOW + 86400), &oidc_keys[2]);
    assert_ptr_equal(lk_oidc_key_signing(&oidc, LK_CONFIG_RS256, OIDC_NOW), &oidc_keys[3]);
    /* Before any of them. */
    assert_ptr_equal(lk_oidc_key_signing(&oidc, LK_CONFIG_ES256, 0), &oidc_keys[0]);
    oidc.key_count = 0;
    assert_null(lk_oidc_key_signing(&oidc, LK_CONFIG_ES256, OIDC_NOW));
    oidc.key_count = 4;
}

static void issuer_port(void **state)
{
    struct lk_config config = {.gateway_host = "key.example.org", .gateway_port = 8443};
    char issuer[LK_OIDC_ISSUER_MAX + 1];

    (void)state;
    assert_int_equal(lk_oidc_issuer(&config, issuer), 0);
    assert_string_equal(issuer, "https://key.example.org:8443");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hint),
        cmocka_unit_test(logout_token),
        cmocka_unit_test(logout_by_client),
        cmocka_unit_test(hint_at_authorize),
        cmocka_unit_test(discovery),
        cmocka_unit_test(key_list),
        cmocka_unit_test(issuer_port),
    };

    return cmocka_run_group_tests(tests, oidc_start, oidc_stop);
}
