/* SPDX-License-Identifier: EUPL-1.2 */
/* latchkey firmware report, impact: all credentials that are not revoked, by model and firmware, as the tables and the policy see them, or would see them. Reads; changes nothing.
 * Memory grows with the models that are in use and, for agents, by 16 bytes a credential. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "provisioning/key.h"
#include "provisioning/operators.h"

enum { ROWS_MAX = 65536 };

/* Credentials of which the same is to be said. */
struct row {
    uint8_t aaguid[LK_AAGUID_SIZE];
    struct lk_key key;
    enum lk_table_verdict before; /* impact: as it is now; report: what is said */
    enum lk_table_verdict after;  /* impact: as it would be */
    enum lk_key_rule_kind rule;   /* the worst finding behind `after` */
    const struct lk_advisory *advisory;
    int64_t from; /* impact: logins would be refused from then on */
    uint64_t credentials;
    struct lk_subject *subjects; /* owned; of each credential */
    size_t subject_room;
    uint64_t agents; /* counted at the end */
};

/* Credentials by advisory, in the order of the table. */
struct fleet {
    struct lk_cli *cli;
    const struct lk_trust *now;
    const struct lk_trust *then; /* NULL: report */
    struct lk_statement *statement;
    int64_t clock;
    uint64_t credentials;
    uint64_t *advisories; /* of `now`: how many credentials */
    struct row *rows;
    size_t count;
};

static void free_fleet(struct fleet *fleet)
{
    for (size_t i = 0; i < fleet->count; i++)
        free(fleet->rows[i].subjects);
    free(fleet->rows);
    free(fleet->advisories);
    free(fleet->statement);
}

static bool same(const struct row *a, const struct row *b)
{
    return memcmp(a->aaguid, b->aaguid, LK_AAGUID_SIZE) == 0 && a->before == b->before &&
           a->after == b->after && a->key.low == b->key.low && a->key.high == b->key.high &&
           a->key.source == b->key.source && a->rule == b->rule && a->advisory == b->advisory &&
           a->from == b->from;
}

/* Most credentials are of few models: the row that was used moves to the front. */
static struct row *find_row(struct fleet *fleet, const struct row *wanted)
{
    struct row *rows = fleet->rows;
    size_t i = 0;

    while (i < fleet->count && !same(&rows[i], wanted))
        i++;
    if (i == fleet->count) {
        if (fleet->count == ROWS_MAX)
            return NULL;
        rows = reallocarray(rows, fleet->count + 1, sizeof *rows);
        if (rows == NULL)
            return NULL;
        fleet->rows = rows;
        rows[fleet->count++] = *wanted;
    }
    if (i > 0) {
        struct row used = rows[i];

        rows[i] = rows[i / 2];
        rows[i / 2] = used;
        i /= 2;
    }
    return &rows[i];
}

static int count_row(struct fleet *fleet, const struct row *wanted)
{
    struct row *row = find_row(fleet, wanted);

    if (row == NULL)
        return lk_cli_fail_memory(fleet->cli, "firmware");
    if (row->credentials == row->subject_room) {
        size_t room = row->subject_room == 0 ? 16 : 2 * row->subject_room;
        struct lk_subject *subjects = reallocarray(row->subjects, room, sizeof *subjects);

        if (subjects == NULL)
            return lk_cli_fail_memory(fleet->cli, "firmware");
        row->subjects = subjects;
        row->subject_room = room;
    }
    row->subjects[row->credentials++] = fleet->statement->subject;
    return 0;
}

static enum lk_table_verdict worst(const struct lk_cli_key *key)
{
    return key->count > 0 ? key->findings[0].verdict : LK_VERDICT_NOTHING;
}

static void count_advisories(struct fleet *fleet, const struct lk_cli_key *key)
{
    for (size_t i = 0; i < key->count; i++) {
        if (key->findings[i].kind == LK_KEY_ADVISORY)
            fleet->advisories[key->findings[i].advisory - fleet->now->tables->advisories]++;
    }
}

