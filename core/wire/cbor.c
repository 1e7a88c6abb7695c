/* SPDX-License-Identifier: EUPL-1.2 */
/* CBOR over borrowed views and bounded buffers, in the one form that CTAP 2.1 section 8 allows.
 *
 * Hostile input: all of it. Rules:
 * - libcbor decodes one head at a time (cbor_stream_decode); its tree builder allocates by the
 *   count a head claims and is never used.
 * - A head must be the shortest for its value; indefinite lengths, tags, floats, null, undefined
 *   and other simple values than true and false are refused.
 * - A count is compared with the bytes left (one byte an item is the least) before anything is
 *   done with it. Nothing is allocated here.
 * - Nesting is at most 8 deep; map keys are integers or strings, ascending, none twice.
 * - A get that fails leaves the view where it was. */
#include <cbor.h>
#include <string.h>

#include "wire/wire.h"

#define DEPTH_MAX 8

/* MemorySanitizer does not see what libcbor writes, because that is built without it. */
#if defined(__has_feature)
#if __has_feature(memory_sanitizer)
void __msan_unpoison(const volatile void *data, size_t len);
#define WRITTEN_BY_LIBCBOR(object) __msan_unpoison(&(object), sizeof(object))
#endif
#endif
#ifndef WRITTEN_BY_LIBCBOR
#define WRITTEN_BY_LIBCBOR(object) (void)(object)
#endif

enum token_type {
    TOKEN_UINT = 0, /* the numbers are the major types of RFC 8949 section 3.1 */
    TOKEN_NEGATIVE = 1,
    TOKEN_BYTES = 2,
    TOKEN_TEXT = 3,
    TOKEN_ARRAY = 4,
    TOKEN_MAP = 5,
    TOKEN_REFUSED = 6, /* tag, float, null, indefinite length and kin */
    TOKEN_BOOL = 7
};

struct token {
    enum token_type type;
    uint64_t value;      /* integer argument, count of items or pairs, or 0 and 1 for a bool */
    struct lk_view text; /* content of TOKEN_BYTES and TOKEN_TEXT */
};

static void on_uint8(void *context, uint8_t value)
{
    *(struct token *)context = (struct token){.type = TOKEN_UINT, .value = value};
}

static void on_uint16(void *context, uint16_t value)
{
    *(struct token *)context = (struct token){.type = TOKEN_UINT, .value = value};
}

static void on_uint32(void *context, uint32_t value)
{
    *(struct token *)context = (struct token){.type = TOKEN_UINT, .value = value};
}

static void on_uint64(void *context, uint64_t value)
{
    *(struct token *)context = (struct token){.type = TOKEN_UINT, .value = value};
}

static void on_negative8(void *context, uint8_t value)
{
    *(struct token *)context = (struct token){.type = TOKEN_NEGATIVE, .value = value};
}

static void on_negative16(void *context, uint16_t value)
{
    *(struct token *)context = (struct token){.type = TOKEN_NEGATIVE, .value = value};
}

static void on_negative32(void *context, uint32_t value)
{
    *(struct token *)context = (struct token){.type = TOKEN_NEGATIVE, .value = value};
}

static void on_negative64(void *context, uint64_t value)
{
    *(struct token *)context = (struct token){.type = TOKEN_NEGATIVE, .value = value};
}

static void on_bytes(void *context, cbor_data data, size_t len)
{
    *(struct token *)context =
        (struct token){.type = TOKEN_BYTES, .value = len, .text = LK_VIEW(data, len)};
}

static void on_text(void *context, cbor_data data, size_t len)
{
    *(struct token *)context =
        (struct token){.type = TOKEN_TEXT, .value = len, .text = LK_VIEW(data, len)};
}

static void on_array(void *context, size_t count)
{
    *(struct token *)context = (struct token){.type = TOKEN_ARRAY, .value = count};
}

static void on_map(void *context, size_t pairs)
{
    *(struct token *)context = (struct token){.type = TOKEN_MAP, .value = pairs};
}

static void on_bool(void *context, bool value)
{
    *(struct token *)context = (struct token){.type = TOKEN_BOOL, .value = value};
}

static void on_refused(void *context)
{
    *(struct token *)context = (struct token){.type = TOKEN_REFUSED};
}

