/* SPDX-License-Identifier: EUPL-1.2 */
/* What the desk may look at: credentials with their standing, status, register, login log. Answers are pages, so that a fleet's list
 * never stands in memory. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "broker/desk.h"
#include "broker/gateway.h"
#include "broker/log/record.h"
#include "broker/run.h"

enum { UNTOLD_WARNINGS = 4 };

int lk_desk_put_credential(struct lk_broker *broker, struct lk_connection *connection,
                           uint32_t request, const struct lk_store_rows *agent,
                           const struct lk_store_row *row)
{
    struct lk_desk_credential message = {.statement = row->statement,
                                         .state = (uint8_t)row->state,
                                         .entry = row->entry.number,
                                         .activation =
                                             row->activation.present ? row->activation.number : 0,
                                         .counter = row->counter,
                                         .created = row->created,
                                         .last_login = row->last_login,
                                         .endorsement_count = row->endorsement_count};
    struct lk_statement statement;
    struct lk_standing_result standing;
    enum lk_kind kind =
        lk_statement_decode(row->statement, &statement) == 0 ? statement.kind : LK_KIND_HOST;
    int result = lk_standing_judge(broker, agent, row, kind, &standing);

    if (result < 0)
        return result;
    /* What refuses every login refuses this one too. */
    if (lk_broker_ready(broker) != LK_REASON_NONE)
        message.reasons[message.reason_count++] = (uint32_t)lk_broker_ready(broker);
    for (size_t i = 0; i < standing.reason_count &&
                       message.reason_count < sizeof message.reasons / sizeof message.reasons[0];
         i++)
        message.reasons[message.reason_count++] = (uint32_t)standing.reasons[i];
    for (uint32_t i = 0; i < row->endorsement_count; i++)
        message.endorsements[i] = row->endorsements[i].record;
    return lk_desk_credential_encode(&connection->out, request, &message);
}

struct listing {
    struct lk_broker *broker;
    struct lk_connection *connection;
    uint32_t request;
};

static int list_row(void *context, const char *name, const struct lk_store_row *row)
{
    struct listing *listing = context;
    struct lk_store_rows agent = {.known = true, .subject = row->subject};

    snprintf(agent.name, sizeof agent.name, "%s", name);
    return lk_desk_put_credential(listing->broker, listing->connection, listing->request, &agent,
                                  row);
}

int lk_desk_handle_list(struct lk_broker *broker, struct lk_connection *connection,
                        const struct lk_frame *frame)
{
    struct listing listing = {
        .broker = broker, .connection = connection, .request = frame->request};
    struct lk_store_filter filter = {0};
    struct lk_desk_filter message;
    int result = lk_desk_list_decode(frame->payload, &message);

    if (result < 0)
        return result;
    if (broker->store == NULL)
        return lk_desk_result(connection, frame->request, broker->store_reason, 0, 0,
                              broker->store_text);
    filter.name = message.name[0] != '\0' ? message.name : NULL;
    filter.credential_prefix = LK_VIEW(message.credential_prefix, message.credential_prefix_len);
    filter.state = message.state;
    filter.all_versions = message.all_versions;
    filter.after = message.after;
    filter.most = message.most;
    if (broker->store_ops->list(broker->store, &filter, list_row, &listing) < 0)
        return lk_desk_result(connection, frame->request, LK_REASON_STORE_UNAVAILABLE, 0, 0, NULL);
    return lk_desk_end_encode(&connection->out, frame->request);
}

/* ---- STATUS ---- */

static void __attribute__((format(printf, 3, 4)))
pair(struct lk_desk_pairs *pairs, const char *name, const char *format, ...)
{
    va_list arguments;
    struct lk_desk_pair *row;

    if (pairs->count == LK_PAIRS_MAX)
        return;
    row = &pairs->pairs[pairs->count++];
    snprintf(row->name, sizeof row->name, "%s", name);
    va_start(arguments, format);
    vsnprintf(row->value, sizeof row->value, format, arguments);
    va_end(arguments);
}

static void pair_digest(struct lk_desk_pairs *pairs, const char *name, uint64_t number,
                        const struct lk_digest *digest)
{
    char text[2 * LK_DIGEST_SIZE + 1];

    lk_hex(text, sizeof text, digest->bytes, sizeof digest->bytes);
    pair(pairs, name, "%" PRIu64 " %s", number, text);
}

