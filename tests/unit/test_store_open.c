/* SPDX-License-Identifier: EUPL-1.2 */
/* Opening what is not a store of ours, and writing to a disk that is full, read-only or broken: each its own error, nothing changed. */
#include "broker/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "broker/register/register.h"
#include "faulty_vfs.h"
#include "store_fixture.h"

static struct fixture fixture;

static int start(void **state)
{
    (void)state;
    fixture_begin(&fixture, NULL);
    fixture.options.vfs = faulty_vfs_register();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    faulty_vfs_clear();
    fixture_end(&fixture);
    return 0;
}

static int try_open(void)
{
    struct lk_store *store = NULL;
    int r = lk_store_sqlite.open(&fixture.options, &store);

    assert_true((r == 0) == (store != NULL));
    lk_store_sqlite.close(store);
    return r;
}

static void make_store(void)
{
    fixture_open(&fixture);
    fixture_close(&fixture);
}

static void path_of(const char *file, char path[256])
{
    fixture_path(&fixture, file, path, 256);
}

static void folders(void **state)
{
    char path[512];

    (void)state;
    snprintf(path, sizeof path, "%s/none", fixture.folder);
    fixture.options.folder = path;
    assert_int_equal(try_open(), -LK_ERR_NOT_FOUND);
    assert_int_equal(symlink(fixture.folder, path), 0);
    assert_int_equal(try_open(), -LK_ERR_LINK);
    assert_int_equal(unlink(path), 0);
    fixture.options.folder = fixture.folder;
    assert_int_equal(chmod(fixture.folder, 0750), 0);
    assert_int_equal(try_open(), -LK_ERR_MODE);
    assert_int_equal(chmod(fixture.folder, 0700), 0);
    if (geteuid() == 0) {
        assert_int_equal(chown(fixture.folder, 4242, (gid_t)-1), 0);
        assert_int_equal(try_open(), -LK_ERR_OWNER);
        assert_int_equal(chown(fixture.folder, 0, (gid_t)-1), 0);
    }
    assert_int_equal(try_open(), 0);
}

static void files(void **state)
{
    static const char *const names[] = {"store.sqlite3-wal", "store.sqlite3-shm",
                                        "store.sqlite3-journal", "reserve"};
    char path[256];
    char other[256];
    struct stat status;

    (void)state;
    make_store();
    path_of("store.sqlite3", path);
    path_of("other", other);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(try_open(), -LK_ERR_MODE);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(link(path, other), 0);
    assert_int_equal(try_open(), -LK_ERR_LINK);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink(other, path), 0);
    assert_int_equal(try_open(), -LK_ERR_LINK);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(try_open(), -LK_ERR_NOT_REGULAR);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rename(other, path), 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        path_of(names[i], other);
        assert_int_equal(symlink(path, other), 0);
        assert_int_equal(try_open(), -LK_ERR_LINK);
        assert_int_equal(unlink(other), 0);
    }
    assert_int_equal(try_open(), 0);
}

static void foreign_schemas(void **state)
{
    static const struct {
        const char *sql;
        const char *undo;
    } changes[] = {
        {"PRAGMA user_version = 99", "PRAGMA user_version = 2"},
        {"PRAGMA user_version = 0", "PRAGMA user_version = 2"},
        {"PRAGMA application_id = 7", "PRAGMA application_id = 1280004913"},
        {"CREATE TRIGGER planted AFTER UPDATE ON usage BEGIN UPDATE usage SET counter = 0; END",
         "DROP TRIGGER planted"},
        {"CREATE VIEW planted AS SELECT 1", "DROP VIEW planted"},
        {"CREATE TABLE planted (a)", "DROP TABLE planted"},
        {"DROP INDEX statement_agent; CREATE INDEX statement_agent ON statement (agent)",
         "DROP INDEX statement_agent; CREATE INDEX statement_agent ON statement (agent, newest)"},
        {"ALTER TABLE nonce ADD COLUMN planted TEXT", NULL},
    };

    (void)state;
    make_store();
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        fixture_sql(&fixture, changes[i].sql);
        assert_int_equal(try_open(), -LK_ERR_SCHEMA);
        if (changes[i].undo != NULL) {
            fixture_sql(&fixture, changes[i].undo);
            assert_int_equal(try_open(), 0);
        }
    }
}

