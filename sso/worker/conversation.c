/* SPDX-License-Identifier: EUPL-1.2 */
/* The answers. There is nobody to ask: a module gets the transaction, the password, or nothing. Hostile: what modules say may have come from a directory or from the
 * network, so it is cleaned before a person sees it. */
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message/text.h"
#include "sso/worker/worker.h"

/* The same question twice means that the first answer was wrong: asked again, a wrong password would count for as often as the module likes. */
static bool talk_asked_before(struct lk_talk *talk, const char *text)
{
    for (size_t i = 0; i < talk->question_count; i++) {
        if (strcmp(talk->questions[i], text) == 0)
            return true;
    }
    return false;
}

static char *talk_password(struct lk_talk *talk, const char *text)
{
    char *question = talk->questions[talk->question_count % LK_WORKER_QUESTIONS];

    if (talk->password == NULL || talk->question_count == LK_WORKER_QUESTIONS ||
        strlen(text) >= LK_WORKER_QUESTION_SIZE || talk_asked_before(talk, text))
        return NULL;
    memcpy(question, text, strlen(text) + 1);
    talk->question_count++;
    return strdup(lk_secret_string(talk->password));
}

static char *talk_hidden(struct lk_talk *talk, const char *text)
{
    if (strcmp(text, LK_WORKER_PROMPT) != 0)
        return talk_password(talk, text);
    if (talk->transaction_given)
        return NULL;
    talk->transaction_given = true;
    return strdup(talk->transaction);
}

static void talk_keep(struct lk_talk *talk, const char *text)
{
    size_t len = strlen(text);

    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == ' '))
        len--;
    if (len == 0)
        return;
    if (len >= sizeof(talk->message))
        len = sizeof(talk->message) - 1;
    memcpy(talk->message, text, len);
    talk->message[len] = '\0';
    lk_text_clean(talk->message);
}

static int talk_answer(struct lk_talk *talk, const struct pam_message *message,
                       struct pam_response *response)
{
    if (message == NULL || message->msg == NULL) {
        talk->refused = true;
        return PAM_CONV_ERR;
    }
    switch (message->msg_style) {
    case PAM_TEXT_INFO:
    case PAM_ERROR_MSG:
        talk_keep(talk, message->msg);
        return PAM_SUCCESS;
    case PAM_PROMPT_ECHO_OFF:
        response->resp = talk_hidden(talk, message->msg);
        break;
    default:
        break;
    }
    if (response->resp != NULL)
        return PAM_SUCCESS;
    talk->refused = true;
    return PAM_CONV_ERR;
}

int lk_talk_converse(int count, const struct pam_message **messages,
                     struct pam_response **ret_responses, void *context)
{
    struct lk_talk *talk = context;
    struct pam_response *responses;
    int result = PAM_SUCCESS;

    if (count <= 0 || count > PAM_MAX_NUM_MSG || messages == NULL || ret_responses == NULL)
        return PAM_CONV_ERR;
    responses = calloc((size_t)count, sizeof(*responses));
    if (responses == NULL)
        return PAM_BUF_ERR;
    for (int i = 0; i < count && result == PAM_SUCCESS; i++)
        result = talk_answer(talk, messages[i], &responses[i]);
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

void lk_talk_delay(int status, unsigned int delay_us, void *context)
{
    struct lk_talk *talk = context;

    if (status != PAM_SUCCESS && delay_us > talk->delay_us)
        talk->delay_us = delay_us;
}
