/* SPDX-License-Identifier: EUPL-1.2 */
/* What an agent is called: asked for and set. Nothing is signed for it, because nothing is decided by it (docs/THREATS.md). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/desk.h"

static int agent_read(struct lk_broker *broker, struct lk_connection *connection, uint32_t request,
                      const struct lk_desk_agent *asked)
{
    struct lk_desk_agent_record record;
    struct lk_store_rows rows = {0};

    if (broker->store_ops->read_name(broker->store, asked->name, &rows) != 0)
        return lk_desk_result(connection, request, LK_REASON_STORE_UNAVAILABLE, 0, 0, NULL);
    if (!rows.known)
        return lk_desk_result(connection, request, LK_REASON_UNKNOWN_AGENT, 0, 0, NULL);
    memcpy(record.subject, rows.subject.bytes, sizeof record.subject);
    (void)snprintf(record.full_name, sizeof record.full_name, "%s", rows.full_name);
    (void)snprintf(record.email, sizeof record.email, "%s", rows.email);
    lk_store_rows_free(&rows);
    return lk_desk_agent_record_encode(&connection->out, request, &record);
}

int lk_desk_handle_agent(struct lk_broker *broker, struct lk_connection *connection,
                         const struct lk_frame *frame)
{
    struct lk_desk_agent asked;
    struct lk_change_agent *change;
    struct lk_desk_job *job;
    int result = lk_desk_agent_decode(frame->payload, &asked);

    if (result < 0)
        return result;
    if (broker->store == NULL || broker->store_reason != LK_REASON_NONE)
        return lk_desk_result(connection, frame->request,
                              broker->store_reason != LK_REASON_NONE ? broker->store_reason
                                                                     : LK_REASON_STORE_UNAVAILABLE,
                              0, 0, broker->store_text);
    if (!asked.set_full_name && !asked.set_email)
        return agent_read(broker, connection, frame->request, &asked);
    job = lk_desk_job_new(connection, frame->request);
    if (job == NULL)
        return 0;
    job->changes = calloc(1, sizeof *job->changes);
    if (job->changes == NULL) {
        lk_desk_job_finish(job, LK_REASON_INTERNAL, 0, NULL);
        return 0;
    }
    job->changes[0].kind = LK_CHANGE_AGENT;
    change = &job->changes[0].u.agent;
    memcpy(change->name, asked.name, sizeof change->name);
    change->set_full_name = asked.set_full_name;
    change->set_email = asked.set_email;
    memcpy(change->full_name, asked.full_name, sizeof change->full_name);
    memcpy(change->email, asked.email, sizeof change->email);
    job->change_count = 1;
    return lk_desk_job_commit(job);
}
