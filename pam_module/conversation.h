/* SPDX-License-Identifier: EUPL-1.2 */
/* The host's conversation function, one message a call: some hosts handle only the first of several (docs/THREATS.md). */
#ifndef LK_PAM_MODULE_CONVERSATION_H
#define LK_PAM_MODULE_CONVERSATION_H

#include <security/pam_modules.h>
#include <stdbool.h>

#include "base/buf.h"

struct lk_conversation {
    const struct pam_conv *conv; /* NULL = the host has none */
    bool silent;                 /* PAM_SILENT: shows nothing, still asks */
};

/* PAM_TEXT_INFO or PAM_ERROR_MSG. What the host makes of it is its own affair: nothing depends on it. */
void lk_conversation_show(const struct lk_conversation *conversation, int style, const char *text);
/* Asks without echo. ret_reply (an empty secret buffer) gets the answer; -LK_ERR_BUSY if there is none: no conversation, an error, nothing or the
 * empty string typed; -LK_ERR_TOO_BIG if it is longer than the buffer's maximum. The host's copy is wiped in every case. */
LK_MUST_USE int lk_conversation_ask(const struct lk_conversation *conversation, const char *text,
                                    struct lk_buf *ret_reply);

#endif
