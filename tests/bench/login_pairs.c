/* SPDX-License-Identifier: EUPL-1.2 */
/* Runs logins of several PAM services in turn, each from a fresh host process, and says what each cost. Asserts nothing but that every login that should
 * succeed did.
 *
 *   bench_login_pairs --rounds N --pause MS --host PROGRAM --confdir DIR --user NAME --control SOCKET
 *                     [--preload LIBRARY] [--helper PID]... [--may-fail SERVICE]... [--where] SERVICE...
 *
 * Between two logins there is a pause, as between two logins of people: then what a login leaves behind (a talker that is made ready for the next one)
 * is charged to its CPU time and does not slow down its neighbour. A service whose name begins with "u2f" gets the preloaded library.
 *
 * CPU time: of the host by wait4; of the helpers by their process clocks, and for the children they have waited for by /proc/PID/stat, whose
 * unit is a clock tick (10 ms): fine over 50 logins, not over one. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

enum { SERVICES_MAX = 8, ROUNDS_MAX = 100000, HELPERS_MAX = 16, COUNTERS = 5, STAGES = 5 };

static const char *const counter_names[COUNTERS] = {"opens", "inits", "get-info", "get-assertion",
                                                    "client-pin"};
static const char *const stage_names[STAGES] = {
    "exec and linking of the host, until main", "pam_start",
    "pam_authenticate until the person is first told something",
    "from there to its end (without a word: all of pam_authenticate)", "until the host is gone"};

struct service {
    const char *name;
    bool may_fail;
    size_t count;
    size_t failed;
    int64_t *wall;
    int64_t *stages[STAGES];
    int64_t host_cpu;
    int64_t helper_cpu;
    uint64_t counters[COUNTERS];
};

static struct {
    long rounds;
    long pause_ms;
    const char *host;
    const char *confdir;
    const char *user;
    const char *control;
    const char *preload;
    bool where;
    pid_t helpers[HELPERS_MAX];
    size_t helper_count;
    struct service services[SERVICES_MAX];
    size_t service_count;
} bench = {.rounds = 50, .pause_ms = 100};

static void die(const char *what)
{
    (void)fprintf(stderr, "bench_login_pairs: %s: %s\n", what, strerror(errno));
    exit(2);
}

/* ---- what the helpers used ---- */

/* Fields 16 and 17 of /proc/PID/stat: user and system time of the children that were waited for, in ticks. The name (field 2) may hold blanks. */
static int64_t children_cpu(pid_t pid)
{
    char path[64];
    char text[1024];
    const char *at;
    unsigned long user = 0;
    unsigned long system = 0;
    FILE *file;
    size_t got;

    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    file = fopen(path, "re");
    if (file == NULL)
        die(path);
    got = fread(text, 1, sizeof(text) - 1, file);
    (void)fclose(file);
    text[got] = '\0';
    at = strrchr(text, ')');
    if (at == NULL || sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %lu %lu",
                             &user, &system) != 2)
        die("the form of /proc/PID/stat");
    return (int64_t)(user + system) * 1000000000 / sysconf(_SC_CLK_TCK);
}

static int64_t helpers_cpu(void)
{
    int64_t sum = 0;

    for (size_t i = 0; i < bench.helper_count; i++) {
        clockid_t clock;

        if (clock_getcpuclockid(bench.helpers[i], &clock) != 0)
            die("a helper's clock");
        sum += bench_read_clock(clock) + children_cpu(bench.helpers[i]);
    }
    return sum;
}

/* ---- what the key was asked ---- */

static void key_say(const char *line, char *ret_reply, size_t size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    size_t len = 0;
    ssize_t got;

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", bench.control);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        write(fd, line, strlen(line)) != (ssize_t)strlen(line) || shutdown(fd, SHUT_WR) != 0)
        die(bench.control);
    while (len + 1 < size && (got = read(fd, ret_reply + len, size - 1 - len)) > 0)
        len += (size_t)got;
    ret_reply[len] = '\0';
    close(fd);
    if (strncmp(ret_reply, "ok", 2) != 0)
        die(ret_reply);
}

static void key_count(uint64_t counters[COUNTERS])
{
    char reply[1024];

    key_say("counters\n", reply, sizeof(reply));
    for (size_t i = 0; i < COUNTERS; i++) {
        char word[32];
        const char *at;

        (void)snprintf(word, sizeof(word), " %s=", counter_names[i]);
        at = strstr(reply, word);
        if (at == NULL)
            die(word);
        counters[i] += strtoull(at + strlen(word), NULL, 10);
    }
    key_say("counters reset\n", reply, sizeof(reply));
}