static void status_operators(const struct lk_broker *broker, struct lk_desk_pairs *pairs)
{
    const struct lk_operator_set *set = broker->operators;
    bool single = false;

    if (set == NULL) {
        pair(pairs, "operators", "none: run `latchkey init`");
        return;
    }
    pair_digest(pairs, "operator_set", set->number, &broker->operators_digest);
    pair(pairs, "operators", "%" PRIu32, set->operator_count);
    pair(pairs, "quorum_enrol", "%u", set->quorum[LK_ACT_ENROL]);
    for (uint32_t i = 0; i < set->operator_count; i++)
        single = single || set->operators[i].key_count < 2;
    if (single)
        pair(pairs, "warning",
             "an operator has one key only: enrol a second one with `latchkey operator add`");
    if (set->operator_count < 2)
        pair(pairs, "warning",
             "one operator can enrol alone: add a second one with `latchkey operator add`");
}

static bool client_can_be_told(const struct lk_config *config, const char *name)
{
    for (size_t i = 0; i < config->client_count; i++) {
        if (strcmp(config->clients[i].name, name) == 0)
            return config->clients[i].backchannel_logout_uri[0] != '\0';
    }
    return false;
}

/* What homeservers have not yet been told. What nobody can be told is apart, or it would hide what is late. */
static void waiting_count(const struct lk_broker *broker, const struct lk_store_queue *queue,
                          struct lk_gateway_waiting *ret_waiting)
{
    int64_t now = lk_clock_now(broker->clock);
    int64_t oldest = now;

    *ret_waiting = (struct lk_gateway_waiting){
        .flags = broker->reload_text[0] != '\0' ? LK_WAITING_RELOAD_REFUSED : 0};
    for (size_t i = 0; i < queue->count; i++) {
        const struct lk_store_waiting *waiting = &queue->clients[i];

        if (!client_can_be_told(&broker->config, waiting->client)) {
            ret_waiting->undeliverable += waiting->pending;
            continue;
        }
        ret_waiting->logouts += waiting->pending;
        oldest = waiting->oldest < oldest ? waiting->oldest : oldest;
    }
    ret_waiting->oldest = (uint64_t)(now - oldest);
}

int lk_broker_waiting(struct lk_broker *broker, struct lk_gateway_waiting *ret_waiting)
{
    struct lk_store_queue queue = {.count = 0};
    int error = broker->store != NULL ? broker->store_ops->read_queue(broker->store, &queue)
                                      : -LK_ERR_NOT_FOUND;

    if (error == 0)
        waiting_count(broker, &queue, ret_waiting);
    return error;
}

/* `latchkey status` judges by the seconds. */
static void status_logouts(struct lk_broker *broker, struct lk_desk_pairs *pairs)
{
    struct lk_gateway_waiting all;
    struct lk_store_queue queue;
    size_t warnings = 0;

    if (broker->store_ops->read_queue(broker->store, &queue) != 0)
        return;
    waiting_count(broker, &queue, &all);
    for (size_t i = 0; i < queue.count; i++) {
        const struct lk_store_waiting *waiting = &queue.clients[i];

        if (!client_can_be_told(&broker->config, waiting->client) && warnings++ < UNTOLD_WARNINGS)
            pair(pairs, "warning",
                 "%" PRIu64 " logouts wait for %s, which has no section in the configuration or no "
                 "backchannel_logout_uri: end these sessions there by hand; each is forgotten "
                 "after %d days",
                 waiting->pending, waiting->client, LK_STORE_LOGOUT_NOBODY / 86400);
    }
    pair(pairs, "logouts_pending", "%" PRIu64, all.logouts);
    if (all.logouts > 0)
        pair(pairs, "oldest_logout_seconds", "%" PRIu64, all.oldest);
    if (all.undeliverable > 0)
        pair(pairs, "logouts_undeliverable", "%" PRIu64, all.undeliverable);
}

