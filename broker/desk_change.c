/* SPDX-License-Identifier: EUPL-1.2 */
/* Changes that operators sign for: a new statement (SUBMIT), its endorsement (ENDORSE), suspending and revoking (STATE), accepting a restored
 * store (RESTORE). Everything is judged here from the bytes; the store re-reads when it commits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/desk.h"

enum { CLOCK_SKEW_SECONDS = 600 };

static const struct lk_store_row *find_row(const struct lk_store_rows *rows,
                                           const struct lk_digest *statement)
{
    for (size_t i = 0; i < rows->count; i++) {
        if (memcmp(&rows->rows[i].digest, statement, sizeof *statement) == 0)
            return &rows->rows[i];
    }
    return NULL;
}

/* Copies bytes into the job's memory, whose room was reserved before, so that earlier views stay valid. */
static struct lk_view keep(struct lk_desk_job *job, struct lk_view bytes)
{
    size_t offset = job->memory.len;

    if (job->memory.capacity - offset < bytes.len)
        return LK_VIEW(NULL, 0);
    lk_buf_put_view(&job->memory, bytes);
    return LK_VIEW(job->memory.data + offset, bytes.len);
}

static int reserve(struct lk_desk_job *job, size_t size)
{
    if (lk_buf_reserve(&job->memory, size) == NULL)
        return -LK_ERR_NOMEM;
    lk_buf_reset(&job->memory);
    return 0;
}

/* ---- the register entry an endorsement names ---- */

struct named {
    const struct lk_digest *hash;
    bool found;
};

static int compare_entry(void *context, const struct lk_store_entry *entry)
{
    struct named *named = context;

    named->found = memcmp(&entry->hash, named->hash, sizeof entry->hash) == 0;
    return 0;
}

enum lk_reason lk_desk_register_named(struct lk_broker *broker,
                                      const struct lk_endorsement *endorsement)
{
    static const struct lk_digest zero;
    struct named named = {.hash = &endorsement->register_hash};
    struct lk_store_head head;

    if (endorsement->register_number == 0) {
        if (broker->store_ops->read_head(broker->store, &head) < 0 || head.number != 0 ||
            memcmp(&endorsement->register_hash, &zero, sizeof zero) != 0)
            return LK_REASON_ENDORSEMENT;
        return LK_REASON_NONE;
    }
    if (broker->store_ops->read_register(broker->store, endorsement->register_number, 1,
                                         compare_entry, &named) < 0 ||
        !named.found)
        return LK_REASON_ENDORSEMENT;
    return LK_REASON_NONE;
}

/* An endorsement of this act over these leaves: signature, register entry, tree hash. */
static enum lk_reason endorsement_judge(struct lk_broker *broker, struct lk_view record,
                                        enum lk_act act, const struct lk_digest *leaves,
                                        size_t count, struct lk_endorsement *ret_endorsement)
{
    struct lk_digest root;
    enum lk_reason reason = LK_REASON_INTERNAL;

    if (broker->operators == NULL)
        return LK_REASON_OPERATOR_SET;
    if (lk_endorsement_verdict(broker, record, ret_endorsement, &reason) < 0)
        return LK_REASON_INTERNAL;
    if (reason != LK_REASON_NONE)
        return reason;
    if (ret_endorsement->act != act || ret_endorsement->count != count ||
        ret_endorsement->time > lk_clock_now(broker->clock) + CLOCK_SKEW_SECONDS)
        return LK_REASON_ENDORSEMENT;
    if (lk_tree_root(broker->crypto, leaves, count, &root) < 0)
        return LK_REASON_INTERNAL;
    if (memcmp(&root, &ret_endorsement->root, sizeof root) != 0)
        return LK_REASON_ENDORSEMENT;
    return lk_desk_register_named(broker, ret_endorsement);
}

