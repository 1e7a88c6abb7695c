/* SPDX-License-Identifier: EUPL-1.2 */
/* How long a login waits for the device process: from START to KEY, and from KEY to ASSERTION, without PIN and with the software key touching at once. Prints, asserts nothing.
 *
 *   LK_BUILD_DIR=build/release build/release/tests/bench_device_assertion [rounds] */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS_MAX = 10000 };

static struct harness harness;
static struct credential credential;
static int rounds = 200;

static double now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int ascending(const void *a, const void *b)
{
    const double *left = a;
    const double *right = b;

    return *left < *right ? -1 : *left > *right;
}

static void print(const char *what, double *times)
{
    qsort(times, (size_t)rounds, sizeof(*times), ascending);
    printf("%-36s median %8.0f us   p95 %8.0f us   max %8.0f us\n", what, times[rounds / 2],
           times[rounds * 95 / 100], times[rounds - 1]);
}

static void measure(const char *title, uint32_t flags, unsigned pause_ms)
{
    static double to_key[ROUNDS_MAX];
    static double to_answer[ROUNDS_MAX];
    struct lk_view allow = LK_VIEW(credential.id, credential.id_len);

    for (int i = 0; i < rounds; i++) {
        struct talker talker;
        struct lk_device_assertion assertion;
        double start = 0;
        double key = 0;

        usleep(pause_ms * 1000); /* until the pool is full again */
        start = now_us();
        link_start(&harness, (uint32_t)i + 2);
        link_expect_key(&harness, (uint32_t)i + 2, &talker);
        key = now_us();
        talker_assert(&talker, flags, &allow, 1, WAIT_MS);
        talker_expect_info(&talker);
        assertion = talker_expect_assertion(&talker);
        to_answer[i] = now_us() - key;
        to_key[i] = key - start;
        assert_true(credential_signed(&credential, &assertion, false));
        talker_close(&talker);
        link_stop(&harness, (uint32_t)i + 2);
    }
    printf("%s, %d rounds\n", title, rounds);
    print("  START to KEY", to_key);
    print("  KEY to ASSERTION", to_answer);
}

static void bench(void **state)
{
    (void)state;
    harness_up(&harness, 2, false);
    key_up(&harness, "k1", NULL);
    credential_make(&harness, 1, &credential);
    measure("talker waits, no probe", 0, 100);
    measure("talker waits, silent probe first", LK_CEREMONY_PROBE, 100);
    measure("no pause: talkers are still loading", 0, 0);
    harness_down(&harness);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(bench)};

    if (argc > 1)
        rounds = atoi(argv[1]);
    if (rounds < 1 || rounds > ROUNDS_MAX)
        return 2;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
