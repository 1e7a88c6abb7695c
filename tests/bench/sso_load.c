/* SPDX-License-Identifier: EUPL-1.2 */
/* Logins at the gateway, many at once on one thread: each that is in flight has a connection of its own, as nginx keeps one for each request that it waits for. At a fixed
 * rate a login's time begins when it was due, not when there was room for it, so that a gateway that stands still cannot hide it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "sso_bench.h"

enum { EVENTS = 256, STALL_SECONDS = 30, WORDS_MAX = 600, LOST_MAX = 40 };

struct slot {
    struct http_connection connection;
    struct visit visit;
    enum visit_step step;
    struct load_record *record; /* NULL = free */
    int64_t due;
    uint32_t events; /* what epoll waits for; 0 = the descriptor is not in it */
    bool
        again; /* a kept connection was closed by the other end before any answer: tried once more on a fresh one */
};

struct engine {
    struct load *load;
    struct slot *slots;
    struct slot **free;
    size_t free_count;
    size_t begun;
    size_t ended;
    size_t told;
    int64_t start;
    int epoll;
};

static void proceed(struct engine *engine, struct slot *slot);

static void watch(struct engine *engine, struct slot *slot, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = slot};

    if (slot->events == events)
        return;
    NEED(epoll_ctl(engine->epoll, slot->events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD,
                   slot->connection.fd, &event) == 0);
    slot->events = events;
}

static void disconnect(struct slot *slot)
{
    http_close(&slot->connection);
    slot->events = 0; /* closing takes it out of epoll */
}

static void end(struct engine *engine, struct slot *slot)
{
    slot->record = NULL;
    engine->free[engine->free_count++] = slot;
    engine->ended++;
}

/* Of a page what a person would read. */
static void tell(const struct http_response *response)
{
    struct lk_view body = response->body;
    const uint8_t *main = body.len > 0 ? memmem(body.data, body.len, "<h1", 3) : NULL;

    if (main != NULL) {
        body.len -= (size_t)(main - body.data);
        body.data = main;
    }
    (void)fprintf(stderr, ", status %u, %.*s%.*s", response->status, (int)response->location.len,
                  (const char *)response->location.data,
                  body.len < WORDS_MAX ? (int)body.len : WORDS_MAX, (const char *)body.data);
}

static void fail(struct engine *engine, struct slot *slot, const char *what,
                 const struct http_response *response)
{
    if (engine->told++ < LOAD_WORDS) {
        (void)fprintf(stderr, "lost: login %llu, step %s: %s",
                      (unsigned long long)slot->visit.number, visit_step_name(slot->step), what);
        if (response != NULL)
            tell(response);
        (void)fputc('\n', stderr);
    }
    engine->load->lost++;
    disconnect(slot);
    end(engine, slot);
}

static void ask(struct engine *engine, struct slot *slot, enum visit_step step)
{
    slot->step = step;
    if (slot->connection.fd < 0) {
        slot->again = true;
        if (!http_connect(&slot->connection, engine->load->address)) {
            fail(engine, slot, strerror(errno), NULL);
            return;
        }
    }
    visit_ask(&slot->visit, step, &slot->connection.out);
    proceed(engine, slot);
}

static void answered(struct engine *engine, struct slot *slot, const struct http_response *response)
{
    enum visit_step next = visit_take(&slot->visit, slot->step, response);
    bool over = next == VISIT_OVER || (engine->load->only_pages && next == VISIT_KEY);

    if (next == VISIT_FAILED) {
        fail(engine, slot, "not what was expected", response);
        return;
    }
    if (over)
        slot->record->latency = bench_now() - slot->due;
    if (next == VISIT_OVER) {
        slot->record->answer = malloc(response->body.len);
        NEED(slot->record->answer != NULL);
        memcpy(slot->record->answer, response->body.data, response->body.len);
        slot->record->answer_len = response->body.len;
    }
    http_done(&slot->connection, response);
    slot->again = false;
    if (slot->connection.fd < 0)
        slot->events = 0;
    if (over)
        end(engine, slot);
    else
        ask(engine, slot, next);
}

