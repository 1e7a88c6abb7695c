/* SPDX-License-Identifier: EUPL-1.2 */
/* How a profile is written down; inside core/sandbox only. */
#ifndef LK_SANDBOX_PROFILE_H
#define LK_SANDBOX_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>

#include "sandbox/sandbox.h"

enum lk_sandbox_action {
    LK_SANDBOX_ALLOW,
    LK_SANDBOX_NO_SUCH_CALL,   /* answered ENOSYS: the caller has another way */
    LK_SANDBOX_NO_SUCH_FAMILY, /* answered EAFNOSUPPORT, as by a kernel without it */
    LK_SANDBOX_FORBID          /* SIGSYS; for profiles that are open */
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
    bool unless; /* the other way round, without a mask: argument != value, all its bits */
};

struct lk_sandbox_limit {
    __rlimit_resource_t resource;
    rlim_t value;
};

enum { LK_SANDBOX_PARTS = 6, LK_SANDBOX_LIMITS = 6 };

/* A profile is a few lists of rows, each ended by a row without a call. */
struct lk_sandbox_profile {
    const char *name;
    bool
        open; /* what no row names is permitted: for other people's code, whose calls nobody can list */
    const struct lk_sandbox_row *parts[LK_SANDBOX_PARTS];
    struct lk_sandbox_limit limits[LK_SANDBOX_LIMITS];
    size_t limit_count;
};

#endif
