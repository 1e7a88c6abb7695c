/* SPDX-License-Identifier: EUPL-1.2 */
/* The shipped finder over a made-up /sys and /dev (umockdev): which nodes are keys, what they are called, what happens when one goes. Run under umockdev-wrapper. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <umockdev.h>

#include "device/opener/find.h"

static UMockdevTestbed *testbed;

static int up(void **state)
{
    (void)state;
    testbed = umockdev_testbed_new();
    return 0;
}

static int down(void **state)
{
    (void)state;
    g_object_unref(testbed);
    return 0;
}

/* One HID device with a hidraw node; descriptor in hexadecimal. */
static void plug(int number, const char *hid_name, const char *descriptor)
{
    char text[2048];

    snprintf(text, sizeof(text),
             "P: /devices/usb/hid%d\nE: SUBSYSTEM=hid\nE: HID_ID=0003:00001209:00005070\nE: "
             "HID_NAME=%s\n"
             "H: report_descriptor=%s\n\n"
             "P: /devices/usb/hid%d/hidraw/hidraw%d\nN: hidraw%d\nE: SUBSYSTEM=hidraw\nE: "
             "DEVNAME=/dev/hidraw%d\n"
             "L: device=../../../hid%d\n",
             number, hid_name, descriptor, number, number, number, number, number);
    if (!umockdev_testbed_add_from_string(testbed, text, NULL))
        fail_msg("umockdev does not take:\n%s", text);
}

#define KEY "06D0F10901A1010920150026FF007508954081020921150026FF00750895409102C0"

static void only_keys(void **state)
{
    struct lk_found_key found[LK_FIND_MAX];
    size_t count = 99;

    (void)state;
    assert_int_equal(lk_finder_hidraw.enumerate(NULL, found, LK_FIND_MAX, &count), 0);
    assert_int_equal(count, 0);
    plug(0, "A Keyboard", "05010906A101050715002501750195088102C0");
    plug(1, "Yubico YubiKey\tOTP+FIDO", KEY);
    plug(3, "Other", KEY);
    assert_int_equal(lk_finder_hidraw.enumerate(NULL, found, LK_FIND_MAX, &count), 0);
    assert_int_equal(count, 2);
    assert_string_equal(found[0].path, "/dev/hidraw1");
    assert_string_equal(found[0].name, "Yubico YubiKey?OTP+FIDO");
    assert_int_equal(found[0].report_in, 64);
    assert_int_equal(found[0].report_out, 64);
    assert_non_null(strstr(found[0].id, "hid1/hidraw/hidraw1"));
    assert_string_equal(found[1].path, "/dev/hidraw3");
    assert_int_equal(lk_finder_hidraw.enumerate(NULL, found, 1, &count), 0);
    assert_int_equal(count, 1);
}

static void gone_and_not_a_device(void **state)
{
    struct lk_found_key found[LK_FIND_MAX];
    size_t count = 0;
    int fd = -1;

    (void)state;
    plug(1, "Key", KEY);
    assert_int_equal(lk_finder_hidraw.enumerate(NULL, found, LK_FIND_MAX, &count), 0);
    assert_int_equal(count, 1);
    /* umockdev's node is a link to a terminal: links are refused, and so is what is not a device. */
    assert_int_equal(lk_finder_hidraw.open(NULL, &found[0], &fd), -LK_ERR_LINK);
    strcpy(found[0].path, "/proc/self/status");
    assert_true(lk_finder_hidraw.open(NULL, &found[0], &fd) < 0);
    strcpy(found[0].path, "/dev/hidraw77");
    assert_int_equal(lk_finder_hidraw.open(NULL, &found[0], &fd), -LK_ERR_NOT_FOUND);
    assert_int_equal(fd, -1);
    umockdev_testbed_remove_device(testbed, "/sys/devices/usb/hid1/hidraw/hidraw1");
    assert_int_equal(lk_finder_hidraw.enumerate(NULL, found, LK_FIND_MAX, &count), 0);
    assert_int_equal(count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_keys, up, down),
        cmocka_unit_test_setup_teardown(gone_and_not_a_device, up, down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
