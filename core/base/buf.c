/* SPDX-License-Identifier: EUPL-1.2 */
/* The writing half of the bounded buffer.
 *
 * Rules: len <= capacity <= max at every return; a sum is only formed after the subtraction that shows that it
 * fits; a secret buffer never hands an unwiped allocation back to the heap, so it grows by copy, not by realloc. */
#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

enum { LK_BUF_FIRST = 64 };

void lk_buf_init(struct lk_buf *buf, size_t max)
{
    *buf = LK_BUF_INIT(max);
}

void lk_buf_init_secret(struct lk_buf *buf, size_t max)
{
    *buf = LK_BUF_INIT(max);
    buf->secret = true;
}

void lk_buf_clear(struct lk_buf *buf)
{
    if (buf == NULL)
        return;
    if (buf->secret && buf->data != NULL)
        lk_wipe(buf->data, buf->capacity);
    free(buf->data);
    buf->data = NULL;
    buf->len = 0;
    buf->capacity = 0;
    buf->error = 0;
}

void lk_buf_reset(struct lk_buf *buf)
{
    if (buf->secret && buf->data != NULL)
        lk_wipe(buf->data, buf->capacity);
    buf->len = 0;
    buf->error = 0;
}

int lk_buf_error(const struct lk_buf *buf)
{
    return buf->error;
}

struct lk_view lk_buf_view(const struct lk_buf *buf)
{
    return LK_VIEW(buf->data, buf->len);
}

uint8_t *lk_buf_take(struct lk_buf *buf, size_t *ret_len)
{
    uint8_t *data = buf->data;

    if (buf->error != 0 || buf->len == 0)
        return NULL;
    *ret_len = buf->len;
    buf->data = NULL;
    buf->len = 0;
    buf->capacity = 0;
    return data;
}

void lk_buf_consume(struct lk_buf *buf, size_t len)
{
    size_t rest;

    if (len > buf->len)
        len = buf->len;
    if (len == 0)
        return;
    rest = buf->len - len;
    memmove(buf->data, buf->data + len, rest);
    if (buf->secret)
        lk_wipe(buf->data + rest, len);
    buf->len = rest;
}

/* Makes room for capacity bytes; the old bytes of a secret buffer are wiped before they are freed. */
static int lk_buf_grow(struct lk_buf *buf, size_t capacity)
{
    uint8_t *data;

    if (!buf->secret) {
        data = realloc(buf->data, capacity);
        if (data == NULL)
            return -LK_ERR_NOMEM;
    } else {
        data = malloc(capacity);
        if (data == NULL)
            return -LK_ERR_NOMEM;
        if (buf->data != NULL) {
            memcpy(data, buf->data, buf->len);
            lk_wipe(buf->data, buf->capacity);
            free(buf->data);
        }
    }
    buf->data = data;
    buf->capacity = capacity;
    return 0;
}

uint8_t *lk_buf_reserve(struct lk_buf *buf, size_t len)
{
    uint8_t *room;

    if (buf->error != 0)
        return NULL;
    if (buf->len > buf->max || len > buf->max - buf->len) {
        buf->error = -LK_ERR_TOO_BIG;
        return NULL;
    }
    if (len > buf->capacity - buf->len || buf->data == NULL) {
        size_t needed = buf->len + len;
        size_t capacity = buf->capacity > buf->max / 2 ? buf->max : buf->capacity * 2;

        if (capacity < LK_BUF_FIRST)
            capacity = LK_BUF_FIRST;
        if (capacity < needed)
            capacity = needed;
        if (capacity > buf->max)
            capacity = buf->max > 0 ? buf->max : 1;
        buf->error = lk_buf_grow(buf, capacity);
        if (buf->error != 0)
            return NULL;
    }
    room = buf->data + buf->len;
    buf->len += len;
    return room;
}

/* Appends the low `size` bytes of value, most significant first. */
static void lk_buf_put_uint(struct lk_buf *buf, uint64_t value, size_t size)
{
    uint8_t *room = lk_buf_reserve(buf, size);

    if (room == NULL)
        return;
    for (size_t i = 0; i < size; i++)
        room[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
}

void lk_buf_put_u8(struct lk_buf *buf, uint8_t value)
{
    lk_buf_put_uint(buf, value, 1);
}

void lk_buf_put_u16(struct lk_buf *buf, uint16_t value)
{
    lk_buf_put_uint(buf, value, 2);
}

void lk_buf_put_u32(struct lk_buf *buf, uint32_t value)
{
    lk_buf_put_uint(buf, value, 4);
}

void lk_buf_put_u64(struct lk_buf *buf, uint64_t value)
{
    lk_buf_put_uint(buf, value, 8);
}

void lk_buf_put_bytes(struct lk_buf *buf, const void *data, size_t len)
{
    uint8_t *room;

    if (len == 0)
        return;
    room = lk_buf_reserve(buf, len);
    if (room != NULL)
        memcpy(room, data, len);
}

void lk_buf_put_view(struct lk_buf *buf, struct lk_view view)
{
    lk_buf_put_bytes(buf, view.data, view.len);
}

/* A field is appended whole or not at all: half of one would be taken for another. */
static void lk_buf_put_prefixed(struct lk_buf *buf, size_t prefix, size_t limit, const void *data,
                                size_t len)
{
    if (buf->error != 0)
        return;
    if (len > limit || buf->len > buf->max || prefix > buf->max - buf->len ||
        len > buf->max - buf->len - prefix) {
        buf->error = -LK_ERR_TOO_BIG;
        return;
    }
    lk_buf_put_uint(buf, len, prefix);
    if (buf->error != 0)
        return;
    lk_buf_put_bytes(buf, data, len);
    if (buf->error != 0)
        buf->len -= prefix;
}

void lk_buf_put_field(struct lk_buf *buf, const void *data, size_t len)
{
    lk_buf_put_prefixed(buf, 2, UINT16_MAX, data, len);
}

void lk_buf_put_field32(struct lk_buf *buf, const void *data, size_t len)
{
    lk_buf_put_prefixed(buf, 4, UINT32_MAX, data, len);
}

void lk_buf_put_string(struct lk_buf *buf, const char *string)
{
    lk_buf_put_field(buf, string, string == NULL ? 0 : strlen(string));
}

void lk_buf_set_u32(struct lk_buf *buf, size_t offset, uint32_t value)
{
    if (buf->error != 0)
        return;
    if (buf->len < 4 || offset > buf->len - 4) {
        buf->error = -LK_ERR_RANGE;
        return;
    }
    for (size_t i = 0; i < 4; i++)
        buf->data[offset + i] = (uint8_t)(value >> (8 * (3 - i)));
}
