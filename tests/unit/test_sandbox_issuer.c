/* SPDX-License-Identifier: EUPL-1.2 */
/* The sandbox of the issuer: reading keys, signing and UNIX sockets pass; any other network, a program and a process do not. */
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sandbox/sandbox.h"

/* The exit status of act behind the filter. */
static int run(int (*act)(void))
{
    int status = -1;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

        if (null < 0 || dup2(null, STDERR_FILENO) < 0 || lk_sandbox_enter(&lk_sandbox_issuer) != 0)
            _exit(99);
        _exit(act());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int reaches_neighbours(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/nowhere/at/all"};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return 1;
    return connect(fd, (const struct sockaddr *)&address, sizeof(address)) == -1 ? 0 : 2;
}

static int reads_files(void)
{
    char byte;
    int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

    return fd >= 0 && read(fd, &byte, 1) == 1 && close(fd) == 0 ? 0 : 1;
}

static int net4(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 0 : 1;
}

static int net6(void)
{
    return socket(AF_INET6, SOCK_DGRAM, 0) >= 0 ? 0 : 1;
}

static int netlink(void)
{
    return socket(AF_NETLINK, SOCK_RAW, 0) >= 0 ? 0 : 1;
}

static int listens(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    return bind(fd, (const struct sockaddr *)&address, sizeof(sa_family_t)) == 0 ? 0 : 1;
}

static int program(void)
{
    char *const arguments[] = {(char[]){"true"}, NULL};

    return execve("/bin/true", arguments, NULL) == 0 ? 0 : 1;
}

static int process(void)
{
    return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) >= 0 ? 0 : 1;
}

static int removes(void)
{
    return unlink("/nowhere/at/all") == 0 ? 0 : 1;
}

static void permitted(void **state)
{
    (void)state;
    assert_int_equal(run(reaches_neighbours), 0);
    assert_int_equal(run(reads_files), 0);
}

static void forbidden(void **state)
{
    (void)state;
    assert_int_equal(run(net4), LK_SANDBOX_EXIT_STATUS);
    assert_int_equal(run(net6), LK_SANDBOX_EXIT_STATUS);
    assert_int_equal(run(netlink), LK_SANDBOX_EXIT_STATUS);
    assert_int_equal(run(listens), LK_SANDBOX_EXIT_STATUS);
    assert_int_equal(run(program), LK_SANDBOX_EXIT_STATUS);
    assert_int_equal(run(removes), LK_SANDBOX_EXIT_STATUS);
#ifndef LK_SANITIZED
    assert_int_equal(run(process), LK_SANDBOX_EXIT_STATUS);
#else
    (void)process;
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(permitted), cmocka_unit_test(forbidden)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
