/* SPDX-License-Identifier: EUPL-1.2 */
/* Text of strangers. A key's name, a host name or a message may hold bytes that would rewrite the line above them on a
 * terminal; what passes here is well-formed (RFC 3629 section 4) and stays on its line. */
#include "message/text.h"

#include <stdbool.h>
#include <string.h>

/* The character at the front: its bytes, 0 if they are not well-formed. */
static size_t lk_text_next(const uint8_t *data, size_t len, uint32_t *ret_point)
{
    static const uint32_t smallest[5] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t point;
    size_t size;

    if (data[0] < 0x80) {
        *ret_point = data[0];
        return 1;
    }
    if (data[0] >= 0xc2 && data[0] <= 0xdf)
        size = 2;
    else if (data[0] >= 0xe0 && data[0] <= 0xef)
        size = 3;
    else if (data[0] >= 0xf0 && data[0] <= 0xf4)
        size = 4;
    else
        return 0;
    if (len < size)
        return 0;
    point = data[0] & (0xffU >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        if ((data[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (data[i] & 0x3fU);
    }
    if (point < smallest[size] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
        return 0;
    *ret_point = point;
    return size;
}

static bool lk_text_printable(uint32_t point)
{
    if (point < 0x20 || (point >= 0x7f && point <= 0x9f))
        return false;
    if (point == 0x200e || point == 0x200f || point == 0xfeff)
        return false;
    return !(point >= 0x2028 && point <= 0x202e) && !(point >= 0x2066 && point <= 0x2069);
}

static int lk_text_walk(struct lk_view text, bool printable, size_t *ret_count)
{
    size_t count = 0;

    for (size_t at = 0; at < text.len; count++) {
        uint32_t point;
        size_t size = lk_text_next(text.data + at, text.len - at, &point);

        if (size == 0 || point == 0 || (printable && !lk_text_printable(point)))
            return -LK_ERR_ENCODING;
        at += size;
    }
    *ret_count = count;
    return 0;
}

int lk_text_check(struct lk_view text)
{
    size_t count;

    return lk_text_walk(text, false, &count);
}

int lk_text_check_printable(struct lk_view text)
{
    size_t count;

    return lk_text_walk(text, true, &count);
}

size_t lk_text_count(struct lk_view text)
{
    size_t count;

    return lk_text_walk(text, false, &count) == 0 ? count : 0;
}

void lk_text_clean(char *text)
{
    size_t len = strlen(text);
    size_t to = 0;

    for (size_t at = 0; at < len;) {
        uint32_t point = 0;
        size_t size = lk_text_next((const uint8_t *)text + at, len - at, &point);

        if (size > 0 && lk_text_printable(point)) {
            memmove(text + to, text + at, size);
            to += size;
        } else {
            text[to++] = '?';
            size = size > 0 ? size : 1;
        }
        at += size;
    }
    text[to] = '\0';
}
