/* SPDX-License-Identifier: EUPL-1.2 */
/* A disk that loses power. An sqlite3_vfs around the system's that keeps what was not synced apart from the file: at a chosen operation the power
 * goes, and of what was never synced any part is dropped, reordered or torn. Writes of other code (the mark) go through the same
 * disk, so that there is one order of all operations.
 *
 * A rename or deletion takes effect at once: journalling file systems keep those in order, and nothing here relies on losing one. */
#ifndef LK_TESTS_FAULT_POWERCUT_VFS_H
#define LK_TESTS_FAULT_POWERCUT_VFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Registers it (once) and returns its name. */
const char *powercut_register(void);
/* Power on: forgets everything kept apart; operation number `at` from now on is the last (0 = never). */
void powercut_start(uint64_t at, uint32_t seed);
/* Operations since then. */
uint64_t powercut_operations(void);
bool powercut_happened(void);
/* The power goes now, if it has not gone yet: nothing more is written. */
void powercut_off(void);
/* With every store and file closed: files become what the disk holds. */
void powercut_finish(void);

/* For code that writes without SQLite. powercut_step: counts one operation; false if the power is gone, also when it goes at this one. */
bool powercut_step(void);
/* Written, but not synced. Path of a file that is there. */
bool powercut_write(const char *path, uint64_t offset, const void *data, size_t len);
bool powercut_sync(const char *path);
/* The same dice as the cuts. */
uint32_t powercut_random(void);

#endif
