/* SPDX-License-Identifier: EUPL-1.2 */
/* authenticatorMakeCredential (CTAP 2.1 section 6.1.2). The steps named are those of that section.
 */
#include <string.h>

#include "attestation.h"
#include "ctap.h"
#include "pin.h"

enum lk_make_field {
    LK_MAKE_CLIENT_DATA_HASH = 1,
    LK_MAKE_RP = 2,
    LK_MAKE_USER = 3,
    LK_MAKE_ALGORITHMS = 4,
    LK_MAKE_EXCLUDE_LIST = 5,
    LK_MAKE_EXTENSIONS = 6,
    LK_MAKE_OPTIONS = 7,
    LK_MAKE_PIN_PARAM = 8,
    LK_MAKE_PIN_PROTOCOL = 9,
    LK_MAKE_ENTERPRISE = 10,
};

/* A text of a map, cut to what fits at a character boundary (section 6.1.2: may be truncated). */
static int lk_map_text(struct lk_reader map, const char *name, bool cut, char *ret_text,
                       size_t size)
{
    struct lk_reader value;
    struct lk_item item;
    size_t length;
    int found = lk_text_map_find(map, name, &value);

    if (found < 0)
        return LK_CTAP_UNEXPECTED_TYPE;
    if (found == 0)
        return LK_CTAP_MISSING_PARAMETER;
    if (!lk_reader_expect(&value, LK_ITEM_TEXT, &item))
        return LK_CTAP_UNEXPECTED_TYPE;
    if (memchr(item.data, '\0', item.length) != NULL || (item.length >= size && !cut))
        return LK_CTAP_INVALID_PARAMETER;
    length = item.length < size ? item.length : size - 1;
    while (length < item.length && length > 0 && (item.data[length] & 0xc0) == 0x80)
        length--;
    memcpy(ret_text, item.data, length);
    ret_text[length] = '\0';
    return LK_CTAP_OK;
}

static int lk_make_parse_user(struct lk_reader map, struct lk_resident *user)
{
    struct lk_reader value;
    struct lk_item item;
    int found = lk_text_map_find(map, "id", &value);
    int status;

    if (found < 0)
        return LK_CTAP_UNEXPECTED_TYPE;
    if (found == 0)
        return LK_CTAP_MISSING_PARAMETER;
    if (!lk_reader_expect(&value, LK_ITEM_BYTES, &item))
        return LK_CTAP_UNEXPECTED_TYPE;
    if (item.length > sizeof(user->user_id))
        return LK_CTAP_INVALID_PARAMETER;
    memcpy(user->user_id, item.data, item.length);
    user->user_id_length = item.length;
    status = lk_map_text(map, "name", true, user->name, sizeof(user->name));
    if (status != LK_CTAP_OK && status != LK_CTAP_MISSING_PARAMETER)
        return status;
    status = lk_map_text(map, "displayName", true, user->display_name, sizeof(user->display_name));
    return status == LK_CTAP_MISSING_PARAMETER ? LK_CTAP_OK : status;
}

/* Step 3: the first algorithm this key has. */
static int lk_make_choose_algorithm(struct lk_reader input, int *ret_algorithm)
{
    struct lk_item array;
    int chosen = 0;

    if (!lk_reader_expect(&input, LK_ITEM_ARRAY, &array))
        return LK_CTAP_UNEXPECTED_TYPE;
    for (uint64_t i = 0; i < array.value; i++) {
        struct lk_reader entry, value;
        struct lk_item number;
        char type[16];

        if (!lk_reader_take(&input, &entry))
            return LK_CTAP_INVALID_CBOR;
        if (lk_map_text(entry, "type", true, type, sizeof(type)) != LK_CTAP_OK ||
            lk_text_map_find(entry, "alg", &value) != 1 || !lk_reader_next(&value, &number) ||
            (number.kind != LK_ITEM_UINT && number.kind != LK_ITEM_NEGINT))
            return LK_CTAP_UNEXPECTED_TYPE;
        if (chosen == 0 && strcmp(type, "public-key") == 0 && number.kind == LK_ITEM_NEGINT &&
            (number.value == -1 - LK_ALG_ES256 || number.value == -1 - LK_ALG_EDDSA))
            chosen = -1 - (int)number.value;
    }
    *ret_algorithm = chosen;
    return chosen != 0 ? LK_CTAP_OK : LK_CTAP_UNSUPPORTED_ALGORITHM;
}

