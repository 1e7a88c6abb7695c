/* SPDX-License-Identifier: EUPL-1.2 */
/* What an error of libfido2 means for the person: one table. */
#ifndef LK_DEVICE_TALKER_ERRORS_H
#define LK_DEVICE_TALKER_ERRORS_H

#include "model/reason.h"

/* For a CTAP status (CTAP 2.1 section 8.2) or a negative error of libfido2 itself. Whatever is not in the table, and FIDO_OK, is KEY_FAILED: only an
 * answer is a success. */
enum lk_reason lk_fido_reason(int fido_error);

#endif
