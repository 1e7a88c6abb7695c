/* SPDX-License-Identifier: EUPL-1.2 */
/* From a touch to a session and its end, over the gateway, worker and desk sockets of a real broker: what each step needs of the one before, what a
 * revocation in between does, and that a restart loses nothing. */
#include "rig.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/base64url.h"
#include "message/desk.h"
#include "verify/verify.h"

static struct house house;
static struct rig rig;
static struct peer gateway;
static struct peer desk;
static struct agent_key alice;
static struct agent_key spare; /* hers too */
static struct agent_key bob;
static struct lk_buf out = LK_BUF_INIT(LK_FRAME_MAX);
static const uint8_t blob[] = "redirect, nonce, challenge";

static void connect_all(void)
{
    rig_start(&rig, &house);
    peer_open(&rig, "gateway", &gateway);
    peer_open(&rig, "desk", &desk);
}

static int begin(void **state)
{
    (void)state;
    house_begin(&house, NULL);
    house_admit(&house, "alice", LK_KIND_BROWSER, &alice);
    house_admit(&house, "alice", LK_KIND_BROWSER, &spare);
    house_admit(&house, "bob", LK_KIND_BROWSER, &bob);
    house_close(&house);
    connect_all();
    return 0;
}

static void stop_all(void)
{
    peer_close(&gateway);
    peer_close(&desk);
    rig_stop(&rig);
}

static int end(void **state)
{
    (void)state;
    stop_all();
    agent_key_free(&alice);
    agent_key_free(&spare);
    agent_key_free(&bob);
    lk_buf_clear(&out);
    house_end(&house);
    return 0;
}

static void restart(void)
{
    stop_all();
    connect_all();
}

static void killed(void)
{
    peer_close(&gateway);
    peer_close(&desk);
    rig_kill(&rig, 9);
    connect_all();
}

/* ---- one step each; `name` is the byte all of a transaction, code, sid or access token consists of ---- */

static enum lk_reason login(struct agent_key *key, uint8_t name,
                            struct lk_gateway_verdict *ret_verdict)
{
    struct lk_gateway_challenge wanted = {.purpose = LK_PURPOSE_LOGIN};
    struct lk_gateway_token token;
    struct lk_gateway_login asked = {0};
    struct lk_frame frame;
    char text[128];
    char json[512];
    uint8_t hash[32];
    struct lk_buf data;
    struct lk_buf signature;

    memset(wanted.transaction, name, LK_TRANSACTION_SIZE);
    assert_int_equal(lk_gateway_challenge_encode(&out, 3, &wanted), 0);
    peer_send(&gateway, &out);
    peer_expect(&gateway, LK_MESSAGE_GATEWAY_TOKEN, &frame);
    assert_int_equal(lk_gateway_token_decode(frame.payload, &token), 0);
    assert_int_equal(lk_base64url_encode(text, sizeof(text), token.token.data, LK_TOKEN_SIZE), 0);
    snprintf(json, sizeof(json),
             "{\"type\":\"webauthn.get\",\"challenge\":\"%s\",\"origin\":\"https://" HOUSE_GATEWAY
             "\",\"crossOrigin\":false}",
             text);
    test_sha256(json, strlen(json), hash);
    agent_key_sign(key, HOUSE_GATEWAY, LK_FLAG_UP | LK_FLAG_UV, hash, &data, &signature);
    memcpy(asked.transaction, wanted.transaction, LK_TRANSACTION_SIZE);
    asked.credential_id =
        LK_VIEW(key->statement.credential_id.bytes, key->statement.credential_id.len);
    asked.authenticator_data = lk_buf_view(&data);
    asked.signature = lk_buf_view(&signature);
    asked.client_data = LK_VIEW((const uint8_t *)json, strlen(json));
    asked.user_handle = LK_VIEW(key->statement.subject.bytes, LK_SUBJECT_SIZE);
    assert_int_equal(lk_gateway_login_encode(&out, 4, &asked), 0);
    peer_send(&gateway, &out);
    peer_expect(&gateway, LK_MESSAGE_GATEWAY_VERDICT, &frame);
    assert_int_equal(lk_gateway_verdict_decode(frame.payload, ret_verdict), 0);
    lk_buf_clear(&data);
    lk_buf_clear(&signature);
    return (enum lk_reason)ret_verdict->reason;
}

