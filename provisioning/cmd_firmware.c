/* SPDX-License-Identifier: EUPL-1.2 */
/* latchkey firmware show, check, report, impact: what the tables and the policy say of models and of the credentials that are enrolled. Reads; changes nothing. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "provisioning/choose.h"
#include "provisioning/key.h"
#include "provisioning/operators.h"

/* ---- show ---- */

struct showing {
    struct lk_cli *cli;
    const struct lk_trust *trust;
    struct lk_statement *statement;
    struct lk_json_writer writer;
    struct lk_json *array;
    size_t count;
};

static int show_credential(void *context, const struct lk_desk_credential *credential)
{
    struct showing *showing = context;
    const struct lk_statement *statement = showing->statement;
    struct lk_key_facts facts;
    struct lk_cli_key key;
    struct lk_json *object;

    if (lk_statement_decode(credential->statement, showing->statement) != 0)
        return lk_cli_fail_reason(showing->cli, LK_REASON_STATEMENT, NULL);
    facts = lk_key_facts_of(statement);
    lk_cli_key_judge(showing->trust, &facts,
                     lk_key_person_of(statement, showing->trust->policy.administrators),
                     lk_clock_now(&lk_clock_system), &key);
    if (showing->cli->json) {
        object = lk_json_put_object(&showing->writer, showing->array, NULL);
        lk_json_put_string(&showing->writer, object, "agent", statement->name);
        lk_json_put_string(&showing->writer, object, "kind", lk_kind_name(statement->kind));
        lk_json_put_string(&showing->writer, object, "state",
                           lk_state_name((enum lk_state)credential->state));
        lk_cli_json_key(&showing->writer, object, &key);
    } else {
        printf("%s%s, %s, %s, %s\n", showing->count > 0 ? "\n" : "", statement->name,
               lk_key_person_name(key.person), lk_kind_name(statement->kind),
               lk_state_name((enum lk_state)credential->state));
        lk_cli_key_show(&key);
    }
    showing->count++;
    return 0;
}

static int show_agent(struct showing *showing, const char *name)
{
    struct lk_desk_filter filter = {0};
    int status = lk_cli_connect(showing->cli);

    if (status != 0)
        return status;
    (void)snprintf(filter.name, sizeof filter.name, "%s", name);
    status = lk_cli_list(showing->cli, &filter, show_credential, showing);
    if (status == 0 && showing->count == 0)
        status = lk_cli_fail_reason(showing->cli, LK_REASON_UNKNOWN_AGENT, name);
    return status;
}

static void show_model(struct showing *showing, const uint8_t aaguid[LK_AAGUID_SIZE])
{
    struct lk_cli_key key;

    lk_cli_key_judge_model(showing->trust, aaguid, lk_clock_now(&lk_clock_system), &key);
    if (showing->cli->json)
        lk_cli_json_key(&showing->writer,
                        lk_json_put_object(&showing->writer, showing->array, NULL), &key);
    else
        lk_cli_key_show(&key);
}

int lk_cmd_firmware_show(struct lk_cli *cli, int argc, char **argv)
{
    struct showing showing = {.cli = cli};
    struct lk_config config = {0};
    struct lk_trust *trust = NULL;
    uint8_t aaguid[LK_AAGUID_SIZE];
    bool model = argc == 2 && lk_aaguid_parse(argv[1], aaguid) == 0;
    int status;

    if (argc != 2 || (!model && !lk_name_valid(argv[1])))
        return lk_cli_usage(cli, "%s", _("which? Give an AAGUID or an agent's login name"));
    showing.statement = calloc(1, sizeof *showing.statement);
    status = showing.statement != NULL ? lk_cli_tables(cli, &config, &trust)
                                       : lk_cli_fail_memory(cli, "show");
    showing.trust = trust;
    if (status == 0 && cli->json) {
        lk_cli_json_begin(&showing.writer, true, "OK");
        showing.array = lk_json_put_array(&showing.writer, showing.writer.root, "keys");
    }
    if (status == 0 && model)
        show_model(&showing, aaguid);
    else if (status == 0)
        status = show_agent(&showing, argv[1]);
    if (showing.array != NULL && status == 0)
        status = lk_cli_print_json(cli, &showing.writer);
    else if (showing.array != NULL)
        lk_json_abandon(&showing.writer);
    free(showing.statement);
    (void)lk_trust_free(trust);
    lk_config_clear(&config);
    return status;
}

/* ---- check ---- */

static void show_head(const struct lk_tables *tables, enum lk_table table,
                      enum lk_table_origin origin)
{
    const struct lk_table_head *head = &tables->heads[table][origin];
    char text[32];
    char name[64];

    if (!head->given)
        return;
    lk_clock_format(text, sizeof text, head->date);
    (void)snprintf(name, sizeof name, "%s", lk_table_name(table));
    lk_cli_row(name, _("%s, version %u of %.10s"), lk_table_origin_name(origin), head->version,
               text);
}

int lk_cmd_firmware_check(struct lk_cli *cli, int argc, char **argv)
{
    struct lk_config config = {0};
    struct lk_trust *trust = NULL;
    struct lk_json_writer writer;
    int status;

    if (argc > 1)
        return lk_cli_usage(cli, _("%s does not know %s"), cli->command, argv[1]);
    status = lk_cli_tables(cli, &config, &trust);
    if (status == 0 && cli->json) {
        lk_cli_json_begin(&writer, true, "OK");
        lk_json_put_int(&writer, writer.root, "authenticators",
                        (int64_t)trust->tables->authenticator_count);
        lk_json_put_int(&writer, writer.root, "anchors", (int64_t)trust->tables->anchor_count);
        lk_json_put_int(&writer, writer.root, "advisories", (int64_t)trust->tables->advisory_count);
        lk_json_put_int(&writer, writer.root, "certificates",
                        (int64_t)lk_anchors_count(trust->anchors));
        status = lk_cli_print_json(cli, &writer);
    } else if (status == 0) {
        for (int table = 0; table < LK_TABLES; table++) {
            for (int origin = LK_TABLE_SHIPPED; origin <= LK_TABLE_IMPORTED; origin++)
                show_head(trust->tables, (enum lk_table)table, (enum lk_table_origin)origin);
        }
        printf(_("The tables are in order: %zu models, %zu anchors (%zu with their certificate), "
                 "%zu advisories.\n"),
               trust->tables->authenticator_count, trust->tables->anchor_count,
               lk_anchors_count(trust->anchors), trust->tables->advisory_count);
    }
    (void)lk_trust_free(trust);
    lk_config_clear(&config);
    return status;
}
