/* SPDX-License-Identifier: EUPL-1.2 */
/* Logout, begun by the application (RP-Initiated Logout 1.0) or by us (Back-Channel Logout 1.0).
 *
 * Hostile input: the hint and the address of a logout link. There is no session at the provider, so all that such a link can end is the one session that an ID token of ours names,
 * and it leads on only to an address that the client named in that token has in the configuration. */
#include <string.h>

#include "sso/oidc/oidc.h"

int lk_oidc_hint_read(const struct lk_oidc_provider *provider, struct lk_view token,
                      struct lk_oidc_hint *ret_hint)
{
    struct lk_oidc_hint hint = {0};
    struct lk_json *payload = NULL;
    const char *iss;
    const char *aud;
    const char *sub;
    const char *sid;
    int error = lk_oidc_jws_open(provider, token, "JWT", &payload);

    if (error != 0)
        return error;
    if (lk_json_get_string(payload, "iss", &iss) != 0 || strcmp(iss, provider->issuer) != 0 ||
        lk_json_get_string(payload, "aud", &aud) != 0 ||
        lk_json_get_string(payload, "sub", &sub) != 0 || strlen(sub) != 32 ||
        lk_unhex(hint.subject, sizeof(hint.subject), sub) != 0 ||
        lk_json_get_string(payload, "sid", &sid) != 0 || strlen(sid) != 32 ||
        lk_unhex(hint.sid, sizeof(hint.sid), sid) != 0)
        error = -LK_ERR_SIGNATURE;
    if (error == 0) {
        hint.client = lk_oidc_client_find(provider, LK_VIEW((const uint8_t *)aud, strlen(aud)));
        if (hint.client == NULL)
            error = -LK_ERR_SIGNATURE;
    }
    lk_json_free(payload);
    if (error == 0)
        *ret_hint = hint;
    return error;
}

static void put_state(struct lk_buf *location, const struct lk_sso_logout *asked)
{
    lk_buf_put_view(location, asked->post_logout_redirect_uri);
    if (asked->state.len == 0)
        return;
    lk_buf_put_u8(location, memchr(asked->post_logout_redirect_uri.data, '?',
                                   asked->post_logout_redirect_uri.len) != NULL
                                ? '&'
                                : '?');
    lk_buf_put_bytes(location, "state=", 6);
    lk_oidc_encode(location, asked->state);
}

int lk_oidc_logout(const struct lk_oidc_provider *provider, const struct lk_sso_logout *asked,
                   struct lk_buf *location, struct lk_oidc_logout *ret_logout)
{
    struct lk_oidc_logout logout = {.outcome = LK_OIDC_ERROR};
    struct lk_oidc_hint hint;

    if (asked->flags != 0) {
        logout.detail = "request";
    } else if (asked->id_token_hint.len == 0) {
        /* Nobody says whose session: a page, and nothing else. */
        logout.outcome = LK_OIDC_GO;
    } else if (lk_oidc_hint_read(provider, asked->id_token_hint, &hint) != 0) {
        logout.detail = "id_token_hint";
    } else if (asked->client_id.len > 0 &&
               !lk_oidc_view_is(asked->client_id, hint.client->config->name)) {
        logout.detail = "client_id";
    } else if (asked->post_logout_redirect_uri.len > 0 &&
               !lk_oidc_post_logout_known(hint.client, asked->post_logout_redirect_uri)) {
        logout.detail = "post_logout_redirect_uri";
    } else if (asked->state.len > LK_OIDC_STATE_MAX) {
        logout.detail = "state";
    } else {
        logout.outcome = asked->post_logout_redirect_uri.len > 0 ? LK_OIDC_REDIRECT : LK_OIDC_GO;
        logout.ends = true;
        logout.client = hint.client;
        memcpy(logout.sid, hint.sid, sizeof(logout.sid));
        if (logout.outcome == LK_OIDC_REDIRECT)
            put_state(location, asked);
    }
    *ret_logout = logout;
    return lk_buf_error(location);
}

int lk_oidc_logout_token(const struct lk_oidc_provider *provider,
                         const struct lk_gateway_logout *logout, int64_t now, struct lk_buf *token)
{
    const struct lk_oidc_client *client = lk_oidc_client_find(
        provider, LK_VIEW((const uint8_t *)logout->client, strlen(logout->client)));
    const struct lk_oidc_key *key =
        client != NULL ? lk_oidc_key_signing(provider, client->config->algorithm, now) : NULL;
    struct lk_json_writer writer;
    struct lk_json *events;
    uint8_t jti[16];
    int error;

    if (key == NULL)
        return -LK_ERR_NOT_FOUND;
    error = lk_random_fill(provider->random, jti, sizeof(jti));
    if (error != 0)
        return error;
    lk_json_begin_object(&writer);
    lk_json_put_string(&writer, writer.root, "iss", provider->issuer);
    lk_json_put_hex(&writer, writer.root, "sub", logout->subject, sizeof(logout->subject));
    lk_json_put_string(&writer, writer.root, "aud", client->config->name);
    lk_json_put_int(&writer, writer.root, "iat", now);
    lk_json_put_int(&writer, writer.root, "exp", now + LK_OIDC_LOGOUT_TOKEN_SECONDS);
    lk_json_put_hex(&writer, writer.root, "jti", jti, sizeof(jti));
    lk_json_put_hex(&writer, writer.root, "sid", logout->sid, sizeof(logout->sid));
    events = lk_json_put_object(&writer, writer.root, "events");
    (void)lk_json_put_object(&writer, events, "http://schemas.openid.net/event/backchannel-logout");
    return lk_oidc_jws_sign(provider, key, "logout+jwt", &writer, token);
}
