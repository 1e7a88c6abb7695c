/* SPDX-License-Identifier: EUPL-1.2 */
/* Inside sso/issuer only: the process that signs. One thread, one loop; a visit is one question of a web process, and lives until it is answered. */
#ifndef LK_SSO_ISSUER_ISSUER_H
#define LK_SSO_ISSUER_ISSUER_H

#include "sso/common/link.h"
#include "sso/common/start.h"
#include "sso/issuer/counters.h"
#include "sso/issuer/settings.h"

enum {
    LK_ISSUER_WEBS = 16,         /* web processes at once */
    LK_ISSUER_QUESTIONS = 4096,  /* open at the broker */
    LK_ISSUER_VISITS = 4096,     /* open in all */
    LK_ISSUER_QUEUE_MS = 15000,  /* between two questions about the queue of logouts */
    LK_ISSUER_ANSWER_MS = 10000, /* the broker's time for one question */
    LK_ISSUER_ATTEMPT_MS =
        20000, /* a worker's time for one attempt, and the longest wait for a free one */
    LK_ISSUER_QUEUE_PER_WORKER = 64, /* attempts waiting for a worker */
    LK_ISSUER_DELAY_MS = 10000,      /* the longest that a page waits after a wrong password */
    LK_ISSUER_RETRY_MS = 250,        /* between two tries to reach a neighbour */
    LK_ISSUER_STOP_MS = 5000,        /* for what is under way when the process is to end */
    LK_ISSUER_LOGOUTS = 64,          /* logout tokens under way at notify ... */
    LK_ISSUER_LOGOUTS_OF_CLIENT =
        16 /* ... and of them to one client: one that hangs must not hold up the others */
};

struct lk_issuer;
struct lk_visit;

/* ---- the broker ---- */

/* frame NULL: no answer will come. Of LOGOUTS each LOGOUT is handed out, then RESULT. */
typedef void lk_answered(void *context, const struct lk_frame *frame);

struct lk_question {
    lk_answered *answered; /* NULL = free */
    void *context;
    enum lk_message answer;
    uint32_t id;
    int64_t asked_ms;
};

struct lk_broker_link {
    struct lk_link link;
    struct lk_timer retry;
    struct lk_question questions[LK_ISSUER_QUESTIONS];
    uint32_t place; /* where the search for a free place begins */
    uint32_t turn;  /* makes ids that do not come back soon */
    size_t open;
    struct lk_gateway_waiting queue; /* what it said last, if queue_known */
    bool queue_known;
    int64_t queue_ms; /* when it was asked; 0 = never */
};

void lk_broker_begin(struct lk_issuer *issuer);
void lk_broker_end(struct lk_issuer *issuer);
/* A place for one question: the id to encode it with, or 0 if the broker is not there or has too many already (then answered is not called). What is encoded goes
 * to broker.link.peer.out. */
uint32_t lk_broker_ask(struct lk_issuer *issuer, enum lk_message answer, lk_answered *answered,
                       void *context);
/* The question could not be encoded: its place is free again. */
void lk_broker_withdraw(struct lk_issuer *issuer, uint32_t id);
void lk_broker_tick(struct lk_issuer *issuer, int64_t now_ms);

/* ---- workers ---- */

struct lk_worker {
    struct lk_link link;
    struct lk_issuer *issuer;
    struct lk_timer timer;  /* the attempt's limit, or the next try to connect */
    struct lk_visit *visit; /* whose attempt runs; NULL = idle */
    bool answered;          /* at least one attempt since it came */
    uint32_t request;
};

struct lk_workers {
    struct lk_worker *list;
    size_t count;
    struct lk_visit *first; /* waiting */
    struct lk_visit **last;
    size_t waiting;
};

LK_MUST_USE int lk_workers_begin(struct lk_issuer *issuer);
void lk_workers_end(struct lk_issuer *issuer);
size_t lk_workers_up(const struct lk_issuer *issuer);
/* Runs the stack for visit->request.name, now or when a worker is free; lk_login_attempted is called once, perhaps from here. */
void lk_workers_attempt(struct lk_issuer *issuer, struct lk_visit *visit);
void lk_workers_tick(struct lk_issuer *issuer, int64_t now_ms);

/* ---- notify ---- */

struct lk_notify_link {
    struct lk_link link;
    struct lk_timer retry;
    struct {
        uint64_t id; /* 0 = free: logout ids begin at 1 */
        char client[LK_CLIENT_MAX + 1];
    } under_way[LK_ISSUER_LOGOUTS];
    size_t count;
    bool asking;
    bool more; /* the last answer brought some */
};

