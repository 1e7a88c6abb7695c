/* SPDX-License-Identifier: EUPL-1.2 */
/* The pages: one frame, and what stands in it. The page of the key has all its states in it, one shown at a time; the script only switches. */
#include <stdio.h>
#include <string.h>

#include "base/base64url.h"
#include "sso/pages/assets.h"
#include "sso/pages/html.h"
#include "sso/pages/pictures.h"
#include "sso/pages/texts.h"

#define SAY(id) lk_text(language, LK_TEXT_##id)

const char *lk_language_code(enum lk_language language)
{
    return language == LK_LANGUAGE_FR ? "fr" : "en";
}

/* ---- the frame ---- */

static void put_head(struct lk_buf *out, const struct lk_look *look, enum lk_language language,
                     const char *title, const char *state)
{
    LK_HTML(out,
            "<!doctype html>\n<html lang=\"{0}\">\n<head>\n<meta charset=\"utf-8\">\n"
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
            "<meta name=\"color-scheme\" content=\"light dark\">\n"
            "<meta name=\"robots\" content=\"noindex\">\n"
            "<title>{1} – {2}</title>\n"
            "<link rel=\"stylesheet\" href=\"/static/latchkey.css?{3}\">\n"
            "<script src=\"/static/latchkey.js?{4}\" defer></script>\n",
            lk_language_code(language), title, look->title, look->style_tag, look->script_tag);
    LK_HTML_PLAIN(out, LK_PICTURE_ICON "</head>\n<body>\n");
    LK_HTML(out, "<a class=\"skip\" href=\"#content\">{0}</a>\n<header class=\"house\">\n",
            SAY(SKIP));
    if (look->logo)
        LK_HTML(out, "<img class=\"logo\" src=\"/static/logo?{0}\" alt=\"\">\n", look->logo_tag);
    else
        LK_HTML_PLAIN(out, LK_PICTURE_EMBLEM);
    LK_HTML(out,
            "<p class=\"name\">{0}</p>\n</header>\n<main id=\"content\" tabindex=\"-1\" "
            "data-state=\"{1}\">\n",
            look->title, state);
}

static void put_foot(struct lk_buf *out, const struct lk_look *look, enum lk_language language)
{
    LK_HTML(out,
            "</main>\n<footer>\n<p>{0} <strong>https://{1}</strong></p>\n</footer>\n</body>\n"
            "</html>\n",
            SAY(NEVER), look->address);
}

static void put_mark(struct lk_buf *out, enum lk_mark mark)
{
    static const char *const pictures[] = {[LK_MARK_WARNING] = LK_PICTURE_WARNING,
                                           [LK_MARK_REFUSED] = LK_PICTURE_REFUSED,
                                           [LK_MARK_CLOCK] = LK_PICTURE_CLOCK,
                                           [LK_MARK_HOUSE] = LK_PICTURE_HOUSE};

    LK_HTML_PLAIN(out, pictures[mark]);
}

static void put_to(struct lk_buf *out, enum lk_language language, const char *client)
{
    if (client[0] != '\0')
        LK_HTML(out, "<p class=\"to\">{0} <strong>{1}</strong></p>\n", SAY(LOGIN_TO), client);
}

/* ---- the key ---- */

static void put_help(struct lk_buf *out, const struct lk_look *look, enum lk_language language)
{
    LK_HTML(out, "<details>\n<summary>{0}</summary>\n", SAY(NO_KEY));
    if (look->help[0] != '\0')
        LK_HTML(out, "<p class=\"help\">{0}</p>\n", look->help);
    LK_HTML(out, "<p>{0}</p>\n</details>\n", SAY(NO_KEY_HELP));
}

static void put_ask(struct lk_buf *out, const char *label)
{
    LK_HTML(out, "<button type=\"button\" class=\"primary\" data-do=\"ask\" hidden>{0}</button>\n",
            label);
}

