/* SPDX-License-Identifier: EUPL-1.2 */
/* authenticatorClientPIN (CTAP 2.1 section 6.5.5): PIN, retries, tokens and their permissions. */
#include <string.h>

#include "crypto.h"
#include "ctap.h"
#include "pin.h"

#define LK_TOKEN_LIFE_MS                 600000 /* section 6.5.2.1: max usage time period */
#define LK_WRONG_PINS_BEFORE_POWER_CYCLE 3

enum lk_pin_field {
    LK_PIN_PROTOCOL = 1,
    LK_PIN_SUBCOMMAND = 2,
    LK_PIN_KEY_AGREEMENT = 3,
    LK_PIN_PARAM = 4,
    LK_PIN_NEW_ENC = 5,
    LK_PIN_HASH_ENC = 6,
    LK_PIN_PERMISSIONS = 9,
    LK_PIN_RP_ID = 10,
};

enum lk_pin_subcommand {
    LK_PIN_GET_RETRIES = 1,
    LK_PIN_GET_KEY_AGREEMENT = 2,
    LK_PIN_SET = 3,
    LK_PIN_CHANGE = 4,
    LK_PIN_GET_TOKEN = 5,
    LK_PIN_GET_TOKEN_USING_UV = 6,
    LK_PIN_GET_UV_RETRIES = 7,
    LK_PIN_GET_TOKEN_WITH_PERMISSIONS = 9,
};

bool lk_pin_protocol_known(const struct lk_softkey *key, uint64_t protocol)
{
    unsigned only = key->settings.only_pin_protocol;

    return (protocol == 1 && only != 2) || (protocol == 2 && only != 1);
}

void lk_pin_renew(struct lk_softkey *key)
{
    for (unsigned i = 0; i < 2; i++) {
        uint8_t material[32];

        memset(&key->pin[i], 0, sizeof(key->pin[i]));
        lk_state_random(&key->state, material, sizeof(material));
        lk_p256_private_make(material, key->pin[i].agreement);
        lk_state_random(&key->state, key->pin[i].token, sizeof(key->pin[i].token));
    }
}

bool lk_pin_set(struct lk_softkey *key, const uint8_t *pin, size_t length)
{
    struct lk_part part = {pin, length};
    uint8_t digest[LK_DIGEST_SIZE];
    size_t characters = 0;

    /* Length is counted in code points (section 6.5.1). */
    for (size_t i = 0; i < length; i++)
        characters += (pin[i] & 0xc0) != 0x80;
    if (characters < LK_PIN_LENGTH_MIN || length > LK_PIN_LENGTH_MAX)
        return false;
    lk_digest_make(&part, 1, digest);
    memcpy(key->state.pin_hash, digest, sizeof(key->state.pin_hash));
    key->state.pin_set = true;
    key->state.pin_retries = LK_PIN_RETRIES;
    key->wrong_pins_in_a_row = 0;
    return true;
}

void lk_pin_consume(struct lk_softkey *key)
{
    for (unsigned i = 0; i < 2; i++) {
        key->pin[i].user_verified = false;
        key->pin[i].permissions = 0;
    }
}

int lk_uv_perform(struct lk_softkey *key)
{
    if (key->state.uv_retries == 0)
        return LK_CTAP_UV_BLOCKED;
    if (key->uv == LK_UV_ON) {
        key->state.uv_retries = LK_UV_RETRIES;
        return LK_CTAP_OK;
    }
    key->state.uv_retries--;
    if (!lk_state_save(&key->state))
        return LK_CTAP_OTHER;
    return key->state.uv_retries == 0 ? LK_CTAP_UV_BLOCKED : LK_CTAP_UV_INVALID;
}

static int lk_pin_finish_probe(struct lk_softkey *key, struct lk_writer *reply)
{
    (void)reply;
    return key->state.pin_set ? LK_CTAP_PIN_INVALID : LK_CTAP_PIN_NOT_SET;
}

