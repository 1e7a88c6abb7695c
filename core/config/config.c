/* SPDX-License-Identifier: EUPL-1.2 */
/* Reading the configuration: what the options of latchkey.conf are, and that each stands there once and is good. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "config/options.h"
#include "lines/lines.h"

enum { LK_CONFIG_OPTIONS_MAX = 96 };

struct lk_config_reader {
    struct lk_lines lines;
    struct lk_config *config;
    bool given[LK_CONFIG_OPTIONS_MAX];
    struct lk_config_client *client; /* the section the reader is in, or NULL; in config */
    bool client_given[LK_CONFIG_OPTIONS_MAX];
};

static void lk_config_fail(struct lk_config_reader *reader, int error, const char *reason)
{
    lk_lines_fail(&reader->lines, error, reason);
}

/* ---- sections [client NAME] ---- */

/* Is all there that the section must give? Asked where it ends. */
static void lk_config_end_client(struct lk_config_reader *reader)
{
    char reason[256];

    for (size_t i = 0; reader->client != NULL && i < lk_client_option_count; i++) {
        if (lk_client_options[i].default_text != NULL || reader->client_given[i])
            continue;
        (void)snprintf(reason, sizeof reason, "the section [client %s] ends without %s",
                       reader->client->name, lk_client_options[i].name);
        lk_config_fail(reader, -LK_ERR_CONFIG, reason);
    }
    reader->client = NULL;
}

static int lk_config_client_defaults(struct lk_config_client *client, const char *name)
{
    char reason[256];
    int r = 0;

    *client = (struct lk_config_client){0};
    (void)snprintf(client->name, sizeof client->name, "%s", name);
    for (size_t i = 0; r == 0 && i < lk_client_option_count; i++) {
        const struct lk_option *option = &lk_client_options[i];

        if (option->default_text != NULL && !lk_option_repeats(option))
            r = lk_option_set(option, client, option->default_text, reason, sizeof reason);
    }
    return r == -LK_ERR_CONFIG ? -LK_ERR_INTERNAL : r;
}

/* Makes room for one more. NULL: there is none. */
static struct lk_config_client *lk_config_add_client(struct lk_config *config)
{
    struct lk_config_client *clients =
        reallocarray(config->clients, config->client_count + 1, sizeof *clients);

    if (clients == NULL)
        return NULL;
    config->clients = clients;
    clients[config->client_count] = (struct lk_config_client){0};
    return &clients[config->client_count++];
}

