/* SPDX-License-Identifier: EUPL-1.2 */
/* The mark: forward only, durable when it returns, and never believed when it is broken. */
#include "broker/register/mark.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "protocol_example.h"
#include "store_fixture.h"

static struct fixture fixture;
static struct lk_mark *mark;

static int start(void **state)
{
    (void)state;
    fixture_begin(&fixture, NULL);
    return lk_mark_open(fixture.folder, fixture.crypto, &mark);
}

static int stop(void **state)
{
    (void)state;
    mark = lk_mark_close(mark);
    fixture_end(&fixture);
    return 0;
}

static int reopen(void)
{
    mark = lk_mark_close(mark);
    return lk_mark_open(fixture.folder, fixture.crypto, &mark);
}

static struct lk_digest digest(uint32_t number)
{
    struct lk_digest result = {{0x77}};

    memcpy(result.bytes + 1, &number, sizeof number);
    return result;
}

static uint64_t number(void)
{
    uint64_t result;

    lk_mark_get(mark, &result, NULL, NULL, NULL);
    return result;
}

/* Writes the bytes over the file, which is cut or made first. */
static void put_file(const char *name, const void *data, size_t len)
{
    char path[256];
    int fd;

    fixture_path(&fixture, name, path, sizeof path);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, len), len);
    close(fd);
}

static size_t get_file(const char *name, uint8_t *data, size_t size)
{
    char path[256];
    int fd;
    ssize_t got;

    fixture_path(&fixture, name, path, sizeof path);
    fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    got = read(fd, data, size);
    close(fd);
    assert_true(got >= 0);
    return (size_t)got;
}

static void forward_only(void **state)
{
    struct lk_digest a = digest(1);
    struct lk_digest b = digest(2);
    struct lk_digest set = digest(3);
    struct lk_digest hash;
    struct lk_digest set_digest;
    uint64_t set_number;
    uint64_t n;

    (void)state;
    assert_true(lk_mark_is_fresh(mark));
    assert_int_equal(number(), 0);
    assert_int_equal(lk_mark_advance(mark, 5, &a, 1, &set), 0);
    assert_false(lk_mark_is_fresh(mark));
    assert_int_equal(lk_mark_advance(mark, 4, &b, 0, &b), 0); /* ignored */
    assert_int_equal(reopen(), 0);
    lk_mark_get(mark, &n, &hash, &set_number, &set_digest);
    assert_int_equal(n, 5);
    assert_memory_equal(&hash, &a, sizeof a);
    assert_int_equal(set_number, 1);
    assert_memory_equal(&set_digest, &set, sizeof set);
    /* A set that is newer moves alone. */
    assert_int_equal(lk_mark_advance(mark, 3, &b, 2, &b), 0);
    assert_int_equal(reopen(), 0);
    lk_mark_get(mark, &n, &hash, &set_number, &set_digest);
    assert_int_equal(n, 5);
    assert_memory_equal(&hash, &a, sizeof a);
    assert_int_equal(set_number, 2);
    assert_int_equal(lk_mark_accept(mark, 2, &b), 0);
    assert_int_equal(reopen(), 0);
    lk_mark_get(mark, &n, &hash, &set_number, NULL);
    assert_int_equal(n, 2);
    assert_memory_equal(&hash, &b, sizeof b);
    assert_int_equal(set_number, 2);
}

static void revoked(void **state)
{
    enum { MANY = 3000 };
    struct lk_digest zero = {{0}};

    (void)state;
    for (uint32_t i = 0; i < MANY; i++) {
        struct lk_digest one = digest(i);

        assert_false(lk_mark_is_revoked(mark, &one));
        assert_int_equal(lk_mark_add_revoked(mark, &one), 0);
        assert_int_equal(lk_mark_add_revoked(mark, &one), 0);
        assert_true(lk_mark_is_revoked(mark, &one));
    }
    assert_int_equal(lk_mark_add_revoked(mark, &zero), -LK_ERR_RANGE);
    assert_int_equal(lk_mark_accept(mark, 1, &zero), 0);
    assert_int_equal(reopen(), 0);
    for (uint32_t i = 0; i < MANY; i++) {
        struct lk_digest one = digest(i);

        assert_true(lk_mark_is_revoked(mark, &one));
    }
    assert_false(lk_mark_is_revoked(mark, &(struct lk_digest){{1}}));
    assert_false(lk_mark_is_revoked(mark, &zero));
}

