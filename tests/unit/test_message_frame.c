/* SPDX-License-Identifier: EUPL-1.2 */
/* Frames: lengths, hello, delivery in pieces over a socket, deadlines, descriptors, a full buffer. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "message/host.h"

static void put_frame(struct lk_buf *buf, uint32_t request, size_t payload)
{
    size_t start;

    lk_frame_begin(buf, LK_MESSAGE_EVENT, request, &start);
    for (size_t i = 0; i < payload; i++)
        lk_buf_put_u8(buf, (uint8_t)i);
    assert_int_equal(lk_frame_end(buf, start), 0);
}

static void test_next(void **state)
{
    struct lk_buf buf = LK_BUF_INIT(4 * LK_FRAME_MAX);
    struct lk_frame frame;
    size_t size;
    static const uint8_t known[] = {0, 0, 0, 7, 0, 17, 0, 0, 1, 2, 0};

    (void)state;
    put_frame(&buf, 258, 1);
    assert_int_equal(buf.len, sizeof(known));
    assert_memory_equal(buf.data, known, sizeof(known));
    put_frame(&buf, 3, 0);
    for (size_t len = 0; len < 11; len++)
        assert_int_equal(lk_frame_next(LK_VIEW(buf.data, len), &frame, &size), -LK_ERR_TRUNCATED);
    assert_int_equal(lk_frame_next(lk_buf_view(&buf), &frame, &size), 0);
    assert_int_equal(size, 11);
    assert_int_equal(frame.payload.len, 1);
    lk_buf_consume(&buf, size);
    assert_int_equal(lk_frame_next(lk_buf_view(&buf), &frame, &size), 0);
    assert_int_equal(frame.request, 3);
    assert_int_equal(frame.payload.len, 0);
    lk_buf_clear(&buf);
}

static void test_bounds(void **state)
{
    struct lk_buf buf = LK_BUF_INIT(4 * LK_FRAME_MAX);
    struct lk_frame frame;
    size_t size;
    size_t start;
    uint8_t header[4] = {0, 0, 0, 5};

    (void)state;
    assert_int_equal(lk_frame_next(LK_VIEW(header, 4), &frame, &size), -LK_ERR_RANGE);
    memcpy(header, (const uint8_t[]){0, 0, 0xff, 0xfd}, 4);
    assert_int_equal(lk_frame_next(LK_VIEW(header, 4), &frame, &size), -LK_ERR_TOO_BIG);
    header[3] = 0xfc;
    assert_int_equal(lk_frame_next(LK_VIEW(header, 4), &frame, &size), -LK_ERR_TRUNCATED);
    put_frame(&buf, 1, LK_FRAME_MAX - LK_FRAME_HEADER);
    assert_int_equal(buf.len, LK_FRAME_MAX);
    assert_int_equal(lk_frame_next(lk_buf_view(&buf), &frame, &size), 0);
    lk_frame_begin(&buf, LK_MESSAGE_EVENT, 2, &start);
    assert_non_null(lk_buf_reserve(&buf, LK_FRAME_MAX - LK_FRAME_HEADER + 1));
    assert_int_equal(lk_frame_end(&buf, start), -LK_ERR_TOO_BIG);
    assert_int_equal(buf.len, LK_FRAME_MAX);
    assert_int_equal(lk_buf_error(&buf), 0);
    lk_buf_clear(&buf);
}

/* A message that does not fit the buffer leaves no half of itself behind. */
static void test_full_buffer(void **state)
{
    struct lk_event_message event = {.event = LK_EVENT_TOUCH, .detail = "0123456789"};

    (void)state;
    for (size_t max = 0; max < 24; max++) {
        struct lk_buf buf = LK_BUF_INIT(max);

        assert_int_equal(lk_event_encode(&buf, 1, &event), -LK_ERR_TOO_BIG);
        assert_int_equal(buf.len, 0);
        lk_buf_clear(&buf);
    }
}

