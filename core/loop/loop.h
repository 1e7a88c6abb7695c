/* SPDX-License-Identifier: EUPL-1.2 */
/* An event loop for one process: one epoll thread that owns all state. Timers are one-shot. */
#ifndef LK_LOOP_LOOP_H
#define LK_LOOP_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"

struct lk_loop;

/* Embedded in whatever waits for a descriptor. */
struct lk_watch {
    int fd;
    uint32_t events; /* EPOLLIN, EPOLLOUT */
    void (*ready)(struct lk_watch *watch, uint32_t events);
    void *context;
    bool added;
};
/* Embedded in whatever waits for a time. */
struct lk_timer {
    int64_t due_ms; /* of the monotonic clock */
    void (*fired)(struct lk_timer *timer);
    void *context;
    bool armed;
    struct lk_timer *next; /* the loop's */
};

LK_MUST_USE int lk_loop_new(const struct lk_clock *clock, struct lk_loop **ret_loop);
struct lk_loop *lk_loop_free(struct lk_loop *loop);
LK_MUST_USE int lk_loop_add(struct lk_loop *loop, struct lk_watch *watch);
LK_MUST_USE int lk_loop_change(struct lk_loop *loop, struct lk_watch *watch, uint32_t events);
/* Safe from inside its own callback and for a watch that was never added. */
void lk_loop_remove(struct lk_loop *loop, struct lk_watch *watch);
void lk_loop_arm(struct lk_loop *loop, struct lk_timer *timer, int64_t after_ms);
void lk_loop_disarm(struct lk_loop *loop, struct lk_timer *timer);
/* Called once at the end of each turn: all output of one turn goes out in one write per peer. */
void lk_loop_set_turn_end(struct lk_loop *loop, void (*turn_end)(void *context), void *context);
/* Runs until lk_loop_stop; 0 or the error that ended it. */
LK_MUST_USE int lk_loop_run(struct lk_loop *loop);
void lk_loop_stop(struct lk_loop *loop);

#endif
