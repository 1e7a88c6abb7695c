/* SPDX-License-Identifier: EUPL-1.2 */
/* latchkey list, show, pending, explain: what is enrolled and how it stands. `explain` prints what the login itself would find: the
 * broker judges with the same function. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provisioning/reendorse.h"

struct listing {
    struct lk_cli *cli;
    struct lk_json_writer writer;
    struct lk_json *array;
    size_t count;
    bool full;
    bool explain;
    const char *next;            /* what to do with what was shown */
    bool only_short;             /* active ones that lack operators of the current set */
    char agent[LK_NAME_MAX + 1]; /* of the first row, where it is shown in full */
};

static void print_reasons(const struct lk_desk_credential *credential)
{
    if (credential->reason_count == 0)
        printf("  %s\n", _("May log in now."));
    for (uint32_t i = 0; i < credential->reason_count; i++) {
        enum lk_reason reason = lk_reason_known(credential->reasons[i])
                                    ? (enum lk_reason)credential->reasons[i]
                                    : LK_REASON_INTERNAL;

        printf("  %s %-22s %s\n", i == 0 ? _("no: ") : "    ", lk_reason_name(reason),
               lk_cli_reason_text(reason));
    }
}

static int each(void *context, const struct lk_desk_credential *credential)
{
    struct listing *listing = context;
    struct lk_statement statement;

    if (listing->only_short && !lk_cli_is_short(credential))
        return 0;
    listing->count++;
    if (listing->full && listing->count == 1 &&
        lk_statement_decode(credential->statement, &statement) == 0)
        snprintf(listing->agent, sizeof listing->agent, "%s", statement.name);
    if (listing->cli->json) {
        lk_cli_json_credential(listing->cli, &listing->writer,
                               lk_json_put_object(&listing->writer, listing->array, NULL),
                               credential);
        return 0;
    }
    if (listing->full && listing->count > 1)
        putchar('\n');
    if (listing->count == 1)
        lk_cli_list_head();
    lk_cli_show_credential(listing->cli, credential, listing->full);
    if (listing->explain)
        print_reasons(credential);
    return 0;
}

/* What the agent is called, below its credentials. */
static int show_agent(struct listing *listing)
{
    struct lk_desk_agent_record record;
    char safe[sizeof record.email];
    struct lk_json *object;
    bool known = false;
    int status = lk_cli_agent_record(listing->cli, listing->agent, &record, &known);

    if (status != 0 || !known)
        return status;
    if (listing->cli->json) {
        object = lk_json_put_object(&listing->writer, listing->writer.root, "agent");
        lk_json_put_string(&listing->writer, object, "full_name", record.full_name);
        lk_json_put_string(&listing->writer, object, "email", record.email);
        return 0;
    }
    if (record.full_name[0] != '\0')
        lk_cli_row(_("full name"), "%s", lk_cli_printable(safe, sizeof safe, record.full_name));
    if (record.email[0] != '\0')
        lk_cli_row(_("e-mail"), "%s", lk_cli_printable(safe, sizeof safe, record.email));
    return 0;
}

static int run_listing(struct lk_cli *cli, const struct lk_desk_filter *filter,
                       struct listing *listing, const char *none)
{
    int status = lk_cli_connect(cli);

    listing->cli = cli;
    if (status != 0)
        return status;
    if (cli->json) {
        lk_cli_json_begin(&listing->writer, true, "OK");
        listing->array = lk_json_put_array(&listing->writer, listing->writer.root, "credentials");
    }
    status = lk_cli_list(cli, filter, each, listing);
    if (status == 0 && listing->agent[0] != '\0')
        status = show_agent(listing);
    if (status != 0) {
        if (cli->json)
            lk_json_abandon(&listing->writer);
        return status;
    }
    if (cli->json)
        return lk_cli_print_json(cli, &listing->writer);
    if (listing->count == 0)
        printf("%s\n", none);
    else if (listing->next != NULL)
        printf("\n%s\n", listing->next);
    return LK_EXIT_OK;
}

static int filter_from(struct lk_cli *cli, int argc, char **argv, bool required,
                       struct lk_desk_filter *filter, bool *ret_short)
{
    size_t length;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--all-versions") == 0) {
            filter->all_versions = true;
        } else if (ret_short != NULL && strcmp(argv[i], "--short") == 0) {
            *ret_short = true;
        } else if (argv[i][0] == '-' || filter->name[0] != '\0' ||
                   filter->credential_prefix_len > 0) {
            return lk_cli_usage(cli, _("%s does not know %s"), cli->command, argv[i]);
        } else {
            length = strlen(argv[i]);
            if (length >= 8 && length <= 64 && length % 2 == 0 &&
                lk_unhex(filter->credential_prefix, length / 2, argv[i]) == 0)
                filter->credential_prefix_len = (uint8_t)(length / 2);
            else if (lk_name_valid(argv[i]))
                snprintf(filter->name, sizeof filter->name, "%s", argv[i]);
            else
                return lk_cli_usage(cli, _("%s is neither a login name nor an identifier"),
                                    argv[i]);
        }
    }
    if (required && filter->name[0] == '\0' && filter->credential_prefix_len == 0)
        return lk_cli_usage(
            cli, _("%s needs an agent or an identifier as `latchkey list` shows it"), cli->command);
    return 0;
}

int lk_cmd_list(struct lk_cli *cli, int argc, char **argv)
{
    struct lk_desk_filter filter = {0};
    struct listing listing = {0};
    int status = filter_from(cli, argc, argv, false, &filter, NULL);

    return status != 0
               ? status
               : run_listing(
                     cli, &filter, &listing,
                     _("No credential is enrolled yet. `latchkey enroll AGENT` makes the first."));
}

int lk_cmd_show(struct lk_cli *cli, int argc, char **argv)
{
    struct lk_desk_filter filter = {0};
    struct listing listing = {.full = true};
    int status = filter_from(cli, argc, argv, true, &filter, NULL);

    status = status != 0
                 ? status
                 : run_listing(cli, &filter, &listing, _("Nothing of that name is enrolled."));
    return status == LK_EXIT_OK && listing.count == 0 ? LK_EXIT_REFUSED : status;
}

int lk_cmd_explain(struct lk_cli *cli, int argc, char **argv)
{
    struct lk_desk_filter filter = {0};
    struct listing listing = {.explain = true};
    int status = filter_from(cli, argc, argv, true, &filter, NULL);

    status =
        status != 0
            ? status
            : run_listing(
                  cli, &filter, &listing,
                  _("Nothing of that name is enrolled: a login is refused (E_UNKNOWN_AGENT)."));
    return status == LK_EXIT_OK && listing.count == 0 ? LK_EXIT_REFUSED : status;
}

int lk_cmd_pending(struct lk_cli *cli, int argc, char **argv)
{
    struct lk_desk_filter filter = {.state = LK_STATE_PENDING};
    struct listing listing = {0};
    int status = filter_from(cli, argc, argv, false, &filter, &listing.only_short);

    if (listing.only_short)
        filter.state = LK_STATE_ACTIVE;
    listing.next = listing.only_short ? _("These lack operators of the current set: `latchkey "
                                          "endorse --short` signs them anew.")
                                      : _("An operator signs them with `latchkey endorse KEY ...` "
                                          "or `latchkey endorse --all`.");
    return status != 0 ? status
                       : run_listing(cli, &filter, &listing, _("Nothing waits for an operator."));
}
