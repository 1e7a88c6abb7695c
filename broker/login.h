/* SPDX-License-Identifier: EUPL-1.2 */
/* A login from the signed answer to the decision that lies on the disk; the same steps for hosts and for the gateway.
 *
 * verify (pure job) -> judge (row read again, standing, counter) -> commit (store thread re-reads what the judgement rests on) -> decided. */
#ifndef LK_BROKER_LOGIN_H
#define LK_BROKER_LOGIN_H

#include "broker/verify_pool.h"

struct lk_login {
    /* Filled by the caller before lk_login_start. */
    struct lk_broker *broker;
    enum lk_kind kind;
    enum lk_urgency urgency;
    char expected_name
        [LK_NAME_MAX +
         1]; /* host: the agent that was asked for; "" = whoever the credential belongs to */
    char service[65];
    char remote_host[257];
    int64_t began_ms;
    bool has_nonce;
    uint8_t nonce[LK_STORE_NONCE_SIZE];
    bool user_handle_required; /* gateway: the answer names the subject */
    bool leaves_proof;         /* gateway: under this transaction */
    uint8_t transaction[LK_STORE_TRANSACTION_SIZE];
    struct lk_verify_job
        job; /* relying_party, origin or client_data_hash, user_verification are the caller's */
    /* Called once, on the loop thread, possibly before lk_login_start returns. The login is the callee's to clear and free. */
    void (*decided)(struct lk_login *login, void *context);
    void *context;

    /* The decision. NONE lets in, and it is set nowhere but in the completion of the commit. */
    enum lk_reason reason;
    bool signature_verified;
    struct lk_subject subject;  /* only if the signature verified */
    char name[LK_NAME_MAX + 1]; /* current login name, likewise */
    uint32_t facts;             /* LK_LOGIN_FACT_*, likewise */
    char groups[513];           /* of the statement, likewise */

    /* inside */
    struct lk_digest credential;
    struct lk_store_rows
        rows; /* read when the answer came; the commit refuses what changed since */
    const struct lk_store_row *row;
    enum lk_reason judged;
    struct lk_change change;
};

/* The credential the answer names: the newest statement of this kind among rows, decoded; NULL if there is none. */
const struct lk_store_row *lk_login_find_row(const struct lk_broker *broker,
                                             const struct lk_store_rows *rows, enum lk_kind kind,
                                             const struct lk_digest *credential,
                                             struct lk_statement *ret_statement);
/* rows: read after the answer came, the login's from here on, *rows is empty afterwards; row: one of them, which the answer names; statement: the decoded one, whose public key
 * is to verify. The assertion is copied. */
void lk_login_start(struct lk_login *login, struct lk_store_rows *rows,
                    const struct lk_store_row *row, const struct lk_statement *statement,
                    const struct lk_assertion *assertion, struct lk_view challenge);
/* Frees what it holds, not itself. */
void lk_login_clear(struct lk_login *login);

#endif
