/* SPDX-License-Identifier: EUPL-1.2 */
/* latchkey-names as the broker meets it: greeting, questions, bad frames, end with the link. Asks the name service of this machine for names that every Debian has. */
#include <poll.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "message/names.h"

enum { WAIT_MS = 10000 };

static pid_t names;
static int link_fd;
static struct lk_buf in;

static struct lk_frame next(void)
{
    struct lk_frame frame;
    size_t size = 0;

    lk_buf_reset(&in);
    assert_int_equal(lk_frame_receive(link_fd, &in, WAIT_MS, &frame, &size), 0);
    return frame;
}

static void send_bytes(struct lk_buf *out)
{
    assert_int_equal(lk_buf_error(out), 0);
    assert_int_equal(lk_frame_send(link_fd, lk_buf_view(out)), 0);
    lk_buf_clear(out);
}

static int up(void **state)
{
    struct lk_hello hello = {LK_PROTOCOL_VERSION, LK_PROTOCOL_VERSION, LK_SOCKET_NAMES};
    struct lk_buf out = LK_BUF_INIT(64);
    char program[512];
    int ends[2];

    (void)state;
    snprintf(program, sizeof(program), "%s/bin/latchkey-names", getenv("LK_BUILD_DIR"));
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    names = fork();
    if (names == 0) {
        dup2(ends[1], 3);
        execl(program, program, "--link", "3", (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    link_fd = ends[0];
    lk_buf_init(&in, LK_FRAME_MAX);
    assert_int_equal(next().type, LK_MESSAGE_HELLO);
    assert_int_equal(lk_hello_encode(&out, &hello), 0);
    send_bytes(&out);
    return 0;
}

/* Closes the link; the exit status. */
static int end(void)
{
    int status = 0;

    close(link_fd);
    lk_buf_clear(&in);
    assert_int_equal(waitpid(names, &status, 0), names);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static struct lk_name_result ask(const char *name, uint32_t request)
{
    struct lk_name_lookup lookup = {0};
    struct lk_name_result result;
    struct lk_buf out = LK_BUF_INIT(256);
    struct lk_frame frame;

    snprintf(lookup.name, sizeof(lookup.name), "%s", name);
    assert_int_equal(lk_name_lookup_encode(&out, request, &lookup), 0);
    send_bytes(&out);
    frame = next();
    assert_int_equal(frame.type, LK_MESSAGE_NAME_RESULT);
    assert_int_equal(frame.request, request);
    assert_int_equal(lk_name_result_decode(frame.payload, &result), 0);
    return result;
}

static void answers(void **state)
{
    struct lk_name_result result;

    (void)state;
    result = ask("root", 1);
    assert_int_equal(result.status, LK_NAME_FOUND);
    assert_int_equal(result.uid, 0);
    result = ask("daemon", 2);
    assert_int_equal(result.status, LK_NAME_FOUND);
    assert_int_equal(result.uid, getpwnam("daemon")->pw_uid);
    result = ask("nobody-has-this-name", 0xffffffff);
    assert_int_equal(result.status, LK_NAME_ABSENT);
    assert_int_equal(end(), 0);
}

static void bad_frames_end_it(void **state)
{
    static const uint8_t unknown[] = {0, 0, 0, 6, 0, LK_MESSAGE_DEVICE_START, 0, 0, 0, 1};

    (void)state;
    assert_int_equal(lk_frame_send(link_fd, LK_VIEW(unknown, sizeof(unknown))), 0);
    struct pollfd item = {.fd = link_fd, .events = POLLIN};
    uint8_t byte = 0;

    assert_int_equal(poll(&item, 1, WAIT_MS), 1);
    assert_true(read(link_fd, &byte, 1) <= 0);
    assert_int_equal(end(), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(answers, up),
        cmocka_unit_test_setup(bad_frames_end_it, up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