/* ---- one login ---- */

static pid_t start_host(const struct service *service, int stamps)
{
    char preload[4096];
    const char *arguments[] = {bench.host, bench.confdir, service->name, bench.user, NULL};
    const char *environment[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", NULL, NULL, NULL};
    posix_spawn_file_actions_t actions;
    pid_t pid = -1;
    int error;

    if (strncmp(service->name, "u2f", 3) == 0 && bench.preload != NULL) {
        (void)snprintf(preload, sizeof(preload), "LD_PRELOAD=%s", bench.preload);
        environment[2] = preload;
        environment[3] = NULL;
        for (char **each = environ; *each != NULL; each++) {
            if (strncmp(*each, "LK_SOFTKEY_DIR=", 15) == 0)
                environment[3] = *each;
        }
    }
    error = posix_spawn_file_actions_init(&actions);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(&actions, stamps, BENCH_STAMPS_FD);
    if (error == 0)
        error = posix_spawn(&pid, bench.host, &actions, NULL, (char *const *)(uintptr_t)arguments,
                            (char *const *)(uintptr_t)environment);
    (void)posix_spawn_file_actions_destroy(&actions);
    errno = error;
    if (error != 0)
        die(bench.host);
    return pid;
}

static void keep_stages(struct service *service, size_t index, int64_t begin, int64_t end,
                        const struct bench_stamps *stamps)
{
    int64_t told = stamps->message != 0 ? stamps->message : stamps->started;

    service->stages[0][index] = stamps->main - begin;
    service->stages[1][index] = stamps->started - stamps->main;
    service->stages[2][index] = told - stamps->started;
    service->stages[3][index] = stamps->done - told;
    service->stages[4][index] = end - stamps->done;
}

static void login(struct service *service)
{
    struct bench_stamps stamps = {0};
    struct rusage usage;
    int64_t helpers = helpers_cpu();
    int64_t begin;
    int64_t end;
    int status = 0;
    int ends[2];
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) != 0)
        die("pipe");
    begin = bench_now();
    pid = start_host(service, ends[1]);
    if (wait4(pid, &status, 0, &usage) != pid)
        die("wait4");
    end = bench_now();
    if (read(ends[0], &stamps, sizeof(stamps)) != (ssize_t)sizeof(stamps))
        die("the host's stamps");
    close(ends[0]);
    close(ends[1]);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        service->failed++;
    (void)usleep((useconds_t)bench.pause_ms * 1000);
    service->wall[service->count] = end - begin;
    keep_stages(service, service->count, begin, end, &stamps);
    service->count++;
    service->host_cpu += ((int64_t)usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000 +
                         ((int64_t)usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
    service->helper_cpu += helpers_cpu() - helpers;
    key_count(service->counters);
}

/* ---- the table ---- */

static double ms(int64_t nanoseconds)
{
    return (double)nanoseconds / 1e6;
}

static void print_where(struct service *service)
{
    (void)printf("\n  where the wall time of %s goes (medians, ms)\n", service->name);
    for (size_t i = 0; i < STAGES; i++)
        (void)printf("    %-66s %8.2f\n", stage_names[i],
                     ms(bench_percentile(service->stages[i], service->count, 50)));
}

/* The first service is what the others are compared with. */
static int print(void)
{
    struct service *first = &bench.services[0];
    double base = ms(bench_percentile(first->wall, first->count, 50));
    double base_cpu = ms(first->host_cpu + first->helper_cpu) / (double)first->count;
    size_t failed = 0;

    (void)printf("  %-12s %5s  %8s %8s %8s  %8s %8s  %s\n", "service", "n", "wall min", "median",
                 "max", "CPU host", "helpers", "messages to the key a login");
    for (size_t i = 0; i < bench.service_count; i++) {
        struct service *service = &bench.services[i];
        double count = (double)service->count;

        (void)printf("  %-12s %5zu  %8.2f %8.2f %8.2f  %8.2f %8.2f ", service->name, service->count,
                     ms(bench_percentile(service->wall, service->count, 0)),
                     ms(bench_percentile(service->wall, service->count, 50)),
                     ms(bench_percentile(service->wall, service->count, 100)),
                     ms(service->host_cpu) / count, ms(service->helper_cpu) / count);
        for (size_t j = 0; j < COUNTERS; j++)
            (void)printf(" %s %.3g", counter_names[j], (double)service->counters[j] / count);
        (void)printf("\n");
        if (!service->may_fail)
            failed += service->failed;
        if (service->failed > 0)
            (void)printf("  %zu of %zu logins of %s were not successful%s\n", service->failed,
                         service->count, service->name, service->may_fail ? ", as meant" : "");
    }
    for (size_t i = 1; i < bench.service_count; i++) {
        struct service *service = &bench.services[i];
        double cpu = ms(service->host_cpu + service->helper_cpu) / (double)service->count;

        (void)printf("  ratio %s / %s: wall %.2f (medians), %.2f (least), CPU of host and helpers "
                     "%.2f\n",
                     service->name, first->name,
                     ms(bench_percentile(service->wall, service->count, 50)) / base,
                     ms(bench_percentile(service->wall, service->count, 0)) /
                         ms(bench_percentile(first->wall, first->count, 0)),
                     cpu / base_cpu);
    }
    for (size_t i = 0; bench.where && i < bench.service_count; i++)
        print_where(&bench.services[i]);
    return failed == 0 ? 0 : 1;
}

/* ---- arguments ---- */

static void mark_may_fail(char **names, size_t count)
{
    for (size_t i = 0; i < bench.service_count; i++) {
        for (size_t j = 0; j < count; j++) {
            if (strcmp(bench.services[i].name, names[j]) == 0)
                bench.services[i].may_fail = true;
        }
    }
}

static void parse(int argc, char **argv)
{
    static const struct option options[] = {
        {"rounds", 1, NULL, 'r'},  {"pause", 1, NULL, 'p'},  {"host", 1, NULL, 'h'},
        {"confdir", 1, NULL, 'c'}, {"user", 1, NULL, 'u'},   {"control", 1, NULL, 'k'},
        {"preload", 1, NULL, 'l'}, {"helper", 1, NULL, 'H'}, {"may-fail", 1, NULL, 'f'},
        {"where", 0, NULL, 'w'},   {NULL, 0, NULL, 0}};
    char *may_fail[SERVICES_MAX];
    size_t may_fail_count = 0;
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        const char **text = option == 'h'   ? &bench.host
                            : option == 'c' ? &bench.confdir
                            : option == 'u' ? &bench.user
                            : option == 'k' ? &bench.control
                            : option == 'l' ? &bench.preload
                                            : NULL;

        if (text != NULL)
            *text = optarg;
        else if (option == 'r')
            bench.rounds = strtol(optarg, NULL, 10);
        else if (option == 'p')
            bench.pause_ms = strtol(optarg, NULL, 10);
        else if (option == 'w')
            bench.where = true;
        else if (option == 'H' && bench.helper_count < HELPERS_MAX)
            bench.helpers[bench.helper_count++] = (pid_t)strtol(optarg, NULL, 10);
        else if (option == 'f' && may_fail_count < SERVICES_MAX)
            may_fail[may_fail_count++] = optarg;
        else
            exit(2);
    }
    for (; optind < argc && bench.service_count < SERVICES_MAX; optind++)
        bench.services[bench.service_count++].name = argv[optind];
    mark_may_fail(may_fail, may_fail_count);
    if (bench.service_count == 0 || bench.rounds < 1 || bench.rounds > ROUNDS_MAX ||
        bench.pause_ms < 0 || bench.host == NULL || bench.confdir == NULL || bench.user == NULL ||
        bench.control == NULL) {
        (void)fprintf(stderr, "bench_login_pairs: see the head of login_pairs.c for its options\n");
        exit(2);
    }
}

int main(int argc, char **argv)
{
    uint64_t ignored[COUNTERS] = {0};

    parse(argc, argv);
    for (size_t i = 0; i < bench.service_count; i++) {
        struct service *service = &bench.services[i];

        service->wall = calloc((size_t)bench.rounds, sizeof(*service->wall));
        for (size_t j = 0; j < STAGES; j++)
            service->stages[j] = calloc((size_t)bench.rounds, sizeof(*service->wall));
        if (service->wall == NULL || service->stages[STAGES - 1] == NULL)
            die("memory");
    }
    key_count(ignored);
    for (long round = 0; round < bench.rounds; round++) {
        for (size_t i = 0; i < bench.service_count; i++)
            login(&bench.services[i]);
    }
    return print();
}
