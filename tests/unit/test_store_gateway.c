/* SPDX-License-Identifier: EUPL-1.2 */
/* The gateway in the store: proof, code, session and logout, each in one transaction; single use, terms, leases and back-off under a clock of the test. */
#include "broker/store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store_visit.h"

/* ---- tests ---- */

static void whole_way(void **state)
{
    struct lk_store_code found;
    int64_t begun = fixture.now;

    (void)state;
    assert_int_equal(visit_login(&key, 1, false), LK_REASON_NONE);
    assert_true(visit_proof_known(1));
    assert_false(visit_proof_known(2));
    fixture.now += 10;
    assert_int_equal(visit_prove(&key, 1), LK_REASON_NONE);
    fixture_reopen(&fixture);
    assert_int_equal(visit_code(&key, 1), LK_REASON_NONE);
    assert_false(visit_proof_known(1));
    visit_read_code(1, false, &found);
    assert_true(found.known);
    assert_memory_equal(found.statement.bytes, key.digest.bytes, LK_DIGEST_SIZE);
    assert_string_equal(found.client, "synapse");
    assert_int_equal(found.facts, 3);
    assert_int_equal(found.auth_time, begun);
    assert_int_equal(found.expiry, fixture.now + 60);
    assert_int_equal(found.access_expiry, 0);
    assert_string_equal((const char *)found.data, "the issuer's own");
    visit_read_code(1, true, &found);
    assert_false(found.known);
    fixture_reopen(&fixture);
    assert_int_equal(visit_redeem(&key, 1), LK_REASON_NONE);
    visit_read_code(1, true, &found);
    assert_true(found.known && !found.ended);
    assert_int_equal(found.access_expiry, fixture.now + 300);
    assert_int_equal(visit_pending(), 0);
}

static void no_proof(void **state)
{
    struct lk_change change;

    (void)state;
    /* refused, or of a replayed answer: nothing is left */
    assert_int_equal(visit_login(&key, 1, true), LK_REASON_NONE);
    assert_false(visit_proof_known(1));
    counter -= 1;
    assert_int_equal(visit_login(&key, 2, false), LK_REASON_NONE);
    counter -= 1;
    assert_int_equal(visit_login(&key, 3, false), LK_REASON_COUNTER);
    assert_false(visit_proof_known(3));
    /* one transaction's proof does not serve another */
    assert_int_equal(visit_prove(&key, 3), LK_REASON_PROOF);
    assert_int_equal(visit_code(&key, 3), LK_REASON_PROOF);
    /* another row than the one that was judged */
    change = visit_prove_change(&key, 2);
    change.u.prove.proof_seal[32] = 1;
    assert_int_equal(fixture_commit(&fixture, &change), LK_REASON_CONFLICT);
    /* no stack asked */
    assert_int_equal(visit_code(&key, 2), LK_REASON_PROOF);
    assert_true(visit_proof_known(2));
    /* five passwords */
    for (int i = 0; i < 5; i++)
        assert_int_equal(visit_prove(&key, 2), LK_REASON_NONE);
    assert_int_equal(visit_prove(&key, 2), LK_REASON_LIMIT);
    /* another statement than the one that was judged */
    assert_int_equal(visit_code(&bob, 2), LK_REASON_CONFLICT);
    assert_int_equal(visit_prove(&bob, 2), LK_REASON_LIMIT);
    assert_int_equal(visit_code(&key, 2), LK_REASON_NONE);
    assert_int_equal(visit_code(&key, 2), LK_REASON_PROOF);
    assert_int_equal(visit_prove(&key, 2), LK_REASON_PROOF);
    /* a second touch in the same visit is another proof */
    assert_int_equal(visit_login(&key, 2, false), LK_REASON_NONE);
    assert_int_equal(visit_code(&key, 2), LK_REASON_PROOF);
    /* whose code or sid is there already is somebody's mistake or worse */
    assert_int_equal(visit_prove(&key, 2), LK_REASON_NONE);
    assert_int_equal(visit_code(&key, 2), LK_REASON_REPLAY);
    assert_true(visit_proof_known(2));
}

