/* SPDX-License-Identifier: EUPL-1.2 */
/* Appending to the register: numbers and hashes are given here, by the single writer, inside the transaction. */
#include "broker/store/sqlite.h"

int lk_detail_digest(const struct lk_crypto *crypto, struct lk_view endorsements,
                     struct lk_digest *ret_digest)
{
    if (endorsements.len == 0) {
        *ret_digest = (struct lk_digest){0};
        return 0;
    }
    return lk_sha256(crypto, &endorsements, 1, ret_digest->bytes);
}

static int insert(struct lk_batch *batch, const struct lk_entry_draft *draft, uint64_t number,
                  struct lk_view bytes, const struct lk_digest *hash)
{
    sqlite3_stmt *statement = lk_sql(batch->db, LK_Q_REGISTER_ADD);

    lk_sql_int(statement, 1, (int64_t)number);
    lk_sql_int(statement, 2, (int64_t)draft->kind);
    if (draft->statement != 0)
        lk_sql_int(statement, 3, draft->statement);
    lk_sql_int(statement, 4, draft->sealed);
    lk_sql_blob(statement, 5, hash->bytes, LK_DIGEST_SIZE);
    lk_sql_view(statement, 6, bytes);
    lk_sql_view(statement, 7, draft->object_bytes);
    lk_sql_view(statement, 8, draft->endorsements);
    return lk_sql_run(statement);
}

int lk_register_append(struct lk_batch *batch, const struct lk_entry_draft *draft,
                       struct lk_change *change)
{
    struct lk_register_entry entry = {
        .number = batch->number + 1,
        .previous = batch->hash,
        .kind = draft->kind,
        .object = draft->object,
        .detail = draft->detail,
        .subject = draft->subject,
        .time = draft->time,
        .broker = batch->store->broker,
        .log_number = batch->log_number,
        .log_hash = batch->log_hash,
    };
    struct lk_buf buf = LK_BUF_INIT(LK_REGISTER_ENTRY_MAX);
    struct lk_view bytes;
    struct lk_digest hash;
    int r = lk_register_entry_encode(&buf, &entry);

    bytes = lk_buf_view(&buf);
    if (r == 0)
        r = lk_sha256(batch->store->crypto, &bytes, 1, hash.bytes);
    if (r == 0)
        r = insert(batch, draft, entry.number, bytes, &hash);
    lk_buf_clear(&buf);
    if (r != 0)
        return r;
    batch->number = change->number = entry.number;
    batch->hash = change->hash = hash;
    return 0;
}
