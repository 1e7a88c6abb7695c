/* SPDX-License-Identifier: EUPL-1.2 */
/* Choosing credentials: by name all of an agent, by identifier exactly one. What is chosen is shown, and what is signed later is the digest of
 * what was shown. */
#include "provisioning/choose.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct choosing {
    struct lk_cli *cli;
    const char *agent;
    unsigned states;
    struct lk_choice *choice;
    size_t seen;     /* rows of that name or identifier */
    size_t distinct; /* of them, in a fitting state */
    enum lk_state other;
};

static int keep(struct choosing *choosing, const struct lk_statement *statement,
                const struct lk_desk_credential *credential)
{
    struct lk_cli *cli = choosing->cli;
    struct lk_choice *choice = choosing->choice;
    struct lk_chosen *item = &choice->items[choice->count];
    int status;

    if (choice->count == LK_CHOSEN_MAX)
        return lk_cli_usage(cli, _("more than %d credentials at once"), LK_CHOSEN_MAX);
    status = lk_cli_digest(
        cli, LK_VIEW(statement->credential_id.bytes, statement->credential_id.len), &item->id);
    if (status == 0)
        status = lk_cli_digest(cli, credential->statement, &item->statement);
    if (status != 0)
        return status;
    for (size_t i = 0; i < choice->count; i++) {
        if (memcmp(&choice->items[i].id, &item->id, sizeof item->id) == 0)
            return 0; /* named twice */
    }
    item->bytes = malloc(credential->statement.len);
    if (item->bytes == NULL)
        return lk_cli_fail_memory(cli, cli->command);
    memcpy(item->bytes, credential->statement.data, credential->statement.len);
    item->len = credential->statement.len;
    item->state = (enum lk_state)credential->state;
    snprintf(item->name, sizeof item->name, "%s", statement->name);
    choice->count++;
    if (!cli->json && choice->count == 1)
        lk_cli_list_head();
    if (!cli->json)
        lk_cli_show_credential(cli, credential, false);
    return 0;
}

static int each(void *context, const struct lk_desk_credential *credential)
{
    struct choosing *choosing = context;
    struct lk_statement *statement = calloc(1, sizeof *statement);
    int status = 0;

    if (statement == NULL)
        return lk_cli_fail_memory(choosing->cli, choosing->cli->command);
    if (lk_statement_decode(credential->statement, statement) == 0 &&
        (choosing->agent == NULL || strcmp(choosing->agent, statement->name) == 0)) {
        choosing->seen++;
        choosing->other = (enum lk_state)credential->state;
        if (credential->state <= LK_STATE_REVOKED && choosing->states >> credential->state & 1U) {
            choosing->distinct++;
            status = keep(choosing, statement, credential);
        }
    }
    free(statement);
    return status;
}

static int fruitless(struct choosing *choosing, const char *text)
{
    struct lk_cli *cli = choosing->cli;
    char detail[256];

    if (choosing->seen == 0) {
        if (choosing->agent != NULL && strcmp(choosing->agent, text) != 0)
            snprintf(detail, sizeof detail, _("%s is no credential of %s"), text, choosing->agent);
        else
            snprintf(detail, sizeof detail, _("nothing is enrolled under %s"), text);
        return lk_cli_fail_reason(cli,
                                  lk_name_valid(text) && choosing->agent == NULL
                                      ? LK_REASON_UNKNOWN_AGENT
                                      : LK_REASON_CREDENTIAL_UNKNOWN,
                                  detail);
    }
    snprintf(detail, sizeof detail, _("%s is %s"), text, _(lk_state_name(choosing->other)));
    return lk_cli_fail_reason(
        cli, choosing->other == LK_STATE_REVOKED ? LK_REASON_REVOKED : LK_REASON_TRANSITION,
        detail);
}

int lk_cli_choose(struct lk_cli *cli, const char *text, const char *agent, unsigned states,
                  struct lk_choice *choice)
{
    struct choosing choosing = {.cli = cli, .agent = agent, .states = states, .choice = choice};
    struct lk_desk_filter filter = {0};
    size_t length = strlen(text);
    size_t before = choice->count;
    int status = 0;

    /* An identifier first: "beefbeef" may be both, but nobody types a name where the list shows identifiers. */
    if (length >= 8 && length <= 64 && length % 2 == 0 &&
        lk_unhex(filter.credential_prefix, length / 2, text) == 0) {
        filter.credential_prefix_len = (uint8_t)(length / 2);
        status = lk_cli_list(cli, &filter, each, &choosing);
        if (status == 0 && choosing.distinct > 1)
            status = lk_cli_usage(cli,
                                  _("%s names %zu credentials: give more characters of the "
                                    "identifier"),
                                  text, choosing.distinct);
    }
    if (status == 0 && choosing.seen == 0) {
        if (!lk_name_valid(text))
            return lk_cli_usage(cli, _("%s is neither a login name nor an identifier"), text);
        filter = (struct lk_desk_filter){0};
        snprintf(filter.name, sizeof filter.name, "%s", text);
        status = lk_cli_list(cli, &filter, each, &choosing);
    }
    if (status == 0 && choosing.distinct == 0 && choice->count == before)
        status = fruitless(&choosing, text);
    return status;
}

void lk_choice_clear(struct lk_choice *choice)
{
    for (size_t i = 0; i < choice->count; i++)
        free(choice->items[i].bytes);
    choice->count = 0;
}

void lk_choice_json(const struct lk_choice *choice, struct lk_json_writer *writer)
{
    struct lk_json *array = lk_json_put_array(writer, writer->root, "credentials");

    for (size_t i = 0; i < choice->count; i++) {
        const struct lk_chosen *item = &choice->items[i];
        struct lk_json *object = lk_json_put_object(writer, array, NULL);

        lk_json_put_hex(writer, object, "id", item->id.bytes, sizeof item->id.bytes);
        lk_json_put_hex(writer, object, "statement", item->statement.bytes,
                        sizeof item->statement.bytes);
        lk_json_put_string(writer, object, "agent", item->name);
    }
}
