/* SPDX-License-Identifier: EUPL-1.2 */
/* Writes and reads messages by their tables of fields.
 *
 * What is read is hostile. Every count and length is compared with the table's bound before anything is
 * stored; the bounded view refuses what goes beyond the payload; bytes behind the last field are an error. */
#include "message/fields.h"

#include <string.h>

#include "message/text.h"

/* Members are reached by offset; memcpy keeps alignment and aliasing out of it. */
static uint64_t lk_member_load(const uint8_t *member, size_t size)
{
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;

    switch (size) {
    case 1:
        memcpy(&u8, member, sizeof(u8));
        return u8;
    case 2:
        memcpy(&u16, member, sizeof(u16));
        return u16;
    case 4:
        memcpy(&u32, member, sizeof(u32));
        return u32;
    default:
        memcpy(&u64, member, sizeof(u64));
        return u64;
    }
}

static void lk_member_store(uint8_t *member, size_t size, uint64_t value)
{
    uint8_t u8 = (uint8_t)value;
    uint16_t u16 = (uint16_t)value;
    uint32_t u32 = (uint32_t)value;

    switch (size) {
    case 1:
        memcpy(member, &u8, sizeof(u8));
        return;
    case 2:
        memcpy(member, &u16, sizeof(u16));
        return;
    case 4:
        memcpy(member, &u32, sizeof(u32));
        return;
    default:
        memcpy(member, &value, sizeof(value));
        return;
    }
}

static int lk_number_check(const struct lk_field *field, uint64_t value)
{
    if (field->kind == LK_FIELD_FLAGS)
        return (value & ~field->high) == 0 ? 0 : -LK_ERR_RANGE;
    return value >= field->low && value <= field->high ? 0 : -LK_ERR_RANGE;
}

static int lk_number_put(struct lk_buf *buf, const struct lk_field *field, const uint8_t *member)
{
    uint64_t value = lk_member_load(member, field->size);
    int r = field->kind == LK_FIELD_SIGNED ? 0 : lk_number_check(field, value);

    if (r != 0)
        return r;
    switch (field->kind == LK_FIELD_SIGNED ? 8 : field->wire) {
    case 1:
        lk_buf_put_u8(buf, (uint8_t)value);
        break;
    case 2:
        lk_buf_put_u16(buf, (uint16_t)value);
        break;
    case 4:
        lk_buf_put_u32(buf, (uint32_t)value);
        break;
    default:
        lk_buf_put_u64(buf, value);
        break;
    }
    return 0;
}

static int lk_number_get(struct lk_view *view, const struct lk_field *field, uint8_t *member)
{
    uint64_t value = 0;
    uint8_t u8 = 0;
    uint16_t u16 = 0;
    uint32_t u32 = 0;
    int r;

    switch (field->kind == LK_FIELD_SIGNED ? 8 : field->wire) {
    case 1:
        r = lk_view_get_u8(view, &u8);
        value = u8;
        break;
    case 2:
        r = lk_view_get_u16(view, &u16);
        value = u16;
        break;
    case 4:
        r = lk_view_get_u32(view, &u32);
        value = u32;
        break;
    default:
        r = lk_view_get_u64(view, &value);
        break;
    }
    if (r == 0 && field->kind != LK_FIELD_SIGNED)
        r = lk_number_check(field, value);
    if (r == 0)
        lk_member_store(member, field->size, value);
    return r;
}

/* Text is cleaned in the buffer, never in the caller's struct; cleaning only ever shortens it. */
static int lk_string_put(struct lk_buf *buf, const struct lk_field *field, const uint8_t *member)
{
    char text[LK_FIELD_TEXT_MAX + 1];
    size_t len = strnlen((const char *)member, field->size);

    if (len >= field->size || len < field->low)
        return len < field->low ? -LK_ERR_TRUNCATED : -LK_ERR_TOO_BIG;
    if (field->kind == LK_FIELD_STRING) {
        lk_buf_put_field(buf, member, len);
        return 0;
    }
    if (len > LK_FIELD_TEXT_MAX)
        return -LK_ERR_TOO_BIG;
    memcpy(text, member, len);
    text[len] = '\0';
    lk_text_clean(text);
    lk_buf_put_string(buf, text);
    return 0;
}

