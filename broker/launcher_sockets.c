/* SPDX-License-Identifier: EUPL-1.2 */
/* The sockets: who may connect is said by their modes, in a folder where nobody else can put another one in their place. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "broker/launcher.h"

enum { LISTEN_FIRST = 3, LISTEN_MOST = 64, BACKLOG = 128 };

static int say(const char *what, const char *name)
{
    (void)fprintf(stderr, "latchkeyd: %s %s: %s\n", what, name, strerror(errno));
    return -LK_ERR_IO;
}

/* The folder's lock says that no other launcher serves it, so that a socket found there is a left-over. */
static int folder_open(const char *run, int *ret_fd)
{
    int error = lk_folder_make(run, 0755);
    int fd;

    if (error != 0) {
        (void)fprintf(stderr, "latchkeyd: run folder %s: %s\n", run, lk_error_text(error));
        return error;
    }
    fd = open(run, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return say("run folder", run);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        (void)fprintf(stderr, "latchkeyd: run folder %s: another latchkeyd serves it\n", run);
        close(fd);
        return -LK_ERR_BUSY;
    }
    *ret_fd = fd;
    return 0;
}

/* The group may not exist, in a container or for a private start: then only the owner connects. */
static int socket_group(const char *path, const char *group)
{
    const struct group *entry = group != NULL && geteuid() == 0 ? getgrnam(group) : NULL;

    if (entry == NULL)
        return 0;
    return lchown(path, (uid_t)-1, entry->gr_gid) != 0 ? say("group of", path) : 0;
}

static int socket_open(const char *run, const char *name, mode_t mode, const char *group,
                       int *ret_fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int size = snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", run, name);
    mode_t mask;
    int fd;
    int bound;

    if (size < 0 || (size_t)size >= sizeof(address.sun_path)) {
        (void)fprintf(stderr, "latchkeyd: socket %s/%s: the path is too long\n", run, name);
        return -LK_ERR_TOO_BIG;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return say("socket", name);
    if (unlink(address.sun_path) != 0 && errno != ENOENT) {
        close(fd);
        return say("old socket", address.sun_path);
    }
    mask = umask(0177);
    bound = bind(fd, (const struct sockaddr *)&address, sizeof(address));
    (void)umask(mask);
    if (bound != 0 || listen(fd, BACKLOG) != 0 || socket_group(address.sun_path, group) != 0 ||
        chmod(address.sun_path, mode) != 0) {
        close(fd);
        return say("socket", address.sun_path);
    }
    *ret_fd = fd;
    return 0;
}

int lk_launcher_take_sockets(struct lk_launcher_sockets *ret_sockets)
{
    const char *pid_text = secure_getenv("LISTEN_PID");
    const char *count_text = secure_getenv("LISTEN_FDS");
    const char *names = secure_getenv("LISTEN_FDNAMES");
    uint64_t pid;
    uint64_t passed;
    int count = 0;

    *ret_sockets = (struct lk_launcher_sockets){-1, -1, -1, -1, -1};
    if (pid_text == NULL || count_text == NULL || names == NULL ||
        lk_number_parse(pid_text, 1, INT_MAX, &pid) < 0 || pid != (uint64_t)getpid())
        return 0;
    if (lk_number_parse(count_text, 0, LISTEN_MOST, &passed) < 0) {
        (void)fprintf(stderr, "latchkeyd: LISTEN_FDS is '%s': a number up to %d is expected\n",
                      count_text, LISTEN_MOST);
        return -LK_ERR_UNEXPECTED;
    }
    for (int fd = LISTEN_FIRST; fd < LISTEN_FIRST + (int)passed && *names != '\0'; fd++) {
        size_t len = strcspn(names, ":");
        int *place = len == 4 && strncmp(names, "host", len) == 0      ? &ret_sockets->host
                     : len == 4 && strncmp(names, "desk", len) == 0    ? &ret_sockets->desk
                     : len == 7 && strncmp(names, "gateway", len) == 0 ? &ret_sockets->gateway
                     : len == 6 && strncmp(names, "worker", len) == 0  ? &ret_sockets->worker
                                                                       : NULL;

        if (place == NULL || *place >= 0) {
            (void)fprintf(stderr,
                          "latchkeyd: a socket named '%.*s' was passed: host, desk, gateway and "
                          "worker are known, each once\n",
                          (int)len, names);
            return -LK_ERR_UNEXPECTED;
        }
        *place = fd;
        (void)fcntl(*place, F_SETFD, FD_CLOEXEC);
        (void)fcntl(*place, F_SETFL, O_NONBLOCK);
        names += len;
        names += *names == ':' ? 1 : 0;
        count++;
    }
    return count;
}

int lk_launcher_open_sockets(const char *run, struct lk_launcher_sockets *ret_sockets)
{
    int taken = lk_launcher_take_sockets(ret_sockets);
    int error;

    if (taken != 0)
        return taken < 0 ? taken : 0;
    error = folder_open(run, &ret_sockets->lock);
    if (error == 0)
        error = socket_open(run, "host", 0666, NULL, &ret_sockets->host);
    if (error == 0)
        error = socket_open(run, "desk", 0660, "latchkey-operators", &ret_sockets->desk);
    if (error == 0)
        error = socket_open(run, "gateway", 0660, "latchkey-sso", &ret_sockets->gateway);
    if (error == 0)
        error = socket_open(run, "worker", 0660, "latchkey-pam", &ret_sockets->worker);
    return error;
}
