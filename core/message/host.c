/* SPDX-License-Identifier: EUPL-1.2 */
/* Messages of a ceremony with a person. The login request comes from any process of the machine; event, question and verdict are
 * read inside programs that run as root, so nothing in them reaches a terminal unchecked. */
#include "message/host.h"

#include "message/fields.h"
#include "message/text.h"

static const struct lk_field login_list[] = {
    LK_BYTES(struct lk_login_request, nonce),
    LK_FLAGS(struct lk_login_request, flags,
             LK_LOGIN_FLAG_REMOTE | LK_LOGIN_FLAG_PROMPT | LK_LOGIN_FLAG_SILENT),
    LK_STRING(struct lk_login_request, name),
    LK_STRING(struct lk_login_request, service),
    LK_STRING(struct lk_login_request, tty),
    LK_STRING(struct lk_login_request, remote_host),
    LK_STRING(struct lk_login_request, remote_user),
};
static const struct lk_fields login_fields = LK_FIELDS(login_list);
LK_FIELDS_ENCODER(lk_login_request_encode, struct lk_login_request, LK_MESSAGE_LOGIN, login_fields)
LK_FIELDS_DECODER(lk_login_request_decode, struct lk_login_request, login_fields)

static const struct lk_field event_list[] = {
    LK_INT_FIELD(struct lk_event_message, event, 1, LK_EVENT_INSERT_KEY, LK_EVENT_CHOOSE_KEY),
    LK_U8(struct lk_event_message, retries),
    LK_TEXT(struct lk_event_message, detail),
};
static const struct lk_fields event_fields = LK_FIELDS(event_list);
LK_FIELDS_ENCODER(lk_event_encode, struct lk_event_message, LK_MESSAGE_EVENT, event_fields)
LK_FIELDS_DECODER(lk_event_decode, struct lk_event_message, event_fields)

static const struct lk_field ask_pin_list[] = {
    LK_U8(struct lk_ask_pin, retries),  LK_BOOL(struct lk_ask_pin, again),
    LK_BOOL(struct lk_ask_pin, choose), LK_INT_FIELD(struct lk_ask_pin, minimum, 1, 0, LK_PIN_MAX),
    LK_TEXT(struct lk_ask_pin, detail),
};
static const struct lk_fields ask_pin_fields = LK_FIELDS(ask_pin_list);
LK_FIELDS_ENCODER(lk_ask_pin_encode, struct lk_ask_pin, LK_MESSAGE_ASK_PIN, ask_pin_fields)
LK_FIELDS_DECODER(lk_ask_pin_decode, struct lk_ask_pin, ask_pin_fields)

struct lk_pin_message {
    struct lk_view pin;
};
static const struct lk_field pin_list[] = {
    LK_VIEW_FIELD(struct lk_pin_message, pin, 1, LK_PIN_MAX)};
static const struct lk_fields pin_fields = LK_FIELDS(pin_list);

int lk_pin_encode(struct lk_buf *buf, uint32_t request, struct lk_view pin)
{
    struct lk_pin_message message = {.pin = pin};
    int r;

    if (!buf->secret)
        return -LK_ERR_INTERNAL;
    r = lk_text_check(pin);
    return r == 0 ? lk_fields_encode(buf, LK_MESSAGE_PIN, request, &pin_fields, &message) : r;
}

int lk_pin_decode(struct lk_view payload, struct lk_view *ret_pin)
{
    struct lk_pin_message message = {0};
    int r = lk_fields_decode(payload, &pin_fields, &message);

    if (r == 0)
        r = lk_text_check(message.pin);
    if (r == 0)
        *ret_pin = message.pin;
    return r;
}

int lk_cancel_encode(struct lk_buf *buf, uint32_t request)
{
    return lk_fields_encode_empty(buf, LK_MESSAGE_CANCEL, request);
}

static const struct lk_field verdict_list[] = {
    LK_BYTES(struct lk_verdict, nonce),
    LK_U32(struct lk_verdict, reason),
    LK_U8(struct lk_verdict, retries),
};
static const struct lk_fields verdict_fields = LK_FIELDS(verdict_list);
LK_FIELDS_ENCODER(lk_verdict_encode, struct lk_verdict, LK_MESSAGE_VERDICT, verdict_fields)
LK_FIELDS_DECODER(lk_verdict_decode, struct lk_verdict, verdict_fields)
