/* SPDX-License-Identifier: EUPL-1.2 */
/* From a touch to a session and its end, over the gateway, worker and desk sockets of a real broker: what each step needs of the one before, what a
 * revocation in between does, and that a restart loses nothing. */
#include "visit.h"

#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define CLIENT                                                                                     \
    "[client synapse]\nredirect_uri = https://a.example/b\nsecret_file = /nonexistent/s\n"         \
    "backchannel_logout_uri = https://a.example/out\nserves = everybody\n"

static struct agent_key alice;
static struct agent_key spare; /* hers too */
static struct agent_key bob;
static struct agent_key carol;

static int begin(void **state)
{
    (void)state;
    house_begin(&visit_house, CLIENT);
    house_admit(&visit_house, "alice", LK_KIND_BROWSER, &alice);
    house_admit(&visit_house, "alice", LK_KIND_BROWSER, &spare);
    house_admit(&visit_house, "carol", LK_KIND_BROWSER, &carol);
    visit_house.attested = true;
    house_admit(&visit_house, "bob", LK_KIND_BROWSER, &bob);
    house_close(&visit_house);
    visit_connect_all();
    return 0;
}

static int end(void **state)
{
    (void)state;
    visit_stop_all();
    agent_key_free(&alice);
    agent_key_free(&spare);
    agent_key_free(&bob);
    agent_key_free(&carol);
    lk_buf_clear(&visit_out);
    house_end(&visit_house);
    return 0;
}

/* What the insider with write access does: on the file itself, while nobody serves it. */
static void write_store(const char *sql)
{
    char path[160];
    sqlite3 *db = NULL;

    visit_stop_all();
    snprintf(path, sizeof(path), "%s/store.sqlite3", visit_house.state);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(db);
    visit_connect_all();
}

/* ---- tests ---- */

static void whole_way(void **unused)
{
    struct lk_gateway_redeemed got;
    struct lk_gateway_verdict verdict;
    int64_t now = time(NULL);

    (void)unused;
    assert_int_equal(visit_agent_set("nobody", "X", NULL), LK_REASON_UNKNOWN_AGENT);
    assert_int_equal(visit_agent_set("alice", "Alice Martin", "alice@example.org"), LK_REASON_NONE);
    assert_int_equal(visit_login(&alice, 1, &verdict), LK_REASON_NONE);
    assert_string_equal(verdict.full_name, "Alice Martin");
    assert_int_equal(verdict.facts, LK_LOGIN_FACT_USER_VERIFIED);
    visit_restart();
    assert_int_equal(visit_prove("alice", 1), LK_REASON_NONE);
    visit_killed();
    assert_int_equal(visit_code(1), LK_REASON_NONE);
    visit_killed();
    assert_int_equal(visit_redeem_at("synapse", 1, &got), LK_REASON_NONE);
    assert_string_equal(got.name, "alice");
    assert_string_equal(got.full_name, "Alice Martin");
    assert_string_equal(got.email, "alice@example.org");
    assert_string_equal(got.client, "synapse");
    assert_memory_equal(got.subject, alice.statement.subject.bytes, LK_SUBJECT_SIZE);
    assert_int_equal(got.sid[0], 1);
    assert_in_range(got.auth_time, now - 1, now + 60);
    assert_int_equal(got.facts, LK_LOGIN_FACT_USER_VERIFIED);
    assert_int_equal(got.data.len, sizeof(visit_blob));
    assert_memory_equal(got.data.data, visit_blob, sizeof(visit_blob));
    assert_int_equal(visit_access(1), LK_REASON_NONE);
    visit_killed();
    assert_int_equal(visit_access(1), LK_REASON_NONE);
    assert_int_equal(visit_access(2), LK_REASON_CODE);
}

