/* SPDX-License-Identifier: EUPL-1.2 */
/* The opener itself: between the broker's link, the finder of keys and the pool of talkers. */
#ifndef LK_DEVICE_OPENER_LINK_H
#define LK_DEVICE_OPENER_LINK_H

#include "base/clock.h"
#include "device/opener/find.h"
#include "device/opener/pool.h"

enum {
    LK_OPENER_LOCK_MS = 500, /* how long a locked key is tried before BUSY is told */
    LK_OPENER_RETRY_MS = 20, /* between two tries */
    LK_OPENER_RESCAN_MS = 1000,
    /* The pool is refilled this long after a talker was taken, or after its ceremony ended: starting one costs some milliseconds of a core, which the login
     * that took it still needs for verification, commit and the rest of its host. */
    LK_OPENER_REFILL_MS = 200,
    LK_OPENER_SETTLE_MS = 20
};

struct lk_opener_options {
    int link; /* stream socket to the broker; the caller's */
    const struct lk_finder *finder;
    const char *program; /* the talkers' program */
    size_t pool;         /* how many wait, 0 to LK_TALKERS_MAX */
    const struct lk_clock *clock;
};

/* Runs until the link closes (0) or something breaks (negative). Blocks SIGCHLD in the calling process. */
LK_MUST_USE int lk_opener_run(const struct lk_opener_options *options);

struct lk_sandbox_profile;
/* Whole main of an opener program: arguments --link FD [--pool N], death with the parent, sandbox (NULL: none, for tests), lk_opener_run. Returns the exit
 * status. */
int lk_opener_main(int argc, char **argv, const struct lk_finder *finder, const char *program,
                   const struct lk_sandbox_profile *profile);

#endif
