/* SPDX-License-Identifier: EUPL-1.2 */
/* The store: two kinds of operation, read a snapshot and commit a batch. A back end is one const table (SQLite here, PostgreSQL later).
 *
 * The store is not trusted: it hands out bytes, the broker judges them. It keeps the one promise that matters: a change, its register or log
 * records and their positions are one transaction; what was acknowledged survives SIGKILL and power loss; what was not leaves no trace.
 *
 * Threads: reads happen on the thread that opened the store (own read-only connection). Commits happen on the store thread (thread.h). */
#ifndef LK_BROKER_STORE_STORE_H
#define LK_BROKER_STORE_STORE_H

#include "base/clock.h"
#include "crypto/crypto.h"
#include "model/model.h"

struct lk_store;

enum {
    LK_STORE_NONCE_SIZE =
        20, /* u32 expiry minute, second, 15 random: rows are appended and deleted by range */
    LK_STORE_ROWS_MAX =
        64, /* rows read at once: more credentials of one agent are refused at enrolment (LIMIT) */
    LK_STORE_BATCH_MAX = 512,
    LK_STORE_FAILURE_WINDOW = 900, /* seconds in which verified-but-refused attempts are counted */
    LK_STORE_TRANSACTION_SIZE = 16,
    LK_STORE_SID_SIZE = 16,
    LK_STORE_SEAL_SIZE =
        33, /* the broker's mark on a row that lets somebody in; bytes to the store */
    LK_STORE_CLIENT_MAX = 64,
    LK_STORE_TEXT_MAX = 128, /* bytes of a display name, an e-mail address, a logout's detail */
    LK_STORE_CODE_DATA_MAX = 2048,
    LK_STORE_CODE_KEPT = 3600,    /* seconds in which a used code that comes again is known */
    LK_STORE_SESSION_YOUNG = 600, /* a logout of a younger session is delivered again at that age */
    LK_STORE_LOGOUT_LEASE = 60,
    LK_STORE_LOGOUT_RETRY = 5, /* doubled with each attempt ... */
    LK_STORE_LOGOUT_RETRY_MAX = 3600,
    LK_STORE_LOGOUT_NOBODY = 7 * 86400, /* so long one waits for a client that nobody can tell */
    LK_STORE_LOGOUT_SHARE =
        16, /* of one client taken at once: one that hangs leaves room for the others */
    LK_STORE_QUEUE_CLIENTS = 64
};

/* ---- reading ---- */

struct lk_store_endorsement {
    struct lk_view record; /* endorsement record bytes */
    struct lk_view path;   /* tree path bytes */
};
/* A register row as it lies there: bytes, hash column, recorded object, endorsements (each u32 length + bytes). */
struct lk_store_entry {
    bool present;
    uint64_t number;
    struct lk_digest hash;
    struct lk_view bytes;
    struct lk_view object;
    struct lk_view endorsements;
    struct lk_digest
        next_previous; /* the `previous` member of entry number + 1; zero if there is none */
    bool has_next;
};
/* One statement with all that lies beside it. Views live until lk_store_rows_free. */
struct lk_store_row {
    struct lk_digest digest; /* SHA-256 of statement bytes, as stored: recompute before trusting */
    struct lk_digest credential; /* SHA-256 of the credential id */
    struct lk_view statement;
    struct lk_subject subject;
    uint64_t version;
    bool newest; /* no row with a higher version of this credential */
    enum lk_state state;
    int64_t created;
    struct lk_view attestation_object; /* empty = missing */
    struct lk_store_entry entry;       /* LK_ENTRY_STATEMENT */
    struct lk_store_entry activation;  /* LK_ENTRY_ENDORSEMENT; not present while pending */
    uint32_t endorsement_count;
    struct lk_store_endorsement endorsements[LK_ENDORSEMENTS_MAX];
    uint32_t counter;
    int64_t last_login;
    uint32_t
        failures; /* verified-but-refused attempts since window_start; 0 once LK_STORE_FAILURE_WINDOW is over */
    int64_t window_start;
    uint64_t
        row_version; /* changes whenever state, activation, endorsements or counter change: given back on commit */
};
struct lk_store_rows {
    bool known; /* an agent of that name or subject exists */
    struct lk_subject subject;
    char name[LK_NAME_MAX + 1];            /* its current login name */
    char full_name[LK_STORE_TEXT_MAX + 1]; /* of the agent's record; "" = none */
    char email[LK_STORE_TEXT_MAX + 1];
    size_t count;
    struct lk_store_row *rows; /* by created, then version */
    void *memory;
};
void lk_store_rows_free(struct lk_store_rows *rows);

