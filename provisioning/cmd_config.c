/* SPDX-License-Identifier: EUPL-1.2 */
/* latchkey config check, config help. `check` looks at everything that could keep a login from working or from asking for the key, before anybody
 * depends on it, and changes nothing. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "provisioning/check_pam.h"
#include "trust/trust.h"

enum { OPERATORS_FILE_MAX = 1 << 20 };

enum row_state { ROW_OK, ROW_UNKNOWN, ROW_BAD, ROW_DOWN };

struct checking {
    struct lk_cli *cli;
    struct lk_config config;
    bool config_read;
    struct lk_json_writer writer;
    struct lk_json *rows;
    unsigned bad;
    unsigned down; /* the broker is not there */
    const char *pam_folder;
    const char *module_folder;
    bool no_pam;
};

static void report(struct checking *checking, enum row_state state, const char *what,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));
static void report(struct checking *checking, enum row_state state, const char *what,
                   const char *format, ...)
{
    static const char *const codes[] = {"ok", "unknown", "bad", "down"};
    const char *const words[] = {_("ok"), _("?"), _("BAD"), _("DOWN")};
    struct lk_json *object;
    va_list arguments;
    char text[768];
    char safe[768];

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    checking->bad += state == ROW_BAD;
    checking->down += state == ROW_DOWN;
    lk_cli_printable(safe, sizeof safe, text);
    if (checking->cli->json) {
        object = lk_json_put_object(&checking->writer, checking->rows, NULL);
        lk_json_put_string(&checking->writer, object, "check", what);
        lk_json_put_string(&checking->writer, object, "state", codes[state]);
        lk_json_put_string(&checking->writer, object, "text", safe);
        return;
    }
    fputs("  ", stdout);
    if (state >= ROW_BAD)
        fputs(lk_cli_bold(), stdout);
    lk_cli_cell(words[state], 6);
    if (state >= ROW_BAD)
        fputs(lk_cli_plain(), stdout);
    lk_cli_cell(_(what), 14);
    printf("%s\n", safe);
}

/* ---- what is looked at ---- */

static void check_config(struct checking *checking)
{
    const char *path = checking->cli->config_path;
    char message[LK_CONFIG_MESSAGE_SIZE] = "";

    checking->config_read = lk_config_read(path, &checking->config, message, sizeof message) == 0;
    if (checking->config_read)
        report(checking, ROW_OK, N_("configuration"), _("%s, organisation %s"), path,
               checking->config.name);
    else
        report(checking, ROW_BAD, N_("configuration"), "%s", message);
}

/* Folders that decide about logins: a folder, of root or of a system user, writable by nobody else. */
static void check_folder(struct checking *checking, const char *what, const char *path,
                         mode_t forbidden)
{
    struct stat seen;

    if (lstat(path, &seen) < 0) {
        report(checking, errno == EACCES ? ROW_UNKNOWN : ROW_BAD, what, "%s: %s", path,
               strerror(errno));
        return;
    }
    if (S_ISLNK(seen.st_mode))
        report(checking, ROW_BAD, what, _("%s is a symbolic link"), path);
    else if (!S_ISDIR(seen.st_mode))
        report(checking, ROW_BAD, what, _("%s is not a folder"), path);
    else if ((seen.st_mode & forbidden) != 0)
        report(checking, ROW_BAD, what, _("%s has mode %04o: too many may use it (chmod %04o)"),
               path, (unsigned)(seen.st_mode & 07777),
               (unsigned)(seen.st_mode & 07777 & ~forbidden));
    else
        report(checking, ROW_OK, what, _("%s, mode %04o"), path, (unsigned)(seen.st_mode & 07777));
}

