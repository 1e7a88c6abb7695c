/* SPDX-License-Identifier: EUPL-1.2 */
/* The client against a scripted broker: who is accepted as broker, hello, the ceremony, cancel, and everything that is not a verdict. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "client/client.h"
#include "client/peer.h"
#include "fake_broker.h"

static struct fake_broker broker;

/* What the callbacks saw, and what they shall do. */
struct person {
    unsigned events;
    unsigned asked;
    const char *pin; /* NULL = cancel */
    bool refuse_event;
    int64_t interrupt_at; /* 0 = never */
};

static int person_event(void *context, const struct lk_event_message *event)
{
    struct person *person = context;

    person->events++;
    assert_true(event->event >= LK_EVENT_INSERT_KEY);
    return person->refuse_event ? -1 : 0;
}

static int person_ask(void *context, const struct lk_ask_pin *ask, struct lk_buf *pin)
{
    struct person *person = context;

    (void)ask;
    person->asked++;
    if (person->pin == NULL)
        return -1;
    lk_buf_put_bytes(pin, person->pin, strlen(person->pin));
    return 0;
}

static bool person_interrupted(void *context)
{
    const struct person *person = context;

    return person->interrupt_at != 0 &&
           lk_clock_monotonic_ms(&lk_clock_system) >= person->interrupt_at;
}

/* Long, so that a busy machine is not taken for a silent broker; short where silence is what is tested. */
static int patience_ms = 20000;

static int connect_to(const char *path, struct lk_client *client)
{
    struct lk_client_options options = {
        .path = path, .role = LK_SOCKET_HOST, .timeout_ms = patience_ms};

    return lk_client_connect(client, &options);
}

/* One whole login; the result of lk_client_login, with connect errors as they are. */
static int run_login(const struct fake_step *script, struct person *person, uint32_t flags,
                     struct lk_verdict *verdict, bool *seen)
{
    struct lk_client client = LK_CLIENT_INIT;
    struct lk_login_request login = {
        .nonce = {1, 2, 3}, .flags = flags, .name = "alice", .service = "test"};
    struct lk_ceremony_callbacks callbacks = {.event = person_event,
                                              .ask_pin = person_ask,
                                              .interrupted = person_interrupted,
                                              .context = person};
    int r;

    fake_broker_start(&broker, script);
    r = connect_to(broker.path, &client);
    if (r == 0)
        r = lk_client_login(&client, &login, patience_ms, &callbacks, verdict, seen);
    lk_client_close(&client);
    return r;
}

#define BEGIN                                                                                      \
    {.act = FAKE_ACCEPT}, {.act = FAKE_HELLO},                                                     \
    {                                                                                              \
        .act = FAKE_LOGIN                                                                          \
    }
#define STAY                                                                                       \
    {.act = FAKE_WAIT_CLOSE},                                                                      \
    {                                                                                              \
        .act = FAKE_END                                                                            \
    }

static void test_login(void **state)
{
    static const struct fake_step script[] = {BEGIN,
                                              {.act = FAKE_EVENT, .value = LK_EVENT_TOUCH},
                                              {.act = FAKE_ASK, .retries = 8},
                                              {.act = FAKE_REPLY},
                                              {.act = FAKE_VERDICT, .value = 0},
                                              STAY};
    struct person person = {.pin = "1234"};
    struct lk_verdict verdict = {.reason = 99};
    bool seen = false;

    (void)state;
    assert_int_equal(run_login(script, &person, LK_LOGIN_FLAG_PROMPT, &verdict, &seen), 0);
    assert_int_equal(verdict.reason, 0);
    assert_true(seen);
    assert_int_equal(person.events, 1);
    assert_int_equal(person.asked, 1);
    assert_string_equal(broker.notes->pin[0], "1234");
    assert_string_equal(broker.notes->login.name, "alice");
    fake_broker_stop(&broker);
}

/* A verdict that is already there counts, even when the broker has closed behind it while the person typed. */
static void test_verdict_before_close(void **state)
{
    static const struct fake_step script[] = {BEGIN,
                                              {.act = FAKE_ASK, .retries = 8},
                                              {.act = FAKE_VERDICT, .value = 2},
                                              {.act = FAKE_END}};
    struct person person = {.pin = "1234"};
    struct lk_verdict verdict = {.reason = 99};
    bool seen = false;

    (void)state;
    assert_int_equal(run_login(script, &person, LK_LOGIN_FLAG_PROMPT, &verdict, &seen), 0);
    assert_int_equal(verdict.reason, 2);
    fake_broker_stop(&broker);
}

struct broken {
    struct fake_step step;
    int expected;
};

