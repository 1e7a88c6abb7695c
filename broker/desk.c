/* SPDX-License-Identifier: EUPL-1.2 */
/* The desk socket: its table of permitted messages, jobs and results. Who may open the socket is said by its group; what may be done is
 * said by operators' signatures, not by the caller's uid. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/desk.h"

int lk_desk_result(struct lk_connection *connection, uint32_t request, enum lk_reason reason,
                   uint64_t number, uint64_t detail, const char *text)
{
    struct lk_desk_result result = {.reason = (uint32_t)reason,
                                    .number = number,
                                    .detail = detail,
                                    .retries = LK_RETRIES_UNKNOWN};

    if (text != NULL)
        (void)snprintf(result.text, sizeof result.text, "%s", text);
    return lk_desk_result_encode(&connection->out, request, &result);
}

/* The peer is gone, or gave up: nothing of it may be touched afterwards. */
static void job_cancel(struct lk_connection *connection)
{
    struct lk_desk_job *job = connection->work;

    if (job == NULL)
        return;
    if (job->change_count > 0) {
        /* On its way to the disk: the decision stands. A peer that is still there hears it. */
        if (!connection->dead)
            return;
        job->connection = NULL;
        connection->work = NULL;
        connection->work_cancel = NULL;
        connection->work_pin = NULL;
        return;
    }
    if (job->ceremony != NULL)
        lk_device_ceremony_cancel(job->ceremony);
    job->ceremony = NULL;
    (void)lk_desk_result(connection, job->request, LK_REASON_CANCELLED, 0, 0, NULL);
    lk_desk_job_free(job);
}

static void job_pin(struct lk_connection *connection, struct lk_view pin)
{
    struct lk_desk_job *job = connection->work;

    if (job != NULL && job->ceremony != NULL)
        lk_device_ceremony_pin(job->ceremony, pin);
}

struct lk_desk_job *lk_desk_job_new(struct lk_connection *connection, uint32_t request)
{
    struct lk_desk_job *job;

    if (connection->work != NULL) {
        (void)lk_desk_result(connection, request, LK_REASON_KEY_BUSY, 0, 0,
                             "another request of this connection is still running");
        return NULL;
    }
    job = calloc(1, sizeof *job);
    if (job == NULL) {
        (void)lk_desk_result(connection, request, LK_REASON_INTERNAL, 0, 0, NULL);
        return NULL;
    }
    job->broker = connection->broker;
    job->connection = connection;
    job->request = request;
    lk_buf_init(&job->memory, 4 * LK_FRAME_MAX);
    connection->work = job;
    connection->work_cancel = job_cancel;
    connection->work_pin = job_pin;
    return job;
}

void lk_desk_job_free(struct lk_desk_job *job)
{
    if (job == NULL)
        return;
    if (job->connection != NULL && job->connection->work == job) {
        job->connection->work = NULL;
        job->connection->work_cancel = NULL;
        job->connection->work_pin = NULL;
    }
    lk_buf_clear(&job->memory);
    free(job->changes);
    free(job->digests);
    free(job->paths);
    free(job->completes);
    free(job->row_versions);
    free(job);
}

void lk_desk_job_finish(struct lk_desk_job *job, enum lk_reason reason, uint64_t number,
                        const char *text)
{
    struct lk_connection *connection = job->connection;
    uint32_t request = job->request;

    lk_desk_job_free(job);
    (void)lk_desk_result(connection, request, reason, number, 0, text);
}

static enum lk_reason change_reason(const struct lk_change *change)
{
    if (change->error == 0)
        return change->reason;
    if (change->error == -LK_ERR_FULL)
        return LK_REASON_STORE_LOW;
    return LK_REASON_STORE_UNAVAILABLE;
}

