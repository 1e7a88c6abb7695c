/* SPDX-License-Identifier: EUPL-1.2 */
/* The gateway socket: challenges that are tokens, logins by browser credentials, many in flight. */
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64url.h"

static struct house house;
static struct rig rig;
static struct peer gateway;
static struct agent_key alice;
static struct agent_key host_key;
static struct agent_key revoked;

enum { UP_UV = LK_FLAG_UP | LK_FLAG_UV };

struct answer {
    uint8_t transaction[LK_TRANSACTION_SIZE];
    uint8_t token[LK_TOKEN_SIZE];
    const char *type;
    const char *origin;
    const char *cross; /* crossOrigin */
    const char *more;  /* in the client data, behind it */
    struct agent_key *key;
    const char *relying_party;
    uint8_t flags;
    const uint8_t *user_handle; /* NULL = none */
};

static int begin_with(const char *options)
{
    house_begin(&house, options);
    house_admit(&house, "alice", LK_KIND_BROWSER, &alice);
    house_admit(&house, "alice", LK_KIND_HOST, &host_key);
    house_admit(&house, "rita", LK_KIND_BROWSER, &revoked);
    house_state(&house, &revoked, LK_STATE_REVOKED);
    house_close(&house);
    rig_start(&rig, &house);
    peer_open(&rig, "gateway", &gateway);
    return 0;
}

static int begin(void **state)
{
    (void)state;
    return begin_with(NULL);
}

static int begin_pool(void **state)
{
    (void)state;
    return begin_with("[broker]\nverify_threads = 2\n");
}

static int end(void **state)
{
    (void)state;
    peer_close(&gateway);
    rig_stop(&rig);
    agent_key_free(&alice);
    agent_key_free(&host_key);
    agent_key_free(&revoked);
    house_end(&house);
    return 0;
}

static void challenge(uint8_t transaction, struct answer *ret_answer)
{
    struct lk_gateway_challenge wanted = {.purpose = LK_PURPOSE_LOGIN};
    struct lk_gateway_token token;
    struct lk_buf out = LK_BUF_INIT(128);
    struct lk_frame frame;

    memset(wanted.transaction, transaction, sizeof(wanted.transaction));
    assert_int_equal(lk_gateway_challenge_encode(&out, 3, &wanted), 0);
    peer_send(&gateway, &out);
    peer_expect(&gateway, LK_MESSAGE_GATEWAY_TOKEN, &frame);
    assert_int_equal(frame.request, 3);
    assert_int_equal(lk_gateway_token_decode(frame.payload, &token), 0);
    *ret_answer = (struct answer){.type = "webauthn.get",
                                  .origin = "https://" HOUSE_GATEWAY,
                                  .cross = "false",
                                  .more = "",
                                  .key = &alice,
                                  .relying_party = HOUSE_GATEWAY,
                                  .flags = UP_UV,
                                  .user_handle = alice.statement.subject.bytes};
    memcpy(ret_answer->transaction, wanted.transaction, sizeof(wanted.transaction));
    memcpy(ret_answer->token, token.token.data, LK_TOKEN_SIZE);
    lk_buf_clear(&out);
}

/* What a browser makes of it; appended to out as request `number`. */
static void answer_put(const struct answer *answer, uint32_t number, struct lk_buf *out)
{
    struct lk_gateway_login login = {0};
    char text[128];
    char json[512];
    uint8_t hash[32];
    struct lk_buf data;
    struct lk_buf signature;

    assert_int_equal(lk_base64url_encode(text, sizeof(text), answer->token, LK_TOKEN_SIZE), 0);
    snprintf(json, sizeof(json),
             "{\"type\":\"%s\",\"challenge\":\"%s\",\"origin\":\"%s\",\"crossOrigin\":%s%s}",
             answer->type, text, answer->origin, answer->cross, answer->more);
    test_sha256(json, strlen(json), hash);
    agent_key_sign(answer->key, answer->relying_party, answer->flags, hash, &data, &signature);
    memcpy(login.transaction, answer->transaction, sizeof(login.transaction));
    login.credential_id = LK_VIEW(answer->key->statement.credential_id.bytes,
                                  answer->key->statement.credential_id.len);
    login.authenticator_data = lk_buf_view(&data);
    login.signature = lk_buf_view(&signature);
    login.client_data = LK_VIEW((const uint8_t *)json, strlen(json));
    if (answer->user_handle != NULL)
        login.user_handle = LK_VIEW(answer->user_handle, LK_SUBJECT_SIZE);
    assert_int_equal(lk_gateway_login_encode(out, number, &login), 0);
    lk_buf_clear(&data);
    lk_buf_clear(&signature);
}

