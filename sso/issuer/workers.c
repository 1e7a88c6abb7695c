/* SPDX-License-Identifier: EUPL-1.2 */
/* The PAM workers: one connection is one process, one attempt at a time. What waits is bounded in number and time; a worker that takes too long loses its connection, and with it its
 * process. An attempt is never made twice: its password would count twice. One that its worker never read was not made: it goes to another. */
#include <stdlib.h>
#include <string.h>

#include "client/client.h"
#include "sso/issuer/issuer.h"

enum { REACH_MS = 100 };

static void worker_connect(struct lk_worker *worker);
static void workers_dispatch(struct lk_issuer *issuer);

/* The attempt of this worker has ended; attempted NULL: without an answer. */
static void worker_done(struct lk_worker *worker, const struct lk_sso_attempted *attempted)
{
    struct lk_visit *visit = worker->visit;

    worker->visit = NULL;
    lk_loop_disarm(worker->issuer->start.loop, &worker->timer);
    if (visit != NULL)
        lk_login_attempted(visit, attempted);
}

static int worker_frame(struct lk_link *link, const struct lk_frame *frame)
{
    struct lk_worker *worker = link->context;
    struct lk_sso_attempted attempted;
    int error;

    if (worker->visit == NULL || frame->request != worker->request)
        return -LK_ERR_UNEXPECTED;
    error = lk_sso_attempted_decode(frame->payload, &attempted);
    if (error != 0)
        return error;
    worker->answered = true;
    worker_done(worker, &attempted);
    workers_dispatch(worker->issuer);
    return 0;
}

/* One that did its work and left is followed at once, one that did none not so soon. */
static void worker_later(struct lk_worker *worker)
{
    lk_loop_arm(worker->issuer->start.loop, &worker->timer,
                worker->answered ? 0 : LK_ISSUER_RETRY_MS);
    worker->answered = false;
}

/* With the time since when it waits: that stays bounded. */
static void waiting_put_first(struct lk_workers *workers, struct lk_visit *visit)
{
    visit->next_waiting = workers->first;
    if (workers->first == NULL)
        workers->last = &visit->next_waiting;
    workers->first = visit;
    workers->waiting++;
}

/* A worker leaves of its own will, or dies: as it ends, an attempt may be on its way to it. */
static void worker_gone(struct lk_link *link, int error)
{
    struct lk_worker *worker = link->context;

    (void)error;
    if (worker->visit != NULL && link->peer.unread) {
        waiting_put_first(&worker->issuer->workers, worker->visit);
        worker->visit = NULL;
    }
    worker_done(worker, NULL);
    worker_later(worker);
    workers_dispatch(worker->issuer);
}

static void worker_ready(struct lk_link *link)
{
    struct lk_worker *worker = link->context;

    workers_dispatch(worker->issuer);
}

/* The limit of an attempt, or time to try to connect again. */
static void worker_timer(struct lk_timer *timer)
{
    struct lk_worker *worker = timer->context;

    if (worker->visit != NULL) {
        lk_link_stop(&worker->link);
        worker_done(worker, NULL);
        worker_later(worker);
    } else if (!lk_link_up(&worker->link)) {
        worker_connect(worker);
    }
}

static void worker_connect(struct lk_worker *worker)
{
    struct lk_issuer *issuer = worker->issuer;
    char path[256];
    int fd = -1;

    if (lk_start_run_path(&issuer->start, "sso/worker", path, sizeof(path)) == 0 &&
        lk_client_reach(path, REACH_MS, &fd) == 0 &&
        lk_link_start(&worker->link, issuer->start.loop, fd) == 0)
        return;
    worker_later(worker);
}

static bool worker_give(struct lk_worker *worker, struct lk_visit *visit)
{
    const struct lk_oidc_request *request = &visit->request;
    struct lk_sso_attempt attempt = {.password = lk_buf_view(&visit->password)};
    int error;

    memcpy(attempt.transaction, request->transaction, sizeof(attempt.transaction));
    memcpy(attempt.name, request->name, sizeof(attempt.name));
    memcpy(attempt.remote, visit->remote, sizeof(attempt.remote));
    memcpy(attempt.language, visit->language, sizeof(attempt.language));
    attempt.name_wanted = request->full_name[0] == '\0';
    worker->request = lk_link_request(&worker->link);
    error = lk_sso_attempt_encode(&worker->link.peer.out, worker->request, &attempt);
    if (error != 0)
        return false;
    worker->visit = visit;
    lk_loop_arm(worker->issuer->start.loop, &worker->timer, LK_ISSUER_ATTEMPT_MS);
    return true;
}

