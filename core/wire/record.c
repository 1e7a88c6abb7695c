/* SPDX-License-Identifier: EUPL-1.2 */
/* The short formats: "latchkey state 1", "latchkey restore 1", "latchkey register 1" and "latchkey
 * host challenge 1" (docs/PROTOCOL.md 4.3 and 4.9 to 4.11). */
#include <string.h>

#include "wire/format.h"

#define TYPE_STATE     "latchkey state 1"
#define TYPE_RESTORE   "latchkey restore 1"
#define TYPE_REGISTER  "latchkey register 1"
#define TYPE_CHALLENGE "latchkey host challenge 1"

static int state_change_check(const struct lk_state_change *change)
{
    if (change->state != LK_STATE_SUSPENDED && change->state != LK_STATE_REVOKED)
        return -LK_ERR_RANGE;
    if (change->time < 0)
        return -LK_ERR_RANGE;
    return lk_text_plain(change->reason) ? 0 : -LK_ERR_ENCODING;
}

int lk_state_change_encode(struct lk_buf *buf, const struct lk_state_change *change)
{
    struct lk_writer writer = {.buf = buf};
    int result = state_change_check(change);

    if (result < 0)
        return result;
    lk_write_begin(&writer, TYPE_STATE, 5);
    lk_write_bytes(&writer, change->statement.bytes, LK_DIGEST_SIZE);
    lk_write_text(&writer, lk_state_name(change->state));
    lk_write_text(&writer, change->reason);
    lk_write_uint(&writer, (uint64_t)change->time);
    return writer.error;
}

int lk_state_change_decode(struct lk_view bytes, struct lk_state_change *ret_change)
{
    struct lk_reader reader = {.view = bytes};
    struct lk_state_change change = {0};
    int result;

    lk_read_begin(&reader, TYPE_STATE, 5);
    lk_read_fixed(&reader, change.statement.bytes, LK_DIGEST_SIZE);
    change.state = (enum lk_state)lk_read_choice(&reader, lk_choice_state, LK_STATE_SUSPENDED,
                                                 LK_STATE_REVOKED);
    lk_read_text(&reader, change.reason, sizeof(change.reason));
    change.time = lk_read_time(&reader);
    result = lk_read_end(&reader);
    if (result == 0)
        result = state_change_check(&change);
    if (result == 0)
        *ret_change = change;
    return result;
}

static int restore_check(const struct lk_restore *restore)
{
    if (restore->time < 0)
        return -LK_ERR_RANGE;
    /* An empty store or mark has number 0 and no hash. */
    if (restore->mark_number == 0 && !lk_digest_zero(&restore->mark_hash))
        return -LK_ERR_RANGE;
    if (restore->store_number == 0 && !lk_digest_zero(&restore->store_hash))
        return -LK_ERR_RANGE;
    return 0;
}

int lk_restore_encode(struct lk_buf *buf, const struct lk_restore *restore)
{
    struct lk_writer writer = {.buf = buf};
    int result = restore_check(restore);

    if (result < 0)
        return result;
    lk_write_begin(&writer, TYPE_RESTORE, 6);
    lk_write_uint(&writer, restore->mark_number);
    lk_write_bytes(&writer, restore->mark_hash.bytes, LK_DIGEST_SIZE);
    lk_write_uint(&writer, restore->store_number);
    lk_write_bytes(&writer, restore->store_hash.bytes, LK_DIGEST_SIZE);
    lk_write_uint(&writer, (uint64_t)restore->time);
    return writer.error;
}

int lk_restore_decode(struct lk_view bytes, struct lk_restore *ret_restore)
{
    struct lk_reader reader = {.view = bytes};
    struct lk_restore restore = {0};
    int result;

    lk_read_begin(&reader, TYPE_RESTORE, 6);
    restore.mark_number = lk_read_uint(&reader, 0, UINT64_MAX);
    lk_read_fixed(&reader, restore.mark_hash.bytes, LK_DIGEST_SIZE);
    restore.store_number = lk_read_uint(&reader, 0, UINT64_MAX);
    lk_read_fixed(&reader, restore.store_hash.bytes, LK_DIGEST_SIZE);
    restore.time = lk_read_time(&reader);
    result = lk_read_end(&reader);
    if (result == 0)
        result = restore_check(&restore);
    if (result == 0)
        *ret_restore = restore;
    return result;
}

