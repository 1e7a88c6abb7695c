/* SPDX-License-Identifier: EUPL-1.2 */
/* Gateway socket (issuer only): stateless challenges, logins by browser credentials, proofs, codes, sessions and the logout queue. Many in flight; the request id
 * ties answer to question. And the worker socket (PAM workers only): one question a connection.
 *
 * A *transaction* is one visit of one browser to the login page: 16 random bytes from the issuer, a name and no secret. A *proof* is what a verified assertion leaves
 * in the store under that name: ten minutes, five passwords, one code. A *session* (sid) is what came of a code, until its homeserver has acknowledged its end. */
#ifndef LK_MESSAGE_GATEWAY_H
#define LK_MESSAGE_GATEWAY_H

#include "message/frame.h"

enum {
    LK_TRANSACTION_SIZE = 16,
    LK_TOKEN_SIZE =
        79 /* docs/PROTOCOL.md 5.6: u8 version, u8 key id, u8 purpose, u64 epoch, u32 expiry minute, 16 nonce, 16 transaction, 32 MAC */
};
enum {
    LK_PROOF_SECONDS = 600,
    LK_PROOF_PASSWORDS = 5,
    LK_CODE_SECONDS = 60,
    LK_ACCESS_SECONDS = 300, /* how long an access token opens userinfo */
    LK_SID_SIZE = 16,
    LK_CLIENT_MAX = 64, /* bytes of a client's name: [a-z0-9._-] */
    LK_CODE_DATA_MAX = 2048,
    LK_LOGOUTS_MAX = 64, /* taken at once */
    LK_LOGOUT_LEASE_SECONDS = 60,
    LK_LOGOUT_YOUNG_SECONDS =
        600 /* a younger sid is delivered again at that age: a code may have been in flight */
};
enum lk_purpose { LK_PURPOSE_LOGIN = 1 };

struct lk_gateway_challenge {
    enum lk_purpose purpose;
    uint8_t transaction[LK_TRANSACTION_SIZE];
};
LK_MUST_USE int lk_gateway_challenge_encode(struct lk_buf *buf, uint32_t request,
                                            const struct lk_gateway_challenge *challenge);
LK_MUST_USE int lk_gateway_challenge_decode(struct lk_view payload,
                                            struct lk_gateway_challenge *ret_challenge);

/* broker -> issuer: the challenge, which is itself the authenticated token. */
struct lk_gateway_token {
    struct lk_view token; /* LK_TOKEN_SIZE bytes */
};
LK_MUST_USE int lk_gateway_token_encode(struct lk_buf *buf, uint32_t request,
                                        const struct lk_gateway_token *token);
LK_MUST_USE int lk_gateway_token_decode(struct lk_view payload, struct lk_gateway_token *ret_token);

struct lk_gateway_login {
    uint8_t transaction[LK_TRANSACTION_SIZE];
    struct lk_view credential_id;
    struct lk_view authenticator_data;
    struct lk_view signature;
    struct lk_view user_handle;
    struct lk_view client_data; /* clientDataJSON; its challenge is the token */
};
LK_MUST_USE int lk_gateway_login_encode(struct lk_buf *buf, uint32_t request,
                                        const struct lk_gateway_login *login);
LK_MUST_USE int lk_gateway_login_decode(struct lk_view payload, struct lk_gateway_login *ret_login);

/* What the assertion and the statement say of a login; facts for the claims, which are the issuer's words. */
enum {
    LK_LOGIN_FACT_USER_VERIFIED = 1, /* PIN or fingerprint, by the key's signed flag */
    LK_LOGIN_FACT_ATTESTED = 2 /* the statement's attestation chain ended in a pinned anchor */
};

struct lk_gateway_verdict {
    uint32_t reason;     /* 0 = the agent is proved */
    uint8_t subject[16]; /* zero unless the signature verified */
    /* Empty unless proved. With groups and facts the issuer can refuse before a code is made; REDEEMED brings them again. */
    char name[65];
    char full_name[129]; /* of the agent's record; "" = none */
    char groups[513];    /* of the statement, between blanks */
    uint32_t facts;      /* LK_LOGIN_FACT_* */
};
LK_MUST_USE int lk_gateway_verdict_encode(struct lk_buf *buf, uint32_t request,
                                          const struct lk_gateway_verdict *verdict);
