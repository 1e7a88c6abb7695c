/* SPDX-License-Identifier: EUPL-1.2 */
/* Settings: configuration, secrets, keys and the documents made of them. */
#include "sso/issuer/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base64url.h"
#include "base/secret.h"

enum { SECRET_FILE_MAX = 512 };

static int complain(const char *what, const char *which, int error)
{
    (void)fprintf(stderr, "latchkey-sso-issuer: %s%s%s: %s\n", what, which[0] != '\0' ? " " : "",
                  which, lk_error_text(error));
    return error;
}

struct lk_settings *lk_settings_ref(struct lk_settings *settings)
{
    settings->references++;
    return settings;
}

struct lk_settings *lk_settings_unref(struct lk_settings *settings)
{
    if (settings == NULL || --settings->references > 0)
        return NULL;
    lk_keys_clear(settings);
    for (size_t i = 0; i < LK_DOCUMENTS; i++)
        lk_buf_clear(&settings->documents[i]);
    lk_config_clear(&settings->config);
    lk_wipe(settings, sizeof(*settings));
    free(settings);
    return NULL;
}

static int read_secret(const struct lk_crypto *crypto, const struct lk_config_client *config,
                       uint8_t ret_digest[32])
{
    const struct lk_file_rule rule = {.owner = geteuid(), .forbidden = 037, .check_parents = true};
    struct lk_buf file;
    int error;

    lk_buf_init_secret(&file, SECRET_FILE_MAX);
    error = lk_file_read(config->secret_file, &rule, SECRET_FILE_MAX, &file);
    if (error == 0)
        error = lk_oidc_secret_read(crypto, lk_buf_view(&file), ret_digest);
    lk_buf_clear(&file);
    return error == 0 ? 0 : complain("the secret of client", config->name, error);
}

static int read_clients(const struct lk_crypto *crypto, struct lk_settings *settings)
{
    const struct lk_config *config = &settings->config;

    if (config->client_count > LK_CONFIG_CLIENTS_MAX)
        return -LK_ERR_TOO_BIG;
    for (size_t i = 0; i < config->client_count; i++) {
        int error = read_secret(crypto, &config->clients[i], settings->clients[i].secret);

        if (error != 0)
            return error;
        settings->clients[i].config = &config->clients[i];
    }
    settings->provider.clients = settings->clients;
    settings->provider.client_count = config->client_count;
    return 0;
}

/* Discovery promises both algorithms, so each must have a key whose time has come. */
static int check_keys(const struct lk_settings *settings, int64_t now)
{
    if (lk_oidc_key_signing(&settings->provider, LK_CONFIG_ES256, now) == NULL)
        return complain("no key signs now with", "ES256", -LK_ERR_NOT_FOUND);
    if (lk_oidc_key_signing(&settings->provider, LK_CONFIG_RS256, now) == NULL)
        return complain("no key signs now with", "RS256", -LK_ERR_NOT_FOUND);
    return 0;
}

int lk_settings_new(const struct lk_crypto *crypto, struct lk_config *config, int64_t now,
                    struct lk_settings **ret_settings)
{
    struct lk_settings *settings = calloc(1, sizeof(*settings));
    bool changed;
    int error;

    if (settings == NULL) {
        lk_config_clear(config);
        return -LK_ERR_NOMEM;
    }
    settings->references = 1;
    settings->config = *config;
    memset(config, 0, sizeof(*config));
    settings->provider.crypto = crypto;
    settings->provider.random = &lk_random_system;
    settings->provider.config = &settings->config;
    for (size_t i = 0; i < LK_DOCUMENTS; i++)
        lk_buf_init(&settings->documents[i], LK_SSO_DOCUMENT_MAX);
    error = settings->config.gateway_host[0] != '\0'
                ? lk_oidc_issuer(&settings->config, settings->provider.issuer)
                : complain("organisation.gateway_host", "", -LK_ERR_NOT_FOUND);
    if (error == 0)
        error = read_clients(crypto, settings);
    if (error == 0)
        error = lk_keys_read(crypto, settings->config.gateway_keys, now, settings);
    if (error == 0)
        error = check_keys(settings, now);
    if (error == 0)
        error = lk_settings_documents(settings, now, &changed);
    if (error != 0) {
        lk_settings_unref(settings);
        return error;
    }
    *ret_settings = settings;
    return 0;
}

/* What the pages show of the organisation. */
static int look(const struct lk_settings *settings, struct lk_buf *body)
{
    const struct lk_config *config = &settings->config;
    struct lk_json_writer writer;

    lk_json_begin_object(&writer);
    lk_json_put_string(&writer, writer.root, "title",
                       config->gateway_title[0] != '\0' ? config->gateway_title : config->name);
    lk_json_put_string(&writer, writer.root, "colour", config->gateway_colour);
    lk_json_put_string(&writer, writer.root, "help", config->gateway_help);
    lk_json_put_bool(&writer, writer.root, "password", config->gateway_password);
    return lk_json_end(&writer, false, body);
}

static int etag(const struct lk_settings *settings, struct lk_view body,
                char ret_etag[LK_SSO_ETAG_MAX + 1])
{
    uint8_t digest[32];
    char text[LK_BASE64URL_LENGTH(16) + 1];
    int error = lk_oidc_text_digest(&settings->provider, body, digest);

    if (error == 0)
        error = lk_base64url_encode(text, sizeof(text), digest, 16);
    if (error == 0)
        (void)snprintf(ret_etag, LK_SSO_ETAG_MAX + 1, "\"%s\"", text);
    return error;
}

int lk_settings_documents(struct lk_settings *settings, int64_t now, bool *ret_changed)
{
    bool changed = false;

    for (size_t i = 0; i < LK_DOCUMENTS; i++) {
        enum lk_sso_document_kind kind = (enum lk_sso_document_kind)(i + 1);
        struct lk_buf body = LK_BUF_INIT(LK_SSO_DOCUMENT_MAX);
        int error = kind == LK_SSO_DOCUMENT_DISCOVERY
                        ? lk_oidc_discovery(&settings->provider, &body)
                    : kind == LK_SSO_DOCUMENT_JWKS ? lk_oidc_jwks(&settings->provider, now, &body)
                                                   : look(settings, &body);

        if (error == 0 &&
            !lk_view_equal(lk_buf_view(&body), lk_buf_view(&settings->documents[i]))) {
            changed = true;
            error = etag(settings, lk_buf_view(&body), settings->etags[i]);
        }
        if (error != 0) {
            lk_buf_clear(&body);
            return error;
        }
        lk_buf_clear(&settings->documents[i]);
        settings->documents[i] = body;
    }
    *ret_changed = changed;
    return 0;
}
