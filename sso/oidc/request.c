/* SPDX-License-Identifier: EUPL-1.2 */
/* The authorisation request while it waits in the browser: sealed (core/crypto/seal.h) and in base64url.
 *
 * Hostile input: the sealed text. Before its tag has verified nothing is decoded; afterwards it is our own writing, and yet read with bounds. What it says is believed only for
 * the browser whose cookie it names, and only while client and address still stand in the configuration. */
#include <string.h>

#include "base/base64url.h"
#include "base/secret.h"
#include "crypto/seal.h"
#include "sso/oidc/oidc.h"

enum { REQUEST_VERSION = 1, REQUEST_PLAIN_MAX = 3000 };

/* So that a blob of another use or version never opens. */
static const char purpose[] = "latchkey request 1";

int lk_oidc_request_begin(const struct lk_oidc_provider *provider, struct lk_view cookie,
                          int64_t now, struct lk_oidc_request *request)
{
    int error = lk_random_fill(provider->random, request->transaction, LK_TRANSACTION_SIZE);

    if (error == 0)
        error = lk_sha256(provider->crypto, &cookie, 1, request->cookie);
    if (error != 0)
        return error;
    request->stage = LK_OIDC_STAGE_KEY;
    request->expires = now + LK_OIDC_PAGE_SECONDS;
    memset(request->subject, 0, sizeof(request->subject));
    request->name[0] = '\0';
    request->full_name[0] = '\0';
    request->passwords = 0;
    return 0;
}

static void put_request(const struct lk_oidc_request *request, struct lk_buf *plain)
{
    lk_buf_put_u8(plain, REQUEST_VERSION);
    lk_buf_put_u8(plain, (uint8_t)request->stage);
    lk_buf_put_bytes(plain, request->transaction, sizeof(request->transaction));
    lk_buf_put_bytes(plain, request->cookie, sizeof(request->cookie));
    lk_buf_put_u64(plain, (uint64_t)request->began);
    lk_buf_put_u64(plain, (uint64_t)request->expires);
    lk_buf_put_field(plain, request->client.data, request->client.len);
    lk_buf_put_field(plain, request->redirect_uri.data, request->redirect_uri.len);
    lk_buf_put_field(plain, request->state.data, request->state.len);
    lk_buf_put_field(plain, request->nonce.data, request->nonce.len);
    lk_buf_put_bytes(plain, request->code_challenge, sizeof(request->code_challenge));
    lk_buf_put_u8(plain, (uint8_t)request->strength);
    lk_buf_put_u8(plain, request->one_subject ? 1 : 0);
    lk_buf_put_bytes(plain, request->only_subject, sizeof(request->only_subject));
    if (request->stage != LK_OIDC_STAGE_PASSWORD)
        return;
    lk_buf_put_bytes(plain, request->subject, sizeof(request->subject));
    lk_buf_put_string(plain, request->name);
    lk_buf_put_string(plain, request->full_name);
    lk_buf_put_u8(plain, request->passwords);
}

/* Appends len bytes as base64url. */
static int put_base64url(struct lk_buf *buf, const uint8_t *data, size_t len)
{
    size_t length = LK_BASE64URL_LENGTH(len);
    /* With the NUL, which is taken off again. */
    uint8_t *room = lk_buf_reserve(buf, length + 1);
    int error;

    if (room == NULL)
        return lk_buf_error(buf);
    error = lk_base64url_encode((char *)room, length + 1, data, len);
    buf->len -= error == 0 ? 1 : length + 1;
    return error;
}

int lk_oidc_request_seal(const struct lk_oidc_provider *provider,
                         const struct lk_oidc_request *request, struct lk_buf *sealed)
{
    const struct lk_view associated = LK_VIEW((const uint8_t *)purpose, sizeof(purpose) - 1);
    struct lk_buf plain = LK_BUF_INIT(REQUEST_PLAIN_MAX);
    struct lk_buf bytes = LK_BUF_INIT(REQUEST_PLAIN_MAX + LK_SEAL_OVERHEAD);
    int error;

    put_request(request, &plain);
    error = lk_buf_error(&plain);
    if (error == 0)
        error = lk_seal(provider->crypto, provider->seals[0], provider->random, associated,
                        lk_buf_view(&plain), &bytes);
    if (error == 0)
        error = put_base64url(sealed, bytes.data, bytes.len);
    lk_buf_clear(&plain);
    lk_buf_clear(&bytes);
    return error;
}

static int get_time(struct lk_view *view, int64_t *ret_time)
{
    uint64_t value = 0;
    int error = lk_view_get_u64(view, &value);

    *ret_time = (int64_t)value;
    return error;
}

