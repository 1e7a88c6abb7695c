/* SPDX-License-Identifier: EUPL-1.2 */
/* Options that hold several values: allocated lists of allocated texts, ended by NULL. */
#include <stdlib.h>
#include <string.h>

#include "config/options.h"

#define LK_NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ._-"

char **lk_list_free(char **list)
{
    if (list == NULL)
        return NULL;
    for (size_t i = 0; list[i] != NULL; i++)
        free(list[i]);
    free(list);
    return NULL;
}

/* Adds the blank-separated names of text. 1: a name is wrong, doubled or one too many. */
static int lk_list_add(char **list, size_t *count, const char *text, const char *default_text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, " ");
        char name[65];
        int r;

        if (len == 0) {
            text++;
            continue;
        }
        if (len > 64)
            return 1;
        memcpy(name, text, len);
        name[len] = '\0';
        text += len;
        if (default_text != NULL && *count == 0 && strcmp(name, "default") == 0) {
            r = lk_list_add(list, count, default_text, NULL);
            if (r != 0)
                return r;
            continue;
        }
        if (strspn(name, LK_NAME_CHARACTERS) != len || *count == LK_CONFIG_LIST_MAX)
            return 1;
        for (size_t i = 0; i < *count; i++)
            if (strcmp(list[i], name) == 0)
                return 1;
        list[*count] = strdup(name);
        if (list[*count] == NULL)
            return -LK_ERR_NOMEM;
        ++*count;
    }
    return 0;
}

static int lk_list_make(const char *text, const char *default_text, char ***ret_list)
{
    char **list = calloc(LK_CONFIG_LIST_MAX + 1, sizeof *list);
    size_t count = 0;
    int r;

    if (list == NULL)
        return -LK_ERR_NOMEM;
    r = lk_list_add(list, &count, text, default_text);
    if (r != 0) {
        (void)lk_list_free(list);
        return r;
    }
    *ret_list = list;
    return 0;
}

int lk_list_set(char ***member, const char *value, const char *default_text)
{
    char **fresh;
    int r = lk_list_make(value, default_text, &fresh);

    if (r != 0)
        return r;
    (void)lk_list_free(*member);
    *member = fresh;
    return 0;
}

int lk_list_append(char ***member, const char *value)
{
    char **list = *member;
    size_t count = 0;

    if (list == NULL) {
        list = calloc(LK_CONFIG_LIST_MAX + 1, sizeof *list);
        if (list == NULL)
            return -LK_ERR_NOMEM;
        *member = list;
    }
    for (; list[count] != NULL; count++)
        if (strcmp(list[count], value) == 0)
            return 1;
    if (count == LK_CONFIG_LIST_MAX)
        return 1;
    list[count] = strdup(value);
    return list[count] != NULL ? 0 : -LK_ERR_NOMEM;
}

/* Groups as statements name them: lower case. `everybody` stands alone. */
int lk_list_groups(char ***member, const char *value)
{
    char **fresh = NULL;
    int r = lk_list_set(&fresh, value, NULL);

    for (size_t i = 0; r == 0 && fresh[i] != NULL; i++) {
        if (strpbrk(fresh[i], "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != NULL ||
            (strcmp(fresh[i], "everybody") == 0 && (i > 0 || fresh[1] != NULL)))
            r = 1;
    }
    if (r != 0) {
        (void)lk_list_free(fresh);
        return r;
    }
    (void)lk_list_free(*member);
    *member = fresh;
    return 0;
}

/* A list that begins with all of the default list is written with the word for it: so no list outgrows a line. */
void lk_list_print(char *const *list, const char *default_text, struct lk_buf *buf)
{
    const char *rest = default_text != NULL ? default_text : "";
    size_t skipped = 0;

    if (list == NULL)
        return;
    while (list[skipped] != NULL && *rest != '\0' &&
           strncmp(list[skipped], rest, strcspn(rest, " ")) == 0 &&
           strlen(list[skipped]) == strcspn(rest, " ")) {
        rest += strcspn(rest, " ");
        rest += strspn(rest, " ");
        skipped++;
    }
    if (*rest != '\0' || skipped == 0)
        skipped = 0;
    else
        lk_buf_put_bytes(buf, "default", strlen("default"));
    for (size_t i = skipped; list[i] != NULL; i++) {
        lk_buf_put_bytes(buf, " ", i > 0 ? 1 : 0);
        lk_buf_put_bytes(buf, list[i], strlen(list[i]));
    }
}
