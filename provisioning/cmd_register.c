/* SPDX-License-Identifier: EUPL-1.2 */
/* latchkey register verify, show, accept-restore. `verify` believes nobody: it reads every entry from the broker and recomputes numbers, hashes,
 * digests and operators' signatures here, then compares with the mark and with what this operator signed for last. */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "provisioning/cli.h"

/* What must be found on the way: the mark, and the entries operators remember. */
struct expectation {
    uint64_t number;
    struct lk_digest hash;
    bool met;
    const char *who;
};
enum { EXPECTATIONS_MAX = 1 + LK_OPERATORS_MAX };

struct verifying {
    struct lk_cli *cli;
    uint64_t count;
    uint64_t signatures;
    struct lk_register_entry previous;
    struct lk_operator_set *set; /* in force at the entry */
    struct lk_digest set_digest;
    size_t seen_count;
    struct lk_operator_set *seen[256]; /* all before it, owned */
    size_t expectation_count;
    struct expectation expectations[EXPECTATIONS_MAX];
    enum lk_reason reason;
    char text[256];
};

/* The first thing wrong is what is told; reading stops. */
static int bad(struct verifying *verifying, enum lk_reason reason, uint64_t number,
               const char *what)
{
    verifying->reason = reason;
    snprintf(verifying->text, sizeof verifying->text, _("entry %" PRIu64 ": %s"), number, what);
    return LK_EXIT_REFUSED;
}

/* The signature must be of an operator of the set in force, or of one before it: an endorsement that is sealed again keeps the names of those who have left. */
static enum lk_reason verify_endorsement(struct verifying *verifying,
                                         const struct lk_endorsement *endorsement)
{
    enum lk_reason reason = LK_REASON_OPERATOR_SET;

    if (verifying->set == NULL ||
        lk_endorsement_verify(verifying->cli->crypto, verifying->set, endorsement, &reason) < 0)
        return LK_REASON_OPERATOR_SET;
    for (size_t i = verifying->seen_count; reason != LK_REASON_NONE && i > 0; i--) {
        if (lk_endorsement_verify(verifying->cli->crypto, verifying->seen[i - 1], endorsement,
                                  &reason) < 0)
            return LK_REASON_INTERNAL;
    }
    return reason;
}

static enum lk_act act_of(enum lk_entry_kind kind, enum lk_act given)
{
    switch (kind) {
    case LK_ENTRY_OPERATOR_SET:
        return LK_ACT_OPERATORS;
    case LK_ENTRY_RESTORE:
        return LK_ACT_RESTORE;
    case LK_ENTRY_STATE:
        return given == LK_ACT_SUSPEND ? LK_ACT_SUSPEND : LK_ACT_REVOKE;
    case LK_ENTRY_STATEMENT:
    case LK_ENTRY_ENDORSEMENT:
        break;
    }
    return LK_ACT_ENROL;
}

/* The endorsements of an entry: their digest is the detail, each verifies, together they reach the quorum. */
static int verify_endorsements(struct verifying *verifying, const struct lk_entry *entry)
{
    const struct lk_desk_entry *message = entry->message;
    struct lk_buf joined = LK_BUF_INIT(LK_FRAME_MAX);
    struct lk_endorsement *records = calloc(LK_ALLOW_MAX, sizeof *records);
    const struct lk_endorsement *pointers[LK_ALLOW_MAX];
    enum lk_reason verdicts[LK_ALLOW_MAX];
    struct lk_digest detail = {0};
    uint64_t number = entry->decoded.number;
    enum lk_act act = LK_ACT_ENROL;
    int status = records == NULL ? lk_cli_fail_memory(verifying->cli, "register") : 0;

    for (uint32_t i = 0; i < message->endorsement_count && status == 0; i++) {
        lk_buf_put_field32(&joined, message->endorsements[i].data, message->endorsements[i].len);
        if (lk_endorsement_decode(message->endorsements[i], &records[i]) < 0) {
            status =
                bad(verifying, LK_REASON_ENDORSEMENT, number, _("an endorsement does not decode"));
            break;
        }
        act = act_of(entry->decoded.kind, records[i].act);
        verdicts[i] = records[i].act == act ? verify_endorsement(verifying, &records[i])
                                            : LK_REASON_ENDORSEMENT;
        pointers[i] = &records[i];
        if (verdicts[i] != LK_REASON_NONE)
            status =
                bad(verifying, verdicts[i], number, _("an operator's signature does not hold"));
        verifying->signatures++;
    }
    if (status == 0 && joined.len > 0)
        status = lk_cli_digest(verifying->cli, lk_buf_view(&joined), &detail);
    if (status == 0 && memcmp(&detail, &entry->decoded.detail, sizeof detail) != 0)
        status = bad(verifying, LK_REASON_REGISTER, number,
                     _("its endorsements are not those that were recorded"));
    if (status == 0 && message->endorsement_count > 0 && verifying->set != NULL &&
        entry->decoded.kind != LK_ENTRY_OPERATOR_SET &&
        lk_quorum_check(verifying->set, act, pointers, verdicts, message->endorsement_count) !=
            LK_REASON_NONE)
        status = bad(verifying, LK_REASON_QUORUM, number, _("too few operators endorsed it"));
    free(records);
    lk_buf_clear(&joined);
    return status;
}

