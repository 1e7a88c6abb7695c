/* SPDX-License-Identifier: EUPL-1.2 */
/* Reading PAM stacks. The files belong to root, yet they are read with bounds like any other input: length of lines, depth of includes, number
 * of entries. What is not understood is a finding with its line. */
#include "provisioning/pam_stack.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

enum { LINE_MAX_BYTES = 4096 };

static const char *const code_names[LK_PAM_CODES] = {"success",
                                                     "open_err",
                                                     "symbol_err",
                                                     "service_err",
                                                     "system_err",
                                                     "buf_err",
                                                     "perm_denied",
                                                     "auth_err",
                                                     "cred_insufficient",
                                                     "authinfo_unavail",
                                                     "user_unknown",
                                                     "maxtries",
                                                     "new_authtok_reqd",
                                                     "acct_expired",
                                                     "session_err",
                                                     "cred_unavail",
                                                     "cred_expired",
                                                     "cred_err",
                                                     "no_module_data",
                                                     "conv_err",
                                                     "authtok_err",
                                                     "authtok_recover_err",
                                                     "authtok_lock_busy",
                                                     "authtok_disable_aging",
                                                     "try_again",
                                                     "ignore",
                                                     "abort",
                                                     "authtok_expired",
                                                     "module_unknown",
                                                     "bad_item",
                                                     "conv_again",
                                                     "incomplete"};

struct reading {
    const char *folder;
    struct lk_pam_stack *stack;
    struct lk_pam_place place;
    int level;
    int depth;
    bool only_auth; /* included for the auth part alone */
};

static int read_file(struct reading *reading, const char *name);

static void finding(struct reading *reading, enum lk_pam_why why, const char *word)
{
    struct lk_pam_finding *broken = &reading->stack->broken;

    if (broken->why != LK_PAM_WHY_NONE)
        return;
    broken->why = why;
    broken->place = reading->place;
    snprintf(broken->word, sizeof broken->word, "%.*s", (int)sizeof broken->word - 1, word);
}

/* Splits off the next word; a word in brackets may hold blanks, and \] stands for a bracket in it. Returns false at the end. */
static bool next_word(char **cursor, char *ret_word, size_t size)
{
    char *at = *cursor + strspn(*cursor, " \t");
    size_t length = 0;
    bool brackets = *at == '[';

    if (*at == '\0')
        return false;
    while (*at != '\0') {
        if (brackets && at[0] == '\\' && at[1] == ']')
            at++;
        else if (brackets ? *at == ']' : (*at == ' ' || *at == '\t'))
            break;
        if (length + 1 < size)
            ret_word[length++] = *at;
        at++;
    }
    if (brackets && *at == ']') {
        if (length + 1 < size)
            ret_word[length++] = ']';
        at++;
    }
    ret_word[length] = '\0';
    *cursor = at;
    return true;
}

static bool parse_action(const char *text, int *ret_action)
{
    static const struct {
        const char *name;
        enum lk_pam_action action;
    } names[] = {{"ignore", LK_PAM_IGNORE}, {"ok", LK_PAM_OK},   {"done", LK_PAM_DONE},
                 {"bad", LK_PAM_BAD},       {"die", LK_PAM_DIE}, {"reset", LK_PAM_RESET}};
    uint64_t jump;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i].name, text) == 0) {
            *ret_action = names[i].action;
            return true;
        }
    }
    if (lk_number_parse(text, 1, LK_PAM_ENTRIES_MAX, &jump) < 0)
        return false;
    *ret_action = (int)jump;
    return true;
}

static void fill(int actions[LK_PAM_CODES], int success, int otherwise)
{
    for (int i = 0; i < LK_PAM_CODES; i++)
        actions[i] = otherwise;
    actions[LK_PAM_CODE_SUCCESS] = success;
    actions[12] = success; /* new_authtok_reqd */
}

/* One "value=action". Values that were not given before take the default. */
static bool parse_pair(char *pair, int actions[LK_PAM_CODES], bool given[LK_PAM_CODES],
                       int *ret_otherwise)
{
    char *equals = strchr(pair, '=');
    int action;

    if (equals == NULL || !parse_action(equals + 1, &action))
        return false;
    *equals = '\0';
    if (strcmp(pair, "default") == 0) {
        *ret_otherwise = action;
        return true;
    }
    for (int i = 0; i < LK_PAM_CODES; i++) {
        if (strcmp(pair, code_names[i]) == 0) {
            actions[i] = action;
            given[i] = true;
            return true;
        }
    }
    return false;
}