static void touch(struct agent_key *key, uint8_t name)
{
    struct lk_gateway_verdict verdict;

    assert_int_equal(login(key, name, &verdict), LK_REASON_NONE);
}

static enum lk_reason prove(const char *agent, uint8_t name)
{
    struct lk_worker_prove asked = {0};
    struct lk_verdict verdict;
    struct lk_frame frame;
    struct peer worker;

    memset(asked.nonce, name ^ 0x55, sizeof(asked.nonce));
    memset(asked.transaction, name, sizeof(asked.transaction));
    snprintf(asked.name, sizeof(asked.name), "%s", agent);
    peer_open(&rig, "worker", &worker);
    assert_int_equal(lk_worker_prove_encode(&out, 8, &asked), 0);
    peer_send(&worker, &out);
    peer_expect(&worker, LK_MESSAGE_VERDICT, &frame);
    assert_int_equal(frame.request, 8);
    assert_int_equal(lk_verdict_decode(frame.payload, &verdict), 0);
    assert_memory_equal(verdict.nonce, asked.nonce, sizeof(asked.nonce));
    assert_true(peer_closed(&worker, RIG_WAIT_MS));
    peer_close(&worker);
    return (enum lk_reason)verdict.reason;
}

static enum lk_reason result(void)
{
    struct lk_gateway_result got;
    struct lk_frame frame;

    peer_expect(&gateway, LK_MESSAGE_GATEWAY_RESULT, &frame);
    assert_int_equal(frame.request, 5);
    assert_int_equal(lk_gateway_result_decode(frame.payload, &got), 0);
    return (enum lk_reason)got.reason;
}

static void code_put(uint8_t name)
{
    struct lk_gateway_code asked = {.client = "synapse", .data = LK_VIEW(blob, sizeof(blob))};

    memset(asked.transaction, name, sizeof(asked.transaction));
    memset(asked.code, name, sizeof(asked.code));
    memset(asked.sid, name, sizeof(asked.sid));
    assert_int_equal(lk_gateway_code_encode(&out, 5, &asked), 0);
}

static enum lk_reason code(uint8_t name)
{
    code_put(name);
    peer_send(&gateway, &out);
    return result();
}

static enum lk_reason redeemed(struct lk_gateway_redeemed *ret_redeemed)
{
    static uint8_t data[LK_CODE_DATA_MAX];
    struct lk_frame frame;

    peer_expect(&gateway, LK_MESSAGE_GATEWAY_REDEEMED, &frame);
    assert_int_equal(lk_gateway_redeemed_decode(frame.payload, ret_redeemed), 0);
    if (ret_redeemed->data.len > 0)
        memcpy(data, ret_redeemed->data.data, ret_redeemed->data.len);
    ret_redeemed->data.data = data;
    if (ret_redeemed->reason != LK_REASON_NONE) {
        assert_string_equal(ret_redeemed->name, "");
        assert_int_equal(ret_redeemed->data.len, 0);
    }
    return (enum lk_reason)ret_redeemed->reason;
}

static enum lk_reason redeem_at(const char *client, uint8_t name,
                                struct lk_gateway_redeemed *ret_redeemed)
{
    struct lk_gateway_redeem asked = {0};

    memset(asked.code, name, sizeof(asked.code));
    memset(asked.access, name ^ 0x80, sizeof(asked.access));
    snprintf(asked.client, sizeof(asked.client), "%s", client);
    assert_int_equal(lk_gateway_redeem_encode(&out, 5, &asked), 0);
    peer_send(&gateway, &out);
    return redeemed(ret_redeemed);
}

static enum lk_reason redeem(uint8_t name)
{
    struct lk_gateway_redeemed got;

    return redeem_at("synapse", name, &got);
}

static enum lk_reason access(uint8_t name)
{
    struct lk_gateway_access asked;
    struct lk_gateway_redeemed got;

    memset(asked.access, name ^ 0x80, sizeof(asked.access));
    assert_int_equal(lk_gateway_access_encode(&out, 5, &asked), 0);
    peer_send(&gateway, &out);
    return redeemed(&got);
}

