/* SPDX-License-Identifier: EUPL-1.2 */
/* Whole logins at the gateway: page, touch, PAM, code, token. Prints; fails only when a login was lost or a token is wrong.
 *
 *   LK_BUILD_DIR=build/release bench_sso [--smoke] [--in-flight 1,8,128,256] [--cores 1,2] [--logins 4000] [--credentials 20000] [--workers 16] [--verify-threads 0]
 *       [--nss-names] [--rate 500] [--seconds 10] [--idle 10000] [--pending 100000] [--passwords 400] [--skip table,rate,idle,pending,password]
 *
 * Costs are microseconds of CPU time a login by process, so that the load, which works on the same machine, is in no figure but the wall rate and the latencies. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "sso_bench.h"

enum {
    LIST_MAX = 8,
    ALONE = 8,
    SLOTS = 4000,
    DESCRIPTORS = 65536,
    PASSWORD_FLIGHT = 8,
    ROUNDS = 4,
    ROUND_LEAST = 1000 /* shorter ones would mostly begin and end */
};

static struct {
    uint32_t in_flight[LIST_MAX], cores[LIST_MAX]; /* end with 0 */
    uint32_t logins, credentials, workers, verifies, rate, seconds, idle, pending, passwords;
    bool nss_names; /* no full name in the agent's record: NSS is asked at each login */
    const char *skip;
} bench = {.in_flight = {1, 8, 128, 256},
           .cores = {1, 2},
           .logins = 4000,
           .credentials = 20000,
           .workers = 16,
           .rate = 500,
           .seconds = 10,
           .idle = 10000,
           .pending = 100000,
           .passwords = 400,
           .skip = ""};

static struct population population;
static struct house house;
static uint32_t seed = 4711;
static bool failed;

/* ---- a run of logins ---- */

struct cost {
    size_t logins;
    size_t lost;
    size_t wrong;
    double seconds;
    double p50, p99;     /* milliseconds */
    double parts[PARTS]; /* microseconds a login */
    struct bare bare;    /* the mean of before, between the rounds and after */
    double sum;          /* of parts */
    double generator;    /* microseconds a login of this program's thread */
};

static struct bare bare_add(struct bare a, struct bare b)
{
    return (struct bare){a.verify + b.verify, a.sign + b.sign};
}

static struct bare bare_share(struct bare sum, size_t count)
{
    return (struct bare){sum.verify / (double)count, sum.sign / (double)count};
}

static double us_each(int64_t nanoseconds, size_t count)
{
    return count > 0 ? (double)nanoseconds / 1e3 / (double)count : 0;
}

/* Different agents, drawn from all of them: the list gets the first or the second credential of each. */
static void draw(uint32_t count, uint32_t *ret_first, uint32_t *ret_second)
{
    uint32_t agents = population.count / POPULATION_TOUCH;
    uint32_t *all = calloc(agents, sizeof(*all));
    uint32_t random = seed++;

    NEED(all != NULL && count <= agents);
    for (uint32_t i = 0; i < agents; i++)
        all[i] = i;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t other = i + test_random(&random) % (agents - i);
        uint32_t kept = all[other];

        all[other] = all[i];
        all[i] = kept;
        ret_first[i] = kept * POPULATION_TOUCH;
        if (ret_second != NULL)
            ret_second[i] = kept * POPULATION_TOUCH + 1;
    }
    free(all);
}

static uint32_t *list_new(uint32_t count)
{
    uint32_t *list = calloc(count, sizeof(*list));

    NEED(list != NULL);
    return list;
}

/* What rounds have taken so far. */
struct taken {
    int64_t cpu[PARTS]; /* nanoseconds */
    int64_t own;
    int64_t wall;
    int64_t *latencies; /* of what was not lost */
    size_t good;
};

static void one_round(const struct gateway *gateway, struct load *load, struct taken *taken,
                      struct cost *cost)
{
    struct lk_buf keys = LK_BUF_INIT(HTTP_BODY_MAX);
    struct usage before;
    struct usage after;
    int64_t own;

    usage_read(gateway, false, &before);
    own = bench_read_clock(CLOCK_THREAD_CPUTIME_ID);
    load_run(load);
    taken->own += bench_read_clock(CLOCK_THREAD_CPUTIME_ID) - own;
    usage_read(gateway, false, &after);
    for (size_t i = 0; i < PARTS; i++)
        taken->cpu[i] += after.cpu[i] - before.cpu[i];
    taken->wall += load->wall;
    for (size_t i = 0; i < load->count; i++) {
        if (load->records[i].latency > 0)
            taken->latencies[taken->good++] = load->records[i].latency;
    }
    NEED(gateway_fetch(gateway, LK_SSO_PATH_JWKS, &keys) == 200);
    cost->lost += load->lost;
    cost->wrong += tokens_check(load, lk_buf_view(&keys));
    lk_buf_clear(&keys);
    load_free(load);
}

