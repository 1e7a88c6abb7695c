/* SPDX-License-Identifier: EUPL-1.2 */
/* Choosing credentials by what a person types: an agent's login name, or the beginning of an identifier as `latchkey list` shows it. */
#ifndef LK_PROVISIONING_CHOOSE_H
#define LK_PROVISIONING_CHOOSE_H

#include "provisioning/cli.h"

enum { LK_CHOSEN_MAX = 64 }; /* the most one STATE message carries; an agent has no more rows */

struct lk_chosen {
    struct lk_digest id;        /* SHA-256 of the credential id */
    struct lk_digest statement; /* SHA-256 of the statement bytes that were shown */
    enum lk_state state;
    char name[LK_NAME_MAX + 1];
    uint8_t *bytes; /* statement, owned */
    size_t len;
};
struct lk_choice {
    size_t count;
    struct lk_chosen items[LK_CHOSEN_MAX];
};

/* What a command can act on: a bit (1 << enum lk_state) for each state. */
enum {
    LK_CHOOSE_NOT_REVOKED = 1 << LK_STATE_PENDING | 1 << LK_STATE_ACTIVE | 1 << LK_STATE_SUSPENDED,
    LK_CHOOSE_RUNNING = 1 << LK_STATE_PENDING | 1 << LK_STATE_ACTIVE,
    LK_CHOOSE_SUSPENDED = 1 << LK_STATE_SUSPENDED
};

/* All credentials in one of the states that the text names: all of an agent, or the one of an identifier. agent NULL or the only agent they may belong
 * to. Appends; shows each unless --json. 0 or an exit status after saying what is wrong: nothing of that name, or nothing in a fitting state. */
int lk_cli_choose(struct lk_cli *cli, const char *text, const char *agent, unsigned states,
                  struct lk_choice *choice);
void lk_choice_clear(struct lk_choice *choice);
/* Puts the array "credentials" of what was chosen into a document. */
void lk_choice_json(const struct lk_choice *choice, struct lk_json_writer *writer);

#endif
