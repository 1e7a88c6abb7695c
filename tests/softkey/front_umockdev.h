/* SPDX-License-Identifier: EUPL-1.2 */
/* Front end: a umockdev testbed with hidraw, hid, usb_interface and usb_device. */
#ifndef LK_SOFTKEY_FRONT_UMOCKDEV_H
#define LK_SOFTKEY_FRONT_UMOCKDEV_H

#include "front.h"

/* The program has to run under umockdev-wrapper, and so do the programs that are to see the key.
 * False: it did not work, and the reason is on stderr. */
bool lk_front_umockdev_open(struct lk_loop *loop, struct lk_ctaphid *hid,
                            const struct lk_identity *identity);
/* Takes the testbed away. */
void lk_front_umockdev_close(struct lk_ctaphid *hid);

#endif
