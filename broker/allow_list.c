/* SPDX-License-Identifier: EUPL-1.2 */
/* The list of credential ids for a ceremony. What it must not tell: whether the agent is known, enrolled, suspended (design rule 6). */
#include "broker/allow_list.h"

#include <string.h>

#include "broker/run.h"

static void allow_known(const struct lk_broker *broker, const struct lk_store_rows *rows,
                        struct lk_allow_list *allow)
{
    size_t lengths[LK_STORE_ROWS_MAX];
    uint32_t count = 0;
    struct lk_view rest;

    for (size_t i = 0; i < rows->count && count < LK_CREDENTIALS_PER_AGENT; i++) {
        const struct lk_statement *statement = &allow->statement;

        if (!rows->rows[i].newest ||
            lk_statement_decode(rows->rows[i].statement, &allow->statement) != 0 ||
            statement->kind != LK_KIND_HOST ||
            strcmp(statement->relying_party, allow->request->relying_party) != 0)
            continue;
        lk_buf_put_bytes(&allow->memory, statement->credential_id.bytes,
                         statement->credential_id.len);
        lengths[count++] = statement->credential_id.len;
        if (lk_policy_user_verification(&broker->policy, statement, LK_KIND_HOST))
            allow->user_verification = true;
    }
    rest = lk_buf_view(&allow->memory);
    for (uint32_t i = 0; i < count && lk_buf_error(&allow->memory) == 0; i++) {
        if (lk_view_get_view(&rest, lengths[i], &allow->request->allow[i]) == 0)
            allow->request->allow_count++;
    }
}

/* Stable for a name, so that asking twice tells nothing; nobody without the key of the state folder can tell them from real ones. */
static int allow_decoys(const struct lk_broker *broker, const char *name,
                        struct lk_allow_list *allow)
{
    for (uint32_t i = 0; i < LK_DECOYS * LK_DECOY_SIZE / 32; i++) {
        struct lk_buf text = LK_BUF_INIT(128);
        uint8_t *place = &allow->decoys[0][0] + i * 32U;
        int error;

        lk_buf_put_u32(&text, i);
        lk_buf_put_string(&text, name);
        error = lk_buf_error(&text);
        if (error == 0)
            error = lk_hmac_sha256(broker->crypto,
                                   LK_VIEW(broker->decoy_key, sizeof(broker->decoy_key)),
                                   lk_buf_view(&text), place);
        lk_buf_clear(&text);
        if (error != 0)
            return error;
    }
    if (allow->request->allow_count > 0)
        return 0;
    for (uint32_t i = 0; i < LK_DECOYS; i++)
        allow->request->allow[i] = LK_VIEW(allow->decoys[i], LK_DECOY_SIZE);
    allow->request->allow_count = LK_DECOYS;
    return 0;
}

static int stand_in_each(void *context, const char *name, const struct lk_store_row *row)
{
    struct lk_broker *broker = context;

    (void)name;
    broker->stand_in = row->subject;
    return 0;
}

/* For one who is not enrolled another agent's rows are read and decoded, and thrown away: the last one who was asked for, or the first there is. */
static int allow_stand_in(struct lk_broker *broker, struct lk_allow_list *allow)
{
    const struct lk_store_filter first = {.most = 1};
    struct lk_store_rows rows = {0};
    int error = 0;

    if (lk_subject_zero(&broker->stand_in))
        error = broker->store_ops->list(broker->store, &first, stand_in_each, broker);
    if (error == 0)
        error = broker->store_ops->read_subject(broker->store, &broker->stand_in, &rows);
    if (error != 0)
        return error;
    allow_known(broker, &rows, allow);
    lk_store_rows_free(&rows);
    allow->request->allow_count = 0;
    allow->user_verification = broker->policy.host_user_verification;
    return 0;
}

int lk_allow_list_fill(struct lk_broker *broker, const char *name, struct lk_allow_list *allow)
{
    struct lk_store_rows rows = {0};
    int error;

    lk_buf_init(&allow->memory, 2 * LK_CREDENTIALS_PER_AGENT * LK_CREDENTIAL_ID_MAX);
    allow->request->allow_count = 0;
    allow->user_verification = broker->policy.host_user_verification;
    error = broker->store_ops->read_name(broker->store, name, &rows);
    if (error != 0)
        return error;
    if (rows.known && lk_name_valid(name))
        allow_known(broker, &rows, allow);
    if (allow->request->allow_count > 0)
        broker->stand_in = rows.subject;
    else
        error = allow_stand_in(broker, allow);
    lk_store_rows_free(&rows);
    return error != 0 ? error : allow_decoys(broker, name, allow);
}

void lk_allow_list_clear(struct lk_allow_list *allow)
{
    lk_buf_clear(&allow->memory);
}
