/* SPDX-License-Identifier: EUPL-1.2 */
/* Users, and how a process begins: another user where we are root, no other group, an environment without anything, no descriptor but its own, and an end with its launcher. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/file.h"
#include "sandbox/sandbox.h"
#include "sso/launcher.h"

enum { ARGUMENTS = 12 };

static const struct {
    const char *program;
    const char *user;
} roles[LK_SSO_ROLES] = {
    [LK_SSO_ROLE_ISSUER] = {"latchkey-sso-issuer", "latchkey-sso"},
    [LK_SSO_ROLE_WEB] = {"latchkey-sso-web", "latchkey-web"},
    [LK_SSO_ROLE_WORKER] = {"latchkey-sso-worker", "latchkey-pam"},
    [LK_SSO_ROLE_NOTIFY] = {"latchkey-sso-notify", "latchkey-notify"},
};

const char *lk_launcher_program(enum lk_sso_role role)
{
    return roles[role].program;
}

/* ---- users ---- */

/* Whether the workers may read the password database is the administrator's decision: `adduser latchkey-pam shadow`. */
static int groups_find(const char *name, struct lk_user *user)
{
    int count = LK_LAUNCHER_GROUPS;

    if (getgrouplist(name, user->gid, user->groups, &count) < 0) {
        (void)fprintf(stderr, "latchkey-sso: user %s is in too many groups\n", name);
        return -LK_ERR_TOO_BIG;
    }
    user->group_count = (size_t)count;
    return 0;
}

int lk_launcher_find_users(struct lk_launcher *launcher)
{
    launcher->separate = geteuid() == 0 && !launcher->options->test;
    for (int i = 0; launcher->separate && i < LK_SSO_ROLES; i++) {
        const struct passwd *entry = getpwnam(roles[i].user);
        struct lk_user *user = &launcher->users[i];

        if (entry == NULL || entry->pw_uid == 0) {
            (void)fprintf(stderr,
                          "latchkey-sso: there is no user %s: install the package, or run sysusers "
                          "with latchkey.conf\n",
                          roles[i].user);
            return -LK_ERR_NOT_FOUND;
        }
        *user = (struct lk_user){.change = true, .uid = entry->pw_uid, .gid = entry->pw_gid};
        if (i == LK_SSO_ROLE_WORKER && groups_find(roles[i].user, user) != 0)
            return -LK_ERR_TOO_BIG;
    }
    return 0;
}

/* Groups first: afterwards there is no right left to change them. */
int lk_launcher_become(const struct lk_user *user)
{
    if (!user->change)
        return 0;
    if (setgroups(user->group_count, user->groups) != 0 ||
        setresgid(user->gid, user->gid, user->gid) != 0 ||
        setresuid(user->uid, user->uid, user->uid) != 0)
        return -LK_ERR_IO;
    return setuid(0) == 0 ? -LK_ERR_INTERNAL : 0;
}

int lk_launcher_find_folder(struct lk_launcher *launcher)
{
    ssize_t len = readlink("/proc/self/exe", launcher->folder, sizeof(launcher->folder) - 1);
    char *slash;

    if (len <= 0) {
        (void)fprintf(stderr, "latchkey-sso: /proc/self/exe: %s\n", strerror(errno));
        return -LK_ERR_IO;
    }
    launcher->folder[len] = '\0';
    slash = strrchr(launcher->folder, '/');
    if (slash == NULL)
        return -LK_ERR_INTERNAL;
    *slash = '\0';
    return 0;
}

/* ---- a process ---- */

struct command {
    char program[560];
    char *arguments[ARGUMENTS];
    size_t count;
};

static void add(struct command *command, const char *argument)
{
    char *copy = strdup(argument);

    if (copy == NULL || command->count + 1 >= ARGUMENTS)
        _exit(EXIT_FAILURE);
    command->arguments[command->count++] = copy;
}

static void add_descriptor(struct command *command, const char *option, int fd)
{
    char number[16];

    if (fd < 0)
        return;
    if (fcntl(fd, F_SETFD, 0) != 0)
        _exit(EXIT_FAILURE);
    (void)snprintf(number, sizeof(number), "%d", fd);
    add(command, option);
    add(command, number);
}

/* Where users are changed nothing of the environment goes along but the journal's name. */
static void execute(const struct lk_launcher *launcher, const struct command *command)
{
    const char *journal = secure_getenv("JOURNAL_STREAM");
    char stream[128];
    char *environment[] = {NULL, NULL};

    if (launcher->separate && journal != NULL &&
        snprintf(stream, sizeof(stream), "JOURNAL_STREAM=%s", journal) < (int)sizeof(stream))
        environment[0] = stream;
    if (launcher->separate)
        (void)execve(command->arguments[0], command->arguments, environment);
    else
        (void)execv(command->arguments[0], command->arguments);
    (void)fprintf(stderr, "latchkey-sso: %s: %s\n", command->arguments[0], strerror(errno));
    _exit(EXIT_FAILURE);
}

/* The web process makes the folder of its one neighbour its world, for which it is left one right. */
static int become(const struct lk_user *user, enum lk_sso_role role)
{
    bool root = user->change && role == LK_SSO_ROLE_WEB;
    int error = root ? lk_sandbox_root_keep() : 0;

    if (error == 0)
        error = lk_launcher_become(user);
    if (error == 0 && root)
        error = lk_sandbox_root_pass();
    return error;
}

static void child_prepare(const struct lk_user *user, enum lk_sso_role role, pid_t parent)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    sigset_t none;

    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || become(user, role) != 0)
        _exit(EXIT_FAILURE);
    /* After the change of user, which would clear it. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
        _exit(EXIT_FAILURE);
}

int lk_launcher_start(const struct lk_launcher *launcher, enum lk_sso_role role, const char *first,
                      int first_fd, const char *second, int second_fd, pid_t *ret_pid)
{
    const struct lk_launcher_options *options = launcher->options;
    struct command command = {.count = 0};
    pid_t parent = getpid();
    pid_t pid = fork();

    if (pid < 0) {
        (void)fprintf(stderr, "latchkey-sso: fork: %s\n", strerror(errno));
        return -LK_ERR_IO;
    }
    if (pid > 0) {
        *ret_pid = pid;
        return 0;
    }
    child_prepare(&launcher->users[role], role, parent);
    (void)snprintf(command.program, sizeof(command.program), "%s/%s", launcher->folder,
                   roles[role].program);
    add(&command, command.program);
    add(&command, "--config");
    add(&command, options->config);
    if (options->test)
        add(&command, "--test");
    if (role == LK_SSO_ROLE_WORKER && options->confdir != NULL) {
        add(&command, "--confdir");
        add(&command, options->confdir);
    }
    add_descriptor(&command, first, first_fd);
    add_descriptor(&command, second, second_fd);
    execute(launcher, &command);
    _exit(EXIT_FAILURE);
}
