/* SPDX-License-Identifier: EUPL-1.2 */
/* The stack of the gateway: one hidden prompt, one question to the broker, PAM_SUCCESS from its verdict for this very question only. */
#include <dlfcn.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "model/reason.h"
#include "pam_host.h"

#define ID "00112233445566778899aabbccddeeff"
#define PROVE                                                                                      \
    {.act = FAKE_ACCEPT}, {.act = FAKE_HELLO},                                                     \
    {                                                                                              \
        .act = FAKE_PROVE                                                                          \
    }

static const uint8_t id_bytes[LK_TRANSACTION_SIZE] = {
    0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};

static void test_success(void **state)
{
    static const struct fake_step script[] = {PROVE, {.act = FAKE_VERDICT}, HOST_STAY};
    struct pam_host host = {.arguments = "transaction", .answer = ID};

    (void)state;
    assert_int_equal(pam_host_run(&host, script), PAM_SUCCESS);
    assert_int_equal(host.broker.notes->connections, 1);
    assert_int_equal(host.broker.notes->role, LK_SOCKET_WORKER);
    assert_int_equal(host.broker.notes->logins, 0);
    assert_memory_equal(host.broker.notes->prove.transaction, id_bytes, sizeof(id_bytes));
    assert_string_equal(host.broker.notes->prove.name, "alice");
    /* One prompt, and nobody is told to touch anything. */
    assert_int_equal(host.count, 1);
    assert_int_equal(host.shown[0].style, PAM_PROMPT_ECHO_OFF);
    assert_string_equal(host.shown[0].text, "latchkey transaction: ");
}

/* Silence is the host's wish for words; the question is none. */
static void test_silent_and_remote(void **state)
{
    static const struct fake_step script[] = {PROVE, {.act = FAKE_VERDICT}, HOST_STAY};
    struct pam_host host = {
        .arguments = "transaction", .answer = ID, .flags = PAM_SILENT, .remote_host = "192.0.2.7"};

    (void)state;
    assert_int_equal(pam_host_run(&host, script), PAM_SUCCESS);
}

static void test_every_reason(void **state)
{
    unsigned known = 0;

    (void)state;
    for (uint32_t reason = 1; reason < 200; reason++) {
        const struct fake_step script[] = {
            PROVE, {.act = FAKE_VERDICT, .value = reason}, HOST_STAY};
        struct pam_host host = {.arguments = "transaction", .answer = ID};

        if (!lk_reason_known(reason) && reason != 199)
            continue;
        known++;
        assert_int_not_equal(pam_host_run(&host, script), PAM_SUCCESS);
        assert_int_equal(host.broker.notes->connections, 1);
        assert_string_equal(
            pam_host_last(&host, PAM_ERROR_MSG),
            lk_reason_text(lk_reason_known(reason) ? (enum lk_reason)reason : LK_REASON_PROTOCOL));
    }
    assert_true(known > 60);
}

/* What is no id never reaches the broker. */
static void test_answers(void **state)
{
    static const char *const answers[] = {
        NULL,
        "",
        "0",
        "00112233445566778899aabbccddeef",
        ID "0",
        ID " ",
        "00112233445566778899AABBCCDDEEFF",
        "g0112233445566778899aabbccddeeff",
        "0x112233445566778899aabbccddeeff",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaa",
    };
    static const struct fake_step script[] = {PROVE, {.act = FAKE_VERDICT}, HOST_STAY};

    (void)state;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        struct pam_host host = {.arguments = "transaction", .answer = answers[i]};

        assert_int_not_equal(pam_host_run(&host, script), PAM_SUCCESS);
        assert_int_equal(host.broker.notes->connections, 0);
    }
}

static void test_broken_answers_of_the_broker(void **state)
{
    static const struct fake_step wrong_nonce[] = {PROVE, {.act = FAKE_WRONG_NONCE}, HOST_STAY};
    static const struct fake_step wrong_request[] = {PROVE, {.act = FAKE_WRONG_REQUEST}, HOST_STAY};
    static const struct fake_step cut[] = {
        PROVE, {.act = FAKE_CUT_VERDICT, .value = 20}, {.act = FAKE_END}};
    static const struct fake_step trailing[] = {PROVE, {.act = FAKE_LONG_VERDICT}, HOST_STAY};
    static const struct fake_step event[] = {PROVE, HOST_TOUCH, {.act = FAKE_VERDICT}, HOST_STAY};
    static const struct fake_step gone[] = {PROVE, {.act = FAKE_END}};
    static const struct fake_step *const scripts[] = {wrong_nonce, wrong_request, cut,
                                                      trailing,    event,         gone};

    (void)state;
    for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
        struct pam_host host = {.arguments = "transaction", .answer = ID};

        assert_int_not_equal(pam_host_run(&host, scripts[i]), PAM_SUCCESS);
        /* The page has a way on; the module does not ask twice. */
        assert_int_equal(host.broker.notes->connections, 1);
    }
}

