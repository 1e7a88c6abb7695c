/* SPDX-License-Identifier: EUPL-1.2 */
/* The system's clocks and the one way in which a time is written. */
#include "base/clock.h"

#include <stddef.h>
#include <stdio.h>
#include <time.h>

static int64_t lk_clock_system_now(void *context)
{
    struct timespec time;

    (void)context;
    if (clock_gettime(CLOCK_REALTIME, &time) != 0)
        return 0; /* 1970: everything that has a not-before is refused */
    return time.tv_sec;
}

static int64_t lk_clock_system_monotonic_ms(void *context)
{
    struct timespec time;

    (void)context;
    /* BOOTTIME and not MONOTONIC: a time-out must not sleep while the machine does. */
    if (clock_gettime(CLOCK_BOOTTIME, &time) != 0)
        return 0;
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

const struct lk_clock lk_clock_system = {
    .now = lk_clock_system_now,
    .monotonic_ms = lk_clock_system_monotonic_ms,
    .context = NULL,
};

int64_t lk_clock_now(const struct lk_clock *clock)
{
    return clock->now(clock->context);
}

int64_t lk_clock_monotonic_ms(const struct lk_clock *clock)
{
    return clock->monotonic_ms(clock->context);
}

void lk_clock_format(char *ret_text, unsigned long size, int64_t seconds)
{
    /* 0000-01-01T00:00:00Z and 9999-12-31T23:59:59Z */
    static const int64_t first = -62167219200;
    static const int64_t last = 253402300799;
    struct tm parts;
    time_t time = (time_t)seconds;

    if (seconds < first || seconds > last || gmtime_r(&time, &parts) == NULL) {
        (void)snprintf(ret_text, size, "?");
        return;
    }
    (void)snprintf(ret_text, size, "%04d-%02d-%02dT%02d:%02d:%02dZ", parts.tm_year + 1900,
                   parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}
