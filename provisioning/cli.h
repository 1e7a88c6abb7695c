/* SPDX-License-Identifier: EUPL-1.2 */
/* What the commands of `latchkey` share: options, the session with the broker, how things are shown, how operators sign.
 *
 * A command is one file cmd_*.c with one entry in the table of main.c. It returns an exit status. Everything a command changes is
 * changed by the broker in one transaction, so Ctrl-C leaves nothing half done: what was acknowledged is there, what was not is not. */
#ifndef LK_PROVISIONING_CLI_H
#define LK_PROVISIONING_CLI_H

#include <libintl.h>
#include <stdbool.h>
#include <stdint.h>

#include "client/client.h"
#include "crypto/crypto.h"
#include "model/model.h"
#include "verify/verify.h"
#include "wire/wire.h"
#include "json/json.h"

#define LK_DOMAIN_DESK                                                                             \
    "latchkey-desk" /* the desk's own sentences; those of reasons are shared with the PAM module */
#define LK_DOMAIN_SHARED "latchkey"
#define _(text)          gettext(text)
#define N_(text)         text

/* One exit status per class of outcome; docs/man/latchkey.1 has the table. */
enum lk_exit {
    LK_EXIT_OK = 0,
    LK_EXIT_REFUSED = 1,     /* understood, and the answer is no */
    LK_EXIT_USAGE = 2,       /* unknown option, bad value */
    LK_EXIT_RETRY = 3,       /* the key or the person did not get there in time: try again */
    LK_EXIT_UNAVAILABLE = 4, /* broker, store or device process not there */
    LK_EXIT_CONFIG = 5,      /* configuration or installation wrong */
    LK_EXIT_INTERNAL = 70,
    LK_EXIT_CANCELLED = 130
};

struct lk_cli {
    bool json;
    bool yes; /* --yes: do not ask "is this right?" */
    bool quiet;
    const char *socket; /* of the desk */
    const char *config_path;
    const char *state_folder; /* where this operator's last signed register entry is remembered */
    const char *
        pin_file; /* --pin-file: answers PIN questions, for scripts and tests; refused if others can read it */
    const char *operators[LK_OPERATORS_MAX]; /* --operator NAME, may be repeated */
    size_t operator_count;
    struct lk_crypto *crypto;
    struct lk_client client;    /* connected by lk_cli_connect */
    enum lk_reason pin_refusal; /* why a question for the PIN was not answered */
    bool progress_shown;        /* a progress line stands on the terminal */
    const char *command;        /* the verb, for messages */
    int said;                   /* exit status of what was said last to be wrong */
};

struct lk_command {
    const char *name;      /* "operator add": words as typed */
    const char *arguments; /* "AGENT [--days N]" */
    const char *help;      /* one line, translated when shown */
    int (*run)(struct lk_cli *cli, int argc,
               char **argv); /* argv[0] is the last word of the verb */
};
extern const struct lk_command lk_commands[]; /* main.c; ended by a NULL name */

/* ---- showing (show.c) ---- */

