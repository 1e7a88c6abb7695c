/* SPDX-License-Identifier: EUPL-1.2 */
/* The opener's loop. What it reads: frames of the broker, which it trusts as little as any peer, and what the finder says. It reads no byte from a node: it
 * opens, locks and passes on. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/file.h"
#include "device/opener/link.h"

enum lk_candidate_state {
    LK_CANDIDATE_NEW,     /* not opened yet, or no permission yet */
    LK_CANDIDATE_LOCKED,  /* another program holds it: tried again until the time is over */
    LK_CANDIDATE_BUSY,    /* BUSY was told; tried at every rescan */
    LK_CANDIDATE_GIVEN,   /* a talker has it */
    LK_CANDIDATE_UNUSABLE /* the system refuses it for another reason */
};

/* A key of the running ceremony. */
struct lk_candidate {
    struct lk_found_key key;
    enum lk_candidate_state state;
    bool denied; /* there, but not for us: counts as absent */
    bool listed; /* seen by the last enumeration */
    int64_t locked_since;
};

struct lk_opener {
    const struct lk_opener_options *options;
    struct lk_pool pool;
    struct lk_buf in;
    struct lk_buf out;
    int watch;
    int signals;
    bool hello; /* the broker's came */
    bool running;
    uint32_t ceremony;
    uint32_t next_key;
    bool told_none;
    int64_t refill_at;
    int64_t rescan_at;
    size_t count;
    struct lk_candidate candidates[LK_FIND_MAX];
};

static int64_t lk_opener_now(const struct lk_opener *opener)
{
    return lk_clock_monotonic_ms(opener->options->clock);
}

static int lk_opener_flush(struct lk_opener *opener)
{
    int error = lk_buf_error(&opener->out);

    if (!error && opener->out.len > 0)
        error = lk_frame_send(opener->options->link, lk_buf_view(&opener->out));
    lk_buf_reset(&opener->out);
    return error;
}

/* ---- keys ---- */

/* The node to the talker, then the talker to the broker. A talker that is already dead is no error of ours: the broker sees its socket closed. */
static int lk_candidate_give(struct lk_opener *opener, struct lk_candidate *candidate, int node)
{
    struct lk_device_node message = {.report_in = candidate->key.report_in,
                                     .report_out = candidate->key.report_out};
    struct lk_device_key key = {.key = opener->next_key};
    LK_CLEANUP(lk_fd_close) int control = -1;
    int error = lk_pool_take(&opener->pool, &control);

    if (error)
        return error == -LK_ERR_INTERNAL ? error : 0; /* stays as it is and is tried again */
    memcpy(message.name, candidate->key.name, sizeof(message.name));
    memcpy(key.name, candidate->key.name, sizeof(key.name));
    error = lk_device_node_encode(&opener->out, &message);
    if (!error)
        (void)!lk_frame_send_fd(control, lk_buf_view(&opener->out), node);
    lk_buf_reset(&opener->out);
    if (!error)
        error = lk_device_key_encode(&opener->out, opener->ceremony, &key);
    if (!error)
        error = lk_frame_send_fd(opener->options->link, lk_buf_view(&opener->out), control);
    lk_buf_reset(&opener->out);
    if (error)
        return error;
    candidate->state = LK_CANDIDATE_GIVEN;
    opener->next_key++;
    opener->refill_at = lk_opener_now(opener) + LK_OPENER_REFILL_MS;
    return 0;
}

static int lk_candidate_locked(struct lk_opener *opener, struct lk_candidate *candidate)
{
    struct lk_device_busy busy = {0};
    int64_t now = lk_opener_now(opener);
    int error = 0;

    if (candidate->state == LK_CANDIDATE_BUSY)
        return 0;
    if (candidate->state == LK_CANDIDATE_NEW) {
        candidate->state = LK_CANDIDATE_LOCKED;
        candidate->locked_since = now;
    }
    if (now - candidate->locked_since < LK_OPENER_LOCK_MS)
        return 0;
    candidate->state = LK_CANDIDATE_BUSY;
    memcpy(busy.detail, candidate->key.name, sizeof(busy.detail));
    error = lk_device_busy_encode(&opener->out, opener->ceremony, &busy);
    return error ? error : lk_opener_flush(opener);
}