static void proofs(void **unused)
{
    (void)unused;
    /* nobody touched anything */
    assert_int_equal(visit_prove("alice", 10), LK_REASON_PROOF);
    assert_int_equal(visit_code(10), LK_REASON_PROOF);
    visit_touch(&alice, 10);
    /* another transaction, another name */
    assert_int_equal(visit_prove("alice", 11), LK_REASON_PROOF);
    assert_int_equal(visit_prove("bob", 10), LK_REASON_NAME_REASSIGNED);
    assert_int_equal(visit_prove("", 10), LK_REASON_NAME_REASSIGNED);
    /* no stack asked */
    assert_int_equal(visit_code(10), LK_REASON_PROOF);
    for (int i = 0; i < LK_PROOF_PASSWORDS; i++)
        assert_int_equal(visit_prove("alice", 10), LK_REASON_NONE);
    assert_int_equal(visit_prove("alice", 10), LK_REASON_LIMIT);
    /* two at once: one is served */
    visit_code_put(10);
    visit_code_put(10);
    peer_send(&visit_gateway, &visit_out);
    assert_int_equal(visit_result(), LK_REASON_NONE);
    assert_int_equal(visit_result(), LK_REASON_PROOF);
    assert_int_equal(visit_code(10), LK_REASON_PROOF);
    assert_int_equal(visit_prove("alice", 10), LK_REASON_PROOF);
}

static void codes(void **unused)
{
    struct lk_gateway_redeemed got;

    (void)unused;
    visit_touch(&bob, 20);
    assert_int_equal(visit_prove("bob", 20), LK_REASON_NONE);
    assert_int_equal(visit_code(20), LK_REASON_NONE);
    assert_int_equal(visit_redeem(21), LK_REASON_CODE);
    assert_int_equal(visit_redeem_at("element", 20, &got), LK_REASON_CODE);
    assert_int_equal(visit_redeem(20), LK_REASON_NONE);
    assert_int_equal(visit_redeem_at("element", 20, &got), LK_REASON_CODE);
    assert_int_equal(visit_access(20), LK_REASON_NONE);
    assert_int_equal(visit_logouts(64), 0);
    assert_int_equal(visit_redeem(20), LK_REASON_REPLAY);
    assert_int_equal(visit_access(20), LK_REASON_CODE);
    assert_int_equal(visit_logouts(64), 1);
    assert_int_equal(visit_taken[0].sid[0], 20);
    assert_memory_equal(visit_taken[0].subject, bob.statement.subject.bytes, LK_SUBJECT_SIZE);
}

/* What the statement says of key and holder comes with the proof and once more with the code. */
static void facts(void **unused)
{
    struct lk_gateway_verdict verdict;
    struct lk_gateway_redeemed got;
    const uint32_t both = LK_LOGIN_FACT_USER_VERIFIED | LK_LOGIN_FACT_ATTESTED;

    (void)unused;
    assert_int_equal(visit_login(&bob, 25, &verdict), LK_REASON_NONE);
    assert_int_equal(verdict.facts, both);
    assert_string_equal(verdict.groups, "school town");
    assert_string_equal(verdict.full_name, "");
    assert_int_equal(visit_prove("bob", 25), LK_REASON_NONE);
    assert_int_equal(visit_code(25), LK_REASON_NONE);
    assert_int_equal(visit_redeem_at("synapse", 25, &got), LK_REASON_NONE);
    assert_int_equal(got.facts, both);
    assert_string_equal(got.groups, "school town");
}

/* Who shows an ID token ends the session, and its client is told. */
static void ended(void **unused)
{
    struct lk_gateway_end asked = {.client = "element"};

    (void)unused;
    visit_session(&bob, 30);
    memset(asked.sid, 30, sizeof(asked.sid));
    assert_int_equal(lk_gateway_end_encode(&visit_out, 5, &asked), 0);
    peer_send(&visit_gateway, &visit_out);
    assert_int_equal(visit_result(), LK_REASON_NONE);
    assert_int_equal(visit_access(30), LK_REASON_NONE);
    strcpy(asked.client, "synapse");
    assert_int_equal(lk_gateway_end_encode(&visit_out, 5, &asked), 0);
    peer_send(&visit_gateway, &visit_out);
    assert_int_equal(visit_result(), LK_REASON_NONE);
    assert_int_equal(visit_access(30), LK_REASON_CODE);
    assert_int_equal(visit_logouts(64), 1);
}

