/* SPDX-License-Identifier: EUPL-1.2 */
/* Private keys of our own that sign tokens: ES256 (P-256) and RS256, in the forms of JOSE (RFC 7515, 7517, 7518).
 *
 * A key is not for two threads at once: it keeps OpenSSL's context between two signatures. */
#ifndef LK_CRYPTO_SIGN_H
#define LK_CRYPTO_SIGN_H

#include "base/file.h"
#include "crypto/crypto.h"

struct lk_signing_key;

enum {
    LK_SIGNING_PEM_MAX = 8192,
    LK_SIGNING_RSA_BITS = 3072,
    LK_SIGNING_SIGNATURE_MAX = 512, /* RSA of 4096 bits */
    LK_KID_LENGTH = 43,             /* base64url of SHA-256 */
    LK_JWK_MEMBER_MAX = 683         /* n of 4096 bits */
};

/* ES256: rsa_bits is ignored. RS256: 2048, 3072 or 4096, else -LK_ERR_RANGE. -LK_ERR_ALGORITHM, -LK_ERR_CRYPTO, -LK_ERR_NOMEM. */
LK_MUST_USE int lk_signing_key_generate(const struct lk_crypto *crypto, enum lk_algorithm algorithm,
                                        unsigned int rsa_bits, struct lk_signing_key **ret_key);
/* One unencrypted PKCS#8 block (RFC 5958, RFC 7468 section 10) of P-256 or RSA with 2048 to 4096 bits, whose public part fits its private
 * one; nothing before it and only blanks behind. -LK_ERR_ENCODING, -LK_ERR_TRAILING, -LK_ERR_ALGORITHM (another kind or size of key), -LK_ERR_CORRUPT. */
LK_MUST_USE int lk_signing_key_parse(const struct lk_crypto *crypto, struct lk_view pem,
                                     struct lk_signing_key **ret_key);
/* From a file, by this rule; errors of lk_file_read besides. */
LK_MUST_USE int lk_signing_key_load(const struct lk_crypto *crypto, const char *path,
                                    const struct lk_file_rule *rule,
                                    struct lk_signing_key **ret_key);
/* Mode 0400, replaced as lk_file_replace does. */
LK_MUST_USE int lk_signing_key_save(const struct lk_signing_key *key, const char *path);
struct lk_signing_key *lk_signing_key_free(struct lk_signing_key *key);

enum lk_algorithm lk_signing_key_algorithm(const struct lk_signing_key *key);
/* RFC 7638 thumbprint with SHA-256, base64url: another key never has the same. Lives as long as the key. */
const char *lk_signing_key_kid(const struct lk_signing_key *key);

/* The public members of a JWK, base64url: x and y (RFC 7518 section 6.2.1), or n and e (6.3.1); the other two are "". */
struct lk_jwk {
    char x[LK_KID_LENGTH + 1];
    char y[LK_KID_LENGTH + 1];
    char n[LK_JWK_MEMBER_MAX + 1];
    char e[16];
};
LK_MUST_USE int lk_signing_key_jwk(const struct lk_signing_key *key, struct lk_jwk *ret_jwk);

/* Over SHA-256 of the parts: ES256 gives r and s of 32 bytes each (RFC 7518 section 3.4), RS256 PKCS#1 v1.5. *ret_len <= LK_SIGNING_SIGNATURE_MAX. -LK_ERR_CRYPTO. */
LK_MUST_USE int lk_sign(const struct lk_crypto *crypto, struct lk_signing_key *key,
                        const struct lk_view *parts, size_t part_count,
                        uint8_t ret_signature[LK_SIGNING_SIGNATURE_MAX], size_t *ret_len);
/* A signature in the form that lk_sign makes, by this very key. 0 only if it verifies; -LK_ERR_SIGNATURE; -LK_ERR_CRYPTO. */
LK_MUST_USE int lk_sign_verify(const struct lk_crypto *crypto, const struct lk_signing_key *key,
                               const struct lk_view *parts, size_t part_count,
                               struct lk_view signature);

#endif
