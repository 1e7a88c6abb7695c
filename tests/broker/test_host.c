/* SPDX-License-Identifier: EUPL-1.2 */
/* Logins at the host socket, against the broker process. The oracle of each "allowed" is the test's own knowledge of which key signed what. */
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct house house;
static struct rig rig;
static struct agent_key alice;
static struct agent_key alice_second;
static struct agent_key bob;
static struct agent_key pending;
static struct agent_key suspended;
static struct agent_key revoked;
static struct agent_key misnamed;

enum { UP = LK_FLAG_UP, UV = LK_FLAG_UV };

static int begin(void **state)
{
    (void)state;
    house_begin(&house,
                "[policy]\nhost_user_verification = discouraged\nattempts_per_minute = 600\n");
    house_admit(&house, "alice", LK_KIND_HOST, &alice);
    house_admit(&house, "alice", LK_KIND_HOST, &alice_second);
    house_admit(&house, "bob", LK_KIND_HOST, &bob);
    house_enrol(&house, "paul", LK_KIND_HOST, &pending);
    house_admit(&house, "susan", LK_KIND_HOST, &suspended);
    house_state(&house, &suspended, LK_STATE_SUSPENDED);
    house_admit(&house, "rita", LK_KIND_HOST, &revoked);
    house_state(&house, &revoked, LK_STATE_REVOKED);
    /* its endorsement names a register entry that does not exist with that hash */
    house_enrol(&house, "wanda", LK_KIND_HOST, &misnamed);
    house.head_hash.bytes[0] ^= 1;
    house_endorse(&house, (struct agent_key *const[]){&misnamed}, 1);
    house_close(&house);
    rig_start(&rig, &house);
    return 0;
}

static int end(void **state)
{
    (void)state;
    rig_stop(&rig);
    agent_key_free(&alice);
    agent_key_free(&alice_second);
    agent_key_free(&bob);
    agent_key_free(&pending);
    agent_key_free(&suspended);
    agent_key_free(&revoked);
    agent_key_free(&misnamed);
    house_end(&house);
    return 0;
}

static void right_key(void **state)
{
    (void)state;
    assert_int_equal(rig_login(&rig, "alice", &alice, UP), LK_REASON_NONE);
    assert_int_equal(rig_login(&rig, "alice", &alice_second, UP | UV), LK_REASON_NONE);
    assert_int_equal(rig_login(&rig, "bob", &bob, UP), LK_REASON_NONE);
}

/* What was signed decides, not what the talker says: somebody else's key is an unknown credential, told like a wrong key. */
static void other_keys(void **state)
{
    (void)state;
    assert_int_equal(rig_login(&rig, "alice", &bob, UP), LK_REASON_WRONG_KEY);
    assert_int_equal(rig_login(&rig, "nobody", &bob, UP), LK_REASON_WRONG_KEY);
}

/* Told to the holder, because his key signed. */
static void standing(void **state)
{
    (void)state;
    assert_int_equal(rig_login(&rig, "paul", &pending, UP), LK_REASON_PENDING);
    assert_int_equal(rig_login(&rig, "susan", &suspended, UP), LK_REASON_SUSPENDED);
    assert_int_equal(rig_login(&rig, "rita", &revoked, UP), LK_REASON_REVOKED);
    assert_int_equal(rig_login(&rig, "wanda", &misnamed, UP), LK_REASON_ENDORSEMENT);
    assert_int_equal(rig_login(&rig, "wanda", &misnamed, UP), LK_REASON_ENDORSEMENT);
}

/* Flags of the signed data, each with a true signature: the holder is told what they lack. */
static void flags(void **state)
{
    (void)state;
    assert_int_equal(rig_login(&rig, "alice", &alice, 0), LK_REASON_USER_PRESENCE);
    assert_int_equal(rig_login(&rig, "alice", &alice, UV), LK_REASON_USER_PRESENCE);
    assert_int_equal(rig_login(&rig, "alice", &alice, UP | LK_FLAG_BE), LK_REASON_SYNCED);
    assert_int_equal(rig_login(&rig, "alice", &alice, UP | LK_FLAG_BE | LK_FLAG_BS),
                     LK_REASON_SYNCED);
    assert_int_equal(rig_login(&rig, "alice", &alice, UP), LK_REASON_NONE);
}

/* A copy of the key: its counter stands where the key's stood before. */
static void counter_back(void **state)
{
    (void)state;
    assert_int_equal(rig_login(&rig, "bob", &bob, UP), LK_REASON_NONE);
    bob.counter -= 1;
    assert_int_equal(rig_login(&rig, "bob", &bob, UP), LK_REASON_COUNTER);
    bob.counter += 5;
    assert_int_equal(rig_login(&rig, "bob", &bob, UP), LK_REASON_NONE);
}

