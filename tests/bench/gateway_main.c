/* SPDX-License-Identifier: EUPL-1.2 */
/* The gateway protocol's login operation against the bare verification of a P-256 signature. Prints; asserts only that every login was allowed.
 *
 *   LK_BUILD_DIR=build/release bench_gateway [--stores 1000,1650000] [--pools 0,1,2] [--in-flight 1,8,64,256] [--logins 4000]
 *
 * Rates are per second of CPU time of the broker process (all its threads), so that what else the machine does, the signing client included, changes
 * them little; the wall rate stands beside them. */
#include "gateway_bench.h"

#include <dirent.h>
#include <fcntl.h>
#include <getopt.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "bench.h"

enum { LIST_MAX = 16, THREADS_MAX = 8, BARE_NS = 300000000, ALONE = 8, CORES_MAX = 64 };

struct list {
    size_t count;
    uint32_t values[LIST_MAX];
};

static struct {
    struct list stores, pools, in_flight;
    uint32_t logins;
} bench = {.stores = {2, {1000, 1650000}},
           .pools = {3, {0, 1, 2}},
           .in_flight = {4, {1, 8, 64, 256}},
           .logins = 4000};

/* What a cell of the table cost. */
struct cost {
    size_t logins;
    int64_t wall;
    int64_t cpu;
    int64_t threads[THREADS_MAX]; /* loop, store, upkeep of the store, then the pool's */
};

/* ---- the bare rate ---- */

/* Verifications a second of CPU time: key and digest ready, as `openssl speed ecdsap256` does it. */
static double bare_rate(void)
{
    struct test_key key;
    struct lk_buf signature = LK_BUF_INIT(LK_SIGNATURE_MAX);
    const uint8_t message[32] = {1, 2, 3};
    const struct lk_view part = LK_VIEW(message, sizeof(message));
    uint8_t digest[32];
    EVP_PKEY_CTX *context;
    int64_t begin;
    int64_t used = 0;
    uint64_t count = 0;

    test_key_make(&key, -7);
    test_sign(&key, &part, 1, &signature);
    test_sha256(message, sizeof(message), digest);
    context = EVP_PKEY_CTX_new(key.pkey, NULL);
    NEED(context != NULL && EVP_PKEY_verify_init(context) == 1);
    begin = bench_read_clock(CLOCK_THREAD_CPUTIME_ID);
    while (used < BARE_NS) {
        for (int i = 0; i < 100; i++)
            NEED(EVP_PKEY_verify(context, signature.data, signature.len, digest, sizeof(digest)) ==
                 1);
        count += 100;
        used = bench_read_clock(CLOCK_THREAD_CPUTIME_ID) - begin;
    }
    EVP_PKEY_CTX_free(context);
    lk_buf_clear(&signature);
    test_key_free(&key);
    return (double)count * 1e9 / (double)used;
}

static void *bare_thread(void *ret_rate)
{
    *(double *)ret_rate = bare_rate();
    return NULL;
}

/* The same on all cores at once: cores that share caches or a clock are slower together than each alone. */
static double bare_rate_together(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t count = cores < 1 ? 1 : cores > CORES_MAX ? CORES_MAX : (size_t)cores;
    pthread_t threads[CORES_MAX];
    double rates[CORES_MAX];
    double sum = 0;

    for (size_t i = 0; i < count; i++)
        NEED(pthread_create(&threads[i], NULL, bare_thread, &rates[i]) == 0);
    for (size_t i = 0; i < count; i++) {
        NEED(pthread_join(threads[i], NULL) == 0);
        sum += rates[i];
    }
    return sum / (double)count;
}

/* ---- the broker ---- */

static void configure(const struct house *house, uint32_t pool)
{
    char text[2048];
    int len =
        snprintf(text, sizeof(text),
                 "[organisation]\nname = " HOUSE_ORGANISATION "\ngateway_host = " HOUSE_GATEWAY
                 "\n[models]\ntables =\n[paths]\nstate = %s\nrun = %s\noperators = %s/operators\n"
                 "[broker]\nverify_threads = %u\n",
                 house->state, house->run, house->folder, pool);

    NEED(len > 0 && len < (int)sizeof(text));
    NEED(lk_file_replace(house->config, 0644, LK_VIEW((const uint8_t *)text, (size_t)len)) == 0);
}

