/* SPDX-License-Identifier: EUPL-1.2 */
/* The bounded buffer and its views: success, refusal, broken input, and an allocation that fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

/* Fails the n-th allocation from now on; 0 = none. */
static int fail_at;

void *__real_malloc(size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_realloc(void *old, size_t size);

static bool due(void)
{
    return fail_at > 0 && --fail_at == 0;
}

void *__wrap_malloc(size_t size)
{
    return due() ? NULL : __real_malloc(size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return due() ? NULL : __real_realloc(old, size);
}

static void test_round_trip(void **state)
{
    static const uint8_t expected[] = {1,  2, 3, 4,   5,   6, 7, 8, 9, 10, 11, 12,  13,  14,
                                       15, 0, 2, 'a', 'b', 0, 0, 0, 0, 0,  3,  'x', 'y', 'z'};
    struct lk_buf buf = LK_BUF_INIT(64);
    struct lk_view view;
    struct lk_view field;
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    char text[3];

    (void)state;
    lk_buf_put_u8(&buf, 1);
    lk_buf_put_u16(&buf, 0x0203);
    lk_buf_put_u32(&buf, 0x04050607);
    lk_buf_put_u64(&buf, 0x08090a0b0c0d0e0f);
    lk_buf_put_string(&buf, "ab");
    lk_buf_put_string(&buf, NULL);
    lk_buf_put_field32(&buf, "xyz", 3);
    assert_int_equal(lk_buf_error(&buf), 0);
    assert_int_equal(buf.len, sizeof expected);
    assert_memory_equal(buf.data, expected, sizeof expected);

    view = lk_buf_view(&buf);
    assert_int_equal(lk_view_get_u8(&view, &u8), 0);
    assert_int_equal(u8, 1);
    assert_int_equal(lk_view_get_u16(&view, &u16), 0);
    assert_int_equal(u16, 0x0203);
    assert_int_equal(lk_view_get_u32(&view, &u32), 0);
    assert_int_equal(u32, 0x04050607);
    assert_int_equal(lk_view_get_u64(&view, &u64), 0);
    assert_true(u64 == 0x08090a0b0c0d0e0f);
    assert_int_equal(lk_view_get_string(&view, text, sizeof text), 0);
    assert_string_equal(text, "ab");
    assert_int_equal(lk_view_get_field(&view, 0, &field), 0);
    assert_int_equal(field.len, 0);
    assert_int_equal(lk_view_end(&view), -LK_ERR_TRAILING);
    assert_int_equal(lk_view_get_field32(&view, 3, &field), 0);
    assert_true(lk_view_equal(field, LK_VIEW((const uint8_t *)"xyz", 3)));
    assert_int_equal(lk_view_end(&view), 0);
    lk_buf_clear(&buf);
    lk_buf_clear(NULL);
}

static void test_maximum(void **state)
{
    struct lk_buf buf = LK_BUF_INIT(5);

    (void)state;
    lk_buf_put_u32(&buf, 1);
    lk_buf_put_u16(&buf, 2);
    assert_int_equal(lk_buf_error(&buf), -LK_ERR_TOO_BIG);
    assert_int_equal(buf.len, 4);
    /* Sticky: what would fit is not taken any more, nor handed out. */
    lk_buf_put_u8(&buf, 3);
    assert_int_equal(buf.len, 4);
    assert_null(lk_buf_take(&buf, &(size_t){0}));
    lk_buf_reset(&buf);
    /* A field is written whole or not at all. */
    lk_buf_put_u8(&buf, 3);
    lk_buf_put_field(&buf, "abc", 3);
    assert_int_equal(lk_buf_error(&buf), -LK_ERR_TOO_BIG);
    assert_int_equal(buf.len, 1);
    lk_buf_clear(&buf);
    lk_buf_put_bytes(&buf, "12345", 5);
    assert_int_equal(lk_buf_error(&buf), 0);
    assert_null(lk_buf_reserve(&buf, SIZE_MAX));
    assert_int_equal(lk_buf_error(&buf), -LK_ERR_TOO_BIG);
    lk_buf_clear(&buf);
    lk_buf_init(&buf, 0);
    lk_buf_put_u8(&buf, 1);
    assert_int_equal(lk_buf_error(&buf), -LK_ERR_TOO_BIG);
    lk_buf_clear(&buf);
    lk_buf_init(&buf, 70000);
    lk_buf_put_field(&buf, lk_buf_reserve(&buf, 1), 65536);
    assert_int_equal(lk_buf_error(&buf), -LK_ERR_TOO_BIG);
    assert_int_equal(buf.len, 1);
    lk_buf_clear(&buf);
}

static void test_growth_consume_take(void **state)
{
    struct lk_buf buf = LK_BUF_INIT(100000);
    size_t len = 0;
    uint8_t *taken;

    (void)state;
    for (uint32_t i = 0; i < 25000; i++)
        lk_buf_put_u32(&buf, i);
    assert_int_equal(lk_buf_error(&buf), 0);
    assert_int_equal(buf.len, 100000);
    lk_buf_put_u8(&buf, 0);
    assert_int_equal(lk_buf_error(&buf), -LK_ERR_TOO_BIG);
    buf.error = 0;
    lk_buf_consume(&buf, 24999 * 4);
    assert_int_equal(buf.len, 4);
    assert_memory_equal(buf.data, ((const uint8_t[]){0, 0, 0x61, 0xa7}), 4);
    lk_buf_set_u32(&buf, 0, 0x01020304);
    assert_memory_equal(buf.data, ((const uint8_t[]){1, 2, 3, 4}), 4);
    lk_buf_set_u32(&buf, 1, 9);
    assert_int_equal(lk_buf_error(&buf), -LK_ERR_RANGE);
    buf.error = 0;
    taken = lk_buf_take(&buf, &len);
    assert_non_null(taken);
    assert_int_equal(len, 4);
    assert_null(buf.data);
    assert_int_equal(buf.len, 0);
    free(taken);
}

static void test_no_memory(void **state)
{
    struct lk_buf buf = LK_BUF_INIT(1000);

    (void)state;
    fail_at = 1;
    lk_buf_put_u8(&buf, 1);
    assert_int_equal(lk_buf_error(&buf), -LK_ERR_NOMEM);
    assert_int_equal(buf.len, 0);
    lk_buf_clear(&buf);
    /* The second allocation fails: what was there stays, half a field does not. */
    for (int i = 0; i < 62; i++)
        lk_buf_put_u8(&buf, 7);
    fail_at = 1;
    lk_buf_put_field(&buf, "abc", 3);
    assert_int_equal(lk_buf_error(&buf), -LK_ERR_NOMEM);
    assert_int_equal(buf.len, 62);
    lk_buf_clear(&buf);
    lk_buf_init_secret(&buf, 1000);
    fail_at = 1;
    lk_buf_put_u8(&buf, 1);
    assert_int_equal(lk_buf_error(&buf), -LK_ERR_NOMEM);
    fail_at = 0;
    lk_buf_clear(&buf);
}

static void test_secret_is_wiped(void **state)
{
    struct lk_buf buf;
    uint8_t *data;

    (void)state;
    lk_buf_init_secret(&buf, 100);
    lk_buf_put_bytes(&buf, "123456", 6);
    data = buf.data;
    lk_buf_consume(&buf, 2);
    assert_memory_equal(data, "3456\0\0", 6);
    lk_buf_reset(&buf);
    assert_memory_equal(data, "\0\0\0\0\0\0", 6);
    assert_ptr_equal(buf.data, data);
    lk_buf_clear(&buf);
}

static void test_truncated(void **state)
{
    static const uint8_t field[] = {0, 4, 'a', 0, 'c'};
    struct lk_view view = LK_VIEW(field, sizeof field);
    struct lk_view out = LK_VIEW(NULL, 77);
    uint64_t u64 = 42;
    uint8_t bytes[6] = {9};
    char text[8] = "kept";

    (void)state;
    assert_int_equal(lk_view_get_u64(&view, &u64), -LK_ERR_TRUNCATED);
    assert_true(u64 == 42);
    assert_int_equal(lk_view_get_bytes(&view, bytes, 6), -LK_ERR_TRUNCATED);
    assert_int_equal(bytes[0], 9);
    assert_int_equal(lk_view_get_field(&view, 100, &out), -LK_ERR_TRUNCATED);
    assert_int_equal(lk_view_get_field(&view, 3, &out), -LK_ERR_TOO_BIG);
    assert_int_equal(lk_view_get_field32(&view, 0x00046100, &out), -LK_ERR_TRUNCATED);
    assert_int_equal(lk_view_get_string(&view, text, sizeof text), -LK_ERR_TRUNCATED);
    assert_int_equal(lk_view_get_string(&view, text, 4), -LK_ERR_TOO_BIG);
    assert_int_equal(lk_view_get_string(&view, text, 0), -LK_ERR_TOO_BIG);
    assert_string_equal(text, "kept");
    assert_int_equal(out.len, 77);
    assert_ptr_equal(view.data, field);
    assert_int_equal(view.len, sizeof field);
    view = LK_VIEW((const uint8_t *)"\0\3a\0b", 5);
    assert_int_equal(lk_view_get_string(&view, text, sizeof text), -LK_ERR_ENCODING);
    assert_int_equal(view.len, 5);
    assert_string_equal(text, "kept");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),          cmocka_unit_test(test_maximum),
        cmocka_unit_test(test_growth_consume_take), cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_secret_is_wiped),     cmocka_unit_test(test_truncated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
