/* SPDX-License-Identifier: EUPL-1.2 */
/* A blocking client of the broker, for the PAM module, the command line and tests. libc only; no threads, no signals changed, no fork, no
 * environment; one descriptor with CLOEXEC. */
#ifndef LK_CLIENT_CLIENT_H
#define LK_CLIENT_CLIENT_H

#include <sys/types.h>

#include "message/desk.h"
#include "message/host.h"

enum { LK_CLIENT_SLICE_MS = 200 };

struct lk_client {
    int fd; /* -1 = not connected */
    struct lk_buf in;
    struct lk_buf out; /* secret: PINs are written into it */
    size_t consume;    /* bytes of in that the last frame took; they go with the next receive */
    uid_t owner;       /* of the socket, at the time of connecting */
    uint32_t next_request;
};
#define LK_CLIENT_INIT ((struct lk_client){.fd = -1})

/* Who may be the broker. The folders above the socket are walked from the root without following links; each must be owned by root or, for a
 * caller that is not root, by the caller's own effective uid, and must not be writable by group or others unless sticky; the last one must not be
 * writable by group or others at all. So only root (or the caller) can have put the socket there. Then the peer itself (SO_PEERCRED, which
 * behind socket activation shows the listener) must be uid 0 or the owner of the socket. No name service is asked. */
struct lk_client_options {
    const char *path; /* of the socket, absolute */
    enum lk_role_socket role;
    int timeout_ms;              /* for connecting and for hello together */
    bool (*interrupted)(void *); /* as in lk_client_receive; NULL = never */
    void *context;
};
/* -LK_ERR_NOT_FOUND (no socket), -LK_ERR_CLOSED (nobody listens, or closed before its hello), -LK_ERR_LINK, -LK_ERR_OWNER, -LK_ERR_MODE (of a folder
 * above), -LK_ERR_NOT_REGULAR (not a socket), -LK_ERR_DENIED (no access, or the peer is somebody else), -LK_ERR_TOO_BIG (path), -LK_ERR_VERSION, -LK_ERR_TIMEOUT,
 * -LK_ERR_BUSY (interrupted), -LK_ERR_UNEXPECTED and decoding errors (not the protocol), -LK_ERR_NOMEM, -LK_ERR_IO. On failure the client is closed. */
LK_MUST_USE int lk_client_connect(struct lk_client *client,
                                  const struct lk_client_options *options);
/* For processes with a loop of their own: the same checks, and a connected, non-blocking socket; the hello is the caller's. It waits only where the listener's
 * queue is full. Errors as above up to -LK_ERR_TIMEOUT. */
LK_MUST_USE int lk_client_reach(const char *path, int timeout_ms, int *ret_fd);
/* For whoever keeps a connection: is its descriptor still a socket whose peer may be the broker? Other code of the process may have closed it and opened another.
 * -LK_ERR_DENIED, -LK_ERR_IO: it is not, and the descriptor is somebody else's; lk_client_forget it. */
LK_MUST_USE int lk_client_check(const struct lk_client *client);
void lk_client_close(struct lk_client *client);
/* As lk_client_close, but leaves the descriptor alone. */
void lk_client_forget(struct lk_client *client);
/* Sends what stands in client->out and empties it. */
LK_MUST_USE int lk_client_flush(struct lk_client *client);
/* Next frame; its payload is valid until the next call. timeout_ms -1 = none. interrupted is asked at once and then every
 * LK_CLIENT_SLICE_MS at the latest; when it returns true the result is -LK_ERR_BUSY. NULL = never. Besides: -LK_ERR_TIMEOUT, -LK_ERR_CLOSED and what
 * lk_frame_receive returns; after anything but TIMEOUT and BUSY the connection is of no further use. */
LK_MUST_USE int lk_client_receive(struct lk_client *client, int timeout_ms,
                                  bool (*interrupted)(void *), void *context,
                                  struct lk_frame *ret_frame);

/* What a person meets during a ceremony. Callbacks return 0 to go on, negative to cancel. */
struct lk_ceremony_callbacks {
    int (*event)(void *context, const struct lk_event_message *event);
    /* Fill pin (empty secret buffer) or return negative to cancel. */
    int (*ask_pin)(void *context, const struct lk_ask_pin *ask, struct lk_buf *pin);
    bool (*interrupted)(void *context);
    void *context;
};
/* Runs one whole login on a connected host socket. *ret_verdict is set only if the verdict carried the request's nonce. *ret_seen is always set: true
 * once an event or a question for the PIN has come (then a second attempt would show the person everything twice).
 * -LK_ERR_BUSY: cancelled by a callback or by interrupted; CANCEL has been sent. -LK_ERR_CLOSED: the broker went away. -LK_ERR_TIMEOUT: timeout_ms passed, not
 * counting the time spent in callbacks. -LK_ERR_SIGNATURE: a verdict with another nonce. -LK_ERR_UNEXPECTED: any other message, a PIN asked for although
 * LK_LOGIN_FLAG_PROMPT was not set, or a PIN to be chosen. Other errors: as lk_client_receive. */
LK_MUST_USE int lk_client_login(struct lk_client *client, const struct lk_login_request *login,
                                int timeout_ms, const struct lk_ceremony_callbacks *callbacks,
                                struct lk_verdict *ret_verdict, bool *ret_seen);
/* For the desk: sends out, carries EVENT and ASK_PIN to the callbacks until another frame with this request id comes, and hands that out (payload
 * valid until next receive). Errors as lk_client_login; a frame with another request id is -LK_ERR_UNEXPECTED. */
LK_MUST_USE int lk_client_converse(struct lk_client *client, uint32_t request, int timeout_ms,
                                   const struct lk_ceremony_callbacks *callbacks,
                                   struct lk_frame *ret_frame);

#endif
