/* SPDX-License-Identifier: EUPL-1.2 */
/* latchkey-pam-try: runs the auth and account part of one PAM stack once and says what came of it. It opens no session, sets no
 * credentials and changes no password, so a stack can be tried before it is armed.
 *
 * A program of its own, so that the command line never loads the modules of a stack into itself. Started by `latchkey pam try`; the
 * quickstart and the tests start it with a service folder of their own (--confdir).
 *
 * Exit status: 0 the stack said yes, 1 it said no, 2 usage or files. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pwd.h>
#include <security/pam_appl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/secret.h"
#include "provisioning/terminal.h"

enum { EXIT_YES = 0, EXIT_NO = 1, EXIT_USAGE = 2, ANSWER_MAX = 511 };

struct options {
    const char *service;
    const char *user;
    const char *confdir; /* NULL: the system's */
    const char *tty;
    const char *remote_host;
    struct lk_secret
        *password; /* from --password-file: answers hidden prompts that do not speak of a PIN */
    struct lk_secret *pin; /* from --pin-file */
    bool auth_only;
    bool quiet;
    bool pin_given;
    bool password_given;
};

static void usage(FILE *stream)
{
    fputs("usage: latchkey-pam-try [--confdir DIR] [--user NAME] [--tty NAME] [--rhost NAME]\n"
          "                        [--password-file FILE] [--pin-file FILE] [--auth-only] "
          "[--quiet] SERVICE\n",
          stream);
}

/* First line of a file that only its owner can read. */
static int read_secret_file(const char *path, struct lk_secret **ret_secret)
{
    const struct lk_file_rule rule = {.owner = geteuid(), .forbidden = 077, .check_parents = false};
    struct lk_buf content;
    const uint8_t *end;
    int result;

    lk_buf_init_secret(&content, ANSWER_MAX + 1);
    result = lk_file_read(path, &rule, ANSWER_MAX + 1, &content);
    if (result == 0) {
        end = content.len > 0 ? memchr(content.data, '\n', content.len) : NULL;
        result = lk_secret_new(
            content.data, end != NULL ? (size_t)(end - content.data) : content.len, ret_secret);
    }
    lk_buf_clear(&content);
    if (result < 0)
        fprintf(stderr, "latchkey-pam-try: %s: %s\n", path, lk_error_text(result));
    return result;
}

/* A line from the terminal, or from standard input where there is none; without echo for hidden prompts. */
static char *read_line(const char *prompt, bool hidden)
{
    char line[ANSWER_MAX + 1];
    char *answer = NULL;

    if (lk_terminal_ask(prompt, hidden, line, sizeof line)) {
        line[strcspn(line, "\n")] = '\0';
        answer = strdup(line);
    }
    lk_wipe(line, sizeof line);
    return answer;
}

/* A secret from a file is given once: what was refused once would be refused again, and each PIN counts on the key. */
static char *answer_hidden(struct options *options, const char *prompt)
{
    bool about_pin = strstr(prompt, "PIN") != NULL;
    const struct lk_secret *ready = about_pin ? options->pin : options->password;
    bool *given = about_pin ? &options->pin_given : &options->password_given;

    if (ready != NULL && !*given) {
        *given = true;
        if (!options->quiet)
            fprintf(stderr, "%s(answered from a file)\n", prompt);
        return strdup(lk_secret_string(ready));
    }
    /* With one secret from a file somebody types the other only at a terminal. */
    if (ready != NULL ||
        ((options->pin != NULL || options->password != NULL) && !isatty(STDIN_FILENO)))
        return NULL;
    return read_line(prompt, true);
}

static int answer_one(struct options *options, const struct pam_message *message,
                      struct pam_response *response)
{
    switch (message->msg_style) {
    case PAM_PROMPT_ECHO_OFF:
        response->resp = answer_hidden(options, message->msg);
        return response->resp != NULL ? PAM_SUCCESS : PAM_CONV_ERR;
    case PAM_PROMPT_ECHO_ON:
        response->resp = read_line(message->msg, false);
        return response->resp != NULL ? PAM_SUCCESS : PAM_CONV_ERR;
    case PAM_TEXT_INFO:
    case PAM_ERROR_MSG:
        if (!options->quiet)
            fprintf(stderr, "%s\n", message->msg);
        return PAM_SUCCESS;
    default:
        return PAM_CONV_ERR;
    }
}

static int converse(int count, const struct pam_message **messages,
                    struct pam_response **ret_responses, void *context)
{
    struct options *options = context;
    struct pam_response *responses;
    int result = PAM_SUCCESS;

