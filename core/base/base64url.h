/* SPDX-License-Identifier: EUPL-1.2 */
/* base64url without padding (RFC 4648 section 5, as WebAuthn and JOSE use it). */
#ifndef LK_BASE_BASE64URL_H
#define LK_BASE_BASE64URL_H

#include "base/buf.h"

/* Characters needed for len bytes, without NUL. */
#define LK_BASE64URL_LENGTH(len) (((len)*4 + 2) / 3)

/* Writes the text with a NUL; size must be at least LK_BASE64URL_LENGTH(len) + 1, else -LK_ERR_TOO_BIG. */
LK_MUST_USE int lk_base64url_encode(char *ret_text, size_t size, const void *data, size_t len);
/* Appends the decoded bytes. Padding, other characters, impossible length: -LK_ERR_ENCODING; unused bits
 * that are not zero: -LK_ERR_NOT_CANONICAL; over the buffer's maximum: -LK_ERR_TOO_BIG. Nothing is appended on failure. */
LK_MUST_USE int lk_base64url_decode(struct lk_buf *buf, const char *text, size_t len);

#endif
