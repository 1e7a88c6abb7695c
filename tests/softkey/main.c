/* SPDX-License-Identifier: EUPL-1.2 */
/* lk_softkey: a CTAP 2.1 authenticator in software, for tests. See README.md. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attestation.h"
#include "control.h"
#include "ctaphid.h"
#include "loop.h"
#include "options.h"

static void lk_signal_read(void *context, int fd, short events)
{
    struct lk_loop *loop = context;

    (void)fd;
    (void)events;
    loop->stopped = true;
}

/* SIGTERM and SIGINT end the loop, so that the sockets are taken away. */
static bool lk_signals_watch(struct lk_loop *loop)
{
    sigset_t set;
    int fd;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return false;
    fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd >= 0 && lk_loop_watch(loop, fd, lk_signal_read, loop);
}

static bool lk_front_open(struct lk_loop *loop, struct lk_ctaphid *hid,
                          const struct lk_options *options)
{
    if (options->socket_path != NULL) {
        /* The socket is made anew at each plug: its mode has to come from the umask. */
        if (options->socket_mode != 0)
            umask(~options->socket_mode & 0777);
        return lk_front_socket_open(loop, hid, options->socket_path);
    }
    if (options->uhid)
        return lk_front_uhid_open(loop, hid, &options->identity);
    return lk_front_stdin_open(loop, hid);
}

int main(int argc, char **argv)
{
    static struct lk_softkey key;
    static struct lk_ctaphid hid = {.key = &key};
    static struct lk_loop loop;
    struct lk_options options;
    int status = lk_options_parse(argc, argv, &key, &options);

    if (status != 0)
        return status;
    if (options.print_root)
        return lk_attestation_print_root(key.settings.root_seed, stdout) ? 0 : 1;
    if (options.rest != argc ||
        (options.socket_path != NULL) + options.uhid + options.standard_input != 1) {
        fprintf(stderr, "lk_softkey: exactly one of --socket PATH, --uhid, --stdin\n");
        return 2;
    }
    hid.broadcast = options.broadcast;
    signal(SIGPIPE, SIG_IGN);
    if (!lk_signals_watch(&loop) || !lk_front_open(&loop, &hid, &options))
        return 1;
    if (options.control_path != NULL && !lk_control_open(&loop, &hid, options.control_path))
        return 1;
    /* With --stdin standard output carries reports. */
    fprintf(options.standard_input ? stderr : stdout, "ready\n");
    fflush(stdout);
    lk_loop_run(&loop, &hid);
    if (options.socket_path != NULL)
        lk_front_socket_close(&hid);
    if (options.control_path != NULL)
        unlink(options.control_path);
    return 0;
}
