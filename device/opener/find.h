/* SPDX-License-Identifier: EUPL-1.2 */
/* The seam between the opener and where its keys come from. The shipped finder knows hidraw nodes; the test opener (tests/device) hands in one that
 * knows sockets of the software key. A finder opens nodes and never reads from one. */
#ifndef LK_DEVICE_OPENER_FIND_H
#define LK_DEVICE_OPENER_FIND_H

#include "message/device.h"

enum { LK_FIND_MAX = 16, LK_FIND_DESCRIPTOR_MAX = 4096 };

struct lk_found_key {
    char id[256];   /* differs each time a key is plugged in, so that a fast replug is a new key */
    char path[256]; /* what is opened */
    char name[129]; /* printable ASCII, for people */
    uint16_t report_in;
    uint16_t report_out;
};

struct lk_finder {
    /* A descriptor (CLOEXEC, non-blocking, the caller's) that becomes readable when keys may have come, gone or changed their permission.
     * -LK_ERR_IO. */
    int (*watch)(void *context, int *ret_fd);
    /* The keys that are plugged in now, at most max, in a stable order. 0 even when there are none; -LK_ERR_IO. */
    int (*enumerate)(void *context, struct lk_found_key *ret_keys, size_t max, size_t *ret_count);
    /* Opens and locks without waiting. -LK_ERR_BUSY: another program holds it; -LK_ERR_DENIED: no permission (yet); -LK_ERR_NOT_FOUND: gone;
     * -LK_ERR_IO. */
    int (*open)(void *context, const struct lk_found_key *key, int *ret_fd);
    void *context;
};

/* Keys of this machine, by /sys/class/hidraw and /dev. */
extern const struct lk_finder lk_finder_hidraw;

/* Does a HID report descriptor (HID 1.11 section 6.2.2) hold a CTAPHID collection (CTAP 2.1 section 11.2.8.1: usage page 0xF1D0, usage 1), and how many bytes
 * have its reports? 0; -LK_ERR_NOT_FOUND: another kind of device; -LK_ERR_TRUNCATED, -LK_ERR_RANGE: malformed. The bytes come from the device. */
LK_MUST_USE int lk_report_descriptor_read(struct lk_view descriptor, uint16_t *ret_in,
                                          uint16_t *ret_out);
/* Copies a name that a device gave itself: printable ASCII stays, every other byte becomes '?'; cut to size - 1. */
void lk_found_name(char *ret_name, size_t size, struct lk_view text);

#endif
