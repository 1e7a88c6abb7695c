/* SPDX-License-Identifier: EUPL-1.2 */
/* How an operator signs. The program that shows the statements computes the hash from the bytes it shows, and verifies the answer against
 * the operator's own key before it uses it: the broker carries bytes and is not believed. */
#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "provisioning/cli.h"

int lk_cli_operators(struct lk_cli *cli, struct lk_operator_set **ret_set,
                     struct lk_digest *ret_digest, struct lk_buf *ret_chain)
{
    uint32_t request = lk_cli_next(cli);
    enum lk_reason reason = LK_REASON_INTERNAL;
    struct lk_desk_chain chain;
    struct lk_frame frame;
    int status;
    int result;

    lk_buf_init(ret_chain, LK_FRAME_MAX);
    if (lk_desk_operators_encode(&cli->client.out, request) < 0)
        return lk_cli_fail_error(cli, -LK_ERR_NOMEM, "operators");
    status = lk_cli_ask(cli, request, &frame);
    if (status != 0)
        return status;
    if (frame.type != LK_MESSAGE_DESK_CHAIN || lk_desk_chain_decode(frame.payload, &chain) < 0)
        return lk_cli_fail_reason(cli, LK_REASON_PROTOCOL, NULL);
    if (chain.chain.len == 0)
        return lk_cli_fail_reason(cli, LK_REASON_OPERATOR_SET,
                                  _("there is no operator yet: run `latchkey init`"));
    lk_buf_put_view(ret_chain, chain.chain);
    if (lk_buf_error(ret_chain) < 0)
        return lk_cli_fail_error(cli, lk_buf_error(ret_chain), "operators");
    result =
        lk_operator_chain_verify(cli->crypto, lk_buf_view(ret_chain), ret_set, ret_digest, &reason);
    if (result < 0)
        return lk_cli_fail_error(cli, result, "operators");
    return reason == LK_REASON_NONE ? 0 : lk_cli_fail_reason(cli, reason, NULL);
}

static const struct lk_operator *find_operator(const struct lk_operator_set *set, const char *name)
{
    for (uint32_t i = 0; i < set->operator_count; i++) {
        if (strcmp(set->operators[i].name, name) == 0)
            return &set->operators[i];
    }
    return NULL;
}

const struct lk_operator *lk_cli_operator(struct lk_cli *cli, const struct lk_operator_set *set,
                                          size_t index)
{
    const struct lk_operator *found = NULL;
    const struct passwd *caller;
    const char *name = getenv("SUDO_USER"); /* a default only: the signature decides who it was */

    if (index < cli->operator_count) {
        found = find_operator(set, cli->operators[index]);
        if (found == NULL)
            (void)lk_cli_fail_reason(cli, LK_REASON_OPERATOR_UNKNOWN, cli->operators[index]);
        return found;
    }
    if (set->operator_count == 1)
        return &set->operators[0];
    caller = getpwuid(getuid());
    if (name == NULL && caller != NULL)
        name = caller->pw_name;
    if (name != NULL)
        found = find_operator(set, name);
    if (found == NULL)
        (void)lk_cli_usage(
            cli, "%s", _("there is more than one operator: say who touches, with --operator NAME"));
    return found;
}

/* ---- the last entry this operator signed ---- */

static int remember_path(const struct lk_cli *cli, const struct lk_operator *by, char *ret_path,
                         size_t size)
{
    char id[2 * LK_SUBJECT_SIZE + 1];
    int length;

    lk_hex(id, sizeof id, by->id.bytes, sizeof by->id.bytes);
    length = snprintf(ret_path, size, "%s/operator-%s", cli->state_folder, id);
    return length > 0 && (size_t)length < size ? 0 : -LK_ERR_TOO_BIG;
}

void lk_cli_remember(struct lk_cli *cli, const struct lk_operator *by, uint64_t number,
                     const struct lk_digest *hash)
{
    char path[4096];
    char text[2 * LK_DIGEST_SIZE + 32];
    char hex[2 * LK_DIGEST_SIZE + 1];
    int length;
    int result;

    lk_hex(hex, sizeof hex, hash->bytes, sizeof hash->bytes);
    length = snprintf(text, sizeof text, "%" PRIu64 " %s\n", number, hex);
    result = lk_folder_make(cli->state_folder, 0700);
    if (result == 0)
        result = remember_path(cli, by, path, sizeof path);
    if (result == 0)
        result = lk_file_replace(path, 0600, LK_VIEW((const uint8_t *)text, (size_t)length));
    if (result < 0)
        lk_cli_say(cli,
                   _("Warning: %s: the last signed register entry could not be remembered: %s"),
                   cli->state_folder, lk_error_text(result));
}

