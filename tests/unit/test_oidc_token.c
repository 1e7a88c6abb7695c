/* SPDX-License-Identifier: EUPL-1.2 */
/* Client authentication, the token request, what the tokens say, and userinfo. Signatures are checked by the fixture's oracle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64url.h"
#include "oidc_fixture.h"

#define CODE "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

/* "synapse:secret-of-synapse-0123456789-abcdef" and others, by coreutils' base64. */
#define BASIC "Basic c3luYXBzZTpzZWNyZXQtb2Ytc3luYXBzZS0wMTIzNDU2Nzg5LWFiY2RlZg=="

static struct lk_sso_token good(void)
{
    return (struct lk_sso_token){.authorization = oidc_text(BASIC),
                                 .grant_type = oidc_text("authorization_code"),
                                 .code = oidc_text(CODE),
                                 .redirect_uri = oidc_text(OIDC_REDIRECT),
                                 .code_verifier = oidc_text(OIDC_VERIFIER)};
}

static struct lk_json *body_of(const struct lk_oidc_reply *reply)
{
    struct lk_json *document = NULL;

    assert_int_equal(lk_json_parse(lk_buf_view(&reply->body), reply->body.len, &document), 0);
    return document;
}

static void error_is(const struct lk_oidc_reply *reply, uint16_t status, const char *error)
{
    struct lk_json *document = body_of(reply);

    assert_int_equal(reply->status, status);
    oidc_string_is(document, "error", error);
    assert_int_equal(status == 401, strncmp(reply->authenticate, "B", 1) == 0);
    lk_json_free(document);
}

/* ---- who asks ---- */