/* Its lines of the journal go into a file: one for each login, as under a supervisor. */
static void start(struct rig *rig, struct house *house, uint32_t pool, struct peer *gateway)
{
    char path[128];
    int before = dup(STDERR_FILENO);
    int journal;

    configure(house, pool);
    house_path(house, "journal", path, sizeof(path));
    journal = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    NEED(before >= 0 && journal >= 0 && dup2(journal, STDERR_FILENO) >= 0);
    rig_start(rig, house);
    NEED(dup2(before, STDERR_FILENO) >= 0);
    close(before);
    close(journal);
    peer_open(rig, "gateway", gateway);
}

static void stop(struct rig *rig, struct peer *gateway)
{
    peer_close(gateway);
    rig_stop(rig);
}

static int ascending_number(const void *a, const void *b)
{
    const long *left = a;
    const long *right = b;

    return (*left > *right) - (*left < *right);
}

/* CPU time of each thread in the order in which they began; the first field of schedstat, nanoseconds. */
static void thread_times(pid_t pid, int64_t ret_times[THREADS_MAX])
{
    char path[128];
    long ids[THREADS_MAX];
    size_t count = 0;
    const struct dirent *entry;
    DIR *folder;

    memset(ret_times, 0, THREADS_MAX * sizeof(*ret_times));
    (void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    folder = opendir(path);
    NEED(folder != NULL);
    while ((entry = readdir(folder)) != NULL && count < THREADS_MAX) {
        if (entry->d_name[0] != '.')
            ids[count++] = strtol(entry->d_name, NULL, 10);
    }
    (void)closedir(folder);
    qsort(ids, count, sizeof(*ids), ascending_number);
    for (size_t i = 0; i < count; i++) {
        long long used = 0;
        FILE *file;

        (void)snprintf(path, sizeof(path), "/proc/%d/task/%ld/schedstat", (int)pid, ids[i]);
        file = fopen(path, "re");
        if (file == NULL)
            continue; /* a kernel without it: only the sum is told */
        if (fscanf(file, "%lld", &used) == 1)
            ret_times[i] = used;
        (void)fclose(file);
    }
}

static int64_t broker_cpu(const struct rig *rig)
{
    clockid_t clock;

    NEED(clock_getcpuclockid(rig->broker, &clock) == 0);
    return bench_read_clock(clock);
}

/* Signs first, then measures. */
static struct cost measure(struct population *population, const struct rig *rig,
                           struct peer *gateway, const uint32_t *credentials, size_t count,
                           size_t in_flight)
{
    struct lk_buf *logins = logins_sign(population, gateway, credentials, count);
    struct cost cost = {.logins = count};
    int64_t before[THREADS_MAX];
    int64_t cpu;

    thread_times(rig->broker, before);
    cpu = broker_cpu(rig);
    cost.wall = logins_send(gateway, logins, count, in_flight);
    cost.cpu = broker_cpu(rig) - cpu;
    thread_times(rig->broker, cost.threads);
    for (size_t i = 0; i < THREADS_MAX; i++)
        cost.threads[i] -= before[i];
    free(logins);
    return cost;
}

/* ---- a cell ---- */

static void print_cost(const char *state, uint32_t pool, uint32_t in_flight,
                       const struct cost *cost, double bare)
{
    double logins = (double)cost->logins;
    double per_core = logins * 1e9 / (double)cost->cpu;
    int64_t pool_cpu = 0;

    for (size_t i = 3; i < THREADS_MAX; i++)
        pool_cpu += cost->threads[i];
    (void)printf("  %-5s %4u %9u %7zu %10.0f %13.0f %10.0f %7.2f   %7.1f %7.1f %7.1f %7.1f\n",
                 state, pool, in_flight, cost->logins, logins * 1e9 / (double)cost->wall, per_core,
                 bare, per_core / bare, (double)cost->threads[0] / logins / 1e3,
                 (double)cost->threads[1] / logins / 1e3, (double)cost->threads[2] / logins / 1e3,
                 (double)pool_cpu / logins / 1e3);
    (void)fflush(stdout);
}

/* `count` agents drawn from the whole population, none twice, the same for the same seed: the list gets the first or the second credential of each. */
static void draw(const struct population *population, uint32_t seed, uint32_t count,
                 uint32_t *ret_first, uint32_t *ret_second)
{
    uint32_t agents = population->count / POPULATION_TOUCH;
    uint32_t *all = calloc(agents, sizeof(*all));
    uint32_t random = seed;

    NEED(all != NULL && count <= agents);
    for (uint32_t i = 0; i < agents; i++)
        all[i] = i;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t other = i + test_random(&random) % (agents - i);
        uint32_t kept = all[other];

        all[other] = all[i];
        all[i] = kept;
        ret_first[i] = kept * POPULATION_TOUCH;
        ret_second[i] = kept * POPULATION_TOUCH + 1;
    }
    free(all);
}

