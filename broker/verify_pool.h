/* SPDX-License-Identifier: EUPL-1.2 */
/* Verification of assertions as pure jobs over copies: on the calling thread, or on a pool of threads. */
#ifndef LK_BROKER_VERIFY_POOL_H
#define LK_BROKER_VERIFY_POOL_H

#include "broker/broker.h"

enum { LK_VERIFY_THREADS_MAX = 64 };

/* Everything a job reads belongs to it; nothing of the broker is touched by the threads. */
struct lk_verify_job {
    /* in: views point into memory */
    struct lk_public_key public_key;
    struct lk_assertion assertion;
    struct lk_buf memory;
    char relying_party[LK_RELYING_PARTY_MAX + 1];
    char origin[LK_RELYING_PARTY_MAX + 16]; /* "" = none */
    uint8_t client_data_hash[32];           /* used where there is no client data */
    struct lk_view challenge;
    bool user_verification;
    /* out */
    int error;
    enum lk_reason reason; /* INTERNAL until it ran */
    uint8_t flags;         /* these two if the signature verified (lk_assertion_signed) */
    uint32_t counter;
    /* on the loop thread */
    void (*done)(struct lk_verify_job *job, void *context);
    void *context;
    struct lk_verify_job *next;      /* waiting for a thread */
    struct lk_verify_job *submitted; /* handed in after this one */
    bool finished;
};

/* Copies the assertion and the challenge into the job. -LK_ERR_TOO_BIG, -LK_ERR_NOMEM. */
LK_MUST_USE int lk_verify_job_fill(struct lk_verify_job *job, const struct lk_assertion *assertion,
                                   struct lk_view challenge);
/* Frees what the job holds, not the job. */
void lk_verify_job_clear(struct lk_verify_job *job);

/* 1 to LK_VERIFY_THREADS_MAX threads. -LK_ERR_NOMEM, -LK_ERR_IO. */
LK_MUST_USE int lk_verify_pool_start(struct lk_broker *broker, uint32_t threads,
                                     struct lk_verify_pool **ret_pool);
/* Waits for the jobs that run and calls done for all. Accepts NULL, returns NULL. */
struct lk_verify_pool *lk_verify_pool_stop(struct lk_verify_pool *pool);

/* Runs the job; done is called on this thread, before this returns where there is no pool. Jobs are done in the order in which they were handed in, whichever thread
 * was faster: two answers of one key keep the order of their counters. */
void lk_verify_job_run(struct lk_broker *broker, struct lk_verify_job *job);

#endif
