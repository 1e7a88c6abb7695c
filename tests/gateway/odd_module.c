/* SPDX-License-Identifier: EUPL-1.2 */
/* A PAM module of the tests: each argument is one thing that modules do, right or wrong, in this order. It succeeds unless one of them says otherwise. */
#include <errno.h>
#include <security/pam_appl.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

static int ask(pam_handle_t *pam, int style, const char *text, const char *expected)
{
    char *answer = NULL;
    int result = pam_prompt(pam, style, &answer, "%s", text);

    if (result == PAM_SUCCESS && answer == NULL)
        result = PAM_CONV_ERR;
    if (result == PAM_SUCCESS && expected != NULL && strcmp(answer, expected) != 0)
        result = PAM_AUTH_ERR;
    free(answer);
    return result;
}

static int several(pam_handle_t *pam)
{
    const struct pam_message info = {PAM_TEXT_INFO, "several"};
    const struct pam_message hidden = {PAM_PROMPT_ECHO_OFF, "Password: "};
    const struct pam_message *list[] = {&info, &hidden};
    struct pam_response *responses = NULL;
    const void *item = NULL;
    const struct pam_conv *conv;
    int result;

    if (pam_get_item(pam, PAM_CONV, &item) != PAM_SUCCESS || item == NULL)
        return PAM_CONV_ERR;
    conv = item;
    result = conv->conv(2, list, &responses, conv->appdata_ptr);
    if (result == PAM_SUCCESS) {
        result = responses[0].resp == NULL && strcmp(responses[1].resp, "right") == 0
                     ? PAM_SUCCESS
                     : PAM_AUTH_ERR;
        free(responses[1].resp);
        free(responses);
    }
    return result;
}

static int has_network(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0)
        close(fd);
    return fd >= 0 ? PAM_SUCCESS : PAM_AUTHINFO_UNAVAIL;
}

static int show_item(pam_handle_t *pam, int item)
{
    const void *value = NULL;

    (void)pam_get_item(pam, item, &value);
    return pam_info(pam, "item %s", value != NULL ? (const char *)value : "none");
}

static int act(pam_handle_t *pam, const char *word)
{
    if (strcmp(word, "transaction") == 0)
        return ask(pam, PAM_PROMPT_ECHO_OFF, "latchkey transaction: ", NULL);
    if (strncmp(word, "transaction=", 12) == 0)
        return ask(pam, PAM_PROMPT_ECHO_OFF, "latchkey transaction: ", word + 12);
    if (strncmp(word, "password=", 9) == 0)
        return ask(pam, PAM_PROMPT_ECHO_OFF, "Password: ", word + 9);
    if (strcmp(word, "other") == 0)
        return ask(pam, PAM_PROMPT_ECHO_OFF, "LDAP Password: ", "right");
    if (strcmp(word, "visible") == 0)
        return ask(pam, PAM_PROMPT_ECHO_ON, "Code: ", NULL);
    if (strcmp(word, "radio") == 0)
        return ask(pam, PAM_RADIO_TYPE, "Yes or no?", NULL);
    if (strcmp(word, "ignored") == 0)
        return ask(pam, PAM_PROMPT_ECHO_ON, "Code: ", NULL), PAM_SUCCESS;
    if (strcmp(word, "several") == 0)
        return several(pam);
    if (strcmp(word, "rename") == 0)
        return pam_set_item(pam, PAM_USER, "mallory");
    if (strncmp(word, "info=", 5) == 0)
        return pam_info(pam, "%s", word + 5);
    if (strcmp(word, "dirty") == 0)
        return pam_error(pam, "a\033[31mb\n");
    if (strcmp(word, "long") == 0)
        return pam_error(pam, "%0300d", 7);
    if (strcmp(word, "rhost") == 0)
        return show_item(pam, PAM_RHOST);
    if (strcmp(word, "language") == 0)
        return pam_info(pam, "language %s", getenv("LANGUAGE"));
    if (strcmp(word, "pid") == 0)
        return pam_info(pam, "pid %d", (int)getpid());
    if (strcmp(word, "deaf") == 0) {
        sigset_t all;

        sigfillset(&all);
        sigprocmask(SIG_BLOCK, &all, NULL);
        alarm(0);
        return PAM_SUCCESS;
    }
    if (strcmp(word, "hang") == 0)
        for (;;)
            pause();
    if (strcmp(word, "crash") == 0)
        return (int)raise(SIGSEGV);
    if (strcmp(word, "mount") == 0)
        return mount("none", "/mnt", "tmpfs", 0, NULL);
    if (strcmp(word, "network") == 0)
        return has_network();
    if (strncmp(word, "delay=", 6) == 0)
        return pam_fail_delay(pam, (unsigned)atoi(word + 6));
    if (strncmp(word, "result=", 7) == 0)
        return atoi(word + 7);
    return PAM_SERVICE_ERR;
}

static int run(pam_handle_t *pam, int argc, const char **argv)
{
    int result = PAM_SUCCESS;

    for (int i = 0; i < argc && result == PAM_SUCCESS; i++)
        result = act(pam, argv[i]);
    return result;
}

int pam_sm_authenticate(pam_handle_t *pam, int flags, int argc, const char **argv)
{
    (void)flags;
    return run(pam, argc, argv);
}

int pam_sm_acct_mgmt(pam_handle_t *pam, int flags, int argc, const char **argv)
{
    (void)flags;
    return run(pam, argc, argv);
}

int pam_sm_setcred(pam_handle_t *pam, int flags, int argc, const char **argv)
{
    (void)pam;
    (void)flags;
    (void)argc;
    (void)argv;
    return PAM_SUCCESS;
}
