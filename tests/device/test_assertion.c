/* SPDX-License-Identifier: EUPL-1.2 */
/* Assertions and creations through opener and talker with well-behaved keys; libfido2's own verification is the oracle. */
#include "harness.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <fido.h>

#include "wire/wire.h"

static struct harness harness;

static int up(void **state)
{
    (void)state;
    harness_up(&harness, 2, true);
    return 0;
}

static int down(void **state)
{
    (void)state;
    harness_down(&harness);
    return 0;
}

static struct lk_view credential_view(const struct credential *credential)
{
    return LK_VIEW(credential->id, credential->id_len);
}

static void touch_is_told_and_signs(void **state)
{
    struct credential credential;
    struct lk_device_assertion assertion;
    struct talker talker;
    struct lk_view allow;

    (void)state;
    key_up(&harness, "k1", NULL);
    credential_make(&harness, 1, &credential);
    allow = credential_view(&credential);
    key_say(&harness, "k1", "counters reset");
    key_say(&harness, "k1", "touch wait");
    link_start(&harness, 2);
    link_expect_key(&harness, 2, &talker);
    assert_int_equal(talker.number, 1);
    assert_string_equal(talker.name, "Software key k1");
    talker_assert(&talker, LK_CEREMONY_PROBE, &allow, 1, WAIT_MS);
    talker_expect_info(&talker);
    assert_string_equal(talker.info.name, "Software key k1");
    assert_true(talker.info.options & LK_KEY_RESIDENT);
    assert_false(talker.info.options & LK_KEY_PIN_SET);
    talker_expect_event(&talker, LK_EVENT_TOUCH);
    assert_true(key_blinks(&harness, "k1"));
    key_say(&harness, "k1", "touch now");
    assertion = talker_expect_assertion(&talker);
    assert_true(credential_signed(&credential, &assertion, false));
    assert_false(credential_signed(&credential, &assertion, true)); /* nobody verified */
    talker_expect_closed(&talker);
    talker_close(&talker);
    assert_int_equal(key_counter(&harness, "k1", "get-info"), 1);
    assert_int_equal(key_counter(&harness, "k1", "get-assertion"), 2); /* silent, then with touch */
    assert_int_equal(key_counter(&harness, "k1", "cancels"), 0);
    link_stop(&harness, 2);
}

static void wrong_key_is_told_without_touch(void **state)
{
    uint8_t other[64];
    struct lk_view allow = LK_VIEW(other, sizeof(other));
    struct talker talker;

    (void)state;
    memset(other, 0x42, sizeof(other));
    key_up(&harness, "k1", "--touch", "wait", NULL);
    link_start(&harness, 1);
    link_expect_key(&harness, 1, &talker);
    talker_assert(&talker, LK_CEREMONY_PROBE, &allow, 1, WAIT_MS);
    talker_expect_info(&talker);
    talker_expect_failed(&talker, LK_REASON_WRONG_KEY);
    talker_close(&talker);
    assert_false(key_blinks(&harness, "k1"));
    assert_int_equal(key_counter(&harness, "k1", "touches"), 0);
    link_stop(&harness, 1);
}

/* More credentials than the key takes at once: it is asked in chunks, and never a list is taken for an empty one. */
static void long_list(void **state)
{
    static uint8_t others[LK_ALLOW_MAX][64];
    static uint8_t long_ids[2][1000];
    struct lk_view allow[LK_ALLOW_MAX];
    struct credential credential;
    struct lk_device_assertion assertion;
    struct talker talker;

    (void)state;
    key_up(&harness, "k1", NULL);
    credential_make(&harness, 1, &credential);
    for (size_t i = 0; i < LK_ALLOW_MAX; i++) {
        memset(others[i], (int)i + 1, sizeof(others[i]));
        allow[i] = LK_VIEW(others[i], sizeof(others[i]));
    }
    allow[LK_ALLOW_MAX - 3] = credential_view(&credential);
    link_start(&harness, 2);
    link_expect_key(&harness, 2, &talker);
    talker_assert(&talker, 0, allow, LK_ALLOW_MAX, WAIT_MS);
    talker_expect_info(&talker);
    assertion = talker_expect_assertion(&talker);
    assert_true(credential_signed(&credential, &assertion, false));
    talker_close(&talker);
    link_stop(&harness, 2);

    for (size_t i = 0; i < 2; i++)
        allow[i] = LK_VIEW(long_ids[i], sizeof(long_ids[i]));
    link_start(&harness, 3);
    link_expect_key(&harness, 3, &talker);
    talker_assert(&talker, 0, allow, 2, WAIT_MS);
    talker_expect_info(&talker);
    talker_expect_failed(&talker, LK_REASON_WRONG_KEY);
    talker_close(&talker);
    link_stop(&harness, 3);
}

