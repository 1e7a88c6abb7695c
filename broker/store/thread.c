/* SPDX-License-Identifier: EUPL-1.2 */
/* The store thread. While one transaction is on its way to the disk, the next one gathers: the disk sets the size of a batch, no timer does.
 *
 * One mutex guards the two lists; changes themselves belong to exactly one thread at any moment. */
#include "broker/store/thread.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { LK_QUEUE_MAX = 65536, LK_MAINTAIN_SECONDS = 5, LK_MAINTAIN_BATCHES = 256 };

struct lk_change_list {
    struct lk_change *first;
    struct lk_change **last;
};

struct lk_store_thread {
    const struct lk_store_ops *ops;
    struct lk_store *store;
    pthread_t writer;
    pthread_t keeper;
    pthread_mutex_t lock;
    pthread_cond_t queued; /* the writer waits for it */
    pthread_cond_t due;    /* the keeper waits for it */
    struct lk_change_list waiting;
    struct lk_change_list finished;
    size_t unfinished;   /* queued and not yet collected */
    size_t queued_count; /* in waiting */
    bool held;
    unsigned int batches; /* since the last maintenance */
    bool stopping;
    int fd;
};

static void list_init(struct lk_change_list *list)
{
    list->first = NULL;
    list->last = &list->first;
}

static void list_append(struct lk_change_list *list, struct lk_change *change)
{
    change->next = NULL;
    *list->last = change;
    list->last = &change->next;
}

static struct lk_change *list_take(struct lk_change_list *list)
{
    struct lk_change *change = list->first;

    if (change != NULL) {
        list->first = change->next;
        if (list->first == NULL)
            list->last = &list->first;
        change->next = NULL;
    }
    return change;
}

static void finish_batch(struct lk_store_thread *thread, struct lk_change **changes, size_t count)
{
    static const uint64_t one = 1;

    (void)pthread_mutex_lock(&thread->lock);
    for (size_t i = 0; i < count; i++)
        list_append(&thread->finished, changes[i]);
    if (++thread->batches >= LK_MAINTAIN_BATCHES)
        (void)pthread_cond_signal(&thread->due);
    (void)pthread_mutex_unlock(&thread->lock);
    /* An eventfd of this kind can only fail when its counter is full, and then it is readable already. */
    if (write(thread->fd, &one, sizeof one) < 0)
        return;
}

static bool nothing_due(const struct lk_store_thread *thread)
{
    if (thread->stopping)
        return false;
    return thread->held ? thread->queued_count < LK_STORE_GATHER : thread->queued_count == 0;
}

static void *write_batches(void *context)
{
    struct lk_store_thread *thread = context;
    struct lk_change *changes[LK_STORE_BATCH_MAX];

    for (;;) {
        size_t count = 0;
        int r;

        (void)pthread_mutex_lock(&thread->lock);
        while (nothing_due(thread))
            (void)pthread_cond_wait(&thread->queued, &thread->lock);
        /* On a busy processor whoever else is about to queue goes first: the batch, and with it the number of syncs, is twice as good. Nobody waits on an idle one. */
        (void)pthread_mutex_unlock(&thread->lock);
        (void)sched_yield();
        (void)pthread_mutex_lock(&thread->lock);
        while (count < LK_STORE_BATCH_MAX && thread->waiting.first != NULL)
            changes[count++] = list_take(&thread->waiting);
        thread->queued_count -= count;
        (void)pthread_mutex_unlock(&thread->lock);
        if (count == 0)
            return NULL;
        r = thread->ops->commit(thread->store, changes, count);
        for (size_t i = 0; r != 0 && i < count; i++)
            changes[i]->error = r;
        finish_batch(thread, changes, count);
    }
}

static void *keep(void *context)
{
    struct lk_store_thread *thread = context;

    (void)pthread_mutex_lock(&thread->lock);
    while (!thread->stopping) {
        struct timespec until;
        int r = 0;

        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += LK_MAINTAIN_SECONDS;
        while (r == 0 && !thread->stopping && thread->batches < LK_MAINTAIN_BATCHES)
            r = pthread_cond_timedwait(&thread->due, &thread->lock, &until);
        if (thread->stopping)
            break;
        thread->batches = 0;
        (void)pthread_mutex_unlock(&thread->lock);
        /* What failed is tried again at the next turn; a full or broken disk shows itself at the next commit. */
        r = thread->ops->maintain(thread->store);
        (void)r;
        (void)pthread_mutex_lock(&thread->lock);
    }
    (void)pthread_mutex_unlock(&thread->lock);
    return NULL;
}