/* A new set follows the one before and is judged by it; set 1 judges itself. */
static int verify_set(struct verifying *verifying, const struct lk_entry *entry)
{
    struct lk_operator_set *set = NULL;
    uint64_t number = entry->decoded.number;
    int status;

    if (lk_operator_set_decode(entry->message->object, &set) < 0)
        return bad(verifying, LK_REASON_OPERATOR_SET, number,
                   _("the operator set does not decode"));
    if ((verifying->set == NULL && set->number != 1) ||
        (verifying->set != NULL &&
         (set->number != verifying->set->number + 1 ||
          memcmp(&set->previous, &verifying->set_digest, sizeof set->previous) != 0))) {
        lk_operator_set_free(set);
        return bad(verifying, LK_REASON_OPERATOR_SET, number,
                   _("the operator set does not follow the one before"));
    }
    if (verifying->set == NULL) {
        verifying->set = set;
        verifying->set_digest = entry->decoded.object;
        return verify_endorsements(verifying, entry);
    }
    status = verify_endorsements(verifying, entry);
    if (status != 0 ||
        verifying->seen_count == sizeof verifying->seen / sizeof verifying->seen[0]) {
        lk_operator_set_free(set);
        return status != 0 ? status
                           : bad(verifying, LK_REASON_OPERATOR_SET, number,
                                 _("more operator sets than this program can follow"));
    }
    verifying->seen[verifying->seen_count++] = verifying->set;
    verifying->set = set;
    verifying->set_digest = entry->decoded.object;
    return 0;
}

static void meet(struct verifying *verifying, const struct lk_entry *entry)
{
    for (size_t i = 0; i < verifying->expectation_count; i++) {
        struct expectation *expected = &verifying->expectations[i];

        if (expected->number == entry->decoded.number &&
            memcmp(&expected->hash, &entry->hash, sizeof expected->hash) == 0)
            expected->met = true;
    }
}

static int verify_entry(void *context, const struct lk_entry *entry)
{
    struct verifying *verifying = context;
    const struct lk_register_entry *decoded = &entry->decoded;
    enum lk_reason reason = LK_REASON_INTERNAL;
    struct lk_digest object;
    int status;

    if (decoded->number != verifying->count + 1)
        return bad(verifying, LK_REASON_REGISTER, verifying->count + 1,
                   _("it is missing, or another number stands in its place"));
    if (lk_register_link_verify(verifying->cli->crypto,
                                verifying->count > 0 ? &verifying->previous : NULL, decoded,
                                &reason) < 0 ||
        reason != LK_REASON_NONE)
        return bad(verifying, LK_REASON_REGISTER, decoded->number,
                   _("it does not follow the entry before: its hash is another"));
    status = lk_cli_digest(verifying->cli, entry->message->object, &object);
    if (status == 0 && memcmp(&object, &decoded->object, sizeof object) != 0)
        return bad(verifying, LK_REASON_REGISTER, decoded->number,
                   _("what it records is not what lies beside it"));
    if (status == 0)
        status = decoded->kind == LK_ENTRY_OPERATOR_SET ? verify_set(verifying, entry)
                                                        : verify_endorsements(verifying, entry);
    meet(verifying, entry);
    verifying->previous = *decoded;
    verifying->count++;
    return status;
}

/* ---- what must be found ---- */

static void expect(struct verifying *verifying, const char *who, uint64_t number,
                   const struct lk_digest *hash)
{
    if (number > 0 && verifying->expectation_count < EXPECTATIONS_MAX)
        verifying->expectations[verifying->expectation_count++] =
            (struct expectation){.number = number, .hash = *hash, .who = who};
}