static void test_nothing_but_the_verdict(void **state)
{
    static const struct broken rows[] = {
        {{.act = FAKE_WRONG_NONCE}, -LK_ERR_SIGNATURE},
        {{.act = FAKE_WRONG_REQUEST}, -LK_ERR_UNEXPECTED},
        {{.act = FAKE_LONG_VERDICT}, -LK_ERR_TRAILING},
        {{.act = FAKE_RAW, .text = "\xff\xff\xff\xff", .size = 4}, -LK_ERR_TOO_BIG},
        {{.act = FAKE_RAW, .text = "\0\0\0\1", .size = 4}, -LK_ERR_RANGE},
        {{.act = FAKE_RAW, .text = "\0\0\0\6\0\23\0\0\0\1", .size = 10}, -LK_ERR_UNEXPECTED},
        {{.act = FAKE_RAW, .text = "\0\0\0\7\0\21\0\0\0\1\1", .size = 11}, -LK_ERR_TRUNCATED},
        {{.act = FAKE_ASK, .value = 2, .retries = 8}, -LK_ERR_UNEXPECTED},
        {{.act = FAKE_SLEEP, .value = 1}, -LK_ERR_TIMEOUT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct fake_step script[] = {BEGIN, rows[i].step, STAY};
        struct person person = {.pin = "1234"};
        struct lk_verdict verdict = {.reason = 99};
        bool seen = true;

        patience_ms = rows[i].expected == -LK_ERR_TIMEOUT ? 600 : 20000;
        assert_int_equal(run_login(script, &person, LK_LOGIN_FLAG_PROMPT, &verdict, &seen),
                         rows[i].expected);
        patience_ms = 20000;
        assert_int_equal(verdict.reason, 99);
        assert_int_equal(person.asked, 0);
        assert_false(seen);
        fake_broker_stop(&broker);
    }
}

/* Cut at every length: the broker closes in the middle of its verdict. */
static void test_cut_verdict(void **state)
{
    (void)state;
    for (uint32_t len = 0; len < 47; len++) {
        const struct fake_step script[] = {
            BEGIN, {.act = FAKE_CUT_VERDICT, .value = len}, {.act = FAKE_END}};
        struct person person = {0};
        struct lk_verdict verdict = {.reason = 99};
        bool seen = true;

        assert_int_equal(run_login(script, &person, 0, &verdict, &seen), -LK_ERR_CLOSED);
        assert_int_equal(verdict.reason, 99);
        fake_broker_stop(&broker);
    }
}

static void test_pin_not_offered(void **state)
{
    static const struct fake_step script[] = {BEGIN, {.act = FAKE_ASK, .retries = 8}, STAY};
    struct person person = {.pin = "1234"};
    struct lk_verdict verdict;
    bool seen = false;

    (void)state;
    assert_int_equal(run_login(script, &person, 0, &verdict, &seen), -LK_ERR_UNEXPECTED);
    assert_int_equal(person.asked, 0);
    fake_broker_stop(&broker);
}

static void wait_for_close(void)
{
    for (int i = 0; i < 200 && broker.notes->closed_ms == 0; i++)
        usleep(10000);
}

static void test_cancel(void **state)
{
    static const struct fake_step ask[] = {BEGIN, {.act = FAKE_ASK, .retries = 8}, STAY};
    static const struct fake_step touch[] = {
        BEGIN, {.act = FAKE_EVENT, .value = LK_EVENT_TOUCH}, STAY};
    struct person no_pin = {.pin = NULL};
    struct person no_touch = {.refuse_event = true};
    struct person signalled = {0};
    struct lk_verdict verdict;
    int64_t took;
    bool seen;

    (void)state;
    assert_int_equal(run_login(ask, &no_pin, LK_LOGIN_FLAG_PROMPT, &verdict, &seen), -LK_ERR_BUSY);
    wait_for_close();
    assert_true(broker.notes->cancelled);
    fake_broker_stop(&broker);
    assert_int_equal(run_login(touch, &no_touch, 0, &verdict, &seen), -LK_ERR_BUSY);
    wait_for_close();
    assert_true(broker.notes->cancelled);
    fake_broker_stop(&broker);
    signalled.interrupt_at = lk_clock_monotonic_ms(&lk_clock_system) + 100;
    assert_int_equal(run_login(touch, &signalled, 0, &verdict, &seen), -LK_ERR_BUSY);
    wait_for_close();
    took = broker.notes->closed_ms - signalled.interrupt_at;
    assert_true(broker.notes->cancelled);
    assert_in_range(took, 0, 300);
    fake_broker_stop(&broker);
}

static void test_hello(void **state)
{
    static const struct fake_step version[] = {
        {.act = FAKE_ACCEPT}, {.act = FAKE_HELLO, .value = 9}, STAY};
    static const struct fake_step silent[] = {{.act = FAKE_ACCEPT}, STAY};
    static const struct fake_step closes[] = {{.act = FAKE_ACCEPT}, {.act = FAKE_END}};
    static const struct fake_step other[] = {
        {.act = FAKE_ACCEPT},
        {.act = FAKE_RAW, .text = "\0\0\0\13\0\1\0\0\0\0\0\1\0\1\2", .size = 15},
        STAY};
    static const struct {
        const struct fake_step *script;
        int expected;
    } rows[] = {{version, -LK_ERR_VERSION},
                {silent, -LK_ERR_TIMEOUT},
                {closes, -LK_ERR_CLOSED},
                {other, -LK_ERR_UNEXPECTED}};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct lk_client client;

        fake_broker_start(&broker, rows[i].script);
        patience_ms = rows[i].expected == -LK_ERR_TIMEOUT ? 400 : 20000;
        assert_int_equal(connect_to(broker.path, &client), rows[i].expected);
        patience_ms = 20000;
        assert_int_equal(client.fd, -1);
        fake_broker_stop(&broker);
    }
}

