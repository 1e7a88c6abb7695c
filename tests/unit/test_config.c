/* SPDX-License-Identifier: EUPL-1.2 */
/* Configuration: what is taken, what each wrong line is answered with, and that the manual page says what the table says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "config/options.h"
#include "lines/lines.h"

#define NAME "[organisation]\nname = acme\n"

static int parse(const char *text, size_t len, struct lk_config *ret_config,
                 char message[LK_CONFIG_MESSAGE_SIZE])
{
    return lk_config_parse(LK_VIEW((const uint8_t *)text, len), "f", ret_config, message,
                           LK_CONFIG_MESSAGE_SIZE);
}

static void test_defaults(void **state)
{
    struct lk_config config;
    char message[LK_CONFIG_MESSAGE_SIZE] = "untouched";

    (void)state;
    assert_int_equal(parse(NAME, sizeof NAME - 1, &config, message), 0);
    assert_string_equal(message, "untouched");
    assert_string_equal(config.name, "acme");
    assert_string_equal(config.gateway_host, "");
    assert_string_equal(config.state, "/var/lib/latchkey");
    assert_string_equal(config.run, "/run/latchkey");
    assert_string_equal(config.operators, "/etc/latchkey/operators");
    assert_true(config.host_user_verification);
    assert_true(config.browser_user_verification);
    assert_int_equal(config.statement_days, 1825);
    assert_string_equal(config.host_group, "all");
    assert_int_equal(config.ceremony_seconds, 30);
    assert_int_equal(config.cache_entries, 65536);
    assert_int_equal(config.verify_threads, 0);
    assert_int_equal(config.pool, 2);
    assert_string_equal(config.pin_services[0], "login");
    assert_string_equal(config.pin_services[5], "polkit-1");
    assert_null(config.pin_services[6]);
    for (char **service = config.pin_services; *service != NULL; service++) {
        /* These answer a hidden prompt with the account's password. */
        assert_string_not_equal(*service, "sshd");
        assert_string_not_equal(*service, "sddm");
        assert_string_not_equal(*service, "swaylock");
    }
    lk_config_clear(&config);
    assert_null(config.pin_services);
    lk_config_clear(NULL);
}

static void test_values(void **state)
{
    static const char text[] = "# comment\n; comment\n\n" NAME
                               "gateway_host = sso.example.org\n[paths]\nstate=/srv/a=b:c\n"
                               "[policy]\nhost_user_verification = discouraged\nceremony_seconds = "
                               "120\nlocal_services = default mine\n"
                               "pin_services =\n[broker]\nverify_threads = 64";
    struct lk_config config;
    char message[LK_CONFIG_MESSAGE_SIZE];
    size_t count = 0;

    (void)state;
    assert_int_equal(parse(text, sizeof text - 1, &config, message), 0);
    assert_string_equal(config.gateway_host, "sso.example.org");
    assert_string_equal(config.state, "/srv/a=b:c");
    assert_false(config.host_user_verification);
    assert_true(config.browser_user_verification);
    assert_int_equal(config.ceremony_seconds, 120);
    assert_int_equal(config.verify_threads, 64);
    while (config.local_services[count] != NULL)
        count++;
    assert_string_equal(config.local_services[0], "login");
    assert_string_equal(config.local_services[count - 1], "mine");
    assert_null(config.pin_services[0]);
    lk_config_clear(&config);
}