static void check_operators(struct checking *checking)
{
    const char *path = checking->config.operators;
    const struct lk_file_rule rule = {
        .owner = geteuid(), .forbidden = 022, .check_parents = geteuid() == 0};
    struct lk_buf chain = LK_BUF_INIT(OPERATORS_FILE_MAX);
    struct lk_operator_set *set = NULL;
    enum lk_reason reason = LK_REASON_NONE;
    struct lk_digest digest;
    int result = lk_file_read(path, &rule, OPERATORS_FILE_MAX, &chain);

    if (result == 0)
        result = lk_operator_chain_verify(checking->cli->crypto, lk_buf_view(&chain), &set, &digest,
                                          &reason);
    if (result == -LK_ERR_NOT_FOUND)
        report(checking, ROW_BAD, N_("operators"), _("%s is not there: run `latchkey init`"), path);
    else if (result < 0)
        report(checking, ROW_BAD, N_("operators"), "%s: %s", path, _(lk_error_text(result)));
    else if (reason != LK_REASON_NONE || set == NULL)
        report(checking, ROW_BAD, N_("operators"), _("%s: the chain does not verify (%s)"), path,
               lk_reason_name(reason));
    else if (strcmp(set->organisation, checking->config.name) != 0)
        report(checking, ROW_BAD, N_("operators"), _("%s is of organisation %s"), path,
               set->organisation);
    else
        report(checking, ROW_OK, N_("operators"),
               _("%s, set %" PRIu64 ", %u operator(s), %u needed to enrol"), path, set->number,
               (unsigned)set->operator_count, (unsigned)set->quorum[LK_ACT_ENROL]);
    lk_operator_set_free(set);
    lk_buf_clear(&chain);
}

/* The tables as the broker reads them. */
static void check_tables(struct checking *checking)
{
    char message[LK_TRUST_MESSAGE_SIZE] = "";
    struct lk_trust *trust = NULL;
    int result =
        lk_trust_load(checking->cli->crypto, &checking->config, &trust, message, sizeof message);

    if (result != 0)
        report(checking, ROW_BAD, N_("tables"), "%s", message);
    else if (trust->tables == NULL)
        report(checking, ROW_OK, N_("tables"), "%s", _("none: keys are not judged by model"));
    else
        report(checking, ROW_OK, N_("tables"), _("%zu models, %zu advisories"),
               trust->tables->authenticator_count, trust->tables->advisory_count);
    (void)lk_trust_free(trust);
}

/* One hello on the desk socket. Whoever may not open it learns that, not more. */
static void check_broker(struct checking *checking)
{
    struct lk_cli *cli = checking->cli;
    const struct lk_client_options options = {
        .path = cli->socket, .role = LK_SOCKET_DESK, .timeout_ms = 3000};
    int result = lk_client_connect(&cli->client, &options);

    lk_client_close(&cli->client);
    if (result == 0)
        report(checking, ROW_OK, N_("broker"), _("answers on %s"), cli->socket);
    else if (result == -LK_ERR_DENIED)
        report(checking, ROW_UNKNOWN, N_("broker"), _("%s: you may not open it"), cli->socket);
    else if (result == -LK_ERR_NOT_FOUND || result == -LK_ERR_CLOSED || result == -LK_ERR_TIMEOUT)
        report(checking, ROW_DOWN, N_("broker"), _("%s: nobody answers, start latchkeyd"),
               cli->socket);
    else
        report(checking, ROW_BAD, N_("broker"), "%s: %s", cli->socket, _(lk_error_text(result)));
}

static int check_stacks(struct checking *checking)
{
    struct lk_check_pam check = {.cli = checking->cli,
                                 .folder = checking->pam_folder,
                                 .module_folder = checking->module_folder,
                                 .config = checking->config_read ? &checking->config : NULL,
                                 .writer = &checking->writer};
    int status;

    if (checking->no_pam)
        return 0;
    if (checking->cli->json)
        check.array = lk_json_put_array(&checking->writer, checking->writer.root, "services");
    else
        printf(_("\nPAM stacks in %s\n"), checking->pam_folder);
    status = lk_cli_check_pam(&check);
    if (status != 0)
        return status;
    checking->bad += check.broken;
    if (!checking->cli->json)
        printf(_("\n%u of %u services require the key, %u can be passed without it, %u broken.\n"),
               check.armed, check.services, check.passable, check.broken);
    return check.passable > 0 ? LK_EXIT_REFUSED : 0;
}

