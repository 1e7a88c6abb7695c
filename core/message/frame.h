/* SPDX-License-Identifier: EUPL-1.2 */
/* Frames between our own processes (docs/PROTOCOL.md section 5): u32 length of what follows, u16 type, u32 request id, payload.
 * At most LK_FRAME_MAX bytes in all. The first frame in each direction is HELLO. A frame that does not decode, has bytes behind its
 * last field, or is not permitted now or on this socket closes the connection. */
#ifndef LK_MESSAGE_FRAME_H
#define LK_MESSAGE_FRAME_H

#include "base/buf.h"

enum {
    LK_FRAME_MAX = 65536,
    LK_FRAME_HEADER = 10,
    LK_FRAME_BEFORE_HELLO = 4096, /* bytes a peer may send before its hello is complete */
    LK_FRAME_QUEUE_MAX =
        1 << 20, /* bytes queued to one peer; then its requests are no longer read */
    LK_PROTOCOL_VERSION = 1,
    LK_PROTOCOL_VERSION_PREVIOUS = 1 /* oldest still spoken */
};

/* All message types of all sockets in one list: a number never means two things. */
enum lk_message {
    LK_MESSAGE_HELLO =
        1, /* u16 lowest version, u16 highest version, u8 enum lk_role_socket; reply: same with the chosen version twice */

    /* host socket (message/host.h) */
    LK_MESSAGE_LOGIN = 16,
    LK_MESSAGE_EVENT = 17,
    LK_MESSAGE_ASK_PIN = 18,
    LK_MESSAGE_PIN = 19,
    LK_MESSAGE_CANCEL = 20,
    LK_MESSAGE_VERDICT = 21,

    /* names process (message/names.h) */
    LK_MESSAGE_NAME_LOOKUP = 32,
    LK_MESSAGE_NAME_RESULT = 33,

    /* opener and talker (message/device.h) */
    LK_MESSAGE_DEVICE_START = 48,
    LK_MESSAGE_DEVICE_STOP = 49,
    LK_MESSAGE_DEVICE_KEY = 50,
    LK_MESSAGE_DEVICE_NONE = 51,
    LK_MESSAGE_DEVICE_BUSY = 52,
    LK_MESSAGE_DEVICE_NODE = 53,
    LK_MESSAGE_DEVICE_ASSERT = 54,
    LK_MESSAGE_DEVICE_CREATE = 55,
    LK_MESSAGE_DEVICE_SET_PIN = 56,
    LK_MESSAGE_DEVICE_INFO = 57,
    LK_MESSAGE_DEVICE_ASSERTION = 58,
    LK_MESSAGE_DEVICE_CREDENTIAL = 59,
    LK_MESSAGE_DEVICE_FAILED = 60,
    LK_MESSAGE_DEVICE_SELECTED = 61,

    /* desk socket (message/desk.h) */
    LK_MESSAGE_DESK_STATUS = 80,
    LK_MESSAGE_DESK_PAIRS = 81,
    LK_MESSAGE_DESK_LIST = 82,
    LK_MESSAGE_DESK_CREDENTIAL = 83,
    LK_MESSAGE_DESK_END = 84,
    LK_MESSAGE_DESK_CREATE = 85,
    LK_MESSAGE_DESK_CREATED = 86,
    LK_MESSAGE_DESK_SIGN = 87,
    LK_MESSAGE_DESK_SIGNED = 88,
    LK_MESSAGE_DESK_SUBMIT = 89,
    LK_MESSAGE_DESK_TEST = 90,
    LK_MESSAGE_DESK_ENDORSE = 91,
    LK_MESSAGE_DESK_STATE = 92,
    LK_MESSAGE_DESK_LOST = 93,
    LK_MESSAGE_DESK_REGISTER = 94,
    LK_MESSAGE_DESK_ENTRY = 95,
    LK_MESSAGE_DESK_OPERATORS = 96,
    LK_MESSAGE_DESK_CHAIN = 97,
    LK_MESSAGE_DESK_RELOAD = 98,
    LK_MESSAGE_DESK_LOG = 99,
    LK_MESSAGE_DESK_RECORD = 100,
    LK_MESSAGE_DESK_RESTORE = 101,
    LK_MESSAGE_DESK_RESULT = 102,
    LK_MESSAGE_DESK_AGENT = 103,
    LK_MESSAGE_DESK_AGENT_RECORD = 104,

    /* gateway socket (message/gateway.h) */
    LK_MESSAGE_GATEWAY_CHALLENGE = 128,
    LK_MESSAGE_GATEWAY_TOKEN = 129,
    LK_MESSAGE_GATEWAY_LOGIN = 130,
    LK_MESSAGE_GATEWAY_VERDICT = 131,
    LK_MESSAGE_GATEWAY_CODE = 132,
    LK_MESSAGE_GATEWAY_REDEEM = 133,
    LK_MESSAGE_GATEWAY_REDEEMED = 134,
    LK_MESSAGE_GATEWAY_ACCESS = 135,
    LK_MESSAGE_GATEWAY_END = 136,
    LK_MESSAGE_GATEWAY_LOGOUTS = 137,
    LK_MESSAGE_GATEWAY_LOGOUT = 138,
    LK_MESSAGE_GATEWAY_DELIVERED = 139,
    LK_MESSAGE_GATEWAY_RESULT = 140,
    LK_MESSAGE_GATEWAY_QUEUE = 141,
    LK_MESSAGE_GATEWAY_WAITING = 142,

