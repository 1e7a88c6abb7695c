/* SPDX-License-Identifier: EUPL-1.2 */
/* latchkey export external-ids: which subject each agent has at the gateway, for linking accounts that exist already at a homeserver (docs/HOMESERVER.md). Only agents
 * with an active browser credential: nobody else could log in there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provisioning/cli.h"

struct external_id {
    struct lk_subject subject;
    char name[LK_NAME_MAX + 1];
};

struct collection {
    struct lk_cli *cli;
    struct lk_statement *statement;
    struct external_id *ids;
    size_t count;
    size_t room;
};

static int collect(void *context, const struct lk_desk_credential *credential)
{
    struct collection *all = context;

    if (lk_statement_decode(credential->statement, all->statement) != 0)
        return lk_cli_fail_reason(all->cli, LK_REASON_STATEMENT, NULL);
    if (all->statement->kind != LK_KIND_BROWSER)
        return 0;
    if (all->count == all->room) {
        size_t room = all->room == 0 ? 256 : 2 * all->room;
        struct external_id *ids = reallocarray(all->ids, room, sizeof *ids);

        if (ids == NULL)
            return lk_cli_fail_memory(all->cli, "export");
        all->ids = ids;
        all->room = room;
    }
    all->ids[all->count].subject = all->statement->subject;
    snprintf(all->ids[all->count].name, sizeof all->ids->name, "%s", all->statement->name);
    all->count++;
    return 0;
}

static int by_name(const void *left, const void *right)
{
    const struct external_id *a = left;
    const struct external_id *b = right;
    int order = strcmp(a->name, b->name);

    return order != 0 ? order : memcmp(&a->subject, &b->subject, sizeof a->subject);
}

/* An agent has two keys, and stands here once. */
static void unite(struct collection *all)
{
    size_t kept = 0;

    if (all->count > 0)
        qsort(all->ids, all->count, sizeof *all->ids, by_name);
    for (size_t i = 0; i < all->count; i++) {
        if (kept == 0 || by_name(&all->ids[kept - 1], &all->ids[i]) != 0)
            all->ids[kept++] = all->ids[i];
    }
    all->count = kept;
}

static int print_json(struct lk_cli *cli, const struct collection *all)
{
    struct lk_json_writer writer;
    struct lk_json *agents;

    lk_cli_json_begin(&writer, true, "OK");
    agents = lk_json_put_array(&writer, writer.root, "agents");
    for (size_t i = 0; i < all->count; i++) {
        struct lk_json *agent = lk_json_put_object(&writer, agents, NULL);

        lk_json_put_string(&writer, agent, "agent", all->ids[i].name);
        lk_json_put_hex(&writer, agent, "external_id", all->ids[i].subject.bytes, LK_SUBJECT_SIZE);
    }
    return lk_cli_print_json(cli, &writer);
}

static int print(struct lk_cli *cli, const struct collection *all)
{
    if (cli->json)
        return print_json(cli, all);
    for (size_t i = 0; i < all->count; i++) {
        printf("%s\t", all->ids[i].name);
        for (size_t byte = 0; byte < LK_SUBJECT_SIZE; byte++)
            printf("%02x", all->ids[i].subject.bytes[byte]);
        putchar('\n');
    }
    return LK_EXIT_OK;
}

int lk_cmd_export_external_ids(struct lk_cli *cli, int argc, char **argv)
{
    const struct lk_desk_filter filter = {.state = LK_STATE_ACTIVE};
    struct collection all = {.cli = cli};
    int status;

    if (argc > 1)
        return lk_cli_usage(cli, _("%s does not know %s"), cli->command, argv[1]);
    all.statement = calloc(1, sizeof *all.statement);
    status = all.statement != NULL ? lk_cli_connect(cli) : lk_cli_fail_memory(cli, "export");
    if (status == 0)
        status = lk_cli_list(cli, &filter, collect, &all);
    if (status == 0) {
        unite(&all);
        status = print(cli, &all);
    }
    free(all.ids);
    free(all.statement);
    return status;
}
