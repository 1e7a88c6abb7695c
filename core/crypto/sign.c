/* SPDX-License-Identifier: EUPL-1.2 */
/* Signing keys: made, read, written, and their public half.
 *
 * A key file is ours, but what stands in it is checked all the same: only P-256 and RSA, only whole pairs. */
#include "crypto/sign.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64url.h"
#include "base/secret.h"
#include "crypto/internal.h"

struct lk_signing_key {
    EVP_PKEY *pkey;
    EVP_PKEY_CTX *signer; /* ready: setting it up anew costs a tenth of a signature */
    enum lk_algorithm algorithm;
    char kid[LK_KID_LENGTH + 1];
};

struct lk_signing_key *lk_signing_key_free(struct lk_signing_key *key)
{
    if (key != NULL) {
        EVP_PKEY_CTX_free(key->signer);
        EVP_PKEY_free(key->pkey);
        free(key);
    }
    return NULL;
}

enum lk_algorithm lk_signing_key_algorithm(const struct lk_signing_key *key)
{
    return key->algorithm;
}

const char *lk_signing_key_kid(const struct lk_signing_key *key)
{
    return key->kid;
}

/* ---- the public half ---- */

/* size 0: as many bytes as the number has; else filled up with zeros in front (RFC 7518 section 6.2.1.2). */
static int jwk_number(const EVP_PKEY *pkey, const char *name, size_t size, char *ret_text,
                      size_t text_size)
{
    uint8_t bytes[LK_SIGNING_SIGNATURE_MAX];
    BIGNUM *number = NULL;
    int len = -1;

    if (EVP_PKEY_get_bn_param(pkey, name, &number) != 1)
        return lk_openssl_error(-LK_ERR_CRYPTO);
    if (BN_num_bytes(number) <= (int)sizeof(bytes))
        len = size == 0 ? BN_bn2bin(number, bytes) : BN_bn2binpad(number, bytes, (int)size);
    BN_free(number);
    if (len < 0)
        return lk_openssl_error(-LK_ERR_CRYPTO);
    return lk_base64url_encode(ret_text, text_size, bytes, (size_t)len);
}

int lk_signing_key_jwk(const struct lk_signing_key *key, struct lk_jwk *ret_jwk)
{
    struct lk_jwk jwk = {0};
    int error;

    if (key->algorithm == LK_ALGORITHM_ES256) {
        error = jwk_number(key->pkey, OSSL_PKEY_PARAM_EC_PUB_X, 32, jwk.x, sizeof(jwk.x));
        if (error == 0)
            error = jwk_number(key->pkey, OSSL_PKEY_PARAM_EC_PUB_Y, 32, jwk.y, sizeof(jwk.y));
    } else {
        error = jwk_number(key->pkey, OSSL_PKEY_PARAM_RSA_N, 0, jwk.n, sizeof(jwk.n));
        if (error == 0)
            error = jwk_number(key->pkey, OSSL_PKEY_PARAM_RSA_E, 0, jwk.e, sizeof(jwk.e));
    }
    if (error == 0)
        *ret_jwk = jwk;
    return error;
}

/* RFC 7638 section 3.2: the members that must be there, in this order, without blanks. */
static int thumbprint(const struct lk_crypto *crypto, struct lk_signing_key *key)
{
    struct lk_jwk jwk;
    char text[LK_JWK_MEMBER_MAX + 64];
    struct lk_view part;
    uint8_t digest[32];
    int error = lk_signing_key_jwk(key, &jwk);
    int len;

    if (error != 0)
        return error;
    if (key->algorithm == LK_ALGORITHM_ES256)
        len =
            snprintf(text, sizeof(text),
                     "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", jwk.x, jwk.y);
    else
        len = snprintf(text, sizeof(text), "{\"e\":\"%s\",\"kty\":\"RSA\",\"n\":\"%s\"}", jwk.e,
                       jwk.n);
    if (len < 0 || (size_t)len >= sizeof(text))
        return -LK_ERR_INTERNAL;
    part = LK_VIEW((const uint8_t *)text, (size_t)len);
    error = lk_sha256(crypto, &part, 1, digest);
    if (error == 0)
        error = lk_base64url_encode(key->kid, sizeof(key->kid), digest, sizeof(digest));
    return error;
}

/* ---- making and reading ---- */

