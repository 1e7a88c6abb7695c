/* SPDX-License-Identifier: EUPL-1.2 */
/* The means of rig.h. */
#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "message/names.h"

enum { SOCKETS = 4, REQUEST = 7 };
static const char *const socket_names[SOCKETS] = {"host", "desk", "gateway", "worker"};

/* ---- the names process ---- */

static void names_answer(const char *name, struct lk_name_result *ret_result, uid_t own)
{
    *ret_result = (struct lk_name_result){.status = LK_NAME_FOUND, .uid = own};
    if (strncmp(name, "absent-", 7) == 0)
        *ret_result = (struct lk_name_result){.status = LK_NAME_ABSENT};
    else if (strncmp(name, "root-", 5) == 0)
        ret_result->uid = 0;
    else if (name[0] == 'u' && name[1] >= '0' && name[1] <= '9')
        ret_result->uid = (uint32_t)strtoul(name + 1, NULL, 10);
}

static void names_run(int link, uid_t own)
{
    struct lk_hello hello = {LK_PROTOCOL_VERSION, LK_PROTOCOL_VERSION, LK_SOCKET_NAMES};
    struct lk_buf in = LK_BUF_INIT(LK_FRAME_MAX);
    struct lk_buf out = LK_BUF_INIT(LK_FRAME_MAX);
    struct lk_frame frame;
    size_t size;

    NEED(lk_hello_encode(&out, &hello) == 0 && lk_frame_send(link, lk_buf_view(&out)) == 0);
    while (lk_frame_receive(link, &in, -1, &frame, &size) == 0) {
        struct lk_name_lookup lookup;
        struct lk_name_result result;

        lk_buf_reset(&out);
        if (frame.type == LK_MESSAGE_NAME_LOOKUP &&
            lk_name_lookup_decode(frame.payload, &lookup) == 0 &&
            strncmp(lookup.name, "silent-", 7) != 0) {
            names_answer(lookup.name, &result, own);
            NEED(lk_name_result_encode(&out, frame.request, &result) == 0);
            NEED(lk_frame_send(link, lk_buf_view(&out)) == 0);
        }
        lk_buf_consume(&in, size);
    }
    _exit(0);
}

/* ---- the broker ---- */

static int listening(const struct rig *rig, const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    NEED(fd >= 0);
    NEED(snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", rig->house->run, name) <
         (int)sizeof(address.sun_path));
    (void)unlink(address.sun_path);
    NEED(bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0);
    NEED(chmod(address.sun_path, 0666) == 0 && listen(fd, 1024) == 0);
    return fd;
}

static void broker_exec(const struct rig *rig, const int sockets[SOCKETS], int names, int device)
{
    char program[512];
    char list[128];
    const char *build = getenv("LK_BUILD_DIR");
    char *arguments[] = {program,
                         (char[]){"--config"},
                         NULL,
                         (char[]){"--test"},
                         (char[]){"--one-user"},
                         (char[]){"--broker"},
                         list,
                         NULL,
                         NULL};
    char config[sizeof(rig->house->config)];

    strcpy(config, rig->house->config);
    arguments[2] = config;
    if (getenv("LK_TEST_NO_SANDBOX") != NULL)
        arguments[7] = (char[]){"--no-sandbox"};
    snprintf(program, sizeof(program), "%s/bin/latchkeyd", build != NULL ? build : ".");
    snprintf(list, sizeof(list), "host=%d,desk=%d,gateway=%d,worker=%d,names=%d,device=%d",
             sockets[0], sockets[1], sockets[2], sockets[3], names, device);
    for (int i = 0; i < SOCKETS; i++)
        (void)fcntl(sockets[i], F_SETFD, 0);
    (void)fcntl(names, F_SETFD, 0);
    (void)fcntl(device, F_SETFD, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)execv(program, arguments);
    fprintf(stderr, "%s: %s\n", program, strerror(errno));
    _exit(127);
}

void rig_start(struct rig *rig, struct house *house)
{
    struct lk_hello hello = {LK_PROTOCOL_VERSION, LK_PROTOCOL_VERSION, LK_SOCKET_OPENER};
    struct peer link = {.in = LK_BUF_INIT(LK_FRAME_MAX)};
    struct lk_buf out = LK_BUF_INIT(64);
    struct lk_frame frame;
    int sockets[SOCKETS];
    int names[2];
    int device[2];

    *rig = (struct rig){.house = house};
    for (int i = 0; i < SOCKETS; i++)
        sockets[i] = listening(rig, socket_names[i]);
    NEED(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, names) == 0);
    NEED(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, device) == 0);
    rig->names = fork();
    if (rig->names == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(names[0]);
        names_run(names[1], geteuid());
    }
    rig->broker = fork();
    if (rig->broker == 0)
        broker_exec(rig, sockets, names[0], device[0]);
    NEED(rig->names > 0 && rig->broker > 0);
    for (int i = 0; i < SOCKETS; i++)
        close(sockets[i]);
    close(names[0]);
    close(names[1]);
    close(device[0]);
    rig->device = device[1];
    lk_buf_init(&rig->device_in, LK_FRAME_MAX);
    NEED(lk_hello_encode(&out, &hello) == 0 && lk_frame_send(rig->device, lk_buf_view(&out)) == 0);
    lk_buf_clear(&out);
    link.fd = rig->device;
    peer_expect(&link, LK_MESSAGE_HELLO, &frame);
    lk_buf_clear(&link.in);
}

