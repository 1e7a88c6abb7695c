/* SPDX-License-Identifier: EUPL-1.2 */
/* Start, digest and MAC. */
#include "crypto/crypto.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <stdlib.h>

#include "crypto/internal.h"

int lk_openssl_error(int otherwise)
{
    bool memory = false;
    unsigned long code;

    while ((code = ERR_get_error()) != 0)
        memory = memory || ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE;
    return memory ? -LK_ERR_NOMEM : otherwise;
}

/* A key of the group without a point. */
static EVP_PKEY *p256_group(void)
{
    char group[] = "P-256";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
                           OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *pkey = NULL;

    if (context && EVP_PKEY_fromdata_init(context) == 1 &&
        EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_KEY_PARAMETERS, params) != 1) {
        EVP_PKEY_free(pkey);
        pkey = NULL;
    }
    EVP_PKEY_CTX_free(context);
    return pkey;
}

static EVP_MAC_CTX *hmac_sha256(void)
{
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                 OSSL_PARAM_construct_end()};
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = hmac ? EVP_MAC_CTX_new(hmac) : NULL;

    EVP_MAC_free(hmac);
    if (context && EVP_MAC_CTX_set_params(context, params) == 1)
        return context;
    EVP_MAC_CTX_free(context);
    return NULL;
}

int lk_crypto_start(struct lk_crypto **ret_crypto)
{
    struct lk_crypto *crypto = calloc(1, sizeof(*crypto));

    if (!crypto)
        return -LK_ERR_NOMEM;
    crypto->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    crypto->hmac = hmac_sha256();
    crypto->ec = EVP_KEYMGMT_fetch(NULL, "EC", NULL);
    crypto->ecdsa = EVP_SIGNATURE_fetch(NULL, "ECDSA", NULL);
    crypto->p256 = p256_group();
    crypto->aes256_gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    crypto->spare = calloc(1, sizeof(*crypto->spare));
    if (!crypto->sha256 || !crypto->hmac || !crypto->ec || !crypto->ecdsa || !crypto->p256 ||
        !crypto->aes256_gcm || !crypto->spare) {
        lk_crypto_free(crypto);
        return lk_openssl_error(-LK_ERR_CRYPTO);
    }
    *ret_crypto = crypto;
    return 0;
}

struct lk_crypto *lk_crypto_free(struct lk_crypto *crypto)
{
    if (crypto) {
        EVP_MD_free(crypto->sha256);
        EVP_MAC_CTX_free(crypto->hmac);
        EVP_KEYMGMT_free(crypto->ec);
        EVP_SIGNATURE_free(crypto->ecdsa);
        EVP_PKEY_free(crypto->p256);
        EVP_CIPHER_free(crypto->aes256_gcm);
        for (size_t i = 0; crypto->spare && i < LK_SPARE_KEYS; i++)
            EVP_PKEY_free(crypto->spare->keys[i]);
        free(crypto->spare);
        free(crypto);
    }
    return NULL;
}

int lk_sha256(const struct lk_crypto *crypto, const struct lk_view *parts, size_t part_count,
              uint8_t ret_digest[32])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned int len = 0;
    uint8_t digest[EVP_MAX_MD_SIZE];
    bool good = context && EVP_DigestInit_ex2(context, crypto->sha256, NULL) == 1;

    for (size_t i = 0; good && i < part_count; i++)
        good = parts[i].len == 0 || EVP_DigestUpdate(context, parts[i].data, parts[i].len) == 1;
    good = good && EVP_DigestFinal_ex(context, digest, &len) == 1 && len == 32;
    EVP_MD_CTX_free(context);
    if (!good)
        return lk_openssl_error(context ? -LK_ERR_CRYPTO : -LK_ERR_NOMEM);
    for (size_t i = 0; i < 32; i++)
        ret_digest[i] = digest[i];
    return 0;
}

int lk_hmac_sha256(const struct lk_crypto *crypto, struct lk_view key, struct lk_view data,
                   uint8_t ret_mac[32])
{
    static const uint8_t empty;
    EVP_MAC_CTX *context = EVP_MAC_CTX_dup(crypto->hmac);
    size_t len = 0;
    uint8_t mac[32];
    /* A NULL key would mean "the key of before". */
    bool good = context && EVP_MAC_init(context, key.len ? key.data : &empty, key.len, NULL) == 1 &&
                (data.len == 0 || EVP_MAC_update(context, data.data, data.len) == 1) &&
                EVP_MAC_final(context, mac, &len, sizeof(mac)) == 1 && len == sizeof(mac);

    EVP_MAC_CTX_free(context);
    if (!good)
        return lk_openssl_error(context ? -LK_ERR_CRYPTO : -LK_ERR_NOMEM);
    for (size_t i = 0; i < sizeof(mac); i++)
        ret_mac[i] = mac[i];
    return 0;
}
