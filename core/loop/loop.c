/* SPDX-License-Identifier: EUPL-1.2 */
/* The event loop: epoll for descriptors, a sorted list for timers.
 *
 * A turn is: wait, hand out what is ready, fire what is due, then the turn's end, where all output of the turn goes out. A callback
 * may remove any watch, also one whose event waits in the same batch: the batch is searched and the event forgotten, so no
 * callback ever runs for a watch that is gone. */
#include "loop/loop.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { LOOP_BATCH = 64 };

struct lk_loop {
    const struct lk_clock *clock;
    int epoll;
    bool stop;
    struct lk_timer *timers; /* by due_ms */
    struct epoll_event batch[LOOP_BATCH];
    int batch_count;
    void (*turn_end)(void *context);
    void *turn_end_context;
};

int lk_loop_new(const struct lk_clock *clock, struct lk_loop **ret_loop)
{
    struct lk_loop *loop = calloc(1, sizeof(*loop));

    if (loop == NULL)
        return -LK_ERR_NOMEM;
    loop->clock = clock;
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll < 0) {
        free(loop);
        return -LK_ERR_IO;
    }
    *ret_loop = loop;
    return 0;
}

struct lk_loop *lk_loop_free(struct lk_loop *loop)
{
    if (loop == NULL)
        return NULL;
    close(loop->epoll);
    free(loop);
    return NULL;
}

int lk_loop_add(struct lk_loop *loop, struct lk_watch *watch)
{
    struct epoll_event event = {.events = watch->events, .data.ptr = watch};

    if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, watch->fd, &event) != 0)
        return -LK_ERR_IO;
    watch->added = true;
    return 0;
}

int lk_loop_change(struct lk_loop *loop, struct lk_watch *watch, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = watch};

    if (!watch->added)
        return -LK_ERR_NOT_FOUND;
    if (watch->events == events)
        return 0;
    if (epoll_ctl(loop->epoll, EPOLL_CTL_MOD, watch->fd, &event) != 0)
        return -LK_ERR_IO;
    watch->events = events;
    return 0;
}

void lk_loop_remove(struct lk_loop *loop, struct lk_watch *watch)
{
    if (!watch->added)
        return;
    (void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
    watch->added = false;
    for (int i = 0; i < loop->batch_count; i++) {
        if (loop->batch[i].data.ptr == watch)
            loop->batch[i].data.ptr = NULL;
    }
}

void lk_loop_arm(struct lk_loop *loop, struct lk_timer *timer, int64_t after_ms)
{
    struct lk_timer **place = &loop->timers;

    lk_loop_disarm(loop, timer);
    timer->due_ms = lk_clock_monotonic_ms(loop->clock) + (after_ms > 0 ? after_ms : 0);
    while (*place != NULL && (*place)->due_ms <= timer->due_ms)
        place = &(*place)->next;
    timer->next = *place;
    timer->armed = true;
    *place = timer;
}

void lk_loop_disarm(struct lk_loop *loop, struct lk_timer *timer)
{
    if (!timer->armed)
        return;
    for (struct lk_timer **place = &loop->timers; *place != NULL; place = &(*place)->next) {
        if (*place == timer) {
            *place = timer->next;
            break;
        }
    }
    timer->armed = false;
    timer->next = NULL;
}

void lk_loop_set_turn_end(struct lk_loop *loop, void (*turn_end)(void *context), void *context)
{
    loop->turn_end = turn_end;
    loop->turn_end_context = context;
}

/* Timers armed by a callback of this turn wait for the next one, so that a timer of 0 ms cannot keep the descriptors waiting. */
static void loop_fire(struct lk_loop *loop)
{
    int64_t now = lk_clock_monotonic_ms(loop->clock);
    size_t due = 0;

    for (const struct lk_timer *timer = loop->timers; timer != NULL && timer->due_ms <= now;
         timer = timer->next)
        due++;
    while (due-- > 0 && loop->timers != NULL && loop->timers->due_ms <= now) {
        struct lk_timer *timer = loop->timers;

        lk_loop_disarm(loop, timer);
        timer->fired(timer);
    }
}

static int loop_wait_ms(const struct lk_loop *loop)
{
    int64_t left;

    if (loop->timers == NULL)
        return -1;
    left = loop->timers->due_ms - lk_clock_monotonic_ms(loop->clock);
    if (left <= 0)
        return 0;
    return left > 60000 ? 60000 : (int)left;
}

int lk_loop_run(struct lk_loop *loop)
{
    loop->stop = false;
    while (!loop->stop) {
        int count = epoll_wait(loop->epoll, loop->batch, LOOP_BATCH, loop_wait_ms(loop));

        if (count < 0 && errno != EINTR)
            return -LK_ERR_IO;
        loop->batch_count = count < 0 ? 0 : count;
        for (int i = 0; i < loop->batch_count; i++) {
            struct lk_watch *watch = loop->batch[i].data.ptr;

            if (watch != NULL)
                watch->ready(watch, loop->batch[i].events);
        }
        loop->batch_count = 0;
        loop_fire(loop);
        if (loop->turn_end != NULL)
            loop->turn_end(loop->turn_end_context);
    }
    return 0;
}

void lk_loop_stop(struct lk_loop *loop)
{
    loop->stop = true;
}
