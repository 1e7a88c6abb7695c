/* SPDX-License-Identifier: EUPL-1.2 */
/* A poll loop: descriptors with handlers, and the key's own timers between them. */
#ifndef LK_SOFTKEY_LOOP_H
#define LK_SOFTKEY_LOOP_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LK_WATCHES_MAX 512

struct lk_ctaphid;

typedef void (*lk_loop_handler)(void *context, int fd, short events);

struct lk_loop {
    struct pollfd poll[LK_WATCHES_MAX];
    lk_loop_handler handler[LK_WATCHES_MAX];
    void *context[LK_WATCHES_MAX];
    size_t count;
    bool stopped;
};

/* Watches for input. False: too many. */
bool lk_loop_watch(struct lk_loop *loop, int fd, lk_loop_handler handler, void *context);
void lk_loop_unwatch(struct lk_loop *loop, int fd);
/* Runs until loop->stopped. After every round the key's clock is set and its timers are served. */
void lk_loop_run(struct lk_loop *loop, struct lk_ctaphid *hid);
/* CLOCK_MONOTONIC in milliseconds. */
uint64_t lk_now_ms(void);

#endif
