/* SPDX-License-Identifier: EUPL-1.2 */
/* The disk of powercut_vfs.h. One for the whole program; tests that use it have one thread. */
#include "powercut_vfs.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEED(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

enum { DISK_FILES_MAX = 16, DISK_SECTOR = 512 };

/* One write or truncation that was not synced. */
struct disk_operation {
    struct disk_operation *next;
    bool truncate;
    uint64_t offset; /* or the new size */
    size_t len;
    uint8_t data[];
};

/* A file as programs see it (image), and what of it the disk may not have yet. */
struct disk_file {
    char path[512];
    uint8_t *image;
    uint64_t size;
    struct disk_operation *first;
    struct disk_operation **last;
};

static struct {
    struct disk_file files[DISK_FILES_MAX];
    size_t count;
    uint64_t operations;
    uint64_t cut; /* 0 = never */
    bool off;
    uint32_t dice;
} disk;

uint32_t powercut_random(void)
{
    disk.dice ^= disk.dice << 13;
    disk.dice ^= disk.dice >> 17;
    disk.dice ^= disk.dice << 5;
    return disk.dice;
}

static void forget_operations(struct disk_file *file)
{
    while (file->first != NULL) {
        struct disk_operation *next = file->first->next;

        free(file->first);
        file->first = next;
    }
    file->last = &file->first;
}

static void forget_all(void)
{
    for (size_t i = 0; i < disk.count; i++) {
        forget_operations(&disk.files[i]);
        free(disk.files[i].image);
    }
    disk.count = 0;
}

void powercut_start(uint64_t at, uint32_t seed)
{
    forget_all();
    disk.operations = 0;
    disk.cut = at;
    disk.off = false;
    disk.dice = seed * 2654435761u | 1;
    for (int i = 0; i < 8; i++)
        (void)powercut_random();
}

uint64_t powercut_operations(void)
{
    return disk.operations;
}

bool powercut_happened(void)
{
    return disk.off;
}

void powercut_off(void)
{
    disk.off = true;
}

bool powercut_step(void)
{
    if (disk.off)
        return false;
    disk.operations++;
    if (disk.cut != 0 && disk.operations >= disk.cut)
        disk.off = true;
    return !disk.off;
}

static void grow(struct disk_file *file, uint64_t size)
{
    uint8_t *image;

    if (size <= file->size)
        return;
    image = realloc(file->image, size);
    NEED(image != NULL);
    memset(image + file->size, 0, size - file->size);
    file->image = image;
    file->size = size;
}

static struct disk_file *find(const char *path)
{
    struct disk_file *file;
    struct stat status;
    int fd;

    for (size_t i = 0; i < disk.count; i++)
        if (strcmp(disk.files[i].path, path) == 0)
            return &disk.files[i];
    NEED(disk.count < DISK_FILES_MAX);
    file = &disk.files[disk.count++];
    *file = (struct disk_file){.last = &file->first};
    NEED(snprintf(file->path, sizeof file->path, "%s", path) < (int)sizeof file->path);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    NEED(fd >= 0 && fstat(fd, &status) == 0);
    grow(file, (uint64_t)status.st_size);
    NEED(pread(fd, file->image, file->size, 0) == (ssize_t)file->size);
    (void)close(fd);
    return file;
}

static void remember(struct disk_file *file, bool truncate, uint64_t offset, const void *data,
                     size_t len)
{
    struct disk_operation *operation = calloc(1, sizeof *operation + len);

    NEED(operation != NULL);
    operation->truncate = truncate;
    operation->offset = offset;
    operation->len = len;
    if (len > 0)
        memcpy(operation->data, data, len);
    *file->last = operation;
    file->last = &operation->next;
}

/* A write at which the power goes is among what may or may not arrive. */
static bool disk_write(struct disk_file *file, uint64_t offset, const void *data, size_t len)
{
    if (disk.off)
        return false;
    remember(file, false, offset, data, len);
    if (!powercut_step())
        return false;
    grow(file, offset + len);
    memcpy(file->image + offset, data, len);
    return true;
}

static bool disk_truncate(struct disk_file *file, uint64_t size)
{
    if (disk.off)
        return false;
    remember(file, true, size, NULL, 0);
    if (!powercut_step())
        return false;
    grow(file, size);
    file->size = size;
    return true;
}

/* ---- what reaches the disk ---- */