void lk_notify_begin(struct lk_issuer *issuer);
/* After a reload: notify begins anew, with the configuration of now. What was under way is leased out again by the broker. */
void lk_notify_again(struct lk_issuer *issuer);
void lk_notify_end(struct lk_issuer *issuer);
void lk_notify_tick(struct lk_issuer *issuer);

/* ---- web processes ---- */

struct lk_web {
    struct lk_link link;
    struct lk_issuer *issuer;
    struct lk_visit *visits;
    struct lk_web *next;
};

LK_MUST_USE int lk_webs_begin(struct lk_issuer *issuer, int listener);
void lk_webs_end(struct lk_issuer *issuer);
/* The documents that differ from what was sent before, to all. */
void lk_webs_publish(struct lk_issuer *issuer);

/* ---- visits ---- */

struct lk_visit {
    struct lk_issuer *issuer;
    struct lk_web *web;           /* NULL once it is gone: nobody waits for the answer */
    uint32_t id;                  /* the request id of the web process */
    struct lk_settings *settings; /* those in force when it began */
    struct lk_visit *next;        /* of this web process */
    struct lk_visit **before;     /* what points here */
    struct lk_visit *next_waiting;
    int64_t began_ms;
    int64_t waiting_ms;
    enum lk_step step;
    struct lk_timer timer; /* while the page waits after a wrong password */

    /* a login */
    struct lk_buf plain;            /* the opened seal, which request borrows from */
    struct lk_oidc_request request; /* views are good only while plain is */
    struct lk_buf sealed;           /* the next page's */
    uint8_t cookie[LK_SSO_COOKIE_SIZE];
    bool cookie_new;
    struct lk_buf password;
    char client[LK_CLIENT_MAX + 1];
    char language[3];
    char remote[65];
    enum lk_reason reason; /* what the next page says */
    uint8_t left;
    char detail[129];
    char code[LK_OIDC_HANDLE_TEXT + 1];

    /* an application */
    struct lk_oidc_token token; /* also the code; its client belongs to settings */
    char access[LK_OIDC_HANDLE_TEXT + 1];
    struct lk_buf location;
};

/* NULL: no memory, or too many. */
struct lk_visit *lk_visit_new(struct lk_web *web, uint32_t id, enum lk_step step);
/* Nobody waits any more: wipes and frees. */
void lk_visit_end(struct lk_visit *visit);
void lk_visit_page(struct lk_visit *visit, const struct lk_sso_page *page);
void lk_visit_reply(struct lk_visit *visit, const struct lk_oidc_reply *reply);

/* ---- what a web process may ask; a negative result ends the link ---- */

LK_MUST_USE int lk_login_authorize(struct lk_web *web, const struct lk_frame *frame);
LK_MUST_USE int lk_login_assert(struct lk_web *web, const struct lk_frame *frame);
LK_MUST_USE int lk_login_password(struct lk_web *web, const struct lk_frame *frame);
/* attempted NULL: no worker answered. */
void lk_login_attempted(struct lk_visit *visit, const struct lk_sso_attempted *attempted);
LK_MUST_USE int lk_application_token(struct lk_web *web, const struct lk_frame *frame);
LK_MUST_USE int lk_application_userinfo(struct lk_web *web, const struct lk_frame *frame);
LK_MUST_USE int lk_application_logout(struct lk_web *web, const struct lk_frame *frame);
LK_MUST_USE int lk_application_metrics(struct lk_web *web, const struct lk_frame *frame);

/* The steps that several of them share (login_steps.c). */
/* A fresh page for the key: KEY, or REFUSED with the visit's reason and a way on. Ends the visit in the end. */
void lk_login_offer(struct lk_visit *visit);
/* A refusal without a way on. */
void lk_login_refuse(struct lk_visit *visit, enum lk_reason reason);
void lk_login_ask_password(struct lk_visit *visit);
void lk_login_deny(struct lk_visit *visit, enum lk_reason reason);
void lk_login_code(struct lk_visit *visit);

/* ---- the process ---- */

struct lk_issuer {
    struct lk_start start;
    struct lk_crypto *crypto;
    struct lk_settings *settings;
    struct lk_counters counters;
    struct lk_broker_link broker;
    struct lk_workers workers;
    struct lk_notify_link notify;
    struct lk_watch listener;
    uid_t web_uid; /* besides our own */
    struct lk_web *webs;
    size_t web_count;
    size_t visit_count;
    struct lk_timer tick;
    int64_t stopping_ms; /* 0 = no */
};

int64_t lk_issuer_now(void);
int64_t lk_issuer_ms(void);

#endif
