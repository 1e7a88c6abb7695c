/* SPDX-License-Identifier: EUPL-1.2 */
/* The broker's side of opener and talkers, for tests: software keys in a private folder, the test opener on a socket pair, talkers by their control sockets. Every failure ends the
 * test through cmocka; harness_down ends all processes by their pids. */
#ifndef LK_TESTS_DEVICE_HARNESS_H
#define LK_TESTS_DEVICE_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

#include "base/clock.h"
#include "message/device.h"
#include "model/reason.h"

enum { KEYS_MAX = 4, WAIT_MS = 10000 };
#define RELYING_PARTY "latchkey-host:test"

struct soft_key {
    char name[16];
    pid_t pid;
};

struct harness {
    char folder[64];
    pid_t opener;
    int link;
    struct lk_buf in;
    size_t key_count;
    struct soft_key keys[KEYS_MAX];
};

/* One talker as the broker holds it. */
struct talker {
    int control;
    uint32_t number;
    char name[129];
    struct lk_buf in;
    struct lk_device_info info;
};

/* sandbox: under the shipped opener's filter; good for 256 keys. */
void harness_up(struct harness *harness, int pool, bool sandbox);
void harness_down(struct harness *harness);

/* Starts lk_softkey with these further arguments (ended by NULL) and waits until it is ready. */
void key_up(struct harness *harness, const char *name, ...);
void key_down(struct harness *harness, const char *name);
/* One line to the key's control channel; the answer without "ok ". An error fails the test. Valid until the next call. */
const char *key_say(struct harness *harness, const char *name, const char *line);
unsigned long key_counter(struct harness *harness, const char *name, const char *counter);
bool key_blinks(struct harness *harness, const char *name);
/* Waits until it blinks. */
void key_wait_blinking(struct harness *harness, const char *name);

void link_start(struct harness *harness, uint32_t ceremony);
void link_stop(struct harness *harness, uint32_t ceremony);
/* The next frame on the link must be of this type and ceremony. */
void link_expect(struct harness *harness, enum lk_message type, uint32_t ceremony);
/* The next frame must be KEY; *ret_talker is closed with talker_close. */
void link_expect_key(struct harness *harness, uint32_t ceremony, struct talker *ret_talker);
void link_expect_busy(struct harness *harness, uint32_t ceremony, char ret_detail[129]);
/* Nothing comes for so long. */
void link_expect_quiet(struct harness *harness, int ms);

void talker_assert(struct talker *talker, uint32_t flags, const struct lk_view *allow,
                   uint32_t count, uint32_t timeout_ms);
void talker_create(struct talker *talker, const struct lk_device_create *create);
void talker_pin(struct talker *talker, const char *pin);
void talker_cancel(struct talker *talker);
/* The next frame, whatever it is; its payload is valid until the next call. */
struct lk_frame talker_next(struct talker *talker);
void talker_expect_info(struct talker *talker);
void talker_expect_event(struct talker *talker, enum lk_event event);
struct lk_ask_pin talker_expect_ask(struct talker *talker);
struct lk_device_assertion talker_expect_assertion(struct talker *talker);
struct lk_view talker_expect_credential(struct talker *talker);
/* Reason and retries; then the socket must close. */
struct lk_device_failed talker_expect_failed(struct talker *talker, enum lk_reason reason);
/* The talker closes its socket: it exited. */
void talker_expect_closed(struct talker *talker);
void talker_close(struct talker *talker);

/* A credential on the only key of the harness, made through a talker without verification and with the key's touch on auto; runs its own ceremony. */
struct credential {
    uint8_t id[1024];
    size_t id_len;
    uint8_t x[32]; /* of its ES256 public key */
    uint8_t y[32];
};
void credential_make(struct harness *harness, uint32_t ceremony, struct credential *ret_credential);
/* The independent oracle: libfido2's own verification, and that the answer is by this credential. */
bool credential_signed(const struct credential *credential,
                       const struct lk_device_assertion *assertion, bool verified);

/* Sends the ASSERT of these tests: the one credential, a fixed hash. */
extern const uint8_t test_hash[32];
int64_t now_ms(void);

#endif