static struct lk_visit *waiting_take(struct lk_workers *workers)
{
    struct lk_visit *visit = workers->first;

    if (visit == NULL)
        return NULL;
    workers->first = visit->next_waiting;
    if (workers->first == NULL)
        workers->last = &workers->first;
    workers->waiting--;
    visit->next_waiting = NULL;
    return visit;
}

static struct lk_worker *worker_idle(struct lk_workers *workers)
{
    for (size_t i = 0; i < workers->count; i++) {
        struct lk_worker *worker = &workers->list[i];

        if (worker->visit == NULL && lk_link_up(&worker->link))
            return worker;
    }
    return NULL;
}

static void workers_dispatch(struct lk_issuer *issuer)
{
    struct lk_workers *workers = &issuer->workers;

    while (workers->first != NULL) {
        struct lk_worker *worker = worker_idle(workers);
        struct lk_visit *visit;

        if (worker == NULL)
            return;
        visit = waiting_take(workers);
        /* The browser's process is gone: nobody waits for this login. */
        if (visit->web == NULL || !worker_give(worker, visit))
            lk_login_attempted(visit, NULL);
    }
}

/* One attempt a login at a time: whoever holds one good touch must not fill the queue for all the others. */
static bool attempt_under_way(const struct lk_workers *workers, const struct lk_visit *visit)
{
    const uint8_t *transaction = visit->request.transaction;

    for (size_t i = 0; i < workers->count; i++) {
        const struct lk_visit *other = workers->list[i].visit;

        if (other != NULL &&
            memcmp(other->request.transaction, transaction, LK_TRANSACTION_SIZE) == 0)
            return true;
    }
    for (const struct lk_visit *other = workers->first; other != NULL;
         other = other->next_waiting) {
        if (memcmp(other->request.transaction, transaction, LK_TRANSACTION_SIZE) == 0)
            return true;
    }
    return false;
}

void lk_workers_attempt(struct lk_issuer *issuer, struct lk_visit *visit)
{
    static const struct lk_sso_attempted too_many = {.outcome = LK_SSO_MAXTRIES};
    struct lk_workers *workers = &issuer->workers;

    if (attempt_under_way(workers, visit)) {
        lk_login_attempted(visit, &too_many);
        return;
    }
    if (workers->waiting >= workers->count * LK_ISSUER_QUEUE_PER_WORKER) {
        lk_login_attempted(visit, NULL);
        return;
    }
    visit->waiting_ms = lk_issuer_ms();
    visit->next_waiting = NULL;
    *workers->last = visit;
    workers->last = &visit->next_waiting;
    workers->waiting++;
    workers_dispatch(issuer);
}

/* The first one has waited longest. */
void lk_workers_tick(struct lk_issuer *issuer, int64_t now_ms)
{
    struct lk_workers *workers = &issuer->workers;

    while (workers->first != NULL && now_ms - workers->first->waiting_ms >= LK_ISSUER_ATTEMPT_MS)
        lk_login_attempted(waiting_take(workers), NULL);
}

size_t lk_workers_up(const struct lk_issuer *issuer)
{
    size_t up = 0;

    for (size_t i = 0; i < issuer->workers.count; i++)
        up += lk_link_up(&issuer->workers.list[i].link) ? 1 : 0;
    return up;
}

int lk_workers_begin(struct lk_issuer *issuer)
{
    struct lk_workers *workers = &issuer->workers;

    workers->last = &workers->first;
    workers->count = issuer->settings->config.gateway_workers;
    if (workers->count == 0)
        workers->count = 1;
    workers->list = calloc(workers->count, sizeof(*workers->list));
    if (workers->list == NULL)
        return -LK_ERR_NOMEM;
    for (size_t i = 0; i < workers->count; i++) {
        struct lk_worker *worker = &workers->list[i];

        worker->issuer = issuer;
        worker->link = (struct lk_link){.end = LK_LINK_ISSUER_FROM_WORKER,
                                        .ready = worker_ready,
                                        .frame = worker_frame,
                                        .gone = worker_gone,
                                        .context = worker};
        worker->timer = (struct lk_timer){.fired = worker_timer, .context = worker};
        worker_connect(worker);
    }
    return 0;
}

void lk_workers_end(struct lk_issuer *issuer)
{
    struct lk_workers *workers = &issuer->workers;
    struct lk_visit *visit;

    for (size_t i = 0; i < workers->count; i++) {
        lk_link_stop(&workers->list[i].link);
        worker_done(&workers->list[i], NULL);
    }
    while (workers->list != NULL && (visit = waiting_take(workers)) != NULL)
        lk_login_attempted(visit, NULL);
    free(workers->list);
    *workers = (struct lk_workers){.last = &workers->first};
}