static void terms(void **state)
{
    struct lk_store_code found;

    (void)state;
    assert_int_equal(visit_login(&key, 1, false), LK_REASON_NONE);
    assert_int_equal(visit_prove(&key, 1), LK_REASON_NONE);
    fixture.now += 600;
    assert_int_equal(visit_prove(&key, 1), LK_REASON_PROOF_EXPIRED);
    assert_int_equal(visit_code(&key, 1), LK_REASON_PROOF_EXPIRED);
    assert_int_equal(lk_store_sqlite.maintain(fixture.store), 0);
    assert_false(visit_proof_known(1));
    assert_int_equal(visit_login(&key, 2, false), LK_REASON_NONE);
    assert_int_equal(visit_prove(&key, 2), LK_REASON_NONE);
    assert_int_equal(visit_code(&key, 2), LK_REASON_NONE);
    fixture.now += 60;
    assert_int_equal(visit_redeem(&key, 2), LK_REASON_CODE_EXPIRED);
    visit_session(&key, 3);
    fixture.now += LK_STORE_CODE_KEPT;
    assert_int_equal(lk_store_sqlite.maintain(fixture.store), 0);
    visit_read_code(2, false, &found);
    assert_false(found.known);
    visit_read_code(3, true, &found);
    assert_false(found.known);
    /* What was redeemed is a session still, what was not is none. */
    visit_revoke(&key, LK_STATE_REVOKED, LK_SESSIONS_OF_AGENT);
    assert_int_equal(visit_pending(), 1);
}

static void changed_meanwhile(void **state)
{
    struct lk_change changes[3];

    (void)state;
    assert_int_equal(visit_login(&key, 1, false), LK_REASON_NONE);
    changes[0] = visit_prove_change(&key, 1);
    assert_int_equal(visit_prove(&key, 1), LK_REASON_NONE);
    changes[1] = visit_code_change(&key, 1);
    assert_int_equal(visit_login(&key, 2, false), LK_REASON_NONE);
    assert_int_equal(visit_prove(&key, 2), LK_REASON_NONE);
    assert_int_equal(visit_code(&key, 2), LK_REASON_NONE);
    changes[2] = visit_redeem_change(&key, 2);
    /* Another login moves the counter: no objection. A state does. */
    assert_int_equal(visit_login(&key, 3, false), LK_REASON_NONE);
    assert_int_equal(fixture_commit(&fixture, &changes[0]), LK_REASON_NONE);
    visit_revoke(&key, LK_STATE_SUSPENDED, LK_SESSIONS_OF_AGENT);
    for (int i = 0; i < 3; i++)
        assert_int_equal(fixture_commit(&fixture, &changes[i]), LK_REASON_CONFLICT);
    assert_int_equal(visit_pending(), 0);
}

static void used_again(void **state)
{
    struct lk_change change;
    struct lk_store_code found;

    (void)state;
    visit_session(&key, 1);
    visit_session(&key, 2);
    change = visit_redeem_change(&key, 1);
    strcpy(change.u.redeem.client, "element");
    assert_int_equal(fixture_commit(&fixture, &change), LK_REASON_CODE);
    assert_int_equal(visit_pending(), 0);
    assert_int_equal(visit_redeem(&key, 1), LK_REASON_REPLAY);
    assert_int_equal(visit_pending(), 1);
    visit_read_code(1, true, &found);
    assert_true(found.ended);
    visit_read_code(2, true, &found);
    assert_false(found.ended);
    assert_int_equal(visit_redeem(&key, 1), LK_REASON_REPLAY);
    assert_int_equal(visit_pending(), 1);
    assert_int_equal(visit_redeem(&key, 9), LK_REASON_CODE);
}

