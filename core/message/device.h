/* SPDX-License-Identifier: EUPL-1.2 */
/* Messages between broker, opener and talker.
 *
 * The broker has one kept connection to the opener. For a ceremony it sends START; for every key that is there or comes, the opener takes a
 * talker from its pool (already exec'd, libraries loaded), sends it NODE with the opened node as descriptor, and hands the
 * talker's control socket to the broker with KEY. From then on broker and talker speak directly, and closing that socket ends the
 * talker: it cancels (CTAPHID_CANCEL), drains, closes the node and exits.
 *
 * HELLO: on the link both ends send one first frame HELLO (role LK_SOCKET_OPENER) without waiting for the other's. A talker's control
 * socket has none: it lives for one ceremony and its talker is the opener's own program. */
#ifndef LK_MESSAGE_DEVICE_H
#define LK_MESSAGE_DEVICE_H

#include "message/host.h"

enum { LK_ALLOW_MAX = 64, LK_TRANSPORT_REPORT = 64 };

/* broker -> opener: look for keys until STOP. One ceremony at a time per opener: a second START while one runs answers BUSY. request id = ceremony. */
LK_MUST_USE int lk_device_start_encode(struct lk_buf *buf, uint32_t ceremony);
LK_MUST_USE int lk_device_stop_encode(struct lk_buf *buf, uint32_t ceremony);
/* opener -> broker: no key is plugged in now (sent at once after START if so, and when the last one goes). */
LK_MUST_USE int lk_device_none_encode(struct lk_buf *buf, uint32_t ceremony);
/* opener -> broker: a key was found but another program holds it (flock for 500 ms), detail = its name. */
struct lk_device_busy {
    char detail[129];
};
LK_MUST_USE int lk_device_busy_encode(struct lk_buf *buf, uint32_t ceremony,
                                      const struct lk_device_busy *busy);
LK_MUST_USE int lk_device_busy_decode(struct lk_view payload, struct lk_device_busy *ret_busy);
/* opener -> broker, with the talker's control socket as descriptor. */
struct lk_device_key {
    uint32_t key;   /* number of this key within the ceremony, from 1 */
    char name[129]; /* as the system names it (sysfs), printable */
};
LK_MUST_USE int lk_device_key_encode(struct lk_buf *buf, uint32_t ceremony,
                                     const struct lk_device_key *key);
LK_MUST_USE int lk_device_key_decode(struct lk_view payload, struct lk_device_key *ret_key);

/* opener -> talker, with the node as descriptor; the talker has entered its sandbox before it reads this. */
struct lk_device_node {
    uint16_t report_in;  /* bytes a read gives, 64 for every known key */
    uint16_t report_out; /* bytes of a report without the leading report id */
    char name[129];
};
LK_MUST_USE int lk_device_node_encode(struct lk_buf *buf, const struct lk_device_node *node);
LK_MUST_USE int lk_device_node_decode(struct lk_view payload, struct lk_device_node *ret_node);

enum {
    LK_CEREMONY_UV = 1, /* user verification is required */
    LK_CEREMONY_PROBE =
        2, /* first ask silently (up = false) whether the key holds one of the allowed credentials */
    LK_CEREMONY_PIN = 4,         /* a PIN may be asked for */
    LK_CEREMONY_RESIDENT = 8,    /* make a discoverable credential */
    LK_CEREMONY_CHOOSE_PIN = 16, /* a key without PIN may be given one by its holder */
    /* CREATE only: other keys are plugged in too. The key waits for a touch that chooses it (SELECTED) before anything is asked of the person. */
    LK_CEREMONY_SELECT = 32
};

/* broker -> talker, once: exactly one of ASSERT and CREATE. */
struct lk_device_assert {
    uint32_t flags;
    uint32_t timeout_ms;
    char relying_party[256];
    uint8_t client_data_hash[32];
    uint32_t allow_count;               /* 0 = discoverable */
    struct lk_view allow[LK_ALLOW_MAX]; /* credential ids, 1 to 1023 bytes */
};
LK_MUST_USE int lk_device_assert_encode(struct lk_buf *buf, uint32_t request,
                                        const struct lk_device_assert *assert_request);
