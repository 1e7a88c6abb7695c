/* SPDX-License-Identifier: EUPL-1.2 */
/* Public keys and signature verification.
 *
 * Hostile input: the coordinates and the signature. OpenSSL checks that the point is on the curve
 * (EC_POINT_oct2point) and that an ECDSA signature is DER without a byte too many. Whatever is not
 * a plain "verified" is a refusal. */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/internal.h"

/* Longest message that Ed25519 takes: it must be in one piece, so the parts are joined. */
#define JOINED_MAX (128 * 1024)

static EVP_PKEY *spare_take(const struct lk_crypto *crypto)
{
    for (size_t i = 0; i < LK_SPARE_KEYS; i++) {
        EVP_PKEY *pkey = atomic_exchange(&crypto->spare->keys[i], NULL);

        if (pkey)
            return pkey;
    }
    return EVP_PKEY_dup(crypto->p256);
}

static void spare_give(struct lk_spare_keys *spare, EVP_PKEY *pkey)
{
    for (size_t i = 0; i < LK_SPARE_KEYS; i++) {
        EVP_PKEY *none = NULL;

        if (atomic_compare_exchange_strong(&spare->keys[i], &none, pkey))
            return;
    }
    EVP_PKEY_free(pkey);
}

static int verify_key_new(EVP_PKEY *pkey, int64_t algorithm, struct lk_verify_key **ret_key)
{
    struct lk_verify_key *key = malloc(sizeof(*key));

    if (!key) {
        EVP_PKEY_free(pkey);
        return -LK_ERR_NOMEM;
    }
    *key = (struct lk_verify_key){.pkey = pkey, .algorithm = algorithm};
    *ret_key = key;
    return 0;
}

int lk_verify_key_p256(const struct lk_crypto *crypto, const uint8_t x[32], const uint8_t y[32],
                       struct lk_verify_key **ret_key)
{
    uint8_t point[65] = {0x04}; /* SEC 1 section 2.3.3: uncompressed */
    EVP_PKEY *pkey = spare_take(crypto);
    int result;

    if (!pkey)
        return lk_openssl_error(-LK_ERR_CRYPTO);
    memcpy(point + 1, x, 32);
    memcpy(point + 33, y, 32);
    /* Checks that the point is on the curve, as EVP_PKEY_fromdata does. A key that refused a point is used no more: it may hold the point of before. */
    if (EVP_PKEY_set1_encoded_public_key(pkey, point, sizeof(point)) != 1) {
        EVP_PKEY_free(pkey);
        return lk_openssl_error(-LK_ERR_ALGORITHM);
    }
    result = verify_key_new(pkey, LK_ALGORITHM_ES256, ret_key);
    if (result == 0)
        (*ret_key)->spare = crypto->spare;
    return result;
}

int lk_verify_key_ed25519(const struct lk_crypto *crypto, const uint8_t x[32],
                          struct lk_verify_key **ret_key)
{
    EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, x, 32);

    (void)crypto;
    if (!pkey)
        return lk_openssl_error(-LK_ERR_ALGORITHM);
    return verify_key_new(pkey, LK_ALGORITHM_EDDSA, ret_key);
}

struct lk_verify_key *lk_verify_key_free(struct lk_verify_key *key)
{
    if (key) {
        if (key->spare)
            spare_give(key->spare, key->pkey);
        else
            EVP_PKEY_free(key->pkey);
        free(key);
    }
    return NULL;
}

bool lk_pkey_fits(const EVP_PKEY *pkey, int64_t algorithm)
{
    char group[32] = "";
    size_t len = 0;

    switch (algorithm) {
    case LK_ALGORITHM_ES256:
        return EVP_PKEY_is_a(pkey, "EC") &&
               EVP_PKEY_get_group_name(pkey, group, sizeof(group), &len) == 1 &&
               strcmp(group, "prime256v1") == 0;
    case LK_ALGORITHM_EDDSA:
        return EVP_PKEY_is_a(pkey, "ED25519");
    case LK_ALGORITHM_RS256:
        return EVP_PKEY_is_a(pkey, "RSA") && EVP_PKEY_get_bits(pkey) >= 2048;
    default:
        return false;
    }
}

