/* SPDX-License-Identifier: EUPL-1.2 */
/* Who may ask, how often, and how many at once. Parts need root, to be somebody else. */
#include "rig.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { UID = 54321, USERS = 100 };

static struct house house;
static struct rig rig;
static struct agent_key key;
static struct agent_key own;

static int begin(void **state)
{
    (void)state;
    house_begin(&house, "[policy]\nhost_user_verification = discouraged\nattempts_per_minute = "
                        "8\nfailures_per_credential = 3\n");
    house_admit(&house, "alice", LK_KIND_HOST, &key);
    house_admit(&house, "u54321-own", LK_KIND_HOST, &own);
    house_close(&house);
    rig_start(&rig, &house);
    return 0;
}

static int end(void **state)
{
    (void)state;
    rig_stop(&rig);
    agent_key_free(&key);
    agent_key_free(&own);
    house_end(&house);
    return 0;
}

/* One login by another uid, in a process of its own, with no key: the exit status is the verdict. */
static pid_t as_other(const char *name, uid_t uid, bool wait_for_end)
{
    pid_t pid = fork();
    struct peer client;

    if (pid != 0)
        return pid;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    NEED(setresgid(uid, uid, uid) == 0 && setresuid(uid, uid, uid) == 0);
    peer_open(&rig, "host", &client);
    login_send(&client, name, "sudo", 0, 1);
    if (!wait_for_end)
        (void)poll(NULL, 0, 60000);
    _exit((int)login_verdict(&client, 1, NULL));
}