static void change_done(struct lk_change *done, void *context)
{
    struct lk_desk_job *job = context;
    enum lk_reason reason = LK_REASON_NONE;
    uint64_t number = 0;
    uint64_t activated = 0;

    if (change_reason(done) == LK_REASON_NONE)
        lk_broker_acted_on(job->broker, done);
    job->changes_done++;
    if (job->changes_done < job->change_count)
        return;
    for (size_t i = 0; i < job->change_count; i++) {
        if (reason == LK_REASON_NONE)
            reason = change_reason(&job->changes[i]);
        if (job->changes[i].number > number)
            number = job->changes[i].number;
        activated += job->changes[i].activated;
    }
    if (job->changes[0].kind == LK_CHANGE_ENDORSE)
        number = activated;
    if (job->connection != NULL)
        (void)lk_desk_result(job->connection, job->request, reason, number, job->detail, NULL);
    lk_desk_job_free(job);
}

int lk_desk_job_commit(struct lk_desk_job *job)
{
    struct lk_connection *connection = job->connection;
    uint32_t request = job->request;
    size_t queued = 0;
    int result = 0;

    if (job->broker->store_thread == NULL) {
        lk_desk_job_free(job);
        return lk_desk_result(connection, request, LK_REASON_STORE_UNAVAILABLE, 0, 0, NULL);
    }
    for (; queued < job->change_count && result == 0; queued++) {
        job->changes[queued].urgency = LK_URGENCY_PRIVILEGED; /* acts of operators, design rule 8 */
        job->changes[queued].done = change_done;
        job->changes[queued].context = job;
        result = lk_store_thread_queue(job->broker->store_thread, &job->changes[queued]);
    }
    if (result == 0)
        return 0;
    /* The queue is full: what is queued already goes through, the rest is refused; the answer says so. */
    queued--;
    job->change_count = queued;
    if (queued == 0) {
        lk_desk_job_free(job);
        return lk_desk_result(connection, request, LK_REASON_RATE_LIMITED, 0, 0,
                              "the store is too busy");
    }
    return 0;
}

static int handle_operators(struct lk_broker *broker, struct lk_connection *connection,
                            const struct lk_frame *frame)
{
    struct lk_desk_chain chain = {.chain = lk_buf_view(&broker->operators_chain)};

    if (frame->payload.len != 0)
        return -LK_ERR_TRAILING;
    return lk_desk_chain_encode(&connection->out, frame->request, &chain);
}

static int handle_reload(struct lk_broker *broker, struct lk_connection *connection,
                         const struct lk_frame *frame)
{
    char text[257] = "";
    int result;

    if (frame->payload.len != 0)
        return -LK_ERR_TRAILING;
    result = lk_broker_load_operators(broker, text, sizeof text);
    return lk_desk_result(connection, frame->request,
                          result == 0 && broker->operators != NULL ? LK_REASON_NONE
                                                                   : LK_REASON_OPERATOR_SET,
                          broker->operators != NULL ? broker->operators->number : 0, 0, text);
}

const struct lk_handler lk_desk_handlers[] = {
    {LK_MESSAGE_DESK_STATUS, lk_desk_handle_status},
    {LK_MESSAGE_DESK_LIST, lk_desk_handle_list},
    {LK_MESSAGE_DESK_CREATE, lk_desk_handle_create},
    {LK_MESSAGE_DESK_SIGN, lk_desk_handle_sign},
    {LK_MESSAGE_DESK_SUBMIT, lk_desk_handle_submit},
    {LK_MESSAGE_DESK_TEST, lk_desk_handle_test},
    {LK_MESSAGE_DESK_ENDORSE, lk_desk_handle_endorse},
    {LK_MESSAGE_DESK_STATE, lk_desk_handle_state},
    {LK_MESSAGE_DESK_LOST, lk_desk_handle_lost},
    {LK_MESSAGE_DESK_REGISTER, lk_desk_handle_register},
    {LK_MESSAGE_DESK_OPERATORS, handle_operators},
    {LK_MESSAGE_DESK_RELOAD, handle_reload},
    {LK_MESSAGE_DESK_LOG, lk_desk_handle_log},
    {LK_MESSAGE_DESK_RESTORE, lk_desk_handle_restore},
    {LK_MESSAGE_DESK_AGENT, lk_desk_handle_agent},
    {.handle = NULL},
};
