/* SPDX-License-Identifier: EUPL-1.2 */
/* CBOR: the one allowed form, and every other one refused. Vectors of RFC 8949 appendix A. */
#include "wire/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint8_t input[4096];

static struct lk_view bytes_of(const char *hex)
{
    size_t len = strlen(hex) / 2;

    assert_true(len <= sizeof(input));
    assert_int_equal(lk_unhex(input, len, hex), 0);
    return LK_VIEW(input, len);
}

static void expect_item(const char *hex, int wanted)
{
    struct lk_view view = bytes_of(hex);
    const struct lk_view before = view;
    struct lk_view item = {0};
    int result = lk_cbor_get_item(&view, &item);

    assert_int_equal(result, wanted);
    if (result == 0) {
        assert_int_equal(item.len, before.len);
        assert_int_equal(view.len, 0);
    } else {
        assert_ptr_equal(view.data, before.data);
        assert_int_equal(view.len, before.len);
        assert_null(item.data);
    }
}

static void integers(void **state)
{
    static const struct {
        int64_t value;
        const char *hex;
    } vectors[] = {
        {0, "00"},
        {1, "01"},
        {10, "0a"},
        {23, "17"},
        {24, "1818"},
        {25, "1819"},
        {100, "1864"},
        {255, "18ff"},
        {256, "190100"},
        {1000, "1903e8"},
        {65535, "19ffff"},
        {65536, "1a00010000"},
        {1000000, "1a000f4240"},
        {4294967295, "1affffffff"},
        {4294967296, "1b0000000100000000"},
        {1000000000000, "1b000000e8d4a51000"},
        {INT64_MAX, "1b7fffffffffffffff"},
        {-1, "20"},
        {-10, "29"},
        {-24, "37"},
        {-25, "3818"},
        {-100, "3863"},
        {-1000, "3903e7"},
        {-65537, "3a00010000"},
        {-4294967297, "3b0000000100000000"},
        {INT64_MIN, "3b7fffffffffffffff"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        struct lk_buf buf = LK_BUF_INIT(16);
        struct lk_view view = bytes_of(vectors[i].hex);
        int64_t value = 4711;
        char hex[32];

        assert_int_equal(lk_cbor_put_int(&buf, vectors[i].value), 0);
        lk_hex(hex, sizeof(hex), buf.data, buf.len);
        assert_string_equal(hex, vectors[i].hex);
        assert_int_equal(lk_cbor_get_int(&view, &value), 0);
        assert_true(value == vectors[i].value);
        assert_int_equal(view.len, 0);
        expect_item(vectors[i].hex, 0);
        lk_buf_clear(&buf);
    }
}

static void integer_bounds(void **state)
{
    struct lk_view view = bytes_of("1bffffffffffffffff");
    uint64_t value = 0;
    int64_t number = 0;

    (void)state;
    assert_int_equal(lk_cbor_get_int(&view, &number), -LK_ERR_RANGE);
    assert_int_equal(lk_cbor_get_uint(&view, UINT64_MAX - 1, &value), -LK_ERR_RANGE);
    assert_int_equal(view.len, 9);
    assert_int_equal(lk_cbor_get_uint(&view, UINT64_MAX, &value), 0);
    assert_true(value == UINT64_MAX);
    view = bytes_of("3bffffffffffffffff");
    assert_int_equal(lk_cbor_get_int(&view, &number), -LK_ERR_RANGE);
    assert_int_equal(lk_cbor_get_uint(&view, UINT64_MAX, &value), -LK_ERR_TYPE);
    view = bytes_of("");
    assert_int_equal(lk_cbor_get_uint(&view, 1, &value), -LK_ERR_TRUNCATED);
}

static void longer_heads_are_not_canonical(void **state)
{
    static const char *const inputs[] = {
        "1800",
        "1817",
        "190000",
        "1900ff",
        "1a00000000",
        "1a0000ffff",
        "1b0000000000000000",
        "1b00000000ffffffff",
        "3800",
        "390017",
        "3a00000000",
        "3b0000000000000000",
        "580100",
        "59000100",
        "5a0000000100",
        "5b000000000000000100",
        "780161",
        "7900016161",
        "980100",
        "99000100",
        "9a0000000100",
        "9b000000000000000100",
        "b8010000",
        "b900010000",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
        struct lk_view view = bytes_of(inputs[i]);
        struct lk_view item;
        int result = lk_cbor_get_item(&view, &item);

        assert_int_equal(result, -LK_ERR_NOT_CANONICAL);
    }
}

static void other_types_are_refused(void **state)
{
    static const char *const inputs[] = {
        "f6",       "f7",           "f0",
        "f818",     "f8ff",         "f814",
        "f90000",   "fa00000000",   "fb0000000000000000", /* null, simple values, floats */
        "c000",     "c11a514b67b0", "d818",
        "d9d9f700", /* tags */
        "5f",       "5f4100ff",     "7f",
        "7f6161ff", "9f",           "9fff",
        "bf",       "bfff",         "ff", /* indefinite lengths, break */
        "1c",       "1d",           "1e",
        "1f",       "3c",           "5c",
        "7d",       "9e",           "bc",
        "dc",       "fc",           "fe", /* reserved */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
        struct lk_view view = bytes_of(inputs[i]);
        struct lk_view item;
        int result = lk_cbor_get_item(&view, &item);

        assert_true(result == -LK_ERR_TYPE || result == -LK_ERR_TRUNCATED);
    }
}

static void counts_are_compared_with_the_bytes_left(void **state)
{
    static const char *const inputs[] = {
        "9a0fffffff",
        "9b7fffffffffffffff",
        "9bffffffffffffffff",
        "ba0fffffff",
        "bbffffffffffffffff",
        "5bffffffffffffffff",
        "7affffffff",
        "5affffffff00",
        "8301",
        "82",
        "a1",
        "a101",
        "a2010203",
        "4200",
        "6261",
        "18",
        "19ff",
        "1a000000",
        "1b",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++)
        expect_item(inputs[i], -LK_ERR_TRUNCATED);
}

static void containers(void **state)
{
    struct lk_view view;
    uint64_t count = 0;

    (void)state;
    view = bytes_of("83010203");
    assert_int_equal(lk_cbor_get_array(&view, 2, &count), -LK_ERR_TOO_BIG);
    assert_int_equal(view.len, 4);
    assert_int_equal(lk_cbor_get_map(&view, 9, &count), -LK_ERR_TYPE);
    assert_int_equal(lk_cbor_get_array(&view, 3, &count), 0);
    assert_int_equal(count, 3);
    assert_int_equal(view.len, 3);
    view = bytes_of("a201020304");
    assert_int_equal(lk_cbor_get_map(&view, 2, &count), 0);
    assert_int_equal(count, 2);
    view = bytes_of("8401");
    assert_int_equal(lk_cbor_get_array(&view, 9, &count), -LK_ERR_TRUNCATED);
    expect_item("80", 0);
    expect_item("a0", 0);
    expect_item("8301820203820405", 0);
    expect_item("a26161016162820203", 0);
    expect_item("826161a161626163", 0);
}

static void depth(void **state)
{
    (void)state;
    expect_item("8181818181818180", 0);
    expect_item("818181818181818180", -LK_ERR_TOO_BIG);
    expect_item("a100a100a100a100a100a100a100a0", 0);
    expect_item("a100a100a100a100a100a100a100a100a0", -LK_ERR_TOO_BIG);
    memset(input, 0x81, sizeof(input));
    for (size_t len = 0; len < sizeof(input); len += 511) {
        struct lk_view view = LK_VIEW(input, len);
        struct lk_view item;

        assert_int_equal(lk_cbor_get_item(&view, &item),
                         len == 0 ? -LK_ERR_TRUNCATED : -LK_ERR_TOO_BIG);
    }
}

static void map_keys(void **state)
{
    (void)state;
    expect_item("a20100"
                "0200",
                0);
    expect_item("a20200"
                "0100",
                -LK_ERR_NOT_CANONICAL);
    expect_item("a20100"
                "0100",
                -LK_ERR_DUPLICATE);
    expect_item("a20100"
                "2000",
                0); /* unsigned before negative */
    expect_item("a22000"
                "0100",
                -LK_ERR_NOT_CANONICAL);
    expect_item("a2181800"
                "2000",
                0); /* ... even if longer */
    expect_item("a22000"
                "6161"
                "00",
                0); /* integers before texts */
    expect_item("a2626161"
                "00"
                "6162"
                "00",
                -LK_ERR_NOT_CANONICAL); /* shorter first */
    expect_item("a26162"
                "00"
                "626161"
                "00",
                0);
    expect_item("a26161"
                "00"
                "6162"
                "00",
                0);
    expect_item("a26162"
                "00"
                "6161"
                "00",
                -LK_ERR_NOT_CANONICAL);
    expect_item("a26161"
                "00"
                "6161"
                "00",
                -LK_ERR_DUPLICATE);
    expect_item("a1f500", -LK_ERR_TYPE); /* a bool, array or map is no key */
    expect_item("a18000", -LK_ERR_TYPE);
    expect_item("a1a000", -LK_ERR_TYPE);
    expect_item("8182a20100"
                "0100"
                "00",
                -LK_ERR_DUPLICATE); /* deep inside too */
}

static void texts(void **state)
{
    static const struct {
        const char *hex;
        int result;
    } vectors[] = {
        {"60", 0},
        {"6161", 0},
        {"62c3a9", 0},   /* e acute */
        {"63e282ac", 0}, /* euro sign */
        {"64f0908d88", 0},
        {"64f48fbfbf", 0},            /* U+10FFFF */
        {"61c3", -LK_ERR_ENCODING},   /* cut */
        {"6180", -LK_ERR_ENCODING},   /* continuation alone */
        {"62c080", -LK_ERR_ENCODING}, /* overlong */
        {"63e08080", -LK_ERR_ENCODING},
        {"64f0808080", -LK_ERR_ENCODING},
        {"63eda080", -LK_ERR_ENCODING},   /* surrogate */
        {"64f4908080", -LK_ERR_ENCODING}, /* above U+10FFFF */
        {"64f5808080", -LK_ERR_ENCODING},
        {"62c328", -LK_ERR_ENCODING},
        {"61ff", -LK_ERR_ENCODING},
    };
    struct lk_view view;
    char text[8] = "before";

    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        expect_item(vectors[i].hex, vectors[i].result);
        view = bytes_of(vectors[i].hex);
        assert_int_equal(lk_cbor_get_text(&view, text, sizeof(text)), vectors[i].result);
    }
    view = bytes_of("63610062");
    assert_int_equal(lk_cbor_get_text(&view, text, sizeof(text)), -LK_ERR_ENCODING);
    view = bytes_of("6461626364");
    assert_int_equal(lk_cbor_get_text(&view, text, 4), -LK_ERR_TOO_BIG);
    assert_int_equal(view.len, 5);
    assert_int_equal(lk_cbor_get_text(&view, text, 5), 0);
    assert_string_equal(text, "abcd");
    view = bytes_of("4161");
    assert_int_equal(lk_cbor_get_text(&view, text, 5), -LK_ERR_TYPE);
}