static const struct {
    const char *text;
    const char *message;
} refusals[] = {
    {"", "f:0: the file ends without name in [organisation]"},
    {NAME "nome = x\n", "f:3: unknown option nome in [organisation]"},
    {NAME "[polcy]\na = x\n", "f:4: unknown section [polcy]"},
    {"name = acme\n", "f:1: name stands in no section"},
    {NAME "name = acme\n", "f:3: name is given twice"},
    {NAME "\n[organisation]\nname = b\n", "f:5: name is given twice"},
    {NAME " indented\n", "f:3: the line is indented"},
    {NAME "gateway_host = a ; x\n", "f:3: a comment behind a value: put it on a line of its own"},
    {NAME "gateway_host = a #x\n", "f:3: a comment behind a value: put it on a line of its own"},
    {NAME "gateway_host: a\n", "f:3: expected name = value"},
    {NAME "gateway_host: a = b\n", "f:3: a colon in the name"},
    {NAME "gateway_host\n", "f:3: expected name = value"},
    {NAME "= x\n", "f:3: expected name = value"},
    {NAME "gateway_host =\ta\n", "f:3: a tab or another control byte"},
    {"[organisation]\r\nname = acme\r\n",
     "f:1: a carriage return: lines end with a line feed alone"},
    {"\xef\xbb\xbf" NAME, "f:1: a byte order mark"},
    {NAME "[policy] x\n", "f:3: a section is written [name] and nothing else"},
    {NAME "[policy\n", "f:3: a section is written [name] and nothing else"},
    {NAME "[policy]\nceremony_seconds = 121\n",
     "f:4: ceremony_seconds = 121: expected seconds from 5 to 120"},
    {NAME "[policy]\nceremony_seconds = 4\n",
     "f:4: ceremony_seconds = 4: expected seconds from 5 to 120"},
    {NAME "[policy]\nceremony_seconds = 30s\n",
     "f:4: ceremony_seconds = 30s: expected seconds from 5 to 120"},
    {NAME "[policy]\nceremony_seconds = +30\n",
     "f:4: ceremony_seconds = +30: expected seconds from 5 to 120"},
    {NAME "[policy]\nceremony_seconds = 030\n",
     "f:4: ceremony_seconds = 030: expected seconds from 5 to 120"},
    {NAME "[policy]\nceremony_seconds =\n",
     "f:4: ceremony_seconds = : expected seconds from 5 to 120"},
    {NAME "[policy]\nceremony_seconds = 4294967326\n",
     "f:4: ceremony_seconds = 4294967326: expected seconds from 5 to 120"},
    {NAME "[policy]\nhost_user_verification = yes\n",
     "f:4: host_user_verification = yes: expected required or discouraged"},
    {NAME "[policy]\npin_services = login login\n",
     "f:4: pin_services = login login: expected service names between blanks, each once; the "
     "word default, put first, stands for the default list"},
    {NAME "[policy]\npin_services = a/b\n",
     "f:4: pin_services = a/b: expected service names between blanks, each once; the word "
     "default, put first, stands for the default list"},
    {NAME "[policy]\nhost_group = A\n", "f:4: host_group = A: expected 1 to 64 of a-z 0-9 . _ -"},
    {NAME "[paths]\nstate = var\n",
     "f:4: state = var: expected absolute path of at most 200 bytes"},
    {NAME "[paths]\nstate = /var/../x\n",
     "f:4: state = /var/../x: expected absolute path of at most 200 bytes"},
    {NAME "[paths]\nstate = /var//x\n",
     "f:4: state = /var//x: expected absolute path of at most 200 bytes"},
    {NAME "gateway_host = 192.0.2.1\n",
     "f:3: gateway_host = 192.0.2.1: expected host name in lower case"},
    {NAME "gateway_host = a..b\n", "f:3: gateway_host = a..b: expected host name in lower case"},
    {NAME "gateway_host = a.-b\n", "f:3: gateway_host = a.-b: expected host name in lower case"},
    {NAME "gateway_host = SSO\n", "f:3: gateway_host = SSO: expected host name in lower case"},
    {NAME "gateway_host = sso:443\n",
     "f:3: gateway_host = sso:443: expected host name in lower case"},
    {"[organisation]\nname = -acme\n",
     "f:2: name = -acme: expected 1 to 64 of a-z 0-9 . - without . or - at its ends"},
    {"[organisation]\nname = a:b\n",
     "f:2: name = a:b: expected 1 to 64 of a-z 0-9 . - without . or - at its ends"},
};

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        struct lk_config config = {.pool = 77};
        char message[LK_CONFIG_MESSAGE_SIZE] = "";

        assert_int_equal(parse(refusals[i].text, strlen(refusals[i].text), &config, message),
                         -LK_ERR_CONFIG);
        assert_string_equal(message, refusals[i].message);
        assert_int_equal(config.pool, 77);
    }
}

