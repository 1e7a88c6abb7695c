/* SPDX-License-Identifier: EUPL-1.2 */
/* Text of strangers: UTF-8 as RFC 3629 defines it, and the part of it that may be shown to a person. */
#ifndef LK_MESSAGE_TEXT_H
#define LK_MESSAGE_TEXT_H

#include "base/buf.h"

/* 0, or -LK_ERR_ENCODING for anything that is not well-formed UTF-8 (overlong forms, surrogates, over U+10FFFF) or holds a NUL. */
LK_MUST_USE int lk_text_check(struct lk_view text);
/* As above, and nothing in it moves a cursor, ends a line or turns the direction of writing: no control
 * characters (C0, DEL, C1), no U+2028/2029, no U+200E/200F, no U+202A..202E, no U+2066..2069, no U+FEFF. */
LK_MUST_USE int lk_text_check_printable(struct lk_view text);
/* Code points of well-formed text; 0 if it is not well-formed. */
size_t lk_text_count(struct lk_view text);
/* Replaces what lk_text_check_printable would refuse by '?', one per offending character or byte, in place. A
 * character cut in two at the end is such a case, so that text may be cut anywhere. */
void lk_text_clean(char *text);

#endif
