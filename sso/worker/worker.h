/* SPDX-License-Identifier: EUPL-1.2 */
/* Inside sso/worker only: an ordinary PAM application that answers one attempt after the other. */
#ifndef LK_SSO_WORKER_WORKER_H
#define LK_SSO_WORKER_WORKER_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "base/secret.h"
#include "message/sso.h"

/* Exactly what pam_latchkey.so asks with its argument `transaction`. */
#define LK_WORKER_PROMPT "latchkey transaction: "

enum {
    LK_WORKER_ATTEMPTS = 1000, /* at most, then another process takes over */
    LK_WORKER_SECONDS = 20,    /* a module that hangs longer ends the process */
    LK_WORKER_FILES = 64,
    LK_WORKER_QUESTIONS = 4, /* hidden prompts that differ, in one attempt */
    LK_WORKER_QUESTION_SIZE = 513
};

/* ---- conversation.c ---- */

/* What one attempt is asked, and what it answers. */
struct lk_talk {
    char transaction[2 * LK_TRANSACTION_SIZE + 1];
    const struct lk_secret *password; /* NULL: the stack must not ask for one */
    bool transaction_given;
    bool refused; /* something was asked that nobody can answer */
    size_t question_count;
    char questions[LK_WORKER_QUESTIONS][LK_WORKER_QUESTION_SIZE]; /* already answered */
    char message[129];                                            /* the last text for the person */
    uint32_t delay_us;
};

/* For struct pam_conv; context is the talk. */
struct pam_message;
struct pam_response;
int lk_talk_converse(int count, const struct pam_message **messages,
                     struct pam_response **ret_responses, void *context);
/* For PAM_FAIL_DELAY: nobody sleeps here, the page waits. */
void lk_talk_delay(int status, unsigned int delay_us, void *context);

/* ---- stack.c ---- */

struct lk_stack_file {
    char *path;
    bool there;
    dev_t device;
    ino_t inode;
    struct timespec changed;
};

struct lk_stack {
    const char *service;
    const char *confdir; /* NULL = the system's */
    size_t count;
    struct lk_stack_file files[LK_WORKER_FILES];
};

/* Notes the files of the service and loads its modules for good, as far as they can be found: whatever is wrong with the stack libpam will say at the first attempt. */
void lk_stack_open(struct lk_stack *stack, const char *service, const char *confdir);
/* One of the files is another one than at lk_stack_open, or gone, or came. */
bool lk_stack_changed(const struct lk_stack *stack);
void lk_stack_close(struct lk_stack *stack);

/* ---- attempt.c ---- */

/* Runs the stack once: authentication, then the account. */
void lk_attempt_run(const struct lk_stack *stack, const struct lk_sso_attempt *attempt,
                    struct lk_sso_attempted *ret_attempted);

#endif