static void session(struct agent_key *key, uint8_t name)
{
    touch(key, name);
    assert_int_equal(prove(key->statement.name, name), LK_REASON_NONE);
    assert_int_equal(code(name), LK_REASON_NONE);
    assert_int_equal(redeem(name), LK_REASON_NONE);
}

static struct lk_gateway_logout taken[LK_LOGOUTS_MAX];

static size_t logouts(uint16_t most)
{
    const struct lk_gateway_logouts asked = {.most = most};
    struct lk_gateway_result got;
    struct lk_frame frame;
    size_t count = 0;

    assert_int_equal(lk_gateway_logouts_encode(&out, 6, &asked), 0);
    peer_send(&gateway, &out);
    for (;;) {
        peer_next(&gateway, &frame);
        assert_int_equal(frame.request, 6);
        if (frame.type != LK_MESSAGE_GATEWAY_LOGOUT)
            break;
        assert_int_equal(lk_gateway_logout_decode(frame.payload, &taken[count++]), 0);
    }
    assert_int_equal(lk_gateway_result_decode(frame.payload, &got), 0);
    assert_int_equal(got.reason, LK_REASON_NONE);
    return count;
}

static void delivered(uint64_t id, enum lk_logout_outcome outcome)
{
    const struct lk_gateway_delivered asked = {.id = id, .outcome = outcome, .detail = "x"};

    assert_int_equal(lk_gateway_delivered_encode(&out, 5, &asked), 0);
    peer_send(&gateway, &out);
    assert_int_equal(result(), LK_REASON_NONE);
}

/* ---- the desk ---- */

static enum lk_reason desk_result(void)
{
    struct lk_desk_result got;
    struct lk_frame frame;

    peer_expect(&desk, LK_MESSAGE_DESK_RESULT, &frame);
    assert_int_equal(lk_desk_result_decode(frame.payload, &got), 0);
    return (enum lk_reason)got.reason;
}

/* The register moves on while the broker runs: what the operator names is its first entry, the operator set. */
static enum lk_reason state(const struct agent_key *key, enum lk_state to, bool own_only)
{
    struct lk_state_change change = {
        .statement = key->digest, .state = to, .reason = "test", .time = time(NULL)};
    static struct lk_desk_state message;
    struct lk_buf bytes = LK_BUF_INIT(512);
    struct lk_buf record;
    struct lk_digest digest;
    struct lk_digest root;

    assert_int_equal(lk_state_change_encode(&bytes, &change), 0);
    assert_int_equal(lk_object_digest(house.crypto, lk_buf_view(&bytes), &digest), 0);
    assert_int_equal(lk_tree_root(house.crypto, &digest, 1, &root), 0);
    house_touch(&house, to == LK_STATE_REVOKED ? LK_ACT_REVOKE : LK_ACT_SUSPEND, &root, 1, &record);
    message = (struct lk_desk_state){.endorsement = lk_buf_view(&record),
                                     .count = 1,
                                     .changes = {lk_buf_view(&bytes)},
                                     .own_sessions_only = own_only};
    assert_int_equal(lk_desk_state_encode(&out, 9, &message), 0);
    peer_send(&desk, &out);
    lk_buf_clear(&bytes);
    lk_buf_clear(&record);
    return desk_result();
}

static void status(const char *name, char value[513])
{
    static struct lk_desk_pairs pairs;
    struct lk_frame frame;

    assert_int_equal(lk_desk_status_encode(&out, 9), 0);
    peer_send(&desk, &out);
    peer_expect(&desk, LK_MESSAGE_DESK_PAIRS, &frame);
    assert_int_equal(lk_desk_pairs_decode(frame.payload, &pairs), 0);
    strcpy(value, "none");
    for (uint32_t i = 0; i < pairs.count; i++) {
        if (strcmp(pairs.pairs[i].name, name) == 0)
            strcpy(value, pairs.pairs[i].value);
    }
}

static enum lk_reason agent_set(const char *name, const char *full_name, const char *email)
{
    struct lk_desk_agent asked = {.set_full_name = full_name != NULL, .set_email = email != NULL};