static enum lk_reason verdict(uint32_t *ret_number, struct lk_gateway_verdict *ret_verdict)
{
    struct lk_frame frame;

    peer_expect(&gateway, LK_MESSAGE_GATEWAY_VERDICT, &frame);
    *ret_number = frame.request;
    assert_int_equal(lk_gateway_verdict_decode(frame.payload, ret_verdict), 0);
    return (enum lk_reason)ret_verdict->reason;
}

static enum lk_reason login(const struct answer *answer)
{
    static const uint8_t nobody[16];
    struct lk_gateway_verdict got;
    struct lk_buf out = LK_BUF_INIT(LK_FRAME_MAX);
    enum lk_reason reason;
    uint32_t number;

    answer_put(answer, 11, &out);
    peer_send(&gateway, &out);
    lk_buf_clear(&out);
    reason = verdict(&number, &got);
    assert_int_equal(number, 11);
    if (reason == LK_REASON_NONE) {
        assert_string_equal(got.name, answer->key->statement.name);
        assert_memory_equal(got.subject, answer->key->statement.subject.bytes, 16);
    } else {
        assert_string_equal(got.name, "");
    }
    /* Before a signature verified nobody is named. */
    if (reason == LK_REASON_WRONG_KEY || reason == LK_REASON_EXPIRED_CHALLENGE)
        assert_memory_equal(got.subject, nobody, 16);
    return reason;
}

static void allowed(void **state)
{
    struct answer answer;

    (void)state;
    challenge(1, &answer);
    assert_int_equal(login(&answer), LK_REASON_NONE);
}

/* The same answer again; and a new signature under a challenge that was used. */
static void replay(void **state)
{
    struct answer answer;
    struct lk_buf out = LK_BUF_INIT(LK_FRAME_MAX);
    struct lk_gateway_verdict got;
    uint32_t number;

    (void)state;
    challenge(2, &answer);
    answer_put(&answer, 21, &out);
    assert_int_equal(lk_frame_send(gateway.fd, lk_buf_view(&out)), 0);
    assert_int_equal(verdict(&number, &got), LK_REASON_NONE);
    assert_int_equal(lk_frame_send(gateway.fd, lk_buf_view(&out)), 0);
    assert_int_not_equal(verdict(&number, &got), LK_REASON_NONE);
    assert_int_equal(login(&answer), LK_REASON_REPLAY);
    lk_buf_clear(&out);
}

/* Twice in one write: one transaction of the store decides, and lets one in. */
static void replay_at_once(void **state)
{
    struct answer answer;
    struct lk_buf out = LK_BUF_INIT(LK_FRAME_MAX);
    struct lk_gateway_verdict got;
    uint32_t number;
    int in = 0;

    (void)state;
    challenge(3, &answer);
    answer_put(&answer, 31, &out);
    answer_put(&answer, 32, &out);
    peer_send(&gateway, &out);
    for (int i = 0; i < 2; i++)
        in += verdict(&number, &got) == LK_REASON_NONE;
    assert_int_equal(in, 1);
    lk_buf_clear(&out);
}

static void token_rules(void **state)
{
    struct answer answer;
    struct answer other;

    (void)state;
    /* of another transaction */
    challenge(4, &answer);
    challenge(5, &other);
    memcpy(answer.transaction, other.transaction, sizeof(answer.transaction));
    assert_int_equal(login(&answer), LK_REASON_WRONG_KEY);
    /* each byte of it is authenticated */
    for (size_t i = 0; i < LK_TOKEN_SIZE; i++) {
        challenge(6, &answer);
        answer.token[i] ^= 0x01;
        assert_int_equal(login(&answer), LK_REASON_WRONG_KEY);
    }
    challenge(7, &answer);
    assert_int_equal(login(&answer), LK_REASON_NONE);
}

static void client_data_rules(void **state)
{
    struct answer answer;

    (void)state;
    challenge(8, &answer);
    answer.origin = "https://login.example.org.evil.example";
    assert_int_equal(login(&answer), LK_REASON_WRONG_KEY);
    answer.origin = "http://" HOUSE_GATEWAY;
    assert_int_equal(login(&answer), LK_REASON_WRONG_KEY);
    answer.origin = "https://" HOUSE_GATEWAY ":443";
    assert_int_equal(login(&answer), LK_REASON_WRONG_KEY);
    answer.origin = "https://" HOUSE_GATEWAY;
    answer.type = "webauthn.create";
    assert_int_equal(login(&answer), LK_REASON_WRONG_KEY);
    answer.type = "webauthn.get";
    answer.more = ",\"topOrigin\":\"https://evil.example\"";
    assert_int_equal(login(&answer), LK_REASON_WRONG_KEY);
    answer.more = "";
    answer.cross = "true";
    assert_int_equal(login(&answer), LK_REASON_WRONG_KEY);
    answer.cross = "false";
    assert_int_equal(login(&answer), LK_REASON_NONE);
}

