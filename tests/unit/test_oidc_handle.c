/* SPDX-License-Identifier: EUPL-1.2 */
/* Codes, access tokens and sids: what is made later lies behind, what the store is told gives nothing back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "oidc_fixture.h"

static void make(int64_t now, char text[LK_OIDC_HANDLE_TEXT + 1], uint8_t name[32])
{
    assert_int_equal(lk_oidc_handle_make(&oidc, now, text), 0);
    assert_int_equal(strlen(text), LK_OIDC_HANDLE_TEXT);
    assert_int_equal(lk_oidc_handle_name(&oidc, oidc_text(text), name), 0);
}

static void known_name(void **state)
{
    /* base64url and SHA-256 of this text by another hand. */
    static const uint8_t wanted[32] = {0x04, 0x10, 0x41, 0x04, 0x6a, 0xef, 0xcc, 0x5c,
                                       0x8b, 0x4a, 0x5f, 0x9c, 0x3f, 0x82, 0xd7, 0x7f,
                                       0x9c, 0xa8, 0x00, 0x9e, 0x23, 0x88, 0x80, 0xde,
                                       0xa2, 0xa2, 0x7f, 0x6e, 0xef, 0x19, 0xdb, 0x13};
    uint8_t name[32];

    (void)state;
    assert_int_equal(lk_oidc_handle_name(&oidc, oidc_text(OIDC_ACCESS), name), 0);
    assert_memory_equal(name, wanted, 32);
}

static void in_order_of_time(void **state)
{
    static const uint8_t time[] = {0x6a, 0xfd, 0x86, 0xff};
    char text[2][LK_OIDC_HANDLE_TEXT + 1];
    uint8_t name[2][32];
    uint8_t sid[2][16];

    (void)state;
    make(0x6afd86ff, text[0], name[0]);
    make(0x6afd8700, text[1], name[1]);
    assert_memory_equal(name[0], time, 4);
    assert_true(memcmp(name[0], name[1], 32) < 0);
    assert_int_equal(lk_oidc_sid_make(&oidc, 0x6afd86ff, sid[0]), 0);
    assert_int_equal(lk_oidc_sid_make(&oidc, 0x6afd8700, sid[1]), 0);
    assert_memory_equal(sid[0], time, 4);
    assert_true(memcmp(sid[0], sid[1], 16) < 0);
}

static void never_twice(void **state)
{
    char text[2][LK_OIDC_HANDLE_TEXT + 1];
    uint8_t name[2][32];
    uint8_t sid[2][16];

    (void)state;
    make(OIDC_NOW, text[0], name[0]);
    make(OIDC_NOW, text[1], name[1]);
    /* All that is not the time: 28 bytes of the handle from its seventh character on, 28 of the name, 12 of the sid. */
    assert_string_not_equal(text[0] + 6, text[1] + 6);
    assert_memory_not_equal(name[0] + 4, name[1] + 4, 28);
    assert_int_equal(lk_oidc_sid_make(&oidc, OIDC_NOW, sid[0]), 0);
    assert_int_equal(lk_oidc_sid_make(&oidc, OIDC_NOW, sid[1]), 0);
    assert_memory_not_equal(sid[0] + 4, sid[1] + 4, 12);
}

/* Each character counts, those of the time as well; what is no handle has a name that no handle has. */
static void other_texts(void **state)
{
    char text[LK_OIDC_HANDLE_TEXT + 1];
    uint8_t name[32];
    uint8_t other[32];

    (void)state;
    make(OIDC_NOW, text, name);
    for (size_t i = 0; i < LK_OIDC_HANDLE_TEXT; i++) {
        char was = text[i];

        text[i] = was == 'A' ? 'B' : 'A';
        assert_int_equal(lk_oidc_handle_name(&oidc, oidc_text(text), other), 0);
        assert_memory_not_equal(name + 4, other + 4, 28);
        text[i] = was;
    }
    text[3] = '!';
    assert_int_equal(lk_oidc_handle_name(&oidc, oidc_text(text), other), 0);
    assert_memory_equal(other, "\0\0\0\0", 4);
    assert_int_equal(lk_oidc_handle_name(&oidc, oidc_text(""), other), 0);
    assert_memory_equal(other, "\0\0\0\0", 4);
    assert_memory_not_equal(name + 4, other + 4, 28);
}

static int no_random(void *context, void *ret_data, size_t len)
{
    (void)context;
    memset(ret_data, 0, len);
    return -LK_ERR_IO;
}

static void without_random(void **state)
{
    static const struct lk_random none = {.fill = no_random};
    const struct lk_random *was = oidc.random;
    char text[LK_OIDC_HANDLE_TEXT + 1];
    uint8_t sid[16];

    (void)state;
    oidc.random = &none;
    assert_int_equal(lk_oidc_handle_make(&oidc, OIDC_NOW, text), -LK_ERR_IO);
    assert_int_equal(lk_oidc_sid_make(&oidc, OIDC_NOW, sid), -LK_ERR_IO);
    oidc.random = was;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_name),     cmocka_unit_test(in_order_of_time),
        cmocka_unit_test(never_twice),    cmocka_unit_test(other_texts),
        cmocka_unit_test(without_random),
    };

    return cmocka_run_group_tests(tests, oidc_start, oidc_stop);
}
