/* SPDX-License-Identifier: EUPL-1.2 */
/* Client authentication, the token request, what the tokens say, userinfo, logout and the documents. Signatures are checked by the fixture's oracle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64url.h"
#include "oidc_fixture.h"

#define CODE   "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define ACCESS "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA"

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

static void string_is(const struct lk_json *object, const char *name, const char *value)
{
    const char *text = NULL;
    int r = lk_json_get_string(object, name, &text);

    if (value == NULL) {
        assert_int_equal(r, -LK_ERR_NOT_FOUND);
        return;
    }
    assert_int_equal(r, 0);
    assert_string_equal(text, value);
}

static void number_is(const struct lk_json *object, const char *name, int64_t value)
{
    int64_t number = 0;

    assert_int_equal(lk_json_get_int(object, name, INT64_MIN, INT64_MAX, &number), 0);
    assert_int_equal(number, value);
}

static void error_is(const struct lk_oidc_reply *reply, uint16_t status, const char *error)
{
    struct lk_json *document = body_of(reply);

    assert_int_equal(reply->status, status);
    string_is(document, "error", error);
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

static const uint8_t subject[16] = {0xaa, 1};
static const uint8_t sid[16] = {0xbb, 2};

static void data_of(struct lk_oidc_code_data *data)
{
    struct lk_buf challenge = LK_BUF_INIT(32);

    *data = (struct lk_oidc_code_data){.password = true};
    assert_int_equal(lk_oidc_text_digest(&oidc, oidc_text(OIDC_REDIRECT), data->redirect_uri), 0);
    assert_int_equal(lk_base64url_decode(&challenge, OIDC_S256, strlen(OIDC_S256)), 0);
    memcpy(data->code_challenge, challenge.data, 32);
    lk_buf_clear(&challenge);
    strcpy(data->nonce, "n-0S6_WzA2Mj");
    strcpy(data->full_name, "Alice of NSS");
}

static struct lk_gateway_redeemed redeemed_with(const struct lk_oidc_code_data *data,
                                                struct lk_buf *bytes)
{
    struct lk_gateway_redeemed redeemed = {.client = "synapse",
                                           .name = "alice",
                                           .groups = "school",
                                           .auth_time = OIDC_NOW - 20,
                                           .facts = LK_LOGIN_FACT_USER_VERIFIED};

    lk_buf_reset(bytes);
    assert_int_equal(lk_oidc_code_data_encode(data, bytes), 0);
    memcpy(redeemed.subject, subject, 16);
    memcpy(redeemed.sid, sid, 16);
    redeemed.data = lk_buf_view(bytes);
    return redeemed;
}

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
        lk_oidc_token_answer(&oidc, &token, redeemed, ACCESS, OIDC_NOW, &reply, &spoilt), 0);
    assert_int_equal(spoilt, ends);
    if (error != NULL) {
        error_is(&reply, status, error);
        assert_null(memmem(reply.body.data, reply.body.len, ACCESS, strlen(ACCESS)));
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
    data_of(&data);
    redeemed = redeemed_with(&data, &bytes);
    answered(&redeemed, 200, NULL, false);
    redeemed.reason = LK_REASON_CODE;
    answered(&redeemed, 400, "invalid_grant", false);
    redeemed.reason = LK_REASON_REPLAY;
    answered(&redeemed, 400, "invalid_grant", false);
    redeemed.reason = LK_REASON_REVOKED;
    answered(&redeemed, 400, "invalid_grant", false);
    redeemed.reason = LK_REASON_STORE_UNAVAILABLE;
    answered(&redeemed, 503, "temporarily_unavailable", false);
    redeemed = redeemed_with(&data, &bytes);
    redeemed.groups[0] = 'x';
    answered(&redeemed, 400, "invalid_grant", true);
    redeemed = redeemed_with(&data, &bytes);
    strcpy(redeemed.client, "open");
    answered(&redeemed, 400, "invalid_grant", true);
    redeemed = redeemed_with(&data, &bytes);
    redeemed.data.len--;
    answered(&redeemed, 400, "invalid_grant", true);
    data.redirect_uri[0] ^= 1;
    redeemed = redeemed_with(&data, &bytes);
    answered(&redeemed, 400, "invalid_grant", true);
    data_of(&data);
    data.code_challenge[31] ^= 1;
    redeemed = redeemed_with(&data, &bytes);
    answered(&redeemed, 400, "invalid_grant", true);
    data_of(&data);
    data.strength = LK_OIDC_PHRH;
    redeemed = redeemed_with(&data, &bytes);
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
    data_of(&data);
    redeemed = redeemed_with(&data, &bytes);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct lk_buf token = LK_BUF_INIT(LK_SSO_BODY_MAX);
        struct lk_json *payload;

        redeemed.facts = rows[i].facts;
        data.password = rows[i].password;
        assert_int_equal(
            lk_oidc_id_token(&oidc, &oidc.clients[0], &redeemed, &data, ACCESS, OIDC_NOW, &token),
            0);
        payload = oidc_oracle(lk_buf_view(&token), "JWT", &oidc_keys[1]);
        string_is(payload, "iss", "https://key.example.org");
        string_is(payload, "sub", "aa010000000000000000000000000000");
        string_is(payload, "aud", "synapse");
        number_is(payload, "iat", OIDC_NOW);
        number_is(payload, "exp", OIDC_NOW + 300);
        number_is(payload, "auth_time", OIDC_NOW - 20);
        string_is(payload, "nonce", "n-0S6_WzA2Mj");
        string_is(payload, "sid", "bb020000000000000000000000000000");
        string_is(payload, "acr", rows[i].acr);
        amr_is(payload, rows[i].amr);
        string_is(payload, "preferred_username", "alice");
        string_is(payload, "name", "Alice of NSS");
        string_is(payload, "email", NULL);
        string_is(payload, "at_hash", "au_MXItKX5w_gtd_nKgAng");
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
    data_of(&data);
    redeemed = redeemed_with(&data, &bytes);
    data.nonce[0] = data.full_name[0] = '\0';
    client.algorithm = LK_CONFIG_RS256;
    assert_int_equal(lk_oidc_id_token(&oidc, &with, &redeemed, &data, ACCESS, OIDC_NOW, &token), 0);
    payload = oidc_oracle(lk_buf_view(&token), "JWT", &oidc_keys[3]);
    string_is(payload, "nonce", NULL);
    string_is(payload, "name", NULL);
    lk_json_free(payload);
    client.algorithm = LK_CONFIG_ES256;
    strcpy(data.full_name, "NSS");
    strcpy(redeemed.full_name, "Record \"\\\xc3\xa9");
    strcpy(redeemed.email, "alice@example.org");
    lk_buf_reset(&token);
    assert_int_equal(
        lk_oidc_id_token(&oidc, &with, &redeemed, &data, ACCESS, OIDC_NOW + 86400, &token), 0);
    payload = oidc_oracle(lk_buf_view(&token), "JWT", &oidc_keys[2]);
    string_is(payload, "name", "Record \"\\\xc3\xa9");
    string_is(payload, "email", "alice@example.org");
    lk_json_free(payload);
    lk_buf_reset(&token);
    assert_int_equal(lk_oidc_id_token(&oidc, &with, &redeemed, &data, ACCESS, 0, &token),
                     -LK_ERR_NOT_FOUND);
    lk_buf_clear(&token);
    lk_buf_clear(&bytes);
}

static void userinfo(void **state)
{
    static const char *const bad[] = {"",
                                      "Bearer",
                                      "Bearer " ACCESS "x",
                                      "Bearer  " ACCESS,
                                      "Basic " ACCESS "x",
                                      "Basic " ACCESS};
    struct lk_sso_userinfo asked = {.authorization = oidc_text("bearer " ACCESS)};
    struct lk_gateway_redeemed redeemed = {.name = "alice", .email = "alice@example.org"};
    struct lk_oidc_reply reply;
    struct lk_json *document;
    uint8_t access[32];
    uint8_t wanted[32];

    (void)state;
    lk_oidc_reply_init(&reply);
    assert_true(lk_oidc_userinfo_check(&oidc, &asked, access, &reply));
    assert_int_equal(lk_oidc_text_digest(&oidc, oidc_text(ACCESS), wanted), 0);
    assert_memory_equal(access, wanted, 32);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        asked.authorization = oidc_text(bad[i]);
        assert_false(lk_oidc_userinfo_check(&oidc, &asked, access, &reply));
        error_is(&reply, 401, "invalid_token");
        assert_memory_equal(reply.authenticate, "Bearer", 6);
    }
    memcpy(redeemed.subject, subject, 16);
    assert_int_equal(lk_oidc_userinfo_answer(&redeemed, &reply), 0);
    assert_int_equal(reply.status, 200);
    document = body_of(&reply);
    string_is(document, "sub", "aa010000000000000000000000000000");
    string_is(document, "email", "alice@example.org");
    lk_json_free(document);
    redeemed.reason = LK_REASON_CODE;
    assert_int_equal(lk_oidc_userinfo_answer(&redeemed, &reply), 0);
    error_is(&reply, 401, "invalid_token");
    redeemed.reason = LK_REASON_STORE_LOW;
    assert_int_equal(lk_oidc_userinfo_answer(&redeemed, &reply), 0);
    error_is(&reply, 503, "temporarily_unavailable");
    lk_buf_clear(&reply.body);
}

/* ---- logout ---- */

