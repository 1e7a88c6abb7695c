/* SPDX-License-Identifier: EUPL-1.2 */
/* Frames over stream sockets, blocking with a deadline.
 *
 * Exactly one frame is read from the socket at a time, never into the next one: a descriptor travels with the first byte of its
 * frame, and the kernel would hand it out with whatever bytes are read along. Descriptors that nobody asked for are dropped by the
 * kernel (no control buffer) or closed here. Nothing here raises SIGPIPE or changes a descriptor's flags. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "message/frame.h"

enum {
    LK_SEND_TIMEOUT_MS = 10000, /* a peer that reads nothing for so long is not one */
    LK_DESCRIPTORS_MAX = 8      /* taken in only to be closed when there is more than one */
};

/* A point in time for a timeout from now; -1 = none. */
static int64_t lk_deadline_from(int timeout_ms)
{
    return timeout_ms < 0 ? -1 : lk_clock_monotonic_ms(&lk_clock_system) + timeout_ms;
}

/* Waits until fd is ready for events: 0, -LK_ERR_TIMEOUT, -LK_ERR_IO. Hang-ups count as ready: the call that follows tells. */
static int lk_fd_wait(int fd, short events, int64_t deadline)
{
    for (;;) {
        struct pollfd item = {.fd = fd, .events = events};
        int left = -1;
        int n;

        if (deadline >= 0) {
            int64_t rest = deadline - lk_clock_monotonic_ms(&lk_clock_system);

            left = rest < 0 ? 0 : (int)rest;
        }
        n = poll(&item, 1, left);
        if (n > 0)
            return (item.revents & POLLNVAL) != 0 ? -LK_ERR_IO : 0;
        if (n == 0)
            return -LK_ERR_TIMEOUT;
        if (errno != EINTR)
            return -LK_ERR_IO;
    }
}

/* The descriptors of one recvmsg: the first into *fd if it is the only one, else all are closed and the result is an error. */
static int lk_descriptors_take(struct msghdr *message, int *fd)
{
    int found[LK_DESCRIPTORS_MAX];
    size_t count = 0;

    for (struct cmsghdr *item = CMSG_FIRSTHDR(message); item != NULL;
         item = CMSG_NXTHDR(message, item)) {
        size_t bytes = item->cmsg_len - CMSG_LEN(0);

        if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t i = 0; i < bytes / sizeof(int) && count < LK_DESCRIPTORS_MAX; i++)
            memcpy(&found[count++], CMSG_DATA(item) + i * sizeof(int), sizeof(int));
    }
    if (count == 1 && *fd < 0 && (message->msg_flags & MSG_CTRUNC) == 0) {
        *fd = found[0];
        return 0;
    }
    for (size_t i = 0; i < count; i++)
        close(found[i]);
    return count > 0 || (message->msg_flags & MSG_CTRUNC) != 0 ? -LK_ERR_UNEXPECTED : 0;
}

/* Reads at most len bytes onto the end of in. 0, -LK_ERR_TIMEOUT (nothing there after all), -LK_ERR_CLOSED, ... fd may be NULL. */
static int lk_bytes_receive(int socket_fd, struct lk_buf *in, size_t len, int *fd)
{
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(sizeof(int) * LK_DESCRIPTORS_MAX)];
    } control;
    uint8_t *room = lk_buf_reserve(in, len);
    struct iovec part = {.iov_base = room, .iov_len = len};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t n;

    if (room == NULL)
        return lk_buf_error(in);
    if (fd != NULL) {
        message.msg_control = control.space;
        message.msg_controllen = sizeof(control.space);
    }
    do {
        n = recvmsg(socket_fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    in->len -= n > 0 ? len - (size_t)n : len;
    if (n < 0)
        return lk_error_from_errno(errno);
    if (n == 0)
        return -LK_ERR_CLOSED;
    return fd != NULL ? lk_descriptors_take(&message, fd) : 0;
}

/* How many bytes the frame at the front of in still lacks; its length must already be known to be good. */
static size_t lk_frame_lacks(const struct lk_buf *in)
{
    struct lk_view view = lk_buf_view(in);
    uint32_t length;

    if (lk_view_get_u32(&view, &length) != 0)
        return sizeof(uint32_t) - in->len;
    return length - view.len;
}

int lk_frame_receive_fd(int fd, struct lk_buf *in, int timeout_ms, struct lk_frame *ret_frame,
                        size_t *ret_size, int *ret_fd)
{
    int64_t deadline = lk_deadline_from(timeout_ms);
    bool tried = false;
    int passed = -1;
    int r;

    for (;;) {
        r = lk_frame_next(lk_buf_view(in), ret_frame, ret_size);
        if (r != -LK_ERR_TRUNCATED)
            break;
        /* The rest of a frame mostly came with its length: it is looked for before it is waited for. */
        r = in->len < sizeof(uint32_t) || tried ? lk_fd_wait(fd, POLLIN, deadline) : 0;
        if (r != 0)
            break;
        tried = in->len >= sizeof(uint32_t);
        r = lk_bytes_receive(fd, in, lk_frame_lacks(in), ret_fd != NULL ? &passed : NULL);
        /* Ready, and yet nothing there: the wait alone decides about the deadline. */
        if (r != 0 && r != -LK_ERR_TIMEOUT)
            break;
    }
    if (r == 0 && ret_fd != NULL)
        *ret_fd = passed;
    else
        lk_fd_close(&passed);
    return r;
}

int lk_frame_receive(int fd, struct lk_buf *in, int timeout_ms, struct lk_frame *ret_frame,
                     size_t *ret_size)
{
    return lk_frame_receive_fd(fd, in, timeout_ms, ret_frame, ret_size, NULL);
}

/* One sendmsg of what it takes; *ret_sent bytes are gone. */
static int lk_bytes_send(int socket_fd, struct lk_view bytes, int pass_fd, size_t *ret_sent)
{
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    /* sendmsg does not write to the bytes, but its iovec has no const. */
    struct iovec part = {.iov_len = bytes.len};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t n;

    memcpy(&part.iov_base, &bytes.data, sizeof(part.iov_base));
    if (pass_fd >= 0) {
        struct cmsghdr *item;

        message.msg_control = control.space;
        message.msg_controllen = sizeof(control.space);
        item = CMSG_FIRSTHDR(&message);
        item->cmsg_level = SOL_SOCKET;
        item->cmsg_type = SCM_RIGHTS;
        item->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(item), &pass_fd, sizeof(int));
    }
    n = sendmsg(socket_fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        n = 0;
    if (n < 0)
        return lk_error_from_errno(errno);
    *ret_sent = (size_t)n;
    return 0;
}

int lk_frame_send_fd(int fd, struct lk_view bytes, int pass_fd)
{
    int64_t deadline = lk_deadline_from(LK_SEND_TIMEOUT_MS);

    while (bytes.len > 0) {
        size_t sent = 0;
        int r = lk_bytes_send(fd, bytes, pass_fd, &sent);

        if (r == 0 && sent == 0)
            r = lk_fd_wait(fd, POLLOUT, deadline);
        if (r != 0)
            return r;
        if (sent > 0)
            pass_fd = -1;
        bytes.data += sent;
        bytes.len -= sent;
    }
    return 0;
}

int lk_frame_send(int fd, struct lk_view bytes)
{
    return lk_frame_send_fd(fd, bytes, -1);
}