static int lk_candidate_try(struct lk_opener *opener, struct lk_candidate *candidate)
{
    const struct lk_finder *finder = opener->options->finder;
    LK_CLEANUP(lk_fd_close) int node = -1;
    int error = finder->open(finder->context, &candidate->key, &node);

    candidate->denied = error == -LK_ERR_DENIED;
    switch (-error) {
    case LK_OK:
        return lk_candidate_give(opener, candidate, node);
    case LK_ERR_BUSY:
        return lk_candidate_locked(opener, candidate);
    case LK_ERR_DENIED:
    case LK_ERR_NOT_FOUND:
        return 0;
    default:
        candidate->state = LK_CANDIDATE_UNUSABLE;
        return 0;
    }
}

static void lk_opener_merge(struct lk_opener *opener, const struct lk_found_key *keys, size_t count)
{
    for (size_t i = 0; i < opener->count; i++)
        opener->candidates[i].listed = false;
    for (size_t i = 0; i < count; i++) {
        size_t known = 0;

        while (known < opener->count && strcmp(opener->candidates[known].key.id, keys[i].id) != 0)
            known++;
        if (known < opener->count)
            opener->candidates[known].listed = true;
        else if (opener->count < LK_FIND_MAX)
            opener->candidates[opener->count++] =
                (struct lk_candidate){.key = keys[i], .listed = true};
    }
    for (size_t i = 0; i < opener->count;) {
        if (opener->candidates[i].listed)
            i++;
        else
            opener->candidates[i] = opener->candidates[--opener->count];
    }
}

static int lk_opener_tell_none(struct lk_opener *opener)
{
    bool none = true;
    int error = 0;

    for (size_t i = 0; i < opener->count; i++)
        none = none && opener->candidates[i].denied;
    if (none && !opener->told_none) {
        error = lk_device_none_encode(&opener->out, opener->ceremony);
        if (!error)
            error = lk_opener_flush(opener);
    }
    opener->told_none = none;
    return error;
}

/* Looks which keys are there and tries to give out those that are not. */
static int lk_opener_scan(struct lk_opener *opener)
{
    const struct lk_finder *finder = opener->options->finder;
    struct lk_found_key keys[LK_FIND_MAX];
    size_t count = 0;

    if (finder->enumerate(finder->context, keys, LK_FIND_MAX, &count))
        count = 0; /* tried again at the next rescan */
    lk_opener_merge(opener, keys, count);
    for (size_t i = 0; i < opener->count; i++) {
        struct lk_candidate *candidate = &opener->candidates[i];
        int error = 0;

        if (candidate->state == LK_CANDIDATE_GIVEN || candidate->state == LK_CANDIDATE_UNUSABLE)
            continue;
        error = lk_candidate_try(opener, candidate);
        if (error)
            return error;
    }
    opener->rescan_at = lk_opener_now(opener) + LK_OPENER_RESCAN_MS;
    return lk_opener_tell_none(opener);
}

/* ---- frames of the broker ---- */

static int lk_opener_start(struct lk_opener *opener, uint32_t ceremony)
{
    struct lk_device_busy busy = {0};
    int error = 0;

    if (opener->running) {
        error = lk_device_busy_encode(&opener->out, ceremony, &busy);
        return error ? error : lk_opener_flush(opener);
    }
    opener->running = true;
    opener->ceremony = ceremony;
    opener->next_key = 1;
    opener->told_none = false;
    opener->count = 0;
    return lk_opener_scan(opener);
}

static int lk_opener_stop(struct lk_opener *opener, uint32_t ceremony)
{
    /* A STOP may cross with nothing: it names a ceremony that is over, and means nothing then. */
    if (opener->running && opener->ceremony == ceremony) {
        opener->running = false;
        opener->count = 0;
        opener->refill_at = lk_opener_now(opener) + LK_OPENER_SETTLE_MS;
    }
    return 0;
}

static int lk_opener_frame(struct lk_opener *opener, const struct lk_frame *frame)
{
    struct lk_hello hello;
    uint16_t version = 0;
    int error = 0;

    if (!opener->hello) {
        if (frame->type != LK_MESSAGE_HELLO)
            return -LK_ERR_UNEXPECTED;
        error = lk_hello_decode(frame->payload, &hello);
        if (!error && hello.role != LK_SOCKET_OPENER)
            error = -LK_ERR_UNEXPECTED;
        if (!error)
            error = lk_hello_agree(&hello, &version);
        opener->hello = !error;
        return error;
    }
    error = lk_view_end(&frame->payload); /* both messages are empty */
    if (error)
        return error;
    if (frame->type == LK_MESSAGE_DEVICE_START)
        return lk_opener_start(opener, frame->request);
    if (frame->type == LK_MESSAGE_DEVICE_STOP)
        return lk_opener_stop(opener, frame->request);
    return -LK_ERR_UNEXPECTED;
}

