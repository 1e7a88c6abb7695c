/* SPDX-License-Identifier: EUPL-1.2 */
/* Attestation object (WebAuthn section 6.5.4): a map of "fmt", "attStmt" and "authData", in this
 * order, which is the canonical one. Of attStmt the members of packed (section 8.2) and fido-u2f
 * (section 8.6) are taken apart; those of other formats stay one opaque item.
 *
 * Hostile input: all of it. Everything borrowed points into the input. */
#include <string.h>

#include "wire/wire.h"

#define CERTIFICATES_MAX                                                                           \
    (sizeof(((struct lk_attestation_object *)0)->certificates) / sizeof(struct lk_view))
/* A certificate's own limit is that of lk_certificate_parse. */
#define CERTIFICATE_MAX 8192

static bool format_known(const char *format)
{
    return strcmp(format, "packed") == 0 || strcmp(format, "fido-u2f") == 0;
}

static int certificates_decode(struct lk_view *view, struct lk_attestation_object *object)
{
    uint64_t count;
    int result = lk_cbor_get_array(view, CERTIFICATES_MAX, &count);

    if (result < 0)
        return result;
    /* "x5c" there, but empty, is neither a chain nor self attestation. */
    if (count == 0)
        return -LK_ERR_RANGE;
    for (uint64_t i = 0; i < count; i++) {
        result = lk_cbor_get_bytes(view, CERTIFICATE_MAX, &object->certificates[i]);
        if (result < 0)
            return result;
    }
    object->certificate_count = (uint32_t)count;
    return 0;
}

/* The item is known to be canonical, so no key comes twice. */
static int statement_decode(struct lk_view item, struct lk_attestation_object *object)
{
    struct lk_view view = item;
    uint64_t pairs;
    int result = lk_cbor_get_map(&view, 8, &pairs);

    for (uint64_t i = 0; result == 0 && i < pairs; i++) {
        char key[8] = "";

        result = lk_cbor_get_text(&view, key, sizeof(key));
        if (result < 0)
            break;
        if (strcmp(key, "alg") == 0) {
            result = lk_cbor_get_int(&view, &object->algorithm);
            object->has_algorithm = true;
        } else if (strcmp(key, "sig") == 0) {
            result = lk_cbor_get_bytes(&view, LK_SIGNATURE_MAX, &object->signature);
        } else if (strcmp(key, "x5c") == 0) {
            result = certificates_decode(&view, object);
        } else {
            result = -LK_ERR_TYPE;
        }
    }
    return result;
}

static int key_get(struct lk_view *view, const char *wanted)
{
    char key[16];
    int result = lk_cbor_get_text(view, key, sizeof(key));

    if (result == -LK_ERR_TOO_BIG)
        return -LK_ERR_TYPE;
    if (result == 0 && strcmp(key, wanted) != 0)
        return -LK_ERR_TYPE;
    return result;
}

int lk_attestation_object_decode(struct lk_view bytes, struct lk_attestation_object *ret_object)
{
    struct lk_attestation_object object = {0};
    struct lk_view view = bytes;
    struct lk_view map;
    uint64_t pairs = 0;
    int result;

    if (bytes.len > LK_ATTESTATION_MAX)
        return -LK_ERR_TOO_BIG;
    result = lk_cbor_get_item(&view, &map);
    if (result == 0)
        result = lk_view_end(&view);
    if (result == 0)
        result = lk_cbor_get_map(&map, 8, &pairs);
    if (result == 0 && pairs != 3)
        result = -LK_ERR_TYPE;
    if (result == 0)
        result = key_get(&map, "fmt");
    if (result == 0)
        result = lk_cbor_get_text(&map, object.format, sizeof(object.format));
    if (result == 0)
        result = key_get(&map, "attStmt");
    if (result == 0)
        result = lk_cbor_get_item(&map, &object.statement);
    if (result == 0)
        result = key_get(&map, "authData");
    if (result == 0)
        result = lk_cbor_get_bytes(&map, LK_AUTHENTICATOR_DATA_MAX, &object.authenticator_data);
    if (result == 0 && format_known(object.format))
        result = statement_decode(object.statement, &object);
    if (result == 0)
        *ret_object = object;
    return result;
}

static int statement_put(struct lk_buf *buf, const struct lk_attestation_object *object)
{
    uint64_t pairs = (object->has_algorithm ? 1u : 0u) + (object->signature.len > 0 ? 1u : 0u) +
                     (object->certificate_count > 0 ? 1u : 0u);
    int result = lk_cbor_put_map(buf, pairs);

    if (result == 0 && object->has_algorithm) {
        result = lk_cbor_put_text(buf, "alg");
        if (result == 0)
            result = lk_cbor_put_int(buf, object->algorithm);
    }
    if (result == 0 && object->signature.len > 0) {
        result = lk_cbor_put_text(buf, "sig");
        if (result == 0)
            result = lk_cbor_put_bytes(buf, object->signature);
    }
    if (result == 0 && object->certificate_count > 0) {
        result = lk_cbor_put_text(buf, "x5c");
        if (result == 0)
            result = lk_cbor_put_array(buf, object->certificate_count);
        for (uint32_t i = 0; result == 0 && i < object->certificate_count; i++)
            result = lk_cbor_put_bytes(buf, object->certificates[i]);
    }
    return result;
}

int lk_attestation_object_encode(struct lk_buf *buf, const struct lk_attestation_object *object)
{
    int result;

    if (object->certificate_count > CERTIFICATES_MAX)
        return -LK_ERR_TOO_BIG;
    result = lk_cbor_put_map(buf, 3);
    if (result == 0)
        result = lk_cbor_put_text(buf, "fmt");
    if (result == 0)
        result = lk_cbor_put_text(buf, object->format);
    if (result == 0)
        result = lk_cbor_put_text(buf, "attStmt");
    if (result == 0 && object->statement.len > 0)
        lk_buf_put_view(buf, object->statement);
    else if (result == 0)
        result = statement_put(buf, object);
    if (result == 0)
        result = lk_cbor_put_text(buf, "authData");
    if (result == 0)
        result = lk_cbor_put_bytes(buf, object->authenticator_data);
    return result == 0 ? lk_buf_error(buf) : result;
}
