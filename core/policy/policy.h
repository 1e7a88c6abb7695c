/* SPDX-License-Identifier: EUPL-1.2 */
/* Pure rules: facts, policy, clock in; reason out. One code for the login, for `explain` and for a later `impact`. */
#ifndef LK_POLICY_POLICY_H
#define LK_POLICY_POLICY_H

#include "policy/key.h"

struct lk_policy {
    bool host_user_verification; /* required at host logins */
    bool browser_user_verification;
    const char *host_group; /* group of this machine */
    const char *organisation;
    const char *gateway_host; /* browser relying party; NULL or "" = no browser credentials */
    const char *const *local_services; /* NULL-terminated */
    const char *const *pin_services;
    /* Keys are judged by model if both are given. */
    const struct lk_key_policy *keys;
    const struct lk_tables *tables;
};

/* What refuses this credential's key, at enrolment or at a login: NONE, or a reason of lk_key_reason. NONE where keys are not judged. */
enum lk_reason lk_policy_key(const struct lk_policy *policy, const struct lk_statement *statement,
                             bool enrol, int64_t now);

/* Does this login need user verification? Policy OR statement: tightened, never loosened. */
bool lk_policy_user_verification(const struct lk_policy *policy,
                                 const struct lk_statement *statement, enum lk_kind kind);
bool lk_policy_service_local(const struct lk_policy *policy, const char *service);
bool lk_policy_service_pin(const struct lk_policy *policy, const char *service);

/* All that is known of a credential when a login with it is judged. */
struct lk_standing {
    const struct lk_statement *statement;
    bool newest; /* no higher version of this credential is known */
    enum lk_state state;
    bool revoked_by_mark;       /* its digest is among the revoked ones outside the store */
    bool logged;                /* its register entries exist with the hashes they must have */
    enum lk_reason endorsement; /* NONE, or why the endorsements do not suffice */
    bool evidence;              /* attestation object present with the right digest */
    bool name_current;          /* the login name still belongs to this subject */
    uint64_t failures;          /* verified-but-refused attempts in the window */
    uint64_t failure_limit;     /* 0 = none */
};
/* Everything that stands against this credential in the order in which it is told; writes at most max reasons, returns how many there are (0 = may log in).
 * The login uses the first, `explain` prints all: the same function. */
size_t lk_policy_judge(const struct lk_policy *policy, const struct lk_standing *standing,
                       enum lk_kind kind, int64_t now, enum lk_reason *ret_reasons, size_t max);

/* WebAuthn 7.2 step 22: stored and new both zero is fine; otherwise the new one must be greater. */
enum lk_reason lk_policy_counter(uint32_t stored, uint32_t received);

/* A change of state goes only forward: pending < active < suspended < revoked. */
enum lk_reason lk_policy_transition(enum lk_state from, enum lk_state to);

#endif