static int lk_opener_receive(struct lk_opener *opener)
{
    for (;;) {
        struct lk_frame frame;
        size_t size = 0;
        int error = lk_frame_receive(opener->options->link, &opener->in, 0, &frame, &size);

        if (error == -LK_ERR_TIMEOUT)
            return 0;
        if (!error)
            error = lk_opener_frame(opener, &frame);
        if (error)
            return error;
        lk_buf_consume(&opener->in, size);
    }
}

/* ---- loop ---- */

/* Reads away what made a descriptor readable; what stands in it does not matter, everything is looked at again. */
static void lk_descriptor_drain(int fd)
{
    uint8_t discard[4096];

    while (read(fd, discard, sizeof(discard)) > 0)
        ;
}

static int lk_opener_wait_ms(const struct lk_opener *opener)
{
    int64_t now = lk_opener_now(opener);
    int64_t next = -1;

    if (opener->running)
        next = opener->rescan_at;
    for (size_t i = 0; i < opener->count; i++) {
        if (opener->candidates[i].state == LK_CANDIDATE_LOCKED)
            next = now + LK_OPENER_RETRY_MS;
    }
    if (lk_pool_waiting(&opener->pool) < opener->pool.want) {
        int64_t refill = opener->refill_at > opener->pool.not_before ? opener->refill_at
                                                                     : opener->pool.not_before;

        next = next < 0 || refill < next ? refill : next;
    }
    if (next < 0)
        return -1;
    return next <= now ? 0 : (int)(next - now);
}

static int lk_opener_turn(struct lk_opener *opener)
{
    struct pollfd polls[] = {
        {.fd = opener->options->link, .events = POLLIN},
        {.fd = opener->watch, .events = POLLIN},
        {.fd = opener->signals, .events = POLLIN},
    };
    int ready = poll(polls, 3, lk_opener_wait_ms(opener));
    int64_t now = lk_opener_now(opener);
    int error = 0;

    if (ready < 0)
        return errno == EINTR ? 0 : -LK_ERR_IO;
    if (polls[2].revents) {
        lk_descriptor_drain(opener->signals);
        lk_pool_reap(&opener->pool, now);
    }
    if (polls[0].revents) {
        error = lk_opener_receive(opener);
        if (error)
            return error;
    }
    if (polls[1].revents)
        lk_descriptor_drain(opener->watch);
    /* A key that another program holds is tried again after every wait, which is then short. */
    if (opener->running && (polls[1].revents || ready == 0))
        error = lk_opener_scan(opener);
    if (now >= opener->refill_at)
        (void)!lk_pool_fill(&opener->pool, now); /* an empty pool only costs time */
    return error;
}

static int lk_opener_signals(int *ret_fd)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return -LK_ERR_IO;
    *ret_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return *ret_fd < 0 ? -LK_ERR_IO : 0;
}

static int lk_opener_greet(struct lk_opener *opener)
{
    struct lk_hello hello = {.lowest = LK_PROTOCOL_VERSION_PREVIOUS,
                             .highest = LK_PROTOCOL_VERSION,
                             .role = LK_SOCKET_OPENER};
    int error = lk_hello_encode(&opener->out, &hello);

    return error ? error : lk_opener_flush(opener);
}

int lk_opener_run(const struct lk_opener_options *options)
{
    struct lk_opener opener = {.options = options, .watch = -1, .signals = -1};
    int error = 0;

    lk_buf_init(&opener.in, LK_FRAME_MAX);
    lk_buf_init(&opener.out, LK_FRAME_MAX);
    lk_pool_init(&opener.pool, options->program, options->pool);
    error = lk_opener_signals(&opener.signals);
    if (!error)
        error = options->finder->watch(options->finder->context, &opener.watch);
    if (!error)
        error = lk_opener_greet(&opener);
    while (!error)
        error = lk_opener_turn(&opener);
    lk_pool_clear(&opener.pool);
    lk_fd_close(&opener.watch);
    lk_fd_close(&opener.signals);
    lk_buf_clear(&opener.in);
    lk_buf_clear(&opener.out);
    return error == -LK_ERR_CLOSED ? 0 : error;
}