static void test_who_is_the_broker(void **state)
{
    static const struct fake_step script[] = {{.act = FAKE_ACCEPT}, {.act = FAKE_HELLO}, STAY};
    struct lk_client client;
    char other[128];
    uid_t owner;

    (void)state;
    fake_broker_start(&broker, script);
    assert_int_equal(chmod(broker.folder, 0770), 0);
    assert_int_equal(connect_to(broker.path, &client), -LK_ERR_MODE);
    assert_int_equal(chmod(broker.folder, 01777), 0);
    assert_int_equal(connect_to(broker.path, &client), -LK_ERR_MODE);
    assert_int_equal(chmod(broker.folder, 0700), 0);
    snprintf(other, sizeof(other), "%s/absent", broker.folder);
    assert_int_equal(connect_to(other, &client), -LK_ERR_NOT_FOUND);
    snprintf(other, sizeof(other), "%s/link", broker.folder);
    assert_int_equal(symlink("host", other), 0);
    assert_int_equal(connect_to(other, &client), -LK_ERR_LINK);
    unlink(other);
    assert_int_equal(symlink(".", other), 0);
    snprintf(other, sizeof(other), "%s/link/host", broker.folder);
    assert_int_equal(connect_to(other, &client), -LK_ERR_LINK);
    snprintf(other, sizeof(other), "%s/link", broker.folder);
    unlink(other);
    snprintf(other, sizeof(other), "%s/../%s/host", broker.folder, broker.folder + 5);
    assert_int_equal(connect_to(other, &client), -LK_ERR_RANGE);
    assert_int_equal(connect_to("host", &client), -LK_ERR_RANGE);
    assert_int_equal(connect_to("/etc/passwd", &client), -LK_ERR_NOT_REGULAR);
    assert_int_equal(connect_to("/etc/passwd/host", &client), -LK_ERR_NOT_FOUND);
    memset(other, 'a', sizeof(other));
    other[0] = '/';
    other[127] = '\0';
    assert_int_equal(connect_to(other, &client), -LK_ERR_TOO_BIG);
    /* Somebody else's folder: as the caller is told to be another uid. */
    assert_int_equal(lk_peer_check_path(broker.path, 12345, &owner),
                     geteuid() == 0 ? 0 : -LK_ERR_OWNER);
    if (geteuid() == 0) {
        assert_int_equal(chown(broker.folder, 12345, 0), 0);
        assert_int_equal(connect_to(broker.path, &client), -LK_ERR_OWNER);
        assert_int_equal(lk_peer_check_path(broker.path, 12345, &owner), 0);
        assert_int_equal(chown(broker.folder, 0, 0), 0);
    }
    assert_int_equal(connect_to(broker.path, &client), 0);
    assert_int_equal(fcntl(client.fd, F_GETFD), FD_CLOEXEC);
    lk_client_close(&client);
    fake_broker_stop(&broker);
}

/* The peer's uid: of a socket pair it is our own. */
static void test_peer_uid(void **state)
{
    int pair[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(lk_peer_check_socket(pair[0], geteuid()), 0);
    if (geteuid() == 0) {
        assert_int_equal(seteuid(12345), 0);
        close(pair[0]);
        close(pair[1]);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
        assert_int_equal(seteuid(0), 0);
        assert_int_equal(lk_peer_check_socket(pair[0], 12346), -LK_ERR_DENIED);
        assert_int_equal(lk_peer_check_socket(pair[0], 0), -LK_ERR_DENIED);
        assert_int_equal(lk_peer_check_socket(pair[0], 12345), 0);
    } else {
        assert_int_equal(lk_peer_check_socket(pair[0], geteuid() + 1), -LK_ERR_DENIED);
    }
    close(pair[0]);
    close(pair[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_login),
        cmocka_unit_test(test_verdict_before_close),
        cmocka_unit_test(test_nothing_but_the_verdict),
        cmocka_unit_test(test_cut_verdict),
        cmocka_unit_test(test_pin_not_offered),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_hello),
        cmocka_unit_test(test_who_is_the_broker),
        cmocka_unit_test(test_peer_uid),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
