/* SPDX-License-Identifier: EUPL-1.2 */
/* One connection to the broker. It runs inside login programs of every kind, so it waits in slices in which the caller may look at
 * pending signals, and leaves the process as it found it. */
#include "client/client.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "client/peer.h"

enum { LK_CONNECT_RETRY_MS = 20 };

static bool lk_client_interrupted(bool (*interrupted)(void *), void *context)
{
    return interrupted != NULL && interrupted(context);
}

static int64_t lk_client_now(void)
{
    return lk_clock_monotonic_ms(&lk_clock_system);
}

void lk_client_forget(struct lk_client *client)
{
    client->fd = -1;
    lk_buf_clear(&client->in);
    lk_buf_clear(&client->out);
}

void lk_client_close(struct lk_client *client)
{
    lk_fd_close(&client->fd);
    lk_client_forget(client);
}

int lk_client_check(const struct lk_client *client)
{
    return lk_peer_check_socket(client->fd, client->owner);
}

int lk_client_flush(struct lk_client *client)
{
    int r = lk_buf_error(&client->out);

    if (r == 0)
        r = lk_frame_send(client->fd, lk_buf_view(&client->out));
    lk_buf_reset(&client->out);
    return r;
}

int lk_client_receive(struct lk_client *client, int timeout_ms, bool (*interrupted)(void *),
                      void *context, struct lk_frame *ret_frame)
{
    int64_t deadline = timeout_ms < 0 ? INT64_MAX : lk_client_now() + timeout_ms;

    lk_buf_consume(&client->in, client->consume);
    client->consume = 0;
    for (;;) {
        int64_t left = deadline - lk_client_now();
        int slice = left > LK_CLIENT_SLICE_MS ? LK_CLIENT_SLICE_MS : (int)(left > 0 ? left : 0);
        int r;

        if (lk_client_interrupted(interrupted, context))
            return -LK_ERR_BUSY;
        r = lk_frame_receive(client->fd, &client->in, slice, ret_frame, &client->consume);
        if (r != -LK_ERR_TIMEOUT || left <= 0)
            return r;
    }
}

/* The connect itself. A full backlog (EAGAIN on a non-blocking socket) is waited for in short sleeps: a blocking connect could not be
 * left when a signal is pending. */
static int lk_client_dial(struct lk_client *client, const struct lk_client_options *options,
                          int64_t deadline)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    memcpy(address.sun_path, options->path, strlen(options->path) + 1);
    client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (client->fd < 0)
        return lk_error_from_errno(errno);
    for (;;) {
        if (lk_client_interrupted(options->interrupted, options->context))
            return -LK_ERR_BUSY;
        if (connect(client->fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
            return 0;
        if (errno == ECONNREFUSED)
            return -LK_ERR_CLOSED;
        if (errno != EAGAIN && errno != EINTR)
            return lk_error_from_errno(errno);
        if (lk_client_now() >= deadline)
            return -LK_ERR_TIMEOUT;
        (void)poll(NULL, 0, LK_CONNECT_RETRY_MS);
    }
}

static int lk_client_hello(struct lk_client *client, const struct lk_client_options *options,
                           int64_t deadline)
{
    struct lk_hello hello = {.lowest = LK_PROTOCOL_VERSION_PREVIOUS,
                             .highest = LK_PROTOCOL_VERSION,
                             .role = options->role};
    struct lk_frame frame;
    uint16_t version;
    int64_t left;
    int r = lk_hello_encode(&client->out, &hello);

    if (r == 0)
        r = lk_client_flush(client);
    if (r != 0)
        return r;
    left = deadline - lk_client_now();
    r = lk_client_receive(client, left > 0 ? (int)left : 0, options->interrupted, options->context,
                          &frame);
    if (r != 0)
        return r;
    if (frame.type != LK_MESSAGE_HELLO || frame.request != 0)
        return -LK_ERR_UNEXPECTED;
    r = lk_hello_decode(frame.payload, &hello);
    if (r != 0)
        return r;
    /* The answer names the chosen version twice, and the socket that was asked for. */
    if (hello.role != options->role || hello.lowest != hello.highest)
        return -LK_ERR_UNEXPECTED;
    return lk_hello_agree(&hello, &version);
}

static int lk_client_find(struct lk_client *client, const struct lk_client_options *options,
                          int64_t deadline)
{
    int r = lk_peer_check_path(options->path, geteuid(), &client->owner);

    if (r == 0)
        r = lk_client_dial(client, options, deadline);
    return r == 0 ? lk_client_check(client) : r;
}

int lk_client_reach(const char *path, int timeout_ms, int *ret_fd)
{
    struct lk_client client = LK_CLIENT_INIT;
    const struct lk_client_options options = {.path = path, .timeout_ms = timeout_ms};
    int r = lk_client_find(&client, &options, lk_client_now() + timeout_ms);

    if (r == 0)
        *ret_fd = client.fd;
    else
        lk_fd_close(&client.fd);
    return r;
}

static int lk_client_open(struct lk_client *client, const struct lk_client_options *options)
{
    int64_t deadline = lk_client_now() + options->timeout_ms;
    int r = lk_client_find(client, options, deadline);

    return r == 0 ? lk_client_hello(client, options, deadline) : r;
}

int lk_client_connect(struct lk_client *client, const struct lk_client_options *options)
{
    int r;

    *client = LK_CLIENT_INIT;
    lk_buf_init(&client->in, LK_FRAME_MAX);
    lk_buf_init_secret(&client->out, LK_FRAME_QUEUE_MAX);
    client->next_request = 1;
    r = lk_client_open(client, options);
    if (r != 0)
        lk_client_close(client);
    return r;
}
