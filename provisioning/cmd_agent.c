/* SPDX-License-Identifier: EUPL-1.2 */
/* latchkey agent set: what an agent is called. The gateway greets with it and hands it to homeservers as display name and e-mail; nothing is decided by it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provisioning/cli.h"

/* Something on either side of one @, no blanks: whether mail arrives is not ours to find out. */
static bool email_plain(const char *text)
{
    const char *at = strchr(text, '@');

    return text[0] == '\0' || (at != NULL && at != text && at[1] != '\0' &&
                               strchr(at + 1, '@') == NULL && strpbrk(text, " \t<>,") == NULL);
}

static int take_text(struct lk_cli *cli, const char *option, const char *value, char *ret_text,
                     size_t size)
{
    if (strlen(value) >= size)
        return lk_cli_usage(cli, _("%s takes at most %zu bytes"), option, size - 1);
    snprintf(ret_text, size, "%s", value);
    return 0;
}

static int parse(struct lk_cli *cli, int argc, char **argv, struct lk_desk_agent *ret_agent)
{
    int status = 0;

    for (int i = 1; i < argc && status == 0; i++) {
        if (strcmp(argv[i], "--full-name") == 0 && i + 1 < argc) {
            ret_agent->set_full_name = true;
            status = take_text(cli, argv[i], argv[i + 1], ret_agent->full_name,
                               sizeof ret_agent->full_name);
            i++;
        } else if (strcmp(argv[i], "--email") == 0 && i + 1 < argc) {
            ret_agent->set_email = true;
            status =
                take_text(cli, argv[i], argv[i + 1], ret_agent->email, sizeof ret_agent->email);
            i++;
        } else if (ret_agent->name[0] == '\0' && lk_name_valid(argv[i])) {
            snprintf(ret_agent->name, sizeof ret_agent->name, "%s", argv[i]);
        } else {
            status = lk_cli_usage(cli, _("%s does not know %s"), cli->command, argv[i]);
        }
    }
    if (status != 0)
        return status;
    if (ret_agent->name[0] == '\0' || (!ret_agent->set_full_name && !ret_agent->set_email))
        return lk_cli_usage(cli, _("%s needs an agent, and --full-name or --email"), cli->command);
    if (!email_plain(ret_agent->email))
        return lk_cli_usage(cli, _("%s is not an e-mail address"), ret_agent->email);
    return 0;
}

int lk_cli_agent_record(struct lk_cli *cli, const char *name,
                        struct lk_desk_agent_record *ret_record, bool *ret_known)
{
    struct lk_desk_agent asked = {0};
    struct lk_desk_result result;
    struct lk_frame frame;
    uint32_t request = lk_cli_next(cli);
    int status;

    *ret_known = false;
    snprintf(asked.name, sizeof asked.name, "%s", name);
    if (lk_desk_agent_encode(&cli->client.out, request, &asked) < 0)
        return lk_cli_fail_reason(cli, LK_REASON_INTERNAL, NULL);
    status = lk_cli_ask(cli, request, &frame);
    if (status != 0)
        return status;
    if (frame.type == LK_MESSAGE_DESK_AGENT_RECORD) {
        *ret_known = lk_desk_agent_record_decode(frame.payload, ret_record) == 0;
        return *ret_known ? 0 : lk_cli_fail_reason(cli, LK_REASON_PROTOCOL, NULL);
    }
    if (frame.type == LK_MESSAGE_DESK_RESULT &&
        lk_desk_result_decode(frame.payload, &result) == 0 &&
        result.reason == LK_REASON_UNKNOWN_AGENT)
        return 0;
    return lk_cli_answer_refused(cli, &frame);
}

int lk_cmd_agent_set(struct lk_cli *cli, int argc, char **argv)
{
    struct lk_desk_agent agent = {0};
    struct lk_desk_result result;
    struct lk_json_writer writer;
    uint32_t request;
    int status = parse(cli, argc, argv, &agent);

    if (status == 0)
        status = lk_cli_connect(cli);
    if (status != 0)
        return status;
    request = lk_cli_next(cli);
    if (lk_desk_agent_encode(&cli->client.out, request, &agent) < 0)
        return lk_cli_usage(cli, "%s", _("that is not plain text"));
    status = lk_cli_ask_result(cli, request, &result);
    if (status != 0)
        return status;
    if (cli->json) {
        lk_cli_json_begin(&writer, true, "OK");
        return lk_cli_print_json(cli, &writer);
    }
    printf(_("Done. The next login of %s tells it to the homeserver.\n"), agent.name);
    return LK_EXIT_OK;
}
