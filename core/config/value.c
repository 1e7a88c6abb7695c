/* SPDX-License-Identifier: EUPL-1.2 */
/* Values of options: checked, written into struct lk_config, and printed back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/options.h"

#define LK_LOWER "abcdefghijklmnopqrstuvwxyz0123456789"

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

static bool lk_value_words_valid(const char *value)
{
    return value[0] != '\0' && value[0] != ' ' && strlen(value) <= LK_CONFIG_TEXT_MAX / 2;
}

static bool lk_value_text_valid(const struct lk_option *option, const char *value)
{
    switch (option->type) {
    case LK_OPTION_ORGANISATION:
        return lk_value_organisation_valid(value);
    case LK_OPTION_HOST:
        return lk_value_host_valid(value);
    case LK_OPTION_PATH:
        return lk_value_path_valid(value, option->max);
    case LK_OPTION_FILE:
        return value[0] == '\0' || lk_value_path_valid(value, option->max);
    case LK_OPTION_GROUP:
        return lk_value_charset(value, 64, LK_LOWER "._-");
    case LK_OPTION_SERVICE:
        return lk_value_charset(value, 64, LK_LOWER "._-");
    case LK_OPTION_LISTEN:
        return lk_value_path_valid(value, option->max) || lk_value_loopback_valid(value);
    case LK_OPTION_LOOPBACK:
        return value[0] == '\0' || lk_value_loopback_valid(value);
    case LK_OPTION_ADDRESS:
        return lk_value_address_valid(value);
    case LK_OPTION_URI:
        return value[0] == '\0' || lk_value_uri_valid(value);
    case LK_OPTION_TEXT:
        return value[0] == '\0' ? option->min == 0 : lk_value_words_valid(value);
    case LK_OPTION_COLOUR:
        return lk_value_colour_valid(value);
    default:
        return false;
    }
}

static bool lk_value_set_number(const struct lk_option *option, char *member, const char *value)
{
    uint64_t number = 0;
    uint32_t value_32;

    if (lk_number_parse(value, option->min, option->max, &number) != 0)
        return false;
    value_32 = (uint32_t)number;
    memcpy(member, &value_32, sizeof value_32);
    return true;
}

static bool lk_value_set_choice(char *member, const char *value, const char *yes, const char *no)
{
    bool chosen = strcmp(value, yes) == 0;

    if (!chosen && strcmp(value, no) != 0)
        return false;
    memcpy(member, &chosen, sizeof chosen);
    return true;
}

static bool lk_value_set_algorithm(char *member, const char *value)
{
    enum lk_config_algorithm algorithm =
        strcmp(value, "ES256") == 0 ? LK_CONFIG_ES256 : LK_CONFIG_RS256;

    if (algorithm == LK_CONFIG_RS256 && strcmp(value, "RS256") != 0)
        return false;
    memcpy(member, &algorithm, sizeof algorithm);
    return true;
}

/* Never less than the option's own: what a verdict means can only be more. */
static bool lk_value_set_verdict(const struct lk_option *option, char *member, const char *value)
{
    enum lk_table_verdict verdict;

    if (lk_table_verdict_parse(value, &verdict) != 0 || verdict < option->min)
        return false;
    memcpy(member, &verdict, sizeof verdict);
    return true;
}

static bool lk_value_set_level(char *member, const char *value)
{
    enum lk_certification level;

    if (lk_certification_parse(value, &level) != 0)
        return false;
    memcpy(member, &level, sizeof level);
    return true;
}

static int lk_value_add_rule(const struct lk_option *option, char ***list, const char *value)
{
    struct lk_models_rule rule;

    return lk_models_rule_parse(value, option->type == LK_OPTION_MINIMUMS, &rule) == 0
               ? lk_list_append(list, value)
               : 1;
}

/* 0, 1 for a wrong value, or a negative error. */
static int lk_value_set_list(const struct lk_option *option, char *member, const char *value)
{
    char ***list = (char ***)(void *)member;

    if (option->type == LK_OPTION_SERVICES)
        return lk_list_set(list, value, option->default_text);
    if (option->type == LK_OPTION_GROUPS)
        return lk_list_groups(list, value);
    if (option->type != LK_OPTION_URIS)
        return lk_value_add_rule(option, list, value);
    return lk_value_uri_valid(value) ? lk_list_append(list, value) : 1;
}

static int lk_value_set(const struct lk_option *option, char *member, const char *value)
{
    switch (option->type) {
    case LK_OPTION_UINT:
    case LK_OPTION_SECONDS:
    case LK_OPTION_DAYS:
        return lk_value_set_number(option, member, value) ? 0 : 1;
    case LK_OPTION_REQUIRED:
        return lk_value_set_choice(member, value, "required", "discouraged") ? 0 : 1;
    case LK_OPTION_PASSWORD:
        return lk_value_set_choice(member, value, "required", "none") ? 0 : 1;
    case LK_OPTION_NETWORK:
        return lk_value_set_choice(member, value, "internet", "none") ? 0 : 1;
    case LK_OPTION_ALGORITHM:
        return lk_value_set_algorithm(member, value) ? 0 : 1;
    case LK_OPTION_VERDICT:
        return lk_value_set_verdict(option, member, value) ? 0 : 1;
    case LK_OPTION_LEVEL:
        return lk_value_set_level(member, value) ? 0 : 1;
    case LK_OPTION_SERVICES:
    case LK_OPTION_GROUPS:
    case LK_OPTION_URIS:
    case LK_OPTION_MODELS:
    case LK_OPTION_MINIMUMS:
        return lk_value_set_list(option, member, value);
    default:
        if (!lk_value_text_valid(option, value))
            return 1;
        memcpy(member, value, strlen(value) + 1);
        return 0;
    }
}

