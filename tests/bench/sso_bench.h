/* SPDX-License-Identifier: EUPL-1.2 */
/* The parts of the benchmark of whole logins at the gateway: browsers with keys and homeservers on one side, the gateway's processes and what they cost on the other. Ends
 * the program when it cannot do its work; a login that fails is counted, and the first ones are told in words. */
#ifndef LK_TESTS_BENCH_SSO_H
#define LK_TESTS_BENCH_SSO_H

#include "base/base64url.h"
#include "gateway_bench.h"
#include "message/sso.h"
#include "sso_http.h"

#define SSO_CLIENT        "synapse"
#define SSO_REDIRECT      "https://chat.example.org/_synapse/client/oidc/callback"
#define SSO_SECRET        "a-secret-of-forty-three-characters-0123456789"
#define SSO_ISSUER        "https://" HOUSE_GATEWAY
#define SSO_PASSWORD      "correct horse battery staple"
#define SSO_COOKIE        "__Host-latchkey"
#define SSO_FORM          "application/x-www-form-urlencoded"
#define SSO_PATH_KEY      "/key"
#define SSO_PATH_PASSWORD "/password"

/* ---- sso_visit.c: one login, as a browser with a key and its homeserver make it; no I/O ---- */

struct visit {
    struct population *population;
    uint32_t credential;
    uint64_t number; /* nonce, state and PKCE verifier follow from it */
    char verifier[44];
    char cookie[96]; /* the value that the gateway set */
    char sealed[LK_SSO_SEALED_MAX + 1];
    char challenge[LK_BASE64URL_LENGTH(LK_TOKEN_SIZE) + 1];
    char code[128];
};

enum visit_step {
    VISIT_AUTHORIZE, /* GET /authorize */
    VISIT_KEY,       /* POST /key */
    VISIT_PASSWORD,  /* POST /password */
    VISIT_TOKEN,     /* POST /token */
    VISIT_OVER,
    VISIT_FAILED
};
const char *visit_step_name(enum visit_step step);

void visit_begin(struct visit *visit, struct population *population, uint32_t credential,
                 uint64_t number);
/* Appends the whole request of this step. */
void visit_ask(struct visit *visit, enum visit_step step, struct lk_buf *out);
/* What comes next after this answer; VISIT_OVER: body of the token answer was good enough to be looked into later. */
enum visit_step visit_take(struct visit *visit, enum visit_step step,
                           const struct http_response *response);
/* The value of an attribute of the first tag that holds `marker`; empty if there is none. Entities are not undone: what is asked for here is base64url. */
struct lk_view page_value(struct lk_view page, const char *marker, const char *attribute);

/* ---- sso_load.c: many of them at once ---- */

enum { LOAD_WORDS = 5 }; /* failed logins that are told in words */

struct load_record {
    uint32_t credential;
    uint64_t number;
    int64_t latency;   /* nanoseconds from when it was due until the token was there; 0 = lost */
    uint8_t *answer;   /* owned; body of the token endpoint */
    size_t answer_len; /* 0 = lost */
};
struct load {
    const char *address;
    struct population *population;
    const uint32_t *credentials;
    size_t count;
    size_t in_flight; /* at most so many at once */
    uint32_t
        per_second; /* 0: as soon as one ends the next begins; else they are due at even distances, whatever the gateway does */
    bool only_pages; /* the authorize page is fetched and left */
    /* Out. */
    struct load_record *records; /* owned, count of them; load_free */
    size_t lost;
    int64_t wall;
};
/* Every login of the list, with one connection for each that is in flight. */
void load_run(struct load *load);
void load_free(struct load *load);
/* Sorts a copy of the latencies of what was not lost; nanoseconds. */
int64_t load_percentile(const struct load *load, size_t part);

/* ---- sso_token.c ---- */

/* Looks into every token answer: signature by a key of the key set (JSON), issuer, audience, nonce, subject, times, acr. The number that is wrong; the first one is told. */
size_t tokens_check(const struct load *load, struct lk_view key_set);

/* ---- sso_gateway.c: the processes ---- */

struct gateway_options {
    bool password;     /* the stack checks a real hash after the key */
    bool one_core;     /* all processes on the first processor, the load on the others */
    uint32_t workers;  /* PAM workers */
    uint32_t verifies; /* threads of the broker's verify pool */
};
struct gateway {
    struct house *house;
    char address[128]; /* where HTTP is spoken */
    char metrics[32];
    pid_t broker;
    pid_t sso; /* launcher of the others */
};
/* Starts the broker process and the launcher of the gateway, all as the caller and with their filters, and waits until everybody is connected. The house's store is closed. */
void gateway_start(struct gateway *gateway, struct house *house,
                   const struct gateway_options *options);
/* SIGTERM to both; each must end with 0. */
void gateway_stop(struct gateway *gateway);
/* GET; the answer's body is appended. The status, or 0. */
unsigned gateway_fetch(const struct gateway *gateway, const char *path, struct lk_buf *ret_body);
/* The end of what the processes said, to stderr. */
void gateway_journal(const struct gateway *gateway);
/* Password hashes for the agents of the list, all of one password. */
void gateway_passwords(struct house *house, const uint32_t *credentials, size_t count);

/* ---- sso_measure.c ---- */

enum part { PART_BROKER, PART_WORKERS, PART_WEB, PART_ISSUER, PART_OTHER, PARTS };
struct usage {
    int64_t cpu[PARTS]; /* nanoseconds so far, of workers that were replaced too */
    long pss_kib[PARTS];
    size_t processes[PARTS];
};
const char *part_name(enum part part);
/* Of all processes. with_memory: /proc/PID/smaps_rollup too, which only root may read of processes that protect themselves. */
void usage_read(const struct gateway *gateway, bool with_memory, struct usage *ret_usage);

/* Microseconds of CPU time of one EVP_PKEY_verify and of one EVP_PKEY_sign over a digest that is there, P-256, everything prepared. */
struct bare {
    double verify;
    double sign;
};
struct bare bare_measure(void);

#endif