/* The store must be there, and so must be nobody else's work on this connection. */
static struct lk_desk_job *job_with_store(struct lk_broker *broker,
                                          struct lk_connection *connection, uint32_t request,
                                          bool while_rolled_back)
{
    if (broker->store == NULL || (broker->store_reason != LK_REASON_NONE && !while_rolled_back)) {
        (void)lk_desk_result(connection, request,
                             broker->store_reason != LK_REASON_NONE ? broker->store_reason
                                                                    : LK_REASON_STORE_UNAVAILABLE,
                             0, 0, broker->store_text);
        return NULL;
    }
    return lk_desk_job_new(connection, request);
}

/* ---- SUBMIT ---- */

/* What the chain proves besides the key itself. Less may be said by a later version, which rests on a statement from before the anchor was pinned: never by a first one, or a clerk
 * could leave away the firmware that an advisory is about. */
static bool same_chain(const struct lk_statement *given, const struct lk_statement *proved)
{
    const struct lk_facts_proved *said = &given->proved;
    const struct lk_facts_proved *true_ones = &proved->proved;
    bool less = given->version > 1;

    if ((said->has_anchor || !less) &&
        (said->has_anchor != true_ones->has_anchor ||
         memcmp(&said->anchor, &true_ones->anchor, sizeof said->anchor) != 0))
        return false;
    if ((said->firmware[0] != '\0' || !less) && strcmp(said->firmware, true_ones->firmware) != 0)
        return false;
    return (said->serial[0] == '\0' && less) || strcmp(said->serial, true_ones->serial) == 0;
}

static bool same_facts(const struct lk_statement *given, const struct lk_statement *proved)
{
    return given->credential_id.len == proved->credential_id.len &&
           memcmp(given->credential_id.bytes, proved->credential_id.bytes,
                  given->credential_id.len) == 0 &&
           given->public_key.len == proved->public_key.len &&
           memcmp(given->public_key.bytes, proved->public_key.bytes, given->public_key.len) == 0 &&
           memcmp(given->aaguid, proved->aaguid, sizeof given->aaguid) == 0 &&
           given->proved.format == proved->proved.format && same_chain(given, proved) &&
           memcmp(&given->attestation_digest, &proved->attestation_digest,
                  sizeof given->attestation_digest) == 0 &&
           memcmp(&given->creation_client_data_hash, &proved->creation_client_data_hash,
                  sizeof given->creation_client_data_hash) == 0;
}

/* What the statement says must be what the attestation shows: nothing is taken on the desk's word. */
static enum lk_reason submit_evidence(struct lk_broker *broker,
                                      const struct lk_statement *statement, struct lk_view object)
{
    const struct lk_attestation attestation = {
        .object = object,
        .client_data_hash = LK_VIEW(statement->creation_client_data_hash.bytes, LK_DIGEST_SIZE)};
    struct lk_attestation_rule rule = {.relying_party = statement->relying_party,
                                       .user_verification = lk_policy_user_verification(
                                           &broker->policy, statement, statement->kind),
                                       .anchors = broker->trust->anchors,
                                       .now = lk_clock_now(broker->clock)};
    struct lk_statement *proved = calloc(1, sizeof *proved);
    enum lk_reason reason = LK_REASON_INTERNAL;

    if (proved == NULL)
        return LK_REASON_INTERNAL;
    if (lk_attestation_verify(broker->crypto, &attestation, &rule, proved, &reason) < 0)
        reason = LK_REASON_INTERNAL;
    if (reason == LK_REASON_NONE && !same_facts(statement, proved))
        reason = LK_REASON_EVIDENCE;
    /* A later version is no new key: what is only not to be handed out any more goes on. */
    if (reason == LK_REASON_NONE)
        reason = lk_policy_key(&broker->policy, statement, statement->version == 1, rule.now);
    free(proved);
    return reason;
}

