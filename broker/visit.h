/* SPDX-License-Identifier: EUPL-1.2 */
/* Logins that are on their way from the touch to the token (PROVE, CODE, REDEEM), as the broker left them at the step before: bounded, the one whose last step is oldest
 * goes first, and what is not here is read from the store.
 *
 * Kept is only what allowed: a statement against which nothing stood when its signature was verified, and the broker's own proof and code. Times, policy and mark are
 * judged at each step. What denies is the store's: the step's transaction reads revision, state and newest of the statement and the row of proof or code
 * again and refuses what is not as it was; then the judgement is made anew from the store. */
#ifndef LK_BROKER_VISIT_H
#define LK_BROKER_VISIT_H

#include "broker/broker.h"

struct lk_login;

enum { LK_VISITS_MAX = 8192 };

struct lk_visit {
    uint8_t transaction[LK_STORE_TRANSACTION_SIZE];
    struct lk_store_proof proof; /* passwords is not kept: the transaction counts */
    bool has_code;               /* CODE was committed: found by the code's digest from then on */
    uint8_t code[LK_DIGEST_SIZE];
    uint8_t sid[LK_STORE_SID_SIZE];
    char client[LK_STORE_CLIENT_MAX + 1];
    int64_t code_expiry;
    uint8_t code_seal[LK_STORE_SEAL_SIZE];
    struct lk_view data; /* of the code; owned */

    uint64_t row_version;
    struct lk_view statement; /* bytes; owned */
    struct lk_digest set;     /* of the operator set that the endorsements were judged by */
    struct lk_subject subject;
    char name[LK_NAME_MAX + 1];
    char full_name[LK_STORE_TEXT_MAX + 1];
    char email[LK_STORE_TEXT_MAX + 1];

    /* inside */
    struct lk_visit *chain; /* next with the same hash */
    struct lk_visit *newer;
    struct lk_visit *older;
};

struct lk_visits;
LK_MUST_USE int lk_visits_new(uint32_t most, struct lk_visits **ret_visits);
struct lk_visits *lk_visits_free(struct lk_visits *visits);
void lk_visits_clear(struct lk_visits *visits);
size_t lk_visits_count(const struct lk_visits *visits);

/* A login that left a proof and lies on the disk. In place of an older one of that transaction; without memory nothing is kept. */
void lk_visit_put(struct lk_broker *broker, const struct lk_login *login);
/* NULL: not here, its time is over, another operator set, or something stands against it now (house, times, policy, mark): the store has the answer. Else its statement
 * is decoded. Valid until the next call that puts, moves or forgets. */
struct lk_visit *lk_visit_of_transaction(struct lk_broker *broker,
                                         const uint8_t transaction[LK_STORE_TRANSACTION_SIZE],
                                         struct lk_statement *ret_statement);
struct lk_visit *lk_visit_of_code(struct lk_broker *broker, const uint8_t code[LK_DIGEST_SIZE],
                                  struct lk_statement *ret_statement);
/* The proof of this transaction has become a code: it is on the disk. Without memory the visit is forgotten. */
void lk_visit_coded(struct lk_broker *broker, const struct lk_change_code *change);
/* The code was presented. */
void lk_visit_forget(struct lk_broker *broker, const uint8_t code[LK_DIGEST_SIZE]);
/* A refused login of this credential was counted against it: what is under way with it is judged from the store. */
void lk_visits_forget_statement(struct lk_broker *broker, const struct lk_digest *statement);

#endif
