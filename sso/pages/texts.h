/* SPDX-License-Identifier: EUPL-1.2 */
/* Inside sso/pages only: what the pages say, in two languages. */
#ifndef LK_SSO_PAGES_TEXTS_H
#define LK_SSO_PAGES_TEXTS_H

#include "model/reason.h"
#include "sso/pages/pages.h"

enum lk_text {
    LK_TEXT_LOGIN,
    LK_TEXT_LOGIN_TO,
    LK_TEXT_START_TITLE,
    LK_TEXT_STEP_INSERT,
    LK_TEXT_STEP_PIN,
    LK_TEXT_STEP_TOUCH,
    LK_TEXT_STEP_PASSWORD,
    LK_TEXT_USE,
    LK_TEXT_AGAIN,
    LK_TEXT_WAITING_TITLE,
    LK_TEXT_WAITING,
    LK_TEXT_WAITING_PHONE,
    LK_TEXT_CANCEL,
    LK_TEXT_CHECKING_TITLE,
    LK_TEXT_CHECKING,
    LK_TEXT_CANCELLED_TITLE,
    LK_TEXT_CANCELLED,
    LK_TEXT_CANCELLED_KEY,
    LK_TEXT_LATE_TITLE,
    LK_TEXT_LATE,
    LK_TEXT_FAILED_TITLE,
    LK_TEXT_FAILED,
    LK_TEXT_UNSUPPORTED_TITLE,
    LK_TEXT_UNSUPPORTED,
    LK_TEXT_NOSCRIPT_TITLE,
    LK_TEXT_NOSCRIPT,
    LK_TEXT_NO_KEY,
    LK_TEXT_NO_KEY_HELP,
    LK_TEXT_NEVER,
    LK_TEXT_HELLO,
    LK_TEXT_PASSWORD_LEAD,
    LK_TEXT_PASSWORD_LABEL,
    LK_TEXT_PASSWORD_SEND,
    LK_TEXT_PASSWORD_SHOW,
    LK_TEXT_PASSWORD_LEFT,
    LK_TEXT_PASSWORD_LAST,
    LK_TEXT_NOT_YOU,
    LK_TEXT_SYSTEM_SAID,
    LK_TEXT_BACK,
    LK_TEXT_CODE,
    LK_TEXT_DETAIL,
    LK_TEXT_LOGGED_OUT_TITLE,
    LK_TEXT_LOGGED_OUT,
    LK_TEXT_NOBODY_TITLE,
    LK_TEXT_NOBODY,
    LK_TEXT_WELCOME_TITLE,
    LK_TEXT_WELCOME,
    LK_TEXT_NOT_FOUND_TITLE,
    LK_TEXT_NOT_FOUND,
    LK_TEXT_METHOD_TITLE,
    LK_TEXT_METHOD,
    LK_TEXT_TOO_LONG_TITLE,
    LK_TEXT_TOO_LONG,
    LK_TEXT_FORM_TITLE,
    LK_TEXT_FORM,
    LK_TEXT_AWAY_TITLE,
    LK_TEXT_AWAY,
    LK_TEXT_SKIP,
    LK_TEXTS
};

const char *lk_text(enum lk_language language, enum lk_text text);

/* What a refusal looks like. */
enum lk_mark { LK_MARK_WARNING, LK_MARK_REFUSED, LK_MARK_CLOCK, LK_MARK_HOUSE };
struct lk_state {
    enum lk_reason reason;
    enum lk_mark mark;
    const char *title[LK_LANGUAGES];
    const char *text[LK_LANGUAGES];
};
/* Never NULL: what has no row of its own is a fault of the service. */
const struct lk_state *lk_state_find(uint32_t reason);

#endif
