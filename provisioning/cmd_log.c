/* SPDX-License-Identifier: EUPL-1.2 */
/* latchkey log: who logged in where, who was refused and why. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "provisioning/cli.h"

enum { LOG_USUAL = 50, LOG_MOST = 1000 };

struct logging {
    struct lk_cli *cli;
    struct lk_json_writer writer;
    struct lk_json *array;
    uint64_t count;
};

static enum lk_reason reason_of(const struct lk_desk_record *record)
{
    return lk_reason_known(record->reason) ? (enum lk_reason)record->reason : LK_REASON_INTERNAL;
}

static void put_json(struct logging *logging, const struct lk_desk_record *record)
{
    struct lk_json_writer *writer = &logging->writer;
    struct lk_json *object = lk_json_put_object(writer, logging->array, NULL);

    lk_json_put_int(writer, object, "number", (int64_t)record->number);
    lk_json_put_int(writer, object, "time", record->time);
    lk_json_put_bool(writer, object, "allowed", record->reason == LK_REASON_NONE);
    lk_json_put_string(writer, object, "reason", lk_reason_name(reason_of(record)));
    lk_json_put_string(writer, object, "agent", record->name);
    lk_json_put_string(writer, object, "kind", lk_kind_name((enum lk_kind)record->kind));
    lk_json_put_string(writer, object, "service", record->service);
    lk_json_put_string(writer, object, "remote_host", record->remote_host);
    lk_json_put_hex(writer, object, "subject", record->subject, sizeof record->subject);
    lk_json_put_hex(writer, object, "credential", record->credential, sizeof record->credential);
    lk_json_put_hex(writer, object, "aaguid", record->aaguid, sizeof record->aaguid);
    lk_json_put_int(writer, object, "flags", record->flags);
    lk_json_put_int(writer, object, "counter", record->counter);
    lk_json_put_int(writer, object, "milliseconds", record->milliseconds);
    lk_json_put_int(writer, object, "count", record->count);
}

static void print_head(void)
{
    fputs(lk_cli_bold(), stdout);
    lk_cli_cell(_("time"), 22);
    lk_cli_cell(_("agent"), 18);
    lk_cli_cell(_("service"), 22);
    lk_cli_cell(_("key"), 10);
    printf("%s%s\n", _("verdict"), lk_cli_plain());
}

static void print_row(const struct lk_desk_record *record, bool first)
{
    static const uint8_t none[LK_DIGEST_SIZE];
    struct lk_digest credential;
    char time[32];
    char id[10] = "-";
    char safe[80];

    if (first)
        print_head();
    lk_clock_format(time, sizeof time, record->time);
    memcpy(credential.bytes, record->credential, sizeof credential.bytes);
    if (memcmp(record->credential, none, sizeof none) != 0)
        lk_cli_short_id(id, sizeof id, &credential);
    printf("%-20s  ", time);
    lk_cli_cell(record->name[0] != '\0' ? lk_cli_printable(safe, sizeof safe, record->name)
                                        : _("(erased)"),
                18);
    lk_cli_cell(lk_cli_printable(safe, sizeof safe, record->service), 22);
    printf("%-10s", id);
    if (record->reason == LK_REASON_NONE)
        fputs(_("allowed"), stdout);
    else
        printf("%s%s%s", lk_cli_bold(), lk_reason_name(reason_of(record)), lk_cli_plain());
    if (record->remote_host[0] != '\0')
        printf(_("  from %s"), lk_cli_printable(safe, sizeof safe, record->remote_host));
    if (record->count > 1)
        printf(_("  %" PRIu32 " times"), record->count);
    putchar('\n');
}

static int records(struct logging *logging, const struct lk_desk_log_filter *filter)
{
    struct lk_cli *cli = logging->cli;
    struct lk_desk_record *record = calloc(1, sizeof *record);
    struct lk_frame frame;
    uint32_t request = lk_cli_next(cli);
    int status = record == NULL || lk_desk_log_encode(&cli->client.out, request, filter) < 0
                     ? lk_cli_fail_memory(cli, "log")
                     : 0;

    while (status == 0) {
        status = lk_cli_ask(cli, request, &frame);
        if (status != 0 || frame.type == LK_MESSAGE_DESK_END)
            break;
        if (frame.type != LK_MESSAGE_DESK_RECORD)
            status = lk_cli_answer_refused(cli, &frame);
        else if (lk_desk_record_decode(frame.payload, record) < 0)
            status = lk_cli_fail_reason(cli, LK_REASON_PROTOCOL, NULL);
        else if (cli->json)
            put_json(logging, record);
        else
            print_row(record, logging->count == 0);
        logging->count++;
    }
    free(record);
    return status;
}

static int parse(struct lk_cli *cli, int argc, char **argv, struct lk_desk_log_filter *filter)
{
    uint64_t value;

    filter->most = LOG_USUAL;
    for (int i = 1; i < argc; i++) {
        if ((strcmp(argv[i], "--most") == 0 || strcmp(argv[i], "--from") == 0) && i + 1 < argc) {
            if (lk_number_parse(argv[i + 1], 1, UINT64_MAX, &value) < 0)
                return lk_cli_usage(cli, _("%s takes a number from 1"), argv[i]);
            if (strcmp(argv[i], "--most") == 0 && value > LOG_MOST)
                return lk_cli_usage(cli, _("--most takes a number up to %d"), LOG_MOST);
            if (strcmp(argv[i], "--most") == 0)
                filter->most = (uint32_t)value;
            else
                filter->first = value;
            i++;
        } else if (lk_name_valid(argv[i]) && argv[i][0] != '-' && filter->name[0] == '\0') {
            snprintf(filter->name, sizeof filter->name, "%s", argv[i]);
        } else {
            return lk_cli_usage(cli, _("%s does not know %s"), cli->command, argv[i]);
        }
    }
    return 0;
}

int lk_cmd_log(struct lk_cli *cli, int argc, char **argv)
{
    struct logging logging = {.cli = cli};
    struct lk_desk_log_filter filter = {0};
    int status = parse(cli, argc, argv, &filter);

    if (status == 0)
        status = lk_cli_connect(cli);
    if (status != 0)
        return status;
    if (cli->json) {
        lk_cli_json_begin(&logging.writer, true, "OK");
        logging.array = lk_json_put_array(&logging.writer, logging.writer.root, "records");
    }
    status = records(&logging, &filter);
    if (cli->json && status == 0)
        return lk_cli_print_json(cli, &logging.writer);
    if (cli->json)
        lk_json_abandon(&logging.writer);
    else if (status == 0 && logging.count == 0)
        printf("%s\n", _("No login has been recorded yet."));
    return status;
}
