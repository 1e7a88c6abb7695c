/* SPDX-License-Identifier: EUPL-1.2 */
/* Connections of our sockets: accept, hello, frames, output.
 *
 * Hostile input: every byte. A frame that does not decode, a message that is not in the table of its socket, a second hello, a peer
 * that sends 4 KB without one or lets its deadline pass: the connection is closed and nothing else changes. Memory a
 * peer can hold is bounded: one frame beyond the queue limit of input, and output that stops its own requests. A PIN passes
 * through the read buffer, so that and the input buffers are wiped. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/secret.h"
#include "broker/broker.h"
#include "broker/limits.h"

enum {
    ACCEPT_BATCH = 64,     /* connections taken in one turn */
    HELLO_MS = 5000,       /* from accept to hello */
    REQUEST_MS = 10000,    /* from hello to the request on host and worker sockets */
    REST_MS = 300000,      /* from an answer to the next request on worker sockets */
    CLOSE_MS = 5000,       /* for the last flush */
    ACCEPT_PAUSE_MS = 100, /* when descriptors have run out */
    IN_FLIGHT_MAX = 1024,  /* requests of one gateway connection that are being worked on */
    OUT_MAX = 2 * LK_FRAME_QUEUE_MAX,
    OUT_MAX_DESK = 16 << 20 /* a page of a list is LK_LIST_MOST frames */
};

static uint8_t read_buffer[LK_FRAME_MAX];

static const char *role_name(enum lk_role_socket role)
{
    switch (role) {
    case LK_SOCKET_HOST:
        return "host";
    case LK_SOCKET_DESK:
        return "desk";
    case LK_SOCKET_GATEWAY:
        return "gateway";
    case LK_SOCKET_WORKER:
        return "worker";
    default:
        return "?";
    }
}

void lk_connection_close(struct lk_connection *connection)
{
    struct lk_broker *broker = connection->broker;

    if (connection->dead)
        return;
    connection->dead = true;
    if (connection->work != NULL && connection->work_cancel != NULL)
        connection->work_cancel(connection);
    connection->work = NULL;
    lk_loop_disarm(broker->loop, &connection->deadline);
    lk_loop_remove(broker->loop, &connection->watch);
    lk_fd_close(&connection->watch.fd);
    if (connection->role == LK_SOCKET_HOST)
        lk_limits_disconnect(broker->limits, connection->uid);
}

static void connection_refuse(struct lk_connection *connection, int error)
{
    if (connection->dead)
        return;
    if (lk_limits_may_log(connection->broker->limits))
        lk_broker_log(connection->broker, "%s socket: closed connection of uid %u, pid %d: %s: %s",
                      role_name(connection->role), (unsigned)connection->uid, (int)connection->pid,
                      lk_error_name(error), lk_error_text(error));
    lk_connection_close(connection);
}

static void connection_late(struct lk_timer *timer)
{
    struct lk_connection *connection = timer->context;

    if (connection->resting)
        lk_connection_close(connection);
    else
        connection_refuse(connection, -LK_ERR_TIMEOUT);
}

void lk_connection_rest(struct lk_connection *connection)
{
    connection->resting = true;
    lk_loop_arm(connection->broker->loop, &connection->deadline, REST_MS);
}

/* ---- input ---- */

static int connection_hello(struct lk_connection *connection, const struct lk_frame *frame)
{
    struct lk_hello hello;
    int error;

    if (connection->hello)
        return -LK_ERR_UNEXPECTED;
    error = lk_hello_decode(frame->payload, &hello);
    if (error != 0)
        return error;
    if (hello.role != connection->role)
        return -LK_ERR_UNEXPECTED;
    error = lk_hello_agree(&hello, &connection->version);
    if (error != 0)
        return error;
    hello.lowest = hello.highest = connection->version;
    error = lk_hello_encode(&connection->out, &hello);
    if (error != 0)
        return error;
    connection->hello = true;
    lk_loop_disarm(connection->broker->loop, &connection->deadline);
    if (connection->role == LK_SOCKET_HOST || connection->role == LK_SOCKET_WORKER)
        lk_loop_arm(connection->broker->loop, &connection->deadline, REQUEST_MS);
    return 0;
}

