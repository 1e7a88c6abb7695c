/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What carries reports between the key and its hosts. A connection is an open device handle; its
 * number is given by the front end. lk_ctaphid_receive takes reports in, `send` takes them out.
 */
#ifndef LK_SOFTKEY_FRONT_H
#define LK_SOFTKEY_FRONT_H

#include <stdbool.h>
#include <stdint.h>

#define LK_REPORT_SIZE      64
#define LK_EVERY_CONNECTION (-1)

struct lk_front {
    void *context;
    void (*send)(void *context, int connection, const uint8_t report[LK_REPORT_SIZE]);
    /* Takes the key out (every handle dies, none can be opened) or puts it in again. */
    void (*plug)(void *context, bool plugged);
};

struct lk_loop;
struct lk_ctaphid;
struct lk_identity;

/* Each opens one front end, fills hid->front and watches its descriptors in the loop. They live
 * until the program ends. False: it did not work, and the reason is on stderr. */
bool lk_front_socket_open(struct lk_loop *loop, struct lk_ctaphid *hid, const char *path);
void lk_front_socket_close(struct lk_ctaphid *hid);
bool lk_front_uhid_open(struct lk_loop *loop, struct lk_ctaphid *hid,
                        const struct lk_identity *identity);
bool lk_front_stdin_open(struct lk_loop *loop, struct lk_ctaphid *hid);

/* How the device calls itself where it appears as hardware. */
struct lk_identity {
    uint16_t vendor;
    uint16_t product;
    const char *manufacturer;
    const char *name;
};

/* HID report descriptor of a FIDO device (CTAP 2.1 section 11.2.8.1). */
#define LK_REPORT_DESCRIPTOR_SIZE 34
extern const uint8_t lk_report_descriptor[LK_REPORT_DESCRIPTOR_SIZE];

#endif
