/* SPDX-License-Identifier: EUPL-1.2 */
/* How things are shown: sentences and rows for people on a terminal, one JSON document for programs. What comes from a key or a store is
 * printed with control characters replaced, so that a key's name cannot drive the desk's terminal. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "provisioning/cli.h"

const char *lk_cli_bold(void)
{
    return isatty(STDOUT_FILENO) ? "\033[1m" : "";
}

const char *lk_cli_plain(void)
{
    return isatty(STDOUT_FILENO) ? "\033[0m" : "";
}

const char *lk_cli_printable(char *ret_text, size_t size, const char *text)
{
    size_t length = 0;

    for (; *text != '\0' && length + 1 < size; text++) {
        unsigned char byte = (unsigned char)*text;

        ret_text[length++] = byte < 0x20 || byte == 0x7f ? '?' : *text;
    }
    ret_text[length] = '\0';
    return ret_text;
}

void lk_cli_progress_end(struct lk_cli *cli)
{
    if (!cli->progress_shown)
        return;
    cli->progress_shown = false;
    fputs(isatty(STDERR_FILENO) ? "\r\033[K" : "", stderr);
    fflush(stderr);
}

void lk_cli_progress(struct lk_cli *cli, const char *format, ...)
{
    va_list arguments;

    if (cli->quiet)
        return;
    lk_cli_progress_end(cli);
    fputs(isatty(STDERR_FILENO) ? "\033[1m" : "", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputs(isatty(STDERR_FILENO) ? "\033[0m" : "\n", stderr);
    fflush(stderr);
    cli->progress_shown = isatty(STDERR_FILENO) != 0;
}

void lk_cli_say(struct lk_cli *cli, const char *format, ...)
{
    va_list arguments;

    if (cli->quiet)
        return;
    lk_cli_progress_end(cli);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

const char *lk_cli_reason_text(enum lk_reason reason)
{
    return dgettext(LK_DOMAIN_SHARED, lk_reason_text(reason));
}

void lk_cli_json_begin(struct lk_json_writer *writer, bool ok, const char *code)
{
    lk_json_begin_object(writer);
    lk_json_put_bool(writer, writer->root, "ok", ok);
    lk_json_put_string(writer, writer->root, "code", code);
}

static int exit_of_class(enum lk_reason reason)
{
    if (reason == LK_REASON_CANCELLED)
        return LK_EXIT_CANCELLED;
    switch (lk_reason_class(reason)) {
    case LK_REASON_CLASS_ALLOWED:
        return LK_EXIT_OK;
    case LK_REASON_CLASS_RETRY:
        return LK_EXIT_RETRY;
    case LK_REASON_CLASS_UNAVAILABLE:
        return LK_EXIT_UNAVAILABLE;
    case LK_REASON_CLASS_CONFIG:
        return LK_EXIT_CONFIG;
    case LK_REASON_CLASS_REFUSED:
    case LK_REASON_CLASS_MAXTRIES:
        break;
    }
    return LK_EXIT_REFUSED;
}

static void fail(struct lk_cli *cli, const char *code, const char *text, const char *detail)
{
    struct lk_json_writer writer;
    char safe[512];

    lk_cli_progress_end(cli);
    if (!cli->json) {
        fprintf(stderr, "latchkey: %s (%s)%s%s\n", text, code,
                detail != NULL && detail[0] != '\0' ? "\n  " : "",
                detail != NULL ? lk_cli_printable(safe, sizeof safe, detail) : "");
        return;
    }
    lk_cli_json_begin(&writer, false, code);
    lk_json_put_string(&writer, writer.root, "message", text);
    if (detail != NULL && detail[0] != '\0')
        lk_json_put_string(&writer, writer.root, "detail",
                           lk_cli_printable(safe, sizeof safe, detail));
    (void)lk_cli_print_json(cli, &writer);
}

int lk_cli_fail_reason(struct lk_cli *cli, enum lk_reason reason, const char *detail)
{
    fail(cli, lk_reason_name(reason), lk_cli_reason_text(reason), detail);
    cli->said = exit_of_class(reason);
    return cli->said;
}

int lk_cli_fail_error(struct lk_cli *cli, int error, const char *what)
{
    fail(cli, lk_error_name(error), _(lk_error_text(error)), what);
    cli->said = error == -LK_ERR_OWNER || error == -LK_ERR_MODE || error == -LK_ERR_LINK ||
                        error == -LK_ERR_CONFIG
                    ? LK_EXIT_CONFIG
                    : LK_EXIT_UNAVAILABLE;
    return cli->said;
}

int lk_cli_usage(struct lk_cli *cli, const char *format, ...)
{
    va_list arguments;
    char text[512];

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fail(cli, "E_USAGE", text, NULL);
    cli->said = LK_EXIT_USAGE;
    return cli->said;
}

int lk_cli_print_json(struct lk_cli *cli, struct lk_json_writer *writer)
{
    struct lk_buf out = LK_BUF_INIT(64 << 20);
    int result;

    (void)cli;
    result = lk_json_end(writer, true, &out);
    if (result == 0) {
        lk_buf_put_u8(&out, '\n');
        result = lk_buf_error(&out);
    }
    if (result == 0 && (fwrite(out.data, 1, out.len, stdout) != out.len || fflush(stdout) != 0))
        result = -LK_ERR_IO;
    lk_buf_clear(&out);
    if (result == 0)
        return LK_EXIT_OK;
    fprintf(stderr, "latchkey: %s\n", lk_error_text(result));
    return LK_EXIT_INTERNAL;
}

bool lk_cli_confirm(struct lk_cli *cli, const char *question)
{
    char line[16];

    if (cli->yes)
        return true;
    if (!isatty(STDIN_FILENO))
        return false;
    lk_cli_progress_end(cli);
    fprintf(stderr, "%s %s ", question, _("[yes/no]"));
    fflush(stderr);
    if (fgets(line, sizeof line, stdin) == NULL)
        return false;
    line[strcspn(line, "\n")] = '\0';
    return strcmp(line, "yes") == 0 || strcmp(line, "y") == 0 || strcmp(line, "oui") == 0 ||
           strcmp(line, "o") == 0;
}

void lk_cli_short_id(char *ret_text, size_t size, const struct lk_digest *digest)
{
    snprintf(ret_text, size, "%02x%02x%02x%02x", digest->bytes[0], digest->bytes[1],
             digest->bytes[2], digest->bytes[3]);
}

/* ---- one credential ---- */

