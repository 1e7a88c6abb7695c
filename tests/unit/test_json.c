/* SPDX-License-Identifier: EUPL-1.2 */
/* JSON: what is written reads back; duplicates, depth, size, NUL and broken text are refused, each with its own error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "json/json.h"

static int parse(const char *text, size_t len)
{
    struct lk_json *document = NULL;
    int r = lk_json_parse(LK_VIEW((const uint8_t *)text, len), 4096, &document);

    assert_true((r == 0) == (document != NULL));
    document = lk_json_free(document);
    assert_null(document);
    return r;
}

static void test_write(void **state)
{
    struct lk_json_writer writer;
    struct lk_json *list;
    struct lk_json *inner;
    struct lk_buf buf = LK_BUF_INIT(4096);

    (void)state;
    lk_json_begin_object(&writer);
    lk_json_put_string(&writer, writer.root, "z", "a\"\n\xc3\xa9");
    lk_json_put_string(&writer, writer.root, "none", NULL);
    list = lk_json_put_array(&writer, writer.root, "list");
    lk_json_put_int(&writer, list, NULL, INT64_MIN);
    lk_json_put_bool(&writer, list, NULL, true);
    lk_json_put_null(&writer, list, NULL);
    inner = lk_json_put_object(&writer, list, NULL);
    lk_json_put_hex(&writer, inner, "hex", "\x01\xff", 2);
    lk_buf_put_bytes(&buf, ">", 1);
    assert_int_equal(lk_json_end(&writer, false, &buf), 0);
    lk_buf_put_u8(&buf, 0);
    assert_string_equal((const char *)buf.data,
                        ">{\"z\":\"a\\\"\\n\xc3\xa9\",\"none\":null,\"list\":[-9223372036854775808,"
                        "true,null,{\"hex\":\"01ff\"}]}");
    lk_buf_clear(&buf);
}

static void test_write_errors(void **state)
{
    static const char many[4097];
    struct lk_json_writer writer;
    struct lk_buf buf = LK_BUF_INIT(8);

    (void)state;
    lk_buf_put_bytes(&buf, "kept", 4);
    lk_json_begin_object(&writer);
    lk_json_put_string(&writer, writer.root, "a", "\xff");
    lk_json_put_int(&writer, lk_json_put_object(&writer, writer.root, "b"), "c", 1);
    assert_int_equal(lk_json_end(&writer, false, &buf), -LK_ERR_ENCODING);
    lk_json_begin_object(&writer);
    lk_json_put_int(&writer, writer.root, "a", 1);
    lk_json_put_int(&writer, writer.root, "a", 2);
    assert_int_equal(lk_json_end(&writer, false, &buf), -LK_ERR_DUPLICATE);
    lk_json_begin_array(&writer);
    lk_json_put_int(&writer, writer.root, "key", 2);
    assert_int_equal(lk_json_end(&writer, false, &buf), -LK_ERR_INTERNAL);
    lk_json_begin_array(&writer);
    lk_json_put_hex(&writer, writer.root, NULL, many, sizeof many);
    assert_int_equal(lk_json_end(&writer, false, &buf), -LK_ERR_TOO_BIG);
    assert_int_equal(buf.len, 4);
    lk_json_begin_array(&writer);
    lk_json_put_string(&writer, writer.root, NULL, "longer than the buffer");
    assert_int_equal(lk_json_end(&writer, true, &buf), -LK_ERR_TOO_BIG);
    assert_int_equal(buf.len, 4);
    lk_json_begin_array(&writer);
    lk_json_abandon(&writer);
    lk_buf_clear(&buf);
}

static void test_read(void **state)
{
    static const char text[] = "{\"s\":\"x\",\"i\":5,\"b\":false,\"l\":[1,\"two\"],\"f\":1.0}";
    struct lk_json *document = NULL;
    const struct lk_json *list = NULL;
    const char *string = NULL;
    int64_t number = 77;
    bool flag = true;

    (void)state;
    assert_int_equal(lk_json_parse(LK_VIEW((const uint8_t *)text, sizeof text - 1), 100, &document),
                     0);
    assert_int_equal(lk_json_get_string(document, "s", &string), 0);
    assert_string_equal(string, "x");
    assert_int_equal(lk_json_get_string(document, "i", &string), -LK_ERR_TYPE);
    assert_int_equal(lk_json_get_string(document, "none", &string), -LK_ERR_NOT_FOUND);
    assert_int_equal(lk_json_get_int(document, "i", 0, 4, &number), -LK_ERR_RANGE);
    assert_int_equal(lk_json_get_int(document, "i", 6, 9, &number), -LK_ERR_RANGE);
    assert_int_equal(lk_json_get_int(document, "f", 0, 9, &number), -LK_ERR_TYPE);
    assert_true(number == 77);
    assert_int_equal(lk_json_get_int(document, "i", 5, 5, &number), 0);
    assert_true(number == 5);
    assert_int_equal(lk_json_get_bool(document, "s", &flag), -LK_ERR_TYPE);
    assert_int_equal(lk_json_get_bool(document, "b", &flag), 0);
    assert_false(flag);
    assert_int_equal(lk_json_get_array(document, "s", &list), -LK_ERR_TYPE);
    assert_int_equal(lk_json_get_array(document, "l", &list), 0);
    assert_int_equal(lk_json_count(list), 2);
    assert_string_equal(lk_json_text(lk_json_item(list, 1)), "two");
    assert_null(lk_json_text(lk_json_item(list, 0)));
    assert_null(lk_json_item(list, 2));
    assert_int_equal(lk_json_get_bool(list, "b", &flag), -LK_ERR_TYPE);
    assert_int_equal(lk_json_count(document), 0);
    assert_null(lk_json_free(document));
}

static void test_refusals(void **state)
{
    char deep[2 * LK_JSON_DEPTH_MAX + 3] = "";

    (void)state;
    assert_int_equal(parse("", 0), -LK_ERR_TRUNCATED);
    assert_int_equal(parse("{\"a\":1", 6), -LK_ERR_TRUNCATED);
    assert_int_equal(parse("{\"a\":1}x", 8), -LK_ERR_TRAILING);
    assert_int_equal(parse("{\"a\":1,\"a\":1}", 13), -LK_ERR_DUPLICATE);
    assert_int_equal(parse("[{\"a\":1,\"\\u0061\":1}]", 20), -LK_ERR_DUPLICATE);
    assert_int_equal(parse("{a:1}", 5), -LK_ERR_ENCODING);
    assert_int_equal(parse("\"a\\u0000b\"", 10), -LK_ERR_ENCODING);
    assert_int_equal(parse("\"a\0b\"", 5), -LK_ERR_ENCODING);
    assert_int_equal(parse("\"\xff\"", 3), -LK_ERR_ENCODING);
    assert_int_equal(parse("99999999999999999999", 20), -LK_ERR_RANGE);
    assert_int_equal(parse("\"[[[[[[[[[[[[[[[[[[[[[[\"", 24), 0);
    assert_int_equal(parse("\"\\\"[[[[[[[[[[[[[[[[[[[[[[\"", 26), 0);
    memset(deep, '[', LK_JSON_DEPTH_MAX);
    memset(deep + LK_JSON_DEPTH_MAX, ']', LK_JSON_DEPTH_MAX);
    assert_int_equal(parse(deep, 2 * LK_JSON_DEPTH_MAX), 0);
    memset(deep, '[', LK_JSON_DEPTH_MAX + 1);
    memset(deep + LK_JSON_DEPTH_MAX + 1, ']', LK_JSON_DEPTH_MAX + 1);
    assert_int_equal(parse(deep, 2 * LK_JSON_DEPTH_MAX + 2), -LK_ERR_TOO_BIG);
}

static void test_size(void **state)
{
    struct lk_json *document = NULL;

    (void)state;
    assert_int_equal(lk_json_parse(LK_VIEW((const uint8_t *)"[1]", 3), 2, &document),
                     -LK_ERR_TOO_BIG);
    assert_null(document);
    assert_null(lk_json_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write), cmocka_unit_test(test_write_errors),
        cmocka_unit_test(test_read),  cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