static void put_start(struct lk_buf *out, const struct lk_look *look, enum lk_language language,
                      const char *client)
{
    LK_HTML_PLAIN(out, "<section data-view=\"start\">\n" LK_PICTURE_KEY);
    put_to(out, language, client);
    LK_HTML(out, "<h1 tabindex=\"-1\">{0}</h1>\n<ol class=\"steps\">\n", SAY(START_TITLE));
    LK_HTML(out, "<li>{0}</li>\n<li>{1}</li>\n<li>{2}</li>\n", SAY(STEP_INSERT), SAY(STEP_PIN),
            SAY(STEP_TOUCH));
    if (look->password)
        LK_HTML(out, "<li>{0}</li>\n", SAY(STEP_PASSWORD));
    LK_HTML_PLAIN(out, "</ol>\n");
    put_ask(out, SAY(USE));
    LK_HTML(out, "<noscript><div class=\"notice\"><h2>{0}</h2><p>{1}</p></div></noscript>\n",
            SAY(NOSCRIPT_TITLE), SAY(NOSCRIPT));
    LK_HTML_PLAIN(out, "</section>\n");
}

static void put_view(struct lk_buf *out, const char *name, const char *picture, const char *title,
                     const char *text)
{
    LK_HTML(out, "<section data-view=\"{0}\" hidden>\n", name);
    LK_HTML_PLAIN(out, picture);
    LK_HTML(out, "<h1 tabindex=\"-1\">{0}</h1>\n<p>{1}</p>\n", title, text);
}

/* The states that only the browser knows of. */
static void put_views(struct lk_buf *out, enum lk_language language)
{
    put_view(out, "waiting", LK_PICTURE_TOUCH, SAY(WAITING_TITLE), SAY(WAITING));
    LK_HTML(out, "<p class=\"small\">{0}</p>\n", SAY(WAITING_PHONE));
    LK_HTML(out,
            "<button type=\"button\" class=\"second\" data-do=\"cancel\">{0}</button>\n"
            "</section>\n",
            SAY(CANCEL));
    put_view(out, "checking", LK_PICTURE_WAIT, SAY(CHECKING_TITLE), SAY(CHECKING));
    LK_HTML_PLAIN(out, "</section>\n");
    put_view(out, "cancelled", LK_PICTURE_WARNING, SAY(CANCELLED_TITLE), SAY(CANCELLED));
    LK_HTML(out, "<p class=\"small\">{0}</p>\n", SAY(CANCELLED_KEY));
    put_ask(out, SAY(AGAIN));
    LK_HTML_PLAIN(out, "</section>\n");
    put_view(out, "late", LK_PICTURE_CLOCK, SAY(LATE_TITLE), SAY(LATE));
    put_ask(out, SAY(AGAIN));
    LK_HTML_PLAIN(out, "</section>\n");
    put_view(out, "failed", LK_PICTURE_WARNING, SAY(FAILED_TITLE), SAY(FAILED));
    put_ask(out, SAY(AGAIN));
    LK_HTML_PLAIN(out, "</section>\n");
    put_view(out, "unsupported", LK_PICTURE_REFUSED, SAY(UNSUPPORTED_TITLE), SAY(UNSUPPORTED));
    LK_HTML_PLAIN(out, "</section>\n");
}

static void put_key_form(struct lk_buf *out, const struct lk_look *look,
                         const struct lk_sso_page *page)
{
    char challenge[LK_BASE64URL_LENGTH(LK_TOKEN_SIZE) + 1] = "";
    char sealed[LK_SSO_SEALED_MAX + 1];

    if (lk_base64url_encode(challenge, sizeof(challenge), page->challenge.data,
                            page->challenge.len) != 0)
        challenge[0] = '\0';
    memcpy(sealed, page->sealed.data, page->sealed.len);
    sealed[page->sealed.len] = '\0';
    LK_HTML(out,
            "<form id=\"key\" method=\"post\" action=\"/key\" data-challenge=\"{0}\" "
            "data-relying-party=\"{1}\" data-visit=\"{2}\">\n"
            "<input type=\"hidden\" name=\"request\" value=\"{3}\">\n",
            challenge, look->relying_party, page->kind == LK_SSO_PAGE_KEY ? "get" : "post", sealed);
    LK_HTML_PLAIN(out, "<input type=\"hidden\" name=\"id\">\n"
                       "<input type=\"hidden\" name=\"authenticator_data\">\n"
                       "<input type=\"hidden\" name=\"client_data\">\n"
                       "<input type=\"hidden\" name=\"signature\">\n"
                       "<input type=\"hidden\" name=\"user_handle\">\n</form>\n");
}

/* ---- refusals ---- */