static void another_program(void **state)
{
    (void)state;
    make_store();
    {
        char path[256];

        path_of("store.sqlite3", path);
        assert_int_equal(truncate(path, 0), 0);
    }
    fixture_sql(&fixture, "CREATE TABLE bookmarks (url TEXT)");
    assert_int_equal(try_open(), -LK_ERR_SCHEMA);
}

/* A page of noise at each place in turn: an error or a store that still tells what was put in, never something else. */
static void corrupt_pages(void **state)
{
    static const char noise[4096] = "not a page of a database, whatever the bytes before it say";
    struct fixture_statement made;
    char path[256];
    struct stat status = {0};
    size_t refused = 0;
    int fd;

    (void)state;
    fixture_open(&fixture);
    fixture_make(&fixture, 1, 1, 1, "alice", &made);
    fixture_enrol(&fixture, &made);
    fixture_close(&fixture);
    path_of("store.sqlite3", path);
    fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0 && fstat(fd, &status) == 0);
    for (off_t at = 0; at < status.st_size; at += 4096) {
        char kept[4096];
        struct lk_store *store = NULL;
        struct lk_store_rows rows = {0};
        int r;

        assert_int_equal(pread(fd, kept, sizeof kept, at), sizeof kept);
        assert_int_equal(pwrite(fd, noise, sizeof noise, at), sizeof noise);
        r = lk_store_sqlite.open(&fixture.options, &store);
        if (r == 0)
            r = lk_store_sqlite.read_name(store, "alice", &rows);
        if (r == 0 && rows.count > 0)
            assert_memory_equal(rows.rows[0].digest.bytes, made.digest.bytes, LK_DIGEST_SIZE);
        else
            refused++;
        assert_true(r == 0 || r == -LK_ERR_CORRUPT || r == -LK_ERR_SCHEMA);
        if (at == 0)
            assert_int_equal(r, -LK_ERR_CORRUPT);
        lk_store_rows_free(&rows);
        lk_store_sqlite.close(store);
        assert_int_equal(pwrite(fd, kept, sizeof kept, at), sizeof kept);
    }
    assert_true(refused > 3);
    close(fd);
    assert_int_equal(try_open(), 0);
    fixture_free(&made);
}

/* In a child that is not root: for root there is no read-only file. */
static void read_only(void **state)
{
    char path[256];
    pid_t child;
    int status;

    (void)state;
    make_store();
    path_of("store.sqlite3", path);
    assert_int_equal(chmod(path, 0400), 0);
    if (geteuid() == 0) {
        assert_int_equal(chown(path, 4242, 4242), 0);
        assert_int_equal(chown(fixture.folder, 4242, 4242), 0);
    }
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (geteuid() == 0 && (setgid(4242) != 0 || setuid(4242) != 0))
            _exit(90);
        _exit(-try_open());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(chown(fixture.folder, geteuid(), getegid()), 0);
    assert_int_equal(chown(path, geteuid(), getegid()), 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), LK_ERR_READ_ONLY);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(try_open(), 0);
}

static int commit(struct lk_change *change)
{
    return lk_store_sqlite.commit(fixture.store, &change, 1);
}

static struct lk_change record(void)
{
    return (struct lk_change){.kind = LK_CHANGE_RECORD,
                              .u.record = {.time = 1, .reason = LK_REASON_TIMEOUT, .count = 1}};
}

static uint64_t log_number(void)
{
    struct lk_store_head head;

    assert_int_equal(lk_store_sqlite.read_head(fixture.store, &head), 0);
    return head.log_number;
}

