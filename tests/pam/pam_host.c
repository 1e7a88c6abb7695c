/* SPDX-License-Identifier: EUPL-1.2 */
/* The host program of the tests. /etc/pam.d is never looked at: pam_start_confdir gets a folder with one file. */
#include "pam_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void host_die(const char *what)
{
    perror(what);
    abort();
}

int pam_host_converse(int count, const struct pam_message **messages,
                      struct pam_response **ret_responses, void *context)
{
    struct pam_host *host = context;
    struct pam_response *responses = calloc((size_t)count, sizeof(*responses));

    if (responses == NULL)
        return PAM_BUF_ERR;
    host->several |= count != 1;
    for (int i = 0; i < count; i++) {
        if (host->count < HOST_MESSAGES) {
            host->shown[host->count].style = messages[i]->msg_style;
            snprintf(host->shown[host->count].text, PAM_MAX_MSG_SIZE, "%s", messages[i]->msg);
            host->count++;
        }
        if (messages[i]->msg_style == PAM_PROMPT_ECHO_OFF && host->answer != NULL)
            responses[i].resp = strdup(host->answer);
    }
    *ret_responses = responses;
    return PAM_SUCCESS;
}

/* Instead of sleeping. */
static void host_delay(int code, unsigned delay_us, void *context)
{
    struct pam_host *host = context;

    (void)code;
    host->delays++;
    host->delay_us = delay_us;
}

static void host_write_service(const struct pam_host *host, const char *socket, const char *path)
{
    static const char *const types[] = {"auth", "account", "session", "password"};
    const char *build = getenv("LK_BUILD_DIR");
    FILE *file = fopen(path, "we");

    if (file == NULL || build == NULL)
        host_die("service file (is LK_BUILD_DIR set?)");
    for (size_t i = 0; i < 4; i++)
        fprintf(file, "%s required %s/security/pam_latchkey.so socket=%s%s%s\n", types[i], build,
                socket, i == 0 && host->arguments != NULL ? " " : "",
                i == 0 && host->arguments != NULL ? host->arguments : "");
    if (fclose(file) != 0)
        host_die(path);
}

static void host_set(pam_handle_t *pam, int item, const void *value)
{
    if (value != NULL && pam_set_item(pam, item, value) != PAM_SUCCESS)
        host_die("pam_set_item");
}

static int host_dispatch(pam_handle_t *pam, int which, int flags)
{
    switch (which) {
    case 0:
        return pam_authenticate(pam, flags);
    case 1:
        return pam_setcred(pam, PAM_ESTABLISH_CRED);
    case 2:
        return pam_acct_mgmt(pam, flags);
    case 3:
        return pam_open_session(pam, flags);
    case 4:
        return pam_close_session(pam, flags);
    default:
        return pam_chauthtok(pam, flags);
    }
}

/* pam_set_item takes the delay function as a data pointer; ISO C has no cast for that. */
static const void *host_delay_pointer(void)
{
    void (*function)(int, unsigned, void *) = host_delay;
    const void *pointer;

    memcpy(&pointer, &function, sizeof(pointer));
    return pointer;
}

static int host_transaction(struct pam_host *host, const char *folder, int which)
{
    struct pam_conv conv = {.conv = host->conv != NULL ? host->conv : pam_host_converse,
                            .appdata_ptr = host};
    const char *service = host->service != NULL ? host->service : "lktest";
    const char *user = host->user == NULL ? "alice" : host->user[0] == '\0' ? NULL : host->user;
    const void *after = NULL;
    pam_handle_t *pam = NULL;
    int code = pam_start_confdir(service, user, &conv, folder, &pam);

    if (code != PAM_SUCCESS)
        host_die("pam_start_confdir");
    host_set(pam, PAM_TTY, host->tty);
    host_set(pam, PAM_RHOST, host->remote_host);
    host_set(pam, PAM_FAIL_DELAY, host_delay_pointer());
    if (host->before != NULL)
        host->before(host, pam);
    code = host_dispatch(pam, which, host->flags);
    if (host->after != NULL)
        host->after(host, code);
    if (pam_get_item(pam, PAM_USER, &after) == PAM_SUCCESS && after != NULL)
        snprintf(host->user_after, sizeof(host->user_after), "%s", (const char *)after);
    if (pam_end(pam, code) != PAM_SUCCESS)
        host_die("pam_end");
    return code;
}

static int host_run_on(struct pam_host *host, int which)
{
    char folder[128];
    char path[256];

    /* In the broker's folder, so that it goes with it when this process is killed. */
    snprintf(folder, sizeof(folder), "%s/pam.d", host->broker.folder);
    if (mkdir(folder, 0700) != 0)
        host_die(folder);
    snprintf(path, sizeof(path), "%s/%s", folder, host->service != NULL ? host->service : "lktest");
    host_write_service(host, host->broker.path, path);
    host->count = 0;
    host->delays = 0;
    return host_transaction(host, folder, which);
}

static int host_run(struct pam_host *host, const struct fake_step *script, int which)
{
    static const struct fake_step nobody[] = {{.act = FAKE_END}};
    int code;

    fake_broker_start(&host->broker, script != NULL ? script : nobody);
    if (script == NULL)
        unlink(host->broker.path);
    code = host_run_on(host, which);
    if (!host->keep_broker)
        fake_broker_stop(&host->broker);
    return code;
}

int pam_host_run_on(struct pam_host *host)
{
    return host_run_on(host, 0);
}

int pam_host_run(struct pam_host *host, const struct fake_step *script)
{
    return host_run(host, script, 0);
}

int pam_host_call(struct pam_host *host, int which)
{
    return host_run(host, NULL, which);
}

const char *pam_host_last(const struct pam_host *host, int style)
{
    for (unsigned i = host->count; i > 0; i--)
        if (host->shown[i - 1].style == style)
            return host->shown[i - 1].text;
    return "";
}