/* A row that the broker did not write: made up, or moved from where it was. */
static void forged(void **unused)
{
    (void)unused;
    visit_touch(&alice, 40);
    write_store("UPDATE proof SET statement = (SELECT max(entry) FROM statement)");
    assert_int_equal(visit_prove("bob", 40), LK_REASON_PROOF);
    visit_touch(&alice, 41);
    write_store("UPDATE proof SET transaction_id = zeroblob(16) WHERE id = (SELECT max(id) "
                "FROM proof); UPDATE proof SET passwords = 1");
    assert_int_equal(visit_prove("alice", 0), LK_REASON_PROOF);
    assert_int_equal(visit_code(0), LK_REASON_PROOF);
    visit_touch(&alice, 42);
    assert_int_equal(visit_prove("alice", 42), LK_REASON_NONE);
    assert_int_equal(visit_code(42), LK_REASON_NONE);
    write_store("UPDATE session SET statement = (SELECT max(entry) FROM statement)");
    assert_int_equal(visit_redeem(42), LK_REASON_CODE);
    write_store("UPDATE session SET statement = (SELECT min(entry) FROM statement)");
    assert_int_equal(visit_redeem(42), LK_REASON_NONE);
    /* Somebody else's session, opened with a code of his own. */
    write_store("INSERT INTO code SELECT NULL, randomblob(32), session, created, expiry, "
                "auth_time, facts, data, x'"
                "c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3', "
                "access_expiry, seal FROM code ORDER BY id DESC LIMIT 1");
    assert_int_equal(visit_access(0x43), LK_REASON_CODE);
}

/* The same while the store is served. */
static void write_live(const char *sql)
{
    char path[160];
    sqlite3 *db = NULL;

    snprintf(path, sizeof(path), "%s/store.sqlite3", visit_house.state);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    (void)sqlite3_busy_timeout(db, 5000);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(db);
}

static void visit_coded(struct agent_key *key, const char *agent, uint8_t name)
{
    visit_touch(key, name);
    assert_int_equal(visit_prove(agent, name), LK_REASON_NONE);
    assert_int_equal(visit_code(name), LK_REASON_NONE);
}

/* Between the steps of one login the broker rests on what it verified at the touch, and on what the transaction finds: whatever denies counts, whoever wrote it. */
static void denied_between(void **unused)
{
    static const struct {
        const char *column;
        int was, now;
        enum lk_reason reason;
    } rows[] = {{"state", 2, 3, LK_REASON_SUSPENDED},
                {"state", 2, 4, LK_REASON_REVOKED},
                {"state", 2, 1, LK_REASON_PENDING},
                {"newest", 1, 0, LK_REASON_SUPERSEDED}};
    char sql[128];

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        visit_touch(&bob, 45);
        visit_touch(&bob, 46);
        assert_int_equal(visit_prove("bob", 46), LK_REASON_NONE);
        visit_coded(&bob, "bob", (uint8_t)(200 + i));
        snprintf(sql, sizeof(sql), "UPDATE statement SET %s = %d", rows[i].column, rows[i].now);
        write_live(sql);
        assert_int_equal(visit_prove("bob", 45), rows[i].reason);
        assert_int_equal(visit_code(46), rows[i].reason);
        assert_int_equal(visit_redeem((uint8_t)(200 + i)), rows[i].reason);
        snprintf(sql, sizeof(sql), "UPDATE statement SET %s = %d", rows[i].column, rows[i].was);
        write_live(sql);
    }
    /* What changes nothing but the revision is judged anew, and stands. */
    visit_coded(&bob, "bob", 43);
    write_live("UPDATE statement SET revision = revision + 1");
    assert_int_equal(visit_redeem(43), LK_REASON_NONE);
    assert_int_equal(visit_redeem(43), LK_REASON_REPLAY);
    assert_int_equal(visit_logouts(64), 1);
    visit_delivered(visit_taken[0].id, LK_LOGOUT_ACKNOWLEDGED);
    /* A session that was ended, a proof that is gone. */
    visit_coded(&bob, "bob", 44);
    write_live("UPDATE session SET ended = 1 WHERE substr(sid, 1, 1) = x'2c'");
    assert_int_equal(visit_redeem(44), LK_REASON_CODE);
    visit_touch(&bob, 45);
    write_live("DELETE FROM proof");
    assert_int_equal(visit_prove("bob", 45), LK_REASON_PROOF);
    assert_int_equal(visit_code(45), LK_REASON_PROOF);
}