static void status_store(struct lk_broker *broker, struct lk_desk_pairs *pairs)
{
    struct lk_store_head head;
    struct lk_digest mark_hash;
    struct lk_digest set_digest;
    uint64_t mark_number;
    uint64_t set_number;

    if (broker->store_reason != LK_REASON_NONE)
        pair(pairs, "store", "%s: %s", lk_reason_name(broker->store_reason), broker->store_text);
    if (broker->store != NULL && broker->store_ops->read_head(broker->store, &head) == 0) {
        if (broker->store_reason == LK_REASON_NONE)
            pair(pairs, "store", "ok (%s)", broker->store_ops->name);
        pair_digest(pairs, "register", head.number, &head.hash);
        pair_digest(pairs, "login_log", head.log_number, &head.log_hash);
        pair(pairs, "agents", "%" PRIu64, head.agents);
        pair(pairs, "credentials", "%" PRIu64, head.credentials);
        pair(pairs, "active", "%" PRIu64, head.active);
        pair(pairs, "pending", "%" PRIu64, head.pending);
        pair(pairs, "suspended", "%" PRIu64, head.suspended);
        pair(pairs, "revoked", "%" PRIu64, head.revoked);
        if (broker->config.gateway_host[0] != '\0')
            status_logouts(broker, pairs);
        if (broker->store_ops->low_space(broker->store) > 0)
            pair(pairs, "warning",
                 "E_STORE_LOW: the disk is full, step %d of the reserve is in use",
                 broker->store_ops->low_space(broker->store));
    }
    if (broker->mark != NULL) {
        lk_mark_get(broker->mark, &mark_number, &mark_hash, &set_number, &set_digest);
        pair_digest(pairs, "mark", mark_number, &mark_hash);
    }
}

static void status_clock(struct lk_broker *broker, struct lk_desk_pairs *pairs)
{
    char newest[32];

    if (lk_broker_ready(broker) != LK_REASON_CLOCK)
        return;
    lk_clock_format(newest, sizeof newest, broker->clock_floor);
    pair(pairs, "warning",
         "E_CLOCK: the clock is behind the newest record, %s: no login until it is set", newest);
}

/* What keys are judged by, and since when it is old. */
static void status_tables(struct lk_broker *broker, struct lk_desk_pairs *pairs)
{
    const struct lk_tables *tables = broker->trust->tables;
    const struct lk_key_policy *policy = &broker->trust->policy;
    int64_t date;
    char day[32];

    if (tables == NULL) {
        pair(pairs, "tables", "none: keys are not judged by model");
    } else {
        date = lk_tables_date(tables, LK_TABLE_ADVISORIES);
        lk_clock_format(day, sizeof day, date);
        pair(pairs, "tables", "%zu models, %zu advisories of %.10s", tables->authenticator_count,
             tables->advisory_count, day);
        if (policy->age_warn_days != 0 &&
            lk_clock_now(broker->clock) - date > (int64_t)(policy->age_warn_days + 1) * 86400 - 1)
            pair(pairs, "warning", "E_TABLE_OLD: the advisories are of %.10s", day);
    }
    if (broker->reload_text[0] != '\0')
        pair(pairs, "warning", "E_CONFIG: the last reload was refused: %s", broker->reload_text);
}

int lk_desk_handle_status(struct lk_broker *broker, struct lk_connection *connection,
                          const struct lk_frame *frame)
{
    static struct lk_desk_pairs pairs; /* 37 KB: the loop is one thread */
    char started[32];

    if (frame->payload.len != 0)
        return -LK_ERR_TRAILING;
    pairs.count = 0;
    lk_clock_format(started, sizeof started, broker->started);
    pair(&pairs, "organisation", "%s", broker->config.name);
    pair(&pairs, "gateway_host", "%s",
         broker->config.gateway_host[0] != '\0' ? broker->config.gateway_host : "none");
    pair(&pairs, "host", "%s", broker->host);
    pair(&pairs, "host_group", "%s", broker->config.host_group);
    pair(&pairs, "started", "%s", started);
    status_operators(broker, &pairs);
    status_store(broker, &pairs);
    status_clock(broker, &pairs);
    status_tables(broker, &pairs);
    pair(&pairs, "device", "%s",
         broker->device == NULL            ? "E_DEVICE_UNAVAILABLE"
         : lk_device_owner(broker) != NULL ? lk_device_owner(broker)
                                           : "idle");
    pair(&pairs, "user_verification", "%s",
         broker->policy.host_user_verification ? "required" : "discouraged by policy for hosts");
    if (broker->rootless)
        pair(&pairs, "warning", "started without root: all processes run as the same user");
    if (broker->test_mode)
        pair(&pairs, "warning", "test mode: not for use");
    return lk_desk_pairs_encode(&connection->out, frame->request, &pairs);
}