static enum lk_reason submit_form(const struct lk_broker *broker,
                                  const struct lk_statement *statement)
{
    char relying_party[LK_RELYING_PARTY_MAX + 1];

    if (statement->kind == LK_KIND_HOST)
        lk_relying_party_host(relying_party, sizeof relying_party, broker->config.name);
    else if (statement->kind == LK_KIND_BROWSER)
        snprintf(relying_party, sizeof relying_party, "%s", broker->config.gateway_host);
    else
        return LK_REASON_KIND;
    return strcmp(relying_party, statement->relying_party) == 0 ? LK_REASON_NONE
                                                                : LK_REASON_RELYING_PARTY;
}

/* A login name passes to another person only after every key of the one before was revoked, which takes an operator's touch: a pending
 * statement, which takes none, must not shut anybody out. */
static enum lk_reason submit_name(struct lk_broker *broker, const struct lk_statement *statement)
{
    struct lk_store_rows rows = {0};
    enum lk_reason reason = LK_REASON_NONE;

    if (broker->store_ops->read_name(broker->store, statement->name, &rows) < 0)
        return LK_REASON_STORE_UNAVAILABLE;
    if (rows.known && memcmp(&rows.subject, &statement->subject, sizeof rows.subject) != 0) {
        for (size_t i = 0; i < rows.count; i++) {
            if (rows.rows[i].newest && rows.rows[i].state != LK_STATE_REVOKED)
                reason = LK_REASON_NAME_REASSIGNED;
        }
    }
    lk_store_rows_free(&rows);
    return reason;
}

/* A first version needs its attestation object; a later one of the same credential, for the same subject, may rest on the one that lies here. */
static enum lk_reason submit_judge(struct lk_desk_job *job, const struct lk_desk_submit *submit,
                                   struct lk_statement *ret_statement)
{
    struct lk_broker *broker = job->broker;
    struct lk_store_rows rows = {0};
    struct lk_view object = submit->attestation_object;
    struct lk_view id;
    struct lk_digest credential;
    enum lk_reason reason;

    if (lk_statement_decode(submit->statement, ret_statement) < 0)
        return LK_REASON_STATEMENT;
    reason = submit_form(broker, ret_statement);
    if (reason == LK_REASON_NONE)
        reason = submit_name(broker, ret_statement);
    if (reason != LK_REASON_NONE)
        return reason;
    id = LK_VIEW(ret_statement->credential_id.bytes, ret_statement->credential_id.len);
    if (lk_sha256(broker->crypto, &id, 1, credential.bytes) < 0)
        return LK_REASON_INTERNAL;
    if (broker->store_ops->read_credential(broker->store, &credential, &rows) < 0)
        return LK_REASON_STORE_UNAVAILABLE;
    for (size_t i = 0; i < rows.count && reason == LK_REASON_NONE; i++) {
        if (memcmp(&rows.rows[i].subject, &ret_statement->subject, sizeof ret_statement->subject) !=
            0)
            reason = LK_REASON_USER_HANDLE;
        else if (rows.rows[i].version >= ret_statement->version)
            reason = LK_REASON_SUPERSEDED;
        else if (object.len == 0)
            object = rows.rows[i].attestation_object;
    }
    if (reason == LK_REASON_NONE)
        reason =
            object.len > 0 ? submit_evidence(broker, ret_statement, object) : LK_REASON_EVIDENCE;
    if (reason == LK_REASON_NONE) {
        job->changes[0].u.statement.statement = keep(job, submit->statement);
        job->changes[0].u.statement.attestation_object = keep(job, object);
        job->changes[0].u.statement.client_data_hash =
            keep(job, LK_VIEW(ret_statement->creation_client_data_hash.bytes, LK_DIGEST_SIZE));
    }
    lk_store_rows_free(&rows);
    return reason;
}

