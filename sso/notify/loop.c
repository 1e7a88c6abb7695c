/* SPDX-License-Identifier: EUPL-1.2 */
/* libcurl says which descriptors and which time it waits for; our loop does the waiting. */
#include <stdlib.h>
#include <sys/epoll.h>

#include "sso/notify/notify.h"

static void act(struct lk_notify *notify, curl_socket_t fd, int events)
{
    int running;

    (void)curl_multi_socket_action(notify->multi, fd, events, &running);
    lk_transfers_finish(notify);
}

static void socket_ready(struct lk_watch *watch, uint32_t events)
{
    int what = 0;

    if ((events & EPOLLIN) != 0)
        what |= CURL_CSELECT_IN;
    if ((events & EPOLLOUT) != 0)
        what |= CURL_CSELECT_OUT;
    if ((events & (EPOLLERR | EPOLLHUP)) != 0)
        what |= CURL_CSELECT_ERR;
    act(watch->context, watch->fd, what);
}

static void time_over(struct lk_timer *timer)
{
    act(timer->context, CURL_SOCKET_TIMEOUT, 0);
}

static uint32_t events_of(int what)
{
    switch (what) {
    case CURL_POLL_IN:
        return EPOLLIN;
    case CURL_POLL_OUT:
        return EPOLLOUT;
    default:
        return EPOLLIN | EPOLLOUT;
    }
}

static struct lk_notify_socket *socket_new(struct lk_notify *notify, curl_socket_t fd)
{
    struct lk_notify_socket *socket = calloc(1, sizeof(*socket));

    if (socket == NULL)
        return NULL;
    socket->watch = (struct lk_watch){.fd = fd, .ready = socket_ready, .context = notify};
    if (curl_multi_assign(notify->multi, fd, socket) != CURLM_OK) {
        free(socket);
        return NULL;
    }
    return socket;
}

/* The watch may be the one whose event is being handled: it is freed when the turn is over. */
static int socket_changed(CURL *easy, curl_socket_t fd, int what, void *context, void *known)
{
    struct lk_notify *notify = context;
    struct lk_notify_socket *socket = known;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (socket == NULL)
            return 0;
        lk_loop_remove(notify->start.loop, &socket->watch);
        socket->next = notify->over;
        notify->over = socket;
        return 0;
    }
    if (socket != NULL)
        return lk_loop_change(notify->start.loop, &socket->watch, events_of(what)) == 0 ? 0 : -1;
    socket = socket_new(notify, fd);
    if (socket == NULL)
        return -1;
    socket->watch.events = events_of(what);
    return lk_loop_add(notify->start.loop, &socket->watch) == 0 ? 0 : -1;
}

static int time_changed(CURLM *multi, long after_ms, void *context)
{
    struct lk_notify *notify = context;

    (void)multi;
    lk_loop_disarm(notify->start.loop, &notify->timer);
    if (after_ms >= 0)
        lk_loop_arm(notify->start.loop, &notify->timer, after_ms);
    return 0;
}

int lk_notify_loop_begin(struct lk_notify *notify)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return -LK_ERR_NOMEM;
    notify->multi = curl_multi_init();
    if (notify->multi == NULL)
        return -LK_ERR_NOMEM;
    notify->timer = (struct lk_timer){.fired = time_over, .context = notify};
    if (curl_multi_setopt(notify->multi, CURLMOPT_SOCKETFUNCTION, socket_changed) != CURLM_OK ||
        curl_multi_setopt(notify->multi, CURLMOPT_SOCKETDATA, notify) != CURLM_OK ||
        curl_multi_setopt(notify->multi, CURLMOPT_TIMERFUNCTION, time_changed) != CURLM_OK ||
        curl_multi_setopt(notify->multi, CURLMOPT_TIMERDATA, notify) != CURLM_OK)
        return -LK_ERR_INTERNAL;
    return 0;
}

void lk_notify_loop_end(struct lk_notify *notify)
{
    if (notify->multi != NULL)
        (void)curl_multi_cleanup(notify->multi);
    notify->multi = NULL;
    curl_global_cleanup();
}
