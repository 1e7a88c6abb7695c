/* SPDX-License-Identifier: EUPL-1.2 */
/* PIN/UV auth protocols 1 and 2 and the tokens they give out (CTAP 2.1 section 6.5). */
#ifndef LK_SOFTKEY_PIN_H
#define LK_SOFTKEY_PIN_H

#include "softkey.h"

#define LK_PIN_LENGTH_MIN 4
#define LK_PIN_LENGTH_MAX 63

/* pin_protocol.c: the two protocols. Numbers are 1 and 2; secrets are 32 bytes of HMAC key, then 32
 * of AES key. */
bool lk_pin_secret_make(const uint8_t private_key[32], unsigned protocol, const uint8_t x[32],
                        const uint8_t y[32], uint8_t ret_secret[64]);
bool lk_pin_verify(const uint8_t mac_key[32], unsigned protocol, const struct lk_item *first,
                   const struct lk_item *second, const struct lk_item *signature);
/* Returns the length of the plain text, 0 when the input has no valid length. */
size_t lk_pin_decrypt(const uint8_t secret[64], unsigned protocol, const struct lk_item *input,
                      uint8_t *ret_plain, size_t capacity);
size_t lk_pin_encrypt(struct lk_softkey *key, const uint8_t secret[64], unsigned protocol,
                      const uint8_t *plain, size_t length, uint8_t *ret_output);

/* ctap_client_pin.c */
/* Does this key have the protocol with this number? */
bool lk_pin_protocol_known(const struct lk_softkey *key, uint64_t protocol);
/* New key agreement keys and tokens for both protocols. */
void lk_pin_renew(struct lk_softkey *key);
/* Sets the PIN without asking for the old one. False: it breaks the length rules. */
bool lk_pin_set(struct lk_softkey *key, const uint8_t *pin, size_t length);
/*
 * Judges pinUvAuthParam and pinUvAuthProtocol (the two fields named) of a makeCredential or
 * getAssertion. LK_CTAP_OK with ret_verified false: they were not given. LK_CTAP_WAIT: it was the
 * empty parameter by which a platform asks for a touch only.
 */
int lk_pin_authorize(struct lk_softkey *key, const struct lk_int_map *map, unsigned param_field,
                     unsigned protocol_field, unsigned permission, bool *ret_verified);
/* After a touch: tokens lose their permissions (6.5.5.1). */
void lk_pin_consume(struct lk_softkey *key);
/* Asks the built-in sensor. LK_CTAP_OK, LK_CTAP_UV_INVALID or LK_CTAP_UV_BLOCKED. */
int lk_uv_perform(struct lk_softkey *key);

#endif
