/* SPDX-License-Identifier: EUPL-1.2 */
/* Redirects to an address of the configuration: the answer of an authorisation (RFC 6749 sections 4.1.2 and 4.1.2.1) with `iss` (RFC 9207 section 2). */
#include <string.h>

#include "sso/oidc/oidc.h"

void lk_oidc_encode(struct lk_buf *buf, struct lk_view text)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            c == '-' || c == '.' || c == '_' || c == '~') {
            lk_buf_put_u8(buf, c);
        } else {
            lk_buf_put_u8(buf, '%');
            lk_buf_put_u8(buf, (uint8_t)digits[c >> 4]);
            lk_buf_put_u8(buf, (uint8_t)digits[c & 15]);
        }
    }
}

static void put_parameter(struct lk_buf *location, bool *first, const char *name,
                          struct lk_view value)
{
    lk_buf_put_u8(location, *first ? '?' : '&');
    *first = false;
    lk_buf_put_bytes(location, name, strlen(name));
    lk_buf_put_u8(location, '=');
    lk_oidc_encode(location, value);
}

static struct lk_view text_view(const char *text)
{
    return LK_VIEW((const uint8_t *)text, strlen(text));
}

static bool begin(const struct lk_oidc_request *request, struct lk_buf *location)
{
    lk_buf_put_view(location, request->redirect_uri);
    return memchr(request->redirect_uri.data, '?', request->redirect_uri.len) == NULL;
}

static void finish(const struct lk_oidc_provider *provider, const struct lk_oidc_request *request,
                   struct lk_buf *location, bool *first)
{
    if (request->state.len > 0)
        put_parameter(location, first, "state", request->state);
    put_parameter(location, first, "iss", text_view(provider->issuer));
}

void lk_oidc_location_error(const struct lk_oidc_provider *provider,
                            const struct lk_oidc_request *request, const char *error,
                            const char *description, struct lk_buf *location)
{
    bool first = begin(request, location);

    put_parameter(location, &first, "error", text_view(error));
    if (description != NULL)
        put_parameter(location, &first, "error_description", text_view(description));
    finish(provider, request, location, &first);
}

void lk_oidc_location_code(const struct lk_oidc_provider *provider,
                           const struct lk_oidc_request *request, const char *code,
                           struct lk_buf *location)
{
    bool first = begin(request, location);

    put_parameter(location, &first, "code", text_view(code));
    finish(provider, request, location, &first);
}