int lk_pin_authorize(struct lk_softkey *key, const struct lk_int_map *map, unsigned param_field,
                     unsigned protocol_field, unsigned permission, bool *ret_verified)
{
    struct lk_item hash = {.data = key->ceremony.client_data_hash,
                           .length = sizeof(key->ceremony.client_data_hash)};
    struct lk_pin_protocol *pin;
    struct lk_item param;
    uint64_t protocol;
    int status;

    *ret_verified = false;
    if (!map->present[param_field])
        return LK_CTAP_OK;
    status = lk_field_bytes(map, param_field, &param);
    if (status == LK_CTAP_OK && param.length == 0)
        return lk_ctap_wait(key, lk_pin_finish_probe);
    if (status == LK_CTAP_OK)
        status = lk_field_uint(map, protocol_field, 2, &protocol);
    if (status != LK_CTAP_OK)
        return status;
    if (!lk_pin_protocol_known(key, protocol))
        return LK_CTAP_INVALID_PARAMETER;
    pin = &key->pin[protocol - 1];
    if (!pin->in_use || key->now_ms >= pin->expires_ms ||
        !lk_pin_verify(pin->token, (unsigned)protocol, &hash, NULL, &param) ||
        (pin->permissions & permission) == 0 ||
        (pin->rp_id_bound && strcmp(pin->rp_id, key->ceremony.rp_id) != 0))
        return LK_CTAP_PIN_AUTH_INVALID;
    if (!pin->rp_id_bound) {
        memcpy(pin->rp_id, key->ceremony.rp_id, sizeof(pin->rp_id));
        pin->rp_id_bound = true;
    }
    *ret_verified = pin->user_verified;
    return LK_CTAP_OK;
}

static void lk_token_begin(struct lk_softkey *key, unsigned protocol, unsigned permissions,
                           const char *rp_id)
{
    struct lk_pin_protocol *pin = &key->pin[protocol - 1];

    /* A new token ends those given out before (section 6.5.5.7). */
    for (unsigned i = 0; i < 2; i++) {
        lk_state_random(&key->state, key->pin[i].token, sizeof(key->pin[i].token));
        key->pin[i].in_use = false;
    }
    pin->in_use = true;
    pin->user_verified = true;
    pin->permissions = permissions;
    pin->rp_id_bound = rp_id[0] != '\0';
    memcpy(pin->rp_id, rp_id, sizeof(pin->rp_id));
    pin->expires_ms = key->now_ms + LK_TOKEN_LIFE_MS;
}

static void lk_token_write(struct lk_softkey *key, unsigned protocol, const uint8_t secret[64],
                           struct lk_writer *reply)
{
    uint8_t encrypted[48];
    size_t length = lk_pin_encrypt(key, secret, protocol, key->pin[protocol - 1].token,
                                   sizeof(key->pin[0].token), encrypted);

    lk_write_map(reply, 1);
    lk_write_int(reply, 2);
    lk_write_bytes(reply, encrypted, length);
}

static int lk_pin_write_agreement(struct lk_softkey *key, unsigned protocol,
                                  struct lk_writer *reply)
{
    uint8_t x[32], y[32];

    lk_p256_public_make(key->pin[protocol - 1].agreement, x, y);
    lk_write_map(reply, 1);
    lk_write_int(reply, 1);
    lk_write_map(reply, 5);
    lk_write_int(reply, 1);
    lk_write_int(reply, 2); /* kty: EC2 */
    lk_write_int(reply, 3);
    lk_write_int(reply, -25); /* alg as section 6.5.6 wants it */
    lk_write_int(reply, -1);
    lk_write_int(reply, 1);
    lk_write_int(reply, -2);
    lk_write_bytes(reply, x, sizeof(x));
    lk_write_int(reply, -3);
    lk_write_bytes(reply, y, sizeof(y));
    return LK_CTAP_OK;
}