static void bytes_and_bools(void **state)
{
    struct lk_view view = bytes_of("43010203");
    struct lk_view found = {0};
    bool value = false;

    (void)state;
    assert_int_equal(lk_cbor_get_bytes(&view, 2, &found), -LK_ERR_TOO_BIG);
    assert_int_equal(lk_cbor_get_bytes(&view, 3, &found), 0);
    assert_int_equal(found.len, 3);
    assert_ptr_equal(found.data, input + 1);
    view = bytes_of("f5");
    assert_int_equal(lk_cbor_get_bool(&view, &value), 0);
    assert_true(value);
    view = bytes_of("f4");
    assert_int_equal(lk_cbor_get_bool(&view, &value), 0);
    assert_false(value);
    view = bytes_of("01");
    assert_int_equal(lk_cbor_get_bool(&view, &value), -LK_ERR_TYPE);
    assert_int_equal(view.len, 1);
}

static void puts_are_bounded(void **state)
{
    struct lk_buf buf = LK_BUF_INIT(3);

    (void)state;
    assert_int_equal(lk_cbor_put_bytes(&buf, LK_VIEW(input, 3)), -LK_ERR_TOO_BIG);
    lk_buf_clear(&buf);
    assert_int_equal(lk_cbor_put_text(&buf, "\xff"), -LK_ERR_ENCODING);
    assert_int_equal(buf.len, 0);
    assert_int_equal(lk_cbor_put_array(&buf, 1), 0);
    assert_int_equal(lk_cbor_put_map(&buf, 1), 0);
    assert_int_equal(lk_cbor_put_bool(&buf, true), 0);
    assert_int_equal(lk_cbor_put_bool(&buf, true), -LK_ERR_TOO_BIG);
    lk_buf_clear(&buf);
}

