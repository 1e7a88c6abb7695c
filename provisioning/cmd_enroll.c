/* SPDX-License-Identifier: EUPL-1.2 */
/* latchkey enroll: one visit of an agent at the desk. Two credentials are made on the key, shown, submitted, endorsed as far as operators
 * are here, and each ends with a verified login. Nothing is submitted before both credentials are made. */
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/text.h"
#include "provisioning/endorse.h"
#include "provisioning/key.h"
#include "provisioning/operators.h"

enum { CREDENTIALS_MAX = 2 };

struct enrolment {
    struct lk_cli *cli;
    struct lk_config config;
    const char *agent;
    char full_name[129];
    struct lk_trust *trust;
    uint32_t group_count;
    const char *groups[LK_GROUPS_MAX]; /* in byte order, each once */
    bool host_only;
    bool leave_pending;
    bool new_holder; /* the login name belongs to another person now */
    long days;
    bool has_subject;
    uint8_t subject[LK_SUBJECT_SIZE];
    size_t count;
    struct lk_statement *statements[CREDENTIALS_MAX];
    struct lk_buf bytes[CREDENTIALS_MAX];
    struct lk_buf objects[CREDENTIALS_MAX];
    struct lk_digest digests[CREDENTIALS_MAX];
    uint64_t active;
    uint64_t missing;
};

/* Canonical: the signed list is in byte order. */
static int add_group(struct lk_cli *cli, const char *group, struct enrolment *enrolment)
{
    uint32_t place = 0;

    if (!lk_group_valid(group))
        return lk_cli_usage(cli, _("%s is not a group: 1 to 64 of a-z 0-9 . _ -"), group);
    while (place < enrolment->group_count && strcmp(enrolment->groups[place], group) < 0)
        place++;
    if (place < enrolment->group_count && strcmp(enrolment->groups[place], group) == 0)
        return 0;
    if (enrolment->group_count == LK_GROUPS_MAX)
        return lk_cli_usage(cli, _("more than %d groups"), LK_GROUPS_MAX);
    memmove(&enrolment->groups[place + 1], &enrolment->groups[place],
            (enrolment->group_count - place) * sizeof enrolment->groups[0]);
    enrolment->groups[place] = group;
    enrolment->group_count++;
    return 0;
}

static int parse(struct lk_cli *cli, int argc, char **argv, struct enrolment *enrolment)
{
    uint64_t days;

    enrolment->days = -1;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--host-only") == 0) {
            enrolment->host_only = true;
        } else if (strcmp(argv[i], "--leave-pending") == 0) {
            enrolment->leave_pending = true;
        } else if (strcmp(argv[i], "--new-holder") == 0) {
            enrolment->new_holder = true;
        } else if (strcmp(argv[i], "--days") == 0 && i + 1 < argc) {
            if (lk_number_parse(argv[++i], 1, 36500, &days) < 0)
                return lk_cli_usage(cli, "%s", _("--days takes a number from 1 to 36500"));
            enrolment->days = (long)days;
        } else if (strcmp(argv[i], "--group") == 0 && i + 1 < argc) {
            int status = add_group(cli, argv[++i], enrolment);

            if (status != 0)
                return status;
        } else if (argv[i][0] == '-' || enrolment->agent != NULL) {
            return lk_cli_usage(cli, _("%s does not know %s"), cli->command, argv[i]);
        } else {
            enrolment->agent = argv[i];
        }
    }
    if (enrolment->agent == NULL)
        return lk_cli_usage(cli, "%s", _("whom? Give the agent's login name"));
    if (!lk_name_valid(enrolment->agent))
        return lk_cli_usage(cli, _("%s is not a login name: 1 to 64 of a-z 0-9 . _ -"),
                            enrolment->agent);
    return 0;
}

/* The desk sees who it is before anything is made. */
static int show_agent(struct enrolment *enrolment)
{
    const struct passwd *account = getpwnam(enrolment->agent);

    if (account != NULL && strcmp(account->pw_name, enrolment->agent) == 0) {
        snprintf(enrolment->full_name, sizeof enrolment->full_name, "%.*s",
                 (int)strcspn(account->pw_gecos, ","), account->pw_gecos);
        lk_cli_say(enrolment->cli, _("Agent %s: %s"), enrolment->agent,
                   enrolment->full_name[0] != '\0' ? enrolment->full_name
                                                   : _("(no full name recorded)"));
        return 0;
    }
    lk_cli_say(enrolment->cli, _("This machine knows no account %s."), enrolment->agent);
    if (lk_cli_confirm(enrolment->cli, _("Enrol it all the same, for logins elsewhere?")))
        return 0;
    return lk_cli_fail_reason(enrolment->cli, LK_REASON_UNKNOWN_AGENT, enrolment->agent);
}