static int collect(pid_t pid)
{
    int status = 0;

    NEED(waitpid(pid, &status, 0) == pid);
    return status;
}

static void rig_clear(struct rig *rig)
{
    close(rig->device);
    lk_buf_clear(&rig->device_in);
    kill(rig->names, SIGKILL);
    (void)collect(rig->names);
}

void rig_stop(struct rig *rig)
{
    int status;

    NEED(kill(rig->broker, SIGTERM) == 0);
    status = collect(rig->broker);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "the broker ended with wait status %x\n", (unsigned)status);
        abort();
    }
    rig_clear(rig);
}

void rig_kill(struct rig *rig, int signal)
{
    NEED(kill(rig->broker, signal) == 0);
    (void)collect(rig->broker);
    rig_clear(rig);
}

/* ---- clients ---- */

void peer_connect(const struct rig *rig, const char *socket_name, struct peer *ret_peer)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    lk_buf_init(&ret_peer->in, LK_FRAME_MAX);
    ret_peer->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    NEED(ret_peer->fd >= 0);
    NEED(snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", rig->house->run,
                  socket_name) < (int)sizeof(address.sun_path));
    NEED(connect(ret_peer->fd, (const struct sockaddr *)&address, sizeof(address)) == 0);
}

void peer_open(const struct rig *rig, const char *socket_name, struct peer *ret_peer)
{
    enum lk_role_socket role = strcmp(socket_name, "host") == 0     ? LK_SOCKET_HOST
                               : strcmp(socket_name, "desk") == 0   ? LK_SOCKET_DESK
                               : strcmp(socket_name, "worker") == 0 ? LK_SOCKET_WORKER
                                                                    : LK_SOCKET_GATEWAY;
    struct lk_hello hello = {LK_PROTOCOL_VERSION_PREVIOUS, LK_PROTOCOL_VERSION, role};
    struct lk_buf out = LK_BUF_INIT(64);
    struct lk_frame frame;

    peer_connect(rig, socket_name, ret_peer);
    NEED(lk_hello_encode(&out, &hello) == 0);
    peer_send(ret_peer, &out);
    peer_expect(ret_peer, LK_MESSAGE_HELLO, &frame);
    NEED(lk_hello_decode(frame.payload, &hello) == 0);
    NEED(hello.lowest == hello.highest && hello.role == role);
    lk_buf_clear(&out);
}

void peer_close(struct peer *peer)
{
    close(peer->fd);
    lk_buf_clear(&peer->in);
}

void peer_send(struct peer *peer, struct lk_buf *bytes)
{
    NEED(lk_buf_error(bytes) == 0);
    NEED(lk_frame_send(peer->fd, lk_buf_view(bytes)) == 0);
    lk_buf_reset(bytes);
}

bool peer_closed(struct peer *peer, int timeout_ms)
{
    struct pollfd wait = {.fd = peer->fd, .events = POLLIN};
    char byte;

    if (poll(&wait, 1, timeout_ms) != 1)
        return false;
    return recv(peer->fd, &byte, 1, MSG_DONTWAIT) <= 0;
}

/* The frame handed out last is dropped when the next one is asked for. */
void peer_next(struct peer *peer, struct lk_frame *ret_frame)
{
    static __thread uint8_t payload[LK_FRAME_MAX];
    size_t size;
    int error = lk_frame_receive(peer->fd, &peer->in, RIG_WAIT_MS, ret_frame, &size);

    if (error != 0) {
        fprintf(stderr, "no frame came: %s\n", lk_error_text(error));
        abort();
    }
    if (ret_frame->payload.len > 0)
        memcpy(payload, ret_frame->payload.data, ret_frame->payload.len);
    ret_frame->payload.data = payload;
    lk_buf_consume(&peer->in, size);
}

void peer_expect(struct peer *peer, enum lk_message type, struct lk_frame *ret_frame)
{
    peer_next(peer, ret_frame);
    if (ret_frame->type == type)
        return;
    fprintf(stderr, "message %d came where %d was expected\n", (int)ret_frame->type, (int)type);
    abort();
}

void login_send(struct peer *peer, const char *name, const char *service, uint32_t flags,
                uint8_t nonce)
{
    struct lk_login_request login = {.flags = flags};
    struct lk_buf out = LK_BUF_INIT(LK_FRAME_MAX);

    memset(login.nonce, nonce, sizeof(login.nonce));
    snprintf(login.name, sizeof(login.name), "%s", name);
    snprintf(login.service, sizeof(login.service), "%s", service);
    strcpy(login.tty, "tty1");
    NEED(lk_login_request_encode(&out, REQUEST, &login) == 0);
    peer_send(peer, &out);
    lk_buf_clear(&out);
}