static const char *lk_config_client_wrong(const struct lk_config *config, const char *name)
{
    size_t len = strlen(name);

    if (len == 0 || len > LK_CONFIG_CLIENT_NAME_MAX ||
        strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") != len)
        return "the name of a client is 1 to 64 of a-z 0-9 . _ -";
    for (size_t i = 0; i < config->client_count; i++)
        if (strcmp(config->clients[i].name, name) == 0)
            return "this client has a section already";
    return config->client_count == LK_CONFIG_CLIENTS_MAX ? "too many clients" : NULL;
}

static void lk_config_section(struct lk_lines *lines, const char *section)
{
    struct lk_config_reader *reader = lines->context;
    const char *name;
    const char *wrong;
    int r;

    lk_config_end_client(reader);
    name = lk_option_client_name(section);
    if (name == NULL)
        return;
    wrong = lk_config_client_wrong(reader->config, name);
    if (wrong != NULL) {
        lk_config_fail(reader, -LK_ERR_CONFIG, wrong);
        return;
    }
    memset(reader->client_given, 0, sizeof reader->client_given);
    reader->client = lk_config_add_client(reader->config);
    r = reader->client != NULL ? lk_config_client_defaults(reader->client, name) : -LK_ERR_NOMEM;
    if (r != 0)
        lk_config_fail(reader, r, lk_error_text(r));
}

/* ---- options ---- */

static void lk_config_unknown(struct lk_config_reader *reader, const char *section,
                              const char *name)
{
    char reason[256];

    if (section[0] == '\0')
        (void)snprintf(reason, sizeof reason, "%.60s stands in no section", name);
    else if (!lk_option_section_known(section))
        (void)snprintf(reason, sizeof reason, "unknown section [%.60s]", section);
    else
        (void)snprintf(reason, sizeof reason, "unknown option %.60s in [%.60s]", name, section);
    lk_config_fail(reader, -LK_ERR_CONFIG, reason);
}

static void lk_config_take(struct lk_lines *lines, const char *section, const char *name,
                           const char *value)
{
    struct lk_config_reader *reader = lines->context;
    const struct lk_option *option = lk_option_find(section, name);
    bool *given;
    char reason[512];
    int r;

    if (option == NULL) {
        lk_config_unknown(reader, section, name);
        return;
    }
    given = reader->client != NULL ? &reader->client_given[option - lk_client_options]
                                   : &reader->given[option - lk_options];
    if (*given && !lk_option_repeats(option)) {
        (void)snprintf(reason, sizeof reason, "%s is given twice", name);
        lk_config_fail(reader, -LK_ERR_CONFIG, reason);
        return;
    }
    *given = true;
    r = lk_option_set(option,
                      reader->client != NULL ? (void *)reader->client : (void *)reader->config,
                      value, reason, sizeof reason);
    if (r == -LK_ERR_CONFIG)
        lk_config_fail(reader, r, reason);
    else if (r != 0)
        lk_config_fail(reader, r, lk_error_text(r));
}

static int lk_config_set_defaults(struct lk_config *config)
{
    char reason[256];

    for (size_t i = 0; i < lk_option_count; i++) {
        int r = 0;

        if (lk_options[i].default_text != NULL && !lk_option_repeats(&lk_options[i]))
            r = lk_option_set(&lk_options[i], config, lk_options[i].default_text, reason,
                              sizeof reason);
        if (r == -LK_ERR_CONFIG)
            return -LK_ERR_INTERNAL;
        if (r != 0)
            return r;
    }
    return 0;
}

static void lk_config_check_given(struct lk_config_reader *reader)
{
    char reason[256];

    for (size_t i = 0; i < lk_option_count && reader->lines.error == 0; i++) {
        if (lk_options[i].default_text != NULL || reader->given[i])
            continue;
        (void)snprintf(reason, sizeof reason, "the file ends without %s in [%s]",
                       lk_options[i].name, lk_options[i].section);
        lk_config_fail(reader, -LK_ERR_CONFIG, reason);
    }
}

int lk_config_parse(struct lk_view text, const char *label, struct lk_config *ret_config,
                    char *ret_message, size_t size)
{
    struct lk_config config = {0};
    struct lk_config_reader reader = {
        .lines = {.label = label,
                  .section = lk_config_section,
                  .option = lk_config_take,
                  .context = &reader,
                  .message = ret_message,
                  .size = size},
        .config = &config,
    };
    int r;

    if (lk_option_count > LK_CONFIG_OPTIONS_MAX || lk_client_option_count > LK_CONFIG_OPTIONS_MAX)
        return -LK_ERR_INTERNAL;
    r = lk_config_set_defaults(&config);
    if (r != 0) {
        lk_config_fail(&reader, r, lk_error_text(r));
        lk_config_clear(&config);
        return r;
    }
    r = lk_lines_read(&reader.lines, text);
    if (r == 0) {
        lk_config_end_client(&reader);
        lk_config_check_given(&reader);
        r = reader.lines.error;
    }
    if (r != 0) {
        lk_config_clear(&config);
        return r;
    }
    *ret_config = config;
    return 0;
}

int lk_config_read(const char *path, struct lk_config *ret_config, char *ret_message, size_t size)
{
    struct lk_buf text = LK_BUF_INIT(LK_CONFIG_FILE_MAX);
    struct lk_file_rule rule = {
        .owner = geteuid(), .forbidden = 022, .check_parents = geteuid() == 0};
    int r = lk_file_read(path, &rule, LK_CONFIG_FILE_MAX, &text);

    if (r != 0) {
        (void)snprintf(ret_message, size, "%s: %s", path, lk_error_text(r));
        return r;
    }
    r = lk_config_parse(lk_buf_view(&text), path, ret_config, ret_message, size);
    lk_buf_clear(&text);
    return r;
}

static void lk_config_put_text(struct lk_buf *buf, const char *text)
{
    lk_buf_put_bytes(buf, text, strlen(text));
}

/* All lines of one option, each with a NUL behind it. */
static int lk_config_render(const struct lk_option *option, const void *values, struct lk_buf *buf)
{
    lk_buf_reset(buf);
    for (size_t line = 0; line < lk_option_lines(option, values); line++) {
        lk_option_print(option, values, line, buf);
        lk_buf_put_u8(buf, 0);
    }
    return lk_buf_error(buf);
}

/* Sets an option to what lk_config_render wrote. */
static int lk_config_copy_option(const struct lk_option *option, const struct lk_buf *lines,
                                 void *values)
{
    char reason[512];
    int r = 0;

    for (size_t at = 0; r == 0 && at < lines->len; at += strlen((const char *)lines->data + at) + 1)
        r = lk_option_set(option, values, (const char *)lines->data + at, reason, sizeof reason);
    return r;
}

/* A client of its own, with every option as it is printed and read again. */
static int lk_config_copy_client(const struct lk_config_client *from, struct lk_config_client *to)
{
    struct lk_buf lines = LK_BUF_INIT(LK_CONFIG_FILE_MAX);
    int r = lk_config_client_defaults(to, from->name);

    for (size_t i = 0; r == 0 && i < lk_client_option_count; i++) {
        r = lk_config_render(&lk_client_options[i], from, &lines);
        if (r == 0)
            r = lk_config_copy_option(&lk_client_options[i], &lines, to);
    }
    lk_buf_clear(&lines);
    return r;
}

static int lk_config_copy_clients(const struct lk_config *from, struct lk_config *to)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < from->client_count; i++) {
        struct lk_config_client *client = lk_config_add_client(to);

        r = client != NULL ? lk_config_copy_client(&from->clients[i], client) : -LK_ERR_NOMEM;
    }
    return r;
}