static void test_hello(void **state)
{
    struct lk_hello hello = {.lowest = 1, .highest = 9, .role = LK_SOCKET_HOST};
    uint16_t version = 0;
    uint8_t bytes[5] = {0, 1, 0, 1, 11};

    (void)state;
    assert_int_equal(lk_hello_agree(&hello, &version), 0);
    assert_int_equal(version, LK_PROTOCOL_VERSION);
    hello.lowest = LK_PROTOCOL_VERSION + 1;
    assert_int_equal(lk_hello_agree(&hello, &version), -LK_ERR_VERSION);
    hello = (struct lk_hello){.lowest = 0, .highest = 0, .role = LK_SOCKET_HOST};
    assert_int_equal(lk_hello_agree(&hello, &version), -LK_ERR_VERSION);
    assert_int_equal(lk_hello_decode(LK_VIEW(bytes, 5), &hello), -LK_ERR_RANGE);
    memcpy(bytes, (const uint8_t[]){0, 2, 0, 1, 1}, 5);
    assert_int_equal(lk_hello_decode(LK_VIEW(bytes, 5), &hello), -LK_ERR_RANGE);
}

static void make_pair(int pair[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
}

/* Byte by byte, in every split into two, and with another frame directly behind. */
static void test_split_delivery(void **state)
{
    struct lk_buf bytes = LK_BUF_INIT(4096);
    struct lk_frame frame;
    size_t size;

    (void)state;
    put_frame(&bytes, 1, 30);
    put_frame(&bytes, 2, 3);
    for (size_t cut = 1; cut < bytes.len; cut++) {
        struct lk_buf in = LK_BUF_INIT(LK_FRAME_MAX);
        int pair[2];
        int r;

        make_pair(pair);
        assert_int_equal(lk_frame_send(pair[0], LK_VIEW(bytes.data, cut)), 0);
        r = lk_frame_receive(pair[1], &in, 0, &frame, &size);
        assert_int_equal(r, cut < 40 ? -LK_ERR_TIMEOUT : 0);
        assert_int_equal(lk_frame_send(pair[0], LK_VIEW(bytes.data + cut, bytes.len - cut)), 0);
        if (r != 0)
            assert_int_equal(lk_frame_receive(pair[1], &in, 1000, &frame, &size), 0);
        assert_int_equal(frame.request, 1);
        assert_int_equal(size, 40);
        lk_buf_consume(&in, size);
        assert_int_equal(lk_frame_receive(pair[1], &in, 1000, &frame, &size), 0);
        assert_int_equal(frame.request, 2);
        lk_buf_consume(&in, size);
        close(pair[0]);
        assert_int_equal(lk_frame_receive(pair[1], &in, 1000, &frame, &size), -LK_ERR_CLOSED);
        close(pair[1]);
        lk_buf_clear(&in);
    }
    lk_buf_clear(&bytes);
}

static void test_deadline_and_hostile_length(void **state)
{
    struct lk_buf in = LK_BUF_INIT(LK_FRAME_MAX);
    static const uint8_t huge[] = {0x7f, 0xff, 0xff, 0xff};
    int64_t before = lk_clock_monotonic_ms(&lk_clock_system);
    struct lk_frame frame;
    size_t size;
    int64_t waited;
    int pair[2];

    (void)state;
    make_pair(pair);
    assert_int_equal(lk_frame_receive(pair[1], &in, 60, &frame, &size), -LK_ERR_TIMEOUT);
    waited = lk_clock_monotonic_ms(&lk_clock_system) - before;
    assert_in_range(waited, 59, 1000);
    assert_int_equal(lk_frame_send(pair[0], LK_VIEW(huge, 4)), 0);
    assert_int_equal(lk_frame_receive(pair[1], &in, 1000, &frame, &size), -LK_ERR_TOO_BIG);
    assert_int_equal(in.len, 4);
    close(pair[0]);
    close(pair[1]);
    lk_buf_clear(&in);
}

/* SIGPIPE has its default disposition here: raising it would end the test. */
static void test_send_to_closed(void **state)
{
    static const uint8_t byte = 0;
    int pair[2];

    (void)state;
    make_pair(pair);
    close(pair[1]);
    assert_int_equal(lk_frame_send(pair[0], LK_VIEW(&byte, 1)), -LK_ERR_CLOSED);
    close(pair[0]);
}

static int descriptors_open(void)
{
    int count = 0;

    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void test_descriptor(void **state)
{
    struct lk_buf bytes = LK_BUF_INIT(4096);
    struct lk_buf in = LK_BUF_INIT(LK_FRAME_MAX);
    int before = descriptors_open();
    struct stat sent;
    struct stat got;
    struct lk_frame frame;
    size_t size;
    int pair[2];
    int fd = -1;

    (void)state;
    make_pair(pair);
    put_frame(&bytes, 1, 5);
    /* A plain frame stands before the one with the descriptor: it must not be given to the first. */
    assert_int_equal(lk_frame_send(pair[0], lk_buf_view(&bytes)), 0);
    assert_int_equal(lk_frame_send_fd(pair[0], lk_buf_view(&bytes), pair[0]), 0);
    assert_int_equal(lk_frame_receive_fd(pair[1], &in, 1000, &frame, &size, &fd), 0);
    assert_int_equal(fd, -1);
    lk_buf_consume(&in, size);
    assert_int_equal(lk_frame_receive_fd(pair[1], &in, 1000, &frame, &size, &fd), 0);
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(fstat(pair[0], &sent), 0);
    assert_int_equal(fstat(fd, &got), 0);
    assert_int_equal(sent.st_ino, got.st_ino);
    lk_buf_consume(&in, size);
    close(fd);
    /* Nobody asked for one: it is not even taken in. */
    assert_int_equal(lk_frame_send_fd(pair[0], lk_buf_view(&bytes), pair[0]), 0);
    assert_int_equal(lk_frame_receive(pair[1], &in, 1000, &frame, &size), 0);
    close(pair[0]);
    close(pair[1]);
    assert_int_equal(descriptors_open(), before);
    lk_buf_clear(&in);
    lk_buf_clear(&bytes);
}

static void send_descriptors(int to, const struct lk_buf *bytes, int passed, size_t count)
{
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(sizeof(int) * 32)];
    } control = {0};
    struct iovec part = {.iov_base = bytes->data, .iov_len = bytes->len};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.space};
    struct cmsghdr *item;

    message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
    item = CMSG_FIRSTHDR(&message);
    item->cmsg_level = SOL_SOCKET;
    item->cmsg_type = SCM_RIGHTS;
    item->cmsg_len = CMSG_LEN(sizeof(int) * count);
    for (size_t i = 0; i < count; i++)
        memcpy(CMSG_DATA(item) + i * sizeof(int), &passed, sizeof(int));
    assert_int_equal(sendmsg(to, &message, MSG_NOSIGNAL), (ssize_t)bytes->len);
}

