/* SPDX-License-Identifier: EUPL-1.2 */
/* latchkey suspend, revoke, report-lost: denying is cheap, one operator's touch, or the holder's other key. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "provisioning/choose.h"

struct state_options {
    const char *reason;
    bool holder;
    bool replaced; /* only the sessions that this key opened end */
    int word_count;
    char **words; /* ID or AGENT ... */
};

static int parse(struct lk_cli *cli, int argc, char **argv, struct state_options *options)
{
    options->words = argv + 1;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--reason") == 0 && i + 1 < argc)
            options->reason = argv[++i];
        else if (strcmp(argv[i], "--replaced") == 0 && strcmp(cli->command, "revoke") == 0)
            options->replaced = true;
        else if (strcmp(argv[i], "--holder") == 0 && strcmp(cli->command, "report-lost") == 0)
            options->holder = true;
        else if (argv[i][0] == '-')
            return lk_cli_usage(cli, _("%s does not know %s"), cli->command, argv[i]);
        else
            options->words[options->word_count++] = argv[i];
    }
    if (options->replaced && strcmp(options->reason, "revoked") == 0)
        options->reason = "replaced";
    if (options->word_count == 0)
        return lk_cli_usage(
            cli, _("%s needs an agent or an identifier as `latchkey list` shows it"), cli->command);
    if (strlen(options->reason) >= LK_TEXT_MAX)
        return lk_cli_usage(cli, _("the reason has at most %d bytes"), LK_TEXT_MAX - 1);
    return 0;
}

/* One change a credential, encoded into the buffers; their digests are the leaves. */
static int make_changes(struct lk_cli *cli, const struct lk_choice *choice, enum lk_state state,
                        const char *reason, struct lk_buf *changes, struct lk_digest *leaves)
{
    struct lk_state_change change = {.state = state, .time = lk_clock_now(&lk_clock_system)};
    int status = 0;

    snprintf(change.reason, sizeof change.reason, "%s", reason);
    for (size_t i = 0; i < choice->count && status == 0; i++) {
        change.statement = choice->items[i].statement;
        if (lk_state_change_encode(&changes[i], &change) < 0)
            return lk_cli_usage(cli, "%s", _("the reason is not plain text"));
        status = lk_cli_digest(cli, lk_buf_view(&changes[i]), &leaves[i]);
    }
    return status;
}

static int send_changes(struct lk_cli *cli, const struct lk_buf *record,
                        const struct lk_buf *changes, size_t count, bool replaced)
{
    struct lk_desk_state *message = calloc(1, sizeof *message);
    struct lk_desk_result answer;
    uint32_t request = lk_cli_next(cli);
    int status;

    if (message == NULL)
        return lk_cli_fail_memory(cli, cli->command);
    message->endorsement = lk_buf_view(record);
    message->count = (uint32_t)count;
    message->own_sessions_only = replaced;
    for (size_t i = 0; i < count; i++)
        message->changes[i] = lk_buf_view(&changes[i]);
    if (lk_desk_state_encode(&cli->client.out, request, message) < 0)
        status = lk_cli_fail_memory(cli, cli->command);
    else
        status = lk_cli_ask_result(cli, request, &answer);
    free(message);
    return status;
}

static int sign_and_send(struct lk_cli *cli, const struct lk_choice *choice, enum lk_state state,
                         const struct state_options *options)
{
    struct lk_operator_set *set = NULL;
    struct lk_buf changes[LK_CHOSEN_MAX];
    struct lk_digest leaves[LK_CHOSEN_MAX];
    struct lk_buf record = LK_BUF_INIT(LK_ENDORSEMENT_MAX);
    struct lk_digest digest;
    struct lk_buf chain = LK_BUF_INIT(0);
    const struct lk_operator *by = NULL;
    int status = lk_cli_operators(cli, &set, &digest, &chain);

    for (size_t i = 0; i < LK_CHOSEN_MAX; i++)
        lk_buf_init(&changes[i], LK_STATEMENT_MAX);
    if (status == 0)
        status = make_changes(cli, choice, state, options->reason, changes, leaves);
    if (status == 0) {
        by = lk_cli_operator(cli, set, 0);
        status = by != NULL ? 0 : cli->said;
    }
    if (status == 0)
        status =
            lk_cli_sign(cli, set, by, state == LK_STATE_SUSPENDED ? LK_ACT_SUSPEND : LK_ACT_REVOKE,
                        leaves, choice->count, &record);
    if (status == 0)
        status = send_changes(cli, &record, changes, choice->count, options->replaced);
    if (status == 0)
        lk_cli_remember_head(cli, by);
    for (size_t i = 0; i < LK_CHOSEN_MAX; i++)
        lk_buf_clear(&changes[i]);
    lk_buf_clear(&record);
    lk_buf_clear(&chain);
    lk_operator_set_free(set);
    return status;
}

static int report(struct lk_cli *cli, const struct lk_choice *choice, enum lk_state state)
{
    struct lk_json_writer writer;

    if (cli->json) {
        lk_cli_json_begin(&writer, true, "OK");
        lk_json_put_string(&writer, writer.root, "state", lk_state_name(state));
        lk_json_put_int(&writer, writer.root, "changed", (int64_t)choice->count);
        lk_choice_json(choice, &writer);
        return lk_cli_print_json(cli, &writer);
    }
    if (state == LK_STATE_SUSPENDED)
        printf(_("Suspended: %zu. They open nothing until `latchkey resume`.\n"), choice->count);
    else
        printf(_("Revoked: %zu, for ever. A new key is enrolled with `latchkey enroll %s`.\n"),
               choice->count, choice->items[0].name);
    return LK_EXIT_OK;
}

