/* SPDX-License-Identifier: EUPL-1.2 */
/* The steps of store_visit.h. */
#include "broker/store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store_visit.h"

struct fixture fixture;
struct fixture_statement key;   /* of agent 1 */
struct fixture_statement other; /* a second one of agent 1 */
struct fixture_statement bob;   /* of agent 2 */
uint32_t counter;               /* of the last login */

int visit_start(void **state)
{
    (void)state;
    counter = 0;
    fixture_begin(&fixture, NULL);
    fixture_open(&fixture);
    fixture_make(&fixture, 1, 10, 1, "alice", &key);
    fixture_make(&fixture, 1, 11, 1, "alice", &other);
    fixture_make(&fixture, 2, 20, 1, "bob", &bob);
    fixture_enrol(&fixture, &key);
    fixture_enrol(&fixture, &other);
    fixture_enrol(&fixture, &bob);
    return 0;
}

int visit_stop(void **state)
{
    (void)state;
    fixture_free(&key);
    fixture_free(&other);
    fixture_free(&bob);
    fixture_end(&fixture);
    return 0;
}

uint64_t visit_version(const struct fixture_statement *made)
{
    struct lk_store_rows rows;
    uint64_t row_version;

    fixture_row(&fixture, &made->digest, &rows);
    row_version = rows.rows[0].row_version;
    lk_store_rows_free(&rows);
    return row_version;
}

enum lk_reason visit_login(const struct fixture_statement *made, uint8_t name, bool refused)
{
    struct lk_change change =
        fixture_login(&fixture, &made->digest, visit_version(made), ++counter);

    change.u.login.leaves_proof = true;
    change.u.login.refused = refused;
    memset(change.u.login.transaction, name, LK_STORE_TRANSACTION_SIZE);
    change.u.login.proof_expiry = fixture.now + 600;
    change.u.login.facts = 3;
    return fixture_commit(&fixture, &change);
}

struct lk_change visit_prove_change(const struct fixture_statement *made, uint8_t name)
{
    struct lk_change change = {
        .kind = LK_CHANGE_PROVE,
        .u.prove = {.statement = made->digest, .row_version = visit_version(made), .most = 5}};

    memset(change.u.prove.transaction, name, LK_STORE_TRANSACTION_SIZE);
    return change;
}

enum lk_reason visit_prove(const struct fixture_statement *made, uint8_t name)
{
    struct lk_change change = visit_prove_change(made, name);

    return fixture_commit(&fixture, &change);
}

const char *at_client = "synapse";

struct lk_change visit_code_change(const struct fixture_statement *made, uint8_t name)
{
    static const uint8_t data[] = "the issuer's own";
    struct lk_change change = {.kind = LK_CHANGE_CODE,
                               .u.code = {.statement = made->digest,
                                          .row_version = visit_version(made),
                                          .data = LK_VIEW(data, sizeof data),
                                          .expiry = fixture.now + 60}};

    strcpy(change.u.code.client, at_client);
    memset(change.u.code.transaction, name, LK_STORE_TRANSACTION_SIZE);
    memset(change.u.code.code, name, LK_DIGEST_SIZE);
    memset(change.u.code.sid, name, LK_STORE_SID_SIZE);
    return change;
}

enum lk_reason visit_code(const struct fixture_statement *made, uint8_t name)
{
    struct lk_change change = visit_code_change(made, name);

    return fixture_commit(&fixture, &change);
}

struct lk_change visit_redeem_change(const struct fixture_statement *made, uint8_t name)
{
    struct lk_change change = {.kind = LK_CHANGE_REDEEM,
                               .u.redeem = {.statement = made->digest,
                                            .row_version = visit_version(made),
                                            .access_expiry = fixture.now + 300}};

    strcpy(change.u.redeem.client, at_client);
    memset(change.u.redeem.code, name, LK_DIGEST_SIZE);
    memset(change.u.redeem.access, name ^ 0x80, LK_DIGEST_SIZE);
    return change;
}

enum lk_reason visit_redeem(const struct fixture_statement *made, uint8_t name)
{
    struct lk_change change = visit_redeem_change(made, name);

    return fixture_commit(&fixture, &change);
}

void visit_session(const struct fixture_statement *made, uint8_t name)
{
    assert_int_equal(visit_login(made, name, false), LK_REASON_NONE);
    assert_int_equal(visit_prove(made, name), LK_REASON_NONE);
    assert_int_equal(visit_code(made, name), LK_REASON_NONE);
    assert_int_equal(visit_redeem(made, name), LK_REASON_NONE);
}

void visit_read_code(uint8_t name, bool access, struct lk_store_code *ret_code)
{
    uint8_t digest[LK_DIGEST_SIZE];

    memset(digest, access ? name ^ 0x80 : name, sizeof digest);
    assert_int_equal(lk_store_sqlite.read_code(fixture.store, digest, access, ret_code), 0);
}

bool visit_proof_known(uint8_t name)
{
    uint8_t transaction[LK_STORE_TRANSACTION_SIZE];
    struct lk_store_proof proof;

    memset(transaction, name, sizeof transaction);
    assert_int_equal(lk_store_sqlite.read_proof(fixture.store, transaction, &proof), 0);
    return proof.known;
}

uint64_t visit_pending(void)
{
    struct lk_store_queue queue;

    uint64_t sum = 0;

    assert_int_equal(lk_store_sqlite.read_queue(fixture.store, &queue), 0);
    for (size_t i = 0; i < queue.count; i++)
        sum += queue.clients[i].pending;
    return sum;
}

struct lk_store_logout taken[LK_STORE_LOGOUT_SHARE + 8];

size_t visit_take(size_t most)
{
    struct lk_change change = {.kind = LK_CHANGE_LOGOUTS,
                               .u.logouts = {.most = most, .taken = taken}};

    assert_int_equal(fixture_commit(&fixture, &change), LK_REASON_NONE);
    return change.u.logouts.count;
}

void visit_delivered(uint64_t id, bool done)
{
    struct lk_change change = {.kind = LK_CHANGE_DELIVERED,
                               .u.delivered = {.id = id, .done = done, .detail = "HTTP 502"}};

    assert_int_equal(fixture_commit(&fixture, &change), LK_REASON_NONE);
}

void visit_end(uint8_t name, const char *client)
{
    struct lk_change change = {.kind = LK_CHANGE_END};

    memset(change.u.end.sid, name, LK_STORE_SID_SIZE);
    strcpy(change.u.end.client, client);
    assert_int_equal(fixture_commit(&fixture, &change), LK_REASON_NONE);
}

void visit_revoke(const struct fixture_statement *made, enum lk_state to, enum lk_sessions which)
{
    struct lk_buf bytes;
    struct lk_change change = fixture_state(&fixture, &made->digest, to, &bytes);

    change.u.state.sessions = which;
    assert_int_equal(fixture_commit(&fixture, &change), LK_REASON_NONE);
    lk_buf_clear(&bytes);
}
