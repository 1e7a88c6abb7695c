/* SPDX-License-Identifier: EUPL-1.2 */
/* How a profile is written down; inside core/sandbox only. */
#ifndef LK_SANDBOX_PROFILE_H
#define LK_SANDBOX_PROFILE_H

#include <stddef.h>
#include <sys/resource.h>

#include "sandbox/sandbox.h"

enum lk_sandbox_action {
    LK_SANDBOX_ALLOW,
    LK_SANDBOX_NO_SUCH_CALL, /* answered ENOSYS: the caller has another way */
};

/* A condition on one argument: (argument & mask) == value. mask 0: none. */
struct lk_sandbox_condition {
    unsigned int argument;
    unsigned long mask;
    unsigned long value;
};

struct lk_sandbox_row {
    const char *call;
    const char *who; /* who needs it, and why it is harmless enough */
    enum lk_sandbox_action action;
    struct lk_sandbox_condition condition;
};

struct lk_sandbox_limit {
    __rlimit_resource_t resource;
    rlim_t value;
};

enum { LK_SANDBOX_PARTS = 6, LK_SANDBOX_LIMITS = 6 };

/* A profile is a few lists of rows, each ended by a row without a call. */
struct lk_sandbox_profile {
    const char *name;
    const struct lk_sandbox_row *parts[LK_SANDBOX_PARTS];
    struct lk_sandbox_limit limits[LK_SANDBOX_LIMITS];
    size_t limit_count;
};

#endif
