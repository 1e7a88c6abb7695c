/* SPDX-License-Identifier: EUPL-1.2 */
/* The life of a link. Both ends greet without waiting for each other; the broker answers a hello with the version it chose, which agrees by the same rule. */
#include "sso/common/link.h"

#include <string.h>

static int link_hello(struct lk_link *link, const struct lk_frame *frame)
{
    struct lk_hello hello;
    uint16_t version;
    int error;

    if (link->greeted || frame->type != LK_MESSAGE_HELLO || frame->request != 0)
        return -LK_ERR_UNEXPECTED;
    error = lk_hello_decode(frame->payload, &hello);
    if (error == 0 && hello.role != lk_link_role(link->end))
        error = -LK_ERR_UNEXPECTED;
    if (error == 0)
        error = lk_hello_agree(&hello, &version);
    if (error != 0)
        return error;
    link->greeted = true;
    if (link->ready != NULL)
        link->ready(link);
    return 0;
}

static int link_frame(struct lk_peer *peer, const struct lk_frame *frame)
{
    struct lk_link *link = peer->context;

    if (!link->greeted || frame->type == LK_MESSAGE_HELLO)
        return link_hello(link, frame);
    if (!lk_link_permits(link->end, frame->type))
        return -LK_ERR_UNEXPECTED;
    return link->frame(link, frame);
}

static void link_gone(struct lk_peer *peer, int error)
{
    struct lk_link *link = peer->context;

    link->greeted = false;
    link->gone(link, error);
}

int lk_link_start(struct lk_link *link, struct lk_loop *loop, int fd)
{
    const struct lk_hello hello = {.lowest = LK_PROTOCOL_VERSION_PREVIOUS,
                                   .highest = LK_PROTOCOL_VERSION,
                                   .role = lk_link_role(link->end)};
    int error;

    memset(&link->peer, 0, sizeof(link->peer));
    link->peer.frame = link_frame;
    link->peer.gone = link_gone;
    link->peer.context = link;
    link->greeted = false;
    link->last_request = 0;
    error = lk_peer_start(&link->peer, loop, fd);
    if (error == 0)
        error = lk_hello_encode(&link->peer.out, &hello);
    if (error == 0)
        error = lk_peer_flush(&link->peer);
    if (error != 0)
        lk_link_stop(link);
    return error;
}

void lk_link_stop(struct lk_link *link)
{
    link->greeted = false;
    if (link->peer.loop != NULL)
        lk_peer_stop(&link->peer);
}

bool lk_link_up(const struct lk_link *link)
{
    return link->greeted;
}

bool lk_link_open(const struct lk_link *link)
{
    return link->peer.loop != NULL && link->peer.watch.fd >= 0;
}

uint32_t lk_link_request(struct lk_link *link)
{
    link->last_request = link->last_request % INT32_MAX + 1;
    return link->last_request;
}

/* What cannot be sent is met by the loop: the socket is shut, its end comes as an event, and nobody's frame is freed under his feet. */
void lk_link_flush(struct lk_link *link)
{
    if (!lk_link_open(link))
        return;
    if (lk_peer_flush(&link->peer) != 0)
        lk_peer_fail(&link->peer);
}
