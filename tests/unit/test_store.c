/* SPDX-License-Identifier: EUPL-1.2 */
/* The store: what is committed is read back, what is refused leaves no trace. */
#include "broker/store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker/register/register.h"
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

static struct lk_store_head head(void)
{
    struct lk_store_head result;

    assert_int_equal(lk_store_sqlite.read_head(fixture.store, &result), 0);
    return result;
}

/* The register chain holds, whatever the test did. */
static void check_register(void)
{
    struct lk_register_report report;

    assert_int_equal(lk_register_check(&lk_store_sqlite, fixture.store, NULL, fixture.crypto, NULL,
                                       false, &report),
                     0);
    assert_int_equal(report.reason, LK_REASON_NONE);
    assert_int_equal(report.entries, head().number);
}

static void empty_store(void **state)
{
    struct lk_store_rows rows = {0};
    struct lk_digest none = {{1}};
    struct lk_subject subject = {{1}};
    struct lk_store_head now = head();

    (void)state;
    assert_int_equal(now.number, 0);
    assert_int_equal(now.log_number, 0);
    assert_int_equal(now.set_number, 0);
    assert_int_equal(now.credentials, 0);
    assert_int_equal(lk_store_sqlite.read_name(fixture.store, "alice", &rows), 0);
    assert_false(rows.known);
    assert_int_equal(lk_store_sqlite.read_subject(fixture.store, &subject, &rows), 0);
    assert_false(rows.known);
    assert_int_equal(lk_store_sqlite.read_credential(fixture.store, &none, &rows), 0);
    assert_int_equal(rows.count, 0);
    assert_int_equal(lk_store_sqlite.read_statement(fixture.store, &none, &rows), 0);
    assert_int_equal(rows.count, 0);
    assert_int_equal(lk_store_sqlite.low_space(fixture.store), 0);
    assert_int_equal(lk_store_sqlite.maintain(fixture.store), 0);
    check_register();
}

static void enrol_and_read(void **state)
{
    struct fixture_statement made;
    struct lk_store_rows rows;
    const struct lk_store_row *row;
    struct lk_change change;
    enum lk_reason reason;

    (void)state;
    fixture_make(&fixture, 1, 10, 1, "alice", &made);
    change = fixture_enrolment(&fixture, &made);
    assert_int_equal(fixture_commit(&fixture, &change), LK_REASON_NONE);
    assert_int_equal(change.number, 1);
    assert_int_equal(lk_store_sqlite.read_name(fixture.store, "alice", &rows), 0);
    assert_true(rows.known);
    assert_string_equal(rows.name, "alice");
    assert_memory_equal(rows.subject.bytes, made.statement.subject.bytes, LK_SUBJECT_SIZE);
    assert_int_equal(rows.count, 1);
    row = &rows.rows[0];
    assert_memory_equal(row->digest.bytes, made.digest.bytes, LK_DIGEST_SIZE);
    assert_memory_equal(row->credential.bytes, made.credential.bytes, LK_DIGEST_SIZE);
    assert_true(lk_view_equal(row->statement, lk_buf_view(&made.bytes)));
    assert_true(
        lk_view_equal(row->attestation_object, LK_VIEW(made.attestation, sizeof made.attestation)));
    assert_true(row->newest);
    assert_int_equal(row->version, 1);
    assert_int_equal(row->state, LK_STATE_PENDING);
    assert_int_equal(row->created, fixture.now);
    assert_int_equal(row->entry.number, 1);
    assert_false(row->entry.has_next);
    assert_false(row->activation.present);
    assert_memory_equal(row->entry.hash.bytes, change.hash.bytes, LK_DIGEST_SIZE);
    assert_int_equal(lk_register_row_check(fixture.crypto, row, &reason), 0);
    assert_int_equal(reason, LK_REASON_NONE);
    lk_store_rows_free(&rows);

    assert_int_equal(fixture_endorse(&fixture, &made.digest, 0xa0, false), LK_REASON_NONE);
    fixture_row(&fixture, &made.digest, &rows);
    assert_int_equal(rows.rows[0].state, LK_STATE_PENDING);
    assert_int_equal(rows.rows[0].endorsement_count, 1);
    lk_store_rows_free(&rows);
    assert_int_equal(fixture_endorse(&fixture, &made.digest, 0xa1, true), LK_REASON_NONE);
    /* The same record again, after its answer was lost: known already. */
    assert_int_equal(fixture_endorse(&fixture, &made.digest, 0xa0, false), LK_REASON_NONE);
    fixture_row(&fixture, &made.digest, &rows);
    row = &rows.rows[0];
    assert_int_equal(row->state, LK_STATE_ACTIVE);
    assert_int_equal(row->endorsement_count, 2);
    assert_true(row->activation.present);
    assert_int_equal(row->activation.number, 2);
    assert_int_equal(row->activation.endorsements.len,
                     row->endorsements[0].record.len + row->endorsements[1].record.len + 8);
    assert_int_equal(lk_register_row_check(fixture.crypto, row, &reason), 0);
    assert_int_equal(reason, LK_REASON_NONE);
    lk_store_rows_free(&rows);
    assert_int_equal(head().active, 1);
    assert_int_equal(head().pending, 0);
    assert_int_equal(head().agents, 1);
    fixture_reopen(&fixture);
    check_register();
    assert_int_equal(head().number, 2);
    fixture_free(&made);
}

