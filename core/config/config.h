/* SPDX-License-Identifier: EUPL-1.2 */
/* The configuration file latchkey.conf: read strictly, handed over as plain values.
 *
 * Rules of the file: `[section]`, `name = value`, whole lines that begin with # or ;. One option a line and each at most once;
 * no indented lines, no comments behind a value, no control bytes (tabs and carriage returns included), no byte order mark,
 * lines of at most LK_CONFIG_LINE_MAX bytes, `=` and not `:`. Whatever breaks a rule, an unknown section or option and a value
 * out of bounds refuse the whole file with "file:line: reason". What options there are is in options.h. */
#ifndef LK_CONFIG_CONFIG_H
#define LK_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum {
    LK_CONFIG_FILE_MAX = 65536,
    LK_CONFIG_LINE_MAX = 198, /* bytes without the line's end; inih cuts longer ones in two */
    LK_CONFIG_TEXT_MAX = 255,
    LK_CONFIG_LIST_MAX = 64,     /* entries of a list */
    LK_CONFIG_MESSAGE_SIZE = 512 /* what a caller's message buffer should have */
};

#define LK_CONFIG_PATH "/etc/latchkey/latchkey.conf"

/* Each member is the option of the same name. */
struct lk_config {
    /* [organisation] */
    char name[LK_CONFIG_TEXT_MAX + 1];
    char gateway_host[LK_CONFIG_TEXT_MAX + 1]; /* "" = no gateway, no browser credentials */
    /* [paths] */
    char state[LK_CONFIG_TEXT_MAX + 1];
    char run[LK_CONFIG_TEXT_MAX + 1];
    char operators[LK_CONFIG_TEXT_MAX + 1];
    /* [policy] */
    bool host_user_verification;
    bool browser_user_verification;
    uint32_t statement_days; /* 0 = no end */
    char host_group[LK_CONFIG_TEXT_MAX + 1];
    uint32_t ceremony_seconds;
    char **local_services; /* owned, ended by NULL */
    char **pin_services;   /* owned, ended by NULL */
    uint32_t attempts_per_minute;
    uint32_t failures_per_credential; /* 0 = no limit */
    uint32_t log_days;
    /* [broker] */
    uint32_t verify_threads; /* 0 = verify on the loop's own thread */
    uint32_t cache_entries;
    uint32_t connections;
    /* [device] */
    uint32_t pool;
};

/* Reads and checks the file: owner root or the caller, not writable by group or others, no link in the path; for root also each
 * folder above it. ret_message gets one line without its end; it is written on failure only. -LK_ERR_CONFIG for a line that is
 * wrong; errors of lk_file_read for the file itself (message: "path: reason"); -LK_ERR_NOMEM. ret_config is cleared with lk_config_clear. */
LK_MUST_USE int lk_config_read(const char *path, struct lk_config *ret_config, char *ret_message,
                               size_t size);
/* The same from bytes; label stands in the message in place of the path. */
LK_MUST_USE int lk_config_parse(struct lk_view text, const char *label,
                                struct lk_config *ret_config, char *ret_message, size_t size);
/* Frees what the members own and zeroes it all. Accepts NULL. */
void lk_config_clear(struct lk_config *config);

/* Takes over from `fresh` every option that may change while the broker runs. Returns how many options differ but need a restart;
 * their names ("paths.state broker.connections") are written to ret_names. -LK_ERR_NOMEM changes nothing. */
LK_MUST_USE int lk_config_reload(struct lk_config *config, const struct lk_config *fresh,
                                 char *ret_names, size_t size);

/* Appends every option with section, type, bounds, default and help: what `latchkey config help` prints. */
void lk_config_help(struct lk_buf *buf);
/* Appends the values in force in the form of the file; a file made of it reads back the same. */
void lk_config_print(const struct lk_config *config, struct lk_buf *buf);

#endif
