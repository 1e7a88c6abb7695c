/* SPDX-License-Identifier: EUPL-1.2 */
/* Connections and requests: libmicrohttpd inside a turn of our loop.
 *
 * Hostile input: everything the network sends. libmicrohttpd reads the first line and the headers within LK_WEB_MEMORY bytes a connection; what it hands out is bounded again here: the URL,
 * the body, and the time for each. A connection that moves too slowly is shut, whatever it sends. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sso/web/web.h"

/* Descriptors that are not connections: listeners, epolls, link, signals, and room. */
enum { OWN_DESCRIPTORS = 64 };

/* ---- connections ---- */

static void guest_until(struct lk_guest *guest, int64_t ms)
{
    if (guest != NULL)
        guest->due_ms = ms == INT64_MAX ? INT64_MAX : lk_web_ms() + ms;
}

static void guest_comes(struct lk_web *web, struct MHD_Connection *connection, void **place)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct lk_guest *guest = calloc(1, sizeof(*guest));

    /* Without memory it has no place in our list; its first request is refused then. */
    if (guest == NULL || info == NULL) {
        free(guest);
        return;
    }
    guest->web = web;
    guest->fd = info->connect_fd;
    guest_until(guest, web->idle_ms);
    guest->next = web->guests;
    if (guest->next != NULL)
        guest->next->previous = guest;
    web->guests = guest;
    web->guest_count++;
    web->counters.connections++;
    *place = guest;
}

static void guest_goes(struct lk_guest *guest)
{
    struct lk_web *web = guest->web;

    if (guest->previous != NULL)
        guest->previous->next = guest->next;
    else
        web->guests = guest->next;
    if (guest->next != NULL)
        guest->next->previous = guest->previous;
    web->guest_count--;
    free(guest);
}

static void connection_changes(void *context, struct MHD_Connection *connection, void **place,
                               enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        guest_comes(context, connection, place);
    else if (*place != NULL) {
        guest_goes(*place);
        *place = NULL;
    }
}

void lk_server_sweep(struct lk_web *web, int64_t now_ms)
{
    for (struct lk_guest *guest = web->guests; guest != NULL; guest = guest->next) {
        if (guest->due_ms > now_ms)
            continue;
        guest->due_ms = INT64_MAX;
        web->counters.shut++;
        (void)shutdown(guest->fd, SHUT_RDWR);
    }
}

/* ---- requests ---- */

static struct lk_guest *guest_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info != NULL ? info->socket_context : NULL;
}

/* The first line is there. NULL: no memory, the request ends without an answer. */
static void *call_new(void *context, const char *url, struct MHD_Connection *connection)
{
    struct lk_call *call = calloc(1, sizeof(*call));
    const char *query = strchr(url, '?');

    if (call == NULL)
        return NULL;
    call->web = context;
    call->connection = connection;
    call->guest = guest_of(connection);
    call->too_long = strlen(url) > LK_WEB_URL_MAX;
    lk_buf_init_secret(&call->body, LK_WEB_BODY_MAX);
    if (query != NULL && !call->too_long) {
        call->query = (uint8_t *)strdup(query + 1);
        call->query_len = strlen(query + 1);
        if (call->query == NULL) {
            free(call);
            return NULL;
        }
    }
    guest_until(call->guest, call->web->move_ms);
    return call;
}

static void call_free(void *context, struct MHD_Connection *connection, void **place,
                      enum MHD_RequestTerminationCode code)
{
    struct lk_call *call = *place;

    (void)context;
    (void)connection;
    (void)code;
    if (call == NULL)
        return;
    *place = NULL;
    guest_until(call->guest, call->web->idle_ms);
    lk_issuer_forget(call);
    if (call->response != NULL && !call->shared)
        MHD_destroy_response(call->response);
    lk_buf_clear(&call->body);
    free(call->query);
    free(call);
}

static enum MHD_Result call_send(struct lk_call *call)
{
    enum MHD_Result result = MHD_NO;

    if (call->response == NULL)
        return MHD_NO;
    guest_until(call->guest, call->web->move_ms);
    if (call->status / 100 < 6)
        call->web->counters.answers[call->status / 100]++;
    result = MHD_queue_response(call->connection, call->status, call->response);
    if (!call->shared)
        MHD_destroy_response(call->response);
    call->response = NULL;
    return result;
}

