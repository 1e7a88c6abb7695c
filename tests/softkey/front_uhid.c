/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Front end: the kernel's /dev/uhid. The key becomes a real hidraw device on the USB bus number.
 * Opens are those the kernel tells (the first handle of several); unplugging destroys the device.
 */
#include "front.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <linux/uhid.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctaphid.h"
#include "loop.h"

struct lk_front_uhid {
    struct lk_loop *loop;
    struct lk_ctaphid *hid;
    const struct lk_identity *identity;
    int fd;
};

static bool lk_uhid_write(struct lk_front_uhid *front, const struct uhid_event *event)
{
    ssize_t written;

    do
        written = write(front->fd, event, sizeof(*event));
    while (written < 0 && errno == EINTR);
    return written == (ssize_t)sizeof(*event);
}

static bool lk_uhid_create(struct lk_front_uhid *front)
{
    struct uhid_event event;

    memset(&event, 0, sizeof(event));
    event.type = UHID_CREATE2;
    snprintf((char *)event.u.create2.name, sizeof(event.u.create2.name), "%s %s",
             front->identity->manufacturer, front->identity->name);
    snprintf((char *)event.u.create2.phys, sizeof(event.u.create2.phys), "lk_softkey");
    event.u.create2.rd_size = LK_REPORT_DESCRIPTOR_SIZE;
    memcpy(event.u.create2.rd_data, lk_report_descriptor, LK_REPORT_DESCRIPTOR_SIZE);
    event.u.create2.bus = BUS_USB;
    event.u.create2.vendor = front->identity->vendor;
    event.u.create2.product = front->identity->product;
    return lk_uhid_write(front, &event);
}

static void lk_front_uhid_send(void *context, int connection, const uint8_t report[LK_REPORT_SIZE])
{
    struct lk_front_uhid *front = context;
    struct uhid_event event;

    (void)connection; /* the kernel gives it to every open handle */
    memset(&event, 0, sizeof(event));
    event.type = UHID_INPUT2;
    event.u.input2.size = LK_REPORT_SIZE;
    memcpy(event.u.input2.data, report, LK_REPORT_SIZE);
    if (!lk_uhid_write(front, &event))
        perror("uhid input");
}

static void lk_front_uhid_plug(void *context, bool plugged)
{
    struct lk_front_uhid *front = context;
    struct uhid_event event;

    if (plugged) {
        if (!lk_uhid_create(front))
            perror("uhid create");
        return;
    }
    memset(&event, 0, sizeof(event));
    event.type = UHID_DESTROY;
    if (!lk_uhid_write(front, &event))
        perror("uhid destroy");
}

/* Control transfers are of no use to CTAPHID, but the kernel waits five seconds for each answer. */
static void lk_uhid_refuse(struct lk_front_uhid *front, const struct uhid_event *asked)
{
    struct uhid_event event;

    memset(&event, 0, sizeof(event));
    if (asked->type == UHID_GET_REPORT) {
        event.type = UHID_GET_REPORT_REPLY;
        event.u.get_report_reply.id = asked->u.get_report.id;
        event.u.get_report_reply.err = EIO;
    } else {
        event.type = UHID_SET_REPORT_REPLY;
        event.u.set_report_reply.id = asked->u.set_report.id;
        event.u.set_report_reply.err = EIO;
    }
    if (!lk_uhid_write(front, &event))
        perror("uhid reply");
}

static void lk_front_uhid_read(void *context, int fd, short events)
{
    struct lk_front_uhid *front = context;
    struct uhid_event event;
    ssize_t got;

    (void)events;
    memset(&event, 0, sizeof(event));
    got = read(fd, &event, sizeof(event));
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        perror("uhid");
        front->loop->stopped = true;
        return;
    }
    switch (event.type) {
    case UHID_OPEN:
        front->hid->key->counters.opens++;
        break;
    case UHID_OUTPUT:
        if (front->hid->key->plugged && event.u.output.size <= LK_REPORT_SIZE + 1)
            lk_ctaphid_receive(front->hid, 0, event.u.output.data, event.u.output.size);
        break;
    case UHID_GET_REPORT:
    case UHID_SET_REPORT:
        lk_uhid_refuse(front, &event);
        break;
    default: /* UHID_START, UHID_STOP, UHID_CLOSE need nothing */
        break;
    }
}

bool lk_front_uhid_open(struct lk_loop *loop, struct lk_ctaphid *hid,
                        const struct lk_identity *identity)
{
    static struct lk_front_uhid front;

    front = (struct lk_front_uhid){.loop = loop, .hid = hid, .identity = identity};
    front.fd = open("/dev/uhid", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (front.fd < 0 || !lk_uhid_create(&front) ||
        !lk_loop_watch(loop, front.fd, lk_front_uhid_read, &front)) {
        perror("/dev/uhid");
        return false;
    }
    hid->front = (struct lk_front){&front, lk_front_uhid_send, lk_front_uhid_plug};
    return true;
}