/* Two, and more than there is room for: none stays open. */
static void test_too_many_descriptors(void **state)
{
    static const size_t counts[] = {2, 8, 9, 32};
    struct lk_buf bytes = LK_BUF_INIT(4096);
    int before = descriptors_open();

    (void)state;
    put_frame(&bytes, 1, 5);
    for (size_t i = 0; i < 4; i++) {
        struct lk_buf in = LK_BUF_INIT(LK_FRAME_MAX);
        struct lk_frame frame;
        size_t size;
        int pair[2];
        int fd = -1;

        make_pair(pair);
        send_descriptors(pair[0], &bytes, pair[0], counts[i]);
        assert_int_equal(lk_frame_receive_fd(pair[1], &in, 1000, &frame, &size, &fd),
                         -LK_ERR_UNEXPECTED);
        assert_int_equal(fd, -1);
        close(pair[0]);
        close(pair[1]);
        assert_int_equal(descriptors_open(), before);
        lk_buf_clear(&in);
    }
    lk_buf_clear(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_next),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_full_buffer),
        cmocka_unit_test(test_hello),
        cmocka_unit_test(test_split_delivery),
        cmocka_unit_test(test_deadline_and_hostile_length),
        cmocka_unit_test(test_send_to_closed),
        cmocka_unit_test(test_descriptor),
        cmocka_unit_test(test_too_many_descriptors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
