/* SPDX-License-Identifier: EUPL-1.2 */
/* Authenticator data (WebAuthn section 6.1) and COSE keys (RFC 9053 section 7).
 *
 * Hostile input: bytes that a key, or whoever plays one, signed. Everything borrowed points into
 * the input; nothing is allocated. */
#include <string.h>

#include "wire/wire.h"

#define FLAGS_KNOWN (LK_FLAG_UP | LK_FLAG_UV | LK_FLAG_BE | LK_FLAG_BS | LK_FLAG_AT | LK_FLAG_ED)

/* WebAuthn section 6.5.1: aaguid, length, credential id, then the key as one CBOR item. */
static int attested_decode(struct lk_view *view, struct lk_authenticator_data *data)
{
    uint16_t len = 0;
    int result = lk_view_get_bytes(view, data->aaguid, sizeof(data->aaguid));

    if (result == 0)
        result = lk_view_get_u16(view, &len);
    if (result < 0)
        return result;
    if (len == 0)
        return -LK_ERR_RANGE;
    if (len > LK_CREDENTIAL_ID_MAX)
        return -LK_ERR_TOO_BIG;
    result = lk_view_get_view(view, len, &data->credential_id);
    if (result == 0)
        result = lk_cbor_get_item(view, &data->public_key);
    if (result == 0 && data->public_key.len > LK_PUBLIC_KEY_MAX)
        result = -LK_ERR_TOO_BIG;
    return result;
}

static int extensions_decode(struct lk_view *view, struct lk_authenticator_data *data)
{
    struct lk_view map = *view;
    uint64_t ignored;
    int result = lk_cbor_get_map(&map, UINT16_MAX, &ignored);

    if (result < 0)
        return result;
    return lk_cbor_get_item(view, &data->extensions);
}

int lk_authenticator_data_decode(struct lk_view bytes, struct lk_authenticator_data *ret_data)
{
    struct lk_authenticator_data data = {0};
    struct lk_view view = bytes;
    int result;

    if (bytes.len > LK_AUTHENTICATOR_DATA_MAX)
        return -LK_ERR_TOO_BIG;
    result = lk_view_get_bytes(&view, data.rp_id_hash, sizeof(data.rp_id_hash));
    if (result == 0)
        result = lk_view_get_u8(&view, &data.flags);
    if (result == 0)
        result = lk_view_get_u32(&view, &data.counter);
    if (result < 0)
        return result;
    if (data.flags & (uint8_t)~FLAGS_KNOWN)
        return -LK_ERR_RANGE;
    /* WebAuthn L3 section 6.1.3: what is not eligible cannot be backed up. */
    if ((data.flags & LK_FLAG_BS) && !(data.flags & LK_FLAG_BE))
        return -LK_ERR_RANGE;
    data.attested = (data.flags & LK_FLAG_AT) != 0;
    if (data.attested)
        result = attested_decode(&view, &data);
    if (result == 0 && (data.flags & LK_FLAG_ED))
        result = extensions_decode(&view, &data);
    if (result == 0)
        result = lk_view_end(&view);
    if (result == 0)
        *ret_data = data;
    return result;
}

/* COSE key labels (RFC 9052 section 7.1, RFC 9053 section 7) and the values taken here. */
enum {
    COSE_KEY_TYPE = 1,
    COSE_ALGORITHM = 3,
    COSE_CURVE = -1,
    COSE_X = -2,
    COSE_Y = -3,
    COSE_TYPE_OKP = 1,
    COSE_TYPE_EC2 = 2,
    COSE_CURVE_P256 = 1,
    COSE_CURVE_ED25519 = 6,
    COSE_ES256 = -7,
    COSE_EDDSA = -8
};

/* Label and integer value as they must stand next in the map. */
static bool pair_is(struct lk_view *view, int64_t label, int64_t value)
{
    int64_t found_label;
    int64_t found_value;

    return lk_cbor_get_int(view, &found_label) == 0 && found_label == label &&
           lk_cbor_get_int(view, &found_value) == 0 && found_value == value;
}

static bool coordinate_get(struct lk_view *view, int64_t label, uint8_t ret_coordinate[32])
{
    struct lk_view bytes;
    int64_t found;

    if (lk_cbor_get_int(view, &found) < 0 || found != label ||
        lk_cbor_get_bytes(view, 32, &bytes) < 0 || bytes.len != 32)
        return false;
    memcpy(ret_coordinate, bytes.data, 32);
    return true;
}

int lk_cose_key_decode(struct lk_view bytes, struct lk_cose_key *ret_key)
{
    struct lk_cose_key key = {0};
    struct lk_view view = bytes;
    struct lk_view item;
    struct lk_view map;
    uint64_t pairs;
    int result = lk_cbor_get_item(&view, &item);

    if (result == 0)
        result = lk_view_end(&view);
    if (result < 0)
        return result;
    map = item;
    result = lk_cbor_get_map(&map, UINT16_MAX, &pairs);
    if (result < 0)
        return result;
    view = map;
    if (pairs == 5 && pair_is(&map, COSE_KEY_TYPE, COSE_TYPE_EC2) &&
        pair_is(&map, COSE_ALGORITHM, COSE_ES256) && pair_is(&map, COSE_CURVE, COSE_CURVE_P256) &&
        coordinate_get(&map, COSE_X, key.x) && coordinate_get(&map, COSE_Y, key.y)) {
        key.algorithm = COSE_ES256;
        *ret_key = key;
        return 0;
    }
    if (pairs == 4 && pair_is(&view, COSE_KEY_TYPE, COSE_TYPE_OKP) &&
        pair_is(&view, COSE_ALGORITHM, COSE_EDDSA) &&
        pair_is(&view, COSE_CURVE, COSE_CURVE_ED25519) && coordinate_get(&view, COSE_X, key.x)) {
        key.algorithm = COSE_EDDSA;
        *ret_key = key;
        return 0;
    }
    return -LK_ERR_ALGORITHM;
}

static int pair_put(struct lk_buf *buf, int64_t label, int64_t value)
{
    int result = lk_cbor_put_int(buf, label);

    return result < 0 ? result : lk_cbor_put_int(buf, value);
}

static int coordinate_put(struct lk_buf *buf, int64_t label, const uint8_t coordinate[32])
{
    int result = lk_cbor_put_int(buf, label);

    return result < 0 ? result : lk_cbor_put_bytes(buf, LK_VIEW(coordinate, 32));
}

int lk_cose_key_encode(struct lk_buf *buf, const struct lk_cose_key *key)
{
    bool ec2 = key->algorithm == COSE_ES256;
    int result;

    if (!ec2 && key->algorithm != COSE_EDDSA)
        return -LK_ERR_ALGORITHM;
    result = lk_cbor_put_map(buf, ec2 ? 5 : 4);
    if (result == 0)
        result = pair_put(buf, COSE_KEY_TYPE, ec2 ? COSE_TYPE_EC2 : COSE_TYPE_OKP);
    if (result == 0)
        result = pair_put(buf, COSE_ALGORITHM, key->algorithm);
    if (result == 0)
        result = pair_put(buf, COSE_CURVE, ec2 ? COSE_CURVE_P256 : COSE_CURVE_ED25519);
    if (result == 0)
        result = coordinate_put(buf, COSE_X, key->x);
    if (result == 0 && ec2)
        result = coordinate_put(buf, COSE_Y, key->y);
    return result;
}
