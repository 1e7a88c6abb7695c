/* SPDX-License-Identifier: EUPL-1.2 */
/* base64url. What is decoded is hostile; there is one text for each run of bytes and no other is taken, because two
 * spellings of one credential id would be two credentials to whoever compares texts. */
#include "base/base64url.h"

static const char lk_base64url_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

int lk_base64url_encode(char *ret_text, size_t size, const void *data, size_t len)
{
    const uint8_t *bytes = data;
    size_t out = 0;
    uint32_t group = 0;
    unsigned int bits = 0;

    if (len > SIZE_MAX / 4 - 1 || size == 0 || LK_BASE64URL_LENGTH(len) > size - 1)
        return -LK_ERR_TOO_BIG;
    for (size_t i = 0; i < len; i++) {
        group = group << 8 | bytes[i];
        bits += 8;
        while (bits >= 6) {
            bits -= 6;
            ret_text[out++] = lk_base64url_alphabet[group >> bits & 63];
        }
    }
    if (bits > 0)
        ret_text[out++] = lk_base64url_alphabet[group << (6 - bits) & 63];
    ret_text[out] = '\0';
    return 0;
}

static int lk_base64url_value(char character)
{
    if (character >= 'A' && character <= 'Z')
        return character - 'A';
    if (character >= 'a' && character <= 'z')
        return character - 'a' + 26;
    if (character >= '0' && character <= '9')
        return character - '0' + 52;
    if (character == '-')
        return 62;
    return character == '_' ? 63 : -1;
}

int lk_base64url_decode(struct lk_buf *buf, const char *text, size_t len)
{
    size_t size = len / 4 * 3 + (len % 4 * 3) / 4;
    uint8_t *room;
    uint32_t group = 0;
    unsigned int bits = 0;
    size_t out = 0;

    if (len % 4 == 1)
        return -LK_ERR_ENCODING;
    for (size_t i = 0; i < len; i++)
        if (lk_base64url_value(text[i]) < 0)
            return -LK_ERR_ENCODING;
    /* RFC 4648 section 3.5: the bits left over must be zero, or several texts would mean the same bytes. */
    if (len % 4 == 2 && (lk_base64url_value(text[len - 1]) & 15) != 0)
        return -LK_ERR_NOT_CANONICAL;
    if (len % 4 == 3 && (lk_base64url_value(text[len - 1]) & 3) != 0)
        return -LK_ERR_NOT_CANONICAL;
    if (buf->error != 0)
        return buf->error;
    if (size == 0)
        return 0;
    room = lk_buf_reserve(buf, size);
    if (room == NULL)
        return lk_buf_error(buf);
    for (size_t i = 0; i < len; i++) {
        group = group << 6 | (uint32_t)lk_base64url_value(text[i]);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            room[out++] = (uint8_t)(group >> bits);
        }
    }
    return 0;
}
