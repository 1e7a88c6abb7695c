/* SPDX-License-Identifier: EUPL-1.2 */
/* "latchkey endorsement 1" (what an operator's key signs), "latchkey endorsement record 1" (how it
 * is kept) and "latchkey path 1" (docs/PROTOCOL.md 4.4 to 4.6). */
#include <string.h>

#include "wire/format.h"

#define TYPE_SIGNED    "latchkey endorsement 1"
#define TYPE_RECORD    "latchkey endorsement record 1"
#define TYPE_PATH      "latchkey path 1"
#define MEMBERS_SIGNED 8
#define MEMBERS_RECORD 11
#define MEMBERS_PATH   4
#define COUNT_MAX      (UINT64_C(1) << LK_PATH_MAX)
/* Authenticator data without extensions: rpIdHash, flags, signCount (WebAuthn section 6.1). */
#define AUTHENTICATOR_DATA_MIN 37

static int signed_check(const struct lk_endorsement *endorsement)
{
    if (endorsement->act < LK_ACT_ENROL || endorsement->act > LK_ACT_RESTORE)
        return -LK_ERR_RANGE;
    if (endorsement->count < 1 || endorsement->count > COUNT_MAX || endorsement->time < 0)
        return -LK_ERR_RANGE;
    /* Entry number 0 is "the register is empty" and has no hash. */
    if (endorsement->register_number == 0 && !lk_digest_zero(&endorsement->register_hash))
        return -LK_ERR_RANGE;
    return 0;
}

static int record_check(const struct lk_endorsement *endorsement)
{
    int result = signed_check(endorsement);

    if (result == 0)
        result = lk_credential_id_check(&endorsement->credential_id);
    if (result == 0 &&
        (endorsement->authenticator_data_len < AUTHENTICATOR_DATA_MIN ||
         endorsement->authenticator_data_len > sizeof(endorsement->authenticator_data) ||
         endorsement->signature_len < 1 || endorsement->signature_len > LK_SIGNATURE_MAX))
        result = -LK_ERR_RANGE;
    return result;
}

static void signed_write(struct lk_writer *writer, const struct lk_endorsement *endorsement)
{
    lk_write_text(writer, lk_act_name(endorsement->act));
    lk_write_bytes(writer, endorsement->root.bytes, LK_DIGEST_SIZE);
    lk_write_uint(writer, endorsement->count);
    lk_write_uint(writer, endorsement->register_number);
    lk_write_bytes(writer, endorsement->register_hash.bytes, LK_DIGEST_SIZE);
    lk_write_bytes(writer, endorsement->operator_id.bytes, LK_SUBJECT_SIZE);
    lk_write_uint(writer, (uint64_t)endorsement->time);
}

int lk_endorsement_encode_signed(struct lk_buf *buf, const struct lk_endorsement *endorsement)
{
    struct lk_writer writer = {.buf = buf};
    int result = signed_check(endorsement);

    if (result < 0)
        return result;
    lk_write_begin(&writer, TYPE_SIGNED, MEMBERS_SIGNED);
    signed_write(&writer, endorsement);
    return writer.error;
}

int lk_endorsement_encode(struct lk_buf *buf, const struct lk_endorsement *endorsement)
{
    struct lk_writer writer = {.buf = buf};
    int result = record_check(endorsement);

    if (result < 0)
        return result;
    lk_write_begin(&writer, TYPE_RECORD, MEMBERS_RECORD);
    signed_write(&writer, endorsement);
    lk_write_bytes(&writer, endorsement->credential_id.bytes, endorsement->credential_id.len);
    lk_write_bytes(&writer, endorsement->authenticator_data, endorsement->authenticator_data_len);
    lk_write_bytes(&writer, endorsement->signature, endorsement->signature_len);
    return writer.error;
}

int lk_endorsement_decode(struct lk_view bytes, struct lk_endorsement *ret_endorsement)
{
    struct lk_reader reader = {.view = bytes};
    struct lk_endorsement endorsement = {0};
    int result;

    if (bytes.len > LK_ENDORSEMENT_MAX)
        return -LK_ERR_TOO_BIG;
    lk_read_begin(&reader, TYPE_RECORD, MEMBERS_RECORD);
    endorsement.act =
        (enum lk_act)lk_read_choice(&reader, lk_choice_act, LK_ACT_ENROL, LK_ACT_RESTORE);
    lk_read_fixed(&reader, endorsement.root.bytes, LK_DIGEST_SIZE);
    endorsement.count = lk_read_uint(&reader, 1, COUNT_MAX);
    endorsement.register_number = lk_read_uint(&reader, 0, UINT64_MAX);
    lk_read_fixed(&reader, endorsement.register_hash.bytes, LK_DIGEST_SIZE);
    lk_read_fixed(&reader, endorsement.operator_id.bytes, LK_SUBJECT_SIZE);
    endorsement.time = lk_read_time(&reader);
    endorsement.credential_id.len =
        lk_read_bytes(&reader, endorsement.credential_id.bytes, 1, LK_CREDENTIAL_ID_MAX);
    endorsement.authenticator_data_len =
        lk_read_bytes(&reader, endorsement.authenticator_data, AUTHENTICATOR_DATA_MIN,
                      sizeof(endorsement.authenticator_data));
    endorsement.signature_len = lk_read_bytes(&reader, endorsement.signature, 1, LK_SIGNATURE_MAX);
    result = lk_read_end(&reader);
    if (result == 0)
        result = record_check(&endorsement);
    if (result == 0)
        *ret_endorsement = endorsement;
    return result;
}

static int path_check(const struct lk_tree_path *path)
{
    if (path->count < 1 || path->count > COUNT_MAX || path->index >= path->count)
        return -LK_ERR_RANGE;
    return path->length <= LK_PATH_MAX ? 0 : -LK_ERR_TOO_BIG;
}

int lk_tree_path_encode(struct lk_buf *buf, const struct lk_tree_path *path)
{
    struct lk_writer writer = {.buf = buf};
    int result = path_check(path);

    if (result < 0)
        return result;
    lk_write_begin(&writer, TYPE_PATH, MEMBERS_PATH);
    lk_write_uint(&writer, path->index);
    lk_write_uint(&writer, path->count);
    lk_write_array(&writer, path->length);
    for (uint32_t i = 0; i < path->length; i++)
        lk_write_bytes(&writer, path->hashes[i].bytes, LK_DIGEST_SIZE);
    return writer.error;
}

int lk_tree_path_decode(struct lk_view bytes, struct lk_tree_path *ret_path)
{
    struct lk_reader reader = {.view = bytes};
    struct lk_tree_path path = {0};
    int result;

    lk_read_begin(&reader, TYPE_PATH, MEMBERS_PATH);
    path.index = lk_read_uint(&reader, 0, COUNT_MAX - 1);
    path.count = lk_read_uint(&reader, 1, COUNT_MAX);
    path.length = lk_read_array(&reader, 0, LK_PATH_MAX);
    for (uint32_t i = 0; i < path.length; i++)
        lk_read_fixed(&reader, path.hashes[i].bytes, LK_DIGEST_SIZE);
    result = lk_read_end(&reader);
    if (result == 0)
        result = path_check(&path);
    if (result == 0)
        *ret_path = path;
    return result;
}
