/* SPDX-License-Identifier: EUPL-1.2 */
/* Shared by the files of core/verify only. */
#ifndef LK_VERIFY_INTERNAL_H
#define LK_VERIFY_INTERNAL_H

#include "verify/verify.h"

/* SHA-256 of one view. */
LK_MUST_USE int lk_hash_one(const struct lk_crypto *crypto, struct lk_view bytes,
                            uint8_t ret_digest[32]);
/* Is hash the SHA-256 of this relying party? */
LK_MUST_USE int lk_relying_party_match(const struct lk_crypto *crypto, const char *relying_party,
                                       const uint8_t hash[32], bool *ret_match);
/* A verification key from COSE_Key bytes; -LK_ERR_ALGORITHM and decoding errors mean "not a key of ours". */
LK_MUST_USE int lk_verify_key_cose(const struct lk_crypto *crypto, struct lk_view cose,
                                   struct lk_verify_key **ret_key);
/* True for errors that say the machine failed, not the bytes. */
bool lk_machine_failed(int error);

#endif
