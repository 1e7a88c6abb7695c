/* SPDX-License-Identifier: EUPL-1.2 */
/* SIGKILL while a code, its redemption or a revocation is on its way: what was acknowledged is there afterwards, of what was not either all or nothing.
 * A code without its session, a used proof without its code, a revoked key without the logouts of its sessions must never be found. */
#include "visit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { ROUNDS = 40, KEYS = 12, LATEST_US = 1000 };

static struct agent_key alice;
static struct agent_key keys[KEYS];

static int begin(void **state)
{
    (void)state;
    srandom((unsigned int)time(NULL));
    house_begin(&visit_house, NULL);
    house_admit(&visit_house, "alice", LK_KIND_BROWSER, &alice);
    for (int i = 0; i < KEYS; i++) {
        char name[16];

        snprintf(name, sizeof(name), "agent-%d", i);
        house_admit(&visit_house, name, LK_KIND_BROWSER, &keys[i]);
    }
    house_close(&visit_house);
    visit_connect_all();
    return 0;
}

static int end(void **state)
{
    (void)state;
    visit_stop_all();
    agent_key_free(&alice);
    for (int i = 0; i < KEYS; i++)
        agent_key_free(&keys[i]);
    lk_buf_clear(&visit_out);
    house_end(&visit_house);
    return 0;
}

/* Sends what stands in visit_out and ends the broker some time later. True: an answer had come before. */
static bool send_and_kill(struct peer *peer, struct lk_frame *ret_frame)
{
    size_t size;
    bool answered;

    peer_send(peer, &visit_out);
    usleep((useconds_t)(random() % LATEST_US));
    rig_kill(&visit_rig, 9);
    answered = lk_frame_receive(peer->fd, &peer->in, 0, ret_frame, &size) == 0;
    return answered;
}

static void again(void)
{
    peer_close(&visit_gateway);
    peer_close(&visit_desk);
    visit_connect_all();
}

/* The proof is there, or the code with its session: never both, never neither. */
static void codes(void **state)
{
    struct lk_gateway_result result;
    struct lk_frame frame;
    unsigned int done = 0;

    (void)state;
    for (int round = 1; round <= ROUNDS; round++) {
        uint8_t i = (uint8_t)round;
        enum lk_reason reason;
        bool answered;

        visit_touch(&alice, i);
        assert_int_equal(visit_prove("alice", i), LK_REASON_NONE);
        visit_code_put(i);
        answered = send_and_kill(&visit_gateway, &frame);
        if (answered) {
            assert_int_equal(lk_gateway_result_decode(frame.payload, &result), 0);
            assert_int_equal(result.reason, LK_REASON_NONE);
        }
        again();
        reason = visit_code(i);
        assert_true(reason == LK_REASON_PROOF || (reason == LK_REASON_NONE && !answered));
        done += reason == LK_REASON_PROOF;
        assert_int_equal(visit_redeem(i), LK_REASON_NONE);
        assert_int_equal(visit_access(i), LK_REASON_NONE);
    }
    print_message("%u of %d codes were on the disk\n", done, ROUNDS);
    assert_int_equal(visit_logouts(64), 0);
}

/* A client is told of some at a time: all of them, each acknowledged. */
static unsigned int told(void)
{
    unsigned int sum = 0;
    size_t count;

    while ((count = visit_logouts(64)) > 0) {
        for (size_t i = 0; i < count; i++)
            visit_delivered(visit_taken[i].id, LK_LOGOUT_ACKNOWLEDGED);
        sum += (unsigned int)count;
    }
    return sum;
}

static void redemptions(void **state)
{
    struct lk_gateway_redeemed redeemed;
    struct lk_frame frame;
    unsigned int done = 0;

    (void)state;
    for (int round = ROUNDS + 1; round <= 2 * ROUNDS; round++) {
        uint8_t i = (uint8_t)round;
        struct lk_gateway_redeem asked = {.client = "synapse"};
        enum lk_reason reason;
        bool answered;

        visit_touch(&alice, i);
        assert_int_equal(visit_prove("alice", i), LK_REASON_NONE);
        assert_int_equal(visit_code(i), LK_REASON_NONE);
        memset(asked.code, i, sizeof(asked.code));
        memset(asked.access, i ^ 0x80, sizeof(asked.access));
        assert_int_equal(lk_gateway_redeem_encode(&visit_out, 5, &asked), 0);
        answered = send_and_kill(&visit_gateway, &frame);
        if (answered) {
            assert_int_equal(lk_gateway_redeemed_decode(frame.payload, &redeemed), 0);
            assert_int_equal(redeemed.reason, LK_REASON_NONE);
        }
        again();
        reason = visit_access(i);
        assert_true(reason == LK_REASON_NONE || (reason == LK_REASON_CODE && !answered));
        done += reason == LK_REASON_NONE;
        assert_int_equal(visit_redeem(i),
                         reason == LK_REASON_NONE ? LK_REASON_REPLAY : LK_REASON_NONE);
    }
    print_message("%u of %d redemptions were on the disk\n", done, ROUNDS);
    assert_int_equal(told(), done);
}

static void revocations(void **state)
{
    struct lk_desk_result result;
    struct lk_frame frame;
    unsigned int done = 0;

    (void)state;
    for (int i = 0; i < KEYS; i++) {
        uint8_t name = (uint8_t)(2 * ROUNDS + 1 + 2 * i);
        enum lk_reason reason;
        bool answered;

        visit_session(&keys[i], name);
        visit_session(&keys[i], (uint8_t)(name + 1));
        visit_state_put(&keys[i], LK_STATE_REVOKED, false);
        answered = send_and_kill(&visit_desk, &frame);
        if (answered) {
            assert_int_equal(lk_desk_result_decode(frame.payload, &result), 0);
            assert_int_equal(result.reason, LK_REASON_NONE);
        }
        again();
        reason = visit_access(name);
        assert_true(reason == LK_REASON_REVOKED || (reason == LK_REASON_NONE && !answered));
        assert_int_equal(visit_access((uint8_t)(name + 1)), reason);
        done += reason == LK_REASON_REVOKED;
        assert_int_equal(visit_logouts(64), reason == LK_REASON_REVOKED ? 2 : 0);
    }
    print_message("%u of %d revocations were on the disk\n", done, KEYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes),
        cmocka_unit_test(redemptions),
        cmocka_unit_test(revocations),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