static void put(int fd, const struct disk_operation *operation, size_t from, size_t len)
{
    if (operation->truncate)
        NEED(ftruncate(fd, (off_t)operation->offset) == 0);
    else
        NEED(pwrite(fd, operation->data + from, len, (off_t)(operation->offset + from)) ==
             (ssize_t)len);
}

static int open_file(const struct disk_file *file)
{
    return open(file->path, O_WRONLY | O_CLOEXEC);
}

static bool disk_sync(struct disk_file *file)
{
    int fd;

    /* A sync at which the power goes has promised nothing. */
    if (!powercut_step())
        return false;
    fd = open_file(file);
    NEED(fd >= 0);
    for (const struct disk_operation *o = file->first; o != NULL; o = o->next)
        put(fd, o, 0, o->len);
    (void)close(fd);
    forget_operations(file);
    return true;
}

/* Sector by sector, each or none. */
static void put_torn(int fd, const struct disk_operation *operation)
{
    if (operation->truncate) {
        put(fd, operation, 0, 0);
        return;
    }
    for (size_t from = 0; from < operation->len; from += DISK_SECTOR) {
        size_t left = operation->len - from;

        if (powercut_random() % 2 == 0)
            put(fd, operation, from, left < DISK_SECTOR ? left : DISK_SECTOR);
    }
}

enum loss { LOSS_ALL, LOSS_NONE, LOSS_END, LOSS_SOME, LOSS_TORN, LOSS_KINDS };

static void put_some(int fd, struct disk_file *file, enum loss loss)
{
    struct disk_operation *order[4096];
    size_t count = 0;
    size_t kept;

    for (struct disk_operation *o = file->first; o != NULL && count < 4096; o = o->next)
        order[count++] = o;
    kept = loss == LOSS_END && count > 0 ? powercut_random() % (count + 1) : count;
    for (size_t i = 0; (loss == LOSS_SOME || loss == LOSS_TORN) && i + 1 < count; i++) {
        size_t other = i + powercut_random() % (count - i);
        struct disk_operation *swapped = order[i];

        order[i] = order[other];
        order[other] = swapped;
    }
    for (size_t i = 0; i < kept; i++) {
        if (loss == LOSS_TORN)
            put_torn(fd, order[i]);
        else if (loss != LOSS_SOME || powercut_random() % 2 == 0)
            put(fd, order[i], 0, order[i]->len);
    }
}

void powercut_finish(void)
{
    powercut_off();
    for (size_t i = 0; i < disk.count; i++) {
        struct disk_file *file = &disk.files[i];
        enum loss loss = (enum loss)(powercut_random() % LOSS_KINDS);
        int fd = loss == LOSS_ALL ? -1 : open_file(file);

        if (fd >= 0) {
            put_some(fd, file, loss);
            (void)close(fd);
        }
    }
    forget_all();
}

bool powercut_write(const char *path, uint64_t offset, const void *data, size_t len)
{
    return disk_write(find(path), offset, data, len);
}

bool powercut_sync(const char *path)
{
    return disk_sync(find(path));
}

/* ---- the VFS ---- */

struct cut_file {
    sqlite3_file base;
    char path[512];
    sqlite3_file real[]; /* of the system's VFS: locks and shared memory */
};

static sqlite3_vfs *system_vfs;
static sqlite3_vfs cut_vfs;

static struct cut_file *self(sqlite3_file *file)
{
    return (struct cut_file *)(void *)file;
}

static int cut_close(sqlite3_file *file)
{
    return self(file)->real->pMethods->xClose(self(file)->real);
}

static int cut_read(sqlite3_file *file, void *data, int len, sqlite3_int64 offset)
{
    const struct disk_file *stored = find(self(file)->path);
    uint64_t there = (uint64_t)offset >= stored->size ? 0 : stored->size - (uint64_t)offset;
    size_t copied = there < (uint64_t)len ? (size_t)there : (size_t)len;

    memset(data, 0, (size_t)len);
    if (copied > 0)
        memcpy(data, stored->image + offset, copied);
    return copied == (size_t)len ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int cut_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 offset)
{
    return disk_write(find(self(file)->path), (uint64_t)offset, data, (size_t)len)
               ? SQLITE_OK
               : SQLITE_IOERR_WRITE;
}

static int cut_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return disk_truncate(find(self(file)->path), (uint64_t)size) ? SQLITE_OK
                                                                 : SQLITE_IOERR_TRUNCATE;
}

