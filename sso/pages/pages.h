/* SPDX-License-Identifier: EUPL-1.2 */
/* Everything that a person at a browser reads: HTML made here, whole, from what is compiled in. Every text that comes from elsewhere goes through one escaping function. */
#ifndef LK_SSO_PAGES_PAGES_H
#define LK_SSO_PAGES_PAGES_H

#include "message/sso.h"

enum lk_language { LK_LANGUAGE_EN, LK_LANGUAGE_FR, LK_LANGUAGES };

enum { LK_PAGE_MAX = 65536, LK_LOOK_TAG_MAX = 16 };

/* What the pages show of the organisation, and where they find what belongs to them. */
struct lk_look {
    char title[256];
    char colour[7]; /* "rrggbb" */
    char help[256];
    bool password; /* one follows the key */
    bool logo;
    char relying_party[256];
    char address[264]; /* the same, and the port where it is not 443 */
    char style_tag[LK_LOOK_TAG_MAX +
                   1]; /* stands behind the ? of its address: a new one is fetched */
    char script_tag[LK_LOOK_TAG_MAX + 1];
    char logo_tag[LK_LOOK_TAG_MAX + 1];
};

/* What the web process says by itself. */
enum lk_note {
    LK_NOTE_WELCOME,   /* somebody typed the address */
    LK_NOTE_NOT_FOUND, /* no such page */
    LK_NOTE_METHOD,    /* not with this method */
    LK_NOTE_TOO_LONG,  /* URL or body over the maximum */
    LK_NOTE_FORM,      /* a form that cannot be read, or none */
    LK_NOTE_AWAY,      /* the issuer does not answer */
    LK_NOTES
};

/* "en", "fr" */
const char *lk_language_code(enum lk_language language);

/* Appends the page that belongs to the issuer's answer; not for REDIRECT. Errors stick to the buffer. */
void lk_page_write(struct lk_buf *out, const struct lk_look *look, enum lk_language language,
                   const struct lk_sso_page *page);
/* Has that page a form? */
bool lk_page_has_form(const struct lk_sso_page *page);
void lk_page_note(struct lk_buf *out, const struct lk_look *look, enum lk_language language,
                  enum lk_note note);

/* The style sheet with the organisation's colour, and the script. */
void lk_page_style(struct lk_buf *out, const struct lk_look *look);
void lk_page_script(struct lk_buf *out);

#endif
