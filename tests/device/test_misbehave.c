/* SPDX-License-Identifier: EUPL-1.2 */
/* Keys that are broken, hostile, pulled out or held up; brokers that go away; talkers that die. Whatever happens, the ceremony ends in time with a reason, no assertion comes that
 * libfido2's verification would accept where the key lied, and the next ceremony works. */
#include "harness.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct harness harness;
static struct credential credential;
static struct lk_view allow;

static int up(void **state)
{
    (void)state;
    harness_up(&harness, 2, true);
    key_up(&harness, "k1", NULL);
    credential_make(&harness, 1, &credential);
    allow = LK_VIEW(credential.id, credential.id_len);
    return 0;
}

static int down(void **state)
{
    (void)state;
    harness_down(&harness);
    return 0;
}

static void begin(struct talker *talker, uint32_t ceremony, uint32_t flags, uint32_t timeout_ms)
{
    link_start(&harness, ceremony);
    link_expect_key(&harness, ceremony, talker);
    talker_assert(talker, flags, &allow, 1, timeout_ms);
}

static void end(struct talker *talker, uint32_t ceremony)
{
    talker_close(talker);
    link_stop(&harness, ceremony);
}

/* The key is well again and the next ceremony works: nothing of the last one is left. */
static void works_again(uint32_t ceremony)
{
    struct lk_device_assertion assertion;
    struct talker talker;

    key_say(&harness, "k1", "misbehave none");
    key_say(&harness, "k1", "touch auto");
    begin(&talker, ceremony, LK_CEREMONY_PROBE, WAIT_MS);
    talker_expect_info(&talker);
    assertion = talker_expect_assertion(&talker);
    assert_true(credential_signed(&credential, &assertion, false));
    end(&talker, ceremony);
}

static void nonsense(void **state)
{
    static const char *const ways[] = {
        "lie-length",         "garbage-reports", "bad-sequence",        "malformed-cbor",
        "huge-array",         "no-such-command", "lie-length all",      "bad-sequence all",
        "malformed-cbor all", "huge-array all",  "garbage-reports all",
    };

    (void)state;
    for (uint32_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        char line[64];
        struct talker talker;
        struct lk_frame frame;
        struct lk_device_failed failed;
        int64_t begun = now_ms();

        snprintf(line, sizeof(line), "misbehave %s", ways[i]);
        key_say(&harness, "k1", line);
        begin(&talker, 10 + i, 0, 1000);
        do {
            frame = talker_next(&talker);
        } while (frame.type == LK_MESSAGE_DEVICE_INFO || frame.type == LK_MESSAGE_EVENT);
        if (frame.type != LK_MESSAGE_DEVICE_FAILED)
            fail_msg("%s: message %u", ways[i], frame.type);
        assert_int_equal(lk_device_failed_decode(frame.payload, &failed), 0);
        if (failed.reason != LK_REASON_KEY_FAILED && failed.reason != LK_REASON_KEY_UNSUPPORTED &&
            failed.reason != LK_REASON_TIMEOUT)
            fail_msg("%s: %s", ways[i], lk_reason_name(failed.reason));
        talker_expect_closed(&talker);
        end(&talker, 10 + i);
        print_message("  %s: %s after %lld ms\n", ways[i], lk_reason_name(failed.reason),
                      (long long)(now_ms() - begun));
    }
    works_again(100);
}

/* What libfido2 does not judge is passed on unchanged, and does not verify. */
static void lies(void **state)
{
    static const char *const ways[] = {"bad-rp-hash", "clear-up", "bad-signature",
                                       "foreign-credential"};

    (void)state;
    for (uint32_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        char line[64];
        struct talker talker;
        struct lk_frame frame;
        struct lk_device_assertion assertion;

        snprintf(line, sizeof(line), "misbehave %s", ways[i]);
        key_say(&harness, "k1", line);
        begin(&talker, 10 + i, 0, WAIT_MS);
        talker_expect_info(&talker);
        frame = talker_next(&talker);
        if (frame.type == LK_MESSAGE_DEVICE_ASSERTION) {
            assert_int_equal(lk_device_assertion_decode(frame.payload, &assertion), 0);
            assert_false(credential_signed(&credential, &assertion, false));
        } else {
            assert_int_equal(frame.type, LK_MESSAGE_DEVICE_FAILED);
        }
        end(&talker, 10 + i);
    }
    works_again(100);
}

