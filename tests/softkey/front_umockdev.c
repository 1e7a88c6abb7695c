/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Front end: umockdev. /sys shows hidrawN below hid, usb_interface and usb_device; /dev/hidrawN is
 * the slave of a pseudo terminal, as libfido2 wants a character device. So libfido2's own udev
 * enumeration and hid_linux.c run. One pseudo terminal is one stream: hosts share what comes from
 * the key.
 */
#include "front_umockdev.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <umockdev.h>

#include "ctaphid.h"
#include "loop.h"

#define LK_USB         "/devices/pci0000:00/0000:00:14.0/usb1/1-2"
#define LK_HOST_REPORT (LK_REPORT_SIZE + 1) /* libfido2 writes the report number first */
#define LK_IOCTL_DATA  4096                 /* HID_MAX_DESCRIPTOR_SIZE */

struct lk_front_umockdev {
    struct lk_loop *loop;
    struct lk_ctaphid *hid;
    const struct lk_identity *identity;
    UMockdevTestbed *testbed;
    char node[16]; /* "hidraw0"; the next number each time: umockdev cannot make a node twice */
    unsigned plugs;
    int master; /* owned by the testbed */
    int slave;  /* kept open: else the master reports EIO whenever the last host closes */
    size_t length;
    uint8_t report[LK_HOST_REPORT];
};

static bool lk_testbed_failed(GError *error)
{
    fprintf(stderr, "lk_softkey_umockdev: %s\n", error != NULL ? error->message : "no testbed");
    g_clear_error(&error);
    return false;
}

static bool lk_testbed_add(struct lk_front_umockdev *front)
{
    const struct lk_identity *id = front->identity;
    char hid_name[32], description[2048];
    GError *error = NULL;

    snprintf(hid_name, sizeof(hid_name), "0003:%04X:%04X.0001", id->vendor, id->product);
    snprintf(description, sizeof(description),
             "P: " LK_USB "/1-2:1.0/%s/hidraw/%s\n"
             "N: %s\n"
             "E: DEVNAME=/dev/%s\n"
             "E: SUBSYSTEM=hidraw\n\n"
             "P: " LK_USB "/1-2:1.0/%s\n"
             "E: SUBSYSTEM=hid\n"
             "E: HID_ID=0003:%08X:%08X\n"
             "E: HID_NAME=%s %s\n\n"
             "P: " LK_USB "/1-2:1.0\n"
             "E: SUBSYSTEM=usb\n"
             "E: DEVTYPE=usb_interface\n\n"
             "P: " LK_USB "\n"
             "E: SUBSYSTEM=usb\n"
             "E: DEVTYPE=usb_device\n"
             "A: idVendor=%04x\\n\n"
             "A: idProduct=%04x\\n\n"
             "A: manufacturer=%s\\n\n"
             "A: product=%s\\n\n",
             hid_name, front->node, front->node, front->node, hid_name, id->vendor, id->product,
             id->manufacturer, id->name, id->vendor, id->product, id->manufacturer, id->name);
    if (!umockdev_testbed_add_from_string(front->testbed, description, &error))
        return lk_testbed_failed(error);
    return true;
}

/* umockdev takes recorded ioctls from a file. Asked are HIDIOCGRDESCSIZE and
 * HIDIOCGRDESC, whose answers begin with the size as a little-endian number. */
static bool lk_testbed_load_ioctl(struct lk_front_umockdev *front, const char *node)
{
    char path[] = "/tmp/lk_softkey_ioctl.XXXXXX";
    GError *error = NULL;
    int fd = mkstemp(path);
    FILE *record = fd >= 0 ? fdopen(fd, "w") : NULL;
    bool good;

    if (record == NULL) {
        perror(path);
        return false;
    }
    fprintf(record, "@DEV %s\nHIDIOCGRDESCSIZE 0 %02X000000\nHIDIOCGRDESC 0 %02X000000", node,
            LK_REPORT_DESCRIPTOR_SIZE, LK_REPORT_DESCRIPTOR_SIZE);
    for (unsigned i = 0; i < LK_IOCTL_DATA; i++)
        fprintf(record, "%02X", i < LK_REPORT_DESCRIPTOR_SIZE ? lk_report_descriptor[i] : 0);
    fprintf(record, "\n");
    good = fclose(record) == 0 && umockdev_testbed_load_ioctl(front->testbed, node, path, &error);
    unlink(path);
    return good ? true : lk_testbed_failed(error);
}

