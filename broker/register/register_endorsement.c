/* SPDX-License-Identifier: EUPL-1.2 */
/* The full check: who signed what an entry records. */
#include "broker/register/internal.h"

#include <string.h>

static bool act_fits(const struct lk_register_entry *entry, enum lk_act act)
{
    switch (entry->kind) {
    case LK_ENTRY_OPERATOR_SET:
        return act == LK_ACT_OPERATORS;
    case LK_ENTRY_ENDORSEMENT:
        return act == LK_ACT_ENROL;
    case LK_ENTRY_STATE:
        return act == LK_ACT_SUSPEND || act == LK_ACT_REVOKE;
    case LK_ENTRY_RESTORE:
        return act == LK_ACT_RESTORE;
    case LK_ENTRY_STATEMENT:
        break;
    }
    return false;
}

/* Signature under the current set; an operator it no longer knows cannot be checked any more, and need not be: what he endorsed
 * counts for nothing at the next login. */
static int verify_one(struct lk_check *check, uint64_t number,
                      const struct lk_endorsement *endorsement)
{
    enum lk_reason reason = LK_REASON_INTERNAL;
    int r;

    if (check->set == NULL)
        return 0;
    r = lk_endorsement_verify(check->crypto, check->set, endorsement, &reason);
    if (r != 0 || reason == LK_REASON_NONE || reason == LK_REASON_OPERATOR_UNKNOWN ||
        reason == LK_REASON_OPERATOR_ROLE)
        return r;
    return lk_check_fail(check, number, LK_REASON_ENDORSEMENT, "an endorsement does not verify");
}

static int remember_reference(struct lk_check *check, uint64_t number,
                              const struct lk_endorsement *endorsement)
{
    if (endorsement->register_number == 0)
        return 0;
    if (endorsement->register_number >= number)
        return lk_check_fail(check, number, LK_REASON_ENDORSEMENT,
                             "an endorsement names a register entry that came later");
    return lk_check_remember(check,
                             &(struct lk_check_later){.entry = number,
                                                      .subject = LK_CHECK_REFERENCE,
                                                      .digest = endorsement->register_hash,
                                                      .number = endorsement->register_number});
}

static int check_record(struct lk_check *check, const struct lk_register_entry *entry,
                        struct lk_view record)
{
    struct lk_endorsement endorsement;
    struct lk_digest root;
    int r = lk_endorsement_decode(record, &endorsement);

    if (r == -LK_ERR_NOMEM)
        return r;
    if (r != 0 || !act_fits(entry, endorsement.act))
        return lk_check_fail(check, entry->number, LK_REASON_ENDORSEMENT,
                             "an endorsement does not decode or is of another act");
    /* With several leaves the other ones stand in entries of their own; a statement's path is checked at its row. */
    if (endorsement.count == 1 && entry->kind != LK_ENTRY_ENDORSEMENT) {
        r = lk_tree_root(check->crypto, &entry->object, 1, &root);
        if (r != 0)
            return r;
        if (!lk_digest_equal(&root, &endorsement.root))
            return lk_check_fail(check, entry->number, LK_REASON_ENDORSEMENT,
                                 "an endorsement covers another object");
    }
    r = remember_reference(check, entry->number, &endorsement);
    return r != 0 ? r : verify_one(check, entry->number, &endorsement);
}

int lk_check_entry_endorsements(struct lk_check *check, const struct lk_register_entry *entry,
                                struct lk_view endorsements)
{
    int r = 0;

    while (r == 0 && endorsements.len > 0) {
        struct lk_view record;

        if (lk_view_get_field32(&endorsements, LK_ENDORSEMENT_MAX, &record) != 0)
            return lk_check_fail(check, entry->number, LK_REASON_REGISTER,
                                 "the list of endorsements is broken");
        r = check_record(check, entry, record);
    }
    return r;
}

int lk_check_row_endorsements(struct lk_check *check, uint64_t number,
                              const struct lk_store_row *row)
{
    struct lk_digest leaf;
    int r = lk_sha256(check->crypto, &row->statement, 1, leaf.bytes);

    for (uint32_t i = 0; r == 0 && i < row->endorsement_count; i++) {
        struct lk_endorsement endorsement;
        struct lk_tree_path path;
        struct lk_digest root;

        if (lk_endorsement_decode(row->endorsements[i].record, &endorsement) != 0 ||
            lk_tree_path_decode(row->endorsements[i].path, &path) != 0 ||
            path.count != endorsement.count ||
            lk_tree_path_root(check->crypto, &leaf, &path, &root) != 0 ||
            !lk_digest_equal(&root, &endorsement.root))
            r = lk_check_fail(check, number, LK_REASON_ENDORSEMENT,
                              "an endorsement does not cover the statement it lies beside");
    }
    return r;
}
