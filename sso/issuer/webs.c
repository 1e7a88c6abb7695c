/* SPDX-License-Identifier: EUPL-1.2 */
/* Web processes: who may connect, which question goes where, and what they serve from memory.
 *
 * Threat: a web process faces the network and may be somebody else's. It is believed nothing: what it may ask stands in sso/common/links.c, what it brings is checked as if it came
 * from the network itself, and what it floods us with is bounded. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "sso/issuer/issuer.h"

static const struct {
    enum lk_message type;
    int (*handle)(struct lk_web *web, const struct lk_frame *frame);
} handlers[] = {
    {LK_MESSAGE_SSO_AUTHORIZE, lk_login_authorize},
    {LK_MESSAGE_SSO_ASSERT, lk_login_assert},
    {LK_MESSAGE_SSO_PASSWORD, lk_login_password},
    {LK_MESSAGE_SSO_TOKEN, lk_application_token},
    {LK_MESSAGE_SSO_USERINFO, lk_application_userinfo},
    {LK_MESSAGE_SSO_LOGOUT, lk_application_logout},
    {LK_MESSAGE_SSO_METRICS, lk_application_metrics},
};

static int web_frame(struct lk_link *link, const struct lk_frame *frame)
{
    for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
        if (handlers[i].type == frame->type)
            return handlers[i].handle(link->context, frame);
    }
    return -LK_ERR_UNEXPECTED;
}

static int send_document(struct lk_web *web, size_t index)
{
    const struct lk_settings *settings = web->issuer->settings;
    struct lk_sso_document document = {.kind = (enum lk_sso_document_kind)(index + 1),
                                       .body = lk_buf_view(&settings->documents[index])};

    memcpy(document.etag, settings->etags[index], sizeof(document.etag));
    return lk_sso_document_encode(&web->link.peer.out, 0, &document);
}

static void web_ready(struct lk_link *link)
{
    for (size_t i = 0; i < LK_DOCUMENTS; i++) {
        if (send_document(link->context, i) != 0)
            lk_peer_fail(&link->peer);
    }
}

void lk_webs_publish(struct lk_issuer *issuer)
{
    for (struct lk_web *web = issuer->webs; web != NULL; web = web->next) {
        if (lk_link_up(&web->link))
            web_ready(&web->link);
    }
}

/* Its visits go on to their end, but nobody hears of it. */
static void web_gone(struct lk_link *link, int error)
{
    struct lk_web *web = link->context;
    struct lk_web **place = &web->issuer->webs;

    (void)error;
    while (*place != web)
        place = &(*place)->next;
    *place = web->next;
    web->issuer->web_count--;
    for (struct lk_visit *visit = web->visits, *next; visit != NULL; visit = next) {
        next = visit->next;
        visit->web = NULL;
        if (visit->timer.armed)
            lk_visit_end(visit);
    }
    free(web);
}

/* The web user's, or our own where everything runs as one user. */
static bool peer_allowed(const struct lk_issuer *issuer, int fd)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && len == sizeof(peer) &&
           (peer.uid == issuer->web_uid || peer.uid == geteuid());
}

static void webs_accept(struct lk_watch *watch, uint32_t events)
{
    struct lk_issuer *issuer = watch->context;
    LK_CLEANUP(lk_fd_close)
    int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct lk_web *web;

    (void)events;
    if (fd < 0)
        return;
    if (!peer_allowed(issuer, fd) || issuer->web_count == LK_ISSUER_WEBS) {
        (void)fprintf(stderr, "latchkey-sso-issuer: a web process was turned away\n");
        return;
    }
    web = calloc(1, sizeof(*web));
    if (web == NULL)
        return;
    web->issuer = issuer;
    web->link = (struct lk_link){.end = LK_LINK_ISSUER_FROM_WEB,
                                 .ready = web_ready,
                                 .frame = web_frame,
                                 .gone = web_gone,
                                 .context = web};
    if (lk_link_start(&web->link, issuer->start.loop, lk_fd_take(&fd)) != 0) {
        free(web);
        return;
    }
    web->next = issuer->webs;
    issuer->webs = web;
    issuer->web_count++;
}

int lk_webs_begin(struct lk_issuer *issuer, int listener)
{
    issuer->listener = (struct lk_watch){
        .fd = listener, .events = EPOLLIN, .ready = webs_accept, .context = issuer};
    return lk_loop_add(issuer->start.loop, &issuer->listener);
}

void lk_webs_end(struct lk_issuer *issuer)
{
    lk_loop_remove(issuer->start.loop, &issuer->listener);
    lk_fd_close(&issuer->listener.fd);
    while (issuer->webs != NULL) {
        struct lk_web *web = issuer->webs;

        lk_link_stop(&web->link);
        web_gone(&web->link, -LK_ERR_CLOSED);
    }
}
