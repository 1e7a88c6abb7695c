/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The CTAP 2.1 command layer, independent of the transport (CTAP 2.1 section 6).
 *
 * lk_ctap_begin takes a request; afterwards key->phase says whether the answer is ready, a touch is
 * waited for, or nothing will come. lk_ctap_tick is called again when time has passed or something
 * was told over the control channel.
 */
#ifndef LK_SOFTKEY_CTAP_H
#define LK_SOFTKEY_CTAP_H

#include "softkey.h"

enum lk_ctap_command {
    LK_CTAP_MAKE_CREDENTIAL = 0x01,
    LK_CTAP_GET_ASSERTION = 0x02,
    LK_CTAP_GET_INFO = 0x04,
    LK_CTAP_CLIENT_PIN = 0x06,
    LK_CTAP_RESET = 0x07,
    LK_CTAP_GET_NEXT_ASSERTION = 0x08,
    LK_CTAP_SELECTION = 0x0b,
};

/* CTAP 2.1 section 8.2. */
enum lk_ctap_status {
    LK_CTAP_OK = 0x00,
    LK_CTAP_INVALID_COMMAND = 0x01,
    LK_CTAP_INVALID_PARAMETER = 0x02,
    LK_CTAP_INVALID_LENGTH = 0x03,
    LK_CTAP_UNEXPECTED_TYPE = 0x11,
    LK_CTAP_INVALID_CBOR = 0x12,
    LK_CTAP_MISSING_PARAMETER = 0x14,
    LK_CTAP_LIMIT_EXCEEDED = 0x15,
    LK_CTAP_CREDENTIAL_EXCLUDED = 0x19,
    LK_CTAP_UNSUPPORTED_ALGORITHM = 0x26,
    LK_CTAP_OPERATION_DENIED = 0x27,
    LK_CTAP_KEY_STORE_FULL = 0x28,
    LK_CTAP_UNSUPPORTED_OPTION = 0x2b,
    LK_CTAP_INVALID_OPTION = 0x2c,
    LK_CTAP_KEEPALIVE_CANCEL = 0x2d,
    LK_CTAP_NO_CREDENTIALS = 0x2e,
    LK_CTAP_USER_ACTION_TIMEOUT = 0x2f,
    LK_CTAP_NOT_ALLOWED = 0x30,
    LK_CTAP_PIN_INVALID = 0x31,
    LK_CTAP_PIN_BLOCKED = 0x32,
    LK_CTAP_PIN_AUTH_INVALID = 0x33,
    LK_CTAP_PIN_AUTH_BLOCKED = 0x34,
    LK_CTAP_PIN_NOT_SET = 0x35,
    LK_CTAP_PUAT_REQUIRED = 0x36,
    LK_CTAP_PIN_POLICY_VIOLATION = 0x37,
    LK_CTAP_REQUEST_TOO_LARGE = 0x39,
    LK_CTAP_UV_BLOCKED = 0x3c,
    LK_CTAP_INTEGRITY_FAILURE = 0x3d,
    LK_CTAP_INVALID_SUBCOMMAND = 0x3e,
    LK_CTAP_UV_INVALID = 0x3f,
    LK_CTAP_UNAUTHORIZED_PERMISSION = 0x40,
    LK_CTAP_OTHER = 0x7f,
    LK_CTAP_WAIT = 0x100, /* inside the key only: key->finish is called after the touch */
};

/* Authenticator data flags (WebAuthn L3 section 6.1). */
enum lk_flag {
    LK_FLAG_UP = 0x01,
    LK_FLAG_UV = 0x04,
    LK_FLAG_BE = 0x08,
    LK_FLAG_BS = 0x10,
    LK_FLAG_AT = 0x40,
    LK_FLAG_ED = 0x80,
};

#define LK_ALG_ES256 (-7)
#define LK_ALG_EDDSA (-8)

/* ctap.c: for the transports and the control channel. key->now_ms must be set before each call. */
void lk_ctap_begin(struct lk_softkey *key, const uint8_t *request, size_t length);
void lk_ctap_tick(struct lk_softkey *key);
void lk_ctap_cancel(struct lk_softkey *key);
void lk_ctap_touch(struct lk_softkey *key);
/* Milliseconds until lk_ctap_tick has something to do; -1: not before something happens. */
int64_t lk_ctap_due(const struct lk_softkey *key);

/* Commands: each returns a status, having written the reply's CBOR on LK_CTAP_OK. */
int lk_ctap_get_info(struct lk_softkey *key, struct lk_reader request, struct lk_writer *reply);
int lk_ctap_make_credential(struct lk_softkey *key, struct lk_reader request,
                            struct lk_writer *reply);
int lk_ctap_get_assertion(struct lk_softkey *key, struct lk_reader request,
                          struct lk_writer *reply);
int lk_ctap_get_next_assertion(struct lk_softkey *key, struct lk_reader request,
                               struct lk_writer *reply);
int lk_ctap_client_pin(struct lk_softkey *key, struct lk_reader request, struct lk_writer *reply);

/* ctap.c: waits for a touch, then calls finish. */
int lk_ctap_wait(struct lk_softkey *key, lk_ctap_finish finish);
/* ctap.c: fields of a request. Optional ones leave the output alone when they are missing. */
int lk_field_bytes(const struct lk_int_map *map, unsigned field, struct lk_item *ret_item);
int lk_field_uint(const struct lk_int_map *map, unsigned field, uint64_t maximum,
                  uint64_t *ret_value);
int lk_field_text(const struct lk_int_map *map, unsigned field, char *ret_text, size_t size);
int lk_field_option(const struct lk_int_map *map, unsigned field, const char *name, int *ret_value);

#endif
