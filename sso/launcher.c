/* SPDX-License-Identifier: EUPL-1.2 */
/* Starting and waiting. Issuer and web: when one ends, all end, and whoever supervises the launcher starts all anew. Workers and notify come and go: each is made for one connection
 * of the issuer and ends with it. When the launcher is killed the kernel kills the others (PR_SET_PDEATHSIG): no half of the house goes on alone. */
#include "sso/launcher.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

/* The web process answers what it has begun, then the issuer. */
enum { LEAVE_MS = 10000 };
/* After a process of a connection that failed: the next one would fail likewise, and the issuer asks at once. */
enum { HOLD_MS = 500 };
enum { ISSUER, WEB, MAIN };

struct waiting {
    int signals;
    int status; /* to end with, once over */
    bool over;
    bool leaving;
    int64_t hold_ms; /* until then no connection is taken; 0 = none */
    int64_t due_ms;  /* then the one that is asked to leave is killed */
};

/* ---- starting ---- */

static int start_main(struct lk_launcher *launcher)
{
    int error = lk_launcher_start(launcher, LK_SSO_ROLE_ISSUER, "--web", launcher->web, NULL, -1,
                                  &launcher->main[ISSUER].pid);

    launcher->main[ISSUER].role = LK_SSO_ROLE_ISSUER;
    launcher->main[WEB].role = LK_SSO_ROLE_WEB;
    if (error == 0)
        error = lk_launcher_start(launcher, LK_SSO_ROLE_WEB, "--listen", launcher->listen,
                                  "--metrics", launcher->metrics, &launcher->main[WEB].pid);
    /* Theirs now; whoever connects while they start waits in the queue. */
    lk_fd_close(&launcher->web);
    lk_fd_close(&launcher->listen);
    lk_fd_close(&launcher->metrics);
    return error;
}

static struct lk_process *process_free(struct lk_launcher *launcher)
{
    for (size_t i = 0; i < LK_LAUNCHER_PROCESSES; i++) {
        if (launcher->more[i].pid == 0)
            return &launcher->more[i];
    }
    return NULL;
}

/* One connection, one process. A connection that cannot be served is closed: the issuer tries again. */
static void accept_one(struct lk_launcher *launcher, int listener, enum lk_sso_role role)
{
    struct lk_process *process;
    int fd LK_CLEANUP(lk_fd_close) = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

    if (fd < 0)
        return;
    process = process_free(launcher);
    if (process == NULL) {
        (void)fprintf(stderr, "latchkey-sso: too many processes: no further %s\n",
                      lk_launcher_program(role));
        return;
    }
    process->role = role;
    if (lk_launcher_start(launcher, role, "--issuer", fd, NULL, -1, &process->pid) != 0)
        process->pid = 0;
}

/* ---- ends ---- */

static void signal_all(const struct lk_launcher *launcher, int number)
{
    for (size_t i = 0; i < MAIN; i++) {
        if (launcher->main[i].pid > 0)
            (void)kill(launcher->main[i].pid, number);
    }
    for (size_t i = 0; i < LK_LAUNCHER_PROCESSES; i++) {
        if (launcher->more[i].pid > 0)
            (void)kill(launcher->more[i].pid, number);
    }
}

static void end_all(struct lk_launcher *launcher)
{
    signal_all(launcher, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        ;
    memset(launcher->main, 0, sizeof(launcher->main));
    memset(launcher->more, 0, sizeof(launcher->more));
}

static void tell_end(enum lk_sso_role role, int status)
{
    if (WIFSIGNALED(status))
        (void)fprintf(stderr, "latchkey-sso: %s was ended by signal %d\n",
                      lk_launcher_program(role), WTERMSIG(status));
    else
        (void)fprintf(stderr, "latchkey-sso: %s ended with status %d\n", lk_launcher_program(role),
                      WEXITSTATUS(status));
}

static void leave_next(struct lk_launcher *launcher, struct waiting *waiting)
{
    pid_t pid = launcher->main[WEB].pid != 0 ? launcher->main[WEB].pid : launcher->main[ISSUER].pid;

    waiting->leaving = true;
    waiting->over = pid == 0;
    waiting->due_ms = lk_clock_monotonic_ms(&lk_clock_system) + LEAVE_MS;
    if (pid != 0)
        (void)kill(pid, SIGTERM);
}

static void main_ended(struct lk_launcher *launcher, struct waiting *waiting, size_t index,
                       int status)
{
    launcher->main[index].pid = 0;
    if (waiting->leaving) {
        leave_next(launcher, waiting);
        return;
    }
    tell_end(launcher->main[index].role, status);
    waiting->over = true;
    waiting->status = WIFEXITED(status) && WEXITSTATUS(status) == LK_LAUNCHER_CONFIG
                          ? LK_LAUNCHER_CONFIG
                          : EXIT_FAILURE;
}

static void reap(struct lk_launcher *launcher, struct waiting *waiting)
{
    int status = 0;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (size_t i = 0; i < MAIN; i++) {
            if (launcher->main[i].pid == pid)
                main_ended(launcher, waiting, i, status);
        }
        for (size_t i = 0; i < LK_LAUNCHER_PROCESSES; i++) {
            if (launcher->more[i].pid != pid)
                continue;
            launcher->more[i].pid = 0;
            if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
                tell_end(launcher->more[i].role, status);
                waiting->hold_ms = lk_clock_monotonic_ms(&lk_clock_system) + HOLD_MS;
            }
        }
    }
}