static void fill_statement(struct enrolment *enrolment, enum lk_kind kind,
                           const struct lk_desk_created *created, struct lk_statement *statement)
{
    int64_t now = lk_clock_now(&lk_clock_system);
    long days = enrolment->days >= 0 ? enrolment->days : (long)enrolment->config.statement_days;

    statement->version = 1;
    memcpy(statement->subject.bytes, created->subject, sizeof statement->subject.bytes);
    snprintf(statement->name, sizeof statement->name, "%s", enrolment->agent);
    statement->kind = kind;
    snprintf(statement->relying_party, sizeof statement->relying_party, "%s",
             created->relying_party);
    snprintf(statement->claimed.model, sizeof statement->claimed.model, "%.127s",
             created->info.name);
    if (created->info.firmware != 0)
        snprintf(statement->claimed.firmware, sizeof statement->claimed.firmware, "%" PRIu64,
                 created->info.firmware);
    for (uint32_t i = 0; i < enrolment->group_count; i++)
        snprintf(statement->groups[i], sizeof statement->groups[i], "%s", enrolment->groups[i]);
    statement->group_count = enrolment->group_count;
    if (kind == LK_KIND_HOST && statement->group_count == 0) {
        statement->group_count = 1;
        snprintf(statement->groups[0], sizeof statement->groups[0], "%.64s",
                 enrolment->config.host_group);
    }
    statement->not_before = 0;
    statement->not_after = days > 0 ? now + (int64_t)days * 86400 : 0;
    statement->user_verification = kind == LK_KIND_HOST
                                       ? enrolment->config.host_user_verification
                                       : enrolment->config.browser_user_verification;
}

/* What the tables say of this key, before anybody touches it a second time; the broker judges again. */
static enum lk_reason judge_key(struct enrolment *enrolment, const struct lk_statement *statement)
{
    const struct lk_key_facts facts = lk_key_facts_of(statement);
    struct lk_cli_key key;
    enum lk_reason reason;

    if (enrolment->trust->tables == NULL)
        return LK_REASON_NONE;
    lk_cli_key_judge(enrolment->trust, &facts,
                     lk_key_person_of(statement, enrolment->trust->policy.administrators),
                     lk_clock_now(&lk_clock_system), &key);
    reason = lk_key_reason(key.findings, key.count, true);
    /* Both credentials are of one key: it is told once. */
    if (enrolment->count == 0 || reason != LK_REASON_NONE)
        lk_cli_key_say(enrolment->cli, &key);
    return reason;
}

/* A made credential becomes a statement: what the attestation shows is checked here and again by the broker. */
static int take_credential(struct enrolment *enrolment, enum lk_kind kind,
                           const struct lk_desk_created *created)
{
    struct lk_cli *cli = enrolment->cli;
    size_t index = enrolment->count;
    struct lk_statement *statement = calloc(1, sizeof *statement);
    const struct lk_attestation attestation = {
        .object = created->attestation_object,
        .client_data_hash = LK_VIEW(created->client_data_hash, sizeof created->client_data_hash)};
    struct lk_attestation_rule rule = {.relying_party = created->relying_party,
                                       .anchors = enrolment->trust->anchors,
                                       .now = lk_clock_now(&lk_clock_system)};
    enum lk_reason reason = LK_REASON_INTERNAL;

    if (statement == NULL)
        return lk_cli_fail_memory(cli, "enroll");
    enrolment->statements[index] = statement;
    fill_statement(enrolment, kind, created, statement);
    rule.user_verification = statement->user_verification;
    if (lk_attestation_verify(cli->crypto, &attestation, &rule, statement, &reason) < 0 ||
        reason != LK_REASON_NONE)
        return lk_cli_fail_reason(cli, reason != LK_REASON_NONE ? reason : LK_REASON_INTERNAL,
                                  NULL);
    reason = judge_key(enrolment, statement);
    if (reason != LK_REASON_NONE)
        return lk_cli_fail_reason(cli, reason, NULL);
    lk_buf_put_view(&enrolment->objects[index], created->attestation_object);
    if (lk_buf_error(&enrolment->objects[index]) < 0 ||
        lk_statement_encode(&enrolment->bytes[index], statement) < 0)
        return lk_cli_fail_reason(cli, LK_REASON_STATEMENT, NULL);
    memcpy(enrolment->subject, created->subject, sizeof enrolment->subject);
    enrolment->has_subject = true;
    enrolment->count++;
    return lk_cli_digest(cli, lk_buf_view(&enrolment->bytes[index]), &enrolment->digests[index]);
}

