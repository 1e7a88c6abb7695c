/* SPDX-License-Identifier: EUPL-1.2 */
/* Talkers that wait, exec'd beforehand with their libraries loaded, so that a login does not pay for it. */
#ifndef LK_DEVICE_OPENER_POOL_H
#define LK_DEVICE_OPENER_POOL_H

#include <sys/types.h>

#include "base/error.h"

enum {
    LK_TALKERS_MAX = 16, /* waiting and working ones together */
    LK_POOL_DEFAULT = 2,
    LK_POOL_PAUSE_MS = 500, /* after a talker died while it waited */
    LK_TALKER_CONTROL = 3   /* the talker's descriptor of its control socket */
};

struct lk_talker_process {
    pid_t pid;
    int control; /* our end; -1 once it was handed out */
};

struct lk_pool {
    const char *program; /* exec'd with the one argument --talker; not owned */
    size_t want;         /* how many wait */
    size_t count;
    struct lk_talker_process talkers[LK_TALKERS_MAX];
    int64_t not_before; /* no refill before this time (monotonic milliseconds) */
};

void lk_pool_init(struct lk_pool *pool, const char *program, size_t want);
size_t lk_pool_waiting(const struct lk_pool *pool);
/* Starts what is missing. -LK_ERR_IO, -LK_ERR_NOMEM: tried again at the next call. */
LK_MUST_USE int lk_pool_fill(struct lk_pool *pool, int64_t now);
/* A waiting talker, or a new one if none waits. *ret_control is the caller's, who sends NODE through it and closes it. -LK_ERR_BUSY: LK_TALKERS_MAX are
 * at work; errors of lk_pool_fill. */
LK_MUST_USE int lk_pool_take(struct lk_pool *pool, int *ret_control);
/* Collects those that ended, by their pids. */
void lk_pool_reap(struct lk_pool *pool, int64_t now);
/* Closes all control sockets: waiting talkers see that and exit. */
void lk_pool_clear(struct lk_pool *pool);

#endif
