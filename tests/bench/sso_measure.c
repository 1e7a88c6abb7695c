/* SPDX-License-Identifier: EUPL-1.2 */
/* What the gateway's processes cost, read from outside: CPU time by the kernel's clocks, memory by the kernel's count of shared pages. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"
#include "sso_bench.h"

enum { BARE_NS = 300000000 };

const char *part_name(enum part part)
{
    static const char *const names[PARTS] = {"broker", "workers", "web", "issuer"};

    return names[part];
}

/* comm holds 15 bytes of the program's name. */
static enum part part_of(pid_t pid)
{
    static const char *const names[PARTS] = {"latchkeyd", "latchkey-sso-wo", "latchkey-sso-we",
                                             "latchkey-sso-is"};
    char path[64];
    char name[32] = "";
    FILE *file;

    (void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
    file = fopen(path, "re");
    NEED(file != NULL && fscanf(file, "%31s", name) == 1);
    (void)fclose(file);
    for (size_t i = 0; i < PARTS; i++) {
        if (strcmp(names[i], name) == 0)
            return (enum part)i;
    }
    (void)fprintf(stderr, "process %d is %s, which is none of the gateway's\n", (int)pid, name);
    exit(1);
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
    *ret_usage = (struct usage){0};
    for (size_t i = 0; i < gateway->count; i++) {
        pid_t pid = gateway->pids[i];
        enum part part = part_of(pid);
        clockid_t clock;

        NEED(clock_getcpuclockid(pid, &clock) == 0);
        ret_usage->cpu[part] += bench_read_clock(clock);
        ret_usage->processes[part]++;
        if (with_memory)
            ret_usage->pss_kib[part] += pss_of(pid);
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
