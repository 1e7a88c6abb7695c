/* SPDX-License-Identifier: EUPL-1.2 */
/* The broker process: how it starts from descriptors it was given, and how it ends. */
#ifndef LK_BROKER_RUN_H
#define LK_BROKER_RUN_H

#include "broker/broker.h"

struct lk_run_options {
    const char *config;
    int host; /* listening sockets; -1 = not open */
    int desk;
    int gateway;
    int worker;
    int names; /* links; -1 = there is none */
    int device;
    bool test_mode;
    bool rootless;
    bool sandbox; /* enter the filter; a TSan build cannot */
};

/* Runs until it is told to stop (SIGTERM, SIGINT) or a link breaks. Returns the exit status: 0, 1 (ended by a fault), 2 (configuration: nothing
 * was started). */
int lk_broker_run(const struct lk_run_options *options);

/* The parts, for tests and the self-test. Descriptors of options are owned by the broker from here on. Says on stderr why it failed. */
LK_MUST_USE int lk_broker_start(const struct lk_run_options *options,
                                struct lk_broker **ret_broker);
struct lk_broker *lk_broker_free(struct lk_broker *broker);

/* Ends the process for a reason that only a restart mends. */
void lk_broker_end(struct lk_broker *broker, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Reads configuration and operator chain again. ret_text tells what was wrong. */
LK_MUST_USE int lk_broker_reload(struct lk_broker *broker, char *ret_text, size_t size);

/* NONE, or the reason why no login is possible now: store, register, operators, clock. */
enum lk_reason lk_broker_ready(struct lk_broker *broker);

/* Queues a record of the login log; freed when done. */
void lk_broker_record(struct lk_broker *broker, const struct lk_log_record *record);

/* A record went to the disk: tells the sinks and moves the clock's floor. */
void lk_broker_recorded(struct lk_broker *broker, const struct lk_log_record *record,
                        uint64_t number);

#endif