/* The bare cost is taken between rounds as well: on a machine that is shared it changes within seconds. */
static struct cost measure(const struct gateway *gateway, const uint32_t *credentials, size_t count,
                           size_t in_flight, uint32_t per_second, size_t rounds)
{
    struct cost cost = {.logins = count, .bare = bare_measure()};
    struct taken taken = {.latencies = calloc(count, sizeof(*taken.latencies))};

    NEED(taken.latencies != NULL);
    for (size_t i = 0; i < rounds; i++) {
        size_t first = count * i / rounds;
        struct load load = {.address = gateway->address,
                            .population = &population,
                            .credentials = credentials + first,
                            .count = count * (i + 1) / rounds - first,
                            .in_flight = in_flight,
                            .per_second = per_second};

        one_round(gateway, &load, &taken, &cost);
        cost.bare = bare_add(cost.bare, bare_measure());
    }
    cost.bare = bare_share(cost.bare, rounds + 1);
    for (size_t i = 0; i < PARTS; i++) {
        cost.parts[i] = us_each(taken.cpu[i], taken.good);
        cost.sum += cost.parts[i];
    }
    cost.generator = us_each(taken.own, taken.good);
    cost.seconds = (double)taken.wall / 1e9;
    cost.p50 = (double)bench_percentile(taken.latencies, taken.good, 50) / 1e6;
    cost.p99 = (double)bench_percentile(taken.latencies, taken.good, 99) / 1e6;
    if (cost.lost > 0)
        gateway_journal(gateway);
    failed = failed || cost.lost > 0 || cost.wrong > 0;
    free(taken.latencies);
    return cost;
}

static void print_heading(const char *first)
{
    (void)printf("  %-18s %6s %5s %6s %8s %8s %8s  %7s %7s %7s %7s %7s %8s  %7s %8s %9s\n", first,
                 "logins", "lost", "wrong", "a second", "p50 ms", "p99 ms", "broker", "workers",
                 "web", "issuer", "other", "sum us", "bare us", "of bare", "load us");
}

static void print_cost(const char *first, const struct cost *cost)
{
    double both = cost->bare.verify + cost->bare.sign;

    (void)printf(
        "  %-18s %6zu %5zu %6zu %8.0f %8.2f %8.2f  %7.1f %7.1f %7.1f %7.1f %7.1f %8.1f  %7.1f "
        "%8.3f %9.1f\n",
        first, cost->logins, cost->lost, cost->wrong,
        (double)(cost->logins - cost->lost) / cost->seconds, cost->p50, cost->p99,
        cost->parts[PART_BROKER], cost->parts[PART_WORKERS], cost->parts[PART_WEB],
        cost->parts[PART_ISSUER], cost->parts[PART_OTHER], cost->sum, both,
        cost->sum > 0 ? both / cost->sum : 0, cost->generator);
    (void)fflush(stdout);
}

static void start(struct gateway *gateway, uint32_t cores, bool password)
{
    const struct gateway_options options = {.password = password,
                                            .one_core = cores == 1,
                                            .workers = bench.workers,
                                            .verifies = bench.verifies};

    gateway_start(gateway, &house, &options);
}

static void pause_ms(long ms)
{
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    (void)nanosleep(&time, NULL);
}

/* ---- the table ---- */

/* A fresh broker: the first credential of each agent finds no verdict of its endorsement (cold), the second finds it but has a row of its own (warm). */
static void cell(uint32_t cores, uint32_t in_flight)
{
    uint32_t agents = population.count / POPULATION_TOUCH;
    uint32_t wanted =
        in_flight == 1 && bench.logins >= ALONE * 8 ? bench.logins / ALONE : bench.logins;
    uint32_t count = wanted < agents ? wanted : agents;
    uint32_t *first = list_new(count);
    uint32_t *second = list_new(count);
    struct gateway gateway;
    size_t rounds = count >= ROUNDS * ROUND_LEAST ? ROUNDS : 1;
    struct cost cost;
    char name[64];

    draw(count, first, second);
    start(&gateway, cores, false);
    cost = measure(&gateway, first, count, in_flight, 0, rounds);
    (void)snprintf(name, sizeof(name), "%-5u cold %7u", cores, in_flight);
    print_cost(name, &cost);
    cost = measure(&gateway, second, count, in_flight, 0, rounds);
    (void)snprintf(name, sizeof(name), "%-5u warm %7u", cores, in_flight);
    print_cost(name, &cost);
    gateway_stop(&gateway);
    free(first);
    free(second);
}