int lk_config_reload(struct lk_config *config, const struct lk_config *fresh, char *ret_names,
                     size_t size)
{
    struct lk_config next = {0};
    struct lk_buf old = LK_BUF_INIT(LK_CONFIG_FILE_MAX);
    struct lk_buf new = LK_BUF_INIT(LK_CONFIG_FILE_MAX);
    size_t used = 0;
    int differ = 0;
    int r = 0;

    if (size > 0)
        ret_names[0] = '\0';
    for (size_t i = 0; i < lk_option_count && r == 0; i++) {
        const struct lk_option *option = &lk_options[i];

        r = lk_config_render(option, config, &old);
        if (r == 0)
            r = lk_config_render(option, fresh, &new);
        if (r != 0)
            break;
        r = lk_config_copy_option(option, option->reload ? &new : &old, &next);
        if (option->reload || lk_view_equal(lk_buf_view(&old), lk_buf_view(&new)))
            continue;
        differ++;
        if (used < size)
            used += (size_t)snprintf(ret_names + used, size - used, "%s%s.%s", used > 0 ? " " : "",
                                     option->section, option->name);
    }
    lk_buf_clear(&old);
    lk_buf_clear(&new);
    if (r == 0)
        r = lk_config_copy_clients(fresh, &next);
    if (r != 0) {
        lk_config_clear(&next);
        return r == -LK_ERR_NOMEM ? r : -LK_ERR_INTERNAL;
    }
    lk_config_clear(config);
    *config = next;
    return differ;
}

static void lk_config_put_section(struct lk_buf *buf, const struct lk_option *table, size_t i,
                                  bool *first)
{
    if (i > 0 && strcmp(table[i - 1].section, table[i].section) == 0)
        return;
    lk_config_put_text(buf, *first ? "[" : "\n[");
    lk_config_put_text(buf, table[i].section);
    lk_config_put_text(buf, "]\n");
    *first = false;
}

static void lk_config_help_table(struct lk_buf *buf, const struct lk_option *table, size_t count,
                                 bool *first)
{
    for (size_t i = 0; i < count; i++) {
        const struct lk_option *option = &table[i];
        char allowed[128];

        lk_config_put_section(buf, table, i, first);
        lk_option_describe(option, allowed, sizeof allowed);
        lk_config_put_text(buf, option->name);
        lk_config_put_text(buf, " = ");
        lk_config_put_text(buf, allowed);
        if (option->default_text == NULL) {
            lk_config_put_text(buf, "\n    must be given");
        } else {
            lk_config_put_text(buf, "\n    default: ");
            lk_config_put_text(buf,
                               option->default_text[0] == '\0' ? "nothing" : option->default_text);
        }
        lk_config_put_text(buf, option->reload ? "; may be reloaded\n    " : "\n    ");
        lk_config_put_text(buf, option->help);
        lk_config_put_text(buf, "\n");
    }
}

void lk_config_help(struct lk_buf *buf)
{
    bool first = true;

    lk_config_help_table(buf, lk_options, lk_option_count, &first);
    lk_config_help_table(buf, lk_client_options, lk_client_option_count, &first);
}

static void lk_config_print_option(const struct lk_option *option, const void *values,
                                   struct lk_buf *buf)
{
    for (size_t line = 0; line < lk_option_lines(option, values); line++) {
        lk_config_put_text(buf, option->name);
        lk_config_put_text(buf, " = ");
        lk_option_print(option, values, line, buf);
        lk_config_put_text(buf, "\n");
    }
}

void lk_config_print(const struct lk_config *config, struct lk_buf *buf)
{
    bool first = true;

    for (size_t i = 0; i < lk_option_count; i++) {
        lk_config_put_section(buf, lk_options, i, &first);
        lk_config_print_option(&lk_options[i], config, buf);
    }
    for (size_t i = 0; i < config->client_count; i++) {
        lk_config_put_text(buf, "\n[" LK_CLIENT_SECTION);
        lk_config_put_text(buf, config->clients[i].name);
        lk_config_put_text(buf, "]\n");
        for (size_t option = 0; option < lk_client_option_count; option++)
            lk_config_print_option(&lk_client_options[option], &config->clients[i], buf);
    }
}
