/* SPDX-License-Identifier: EUPL-1.2 */
/* The poll loop. See loop.h. */
#include "loop.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ctaphid.h"

uint64_t lk_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

bool lk_loop_watch(struct lk_loop *loop, int fd, lk_loop_handler handler, void *context)
{
    if (loop->count == LK_WATCHES_MAX)
        return false;
    loop->poll[loop->count] = (struct pollfd){.fd = fd, .events = POLLIN};
    loop->handler[loop->count] = handler;
    loop->context[loop->count] = context;
    loop->count++;
    return true;
}

/* Only marked here: a handler may unwatch any descriptor while the round goes on. */
void lk_loop_unwatch(struct lk_loop *loop, int fd)
{
    for (size_t i = 0; i < loop->count; i++) {
        if (loop->poll[i].fd == fd)
            loop->poll[i].fd = -1;
    }
}

static void lk_loop_compact(struct lk_loop *loop)
{
    size_t kept = 0;

    for (size_t i = 0; i < loop->count; i++) {
        if (loop->poll[i].fd < 0)
            continue;
        loop->poll[kept] = loop->poll[i];
        loop->handler[kept] = loop->handler[i];
        loop->context[kept] = loop->context[i];
        kept++;
    }
    loop->count = kept;
}

void lk_loop_run(struct lk_loop *loop, struct lk_ctaphid *hid)
{
    while (!loop->stopped) {
        int64_t due;
        size_t count;

        hid->key->now_ms = lk_now_ms();
        lk_ctaphid_tick(hid);
        due = lk_ctaphid_due(hid);
        lk_loop_compact(loop);
        if (poll(loop->poll, loop->count, due > 1000000 ? 1000000 : (int)due) < 0) {
            if (errno == EINTR)
                continue;
            perror("poll");
            return;
        }
        hid->key->now_ms = lk_now_ms();
        count = loop->count; /* what a handler adds has no events yet */
        for (size_t i = 0; i < count; i++) {
            if (loop->poll[i].fd >= 0 && loop->poll[i].revents != 0)
                loop->handler[i](loop->context[i], loop->poll[i].fd, loop->poll[i].revents);
        }
    }
}
