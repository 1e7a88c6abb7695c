/* SPDX-License-Identifier: EUPL-1.2 */
/* The PAM code of a refusal. */
#ifndef LK_PAM_MODULE_RESULT_H
#define LK_PAM_MODULE_RESULT_H

#include "model/reason.h"

/* PAM_AUTH_ERR, PAM_MAXTRIES, PAM_AUTHINFO_UNAVAIL or PAM_SERVICE_ERR, by the reason's class (docs/man/pam_latchkey.8). Never PAM_SUCCESS
 * or PAM_IGNORE, also for LK_REASON_NONE: whoever asks for the code of a refusal gets one. */
int lk_result_code(enum lk_reason reason);

#endif
