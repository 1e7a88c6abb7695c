/* SPDX-License-Identifier: EUPL-1.2 */
/* The register against somebody who may write to the store: whatever he changes is found. */
#include "broker/register/register.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store_fixture.h"
#include "test_key.h"
#include "test_values.h"
#include "verify/verify.h"

static struct fixture fixture;
static struct lk_mark *mark;
static struct fixture_statement made[3];
static struct lk_store_head before; /* before the revocation */

/* Three agents, the third revoked: entries 1 to 6 enrol, 7 revokes. The mark has seen it all. */
static int start(void **state)
{
    struct lk_buf bytes;
    struct lk_change change;
    struct lk_store_head head;

    (void)state;
    fixture_begin(&fixture, NULL);
    fixture_open(&fixture);
    assert_int_equal(lk_mark_open(fixture.folder, fixture.crypto, &mark), 0);
    for (uint32_t i = 0; i < 3; i++) {
        fixture_make(&fixture, i, i, 1, NULL, &made[i]);
        fixture_enrol(&fixture, &made[i]);
    }
    assert_int_equal(lk_store_sqlite.read_head(fixture.store, &before), 0);
    change = fixture_state(&fixture, &made[2].digest, LK_STATE_REVOKED, &bytes);
    assert_int_equal(fixture_commit(&fixture, &change), LK_REASON_NONE);
    lk_buf_clear(&bytes);
    assert_int_equal(lk_store_sqlite.read_head(fixture.store, &head), 0);
    assert_int_equal(head.number, 7);
    return lk_mark_advance(mark, head.number, &head.hash, 0, &head.set_digest);
}

static int stop(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        fixture_free(&made[i]);
    mark = lk_mark_close(mark);
    fixture_end(&fixture);
    return 0;
}

static struct lk_register_report check_with(struct lk_mark *with, const struct lk_operator_set *set,
                                            bool full)
{
    struct lk_register_report report;

    assert_int_equal(lk_register_check(&lk_store_sqlite, fixture.store, with, fixture.crypto, set,
                                       full, &report),
                     0);
    return report;
}

static void expect(const char *sql, enum lk_reason reason, uint64_t number)
{
    struct lk_register_report report;

    if (sql != NULL)
        fixture_sql(&fixture, sql);
    report = check_with(mark, NULL, false);
    assert_int_equal(report.reason, reason);
    assert_int_equal(report.bad_number, number);
    assert_true((report.text[0] != '\0') == (reason != LK_REASON_NONE));
}

static void whole(void **state)
{
    struct lk_register_report report;

    (void)state;
    expect(NULL, LK_REASON_NONE, 0);
    assert_int_equal(check_with(mark, NULL, true).reason, LK_REASON_NONE);
    assert_int_equal(check_with(mark, NULL, true).entries, 7);
    assert_int_equal(lk_register_check_tail(&lk_store_sqlite, fixture.store, mark, fixture.crypto,
                                            NULL, &report),
                     0);
    assert_int_equal(report.reason, LK_REASON_NONE);
    assert_int_equal(report.entries, 1);
}

static void changed_bytes(void **state)
{
    (void)state;
    expect("UPDATE register SET bytes = CAST(substr(bytes, 1, length(bytes) - 1) || x'01' AS BLOB) "
           "WHERE number = 3",
           LK_REASON_REGISTER, 3);
}

static void changed_hash(void **state)
{
    (void)state;
    expect("UPDATE register SET hash = zeroblob(32) WHERE number = 2", LK_REASON_REGISTER, 2);
}

static void missing_entry(void **state)
{
    (void)state;
    expect("DELETE FROM register WHERE number = 4", LK_REASON_REGISTER, 4);
}

static void exchanged_entries(void **state)
{
    (void)state;
    expect("UPDATE register SET number = 100 WHERE number = 3; UPDATE register SET number = 3 "
           "WHERE number = 5;"
           "UPDATE register SET number = 5 WHERE number = 100",
           LK_REASON_REGISTER, 3);
}

static void changed_object(void **state)
{
    (void)state;
    expect("UPDATE register SET object = x'00' WHERE number = 7", LK_REASON_REGISTER, 7);
}

