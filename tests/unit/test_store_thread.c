/* SPDX-License-Identifier: EUPL-1.2 */
/* The store thread: batches, order, completions on the loop's thread, errors of a whole batch, stop.
 * Built with -fsanitize=thread this is the race test of thread.c and of the connections. */
#include "broker/store/thread.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store_fixture.h"

static struct fixture fixture;
static pthread_t loop_thread;

static int start(void **state)
{
    (void)state;
    loop_thread = pthread_self();
    fixture_begin(&fixture, NULL);
    fixture_open(&fixture);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    fixture_end(&fixture);
    return 0;
}

struct done {
    size_t count;
    uint64_t last;
    int error;
    struct lk_store_thread *thread;
    struct lk_change *next; /* queued from inside a completion */
};

static void done(struct lk_change *change, void *context)
{
    struct done *seen = context;

    assert_true(pthread_equal(pthread_self(), loop_thread));
    if (change->error == 0) {
        assert_int_equal(change->reason, LK_REASON_NONE);
        assert_true(change->number > seen->last); /* in the order in which they were queued */
        seen->last = change->number;
    }
    seen->error = change->error;
    seen->count++;
    if (seen->next != NULL) {
        struct lk_change *next = seen->next;

        seen->next = NULL;
        assert_int_equal(lk_store_thread_queue(seen->thread, next), 0);
    }
}

static struct lk_change record(struct done *seen)
{
    return (struct lk_change){
        .kind = LK_CHANGE_RECORD,
        .u.record = {.time = 1, .reason = LK_REASON_TIMEOUT, .count = 1, .name = "alice"},
        .done = done,
        .context = seen};
}

static void wait_for(struct lk_store_thread *thread, const struct done *seen, size_t count)
{
    while (seen->count < count) {
        struct pollfd fd = {.fd = lk_store_thread_fd(thread), .events = POLLIN};

        assert_int_equal(poll(&fd, 1, 30000), 1);
        lk_store_thread_collect(thread);
    }
    assert_int_equal(seen->count, count);
}

static void many(void **state)
{
    enum { MANY = 3000 };
    struct lk_change *changes = calloc(MANY + 1, sizeof *changes);
    struct lk_store_thread *thread;
    struct done seen = {0};
    struct lk_store_head head;

    (void)state;
    assert_non_null(changes);
    assert_int_equal(lk_store_thread_start(&lk_store_sqlite, fixture.store, &thread), 0);
    seen.thread = thread;
    seen.next = &changes[MANY];
    changes[MANY] = record(&seen);
    for (int i = 0; i < MANY; i++) {
        changes[i] = record(&seen);
        assert_int_equal(lk_store_thread_queue(thread, &changes[i]), 0);
        /* The loop reads while the store thread writes and the other one maintains. */
        if (i % 100 == 0)
            assert_int_equal(lk_store_sqlite.read_head(fixture.store, &head), 0);
    }
    wait_for(thread, &seen, MANY + 1);
    assert_null(lk_store_thread_stop(thread));
    assert_int_equal(lk_store_sqlite.read_head(fixture.store, &head), 0);
    assert_int_equal(head.log_number, MANY + 1);
    free(changes);
}

/* Enough batches to call for maintenance while commits go on. */
static void one_by_one(void **state)
{
    enum { MANY = 300 };
    struct lk_change *changes = calloc(MANY, sizeof *changes);
    struct lk_store_thread *thread;
    struct done seen = {0};

    (void)state;
    assert_non_null(changes);
    assert_int_equal(lk_store_thread_start(&lk_store_sqlite, fixture.store, &thread), 0);
    for (size_t i = 0; i < MANY; i++) {
        changes[i] = record(&seen);
        assert_int_equal(lk_store_thread_queue(thread, &changes[i]), 0);
        wait_for(thread, &seen, i + 1);
    }
    assert_null(lk_store_thread_stop(thread));
    free(changes);
}

static void stop_commits_what_waits(void **state)
{
    enum { MANY = 1500 };
    struct lk_change *changes = calloc(MANY, sizeof *changes);
    struct lk_store_thread *thread;
    struct done seen = {0};
    struct lk_store_head head;

    (void)state;
    assert_non_null(changes);
    assert_int_equal(lk_store_thread_start(&lk_store_sqlite, fixture.store, &thread), 0);
    for (int i = 0; i < MANY; i++) {
        changes[i] = record(&seen);
        assert_int_equal(lk_store_thread_queue(thread, &changes[i]), 0);
    }
    assert_null(lk_store_thread_stop(thread));
    assert_int_equal(seen.count, MANY);
    assert_int_equal(lk_store_sqlite.read_head(fixture.store, &head), 0);
    assert_int_equal(head.log_number, MANY);
    assert_null(lk_store_thread_stop(NULL));
    free(changes);
}

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool held;
    size_t calls;
    size_t largest;
} fake = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