    snprintf(asked.name, sizeof(asked.name), "%s", name);
    snprintf(asked.full_name, sizeof(asked.full_name), "%s", full_name != NULL ? full_name : "");
    snprintf(asked.email, sizeof(asked.email), "%s", email != NULL ? email : "");
    assert_int_equal(lk_desk_agent_encode(&out, 9, &asked), 0);
    peer_send(&desk, &out);
    return desk_result();
}

/* What the insider with write access does: on the file itself, while nobody serves it. */
static void write_store(const char *sql)
{
    char path[160];
    sqlite3 *db = NULL;

    stop_all();
    snprintf(path, sizeof(path), "%s/store.sqlite3", house.state);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(db);
    connect_all();
}

/* ---- tests ---- */

static void whole_way(void **unused)
{
    struct lk_gateway_redeemed got;
    struct lk_gateway_verdict verdict;
    int64_t now = time(NULL);

    (void)unused;
    assert_int_equal(agent_set("nobody", "X", NULL), LK_REASON_UNKNOWN_AGENT);
    assert_int_equal(agent_set("alice", "Alice Martin", "alice@example.org"), LK_REASON_NONE);
    assert_int_equal(login(&alice, 1, &verdict), LK_REASON_NONE);
    assert_string_equal(verdict.full_name, "Alice Martin");
    assert_int_equal(verdict.facts, LK_LOGIN_FACT_USER_VERIFIED);
    restart();
    assert_int_equal(prove("alice", 1), LK_REASON_NONE);
    killed();
    assert_int_equal(code(1), LK_REASON_NONE);
    killed();
    assert_int_equal(redeem_at("synapse", 1, &got), LK_REASON_NONE);
    assert_string_equal(got.name, "alice");
    assert_string_equal(got.full_name, "Alice Martin");
    assert_string_equal(got.email, "alice@example.org");
    assert_string_equal(got.client, "synapse");
    assert_memory_equal(got.subject, alice.statement.subject.bytes, LK_SUBJECT_SIZE);
    assert_int_equal(got.sid[0], 1);
    assert_in_range(got.auth_time, now - 1, now + 60);
    assert_int_equal(got.facts, LK_LOGIN_FACT_USER_VERIFIED);
    assert_int_equal(got.data.len, sizeof(blob));
    assert_memory_equal(got.data.data, blob, sizeof(blob));
    assert_int_equal(access(1), LK_REASON_NONE);
    killed();
    assert_int_equal(access(1), LK_REASON_NONE);
    assert_int_equal(access(2), LK_REASON_CODE);
}

static void proofs(void **unused)
{
    (void)unused;
    /* nobody touched anything */
    assert_int_equal(prove("alice", 10), LK_REASON_PROOF);
    assert_int_equal(code(10), LK_REASON_PROOF);
    touch(&alice, 10);
    /* another transaction, another name */
    assert_int_equal(prove("alice", 11), LK_REASON_PROOF);
    assert_int_equal(prove("bob", 10), LK_REASON_NAME_REASSIGNED);
    assert_int_equal(prove("", 10), LK_REASON_NAME_REASSIGNED);
    /* no stack asked */
    assert_int_equal(code(10), LK_REASON_PROOF);
    for (int i = 0; i < LK_PROOF_PASSWORDS; i++)
        assert_int_equal(prove("alice", 10), LK_REASON_NONE);
    assert_int_equal(prove("alice", 10), LK_REASON_LIMIT);
    /* two at once: one is served */
    code_put(10);
    code_put(10);
    peer_send(&gateway, &out);
    assert_int_equal(result(), LK_REASON_NONE);
    assert_int_equal(result(), LK_REASON_PROOF);
    assert_int_equal(code(10), LK_REASON_PROOF);
    assert_int_equal(prove("alice", 10), LK_REASON_PROOF);
}

