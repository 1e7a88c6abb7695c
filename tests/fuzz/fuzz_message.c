/* SPDX-License-Identifier: EUPL-1.2 */
/* Decoders of all messages between our processes, and the frame around them. The first byte chooses the message, the rest is its payload.
 *
 * Oracle: what a decoder accepts must encode to exactly the bytes it was given, and what it refuses must leave nothing behind. */
#include <stdint.h>
#include <stdlib.h>

#include "message/frame.h"
#include "message_samples.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_message(const struct message_sample *sample, struct lk_view payload)
{
    struct lk_frame frame;
    struct lk_buf buf;
    size_t taken;
    int r;

    lk_buf_init_secret(&buf, (size_t)2 * LK_FRAME_MAX);
    r = sample->recode(payload, &buf);
    if (r > 0 || (r < 0 && buf.len != 0))
        abort();
    if (r == 0) {
        if (lk_frame_next(lk_buf_view(&buf), &frame, &taken) != 0 || taken != buf.len)
            abort();
        if (frame.type != sample->type || !lk_view_equal(frame.payload, payload))
            abort();
    }
    lk_buf_clear(&buf);
}

/* A stream of frames: each lies inside the input, and they follow one another without a gap. */
static void check_frames(struct lk_view input)
{
    struct lk_frame frame;
    size_t taken;

    while (lk_frame_next(input, &frame, &taken) == 0) {
        if (taken < LK_FRAME_HEADER || taken > LK_FRAME_MAX || taken > input.len)
            abort();
        if (frame.payload.len != taken - LK_FRAME_HEADER ||
            frame.payload.data != input.data + LK_FRAME_HEADER)
            abort();
        input.data += taken;
        input.len -= taken;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t count = message_samples_device_count + message_samples_desk_count;

    if (size == 0)
        return 0;
    check_frames(LK_VIEW(data, size));
    if (size - 1 <= LK_FRAME_MAX - LK_FRAME_HEADER)
        check_message(message_sample_at(data[0] % count), LK_VIEW(data + 1, size - 1));
    return 0;
}
