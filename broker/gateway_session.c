/* SPDX-License-Identifier: EUPL-1.2 */
/* Sessions that end: END (the client's own word), LOGOUTS (what clients must be told), DELIVERED (how that went). They are served while nobody can log
 * in as well: all they need is a store. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "broker/gateway.h"
#include "broker/limits.h"

static struct lk_gateway_job *job_new(struct lk_connection *connection, uint32_t request,
                                      size_t size, enum lk_change_kind kind)
{
    struct lk_gateway_job *job =
        lk_gateway_job_new(connection, request, size, kind, lk_gateway_answer_result);

    if (job != NULL)
        job->change.urgency = LK_URGENCY_PRIVILEGED; /* ends what a revocation began */
    return job;
}

static void job_go(struct lk_gateway_job *job)
{
    if (job->broker->store_reason != LK_REASON_NONE)
        lk_gateway_job_end(job, job->broker->store_reason);
    else
        lk_gateway_job_commit(job);
}

int lk_gateway_handle_end(struct lk_broker *broker, struct lk_connection *connection,
                          const struct lk_frame *frame)
{
    struct lk_gateway_end asked;
    struct lk_gateway_job *job;
    int error = lk_gateway_end_decode(frame->payload, &asked);

    (void)broker;
    if (error == 0 && !lk_gateway_client_valid(asked.client))
        error = -LK_ERR_RANGE;
    if (error != 0)
        return error;
    job = job_new(connection, frame->request, sizeof(*job), LK_CHANGE_END);
    if (job == NULL)
        return -LK_ERR_NOMEM;
    memcpy(job->change.u.end.sid, asked.sid, sizeof(asked.sid));
    memcpy(job->change.u.end.client, asked.client, sizeof(asked.client));
    job_go(job);
    return 0;
}

struct logouts_job {
    struct lk_gateway_job job; /* first: it is freed by this address */
    struct lk_store_logout taken[LK_LOGOUTS_MAX];
};

static void logouts_answer(struct lk_gateway_job *job, enum lk_reason reason)
{
    const struct lk_change_logouts *change = &job->change.u.logouts;

    for (size_t i = 0; reason == LK_REASON_NONE && i < change->count; i++) {
        struct lk_gateway_logout logout = {.id = change->taken[i].id,
                                           .attempts = change->taken[i].attempts};

        memcpy(logout.subject, change->taken[i].subject.bytes, sizeof(logout.subject));
        memcpy(logout.sid, change->taken[i].sid, sizeof(logout.sid));
        memcpy(logout.client, change->taken[i].client, sizeof(logout.client));
        if (lk_gateway_logout_encode(&job->connection->out, job->request, &logout) != 0)
            lk_broker_log(job->broker, "a logout could not be written");
    }
    lk_gateway_answer_result(job, reason);
}

int lk_gateway_handle_logouts(struct lk_broker *broker, struct lk_connection *connection,
                              const struct lk_frame *frame)
{
    struct lk_gateway_logouts asked;
    struct logouts_job *logouts;
    int error = lk_gateway_logouts_decode(frame->payload, &asked);

    (void)broker;
    if (error != 0)
        return error;
    logouts = (struct logouts_job *)job_new(connection, frame->request, sizeof(*logouts),
                                            LK_CHANGE_LOGOUTS);
    if (logouts == NULL)
        return -LK_ERR_NOMEM;
    logouts->job.answer = logouts_answer;
    logouts->job.change.u.logouts.most = asked.most;
    logouts->job.change.u.logouts.taken = logouts->taken;
    job_go(&logouts->job);
    return 0;
}

int lk_gateway_handle_queue(struct lk_broker *broker, struct lk_connection *connection,
                            const struct lk_frame *frame)
{
    const struct lk_gateway_result unread = {.reason = LK_REASON_STORE_UNAVAILABLE};
    struct lk_gateway_waiting waiting;

    if (frame->payload.len != 0)
        return -LK_ERR_TRAILING;
    if (lk_broker_waiting(broker, &waiting) != 0)
        return lk_gateway_result_encode(&connection->out, frame->request, &unread);
    return lk_gateway_waiting_encode(&connection->out, frame->request, &waiting);
}

/* The one thing that the queue ever gives up, said once. */
static void delivered_answer(struct lk_gateway_job *job, enum lk_reason reason)
{
    if (reason == LK_REASON_NONE && job->change.u.delivered.forgotten)
        lk_broker_log(job->broker,
                      "logout %" PRIu64
                      " is forgotten: nobody to tell for %d days; its session may "
                      "be open there",
                      job->change.u.delivered.id, LK_STORE_LOGOUT_NOBODY / 86400);
    lk_gateway_answer_result(job, reason);
}

int lk_gateway_handle_delivered(struct lk_broker *broker, struct lk_connection *connection,
                                const struct lk_frame *frame)
{
    static const char *const outcomes[] = {[LK_LOGOUT_FAILED] = "failed, tried again later",
                                           [LK_LOGOUT_ACKNOWLEDGED] = "acknowledged",
                                           [LK_LOGOUT_CONFIRMED] = "confirmed",
                                           [LK_LOGOUT_NOBODY] = "nobody to tell"};
    struct lk_gateway_delivered asked;
    struct lk_gateway_job *job;
    bool done;
    int error = lk_gateway_delivered_decode(frame->payload, &asked);

    if (error != 0)
        return error;
    done = asked.outcome == LK_LOGOUT_ACKNOWLEDGED || asked.outcome == LK_LOGOUT_CONFIRMED;
    job = job_new(connection, frame->request, sizeof(*job), LK_CHANGE_DELIVERED);
    if (job == NULL)
        return -LK_ERR_NOMEM;
    job->answer = delivered_answer;
    /* A homeserver that is down for a day must not fill the journal. */
    if (done || lk_limits_may_log(broker->limits))
        lk_broker_log(broker, "logout %" PRIu64 " at a homeserver: %s: %s", asked.id,
                      outcomes[asked.outcome], asked.detail);
    job->change.u.delivered.id = asked.id;
    job->change.u.delivered.done = done;
    job->change.u.delivered.nobody = asked.outcome == LK_LOGOUT_NOBODY;
    memcpy(job->change.u.delivered.detail, asked.detail, sizeof(asked.detail));
    job_go(job);
    return 0;
}
