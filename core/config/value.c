/* SPDX-License-Identifier: EUPL-1.2 */
/* Values of options: checked, written into struct lk_config, and printed back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/options.h"

#define LK_LOWER "abcdefghijklmnopqrstuvwxyz0123456789"

static char *lk_value_text(const struct lk_option *option, struct lk_config *config)
{
    return (char *)config + option->offset;
}

static int lk_value_refuse(char *ret_reason, size_t size, const struct lk_option *option,
                           const char *value)
{
    char allowed[128];

    lk_option_describe(option, allowed, sizeof allowed);
    /* What was written is shown only as far as it is printable; the reader let no control byte through. */
    (void)snprintf(ret_reason, size, "%s = %.60s: expected %s", option->name, value, allowed);
    return -LK_ERR_CONFIG;
}

static bool lk_value_charset(const char *value, size_t max, const char *allowed)
{
    size_t len = strlen(value);

    return len > 0 && len <= max && strspn(value, allowed) == len;
}

static bool lk_value_organisation_valid(const char *value)
{
    size_t len = strlen(value);

    return lk_value_charset(value, 64, LK_LOWER ".-") && strchr(".-", value[0]) == NULL &&
           strchr(".-", value[len - 1]) == NULL;
}

/* RFC 1123 section 2.1, lower case, no dot at the end: browsers compare the relying party byte for byte. */
static bool lk_value_host_valid(const char *value)
{
    const char *label = value;

    if (value[0] == '\0')
        return true;
    if (!lk_value_charset(value, 253, LK_LOWER ".-"))
        return false;
    for (;;) {
        size_t len = strcspn(label, ".");

        if (len == 0 || len > 63 || label[0] == '-' || label[len - 1] == '-')
            return false;
        if (label[len] == '\0')
            break;
        label += len + 1;
    }
    /* All digits at the end would be an address, which cannot be a relying party (WebAuthn L3 section 5.1.3). */
    return strspn(label, "0123456789") != strlen(label);
}

static bool lk_value_path_valid(const char *value, size_t max)
{
    const char *part = value;

    if (value[0] != '/' || value[1] == '\0' || strlen(value) > max)
        return false;
    while (*part == '/') {
        size_t len = strcspn(part + 1, "/");

        if (len == 0 || (len == 1 && part[1] == '.') ||
            (len == 2 && part[1] == '.' && part[2] == '.'))
            return false;
        part += len + 1;
    }
    return true;
}

static void lk_list_free(char **list)
{
    if (list == NULL)
        return;
    for (size_t i = 0; list[i] != NULL; i++)
        free(list[i]);
    free(list);
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
        if (!lk_value_charset(name, 64, LK_LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ._-") ||
            *count == LK_CONFIG_LIST_MAX)
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
        lk_list_free(list);
        return r;
    }
    *ret_list = list;
    return 0;
}

static int lk_value_set_list(const struct lk_option *option, struct lk_config *config,
                             const char *value)
{
    char **fresh;
    char ***member = (char ***)(void *)lk_value_text(option, config);
    int r = lk_list_make(value, option->default_text, &fresh);

    if (r != 0)
        return r;
    lk_list_free(*member);
    *member = fresh;
    return 0;
}

static bool lk_value_set_text(const struct lk_option *option, struct lk_config *config,
                              const char *value)
{
    bool good = false;

    if (option->type == LK_OPTION_ORGANISATION)
        good = lk_value_organisation_valid(value);
    else if (option->type == LK_OPTION_HOST)
        good = lk_value_host_valid(value);
    else if (option->type == LK_OPTION_PATH)
        good = lk_value_path_valid(value, option->max);
    else if (option->type == LK_OPTION_GROUP)
        good = lk_value_charset(value, 64, LK_LOWER "._-");
    if (good)
        memcpy(lk_value_text(option, config), value, strlen(value) + 1);
    return good;
}

int lk_option_set(const struct lk_option *option, struct lk_config *config, const char *value,
                  char *ret_reason, size_t size)
{
    uint64_t number = 0;
    uint32_t value_32;
    bool required;
    int r;

    switch (option->type) {
    case LK_OPTION_ORGANISATION:
    case LK_OPTION_HOST:
    case LK_OPTION_PATH:
    case LK_OPTION_GROUP:
        return lk_value_set_text(option, config, value)
                   ? 0
                   : lk_value_refuse(ret_reason, size, option, value);
    case LK_OPTION_UINT:
    case LK_OPTION_SECONDS:
    case LK_OPTION_DAYS:
        if (lk_number_parse(value, option->min, option->max, &number) != 0)
            return lk_value_refuse(ret_reason, size, option, value);
        value_32 = (uint32_t)number;
        memcpy(lk_value_text(option, config), &value_32, sizeof value_32);
        return 0;
    case LK_OPTION_REQUIRED:
        required = strcmp(value, "required") == 0;
        if (!required && strcmp(value, "discouraged") != 0)
            return lk_value_refuse(ret_reason, size, option, value);
        memcpy(lk_value_text(option, config), &required, sizeof required);
        return 0;
    case LK_OPTION_SERVICES:
        r = lk_value_set_list(option, config, value);
        return r <= 0 ? r : lk_value_refuse(ret_reason, size, option, value);
    }
    return -LK_ERR_INTERNAL;
}

/* A list that begins with all of the default list is written with the word for it: so no list outgrows a line. */
static void lk_list_print(char *const *list, const char *default_text, struct lk_buf *buf)
{
    const char *rest = default_text;
    size_t skipped = 0;

    while (list[skipped] != NULL && *rest != '\0' &&
           strncmp(list[skipped], rest, strcspn(rest, " ")) == 0 &&
           strlen(list[skipped]) == strcspn(rest, " ")) {
        rest += strcspn(rest, " ");
        rest += strspn(rest, " ");
        skipped++;
    }
    if (*rest != '\0')
        skipped = 0;
    else
        lk_buf_put_bytes(buf, "default", strlen("default"));
    for (size_t i = skipped; list[i] != NULL; i++) {
        lk_buf_put_bytes(buf, " ", i > 0 ? 1 : 0);
        lk_buf_put_bytes(buf, list[i], strlen(list[i]));
    }
}

void lk_option_print(const struct lk_option *option, const struct lk_config *config,
                     struct lk_buf *buf)
{
    const char *member = (const char *)config + option->offset;
    char number[16];
    uint32_t value;
    bool required;
    char **list;

    switch (option->type) {
    case LK_OPTION_ORGANISATION:
    case LK_OPTION_HOST:
    case LK_OPTION_PATH:
    case LK_OPTION_GROUP:
        lk_buf_put_bytes(buf, member, strlen(member));
        return;
    case LK_OPTION_UINT:
    case LK_OPTION_SECONDS:
    case LK_OPTION_DAYS:
        memcpy(&value, member, sizeof value);
        (void)snprintf(number, sizeof number, "%u", value);
        lk_buf_put_bytes(buf, number, strlen(number));
        return;
    case LK_OPTION_REQUIRED:
        memcpy(&required, member, sizeof required);
        lk_buf_put_bytes(buf, required ? "required" : "discouraged", required ? 8 : 11);
        return;
    case LK_OPTION_SERVICES:
        memcpy(&list, member, sizeof list);
        lk_list_print(list, option->default_text, buf);
        return;
    }
}

void lk_config_clear(struct lk_config *config)
{
    if (config == NULL)
        return;
    lk_list_free(config->local_services);
    lk_list_free(config->pin_services);
    *config = (struct lk_config){0};
}