struct lk_store_head {
    uint64_t number; /* 0 = empty register */
    struct lk_digest hash;
    uint64_t log_number; /* of this broker */
    struct lk_digest log_hash;
    uint64_t set_number; /* newest operator set in the register */
    struct lk_digest set_digest;
    uint64_t agents, credentials, active, pending, suspended, revoked; /* by newest version */
};

struct lk_store_filter {
    const char *name;                 /* NULL = all */
    struct lk_view credential_prefix; /* may be empty */
    int state;                        /* 0 = any */
    bool all_versions;
    uint64_t after; /* only rows whose statement entry is greater */
    uint32_t most;  /* rows in order of their statement entry; 0 = all */
};

struct lk_store_log_row {
    uint64_t number;
    struct lk_digest hash;
    struct lk_view bytes;       /* log record bytes, docs/PROTOCOL.md 4.9 */
    char name[LK_NAME_MAX + 1]; /* side table; "" once erased */
    char service[65];
    char remote_host[257];
};

/* ---- the gateway: what its ceremonies left ---- */

struct lk_store_proof {
    bool known;
    struct lk_digest statement;
    int64_t expiry;
    int64_t auth_time;
    uint32_t facts;
    uint32_t passwords; /* how often a worker asked */
    uint8_t seal[LK_STORE_SEAL_SIZE];
};
struct lk_store_code {
    bool known;
    uint8_t digest[LK_DIGEST_SIZE];
    struct lk_digest statement;
    uint8_t sid[LK_STORE_SID_SIZE];
    char client[LK_STORE_CLIENT_MAX + 1];
    int64_t expiry;
    int64_t access_expiry; /* 0 = not used */
    bool ended;            /* the session is over */
    int64_t auth_time;
    uint32_t facts;
    uint8_t seal[LK_STORE_SEAL_SIZE];
    uint16_t data_len;
    uint8_t data[LK_STORE_CODE_DATA_MAX];
};
struct lk_store_logout {
    uint64_t id;
    struct lk_subject subject;
    uint8_t sid[LK_STORE_SID_SIZE];
    char client[LK_STORE_CLIENT_MAX + 1];
    uint32_t attempts; /* before this one */
};
/* The logouts that wait for one client. */
struct lk_store_waiting {
    char client[LK_STORE_CLIENT_MAX + 1];
    uint64_t pending;
    int64_t oldest; /* when the oldest was put there */
};
struct lk_store_queue {
    struct lk_store_waiting clients[LK_STORE_QUEUE_CLIENTS]; /* longest waiting first */
    size_t count;
};

/* ---- committing ---- */

enum lk_change_kind {
    LK_CHANGE_LOGIN =
        1, /* counter, nonce, log record; refused when re-read (CONFLICT, REPLAY, EXPIRED_CHALLENGE, COUNTER, LIMIT): a log record with that reason */
    LK_CHANGE_RECORD = 2,    /* a log record only: refused and gathered attempts */
    LK_CHANGE_STATEMENT = 3, /* a pending statement and its register entry */
    LK_CHANGE_ENDORSE =
        4, /* one endorsement for many statements; those named complete become active, each with a register entry */
    LK_CHANGE_STATE = 5, /* suspend or revoke, register entry */
    LK_CHANGE_OPERATOR_SET = 6,
    LK_CHANGE_RESTORE = 7,
    LK_CHANGE_PROVE = 8,   /* a worker asks: PROOF, PROOF_EXPIRED, LIMIT, CONFLICT */
    LK_CHANGE_CODE = 9,    /* the proof becomes code and session: PROOF, PROOF_EXPIRED, CONFLICT */
    LK_CHANGE_REDEEM = 10, /* CODE, CODE_EXPIRED, CONFLICT; REPLAY: the session was ended */
    LK_CHANGE_END =
        11, /* an ID token was shown that names it: the session ends, its client is told */
    LK_CHANGE_LOGOUTS = 12,   /* takes what is due, each leased */
    LK_CHANGE_DELIVERED = 13, /* how a delivery ended */
    LK_CHANGE_AGENT = 14      /* display name and e-mail: UNKNOWN_AGENT */
};

