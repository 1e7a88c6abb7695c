/* SPDX-License-Identifier: EUPL-1.2 */
/* What the parts of the power-cut test share: the work that is interrupted, and the judgement of what is left. */
#ifndef LK_TESTS_FAULT_POWERCUT_H
#define LK_TESTS_FAULT_POWERCUT_H

#include "broker/register/mark.h"
#include "store_fixture.h"

enum { WORK_STEPS = 40, WORK_CREDENTIALS = 16, WORK_ENTRIES = 256, WORK_BATCH = 4 };

/* How far the last visit to the gateway with a credential was acknowledged. */
enum visit { VISIT_NONE, VISIT_PROOF, VISIT_ASKED, VISIT_CODE, VISIT_REDEEMED };

/* One credential as everybody who got an answer knows it. */
struct known_credential {
    struct fixture_statement made;
    bool there; /* its STATEMENT was acknowledged */
    enum lk_state state;
    uint32_t counter;
    enum visit visit;
    uint8_t
        name[LK_STORE_TRANSACTION_SIZE]; /* of the visit: transaction, sid, beginning of the code */
    bool in_mark;                        /* lk_mark_add_revoked has returned */
    bool uncertain;                      /* part of the batch at which the power went */
};

/* Everything that was acknowledged before the power went. */
struct known {
    uint32_t dice;
    struct known_credential credentials[WORK_CREDENTIALS];
    uint32_t used;    /* credentials begun */
    uint64_t entries; /* register entries acknowledged */
    struct lk_digest
        hashes[WORK_ENTRIES]; /* by number - 1; zero where a change gave several numbers */
    uint64_t records;         /* login records acknowledged */
    struct lk_digest record_hashes[WORK_ENTRIES];
    uint64_t mark; /* lk_mark_advance to this has returned */
    uint64_t sets;
    uint32_t nonces;
    bool has_nonce; /* of the last acknowledged login */
    uint8_t nonce[LK_STORE_NONCE_SIZE];
    uint32_t nonce_credential;
    /* the batch that was not acknowledged: whole or not at all */
    uint64_t open_entries;
    uint64_t open_records;
};

/* The digest of a visit's code. */
void visit_code(const struct known_credential *credential, uint8_t ret_digest[LK_DIGEST_SIZE]);
/* Works until the power goes or the steps are done; every file is closed when it returns. */
void work_run(struct fixture *fixture, uint32_t seed, struct known *known);
void work_free(struct known *known);
/* Opens what is left with the system's own VFS and looks for anything that must not be. NULL = nothing, else one sentence. */
const char *work_judge(struct fixture *fixture, const struct known *known);

#endif
