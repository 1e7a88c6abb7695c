/* SPDX-License-Identifier: EUPL-1.2 */
/* Files that decide about logins.
 *
 * Threat: somebody who may write to a folder of the path, or to the file, puts in a link, a pipe or a file of their
 * own. So nothing is judged by its name: what is open is what is judged, a link anywhere in the path is refused, and
 * whoever could swap the file later (the owner and the writers of each folder above) is judged with it. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LK_FILE_PATH_MAX = 4096, LK_FILE_READ_SIZE = 16384 };

void lk_fd_close(int *fd)
{
    int kept = errno;

    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
    errno = kept;
}

int lk_fd_take(int *fd)
{
    int taken = *fd;

    *fd = -1;
    return taken;
}

static int lk_file_check_parent(int folder, const struct lk_file_rule *rule)
{
    struct stat status;

    if (fstat(folder, &status) != 0)
        return lk_error_from_errno(errno);
    if (status.st_uid != 0 && status.st_uid != rule->owner)
        return -LK_ERR_OWNER;
    /* In a sticky folder nobody can rename or remove what belongs to another. */
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (status.st_mode & S_ISVTX) == 0)
        return -LK_ERR_MODE;
    return 0;
}

/* One folder further down. O_PATH | O_NOFOLLOW opens a link itself, so that it can be told from what is not there. */
static int lk_file_step(int *folder, const char *name)
{
    LK_CLEANUP(lk_fd_close) int next = openat(*folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct stat status;

    if (next < 0)
        return lk_error_from_errno(errno);
    if (fstat(next, &status) != 0)
        return lk_error_from_errno(errno);
    if (S_ISLNK(status.st_mode))
        return -LK_ERR_LINK;
    if (!S_ISDIR(status.st_mode))
        return -LK_ERR_NOT_FOUND;
    lk_fd_close(folder);
    *folder = lk_fd_take(&next);
    return 0;
}

/* Folder by folder: where the folders are judged, and where the kernel has no openat2. rule may be NULL. */
static int lk_file_walk(const char *path, const struct lk_file_rule *rule, int flags, int *ret_fd)
{
    char copy[LK_FILE_PATH_MAX];
    LK_CLEANUP(lk_fd_close) int folder = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    char *rest = NULL;
    char *name;
    int fd;

    if (folder < 0)
        return lk_error_from_errno(errno);
    memcpy(copy, path, strlen(path) + 1);
    name = strtok_r(copy, "/", &rest);
    if (name == NULL)
        return -LK_ERR_NOT_REGULAR;
    for (char *next = strtok_r(NULL, "/", &rest); next != NULL; next = strtok_r(NULL, "/", &rest)) {
        int r = rule != NULL ? lk_file_check_parent(folder, rule) : 0;

        if (r == 0)
            r = lk_file_step(&folder, name);
        if (r != 0)
            return r;
        name = next;
    }
    if (rule != NULL) {
        int r = lk_file_check_parent(folder, rule);

        if (r != 0)
            return r;
    }
    fd = openat(folder, name, flags | O_NOFOLLOW);
    if (fd < 0)
        return lk_error_from_errno(errno);
    *ret_fd = fd;
    return 0;
}

static int lk_file_open_plain(const char *path, int flags, int *ret_fd)
{
    struct open_how how = {
        .flags = (unsigned int)flags,
        .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    long fd;

    if (path[0] != '/')
        return -LK_ERR_UNEXPECTED;
    if (strlen(path) >= LK_FILE_PATH_MAX)
        return -LK_ERR_TOO_BIG;
    fd = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
    if (fd < 0 && errno == ENOSYS)
        return lk_file_walk(path, NULL, flags, ret_fd);
    if (fd < 0)
        return errno == ENOTDIR ? -LK_ERR_NOT_FOUND : lk_error_from_errno(errno);
    *ret_fd = (int)fd;
    return 0;
}

int lk_file_open(const char *path, const struct lk_file_rule *rule, int *ret_fd)
{
    /* O_NONBLOCK: a pipe put in the place must not hold us up; it is refused below. */
    static const int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    LK_CLEANUP(lk_fd_close) int fd = -1;
    struct stat status;
    int r;

    if (rule->check_parents && path[0] == '/' && strlen(path) < LK_FILE_PATH_MAX)
        r = lk_file_walk(path, rule, flags, &fd);
    else
        r = lk_file_open_plain(path, flags, &fd);
    if (r != 0)
        return r;
    if (fstat(fd, &status) != 0)
        return lk_error_from_errno(errno);
    if (!S_ISREG(status.st_mode))
        return -LK_ERR_NOT_REGULAR;
    if (status.st_uid != 0 && status.st_uid != rule->owner)
        return -LK_ERR_OWNER;
    if ((status.st_mode & rule->forbidden) != 0)
        return -LK_ERR_MODE;
    *ret_fd = lk_fd_take(&fd);
    return 0;
}

/* Appends until the end of the file; the buffer's maximum is what stops a file that grows meanwhile. */
static int lk_file_slurp(int fd, struct lk_buf *buf)
{
    for (;;) {
        size_t left = buf->max - buf->len;
        size_t ask = left < LK_FILE_READ_SIZE ? left : LK_FILE_READ_SIZE;
        uint8_t over;
        uint8_t *room = ask == 0 ? &over : lk_buf_reserve(buf, ask);
        ssize_t got;

        if (room == NULL)
            return lk_buf_error(buf);
        do
            got = read(fd, room, ask == 0 ? 1 : ask);
        while (got < 0 && errno == EINTR);
        buf->len -= got < 0 ? ask : ask == 0 ? 0 : ask - (size_t)got;
        if (got < 0)
            return lk_error_from_errno(errno);
        if (got == 0)
            return 0;
        if (ask == 0)
            return -LK_ERR_TOO_BIG;
    }
}

int lk_file_read(const char *path, const struct lk_file_rule *rule, size_t max,
                 struct lk_buf *ret_buf)
{
    LK_CLEANUP(lk_fd_close) int fd = -1;
    int r = lk_file_open(path, rule, &fd);

    if (r != 0)
        return r;
    ret_buf->max = max;
    r = lk_file_slurp(fd, ret_buf);
    if (r != 0)
        lk_buf_clear(ret_buf);
    return r;
}

/* The temporary file. Its name is fixed, so that a killed writer leaves at most one file behind, which the next one
 * uses again; the lock on the folder, which a killed writer loses, keeps two writers apart. */
static int lk_file_open_temporary(int folder, const char *name, int *ret_fd)
{
    static const int flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    LK_CLEANUP(lk_fd_close) int fd = -1;
    struct stat status;
    int r;

    do
        r = flock(folder, LOCK_EX);
    while (r != 0 && errno == EINTR);
    if (r != 0)
        return lk_error_from_errno(errno);
    fd = openat(folder, name, flags, 0600);
    if (fd < 0 || fstat(fd, &status) != 0)
        return lk_error_from_errno(errno);
    if (!S_ISREG(status.st_mode))
        return -LK_ERR_NOT_REGULAR;
    *ret_fd = lk_fd_take(&fd);
    return 0;
}

/* Leaves the new bytes on the disk under the temporary name. */
static int lk_file_fill(int fd, mode_t mode, struct lk_view content)
{
    int r;

    if (ftruncate(fd, 0) != 0 || fchmod(fd, mode) != 0)
        return lk_error_from_errno(errno);
    r = lk_fd_write_all(fd, content);
    if (r == 0 && fsync(fd) != 0)
        r = lk_error_from_errno(errno);
    return r;
}

int lk_file_replace(const char *path, mode_t mode, struct lk_view content)
{
    char folder_path[LK_FILE_PATH_MAX];
    char temporary[256 + sizeof "..new"];
    const char *name = strrchr(path, '/');
    LK_CLEANUP(lk_fd_close) int folder = -1;
    LK_CLEANUP(lk_fd_close) int fd = -1;
    size_t folder_len;
    int r;

    if (name == NULL || name[1] == '\0')
        return -LK_ERR_UNEXPECTED;
    folder_len = name == path ? 1 : (size_t)(name - path);
    name++;
    if (folder_len >= sizeof folder_path || strlen(name) > 250)
        return -LK_ERR_TOO_BIG;
    memcpy(folder_path, path, folder_len);
    folder_path[folder_len] = '\0';
    temporary[0] = '.';
    stpcpy(stpcpy(temporary + 1, name), ".new");

    r = lk_file_open_plain(folder_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, &folder);
    if (r == 0)
        r = lk_file_open_temporary(folder, temporary, &fd);
    if (r != 0)
        return r;
    r = lk_file_fill(fd, mode, content);
    if (r == 0 && renameat(folder, temporary, folder, name) != 0)
        r = lk_error_from_errno(errno);
    if (r != 0) {
        (void)unlinkat(folder, temporary, 0);
        return r;
    }
    /* Until the folder is on the disk too, a power cut may bring the old file back. */
    return fsync(folder) == 0 ? 0 : lk_error_from_errno(errno);
}

int lk_folder_make(const char *path, mode_t mode)
{
    bool made = mkdir(path, mode) == 0;
    LK_CLEANUP(lk_fd_close) int folder = -1;
    struct stat status;

    if (!made && errno != EEXIST)
        return lk_error_from_errno(errno);
    if (lstat(path, &status) != 0)
        return lk_error_from_errno(errno);
    if (S_ISLNK(status.st_mode))
        return -LK_ERR_LINK;
    if (!S_ISDIR(status.st_mode))
        return -LK_ERR_NOT_REGULAR;
    folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0 || fstat(folder, &status) != 0)
        return lk_error_from_errno(errno);
    if (status.st_uid != 0 && status.st_uid != geteuid())
        return -LK_ERR_OWNER;
    /* The umask took bits away at mkdir. */
    if (made)
        return fchmod(folder, mode) == 0 ? 0 : lk_error_from_errno(errno);
    return (status.st_mode & (S_IWGRP | S_IWOTH) & ~mode) == 0 ? 0 : -LK_ERR_MODE;
}

int lk_fd_write_all(int fd, struct lk_view bytes)
{
    bool socket = true;

    while (bytes.len > 0) {
        /* On a socket a peer that is gone must be an error, not a SIGPIPE for whoever called us. */
        ssize_t written = socket ? send(fd, bytes.data, bytes.len, MSG_NOSIGNAL)
                                 : write(fd, bytes.data, bytes.len);

        if (written < 0 && errno == ENOTSOCK && socket) {
            socket = false;
            continue;
        }
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            int r = lk_error_from_errno(errno);

            return r == -LK_ERR_CLOSED || r == -LK_ERR_FULL ? r : -LK_ERR_IO;
        }
        bytes.data += written;
        bytes.len -= (size_t)written;
    }
    return 0;
}
