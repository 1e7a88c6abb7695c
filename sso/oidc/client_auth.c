/* SPDX-License-Identifier: EUPL-1.2 */
/* Which application asks (RFC 6749 section 2.3.1): client_secret_basic or client_secret_post, never both.
 *
 * Hostile input: header and body. The secret is compared by its digest in constant time; an unknown client costs the same. */
#include <string.h>
#include <strings.h>

#include "base/base64url.h"
#include "base/secret.h"
#include "sso/oidc/oidc.h"

enum { CREDENTIALS_MAX = 1024 };

/* A value as application/x-www-form-urlencoded. MAS encodes name and secret before they go into the header, Synapse does not; neither % nor + stands in
 * any of ours, so both come out the same. In place; false for a % without two digits. */
static bool form_decode(struct lk_view text, struct lk_buf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];

        if (byte == '%') {
            char digits[3] = {0};

            if (text.len - i < 3)
                return false;
            memcpy(digits, text.data + i + 1, 2);
            if (lk_unhex(&byte, 1, digits) != 0)
                return false;
            i += 2;
        }
        lk_buf_put_u8(out, byte);
    }
    return lk_buf_error(out) == 0;
}

/* Base64 of RFC 4648 section 4 is base64url with two other characters and with padding. */
static bool base64_decode(struct lk_view text, struct lk_buf *out)
{
    char url[CREDENTIALS_MAX];
    bool good;

    if (text.len == 0 || text.len % 4 != 0 || text.len > sizeof(url))
        return false;
    for (size_t i = 0; i < 2 && text.data[text.len - 1] == '='; i++)
        text.len--;
    for (size_t i = 0; i < text.len; i++) {
        char c = (char)text.data[i];

        if (c == '-' || c == '_')
            return false;
        url[i] = (char)(c == '+' ? '-' : c == '/' ? '_' : c);
    }
    good = lk_base64url_decode(out, url, text.len) == 0;
    lk_wipe(url, sizeof(url));
    return good;
}

/* name ":" secret; both buffers are the caller's. */
static bool basic_read(struct lk_view header, struct lk_buf *name, struct lk_buf *secret)
{
    struct lk_buf both;
    const uint8_t *colon;
    bool good;

    if (header.len < 7 || strncasecmp((const char *)header.data, "Basic ", 6) != 0)
        return false;
    header.data += 6;
    header.len -= 6;
    while (header.len > 0 && header.data[0] == ' ') {
        header.data++;
        header.len--;
    }
    lk_buf_init_secret(&both, CREDENTIALS_MAX);
    good = base64_decode(header, &both) && both.len > 0;
    colon = good ? memchr(both.data, ':', both.len) : NULL;
    if (colon != NULL) {
        size_t len = (size_t)(colon - both.data);

        good = form_decode(LK_VIEW(both.data, len), name) &&
               form_decode(LK_VIEW(colon + 1, both.len - len - 1), secret);
    }
    lk_buf_clear(&both);
    return good && colon != NULL;
}

static const struct lk_oidc_client *check(const struct lk_oidc_provider *provider,
                                          struct lk_view name, struct lk_view secret)
{
    static const uint8_t nobody[32];
    const struct lk_oidc_client *client = lk_oidc_client_find(provider, name);
    uint8_t digest[32];

    if (lk_sha256(provider->crypto, &secret, 1, digest) != 0)
        return NULL;
    return lk_bytes_equal(digest, client != NULL ? client->secret : nobody, sizeof(digest)) ? client
                                                                                            : NULL;
}

static const struct lk_oidc_client *refuse(struct lk_oidc_reply *reply, uint16_t status,
                                           const char *error, const char *description)
{
    if (lk_oidc_reply_error(reply, status, error, description) != 0)
        lk_buf_reset(&reply->body);
    return NULL;
}

static const struct lk_oidc_client *by_header(const struct lk_oidc_provider *provider,
                                              const struct lk_sso_token *asked,
                                              struct lk_oidc_reply *reply)
{
    const struct lk_oidc_client *client = NULL;
    struct lk_buf name;
    struct lk_buf secret;

    if (asked->client_secret.len > 0)
        return refuse(reply, 400, "invalid_request", "two ways of client authentication");
    lk_buf_init(&name, CREDENTIALS_MAX);
    lk_buf_init_secret(&secret, CREDENTIALS_MAX);
    if (basic_read(asked->authorization, &name, &secret))
        client = check(provider, lk_buf_view(&name), lk_buf_view(&secret));
    lk_buf_clear(&name);
    lk_buf_clear(&secret);
    if (client == NULL)
        return refuse(reply, 401, "invalid_client", NULL);
    if (asked->client_id.len > 0 && !lk_oidc_view_is(asked->client_id, client->config->name))
        return refuse(reply, 400, "invalid_request", "client_id is not the authenticated client");
    return client;
}

const struct lk_oidc_client *lk_oidc_client_authenticate(const struct lk_oidc_provider *provider,
                                                         const struct lk_sso_token *asked,
                                                         struct lk_oidc_reply *reply)
{
    const struct lk_oidc_client *client;

    if (asked->authorization.len > 0)
        return by_header(provider, asked, reply);
    client = check(provider, asked->client_id, asked->client_secret);
    return client != NULL ? client : refuse(reply, 401, "invalid_client", NULL);
}
