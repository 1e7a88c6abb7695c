/* SPDX-License-Identifier: EUPL-1.2 */
/* One question: which uid has this login name? Asked by the broker, answered by latchkey-names (getpwnam).
 * Both ends send one first frame HELLO (role LK_SOCKET_NAMES) without waiting for the other's. */
#ifndef LK_MESSAGE_NAMES_H
#define LK_MESSAGE_NAMES_H

#include "message/frame.h"

enum lk_name_status {
    LK_NAME_FOUND = 1,
    LK_NAME_ABSENT = 2,
    LK_NAME_FAILED = 3 /* the name service failed or pw_name differs */
};

struct lk_name_lookup {
    char name[65];
};
struct lk_name_result {
    enum lk_name_status status;
    uint32_t uid; /* only if found */
};
LK_MUST_USE int lk_name_lookup_encode(struct lk_buf *buf, uint32_t request,
                                      const struct lk_name_lookup *lookup);
LK_MUST_USE int lk_name_lookup_decode(struct lk_view payload, struct lk_name_lookup *ret_lookup);
LK_MUST_USE int lk_name_result_encode(struct lk_buf *buf, uint32_t request,
                                      const struct lk_name_result *result);
LK_MUST_USE int lk_name_result_decode(struct lk_view payload, struct lk_name_result *ret_result);

#endif