static bool is_form(const struct lk_call *call)
{
    static const char form[] = "application/x-www-form-urlencoded";
    bool twice;
    const char *type = lk_header_get(call, "Content-Type", &twice);
    size_t len = type != NULL ? strcspn(type, "; \t") : 0;

    return len == sizeof(form) - 1 && strncasecmp(type, form, len) == 0;
}

/* The headers are there. 0: the route may have it; else the status to refuse with. */
static unsigned int call_check(const struct lk_call *call, enum lk_note *ret_note)
{
    const struct lk_route *route = call->route;
    bool post = strcmp(call->method, "POST") == 0;
    bool get = strcmp(call->method, "GET") == 0 || strcmp(call->method, "HEAD") == 0;

    *ret_note = LK_NOTE_TOO_LONG;
    if (call->too_long)
        return MHD_HTTP_URI_TOO_LONG;
    *ret_note = LK_NOTE_NOT_FOUND;
    if (route == NULL)
        return MHD_HTTP_NOT_FOUND;
    *ret_note = LK_NOTE_METHOD;
    if (!(get && route->get) && !(post && route->post))
        return MHD_HTTP_METHOD_NOT_ALLOWED;
    *ret_note = LK_NOTE_FORM;
    return post && !route->any_body && !is_form(call) ? MHD_HTTP_UNSUPPORTED_MEDIA_TYPE : 0;
}

static enum MHD_Result call_begin(struct lk_call *call, const char *path, const char *method)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(call->connection, MHD_CONNECTION_INFO_DAEMON);

    if (call->guest == NULL || info == NULL)
        return MHD_NO;
    call->begun = true;
    call->method = method;
    call->language = lk_header_language(call);
    call->route = lk_route_find(path, info->daemon == call->web->local);
    call->refusal = call_check(call, &call->note);
    return MHD_YES;
}

static size_t body_most(const struct lk_call *call)
{
    return call->route != NULL && call->route->body_max != 0 ? call->route->body_max
                                                             : LK_WEB_BODY_MAX;
}

/* A body is read to its end also where it is refused: a proxy that is still sending would not see the answer. Beyond the maximum nothing is kept, and beyond four times it the
 * connection ends. */
static enum MHD_Result call_read(struct lk_call *call, const char *data, size_t *size)
{
    call->body_came += *size;
    if (call->body_came > 4UL * LK_WEB_BODY_MAX)
        return MHD_NO;
    if (call->refusal == 0 && call->body_came <= body_most(call))
        lk_buf_put_bytes(&call->body, data, *size);
    *size = 0;
    return MHD_YES;
}

/* Programs read JSON also where they are refused (RFC 6749 section 5.2). */
static void refuse(struct lk_call *call, unsigned int status, enum lk_note note)
{
    if (call->route != NULL && call->route->program)
        lk_answer_error(call, status, "invalid_request");
    else
        lk_answer_note(call, status, note);
}

static void call_handle(struct lk_call *call)
{
    call->handled = true;
    if (call->refusal != 0)
        refuse(call, call->refusal, call->note);
    else if (call->body_came > body_most(call))
        refuse(call, MHD_HTTP_CONTENT_TOO_LARGE, LK_NOTE_TOO_LONG);
    else if (lk_buf_error(&call->body) != 0)
        lk_answer_note(call, MHD_HTTP_SERVICE_UNAVAILABLE, LK_NOTE_AWAY);
    else
        call->route->handle(call);
}

static enum MHD_Result request(void *context, struct MHD_Connection *connection, const char *url,
                               const char *method, const char *version, const char *data,
                               size_t *size, void **place)
{
    struct lk_call *call = *place;

    (void)context;
    (void)version;
    if (call == NULL)
        return MHD_NO;
    if (!call->begun)
        return call_begin(call, url, method);
    if (*size > 0)
        return call_read(call, data, size);
    if (!call->handled)
        call_handle(call);
    if (call->question == 0)
        return call_send(call);
    guest_until(call->guest, INT64_MAX);
    MHD_suspend_connection(connection);
    return MHD_YES;
}

