/* SPDX-License-Identifier: EUPL-1.2 */
/* One end of a link between two processes of the gateway, or between the issuer and the broker: hello in both directions, then frames. What may be received is in one
 * table (links.c); a frame that is not in the row of this receiver ends the link before anybody looks into it. */
#ifndef LK_SSO_COMMON_LINK_H
#define LK_SSO_COMMON_LINK_H

#include "loop/peer.h"
#include "message/sso.h"

/* Who receives, and from whom. */
enum lk_link_end {
    LK_LINK_ISSUER_FROM_WEB = 1,
    LK_LINK_WEB_FROM_ISSUER,
    LK_LINK_ISSUER_FROM_WORKER,
    LK_LINK_WORKER_FROM_ISSUER,
    LK_LINK_ISSUER_FROM_NOTIFY,
    LK_LINK_NOTIFY_FROM_ISSUER,
    LK_LINK_ISSUER_FROM_BROKER
};

/* May this end receive this type? HELLO is not in the table: it is the link's own. */
bool lk_link_permits(enum lk_link_end end, enum lk_message type);
/* The role that both ends name in their hello. */
enum lk_role_socket lk_link_role(enum lk_link_end end);

struct lk_link {
    struct lk_peer peer; /* out: where requests and answers are written; lk_link_flush sends them */
    enum lk_link_end end;
    bool greeted;
    uint32_t last_request;
    /* Once the other end has greeted. May be NULL. */
    void (*ready)(struct lk_link *link);
    /* A permitted frame. 0, or a negative error, which ends the link. */
    int (*frame)(struct lk_link *link, const struct lk_frame *frame);
    /* The link is over and stopped; may free it, or connect anew later. */
    void (*gone)(struct lk_link *link, int error);
    void *context;
};

/* Takes fd over (also on failure), sends the hello. end, ready, frame, gone and context are set by the caller before; the rest is zeroed here. */
LK_MUST_USE int lk_link_start(struct lk_link *link, struct lk_loop *loop, int fd);
/* Closes and wipes; gone is not called. May be called from within frame, ready and gone, and twice. */
void lk_link_stop(struct lk_link *link);
/* True between ready and gone. */
bool lk_link_up(const struct lk_link *link);
/* True between start and gone: what is written goes out behind the hello, and is read when the other end has come up. A supervisor that listens in its place makes
 * that a matter of seconds after a start; whoever asks on a link that is not up yet keeps a limit of his own. */
bool lk_link_open(const struct lk_link *link);
/* A request id of this end, never 0; ids of questions still open may not be reused, so at most 2^31 of them are. */
uint32_t lk_link_request(struct lk_link *link);
/* Sends what stands in out. An error ends the link: it is stopped, and gone is called from the loop, not from here. */
void lk_link_flush(struct lk_link *link);

#endif
