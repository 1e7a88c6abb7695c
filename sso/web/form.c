/* SPDX-License-Identifier: EUPL-1.2 */
/* The one reader of parameters.
 *
 * Hostile input: all of it. Every byte is read once and written at most once, never behind the place where it was read. */
#include "sso/web/form.h"

#include <stdbool.h>
#include <string.h>

#include "message/sso.h"

static int digit(uint8_t byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    if (byte >= 'a' && byte <= 'f')
        return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F')
        return byte - 'A' + 10;
    return -1;
}

int lk_form_decode(uint8_t *text, size_t len, size_t *ret_len)
{
    size_t out = 0;

    for (size_t in = 0; in < len; in++) {
        uint8_t byte = text[in];

        if (byte == '%') {
            int high = in + 2 < len ? digit(text[in + 1]) : -1;
            int low = in + 2 < len ? digit(text[in + 2]) : -1;

            if (high < 0 || low < 0)
                return -LK_ERR_ENCODING;
            byte = (uint8_t)(high << 4 | low);
            in += 2;
        } else if (byte == '+') {
            byte = ' ';
        }
        if (byte == 0)
            return -LK_ERR_ENCODING;
        text[out++] = byte;
    }
    *ret_len = out;
    return 0;
}

static void take(const struct lk_form_field *field, bool *seen, struct lk_view value,
                 uint32_t *flags)
{
    if (value.len == 0)
        return;
    if (*seen)
        *flags |= LK_SSO_REPEATED;
    else if (value.len > field->max)
        *flags |= LK_SSO_TOO_LONG;
    *field->place = *seen || value.len > field->max ? LK_VIEW(NULL, 0) : value;
    *seen = true;
}

static int pair(uint8_t *text, size_t len, const struct lk_form_field *fields, size_t count,
                bool *seen, uint32_t *flags)
{
    uint8_t *sign = memchr(text, '=', len);
    size_t name_len = sign != NULL ? (size_t)(sign - text) : len;
    size_t value_len = sign != NULL ? len - name_len - 1 : 0;
    int error = lk_form_decode(text, name_len, &name_len);

    if (error == 0 && sign != NULL)
        error = lk_form_decode(sign + 1, value_len, &value_len);
    if (error != 0 || sign == NULL)
        return error;
    for (size_t i = 0; i < count; i++) {
        if (strlen(fields[i].name) == name_len && memcmp(fields[i].name, text, name_len) == 0)
            take(&fields[i], &seen[i], LK_VIEW(sign + 1, value_len), flags);
    }
    return 0;
}

int lk_form_parse(uint8_t *text, size_t len, const struct lk_form_field *fields, size_t count,
                  uint32_t *ret_flags)
{
    bool seen[LK_FORM_PAIRS_MAX] = {false};
    uint32_t flags = 0;

    if (count > LK_FORM_PAIRS_MAX)
        return -LK_ERR_RANGE;
    for (size_t pairs = 0; len > 0; pairs++) {
        uint8_t *end = memchr(text, '&', len);
        size_t part = end != NULL ? (size_t)(end - text) : len;
        int error;

        if (pairs == LK_FORM_PAIRS_MAX)
            return -LK_ERR_TOO_BIG;
        error = part > 0 ? pair(text, part, fields, count, seen, &flags) : 0;
        if (error != 0)
            return error;
        text += end != NULL ? part + 1 : part;
        len -= end != NULL ? part + 1 : part;
    }
    *ret_flags = flags;
    return 0;
}