static void proceed(struct engine *engine, struct slot *slot)
{
    struct http_response response;

    switch (http_step(&slot->connection, &response)) {
    case HTTP_ANSWERED:
        answered(engine, slot, &response);
        break;
    case HTTP_WANTS_READ:
        watch(engine, slot, EPOLLIN);
        break;
    case HTTP_WANTS_WRITE:
        watch(engine, slot, EPOLLIN | EPOLLOUT);
        break;
    case HTTP_CLOSED:
        /* RFC 9112 section 9.3.1: a kept connection may be closed at any time. Nothing was answered on this one, so nothing was asked twice. */
        if (!slot->again && slot->connection.in.len == 0 && slot->step == VISIT_AUTHORIZE) {
            disconnect(slot);
            ask(engine, slot, slot->step);
        } else {
            fail(engine, slot, "the connection was closed", NULL);
        }
        break;
    default:
        fail(engine, slot, "not an answer of HTTP/1.1", NULL);
    }
}

/* Begins what is due and has room. Returns nanoseconds until the next is due, -1 if that is when one ends. */
static int64_t begin(struct engine *engine)
{
    struct load *load = engine->load;
    static uint64_t number;

    if (load->lost >= LOST_MAX) {
        /* It would go on so for hours. */
        load->lost += load->count - engine->begun;
        engine->ended += load->count - engine->begun;
        engine->begun = load->count;
    }
    while (engine->begun < load->count) {
        int64_t now = bench_now();
        int64_t due = load->per_second == 0
                          ? now
                          : engine->start + (int64_t)engine->begun * 1000000000 / load->per_second;
        struct slot *slot;

        if (due > now)
            return due - now;
        if (engine->free_count == 0)
            return -1;
        slot = engine->free[--engine->free_count];
        slot->due = due;
        slot->again = false;
        slot->record = &load->records[engine->begun];
        *slot->record = (struct load_record){.credential = load->credentials[engine->begun],
                                             .number = ++number};
        engine->begun++;
        visit_begin(&slot->visit, load->population, slot->record->credential, slot->record->number);
        ask(engine, slot, VISIT_AUTHORIZE);
    }
    return -1;
}

/* To the nanosecond: whoever waits in whole milliseconds spins through the rest, on a processor that the gateway needs. */
static void turn(struct engine *engine, int64_t wait)
{
    struct timespec most = {.tv_sec = STALL_SECONDS};
    struct epoll_event events[EVENTS];
    int count;

    if (wait >= 0)
        most = (struct timespec){.tv_sec = wait / 1000000000, .tv_nsec = wait % 1000000000};
    count = epoll_pwait2(engine->epoll, events, EVENTS, &most, NULL);
    NEED(count >= 0 || errno == EINTR);
    if (count == 0 && wait < 0) {
        /* Nothing for so long: whatever is in flight is lost. */
        for (size_t i = 0; i < engine->load->in_flight; i++) {
            if (engine->slots[i].record != NULL)
                fail(engine, &engine->slots[i], "no answer", NULL);
        }
    }
    for (int i = 0; i < count; i++) {
        struct slot *slot = events[i].data.ptr;

        if (slot->record != NULL) {
            proceed(engine, slot);
        } else if (slot->connection.fd >= 0) {
            disconnect(slot); /* closed while nothing was asked */
        }
    }
}

void load_run(struct load *load)
{
    struct engine engine = {.load = load, .epoll = epoll_create1(EPOLL_CLOEXEC)};

    load->records = calloc(load->count, sizeof(*load->records));
    engine.slots = calloc(load->in_flight, sizeof(*engine.slots));
    engine.free = calloc(load->in_flight, sizeof(struct slot *));
    NEED(engine.epoll >= 0 && load->records != NULL && engine.slots != NULL && engine.free != NULL);
    for (size_t i = 0; i < load->in_flight; i++) {
        http_init(&engine.slots[i].connection);
        engine.free[engine.free_count++] = &engine.slots[load->in_flight - 1 - i];
    }
    engine.start = bench_now();
    while (engine.ended < load->count) {
        int64_t wait = begin(&engine);

        if (engine.ended < load->count)
            turn(&engine, wait);
    }
    load->wall = bench_now() - engine.start;
    for (size_t i = 0; i < load->in_flight; i++)
        http_free(&engine.slots[i].connection);
    free(engine.slots);
    free((void *)engine.free);
    close(engine.epoll);
}

void load_free(struct load *load)
{
    for (size_t i = 0; load->records != NULL && i < load->count; i++)
        free(load->records[i].answer);
    free(load->records);
    load->records = NULL;
}

int64_t load_percentile(const struct load *load, size_t part)
{
    int64_t *values = calloc(load->count, sizeof(*values));
    size_t count = 0;
    int64_t value;

    NEED(values != NULL);
    for (size_t i = 0; i < load->count; i++) {
        if (load->records[i].latency > 0)
            values[count++] = load->records[i].latency;
    }
    value = bench_percentile(values, count, part);
    free(values);
    return value;
}
