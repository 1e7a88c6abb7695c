/* SPDX-License-Identifier: EUPL-1.2 */
/* What the broker keeps in its state folder besides the store and the mark. */
#ifndef LK_BROKER_STATE_H
#define LK_BROKER_STATE_H

#include "broker/broker.h"

/* Reads file `name` of exactly len bytes, mode 0600; absent: fills it with random bytes and writes it. Errors of lk_file_read and lk_file_replace,
 * -LK_ERR_CORRUPT for another length. */
LK_MUST_USE int lk_state_random(struct lk_broker *broker, const char *folder, const char *name,
                                void *ret_bytes, size_t len);

/* Opens store, mark and register check; whatever fails is said by store_reason and store_text and leaves the store closed: the broker runs on
 * and refuses every login with it. */
void lk_state_open_store(struct lk_broker *broker);
void lk_state_close_store(struct lk_broker *broker);

#endif
