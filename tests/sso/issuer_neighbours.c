/* SPDX-License-Identifier: EUPL-1.2 */
/* Broker, workers and notify as the test plays them. The broker keeps the promise that matters: a proof only for a signature made with the agent's secret over this
 * transaction, a code only for a proof that a stack has asked for and that is not used up. */
#include "issuer_neighbours.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct house_proof *proof_of(const uint8_t transaction[16])
{
    for (size_t i = 0; i < house.proof_count; i++) {
        if (memcmp(house.proofs[i].transaction, transaction, 16) == 0)
            return &house.proofs[i];
    }
    return NULL;
}

/* ---- broker ---- */

static int on_challenge(struct house_end *end, const struct lk_frame *frame)
{
    struct lk_gateway_challenge challenge;
    uint8_t bytes[LK_TOKEN_SIZE] = {1, 1, 1};
    const struct lk_gateway_token token = {.token = LK_VIEW(bytes, sizeof(bytes))};

    assert_int_equal(lk_gateway_challenge_decode(frame->payload, &challenge), 0);
    memcpy(bytes + 31, challenge.transaction, 16);
    return lk_gateway_token_encode(&end->peer.out, frame->request, &token);
}

static int on_login(struct house_end *end, const struct lk_frame *frame)
{
    struct lk_gateway_verdict verdict = {.reason = LK_REASON_WRONG_KEY};
    struct lk_gateway_login login;

    assert_int_equal(lk_gateway_login_decode(frame->payload, &login), 0);
    house.logins++;
    if (login.signature.len == HOUSE_AGENT_SECRET + 16 &&
        memcmp(login.signature.data, house.alice, HOUSE_AGENT_SECRET) == 0 &&
        memcmp(login.signature.data + HOUSE_AGENT_SECRET, login.transaction, 16) == 0) {
        verdict.reason = house.verdict;
        memset(verdict.subject, 0xaa, sizeof(verdict.subject));
    }
    if (verdict.reason == LK_REASON_NONE) {
        struct house_proof *proof = &house.proofs[house.proof_count++ % HOUSE_PROOFS];

        house.verified++;
        *proof = (struct house_proof){.name = "alice"};
        memcpy(proof->transaction, login.transaction, 16);
        strcpy(verdict.name, "alice");
        strcpy(verdict.full_name, "Alice Martin");
        strcpy(verdict.groups, house.groups);
        verdict.facts = house.facts;
    }
    return lk_gateway_verdict_encode(&end->peer.out, frame->request, &verdict);
}

static int send_result(struct house_end *end, uint32_t request, uint32_t reason)
{
    const struct lk_gateway_result result = {.reason = reason};

    return lk_gateway_result_encode(&end->peer.out, request, &result);
}

static int on_code(struct house_end *end, const struct lk_frame *frame)
{
    struct lk_gateway_code code;
    struct house_proof *proof;

    assert_int_equal(lk_gateway_code_decode(frame->payload, &code), 0);
    house.codes_asked++;
    proof = proof_of(code.transaction);
    if (proof == NULL || !proof->asked || proof->coded)
        return send_result(end, frame->request, LK_REASON_PROOF);
    if (house.code_reason != LK_REASON_NONE)
        return send_result(end, frame->request, house.code_reason);
    proof->coded = true;
    house.codes_made++;
    memcpy(proof->code, code.code, 32);
    memcpy(proof->sid, code.sid, 16);
    memcpy(proof->client, code.client, sizeof(proof->client));
    memcpy(proof->data, code.data.data, code.data.len);
    proof->data_len = code.data.len;
    return send_result(end, frame->request, LK_REASON_NONE);
}

static void fill_redeemed(const struct house_proof *proof, struct lk_gateway_redeemed *redeemed)
{
    memset(redeemed->subject, 0xaa, sizeof(redeemed->subject));
    memcpy(redeemed->sid, proof->sid, sizeof(redeemed->sid));
    memcpy(redeemed->client, proof->client, sizeof(redeemed->client));
    strcpy(redeemed->name, proof->name);
    strcpy(redeemed->groups, house.groups);
    redeemed->auth_time = 1800000000;
    redeemed->facts = house.facts;
}

