/* SPDX-License-Identifier: EUPL-1.2 */
/* The host is as it was: descriptors, signals, children, threads, user, folder, umask, locale, environment, limits, standard streams. In a host with a
 * SIGCHLD handler and 64 threads of its own, after success, refusal, a PIN, no broker and a wrong argument. And the PIN is nowhere in its memory. */
#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "model/reason.h"
#include "pam_host.h"

enum { THREADS = 64, STATE_MAX = 65536, PIN_LENGTH = 16 };

static void append(struct lk_buf *state, const char *name, const char *value)
{
    lk_buf_put_bytes(state, name, strlen(name));
    lk_buf_put_bytes(state, ": ", 2);
    lk_buf_put_bytes(state, value, strlen(value));
    lk_buf_put_u8(state, '\n');
}

/* The lines of /proc/self/status that a module could change. */
static void append_status(struct lk_buf *state)
{
    static const char *const wanted[] = {
        "Umask:",   "TracerPid:", "Uid:",    "Gid:",        "FDSize:", "Groups:",
        "Threads:", "SigBlk:",    "SigIgn:", "SigCgt:",     "CapInh:", "CapPrm:",
        "CapEff:",  "CapBnd:",    "CapAmb:", "NoNewPrivs:", "Seccomp:"};
    FILE *file = fopen("/proc/self/status", "re");
    char line[512];

    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL)
        for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
            if (strncmp(line, wanted[i], strlen(wanted[i])) == 0)
                lk_buf_put_bytes(state, line, strlen(line));
    fclose(file);
}

static void append_descriptors(struct lk_buf *state)
{
    for (int fd = 0; fd < 1024; fd++) {
        char path[64];
        char text[256];
        char target[160];
        ssize_t n;

        if (fcntl(fd, F_GETFD) < 0)
            continue;
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        n = readlink(path, target, sizeof(target) - 1);
        target[n > 0 ? n : 0] = '\0';
        snprintf(text, sizeof(text), "%d %s flags %x %x", fd, target, (unsigned)fcntl(fd, F_GETFD),
                 (unsigned)fcntl(fd, F_GETFL));
        append(state, "fd", text);
    }
}

static void append_signals(struct lk_buf *state)
{
    for (int number = 1; number < 65; number++) {
        struct sigaction action;
        char text[128];

        if (sigaction(number, NULL, &action) != 0)
            continue;
        snprintf(text, sizeof(text), "%d %lx flags %x", number,
                 (unsigned long)(uintptr_t)action.sa_handler, (unsigned)action.sa_flags);
        append(state, "signal", text);
    }
}

static void append_limits(struct lk_buf *state)
{
    for (int resource = 0; resource < RLIM_NLIMITS; resource++) {
        struct rlimit limit;
        char text[128];

        if (getrlimit((__rlimit_resource_t)resource, &limit) != 0)
            continue;
        snprintf(text, sizeof(text), "%d %llu %llu", resource, (unsigned long long)limit.rlim_cur,
                 (unsigned long long)limit.rlim_max);
        append(state, "limit", text);
    }
}

static void append_process(struct lk_buf *state)
{
    char folder[1024];
    char text[64];

    append(state, "folder", getcwd(folder, sizeof(folder)) != NULL ? folder : "?");
    append(state, "locale", setlocale(LC_ALL, NULL));
    for (char **entry = environ; *entry != NULL; entry++)
        append(state, "environment", *entry);
    snprintf(text, sizeof(text), "%ld %ld", (long)getpgrp(), (long)getsid(0));
    append(state, "session", text);
    snprintf(text, sizeof(text), "%u", alarm(0));
    append(state, "alarm", text);
}

/* No child was started, also none that is already gone: their times would be added to ours. */
static void append_children(struct lk_buf *state)
{
    struct rusage usage = {0};
    char text[64];

    getrusage(RUSAGE_CHILDREN, &usage);
    snprintf(text, sizeof(text), "%ld faults %ld switches", usage.ru_minflt,
             usage.ru_nvcsw + usage.ru_nivcsw);
    append(state, "children", text);
}

static struct lk_buf take_state(void)
{
    struct lk_buf state = LK_BUF_INIT(STATE_MAX);

    append_status(&state);
    append_descriptors(&state);
    append_signals(&state);
    append_limits(&state);
    append_process(&state);
    append_children(&state);
    lk_buf_put_u8(&state, '\0');
    assert_int_equal(lk_buf_error(&state), 0);
    return state;
}

