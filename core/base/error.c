/* SPDX-License-Identifier: EUPL-1.2 */
/* Names and sentences of the errors: one table, so that an error without a name cannot exist. */
#include "base/error.h"

#include <errno.h>
#include <stddef.h>

struct lk_error_row {
    const char *name;
    const char *text;
};

static const struct lk_error_row lk_error_rows[LK_ERROR_COUNT] = {
    [LK_OK] = {"OK", "no error"},
    [LK_ERR_NOMEM] = {"E_NOMEM", "not enough memory"},
    [LK_ERR_IO] = {"E_IO", "the system refused to read or write"},
    [LK_ERR_TRUNCATED] = {"E_TRUNCATED", "the input ends too early"},
    [LK_ERR_TRAILING] = {"E_TRAILING", "there are bytes behind the end of the input"},
    [LK_ERR_TOO_BIG] = {"E_TOO_BIG", "the input is larger than allowed"},
    [LK_ERR_RANGE] = {"E_RANGE", "a number is outside its bounds"},
    [LK_ERR_TYPE] = {"E_TYPE", "the input has another type than expected"},
    [LK_ERR_NOT_CANONICAL] = {"E_NOT_CANONICAL", "the input is not in its one allowed form"},
    [LK_ERR_DUPLICATE] = {"E_DUPLICATE", "something is given twice"},
    [LK_ERR_ENCODING] = {"E_ENCODING", "the input holds a character that is not allowed"},
    [LK_ERR_VERSION] = {"E_VERSION", "the input has a version that this program does not speak"},
    [LK_ERR_UNEXPECTED] = {"E_UNEXPECTED", "this is not permitted here and now"},
    [LK_ERR_NOT_FOUND] = {"E_NOT_FOUND", "not found"},
    [LK_ERR_EXISTS] = {"E_EXISTS", "it exists already"},
    [LK_ERR_OWNER] = {"E_OWNER", "a file or folder belongs to the wrong user"},
    [LK_ERR_MODE] = {"E_MODE", "a file or folder is open to too many users"},
    [LK_ERR_LINK] = {"E_LINK", "a symbolic link stands in the path"},
    [LK_ERR_NOT_REGULAR] = {"E_NOT_REGULAR", "not a regular file"},
    [LK_ERR_SIGNATURE] = {"E_SIGNATURE", "a signature does not verify"},
    [LK_ERR_ALGORITHM] = {"E_ALGORITHM", "an algorithm or curve is not supported"},
    [LK_ERR_CRYPTO] = {"E_CRYPTO", "the cryptographic library failed"},
    [LK_ERR_CLOSED] = {"E_CLOSED", "the other side closed the connection"},
    [LK_ERR_TIMEOUT] = {"E_TIMEOUT", "it took too long"},
    [LK_ERR_BUSY] = {"E_BUSY", "it is in use"},
    [LK_ERR_FULL] = {"E_FULL", "no space is left"},
    [LK_ERR_READ_ONLY] = {"E_READ_ONLY", "it cannot be written to"},
    [LK_ERR_CORRUPT] = {"E_CORRUPT", "stored data contradicts itself"},
    [LK_ERR_SCHEMA] = {"E_SCHEMA", "the store has a schema that this program does not know"},
    [LK_ERR_ROLLED_BACK] = {"E_ROLLED_BACK", "the store is older than what this machine has seen"},
    [LK_ERR_CONFLICT] = {"E_CONFLICT", "the stored state changed meanwhile"},
    [LK_ERR_DENIED] = {"E_DENIED", "not allowed to this caller"},
    [LK_ERR_CONFIG] = {"E_CONFIG", "the configuration is wrong"},
    [LK_ERR_INTERNAL] = {"E_INTERNAL", "a condition that cannot happen did"},
};

static const struct lk_error_row *lk_error_find(int error)
{
    /* INT_MIN has no positive twin. */
    int number = error < 0 && error >= -LK_ERROR_COUNT ? -error : error;

    if (number < 0 || number >= LK_ERROR_COUNT)
        number = LK_ERR_INTERNAL;
    return &lk_error_rows[number];
}

const char *lk_error_name(int error)
{
    return lk_error_find(error)->name;
}

const char *lk_error_text(int error)
{
    return lk_error_find(error)->text;
}

int lk_error_from_errno(int value)
{
    switch (value) {
    case ENOMEM:
        return -LK_ERR_NOMEM;
    case ENOSPC:
    case EDQUOT:
        return -LK_ERR_FULL;
    case EROFS:
        return -LK_ERR_READ_ONLY;
    case ENOENT:
        return -LK_ERR_NOT_FOUND;
    case EEXIST:
        return -LK_ERR_EXISTS;
    case ELOOP:
        return -LK_ERR_LINK;
    case EACCES:
    case EPERM:
        return -LK_ERR_DENIED;
    case EAGAIN:
    case ETIMEDOUT:
        return -LK_ERR_TIMEOUT;
    case EPIPE:
    case ECONNRESET:
        return -LK_ERR_CLOSED;
    default:
        return -LK_ERR_IO;
    }
}
