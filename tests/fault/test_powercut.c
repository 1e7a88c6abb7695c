/* SPDX-License-Identifier: EUPL-1.2 */
/* 200 power cuts over logins, enrolments, endorsements, changes of state and the mark; and the proof that this test can fail: the same
 * with `synchronous` OFF is found wanting.
 *
 *   test_powercut [CUTS [SEED]]   SEED repeats one cut that failed */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "powercut.h"
#include "powercut_vfs.h"

/* One run: how many operations it took, what was wrong. */
static const char *run_once(uint32_t seed, uint64_t cut, bool synchronous_off,
                            uint64_t *ret_operations, bool *ret_cut)
{
    struct fixture fixture;
    struct known known;
    const char *result;

    fixture_begin(&fixture, access("/dev/shm", W_OK) == 0 ? "/dev/shm" : NULL);
    fixture.options.synchronous_off = synchronous_off;
    powercut_start(cut, seed);
    work_run(&fixture, seed, &known);
    *ret_operations = powercut_operations();
    *ret_cut = cut != 0 && *ret_operations >= cut;
    powercut_start(0, seed); /* power is back */
    result = work_judge(&fixture, &known);
    work_free(&known);
    fixture_end(&fixture);
    return result;
}

/* How long a run is that nobody cuts: the mean of some, each judged as well (the power goes before anything is closed). */
static uint64_t run_uncut(uint32_t first, unsigned int count)
{
    uint64_t total = 0;

    for (uint32_t seed = first; seed < first + count; seed++) {
        uint64_t operations;
        bool cut;
        const char *result = run_once(seed, 0, false, &operations, &cut);

        if (result != NULL) {
            printf("VIOLATION: seed %u, at the end: %s\n", seed, result);
            exit(1);
        }
        total += operations;
    }
    return total / count;
}

static unsigned int run_all(uint32_t first, unsigned int count, uint64_t length,
                            bool synchronous_off, unsigned int *ret_cuts)
{
    unsigned int violations = 0;

    *ret_cuts = 0;
    for (uint32_t seed = first; seed < first + count; seed++) {
        uint64_t at = 1 + (seed * 2246822519u >> 4) % length;
        uint64_t operations;
        bool cut;
        const char *result = run_once(seed, at, synchronous_off, &operations, &cut);

        *ret_cuts += cut ? 1 : 0;
        if (result == NULL)
            continue;
        violations++;
        if (!synchronous_off || violations <= 3)
            printf("%sseed %u, operation %llu: %s\n",
                   synchronous_off ? "  expected: " : "VIOLATION: ", seed, (unsigned long long)at,
                   result);
    }
    return violations;
}

int main(int argc, char **argv)
{
    unsigned int count = argc > 1 ? (unsigned int)atoi(argv[1]) : 200;
    uint32_t first = argc > 2 ? (uint32_t)atoi(argv[2]) : 1;
    uint64_t length = run_uncut(1, 10);
    unsigned int cuts;
    unsigned int violations = run_all(first, count, length, false, &cuts);
    unsigned int broken;

    printf("synchronous FULL: seeds %u to %u of about %llu operations, %u cuts in the middle, %u "
           "violations\n",
           first, first + count - 1, (unsigned long long)length, cuts, violations);
    if (violations > 0 || cuts < count * 3 / 4)
        return 1;
    if (argc > 2)
        return 0;
    broken = run_all(first, 20, length, true, &cuts);
    printf("synchronous OFF: 20 seeds, %u with violations (there must be some)\n", broken);
    return broken > 0 ? 0 : 1;
}
