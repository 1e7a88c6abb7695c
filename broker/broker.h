/* SPDX-License-Identifier: EUPL-1.2 */
/* What the files of the broker share: its state, its connections, and the steps that several ceremonies take.
 * Everything here runs on the loop thread; verify jobs are pure functions over copies (verify_pool.h). */
#ifndef LK_BROKER_BROKER_H
#define LK_BROKER_BROKER_H

#include <sys/types.h>

#include "base/clock.h"
#include "base/random.h"
#include "broker/register/mark.h"
#include "broker/register/register.h"
#include "broker/store/store.h"
#include "broker/store/thread.h"
#include "config/config.h"
#include "loop/loop.h"
#include "message/desk.h"
#include "message/gateway.h"
#include "message/host.h"
#include "policy/policy.h"
#include "trust/trust.h"
#include "verify/verify.h"

struct lk_broker;
struct lk_connection;
struct lk_log_sink;

/* ---- connections (connection.c) ---- */

/* One row of the table of permitted messages of a socket. */
struct lk_handler {
    enum lk_message type;
    /* 0, or a negative error: the connection is closed and the error logged. Payload is valid during the call only. */
    int (*handle)(struct lk_broker *broker, struct lk_connection *connection,
                  const struct lk_frame *frame);
};
extern const struct lk_handler lk_host_handlers[];    /* login_host.c, ended by type 0 */
extern const struct lk_handler lk_desk_handlers[];    /* desk.c */
extern const struct lk_handler lk_gateway_handlers[]; /* login_gateway.c */
extern const struct lk_handler lk_worker_handlers[];  /* gateway_worker.c */

struct lk_connection {
    struct lk_broker *broker;
    struct lk_watch watch;
    enum lk_role_socket role;
    const struct lk_handler *handlers;
    uid_t uid; /* SO_PEERCRED */
    pid_t pid;
    bool hello; /* seen and answered */
    uint16_t version;
    struct lk_buf in;
    struct lk_buf out; /* handlers append whole frames; flushed at the end of the turn */
    /* The ceremony or other long work that belongs to this connection; cancel is called when the peer goes away or sends CANCEL and must
     * leave no callback that touches the connection. pin gets the bytes of a PIN message. 
     * NULL when there is none: then a PIN closes the connection and a late CANCEL is ignored. */
    void *work;
    void (*work_cancel)(struct lk_connection *connection);
    void (*work_pin)(struct lk_connection *connection, struct lk_view pin);
    bool closing;       /* flush what stands in out, then close */
    bool dead;          /* closed: freed at the end of the turn */
    bool resting;       /* answered, nothing asked since: closed without a word in time */
    bool paused;        /* its requests are not read: too much is queued or in flight */
    uint32_t in_flight; /* requests that are being worked on (gateway) */
    struct lk_timer
        deadline; /* for hello, for the request on host and worker sockets, for the last flush */
    struct lk_connection *next;
};
void lk_connection_close(struct lk_connection *connection);
/* A worker's question is answered: it may ask another one for some minutes. */
void lk_connection_rest(struct lk_connection *connection);
/* Accepts on a listening socket; fd is owned from now on. */
LK_MUST_USE int lk_connection_listen(struct lk_broker *broker, enum lk_role_socket role, int fd);
/* From the first request of a turn to its end: one snapshot for all that is read, one batch for what is decided (lk_store_thread_hold). Released by itself at the
 * turn's end; by hand before completions are heard, and before the store is closed. */
void lk_broker_turn_hold(struct lk_broker *broker);
void lk_broker_turn_release(struct lk_broker *broker);
/* For the loop: flushes, resumes and frees. */
void lk_connection_turn_end(void *broker);
/* Closes all of them and the listeners. */
void lk_connection_close_all(struct lk_broker *broker);

/* ---- device link (device_link.c) ---- */

/* One ceremony with the keys of this machine. One at a time: a second begin is refused with KEY_BUSY. */
struct lk_device_ceremony_request {
    bool create; /* which of the two is set */
    struct lk_device_assert
        assert_request; /* flags PROBE is added by the link when UV is needed or several keys are there */
    struct lk_device_create create_request; /* views are copied by begin */
    int64_t timeout_ms;
    const char *owner; /* "login alice sudo": told to whoever finds the key busy; copied */
};
struct lk_device_ceremony_callbacks {
    void (*event)(void *context, const struct lk_event_message *event);
    void (*ask_pin)(void *context, const struct lk_ask_pin *ask);
    /* Exactly one of the three below ends the ceremony; the handle is dead afterwards. Views are valid during the call. */
    void (*assertion)(void *context, const struct lk_device_assertion *assertion,
                      const struct lk_device_info *info);
    void (*credential)(void *context, const struct lk_device_credential *credential,
                       const struct lk_device_info *info);
    void (*failed)(void *context, enum lk_reason reason, uint8_t retries, const char *detail);
    void *context;
};
struct lk_device_ceremony;
/* NONE and *ret_ceremony, or KEY_BUSY, DEVICE_UNAVAILABLE, INTERNAL. */
enum lk_reason lk_device_ceremony_begin(struct lk_broker *broker,
                                        const struct lk_device_ceremony_request *request,
                                        const struct lk_device_ceremony_callbacks *callbacks,
                                        struct lk_device_ceremony **ret_ceremony);
