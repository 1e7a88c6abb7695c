/* SPDX-License-Identifier: EUPL-1.2 */
/* One attempt to log in: what PAM knows goes to the broker, what the broker says goes to the person. */
#ifndef LK_PAM_MODULE_ATTEMPT_H
#define LK_PAM_MODULE_ATTEMPT_H

#include <security/pam_modules.h>
#include <stdbool.h>

#include "model/reason.h"
#include "pam_module/arguments.h"
#include "pam_module/conversation.h"
#include "pam_module/texts.h"

struct lk_attempt {
    pam_handle_t *pam;
    struct lk_arguments arguments;
    struct lk_conversation conversation;
    struct lk_occasion occasion; /* printable copies for texts and log */
    struct lk_login_request login;
    bool pin_given;
    bool interrupted; /* by a pending signal */
    bool proved;      /* the broker's verdict for this request, and PAM_USER still the same */
};

/* LK_REASON_NONE only together with attempt->proved. attempt is filled from zero, and readable after any result. */
LK_MUST_USE enum lk_reason lk_attempt_run(struct lk_attempt *attempt, pam_handle_t *pam, int flags,
                                          int argc, const char **argv);

#endif
