/* SPDX-License-Identifier: EUPL-1.2 */
/* The configuration file latchkey.conf: read strictly, handed over as plain values.
 *
 * The rules of its lines are those of lines/lines.h; each option stands there at most once. An unknown section or option and a value out of bounds refuse the whole file, too,
 * with "file:line: reason". What options there are is in options.h. */
#ifndef LK_CONFIG_CONFIG_H
#define LK_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "model/tables.h"

enum {
    LK_CONFIG_FILE_MAX = 65536,
    LK_CONFIG_TEXT_MAX = 255,
    LK_CONFIG_LIST_MAX = 64,     /* entries of a list */
    LK_CONFIG_MESSAGE_SIZE = 512 /* what a caller's message buffer should have */
};

#define LK_CONFIG_PATH "/etc/latchkey/latchkey.conf"

enum {
    LK_CONFIG_CLIENTS_MAX = 64,
    LK_CONFIG_CLIENT_NAME_MAX =
        64 /* [a-z0-9._-]: Synapse does not encode it for HTTP Basic, MAS does */
};

enum lk_config_algorithm { LK_CONFIG_ES256 = 1, LK_CONFIG_RS256 = 2 };

/* One section [client NAME]: an application that logs people in at the gateway, most of them homeservers. */
struct lk_config_client {
    char name[LK_CONFIG_CLIENT_NAME_MAX + 1]; /* client_id */
    char title[LK_CONFIG_TEXT_MAX + 1];       /* what people call it; default: name */
    char **
        redirect_uri; /* owned, ended by NULL; the option may stand several times; https, compared byte for byte */
    char **post_logout_redirect_uri;                     /* likewise */
    char secret_file[LK_CONFIG_TEXT_MAX + 1];            /* holds the client's secret, one line */
    char backchannel_logout_uri[LK_CONFIG_TEXT_MAX + 1]; /* "" = this client cannot be told */
    char backchannel_connect
        [LK_CONFIG_TEXT_MAX +
         1]; /* "address:port" to connect to instead of resolving the URI's host; "" = resolve */
    char backchannel_ca[LK_CONFIG_TEXT_MAX + 1]; /* PEM file of the authority; "" = the system's */
    char **
        serves; /* owned, ended by NULL; groups of the statement, or the one word `everybody`; empty (default) = nobody */
    enum lk_config_algorithm algorithm; /* of ID and logout tokens; default ES256 */
};

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
    char attestation_roots[LK_CONFIG_TEXT_MAX + 1]; /* PEM file of pinned anchors; "" = none */
    uint32_t session_days;
    /* [models]; lines about models are those of lk_models_rule_parse */
    char models_tables[LK_CONFIG_TEXT_MAX + 1];   /* folder; "" = keys are not judged by model */
    char models_local[LK_CONFIG_TEXT_MAX + 1];    /* option `local_tables` */
    char models_imported[LK_CONFIG_TEXT_MAX + 1]; /* option `imported_tables` */
    enum lk_table_verdict unattested;
    enum lk_table_verdict unknown_model;
    enum lk_table_verdict other_kind;
    enum lk_table_verdict unknown_firmware;
    enum lk_certification certification; /* the least; UNKNOWN = none is asked for */
    char **allowed;                      /* owned, ended by NULL; NULL = all */
    char **refused;                      /* likewise; NULL = none */
    char **minimum_firmware;             /* likewise */
    char **administrators;               /* groups; owned, ended by NULL */
    enum lk_table_verdict agents_note;   /* what a verdict of an advisory means for whom */
    enum lk_table_verdict agents_warn;
    enum lk_table_verdict agents_refuse_enrol;
    enum lk_table_verdict operators_note;
    enum lk_table_verdict operators_warn;
    enum lk_table_verdict operators_refuse_enrol;
    enum lk_table_verdict administrators_note;
    enum lk_table_verdict administrators_warn;
    enum lk_table_verdict administrators_refuse_enrol;
    uint32_t table_warn_days; /* 0 = never */
    uint32_t table_refuse_days;
    /* [broker] */
    uint32_t verify_threads; /* 0 = verify on the loop's own thread */
    uint32_t cache_entries;
    uint32_t connections;
    /* [device] */
    uint32_t pool;
    /* [gateway]; its host name is gateway_host of [organisation]: relying party, issuer and origin are made of it */
    uint32_t gateway_port; /* 443: then it stands in no URL */
    char gateway_listen
        [LK_CONFIG_TEXT_MAX +
         1]; /* path of a UNIX socket for the reverse proxy, or "127.0.0.1:port"; option `listen` */
    char gateway_metrics[LK_CONFIG_TEXT_MAX +
                         1]; /* "127.0.0.1:port", or "" = none; option `metrics` */
    char gateway_keys[LK_CONFIG_TEXT_MAX + 1]; /* folder of the signing keys; option `keys` */
    uint32_t gateway_idle_seconds;             /* option `idle_seconds` */
    uint32_t gateway_request_seconds;          /* option `request_seconds` */
    bool gateway_password; /* the stack asks for a password after the key; option `password` */
    char gateway_service[LK_CONFIG_TEXT_MAX + 1]; /* PAM service; option `service` */
    uint32_t gateway_workers;                     /* option `workers` */
    bool gateway_network; /* modules of the stack may use the network; option `network` */
    char gateway_title[LK_CONFIG_TEXT_MAX +
                       1]; /* the organisation's name for people; option `title` */
    char gateway_logo[LK_CONFIG_TEXT_MAX + 1]; /* SVG or PNG file, or ""; option `logo` */
    char gateway_colour
        [LK_CONFIG_TEXT_MAX +
         1]; /* "rrggbb" without its #, option `colour`; its contrast with white is at least 4.5 */
    char gateway_help
        [LK_CONFIG_TEXT_MAX +
         1]; /* what the page says to somebody without a key: "Call the IT desk: 1234"; option `help` */
    /* [client NAME] */
    struct lk_config_client *clients; /* owned */
    size_t client_count;
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
