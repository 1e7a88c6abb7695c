/* SPDX-License-Identifier: EUPL-1.2 */
/* Time as a parameter. Everything that needs the time is handed a clock; tests hand in their own. */
#ifndef LK_BASE_CLOCK_H
#define LK_BASE_CLOCK_H

#include <stdint.h>

struct lk_clock {
    /* Seconds since 1970-01-01T00:00:00Z (CLOCK_REALTIME). */
    int64_t (*now)(void *context);
    /* Milliseconds of a clock that never steps (CLOCK_BOOTTIME). */
    int64_t (*monotonic_ms)(void *context);
    void *context;
};

/* The system's clocks. */
extern const struct lk_clock lk_clock_system;

int64_t lk_clock_now(const struct lk_clock *clock);
int64_t lk_clock_monotonic_ms(const struct lk_clock *clock);
/* "2026-11-22T08:55:00Z"; size at least 21. Out of range (year 0 to 9999): "?". */
void lk_clock_format(char *ret_text, unsigned long size, int64_t seconds);

#endif