int lk_desk_handle_submit(struct lk_broker *broker, struct lk_connection *connection,
                          const struct lk_frame *frame)
{
    struct lk_desk_submit submit;
    struct lk_statement statement;
    struct lk_desk_job *job;
    enum lk_reason reason = LK_REASON_INTERNAL;
    int result = lk_desk_submit_decode(frame->payload, &submit);

    if (result < 0)
        return result;
    job = job_with_store(broker, connection, frame->request, false);
    if (job == NULL)
        return 0;
    job->changes = calloc(1, sizeof *job->changes);
    if (job->changes != NULL &&
        reserve(job, LK_STATEMENT_MAX + LK_ATTESTATION_MAX + LK_DIGEST_SIZE) == 0)
        reason = broker->operators == NULL ? LK_REASON_OPERATOR_SET
                                           : submit_judge(job, &submit, &statement);
    if (reason != LK_REASON_NONE) {
        lk_desk_job_finish(job, reason, 0, NULL);
        return 0;
    }
    job->changes[0].kind = LK_CHANGE_STATEMENT;
    job->changes[0].u.statement.time = lk_clock_now(broker->clock);
    job->change_count = 1;
    return lk_desk_job_commit(job);
}

/* ---- ENDORSE ---- */

/* With what lies beside the row already and this endorsement: is the quorum reached? */
static bool quorum_reached(struct lk_broker *broker, const struct lk_store_row *row,
                           const struct lk_endorsement *fresh)
{
    static const size_t most = LK_ENDORSEMENTS_MAX + 1;
    struct lk_endorsement *records = calloc(most, sizeof *records);
    const struct lk_endorsement *pointers[LK_ENDORSEMENTS_MAX + 1];
    enum lk_reason verdicts[LK_ENDORSEMENTS_MAX + 1];
    size_t count = 0;
    bool reached;

    if (records == NULL)
        return false;
    for (uint32_t i = 0; i < row->endorsement_count; i++) {
        struct lk_tree_path path;
        struct lk_digest root;

        verdicts[count] = LK_REASON_ENDORSEMENT;
        if (lk_endorsement_verdict(broker, row->endorsements[i].record, &records[count],
                                   &verdicts[count]) < 0 ||
            lk_tree_path_decode(row->endorsements[i].path, &path) < 0 ||
            lk_tree_path_root(broker->crypto, &row->digest, &path, &root) < 0 ||
            memcmp(&root, &records[count].root, sizeof root) != 0 ||
            path.count != records[count].count)
            continue;
        pointers[count] = &records[count];
        count++;
    }
    pointers[count] = fresh;
    verdicts[count++] = LK_REASON_NONE;
    reached = lk_quorum_check(broker->operators, LK_ACT_ENROL, pointers, verdicts, count) ==
              LK_REASON_NONE;
    free(records);
    return reached;
}

static enum lk_reason endorse_row(struct lk_desk_job *job, const struct lk_endorsement *endorsement,
                                  size_t index)
{
    struct lk_broker *broker = job->broker;
    struct lk_store_rows rows = {0};
    const struct lk_store_row *row = NULL;
    struct lk_digest digest;
    enum lk_reason reason = LK_REASON_NONE;

    if (broker->store_ops->read_statement(broker->store, &job->digests[index], &rows) < 0)
        return LK_REASON_STORE_UNAVAILABLE;
    row = find_row(&rows, &job->digests[index]);
    if (row == NULL)
        reason = LK_REASON_CREDENTIAL_UNKNOWN;
    else if (lk_object_digest(broker->crypto, row->statement, &digest) < 0 ||
             memcmp(&digest, &job->digests[index], sizeof digest) != 0)
        reason = LK_REASON_STATEMENT;
    else if (!row->newest)
        reason = LK_REASON_SUPERSEDED;
    else if (row->state != LK_STATE_PENDING && row->state != LK_STATE_ACTIVE)
        reason =
            LK_REASON_TRANSITION; /* an active one is endorsed anew when the operator set changes */
    else if (row->endorsement_count == LK_ENDORSEMENTS_MAX)
        reason = LK_REASON_LIMIT;
    if (reason == LK_REASON_NONE &&
        lk_tree_path(broker->crypto, job->digests, job->changes[0].u.endorse.count, index,
                     &job->paths[index]) < 0)
        reason = LK_REASON_INTERNAL;
    if (reason == LK_REASON_NONE) {
        job->completes[index] = quorum_reached(broker, row, endorsement);
        job->row_versions[index] = row->row_version;
        job->detail += job->completes[index] ? 0 : 1;
    }
    lk_store_rows_free(&rows);
    return reason;
}

