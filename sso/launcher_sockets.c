/* SPDX-License-Identifier: EUPL-1.2 */
/* Folders and sockets. Who may connect is said by owner and mode, in folders where nobody else can put another socket in their place. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "sso/launcher.h"

#define PROXY_GROUP "www-data"

enum { BACKLOG = 1024 };

static int say(const char *what, const char *name)
{
    (void)fprintf(stderr, "latchkey-sso: %s %s: %s\n", what, name, strerror(errno));
    return -LK_ERR_IO;
}

static int folder_make(const char *path)
{
    int error = lk_folder_make(path, 0755);

    if (error != 0)
        (void)fprintf(stderr, "latchkey-sso: folder %s: %s\n", path, lk_error_text(error));
    return error;
}

/* The lock says that no other launcher serves this folder, so that a socket found there is a left-over. */
static int folder_lock(const char *path, int *ret_fd)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return say("folder", path);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        (void)fprintf(stderr, "latchkey-sso: folder %s: another latchkey-sso serves it\n", path);
        close(fd);
        return -LK_ERR_BUSY;
    }
    *ret_fd = fd;
    return 0;
}

/* Only root can make a folder for another user; the issuer makes its own otherwise. */
static int keys_make(const struct lk_launcher *launcher)
{
    const struct lk_user *user = &launcher->users[LK_SSO_ROLE_ISSUER];
    const char *path = launcher->told.keys;

    if (!user->change || mkdir(path, 0700) != 0)
        return 0;
    return lchown(path, user->uid, user->gid) != 0 ? say("folder", path) : 0;
}

/* Nobody can connect before owner and mode are right: it is bound with no right for anybody but this process. */
static int unix_open(const char *path, uid_t owner, gid_t group, mode_t mode, int *ret_fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd LK_CLEANUP(lk_fd_close) = -1;
    mode_t mask;
    int bound;

    if (strlen(path) >= sizeof(address.sun_path)) {
        (void)fprintf(stderr, "latchkey-sso: socket %s: the path is too long\n", path);
        return -LK_ERR_TOO_BIG;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || (unlink(path) != 0 && errno != ENOENT))
        return say("socket", path);
    mask = umask(0177);
    bound = bind(fd, (const struct sockaddr *)&address, sizeof(address));
    (void)umask(mask);
    if (bound != 0 || chmod(path, 0) != 0 || listen(fd, BACKLOG) != 0 ||
        lchown(path, owner, group) != 0 || chmod(path, mode) != 0)
        return say("socket", path);
    *ret_fd = lk_fd_take(&fd);
    return 0;
}

static int tcp_open(const struct lk_place *place, int *ret_fd)
{
    const struct sockaddr_in four = {.sin_family = AF_INET,
                                     .sin_port = htons(place->port),
                                     .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct sockaddr_in6 six = {.sin6_family = AF_INET6,
                                     .sin6_port = htons(place->port),
                                     .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    const bool old = place->family == AF_INET;
    const int on = 1;
    char name[32];
    int fd LK_CLEANUP(lk_fd_close) =
        socket(place->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    (void)snprintf(name, sizeof(name), "of port %u", (unsigned)place->port);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        bind(fd, old ? (const struct sockaddr *)&four : (const struct sockaddr *)&six,
             old ? sizeof(four) : sizeof(six)) != 0 ||
        listen(fd, BACKLOG) != 0)
        return say("socket", name);
    *ret_fd = lk_fd_take(&fd);
    return 0;
}

/* For the reverse proxy, by its group where there is one and we may give it away. */
static int listen_unix(const struct lk_launcher *launcher, const char *path, int *ret_fd)
{
    const struct group *entry = geteuid() == 0 ? getgrnam(PROXY_GROUP) : NULL;
    const struct lk_user *user = &launcher->users[LK_SSO_ROLE_WEB];
    char folder[LK_CONFIG_TEXT_MAX + 1];
    char *slash;
    int error = 0;

    memcpy(folder, path, strlen(path) + 1);
    slash = strrchr(folder, '/');
    if (slash != NULL && slash != folder) {
        struct stat status;

        *slash = '\0';
        /* An existing folder is the administrator's business. */
        if (stat(folder, &status) != 0)
            error = folder_make(folder);
    }
    return error != 0 ? error
                      : unix_open(path, user->change ? user->uid : (uid_t)-1,
                                  entry != NULL ? entry->gr_gid : (gid_t)-1,
                                  entry != NULL ? 0660 : 0600, ret_fd);
}

static int place_open(const struct lk_launcher *launcher, const struct lk_place *place, int *ret_fd)
{
    if (place->family == AF_UNSPEC)
        return 0;
    return place->family == AF_UNIX ? listen_unix(launcher, place->path, ret_fd)
                                    : tcp_open(place, ret_fd);
}

/* RUN/sso/NAME, for one process of ours alone. */
static int private_open(const struct lk_launcher *launcher, const char *name, enum lk_sso_role who,
                        int *ret_fd)
{
    const struct lk_user *user = &launcher->users[who];
    char path[LK_CONFIG_TEXT_MAX + 32];

    (void)snprintf(path, sizeof(path), "%s/sso/%s", launcher->told.run, name);
    return unix_open(path, user->change ? user->uid : (uid_t)-1, (gid_t)-1, 0600, ret_fd);
}

int lk_launcher_open_sockets(struct lk_launcher *launcher)
{
    char folder[LK_CONFIG_TEXT_MAX + 32];
    int error = folder_make(launcher->told.run);

    (void)snprintf(folder, sizeof(folder), "%s/sso", launcher->told.run);
    if (error == 0)
        error = folder_make(folder);
    if (error == 0)
        error = folder_lock(folder, &launcher->lock);
    if (error == 0)
        error = keys_make(launcher);
    if (error == 0)
        error = private_open(launcher, "web", LK_SSO_ROLE_WEB, &launcher->web);
    if (error == 0)
        error = private_open(launcher, "worker", LK_SSO_ROLE_ISSUER, &launcher->worker);
    if (error == 0)
        error = private_open(launcher, "notify", LK_SSO_ROLE_ISSUER, &launcher->notify);
    if (error == 0)
        error = place_open(launcher, &launcher->told.listen, &launcher->listen);
    if (error == 0)
        error = place_open(launcher, &launcher->told.metrics, &launcher->metrics);
    return error;
}