/* Every operator who signs from this account has a file. */
static int expect_remembered(struct verifying *verifying)
{
    struct lk_cli *cli = verifying->cli;
    DIR *folder = opendir(cli->state_folder);
    const struct dirent *item;
    char path[4096];
    int status = 0;

    while (folder != NULL && status == 0 && (item = readdir(folder)) != NULL) {
        struct lk_digest hash;
        uint64_t number = 0;
        bool found = false;

        if (strncmp(item->d_name, "operator-", 9) != 0 || strlen(item->d_name) != 9 + 32)
            continue;
        snprintf(path, sizeof path, "%s/%s", cli->state_folder, item->d_name);
        status = lk_cli_recall(cli, path, &number, &hash, &found);
        if (status == 0 && found)
            expect(verifying, _("an operator signed for it here"), number, &hash);
    }
    if (folder != NULL)
        closedir(folder);
    return status;
}

static int expect_all(struct verifying *verifying)
{
    struct lk_desk_pairs *pairs = calloc(1, sizeof *pairs);
    struct lk_digest hash;
    uint64_t number;
    int status = pairs != NULL ? lk_cli_status(verifying->cli, pairs)
                               : lk_cli_fail_memory(verifying->cli, "status");

    if (status == 0 && lk_cli_parse_head(lk_cli_status_value(pairs, "mark"), &number, &hash))
        expect(verifying, _("the broker's mark says so"), number, &hash);
    free(pairs);
    return status == 0 ? expect_remembered(verifying) : status;
}

static void judge_expectations(struct verifying *verifying)
{
    for (size_t i = 0; i < verifying->expectation_count && verifying->reason == LK_REASON_NONE;
         i++) {
        const struct expectation *expected = &verifying->expectations[i];

        if (expected->met)
            continue;
        verifying->reason = LK_REASON_STORE_ROLLED_BACK;
        snprintf(verifying->text, sizeof verifying->text,
                 _("entry %" PRIu64 " was another one (%s): an older register was put back"),
                 expected->number, expected->who);
    }
}

static int verify_report(struct verifying *verifying)
{
    struct lk_cli *cli = verifying->cli;
    struct lk_json_writer writer;

    if (verifying->reason != LK_REASON_NONE) {
        (void)lk_cli_fail_reason(cli, verifying->reason, verifying->text);
        return LK_EXIT_REFUSED;
    }
    if (cli->json) {
        lk_cli_json_begin(&writer, true, "OK");
        lk_json_put_int(&writer, writer.root, "entries", (int64_t)verifying->count);
        lk_json_put_int(&writer, writer.root, "signatures", (int64_t)verifying->signatures);
        return lk_cli_print_json(cli, &writer);
    }
    printf(_("The register holds: %" PRIu64 " entries, %" PRIu64 " operators' signatures, every "
             "hash recomputed here.\n"),
           verifying->count, verifying->signatures);
    return LK_EXIT_OK;
}

int lk_cmd_register_verify(struct lk_cli *cli, int argc, char **argv)
{
    struct verifying *verifying = calloc(1, sizeof *verifying);
    int status = verifying != NULL ? 0 : lk_cli_fail_memory(cli, "register");

    if (status == 0 && argc > 1)
        status = lk_cli_usage(cli, _("%s does not know %s"), cli->command, argv[1]);
    if (status == 0)
        status = lk_cli_connect(cli);
    if (status == 0) {
        verifying->cli = cli;
        status = expect_all(verifying);
    }
    if (status == 0) {
        status = lk_cli_entries(cli, 1, UINT64_MAX, verify_entry, verifying);
        if (status == 0)
            judge_expectations(verifying);
        if (status == 0 || verifying->reason != LK_REASON_NONE)
            status = verify_report(verifying);
    }
    if (verifying != NULL) {
        lk_operator_set_free(verifying->set);
        for (size_t i = 0; i < verifying->seen_count; i++)
            lk_operator_set_free(verifying->seen[i]);
    }
    free(verifying);
    return status;
}

/* ---- show ---- */

struct showing {
    struct lk_cli *cli;
    struct lk_json_writer writer;
    struct lk_json *array;
    uint64_t count;
};