static void first_touch_wins(void **state)
{
    struct credential first;
    struct credential second;
    struct lk_view allow[2];
    struct talker talkers[2];
    struct talker *winner = NULL;
    struct lk_device_assertion assertion;

    (void)state;
    key_up(&harness, "k1", "--seed", "11", NULL);
    credential_make(&harness, 1, &first);
    key_say(&harness, "k1", "unplug");
    key_up(&harness, "k2", "--seed", "22", NULL);
    credential_make(&harness, 2, &second);
    key_say(&harness, "k1", "plug");
    key_say(&harness, "k1", "touch wait");
    key_say(&harness, "k2", "touch wait");
    allow[0] = credential_view(&first);
    allow[1] = credential_view(&second);
    link_start(&harness, 3);
    for (int i = 0; i < 2; i++) {
        link_expect_key(&harness, 3, &talkers[i]);
        assert_int_equal(talkers[i].number, i + 1);
        talker_assert(&talkers[i], LK_CEREMONY_PROBE, allow, 2, WAIT_MS);
    }
    for (int i = 0; i < 2; i++) {
        talker_expect_info(&talkers[i]);
        talker_expect_event(&talkers[i], LK_EVENT_TOUCH);
        if (strcmp(talkers[i].name, "Software key k2") == 0)
            winner = &talkers[i];
    }
    assert_non_null(winner);
    key_say(&harness, "k2", "touch now");
    assertion = talker_expect_assertion(winner);
    assert_true(credential_signed(&second, &assertion, false));
    for (int i = 0; i < 2; i++)
        talker_close(&talkers[i]);
    for (int i = 0; i < 300 && key_blinks(&harness, "k1"); i++)
        usleep(1000);
    assert_false(key_blinks(&harness, "k1"));
    assert_int_equal(key_counter(&harness, "k1", "cancels"), 1);
    assert_int_equal(key_counter(&harness, "k2", "cancels"), 0);
    link_stop(&harness, 3);
}

static void key_comes_while_waiting(void **state)
{
    struct talker talker;

    (void)state;
    link_start(&harness, 1);
    link_expect(&harness, LK_MESSAGE_DEVICE_NONE, 1);
    link_expect_quiet(&harness, 50);
    key_up(&harness, "k1", NULL);
    link_expect_key(&harness, 1, &talker);
    talker_close(&talker);
    key_say(&harness, "k1", "unplug");
    link_expect(&harness, LK_MESSAGE_DEVICE_NONE, 1);
    key_say(&harness, "k1", "plug");
    link_expect_key(&harness, 1, &talker);
    assert_int_equal(talker.number, 2);
    talker_close(&talker);
    link_stop(&harness, 1);
    /* After STOP nobody is told anything. */
    key_say(&harness, "k1", "unplug");
    link_expect_quiet(&harness, 100);
}

static void second_start_is_busy(void **state)
{
    char detail[129];

    (void)state;
    link_start(&harness, 1);
    link_expect(&harness, LK_MESSAGE_DEVICE_NONE, 1);
    link_start(&harness, 2);
    link_expect_busy(&harness, 2, detail);
    link_stop(&harness, 1);
    link_start(&harness, 3);
    link_expect(&harness, LK_MESSAGE_DEVICE_NONE, 3);
    link_stop(&harness, 3);
}

