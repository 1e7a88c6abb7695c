/* SPDX-License-Identifier: EUPL-1.2 */
/* "latchkey statement 1": what a credential is (docs/PROTOCOL.md 4.2). */
#include <string.h>

#include "wire/format.h"

#define TYPE    "latchkey statement 1"
#define MEMBERS 17

static int groups_check(const struct lk_statement *statement)
{
    if (statement->group_count > LK_GROUPS_MAX)
        return -LK_ERR_TOO_BIG;
    /* Groups are doors: of machines for a host credential, of applications for a browser credential. An operator's opens none. */
    if (statement->group_count > 0 && statement->kind != LK_KIND_HOST &&
        statement->kind != LK_KIND_BROWSER)
        return -LK_ERR_RANGE;
    for (uint32_t i = 0; i < statement->group_count; i++) {
        int order = i == 0 ? -1 : strcmp(statement->groups[i - 1], statement->groups[i]);

        if (!lk_group_valid(statement->groups[i]))
            return -LK_ERR_ENCODING;
        if (order >= 0)
            return order == 0 ? -LK_ERR_DUPLICATE : -LK_ERR_NOT_CANONICAL;
    }
    return 0;
}

static int facts_check(const struct lk_statement *statement)
{
    const struct lk_facts_proved *proved = &statement->proved;
    const struct lk_facts_claimed *claimed = &statement->claimed;

    if ((unsigned int)proved->format > LK_FORMAT_FIDO_U2F)
        return -LK_ERR_RANGE;
    if (!proved->has_anchor && !lk_digest_zero(&proved->anchor))
        return -LK_ERR_RANGE;
    if (!lk_text_plain(proved->firmware) || !lk_text_plain(proved->serial) ||
        !lk_text_plain(claimed->model) || !lk_text_plain(claimed->firmware) ||
        !lk_text_plain(claimed->serial))
        return -LK_ERR_ENCODING;
    return 0;
}

/* What holds of every statement, on the way out and on the way in. */
static int statement_check(const struct lk_statement *statement)
{
    int result;

    if (statement->version == 0)
        return -LK_ERR_RANGE;
    if (!lk_name_valid(statement->name))
        return -LK_ERR_ENCODING;
    if (!lk_relying_party_valid(statement->relying_party, statement->kind))
        return -LK_ERR_ENCODING;
    if (statement->not_before < 0 || statement->not_after < 0 ||
        (statement->not_after != 0 && statement->not_after <= statement->not_before))
        return -LK_ERR_RANGE;
    result = lk_credential_id_check(&statement->credential_id);
    if (result == 0)
        result = lk_public_key_check(&statement->public_key);
    if (result == 0)
        result = facts_check(statement);
    if (result == 0)
        result = groups_check(statement);
    return result;
}

static void facts_write(struct lk_writer *writer, const struct lk_statement *statement)
{
    const struct lk_facts_proved *proved = &statement->proved;

    lk_write_array(writer, 4);
    lk_write_text(writer, lk_format_name(proved->format));
    lk_write_bytes(writer, proved->anchor.bytes, proved->has_anchor ? LK_DIGEST_SIZE : 0);
    lk_write_text(writer, proved->firmware);
    lk_write_text(writer, proved->serial);
    lk_write_array(writer, 3);
    lk_write_text(writer, statement->claimed.model);
    lk_write_text(writer, statement->claimed.firmware);
    lk_write_text(writer, statement->claimed.serial);
}