static void redeemed_once_in_a_batch(void **state)
{
    struct lk_change changes[2];
    struct lk_change *pointers[] = {&changes[0], &changes[1]};

    (void)state;
    assert_int_equal(visit_login(&key, 1, false), LK_REASON_NONE);
    assert_int_equal(visit_prove(&key, 1), LK_REASON_NONE);
    changes[0] = visit_code_change(&key, 1);
    changes[1] = visit_code_change(&key, 1);
    assert_int_equal(lk_store_sqlite.commit(fixture.store, pointers, 2), 0);
    assert_int_equal(changes[0].reason, LK_REASON_NONE);
    assert_int_equal(changes[1].reason, LK_REASON_PROOF);
    changes[0] = visit_redeem_change(&key, 1);
    changes[1] = visit_redeem_change(&key, 1);
    memset(changes[1].u.redeem.access, 0x77, LK_DIGEST_SIZE);
    assert_int_equal(lk_store_sqlite.commit(fixture.store, pointers, 2), 0);
    assert_int_equal(changes[0].reason, LK_REASON_NONE);
    assert_int_equal(changes[1].reason, LK_REASON_REPLAY);
    assert_int_equal(visit_pending(), 1);
}

static void revocations(void **state)
{
    struct lk_store_code found;

    (void)state;
    visit_session(&key, 1);
    visit_session(&other, 2);
    visit_session(&bob, 3);
    visit_revoke(&key, LK_STATE_SUSPENDED, LK_SESSIONS_OF_AGENT);
    assert_int_equal(visit_pending(), 0);
    visit_revoke(&key, LK_STATE_REVOKED, LK_SESSIONS_OF_CREDENTIAL);
    assert_int_equal(visit_pending(), 1);
    visit_read_code(1, true, &found);
    assert_true(found.ended);
    visit_read_code(2, true, &found);
    assert_false(found.ended);
    fixture_reopen(&fixture);
    visit_session(&other, 4);
    visit_revoke(&other, LK_STATE_REVOKED, LK_SESSIONS_OF_AGENT);
    assert_int_equal(visit_pending(), 3);
    visit_read_code(3, true, &found);
    assert_false(found.ended);
    assert_int_equal(visit_take(8), 3);
    for (int i = 0; i < 3; i++)
        assert_int_not_equal(taken[i].sid[0], 3);
}

static void in_flight(void **state)
{
    (void)state;
    assert_int_equal(visit_login(&other, 1, false), LK_REASON_NONE);
    assert_int_equal(visit_prove(&other, 1), LK_REASON_NONE);
    assert_int_equal(visit_code(&other, 1), LK_REASON_NONE);
    /* The lost key is not the one that was touched, but all sessions of the agent end. */
    visit_revoke(&key, LK_STATE_REVOKED, LK_SESSIONS_OF_AGENT);
    assert_int_equal(visit_redeem(&other, 1), LK_REASON_CODE);
    assert_int_equal(visit_pending(), 1);
}