static void put_refusal(struct lk_buf *out, enum lk_language language,
                        const struct lk_sso_page *page, bool again)
{
    const struct lk_state *state = lk_state_find(page->reason);

    LK_HTML_PLAIN(out, "<section data-view=\"refused\">\n");
    put_mark(out, state->mark);
    put_to(out, language, page->client);
    LK_HTML(out, "<h1 tabindex=\"-1\">{0}</h1>\n<p>{1}</p>\n", state->title[language],
            state->text[language]);
    if (page->detail[0] != '\0')
        LK_HTML(out, "<p class=\"said\">{0} <q>{1}</q></p>\n",
                page->kind == LK_SSO_PAGE_ERROR ? SAY(DETAIL) : SAY(SYSTEM_SAID), page->detail);
    if (again)
        put_ask(out, SAY(AGAIN));
    else if (page->kind == LK_SSO_PAGE_REFUSED)
        LK_HTML(out, "<p class=\"back\">{0}</p>\n", SAY(BACK));
    LK_HTML(out, "<p class=\"small\">{0} <code>{1}</code></p>\n</section>\n", SAY(CODE),
            lk_reason_name((enum lk_reason)page->reason));
}

/* ---- the password ---- */

static void put_wrong(struct lk_buf *out, enum lk_language language, const struct lk_sso_page *page)
{
    const struct lk_state *state = lk_state_find(page->reason);
    char left[8];

    (void)snprintf(left, sizeof(left), "%u", page->left);
    LK_HTML(out, "<div class=\"notice\" role=\"alert\" id=\"wrong\"><h2>{0}</h2><p>{1}",
            state->title[language], state->text[language]);
    if (page->left == 1)
        LK_HTML(out, " {0}", SAY(PASSWORD_LAST));
    else if (page->left != UINT8_MAX)
        LK_HTML(out, " {0} <strong>{1}</strong>", SAY(PASSWORD_LEFT), left);
    LK_HTML_PLAIN(out, "</p>");
    if (page->detail[0] != '\0')
        LK_HTML(out, "<p class=\"said\">{0} <q>{1}</q></p>", SAY(SYSTEM_SAID), page->detail);
    LK_HTML_PLAIN(out, "</div>\n");
}

static void put_password(struct lk_buf *out, enum lk_language language,
                         const struct lk_sso_page *page)
{
    bool wrong = page->reason != LK_REASON_NONE;
    const char *who = page->full_name[0] != '\0' ? page->full_name : page->name;
    char sealed[LK_SSO_SEALED_MAX + 1];

    memcpy(sealed, page->sealed.data, page->sealed.len);
    sealed[page->sealed.len] = '\0';
    LK_HTML_PLAIN(out, "<section>\n" LK_PICTURE_DONE);
    put_to(out, language, page->client);
    LK_HTML(out, "<h1 tabindex=\"-1\">{0} {1}</h1>\n", SAY(HELLO), who);
    if (wrong)
        put_wrong(out, language, page);
    else
        LK_HTML(out, "<p>{0}</p>\n", SAY(PASSWORD_LEAD));
    LK_HTML(out,
            "<form method=\"post\" action=\"/password\" data-checking=\"{0}\">\n"
            "<input type=\"hidden\" name=\"request\" value=\"{1}\">\n"
            "<label for=\"password\">{2}</label>\n",
            SAY(CHECKING), sealed, SAY(PASSWORD_LABEL));
    LK_HTML_PLAIN(out,
                  "<div class=\"field\"><input id=\"password\" name=\"password\" type=\"password\" "
                  "autocomplete=\"current-password\" required autofocus "
                  "autocapitalize=\"off\" spellcheck=\"false\"");
    LK_HTML_PLAIN(out, wrong ? " aria-invalid=\"true\" aria-describedby=\"wrong\">" : ">");
    LK_HTML(out,
            "<button type=\"button\" id=\"reveal\" aria-pressed=\"false\" aria-label=\"{0}\" "
            "title=\"{0}\" hidden>",
            SAY(PASSWORD_SHOW));
    LK_HTML_PLAIN(out, LK_PICTURE_EYE "</button></div>\n");
    LK_HTML(out,
            "<button type=\"submit\" class=\"primary\">{0}</button>\n"
            "<p id=\"said\" role=\"status\"></p>\n</form>\n<p class=\"small\">{1}</p>\n"
            "</section>\n",
            SAY(PASSWORD_SEND), SAY(NOT_YOU));
}