static int verdict_of(pid_t pid)
{
    int status = 0;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* A user asks for the name that is his; for no other, also where nobody has it. */
static void other_uid(void **state)
{
    struct lk_device_assert asked;
    struct peer talker;
    uint32_t ceremony;
    pid_t pid;

    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(verdict_of(as_other("root-alice", UID, true)), LK_REASON_NOT_PERMITTED);
    assert_int_equal(verdict_of(as_other("u999-bob", UID, true)), LK_REASON_NOT_PERMITTED);
    assert_int_equal(verdict_of(as_other("absent-x", UID, true)), LK_REASON_NOT_PERMITTED);
    pid = as_other("u54321-own", UID, true);
    ceremony = device_started(&rig);
    device_key(&rig, ceremony, 1, &talker);
    talker_asked(&talker, &asked);
    talker_answer(&talker, ceremony, &own, &asked, LK_FLAG_UP);
    device_stopped(&rig, ceremony);
    assert_int_equal(verdict_of(pid), LK_REASON_NONE);
    peer_close(&talker);
}

/* The name service hangs: two seconds, then the reason in words. */
static void names_silent(void **state)
{
    struct timespec start;
    struct timespec now;

    (void)state;
    if (geteuid() != 0)
        skip();
    clock_gettime(CLOCK_MONOTONIC, &start);
    assert_int_equal(verdict_of(as_other("silent-x", UID + 1, true)), LK_REASON_NAMES_UNAVAILABLE);
    clock_gettime(CLOCK_MONOTONIC, &now);
    assert_in_range(now.tv_sec - start.tv_sec, 1, 10);
}

/* One running ceremony a uid, also on another connection. */
static void one_ceremony(void **state)
{
    uint32_t ceremony;
    pid_t first;

    (void)state;
    if (geteuid() != 0)
        skip();
    first = as_other("u54322-a", UID + 1, false);
    ceremony = device_started(&rig);
    assert_int_equal(verdict_of(as_other("u54322-b", UID + 1, true)), LK_REASON_KEY_BUSY);
    assert_int_equal(kill(first, SIGKILL), 0);
    assert_int_equal(waitpid(first, NULL, 0), first);
    device_stopped(&rig, ceremony);
}

/* The source pays for attempts that verify nothing; another source does not. A login that succeeds costs nothing. */
static void bucket(void **state)
{
    enum lk_reason reason = LK_REASON_NONE;
    struct peer client;
    int tries = 0;

    (void)state;
    for (int i = 0; i < 12; i++)
        assert_int_equal(rig_login(&rig, "alice", &key, LK_FLAG_UP), LK_REASON_NONE);
    while (reason != LK_REASON_RATE_LIMITED && tries < 50) {
        peer_open(&rig, "host", &client);
        login_send(&client, "alice", "sudo", LK_LOGIN_FLAG_REMOTE, 2);
        reason = login_verdict(&client, 2, NULL);
        peer_close(&client);
        tries++;
    }
    assert_in_range(tries, 2, 12);
    if (geteuid() == 0)
        assert_int_equal(verdict_of(as_other("absent-y", UID + 2, true)), LK_REASON_NOT_PERMITTED);
}

/* Refused after a verified signature: counted against the credential, and the limit outlives a restart. */
static void failures(void **state)
{
    uint32_t good;

    (void)state;
    rig_stop(&rig);
    rig_start(&rig, &house); /* the bucket is in memory only */
    assert_int_equal(rig_login(&rig, "alice", &key, LK_FLAG_UP), LK_REASON_NONE);
    good = key.counter;
    for (int i = 0; i < 3; i++) {
        key.counter = 0;
        assert_int_equal(rig_login(&rig, "alice", &key, LK_FLAG_UP), LK_REASON_COUNTER);
    }
    key.counter = good;
    assert_int_equal(rig_login(&rig, "alice", &key, LK_FLAG_UP), LK_REASON_LIMIT);
    rig_stop(&rig);
    rig_start(&rig, &house);
    assert_int_equal(rig_login(&rig, "alice", &key, LK_FLAG_UP), LK_REASON_LIMIT);
}

/* The broker dies three times while one uid is served: that uid waits, the others are served, and so is it after a minute. */
static void crashes(void **state)
{
    char path[128];
    uint32_t ceremony;
    pid_t pid;

    (void)state;
    if (geteuid() != 0)
        skip();
    for (int i = 0; i < 3; i++) {
        pid = as_other("u54333-x", UID + 12, true);
        ceremony = device_started(&rig);
        assert_true(ceremony > 0);
        assert_int_equal(kill(pid, SIGSTOP), 0);
        rig_kill(&rig, SIGKILL);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        rig_start(&rig, &house);
    }
    assert_int_equal(verdict_of(as_other("u54333-x", UID + 12, true)), LK_REASON_RATE_LIMITED);
    assert_int_equal(verdict_of(as_other("absent-y", UID + 13, true)), LK_REASON_NOT_PERMITTED);
    /* The minute is over: as if those ends had been before it. */
    rig_stop(&rig);
    house_path(&house, "state/serving", path, sizeof(path));
    assert_int_equal(unlink(path), 0);
    rig_start(&rig, &house);
    assert_int_equal(verdict_of(as_other("absent-x", UID + 12, true)), LK_REASON_NOT_PERMITTED);
}

/* A hundred people at once, and one key: everybody gets an answer of his own, and one of them the key. */
static void hundred(void **state)
{
    struct peer *clients = calloc(USERS, sizeof(*clients));
    size_t busy = 0;
    uint32_t ceremony;

    (void)state;
    assert_non_null(clients);
    if (geteuid() != 0)
        skip();
    for (size_t i = 0; i < USERS; i++)
        peer_open(&rig, "host", &clients[i]);
    for (size_t i = 0; i < USERS; i++) {
        struct lk_login_request login = {.service = "sudo"};
        struct lk_buf out = LK_BUF_INIT(1024);

        memset(login.nonce, (int)i, sizeof(login.nonce));
        snprintf(login.name, sizeof(login.name), "user%zu", i);
        snprintf(login.tty, sizeof(login.tty), "pts/%zu", i);
        assert_int_equal(lk_login_request_encode(&out, 7, &login), 0);
        peer_send(&clients[i], &out);
        lk_buf_clear(&out);
    }
    ceremony = device_started(&rig);
    for (size_t i = 1; i < USERS; i++) {
        struct pollfd wait = {.fd = clients[i].fd, .events = POLLIN};

        if (poll(&wait, 1, i == 1 ? RIG_WAIT_MS : 1000) == 1)
            busy += login_verdict(&clients[i], (uint8_t)i, NULL) == LK_REASON_KEY_BUSY;
    }
    assert_true(busy >= USERS - 2);
    for (size_t i = 0; i < USERS; i++)
        peer_close(&clients[i]);
    device_stopped(&rig, ceremony);
    free(clients);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_uid), cmocka_unit_test(names_silent), cmocka_unit_test(one_ceremony),
        cmocka_unit_test(bucket),    cmocka_unit_test(failures),     cmocka_unit_test(crashes),
        cmocka_unit_test(hundred),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