/* Time-outs: the whole ceremony ends by its deadline, and 300 ms later at the latest. */
static void held_up(void **state)
{
    static const char *const ways[] = {"misbehave stall", "misbehave dead",
                                       "misbehave endless-keepalive", "touch wait", "slow 20000"};

    (void)state;
    for (uint32_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        struct talker talker;
        struct lk_frame frame;
        struct lk_device_failed failed;
        int64_t begun = 0;

        key_say(&harness, "k1", ways[i]);
        begun = now_ms();
        begin(&talker, 10 + i, 0, 400);
        do {
            frame = talker_next(&talker);
        } while (frame.type == LK_MESSAGE_DEVICE_INFO || frame.type == LK_MESSAGE_EVENT);
        assert_int_equal(frame.type, LK_MESSAGE_DEVICE_FAILED);
        assert_int_equal(lk_device_failed_decode(frame.payload, &failed), 0);
        if (failed.reason != LK_REASON_TIMEOUT)
            fail_msg("%s: %s", ways[i], lk_reason_name(failed.reason));
        talker_expect_closed(&talker);
        end(&talker, 10 + i);
        print_message("  %s: ended %lld ms after START, of which 400 are its time-out\n", ways[i],
                      (long long)(now_ms() - begun));
        key_say(&harness, "k1", "misbehave none");
        key_say(&harness, "k1", "slow 0");
        key_say(&harness, "k1", "touch auto");
    }
    works_again(100);
}

/* By CANCEL, and by a broker that is gone: the key stops blinking, told by CTAPHID_CANCEL. */
static void cancelled(void **state)
{
    (void)state;
    for (uint32_t way = 0; way < 2; way++) {
        struct talker talker;
        unsigned long cancels = key_counter(&harness, "k1", "cancels");
        int64_t begun = 0;

        key_say(&harness, "k1", "touch wait");
        begin(&talker, 2 + way, LK_CEREMONY_PROBE, WAIT_MS);
        talker_expect_info(&talker);
        talker_expect_event(&talker, LK_EVENT_TOUCH);
        assert_true(key_blinks(&harness, "k1"));
        begun = now_ms();
        if (way == 0) {
            talker_cancel(&talker);
            talker_expect_failed(&talker, LK_REASON_CANCELLED);
        } else {
            talker_close(&talker);
        }
        while (key_blinks(&harness, "k1") && now_ms() - begun < WAIT_MS)
            usleep(500);
        print_message("  %s: the key is quiet after %lld ms\n",
                      way == 0 ? "CANCEL" : "closed socket", (long long)(now_ms() - begun));
        assert_false(key_blinks(&harness, "k1"));
        assert_int_equal(key_counter(&harness, "k1", "cancels"), cancels + 1);
        if (way == 0)
            talker_close(&talker);
        link_stop(&harness, 2 + way);
    }
    works_again(100);
}

static void pulled_out(void **state)
{
    struct talker talker;

    (void)state;
    key_say(&harness, "k1", "touch wait");
    begin(&talker, 2, LK_CEREMONY_PROBE, WAIT_MS);
    talker_expect_info(&talker);
    talker_expect_event(&talker, LK_EVENT_TOUCH);
    key_say(&harness, "k1", "unplug");
    talker_expect_failed(&talker, LK_REASON_KEY_REMOVED);
    link_expect(&harness, LK_MESSAGE_DEVICE_NONE, 2);
    key_say(&harness, "k1", "touch auto");
    key_say(&harness, "k1", "plug");
    talker_close(&talker);
    link_expect_key(&harness, 2, &talker); /* the same ceremony takes it when it comes back */
    talker_assert(&talker, 0, &allow, 1, WAIT_MS);
    talker_expect_info(&talker);
    (void)talker_expect_assertion(&talker);
    end(&talker, 2);
}

