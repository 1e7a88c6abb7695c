/* SPDX-License-Identifier: EUPL-1.2 */
/* Each token answer, looked into after the clock has stopped: what a relying party must check (OIDC Core 3.1.3.7), with OpenSSL and not with the gateway's own code. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sso_bench.h"
#include "json/json.h"

enum { KEYS_MAX = 8, CLOCK_SLACK = 120 };

struct key_list {
    size_t count;
    EVP_PKEY *keys[KEYS_MAX];
};

static EVP_PKEY *key_from_point(const uint8_t point[65])
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM *parameters;
    EVP_PKEY *key = NULL;

    NEED(context != NULL && builder != NULL &&
         OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) == 1 &&
         OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, 65) == 1);
    parameters = OSSL_PARAM_BLD_to_param(builder);
    NEED(parameters != NULL && EVP_PKEY_fromdata_init(context) == 1 &&
         EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) == 1);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(context);
    return key;
}

static void read_keys(struct lk_view key_set, struct key_list *list)
{
    struct lk_json *document;
    const struct lk_json *keys;

    NEED(lk_json_parse(key_set, LK_JSON_SIZE_MAX, &document) == 0);
    NEED(lk_json_get_array(document, "keys", &keys) == 0);
    for (size_t i = 0; i < lk_json_count(keys) && list->count < KEYS_MAX; i++) {
        const struct lk_json *key = lk_json_item(keys, i);
        struct lk_buf point = LK_BUF_INIT(65);
        const char *type;
        const char *x;
        const char *y;

        if (lk_json_get_string(key, "kty", &type) != 0 || strcmp(type, "EC") != 0)
            continue;
        lk_buf_put_u8(&point, 4);
        NEED(lk_json_get_string(key, "x", &x) == 0 && lk_json_get_string(key, "y", &y) == 0);
        NEED(lk_base64url_decode(&point, x, strlen(x)) == 0 &&
             lk_base64url_decode(&point, y, strlen(y)) == 0 && point.len == 65);
        list->keys[list->count++] = key_from_point(point.data);
        lk_buf_clear(&point);
    }
    NEED(list->count > 0);
    lk_json_free(document);
}

/* RFC 7515 section 5.2 for ES256: r and s, made into the DER that OpenSSL reads. */
static bool verify(const struct key_list *list, struct lk_view signed_part,
                   struct lk_view signature)
{
    ECDSA_SIG *pair = ECDSA_SIG_new();
    uint8_t digest[32];
    unsigned char *der = NULL;
    int len;
    bool good = false;

    if (signature.len != 64) {
        ECDSA_SIG_free(pair);
        return false;
    }
    NEED(pair != NULL && ECDSA_SIG_set0(pair, BN_bin2bn(signature.data, 32, NULL),
                                        BN_bin2bn(signature.data + 32, 32, NULL)) == 1);
    len = i2d_ECDSA_SIG(pair, &der);
    NEED(len > 0);
    test_sha256(signed_part.data, signed_part.len, digest);
    for (size_t i = 0; i < list->count && !good; i++) {
        EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(list->keys[i], NULL);

        NEED(context != NULL && EVP_PKEY_verify_init(context) == 1);
        good = EVP_PKEY_verify(context, der, (size_t)len, digest, sizeof(digest)) == 1;
        EVP_PKEY_CTX_free(context);
    }
    OPENSSL_free(der);
    ECDSA_SIG_free(pair);
    return good;
}

static bool says(const struct lk_json *claims, const char *name, const char *expected)
{
    const char *text;

    return lk_json_get_string(claims, name, &text) == 0 && strcmp(text, expected) == 0;
}

static const char *claims_wrong(const struct lk_json *claims, const struct load_record *record)
{
    struct lk_subject subject;
    char text[64];
    const char *sid;
    int64_t now = time(NULL);
    int64_t at;

    population_subject(record->credential, &subject);
    lk_hex(text, sizeof(text), subject.bytes, sizeof(subject.bytes));
    if (!says(claims, "sub", text))
        return "sub";
    (void)snprintf(text, sizeof(text), "nonce-%llu", (unsigned long long)record->number);
    if (!says(claims, "nonce", text))
        return "nonce";
    if (!says(claims, "iss", SSO_ISSUER))
        return "iss";
    if (!says(claims, "aud", SSO_CLIENT))
        return "aud";
    if (!says(claims, "acr", "phr"))
        return "acr";
    if (lk_json_get_string(claims, "sid", &sid) != 0 || strlen(sid) != 2 * (size_t)LK_SID_SIZE)
        return "sid";
    if (lk_json_get_int(claims, "exp", now, now + 86400, &at) != 0)
        return "exp";
    if (lk_json_get_int(claims, "auth_time", now - 3600, now + CLOCK_SLACK, &at) != 0)
        return "auth_time";
    return NULL;
}

/* NULL, or what is wrong with this one. */
static const char *token_wrong(const struct key_list *list, const char *token,
                               const struct load_record *record)
{
    const char *first = strchr(token, '.');
    const char *second = first != NULL ? strchr(first + 1, '.') : NULL;
    struct lk_buf payload = LK_BUF_INIT(8192);
    struct lk_buf signature = LK_BUF_INIT(64);
    struct lk_json *claims = NULL;
    const char *wrong = "form";

    if (second != NULL &&
        lk_base64url_decode(&payload, first + 1, (size_t)(second - first - 1)) == 0 &&
        lk_base64url_decode(&signature, second + 1, strlen(second + 1)) == 0 &&
        lk_json_parse(lk_buf_view(&payload), payload.max, &claims) == 0)
        wrong = !verify(list, LK_VIEW((const uint8_t *)token, (size_t)(second - token)),
                        lk_buf_view(&signature))
                    ? "signature"
                    : claims_wrong(claims, record);
    lk_json_free(claims);
    lk_buf_clear(&payload);
    lk_buf_clear(&signature);
    return wrong;
}

size_t tokens_check(const struct load *load, struct lk_view key_set)
{
    struct key_list list = {0};
    size_t bad = 0;

    read_keys(key_set, &list);
    for (size_t i = 0; i < load->count; i++) {
        const struct load_record *record = &load->records[i];
        struct lk_json *answer = NULL;
        const char *token = NULL;
        const char *wrong = "no answer in JSON";

        if (record->answer_len == 0)
            continue; /* lost, and counted there */
        if (lk_json_parse(LK_VIEW(record->answer, record->answer_len), LK_JSON_SIZE_MAX, &answer) ==
                0 &&
            lk_json_get_string(answer, "id_token", &token) == 0)
            wrong = token_wrong(&list, token, record);
        if (wrong != NULL && bad++ == 0)
            (void)fprintf(stderr, "login %llu: the ID token is wrong: %s\n",
                          (unsigned long long)record->number, wrong);
        lk_json_free(answer);
    }
    for (size_t i = 0; i < list.count; i++)
        EVP_PKEY_free(list.keys[i]);
    return bad;
}
