/* SPDX-License-Identifier: EUPL-1.2 */
/* Codes, access tokens and sids. Each begins with its time, and so does what the store keeps of it: rows that are made together lie together in its indexes, at
 * their end, where random names would touch a page each. Who reads the time learns what the ID token tells as `iat`.
 *
 * Hostile input: the texts of handles, 224 random bits that nobody can guess; a time that was changed makes another name. */
#include <string.h>

#include "base/base64url.h"
#include "base/secret.h"
#include "sso/oidc/oidc.h"

enum { TIME_SIZE = 4, TIME_TEXT = 8 /* characters that hold the time, and two bytes more */ };

static int fill(const struct lk_oidc_provider *provider, int64_t now, uint8_t *bytes, size_t len)
{
    int error = lk_random_fill(provider->random, bytes, len);

    for (int i = 0; i < TIME_SIZE; i++)
        bytes[i] = (uint8_t)((uint64_t)now >> (8 * (TIME_SIZE - 1 - i)));
    return error;
}

int lk_oidc_handle_make(const struct lk_oidc_provider *provider, int64_t now,
                        char ret_text[LK_OIDC_HANDLE_TEXT + 1])
{
    uint8_t bytes[32];
    int error = fill(provider, now, bytes, sizeof(bytes));

    if (error == 0)
        error = lk_base64url_encode(ret_text, LK_OIDC_HANDLE_TEXT + 1, bytes, sizeof(bytes));
    lk_wipe(bytes, sizeof(bytes));
    return error;
}

int lk_oidc_handle_name(const struct lk_oidc_provider *provider, struct lk_view text,
                        uint8_t ret_name[32])
{
    struct lk_buf head = LK_BUF_INIT(TIME_TEXT);
    uint8_t digest[32];
    int error = lk_oidc_text_digest(provider, text, digest);

    if (error != 0)
        return error;
    memset(ret_name, 0, TIME_SIZE);
    memcpy(ret_name + TIME_SIZE, digest, sizeof(digest) - TIME_SIZE);
    if (text.len == LK_OIDC_HANDLE_TEXT &&
        lk_base64url_decode(&head, (const char *)text.data, TIME_TEXT) == 0)
        memcpy(ret_name, lk_buf_view(&head).data, TIME_SIZE);
    lk_buf_clear(&head);
    return 0;
}

int lk_oidc_sid_make(const struct lk_oidc_provider *provider, int64_t now, uint8_t ret_sid[16])
{
    return fill(provider, now, ret_sid, 16);
}