static int make_credential(struct enrolment *enrolment, enum lk_kind kind)
{
    struct lk_cli *cli = enrolment->cli;
    struct lk_desk_create create = {.kind = (uint8_t)kind, .has_subject = enrolment->has_subject};
    struct lk_desk_created created;
    struct lk_frame frame;
    uint32_t request = lk_cli_next(cli);
    int status;

    snprintf(create.name, sizeof create.name, "%s", enrolment->agent);
    snprintf(create.display_name, sizeof create.display_name, "%s", enrolment->full_name);
    memcpy(create.subject, enrolment->subject, sizeof create.subject);
    if (lk_desk_create_encode(&cli->client.out, request, &create) < 0)
        return lk_cli_fail_memory(cli, "enroll");
    status = lk_cli_ask(cli, request, &frame);
    if (status != 0)
        return status;
    if (frame.type != LK_MESSAGE_DESK_CREATED)
        return lk_cli_answer_refused(cli, &frame);
    if (lk_desk_created_decode(frame.payload, &created) < 0)
        return lk_cli_fail_reason(cli, LK_REASON_PROTOCOL, NULL);
    return take_credential(enrolment, kind, &created);
}

static int submit(struct enrolment *enrolment, size_t index)
{
    struct lk_cli *cli = enrolment->cli;
    const struct lk_desk_submit message = {
        .statement = lk_buf_view(&enrolment->bytes[index]),
        .attestation_object = lk_buf_view(&enrolment->objects[index]),
        .client_data_hash =
            LK_VIEW(enrolment->statements[index]->creation_client_data_hash.bytes, LK_DIGEST_SIZE)};
    struct lk_desk_result answer;
    uint32_t request = lk_cli_next(cli);

    if (lk_desk_submit_encode(&cli->client.out, request, &message) < 0)
        return lk_cli_fail_memory(cli, "enroll");
    return lk_cli_ask_result(cli, request, &answer);
}

static int endorse(struct enrolment *enrolment)
{
    struct lk_cli *cli = enrolment->cli;
    struct lk_endorse_list list = {0};
    int status = 0;

    if (enrolment->leave_pending)
        return 0;
    if (!cli->json) {
        for (size_t i = 0; i < enrolment->count; i++) {
            const struct lk_desk_credential shown = {.statement = lk_buf_view(&enrolment->bytes[i]),
                                                     .state = LK_STATE_PENDING};

            lk_cli_show_credential(cli, &shown, true);
        }
    }
    if (!lk_cli_confirm(
            cli, _("Is this right? The operator's touch signs exactly what is shown above."))) {
        lk_cli_say(cli, "%s", _("Left pending: `latchkey endorse` signs it later."));
        return 0;
    }
    for (size_t i = 0; i < enrolment->count && status == 0; i++)
        status = lk_endorse_list_add(cli, &list, &enrolment->digests[i]);
    if (status == 0)
        status = lk_cli_endorse(cli, &list, &enrolment->active, &enrolment->missing);
    lk_endorse_list_clear(&list);
    return status;
}

/* The verified login: the broker shows the credential's standing, then its result. */
static int test_login(struct enrolment *enrolment, size_t index)
{
    struct lk_cli *cli = enrolment->cli;
    struct lk_desk_test test;
    struct lk_desk_result answer;
    struct lk_frame frame;
    uint32_t request = lk_cli_next(cli);
    int status;

    memcpy(test.statement, enrolment->digests[index].bytes, sizeof test.statement);
    if (lk_desk_test_encode(&cli->client.out, request, &test) < 0)
        return lk_cli_fail_memory(cli, "enroll");
    lk_cli_say(cli, _("The agent logs in once with the new %s credential: touch the key."),
               lk_kind_name(enrolment->statements[index]->kind));
    status = lk_cli_ask(cli, request, &frame);
    if (status != 0)
        return status;
    if (frame.type != LK_MESSAGE_DESK_CREDENTIAL)
        return lk_cli_answer_refused(cli, &frame);
    return lk_cli_ask_result(cli, request, &answer);
}