static void queue(void **state)
{
    uint64_t first;
    int64_t wait = 5;

    (void)state;
    visit_session(&key, 1);
    visit_session(&bob, 2);
    fixture.now += LK_STORE_SESSION_YOUNG;
    assert_int_equal(visit_take(8), 0);
    visit_revoke(&key, LK_STATE_REVOKED, LK_SESSIONS_OF_AGENT);
    visit_revoke(&bob, LK_STATE_REVOKED, LK_SESSIONS_OF_AGENT);
    assert_int_equal(visit_take(1), 1);
    first = taken[0].id;
    assert_int_equal(taken[0].attempts, 0);
    assert_int_equal(taken[0].sid[0], 1);
    assert_string_equal(taken[0].client, "synapse");
    assert_memory_equal(taken[0].subject.bytes, key.statement.subject.bytes, LK_SUBJECT_SIZE);
    /* leased: the other one is left */
    assert_int_equal(visit_take(8), 1);
    assert_int_not_equal(taken[0].id, first);
    visit_delivered(taken[0].id, true);
    visit_delivered(taken[0].id, true);
    assert_int_equal(visit_pending(), 1);
    assert_int_equal(visit_take(8), 0);
    /* Who took it died; a restart changes nothing. */
    fixture_reopen(&fixture);
    fixture.now += LK_STORE_LOGOUT_LEASE - 1;
    assert_int_equal(visit_take(8), 0);
    fixture.now += 1;
    assert_int_equal(visit_take(8), 1);
    assert_int_equal(taken[0].attempts, 1);
    /* 5 s, doubled, to an hour; the first lease counted as an attempt */
    for (int i = 0; i < 14; i++) {
        wait = wait * 2 > 3600 ? 3600 : wait * 2;
        visit_delivered(first, false);
        fixture.now += wait - 1;
        assert_int_equal(visit_take(8), 0);
        fixture.now += 1;
        assert_int_equal(visit_take(8), 1);
        assert_int_equal(taken[0].attempts, 2 + i);
    }
    fixture.options.session_term = 86400;
    fixture.now += 86400L * 30;
    fixture_reopen(&fixture);
    assert_int_equal(lk_store_sqlite.maintain(fixture.store), 0);
    assert_int_equal(visit_take(8), 1);
    visit_delivered(first, true);
    assert_int_equal(visit_pending(), 0);
    assert_int_equal(visit_take(8), 0);
}

static void young(void **state)
{
    int64_t born = fixture.now;

    (void)state;
    visit_session(&key, 1);
    fixture.now += 100;
    visit_revoke(&key, LK_STATE_REVOKED, LK_SESSIONS_OF_AGENT);
    assert_int_equal(visit_take(8), 1);
    visit_delivered(taken[0].id, true);
    assert_int_equal(visit_pending(), 1);
    fixture.now = born + LK_STORE_SESSION_YOUNG - 1;
    assert_int_equal(visit_take(8), 0);
    fixture.now += 1;
    assert_int_equal(visit_take(8), 1);
    visit_delivered(taken[0].id, true);
    assert_int_equal(visit_pending(), 0);
    /* Delivered late the first time: once is enough. */
    born = fixture.now;
    visit_session(&bob, 2);
    visit_revoke(&bob, LK_STATE_REVOKED, LK_SESSIONS_OF_AGENT);
    fixture.now = born + LK_STORE_SESSION_YOUNG;
    assert_int_equal(visit_take(8), 1);
    visit_delivered(taken[0].id, true);
    assert_int_equal(visit_pending(), 0);
}

/* One with many sessions leaves room for the others, who came later. */
static void share(void **state)
{
    (void)state;
    for (int name = 1; name <= LK_STORE_LOGOUT_SHARE + 4; name++)
        visit_session(&key, (uint8_t)name);
    at_client = "other";
    visit_session(&key, 100);
    at_client = "synapse";
    visit_revoke(&key, LK_STATE_REVOKED, LK_SESSIONS_OF_AGENT);
    assert_int_equal(visit_take(LK_STORE_LOGOUT_SHARE + 8), LK_STORE_LOGOUT_SHARE + 1);
    assert_string_equal(taken[LK_STORE_LOGOUT_SHARE].client, "other");
    for (int i = 0; i < LK_STORE_LOGOUT_SHARE; i++) {
        assert_string_equal(taken[i].client, "synapse");
        assert_int_equal(taken[i].sid[0], i + 1);
    }
    assert_int_equal(visit_take(8), 4);
    assert_int_equal(visit_pending(), LK_STORE_LOGOUT_SHARE + 5);
}

static bool nobody(uint64_t id)
{
    struct lk_change change = {.kind = LK_CHANGE_DELIVERED,
                               .u.delivered = {.id = id, .nobody = true, .detail = "no client"}};

    assert_int_equal(fixture_commit(&fixture, &change), LK_REASON_NONE);
    return change.u.delivered.forgotten;
}

