/* SPDX-License-Identifier: EUPL-1.2 */
/* The means of visit.h. */
#include "visit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/base64url.h"
#include "verify/verify.h"

struct house visit_house;
struct rig visit_rig;
struct peer visit_gateway;
struct peer visit_desk;
struct lk_buf visit_out = LK_BUF_INIT(LK_FRAME_MAX);
const uint8_t visit_blob[27] = "redirect, nonce, challenge";

void visit_connect_all(void)
{
    rig_start(&visit_rig, &visit_house);
    peer_open(&visit_rig, "gateway", &visit_gateway);
    peer_open(&visit_rig, "desk", &visit_desk);
}

void visit_stop_all(void)
{
    peer_close(&visit_gateway);
    peer_close(&visit_desk);
    rig_stop(&visit_rig);
}

void visit_restart(void)
{
    visit_stop_all();
    visit_connect_all();
}

void visit_killed(void)
{
    peer_close(&visit_gateway);
    peer_close(&visit_desk);
    rig_kill(&visit_rig, 9);
    visit_connect_all();
}

/* ---- one step each; `name` is the byte all of a transaction, code, sid or access token consists of ---- */

enum lk_reason visit_login(struct agent_key *key, uint8_t name,
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
    assert_int_equal(lk_gateway_challenge_encode(&visit_out, 3, &wanted), 0);
    peer_send(&visit_gateway, &visit_out);
    peer_expect(&visit_gateway, LK_MESSAGE_GATEWAY_TOKEN, &frame);
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
    assert_int_equal(lk_gateway_login_encode(&visit_out, 4, &asked), 0);
    peer_send(&visit_gateway, &visit_out);
    peer_expect(&visit_gateway, LK_MESSAGE_GATEWAY_VERDICT, &frame);
    assert_int_equal(lk_gateway_verdict_decode(frame.payload, ret_verdict), 0);
    lk_buf_clear(&data);
    lk_buf_clear(&signature);
    return (enum lk_reason)ret_verdict->reason;
}

void visit_touch(struct agent_key *key, uint8_t name)
{
    struct lk_gateway_verdict verdict;

    assert_int_equal(visit_login(key, name, &verdict), LK_REASON_NONE);
}

enum lk_reason visit_prove(const char *agent, uint8_t name)
{
    struct lk_worker_prove asked = {0};
    struct lk_verdict verdict;
    struct lk_frame frame;
    struct peer worker;

    memset(asked.nonce, name ^ 0x55, sizeof(asked.nonce));
    memset(asked.transaction, name, sizeof(asked.transaction));
    snprintf(asked.name, sizeof(asked.name), "%s", agent);
    peer_open(&visit_rig, "worker", &worker);
    assert_int_equal(lk_worker_prove_encode(&visit_out, 8, &asked), 0);
    peer_send(&worker, &visit_out);
    peer_expect(&worker, LK_MESSAGE_VERDICT, &frame);
    assert_int_equal(frame.request, 8);
    assert_int_equal(lk_verdict_decode(frame.payload, &verdict), 0);
    assert_memory_equal(verdict.nonce, asked.nonce, sizeof(asked.nonce));
    peer_close(&worker);
    return (enum lk_reason)verdict.reason;
}

enum lk_reason visit_result(void)
{
    struct lk_gateway_result got;
    struct lk_frame frame;

    peer_expect(&visit_gateway, LK_MESSAGE_GATEWAY_RESULT, &frame);
    assert_int_equal(frame.request, 5);
    assert_int_equal(lk_gateway_result_decode(frame.payload, &got), 0);
    return (enum lk_reason)got.reason;
}

void visit_code_put(uint8_t name)
{
    struct lk_gateway_code asked = {.client = "synapse",
                                    .data = LK_VIEW(visit_blob, sizeof(visit_blob))};

    memset(asked.transaction, name, sizeof(asked.transaction));
    memset(asked.code, name, sizeof(asked.code));
    memset(asked.sid, name, sizeof(asked.sid));
    assert_int_equal(lk_gateway_code_encode(&visit_out, 5, &asked), 0);
}

enum lk_reason visit_code(uint8_t name)
{
    visit_code_put(name);
    peer_send(&visit_gateway, &visit_out);
    return visit_result();
}

static enum lk_reason visit_redeemed(struct lk_gateway_redeemed *ret_redeemed)
{
    static uint8_t data[LK_CODE_DATA_MAX];
    struct lk_frame frame;

    peer_expect(&visit_gateway, LK_MESSAGE_GATEWAY_REDEEMED, &frame);
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

enum lk_reason visit_redeem_at(const char *client, uint8_t name,
                               struct lk_gateway_redeemed *ret_redeemed)
{
    struct lk_gateway_redeem asked = {0};

    memset(asked.code, name, sizeof(asked.code));
    memset(asked.access, name ^ 0x80, sizeof(asked.access));
    snprintf(asked.client, sizeof(asked.client), "%s", client);
    assert_int_equal(lk_gateway_redeem_encode(&visit_out, 5, &asked), 0);
    peer_send(&visit_gateway, &visit_out);
    return visit_redeemed(ret_redeemed);
}

enum lk_reason visit_redeem(uint8_t name)
{
    struct lk_gateway_redeemed got;

    return visit_redeem_at("synapse", name, &got);
}

enum lk_reason visit_access(uint8_t name)
{
    struct lk_gateway_access asked;
    struct lk_gateway_redeemed got;
    enum lk_reason reason;

