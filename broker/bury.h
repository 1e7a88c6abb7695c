/* SPDX-License-Identifier: EUPL-1.2 */
/* Statements that are dead for ever: their digests go into the mark, outside the store. */
#ifndef LK_BROKER_BURY_H
#define LK_BROKER_BURY_H

#include "broker/broker.h"

/* Adds the digests of all lower versions of this statement's credential, and its own if `itself`. Errors of the store and of lk_mark_add_revoked. */
LK_MUST_USE int lk_broker_bury(struct lk_broker *broker, const struct lk_digest *statement,
                               bool itself);
/* What this committed change has made dead: STATE the statement and all before it, ENDORSE what the completed ones supersede. */
LK_MUST_USE int lk_broker_bury_change(struct lk_broker *broker, const struct lk_change *change);
/* At start, after the register was checked: buries for every entry behind the mark and moves the mark to the head. A broker that was
 * killed between commit and mark has lost nothing. */
LK_MUST_USE int lk_broker_catch_up(struct lk_broker *broker);

#endif
