/* SPDX-License-Identifier: EUPL-1.2 */
/* User verification: none, built into the key, or by PIN that is asked back from the person while the ceremony runs. The PIN guard (docs/THREATS.md): no PIN is sent
 * at three tries left, none that this key has refused in this ceremony, none that cannot be right. */
#include <string.h>

#include "device/talker/errors.h"
#include "device/talker/talker.h"

enum lk_reason lk_talker_reason(const struct lk_talker *talker, int fido_error)
{
    return talker->io.ended ? talker->io.ended : lk_fido_reason(fido_error);
}

/* NONE only for an answer. */
static enum lk_reason lk_outcome(const struct lk_talker *talker, int fido_error)
{
    return fido_error == FIDO_OK ? LK_REASON_NONE : lk_talker_reason(talker, fido_error);
}

/* ---- built into the key ---- */

static bool lk_finger_failed(const struct lk_talker *talker, int fido_error)
{
    /* CTAP 2.0 keys say "denied" (section 5.2 there), later ones have a status for it. */
    return fido_error == FIDO_ERR_UV_INVALID || fido_error == FIDO_ERR_UV_BLOCKED ||
           fido_error == FIDO_ERR_PIN_REQUIRED ||
           (fido_error == FIDO_ERR_OPERATION_DENIED && talker->io.finger_in_command);
}

/* UV_FAILED: the finger was not recognised often enough, the PIN may be asked for. */
static enum lk_reason lk_verify_finger(struct lk_talker *talker,
                                       const struct lk_operation *operation)
{
    uint64_t told = talker->limits.finger_tries;
    uint64_t tries = told > 0 && told < LK_FINGER_TRIES ? told : LK_FINGER_TRIES;
    enum lk_reason reason = LK_REASON_UV_FAILED;

    talker->io.finger = true;
    talker->io.finger_in_command = !fido_dev_supports_permissions(talker->device);
    for (uint64_t i = 0; i < tries; i++) {
        int left = LK_RETRIES_UNKNOWN;
        int error = operation->run(talker, NULL, true, operation->context);

        if (talker->io.ended || !lk_finger_failed(talker, error)) {
            reason = lk_outcome(talker, error);
            break;
        }
        if (fido_dev_get_uv_retry_count(talker->device, &left) != FIDO_OK || left < 0 ||
            left > LK_RETRIES_UNKNOWN)
            left = LK_RETRIES_UNKNOWN;
        talker->retries = (uint8_t)left;
        lk_io_event(&talker->io, LK_EVENT_FINGERPRINT_FAILED, talker->retries);
        if (talker->io.ended) {
            reason = talker->io.ended;
            break;
        }
        if (left == 0 || error != FIDO_ERR_UV_INVALID)
            break;
    }
    talker->io.finger = false;
    talker->io.finger_in_command = false;
    return reason;
}

/* ---- PIN ---- */

static size_t lk_code_points(struct lk_view text)
{
    size_t count = 0;

    for (size_t i = 0; i < text.len; i++)
        count += (text.data[i] & 0xc0) != 0x80;
    return count;
}

static bool lk_pin_rejected(const struct lk_talker *talker, struct lk_view pin)
{
    struct lk_view list = lk_buf_view(&talker->rejected);
    struct lk_view known;

    while (lk_view_get_field(&list, LK_PIN_MAX, &known) == 0) {
        if (known.len == pin.len && lk_bytes_equal(known.data, pin.data, pin.len))
            return true;
    }
    return false;
}

static void lk_pin_reject(struct lk_talker *talker)
{
    struct lk_view pin = lk_secret_view(talker->pin);

    lk_buf_put_field(&talker->rejected, pin.data, pin.len);
}

/* Asks the person; NONE: talker->pin holds what was typed. */
static enum lk_reason lk_pin_ask(struct lk_talker *talker, const struct lk_ask_pin *ask)
{
    struct lk_frame frame;
    struct lk_view pin;
    size_t size = 0;
    enum lk_reason reason = LK_REASON_NONE;

    lk_secret_free(&talker->pin);
    if (lk_ask_pin_encode(&talker->io.out, talker->io.request, ask))
        return LK_REASON_INTERNAL;
    lk_io_flush(&talker->io);
    reason = lk_io_frame(&talker->io, &frame, &size);
    if (reason != LK_REASON_NONE)
        return reason;
    if (frame.type != LK_MESSAGE_PIN || lk_pin_decode(frame.payload, &pin) ||
        memchr(pin.data, 0, pin.len))
        talker->io.ended = reason = LK_REASON_PROTOCOL;
    else if (lk_secret_new(pin.data, pin.len, &talker->pin))
        reason = LK_REASON_INTERNAL;
    lk_io_consume(&talker->io, size);
    return reason;
}

