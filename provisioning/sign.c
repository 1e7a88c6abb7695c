/* SPDX-License-Identifier: EUPL-1.2 */
/* How an operator signs. The program that shows the statements computes the hash from the bytes it shows, and verifies the answer against
 * the operator's own key before it uses it: the broker carries bytes and is not believed. */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
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
        return lk_cli_fail_memory(cli, "operators");
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

/* The one who called, by login name: a default only, the signature decides who it was. */
static const struct lk_operator *calling_operator(const struct lk_operator_set *set)
{
    const struct passwd *caller = getpwuid(getuid());
    const char *name = secure_getenv("SUDO_USER");

    if (name == NULL && caller != NULL)
        name = caller->pw_name;
    return name != NULL ? find_operator(set, name) : NULL;
}

static bool already_given(const struct lk_cli *cli, const struct lk_operator *by)
{
    if (cli->operator_count == 0)
        return false;
    for (size_t i = 0; i < cli->operator_count; i++) {
        if (strcmp(cli->operators[i], by->name) == 0)
            return true;
    }
    return false;
}

/* The only operator who is not among those before; NULL if there are several. */
static const struct lk_operator *remaining_operator(const struct lk_cli *cli,
                                                    const struct lk_operator_set *set,
                                                    const struct lk_operator *first)
{
    const struct lk_operator *found = NULL;

    for (uint32_t i = 0; i < set->operator_count; i++) {
        const struct lk_operator *candidate = &set->operators[i];

        if (candidate == first || already_given(cli, candidate))
            continue;
        if (found != NULL)
            return NULL;
        found = candidate;
    }
    return found;
}

const struct lk_operator *lk_cli_operator(struct lk_cli *cli, const struct lk_operator_set *set,
                                          size_t index)
{
    const struct lk_operator *found = NULL;

    if (index < cli->operator_count) {
        found = find_operator(set, cli->operators[index]);
        if (found == NULL)
            (void)lk_cli_fail_reason(cli, LK_REASON_OPERATOR_UNKNOWN, cli->operators[index]);
        return found;
    }
    if (set->operator_count == 1 && index == 0)
        return &set->operators[0];
    if (cli->operator_count == 0)
        found = calling_operator(set);
    if (index > 0)
        found = remaining_operator(cli, set, found);
    if (found == NULL)
        (void)lk_cli_usage(cli, "%s",
                           _("say which operators touch, each once: --operator NAME, repeated "
                             "where two are needed"));
    return found;
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
        return lk_cli_fail_memory(cli, "sign");
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
    /* Whoever accepts a restored store knows that the register went back, and was asked. */
    int status = act == LK_ACT_RESTORE ? 0 : lk_cli_check_remembered(cli, by);

    if (status == 0)
        status = lk_cli_head(cli, &endorsement->register_number, &endorsement->register_hash);
    if (status != 0)
        return status;
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
        return lk_cli_fail_memory(cli, "sign");
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