static void table(void)
{
    struct bare bare = bare_measure();

    (void)printf(
        "\nOne P-256 verification %.1f us, one signature %.1f us. Every agent once; %u PAM "
        "workers, %u threads of the verify pool; no password in the stack\n",
        bare.verify, bare.sign, bench.workers, bench.verifies);
    print_heading("cores endo. flight");
    for (size_t i = 0; i < LIST_MAX && bench.cores[i] != 0; i++) {
        for (size_t j = 0; j < LIST_MAX && bench.in_flight[j] != 0; j++)
            cell(bench.cores[i], bench.in_flight[j]);
    }
}

/* ---- at a fixed rate; with idle connections ---- */

static void at_rate(const struct gateway *gateway, const char *name)
{
    uint32_t agents = population.count / POPULATION_TOUCH;
    uint32_t count = bench.rate * bench.seconds < agents ? bench.rate * bench.seconds : agents;
    uint32_t *list = list_new(count);
    struct cost cost;

    draw(count, list, NULL);
    cost = measure(gateway, list, count, SLOTS, bench.rate, 1);
    print_cost(name, &cost);
    free(list);
}

static void print_memory(const struct gateway *gateway, const char *when)
{
    struct usage usage;
    long sum = 0;

    usage_read(gateway, true, &usage);
    (void)printf("  memory %-32s", when);
    for (size_t i = 0; i < PARTS; i++) {
        (void)printf(" %s %ld KiB (%zu)%s", part_name((enum part)i), usage.pss_kib[i],
                     usage.processes[i], i + 1 < PARTS ? "," : "");
        sum += usage.pss_kib[i];
    }
    (void)printf("; sum %.1f MB\n", (double)sum * 1024 / 1e6);
    (void)fflush(stdout);
}

static void rate(void)
{
    struct gateway gateway;

    (void)printf(
        "\n%u logins a second, due at even distances; time counts from when a login was due\n",
        bench.rate);
    start(&gateway, 2, false);
    pause_ms(1000);
    print_memory(&gateway, "idle, nobody has come yet");
    print_heading("");
    at_rate(&gateway, "at a fixed rate");
    at_rate(&gateway, "once more");
    print_memory(&gateway, "after these");
    gateway_stop(&gateway);
}