LK_MUST_USE int lk_gateway_verdict_decode(struct lk_view payload,
                                          struct lk_gateway_verdict *ret_verdict);

/* ---- the worker socket ---- */

/* Does this transaction prove this user? Counts one password: the module asks after the key and before the stack goes on. Answer: VERDICT (message/host.h) with the same
 * nonce; reasons NONE, PROOF, PROOF_EXPIRED, LIMIT (five passwords), NAME_REASSIGNED (another agent's), all that stands against the credential now, and the
 * house's. The store remembers that a stack asked: without that no code is made. */
struct lk_worker_prove {
    uint8_t nonce[32];
    uint8_t transaction[LK_TRANSACTION_SIZE];
    char name[65]; /* PAM_USER */
};
LK_MUST_USE int lk_worker_prove_encode(struct lk_buf *buf, uint32_t request,
                                       const struct lk_worker_prove *prove);
LK_MUST_USE int lk_worker_prove_decode(struct lk_view payload, struct lk_worker_prove *ret_prove);

/* ---- codes and sessions ---- */

/* issuer -> broker: the stack has said yes. In one transaction: the proof is there, in time, asked for by a worker and not used; its credential stands as it was
 * judged; proof used up, code and session written. Answer: RESULT. */
struct lk_gateway_code {
    uint8_t transaction[LK_TRANSACTION_SIZE];
    uint8_t code[32]; /* the code's name: the store holds no code */
    uint8_t sid[LK_SID_SIZE];
    char client[LK_CLIENT_MAX + 1];
    struct lk_view data; /* the issuer's own, at most LK_CODE_DATA_MAX: comes back with REDEEMED */
};
LK_MUST_USE int lk_gateway_code_encode(struct lk_buf *buf, uint32_t request,
                                       const struct lk_gateway_code *code);
LK_MUST_USE int lk_gateway_code_decode(struct lk_view payload, struct lk_gateway_code *ret_code);

/* issuer -> broker: a client, already authenticated, presents a code. In one transaction: the code is there, of this client, in time, unused; the credential still stands;
 * code used, digest of the access token written. A used code ends the session that came of it (reason REPLAY). Another client's: CODE, and nothing changes. */
struct lk_gateway_redeem {
    uint8_t code[32];
    uint8_t access[32]; /* the name of the access token that the issuer is about to hand out */
    char client[LK_CLIENT_MAX + 1];
};
LK_MUST_USE int lk_gateway_redeem_encode(struct lk_buf *buf, uint32_t request,
                                         const struct lk_gateway_redeem *redeem);
LK_MUST_USE int lk_gateway_redeem_decode(struct lk_view payload,
                                         struct lk_gateway_redeem *ret_redeem);

/* issuer -> broker: whose access token is this? Answer: REDEEMED. */
struct lk_gateway_access {
    uint8_t access[32];
};
LK_MUST_USE int lk_gateway_access_encode(struct lk_buf *buf, uint32_t request,
                                         const struct lk_gateway_access *access);
LK_MUST_USE int lk_gateway_access_decode(struct lk_view payload,
                                         struct lk_gateway_access *ret_access);

/* All but reason is empty where the reason is not NONE. */
struct lk_gateway_redeemed {
    uint32_t reason;
    uint8_t subject[16];
    uint8_t sid[LK_SID_SIZE];
    char client[LK_CLIENT_MAX + 1];
    char name[65];
    char full_name[129]; /* of the agent's record; "" = none */
    char email[129];     /* likewise */
    char groups[513];    /* of the statement, between blanks */
    int64_t auth_time;   /* of the assertion */
    uint32_t facts;      /* LK_LOGIN_FACT_* */
    struct lk_view data;
};
LK_MUST_USE int lk_gateway_redeemed_encode(struct lk_buf *buf, uint32_t request,
                                           const struct lk_gateway_redeemed *redeemed);
LK_MUST_USE int lk_gateway_redeemed_decode(struct lk_view payload,
                                           struct lk_gateway_redeemed *ret_redeemed);

