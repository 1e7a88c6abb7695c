/* SPDX-License-Identifier: EUPL-1.2 */
/* getpwnam_r with a buffer that grows to a bound. */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "names/names.h"

enum { LK_ENTRY_FIRST = 1024, LK_ENTRY_MAX = 65536 };

/* What getpwnam_r returns where there is no such name, by its manual page: services differ. */
static bool lk_name_absent(int error)
{
    return error == 0 || error == ENOENT || error == ESRCH;
}

void lk_name_find(const char *name, struct lk_name_result *ret_result)
{
    struct passwd entry;
    struct passwd *found = NULL;
    int error = ERANGE;

    *ret_result = (struct lk_name_result){.status = LK_NAME_FAILED};
    for (size_t size = LK_ENTRY_FIRST; size <= LK_ENTRY_MAX && error == ERANGE; size *= 4) {
        char *buffer = malloc(size);

        if (!buffer)
            return;
        do {
            error = getpwnam_r(name, &entry, buffer, size, &found);
        } while (error == EINTR);
        if (error == 0 && found && strcmp(entry.pw_name, name) == 0)
            *ret_result = (struct lk_name_result){.status = LK_NAME_FOUND, .uid = entry.pw_uid};
        free(buffer);
    }
    if (!found && lk_name_absent(error))
        ret_result->status = LK_NAME_ABSENT;
}
