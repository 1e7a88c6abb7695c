/* SPDX-License-Identifier: EUPL-1.2 */
/* authenticatorGetAssertion and GetNextAssertion (CTAP 2.1 sections 6.2.2 and 6.3). */
#include <string.h>

#include "credential.h"
#include "ctap.h"
#include "pin.h"

#define LK_NEXT_ASSERTION_MS 30000

enum lk_get_field {
    LK_GET_RP_ID = 1,
    LK_GET_CLIENT_DATA_HASH = 2,
    LK_GET_ALLOW_LIST = 3,
    LK_GET_EXTENSIONS = 4,
    LK_GET_OPTIONS = 5,
    LK_GET_PIN_PARAM = 6,
    LK_GET_PIN_PROTOCOL = 7,
};

static int lk_get_parse(struct lk_softkey *key, const struct lk_int_map *map)
{
    struct lk_ceremony *ceremony = &key->ceremony;
    int presence = 1, verification = 0, resident = -1;
    struct lk_item hash;
    int status = lk_field_text(map, LK_GET_RP_ID, ceremony->rp_id, sizeof(ceremony->rp_id));

    if (status == LK_CTAP_OK)
        status = lk_field_bytes(map, LK_GET_CLIENT_DATA_HASH, &hash);
    if (status == LK_CTAP_OK)
        status = lk_field_option(map, LK_GET_OPTIONS, "up", &presence);
    if (status == LK_CTAP_OK)
        status = lk_field_option(map, LK_GET_OPTIONS, "uv", &verification);
    if (status == LK_CTAP_OK)
        status = lk_field_option(map, LK_GET_OPTIONS, "rk", &resident);
    if (status != LK_CTAP_OK)
        return status;
    if (hash.length != sizeof(ceremony->client_data_hash))
        return LK_CTAP_INVALID_LENGTH;
    memcpy(ceremony->client_data_hash, hash.data, hash.length);
    if (map->present[LK_GET_PIN_PARAM])
        verification = 0;
    if (verification == 1 && key->uv == LK_UV_OFF)
        return LK_CTAP_INVALID_OPTION;
    if (resident != -1)
        return LK_CTAP_UNSUPPORTED_OPTION;
    ceremony->user_presence = presence == 1;
    ceremony->builtin_uv = verification == 1;
    ceremony->list = map->value[LK_GET_ALLOW_LIST];
    return LK_CTAP_OK;
}

static void lk_found_add(struct lk_softkey *key, const struct lk_credential *credential)
{
    memcpy(key->found.id[key->found.count++], credential->id, sizeof(credential->id));
}

/* One of the allow list is enough (step 12). The first that is ours is taken. */
static int lk_get_search_list(struct lk_softkey *key, struct lk_reader input, uint64_t count,
                              bool verified)
{
    for (uint64_t i = 0; i < count; i++) {
        struct lk_reader entry, value;
        struct lk_credential credential;
        struct lk_item id;

        if (!lk_reader_take(&input, &entry) || lk_text_map_find(entry, "id", &value) != 1 ||
            !lk_reader_expect(&value, LK_ITEM_BYTES, &id))
            return LK_CTAP_INVALID_CBOR;
        if (key->found.count == 0 &&
            lk_credential_open(key, key->ceremony.rp_id_hash, id.data, id.length, &credential) &&
            (credential.protection < 3 || verified))
            lk_found_add(key, &credential);
    }
    return LK_CTAP_OK;
}

/* Newest first (step 12). credProtect levels 2 and 3 hide a credential from a search without UV. */
static void lk_get_search_residents(struct lk_softkey *key, bool verified)
{
    for (size_t i = key->state.resident_count; i > 0; i--) {
        const struct lk_resident *resident = &key->state.resident[i - 1];
        struct lk_credential credential;

        if (strcmp(resident->rp_id, key->ceremony.rp_id) == 0 &&
            lk_credential_open(key, key->ceremony.rp_id_hash, resident->id, sizeof(resident->id),
                               &credential) &&
            (credential.protection < 2 || verified))
            lk_found_add(key, &credential);
    }
}

static int lk_get_search(struct lk_softkey *key)
{
    struct lk_ceremony *ceremony = &key->ceremony;
    bool verified = ceremony->verified || ceremony->builtin_uv;
    struct lk_reader input = ceremony->list;
    struct lk_item array = {.value = 0};
    int status = LK_CTAP_OK;

    key->found = (struct lk_found){.user_presence = ceremony->user_presence};
    if (input.length > 0 && !lk_reader_expect(&input, LK_ITEM_ARRAY, &array))
        return LK_CTAP_UNEXPECTED_TYPE;
    if (array.value > LK_ALLOW_LIST_MAX)
        return LK_CTAP_LIMIT_EXCEEDED;
    key->found.by_allow_list = array.value > 0;
    if (key->found.by_allow_list)
        status = lk_get_search_list(key, input, array.value, verified);
    else
        lk_get_search_residents(key, verified);
    if (status == LK_CTAP_OK && key->found.count == 0)
        status = LK_CTAP_NO_CREDENTIALS;
    return status;
}

static const struct lk_resident *lk_get_user(const struct lk_softkey *key, const uint8_t *id)
{
    for (size_t i = 0; i < key->state.resident_count; i++) {
        if (memcmp(key->state.resident[i].id, id, LK_CREDENTIAL_ID_SIZE) == 0)
            return &key->state.resident[i];
    }
    return NULL;
}

