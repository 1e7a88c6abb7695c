/* SPDX-License-Identifier: EUPL-1.2 */
/* Compact JWS (RFC 7515): made with our keys, and read again when an application shows us one of our own tokens.
 *
 * Hostile input: the token of a hint. Only a key id of ours is looked for, only with that key's algorithm (RFC 8725 section 3.1), only of the type asked for (3.11); what
 * stands in the payload is read after the signature has verified. */
#include <stdio.h>
#include <string.h>

#include "base/base64url.h"
#include "sso/oidc/oidc.h"

enum { JWS_TOKEN_MAX = 8192, JWS_HEADER_MAX = 512 };

static const char *algorithm_name(enum lk_algorithm algorithm)
{
    return algorithm == LK_ALGORITHM_RS256 ? "RS256" : "ES256";
}

/* Appends bytes in base64url. */
static void put_part(struct lk_buf *token, const void *data, size_t len)
{
    size_t length = LK_BASE64URL_LENGTH(len);
    uint8_t *room = lk_buf_reserve(token, length + 1);

    if (room == NULL)
        return;
    if (lk_base64url_encode((char *)room, length + 1, data, len) != 0)
        token->error = -LK_ERR_INTERNAL;
    /* Without its NUL. */
    token->len--;
}

/* Three values of ours that need no escaping: the name of an algorithm, a type, a thumbprint in base64url. */
static int put_header(const struct lk_oidc_key *key, const char *type, struct lk_buf *token)
{
    char json[JWS_HEADER_MAX];
    int len = snprintf(json, sizeof(json), "{\"alg\":\"%s\",\"typ\":\"%s\",\"kid\":\"%s\"}",
                       algorithm_name(lk_signing_key_algorithm(key->key)), type,
                       lk_signing_key_kid(key->key));

    if (len < 0 || (size_t)len >= sizeof(json))
        return -LK_ERR_INTERNAL;
    put_part(token, json, (size_t)len);
    return lk_buf_error(token);
}

int lk_oidc_jws_sign(const struct lk_oidc_provider *provider, const struct lk_oidc_key *key,
                     const char *type, struct lk_json_writer *payload, struct lk_buf *token)
{
    struct lk_buf json = LK_BUF_INIT(JWS_TOKEN_MAX);
    uint8_t signature[LK_SIGNING_SIGNATURE_MAX];
    size_t begin = token->len;
    struct lk_view input;
    size_t len = 0;
    int error = lk_json_end(payload, false, &json);

    if (error == 0)
        error = put_header(key, type, token);
    if (error == 0) {
        lk_buf_put_u8(token, '.');
        put_part(token, json.data, json.len);
        error = lk_buf_error(token);
    }
    if (error == 0) {
        input = LK_VIEW(token->data + begin, token->len - begin);
        error = lk_sign(provider->crypto, key->key, &input, 1, signature, &len);
    }
    if (error == 0) {
        lk_buf_put_u8(token, '.');
        put_part(token, signature, len);
        error = lk_buf_error(token);
    }
    lk_buf_clear(&json);
    return error;
}

struct parts {
    struct lk_view header;
    struct lk_view payload;
    struct lk_view signature;
    struct lk_view signed_input;
};

static bool split(struct lk_view token, struct parts *ret)
{
    const uint8_t *first;
    const uint8_t *second;

    if (token.len == 0 || token.len > JWS_TOKEN_MAX)
        return false;
    first = memchr(token.data, '.', token.len);
    if (first == NULL)
        return false;
    ret->header = LK_VIEW(token.data, (size_t)(first - token.data));
    ret->payload = LK_VIEW(first + 1, token.len - ret->header.len - 1);
    second = ret->payload.len > 0 ? memchr(ret->payload.data, '.', ret->payload.len) : NULL;
    if (second == NULL)
        return false;
    ret->payload.len = (size_t)(second - ret->payload.data);
    ret->signed_input = LK_VIEW(token.data, ret->header.len + 1 + ret->payload.len);
    ret->signature = LK_VIEW(second + 1, token.len - ret->signed_input.len - 1);
    return ret->signature.len > 0 && memchr(ret->signature.data, '.', ret->signature.len) == NULL;
}

static int decode(struct lk_view part, struct lk_buf *bytes)
{
    return lk_base64url_decode(bytes, (const char *)part.data, part.len) == 0 ? 0
                                                                              : -LK_ERR_SIGNATURE;
}

static int decode_json(struct lk_view part, struct lk_json **ret_document)
{
    struct lk_buf bytes = LK_BUF_INIT(JWS_TOKEN_MAX);
    int error = decode(part, &bytes);

    if (error == 0 && lk_json_parse(lk_buf_view(&bytes), JWS_TOKEN_MAX, ret_document) != 0)
        error = -LK_ERR_SIGNATURE;
    lk_buf_clear(&bytes);
    return error;
}

static const struct lk_oidc_key *key_of(const struct lk_oidc_provider *provider,
                                        struct lk_view header, const char *type)
{
    const struct lk_oidc_key *found = NULL;
    struct lk_json *document = NULL;
    const char *kid;
    const char *alg;
    const char *typ;

    if (decode_json(header, &document) == 0 && lk_json_get_string(document, "kid", &kid) == 0 &&
        lk_json_get_string(document, "alg", &alg) == 0 &&
        lk_json_get_string(document, "typ", &typ) == 0 && strcmp(typ, type) == 0) {
        for (size_t i = 0; i < provider->key_count && found == NULL; i++) {
            const struct lk_oidc_key *key = &provider->keys[i];

            if (strcmp(lk_signing_key_kid(key->key), kid) == 0 &&
                strcmp(algorithm_name(lk_signing_key_algorithm(key->key)), alg) == 0)
                found = key;
        }
    }
    lk_json_free(document);
    return found;
}

int lk_oidc_jws_open(const struct lk_oidc_provider *provider, struct lk_view token,
                     const char *type, struct lk_json **ret_payload)
{
    struct lk_buf signature = LK_BUF_INIT(LK_SIGNING_SIGNATURE_MAX);
    const struct lk_oidc_key *key;
    struct parts parts;
    int error;

    if (!split(token, &parts))
        return -LK_ERR_SIGNATURE;
    key = key_of(provider, parts.header, type);
    if (key == NULL)
        return -LK_ERR_SIGNATURE;
    error = decode(parts.signature, &signature);
    if (error == 0)
        error = lk_sign_verify(provider->crypto, key->key, &parts.signed_input, 1,
                               lk_buf_view(&signature));
    lk_buf_clear(&signature);
    if (error == 0)
        error = decode_json(parts.payload, ret_payload);
    return error;
}
