/* SPDX-License-Identifier: EUPL-1.2 */
/* The one table of options: parser, help, manual page and reload all read it. A new option is a row here and a member of struct lk_config. */
#ifndef LK_CONFIG_OPTIONS_H
#define LK_CONFIG_OPTIONS_H

#include "config/config.h"

enum lk_option_type {
    LK_OPTION_ORGANISATION, /* 1 to 64 of [a-z0-9.-], not beginning or ending with . or - */
    LK_OPTION_HOST,         /* a host name in lower case, or nothing */
    LK_OPTION_PATH,         /* absolute, at most max bytes, no empty, . or .. part */
    LK_OPTION_GROUP,        /* 1 to 64 of [a-z0-9._-] */
    LK_OPTION_UINT,         /* min to max */
    LK_OPTION_SECONDS,      /* min to max */
    LK_OPTION_DAYS,         /* min to max */
    LK_OPTION_REQUIRED,     /* required or discouraged */
    LK_OPTION_SERVICES /* names of PAM services between blanks; the word `default`, put first, stands for the default list */
};

struct lk_option {
    const char *section;
    const char *name;
    enum lk_option_type type;
    uint32_t min;             /* of numbers */
    uint32_t max;             /* of numbers, or bytes of a path */
    const char *default_text; /* NULL: the file must give it */
    bool reload;              /* may change while the broker runs */
    size_t offset;            /* of the member in struct lk_config */
    const char *help;         /* sentences for people; the manual page has the same words */
};

extern const struct lk_option lk_options[];
extern const size_t lk_option_count;

/* NULL if there is none. */
const struct lk_option *lk_option_find(const char *section, const char *name);
bool lk_option_section_known(const char *section);
/* "number 5 to 120", "required | discouraged": what may be written. */
void lk_option_describe(const struct lk_option *option, char *ret_text, size_t size);
/* Checks value and writes it into config; replaces what a list owned. -LK_ERR_CONFIG with the reason in ret_reason, -LK_ERR_NOMEM. */
LK_MUST_USE int lk_option_set(const struct lk_option *option, struct lk_config *config,
                              const char *value, char *ret_reason, size_t size);
/* Appends the value as the file would have it. */
void lk_option_print(const struct lk_option *option, const struct lk_config *config,
                     struct lk_buf *buf);

#endif