    if (count <= 0 || count > PAM_MAX_NUM_MSG)
        return PAM_CONV_ERR;
    responses = calloc((size_t)count, sizeof *responses);
    if (responses == NULL)
        return PAM_BUF_ERR;
    for (int i = 0; i < count && result == PAM_SUCCESS; i++)
        result = answer_one(options, messages[i], &responses[i]);
    if (result == PAM_SUCCESS) {
        *ret_responses = responses;
        return PAM_SUCCESS;
    }
    for (int i = 0; i < count; i++) {
        if (responses[i].resp != NULL)
            lk_wipe(responses[i].resp, strlen(responses[i].resp));
        free(responses[i].resp);
    }
    free(responses);
    return result;
}

static int start(const struct options *options, const struct pam_conv *conversation,
                 pam_handle_t **ret_handle)
{
    if (options->confdir != NULL)
        return pam_start_confdir(options->service, options->user, conversation, options->confdir,
                                 ret_handle);
    return pam_start(options->service, options->user, conversation, ret_handle);
}

static int run_stack(struct options *options, const char **ret_step, char *ret_text, size_t size)
{
    const struct pam_conv conversation = {.conv = converse, .appdata_ptr = options};
    pam_handle_t *handle = NULL;
    int result;

    *ret_step = "start";
    result = start(options, &conversation, &handle);
    if (result == PAM_SUCCESS && options->tty != NULL)
        result = pam_set_item(handle, PAM_TTY, options->tty);
    if (result == PAM_SUCCESS && options->remote_host != NULL)
        result = pam_set_item(handle, PAM_RHOST, options->remote_host);
    if (result == PAM_SUCCESS) {
        *ret_step = "authenticate";
        result = pam_authenticate(handle, 0);
    }
    if (result == PAM_SUCCESS && !options->auth_only) {
        *ret_step = "account";
        result = pam_acct_mgmt(handle, 0);
    }
    snprintf(ret_text, size, "%s", pam_strerror(handle, result));
    if (handle != NULL)
        (void)pam_end(handle, result);
    return result;
}

static int parse_options(int argc, char **argv, struct options *options)
{
    static const struct option table[] = {{"confdir", required_argument, NULL, 'c'},
                                          {"user", required_argument, NULL, 'u'},
                                          {"tty", required_argument, NULL, 't'},
                                          {"rhost", required_argument, NULL, 'r'},
                                          {"password-file", required_argument, NULL, 'p'},
                                          {"pin-file", required_argument, NULL, 'P'},
                                          {"auth-only", no_argument, NULL, 'a'},
                                          {"quiet", no_argument, NULL, 'q'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int choice;

    while ((choice = getopt_long(argc, argv, "", table, NULL)) != -1) {
        switch (choice) {
        case 'c':
            options->confdir = optarg;
            break;
        case 'u':
            options->user = optarg;
            break;
        case 't':
            options->tty = optarg;
            break;
        case 'r':
            options->remote_host = optarg;
            break;
        case 'p':
            if (read_secret_file(optarg, &options->password) < 0)
                return EXIT_USAGE;
            break;
        case 'P':
            if (read_secret_file(optarg, &options->pin) < 0)
                return EXIT_USAGE;
            break;
        case 'a':
            options->auth_only = true;
            break;
        case 'q':
            options->quiet = true;
            break;
        case 'h':
            usage(stdout);
            exit(EXIT_YES);
        default:
            usage(stderr);
            return EXIT_USAGE;
        }
    }
    if (argc - optind != 1) {
        usage(stderr);
        return EXIT_USAGE;
    }
    options->service = argv[optind];
    return EXIT_YES;
}

int main(int argc, char **argv)
{
    struct options options = {0};
    const struct passwd *caller;
    const char *step = "";
    char text[256];
    int result = parse_options(argc, argv, &options);

    if (result != EXIT_YES)
        goto out;
    if (options.user == NULL) {
        caller = getpwuid(getuid());
        options.user = caller != NULL ? caller->pw_name : NULL;
    }
    if (options.user == NULL) {
        fputs("latchkey-pam-try: give --user NAME: the calling user has no name here\n", stderr);
        result = EXIT_USAGE;
        goto out;
    }
    result = run_stack(&options, &step, text, sizeof text);
    printf("%s %d %s: %s\n", result == PAM_SUCCESS ? "yes" : "no", result, step, text);
    result = result == PAM_SUCCESS ? EXIT_YES : EXIT_NO;
out:
    lk_secret_free(&options.password);
    lk_secret_free(&options.pin);
    return result;
}