LK_MUST_USE int lk_device_assert_decode(struct lk_view payload,
                                        struct lk_device_assert *ret_request);

struct lk_device_create {
    uint32_t flags;
    uint32_t timeout_ms;
    char relying_party[256];
    char relying_party_name[65];
    uint8_t client_data_hash[32];
    uint8_t user_id[16];
    char user_name[65];
    char display_name[129];
    uint8_t protection; /* credProtect 1..3, 0 = do not ask */
    uint32_t exclude_count;
    struct lk_view exclude[LK_ALLOW_MAX];
};
LK_MUST_USE int lk_device_create_encode(struct lk_buf *buf, uint32_t request,
                                        const struct lk_device_create *create);
LK_MUST_USE int lk_device_create_decode(struct lk_view payload,
                                        struct lk_device_create *ret_create);

/* talker -> broker: after the first exchange with the key; all of it claimed by the device. Then EVENT and ASK_PIN (message/host.h) as they happen;
 * broker -> talker: PIN, CANCEL. */
struct lk_device_info {
    uint8_t aaguid[16];
    uint64_t firmware; /* getInfo firmwareVersion, 0 = not told */
    char name[129];
    uint32_t options;    /* LK_KEY_ bits */
    uint8_t pin_retries; /* or LK_RETRIES_UNKNOWN */
    uint8_t minimum_pin; /* code points; 4 if not told */
};
enum {
    LK_KEY_PIN_SET = 1,
    LK_KEY_PIN_CAPABLE = 2,
    LK_KEY_UV_SET = 4,
    LK_KEY_RESIDENT = 8,
    LK_KEY_CTAP1_ONLY = 16
};
LK_MUST_USE int lk_device_info_encode(struct lk_buf *buf, uint32_t request,
                                      const struct lk_device_info *info);
LK_MUST_USE int lk_device_info_decode(struct lk_view payload, struct lk_device_info *ret_info);

/* talker -> broker: this key was touched in a selection (LK_CEREMONY_SELECT; CTAP 2.1 section 6.1.2 step 1, the empty pinUvAuthParam). The broker lets the
 * others go. Once, before ASK_PIN. */
LK_MUST_USE int lk_device_selected_encode(struct lk_buf *buf, uint32_t request);

/* talker -> broker: the end of a ceremony, exactly one of ASSERTION, CREDENTIAL, FAILED; then the talker exits. FAILED has request id 0 where the key was
 * pulled out before a request came. */
struct lk_device_assertion {
    struct lk_view credential_id;
    struct lk_view authenticator_data; /* raw, not CBOR-wrapped */
    struct lk_view signature;
    struct lk_view user_handle;
};
LK_MUST_USE int lk_device_assertion_encode(struct lk_buf *buf, uint32_t request,
                                           const struct lk_device_assertion *assertion);
LK_MUST_USE int lk_device_assertion_decode(struct lk_view payload,
                                           struct lk_device_assertion *ret_assertion);

struct lk_device_credential {
    struct lk_view attestation_object; /* canonical CBOR {fmt, attStmt, authData} */
};
LK_MUST_USE int lk_device_credential_encode(struct lk_buf *buf, uint32_t request,
                                            const struct lk_device_credential *credential);
LK_MUST_USE int lk_device_credential_decode(struct lk_view payload,
                                            struct lk_device_credential *ret_credential);

struct lk_device_failed {
    uint32_t reason; /* enum lk_reason number */
    uint8_t retries;
};
LK_MUST_USE int lk_device_failed_encode(struct lk_buf *buf, uint32_t request,
                                        const struct lk_device_failed *failed);
LK_MUST_USE int lk_device_failed_decode(struct lk_view payload,
                                        struct lk_device_failed *ret_failed);

#endif
