/* SPDX-License-Identifier: EUPL-1.2 */
/* Texts, with the English sentence as the msgid. The locale is the host's: it is never set here. No sentence holds the
 * word "password": a display manager answers prompts with it by themselves. */
#include "pam_module/texts.h"

#include <libintl.h>
#include <stdio.h>
#include <string.h>

#define LK_DOMAIN "latchkey"
#define _(text)   dgettext(LK_DOMAIN, text)

void lk_texts_init(void)
{
    static const char usual[] = "/usr/share/locale";
    const char *now = bindtextdomain(LK_DOMAIN, NULL);

    /* A host that has bound the domain itself is left alone. */
    if (strcmp(LK_LOCALE_DIR, usual) != 0 && (now == NULL || strcmp(now, usual) == 0))
        (void)bindtextdomain(LK_DOMAIN, LK_LOCALE_DIR);
}

/* The sentence that names what the touch is for: program, machine, user. */
static void lk_texts_consent(char ret_text[LK_SENTENCE_SIZE], enum lk_event event,
                             const struct lk_occasion *occasion)
{
    if (event == LK_EVENT_TOUCH)
        snprintf(ret_text, LK_SENTENCE_SIZE,
                 _("Touch the blinking security key to open %1$s on %2$s for %3$s."),
                 occasion->service, occasion->host, occasion->name);
    else
        snprintf(ret_text, LK_SENTENCE_SIZE,
                 _("Put your finger on the sensor of the security key to open %1$s on %2$s for "
                   "%3$s."),
                 occasion->service, occasion->host, occasion->name);
}

static void lk_texts_busy(char ret_text[LK_SENTENCE_SIZE], const char *detail)
{
    if (detail[0] == '\0')
        snprintf(ret_text, LK_SENTENCE_SIZE, "%s",
                 _("The security key is in use by another program: finish there first."));
    else
        snprintf(ret_text, LK_SENTENCE_SIZE,
                 _("The security key is in use by %s: finish there first."), detail);
}

static void lk_texts_finger(char ret_text[LK_SENTENCE_SIZE], uint8_t retries)
{
    if (retries == LK_RETRIES_UNKNOWN)
        snprintf(ret_text, LK_SENTENCE_SIZE, "%s",
                 _("The fingerprint was not recognised: try again."));
    else
        snprintf(ret_text, LK_SENTENCE_SIZE,
                 dngettext(LK_DOMAIN, "The fingerprint was not recognised: %u try is left.",
                           "The fingerprint was not recognised: %u tries are left.", retries),
                 retries);
}

static const char *lk_texts_plain(enum lk_event event)
{
    switch (event) {
    case LK_EVENT_INSERT_KEY:
        return _("Plug in your security key.");
    case LK_EVENT_WRONG_KEY:
        return _("This security key does not open this account: plug in the one that was enrolled "
                 "for you.");
    case LK_EVENT_KEY_REMOVED:
        return _("The security key was pulled out: plug it in again.");
    case LK_EVENT_PIN_NOT_SET:
        return _("This security key has no PIN and needs one: ask your IT desk.");
    case LK_EVENT_KEY_FAILED:
        return _("This security key does not answer as it should: pull it out and plug it in "
                 "again.");
    default:
        return "";
    }
}

void lk_texts_event(char ret_text[LK_SENTENCE_SIZE], const struct lk_event_message *event,
                    const struct lk_occasion *occasion)
{
    switch (event->event) {
    case LK_EVENT_TOUCH:
    case LK_EVENT_FINGERPRINT:
        lk_texts_consent(ret_text, event->event, occasion);
        return;
    case LK_EVENT_KEY_BUSY:
        lk_texts_busy(ret_text, event->detail);
        return;
    case LK_EVENT_FINGERPRINT_FAILED:
        lk_texts_finger(ret_text, event->retries);
        return;
    case LK_EVENT_KEY_FOUND:
        if (event->detail[0] == '\0')
            snprintf(ret_text, LK_SENTENCE_SIZE, "%s", _("A security key was found."));
        else
            snprintf(ret_text, LK_SENTENCE_SIZE, _("The security key %s was found."),
                     event->detail);
        return;
    default:
        snprintf(ret_text, LK_SENTENCE_SIZE, "%s", lk_texts_plain(event->event));
    }
}

void lk_texts_ask_pin(char ret_text[LK_SENTENCE_SIZE], const struct lk_ask_pin *ask)
{
    const char *key = ask->detail[0] != '\0' ? ask->detail : _("the security key");

    if (ask->retries == LK_RETRIES_UNKNOWN)
        snprintf(ret_text, LK_SENTENCE_SIZE, _("PIN of %s: "), key);
    else
        snprintf(ret_text, LK_SENTENCE_SIZE,
                 dngettext(LK_DOMAIN, "PIN of %1$s, %2$u try left: ",
                           "PIN of %1$s, %2$u tries left: ", ask->retries),
                 key, ask->retries);
}

const char *lk_texts_reason(enum lk_reason reason)
{
    return _(lk_reason_text(reason));
}
