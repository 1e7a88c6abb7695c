/* SPDX-License-Identifier: EUPL-1.2 */
/* A talker's life: load and warm, lock in, and only then take the descriptor of the key; one request; one answer. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "device/talker/errors.h"
#include "device/talker/talker.h"
#include "device/talker/talker_main.h"
#include "sandbox/sandbox.h"

enum {
    LK_TIMEOUT_MAX_MS = 120000,
    LK_CONTROL = 3 /* LK_TALKER_CONTROL of the opener, whose headers a talker does not see */
};

/* The request, decoded. Its views point into bytes. */
struct lk_talker_request {
    struct lk_buf bytes;
    enum lk_message type;
    union {
        struct lk_device_assert assertion;
        struct lk_device_create creation;
    };
};

static enum lk_reason lk_talker_take_node(struct lk_talker *talker)
{
    struct lk_frame frame;
    size_t size = 0;
    int error = lk_frame_receive_fd(talker->io.control, &talker->io.in, -1, &frame, &size,
                                    &talker->io.node);

    if (error)
        return LK_REASON_CANCELLED;
    if (frame.type != LK_MESSAGE_DEVICE_NODE || talker->io.node < 0 ||
        lk_device_node_decode(frame.payload, &talker->node))
        return LK_REASON_PROTOCOL;
    lk_io_consume(&talker->io, size);
    return LK_REASON_NONE;
}

static enum lk_reason lk_talker_take_request(struct lk_talker *talker,
                                             struct lk_talker_request *request)
{
    struct lk_frame frame;
    size_t size = 0;
    uint32_t timeout_ms = 0;
    int error = 0;
    enum lk_reason reason = lk_io_frame(&talker->io, &frame, &size);

    if (reason != LK_REASON_NONE)
        return reason;
    request->type = frame.type;
    talker->io.request = frame.request;
    lk_buf_put_view(&request->bytes, frame.payload);
    lk_io_consume(&talker->io, size);
    error = lk_buf_error(&request->bytes);
    if (!error && request->type == LK_MESSAGE_DEVICE_ASSERT) {
        error = lk_device_assert_decode(lk_buf_view(&request->bytes), &request->assertion);
        timeout_ms = error ? 0 : request->assertion.timeout_ms;
    } else if (!error && request->type == LK_MESSAGE_DEVICE_CREATE) {
        error = lk_device_create_decode(lk_buf_view(&request->bytes), &request->creation);
        timeout_ms = error ? 0 : request->creation.timeout_ms;
    }
    if (error || timeout_ms == 0 || timeout_ms > LK_TIMEOUT_MAX_MS)
        return LK_REASON_PROTOCOL;
    talker->io.deadline = lk_clock_monotonic_ms(talker->io.clock) + timeout_ms;
    return LK_REASON_NONE;
}

/* INIT and getInfo; then INFO to the broker. */
static enum lk_reason lk_talker_open(struct lk_talker *talker)
{
    enum lk_reason reason = LK_REASON_NONE;
    int error = FIDO_ERR_INTERNAL;

    if (talker->node.report_in != LK_REPORT_SIZE || talker->node.report_out != LK_REPORT_SIZE)
        return LK_REASON_KEY_UNSUPPORTED;
    lk_io_use(&talker->io);
    talker->device = fido_dev_new();
    if (talker->device)
        error = fido_dev_set_io_functions(talker->device, &lk_io_functions);
    if (error == FIDO_OK)
        error = fido_dev_open(talker->device, "key");
    if (error != FIDO_OK)
        return lk_talker_reason(talker, error);
    reason = lk_talker_read_info(talker);
    if (reason != LK_REASON_NONE)
        return reason;
    if (lk_device_info_encode(&talker->io.out, talker->io.request, &talker->info))
        return LK_REASON_INTERNAL;
    lk_io_flush(&talker->io);
    return talker->info.options & LK_KEY_CTAP1_ONLY ? LK_REASON_KEY_UNSUPPORTED : talker->io.ended;
}

static enum lk_reason lk_talker_ceremony(struct lk_talker *talker,
                                         struct lk_talker_request *request)
{
    enum lk_reason reason = lk_talker_take_request(talker, request);

    if (reason == LK_REASON_NONE)
        reason = lk_talker_open(talker);
    if (reason != LK_REASON_NONE)
        return reason;
    if (request->type == LK_MESSAGE_DEVICE_ASSERT)
        return lk_talker_get_assertion(talker, &request->assertion);
    return lk_talker_make_credential(talker, &request->creation);
}

/* The key is told to stop before the broker is told that it did. */
static void lk_talker_finish(struct lk_talker *talker, enum lk_reason reason)
{
    struct lk_device_failed failed = {.reason = reason, .retries = talker->retries};

    lk_secret_free(&talker->pin);
    lk_io_cancel(&talker->io);
    if (reason != LK_REASON_NONE) {
        lk_buf_reset(&talker->io.out);
        if (lk_device_failed_encode(&talker->io.out, talker->io.request, &failed))
            return;
    }
    lk_io_flush(&talker->io);
}

static void lk_talker_serve(void)
{
    struct lk_talker talker = {.retries = LK_RETRIES_UNKNOWN};
    struct lk_talker_request request = {0};
    enum lk_reason reason = LK_REASON_NONE;

    lk_io_init(&talker.io, LK_CONTROL, &lk_clock_system);
    lk_buf_init_secret(&talker.rejected, LK_REJECTED_MAX * (LK_PIN_MAX + 2));
    lk_buf_init(&request.bytes, LK_FRAME_MAX);
    reason = lk_talker_take_node(&talker);
    if (reason == LK_REASON_NONE)
        lk_talker_finish(&talker, lk_talker_ceremony(&talker, &request));
    fido_dev_free(&talker.device);
    lk_buf_clear(&request.bytes);
    lk_buf_clear(&talker.rejected);
    lk_io_clear(&talker.io);
}

int lk_talker_main(void)
{
    /* Whatever the opener may have left open is none of ours. */
    if (close_range(LK_CONTROL + 1, ~0U, 0) != 0)
        return 1;
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return 1;
    fido_init(FIDO_DISABLE_U2F_FALLBACK);
    lk_talker_warm();
    if (lk_sandbox_enter(&lk_sandbox_talker))
        return 1;
    lk_talker_serve();
    return 0;
}
