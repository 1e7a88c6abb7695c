/* SPDX-License-Identifier: EUPL-1.2 */
/* The stack of the gateway: the key was touched in a browser, and the broker is asked whether that was this user's (docs/PROTOCOL.md 5.9). */
#ifndef LK_PAM_MODULE_TRANSACTION_H
#define LK_PAM_MODULE_TRANSACTION_H

#include "pam_module/attempt.h"

/* The one hidden prompt, in every language the same: the PAM worker answers exactly this with the transaction's id. */
#define LK_TRANSACTION_PROMPT "latchkey transaction: "

/* Asks for the id, then the broker. 0 with the verdict for this request; -LK_ERR_BUSY: no answer, or none that is an id; else as lk_client_connect and lk_client_receive. */
LK_MUST_USE int lk_transaction_ask(struct lk_attempt *attempt, struct lk_verdict *ret_verdict);

#endif
