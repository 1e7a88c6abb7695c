/* SPDX-License-Identifier: EUPL-1.2 */
/* What the broker does with bytes it does not expect: the connection closes, nothing else changes, and the next login works. */
#include "rig.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct house house;
static struct rig rig;
static struct agent_key alice;

static int begin(void **state)
{
    (void)state;
    house_begin(&house,
                "[policy]\nhost_user_verification = discouraged\nattempts_per_minute = 600\n");
    house_admit(&house, "alice", LK_KIND_HOST, &alice);
    house_close(&house);
    rig_start(&rig, &house);
    return 0;
}

static int end(void **state)
{
    (void)state;
    rig_stop(&rig);
    agent_key_free(&alice);
    house_end(&house);
    return 0;
}

static void still_serves(void)
{
    assert_int_equal(rig_login(&rig, "alice", &alice, LK_FLAG_UP), LK_REASON_NONE);
}

/* Sends these bytes on a fresh connection, after hello or instead of it; it must close without a word. */
static void closes(const char *socket, bool hello, struct lk_view bytes)
{
    struct peer peer;

    if (hello)
        peer_open(&rig, socket, &peer);
    else
        peer_connect(&rig, socket, &peer);
    (void)send(peer.fd, bytes.data, bytes.len, MSG_NOSIGNAL);
    assert_true(peer_closed(&peer, RIG_WAIT_MS));
    peer_close(&peer);
}

static void closes_buf(const char *socket, bool hello, struct lk_buf *buf)
{
    assert_int_equal(lk_buf_error(buf), 0);
    closes(socket, hello, lk_buf_view(buf));
    lk_buf_reset(buf);
}

static void hello_rules(void **state)
{
    struct lk_hello hello = {LK_PROTOCOL_VERSION, LK_PROTOCOL_VERSION, LK_SOCKET_HOST};
    struct lk_buf out = LK_BUF_INIT(LK_FRAME_MAX);
    size_t start;

    (void)state;
    /* another role */
    hello.role = LK_SOCKET_DESK;
    assert_int_equal(lk_hello_encode(&out, &hello), 0);
    closes_buf("host", false, &out);
    /* only versions that are not spoken */
    hello = (struct lk_hello){LK_PROTOCOL_VERSION + 1, LK_PROTOCOL_VERSION + 9, LK_SOCKET_HOST};
    assert_int_equal(lk_hello_encode(&out, &hello), 0);
    closes_buf("host", false, &out);
    /* a second one */
    hello = (struct lk_hello){LK_PROTOCOL_VERSION, LK_PROTOCOL_VERSION, LK_SOCKET_HOST};
    assert_int_equal(lk_hello_encode(&out, &hello), 0);
    closes_buf("host", true, &out);
    /* none, but a request */
    assert_int_equal(lk_cancel_encode(&out, 1), 0);
    closes_buf("host", false, &out);
    /* bytes behind its last field */
    lk_frame_begin(&out, LK_MESSAGE_HELLO, 0, &start);
    lk_buf_put_u16(&out, LK_PROTOCOL_VERSION);
    lk_buf_put_u16(&out, LK_PROTOCOL_VERSION);
    lk_buf_put_u8(&out, LK_SOCKET_HOST);
    lk_buf_put_u8(&out, 0);
    assert_int_equal(lk_frame_end(&out, start), 0);
    closes_buf("host", false, &out);
    lk_buf_clear(&out);
    still_serves();
}

/* Four kilobytes without a whole hello. */
static void long_before_hello(void **state)
{
    uint8_t bytes[LK_FRAME_BEFORE_HELLO + 1] = {0};

    (void)state;
    bytes[2] = 0xff; /* a frame of 65,280 bytes begins */
    closes("host", false, LK_VIEW(bytes, sizeof(bytes)));
    still_serves();
}

static void garbage(void **state)
{
    static const char *const sockets[] = {"host", "desk", "gateway"};
    uint32_t seed = 20261122;

    (void)state;
    for (int round = 0; round < 60; round++) {
        uint8_t bytes[600];
        size_t len = 1 + test_random(&seed) % sizeof(bytes);
        struct peer peer;

        for (size_t i = 0; i < len; i++)
            bytes[i] = (uint8_t)test_random(&seed);
        /* A length that is never completed would only be waited for: these are to be refused at once. */
        bytes[0] = 0x7f;
        if (len < 4)
            continue;
        peer_open(&rig, sockets[round % 3], &peer);
        (void)send(peer.fd, bytes, len, MSG_NOSIGNAL);
        assert_true(peer_closed(&peer, RIG_WAIT_MS));
        peer_close(&peer);
    }
    still_serves();
}