/* A key that talks unasked: what it said lies unread when the broker has the talker, so neither the opener nor a talker without a request reads from a node. */
static void nobody_reads_before_the_request(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    uint8_t report[64] = {0};
    struct talker talker;
    int unread = 0;
    int later = 0;
    int key = -1;

    (void)state;
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/k9.sock", harness.folder);
    assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 1), 0);
    link_start(&harness, 1);
    key = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(key >= 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(send(key, report, sizeof(report), 0), sizeof(report));
    assert_int_equal(ioctl(key, SIOCOUTQ, &unread), 0);
    link_expect_key(&harness, 1, &talker);
    usleep(100000);
    assert_int_equal(ioctl(key, SIOCOUTQ, &later), 0);
    assert_true(unread > 0);
    assert_int_equal(later, unread);
    /* With a request it is read, and libfido2 skips what is for another channel. */
    talker_assert(&talker, 0, NULL, 0, 200);
    talker_expect_failed(&talker, LK_REASON_TIMEOUT);
    assert_int_equal(ioctl(key, SIOCOUTQ, &later), 0);
    assert_int_equal(later, 0);
    talker_close(&talker);
    close(key);
    close(listener);
    link_stop(&harness, 1);
}

static void key_in_use_by_another_program(void **state)
{
    char path[128];
    char detail[129];
    struct talker talker;
    int lock = -1;

    (void)state;
    key_up(&harness, "k1", NULL);
    snprintf(path, sizeof(path), "%s/k1.lock", harness.folder);
    lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(flock(lock, LOCK_EX), 0);
    link_start(&harness, 1);
    link_expect_busy(&harness, 1, detail);
    assert_string_equal(detail, "Software key k1");
    close(lock);
    link_expect_key(&harness, 1, &talker); /* it is not given up */
    talker_close(&talker);
    link_stop(&harness, 1);
}

/* libfido2's own verification of what the talker built. */
static void attestation_verifies(const struct lk_attestation_object *object)
{
    fido_cred_t *checked = fido_cred_new();

    assert_string_equal(object->format, "packed");
    assert_true(object->certificate_count >= 1);
    assert_int_equal(fido_cred_set_type(checked, COSE_ES256), FIDO_OK);
    assert_int_equal(fido_cred_set_rp(checked, RELYING_PARTY, NULL), FIDO_OK);
    assert_int_equal(fido_cred_set_clientdata_hash(checked, test_hash, sizeof(test_hash)), FIDO_OK);
    assert_int_equal(fido_cred_set_prot(checked, 2), FIDO_OK);
    assert_int_equal(fido_cred_set_fmt(checked, object->format), FIDO_OK);
    assert_int_equal(fido_cred_set_authdata_raw(checked, object->authenticator_data.data,
                                                object->authenticator_data.len),
                     FIDO_OK);
    assert_int_equal(fido_cred_set_attstmt(checked, object->statement.data, object->statement.len),
                     FIDO_OK);
    assert_int_equal(fido_cred_verify(checked), FIDO_OK);
    fido_cred_free(&checked);
}

