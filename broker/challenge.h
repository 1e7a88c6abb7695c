/* SPDX-License-Identifier: EUPL-1.2 */
/* Challenges: for hosts bound to what the person is doing, for the gateway an authenticated token that needs no memory (docs/PROTOCOL.md 4.11, 5.6). */
#ifndef LK_BROKER_CHALLENGE_H
#define LK_BROKER_CHALLENGE_H

#include "broker/broker.h"

enum {
    LK_TOKEN_VERSION = 1,
    LK_TOKEN_SECONDS = 300,
    LK_CHALLENGE_KEYS = 4,
    LK_CHALLENGE_KEY_DAYS = 7 /* then a new key is made at start; the old one is still accepted */
};

/* File `challenge.keys` in the state folder, mode 0600 (docs/PROTOCOL.md 5.6): made if it is not there. Errors of lk_file_read, -LK_ERR_CORRUPT. */
LK_MUST_USE int lk_challenge_keys_open(struct lk_broker *broker, const char *folder,
                                       struct lk_challenge_keys **ret_keys);
struct lk_challenge_keys *lk_challenge_keys_free(struct lk_challenge_keys *keys);
/* Another timeline of the store begins (a restored one was accepted): all open challenges are void. */
LK_MUST_USE int lk_challenge_keys_new_epoch(struct lk_broker *broker);

LK_MUST_USE int lk_token_make(struct lk_broker *broker, enum lk_purpose purpose,
                              const uint8_t transaction[LK_TRANSACTION_SIZE],
                              uint8_t ret_token[LK_TOKEN_SIZE]);
/* A mark on bytes that lie where others may write: key id and HMAC under the newest key, bound to the epoch. What it means is said by how the bytes begin;
 * a token begins with LK_TOKEN_VERSION. Sealed: the mark is ours. */
LK_MUST_USE int lk_challenge_seal(struct lk_broker *broker, struct lk_view bytes,
                                  uint8_t ret_seal[LK_STORE_SEAL_SIZE]);
bool lk_challenge_sealed(struct lk_broker *broker, struct lk_view bytes,
                         const uint8_t seal[LK_STORE_SEAL_SIZE]);

/* NONE and what the nonce index wants (expiry minute, nonce); CHALLENGE for anything that is not a token of ours for this purpose and
 * transaction; EXPIRED_CHALLENGE for one that is over, or of another epoch. */
enum lk_reason lk_token_check(struct lk_broker *broker, struct lk_view token,
                              enum lk_purpose purpose,
                              const uint8_t transaction[LK_TRANSACTION_SIZE],
                              uint8_t ret_nonce[LK_STORE_NONCE_SIZE]);

#endif
