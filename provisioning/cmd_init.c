/* SPDX-License-Identifier: EUPL-1.2 */
/* latchkey init: the first operator's keys and operator set 1, whose digest goes on paper. */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/random.h"
#include "provisioning/operators.h"

struct init_options {
    bool one_key;
    const char *name;
};

static int parse(struct lk_cli *cli, int argc, char **argv, struct init_options *options)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--one-key") == 0)
            options->one_key = true;
        else if (strcmp(argv[i], "--name") == 0 && i + 1 < argc)
            options->name = argv[++i];
        else
            return lk_cli_usage(cli, _("init does not know %s"), argv[i]);
    }
    if (options->name == NULL) {
        const struct passwd *caller = getpwuid(getuid());

        options->name = secure_getenv("SUDO_USER");
        if (options->name == NULL && caller != NULL)
            options->name = caller->pw_name;
    }
    if (options->name == NULL || !lk_name_valid(options->name))
        return lk_cli_usage(cli, "%s", _("give the operator's name: 1 to 64 of a-z 0-9 . _ -"));
    return 0;
}

/* There must not be a set yet: a second `init` would be a second organisation. */
static int check_empty(struct lk_cli *cli)
{
    struct lk_desk_chain chain;
    struct lk_frame frame;
    uint32_t request = lk_cli_next(cli);
    int status;

    if (lk_desk_operators_encode(&cli->client.out, request) < 0)
        return lk_cli_fail_memory(cli, "init");
    status = lk_cli_ask(cli, request, &frame);
    if (status != 0)
        return status;
    if (frame.type != LK_MESSAGE_DESK_CHAIN || lk_desk_chain_decode(frame.payload, &chain) < 0)
        return lk_cli_fail_reason(cli, LK_REASON_PROTOCOL, NULL);
    if (chain.chain.len > 0)
        return lk_cli_fail_reason(
            cli, LK_REASON_OPERATOR_SET,
            _("this organisation has its operators already; see `latchkey operator list`"));
    return 0;
}

static int report(struct lk_cli *cli, const struct lk_operator_set *set,
                  const struct lk_digest *digest)
{
    struct lk_json_writer writer;
    char hex[2 * LK_DIGEST_SIZE + 1];

    lk_hex(hex, sizeof hex, digest->bytes, sizeof digest->bytes);
    if (cli->json) {
        lk_cli_json_begin(&writer, true, "OK");
        lk_json_put_string(&writer, writer.root, "organisation", set->organisation);
        lk_json_put_string(&writer, writer.root, "operator", set->operators[0].name);
        lk_json_put_int(&writer, writer.root, "keys", set->operators[0].key_count);
        lk_json_put_string(&writer, writer.root, "operator_set", hex);
        return lk_cli_print_json(cli, &writer);
    }
    printf(_("Organisation %s has its first operator: %s, %u key(s).\n"), set->organisation,
           set->operators[0].name, (unsigned)set->operators[0].key_count);
    printf(
        _("Write this digest of operator set 1 on paper and keep it apart from this machine:\n\n"));
    for (size_t i = 0; i < 2 * LK_DIGEST_SIZE; i += 8)
        printf("%s%.8s%s", i % 32 == 0 ? "    " : " ", hex + i, i % 32 == 24 ? "\n" : "");
    if (set->operators[0].key_count < 2)
        printf("\n%s\n", _("One key only: if it is lost, nobody can enrol, endorse or revoke. Add "
                           "a second with `latchkey operator add`."));
    return LK_EXIT_OK;
}

static int make_set(struct lk_cli *cli, const struct init_options *options,
                    const struct lk_config *config, struct lk_operator_set *set)
{
    struct lk_operator *by = &set->operators[0];
    int status;

    set->number = 1;
    set->operator_count = 1;
    snprintf(set->organisation, sizeof set->organisation, "%s", config->name);
    snprintf(by->name, sizeof by->name, "%s", options->name);
    by->roles = LK_ROLE_ALL;
    if (lk_random_fill(&lk_random_system, by->id.bytes, sizeof by->id.bytes) < 0)
        return lk_cli_fail_reason(cli, LK_REASON_INTERNAL, "getrandom");
    status = lk_cli_operator_key(cli, config->name, by);
    if (status == 0 && !options->one_key) {
        lk_cli_say(cli, "%s",
                   _("Now the second key of the same operator. Pull the first one out if there is "
                     "one port only."));
        status = lk_cli_operator_key(cli, config->name, by);
    }
    lk_cli_set_finish(set);
    return status;
}

int lk_cmd_init(struct lk_cli *cli, int argc, char **argv)
{
    struct init_options options = {0};
    struct lk_operator_set empty = {0};
    struct lk_operator_set *set = lk_cli_set_copy(&empty);
    struct lk_config config = {0};
    struct lk_buf chain = LK_BUF_INIT(0);
    struct lk_digest digest;
    int status = set != NULL ? parse(cli, argc, argv, &options) : lk_cli_fail_memory(cli, "init");

    if (status == 0)
        status = lk_cli_config(cli, &config);
    if (status == 0)
        status = lk_cli_connect(cli);
    if (status == 0)
        status = check_empty(cli);
    if (status == 0)
        lk_cli_say(
            cli, options.one_key
                     ? _("Two touches: one makes the operator's key, one signs operator set 1.")
                     : _("Three touches: one for each of the two keys, one signs operator set 1."));
    if (status == 0)
        status = make_set(cli, &options, &config, set);
    if (status == 0)
        status = lk_cli_set_sign(cli, set, set, LK_VIEW(NULL, 0), &chain, &digest);
    if (status == 0)
        status = lk_cli_set_install(cli, &config, lk_buf_view(&chain));
    if (status == 0)
        status = report(cli, set, &digest);
    lk_buf_clear(&chain);
    lk_config_clear(&config);
    lk_operator_set_free(set);
    return status;
}