static void denied(void **state)
{
    struct talker talker;

    (void)state;
    key_say(&harness, "k1", "touch deny");
    begin(&talker, 2, 0, WAIT_MS);
    talker_expect_info(&talker);
    talker_expect_failed(&talker, LK_REASON_TOUCH_DENIED);
    end(&talker, 2);
}

/* ---- brokers and talkers ---- */

static void bad_requests(void **state)
{
    static const uint8_t nothing[] = {0, 0, 0, 6, 0, LK_MESSAGE_DEVICE_ASSERT, 0, 0, 0, 7};
    static const uint8_t another[] = {0, 0, 0, 6, 0, LK_MESSAGE_DEVICE_START, 0, 0, 0, 7};
    static const uint8_t endless[] = {0xff, 0xff, 0xff, 0xff, 0, LK_MESSAGE_DEVICE_ASSERT,
                                      0,    0,    0,    7};
    const struct lk_view frames[] = {LK_VIEW(nothing, sizeof(nothing)),
                                     LK_VIEW(another, sizeof(another)),
                                     LK_VIEW(endless, sizeof(endless))};

    (void)state;
    for (uint32_t i = 0; i < 3; i++) {
        struct talker talker;
        uint8_t discard[64];

        link_start(&harness, 10 + i);
        link_expect_key(&harness, 10 + i, &talker);
        assert_int_equal(lk_frame_send(talker.control, frames[i]), 0);
        if (i < 2) /* one that has an id is answered */
            talker_expect_failed(&talker, LK_REASON_PROTOCOL);
        else /* the others are told something, and then nothing */
            while (read(talker.control, discard, sizeof(discard)) > 0)
                ;
        end(&talker, 10 + i);
    }
    /* Without a time-out a talker would hold its key for ever. */
    struct talker talker;

    begin(&talker, 20, 0, 0);
    talker_expect_failed(&talker, LK_REASON_PROTOCOL);
    end(&talker, 20);
    works_again(100);
}

/* The value of a line of /proc/PID/status, or -1. */
static long status_value(pid_t pid, const char *name)
{
    char path[64];
    char line[256];
    long value = -1;
    FILE *file = NULL;

    snprintf(path, sizeof(path), "/proc/%d/status", pid);
    file = fopen(path, "re");
    if (!file)
        return -1;
    while (fgets(line, sizeof(line), file)) {
        if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':')
            value = strtol(line + strlen(name) + 1, NULL, 10);
    }
    fclose(file);
    return value;
}

static size_t children(pid_t parent, pid_t *ret_pids, size_t max)
{
    char path[64];
    FILE *file = NULL;
    size_t count = 0;
    int pid = 0;

    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", parent, parent);
    file = fopen(path, "re");
    assert_non_null(file);
    while (count < max && fscanf(file, "%d", &pid) == 1)
        ret_pids[count++] = pid;
    fclose(file);
    return count;
}