/* 1 is the only success; zero and below mean "does not verify", unless memory ran out. */
static int verify_result(int result)
{
    if (result == 1)
        return 0;
    return lk_openssl_error(-LK_ERR_SIGNATURE);
}

/* The signature over a digest of our own: ECDSA then needs no digest looked up by name. */
static int verify_es256(const struct lk_crypto *crypto, EVP_PKEY *pkey, const struct lk_view *parts,
                        size_t part_count, struct lk_view signature)
{
    uint8_t digest[32];
    EVP_PKEY_CTX *context;
    int result = lk_sha256(crypto, parts, part_count, digest);

    if (result < 0)
        return result;
    context = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    if (!context)
        return lk_openssl_error(-LK_ERR_CRYPTO);
    if (EVP_PKEY_verify_init(context) != 1)
        result = lk_openssl_error(-LK_ERR_CRYPTO);
    else
        result = verify_result(
            EVP_PKEY_verify(context, signature.data, signature.len, digest, sizeof(digest)));
    EVP_PKEY_CTX_free(context);
    return result;
}

static int verify_rs256(const struct lk_crypto *crypto, EVP_PKEY *pkey, const struct lk_view *parts,
                        size_t part_count, struct lk_view signature)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int result = 0;

    if (!context)
        return -LK_ERR_NOMEM;
    if (EVP_DigestVerifyInit(context, NULL, crypto->sha256, NULL, pkey) != 1)
        result = lk_openssl_error(-LK_ERR_CRYPTO);
    for (size_t i = 0; result == 0 && i < part_count; i++) {
        if (parts[i].len > 0 && EVP_DigestVerifyUpdate(context, parts[i].data, parts[i].len) != 1)
            result = lk_openssl_error(-LK_ERR_CRYPTO);
    }
    if (result == 0)
        result = verify_result(EVP_DigestVerifyFinal(context, signature.data, signature.len));
    EVP_MD_CTX_free(context);
    return result;
}

static int verify_eddsa(EVP_PKEY *pkey, const struct lk_view *parts, size_t part_count,
                        struct lk_view signature)
{
    struct lk_buf joined = LK_BUF_INIT(JOINED_MAX);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int result;

    for (size_t i = 0; i < part_count; i++)
        lk_buf_put_view(&joined, parts[i]);
    result = context ? lk_buf_error(&joined) : -LK_ERR_NOMEM;
    if (result == 0 && EVP_DigestVerifyInit(context, NULL, NULL, NULL, pkey) != 1)
        result = lk_openssl_error(-LK_ERR_CRYPTO);
    if (result == 0)
        result = verify_result(
            EVP_DigestVerify(context, signature.data, signature.len, joined.data, joined.len));
    EVP_MD_CTX_free(context);
    lk_buf_clear(&joined);
    return result;
}

int lk_pkey_verify(const struct lk_crypto *crypto, EVP_PKEY *pkey, int64_t algorithm,
                   const struct lk_view *parts, size_t part_count, struct lk_view signature)
{
    /* A NULL signature asks some EVP calls for a size. */
    if (signature.len == 0)
        return -LK_ERR_SIGNATURE;
    switch (algorithm) {
    case LK_ALGORITHM_ES256:
        return verify_es256(crypto, pkey, parts, part_count, signature);
    case LK_ALGORITHM_EDDSA:
        return verify_eddsa(pkey, parts, part_count, signature);
    case LK_ALGORITHM_RS256:
        return verify_rs256(crypto, pkey, parts, part_count, signature);
    default:
        return -LK_ERR_ALGORITHM;
    }
}

int lk_verify(const struct lk_crypto *crypto, const struct lk_verify_key *key,
              const struct lk_view *parts, size_t part_count, struct lk_view signature)
{
    return lk_pkey_verify(crypto, key->pkey, key->algorithm, parts, part_count, signature);
}
