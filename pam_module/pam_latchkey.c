/* SPDX-License-Identifier: EUPL-1.2 */
/* Entry points of the module. Deny is the initial value: in pam_sm_authenticate one statement returns PAM_SUCCESS, none
 * returns PAM_IGNORE, and every other way out goes through the refusal. */
#include <security/pam_modules.h>

#include "pam_module/attempt.h"
#include "pam_module/result.h"

#define LK_EXPORT __attribute__((visibility("default")))

enum { LK_FAIL_DELAY_US = 2000000 };

/* A person who pressed Ctrl-C is let go at once; not so if a PIN was tried, or the delay could be had for nothing. */
static int lk_module_refuse(struct lk_attempt *attempt, enum lk_reason reason)
{
    bool at_once = attempt->interrupted && !attempt->pin_given;

    (void)pam_fail_delay(attempt->pam, at_once ? 0 : LK_FAIL_DELAY_US);
    if (!attempt->interrupted)
        lk_conversation_show(&attempt->conversation, PAM_ERROR_MSG, lk_texts_reason(reason));
    return lk_result_code(reason);
}

LK_EXPORT int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct lk_attempt attempt;
    enum lk_reason reason = lk_attempt_run(&attempt, pamh, flags, argc, argv);

    if (reason != LK_REASON_NONE || !attempt.proved)
        return lk_module_refuse(&attempt, reason);
    return PAM_SUCCESS;
}

/* Hosts call it after every login and take a failure for a failed login; it grants nothing. */
LK_EXPORT int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    (void)pamh;
    (void)flags;
    (void)argc;
    (void)argv;
    return PAM_SUCCESS;
}

/* The other services are not this module's: a stack that names it there is wrong and is told so. */
LK_EXPORT int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    (void)pamh;
    (void)flags;
    (void)argc;
    (void)argv;
    return PAM_SERVICE_ERR;
}

LK_EXPORT int pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    (void)pamh;
    (void)flags;
    (void)argc;
    (void)argv;
    return PAM_SERVICE_ERR;
}

LK_EXPORT int pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    (void)pamh;
    (void)flags;
    (void)argc;
    (void)argv;
    return PAM_SERVICE_ERR;
}

LK_EXPORT int pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    (void)pamh;
    (void)flags;
    (void)argc;
    (void)argv;
    return PAM_SERVICE_ERR;
}
