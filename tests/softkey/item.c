/* SPDX-License-Identifier: EUPL-1.2 */
/* CBOR items: libcbor's stream decoder for one head at a time, and its encoders. See item.h. */
#include "item.h"

#include <cbor.h>
#include <string.h>

#define LK_DEPTH_MAX 8

static void lk_item_set(void *context, enum lk_item_kind kind, uint64_t value)
{
    struct lk_item *item = context;

    item->kind = kind;
    item->value = value;
}

static void lk_on_uint8(void *context, uint8_t value)
{
    lk_item_set(context, LK_ITEM_UINT, value);
}

static void lk_on_uint16(void *context, uint16_t value)
{
    lk_item_set(context, LK_ITEM_UINT, value);
}

static void lk_on_uint32(void *context, uint32_t value)
{
    lk_item_set(context, LK_ITEM_UINT, value);
}

static void lk_on_uint64(void *context, uint64_t value)
{
    lk_item_set(context, LK_ITEM_UINT, value);
}

static void lk_on_negint8(void *context, uint8_t value)
{
    lk_item_set(context, LK_ITEM_NEGINT, value);
}

static void lk_on_negint16(void *context, uint16_t value)
{
    lk_item_set(context, LK_ITEM_NEGINT, value);
}

static void lk_on_negint32(void *context, uint32_t value)
{
    lk_item_set(context, LK_ITEM_NEGINT, value);
}

static void lk_on_negint64(void *context, uint64_t value)
{
    lk_item_set(context, LK_ITEM_NEGINT, value);
}

static void lk_on_bytes(void *context, cbor_data data, size_t length)
{
    struct lk_item *item = context;

    lk_item_set(item, LK_ITEM_BYTES, length);
    item->data = data;
    item->length = length;
}

static void lk_on_text(void *context, cbor_data data, size_t length)
{
    struct lk_item *item = context;

    lk_item_set(item, LK_ITEM_TEXT, length);
    item->data = data;
    item->length = length;
}

static void lk_on_array(void *context, size_t count)
{
    lk_item_set(context, LK_ITEM_ARRAY, count);
}

static void lk_on_map(void *context, size_t count)
{
    lk_item_set(context, LK_ITEM_MAP, count);
}

static void lk_on_boolean(void *context, bool value)
{
    lk_item_set(context, LK_ITEM_BOOL, value);
}

/* Everything not named here leaves the item as LK_ITEM_OTHER. */
static struct cbor_callbacks lk_item_callbacks(void)
{
    struct cbor_callbacks callbacks = cbor_empty_callbacks;

    callbacks.uint8 = lk_on_uint8;
    callbacks.uint16 = lk_on_uint16;
    callbacks.uint32 = lk_on_uint32;
    callbacks.uint64 = lk_on_uint64;
    callbacks.negint8 = lk_on_negint8;
    callbacks.negint16 = lk_on_negint16;
    callbacks.negint32 = lk_on_negint32;
    callbacks.negint64 = lk_on_negint64;
    callbacks.byte_string = lk_on_bytes;
    callbacks.string = lk_on_text;
    callbacks.array_start = lk_on_array;
    callbacks.map_start = lk_on_map;
    callbacks.boolean = lk_on_boolean;
    return callbacks;
}

static size_t lk_head_length(uint64_t value)
{
    if (value < 24)
        return 1;
    if (value <= UINT8_MAX)
        return 2;
    if (value <= UINT16_MAX)
        return 3;
    return value <= UINT32_MAX ? 5 : 9;
}

bool lk_reader_next(struct lk_reader *reader, struct lk_item *ret_item)
{
    struct cbor_callbacks callbacks = lk_item_callbacks();
    struct lk_item item = {.kind = LK_ITEM_OTHER};
    size_t left = reader->length - reader->position;
    struct cbor_decoder_result result;

    if (left == 0)
        return false;
    result = cbor_stream_decode(reader->data + reader->position, left, &callbacks, &item);
    if (result.status != CBOR_DECODER_FINISHED)
        return false;
    if (item.kind != LK_ITEM_OTHER && item.kind != LK_ITEM_BOOL &&
        result.read - item.length != lk_head_length(item.value))
        return false;
    /* No element takes less than one byte: a count beyond the bytes left is a lie. */
    left -= result.read;
    if (item.kind == LK_ITEM_ARRAY && item.value > left)
        return false;
    if (item.kind == LK_ITEM_MAP && item.value > left / 2)
        return false;
    reader->position += result.read;
    *ret_item = item;
    return true;
}

