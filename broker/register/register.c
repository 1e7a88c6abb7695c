/* SPDX-License-Identifier: EUPL-1.2 */
/* The whole register: numbers, hashes, objects, and whether it extends the mark.
 *
 * Nothing in the store is trusted: an entry counts because its hash is in the next one, and the newest because its hash is in the mark. */
#include "broker/register/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool lk_digest_equal(const struct lk_digest *a, const struct lk_digest *b)
{
    return memcmp(a->bytes, b->bytes, LK_DIGEST_SIZE) == 0;
}

int lk_register_detail(const struct lk_crypto *crypto, struct lk_view endorsements,
                       struct lk_digest *ret_detail)
{
    *ret_detail = (struct lk_digest){0};
    return endorsements.len == 0 ? 0 : lk_sha256(crypto, &endorsements, 1, ret_detail->bytes);
}

int lk_check_fail(struct lk_check *check, uint64_t number, enum lk_reason reason, const char *text)
{
    check->report->bad_number = number;
    check->report->reason = reason;
    (void)snprintf(check->report->text, sizeof check->report->text, "entry %llu: %s",
                   (unsigned long long)number, text);
    return 1;
}

int lk_check_remember(struct lk_check *check, const struct lk_check_later *later)
{
    if (check->later_count >= LK_CHECK_LATER)
        return lk_check_fail(check, later->entry, LK_REASON_REGISTER,
                             "more endorsements than an entry may have");
    check->later[check->later_count++] = *later;
    return 0;
}

/* Bytes, own hash, number and link. */
static int check_link(struct lk_check *check, const struct lk_store_entry *stored,
                      struct lk_register_entry *entry)
{
    struct lk_digest hash;
    int r = lk_sha256(check->crypto, &stored->bytes, 1, hash.bytes);

    if (r != 0)
        return r;
    if (stored->number != check->next)
        return lk_check_fail(check, check->next, LK_REASON_REGISTER, "it is missing");
    r = lk_register_entry_decode(stored->bytes, entry);
    if (r == -LK_ERR_NOMEM)
        return r;
    if (r != 0)
        return lk_check_fail(check, stored->number, LK_REASON_REGISTER, "it does not decode");
    if (entry->number != stored->number || !lk_digest_equal(&hash, &stored->hash))
        return lk_check_fail(check, stored->number, LK_REASON_REGISTER,
                             "its bytes are not those of its number and hash");
    if (check->previous_known && !lk_digest_equal(&entry->previous, &check->previous))
        return lk_check_fail(check, stored->number, LK_REASON_REGISTER,
                             "it does not follow the entry before it");
    check->previous = hash;
    check->previous_known = true;
    check->next++;
    return 0;
}

static int check_mark(struct lk_check *check, const struct lk_store_entry *stored)
{
    uint64_t number;
    uint64_t set_number;
    struct lk_digest hash;
    struct lk_digest set_digest;

    if (check->mark == NULL)
        return 0;
    lk_mark_get(check->mark, &number, &hash, &set_number, &set_digest);
    if (number == stored->number && !lk_digest_equal(&hash, &stored->hash))
        return lk_check_fail(check, number, LK_REASON_STORE_ROLLED_BACK,
                             "it is not the one this machine has acted on");
    return 0;
}

static int check_object(struct lk_check *check, const struct lk_store_entry *stored,
                        const struct lk_register_entry *entry)
{
    struct lk_digest digest;
    int r;

    if (stored->object.len == 0)
        return lk_check_fail(check, entry->number, LK_REASON_REGISTER,
                             "the object it records is missing");
    if ((r = lk_sha256(check->crypto, &stored->object, 1, digest.bytes)) != 0)
        return r;
    if (!lk_digest_equal(&digest, &entry->object))
        return lk_check_fail(check, entry->number, LK_REASON_REGISTER,
                             "the object it records is another");
    if ((r = lk_register_detail(check->crypto, stored->endorsements, &digest)) != 0)
        return r;
    if (!lk_digest_equal(&digest, &entry->detail))
        return lk_check_fail(check, entry->number, LK_REASON_REGISTER,
                             "its endorsements are others");
    return 0;
}

/* What is to be looked up once this chunk is through. */
static int note(struct lk_check *check, const struct lk_store_entry *stored,
                const struct lk_register_entry *entry)
{
    struct lk_check_later later = {.entry = entry->number, .digest = entry->object};
    struct lk_state_change change;

    switch (entry->kind) {
    case LK_ENTRY_STATE:
        if (lk_state_change_decode(stored->object, &change) != 0)
            return lk_check_fail(check, entry->number, LK_REASON_REGISTER,
                                 "the change it records does not decode");
        later.subject = LK_CHECK_STATE;
        later.digest = change.statement;
        later.state = change.state;
        return lk_check_remember(check, &later);
    case LK_ENTRY_ENDORSEMENT:
        later.subject = LK_CHECK_ENDORSED;
        return check->full ? lk_check_remember(check, &later) : 0;
    case LK_ENTRY_OPERATOR_SET:
    case LK_ENTRY_STATEMENT:
    case LK_ENTRY_RESTORE:
        break;
    }
    return 0;
}

static int check_entry(void *context, const struct lk_store_entry *stored)
{
    struct lk_check *check = context;
    struct lk_register_entry entry;
    int r = check_link(check, stored, &entry);

    if (r == 0)
        r = check_mark(check, stored);
    if (r == 0)
        r = check_object(check, stored, &entry);
    if (r == 0)
        r = note(check, stored, &entry);
    if (r == 0 && check->full)
        r = lk_check_entry_endorsements(check, &entry, stored->endorsements);
    if (r == 0)
        check->report->entries++;
    return r;
}

