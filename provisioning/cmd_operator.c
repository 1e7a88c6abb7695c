/* SPDX-License-Identifier: EUPL-1.2 */
/* latchkey operator add, list, retire: a new set, signed by a quorum of the set before. Nobody is locked out by it: what it would leave short
 * is listed and endorsed anew first. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/text.h"
#include "provisioning/operators.h"
#include "provisioning/reendorse.h"

struct changing {
    struct lk_cli *cli;
    struct lk_config config;
    struct lk_operator_set *set; /* in force */
    struct lk_digest digest;     /* of it */
    struct lk_buf chain;
    struct lk_operator_set *fresh;
    struct lk_shortage shortage;
    struct lk_mending mending;
    const char *name;
    long keys;      /* 0: not given */
    uint32_t roles; /* 0: not given */
    bool stolen;
    bool made; /* by `add`: a new operator, not a further key */
};

static const struct {
    const char *name;
    uint32_t role;
} role_names[] = {{"enrol", LK_ROLE_ENROL},
                  {"revoke", LK_ROLE_REVOKE},
                  {"operators", LK_ROLE_OPERATORS},
                  {"restore", LK_ROLE_RESTORE}};

static int parse_roles(struct lk_cli *cli, const char *text, uint32_t *ret_roles)
{
    while (*text != '\0') {
        size_t length = strcspn(text, ",");
        uint32_t found = 0;

        for (size_t i = 0; i < sizeof role_names / sizeof role_names[0]; i++) {
            if (strlen(role_names[i].name) == length &&
                strncmp(role_names[i].name, text, length) == 0)
                found = role_names[i].role;
        }
        if (found == 0)
            return lk_cli_usage(cli, "%s",
                                _("roles are enrol, revoke, operators, restore, with commas"));
        *ret_roles |= found;
        text += length;
        text += *text == ',' ? 1 : 0;
    }
    return 0;
}

static int parse(struct changing *changing, int argc, char **argv)
{
    struct lk_cli *cli = changing->cli;
    bool add = strcmp(cli->command, "operator add") == 0;
    uint64_t keys;
    int status = 0;

    for (int i = 1; i < argc && status == 0; i++) {
        if (add && strcmp(argv[i], "--keys") == 0 && i + 1 < argc) {
            if (lk_number_parse(argv[++i], 1, LK_OPERATOR_KEYS_MAX, &keys) == 0)
                changing->keys = (long)keys;
            else
                status = lk_cli_usage(cli, _("--keys takes a number from 1 to %d"),
                                      LK_OPERATOR_KEYS_MAX);
        } else if (add && strcmp(argv[i], "--roles") == 0 && i + 1 < argc) {
            status = parse_roles(cli, argv[++i], &changing->roles);
        } else if (!add && strcmp(argv[i], "--stolen") == 0) {
            changing->stolen = true;
        } else if (argv[i][0] == '-' || changing->name != NULL) {
            status = lk_cli_usage(cli, _("%s does not know %s"), cli->command, argv[i]);
        } else {
            changing->name = argv[i];
        }
    }
    if (status == 0 && (changing->name == NULL || !lk_name_valid(changing->name)))
        status = lk_cli_usage(cli, "%s", _("give the operator's name: 1 to 64 of a-z 0-9 . _ -"));
    return status;
}

/* A copy of the set in force that says what it follows. */
static int begin(struct changing *changing)
{
    struct lk_cli *cli = changing->cli;
    int status = lk_cli_config(cli, &changing->config);

    if (status == 0)
        status = lk_cli_connect(cli);
    if (status == 0)
        status = lk_cli_operators(cli, &changing->set, &changing->digest, &changing->chain);
    if (status != 0)
        return status;
    changing->fresh = lk_cli_set_copy(changing->set);
    if (changing->fresh == NULL)
        return lk_cli_fail_memory(cli, cli->command);
    changing->fresh->number = changing->set->number + 1;
    changing->fresh->previous = changing->digest;
    return 0;
}

static void changing_clear(struct changing *changing)
{
    lk_cli_shortage_clear(&changing->shortage);
    lk_cli_mending_clear(&changing->mending);
    lk_buf_clear(&changing->chain);
    lk_operator_set_free(changing->set);
    lk_operator_set_free(changing->fresh);
    lk_config_clear(&changing->config);
}

