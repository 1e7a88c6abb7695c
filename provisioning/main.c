/* SPDX-License-Identifier: EUPL-1.2 */
/* latchkey: the desk. Options, the table of commands, help. */
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "provisioning/cli.h"

const struct lk_command lk_commands[] = {
    {"init", "[--one-key] [--name OPERATOR]",
     N_("make the organisation and enrol the first operator's keys"), lk_cmd_init},
    {"operator add", "NAME [--keys N] [--roles LIST]", N_("add an operator, or keys to one"),
     lk_cmd_operator_add},
    {"operator list", "", N_("show the operators and their keys"), lk_cmd_operator_list},
    {"operator retire", "NAME [--stolen]", N_("take an operator out of the set"),
     lk_cmd_operator_retire},
    {"enroll", "AGENT [--days N] [--group NAME ...] [--host-only] [--leave-pending] [--new-holder]",
     N_("enrol a key for an agent: host and browser credential in one visit"), lk_cmd_enroll},
    {"pending", "[AGENT] [--short]", N_("show what waits for an operator's touch"), lk_cmd_pending},
    {"endorse", "ID|AGENT ...|--all|--short", N_("sign pending credentials with your key"),
     lk_cmd_endorse},
    {"list", "[AGENT] [--all-versions]", N_("list credentials"), lk_cmd_list},
    {"show", "ID|AGENT", N_("show one credential in full"), lk_cmd_show},
    {"agent set", "AGENT [--full-name TEXT] [--email ADDRESS]",
     N_("say what an agent is called and where mail reaches them (\"\" takes it away)"),
     lk_cmd_agent_set},
    {"explain", "ID|AGENT", N_("say why a credential may or may not log in now"), lk_cmd_explain},
    {"suspend", "ID|AGENT ... [--reason TEXT]", N_("stop logins with a key that was left at home"),
     lk_cmd_suspend},
    {"resume", "ID|AGENT ...",
     N_("let a suspended credential log in again (as many touches as an enrolment)"),
     lk_cmd_resume},
    {"report-lost", "AGENT [ID ...] [--holder] [--reason TEXT]",
     N_("revoke a lost key at once: one operator's touch, or --holder with the other key"),
     lk_cmd_report_lost},
    {"revoke", "ID|AGENT ... [--reason TEXT|--replaced]", N_("revoke credentials for ever"),
     lk_cmd_revoke},
    {"register verify", "", N_("check the whole register: numbers, hashes, signatures"),
     lk_cmd_register_verify},
    {"register show", "[--from N] [--most N]", N_("show register entries"), lk_cmd_register_show},
    {"register accept-restore", "", N_("accept a store that was put back from a backup (quorum)"),
     lk_cmd_register_accept_restore},
    {"log", "[AGENT] [--from N] [--most N]", N_("show the login log"), lk_cmd_log},
    {"config check", "[--pam-dir DIR] [--module-dir DIR] [--no-pam]",
     N_("check the configuration and the PAM stacks of this machine"), lk_cmd_config_check},
    {"config help", "", N_("show every option of latchkey.conf"), lk_cmd_config_help},
    {"pam try",
     "SERVICE [--user NAME] [--pam-dir DIR] [--tty NAME] [--rhost NAME] [--password-file FILE] "
     "[--auth-only]",
     N_("run a PAM stack once; changes nothing"), lk_cmd_pam_try},
    {"export external-ids", "",
     N_("print which subject each agent has at the gateway, for linking existing accounts"),
     lk_cmd_export_external_ids},
    {"firmware show", "AAGUID|AGENT",
     N_("say what the tables know of a model, or of an agent's keys: firmware, advisories, "
        "verdict"),
     lk_cmd_firmware_show},
    {"firmware report", "", N_("count the credentials by model, firmware, verdict and advisory"),
     lk_cmd_firmware_report},
    {"firmware impact", "[--policy FILE] [--tables FOLDER]",
     N_("say what another latchkey.conf or other tables would change, before they go live"),
     lk_cmd_firmware_impact},
    {"firmware check", "", N_("check the firmware tables"), lk_cmd_firmware_check},
    {"status", "", N_("show what runs and what needs attention"), lk_cmd_status},
    {NULL, NULL, NULL, NULL},
};