static bool parse_control(const char *text, int actions[LK_PAM_CODES])
{
    bool given[LK_PAM_CODES] = {false};
    int otherwise = LK_PAM_BAD; /* what Linux-PAM takes where no default is given */
    char copy[LK_PAM_TEXT_MAX];
    char *rest = copy + 1;
    char *pair;

    fill(actions, LK_PAM_BAD, LK_PAM_BAD);
    if (strcasecmp(text, "required") == 0 || strcasecmp(text, "requisite") == 0) {
        fill(actions, LK_PAM_OK, strcasecmp(text, "required") == 0 ? LK_PAM_BAD : LK_PAM_DIE);
        actions[LK_PAM_CODE_IGNORE] = LK_PAM_IGNORE;
        return true;
    }
    if (strcasecmp(text, "optional") == 0 || strcasecmp(text, "sufficient") == 0) {
        fill(actions, strcasecmp(text, "optional") == 0 ? LK_PAM_OK : LK_PAM_DONE, LK_PAM_IGNORE);
        return true;
    }
    snprintf(copy, sizeof copy, "%s", text);
    if (copy[0] != '[' || strchr(copy, ']') == NULL)
        return false;
    *strchr(copy, ']') = '\0';
    while ((pair = strsep(&rest, " \t")) != NULL) {
        if (*pair != '\0' && !parse_pair(pair, actions, given, &otherwise))
            return false;
    }
    for (int i = 0; i < LK_PAM_CODES; i++)
        actions[i] = given[i] ? actions[i] : otherwise;
    return true;
}

static int add_entry(struct reading *reading, const char *control, char *rest)
{
    struct lk_pam_stack *stack = reading->stack;
    struct lk_pam_entry *entry;

    if (stack->count == LK_PAM_ENTRIES_MAX) {
        finding(reading, LK_PAM_WHY_DEPTH, "");
        return 0;
    }
    entry = reallocarray(stack->entries, stack->count + 1, sizeof *entry);
    if (entry == NULL)
        return -LK_ERR_NOMEM;
    stack->entries = entry;
    entry = &entry[stack->count];
    memset(entry, 0, sizeof *entry);
    entry->place = reading->place;
    entry->level = reading->level;
    snprintf(entry->control, sizeof entry->control, "%.*s", (int)sizeof entry->control - 1,
             control);
    if (!parse_control(control, entry->actions))
        finding(reading, LK_PAM_WHY_SYNTAX, control);
    if (!next_word(&rest, entry->module, sizeof entry->module))
        finding(reading, LK_PAM_WHY_SYNTAX, control);
    rest += strspn(rest, " \t");
    snprintf(entry->arguments, sizeof entry->arguments, "%.*s", (int)sizeof entry->arguments - 1,
             rest);
    stack->count++;
    return 0;
}

static int include(struct reading *reading, const char *name, bool only_auth, bool substack)
{
    struct reading inner = *reading;

    if (reading->depth == LK_PAM_DEPTH_MAX) {
        finding(reading, LK_PAM_WHY_DEPTH, name);
        return 0;
    }
    inner.depth++;
    inner.only_auth = reading->only_auth || only_auth;
    if (substack)
        inner.level++;
    if (read_file(&inner, name) == -LK_ERR_NOMEM)
        return -LK_ERR_NOMEM;
    return 0;
}

/* A line of another type than auth matters only where it names this module: it has nothing to do there. */
static int other_line(struct reading *reading, const char *type, char *rest)
{
    char word[256];

    if (strcasecmp(type, "account") != 0 && strcasecmp(type, "session") != 0 &&
        strcasecmp(type, "password") != 0) {
        finding(reading, LK_PAM_WHY_SYNTAX, type);
        return 0;
    }
    if (!reading->only_auth && next_word(&rest, word, sizeof word) &&
        next_word(&rest, word, sizeof word) &&
        strcmp(lk_pam_module_name(word), "pam_latchkey.so") == 0)
        finding(reading, LK_PAM_WHY_MISPLACED, type);
    return 0;
}