/* The platform's key agreement key: a COSE_Key, of which only the point counts. */
static int lk_pin_secret(const struct lk_softkey *key, const struct lk_int_map *map,
                         unsigned protocol, uint8_t ret_secret[64])
{
    struct lk_reader input = map->value[LK_PIN_KEY_AGREEMENT];
    const uint8_t *x = NULL, *y = NULL;
    struct lk_item item, label;

    if (!map->present[LK_PIN_KEY_AGREEMENT])
        return LK_CTAP_MISSING_PARAMETER;
    if (!lk_reader_expect(&input, LK_ITEM_MAP, &item))
        return LK_CTAP_UNEXPECTED_TYPE;
    for (uint64_t i = item.value; i > 0; i--) {
        if (!lk_reader_next(&input, &label) || !lk_reader_next(&input, &item))
            return LK_CTAP_INVALID_CBOR;
        if (label.kind != LK_ITEM_NEGINT || item.kind != LK_ITEM_BYTES || item.length != 32)
            continue;
        if (label.value == 1) /* -2 */
            x = item.data;
        else if (label.value == 2) /* -3 */
            y = item.data;
    }
    if (x == NULL || y == NULL ||
        !lk_pin_secret_make(key->pin[protocol - 1].agreement, protocol, x, y, ret_secret))
        return LK_CTAP_INVALID_PARAMETER;
    return LK_CTAP_OK;
}

static bool lk_pin_is_blocked(const struct lk_softkey *key)
{
    return key->state.pin_retries == 0 || key->misbehaviour.on[LK_MISBEHAVE_PIN_BLOCKED];
}

/* Compares the PIN; counts a wrong one before it looks (section 6.5.5.7, steps 8 and following). */
static int lk_pin_check(struct lk_softkey *key, const struct lk_int_map *map, unsigned protocol,
                        const uint8_t secret[64])
{
    struct lk_part plain;
    struct lk_item encrypted;
    uint8_t hash[16];
    int status = lk_field_bytes(map, LK_PIN_HASH_ENC, &encrypted);

    plain = (struct lk_part){hash, sizeof(hash)};
    if (status != LK_CTAP_OK)
        return status;
    if (lk_pin_is_blocked(key))
        return LK_CTAP_PIN_BLOCKED;
    if (key->wrong_pins_in_a_row >= LK_WRONG_PINS_BEFORE_POWER_CYCLE)
        return LK_CTAP_PIN_AUTH_BLOCKED;
    key->state.pin_retries--;
    if (lk_pin_decrypt(secret, protocol, &encrypted, hash, sizeof(hash)) == plain.length &&
        memcmp(hash, key->state.pin_hash, sizeof(hash)) == 0) {
        key->state.pin_retries = LK_PIN_RETRIES;
        key->wrong_pins_in_a_row = 0;
        return lk_state_save(&key->state) ? LK_CTAP_OK : LK_CTAP_OTHER;
    }
    key->counters.wrong_pins++;
    key->wrong_pins_in_a_row++;
    lk_pin_renew(key);
    if (!lk_state_save(&key->state))
        return LK_CTAP_OTHER;
    if (key->state.pin_retries == 0)
        return LK_CTAP_PIN_BLOCKED;
    return key->wrong_pins_in_a_row >= LK_WRONG_PINS_BEFORE_POWER_CYCLE ? LK_CTAP_PIN_AUTH_BLOCKED
                                                                        : LK_CTAP_PIN_INVALID;
}