static volatile sig_atomic_t children;

static void on_child(int number)
{
    (void)number;
    children++;
}

static pthread_t threads[THREADS];
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static sem_t begun;

/* Each holds a lock that a fork without exec would leave locked for ever. */
static void *idle(void *context)
{
    (void)context;
    sem_post(&begun);
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    return NULL;
}

static int streams[2] = {-1, -1}; /* what stands in for stdout and stderr */

static int prepare(void **state)
{
    struct sigaction action = {.sa_handler = on_child, .sa_flags = SA_RESTART};

    (void)state;
    pthread_mutex_lock(&gate);
    if (sem_init(&begun, 0, 0) != 0)
        return -1;
    for (size_t i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, idle, NULL) != 0)
            return -1;
    /* A thread that is only beginning may hold the allocator, and the fake broker, which is forked, would wait for it for ever. */
    for (size_t i = 0; i < THREADS; i++)
        while (sem_wait(&begun) != 0)
            ;
    return sigaction(SIGCHLD, &action, NULL);
}

static int finish(void **state)
{
    (void)state;
    pthread_mutex_unlock(&gate);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    return 0;
}

/* Standard streams go into files for the time of the call. */
static void catch_streams(void)
{
    fflush(NULL);
    for (int i = 0; i < 2; i++) {
        char path[] = "/tmp/latchkey-stream-XXXXXX";
        int file = mkostemp(path, O_CLOEXEC);

        assert_true(file >= 0);
        unlink(path);
        streams[i] = fcntl(i + 1, F_DUPFD_CLOEXEC, 10);
        assert_true(dup2(file, i + 1) == i + 1);
        close(file);
    }
}

static void release_streams(off_t ret_sizes[2])
{
    fflush(NULL);
    for (int i = 0; i < 2; i++) {
        struct stat status = {0};

        fstat(i + 1, &status);
        ret_sizes[i] = status.st_size;
        dup2(streams[i], i + 1);
        close(streams[i]);
    }
}

/* The call itself, with the state taken right before and right after it: the host's own preparations are not the module's. */
static struct lk_buf before_call;

static void note_before(struct pam_host *host, pam_handle_t *pam)
{
    (void)host;
    (void)pam;
    before_call = take_state();
}

static void note_after(struct pam_host *host, int code)
{
    struct lk_buf after = take_state();

    (void)host;
    (void)code;
    assert_string_equal((const char *)before_call.data, (const char *)after.data);
    lk_buf_clear(&before_call);
    lk_buf_clear(&after);
}

static void check_run(struct pam_host *host, const struct fake_step *script, int expected)
{
    off_t sizes[2];
    int code;

    host->before = note_before;
    host->after = note_after;
    catch_streams();
    code = pam_host_run(host, script);
    release_streams(sizes);
    assert_int_equal(code, expected);
    assert_int_equal(sizes[0], 0);
    assert_int_equal(sizes[1], 0);
}

static void test_state(void **state)
{
    static const struct fake_step allows[] = {
        HOST_BEGIN, {.act = FAKE_ASK, .retries = 8}, {.act = FAKE_REPLY},
        HOST_TOUCH, {.act = FAKE_VERDICT},           HOST_STAY};
    static const struct fake_step refuses[] = {
        HOST_BEGIN, HOST_TOUCH, {.act = FAKE_VERDICT, .value = LK_REASON_TIMEOUT}, HOST_STAY};
    static const struct fake_step breaks[] = {
        HOST_BEGIN, {.act = FAKE_RAW, .text = "\377\377\377\377", .size = 4}, HOST_STAY};
    struct pam_host host = {.answer = "246810"};
    struct pam_host debug = {.arguments = "debug"};
    struct pam_host wrong = {.arguments = "nouserok"};

    (void)state;
    /* Once without looking: libpam, its libraries and the translations open what they keep. */
    assert_int_equal(pam_host_run(&host, allows), PAM_SUCCESS);
    check_run(&host, allows, PAM_SUCCESS);
    check_run(&host, refuses, PAM_AUTH_ERR);
    check_run(&host, breaks, PAM_AUTHINFO_UNAVAIL);
    check_run(&host, NULL, PAM_AUTHINFO_UNAVAIL);
    check_run(&debug, refuses, PAM_AUTH_ERR);
    check_run(&wrong, allows, PAM_SERVICE_ERR);
}

/* A PIN that stands nowhere in this program; kept inverted, so that the search does not find itself. */
static uint8_t inverted[PIN_LENGTH];

