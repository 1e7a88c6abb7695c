/* SPDX-License-Identifier: EUPL-1.2 */
/* Launcher: sockets, three children, waiting. One restart path: when a child ends, all end, and whoever supervises the launcher starts all anew. When
 * the launcher is killed the kernel kills the children (PR_SET_PDEATHSIG): no half of the house goes on alone. */
#include "broker/launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "config/config.h"
#include "sandbox/sandbox.h"

enum { EXIT_CONFIG = 2, ARGUMENTS = 12, LEAVE_MS = 10000, CHILDREN = 3 };
enum child { CHILD_BROKER, CHILD_NAMES, CHILD_DEVICE };

struct user {
    bool change; /* else the caller's own */
    uid_t uid;
    gid_t gid;
};

/* What the launcher needs to know of the configuration, told by the child that read it. */
struct told {
    char run[LK_CONFIG_TEXT_MAX + 1];
    char state[LK_CONFIG_TEXT_MAX + 1];
    uint32_t pool;
};

struct launcher {
    const struct lk_launcher_options *options;
    bool separate; /* the children have users of their own */
    struct user users[CHILDREN];
    struct told told;
    char folder[512]; /* of this program: the others lie beside it */
    struct lk_launcher_sockets sockets;
    pid_t pids[CHILDREN];
};

static const char *const child_names[CHILDREN] = {"broker", "latchkey-names", "latchkey-device"};
static const char *const user_names[CHILDREN] = {"latchkey", "latchkey-names", "latchkey-device"};

static int failed(const char *what)
{
    (void)fprintf(stderr, "latchkeyd: %s: %s\n", what, strerror(errno));
    return -LK_ERR_IO;
}

/* ---- users ---- */

static int find_users(struct launcher *launcher)
{
    launcher->separate = geteuid() == 0 && !launcher->options->test_mode;
    for (int i = 0; launcher->separate && i < CHILDREN; i++) {
        const struct passwd *entry = getpwnam(user_names[i]);

        if (entry == NULL || entry->pw_uid == 0) {
            (void)fprintf(stderr,
                          "latchkeyd: there is no user %s: install the package, or run sysusers "
                          "with latchkey.conf\n",
                          user_names[i]);
            return -LK_ERR_NOT_FOUND;
        }
        launcher->users[i] =
            (struct user){.change = true, .uid = entry->pw_uid, .gid = entry->pw_gid};
    }
    return 0;
}

/* Groups first: afterwards there is no right left to change them. */
static int become(const struct user *user)
{
    if (!user->change)
        return 0;
    if (setgroups(0, NULL) != 0 || setresgid(user->gid, user->gid, user->gid) != 0 ||
        setresuid(user->uid, user->uid, user->uid) != 0)
        return -LK_ERR_IO;
    return setuid(0) == 0 ? -LK_ERR_INTERNAL : 0;
}

/* ---- configuration, read by a child as the broker's user ---- */

static bool path_plain(const char *path, size_t size)
{
    return memchr(path, '\0', size) != NULL && path[0] == '/' &&
           strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-") ==
               strlen(path);
}

static void tell(const struct launcher *launcher, int fd)
{
    struct lk_config config = {0};
    char message[LK_CONFIG_MESSAGE_SIZE];
    struct told told = {0};

    if (become(&launcher->users[CHILD_BROKER]) != 0)
        _exit(EXIT_FAILURE);
    if (lk_config_read(launcher->options->config, &config, message, sizeof(message)) != 0) {
        (void)fprintf(stderr, "latchkeyd: %s\n", message);
        _exit(EXIT_CONFIG);
    }
    memcpy(told.run, config.run, sizeof(told.run));
    memcpy(told.state, config.state, sizeof(told.state));
    told.pool = config.pool;
    if (lk_fd_write_all(fd, LK_VIEW((const uint8_t *)&told, sizeof(told))) != 0)
        _exit(EXIT_FAILURE);
    _exit(EXIT_SUCCESS);
}

static int read_told(struct launcher *launcher)
{
    int ends[2];
    int status = 0;
    ssize_t count;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return failed("pipe");
    pid = fork();
    if (pid == 0)
        tell(launcher, ends[1]);
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return failed("fork");
    }
    count = read(ends[0], &launcher->told, sizeof(launcher->told));
    close(ends[0]);
    if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return -LK_ERR_CONFIG;
    if (count != (ssize_t)sizeof(launcher->told) ||
        !path_plain(launcher->told.run, sizeof(launcher->told.run)) ||
        !path_plain(launcher->told.state, sizeof(launcher->told.state))) {
        (void)fprintf(stderr, "latchkeyd: the folders run and state may have letters, digits and "
                              "/._- in their paths only\n");
        return -LK_ERR_CONFIG;
    }
    return 0;
}

