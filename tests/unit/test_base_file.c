/* SPDX-License-Identifier: EUPL-1.2 */
/* Files: who may own them, what stands in their path, how they are replaced. Works in a folder of its own below TMPDIR. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"

static char folder[] = "/tmp/latchkey-test-XXXXXX";
static struct lk_file_rule rule;

static const char *in_folder(const char *name)
{
    static char paths[4][128];
    static unsigned int next;
    char *path = paths[next++ % 4];

    (void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, mode_t mode, const char *text)
{
    int fd = open(in_folder(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(lk_fd_write_all(fd, LK_VIEW((const uint8_t *)text, strlen(text))), 0);
    assert_int_equal(close(fd), 0);
}

static void expect_open(const char *name, bool parents, int expected)
{
    struct lk_file_rule with = rule;
    int fd = -1;

    with.check_parents = parents;
    assert_int_equal(lk_file_open(in_folder(name), &with, &fd), expected);
    assert_true(expected == 0 ? fd >= 0 : fd == -1);
    if (fd >= 0)
        assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    lk_fd_close(&fd);
    assert_int_equal(fd, -1);
}

static void test_open(void **state)
{
    int fd = -1;

    (void)state;
    write_file("good", 0644, "x");
    write_file("loose", 0664, "x");
    assert_int_equal(mkdir(in_folder("sub"), 0755), 0);
    write_file("sub/good", 0600, "x");
    assert_int_equal(mkdir(in_folder("open"), 0755), 0);
    write_file("open/good", 0600, "x");
    assert_int_equal(chmod(in_folder("open"), 0777), 0);
    assert_int_equal(symlink("good", in_folder("link")), 0);
    assert_int_equal(symlink("sub", in_folder("sublink")), 0);
    assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0);
    for (int parents = 0; parents < 2; parents++) {
        expect_open("good", parents, 0);
        expect_open("sub/good", parents, 0);
        expect_open("loose", parents, -LK_ERR_MODE);
        expect_open("link", parents, -LK_ERR_LINK);
        expect_open("sublink/good", parents, -LK_ERR_LINK);
        expect_open("none", parents, -LK_ERR_NOT_FOUND);
        expect_open("none/good", parents, -LK_ERR_NOT_FOUND);
        expect_open("good/good", parents, -LK_ERR_NOT_FOUND);
        expect_open("pipe", parents, -LK_ERR_NOT_REGULAR);
        expect_open("sub", parents, -LK_ERR_NOT_REGULAR);
    }
    expect_open("open/good", false, 0);
    expect_open("open/good", true, -LK_ERR_MODE);
    assert_int_equal(lk_file_open("good", &rule, &fd), -LK_ERR_UNEXPECTED);
}

static void test_owner(void **state)
{
    struct lk_file_rule other = rule;
    int fd = -1;

    (void)state;
    if (geteuid() != 0)
        skip();
    write_file("foreign", 0644, "x");
    assert_int_equal(chown(in_folder("foreign"), 12345, 0), 0);
    expect_open("foreign", false, -LK_ERR_OWNER);
    other.owner = 12345;
    assert_int_equal(lk_file_open(in_folder("foreign"), &other, &fd), 0);
    lk_fd_close(&fd);
    assert_int_equal(mkdir(in_folder("foreigner"), 0755), 0);
    write_file("foreigner/good", 0644, "x");
    assert_int_equal(chown(in_folder("foreigner"), 12345, 0), 0);
    expect_open("foreigner/good", false, 0);
    expect_open("foreigner/good", true, -LK_ERR_OWNER);
    assert_int_equal(lk_folder_make(in_folder("foreigner"), 0700), -LK_ERR_OWNER);
}

static void test_read(void **state)
{
    struct lk_buf buf = LK_BUF_INIT(0);

    (void)state;
    write_file("text", 0600, "0123456789");
    assert_int_equal(lk_file_read(in_folder("text"), &rule, 10, &buf), 0);
    assert_int_equal(buf.len, 10);
    assert_memory_equal(buf.data, "0123456789", 10);
    lk_buf_clear(&buf);
    assert_int_equal(lk_file_read(in_folder("text"), &rule, 9, &buf), -LK_ERR_TOO_BIG);
    assert_int_equal(buf.len, 0);
    assert_null(buf.data);
    write_file("empty", 0600, "");
    assert_int_equal(lk_file_read(in_folder("empty"), &rule, 0, &buf), 0);
    assert_int_equal(buf.len, 0);
    assert_int_equal(lk_file_read(in_folder("absent"), &rule, 9, &buf), -LK_ERR_NOT_FOUND);
    lk_buf_clear(&buf);
}

static void expect_content(const char *name, const char *text)
{
    struct lk_buf buf = LK_BUF_INIT(0);

    assert_int_equal(lk_file_read(in_folder(name), &rule, 100, &buf), 0);
    assert_int_equal(buf.len, strlen(text));
    assert_memory_equal(buf.data, text, buf.len);
    lk_buf_clear(&buf);
}

static void test_replace(void **state)
{
    struct stat status;

    (void)state;
    assert_int_equal(lk_file_replace(in_folder("mark"), 0640, LK_VIEW((const uint8_t *)"one", 3)),
                     0);
    expect_content("mark", "one");
    assert_int_equal(stat(in_folder("mark"), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0640);
    /* What a killed writer left behind is used again. */
    write_file(".mark.new", 0600, "left behind and longer");
    assert_int_equal(lk_file_replace(in_folder("mark"), 0600, LK_VIEW((const uint8_t *)"two!", 4)),
                     0);
    expect_content("mark", "two!");
    assert_int_equal(access(in_folder(".mark.new"), F_OK), -1);
    /* A link put in its place is not followed. */
    write_file("victim", 0600, "victim");
    assert_int_equal(symlink("victim", in_folder(".mark.new")), 0);
    assert_int_equal(lk_file_replace(in_folder("mark"), 0600, LK_VIEW((const uint8_t *)"three", 5)),
                     -LK_ERR_LINK);
    assert_int_equal(unlink(in_folder(".mark.new")), 0);
    expect_content("victim", "victim");
    expect_content("mark", "two!");
    assert_int_equal(lk_file_replace(in_folder("none/mark"), 0600, LK_VIEW(NULL, 0)),
                     -LK_ERR_NOT_FOUND);
    assert_int_equal(lk_file_replace("mark", 0600, LK_VIEW(NULL, 0)), -LK_ERR_UNEXPECTED);
    assert_int_equal(lk_file_replace(in_folder("sub/"), 0600, LK_VIEW(NULL, 0)),
                     -LK_ERR_UNEXPECTED);
}

