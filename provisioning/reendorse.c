/* SPDX-License-Identifier: EUPL-1.2 */
/* Statements are judged by the current operator set. Before a set is signed that would leave some of them short, they are listed and endorsed
 * anew, so that nobody is locked out by a change among operators. */
#include "provisioning/reendorse.h"

#include <stdlib.h>
#include <string.h>

struct judging {
    struct lk_cli *cli;
    const struct lk_operator_set *set;
    struct lk_shortage *shortage;
};

static unsigned bits(uint64_t mask)
{
    return (unsigned)__builtin_popcountll(mask);
}

/* Which operators of the set have endorsed it. An endorsement that does not verify counts for nobody. */
static int count_operators(struct judging *judging, const struct lk_desk_credential *credential,
                           uint64_t *ret_mask)
{
    struct lk_endorsement *endorsement = calloc(1, sizeof *endorsement);

    *ret_mask = 0;
    if (endorsement == NULL)
        return lk_cli_fail_memory(judging->cli, "operators");
    for (uint32_t i = 0; i < credential->endorsement_count; i++) {
        enum lk_reason reason = LK_REASON_INTERNAL;

        if (lk_endorsement_decode(credential->endorsements[i], endorsement) < 0 ||
            endorsement->act != LK_ACT_ENROL ||
            lk_endorsement_verify(judging->cli->crypto, judging->set, endorsement, &reason) < 0 ||
            reason != LK_REASON_NONE)
            continue;
        for (uint32_t k = 0; k < judging->set->operator_count; k++) {
            if (memcmp(&judging->set->operators[k].id, &endorsement->operator_id,
                       sizeof endorsement->operator_id) == 0)
                *ret_mask |= UINT64_C(1) << k;
        }
    }
    free(endorsement);
    return 0;
}

static int each(void *context, const struct lk_desk_credential *credential)
{
    struct judging *judging = context;
    struct lk_shortage *shortage = judging->shortage;
    struct lk_short *grown;
    uint64_t mask = 0;
    int status = count_operators(judging, credential, &mask);

    if (status != 0 || bits(mask) >= judging->set->quorum[LK_ACT_ENROL])
        return status;
    grown = reallocarray(shortage->items, shortage->count + 1, sizeof *grown);
    if (grown == NULL)
        return lk_cli_fail_memory(judging->cli, "operators");
    shortage->items = grown;
    grown[shortage->count].counted = mask;
    status = lk_cli_digest(judging->cli, credential->statement, &grown[shortage->count].statement);
    if (status == 0)
        shortage->count++;
    if (status == 0 && !judging->cli->json && shortage->count == 1)
        lk_cli_list_head();
    if (status == 0 && !judging->cli->json)
        lk_cli_show_credential(judging->cli, credential, false);
    return status;
}

int lk_cli_shortage(struct lk_cli *cli, const struct lk_operator_set *set,
                    struct lk_shortage *ret_shortage)
{
    const struct lk_desk_filter filter = {.state = LK_STATE_ACTIVE};
    struct judging judging = {.cli = cli, .set = set, .shortage = ret_shortage};

    *ret_shortage = (struct lk_shortage){0};
    return lk_cli_list(cli, &filter, each, &judging);
}

void lk_cli_shortage_clear(struct lk_shortage *shortage)
{
    free(shortage->items);
    *shortage = (struct lk_shortage){0};
}

static bool still_short(const struct lk_operator_set *set, const struct lk_short *item)
{
    return bits(item->counted) < set->quorum[LK_ACT_ENROL];
}

bool lk_cli_shortage_open(const struct lk_operator_set *set, const struct lk_shortage *shortage)
{
    for (size_t i = 0; i < shortage->count; i++) {
        if (still_short(set, &shortage->items[i]))
            return true;
    }
    return false;
}

/* Would this operator's touch count for this statement? */
static bool helps(const struct lk_operator_set *set, const struct lk_operator *by,
                  const struct lk_short *item)
{
    uint64_t bit = UINT64_C(1) << (by - set->operators);

    return still_short(set, item) && (item->counted & bit) == 0 &&
           (by->roles & lk_act_role(LK_ACT_ENROL)) != 0;
}

