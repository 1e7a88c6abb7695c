/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Front end: a UNIX SOCK_SEQPACKET socket. One connection is one open handle, one packet one
 * report. While the key is unplugged the socket is not there.
 */
#include "front.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctaphid.h"
#include "loop.h"

#define LK_HANDLES_MAX 256

struct lk_front_socket {
    struct lk_loop *loop;
    struct lk_ctaphid *hid;
    struct sockaddr_un address;
    int listener;
    int handle[LK_HANDLES_MAX]; /* -1: free */
    bool used[LK_HANDLES_MAX];  /* a report came over it */
};

static void lk_handle_close(struct lk_front_socket *front, int connection)
{
    lk_loop_unwatch(front->loop, front->handle[connection]);
    close(front->handle[connection]);
    front->handle[connection] = -1;
}

/* A handle whose reader sleeps loses reports, as with the kernel's hidraw. */
static void lk_front_socket_send(void *context, int connection,
                                 const uint8_t report[LK_REPORT_SIZE])
{
    struct lk_front_socket *front = context;

    for (int i = 0; i < LK_HANDLES_MAX; i++) {
        if (front->handle[i] >= 0 && (connection == LK_EVERY_CONNECTION || connection == i))
            (void)send(front->handle[i], report, LK_REPORT_SIZE, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
}

static void lk_handle_read(void *context, int fd, short events)
{
    struct lk_front_socket *front = context;
    uint8_t report[LK_REPORT_SIZE + 2];
    ssize_t length;
    int connection = 0;

    (void)events;
    while (front->handle[connection] != fd)
        connection++;
    length = recv(fd, report, sizeof(report), MSG_DONTWAIT);
    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (length <= 0) {
        lk_handle_close(front, connection);
        return;
    }
    if (!front->used[connection]) {
        front->used[connection] = true;
        front->hid->key->counters.opens++;
    }
    lk_ctaphid_receive(front->hid, connection, report, (size_t)length);
}

static void lk_listener_accept(void *context, int fd, short events)
{
    struct lk_front_socket *front = context;
    int connection = 0, handle = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    (void)events;
    if (handle < 0)
        return;
    while (connection < LK_HANDLES_MAX && front->handle[connection] >= 0)
        connection++;
    if (connection == LK_HANDLES_MAX ||
        !lk_loop_watch(front->loop, handle, lk_handle_read, front)) {
        close(handle);
        return;
    }
    front->handle[connection] = handle;
    front->used[connection] = false;
}

static bool lk_listener_open(struct lk_front_socket *front)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return false;
    unlink(front->address.sun_path);
    if (bind(fd, (const struct sockaddr *)&front->address, sizeof(front->address)) != 0 ||
        listen(fd, 64) != 0 || !lk_loop_watch(front->loop, fd, lk_listener_accept, front)) {
        close(fd);
        return false;
    }
    front->listener = fd;
    return true;
}

static void lk_listener_close(struct lk_front_socket *front)
{
    if (front->listener < 0)
        return;
    unlink(front->address.sun_path);
    lk_loop_unwatch(front->loop, front->listener);
    close(front->listener);
    front->listener = -1;
}

static void lk_front_socket_plug(void *context, bool plugged)
{
    struct lk_front_socket *front = context;

    if (plugged) {
        if (!lk_listener_open(front))
            perror("cannot listen again");
        return;
    }
    lk_listener_close(front);
    for (int i = 0; i < LK_HANDLES_MAX; i++) {
        if (front->handle[i] >= 0)
            lk_handle_close(front, i);
    }
}

bool lk_front_socket_open(struct lk_loop *loop, struct lk_ctaphid *hid, const char *path)
{
    struct lk_front_socket *front = calloc(1, sizeof(*front));

    if (front == NULL || strlen(path) >= sizeof(front->address.sun_path)) {
        fprintf(stderr, "lk_softkey: %s: the path of a socket has at most %zu bytes\n", path,
                sizeof(front->address.sun_path) - 1);
        free(front);
        return false;
    }
    front->loop = loop;
    front->hid = hid;
    front->listener = -1;
    front->address.sun_family = AF_UNIX;
    memcpy(front->address.sun_path, path, strlen(path) + 1);
    for (int i = 0; i < LK_HANDLES_MAX; i++)
        front->handle[i] = -1;
    if (!lk_listener_open(front)) {
        perror(path);
        free(front);
        return false;
    }
    hid->front = (struct lk_front){front, lk_front_socket_send, lk_front_socket_plug};
    return true;
}

void lk_front_socket_close(struct lk_ctaphid *hid)
{
    struct lk_front_socket *front = hid->front.context;

    lk_front_socket_plug(front, false);
    free(front);
}