static struct lk_operator *find(const struct lk_operator_set *set, const char *name)
{
    for (uint32_t i = 0; i < set->operator_count; i++) {
        if (strcmp(set->operators[i].name, name) == 0)
            return &set->operators[i];
    }
    return NULL;
}

/* ---- what both end with ---- */

static int report(struct changing *changing, const struct lk_digest *digest)
{
    struct lk_cli *cli = changing->cli;
    const struct lk_operator_set *fresh = changing->fresh;
    struct lk_json_writer writer;
    char hex[2 * LK_DIGEST_SIZE + 1];

    lk_hex(hex, sizeof hex, digest->bytes, sizeof digest->bytes);
    if (cli->json) {
        lk_cli_json_begin(&writer, true, "OK");
        lk_json_put_string(&writer, writer.root, "operator", changing->name);
        lk_json_put_int(&writer, writer.root, "number", (int64_t)fresh->number);
        lk_json_put_string(&writer, writer.root, "operator_set", hex);
        lk_json_put_int(&writer, writer.root, "operators", fresh->operator_count);
        lk_json_put_int(&writer, writer.root, "quorum", fresh->quorum[LK_ACT_ENROL]);
        lk_json_put_int(&writer, writer.root, "endorsed_anew",
                        changing->stolen ? 0 : (int64_t)changing->shortage.count);
        lk_json_put_int(&writer, writer.root, "short",
                        changing->stolen ? (int64_t)changing->shortage.count : 0);
        return lk_cli_print_json(cli, &writer);
    }
    printf(_("Operator set %" PRIu64 " is in force: %u operator(s), %u needed to enrol.\n"),
           fresh->number, (unsigned)fresh->operator_count, (unsigned)fresh->quorum[LK_ACT_ENROL]);
    printf(_("Its digest, for the paper: %s\n"), hex);
    if (changing->shortage.count > 0 && changing->stolen)
        printf(_("%zu credential(s) above open nothing until they are reviewed: `latchkey pending "
                 "--short` shows them, `latchkey endorse --short` signs them anew.\n"),
               changing->shortage.count);
    else if (changing->shortage.count > 0)
        printf(_("Endorsed anew: %zu credential(s).\n"), changing->shortage.count);
    return LK_EXIT_OK;
}

/* Touches of the set before, then everything that is written, without interruption. */
static int sign_and_install(struct changing *changing, bool mend_first)
{
    struct lk_cli *cli = changing->cli;
    struct lk_buf chain = LK_BUF_INIT(0);
    struct lk_digest digest;
    int status = lk_cli_set_sign(cli, changing->set, changing->fresh, lk_buf_view(&changing->chain),
                                 &chain, &digest);

    if (status == 0)
        status = lk_cli_hold_signals(cli);
    if (status == 0 && mend_first)
        status = lk_cli_mend_send(cli, &changing->mending);
    if (status == 0)
        status = lk_cli_set_install(cli, &changing->config, lk_buf_view(&chain));
    if (status == 0 && !mend_first) {
        status = lk_cli_mend_send(cli, &changing->mending);
        if (status != 0)
            lk_cli_say(cli, "%s",
                       _("The new set is in force. `latchkey pending --short` shows what it leaves "
                         "short, `latchkey endorse --short` signs it anew."));
    }
    lk_buf_clear(&chain);
    return status == 0 ? report(changing, &digest) : status;
}

/* ---- add ---- */

static int make_keys(struct changing *changing, struct lk_operator *by)
{
    struct lk_cli *cli = changing->cli;
    long keys = changing->keys > 0 ? changing->keys : changing->made ? 2 : 1;
    int status = 0;

    for (long i = 0; i < keys && status == 0; i++) {
        if (i > 0)
            lk_cli_say(cli, "%s",
                       _("Now the next key of the same operator. Pull the first one out if there "
                         "is one port only."));
        status = lk_cli_operator_key(cli, changing->config.name, by);
    }
    return status;
}

static int add_operator(struct changing *changing)
{
    struct lk_cli *cli = changing->cli;
    struct lk_operator_set *fresh = changing->fresh;
    struct lk_operator *by = find(fresh, changing->name);
    int status;

    if (by == NULL) {
        if (fresh->operator_count == LK_OPERATORS_MAX)
            return lk_cli_usage(cli, _("there are at most %d operators"), LK_OPERATORS_MAX);
        by = &fresh->operators[fresh->operator_count++];
        *by = (struct lk_operator){.roles = LK_ROLE_ALL};
        snprintf(by->name, sizeof by->name, "%s", changing->name);
        if (lk_random_fill(&lk_random_system, by->id.bytes, sizeof by->id.bytes) < 0)
            return lk_cli_fail_reason(cli, LK_REASON_INTERNAL, "getrandom");
        changing->made = true;
    }
    if (changing->roles != 0)
        by->roles = changing->roles;
    status = make_keys(changing, by);
    lk_cli_set_finish(fresh);
    return status;
}

