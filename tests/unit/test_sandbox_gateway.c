/* SPDX-License-Identifier: EUPL-1.2 */
/* The gateway's open profile and notify's: what they need passes, what breaks out does not. Each in a child of its own. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sandbox/sandbox.h"

static int run(const struct lk_sandbox_profile *profile, int (*act)(void))
{
    int status = -1;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        if (lk_sandbox_enter(profile) != 0)
            _exit(99);
        _exit(act());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int open_family(int family)
{
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

static int act_unix(void)
{
    return open_family(AF_UNIX);
}

static int act_internet(void)
{
    return open_family(AF_INET);
}

static int act_odd_family(void)
{
    return (int)syscall(SYS_socket, 0x100000000UL | AF_UNIX, SOCK_STREAM, 0) < 0 ? errno : 0;
}

/* As pam_unix starts unix_chkpwd. */
static int act_program(void)
{
    char *arguments[] = {(char[]){"true"}, NULL};
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        execv("/bin/true", arguments);
        _exit(127);
    }
    return waitpid(child, &status, 0) == child && status == 0 ? 0 : 1;
}

/* A filter of a sanitized build permits the child, for the search for leaks; the program it does not. */
static int act_become_program(void)
{
    char *arguments[] = {(char[]){"true"}, NULL};

    return execv("/bin/true", arguments);
}

static int act_mount(void)
{
    return mount("none", "/mnt", "tmpfs", 0, NULL);
}

static int act_unshare(void)
{
    return unshare(CLONE_NEWUSER);
}

static int act_clone_user(void)
{
    return (int)syscall(SYS_clone, CLONE_NEWUSER | 17, NULL, NULL, NULL, NULL);
}

static int act_bpf(void)
{
    return (int)syscall(SYS_bpf, 0, NULL, 0);
}

static int act_module(void)
{
    return (int)syscall(SYS_finit_module, -1, "", 0);
}

static int act_key(void)
{
    return syscall(SYS_keyctl, 0, 0) < 0 ? errno : 0;
}

static int act_ring(void)
{
    return syscall(SYS_io_uring_setup, 1, NULL) < 0 ? errno : 0;
}

static int act_no_new_privileges(void)
{
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 1;
}

static void test_worker(void **state)
{
    (void)state;
    assert_int_equal(run(&lk_sandbox_worker, act_unix), 0);
    assert_int_equal(run(&lk_sandbox_worker, act_program), 0);
    assert_int_equal(run(&lk_sandbox_worker, act_no_new_privileges), 0);
    assert_int_equal(run(&lk_sandbox_worker, act_internet), EAFNOSUPPORT);
    assert_int_equal(run(&lk_sandbox_worker, act_odd_family), EAFNOSUPPORT);
    assert_int_equal(run(&lk_sandbox_worker_network, act_internet), 0);
    assert_int_equal(run(&lk_sandbox_worker, act_key), ENOSYS);
    assert_int_equal(run(&lk_sandbox_worker, act_ring), ENOSYS);
}

static void test_worker_forbidden(void **state)
{
    int (*const acts[])(void) = {act_mount, act_unshare, act_clone_user, act_bpf, act_module};

    (void)state;
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
        assert_int_equal(run(&lk_sandbox_worker, acts[i]), LK_SANDBOX_EXIT_STATUS);
        assert_int_equal(run(&lk_sandbox_worker_network, acts[i]), LK_SANDBOX_EXIT_STATUS);
    }
}

static void test_notify(void **state)
{
    (void)state;
    assert_int_equal(run(&lk_sandbox_notify, act_internet), 0);
    assert_int_equal(run(&lk_sandbox_notify, act_become_program), LK_SANDBOX_EXIT_STATUS);
    assert_int_equal(run(&lk_sandbox_notify, act_mount), LK_SANDBOX_EXIT_STATUS);
}

static int act_hold_folder(void)
{
    return open("/", O_PATH | O_DIRECTORY | O_CLOEXEC) >= 0 ? 0 : 1;
}

static int act_read_file(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0 ? 0 : 1;
}

static void test_web(void **state)
{
    (void)state;
    assert_int_equal(run(&lk_sandbox_web, act_unix), 0);
    assert_int_equal(run(&lk_sandbox_web, act_hold_folder), 0);
    assert_int_equal(run(&lk_sandbox_web, act_internet), LK_SANDBOX_EXIT_STATUS);
    assert_int_equal(run(&lk_sandbox_web, act_become_program), LK_SANDBOX_EXIT_STATUS);
    assert_int_equal(run(&lk_sandbox_web, act_mount), LK_SANDBOX_EXIT_STATUS);
#ifndef LK_SANITIZED
    assert_int_equal(run(&lk_sandbox_web, act_read_file), LK_SANDBOX_EXIT_STATUS);
#else
    (void)act_read_file;
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_web),
        cmocka_unit_test(test_worker),
        cmocka_unit_test(test_worker_forbidden),
        cmocka_unit_test(test_notify),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
