/* SPDX-License-Identifier: EUPL-1.2 */
/* Files that decide about logins: opened without following links, checked for owner and mode on the open descriptor,
 * read to a maximum, replaced atomically and durably. */
#ifndef LK_BASE_FILE_H
#define LK_BASE_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"

struct lk_file_rule {
    uid_t owner;      /* this user or root must own the file and each folder above it */
    mode_t forbidden; /* bits the file must not have: 022 or, for secrets, 077 */
    bool
        check_parents; /* folders above: owned by owner or root, not writable by group or others unless sticky */
};

/* Closes if >= 0 and sets to -1. For LK_CLEANUP. */
void lk_fd_close(int *fd);
/* Hands the descriptor over: returns it and leaves -1 for the LK_CLEANUP of whoever had it. */
LK_MUST_USE int lk_fd_take(int *fd);

/* Opens for reading: openat2(RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS), or where the kernel lacks it (ENOSYS) folder by folder with O_NOFOLLOW;
 * O_CLOEXEC | O_NOCTTY | O_NONBLOCK. path is absolute (else -LK_ERR_UNEXPECTED). -LK_ERR_NOT_FOUND, -LK_ERR_LINK, -LK_ERR_OWNER, -LK_ERR_MODE, -LK_ERR_NOT_REGULAR, -LK_ERR_DENIED, -LK_ERR_TOO_BIG (path), -LK_ERR_IO. */
LK_MUST_USE int lk_file_open(const char *path, const struct lk_file_rule *rule, int *ret_fd);
/* The whole file, at most max bytes (-LK_ERR_TOO_BIG); errors of lk_file_open. The buffer must be fresh; its max is set to max. */
LK_MUST_USE int lk_file_read(const char *path, const struct lk_file_rule *rule, size_t max,
                             struct lk_buf *ret_buf);
/* Replaces path: temporary file beside it, write, fsync, rename, fsync of the folder. Killed at any point, the path holds the old or the
 * new bytes whole. -LK_ERR_IO, -LK_ERR_FULL, -LK_ERR_READ_ONLY, -LK_ERR_DENIED. */
LK_MUST_USE int lk_file_replace(const char *path, mode_t mode, struct lk_view content);
/* Creates a folder with exactly this mode if it is not there; an existing one must be a folder (-LK_ERR_LINK, -LK_ERR_NOT_REGULAR), owned by
 * the caller or root (-LK_ERR_OWNER), not writable by group or others beyond what mode says (-LK_ERR_MODE). */
LK_MUST_USE int lk_folder_make(const char *path, mode_t mode);
/* Writes all bytes or fails: -LK_ERR_IO, -LK_ERR_CLOSED, -LK_ERR_FULL. Blocking descriptors only. */
LK_MUST_USE int lk_fd_write_all(int fd, struct lk_view bytes);

#endif
