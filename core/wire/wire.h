/* SPDX-License-Identifier: EUPL-1.2 */
/* Codecs between bytes and the plain values of model/: no I/O, no judgement. Every format is in docs/PROTOCOL.md byte by byte.
 *
 * Encoders append canonical CBOR (CTAP 2.1 section 8). Decoders take the whole input, refuse whatever does not re-encode to itself and
 * set *ret only on success. Errors of every decoder: -LK_ERR_TRUNCATED, -LK_ERR_TRAILING, -LK_ERR_TOO_BIG, -LK_ERR_RANGE, -LK_ERR_TYPE,
 * -LK_ERR_NOT_CANONICAL, -LK_ERR_DUPLICATE, -LK_ERR_ENCODING, -LK_ERR_VERSION (another type string), -LK_ERR_NOMEM.
 * Encoders refuse values that the decoder would refuse, with the same error; after an error the buffer's content is of no use. */
#ifndef LK_WIRE_WIRE_H
#define LK_WIRE_WIRE_H

#include "model/model.h"

LK_MUST_USE int lk_statement_encode(struct lk_buf *buf, const struct lk_statement *statement);
LK_MUST_USE int lk_statement_decode(struct lk_view bytes, struct lk_statement *ret_statement);

LK_MUST_USE int lk_state_change_encode(struct lk_buf *buf, const struct lk_state_change *change);
LK_MUST_USE int lk_state_change_decode(struct lk_view bytes, struct lk_state_change *ret_change);

LK_MUST_USE int lk_restore_encode(struct lk_buf *buf, const struct lk_restore *restore);
LK_MUST_USE int lk_restore_decode(struct lk_view bytes, struct lk_restore *ret_restore);

/* The array whose SHA-256 is the clientDataHash that the operator's key signs. */
LK_MUST_USE int lk_endorsement_encode_signed(struct lk_buf *buf,
                                             const struct lk_endorsement *endorsement);
/* The record that is stored and travels: the signed members, then credential id, authenticator data, signature. */
LK_MUST_USE int lk_endorsement_encode(struct lk_buf *buf, const struct lk_endorsement *endorsement);
LK_MUST_USE int lk_endorsement_decode(struct lk_view bytes, struct lk_endorsement *ret_endorsement);

LK_MUST_USE int lk_tree_path_encode(struct lk_buf *buf, const struct lk_tree_path *path);
LK_MUST_USE int lk_tree_path_decode(struct lk_view bytes, struct lk_tree_path *ret_path);

LK_MUST_USE int lk_operator_set_encode(struct lk_buf *buf, const struct lk_operator_set *set);
LK_MUST_USE int lk_operator_set_decode(struct lk_view bytes, struct lk_operator_set **ret_set);

/* The file /etc/latchkey/operators: all sets from number 1 with their endorsements. At most 1 MiB.
 * `sets` and `endorsements` are views into bytes; counts by number. */
struct lk_operator_chain_link {
    struct lk_view set;
    uint32_t endorsement_count;
    struct lk_view endorsements[LK_ENDORSEMENTS_MAX];
};
LK_MUST_USE int lk_operator_chain_encode(struct lk_buf *buf,
                                         const struct lk_operator_chain_link *links, size_t count);
/* *ret_links is allocated; free with free(). Views borrow from bytes. */
LK_MUST_USE int lk_operator_chain_decode(struct lk_view bytes,
                                         struct lk_operator_chain_link **ret_links,
                                         size_t *ret_count);

LK_MUST_USE int lk_register_entry_encode(struct lk_buf *buf, const struct lk_register_entry *entry);
LK_MUST_USE int lk_register_entry_decode(struct lk_view bytes, struct lk_register_entry *ret_entry);

/* Authenticator data (WebAuthn section 6.1). */
enum {
    LK_FLAG_UP = 0x01,
    LK_FLAG_UV = 0x04,
    LK_FLAG_BE = 0x08,
    LK_FLAG_BS = 0x10,
    LK_FLAG_AT = 0x40,
    LK_FLAG_ED = 0x80
};
struct lk_authenticator_data {
    uint8_t rp_id_hash[32];
    uint8_t flags;
    uint32_t counter;
    bool attested; /* AT: the three members below are set */
    uint8_t aaguid[LK_AAGUID_SIZE];
    struct lk_view credential_id;
    struct lk_view public_key; /* COSE_Key bytes */
    struct lk_view extensions; /* ED: the CBOR map, else empty */
};
/* Reserved flag bits set: -LK_ERR_RANGE. BS without BE: -LK_ERR_RANGE (WebAuthn L3 6.1.3). Bytes behind: -LK_ERR_TRAILING. Extensions must be a canonical CBOR map. */
LK_MUST_USE int lk_authenticator_data_decode(struct lk_view bytes,
                                             struct lk_authenticator_data *ret_data);

