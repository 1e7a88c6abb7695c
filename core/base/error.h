/* SPDX-License-Identifier: EUPL-1.2 */
/* Errors: what a call that could not do its work returns. A refusal by policy is not an error,
 * it is a reason (core/model/reason.h); the two never share a type. */
#ifndef LK_BASE_ERROR_H
#define LK_BASE_ERROR_H

#define LK_MUST_USE          __attribute__((warn_unused_result))
#define LK_CLEANUP(function) __attribute__((cleanup(function)))
/* clang before 21 does not know it. */
#if defined(__has_attribute) && __has_attribute(nonstring)
#define LK_NONSTRING __attribute__((nonstring))
#else
#define LK_NONSTRING
#endif

/* Functions return 0 or the negative of one of these. The numbers are not part of any protocol;
 * the names are (command line, log). */
enum lk_error {
    LK_OK = 0,
    LK_ERR_NOMEM,         /* no memory */
    LK_ERR_IO,            /* the system refused a read, write or other call; errno is kept */
    LK_ERR_TRUNCATED,     /* input ends before its end */
    LK_ERR_TRAILING,      /* bytes after the end of the input */
    LK_ERR_TOO_BIG,       /* over the maximum given at birth */
    LK_ERR_RANGE,         /* a number outside its bounds */
    LK_ERR_TYPE,          /* another type or tag than the format has there */
    LK_ERR_NOT_CANONICAL, /* decodes, but not from the one allowed form */
    LK_ERR_DUPLICATE,     /* a field, key or member given twice */
    LK_ERR_ENCODING,      /* not base64url, not UTF-8, a forbidden character */
    LK_ERR_VERSION,       /* a version this program does not speak */
    LK_ERR_UNEXPECTED,    /* well-formed, but not permitted now or to this peer */
    LK_ERR_NOT_FOUND,
    LK_ERR_EXISTS,
    LK_ERR_OWNER,       /* file or folder belongs to the wrong user */
    LK_ERR_MODE,        /* file or folder is writable or readable by too many */
    LK_ERR_LINK,        /* a symbolic link stands in the path */
    LK_ERR_NOT_REGULAR, /* not a regular file */
    LK_ERR_SIGNATURE,   /* a signature does not verify */
    LK_ERR_ALGORITHM,   /* an algorithm or curve that is not supported */
    LK_ERR_CRYPTO,      /* the cryptographic library failed for a reason of its own */
    LK_ERR_CLOSED,      /* the peer is gone */
    LK_ERR_TIMEOUT,
    LK_ERR_BUSY,
    LK_ERR_FULL,        /* no space left on the device, or a quota reached */
    LK_ERR_READ_ONLY,   /* the store or its file system cannot be written */
    LK_ERR_CORRUPT,     /* stored data contradicts itself */
    LK_ERR_SCHEMA,      /* the store has a schema this program does not know */
    LK_ERR_ROLLED_BACK, /* the store does not extend the mark */
    LK_ERR_CONFLICT,    /* a row changed between judging and committing */
    LK_ERR_DENIED,      /* not allowed to this caller */
    LK_ERR_CONFIG,      /* a configuration line is wrong; the message names file and line */
    LK_ERR_INTERNAL,    /* a condition that cannot happen did */
    LK_ERROR_COUNT
};

/* The stable name, "E_TRUNCATED" and so on; error may be given positive or negative. Never NULL:
 * an unknown number is "E_INTERNAL". */
const char *lk_error_name(int error);

/* One English sentence without a full stop, for people. Never NULL. */
const char *lk_error_text(int error);

/* The error for an errno value: ENOMEM, ENOSPC/EDQUOT (FULL), EROFS (READ_ONLY), ENOENT, EEXIST, ELOOP (LINK),
 * EACCES/EPERM (DENIED), EAGAIN/ETIMEDOUT (TIMEOUT), EPIPE/ECONNRESET (CLOSED), else IO. Returned negative. */
int lk_error_from_errno(int value);

#endif