/* A fresh broker: the first credential of each agent finds no verdict of its endorsement (cold), the second finds it but has a row of its own (warm). */
static void cell(struct population *population, uint32_t pool, uint32_t in_flight)
{
    static uint32_t seed = 4711;
    uint32_t agents = population->count / POPULATION_TOUCH;
    uint32_t wanted = in_flight == 1 && bench.logins >= ALONE ? bench.logins / ALONE : bench.logins;
    uint32_t count = wanted < agents ? wanted : agents;
    uint32_t *first = calloc(count, sizeof(*first));
    uint32_t *second = calloc(count, sizeof(*second));
    struct rig rig;
    struct peer gateway;
    struct cost cost;
    double bare = bare_rate();
    double after;

    NEED(first != NULL && second != NULL);
    draw(population, seed++, count, first, second);
    start(&rig, population->house, pool, &gateway);
    cost = measure(population, &rig, &gateway, first, count, in_flight);
    after = bare_rate();
    print_cost("cold", pool, in_flight, &cost, (bare + after) / 2);
    bare = after;
    cost = measure(population, &rig, &gateway, second, count, in_flight);
    /* A small store has few agents: the round is repeated until enough logins were counted. */
    while (cost.logins < wanted) {
        struct cost more = measure(population, &rig, &gateway, second, count, in_flight);

        cost.logins += more.logins;
        cost.wall += more.wall;
        cost.cpu += more.cpu;
        for (size_t i = 0; i < THREADS_MAX; i++)
            cost.threads[i] += more.threads[i];
    }
    after = bare_rate();
    print_cost("warm", pool, in_flight, &cost, (bare + after) / 2);
    stop(&rig, &gateway);
    free(first);
    free(second);
}

static void store(uint32_t credentials)
{
    struct house house;
    struct population population;
    int64_t begin = bench_now();

    house_begin(&house, NULL);
    population_make(&population, &house, credentials);
    house_close(&house);
    (void)printf("\nstore of %u credentials, %d under one operator's touch (made in %.0f s)\n",
                 credentials, POPULATION_TOUCH, (double)(bench_now() - begin) / 1e9);
    (void)printf("bare P-256 verification: %.0f a core-second on one core, %.0f on all at once\n",
                 bare_rate(), bare_rate_together());
    (void)printf("  %-5s %4s %9s %7s %10s %13s %10s %7s   %7s %7s %7s %7s\n", "endo.", "pool",
                 "in flight", "logins", "a second", "a core-second", "bare then", "of bare",
                 "loop us", "store", "upkeep", "pool");
    for (size_t i = 0; i < bench.pools.count; i++) {
        for (size_t j = 0; j < bench.in_flight.count; j++)
            cell(&population, bench.pools.values[i], bench.in_flight.values[j]);
    }
    population_free(&population);
    house_end(&house);
}

/* ---- arguments ---- */

static bool parse_list(const char *text, uint32_t least, struct list *ret_list)
{
    struct list list = {0};

    while (list.count < LIST_MAX) {
        char *end = NULL;
        unsigned long value = strtoul(text, &end, 10);

        if (end == text || value < least || value > 16000000)
            return false;
        list.values[list.count++] = (uint32_t)value;
        if (*end == '\0') {
            *ret_list = list;
            return true;
        }
        if (*end != ',')
            return false;
        text = end + 1;
    }
    return false;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"stores", 1, NULL, 's'},
                                            {"pools", 1, NULL, 'p'},
                                            {"in-flight", 1, NULL, 'f'},
                                            {"logins", 1, NULL, 'n'},
                                            {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        struct list one = {0};
        bool good = option == 's'   ? parse_list(optarg, 2, &bench.stores)
                    : option == 'p' ? parse_list(optarg, 0, &bench.pools)
                    : option == 'f' ? parse_list(optarg, 1, &bench.in_flight)
                    : option == 'n' ? parse_list(optarg, 1, &one)
                                    : false;

        if (!good) {
            (void)fprintf(stderr,
                          "bench_gateway: see the head of gateway_main.c for its options\n");
            return 2;
        }
        if (one.count > 0)
            bench.logins = one.values[0];
    }
    for (size_t i = 0; i < bench.stores.count; i++)
        store(bench.stores.values[i]);
    return 0;
}
