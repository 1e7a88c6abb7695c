/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Cryptography of the software key over OpenSSL 3. Every function is deterministic: ECDSA nonces
 * are those of RFC 6979, so that a key with a given seed answers the same bytes to the same
 * requests. It is a test tool: no care is taken of side channels. OpenSSL out of memory ends the
 * program.
 */
#ifndef LK_SOFTKEY_CRYPTO_H
#define LK_SOFTKEY_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#define LK_DIGEST_SIZE   32
#define LK_SIGNATURE_MAX 72 /* DER of two P-256 numbers; Ed25519 takes 64 */

struct lk_part {
    const void *data;
    size_t length;
};

/* Ends the program with a message when a call that cannot fail has failed. */
void lk_crypto_require(bool good, const char *what);

void lk_digest_make(const struct lk_part *parts, size_t count, uint8_t ret_digest[LK_DIGEST_SIZE]);
/* HMAC-SHA-256 */
void lk_mac_make(const void *key, size_t key_length, const struct lk_part *parts, size_t count,
                 uint8_t ret_mac[LK_DIGEST_SIZE]);
/* AES-256-CBC without padding; length is a multiple of 16. */
void lk_aes_cbc_run(bool encrypt, const uint8_t key[32], const uint8_t iv[16], const uint8_t *input,
                    size_t length, uint8_t *ret_output);

/* Private numbers are 32 big-endian bytes in 1..n-1; made so from any 32 bytes. */
void lk_p256_private_make(const uint8_t material[32], uint8_t ret_private[32]);
void lk_p256_public_make(const uint8_t private_key[32], uint8_t ret_x[32], uint8_t ret_y[32]);
/* X coordinate of the shared point. False: the other side's point is not on the curve. */
bool lk_p256_shared_make(const uint8_t private_key[32], const uint8_t x[32], const uint8_t y[32],
                         uint8_t ret_shared[32]);
/* DER signature over a SHA-256 digest; returns its length. */
size_t lk_p256_sign(const uint8_t private_key[32], const uint8_t digest[LK_DIGEST_SIZE],
                    uint8_t ret_signature[LK_SIGNATURE_MAX]);
/* The caller frees it with EVP_PKEY_free. */
EVP_PKEY *lk_p256_pkey_make(const uint8_t private_key[32]);
/* PKCS #8 (RFC 5958), the form in which other software keys take it; returns its length. */
#define LK_PKCS8_MAX 160
size_t lk_p256_export(const uint8_t private_key[32], uint8_t ret_pkcs8[LK_PKCS8_MAX]);

void lk_ed25519_public_make(const uint8_t private_key[32], uint8_t ret_public[32]);
size_t lk_ed25519_sign(const uint8_t private_key[32], const uint8_t *message, size_t length,
                       uint8_t ret_signature[LK_SIGNATURE_MAX]);

#endif
