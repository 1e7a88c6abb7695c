/* SPDX-License-Identifier: EUPL-1.2 */
/* The talker's entry, apart from what it includes of libfido2. */
#ifndef LK_DEVICE_TALKER_TALKER_MAIN_H
#define LK_DEVICE_TALKER_TALKER_MAIN_H

/* `latchkey-device --talker`: control socket on descriptor LK_TALKER_CONTROL (opener/pool.h). Returns the exit status, which says nothing: the answer is a
 * message. */
int lk_talker_main(void);

#endif