static enum lk_reason endorse_judge(struct lk_desk_job *job, const struct lk_desk_endorse *endorse)
{
    struct lk_endorsement *endorsement = calloc(1, sizeof *endorsement);
    enum lk_reason reason = LK_REASON_INTERNAL;

    if (endorsement == NULL)
        return LK_REASON_INTERNAL;
    for (size_t i = 0; i < endorse->count; i++)
        memcpy(job->digests[i].bytes, endorse->statements.data + i * LK_DIGEST_SIZE,
               LK_DIGEST_SIZE);
    reason = endorsement_judge(job->broker, endorse->endorsement, LK_ACT_ENROL, job->digests,
                               endorse->count, endorsement);
    for (size_t i = 0; i < endorse->count && reason == LK_REASON_NONE; i++)
        reason = endorse_row(job, endorsement, i);
    free(endorsement);
    return reason;
}

static int endorse_room(struct lk_desk_job *job, const struct lk_desk_endorse *endorse)
{
    job->changes = calloc(1, sizeof *job->changes);
    job->digests = calloc(endorse->count, sizeof *job->digests);
    job->paths = calloc(endorse->count, sizeof *job->paths);
    job->completes = calloc(endorse->count, sizeof *job->completes);
    job->row_versions = calloc(endorse->count, sizeof *job->row_versions);
    if (job->changes == NULL || job->digests == NULL || job->paths == NULL ||
        job->completes == NULL || job->row_versions == NULL)
        return -LK_ERR_NOMEM;
    job->changes[0].u.endorse.count = endorse->count;
    return reserve(job, LK_ENDORSEMENT_MAX);
}

int lk_desk_handle_endorse(struct lk_broker *broker, struct lk_connection *connection,
                           const struct lk_frame *frame)
{
    struct lk_desk_endorse endorse;
    struct lk_desk_job *job;
    enum lk_reason reason;
    int result = lk_desk_endorse_decode(frame->payload, &endorse);

    if (result < 0)
        return result;
    if (endorse.count == 0 || endorse.count > LK_BATCH_MAX ||
        endorse.statements.len != (size_t)endorse.count * LK_DIGEST_SIZE)
        return -LK_ERR_RANGE;
    job = job_with_store(broker, connection, frame->request, false);
    if (job == NULL)
        return 0;
    reason = endorse_room(job, &endorse) == 0 ? endorse_judge(job, &endorse) : LK_REASON_INTERNAL;
    if (reason != LK_REASON_NONE) {
        lk_desk_job_finish(job, reason, 0, NULL);
        return 0;
    }
    job->changes[0].kind = LK_CHANGE_ENDORSE;
    job->changes[0].u.endorse =
        (struct lk_change_endorse){.endorsement = keep(job, endorse.endorsement),
                                   .count = endorse.count,
                                   .statements = job->digests,
                                   .paths = job->paths,
                                   .completes = job->completes,
                                   .row_versions = job->row_versions,
                                   .time = lk_clock_now(broker->clock)};
    job->change_count = 1;
    return lk_desk_job_commit(job);
}

/* ---- STATE ---- */

