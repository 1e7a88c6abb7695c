/* SPDX-License-Identifier: EUPL-1.2 */
/* What a stack lets pass. It is run as Linux-PAM runs it (impression, status, jumps, substacks), with every return code that each module might give:
 * pam_deny.so and pam_permit.so give one, a missing module "module unknown", all others any. If a run in which the key refused, or was never asked,
 * ends in success, the key is not required. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provisioning/pam_stack.h"

enum impression { UNDEFINED, POSITIVE, NEGATIVE, IMPRESSIONS };

struct search {
    const struct lk_pam_stack *stack;
    bool (*exists)(void *context, const char *module);
    void *context;
    bool key_says_yes;
    bool root; /* pam_rootok.so may succeed */
    bool fruitless[LK_PAM_ENTRIES_MAX + 1][IMPRESSIONS];
    size_t first_key;          /* index of the first line of the module */
    struct lk_pam_finding way; /* how the key was passed by */
};

static bool is_key(const struct lk_pam_entry *entry)
{
    return strcmp(lk_pam_module_name(entry->module), "pam_latchkey.so") == 0;
}

static bool gives(const struct search *search, const struct lk_pam_entry *entry, int code)
{
    const char *name = lk_pam_module_name(entry->module);

    if (!search->exists(search->context, entry->module))
        return code == LK_PAM_CODE_MODULE_UNKNOWN;
    if (is_key(entry))
        return search->key_says_yes ? code == LK_PAM_CODE_SUCCESS
                                    : code != LK_PAM_CODE_SUCCESS && code != LK_PAM_CODE_IGNORE;
    if (strcmp(name, "pam_deny.so") == 0)
        return code == LK_PAM_CODE_AUTH_ERR;
    if (strcmp(name, "pam_permit.so") == 0)
        return code == LK_PAM_CODE_SUCCESS;
    if (strcmp(name, "pam_rootok.so") == 0 && !search->root)
        return code == LK_PAM_CODE_AUTH_ERR;
    return true;
}

/* The first entry after this one that is not deeper than level. */
static size_t after_level(const struct lk_pam_stack *stack, size_t index, int level)
{
    index++;
    while (index < stack->count && stack->entries[index].level > level)
        index++;
    return index;
}

/* Where a jump leads; count + 1: past the end, which Linux-PAM takes for a failure. */
static size_t jump(const struct lk_pam_stack *stack, size_t index, int skip)
{
    int level = stack->entries[index].level;
    size_t at = index;

    for (; skip > 0; skip--) {
        size_t next = after_level(stack, at, level);

        if (next >= stack->count || stack->entries[next].level < level)
            return stack->count + 1;
        at = next;
    }
    return after_level(stack, at, level);
}

/* The end of the substack that entry index stands in, or of the whole. */
static size_t end_of_stack(const struct lk_pam_stack *stack, size_t index)
{
    int level = stack->entries[index].level;

    if (level == 0)
        return stack->count;
    while (index < stack->count && stack->entries[index].level >= level)
        index++;
    return index;
}

/* One step: where it goes on and with which impression. */
static size_t step(const struct lk_pam_stack *stack, size_t index, int code, int action,
                   enum impression *impression)
{
    switch (action) {
    case LK_PAM_IGNORE:
        return index + 1;
    case LK_PAM_RESET:
        *impression = UNDEFINED;
        return index + 1;
    case LK_PAM_OK:
    case LK_PAM_DONE:
        if (*impression == UNDEFINED && code != LK_PAM_CODE_IGNORE)
            *impression = code == LK_PAM_CODE_SUCCESS ? POSITIVE : NEGATIVE;
        else if (*impression == POSITIVE && code != LK_PAM_CODE_SUCCESS &&
                 code != LK_PAM_CODE_IGNORE)
            *impression = NEGATIVE;
        return action == LK_PAM_DONE && *impression == POSITIVE ? end_of_stack(stack, index)
                                                                : index + 1;
    case LK_PAM_BAD:
    case LK_PAM_DIE:
        *impression = NEGATIVE;
        return action == LK_PAM_DIE ? end_of_stack(stack, index) : index + 1;
    default:
        index = jump(stack, index, action);
        if (index > stack->count)
            *impression = NEGATIVE;
        return index;
    }
}

/* The line that is to blame for a success without the key: the key's own, whose refusal did not count, or the one that led past it. */
static void blame(struct search *search, size_t index, size_t next)
{
    const struct lk_pam_entry *entry = &search->stack->entries[index];
    bool own = is_key(entry);

    if (!own && !(index < search->first_key && next > search->first_key))
        return;
    if (search->way.why == LK_PAM_WHY_IGNORED && !own)
        return;
    search->way.why = own ? LK_PAM_WHY_IGNORED : LK_PAM_WHY_SKIPPED;
    search->way.place = entry->place;
    snprintf(search->way.word, sizeof search->way.word, "%.127s",
             own ? entry->control : lk_pam_module_name(entry->module));
}

/* Can a run that has come to this entry with this impression still end in success? A substack's negative impression stays, so no more than these
 * two need to be known. */