/* Every message of the list but the permitted ones, empty, on every socket. */
static void wrong_messages(void **state)
{
    static const struct {
        const char *socket;
        enum lk_message permitted[2];
    } rows[] = {{"host", {LK_MESSAGE_CANCEL, 0}}, {"gateway", {0, 0}}};
    struct lk_buf out = LK_BUF_INIT(64);

    (void)state;
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        for (unsigned type = 0; type < 140; type++) {
            size_t start;

            if (type == rows[row].permitted[0] || type == rows[row].permitted[1])
                continue;
            lk_frame_begin(&out, (enum lk_message)type, 1, &start);
            assert_int_equal(lk_frame_end(&out, start), 0);
            closes_buf(rows[row].socket, true, &out);
        }
    }
    lk_buf_clear(&out);
    still_serves();
}

static void login_bytes(struct lk_buf *out)
{
    struct lk_login_request login = {.name = "alice", .service = "sudo", .tty = "tty1"};

    assert_int_equal(lk_login_request_encode(out, 7, &login), 0);
}

/* The true request with one byte more, one less, and said twice. */
static void login_shape(void **state)
{
    struct lk_buf out = LK_BUF_INIT(LK_FRAME_MAX);
    struct peer peer;
    uint32_t ceremony;

    (void)state;
    login_bytes(&out);
    lk_buf_set_u32(&out, 0, (uint32_t)out.len - 4 + 1);
    lk_buf_put_u8(&out, 0);
    closes_buf("host", true, &out);
    login_bytes(&out);
    lk_buf_set_u32(&out, 0, (uint32_t)out.len - 4 - 1);
    out.len--;
    closes_buf("host", true, &out);
    /* twice: the ceremony of the first ends with the connection */
    peer_open(&rig, "host", &peer);
    login_bytes(&out);
    login_bytes(&out);
    peer_send(&peer, &out);
    ceremony = device_started(&rig);
    device_stopped(&rig, ceremony);
    assert_true(peer_closed(&peer, RIG_WAIT_MS));
    peer_close(&peer);
    lk_buf_clear(&out);
    still_serves();
}

/* A PIN that nobody asked for. A CANCEL that comes late is nothing. */
static void pin_and_cancel(void **state)
{
    struct lk_buf out;
    struct peer peer;
    uint32_t ceremony;

    (void)state;
    lk_buf_init_secret(&out, 256);
    assert_int_equal(lk_pin_encode(&out, 7, LK_VIEW((const uint8_t *)"123456", 6)), 0);
    closes_buf("host", true, &out);
    peer_open(&rig, "host", &peer);
    assert_int_equal(lk_cancel_encode(&out, 7), 0);
    peer_send(&peer, &out);
    login_send(&peer, "alice", "sudo", 0, 9);
    ceremony = device_started(&rig);
    assert_int_equal(lk_cancel_encode(&out, 7), 0);
    peer_send(&peer, &out);
    device_stopped(&rig, ceremony);
    assert_int_equal(login_verdict(&peer, 9, NULL), LK_REASON_CANCELLED);
    assert_true(peer_closed(&peer, RIG_WAIT_MS));
    peer_close(&peer);
    lk_buf_clear(&out);
    still_serves();
}

/* One byte at a time is the same message. */
static void slowly(void **state)
{
    struct lk_hello hello = {LK_PROTOCOL_VERSION, LK_PROTOCOL_VERSION, LK_SOCKET_HOST};
    struct lk_buf out = LK_BUF_INIT(LK_FRAME_MAX);
    struct lk_frame frame;
    struct peer peer;
    uint32_t ceremony;

    (void)state;
    assert_int_equal(lk_hello_encode(&out, &hello), 0);
    login_bytes(&out);
    peer_connect(&rig, "host", &peer);
    for (size_t i = 0; i < out.len; i++) {
        assert_int_equal(send(peer.fd, out.data + i, 1, MSG_NOSIGNAL), 1);
        (void)poll(NULL, 0, 1);
    }
    peer_expect(&peer, LK_MESSAGE_HELLO, &frame);
    ceremony = device_started(&rig);
    peer_close(&peer);
    device_stopped(&rig, ceremony);
    lk_buf_clear(&out);
    still_serves();
}

/* More connections than one uid gets: for root the places of the table, for others eight. Those that have one keep it. */
static void flood(void **state)
{
    enum { MANY = 1200 };
    struct peer *peers = calloc(MANY, sizeof(*peers));
    size_t refused = 0;

    (void)state;
    assert_non_null(peers);
    for (size_t i = 0; i < MANY; i++)
        peer_connect(&rig, "host", &peers[i]);
    /* The last ones are refused; those before wait for their hello and have seconds for it. */
    (void)peer_closed(&peers[MANY - 1], RIG_WAIT_MS);
    for (size_t i = 0; i < MANY; i++)
        refused += peer_closed(&peers[i], 0);
    for (size_t i = 0; i < MANY; i++)
        peer_close(&peers[i]);
    assert_true(refused >= (geteuid() == 0 ? MANY - 1024 : MANY - 8));
    free(peers);
    (void)poll(NULL, 0, 200);
    still_serves();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hello_rules), cmocka_unit_test(long_before_hello),
        cmocka_unit_test(garbage),     cmocka_unit_test(wrong_messages),
        cmocka_unit_test(login_shape), cmocka_unit_test(pin_and_cancel),
        cmocka_unit_test(slowly),      cmocka_unit_test(flood),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