static int connection_pin(struct lk_connection *connection, const struct lk_frame *frame)
{
    struct lk_view pin;
    int error;

    if (connection->work == NULL || connection->work_pin == NULL)
        return -LK_ERR_UNEXPECTED;
    error = lk_pin_decode(frame->payload, &pin);
    if (error != 0)
        return error;
    connection->work_pin(connection, pin);
    return 0;
}

/* Where one ceremony with a person may be under way. */
static bool has_ceremony(const struct lk_connection *connection)
{
    return connection->role == LK_SOCKET_HOST || connection->role == LK_SOCKET_DESK;
}

static int connection_handle(struct lk_connection *connection, const struct lk_frame *frame)
{
    if (frame->type == LK_MESSAGE_HELLO)
        return connection_hello(connection, frame);
    if (!connection->hello)
        return -LK_ERR_UNEXPECTED;
    if (has_ceremony(connection) && frame->type == LK_MESSAGE_PIN)
        return connection_pin(connection, frame);
    if (has_ceremony(connection) && frame->type == LK_MESSAGE_CANCEL) {
        if (frame->payload.len != 0)
            return -LK_ERR_TRAILING;
        /* A cancel may cross the verdict on its way: then there is nothing left to cancel. */
        if (connection->work != NULL && connection->work_cancel != NULL)
            connection->work_cancel(connection);
        return 0;
    }
    for (const struct lk_handler *row = connection->handlers; row->type != 0; row++) {
        if (row->type == frame->type)
            return row->handle(connection->broker, connection, frame);
    }
    return -LK_ERR_UNEXPECTED;
}

static bool connection_full(const struct lk_connection *connection)
{
    return connection->out.len > LK_FRAME_QUEUE_MAX || connection->in_flight >= IN_FLIGHT_MAX;
}

/* Handles the whole frames that are there. */
static int connection_frames(struct lk_connection *connection)
{
    struct lk_view rest = lk_buf_view(&connection->in);
    size_t used = 0;

    while (!connection->closing && !connection->dead) {
        struct lk_frame frame;
        struct lk_view whole;
        size_t size;
        int error;

        connection->paused = connection_full(connection);
        if (connection->paused)
            break;
        error = lk_frame_next(rest, &frame, &size);
        if (error == -LK_ERR_TRUNCATED)
            break;
        if (error == 0)
            error = lk_view_get_view(&rest, size, &whole);
        if (error == 0)
            error = connection_handle(connection, &frame);
        if (error != 0)
            return error;
        used += size;
    }
    lk_buf_consume(&connection->in, used);
    if (!connection->hello && connection->in.len >= LK_FRAME_BEFORE_HELLO)
        return -LK_ERR_TOO_BIG;
    return lk_buf_error(&connection->out);
}

/* Many requests may be ready in one turn of the loop, of one connection and of many: they are read in one snapshot (each commit of the writer empties the
 * page cache of a reader), and what they decide goes to the disk together. No completion is heard in between, so nobody misses a change that he was told of. */
void lk_broker_turn_hold(struct lk_broker *broker)
{
    if (!broker->turn_held) {
        lk_store_thread_hold(broker->store_thread);
        broker->turn_held = true;
    }
    if (!broker->turn_snapshot && broker->store != NULL)
        broker->turn_snapshot = broker->store_ops->hold(broker->store) == 0;
}

void lk_broker_turn_release(struct lk_broker *broker)
{
    if (broker->turn_held)
        lk_store_thread_release(broker->store_thread);
    if (broker->turn_snapshot)
        broker->store_ops->release(broker->store);
    broker->turn_held = false;
    broker->turn_snapshot = false;
}