static bool succeeds(struct search *search, size_t index, enum impression impression)
{
    const struct lk_pam_stack *stack = search->stack;

    if (index >= stack->count)
        return impression == POSITIVE;
    if (search->fruitless[index][impression])
        return false;
    for (int code = 0; code < LK_PAM_CODES; code++) {
        enum impression then = impression;
        size_t next;

        if (!gives(search, &stack->entries[index], code))
            continue;
        next = step(stack, index, code, stack->entries[index].actions[code], &then);
        if (succeeds(search, next, then)) {
            blame(search, index, next);
            return true;
        }
    }
    search->fruitless[index][impression] = true;
    return false;
}

static bool run(struct search *search, bool key_says_yes, bool root)
{
    search->key_says_yes = key_says_yes;
    search->root = root;
    memset(search->fruitless, 0, sizeof search->fruitless);
    search->way = (struct lk_pam_finding){0};
    return succeeds(search, 0, UNDEFINED);
}

static void set_finding(struct lk_pam_judgement *judgement, enum lk_pam_why why,
                        const struct lk_pam_entry *entry, const char *word)
{
    judgement->verdict = LK_PAM_BROKEN;
    judgement->finding.why = why;
    judgement->finding.place = entry->place;
    snprintf(judgement->finding.word, sizeof judgement->finding.word, "%.127s", word);
}

/* The words that the module knows; it stops the login at any other. */
static bool argument_known(const char *word)
{
    return strcmp(word, "debug") == 0 || strcmp(word, "transaction") == 0 ||
           strncmp(word, "socket=/", 8) == 0;
}

/* Modules of type auth that never ask the person anything. */
static bool asks_nothing(const char *name)
{
    static const char *const names[] = {
        "pam_access.so",    "pam_cap.so",       "pam_deny.so",       "pam_echo.so",
        "pam_env.so",       "pam_faildelay.so", "pam_faillock.so",   "pam_group.so",
        "pam_issue.so",     "pam_keyinit.so",   "pam_latchkey.so",   "pam_listfile.so",
        "pam_localuser.so", "pam_nologin.so",   "pam_permit.so",     "pam_rootok.so",
        "pam_securetty.so", "pam_shells.so",    "pam_succeed_if.so", "pam_tally2.so",
        "pam_time.so",      "pam_warn.so",      "pam_wheel.so"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], name) == 0)
            return true;
    }
    return false;
}

static bool check_arguments(const struct lk_pam_entry *entry, struct lk_pam_judgement *judgement)
{
    char copy[sizeof entry->arguments];
    char *rest = copy;
    const char *word;

    snprintf(copy, sizeof copy, "%s", entry->arguments);
    while ((word = strsep(&rest, " \t")) != NULL) {
        judgement->transaction |= strcmp(word, "transaction") == 0;
        if (*word == '\0' || argument_known(word))
            continue;
        set_finding(judgement, LK_PAM_WHY_ARGUMENT, entry, word);
        return false;
    }
    return true;
}

/* What makes a login impossible whatever the key says: the first missing module, if there is one, is the likeliest cause. */
static void blame_never(const struct search *search, struct lk_pam_judgement *judgement)
{
    const struct lk_pam_stack *stack = search->stack;

    for (size_t i = 0; i < stack->count; i++) {
        if (!search->exists(search->context, stack->entries[i].module)) {
            set_finding(judgement, LK_PAM_WHY_MODULE, &stack->entries[i], stack->entries[i].module);
            return;
        }
    }
    set_finding(judgement, LK_PAM_WHY_NEVER, &stack->entries[search->first_key], "");
}

static void judge_armed(struct search *search, struct lk_pam_judgement *judgement)
{
    const struct lk_pam_entry *key = &search->stack->entries[search->first_key];

    if (!search->exists(search->context, key->module)) {
        set_finding(judgement, LK_PAM_WHY_MODULE, key, key->module);
        return;
    }
    if (!run(search, true, true)) {
        blame_never(search, judgement);
        return;
    }
    if (run(search, false, false)) {
        judgement->verdict = LK_PAM_WITHOUT_KEY;
        judgement->finding = search->way;
        return;
    }
    judgement->verdict = LK_PAM_REQUIRES_KEY;
    judgement->finding.place = key->place;
    judgement->root_passes = run(search, false, true);
}

void lk_pam_judge(const struct lk_pam_stack *stack,
                  bool (*exists)(void *context, const char *module), void *context,
                  struct lk_pam_judgement *ret_judgement)
{
    struct search search = {
        .stack = stack, .exists = exists, .context = context, .first_key = SIZE_MAX};

    *ret_judgement = (struct lk_pam_judgement){.verdict = LK_PAM_NOT_ARMED};
    if (stack->broken.why != LK_PAM_WHY_NONE) {
        ret_judgement->verdict = LK_PAM_BROKEN;
        ret_judgement->finding = stack->broken;
        return;
    }
    for (size_t i = stack->count; i > 0; i--) {
        if (!is_key(&stack->entries[i - 1])) {
            ret_judgement->asks |= !asks_nothing(lk_pam_module_name(stack->entries[i - 1].module));
            continue;
        }
        search.first_key = i - 1;
        if (!check_arguments(&stack->entries[i - 1], ret_judgement))
            return;
    }
    if (search.first_key != SIZE_MAX)
        judge_armed(&search, ret_judgement);
}
