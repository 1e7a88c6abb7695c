/* SPDX-License-Identifier: EUPL-1.2 */
/* Do the register entries of one row stand behind it? Asked at every login.
 *
 * Threat: somebody who writes to the store makes a row, or changes one, without an entry, or writes an entry of his own. An entry that was
 * appended later has a hash that its successor, or the mark, does not know. */
#include "broker/register/internal.h"

#include <string.h>

/* Own hash, number, kind, object and subject, detail, and the link from the next entry. */
static int entry_stands(const struct lk_crypto *crypto, const struct lk_store_entry *entry,
                        enum lk_entry_kind kind, const struct lk_store_row *row,
                        const struct lk_digest *digest, bool *ret_stands)
{
    struct lk_register_entry decoded;
    struct lk_digest hash;
    struct lk_digest detail;
    int r;

    *ret_stands = false;
    if (!entry->present)
        return 0;
    if ((r = lk_sha256(crypto, &entry->bytes, 1, hash.bytes)) != 0 ||
        (r = lk_register_detail(crypto, entry->endorsements, &detail)) != 0)
        return r;
    r = lk_register_entry_decode(entry->bytes, &decoded);
    if (r != 0)
        return r == -LK_ERR_NOMEM ? r : 0;
    *ret_stands = lk_digest_equal(&hash, &entry->hash) && decoded.number == entry->number &&
                  decoded.kind == kind && lk_digest_equal(&decoded.object, digest) &&
                  lk_digest_equal(&decoded.detail, &detail) &&
                  memcmp(decoded.subject.bytes, row->subject.bytes, LK_SUBJECT_SIZE) == 0 &&
                  (!entry->has_next || lk_digest_equal(&entry->next_previous, &hash));
    return 0;
}

int lk_register_row_check(const struct lk_crypto *crypto, const struct lk_store_row *row,
                          enum lk_reason *ret_reason)
{
    struct lk_digest digest;
    bool stands;
    int r = lk_sha256(crypto, &row->statement, 1, digest.bytes);

    if (r == 0)
        r = entry_stands(crypto, &row->entry, LK_ENTRY_STATEMENT, row, &digest, &stands);
    if (r != 0)
        return r;
    /* Suspended or revoked while pending: such a row never had an activation, and opens nothing either. */
    if (stands && (row->state == LK_STATE_ACTIVE || row->activation.present))
        r = entry_stands(crypto, &row->activation, LK_ENTRY_ENDORSEMENT, row, &digest, &stands);
    if (r != 0)
        return r;
    *ret_reason = stands ? LK_REASON_NONE : LK_REASON_UNLOGGED;
    return 0;
}