/* A write fails at each place in turn: the whole batch is refused with a cause, and the next one finds the store as before. */
static void failing_writes(void **state)
{
    static const struct {
        enum faulty_vfs_fault fault;
        int error;
    } faults[] = {{FAULTY_VFS_FULL, -LK_ERR_FULL}, {FAULTY_VFS_WRITE, -LK_ERR_IO}};
    uint64_t number = 0;

    (void)state;
    fixture_open(&fixture);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        for (int at = 1;; at++) {
            struct lk_change changes[2] = {record(), record()};
            struct lk_change *pointers[2] = {&changes[0], &changes[1]};
            int r;

            faulty_vfs_fail(faults[i].fault, at);
            r = lk_store_sqlite.commit(fixture.store, pointers, 2);
            faulty_vfs_clear();
            if (r == 0) {
                assert_true(at > 2); /* it did fail a few times */
                number += 2;
                break;
            }
            assert_int_equal(r, faults[i].error);
            assert_int_equal(changes[0].error, r);
            assert_int_equal(changes[1].error, r);
            assert_int_equal(changes[1].reason, LK_REASON_STORE_UNAVAILABLE);
            assert_int_equal(log_number(), number);
        }
        assert_int_equal(log_number(), number);
    }
}

/* After a failed fsync nobody knows what the disk holds: nothing more is promised before the store is opened again. */
static void failing_sync(void **state)
{
    struct lk_change change = record();

    (void)state;
    fixture_open(&fixture);
    assert_int_equal(commit(&change), 0);
    faulty_vfs_fail(FAULTY_VFS_SYNC, 1);
    assert_int_equal(commit(&change), -LK_ERR_IO);
    faulty_vfs_clear();
    assert_int_equal(commit(&change), -LK_ERR_IO);
    fixture_reopen(&fixture);
    assert_int_equal(commit(&change), 0);
}

static uint64_t reserve_size(void)
{
    char path[256];
    struct stat status;

    path_of("reserve", path);
    assert_int_equal(stat(path, &status), 0);
    return (uint64_t)status.st_size;
}

/* Design rule 8 with a disk that is full until the reserve has shrunk far enough. */
static void reserve(void **state)
{
    const uint64_t third = 1 << 20;
    struct fixture_statement made;
    struct lk_buf bytes;
    struct lk_change normal = record();
    struct lk_change privileged = record();
    struct lk_change revocation;

    (void)state;
    privileged.urgency = LK_URGENCY_PRIVILEGED;
    fixture.options.reserve_bytes = 3 * third;
    fixture_open(&fixture);
    assert_int_equal(reserve_size(), 3 * third);
    fixture_make(&fixture, 1, 1, 1, "alice", &made);
    fixture_enrol(&fixture, &made);
    revocation = fixture_state(&fixture, &made.digest, LK_STATE_REVOKED, &bytes);
    assert_int_equal(lk_store_sqlite.low_space(fixture.store), 0);

    faulty_vfs_full_until("reserve", fixture.folder, 2 * third);
    assert_int_equal(commit(&normal), 0); /* the first third serves everybody */
    assert_int_equal(normal.reason, LK_REASON_NONE);
    assert_int_equal(lk_store_sqlite.low_space(fixture.store), 1);
    assert_int_equal(reserve_size(), 2 * third);

    faulty_vfs_full_until("reserve", fixture.folder, third);
    assert_int_equal(commit(&normal), -LK_ERR_FULL); /* the second is not for everybody */
    assert_int_equal(lk_store_sqlite.low_space(fixture.store), 1);
    {
        struct lk_change *both[2] = {&normal, &privileged};

        assert_int_equal(lk_store_sqlite.commit(fixture.store, both, 2), 0);
    }
    assert_int_equal(normal.reason, LK_REASON_STORE_LOW);
    assert_int_equal(privileged.reason, LK_REASON_NONE);
    assert_int_equal(lk_store_sqlite.low_space(fixture.store), 2);
    assert_int_equal(commit(&normal), 0);
    assert_int_equal(normal.reason, LK_REASON_STORE_LOW);

    faulty_vfs_full_until("reserve", fixture.folder, 0);
    assert_int_equal(commit(&privileged), -LK_ERR_FULL);
    assert_int_equal(commit(&revocation), 0);
    assert_int_equal(revocation.reason, LK_REASON_NONE);
    assert_int_equal(lk_store_sqlite.low_space(fixture.store), 3);
    assert_int_equal(reserve_size(), 0);
    assert_int_equal(commit(&privileged), 0);
    assert_int_equal(privileged.reason, LK_REASON_STORE_LOW);

    /* Room again: taken back, and everybody is served. */
    faulty_vfs_clear();
    assert_int_equal(lk_store_sqlite.maintain(fixture.store), 0);
    assert_int_equal(lk_store_sqlite.low_space(fixture.store), 0);
    assert_int_equal(reserve_size(), 3 * third);
    assert_int_equal(commit(&normal), 0);
    assert_int_equal(normal.reason, LK_REASON_NONE);
    lk_buf_clear(&bytes);
    fixture_free(&made);
}

