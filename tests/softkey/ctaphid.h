/* SPDX-License-Identifier: EUPL-1.2 */
/* CTAPHID (CTAP 2.1 section 11.2): channels, packets of 64 bytes, KEEPALIVE, CANCEL, errors. */
#ifndef LK_SOFTKEY_CTAPHID_H
#define LK_SOFTKEY_CTAPHID_H

#include "front.h"
#include "softkey.h"

#define LK_CHANNELS_MAX 256

struct lk_channel {
    uint32_t id;
    int connection;
};

struct lk_ctaphid {
    struct lk_softkey *key;
    struct lk_front front;
    bool broadcast; /* every handle sees every report, as with the kernel's hidraw */
    struct lk_channel channel[LK_CHANNELS_MAX]; /* a ring: the oldest is forgotten */
    uint32_t channels_made;
    /* The message that is being put together. */
    bool assembling;
    uint32_t message_channel;
    uint8_t message_command;
    uint8_t message_sequence;
    size_t message_expected;
    size_t message_length;
    uint64_t message_at_ms;
    uint8_t message[LK_CTAP_MESSAGE_MAX];
    /* The CBOR command that is being carried out. */
    bool running;
    uint32_t running_channel;
    uint8_t running_command;  /* CTAP command number */
    uint8_t keepalive_status; /* last one sent; 0: none yet */
    uint64_t keepalive_at_ms;
};

/* Takes one report: 64 bytes, or 65 with the leading report number 0. Others are ignored. */
void lk_ctaphid_receive(struct lk_ctaphid *hid, int connection, const uint8_t *report,
                        size_t length);
/* Serves what time has brought: replies, KEEPALIVEs, time-outs. */
void lk_ctaphid_tick(struct lk_ctaphid *hid);
/* Milliseconds until the next tick; -1: none needed. */
int64_t lk_ctaphid_due(const struct lk_ctaphid *hid);
/* The key loses its power and its connections, or gets power again. */
void lk_ctaphid_unplug(struct lk_ctaphid *hid);
void lk_ctaphid_plug(struct lk_ctaphid *hid);
/* Misbehaviour was changed: a command that stalled is forgotten. */
void lk_ctaphid_release(struct lk_ctaphid *hid);

#endif
