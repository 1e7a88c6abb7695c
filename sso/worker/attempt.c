/* SPDX-License-Identifier: EUPL-1.2 */
/* One attempt. What the modules say is turned into one outcome; ALLOWED has one place, and needs that the stack asked for the transaction: a stack without the key's line
 * lets nobody in. */
#include <pwd.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <string.h>

#include "message/text.h"
#include "sso/worker/worker.h"

enum { MICROSECONDS = 1000 };

/* Of pam_authenticate. */
static enum lk_sso_outcome outcome_authenticate(int result)
{
    switch (result) {
    case PAM_AUTH_ERR:
    case PAM_USER_UNKNOWN:
    case PAM_CRED_INSUFFICIENT:
    case PAM_CRED_ERR:
    case PAM_PERM_DENIED:
        return LK_SSO_PASSWORD_WRONG;
    case PAM_MAXTRIES:
        return LK_SSO_MAXTRIES;
    case PAM_ACCT_EXPIRED:
    case PAM_CRED_EXPIRED:
        return LK_SSO_ACCOUNT_EXPIRED;
    case PAM_NEW_AUTHTOK_REQD:
    case PAM_AUTHTOK_EXPIRED:
        return LK_SSO_PASSWORD_EXPIRED;
    case PAM_AUTHINFO_UNAVAIL:
    case PAM_CRED_UNAVAIL:
    case PAM_TRY_AGAIN:
    case PAM_INCOMPLETE:
    case PAM_BUF_ERR:
        return LK_SSO_UNAVAILABLE;
    default:
        return LK_SSO_STACK;
    }
}

/* Of pam_acct_mgmt: the person has proved who he is, so what is refused is the account. */
static enum lk_sso_outcome outcome_account(int result)
{
    switch (result) {
    case PAM_AUTH_ERR:
    case PAM_USER_UNKNOWN:
    case PAM_PERM_DENIED:
        return LK_SSO_ACCOUNT_EXPIRED;
    default:
        return outcome_authenticate(result);
    }
}

static bool same_user(pam_handle_t *pam, const char *name)
{
    const void *user = NULL;

    return pam_get_item(pam, PAM_USER, &user) == PAM_SUCCESS && user != NULL &&
           strcmp(user, name) == 0;
}

static int set_items(pam_handle_t *pam, const struct lk_sso_attempt *attempt)
{
    /* PAM_FAIL_DELAY takes a function as an item. */
    const union {
        void (*function)(int, unsigned int, void *);
        const void *item;
    } delay = {.function = lk_talk_delay};
    int result = pam_set_item(pam, PAM_FAIL_DELAY, delay.item);

    if (result == PAM_SUCCESS && attempt->remote[0] != '\0')
        result = pam_set_item(pam, PAM_RHOST, attempt->remote);
    return result;
}

static bool password_unseen(const struct lk_talk *talk)
{
    return talk->password != NULL && talk->question_count == 0;
}

/* Whoever was refused before anybody asked for the password has not typed a wrong one. */
static enum lk_sso_outcome outcome_refused(int result, const struct lk_talk *talk)
{
    enum lk_sso_outcome outcome = outcome_authenticate(result);

    return outcome == LK_SSO_PASSWORD_WRONG && talk->question_count == 0 ? LK_SSO_PROOF : outcome;
}

static enum lk_sso_outcome run_handle(pam_handle_t *pam, const struct lk_sso_attempt *attempt,
                                      const struct lk_talk *talk, int *ret_result)
{
    int result = set_items(pam, attempt);

    *ret_result = result;
    if (result != PAM_SUCCESS)
        return LK_SSO_UNAVAILABLE;
    *ret_result = result = pam_authenticate(pam, PAM_DISALLOW_NULL_AUTHTOK);
    if (!same_user(pam, attempt->name))
        return LK_SSO_USER_CHANGED;
    /* A module may make of a question without answer whatever it likes. */
    if (talk->refused)
        return LK_SSO_STACK;
    /* libpam's own answer where no module said anything. */
    if (result == PAM_PERM_DENIED && !talk->transaction_given)
        return LK_SSO_STACK;
    if (result != PAM_SUCCESS)
        return outcome_refused(result, talk);
    if (!talk->transaction_given)
        return LK_SSO_STACK;
    *ret_result = result = pam_acct_mgmt(pam, PAM_DISALLOW_NULL_AUTHTOK);
    if (!same_user(pam, attempt->name))
        return LK_SSO_USER_CHANGED;
    if (result != PAM_SUCCESS)
        return outcome_account(result);
    /* A password that was typed and that nobody looked at: the ID token would say that it was right. */
    return talk->refused || password_unseen(talk) ? LK_SSO_STACK : LK_SSO_ALLOWED;
}