static int parse(struct checking *checking, int argc, char **argv)
{
    struct lk_cli *cli = checking->cli;

    checking->pam_folder = "/etc/pam.d";
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--pam-dir") == 0 && i + 1 < argc)
            checking->pam_folder = argv[++i];
        else if (strcmp(argv[i], "--module-dir") == 0 && i + 1 < argc)
            checking->module_folder = argv[++i];
        else if (strcmp(argv[i], "--no-pam") == 0)
            checking->no_pam = true;
        else
            return lk_cli_usage(cli, _("%s does not know %s"), cli->command, argv[i]);
    }
    return 0;
}

/* The worst first: what is set up wrongly, what can be passed, what does not answer. */
static int outcome(struct checking *checking, int stacks)
{
    if (checking->bad > 0)
        return LK_EXIT_CONFIG;
    if (stacks != 0)
        return stacks;
    return checking->down > 0 ? LK_EXIT_UNAVAILABLE : LK_EXIT_OK;
}

static int end_json(struct checking *checking, int status)
{
    lk_json_put_bool(&checking->writer, checking->writer.root, "ok", status == LK_EXIT_OK);
    lk_json_put_string(&checking->writer, checking->writer.root, "code",
                       status == LK_EXIT_OK        ? "OK"
                       : status == LK_EXIT_REFUSED ? "E_PAM_PASSABLE"
                       : status == LK_EXIT_CONFIG  ? lk_reason_name(LK_REASON_CONFIG)
                                                   : lk_reason_name(LK_REASON_BROKER_UNAVAILABLE));
    return lk_cli_print_json(checking->cli, &checking->writer) == LK_EXIT_OK ? status
                                                                             : LK_EXIT_INTERNAL;
}

int lk_cmd_config_check(struct lk_cli *cli, int argc, char **argv)
{
    struct checking checking = {.cli = cli};
    char socket_path[LK_CONFIG_TEXT_MAX + 8];
    int status = parse(&checking, argc, argv);

    if (status != 0)
        return status;
    if (cli->json) {
        lk_json_begin_object(&checking.writer);
        checking.rows = lk_json_put_array(&checking.writer, checking.writer.root, "checks");
    }
    check_config(&checking);
    if (checking.config_read) {
        check_folder(&checking, N_("state folder"), checking.config.state, 077);
        check_folder(&checking, N_("socket folder"), checking.config.run, 022);
        check_operators(&checking);
        check_tables(&checking);
        snprintf(socket_path, sizeof socket_path, "%s/desk", checking.config.run);
        if (cli->socket == NULL)
            cli->socket = socket_path;
        check_broker(&checking);
    }
    status = outcome(&checking, check_stacks(&checking));
    cli->socket = NULL;
    lk_config_clear(&checking.config);
    return cli->json ? end_json(&checking, status) : status;
}

int lk_cmd_config_help(struct lk_cli *cli, int argc, char **argv)
{
    struct lk_buf text = LK_BUF_INIT(1 << 20);
    struct lk_json_writer writer;
    int status = LK_EXIT_OK;

    if (argc > 1)
        return lk_cli_usage(cli, _("%s does not know %s"), cli->command, argv[1]);
    lk_config_help(&text);
    lk_buf_put_u8(&text, 0);
    if (lk_buf_error(&text) < 0) {
        status = lk_cli_fail_error(cli, lk_buf_error(&text), "config help");
    } else if (cli->json) {
        lk_cli_json_begin(&writer, true, "OK");
        lk_json_put_string(&writer, writer.root, "help", (const char *)text.data);
        status = lk_cli_print_json(cli, &writer);
    } else {
        fputs((const char *)text.data, stdout);
    }
    lk_buf_clear(&text);
    return status;
}
