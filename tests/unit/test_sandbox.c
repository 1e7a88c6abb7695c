/* SPDX-License-Identifier: EUPL-1.2 */
/* Sandboxes, each in a child of its own: the work of the process passes, what is forbidden ends it with a message that names the call. */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/random.h"
#include "base/secret.h"
#include "sandbox/sandbox.h"

static char folder[] = "/tmp/latchkey-test-XXXXXX";

/* Runs act in a child behind the profile; returns its wait status and what it wrote to stderr. */
static int run(const struct lk_sandbox_profile *profile, int (*act)(void), char ret_text[256])
{
    int pipe_fds[2];
    size_t len = 0;
    ssize_t got;
    int status = -1;
    pid_t child;

    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (dup2(pipe_fds[1], STDERR_FILENO) < 0 || lk_sandbox_enter(profile) != 0)
            _exit(99);
        _exit(act());
    }
    assert_int_equal(close(pipe_fds[1]), 0);
    while (len < 255 && (got = read(pipe_fds[0], ret_text + len, 255 - len)) > 0)
        len += (size_t)got;
    ret_text[len] = '\0';
    assert_int_equal(close(pipe_fds[0]), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

/* ---- what each may do ---- */

static int work_common(void)
{
    struct lk_secret *secret = NULL;
    uint8_t bytes[300];
    void *memory;

    if (lk_random_fill(&lk_random_system, bytes, sizeof bytes) != 0 ||
        lk_clock_now(&lk_clock_system) == 0)
        return 1;
    for (size_t i = 0; i < 8; i++) {
        size_t size = (size_t)1 << (10 + i);

        memory = malloc(size);
        if (memory == NULL)
            return 2;
        memset(memory, 1, size);
        free(memory);
    }
    if (lk_secret_new("1234", 4, &secret) != 0)
        return 3;
    lk_secret_free(&secret);
    if (fprintf(stderr, "words %d", 7) < 0 || usleep(1000) != 0 || geteuid() != getuid())
        return 4;
    return 0;
}

static void *thread_main(void *argument)
{
    void *memory = malloc(4096);

    free(memory);
    (void)prctl(PR_SET_NAME, "verify", 0, 0, 0);
    return argument;
}

static int work_threads(void)
{
    pthread_t thread;
    void *result = NULL;
    int value = 0;

    if (pthread_create(&thread, NULL, thread_main, &value) != 0 ||
        pthread_join(thread, &result) != 0)
        return 11;
    return result == &value ? work_common() : 12;
}

static int work_broker(void)
{
    struct lk_file_rule rule = {.owner = geteuid(), .forbidden = 022, .check_parents = true};
    struct lk_buf buf = LK_BUF_INIT(0);
    char path[64];

    (void)snprintf(path, sizeof path, "%s/mark", folder);
    for (int i = 0; i < 2; i++)
        if (lk_file_replace(path, 0600, LK_VIEW((const uint8_t *)"m", 1)) != 0)
            return 21;
    if (lk_file_read(path, &rule, 10, &buf) != 0 || buf.len != 1)
        return 22;
    lk_buf_clear(&buf);
    return work_threads();
}

static int work_opener(void)
{
    char *arguments[] = {(char[]){"true"}, NULL};
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        execv("/bin/true", arguments);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
        return 31;
    /* A talker enters its own sandbox behind this one. */
    child = fork();
    if (child == 0)
        _exit(lk_sandbox_enter(&lk_sandbox_talker) == 0 ? work_common() : 98);
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
        return 32;
    return work_common();
}

static int work_names(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    void *code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (fd < 0 || close(fd) != 0 || code == MAP_FAILED)
        return 41;
    return work_threads();
}

static void test_work_passes(void **state)
{
    static const struct {
        const struct lk_sandbox_profile *profile;
        int (*act)(void);
    } rows[] = {
        {&lk_sandbox_broker, work_broker},
        {&lk_sandbox_names, work_names},
        {&lk_sandbox_opener, work_opener},
        {&lk_sandbox_talker, work_common},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[256];

        assert_int_equal(run(rows[i].profile, rows[i].act, text), 0);
        assert_non_null(strstr(text, "words 7"));
        assert_null(strstr(text, "not permitted"));
    }
}

/* ---- what they may not ---- */

static int do_inet(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) < 0;
}
static int do_unix(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0) < 0;
}
static int do_exec(void)
{
    return (int)syscall(SYS_execve, "/bin/true", NULL, NULL);
}
static int do_open(void)
{
    return (int)syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY);
}
static int do_fork(void)
{
    return (int)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}
static int do_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
           MAP_FAILED;
}
static int do_dumpable(void)
{
    return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}
static int do_kill(void)
{
    return (int)syscall(SYS_kill, getppid(), 0);
}
static int do_ptrace(void)
{
    return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}
static int do_mount(void)
{
    return umount2("/nowhere", MNT_DETACH);
}
static int do_limit(void)
{
    return setrlimit(RLIMIT_CPU, &(struct rlimit){1, 1});
}
static int do_tty(void)
{
    /* Types into the terminal of whoever started us. */
    return (int)syscall(SYS_ioctl, 0, 0x5412 /* TIOCSTI */, "x");
}

