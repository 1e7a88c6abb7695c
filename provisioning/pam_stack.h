/* SPDX-License-Identifier: EUPL-1.2 */
/* The authentication stack of a PAM service as files say it, and what follows from it for the key. Reads, never changes anything, loads no module.
 *
 * The syntax is that of pam.conf(5) as Linux-PAM reads it: four control words, [value=action ...], include, substack, @include, lines
 * continued with a backslash, arguments in brackets. */
#ifndef LK_PROVISIONING_PAM_STACK_H
#define LK_PROVISIONING_PAM_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
    LK_PAM_CODES = 32, /* PAM_SUCCESS to PAM_INCOMPLETE */
    LK_PAM_CODE_SUCCESS = 0,
    LK_PAM_CODE_AUTH_ERR = 7,
    LK_PAM_CODE_IGNORE = 25,
    LK_PAM_CODE_MODULE_UNKNOWN = 28,
    LK_PAM_ENTRIES_MAX = 512,
    LK_PAM_DEPTH_MAX = 16,
    LK_PAM_TEXT_MAX = 512
};

/* What a return code of a module does; a number above 0 skips that many entries. */
enum lk_pam_action {
    LK_PAM_IGNORE = 0,
    LK_PAM_OK = -1,
    LK_PAM_DONE = -2,
    LK_PAM_BAD = -3,
    LK_PAM_DIE = -4,
    LK_PAM_RESET = -5
};

struct lk_pam_place {
    char file[256];
    unsigned line; /* from 1; 0 = the file itself */
};
struct lk_pam_entry {
    struct lk_pam_place place;
    int level; /* 0, or how deep in substacks */
    char control[128];
    char module[256];
    char arguments[LK_PAM_TEXT_MAX];
    int actions[LK_PAM_CODES];
};

/* Why a stack cannot work, or how it can be passed. */
enum lk_pam_why {
    LK_PAM_WHY_NONE = 0,
    LK_PAM_WHY_FILE,      /* the file cannot be read */
    LK_PAM_WHY_SYNTAX,    /* the line is no line of pam.conf(5); word = what is not understood */
    LK_PAM_WHY_DEPTH,     /* files include each other, or the stack is too long */
    LK_PAM_WHY_MISPLACED, /* pam_latchkey.so in account, session or password; word = the type */
    LK_PAM_WHY_MODULE,    /* the file of the module is missing; word = the module */
    LK_PAM_WHY_ARGUMENT,  /* pam_latchkey.so does not know this argument; word = it */
    LK_PAM_WHY_NEVER,     /* no login can succeed, not even with the key */
    LK_PAM_WHY_IGNORED,   /* a refusal by the key is ignored; word = the control */
    LK_PAM_WHY_SKIPPED    /* this line lets the login pass by the key; word = the module */
};
struct lk_pam_finding {
    enum lk_pam_why why;
    struct lk_pam_place place;
    char word[128];
};

struct lk_pam_stack {
    size_t count;
    struct lk_pam_entry *entries; /* type auth only, includes resolved; owned */
    struct lk_pam_finding broken; /* the first thing wrong with the files; why NONE if nothing is */
};
/* Reads folder/service with all that it includes. -LK_ERR_NOT_FOUND: no such service; -LK_ERR_NOMEM. What is wrong in the files is a finding, not an error. */
LK_MUST_USE int lk_pam_stack_read(const char *folder, const char *service,
                                  struct lk_pam_stack *ret_stack);
void lk_pam_stack_clear(struct lk_pam_stack *stack);

/* ---- judging (pam_judge.c) ---- */

enum lk_pam_verdict {
    LK_PAM_NOT_ARMED,    /* pam_latchkey.so does not stand in it */
    LK_PAM_REQUIRES_KEY, /* no login succeeds without the key's yes */
    LK_PAM_WITHOUT_KEY,  /* armed, but a login can succeed without it */
    LK_PAM_BROKEN
};
struct lk_pam_judgement {
    enum lk_pam_verdict verdict;
    struct lk_pam_finding
        finding;      /* for WITHOUT_KEY and BROKEN; for REQUIRES_KEY the line of the module */
    bool root_passes; /* pam_rootok.so lets uid 0 pass without the key: su from root */
    bool
        transaction; /* a line of the module has the word `transaction`: for the gateway's service only */
    bool asks; /* a module stands in it that is not known to ask nothing: a password, most likely */
};
/* Every outcome of every module is tried: a stack requires the key if no combination in which the key refused ends in success. exists says whether
 * the file of a module is there. */
void lk_pam_judge(const struct lk_pam_stack *stack,
                  bool (*exists)(void *context, const char *module), void *context,
                  struct lk_pam_judgement *ret_judgement);
/* "pam_latchkey.so" of a module's path. */
const char *lk_pam_module_name(const char *module);

#endif
