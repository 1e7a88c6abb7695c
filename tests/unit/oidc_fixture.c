/* SPDX-License-Identifier: EUPL-1.2 */
#include "oidc_fixture.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64url.h"

struct lk_oidc_provider oidc;
struct lk_config oidc_config;
struct lk_oidc_key oidc_keys[4];

static char redirect[] = OIDC_REDIRECT;
static char redirect_query[] = "https://matrix.example.org/callback?idp=latchkey";
static char out[] = OIDC_OUT;
static char school[] = "school";
static char everybody[] = "everybody";
static char *redirects[] = {redirect, redirect_query, NULL};
static char *outs[] = {out, NULL};
static char *serves_school[] = {school, NULL};
static char *serves_all[] = {everybody, NULL};
static struct lk_config_client config_clients[3];
static struct lk_oidc_client clients[3];
static uint8_t seals[2][32];
static struct lk_crypto *crypto;

struct lk_view oidc_text(const char *text)
{
    return LK_VIEW((const uint8_t *)text, strlen(text));
}

static void make_client(size_t index, const char *name, char **serves)
{
    struct lk_config_client *client = &config_clients[index];
    struct lk_view secret = oidc_text(OIDC_SECRET);

    *client = (struct lk_config_client){.redirect_uri = redirects,
                                        .post_logout_redirect_uri = outs,
                                        .serves = serves,
                                        .algorithm = LK_CONFIG_ES256};
    strcpy(client->name, name);
    clients[index].config = client;
    assert_int_equal(lk_sha256(oidc.crypto, &secret, 1, clients[index].secret), 0);
}

static void make_key(size_t index, enum lk_algorithm algorithm, int64_t from, int64_t until)
{
    oidc_keys[index] = (struct lk_oidc_key){.signs_from = from, .published_until = until};
    assert_int_equal(lk_signing_key_generate(oidc.crypto, algorithm, 2048, &oidc_keys[index].key),
                     0);
}

int oidc_start(void **state)
{
    (void)state;
    assert_int_equal(lk_crypto_start(&crypto), 0);
    memset(seals[0], 1, 32);
    memset(seals[1], 2, 32);
    strcpy(oidc_config.gateway_host, "key.example.org");
    oidc_config.gateway_port = 443;
    oidc = (struct lk_oidc_provider){.crypto = crypto,
                                     .random = &lk_random_system,
                                     .config = &oidc_config,
                                     .clients = clients,
                                     .client_count = 3,
                                     .keys = oidc_keys,
                                     .key_count = 4,
                                     .seals = seals,
                                     .seal_count = 2};
    assert_int_equal(lk_oidc_issuer(&oidc_config, oidc.issuer), 0);
    make_client(0, "synapse", serves_school);
    make_client(1, "open", serves_all);
    make_client(2, "closed", NULL);
    make_key(0, LK_ALGORITHM_ES256, 1, OIDC_NOW - 1);
    make_key(1, LK_ALGORITHM_ES256, OIDC_NOW - 1000, INT64_MAX);
    make_key(2, LK_ALGORITHM_ES256, OIDC_NOW + 86400, INT64_MAX);
    make_key(3, LK_ALGORITHM_RS256, 1, INT64_MAX);
    return 0;
}

int oidc_stop(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++)
        oidc_keys[i].key = lk_signing_key_free(oidc_keys[i].key);
    crypto = lk_crypto_free(crypto);
    return 0;
}

const char *oidc_parameter(struct lk_view location, const char *name)
{
    static char value[4096];
    char text[4097];
    char wanted[64];
    char *found;
    size_t len = 0;

    assert_true(location.len < sizeof(text));
    memcpy(text, location.data, location.len);
    text[location.len] = '\0';
    for (int i = 0; i < 2; i++) {
        snprintf(wanted, sizeof(wanted), "%c%s=", i == 0 ? '?' : '&', name);
        found = strstr(text, wanted);
        if (found != NULL)
            break;
    }
    if (found == NULL)
        return NULL;
    for (found += strlen(wanted); *found != '\0' && *found != '&'; found++) {
        if (*found == '%') {
            char digits[3] = {found[1], found[2], 0};

            value[len++] = (char)strtol(digits, NULL, 16);
            found += 2;
        } else {
            value[len++] = *found;
        }
    }
    value[len] = '\0';
    return value;
}

/* ---- the oracle ---- */

static void decode(const char *text, size_t len, struct lk_buf *bytes)
{
    *bytes = LK_BUF_INIT(16384);
    assert_int_equal(lk_base64url_decode(bytes, text, len), 0);
}

static void member(const struct lk_json *object, const char *name, struct lk_buf *bytes)
{
    const char *text;

    assert_int_equal(lk_json_get_string(object, name, &text), 0);
    decode(text, strlen(text), bytes);
}

