/* SPDX-License-Identifier: EUPL-1.2 */
/* Names and values as browsers and applications send them (application/x-www-form-urlencoded, WHATWG URL section 5.1): of a query or of a body. */
#ifndef LK_SSO_WEB_FORM_H
#define LK_SSO_WEB_FORM_H

#include "base/buf.h"

enum { LK_FORM_PAIRS_MAX = 64 };

/* A parameter that the endpoint knows. */
struct lk_form_field {
    const char *name;
    size_t max; /* bytes of the decoded value */
    struct lk_view *place;
};

/* Decodes text in place; the places then point into it. A name that nobody asked for is passed over. A value that is empty counts as absent (RFC 6749 section 3.1). A name
 * that came twice sets LK_SSO_REPEATED in *ret_flags, a value over its maximum LK_SSO_TOO_LONG; either leaves the place empty. -LK_ERR_ENCODING: a broken percent
 * sign or a NUL; -LK_ERR_TOO_BIG: more than LK_FORM_PAIRS_MAX pairs. Then some places are set and the caller uses none. */
LK_MUST_USE int lk_form_parse(uint8_t *text, size_t len, const struct lk_form_field *fields,
                              size_t count, uint32_t *ret_flags);

/* Decodes len bytes at text in place; *ret_len is never more. A plus sign is a blank. -LK_ERR_ENCODING as above. */
LK_MUST_USE int lk_form_decode(uint8_t *text, size_t len, size_t *ret_len);

#endif