static int take_line(struct reading *reading, char *line)
{
    char type[256];
    char control[LK_PAM_TEXT_MAX];
    char name[256];
    char *rest = line;
    const char *word = type;

    line[strcspn(line, "#")] = '\0';
    if (!next_word(&rest, type, sizeof type))
        return 0;
    if (strcmp(type, "@include") == 0) {
        if (!next_word(&rest, name, sizeof name)) {
            finding(reading, LK_PAM_WHY_SYNTAX, type);
            return 0;
        }
        return include(reading, name, false, false);
    }
    if (*word == '-')
        word++; /* only keeps a missing module out of the log */
    if (strcasecmp(word, "auth") != 0)
        return other_line(reading, word, rest);
    if (!next_word(&rest, control, sizeof control)) {
        finding(reading, LK_PAM_WHY_SYNTAX, type);
        return 0;
    }
    if (strcasecmp(control, "include") == 0 || strcasecmp(control, "substack") == 0) {
        if (!next_word(&rest, name, sizeof name)) {
            finding(reading, LK_PAM_WHY_SYNTAX, control);
            return 0;
        }
        return include(reading, name, true, strcasecmp(control, "substack") == 0);
    }
    return add_entry(reading, control, rest);
}

/* A line and those that continue it. *ret_lines says how many were read; 0 at the end of the file. */
static int read_line(FILE *file, char *ret_text, size_t size, unsigned *ret_lines)
{
    size_t length = 0;

    *ret_lines = 0;
    while (fgets(ret_text + length, (int)(size - length), file) != NULL) {
        length += strlen(ret_text + length);
        if (length == 0 || ret_text[length - 1] != '\n') {
            if (!feof(file))
                return -LK_ERR_TOO_BIG;
            ret_text[length] = '\0';
            (*ret_lines)++;
            return 0;
        }
        (*ret_lines)++;
        ret_text[--length] = '\0';
        if (length == 0 || ret_text[length - 1] != '\\')
            return 0;
        ret_text[length - 1] = ' ';
    }
    return 0;
}

static int read_file(struct reading *reading, const char *name)
{
    char path[sizeof reading->place.file + LK_PAM_TEXT_MAX];
    char line[LINE_MAX_BYTES];
    struct reading inner = *reading;
    unsigned lines = 0;
    unsigned number = 1;
    FILE *file;
    int result;

    snprintf(path, sizeof path, "%s%s%s", name[0] == '/' ? "" : reading->folder,
             name[0] == '/' ? "" : "/", name);
    file = fopen(path, "re");
    if (file == NULL) {
        if (reading->depth > 0 || errno != ENOENT)
            finding(reading, LK_PAM_WHY_FILE, name);
        return errno == ENOENT ? -LK_ERR_NOT_FOUND : 0;
    }
    snprintf(inner.place.file, sizeof inner.place.file, "%.*s", (int)sizeof inner.place.file - 1,
             path);
    do {
        inner.place.line = number;
        result = read_line(file, line, sizeof line, &lines);
        if (result < 0)
            finding(&inner, LK_PAM_WHY_SYNTAX, "");
        else if (lines > 0)
            result = take_line(&inner, line);
        number += lines;
    } while (result == 0 && lines > 0);
    fclose(file);
    return result == -LK_ERR_TOO_BIG ? 0 : result;
}

int lk_pam_stack_read(const char *folder, const char *service, struct lk_pam_stack *ret_stack)
{
    struct lk_pam_stack stack = {0};
    struct reading reading = {.folder = folder, .stack = &stack};
    int result;

    snprintf(reading.place.file, sizeof reading.place.file, "%s/%s", folder, service);
    result = read_file(&reading, service);
    if (result < 0) {
        lk_pam_stack_clear(&stack);
        return result;
    }
    *ret_stack = stack;
    return 0;
}

void lk_pam_stack_clear(struct lk_pam_stack *stack)
{
    free(stack->entries);
    *stack = (struct lk_pam_stack){0};
}

const char *lk_pam_module_name(const char *module)
{
    const char *slash = strrchr(module, '/');

    return slash != NULL ? slash + 1 : module;
}