struct lk_log_record {
    int64_t time;
    enum lk_reason reason;
    enum lk_kind kind;
    struct lk_subject subject;   /* zero if no signature verified */
    struct lk_digest credential; /* zero likewise */
    uint8_t aaguid[LK_AAGUID_SIZE];
    uint8_t flags;
    uint32_t counter;
    uint32_t milliseconds;
    uint32_t count; /* attempts it stands for, at least 1 */
    char name[LK_NAME_MAX + 1];
    char service[65];
    char remote_host[257];
};

struct lk_change_login {
    struct lk_digest statement;
    uint64_t
        row_version; /* read when judging; different now and not explained by the counter alone: reason CONFLICT */
    uint32_t
        counter; /* received; re-checked against the stored one: reason COUNTER (and recorded as such) */
    uint32_t failure_limit; /* re-checked: reason LIMIT; 0 = none */
    bool has_nonce;
    uint8_t nonce[LK_STORE_NONCE_SIZE]; /* already there: reason REPLAY */
    bool refused; /* the signature verified but policy refused: failures + 1, no counter change */
    bool
        leaves_proof; /* not refused, now or when re-read: a proof under this transaction, in place of an older one */
    uint8_t transaction[LK_STORE_TRANSACTION_SIZE];
    int64_t proof_expiry;
    uint32_t facts;
    uint8_t seal[LK_STORE_SEAL_SIZE];
    struct lk_log_record record;
};
struct lk_change_statement {
    struct lk_view statement; /* bytes; decoded by the store for its columns */
    struct lk_view attestation_object;
    struct lk_view client_data_hash;
    int64_t time;
};
struct lk_change_endorse {
    struct lk_view endorsement; /* record bytes */
    size_t count;
    const struct lk_digest *statements;
    const struct lk_tree_path *paths;
    const bool *completes; /* with this endorsement the quorum is reached: becomes active */
    const uint64_t *row_versions;
    int64_t time;
};
/* Which sessions end with a credential that is revoked; suspending ends none. */
enum lk_sessions {
    LK_SESSIONS_OF_AGENT = 0, /* all, with whatever key they were opened */
    LK_SESSIONS_OF_CREDENTIAL = 1
};
struct lk_change_state {
    struct lk_view change; /* state change bytes */
    struct lk_digest statement;
    enum lk_state state;
    struct lk_view
        endorsements; /* each u32 length + bytes; may be empty for a holder's own report */
    enum lk_sessions sessions;
    int64_t time;
};
struct lk_change_set {
    struct lk_view set; /* bytes */
    uint64_t number;
    struct lk_view endorsements;
    int64_t time;
};
struct lk_change_restore {
    struct lk_view restore;
    struct lk_view endorsements;
    int64_t time;
};

