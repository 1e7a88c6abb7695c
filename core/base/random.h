/* SPDX-License-Identifier: EUPL-1.2 */
/* Random bytes as a parameter; the system's come from getrandom(2). */
#ifndef LK_BASE_RANDOM_H
#define LK_BASE_RANDOM_H

#include <stddef.h>

#include "base/error.h"

struct lk_random {
    /* 0 or -LK_ERR_IO; never fewer bytes than asked for. */
    int (*fill)(void *context, void *ret_data, size_t len);
    void *context;
};

extern const struct lk_random lk_random_system;

LK_MUST_USE int lk_random_fill(const struct lk_random *random, void *ret_data, size_t len);

#endif