enum lk_reason login_verdict(struct peer *peer, uint8_t nonce, uint32_t *ret_events)
{
    struct lk_event_message event;
    struct lk_verdict verdict;
    struct lk_frame frame;
    uint32_t events = 0;

    for (;;) {
        peer_next(peer, &frame);
        NEED(frame.request == REQUEST);
        if (frame.type != LK_MESSAGE_EVENT)
            break;
        NEED(lk_event_decode(frame.payload, &event) == 0);
        events |= 1U << event.event;
    }
    NEED(frame.type == LK_MESSAGE_VERDICT && lk_verdict_decode(frame.payload, &verdict) == 0);
    for (size_t i = 0; i < sizeof(verdict.nonce); i++)
        NEED(verdict.nonce[i] == nonce);
    if (ret_events != NULL)
        *ret_events = events;
    return (enum lk_reason)verdict.reason;
}

/* ---- the opener and its talkers ---- */

static uint32_t device_frame(struct rig *rig, enum lk_message type)
{
    struct peer link = {.fd = rig->device, .in = rig->device_in};
    struct lk_frame frame;

    peer_expect(&link, type, &frame);
    rig->device_in = link.in;
    return frame.request;
}

uint32_t device_started(struct rig *rig)
{
    return device_frame(rig, LK_MESSAGE_DEVICE_START);
}

void device_stopped(struct rig *rig, uint32_t ceremony)
{
    NEED(device_frame(rig, LK_MESSAGE_DEVICE_STOP) == ceremony);
}

void device_none(struct rig *rig, uint32_t ceremony)
{
    struct lk_buf out = LK_BUF_INIT(64);

    NEED(lk_device_none_encode(&out, ceremony) == 0 &&
         lk_frame_send(rig->device, lk_buf_view(&out)) == 0);
    lk_buf_clear(&out);
}

void device_key(struct rig *rig, uint32_t ceremony, uint32_t number, struct peer *ret_talker)
{
    struct lk_device_key key = {.key = number, .name = "Test Key"};
    struct lk_buf out = LK_BUF_INIT(512);
    int ends[2];

    NEED(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    NEED(lk_device_key_encode(&out, ceremony, &key) == 0);
    NEED(lk_frame_send_fd(rig->device, lk_buf_view(&out), ends[1]) == 0);
    close(ends[1]);
    lk_buf_clear(&out);
    ret_talker->fd = ends[0];
    lk_buf_init(&ret_talker->in, LK_FRAME_MAX);
}

void talker_asked(struct peer *talker, struct lk_device_assert *ret_request)
{
    struct lk_frame frame;

    peer_expect(talker, LK_MESSAGE_DEVICE_ASSERT, &frame);
    NEED(lk_device_assert_decode(frame.payload, ret_request) == 0);
}

void talker_answer(struct peer *talker, uint32_t ceremony, struct agent_key *key,
                   const struct lk_device_assert *asked, uint8_t flags)
{
    const struct lk_credential_id *id = &key->statement.credential_id;
    struct lk_device_assertion assertion = {.credential_id = LK_VIEW(id->bytes, id->len)};
    struct lk_buf out = LK_BUF_INIT(LK_FRAME_MAX);
    struct lk_buf data;
    struct lk_buf signature;

    agent_key_sign(key, asked->relying_party, flags, asked->client_data_hash, &data, &signature);
    assertion.authenticator_data = lk_buf_view(&data);
    assertion.signature = lk_buf_view(&signature);
    NEED(lk_device_assertion_encode(&out, ceremony, &assertion) == 0);
    peer_send(talker, &out);
    lk_buf_clear(&out);
    lk_buf_clear(&data);
    lk_buf_clear(&signature);
}

void talker_failed(struct peer *talker, uint32_t ceremony, enum lk_reason reason)
{
    struct lk_device_failed failed = {.reason = (uint32_t)reason, .retries = LK_RETRIES_UNKNOWN};
    struct lk_buf out = LK_BUF_INIT(64);

    NEED(lk_device_failed_encode(&out, ceremony, &failed) == 0);
    peer_send(talker, &out);
    lk_buf_clear(&out);
}

enum lk_reason rig_login(struct rig *rig, const char *name, struct agent_key *key, uint8_t flags)
{
    struct lk_device_assert asked;
    struct peer client;
    struct peer talker;
    enum lk_reason reason;
    uint32_t ceremony;

    peer_open(rig, "host", &client);
    login_send(&client, name, "sudo", LK_LOGIN_FLAG_PROMPT, 0x11);
    ceremony = device_started(rig);
    device_key(rig, ceremony, 1, &talker);
    talker_asked(&talker, &asked);
    talker_answer(&talker, ceremony, key, &asked, flags);
    device_stopped(rig, ceremony);
    reason = login_verdict(&client, 0x11, NULL);
    peer_close(&talker);
    peer_close(&client);
    return reason;
}