/* row_version of these three: of the statement that the judgement rests on; proof_seal and code_seal: of the row that was read. Another one now: CONFLICT. */
struct lk_change_prove {
    uint8_t transaction[LK_STORE_TRANSACTION_SIZE];
    struct lk_digest statement;
    uint64_t row_version;
    uint8_t proof_seal[LK_STORE_SEAL_SIZE];
    uint32_t most; /* passwords */
};
struct lk_change_code {
    uint8_t transaction[LK_STORE_TRANSACTION_SIZE];
    struct lk_digest statement;
    uint64_t row_version;
    uint8_t proof_seal[LK_STORE_SEAL_SIZE];
    uint8_t code[LK_DIGEST_SIZE];
    uint8_t sid[LK_STORE_SID_SIZE];
    char client[LK_STORE_CLIENT_MAX + 1];
    struct lk_view data;
    int64_t expiry;
    uint8_t seal[LK_STORE_SEAL_SIZE]; /* of the code */
};
struct lk_change_redeem {
    uint8_t code[LK_DIGEST_SIZE];
    struct lk_digest statement;
    uint64_t row_version;
    uint8_t code_seal[LK_STORE_SEAL_SIZE];
    uint8_t access[LK_DIGEST_SIZE];
    int64_t access_expiry;
    char client[LK_STORE_CLIENT_MAX + 1];
};
struct lk_change_end {
    uint8_t sid[LK_STORE_SID_SIZE];
    char client[LK_STORE_CLIENT_MAX + 1];
};
struct lk_change_logouts {
    size_t most;
    struct lk_store_logout *taken; /* the caller's, room for most */
    size_t count;                  /* result */
};
struct lk_change_delivered {
    uint64_t id;
    bool done;      /* else tried again later */
    bool nobody;    /* not done: there is nobody to tell */
    bool forgotten; /* result: nobody for LK_STORE_LOGOUT_NOBODY; logout and session are gone */
    char detail[LK_STORE_TEXT_MAX + 1];
};
struct lk_change_agent {
    char name[LK_NAME_MAX + 1];
    bool set_full_name; /* what is not set stays */
    bool set_email;
    char full_name[LK_STORE_TEXT_MAX + 1];
    char email[LK_STORE_TEXT_MAX + 1];
};

/* Who may still write when the disk is full (design rule 8). Changes of state are always the most urgent. */
enum lk_urgency {
    LK_URGENCY_NORMAL = 0,
    LK_URGENCY_PRIVILEGED = 1 /* logins of uid 0, acts of operators */
};

/* A decision on its way to the disk. The caller fills it, keeps it and everything it points to alive until it is done, and then reads the results. */
struct lk_change {
    enum lk_change_kind kind;
    enum lk_urgency urgency;
    union {
        struct lk_change_login login;
        struct lk_log_record record;
        struct lk_change_statement statement;
        struct lk_change_endorse endorse;
        struct lk_change_state state;
        struct lk_change_set set;
        struct lk_change_restore restore;
        struct lk_change_prove prove;
        struct lk_change_code code;
        struct lk_change_redeem redeem;
        struct lk_change_end end;
        struct lk_change_logouts logouts;
        struct lk_change_delivered delivered;
        struct lk_change_agent agent;
    } u;
    /* results */
    int error; /* 0, or why the whole transaction failed: nothing of the batch is stored */
    enum lk_reason
        reason; /* NONE = done; otherwise this decision was refused when re-read (its savepoint rolled back) */
    uint64_t number; /* register entry (the last one, if several) or log record given to it */
    struct lk_digest hash;
    uint64_t activated; /* ENDORSE: how many became active */
    /* for the queue of thread.h */
    void (*done)(struct lk_change *change, void *context);
    void *context;
    struct lk_change *next;
};

/* ---- the table ---- */

struct lk_store_options {
    const char *folder;       /* state folder, mode 0700, owned by the caller */
    const char *file;         /* NULL = "store.sqlite3" in folder */
    const char *vfs;          /* NULL = the system's; tests name their own */
    bool synchronous_off;     /* tests only: shows that the power-cut test can fail */
    struct lk_subject broker; /* id of this broker: login log chain */
    const struct lk_crypto *crypto;
    const struct lk_clock *clock;
    uint64_t reserve_bytes; /* allocated reserve, 16 MiB by default; 0 = none */
    int64_t log_term;       /* seconds a closed log segment is kept; 0 = for ever */
    int64_t
        names_term; /* seconds names and addresses of log records are kept; 0 = as long as the records */
    int64_t session_term; /* seconds a session is remembered; 0 = for ever */
};

