/* SPDX-License-Identifier: EUPL-1.2 */
/* Which credentials a key is asked for: those of the agent, or decoys for one who has none. */
#ifndef LK_BROKER_ALLOW_LIST_H
#define LK_BROKER_ALLOW_LIST_H

#include "broker/broker.h"

enum { LK_DECOYS = 2, LK_DECOY_SIZE = 64 };

struct lk_allow_list {
    struct lk_device_assert *
        request; /* the caller's: relying_party is set, allow and allow_count are filled; views end with the list */
    bool user_verification; /* of the policy, or of one of the credentials */
    /* inside */
    struct lk_statement statement;
    uint8_t decoys[LK_DECOYS][LK_DECOY_SIZE];
    struct lk_buf memory;
};

/* All newest host credentials of this agent, whatever stands against them; decoys if there is none. Both ways read and decode one agent's rows
 * and make the decoys, so that they cost the same. 0 or a negative error of the store. Cleared by the caller in any case. */
LK_MUST_USE int lk_allow_list_fill(struct lk_broker *broker, const char *name,
                                   struct lk_allow_list *allow);
void lk_allow_list_clear(struct lk_allow_list *allow);

#endif
