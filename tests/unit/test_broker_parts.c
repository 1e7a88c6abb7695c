/* SPDX-License-Identifier: EUPL-1.2 */
/* Parts of the broker that need no process: loop, limits, cache of endorsement verdicts. */
#include "broker/endorsement_cache.h"
#include "broker/limits.h"
#include "loop/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

static int64_t now_ms;

static int64_t test_now(void *context)
{
    (void)context;
    return now_ms / 1000;
}

static int64_t test_monotonic(void *context)
{
    (void)context;
    return now_ms;
}

static const struct lk_clock test_clock = {test_now, test_monotonic, NULL};

/* ---- loop ---- */

struct pair {
    struct lk_loop *loop;
    struct lk_watch watches[2];
    int fired[2];
};

/* Whichever comes first takes the other away: its event waits in the same batch and must not be handed out. */
static void pair_ready(struct lk_watch *watch, uint32_t events)
{
    struct pair *pair = watch->context;
    size_t which = watch == &pair->watches[0] ? 0 : 1;

    (void)events;
    pair->fired[which]++;
    lk_loop_remove(pair->loop, &pair->watches[1 - which]);
    memset(&pair->watches[1 - which].ready, 0xff, sizeof(pair->watches[0].ready));
    lk_loop_stop(pair->loop);
}

static void removed_in_batch(void **state)
{
    struct pair pair = {0};

    (void)state;
    assert_int_equal(lk_loop_new(&lk_clock_system, &pair.loop), 0);
    for (size_t i = 0; i < 2; i++) {
        pair.watches[i] = (struct lk_watch){.fd = eventfd(1, EFD_CLOEXEC),
                                            .events = EPOLLIN,
                                            .ready = pair_ready,
                                            .context = &pair};
        assert_int_equal(lk_loop_add(pair.loop, &pair.watches[i]), 0);
    }
    assert_int_equal(lk_loop_run(pair.loop), 0);
    assert_int_equal(pair.fired[0] + pair.fired[1], 1);
    for (size_t i = 0; i < 2; i++) {
        lk_loop_remove(pair.loop, &pair.watches[i]);
        lk_loop_remove(pair.loop, &pair.watches[i]);
        close(pair.watches[i].fd);
    }
    pair.loop = lk_loop_free(pair.loop);
}

struct timers {
    struct lk_loop *loop;
    struct lk_timer timers[4];
    char order[8];
    size_t count;
};

static void timer_fired(struct lk_timer *timer)
{
    struct timers *all = timer->context;

    all->order[all->count++] = (char)('0' + (timer - all->timers));
    if (timer == &all->timers[2])
        lk_loop_stop(all->loop);
}

static void timers_in_order(void **state)
{
    static const int64_t after[] = {20, 5, 40, 10};
    struct timers all = {0};

    (void)state;
    assert_int_equal(lk_loop_new(&lk_clock_system, &all.loop), 0);
    for (size_t i = 0; i < 4; i++) {
        all.timers[i] = (struct lk_timer){.fired = timer_fired, .context = &all};
        lk_loop_arm(all.loop, &all.timers[i], after[i]);
    }
    /* Armed again, it counts from then; disarmed, it does not fire. */
    lk_loop_arm(all.loop, &all.timers[1], 30);
    lk_loop_disarm(all.loop, &all.timers[3]);
    lk_loop_disarm(all.loop, &all.timers[3]);
    assert_int_equal(lk_loop_run(all.loop), 0);
    assert_string_equal(all.order, "012");
    all.loop = lk_loop_free(all.loop);
}

/* ---- limits ---- */

static void places(void **state)
{
    struct lk_limits *limits = NULL;

    (void)state;
    assert_int_equal(lk_limits_new(&test_clock, 100, 5, &limits), 0);
    /* eight for a uid, 68 for all but root, 100 in all */
    for (uid_t uid = 1; uid <= 8; uid++) {
        for (int i = 0; i < LK_LIMITS_UID_CONNECTIONS; i++)
            assert_true(lk_limits_connect(limits, uid));
        assert_false(lk_limits_connect(limits, uid));
    }
    for (uid_t uid = 100; uid < 104; uid++)
        assert_true(lk_limits_connect(limits, uid));
    assert_false(lk_limits_connect(limits, 200));
    for (int i = 0; i < LK_LIMITS_ROOT_PLACES; i++)
        assert_true(lk_limits_connect(limits, 0));
    assert_false(lk_limits_connect(limits, 0));
    lk_limits_disconnect(limits, 1);
    assert_true(lk_limits_connect(limits, 1));
    lk_limits_disconnect(limits, 999);
    assert_true(lk_limits_ceremony_begin(limits, 2));
    assert_false(lk_limits_ceremony_begin(limits, 2));
    lk_limits_ceremony_end(limits, 2);
    assert_true(lk_limits_ceremony_begin(limits, 2));
    assert_true(lk_limits_ceremony_begin(limits, 0));
    assert_true(lk_limits_ceremony_begin(limits, 0));
    limits = lk_limits_free(limits);
}