static int connection_work(struct lk_connection *connection)
{
    lk_broker_turn_hold(connection->broker);
    return connection_frames(connection);
}

static void connection_read(struct lk_connection *connection)
{
    size_t room = connection->in.max - connection->in.len;
    size_t most = connection->hello ? sizeof(read_buffer) : LK_FRAME_BEFORE_HELLO;
    ssize_t count;
    int error;

    if (connection->paused || connection->closing || room == 0)
        return;
    count = recv(connection->watch.fd, read_buffer, room < most ? room : most, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (count <= 0) {
        lk_connection_close(connection);
        return;
    }
    lk_buf_put_bytes(&connection->in, read_buffer, (size_t)count);
    lk_wipe(read_buffer, (size_t)count);
    error = lk_buf_error(&connection->in);
    if (error == 0)
        error = connection_work(connection);
    if (error != 0)
        connection_refuse(connection, error);
}

/* ---- output ---- */

static void connection_flush(struct lk_connection *connection)
{
    uint32_t events = 0;

    if (lk_buf_error(&connection->out) != 0) {
        connection_refuse(connection, lk_buf_error(&connection->out));
        return;
    }
    while (connection->out.len > 0) {
        ssize_t count = send(connection->watch.fd, connection->out.data, connection->out.len,
                             MSG_DONTWAIT | MSG_NOSIGNAL);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0 && errno == EAGAIN)
            break;
        if (count < 0) {
            lk_connection_close(connection);
            return;
        }
        lk_buf_consume(&connection->out, (size_t)count);
    }
    if (connection->closing && connection->out.len == 0) {
        lk_connection_close(connection);
        return;
    }
    if (connection->closing && !connection->deadline.armed)
        lk_loop_arm(connection->broker->loop, &connection->deadline, CLOSE_MS);
    if (!connection->paused && !connection->closing)
        events |= EPOLLIN;
    if (connection->out.len > 0)
        events |= EPOLLOUT;
    if (lk_loop_change(connection->broker->loop, &connection->watch, events) != 0)
        lk_connection_close(connection);
}

static void connection_ready(struct lk_watch *watch, uint32_t events)
{
    struct lk_connection *connection = watch->context;

    if ((events & (EPOLLERR | EPOLLHUP)) != 0 && (connection->paused || connection->closing)) {
        lk_connection_close(connection);
        return;
    }
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
        connection_read(connection);
}

void lk_connection_turn_end(void *context)
{
    struct lk_broker *broker = context;
    struct lk_connection **place = &broker->connections;

    lk_broker_turn_release(broker);
    for (struct lk_connection *one = broker->connections; one != NULL; one = one->next) {
        int error;

        if (one->dead)
            continue;
        connection_flush(one);
        if (one->dead || !one->paused || connection_full(one))
            continue;
        /* Frames that wait in the buffer bring no new event: they are taken up here. */
        one->paused = false;
        error = connection_work(one);
        if (error != 0)
            connection_refuse(one, error);
        else
            connection_flush(one);
    }
    lk_broker_turn_release(broker);
    while (*place != NULL) {
        struct lk_connection *one = *place;

        if (!one->dead) {
            place = &one->next;
            continue;
        }
        *place = one->next;
        lk_buf_clear(&one->in);
        lk_buf_clear(&one->out);
        free(one);
    }
}

/* ---- accept ---- */

static const struct lk_handler *role_handlers(enum lk_role_socket role)
{
    switch (role) {
    case LK_SOCKET_HOST:
        return lk_host_handlers;
    case LK_SOCKET_DESK:
        return lk_desk_handlers;
    case LK_SOCKET_WORKER:
        return lk_worker_handlers;
    default:
        return lk_gateway_handlers;
    }
}

/* Who else may connect is said by the socket's mode, which does not hold root back. Root asks at the host socket; on a machine where a PAM
 * worker runs as root the password would be read by a process that can do anything. */