int lk_statement_encode(struct lk_buf *buf, const struct lk_statement *statement)
{
    struct lk_writer writer = {.buf = buf};
    int result = statement_check(statement);

    if (result < 0)
        return result;
    lk_write_begin(&writer, TYPE, MEMBERS);
    lk_write_uint(&writer, statement->version);
    lk_write_bytes(&writer, statement->subject.bytes, LK_SUBJECT_SIZE);
    lk_write_text(&writer, statement->name);
    lk_write_text(&writer, lk_kind_name(statement->kind));
    lk_write_text(&writer, statement->relying_party);
    lk_write_bytes(&writer, statement->credential_id.bytes, statement->credential_id.len);
    lk_write_bytes(&writer, statement->public_key.bytes, statement->public_key.len);
    lk_write_bytes(&writer, statement->aaguid, LK_AAGUID_SIZE);
    facts_write(&writer, statement);
    lk_write_bytes(&writer, statement->attestation_digest.bytes, LK_DIGEST_SIZE);
    lk_write_bytes(&writer, statement->creation_client_data_hash.bytes, LK_DIGEST_SIZE);
    lk_write_array(&writer, statement->group_count);
    for (uint32_t i = 0; i < statement->group_count; i++)
        lk_write_text(&writer, statement->groups[i]);
    lk_write_uint(&writer, (uint64_t)statement->not_before);
    lk_write_uint(&writer, (uint64_t)statement->not_after);
    lk_write_bool(&writer, statement->user_verification);
    return writer.error;
}

static void facts_read(struct lk_reader *reader, struct lk_statement *statement)
{
    struct lk_facts_proved *proved = &statement->proved;
    uint16_t anchor_len;

    lk_read_tuple(reader, 4);
    proved->format = (enum lk_attestation_format)lk_read_choice(reader, lk_choice_format,
                                                                LK_FORMAT_NONE, LK_FORMAT_FIDO_U2F);
    anchor_len = lk_read_bytes(reader, proved->anchor.bytes, 0, LK_DIGEST_SIZE);
    if (anchor_len != 0 && anchor_len != LK_DIGEST_SIZE)
        lk_read_fail(reader, -LK_ERR_RANGE);
    proved->has_anchor = anchor_len == LK_DIGEST_SIZE;
    lk_read_text(reader, proved->firmware, sizeof(proved->firmware));
    lk_read_text(reader, proved->serial, sizeof(proved->serial));
    lk_read_tuple(reader, 3);
    lk_read_text(reader, statement->claimed.model, sizeof(statement->claimed.model));
    lk_read_text(reader, statement->claimed.firmware, sizeof(statement->claimed.firmware));
    lk_read_text(reader, statement->claimed.serial, sizeof(statement->claimed.serial));
}

static void statement_read(struct lk_reader *reader, struct lk_statement *statement)
{
    lk_read_begin(reader, TYPE, MEMBERS);
    statement->version = lk_read_uint(reader, 1, UINT64_MAX);
    lk_read_fixed(reader, statement->subject.bytes, LK_SUBJECT_SIZE);
    lk_read_text(reader, statement->name, sizeof(statement->name));
    statement->kind =
        (enum lk_kind)lk_read_choice(reader, lk_choice_kind, LK_KIND_HOST, LK_KIND_OPERATOR);
    lk_read_text(reader, statement->relying_party, sizeof(statement->relying_party));
    statement->credential_id.len =
        lk_read_bytes(reader, statement->credential_id.bytes, 1, LK_CREDENTIAL_ID_MAX);
    statement->public_key.len =
        lk_read_bytes(reader, statement->public_key.bytes, 1, LK_PUBLIC_KEY_MAX);
    lk_read_fixed(reader, statement->aaguid, LK_AAGUID_SIZE);
    facts_read(reader, statement);
    lk_read_fixed(reader, statement->attestation_digest.bytes, LK_DIGEST_SIZE);
    lk_read_fixed(reader, statement->creation_client_data_hash.bytes, LK_DIGEST_SIZE);
    statement->group_count = lk_read_array(reader, 0, LK_GROUPS_MAX);
    for (uint32_t i = 0; i < statement->group_count; i++)
        lk_read_text(reader, statement->groups[i], sizeof(statement->groups[i]));
    statement->not_before = lk_read_time(reader);
    statement->not_after = lk_read_time(reader);
    statement->user_verification = lk_read_bool(reader);
}

int lk_statement_decode(struct lk_view bytes, struct lk_statement *ret_statement)
{
    struct lk_reader reader = {.view = bytes};
    struct lk_statement statement = {0};
    int result;

    if (bytes.len > LK_STATEMENT_MAX)
        return -LK_ERR_TOO_BIG;
    statement_read(&reader, &statement);
    result = lk_read_end(&reader);
    if (result == 0)
        result = statement_check(&statement);
    if (result == 0)
        *ret_statement = statement;
    return result;
}
