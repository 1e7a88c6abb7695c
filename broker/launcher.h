/* SPDX-License-Identifier: EUPL-1.2 */
/* The launcher: opens the sockets, starts the broker, names and the device process each as its own user, then only waits. It parses nothing that comes
 * from a person or a device; what it needs of the configuration a child tells it, as two checked paths and a number. */
#ifndef LK_BROKER_LAUNCHER_H
#define LK_BROKER_LAUNCHER_H

#include <stdbool.h>

struct lk_launcher_options {
    const char *config;
    const char *opener; /* --opener: in place of latchkey-device; NULL = the installed one */
    bool foreground;
    bool test_mode; /* --test: no other users, also for root */
};

/* Returns the exit status: 0 asked to leave, 1 a child ended or a step failed, 2 configuration or command line. */
int lk_launcher_run(const struct lk_launcher_options *options);

/* launcher_sockets.c. Listening sockets by name; -1 = none. */
struct lk_launcher_sockets {
    int host;
    int desk;
    int gateway;
    int worker;
    int lock; /* held as long as this launcher lives */
};
/* In folder run, which is made if it is not there and must belong to the caller and be writable by nobody else; or those a supervisor has opened
 * (LISTEN_FDS, by name). 0 or a negative error after a line on stderr. */
int lk_launcher_open_sockets(const char *run, struct lk_launcher_sockets *ret_sockets);
/* Those that a supervisor has opened for this process, by LISTEN_FDNAMES host, desk, gateway, worker; how many there were, or a negative error. */
int lk_launcher_take_sockets(struct lk_launcher_sockets *ret_sockets);

/* self_test.c */
int lk_self_test(const char *config);

#endif