/* With a second operator the quorum rises: what one alone has endorsed needs the new one's touch. It is made now and sent when the set is in force. */
static int mend_with_new(struct changing *changing)
{
    struct lk_cli *cli = changing->cli;
    const struct lk_operator *by = find(changing->fresh, changing->name);
    int status = lk_cli_shortage(cli, changing->fresh, &changing->shortage);

    if (status != 0 || changing->shortage.count == 0)
        return status;
    lk_cli_say(cli,
               _("The credentials above (%zu) have too few operators under the new set. %s signs "
                 "them now, in one touch."),
               changing->shortage.count, changing->name);
    if (!lk_cli_confirm(cli, _("Is this right?")))
        return lk_cli_fail_reason(cli, LK_REASON_CANCELLED, NULL);
    status = lk_cli_mend_sign(cli, changing->fresh, by, &changing->shortage, &changing->mending);
    if (status == 0 && lk_cli_shortage_open(changing->fresh, &changing->shortage))
        status = lk_cli_fail_reason(
            cli, LK_REASON_QUORUM,
            _("the new operator's touch alone does not mend them: nothing was changed"));
    return status;
}

int lk_cmd_operator_add(struct lk_cli *cli, int argc, char **argv)
{
    struct changing changing = {.cli = cli, .chain = LK_BUF_INIT(0)};
    int status = parse(&changing, argc, argv);

    if (status == 0)
        status = begin(&changing);
    if (status == 0)
        status = add_operator(&changing);
    if (status == 0)
        status = mend_with_new(&changing);
    if (status == 0)
        status = sign_and_install(&changing, false);
    changing_clear(&changing);
    return status;
}

/* ---- retire ---- */

static int drop_operator(struct changing *changing)
{
    struct lk_cli *cli = changing->cli;
    struct lk_operator_set *fresh = changing->fresh;
    struct lk_operator *by = find(fresh, changing->name);
    char question[256];

    if (by == NULL)
        return lk_cli_fail_reason(cli, LK_REASON_OPERATOR_UNKNOWN, changing->name);
    if (fresh->operator_count == 1)
        return lk_cli_fail_reason(cli, LK_REASON_QUORUM,
                                  _("the last operator cannot be retired: add another one first"));
    *by = fresh->operators[--fresh->operator_count];
    lk_cli_set_finish(fresh);
    snprintf(question, sizeof question,
             _("Take operator %s out of the set? %u operator(s) remain, %u needed to enrol."),
             changing->name, (unsigned)fresh->operator_count,
             (unsigned)fresh->quorum[LK_ACT_ENROL]);
    return lk_cli_confirm(cli, question) ? 0 : lk_cli_fail_reason(cli, LK_REASON_CANCELLED, NULL);
}

/* Was he named with --operator? Where nobody was, anybody may be asked. */
static bool willing(const struct lk_cli *cli, const struct lk_operator *by)
{
    if (cli->operator_count == 0)
        return true;
    for (size_t i = 0; i < cli->operator_count; i++) {
        if (strcmp(cli->operators[i], by->name) == 0)
            return true;
    }
    return false;
}

/* Those who stay sign what would be short, until nothing is. */
static int mend_with_remaining(struct changing *changing)
{
    struct lk_cli *cli = changing->cli;
    const struct lk_operator_set *fresh = changing->fresh;
    int status = lk_cli_shortage(cli, fresh, &changing->shortage);

    if (status != 0 || changing->shortage.count == 0 || changing->stolen)
        return status;
    lk_cli_say(cli,
               _("The credentials above (%zu) have too few operators without %s. Those who stay "
                 "sign them now, in one touch each."),
               changing->shortage.count, changing->name);
    for (uint32_t i = 0; i < fresh->operator_count && status == 0; i++) {
        const struct lk_operator *by = &fresh->operators[i];

        if (willing(cli, by) && lk_cli_shortage_helps(fresh, by, &changing->shortage))
            status = lk_cli_mend_sign(cli, fresh, by, &changing->shortage, &changing->mending);
    }
    if (status == 0 && lk_cli_shortage_open(fresh, &changing->shortage))
        status = lk_cli_fail_reason(
            cli, LK_REASON_QUORUM,
            _("more operators must sign what would be short: name them with --operator. Nothing "
              "was changed"));
    return status;
}

