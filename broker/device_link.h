/* SPDX-License-Identifier: EUPL-1.2 */
/* The link to the opener, and what it shares with the ceremony that runs over it (broker.h has what others call). */
#ifndef LK_BROKER_DEVICE_LINK_H
#define LK_BROKER_DEVICE_LINK_H

#include "broker/broker.h"
#include "loop/peer.h"

struct lk_device_link {
    struct lk_broker *broker;
    struct lk_peer peer;
    bool up;                /* hello came and the opener is there */
    bool gone;              /* the device process closed it: the broker is about to end */
    uint32_t last_ceremony; /* number of the newest one */
    struct lk_device_ceremony *current;
};

/* fd: stream to the opener, owned from now on. Says hello. -LK_ERR_NOMEM, -LK_ERR_IO. */
LK_MUST_USE int lk_device_link_start(struct lk_broker *broker, int fd,
                                     struct lk_device_link **ret_link);
/* Ends the ceremony that runs with DEVICE_UNAVAILABLE. Accepts NULL, returns NULL. */
struct lk_device_link *lk_device_link_stop(struct lk_device_link *link);

/* device_ceremony.c, for messages of the opener that belong to this ceremony */
void lk_device_ceremony_no_key(struct lk_device_ceremony *ceremony);
void lk_device_ceremony_busy(struct lk_device_ceremony *ceremony,
                             const struct lk_device_busy *busy);
/* control is owned from now on. */
void lk_device_ceremony_key(struct lk_device_ceremony *ceremony, const struct lk_device_key *key,
                            int control);
/* Ends it with this reason. */
void lk_device_ceremony_fail(struct lk_device_ceremony *ceremony, enum lk_reason reason,
                             uint8_t retries, const char *detail);
uint32_t lk_device_ceremony_number(const struct lk_device_ceremony *ceremony);
const char *lk_device_ceremony_owner(const struct lk_device_ceremony *ceremony);

#endif
