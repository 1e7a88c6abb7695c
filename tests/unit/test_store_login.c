/* SPDX-License-Identifier: EUPL-1.2 */
/* Logins in the store: counter, nonce, limit and log record in one transaction; what ends after its term. */
#include "broker/store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker/log/record.h"
#include "store_fixture.h"

static struct fixture fixture;

static int start(void **state)
{
    (void)state;
    fixture_begin(&fixture, NULL);
    fixture_open(&fixture);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    fixture_end(&fixture);
    return 0;
}

struct seen {
    size_t count;
    uint64_t numbers[16];
    enum lk_reason reasons[16];
    char names[16][LK_NAME_MAX + 1];
    struct lk_log_entry last;
    struct lk_digest last_hash;
};

static int see_log(void *context, const struct lk_store_log_row *row)
{
    struct seen *seen = context;
    enum lk_reason reason;

    assert_int_equal(lk_log_link_verify(fixture.crypto, seen->last.number != 0 ? &seen->last : NULL,
                                        &seen->last_hash, row->bytes, &row->hash, &seen->last,
                                        &reason),
                     0);
    assert_int_equal(reason, LK_REASON_NONE);
    seen->last_hash = row->hash;
    seen->numbers[seen->count] = row->number;
    seen->reasons[seen->count] = seen->last.record.reason;
    strcpy(seen->names[seen->count++], row->name);
    return 0;
}

static void set_nonce(struct lk_change *change, uint32_t minute, uint8_t value)
{
    uint8_t *nonce = change->u.login.nonce;

    change->u.login.has_nonce = true;
    memset(nonce, value, LK_STORE_NONCE_SIZE);
    for (int i = 0; i < 4; i++)
        nonce[i] = (uint8_t)(minute >> (24 - 8 * i));
}

/* What the test below has left behind. */
static void check_log(void)
{
    struct seen seen = {0};

    assert_int_equal(lk_store_sqlite.read_log(fixture.store, NULL, 1, 16, see_log, &seen), 0);
    assert_int_equal(seen.count, 7);
    assert_int_equal(seen.reasons[2], LK_REASON_COUNTER);
    assert_int_equal(seen.reasons[3], LK_REASON_HOST_GROUP);
    assert_int_equal(seen.reasons[4], LK_REASON_LIMIT);
    assert_string_equal(seen.names[0], "alice");
    memset(&seen, 0, sizeof seen);
    assert_int_equal(lk_store_sqlite.read_log(fixture.store, "alice", 0, 2, see_log, &seen), 0);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.numbers[0], 6);
    memset(&seen, 0, sizeof seen);
    assert_int_equal(lk_store_sqlite.read_log(fixture.store, "bob", 0, 2, see_log, &seen), 0);
    assert_int_equal(seen.count, 0);
}

static void logins(void **state)
{
    struct fixture_statement made;
    struct lk_store_rows rows;
    struct lk_change login;
    uint32_t minute = (uint32_t)(fixture.now / 60);

    (void)state;
    fixture_make(&fixture, 1, 10, 1, "alice", &made);
    fixture_enrol(&fixture, &made);
    fixture_row(&fixture, &made.digest, &rows);
    login = fixture_login(&fixture, &made.digest, rows.rows[0].row_version, 7);
    lk_store_rows_free(&rows);
    set_nonce(&login, minute + 5, 1);
    assert_int_equal(fixture_commit(&fixture, &login), LK_REASON_NONE);
    assert_int_equal(login.number, 1);
    /* Judged at the same time as the first: the row version moved by a counter alone. */
    login.u.login.counter = 8;
    set_nonce(&login, minute + 5, 2);
    assert_int_equal(fixture_commit(&fixture, &login), LK_REASON_NONE);
    login.u.login.counter = 9;
    /* Sent again and again, it leaves nothing in the log. */
    assert_int_equal(fixture_commit(&fixture, &login), LK_REASON_REPLAY);
    assert_int_equal(login.number, 0);
    set_nonce(&login, minute + 5, 3);
    login.u.login.counter = 8;
    assert_int_equal(fixture_commit(&fixture, &login), LK_REASON_COUNTER);
    login.u.login.refused = true;
    login.u.login.record.reason = LK_REASON_HOST_GROUP;
    set_nonce(&login, minute + 5, 4);
    assert_int_equal(fixture_commit(&fixture, &login), LK_REASON_NONE);
    fixture_row(&fixture, &made.digest, &rows);
    assert_int_equal(rows.rows[0].counter, 8);
    assert_int_equal(rows.rows[0].failures, 2);
    lk_store_rows_free(&rows);
    login.u.login.refused = false;
    login.u.login.record.reason = LK_REASON_NONE;
    login.u.login.counter = 20;
    login.u.login.failure_limit = 2;
    set_nonce(&login, minute + 5, 5);
    assert_int_equal(fixture_commit(&fixture, &login), LK_REASON_LIMIT);
    fixture.now += LK_STORE_FAILURE_WINDOW;
    login.u.login.record.time = fixture.now;
    assert_int_equal(fixture_commit(&fixture, &login), LK_REASON_NONE);
    fixture_row(&fixture, &made.digest, &rows);
    assert_int_equal(rows.rows[0].counter, 20);
    assert_int_equal(rows.rows[0].failures, 0);
    assert_int_equal(rows.rows[0].last_login, fixture.now);
    lk_store_rows_free(&rows);
    login.u.login.statement.bytes[0] ^= 1;
    assert_int_equal(fixture_commit(&fixture, &login), LK_REASON_CONFLICT);

    check_log();
    fixture_free(&made);
}

