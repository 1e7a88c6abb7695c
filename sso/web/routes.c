/* SPDX-License-Identifier: EUPL-1.2 */
/* What this process serves, and how. The issuer names the same paths in its discovery document. */
#include <string.h>

#include "sso/web/web.h"

static const struct lk_route site[] = {
    {.path = LK_SSO_PATH_AUTHORIZE, .get = true, .post = true, .handle = lk_site_authorize},
    {.path = LK_WEB_PATH_KEY, .post = true, .handle = lk_site_key},
    {.path = LK_WEB_PATH_PASSWORD, .post = true, .handle = lk_site_password},
    {.path = LK_SSO_PATH_TOKEN,
     .post = true,
     .program = true,
     .body_max = LK_WEB_TOKEN_MAX,
     .handle = lk_site_token},
    {.path = LK_SSO_PATH_USERINFO,
     .get = true,
     .post = true,
     .any_body = true,
     .program = true,
     .body_max = LK_WEB_TOKEN_MAX,
     .handle = lk_site_userinfo},
    {.path = LK_SSO_PATH_LOGOUT, .get = true, .post = true, .handle = lk_site_logout},
    {.path = LK_SSO_PATH_JWKS, .get = true, .program = true, .handle = lk_documents_serve},
    {.path = LK_WEB_PATH_DISCOVERY, .get = true, .program = true, .handle = lk_documents_serve},
    {.path = LK_WEB_PATH_METADATA, .get = true, .program = true, .handle = lk_documents_serve},
    {.path = LK_WEB_PATH_STYLE, .get = true, .handle = lk_documents_serve},
    {.path = LK_WEB_PATH_SCRIPT, .get = true, .handle = lk_documents_serve},
    {.path = LK_WEB_PATH_LOGO, .get = true, .handle = lk_documents_serve},
    {.path = "/", .get = true, .handle = lk_site_welcome},
};

/* On the local listener. */
static const struct lk_route local_list[] = {
    {.path = "/metrics", .get = true, .local = true, .handle = lk_local_metrics},
    {.path = "/health", .get = true, .local = true, .handle = lk_local_health},
};

const struct lk_route *lk_route_find(const char *path, bool local)
{
    const struct lk_route *list = local ? local_list : site;
    size_t count =
        local ? sizeof(local_list) / sizeof(local_list[0]) : sizeof(site) / sizeof(site[0]);

    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i].path, path) == 0)
            return &list[i];
    }
    return NULL;
}
