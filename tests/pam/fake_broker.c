/* SPDX-License-Identifier: EUPL-1.2 */
/* The scripted broker. Errors of its own end the process; the test then sees a closed connection and missing notes. */
#include "fake_broker.h"

#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

struct fake_run {
    int listener;
    int fd;
    uint32_t request;
    struct lk_buf in;
    struct lk_buf out;
    struct fake_notes *notes;
};

static bool fake_read(struct fake_run *run, struct lk_frame *ret_frame, size_t *ret_size)
{
    return lk_frame_receive(run->fd, &run->in, 20000, ret_frame, ret_size) == 0;
}

/* Sends at most limit bytes of what was encoded. */
static bool fake_send(struct fake_run *run, int encoded, size_t limit)
{
    struct lk_view bytes = lk_buf_view(&run->out);
    bool ok;

    if (bytes.len > limit)
        bytes.len = limit;
    ok = encoded == 0 && lk_frame_send(run->fd, bytes) == 0;
    lk_buf_reset(&run->out);
    return ok;
}

static bool fake_hello(struct fake_run *run, const struct fake_step *step)
{
    uint16_t version = step->value != 0 ? (uint16_t)step->value : (uint16_t)LK_PROTOCOL_VERSION;
    struct lk_hello hello = {.lowest = version, .highest = version};
    struct lk_hello asked;
    struct lk_frame frame;
    size_t size;

    if (!fake_read(run, &frame, &size) || frame.type != LK_MESSAGE_HELLO ||
        lk_hello_decode(frame.payload, &asked) != 0 ||
        (asked.role != LK_SOCKET_HOST && asked.role != LK_SOCKET_WORKER))
        return false;
    hello.role = run->notes->role = asked.role;
    lk_buf_consume(&run->in, size);
    return fake_send(run, lk_hello_encode(&run->out, &hello), SIZE_MAX);
}

static bool fake_login(struct fake_run *run)
{
    struct lk_frame frame;
    size_t size;

    if (!fake_read(run, &frame, &size) || frame.type != LK_MESSAGE_LOGIN ||
        lk_login_request_decode(frame.payload, &run->notes->login) != 0)
        return false;
    run->request = frame.request;
    run->notes->logins++;
    lk_buf_consume(&run->in, size);
    return true;
}

static bool fake_prove(struct fake_run *run)
{
    struct lk_frame frame;
    size_t size;

    if (!fake_read(run, &frame, &size) || frame.type != LK_MESSAGE_WORKER_PROVE ||
        lk_worker_prove_decode(frame.payload, &run->notes->prove) != 0)
        return false;
    memcpy(run->notes->login.nonce, run->notes->prove.nonce, LK_NONCE_SIZE);
    run->request = frame.request;
    run->notes->proves++;
    lk_buf_consume(&run->in, size);
    return true;
}

static bool fake_reply(struct fake_run *run)
{
    struct lk_frame frame;
    struct lk_view pin;
    size_t size;

    if (!fake_read(run, &frame, &size) || frame.request != run->request)
        return false;
    if (frame.type == LK_MESSAGE_CANCEL) {
        run->notes->cancelled = true;
    } else {
        if (frame.type != LK_MESSAGE_PIN || lk_pin_decode(frame.payload, &pin) != 0 ||
            run->notes->pins >= 4)
            return false;
        memcpy(run->notes->pin[run->notes->pins++], pin.data, pin.len);
    }
    lk_buf_consume(&run->in, size);
    return true;
}

static bool fake_verdict(struct fake_run *run, const struct fake_step *step)
{
    struct lk_verdict verdict = {.retries = step->retries};
    uint32_t request = run->request;
    size_t limit = SIZE_MAX;
    int r;

    memcpy(verdict.nonce, run->notes->login.nonce, LK_NONCE_SIZE);
    if (step->act == FAKE_VERDICT)
        verdict.reason = step->value;
    if (step->act == FAKE_WRONG_NONCE)
        verdict.nonce[LK_NONCE_SIZE - 1] ^= 1;
    if (step->act == FAKE_WRONG_REQUEST)
        request++;
    if (step->act == FAKE_CUT_VERDICT)
        limit = step->value;
    r = lk_verdict_encode(&run->out, request, &verdict);
    if (r == 0 && step->act == FAKE_LONG_VERDICT) {
        lk_buf_put_u8(&run->out, 0);
        r = lk_frame_end(&run->out, 0);
    }
    /* Noted before it is sent: the peer may act on it at once. */
    run->notes->allowed |= step->act == FAKE_VERDICT && step->value == 0;
    return fake_send(run, r, limit);
}

