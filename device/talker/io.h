/* SPDX-License-Identifier: EUPL-1.2 */
/* Reports to and from the one key, and frames to and from the broker, watched together: so a cancel reaches a key that is being waited for
 * without threads and signals. */
#ifndef LK_DEVICE_TALKER_IO_H
#define LK_DEVICE_TALKER_IO_H

#include "base/clock.h"
#include "message/device.h"
#include "model/reason.h"

#include <fido.h>

enum {
    LK_REPORT_SIZE = 64, /* libfido2 1.12 takes no other size with I/O functions of one's own */
    LK_DRAIN_MS =
        150, /* how long the key may take to answer a cancel; well under the 300 ms of a whole cancel */
    LK_GETINFO_REPORTS = 40 /* 2,302 bytes of getInfo: more than libfido2 takes */
};

/* The answer of getInfo as it came, to be answered from when libfido2 asks the second time: one exchange less with a slow key. */
struct lk_getinfo_memory {
    uint8_t reports[LK_GETINFO_REPORTS][LK_REPORT_SIZE];
    size_t count;   /* remembered */
    size_t next;    /* to be handed out */
    size_t missing; /* bytes of the answer that have not come yet */
    bool complete;
    bool replaying;
};

struct lk_io {
    int node;    /* the key; non-blocking */
    int control; /* the broker, through the socket that the opener made */
    const struct lk_clock *clock;
    int64_t deadline; /* monotonic milliseconds; the whole ceremony ends then */
    struct lk_buf in; /* from the broker: holds PINs, so it is secret */
    struct lk_buf out;
    uint32_t request; /* id of the ceremony's request */
    enum lk_reason
        ended; /* why no report can come any more: CANCELLED, TIMEOUT, KEY_REMOVED, KEY_BUSY, PROTOCOL; NONE while all is well */
    /* what the key is doing, read off the reports that pass */
    uint8_t channel[4];
    uint8_t command;  /* CTAP command byte of the running CBOR message, 0 = none */
    bool outstanding; /* a message was sent and its answer has not begun */
    bool finger;      /* built-in verification: clientPIN waits for a finger, not for a touch */
    bool
        finger_in_command; /* the same, for keys without tokens: the command itself waits for the finger */
    enum lk_event told; /* last event of this command, so that it is told once */
    struct lk_getinfo_memory getinfo;
};

void lk_io_init(struct lk_io *io, int control, const struct lk_clock *clock);
/* Wipes, closes node and control. */
void lk_io_clear(struct lk_io *io);

/* For fido_dev_set_io_functions. open() takes no context, so the io of this process is set before; a talker has exactly one. */
extern const fido_dev_io_t lk_io_functions;
void lk_io_use(struct lk_io *io);

/* The next frame of the broker, waited for until the deadline (or for ever while it is 0), also watching that the key stays plugged in. LK_REASON_NONE, or
 * what ended the ceremony. The payload is valid until lk_io_consume(size). */
enum lk_reason lk_io_frame(struct lk_io *io, struct lk_frame *ret_frame, size_t *ret_size);
void lk_io_consume(struct lk_io *io, size_t size);
/* Sends and wipes what stands in out. A broker that does not take it is gone: io->ended becomes CANCELLED. */
void lk_io_flush(struct lk_io *io);
void lk_io_event(struct lk_io *io, enum lk_event event, uint8_t retries);
int64_t lk_io_left_ms(const struct lk_io *io);

/* Tells the key to stop (CTAPHID_CANCEL, CTAP 2.1 section 11.2.9.1.5) if it is at work, and reads its answer away, at most LK_DRAIN_MS. */
void lk_io_cancel(struct lk_io *io);

#endif