static void changed_statement(void **state)
{
    (void)state;
    expect("UPDATE statement SET bytes = (SELECT bytes FROM statement WHERE entry = 3) WHERE entry "
           "= 1",
           LK_REASON_REGISTER, 1);
}

static void changed_endorsement(void **state)
{
    (void)state;
    expect("UPDATE endorsement SET bytes = CAST(bytes || x'00' AS BLOB) WHERE id = 1",
           LK_REASON_REGISTER, 2);
}

static void missing_statement(void **state)
{
    (void)state;
    expect("DELETE FROM statement WHERE entry = 5", LK_REASON_REGISTER, 5);
}

static void revoked_set_back(void **state)
{
    struct lk_register_report report;

    (void)state;
    expect("UPDATE statement SET state = 2 WHERE entry = 5", LK_REASON_REGISTER, 7);
    assert_int_equal(lk_register_check_tail(&lk_store_sqlite, fixture.store, mark, fixture.crypto,
                                            NULL, &report),
                     0);
    assert_int_equal(report.reason, LK_REASON_REGISTER);
}

/* The store of before the revocation: a whole chain, only shorter. */
static void rolled_back(void **state)
{
    struct lk_register_report report;

    (void)state;
    fixture_sql(
        &fixture,
        "DELETE FROM register WHERE number = 7; UPDATE statement SET state = 2 WHERE entry = 5");
    assert_int_equal(check_with(NULL, NULL, true).reason, LK_REASON_NONE);
    expect(NULL, LK_REASON_STORE_ROLLED_BACK, 7);
    assert_int_equal(lk_register_check_tail(&lk_store_sqlite, fixture.store, mark, fixture.crypto,
                                            NULL, &report),
                     0);
    assert_int_equal(report.reason, LK_REASON_STORE_ROLLED_BACK);
    assert_int_equal(lk_mark_accept(mark, before.number, &before.hash), 0);
    expect(NULL, LK_REASON_NONE, 0);
}

/* Put back, and grown past the mark by other entries. */
static void another_branch(void **state)
{
    struct fixture_statement more;

    (void)state;
    fixture_sql(
        &fixture,
        "DELETE FROM register WHERE number = 7; UPDATE statement SET state = 2 WHERE entry = 5");
    fixture_make(&fixture, 9, 9, 1, NULL, &more);
    fixture_enrol(&fixture, &more);
    assert_int_equal(check_with(NULL, NULL, true).reason, LK_REASON_NONE);
    expect(NULL, LK_REASON_STORE_ROLLED_BACK, 7);
    fixture_free(&more);
}

static void lost_mark(void **state)
{
    struct fixture other;
    struct lk_mark *fresh;
    struct lk_register_report report;

    (void)state;
    fixture_begin(&other, NULL);
    assert_int_equal(lk_mark_open(other.folder, other.crypto, &fresh), 0);
    assert_int_equal(check_with(fresh, NULL, false).reason, LK_REASON_STORE_ROLLED_BACK);
    /* With an empty register it begins. */
    fixture_open(&other);
    assert_int_equal(
        lk_register_check(&lk_store_sqlite, other.store, fresh, other.crypto, NULL, false, &report),
        0);
    assert_int_equal(report.reason, LK_REASON_NONE);
    assert_false(lk_mark_is_fresh(fresh));
    lk_mark_close(fresh);
    fixture_end(&other);
}

static enum lk_reason row_reason(uint32_t index)
{
    struct lk_store_rows rows;
    enum lk_reason reason = LK_REASON_INTERNAL;

    fixture_row(&fixture, &made[index].digest, &rows);
    assert_int_equal(lk_register_row_check(fixture.crypto, &rows.rows[0], &reason), 0);
    lk_store_rows_free(&rows);
    return reason;
}

