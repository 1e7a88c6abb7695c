/* SPDX-License-Identifier: EUPL-1.2 */
/* latchkey resume: a state goes only forward, so letting a suspended credential in again is a new version of its statement, endorsed like an
 * enrolment. The attestation object that lies in the store is the evidence of every version. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provisioning/choose.h"
#include "provisioning/endorse.h"

static int submit_next(struct lk_cli *cli, const struct lk_chosen *item,
                       struct lk_endorse_list *list)
{
    struct lk_statement *statement = calloc(1, sizeof *statement);
    struct lk_buf bytes = LK_BUF_INIT(LK_STATEMENT_MAX);
    struct lk_desk_submit message = {0};
    struct lk_desk_result answer;
    struct lk_digest digest;
    uint32_t request = lk_cli_next(cli);
    int status = 0;

    if (statement == NULL)
        return lk_cli_fail_memory(cli, "resume");
    if (lk_statement_decode(LK_VIEW(item->bytes, item->len), statement) < 0)
        status = lk_cli_fail_reason(cli, LK_REASON_STATEMENT, NULL);
    if (status == 0) {
        statement->version++;
        if (lk_statement_encode(&bytes, statement) < 0)
            status = lk_cli_fail_reason(cli, LK_REASON_STATEMENT, NULL);
    }
    if (status == 0)
        status = lk_cli_digest(cli, lk_buf_view(&bytes), &digest);
    if (status == 0) {
        message.statement = lk_buf_view(&bytes);
        message.client_data_hash =
            LK_VIEW(statement->creation_client_data_hash.bytes, LK_DIGEST_SIZE);
        status = lk_desk_submit_encode(&cli->client.out, request, &message) < 0
                     ? lk_cli_fail_memory(cli, "resume")
                     : lk_cli_ask_result(cli, request, &answer);
    }
    if (status == 0)
        status = lk_endorse_list_add(cli, list, &digest);
    lk_buf_clear(&bytes);
    free(statement);
    return status;
}

static int report(struct lk_cli *cli, const struct lk_choice *choice, uint64_t active)
{
    struct lk_json_writer writer;
    bool all = active == choice->count;

    if (cli->json) {
        lk_cli_json_begin(&writer, true, "OK");
        lk_json_put_string(&writer, writer.root, "state", all ? "active" : "pending");
        lk_json_put_int(&writer, writer.root, "active", (int64_t)active);
        lk_json_put_int(&writer, writer.root, "waiting", (int64_t)choice->count - (int64_t)active);
        lk_choice_json(choice, &writer);
        return lk_cli_print_json(cli, &writer);
    }
    if (all)
        printf(_("Resumed: %zu. %s can log in again.\n"), choice->count, choice->items[0].name);
    else
        printf(_("Resumed in part: %" PRIu64 " of %zu. The rest waits for another operator: "
                 "`latchkey endorse %s`.\n"),
               active, choice->count, choice->items[0].name);
    return LK_EXIT_OK;
}

static int resume(struct lk_cli *cli, struct lk_choice *choice)
{
    struct lk_endorse_list list = {0};
    uint64_t active = 0;
    uint64_t missing = 0;
    int status = 0;

    if (!lk_cli_confirm(cli, _("Let what is shown above log in again? It takes as many touches as "
                               "an enrolment.")))
        return lk_cli_fail_reason(cli, LK_REASON_CANCELLED, NULL);
    for (size_t i = 0; i < choice->count && status == 0; i++)
        status = submit_next(cli, &choice->items[i], &list);
    if (status == 0)
        status = lk_cli_endorse(cli, &list, &active, &missing);
    if (status != 0 && list.count > 0)
        lk_cli_say(cli, _("The new versions wait for their endorsement: `latchkey endorse %s`."),
                   choice->items[0].name);
    lk_endorse_list_clear(&list);
    return status == 0 ? report(cli, choice, active) : status;
}

int lk_cmd_resume(struct lk_cli *cli, int argc, char **argv)
{
    struct lk_choice *choice;
    int status = 0;

    for (int i = 1; i < argc && status == 0; i++) {
        if (argv[i][0] == '-')
            status = lk_cli_usage(cli, _("%s does not know %s"), cli->command, argv[i]);
    }
    if (status == 0 && argc < 2)
        status = lk_cli_usage(
            cli, _("%s needs an agent or an identifier as `latchkey list` shows it"), cli->command);
    if (status != 0)
        return status;
    choice = calloc(1, sizeof *choice);
    status = choice != NULL ? lk_cli_connect(cli) : lk_cli_fail_memory(cli, cli->command);
    for (int i = 1; i < argc && status == 0; i++)
        status = lk_cli_choose(cli, argv[i], NULL, LK_CHOOSE_SUSPENDED, choice);
    if (status == 0)
        status = resume(cli, choice);
    if (choice != NULL)
        lk_choice_clear(choice);
    free(choice);
    return status;
}
