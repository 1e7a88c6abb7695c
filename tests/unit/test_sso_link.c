/* SPDX-License-Identifier: EUPL-1.2 */
/* Links: what each end may receive, the hello, and that anything else ends the link before a handler sees it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "sso/common/link.h"

struct seen {
    int ready;
    int frames;
    int gone;
    int error;
    struct lk_loop *loop;
};

static void on_ready(struct lk_link *link)
{
    ((struct seen *)link->context)->ready++;
}

static int on_frame(struct lk_link *link, const struct lk_frame *frame)
{
    struct seen *seen = link->context;

    (void)frame;
    seen->frames++;
    lk_loop_stop(seen->loop);
    return 0;
}

static void on_gone(struct lk_link *link, int error)
{
    struct seen *seen = link->context;

    seen->gone++;
    seen->error = error;
    lk_loop_stop(seen->loop);
}

/* Sends bytes to a link of this end and runs the loop until a frame was handled or the link was over. */
static struct seen run(enum lk_link_end end, const struct lk_buf *bytes)
{
    struct seen seen = {0};
    struct lk_link link = {
        .end = end, .ready = on_ready, .frame = on_frame, .gone = on_gone, .context = &seen};
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(lk_loop_new(&lk_clock_system, &seen.loop), 0);
    assert_int_equal(lk_link_start(&link, seen.loop, ends[0]), 0);
    assert_int_equal(lk_frame_send(ends[1], lk_buf_view(bytes)), 0);
    assert_int_equal(lk_loop_run(seen.loop), 0);
    assert_int_equal(lk_link_up(&link), seen.gone == 0);
    lk_link_stop(&link);
    lk_link_stop(&link);
    close(ends[1]);
    seen.loop = lk_loop_free(seen.loop);
    return seen;
}

static void put_hello(struct lk_buf *buf, enum lk_role_socket role)
{
    const struct lk_hello hello = {
        .lowest = LK_PROTOCOL_VERSION, .highest = LK_PROTOCOL_VERSION, .role = role};

    assert_int_equal(lk_hello_encode(buf, &hello), 0);
}

static void put_empty(struct lk_buf *buf, enum lk_message type, uint32_t request)
{
    size_t start;

    lk_frame_begin(buf, type, request, &start);
    assert_int_equal(lk_frame_end(buf, start), 0);
}

/* Every end against every type there is: handled if it stands in the table, the end of the link if not. */
static void test_table(void **state)
{
    (void)state;
    for (int end = LK_LINK_ISSUER_FROM_WEB; end <= LK_LINK_ISSUER_FROM_BROKER; end++) {
        for (int type = 2; type < 200; type++) {
            struct lk_buf buf = LK_BUF_INIT(LK_FRAME_MAX);
            bool permitted = lk_link_permits((enum lk_link_end)end, (enum lk_message)type);
            struct seen seen;

            put_hello(&buf, lk_link_role((enum lk_link_end)end));
            put_empty(&buf, (enum lk_message)type, 1);
            seen = run((enum lk_link_end)end, &buf);
            assert_int_equal(seen.ready, 1);
            assert_int_equal(seen.frames, permitted);
            assert_int_equal(seen.gone, !permitted);
            lk_buf_clear(&buf);
        }
    }
}

/* What the web process may say is exactly this: whoever adds a row here adds a power to the network. */
static void test_web_has_seven(void **state)
{
    int count = 0;

    (void)state;
    for (int type = 1; type < 65536; type++)
        count += lk_link_permits(LK_LINK_ISSUER_FROM_WEB, (enum lk_message)type);
    assert_int_equal(count, 7);
    assert_false(lk_link_permits(LK_LINK_ISSUER_FROM_WEB, LK_MESSAGE_SSO_ATTEMPTED));
    assert_false(lk_link_permits(LK_LINK_ISSUER_FROM_WEB, LK_MESSAGE_GATEWAY_VERDICT));
}

static void test_hello(void **state)
{
    struct lk_buf buf = LK_BUF_INIT(LK_FRAME_MAX);

    (void)state;
    /* Another role. */
    put_hello(&buf, LK_SOCKET_SSO_WORKER);
    assert_int_equal(run(LK_LINK_ISSUER_FROM_WEB, &buf).error, -LK_ERR_UNEXPECTED);
    /* Twice. */
    lk_buf_reset(&buf);
    put_hello(&buf, LK_SOCKET_SSO_WEB);
    put_hello(&buf, LK_SOCKET_SSO_WEB);
    assert_int_equal(run(LK_LINK_ISSUER_FROM_WEB, &buf).error, -LK_ERR_UNEXPECTED);
    /* A question before it. */
    lk_buf_reset(&buf);
    put_empty(&buf, LK_MESSAGE_SSO_METRICS, 1);
    assert_int_equal(run(LK_LINK_ISSUER_FROM_WEB, &buf).error, -LK_ERR_UNEXPECTED);
    lk_buf_clear(&buf);
}

static void test_requests_are_never_zero(void **state)
{
    struct lk_link link = {.last_request = INT32_MAX - 1};

    (void)state;
    assert_int_equal(lk_link_request(&link), INT32_MAX);
    assert_int_equal(lk_link_request(&link), 1);
    assert_int_equal(lk_link_request(&link), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_web_has_seven),
        cmocka_unit_test(test_hello),
        cmocka_unit_test(test_requests_are_never_zero),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