static void resident_credential_with_protection(void **state)
{
    struct lk_device_create create = {
        .timeout_ms = WAIT_MS, .flags = LK_CEREMONY_RESIDENT, .protection = 2};
    struct lk_attestation_object object;
    struct lk_device_assertion assertion;
    struct talker talker;
    struct lk_view bytes;
    struct lk_authenticator_data data;
    uint8_t id[1024];
    struct lk_view allow;
    uint8_t expected_user[16];

    (void)state;
    strcpy(create.relying_party, RELYING_PARTY);
    strcpy(create.relying_party_name, "Test");
    strcpy(create.user_name, "alice");
    strcpy(create.display_name, "Alice A.");
    memcpy(create.client_data_hash, test_hash, sizeof(test_hash));
    memset(create.user_id, 0xa1, sizeof(create.user_id));
    memset(expected_user, 0xa1, sizeof(expected_user));
    key_up(&harness, "k1", NULL);
    link_start(&harness, 1);
    link_expect_key(&harness, 1, &talker);
    talker_create(&talker, &create);
    talker_expect_info(&talker);
    bytes = talker_expect_credential(&talker);
    assert_int_equal(lk_attestation_object_decode(bytes, &object), 0);
    assert_int_equal(lk_authenticator_data_decode(object.authenticator_data, &data), 0);
    memcpy(id, data.credential_id.data, data.credential_id.len);
    allow = LK_VIEW(id, data.credential_id.len);
    attestation_verifies(&object);
    talker_close(&talker);
    link_stop(&harness, 1);
    assert_non_null(strstr(key_say(&harness, "k1", "dump-credentials"), "count=1"));

    /* credProtect 2: without a list it is hidden from whoever did not verify; with one the answer names the user. */
    link_start(&harness, 2);
    link_expect_key(&harness, 2, &talker);
    talker_assert(&talker, 0, NULL, 0, WAIT_MS);
    talker_expect_info(&talker);
    talker_expect_failed(&talker, LK_REASON_WRONG_KEY);
    talker_close(&talker);
    link_stop(&harness, 2);
    link_start(&harness, 2);
    link_expect_key(&harness, 2, &talker);
    talker_assert(&talker, LK_CEREMONY_PROBE, &allow, 1, WAIT_MS);
    talker_expect_info(&talker);
    assertion = talker_expect_assertion(&talker);
    assert_true(lk_view_equal(assertion.user_handle, LK_VIEW(expected_user, 16)));
    talker_close(&talker);
    link_stop(&harness, 2);
}

static void excluded_and_full(void **state)
{
    struct lk_device_create create = {.timeout_ms = WAIT_MS, .exclude_count = 1};
    struct credential credential;
    struct talker talker;

    (void)state;
    key_up(&harness, "k1", NULL);
    credential_make(&harness, 1, &credential);
    strcpy(create.relying_party, RELYING_PARTY);
    strcpy(create.user_name, "alice");
    create.exclude[0] = credential_view(&credential);
    link_start(&harness, 2);
    link_expect_key(&harness, 2, &talker);
    talker_create(&talker, &create);
    talker_expect_info(&talker);
    talker_expect_failed(&talker, LK_REASON_KEY_EXCLUDED);
    talker_close(&talker);
    link_stop(&harness, 2);

    create.exclude_count = 0;
    create.flags = LK_CEREMONY_RESIDENT;
    for (unsigned i = 0; i < 33; i++) {
        struct lk_frame frame;

        create.user_id[0] = (uint8_t)i;
        link_start(&harness, 3);
        link_expect_key(&harness, 3, &talker);
        talker_create(&talker, &create);
        talker_expect_info(&talker);
        do {
            frame = talker_next(&talker);
        } while (frame.type == LK_MESSAGE_EVENT);
        if (i < 32) {
            assert_int_equal(frame.type, LK_MESSAGE_DEVICE_CREDENTIAL);
        } else {
            struct lk_device_failed failed;

            assert_int_equal(lk_device_failed_decode(frame.payload, &failed), 0);
            assert_int_equal(failed.reason, LK_REASON_KEY_FULL);
        }
        talker_close(&talker);
        link_stop(&harness, 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(touch_is_told_and_signs, up, down),
        cmocka_unit_test_setup_teardown(wrong_key_is_told_without_touch, up, down),
        cmocka_unit_test_setup_teardown(long_list, up, down),
        cmocka_unit_test_setup_teardown(first_touch_wins, up, down),
        cmocka_unit_test_setup_teardown(key_comes_while_waiting, up, down),
        cmocka_unit_test_setup_teardown(second_start_is_busy, up, down),
        cmocka_unit_test_setup_teardown(nobody_reads_before_the_request, up, down),
        cmocka_unit_test_setup_teardown(key_in_use_by_another_program, up, down),
        cmocka_unit_test_setup_teardown(resident_credential_with_protection, up, down),
        cmocka_unit_test_setup_teardown(excluded_and_full, up, down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