static void refused_statements(void **state)
{
    struct fixture_statement made;
    struct fixture_statement other;
    struct lk_change change;
    static const uint8_t nonsense[] = {0x81, 0x00};

    (void)state;
    fixture_make(&fixture, 1, 10, 2, "alice", &made);
    fixture_enrol(&fixture, &made);
    change = fixture_enrolment(&fixture, &made);
    assert_int_equal(fixture_commit(&fixture, &change), LK_REASON_SUPERSEDED);
    assert_int_equal(change.number, 0);
    fixture_make(&fixture, 1, 10, 1, "alice", &other);
    change = fixture_enrolment(&fixture, &other);
    assert_int_equal(fixture_commit(&fixture, &change), LK_REASON_SUPERSEDED);
    fixture_free(&other);
    /* Another subject with the same credential, under a name of its own: nothing of it may stay. */
    fixture_make(&fixture, 2, 10, 3, "mallory", &other);
    change = fixture_enrolment(&fixture, &other);
    assert_int_equal(fixture_commit(&fixture, &change), LK_REASON_USER_HANDLE);
    assert_int_equal(head().agents, 1);
    fixture_free(&other);
    change = fixture_enrolment(&fixture, &made);
    change.u.statement.statement = LK_VIEW(nonsense, sizeof nonsense);
    assert_int_equal(fixture_commit(&fixture, &change), LK_REASON_STATEMENT);
    change = fixture_enrolment(&fixture, &made);
    change.u.statement.client_data_hash = LK_VIEW(nonsense, sizeof nonsense);
    assert_int_equal(fixture_commit(&fixture, &change), LK_REASON_EVIDENCE);
    assert_int_equal(head().number, 2);
    check_register();
    fixture_free(&made);
}

static void new_version(void **state)
{
    struct fixture_statement first;
    struct fixture_statement second;
    struct lk_store_rows rows;
    struct lk_change login;
    struct lk_change change;

    (void)state;
    fixture_make(&fixture, 1, 10, 1, "alice", &first);
    fixture_enrol(&fixture, &first);
    fixture_row(&fixture, &first.digest, &rows);
    login = fixture_login(&fixture, &first.digest, rows.rows[0].row_version, 7);
    lk_store_rows_free(&rows);
    assert_int_equal(fixture_commit(&fixture, &login), LK_REASON_NONE);
    fixture_make(&fixture, 1, 10, 5, "alice", &second);
    change = fixture_enrolment(&fixture, &second);
    assert_int_equal(fixture_commit(&fixture, &change), LK_REASON_NONE);
    /* A login judged before the new version came must not be committed after it. */
    login.u.login.counter = 8;
    assert_int_equal(fixture_commit(&fixture, &login), LK_REASON_CONFLICT);
    assert_int_equal(lk_store_sqlite.read_credential(fixture.store, &first.credential, &rows), 0);
    assert_int_equal(rows.count, 2);
    assert_false(rows.rows[0].newest);
    assert_true(rows.rows[1].newest);
    assert_int_equal(rows.rows[1].counter, 7); /* the same key: its counter goes on */
    lk_store_rows_free(&rows);
    assert_int_equal(lk_store_sqlite.read_name(fixture.store, "alice", &rows), 0);
    assert_int_equal(rows.count, 1);
    assert_int_equal(rows.rows[0].version, 5);
    lk_store_rows_free(&rows);
    assert_int_equal(fixture_endorse(&fixture, &first.digest, 0xa1, true), LK_REASON_SUPERSEDED);
    assert_int_equal(head().pending, 1);
    assert_int_equal(head().active, 0);
    check_register();
    fixture_free(&first);
    fixture_free(&second);
}

