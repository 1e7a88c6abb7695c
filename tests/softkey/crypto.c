/* SPDX-License-Identifier: EUPL-1.2 */
/* Digest, MAC, AES, P-256 and Ed25519 of the software key. See crypto.h. */
#include "crypto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

void lk_crypto_require(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "lk_softkey: OpenSSL failed: %s\n", what);
        abort();
    }
}

void lk_digest_make(const struct lk_part *parts, size_t count, uint8_t ret_digest[LK_DIGEST_SIZE])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    lk_crypto_require(context != NULL, "digest");
    lk_crypto_require(EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1, "digest");
    for (size_t i = 0; i < count; i++)
        lk_crypto_require(EVP_DigestUpdate(context, parts[i].data, parts[i].length) == 1, "digest");
    lk_crypto_require(EVP_DigestFinal_ex(context, ret_digest, NULL) == 1, "digest");
    EVP_MD_CTX_free(context);
}

void lk_mac_make(const void *key, size_t key_length, const struct lk_part *parts, size_t count,
                 uint8_t ret_mac[LK_DIGEST_SIZE])
{
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(mac);
    size_t length = 0;

    lk_crypto_require(context != NULL, "HMAC");
    lk_crypto_require(EVP_MAC_init(context, key, key_length, params) == 1, "HMAC");
    for (size_t i = 0; i < count; i++)
        lk_crypto_require(EVP_MAC_update(context, parts[i].data, parts[i].length) == 1, "HMAC");
    lk_crypto_require(EVP_MAC_final(context, ret_mac, &length, LK_DIGEST_SIZE) == 1, "HMAC");
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(mac);
}

void lk_aes_cbc_run(bool encrypt, const uint8_t key[32], const uint8_t iv[16], const uint8_t *input,
                    size_t length, uint8_t *ret_output)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int written = 0;

    lk_crypto_require(context != NULL, "AES");
    lk_crypto_require(EVP_CipherInit_ex(context, EVP_aes_256_cbc(), NULL, key, iv, encrypt) == 1,
                      "AES");
    lk_crypto_require(EVP_CIPHER_CTX_set_padding(context, 0) == 1, "AES");
    lk_crypto_require(EVP_CipherUpdate(context, ret_output, &written, input, (int)length) == 1,
                      "AES");
    lk_crypto_require((size_t)written == length, "AES length");
    EVP_CIPHER_CTX_free(context);
}

/* One P-256 computation's working set. */
struct lk_curve {
    EC_GROUP *group;
    BN_CTX *context;
    BIGNUM *order;
    EC_POINT *point;
};

static void lk_curve_open(struct lk_curve *curve)
{
    curve->group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    curve->context = BN_CTX_new();
    lk_crypto_require(curve->group != NULL && curve->context != NULL, "P-256");
    curve->order = BN_dup(EC_GROUP_get0_order(curve->group));
    curve->point = EC_POINT_new(curve->group);
    lk_crypto_require(curve->order != NULL && curve->point != NULL, "P-256");
    BN_CTX_start(curve->context);
}

static void lk_curve_close(struct lk_curve *curve)
{
    BN_CTX_end(curve->context);
    EC_POINT_free(curve->point);
    BN_free(curve->order);
    BN_CTX_free(curve->context);
    EC_GROUP_free(curve->group);
}

static BIGNUM *lk_curve_number(struct lk_curve *curve, const uint8_t *bytes)
{
    BIGNUM *number = BN_CTX_get(curve->context);

    lk_crypto_require(number != NULL, "number");
    if (bytes != NULL)
        lk_crypto_require(BN_bin2bn(bytes, 32, number) != NULL, "number");
    return number;
}

void lk_p256_private_make(const uint8_t material[32], uint8_t ret_private[32])
{
    struct lk_curve curve;
    BIGNUM *number;

    lk_curve_open(&curve);
    number = lk_curve_number(&curve, material);
    /* d = (material mod (n - 1)) + 1 */
    lk_crypto_require(BN_sub_word(curve.order, 1) == 1, "private number");
    lk_crypto_require(BN_mod(number, number, curve.order, curve.context) == 1, "private number");
    lk_crypto_require(BN_add_word(number, 1) == 1, "private number");
    lk_crypto_require(BN_bn2binpad(number, ret_private, 32) == 32, "private number");
    lk_curve_close(&curve);
}

static void lk_curve_coordinates(struct lk_curve *curve, uint8_t *ret_x, uint8_t *ret_y)
{
    BIGNUM *x = lk_curve_number(curve, NULL);
    BIGNUM *y = lk_curve_number(curve, NULL);

    lk_crypto_require(
        EC_POINT_get_affine_coordinates(curve->group, curve->point, x, y, curve->context) == 1,
        "coordinates");
    lk_crypto_require(BN_bn2binpad(x, ret_x, 32) == 32, "coordinates");
    if (ret_y != NULL)
        lk_crypto_require(BN_bn2binpad(y, ret_y, 32) == 32, "coordinates");
}