/* Waits while the test holds it, then fails all. */
static int fake_commit(struct lk_store *store, struct lk_change **changes, size_t count)
{
    (void)store;
    (void)changes;
    pthread_mutex_lock(&fake.lock);
    while (fake.held)
        pthread_cond_wait(&fake.changed, &fake.lock);
    fake.calls++;
    if (count > fake.largest)
        fake.largest = count;
    pthread_mutex_unlock(&fake.lock);
    return -LK_ERR_IO;
}

static int fake_maintain(struct lk_store *store)
{
    (void)store;
    return 0;
}

static const struct lk_store_ops fake_ops = {.commit = fake_commit, .maintain = fake_maintain};

static void full_queue_and_failed_batches(void **state)
{
    enum { LIMIT = 65536 };
    struct lk_change *changes = calloc(LIMIT + 1, sizeof *changes);
    struct lk_store_thread *thread;
    struct done seen = {0};

    (void)state;
    assert_non_null(changes);
    fake.held = true;
    assert_int_equal(lk_store_thread_start(&fake_ops, NULL, &thread), 0);
    for (int i = 0; i <= LIMIT; i++) {
        changes[i] = record(&seen);
        assert_int_equal(lk_store_thread_queue(thread, &changes[i]), i < LIMIT ? 0 : -LK_ERR_FULL);
    }
    pthread_mutex_lock(&fake.lock);
    fake.held = false;
    pthread_cond_broadcast(&fake.changed);
    pthread_mutex_unlock(&fake.lock);
    wait_for(thread, &seen, LIMIT);
    assert_int_equal(seen.error, -LK_ERR_IO);
    assert_int_equal(fake.largest, LK_STORE_BATCH_MAX);
    assert_true(fake.calls <= LIMIT / LK_STORE_BATCH_MAX + 2);
    assert_int_equal(lk_store_thread_queue(thread, &changes[LIMIT]), 0);
    wait_for(thread, &seen, LIMIT + 1);
    assert_null(lk_store_thread_stop(thread));
    free(changes);
}

static bool finished_within(const struct lk_store_thread *thread, int milliseconds)
{
    struct pollfd fd = {.fd = lk_store_thread_fd(thread), .events = POLLIN};

    return poll(&fd, 1, milliseconds) == 1;
}

static size_t fake_calls(void)
{
    size_t calls;

    pthread_mutex_lock(&fake.lock);
    calls = fake.calls;
    pthread_mutex_unlock(&fake.lock);
    return calls;
}

/* While the loop decides, the writer waits for enough of it; then for nothing more. */
static void held(void **state)
{
    enum { FEW = 5 };
    struct lk_change *changes = calloc(LK_STORE_GATHER + 2 * FEW, sizeof *changes);
    struct lk_change *next = changes;
    struct lk_store_thread *thread;
    struct done seen = {0};

    (void)state;
    assert_non_null(changes);
    for (size_t i = 0; i < LK_STORE_GATHER + 2 * FEW; i++)
        changes[i] = record(&seen);
    fake.calls = 0;
    assert_int_equal(lk_store_thread_start(&fake_ops, NULL, &thread), 0);
    lk_store_thread_hold(thread);
    for (int i = 0; i < FEW; i++)
        assert_int_equal(lk_store_thread_queue(thread, next++), 0);
    assert_false(finished_within(thread, 100));
    lk_store_thread_release(thread);
    wait_for(thread, &seen, FEW);
    assert_int_equal(fake_calls(), 1);
    lk_store_thread_hold(thread);
    for (int i = 0; i < LK_STORE_GATHER; i++)
        assert_int_equal(lk_store_thread_queue(thread, next++), 0);
    wait_for(thread, &seen, FEW + LK_STORE_GATHER);
    assert_int_equal(fake_calls(), 2);
    /* What is held when it ends is committed too. */
    for (int i = 0; i < FEW; i++)
        assert_int_equal(lk_store_thread_queue(thread, next++), 0);
    assert_null(lk_store_thread_stop(thread));
    assert_int_equal(seen.count, LK_STORE_GATHER + 2 * FEW);
    assert_int_equal(fake_calls(), 3);
    lk_store_thread_hold(NULL);
    lk_store_thread_release(NULL);
    free(changes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(many, start, stop),
        cmocka_unit_test_setup_teardown(one_by_one, start, stop),
        cmocka_unit_test_setup_teardown(stop_commits_what_waits, start, stop),
        cmocka_unit_test(full_queue_and_failed_batches),
        cmocka_unit_test(held),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
