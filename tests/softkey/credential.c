/* SPDX-License-Identifier: EUPL-1.2 */
/* Derived credentials and authenticator data (WebAuthn L3 section 6.1). See credential.h. */
#include "credential.h"

#include <string.h>

#include "ctap.h"

#define LK_ID_HEAD 32 /* bytes of the id before its tag */

static void lk_credential_derive(const struct lk_softkey *key, const char *purpose,
                                 const uint8_t rp_id_hash[32], const uint8_t head[LK_ID_HEAD],
                                 uint8_t ret_bytes[32])
{
    struct lk_part parts[] = {
        {purpose, strlen(purpose) + 1},
        {rp_id_hash, 32},
        {head, LK_ID_HEAD},
    };

    lk_mac_make(key->state.master, sizeof(key->state.master), parts, 3, ret_bytes);
}

static void lk_credential_fill(const struct lk_softkey *key, const uint8_t rp_id_hash[32],
                               struct lk_credential *credential)
{
    uint8_t material[32];

    credential->algorithm = -(int)credential->id[0];
    credential->protection = credential->id[1];
    lk_credential_derive(key, "private key", rp_id_hash, credential->id, material);
    if (credential->algorithm == LK_ALG_ES256)
        lk_p256_private_make(material, credential->private_key);
    else
        memcpy(credential->private_key, material, 32);
}

void lk_credential_make(struct lk_softkey *key, const uint8_t rp_id_hash[32], int algorithm,
                        unsigned protection, struct lk_credential *ret_credential)
{
    uint8_t *id = ret_credential->id;

    id[0] = (uint8_t)-algorithm;
    id[1] = (uint8_t)(protection == 0 ? 1 : protection);
    lk_state_random(&key->state, id + 2, LK_ID_HEAD - 2);
    lk_credential_derive(key, "tag", rp_id_hash, id, id + LK_ID_HEAD);
    lk_credential_fill(key, rp_id_hash, ret_credential);
}

bool lk_credential_open(const struct lk_softkey *key, const uint8_t rp_id_hash[32],
                        const uint8_t *id, size_t length, struct lk_credential *ret_credential)
{
    uint8_t tag[32];

    if (length != LK_CREDENTIAL_ID_SIZE)
        return false;
    lk_credential_derive(key, "tag", rp_id_hash, id, tag);
    if (memcmp(tag, id + LK_ID_HEAD, sizeof(tag)) != 0)
        return false;
    memcpy(ret_credential->id, id, length);
    lk_credential_fill(key, rp_id_hash, ret_credential);
    return true;
}

size_t lk_credential_sign(const struct lk_credential *credential, const uint8_t *auth_data,
                          size_t length, const uint8_t client_data_hash[32],
                          uint8_t ret_signature[LK_SIGNATURE_MAX])
{
    struct lk_part parts[] = {{auth_data, length}, {client_data_hash, 32}};
    uint8_t message[LK_AUTH_DATA_MAX + 32];
    uint8_t digest[LK_DIGEST_SIZE];

    if (credential->algorithm == LK_ALG_ES256) {
        lk_digest_make(parts, 2, digest);
        return lk_p256_sign(credential->private_key, digest, ret_signature);
    }
    memcpy(message, auth_data, length);
    memcpy(message + length, client_data_hash, 32);
    return lk_ed25519_sign(credential->private_key, message, length + 32, ret_signature);
}

/* COSE_Key (RFC 9052, RFC 9053) in CTAP2 canonical order. */
static void lk_public_key_write(const struct lk_credential *credential, struct lk_writer *writer)
{
    uint8_t x[32], y[32];

    if (credential->algorithm == LK_ALG_ES256) {
        lk_p256_public_make(credential->private_key, x, y);
        lk_write_map(writer, 5);
        lk_write_int(writer, 1); /* kty: EC2 */
        lk_write_int(writer, 2);
    } else {
        lk_ed25519_public_make(credential->private_key, x);
        lk_write_map(writer, 4);
        lk_write_int(writer, 1); /* kty: OKP */
        lk_write_int(writer, 1);
    }
    lk_write_int(writer, 3);
    lk_write_int(writer, credential->algorithm);
    lk_write_int(writer, -1); /* crv: P-256 or Ed25519 */
    lk_write_int(writer, credential->algorithm == LK_ALG_ES256 ? 1 : 6);
    lk_write_int(writer, -2);
    lk_write_bytes(writer, x, sizeof(x));
    if (credential->algorithm == LK_ALG_ES256) {
        lk_write_int(writer, -3);
        lk_write_bytes(writer, y, sizeof(y));
    }
}

static uint32_t lk_counter_take(struct lk_softkey *key)
{
    if (key->misbehaviour.on[LK_MISBEHAVE_COUNTER_BACK])
        return key->state.sign_count / 2;
    if (!key->misbehaviour.on[LK_MISBEHAVE_REPEAT_COUNTER])
        key->state.sign_count++;
    return key->state.sign_count;
}

static unsigned lk_flags_spoil(const struct lk_misbehaviour *misbehaviour, unsigned flags)
{
    if (misbehaviour->on[LK_MISBEHAVE_CLEAR_UP])
        flags &= ~(unsigned)LK_FLAG_UP;
    if (misbehaviour->on[LK_MISBEHAVE_CLEAR_UV])
        flags &= ~(unsigned)LK_FLAG_UV;
    if (misbehaviour->on[LK_MISBEHAVE_SET_BE])
        flags |= LK_FLAG_BE;
    if (misbehaviour->on[LK_MISBEHAVE_SET_BS])
        flags |= LK_FLAG_BS;
    return flags;
}

void lk_auth_data_make(struct lk_softkey *key, unsigned flags, const uint8_t rp_id_hash[32],
                       const struct lk_credential *credential, const uint8_t aaguid[16], bool echo,
                       struct lk_auth_data *ret_data)
{
    struct lk_writer writer;
    uint32_t counter = lk_counter_take(key);
    uint8_t head[37];

    flags = lk_flags_spoil(&key->misbehaviour, flags);
    if (credential != NULL)
        flags |= LK_FLAG_AT | (echo ? (unsigned)LK_FLAG_ED : 0u);
    memcpy(head, rp_id_hash, 32);
    if (key->misbehaviour.on[LK_MISBEHAVE_BAD_RP_HASH])
        head[0] ^= 0xff;
    head[32] = (uint8_t)flags;
    for (unsigned i = 0; i < 4; i++)
        head[33 + i] = (uint8_t)(counter >> (24 - 8 * i));
    lk_writer_init(&writer, ret_data->bytes, sizeof(ret_data->bytes));
    lk_write_raw(&writer, head, sizeof(head));
    if (credential != NULL) {
        const uint8_t id_length[2] = {0, LK_CREDENTIAL_ID_SIZE};

        lk_write_raw(&writer, aaguid, 16);
        lk_write_raw(&writer, id_length, sizeof(id_length));
        lk_write_raw(&writer, credential->id, sizeof(credential->id));
        lk_public_key_write(credential, &writer);
        if (echo) {
            lk_write_map(&writer, 1);
            lk_write_text(&writer, "credProtect");
            lk_write_int(&writer, credential->protection);
        }
    }
    lk_crypto_require(!writer.failed, "authenticator data too long");
    ret_data->length = writer.length;
}
