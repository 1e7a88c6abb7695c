/* SPDX-License-Identifier: EUPL-1.2 */
/* latchkey-sso: the launcher of the gateway, where no systemd does its work. It makes the sockets, starts issuer and web, starts a worker or a notify process for each connection that the
 * issuer makes, and waits. It may be root and parses nothing: a child that has given root away reads the configuration and tells what is needed of it. */
#ifndef LK_SSO_LAUNCHER_H
#define LK_SSO_LAUNCHER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "config/config.h"

enum {
    LK_LAUNCHER_CONFIG = 2,     /* exit status: command line or configuration */
    LK_LAUNCHER_GROUPS = 16,    /* of the workers' user */
    LK_LAUNCHER_PROCESSES = 320 /* workers and notify processes at once */
};

struct lk_launcher_options {
    const char *config;
    const char *confdir; /* of PAM, for the workers; NULL = the system's */
    bool test;           /* no other users, also for root */
};

/* Each has a user of its own where the launcher is root. */
enum lk_sso_role {
    LK_SSO_ROLE_ISSUER,
    LK_SSO_ROLE_WEB,
    LK_SSO_ROLE_WORKER,
    LK_SSO_ROLE_NOTIFY,
    LK_SSO_ROLES
};

struct lk_user {
    bool change; /* else the caller's own */
    uid_t uid;
    gid_t gid;
    gid_t groups[LK_LAUNCHER_GROUPS]; /* of workers only: shadow, where the stack needs it */
    size_t group_count;
};

/* A listening place as the configuration has it. */
struct lk_place {
    int family;    /* AF_UNIX, AF_INET (127.0.0.1), AF_INET6 (::1); AF_UNSPEC = none */
    uint16_t port; /* of the latter two */
    char path[LK_CONFIG_TEXT_MAX + 1]; /* of AF_UNIX */
};

struct lk_told {
    char run[LK_CONFIG_TEXT_MAX + 1];
    char keys[LK_CONFIG_TEXT_MAX + 1];
    struct lk_place listen;
    struct lk_place metrics;
};

struct lk_process {
    pid_t pid; /* 0 = none */
    enum lk_sso_role role;
};

struct lk_launcher {
    const struct lk_launcher_options *options;
    bool separate; /* the children have users of their own */
    struct lk_user users[LK_SSO_ROLES];
    struct lk_told told;
    char folder[512];          /* of this program: the others lie beside it */
    int lock;                  /* of RUN/sso, held as long as this launcher lives */
    int listen;                /* for the reverse proxy; the web process gets it */
    int metrics;               /* likewise */
    int web;                   /* RUN/sso/web; the issuer gets it */
    int worker;                /* RUN/sso/worker: each connection becomes a worker */
    int notify;                /* RUN/sso/notify: likewise */
    struct lk_process main[2]; /* issuer, web: when one ends, all end */
    struct lk_process more[LK_LAUNCHER_PROCESSES];
};

/* ---- launcher.c ---- */

/* Returns the exit status: 0 asked to leave, 1 a process ended or a step failed, LK_LAUNCHER_CONFIG. */
int lk_launcher_run(const struct lk_launcher_options *options);

/* ---- launcher_start.c: 0 or a negative error after a line on stderr ---- */

LK_MUST_USE int lk_launcher_find_users(struct lk_launcher *launcher);
LK_MUST_USE int lk_launcher_find_folder(struct lk_launcher *launcher);
/* In a child: for good. */
LK_MUST_USE int lk_launcher_become(const struct lk_user *user);
/* Starts the program of the role with these descriptors kept open; their numbers stand in the arguments. 0 and the process, or a negative error. */
LK_MUST_USE int lk_launcher_start(const struct lk_launcher *launcher, enum lk_sso_role role,
                                  const char *first, int first_fd, const char *second,
                                  int second_fd, pid_t *ret_pid);
const char *lk_launcher_program(enum lk_sso_role role);

/* ---- launcher_config.c ---- */

/* -LK_ERR_CONFIG: the configuration is wrong. */
LK_MUST_USE int lk_launcher_read_config(struct lk_launcher *launcher);

/* ---- launcher_sockets.c ---- */

LK_MUST_USE int lk_launcher_open_sockets(struct lk_launcher *launcher);

#endif