static int signer_new(EVP_PKEY *pkey, enum lk_algorithm algorithm, EVP_PKEY_CTX **ret_signer)
{
    EVP_PKEY_CTX *signer = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    bool good = signer != NULL && EVP_PKEY_sign_init(signer) == 1;

    if (good && algorithm == LK_ALGORITHM_RS256)
        good = EVP_PKEY_CTX_set_rsa_padding(signer, RSA_PKCS1_PADDING) == 1 &&
               EVP_PKEY_CTX_set_signature_md(signer, EVP_sha256()) == 1;
    if (!good) {
        EVP_PKEY_CTX_free(signer);
        return lk_openssl_error(-LK_ERR_CRYPTO);
    }
    *ret_signer = signer;
    return 0;
}

/* Takes pkey over, also on failure. */
static int signing_key_new(const struct lk_crypto *crypto, EVP_PKEY *pkey,
                           enum lk_algorithm algorithm, struct lk_signing_key **ret_key)
{
    struct lk_signing_key *key = calloc(1, sizeof(*key));
    int error;

    if (key == NULL) {
        EVP_PKEY_free(pkey);
        return -LK_ERR_NOMEM;
    }
    key->pkey = pkey;
    key->algorithm = algorithm;
    error = signer_new(pkey, algorithm, &key->signer);
    if (error == 0)
        error = thumbprint(crypto, key);
    if (error != 0) {
        lk_signing_key_free(key);
        return error;
    }
    *ret_key = key;
    return 0;
}

int lk_signing_key_generate(const struct lk_crypto *crypto, enum lk_algorithm algorithm,
                            unsigned int rsa_bits, struct lk_signing_key **ret_key)
{
    EVP_PKEY *pkey;

    if (algorithm == LK_ALGORITHM_ES256)
        pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    else if (algorithm != LK_ALGORITHM_RS256)
        return -LK_ERR_ALGORITHM;
    else if (rsa_bits != 2048 && rsa_bits != 3072 && rsa_bits != 4096)
        return -LK_ERR_RANGE;
    else
        pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)rsa_bits);
    if (pkey == NULL)
        return lk_openssl_error(-LK_ERR_CRYPTO);
    return signing_key_new(crypto, pkey, algorithm, ret_key);
}

/* Never asked for: an encrypted key has another label and is refused before. */
static int no_password(char *buf, int size, int writing, void *context)
{
    (void)buf;
    (void)size;
    (void)writing;
    (void)context;
    return -1;
}

static int pkey_check(EVP_PKEY *pkey, enum lk_algorithm *ret_algorithm)
{
    EVP_PKEY_CTX *context;
    int good;

    if (lk_pkey_fits(pkey, LK_ALGORITHM_ES256))
        *ret_algorithm = LK_ALGORITHM_ES256;
    else if (lk_pkey_fits(pkey, LK_ALGORITHM_RS256) && EVP_PKEY_get_bits(pkey) <= 4096)
        *ret_algorithm = LK_ALGORITHM_RS256;
    else
        return -LK_ERR_ALGORITHM;
    context = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    good = context != NULL ? EVP_PKEY_pairwise_check(context) : 0;
    EVP_PKEY_CTX_free(context);
    return good == 1 ? 0 : lk_openssl_error(-LK_ERR_CORRUPT);
}

/* Nothing but blanks may stand behind the block. */
static bool blank_to_end(BIO *bio)
{
    char byte;

    while (BIO_read(bio, &byte, 1) == 1) {
        if (byte != '\n' && byte != '\r' && byte != ' ')
            return false;
    }
    return true;
}

int lk_signing_key_parse(const struct lk_crypto *crypto, struct lk_view pem,
                         struct lk_signing_key **ret_key)
{
    static const char begin[] = "-----BEGIN PRIVATE KEY-----";
    enum lk_algorithm algorithm = LK_ALGORITHM_ES256;
    EVP_PKEY *pkey;
    BIO *bio;
    int error;

    if (pem.len > LK_SIGNING_PEM_MAX)
        return -LK_ERR_TOO_BIG;
    if (pem.len < sizeof(begin) || memcmp(pem.data, begin, sizeof(begin) - 1) != 0)
        return -LK_ERR_ENCODING;
    bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    if (bio == NULL)
        return -LK_ERR_NOMEM;
    pkey = PEM_read_bio_PrivateKey_ex(bio, NULL, no_password, NULL, NULL, NULL);
    error = pkey == NULL ? lk_openssl_error(-LK_ERR_ENCODING) : pkey_check(pkey, &algorithm);
    if (error == 0 && !blank_to_end(bio))
        error = -LK_ERR_TRAILING;
    BIO_free(bio);
    ERR_clear_error();
    if (error != 0) {
        EVP_PKEY_free(pkey);
        return error;
    }
    return signing_key_new(crypto, pkey, algorithm, ret_key);
}