    memset(asked.access, name ^ 0x80, sizeof(asked.access));
    assert_int_equal(lk_gateway_access_encode(&visit_out, 5, &asked), 0);
    peer_send(&visit_gateway, &visit_out);
    reason = visit_redeemed(&got);
    if (reason == LK_REASON_NONE)
        assert_true(lk_view_equal(got.data, LK_VIEW(visit_blob, sizeof(visit_blob))));
    return reason;
}

void visit_session(struct agent_key *key, uint8_t name)
{
    visit_touch(key, name);
    assert_int_equal(visit_prove(key->statement.name, name), LK_REASON_NONE);
    assert_int_equal(visit_code(name), LK_REASON_NONE);
    assert_int_equal(visit_redeem(name), LK_REASON_NONE);
}

struct lk_gateway_logout visit_taken[LK_LOGOUTS_MAX];

size_t visit_logouts(uint16_t most)
{
    const struct lk_gateway_logouts asked = {.most = most};
    struct lk_gateway_result got;
    struct lk_frame frame;
    size_t count = 0;

    assert_int_equal(lk_gateway_logouts_encode(&visit_out, 6, &asked), 0);
    peer_send(&visit_gateway, &visit_out);
    for (;;) {
        peer_next(&visit_gateway, &frame);
        assert_int_equal(frame.request, 6);
        if (frame.type != LK_MESSAGE_GATEWAY_LOGOUT)
            break;
        assert_int_equal(lk_gateway_logout_decode(frame.payload, &visit_taken[count++]), 0);
    }
    assert_int_equal(lk_gateway_result_decode(frame.payload, &got), 0);
    assert_int_equal(got.reason, LK_REASON_NONE);
    return count;
}

struct lk_gateway_waiting visit_queue(void)
{
    struct lk_gateway_waiting got;
    struct lk_frame frame;

    assert_int_equal(lk_gateway_queue_encode(&visit_out, 8), 0);
    peer_send(&visit_gateway, &visit_out);
    peer_next(&visit_gateway, &frame);
    assert_int_equal(frame.type, LK_MESSAGE_GATEWAY_WAITING);
    assert_int_equal(frame.request, 8);
    assert_int_equal(lk_gateway_waiting_decode(frame.payload, &got), 0);
    return got;
}

void visit_delivered(uint64_t id, enum lk_logout_outcome outcome)
{
    const struct lk_gateway_delivered asked = {.id = id, .outcome = outcome, .detail = "x"};

    assert_int_equal(lk_gateway_delivered_encode(&visit_out, 5, &asked), 0);
    peer_send(&visit_gateway, &visit_out);
    assert_int_equal(visit_result(), LK_REASON_NONE);
}

/* ---- the desk ---- */

static enum lk_reason visit_desk_result(void)
{
    struct lk_desk_result got;
    struct lk_frame frame;

    peer_expect(&visit_desk, LK_MESSAGE_DESK_RESULT, &frame);
    assert_int_equal(lk_desk_result_decode(frame.payload, &got), 0);
    return (enum lk_reason)got.reason;
}

/* The register moves on while the broker runs: what the operator names is its first entry, the operator set. */
void visit_state_put(const struct agent_key *key, enum lk_state to, bool own_only)
{
    struct lk_state_change change = {
        .statement = key->digest, .state = to, .reason = "test", .time = time(NULL)};
    static struct lk_desk_state message;
    struct lk_buf bytes = LK_BUF_INIT(512);
    struct lk_buf record;
    struct lk_digest digest;
    struct lk_digest root;

    assert_int_equal(lk_state_change_encode(&bytes, &change), 0);
    assert_int_equal(lk_object_digest(visit_house.crypto, lk_buf_view(&bytes), &digest), 0);
    assert_int_equal(lk_tree_root(visit_house.crypto, &digest, 1, &root), 0);
    house_touch(&visit_house, to == LK_STATE_REVOKED ? LK_ACT_REVOKE : LK_ACT_SUSPEND, &root, 1,
                &record);
    message = (struct lk_desk_state){.endorsement = lk_buf_view(&record),
                                     .count = 1,
                                     .changes = {lk_buf_view(&bytes)},
                                     .own_sessions_only = own_only};
    assert_int_equal(lk_desk_state_encode(&visit_out, 9, &message), 0);
    lk_buf_clear(&bytes);
    lk_buf_clear(&record);
}

enum lk_reason visit_state(const struct agent_key *key, enum lk_state to, bool own_only)
{
    visit_state_put(key, to, own_only);
    peer_send(&visit_desk, &visit_out);
    return visit_desk_result();
}

void visit_status(const char *name, char value[513])
{
    static struct lk_desk_pairs pairs;
    struct lk_frame frame;

    assert_int_equal(lk_desk_status_encode(&visit_out, 9), 0);
    peer_send(&visit_desk, &visit_out);
    peer_expect(&visit_desk, LK_MESSAGE_DESK_PAIRS, &frame);
    assert_int_equal(lk_desk_pairs_decode(frame.payload, &pairs), 0);
    strcpy(value, "none");
    for (uint32_t i = 0; i < pairs.count; i++) {
        if (strcmp(pairs.pairs[i].name, name) == 0)
            strcpy(value, pairs.pairs[i].value);
    }
}

enum lk_reason visit_agent_set(const char *name, const char *full_name, const char *email)
{
    struct lk_desk_agent asked = {.set_full_name = full_name != NULL, .set_email = email != NULL};

    snprintf(asked.name, sizeof(asked.name), "%s", name);
    snprintf(asked.full_name, sizeof(asked.full_name), "%s", full_name != NULL ? full_name : "");
    snprintf(asked.email, sizeof(asked.email), "%s", email != NULL ? email : "");
    assert_int_equal(lk_desk_agent_encode(&visit_out, 9, &asked), 0);
    peer_send(&visit_desk, &visit_out);
    return visit_desk_result();
}