static void test_nobody_listens_and_silence(void **state)
{
    static const struct fake_step mute[] = {PROVE, {.act = FAKE_SLEEP, .value = 7000}, HOST_STAY};
    struct pam_host alone = {.arguments = "transaction", .answer = ID};
    struct pam_host hung = {.arguments = "transaction", .answer = ID};

    (void)state;
    assert_int_equal(pam_host_run(&alone, NULL), PAM_AUTHINFO_UNAVAIL);
    assert_int_equal(pam_host_run(&hung, mute), PAM_AUTHINFO_UNAVAIL);
}

static void rename_user(struct pam_host *host, pam_handle_t *pam)
{
    (void)host;
    assert_int_equal(pam_set_item(pam, PAM_USER, "mallory"), PAM_SUCCESS);
}

/* PAM_USER is what is asked for, whoever that is when the module runs. */
static void test_user_of_the_moment(void **state)
{
    static const struct fake_step script[] = {PROVE, {.act = FAKE_VERDICT}, HOST_STAY};
    struct pam_host host = {.arguments = "transaction", .answer = ID, .before = rename_user};

    (void)state;
    assert_int_equal(pam_host_run(&host, script), PAM_SUCCESS);
    assert_string_equal(host.broker.notes->prove.name, "mallory");
}

static void test_arguments(void **state)
{
    static const struct fake_step script[] = {PROVE, {.act = FAKE_VERDICT}, HOST_STAY};
    struct pam_host twice = {.arguments = "transaction transaction", .answer = ID};
    struct pam_host misspelt = {.arguments = "transactions", .answer = ID};

    (void)state;
    assert_int_equal(pam_host_run(&twice, script), PAM_SERVICE_ERR);
    assert_int_equal(pam_host_run(&misspelt, script), PAM_SERVICE_ERR);
    assert_int_equal(misspelt.broker.notes->connections, 0);
}

/* ---- the connection that a PAM worker keeps ---- */

#define AGAIN(reason)                                                                              \
    {.act = FAKE_PROVE},                                                                           \
    {                                                                                              \
        .act = FAKE_VERDICT, .value = (reason)                                                     \
    }

/* As the worker does it: then libpam does not unload the module. */
static void *module_load(void)
{
    char path[512];
    void *module;

    snprintf(path, sizeof(path), "%s/security/pam_latchkey.so", getenv("LK_BUILD_DIR"));
    module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    assert_non_null(module);
    return module;
}

static bool same_file(int fd, const struct stat *status)
{
    struct stat other;

    return fstat(fd, &other) == 0 && other.st_dev == status->st_dev &&
           other.st_ino == status->st_ino;
}

/* The descriptor of a socket that stands where the lowest free number was. */
static int socket_at(int fd)
{
    struct stat status;

    return fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode) ? fd : -1;
}

static int lowest_free(void)
{
    int fd = dup(STDERR_FILENO);

    assert_true(fd >= 0);
    close(fd);
    return fd;
}

/* In one broker's folder, one attempt after the other. */
static int attempt_again(struct pam_host *host)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/pam.d/lktest", host->broker.folder);
    (void)unlink(path);
    snprintf(path, sizeof(path), "%s/pam.d", host->broker.folder);
    (void)rmdir(path);
    return pam_host_run_on(host);
}

static void test_kept_while_loaded(void **state)
{
    static const struct fake_step script[] = {
        PROVE,    {.act = FAKE_VERDICT},    AGAIN(0), AGAIN(LK_REASON_PROOF),
        AGAIN(0), {.act = FAKE_WAIT_CLOSE}, PROVE,    {.act = FAKE_VERDICT},
        HOST_STAY};
    struct pam_host host = {.arguments = "transaction", .answer = ID};
    void *module = module_load();
    int fd = lowest_free();

    (void)state;
    fake_broker_start(&host.broker, script);
    assert_int_equal(attempt_again(&host), PAM_SUCCESS);
    assert_int_equal(attempt_again(&host), PAM_SUCCESS);
    assert_int_not_equal(attempt_again(&host), PAM_SUCCESS);
    assert_int_equal(attempt_again(&host), PAM_SUCCESS);
    assert_int_equal(host.broker.notes->connections, 1);
    assert_int_equal(host.broker.notes->proves, 4);
    assert_int_not_equal(socket_at(fd), -1);
    /* With the module its connection goes, and then each attempt has one of its own. */
    dlclose(module);
    assert_int_equal(socket_at(fd), -1);
    assert_int_equal(attempt_again(&host), PAM_SUCCESS);
    assert_int_equal(host.broker.notes->connections, 2);
    assert_int_equal(socket_at(fd), -1);
    fake_broker_stop(&host.broker);
}

