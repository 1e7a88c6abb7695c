/* SPDX-License-Identifier: EUPL-1.2 */
/* Frames and hello in memory.
 *
 * The length is the first thing a stranger says: it is checked as soon as its four bytes are there, so that a peer that announces
 * more than LK_FRAME_MAX is closed before a byte of it is kept. */
#include "message/frame.h"

#include "message/fields.h"

/* The length counts type, request and payload, not itself. */
enum { LK_FRAME_LENGTH_SIZE = 4, LK_FRAME_LENGTH_MIN = LK_FRAME_HEADER - LK_FRAME_LENGTH_SIZE };

void lk_frame_begin(struct lk_buf *buf, enum lk_message type, uint32_t request, size_t *ret_start)
{
    *ret_start = buf->len;
    lk_buf_put_u32(buf, 0);
    lk_buf_put_u16(buf, (uint16_t)type);
    lk_buf_put_u32(buf, request);
}

void lk_frame_drop(struct lk_buf *buf, size_t start)
{
    if (start < buf->len)
        buf->len = start;
}

int lk_frame_end(struct lk_buf *buf, size_t start)
{
    int r = lk_buf_error(buf);
    size_t size = buf->len - start;

    if (r == 0 && size > LK_FRAME_MAX)
        r = -LK_ERR_TOO_BIG;
    if (r != 0) {
        lk_frame_drop(buf, start);
        return r;
    }
    lk_buf_set_u32(buf, start, (uint32_t)(size - LK_FRAME_LENGTH_SIZE));
    return 0;
}

int lk_frame_next(struct lk_view input, struct lk_frame *ret_frame, size_t *ret_size)
{
    struct lk_view rest = input;
    struct lk_view payload;
    uint32_t length;
    uint16_t type;
    uint32_t request;
    int r = lk_view_get_u32(&rest, &length);

    if (r != 0)
        return r;
    if (length < LK_FRAME_LENGTH_MIN)
        return -LK_ERR_RANGE;
    if (length > LK_FRAME_MAX - LK_FRAME_LENGTH_SIZE)
        return -LK_ERR_TOO_BIG;
    if (lk_view_get_u16(&rest, &type) != 0 || lk_view_get_u32(&rest, &request) != 0 ||
        lk_view_get_view(&rest, length - LK_FRAME_LENGTH_MIN, &payload) != 0)
        return -LK_ERR_TRUNCATED;
    *ret_frame =
        (struct lk_frame){.type = (enum lk_message)type, .request = request, .payload = payload};
    *ret_size = (size_t)length + LK_FRAME_LENGTH_SIZE;
    return 0;
}

static const struct lk_field hello_list[] = {
    LK_U16(struct lk_hello, lowest),
    LK_U16(struct lk_hello, highest),
    LK_INT_FIELD(struct lk_hello, role, 1, LK_SOCKET_HOST, LK_SOCKET_SSO_NOTIFY),
};
static const struct lk_fields hello_fields = LK_FIELDS(hello_list);

int lk_hello_encode(struct lk_buf *buf, const struct lk_hello *hello)
{
    if (hello->lowest > hello->highest)
        return -LK_ERR_RANGE;
    return lk_fields_encode(buf, LK_MESSAGE_HELLO, 0, &hello_fields, hello);
}

int lk_hello_decode(struct lk_view payload, struct lk_hello *ret_hello)
{
    struct lk_hello hello = {0};
    int r = lk_fields_decode(payload, &hello_fields, &hello);

    if (r != 0)
        return r;
    if (hello.lowest > hello.highest)
        return -LK_ERR_RANGE;
    *ret_hello = hello;
    return 0;
}

int lk_hello_agree(const struct lk_hello *hello, uint16_t *ret_version)
{
    uint16_t version =
        hello->highest < LK_PROTOCOL_VERSION ? hello->highest : (uint16_t)LK_PROTOCOL_VERSION;

    if (version < hello->lowest || version < LK_PROTOCOL_VERSION_PREVIOUS)
        return -LK_ERR_VERSION;
    *ret_version = version;
    return 0;
}