static void key_rules(void **state)
{
    struct answer answer;

    (void)state;
    challenge(9, &answer);
    answer.relying_party = "latchkey-host:" HOUSE_ORGANISATION;
    assert_int_equal(login(&answer), LK_REASON_WRONG_KEY);
    answer.relying_party = HOUSE_GATEWAY;
    /* Signed: the holder is told, and each takes its challenge with it. */
    answer.flags = LK_FLAG_UP;
    assert_int_equal(login(&answer), LK_REASON_USER_VERIFICATION);
    assert_int_equal(login(&answer), LK_REASON_REPLAY);
    challenge(9, &answer);
    answer.flags = UP_UV | LK_FLAG_BE;
    assert_int_equal(login(&answer), LK_REASON_SYNCED);
    challenge(9, &answer);
    answer.flags = UP_UV;
    answer.key = &host_key;
    assert_int_equal(login(&answer), LK_REASON_WRONG_KEY);
    answer.key = &alice;
    answer.user_handle = revoked.statement.subject.bytes;
    assert_int_equal(login(&answer), LK_REASON_USER_HANDLE);
    challenge(10, &answer);
    answer.user_handle = NULL;
    assert_int_equal(login(&answer), LK_REASON_USER_HANDLE);
    challenge(11, &answer);
    answer.key = &revoked;
    answer.user_handle = revoked.statement.subject.bytes;
    assert_int_equal(login(&answer), LK_REASON_REVOKED);
}

/* Many in one write; each answer belongs to its question, and the counter goes up in the order of the wire. */
static void pipelined(void **state)
{
    enum { MANY = 60 };
    struct lk_buf out = LK_BUF_INIT(1 << 20);
    struct answer answers[MANY];
    bool seen[MANY] = {false};

    (void)state;
    for (size_t i = 0; i < MANY; i++)
        challenge((uint8_t)(100 + i), &answers[i]);
    for (size_t i = 0; i < MANY; i++) {
        if (i % 3 == 2)
            answers[i].origin = "https://evil.example";
        answer_put(&answers[i], (uint32_t)(1000 + i), &out);
    }
    peer_send(&gateway, &out);
    for (size_t i = 0; i < MANY; i++) {
        struct lk_gateway_verdict got;
        uint32_t number;
        enum lk_reason reason = verdict(&number, &got);

        assert_in_range(number, 1000, 1000 + MANY - 1);
        assert_false(seen[number - 1000]);
        seen[number - 1000] = true;
        assert_int_equal(reason, (number - 1000) % 3 == 2 ? LK_REASON_WRONG_KEY : LK_REASON_NONE);
    }
    lk_buf_clear(&out);
}

/* The peer goes while logins are on their way to the disk. */
static void gone_in_flight(void **state)
{
    struct lk_buf out = LK_BUF_INIT(1 << 20);
    struct answer answer;

    (void)state;
    for (uint32_t i = 0; i < 20; i++) {
        challenge((uint8_t)(200 + i), &answer);
        answer_put(&answer, i, &out);
    }
    peer_send(&gateway, &out);
    peer_close(&gateway);
    peer_open(&rig, "gateway", &gateway);
    challenge(250, &answer);
    alice.counter += 100;
    assert_int_equal(login(&answer), LK_REASON_NONE);
    lk_buf_clear(&out);
}

/* A restarted broker knows the challenges of the one before. */
static void restarted(void **state)
{
    struct answer answer;

    (void)state;
    challenge(251, &answer);
    peer_close(&gateway);
    rig_stop(&rig);
    rig_start(&rig, &house);
    peer_open(&rig, "gateway", &gateway);
    assert_int_equal(login(&answer), LK_REASON_NONE);
    assert_int_equal(login(&answer), LK_REASON_REPLAY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allowed),           cmocka_unit_test(replay),
        cmocka_unit_test(replay_at_once),    cmocka_unit_test(token_rules),
        cmocka_unit_test(client_data_rules), cmocka_unit_test(key_rules),
        cmocka_unit_test(pipelined),         cmocka_unit_test(gone_in_flight),
        cmocka_unit_test(restarted),
    };

    return cmocka_run_group_tests_name("inline", tests, begin, end) +
           cmocka_run_group_tests_name("pool", tests, begin_pool, end);
}