/* Everything of up to three bytes: what is taken has one form only, so taking it says the head could not be shorter. */
static void all_short_inputs(void **state)
{
    size_t taken = 0;

    (void)state;
    for (uint32_t number = 0; number < (1u << 24); number += 1) {
        uint8_t bytes[3] = {(uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};
        struct lk_view view = LK_VIEW(bytes, 3);
        struct lk_view item;

        if (lk_cbor_get_item(&view, &item) == 0) {
            assert_true(item.len >= 1 && item.len + view.len == 3);
            assert_true(bytes[0] >> 5 != 6);
            assert_true((bytes[0] & 0x1f) < 26);
            if ((bytes[0] & 0x1f) == 24)
                assert_true(bytes[1] >= 24);
            if ((bytes[0] & 0x1f) == 25)
                assert_true(bytes[1] >= 1);
            taken++;
        }
    }
    assert_true(taken > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers),
        cmocka_unit_test(integer_bounds),
        cmocka_unit_test(longer_heads_are_not_canonical),
        cmocka_unit_test(other_types_are_refused),
        cmocka_unit_test(counts_are_compared_with_the_bytes_left),
        cmocka_unit_test(containers),
        cmocka_unit_test(depth),
        cmocka_unit_test(map_keys),
        cmocka_unit_test(texts),
        cmocka_unit_test(bytes_and_bools),
        cmocka_unit_test(puts_are_bounded),
        cmocka_unit_test(all_short_inputs),
    };

    return cmocka_run_group_tests_name("cbor", tests, NULL, NULL);
}