struct lk_store_ops {
    const char *name; /* "sqlite" */
    /* Opens and migrates. -LK_ERR_NOT_FOUND (folder), -LK_ERR_SCHEMA, -LK_ERR_CORRUPT, -LK_ERR_READ_ONLY, -LK_ERR_FULL, -LK_ERR_OWNER, -LK_ERR_MODE, -LK_ERR_LINK, -LK_ERR_IO. */
    int (*open)(const struct lk_store_options *options, struct lk_store **ret_store);
    void (*close)(struct lk_store *store);
    /* Until release, all reads see one snapshot, that of the first of them, and pages that one has read are at hand for the next. Pairs nest. hold returns 0, or an
     * error and then wants no release. The thread that reads only. */
    int (*hold)(struct lk_store *store);
    void (*release)(struct lk_store *store);
    /* All credentials of an agent, the newest version of each. Unknown: 0 with known = false. */
    int (*read_name)(struct lk_store *store, const char *name, struct lk_store_rows *ret_rows);
    int (*read_subject)(struct lk_store *store, const struct lk_subject *subject,
                        struct lk_store_rows *ret_rows);
    /* All versions of one credential, by SHA-256 of its id (the newest LK_STORE_ROWS_MAX of them). */
    int (*read_credential)(struct lk_store *store, const struct lk_digest *credential,
                           struct lk_store_rows *ret_rows);
    int (*read_statement)(struct lk_store *store, const struct lk_digest *statement,
                          struct lk_store_rows *ret_rows);
    /* Calls each for every matching row; a non-zero return stops and is returned. Snapshot of one moment. The row is valid during the call. */
    int (*list)(struct lk_store *store, const struct lk_store_filter *filter,
                int (*each)(void *context, const char *name, const struct lk_store_row *row),
                void *context);
    int (*read_head)(struct lk_store *store, struct lk_store_head *ret_head);
    /* Register entries from first on, at most most. */
    int (*read_register)(struct lk_store *store, uint64_t first, uint32_t most,
                         int (*each)(void *context, const struct lk_store_entry *entry),
                         void *context);
    /* Log records with number >= first (0: the newest `most`), in ascending order; name NULL = all. */
    int (*read_log)(struct lk_store *store, const char *name, uint64_t first, uint32_t most,
                    int (*each)(void *context, const struct lk_store_log_row *row), void *context);
    /* Absent: 0 with known = false. A code is found by its own digest or, access set, by that of the access token. */
    int (*read_proof)(struct lk_store *store, const uint8_t transaction[LK_STORE_TRANSACTION_SIZE],
                      struct lk_store_proof *ret_proof);
    int (*read_code)(struct lk_store *store, const uint8_t digest[LK_DIGEST_SIZE], bool access,
                     struct lk_store_code *ret_code);
    int (*read_queue)(struct lk_store *store, struct lk_store_queue *ret_queue);
    /* One transaction, a savepoint for each change, in order. Returns 0 or the error that rolled all back (also set in each change). Store thread only.
     * When the disk is full, a third of the reserve is released and the batch tried again as far as low_space() still admits. */
    int (*commit)(struct lk_store *store, struct lk_change **changes, size_t count);
    /* WAL checkpoint, deletion of expired nonces, proofs, codes and sessions and of closed log segments. Maintenance thread only. */
    int (*maintain)(struct lk_store *store);
    /* 0 = normal; 1 = a third of the reserve is released, everybody is still served; 2 = two thirds: only uid 0, operators and changes of state;
     * 3 = all of it: only changes of state. What is no longer served gets the reason STORE_LOW. Any thread. */
    int (*low_space)(struct lk_store *store);
};

extern const struct lk_store_ops lk_store_sqlite;

/* Changes nothing and takes no lock: is the store file in this folder one of ours, with a schema this program knows? 0; -LK_ERR_NOT_FOUND: none yet; -LK_ERR_CORRUPT,
 * -LK_ERR_SCHEMA; errors of lk_file_open. */
LK_MUST_USE int lk_store_sqlite_probe(const char *folder);

#endif
