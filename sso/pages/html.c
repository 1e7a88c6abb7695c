/* SPDX-License-Identifier: EUPL-1.2 */
/* The one place where a value becomes HTML.
 *
 * Hostile input: every value. An agent's full name, what a PAM module said, the name of an application: none may end its element or attribute. */
#include "sso/pages/html.h"

#include <string.h>

/* Of one of the five. */
static const char *entity(char byte)
{
    switch (byte) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    default:
        return "&#39;";
    }
}

static void escape(struct lk_buf *out, const char *value)
{
    for (;;) {
        size_t plain = strcspn(value, "&<>\"'");
        const char *named;

        lk_buf_put_bytes(out, value, plain);
        value += plain;
        if (*value == '\0')
            return;
        named = entity(*value++);
        lk_buf_put_bytes(out, named, strlen(named));
    }
}

void lk_html_put(struct lk_buf *out, const char *template, const char *const *values, size_t count)
{
    while (*template != '\0') {
        const char *brace = strchr(template, '{');
        size_t plain = brace != NULL ? (size_t)(brace - template) : strlen(template);
        size_t index;

        lk_buf_put_bytes(out, template, plain);
        template += plain;
        if (*template == '\0')
            return;
        index = (size_t)(template[1] - '0');
        if (index < count && template[2] == '}') {
            escape(out, values[index]);
            template += 3;
        } else {
            lk_buf_put_u8(out, (uint8_t) * template ++);
        }
    }
}