/* COSE_Key (RFC 9053): EC2/ES256/P-256 with both coordinates of 32 bytes, or OKP/EdDSA/Ed25519. Nothing else: -LK_ERR_ALGORITHM. */
struct lk_cose_key {
    int64_t algorithm; /* -7 or -8 */
    uint8_t x[32];
    uint8_t y[32]; /* zero for Ed25519 */
};
LK_MUST_USE int lk_cose_key_decode(struct lk_view bytes, struct lk_cose_key *ret_key);
LK_MUST_USE int lk_cose_key_encode(struct lk_buf *buf, const struct lk_cose_key *key);

/* Attestation object (WebAuthn section 6.5): {"fmt", "attStmt", "authData"}, canonical. */
struct lk_attestation_object {
    char format[33];
    struct lk_view
        statement; /* attStmt map bytes; the encoder takes them as they are, or, if empty, builds them from the members below */
    struct lk_view authenticator_data;
    /* from attStmt for packed and fido-u2f; has_* false where absent */
    bool has_algorithm;
    int64_t algorithm;
    struct lk_view signature;
    uint32_t certificate_count; /* x5c; at most 8 */
    struct lk_view certificates[8];
};
LK_MUST_USE int lk_attestation_object_decode(struct lk_view bytes,
                                             struct lk_attestation_object *ret_object);
/* Builds the canonical object from what libfido2 hands out: authData raw bytes and attStmt parts. For the talker. */
LK_MUST_USE int lk_attestation_object_encode(struct lk_buf *buf,
                                             const struct lk_attestation_object *object);

/* Client data by the limited verification algorithm (WebAuthn section 5.8.1.2), which needs no JSON parser: the bytes begin
 * {"type":"...","challenge":"...","origin":"...","crossOrigin":false and then `}` ends them, or `,` and further members follow up to a
 * last `}`. Values with an escape, a blank or a byte outside ASCII: -LK_ERR_ENCODING. crossOrigin true, or a topOrigin among the further
 * members: -LK_ERR_UNEXPECTED. The challenge is base64url; another order or spelling: -LK_ERR_TYPE; a value longer than its
 * member here, or the whole over LK_CLIENT_DATA_MAX: -LK_ERR_TOO_BIG. */
struct lk_client_data {
    char type[32];
    uint8_t challenge[512];
    size_t challenge_len;
    char origin[512];
};
LK_MUST_USE int lk_client_data_decode(struct lk_view json, struct lk_client_data *ret_data);

/* The challenge of a host login: SHA-256 of this array is the clientDataHash (docs/PROTOCOL.md 4.11). */
struct lk_host_challenge {
    char organisation[LK_ORGANISATION_MAX + 1];
    char host[256];
    char host_group[LK_GROUP_MAX + 1];
    char service[65];
    char name[LK_NAME_MAX + 1];
    char tty[65];
    uint8_t nonce[32];
    int64_t time;
};
LK_MUST_USE int lk_host_challenge_encode(struct lk_buf *buf,
                                         const struct lk_host_challenge *challenge);

/* CBOR itself, for the codecs and their tests: heads must be minimal, no indefinite lengths, no floats or tags, depth 8,
 * every count checked against the bytes left. */
LK_MUST_USE int lk_cbor_put_uint(struct lk_buf *buf, uint64_t value);
LK_MUST_USE int lk_cbor_put_int(struct lk_buf *buf, int64_t value);
LK_MUST_USE int lk_cbor_put_bytes(struct lk_buf *buf, struct lk_view bytes);
LK_MUST_USE int lk_cbor_put_text(struct lk_buf *buf, const char *text);
LK_MUST_USE int lk_cbor_put_array(struct lk_buf *buf, uint64_t count);
LK_MUST_USE int lk_cbor_put_map(struct lk_buf *buf, uint64_t pairs);
LK_MUST_USE int lk_cbor_put_bool(struct lk_buf *buf, bool value);
LK_MUST_USE int lk_cbor_get_uint(struct lk_view *view, uint64_t max, uint64_t *ret_value);
LK_MUST_USE int lk_cbor_get_int(struct lk_view *view, int64_t *ret_value);
LK_MUST_USE int lk_cbor_get_bytes(struct lk_view *view, size_t max, struct lk_view *ret_bytes);
/* UTF-8 without NUL, copied with a NUL. */
LK_MUST_USE int lk_cbor_get_text(struct lk_view *view, char *ret_text, size_t size);
LK_MUST_USE int lk_cbor_get_array(struct lk_view *view, uint64_t max, uint64_t *ret_count);
LK_MUST_USE int lk_cbor_get_map(struct lk_view *view, uint64_t max, uint64_t *ret_pairs);
LK_MUST_USE int lk_cbor_get_bool(struct lk_view *view, bool *ret_value);
/* Any one well-formed canonical item of at most depth 8; map keys in CTAP2 order without duplicates. */
LK_MUST_USE int lk_cbor_get_item(struct lk_view *view, struct lk_view *ret_item);

#endif
