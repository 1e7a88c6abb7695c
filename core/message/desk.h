/* SPDX-License-Identifier: EUPL-1.2 */
/* Desk socket: what operators do, list and show. One connection may carry many requests, one ceremony at a time.
 * During CREATE, SIGN, TEST and LOST the broker sends EVENT and ASK_PIN (message/host.h) with the request's id and takes PIN and CANCEL.
 *
 *   request    payload                       answer
 *   STATUS     -                             PAIRS
 *   LIST       lk_desk_filter                CREDENTIAL ... END
 *   CREATE     lk_desk_create                CREATED or RESULT (refused)
 *   SIGN       lk_desk_sign                  SIGNED or RESULT
 *   SUBMIT     lk_desk_submit                RESULT; number = register entry
 *   TEST       lk_desk_test                  CREDENTIAL (with the reasons the login found) and RESULT; RESULT reason = NONE if the answer verified and
 *                                            nothing but LK_REASON_PENDING stands against it
 *   ENDORSE    lk_desk_endorse               RESULT; number = how many credentials became active, detail = how many still lack operators
 *   STATE      lk_desk_state                 RESULT; number = register entry
 *   LOST       lk_desk_lost                  RESULT (the holder's other key is asked for); number = credentials revoked
 *   REGISTER   u64 first, u32 most           ENTRY ... END
 *   OPERATORS  -                             CHAIN
 *   RELOAD     -                             RESULT (operator chain and configuration read again; the new set enters the register)
 *   LOG        lk_desk_log_filter            RECORD ... END
 *   RESTORE    lk_desk_restore               RESULT
 *   AGENT      lk_desk_agent                 AGENT_RECORD, or RESULT where something is set or the agent is not known
 */
#ifndef LK_MESSAGE_DESK_H
#define LK_MESSAGE_DESK_H

#include "message/device.h"

enum { LK_PAIRS_MAX = 64, LK_BATCH_MAX = 1024, LK_LIST_MOST = 200 };

/* STATUS: rows of name and value, as text, in the order in which they are shown. */
struct lk_desk_pair {
    char name[65];
    char value[513];
};
struct lk_desk_pairs {
    uint32_t count;
    struct lk_desk_pair pairs[LK_PAIRS_MAX];
};
LK_MUST_USE int lk_desk_status_encode(struct lk_buf *buf, uint32_t request);
LK_MUST_USE int lk_desk_pairs_encode(struct lk_buf *buf, uint32_t request,
                                     const struct lk_desk_pairs *pairs);
LK_MUST_USE int lk_desk_pairs_decode(struct lk_view payload, struct lk_desk_pairs *ret_pairs);

struct lk_desk_filter {
    char name[65];                 /* exactly this agent, or "" */
    uint8_t credential_prefix[32]; /* first credential_prefix_len bytes of SHA-256(credential id) */
    uint8_t credential_prefix_len;
    uint8_t state;     /* enum lk_state, or 0 = any */
    bool all_versions; /* else only the newest of each credential */
    uint64_t
        after; /* only rows whose register entry is greater: the next page; 0 = from the beginning */
    uint16_t
        most; /* 1 to LK_LIST_MOST rows, ordered by register entry; exactly this many came = ask again */
};
LK_MUST_USE int lk_desk_list_encode(struct lk_buf *buf, uint32_t request,
                                    const struct lk_desk_filter *filter);
LK_MUST_USE int lk_desk_list_decode(struct lk_view payload, struct lk_desk_filter *ret_filter);

/* One credential with its standing. */
struct lk_desk_credential {
    struct lk_view statement; /* bytes */
    uint8_t state;            /* enum lk_state */
    uint64_t entry;           /* register number of the statement */
    uint64_t activation;      /* register number of its activation, 0 = none */
    uint32_t counter;
    int64_t created;
    int64_t last_login;    /* 0 = never */
    uint32_t reason_count; /* all that stands against a login now, by lk_policy_judge */
    uint32_t reasons[16];
    uint32_t endorsement_count;
    struct lk_view endorsements[16]; /* record bytes */
};
LK_MUST_USE int lk_desk_credential_encode(struct lk_buf *buf, uint32_t request,
                                          const struct lk_desk_credential *credential);
LK_MUST_USE int lk_desk_credential_decode(struct lk_view payload,
                                          struct lk_desk_credential *ret_credential);
LK_MUST_USE int lk_desk_end_encode(struct lk_buf *buf, uint32_t request);

