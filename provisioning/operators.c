/* SPDX-License-Identifier: EUPL-1.2 */
/* Making, signing and installing operator sets. A set is endorsed by a quorum of the set before; set 1 endorses itself and its digest goes
 * on paper. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/random.h"
#include "provisioning/operators.h"

enum { CHAIN_MAX = 1 << 20 };

int lk_cli_config(struct lk_cli *cli, struct lk_config *ret_config)
{
    char message[LK_CONFIG_MESSAGE_SIZE] = "";

    return lk_config_read(cli->config_path, ret_config, message, sizeof message) == 0
               ? 0
               : lk_cli_fail_reason(cli, LK_REASON_CONFIG, message);
}

int lk_cli_trust(struct lk_cli *cli, const struct lk_config *config, struct lk_trust **ret_trust)
{
    char message[LK_TRUST_MESSAGE_SIZE] = "";

    return lk_trust_load(cli->crypto, config, ret_trust, message, sizeof message) == 0
               ? 0
               : lk_cli_fail_reason(cli, LK_REASON_CONFIG, message);
}

int lk_cli_tables(struct lk_cli *cli, struct lk_config *ret_config, struct lk_trust **ret_trust)
{
    int status = lk_cli_config(cli, ret_config);

    if (status == 0)
        status = lk_cli_trust(cli, ret_config, ret_trust);
    if (status == 0 && (*ret_trust)->tables == NULL) {
        *ret_trust = lk_trust_free(*ret_trust);
        status = lk_cli_fail_reason(cli, LK_REASON_CONFIG,
                                    _("[models] tables is empty: keys are not judged by model"));
    }
    return status;
}

static int take_key(struct lk_cli *cli, const char *organisation,
                    const struct lk_desk_created *created, struct lk_operator *by)
{
    char relying_party[LK_RELYING_PARTY_MAX + 1];
    const struct lk_attestation attestation = {
        .object = created->attestation_object,
        .client_data_hash = LK_VIEW(created->client_data_hash, sizeof created->client_data_hash)};
    const struct lk_attestation_rule rule = {.relying_party = relying_party,
                                             .user_verification = true};
    struct lk_statement *made = calloc(1, sizeof *made);
    struct lk_operator_key *key = &by->keys[by->key_count];
    enum lk_reason reason = LK_REASON_INTERNAL;
    int status = 0;

    if (made == NULL)
        return lk_cli_fail_memory(cli, "operator");
    lk_relying_party_operator(relying_party, sizeof relying_party, organisation);
    if (lk_attestation_verify(cli->crypto, &attestation, &rule, made, &reason) < 0)
        reason = LK_REASON_INTERNAL;
    if (reason != LK_REASON_NONE) {
        status = lk_cli_fail_reason(cli, reason, NULL);
    } else {
        key->credential_id = made->credential_id;
        key->public_key = made->public_key;
        memcpy(key->aaguid, made->aaguid, sizeof key->aaguid);
        by->key_count++;
    }
    free(made);
    return status;
}

int lk_cli_operator_key(struct lk_cli *cli, const char *organisation, struct lk_operator *by)
{
    struct lk_desk_create create = {
        .kind = LK_KIND_OPERATOR, .has_subject = true, .exclude_count = by->key_count};
    struct lk_desk_created created;
    struct lk_frame frame;
    uint32_t request = lk_cli_next(cli);
    int status;

    if (by->key_count == LK_OPERATOR_KEYS_MAX)
        return lk_cli_usage(cli, _("an operator has at most %d keys"), LK_OPERATOR_KEYS_MAX);
    snprintf(create.name, sizeof create.name, "%s", by->name);
    memcpy(create.subject, by->id.bytes, sizeof create.subject);
    for (uint32_t i = 0; i < by->key_count; i++)
        create.exclude[i] = LK_VIEW(by->keys[i].credential_id.bytes, by->keys[i].credential_id.len);
    lk_cli_say(cli, _("Key %u of operator %s: plug it in and touch it when it blinks."),
               (unsigned)by->key_count + 1, by->name);
    if (lk_desk_create_encode(&cli->client.out, request, &create) < 0)
        return lk_cli_fail_memory(cli, "operator");
    status = lk_cli_ask(cli, request, &frame);
    if (status != 0)
        return status;
    if (frame.type != LK_MESSAGE_DESK_CREATED)
        return lk_cli_answer_refused(cli, &frame);
    if (lk_desk_created_decode(frame.payload, &created) < 0)
        return lk_cli_fail_reason(cli, LK_REASON_PROTOCOL, NULL);
    return take_key(cli, organisation, &created, by);
}

struct lk_operator_set *lk_cli_set_copy(const struct lk_operator_set *set)
{
    struct lk_operator_set *copy = malloc(sizeof *copy);

    if (copy == NULL)
        return NULL;
    *copy = *set;
    copy->operators = calloc((size_t)set->operator_count + 1, sizeof *copy->operators);
    if (copy->operators == NULL) {
        free(copy);
        return NULL;
    }
    if (set->operator_count > 0)
        memcpy(copy->operators, set->operators, set->operator_count * sizeof *copy->operators);
    return copy;
}

/* Two of those who hold the role, where there are two. */
static uint8_t quorum_of(const struct lk_operator_set *set, enum lk_act act)
{
    uint32_t holders = 0;

    for (uint32_t i = 0; i < set->operator_count; i++)
        holders += (set->operators[i].roles & lk_act_role(act)) != 0;
    return holders >= 2 ? 2 : 1;
}