static void on_refused_tag(void *context, uint64_t value)
{
    (void)value;
    on_refused(context);
}

static void on_refused_float(void *context, float value)
{
    (void)value;
    on_refused(context);
}

static void on_refused_double(void *context, double value)
{
    (void)value;
    on_refused(context);
}

static const struct cbor_callbacks token_callbacks = {
    .uint8 = on_uint8,
    .uint16 = on_uint16,
    .uint32 = on_uint32,
    .uint64 = on_uint64,
    .negint8 = on_negative8,
    .negint16 = on_negative16,
    .negint32 = on_negative32,
    .negint64 = on_negative64,
    .byte_string = on_bytes,
    .byte_string_start = on_refused,
    .string = on_text,
    .string_start = on_refused,
    .array_start = on_array,
    .indef_array_start = on_refused,
    .map_start = on_map,
    .indef_map_start = on_refused,
    .tag = on_refused_tag,
    .float2 = on_refused_float,
    .float4 = on_refused_float,
    .float8 = on_refused_double,
    .undefined = on_refused,
    .null = on_refused,
    .boolean = on_bool,
    .indef_break = on_refused,
};

/* Bytes of the shortest head with this argument (RFC 8949 section 4.2.1). */
static size_t head_size(uint64_t value)
{
    if (value < 24)
        return 1;
    if (value <= UINT8_MAX)
        return 2;
    if (value <= UINT16_MAX)
        return 3;
    return value <= UINT32_MAX ? 5 : 9;
}

/* One head, with its content if it is a string. */
static int token_get(struct lk_view *view, struct token *ret_token)
{
    struct token token = {.type = TOKEN_REFUSED};
    struct lk_view ignored;
    struct cbor_decoder_result result;
    size_t wanted;

    if (view->len == 0)
        return -LK_ERR_TRUNCATED;
    result = cbor_stream_decode(view->data, view->len, &token_callbacks, &token);
    WRITTEN_BY_LIBCBOR(result);
    WRITTEN_BY_LIBCBOR(token);
    if (result.status == CBOR_DECODER_NEDATA)
        return -LK_ERR_TRUNCATED;
    if (result.status != CBOR_DECODER_FINISHED || token.type == TOKEN_REFUSED)
        return -LK_ERR_TYPE;
    wanted = token.type == TOKEN_BOOL ? 1 : head_size(token.value) + token.text.len;
    if (result.read != wanted)
        return -LK_ERR_NOT_CANONICAL;
    if (lk_view_get_view(view, result.read, &ignored) < 0)
        return -LK_ERR_TRUNCATED;
    *ret_token = token;
    return 0;
}

/* As token_get, but another type than wanted leaves the view untouched. */
static int token_get_type(struct lk_view *view, enum token_type wanted, struct token *ret_token)
{
    struct lk_view rest = *view;
    struct token token;
    int result = token_get(&rest, &token);

    if (result < 0)
        return result;
    if (token.type != wanted)
        return -LK_ERR_TYPE;
    *view = rest;
    *ret_token = token;
    return 0;
}

/* Length of the UTF-8 sequence at the front of data, 0 if it is none (RFC 3629 section 4). */
static size_t utf8_sequence(const uint8_t *data, size_t left)
{
    uint8_t low = 0x80;
    uint8_t high = 0xbf;
    size_t len;

    if (data[0] < 0x80)
        return 1;
    if (data[0] >= 0xc2 && data[0] <= 0xdf)
        len = 2;
    else if (data[0] >= 0xe0 && data[0] <= 0xef)
        len = 3;
    else if (data[0] >= 0xf0 && data[0] <= 0xf4)
        len = 4;
    else
        return 0;
    if (left < len)
        return 0;
    if (data[0] == 0xe0)
        low = 0xa0; /* shorter form exists */
    else if (data[0] == 0xed)
        high = 0x9f; /* surrogates */
    else if (data[0] == 0xf0)
        low = 0x90; /* shorter form exists */
    else if (data[0] == 0xf4)
        high = 0x8f; /* above U+10FFFF */
    for (size_t i = 1; i < len; i++) {
        if (data[i] < low || data[i] > high)
            return 0;
        low = 0x80;
        high = 0xbf;
    }
    return len;
}

