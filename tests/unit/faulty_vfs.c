/* SPDX-License-Identifier: EUPL-1.2 */
/* The VFS of faulty_vfs.h: the methods of the system's files with two of them replaced. */
#include "faulty_vfs.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static sqlite3_vfs *base;
static sqlite3_vfs vfs;
/* The system's VFS has one set of methods for files with locks and one for those without. */
enum { METHODS_MAX = 4 };
static sqlite3_io_methods methods[METHODS_MAX];
static const sqlite3_io_methods *base_methods[METHODS_MAX];

static enum faulty_vfs_fault wanted;
static int countdown;
static char watched[512];
static uint64_t watched_size;

static const sqlite3_io_methods *base_of(const sqlite3_file *file)
{
    return base_methods[file->pMethods - methods];
}

static int full(void)
{
    struct stat status;

    return watched[0] != '\0' && stat(watched, &status) == 0 &&
           (uint64_t)status.st_size > watched_size;
}

static int faulty_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 offset)
{
    if (full())
        return SQLITE_FULL;
    if ((wanted == FAULTY_VFS_WRITE || wanted == FAULTY_VFS_FULL) && --countdown < 0)
        return wanted == FAULTY_VFS_FULL ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    return base_of(file)->xWrite(file, data, len, offset);
}

static int faulty_sync(sqlite3_file *file, int flags)
{
    if (wanted == FAULTY_VFS_SYNC && --countdown < 0)
        return SQLITE_IOERR_FSYNC;
    return base_of(file)->xSync(file, flags);
}

static int faulty_open(sqlite3_vfs *self, const char *name, sqlite3_file *file, int flags,
                       int *ret_flags)
{
    int code = base->xOpen(base, name, file, flags, ret_flags);

    (void)self;
    if (code != SQLITE_OK || file->pMethods == NULL)
        return code;
    for (int i = 0; i < METHODS_MAX; i++) {
        if (base_methods[i] == NULL) {
            base_methods[i] = file->pMethods;
            methods[i] = *file->pMethods;
            methods[i].xWrite = faulty_write;
            methods[i].xSync = faulty_sync;
        }
        if (base_methods[i] == file->pMethods) {
            file->pMethods = &methods[i];
            return SQLITE_OK;
        }
    }
    abort();
}

const char *faulty_vfs_register(void)
{
    if (base == NULL) {
        base = sqlite3_vfs_find(NULL);
        vfs = *base;
        vfs.zName = "faulty";
        vfs.xOpen = faulty_open;
        if (sqlite3_vfs_register(&vfs, 0) != SQLITE_OK)
            abort();
    }
    return vfs.zName;
}

void faulty_vfs_fail(enum faulty_vfs_fault fault, int at)
{
    wanted = fault;
    countdown = at - 1;
}

void faulty_vfs_full_until(const char *file, const char *folder, uint64_t size)
{
    (void)snprintf(watched, sizeof watched, "%s/%s", folder, file);
    watched_size = size;
}

void faulty_vfs_clear(void)
{
    wanted = FAULTY_VFS_NONE;
    watched[0] = '\0';
}
