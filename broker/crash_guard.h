/* SPDX-License-Identifier: EUPL-1.2 */
/* A crash must not become a lock-out, nor a way to keep everybody out: who was being served at each abnormal end is kept outside the process. After three
 * abnormal ends within a minute while one uid was served, that uid waits a minute; all others are served. */
#ifndef LK_BROKER_CRASH_GUARD_H
#define LK_BROKER_CRASH_GUARD_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/clock.h"
#include "base/error.h"

enum { LK_GUARD_ENDS = 3, LK_GUARD_SECONDS = 60 };

struct lk_crash_guard;

/* File `serving` in the folder, mode 0600, mapped: what is written there is still there after SIGKILL. A file that cannot be understood is begun
 * anew: it protects against crashes, it decides nothing. -LK_ERR_NOMEM, -LK_ERR_IO. */
LK_MUST_USE int lk_crash_guard_open(const char *folder, const struct lk_clock *clock,
                                    struct lk_crash_guard **ret_guard);
/* A proper end: nobody was being served. Accepts NULL, returns NULL. */
struct lk_crash_guard *lk_crash_guard_close(struct lk_crash_guard *guard);
/* The three below do nothing, and say false, where guard is NULL. */
void lk_crash_guard_begin(struct lk_crash_guard *guard, uid_t uid);
void lk_crash_guard_end(struct lk_crash_guard *guard, uid_t uid);
bool lk_crash_guard_waits(const struct lk_crash_guard *guard, uid_t uid);

#endif