static int take(void *context, const struct lk_desk_credential *credential)
{
    struct fleet *fleet = context;
    const struct lk_statement *statement = fleet->statement;
    struct lk_key_facts facts;
    struct lk_cli_key now;
    struct lk_cli_key then;
    struct row row = {0};

    if (credential->state == LK_STATE_REVOKED)
        return 0;
    if (lk_statement_decode(credential->statement, fleet->statement) != 0)
        return lk_cli_fail_reason(fleet->cli, LK_REASON_STATEMENT, NULL);
    facts = lk_key_facts_of(statement);
    fleet->credentials++;
    lk_cli_key_judge(fleet->now, &facts,
                     lk_key_person_of(statement, fleet->now->policy.administrators), fleet->clock,
                     &now);
    memcpy(row.aaguid, statement->aaguid, LK_AAGUID_SIZE);
    row.key = now.key;
    row.before = worst(&now);
    if (fleet->then == NULL) {
        count_advisories(fleet, &now);
        return count_row(fleet, &row);
    }
    lk_cli_key_judge(fleet->then, &facts,
                     lk_key_person_of(statement, fleet->then->policy.administrators), fleet->clock,
                     &then);
    row.after = worst(&then);
    if (then.count > 0) {
        row.rule = then.findings[0].kind;
        row.advisory = then.findings[0].advisory;
        row.from = then.findings[0].from;
    }
    /* What changes is the verdict, or the day from which it counts. */
    if (row.after == row.before &&
        (now.count == 0 || then.count == 0 || now.findings[0].from == row.from))
        return 0;
    return count_row(fleet, &row);
}

/* ---- at the end ---- */

static int compare_subjects(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct lk_subject));
}

static int compare_rows(const void *a, const void *b)
{
    const struct row *left = a;
    const struct row *right = b;

    if (left->after != right->after)
        return left->after > right->after ? -1 : 1;
    if (left->before != right->before)
        return left->before > right->before ? -1 : 1;
    if (left->credentials != right->credentials)
        return left->credentials > right->credentials ? -1 : 1;
    return memcmp(left->aaguid, right->aaguid, LK_AAGUID_SIZE);
}

static void finish(struct fleet *fleet)
{
    for (size_t i = 0; i < fleet->count; i++) {
        struct row *row = &fleet->rows[i];

        qsort(row->subjects, row->credentials, sizeof *row->subjects, compare_subjects);
        for (size_t j = 0; j < row->credentials; j++)
            row->agents +=
                j == 0 || compare_subjects(&row->subjects[j - 1], &row->subjects[j]) != 0;
    }
    if (fleet->count > 0)
        qsort(fleet->rows, fleet->count, sizeof *fleet->rows, compare_rows);
}

static const char *model_name(const struct row *row, char text[LK_AAGUID_TEXT])
{
    if (row->key.model != NULL)
        return row->key.model->model;
    lk_aaguid_format(row->aaguid, text);
    return text;
}

static const char *rule_name(const struct row *row)
{
    return row->advisory != NULL ? row->advisory->id : lk_key_rule_kind_name(row->rule);
}

static void print_row(const struct fleet *fleet, const struct row *row)
{
    char firmware[LK_CLI_FIRMWARE_TEXT];
    char aaguid[LK_AAGUID_TEXT];
    char number[24];
    char day[32];

    lk_cli_key_firmware(&row->key, firmware);
    (void)snprintf(number, sizeof number, "%" PRIu64, row->credentials);
    fputs("  ", stdout);
    lk_cli_cell(number, 10);
    (void)snprintf(number, sizeof number, "%" PRIu64, row->agents);
    lk_cli_cell(number, 10);
    if (fleet->then == NULL) {
        lk_cli_cell(lk_table_verdict_name(row->before), 14);
    } else {
        lk_cli_cell(lk_table_verdict_name(row->before), 14);
        lk_cli_cell(lk_table_verdict_name(row->after), 14);
        if (row->from != 0)
            lk_clock_format(day, sizeof day, row->from);
        else
            (void)snprintf(day, sizeof day, "%s", "-");
        day[10] = '\0';
        lk_cli_cell(day, 12);
        lk_cli_cell(row->after != LK_VERDICT_NOTHING ? rule_name(row) : "-", 18);
    }
    printf("%s; %s\n", model_name(row, aaguid), firmware);
}