/* Hands the PIN to the one key that asked. */
void lk_device_ceremony_pin(struct lk_device_ceremony *ceremony, struct lk_view pin);
/* Cancels without any further callback. */
void lk_device_ceremony_cancel(struct lk_device_ceremony *ceremony);
const char *lk_device_owner(const struct lk_broker *broker); /* NULL = no ceremony runs */

/* ---- standing (standing.c): the one judgement of login, test and explain ---- */

struct lk_standing_result {
    bool decoded;
    struct lk_statement statement;
    struct lk_digest digest; /* recomputed from the bytes */
    size_t reason_count;
    enum lk_reason reasons[16]; /* in the order of lk_policy_judge; NONE never stands among them */
};
/* Judges one row at this moment for a login of this kind: decodes, recomputes digests, checks endorsements against the current operator set (through the cache), quorum,
 * register entries, evidence, mark, state, times, policy. agent is the row set it came from (current name). 0 or a negative error: the machine failed, deny. */
LK_MUST_USE int lk_standing_judge(struct lk_broker *broker, const struct lk_store_rows *agent,
                                  const struct lk_store_row *row, enum lk_kind kind,
                                  struct lk_standing_result *ret_result);

/* A statement against which nothing stood a moment ago, and of whose row the caller's transaction will refuse every change: mark, times and policy now. NONE, and the
 * statement decoded. */
enum lk_reason lk_standing_again(struct lk_broker *broker, struct lk_view statement,
                                 const struct lk_digest *digest,
                                 struct lk_statement *ret_statement);

/* Endorsement verdict through the cache: by SHA-256(record bytes, set digest). */
LK_MUST_USE int lk_endorsement_verdict(struct lk_broker *broker, struct lk_view record,
                                       struct lk_endorsement *ret_endorsement,
                                       enum lk_reason *ret_reason);

/* ---- operators (operators.c) ---- */
/* Reads and verifies the chain file; absent: no set (reason OPERATOR_SET until `init`). Refuses a lower number than the mark's. */
LK_MUST_USE int lk_broker_load_operators(struct lk_broker *broker, char *ret_text, size_t size);

/* ---- the broker ---- */

enum { LK_BROKER_SUBJECT_CACHE = 65536 };

struct lk_endorsement_cache;
struct lk_verify_pool;
struct lk_device_link;
struct lk_names_link;
struct lk_limits;
struct lk_challenge_keys;
struct lk_gather;
struct lk_crash_guard;
struct lk_visits;

struct lk_broker {
    const char *config_path; /* borrowed */
    struct lk_config config;
    char reload_text[LK_TRUST_MESSAGE_SIZE]; /* why the last reload was refused; "" = it was not */
    struct lk_trust *trust; /* tables, policy about models, anchors; never NULL once started */
    struct lk_policy policy;
    const struct lk_clock *clock;
    const struct lk_random *random;
    struct lk_crypto *crypto;
    struct lk_loop *loop;
    char host[256]; /* this machine's name, as bound into challenges */
    const struct lk_store_ops *store_ops;
    struct lk_store *store; /* NULL: store_reason says why; every login is refused with it */
    enum lk_reason store_reason;
    char store_text[257];
    struct lk_store_thread *store_thread;
    bool turn_held; /* lk_broker_turn_hold */
    bool turn_snapshot;
    struct lk_mark *mark;
    struct lk_register_report register_report;
    struct lk_subject broker_id;
    struct lk_operator_set *operators; /* NULL = none yet */
    struct lk_digest operators_digest;
    struct lk_buf operators_chain; /* file bytes */
    struct lk_endorsement_cache *cache;
    struct lk_visits *visits;
    struct lk_verify_pool *pool; /* NULL = inline */
    struct lk_device_link *device;
    struct lk_names_link *names;
    struct lk_limits *limits;
    struct lk_challenge_keys *challenge_keys;
    struct lk_gather *gather;
    struct lk_crash_guard *guard; /* NULL = none: the state folder cannot be used */
    struct lk_log_sink *sink;
    struct lk_connection *connections;
    struct lk_watch listeners[5]; /* by enum lk_role_socket; 0 unused; ready NULL = not open */
    struct lk_timer accept_pause;
    struct lk_watch signals;
    struct lk_watch store_ready;
    struct lk_timer heads; /* heads of register and log go to the journal */
    bool heads_due;        /* something was written since */
    int64_t clock_floor;   /* newest time on record: the clock may not fall behind it */
    int exit_status;
    uint8_t decoy_key
        [32]; /* decoy credential ids of unknown agents: HMAC(decoy key, name, i); kept in the state folder */
    struct lk_subject stand_in; /* whose rows are read for one who is not enrolled (allow_list.h) */
    /* The browser credential that logged in last: what is not enrolled is treated like it, but for the end. */
    struct lk_digest browser_stand_in;
    bool has_browser_stand_in;
    bool test_mode; /* --test */
    bool rootless;  /* started without root: status says so */
    int64_t started;
};

/* After a register change was committed: mark, revoked digests, counters of status. Called by whoever queued the change, on completion. */
void lk_broker_acted_on(struct lk_broker *broker, const struct lk_change *change);

/* The host challenge for this login: fills nonce and time, returns its SHA-256. */
LK_MUST_USE int lk_broker_host_challenge(struct lk_broker *broker, const char *service,
                                         const char *name, const char *tty, uint8_t ret_hash[32]);

/* One line to the journal (stderr under a supervisor) through log/sinks; never a secret, never a credential id in full. */
void lk_broker_log(struct lk_broker *broker, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