static bool peer_permitted(const struct lk_broker *broker, enum lk_role_socket role, uid_t uid)
{
    if (role != LK_SOCKET_WORKER)
        return true;
    return broker->rootless ? uid == geteuid() : uid != 0;
}

static int connection_open(struct lk_broker *broker, enum lk_role_socket role, int fd)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);
    struct lk_connection *connection;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
        return -LK_ERR_IO;
    if (!peer_permitted(broker, role, peer.uid))
        return -LK_ERR_DENIED;
    if (role == LK_SOCKET_HOST && !lk_limits_connect(broker->limits, peer.uid))
        return -LK_ERR_FULL;
    connection = calloc(1, sizeof(*connection));
    if (connection == NULL) {
        if (role == LK_SOCKET_HOST)
            lk_limits_disconnect(broker->limits, peer.uid);
        return -LK_ERR_NOMEM;
    }
    connection->broker = broker;
    connection->role = role;
    connection->handlers = role_handlers(role);
    connection->uid = peer.uid;
    connection->pid = peer.pid;
    connection->watch = (struct lk_watch){
        .fd = fd, .events = EPOLLIN, .ready = connection_ready, .context = connection};
    connection->deadline = (struct lk_timer){.fired = connection_late, .context = connection};
    lk_buf_init_secret(&connection->in, 2 * LK_FRAME_MAX);
    lk_buf_init(&connection->out, role == LK_SOCKET_DESK ? OUT_MAX_DESK : OUT_MAX);
    connection->next = broker->connections;
    broker->connections = connection;
    if (lk_loop_add(broker->loop, &connection->watch) != 0) {
        lk_connection_close(connection);
        return 0;
    }
    lk_loop_arm(broker->loop, &connection->deadline, HELLO_MS);
    return 0;
}

static void listener_resume(struct lk_timer *timer)
{
    struct lk_broker *broker = timer->context;

    for (size_t i = 0; i < sizeof(broker->listeners) / sizeof(broker->listeners[0]); i++) {
        struct lk_watch *watch = &broker->listeners[i];

        if (watch->ready != NULL && !watch->added && lk_loop_add(broker->loop, watch) != 0)
            lk_broker_log(broker, "%s socket: cannot be watched: %m",
                          role_name((enum lk_role_socket)i));
    }
}

static void listener_ready(struct lk_watch *watch, uint32_t events)
{
    struct lk_broker *broker = watch->context;
    enum lk_role_socket role = (enum lk_role_socket)(watch - broker->listeners);

    (void)events;
    for (int i = 0; i < ACCEPT_BATCH; i++) {
        int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)) {
            lk_loop_remove(broker->loop, watch);
            lk_loop_arm(broker->loop, &broker->accept_pause, ACCEPT_PAUSE_MS);
            return;
        }
        if (fd < 0)
            return;
        if (connection_open(broker, role, fd) != 0)
            close(fd);
    }
}

int lk_connection_listen(struct lk_broker *broker, enum lk_role_socket role, int fd)
{
    struct lk_watch *watch = &broker->listeners[role];

    broker->accept_pause.fired = listener_resume;
    broker->accept_pause.context = broker;
    *watch =
        (struct lk_watch){.fd = fd, .events = EPOLLIN, .ready = listener_ready, .context = broker};
    return lk_loop_add(broker->loop, watch);
}

void lk_connection_close_all(struct lk_broker *broker)
{
    for (struct lk_connection *one = broker->connections; one != NULL; one = one->next)
        lk_connection_close(one);
    lk_connection_turn_end(broker);
    lk_loop_disarm(broker->loop, &broker->accept_pause);
    for (size_t i = 0; i < sizeof(broker->listeners) / sizeof(broker->listeners[0]); i++) {
        struct lk_watch *watch = &broker->listeners[i];

        if (watch->ready == NULL)
            continue;
        lk_loop_remove(broker->loop, watch);
        lk_fd_close(&watch->fd);
        watch->ready = NULL;
    }
}