/* Names are told only after verification, and only when there is something to choose (step 13). */
static void lk_get_write_user(const struct lk_resident *user, bool with_names,
                              struct lk_writer *reply)
{
    bool name = with_names && user->name[0] != '\0';
    bool display_name = with_names && user->display_name[0] != '\0';

    lk_write_int(reply, 4);
    lk_write_map(reply, 1u + (name ? 1u : 0u) + (display_name ? 1u : 0u));
    lk_write_text(reply, "id");
    lk_write_bytes(reply, user->user_id, user->user_id_length);
    if (name) {
        lk_write_text(reply, "name");
        lk_write_text(reply, user->name);
    }
    if (display_name) {
        lk_write_text(reply, "displayName");
        lk_write_text(reply, user->display_name);
    }
}

/* Signs with the credential at found.next and steps on. */
static int lk_get_write(struct lk_softkey *key, bool with_count, struct lk_writer *reply)
{
    const struct lk_ceremony *ceremony = &key->ceremony;
    struct lk_found *found = &key->found;
    unsigned flags = (found->user_presence ? (unsigned)LK_FLAG_UP : 0u) |
                     (ceremony->verified ? (unsigned)LK_FLAG_UV : 0u);
    bool several = found->count > 1 && !found->by_allow_list;
    struct lk_credential credential;
    const struct lk_resident *user;
    struct lk_auth_data data;
    uint8_t signature[LK_SIGNATURE_MAX];
    size_t length;

    if (!lk_credential_open(key, ceremony->rp_id_hash, found->id[found->next],
                            LK_CREDENTIAL_ID_SIZE, &credential))
        return LK_CTAP_OTHER;
    user = lk_get_user(key, credential.id);
    if (key->misbehaviour.on[LK_MISBEHAVE_FOREIGN_CREDENTIAL])
        lk_credential_make(key, ceremony->rp_id_hash, LK_ALG_ES256, 1, &credential);
    lk_auth_data_make(key, flags, ceremony->rp_id_hash, NULL, NULL, false, &data);
    length = lk_credential_sign(&credential, data.bytes, data.length, ceremony->client_data_hash,
                                signature);
    if (key->misbehaviour.on[LK_MISBEHAVE_BAD_SIGNATURE])
        signature[length - 1] ^= 0x01;
    lk_write_map(reply, 3u + (user != NULL ? 1u : 0u) + (with_count && several ? 1u : 0u));
    lk_write_int(reply, 1);
    lk_write_map(reply, 2);
    lk_write_text(reply, "id");
    lk_write_bytes(reply, credential.id, sizeof(credential.id));
    lk_write_text(reply, "type");
    lk_write_text(reply, "public-key");
    lk_write_int(reply, 2);
    lk_write_bytes(reply, data.bytes, data.length);
    lk_write_int(reply, 3);
    lk_write_bytes(reply, signature, length);
    if (user != NULL)
        lk_get_write_user(user, several && ceremony->verified, reply);
    if (with_count && several) {
        lk_write_int(reply, 5);
        lk_write_int(reply, (int64_t)found->count);
    }
    found->next++;
    found->expires_ms = key->now_ms + LK_NEXT_ASSERTION_MS;
    return lk_state_save(&key->state) ? LK_CTAP_OK : LK_CTAP_OTHER;
}

static int lk_get_finish(struct lk_softkey *key, struct lk_writer *reply)
{
    if (key->ceremony.builtin_uv) {
        if (lk_uv_perform(key) != LK_CTAP_OK)
            return key->state.pin_set ? LK_CTAP_PUAT_REQUIRED : LK_CTAP_OPERATION_DENIED;
        key->ceremony.verified = true;
    }
    if (key->ceremony.user_presence)
        lk_pin_consume(key);
    return lk_get_write(key, true, reply);
}

int lk_ctap_get_assertion(struct lk_softkey *key, struct lk_reader request, struct lk_writer *reply)
{
    struct lk_ceremony *ceremony = &key->ceremony;
    struct lk_int_map map;
    struct lk_part part;
    int status;

    memset(ceremony, 0, sizeof(*ceremony));
    if (!lk_int_map_split(request, &map))
        return LK_CTAP_INVALID_CBOR;
    status = lk_get_parse(key, &map);
    if (status != LK_CTAP_OK)
        return status;
    part = (struct lk_part){ceremony->rp_id, strlen(ceremony->rp_id)};
    lk_digest_make(&part, 1, ceremony->rp_id_hash);
    status = lk_pin_authorize(key, &map, LK_GET_PIN_PARAM, LK_GET_PIN_PROTOCOL, LK_PERMISSION_GA,
                              &ceremony->verified);
    if (status != LK_CTAP_OK)
        return status;
    status = lk_get_search(key);
    if (status != LK_CTAP_OK)
        return status;
    if (!ceremony->user_presence && !ceremony->builtin_uv)
        return lk_get_finish(key, reply);
    return lk_ctap_wait(key, lk_get_finish);
}

int lk_ctap_get_next_assertion(struct lk_softkey *key, struct lk_reader request,
                               struct lk_writer *reply)
{
    if (request.length > 0)
        return LK_CTAP_INVALID_LENGTH;
    if (key->found.by_allow_list || key->found.next == 0 || key->found.next >= key->found.count ||
        key->now_ms >= key->found.expires_ms) {
        key->found.count = 0;
        return LK_CTAP_NOT_ALLOWED;
    }
    return lk_get_write(key, false, reply);
}