static void print_people(const struct fleet *fleet)
{
    fputs("  ", stdout);
    lk_cli_cell(_("keys"), 10);
    lk_cli_cell(_("agents"), 10);
    lk_cli_cell(fleet->then == NULL ? _("verdict") : _("now"), 14);
    if (fleet->then != NULL) {
        lk_cli_cell(_("then"), 14);
        lk_cli_cell(_("logins until"), 12);
        lk_cli_cell(_("because of"), 18);
    }
    printf("%s\n", _("model; firmware"));
    for (size_t i = 0; i < fleet->count; i++)
        print_row(fleet, &fleet->rows[i]);
    for (size_t i = 0; fleet->then == NULL && i < fleet->now->tables->advisory_count; i++) {
        if (fleet->advisories[i] > 0)
            printf("  %-10" PRIu64 "%s: %s\n", fleet->advisories[i],
                   fleet->now->tables->advisories[i].id, fleet->now->tables->advisories[i].title);
    }
    printf(fleet->then == NULL ? _("%" PRIu64 " credentials that are not revoked.\n")
                               : _("Of %" PRIu64 " credentials that are not revoked.\n"),
           fleet->credentials);
}

static void json_row(struct lk_json_writer *writer, struct lk_json *array,
                     const struct fleet *fleet, const struct row *row)
{
    struct lk_json *object = lk_json_put_object(writer, array, NULL);
    char low[LK_FIRMWARE_TEXT];
    char high[LK_FIRMWARE_TEXT];
    char aaguid[LK_AAGUID_TEXT];

    lk_aaguid_format(row->aaguid, aaguid);
    lk_firmware_format(row->key.low, low);
    lk_firmware_format(row->key.high, high);
    lk_json_put_string(writer, object, "aaguid", aaguid);
    lk_json_put_string(writer, object, "model",
                       row->key.model != NULL ? row->key.model->model : NULL);
    lk_json_put_string(writer, object, "firmware_source", lk_firmware_source_name(row->key.source));
    lk_json_put_string(writer, object, "firmware_from", low);
    lk_json_put_string(writer, object, "firmware_to", high);
    lk_json_put_int(writer, object, "credentials", (int64_t)row->credentials);
    lk_json_put_int(writer, object, "agents", (int64_t)row->agents);
    lk_json_put_string(writer, object, fleet->then == NULL ? "verdict" : "now",
                       lk_table_verdict_name(row->before));
    if (fleet->then == NULL)
        return;
    lk_json_put_string(writer, object, "then", lk_table_verdict_name(row->after));
    lk_json_put_string(writer, object, "because",
                       row->after != LK_VERDICT_NOTHING ? rule_name(row) : NULL);
    if (row->from != 0)
        lk_json_put_int(writer, object, "from", row->from);
}

static int print_json(const struct fleet *fleet)
{
    struct lk_json_writer writer;
    struct lk_json *array;

    lk_cli_json_begin(&writer, true, "OK");
    lk_json_put_int(&writer, writer.root, "credentials", (int64_t)fleet->credentials);
    array = lk_json_put_array(&writer, writer.root, fleet->then == NULL ? "models" : "changes");
    for (size_t i = 0; i < fleet->count; i++)
        json_row(&writer, array, fleet, &fleet->rows[i]);
    for (size_t i = 0; fleet->then == NULL && i < fleet->now->tables->advisory_count; i++) {
        struct lk_json *object;

        if (i == 0)
            array = lk_json_put_array(&writer, writer.root, "advisories");
        if (fleet->advisories[i] == 0)
            continue;
        object = lk_json_put_object(&writer, array, NULL);
        lk_json_put_string(&writer, object, "id", fleet->now->tables->advisories[i].id);
        lk_json_put_int(&writer, object, "credentials", (int64_t)fleet->advisories[i]);
    }
    return lk_cli_print_json(fleet->cli, &writer);
}

