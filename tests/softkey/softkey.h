/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The software key itself: everything the command layer, the control channel and the front ends
 * share. One struct lk_softkey is one physical key. There are no threads and no globals.
 */
#ifndef LK_SOFTKEY_SOFTKEY_H
#define LK_SOFTKEY_SOFTKEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "item.h"
#include "misbehave.h"
#include "state.h"

#define LK_CTAP_MESSAGE_MAX  7609 /* CTAP 2.1 section 11.2.4: 64 - 7 + 128 * (64 - 5) */
#define LK_CTAP_ACCEPTED_MAX 2048 /* getInfo maxMsgSize */
#define LK_ALLOW_LIST_MAX    16   /* getInfo maxCredentialCountInList */

enum lk_touch_mode { LK_TOUCH_AUTO, LK_TOUCH_DENY, LK_TOUCH_DELAY, LK_TOUCH_WAIT };
enum lk_uv_mode { LK_UV_OFF, LK_UV_ON, LK_UV_FAIL };
enum lk_attestation_kind {
    LK_ATTESTATION_PACKED, /* x5c under the test root */
    LK_ATTESTATION_SELF,
    LK_ATTESTATION_U2F,
    LK_ATTESTATION_NONE,
};

/* Fixed at the start of the program. */
struct lk_settings {
    uint8_t aaguid[16];
    uint8_t root_seed[32]; /* of the attestation test root; keys with the same one share the root */
    uint32_t firmware_version;
    enum lk_attestation_kind attestation;
    uint64_t touch_timeout_ms;
    unsigned only_pin_protocol; /* 1 or 2; 0: both */
    uint64_t reset_window_ms;   /* CTAP 2.1 section 6.6; 0: a reset is allowed at any time */
    bool trace;                 /* one line a command on stderr */
};

struct lk_counters {
    uint64_t make_credential, get_assertion, get_next_assertion, get_info, client_pin, reset;
    uint64_t selection, unknown;
    uint64_t touches;    /* given, not asked for */
    uint64_t opens;      /* connections over which at least one report came */
    uint64_t cancels;    /* CTAPHID_CANCEL seen, whether or not there was something to cancel */
    uint64_t keepalives; /* sent */
    uint64_t wrong_pins;
    uint64_t inits, pings;
};

enum lk_permission { LK_PERMISSION_MC = 0x01, LK_PERMISSION_GA = 0x02 };

/* CTAP 2.1 section 6.5: what one PIN/UV auth protocol keeps while there is power. */
struct lk_pin_protocol {
    uint8_t agreement[32]; /* private key agreement number */
    uint8_t token[32];
    bool in_use;
    bool user_verified;
    unsigned permissions;
    bool rp_id_bound;
    char rp_id[LK_RP_ID_MAX + 1];
    uint64_t expires_ms;
};

/* A parsed makeCredential or getAssertion, kept while the touch is waited for. */
struct lk_ceremony {
    uint8_t client_data_hash[32];
    char rp_id[LK_RP_ID_MAX + 1];
    uint8_t rp_id_hash[32];
    bool user_presence;    /* asked for (getAssertion) */
    bool verified;         /* UV bit earned */
    bool builtin_uv;       /* option uv: the built-in sensor is asked together with the touch */
    struct lk_reader list; /* allow list or exclude list, as it came; length 0: none */
    /* makeCredential */
    struct lk_resident user;
    int algorithm;
    bool resident;
    unsigned protection; /* credProtect level asked for; 0: none */
    /* clientPIN getPinUvAuthTokenUsingUv */
    unsigned protocol;
    unsigned permissions;
    uint8_t shared[64];
};

/* Credentials found by getAssertion, newest first; getNextAssertion walks through them. */
struct lk_found {
    size_t count, next;
    uint8_t id[LK_RESIDENTS_MAX][LK_CREDENTIAL_ID_SIZE];
    bool user_presence;
    bool by_allow_list;
    uint64_t expires_ms;
};

struct lk_softkey;

/* Completes a command after the touch; returns a CTAP status. */
typedef int (*lk_ctap_finish)(struct lk_softkey *key, struct lk_writer *reply);

enum lk_phase {
    LK_PHASE_IDLE,
    LK_PHASE_PROCESSING, /* `slow`: the answer is held back, KEEPALIVE says "processing" */
    LK_PHASE_TOUCH,      /* blinking, KEEPALIVE says "user presence needed" */
    LK_PHASE_READY,      /* reply holds the answer */
    LK_PHASE_STALLED,    /* misbehaviour: nothing will ever come */
};

struct lk_softkey {
    struct lk_settings settings;
    struct lk_state state;
    struct lk_counters counters;
    struct lk_misbehaviour misbehaviour;
    enum lk_touch_mode touch;
    uint64_t touch_delay_ms;
    uint64_t slow_ms;
    enum lk_uv_mode uv;
    bool plugged;
    uint64_t now_ms;     /* set by whoever calls in */
    uint64_t powered_ms; /* when it was plugged in */
    unsigned wrong_pins_in_a_row;
    struct lk_pin_protocol pin[2]; /* protocols 1 and 2 */
    enum lk_phase phase;
    uint64_t phase_started_ms;
    lk_ctap_finish finish;
    struct lk_ceremony ceremony;
    struct lk_found found;
    uint8_t request[LK_CTAP_MESSAGE_MAX];
    size_t request_length;
    uint8_t reply[LK_CTAP_MESSAGE_MAX];
    size_t reply_length;
    uint8_t touched
        [LK_CTAP_MESSAGE_MAX]; /* the last assertion given for a touch: what `replay` repeats */
    size_t touched_length;
};

/* Power on: fresh key agreement and tokens, nothing pending, the PIN's power-cycle block lifted. */
void lk_softkey_power_on(struct lk_softkey *key);

#endif