static int show_entry(void *context, const struct lk_entry *entry)
{
    struct showing *showing = context;
    const struct lk_register_entry *decoded = &entry->decoded;
    struct lk_json *object;
    char time[32];
    char object_id[10];
    char hash[10];

    showing->count++;
    if (showing->cli->json) {
        object = lk_json_put_object(&showing->writer, showing->array, NULL);
        lk_json_put_int(&showing->writer, object, "number", (int64_t)decoded->number);
        lk_json_put_int(&showing->writer, object, "time", decoded->time);
        lk_json_put_string(&showing->writer, object, "kind", lk_entry_kind_name(decoded->kind));
        lk_json_put_hex(&showing->writer, object, "object", decoded->object.bytes, LK_DIGEST_SIZE);
        lk_json_put_hex(&showing->writer, object, "hash", entry->hash.bytes, LK_DIGEST_SIZE);
        lk_json_put_hex(&showing->writer, object, "previous", decoded->previous.bytes,
                        LK_DIGEST_SIZE);
        lk_json_put_hex(&showing->writer, object, "subject", decoded->subject.bytes,
                        LK_SUBJECT_SIZE);
        lk_json_put_int(&showing->writer, object, "endorsements",
                        entry->message->endorsement_count);
        return 0;
    }
    lk_clock_format(time, sizeof time, decoded->time);
    lk_cli_short_id(object_id, sizeof object_id, &decoded->object);
    lk_cli_short_id(hash, sizeof hash, &entry->hash);
    printf("%8" PRIu64 "  %-20s  ", decoded->number, time);
    lk_cli_cell(_(lk_entry_kind_name(decoded->kind)), 20);
    printf("%-10s%8u    %s\n", object_id, (unsigned)entry->message->endorsement_count, hash);
    return 0;
}

static int parse_range(struct lk_cli *cli, int argc, char **argv, uint64_t *first, uint64_t *most)
{
    for (int i = 1; i < argc; i++) {
        uint64_t *target = strcmp(argv[i], "--from") == 0   ? first
                           : strcmp(argv[i], "--most") == 0 ? most
                                                            : NULL;

        if (target == NULL || i + 1 == argc)
            return lk_cli_usage(cli, _("%s does not know %s"), cli->command, argv[i]);
        if (lk_number_parse(argv[++i], 1, UINT64_MAX, target) < 0)
            return lk_cli_usage(cli, _("%s takes a number from 1"), argv[i - 1]);
    }
    return 0;
}

int lk_cmd_register_show(struct lk_cli *cli, int argc, char **argv)
{
    struct showing showing = {.cli = cli};
    uint64_t first = 1;
    uint64_t most = UINT64_MAX;
    int status = parse_range(cli, argc, argv, &first, &most);

    if (status == 0)
        status = lk_cli_connect(cli);
    if (status != 0)
        return status;
    if (cli->json) {
        lk_cli_json_begin(&showing.writer, true, "OK");
        showing.array = lk_json_put_array(&showing.writer, showing.writer.root, "entries");
    } else {
        fputs(lk_cli_bold(), stdout);
        printf("%8s  %-20s  ", _("number"), _("time"));
        lk_cli_cell(_("what"), 20);
        lk_cli_cell(_("object"), 10);
        printf("%8s    %s%s\n", _("touches"), _("hash"), lk_cli_plain());
    }
    status = lk_cli_entries(cli, first, most, show_entry, &showing);
    if (cli->json && status == 0)
        return lk_cli_print_json(cli, &showing.writer);
    if (cli->json)
        lk_json_abandon(&showing.writer);
    return status;
}

/* ---- accept-restore ---- */

static int restore_facts(struct lk_cli *cli, struct lk_restore *restore)
{
    struct lk_desk_pairs *pairs = calloc(1, sizeof *pairs);
    const char *store = NULL;
    int status = pairs != NULL ? lk_cli_status(cli, pairs) : lk_cli_fail_memory(cli, "status");

    if (status == 0)
        store = lk_cli_status_value(pairs, "store");
    if (status == 0 &&
        (store == NULL || strncmp(store, lk_reason_name(LK_REASON_STORE_ROLLED_BACK),
                                  strlen(lk_reason_name(LK_REASON_STORE_ROLLED_BACK))) != 0))
        status = lk_cli_fail_reason(
            cli, LK_REASON_TRANSITION,
            _("there is nothing to accept: the store is not older than the mark"));
    if (status == 0 && (!lk_cli_parse_head(lk_cli_status_value(pairs, "mark"),
                                           &restore->mark_number, &restore->mark_hash) ||
                        !lk_cli_parse_head(lk_cli_status_value(pairs, "register"),
                                           &restore->store_number, &restore->store_hash)))
        status = lk_cli_fail_reason(cli, LK_REASON_PROTOCOL, NULL);
    free(pairs);
    return status;
}