/* Not one block is left, and the broker starts again: the reserve lets it, and a key can still be revoked. */
static void full_restart(struct fixture *small, const struct fixture_statement *last)
{
    static const char junk[4096];
    struct lk_buf bytes;
    struct lk_change revocation;
    char path[256];
    int fd;

    /* Needed for the first look into the store. */
    fixture_path(small, "store.sqlite3-shm", path, sizeof path);
    assert_int_equal(unlink(path), 0);
    fixture_path(small, "junk", path, sizeof path);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    while (write(fd, junk, sizeof junk) > 0)
        ;
    assert_int_equal(errno, ENOSPC);
    close(fd);
    fixture_open(small);
    assert_true(lk_store_sqlite.low_space(small->store) >= 1);
    revocation = fixture_state(small, &last->digest, LK_STATE_REVOKED, &bytes);
    assert_int_equal(fixture_commit(small, &revocation), LK_REASON_NONE);
    lk_buf_clear(&bytes);
    fixture_close(small);
}

/* A real disk that fills up: a small tmpfs, where the machine lets us have one. What was acknowledged is there, in one whole chain. */
static void full_disk(void **state)
{
    struct fixture small;
    struct fixture_statement made;
    struct fixture_statement last;
    struct lk_register_report report;
    struct lk_store_head head;
    uint64_t acknowledged = 0;
    uint32_t i;
    int r = 0;

    (void)state;
    fixture_begin(&small, NULL);
    fixture_make(&small, 0, 0, 1, NULL, &last);
    /* In a mount namespace of its own: it goes with this program, however that ends. */
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", small.folder, "tmpfs", MS_NOSUID | MS_NODEV, "size=6m,mode=0700") != 0) {
        print_message("no tmpfs here (%s): left out\n", strerror(errno));
        fixture_free(&last);
        fixture_end(&small);
        return;
    }
    small.options.reserve_bytes = 1 << 20;
    fixture_open(&small);
    for (i = 0; i < 20000 && r == 0; i++) {
        struct lk_change change;
        struct lk_change *pointer = &change;

        fixture_make(&small, i, i, 1, NULL, &made);
        change = fixture_enrolment(&small, &made);
        r = lk_store_sqlite.commit(small.store, &pointer, 1);
        fixture_free(&made);
        if (r == 0 && change.reason == LK_REASON_NONE)
            acknowledged = change.number;
        if (i % 16 == 0)
            (void)lk_store_sqlite.maintain(small.store);
    }
    assert_int_equal(r, -LK_ERR_FULL);
    assert_true(acknowledged > 100);
    assert_true(lk_store_sqlite.low_space(small.store) >= 1);
    fixture_close(&small);
    fixture_open(&small);
    assert_int_equal(lk_store_sqlite.read_head(small.store, &head), 0);
    assert_int_equal(head.number, acknowledged);
    assert_int_equal(
        lk_register_check(&lk_store_sqlite, small.store, NULL, small.crypto, NULL, false, &report),
        0);
    assert_int_equal(report.reason, LK_REASON_NONE);
    fixture_close(&small);
    full_restart(&small, &last);
    fixture_free(&last);
    assert_int_equal(umount(small.folder), 0);
    fixture_end(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(folders, start, stop),
        cmocka_unit_test_setup_teardown(files, start, stop),
        cmocka_unit_test_setup_teardown(foreign_schemas, start, stop),
        cmocka_unit_test_setup_teardown(another_program, start, stop),
        cmocka_unit_test_setup_teardown(corrupt_pages, start, stop),
        cmocka_unit_test_setup_teardown(read_only, start, stop),
        cmocka_unit_test_setup_teardown(failing_writes, start, stop),
        cmocka_unit_test_setup_teardown(failing_sync, start, stop),
        cmocka_unit_test_setup_teardown(reserve, start, stop),
        cmocka_unit_test_setup_teardown(full_disk, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