static bool fake_wait_close(struct fake_run *run)
{
    struct lk_frame frame;
    size_t size;

    while (fake_read(run, &frame, &size)) {
        if (frame.type == LK_MESSAGE_CANCEL)
            run->notes->cancelled = true;
        lk_buf_consume(&run->in, size);
    }
    run->notes->closed_ms = lk_clock_monotonic_ms(&lk_clock_system);
    return true;
}

static bool fake_accept(struct fake_run *run)
{
    if (run->fd >= 0)
        close(run->fd);
    lk_buf_reset(&run->in);
    run->fd = accept4(run->listener, NULL, NULL, SOCK_CLOEXEC);
    run->notes->connections++;
    return run->fd >= 0;
}

static bool fake_step(struct fake_run *run, const struct fake_step *step)
{
    struct lk_event_message event = {.event = (enum lk_event)step->value, .retries = step->retries};
    struct lk_ask_pin ask = {
        .retries = step->retries, .again = (step->value & 1) != 0, .choose = step->value == 2};

    switch (step->act) {
    case FAKE_ACCEPT:
        return fake_accept(run);
    case FAKE_HELLO:
        return fake_hello(run, step);
    case FAKE_LOGIN:
        return fake_login(run);
    case FAKE_PROVE:
        return fake_prove(run);
    case FAKE_EVENT:
        if (step->text != NULL)
            snprintf(event.detail, sizeof(event.detail), "%s", step->text);
        return fake_send(run, lk_event_encode(&run->out, run->request, &event), SIZE_MAX);
    case FAKE_ASK:
        return fake_send(run, lk_ask_pin_encode(&run->out, run->request, &ask), SIZE_MAX);
    case FAKE_REPLY:
        return fake_reply(run);
    case FAKE_RAW:
        return lk_frame_send(run->fd, LK_VIEW((const uint8_t *)step->text, step->size)) == 0;
    case FAKE_SLEEP:
        return poll(NULL, 0, (int)step->value) == 0;
    case FAKE_WAIT_CLOSE:
        return fake_wait_close(run);
    case FAKE_END:
        return false;
    default:
        return fake_verdict(run, step);
    }
}

static void fake_main(struct fake_run *run, const struct fake_step *script)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    lk_buf_init(&run->in, LK_FRAME_MAX);
    lk_buf_init(&run->out, LK_FRAME_MAX);
    for (; script->act != FAKE_END; script++)
        if (!fake_step(run, script)) {
            run->notes->confused = true;
            break;
        }
    _exit(0);
}

static void fake_die(const char *what)
{
    perror(what);
    abort();
}

void fake_broker_start(struct fake_broker *broker, const struct fake_step *script)
{
    struct fake_run run = {.fd = -1};
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (broker->notes == NULL) {
        broker->notes = mmap(NULL, sizeof(*broker->notes), PROT_READ | PROT_WRITE,
                             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (broker->notes == MAP_FAILED)
            fake_die("mmap");
    }
    memset(broker->notes, 0, sizeof(*broker->notes));
    snprintf(broker->folder, sizeof(broker->folder), "/tmp/latchkey-test-XXXXXX");
    if (mkdtemp(broker->folder) == NULL)
        fake_die("mkdtemp");
    snprintf(broker->path, sizeof(broker->path), "%s/host", broker->folder);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", broker->path);
    run.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (run.listener < 0 ||
        bind(run.listener, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(run.listener, 8) != 0)
        fake_die(broker->path);
    run.notes = broker->notes;
    broker->pid = fork();
    if (broker->pid < 0)
        fake_die("fork");
    if (broker->pid == 0)
        fake_main(&run, script);
    close(run.listener);
}

static int fake_remove(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

void fake_broker_stop(struct fake_broker *broker)
{
    if (broker->pid > 0) {
        kill(broker->pid, SIGKILL);
        while (waitpid(broker->pid, NULL, 0) < 0)
            ;
    }
    broker->pid = 0;
    (void)nftw(broker->folder, fake_remove, 4, FTW_DEPTH | FTW_PHYS);
}