static void name_moves(void **state)
{
    struct fixture_statement first;
    struct fixture_statement second;
    struct lk_store_rows rows;
    struct lk_change login;
    struct lk_change change;

    (void)state;
    fixture_make(&fixture, 1, 10, 1, "alice", &first);
    fixture_enrol(&fixture, &first);
    fixture_row(&fixture, &first.digest, &rows);
    login = fixture_login(&fixture, &first.digest, rows.rows[0].row_version, 7);
    lk_store_rows_free(&rows);
    fixture_make(&fixture, 2, 11, 1, "alice", &second);
    change = fixture_enrolment(&fixture, &second);
    assert_int_equal(fixture_commit(&fixture, &change), LK_REASON_NONE);
    assert_int_equal(fixture_commit(&fixture, &login), LK_REASON_CONFLICT);
    assert_int_equal(lk_store_sqlite.read_name(fixture.store, "alice", &rows), 0);
    assert_memory_equal(rows.subject.bytes, second.statement.subject.bytes, LK_SUBJECT_SIZE);
    assert_int_equal(rows.count, 1);
    lk_store_rows_free(&rows);
    assert_int_equal(lk_store_sqlite.read_subject(fixture.store, &first.statement.subject, &rows),
                     0);
    assert_true(rows.known);
    assert_string_equal(rows.name, "");
    assert_int_equal(rows.count, 1);
    lk_store_rows_free(&rows);
    assert_int_equal(head().agents, 2);
    check_register();
    fixture_free(&first);
    fixture_free(&second);
}

static void states_go_forward(void **state)
{
    struct fixture_statement made;
    struct lk_store_rows rows;
    struct lk_buf bytes;
    struct lk_change change;
    struct lk_change login;

    (void)state;
    fixture_make(&fixture, 1, 10, 1, "alice", &made);
    fixture_enrol(&fixture, &made);
    fixture_row(&fixture, &made.digest, &rows);
    login = fixture_login(&fixture, &made.digest, rows.rows[0].row_version, 7);
    lk_store_rows_free(&rows);
    change = fixture_state(&fixture, &made.digest, LK_STATE_SUSPENDED, &bytes);
    assert_int_equal(fixture_commit(&fixture, &change), LK_REASON_NONE);
    assert_int_equal(change.number, 3);
    assert_int_equal(fixture_commit(&fixture, &login), LK_REASON_CONFLICT);
    assert_int_equal(fixture_commit(&fixture, &change), LK_REASON_TRANSITION);
    assert_int_equal(fixture_endorse(&fixture, &made.digest, 0xa1, true), LK_REASON_TRANSITION);
    lk_buf_clear(&bytes);
    change = fixture_state(&fixture, &made.digest, LK_STATE_REVOKED, &bytes);
    assert_int_equal(fixture_commit(&fixture, &change), LK_REASON_NONE);
    lk_buf_clear(&bytes);
    change = fixture_state(&fixture, &made.digest, LK_STATE_SUSPENDED, &bytes);
    assert_int_equal(fixture_commit(&fixture, &change), LK_REASON_TRANSITION);
    /* The bytes say another thing than the columns would. */
    change.u.state.state = LK_STATE_REVOKED;
    assert_int_equal(fixture_commit(&fixture, &change), LK_REASON_STATEMENT);
    lk_buf_clear(&bytes);
    change = fixture_state(&fixture, &(struct lk_digest){{9}}, LK_STATE_REVOKED, &bytes);
    assert_int_equal(fixture_commit(&fixture, &change), LK_REASON_CREDENTIAL_UNKNOWN);
    lk_buf_clear(&bytes);
    assert_int_equal(head().revoked, 1);
    assert_int_equal(head().suspended, 0);
    assert_int_equal(head().active, 0);
    assert_int_equal(head().number, 4);
    check_register();
    fixture_free(&made);
}