static void codes(void **unused)
{
    struct lk_gateway_redeemed got;

    (void)unused;
    touch(&bob, 20);
    assert_int_equal(prove("bob", 20), LK_REASON_NONE);
    assert_int_equal(code(20), LK_REASON_NONE);
    assert_int_equal(redeem(21), LK_REASON_CODE);
    assert_int_equal(redeem_at("element", 20, &got), LK_REASON_CODE);
    assert_int_equal(redeem(20), LK_REASON_NONE);
    assert_int_equal(redeem_at("element", 20, &got), LK_REASON_CODE);
    assert_int_equal(access(20), LK_REASON_NONE);
    assert_int_equal(logouts(64), 0);
    assert_int_equal(redeem(20), LK_REASON_REPLAY);
    assert_int_equal(access(20), LK_REASON_CODE);
    assert_int_equal(logouts(64), 1);
    assert_int_equal(taken[0].sid[0], 20);
    assert_memory_equal(taken[0].subject, bob.statement.subject.bytes, LK_SUBJECT_SIZE);
}

/* Its own word: nobody need be told. */
static void ended(void **unused)
{
    struct lk_gateway_end asked = {.client = "element"};

    (void)unused;
    session(&bob, 30);
    memset(asked.sid, 30, sizeof(asked.sid));
    assert_int_equal(lk_gateway_end_encode(&out, 5, &asked), 0);
    peer_send(&gateway, &out);
    assert_int_equal(result(), LK_REASON_NONE);
    assert_int_equal(access(30), LK_REASON_NONE);
    strcpy(asked.client, "synapse");
    assert_int_equal(lk_gateway_end_encode(&out, 5, &asked), 0);
    peer_send(&gateway, &out);
    assert_int_equal(result(), LK_REASON_NONE);
    assert_int_equal(access(30), LK_REASON_CODE);
    assert_int_equal(logouts(64), 0);
}

/* A row that the broker did not write: made up, or moved from where it was. */
static void forged(void **unused)
{
    (void)unused;
    touch(&alice, 40);
    write_store("UPDATE proof SET statement = (SELECT max(entry) FROM statement)");
    assert_int_equal(prove("bob", 40), LK_REASON_PROOF);
    touch(&alice, 41);
    write_store("UPDATE proof SET transaction_id = zeroblob(16) WHERE id = (SELECT max(id) "
                "FROM proof); UPDATE proof SET passwords = 1");
    assert_int_equal(prove("alice", 0), LK_REASON_PROOF);
    assert_int_equal(code(0), LK_REASON_PROOF);
    touch(&alice, 42);
    assert_int_equal(prove("alice", 42), LK_REASON_NONE);
    assert_int_equal(code(42), LK_REASON_NONE);
    write_store("UPDATE session SET statement = (SELECT max(entry) FROM statement)");
    assert_int_equal(redeem(42), LK_REASON_CODE);
    write_store("UPDATE session SET statement = (SELECT min(entry) FROM statement)");
    assert_int_equal(redeem(42), LK_REASON_NONE);
    /* Somebody else's session, opened with a code of his own. */
    write_store("INSERT INTO code SELECT NULL, randomblob(32), session, created, expiry, "
                "auth_time, facts, data, x'"
                "c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3', "
                "access_expiry, seal FROM code ORDER BY id DESC LIMIT 1");
    assert_int_equal(access(0x43), LK_REASON_CODE);
}

static void suspended(void **unused)
{
    (void)unused;
    session(&spare, 50);
    touch(&spare, 51);
    touch(&spare, 52);
    assert_int_equal(prove("alice", 52), LK_REASON_NONE);
    touch(&spare, 53);
    assert_int_equal(prove("alice", 53), LK_REASON_NONE);
    assert_int_equal(code(53), LK_REASON_NONE);
    assert_int_equal(state(&spare, LK_STATE_SUSPENDED, false), LK_REASON_NONE);
    assert_int_equal(prove("alice", 51), LK_REASON_SUSPENDED);
    assert_int_equal(code(52), LK_REASON_SUSPENDED);
    assert_int_equal(redeem(53), LK_REASON_SUSPENDED);
    assert_int_equal(access(50), LK_REASON_SUSPENDED);
    assert_int_equal(logouts(64), 0);
    /* The session of the key itself ends, those of the other key stay. */
    session(&alice, 54);
    assert_int_equal(state(&spare, LK_STATE_REVOKED, true), LK_REASON_NONE);
    assert_int_equal(access(54), LK_REASON_NONE);
    assert_int_equal(logouts(64), 2); /* 50, and 53 whose code is still out */
    for (int i = 0; i < 2; i++) {
        assert_true(taken[i].sid[0] == 50 || taken[i].sid[0] == 53);
        delivered(taken[i].id, LK_LOGOUT_ACKNOWLEDGED);
    }
}