/* Makes a credential on the key that is touched. For kind operator the subject is the operator's id. */
struct lk_desk_create {
    uint8_t kind; /* enum lk_kind */
    char name[65];
    char display_name[129];
    bool has_subject; /* else: the agent's subject if the name is known, or a new one */
    uint8_t subject[16];
    uint32_t
        exclude_count; /* credentials the key must not hold; for agents the broker adds those it knows */
    struct lk_view exclude[LK_ALLOW_MAX];
};
LK_MUST_USE int lk_desk_create_encode(struct lk_buf *buf, uint32_t request,
                                      const struct lk_desk_create *create);
LK_MUST_USE int lk_desk_create_decode(struct lk_view payload, struct lk_desk_create *ret_create);

struct lk_desk_created {
    uint8_t subject[16];
    char relying_party[256];
    uint8_t client_data_hash[32];
    struct lk_view attestation_object;
    struct lk_device_info info; /* claimed */
};
LK_MUST_USE int lk_desk_created_encode(struct lk_buf *buf, uint32_t request,
                                       const struct lk_desk_created *created);
LK_MUST_USE int lk_desk_created_decode(struct lk_view payload, struct lk_desk_created *ret_created);

/* A touch of an operator's key; the relying party is always latchkey-operator:ORG and user verification is
 * required. Works before an operator set exists: `init` needs it. */
struct lk_desk_sign {
    uint8_t client_data_hash[32];
    uint32_t allow_count;
    struct lk_view allow[LK_ALLOW_MAX];
};
LK_MUST_USE int lk_desk_sign_encode(struct lk_buf *buf, uint32_t request,
                                    const struct lk_desk_sign *sign);
LK_MUST_USE int lk_desk_sign_decode(struct lk_view payload, struct lk_desk_sign *ret_sign);
LK_MUST_USE int lk_desk_signed_encode(struct lk_buf *buf, uint32_t request,
                                      const struct lk_device_assertion *assertion);
LK_MUST_USE int lk_desk_signed_decode(struct lk_view payload,
                                      struct lk_device_assertion *ret_assertion);

struct lk_desk_submit {
    struct lk_view statement;
    struct lk_view
        attestation_object; /* empty: a later version that rests on the one in the store */
    struct lk_view client_data_hash;
};
LK_MUST_USE int lk_desk_submit_encode(struct lk_buf *buf, uint32_t request,
                                      const struct lk_desk_submit *submit);
LK_MUST_USE int lk_desk_submit_decode(struct lk_view payload, struct lk_desk_submit *ret_submit);

struct lk_desk_test {
    uint8_t statement[32]; /* digest */
};
LK_MUST_USE int lk_desk_test_encode(struct lk_buf *buf, uint32_t request,
                                    const struct lk_desk_test *test);
LK_MUST_USE int lk_desk_test_decode(struct lk_view payload, struct lk_desk_test *ret_test);

/* One endorsement over a batch of statements that are pending here. */
struct lk_desk_endorse {
    struct lk_view endorsement; /* record bytes */
    uint32_t count;
    struct lk_view
        statements; /* count digests of 32 bytes, in leaf order: the broker computes root and paths itself */
};
LK_MUST_USE int lk_desk_endorse_encode(struct lk_buf *buf, uint32_t request,
                                       const struct lk_desk_endorse *endorse);
LK_MUST_USE int lk_desk_endorse_decode(struct lk_view payload, struct lk_desk_endorse *ret_endorse);

/* Suspend or revoke: the changes are the leaves, one endorsement over them all. */
struct lk_desk_state {
    struct lk_view endorsement;
    uint32_t count;             /* at most 64 */
    struct lk_view changes[64]; /* state change bytes */
    /* Revoking ends all sessions of the agent at the gateway's clients; true: only those that these credentials opened. Suspending ends none. */
    bool own_sessions_only;
};
LK_MUST_USE int lk_desk_state_encode(struct lk_buf *buf, uint32_t request,
                                     const struct lk_desk_state *state);
LK_MUST_USE int lk_desk_state_decode(struct lk_view payload, struct lk_desk_state *ret_state);

/* The holder's own report: after a login with a host credential that is not among those named, those named are revoked. */
struct lk_desk_lost {
    char name[65];
    uint32_t count;              /* 1 to 32 */
    uint8_t credentials[32][32]; /* SHA-256 of the credential ids given up */
};
LK_MUST_USE int lk_desk_lost_encode(struct lk_buf *buf, uint32_t request,
                                    const struct lk_desk_lost *lost);
LK_MUST_USE int lk_desk_lost_decode(struct lk_view payload, struct lk_desk_lost *ret_lost);