static void test_bytes_and_length(void **state)
{
    static const char nul[] = NAME "gateway_host = a\0b\n";
    char text[400] = NAME "#";
    struct lk_config config;
    char message[LK_CONFIG_MESSAGE_SIZE];

    (void)state;
    assert_int_equal(parse(nul, sizeof nul - 1, &config, message), -LK_ERR_CONFIG);
    assert_string_equal(message, "f:3: a NUL byte");
    memset(text + strlen(text), 'x', LK_LINES_LINE_MAX - 1);
    assert_int_equal(parse(text, strlen(text), &config, message), 0);
    lk_config_clear(&config);
    text[strlen(text)] = 'x';
    assert_int_equal(parse(text, strlen(text), &config, message), -LK_ERR_CONFIG);
    assert_string_equal(message, "f:3: the line is too long");
}

/* What print writes reads back to the same, and every option can be set to something else. */
static void test_print_and_reload(void **state)
{
    static const char changed[] = NAME
        "[paths]\nstate = /other\n[policy]\nceremony_seconds = 7\npin_services = default extra\n"
        "[broker]\nconnections = 99\n";
    struct lk_config config;
    struct lk_config fresh;
    struct lk_config again;
    struct lk_buf first = LK_BUF_INIT(LK_CONFIG_FILE_MAX);
    struct lk_buf second = LK_BUF_INIT(LK_CONFIG_FILE_MAX);
    char message[LK_CONFIG_MESSAGE_SIZE];

    (void)state;
    assert_int_equal(parse(NAME, sizeof NAME - 1, &config, message), 0);
    assert_int_equal(parse(changed, sizeof changed - 1, &fresh, message), 0);
    assert_int_equal(lk_config_reload(&config, &fresh, message, sizeof message), 2);
    assert_string_equal(message, "paths.state broker.connections");
    assert_string_equal(config.state, "/var/lib/latchkey");
    assert_int_equal(config.connections, 1024);
    assert_int_equal(config.ceremony_seconds, 7);
    assert_string_equal(config.pin_services[6], "extra");
    lk_config_print(&fresh, &first);
    assert_int_equal(lk_buf_error(&first), 0);
    assert_int_equal(lk_config_parse(lk_buf_view(&first), "f", &again, message, sizeof message), 0);
    lk_config_print(&again, &second);
    assert_true(lk_view_equal(lk_buf_view(&first), lk_buf_view(&second)));
    lk_config_clear(&config);
    lk_config_clear(&fresh);
    lk_config_clear(&again);
    lk_buf_clear(&first);
    lk_buf_clear(&second);
}

static void test_file(void **state)
{
    char folder[] = "/tmp/latchkey-test-XXXXXX";
    char path[64];
    char link_path[64];
    char message[LK_CONFIG_MESSAGE_SIZE];
    char expected[LK_CONFIG_MESSAGE_SIZE];
    struct lk_config config;

    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/conf", folder);
    (void)snprintf(link_path, sizeof link_path, "%s/link", folder);
    assert_int_equal(lk_file_replace(path, 0644, LK_VIEW((const uint8_t *)NAME, sizeof NAME - 1)),
                     0);
    assert_int_equal(lk_config_read(path, &config, message, sizeof message), 0);
    lk_config_clear(&config);
    assert_int_equal(lk_file_replace(path, 0644, LK_VIEW((const uint8_t *)"x", 1)), 0);
    assert_int_equal(lk_config_read(path, &config, message, sizeof message), -LK_ERR_CONFIG);
    (void)snprintf(expected, sizeof expected, "%s:1: expected name = value", path);
    assert_string_equal(message, expected);
    assert_int_equal(symlink("conf", link_path), 0);
    assert_int_equal(lk_config_read(link_path, &config, message, sizeof message), -LK_ERR_LINK);
    (void)snprintf(expected, sizeof expected, "%s: a symbolic link stands in the path", link_path);
    assert_string_equal(message, expected);
    assert_int_equal(chmod(path, 0666), 0);
    assert_int_equal(lk_config_read(path, &config, message, sizeof message), -LK_ERR_MODE);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(unlink(link_path), 0);
    assert_int_equal(rmdir(folder), 0);
}

/* troff takes - for a hyphen and . at the start of a line for a request; the texts hold neither at a start of a line. */
static void put_troff(struct lk_buf *buf, const char *text)
{
    for (; *text != '\0'; text++) {
        lk_buf_put_bytes(buf, "\\", *text == '-' ? 1 : 0);
        lk_buf_put_bytes(buf, text, 1);
    }
}