int lk_signing_key_load(const struct lk_crypto *crypto, const char *path,
                        const struct lk_file_rule *rule, struct lk_signing_key **ret_key)
{
    struct lk_buf pem;
    int error;

    lk_buf_init_secret(&pem, LK_SIGNING_PEM_MAX);
    error = lk_file_read(path, rule, LK_SIGNING_PEM_MAX, &pem);
    if (error == 0)
        error = lk_signing_key_parse(crypto, lk_buf_view(&pem), ret_key);
    lk_buf_clear(&pem);
    return error;
}

int lk_signing_key_save(const struct lk_signing_key *key, const char *path)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    char *data = NULL;
    long len = 0;
    int error = 0;

    if (bio == NULL)
        return -LK_ERR_NOMEM;
    if (PEM_write_bio_PKCS8PrivateKey(bio, key->pkey, NULL, NULL, 0, NULL, NULL) != 1)
        error = lk_openssl_error(-LK_ERR_CRYPTO);
    if (error == 0)
        len = BIO_get_mem_data(bio, &data);
    if (error == 0 && len <= 0)
        error = -LK_ERR_CRYPTO;
    if (error == 0)
        error = lk_file_replace(path, 0400, LK_VIEW((const uint8_t *)data, (size_t)len));
    if (data != NULL && len > 0)
        lk_wipe(data, (size_t)len);
    BIO_free(bio);
    return error;
}

/* ---- signing ---- */

/* RFC 7518 section 3.4: r and s as 32 bytes each, not DER. */
static int raw_from_der(const uint8_t *der, size_t len, uint8_t ret_raw[64])
{
    const unsigned char *cursor = der;
    ECDSA_SIG *parsed = d2i_ECDSA_SIG(NULL, &cursor, (long)len);
    bool good = parsed != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(parsed), ret_raw, 32) == 32 &&
                BN_bn2binpad(ECDSA_SIG_get0_s(parsed), ret_raw + 32, 32) == 32;

    ECDSA_SIG_free(parsed);
    return good ? 0 : lk_openssl_error(-LK_ERR_CRYPTO);
}

int lk_sign(const struct lk_crypto *crypto, struct lk_signing_key *key, const struct lk_view *parts,
            size_t part_count, uint8_t ret_signature[LK_SIGNING_SIGNATURE_MAX], size_t *ret_len)
{
    uint8_t made[LK_SIGNING_SIGNATURE_MAX];
    uint8_t digest[32];
    size_t len = sizeof(made);
    int error = lk_sha256(crypto, parts, part_count, digest);

    if (error != 0)
        return error;
    if (EVP_PKEY_sign(key->signer, made, &len, digest, sizeof(digest)) != 1)
        return lk_openssl_error(-LK_ERR_CRYPTO);
    if (key->algorithm == LK_ALGORITHM_ES256) {
        error = raw_from_der(made, len, ret_signature);
        len = 64;
    } else {
        memcpy(ret_signature, made, len);
    }
    if (error == 0)
        *ret_len = len;
    return error;
}

static int der_from_raw(struct lk_view raw, uint8_t **ret_der, size_t *ret_len)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw.data, 32, NULL);
    BIGNUM *s = BN_bin2bn(raw.data + 32, 32, NULL);
    unsigned char *der = NULL;
    int len = -1;

    if (sig != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(sig, r, s) == 1) {
        r = s = NULL;
        len = i2d_ECDSA_SIG(sig, &der);
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(sig);
    if (len <= 0)
        return lk_openssl_error(-LK_ERR_CRYPTO);
    *ret_der = der;
    *ret_len = (size_t)len;
    return 0;
}

int lk_sign_verify(const struct lk_crypto *crypto, const struct lk_signing_key *key,
                   const struct lk_view *parts, size_t part_count, struct lk_view signature)
{
    uint8_t *der = NULL;
    size_t len = 0;
    int error;

    if (key->algorithm != LK_ALGORITHM_ES256)
        return lk_pkey_verify(crypto, key->pkey, key->algorithm, parts, part_count, signature);
    if (signature.len != 64)
        return -LK_ERR_SIGNATURE;
    error = der_from_raw(signature, &der, &len);
    if (error == 0)
        error =
            lk_pkey_verify(crypto, key->pkey, key->algorithm, parts, part_count, LK_VIEW(der, len));
    OPENSSL_free(der);
    return error;
}
