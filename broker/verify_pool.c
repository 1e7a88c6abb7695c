/* SPDX-License-Identifier: EUPL-1.2 */
/* The verify pool: one queue in, one list out, an eventfd that wakes the loop. */
#include "broker/verify_pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct lk_verify_pool {
    struct lk_broker *broker;
    struct lk_loop *loop;
    const struct lk_crypto *crypto;
    struct lk_watch watch;
    uint32_t thread_count;
    pthread_t threads[LK_VERIFY_THREADS_MAX];
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop;
    struct lk_verify_job *first; /* waiting */
    struct lk_verify_job **last;
    struct lk_verify_job *oldest; /* handed in and not yet done; the loop thread's own */
    struct lk_verify_job **newest;
};

int lk_verify_job_fill(struct lk_verify_job *job, const struct lk_assertion *assertion,
                       struct lk_view challenge)
{
    const struct lk_view parts[] = {assertion->credential_id, assertion->authenticator_data,
                                    assertion->signature,     assertion->user_handle,
                                    assertion->client_data,   challenge};
    struct lk_view *views[] = {&job->assertion.credential_id, &job->assertion.authenticator_data,
                               &job->assertion.signature,     &job->assertion.user_handle,
                               &job->assertion.client_data,   &job->challenge};
    struct lk_view rest;
    int error;

    lk_buf_init(&job->memory, LK_FRAME_MAX);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        lk_buf_put_view(&job->memory, parts[i]);
    error = lk_buf_error(&job->memory);
    rest = lk_buf_view(&job->memory);
    for (size_t i = 0; error == 0 && i < sizeof(parts) / sizeof(parts[0]); i++)
        error = lk_view_get_view(&rest, parts[i].len, views[i]);
    return error;
}

void lk_verify_job_clear(struct lk_verify_job *job)
{
    lk_buf_clear(&job->memory);
}

/* Pure: reads the job and the immutable crypto context, writes the job's results. */
static void job_verify(const struct lk_crypto *crypto, struct lk_verify_job *job)
{
    struct lk_authenticator_data data;
    struct lk_assertion_rule rule = {.relying_party = job->relying_party,
                                     .user_presence = true,
                                     .user_verification = job->user_verification,
                                     .challenge = job->challenge};

    if (job->origin[0] != '\0')
        rule.origin = job->origin;
    else
        rule.client_data_hash = LK_VIEW(job->client_data_hash, sizeof(job->client_data_hash));
    job->reason = LK_REASON_INTERNAL;
    job->error =
        lk_assertion_verify(crypto, &job->public_key, &job->assertion, &rule, &data, &job->reason);
    if (job->error != 0)
        job->reason = LK_REASON_INTERNAL;
    if (!lk_assertion_signed(job->reason))
        return;
    job->flags = data.flags;
    job->counter = data.counter;
}

static void *pool_thread(void *argument)
{
    struct lk_verify_pool *pool = argument;

    pthread_mutex_lock(&pool->lock);
    for (;;) {
        struct lk_verify_job *job;
        uint64_t one = 1;

        while (pool->first == NULL && !pool->stop)
            pthread_cond_wait(&pool->wake, &pool->lock);
        if (pool->first == NULL)
            break;
        job = pool->first;
        pool->first = job->next;
        if (pool->first == NULL)
            pool->last = &pool->first;
        pthread_mutex_unlock(&pool->lock);
        job_verify(pool->crypto, job);
        pthread_mutex_lock(&pool->lock);
        job->finished = true;
        /* An eventfd write of 1 fails only when the counter is full, and then it is readable anyway. */
        if (write(pool->watch.fd, &one, sizeof(one)) < 0)
            continue;
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static struct lk_verify_job *pool_take(struct lk_verify_pool *pool)
{
    struct lk_verify_job *job = pool->oldest;
    bool finished;

    if (job == NULL)
        return NULL;
    pthread_mutex_lock(&pool->lock);
    finished = job->finished;
    pthread_mutex_unlock(&pool->lock);
    if (!finished)
        return NULL;
    pool->oldest = job->submitted;
    if (pool->oldest == NULL)
        pool->newest = &pool->oldest;
    return job;
}

static void pool_collect(struct lk_verify_pool *pool)
{
    struct lk_verify_job *job;

    while ((job = pool_take(pool)) != NULL)
        job->done(job, job->context);
}

static void pool_ready(struct lk_watch *watch, uint32_t events)
{
    struct lk_verify_pool *pool = watch->context;
    uint64_t count;

    (void)events;
    if (read(watch->fd, &count, sizeof(count)) < 0)
        return;
    lk_broker_turn_hold(pool->broker);
    pool_collect(pool);
}

int lk_verify_pool_start(struct lk_broker *broker, uint32_t threads,
                         struct lk_verify_pool **ret_pool)
{
    struct lk_verify_pool *pool = calloc(1, sizeof(*pool));
    sigset_t all;
    sigset_t before;
    int error = 0;

    if (pool == NULL)
        return -LK_ERR_NOMEM;
    pool->broker = broker;
    pool->loop = broker->loop;
    pool->crypto = broker->crypto;
    pool->last = &pool->first;
    pool->newest = &pool->oldest;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pool->watch = (struct lk_watch){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
                                    .events = EPOLLIN,
                                    .ready = pool_ready,
                                    .context = pool};
    if (pool->watch.fd < 0 || lk_loop_add(pool->loop, &pool->watch) != 0)
        error = -LK_ERR_IO;
    /* Signals are for the loop's thread. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (error == 0 && pool->thread_count < threads &&
           pool->thread_count < LK_VERIFY_THREADS_MAX) {
        if (pthread_create(&pool->threads[pool->thread_count], NULL, pool_thread, pool) != 0)
            error = -LK_ERR_NOMEM;
        else
            pool->thread_count++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0) {
        (void)lk_verify_pool_stop(pool);
        return error;
    }
    *ret_pool = pool;
    return 0;
}

struct lk_verify_pool *lk_verify_pool_stop(struct lk_verify_pool *pool)
{
    if (pool == NULL)
        return NULL;
    pthread_mutex_lock(&pool->lock);
    pool->stop = true;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    for (uint32_t i = 0; i < pool->thread_count; i++)
        pthread_join(pool->threads[i], NULL);
    pool_collect(pool);
    lk_loop_remove(pool->loop, &pool->watch);
    if (pool->watch.fd >= 0)
        close(pool->watch.fd);
    pthread_mutex_destroy(&pool->lock);
    pthread_cond_destroy(&pool->wake);
    free(pool);
    return NULL;
}

void lk_verify_job_run(struct lk_broker *broker, struct lk_verify_job *job)
{
    struct lk_verify_pool *pool = broker->pool;

    if (pool == NULL) {
        job_verify(broker->crypto, job);
        job->done(job, job->context);
        return;
    }
    job->next = NULL;
    job->submitted = NULL;
    job->finished = false;
    *pool->newest = job;
    pool->newest = &job->submitted;
    pthread_mutex_lock(&pool->lock);
    *pool->last = job;
    pool->last = &job->next;
    pthread_cond_signal(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
}