static int report(struct enrolment *enrolment)
{
    struct lk_cli *cli = enrolment->cli;
    struct lk_json_writer writer;
    struct lk_json *array;
    char hex[2 * LK_DIGEST_SIZE + 1];
    bool active = enrolment->active == enrolment->count;

    if (!cli->json) {
        printf(active ? _("%s can log in with this key now.\n")
                      : _("%s is enrolled; the credentials wait for another operator: `latchkey "
                          "pending`.\n"),
               enrolment->agent);
        return LK_EXIT_OK;
    }
    lk_cli_json_begin(&writer, true, "OK");
    lk_json_put_string(&writer, writer.root, "agent", enrolment->agent);
    lk_json_put_hex(&writer, writer.root, "subject", enrolment->subject, sizeof enrolment->subject);
    lk_json_put_string(&writer, writer.root, "state", active ? "active" : "pending");
    array = lk_json_put_array(&writer, writer.root, "credentials");
    for (size_t i = 0; i < enrolment->count; i++) {
        struct lk_json *object = lk_json_put_object(&writer, array, NULL);
        struct lk_digest id;
        const struct lk_statement *statement = enrolment->statements[i];

        if (lk_cli_digest(cli,
                          LK_VIEW(statement->credential_id.bytes, statement->credential_id.len),
                          &id) == 0)
            lk_json_put_hex(&writer, object, "id", id.bytes, sizeof id.bytes);
        lk_hex(hex, sizeof hex, enrolment->digests[i].bytes, LK_DIGEST_SIZE);
        lk_json_put_string(&writer, object, "statement", hex);
        lk_json_put_string(&writer, object, "kind", lk_kind_name(statement->kind));
    }
    return lk_cli_print_json(cli, &writer);
}

static int visit(struct enrolment *enrolment)
{
    struct lk_cli *cli = enrolment->cli;
    bool browser = !enrolment->host_only && enrolment->config.gateway_host[0] != '\0';
    int status;

    lk_cli_say(cli,
               browser
                   ? _("The agent touches the key four times: twice to make the credentials, twice "
                       "to log in.")
                   : _("The agent touches the key twice: to make the credential, and to log in."));
    status = make_credential(enrolment, LK_KIND_HOST);
    if (status == 0 && browser)
        status = make_credential(enrolment, LK_KIND_BROWSER);
    for (size_t i = 0; i < enrolment->count && status == 0; i++)
        status = submit(enrolment, i);
    if (status == 0) {
        status = endorse(enrolment);
        if (status != 0)
            lk_cli_say(
                cli, _("The credentials of %s wait for their endorsement: `latchkey endorse %s`."),
                enrolment->agent, enrolment->agent);
    }
    for (size_t i = 0; i < enrolment->count && status == 0; i++)
        status = test_login(enrolment, i);
    return status == 0 ? report(enrolment) : status;
}

/* Without operators nothing could be submitted: nobody touches a key for nothing. */
static int check_operators(struct lk_cli *cli)
{
    struct lk_operator_set *set = NULL;
    struct lk_buf chain = LK_BUF_INIT(0);
    struct lk_digest digest;
    int status = lk_cli_operators(cli, &set, &digest, &chain);

    lk_operator_set_free(set);
    lk_buf_clear(&chain);
    return status;
}

int lk_cmd_enroll(struct lk_cli *cli, int argc, char **argv)
{
    struct enrolment enrolment = {.cli = cli};
    int status = parse(cli, argc, argv, &enrolment);

    for (size_t i = 0; i < CREDENTIALS_MAX; i++) {
        lk_buf_init(&enrolment.bytes[i], LK_STATEMENT_MAX);
        lk_buf_init(&enrolment.objects[i], LK_ATTESTATION_MAX);
    }
    if (status == 0)
        status = lk_cli_config(cli, &enrolment.config);
    if (status == 0)
        status = lk_cli_trust(cli, &enrolment.config, &enrolment.trust);
    if (status == 0)
        status = lk_cli_connect(cli);
    if (status == 0)
        status = check_operators(cli);
    if (status == 0)
        status = show_agent(&enrolment);
    if (status == 0 && enrolment.new_holder) {
        enrolment.has_subject = true;
        if (lk_random_fill(&lk_random_system, enrolment.subject, sizeof enrolment.subject) < 0)
            status = lk_cli_fail_reason(cli, LK_REASON_INTERNAL, "getrandom");
    }
    if (status == 0)
        status = visit(&enrolment);
    for (size_t i = 0; i < CREDENTIALS_MAX; i++) {
        lk_buf_clear(&enrolment.bytes[i]);
        lk_buf_clear(&enrolment.objects[i]);
        free(enrolment.statements[i]);
    }
    enrolment.trust = lk_trust_free(enrolment.trust);
    lk_config_clear(&enrolment.config);
    return status;
}