static int start_threads(struct lk_store_thread *thread)
{
    if (pthread_create(&thread->writer, NULL, write_batches, thread) != 0)
        return -LK_ERR_NOMEM;
    if (pthread_create(&thread->keeper, NULL, keep, thread) == 0)
        return 0;
    (void)pthread_mutex_lock(&thread->lock);
    thread->stopping = true;
    (void)pthread_cond_signal(&thread->queued);
    (void)pthread_mutex_unlock(&thread->lock);
    (void)pthread_join(thread->writer, NULL);
    return -LK_ERR_NOMEM;
}

static int make_conditions(struct lk_store_thread *thread)
{
    pthread_condattr_t attributes;

    if (pthread_mutex_init(&thread->lock, NULL) != 0)
        return -LK_ERR_NOMEM;
    /* A wall clock that steps must not hold maintenance up. */
    if (pthread_condattr_init(&attributes) != 0 ||
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) != 0 ||
        pthread_cond_init(&thread->queued, NULL) != 0 ||
        pthread_cond_init(&thread->due, &attributes) != 0)
        return -LK_ERR_NOMEM;
    (void)pthread_condattr_destroy(&attributes);
    return 0;
}

static void release(struct lk_store_thread *thread)
{
    (void)pthread_cond_destroy(&thread->queued);
    (void)pthread_cond_destroy(&thread->due);
    (void)pthread_mutex_destroy(&thread->lock);
    if (thread->fd >= 0)
        (void)close(thread->fd);
    free(thread);
}

int lk_store_thread_start(const struct lk_store_ops *ops, struct lk_store *store,
                          struct lk_store_thread **ret_thread)
{
    struct lk_store_thread *thread = calloc(1, sizeof *thread);
    int r;

    if (thread == NULL)
        return -LK_ERR_NOMEM;
    thread->ops = ops;
    thread->store = store;
    list_init(&thread->waiting);
    list_init(&thread->finished);
    thread->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    r = thread->fd < 0 ? -LK_ERR_IO : make_conditions(thread);
    if (r == 0)
        r = start_threads(thread);
    if (r != 0) {
        release(thread);
        return r;
    }
    *ret_thread = thread;
    return 0;
}

struct lk_store_thread *lk_store_thread_stop(struct lk_store_thread *thread)
{
    if (thread == NULL)
        return NULL;
    (void)pthread_mutex_lock(&thread->lock);
    thread->stopping = true;
    (void)pthread_cond_signal(&thread->queued);
    (void)pthread_cond_signal(&thread->due);
    (void)pthread_mutex_unlock(&thread->lock);
    (void)pthread_join(thread->writer, NULL);
    (void)pthread_join(thread->keeper, NULL);
    lk_store_thread_collect(thread);
    release(thread);
    return NULL;
}

int lk_store_thread_fd(const struct lk_store_thread *thread)
{
    return thread->fd;
}

int lk_store_thread_queue(struct lk_store_thread *thread, struct lk_change *change)
{
    int r = 0;

    (void)pthread_mutex_lock(&thread->lock);
    if (thread->unfinished >= LK_QUEUE_MAX) {
        r = -LK_ERR_FULL;
    } else {
        thread->unfinished++;
        thread->queued_count++;
        list_append(&thread->waiting, change);
        if (!nothing_due(thread))
            (void)pthread_cond_signal(&thread->queued);
    }
    (void)pthread_mutex_unlock(&thread->lock);
    return r;
}

void lk_store_thread_hold(struct lk_store_thread *thread)
{
    if (thread == NULL)
        return;
    (void)pthread_mutex_lock(&thread->lock);
    thread->held = true;
    (void)pthread_mutex_unlock(&thread->lock);
}

void lk_store_thread_release(struct lk_store_thread *thread)
{
    if (thread == NULL)
        return;
    (void)pthread_mutex_lock(&thread->lock);
    thread->held = false;
    if (thread->queued_count > 0)
        (void)pthread_cond_signal(&thread->queued);
    (void)pthread_mutex_unlock(&thread->lock);
}

void lk_store_thread_collect(struct lk_store_thread *thread)
{
    struct lk_change_list taken;
    struct lk_change *change;
    uint64_t ignored;

    if (read(thread->fd, &ignored, sizeof ignored) < 0 && errno != EAGAIN)
        return;
    (void)pthread_mutex_lock(&thread->lock);
    taken = thread->finished;
    if (taken.first == NULL)
        list_init(&taken);
    list_init(&thread->finished);
    for (change = taken.first; change != NULL; change = change->next)
        thread->unfinished--;
    (void)pthread_mutex_unlock(&thread->lock);
    /* done may queue the next change, or free this one. */
    while ((change = list_take(&taken)) != NULL)
        if (change->done != NULL)
            change->done(change, change->context);
}
