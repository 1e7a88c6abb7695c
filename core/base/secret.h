/* SPDX-License-Identifier: EUPL-1.2 */
/* A secret of at most LK_SECRET_MAX bytes (a PIN, a password, a MAC key) in pages of its own: left out of core
 * dumps (MADV_DONTDUMP), locked where the limit allows it, wiped when freed. */
#ifndef LK_BASE_SECRET_H
#define LK_BASE_SECRET_H

#include <stddef.h>

#include "base/buf.h"

#define LK_SECRET_MAX 512

struct lk_secret; /* opaque: copying one by assignment does not compile */

/* 0, -LK_ERR_NOMEM; len over LK_SECRET_MAX is -LK_ERR_TOO_BIG. The bytes are copied; the source stays the caller's to wipe. */
LK_MUST_USE int lk_secret_new(const void *data, size_t len, struct lk_secret **ret_secret);
struct lk_view lk_secret_view(const struct lk_secret *secret);
/* The bytes with a NUL behind them, for libraries that want a string. Lives as long as the secret. */
const char *lk_secret_string(const struct lk_secret *secret);
/* Wipes, unmaps and sets the pointer to NULL. Accepts NULL and a pointer to NULL. */
void lk_secret_free(struct lk_secret **secret);
/* explicit_bzero under a name of ours. */
void lk_wipe(void *data, size_t len);

#endif