bool lk_reader_expect(struct lk_reader *reader, enum lk_item_kind kind, struct lk_item *ret_item)
{
    struct lk_item item;

    if (!lk_reader_next(reader, &item) || item.kind != kind)
        return false;
    *ret_item = item;
    return true;
}

static bool lk_reader_skip(struct lk_reader *reader, unsigned depth)
{
    struct lk_item item;
    uint64_t count;

    if (depth == 0 || !lk_reader_next(reader, &item) || item.kind == LK_ITEM_OTHER)
        return false;
    if (item.kind != LK_ITEM_ARRAY && item.kind != LK_ITEM_MAP)
        return true;
    count = item.kind == LK_ITEM_MAP ? 2 * item.value : item.value;
    for (uint64_t i = 0; i < count; i++) {
        if (!lk_reader_skip(reader, depth - 1))
            return false;
    }
    return true;
}

bool lk_reader_take(struct lk_reader *reader, struct lk_reader *ret_value)
{
    size_t start = reader->position;

    if (!lk_reader_skip(reader, LK_DEPTH_MAX))
        return false;
    *ret_value =
        (struct lk_reader){.data = reader->data + start, .length = reader->position - start};
    return true;
}

bool lk_int_map_split(struct lk_reader input, struct lk_int_map *ret_map)
{
    struct lk_item map, key;
    uint64_t lowest = 0;

    memset(ret_map, 0, sizeof(*ret_map));
    if (!lk_reader_expect(&input, LK_ITEM_MAP, &map))
        return false;
    for (uint64_t i = 0; i < map.value; i++) {
        struct lk_reader value;

        if (!lk_reader_expect(&input, LK_ITEM_UINT, &key) || key.value < lowest ||
            key.value == UINT64_MAX || !lk_reader_take(&input, &value))
            return false;
        lowest = key.value + 1;
        if (key.value < LK_MAP_KEYS) {
            ret_map->present[key.value] = true;
            ret_map->value[key.value] = value;
        }
    }
    return input.position == input.length;
}

int lk_text_map_find(struct lk_reader input, const char *name, struct lk_reader *ret_value)
{
    struct lk_item map, key;
    int found = 0;

    if (!lk_reader_expect(&input, LK_ITEM_MAP, &map))
        return -1;
    for (uint64_t i = 0; i < map.value; i++) {
        struct lk_reader value;

        if (!lk_reader_expect(&input, LK_ITEM_TEXT, &key) || !lk_reader_take(&input, &value))
            return -1;
        if (key.length == strlen(name) && memcmp(key.data, name, key.length) == 0) {
            if (found)
                return -1;
            *ret_value = value;
            found = 1;
        }
    }
    return found;
}

void lk_writer_init(struct lk_writer *writer, uint8_t *data, size_t capacity)
{
    *writer = (struct lk_writer){.data = data, .capacity = capacity};
}

void lk_write_raw(struct lk_writer *writer, const void *data, size_t length)
{
    if (writer->failed || length > writer->capacity - writer->length) {
        writer->failed = true;
        return;
    }
    if (length > 0)
        memcpy(writer->data + writer->length, data, length);
    writer->length += length;
}

void lk_write_int(struct lk_writer *writer, int64_t value)
{
    uint8_t head[9];
    size_t length = value >= 0 ? cbor_encode_uint((uint64_t)value, head, sizeof(head))
                               : cbor_encode_negint((uint64_t)(-1 - value), head, sizeof(head));

    lk_write_raw(writer, head, length);
}

void lk_write_bytes(struct lk_writer *writer, const void *data, size_t length)
{
    uint8_t head[9];

    lk_write_raw(writer, head, cbor_encode_bytestring_start(length, head, sizeof(head)));
    lk_write_raw(writer, data, length);
}

void lk_write_text_bytes(struct lk_writer *writer, const void *text, size_t length)
{
    uint8_t head[9];

    lk_write_raw(writer, head, cbor_encode_string_start(length, head, sizeof(head)));
    lk_write_raw(writer, text, length);
}

void lk_write_text(struct lk_writer *writer, const char *text)
{
    lk_write_text_bytes(writer, text, strlen(text));
}

void lk_write_array(struct lk_writer *writer, size_t count)
{
    uint8_t head[9];

    lk_write_raw(writer, head, cbor_encode_array_start(count, head, sizeof(head)));
}

void lk_write_map(struct lk_writer *writer, size_t count)
{
    uint8_t head[9];

    lk_write_raw(writer, head, cbor_encode_map_start(count, head, sizeof(head)));
}

void lk_write_bool(struct lk_writer *writer, bool value)
{
    uint8_t head[1];

    lk_write_raw(writer, head, cbor_encode_bool(value, head, sizeof(head)));
}
