/* SPDX-License-Identifier: EUPL-1.2 */
/* Secrets in pages of their own: mlock and MADV_DONTDUMP work on whole pages, and a page shared with other
 * data would be wiped and unmapped under it. */
#include "base/secret.h"

#include <string.h>
#include <sys/mman.h>

struct lk_secret {
    size_t len;
    char bytes[LK_SECRET_MAX + 1]; /* a NUL stands behind the last byte */
};

int lk_secret_new(const void *data, size_t len, struct lk_secret **ret_secret)
{
    struct lk_secret *secret;

    if (len > LK_SECRET_MAX)
        return -LK_ERR_TOO_BIG;
    secret = mmap(NULL, sizeof *secret, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (secret == MAP_FAILED)
        return -LK_ERR_NOMEM;
    /* Best effort: RLIMIT_MEMLOCK may be zero, and a login that works is worth more than a page that never swaps. */
    (void)madvise(secret, sizeof *secret, MADV_DONTDUMP);
    (void)mlock(secret, sizeof *secret);
    secret->len = len;
    if (len > 0)
        memcpy(secret->bytes, data, len);
    *ret_secret = secret;
    return 0;
}

struct lk_view lk_secret_view(const struct lk_secret *secret)
{
    return LK_VIEW((const uint8_t *)secret->bytes, secret->len);
}

const char *lk_secret_string(const struct lk_secret *secret)
{
    return secret->bytes;
}

void lk_secret_free(struct lk_secret **secret)
{
    if (secret == NULL || *secret == NULL)
        return;
    lk_wipe(*secret, sizeof **secret);
    (void)munmap(*secret, sizeof **secret);
    *secret = NULL;
}

void lk_wipe(void *data, size_t len)
{
    if (len > 0)
        explicit_bzero(data, len);
}
