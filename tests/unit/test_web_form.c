/* SPDX-License-Identifier: EUPL-1.2 */
/* Parameters of a query or a form: what decodes to what, what is refused, and that no byte outside is touched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "message/sso.h"
#include "sso/web/form.h"

/* On the heap and of the very size, so that a sanitizer sees one byte too many. */
static int parse(const char *text, struct lk_view *a, struct lk_view *b, uint32_t *flags,
                 uint8_t **ret_bytes)
{
    const struct lk_form_field fields[] = {{"a", 4, a}, {"b c", 8, b}};
    size_t len = strlen(text);

    *ret_bytes = malloc(len > 0 ? len : 1);
    assert_non_null(*ret_bytes);
    memcpy(*ret_bytes, text, len);
    *a = *b = LK_VIEW(NULL, 0);
    *flags = 99;
    return lk_form_parse(*ret_bytes, len, fields, 2, flags);
}

static void expect(const char *text, const char *a, const char *b, uint32_t flags)
{
    struct lk_view view_a, view_b;
    uint32_t got;
    uint8_t *bytes;

    assert_int_equal(parse(text, &view_a, &view_b, &got, &bytes), 0);
    assert_int_equal(got, flags);
    assert_int_equal(view_a.len, strlen(a));
    assert_int_equal(view_b.len, strlen(b));
    if (view_a.len > 0)
        assert_memory_equal(view_a.data, a, view_a.len);
    if (view_b.len > 0)
        assert_memory_equal(view_b.data, b, view_b.len);
    free(bytes);
}

static void refuse(const char *text, int error)
{
    struct lk_view view_a, view_b;
    uint32_t got;
    uint8_t *bytes;

    assert_int_equal(parse(text, &view_a, &view_b, &got, &bytes), error);
    assert_int_equal(got, 99);
    free(bytes);
}

static void test_values(void **state)
{
    (void)state;
    expect("", "", "", 0);
    expect("a=1", "1", "", 0);
    expect("a=1&b+c=2", "1", "2", 0);
    expect("b%20c=%3D%26&a==", "=", "=&", 0);
    expect("&&a=x&", "x", "", 0);
    expect("a", "", "", 0);
    expect("a=", "", "", 0);
    expect("aa=1&A=2&=3", "", "", 0);
    expect("a=+%2B+", " + ", "", 0);
    expect("a=%c3%A9", "\xc3\xa9", "", 0);
}

static void test_flags(void **state)
{
    (void)state;
    expect("a=1&a=1", "", "", LK_SSO_REPEATED);
    expect("a=1&b+c=2&a=", "1", "2", 0);
    expect("a=1&a=2&a=3", "", "", LK_SSO_REPEATED);
    expect("a=1234", "1234", "", 0);
    expect("a=12345", "", "", LK_SSO_TOO_LONG);
    expect("a=%31%32%33%34", "1234", "", 0);
    expect("a=12345&a=1", "", "", LK_SSO_TOO_LONG | LK_SSO_REPEATED);
}

static void test_refused(void **state)
{
    static const char *const broken[] = {"%",     "a=%", "a=%4",  "a=%4g",  "a=%g4",
                                         "x=%00", "%0=", "a=%00", "a=1&b%", "x=%%41"};
    char many[4 * LK_FORM_PAIRS_MAX + 8] = "";

    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
        refuse(broken[i], -LK_ERR_ENCODING);
    for (size_t i = 0; i < LK_FORM_PAIRS_MAX; i++)
        strcat(many, "x=1&");
    expect(many, "", "", 0);
    strcat(many, "x=1");
    refuse(many, -LK_ERR_TOO_BIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