/* What allowed was verified at the touch: the next login finds that the evidence is gone, this one goes on. */
static void allowed_at_the_touch(void **unused)
{
    struct lk_gateway_verdict verdict;

    (void)unused;
    visit_touch(&bob, 55);
    write_live("CREATE TABLE kept AS SELECT * FROM attestation; DELETE FROM attestation");
    assert_int_equal(visit_login(&bob, 56, &verdict), LK_REASON_EVIDENCE);
    /* That login was counted against the credential: all its visits are judged anew. */
    assert_int_equal(visit_prove("bob", 55), LK_REASON_EVIDENCE);
    write_live("INSERT INTO attestation SELECT * FROM kept");
    visit_touch(&bob, 55);
    write_live("DELETE FROM attestation");
    assert_int_equal(visit_prove("bob", 55), LK_REASON_NONE);
    assert_int_equal(visit_code(55), LK_REASON_NONE);
    assert_int_equal(visit_redeem(55), LK_REASON_NONE);
    assert_int_equal(visit_access(55), LK_REASON_EVIDENCE);
    write_live("INSERT INTO attestation SELECT * FROM kept; DROP TABLE kept");
    assert_int_equal(visit_access(55), LK_REASON_NONE);
}

static void suspended(void **unused)
{
    (void)unused;
    visit_session(&spare, 50);
    visit_touch(&spare, 51);
    visit_touch(&spare, 52);
    assert_int_equal(visit_prove("alice", 52), LK_REASON_NONE);
    visit_touch(&spare, 53);
    assert_int_equal(visit_prove("alice", 53), LK_REASON_NONE);
    assert_int_equal(visit_code(53), LK_REASON_NONE);
    assert_int_equal(visit_state(&spare, LK_STATE_SUSPENDED, false), LK_REASON_NONE);
    assert_int_equal(visit_prove("alice", 51), LK_REASON_SUSPENDED);
    assert_int_equal(visit_code(52), LK_REASON_SUSPENDED);
    assert_int_equal(visit_redeem(53), LK_REASON_SUSPENDED);
    assert_int_equal(visit_access(50), LK_REASON_SUSPENDED);
    assert_int_equal(visit_logouts(64), 0);
    /* The session of the key itself ends, those of the other key stay. */
    visit_session(&alice, 54);
    assert_int_equal(visit_state(&spare, LK_STATE_REVOKED, true), LK_REASON_NONE);
    assert_int_equal(visit_access(54), LK_REASON_NONE);
    assert_int_equal(visit_logouts(64), 2); /* 50, and 53 whose code is still out */
    for (int i = 0; i < 2; i++) {
        assert_true(visit_taken[i].sid[0] == 50 || visit_taken[i].sid[0] == 53);
        visit_delivered(visit_taken[i].id, LK_LOGOUT_ACKNOWLEDGED);
    }
}

