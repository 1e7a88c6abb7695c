/* SPDX-License-Identifier: EUPL-1.2 */
/* Inside sso/issuer only: everything that a reload replaces, as one value that is never changed. A visit keeps the one it began with. */
#ifndef LK_SSO_ISSUER_SETTINGS_H
#define LK_SSO_ISSUER_SETTINGS_H

#include "sso/oidc/oidc.h"

enum { LK_DOCUMENTS = 3, LK_SEALS_MAX = 4 };

struct lk_settings {
    size_t references;
    struct lk_config config; /* owned; a copy of its own for each reload */
    struct lk_oidc_provider provider;
    struct lk_oidc_client clients[LK_CONFIG_CLIENTS_MAX];
    struct lk_oidc_key keys[LK_OIDC_KEYS_MAX];
    uint8_t seals[LK_SEALS_MAX][32];
    struct lk_buf documents[LK_DOCUMENTS]; /* by kind - 1 */
    char etags[LK_DOCUMENTS][LK_SSO_ETAG_MAX + 1];
};

/* Takes config over (it is empty afterwards), also on failure. On failure one line goes to stderr. */
LK_MUST_USE int lk_settings_new(const struct lk_crypto *crypto, struct lk_config *config,
                                int64_t now, struct lk_settings **ret_settings);
struct lk_settings *lk_settings_ref(struct lk_settings *settings);
/* NULL in, NULL out; the last one frees and wipes. */
struct lk_settings *lk_settings_unref(struct lk_settings *settings);
/* Makes the documents anew for this time (keys come and go); *ret_changed tells whether one of them differs now. */
LK_MUST_USE int lk_settings_documents(struct lk_settings *settings, int64_t now, bool *ret_changed);

/* ---- the folder of keys (keys.c) ----
 *
 * Files: es256-SECONDS.pem and rs256-SECONDS.pem hold signing keys, seal-SECONDS.key 32 bytes. SECONDS since 1970 say from when a key is used: the newest of its kind whose time has come
 * signs or seals; signing keys are published from the moment they are read. Names that begin with a dot are not looked at; any other name is an error. */
LK_MUST_USE int lk_keys_read(const struct lk_crypto *crypto, const char *folder, int64_t now,
                             struct lk_settings *settings);
void lk_keys_clear(struct lk_settings *settings);
enum lk_rotate {
    LK_ROTATE_MISSING, /* only what is missing altogether, to be used at once */
    LK_ROTATE_NEXT, /* the next keys, to be used a day from now; drops what nobody needs any more */
    LK_ROTATE_STOLEN /* every key goes, new ones at once: pages that are open must be begun anew */
};
/* For the algorithms in use. Says on stdout what it did, on stderr why not. */
LK_MUST_USE int lk_keys_rotate(const struct lk_crypto *crypto, const struct lk_config *config,
                               int64_t now, enum lk_rotate how);

#endif