static enum lk_reason state_change(struct lk_desk_job *job, struct lk_view bytes, enum lk_act act,
                                   size_t index)
{
    struct lk_broker *broker = job->broker;
    struct lk_store_rows rows = {0};
    const struct lk_store_row *row;
    struct lk_state_change change;
    enum lk_reason reason;

    if (lk_state_change_decode(bytes, &change) < 0 ||
        change.state != (act == LK_ACT_SUSPEND ? LK_STATE_SUSPENDED : LK_STATE_REVOKED))
        return LK_REASON_STATEMENT;
    if (broker->store_ops->read_statement(broker->store, &change.statement, &rows) < 0)
        return LK_REASON_STORE_UNAVAILABLE;
    row = find_row(&rows, &change.statement);
    reason =
        row != NULL ? lk_policy_transition(row->state, change.state) : LK_REASON_CREDENTIAL_UNKNOWN;
    lk_store_rows_free(&rows);
    job->changes[index].kind = LK_CHANGE_STATE;
    job->changes[index].u.state = (struct lk_change_state){.change = keep(job, bytes),
                                                           .statement = change.statement,
                                                           .state = change.state,
                                                           .time = lk_clock_now(broker->clock)};
    return reason;
}

static enum lk_reason state_judge(struct lk_desk_job *job, const struct lk_desk_state *state)
{
    struct lk_broker *broker = job->broker;
    struct lk_endorsement *endorsement = calloc(1, sizeof *endorsement);
    const struct lk_endorsement *one = endorsement;
    const enum lk_reason verdict = LK_REASON_NONE;
    enum lk_reason reason = LK_REASON_NONE;
    struct lk_view framed;
    size_t offset;
    enum lk_act act;

    if (endorsement == NULL || lk_endorsement_decode(state->endorsement, endorsement) < 0)
        reason = endorsement == NULL ? LK_REASON_INTERNAL : LK_REASON_ENDORSEMENT;
    act = reason == LK_REASON_NONE ? endorsement->act : LK_ACT_REVOKE;
    if (reason == LK_REASON_NONE && act != LK_ACT_SUSPEND && act != LK_ACT_REVOKE)
        reason = LK_REASON_ENDORSEMENT;
    for (uint32_t i = 0; i < state->count && reason == LK_REASON_NONE; i++) {
        if (lk_object_digest(broker->crypto, state->changes[i], &job->digests[i]) < 0)
            reason = LK_REASON_INTERNAL;
    }
    if (reason == LK_REASON_NONE)
        reason = endorsement_judge(broker, state->endorsement, act, job->digests, state->count,
                                   endorsement);
    if (reason == LK_REASON_NONE)
        reason = lk_quorum_check(broker->operators, act, &one, &verdict, 1);
    offset = job->memory.len;
    lk_buf_put_field32(&job->memory, state->endorsement.data, state->endorsement.len);
    framed = LK_VIEW(job->memory.data + offset, job->memory.len - offset);
    for (uint32_t i = 0; i < state->count && reason == LK_REASON_NONE; i++) {
        reason = state_change(job, state->changes[i], act, i);
        job->changes[i].u.state.endorsements = framed;
        job->changes[i].u.state.sessions =
            state->own_sessions_only ? LK_SESSIONS_OF_CREDENTIAL : LK_SESSIONS_OF_AGENT;
    }
    free(endorsement);
    return reason;
}

int lk_desk_handle_state(struct lk_broker *broker, struct lk_connection *connection,
                         const struct lk_frame *frame)
{
    struct lk_desk_state state;
    struct lk_desk_job *job;
    enum lk_reason reason = LK_REASON_INTERNAL;
    int result = lk_desk_state_decode(frame->payload, &state);

    if (result < 0)
        return result;
    if (state.count == 0)
        return -LK_ERR_RANGE;
    job = job_with_store(broker, connection, frame->request, false);
    if (job == NULL)
        return 0;
    job->changes = calloc(state.count, sizeof *job->changes);
    job->digests = calloc(state.count, sizeof *job->digests);
    if (job->changes != NULL && job->digests != NULL && reserve(job, LK_FRAME_MAX + 64) == 0)
        reason = state_judge(job, &state);
    if (reason != LK_REASON_NONE) {
        lk_desk_job_finish(job, reason, 0, NULL);
        return 0;
    }
    job->change_count = state.count;
    job->detail = state.count;
    return lk_desk_job_commit(job);
}