static void revoked(void **unused)
{
    struct lk_gateway_redeemed got;
    char value[513];

    (void)unused;
    visit_touch(&alice, 60);
    visit_touch(&alice, 61);
    assert_int_equal(visit_prove("alice", 61), LK_REASON_NONE);
    visit_touch(&alice, 62);
    assert_int_equal(visit_prove("alice", 62), LK_REASON_NONE);
    assert_int_equal(visit_code(62), LK_REASON_NONE);
    visit_session(&alice, 63);
    visit_session(&bob, 64);
    assert_int_equal(visit_state(&alice, LK_STATE_REVOKED, false), LK_REASON_NONE);
    visit_killed();
    assert_int_equal(visit_prove("alice", 60), LK_REASON_REVOKED);
    assert_int_equal(visit_code(61), LK_REASON_REVOKED);
    assert_int_equal(visit_redeem_at("synapse", 62, &got), LK_REASON_REVOKED);
    assert_int_equal(visit_access(63), LK_REASON_REVOKED);
    assert_int_equal(visit_access(64), LK_REASON_NONE);
    visit_status("oldest_logout_seconds", value);
    assert_in_range(strtoul(value, NULL, 10), 0, 120);
    /* Leased: taken once, also by two issuers and after a restart. */
    assert_int_equal(visit_logouts(1), 1);
    assert_int_equal(visit_taken[0].attempts, 0);
    assert_memory_equal(visit_taken[0].subject, alice.statement.subject.bytes, LK_SUBJECT_SIZE);
    visit_delivered(visit_taken[0].id, LK_LOGOUT_FAILED);
    assert_true(visit_logouts(64) >= 2);
    for (int i = 0; i < 3; i++)
        assert_int_not_equal(visit_taken[i].sid[0], 64);
    visit_killed();
    assert_int_equal(visit_logouts(64), 0);
    visit_status("logouts_pending", value);
    assert_true(strtoul(value, NULL, 10) >= 3);
    /* The metric is what the status says. */
    assert_int_equal(visit_queue().logouts, strtoul(value, NULL, 10));
    assert_int_equal(visit_queue().undeliverable, 0);
    assert_int_equal(visit_queue().flags, 0);
    assert_in_range(visit_queue().oldest, 0, 120);
}

/* A client that is taken out of the configuration: its logouts are not late, nobody can be told. */
static void client_gone(void **unused)
{
    char text[4096];
    char value[513];
    FILE *file = fopen(visit_house.config, "re");
    size_t len;
    char *section;

    (void)unused;
    assert_non_null(file);
    len = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    text[len] = '\0';
    section = strstr(text, "[client synapse]");
    assert_non_null(section);
    visit_status("logouts_undeliverable", value);
    assert_string_equal(value, "none");
    /* Still there, but without an address; then gone. */
    for (int i = 0; i < 2; i++) {
        if (i == 0)
            memcpy(strstr(section, "backchannel"), "#", 1);
        else
            *section = '\0';
        file = fopen(visit_house.config, "we");
        assert_non_null(file);
        assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
        assert_int_equal(fclose(file), 0);
        visit_restart();
        visit_status("logouts_undeliverable", value);
        assert_true(strtoul(value, NULL, 10) >= 3);
        assert_int_equal(visit_queue().undeliverable, strtoul(value, NULL, 10));
        visit_status("logouts_pending", value);
        assert_string_equal(value, "0");
        assert_int_equal(visit_queue().logouts, 0);
        assert_int_equal(visit_queue().oldest, 0);
        visit_status("oldest_logout_seconds", value);
        assert_string_equal(value, "none");
    }
}

/* A revocation and a code that meet in the broker: judged before, refused by the transaction, and told why. */
static void crossing(void **unused)
{
    struct lk_frame frame;
    struct lk_desk_result got;

    (void)unused;
    visit_touch(&carol, 70);
    assert_int_equal(visit_prove("carol", 70), LK_REASON_NONE);
    assert_int_equal(kill(visit_rig.broker, SIGSTOP), 0);
    visit_state_put(&carol, LK_STATE_REVOKED, false);
    peer_send(&visit_desk, &visit_out);
    visit_code_put(70);
    peer_send(&visit_gateway, &visit_out);
    assert_int_equal(kill(visit_rig.broker, SIGCONT), 0);
    peer_expect(&visit_desk, LK_MESSAGE_DESK_RESULT, &frame);
    assert_int_equal(lk_desk_result_decode(frame.payload, &got), 0);
    assert_int_equal(got.reason, LK_REASON_NONE);
    assert_int_equal(visit_result(), LK_REASON_REVOKED);
}