/* Reports are read whole: raw, at least 64 bytes at a time. */
static bool lk_terminal_open(struct lk_front_umockdev *front, const char *node)
{
    struct termios settings;
    char *name;

    front->master = umockdev_testbed_get_dev_fd(front->testbed, node);
    name = front->master >= 0 ? ptsname(front->master) : NULL;
    if (name == NULL)
        return false;
    front->slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (front->slave < 0 || tcgetattr(front->slave, &settings) != 0)
        return false;
    cfmakeraw(&settings);
    settings.c_cc[VMIN] = LK_REPORT_SIZE;
    settings.c_cc[VTIME] = 0;
    return tcsetattr(front->slave, TCSANOW, &settings) == 0;
}

static void lk_front_umockdev_read(void *context, int fd, short events)
{
    struct lk_front_umockdev *front = context;
    ssize_t got = read(fd, front->report + front->length, sizeof(front->report) - front->length);

    (void)events;
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        perror("pseudo terminal");
        front->loop->stopped = true;
        return;
    }
    front->length += (size_t)got;
    if (front->length == sizeof(front->report)) {
        front->length = 0;
        lk_ctaphid_receive(front->hid, 0, front->report, sizeof(front->report));
    }
}

static void lk_front_umockdev_send(void *context, int connection,
                                   const uint8_t report[LK_REPORT_SIZE])
{
    struct lk_front_umockdev *front = context;

    (void)connection;
    if (write(front->master, report, LK_REPORT_SIZE) != LK_REPORT_SIZE)
        perror("pseudo terminal");
}

static bool lk_testbed_plug(struct lk_front_umockdev *front)
{
    char node[32];

    snprintf(front->node, sizeof(front->node), "hidraw%u", front->plugs++ % 1000);
    snprintf(node, sizeof(node), "/dev/%s", front->node);
    front->length = 0;
    if (!lk_testbed_add(front) || !lk_testbed_load_ioctl(front, node))
        return false;
    if (!lk_terminal_open(front, node) ||
        !lk_loop_watch(front->loop, front->master, lk_front_umockdev_read, front)) {
        perror("pseudo terminal");
        return false;
    }
    umockdev_testbed_uevent(front->testbed, "/sys" LK_USB, "add");
    return true;
}

static void lk_front_umockdev_plug(void *context, bool plugged)
{
    struct lk_front_umockdev *front = context;

    if (plugged) {
        if (!lk_testbed_plug(front))
            front->loop->stopped = true;
        return;
    }
    lk_loop_unwatch(front->loop, front->master);
    close(front->slave);
    umockdev_testbed_uevent(front->testbed, "/sys" LK_USB, "remove");
    umockdev_testbed_clear(front->testbed);
}

bool lk_front_umockdev_open(struct lk_loop *loop, struct lk_ctaphid *hid,
                            const struct lk_identity *identity)
{
    static struct lk_front_umockdev front;

    front = (struct lk_front_umockdev){.loop = loop, .hid = hid, .identity = identity};
    front.testbed = umockdev_testbed_new();
    if (!umockdev_in_mock_environment()) { /* known only once there is a testbed */
        fprintf(stderr, "lk_softkey_umockdev: has to be started with umockdev-wrapper\n");
        return false;
    }
    hid->front = (struct lk_front){&front, lk_front_umockdev_send, lk_front_umockdev_plug};
    return lk_testbed_plug(&front);
}

void lk_front_umockdev_close(struct lk_ctaphid *hid)
{
    struct lk_front_umockdev *front = hid->front.context;

    g_object_unref(front->testbed);
}