static int run(struct fleet *fleet)
{
    const struct lk_desk_filter filter = {0};
    int status = lk_cli_connect(fleet->cli);

    fleet->clock = lk_clock_now(&lk_clock_system);
    fleet->statement = calloc(1, sizeof *fleet->statement);
    fleet->advisories = calloc(fleet->now->tables->advisory_count + 1, sizeof *fleet->advisories);
    if (fleet->statement == NULL || fleet->advisories == NULL)
        return lk_cli_fail_memory(fleet->cli, "firmware");
    if (status == 0)
        status = lk_cli_list(fleet->cli, &filter, take, fleet);
    if (status != 0)
        return status;
    finish(fleet);
    if (fleet->cli->json)
        return print_json(fleet);
    print_people(fleet);
    return LK_EXIT_OK;
}

int lk_cmd_firmware_report(struct lk_cli *cli, int argc, char **argv)
{
    struct fleet fleet = {.cli = cli};
    struct lk_config config = {0};
    struct lk_trust *trust = NULL;
    int status;

    if (argc > 1)
        return lk_cli_usage(cli, _("%s does not know %s"), cli->command, argv[1]);
    status = lk_cli_tables(cli, &config, &trust);
    fleet.now = trust;
    if (status == 0)
        status = run(&fleet);
    free_fleet(&fleet);
    (void)lk_trust_free(trust);
    lk_config_clear(&config);
    return status;
}

/* The policy of another file, the tables of another folder, or both. */
static int load_other(struct lk_cli *cli, const char *policy, const char *tables,
                      struct lk_config *config, struct lk_trust **ret_trust)
{
    char message[LK_TRUST_MESSAGE_SIZE] = "";
    int r =
        lk_config_read(policy != NULL ? policy : cli->config_path, config, message, sizeof message);

    if (r == 0 && tables != NULL && strlen(tables) < sizeof config->models_tables)
        memcpy(config->models_tables, tables, strlen(tables) + 1);
    if (r == 0)
        r = lk_trust_load(cli->crypto, config, ret_trust, message, sizeof message);
    return r == 0 ? 0 : lk_cli_fail_reason(cli, LK_REASON_CONFIG, message);
}

int lk_cmd_firmware_impact(struct lk_cli *cli, int argc, char **argv)
{
    struct fleet fleet = {.cli = cli};
    struct lk_config configs[2] = {{.state = ""}};
    struct lk_trust *trusts[2] = {NULL, NULL};
    const char *policy = NULL;
    const char *tables = NULL;
    int status = 0;

    for (int i = 1; i < argc; i++) {
        const char **value = strcmp(argv[i], "--policy") == 0   ? &policy
                             : strcmp(argv[i], "--tables") == 0 ? &tables
                                                                : NULL;

        if (value == NULL || i + 1 == argc)
            return lk_cli_usage(cli, _("%s does not know %s"), cli->command, argv[i]);
        *value = argv[++i];
    }
    if (policy == NULL && tables == NULL)
        return lk_cli_usage(cli, "%s", _("of what? Give --policy FILE, --tables FOLDER, or both"));
    if (tables != NULL && tables[0] != '/')
        return lk_cli_usage(cli, "%s", _("--tables takes an absolute path"));
    status = lk_cli_tables(cli, &configs[0], &trusts[0]);
    if (status == 0)
        status = load_other(cli, policy, tables, &configs[1], &trusts[1]);
    if (status == 0 && trusts[1]->tables == NULL)
        status = lk_cli_fail_reason(cli, LK_REASON_CONFIG,
                                    _("[models] tables is empty: keys are not judged by model"));
    fleet.now = trusts[0];
    fleet.then = trusts[1];
    if (status == 0)
        status = run(&fleet);
    free_fleet(&fleet);
    for (size_t i = 0; i < 2; i++) {
        (void)lk_trust_free(trusts[i]);
        lk_config_clear(&configs[i]);
    }
    return status;
}
