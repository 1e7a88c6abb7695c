/* SPDX-License-Identifier: EUPL-1.2 */
/* The words behind pam_latchkey.so in a PAM stack. None of them loosens anything. */
#ifndef LK_PAM_MODULE_ARGUMENTS_H
#define LK_PAM_MODULE_ARGUMENTS_H

#include <stdbool.h>

#include "base/error.h"

#define LK_HOST_SOCKET   "/run/latchkey/host"
#define LK_WORKER_SOCKET "/run/latchkey/worker"

struct lk_arguments {
    const char *socket; /* borrowed from argv, or the default */
    bool debug;
    bool
        transaction; /* the stack of the gateway: asks the broker about a browser's touch, and no key here */
};

/* 0, -LK_ERR_CONFIG (unknown, empty, relative or too long) or -LK_ERR_DUPLICATE; then *ret_bad is the offending word. */
LK_MUST_USE int lk_arguments_read(int argc, const char **argv, struct lk_arguments *ret_arguments,
                                  const char **ret_bad);

#endif