static int lk_string_get(struct lk_view *view, const struct lk_field *field, uint8_t *member)
{
    int r = lk_view_get_string(view, (char *)member, field->size);
    size_t len;

    if (r != 0)
        return r;
    len = strlen((const char *)member);
    if (len < field->low)
        return -LK_ERR_TRUNCATED;
    return field->kind == LK_FIELD_TEXT ? lk_text_check_printable(LK_VIEW(member, len)) : 0;
}

static int lk_borrowed_put(struct lk_buf *buf, const struct lk_field *field, const uint8_t *member)
{
    struct lk_view view;

    memcpy(&view, member, sizeof(view));
    if (view.len < field->low || view.len > field->high)
        return view.len < field->low ? -LK_ERR_TRUNCATED : -LK_ERR_TOO_BIG;
    lk_buf_put_field(buf, view.data, view.len);
    return 0;
}

static int lk_borrowed_get(struct lk_view *view, const struct lk_field *field, uint8_t *member)
{
    struct lk_view part;
    int r = lk_view_get_field(view, (size_t)field->high, &part);

    if (r != 0)
        return r;
    if (part.len < field->low)
        return -LK_ERR_TRUNCATED;
    memcpy(member, &part, sizeof(part));
    return 0;
}

static int lk_record_put(struct lk_buf *buf, const struct lk_fields *table, const uint8_t *base);
static int lk_record_get(struct lk_view *view, const struct lk_fields *table, uint8_t *base);

static int lk_element_put(struct lk_buf *buf, const struct lk_field *field, const uint8_t *element)
{
    uint32_t number;

    if (field->kind == LK_FIELD_VIEWS)
        return lk_borrowed_put(buf, field, element);
    if (field->kind == LK_FIELD_RECORDS)
        return lk_record_put(buf, field->record, element);
    memcpy(&number, element, sizeof(number));
    lk_buf_put_u32(buf, number);
    return 0;
}

static int lk_element_get(struct lk_view *view, const struct lk_field *field, uint8_t *element)
{
    uint32_t number;
    int r;

    if (field->kind == LK_FIELD_VIEWS)
        return lk_borrowed_get(view, field, element);
    if (field->kind == LK_FIELD_RECORDS)
        return lk_record_get(view, field->record, element);
    r = lk_view_get_u32(view, &number);
    if (r == 0)
        memcpy(element, &number, sizeof(number));
    return r;
}

static size_t lk_element_size(const struct lk_field *field)
{
    if (field->kind == LK_FIELD_VIEWS)
        return sizeof(struct lk_view);
    return field->kind == LK_FIELD_NUMBERS ? sizeof(uint32_t) : field->size;
}

static int lk_array_put(struct lk_buf *buf, const struct lk_field *field, const uint8_t *base)
{
    uint64_t count = lk_member_load(base + field->count_offset, sizeof(uint32_t));
    int r = 0;

    if (count > field->most)
        return -LK_ERR_TOO_BIG;
    if (field->kind == LK_FIELD_RECORDS && count < field->low)
        return -LK_ERR_RANGE;
    lk_buf_put_u16(buf, (uint16_t)count);
    for (size_t i = 0; r == 0 && i < count; i++)
        r = lk_element_put(buf, field, base + field->offset + i * lk_element_size(field));
    return r;
}

static int lk_array_get(struct lk_view *view, const struct lk_field *field, uint8_t *base)
{
    uint16_t count;
    int r = lk_view_get_u16(view, &count);

    if (r != 0)
        return r;
    if (count > field->most)
        return -LK_ERR_TOO_BIG;
    if (field->kind == LK_FIELD_RECORDS && count < field->low)
        return -LK_ERR_RANGE;
    for (size_t i = 0; r == 0 && i < count; i++)
        r = lk_element_get(view, field, base + field->offset + i * lk_element_size(field));
    lk_member_store(base + field->count_offset, sizeof(uint32_t), count);
    return r;
}

