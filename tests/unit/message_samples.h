/* SPDX-License-Identifier: EUPL-1.2 */
/* One filled example of every message that has fields, for the unit tests and for the fuzz target's oracle. */
#ifndef LK_TESTS_MESSAGE_SAMPLES_H
#define LK_TESTS_MESSAGE_SAMPLES_H

#include "message/frame.h"

enum { SAMPLE_REQUEST = 7 };

struct message_sample {
    const char *name;
    enum lk_message type;
    /* Appends the example as a frame. */
    int (*encode)(struct lk_buf *buf);
    /* Decodes a payload into a struct and appends that struct as a frame. */
    int (*recode)(struct lk_view payload, struct lk_buf *buf);
    /* Appends the example's payload, written by hand from docs/PROTOCOL.md section 5. */
    void (*bytes)(struct lk_buf *buf);
};

extern const struct message_sample message_samples_device[];
extern const size_t message_samples_device_count;
extern const struct message_sample message_samples_desk[];
extern const size_t message_samples_desk_count;
extern const struct message_sample message_samples_gateway[];
extern const size_t message_samples_gateway_count;

/* All of them in one row; NULL behind the last. */
const struct message_sample *message_sample_at(size_t index);

#endif