static void rows(void **state)
{
    static const char *const changes[] = {
        "UPDATE statement SET activation = NULL WHERE entry = 1",
        "UPDATE statement SET activation = 4 WHERE entry = 1", /* somebody else's activation */
        "UPDATE statement SET activation = 1 WHERE entry = 1", /* its own, but of another kind */
        "UPDATE statement SET bytes = CAST(bytes || x'00' AS BLOB) WHERE entry = 1",
        "DELETE FROM register WHERE number = 1",
        "UPDATE register SET hash = zeroblob(32) WHERE number = 2",
        "UPDATE register SET bytes = substr(bytes, 1, 60) WHERE number = 3", /* its neighbour */
        "UPDATE endorsement SET bytes = CAST(bytes || x'00' AS BLOB) WHERE id = 1",
        "UPDATE statement SET agent = 2 WHERE entry = 1",
        "DELETE FROM statement_endorsement WHERE statement = 1",
    };
    struct fixture_statement pending;
    struct lk_change change;

    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        assert_int_equal(row_reason(0), LK_REASON_NONE);
        fixture_sql(&fixture, changes[i]);
        assert_int_equal(row_reason(0), LK_REASON_UNLOGGED);
        stop(state);
        start(state);
    }
    /* A pending row made active by hand. */
    fixture_make(&fixture, 9, 9, 1, NULL, &pending);
    change = fixture_enrolment(&fixture, &pending);
    assert_int_equal(fixture_commit(&fixture, &change), LK_REASON_NONE);
    fixture_sql(&fixture, "UPDATE statement SET state = 2 WHERE entry = 8");
    fixture_free(&made[1]);
    made[1] = pending;
    assert_int_equal(row_reason(1), LK_REASON_UNLOGGED);
}

/* ---- with true signatures ---- */

static struct test_key key;

static struct lk_operator_set *operators(uint64_t number)
{
    struct lk_operator_set *set = test_operator_set(1);

    set->number = number;
    set->operators[0].keys[0].public_key = key.cose;
    return set;
}

static void sign(struct lk_endorsement *endorsement, const struct lk_operator_set *set)
{
    static const uint8_t zero[16];
    struct lk_buf data = LK_BUF_INIT(512);
    struct lk_buf signature = LK_BUF_INIT(512);
    uint8_t hash[32];
    struct lk_view parts[2];

    endorsement->operator_id = set->operators[0].id;
    endorsement->credential_id = set->operators[0].keys[0].credential_id;
    assert_int_equal(lk_endorsement_hash(fixture.crypto, endorsement, hash), 0);
    test_authenticator_data(&data, "latchkey-operator:example", LK_FLAG_UP | LK_FLAG_UV, 1, zero,
                            LK_VIEW(NULL, 0), NULL);
    parts[0] = lk_buf_view(&data);
    parts[1] = LK_VIEW(hash, 32);
    test_sign(&key, parts, 2, &signature);
    endorsement->authenticator_data_len = (uint16_t)data.len;
    memcpy(endorsement->authenticator_data, data.data, data.len);
    endorsement->signature_len = (uint16_t)signature.len;
    memcpy(endorsement->signature, signature.data, signature.len);
    lk_buf_clear(&data);
    lk_buf_clear(&signature);
}

/* One more credential, endorsed with what `spoil` makes of a good endorsement. */
static void enrol_signed(const struct lk_operator_set *set, uint32_t number,
                         void (*spoil)(struct lk_endorsement *endorsement))
{
    const struct lk_tree_path path = {.count = 1};
    const bool completes = true;
    const uint64_t version = 1ull << 32;
    struct fixture_statement statement;
    struct lk_endorsement endorsement = {.act = LK_ACT_ENROL, .count = 1, .time = fixture.now};
    struct lk_buf record = LK_BUF_INIT(LK_ENDORSEMENT_MAX);
    struct lk_store_head head;
    struct lk_change change;

    fixture_make(&fixture, number, number, 1, NULL, &statement);
    change = fixture_enrolment(&fixture, &statement);
    assert_int_equal(fixture_commit(&fixture, &change), LK_REASON_NONE);
    assert_int_equal(lk_store_sqlite.read_head(fixture.store, &head), 0);
    endorsement.register_number = head.number;
    endorsement.register_hash = head.hash;
    assert_int_equal(lk_tree_root(fixture.crypto, &statement.digest, 1, &endorsement.root), 0);
    if (spoil != NULL)
        spoil(&endorsement);
    sign(&endorsement, set);
    if (spoil != NULL && endorsement.count == 1 && endorsement.act == LK_ACT_ENROL &&
        endorsement.time == 0)
        endorsement.time = 1; /* after the signature */
    assert_int_equal(lk_endorsement_encode(&record, &endorsement), 0);
    change = (struct lk_change){.kind = LK_CHANGE_ENDORSE,
                                .u.endorse = {lk_buf_view(&record), 1, &statement.digest, &path,
                                              &completes, &version, fixture.now}};
    assert_int_equal(fixture_commit(&fixture, &change), LK_REASON_NONE);
    lk_buf_clear(&record);
    fixture_free(&statement);
}

