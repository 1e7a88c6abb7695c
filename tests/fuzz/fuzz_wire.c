/* SPDX-License-Identifier: EUPL-1.2 */
/* Decoders of core/wire. The first byte chooses one, the rest is its input. Oracle: what a decoder takes encodes to the very same bytes; what it refuses leaves its
 * output untouched. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64url.h"
#include "wire/wire.h"

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const struct lk_buf *out, struct lk_view input)
{
    MUST(lk_buf_error(out) == 0);
    MUST(lk_view_equal(lk_buf_view(out), input));
}

/* Byte by byte, padding too: whoever sets nothing leaves all as it was. */
static bool untouched(const void *value, const void *before, size_t size)
{
    return memcmp(value, before, size) == 0;
}

#define VALUE_TARGET(name, type, decode, encode)                                                   \
    static void name(struct lk_view input, struct lk_buf *out)                                     \
    {                                                                                              \
        type value;                                                                                \
        type before;                                                                               \
        memset(&value, 0x77, sizeof(value));                                                       \
        memset(&before, 0x77, sizeof(before));                                                     \
        if (decode(input, &value) == 0) {                                                          \
            MUST(encode(out, &value) == 0);                                                        \
            same(out, input);                                                                      \
        } else {                                                                                   \
            MUST(untouched(&value, &before, sizeof(value)));                                       \
        }                                                                                          \
    }

VALUE_TARGET(statement, struct lk_statement, lk_statement_decode, lk_statement_encode)
VALUE_TARGET(state_change, struct lk_state_change, lk_state_change_decode, lk_state_change_encode)
VALUE_TARGET(restore, struct lk_restore, lk_restore_decode, lk_restore_encode)
VALUE_TARGET(endorsement, struct lk_endorsement, lk_endorsement_decode, lk_endorsement_encode)
VALUE_TARGET(tree_path, struct lk_tree_path, lk_tree_path_decode, lk_tree_path_encode)
VALUE_TARGET(register_entry, struct lk_register_entry, lk_register_entry_decode,
             lk_register_entry_encode)
VALUE_TARGET(cose_key, struct lk_cose_key, lk_cose_key_decode, lk_cose_key_encode)

static void operator_set(struct lk_view input, struct lk_buf *out)
{
    struct lk_operator_set *set = NULL;

    if (lk_operator_set_decode(input, &set) == 0) {
        MUST(lk_operator_set_encode(out, set) == 0);
        same(out, input);
    } else {
        MUST(!set);
    }
    lk_operator_set_free(set);
}

static void operator_chain(struct lk_view input, struct lk_buf *out)
{
    struct lk_operator_chain_link *links = NULL;
    size_t count = 0;

    if (lk_operator_chain_decode(input, &links, &count) == 0) {
        MUST(lk_operator_chain_encode(out, links, count) == 0);
        same(out, input);
    } else {
        MUST(!links && count == 0);
    }
    free(links);
}

/* Put together again from its parts. */
static void authenticator_data(struct lk_view input, struct lk_buf *out)
{
    struct lk_authenticator_data value;

    if (lk_authenticator_data_decode(input, &value) < 0)
        return;
    lk_buf_put_bytes(out, value.rp_id_hash, sizeof(value.rp_id_hash));
    lk_buf_put_u8(out, value.flags);
    lk_buf_put_u32(out, value.counter);
    MUST(value.attested == ((value.flags & LK_FLAG_AT) != 0));
    if (value.attested) {
        lk_buf_put_bytes(out, value.aaguid, sizeof(value.aaguid));
        lk_buf_put_u16(out, (uint16_t)value.credential_id.len);
        lk_buf_put_view(out, value.credential_id);
        lk_buf_put_view(out, value.public_key);
    }
    lk_buf_put_view(out, value.extensions);
    same(out, input);
}

/* Both ways of encoding: with the statement as it stands, and built from its members. */
static void attestation_object(struct lk_view input, struct lk_buf *out)
{
    struct lk_attestation_object value;

    if (lk_attestation_object_decode(input, &value) < 0)
        return;
    MUST(lk_attestation_object_encode(out, &value) == 0);
    same(out, input);
    if ((strcmp(value.format, "packed") != 0 && strcmp(value.format, "fido-u2f") != 0) ||
        value.signature.len == 0)
        return;
    lk_buf_reset(out);
    value.statement = LK_VIEW(NULL, 0);
    MUST(lk_attestation_object_encode(out, &value) == 0);
    same(out, input);
}

static void put_text(struct lk_buf *out, const char *text)
{
    lk_buf_put_bytes(out, text, strlen(text));
}

/* What was read stands, written again, at the front of what was given. */
static void client_data(struct lk_view input, struct lk_buf *out)
{
    struct lk_client_data value;
    char challenge[1024];

    if (lk_client_data_decode(input, &value) < 0)
        return;
    MUST(lk_base64url_encode(challenge, sizeof(challenge), value.challenge, value.challenge_len) ==
         0);
    put_text(out, "{\"type\":\"");
    put_text(out, value.type);
    put_text(out, "\",\"challenge\":\"");
    put_text(out, challenge);
    put_text(out, "\",\"origin\":\"");
    put_text(out, value.origin);
    put_text(out, "\",\"crossOrigin\":false");
    MUST(lk_buf_error(out) == 0 && out->len < input.len);
    MUST(memcmp(out->data, input.data, out->len) == 0);
    MUST(input.data[out->len] == '}' || input.data[out->len] == ',');
    MUST(input.data[input.len - 1] == '}');
}

/* Any items, one after the other. */
static void cbor_items(struct lk_view input, struct lk_buf *out)
{
    struct lk_view item;

    (void)out;
    while (lk_cbor_get_item(&input, &item) == 0)
        MUST(item.len > 0 && item.data + item.len == input.data);
}

static void (*const targets[])(struct lk_view, struct lk_buf *) = {
    statement,          state_change, restore,        endorsement, tree_path,
    register_entry,     operator_set, operator_chain, cose_key,    authenticator_data,
    attestation_object, client_data,  cbor_items,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lk_buf out = LK_BUF_INIT(1 << 21);

    if (size == 0)
        return 0;
    targets[data[0] % (sizeof(targets) / sizeof(targets[0]))](LK_VIEW(data + 1, size - 1), &out);
    lk_buf_clear(&out);
    return 0;
}
