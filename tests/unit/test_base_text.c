/* SPDX-License-Identifier: EUPL-1.2 */
/* Texts: hexadecimal, base64url, times, names of errors; and the constant-time comparison. */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64url.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/text.h"

static void test_hex(void **state)
{
    uint8_t bytes[3] = {0};
    char text[8] = "x";

    (void)state;
    lk_hex(text, 7, "\x00\x9f\xff", 3);
    assert_string_equal(text, "009fff");
    lk_hex(text, 6, "\x00\x9f\xff", 3);
    assert_string_equal(text, "");
    assert_int_equal(lk_unhex(bytes, 3, "009fFf"), 0);
    assert_memory_equal(bytes, "\x00\x9f\xff", 3);
    assert_int_equal(lk_unhex(bytes, 3, "11223"), -LK_ERR_ENCODING);
    assert_int_equal(lk_unhex(bytes, 3, "1122334"), -LK_ERR_ENCODING);
    assert_int_equal(lk_unhex(bytes, 3, "11223g"), -LK_ERR_ENCODING);
    assert_memory_equal(bytes, "\x00\x9f\xff", 3);
}

static void test_base64url_vectors(void **state)
{
    /* RFC 4648 section 10, without padding, and the two characters of section 5. */
    static const struct {
        const char *bytes;
        const char *text;
    } rows[] = {
        {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff", "-_8"}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lk_buf buf = LK_BUF_INIT(16);
        size_t len = strlen(rows[i].bytes);
        char text[16];

        assert_int_equal(
            lk_base64url_encode(text, LK_BASE64URL_LENGTH(len) + 1, rows[i].bytes, len), 0);
        assert_string_equal(text, rows[i].text);
        assert_int_equal(lk_base64url_encode(text, LK_BASE64URL_LENGTH(len), rows[i].bytes, len),
                         -LK_ERR_TOO_BIG);
        assert_int_equal(lk_base64url_decode(&buf, rows[i].text, strlen(rows[i].text)), 0);
        assert_int_equal(buf.len, len);
        assert_true(lk_view_equal(lk_buf_view(&buf), LK_VIEW((const uint8_t *)rows[i].bytes, len)));
        lk_buf_clear(&buf);
    }
}

static void test_base64url_refusals(void **state)
{
    static const struct {
        const char *text;
        int error;
    } rows[] = {{"Zg==", -LK_ERR_ENCODING},     {"Z", -LK_ERR_ENCODING},
                {"Zm9vY", -LK_ERR_ENCODING},    {"+_8A", -LK_ERR_ENCODING},
                {"Zm 8", -LK_ERR_ENCODING},     {"Zh", -LK_ERR_NOT_CANONICAL},
                {"Zm9", -LK_ERR_NOT_CANONICAL}, {"Zm9vYmFyYmF6", -LK_ERR_TOO_BIG}};
    struct lk_buf buf = LK_BUF_INIT(8);

    (void)state;
    lk_buf_put_u8(&buf, 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(lk_base64url_decode(&buf, rows[i].text, strlen(rows[i].text)),
                         rows[i].error);
        assert_int_equal(buf.len, 1);
    }
    lk_buf_clear(&buf);
}

static void test_clock(void **state)
{
    char text[24];

    (void)state;
    lk_clock_format(text, sizeof text, 0);
    assert_string_equal(text, "1970-01-01T00:00:00Z");
    lk_clock_format(text, sizeof text, 1795337700);
    assert_string_equal(text, "2026-11-22T08:55:00Z");
    lk_clock_format(text, sizeof text, -62167219200);
    assert_string_equal(text, "0000-01-01T00:00:00Z");
    lk_clock_format(text, sizeof text, 253402300799);
    assert_string_equal(text, "9999-12-31T23:59:59Z");
    lk_clock_format(text, sizeof text, 253402300800);
    assert_string_equal(text, "?");
    lk_clock_format(text, sizeof text, INT64_MIN);
    assert_string_equal(text, "?");
    assert_true(lk_clock_now(&lk_clock_system) > 1700000000);
    assert_true(lk_clock_monotonic_ms(&lk_clock_system) > 0);
}

static void test_errors(void **state)
{
    (void)state;
    for (int i = 0; i < LK_ERROR_COUNT; i++) {
        assert_non_null(lk_error_name(i));
        assert_true(strlen(lk_error_text(i)) > 0);
        assert_string_equal(lk_error_name(i), lk_error_name(-i));
        for (int j = 0; j < i; j++)
            assert_string_not_equal(lk_error_name(i), lk_error_name(j));
    }
    assert_string_equal(lk_error_name(-LK_ERR_TRUNCATED), "E_TRUNCATED");
    assert_string_equal(lk_error_name(LK_ERROR_COUNT), "E_INTERNAL");
    assert_string_equal(lk_error_name(INT_MIN), "E_INTERNAL");
    assert_int_equal(lk_error_from_errno(ENOSPC), -LK_ERR_FULL);
    assert_int_equal(lk_error_from_errno(ELOOP), -LK_ERR_LINK);
    assert_int_equal(lk_error_from_errno(EBADF), -LK_ERR_IO);
}

static void test_compare_and_random(void **state)
{
    uint8_t a[300] = {0};
    uint8_t b[300] = {0};
    size_t zeros = 0;

    (void)state;
    assert_true(lk_bytes_equal(a, b, sizeof a));
    b[0] = 1;
    assert_false(lk_bytes_equal(a, b, sizeof a));
    b[0] = 0;
    b[299] = 1;
    assert_false(lk_bytes_equal(a, b, sizeof a));
    assert_true(lk_bytes_equal(a, b, 299));
    assert_true(lk_bytes_equal(a, b, 0));
    assert_int_equal(lk_random_fill(&lk_random_system, a, sizeof a), 0);
    for (size_t i = 0; i < sizeof a; i++)
        zeros += a[i] == 0;
    assert_true(zeros < 100);
}

static void test_number(void **state)
{
    static const char *const wrong[] = {"", " 1", "1 ", "+1", "-1", "01", "0x1", "1.0", "1a"};
    uint64_t number = 77;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(lk_number_parse(wrong[i], 0, 100, &number), -LK_ERR_ENCODING);
    assert_int_equal(lk_number_parse("4", 5, 7, &number), -LK_ERR_RANGE);
    assert_int_equal(lk_number_parse("8", 5, 7, &number), -LK_ERR_RANGE);
    assert_int_equal(lk_number_parse("18446744073709551616", 0, UINT64_MAX, &number),
                     -LK_ERR_RANGE);
    assert_int_equal(lk_number_parse("99999999999999999999", 0, UINT64_MAX, &number),
                     -LK_ERR_RANGE);
    assert_true(number == 77);
    assert_int_equal(lk_number_parse("18446744073709551615", 0, UINT64_MAX, &number), 0);
    assert_true(number == UINT64_MAX);
    assert_int_equal(lk_number_parse("0", 0, 7, &number), 0);
    assert_true(number == 0);
}

static void test_copy(void **state)
{
    char text[4] = "old";

    (void)state;
    assert_int_equal(lk_text_copy(text, sizeof text, "four"), -LK_ERR_TOO_BIG);
    assert_string_equal(text, "old");
    assert_int_equal(lk_text_copy(text, sizeof text, "new"), 0);
    assert_string_equal(text, "new");
    assert_int_equal(lk_text_copy(text, 0, ""), -LK_ERR_TOO_BIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hex),
        cmocka_unit_test(test_number),
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_base64url_vectors),
        cmocka_unit_test(test_base64url_refusals),
        cmocka_unit_test(test_clock),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_compare_and_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
