/* SPDX-License-Identifier: EUPL-1.2 */
/* Codes of refusals. PAM_AUTHINFO_UNAVAIL stays with a house that cannot judge: a screen locker takes the method out of
 * service when it sees it. Unknown and unenrolled agents are PAM_AUTH_ERR like everybody else. */
#include "pam_module/result.h"

#include <security/pam_modules.h>

int lk_result_code(enum lk_reason reason)
{
    switch (lk_reason_class(reason)) {
    case LK_REASON_CLASS_MAXTRIES:
        return PAM_MAXTRIES;
    case LK_REASON_CLASS_UNAVAILABLE:
        return PAM_AUTHINFO_UNAVAIL;
    case LK_REASON_CLASS_CONFIG:
        return PAM_SERVICE_ERR;
    case LK_REASON_CLASS_ALLOWED:
    case LK_REASON_CLASS_RETRY:
    case LK_REASON_CLASS_REFUSED:
        break;
    }
    return PAM_AUTH_ERR;
}
