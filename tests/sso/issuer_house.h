/* SPDX-License-Identifier: EUPL-1.2 */
/* The real issuer process between neighbours that the test plays: broker, workers, notify, and web processes. All of them live in one loop, which turns while the test waits. */
#ifndef LK_TEST_ISSUER_HOUSE_H
#define LK_TEST_ISSUER_HOUSE_H

#include <sys/types.h>

#include "loop/peer.h"
#include "message/sso.h"
#include "model/reason.h"

#define HOUSE_SECRET   "secret-of-synapse-0123456789-abcdef"
#define HOUSE_REDIRECT "https://matrix.example.org/callback"
#define HOUSE_VERIFIER "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define HOUSE_S256     "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
#define HOUSE_PASSWORD "correct horse \xc3\xa9"

enum { HOUSE_PROOFS = 256, HOUSE_ENDS = 24, HOUSE_AGENT_SECRET = 16 };

/* An end that the test plays. */
struct house_end {
    struct lk_peer peer;
    struct house *house;
    enum lk_role_socket role;
    bool used;
    bool greeted;
};

/* What the played broker remembers of one verified touch. */
struct house_proof {
    uint8_t transaction[16];
    char name[65];
    bool asked; /* by the stack */
    bool coded;
    bool redeemed;
    bool ended;
    uint8_t code[32];
    uint8_t access[32];
    uint8_t sid[16];
    char client[65];
    uint8_t data[LK_CODE_DATA_MAX];
    size_t data_len;
};

enum house_worker { WORKER_WORKS, WORKER_HANGS, WORKER_DIES };

struct house {
    char folder[64];
    pid_t issuer;
    struct lk_loop *loop;
    struct lk_watch listeners[3]; /* gateway, worker, notify */
    struct house_end ends[HOUSE_ENDS];
    int web_listener;
    struct lk_timer limit;
    bool over;

    /* the broker's part */
    bool broker_silent;
    uint8_t alice[HOUSE_AGENT_SECRET]; /* who knows it can make the key of alice sign */
    uint32_t verdict;                  /* instead of NONE after a good signature */
    uint32_t code_reason;
    uint32_t facts;
    const char *groups;
    struct house_proof proofs[HOUSE_PROOFS];
    size_t proof_count;
    unsigned logins, verified, codes_asked, codes_made, redeemed;
    struct lk_gateway_logout logout; /* due, if its id is not 0 */
    unsigned logout_count;           /* as many, with ids from there on; 0 = one */
    struct lk_gateway_delivered delivered;
    unsigned deliveries;

    /* the workers' part */
    enum house_worker worker;
    enum lk_sso_outcome outcome; /* instead of what the password says; 0 = none */
    uint32_t delay_ms;
    unsigned attempts;
    struct lk_sso_attempt attempt; /* the last one, without its password */
    bool attempt_password;

    /* notify's part */
    struct lk_gateway_waiting waiting; /* what the broker says of its queue */
    size_t notify_count;               /* links it has had */
    bool notify_silent;
    unsigned tokens;
    char token[8192]; /* the last one that was to be delivered */
    char token_client[65];

    /* the web process that asks */
    struct house_end *web;
    bool gone; /* the issuer ended the link */
    uint32_t waits_for;
    bool answered;
    enum lk_message answer;
    uint8_t answer_bytes[LK_FRAME_MAX];
    size_t answer_len;
    uint8_t documents[4][LK_SSO_DOCUMENT_MAX];
    size_t document_len[4];
    char etags[4][LK_SSO_ETAG_MAX + 1];
    unsigned document_count;
    uint32_t last_request;
};

extern struct house house;

/* Configuration with or without a password after the key; starts the issuer and waits for the documents. For cmocka. */
int house_start_password(void **state);
int house_start_key_only(void **state);
int house_stop(void **state);

void house_config(const char *password, const char *more);
/* Sends a signal and turns the loop for so long. */
void house_signal(int number);
void house_turn(int ms);
/* Turns until the condition holds; fails after five seconds. */
void house_until(bool (*condition)(void));
void house_connect_web(void);
void house_end_stop(struct house_end *end);
/* All played ends of a role are closed and no new ones accepted until house_open. */
void house_close(enum lk_role_socket role);
void house_open(enum lk_role_socket role);
size_t house_up(enum lk_role_socket role);
/* Makes a signing key that signs from that time on. */
void house_make_key(int64_t from);
void house_read_log(char *ret_text, size_t size);

/* ---- what a web process does ---- */

uint32_t house_request(void);
/* Sends what stands in out and waits for the answer to this request. false: the issuer ended the link. */
bool house_wait(uint32_t request);
struct house_login {
    uint8_t cookie[32];
    char sealed[LK_SSO_SEALED_MAX + 1];
    uint8_t challenge[LK_TOKEN_SIZE];
    struct lk_sso_page page; /* the last one; its views borrow from the house's answer */
    char code[128];
};
struct lk_sso_authorize house_authorize(const struct house_login *login, bool with_cookie);
void house_ask_page(const struct lk_sso_authorize *authorize, struct house_login *login);
/* The key of alice answers the page's challenge. */
void house_touch(struct house_login *login);
/* Anything as a signature. */
void house_assert(struct house_login *login, const uint8_t *signature, size_t len);
void house_password(struct house_login *login, const char *password);
/* The code of the last page's location; fails if there is none. */
void house_take_code(struct house_login *login);
/* Status of the answer; *ret_body with a NUL. */
unsigned house_token(const char *code, const char *verifier, char *ret_body, size_t size);
void house_transaction(const struct house_login *login, uint8_t ret_transaction[16]);

#endif
