/* SPDX-License-Identifier: EUPL-1.2 */
/* Endorsing statements: one touch covers a batch, each statement carries its path in the tree under that touch. */
#include <stdlib.h>
#include <string.h>

#include "provisioning/endorse.h"

void lk_endorse_list_clear(struct lk_endorse_list *list)
{
    free(list->statements);
    list->statements = NULL;
    list->count = 0;
}

int lk_endorse_list_add(struct lk_cli *cli, struct lk_endorse_list *list,
                        const struct lk_digest *statement)
{
    struct lk_digest *grown = reallocarray(list->statements, list->count + 1, sizeof *grown);

    if (grown == NULL)
        return lk_cli_fail_memory(cli, "endorse");
    list->statements = grown;
    list->statements[list->count++] = *statement;
    return 0;
}

static int send_batch(struct lk_cli *cli, const struct lk_operator_set *set,
                      const struct lk_operator *by, const struct lk_digest *statements,
                      size_t count, uint64_t *ret_active, uint64_t *ret_short)
{
    struct lk_desk_endorse endorse = {.count = (uint32_t)count,
                                      .statements =
                                          LK_VIEW(statements[0].bytes, count * LK_DIGEST_SIZE)};
    struct lk_desk_result answer = {0};
    struct lk_buf record;
    uint32_t request;
    int status = lk_cli_sign(cli, set, by, LK_ACT_ENROL, statements, count, &record);

    if (status == 0) {
        request = lk_cli_next(cli);
        endorse.endorsement = lk_buf_view(&record);
        if (lk_desk_endorse_encode(&cli->client.out, request, &endorse) < 0)
            status = lk_cli_fail_memory(cli, "endorse");
        else
            status = lk_cli_ask_result(cli, request, &answer);
    }
    lk_buf_clear(&record);
    if (status == 0) {
        lk_cli_remember_head(cli, by);
        *ret_active += answer.number;
        *ret_short += answer.detail;
    }
    return status;
}

int lk_cli_endorse(struct lk_cli *cli, const struct lk_endorse_list *list, uint64_t *ret_active,
                   uint64_t *ret_short)
{
    struct lk_operator_set *set = NULL;
    struct lk_digest digest;
    struct lk_buf chain;
    size_t touches = cli->operator_count > 0 ? cli->operator_count : 1;
    int status = lk_cli_operators(cli, &set, &digest, &chain);

    *ret_active = 0;
    for (size_t i = 0; i < touches && status == 0; i++) {
        const struct lk_operator *by = lk_cli_operator(cli, set, i);

        *ret_short = 0;
        if (by == NULL)
            status = cli->said;
        for (size_t done = 0; done < list->count && status == 0; done += LK_BATCH_MAX) {
            size_t count = list->count - done < LK_BATCH_MAX ? list->count - done : LK_BATCH_MAX;

            status =
                send_batch(cli, set, by, list->statements + done, count, ret_active, ret_short);
        }
    }
    lk_operator_set_free(set);
    lk_buf_clear(&chain);
    return status;
}
