/* SPDX-License-Identifier: EUPL-1.2 */
/* How a process of the gateway starts: arguments, configuration, loop, signals, then the sandbox; and how it ends. */
#ifndef LK_SSO_COMMON_START_H
#define LK_SSO_COMMON_START_H

#include "config/config.h"
#include "loop/loop.h"
#include "sandbox/sandbox.h"

enum { LK_START_USAGE = 2, LK_START_DESCRIPTORS = 4 };

/* An option that names an inherited descriptor: "--listen 3". */
struct lk_start_descriptor {
    const char *name; /* without the dashes */
    bool optional;
    int *
        place; /* gets the descriptor, which is made close-on-exec and non-blocking; -1 = not given */
};

struct lk_start {
    const char *program;
    const char *config_path; /* LK_CONFIG_PATH by default */
    const char *confdir;     /* of PAM, tests only; NULL = the system's */
    bool test;
    struct lk_config config;
    struct lk_loop *loop;
    void (*reload)(void *context); /* SIGHUP; may be NULL */
    void (*stop)(void *context);   /* SIGTERM, SIGINT; NULL: the loop is stopped */
    void *context;
    struct lk_watch signals;
};

/* Reads the command line (--config FILE, --test, --confdir DIR, and the descriptors listed), dies with its parent, reads the configuration, makes the loop. --confdir
 * is refused for uid 0 outside --test. 0, or the exit status to end with (one line is on stderr then): LK_START_USAGE for arguments and configuration, 1 otherwise. */
LK_MUST_USE int lk_start(int argc, char **argv, const char *program,
                         const struct lk_start_descriptor *descriptors, size_t count,
                         struct lk_start *ret_start);
/* Signals to the loop (reload, stop), then the profile. 0 or the exit status. */
LK_MUST_USE int lk_start_enter(struct lk_start *start, const struct lk_sandbox_profile *profile);
/* Reads the configuration again into *ret_config; on an error the old one stays and one line says why. */
LK_MUST_USE int lk_start_reread(const struct lk_start *start, struct lk_config *ret_config);
/* RUN/name as a path of at most size bytes. -LK_ERR_TOO_BIG. */
LK_MUST_USE int lk_start_run_path(const struct lk_start *start, const char *name, char *ret_path,
                                  size_t size);
void lk_start_end(struct lk_start *start);

#endif