static void revoked(void **unused)
{
    struct lk_gateway_redeemed got;
    char value[513];

    (void)unused;
    touch(&alice, 60);
    touch(&alice, 61);
    assert_int_equal(prove("alice", 61), LK_REASON_NONE);
    touch(&alice, 62);
    assert_int_equal(prove("alice", 62), LK_REASON_NONE);
    assert_int_equal(code(62), LK_REASON_NONE);
    session(&alice, 63);
    session(&bob, 64);
    assert_int_equal(state(&alice, LK_STATE_REVOKED, false), LK_REASON_NONE);
    killed();
    assert_int_equal(prove("alice", 60), LK_REASON_REVOKED);
    assert_int_equal(code(61), LK_REASON_REVOKED);
    assert_int_equal(redeem_at("synapse", 62, &got), LK_REASON_REVOKED);
    assert_int_equal(access(63), LK_REASON_REVOKED);
    assert_int_equal(access(64), LK_REASON_NONE);
    status("oldest_logout_seconds", value);
    assert_in_range(strtoul(value, NULL, 10), 0, 120);
    /* Leased: taken once, also by two issuers and after a restart. */
    assert_int_equal(logouts(1), 1);
    assert_int_equal(taken[0].attempts, 0);
    assert_memory_equal(taken[0].subject, alice.statement.subject.bytes, LK_SUBJECT_SIZE);
    delivered(taken[0].id, LK_LOGOUT_FAILED);
    assert_true(logouts(64) >= 2);
    for (int i = 0; i < 3; i++)
        assert_int_not_equal(taken[i].sid[0], 64);
    killed();
    assert_int_equal(logouts(64), 0);
    status("logouts_pending", value);
    assert_true(strtoul(value, NULL, 10) >= 3);
}

/* Whoever is not a worker, or does not speak like one. */
static void hostile_workers(void **unused)
{
    struct lk_worker_prove asked = {.name = "alice"};
    struct lk_hello hello = {LK_PROTOCOL_VERSION, LK_PROTOCOL_VERSION, LK_SOCKET_HOST};
    struct lk_frame frame;
    struct peer peer;

    (void)unused;
    peer_connect(&rig, "worker", &peer);
    assert_int_equal(lk_hello_encode(&out, &hello), 0);
    peer_send(&peer, &out);
    assert_true(peer_closed(&peer, RIG_WAIT_MS));
    peer_close(&peer);
    /* two questions: the second is not heard */
    peer_open(&rig, "worker", &peer);
    assert_int_equal(lk_worker_prove_encode(&out, 1, &asked), 0);
    assert_int_equal(lk_worker_prove_encode(&out, 2, &asked), 0);
    peer_send(&peer, &out);
    peer_expect(&peer, LK_MESSAGE_VERDICT, &frame);
    assert_int_equal(frame.request, 1);
    assert_true(peer_closed(&peer, RIG_WAIT_MS));
    peer_close(&peer);
    /* a question of the gateway's at the worker's door, and the other way round */
    peer_open(&rig, "worker", &peer);
    code_put(1);
    peer_send(&peer, &out);
    assert_true(peer_closed(&peer, RIG_WAIT_MS));
    peer_close(&peer);
    peer_open(&rig, "gateway", &peer);
    assert_int_equal(lk_worker_prove_encode(&out, 1, &asked), 0);
    peer_send(&peer, &out);
    assert_true(peer_closed(&peer, RIG_WAIT_MS));
    peer_close(&peer);
    /* more than a hello before the hello */
    peer_connect(&rig, "worker", &peer);
    memset(lk_buf_reserve(&out, 5000), 0, 5000);
    out.data[2] = 0x20;
    out.len = 5000;
    peer_send(&peer, &out);
    assert_true(peer_closed(&peer, RIG_WAIT_MS));
    peer_close(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_way), cmocka_unit_test(proofs),          cmocka_unit_test(codes),
        cmocka_unit_test(ended),     cmocka_unit_test(forged),          cmocka_unit_test(suspended),
        cmocka_unit_test(revoked),   cmocka_unit_test(hostile_workers),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