/* credProtect (section 12.1); other extensions are ignored, as section 6.1.2 wants. */
static int lk_make_parse_extensions(const struct lk_int_map *map, unsigned *ret_protection)
{
    struct lk_reader value;
    struct lk_item item;
    int found;

    if (!map->present[LK_MAKE_EXTENSIONS])
        return LK_CTAP_OK;
    found = lk_text_map_find(map->value[LK_MAKE_EXTENSIONS], "credProtect", &value);
    if (found < 0 || (found == 1 && !lk_reader_expect(&value, LK_ITEM_UINT, &item)))
        return LK_CTAP_UNEXPECTED_TYPE;
    if (found == 1 && (item.value < 1 || item.value > 3))
        return LK_CTAP_INVALID_PARAMETER;
    if (found == 1)
        *ret_protection = (unsigned)item.value;
    return LK_CTAP_OK;
}

/* Step 5: up false makes no sense here, uv needs a sensor and gives way to a token. */
static int lk_make_parse_options(struct lk_softkey *key, const struct lk_int_map *map)
{
    int resident = 0, presence = 1, verification = 0, status;

    status = lk_field_option(map, LK_MAKE_OPTIONS, "rk", &resident);
    if (status == LK_CTAP_OK)
        status = lk_field_option(map, LK_MAKE_OPTIONS, "up", &presence);
    if (status == LK_CTAP_OK)
        status = lk_field_option(map, LK_MAKE_OPTIONS, "uv", &verification);
    if (status != LK_CTAP_OK)
        return status;
    if (map->present[LK_MAKE_PIN_PARAM])
        verification = 0;
    if (presence == 0 || (verification == 1 && key->uv == LK_UV_OFF))
        return LK_CTAP_INVALID_OPTION;
    key->ceremony.resident = resident == 1;
    key->ceremony.builtin_uv = verification == 1;
    return LK_CTAP_OK;
}

static int lk_make_parse(struct lk_softkey *key, const struct lk_int_map *map)
{
    struct lk_ceremony *ceremony = &key->ceremony;
    struct lk_item hash;
    int status = lk_field_bytes(map, LK_MAKE_CLIENT_DATA_HASH, &hash);

    if (status != LK_CTAP_OK)
        return status;
    if (hash.length != sizeof(ceremony->client_data_hash))
        return LK_CTAP_INVALID_LENGTH;
    memcpy(ceremony->client_data_hash, hash.data, hash.length);
    if (!map->present[LK_MAKE_RP] || !map->present[LK_MAKE_USER] ||
        !map->present[LK_MAKE_ALGORITHMS])
        return LK_CTAP_MISSING_PARAMETER;
    status =
        lk_map_text(map->value[LK_MAKE_RP], "id", false, ceremony->rp_id, sizeof(ceremony->rp_id));
    if (status == LK_CTAP_OK)
        status = lk_make_parse_user(map->value[LK_MAKE_USER], &ceremony->user);
    if (status == LK_CTAP_OK)
        status = lk_make_choose_algorithm(map->value[LK_MAKE_ALGORITHMS], &ceremony->algorithm);
    if (status == LK_CTAP_OK)
        status = lk_make_parse_extensions(map, &ceremony->protection);
    if (status == LK_CTAP_OK)
        status = lk_make_parse_options(key, map);
    if (status == LK_CTAP_OK && map->present[LK_MAKE_ENTERPRISE])
        status = LK_CTAP_INVALID_PARAMETER; /* step 9: enterprise attestation is not there */
    ceremony->list = map->value[LK_MAKE_EXCLUDE_LIST];
    return status;
}

/* Step 12. 1: one of the list is ours, 0: none, -1: not a list of credentials. */
static int lk_make_excluded(const struct lk_softkey *key)
{
    const struct lk_ceremony *ceremony = &key->ceremony;
    struct lk_reader input = ceremony->list;
    struct lk_item array;

    if (input.length == 0)
        return 0;
    if (!lk_reader_expect(&input, LK_ITEM_ARRAY, &array))
        return -1;
    for (uint64_t i = 0; i < array.value; i++) {
        struct lk_reader entry, value;
        struct lk_credential credential;
        struct lk_item id;

        if (!lk_reader_take(&input, &entry) || lk_text_map_find(entry, "id", &value) != 1 ||
            !lk_reader_expect(&value, LK_ITEM_BYTES, &id))
            return -1;
        if (lk_credential_open(key, ceremony->rp_id_hash, id.data, id.length, &credential) &&
            (credential.protection < 3 || ceremony->verified))
            return 1;
    }
    return 0;
}

