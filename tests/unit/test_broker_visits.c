/* SPDX-License-Identifier: EUPL-1.2 */
/* What the broker keeps of a login between its steps: found under its names, bounded, gone when its time or the operator set is over, when something stands against it, and
 * when its credential was refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker/login.h"
#include "broker/run.h"
#include "broker/visit.h"

enum { MOST = 4, NOW = 1000000 };

static int64_t now = NOW;
static enum lk_reason ready;
static enum lk_reason standing;
static struct lk_operator_set *const some_set = (struct lk_operator_set *)&now;

/* The two judgements that visit.c asks for. */
enum lk_reason lk_broker_ready(struct lk_broker *broker)
{
    (void)broker;
    return ready;
}

enum lk_reason lk_standing_again(struct lk_broker *broker, struct lk_view statement,
                                 const struct lk_digest *digest, struct lk_statement *ret_statement)
{
    (void)broker;
    assert_int_equal(statement.len, 3);
    assert_int_equal(statement.data[0], digest->bytes[0]);
    ret_statement->version = 7;
    return standing;
}

static int64_t test_now(void *context)
{
    (void)context;
    return now;
}

static struct lk_clock test_clock;
static struct lk_broker broker;
static struct lk_statement found_statement;

static int begin(void **state)
{
    (void)state;
    now = NOW;
    ready = LK_REASON_NONE;
    standing = LK_REASON_NONE;
    test_clock = lk_clock_system;
    test_clock.now = test_now;
    memset(&broker, 0, sizeof(broker));
    broker.clock = &test_clock;
    broker.operators = some_set;
    return lk_visits_new(MOST, &broker.visits);
}

static int end(void **state)
{
    (void)state;
    broker.visits = lk_visits_free(broker.visits);
    return 0;
}

/* All of a transaction's bytes are its name; `key` is the first byte of its credential's statement. */
static void put(uint8_t name, uint8_t key)
{
    static struct lk_login login;
    const uint8_t bytes[3] = {key, 2, 3};
    struct lk_store_row row = {.statement = LK_VIEW(bytes, sizeof(bytes))};
    struct lk_change_login *change = &login.change.u.login;

    memset(&login, 0, sizeof(login));
    login.broker = &broker;
    login.row = &row;
    memset(change->transaction, name, sizeof(change->transaction));
    memset(change->seal, name, sizeof(change->seal));
    change->statement.bytes[0] = key;
    change->proof_expiry = NOW + 600;
    lk_visit_put(&broker, &login);
}

static struct lk_visit *find(uint8_t name)
{
    uint8_t transaction[LK_STORE_TRANSACTION_SIZE];

    memset(transaction, name, sizeof(transaction));
    return lk_visit_of_transaction(&broker, transaction, &found_statement);
}

static struct lk_visit *find_code(uint8_t name)
{
    uint8_t code[LK_DIGEST_SIZE];

    memset(code, name, sizeof(code));
    return lk_visit_of_code(&broker, code, &found_statement);
}

static void make_code(uint8_t name, uint8_t seal)
{
    static const uint8_t data[] = {9, 8};
    struct lk_change_code change = {.data = LK_VIEW(data, sizeof(data)), .expiry = NOW + 60};

    memset(change.transaction, name, sizeof(change.transaction));
    memset(change.proof_seal, seal, sizeof(change.proof_seal));
    memset(change.code, name, sizeof(change.code));
    memset(change.sid, name, sizeof(change.sid));
    lk_visit_coded(&broker, &change);
}

static void names(void **unused)
{
    uint8_t code[LK_DIGEST_SIZE];
    struct lk_visit *visit;

    (void)unused;
    assert_null(find(1));
    put(1, 50);
    visit = find(1);
    assert_non_null(visit);
    assert_int_equal(visit->proof.expiry, NOW + 600);
    assert_int_equal(found_statement.version, 7);
    assert_null(find_code(1));
    /* A code of it: no longer found as a proof. */
    make_code(1, 1);
    assert_null(find(1));
    visit = find_code(1);
    assert_non_null(visit);
    assert_int_equal(visit->sid[0], 1);
    assert_int_equal(visit->data.len, 2);
    memset(code, 1, sizeof(code));
    lk_visit_forget(&broker, code);
    assert_null(find_code(1));
    lk_visit_forget(&broker, code);
    /* The code used up another proof of that name. */
    put(2, 50);
    make_code(2, 99);
    assert_null(find(2));
    assert_null(find_code(2));
    /* In place of an older one. */
    put(3, 50);
    put(3, 51);
    assert_int_equal(find(3)->proof.statement.bytes[0], 51);
    assert_int_equal(lk_visits_count(broker.visits), 1);
}

static void bounded(void **unused)
{
    (void)unused;
    for (int i = 0; i < MOST + 2; i++)
        put((uint8_t)i, 50);
    assert_int_equal(lk_visits_count(broker.visits), MOST);
    assert_null(find(0));
    assert_null(find(1));
    for (int i = 2; i < MOST + 2; i++)
        assert_non_null(find((uint8_t)i));
    /* Those whose time is over make room first. */
    now = NOW + 600;
    assert_null(find(3));
    put(100, 50);
    assert_int_equal(lk_visits_count(broker.visits), 1);
}

static void denied(void **unused)
{
    (void)unused;
    put(1, 50);
    make_code(1, 1);
    put(2, 51);
    standing = LK_REASON_REVOKED;
    assert_null(find(2));
    assert_null(find_code(1));
    standing = LK_REASON_NONE;
    ready = LK_REASON_CLOCK;
    assert_null(find(2));
    ready = LK_REASON_NONE;
    broker.operators_digest.bytes[0] = 1;
    assert_null(find(2));
    assert_null(find_code(1));
    broker.operators_digest.bytes[0] = 0;
    assert_non_null(find(2));
    now = NOW + 60; /* the code's time, not the proof's */
    assert_null(find_code(1));
    assert_non_null(find(2));
    now = NOW;
    lk_visits_forget_statement(&broker, &(struct lk_digest){.bytes = {50}});
    assert_null(find_code(1));
    assert_non_null(find(2));
    lk_visits_clear(broker.visits);
    assert_null(find(2));
    assert_null(lk_visits_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(names, begin, end),
        cmocka_unit_test_setup_teardown(bounded, begin, end),
        cmocka_unit_test_setup_teardown(denied, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