/* setPIN and changePIN (sections 6.5.5.5 and 6.5.5.6). */
static int lk_pin_store(struct lk_softkey *key, const struct lk_int_map *map, unsigned protocol,
                        bool change)
{
    struct lk_item param, new_enc, hash_enc;
    uint8_t secret[64], pin[64];
    int status = lk_pin_secret(key, map, protocol, secret);

    if (status == LK_CTAP_OK)
        status = lk_field_bytes(map, LK_PIN_PARAM, &param);
    if (status == LK_CTAP_OK)
        status = lk_field_bytes(map, LK_PIN_NEW_ENC, &new_enc);
    if (status == LK_CTAP_OK && change)
        status = lk_field_bytes(map, LK_PIN_HASH_ENC, &hash_enc);
    if (status != LK_CTAP_OK)
        return status;
    if (change && !key->state.pin_set)
        return LK_CTAP_PIN_NOT_SET;
    if (change && lk_pin_is_blocked(key))
        return LK_CTAP_PIN_BLOCKED;
    if ((!change && key->state.pin_set) ||
        !lk_pin_verify(secret, protocol, &new_enc, change ? &hash_enc : NULL, &param))
        return LK_CTAP_PIN_AUTH_INVALID;
    if (change)
        status = lk_pin_check(key, map, protocol, secret);
    if (status != LK_CTAP_OK)
        return status;
    if (lk_pin_decrypt(secret, protocol, &new_enc, pin, sizeof(pin)) != sizeof(pin))
        return LK_CTAP_INVALID_PARAMETER;
    if (pin[63] != 0 || !lk_pin_set(key, pin, strnlen((const char *)pin, sizeof(pin))))
        return LK_CTAP_PIN_POLICY_VIOLATION;
    lk_pin_renew(key);
    return lk_state_save(&key->state) ? LK_CTAP_OK : LK_CTAP_OTHER;
}

/* Permissions asked for, and the relying party they need (section 6.5.5.7). */
static int lk_pin_permissions(const struct lk_int_map *map, unsigned *ret_permissions,
                              char *ret_rp_id)
{
    uint64_t permissions = 0;
    int status = lk_field_uint(map, LK_PIN_PERMISSIONS, UINT8_MAX, &permissions);

    if (status != LK_CTAP_OK)
        return status;
    if (permissions == 0)
        return LK_CTAP_INVALID_PARAMETER;
    if ((permissions & ~(uint64_t)(LK_PERMISSION_MC | LK_PERMISSION_GA)) != 0)
        return LK_CTAP_UNAUTHORIZED_PERMISSION;
    *ret_permissions = (unsigned)permissions;
    return lk_field_text(map, LK_PIN_RP_ID, ret_rp_id, LK_RP_ID_MAX + 1);
}

static int lk_pin_give_token(struct lk_softkey *key, const struct lk_int_map *map,
                             unsigned protocol, bool with_permissions, struct lk_writer *reply)
{
    unsigned permissions = LK_PERMISSION_MC | LK_PERMISSION_GA;
    char rp_id[LK_RP_ID_MAX + 1] = "";
    uint8_t secret[64];
    int status = LK_CTAP_OK;

    if (with_permissions)
        status = lk_pin_permissions(map, &permissions, rp_id);
    else if (map->present[LK_PIN_PERMISSIONS] || map->present[LK_PIN_RP_ID])
        status = LK_CTAP_INVALID_PARAMETER;
    if (status == LK_CTAP_OK && !key->state.pin_set)
        status = LK_CTAP_PIN_NOT_SET;
    if (status == LK_CTAP_OK)
        status = lk_pin_secret(key, map, protocol, secret);
    if (status == LK_CTAP_OK)
        status = lk_pin_check(key, map, protocol, secret);
    if (status != LK_CTAP_OK)
        return status;
    lk_token_begin(key, protocol, permissions, rp_id);
    lk_token_write(key, protocol, secret, reply);
    return LK_CTAP_OK;
}

static int lk_pin_finish_uv(struct lk_softkey *key, struct lk_writer *reply)
{
    struct lk_ceremony *ceremony = &key->ceremony;
    int status = lk_uv_perform(key);

    if (status != LK_CTAP_OK)
        return status;
    lk_token_begin(key, ceremony->protocol, ceremony->permissions, ceremony->rp_id);
    lk_token_write(key, ceremony->protocol, ceremony->shared, reply);
    return LK_CTAP_OK;
}