/* Only root can make a folder for another user; the broker makes its own otherwise. */
static int make_state(const struct launcher *launcher)
{
    const struct user *user = &launcher->users[CHILD_BROKER];

    if (!launcher->separate || mkdir(launcher->told.state, 0700) != 0)
        return 0;
    return lchown(launcher->told.state, user->uid, user->gid) != 0 ? failed(launcher->told.state)
                                                                   : 0;
}

/* ---- starting ---- */

static int find_folder(struct launcher *launcher)
{
    ssize_t len = readlink("/proc/self/exe", launcher->folder, sizeof(launcher->folder) - 1);
    char *slash;

    if (len <= 0)
        return failed("/proc/self/exe");
    launcher->folder[len] = '\0';
    slash = strrchr(launcher->folder, '/');
    if (slash == NULL)
        return -LK_ERR_INTERNAL;
    *slash = '\0';
    return 0;
}

/* Between fork and exec: only what is safe there. */
static void child_exec(const struct launcher *launcher, enum child which, pid_t parent,
                       const int *keep, size_t keep_count, const char *const *arguments)
{
    static char *const no_environment[] = {NULL};
    sigset_t none;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    char *vector[ARGUMENTS + 1] = {NULL};
    char *journal = secure_getenv("JOURNAL_STREAM");
    char stream[128];
    char *with_journal[] = {stream, NULL};

    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    if (null >= 0)
        (void)dup2(null, STDIN_FILENO);
    if (become(&launcher->users[which]) != 0)
        _exit(EXIT_FAILURE);
    /* After the change of user, which would clear it. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
        _exit(EXIT_FAILURE);
    for (size_t i = 0; i < keep_count; i++) {
        if (keep[i] >= 0 && fcntl(keep[i], F_SETFD, 0) != 0)
            _exit(EXIT_FAILURE);
    }
    for (size_t i = 0; i < ARGUMENTS && arguments[i] != NULL; i++) {
        vector[i] = strdup(arguments[i]);
        if (vector[i] == NULL)
            _exit(EXIT_FAILURE);
    }
    if (!launcher->separate) {
        (void)execv(vector[0], vector);
    } else {
        if (journal != NULL)
            (void)snprintf(stream, sizeof(stream), "JOURNAL_STREAM=%s", journal);
        (void)execve(vector[0], vector, journal != NULL ? with_journal : no_environment);
    }
    (void)fprintf(stderr, "latchkeyd: %s: %s\n", vector[0], strerror(errno));
    _exit(EXIT_FAILURE);
}

static int child_start(struct launcher *launcher, enum child which, const int *keep,
                       size_t keep_count, const char *const *arguments)
{
    pid_t parent = getpid();
    pid_t pid = fork();

    if (pid < 0)
        return failed("fork");
    if (pid == 0)
        child_exec(launcher, which, parent, keep, keep_count, arguments);
    launcher->pids[which] = pid;
    return 0;
}

static int start_links(struct launcher *launcher, const int names[2], const int device[2])
{
    char program[sizeof(launcher->folder) + 32];
    char link[16];
    char pool[16];
    const char *names_arguments[ARGUMENTS] = {program, "--link", link};
    const char *device_arguments[ARGUMENTS] = {program, "--link", link, "--pool", pool};
    int error;

    (void)snprintf(program, sizeof(program), "%s/latchkey-names", launcher->folder);
    (void)snprintf(link, sizeof(link), "%d", names[1]);
    error = child_start(launcher, CHILD_NAMES, &names[1], 1, names_arguments);
    if (error != 0)
        return error;
    (void)snprintf(program, sizeof(program), "%s/latchkey-device", launcher->folder);
    if (launcher->options->opener != NULL)
        device_arguments[0] = launcher->options->opener;
    (void)snprintf(link, sizeof(link), "%d", device[1]);
    (void)snprintf(pool, sizeof(pool), "%u", (unsigned)launcher->told.pool);
    return child_start(launcher, CHILD_DEVICE, &device[1], 1, device_arguments);
}

/* "host=4,desk=5,...": what is not open is left out. */
static void list_descriptors(char *ret_list, size_t size, const int *descriptors)
{
    static const char *const names[] = {"host", "desk", "gateway", "worker", "names", "device"};
    size_t len = 0;

    ret_list[0] = '\0';
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && len < size; i++) {
        if (descriptors[i] >= 0)
            len += (size_t)snprintf(ret_list + len, size - len, "%s%s=%d", len > 0 ? "," : "",
                                    names[i], descriptors[i]);
    }
}

static int start_broker(struct launcher *launcher, int names, int device)
{
    const struct lk_launcher_sockets *sockets = &launcher->sockets;
    const int keep[] = {sockets->host,   sockets->desk, sockets->gateway,
                        sockets->worker, names,         device};
    char program[sizeof(launcher->folder) + 32];
    char list[128];
    const char *arguments[ARGUMENTS] = {program, "--config", launcher->options->config, "--broker",
                                        list};
    size_t count = 5;

    (void)snprintf(program, sizeof(program), "%s/latchkeyd", launcher->folder);
    list_descriptors(list, sizeof(list), keep);
    if (launcher->options->test_mode)
        arguments[count++] = "--test";
    if (!launcher->separate)
        arguments[count++] = "--one-user";
    return child_start(launcher, CHILD_BROKER, keep, sizeof(keep) / sizeof(keep[0]), arguments);
}