static void print_help(FILE *stream)
{
    fprintf(stream, "%s\n\n", _("usage: latchkey [OPTION ...] COMMAND [ARGUMENT ...]"));
    for (const struct lk_command *command = lk_commands; command->name != NULL; command++)
        fprintf(stream, "  %s%s%s\n      %s\n", command->name,
                command->arguments[0] != '\0' ? " " : "", command->arguments, _(command->help));
    fprintf(stream, "\n%s\n", _("Options, before or after the command:"));
    fprintf(stream, "  --json            %s\n", _("one JSON document on standard output"));
    fprintf(stream, "  --operator NAME   %s\n", _("who touches; may be repeated for a quorum"));
    fprintf(stream, "  --pin-file FILE   %s\n",
            _("take the key's PIN from a file that only you can read"));
    fprintf(stream, "  --yes             %s\n", _("do not ask whether it is right"));
    fprintf(stream, "  --socket PATH     %s\n", _("socket of the broker's desk"));
    fprintf(stream, "  --config FILE     %s\n", _("configuration file"));
    fprintf(stream, "  --state DIR       %s\n",
            _("where your last signed register entry is remembered"));
    fprintf(stream, "  --quiet           %s\n", _("no progress on standard error"));
    fprintf(stream, "  --help, --version\n");
}

static int take_value(int argc, char **argv, int *index, const char **ret_value)
{
    if (*index + 1 >= argc)
        return -1;
    *ret_value = argv[++*index];
    return 0;
}

/* One of the options that every command takes. 1: taken, 0: not one of them, -1: its value is missing. */
static int global_option(struct lk_cli *cli, int argc, char **argv, int *index)
{
    const char *word = argv[*index];
    const char *operator_name = NULL;

    if (strcmp(word, "--json") == 0) {
        cli->json = true;
    } else if (strcmp(word, "--yes") == 0) {
        cli->yes = true;
    } else if (strcmp(word, "--quiet") == 0) {
        cli->quiet = true;
    } else if (strcmp(word, "--socket") == 0) {
        return take_value(argc, argv, index, &cli->socket) < 0 ? -1 : 1;
    } else if (strcmp(word, "--config") == 0) {
        return take_value(argc, argv, index, &cli->config_path) < 0 ? -1 : 1;
    } else if (strcmp(word, "--state") == 0) {
        return take_value(argc, argv, index, &cli->state_folder) < 0 ? -1 : 1;
    } else if (strcmp(word, "--pin-file") == 0) {
        return take_value(argc, argv, index, &cli->pin_file) < 0 ? -1 : 1;
    } else if (strcmp(word, "--operator") == 0) {
        if (take_value(argc, argv, index, &operator_name) < 0 ||
            cli->operator_count == LK_OPERATORS_MAX)
            return -1;
        cli->operators[cli->operator_count++] = operator_name;
    } else {
        return 0;
    }
    return 1;
}

/* Words that are not options of every command stay, in order. */
static int parse_globals(struct lk_cli *cli, int argc, char **argv, char **rest, int *ret_count)
{
    int count = 0;
    int taken;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0) {
            while (++i < argc)
                rest[count++] = argv[i];
            break;
        }
        taken = global_option(cli, argc, argv, &i);
        if (taken < 0)
            return lk_cli_usage(cli, _("%s needs a value"), argv[i]);
        if (taken == 0)
            rest[count++] = argv[i];
    }
    rest[count] = NULL;
    *ret_count = count;
    return 0;
}

/* The command whose words these are; *ret_words says how many it has. */
static const struct lk_command *find_command(char **words, int count, int *ret_words)
{
    for (const struct lk_command *command = lk_commands; command->name != NULL; command++) {
        const char *space = strchr(command->name, ' ');
        size_t first = space != NULL ? (size_t)(space - command->name) : strlen(command->name);

        if (count < 1 || strlen(words[0]) != first || strncmp(words[0], command->name, first) != 0)
            continue;
        if (space == NULL || (count > 1 && strcmp(words[1], space + 1) == 0)) {
            *ret_words = space == NULL ? 1 : 2;
            return command;
        }
    }
    return NULL;
}