/* From the document that applications read. */
static EVP_PKEY *published(const char *kid)
{
    struct lk_buf body = LK_BUF_INIT(LK_SSO_DOCUMENT_MAX);
    struct lk_json *document = NULL;
    const struct lk_json *keys;
    EVP_PKEY *pkey = NULL;

    assert_int_equal(lk_oidc_jwks(&oidc, 0, &body), 0);
    assert_int_equal(lk_json_parse(lk_buf_view(&body), body.len, &document), 0);
    assert_int_equal(lk_json_get_array(document, "keys", &keys), 0);
    for (size_t i = 0; i < lk_json_count(keys); i++) {
        const struct lk_json *jwk = lk_json_item(keys, i);
        OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
        EVP_PKEY_CTX *context;
        struct lk_buf one;
        struct lk_buf other;
        OSSL_PARAM *params;
        uint8_t point[65] = {4};
        const char *text;
        BIGNUM *n = NULL;
        BIGNUM *e = NULL;
        bool ec;

        assert_int_equal(lk_json_get_string(jwk, "kid", &text), 0);
        if (strcmp(text, kid) != 0) {
            OSSL_PARAM_BLD_free(build);
            continue;
        }
        assert_int_equal(lk_json_get_string(jwk, "kty", &text), 0);
        ec = strcmp(text, "EC") == 0;
        member(jwk, ec ? "x" : "n", &one);
        member(jwk, ec ? "y" : "e", &other);
        if (ec) {
            memcpy(point + 1, one.data, 32);
            memcpy(point + 33, other.data, 32);
            OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
            OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, 65);
        } else {
            n = BN_bin2bn(one.data, (int)one.len, NULL);
            e = BN_bin2bn(other.data, (int)other.len, NULL);
            OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n);
            OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e);
        }
        params = OSSL_PARAM_BLD_to_param(build);
        context = EVP_PKEY_CTX_new_from_name(NULL, ec ? "EC" : "RSA", NULL);
        assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
        assert_int_equal(EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, params), 1);
        EVP_PKEY_CTX_free(context);
        OSSL_PARAM_free(params);
        OSSL_PARAM_BLD_free(build);
        BN_free(n);
        BN_free(e);
        lk_buf_clear(&one);
        lk_buf_clear(&other);
    }
    lk_json_free(document);
    lk_buf_clear(&body);
    assert_non_null(pkey);
    return pkey;
}

static void verify(EVP_PKEY *pkey, struct lk_view message, const struct lk_buf *raw)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char *der = NULL;
    int len = (int)raw->len;

    if (EVP_PKEY_is_a(pkey, "EC")) {
        ECDSA_SIG *sig = ECDSA_SIG_new();

        assert_int_equal(raw->len, 64);
        ECDSA_SIG_set0(sig, BN_bin2bn(raw->data, 32, NULL), BN_bin2bn(raw->data + 32, 32, NULL));
        len = i2d_ECDSA_SIG(sig, &der);
        ECDSA_SIG_free(sig);
    }
    assert_int_equal(EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, pkey), 1);
    assert_int_equal(EVP_DigestVerify(context, der != NULL ? der : raw->data, (size_t)len,
                                      message.data, message.len),
                     1);
    OPENSSL_free(der);
    EVP_MD_CTX_free(context);
}

struct lk_json *oidc_oracle(struct lk_view token, const char *type, const struct lk_oidc_key *key)
{
    const char *text = (const char *)token.data;
    const char *first = memchr(text, '.', token.len);
    const char *second = memchr(first + 1, '.', token.len - (size_t)(first + 1 - text));
    bool ec = lk_signing_key_algorithm(key->key) == LK_ALGORITHM_ES256;
    EVP_PKEY *pkey = published(lk_signing_key_kid(key->key));
    struct lk_json *header = NULL;
    struct lk_json *payload = NULL;
    struct lk_buf bytes;

    decode(text, (size_t)(first - text), &bytes);
    assert_int_equal(lk_json_parse(lk_buf_view(&bytes), bytes.len, &header), 0);
    lk_buf_clear(&bytes);
    oidc_string_is(header, "alg", ec ? "ES256" : "RS256");
    oidc_string_is(header, "typ", type);
    oidc_string_is(header, "kid", lk_signing_key_kid(key->key));
    lk_json_free(header);
    decode(second + 1, token.len - (size_t)(second + 1 - text), &bytes);
    verify(pkey, LK_VIEW(token.data, (size_t)(second - text)), &bytes);
    lk_buf_clear(&bytes);
    EVP_PKEY_free(pkey);
    decode(first + 1, (size_t)(second - first - 1), &bytes);
    assert_int_equal(lk_json_parse(lk_buf_view(&bytes), bytes.len, &payload), 0);
    lk_buf_clear(&bytes);
    return payload;
}

const uint8_t oidc_subject[16] = {0xaa, 1};
const uint8_t oidc_sid[16] = {0xbb, 2};

void oidc_string_is(const struct lk_json *object, const char *name, const char *value)
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

void oidc_number_is(const struct lk_json *object, const char *name, int64_t value)
{
    int64_t number = 0;

    assert_int_equal(lk_json_get_int(object, name, INT64_MIN, INT64_MAX, &number), 0);
    assert_int_equal(number, value);
}

void oidc_data(struct lk_oidc_code_data *data)
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

struct lk_gateway_redeemed oidc_redeemed(const struct lk_oidc_code_data *data, struct lk_buf *bytes)
{
    struct lk_gateway_redeemed redeemed = {.client = "synapse",
                                           .name = "alice",
                                           .groups = "school",
                                           .auth_time = OIDC_NOW - 20,
                                           .facts = LK_LOGIN_FACT_USER_VERIFIED};

    lk_buf_reset(bytes);
    assert_int_equal(lk_oidc_code_data_encode(data, bytes), 0);
    memcpy(redeemed.subject, oidc_subject, 16);
    memcpy(redeemed.sid, oidc_sid, 16);
    redeemed.data = lk_buf_view(bytes);
    return redeemed;
}