/* Where everything runs as one user, nobody else asks, whatever the socket's mode is. */
static void other_users(void **unused)
{
    int status = -1;
    pid_t child;

    (void)unused;
    if (geteuid() != 0)
        skip();
    child = fork();
    if (child == 0) {
        struct lk_hello hello = {LK_PROTOCOL_VERSION, LK_PROTOCOL_VERSION, LK_SOCKET_WORKER};
        struct peer peer;

        if (setresuid(65534, 65534, 65534) != 0)
            _exit(2);
        peer_connect(&visit_rig, "worker", &peer);
        /* It may be closed before a byte is written. */
        if (lk_hello_encode(&visit_out, &hello) == 0 &&
            lk_frame_send(peer.fd, lk_buf_view(&visit_out)) == 0)
            (void)usleep(1000);
        _exit(peer_closed(&peer, RIG_WAIT_MS) ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* Whoever is not a worker, or does not speak like one. */
static void hostile_workers(void **unused)
{
    struct lk_worker_prove asked = {.name = "alice"};
    struct lk_hello hello = {LK_PROTOCOL_VERSION, LK_PROTOCOL_VERSION, LK_SOCKET_HOST};
    struct lk_frame frame;
    struct peer peer;

    (void)unused;
    peer_connect(&visit_rig, "worker", &peer);
    assert_int_equal(lk_hello_encode(&visit_out, &hello), 0);
    peer_send(&peer, &visit_out);
    assert_true(peer_closed(&peer, RIG_WAIT_MS));
    peer_close(&peer);
    /* one question after the other is heard; a second one while the first is on its way to the disk is not */
    visit_touch(&bob, 75);
    peer_open(&visit_rig, "worker", &peer);
    for (uint32_t request = 1; request <= 3; request++) {
        assert_int_equal(lk_worker_prove_encode(&visit_out, request, &asked), 0);
        peer_send(&peer, &visit_out);
        peer_expect(&peer, LK_MESSAGE_VERDICT, &frame);
        assert_int_equal(frame.request, request);
    }
    memset(asked.transaction, 75, sizeof(asked.transaction));
    memcpy(asked.name, "bob", sizeof("bob"));
    assert_int_equal(lk_worker_prove_encode(&visit_out, 4, &asked), 0);
    assert_int_equal(lk_worker_prove_encode(&visit_out, 5, &asked), 0);
    peer_send(&peer, &visit_out);
    assert_true(peer_closed(&peer, RIG_WAIT_MS));
    peer_close(&peer);
    /* a question of the gateway's at the worker's door, and the other way round */
    peer_open(&visit_rig, "worker", &peer);
    visit_code_put(1);
    peer_send(&peer, &visit_out);
    assert_true(peer_closed(&peer, RIG_WAIT_MS));
    peer_close(&peer);
    peer_open(&visit_rig, "gateway", &peer);
    assert_int_equal(lk_worker_prove_encode(&visit_out, 1, &asked), 0);
    peer_send(&peer, &visit_out);
    assert_true(peer_closed(&peer, RIG_WAIT_MS));
    peer_close(&peer);
    /* more than a hello before the hello */
    peer_connect(&visit_rig, "worker", &peer);
    memset(lk_buf_reserve(&visit_out, 5000), 0, 5000);
    visit_out.data[2] = 0x20;
    visit_out.len = 5000;
    peer_send(&peer, &visit_out);
    assert_true(peer_closed(&peer, RIG_WAIT_MS));
    peer_close(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_way),       cmocka_unit_test(proofs),
        cmocka_unit_test(codes),           cmocka_unit_test(facts),
        cmocka_unit_test(ended),           cmocka_unit_test(forged),
        cmocka_unit_test(denied_between),  cmocka_unit_test(allowed_at_the_touch),
        cmocka_unit_test(suspended),       cmocka_unit_test(revoked),
        cmocka_unit_test(client_gone),     cmocka_unit_test(crossing),
        cmocka_unit_test(hostile_workers), cmocka_unit_test(other_users),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