/* Whoever runs the gateway must learn of a stack that does not work. Nothing of what was typed, and nobody's name. */
static void tell(const struct lk_stack *stack, pam_handle_t *pam, enum lk_sso_outcome outcome,
                 const struct lk_talk *talk, int result)
{
    const char *why;

    if (outcome == LK_SSO_USER_CHANGED)
        why = "a module changed PAM_USER";
    else if (outcome == LK_SSO_STACK && talk->refused)
        why = "a module asks what nobody can answer";
    else if (outcome == LK_SSO_STACK && result == PAM_SUCCESS && talk->transaction_given)
        why = "it says yes and no module asked for the password ([gateway] password = required)";
    else if (outcome == LK_SSO_STACK && result == PAM_SUCCESS)
        why = "it says yes without pam_latchkey.so transaction";
    else if (outcome == LK_SSO_STACK || outcome == LK_SSO_UNAVAILABLE)
        why = pam_strerror(pam, result);
    else
        return;
    (void)fprintf(stderr, "latchkey-sso-worker: PAM service %s: %s\n", stack->service, why);
}

static enum lk_sso_outcome run_stack(const struct lk_stack *stack,
                                     const struct lk_sso_attempt *attempt, struct lk_talk *talk)
{
    const struct pam_conv conversation = {.conv = lk_talk_converse, .appdata_ptr = talk};
    enum lk_sso_outcome outcome;
    pam_handle_t *pam = NULL;
    int result =
        stack->confdir != NULL
            ? pam_start_confdir(stack->service, attempt->name, &conversation, stack->confdir, &pam)
            : pam_start(stack->service, attempt->name, &conversation, &pam);

    if (result != PAM_SUCCESS || pam == NULL) {
        tell(stack, pam, LK_SSO_STACK, talk, result != PAM_SUCCESS ? result : PAM_ABORT);
        return LK_SSO_STACK;
    }
    outcome = run_handle(pam, attempt, talk, &result);
    tell(stack, pam, outcome, talk, result);
    (void)pam_end(pam, result);
    return outcome;
}

/* The first part of gecos. An agent need not be an account of this machine. */
static void full_name(const char *name, char *ret_name, size_t size)
{
    const struct passwd *entry = getpwnam(name);
    size_t len;

    ret_name[0] = '\0';
    if (entry == NULL || entry->pw_gecos == NULL)
        return;
    len = strcspn(entry->pw_gecos, ",");
    if (len >= size)
        len = size - 1;
    memcpy(ret_name, entry->pw_gecos, len);
    ret_name[len] = '\0';
    lk_text_clean(ret_name);
}

void lk_attempt_run(const struct lk_stack *stack, const struct lk_sso_attempt *attempt,
                    struct lk_sso_attempted *ret_attempted)
{
    struct lk_talk talk = {0};
    struct lk_secret *password = NULL;

    *ret_attempted = (struct lk_sso_attempted){.outcome = LK_SSO_UNAVAILABLE};
    if (attempt->password.len > 0 &&
        lk_secret_new(attempt->password.data, attempt->password.len, &password) != 0)
        return;
    talk.password = password;
    lk_hex(talk.transaction, sizeof(talk.transaction), attempt->transaction,
           sizeof(attempt->transaction));
    ret_attempted->outcome = run_stack(stack, attempt, &talk);
    lk_secret_free(&password);
    ret_attempted->delay_ms = talk.delay_us / MICROSECONDS;
    memcpy(ret_attempted->message, talk.message, sizeof(talk.message));
    /* A look into NSS can cost more than all the rest of the attempt. */
    if (attempt->name_wanted && ret_attempted->outcome == LK_SSO_ALLOWED)
        full_name(attempt->name, ret_attempted->full_name, sizeof(ret_attempted->full_name));
}