/* ---- libmicrohttpd in our loop ---- */

void lk_server_run(struct lk_web *web)
{
    struct MHD_Daemon *const daemons[] = {web->site, web->local};
    MHD_UNSIGNED_LONG_LONG wait = 0;
    int64_t next = INT64_MAX;

    for (size_t i = 0; i < 2; i++) {
        if (daemons[i] == NULL)
            continue;
        (void)MHD_run(daemons[i]);
        if (MHD_get_timeout(daemons[i], &wait) == MHD_YES && (int64_t)wait < next)
            next = (int64_t)wait;
    }
    if (next == INT64_MAX)
        lk_loop_disarm(web->start.loop, &web->run);
    else
        lk_loop_arm(web->start.loop, &web->run, next);
}

/* The turn's end runs it. */
static void daemon_ready(struct lk_watch *watch, uint32_t events)
{
    (void)watch;
    (void)events;
}

static void daemon_due(struct lk_timer *timer)
{
    (void)timer;
}

/* As many as the system permits: an idle connection costs a descriptor and little else. */
static unsigned int connections_most(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 256;
    if (limit.rlim_max < LK_WEB_CONNECTIONS + OWN_DESCRIPTORS && geteuid() == 0)
        limit.rlim_max = LK_WEB_CONNECTIONS + OWN_DESCRIPTORS;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 && getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 256;
    if (limit.rlim_cur >= LK_WEB_CONNECTIONS + OWN_DESCRIPTORS)
        return LK_WEB_CONNECTIONS;
    return limit.rlim_cur > 2 * OWN_DESCRIPTORS ? (unsigned int)limit.rlim_cur - OWN_DESCRIPTORS
                                                : OWN_DESCRIPTORS;
}

static int daemon_begin(struct lk_web *web, int fd, unsigned int most,
                        struct MHD_Daemon **ret_daemon, struct lk_watch *watch)
{
    const union MHD_DaemonInfo *info;
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, request, web,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, most,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)LK_WEB_MEMORY, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_NOTIFY_CONNECTION, connection_changes, web, MHD_OPTION_NOTIFY_COMPLETED,
        call_free, web, MHD_OPTION_URI_LOG_CALLBACK, call_new, web,
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);

    if (daemon == NULL)
        return -LK_ERR_IO;
    *ret_daemon = daemon;
    info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == NULL || info->epoll_fd < 0)
        return -LK_ERR_IO;
    *watch = (struct lk_watch){
        .fd = info->epoll_fd, .events = EPOLLIN, .ready = daemon_ready, .context = web};
    return lk_loop_add(web->start.loop, watch);
}

int lk_server_begin(struct lk_web *web, int site, int local)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof(address);
    int error;

    if (getsockname(site, (struct sockaddr *)&address, &len) != 0)
        return -LK_ERR_IO;
    web->unix_socket = address.ss_family == AF_UNIX;
    web->idle_ms = 1000 * (int64_t)web->start.config.gateway_idle_seconds;
    web->move_ms = 1000 * (int64_t)web->start.config.gateway_request_seconds;
    web->run = (struct lk_timer){.fired = daemon_due, .context = web};
    error = daemon_begin(web, site, connections_most(), &web->site, &web->site_watch);
    if (error == 0 && local >= 0)
        error = daemon_begin(web, local, OWN_DESCRIPTORS / 4, &web->local, &web->local_watch);
    return error;
}

void lk_server_quiesce(struct lk_web *web)
{
    MHD_socket fd = MHD_quiesce_daemon(web->site);

    if (fd != MHD_INVALID_SOCKET)
        close(fd);
}

void lk_server_end(struct lk_web *web)
{
    struct MHD_Daemon *const daemons[] = {web->site, web->local};

    lk_loop_remove(web->start.loop, &web->site_watch);
    lk_loop_remove(web->start.loop, &web->local_watch);
    lk_loop_disarm(web->start.loop, &web->run);
    for (size_t i = 0; i < 2; i++) {
        if (daemons[i] != NULL)
            MHD_stop_daemon(daemons[i]);
    }
    web->site = web->local = NULL;
}