static int parse_remembered(struct lk_buf *content, uint64_t *ret_number,
                            struct lk_digest *ret_hash)
{
    char *end = NULL;

    lk_buf_put_u8(content, 0);
    if (lk_buf_error(content) < 0 || content->len < 2 * LK_DIGEST_SIZE + 3)
        return -LK_ERR_CORRUPT;
    errno = 0;
    *ret_number = strtoull((const char *)content->data, &end, 10);
    if (errno != 0 || *end != ' ' || strlen(end) != 2 * LK_DIGEST_SIZE + 2)
        return -LK_ERR_CORRUPT;
    end[2 * LK_DIGEST_SIZE + 1] = '\0';
    return lk_unhex(ret_hash->bytes, sizeof ret_hash->bytes, end + 1) == 0 ? 0 : -LK_ERR_CORRUPT;
}

/* One register entry and its hash, recomputed. *ret_found false: there is none of that number. */
static int read_entry(struct lk_cli *cli, uint64_t number, bool *ret_found, uint64_t *ret_number,
                      struct lk_digest *ret_hash)
{
    const struct lk_desk_register range = {.first = number, .most = 1};
    struct lk_desk_entry *message = calloc(1, sizeof *message);
    struct lk_register_entry entry;
    struct lk_frame frame;
    uint32_t request = lk_cli_next(cli);
    int status = message == NULL || lk_desk_register_encode(&cli->client.out, request, &range) < 0
                     ? lk_cli_fail_error(cli, -LK_ERR_NOMEM, "register")
                     : 0;

    *ret_found = false;
    while (status == 0) {
        status = lk_cli_ask(cli, request, &frame);
        if (status != 0 || frame.type == LK_MESSAGE_DESK_END)
            break;
        if (frame.type != LK_MESSAGE_DESK_ENTRY)
            status = lk_cli_answer_refused(cli, &frame);
        else if (lk_desk_entry_decode(frame.payload, message) < 0 ||
                 lk_register_entry_decode(message->entry, &entry) < 0)
            status = lk_cli_fail_reason(cli, LK_REASON_PROTOCOL, NULL);
        else
            status = lk_cli_digest(cli, message->entry, ret_hash);
        *ret_number = entry.number;
        *ret_found = true;
    }
    free(message);
    return status;
}

/* The register must still hold what this operator signed for last, with the same hash: nobody put an older one back. */
static int check_remembered(struct lk_cli *cli, const struct lk_operator *by)
{
    const struct lk_file_rule rule = {.owner = geteuid(), .forbidden = 077, .check_parents = false};
    struct lk_digest remembered;
    struct lk_digest now;
    struct lk_buf content;
    char path[4096];
    uint64_t number;
    uint64_t found_number = 0;
    bool found = false;
    int result;
    int status = 0;

    lk_buf_init(&content, 256);
    result = remember_path(cli, by, path, sizeof path);
    if (result == 0)
        result = lk_file_read(path, &rule, 255, &content);
    if (result == -LK_ERR_NOT_FOUND) {
        lk_buf_clear(&content);
        return 0;
    }
    content.max = 256;
    if (result == 0)
        result = parse_remembered(&content, &number, &remembered);
    lk_buf_clear(&content);
    if (result < 0)
        return lk_cli_fail_error(cli, result, path);
    status = read_entry(cli, number, &found, &found_number, &now);
    if (status == 0 &&
        (!found || found_number != number || memcmp(&now, &remembered, sizeof now) != 0))
        status =
            lk_cli_fail_reason(cli, LK_REASON_STORE_ROLLED_BACK,
                               _("the register no longer holds the entry you signed for last"));
    return status;
}

/* ---- the touch ---- */

static int ask_touch(struct lk_cli *cli, const struct lk_operator *by, const uint8_t hash[32],
                     struct lk_endorsement *endorsement)
{
    struct lk_desk_sign sign = {.allow_count = by->key_count};
    struct lk_device_assertion assertion;
    struct lk_frame frame;
    uint32_t request = lk_cli_next(cli);
    int status;

