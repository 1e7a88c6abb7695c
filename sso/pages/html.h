/* SPDX-License-Identifier: EUPL-1.2 */
/* Inside sso/pages only: HTML out of templates of ours and values of anybody's. */
#ifndef LK_SSO_PAGES_HTML_H
#define LK_SSO_PAGES_HTML_H

#include "base/buf.h"

/* Appends the template with {0} to {9} replaced by the values, escaped for text and for attributes in double quotes. A template is a literal of ours. */
void lk_html_put(struct lk_buf *out, const char *template, const char *const *values, size_t count);

#define LK_HTML(out, template, ...)                                                                \
    lk_html_put((out), (template), (const char *const[]){__VA_ARGS__},                             \
                sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))
#define LK_HTML_PLAIN(out, template) lk_html_put((out), (template), NULL, 0)

#endif