static size_t still_open(const struct http_connection *held)
{
    size_t open = 0;
    char byte;

    for (uint32_t i = 0; i < bench.idle; i++) {
        if (held[i].fd >= 0 && recv(held[i].fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0)
            open++;
    }
    return open;
}

static void idle(void)
{
    struct http_connection *held = calloc(bench.idle, sizeof(*held));
    struct gateway gateway;
    size_t opened = 0;
    char text[64];

    NEED(held != NULL);
    (void)printf("\n%u idle connections held, %u logins a second meanwhile\n", bench.idle,
                 bench.rate);
    start(&gateway, 2, false);
    print_memory(&gateway, "before");
    for (uint32_t i = 0; i < bench.idle; i++) {
        http_init(&held[i]);
        opened += http_connect(&held[i], gateway.address) ? 1 : 0;
    }
    pause_ms(500);
    (void)snprintf(text, sizeof(text), "with %zu connections", opened);
    print_memory(&gateway, text);
    print_heading("");
    at_rate(&gateway, "with idle ones");
    (void)printf("  of %zu idle connections %zu are still open\n", opened, still_open(held));
    for (uint32_t i = 0; i < bench.idle; i++)
        http_free(&held[i]);
    free(held);
    gateway_stop(&gateway);
}

/* ---- pages that are fetched and left ---- */

static void pages(const struct gateway *gateway, uint32_t count)
{
    uint32_t *list = list_new(count);
    struct load load = {.address = gateway->address,
                        .population = &population,
                        .credentials = list,
                        .count = count,
                        .in_flight = 64,
                        .only_pages = true};

    load_run(&load);
    (void)printf("  %u pages, %zu lost, %.0f a second, p99 %.2f ms\n", count, load.lost,
                 (double)count * 1e9 / (double)load.wall, (double)load_percentile(&load, 99) / 1e6);
    failed = failed || load.lost > 0;
    load_free(&load);
    free(list);
}

static void pending(void)
{
    struct gateway gateway;
    char text[64];

    (void)printf("\nPending ceremonies: the page of a login is fetched and left\n");
    start(&gateway, 2, false);
    pages(&gateway, bench.pending / 100 + 1); /* what a first visit allocates is no growth */
    print_memory(&gateway, "before");
    pages(&gateway, bench.pending);
    (void)snprintf(text, sizeof(text), "with %u pending", bench.pending);
    print_memory(&gateway, text);
    gateway_stop(&gateway);
}

/* ---- a real password hash ---- */

static void password(void)
{
    uint32_t *list = list_new(bench.passwords);
    struct gateway gateway;
    struct cost cost;

    draw(bench.passwords, list, NULL);
    gateway_passwords(&house, list, bench.passwords);
    (void)printf("\nThe same with a password: pam_pwdfile, yescrypt with its default cost\n");
    print_heading("in flight");
    start(&gateway, 2, true);
    cost = measure(&gateway, list, bench.passwords, PASSWORD_FLIGHT, 0, 1);
    print_cost("8", &cost);
    gateway_stop(&gateway);
    free(list);
}

/* ---- arguments ---- */

static bool parse_list(const char *text, uint32_t ret_list[LIST_MAX])
{
    size_t count = 0;

    memset(ret_list, 0, LIST_MAX * sizeof(*ret_list));
    while (count < LIST_MAX) {
        char *end = NULL;
        unsigned long value = strtoul(text, &end, 10);

        if (end == text || value == 0 || value > 100000)
            return false;
        ret_list[count++] = (uint32_t)value;
        if (*end == '\0')
            return true;
        if (*end != ',')
            return false;
        text = end + 1;
    }
    return false;
}

/* A sliver of everything. */
static void smoke(void)
{
    memset(bench.in_flight, 0, sizeof(bench.in_flight));
    bench.in_flight[0] = 1;
    bench.in_flight[1] = 8;
    bench.logins = 24;
    bench.credentials = 64;
    bench.rate = 20;
    bench.seconds = 1;
    bench.idle = 50;
    bench.pending = 200;
    bench.passwords = 4;
}

static bool parse(int argc, char **argv)
{
    static const struct {
        const char *name;
        uint32_t *place;
    } numbers[] = {{"logins", &bench.logins},      {"credentials", &bench.credentials},
                   {"workers", &bench.workers},    {"verify-threads", &bench.verifies},
                   {"rate", &bench.rate},          {"seconds", &bench.seconds},
                   {"idle", &bench.idle},          {"pending", &bench.pending},
                   {"passwords", &bench.passwords}};
    enum { NUMBERS = sizeof(numbers) / sizeof(numbers[0]), FIXED = 5 };
    struct option options[FIXED + NUMBERS + 1] = {{"smoke", no_argument, NULL, 'S'},
                                                  {"nss-names", no_argument, NULL, 'N'},
                                                  {"in-flight", required_argument, NULL, 'f'},
                                                  {"cores", required_argument, NULL, 'c'},
                                                  {"skip", required_argument, NULL, 's'}};
    int option;
    int index = 0;

    for (size_t i = 0; i < NUMBERS; i++)
        options[FIXED + i] = (struct option){numbers[i].name, required_argument, NULL, 'n'};
    while ((option = getopt_long(argc, argv, "", options, &index)) != -1) {
        bool good = option != '?';

        if (option == 'S')
            smoke();
        else if (option == 'N')
            bench.nss_names = true;
        else if (option == 's')
            bench.skip = optarg;
        else if (option == 'f')
            good = parse_list(optarg, bench.in_flight);
        else if (option == 'c')
            good = parse_list(optarg, bench.cores);
        else if (good)
            *numbers[index - FIXED].place = (uint32_t)strtoul(optarg, NULL, 10);
        if (!good)
            return false;
    }
    return optind == argc && bench.credentials >= 2 * bench.passwords && bench.rate > 0 &&
           bench.workers > 0;
}

static bool wanted(const char *name)
{
    return strstr(bench.skip, name) == NULL;
}

int main(int argc, char **argv)
{
    struct rlimit files;

    if (!parse(argc, argv)) {
        (void)fprintf(stderr, "bench_sso: see the head of sso_main.c for its options\n");
        return 2;
    }
    /* Both sides of ten thousand connections; the processes inherit it. */
    NEED(getrlimit(RLIMIT_NOFILE, &files) == 0);
    files.rlim_cur = files.rlim_max < DESCRIPTORS ? files.rlim_max : DESCRIPTORS;
    NEED(setrlimit(RLIMIT_NOFILE, &files) == 0);
    house_begin(&house, NULL);
    population_make(&population, &house, bench.credentials);
    if (!bench.nss_names)
        population_names(&population);
    house_close(&house);
    if (wanted("table"))
        table();
    if (wanted("rate"))
        rate();
    if (wanted("idle"))
        idle();
    if (wanted("pending"))
        pending();
    if (wanted("password"))
        password();
    population_free(&population);
    house_end(&house);
    if (failed)
        (void)fprintf(stderr, "logins were lost, or tokens were wrong\n");
    return failed ? 1 : 0;
}