static int lk_prefix_put(struct lk_buf *buf, const struct lk_field *field, const uint8_t *base)
{
    uint8_t len = base[field->count_offset];

    if (len > field->size)
        return -LK_ERR_TOO_BIG;
    lk_buf_put_field(buf, base + field->offset, len);
    return 0;
}

static int lk_prefix_get(struct lk_view *view, const struct lk_field *field, uint8_t *base)
{
    struct lk_view part;
    int r = lk_view_get_field(view, field->size, &part);

    if (r != 0)
        return r;
    if (part.len > 0)
        memcpy(base + field->offset, part.data, part.len);
    base[field->count_offset] = (uint8_t)part.len;
    return 0;
}

static int lk_field_put(struct lk_buf *buf, const struct lk_field *field, const uint8_t *base)
{
    const uint8_t *member = base + field->offset;

    switch (field->kind) {
    case LK_FIELD_INT:
    case LK_FIELD_FLAGS:
    case LK_FIELD_SIGNED:
        return lk_number_put(buf, field, member);
    case LK_FIELD_BYTES:
        lk_buf_put_bytes(buf, member, field->size);
        return 0;
    case LK_FIELD_STRING:
    case LK_FIELD_TEXT:
        return lk_string_put(buf, field, member);
    case LK_FIELD_VIEW:
        return lk_borrowed_put(buf, field, member);
    case LK_FIELD_PREFIX:
        return lk_prefix_put(buf, field, base);
    case LK_FIELD_RECORDS:
        return field->most == 0 ? lk_record_put(buf, field->record, member)
                                : lk_array_put(buf, field, base);
    case LK_FIELD_VIEWS:
    case LK_FIELD_NUMBERS:
        return lk_array_put(buf, field, base);
    }
    return -LK_ERR_INTERNAL;
}

static int lk_field_get(struct lk_view *view, const struct lk_field *field, uint8_t *base)
{
    uint8_t *member = base + field->offset;

    switch (field->kind) {
    case LK_FIELD_INT:
    case LK_FIELD_FLAGS:
    case LK_FIELD_SIGNED:
        return lk_number_get(view, field, member);
    case LK_FIELD_BYTES:
        return lk_view_get_bytes(view, member, field->size);
    case LK_FIELD_STRING:
    case LK_FIELD_TEXT:
        return lk_string_get(view, field, member);
    case LK_FIELD_VIEW:
        return lk_borrowed_get(view, field, member);
    case LK_FIELD_PREFIX:
        return lk_prefix_get(view, field, base);
    case LK_FIELD_RECORDS:
        return field->most == 0 ? lk_record_get(view, field->record, member)
                                : lk_array_get(view, field, base);
    case LK_FIELD_VIEWS:
    case LK_FIELD_NUMBERS:
        return lk_array_get(view, field, base);
    }
    return -LK_ERR_INTERNAL;
}

static int lk_record_put(struct lk_buf *buf, const struct lk_fields *table, const uint8_t *base)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < table->count; i++)
        r = lk_field_put(buf, &table->fields[i], base);
    return r;
}

static int lk_record_get(struct lk_view *view, const struct lk_fields *table, uint8_t *base)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < table->count; i++)
        r = lk_field_get(view, &table->fields[i], base);
    return r;
}

int lk_fields_encode(struct lk_buf *buf, enum lk_message type, uint32_t request,
                     const struct lk_fields *table, const void *message)
{
    size_t start;
    int r;

    lk_frame_begin(buf, type, request, &start);
    r = lk_record_put(buf, table, message);
    if (r != 0) {
        lk_frame_drop(buf, start);
        return r;
    }
    return lk_frame_end(buf, start);
}

int lk_fields_encode_empty(struct lk_buf *buf, enum lk_message type, uint32_t request)
{
    size_t start;

    lk_frame_begin(buf, type, request, &start);
    return lk_frame_end(buf, start);
}

int lk_fields_decode(struct lk_view payload, const struct lk_fields *table, void *message)
{
    int r = lk_record_get(&payload, table, message);

    return r == 0 ? lk_view_end(&payload) : r;
}