static bool utf8_valid(struct lk_view text)
{
    size_t i = 0;

    while (i < text.len) {
        size_t len = utf8_sequence(text.data + i, text.len - i);

        if (len == 0)
            return false;
        i += len;
    }
    return true;
}

/* puts */

static int put_head(struct lk_buf *buf, size_t (*encode)(uint64_t, unsigned char *, size_t),
                    uint64_t value)
{
    uint8_t head[9];
    size_t len = encode(value, head, sizeof(head));

    WRITTEN_BY_LIBCBOR(len);
    WRITTEN_BY_LIBCBOR(head);
    if (len == 0)
        return -LK_ERR_INTERNAL;
    lk_buf_put_bytes(buf, head, len);
    return lk_buf_error(buf);
}

int lk_cbor_put_uint(struct lk_buf *buf, uint64_t value)
{
    return put_head(buf, cbor_encode_uint, value);
}

int lk_cbor_put_int(struct lk_buf *buf, int64_t value)
{
    if (value < 0) /* RFC 8949 section 3.1: -1 - argument */
        return put_head(buf, cbor_encode_negint, (uint64_t)(-(value + 1)));
    return put_head(buf, cbor_encode_uint, (uint64_t)value);
}

int lk_cbor_put_bytes(struct lk_buf *buf, struct lk_view bytes)
{
    int result = put_head(buf, cbor_encode_bytestring_start, bytes.len);

    if (result < 0)
        return result;
    lk_buf_put_view(buf, bytes);
    return lk_buf_error(buf);
}

int lk_cbor_put_text(struct lk_buf *buf, const char *text)
{
    struct lk_view view = LK_VIEW((const uint8_t *)text, strlen(text));
    int result;

    if (!utf8_valid(view))
        return -LK_ERR_ENCODING;
    result = put_head(buf, cbor_encode_string_start, view.len);
    if (result < 0)
        return result;
    lk_buf_put_view(buf, view);
    return lk_buf_error(buf);
}

int lk_cbor_put_array(struct lk_buf *buf, uint64_t count)
{
    return put_head(buf, cbor_encode_array_start, count);
}

int lk_cbor_put_map(struct lk_buf *buf, uint64_t pairs)
{
    return put_head(buf, cbor_encode_map_start, pairs);
}

int lk_cbor_put_bool(struct lk_buf *buf, bool value)
{
    uint8_t head[1];
    size_t len = cbor_encode_bool(value, head, sizeof(head));

    WRITTEN_BY_LIBCBOR(len);
    WRITTEN_BY_LIBCBOR(head);
    if (len != 1)
        return -LK_ERR_INTERNAL;
    lk_buf_put_bytes(buf, head, len);
    return lk_buf_error(buf);
}

/* gets */

int lk_cbor_get_uint(struct lk_view *view, uint64_t max, uint64_t *ret_value)
{
    struct lk_view rest = *view;
    struct token token;
    int result = token_get_type(&rest, TOKEN_UINT, &token);

    if (result < 0)
        return result;
    if (token.value > max)
        return -LK_ERR_RANGE;
    *view = rest;
    *ret_value = token.value;
    return 0;
}

int lk_cbor_get_int(struct lk_view *view, int64_t *ret_value)
{
    struct lk_view rest = *view;
    struct token token;
    int result = token_get(&rest, &token);

    if (result < 0)
        return result;
    if (token.type != TOKEN_UINT && token.type != TOKEN_NEGATIVE)
        return -LK_ERR_TYPE;
    if (token.value > INT64_MAX)
        return -LK_ERR_RANGE;
    *view = rest;
    *ret_value = token.type == TOKEN_UINT ? (int64_t)token.value : -1 - (int64_t)token.value;
    return 0;
}

int lk_cbor_get_bytes(struct lk_view *view, size_t max, struct lk_view *ret_bytes)
{
    struct lk_view rest = *view;
    struct token token;
    int result = token_get_type(&rest, TOKEN_BYTES, &token);

    if (result < 0)
        return result;
    if (token.text.len > max)
        return -LK_ERR_TOO_BIG;
    *view = rest;
    *ret_bytes = token.text;
    return 0;
}