void lk_p256_public_make(const uint8_t private_key[32], uint8_t ret_x[32], uint8_t ret_y[32])
{
    struct lk_curve curve;
    BIGNUM *d;

    lk_curve_open(&curve);
    d = lk_curve_number(&curve, private_key);
    lk_crypto_require(EC_POINT_mul(curve.group, curve.point, d, NULL, NULL, curve.context) == 1,
                      "public point");
    lk_curve_coordinates(&curve, ret_x, ret_y);
    lk_curve_close(&curve);
}

bool lk_p256_shared_make(const uint8_t private_key[32], const uint8_t x[32], const uint8_t y[32],
                         uint8_t ret_shared[32])
{
    struct lk_curve curve;
    EC_POINT *other;
    bool good;

    lk_curve_open(&curve);
    other = EC_POINT_new(curve.group);
    lk_crypto_require(other != NULL, "shared point");
    /* Refuses what is not on the curve. */
    good = EC_POINT_set_affine_coordinates(curve.group, other, lk_curve_number(&curve, x),
                                           lk_curve_number(&curve, y), curve.context) == 1;
    if (good) {
        lk_crypto_require(EC_POINT_mul(curve.group, curve.point, NULL, other,
                                       lk_curve_number(&curve, private_key), curve.context) == 1,
                          "shared point");
        lk_curve_coordinates(&curve, ret_shared, NULL);
    }
    EC_POINT_free(other);
    lk_curve_close(&curve);
    return good;
}

/* State of the nonce generator of RFC 6979 section 3.2. */
struct lk_nonce {
    uint8_t key[32];
    uint8_t value[32];
};

static void lk_nonce_step(struct lk_nonce *nonce, const uint8_t *mark, const uint8_t *private_key,
                          const uint8_t *digest)
{
    struct lk_part parts[4] = {{nonce->value, 32}, {mark, 1}, {private_key, 32}, {digest, 32}};
    struct lk_part value = {nonce->value, 32};
    uint8_t key[32];

    lk_mac_make(nonce->key, 32, parts, private_key != NULL ? 4 : 2, key);
    memcpy(nonce->key, key, 32);
    lk_mac_make(nonce->key, 32, &value, 1, key);
    memcpy(nonce->value, key, 32);
}

static const uint8_t lk_mark_zero = 0x00;
static const uint8_t lk_mark_one = 0x01;

/* The next candidate k; the first call of a signature has fresh = true. */
static void lk_nonce_next(struct lk_nonce *nonce, bool fresh, const uint8_t *private_key,
                          const uint8_t *digest)
{
    struct lk_part value = {nonce->value, 32};
    uint8_t next[32];

    if (fresh) {
        memset(nonce->key, 0x00, 32);
        memset(nonce->value, 0x01, 32);
        lk_nonce_step(nonce, &lk_mark_zero, private_key, digest);
        lk_nonce_step(nonce, &lk_mark_one, private_key, digest);
    } else {
        lk_nonce_step(nonce, &lk_mark_zero, NULL, NULL);
    }
    lk_mac_make(nonce->key, 32, &value, 1, next);
    memcpy(nonce->value, next, 32);
}

/* r and s for one k. False: RFC 6979 wants another k. */
static bool lk_curve_sign(struct lk_curve *curve, const BIGNUM *d, const BIGNUM *e, const BIGNUM *k,
                          BIGNUM *r, BIGNUM *s)
{
    BIGNUM *inverse = lk_curve_number(curve, NULL);
    uint8_t x[32];

    if (BN_is_zero(k) || BN_cmp(k, curve->order) >= 0)
        return false;
    lk_crypto_require(EC_POINT_mul(curve->group, curve->point, k, NULL, NULL, curve->context) == 1,
                      "signature");
    lk_curve_coordinates(curve, x, NULL);
    lk_crypto_require(BN_bin2bn(x, 32, r) != NULL, "signature");
    lk_crypto_require(BN_nnmod(r, r, curve->order, curve->context) == 1, "signature");
    lk_crypto_require(BN_mod_inverse(inverse, k, curve->order, curve->context) != NULL,
                      "signature");
    lk_crypto_require(BN_mod_mul(s, r, d, curve->order, curve->context) == 1, "signature");
    lk_crypto_require(BN_mod_add(s, s, e, curve->order, curve->context) == 1, "signature");
    lk_crypto_require(BN_mod_mul(s, s, inverse, curve->order, curve->context) == 1, "signature");
    return !BN_is_zero(r) && !BN_is_zero(s);
}