static void spoil_signature(struct lk_endorsement *endorsement)
{
    endorsement->time = 0;
}

static void spoil_root(struct lk_endorsement *endorsement)
{
    endorsement->root.bytes[0] ^= 1;
}

static void spoil_act(struct lk_endorsement *endorsement)
{
    endorsement->act = LK_ACT_REVOKE;
}

static void spoil_reference(struct lk_endorsement *endorsement)
{
    endorsement->register_hash.bytes[0] ^= 1;
}

static void spoil_order(struct lk_endorsement *endorsement)
{
    endorsement->register_number += 10;
}

static void signatures(void **state)
{
    static void (*const spoils[])(struct lk_endorsement * endorsement) = {
        spoil_signature, spoil_root, spoil_act, spoil_reference, spoil_order};
    struct lk_operator_set *set;

    (void)state;
    for (size_t i = 0; i < sizeof spoils / sizeof spoils[0]; i++) {
        struct lk_register_report report;

        fixture_end(&fixture);
        fixture_begin(&fixture, NULL);
        fixture_open(&fixture);
        test_key_make(&key, -7);
        set = operators(1);
        enrol_signed(set, 1, NULL);
        enrol_signed(set, 2, NULL);
        assert_int_equal(check_with(NULL, set, true).reason, LK_REASON_NONE);
        enrol_signed(set, 3, spoils[i]);
        enrol_signed(set, 4, NULL);
        report = check_with(NULL, set, true);
        assert_int_equal(report.reason, LK_REASON_ENDORSEMENT);
        assert_int_equal(report.bad_number, 6);
        assert_int_equal(check_with(NULL, set, false).reason, LK_REASON_NONE);
        lk_operator_set_free(set);
        test_key_free(&key);
    }
}

static void operator_sets(void **state)
{
    struct lk_operator_set *set = test_operator_set(1);
    struct lk_buf bytes = LK_BUF_INIT(LK_OPERATOR_SET_MAX);
    struct lk_change change;

    (void)state;
    set->number = 2;
    set->previous.bytes[0] = 1;
    assert_int_equal(lk_operator_set_encode(&bytes, set), 0);
    change = (struct lk_change){.kind = LK_CHANGE_OPERATOR_SET,
                                .u.set = {.set = lk_buf_view(&bytes), .number = 2, .time = 1}};
    assert_int_equal(fixture_commit(&fixture, &change), LK_REASON_NONE);
    assert_int_equal(check_with(mark, set, false).reason, LK_REASON_NONE);
    set->time++;
    assert_int_equal(check_with(mark, set, false).reason, LK_REASON_OPERATOR_SET);
    set->number = 1;
    assert_int_equal(check_with(mark, set, false).reason, LK_REASON_OPERATOR_SET);
    set->number = 3;
    assert_int_equal(check_with(mark, set, false).reason, LK_REASON_NONE);
    lk_buf_clear(&bytes);
    lk_operator_set_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whole, start, stop),
        cmocka_unit_test_setup_teardown(changed_bytes, start, stop),
        cmocka_unit_test_setup_teardown(changed_hash, start, stop),
        cmocka_unit_test_setup_teardown(missing_entry, start, stop),
        cmocka_unit_test_setup_teardown(exchanged_entries, start, stop),
        cmocka_unit_test_setup_teardown(changed_object, start, stop),
        cmocka_unit_test_setup_teardown(changed_statement, start, stop),
        cmocka_unit_test_setup_teardown(changed_endorsement, start, stop),
        cmocka_unit_test_setup_teardown(missing_statement, start, stop),
        cmocka_unit_test_setup_teardown(revoked_set_back, start, stop),
        cmocka_unit_test_setup_teardown(rolled_back, start, stop),
        cmocka_unit_test_setup_teardown(another_branch, start, stop),
        cmocka_unit_test_setup_teardown(lost_mark, start, stop),
        cmocka_unit_test_setup_teardown(rows, start, stop),
        cmocka_unit_test_setup_teardown(signatures, start, stop),
        cmocka_unit_test_setup_teardown(operator_sets, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
