/* SPDX-License-Identifier: EUPL-1.2 */
/* Who we are, who may ask, whom an application serves, and how strong a login was. */
#include <stdio.h>
#include <string.h>

#include "sso/oidc/oidc.h"

bool lk_oidc_view_is(struct lk_view view, const char *text)
{
    return lk_view_equal(view, LK_VIEW((const uint8_t *)text, strlen(text)));
}

int lk_oidc_issuer(const struct lk_config *config, char ret_issuer[LK_OIDC_ISSUER_MAX + 1])
{
    char issuer[LK_OIDC_ISSUER_MAX + 1];
    int len;

    if (config->gateway_port == 443)
        len = snprintf(issuer, sizeof(issuer), "https://%s", config->gateway_host);
    else
        len = snprintf(issuer, sizeof(issuer), "https://%s:%u", config->gateway_host,
                       config->gateway_port);
    if (len < 0 || (size_t)len >= sizeof(issuer))
        return -LK_ERR_TOO_BIG;
    memcpy(ret_issuer, issuer, (size_t)len + 1);
    return 0;
}

const struct lk_oidc_client *lk_oidc_client_find(const struct lk_oidc_provider *provider,
                                                 struct lk_view name)
{
    for (size_t i = 0; i < provider->client_count; i++) {
        if (lk_oidc_view_is(name, provider->clients[i].config->name))
            return &provider->clients[i];
    }
    return NULL;
}

static bool list_has(char *const *list, struct lk_view text)
{
    for (; list != NULL && *list != NULL; list++) {
        if (lk_oidc_view_is(text, *list))
            return true;
    }
    return false;
}

bool lk_oidc_redirect_known(const struct lk_oidc_client *client, struct lk_view uri)
{
    /* OIDC Core 3.1.2.1 has no fragment there, and a code in one would not reach the application. */
    return uri.len > 0 && uri.len <= LK_OIDC_REDIRECT_MAX &&
           memchr(uri.data, '#', uri.len) == NULL && list_has(client->config->redirect_uri, uri);
}

bool lk_oidc_post_logout_known(const struct lk_oidc_client *client, struct lk_view uri)
{
    return uri.len > 0 && uri.len <= LK_OIDC_REDIRECT_MAX &&
           memchr(uri.data, '#', uri.len) == NULL &&
           list_has(client->config->post_logout_redirect_uri, uri);
}

bool lk_oidc_client_serves(const struct lk_oidc_client *client, const char *groups)
{
    char *const *serves = client->config->serves;

    if (serves == NULL || serves[0] == NULL)
        return false;
    if (strcmp(serves[0], "everybody") == 0 && serves[1] == NULL)
        return true;
    while (*groups != '\0') {
        size_t len = strcspn(groups, " ");

        if (len > 0 && list_has(serves, LK_VIEW((const uint8_t *)groups, len)))
            return true;
        groups += len + strspn(groups + len, " ");
    }
    return false;
}

int lk_oidc_secret_read(const struct lk_crypto *crypto, struct lk_view file, uint8_t ret_digest[32])
{
    if (file.len > 0 && file.data[file.len - 1] == '\n')
        file.len--;
    for (size_t i = 0; i < file.len; i++) {
        uint8_t c = file.data[i];

        /* Synapse sends it as it is, MAS form-encodes it first: these characters are the same either way. */
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_' || c == '-'))
            return -LK_ERR_ENCODING;
    }
    if (file.len < LK_OIDC_SECRET_MIN || file.len > 256)
        return -LK_ERR_RANGE;
    return lk_sha256(crypto, &file, 1, ret_digest);
}

const struct lk_oidc_key *lk_oidc_key_signing(const struct lk_oidc_provider *provider,
                                              enum lk_config_algorithm algorithm, int64_t now)
{
    enum lk_algorithm wanted =
        algorithm == LK_CONFIG_RS256 ? LK_ALGORITHM_RS256 : LK_ALGORITHM_ES256;
    const struct lk_oidc_key *best = NULL;
    const struct lk_oidc_key *oldest = NULL;

    for (size_t i = 0; i < provider->key_count; i++) {
        const struct lk_oidc_key *key = &provider->keys[i];

        if (lk_signing_key_algorithm(key->key) != wanted)
            continue;
        if (key->signs_from <= now && (best == NULL || key->signs_from > best->signs_from))
            best = key;
        if (oldest == NULL || key->signs_from < oldest->signs_from)
            oldest = key;
    }
    return best != NULL ? best : oldest;
}

enum lk_oidc_strength lk_oidc_strength(uint32_t facts)
{
    if ((facts & LK_LOGIN_FACT_USER_VERIFIED) == 0)
        return LK_OIDC_TOUCH;
    return (facts & LK_LOGIN_FACT_ATTESTED) != 0 ? LK_OIDC_PHRH : LK_OIDC_PHR;
}

const char *lk_oidc_acr(enum lk_oidc_strength strength)
{
    switch (strength) {
    case LK_OIDC_PHRH:
        return "phrh";
    case LK_OIDC_PHR:
        return "phr";
    default:
        return NULL;
    }
}

enum lk_oidc_strength lk_oidc_acr_least(struct lk_view values)
{
    enum lk_oidc_strength least = LK_OIDC_TOUCH;

    while (values.len > 0) {
        const uint8_t *blank = memchr(values.data, ' ', values.len);
        struct lk_view one =
            LK_VIEW(values.data, blank != NULL ? (size_t)(blank - values.data) : values.len);

        if (lk_oidc_view_is(one, "phr"))
            least = LK_OIDC_PHR;
        else if (lk_oidc_view_is(one, "phrh") && least == LK_OIDC_TOUCH)
            least = LK_OIDC_PHRH;
        values.data += one.len;
        values.len -= one.len;
        while (values.len > 0 && values.data[0] == ' ') {
            values.data++;
            values.len--;
        }
    }
    return least;
}

int lk_oidc_text_digest(const struct lk_oidc_provider *provider, struct lk_view text,
                        uint8_t ret_digest[32])
{
    return lk_sha256(provider->crypto, &text, 1, ret_digest);
}
