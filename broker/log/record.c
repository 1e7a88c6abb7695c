/* SPDX-License-Identifier: EUPL-1.2 */
/* "latchkey log 1": the record of one decision (docs/PROTOCOL.md 4.13).
 *
 * Reads what lies in the store, which is not trusted: fixed lengths, closed lists, nothing behind the end. */
#include "broker/log/record.h"

#include <string.h>

#include "wire/wire.h"

#define LK_LOG_TYPE "latchkey log 1"

enum { LK_LOG_MEMBERS = 14 };

static int entry_check(const struct lk_log_entry *entry)
{
    const struct lk_log_record *record = &entry->record;

    if (entry->number == 0 || record->time < 0 || record->count == 0)
        return -LK_ERR_RANGE;
    if (entry->number == 1 && !lk_digest_zero(&entry->previous))
        return -LK_ERR_RANGE;
    /* 0: no credential was named, so there is no kind to tell. */
    if ((uint32_t)record->kind > LK_KIND_OPERATOR)
        return -LK_ERR_RANGE;
    return lk_reason_known((uint32_t)record->reason) ? 0 : -LK_ERR_RANGE;
}

static int put_fixed(struct lk_buf *buf, const void *data, size_t len)
{
    return lk_cbor_put_bytes(buf, LK_VIEW(data, len));
}

int lk_log_entry_encode(struct lk_buf *buf, const struct lk_log_entry *entry)
{
    const struct lk_log_record *record = &entry->record;
    int r = entry_check(entry);

    if (r != 0)
        return r;
    if ((r = lk_cbor_put_array(buf, LK_LOG_MEMBERS)) != 0 ||
        (r = lk_cbor_put_text(buf, LK_LOG_TYPE)) != 0 ||
        (r = lk_cbor_put_uint(buf, entry->number)) != 0 ||
        (r = put_fixed(buf, entry->previous.bytes, LK_DIGEST_SIZE)) != 0 ||
        (r = put_fixed(buf, entry->broker.bytes, LK_SUBJECT_SIZE)) != 0 ||
        (r = lk_cbor_put_uint(buf, (uint64_t)record->time)) != 0 ||
        (r = lk_cbor_put_uint(buf, (uint64_t)record->reason)) != 0 ||
        (r = lk_cbor_put_uint(buf, (uint64_t)record->kind)) != 0 ||
        (r = put_fixed(buf, record->subject.bytes, LK_SUBJECT_SIZE)) != 0 ||
        (r = put_fixed(buf, record->credential.bytes, LK_DIGEST_SIZE)) != 0 ||
        (r = put_fixed(buf, record->aaguid, LK_AAGUID_SIZE)) != 0 ||
        (r = lk_cbor_put_uint(buf, record->flags)) != 0 ||
        (r = lk_cbor_put_uint(buf, record->counter)) != 0 ||
        (r = lk_cbor_put_uint(buf, record->milliseconds)) != 0 ||
        (r = lk_cbor_put_uint(buf, record->count)) != 0)
        return r;
    return lk_buf_error(buf);
}

static int get_fixed(struct lk_view *view, void *ret_data, size_t len)
{
    struct lk_view bytes;
    int r = lk_cbor_get_bytes(view, len, &bytes);

    if (r != 0)
        return r;
    if (bytes.len != len)
        return -LK_ERR_TRUNCATED;
    memcpy(ret_data, bytes.data, len);
    return 0;
}

static int get_u32(struct lk_view *view, uint32_t max, uint32_t *ret_value)
{
    uint64_t value;
    int r = lk_cbor_get_uint(view, max, &value);

    if (r == 0)
        *ret_value = (uint32_t)value;
    return r;
}