/* Paths that were not given come from the configuration where there is one; a command that needs more says what is wrong with it. */
static int default_paths(struct lk_cli *cli, char *socket_path, size_t socket_size, char *state,
                         size_t state_size)
{
    struct lk_config config;
    char message[LK_CONFIG_MESSAGE_SIZE];
    const char *states = secure_getenv("XDG_STATE_HOME");
    const char *home = secure_getenv("HOME");

    /* These two say themselves what is wrong with the file. */
    if (cli->socket == NULL && strncmp(cli->command, "config ", 7) != 0) {
        snprintf(socket_path, socket_size, "/run/latchkey/desk");
        if (access(cli->config_path, F_OK) == 0) {
            if (lk_config_read(cli->config_path, &config, message, sizeof message) < 0)
                return lk_cli_fail_reason(cli, LK_REASON_CONFIG, message);
            snprintf(socket_path, socket_size, "%s/desk", config.run);
            lk_config_clear(&config);
        }
        cli->socket = socket_path;
    }
    if (cli->state_folder == NULL) {
        if (states != NULL && states[0] == '/')
            snprintf(state, state_size, "%s/latchkey", states);
        else
            snprintf(state, state_size, "%s/.latchkey", home != NULL ? home : "/root");
        cli->state_folder = state;
    }
    return 0;
}

static int run(struct lk_cli *cli, int count, char **words)
{
    char socket_path[512];
    char state[4096];
    int used = 0;
    int status;
    const struct lk_command *command;

    if (count > 0 && (strcmp(words[0], "--help") == 0 || strcmp(words[0], "help") == 0)) {
        print_help(stdout);
        return LK_EXIT_OK;
    }
    if (count > 0 && strcmp(words[0], "--version") == 0) {
        printf("latchkey %s\n", LK_VERSION);
        return LK_EXIT_OK;
    }
    command = find_command(words, count, &used);
    if (command == NULL) {
        if (count == 0)
            print_help(stderr);
        return lk_cli_usage(cli, _("unknown command: %s; see `latchkey --help`"),
                            count > 0 ? words[0] : "");
    }
    cli->command = command->name;
    status = default_paths(cli, socket_path, sizeof socket_path, state, sizeof state);
    if (status == 0 && lk_crypto_start(&cli->crypto) < 0)
        status = lk_cli_fail_reason(cli, LK_REASON_INTERNAL, "OpenSSL");
    if (status == 0)
        status = command->run(cli, count - used + 1, words + used - 1);
    lk_client_close(&cli->client);
    cli->crypto = lk_crypto_free(cli->crypto);
    return status;
}

/* Translations lie where they were installed, or beside the build folder's programs. */
static void bind_texts(void)
{
    static const char beside[] = "/../locale";
    char folder[4096];
    ssize_t length = readlink("/proc/self/exe", folder, sizeof folder - sizeof beside);
    const char *used = LK_LOCALE_DIR;
    char *slash;

    if (length > 0) {
        folder[length] = '\0';
        slash = strrchr(folder, '/');
        if (slash != NULL) {
            memcpy(slash, beside, sizeof beside);
            if (access(folder, X_OK) == 0)
                used = folder;
        }
    }
    (void)setlocale(LC_ALL, "");
    (void)bindtextdomain(LK_DOMAIN_DESK, used);
    (void)bindtextdomain(LK_DOMAIN_SHARED, used);
    (void)textdomain(LK_DOMAIN_DESK);
}

int main(int argc, char **argv)
{
    struct lk_cli cli = {.config_path = LK_CONFIG_PATH, .client = LK_CLIENT_INIT, .command = ""};
    char **words = calloc((size_t)argc + 1, sizeof *words);
    int count = 0;
    int status;

    bind_texts();
    if (words == NULL)
        return LK_EXIT_INTERNAL;
    status = parse_globals(&cli, argc, argv, words, &count);
    if (status == 0)
        status = run(&cli, count, words);
    free(words);
    return status;
}
