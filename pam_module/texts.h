/* SPDX-License-Identifier: EUPL-1.2 */
/* What the person reads or hears: one sentence each, in the language of the host program. */
#ifndef LK_PAM_MODULE_TEXTS_H
#define LK_PAM_MODULE_TEXTS_H

#include "message/host.h"
#include "model/reason.h"

enum { LK_SENTENCE_SIZE = 512 }; /* PAM_MAX_MSG_SIZE */

/* What a touch opens; the same names stand in the challenge. */
struct lk_occasion {
    char name[65];
    char service[65];
    char host[65];
};

/* Tells dgettext where the translations are; changes nothing of the host's own. */
void lk_texts_init(void);
/* "" = nothing is shown. */
void lk_texts_event(char ret_text[LK_SENTENCE_SIZE], const struct lk_event_message *event,
                    const struct lk_occasion *occasion);
void lk_texts_ask_pin(char ret_text[LK_SENTENCE_SIZE], const struct lk_ask_pin *ask);
const char *lk_texts_reason(enum lk_reason reason);

#endif