static void make_hint(struct lk_buf *token, int64_t when)
{
    struct lk_buf bytes = LK_BUF_INIT(LK_CODE_DATA_MAX);
    struct lk_oidc_code_data data;
    struct lk_gateway_redeemed redeemed;

    data_of(&data);
    redeemed = redeemed_with(&data, &bytes);
    assert_int_equal(
        lk_oidc_id_token(&oidc, &oidc.clients[0], &redeemed, &data, ACCESS, when, token), 0);
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
    assert_memory_equal(got.subject, subject, 16);
    assert_memory_equal(got.sid, sid, 16);
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
    memcpy(logout.subject, subject, 16);
    memcpy(logout.sid, sid, 16);
    assert_int_equal(lk_oidc_logout_token(&oidc, &logout, OIDC_NOW, &token), 0);
    payload = oidc_oracle(lk_buf_view(&token), "logout+jwt", &oidc_keys[1]);
    string_is(payload, "iss", "https://key.example.org");
    string_is(payload, "sub", "aa010000000000000000000000000000");
    string_is(payload, "aud", "synapse");
    string_is(payload, "sid", "bb020000000000000000000000000000");
    string_is(payload, "nonce", NULL);
    number_is(payload, "iat", OIDC_NOW);
    number_is(payload, "exp", OIDC_NOW + 120);
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
            assert_memory_equal(logout.sid, sid, 16);
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
    assert_memory_equal(got.request.only_subject, subject, 16);
    asked.claims =
        oidc_text("{\"id_token\":{\"sub\":{\"value\":\"cc000000000000000000000000000000\"}}}");
    assert_int_equal(lk_oidc_authorize(&oidc, &asked, OIDC_NOW, &location, &got), 0);
    assert_int_equal(
        lk_oidc_admit(&oidc, &got.request, subject, "school", LK_LOGIN_FACT_USER_VERIFIED),
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
    string_is(document, "issuer", "https://key.example.org");
    string_is(document, "authorization_endpoint", "https://key.example.org/authorize");
    string_is(document, "token_endpoint", "https://key.example.org/token");
    string_is(document, "jwks_uri", "https://key.example.org/jwks");
    string_is(document, "userinfo_endpoint", "https://key.example.org/userinfo");
    string_is(document, "end_session_endpoint", "https://key.example.org/logout");
    assert_true(list_holds(document, "response_types_supported", "code"));
    assert_true(list_holds(document, "code_challenge_methods_supported", "S256"));
    assert_false(list_holds(document, "code_challenge_methods_supported", "plain"));
    assert_true(list_holds(document, "id_token_signing_alg_values_supported", "ES256"));
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
    assert_null(lk_oidc_key_signing(&oidc, LK_CONFIG_ES256, 0));
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
        cmocka_unit_test(client_authentication),
        cmocka_unit_test(secret_file),
        cmocka_unit_test(token_request),
        cmocka_unit_test(token_answer),
        cmocka_unit_test(id_token),
        cmocka_unit_test(id_token_variants),
        cmocka_unit_test(userinfo),
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