/* Step 17: the same user of the same relying party is overwritten. */
static int lk_make_keep(struct lk_softkey *key, const struct lk_credential *credential)
{
    struct lk_resident *user = &key->ceremony.user;
    struct lk_state *state = &key->state;
    size_t place = 0;

    memcpy(user->id, credential->id, sizeof(user->id));
    memcpy(user->rp_id, key->ceremony.rp_id, sizeof(user->rp_id));
    while (place < state->resident_count &&
           (strcmp(state->resident[place].rp_id, user->rp_id) != 0 ||
            state->resident[place].user_id_length != user->user_id_length ||
            memcmp(state->resident[place].user_id, user->user_id, user->user_id_length) != 0))
        place++;
    if (place == LK_RESIDENTS_MAX)
        return LK_CTAP_KEY_STORE_FULL;
    if (place < state->resident_count) {
        /* The newest stands last. */
        memmove(&state->resident[place], &state->resident[place + 1],
                (state->resident_count - place - 1) * sizeof(state->resident[0]));
        state->resident_count--;
    }
    state->resident[state->resident_count++] = *user;
    return LK_CTAP_OK;
}

static int lk_make_finish(struct lk_softkey *key, struct lk_writer *reply)
{
    static const uint8_t zero_aaguid[16];
    struct lk_ceremony *ceremony = &key->ceremony;
    struct lk_credential credential;
    struct lk_auth_data data;
    int status = LK_CTAP_OK;

    if (ceremony->builtin_uv) {
        status = lk_uv_perform(key);
        if (status != LK_CTAP_OK)
            return key->state.pin_set ? LK_CTAP_PUAT_REQUIRED : LK_CTAP_OPERATION_DENIED;
        ceremony->verified = true;
    }
    lk_pin_consume(key);
    if (lk_make_excluded(key) != 0)
        return lk_make_excluded(key) < 0 ? LK_CTAP_INVALID_CBOR : LK_CTAP_CREDENTIAL_EXCLUDED;
    lk_credential_make(key, ceremony->rp_id_hash, ceremony->algorithm, ceremony->protection,
                       &credential);
    if (ceremony->resident)
        status = lk_make_keep(key, &credential);
    if (status != LK_CTAP_OK)
        return status;
    lk_auth_data_make(key, LK_FLAG_UP | (ceremony->verified ? (unsigned)LK_FLAG_UV : 0u),
                      ceremony->rp_id_hash, &credential,
                      key->settings.attestation == LK_ATTESTATION_U2F ? zero_aaguid
                                                                      : key->settings.aaguid,
                      ceremony->protection != 0, &data);
    lk_attestation_write(key, &credential, &data, ceremony->rp_id_hash, ceremony->client_data_hash,
                         reply);
    return lk_state_save(&key->state) ? LK_CTAP_OK : LK_CTAP_OTHER;
}

int lk_ctap_make_credential(struct lk_softkey *key, struct lk_reader request,
                            struct lk_writer *reply)
{
    struct lk_ceremony *ceremony = &key->ceremony;
    struct lk_int_map map;
    struct lk_part part;
    int status;

    (void)reply;
    memset(ceremony, 0, sizeof(*ceremony));
    if (!lk_int_map_split(request, &map))
        return LK_CTAP_INVALID_CBOR;
    status = lk_make_parse(key, &map);
    if (status != LK_CTAP_OK)
        return status;
    part = (struct lk_part){ceremony->rp_id, strlen(ceremony->rp_id)};
    lk_digest_make(&part, 1, ceremony->rp_id_hash);
    status = lk_pin_authorize(key, &map, LK_MAKE_PIN_PARAM, LK_MAKE_PIN_PROTOCOL, LK_PERMISSION_MC,
                              &ceremony->verified);
    if (status != LK_CTAP_OK)
        return status;
    /* makeCredUvNotRqd: only a discoverable credential of a protected key needs verification. */
    if (ceremony->resident && !ceremony->verified && !ceremony->builtin_uv &&
        (key->state.pin_set || key->uv != LK_UV_OFF))
        return LK_CTAP_PUAT_REQUIRED;
    return lk_ctap_wait(key, lk_make_finish);
}