/* What went wrong, once, to standard error, or as JSON {"ok": false, "code": "E_...", "message": ...}. Returns the exit status of the class. */
int lk_cli_fail_reason(struct lk_cli *cli, enum lk_reason reason, const char *detail);
int lk_cli_fail_error(struct lk_cli *cli, int error, const char *what);
/* Memory ran out. In the header, so that a reader and an analyser see that it is never 0. */
static inline int lk_cli_fail_memory(struct lk_cli *cli, const char *what)
{
    (void)lk_cli_fail_error(cli, -LK_ERR_NOMEM, what);
    return LK_EXIT_UNAVAILABLE;
}
int lk_cli_usage(struct lk_cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A line for a person on standard error; nothing with --json or --quiet. */
void lk_cli_say(struct lk_cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A progress line that the next one replaces on a terminal ("Touch the blinking key ..."); NULL ends it. */
void lk_cli_progress(struct lk_cli *cli, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void lk_cli_progress_end(struct lk_cli *cli);
/* Prints the document on standard output and frees it. Returns LK_EXIT_OK or LK_EXIT_INTERNAL. */
int lk_cli_print_json(struct lk_cli *cli, struct lk_json_writer *writer);
/* A document that says ok and code ("OK" or "E_..."); every answer of every command begins like this. */
void lk_cli_json_begin(struct lk_json_writer *writer, bool ok, const char *code);
/* The sentence of a reason in the person's language. */
const char *lk_cli_reason_text(enum lk_reason reason);
/* Switch bold on and off where standard output is a terminal. */
const char *lk_cli_bold(void);
const char *lk_cli_plain(void);
/* A copy that cannot drive a terminal: control characters are replaced. Returns ret_text. */
const char *lk_cli_printable(char *ret_text, size_t size, const char *text);
/* Text and blanks to this many columns, at least one; counts characters, not bytes. */
void lk_cli_cell(const char *text, int width);
/* One row "  name   value" of a description. */
void lk_cli_row(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "yes"/"oui" on the terminal; true with --yes; false where there is no terminal. */
bool lk_cli_confirm(struct lk_cli *cli, const char *question);
/* First eight hexadecimal characters in pairs: "3fa2 90c1", as a person compares them. size at least 10. */
void lk_cli_short_id(char *ret_text, size_t size, const struct lk_digest *digest);
/* The line above rows of lk_cli_show_credential. */
void lk_cli_list_head(void);
/* A credential as rows for a person, or as members of a JSON object. */
void lk_cli_show_credential(struct lk_cli *cli, const struct lk_desk_credential *credential,
                            bool full);
void lk_cli_json_credential(struct lk_cli *cli, struct lk_json_writer *writer,
                            struct lk_json *object, const struct lk_desk_credential *credential);

/* ---- session (session.c) ---- */

/* 0 or an exit status, after saying what is wrong. */
int lk_cli_connect(struct lk_cli *cli);
uint32_t lk_cli_next(struct lk_cli *cli);
/* Sends what stands in cli->client.out, shows events, asks for PINs, and hands out the answer. 0 or an exit status, after saying what is wrong. */
int lk_cli_ask(struct lk_cli *cli, uint32_t request, struct lk_frame *ret_frame);
/* lk_cli_ask for an answer that must be RESULT. Any reason but NONE is told and returned as exit status. */
int lk_cli_ask_result(struct lk_cli *cli, uint32_t request, struct lk_desk_result *ret_result);
/* Says what a RESULT in place of another answer means; returns its exit status. */
int lk_cli_answer_refused(struct lk_cli *cli, const struct lk_frame *frame);
/* From here to the end of the command SIGINT, SIGTERM and SIGHUP wait: what has begun to be written is finished. An exit status if one came before. */
int lk_cli_hold_signals(struct lk_cli *cli);
/* What the broker says of itself. 0 or an exit status. */
int lk_cli_status(struct lk_cli *cli, struct lk_desk_pairs *ret_pairs);
/* The value of a row of the status; NULL if there is none. */
const char *lk_cli_status_value(const struct lk_desk_pairs *pairs, const char *name);
/* Every page of a LIST; each gets one row. 0 or an exit status; each may stop with a non-zero return, which is returned. */
int lk_cli_list(struct lk_cli *cli, const struct lk_desk_filter *filter,
                int (*each)(void *context, const struct lk_desk_credential *credential),
                void *context);
/* What an agent is called. *ret_known false: nobody of that name. 0 or an exit status. */
int lk_cli_agent_record(struct lk_cli *cli, const char *name,
                        struct lk_desk_agent_record *ret_record, bool *ret_known);
/* SHA-256 of statement bytes, or of a credential id. */
int lk_cli_digest(struct lk_cli *cli, struct lk_view bytes, struct lk_digest *ret_digest);

/* ---- register (register.c) ---- */

struct lk_entry {
    const struct lk_desk_entry *message;
    struct lk_register_entry decoded;
    struct lk_digest hash; /* recomputed from the bytes */
};
/* Entries from first on (0: only the newest), at most most; each gets one, decoded. 0 or an exit status; each may stop with a non-zero return, which is returned. */
int lk_cli_entries(struct lk_cli *cli, uint64_t first, uint64_t most,
                   int (*each)(void *context, const struct lk_entry *entry), void *context);
/* The newest entry. 0 or an exit status; number 0 and a zero hash while the register is empty. */
int lk_cli_head(struct lk_cli *cli, uint64_t *ret_number, struct lk_digest *ret_hash);
/* The register must still hold what this operator signed for last, with the same hash: nobody put an older one back. 0 or an exit status. */
int lk_cli_check_remembered(struct lk_cli *cli, const struct lk_operator *by);

/* "number hash", the hash in hexadecimal; anything else, or NULL: false. */
bool lk_cli_parse_head(const char *text, uint64_t *ret_number, struct lk_digest *ret_hash);
/* What a file of the state folder remembers: number and hash. *ret_found false: there is none. 0 or an exit status. */
int lk_cli_recall(struct lk_cli *cli, const char *path, uint64_t *ret_number,
                  struct lk_digest *ret_hash, bool *ret_found);

/* ---- signing (sign.c) ---- */

/* The operator set in force: the chain is fetched from the broker and verified here. 0 or an exit status. */
int lk_cli_operators(struct lk_cli *cli, struct lk_operator_set **ret_set,
                     struct lk_digest *ret_digest, struct lk_buf *ret_chain);
/* Which operator signs, by index: --operator, the only one there is, first the one with the caller's login name, then the only other one. NULL after saying what is wrong: cli->said is the exit status. */
const struct lk_operator *lk_cli_operator(struct lk_cli *cli, const struct lk_operator_set *set,
                                          size_t index);
/* One operator's touch over these leaves. Computes root and clientDataHash from the leaves given, names the newest register entry (after checking that the
 * register still holds the last one this operator signed), asks for the touch, verifies the answer against the operator's key before using it. 0 or an exit status. */
int lk_cli_sign(struct lk_cli *cli, const struct lk_operator_set *set, const struct lk_operator *by,
                enum lk_act act, const struct lk_digest *leaves, size_t count,
                struct lk_buf *ret_record);
/* Remembers the newest register entry as the last one this operator signed for. */
void lk_cli_remember(struct lk_cli *cli, const struct lk_operator *by, uint64_t number,
                     const struct lk_digest *hash);
/* What was signed has been acknowledged: remembers the newest entry, which is that or follows it. */
void lk_cli_remember_head(struct lk_cli *cli, const struct lk_operator *by);

/* ---- commands ---- */
int lk_cmd_init(struct lk_cli *cli, int argc, char **argv);
int lk_cmd_operator_add(struct lk_cli *cli, int argc, char **argv);
int lk_cmd_operator_list(struct lk_cli *cli, int argc, char **argv);
int lk_cmd_operator_retire(struct lk_cli *cli, int argc, char **argv);
int lk_cmd_enroll(struct lk_cli *cli, int argc, char **argv);
int lk_cmd_agent_set(struct lk_cli *cli, int argc, char **argv);
int lk_cmd_pending(struct lk_cli *cli, int argc, char **argv);
int lk_cmd_endorse(struct lk_cli *cli, int argc, char **argv);
int lk_cmd_export_external_ids(struct lk_cli *cli, int argc, char **argv);
int lk_cmd_firmware_show(struct lk_cli *cli, int argc, char **argv);
int lk_cmd_firmware_report(struct lk_cli *cli, int argc, char **argv);
int lk_cmd_firmware_impact(struct lk_cli *cli, int argc, char **argv);
int lk_cmd_firmware_check(struct lk_cli *cli, int argc, char **argv);
int lk_cmd_list(struct lk_cli *cli, int argc, char **argv);
int lk_cmd_show(struct lk_cli *cli, int argc, char **argv);
int lk_cmd_explain(struct lk_cli *cli, int argc, char **argv);
int lk_cmd_suspend(struct lk_cli *cli, int argc, char **argv);
int lk_cmd_resume(struct lk_cli *cli, int argc, char **argv);
int lk_cmd_report_lost(struct lk_cli *cli, int argc, char **argv);
int lk_cmd_revoke(struct lk_cli *cli, int argc, char **argv);
int lk_cmd_register_verify(struct lk_cli *cli, int argc, char **argv);
int lk_cmd_register_show(struct lk_cli *cli, int argc, char **argv);
int lk_cmd_register_accept_restore(struct lk_cli *cli, int argc, char **argv);
int lk_cmd_log(struct lk_cli *cli, int argc, char **argv);
int lk_cmd_config_check(struct lk_cli *cli, int argc, char **argv);
int lk_cmd_config_help(struct lk_cli *cli, int argc, char **argv);
int lk_cmd_pam_try(struct lk_cli *cli, int argc, char **argv);
int lk_cmd_status(struct lk_cli *cli, int argc, char **argv);

#endif