static void torn_record(void **state)
{
    uint8_t data[256];
    struct lk_digest a = digest(1);
    struct lk_digest b = digest(2);
    size_t len;

    (void)state;
    assert_int_equal(lk_mark_add_revoked(mark, &a), 0);
    assert_int_equal(lk_mark_add_revoked(mark, &b), 0);
    assert_int_equal(lk_mark_advance(mark, 0, &a, 0, &a), 0);
    len = get_file("mark.revoked", data, sizeof data);
    assert_int_equal(len, 64);
    /* The mark does not count b yet: it was the last thing written, and tore. */
    put_file("mark.revoked", data, 50);
    assert_int_equal(reopen(), 0);
    assert_true(lk_mark_is_revoked(mark, &a));
    assert_false(lk_mark_is_revoked(mark, &b));
    assert_int_equal(lk_mark_add_revoked(mark, &b), 0);
    assert_int_equal(get_file("mark.revoked", data, sizeof data), 64);
    assert_memory_equal(data + 32, b.bytes, 32);
    /* Now it counts both: one less is not a torn write any more. */
    assert_int_equal(lk_mark_advance(mark, 1, &a, 0, &a), 0);
    put_file("mark.revoked", data, 50);
    assert_int_equal(reopen(), -LK_ERR_CORRUPT);
}

static void broken_files(void **state)
{
    uint8_t data[256];
    char path[256];
    struct lk_digest a = digest(1);
    size_t len;

    (void)state;
    assert_int_equal(lk_mark_add_revoked(mark, &a), 0);
    assert_int_equal(lk_mark_advance(mark, 300, &a, 2, &a), 0);
    len = get_file("mark", data, sizeof data - 1);
    for (size_t cut = 0; cut < len; cut++) {
        put_file("mark", data, cut);
        assert_int_equal(reopen(), -LK_ERR_CORRUPT);
    }
    put_file("mark", data, len + 1); /* trailing byte */
    assert_int_equal(reopen(), -LK_ERR_CORRUPT);
    memset(data + len, 0, sizeof data - len);
    data[3] ^= 1; /* another type string */
    put_file("mark", data, len);
    assert_int_equal(reopen(), -LK_ERR_CORRUPT);
    data[3] ^= 1;
    put_file("mark", data, len);
    assert_int_equal(reopen(), 0);
    fixture_path(&fixture, "mark", path, sizeof path);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(reopen(), -LK_ERR_MODE);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("mark.revoked", path), 0);
    assert_int_equal(reopen(), -LK_ERR_LINK);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(reopen(), -LK_ERR_CORRUPT); /* digests without a mark */
    put_file("mark", data, len);
    fixture_path(&fixture, "mark.revoked", path, sizeof path);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(reopen(), -LK_ERR_CORRUPT);
    put_file("mark.revoked", "", 0);
    assert_int_equal(reopen(), -LK_ERR_CORRUPT);
}

static void begins(void **state)
{
    char path[256];

    (void)state;
    assert_int_equal(lk_mark_begin(mark), 0);
    assert_false(lk_mark_is_fresh(mark));
    assert_int_equal(reopen(), 0);
    assert_false(lk_mark_is_fresh(mark));
    /* Cut short between the two files. */
    fixture_path(&fixture, "mark", path, sizeof path);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(reopen(), 0);
    assert_true(lk_mark_is_fresh(mark));
}

/* The bytes of docs/PROTOCOL.md 4.14. */
static void worked_example(void **state)
{
    char expected[513];
    struct lk_digest hash;
    struct lk_digest set;
    uint8_t data[256];
    char text[513];

    (void)state;
    protocol_example("mark", expected, sizeof expected);
    for (int i = 0; i < 32; i++) {
        hash.bytes[i] = (uint8_t)(0x20 + i);
        set.bytes[i] = (uint8_t)(0x40 + i);
    }
    assert_int_equal(lk_mark_add_revoked(mark, &hash), 0);
    assert_int_equal(lk_mark_advance(mark, 500, &hash, 2, &set), 0);
    lk_hex(text, sizeof text, data, get_file("mark", data, sizeof data));
    assert_string_equal(text, expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(forward_only, start, stop),
        cmocka_unit_test_setup_teardown(revoked, start, stop),
        cmocka_unit_test_setup_teardown(torn_record, start, stop),
        cmocka_unit_test_setup_teardown(broken_files, start, stop),
        cmocka_unit_test_setup_teardown(begins, start, stop),
        cmocka_unit_test_setup_teardown(worked_example, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
