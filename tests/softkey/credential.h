/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Credentials and authenticator data. A credential id is
 *   algorithm (1) | credProtect level (1) | nonce (30) | tag (32)
 * The tag is an HMAC by the master secret over all that and the relying party. The private key is
 * derived from the same, so that any number of non-discoverable credentials needs no memory.
 */
#ifndef LK_SOFTKEY_CREDENTIAL_H
#define LK_SOFTKEY_CREDENTIAL_H

#include "crypto.h"
#include "softkey.h"

struct lk_credential {
    uint8_t id[LK_CREDENTIAL_ID_SIZE];
    int algorithm;       /* COSE: -7 or -8 */
    unsigned protection; /* credProtect level 1..3 */
    uint8_t private_key[32];
};

void lk_credential_make(struct lk_softkey *key, const uint8_t rp_id_hash[32], int algorithm,
                        unsigned protection, struct lk_credential *ret_credential);
/* False: not an id this key made for this relying party. */
bool lk_credential_open(const struct lk_softkey *key, const uint8_t rp_id_hash[32],
                        const uint8_t *id, size_t length, struct lk_credential *ret_credential);
/* Signs authenticator data followed by the client data hash. */
size_t lk_credential_sign(const struct lk_credential *credential, const uint8_t *auth_data,
                          size_t length, const uint8_t client_data_hash[32],
                          uint8_t ret_signature[LK_SIGNATURE_MAX]);

#define LK_AUTH_DATA_MAX 320

struct lk_auth_data {
    uint8_t bytes[LK_AUTH_DATA_MAX];
    size_t length;
};

/* Takes the next counter value, applies the misbehaviours that lie in signed data. With a
 * credential, its id and public key are attached (makeCredential), and credProtect is echoed when
 * echo is set. */
void lk_auth_data_make(struct lk_softkey *key, unsigned flags, const uint8_t rp_id_hash[32],
                       const struct lk_credential *credential, const uint8_t aaguid[16], bool echo,
                       struct lk_auth_data *ret_data);

#endif