static void nonces_end(void **state)
{
    struct fixture_statement made;
    struct lk_store_rows rows;
    struct lk_change login;
    uint32_t minute = (uint32_t)(fixture.now / 60);

    (void)state;
    fixture_make(&fixture, 1, 10, 1, "alice", &made);
    fixture_enrol(&fixture, &made);
    fixture_row(&fixture, &made.digest, &rows);
    login = fixture_login(&fixture, &made.digest, rows.rows[0].row_version, 0);
    lk_store_rows_free(&rows);
    set_nonce(&login, minute + 5, 1);
    assert_int_equal(fixture_commit(&fixture, &login), LK_REASON_NONE);
    assert_int_equal(lk_store_sqlite.maintain(fixture.store), 0);
    assert_int_equal(fixture_commit(&fixture, &login), LK_REASON_REPLAY);
    fixture.now += 3600;
    assert_int_equal(lk_store_sqlite.maintain(fixture.store), 0);
    /* Gone from the table, and refused all the same, also after the clock is set back and the store opened again. */
    fixture.now -= 3600;
    assert_int_equal(fixture_commit(&fixture, &login), LK_REASON_EXPIRED_CHALLENGE);
    fixture_reopen(&fixture);
    assert_int_equal(fixture_commit(&fixture, &login), LK_REASON_EXPIRED_CHALLENGE);
    set_nonce(&login, minute + 70, 1);
    assert_int_equal(fixture_commit(&fixture, &login), LK_REASON_NONE);
    fixture_free(&made);
}

/* Years ahead for a moment: what was deleted then stays refused, and nothing else. */
static void clock_ahead(void **state)
{
    struct fixture_statement made;
    struct lk_store_rows rows;
    struct lk_change login;
    uint32_t minute = (uint32_t)(fixture.now / 60);

    (void)state;
    fixture_make(&fixture, 1, 10, 1, "alice", &made);
    fixture_enrol(&fixture, &made);
    fixture_row(&fixture, &made.digest, &rows);
    login = fixture_login(&fixture, &made.digest, rows.rows[0].row_version, 0);
    lk_store_rows_free(&rows);
    for (int i = 0; i < 2; i++) {
        set_nonce(&login, minute + 5 + (uint32_t)i, (uint8_t)(i + 1));
        assert_int_equal(fixture_commit(&fixture, &login), LK_REASON_NONE);
    }
    fixture.now += 5L * 365 * 86400;
    assert_int_equal(lk_store_sqlite.maintain(fixture.store), 0);
    assert_int_equal(lk_store_sqlite.maintain(fixture.store), 0);
    fixture.now -= 5L * 365 * 86400;
    set_nonce(&login, minute + 5, 1);
    assert_int_equal(fixture_commit(&fixture, &login), LK_REASON_EXPIRED_CHALLENGE);
    for (int i = 0; i < 2; i++) {
        set_nonce(&login, minute + 7, (uint8_t)(i + 3));
        assert_int_equal(fixture_commit(&fixture, &login), LK_REASON_NONE);
        fixture_reopen(&fixture);
    }
    fixture_free(&made);
}

static void log_segments(void **state)
{
    struct lk_change record = {
        .kind = LK_CHANGE_RECORD,
        .u.record = {
            .reason = LK_REASON_UNKNOWN_AGENT, .count = 3, .name = "nobody", .service = "login"}};
    struct seen seen = {0};

    (void)state;
    fixture_close(&fixture);
    fixture.options.names_term = 10 * 86400;
    fixture.options.log_term = 30 * 86400;
    fixture_open(&fixture);
    for (int day = 0; day < 4; day++) {
        record.u.record.time = fixture.now;
        assert_int_equal(fixture_commit(&fixture, &record), LK_REASON_NONE);
        assert_int_equal(record.number, day + 1);
        fixture.now += 86400;
    }
    fixture.now += 11 * 86400;
    assert_int_equal(lk_store_sqlite.maintain(fixture.store), 0);
    assert_int_equal(lk_store_sqlite.read_log(fixture.store, NULL, 1, 16, see_log, &seen), 0);
    assert_int_equal(seen.count, 4);
    assert_string_equal(seen.names[0], "");
    assert_string_equal(seen.names[2], "");
    assert_string_equal(seen.names[3], "nobody"); /* its segment is still open */
    fixture.now += 30 * 86400;
    assert_int_equal(lk_store_sqlite.maintain(fixture.store), 0);
    memset(&seen, 0, sizeof seen);
    assert_int_equal(lk_store_sqlite.read_log(fixture.store, NULL, 1, 16, see_log, &seen), 0);
    assert_int_equal(seen.count, 1);
    record.u.record.time = fixture.now;
    assert_int_equal(fixture_commit(&fixture, &record), LK_REASON_NONE);
    assert_int_equal(record.number, 5);
    assert_int_equal(lk_store_sqlite.maintain(fixture.store), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(logins, start, stop),
        cmocka_unit_test_setup_teardown(nonces_end, start, stop),
        cmocka_unit_test_setup_teardown(clock_ahead, start, stop),
        cmocka_unit_test_setup_teardown(log_segments, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