static void put_option(struct lk_buf *buf, const struct lk_option *option)
{
    char allowed[128];

    lk_option_describe(option, allowed, sizeof allowed);
    lk_buf_put_bytes(buf, ".TP\n.B ", 7);
    lk_buf_put_bytes(buf, option->name, strlen(option->name));
    lk_buf_put_bytes(buf, "\n", 1);
    put_troff(buf, option->help);
    lk_buf_put_bytes(buf, "\n.br\nValue: ", 12);
    put_troff(buf, allowed);
    lk_buf_put_bytes(buf, ".\n.br\nDefault: ", 15);
    put_troff(buf, option->default_text == NULL      ? "none, it must be given"
                   : option->default_text[0] == '\0' ? "nothing"
                                                     : option->default_text);
    if (option->reload)
        put_troff(buf, ".\n.br\nMay be reloaded");
    lk_buf_put_bytes(buf, ".\n", 2);
}

static void put_options(struct lk_buf *buf, const struct lk_option *table, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || strcmp(table[i].section, table[i - 1].section) != 0) {
            lk_buf_put_bytes(buf, ".SS [", 5);
            lk_buf_put_bytes(buf, table[i].section, strlen(table[i].section));
            lk_buf_put_bytes(buf, "]\n", 2);
        }
        put_option(buf, &table[i]);
    }
}

/* The part of the manual page between its two marks is what the table says. `test_config --manual` prints it. */
static struct lk_buf manual_options(void)
{
    struct lk_buf buf = LK_BUF_INIT(LK_CONFIG_FILE_MAX);

    put_options(&buf, lk_options, lk_option_count);
    put_options(&buf, lk_client_options, lk_client_option_count);
    lk_buf_put_u8(&buf, 0);
    return buf;
}

static void test_manual(void **state)
{
    static const char begin[] = ".\\\" options from the table\n";
    static const char end[] = ".\\\" end of options\n";
    struct lk_file_rule rule = {.owner = geteuid()};
    struct lk_buf page = LK_BUF_INIT(0);
    struct lk_buf expected = manual_options();
    char path[512];
    char *from;
    char *to;

    (void)state;
    if (getenv("LK_SOURCE_DIR") == NULL)
        skip();
    (void)snprintf(path, sizeof path, "%s/docs/man/latchkey.conf.5", getenv("LK_SOURCE_DIR"));
    assert_int_equal(lk_file_read(path, &rule, LK_CONFIG_FILE_MAX, &page), 0);
    page.max++;
    lk_buf_put_u8(&page, 0);
    from = strstr((char *)page.data, begin);
    assert_non_null(from);
    from += strlen(begin);
    to = strstr(from, end);
    assert_non_null(to);
    *to = '\0';
    assert_string_equal(from, (const char *)expected.data);
    lk_buf_clear(&page);
    lk_buf_clear(&expected);
}

/* The installed example, as it is and with everything in it that is commented out. */
static void test_example(void **state)
{
    struct lk_file_rule rule = {.owner = geteuid()};
    struct lk_buf file = LK_BUF_INIT(0);
    struct lk_buf whole = LK_BUF_INIT(LK_CONFIG_FILE_MAX);
    struct lk_config config;
    char message[LK_CONFIG_MESSAGE_SIZE] = "";
    char path[512];

    (void)state;
    if (getenv("LK_SOURCE_DIR") == NULL)
        skip();
    (void)snprintf(path, sizeof path, "%s/packaging/examples/latchkey.conf",
                   getenv("LK_SOURCE_DIR"));
    assert_int_equal(lk_file_read(path, &rule, LK_CONFIG_FILE_MAX, &file), 0);
    assert_int_equal(lk_config_parse(lk_buf_view(&file), path, &config, message, sizeof message),
                     0);
    lk_config_clear(&config);
    file.max++;
    lk_buf_put_u8(&file, 0);
    for (const char *line = (const char *)file.data; *line != '\0';) {
        size_t len = strcspn(line, "\n") + 1;
        const char *equals = memmem(line, len, " = ", 3);
        bool option =
            strncmp(line, "# ", 2) == 0 && line[2] >= 'a' && line[2] <= 'z' &&
            (equals != NULL && memchr(line + 2, ' ', (size_t)(equals - line - 2)) == NULL);

        if (option || strncmp(line, "# [", 3) == 0)
            lk_buf_put_bytes(&whole, line + 2, len - 2);
        else
            lk_buf_put_bytes(&whole, line, len);
        line += len;
    }
    assert_int_equal(lk_config_parse(lk_buf_view(&whole), path, &config, message, sizeof message),
                     0);
    assert_string_equal(config.gateway_host, "login.example.org");
    assert_int_equal(config.client_count, 1);
    assert_string_equal(config.clients[0].name, "chat");
    assert_string_equal(config.clients[0].serves[0], "everybody");
    lk_config_clear(&config);
    lk_buf_clear(&file);
    lk_buf_clear(&whole);
}

