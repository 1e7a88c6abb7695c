/* SPDX-License-Identifier: EUPL-1.2 */
/* The allocated reserve (design rule 8): 16 MiB of the disk that belong to whoever must write when it is full.
 *
 * It is given back in thirds, each for fewer: the first for everybody, so that logins go on while the administrator is told; the second
 * only for uid 0 and operators, who make room; the last only for revocations. So a rush of logins can never use up what a revocation needs. */
#include "broker/store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file.h"

static off_t reserve_at(const struct lk_reserve *reserve, int level)
{
    return (off_t)(reserve->size / 3 * (uint64_t)(3 - level));
}

int lk_reserve_open(struct lk_reserve *reserve, int folder, uint64_t size)
{
    reserve->fd = -1;
    reserve->size = size / 3 * 3;
    atomic_store(&reserve->level, 0);
    if (reserve->size == 0)
        return 0;
    if (size > INT64_MAX)
        return -LK_ERR_RANGE;
    reserve->fd = openat(folder, "reserve", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (reserve->fd < 0)
        return lk_error_from_errno(errno);
    /* Whatever size it has from before: allocated anew as far as the disk allows. */
    atomic_store(&reserve->level, 3);
    lk_reserve_restore(reserve, true);
    return 0;
}

bool lk_reserve_shrink(const char *folder, uint64_t size)
{
    LK_CLEANUP(lk_fd_close) int at = open(folder, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    LK_CLEANUP(lk_fd_close) int fd = -1;
    struct stat status;
    off_t third = (off_t)(size / 3);

    if (at < 0 || third <= 0)
        return false;
    fd = openat(at, "reserve", O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size == 0)
        return false;
    return ftruncate(fd, status.st_size > third ? status.st_size - third : 0) == 0;
}

void lk_reserve_close(struct lk_reserve *reserve)
{
    if (reserve->fd >= 0)
        (void)close(reserve->fd);
    reserve->fd = -1;
}

bool lk_reserve_release(struct lk_reserve *reserve)
{
    int level = atomic_load(&reserve->level);

    if (reserve->fd < 0 || level >= 3)
        return false;
    if (ftruncate(reserve->fd, reserve_at(reserve, level + 1)) != 0)
        return false;
    (void)fsync(reserve->fd);
    atomic_store(&reserve->level, level + 1);
    return true;
}

/* Room for one more third and as much again: otherwise a full disk would be given and taken back for ever. */
static bool reserve_roomy(const struct lk_reserve *reserve)
{
    struct statvfs status;

    if (fstatvfs(reserve->fd, &status) != 0)
        return false;
    return (uint64_t)status.f_bavail * status.f_frsize >= reserve->size / 3 * 2;
}

void lk_reserve_restore(struct lk_reserve *reserve, bool eager)
{
    int level = atomic_load(&reserve->level);

    if (reserve->fd < 0 || level == 0)
        return;
    while (level > 0 && (eager || reserve_roomy(reserve)) &&
           posix_fallocate(reserve->fd, 0, reserve_at(reserve, level - 1)) == 0)
        level--;
    /* A try that failed may have grown the file: what is not whole does not count. */
    if (ftruncate(reserve->fd, reserve_at(reserve, level)) != 0)
        level = 3;
    atomic_store(&reserve->level, level);
}
