/* SPDX-License-Identifier: EUPL-1.2 */
/* Answers to an application: status, WWW-Authenticate, JSON. */
#include <stdio.h>
#include <string.h>

#include "sso/oidc/oidc.h"

void lk_oidc_reply_init(struct lk_oidc_reply *reply)
{
    reply->status = 200;
    reply->authenticate[0] = '\0';
    lk_buf_init_secret(&reply->body, LK_SSO_BODY_MAX);
}

int lk_oidc_reply_error(struct lk_oidc_reply *reply, uint16_t status, const char *error,
                        const char *description)
{
    struct lk_json_writer writer;

    reply->status = status;
    reply->authenticate[0] = '\0';
    /* RFC 6749 section 5.2 for the token endpoint, RFC 6750 section 3 for userinfo. */
    if (status == 401 && strcmp(error, "invalid_client") == 0)
        (void)snprintf(reply->authenticate, sizeof(reply->authenticate),
                       "Basic realm=\"latchkey\"");
    else if (status == 401)
        (void)snprintf(reply->authenticate, sizeof(reply->authenticate),
                       "Bearer realm=\"latchkey\", error=\"%s\"", error);
    lk_buf_reset(&reply->body);
    lk_json_begin_object(&writer);
    lk_json_put_string(&writer, writer.root, "error", error);
    if (description != NULL)
        lk_json_put_string(&writer, writer.root, "error_description", description);
    return lk_json_end(&writer, false, &reply->body);
}
