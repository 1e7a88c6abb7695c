/* SPDX-License-Identifier: EUPL-1.2 */
/* The table of permitted messages: whoever takes a process over has what stands in the rows of its neighbours, and no more. */
#include "sso/common/link.h"

struct lk_link_row {
    enum lk_link_end end;
    enum lk_message type;
};

static const struct lk_link_row rows[] = {
    /* The web process asks for pages and answers; it cannot sign, list, or name an agent. */
    {LK_LINK_ISSUER_FROM_WEB, LK_MESSAGE_SSO_AUTHORIZE},
    {LK_LINK_ISSUER_FROM_WEB, LK_MESSAGE_SSO_ASSERT},
    {LK_LINK_ISSUER_FROM_WEB, LK_MESSAGE_SSO_PASSWORD},
    {LK_LINK_ISSUER_FROM_WEB, LK_MESSAGE_SSO_TOKEN},
    {LK_LINK_ISSUER_FROM_WEB, LK_MESSAGE_SSO_USERINFO},
    {LK_LINK_ISSUER_FROM_WEB, LK_MESSAGE_SSO_LOGOUT},
    {LK_LINK_ISSUER_FROM_WEB, LK_MESSAGE_SSO_METRICS},

    {LK_LINK_WEB_FROM_ISSUER, LK_MESSAGE_SSO_DOCUMENT},
    {LK_LINK_WEB_FROM_ISSUER, LK_MESSAGE_SSO_PAGE},
    {LK_LINK_WEB_FROM_ISSUER, LK_MESSAGE_SSO_REPLY},

    {LK_LINK_ISSUER_FROM_WORKER, LK_MESSAGE_SSO_ATTEMPTED},
    {LK_LINK_WORKER_FROM_ISSUER, LK_MESSAGE_SSO_ATTEMPT},

    {LK_LINK_ISSUER_FROM_NOTIFY, LK_MESSAGE_SSO_DELIVERED},
    {LK_LINK_NOTIFY_FROM_ISSUER, LK_MESSAGE_SSO_DELIVER},

    {LK_LINK_ISSUER_FROM_BROKER, LK_MESSAGE_GATEWAY_TOKEN},
    {LK_LINK_ISSUER_FROM_BROKER, LK_MESSAGE_GATEWAY_VERDICT},
    {LK_LINK_ISSUER_FROM_BROKER, LK_MESSAGE_GATEWAY_REDEEMED},
    {LK_LINK_ISSUER_FROM_BROKER, LK_MESSAGE_GATEWAY_LOGOUT},
    {LK_LINK_ISSUER_FROM_BROKER, LK_MESSAGE_GATEWAY_RESULT},
    {LK_LINK_ISSUER_FROM_BROKER, LK_MESSAGE_GATEWAY_WAITING},
};

bool lk_link_permits(enum lk_link_end end, enum lk_message type)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].end == end && rows[i].type == type)
            return true;
    }
    return false;
}

enum lk_role_socket lk_link_role(enum lk_link_end end)
{
    switch (end) {
    case LK_LINK_ISSUER_FROM_WEB:
    case LK_LINK_WEB_FROM_ISSUER:
        return LK_SOCKET_SSO_WEB;
    case LK_LINK_ISSUER_FROM_WORKER:
    case LK_LINK_WORKER_FROM_ISSUER:
        return LK_SOCKET_SSO_WORKER;
    case LK_LINK_ISSUER_FROM_NOTIFY:
    case LK_LINK_NOTIFY_FROM_ISSUER:
        return LK_SOCKET_SSO_NOTIFY;
    default:
        return LK_SOCKET_GATEWAY;
    }
}
