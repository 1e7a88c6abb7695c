/* SPDX-License-Identifier: EUPL-1.2 */
/* Short texts. strtoul and its kin take blanks, signs and half a text; strncpy leaves the NUL out: neither is used. */
#include "base/text.h"

#include <string.h>

int lk_number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *ret_number)
{
    size_t len = strlen(text);
    uint64_t number = 0;

    if (len == 0 || strspn(text, "0123456789") != len || (text[0] == '0' && len > 1))
        return -LK_ERR_ENCODING;
    for (size_t i = 0; i < len; i++) {
        uint64_t digit = (uint64_t)(text[i] - '0');

        if (number > (UINT64_MAX - digit) / 10)
            return -LK_ERR_RANGE;
        number = number * 10 + digit;
    }
    if (number < min || number > max)
        return -LK_ERR_RANGE;
    *ret_number = number;
    return 0;
}

int lk_text_copy(char *ret_text, size_t size, const char *text)
{
    size_t len = strlen(text);

    if (len >= size)
        return -LK_ERR_TOO_BIG;
    memcpy(ret_text, text, len + 1);
    return 0;
}
