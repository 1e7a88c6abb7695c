/* SPDX-License-Identifier: EUPL-1.2 */
/* Statements that are dead for ever, kept outside the store. "Newest" and "state" are columns that a database writer can set: what
 * was once suspended, revoked or superseded must not come back by them. So their digests go into the mark, and the only way back is a
 * statement with another digest: a new version with the quorum of an enrolment. */
#include "broker/bury.h"

#include <string.h>

enum { PAGE = 128 };

int lk_broker_bury(struct lk_broker *broker, const struct lk_digest *statement, bool itself)
{
    struct lk_store_rows found = {0};
    struct lk_store_rows versions = {0};
    uint64_t version = 0;
    int error = itself ? lk_mark_add_revoked(broker->mark, statement) : 0;

    if (error == 0)
        error = broker->store_ops->read_statement(broker->store, statement, &found);
    if (error == 0 && found.count == 1) {
        version = found.rows[0].version;
        error =
            broker->store_ops->read_credential(broker->store, &found.rows[0].credential, &versions);
    }
    for (size_t i = 0; i < versions.count && error == 0; i++) {
        if (versions.rows[i].version < version)
            error = lk_mark_add_revoked(broker->mark, &versions.rows[i].digest);
    }
    lk_store_rows_free(&versions);
    lk_store_rows_free(&found);
    return error;
}

int lk_broker_bury_change(struct lk_broker *broker, const struct lk_change *change)
{
    int error = 0;

    if (change->kind == LK_CHANGE_STATE)
        return lk_broker_bury(broker, &change->u.state.statement, true);
    if (change->kind != LK_CHANGE_ENDORSE)
        return 0;
    for (size_t i = 0; i < change->u.endorse.count && error == 0; i++) {
        if (change->u.endorse.completes[i])
            error = lk_broker_bury(broker, &change->u.endorse.statements[i], false);
    }
    return error;
}

/* ---- what a broker that was killed between commit and mark did not write ---- */

struct page {
    size_t count;
    struct {
        enum lk_entry_kind kind;
        uint64_t number;
        struct lk_digest hash;
        struct lk_digest statement;
    } entries[PAGE];
};

static int page_entry(void *context, const struct lk_store_entry *row)
{
    struct page *page = context;
    struct lk_register_entry entry;
    struct lk_state_change change;
    int error;

    if (page->count == PAGE)
        return -LK_ERR_INTERNAL;
    error = lk_register_entry_decode(row->bytes, &entry);
    if (error == 0 && entry.kind == LK_ENTRY_STATE)
        error = lk_state_change_decode(row->object, &change);
    if (error != 0)
        return error;
    page->entries[page->count].kind = entry.kind;
    page->entries[page->count].number = entry.number;
    page->entries[page->count].hash = row->hash;
    page->entries[page->count].statement =
        entry.kind == LK_ENTRY_STATE ? change.statement : entry.object;
    page->count++;
    return 0;
}

static int page_bury(struct lk_broker *broker, const struct page *page)
{
    int error = 0;

    for (size_t i = 0; i < page->count && error == 0; i++) {
        if (page->entries[i].kind == LK_ENTRY_STATE)
            error = lk_broker_bury(broker, &page->entries[i].statement, true);
        else if (page->entries[i].kind == LK_ENTRY_ENDORSEMENT)
            error = lk_broker_bury(broker, &page->entries[i].statement, false);
    }
    return error;
}

int lk_broker_catch_up(struct lk_broker *broker)
{
    struct lk_store_head head;
    uint64_t number = 0;
    int error = broker->store_ops->read_head(broker->store, &head);

    lk_mark_get(broker->mark, &number, NULL, NULL, NULL);
    while (error == 0 && number < head.number) {
        struct page page = {0};

        error =
            broker->store_ops->read_register(broker->store, number + 1, PAGE, page_entry, &page);
        if (error == 0 && page.count == 0)
            return -LK_ERR_CORRUPT;
        if (error == 0)
            error = page_bury(broker, &page);
        if (error == 0) {
            number = page.entries[page.count - 1].number;
            error = lk_mark_advance(broker->mark, number, &page.entries[page.count - 1].hash,
                                    head.set_number, &head.set_digest);
        }
    }
    return error;
}
