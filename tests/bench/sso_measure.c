/* SPDX-License-Identifier: EUPL-1.2 */
/* What the gateway's processes cost, read from outside: CPU time by the kernel's clocks, memory by the kernel's count of shared pages. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "sso_bench.h"

enum { BARE_NS = 100000000, PIDS_MAX = 512 };

const char *part_name(enum part part)
{
    static const char *const names[PARTS] = {"broker", "workers", "web", "issuer", "other"};

    return names[part];
}

/* comm holds 15 bytes of the program's name. */
static enum part part_of(pid_t pid)
{
    static const char *const names[PART_OTHER] = {"latchkeyd", "latchkey-sso-wo", "latchkey-sso-we",
                                                  "latchkey-sso-is"};
    char path[64];
    char name[32] = "";
    FILE *file;

    (void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
    file = fopen(path, "re");
    if (file != NULL && fscanf(file, "%31s", name) != 1)
        name[0] = '\0';
    if (file != NULL)
        (void)fclose(file);
    for (size_t i = 0; i < PART_OTHER; i++) {
        if (strcmp(names[i], name) == 0)
            return (enum part)i;
    }
    return PART_OTHER;
}

/* The process and its children. */
static size_t family(pid_t top, pid_t pids[PIDS_MAX])
{
    size_t count = 1;
    char path[64];
    int pid;
    FILE *file;

    pids[0] = top;
    (void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)top, (int)top);
    file = fopen(path, "re");
    NEED(file != NULL);
    while (count < PIDS_MAX && fscanf(file, "%d", &pid) == 1)
        pids[count++] = pid;
    (void)fclose(file);
    return count;
}

/* CPU time of children that were waited for, in nanoseconds: fields 16 and 17 of proc(5)'s stat, in ticks. Only workers end while the others go on. */
static int64_t ended_children(pid_t pid)
{
    char path[64];
    char text[1024] = "";
    long user = 0;
    long kernel = 0;
    const char *after;
    FILE *file;

    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    file = fopen(path, "re");
    NEED(file != NULL && fgets(text, sizeof(text), file) != NULL);
    (void)fclose(file);
    after = strrchr(text, ')');
    NEED(after != NULL &&
         sscanf(after, ") %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %ld %ld", &user,
                &kernel) == 2);
    return (user + kernel) * (1000000000 / sysconf(_SC_CLK_TCK));
}

static long pss_of(pid_t pid)
{
    char path[64];
    char line[256];
    long kib = 0;
    FILE *file;

    (void)snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
    file = fopen(path, "re");
    while (file != NULL && kib == 0 && fgets(line, sizeof(line), file) != NULL)
        (void)sscanf(line, "Pss: %ld", &kib);
    if (file != NULL)
        (void)fclose(file);
    return kib;
}

void usage_read(const struct gateway *gateway, bool with_memory, struct usage *ret_usage)
{
    const pid_t tops[] = {gateway->broker, gateway->sso};
    pid_t pids[PIDS_MAX];

    *ret_usage = (struct usage){0};
    for (size_t i = 0; i < sizeof(tops) / sizeof(tops[0]); i++) {
        size_t count = family(tops[i], pids);

        ret_usage->cpu[PART_WORKERS] += ended_children(tops[i]);
        for (size_t j = 0; j < count; j++) {
            enum part part = part_of(pids[j]);
            clockid_t clock;

            if (clock_getcpuclockid(pids[j], &clock) == 0)
                ret_usage->cpu[part] += bench_read_clock(clock);
            ret_usage->processes[part]++;
            if (with_memory)
                ret_usage->pss_kib[part] += pss_of(pids[j]);
        }
    }
}

/* ---- the bare cost ---- */

static double verify_cost(EVP_PKEY *key, const uint8_t digest[32], const uint8_t *signature,
                          size_t len)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    int64_t begin;
    int64_t used = 0;
    unsigned count = 0;

    NEED(context != NULL && EVP_PKEY_verify_init(context) == 1);
    begin = bench_read_clock(CLOCK_THREAD_CPUTIME_ID);
    for (; used < BARE_NS; used = bench_read_clock(CLOCK_THREAD_CPUTIME_ID) - begin) {
        for (int i = 0; i < 100; i++)
            NEED(EVP_PKEY_verify(context, signature, len, digest, 32) == 1);
        count += 100;
    }
    EVP_PKEY_CTX_free(context);
    return (double)used / 1e3 / count;
}

static double sign_cost(EVP_PKEY *key, const uint8_t digest[32], uint8_t signature[128],
                        size_t *ret_len)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    int64_t begin;
    int64_t used = 0;
    unsigned count = 0;

    NEED(context != NULL && EVP_PKEY_sign_init(context) == 1);
    begin = bench_read_clock(CLOCK_THREAD_CPUTIME_ID);
    for (; used < BARE_NS; used = bench_read_clock(CLOCK_THREAD_CPUTIME_ID) - begin) {
        for (int i = 0; i < 100; i++) {
            *ret_len = 128;
            NEED(EVP_PKEY_sign(context, signature, ret_len, digest, 32) == 1);
        }
        count += 100;
    }
    EVP_PKEY_CTX_free(context);
    return (double)used / 1e3 / count;
}

struct bare bare_measure(void)
{
    struct test_key key;
    struct bare bare;
    uint8_t digest[32];
    uint8_t signature[128];
    size_t len = 0;

    test_key_make(&key, -7);
    test_sha256("bare", 4, digest);
    bare.sign = sign_cost(key.pkey, digest, signature, &len);
    bare.verify = verify_cost(key.pkey, digest, signature, len);
    test_key_free(&key);
    return bare;
}