int lk_cbor_get_text(struct lk_view *view, char *ret_text, size_t size)
{
    struct lk_view rest = *view;
    struct token token;
    int result = token_get_type(&rest, TOKEN_TEXT, &token);

    if (result < 0)
        return result;
    if (token.text.len >= size)
        return -LK_ERR_TOO_BIG;
    if (!utf8_valid(token.text) || memchr(token.text.data, '\0', token.text.len))
        return -LK_ERR_ENCODING;
    memcpy(ret_text, token.text.data, token.text.len);
    ret_text[token.text.len] = '\0';
    *view = rest;
    return 0;
}

/* Each of the items of a container takes a byte at least. */
static int container_get(struct lk_view *view, enum token_type type, uint64_t items_each,
                         uint64_t max, uint64_t *ret_count)
{
    struct lk_view rest = *view;
    struct token token;
    int result = token_get_type(&rest, type, &token);

    if (result < 0)
        return result;
    if (token.value > max)
        return -LK_ERR_TOO_BIG;
    if (token.value > rest.len / items_each)
        return -LK_ERR_TRUNCATED;
    *view = rest;
    *ret_count = token.value;
    return 0;
}

int lk_cbor_get_array(struct lk_view *view, uint64_t max, uint64_t *ret_count)
{
    return container_get(view, TOKEN_ARRAY, 1, max, ret_count);
}

int lk_cbor_get_map(struct lk_view *view, uint64_t max, uint64_t *ret_pairs)
{
    return container_get(view, TOKEN_MAP, 2, max, ret_pairs);
}

int lk_cbor_get_bool(struct lk_view *view, bool *ret_value)
{
    struct token token;
    int result = token_get_type(view, TOKEN_BOOL, &token);

    if (result < 0)
        return result;
    *ret_value = token.value != 0;
    return 0;
}

/* CTAP 2.1 section 8: by major type, then length, then bytes, all of the encoded key. */
static int key_compare(struct lk_view a, struct lk_view b)
{
    uint8_t major_a = a.data[0] >> 5;
    uint8_t major_b = b.data[0] >> 5;

    if (major_a != major_b)
        return major_a < major_b ? -1 : 1;
    if (a.len != b.len)
        return a.len < b.len ? -1 : 1;
    return memcmp(a.data, b.data, a.len);
}

static int item_skip(struct lk_view *view, unsigned int depth);

static int pairs_skip(struct lk_view *view, uint64_t pairs, unsigned int depth)
{
    struct lk_view last = {0};

    for (uint64_t i = 0; i < pairs; i++) {
        struct lk_view key = *view;
        uint8_t major;
        int result = item_skip(view, depth);

        if (result < 0)
            return result;
        key.len -= view->len;
        major = key.data[0] >> 5;
        if (major > TOKEN_TEXT)
            return -LK_ERR_TYPE;
        if (i > 0 && key_compare(last, key) >= 0)
            return lk_view_equal(last, key) ? -LK_ERR_DUPLICATE : -LK_ERR_NOT_CANONICAL;
        last = key;
        result = item_skip(view, depth);
        if (result < 0)
            return result;
    }
    return 0;
}

/* depth: how many containers may still be opened. The recursion is as deep as that at most. */
static int item_skip(struct lk_view *view, unsigned int depth)
{
    struct token token;
    int result = token_get(view, &token);

    if (result < 0)
        return result;
    if (token.type == TOKEN_TEXT && !utf8_valid(token.text))
        return -LK_ERR_ENCODING;
    if (token.type != TOKEN_ARRAY && token.type != TOKEN_MAP)
        return 0;
    if (depth == 0)
        return -LK_ERR_TOO_BIG;
    if (token.value > view->len / (token.type == TOKEN_MAP ? 2 : 1))
        return -LK_ERR_TRUNCATED;
    if (token.type == TOKEN_MAP)
        return pairs_skip(view, token.value, depth - 1);
    for (uint64_t i = 0; i < token.value; i++) {
        result = item_skip(view, depth - 1);
        if (result < 0)
            return result;
    }
    return 0;
}

int lk_cbor_get_item(struct lk_view *view, struct lk_view *ret_item)
{
    struct lk_view rest = *view;
    int result = item_skip(&rest, DEPTH_MAX);

    if (result < 0)
        return result;
    *ret_item = LK_VIEW(view->data, view->len - rest.len);
    *view = rest;
    return 0;
}