int lk_option_set(const struct lk_option *option, void *values, const char *value, char *ret_reason,
                  size_t size)
{
    int r = lk_value_set(option, (char *)values + option->offset, value);

    return r <= 0 ? r : lk_value_refuse(ret_reason, size, option, value);
}

static void lk_print_text(struct lk_buf *buf, const char *text)
{
    lk_buf_put_bytes(buf, text, strlen(text));
}

static void lk_print_number(struct lk_buf *buf, const char *member)
{
    char number[16];
    uint32_t value;

    memcpy(&value, member, sizeof value);
    (void)snprintf(number, sizeof number, "%u", value);
    lk_print_text(buf, number);
}

static void lk_print_choice(struct lk_buf *buf, const char *member, const char *yes, const char *no)
{
    bool chosen;

    memcpy(&chosen, member, sizeof chosen);
    lk_print_text(buf, chosen ? yes : no);
}

static void lk_print_algorithm(struct lk_buf *buf, const char *member)
{
    enum lk_config_algorithm algorithm;

    memcpy(&algorithm, member, sizeof algorithm);
    lk_print_text(buf, algorithm == LK_CONFIG_RS256 ? "RS256" : "ES256");
}

static void lk_print_word(const struct lk_option *option, struct lk_buf *buf, const char *member)
{
    enum lk_certification level;
    enum lk_table_verdict verdict;

    if (option->type == LK_OPTION_VERDICT) {
        memcpy(&verdict, member, sizeof verdict);
        lk_print_text(buf, lk_table_verdict_name(verdict));
    } else {
        memcpy(&level, member, sizeof level);
        lk_print_text(buf, lk_certification_name(level));
    }
}

bool lk_option_repeats(const struct lk_option *option)
{
    return option->type == LK_OPTION_URIS || option->type == LK_OPTION_MODELS ||
           option->type == LK_OPTION_MINIMUMS;
}

size_t lk_option_lines(const struct lk_option *option, const void *values)
{
    size_t count = 0;
    char **list;

    if (!lk_option_repeats(option))
        return 1;
    memcpy(&list, (const char *)values + option->offset, sizeof list);
    while (list != NULL && list[count] != NULL)
        count++;
    return count;
}

void lk_option_print(const struct lk_option *option, const void *values, size_t index,
                     struct lk_buf *buf)
{
    const char *member = (const char *)values + option->offset;
    char **list;

    switch (option->type) {
    case LK_OPTION_UINT:
    case LK_OPTION_SECONDS:
    case LK_OPTION_DAYS:
        lk_print_number(buf, member);
        return;
    case LK_OPTION_REQUIRED:
        lk_print_choice(buf, member, "required", "discouraged");
        return;
    case LK_OPTION_PASSWORD:
        lk_print_choice(buf, member, "required", "none");
        return;
    case LK_OPTION_NETWORK:
        lk_print_choice(buf, member, "internet", "none");
        return;
    case LK_OPTION_ALGORITHM:
        lk_print_algorithm(buf, member);
        return;
    case LK_OPTION_SERVICES:
    case LK_OPTION_GROUPS:
        memcpy(&list, member, sizeof list);
        lk_list_print(list, option->type == LK_OPTION_SERVICES ? option->default_text : NULL, buf);
        return;
    case LK_OPTION_VERDICT:
    case LK_OPTION_LEVEL:
        lk_print_word(option, buf, member);
        return;
    case LK_OPTION_URIS:
    case LK_OPTION_MODELS:
    case LK_OPTION_MINIMUMS:
        memcpy(&list, member, sizeof list);
        if (index < lk_option_lines(option, values))
            lk_print_text(buf, list[index]);
        return;
    default:
        lk_print_text(buf, member);
        return;
    }
}

void lk_config_client_clear(struct lk_config_client *client)
{
    (void)lk_list_free(client->redirect_uri);
    (void)lk_list_free(client->post_logout_redirect_uri);
    (void)lk_list_free(client->serves);
    *client = (struct lk_config_client){0};
}

void lk_config_clear(struct lk_config *config)
{
    if (config == NULL)
        return;
    (void)lk_list_free(config->local_services);
    (void)lk_list_free(config->pin_services);
    (void)lk_list_free(config->allowed);
    (void)lk_list_free(config->refused);
    (void)lk_list_free(config->minimum_firmware);
    (void)lk_list_free(config->administrators);
    for (size_t i = 0; i < config->client_count; i++)
        lk_config_client_clear(&config->clients[i]);
    free(config->clients);
    *config = (struct lk_config){0};
}