static int get_head(struct lk_view *view, struct lk_log_entry *entry)
{
    char type[sizeof LK_LOG_TYPE];
    uint64_t count;
    int r;

    if ((r = lk_cbor_get_array(view, LK_LOG_MEMBERS, &count)) != 0)
        return r;
    if (count != LK_LOG_MEMBERS)
        return -LK_ERR_TRUNCATED;
    r = lk_cbor_get_text(view, type, sizeof type);
    if (r == -LK_ERR_TOO_BIG || (r == 0 && strcmp(type, LK_LOG_TYPE) != 0))
        return -LK_ERR_VERSION;
    if (r != 0 || (r = lk_cbor_get_uint(view, INT64_MAX, &entry->number)) != 0 ||
        (r = get_fixed(view, entry->previous.bytes, LK_DIGEST_SIZE)) != 0)
        return r;
    return get_fixed(view, entry->broker.bytes, LK_SUBJECT_SIZE);
}

static int get_record(struct lk_view *view, struct lk_log_record *record)
{
    uint64_t time;
    uint32_t reason;
    uint32_t kind;
    uint32_t flags;
    int r;

    if ((r = lk_cbor_get_uint(view, INT64_MAX, &time)) != 0 ||
        (r = get_u32(view, UINT32_MAX, &reason)) != 0 ||
        (r = get_u32(view, LK_KIND_OPERATOR, &kind)) != 0 ||
        (r = get_fixed(view, record->subject.bytes, LK_SUBJECT_SIZE)) != 0 ||
        (r = get_fixed(view, record->credential.bytes, LK_DIGEST_SIZE)) != 0 ||
        (r = get_fixed(view, record->aaguid, LK_AAGUID_SIZE)) != 0 ||
        (r = get_u32(view, UINT8_MAX, &flags)) != 0 ||
        (r = get_u32(view, UINT32_MAX, &record->counter)) != 0 ||
        (r = get_u32(view, UINT32_MAX, &record->milliseconds)) != 0 ||
        (r = get_u32(view, UINT32_MAX, &record->count)) != 0)
        return r;
    if (!lk_reason_known(reason))
        return -LK_ERR_RANGE;
    record->time = (int64_t)time;
    record->reason = (enum lk_reason)reason;
    record->kind = (enum lk_kind)kind;
    record->flags = (uint8_t)flags;
    return 0;
}

int lk_log_entry_decode(struct lk_view bytes, struct lk_log_entry *ret_entry)
{
    struct lk_log_entry entry = {0};
    int r;

    if (bytes.len > LK_LOG_RECORD_MAX)
        return -LK_ERR_TOO_BIG;
    if ((r = get_head(&bytes, &entry)) != 0 || (r = get_record(&bytes, &entry.record)) != 0 ||
        (r = lk_view_end(&bytes)) != 0 || (r = entry_check(&entry)) != 0)
        return r;
    *ret_entry = entry;
    return 0;
}

int lk_log_entry_hash(const struct lk_crypto *crypto, struct lk_view bytes,
                      struct lk_digest *ret_hash)
{
    return lk_sha256(crypto, &bytes, 1, ret_hash->bytes);
}

int lk_log_link_verify(const struct lk_crypto *crypto, const struct lk_log_entry *previous,
                       const struct lk_digest *previous_hash, struct lk_view bytes,
                       const struct lk_digest *hash, struct lk_log_entry *ret_entry,
                       enum lk_reason *ret_reason)
{
    struct lk_log_entry entry;
    struct lk_digest own;
    int r = lk_log_entry_hash(crypto, bytes, &own);

    if (r != 0)
        return r;
    *ret_reason = LK_REASON_REGISTER;
    r = lk_log_entry_decode(bytes, &entry);
    if (r == -LK_ERR_NOMEM)
        return r;
    if (r != 0 || memcmp(own.bytes, hash->bytes, LK_DIGEST_SIZE) != 0)
        return 0;
    if (previous != NULL &&
        (entry.number != previous->number + 1 ||
         memcmp(entry.previous.bytes, previous_hash->bytes, LK_DIGEST_SIZE) != 0 ||
         memcmp(entry.broker.bytes, previous->broker.bytes, LK_SUBJECT_SIZE) != 0))
        return 0;
    *ret_entry = entry;
    *ret_reason = LK_REASON_NONE;
    return 0;
}