void lk_cli_cell(const char *text, int width)
{
    size_t characters = mbstowcs(NULL, text, 0);
    int used = characters == (size_t)-1 ? (int)strlen(text) : (int)characters;

    fputs(text, stdout);
    printf("%*s", used < width ? width - used : 1, "");
}

void lk_cli_row(const char *name, const char *format, ...)
{
    va_list arguments;

    fputs("  ", stdout);
    lk_cli_cell(name, 20);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
}

static void row_time(const char *name, int64_t seconds, const char *otherwise)
{
    char text[32];

    lk_clock_format(text, sizeof text, seconds);
    lk_cli_row(name, "%s", seconds != 0 ? text : otherwise);
}

static void show_facts(const struct lk_statement *statement)
{
    char safe[LK_TEXT_MAX + 1];
    char hex[2 * LK_DIGEST_SIZE + 1];

    lk_hex(hex, sizeof hex, statement->aaguid, sizeof statement->aaguid);
    lk_cli_row(_("model (AAGUID)"), "%s", hex);
    lk_cli_row(_("attestation"), "%s", lk_format_name(statement->proved.format));
    lk_hex(hex, sizeof hex, statement->proved.anchor.bytes, LK_DIGEST_SIZE);
    lk_cli_row(_("anchor, proved"), "%s",
               statement->proved.has_anchor ? hex : _("none: not proven hardware"));
    if (statement->proved.firmware[0] != '\0')
        lk_cli_row(_("firmware, proved"), "%s",
                   lk_cli_printable(safe, sizeof safe, statement->proved.firmware));
    if (statement->proved.serial[0] != '\0')
        lk_cli_row(_("serial, proved"), "%s",
                   lk_cli_printable(safe, sizeof safe, statement->proved.serial));
    if (statement->claimed.model[0] != '\0')
        lk_cli_row(_("model, claimed"), "%s",
                   lk_cli_printable(safe, sizeof safe, statement->claimed.model));
    if (statement->claimed.firmware[0] != '\0')
        lk_cli_row(_("firmware, claimed"), "%s",
                   lk_cli_printable(safe, sizeof safe, statement->claimed.firmware));
    if (statement->claimed.serial[0] != '\0')
        lk_cli_row(_("serial, claimed"), "%s",
                   lk_cli_printable(safe, sizeof safe, statement->claimed.serial));
}