/* Whom nobody can tell: asked again each hour, given up after a week, and only then. */
static void nobody_to_tell(void **state)
{
    struct lk_store_queue queue;
    int64_t begun = fixture.now;
    uint64_t first;

    (void)state;
    visit_session(&key, 1);
    visit_session(&bob, 2);
    visit_revoke(&key, LK_STATE_REVOKED, LK_SESSIONS_OF_AGENT);
    assert_int_equal(visit_take(8), 1);
    first = taken[0].id;
    for (int hour = 0; hour < 7 * 24; hour++) {
        assert_false(nobody(first));
        fixture.now += 3599;
        assert_int_equal(visit_take(8), 0);
        fixture.now += 1;
        assert_int_equal(visit_take(8), 1);
    }
    assert_int_equal(lk_store_sqlite.read_queue(fixture.store, &queue), 0);
    assert_int_equal(queue.count, 1);
    assert_string_equal(queue.clients[0].client, "synapse");
    assert_int_equal(queue.clients[0].pending, 1);
    assert_int_equal(queue.clients[0].oldest, begun);
    assert_true(nobody(first));
    assert_int_equal(visit_pending(), 0);
    assert_false(nobody(first));
    /* Back in the configuration in time: told like any other, however old. */
    visit_revoke(&bob, LK_STATE_REVOKED, LK_SESSIONS_OF_AGENT);
    assert_int_equal(visit_take(8), 1);
    assert_false(nobody(taken[0].id));
    fixture.now += 8 * 86400;
    assert_int_equal(visit_take(8), 1);
    visit_delivered(taken[0].id, false);
    assert_int_equal(visit_pending(), 1);
    fixture.now += 3600;
    assert_int_equal(visit_take(8), 1);
    visit_delivered(taken[0].id, true);
    assert_int_equal(visit_pending(), 0);
}

/* Whoever shows an ID token ends the session; that its client is told cannot be taken back. */
static void ended_by_the_client(void **state)
{
    struct lk_store_code found;

    (void)state;
    visit_session(&key, 1);
    visit_session(&key, 2);
    visit_end(1, "element");
    visit_read_code(1, true, &found);
    assert_true(found.known && !found.ended);
    assert_int_equal(visit_pending(), 0);
    visit_end(1, "synapse");
    visit_end(1, "synapse");
    visit_read_code(1, true, &found);
    assert_true(!found.known || found.ended);
    assert_int_equal(visit_pending(), 1);
    visit_revoke(&key, LK_STATE_REVOKED, LK_SESSIONS_OF_AGENT);
    assert_int_equal(visit_pending(), 2);
    visit_end(2, "synapse");
    assert_int_equal(visit_pending(), 2);
}

static void old_sessions(void **state)
{
    (void)state;
    visit_session(&key, 1);
    fixture.options.session_term = 1000;
    fixture.now += 999;
    fixture_reopen(&fixture);
    visit_session(&key, 2);
    fixture.now += 1;
    assert_int_equal(lk_store_sqlite.maintain(fixture.store), 0);
    visit_revoke(&key, LK_STATE_REVOKED, LK_SESSIONS_OF_AGENT);
    assert_int_equal(visit_pending(), 1);
}

/* Years ahead for a moment: who must be told of a lost key is not forgotten. What is written down then is told when the clock is right again. */
static void clock_ahead(void **state)
{
    (void)state;
    visit_session(&key, 1);
    fixture.options.session_term = 400L * 86400;
    fixture_reopen(&fixture);
    fixture.now += 5L * 365 * 86400;
    assert_int_equal(lk_store_sqlite.maintain(fixture.store), 0);
    visit_revoke(&key, LK_STATE_REVOKED, LK_SESSIONS_OF_AGENT);
    assert_int_equal(visit_pending(), 1);
    fixture.now -= 5L * 365 * 86400;
    assert_int_equal(visit_take(8), 1);
    assert_int_equal(visit_take(8), 0);
}