static char *make_answer(void)
{
    char *answer = malloc(PIN_LENGTH + 1);

    if (answer == NULL)
        return NULL;
    for (size_t i = 0; i < PIN_LENGTH; i++)
        answer[i] = (char)(uint8_t)~inverted[i];
    answer[PIN_LENGTH] = '\0';
    return answer;
}

static int conv_secret(int count, const struct pam_message **messages,
                       struct pam_response **ret_responses, void *context)
{
    int code = pam_host_converse(count, messages, ret_responses, context);

    if (code == PAM_SUCCESS && messages[0]->msg_style == PAM_PROMPT_ECHO_OFF)
        (*ret_responses)[0].resp = make_answer();
    return code;
}

static size_t count_in(const uint8_t *data, size_t size)
{
    size_t found = 0;
    const uint8_t *at = data;

    while (size - (size_t)(at - data) >= PIN_LENGTH) {
        size_t same = 1;

        at = memchr(at, inverted[0] ^ 0xff, size - (size_t)(at - data) - PIN_LENGTH + 1);
        if (at == NULL)
            break;
        while (same < PIN_LENGTH && (at[same] ^ inverted[same]) == 0xff)
            same++;
        found += same == PIN_LENGTH;
        at++;
    }
    return found;
}

/* All memory of this process that can be read and written, read through a file so that nothing but the buffer is touched. */
static size_t count_in_memory(void)
{
    static uint8_t buffer[1 << 16];
    FILE *maps = fopen("/proc/self/maps", "re");
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    size_t found = 0;
    char line[512];

    assert_non_null(maps);
    assert_true(memory >= 0);
    while (fgets(line, sizeof(line), maps) != NULL) {
        unsigned long low;
        unsigned long high;
        char rights[8];

        if (sscanf(line, "%lx-%lx %7s", &low, &high, rights) != 3 || strncmp(rights, "rw", 2) != 0)
            continue;
        /* The sanitizer's shadow is terabytes of nothing. */
        if (high - low > 1UL << 30)
            continue;
        for (unsigned long at = low; at < high; at += sizeof(buffer) - PIN_LENGTH) {
            size_t size = high - at < sizeof(buffer) ? high - at : sizeof(buffer);
            ssize_t n = pread(memory, buffer, size, (off_t)at);

            if (n <= 0)
                break;
            /* The buffer itself may be what is being read: then it holds what was there before. */
            found += count_in(buffer, (size_t)n);
            memset(buffer, 0, sizeof(buffer));
        }
    }
    fclose(maps);
    close(memory);
    return found;
}

static void test_no_pin_in_memory(void **state)
{
    static const struct fake_step allows[] = {HOST_BEGIN,
                                              {.act = FAKE_ASK, .retries = 8},
                                              {.act = FAKE_REPLY},
                                              {.act = FAKE_VERDICT},
                                              HOST_STAY};
    static const struct fake_step leaves[] = {
        HOST_BEGIN, {.act = FAKE_ASK, .retries = 8}, {.act = FAKE_REPLY}, {.act = FAKE_END}};
    static const struct fake_step gone[] = {
        HOST_BEGIN, {.act = FAKE_ASK, .retries = 8}, {.act = FAKE_END}};
    const struct fake_step *const scripts[] = {allows, leaves, gone};
    char *planted;

    (void)state;
    for (size_t i = 0; i < PIN_LENGTH; i++)
        inverted[i] = (uint8_t) ~(uint8_t)('a' + (i * 7 + 3) % 26);
    for (size_t i = 0; i < 3; i++) {
        struct pam_host host = {.conv = conv_secret};
        int code = pam_host_run(&host, scripts[i]);

        assert_int_equal(code, i == 0 ? PAM_SUCCESS : PAM_AUTHINFO_UNAVAIL);
        assert_int_equal(host.broker.notes->pins, i < 2 ? 1 : 0);
        memset(host.broker.notes, 0, sizeof(*host.broker.notes));
        assert_int_equal(count_in_memory(), 0);
    }
    /* And the search finds what is there. */
    planted = make_answer();
    /* Or the compiler would see that nobody reads it, and leave it out. */
    __asm__ volatile("" : : "r"(planted) : "memory");
    assert_true(count_in_memory() >= 1);
    free(planted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_state),
        cmocka_unit_test(test_no_pin_in_memory),
    };

    return cmocka_run_group_tests(tests, prepare, finish);
}
