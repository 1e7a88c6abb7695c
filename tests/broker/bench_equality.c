/* SPDX-License-Identifier: EUPL-1.2 */
/* Not a test: prints how long the broker takes from LOGIN to the START of the ceremony for an enrolled agent, a suspended one and nobody, in turns,
 * so that a difference that could be seen from outside is seen here. Argument: rounds. */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { KINDS = 3 };

static int compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;

    return (left > right) - (left < right);
}

static int64_t nanoseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t round_trip(struct rig *rig, const char *name)
{
    struct peer client;
    uint32_t ceremony;
    int64_t start;
    int64_t took;

    peer_open(rig, "host", &client);
    start = nanoseconds();
    login_send(&client, name, "sudo", 0, 1);
    ceremony = device_started(rig);
    took = nanoseconds() - start;
    peer_close(&client);
    device_stopped(rig, ceremony);
    return took;
}

int main(int argc, char **argv)
{
    static const char *const names[KINDS] = {"alice", "susan", "nobody"};
    static const char *const labels[KINDS] = {"enrolled", "suspended", "unknown"};
    size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 2000;
    int64_t *times[KINDS];
    struct house house;
    struct rig rig;
    struct agent_key alice;
    struct agent_key susan;

    house_begin(&house, "[policy]\nattempts_per_minute = 600\n");
    house_admit(&house, "alice", LK_KIND_HOST, &alice);
    house_admit(&house, "susan", LK_KIND_HOST, &susan);
    house_state(&house, &susan, LK_STATE_SUSPENDED);
    house_close(&house);
    rig_start(&rig, &house);
    for (size_t kind = 0; kind < KINDS; kind++) {
        times[kind] = calloc(rounds + 1, sizeof(*times[kind]));
        NEED(times[kind] != NULL);
    }
    for (size_t i = 0; i < rounds; i++) {
        /* The bucket of the one source is emptied by attempts that verify nothing. */
        if (i > 0 && i % 150 == 0) {
            rig_stop(&rig);
            rig_start(&rig, &house);
        }
        for (size_t kind = 0; kind < KINDS; kind++)
            times[kind][i] = round_trip(&rig, names[kind]);
    }
    printf("LOGIN to START, %zu rounds, microseconds\n%-10s %8s %8s %8s\n", rounds, "", "10 %",
           "median", "90 %");
    for (size_t kind = 0; kind < KINDS; kind++) {
        const size_t tenth = rounds / 10;
        const size_t half = rounds / 2;
        const size_t nine_tenths = rounds * 9 / 10;

        qsort(times[kind], rounds, sizeof(*times[kind]), compare);
        printf("%-10s %8.1f %8.1f %8.1f\n", labels[kind], (double)times[kind][tenth] / 1000,
               (double)times[kind][half] / 1000, (double)times[kind][nine_tenths] / 1000);
        free(times[kind]);
    }
    rig_stop(&rig);
    agent_key_free(&alice);
    agent_key_free(&susan);
    house_end(&house);
    return 0;
}