static enum lk_reason record(const char *name, const char *full_name, const char *email)
{
    struct lk_change change = {.kind = LK_CHANGE_AGENT};

    strcpy(change.u.agent.name, name);
    change.u.agent.set_full_name = full_name != NULL;
    change.u.agent.set_email = email != NULL;
    strcpy(change.u.agent.full_name, full_name != NULL ? full_name : "");
    strcpy(change.u.agent.email, email != NULL ? email : "");
    return fixture_commit(&fixture, &change);
}

static void records(void **state)
{
    struct lk_store_rows rows;

    (void)state;
    fixture_row(&fixture, &key.digest, &rows);
    assert_string_equal(rows.full_name, "");
    lk_store_rows_free(&rows);
    assert_int_equal(record("carol", "Carol", NULL), LK_REASON_UNKNOWN_AGENT);
    assert_int_equal(record("alice", "Alice Martin", NULL), LK_REASON_NONE);
    assert_int_equal(record("alice", NULL, "alice@example.org"), LK_REASON_NONE);
    fixture_row(&fixture, &key.digest, &rows);
    assert_string_equal(rows.full_name, "Alice Martin");
    assert_string_equal(rows.email, "alice@example.org");
    lk_store_rows_free(&rows);
    assert_int_equal(record("alice", "", NULL), LK_REASON_NONE);
    assert_int_equal(lk_store_sqlite.read_name(fixture.store, "alice", &rows), 0);
    assert_string_equal(rows.full_name, "");
    assert_string_equal(rows.email, "alice@example.org");
    lk_store_rows_free(&rows);
}

/* A store of version 1 is taken further; what was in it is there, and the gateway works in it. */
static void from_version_1(void **state)
{
    (void)state;
    assert_int_equal(visit_login(&key, 1, false), LK_REASON_NONE);
    fixture_close(&fixture);
    fixture_sql(&fixture, "DROP TABLE agent_record; DROP TABLE proof; DROP TABLE code; "
                          "DROP TABLE logout; DROP TABLE session; PRAGMA user_version = 1");
    fixture_open(&fixture);
    assert_int_equal(visit_prove(&key, 1), LK_REASON_PROOF);
    visit_session(&key, 1);
    visit_revoke(&key, LK_STATE_REVOKED, LK_SESSIONS_OF_AGENT);
    fixture_reopen(&fixture);
    assert_int_equal(visit_pending(), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whole_way, visit_start, visit_stop),
        cmocka_unit_test_setup_teardown(no_proof, visit_start, visit_stop),
        cmocka_unit_test_setup_teardown(terms, visit_start, visit_stop),
        cmocka_unit_test_setup_teardown(changed_meanwhile, visit_start, visit_stop),
        cmocka_unit_test_setup_teardown(used_again, visit_start, visit_stop),
        cmocka_unit_test_setup_teardown(redeemed_once_in_a_batch, visit_start, visit_stop),
        cmocka_unit_test_setup_teardown(revocations, visit_start, visit_stop),
        cmocka_unit_test_setup_teardown(in_flight, visit_start, visit_stop),
        cmocka_unit_test_setup_teardown(queue, visit_start, visit_stop),
        cmocka_unit_test_setup_teardown(young, visit_start, visit_stop),
        cmocka_unit_test_setup_teardown(share, visit_start, visit_stop),
        cmocka_unit_test_setup_teardown(nobody_to_tell, visit_start, visit_stop),
        cmocka_unit_test_setup_teardown(ended_by_the_client, visit_start, visit_stop),
        cmocka_unit_test_setup_teardown(old_sessions, visit_start, visit_stop),
        cmocka_unit_test_setup_teardown(clock_ahead, visit_start, visit_stop),
        cmocka_unit_test_setup_teardown(records, visit_start, visit_stop),
        cmocka_unit_test_setup_teardown(from_version_1, visit_start, visit_stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