/* ---- whole pages ---- */

bool lk_page_has_form(const struct lk_sso_page *page)
{
    return page->kind == LK_SSO_PAGE_KEY || page->kind == LK_SSO_PAGE_PASSWORD ||
           (page->kind == LK_SSO_PAGE_REFUSED && page->sealed.len > 0);
}

static void put_simple(struct lk_buf *out, const struct lk_look *look, enum lk_language language,
                       const char *picture, enum lk_text title, enum lk_text text)
{
    put_head(out, look, language, lk_text(language, title), "note");
    LK_HTML_PLAIN(out, "<section>\n");
    LK_HTML_PLAIN(out, picture);
    LK_HTML(out, "<h1>{0}</h1>\n<p>{1}</p>\n", lk_text(language, title), lk_text(language, text));
    LK_HTML_PLAIN(out, "</section>\n");
    put_foot(out, look, language);
}

void lk_page_write(struct lk_buf *out, const struct lk_look *look, enum lk_language language,
                   const struct lk_sso_page *page)
{
    bool form = lk_page_has_form(page);
    bool start = page->kind == LK_SSO_PAGE_KEY;

    if (page->kind == LK_SSO_PAGE_NOBODY) {
        put_simple(out, look, language, LK_PICTURE_KEY, LK_TEXT_NOBODY_TITLE, LK_TEXT_NOBODY);
        return;
    }
    if (page->kind == LK_SSO_PAGE_REFUSED && page->reason == LK_REASON_NONE) {
        put_simple(out, look, language, LK_PICTURE_DONE, LK_TEXT_LOGGED_OUT_TITLE,
                   LK_TEXT_LOGGED_OUT);
        return;
    }
    put_head(out, look, language,
             page->reason != LK_REASON_NONE ? lk_state_find(page->reason)->title[language]
                                            : SAY(LOGIN),
             start                                ? "start"
             : page->kind == LK_SSO_PAGE_PASSWORD ? "password"
                                                  : "refused");
    if (page->kind == LK_SSO_PAGE_PASSWORD) {
        put_password(out, language, page);
    } else {
        if (start)
            put_start(out, look, language, page->client);
        else
            put_refusal(out, language, page, form);
        if (form) {
            put_views(out, language);
            put_key_form(out, look, page);
        }
        if (form)
            put_help(out, look, language);
    }
    put_foot(out, look, language);
}

void lk_page_note(struct lk_buf *out, const struct lk_look *look, enum lk_language language,
                  enum lk_note note)
{
    static const struct {
        const char *picture;
        enum lk_text title, text;
    } notes[LK_NOTES] = {
        [LK_NOTE_WELCOME] = {LK_PICTURE_KEY, LK_TEXT_WELCOME_TITLE, LK_TEXT_WELCOME},
        [LK_NOTE_NOT_FOUND] = {LK_PICTURE_WARNING, LK_TEXT_NOT_FOUND_TITLE, LK_TEXT_NOT_FOUND},
        [LK_NOTE_METHOD] = {LK_PICTURE_WARNING, LK_TEXT_METHOD_TITLE, LK_TEXT_METHOD},
        [LK_NOTE_TOO_LONG] = {LK_PICTURE_WARNING, LK_TEXT_TOO_LONG_TITLE, LK_TEXT_TOO_LONG},
        [LK_NOTE_FORM] = {LK_PICTURE_WARNING, LK_TEXT_FORM_TITLE, LK_TEXT_FORM},
        [LK_NOTE_AWAY] = {LK_PICTURE_HOUSE, LK_TEXT_AWAY_TITLE, LK_TEXT_AWAY},
    };

    put_simple(out, look, language, notes[note].picture, notes[note].title, notes[note].text);
}

void lk_page_style(struct lk_buf *out, const struct lk_look *look)
{
    char line[40];

    (void)snprintf(line, sizeof(line), ":root{--house:#%s}\n", look->colour);
    lk_buf_put_bytes(out, line, strlen(line));
    lk_buf_put_bytes(out, lk_asset_style, lk_asset_style_size);
}

void lk_page_script(struct lk_buf *out)
{
    lk_buf_put_bytes(out, lk_asset_script, lk_asset_script_size);
}
