/* SPDX-License-Identifier: EUPL-1.2 */
/* umockdev-wrapper lk_softkey_umockdev [OPTION...] -- COMMAND...: runs a command to which a
 * software key is plugged in as /dev/hidraw0; ends with its exit status. Options as those of
 * lk_softkey. */
#include <signal.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control.h"
#include "ctaphid.h"
#include "front_umockdev.h"
#include "loop.h"
#include "options.h"

static void lk_child_ended(void *context, int fd, short events)
{
    struct lk_loop *loop = context;

    (void)fd;
    (void)events;
    loop->stopped = true;
}

/* Starts the command and stops the loop when it ends. -1: it did not work. */
static pid_t lk_command_start(struct lk_loop *loop, char **command)
{
    pid_t child = fork();
    int fd;

    if (child == 0) {
        execvp(command[0], command);
        perror(command[0]);
        _exit(127);
    }
    fd = child > 0 ? pidfd_open(child, 0) : -1;
    if (fd < 0 || !lk_loop_watch(loop, fd, lk_child_ended, loop)) {
        perror(command[0]);
        return -1;
    }
    return child;
}

static int lk_command_status(pid_t child)
{
    int status;

    if (waitpid(child, &status, 0) != child)
        return 1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
    static struct lk_softkey key;
    static struct lk_ctaphid hid = {.key = &key};
    static struct lk_loop loop;
    struct lk_options options;
    int status = lk_options_parse(argc, argv, &key, &options);
    pid_t child;

    if (status != 0)
        return status;
    if (options.rest >= argc || options.socket_path != NULL || options.uhid ||
        options.standard_input) {
        fprintf(stderr, "usage: umockdev-wrapper lk_softkey_umockdev [OPTION...] -- COMMAND...\n");
        return 2;
    }
    if (!lk_front_umockdev_open(&loop, &hid, &options.identity))
        return 1;
    if (options.control_path != NULL && !lk_control_open(&loop, &hid, options.control_path))
        return 1;
    child = lk_command_start(&loop, argv + options.rest);
    if (child < 0)
        return 1;
    lk_loop_run(&loop, &hid);
    if (options.control_path != NULL)
        unlink(options.control_path);
    kill(child, SIGTERM); /* after `shutdown`; nothing happens when it has ended */
    status = lk_command_status(child);
    lk_front_umockdev_close(&hid);
    return status;
}