static int get_agent(struct lk_view *view, struct lk_oidc_request *request)
{
    int error = lk_view_get_bytes(view, request->subject, sizeof(request->subject));

    if (error == 0)
        error = lk_view_get_string(view, request->name, sizeof(request->name));
    if (error == 0)
        error = lk_view_get_string(view, request->full_name, sizeof(request->full_name));
    if (error == 0)
        error = lk_view_get_u8(view, &request->passwords);
    return error;
}

static int get_parameters(struct lk_view *view, struct lk_oidc_request *request)
{
    uint8_t strength = 0;
    uint8_t one_subject = 0;
    int error = lk_view_get_field(view, LK_CLIENT_MAX, &request->client);

    if (error == 0)
        error = lk_view_get_field(view, LK_OIDC_REDIRECT_MAX, &request->redirect_uri);
    if (error == 0)
        error = lk_view_get_field(view, LK_OIDC_STATE_MAX, &request->state);
    if (error == 0)
        error = lk_view_get_field(view, LK_OIDC_NONCE_MAX, &request->nonce);
    if (error == 0)
        error = lk_view_get_bytes(view, request->code_challenge, sizeof(request->code_challenge));
    if (error == 0)
        error = lk_view_get_u8(view, &strength);
    if (error == 0)
        error = lk_view_get_u8(view, &one_subject);
    if (error == 0)
        error = lk_view_get_bytes(view, request->only_subject, sizeof(request->only_subject));
    if (error == 0 && (strength > LK_OIDC_PHRH || one_subject > 1))
        error = -LK_ERR_RANGE;
    request->strength = (enum lk_oidc_strength)strength;
    request->one_subject = one_subject == 1;
    return error;
}

static int get_request(struct lk_view view, struct lk_oidc_request *request)
{
    uint8_t version = 0;
    uint8_t stage = 0;
    int error = lk_view_get_u8(&view, &version);

    if (error == 0)
        error = lk_view_get_u8(&view, &stage);
    if (error == 0 && (version != REQUEST_VERSION ||
                       (stage != LK_OIDC_STAGE_KEY && stage != LK_OIDC_STAGE_PASSWORD)))
        error = -LK_ERR_VERSION;
    request->stage = (enum lk_oidc_stage)stage;
    if (error == 0)
        error = lk_view_get_bytes(&view, request->transaction, sizeof(request->transaction));
    if (error == 0)
        error = lk_view_get_bytes(&view, request->cookie, sizeof(request->cookie));
    if (error == 0)
        error = get_time(&view, &request->began);
    if (error == 0)
        error = get_time(&view, &request->expires);
    if (error == 0)
        error = get_parameters(&view, request);
    if (error == 0 && request->stage == LK_OIDC_STAGE_PASSWORD)
        error = get_agent(&view, request);
    return error != 0 ? error : lk_view_end(&view);
}

/* With the newest key first, then those before it. */
static int unseal(const struct lk_oidc_provider *provider, struct lk_view sealed,
                  struct lk_buf *plain)
{
    const struct lk_view associated = LK_VIEW((const uint8_t *)purpose, sizeof(purpose) - 1);
    struct lk_buf bytes = LK_BUF_INIT(LK_SSO_SEALED_MAX);
    int error = lk_base64url_decode(&bytes, (const char *)sealed.data, sealed.len);

    if (error != 0)
        error = -LK_ERR_SIGNATURE;
    for (size_t i = 0; error == 0 && i < provider->seal_count; i++) {
        error =
            lk_unseal(provider->crypto, provider->seals[i], associated, lk_buf_view(&bytes), plain);
        if (error == 0)
            break;
        if (error == -LK_ERR_SIGNATURE && i + 1 < provider->seal_count)
            error = 0;
    }
    lk_buf_clear(&bytes);
    return error;
}

int lk_oidc_request_open(const struct lk_oidc_provider *provider, struct lk_view sealed,
                         struct lk_view cookie, enum lk_oidc_stage stage, int64_t now,
                         struct lk_buf *plain, struct lk_oidc_request *ret_request,
                         bool *ret_expired)
{
    struct lk_oidc_request request = {0};
    const struct lk_oidc_client *client;
    uint8_t digest[32];
    int error;

    lk_buf_reset(plain);
    error = unseal(provider, sealed, plain);
    if (error == 0)
        error = get_request(lk_buf_view(plain), &request);
    if (error == 0 && request.stage != stage)
        error = -LK_ERR_UNEXPECTED;
    if (error == 0)
        error = lk_sha256(provider->crypto, &cookie, 1, digest);
    if (error != 0)
        return error;
    if (cookie.len != LK_SSO_COOKIE_SIZE || !lk_bytes_equal(digest, request.cookie, sizeof(digest)))
        return -LK_ERR_DENIED;
    client = lk_oidc_client_find(provider, request.client);
    if (client == NULL || !lk_oidc_redirect_known(client, request.redirect_uri))
        return -LK_ERR_DENIED;
    *ret_expired = now >= request.expires;
    *ret_request = request;
    return 0;
}
