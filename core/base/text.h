/* SPDX-License-Identifier: EUPL-1.2 */
/* Short texts in fixed room: numbers read strictly, copies that fit or fail. */
#ifndef LK_BASE_TEXT_H
#define LK_BASE_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Decimal digits and nothing else: no blank, no sign, no leading zero, nothing behind. Otherwise -LK_ERR_ENCODING; outside min to
 * max, or over 64 bits, -LK_ERR_RANGE. */
LK_MUST_USE int lk_number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *ret_number);
/* With its NUL into size bytes. Does not fit: -LK_ERR_TOO_BIG, and ret_text stays as it was. */
LK_MUST_USE int lk_text_copy(char *ret_text, size_t size, const char *text);

#endif