/* The quorum's touches, then the acceptance is sent with them all. */
static int sign_restore(struct lk_cli *cli, const struct lk_operator_set *set,
                        const struct lk_buf *bytes)
{
    struct lk_desk_restore *message = calloc(1, sizeof *message);
    struct lk_buf records[LK_ENDORSEMENTS_MAX];
    struct lk_desk_result answer;
    struct lk_digest leaf;
    uint32_t request;
    int status = message != NULL ? lk_cli_digest(cli, lk_buf_view(bytes), &leaf)
                                 : lk_cli_fail_memory(cli, "restore");

    for (size_t i = 0; i < LK_ENDORSEMENTS_MAX; i++)
        lk_buf_init(&records[i], LK_ENDORSEMENT_MAX);
    for (unsigned i = 0; status == 0 && i < set->quorum[LK_ACT_RESTORE]; i++) {
        const struct lk_operator *by = lk_cli_operator(cli, set, i);

        status = by != NULL ? lk_cli_sign(cli, set, by, LK_ACT_RESTORE, &leaf, 1, &records[i])
                            : cli->said;
        message->endorsements[i] = lk_buf_view(&records[i]);
        message->endorsement_count = i + 1;
    }
    if (status == 0) {
        request = lk_cli_next(cli);
        message->restore = lk_buf_view(bytes);
        status = lk_desk_restore_encode(&cli->client.out, request, message) < 0
                     ? lk_cli_fail_memory(cli, "restore")
                     : lk_cli_ask_result(cli, request, &answer);
    }
    /* What they signed for before is given up with the rest: from here on this is the last entry. */
    for (unsigned i = 0; status == 0 && i < set->quorum[LK_ACT_RESTORE]; i++)
        lk_cli_remember_head(cli, lk_cli_operator(cli, set, i));
    for (size_t i = 0; i < LK_ENDORSEMENTS_MAX; i++)
        lk_buf_clear(&records[i]);
    free(message);
    return status;
}

static int accept_restore(struct lk_cli *cli, const struct lk_restore *restore)
{
    struct lk_buf bytes = LK_BUF_INIT(LK_STATEMENT_MAX);
    struct lk_operator_set *set = NULL;
    struct lk_buf chain = LK_BUF_INIT(0);
    struct lk_json_writer writer;
    struct lk_digest digest;
    int status = lk_restore_encode(&bytes, restore) < 0
                     ? lk_cli_fail_reason(cli, LK_REASON_INTERNAL, NULL)
                     : lk_cli_operators(cli, &set, &digest, &chain);

    if (status == 0)
        status = sign_restore(cli, set, &bytes);
    lk_buf_clear(&bytes);
    lk_buf_clear(&chain);
    lk_operator_set_free(set);
    if (status != 0)
        return status;
    if (cli->json) {
        lk_cli_json_begin(&writer, true, "OK");
        lk_json_put_int(&writer, writer.root, "mark", (int64_t)restore->mark_number);
        lk_json_put_int(&writer, writer.root, "register", (int64_t)restore->store_number);
        return lk_cli_print_json(cli, &writer);
    }
    printf("%s\n", _("Accepted. What was revoked in the lost entries stays revoked; enrolments and "
                     "suspensions of that time must be made again."));
    return LK_EXIT_OK;
}

int lk_cmd_register_accept_restore(struct lk_cli *cli, int argc, char **argv)
{
    struct lk_restore restore = {.time = lk_clock_now(&lk_clock_system)};
    char question[512];
    int status;

    if (argc > 1)
        return lk_cli_usage(cli, _("%s does not know %s"), cli->command, argv[1]);
    status = lk_cli_connect(cli);
    if (status == 0)
        status = restore_facts(cli, &restore);
    if (status != 0)
        return status;
    snprintf(question, sizeof question,
             _("The store ends at entry %" PRIu64 ", the broker had acted on entry %" PRIu64
               ". Give up what came between, for good?"),
             restore.store_number, restore.mark_number);
    if (!lk_cli_confirm(cli, question))
        return lk_cli_fail_reason(cli, LK_REASON_CANCELLED, NULL);
    return accept_restore(cli, &restore);
}
