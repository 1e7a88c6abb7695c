/* SPDX-License-Identifier: EUPL-1.2 */
/* Which HID device is a security key: report descriptors as real ones have them, and broken ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "device/opener/find.h"

/* CTAP 2.1 section 11.2.8.1, the example there. */
static const uint8_t key[] = {0x06, 0xd0, 0xf1, 0x09, 0x01, 0xa1, 0x01, 0x09, 0x20,
                              0x15, 0x00, 0x26, 0xff, 0x00, 0x75, 0x08, 0x95, 0x40,
                              0x81, 0x02, 0x09, 0x21, 0x15, 0x00, 0x26, 0xff, 0x00,
                              0x75, 0x08, 0x95, 0x40, 0x91, 0x02, 0xc0};
/* A boot keyboard, HID 1.11 appendix B.1 (shortened). */
static const uint8_t keyboard[] = {0x05, 0x01, 0x09, 0x06, 0xa1, 0x01, 0x05, 0x07, 0x19, 0xe0,
                                   0x29, 0xe7, 0x15, 0x00, 0x25, 0x01, 0x75, 0x01, 0x95, 0x08,
                                   0x81, 0x02, 0x95, 0x01, 0x75, 0x08, 0x81, 0x01, 0xc0};

static int look(const uint8_t *data, size_t len, uint16_t *ret_in, uint16_t *ret_out)
{
    return lk_report_descriptor_read(LK_VIEW(data, len), ret_in, ret_out);
}

static void keys(void **state)
{
    uint8_t both[sizeof(keyboard) + sizeof(key)];
    uint16_t in = 0;
    uint16_t out = 0;

    (void)state;
    assert_int_equal(look(key, sizeof(key), &in, &out), 0);
    assert_int_equal(in, 64);
    assert_int_equal(out, 64);
    memcpy(both, keyboard, sizeof(keyboard));
    memcpy(both + sizeof(keyboard), key, sizeof(key));
    in = out = 0;
    assert_int_equal(look(both, sizeof(both), &in, &out), 0);
    assert_int_equal(in, 64);
    /* The collection's own reports count, not those of the keyboard behind it. */
    memcpy(both, key, sizeof(key));
    memcpy(both + sizeof(key), keyboard, sizeof(keyboard));
    in = out = 0;
    assert_int_equal(look(both, sizeof(both), &in, &out), 0);
    assert_int_equal(in, 64);
    assert_int_equal(out, 64);
}

static void others(void **state)
{
    uint8_t other[sizeof(key)];
    uint16_t in = 7;
    uint16_t out = 7;

    (void)state;
    assert_int_equal(look(keyboard, sizeof(keyboard), &in, &out), -LK_ERR_NOT_FOUND);
    assert_int_equal(look(NULL, 0, &in, &out), -LK_ERR_NOT_FOUND);
    memcpy(other, key, sizeof(key));
    other[4] = 2; /* another usage of the same page */
    assert_int_equal(look(other, sizeof(other), &in, &out), -LK_ERR_NOT_FOUND);
    assert_int_equal(in, 7);
    assert_int_equal(out, 7);
}

static void broken(void **state)
{
    static const uint8_t long_item[] = {0xfe, 0x01, 0x00, 0x00};
    uint8_t bytes[sizeof(key)];
    uint8_t nested[128];
    uint16_t in = 0;
    uint16_t out = 0;

    (void)state;
    /* Cut anywhere: never a key before both reports are known. */
    for (size_t len = 0; len < sizeof(key) - 1; len++) {
        int error = look(key, len, &in, &out);

        assert_true(len >= 33 ? error == 0 : error < 0);
    }
    assert_int_equal(look(long_item, sizeof(long_item), &in, &out), -LK_ERR_RANGE);
    memset(nested, 0xa0, sizeof(nested));
    assert_int_equal(look(nested, sizeof(nested), &in, &out), -LK_ERR_RANGE);
    memset(nested, 0xc0, sizeof(nested));
    assert_int_equal(look(nested, sizeof(nested), &in, &out), -LK_ERR_RANGE);
    memcpy(bytes, key, sizeof(key));
    bytes[17] = 0; /* no reports */
    assert_int_equal(look(bytes, sizeof(bytes), &in, &out), -LK_ERR_RANGE);
    memcpy(bytes, key, sizeof(key));
    bytes[15] = 7; /* 448 bits are 56 bytes */
    assert_int_equal(look(bytes, sizeof(bytes), &in, &out), 0);
    assert_int_equal(in, 56);
    bytes[17] = 1; /* 7 bits are not */
    assert_int_equal(look(bytes, sizeof(bytes), &in, &out), -LK_ERR_RANGE);
    /* Every byte changed to every value: no answer out of bounds. */
    for (size_t at = 0; at < sizeof(key); at++) {
        for (unsigned value = 0; value < 256; value++) {
            memcpy(bytes, key, sizeof(key));
            bytes[at] = (uint8_t)value;
            in = out = 1;
            if (look(bytes, sizeof(bytes), &in, &out) == 0)
                assert_true(in > 0 && in <= 4096 && out > 0 && out <= 4096);
        }
    }
}

static void names(void **state)
{
    static const uint8_t hostile[] = "\033[31mKey\n\200\377 ok\177";
    char name[16];

    (void)state;
    lk_found_name(name, sizeof(name), LK_VIEW(hostile, sizeof(hostile) - 1));
    assert_string_equal(name, "?[31mKey??? ok?");
    lk_found_name(name, 4, LK_VIEW(hostile + 5, 3));
    assert_string_equal(name, "Key");
    lk_found_name(name, 3, LK_VIEW(hostile + 5, 3));
    assert_string_equal(name, "Ke");
    lk_found_name(name, sizeof(name), LK_VIEW(hostile, 0));
    assert_string_equal(name, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys),
        cmocka_unit_test(others),
        cmocka_unit_test(broken),
        cmocka_unit_test(names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
