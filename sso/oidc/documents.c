/* SPDX-License-Identifier: EUPL-1.2 */
/* The documents that applications read first: discovery (OIDC Discovery 1.0 section 3, RFC 8414 section 2) and the public keys (RFC 7517). */
#include <stdio.h>

#include "sso/oidc/oidc.h"

static void put_url(const struct lk_oidc_provider *provider, struct lk_json_writer *writer,
                    const char *name, const char *path)
{
    char url[LK_OIDC_ISSUER_MAX + 32];

    (void)snprintf(url, sizeof(url), "%s%s", provider->issuer, path);
    lk_json_put_string(writer, writer->root, name, url);
}

static void put_list(struct lk_json_writer *writer, const char *name, const char *const *list)
{
    struct lk_json *array = lk_json_put_array(writer, writer->root, name);

    for (; *list != NULL; list++)
        lk_json_put_string(writer, array, NULL, *list);
}

static void put_lists(struct lk_json_writer *writer)
{
    static const char *const code[] = {"code", NULL};
    static const char *const query[] = {"query", NULL};
    static const char *const grant[] = {"authorization_code", NULL};
    /* Section 3 wants RS256 there, whoever uses it: its key is always in the list of keys. */
    static const char *const algorithms[] = {"ES256", "RS256", NULL};
    static const char *const subject[] = {"public", NULL};
    static const char *const scopes[] = {"openid", "profile", "email", NULL};
    static const char *const auth[] = {"client_secret_basic", "client_secret_post", NULL};
    static const char *const challenge[] = {"S256", NULL};
    static const char *const acr[] = {"phrh", "phr", NULL};
    static const char *const prompt[] = {"none", "login", "consent", "select_account", NULL};
    static const char *const claims[] = {"iss",  "sub",       "aud",     "exp",
                                         "iat",  "auth_time", "nonce",   "acr",
                                         "amr",  "sid",       "at_hash", "preferred_username",
                                         "name", "email",     NULL};

    put_list(writer, "response_types_supported", code);
    put_list(writer, "response_modes_supported", query);
    put_list(writer, "grant_types_supported", grant);
    put_list(writer, "id_token_signing_alg_values_supported", algorithms);
    put_list(writer, "subject_types_supported", subject);
    put_list(writer, "scopes_supported", scopes);
    put_list(writer, "token_endpoint_auth_methods_supported", auth);
    put_list(writer, "code_challenge_methods_supported", challenge);
    put_list(writer, "acr_values_supported", acr);
    put_list(writer, "prompt_values_supported", prompt);
    put_list(writer, "claims_supported", claims);
}

int lk_oidc_discovery(const struct lk_oidc_provider *provider, struct lk_buf *body)
{
    struct lk_json_writer writer;

    lk_json_begin_object(&writer);
    lk_json_put_string(&writer, writer.root, "issuer", provider->issuer);
    put_url(provider, &writer, "authorization_endpoint", LK_SSO_PATH_AUTHORIZE);
    put_url(provider, &writer, "token_endpoint", LK_SSO_PATH_TOKEN);
    put_url(provider, &writer, "userinfo_endpoint", LK_SSO_PATH_USERINFO);
    put_url(provider, &writer, "jwks_uri", LK_SSO_PATH_JWKS);
    put_url(provider, &writer, "end_session_endpoint", LK_SSO_PATH_LOGOUT);
    put_lists(&writer);
    lk_json_put_bool(&writer, writer.root, "claims_parameter_supported", true);
    lk_json_put_bool(&writer, writer.root, "request_parameter_supported", false);
    lk_json_put_bool(&writer, writer.root, "request_uri_parameter_supported", false);
    lk_json_put_bool(&writer, writer.root, "authorization_response_iss_parameter_supported", true);
    lk_json_put_bool(&writer, writer.root, "backchannel_logout_supported", true);
    lk_json_put_bool(&writer, writer.root, "backchannel_logout_session_supported", true);
    return lk_json_end(&writer, false, body);
}

static int put_key(struct lk_json_writer *writer, struct lk_json *keys,
                   const struct lk_oidc_key *key)
{
    struct lk_json *object = lk_json_put_object(writer, keys, NULL);
    struct lk_jwk jwk;
    int error = lk_signing_key_jwk(key->key, &jwk);

    if (error != 0)
        return error;
    lk_json_put_string(writer, object, "kid", lk_signing_key_kid(key->key));
    lk_json_put_string(writer, object, "use", "sig");
    if (lk_signing_key_algorithm(key->key) == LK_ALGORITHM_ES256) {
        lk_json_put_string(writer, object, "alg", "ES256");
        lk_json_put_string(writer, object, "kty", "EC");
        lk_json_put_string(writer, object, "crv", "P-256");
        lk_json_put_string(writer, object, "x", jwk.x);
        lk_json_put_string(writer, object, "y", jwk.y);
    } else {
        lk_json_put_string(writer, object, "alg", "RS256");
        lk_json_put_string(writer, object, "kty", "RSA");
        lk_json_put_string(writer, object, "n", jwk.n);
        lk_json_put_string(writer, object, "e", jwk.e);
    }
    return 0;
}

int lk_oidc_jwks(const struct lk_oidc_provider *provider, int64_t now, struct lk_buf *body)
{
    struct lk_json_writer writer;
    struct lk_json *keys;
    int error = 0;

    lk_json_begin_object(&writer);
    keys = lk_json_put_array(&writer, writer.root, "keys");
    for (size_t i = 0; error == 0 && i < provider->key_count; i++) {
        if (now < provider->keys[i].published_until)
            error = put_key(&writer, keys, &provider->keys[i]);
    }
    if (error != 0) {
        lk_json_abandon(&writer);
        return error;
    }
    return lk_json_end(&writer, false, body);
}