/* issuer -> broker: the client says that this session is over (RP-initiated logout). No logout token goes to a client that said so itself. Answer: RESULT; a sid
 * that is not there is NONE too. */
struct lk_gateway_end {
    uint8_t sid[LK_SID_SIZE];
    char client[LK_CLIENT_MAX + 1];
};
LK_MUST_USE int lk_gateway_end_encode(struct lk_buf *buf, uint32_t request,
                                      const struct lk_gateway_end *end);
LK_MUST_USE int lk_gateway_end_decode(struct lk_view payload, struct lk_gateway_end *ret_end);

/* ---- the logout queue ---- */

/* issuer -> broker: what is due. Answer: so many LOGOUT, then RESULT. Each is leased for LK_LOGOUT_LEASE_SECONDS: whoever took it and died loses it again. */
struct lk_gateway_logouts {
    uint16_t most; /* 1 to LK_LOGOUTS_MAX */
};
LK_MUST_USE int lk_gateway_logouts_encode(struct lk_buf *buf, uint32_t request,
                                          const struct lk_gateway_logouts *logouts);
LK_MUST_USE int lk_gateway_logouts_decode(struct lk_view payload,
                                          struct lk_gateway_logouts *ret_logouts);

struct lk_gateway_logout {
    uint64_t id;
    uint8_t subject[16];
    uint8_t sid[LK_SID_SIZE];
    char client[LK_CLIENT_MAX + 1];
    uint32_t attempts; /* before this one */
};
LK_MUST_USE int lk_gateway_logout_encode(struct lk_buf *buf, uint32_t request,
                                         const struct lk_gateway_logout *logout);
LK_MUST_USE int lk_gateway_logout_decode(struct lk_view payload,
                                         struct lk_gateway_logout *ret_logout);

enum lk_logout_outcome {
    LK_LOGOUT_FAILED = 1, /* tried again later: 5 s, doubled each time, at most an hour, for ever */
    LK_LOGOUT_ACKNOWLEDGED = 2, /* the client answered 200, which proves little */
    LK_LOGOUT_CONFIRMED = 3,    /* the client was asked and knows no such session any more */
    /* The configuration has no such client or no address of it: tried again each hour, and forgotten when it has waited for a week. */
    LK_LOGOUT_NOBODY = 4
};
/* issuer -> broker. Answer: RESULT. */
struct lk_gateway_delivered {
    uint64_t id;
    enum lk_logout_outcome outcome;
    char detail[129]; /* for people: "HTTP status 502" */
};
LK_MUST_USE int lk_gateway_delivered_encode(struct lk_buf *buf, uint32_t request,
                                            const struct lk_gateway_delivered *delivered);
LK_MUST_USE int lk_gateway_delivered_decode(struct lk_view payload,
                                            struct lk_gateway_delivered *ret_delivered);

/* issuer -> broker, empty payload: what a metric says of the broker. Answer: WAITING, or RESULT where the store cannot be read. */
LK_MUST_USE int lk_gateway_queue_encode(struct lk_buf *buf, uint32_t request);
enum {
    LK_WAITING_RELOAD_REFUSED = 1
}; /* the last reload of the broker was refused: what was in force stays */
struct lk_gateway_waiting {
    uint64_t logouts;       /* sessions over of which a client has yet to hear */
    uint64_t oldest;        /* seconds the oldest of them waits; 0 = none does */
    uint64_t undeliverable; /* of clients that cannot be told */
    uint32_t flags;
};
LK_MUST_USE int lk_gateway_waiting_encode(struct lk_buf *buf, uint32_t request,
                                          const struct lk_gateway_waiting *waiting);
LK_MUST_USE int lk_gateway_waiting_decode(struct lk_view payload,
                                          struct lk_gateway_waiting *ret_waiting);

struct lk_gateway_result {
    uint32_t reason;
};
LK_MUST_USE int lk_gateway_result_encode(struct lk_buf *buf, uint32_t request,
                                         const struct lk_gateway_result *result);
LK_MUST_USE int lk_gateway_result_decode(struct lk_view payload,
                                         struct lk_gateway_result *ret_result);

#endif