/* Two writers at once: every content that is ever seen is one that somebody wrote whole. */
static void test_replace_in_parallel(void **state)
{
    pid_t children[2];

    (void)state;
    assert_int_equal(
        lk_file_replace(in_folder("shared"), 0600, LK_VIEW((const uint8_t *)"aaaaaaaa", 8)), 0);
    for (int i = 0; i < 2; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            for (int j = 0; j < 100; j++)
                if (lk_file_replace(in_folder("shared"), 0600,
                                    LK_VIEW((const uint8_t *)(i == 0 ? "aaaaaaaa" : "bbbb"),
                                            i == 0 ? 8 : 4)) != 0)
                    _exit(1);
            _exit(0);
        }
    }
    for (int j = 0; j < 200; j++) {
        struct lk_buf buf = LK_BUF_INIT(0);

        assert_int_equal(lk_file_read(in_folder("shared"), &rule, 100, &buf), 0);
        if (buf.len == 8)
            assert_memory_equal(buf.data, "aaaaaaaa", 8);
        else
            assert_true(lk_view_equal(lk_buf_view(&buf), LK_VIEW((const uint8_t *)"bbbb", 4)));
        lk_buf_clear(&buf);
    }
    for (int i = 0; i < 2; i++) {
        int status = 0;

        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
}

static void test_full_disk(void **state)
{
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(lk_fd_write_all(fd, LK_VIEW((const uint8_t *)"x", 1)), -LK_ERR_FULL);
    lk_fd_close(&fd);
    fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_int_equal(lk_fd_write_all(fd, LK_VIEW((const uint8_t *)"x", 1)), -LK_ERR_IO);
    lk_fd_close(&fd);
}

static void test_peer_gone(void **state)
{
    int pair[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    lk_fd_close(&pair[1]);
    /* No handler is set: a SIGPIPE would end this program. */
    assert_int_equal(lk_fd_write_all(pair[0], LK_VIEW((const uint8_t *)"x", 1)), -LK_ERR_CLOSED);
    lk_fd_close(&pair[0]);
}

static void test_folder(void **state)
{
    struct stat status;
    mode_t mask = umask(077);

    (void)state;
    assert_int_equal(lk_folder_make(in_folder("made"), 0755), 0);
    (void)umask(mask);
    assert_int_equal(stat(in_folder("made"), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0755);
    assert_int_equal(lk_folder_make(in_folder("made"), 0700), 0);
    assert_int_equal(chmod(in_folder("made"), 0775), 0);
    assert_int_equal(lk_folder_make(in_folder("made"), 0700), -LK_ERR_MODE);
    assert_int_equal(lk_folder_make(in_folder("made"), 0770), 0);
    assert_int_equal(symlink("made", in_folder("madelink")), 0);
    assert_int_equal(lk_folder_make(in_folder("madelink"), 0700), -LK_ERR_LINK);
    write_file("file", 0600, "x");
    assert_int_equal(lk_folder_make(in_folder("file"), 0700), -LK_ERR_NOT_REGULAR);
    assert_int_equal(lk_folder_make(in_folder("none/x"), 0700), -LK_ERR_NOT_FOUND);
}

static int make_folder(void **state)
{
    (void)state;
    rule = (struct lk_file_rule){.owner = geteuid(), .forbidden = 022};
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        execl("/bin/rm", "rm", "-rf", folder, (char *)NULL);
        _exit(127);
    }
    return waitpid(child, NULL, 0) != child;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open),
        cmocka_unit_test(test_owner),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_replace),
        cmocka_unit_test(test_replace_in_parallel),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_peer_gone),
        cmocka_unit_test(test_folder),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
