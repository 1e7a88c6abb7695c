/* SPDX-License-Identifier: EUPL-1.2 */
/* ID token and userinfo: what is said of a login. Only what happened is said (OIDC Core 2, RFC 8176, OpenID EAP ACR Values 1.0). */
#include <stdio.h>
#include <string.h>

#include "base/base64url.h"
#include "sso/oidc/oidc.h"

static void put_hex(struct lk_json_writer *writer, const char *name, const uint8_t bytes[16])
{
    lk_json_put_hex(writer, writer->root, name, bytes, 16);
}

/* `pin` is never claimed: the key says that it verified its user, not whether by PIN or fingerprint. */
static void put_strength(struct lk_json_writer *writer, uint32_t facts, bool password)
{
    const char *acr = lk_oidc_acr(lk_oidc_strength(facts));
    bool verified = (facts & LK_LOGIN_FACT_USER_VERIFIED) != 0;
    struct lk_json *amr = lk_json_put_array(writer, writer->root, "amr");

    if (password)
        lk_json_put_string(writer, amr, NULL, "pwd");
    if ((facts & LK_LOGIN_FACT_ATTESTED) != 0)
        lk_json_put_string(writer, amr, NULL, "hwk");
    lk_json_put_string(writer, amr, NULL, "user");
    lk_json_put_string(writer, amr, NULL, "pop");
    if (password || verified)
        lk_json_put_string(writer, amr, NULL, "mfa");
    if (acr != NULL)
        lk_json_put_string(writer, writer->root, "acr", acr);
}

static void put_person(struct lk_json_writer *writer, const struct lk_gateway_redeemed *redeemed,
                       const char *full_name)
{
    const char *name = redeemed->full_name[0] != '\0' ? redeemed->full_name : full_name;

    lk_json_put_string(writer, writer->root, "preferred_username", redeemed->name);
    if (name[0] != '\0')
        lk_json_put_string(writer, writer->root, "name", name);
    if (redeemed->email[0] != '\0')
        lk_json_put_string(writer, writer->root, "email", redeemed->email);
}

/* OIDC Core 3.1.3.6: the left half of the digest. */
static int put_at_hash(const struct lk_oidc_provider *provider, struct lk_json_writer *writer,
                       const char *access_token)
{
    uint8_t digest[32];
    char text[LK_BASE64URL_LENGTH(16) + 1];
    int error = lk_oidc_text_digest(
        provider, LK_VIEW((const uint8_t *)access_token, strlen(access_token)), digest);

    if (error == 0)
        error = lk_base64url_encode(text, sizeof(text), digest, 16);
    if (error == 0)
        lk_json_put_string(writer, writer->root, "at_hash", text);
    return error;
}

int lk_oidc_id_token(const struct lk_oidc_provider *provider, const struct lk_oidc_client *client,
                     const struct lk_gateway_redeemed *redeemed,
                     const struct lk_oidc_code_data *data, const char *access_token, int64_t now,
                     struct lk_buf *token)
{
    const struct lk_oidc_key *key = lk_oidc_key_signing(provider, client->config->algorithm, now);
    struct lk_json_writer writer;
    int error;

    if (key == NULL)
        return -LK_ERR_NOT_FOUND;
    lk_json_begin_object(&writer);
    lk_json_put_string(&writer, writer.root, "iss", provider->issuer);
    put_hex(&writer, "sub", redeemed->subject);
    lk_json_put_string(&writer, writer.root, "aud", client->config->name);
    lk_json_put_int(&writer, writer.root, "exp", now + LK_OIDC_ID_TOKEN_SECONDS);
    lk_json_put_int(&writer, writer.root, "iat", now);
    lk_json_put_int(&writer, writer.root, "auth_time", redeemed->auth_time);
    if (data->nonce[0] != '\0')
        lk_json_put_string(&writer, writer.root, "nonce", data->nonce);
    put_hex(&writer, "sid", redeemed->sid);
    put_strength(&writer, redeemed->facts, data->password);
    put_person(&writer, redeemed, data->full_name);
    error = put_at_hash(provider, &writer, access_token);
    if (error != 0) {
        lk_json_abandon(&writer);
        return error;
    }
    return lk_oidc_jws_sign(provider, key, "JWT", &writer, token);
}

bool lk_oidc_userinfo_check(const struct lk_oidc_provider *provider,
                            const struct lk_sso_userinfo *asked, uint8_t ret_access[32],
                            struct lk_oidc_reply *reply)
{
    struct lk_view token = asked->authorization;

    if (token.len == 7 + LK_OIDC_HANDLE_TEXT &&
        strncasecmp((const char *)token.data, "Bearer ", 7) == 0) {
        token.data += 7;
        token.len -= 7;
        if (lk_oidc_handle_name(provider, token, ret_access) == 0)
            return true;
    }
    if (lk_oidc_reply_error(reply, 401, "invalid_token", NULL) != 0)
        lk_buf_reset(&reply->body);
    /* RFC 6750 section 3.1: no error code for a request without a token, or of another scheme. */
    if (asked->authorization.len < 7 ||
        strncasecmp((const char *)asked->authorization.data, "Bearer ", 7) != 0)
        (void)snprintf(reply->authenticate, sizeof(reply->authenticate),
                       "Bearer realm=\"latchkey\"");
    return false;
}

int lk_oidc_userinfo_answer(const struct lk_gateway_redeemed *redeemed, struct lk_oidc_reply *reply)
{
    struct lk_oidc_code_data data;
    struct lk_json_writer writer;

    if (redeemed->reason != LK_REASON_NONE) {
        enum lk_reason_class class = lk_reason_class((enum lk_reason)redeemed->reason);

        if (class == LK_REASON_CLASS_UNAVAILABLE || class == LK_REASON_CLASS_CONFIG)
            return lk_oidc_reply_error(reply, 503, "temporarily_unavailable", NULL);
        return lk_oidc_reply_error(reply, 401, "invalid_token", NULL);
    }
    /* The same as in the ID token (OIDC Core 5.3.2): where the record has no name, the one that NSS gave at the login. */
    if (lk_oidc_code_data_decode(redeemed->data, &data) != 0)
        return lk_oidc_reply_error(reply, 503, "temporarily_unavailable", NULL);
    reply->status = 200;
    lk_buf_reset(&reply->body);
    lk_json_begin_object(&writer);
    put_hex(&writer, "sub", redeemed->subject);
    put_person(&writer, redeemed, data.full_name);
    return lk_json_end(&writer, false, &reply->body);
}