int lk_cmd_operator_retire(struct lk_cli *cli, int argc, char **argv)
{
    struct changing changing = {.cli = cli, .chain = LK_BUF_INIT(0)};
    int status = parse(&changing, argc, argv);

    if (status == 0)
        status = begin(&changing);
    if (status == 0)
        status = drop_operator(&changing);
    if (status == 0)
        status = mend_with_remaining(&changing);
    if (status == 0)
        status = sign_and_install(&changing, true);
    changing_clear(&changing);
    return status;
}

/* ---- list ---- */

static void roles_text(uint32_t roles, char *ret_text, size_t size)
{
    size_t length = 0;

    ret_text[0] = '\0';
    for (size_t i = 0; i < sizeof role_names / sizeof role_names[0]; i++) {
        if ((roles & role_names[i].role) != 0 && length < size)
            length += (size_t)snprintf(ret_text + length, size - length, "%s%s",
                                       length > 0 ? "," : "", role_names[i].name);
    }
}

static int list_json(struct lk_cli *cli, const struct lk_operator_set *set,
                     const struct lk_digest *digest)
{
    struct lk_json_writer writer;
    struct lk_json *array;

    lk_cli_json_begin(&writer, true, "OK");
    lk_json_put_string(&writer, writer.root, "organisation", set->organisation);
    lk_json_put_int(&writer, writer.root, "number", (int64_t)set->number);
    lk_json_put_hex(&writer, writer.root, "operator_set", digest->bytes, sizeof digest->bytes);
    lk_json_put_int(&writer, writer.root, "quorum", set->quorum[LK_ACT_ENROL]);
    array = lk_json_put_array(&writer, writer.root, "operators");
    for (uint32_t i = 0; i < set->operator_count; i++) {
        const struct lk_operator *by = &set->operators[i];
        struct lk_json *object = lk_json_put_object(&writer, array, NULL);
        char roles[64];

        roles_text(by->roles, roles, sizeof roles);
        lk_json_put_string(&writer, object, "name", by->name);
        lk_json_put_hex(&writer, object, "id", by->id.bytes, sizeof by->id.bytes);
        lk_json_put_int(&writer, object, "keys", by->key_count);
        lk_json_put_string(&writer, object, "roles", roles);
    }
    return lk_cli_print_json(cli, &writer);
}

static int list_text(const struct lk_operator_set *set, const struct lk_digest *digest)
{
    char hex[2 * LK_DIGEST_SIZE + 1];
    char roles[64];

    lk_hex(hex, sizeof hex, digest->bytes, sizeof digest->bytes);
    printf(_("Organisation %s, operator set %" PRIu64 ", %u of %u needed to enrol\n"),
           set->organisation, set->number, (unsigned)set->quorum[LK_ACT_ENROL],
           (unsigned)set->operator_count);
    printf("%s\n\n", hex);
    fputs("  ", stdout);
    lk_cli_cell(_("operator"), 22);
    lk_cli_cell(_("keys"), 6);
    printf("%s\n", _("roles"));
    for (uint32_t i = 0; i < set->operator_count; i++) {
        const struct lk_operator *by = &set->operators[i];

        roles_text(by->roles, roles, sizeof roles);
        printf("  %s%-21s%s %-5u %s%s\n", lk_cli_bold(), by->name, lk_cli_plain(),
               (unsigned)by->key_count, roles,
               by->key_count < 2 ? _("   (one key only: add a second)") : "");
    }
    return LK_EXIT_OK;
}

int lk_cmd_operator_list(struct lk_cli *cli, int argc, char **argv)
{
    struct lk_operator_set *set = NULL;
    struct lk_buf chain = LK_BUF_INIT(0);
    struct lk_digest digest;
    int status;

    if (argc > 1)
        return lk_cli_usage(cli, _("%s does not know %s"), cli->command, argv[1]);
    status = lk_cli_connect(cli);
    if (status == 0)
        status = lk_cli_operators(cli, &set, &digest, &chain);
    if (status == 0)
        status = cli->json ? list_json(cli, set, &digest) : list_text(set, &digest);
    lk_operator_set_free(set);
    lk_buf_clear(&chain);
    return status;
}