static int register_entry_check(const struct lk_register_entry *entry)
{
    bool house = entry->kind == LK_ENTRY_OPERATOR_SET || entry->kind == LK_ENTRY_RESTORE;

    if (entry->kind < LK_ENTRY_OPERATOR_SET || entry->kind > LK_ENTRY_RESTORE)
        return -LK_ERR_RANGE;
    if (entry->number == 0 || entry->time < 0)
        return -LK_ERR_RANGE;
    if (entry->number == 1 && !lk_digest_zero(&entry->previous))
        return -LK_ERR_RANGE;
    if (house && !lk_subject_zero(&entry->subject))
        return -LK_ERR_RANGE;
    if (entry->log_number == 0 && !lk_digest_zero(&entry->log_hash))
        return -LK_ERR_RANGE;
    return 0;
}

int lk_register_entry_encode(struct lk_buf *buf, const struct lk_register_entry *entry)
{
    struct lk_writer writer = {.buf = buf};
    int result = register_entry_check(entry);

    if (result < 0)
        return result;
    lk_write_begin(&writer, TYPE_REGISTER, 11);
    lk_write_uint(&writer, entry->number);
    lk_write_bytes(&writer, entry->previous.bytes, LK_DIGEST_SIZE);
    lk_write_text(&writer, lk_entry_kind_name(entry->kind));
    lk_write_bytes(&writer, entry->object.bytes, LK_DIGEST_SIZE);
    lk_write_bytes(&writer, entry->detail.bytes, LK_DIGEST_SIZE);
    lk_write_bytes(&writer, entry->subject.bytes, LK_SUBJECT_SIZE);
    lk_write_uint(&writer, (uint64_t)entry->time);
    lk_write_bytes(&writer, entry->broker.bytes, LK_SUBJECT_SIZE);
    lk_write_uint(&writer, entry->log_number);
    lk_write_bytes(&writer, entry->log_hash.bytes, LK_DIGEST_SIZE);
    return writer.error;
}

int lk_register_entry_decode(struct lk_view bytes, struct lk_register_entry *ret_entry)
{
    struct lk_reader reader = {.view = bytes};
    struct lk_register_entry entry = {0};
    int result;

    lk_read_begin(&reader, TYPE_REGISTER, 11);
    entry.number = lk_read_uint(&reader, 1, UINT64_MAX);
    lk_read_fixed(&reader, entry.previous.bytes, LK_DIGEST_SIZE);
    entry.kind = (enum lk_entry_kind)lk_read_choice(&reader, lk_choice_entry, LK_ENTRY_OPERATOR_SET,
                                                    LK_ENTRY_RESTORE);
    lk_read_fixed(&reader, entry.object.bytes, LK_DIGEST_SIZE);
    lk_read_fixed(&reader, entry.detail.bytes, LK_DIGEST_SIZE);
    lk_read_fixed(&reader, entry.subject.bytes, LK_SUBJECT_SIZE);
    entry.time = lk_read_time(&reader);
    lk_read_fixed(&reader, entry.broker.bytes, LK_SUBJECT_SIZE);
    entry.log_number = lk_read_uint(&reader, 0, UINT64_MAX);
    lk_read_fixed(&reader, entry.log_hash.bytes, LK_DIGEST_SIZE);
    result = lk_read_end(&reader);
    if (result == 0)
        result = register_entry_check(&entry);
    if (result == 0)
        *ret_entry = entry;
    return result;
}

int lk_host_challenge_encode(struct lk_buf *buf, const struct lk_host_challenge *challenge)
{
    struct lk_writer writer = {.buf = buf};

    if (!lk_organisation_valid(challenge->organisation) || !lk_group_valid(challenge->host_group))
        return -LK_ERR_ENCODING;
    /* What the caller typed: a name nobody can have gets its challenge like any other. */
    if (!lk_text_plain(challenge->host) || !lk_text_plain(challenge->service) ||
        !lk_text_plain(challenge->name) || !lk_text_plain(challenge->tty))
        return -LK_ERR_ENCODING;
    if (challenge->time < 0)
        return -LK_ERR_RANGE;
    lk_write_begin(&writer, TYPE_CHALLENGE, 9);
    lk_write_text(&writer, challenge->organisation);
    lk_write_text(&writer, challenge->host);
    lk_write_text(&writer, challenge->host_group);
    lk_write_text(&writer, challenge->service);
    lk_write_text(&writer, challenge->name);
    lk_write_text(&writer, challenge->tty);
    lk_write_bytes(&writer, challenge->nonce, sizeof(challenge->nonce));
    lk_write_uint(&writer, (uint64_t)challenge->time);
    return writer.error;
}
