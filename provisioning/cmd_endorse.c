/* SPDX-License-Identifier: EUPL-1.2 */
/* latchkey endorse: shows pending statements and signs what was shown. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provisioning/endorse.h"
#include "provisioning/reendorse.h"

struct choosing {
    struct lk_cli *cli;
    struct lk_endorse_list list;
    bool all;
    bool only_short; /* active ones that lack operators of the current set */
    int argc;
    char **argv;
};

static bool chosen(const struct choosing *choosing, const struct lk_digest *credential,
                   const char *name)
{
    char hex[2 * LK_DIGEST_SIZE + 1];

    if (choosing->all)
        return true;
    lk_hex(hex, sizeof hex, credential->bytes, sizeof credential->bytes);
    for (int i = 1; i < choosing->argc; i++) {
        size_t length = strlen(choosing->argv[i]);

        if ((length >= 8 && strncmp(choosing->argv[i], hex, length) == 0) ||
            strcmp(choosing->argv[i], name) == 0)
            return true;
    }
    return false;
}

static int each(void *context, const struct lk_desk_credential *credential)
{
    struct choosing *choosing = context;
    struct lk_statement *statement = calloc(1, sizeof *statement);
    struct lk_digest digest;
    struct lk_digest id;
    int status = 0;

    if (choosing->only_short && !lk_cli_is_short(credential)) {
        free(statement);
        return 0;
    }
    if (statement == NULL)
        return lk_cli_fail_memory(choosing->cli, "endorse");
    /* What does not decode cannot be shown, and what was not shown is not signed. */
    if (lk_statement_decode(credential->statement, statement) == 0) {
        status = lk_cli_digest(
            choosing->cli, LK_VIEW(statement->credential_id.bytes, statement->credential_id.len),
            &id);
        if (status == 0)
            status = lk_cli_digest(choosing->cli, credential->statement, &digest);
        if (status == 0 && chosen(choosing, &id, statement->name)) {
            if (!choosing->cli->json)
                lk_cli_show_credential(choosing->cli, credential, true);
            status = lk_endorse_list_add(choosing->cli, &choosing->list, &digest);
        }
    }
    free(statement);
    return status;
}

static int report(struct lk_cli *cli, size_t count, uint64_t active, uint64_t missing)
{
    struct lk_json_writer writer;

    if (cli->json) {
        lk_cli_json_begin(&writer, true, "OK");
        lk_json_put_int(&writer, writer.root, "signed", (int64_t)count);
        lk_json_put_int(&writer, writer.root, "active", (int64_t)active);
        lk_json_put_int(&writer, writer.root, "waiting", (int64_t)missing);
        return lk_cli_print_json(cli, &writer);
    }
    printf(_("Signed: %zu. Active now: %" PRIu64 ". Waiting for another operator: %" PRIu64 ".\n"),
           count, active, missing);
    return LK_EXIT_OK;
}

int lk_cmd_endorse(struct lk_cli *cli, int argc, char **argv)
{
    struct choosing choosing = {.cli = cli, .argc = argc, .argv = argv};
    struct lk_desk_filter filter = {.state = LK_STATE_PENDING};
    uint64_t active = 0;
    uint64_t missing = 0;
    int status;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--all") == 0)
            choosing.all = true;
        else if (strcmp(argv[i], "--short") == 0)
            choosing.only_short = true;
        else if (argv[i][0] == '-')
            return lk_cli_usage(cli, _("%s does not know %s"), cli->command, argv[i]);
    }
    if (choosing.only_short) {
        choosing.all = choosing.all || argc == 2;
        filter.state = LK_STATE_ACTIVE;
    }
    if (argc < 2)
        return lk_cli_usage(cli, "%s",
                            _("say which: identifiers as `latchkey pending` shows them, or --all"));
    status = lk_cli_connect(cli);
    if (status == 0)
        status = lk_cli_list(cli, &filter, each, &choosing);
    if (status == 0 && choosing.list.count == 0)
        status = lk_cli_fail_reason(cli, LK_REASON_CREDENTIAL_UNKNOWN,
                                    _("nothing of that kind waits for an operator"));
    if (status == 0 &&
        !lk_cli_confirm(cli, _("Is this right? Your touch signs exactly what is shown above.")))
        status = lk_cli_fail_reason(cli, LK_REASON_CANCELLED, NULL);
    if (status == 0)
        status = lk_cli_endorse(cli, &choosing.list, &active, &missing);
    if (status == 0)
        status = report(cli, choosing.list.count, active, missing);
    lk_endorse_list_clear(&choosing.list);
    return status;
}
