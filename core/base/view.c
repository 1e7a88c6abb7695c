/* SPDX-License-Identifier: EUPL-1.2 */
/* The reading half of the bounded buffer, comparison and hexadecimal.
 *
 * What is read is hostile: a length is compared with the bytes left before anything moves, and a get that fails
 * leaves view and output as they were, so that a caller never acts on half a message. */
#include <string.h>

#include "base/buf.h"

/* Takes `size` bytes (1 to 8) as one big-endian number. */
static int lk_view_get_uint(struct lk_view *view, size_t size, uint64_t *ret_value)
{
    uint64_t value = 0;

    if (view->len < size)
        return -LK_ERR_TRUNCATED;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | view->data[i];
    view->data += size;
    view->len -= size;
    *ret_value = value;
    return 0;
}

int lk_view_get_u8(struct lk_view *view, uint8_t *ret_value)
{
    uint64_t value;
    int r = lk_view_get_uint(view, 1, &value);

    if (r == 0)
        *ret_value = (uint8_t)value;
    return r;
}

int lk_view_get_u16(struct lk_view *view, uint16_t *ret_value)
{
    uint64_t value;
    int r = lk_view_get_uint(view, 2, &value);

    if (r == 0)
        *ret_value = (uint16_t)value;
    return r;
}

int lk_view_get_u32(struct lk_view *view, uint32_t *ret_value)
{
    uint64_t value;
    int r = lk_view_get_uint(view, 4, &value);

    if (r == 0)
        *ret_value = (uint32_t)value;
    return r;
}

int lk_view_get_u64(struct lk_view *view, uint64_t *ret_value)
{
    return lk_view_get_uint(view, 8, ret_value);
}

int lk_view_get_view(struct lk_view *view, size_t len, struct lk_view *ret_view)
{
    if (view->len < len)
        return -LK_ERR_TRUNCATED;
    *ret_view = LK_VIEW(view->data, len);
    if (len > 0) {
        view->data += len;
        view->len -= len;
    }
    return 0;
}

int lk_view_get_bytes(struct lk_view *view, void *ret_data, size_t len)
{
    struct lk_view part;
    int r = lk_view_get_view(view, len, &part);

    if (r == 0 && len > 0)
        memcpy(ret_data, part.data, len);
    return r;
}

static int lk_view_get_prefixed(struct lk_view *view, size_t prefix, size_t max,
                                struct lk_view *ret_field)
{
    struct lk_view rest = *view;
    uint64_t len;
    int r = lk_view_get_uint(&rest, prefix, &len);

    if (r != 0)
        return r;
    if (len > max)
        return -LK_ERR_TOO_BIG;
    r = lk_view_get_view(&rest, (size_t)len, ret_field);
    if (r == 0)
        *view = rest;
    return r;
}

int lk_view_get_field(struct lk_view *view, size_t max, struct lk_view *ret_field)
{
    return lk_view_get_prefixed(view, 2, max, ret_field);
}

int lk_view_get_field32(struct lk_view *view, size_t max, struct lk_view *ret_field)
{
    return lk_view_get_prefixed(view, 4, max, ret_field);
}

int lk_view_get_string(struct lk_view *view, char *ret_string, size_t size)
{
    struct lk_view rest = *view;
    struct lk_view text;
    int r;

    if (size == 0)
        return -LK_ERR_TOO_BIG;
    r = lk_view_get_field(&rest, size - 1, &text);
    if (r != 0)
        return r;
    if (text.len > 0 && memchr(text.data, 0, text.len) != NULL)
        return -LK_ERR_ENCODING;
    if (text.len > 0)
        memcpy(ret_string, text.data, text.len);
    ret_string[text.len] = '\0';
    *view = rest;
    return 0;
}

int lk_view_end(const struct lk_view *view)
{
    return view->len == 0 ? 0 : -LK_ERR_TRAILING;
}

bool lk_view_equal(struct lk_view a, struct lk_view b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool lk_bytes_equal(const void *a, const void *b, size_t len)
{
    /* volatile: the compiler must not end the loop at the first difference. */
    const volatile uint8_t *left = a;
    const volatile uint8_t *right = b;
    uint8_t difference = 0;

    for (size_t i = 0; i < len; i++)
        difference |= (uint8_t)(left[i] ^ right[i]);
    return difference == 0;
}

void lk_hex(char *ret_text, size_t size, const void *data, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = data;

    if (size == 0)
        return;
    if (len > (size - 1) / 2) {
        ret_text[0] = '\0';
        return;
    }
    for (size_t i = 0; i < len; i++) {
        ret_text[2 * i] = digits[bytes[i] >> 4];
        ret_text[2 * i + 1] = digits[bytes[i] & 15];
    }
    ret_text[2 * len] = '\0';
}

static int lk_unhex_digit(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

int lk_unhex(void *ret_data, size_t len, const char *text)
{
    uint8_t *bytes = ret_data;

    /* Two passes: the output stays untouched unless all of the text is good. */
    if (strnlen(text, 2 * len + 1) != 2 * len)
        return -LK_ERR_ENCODING;
    for (size_t i = 0; i < 2 * len; i++)
        if (lk_unhex_digit(text[i]) < 0)
            return -LK_ERR_ENCODING;
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(lk_unhex_digit(text[2 * i]) * 16 + lk_unhex_digit(text[2 * i + 1]));
    return 0;
}