static void test_help(void **state)
{
    struct lk_buf help = LK_BUF_INIT(LK_CONFIG_FILE_MAX);

    (void)state;
    lk_config_help(&help);
    lk_buf_put_u8(&help, 0);
    assert_int_equal(lk_buf_error(&help), 0);
    for (size_t i = 0; i < lk_option_count; i++) {
        assert_non_null(strstr((const char *)help.data, lk_options[i].help));
        assert_ptr_equal(lk_option_find(lk_options[i].section, lk_options[i].name), &lk_options[i]);
        assert_true(lk_option_section_known(lk_options[i].section));
    }
    for (size_t i = 0; i < lk_client_option_count; i++) {
        assert_non_null(strstr((const char *)help.data, lk_client_options[i].help));
        assert_ptr_equal(lk_option_find("client x", lk_client_options[i].name),
                         &lk_client_options[i]);
    }
    lk_buf_clear(&help);
}

#define SECRET   "secret_file = /s\n"
#define REDIRECT "redirect_uri = https://chat.example.org/back\n"

/* inih keeps 49 bytes of a section's name: two that begin alike are two all the same. */
static void test_long_client_names(void **state)
{
#define LONG "c23456789012345678901234567890123456789012345678901234567890123"
    static const char text[] = NAME "[client " LONG "a]\n" SECRET REDIRECT "[client " LONG
                                    "b]\n" SECRET REDIRECT "serves = it\n";
    struct lk_config config;
    char message[LK_CONFIG_MESSAGE_SIZE];

    (void)state;
    assert_int_equal(parse(text, sizeof text - 1, &config, message), 0);
    assert_int_equal(config.client_count, 2);
    assert_string_equal(config.clients[1].name, LONG "b");
    assert_null(config.clients[0].serves[0]);
    assert_string_equal(config.clients[1].serves[0], "it");
    lk_config_clear(&config);
#undef LONG
}

static void test_clients(void **state)
{
    static const char text[] = NAME
        "[client synapse]\ntitle = Chat\n" SECRET REDIRECT
        "redirect_uri = https://chat.example.org:8448/b?x=%2F\nserves = hr it\nalgorithm = RS256\n"
        "backchannel_connect = 10.0.0.1:8443\n"
        "[policy]\nceremony_seconds = 9\n"
        "[client mas]\n" SECRET REDIRECT "serves = everybody\n";
    struct lk_config config;
    struct lk_config other;
    struct lk_config again;
    struct lk_buf printed = LK_BUF_INIT(LK_CONFIG_FILE_MAX);
    char message[LK_CONFIG_MESSAGE_SIZE];

    (void)state;
    assert_int_equal(parse(text, sizeof text - 1, &config, message), 0);
    assert_int_equal(config.client_count, 2);
    assert_int_equal(config.ceremony_seconds, 9);
    assert_string_equal(config.clients[0].name, "synapse");
    assert_string_equal(config.clients[0].redirect_uri[1], "https://chat.example.org:8448/b?x=%2F");
    assert_null(config.clients[0].redirect_uri[2]);
    assert_string_equal(config.clients[0].serves[1], "it");
    assert_int_equal(config.clients[0].algorithm, LK_CONFIG_RS256);
    assert_int_equal(config.clients[1].algorithm, LK_CONFIG_ES256);
    assert_string_equal(config.clients[1].title, "");
    assert_null(config.clients[1].post_logout_redirect_uri);
    /* Through a reload and through print, all of it. */
    assert_int_equal(parse(NAME, sizeof NAME - 1, &other, message), 0);
    assert_int_equal(lk_config_reload(&other, &config, message, sizeof message), 0);
    lk_config_print(&other, &printed);
    assert_int_equal(lk_config_parse(lk_buf_view(&printed), "f", &again, message, sizeof message),
                     0);
    assert_int_equal(again.client_count, 2);
    assert_string_equal(again.clients[0].redirect_uri[1], config.clients[0].redirect_uri[1]);
    assert_string_equal(again.clients[0].backchannel_connect, "10.0.0.1:8443");
    assert_string_equal(again.clients[1].serves[0], "everybody");
    lk_config_clear(&config);
    lk_config_clear(&other);
    lk_config_clear(&again);
    lk_buf_clear(&printed);
}