static int compare_hash(void *context, const struct lk_store_entry *entry)
{
    struct lk_check_later *later = context;

    if (entry->number == later->number && lk_digest_equal(&entry->hash, &later->digest))
        later->number = 0; /* found */
    return 0;
}

static int look_up(struct lk_check *check, struct lk_check_later *later)
{
    struct lk_store_rows rows = {0};
    int r;

    if (later->subject == LK_CHECK_REFERENCE) {
        r = check->ops->read_register(check->store, later->number, 1, compare_hash, later);
        if (r == 0 && later->number != 0)
            r = lk_check_fail(check, later->entry, LK_REASON_ENDORSEMENT,
                              "an endorsement names a register entry that is not there");
        return r;
    }
    r = check->ops->read_statement(check->store, &later->digest, &rows);
    if (r != 0)
        return r;
    if (rows.count == 0)
        r = lk_check_fail(check, later->entry, LK_REASON_REGISTER,
                          "the statement it names is missing");
    else if (later->subject == LK_CHECK_STATE && rows.rows[0].state < later->state)
        r = lk_check_fail(check, later->entry, LK_REASON_REGISTER,
                          "the credential it suspends or revokes stands lower in the store");
    else if (later->subject == LK_CHECK_ENDORSED)
        r = lk_check_row_endorsements(check, later->entry, &rows.rows[0]);
    lk_store_rows_free(&rows);
    return r;
}

static int walk(struct lk_check *check)
{
    int r = 0;

    for (uint64_t before = 0; r == 0 && before != check->next;) {
        before = check->next;
        check->later_count = 0;
        r = check->ops->read_register(check->store, check->next, LK_CHECK_ENTRIES, check_entry,
                                      check);
        for (size_t i = 0; r == 0 && i < check->later_count; i++)
            r = look_up(check, &check->later[i]);
    }
    return r;
}

/* The store is not behind the mark, and the operator set is the one the register ends with. */
static int check_ends(struct lk_check *check, const struct lk_store_head *head)
{
    uint64_t number = 0;
    uint64_t set_number;
    struct lk_digest hash;
    struct lk_digest set_digest;
    struct lk_buf buf = LK_BUF_INIT(LK_OPERATOR_SET_MAX);
    struct lk_view bytes;
    int r;

    if (check->mark != NULL) {
        lk_mark_get(check->mark, &number, &hash, &set_number, &set_digest);
        if (number >= check->next)
            return lk_check_fail(check, number, LK_REASON_STORE_ROLLED_BACK,
                                 "this machine has acted on it, and the store ends before it");
        if (set_number != 0 && set_number == head->set_number &&
            !lk_digest_equal(&set_digest, &head->set_digest))
            return lk_check_fail(check, number, LK_REASON_STORE_ROLLED_BACK,
                                 "the operator set is not the one this machine has acted on");
    }
    if (check->set == NULL || head->set_number == 0)
        return 0;
    if (check->set->number < head->set_number)
        return lk_check_fail(check, head->number, LK_REASON_OPERATOR_SET,
                             "the register knows a later operator set than the operators file");
    if (check->set->number > head->set_number)
        return 0;
    r = lk_operator_set_encode(&buf, check->set);
    bytes = lk_buf_view(&buf);
    if (r == 0)
        r = lk_sha256(check->crypto, &bytes, 1, hash.bytes);
    lk_buf_clear(&buf);
    if (r == 0 && !lk_digest_equal(&hash, &head->set_digest))
        r = lk_check_fail(check, head->number, LK_REASON_OPERATOR_SET,
                          "the operators file and the register have different sets of that number");
    return r;
}

static int run(struct lk_check *check, struct lk_mark *mark, struct lk_register_report *ret_report)
{
    struct lk_register_report report = {0};
    struct lk_store_head head;
    int r = check->ops->read_head(check->store, &head);

    check->report = &report;
    check->mark = mark;
    if (r == 0 && mark != NULL && head.number == 0)
        r = lk_mark_begin(mark);
    if (r == 0 && mark != NULL && lk_mark_is_fresh(mark))
        r = lk_check_fail(check, head.number, LK_REASON_STORE_ROLLED_BACK,
                          "the mark of this machine is lost");
    check->later = calloc(LK_CHECK_LATER, sizeof *check->later);
    if (check->later == NULL)
        r = -LK_ERR_NOMEM;
    if (r == 0)
        r = walk(check);
    if (r == 0)
        r = check_ends(check, &head);
    free(check->later);
    check->later = NULL;
    check->report = NULL;
    if (r < 0)
        return r;
    *ret_report = report;
    return 0;
}

int lk_register_check(const struct lk_store_ops *ops, struct lk_store *store, struct lk_mark *mark,
                      const struct lk_crypto *crypto, const struct lk_operator_set *set, bool full,
                      struct lk_register_report *ret_report)
{
    struct lk_check check = {.ops = ops,
                             .store = store,
                             .crypto = crypto,
                             .set = set,
                             .full = full,
                             .next = 1,
                             .previous_known = true};

    return run(&check, mark, ret_report);
}

int lk_register_check_tail(const struct lk_store_ops *ops, struct lk_store *store,
                           struct lk_mark *mark, const struct lk_crypto *crypto,
                           const struct lk_operator_set *set, struct lk_register_report *ret_report)
{
    struct lk_check check = {.ops = ops,
                             .store = store,
                             .crypto = crypto,
                             .set = set,
                             .next = 1,
                             .previous_known = true};
    uint64_t number = 0;
    uint64_t set_number;
    struct lk_digest hash;
    struct lk_digest set_digest;

    if (mark != NULL)
        lk_mark_get(mark, &number, &hash, &set_number, &set_digest);
    if (number > 1) {
        check.next = number;
        check.previous_known = false;
    }
    return run(&check, mark, ret_report);
}