void lk_cli_set_finish(struct lk_operator_set *set)
{
    lk_operator_set_sort(set);
    set->quorum[LK_ACT_ENROL] = quorum_of(set, LK_ACT_ENROL);
    set->quorum[LK_ACT_OPERATORS] = quorum_of(set, LK_ACT_OPERATORS);
    set->quorum[LK_ACT_RESTORE] = quorum_of(set, LK_ACT_RESTORE);
    set->quorum[LK_ACT_SUSPEND] = 1; /* denying is cheap, allowing is not */
    set->quorum[LK_ACT_REVOKE] = 1;
    set->time = lk_clock_now(&lk_clock_system);
}

/* The quorum's touches over one digest, each by another operator. */
static int collect_touches(struct lk_cli *cli, const struct lk_operator_set *signing,
                           const struct lk_digest *digest, struct lk_buf *records,
                           struct lk_operator_chain_link *link)
{
    unsigned needed = signing->quorum[LK_ACT_OPERATORS];
    int status = 0;

    for (unsigned i = 0; i < needed && status == 0; i++) {
        const struct lk_operator *by = lk_cli_operator(cli, signing, i);

        if (by == NULL)
            return cli->said;
        status = lk_cli_sign(cli, signing, by, LK_ACT_OPERATORS, digest, 1, &records[i]);
        link->endorsements[i] = lk_buf_view(&records[i]);
        link->endorsement_count = i + 1;
    }
    return status;
}

static int append_link(struct lk_cli *cli, struct lk_view old_chain,
                       const struct lk_operator_chain_link *link, struct lk_buf *ret_chain)
{
    struct lk_operator_chain_link *old = NULL;
    struct lk_operator_chain_link *all;
    size_t count = 0;
    int result = old_chain.len > 0 ? lk_operator_chain_decode(old_chain, &old, &count) : 0;

    all = calloc(count + 1, sizeof *all);
    if (result == 0 && all == NULL)
        result = -LK_ERR_NOMEM;
    if (result == 0) {
        if (count > 0)
            memcpy(all, old, count * sizeof *all);
        all[count] = *link;
        result = lk_operator_chain_encode(ret_chain, all, count + 1);
    }
    free(all);
    free(old);
    return result == 0 ? 0 : lk_cli_fail_error(cli, result, "operators");
}

int lk_cli_set_sign(struct lk_cli *cli, const struct lk_operator_set *signing,
                    const struct lk_operator_set *fresh, struct lk_view old_chain,
                    struct lk_buf *ret_chain, struct lk_digest *ret_digest)
{
    struct lk_operator_chain_link link = {0};
    struct lk_buf records[LK_ENDORSEMENTS_MAX];
    struct lk_buf bytes = LK_BUF_INIT(LK_OPERATOR_SET_MAX);
    struct lk_operator_set *checked = NULL;
    struct lk_digest checked_digest;
    enum lk_reason reason = LK_REASON_INTERNAL;
    int status = 0;

    for (size_t i = 0; i < LK_ENDORSEMENTS_MAX; i++)
        lk_buf_init(&records[i], LK_ENDORSEMENT_MAX);
    lk_buf_init(ret_chain, CHAIN_MAX);
    if (lk_operator_set_encode(&bytes, fresh) < 0)
        status = lk_cli_fail_reason(cli, LK_REASON_OPERATOR_SET, NULL);
    if (status == 0)
        status = lk_cli_digest(cli, lk_buf_view(&bytes), ret_digest);
    link.set = lk_buf_view(&bytes);
    if (status == 0)
        status = collect_touches(cli, signing, ret_digest, records, &link);
    if (status == 0)
        status = append_link(cli, old_chain, &link, ret_chain);
    /* What the broker would refuse is refused before it is installed. */
    if (status == 0 && (lk_operator_chain_verify(cli->crypto, lk_buf_view(ret_chain), &checked,
                                                 &checked_digest, &reason) < 0 ||
                        reason != LK_REASON_NONE))
        status = lk_cli_fail_reason(cli, reason, NULL);
    lk_operator_set_free(checked);
    for (size_t i = 0; i < LK_ENDORSEMENTS_MAX; i++)
        lk_buf_clear(&records[i]);
    lk_buf_clear(&bytes);
    return status;
}

int lk_cli_set_install(struct lk_cli *cli, const struct lk_config *config, struct lk_view chain)
{
    struct lk_desk_result answer;
    uint32_t request = lk_cli_next(cli);
    int result = lk_file_replace(config->operators, 0644, chain);

    if (result < 0)
        return lk_cli_fail_error(cli, result, config->operators);
    if (lk_desk_reload_encode(&cli->client.out, request) < 0)
        return lk_cli_fail_memory(cli, "operators");
    return lk_cli_ask_result(cli, request, &answer);
}