static void show_full(const struct lk_statement *statement,
                      const struct lk_desk_credential *credential, const struct lk_digest *digest)
{
    char hex[2 * LK_DIGEST_SIZE + 1];

    lk_hex(hex, sizeof hex, digest->bytes, sizeof digest->bytes);
    lk_cli_row(_("statement"), "%s", hex);
    lk_hex(hex, sizeof hex, statement->subject.bytes, sizeof statement->subject.bytes);
    lk_cli_row(_("subject"), "%s", hex);
    lk_cli_row(_("version"), "%" PRIu64, statement->version);
    lk_cli_row(_("relying party"), "%s", statement->relying_party);
    show_facts(statement);
    for (uint32_t i = 0; i < statement->group_count; i++)
        lk_cli_row(_("host group"), "%s", statement->groups[i]);
    row_time(_("valid from"), statement->not_before, _("at once"));
    row_time(_("valid to"), statement->not_after, _("no end"));
    lk_cli_row(_("PIN or fingerprint"), "%s",
               statement->user_verification ? _("required by the statement")
                                            : _("as the policy says"));
    lk_cli_row(_("register entries"), "%" PRIu64 ", %" PRIu64, credential->entry,
               credential->activation);
    lk_cli_row(_("endorsements"), "%" PRIu32, credential->endorsement_count);
    lk_cli_row(_("sign counter"), "%" PRIu32, credential->counter);
    row_time(_("enrolled"), credential->created, "?");
    row_time(_("last login"), credential->last_login, _("never"));
}

void lk_cli_list_head(void)
{
    fputs(lk_cli_bold(), stdout);
    lk_cli_cell(_("key"), 10);
    lk_cli_cell(_("agent"), 20);
    lk_cli_cell(_("opens"), 9);
    lk_cli_cell(_("state"), 11);
    lk_cli_cell(_("last login"), 22);
    printf("%s%s\n", _("model, as claimed"), lk_cli_plain());
}

/* The row of the list. An active credential that cannot log in says why at once. */
static void show_line(const struct lk_statement *statement,
                      const struct lk_desk_credential *credential, const char *short_id)
{
    char time[32];
    char safe[LK_TEXT_MAX + 1];

    lk_clock_format(time, sizeof time, credential->last_login);
    printf("%s%s%s  ", lk_cli_bold(), short_id, lk_cli_plain());
    lk_cli_cell(statement->name, 20);
    lk_cli_cell(_(lk_kind_name(statement->kind)), 9);
    lk_cli_cell(_(lk_state_name((enum lk_state)credential->state)), 11);
    lk_cli_cell(credential->last_login != 0 ? time : _("never"), 22);
    fputs(lk_cli_printable(safe, sizeof safe, statement->claimed.model), stdout);
    if (credential->state == LK_STATE_ACTIVE && credential->reason_count > 0 &&
        lk_reason_known(credential->reasons[0]))
        printf("  %s%s%s", lk_cli_bold(), lk_reason_name((enum lk_reason)credential->reasons[0]),
               lk_cli_plain());
    putchar('\n');
}

void lk_cli_show_credential(struct lk_cli *cli, const struct lk_desk_credential *credential,
                            bool full)
{
    struct lk_statement *statement = calloc(1, sizeof *statement);
    struct lk_digest digest;
    struct lk_digest id;
    char short_id[10];
    struct lk_view id_bytes;

    if (statement == NULL || lk_statement_decode(credential->statement, statement) < 0 ||
        lk_cli_digest(cli, credential->statement, &digest) != 0) {
        printf("  %s\n", _("a stored statement that does not decode (E_STATEMENT)"));
        free(statement);
        return;
    }
    id_bytes = LK_VIEW(statement->credential_id.bytes, statement->credential_id.len);
    if (lk_cli_digest(cli, id_bytes, &id) == 0) {
        lk_cli_short_id(short_id, sizeof short_id, &id);
        show_line(statement, credential, short_id);
    }
    if (full)
        show_full(statement, credential, &digest);
    free(statement);
}