static const struct {
    const struct lk_sandbox_profile *profile;
    int (*act)(void);
    long number;
    bool widened; /* permitted to the sanitizers */
} forbidden[] = {
    {&lk_sandbox_broker, do_inet, SYS_socket, false},
    {&lk_sandbox_broker, do_unix, SYS_socket, false},
    {&lk_sandbox_broker, do_exec, SYS_execve, false},
    {&lk_sandbox_broker, do_fork, SYS_clone, true},
    {&lk_sandbox_broker, do_code, SYS_mmap, true},
    {&lk_sandbox_broker, do_dumpable, SYS_prctl, true},
    {&lk_sandbox_broker, do_kill, SYS_kill, true},
    {&lk_sandbox_broker, do_ptrace, SYS_ptrace, true},
    {&lk_sandbox_broker, do_mount, SYS_umount2, false},
    {&lk_sandbox_broker, do_tty, SYS_ioctl, false},
    {&lk_sandbox_broker, do_limit, SYS_prlimit64, true},
    {&lk_sandbox_names, do_exec, SYS_execve, false},
    {&lk_sandbox_names, do_fork, SYS_clone, true},
    {&lk_sandbox_names, do_ptrace, SYS_ptrace, true},
    {&lk_sandbox_names, do_mount, SYS_umount2, false},
    {&lk_sandbox_opener, do_inet, SYS_socket, false},
    {&lk_sandbox_opener, do_ptrace, SYS_ptrace, true},
    {&lk_sandbox_opener, do_mount, SYS_umount2, false},
    {&lk_sandbox_talker, do_open, SYS_openat, true},
    {&lk_sandbox_talker, do_unix, SYS_socket, false},
    {&lk_sandbox_talker, do_exec, SYS_execve, false},
    {&lk_sandbox_talker, do_fork, SYS_clone, true},
    {&lk_sandbox_talker, do_code, SYS_mmap, true},
    {&lk_sandbox_talker, do_kill, SYS_kill, true},
    {&lk_sandbox_talker, do_tty, SYS_ioctl, false},
    {&lk_sandbox_talker, do_mount, SYS_umount2, false},
};

static void test_forbidden_traps(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++) {
        char text[256];
        char expected[64];
        int status;

#ifdef LK_SANITIZED
        if (forbidden[i].widened)
            continue;
#endif
        status = run(forbidden[i].profile, forbidden[i].act, text);
        (void)snprintf(expected, sizeof expected, "latchkey: system call %ld not permitted\n",
                       forbidden[i].number);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != LK_SANDBOX_EXIT_STATUS ||
            strcmp(text, expected) != 0)
            fail_msg("row %zu: status %d, \"%s\"", i, status, text);
    }
}

/* A thread that was there before is locked in too. */
static int gate[2];

static void *thread_waits(void *argument)
{
    char byte;

    if (read(gate[0], &byte, 1) == 1)
        (void)socket(AF_INET, SOCK_STREAM, 0);
    return argument;
}

static int release_thread(void)
{
    (void)!write(gate[1], "x", 1);
    (void)usleep(2000000);
    return 0;
}

static void test_threads_before(void **state)
{
    pid_t child;
    int status = -1;

    (void)state;
    assert_int_equal(pipe2(gate, O_CLOEXEC), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        pthread_t thread;
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

        if (dup2(null, STDERR_FILENO) < 0 ||
            pthread_create(&thread, NULL, thread_waits, NULL) != 0 ||
            lk_sandbox_enter(&lk_sandbox_broker) != 0)
            _exit(99);
        _exit(release_thread());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), LK_SANDBOX_EXIT_STATUS);
    assert_int_equal(close(gate[0]), 0);
    assert_int_equal(close(gate[1]), 0);
}

static int show_protection(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_CORE, &limit) != 0 || limit.rlim_cur != 0 || limit.rlim_max != 0)
        return 1;
#ifndef LK_SANITIZED
    if (getrlimit(RLIMIT_DATA, &limit) != 0 || limit.rlim_max != 64UL << 20)
        return 2;
    if (getrlimit(RLIMIT_CPU, &limit) != 0 || limit.rlim_max != 5)
        return 3;
#endif
    /* The five bytes that send cbor_load after 2 GiB must end in "no memory". The size hides from the optimiser. */
    volatile size_t huge = (size_t)2 << 30;
    void *memory = malloc(huge);
    bool given = memory != NULL;

    free(memory);
#ifndef LK_SANITIZED
    if (given)
        return 4;
#else
    (void)given;
#endif
    return 0;
}

static void test_protection(void **state)
{
    char text[256];
    pid_t child;
    int status = -1;

    (void)state;
#ifndef LK_SANITIZED
    assert_int_equal(run(&lk_sandbox_talker, show_protection, text), 0);
#else
    (void)show_protection;
    (void)text;
#endif
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(lk_sandbox_protect_memory() == 0 && prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    char path[64];

    (void)state;
    (void)snprintf(path, sizeof path, "%s/mark", folder);
    (void)unlink(path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_work_passes),
        cmocka_unit_test(test_forbidden_traps),
        cmocka_unit_test(test_threads_before),
        cmocka_unit_test(test_protection),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