/* One refused change in the middle: its neighbours are done, and the numbers have no hole. */
static void batch(void **state)
{
    struct fixture_statement made[3];
    struct lk_change changes[4];
    struct lk_change *pointers[4];

    (void)state;
    fixture_make(&fixture, 1, 10, 1, "alice", &made[0]);
    fixture_make(&fixture, 2, 10, 2, "mallory", &made[1]); /* alice's credential */
    fixture_make(&fixture, 3, 12, 1, "carol", &made[2]);
    for (int i = 0; i < 3; i++)
        changes[i] = fixture_enrolment(&fixture, &made[i]);
    changes[3] = (struct lk_change){
        .kind = LK_CHANGE_RECORD, .u.record = {.time = 1, .reason = LK_REASON_TIMEOUT, .count = 1}};
    for (int i = 0; i < 4; i++)
        pointers[i] = &changes[i];
    assert_int_equal(lk_store_sqlite.commit(fixture.store, pointers, 4), 0);
    assert_int_equal(changes[0].reason, LK_REASON_NONE);
    assert_int_equal(changes[0].number, 1);
    assert_int_equal(changes[1].reason, LK_REASON_USER_HANDLE);
    assert_int_equal(changes[2].reason, LK_REASON_NONE);
    assert_int_equal(changes[2].number, 2);
    assert_int_equal(changes[3].number, 1);
    assert_int_equal(head().agents, 2);
    assert_int_equal(head().pending, 2);
    check_register();
    /* An endorsement over two of which one does not fit: neither becomes active, and the record does not stay. */
    {
        const struct lk_digest digests[2] = {made[0].digest, made[1].digest};
        const struct lk_tree_path paths[2] = {{.count = 2, .length = 1},
                                              {.index = 1, .count = 2, .length = 1}};
        const bool completes[2] = {true, true};
        const uint64_t versions[2] = {1ull << 32, 1ull << 32};
        struct lk_buf record;
        struct lk_change change;

        fixture_record(&fixture, digests, 2, 0xa0, &record);
        change = (struct lk_change){
            .kind = LK_CHANGE_ENDORSE,
            .u.endorse = {lk_buf_view(&record), 2, digests, paths, completes, versions, 1}};
        assert_int_equal(fixture_commit(&fixture, &change), LK_REASON_CONFLICT);
        assert_int_equal(change.activated, 0);
        assert_int_equal(head().active, 0);
        assert_int_equal(head().number, 2);
        lk_buf_clear(&record);
    }
    for (int i = 0; i < 3; i++)
        fixture_free(&made[i]);
}

struct listed {
    size_t count;
    uint64_t last;
    char names[16][LK_NAME_MAX + 1];
};

static int see_row(void *context, const char *name, const struct lk_store_row *row)
{
    struct listed *listed = context;

    assert_true(row->entry.number > listed->last);
    listed->last = row->entry.number;
    strcpy(listed->names[listed->count++], name);
    return 0;
}

static size_t list(const struct lk_store_filter *filter)
{
    struct listed listed = {0};

    assert_int_equal(lk_store_sqlite.list(fixture.store, filter, see_row, &listed), 0);
    return listed.count;
}

static int stop_at_once(void *context, const char *name, const struct lk_store_row *row)
{
    (void)context;
    (void)name;
    (void)row;
    return 42;
}

static void lists(void **state)
{
    struct fixture_statement made[4];
    struct lk_buf bytes;
    struct lk_change change;

    (void)state;
    fixture_make(&fixture, 1, 10, 1, "alice", &made[0]);
    fixture_make(&fixture, 1, 11, 1, "alice", &made[1]);
    fixture_make(&fixture, 2, 12, 1, "bob", &made[2]);
    fixture_make(&fixture, 1, 10, 2, "alice", &made[3]);
    for (int i = 0; i < 3; i++)
        fixture_enrol(&fixture, &made[i]);
    change = fixture_enrolment(&fixture, &made[3]);
    assert_int_equal(fixture_commit(&fixture, &change), LK_REASON_NONE);
    change = fixture_state(&fixture, &made[2].digest, LK_STATE_REVOKED, &bytes);
    assert_int_equal(fixture_commit(&fixture, &change), LK_REASON_NONE);
    lk_buf_clear(&bytes);
    assert_int_equal(list(&(struct lk_store_filter){0}), 3);
    assert_int_equal(list(&(struct lk_store_filter){.all_versions = true}), 4);
    assert_int_equal(list(&(struct lk_store_filter){.name = "alice"}), 2);
    assert_int_equal(list(&(struct lk_store_filter){.name = "alice", .all_versions = true}), 3);
    assert_int_equal(list(&(struct lk_store_filter){.name = "nobody"}), 0);
    assert_int_equal(list(&(struct lk_store_filter){.state = LK_STATE_PENDING}), 1);
    assert_int_equal(list(&(struct lk_store_filter){.state = LK_STATE_REVOKED}), 1);
    assert_int_equal(list(&(struct lk_store_filter){.most = 2}), 2);
    assert_int_equal(list(&(struct lk_store_filter){.after = 3}), 2);
    assert_int_equal(
        list(&(struct lk_store_filter){.credential_prefix = LK_VIEW(made[2].credential.bytes, 8)}),
        1);
    assert_int_equal(
        list(&(struct lk_store_filter){.credential_prefix = LK_VIEW(made[0].credential.bytes, 32),
                                       .all_versions = true}),
        2);
    assert_int_equal(
        list(&(struct lk_store_filter){.name = "bob",
                                       .credential_prefix = LK_VIEW(made[0].credential.bytes, 32)}),
        0);
    assert_int_equal(
        lk_store_sqlite.list(fixture.store, &(struct lk_store_filter){0}, stop_at_once, NULL), 42);
    assert_int_equal(list(&(struct lk_store_filter){0}), 3);
    check_register();
    for (int i = 0; i < 4; i++)
        fixture_free(&made[i]);
}

