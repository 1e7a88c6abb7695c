/* SPDX-License-Identifier: EUPL-1.2 */
/* The SQLite back end: its row of the store's table. What each operation promises stands in store.h. */
#include "broker/store/sqlite.h"

static int low_space(struct lk_store *store)
{
    return atomic_load(&store->reserve.level);
}

const struct lk_store_ops lk_store_sqlite = {
    .name = "sqlite",
    .open = lk_sqlite_open,
    .close = lk_sqlite_close,
    .hold = lk_snapshot_begin, /* BEGIN is deferred: without a read nothing is held */
    .release = lk_snapshot_end,
    .read_name = lk_sqlite_read_name,
    .read_subject = lk_sqlite_read_subject,
    .read_credential = lk_sqlite_read_credential,
    .read_statement = lk_sqlite_read_statement,
    .list = lk_sqlite_list,
    .read_head = lk_sqlite_read_head,
    .read_register = lk_sqlite_read_register,
    .read_log = lk_sqlite_read_log,
    .read_proof = lk_sqlite_read_proof,
    .read_code = lk_sqlite_read_code,
    .read_queue = lk_sqlite_read_queue,
    .commit = lk_sqlite_commit,
    .maintain = lk_sqlite_maintain,
    .low_space = low_space,
};
