/* SPDX-License-Identifier: EUPL-1.2 */
/* latchkey status: what runs and what needs attention. Exit 0 only if logins can be decided, store and operators are there, and no homeserver is long
 * without word of sessions that were ended. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "provisioning/cli.h"

enum { LOGOUT_LATE_SECONDS = 900 };

static bool logouts_late(const struct lk_desk_pairs *pairs)
{
    const char *oldest = lk_cli_status_value(pairs, "oldest_logout_seconds");
    uint64_t seconds;

    return oldest != NULL &&
           (lk_number_parse(oldest, 0, INT64_MAX, &seconds) < 0 || seconds > LOGOUT_LATE_SECONDS);
}

/* E_... at the front of the store's row is why it is not served. */
static enum lk_reason judge(const struct lk_desk_pairs *pairs)
{
    const char *store = lk_cli_status_value(pairs, "store");
    const char *device = lk_cli_status_value(pairs, "device");
    char name[64];

    if (store == NULL)
        return LK_REASON_STORE_UNAVAILABLE;
    if (strncmp(store, "E_", 2) == 0) {
        snprintf(name, sizeof name, "%.*s", (int)strcspn(store, ":"), store);
        for (uint32_t number = 1; number < 256; number++) {
            if (lk_reason_known(number) &&
                strcmp(lk_reason_name((enum lk_reason)number), name) == 0)
                return (enum lk_reason)number;
        }
        return LK_REASON_STORE_UNAVAILABLE;
    }
    if (lk_cli_status_value(pairs, "operator_set") == NULL)
        return LK_REASON_OPERATOR_SET;
    if (device != NULL && strncmp(device, "E_", 2) == 0)
        return LK_REASON_DEVICE_UNAVAILABLE;
    return logouts_late(pairs) ? LK_REASON_LOGOUTS : LK_REASON_NONE;
}

static int print_json(struct lk_cli *cli, const struct lk_desk_pairs *pairs, enum lk_reason reason)
{
    struct lk_json_writer writer;
    struct lk_json *status;
    struct lk_json *warnings;

    lk_cli_json_begin(&writer, reason == LK_REASON_NONE, lk_reason_name(reason));
    if (reason != LK_REASON_NONE)
        lk_json_put_string(&writer, writer.root, "message", lk_cli_reason_text(reason));
    status = lk_json_put_object(&writer, writer.root, "status");
    warnings = lk_json_put_array(&writer, writer.root, "warnings");
    for (uint32_t i = 0; i < pairs->count; i++) {
        const struct lk_desk_pair *pair = &pairs->pairs[i];

        if (strcmp(pair->name, "warning") == 0)
            lk_json_put_string(&writer, warnings, NULL, pair->value);
        else
            lk_json_put_string(&writer, status, pair->name, pair->value);
    }
    return lk_cli_print_json(cli, &writer);
}

/* Names travel as words of the protocol; a person reads them without underscores. */
static void print_pair(const struct lk_desk_pair *pair)
{
    char name[sizeof pair->name];
    char safe[sizeof pair->value];
    size_t digits;

    snprintf(name, sizeof name, "%s", pair->name);
    for (char *at = name; *at != '\0'; at++) {
        if (*at == '_')
            *at = ' ';
    }
    lk_cli_printable(safe, sizeof safe, pair->value);
    /* Number and hash: as much of the hash as a person compares; --json has it whole. */
    digits = strspn(safe, "0123456789");
    if (digits > 0 && safe[digits] == ' ' && strlen(safe + digits + 1) == 2 * LK_DIGEST_SIZE)
        safe[digits == 1 && safe[0] == '0' ? digits : digits + 1 + 16] = '\0';
    lk_cli_row(_(name), "%s", safe);
}

static void print_text(const struct lk_desk_pairs *pairs, enum lk_reason reason)
{
    char safe[sizeof pairs->pairs[0].value];
    bool any = false;

    for (uint32_t i = 0; i < pairs->count; i++) {
        if (strcmp(pairs->pairs[i].name, "warning") != 0)
            print_pair(&pairs->pairs[i]);
    }
    for (uint32_t i = 0; i < pairs->count; i++) {
        if (strcmp(pairs->pairs[i].name, "warning") != 0)
            continue;
        printf("%s%s%s%s %s\n", any ? "" : "\n", lk_cli_bold(), _("Warning:"), lk_cli_plain(),
               _(lk_cli_printable(safe, sizeof safe, pairs->pairs[i].value)));
        any = true;
    }
    if (reason != LK_REASON_NONE)
        printf("\n%s%s (%s)%s\n", lk_cli_bold(), lk_cli_reason_text(reason), lk_reason_name(reason),
               lk_cli_plain());
}

static int exit_of(enum lk_reason reason)
{
    if (reason == LK_REASON_NONE)
        return LK_EXIT_OK;
    return lk_reason_class(reason) == LK_REASON_CLASS_CONFIG ? LK_EXIT_CONFIG : LK_EXIT_UNAVAILABLE;
}

int lk_cmd_status(struct lk_cli *cli, int argc, char **argv)
{
    struct lk_desk_pairs *pairs = calloc(1, sizeof *pairs);
    enum lk_reason reason;
    int status;

    if (pairs == NULL)
        return lk_cli_fail_memory(cli, "status");
    status = argc > 1 ? lk_cli_usage(cli, _("%s does not know %s"), cli->command, argv[1])
                      : lk_cli_connect(cli);
    if (status == 0)
        status = lk_cli_status(cli, pairs);
    if (status == 0) {
        reason = judge(pairs);
        status = exit_of(reason);
        if (!cli->json)
            print_text(pairs, reason);
        else if (print_json(cli, pairs, reason) != LK_EXIT_OK)
            status = LK_EXIT_INTERNAL;
    }
    free(pairs);
    return status;
}