static int cut_sync(sqlite3_file *file, int flags)
{
    (void)flags;
    return disk_sync(find(self(file)->path)) ? SQLITE_OK : SQLITE_IOERR_FSYNC;
}

static int cut_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
    *ret_size = (sqlite3_int64)find(self(file)->path)->size;
    return SQLITE_OK;
}

static int cut_lock(sqlite3_file *file, int kind)
{
    return self(file)->real->pMethods->xLock(self(file)->real, kind);
}

static int cut_unlock(sqlite3_file *file, int kind)
{
    return self(file)->real->pMethods->xUnlock(self(file)->real, kind);
}

static int cut_reserved(sqlite3_file *file, int *ret_reserved)
{
    return self(file)->real->pMethods->xCheckReservedLock(self(file)->real, ret_reserved);
}

static int cut_control(sqlite3_file *file, int operation, void *argument)
{
    /* These would write behind our back. */
    if (operation == SQLITE_FCNTL_SIZE_HINT || operation == SQLITE_FCNTL_CHUNK_SIZE)
        return SQLITE_OK;
    return self(file)->real->pMethods->xFileControl(self(file)->real, operation, argument);
}

static int cut_sector(sqlite3_file *file)
{
    return self(file)->real->pMethods->xSectorSize(self(file)->real);
}

static int cut_characteristics(sqlite3_file *file)
{
    return self(file)->real->pMethods->xDeviceCharacteristics(self(file)->real);
}

static int cut_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **ret_map)
{
    return self(file)->real->pMethods->xShmMap(self(file)->real, page, size, extend, ret_map);
}

static int cut_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return self(file)->real->pMethods->xShmLock(self(file)->real, offset, count, flags);
}

static void cut_shm_barrier(sqlite3_file *file)
{
    self(file)->real->pMethods->xShmBarrier(self(file)->real);
}

static int cut_shm_unmap(sqlite3_file *file, int delete)
{
    return self(file)->real->pMethods->xShmUnmap(self(file)->real, delete);
}

static const sqlite3_io_methods cut_methods = {
    .iVersion = 2,
    .xClose = cut_close,
    .xRead = cut_read,
    .xWrite = cut_write,
    .xTruncate = cut_truncate,
    .xSync = cut_sync,
    .xFileSize = cut_size,
    .xLock = cut_lock,
    .xUnlock = cut_unlock,
    .xCheckReservedLock = cut_reserved,
    .xFileControl = cut_control,
    .xSectorSize = cut_sector,
    .xDeviceCharacteristics = cut_characteristics,
    .xShmMap = cut_shm_map,
    .xShmLock = cut_shm_lock,
    .xShmBarrier = cut_shm_barrier,
    .xShmUnmap = cut_shm_unmap,
};

static int cut_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                    int *ret_flags)
{
    struct cut_file *mine = self(file);
    int code;

    (void)vfs;
    file->pMethods = NULL;
    NEED(name != NULL); /* temporary files are kept in memory */
    if (disk.off && (flags & SQLITE_OPEN_CREATE) != 0 && access(name, F_OK) != 0)
        return SQLITE_CANTOPEN;
    code = system_vfs->xOpen(system_vfs, name, mine->real, flags, ret_flags);
    if (code != SQLITE_OK)
        return code;
    NEED(snprintf(mine->path, sizeof mine->path, "%s", name) < (int)sizeof mine->path);
    file->pMethods = &cut_methods;
    (void)find(name);
    return SQLITE_OK;
}

static int cut_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    (void)vfs;
    if (!powercut_step())
        return SQLITE_IOERR_DELETE;
    for (size_t i = 0; i < disk.count; i++) {
        if (strcmp(disk.files[i].path, name) == 0) {
            forget_operations(&disk.files[i]);
            disk.files[i].size = 0;
        }
    }
    return system_vfs->xDelete(system_vfs, name, sync);
}

const char *powercut_register(void)
{
    if (system_vfs == NULL) {
        system_vfs = sqlite3_vfs_find(NULL);
        cut_vfs = *system_vfs;
        cut_vfs.zName = "powercut";
        cut_vfs.szOsFile = (int)sizeof(struct cut_file) + system_vfs->szOsFile;
        cut_vfs.xOpen = cut_open;
        cut_vfs.xDelete = cut_delete;
        NEED(sqlite3_vfs_register(&cut_vfs, 0) == SQLITE_OK);
    }
    return cut_vfs.zName;
}