/* The answer to one ceremony, given to the next: another challenge. */
static void replayed(void **state)
{
    struct lk_device_assert first;
    struct lk_device_assert second;
    struct peer client;
    struct peer talker;
    uint32_t ceremony;

    (void)state;
    peer_open(&rig, "host", &client);
    login_send(&client, "alice", "sudo", 0, 1);
    ceremony = device_started(&rig);
    device_key(&rig, ceremony, 1, &talker);
    talker_asked(&talker, &first);
    peer_close(&client);
    device_stopped(&rig, ceremony);
    assert_true(peer_closed(&talker, RIG_WAIT_MS));
    peer_close(&talker);

    peer_open(&rig, "host", &client);
    login_send(&client, "alice", "sudo", 0, 2);
    ceremony = device_started(&rig);
    device_key(&rig, ceremony, 1, &talker);
    talker_asked(&talker, &second);
    assert_memory_not_equal(first.client_data_hash, second.client_data_hash, 32);
    talker_answer(&talker, ceremony, &alice, &first, UP);
    device_stopped(&rig, ceremony);
    assert_int_equal(login_verdict(&client, 2, NULL), LK_REASON_WRONG_KEY);
    peer_close(&talker);
    peer_close(&client);
}

/* Remote sessions, unknown services: refused in words, and no key is asked for. */
static void no_touch(void **state)
{
    struct peer client;

    (void)state;
    peer_open(&rig, "host", &client);
    login_send(&client, "alice", "sudo", LK_LOGIN_FLAG_REMOTE, 3);
    assert_int_equal(login_verdict(&client, 3, NULL), LK_REASON_REMOTE);
    assert_true(peer_closed(&client, RIG_WAIT_MS));
    peer_close(&client);
    peer_open(&rig, "host", &client);
    login_send(&client, "alice", "ftpd", 0, 4);
    assert_int_equal(login_verdict(&client, 4, NULL), LK_REASON_SERVICE_UNKNOWN);
    peer_close(&client);
    /* Had one of them begun a ceremony, this START would not be the next message. */
    assert_int_equal(rig_login(&rig, "alice", &alice, UP), LK_REASON_NONE);
}

/* One who is not enrolled is asked for with decoys: as many messages, the same events, the same answer as a real agent with a wrong key. */
static void unknown_looks_real(void **state)
{
    static const char *const names[] = {"alice", "susan", "nobody", "Not A Name"};
    uint32_t events[4];

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct lk_device_assert asked;
        struct peer client;
        struct peer talker;
        uint32_t ceremony;

        peer_open(&rig, "host", &client);
        login_send(&client, names[i], "sudo", 0, 5);
        ceremony = device_started(&rig);
        device_none(&rig, ceremony);
        device_key(&rig, ceremony, 1, &talker);
        talker_asked(&talker, &asked);
        assert_true(asked.allow_count >= 1);
        assert_string_equal(asked.relying_party, "latchkey-host:" HOUSE_ORGANISATION);
        talker_failed(&talker, ceremony, LK_REASON_WRONG_KEY);
        peer_close(&talker);
        device_key(&rig, ceremony, 2, &talker);
        talker_asked(&talker, &asked);
        talker_failed(&talker, ceremony, LK_REASON_TOUCH_DENIED);
        device_stopped(&rig, ceremony);
        assert_int_equal(login_verdict(&client, 5, &events[i]), LK_REASON_TOUCH_DENIED);
        peer_close(&talker);
        peer_close(&client);
        assert_int_equal(events[i], events[0]);
    }
    assert_int_equal(events[0], 1U << LK_EVENT_INSERT_KEY | 1U << LK_EVENT_WRONG_KEY);
}

/* Decoys are the same each time, and of nobody else's. */
static void decoys(void **state)
{
    struct lk_device_assert asked[3];
    uint8_t first[3][64];
    static const char *const names[] = {"nobody", "nobody", "noone"};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct peer client;
        struct peer talker;
        uint32_t ceremony;

        peer_open(&rig, "host", &client);
        login_send(&client, names[i], "sudo", 0, 6);
        ceremony = device_started(&rig);
        device_key(&rig, ceremony, 1, &talker);
        talker_asked(&talker, &asked[i]);
        assert_int_equal(asked[i].allow[0].len, 64);
        memcpy(first[i], asked[i].allow[0].data, 64);
        peer_close(&client);
        device_stopped(&rig, ceremony);
        peer_close(&talker);
    }
    assert_memory_equal(first[0], first[1], 64);
    assert_memory_not_equal(first[0], first[2], 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_key),    cmocka_unit_test(other_keys),
        cmocka_unit_test(standing),     cmocka_unit_test(flags),
        cmocka_unit_test(counter_back), cmocka_unit_test(replayed),
        cmocka_unit_test(no_touch),     cmocka_unit_test(unknown_looks_real),
        cmocka_unit_test(decoys),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
