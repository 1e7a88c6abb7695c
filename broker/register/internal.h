/* SPDX-License-Identifier: EUPL-1.2 */
/* What the files of the register share. Nobody outside this folder includes it. */
#ifndef LK_BROKER_REGISTER_INTERNAL_H
#define LK_BROKER_REGISTER_INTERNAL_H

#include "broker/register/register.h"
#include "verify/verify.h"
#include "wire/wire.h"

bool lk_digest_equal(const struct lk_digest *a, const struct lk_digest *b);
/* The detail of an entry: SHA-256 over "u32 length + bytes" lists, zero for an empty one. */
LK_MUST_USE int lk_register_detail(const struct lk_crypto *crypto, struct lk_view endorsements,
                                   struct lk_digest *ret_detail);

enum { LK_CHECK_ENTRIES = 256, LK_CHECK_LATER = LK_CHECK_ENTRIES * LK_ENDORSEMENTS_MAX };

/* What an entry says of other rows: looked up when the chunk of entries is through, one snapshot after the other. */
struct lk_check_later {
    uint64_t entry; /* the entry that says it */
    enum lk_check_subject {
        LK_CHECK_STATE,    /* this statement stands at least at `state` */
        LK_CHECK_ENDORSED, /* the endorsements of this statement verify */
        LK_CHECK_REFERENCE /* entry `number` has this hash */
    } subject;
    struct lk_digest digest;
    enum lk_state state;
    uint64_t number;
};

/* A check that is running. */
struct lk_check {
    const struct lk_store_ops *ops;
    struct lk_store *store;
    const struct lk_mark *mark;
    const struct lk_crypto *crypto;
    const struct lk_operator_set *set;
    bool full;
    uint64_t next;             /* number that must come */
    struct lk_digest previous; /* its `previous`; not known for the first entry of a tail */
    bool previous_known;
    struct lk_register_report *report;
    struct lk_check_later *later;
    size_t later_count;
};
/* Sets the report; returns 1, which ends the walk. */
int lk_check_fail(struct lk_check *check, uint64_t number, enum lk_reason reason, const char *text);
/* 0, 1 (report set), or an error. */
LK_MUST_USE int lk_check_remember(struct lk_check *check, const struct lk_check_later *later);

/* register_endorsement.c: full checks. 0, 1 (report set), or an error. */
LK_MUST_USE int lk_check_entry_endorsements(struct lk_check *check,
                                            const struct lk_register_entry *entry,
                                            struct lk_view endorsements);
LK_MUST_USE int lk_check_row_endorsements(struct lk_check *check, uint64_t number,
                                          const struct lk_store_row *row);

#endif
