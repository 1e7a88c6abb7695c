/* SPDX-License-Identifier: EUPL-1.2 */
/* Names of misbehaviours, and those that spoil whole replies. See misbehave.h and README.md. */
#include "misbehave.h"

#include <stdio.h>
#include <string.h>

#include "ctap.h"

static const char *const lk_misbehave_names[LK_MISBEHAVE_COUNT] = {
    [LK_MISBEHAVE_STALL] = "stall",
    [LK_MISBEHAVE_DEAD] = "dead",
    [LK_MISBEHAVE_ENDLESS_KEEPALIVE] = "endless-keepalive",
    [LK_MISBEHAVE_LIE_LENGTH] = "lie-length",
    [LK_MISBEHAVE_GARBAGE_REPORTS] = "garbage-reports",
    [LK_MISBEHAVE_BAD_SEQUENCE] = "bad-sequence",
    [LK_MISBEHAVE_UNPLUG] = "unplug",
    [LK_MISBEHAVE_MALFORMED_CBOR] = "malformed-cbor",
    [LK_MISBEHAVE_HUGE_ARRAY] = "huge-array",
    [LK_MISBEHAVE_TRAILING_BYTES] = "trailing-bytes",
    [LK_MISBEHAVE_NO_SUCH_COMMAND] = "no-such-command",
    [LK_MISBEHAVE_BAD_RP_HASH] = "bad-rp-hash",
    [LK_MISBEHAVE_CLEAR_UP] = "clear-up",
    [LK_MISBEHAVE_CLEAR_UV] = "clear-uv",
    [LK_MISBEHAVE_SET_BE] = "set-be",
    [LK_MISBEHAVE_SET_BS] = "set-bs",
    [LK_MISBEHAVE_REPEAT_COUNTER] = "repeat-counter",
    [LK_MISBEHAVE_COUNTER_BACK] = "counter-back",
    [LK_MISBEHAVE_BAD_SIGNATURE] = "bad-signature",
    [LK_MISBEHAVE_WRONG_ATTESTATION] = "wrong-attestation",
    [LK_MISBEHAVE_WRONG_AAGUID] = "wrong-aaguid",
    [LK_MISBEHAVE_FOREIGN_CREDENTIAL] = "foreign-credential",
    [LK_MISBEHAVE_PIN_BLOCKED] = "pin-blocked",
    [LK_MISBEHAVE_REPLAY] = "replay",
};

static const struct {
    const char *name;
    unsigned commands;
} lk_command_names[] = {
    {"all",
     LK_ON_MAKE_CREDENTIAL | LK_ON_GET_ASSERTION | LK_ON_GET_INFO | LK_ON_CLIENT_PIN | LK_ON_OTHER},
    {"make-credential", LK_ON_MAKE_CREDENTIAL},
    {"get-assertion", LK_ON_GET_ASSERTION},
    {"get-info", LK_ON_GET_INFO},
    {"client-pin", LK_ON_CLIENT_PIN},
};

static bool lk_names_parse(const char *names, size_t length, struct lk_misbehaviour *misbehaviour)
{
    while (length > 0) {
        const char *comma = memchr(names, ',', length);
        size_t size = comma != NULL ? (size_t)(comma - names) : length;
        size_t i = 0;

        while (i < LK_MISBEHAVE_COUNT && (strlen(lk_misbehave_names[i]) != size ||
                                          memcmp(lk_misbehave_names[i], names, size) != 0))
            i++;
        if (i == LK_MISBEHAVE_COUNT)
            return false;
        misbehaviour->on[i] = true;
        size += comma != NULL ? 1 : 0;
        names += size;
        length -= size;
    }
    return true;
}

bool lk_misbehaviour_parse(const char *text, struct lk_misbehaviour *ret_misbehaviour)
{
    struct lk_misbehaviour parsed = {.commands = LK_ON_MAKE_CREDENTIAL | LK_ON_GET_ASSERTION};
    const char *space = strchr(text, ' ');
    size_t length = space != NULL ? (size_t)(space - text) : strlen(text);

    if (length == 0)
        return false;
    if (strcmp(text, "none") != 0 && !lk_names_parse(text, length, &parsed))
        return false;
    if (space != NULL) {
        size_t i = 0, count = sizeof(lk_command_names) / sizeof(lk_command_names[0]);

        while (i < count && strcmp(lk_command_names[i].name, space + 1) != 0)
            i++;
        if (i == count)
            return false;
        parsed.commands = lk_command_names[i].commands;
    }
    *ret_misbehaviour = parsed;
    return true;
}

void lk_misbehaviour_print(const struct lk_misbehaviour *misbehaviour, char *ret_text, size_t size)
{
    size_t used = 0;

    snprintf(ret_text, size, "none");
    for (size_t i = 0; i < LK_MISBEHAVE_COUNT; i++) {
        if (misbehaviour->on[i] && used < size)
            used += (size_t)snprintf(ret_text + used, size - used, "%s%s", used > 0 ? "," : "",
                                     lk_misbehave_names[i]);
    }
}

static unsigned lk_command_bit(uint8_t command)
{
    switch (command) {
    case LK_CTAP_MAKE_CREDENTIAL:
        return LK_ON_MAKE_CREDENTIAL;
    case LK_CTAP_GET_ASSERTION:
    case LK_CTAP_GET_NEXT_ASSERTION:
        return LK_ON_GET_ASSERTION;
    case LK_CTAP_GET_INFO:
        return LK_ON_GET_INFO;
    case LK_CTAP_CLIENT_PIN:
        return LK_ON_CLIENT_PIN;
    default:
        return LK_ON_OTHER;
    }
}

bool lk_misbehaves(const struct lk_misbehaviour *misbehaviour, enum lk_misbehave what,
                   uint8_t command)
{
    return misbehaviour->on[what] && (misbehaviour->commands & lk_command_bit(command)) != 0;
}

size_t lk_misbehave_reply(const struct lk_misbehaviour *misbehaviour, uint8_t command,
                          uint8_t *reply, size_t length, size_t capacity)
{
    static const uint8_t huge_array[] = {LK_CTAP_OK, 0x9a, 0x0f, 0xff, 0xff, 0xff};

    if (lk_misbehaves(misbehaviour, LK_MISBEHAVE_NO_SUCH_COMMAND, command)) {
        reply[0] = LK_CTAP_INVALID_COMMAND;
        return 1;
    }
    if (lk_misbehaves(misbehaviour, LK_MISBEHAVE_HUGE_ARRAY, command)) {
        memcpy(reply, huge_array, sizeof(huge_array));
        return sizeof(huge_array);
    }
    if (lk_misbehaves(misbehaviour, LK_MISBEHAVE_MALFORMED_CBOR, command)) {
        /* Cut in the middle, with a break code (RFC 8949 section 3.2.1) that closes nothing. */
        length = length / 2 + 1;
        reply[0] = LK_CTAP_OK;
        reply[length - 1] = 0xff;
        return length > 1 ? length : 1;
    }
    if (lk_misbehaves(misbehaviour, LK_MISBEHAVE_TRAILING_BYTES, command) &&
        capacity - length >= 3) {
        memset(reply + length, 0x00, 3);
        return length + 3;
    }
    return length;
}