    /* worker socket (message/gateway.h); the answer is VERDICT */
    LK_MESSAGE_WORKER_PROVE = 144,

    /* between the processes of the gateway (message/sso.h) */
    LK_MESSAGE_SSO_DOCUMENT = 160,
    LK_MESSAGE_SSO_AUTHORIZE = 161,
    LK_MESSAGE_SSO_ASSERT = 162,
    LK_MESSAGE_SSO_PASSWORD = 163,
    LK_MESSAGE_SSO_PAGE = 164,
    LK_MESSAGE_SSO_TOKEN = 165,
    LK_MESSAGE_SSO_USERINFO = 166,
    LK_MESSAGE_SSO_REPLY = 167,
    LK_MESSAGE_SSO_LOGOUT = 168,
    LK_MESSAGE_SSO_METRICS = 169,
    LK_MESSAGE_SSO_ATTEMPT = 176,
    LK_MESSAGE_SSO_ATTEMPTED = 177,
    LK_MESSAGE_SSO_DELIVER = 180,
    LK_MESSAGE_SSO_DELIVERED = 181
};

enum lk_role_socket {
    LK_SOCKET_HOST = 1,
    LK_SOCKET_DESK = 2,
    LK_SOCKET_GATEWAY = 3,
    LK_SOCKET_WORKER = 4,
    LK_SOCKET_NAMES = 5,
    LK_SOCKET_OPENER = 6,
    LK_SOCKET_TALKER = 7,
    LK_SOCKET_SSO_WEB = 8,
    LK_SOCKET_SSO_WORKER = 9,
    LK_SOCKET_SSO_NOTIFY = 10
};

struct lk_frame {
    enum lk_message type; /* any number the peer wrote: check before trusting */
    uint32_t request;
    struct lk_view payload; /* borrowed from the input buffer */
};

/* Begins a frame at the end of buf; *ret_start is handed to lk_frame_end, which writes the length. Errors stick to the buffer. */
void lk_frame_begin(struct lk_buf *buf, enum lk_message type, uint32_t request, size_t *ret_start);
/* -LK_ERR_TOO_BIG if the frame exceeds LK_FRAME_MAX (the frame is removed again, the buffer stays usable), else the
 * sticky error (what was written of the frame is removed: half a frame is never sent). */
LK_MUST_USE int lk_frame_end(struct lk_buf *buf, size_t start);
/* Takes a frame that was begun out of the buffer again; what stands before it stays. */
void lk_frame_drop(struct lk_buf *buf, size_t start);
/* The first whole frame of input: 0; -LK_ERR_TRUNCATED = need more bytes; -LK_ERR_TOO_BIG, -LK_ERR_RANGE = hostile, close. *ret_size is what to consume afterwards. */
LK_MUST_USE int lk_frame_next(struct lk_view input, struct lk_frame *ret_frame, size_t *ret_size);

struct lk_hello {
    uint16_t lowest;
    uint16_t highest;
    enum lk_role_socket role;
};
LK_MUST_USE int lk_hello_encode(struct lk_buf *buf, const struct lk_hello *hello);
LK_MUST_USE int lk_hello_decode(struct lk_view payload, struct lk_hello *ret_hello);
/* Highest version both speak, or -LK_ERR_VERSION. */
LK_MUST_USE int lk_hello_agree(const struct lk_hello *hello, uint16_t *ret_version);

/* Blocking helpers for clients, the opener and tests (the broker has its own loop): poll with a deadline in milliseconds from now (-1 = none).
 * -LK_ERR_TIMEOUT, -LK_ERR_CLOSED, -LK_ERR_IO and errors of lk_frame_next. in keeps what was read beyond the frame; the caller consumes *ret_size from it. */
LK_MUST_USE int lk_frame_receive(int fd, struct lk_buf *in, int timeout_ms,
                                 struct lk_frame *ret_frame, size_t *ret_size);
/* As above, and a descriptor that came along (SCM_RIGHTS, CLOEXEC), or -1. More than one descriptor: all closed, -LK_ERR_UNEXPECTED. */
LK_MUST_USE int lk_frame_receive_fd(int fd, struct lk_buf *in, int timeout_ms,
                                    struct lk_frame *ret_frame, size_t *ret_size, int *ret_fd);
/* MSG_NOSIGNAL. */
LK_MUST_USE int lk_frame_send(int fd, struct lk_view bytes);
/* Sends the bytes with one descriptor attached to the first byte; the descriptor stays the caller's. */
LK_MUST_USE int lk_frame_send_fd(int fd, struct lk_view bytes, int pass_fd);

#endif
