/* SPDX-License-Identifier: EUPL-1.2 */
/* One end of a stream between our own processes. Frames in, frames out, never blocking. */
#ifndef LK_LOOP_PEER_H
#define LK_LOOP_PEER_H

#include "loop/loop.h"
#include "message/frame.h"

enum { LK_PEER_DESCRIPTORS = 32 };

struct lk_peer {
    struct lk_loop *loop;
    struct lk_watch watch;
    struct lk_buf in;
    struct lk_buf out;
    bool takes_descriptors;               /* else a message that brings one ends the peer */
    int descriptors[LK_PEER_DESCRIPTORS]; /* came and not yet taken, in order */
    size_t descriptor_count;
    /* For gone: the other side closed before it had read all that was sent (ECONNRESET of a UNIX socket) or could not be reached (EPIPE). The last frame was not
     * seen whole. */
    bool unread;
    bool *stopped; /* set while frames are handed out: the handler may stop the peer */
    /* 0, or a negative error: then gone is called with it. */
    int (*frame)(struct lk_peer *peer, const struct lk_frame *frame);
    /* The other end closed (-LK_ERR_CLOSED), sent nonsense or reads no more. The peer is stopped already. */
    void (*gone)(struct lk_peer *peer, int error);
    void *context;
};

/* Takes fd over (also on failure); frame, gone, context and takes_descriptors are set by the caller before. */
LK_MUST_USE int lk_peer_start(struct lk_peer *peer, struct lk_loop *loop, int fd);
/* Closes and wipes. May be called from within frame and gone, and twice. */
void lk_peer_stop(struct lk_peer *peer);
/* Sends what stands in out; what does not fit now goes out later. 0 or a negative error; gone is not called from here. */
LK_MUST_USE int lk_peer_flush(struct lk_peer *peer);
/* Gives up from outside a callback: nothing more is sent, and the loop calls gone in its own time. */
void lk_peer_fail(struct lk_peer *peer);
/* The oldest descriptor that came, now the caller's; -1 if none. */
int lk_peer_take_descriptor(struct lk_peer *peer);

#endif