/* Nobody is served, and nothing is taken, that was not said clearly. */
static void test_client_refusals(void **state)
{
    static const char *const wrong[][2] = {
        {"[client a]\n" SECRET, "without redirect_uri"},
        {"[client a]\n" REDIRECT, "without secret_file"},
        {"[client a]\n", "without redirect_uri"},
        {"[client a]\n[client b]\n" SECRET REDIRECT, "[client a] ends without redirect_uri"},
        {"[client a]\n" SECRET REDIRECT "[client a]\n", "a section already"},
        {"[client A]\n" SECRET REDIRECT, "the name of a client"},
        {"[client ]\n" SECRET REDIRECT, "the name of a client"},
        {"[client]\n" SECRET, "unknown section"},
        {"[client a]\n" SECRET SECRET, "twice"},
        {"[client a]\nstate = /x\n", "unknown option"},
        {"[client a]\n" REDIRECT REDIRECT, "redirect_uri"},
        {"[client a]\nserves = everybody hr\n", "serves"},
        {"[client a]\nserves = HR\n", "serves"},
        {"[client a]\nalgorithm = none\n", "algorithm"},
        {"[client a]\nalgorithm = HS256\n", "algorithm"},
        {"[client a]\nbackchannel_connect = chat.example.org\n", "backchannel_connect"},
        {"[client a]\nbackchannel_connect = 10.0.0.256:1\n", "backchannel_connect"},
        {"[gateway]\nport = 0\n", "port"},
        {"[gateway]\nmetrics = 0.0.0.0:9464\n", "metrics"},
        {"[gateway]\nlisten = 192.0.2.1:80\n", "listen"},
        {"[gateway]\ncolour = ffff00\n", "colour"},
        {"[gateway]\ncolour = 767676\n", NULL},
        {"[gateway]\ncolour = 777777\n", "colour"},
        {"[gateway]\npassword = discouraged\n", "password"},
        {"[gateway]\nnetwork = unix\n", "network"},
    };
    static const char *const addresses[] = {
        "http://a.example/b",      "https://a.example",      "https://u@a.example/b",
        "https://a.example/b#c",   "https://a.example/../b", "https://*.example/b",
        "https://a.example/b*",    "https://A.example/b",    "https://a.example:0/b",
        "https://a.example:/b",    "https://127.0.0.1/b",    "https://a.example/%zz",
        "https://a.example\\@b/c", "//a.example/b",          "https:///b",
    };
    struct lk_config config;
    char message[LK_CONFIG_MESSAGE_SIZE];
    char text[600];

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        int expected = wrong[i][1] == NULL ? 0 : -LK_ERR_CONFIG;

        (void)snprintf(text, sizeof text, NAME "%s", wrong[i][0]);
        assert_int_equal(parse(text, strlen(text), &config, message), expected);
        if (expected == 0)
            lk_config_clear(&config);
        else if (strstr(message, wrong[i][1]) == NULL)
            fail_msg("%s: %s", wrong[i][0], message);
    }
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        (void)snprintf(text, sizeof text, NAME "[client a]\n" SECRET "redirect_uri = %s\n",
                       addresses[i]);
        if (parse(text, strlen(text), &config, message) != -LK_ERR_CONFIG)
            fail_msg("%s was taken", addresses[i]);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_bytes_and_length),
        cmocka_unit_test(test_print_and_reload),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_example),
        cmocka_unit_test(test_manual),
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_clients),
        cmocka_unit_test(test_long_client_names),
        cmocka_unit_test(test_client_refusals),
    };

    if (argc == 2 && strcmp(argv[1], "--manual") == 0) {
        struct lk_buf options = manual_options();

        (void)fputs((const char *)options.data, stdout);
        lk_buf_clear(&options);
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