/* ---- RESTORE ---- */

static bool restore_fits(struct lk_broker *broker, const struct lk_restore *restore)
{
    struct lk_store_head head;
    struct lk_digest mark_hash;
    struct lk_digest set_digest;
    uint64_t mark_number = 0;
    uint64_t set_number;

    if (broker->mark == NULL || broker->store_ops->read_head(broker->store, &head) < 0)
        return false;
    lk_mark_get(broker->mark, &mark_number, &mark_hash, &set_number, &set_digest);
    return restore->mark_number == mark_number &&
           memcmp(&restore->mark_hash, &mark_hash, sizeof mark_hash) == 0 &&
           restore->store_number == head.number &&
           memcmp(&restore->store_hash, &head.hash, sizeof head.hash) == 0;
}

static enum lk_reason restore_quorum(struct lk_desk_job *job, const struct lk_desk_restore *message,
                                     const struct lk_digest *leaf)
{
    struct lk_endorsement *records = calloc(LK_ENDORSEMENTS_MAX, sizeof *records);
    const struct lk_endorsement *pointers[LK_ENDORSEMENTS_MAX];
    enum lk_reason verdicts[LK_ENDORSEMENTS_MAX];
    enum lk_reason reason = LK_REASON_INTERNAL;

    if (records == NULL)
        return LK_REASON_INTERNAL;
    for (uint32_t i = 0; i < message->endorsement_count; i++) {
        pointers[i] = &records[i];
        verdicts[i] = endorsement_judge(job->broker, message->endorsements[i], LK_ACT_RESTORE, leaf,
                                        1, &records[i]);
        lk_buf_put_field32(&job->memory, message->endorsements[i].data,
                           message->endorsements[i].len);
    }
    if (job->broker->operators != NULL)
        reason = lk_quorum_check(job->broker->operators, LK_ACT_RESTORE, pointers, verdicts,
                                 message->endorsement_count);
    free(records);
    return reason;
}

int lk_desk_handle_restore(struct lk_broker *broker, struct lk_connection *connection,
                           const struct lk_frame *frame)
{
    struct lk_desk_restore message;
    struct lk_restore restore;
    struct lk_digest leaf;
    struct lk_desk_job *job;
    enum lk_reason reason = LK_REASON_INTERNAL;
    int result = lk_desk_restore_decode(frame->payload, &message);

    if (result < 0)
        return result;
    job = job_with_store(broker, connection, frame->request, true);
    if (job == NULL)
        return 0;
    job->changes = calloc(1, sizeof *job->changes);
    if (broker->store_reason != LK_REASON_STORE_ROLLED_BACK)
        reason = LK_REASON_TRANSITION;
    else if (lk_restore_decode(message.restore, &restore) < 0 || !restore_fits(broker, &restore))
        reason = LK_REASON_STATEMENT;
    else if (job->changes != NULL && reserve(job, LK_FRAME_MAX + 64) == 0 &&
             lk_object_digest(broker->crypto, message.restore, &leaf) == 0)
        reason = restore_quorum(job, &message, &leaf);
    if (reason != LK_REASON_NONE) {
        lk_desk_job_finish(job, reason, 0, NULL);
        return 0;
    }
    job->changes[0].kind = LK_CHANGE_RESTORE;
    job->changes[0].u.restore.endorsements = lk_buf_view(&job->memory);
    job->changes[0].u.restore.restore = keep(job, message.restore);
    job->changes[0].u.restore.time = lk_clock_now(broker->clock);
    job->change_count = 1;
    return lk_desk_job_commit(job);
}