size_t lk_p256_sign(const uint8_t private_key[32], const uint8_t digest[LK_DIGEST_SIZE],
                    uint8_t ret_signature[LK_SIGNATURE_MAX])
{
    struct lk_nonce nonce;
    struct lk_curve curve;
    uint8_t reduced[32];
    ECDSA_SIG *signature = ECDSA_SIG_new();
    BIGNUM *r = BN_new(), *s = BN_new();
    BIGNUM *d, *e, *k;
    int length;

    lk_crypto_require(signature != NULL && r != NULL && s != NULL, "signature");
    lk_curve_open(&curve);
    d = lk_curve_number(&curve, private_key);
    e = lk_curve_number(&curve, digest);
    k = lk_curve_number(&curve, NULL);
    lk_crypto_require(BN_nnmod(e, e, curve.order, curve.context) == 1, "signature");
    lk_crypto_require(BN_bn2binpad(e, reduced, 32) == 32, "signature");
    for (bool fresh = true, done = false; !done; fresh = false) {
        lk_nonce_next(&nonce, fresh, private_key, reduced);
        lk_crypto_require(BN_bin2bn(nonce.value, 32, k) != NULL, "signature");
        done = lk_curve_sign(&curve, d, e, k, r, s);
    }
    lk_crypto_require(ECDSA_SIG_set0(signature, r, s) == 1, "signature");
    length = i2d_ECDSA_SIG(signature, &ret_signature);
    lk_crypto_require(length > 0 && length <= LK_SIGNATURE_MAX, "signature");
    ECDSA_SIG_free(signature);
    lk_curve_close(&curve);
    return (size_t)length;
}

EVP_PKEY *lk_p256_pkey_make(const uint8_t private_key[32])
{
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    BIGNUM *d = BN_bin2bn(private_key, 32, NULL);
    uint8_t point[65] = {0x04};
    EVP_PKEY *pkey = NULL;
    OSSL_PARAM *params;

    lk_p256_public_make(private_key, point + 1, point + 33);
    lk_crypto_require(build != NULL && context != NULL && d != NULL, "key");
    lk_crypto_require(
        OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) == 1,
        "key");
    lk_crypto_require(
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)) == 1,
        "key");
    lk_crypto_require(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, d) == 1, "key");
    params = OSSL_PARAM_BLD_to_param(build);
    lk_crypto_require(params != NULL && EVP_PKEY_fromdata_init(context) == 1 &&
                          EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_KEYPAIR, params) == 1,
                      "key");
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_clear_free(d);
    EVP_PKEY_CTX_free(context);
    return pkey;
}

size_t lk_p256_export(const uint8_t private_key[32], uint8_t ret_pkcs8[LK_PKCS8_MAX])
{
    EVP_PKEY *pkey = lk_p256_pkey_make(private_key);
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(pkey);
    uint8_t *end = ret_pkcs8;
    int length;

    lk_crypto_require(info != NULL, "PKCS #8");
    length = i2d_PKCS8_PRIV_KEY_INFO(info, NULL);
    lk_crypto_require(length > 0 && length <= LK_PKCS8_MAX, "PKCS #8");
    lk_crypto_require(i2d_PKCS8_PRIV_KEY_INFO(info, &end) == length, "PKCS #8");
    PKCS8_PRIV_KEY_INFO_free(info);
    EVP_PKEY_free(pkey);
    return (size_t)length;
}

static EVP_PKEY *lk_ed25519_open(const uint8_t private_key[32])
{
    EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, private_key, 32);

    lk_crypto_require(pkey != NULL, "Ed25519");
    return pkey;
}

void lk_ed25519_public_make(const uint8_t private_key[32], uint8_t ret_public[32])
{
    EVP_PKEY *pkey = lk_ed25519_open(private_key);
    size_t length = 32;

    lk_crypto_require(EVP_PKEY_get_raw_public_key(pkey, ret_public, &length) == 1, "Ed25519");
    EVP_PKEY_free(pkey);
}

size_t lk_ed25519_sign(const uint8_t private_key[32], const uint8_t *message, size_t length,
                       uint8_t ret_signature[LK_SIGNATURE_MAX])
{
    EVP_PKEY *pkey = lk_ed25519_open(private_key);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t written = LK_SIGNATURE_MAX;

    lk_crypto_require(context != NULL, "Ed25519");
    lk_crypto_require(EVP_DigestSignInit(context, NULL, NULL, NULL, pkey) == 1 &&
                          EVP_DigestSign(context, ret_signature, &written, message, length) == 1,
                      "Ed25519");
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(pkey);
    return written;
}
