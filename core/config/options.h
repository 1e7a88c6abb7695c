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
    LK_OPTION_SERVICES, /* names of PAM services between blanks; the word `default`, put first, stands for the default list */
    LK_OPTION_SERVICE,  /* one name of a PAM service */
    LK_OPTION_FILE,     /* absolute path, or nothing */
    LK_OPTION_LISTEN,   /* absolute path of a socket, or a loopback address and port */
    LK_OPTION_LOOPBACK, /* a loopback address and port, or nothing */
    LK_OPTION_ADDRESS,  /* host:port, or nothing */
    LK_OPTION_URI,      /* https, or nothing */
    LK_OPTION_URIS,     /* https; each line adds one */
    LK_OPTION_TEXT,     /* words for people */
    LK_OPTION_COLOUR,   /* rrggbb (a # would be a comment), readable with white on it */
    LK_OPTION_PASSWORD, /* required or none */
    LK_OPTION_NETWORK,  /* internet or none */
    LK_OPTION_GROUPS,   /* groups between blanks, `everybody`, or nothing */
    LK_OPTION_ALGORITHM, /* ES256 or RS256 */
    LK_OPTION_VERDICT,   /* nothing, note, warn, refuse-enrol or refuse-login; not less than min */
    LK_OPTION_LEVEL,     /* FIDO level */
    LK_OPTION_MODELS,    /* family, vendor or aaguid, and from when; each line adds one */
    LK_OPTION_MINIMUMS   /* the same with a firmware; each line adds one */
};

struct lk_option {
    const char *section;
    const char *name;
    enum lk_option_type type;
    uint32_t min;             /* of numbers */
    uint32_t max;             /* of numbers, or bytes of a path */
    const char *default_text; /* NULL: the file must give it */
    bool reload;              /* may change while the broker runs */
    size_t
        offset; /* of the member in struct lk_config, or in struct lk_config_client for those of [client NAME] */
    const char *help; /* sentences for people; the manual page has the same words */
};

extern const struct lk_option lk_options[];
extern const size_t lk_option_count;
/* Of each section [client NAME]; their section is "client NAME". */
extern const struct lk_option lk_client_options[];
extern const size_t lk_client_option_count;
#define LK_CLIENT_SECTION "client "

/* The name behind "client ", or NULL if this is no such section. */
const char *lk_option_client_name(const char *section);
/* Frees what the members own and zeroes it all. */
void lk_config_client_clear(struct lk_config_client *client);

/* NULL if there is none. */
const struct lk_option *lk_option_find(const char *section, const char *name);
bool lk_option_section_known(const char *section);
/* "number 5 to 120", "required | discouraged": what may be written. */
void lk_option_describe(const struct lk_option *option, char *ret_text, size_t size);
/* Checks value and writes it into values (a struct lk_config, or a struct lk_config_client for its options); replaces what a list owned, but one that repeats adds to it.
 * -LK_ERR_CONFIG with the reason in ret_reason, -LK_ERR_NOMEM. */
LK_MUST_USE int lk_option_set(const struct lk_option *option, void *values, const char *value,
                              char *ret_reason, size_t size);
/* Appends the value as the file would have it; of an option that repeats the one at this index, and nothing behind the last. */
void lk_option_print(const struct lk_option *option, const void *values, size_t index,
                     struct lk_buf *buf);
/* URIS, MODELS, MINIMUMS: the option may stand in several lines, each of which adds one. */
bool lk_option_repeats(const struct lk_option *option);
/* Lines that the option takes in the file: the length of one that repeats, 1 for all others. */
size_t lk_option_lines(const struct lk_option *option, const void *values);

/* ---- inside this folder ---- */

/* value_list.c. 1: a name is wrong, doubled or one too many. */
LK_MUST_USE int lk_list_set(char ***member, const char *value, const char *default_text);
LK_MUST_USE int lk_list_append(char ***member, const char *value);
LK_MUST_USE int lk_list_groups(char ***member, const char *value);
void lk_list_print(char *const *list, const char *default_text, struct lk_buf *buf);
char **lk_list_free(char **list);
/* value_uri.c */
bool lk_value_host_valid(const char *value);
bool lk_value_uri_valid(const char *value);
bool lk_value_address_valid(const char *value);
bool lk_value_loopback_valid(const char *value);
/* At least 4.5 to white (WCAG 2.1, 1.4.3). */
bool lk_value_colour_valid(const char *value);

#endif
