/* SPDX-License-Identifier: EUPL-1.2 */
/* The broker process on a bench: the test holds all its sockets and links. It plays the PAM module, the gateway, the opener with its talkers, and the
 * names process, and can therefore send what none of them would. */
#ifndef LK_TESTS_BROKER_RIG_H
#define LK_TESTS_BROKER_RIG_H

#include <sys/types.h>

#include "house.h"
#include "message/device.h"
#include "message/gateway.h"
#include "message/host.h"

enum { RIG_WAIT_MS = 15000 };

struct rig {
    struct house *house;
    pid_t broker;
    pid_t names;
    int device; /* our end of the opener's link */
    struct lk_buf device_in;
};

/* Names the names process knows: "root-..." is uid 0, "u<number>-..." is that uid, "silent-..." is never answered, "absent-..." has none, every other
 * name is the uid of this process. */
void rig_start(struct rig *rig, struct house *house);
/* SIGTERM; the exit status must be 0. */
void rig_stop(struct rig *rig);
/* Ends it with this signal and collects it. */
void rig_kill(struct rig *rig, int signal);

/* ---- clients ---- */

struct peer {
    int fd;
    struct lk_buf in;
};
/* Connects without a word. socket: "host", "desk", "gateway", "worker". */
void peer_connect(const struct rig *rig, const char *socket, struct peer *ret_peer);
/* Connects and says hello; the answer was checked. */
void peer_open(const struct rig *rig, const char *socket, struct peer *ret_peer);
void peer_close(struct peer *peer);
void peer_send(struct peer *peer, struct lk_buf *bytes); /* and empties it */
/* True if the other end closes within the time without another frame. */
bool peer_closed(struct peer *peer, int timeout_ms);
/* The next frame; its payload is valid until the next call. */
void peer_next(struct peer *peer, struct lk_frame *ret_frame);
void peer_expect(struct peer *peer, enum lk_message type, struct lk_frame *ret_frame);

/* Sends LOGIN as request 7; nonce is filled with its first byte. */
void login_send(struct peer *peer, const char *name, const char *service, uint32_t flags,
                uint8_t nonce);
/* The verdict; events before it are put into *ret_events as bits, if given. Nonce and request id are checked. */
enum lk_reason login_verdict(struct peer *peer, uint8_t nonce, uint32_t *ret_events);

/* ---- the opener and its talkers ---- */

/* Waits for START; returns the ceremony. */
uint32_t device_started(struct rig *rig);
void device_stopped(struct rig *rig, uint32_t ceremony);
void device_none(struct rig *rig, uint32_t ceremony);
/* A key is plugged in: its talker's control socket is the result. */
void device_key(struct rig *rig, uint32_t ceremony, uint32_t number, struct peer *ret_talker);
/* The broker's request to this talker. */
void talker_asked(struct peer *talker, struct lk_device_assert *ret_request);
void talker_answer(struct peer *talker, uint32_t ceremony, struct agent_key *key,
                   const struct lk_device_assert *asked, uint8_t flags);
void talker_failed(struct peer *talker, uint32_t ceremony, enum lk_reason reason);

/* A whole login at the host socket with this key; the verdict. */
enum lk_reason rig_login(struct rig *rig, const char *name, struct agent_key *key, uint8_t flags);

#endif