static void json_facts(struct lk_json_writer *writer, struct lk_json *object,
                       const struct lk_statement *statement)
{
    struct lk_json *proved = lk_json_put_object(writer, object, "proved");
    struct lk_json *claimed = lk_json_put_object(writer, object, "claimed");

    lk_json_put_string(writer, proved, "format", lk_format_name(statement->proved.format));
    if (statement->proved.has_anchor)
        lk_json_put_hex(writer, proved, "anchor", statement->proved.anchor.bytes, LK_DIGEST_SIZE);
    lk_json_put_string(writer, proved, "firmware", statement->proved.firmware);
    lk_json_put_string(writer, proved, "serial", statement->proved.serial);
    lk_json_put_string(writer, claimed, "model", statement->claimed.model);
    lk_json_put_string(writer, claimed, "firmware", statement->claimed.firmware);
    lk_json_put_string(writer, claimed, "serial", statement->claimed.serial);
}

static void json_statement(struct lk_json_writer *writer, struct lk_json *object,
                           const struct lk_statement *statement)
{
    struct lk_json *groups;

    lk_json_put_string(writer, object, "agent", statement->name);
    lk_json_put_hex(writer, object, "subject", statement->subject.bytes, LK_SUBJECT_SIZE);
    lk_json_put_int(writer, object, "version", (int64_t)statement->version);
    lk_json_put_string(writer, object, "kind", lk_kind_name(statement->kind));
    lk_json_put_string(writer, object, "relying_party", statement->relying_party);
    lk_json_put_hex(writer, object, "aaguid", statement->aaguid, LK_AAGUID_SIZE);
    json_facts(writer, object, statement);
    groups = lk_json_put_array(writer, object, "host_groups");
    for (uint32_t i = 0; i < statement->group_count; i++)
        lk_json_put_string(writer, groups, NULL, statement->groups[i]);
    lk_json_put_int(writer, object, "not_before", statement->not_before);
    lk_json_put_int(writer, object, "not_after", statement->not_after);
    lk_json_put_bool(writer, object, "user_verification", statement->user_verification);
}

void lk_cli_json_credential(struct lk_cli *cli, struct lk_json_writer *writer,
                            struct lk_json *object, const struct lk_desk_credential *credential)
{
    struct lk_statement *statement = calloc(1, sizeof *statement);
    struct lk_digest digest;
    struct lk_json *reasons;

    if (statement != NULL && lk_statement_decode(credential->statement, statement) == 0) {
        if (lk_cli_digest(cli,
                          LK_VIEW(statement->credential_id.bytes, statement->credential_id.len),
                          &digest) == 0)
            lk_json_put_hex(writer, object, "id", digest.bytes, sizeof digest.bytes);
        json_statement(writer, object, statement);
    }
    free(statement);
    if (lk_cli_digest(cli, credential->statement, &digest) == 0)
        lk_json_put_hex(writer, object, "statement", digest.bytes, sizeof digest.bytes);
    lk_json_put_string(writer, object, "state", lk_state_name((enum lk_state)credential->state));
    lk_json_put_int(writer, object, "register_entry", (int64_t)credential->entry);
    lk_json_put_int(writer, object, "activation_entry", (int64_t)credential->activation);
    lk_json_put_int(writer, object, "endorsements", credential->endorsement_count);
    lk_json_put_int(writer, object, "counter", credential->counter);
    lk_json_put_int(writer, object, "created", credential->created);
    lk_json_put_int(writer, object, "last_login", credential->last_login);
    lk_json_put_bool(writer, object, "may_log_in", credential->reason_count == 0);
    reasons = lk_json_put_array(writer, object, "reasons");
    for (uint32_t i = 0; i < credential->reason_count; i++)
        lk_json_put_string(writer, reasons, NULL,
                           lk_reason_known(credential->reasons[i])
                               ? lk_reason_name((enum lk_reason)credential->reasons[i])
                               : "E_INTERNAL");
}