static int start_all(struct launcher *launcher)
{
    int names[2] = {-1, -1};
    int device[2] = {-1, -1};
    int error = 0;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, names) != 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, device) != 0)
        error = failed("socketpair");
    if (error == 0)
        error = start_links(launcher, names, device);
    if (error == 0)
        error = start_broker(launcher, names[0], device[0]);
    for (int i = 0; i < 2; i++) {
        lk_fd_close(&names[i]);
        lk_fd_close(&device[i]);
    }
    /* The broker's now; whoever connects while it starts waits in their queues. */
    lk_fd_close(&launcher->sockets.host);
    lk_fd_close(&launcher->sockets.desk);
    lk_fd_close(&launcher->sockets.gateway);
    lk_fd_close(&launcher->sockets.worker);
    return error;
}

/* ---- waiting ---- */

/* Collects the dead. Returns the index of one of our children, or -1. */
static int reap(struct launcher *launcher, int *ret_status)
{
    pid_t pid;

    while ((pid = waitpid(-1, ret_status, WNOHANG)) > 0) {
        for (int i = 0; i < CHILDREN; i++) {
            if (launcher->pids[i] != pid)
                continue;
            launcher->pids[i] = 0;
            return i;
        }
    }
    return -1;
}

static void end_all(struct launcher *launcher)
{
    for (int i = 0; i < CHILDREN; i++) {
        if (launcher->pids[i] > 0)
            (void)kill(launcher->pids[i], SIGKILL);
    }
    for (int i = 0; i < CHILDREN; i++) {
        if (launcher->pids[i] > 0)
            (void)waitpid(launcher->pids[i], NULL, 0);
        launcher->pids[i] = 0;
    }
}

static void tell_end(int which, int status)
{
    if (WIFSIGNALED(status))
        (void)fprintf(stderr, "latchkeyd: %s was ended by signal %d\n", child_names[which],
                      WTERMSIG(status));
    else
        (void)fprintf(stderr, "latchkeyd: %s ended with status %d\n", child_names[which],
                      WEXITSTATUS(status));
}

/* The broker commits what it has; then the others are of no use. */
static int leave(struct launcher *launcher, const sigset_t *signals)
{
    struct timespec wait = {.tv_sec = LEAVE_MS / 1000};
    int status = 0;

    if (launcher->pids[CHILD_BROKER] > 0)
        (void)kill(launcher->pids[CHILD_BROKER], SIGTERM);
    while (launcher->pids[CHILD_BROKER] > 0) {
        if (reap(launcher, &status) >= 0)
            continue;
        if (sigtimedwait(signals, NULL, &wait) < 0 && errno == EAGAIN)
            break;
    }
    end_all(launcher);
    return EXIT_SUCCESS;
}

static int wait_all(struct launcher *launcher, const sigset_t *signals)
{
    for (;;) {
        siginfo_t info;
        int status = 0;
        int which;

        if (sigwaitinfo(signals, &info) < 0)
            continue;
        if (info.si_signo == SIGTERM || info.si_signo == SIGINT)
            return leave(launcher, signals);
        if (info.si_signo == SIGHUP && launcher->pids[CHILD_BROKER] > 0)
            (void)kill(launcher->pids[CHILD_BROKER], SIGHUP);
        which = reap(launcher, &status);
        if (which < 0)
            continue;
        tell_end(which, status);
        end_all(launcher);
        return which == CHILD_BROKER && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_CONFIG
                   ? EXIT_CONFIG
                   : EXIT_FAILURE;
    }
}

int lk_launcher_run(const struct lk_launcher_options *options)
{
    struct launcher launcher = {.options = options, .sockets = {-1, -1, -1, -1, -1}};
    sigset_t signals;
    int error;
    int status;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &signals, NULL);
    error = find_users(&launcher);
    if (error == 0)
        error = find_folder(&launcher);
    if (error == 0)
        error = read_told(&launcher);
    if (error == 0)
        error = make_state(&launcher);
    if (error == 0)
        error = lk_launcher_open_sockets(launcher.told.run, &launcher.sockets);
    if (error == 0)
        error = start_all(&launcher);
    if (error != 0) {
        end_all(&launcher);
        lk_fd_close(&launcher.sockets.lock);
        return error == -LK_ERR_CONFIG ? EXIT_CONFIG : EXIT_FAILURE;
    }
    status = wait_all(&launcher, &signals);
    lk_fd_close(&launcher.sockets.lock);
    return status;
}