    memcpy(sign.client_data_hash, hash, sizeof sign.client_data_hash);
    for (uint32_t i = 0; i < by->key_count; i++)
        sign.allow[i] = LK_VIEW(by->keys[i].credential_id.bytes, by->keys[i].credential_id.len);
    if (lk_desk_sign_encode(&cli->client.out, request, &sign) < 0)
        return lk_cli_fail_error(cli, -LK_ERR_NOMEM, "sign");
    lk_cli_say(cli, _("Operator %s: touch your key to sign."), by->name);
    status = lk_cli_ask(cli, request, &frame);
    if (status != 0)
        return status;
    if (frame.type != LK_MESSAGE_DESK_SIGNED)
        return lk_cli_answer_refused(cli, &frame);
    if (lk_desk_signed_decode(frame.payload, &assertion) < 0 ||
        assertion.credential_id.len > LK_CREDENTIAL_ID_MAX ||
        assertion.authenticator_data.len > sizeof endorsement->authenticator_data ||
        assertion.signature.len > sizeof endorsement->signature)
        return lk_cli_fail_reason(cli, LK_REASON_PROTOCOL, NULL);
    endorsement->credential_id.len = (uint16_t)assertion.credential_id.len;
    memcpy(endorsement->credential_id.bytes, assertion.credential_id.data,
           assertion.credential_id.len);
    endorsement->authenticator_data_len = (uint16_t)assertion.authenticator_data.len;
    memcpy(endorsement->authenticator_data, assertion.authenticator_data.data,
           assertion.authenticator_data.len);
    endorsement->signature_len = (uint16_t)assertion.signature.len;
    memcpy(endorsement->signature, assertion.signature.data, assertion.signature.len);
    return 0;
}

static int fill_signed(struct lk_cli *cli, const struct lk_operator *by, enum lk_act act,
                       const struct lk_digest *leaves, size_t count,
                       struct lk_endorsement *endorsement)
{
    bool found = false;
    int status = check_remembered(cli, by);

    if (status == 0)
        status =
            read_entry(cli, 0, &found, &endorsement->register_number, &endorsement->register_hash);
    if (status != 0)
        return status;
    if (!found) {
        endorsement->register_number = 0;
        memset(&endorsement->register_hash, 0, sizeof endorsement->register_hash);
    }
    endorsement->act = act;
    endorsement->count = count;
    endorsement->operator_id = by->id;
    endorsement->time = lk_clock_now(&lk_clock_system);
    if (lk_tree_root(cli->crypto, leaves, count, &endorsement->root) < 0)
        return lk_cli_fail_reason(cli, LK_REASON_INTERNAL, NULL);
    return 0;
}

int lk_cli_sign(struct lk_cli *cli, const struct lk_operator_set *set, const struct lk_operator *by,
                enum lk_act act, const struct lk_digest *leaves, size_t count,
                struct lk_buf *ret_record)
{
    struct lk_endorsement *endorsement = calloc(1, sizeof *endorsement);
    enum lk_reason reason = LK_REASON_INTERNAL;
    uint8_t hash[32];
    int status;

    if (endorsement == NULL)
        return lk_cli_fail_error(cli, -LK_ERR_NOMEM, "sign");
    status = fill_signed(cli, by, act, leaves, count, endorsement);
    if (status == 0 && lk_endorsement_hash(cli->crypto, endorsement, hash) < 0)
        status = lk_cli_fail_reason(cli, LK_REASON_INTERNAL, NULL);
    if (status == 0)
        status = ask_touch(cli, by, hash, endorsement);
    if (status == 0 && (lk_endorsement_verify(cli->crypto, set, endorsement, &reason) < 0 ||
                        reason != LK_REASON_NONE))
        status =
            lk_cli_fail_reason(cli, reason != LK_REASON_NONE ? reason : LK_REASON_INTERNAL, NULL);
    lk_buf_init(ret_record, LK_ENDORSEMENT_MAX);
    if (status == 0 && lk_endorsement_encode(ret_record, endorsement) < 0)
        status = lk_cli_fail_reason(cli, LK_REASON_INTERNAL, NULL);
    if (status == 0 && endorsement->register_number > 0)
        lk_cli_remember(cli, by, endorsement->register_number, &endorsement->register_hash);
    free(endorsement);
    return status;
}