static int on_redeem(struct house_end *end, const struct lk_frame *frame)
{
    struct lk_gateway_redeemed redeemed = {.reason = LK_REASON_CODE};
    struct lk_gateway_redeem redeem;

    assert_int_equal(lk_gateway_redeem_decode(frame->payload, &redeem), 0);
    for (size_t i = 0; i < house.proof_count; i++) {
        struct house_proof *proof = &house.proofs[i];

        if (!proof->coded || memcmp(proof->code, redeem.code, 32) != 0 ||
            strcmp(proof->client, redeem.client) != 0)
            continue;
        redeemed.reason = proof->redeemed ? LK_REASON_REPLAY : LK_REASON_NONE;
        proof->ended = proof->ended || proof->redeemed;
        if (!proof->redeemed) {
            house.redeemed++;
            memcpy(proof->access, redeem.access, 32);
            fill_redeemed(proof, &redeemed);
            redeemed.data = LK_VIEW(proof->data, proof->data_len);
        }
        proof->redeemed = true;
    }
    return lk_gateway_redeemed_encode(&end->peer.out, frame->request, &redeemed);
}

static int on_access(struct house_end *end, const struct lk_frame *frame)
{
    struct lk_gateway_redeemed redeemed = {.reason = LK_REASON_CODE};
    struct lk_gateway_access access;

    assert_int_equal(lk_gateway_access_decode(frame->payload, &access), 0);
    for (size_t i = 0; i < house.proof_count; i++) {
        if (house.proofs[i].redeemed && memcmp(house.proofs[i].access, access.access, 32) == 0) {
            redeemed.reason = LK_REASON_NONE;
            fill_redeemed(&house.proofs[i], &redeemed);
            redeemed.data = LK_VIEW(house.proofs[i].data, house.proofs[i].data_len);
        }
    }
    return lk_gateway_redeemed_encode(&end->peer.out, frame->request, &redeemed);
}

static int on_end(struct house_end *end, const struct lk_frame *frame)
{
    struct lk_gateway_end ended;

    assert_int_equal(lk_gateway_end_decode(frame->payload, &ended), 0);
    for (size_t i = 0; i < house.proof_count; i++) {
        if (memcmp(house.proofs[i].sid, ended.sid, 16) == 0)
            house.proofs[i].ended = true;
    }
    return send_result(end, frame->request, LK_REASON_NONE);
}

static int on_logouts(struct house_end *end, const struct lk_frame *frame)
{
    for (unsigned i = 0; house.logout.id != 0 && (i == 0 || i < house.logout_count); i++) {
        assert_int_equal(lk_gateway_logout_encode(&end->peer.out, frame->request, &house.logout),
                         0);
        house.logout.id++;
    }
    house.logout.id = 0;
    return send_result(end, frame->request, LK_REASON_NONE);
}

static int on_delivered(struct house_end *end, const struct lk_frame *frame)
{
    assert_int_equal(lk_gateway_delivered_decode(frame->payload, &house.delivered), 0);
    house.deliveries++;
    return send_result(end, frame->request, LK_REASON_NONE);
}

static int broker_frame(struct house_end *end, const struct lk_frame *frame)
{
    if (house.broker_silent)
        return 0;
    switch ((int)frame->type) {
    case LK_MESSAGE_GATEWAY_CHALLENGE:
        return on_challenge(end, frame);
    case LK_MESSAGE_GATEWAY_LOGIN:
        return on_login(end, frame);
    case LK_MESSAGE_GATEWAY_CODE:
        return on_code(end, frame);
    case LK_MESSAGE_GATEWAY_REDEEM:
        return on_redeem(end, frame);
    case LK_MESSAGE_GATEWAY_ACCESS:
        return on_access(end, frame);
    case LK_MESSAGE_GATEWAY_END:
        return on_end(end, frame);
    case LK_MESSAGE_GATEWAY_LOGOUTS:
        return on_logouts(end, frame);
    case LK_MESSAGE_GATEWAY_DELIVERED:
        return on_delivered(end, frame);
    case LK_MESSAGE_GATEWAY_QUEUE:
        return lk_gateway_waiting_encode(&end->peer.out, frame->request, &house.waiting);
    default:
        fail_msg("the issuer sent the broker a message of type %d", (int)frame->type);
        return -LK_ERR_UNEXPECTED;
    }
}

/* ---- worker and notify ---- */