struct lk_desk_register {
    uint64_t first; /* 0 = only the newest entry (head) */
    uint32_t most;
};
LK_MUST_USE int lk_desk_register_encode(struct lk_buf *buf, uint32_t request,
                                        const struct lk_desk_register *range);
LK_MUST_USE int lk_desk_register_decode(struct lk_view payload, struct lk_desk_register *ret_range);
struct lk_desk_entry {
    struct lk_view entry;  /* register entry bytes */
    struct lk_view object; /* bytes of the object it records; may be empty */
    uint32_t endorsement_count;
    struct lk_view
        endorsements[LK_ALLOW_MAX]; /* record bytes, in the order of the entry's detail digest */
};
LK_MUST_USE int lk_desk_entry_encode(struct lk_buf *buf, uint32_t request,
                                     const struct lk_desk_entry *entry);
LK_MUST_USE int lk_desk_entry_decode(struct lk_view payload, struct lk_desk_entry *ret_entry);

LK_MUST_USE int lk_desk_operators_encode(struct lk_buf *buf, uint32_t request);
struct lk_desk_chain {
    struct lk_view chain; /* operator chain file bytes */
};
LK_MUST_USE int lk_desk_chain_encode(struct lk_buf *buf, uint32_t request,
                                     const struct lk_desk_chain *chain);
LK_MUST_USE int lk_desk_chain_decode(struct lk_view payload, struct lk_desk_chain *ret_chain);
LK_MUST_USE int lk_desk_reload_encode(struct lk_buf *buf, uint32_t request);

struct lk_desk_log_filter {
    char name[65];  /* "" = all */
    uint64_t first; /* record number; 0 = the newest */
    uint32_t most;  /* 1 to 1000 */
};
LK_MUST_USE int lk_desk_log_encode(struct lk_buf *buf, uint32_t request,
                                   const struct lk_desk_log_filter *filter);
LK_MUST_USE int lk_desk_log_decode(struct lk_view payload, struct lk_desk_log_filter *ret_filter);
struct lk_desk_record {
    uint64_t number;
    int64_t time;
    uint32_t reason; /* enum lk_reason: NONE = allowed */
    uint8_t kind;    /* enum lk_kind */
    uint8_t subject[16];
    uint8_t credential[32];
    uint8_t aaguid[16];
    uint8_t flags;
    uint32_t counter;
    uint32_t milliseconds;
    uint32_t
        count; /* attempts this record stands for (unverified ones are gathered a minute and source) */
    char name[65]; /* "" once erased */
    char service[65];
    char remote_host[257];
};
LK_MUST_USE int lk_desk_record_encode(struct lk_buf *buf, uint32_t request,
                                      const struct lk_desk_record *record);
LK_MUST_USE int lk_desk_record_decode(struct lk_view payload, struct lk_desk_record *ret_record);

struct lk_desk_restore {
    struct lk_view restore;
    uint32_t endorsement_count;
    struct lk_view endorsements[16];
};
LK_MUST_USE int lk_desk_restore_encode(struct lk_buf *buf, uint32_t request,
                                       const struct lk_desk_restore *restore);
LK_MUST_USE int lk_desk_restore_decode(struct lk_view payload, struct lk_desk_restore *ret_restore);

struct lk_desk_result {
    uint32_t reason; /* enum lk_reason */
    uint64_t number;
    uint64_t detail;
    uint8_t retries; /* for PIN reasons */
    char text[257];  /* what exactly was wrong, for a person; "" where the reason says it all */
};
LK_MUST_USE int lk_desk_result_encode(struct lk_buf *buf, uint32_t request,
                                      const struct lk_desk_result *result);
LK_MUST_USE int lk_desk_result_decode(struct lk_view payload, struct lk_desk_result *ret_result);

/* What an agent is called, for greetings and the claims `name` and `email`. Not signed: no decision rests on it. Nothing set: only asked for. */
struct lk_desk_agent {
    char name[65];
    bool set_full_name;
    char full_name[129]; /* "" takes it away */
    bool set_email;
    char email[129];
};
LK_MUST_USE int lk_desk_agent_encode(struct lk_buf *buf, uint32_t request,
                                     const struct lk_desk_agent *agent);
LK_MUST_USE int lk_desk_agent_decode(struct lk_view payload, struct lk_desk_agent *ret_agent);
struct lk_desk_agent_record {
    uint8_t subject[16];
    char full_name[129];
    char email[129];
};
LK_MUST_USE int lk_desk_agent_record_encode(struct lk_buf *buf, uint32_t request,
                                            const struct lk_desk_agent_record *record);
LK_MUST_USE int lk_desk_agent_record_decode(struct lk_view payload,
                                            struct lk_desk_agent_record *ret_record);

#endif
