/* SPDX-License-Identifier: EUPL-1.2 */
/* The one question of latchkey-names. */
#ifndef LK_NAMES_NAMES_H
#define LK_NAMES_NAMES_H

#include "message/names.h"

/* FOUND with the uid: getpwnam_r has an entry whose pw_name is byte for byte the name asked for. ABSENT: it says there is none. FAILED: the name service failed, the
 * entry is larger than 64 KiB, or its name differs (some services fold case or strip domains: that would be somebody else's account). */
void lk_name_find(const char *name, struct lk_name_result *ret_result);

#endif
