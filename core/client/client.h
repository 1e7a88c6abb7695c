/* SPDX-License-Identifier: EUPL-1.2 */
/* A blocking client of the broker, for the PAM module, the command line and tests. libc only; no threads, no signals changed, no fork, no
 * environment; one descriptor with CLOEXEC. */
#ifndef LK_CLIENT_CLIENT_H
#define LK_CLIENT_CLIENT_H

#include <sys/types.h>

#include "message/desk.h"
#include "message/host.h"

struct lk_client {
    int fd; /* -1 = not connected */
    struct lk_buf in;
    struct lk_buf out;
    uint32_t next_request;
};
#define LK_CLIENT_INIT ((struct lk_client){.fd = -1})

struct lk_client_options {
    const char *path;         /* of the socket */
    enum lk_role_socket role;
    uid_t broker_uid;         /* the peer must be uid 0, this uid, or the caller's own effective uid if it is not 0; (uid_t)-1 = none besides 0 */
    int timeout_ms;           /* for connecting and for hello */
};
/* -LK_ERR_NOT_FOUND (no socket), -LK_ERR_CLOSED (nobody listens), -LK_ERR_DENIED (peer is somebody else), -LK_ERR_VERSION, -LK_ERR_TIMEOUT, -LK_ERR_IO. */
LK_MUST_USE int lk_client_connect(struct lk_client *client, const struct lk_client_options *options);
void lk_client_close(struct lk_client *client);
/* Sends what stands in client->out and empties it. */
LK_MUST_USE int lk_client_flush(struct lk_client *client);
/* Next frame; its payload is valid until the next call. interrupted is asked every 200 ms at the latest and ends the wait with -LK_ERR_TIMEOUT... when
 * it returns true the result is -LK_ERR_BUSY; NULL = never. */
LK_MUST_USE int lk_client_receive(struct lk_client *client, int timeout_ms, bool (*interrupted)(void *), void *context, struct lk_frame *ret_frame);

/* What a person meets during a ceremony. Callbacks return 0 to go on, negative to cancel. */
struct lk_ceremony_callbacks {
    int (*event)(void *context, const struct lk_event_message *event);
    /* Fill pin (empty secret buffer) or return negative to cancel. */
    int (*ask_pin)(void *context, const struct lk_ask_pin *ask, struct lk_buf *pin);
    bool (*interrupted)(void *context);
    void *context;
};
/* Runs one whole login on a connected host socket. *ret_verdict only if the verdict carried the request's nonce. On cancel: -LK_ERR_BUSY; broker gone before any verdict or event: -LK_ERR_CLOSED with *ret_seen false. */
LK_MUST_USE int lk_client_login(struct lk_client *client, const struct lk_login_request *login, int timeout_ms, const struct lk_ceremony_callbacks *callbacks,
                                struct lk_verdict *ret_verdict, bool *ret_seen);
/* For the desk: sends out, carries EVENT and ASK_PIN to the callbacks until another frame with this request id comes, and hands that out (payload valid until next receive). */
LK_MUST_USE int lk_client_converse(struct lk_client *client, uint32_t request, int timeout_ms, const struct lk_ceremony_callbacks *callbacks, struct lk_frame *ret_frame);

#endif
