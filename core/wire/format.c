/* SPDX-License-Identifier: EUPL-1.2 */
/* Writer and reader with a sticky error, and the checks that several formats share. */
#include "wire/format.h"

#include <string.h>

/* Longest type string and longest name of an enumeration, with NUL. */
#define WORD_SIZE 64

static void write_result(struct lk_writer *writer, int result)
{
    if (writer->error == 0)
        writer->error = result;
}

void lk_write_begin(struct lk_writer *writer, const char *type, uint64_t members)
{
    lk_write_array(writer, members);
    lk_write_text(writer, type);
}

void lk_write_uint(struct lk_writer *writer, uint64_t value)
{
    write_result(writer, lk_cbor_put_uint(writer->buf, value));
}

void lk_write_bytes(struct lk_writer *writer, const void *data, size_t len)
{
    write_result(writer, lk_cbor_put_bytes(writer->buf, LK_VIEW(data, len)));
}

void lk_write_text(struct lk_writer *writer, const char *text)
{
    write_result(writer, lk_cbor_put_text(writer->buf, text));
}

void lk_write_array(struct lk_writer *writer, uint64_t count)
{
    write_result(writer, lk_cbor_put_array(writer->buf, count));
}

void lk_write_bool(struct lk_writer *writer, bool value)
{
    write_result(writer, lk_cbor_put_bool(writer->buf, value));
}

void lk_read_fail(struct lk_reader *reader, int error)
{
    if (reader->error == 0)
        reader->error = error;
}

void lk_read_begin(struct lk_reader *reader, const char *type, uint64_t members)
{
    char found[WORD_SIZE];
    uint64_t count = 0;
    int result;

    if (reader->error < 0)
        return;
    result = lk_cbor_get_array(&reader->view, UINT32_MAX, &count);
    if (result == 0)
        result = lk_cbor_get_text(&reader->view, found, sizeof(found));
    if (result == -LK_ERR_TOO_BIG)
        result = -LK_ERR_VERSION;
    if (result == 0 && strcmp(found, type) != 0)
        result = -LK_ERR_VERSION;
    if (result == 0 && count != members)
        result = -LK_ERR_TYPE;
    reader->error = result;
}

uint64_t lk_read_uint(struct lk_reader *reader, uint64_t min, uint64_t max)
{
    uint64_t value = 0;

    if (reader->error < 0)
        return 0;
    reader->error = lk_cbor_get_uint(&reader->view, max, &value);
    if (reader->error == 0 && value < min)
        reader->error = -LK_ERR_RANGE;
    return reader->error == 0 ? value : 0;
}

int64_t lk_read_time(struct lk_reader *reader)
{
    return (int64_t)lk_read_uint(reader, 0, INT64_MAX);
}

struct lk_view lk_read_view(struct lk_reader *reader, size_t min, size_t max)
{
    struct lk_view view = {0};

    if (reader->error < 0)
        return view;
    reader->error = lk_cbor_get_bytes(&reader->view, max, &view);
    if (reader->error == 0 && view.len < min)
        reader->error = -LK_ERR_RANGE;
    return reader->error == 0 ? view : (struct lk_view){0};
}

void lk_read_fixed(struct lk_reader *reader, void *ret_data, size_t len)
{
    struct lk_view view = lk_read_view(reader, 0, SIZE_MAX);

    if (reader->error == 0 && view.len != len)
        reader->error = -LK_ERR_RANGE;
    if (reader->error == 0)
        memcpy(ret_data, view.data, len);
}

uint16_t lk_read_bytes(struct lk_reader *reader, void *ret_data, size_t min, size_t max)
{
    struct lk_view view = lk_read_view(reader, min, max);

    if (reader->error < 0)
        return 0;
    if (view.len > 0)
        memcpy(ret_data, view.data, view.len);
    return (uint16_t)view.len;
}

void lk_read_text(struct lk_reader *reader, char *ret_text, size_t size)
{
    if (reader->error < 0)
        return;
    reader->error = lk_cbor_get_text(&reader->view, ret_text, size);
}

unsigned int lk_read_choice(struct lk_reader *reader, const char *(*name)(unsigned int),
                            unsigned int first, unsigned int last)
{
    char word[WORD_SIZE] = "";

    lk_read_text(reader, word, sizeof(word));
    for (unsigned int i = first; reader->error == 0 && i <= last; i++) {
        if (strcmp(word, name(i)) == 0)
            return i;
    }
    lk_read_fail(reader, -LK_ERR_RANGE);
    return first;
}

void lk_read_tuple(struct lk_reader *reader, uint64_t count)
{
    uint64_t found = 0;

    if (reader->error < 0)
        return;
    reader->error = lk_cbor_get_array(&reader->view, UINT32_MAX, &found);
    if (reader->error == 0 && found != count)
        reader->error = -LK_ERR_TYPE;
}

uint32_t lk_read_array(struct lk_reader *reader, uint32_t min, uint32_t max)
{
    uint64_t count = 0;

    if (reader->error < 0)
        return 0;
    reader->error = lk_cbor_get_array(&reader->view, max, &count);
    if (reader->error == 0 && count < min)
        reader->error = -LK_ERR_RANGE;
    return reader->error == 0 ? (uint32_t)count : 0;
}

bool lk_read_bool(struct lk_reader *reader)
{
    bool value = false;

    if (reader->error < 0)
        return false;
    reader->error = lk_cbor_get_bool(&reader->view, &value);
    return value;
}

int lk_read_end(const struct lk_reader *reader)
{
    return reader->error < 0 ? reader->error : lk_view_end(&reader->view);
}

const char *lk_choice_act(unsigned int number)
{
    return lk_act_name((enum lk_act)number);
}

const char *lk_choice_kind(unsigned int number)
{
    return lk_kind_name((enum lk_kind)number);
}

const char *lk_choice_state(unsigned int number)
{
    return lk_state_name((enum lk_state)number);
}

const char *lk_choice_format(unsigned int number)
{
    return lk_format_name((enum lk_attestation_format)number);
}

const char *lk_choice_entry(unsigned int number)
{
    return lk_entry_kind_name((enum lk_entry_kind)number);
}

bool lk_text_plain(const char *text)
{
    const unsigned char *c = (const unsigned char *)text;

    for (; *c != '\0'; c++) {
        if (*c < 0x20 || *c == 0x7f)
            return false;
        if (c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f) /* U+0080 to U+009F */
            return false;
    }
    return true;
}

int lk_credential_id_check(const struct lk_credential_id *id)
{
    return id->len >= 1 && id->len <= LK_CREDENTIAL_ID_MAX ? 0 : -LK_ERR_RANGE;
}

int lk_public_key_check(const struct lk_public_key *key)
{
    struct lk_cose_key ignored;

    if (key->len > LK_PUBLIC_KEY_MAX)
        return -LK_ERR_TOO_BIG;
    return lk_cose_key_decode(LK_VIEW(key->bytes, key->len), &ignored);
}
