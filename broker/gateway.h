/* SPDX-License-Identifier: EUPL-1.2 */
/* What the requests of gateway and worker sockets share: many jobs a connection, each with at most one change on its way to the disk, and the judgement
 * of a credential that proved itself before. */
#ifndef LK_BROKER_GATEWAY_H
#define LK_BROKER_GATEWAY_H

#include "broker/broker.h"

struct lk_gateway_job {
    struct lk_broker *broker;
    struct lk_connection *connection; /* NULL once the peer is gone: nobody is answered */
    uint32_t request;
    struct lk_change change;
    /* NULL, or: fills what the change rests on; NONE: to be committed. From the visit where there is one (visit.h), unless from_store. */
    enum lk_reason (*judge)(struct lk_gateway_job *job);
    bool from_store; /* what was judged from the visit is not as it was: judged anew, once */
    /* Writes the answer; called only while the peer is there. */
    void (*answer)(struct lk_gateway_job *job, enum lk_reason reason);
    struct lk_gateway_job *next; /* of this connection */
};
/* Zeroed, of this size (a struct that begins with the job), and linked. NULL: no memory. */
struct lk_gateway_job *lk_gateway_job_new(struct lk_connection *connection, uint32_t request,
                                          size_t size, enum lk_change_kind kind,
                                          void (*answer)(struct lk_gateway_job *job,
                                                         enum lk_reason reason));
/* The connection's work is the list of its jobs: when it goes, they finish without an answer. */
void lk_gateway_job_link(struct lk_gateway_job *job, struct lk_connection *connection,
                         uint32_t request);
void lk_gateway_job_unlink(struct lk_gateway_job *job);
/* Answers, unlinks and frees a job that stands at the beginning of its own allocation. */
void lk_gateway_job_end(struct lk_gateway_job *job, enum lk_reason reason);
/* Queues job->change, which the caller has filled; then lk_gateway_job_end with what became of it. */
void lk_gateway_job_commit(struct lk_gateway_job *job);
/* Judges, then commits or ends. */
void lk_gateway_job_go(struct lk_gateway_job *job);

/* What stands against this statement's credential at the gateway now: the store's state, the house's, the credential's. *ret_rows is the caller's to free in every case. */
enum lk_reason lk_gateway_judge(struct lk_broker *broker, const struct lk_digest *statement,
                                struct lk_store_rows *ret_rows,
                                struct lk_standing_result *ret_standing);
/* The proof of this transaction. NONE: it is there, bears our mark and is in time; its credential is not judged yet. */
enum lk_reason lk_gateway_proof(struct lk_broker *broker,
                                const uint8_t transaction[LK_TRANSACTION_SIZE],
                                struct lk_store_proof *ret_proof);
/* The groups of a statement with blanks between; those that do not fit are left out whole. */
void lk_gateway_groups(const struct lk_statement *statement, char *ret_groups, size_t size);
/* [a-z0-9._-], at least one. */
bool lk_gateway_client_valid(const char *client);
/* A RESULT. */
void lk_gateway_answer_result(struct lk_gateway_job *job, enum lk_reason reason);

/* The broker's mark on a proof and on a code, over every member but passwords, access_expiry and ended (gateway_seal.c). */
LK_MUST_USE int lk_proof_seal(struct lk_broker *broker,
                              const uint8_t transaction[LK_TRANSACTION_SIZE],
                              const struct lk_store_proof *proof,
                              uint8_t ret_seal[LK_STORE_SEAL_SIZE]);
bool lk_proof_sealed(struct lk_broker *broker, const uint8_t transaction[LK_TRANSACTION_SIZE],
                     const struct lk_store_proof *proof);
LK_MUST_USE int lk_code_seal(struct lk_broker *broker, const struct lk_store_code *code,
                             uint8_t ret_seal[LK_STORE_SEAL_SIZE]);
bool lk_code_sealed(struct lk_broker *broker, const struct lk_store_code *code);

/* gateway_code.c, gateway_session.c, gateway_worker.c */
int lk_gateway_handle_code(struct lk_broker *broker, struct lk_connection *connection,
                           const struct lk_frame *frame);
int lk_gateway_handle_redeem(struct lk_broker *broker, struct lk_connection *connection,
                             const struct lk_frame *frame);
int lk_gateway_handle_access(struct lk_broker *broker, struct lk_connection *connection,
                             const struct lk_frame *frame);
int lk_gateway_handle_end(struct lk_broker *broker, struct lk_connection *connection,
                          const struct lk_frame *frame);
int lk_gateway_handle_queue(struct lk_broker *broker, struct lk_connection *connection,
                            const struct lk_frame *frame);
/* How many logouts wait, by what status says too. 0 or a negative error: the store cannot be read. */
LK_MUST_USE int lk_broker_waiting(struct lk_broker *broker, struct lk_gateway_waiting *ret_waiting);
int lk_gateway_handle_logouts(struct lk_broker *broker, struct lk_connection *connection,
                              const struct lk_frame *frame);
int lk_gateway_handle_delivered(struct lk_broker *broker, struct lk_connection *connection,
                                const struct lk_frame *frame);

#endif
