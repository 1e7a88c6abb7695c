/* SPDX-License-Identifier: EUPL-1.2 */
/* The guard's file is one struct of this machine's own byte order: it is read by the same program on the same machine, seconds later. */
#include "broker/crash_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

enum { GUARD_UIDS = 64, GUARD_ENDED = 64 };
static const char guard_magic[8] LK_NONSTRING = {'L', 'K', 'S', 'E', 'R', 'V', '0', '1'};

struct guard_file {
    char magic[8];
    struct {
        uint32_t uid;
        uint32_t running;
    } serving[GUARD_UIDS];
    uint32_t next; /* in ended */
    uint32_t padding;
    struct {
        uint32_t uid;
        uint32_t padding;
        int64_t time;
    } ended[GUARD_ENDED];
};

struct lk_crash_guard {
    const struct lk_clock *clock;
    struct guard_file *file;
};

/* The process before this one did not say that it had finished with these. */
static void guard_take_over(struct lk_crash_guard *guard)
{
    struct guard_file *file = guard->file;

    for (size_t i = 0; i < GUARD_UIDS; i++) {
        uint32_t place = file->next % GUARD_ENDED;

        if (file->serving[i].running == 0)
            continue;
        file->ended[place].uid = file->serving[i].uid;
        file->ended[place].time = lk_clock_now(guard->clock);
        file->next = (place + 1) % GUARD_ENDED;
        file->serving[i].running = 0;
    }
}

static int guard_map(const char *folder, struct guard_file **ret_file)
{
    LK_CLEANUP(lk_fd_close) int fd = -1;
    char path[512];
    struct stat status;
    void *mapped;

    (void)snprintf(path, sizeof(path), "%s/serving", folder);
    fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 || fstat(fd, &status) != 0)
        return lk_error_from_errno(errno);
    if (!S_ISREG(status.st_mode) || status.st_uid != geteuid())
        return -LK_ERR_OWNER;
    /* Also written out, so that the map never meets a hole on a full disk. */
    if (status.st_size != (off_t)sizeof(struct guard_file)) {
        static const struct guard_file empty;

        if (ftruncate(fd, 0) != 0)
            return lk_error_from_errno(errno);
        if (lk_fd_write_all(fd, LK_VIEW((const uint8_t *)&empty, sizeof(empty))) != 0)
            return -LK_ERR_FULL;
    }
    mapped = mmap(NULL, sizeof(struct guard_file), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED)
        return -LK_ERR_NOMEM;
    *ret_file = mapped;
    return 0;
}

int lk_crash_guard_open(const char *folder, const struct lk_clock *clock,
                        struct lk_crash_guard **ret_guard)
{
    struct lk_crash_guard *guard = calloc(1, sizeof(*guard));
    int error;

    if (guard == NULL)
        return -LK_ERR_NOMEM;
    guard->clock = clock;
    error = guard_map(folder, &guard->file);
    if (error != 0 || guard->file == NULL) {
        free(guard);
        return error != 0 ? error : -LK_ERR_INTERNAL;
    }
    if (memcmp(guard->file->magic, guard_magic, sizeof(guard_magic)) != 0) {
        memset(guard->file, 0, sizeof(*guard->file));
        memcpy(guard->file->magic, guard_magic, sizeof(guard_magic));
    }
    guard_take_over(guard);
    *ret_guard = guard;
    return 0;
}

struct lk_crash_guard *lk_crash_guard_close(struct lk_crash_guard *guard)
{
    if (guard == NULL)
        return NULL;
    memset(guard->file->serving, 0, sizeof(guard->file->serving));
    (void)munmap(guard->file, sizeof(*guard->file));
    free(guard);
    return NULL;
}

void lk_crash_guard_begin(struct lk_crash_guard *guard, uid_t uid)
{
    size_t found = GUARD_UIDS;

    if (guard == NULL)
        return;
    for (size_t i = 0; i < GUARD_UIDS; i++) {
        if (guard->file->serving[i].running > 0 && guard->file->serving[i].uid == uid) {
            found = i;
            break;
        }
        if (guard->file->serving[i].running == 0 && found == GUARD_UIDS)
            found = i;
    }
    /* More than there are places: those beyond are served unwatched. */
    if (found == GUARD_UIDS)
        return;
    guard->file->serving[found].uid = uid;
    guard->file->serving[found].running++;
}

void lk_crash_guard_end(struct lk_crash_guard *guard, uid_t uid)
{
    if (guard == NULL)
        return;
    for (size_t i = 0; i < GUARD_UIDS; i++) {
        if (guard->file->serving[i].running > 0 && guard->file->serving[i].uid == uid) {
            guard->file->serving[i].running--;
            return;
        }
    }
}

bool lk_crash_guard_waits(const struct lk_crash_guard *guard, uid_t uid)
{
    int64_t now;
    int count = 0;

    if (guard == NULL)
        return false;
    now = lk_clock_now(guard->clock);
    for (size_t i = 0; i < GUARD_ENDED; i++) {
        int64_t age = now - guard->file->ended[i].time;

        if (guard->file->ended[i].time != 0 && guard->file->ended[i].uid == uid && age >= 0 &&
            age < LK_GUARD_SECONDS)
            count++;
    }
    return count >= LK_GUARD_ENDS;
}