static void buckets(void **state)
{
    struct lk_limits *limits = NULL;
    struct lk_source tty1;
    struct lk_source tty2;
    struct lk_source user;
    struct lk_source same_user;

    (void)state;
    now_ms = 1000000;
    assert_int_equal(lk_limits_new(&test_clock, 100, 6, &limits), 0);
    lk_source_set(&tty1, 0, "tty1", "");
    lk_source_set(&tty2, 0, "tty2", "");
    /* a user's own words about his terminal do not make another source of him */
    lk_source_set(&user, 1000, "tty1", "a");
    lk_source_set(&same_user, 1000, "tty7", "b");
    for (int i = 0; i < 6; i++) {
        assert_true(lk_limits_take(limits, &tty1));
        assert_true(lk_limits_take(limits, i % 2 == 0 ? &user : &same_user));
    }
    assert_false(lk_limits_take(limits, &tty1));
    assert_false(lk_limits_take(limits, &user));
    assert_true(lk_limits_take(limits, &tty2));
    lk_limits_give_back(limits, &tty1);
    assert_true(lk_limits_take(limits, &tty1));
    /* one each ten seconds */
    now_ms += 9000;
    assert_false(lk_limits_take(limits, &tty1));
    now_ms += 1000;
    assert_true(lk_limits_take(limits, &tty1));
    assert_false(lk_limits_take(limits, &tty1));
    /* never more than a minute's worth */
    now_ms += 3600000;
    for (int i = 0; i < 6; i++)
        assert_true(lk_limits_take(limits, &tty1));
    assert_false(lk_limits_take(limits, &tty1));
    limits = lk_limits_free(limits);
}

/* A source that fills the table with made-up places pushes out the ones that were unused for the longest time, and nobody's memory grows. */
static void many_sources(void **state)
{
    struct lk_limits *limits = NULL;
    struct lk_source source;

    (void)state;
    assert_int_equal(lk_limits_new(&test_clock, 100, 1, &limits), 0);
    for (int i = 0; i < LK_LIMITS_SOURCES + 50; i++) {
        char place[32];

        now_ms++;
        snprintf(place, sizeof(place), "pts/%d", i);
        lk_source_set(&source, 0, place, "");
        assert_true(lk_limits_take(limits, &source));
        assert_false(lk_limits_take(limits, &source));
    }
    limits = lk_limits_free(limits);
}

/* ---- cache ---- */

static struct lk_digest number(uint32_t value)
{
    struct lk_digest digest = {0};

    /* All in two buckets, so that the chains are walked. */
    digest.bytes[0] = (uint8_t)(value % 2);
    memcpy(digest.bytes + 8, &value, sizeof(value));
    return digest;
}

static void cache_order(void **state)
{
    enum { ENTRIES = 8 };
    struct lk_endorsement_cache *cache = NULL;
    struct lk_digest key;

    (void)state;
    assert_int_equal(lk_endorsement_cache_new(ENTRIES, &cache), 0);
    for (uint32_t i = 0; i < ENTRIES; i++) {
        key = number(i);
        assert_null(lk_endorsement_cache_find(cache, &key));
        lk_endorsement_cache_put(cache, &key, (enum lk_reason)i)->named = i % 3 == 0;
    }
    /* used: 0 is now the newest, 1 the oldest */
    key = number(0);
    assert_non_null(lk_endorsement_cache_find(cache, &key));
    key = number(100);
    (void)lk_endorsement_cache_put(cache, &key, LK_REASON_NONE);
    assert_int_equal(lk_endorsement_cache_count(cache), ENTRIES);
    key = number(1);
    assert_null(lk_endorsement_cache_find(cache, &key));
    for (uint32_t i = 2; i < ENTRIES; i++) {
        const struct lk_endorsement_cached *found;

        key = number(i);
        found = lk_endorsement_cache_find(cache, &key);
        assert_non_null(found);
        assert_int_equal(found->reason, i);
        assert_int_equal(found->named, i % 3 == 0);
    }
    cache = lk_endorsement_cache_free(cache);
}

/* Against a plain model: the same answers over many steps. */
static void cache_model(void **state)
{
    enum { ENTRIES = 16, KEYS = 40, STEPS = 20000 };
    struct lk_endorsement_cache *cache = NULL;
    uint32_t used[KEYS] = {0}; /* step of the last use, 0 = not there */
    uint32_t seed = 1;

    (void)state;
    assert_int_equal(lk_endorsement_cache_new(ENTRIES, &cache), 0);
    for (uint32_t step = 1; step <= STEPS; step++) {
        uint32_t which = (seed = seed * 1664525 + 1013904223) >> 16;
        struct lk_digest key = number(which % KEYS);
        size_t there = 0;
        size_t oldest = KEYS;

        which %= KEYS;
        assert_int_equal(lk_endorsement_cache_find(cache, &key) != NULL, used[which] != 0);
        for (size_t i = 0; i < KEYS; i++) {
            there += used[i] != 0;
            if (used[i] != 0 && (oldest == KEYS || used[i] < used[oldest]))
                oldest = i;
        }
        if (used[which] == 0) {
            (void)lk_endorsement_cache_put(cache, &key, LK_REASON_NONE);
            if (there == ENTRIES)
                used[oldest] = 0;
        }
        used[which] = step;
    }
    cache = lk_endorsement_cache_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(removed_in_batch), cmocka_unit_test(timers_in_order),
        cmocka_unit_test(places),           cmocka_unit_test(buckets),
        cmocka_unit_test(many_sources),     cmocka_unit_test(cache_order),
        cmocka_unit_test(cache_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
