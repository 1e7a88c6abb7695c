/* SPDX-License-Identifier: EUPL-1.2 */
/* The ways in which the software key can be told to be broken or hostile, by name. */
#ifndef LK_SOFTKEY_MISBEHAVE_H
#define LK_SOFTKEY_MISBEHAVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum lk_misbehave {
    LK_MISBEHAVE_STALL,
    LK_MISBEHAVE_DEAD,
    LK_MISBEHAVE_ENDLESS_KEEPALIVE,
    LK_MISBEHAVE_LIE_LENGTH,
    LK_MISBEHAVE_GARBAGE_REPORTS,
    LK_MISBEHAVE_BAD_SEQUENCE,
    LK_MISBEHAVE_UNPLUG,
    LK_MISBEHAVE_MALFORMED_CBOR,
    LK_MISBEHAVE_HUGE_ARRAY,
    LK_MISBEHAVE_TRAILING_BYTES,
    LK_MISBEHAVE_NO_SUCH_COMMAND,
    LK_MISBEHAVE_BAD_RP_HASH,
    LK_MISBEHAVE_CLEAR_UP,
    LK_MISBEHAVE_CLEAR_UV,
    LK_MISBEHAVE_SET_BE,
    LK_MISBEHAVE_SET_BS,
    LK_MISBEHAVE_REPEAT_COUNTER,
    LK_MISBEHAVE_COUNTER_BACK,
    LK_MISBEHAVE_BAD_SIGNATURE,
    LK_MISBEHAVE_WRONG_ATTESTATION,
    LK_MISBEHAVE_WRONG_AAGUID,
    LK_MISBEHAVE_FOREIGN_CREDENTIAL,
    LK_MISBEHAVE_PIN_BLOCKED,
    LK_MISBEHAVE_REPLAY,
    LK_MISBEHAVE_COUNT,
};

/* Bits of struct lk_misbehaviour.commands. */
enum lk_misbehave_command {
    LK_ON_MAKE_CREDENTIAL = 1,
    LK_ON_GET_ASSERTION = 2, /* and getNextAssertion */
    LK_ON_GET_INFO = 4,
    LK_ON_CLIENT_PIN = 8,
    LK_ON_OTHER = 16,
};

struct lk_misbehaviour {
    bool on[LK_MISBEHAVE_COUNT];
    unsigned commands; /* to which commands what is said about whole replies applies */
};

/* "none", or names joined by commas, then optionally a space and one of all, make-credential,
 * get-assertion, get-info, client-pin. Default: make-credential and get-assertion.
 * False: a name is not known; nothing is changed. */
bool lk_misbehaviour_parse(const char *text, struct lk_misbehaviour *ret_misbehaviour);
/* "none", or the names joined by commas. */
void lk_misbehaviour_print(const struct lk_misbehaviour *misbehaviour, char *ret_text, size_t size);
/* Is this one on for the CTAP command with this number? */
bool lk_misbehaves(const struct lk_misbehaviour *misbehaviour, enum lk_misbehave what,
                   uint8_t command);
/* Spoils a finished reply (status byte and CBOR) in place; returns its new length. */
size_t lk_misbehave_reply(const struct lk_misbehaviour *misbehaviour, uint8_t command,
                          uint8_t *reply, size_t length, size_t capacity);

#endif
