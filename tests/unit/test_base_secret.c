/* SPDX-License-Identifier: EUPL-1.2 */
/* Secrets: bounded, ended by NUL, wiped before their page goes back; a page that cannot be had is an error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "base/secret.h"

static bool refuse;
static char at_unmap[8]; /* what stood in the page when it was given back */
static size_t seen_offset;

void *__real_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset);
int __real_munmap(void *address, size_t length);
int __wrap_munmap(void *address, size_t length);

void *__wrap_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
    return refuse ? MAP_FAILED : __real_mmap(address, length, protection, flags, fd, offset);
}

int __wrap_munmap(void *address, size_t length)
{
    memcpy(at_unmap, (const char *)address + seen_offset, sizeof at_unmap);
    return __real_munmap(address, length);
}

static void test_holds_and_wipes(void **state)
{
    struct lk_secret *secret = NULL;

    (void)state;
    assert_int_equal(lk_secret_new("12345678", 8, &secret), 0);
    assert_true(lk_view_equal(lk_secret_view(secret), LK_VIEW((const uint8_t *)"12345678", 8)));
    assert_string_equal(lk_secret_string(secret), "12345678");
    seen_offset = (size_t)(lk_secret_string(secret) - (const char *)secret);
    memset(at_unmap, 'x', sizeof at_unmap);
    lk_secret_free(&secret);
    assert_null(secret);
    assert_memory_equal(at_unmap, "\0\0\0\0\0\0\0\0", 8);
    lk_secret_free(&secret);
    lk_secret_free(NULL);
}

static void test_bounds(void **state)
{
    static const char many[LK_SECRET_MAX + 1];
    struct lk_secret *secret = NULL;

    (void)state;
    assert_int_equal(lk_secret_new(many, sizeof many, &secret), -LK_ERR_TOO_BIG);
    assert_null(secret);
    assert_int_equal(lk_secret_new(many, LK_SECRET_MAX, &secret), 0);
    assert_int_equal(lk_secret_view(secret).len, LK_SECRET_MAX);
    lk_secret_free(&secret);
    assert_int_equal(lk_secret_new(NULL, 0, &secret), 0);
    assert_string_equal(lk_secret_string(secret), "");
    lk_secret_free(&secret);
}

static void test_no_memory(void **state)
{
    struct lk_secret *secret = NULL;

    (void)state;
    refuse = true;
    assert_int_equal(lk_secret_new("1", 1, &secret), -LK_ERR_NOMEM);
    refuse = false;
    assert_null(secret);
}

static void test_wipe(void **state)
{
    char bytes[] = "abcdef";

    (void)state;
    lk_wipe(bytes, 3);
    assert_memory_equal(bytes, "\0\0\0def", 7);
    lk_wipe(NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_holds_and_wipes),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_wipe),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
