/* SPDX-License-Identifier: EUPL-1.2 */
/* Start and end, the same for all processes of the gateway. Arguments come from the launcher or a unit, never from the network. */
#include "sso/common/start.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

static int refuse(const struct lk_start *start, const char *what, const char *value)
{
    (void)fprintf(stderr, "%s: %s%s%s\n", start->program, what, value != NULL ? ": " : "",
                  value != NULL ? value : "");
    return LK_START_USAGE;
}

enum { LISTEN_FIRST = 3, LISTEN_MOST = 16 };

/* The socket that systemd passed under this name (sd_listen_fds(3)): their order is nobody's promise. *ret_fd stays where there is none. */
static void descriptor_named(const char *name, int *ret_fd)
{
    const char *names = secure_getenv("LISTEN_FDNAMES");
    const char *pid_text = secure_getenv("LISTEN_PID");
    const char *count_text = secure_getenv("LISTEN_FDS");
    uint64_t pid;
    uint64_t count;

    if (names == NULL || pid_text == NULL || count_text == NULL ||
        lk_number_parse(pid_text, 1, INT_MAX, &pid) != 0 || pid != (uint64_t)getpid() ||
        lk_number_parse(count_text, 0, LISTEN_MOST, &count) != 0)
        return;
    for (int fd = LISTEN_FIRST; fd < LISTEN_FIRST + (int)count && *names != '\0'; fd++) {
        size_t len = strcspn(names, ":");

        if (strlen(name) == len && memcmp(names, name, len) == 0)
            *ret_fd = fd;
        names += len;
        names += *names == ':' ? 1 : 0;
    }
}

static int descriptor_take(const struct lk_start *start, const char *value, int *ret_fd)
{
    uint64_t number;
    int flags;

    if (strncmp(value, "name:", 5) == 0) {
        int named = -1;

        descriptor_named(value + 5, &named);
        if (named < 0)
            return 0;
        number = (uint64_t)named;
    } else if (lk_number_parse(value, 3, 1023, &number) < 0) {
        return refuse(start, "not a descriptor", value);
    }
    flags = fcntl((int)number, F_GETFL);
    if (flags < 0 || fcntl((int)number, F_SETFL, flags | O_NONBLOCK) != 0 ||
        fcntl((int)number, F_SETFD, FD_CLOEXEC) != 0)
        return refuse(start, "no such descriptor", value);
    *ret_fd = (int)number;
    return 0;
}

static const struct lk_start_descriptor *
descriptor_find(const char *name, const struct lk_start_descriptor *descriptors, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(descriptors[i].name, name) == 0)
            return &descriptors[i];
    }
    return NULL;
}

/* One option with its value. */
static int argument(struct lk_start *start, const char *name, const char *value,
                    const struct lk_start_descriptor *descriptors, size_t count)
{
    const struct lk_start_descriptor *descriptor = descriptor_find(name, descriptors, count);

    if (strcmp(name, "config") == 0)
        start->config_path = value;
    else if (strcmp(name, "confdir") == 0)
        start->confdir = value;
    else if (descriptor == NULL)
        return refuse(start, "unknown option", name);
    else if (*descriptor->place >= 0)
        return refuse(start, "given twice", name);
    else
        return descriptor_take(start, value, descriptor->place);
    return 0;
}

static int arguments(int argc, char **argv, const struct lk_start_descriptor *descriptors,
                     size_t count, struct lk_start *start)
{
    int status = 0;

    for (size_t i = 0; i < count; i++)
        *descriptors[i].place = -1;
    for (int i = 1; i < argc && status == 0; i++) {
        if (strncmp(argv[i], "--", 2) != 0)
            return refuse(start, "unknown argument", argv[i]);
        if (strcmp(argv[i], "--test") == 0)
            start->test = true;
        else if (i + 1 == argc)
            return refuse(start, "a value is missing", argv[i]);
        else {
            status = argument(start, argv[i] + 2, argv[i + 1], descriptors, count);
            i++;
        }
    }
    for (size_t i = 0; i < count && status == 0; i++) {
        if (*descriptors[i].place < 0 && !descriptors[i].optional)
            return refuse(start, "is needed", descriptors[i].name);
    }
    if (status == 0 && start->confdir != NULL && geteuid() == 0 && !start->test)
        return refuse(start, "--confdir is for tests, and needs --test for uid 0", NULL);
    return status;
}

int lk_start_reread(const struct lk_start *start, struct lk_config *ret_config)
{
    char message[LK_CONFIG_MESSAGE_SIZE] = "";
    int error = lk_config_read(start->config_path, ret_config, message, sizeof(message));

    if (error != 0)
        (void)fprintf(stderr, "%s: %s\n", start->program,
                      message[0] != '\0' ? message : lk_error_text(error));
    return error;
}

int lk_start(int argc, char **argv, const char *program,
             const struct lk_start_descriptor *descriptors, size_t count,
             struct lk_start *ret_start)
{
    int status;

    *ret_start =
        (struct lk_start){.program = program, .config_path = LK_CONFIG_PATH, .signals = {.fd = -1}};
    status = arguments(argc, argv, descriptors, count, ret_start);
    if (status != 0)
        return status;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return 1;
    if (lk_start_reread(ret_start, &ret_start->config) != 0)
        return LK_START_USAGE;
    if (lk_loop_new(&lk_clock_system, &ret_start->loop) != 0) {
        lk_config_clear(&ret_start->config);
        return 1;
    }
    return 0;
}

static void signals_ready(struct lk_watch *watch, uint32_t events)
{
    struct lk_start *start = watch->context;
    struct signalfd_siginfo info;

    (void)events;
    if (read(watch->fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
        return;
    if (info.ssi_signo == SIGHUP) {
        if (start->reload != NULL)
            start->reload(start->context);
    } else if (start->stop != NULL) {
        start->stop(start->context);
    } else {
        lk_loop_stop(start->loop);
    }
}

int lk_start_enter(struct lk_start *start, const struct lk_sandbox_profile *profile)
{
    sigset_t set;
    int error;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGHUP);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return 1;
    start->signals = (struct lk_watch){.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK),
                                       .events = EPOLLIN,
                                       .ready = signals_ready,
                                       .context = start};
    if (start->signals.fd < 0 || lk_loop_add(start->loop, &start->signals) != 0)
        return 1;
    error = lk_sandbox_enter(profile);
    if (error != 0) {
        (void)fprintf(stderr, "%s: the kernel refused to lock this process in: %s\n",
                      start->program, lk_error_text(error));
        return 1;
    }
    return 0;
}

int lk_start_run_path(const struct lk_start *start, const char *name, char *ret_path, size_t size)
{
    int len = snprintf(ret_path, size, "%s/%s", start->config.run, name);

    return len < 0 || (size_t)len >= size ? -LK_ERR_TOO_BIG : 0;
}

void lk_start_end(struct lk_start *start)
{
    lk_loop_remove(start->loop, &start->signals);
    lk_fd_close(&start->signals.fd);
    start->loop = lk_loop_free(start->loop);
    lk_config_clear(&start->config);
}