/* A broker that has closed meanwhile is asked anew; one that goes with the question is not asked twice: its answer may have counted. */
static void test_kept_and_gone(void **state)
{
    static const struct fake_step closes[] = {
        PROVE, {.act = FAKE_VERDICT}, PROVE, {.act = FAKE_VERDICT}, HOST_STAY};
    static const struct fake_step swallows[] = {PROVE, {.act = FAKE_VERDICT}, {.act = FAKE_PROVE},
                                                PROVE, {.act = FAKE_VERDICT}, HOST_STAY};
    static const struct fake_step wrong[] = {PROVE,
                                             {.act = FAKE_VERDICT},
                                             {.act = FAKE_PROVE},
                                             {.act = FAKE_WRONG_NONCE},
                                             PROVE,
                                             {.act = FAKE_VERDICT},
                                             HOST_STAY};
    struct pam_host host = {.arguments = "transaction", .answer = ID};
    void *module = module_load();

    (void)state;
    fake_broker_start(&host.broker, closes);
    assert_int_equal(attempt_again(&host), PAM_SUCCESS);
    /* The script goes on to the next connection and closes the first. */
    usleep(200000);
    assert_int_equal(attempt_again(&host), PAM_SUCCESS);
    assert_int_equal(host.broker.notes->connections, 2);
    fake_broker_stop(&host.broker);
    fake_broker_start(&host.broker, swallows);
    assert_int_equal(attempt_again(&host), PAM_SUCCESS);
    assert_int_equal(attempt_again(&host), PAM_AUTHINFO_UNAVAIL);
    assert_int_equal(attempt_again(&host), PAM_SUCCESS);
    assert_int_equal(host.broker.notes->connections, 2);
    fake_broker_stop(&host.broker);
    fake_broker_start(&host.broker, wrong);
    assert_int_equal(attempt_again(&host), PAM_SUCCESS);
    assert_int_not_equal(attempt_again(&host), PAM_SUCCESS);
    assert_int_equal(attempt_again(&host), PAM_SUCCESS);
    assert_int_equal(host.broker.notes->connections, 2);
    fake_broker_stop(&host.broker);
    dlclose(module);
}

/* Other code of the process has closed the descriptor, and what has the number now is not spoken to, nor closed. */
static void test_kept_number_taken(void **state)
{
    static const struct fake_step script[] = {
        PROVE, {.act = FAKE_VERDICT}, PROVE, {.act = FAKE_VERDICT}, HOST_STAY};
    struct pam_host host = {.arguments = "transaction", .answer = ID};
    void *module = module_load();
    int fd = lowest_free();
    struct stat status;
    int pipes[2];

    (void)state;
    fake_broker_start(&host.broker, script);
    assert_int_equal(attempt_again(&host), PAM_SUCCESS);
    assert_int_equal(socket_at(fd), fd);
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(fstat(pipes[1], &status), 0);
    assert_int_equal(dup2(pipes[1], fd), fd);
    assert_int_equal(attempt_again(&host), PAM_SUCCESS);
    assert_int_equal(host.broker.notes->connections, 2);
    assert_true(same_file(fd, &status));
    fake_broker_stop(&host.broker);
    dlclose(module);
    assert_true(same_file(fd, &status));
    close(fd);
    close(pipes[0]);
    close(pipes[1]);
}

/* A child wants a connection of its own (here nobody takes it), and the parent's is still good. */
static void test_kept_not_inherited(void **state)
{
    static const struct fake_step script[] = {PROVE, {.act = FAKE_VERDICT}, AGAIN(0), HOST_STAY};
    struct pam_host host = {.arguments = "transaction", .answer = ID};
    void *module = module_load();
    int status = -1;
    pid_t pid;

    (void)state;
    fake_broker_start(&host.broker, script);
    assert_int_equal(attempt_again(&host), PAM_SUCCESS);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(attempt_again(&host));
    usleep(500000);
    assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
    assert_int_equal(host.broker.notes->proves, 1);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(attempt_again(&host), PAM_SUCCESS);
    assert_int_equal(host.broker.notes->proves, 2);
    assert_int_equal(host.broker.notes->connections, 1);
    fake_broker_stop(&host.broker);
    dlclose(module);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_success),
        cmocka_unit_test(test_silent_and_remote),
        cmocka_unit_test(test_every_reason),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_broken_answers_of_the_broker),
        cmocka_unit_test(test_nobody_listens_and_silence),
        cmocka_unit_test(test_user_of_the_moment),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_kept_while_loaded),
        cmocka_unit_test(test_kept_and_gone),
        cmocka_unit_test(test_kept_number_taken),
        cmocka_unit_test(test_kept_not_inherited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
