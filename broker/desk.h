/* SPDX-License-Identifier: EUPL-1.2 */
/* What the files of the desk share: jobs that outlive the call that began them. */
#ifndef LK_BROKER_DESK_H
#define LK_BROKER_DESK_H

#include "broker/broker.h"

/* One request of the desk that waits for a key or for the disk. It is the connection's `work` while the peer is there; when the peer goes
 * away first, a ceremony is cancelled, a queued change is finished without an answer. */
struct lk_desk_job {
    struct lk_broker *broker;
    struct lk_connection *connection; /* NULL once the peer is gone */
    uint32_t request;
    struct lk_device_ceremony *ceremony; /* NULL while none runs */
    bool test_browser;                   /* TEST: of a browser credential */
    uint8_t client_data_hash[32];
    char client_data[512]; /* TEST of a browser credential: what a browser would have signed */
    char relying_party[LK_RELYING_PARTY_MAX + 1];
    struct lk_subject subject;  /* CREATE */
    struct lk_digest statement; /* TEST */
    struct lk_desk_lost lost;   /* LOST */
    /* changes on their way to the disk */
    struct lk_change *changes;
    size_t change_count;
    size_t changes_done;
    struct lk_buf memory; /* what the changes point into */
    struct lk_digest *digests;
    struct lk_tree_path *paths;
    bool *completes;
    uint64_t *row_versions;
    uint64_t detail; /* for the result */
};

/* Makes a job the connection's work; NULL: no memory, or one is running already (a result was sent). */
struct lk_desk_job *lk_desk_job_new(struct lk_connection *connection, uint32_t request);
/* Ends the job: it is no longer the connection's work. Accepts NULL. */
void lk_desk_job_free(struct lk_desk_job *job);
/* Appends a RESULT to the connection. text may be NULL. */
int lk_desk_result(struct lk_connection *connection, uint32_t request, enum lk_reason reason,
                   uint64_t number, uint64_t detail, const char *text);
/* Ends the job with a RESULT; the peer must still be there. */
void lk_desk_job_finish(struct lk_desk_job *job, enum lk_reason reason, uint64_t number,
                        const char *text);
/* Begins the job's ceremony: events and PIN questions go to the peer, a failure ends the job. assertion or credential may be NULL: an answer of that kind is then
 * LK_REASON_KEY_FAILED. Always 0: a ceremony that cannot begin has been answered. */
int lk_desk_job_begin(struct lk_desk_job *job, const struct lk_device_ceremony_request *request,
                      void (*assertion)(void *, const struct lk_device_assertion *,
                                        const struct lk_device_info *),
                      void (*credential)(void *, const struct lk_device_credential *,
                                         const struct lk_device_info *));
/* Queues all changes of the job; when the last one is done RESULT is sent (the first refusal, or NONE with the last number) and the job freed. */
int lk_desk_job_commit(struct lk_desk_job *job);

/* One handler a request, as in message/desk.h. */
int lk_desk_handle_list(struct lk_broker *broker, struct lk_connection *connection,
                        const struct lk_frame *frame);
int lk_desk_handle_create(struct lk_broker *broker, struct lk_connection *connection,
                          const struct lk_frame *frame);
int lk_desk_handle_sign(struct lk_broker *broker, struct lk_connection *connection,
                        const struct lk_frame *frame);
int lk_desk_handle_test(struct lk_broker *broker, struct lk_connection *connection,
                        const struct lk_frame *frame);
int lk_desk_handle_lost(struct lk_broker *broker, struct lk_connection *connection,
                        const struct lk_frame *frame);
int lk_desk_handle_submit(struct lk_broker *broker, struct lk_connection *connection,
                          const struct lk_frame *frame);
int lk_desk_handle_endorse(struct lk_broker *broker, struct lk_connection *connection,
                           const struct lk_frame *frame);
int lk_desk_handle_state(struct lk_broker *broker, struct lk_connection *connection,
                         const struct lk_frame *frame);
int lk_desk_handle_restore(struct lk_broker *broker, struct lk_connection *connection,
                           const struct lk_frame *frame);
int lk_desk_handle_agent(struct lk_broker *broker, struct lk_connection *connection,
                         const struct lk_frame *frame);
int lk_desk_handle_status(struct lk_broker *broker, struct lk_connection *connection,
                          const struct lk_frame *frame);
int lk_desk_handle_register(struct lk_broker *broker, struct lk_connection *connection,
                            const struct lk_frame *frame);
int lk_desk_handle_log(struct lk_broker *broker, struct lk_connection *connection,
                       const struct lk_frame *frame);

/* One credential with its standing, as LIST and TEST show it. */
int lk_desk_put_credential(struct lk_broker *broker, struct lk_connection *connection,
                           uint32_t request, const struct lk_store_rows *agent,
                           const struct lk_store_row *row);

/* The register entry an endorsement names must exist with that hash (docs/PROTOCOL.md 4.4). NONE or ENDORSEMENT. */
enum lk_reason lk_desk_register_named(struct lk_broker *broker,
                                      const struct lk_endorsement *endorsement);

#endif