/* ---- REGISTER ---- */

static int register_entry(void *context, const struct lk_store_entry *entry)
{
    struct listing *listing = context;
    struct lk_desk_entry message = {.entry = entry->bytes, .object = entry->object};
    struct lk_view rest = entry->endorsements;

    while (rest.len > 0 && message.endorsement_count < LK_ALLOW_MAX) {
        if (lk_view_get_field32(&rest, LK_ENDORSEMENT_MAX,
                                &message.endorsements[message.endorsement_count]) < 0)
            break; /* shown as it lies there: the entry's detail digest will not fit */
        message.endorsement_count++;
    }
    return lk_desk_entry_encode(&listing->connection->out, listing->request, &message);
}

int lk_desk_handle_register(struct lk_broker *broker, struct lk_connection *connection,
                            const struct lk_frame *frame)
{
    struct listing listing = {
        .broker = broker, .connection = connection, .request = frame->request};
    struct lk_desk_register range;
    struct lk_store_head head;
    int result = lk_desk_register_decode(frame->payload, &range);

    if (result < 0)
        return result;
    if (broker->store == NULL)
        return lk_desk_result(connection, frame->request, broker->store_reason, 0, 0,
                              broker->store_text);
    if (range.most == 0 || range.most > LK_LIST_MOST)
        return -LK_ERR_RANGE;
    result = range.first == 0 ? broker->store_ops->read_head(broker->store, &head) : 0;
    if (range.first == 0)
        range.first = result == 0 && head.number > 0 ? head.number : 1;
    if (result == 0)
        result = broker->store_ops->read_register(broker->store, range.first, range.most,
                                                  register_entry, &listing);
    if (result < 0)
        return lk_desk_result(connection, frame->request, LK_REASON_STORE_UNAVAILABLE, 0, 0, NULL);
    return lk_desk_end_encode(&connection->out, frame->request);
}

/* ---- LOG ---- */

static int log_row(void *context, const struct lk_store_log_row *row)
{
    struct listing *listing = context;
    struct lk_log_entry entry;
    const struct lk_log_record *record = &entry.record;
    struct lk_desk_record message = {.number = row->number};

    if (lk_log_entry_decode(row->bytes, &entry) < 0)
        return -LK_ERR_CORRUPT;
    message.time = record->time;
    message.reason = (uint32_t)record->reason;
    message.kind = (uint8_t)record->kind;
    memcpy(message.subject, record->subject.bytes, sizeof message.subject);
    memcpy(message.credential, record->credential.bytes, sizeof message.credential);
    memcpy(message.aaguid, record->aaguid, sizeof message.aaguid);
    message.flags = record->flags;
    message.counter = record->counter;
    message.milliseconds = record->milliseconds;
    message.count = record->count;
    snprintf(message.name, sizeof message.name, "%s", row->name);
    snprintf(message.service, sizeof message.service, "%s", row->service);
    snprintf(message.remote_host, sizeof message.remote_host, "%s", row->remote_host);
    return lk_desk_record_encode(&listing->connection->out, listing->request, &message);
}

int lk_desk_handle_log(struct lk_broker *broker, struct lk_connection *connection,
                       const struct lk_frame *frame)
{
    struct listing listing = {
        .broker = broker, .connection = connection, .request = frame->request};
    struct lk_desk_log_filter filter;
    int result = lk_desk_log_decode(frame->payload, &filter);

    if (result < 0)
        return result;
    if (broker->store == NULL)
        return lk_desk_result(connection, frame->request, broker->store_reason, 0, 0,
                              broker->store_text);
    result = broker->store_ops->read_log(broker->store, filter.name[0] != '\0' ? filter.name : NULL,
                                         filter.first, filter.most, log_row, &listing);
    if (result < 0)
        return lk_desk_result(connection, frame->request, LK_REASON_STORE_UNAVAILABLE, 0, 0,
                              result == -LK_ERR_CORRUPT ? "a log record does not decode" : NULL);
    return lk_desk_end_encode(&connection->out, frame->request);
}
