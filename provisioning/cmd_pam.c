/* SPDX-License-Identifier: EUPL-1.2 */
/* latchkey pam try: runs a stack once through latchkey-pam-try, a program of its own, so that no module is ever loaded into the desk command. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "provisioning/cli.h"

enum { WORDS_MAX = 24 };

struct trying {
    const char *service;
    const char *user;
    int count;
    const char *words[WORDS_MAX]; /* of latchkey-pam-try, ended by NULL */
};

/* Options that are handed on, with the name that the helper gives them. */
static const struct {
    const char *name;
    const char *given_on;
    bool value;
} options[] = {{"--pam-dir", "--confdir", true},
               {"--user", "--user", true},
               {"--tty", "--tty", true},
               {"--rhost", "--rhost", true},
               {"--password-file", "--password-file", true},
               {"--auth-only", "--auth-only", false}};

static int hand_on(struct lk_cli *cli, struct trying *trying, const char *word)
{
    if (trying->count + 1 == WORDS_MAX)
        return lk_cli_usage(cli, "%s", _("too many words"));
    trying->words[trying->count++] = word;
    return 0;
}

static int parse_option(struct lk_cli *cli, int argc, char **argv, int *index,
                        struct trying *trying)
{
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        int status;

        if (strcmp(argv[*index], options[i].name) != 0)
            continue;
        status = hand_on(cli, trying, options[i].given_on);
        if (status != 0 || !options[i].value)
            return status;
        if (*index + 1 == argc)
            return lk_cli_usage(cli, _("%s needs a value"), argv[*index]);
        (*index)++;
        if (strcmp(options[i].name, "--user") == 0)
            trying->user = argv[*index];
        return hand_on(cli, trying, argv[*index]);
    }
    return lk_cli_usage(cli, _("%s does not know %s"), cli->command, argv[*index]);
}

static int parse(struct lk_cli *cli, int argc, char **argv, struct trying *trying)
{
    int status = hand_on(cli, trying, "latchkey-pam-try");

    for (int i = 1; i < argc && status == 0; i++) {
        if (argv[i][0] == '-')
            status = parse_option(cli, argc, argv, &i, trying);
        else if (trying->service == NULL && strchr(argv[i], '/') == NULL)
            trying->service = argv[i];
        else
            status = lk_cli_usage(cli, _("%s does not know %s"), cli->command, argv[i]);
    }
    if (status == 0 && trying->service == NULL)
        status = lk_cli_usage(
            cli, "%s", _("which stack? Give the name of a file in /etc/pam.d, such as sudo"));
    if (status == 0 && cli->pin_file != NULL) {
        status = hand_on(cli, trying, "--pin-file");
        if (status == 0)
            status = hand_on(cli, trying, cli->pin_file);
    }
    return status != 0 ? status : hand_on(cli, trying, trying->service);
}

/* Beside this program where it was built, else where it was installed. */
static void helper_path(char *ret_path, size_t size)
{
    static const char name[] = "latchkey-pam-try";
    ssize_t length = readlink("/proc/self/exe", ret_path, size - sizeof name);
    char *slash;

    if (length > 0) {
        ret_path[length] = '\0';
        slash = strrchr(ret_path, '/');
        if (slash != NULL) {
            memcpy(slash + 1, name, sizeof name);
            if (access(ret_path, X_OK) == 0)
                return;
        }
    }
    snprintf(ret_path, size, "%s/%s", LK_LIBEXEC_DIR, name);
}

/* Runs the helper and takes its one line of output: "yes 0 account: Success". */
static int run_helper(struct lk_cli *cli, const struct trying *trying, char *ret_line, size_t size,
                      int *ret_status)
{
    union {
        const char *const *in;
        char *const *out;
    } words = {.in = trying->words};
    char path[PATH_MAX + 64];
    ssize_t length = 0;
    ssize_t got;
    int ends[2];
    pid_t child;

    helper_path(path, sizeof path);
    if (pipe2(ends, O_CLOEXEC) < 0)
        return lk_cli_fail_error(cli, lk_error_from_errno(errno), "pipe");
    child = fork();
    if (child == 0) {
        (void)dup2(ends[1], STDOUT_FILENO);
        execv(path, words.out);
        _exit(127);
    }
    close(ends[1]);
    while (child > 0 && (size_t)length + 1 < size &&
           ((got = read(ends[0], ret_line + length, size - 1 - (size_t)length)) > 0 ||
            (got < 0 && errno == EINTR)))
        length += got > 0 ? got : 0;
    close(ends[0]);
    ret_line[length] = '\0';
    ret_line[strcspn(ret_line, "\n")] = '\0';
    if (child < 0)
        return lk_cli_fail_error(cli, lk_error_from_errno(errno), "fork");
    while (waitpid(child, ret_status, 0) < 0) {
        if (errno != EINTR)
            return lk_cli_fail_error(cli, lk_error_from_errno(errno), "waitpid");
    }
    if (WIFEXITED(*ret_status) && WEXITSTATUS(*ret_status) == 127)
        return lk_cli_fail_error(cli, -LK_ERR_NOT_FOUND, path);
    return 0;
}

static int report(struct lk_cli *cli, const struct trying *trying, const char *line, bool passed)
{
    const char *detail = strchr(line, ' ');
    struct lk_json_writer writer;
    char safe[512];

    detail = lk_cli_printable(safe, sizeof safe, detail != NULL ? detail + 1 : "");
    if (!cli->json) {
        if (passed)
            printf(_("%s lets this login in.\n"), trying->service);
        else
            printf(_("%s refuses this login: PAM code %s\n"), trying->service, detail);
        return passed ? LK_EXIT_OK : LK_EXIT_REFUSED;
    }
    lk_cli_json_begin(&writer, passed, passed ? "OK" : "E_PAM_REFUSED");
    lk_json_put_string(&writer, writer.root, "service", trying->service);
    lk_json_put_bool(&writer, writer.root, "passed", passed);
    lk_json_put_string(&writer, writer.root, "pam", detail);
    if (lk_cli_print_json(cli, &writer) != LK_EXIT_OK)
        return LK_EXIT_INTERNAL;
    return passed ? LK_EXIT_OK : LK_EXIT_REFUSED;
}

int lk_cmd_pam_try(struct lk_cli *cli, int argc, char **argv)
{
    struct trying trying = {0};
    char line[512] = "";
    int child = 0;
    int status = parse(cli, argc, argv, &trying);

    if (status == 0)
        status = run_helper(cli, &trying, line, sizeof line, &child);
    if (status != 0)
        return status;
    if (WIFSIGNALED(child))
        return lk_cli_fail_reason(cli, LK_REASON_CANCELLED, NULL);
    /* Both must say so: an exit status alone is no success. */
    if (WEXITSTATUS(child) == 0 && strncmp(line, "yes ", 4) == 0)
        return report(cli, &trying, line, true);
    if (WEXITSTATUS(child) == 1 && strncmp(line, "no ", 3) == 0)
        return report(cli, &trying, line, false);
    return lk_cli_usage(cli, "%s", _("the stack could not be run"));
}