static void operator_sets_and_restores(void **state)
{
    static const uint8_t set[] = "first set";
    struct lk_change change = {.kind = LK_CHANGE_OPERATOR_SET,
                               .u.set = {.set = LK_VIEW(set, sizeof set), .number = 1, .time = 1}};
    struct lk_restore restore = {.mark_number = 9, .store_number = 1, .time = 2};
    struct lk_buf bytes = LK_BUF_INIT(512);

    (void)state;
    assert_int_equal(fixture_commit(&fixture, &change), LK_REASON_NONE);
    assert_int_equal(head().set_number, 1);
    assert_int_equal(fixture_commit(&fixture, &change), LK_REASON_OPERATOR_SET);
    assert_int_equal(head().number, 1);
    restore.store_hash = head().hash;
    assert_int_equal(lk_restore_encode(&bytes, &restore), 0);
    change = (struct lk_change){.kind = LK_CHANGE_RESTORE,
                                .u.restore = {.restore = lk_buf_view(&bytes), .time = 2}};
    assert_int_equal(fixture_commit(&fixture, &change), LK_REASON_NONE);
    assert_int_equal(head().number, 2);
    /* It accepted the register as it stood then. */
    assert_int_equal(fixture_commit(&fixture, &change), LK_REASON_CONFLICT);
    check_register();
    lk_buf_clear(&bytes);
}

static void credential_too_many(void **state)
{
    struct lk_store_rows rows;

    (void)state;
    for (uint32_t i = 0; i <= LK_STORE_ROWS_MAX; i++) {
        struct fixture_statement made;
        struct lk_change change;

        fixture_make(&fixture, 1, i, 1, "alice", &made);
        change = fixture_enrolment(&fixture, &made);
        assert_int_equal(fixture_commit(&fixture, &change),
                         i < LK_STORE_ROWS_MAX ? LK_REASON_NONE : LK_REASON_LIMIT);
        fixture_free(&made);
    }
    assert_int_equal(lk_store_sqlite.read_name(fixture.store, "alice", &rows), 0);
    assert_int_equal(rows.count, LK_STORE_ROWS_MAX);
    lk_store_rows_free(&rows);
    check_register();
}

static void filled(void **state)
{
    struct lk_register_report report;

    (void)state;
    fixture_fill(&fixture, 300, 2);
    assert_int_equal(head().agents, 300);
    assert_int_equal(head().active, 600);
    assert_int_equal(lk_register_check(&lk_store_sqlite, fixture.store, NULL, fixture.crypto, NULL,
                                       true, &report),
                     0);
    assert_int_equal(report.reason, LK_REASON_NONE);
    assert_int_equal(report.entries, 1200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(empty_store, start, stop),
        cmocka_unit_test_setup_teardown(enrol_and_read, start, stop),
        cmocka_unit_test_setup_teardown(refused_statements, start, stop),
        cmocka_unit_test_setup_teardown(new_version, start, stop),
        cmocka_unit_test_setup_teardown(name_moves, start, stop),
        cmocka_unit_test_setup_teardown(states_go_forward, start, stop),
        cmocka_unit_test_setup_teardown(batch, start, stop),
        cmocka_unit_test_setup_teardown(lists, start, stop),
        cmocka_unit_test_setup_teardown(operator_sets_and_restores, start, stop),
        cmocka_unit_test_setup_teardown(credential_too_many, start, stop),
        cmocka_unit_test_setup_teardown(filled, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