bool lk_cli_shortage_helps(const struct lk_operator_set *set, const struct lk_operator *by,
                           const struct lk_shortage *shortage)
{
    for (size_t i = 0; i < shortage->count; i++) {
        if (helps(set, by, &shortage->items[i]))
            return true;
    }
    return false;
}

/* The next batch that this operator can sign; count 0: none is left. */
static int next_batch(struct lk_cli *cli, const struct lk_operator_set *set,
                      const struct lk_operator *by, struct lk_shortage *shortage,
                      struct lk_batch_record *ret_batch)
{
    lk_buf_init(&ret_batch->record, LK_ENDORSEMENT_MAX);
    ret_batch->count = 0;
    ret_batch->statements = calloc(LK_BATCH_MAX, sizeof *ret_batch->statements);
    if (ret_batch->statements == NULL)
        return lk_cli_fail_memory(cli, "operators");
    for (size_t i = 0; i < shortage->count && ret_batch->count < LK_BATCH_MAX; i++) {
        if (!helps(set, by, &shortage->items[i]))
            continue;
        ret_batch->statements[ret_batch->count++] = shortage->items[i].statement;
        shortage->items[i].counted |= UINT64_C(1) << (by - set->operators);
    }
    return 0;
}

int lk_cli_mend_sign(struct lk_cli *cli, const struct lk_operator_set *set,
                     const struct lk_operator *by, struct lk_shortage *shortage,
                     struct lk_mending *mending)
{
    int status = 0;

    while (status == 0 && lk_cli_shortage_helps(set, by, shortage)) {
        struct lk_batch_record *grown =
            reallocarray(mending->batches, mending->count + 1, sizeof *grown);
        struct lk_batch_record *batch;

        if (grown == NULL)
            return lk_cli_fail_memory(cli, "operators");
        mending->batches = grown;
        batch = &grown[mending->count++];
        status = next_batch(cli, set, by, shortage, batch);
        if (status == 0)
            status = lk_cli_sign(cli, set, by, LK_ACT_ENROL, batch->statements, batch->count,
                                 &batch->record);
    }
    return status;
}

int lk_cli_mend_send(struct lk_cli *cli, const struct lk_mending *mending)
{
    int status = 0;

    for (size_t i = 0; i < mending->count && status == 0; i++) {
        const struct lk_batch_record *batch = &mending->batches[i];
        const struct lk_desk_endorse endorse = {
            .endorsement = lk_buf_view(&batch->record),
            .count = (uint32_t)batch->count,
            .statements = LK_VIEW(batch->statements[0].bytes, batch->count * LK_DIGEST_SIZE)};
        struct lk_desk_result answer;
        uint32_t request = lk_cli_next(cli);

        if (lk_desk_endorse_encode(&cli->client.out, request, &endorse) < 0)
            status = lk_cli_fail_memory(cli, "operators");
        else
            status = lk_cli_ask_result(cli, request, &answer);
    }
    return status;
}

void lk_cli_mending_clear(struct lk_mending *mending)
{
    for (size_t i = 0; i < mending->count; i++) {
        lk_buf_clear(&mending->batches[i].record);
        free(mending->batches[i].statements);
    }
    free(mending->batches);
    *mending = (struct lk_mending){0};
}

bool lk_cli_is_short(const struct lk_desk_credential *credential)
{
    bool wanting = false;

    if (credential->state != LK_STATE_ACTIVE)
        return false;
    for (uint32_t i = 0; i < credential->reason_count; i++) {
        switch (credential->reasons[i]) {
        case LK_REASON_QUORUM:
        case LK_REASON_OPERATOR_UNKNOWN:
        case LK_REASON_OPERATOR_ROLE:
            wanting = true;
            break;
        /* What the register or the evidence does not stand behind is not mended by a touch. */
        case LK_REASON_UNLOGGED:
        case LK_REASON_EVIDENCE:
        case LK_REASON_STATEMENT:
        case LK_REASON_ENDORSEMENT:
            return false;
        default:
            break;
        }
    }
    return wanting;
}
