/* SPDX-License-Identifier: EUPL-1.2 */
/* Shared by the files of core/crypto only. */
#ifndef LK_CRYPTO_INTERNAL_H
#define LK_CRYPTO_INTERNAL_H

#include <openssl/evp.h>

#include "crypto/crypto.h"

/* Keys of the group P-256 that were used and wait for another point: copying the group for each costs a sixth of a verification. Any thread takes and gives. */
enum { LK_SPARE_KEYS = 8 };
struct lk_spare_keys {
    _Atomic(EVP_PKEY *) keys[LK_SPARE_KEYS];
};

struct lk_crypto {
    EVP_MD *sha256;
    EVP_MAC_CTX *hmac; /* with its digest, without a key: copied for each MAC */
    EVP_KEYMGMT *ec;   /* keep the providers' tables loaded, so that no verification pays for it */
    EVP_SIGNATURE *ecdsa;
    EVP_PKEY
    *p256; /* the group alone: making it anew for each key costs a third of a verification */
    EVP_CIPHER *aes256_gcm;
    struct lk_spare_keys
        *spare; /* what it points to is the one thing that changes after the start */
};

struct lk_verify_key {
    EVP_PKEY *pkey;
    int64_t algorithm;
    struct lk_spare_keys *spare; /* where the key goes when it is done; NULL: it is freed */
};

/* True if pkey is what a COSE algorithm asks for: P-256, Ed25519, RSA of at least 2048 bits. */
bool lk_pkey_fits(const EVP_PKEY *pkey, int64_t algorithm);
/* lk_verify over a bare OpenSSL key. */
LK_MUST_USE int lk_pkey_verify(const struct lk_crypto *crypto, EVP_PKEY *pkey, int64_t algorithm,
                               const struct lk_view *parts, size_t part_count,
                               struct lk_view signature);
/* What a failed OpenSSL call means: -LK_ERR_NOMEM if it ran out of memory, else otherwise. Empties
 * the error queue of the thread. */
LK_MUST_USE int lk_openssl_error(int otherwise);

#endif
