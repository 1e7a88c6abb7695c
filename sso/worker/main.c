/* SPDX-License-Identifier: EUPL-1.2 */
/* latchkey-sso-worker: runs the PAM stack of the gateway, one attempt after the other, and ends when it has done enough of them.
 *
 *   latchkey-sso-worker --config FILE [--test] [--confdir DIR] --issuer FD     FD: a connection of the issuer
 *
 * It leaves in a moment of rest: the issuer may already have written the next attempt when the last one is answered, and an attempt that is lost is a login that is
 * lost. */
#include <libintl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sso/common/link.h"
#include "sso/common/start.h"
#include "sso/worker/worker.h"

enum { LOOK_MS = 2000, REST_MS = 50, ATTEMPTS_MOST = 10 * LK_WORKER_ATTEMPTS };

struct worker {
    struct lk_start start;
    struct lk_link link;
    struct lk_timer timer;
    struct lk_stack stack;
    timer_t limit;
    unsigned int attempts;
    unsigned int attempts_last; /* the one after which it leaves */
    bool leaving;
    char language[3]; /* of the last attempt */
    int64_t last_ms;  /* end of the last attempt */
    int status;
};

/* Modules translate what they say: gettext looks at LANGUAGE where the locale is not "C", and looks again after textdomain(), which forgets what it had found. */
static void language_set(struct worker *worker, const char *language)
{
    if (strcmp(worker->language, language) == 0)
        return;
    memcpy(worker->language, language, sizeof(worker->language));
    (void)setenv("LANGUAGE", language, 1);
    (void)textdomain("latchkey");
}

/* SIGKILL: a module can catch, block and forget SIGALRM, and then the process would hang for ever. */
static int limit_make(struct worker *worker)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};

    return timer_create(CLOCK_MONOTONIC, &event, &worker->limit) != 0 ? -LK_ERR_IO : 0;
}

/* 0: none. */
static int limit_set(const struct worker *worker, time_t seconds)
{
    const struct itimerspec time = {.it_value = {.tv_sec = seconds}};

    return timer_settime(worker->limit, 0, &time, NULL) != 0 ? -LK_ERR_IO : 0;
}

static int attempt_answer(struct worker *worker, const struct lk_frame *frame)
{
    struct lk_sso_attempted attempted;
    struct lk_sso_attempt attempt;
    int error = lk_sso_attempt_decode(frame->payload, &attempt);

    if (error == 0)
        error = limit_set(worker, LK_WORKER_SECONDS);
    if (error != 0)
        return error;
    language_set(worker, attempt.language);
    lk_attempt_run(&worker->stack, &attempt, &attempted);
    error = limit_set(worker, 0);
    if (error != 0)
        return error;
    return lk_sso_attempted_encode(&worker->link.peer.out, frame->request, &attempted);
}

static int link_frame(struct lk_link *link, const struct lk_frame *frame)
{
    struct worker *worker = link->context;
    int error = attempt_answer(worker, frame);

    if (error != 0)
        return error;
    lk_link_flush(link);
    worker->attempts++;
    worker->last_ms = lk_clock_monotonic_ms(&lk_clock_system);
    if (worker->attempts >= ATTEMPTS_MOST) {
        lk_loop_stop(worker->start.loop);
    } else if (worker->attempts == worker->attempts_last) {
        worker->leaving = true;
        lk_loop_arm(worker->start.loop, &worker->timer, REST_MS);
    }
    return 0;
}

static void link_gone(struct lk_link *link, int error)
{
    struct worker *worker = link->context;

    if (error != -LK_ERR_CLOSED) {
        (void)fprintf(stderr, "latchkey-sso-worker: link: %s\n", lk_error_text(error));
        worker->status = 1;
    }
    lk_loop_stop(worker->start.loop);
}

static void look(struct lk_timer *timer)
{
    struct worker *worker = timer->context;
    int64_t rest = lk_clock_monotonic_ms(&lk_clock_system) - worker->last_ms;

    if (!worker->leaving)
        worker->leaving = lk_stack_changed(&worker->stack);
    if (worker->leaving && rest >= REST_MS)
        lk_loop_stop(worker->start.loop);
    else
        lk_loop_arm(worker->start.loop, timer, worker->leaving ? REST_MS : LOOK_MS);
}

/* Another process reads the configuration anew. */
static void reload(void *context)
{
    struct worker *worker = context;

    worker->leaving = true;
    lk_loop_arm(worker->start.loop, &worker->timer, 0);
}

/* Workers that came together and share the work evenly must not leave together: the last quarter of the thousand is spread by process id. */
static unsigned int attempts_most(void)
{
    return LK_WORKER_ATTEMPTS - (unsigned int)getpid() % 16 * (LK_WORKER_ATTEMPTS / 64);
}

static int serve(struct worker *worker, int issuer)
{
    const struct lk_config *config = &worker->start.config;
    int status;

    /* C.UTF-8 is part of the C library; whatever else the machine has is not needed for messages. */
    (void)setlocale(LC_ALL, "C.UTF-8");
    if (limit_make(worker) != 0)
        return 1;
    lk_stack_open(&worker->stack, config->gateway_service, worker->start.confdir);
    status = lk_start_enter(&worker->start, config->gateway_network ? &lk_sandbox_worker_network
                                                                    : &lk_sandbox_worker);
    if (status != 0)
        return status;
    worker->attempts_last = attempts_most();
    worker->timer = (struct lk_timer){.fired = look, .context = worker};
    lk_loop_arm(worker->start.loop, &worker->timer, LOOK_MS);
    worker->link = (struct lk_link){.end = LK_LINK_WORKER_FROM_ISSUER,
                                    .frame = link_frame,
                                    .gone = link_gone,
                                    .context = worker};
    if (lk_link_start(&worker->link, worker->start.loop, issuer) != 0)
        return 1;
    if (lk_loop_run(worker->start.loop) != 0)
        worker->status = 1;
    lk_link_stop(&worker->link);
    return worker->status;
}

int main(int argc, char **argv)
{
    struct worker *worker = calloc(1, sizeof(*worker));
    int issuer = -1;
    const struct lk_start_descriptor descriptor = {.name = "issuer", .place = &issuer};
    int status;

    if (worker == NULL)
        return 1;
    status = lk_start(argc, argv, "latchkey-sso-worker", &descriptor, 1, &worker->start);
    if (status == 0) {
        worker->start.reload = reload;
        worker->start.context = worker;
        status = serve(worker, issuer);
        lk_stack_close(&worker->stack);
        lk_start_end(&worker->start);
    }
    free(worker);
    return status;
}
