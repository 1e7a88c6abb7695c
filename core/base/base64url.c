/* SPDX-License-Identifier: EUPL-1.2 */
/* base64url. What is decoded is hostile; there is one text for each run of bytes and no other is taken, because two
 * spellings of one credential id would be two credentials to whoever compares texts. */
#include "base/base64url.h"

static const char lk_base64url_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

enum { LK_BASE64URL_NOT = 0x80 };

/* Value of a character, or LK_BASE64URL_NOT. */
static uint8_t lk_base64url_value(char character)
{
    static const uint8_t values[128] = {
        ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,
        ['H'] = 8,  ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14,
        ['O'] = 15, ['P'] = 16, ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21,
        ['V'] = 22, ['W'] = 23, ['X'] = 24, ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28,
        ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35,
        ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42,
        ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48, ['w'] = 49,
        ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
        ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['-'] = 63,
        ['_'] = 64,
    };
    unsigned char index = (unsigned char)character;

    /* One more than the value, so that what is not named is none. */
    return index < sizeof(values) && values[index] != 0 ? (uint8_t)(values[index] - 1)
                                                        : (uint8_t)LK_BASE64URL_NOT;
}

int lk_base64url_encode(char *ret_text, size_t size, const void *data, size_t len)
{
    const uint8_t *bytes = data;
    size_t out = 0;
    size_t i = 0;

    if (len > SIZE_MAX / 4 - 1 || size == 0 || LK_BASE64URL_LENGTH(len) > size - 1)
        return -LK_ERR_TOO_BIG;
    for (; len - i >= 3; i += 3) {
        uint32_t group = (uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1] << 8 | bytes[i + 2];

        ret_text[out++] = lk_base64url_alphabet[group >> 18];
        ret_text[out++] = lk_base64url_alphabet[group >> 12 & 63];
        ret_text[out++] = lk_base64url_alphabet[group >> 6 & 63];
        ret_text[out++] = lk_base64url_alphabet[group & 63];
    }
    if (len - i == 1) {
        ret_text[out++] = lk_base64url_alphabet[bytes[i] >> 2];
        ret_text[out++] = lk_base64url_alphabet[bytes[i] << 4 & 63];
    } else if (len - i == 2) {
        ret_text[out++] = lk_base64url_alphabet[bytes[i] >> 2];
        ret_text[out++] = lk_base64url_alphabet[(bytes[i] << 4 | bytes[i + 1] >> 4) & 63];
        ret_text[out++] = lk_base64url_alphabet[bytes[i + 1] << 2 & 63];
    }
    ret_text[out] = '\0';
    return 0;
}

/* Writes the bytes of text, whose length is right; returns whether every character was one of ours and no bit was left over. */
static int lk_base64url_read(uint8_t *room, const char *text, size_t len)
{
    uint8_t all = 0;
    uint8_t value[4];
    size_t out = 0;
    size_t i = 0;

    for (; len - i >= 4; i += 4) {
        for (size_t j = 0; j < 4; j++) {
            value[j] = lk_base64url_value(text[i + j]);
            all |= value[j];
        }
        room[out++] = (uint8_t)(value[0] << 2 | value[1] >> 4);
        room[out++] = (uint8_t)(value[1] << 4 | value[2] >> 2);
        room[out++] = (uint8_t)(value[2] << 6 | value[3]);
    }
    if (len == i)
        return (all & LK_BASE64URL_NOT) != 0 ? -LK_ERR_ENCODING : 0;
    for (size_t j = 0; j < len - i; j++) {
        value[j] = lk_base64url_value(text[i + j]);
        all |= value[j];
    }
    if ((all & LK_BASE64URL_NOT) != 0)
        return -LK_ERR_ENCODING;
    room[out++] = (uint8_t)(value[0] << 2 | value[1] >> 4);
    if (len - i == 2)
        return (value[1] & 15) != 0 ? -LK_ERR_NOT_CANONICAL : 0;
    room[out] = (uint8_t)(value[1] << 4 | value[2] >> 2);
    return (value[2] & 3) != 0 ? -LK_ERR_NOT_CANONICAL : 0;
}

/* RFC 4648 section 3.5: the bits left over must be zero, or several texts would mean the same bytes. */
int lk_base64url_decode(struct lk_buf *buf, const char *text, size_t len)
{
    size_t size = len / 4 * 3 + (len % 4 * 3) / 4;
    size_t before = buf->len;
    uint8_t *room;
    int error;

    if (len % 4 == 1)
        return -LK_ERR_ENCODING;
    if (buf->error != 0)
        return buf->error;
    if (size == 0)
        return 0;
    room = lk_buf_reserve(buf, size);
    if (room == NULL)
        return lk_buf_error(buf);
    error = lk_base64url_read(room, text, len);
    if (error != 0)
        buf->len = before;
    return error;
}
