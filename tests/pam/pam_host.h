/* SPDX-License-Identifier: EUPL-1.2 */
/* A program that logs people in: real libpam, the real module, a private service file, a conversation that writes down what it is
 * told, and a scripted broker. */
#ifndef LK_TESTS_PAM_HOST_H
#define LK_TESTS_PAM_HOST_H

#include <security/pam_appl.h>

#include "fake_broker.h"

enum { HOST_MESSAGES = 16 };

struct pam_host {
    /* Set by the test; zero is usual. */
    const char *service; /* NULL = "lktest" */
    const char *user;    /* NULL = "alice"; "" = none, asked for by PAM */
    const char *tty;
    const char *remote_host;
    const char *arguments; /* further words for the module */
    const char *answer;    /* to hidden prompts; NULL = no answer */
    int flags;             /* for pam_authenticate */
    int (*conv)(int, const struct pam_message **, struct pam_response **,
                void *); /* NULL = the usual */
    void (*before)(struct pam_host *host, pam_handle_t *pam);
    void (*after)(struct pam_host *host, int code); /* right behind the call */
    bool keep_broker;                               /* the test stops it itself */

    /* What was seen. */
    struct fake_broker broker;
    unsigned count;
    struct {
        int style;
        char text[PAM_MAX_MSG_SIZE];
    } shown[HOST_MESSAGES];
    bool several;         /* more than one message in a call */
    unsigned delays;      /* calls of the delay function */
    unsigned delay_us;    /* what it was told last */
    char user_after[128]; /* PAM_USER at the end */
};

/* One pam_authenticate; script NULL = nobody listens at the socket. */
int pam_host_run(struct pam_host *host, const struct fake_step *script);
/* As pam_host_run, against a broker that the test has started, and stops. */
int pam_host_run_on(struct pam_host *host);
/* As pam_host_run, with pam_setcred (1), pam_acct_mgmt (2), pam_open_session (3), pam_close_session (4), pam_chauthtok (5) instead. */
int pam_host_call(struct pam_host *host, int which);
/* The last message of this style, or "". */
const char *pam_host_last(const struct pam_host *host, int style);
/* The usual conversation, for those that only differ a little. */
int pam_host_converse(int count, const struct pam_message **messages,
                      struct pam_response **ret_responses, void *context);

#define HOST_BEGIN                                                                                 \
    {.act = FAKE_ACCEPT}, {.act = FAKE_HELLO},                                                     \
    {                                                                                              \
        .act = FAKE_LOGIN                                                                          \
    }
#define HOST_TOUCH                                                                                 \
    {                                                                                              \
        .act = FAKE_EVENT, .value = LK_EVENT_TOUCH, .retries = LK_RETRIES_UNKNOWN                  \
    }
#define HOST_STAY                                                                                  \
    {.act = FAKE_WAIT_CLOSE},                                                                      \
    {                                                                                              \
        .act = FAKE_END                                                                            \
    }

#endif