static void client_authentication(void **state)
{
    static const struct {
        const char *header;
        const char *id;
        const char *secret;
        uint16_t status; /* 0 = authenticated */
        const char *error;
    } rows[] = {
        {BASIC, "", "", 0, NULL},
        {"basic c3luYXBzZTpzZWNyZXQtb2Ytc3luYXBzZS0wMTIzNDU2Nzg5LWFiY2RlZg==", "", "", 0, NULL},
        {BASIC, "synapse", "", 0, NULL},
        {"Basic c3luJTYxcHNlOnNlY3JldCUyRG9mJTJEc3luYXBzZSUyRDAxMjM0NTY3ODklMkRhYmNkZWY=", "", "",
         0, NULL},
        {"", "synapse", OIDC_SECRET, 0, NULL},
        {BASIC, "open", "", 400, "invalid_request"},
        {BASIC, "synapse", OIDC_SECRET, 400, "invalid_request"},
        {BASIC, "", OIDC_SECRET, 400, "invalid_request"},
        {"", "synapse", "", 401, "invalid_client"},
        {"", "", OIDC_SECRET, 401, "invalid_client"},
        {"", "", "", 401, "invalid_client"},
        {"", "synapse", OIDC_SECRET "x", 401, "invalid_client"},
        {"", "nobody", OIDC_SECRET, 401, "invalid_client"},
        {"Basic c3luYXBzZTpzZWNyZXQtb2Ytc3luYXBzZS0wMTIzNDU2Nzg5LWFiY2RlZng=", "", "", 401,
         "invalid_client"},
        {"Basic c3luYXBzZXNlY3JldC1vZi1zeW5hcHNlLTAxMjM0NTY3ODktYWJjZGVm", "", "", 401,
         "invalid_client"},
        {"Basic c3luYXBzZTpzZWNyZXQtb2Ytc3luYXBzZS0wMTIzNDU2Nzg5LWFiY2RlZiUy", "", "", 401,
         "invalid_client"},
        {"Basic ", "", "", 401, "invalid_client"},
        {"Basic !!!!", "", "", 401, "invalid_client"},
        {"Basic c3luYXBzZTpzZWNyZXQtb2Ytc3luYXBzZS0wMTIzNDU2Nzg5LWFiY2RlZg===", "", "", 401,
         "invalid_client"},
        {"Basic c3luYXBzZTpzZWNyZXQtb2Ytc3luYXBzZS0wMTIzNDU2Nzg5LWFiY2RlZg== ", "", "", 401,
         "invalid_client"},
        {"Bearer c3luYXBzZTpzZWNyZXQtb2Ytc3luYXBzZS0wMTIzNDU2Nzg5LWFiY2RlZg==", "", "", 401,
         "invalid_client"},
        {"Basic", "", "", 401, "invalid_client"},
        {"B", "", "", 401, "invalid_client"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct lk_sso_token asked = {.authorization = oidc_text(rows[i].header),
                                           .client_id = oidc_text(rows[i].id),
                                           .client_secret = oidc_text(rows[i].secret)};
        const struct lk_oidc_client *client;
        struct lk_oidc_reply reply;

        lk_oidc_reply_init(&reply);
        client = lk_oidc_client_authenticate(&oidc, &asked, &reply);
        if (rows[i].status == 0) {
            assert_non_null(client);
            assert_string_equal(client->config->name, "synapse");
        } else {
            assert_null(client);
            error_is(&reply, rows[i].status, rows[i].error);
        }
        lk_buf_clear(&reply.body);
    }
}

static void secret_file(void **state)
{
    uint8_t digest[32];
    char text[300];

    (void)state;
    assert_int_equal(lk_oidc_secret_read(oidc.crypto, oidc_text(OIDC_SECRET), digest), 0);
    assert_int_equal(lk_oidc_secret_read(oidc.crypto, oidc_text(OIDC_SECRET "\n"), digest), 0);
    assert_memory_equal(digest, oidc.clients[0].secret, 32);
    assert_int_equal(lk_oidc_secret_read(oidc.crypto, oidc_text(""), digest), -LK_ERR_RANGE);
    assert_int_equal(
        lk_oidc_secret_read(oidc.crypto, oidc_text("0123456789012345678901234567890"), digest),
        -LK_ERR_RANGE);
    assert_int_equal(lk_oidc_secret_read(oidc.crypto, oidc_text(OIDC_SECRET "\n\n"), digest),
                     -LK_ERR_ENCODING);
    assert_int_equal(lk_oidc_secret_read(oidc.crypto, oidc_text(OIDC_SECRET " "), digest),
                     -LK_ERR_ENCODING);
    assert_int_equal(lk_oidc_secret_read(oidc.crypto, oidc_text(OIDC_SECRET "+"), digest),
                     -LK_ERR_ENCODING);
    memset(text, 'a', sizeof(text));
    assert_int_equal(lk_oidc_secret_read(oidc.crypto, LK_VIEW((const uint8_t *)text, 257), digest),
                     -LK_ERR_RANGE);
}

/* ---- the request ---- */

#define CASE(name, text, error)                                                                    \
    {                                                                                              \
        offsetof(struct lk_sso_token, name), text, error                                           \
    }

static void token_request(void **state)
{
    static const struct {
        size_t member;
        const char *value;
        const char *error;
    } rows[] = {
        CASE(grant_type, "authorization_code", NULL),
        CASE(grant_type, "", "invalid_request"),
        CASE(grant_type, "password", "unsupported_grant_type"),
        CASE(grant_type, "refresh_token", "unsupported_grant_type"),
        CASE(grant_type, "client_credentials", "unsupported_grant_type"),
        CASE(grant_type, "urn:ietf:params:oauth:grant-type:device_code", "unsupported_grant_type"),
        CASE(code, "", "invalid_request"),
        CASE(code, "AAAA", "invalid_grant"),
        CASE(code, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+", "invalid_grant"),
        CASE(redirect_uri, "", "invalid_request"),
        CASE(code_verifier, "", "invalid_request"),
        CASE(code_verifier, "short", "invalid_grant"),
        CASE(code_verifier, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjX!", "invalid_grant"),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct lk_sso_token asked = good();
        struct lk_view value = oidc_text(rows[i].value);
        struct lk_oidc_token token;
        struct lk_oidc_reply reply;
        bool go = true;

        lk_oidc_reply_init(&reply);
        memcpy((char *)&asked + rows[i].member, &value, sizeof(value));
        assert_int_equal(lk_oidc_token_check(&oidc, &asked, &token, &reply, &go), 0);
        assert_int_equal(go, rows[i].error == NULL);
        if (!go)
            error_is(&reply, 400, rows[i].error);
        /* Not even what is wrong with it is told to somebody who is not a client. */
        asked.authorization.len = 0;
        assert_int_equal(lk_oidc_token_check(&oidc, &asked, &token, &reply, &go), 0);
        assert_false(go);
        error_is(&reply, 401, "invalid_client");
        asked.flags = LK_SSO_REPEATED;
        assert_int_equal(lk_oidc_token_check(&oidc, &asked, &token, &reply, &go), 0);
        assert_false(go);
        error_is(&reply, 400, "invalid_request");
        lk_buf_clear(&reply.body);
    }
}

/* ---- the answer ---- */

static void checked(struct lk_oidc_token *token)
{
    const struct lk_sso_token asked = good();
    struct lk_oidc_reply reply;
    bool go = false;

    lk_oidc_reply_init(&reply);
    assert_int_equal(lk_oidc_token_check(&oidc, &asked, token, &reply, &go), 0);
    assert_true(go);
    lk_buf_clear(&reply.body);
}

static void answered(const struct lk_gateway_redeemed *redeemed, uint16_t status, const char *error,
                     bool ends)
{
    struct lk_oidc_token token;
    struct lk_oidc_reply reply;
    bool spoilt = false;

    lk_oidc_reply_init(&reply);
    checked(&token);
    assert_int_equal(
        lk_oidc_token_answer(&oidc, &token, redeemed, OIDC_ACCESS, OIDC_NOW, &reply, &spoilt), 0);
    assert_int_equal(spoilt, ends);
    if (error != NULL) {
        error_is(&reply, status, error);
        assert_null(memmem(reply.body.data, reply.body.len, OIDC_ACCESS, strlen(OIDC_ACCESS)));
    } else {
        assert_int_equal(reply.status, 200);
    }
    lk_buf_clear(&reply.body);
}

static void token_answer(void **state)
{
    struct lk_buf bytes = LK_BUF_INIT(LK_CODE_DATA_MAX);
    struct lk_oidc_code_data data;
    struct lk_gateway_redeemed redeemed;

    (void)state;
    oidc_data(&data);
    redeemed = oidc_redeemed(&data, &bytes);
    answered(&redeemed, 200, NULL, false);
    redeemed.reason = LK_REASON_CODE;
    answered(&redeemed, 400, "invalid_grant", false);
    redeemed.reason = LK_REASON_REPLAY;
    answered(&redeemed, 400, "invalid_grant", false);
    redeemed.reason = LK_REASON_REVOKED;
    answered(&redeemed, 400, "invalid_grant", false);
    redeemed.reason = LK_REASON_STORE_UNAVAILABLE;
    answered(&redeemed, 503, "temporarily_unavailable", false);
    redeemed = oidc_redeemed(&data, &bytes);
    redeemed.groups[0] = 'x';
    answered(&redeemed, 400, "invalid_grant", true);
    redeemed = oidc_redeemed(&data, &bytes);
    strcpy(redeemed.client, "open");
    answered(&redeemed, 400, "invalid_grant", true);
    redeemed = oidc_redeemed(&data, &bytes);
    redeemed.data.len--;
    answered(&redeemed, 400, "invalid_grant", true);
    data.redirect_uri[0] ^= 1;
    redeemed = oidc_redeemed(&data, &bytes);
    answered(&redeemed, 400, "invalid_grant", true);
    oidc_data(&data);
    data.code_challenge[31] ^= 1;
    redeemed = oidc_redeemed(&data, &bytes);
    answered(&redeemed, 400, "invalid_grant", true);
    oidc_data(&data);
    data.strength = LK_OIDC_PHRH;
    redeemed = oidc_redeemed(&data, &bytes);
    answered(&redeemed, 400, "invalid_grant", true);
    redeemed.facts |= LK_LOGIN_FACT_ATTESTED;
    answered(&redeemed, 200, NULL, false);
    lk_buf_clear(&bytes);
}

static void amr_is(const struct lk_json *payload, const char *words)
{
    const struct lk_json *amr;
    char text[128] = "";

    assert_int_equal(lk_json_get_array(payload, "amr", &amr), 0);
    for (size_t i = 0; i < lk_json_count(amr); i++) {
        strcat(text, i > 0 ? " " : "");
        strcat(text, lk_json_text(lk_json_item(amr, i)));
    }
    assert_string_equal(text, words);
}

static void id_token(void **state)
{
    static const struct {
        uint32_t facts;
        bool password;
        const char *acr;
        const char *amr;
    } rows[] = {
        {0, false, NULL, "user pop"},
        {0, true, NULL, "pwd user pop mfa"},
        {LK_LOGIN_FACT_ATTESTED, false, NULL, "hwk user pop"},
        {LK_LOGIN_FACT_ATTESTED, true, NULL, "pwd hwk user pop mfa"},
        {LK_LOGIN_FACT_USER_VERIFIED, false, "phr", "user pop mfa"},
        {LK_LOGIN_FACT_USER_VERIFIED, true, "phr", "pwd user pop mfa"},
        {LK_LOGIN_FACT_USER_VERIFIED | LK_LOGIN_FACT_ATTESTED, false, "phrh", "hwk user pop mfa"},
        {LK_LOGIN_FACT_USER_VERIFIED | LK_LOGIN_FACT_ATTESTED, true, "phrh",
         "pwd hwk user pop mfa"},
    };
    struct lk_buf bytes = LK_BUF_INIT(LK_CODE_DATA_MAX);
    struct lk_oidc_code_data data;
    struct lk_gateway_redeemed redeemed;

    (void)state;
    oidc_data(&data);
    redeemed = oidc_redeemed(&data, &bytes);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct lk_buf token = LK_BUF_INIT(LK_SSO_BODY_MAX);
        struct lk_json *payload;

        redeemed.facts = rows[i].facts;
        data.password = rows[i].password;
        assert_int_equal(lk_oidc_id_token(&oidc, &oidc.clients[0], &redeemed, &data, OIDC_ACCESS,
                                          OIDC_NOW, &token),
                         0);
        payload = oidc_oracle(lk_buf_view(&token), "JWT", &oidc_keys[1]);
        oidc_string_is(payload, "iss", "https://key.example.org");
        oidc_string_is(payload, "sub", "aa010000000000000000000000000000");
        oidc_string_is(payload, "aud", "synapse");
        oidc_number_is(payload, "iat", OIDC_NOW);
        oidc_number_is(payload, "exp", OIDC_NOW + 300);
        oidc_number_is(payload, "auth_time", OIDC_NOW - 20);
        oidc_string_is(payload, "nonce", "n-0S6_WzA2Mj");
        oidc_string_is(payload, "sid", "bb020000000000000000000000000000");
        oidc_string_is(payload, "acr", rows[i].acr);
        amr_is(payload, rows[i].amr);
        oidc_string_is(payload, "preferred_username", "alice");
        oidc_string_is(payload, "name", "Alice of NSS");
        oidc_string_is(payload, "email", NULL);
        oidc_string_is(payload, "at_hash", "au_MXItKX5w_gtd_nKgAng");
        lk_json_free(payload);
        lk_buf_clear(&token);
    }
    lk_buf_clear(&bytes);
}

/* Nothing is said that is not so: no nonce, no name; the record's name before NSS's. The key of another time, or none. */
static void id_token_variants(void **state)
{
    struct lk_config_client client = *oidc.clients[0].config;
    const struct lk_oidc_client with = {.config = &client};
    struct lk_buf bytes = LK_BUF_INIT(LK_CODE_DATA_MAX);
    struct lk_buf token = LK_BUF_INIT(LK_SSO_BODY_MAX);
    struct lk_oidc_code_data data;
    struct lk_gateway_redeemed redeemed;
    struct lk_json *payload;

    (void)state;
    oidc_data(&data);
    redeemed = oidc_redeemed(&data, &bytes);
    data.nonce[0] = data.full_name[0] = '\0';
    client.algorithm = LK_CONFIG_RS256;
    assert_int_equal(
        lk_oidc_id_token(&oidc, &with, &redeemed, &data, OIDC_ACCESS, OIDC_NOW, &token), 0);
    payload = oidc_oracle(lk_buf_view(&token), "JWT", &oidc_keys[3]);
    oidc_string_is(payload, "nonce", NULL);
    oidc_string_is(payload, "name", NULL);
    lk_json_free(payload);
    client.algorithm = LK_CONFIG_ES256;
    strcpy(data.full_name, "NSS");
    strcpy(redeemed.full_name, "Record \"\\\xc3\xa9");
    strcpy(redeemed.email, "alice@example.org");
    lk_buf_reset(&token);
    assert_int_equal(
        lk_oidc_id_token(&oidc, &with, &redeemed, &data, OIDC_ACCESS, OIDC_NOW + 86400, &token), 0);
    payload = oidc_oracle(lk_buf_view(&token), "JWT", &oidc_keys[2]);
    oidc_string_is(payload, "name", "Record \"\\\xc3\xa9");
    oidc_string_is(payload, "email", "alice@example.org");
    lk_json_free(payload);
    lk_buf_reset(&token);
    oidc.key_count = 0;
    assert_int_equal(
        lk_oidc_id_token(&oidc, &with, &redeemed, &data, OIDC_ACCESS, OIDC_NOW, &token),
        -LK_ERR_NOT_FOUND);
    oidc.key_count = 4;
    lk_buf_clear(&token);
    lk_buf_clear(&bytes);
}

static void userinfo(void **state)
{
    static const char *const bad[] = {"",
                                      "Bearer",
                                      "Bearer " OIDC_ACCESS "x",
                                      "Bearer  " OIDC_ACCESS,
                                      "Basic " OIDC_ACCESS "x",
                                      "Basic " OIDC_ACCESS};
    struct lk_sso_userinfo asked = {.authorization = oidc_text("bearer " OIDC_ACCESS)};
    const struct lk_oidc_code_data data = {.full_name = "Alice of NSS"};
    struct lk_gateway_redeemed redeemed = {.name = "alice", .email = "alice@example.org"};
    struct lk_buf bytes = LK_BUF_INIT(LK_CODE_DATA_MAX);
    struct lk_oidc_reply reply;
    struct lk_json *document;
    uint8_t access[32];
    uint8_t wanted[32];

    (void)state;
    lk_oidc_reply_init(&reply);
    assert_true(lk_oidc_userinfo_check(&oidc, &asked, access, &reply));
    assert_int_equal(lk_oidc_handle_name(&oidc, oidc_text(OIDC_ACCESS), wanted), 0);
    assert_memory_equal(access, wanted, 32);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        asked.authorization = oidc_text(bad[i]);
        assert_false(lk_oidc_userinfo_check(&oidc, &asked, access, &reply));
        error_is(&reply, 401, "invalid_token");
        assert_memory_equal(reply.authenticate, "Bearer", 6);
    }
    memcpy(redeemed.subject, oidc_subject, 16);
    assert_int_equal(lk_oidc_code_data_encode(&data, &bytes), 0);
    redeemed.data = lk_buf_view(&bytes);
    assert_int_equal(lk_oidc_userinfo_answer(&redeemed, &reply), 0);
    assert_int_equal(reply.status, 200);
    document = body_of(&reply);
    oidc_string_is(document, "sub", "aa010000000000000000000000000000");
    oidc_string_is(document, "email", "alice@example.org");
    /* Of NSS, as the ID token says, unless the agent's record has one. */
    oidc_string_is(document, "name", "Alice of NSS");
    lk_json_free(document);
    strcpy(redeemed.full_name, "Alice of the record");
    assert_int_equal(lk_oidc_userinfo_answer(&redeemed, &reply), 0);
    document = body_of(&reply);
    oidc_string_is(document, "name", "Alice of the record");
    lk_json_free(document);
    redeemed.data = LK_VIEW(NULL, 0);
    assert_int_equal(lk_oidc_userinfo_answer(&redeemed, &reply), 0);
    error_is(&reply, 503, "temporarily_unavailable");
    lk_buf_clear(&bytes);
    redeemed.reason = LK_REASON_CODE;
    assert_int_equal(lk_oidc_userinfo_answer(&redeemed, &reply), 0);
    error_is(&reply, 401, "invalid_token");
    redeemed.reason = LK_REASON_STORE_LOW;
    assert_int_equal(lk_oidc_userinfo_answer(&redeemed, &reply), 0);
    error_is(&reply, 503, "temporarily_unavailable");
    lk_buf_clear(&reply.body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(client_authentication),
        cmocka_unit_test(secret_file),
        cmocka_unit_test(token_request),
        cmocka_unit_test(token_answer),
        cmocka_unit_test(id_token),
        cmocka_unit_test(id_token_variants),
        cmocka_unit_test(userinfo),
    };

    return cmocka_run_group_tests(tests, oidc_start, oidc_stop);
}
