/* SPDX-License-Identifier: EUPL-1.2 */
/* Sealing: what somebody else keeps for us and must neither read nor change. AES-256-GCM (NIST SP 800-38D) under a key of its own for each
 * message, HMAC-SHA256 of the sealing key over 16 random bytes, so that the limit of 2^32 messages with random nonces is not ours. */
#ifndef LK_CRYPTO_SEAL_H
#define LK_CRYPTO_SEAL_H

#include "base/random.h"
#include "crypto/crypto.h"

enum {
    LK_SEAL_KEY_SIZE = 32,
    LK_SEAL_OVERHEAD = 16 + 12 + 16 /* salt, nonce, tag */
};

/* Appends salt, nonce, ciphertext and tag. associated is authenticated and not carried. -LK_ERR_CRYPTO, -LK_ERR_IO (no random bytes), the buffer's error. */
LK_MUST_USE int lk_seal(const struct lk_crypto *crypto, const uint8_t key[LK_SEAL_KEY_SIZE],
                        const struct lk_random *random, struct lk_view associated,
                        struct lk_view plain, struct lk_buf *sealed);
/* Appends the plain bytes, only if every bit is as it was sealed, with this key and this associated data: else -LK_ERR_SIGNATURE, and nothing is appended. */
LK_MUST_USE int lk_unseal(const struct lk_crypto *crypto, const uint8_t key[LK_SEAL_KEY_SIZE],
                          struct lk_view associated, struct lk_view sealed, struct lk_buf *plain);

#endif
