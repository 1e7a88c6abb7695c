/* SPDX-License-Identifier: EUPL-1.2 */
/* An sqlite3_vfs that is the system's, but fails a call on purpose. One for the whole program. */
#ifndef LK_TESTS_UNIT_FAULTY_VFS_H
#define LK_TESTS_UNIT_FAULTY_VFS_H

#include <stdint.h>

/* Registers it (once) and returns its name. */
const char *faulty_vfs_register(void);

enum faulty_vfs_fault {
    FAULTY_VFS_NONE,
    FAULTY_VFS_WRITE, /* SQLITE_IOERR_WRITE */
    FAULTY_VFS_FULL,  /* SQLITE_FULL */
    FAULTY_VFS_SYNC   /* SQLITE_IOERR_FSYNC */
};
/* The call number `at` of this kind from now on fails, and all behind it. */
void faulty_vfs_fail(enum faulty_vfs_fault fault, int at);
/* Every write is SQLITE_FULL while this file is larger: a disk on which others hold the space. */
void faulty_vfs_full_until(const char *file, const char *folder, uint64_t size);
void faulty_vfs_clear(void);

#endif
