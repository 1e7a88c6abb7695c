/* SPDX-License-Identifier: EUPL-1.2 */
/* Giving up: a signal that the host keeps blocked, as sudo does; a broker that says nothing; the end of the host. The key must stop
 * blinking, which is when the broker sees the connection close. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "pam_host.h"

static const int cancelling[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
static int64_t *sent_ms; /* shared: when the signal was sent */

static int64_t now_ms(void)
{
    return lk_clock_monotonic_ms(&lk_clock_system);
}

/* A process that sends us a signal in a while. */
static pid_t send_later(int signal_number, unsigned ms)
{
    pid_t parent = getpid();
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        usleep(ms * 1000);
        *sent_ms = now_ms();
        kill(parent, signal_number);
        _exit(0);
    }
    return child;
}

static void reap(pid_t child)
{
    while (waitpid(child, NULL, 0) < 0)
        ;
}

/* Takes the pending signal off again. */
static bool take(int signal_number)
{
    const struct timespec none = {0};
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, signal_number);
    return sigtimedwait(&set, NULL, &none) == signal_number;
}

static void wait_for_close(const struct pam_host *host)
{
    for (int i = 0; i < 1000 && host->broker.notes->closed_ms == 0; i++)
        usleep(10000);
}

/* A busy machine makes any span longer and none shorter: the best of a few must do. */
enum { TRIES = 4, PROMISED_MS = 300 };

/* One cancelled attempt; the longer of the two spans from the signal: until we are back, until the broker knows. */
static int64_t cancel_once(int signal_number, unsigned ms, const struct fake_step *script)
{
    struct pam_host host = {.keep_broker = true};
    int64_t took;
    pid_t child = send_later(signal_number, ms);

    assert_int_equal(pam_host_run(&host, script), PAM_AUTH_ERR);
    took = now_ms() - *sent_ms;
    assert_true(take(signal_number));
    /* libpam was told that there is a failure, and that this one needs no delay. */
    assert_int_equal(host.delays, 1);
    assert_int_equal(host.delay_us, 0);
    if (script != NULL) {
        wait_for_close(&host);
        assert_int_not_equal(host.broker.notes->closed_ms, 0);
        if (host.broker.notes->closed_ms - *sent_ms > took)
            took = host.broker.notes->closed_ms - *sent_ms;
    }
    fake_broker_stop(&host.broker);
    reap(child);
    return took;
}

static void cancel_by(int signal_number, unsigned ms, const struct fake_step *script)
{
    int64_t took = INT64_MAX;

    for (int i = 0; i < TRIES && took > PROMISED_MS; i++)
        took = cancel_once(signal_number, ms, script);
    assert_in_range(took, 0, PROMISED_MS);
}

static void test_blocked_signals(void **state)
{
    static const struct fake_step touch[] = {HOST_BEGIN, HOST_TOUCH, HOST_STAY};
    static const struct fake_step silent[] = {{.act = FAKE_ACCEPT}, HOST_STAY};

    (void)state;
    for (size_t i = 0; i < 4; i++)
        cancel_by(cancelling[i], 250, touch);
    cancel_by(SIGINT, 250, silent);
}

/* Between the two connections as well. */
static void test_pause(void **state)
{
    (void)state;
    cancel_by(SIGINT, 150, NULL);
}

/* Under nohup a blocked hang-up stays pending for ever and means nothing. */
static void test_ignored_signal(void **state)
{
    static const struct fake_step script[] = {HOST_BEGIN,
                                              HOST_TOUCH,
                                              {.act = FAKE_SLEEP, .value = 500},
                                              {.act = FAKE_VERDICT},
                                              HOST_STAY};
    struct pam_host host = {0};
    struct sigaction old;
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    (void)state;
    assert_int_equal(sigaction(SIGHUP, &ignore, &old), 0);
    assert_int_equal(raise(SIGHUP), 0);
    assert_int_equal(pam_host_run(&host, script), PAM_SUCCESS);
    assert_int_equal(sigaction(SIGHUP, &old, NULL), 0);
    (void)take(SIGHUP);
}

/* A handler of the host's that runs in the middle: the wait goes on. */
static volatile sig_atomic_t handled;

static void handler(int signal_number)
{
    (void)signal_number;
    handled++;
}

static void test_handled_signal(void **state)
{
    static const struct fake_step script[] = {HOST_BEGIN,
                                              HOST_TOUCH,
                                              {.act = FAKE_SLEEP, .value = 500},
                                              {.act = FAKE_VERDICT},
                                              HOST_STAY};
    struct pam_host host = {0};
    struct sigaction old;
    struct sigaction catch = {.sa_handler = handler};
    pid_t child;

    (void)state;
    assert_int_equal(sigaction(SIGUSR1, &catch, &old), 0);
    child = send_later(SIGUSR1, 200);
    assert_int_equal(pam_host_run(&host, script), PAM_SUCCESS);
    assert_int_equal(handled, 1);
    assert_int_equal(sigaction(SIGUSR1, &old, NULL), 0);
    reap(child);
}

/* The host is killed: the kernel closes the connection, nothing of ours needs to run. */
static int64_t kill_host_once(void)
{
    static const struct fake_step script[] = {HOST_BEGIN, HOST_TOUCH, HOST_STAY};
    static struct pam_host host = {.keep_broker = true};
    int64_t killed;
    pid_t child;

    fake_broker_start(&host.broker, script);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(pam_host_run_on(&host) == PAM_SUCCESS);
    }
    for (int i = 0; i < 300 && host.broker.notes->logins == 0; i++)
        usleep(10000);
    assert_int_equal(host.broker.notes->logins, 1);
    usleep(100000);
    killed = now_ms();
    kill(child, SIGKILL);
    reap(child);
    wait_for_close(&host);
    fake_broker_stop(&host.broker);
    return host.broker.notes->closed_ms - killed;
}

static void test_killed_host(void **state)
{
    int64_t took = INT64_MAX;

    (void)state;
    for (int i = 0; i < TRIES && took > PROMISED_MS; i++)
        took = kill_host_once();
    assert_in_range(took, 0, PROMISED_MS);
}

/* Like sudo, for the whole run. */
static int prepare(void **state)
{
    sigset_t set;

    (void)state;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof(cancelling) / sizeof(cancelling[0]); i++)
        sigaddset(&set, cancelling[i]);
    sent_ms =
        mmap(NULL, sizeof(*sent_ms), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return sent_ms == MAP_FAILED || sigprocmask(SIG_BLOCK, &set, NULL) != 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocked_signals), cmocka_unit_test(test_pause),
        cmocka_unit_test(test_ignored_signal),  cmocka_unit_test(test_handled_signal),
        cmocka_unit_test(test_killed_host),
    };

    return cmocka_run_group_tests(tests, prepare, NULL);
}