static struct lk_ask_pin lk_pin_question(const struct lk_talker *talker, bool again)
{
    struct lk_ask_pin ask = {
        .retries = talker->retries, .again = again, .minimum = talker->info.minimum_pin};

    memcpy(ask.detail, talker->node.name, sizeof(ask.detail));
    return ask;
}

/* Reads the number of tries left; NONE while a PIN may be sent. */
static enum lk_reason lk_pin_allowed(struct lk_talker *talker)
{
    int left = 0;
    int error = fido_dev_get_retry_count(talker->device, &left);

    if (error != FIDO_OK)
        return lk_talker_reason(talker, error);
    if (left < 0 || left >= LK_RETRIES_UNKNOWN)
        return LK_REASON_KEY_FAILED;
    talker->retries = (uint8_t)left;
    if (left == 0)
        return LK_REASON_PIN_BLOCKED;
    return left <= LK_PIN_TRIES_KEPT ? LK_REASON_PIN_STOPPED : LK_REASON_NONE;
}

static enum lk_reason lk_verify_pin(struct lk_talker *talker, const struct lk_operation *operation)
{
    bool again = false;

    /* A host that gives the same wrong answer by itself must not be asked until the time is over. */
    for (int asked = 0; asked < LK_PIN_QUESTIONS; asked++) {
        enum lk_reason reason = lk_pin_allowed(talker);
        struct lk_ask_pin ask = lk_pin_question(talker, again);
        int error = FIDO_OK;

        if (reason == LK_REASON_NONE)
            reason = lk_pin_ask(talker, &ask);
        if (reason != LK_REASON_NONE)
            return reason;
        again = true;
        if (lk_pin_rejected(talker, lk_secret_view(talker->pin)) ||
            lk_code_points(lk_secret_view(talker->pin)) < talker->info.minimum_pin)
            continue; /* certainly wrong: it would only burn a try */
        error = operation->run(talker, lk_secret_string(talker->pin), false, operation->context);
        if (talker->io.ended || error != FIDO_ERR_PIN_INVALID) {
            if (error == FIDO_OK)
                talker->retries = LK_RETRIES_UNKNOWN;
            return lk_outcome(talker, error);
        }
        lk_pin_reject(talker);
    }
    return LK_REASON_PIN_WRONG;
}

/* The key has no PIN: its holder chooses one. */
static enum lk_reason lk_verify_choose(struct lk_talker *talker,
                                       const struct lk_operation *operation)
{
    for (bool again = false;; again = true) {
        struct lk_ask_pin ask = lk_pin_question(talker, again);
        enum lk_reason reason = LK_REASON_NONE;
        int error = FIDO_OK;

        ask.choose = true;
        reason = lk_pin_ask(talker, &ask);
        if (reason != LK_REASON_NONE)
            return reason;
        if (lk_code_points(lk_secret_view(talker->pin)) < talker->info.minimum_pin)
            continue;
        error = fido_dev_set_pin(talker->device, lk_secret_string(talker->pin), NULL);
        if (!talker->io.ended && error == FIDO_ERR_PIN_POLICY_VIOLATION)
            continue;
        if (error == FIDO_OK)
            error =
                operation->run(talker, lk_secret_string(talker->pin), false, operation->context);
        return lk_outcome(talker, error);
    }
}

enum lk_reason lk_talker_verify(struct lk_talker *talker, uint32_t flags,
                                const struct lk_operation *operation)
{
    uint32_t options = talker->info.options;
    enum lk_reason reason = LK_REASON_UV_FAILED;

    if (!(flags & LK_CEREMONY_UV)) {
        int error = operation->run(talker, NULL, false, operation->context);

        /* Some keys insist on verification where we do not (alwaysUv, CTAP 2.1 section 7.2; resident keys of CTAP 2.0). */
        if (talker->io.ended || error != FIDO_ERR_PIN_REQUIRED)
            return lk_outcome(talker, error);
    }
    if (options & LK_KEY_UV_SET) {
        reason = lk_verify_finger(talker, operation);
        if (reason != LK_REASON_UV_FAILED || !(options & LK_KEY_PIN_SET) ||
            !(flags & LK_CEREMONY_PIN))
            return reason;
    }
    if (!(options & LK_KEY_PIN_SET) && !(flags & LK_CEREMONY_CHOOSE_PIN))
        return LK_REASON_PIN_NOT_SET;
    if (!(options & LK_KEY_PIN_CAPABLE))
        return LK_REASON_KEY_UNSUPPORTED;
    if (!(flags & LK_CEREMONY_PIN))
        return LK_REASON_PIN_UNAVAILABLE;
    reason = options & LK_KEY_PIN_SET ? lk_verify_pin(talker, operation)
                                      : lk_verify_choose(talker, operation);
    lk_secret_free(&talker->pin);
    return reason;
}