static int change_state(struct lk_cli *cli, const struct state_options *options, const char *agent,
                        enum lk_state state, struct lk_choice *choice)
{
    unsigned states = state == LK_STATE_SUSPENDED ? LK_CHOOSE_RUNNING : LK_CHOOSE_NOT_REVOKED;
    int status = 0;

    for (int i = 0; i < options->word_count && status == 0; i++)
        status = lk_cli_choose(cli, options->words[i], agent, states, choice);
    if (status == 0 && !lk_cli_confirm(cli, state == LK_STATE_SUSPENDED
                                                ? _("Suspend what is shown above?")
                                                : _("Revoke what is shown above, for ever?")))
        status = lk_cli_fail_reason(cli, LK_REASON_CANCELLED, NULL);
    if (status == 0)
        status = sign_and_send(cli, choice, state, options);
    return status == 0 ? report(cli, choice, state) : status;
}

static int run(struct lk_cli *cli, int argc, char **argv, enum lk_state state, const char *reason)
{
    struct state_options options = {.reason = reason};
    struct lk_choice *choice = calloc(1, sizeof *choice);
    int status =
        choice != NULL ? parse(cli, argc, argv, &options) : lk_cli_fail_memory(cli, cli->command);

    if (status == 0)
        status = lk_cli_connect(cli);
    if (status == 0)
        status = change_state(cli, &options, NULL, state, choice);
    if (choice != NULL)
        lk_choice_clear(choice);
    free(choice);
    return status;
}

int lk_cmd_suspend(struct lk_cli *cli, int argc, char **argv)
{
    return run(cli, argc, argv, LK_STATE_SUSPENDED, "left at home");
}

int lk_cmd_revoke(struct lk_cli *cli, int argc, char **argv)
{
    return run(cli, argc, argv, LK_STATE_REVOKED, "revoked");
}

/* ---- report-lost ---- */

static int holder_report(struct lk_cli *cli, const struct state_options *options, const char *agent,
                         struct lk_choice *choice)
{
    struct lk_desk_lost *lost = calloc(1, sizeof *lost);
    struct lk_desk_result answer;
    uint32_t request;
    int status = lost != NULL ? 0 : lk_cli_fail_memory(cli, cli->command);

    for (int i = 0; i < options->word_count && status == 0; i++)
        status = lk_cli_choose(cli, options->words[i], agent, LK_CHOOSE_NOT_REVOKED, choice);
    if (status == 0 && choice->count > sizeof lost->credentials / sizeof lost->credentials[0])
        status = lk_cli_usage(cli, _("more than %d credentials at once"), 32);
    if (status == 0 && !lk_cli_confirm(cli, _("Revoke what is shown above, for ever?")))
        status = lk_cli_fail_reason(cli, LK_REASON_CANCELLED, NULL);
    if (status == 0) {
        request = lk_cli_next(cli);
        snprintf(lost->name, sizeof lost->name, "%s", agent);
        lost->count = (uint32_t)choice->count;
        for (size_t i = 0; i < choice->count; i++)
            memcpy(lost->credentials[i], choice->items[i].id.bytes, LK_DIGEST_SIZE);
        lk_cli_say(cli, _("%s touches a key that is not lost."), agent);
        status = lk_desk_lost_encode(&cli->client.out, request, lost) < 0
                     ? lk_cli_fail_memory(cli, cli->command)
                     : lk_cli_ask_result(cli, request, &answer);
    }
    free(lost);
    return status == 0 ? report(cli, choice, LK_STATE_REVOKED) : status;
}

/* The first word is the agent; which of the keys is lost is said by the others. An operator who names none gives up all of the agent's keys and is asked. */
static int lost_words(struct lk_cli *cli, struct state_options *options, const char **ret_agent)
{
    const char *agent = options->words[0];

    if (!lk_name_valid(agent))
        return lk_cli_usage(cli, _("%s is not a login name: 1 to 64 of a-z 0-9 . _ -"), agent);
    if (options->word_count == 1 && options->holder)
        return lk_cli_usage(cli, "%s",
                            _("say which key is lost: `latchkey list AGENT` shows the identifiers. "
                              "The key that is touched must be another one"));
    if (options->word_count > 1) {
        options->words++;
        options->word_count--;
    }
    *ret_agent = agent;
    return 0;
}

int lk_cmd_report_lost(struct lk_cli *cli, int argc, char **argv)
{
    struct state_options options = {.reason = "lost"};
    struct lk_choice *choice = calloc(1, sizeof *choice);
    const char *agent = NULL;
    int status =
        choice != NULL ? parse(cli, argc, argv, &options) : lk_cli_fail_memory(cli, cli->command);

    if (status == 0)
        status = lost_words(cli, &options, &agent);
    if (status == 0)
        status = lk_cli_connect(cli);
    if (status == 0)
        status = options.holder ? holder_report(cli, &options, agent, choice)
                                : change_state(cli, &options, agent, LK_STATE_REVOKED, choice);
    if (choice != NULL)
        lk_choice_clear(choice);
    free(choice);
    return status;
}