static int worker_frame(struct house_end *end, const struct lk_frame *frame)
{
    struct lk_sso_attempted attempted = {.outcome = LK_SSO_ALLOWED, .delay_ms = house.delay_ms};
    struct house_proof *proof;

    assert_int_equal(frame->type, LK_MESSAGE_SSO_ATTEMPT);
    assert_int_equal(lk_sso_attempt_decode(frame->payload, &house.attempt), 0);
    house.attempts++;
    house.attempt_password = house.attempt.password.len > 0;
    if (house.worker == WORKER_HANGS)
        return 0;
    if (house.worker == WORKER_DIES)
        return -LK_ERR_CLOSED;
    /* What pam_latchkey.so asks the broker. */
    proof = proof_of(house.attempt.transaction);
    if (proof == NULL || proof->coded || strcmp(proof->name, house.attempt.name) != 0)
        attempted.outcome = LK_SSO_PROOF;
    else
        proof->asked = true;
    if (attempted.outcome == LK_SSO_ALLOWED && house.attempt_password &&
        !lk_view_equal(house.attempt.password,
                       LK_VIEW((const uint8_t *)HOUSE_PASSWORD, sizeof(HOUSE_PASSWORD) - 1)))
        attempted.outcome = LK_SSO_PASSWORD_WRONG;
    if (house.outcome != 0)
        attempted.outcome = house.outcome;
    if (attempted.outcome != LK_SSO_ALLOWED)
        strcpy(attempted.message, "what the stack says");
    return lk_sso_attempted_encode(&end->peer.out, frame->request, &attempted);
}

static int notify_frame(struct house_end *end, const struct lk_frame *frame)
{
    struct lk_sso_delivered delivered = {.outcome = LK_LOGOUT_ACKNOWLEDGED, .detail = "200"};
    struct lk_sso_deliver deliver;

    assert_int_equal(lk_sso_deliver_decode(frame->payload, &deliver), 0);
    assert_true(deliver.token.len < sizeof(house.token));
    memcpy(house.token, deliver.token.data, deliver.token.len);
    house.token[deliver.token.len] = '\0';
    strcpy(house.token_client, deliver.client);
    house.tokens++;
    if (house.notify_silent)
        return 0;
    delivered.id = deliver.id;
    return lk_sso_delivered_encode(&end->peer.out, frame->request, &delivered);
}

/* ---- web ---- */

static int web_frame(const struct lk_frame *frame)
{
    struct lk_sso_document document;

    if (frame->type == LK_MESSAGE_SSO_DOCUMENT) {
        assert_int_equal(lk_sso_document_decode(frame->payload, &document), 0);
        memcpy(house.documents[document.kind], document.body.data, document.body.len);
        house.document_len[document.kind] = document.body.len;
        strcpy(house.etags[document.kind], document.etag);
        house.document_count++;
        return 0;
    }
    if (frame->request != house.waits_for)
        return 0;
    house.answered = true;
    house.answer = frame->type;
    house.answer_len = frame->payload.len;
    memcpy(house.answer_bytes, frame->payload.data, frame->payload.len);
    lk_loop_stop(house.loop);
    return 0;
}

/* ---- all of them ---- */

static int end_frame(struct lk_peer *peer, const struct lk_frame *frame)
{
    struct house_end *end = peer->context;

    if (frame->type == LK_MESSAGE_HELLO) {
        end->greeted = true;
        return 0;
    }
    switch ((int)end->role) {
    case LK_SOCKET_GATEWAY:
        return broker_frame(end, frame);
    case LK_SOCKET_SSO_WORKER:
        return worker_frame(end, frame);
    case LK_SOCKET_SSO_NOTIFY:
        return notify_frame(end, frame);
    default:
        return web_frame(frame);
    }
}

static void end_gone(struct lk_peer *peer, int error)
{
    struct house_end *end = peer->context;

    (void)error;
    end->used = false;
    if (end == house.web) {
        house.web = NULL;
        house.gone = true;
        lk_loop_stop(house.loop);
    }
}

struct house_end *house_end_new(enum lk_role_socket role, int fd)
{
    const struct lk_hello hello = {
        .lowest = LK_PROTOCOL_VERSION, .highest = LK_PROTOCOL_VERSION, .role = role};

    for (size_t i = 0; i < HOUSE_ENDS; i++) {
        struct house_end *end = &house.ends[i];

        if (end->used)
            continue;
        *end = (struct house_end){.house = &house, .role = role, .used = true};
        house.notify_count += role == LK_SOCKET_SSO_NOTIFY ? 1 : 0;
        end->peer.frame = end_frame;
        end->peer.gone = end_gone;
        end->peer.context = end;
        assert_int_equal(lk_peer_start(&end->peer, house.loop, fd), 0);
        assert_int_equal(lk_hello_encode(&end->peer.out, &hello), 0);
        return end;
    }
    fail_msg("too many ends");
    return NULL;
}

void house_end_stop(struct house_end *end)
{
    if (end->used)
        lk_peer_stop(&end->peer);
    end->used = false;
}