/* ---- waiting ---- */

static void signals_read(struct lk_launcher *launcher, struct waiting *waiting)
{
    struct signalfd_siginfo info;

    while (read(waiting->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGHUP)
            signal_all(launcher, SIGHUP);
        else if (info.ssi_signo != SIGCHLD && !waiting->leaving)
            leave_next(launcher, waiting);
    }
    reap(launcher, waiting);
}

static int wait_ms(struct waiting *waiting)
{
    int64_t now_ms = lk_clock_monotonic_ms(&lk_clock_system);
    int64_t left = -1;

    if (waiting->leaving)
        left = waiting->due_ms > now_ms ? waiting->due_ms - now_ms : 0;
    if (waiting->hold_ms <= now_ms)
        waiting->hold_ms = 0;
    else if (left < 0 || waiting->hold_ms - now_ms < left)
        left = waiting->hold_ms - now_ms;
    return (int)left;
}

static bool leaving_too_long(const struct waiting *waiting)
{
    return waiting->leaving && lk_clock_monotonic_ms(&lk_clock_system) >= waiting->due_ms;
}

static int wait_all(struct lk_launcher *launcher, int signals)
{
    struct waiting waiting = {.signals = signals};

    while (!waiting.over) {
        int left = wait_ms(&waiting);
        /* poll passes over what is negative. */
        struct pollfd polled[] = {
            {.fd = signals, .events = POLLIN},
            {.fd = waiting.hold_ms == 0 ? launcher->worker : -1, .events = POLLIN},
            {.fd = waiting.hold_ms == 0 ? launcher->notify : -1, .events = POLLIN}};
        int count = poll(polled, sizeof(polled) / sizeof(polled[0]), left);

        if (count < 0 && errno != EINTR)
            return EXIT_FAILURE;
        if (leaving_too_long(&waiting)) {
            (void)fprintf(stderr, "latchkey-sso: a process does not leave and is ended\n");
            break;
        }
        if (count <= 0)
            continue;
        if (polled[0].revents != 0)
            signals_read(launcher, &waiting);
        if (!waiting.over && polled[1].revents != 0)
            accept_one(launcher, launcher->worker, LK_SSO_ROLE_WORKER);
        if (!waiting.over && polled[2].revents != 0)
            accept_one(launcher, launcher->notify, LK_SSO_ROLE_NOTIFY);
    }
    return waiting.status;
}

static int signals_open(void)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    (void)sigaddset(&set, SIGCHLD);
    return sigprocmask(SIG_BLOCK, &set, NULL) != 0 ? -1
                                                   : signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int lk_launcher_run(const struct lk_launcher_options *options)
{
    struct lk_launcher launcher = {.options = options,
                                   .lock = -1,
                                   .listen = -1,
                                   .metrics = -1,
                                   .web = -1,
                                   .worker = -1,
                                   .notify = -1};
    int signals = signals_open();
    int status = EXIT_FAILURE;
    int error = signals < 0 ? -LK_ERR_IO : lk_launcher_find_users(&launcher);

    if (error == 0)
        error = lk_launcher_find_folder(&launcher);
    if (error == 0)
        error = lk_launcher_read_config(&launcher);
    if (error == 0)
        error = lk_launcher_open_sockets(&launcher);
    if (error == 0)
        error = start_main(&launcher);
    if (error == 0)
        status = wait_all(&launcher, signals);
    end_all(&launcher);
    lk_fd_close(&launcher.worker);
    lk_fd_close(&launcher.notify);
    lk_fd_close(&launcher.lock);
    lk_fd_close(&signals);
    return error == -LK_ERR_CONFIG ? LK_LAUNCHER_CONFIG : status;
}
