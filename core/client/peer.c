/* SPDX-License-Identifier: EUPL-1.2 */
/* Who may be the broker: a program that could set up a socket under this name could let anybody in, so the name is
 * followed from the root, folder by folder, and every folder must be out of the reach of others. The later
 * connect() goes by name again; between the two, only root or the caller could exchange a folder. */
#include "client/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"

static int lk_peer_check_folder(int fd, uid_t caller, bool last)
{
    struct stat status;

    if (fstat(fd, &status) != 0)
        return lk_error_from_errno(errno);
    if (status.st_uid != 0 && status.st_uid != caller)
        return -LK_ERR_OWNER;
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (last || (status.st_mode & S_ISVTX) == 0))
        return -LK_ERR_MODE;
    return 0;
}

static int lk_peer_check_leaf(int folder, const char *name, uid_t *ret_owner)
{
    struct stat status;

    if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return lk_error_from_errno(errno);
    if (S_ISLNK(status.st_mode))
        return -LK_ERR_LINK;
    if (!S_ISSOCK(status.st_mode))
        return -LK_ERR_NOT_REGULAR;
    *ret_owner = status.st_uid;
    return 0;
}

/* The error of opening one folder of the path: a link shows as ENOTDIR, because O_PATH with O_NOFOLLOW opens the link itself. */
static int lk_peer_open_folder(int parent, const char *name, int *ret_fd)
{
    struct stat status;
    int fd = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd >= 0) {
        *ret_fd = fd;
        return 0;
    }
    if (errno == ENOTDIR && fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
        return S_ISLNK(status.st_mode) ? -LK_ERR_LINK : -LK_ERR_NOT_FOUND;
    return lk_error_from_errno(errno);
}

int lk_peer_check_path(const char *path, uid_t caller, uid_t *ret_owner)
{
    char rest[sizeof(((struct sockaddr_un *)0)->sun_path)];
    char *name = rest + 1;
    int folder LK_CLEANUP(lk_fd_close) = -1;
    int r;

    if (path[0] != '/' || path[1] == '\0')
        return -LK_ERR_RANGE;
    if (strlen(path) >= sizeof(rest))
        return -LK_ERR_TOO_BIG;
    memcpy(rest, path, strlen(path) + 1);
    folder = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return lk_error_from_errno(errno);
    for (;;) {
        char *slash = strchr(name, '/');
        int next = -1;

        r = lk_peer_check_folder(folder, caller, slash == NULL);
        if (r != 0)
            return r;
        if (slash == NULL)
            return lk_peer_check_leaf(folder, name, ret_owner);
        *slash = '\0';
        /* "//", "." and ".." have no place in a configured path; ".." would also leave what was checked. */
        if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
            return -LK_ERR_RANGE;
        r = lk_peer_open_folder(folder, name, &next);
        if (r != 0)
            return r;
        lk_fd_close(&folder);
        folder = next;
        name = slash + 1;
    }
}

int lk_peer_check_socket(int fd, uid_t owner)
{
    struct ucred peer = {.uid = (uid_t)-1};
    socklen_t size = sizeof(peer);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
        return lk_error_from_errno(errno);
    if (size != sizeof(peer) || (peer.uid != 0 && peer.uid != owner) || peer.uid == (uid_t)-1)
        return -LK_ERR_DENIED;
    return 0;
}