static size_t descriptors(pid_t pid)
{
    char path[64];
    size_t count = 0;
    DIR *folder = NULL;

    snprintf(path, sizeof(path), "/proc/%d/fd", pid);
    folder = opendir(path);
    if (!folder)
        return 0;
    for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

/* The soft limit of a row of /proc/PID/limits, or -1. */
static long limit_value(pid_t pid, const char *name)
{
    char path[64];
    char line[256];
    long value = -1;
    FILE *file = NULL;

    snprintf(path, sizeof(path), "/proc/%d/limits", pid);
    file = fopen(path, "re");
    if (!file)
        return -1;
    while (fgets(line, sizeof(line), file)) {
        if (strncmp(line, name, strlen(name)) == 0)
            value = strtol(line + strlen(name), NULL, 10);
    }
    fclose(file);
    return value;
}

static bool limited(pid_t pid)
{
#ifdef LK_SANITIZED
    return limit_value(pid, "Max core file size") == 0; /* shadow memory counts as data */
#else
    return limit_value(pid, "Max core file size") == 0 &&
           limit_value(pid, "Max data size") == 64 << 20 && limit_value(pid, "Max cpu time") == 5;
#endif
}

/* In the pool, before any key: two filters (the opener's and its own), no new privileges, stdio and control and nothing else. */
static void locked_in_before_the_key(void **state)
{
    pid_t pids[16];
    size_t count = 0;
    int64_t until = now_ms() + WAIT_MS;
    size_t locked = 0;

    (void)state;
    while (locked < 2 && now_ms() < until) {
        usleep(2000);
        count = children(harness.opener, pids, 16);
        locked = 0;
        for (size_t i = 0; i < count; i++)
            locked +=
                status_value(pids[i], "Seccomp") == 2 &&
                status_value(pids[i], "Seccomp_filters") ==
                    status_value(harness.opener, "Seccomp_filters") + 1 &&
                status_value(pids[i], "NoNewPrivs") == 1 && limited(pids[i]) &&
                (descriptors(pids[i]) == 4 || geteuid() != 0 /* whose folder is then root's */);
    }
    assert_int_equal(locked, 2);
    assert_int_equal(count, 2);
}

static void killed_in_mid_ceremony(void **state)
{
    struct talker talker;
    pid_t pids[16];
    size_t count = 0;

    (void)state;
    key_say(&harness, "k1", "touch wait");
    begin(&talker, 2, LK_CEREMONY_PROBE, WAIT_MS);
    talker_expect_info(&talker);
    talker_expect_event(&talker, LK_EVENT_TOUCH);
    count = children(harness.opener, pids, 16);
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++)
        kill(pids[i], SIGKILL); /* the waiting ones too */
    talker_expect_closed(&talker);
    end(&talker, 2);
    works_again(100);
}

static void pool_is_refilled_and_reaped(void **state)
{
    pid_t pids[64];
    int64_t until = 0;

    (void)state;
    for (uint32_t i = 0; i < 20; i++)
        works_again(100 + i);
    until = now_ms() + WAIT_MS;
    while (children(harness.opener, pids, 64) != 2 && now_ms() < until)
        usleep(1000);
    assert_int_equal(children(harness.opener, pids, 64), 2);
}

/* The broker talks nonsense on the link: the opener ends, and its talkers with it. */
static void bad_link(void **state)
{
    static const uint8_t bad[] = {0, 0, 0, 7, 0, LK_MESSAGE_DEVICE_START, 0, 0, 0, 2, 0xff};
    struct pollfd item = {.events = POLLIN};
    pid_t pids[16];
    size_t count = children(harness.opener, pids, 16);
    int status = 0;

    (void)state;
    item.fd = harness.link;
    assert_int_equal(lk_frame_send(harness.link, LK_VIEW(bad, sizeof(bad))), 0);
    assert_int_equal(poll(&item, 1, WAIT_MS), 1);
    assert_int_equal(waitpid(harness.opener, &status, 0), harness.opener);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 0);
    harness.opener = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t until = now_ms() + WAIT_MS;

        while (status_value(pids[i], "Seccomp") >= 0 && now_ms() < until)
            usleep(1000);
        assert_int_equal(status_value(pids[i], "Seccomp"), -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nonsense, up, down),
        cmocka_unit_test_setup_teardown(lies, up, down),
        cmocka_unit_test_setup_teardown(held_up, up, down),
        cmocka_unit_test_setup_teardown(cancelled, up, down),
        cmocka_unit_test_setup_teardown(pulled_out, up, down),
        cmocka_unit_test_setup_teardown(denied, up, down),
        cmocka_unit_test_setup_teardown(bad_requests, up, down),
        cmocka_unit_test_setup_teardown(locked_in_before_the_key, up, down),
        cmocka_unit_test_setup_teardown(killed_in_mid_ceremony, up, down),
        cmocka_unit_test_setup_teardown(pool_is_refilled_and_reaped, up, down),
        cmocka_unit_test_setup_teardown(bad_link, up, down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
