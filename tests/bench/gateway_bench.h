/* SPDX-License-Identifier: EUPL-1.2 */
/* The parts of the gateway benchmark: a population of agents, and logins that are signed beforehand and sent with so many in flight. Ends the program when
 * it cannot do its work. */
#ifndef LK_TESTS_BENCH_GATEWAY_H
#define LK_TESTS_BENCH_GATEWAY_H

#include "rig.h"

enum {
    POPULATION_KEYS =
        64, /* key pairs; every credential has an id of its own and one of these keys */
    POPULATION_TOUCH = 2 /* credentials under one endorsement: what one visit at the desk makes */
};

/* Credentials 0 to count - 1. Two are one agent's, and two are under one operator's touch. */
struct population {
    struct house *house;
    uint32_t count;
    struct test_key keys[POPULATION_KEYS];
    uint32_t *counters; /* signature counter of each credential */
};
/* Fills the store of the house: statements, endorsements signed by its operator, register. The store stays open. */
void population_make(struct population *population, struct house *house, uint32_t count);
/* Gives each agent's record a full name. */
void population_names(struct population *population);
void population_free(struct population *population);
void population_subject(uint32_t credential, struct lk_subject *ret_subject);
void population_credential_id(uint32_t credential, struct lk_credential_id *ret_id);

/* Fetches one challenge for each credential of the list and signs it. Returns one whole LOGIN frame for each; request ids are 0 to count - 1. */
struct lk_buf *logins_sign(struct population *population, struct peer *gateway,
                           const uint32_t *credentials, size_t count);
/* Sends them with at most `in_flight` unanswered, and empties them. Every answer must be "allowed". Nanoseconds from the first byte sent to the last verdict. */
int64_t logins_send(struct peer *gateway, struct lk_buf *logins, size_t count, size_t in_flight);

#endif
