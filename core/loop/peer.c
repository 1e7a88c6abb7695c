/* SPDX-License-Identifier: EUPL-1.2 */
/* Streams to our own processes. They are ours, but the talker has read bytes from USB and names has read answers of NSS: what comes is
 * checked like any peer's. Descriptors (SCM_RIGHTS) keep the order of the frames they came with; more than
 * LK_PEER_DESCRIPTORS that nobody took end the peer. */
#include "loop/peer.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/secret.h"

enum { PEER_READ = 16384, PEER_CONTROL = 8 };

void lk_peer_stop(struct lk_peer *peer)
{
    if (peer->stopped != NULL)
        *peer->stopped = true;
    peer->stopped = NULL;
    lk_loop_remove(peer->loop, &peer->watch);
    lk_fd_close(&peer->watch.fd);
    for (size_t i = 0; i < peer->descriptor_count; i++)
        close(peer->descriptors[i]);
    peer->descriptor_count = 0;
    lk_buf_clear(&peer->in);
    lk_buf_clear(&peer->out);
}

static void peer_end(struct lk_peer *peer, int error)
{
    peer->unread = peer->unread || peer->out.len > 0;
    lk_peer_stop(peer);
    peer->gone(peer, error);
}

int lk_peer_flush(struct lk_peer *peer)
{
    int error = lk_buf_error(&peer->out);
    uint32_t events = EPOLLIN;

    if (error != 0 || peer->watch.fd < 0)
        return error != 0 ? error : -LK_ERR_CLOSED;
    while (peer->out.len > 0) {
        ssize_t count =
            send(peer->watch.fd, peer->out.data, peer->out.len, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0 && errno == EAGAIN) {
            events |= EPOLLOUT;
            break;
        }
        if (count < 0) {
            peer->unread = errno == EPIPE || errno == ECONNRESET;
            return lk_error_from_errno(errno);
        }
        lk_buf_consume(&peer->out, (size_t)count);
    }
    return lk_loop_change(peer->loop, &peer->watch, events);
}

void lk_peer_fail(struct lk_peer *peer)
{
    if (peer->watch.fd < 0)
        return;
    peer->unread = peer->unread || peer->out.len > 0;
    lk_buf_reset(&peer->out);
    (void)shutdown(peer->watch.fd, SHUT_RDWR);
}

int lk_peer_take_descriptor(struct lk_peer *peer)
{
    int fd;

    if (peer->descriptor_count == 0)
        return -1;
    fd = peer->descriptors[0];
    peer->descriptor_count--;
    memmove(peer->descriptors, peer->descriptors + 1, peer->descriptor_count * sizeof(int));
    return fd;
}

/* Collects what came along. All are kept or closed: none leaks. */
static int peer_collect(struct lk_peer *peer, struct msghdr *message)
{
    int error = (message->msg_flags & MSG_CTRUNC) != 0 ? -LK_ERR_TOO_BIG : 0;

    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL;
         header = CMSG_NXTHDR(message, header)) {
        size_t count;
        int fds[PEER_CONTROL];

        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        if (count > PEER_CONTROL)
            return -LK_ERR_TOO_BIG;
        memcpy(fds, CMSG_DATA(header), count * sizeof(int));
        for (size_t i = 0; i < count; i++) {
            if (error == 0 && peer->takes_descriptors &&
                peer->descriptor_count < LK_PEER_DESCRIPTORS) {
                peer->descriptors[peer->descriptor_count++] = fds[i];
                continue;
            }
            close(fds[i]);
            error = -LK_ERR_UNEXPECTED;
        }
    }
    return error;
}

/* *ret_more: bytes came. */
static int peer_receive(struct lk_peer *peer, bool *ret_more)
{
    uint8_t bytes[PEER_READ];
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(PEER_CONTROL * sizeof(int))];
    } control;
    struct iovec part = {.iov_base = bytes, .iov_len = sizeof(bytes)};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.space,
                             .msg_controllen = sizeof(control.space)};
    ssize_t count;
    int error;

    if (part.iov_len > peer->in.max - peer->in.len)
        part.iov_len = peer->in.max - peer->in.len;
    if (part.iov_len == 0)
        return -LK_ERR_TOO_BIG;
    count = recvmsg(peer->watch.fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (count < 0) {
        if (errno == EAGAIN || errno == EINTR)
            return 0;
        peer->unread = peer->unread || errno == ECONNRESET;
        return lk_error_from_errno(errno);
    }
    error = peer_collect(peer, &message);
    if (error != 0)
        return error;
    if (count == 0)
        return -LK_ERR_CLOSED;
    lk_buf_put_bytes(&peer->in, bytes, (size_t)count);
    lk_wipe(bytes, (size_t)count);
    *ret_more = true;
    return lk_buf_error(&peer->in);
}

/* Hands out whole frames. True if the peer was stopped meanwhile: then it must not be touched. */
static bool peer_frames(struct lk_peer *peer, int *ret_error)
{
    bool stopped = false;
    struct lk_view rest = lk_buf_view(&peer->in);
    size_t used = 0;
    int error = 0;

    peer->stopped = &stopped;
    for (;;) {
        struct lk_frame frame;
        struct lk_view whole;
        size_t size = 0;

        error = lk_frame_next(rest, &frame, &size);
        if (error == -LK_ERR_TRUNCATED) {
            /* The rest is still on its way. From a handler the same error means a frame that is wrong. */
            error = 0;
            break;
        }
        if (error == 0)
            error = lk_view_get_view(&rest, size, &whole);
        if (error == 0)
            error = peer->frame(peer, &frame);
        if (stopped)
            return true;
        if (error != 0)
            break;
        used += size;
    }
    peer->stopped = NULL;
    lk_buf_consume(&peer->in, used);
    *ret_error = error;
    return false;
}

static void peer_ready(struct lk_watch *watch, uint32_t events)
{
    struct lk_peer *peer = watch->context;
    bool more = false;
    int error = 0;

    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
        error = peer_receive(peer, &more);
        /* What came before the end counts: a talker says its last word and exits. */
        if (error == 0 && more && peer_frames(peer, &error))
            return;
    }
    if (error == 0 && peer->out.len > 0)
        error = lk_peer_flush(peer);
    if (error != 0)
        peer_end(peer, error);
}

int lk_peer_start(struct lk_peer *peer, struct lk_loop *loop, int fd)
{
    int error;

    peer->loop = loop;
    peer->watch =
        (struct lk_watch){.fd = fd, .events = EPOLLIN, .ready = peer_ready, .context = peer};
    peer->descriptor_count = 0;
    peer->unread = false;
    peer->stopped = NULL;
    lk_buf_init_secret(&peer->in, 2 * LK_FRAME_MAX);
    lk_buf_init_secret(&peer->out, LK_FRAME_QUEUE_MAX);
    error = lk_loop_add(loop, &peer->watch);
    if (error != 0)
        lk_peer_stop(peer);
    return error;
}
