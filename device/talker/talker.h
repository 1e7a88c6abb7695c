/* SPDX-License-Identifier: EUPL-1.2 */
/* One talker: one key, one ceremony, then it exits. Everything it learns comes from the key and is claimed by it; nothing is judged here. */
#ifndef LK_DEVICE_TALKER_TALKER_H
#define LK_DEVICE_TALKER_TALKER_H

#include "base/secret.h"
#include "device/talker/io.h"

enum {
    LK_PIN_QUESTIONS = 5, /* in one ceremony; the key itself allows three in a row */
    LK_PIN_TRIES_KEPT =
        3, /* at this many tries left no PIN is sent any more: the holder can still unblock the key elsewhere */
    LK_PIN_MINIMUM = 4,  /* code points, CTAP 2.1 section 6.5.1 */
    LK_FINGER_TRIES = 3, /* before the PIN is asked for instead */
    LK_REJECTED_MAX = 8  /* a key has eight PIN tries */
};

/* What getInfo said, as far as a ceremony needs it. Zero = not told. */
struct lk_key_limits {
    uint64_t list_max;     /* maxCredentialCountInList */
    uint64_t id_max;       /* maxCredentialIdLength */
    uint64_t message_max;  /* maxMsgSize */
    uint64_t finger_tries; /* preferredPlatformUvAttempts */
};

struct lk_talker {
    struct lk_io io;
    struct lk_device_node node;
    fido_dev_t *device;
    struct lk_device_info info;
    struct lk_key_limits limits;
    uint8_t retries;       /* last known number of PIN or finger tries, for FAILED */
    struct lk_secret *pin; /* the one PIN, while it is needed */
    struct lk_buf
        rejected; /* secret: PINs this key refused in this ceremony, each with its length */
};

/* One attempt at the operation: pin may be NULL; finger: with built-in verification. Returns what libfido2 returned. */
struct lk_operation {
    int (*run)(struct lk_talker *talker, const char *pin, bool finger, void *context);
    void *context;
};

/* info.c: getInfo. Sets info and limits. */
enum lk_reason lk_talker_read_info(struct lk_talker *talker);

/* pin.c: runs the operation with the verification that flags (LK_CEREMONY_) ask for: none, built-in, or PIN asked back from the person. NONE: it succeeded. */
enum lk_reason lk_talker_verify(struct lk_talker *talker, uint32_t flags,
                                const struct lk_operation *operation);

/* select.c: waits for the touch that chooses this key, and tells it. NONE, or why the key is out: CANCELLED when another was chosen. */
enum lk_reason lk_talker_select(struct lk_talker *talker);

/* The reason for an error of libfido2, unless the io knows better why no answer came. */
enum lk_reason lk_talker_reason(const struct lk_talker *talker, int fido_error);

/* allow_list.c: which of the credentials does this key hold? */
enum lk_found {
    LK_FOUND_YES,
    LK_FOUND_NO,
    LK_FOUND_UNKNOWN /* the key does not answer silent questions */
};
struct lk_credential_list {
    const char *relying_party;
    const struct lk_view *ids;
    uint32_t count;
};
/* Credentials from start on that fit into one command of this key, at least 1; ids that the key cannot have made count as fitting. */
uint32_t lk_list_chunk(const struct lk_talker *talker, const struct lk_credential_list *list,
                       uint32_t start);
/* Could this key have made a credential id of this length? */
bool lk_list_possible(const struct lk_talker *talker, struct lk_view id);
/* Asks silently (up = false), chunk by chunk; *ret_start and *ret_count tell the chunk that has it. NONE with *ret_found, or why the key is lost. */
enum lk_reason lk_list_probe(struct lk_talker *talker, const struct lk_credential_list *list,
                             enum lk_found *ret_found, uint32_t *ret_start, uint32_t *ret_count);

/* get_assertion.c, make_credential.c: the whole ceremony; NONE: the answer stands in io.out. */
enum lk_reason lk_talker_get_assertion(struct lk_talker *talker,
                                       const struct lk_device_assert *request);
enum lk_reason lk_talker_make_credential(struct lk_talker *talker,
                                         const struct lk_device_create *request);

/* warm.c: lets libfido2 and libcrypto do once, against a key made of fixed bytes, what a ceremony with a PIN does: what they load and fetch on first use
 * is loaded before the filter. Failure costs time later and nothing else. */
void lk_talker_warm(void);

#endif
