/* SPDX-License-Identifier: EUPL-1.2 */
/* What the programs of tests/bench share: a clock, order statistics, and what a login host tells about itself. */
#ifndef LK_TESTS_BENCH_H
#define LK_TESTS_BENCH_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

enum { BENCH_STAMPS_FD = 3 };

/* Nanoseconds of CLOCK_MONOTONIC; 0 = did not happen. */
struct bench_stamps {
    int64_t main;
    int64_t started;
    int64_t message;
    int64_t done;
};

static inline int64_t bench_read_clock(clockid_t clock)
{
    struct timespec now = {0};

    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline int64_t bench_now(void)
{
    return bench_read_clock(CLOCK_MONOTONIC);
}

static inline int bench_ascending(const void *a, const void *b)
{
    const int64_t *left = a;
    const int64_t *right = b;

    return (*left > *right) - (*left < *right);
}

/* Sorts the values; `part` 0 is the least, 100 the greatest, 50 the median. */
static inline int64_t bench_percentile(int64_t *values, size_t count, size_t part)
{
    if (count == 0)
        return 0;
    qsort(values, count, sizeof(*values), bench_ascending);
    return values[(count - 1) * part / 100];
}

#endif