/* Section 6.5.5.8: the sensor's finger is a touch of its own. */
static int lk_pin_give_token_using_uv(struct lk_softkey *key, const struct lk_int_map *map,
                                      unsigned protocol)
{
    struct lk_ceremony *ceremony = &key->ceremony;
    int status;

    memset(ceremony, 0, sizeof(*ceremony));
    if (key->uv == LK_UV_OFF)
        return LK_CTAP_INVALID_SUBCOMMAND;
    status = lk_pin_permissions(map, &ceremony->permissions, ceremony->rp_id);
    if (status == LK_CTAP_OK)
        status = lk_pin_secret(key, map, protocol, ceremony->shared);
    if (status != LK_CTAP_OK)
        return status;
    if (key->state.uv_retries == 0)
        return LK_CTAP_UV_BLOCKED;
    ceremony->protocol = protocol;
    return lk_ctap_wait(key, lk_pin_finish_uv);
}

static void lk_pin_write_retries(const struct lk_softkey *key, struct lk_writer *reply)
{
    bool power_cycle = key->wrong_pins_in_a_row >= LK_WRONG_PINS_BEFORE_POWER_CYCLE;

    lk_write_map(reply, 2);
    lk_write_int(reply, 3);
    lk_write_int(reply, lk_pin_is_blocked(key) ? 0 : key->state.pin_retries);
    lk_write_int(reply, 4);
    lk_write_bool(reply, power_cycle);
}

int lk_ctap_client_pin(struct lk_softkey *key, struct lk_reader request, struct lk_writer *reply)
{
    struct lk_int_map map;
    uint64_t subcommand = 0, protocol = 0;
    int status = LK_CTAP_OK;

    if (!lk_int_map_split(request, &map))
        return LK_CTAP_INVALID_CBOR;
    status = lk_field_uint(&map, LK_PIN_SUBCOMMAND, UINT8_MAX, &subcommand);
    if (status == LK_CTAP_OK && subcommand != LK_PIN_GET_RETRIES &&
        subcommand != LK_PIN_GET_UV_RETRIES) {
        status = lk_field_uint(&map, LK_PIN_PROTOCOL, 2, &protocol);
        if (status == LK_CTAP_OK && !lk_pin_protocol_known(key, protocol))
            status = LK_CTAP_INVALID_PARAMETER;
    }
    if (status != LK_CTAP_OK)
        return status;
    switch (subcommand) {
    case LK_PIN_GET_RETRIES:
        lk_pin_write_retries(key, reply);
        return LK_CTAP_OK;
    case LK_PIN_GET_KEY_AGREEMENT:
        return lk_pin_write_agreement(key, (unsigned)protocol, reply);
    case LK_PIN_SET:
    case LK_PIN_CHANGE:
        return lk_pin_store(key, &map, (unsigned)protocol, subcommand == LK_PIN_CHANGE);
    case LK_PIN_GET_TOKEN:
    case LK_PIN_GET_TOKEN_WITH_PERMISSIONS:
        return lk_pin_give_token(key, &map, (unsigned)protocol,
                                 subcommand == LK_PIN_GET_TOKEN_WITH_PERMISSIONS, reply);
    case LK_PIN_GET_TOKEN_USING_UV:
        return lk_pin_give_token_using_uv(key, &map, (unsigned)protocol);
    case LK_PIN_GET_UV_RETRIES:
        if (key->uv == LK_UV_OFF)
            return LK_CTAP_INVALID_SUBCOMMAND;
        lk_write_map(reply, 1);
        lk_write_int(reply, 5);
        lk_write_int(reply, key->state.uv_retries);
        return LK_CTAP_OK;
    default:
        return LK_CTAP_INVALID_SUBCOMMAND;
    }
}
