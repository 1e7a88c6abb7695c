/* SPDX-License-Identifier: EUPL-1.2 */
/* names/find.c against a name service that answers as told. */
#include <errno.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "names/names.h"

static struct {
    int error;         /* what getpwnam_r returns */
    const char *name;  /* of the entry; NULL = none */
    size_t needs;      /* bytes of buffer; less gives ERANGE */
    int interruptions; /* EINTR so often first */
    bool no_memory;
    size_t largest; /* buffer offered */
} service;

int __wrap_getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t size,
                      struct passwd **ret);
int __wrap_getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t size,
                      struct passwd **ret)
{
    (void)name;
    *ret = NULL;
    service.largest = size;
    if (service.interruptions > 0) {
        service.interruptions--;
        return EINTR;
    }
    if (size < service.needs)
        return ERANGE;
    if (service.error || !service.name)
        return service.error;
    memset(buffer, 0x5a, size);
    strcpy(buffer, service.name);
    *entry = (struct passwd){.pw_name = buffer, .pw_uid = 4711};
    *ret = entry;
    return 0;
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
    return service.no_memory ? NULL : __real_malloc(size);
}

static struct lk_name_result ask(void)
{
    struct lk_name_result result;

    lk_name_find("alice", &result);
    service.no_memory = false;
    return result;
}

static void found(void **state)
{
    (void)state;
    memset(&service, 0, sizeof(service));
    service.name = "alice";
    service.interruptions = 3;
    assert_int_equal(ask().status, LK_NAME_FOUND);
    assert_int_equal(ask().uid, 4711);
    service.needs = 60000;
    assert_int_equal(ask().status, LK_NAME_FOUND);
    assert_int_equal(service.largest, 65536);
}

static void another_name_is_nobody(void **state)
{
    static const char *const names[] = {"Alice", "alice@example.org", "alic", "", "bob"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        memset(&service, 0, sizeof(service));
        service.name = names[i];
        assert_int_equal(ask().status, LK_NAME_FAILED);
        assert_int_equal(ask().uid, 0);
    }
}

static void absent(void **state)
{
    (void)state;
    memset(&service, 0, sizeof(service));
    assert_int_equal(ask().status, LK_NAME_ABSENT);
    service.error = ENOENT;
    assert_int_equal(ask().status, LK_NAME_ABSENT);
    service.error = ESRCH;
    assert_int_equal(ask().status, LK_NAME_ABSENT);
}

static void failed(void **state)
{
    static const int errors[] = {EIO, EMFILE, ENOMEM, EAGAIN, ECONNREFUSED};

    (void)state;
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        memset(&service, 0, sizeof(service));
        service.error = errors[i];
        assert_int_equal(ask().status, LK_NAME_FAILED);
    }
    memset(&service, 0, sizeof(service));
    service.name = "alice";
    service.needs = 65537;
    assert_int_equal(ask().status, LK_NAME_FAILED);
    assert_int_equal(service.largest, 65536);
    service.needs = 0;
    service.no_memory = true;
    assert_int_equal(ask().status, LK_NAME_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(found),
        cmocka_unit_test(another_name_is_nobody),
        cmocka_unit_test(absent),
        cmocka_unit_test(failed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
