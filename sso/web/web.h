/* SPDX-License-Identifier: EUPL-1.2 */
/* The web process: what its files know of each other.
 *
 * A request of the network is a *call*: read whole, answered from memory or put to the issuer as one question; meanwhile its connection sleeps. Nothing is kept between two
 * calls: what a login must know again waits in the browser, sealed by the issuer. One thread, one loop; libmicrohttpd runs inside a turn of it. */
#ifndef LK_SSO_WEB_WEB_H
#define LK_SSO_WEB_WEB_H

#include <microhttpd.h>

#include "message/sso.h"
#include "sso/common/link.h"
#include "sso/common/start.h"
#include "sso/pages/pages.h"
#include "sso/web/form.h"

enum {
    LK_WEB_URL_MAX = 8192,   /* path and query as they came */
    LK_WEB_BODY_MAX = 16384, /* a form; the largest of ours is an answer of a key */
    LK_WEB_TOKEN_MAX =
        4096, /* one of an application: code, verifier, address, name and secret, with every character as %XX, are 2.5 KB */
    LK_WEB_MEMORY = 32768,   /* of libmicrohttpd for one connection: bounds all headers together */
    LK_WEB_QUESTIONS = 4096, /* open at once at the issuer; a power of two */
    LK_WEB_CONNECTIONS = 20000, /* fewer where RLIMIT_NOFILE says so */
    LK_WEB_ASK_MS = 28000,      /* the PAM stack has 20 s, nginx waits 30 */
    LK_WEB_GREET_MS = 8000,     /* an issuer that is just started: it may make its keys first */
    LK_WEB_RECONNECT_MS = 200,
    LK_WEB_STOP_MS = 25000, /* what is under way may end */
    LK_WEB_LOGO_MAX = 256 * 1024
};

/* Besides those of message/sso.h. */
#define LK_WEB_PATH_KEY       "/key"
#define LK_WEB_PATH_PASSWORD  "/password"
#define LK_WEB_PATH_DISCOVERY "/.well-known/openid-configuration"
#define LK_WEB_PATH_METADATA  "/.well-known/oauth-authorization-server"
#define LK_WEB_PATH_STYLE     "/static/latchkey.css"
#define LK_WEB_PATH_SCRIPT    "/static/latchkey.js"
#define LK_WEB_PATH_LOGO      "/static/logo"

/* What is served again and again: made once, handed out by reference. */
struct lk_document {
    struct MHD_Response *whole;     /* NULL = not there yet */
    struct MHD_Response *unchanged; /* 304 */
    char etag[LK_SSO_ETAG_MAX + 1];
};
enum lk_document_place {
    LK_PLACE_DISCOVERY,
    LK_PLACE_JWKS,
    LK_PLACE_STYLE,
    LK_PLACE_SCRIPT,
    LK_PLACE_LOGO,
    LK_PLACES
};

/* A connection. */
struct lk_guest {
    struct lk_web *web;
    int fd;
    int64_t due_ms; /* shut then; INT64_MAX while the issuer thinks */
    struct lk_guest *next, *previous;
};

struct lk_route;

struct lk_call {
    struct lk_web *web;
    struct MHD_Connection *connection;
    struct lk_guest *guest;
    const struct lk_route *route;
    const char *method;
    uint8_t *query; /* owned; decoded in place by whoever reads it */
    size_t query_len;
    struct lk_buf body; /* secret: a password may stand in it */
    size_t body_came;   /* also what was not kept */
    bool too_long;      /* the URL */
    bool begun;
    unsigned int refusal; /* status, decided by the headers; 0 = none */
    enum lk_note note;    /* that goes with it */
    bool handled;
    enum lk_language language;
    struct MHD_Response *response; /* owned until it is queued, unless shared */
    bool shared;                   /* a document's */
    unsigned int status;
    /* The question at the issuer. */
    uint32_t question; /* 0 = none */
    enum lk_message expects;
    int64_t asked_ms;
    struct lk_call *next, *previous; /* by asked_ms */
};

struct lk_route {
    const char *path;
    bool get, post;  /* HEAD goes with GET */
    bool any_body;   /* a POST without a form will do */
    bool program;    /* who asks reads JSON */
    bool local;      /* on the local listener */
    size_t body_max; /* 0 = LK_WEB_BODY_MAX */
    void (*handle)(struct lk_call *call);
};

struct lk_web_counters {
    uint64_t answers[6]; /* by the hundred of the status; [0] unused */
    uint64_t questions;
    uint64_t unanswered; /* the issuer was away, full or late */
    uint64_t connections;
    uint64_t shut; /* slow or silent connections that were closed */
};

struct lk_web {
    struct lk_start start;
    struct lk_link link;
    char link_path[LK_CONFIG_TEXT_MAX + 16];
    struct MHD_Daemon *site, *local; /* local: metrics and health */
    struct lk_watch site_watch, local_watch;
    struct lk_timer run; /* what libmicrohttpd wants to be woken for */
    struct lk_timer tick;
    struct lk_timer reconnect;
    bool unix_socket; /* then X-Forwarded-For is our proxy's */
    int64_t idle_ms;  /* from one request to the whole first line of the next */
    int64_t move_ms;  /* a request from its first line to its end; an answer likewise */
    struct lk_guest *guests;
    size_t guest_count;
    struct lk_call *calls[LK_WEB_QUESTIONS];
    struct lk_call *oldest, *newest;
    size_t question_count;
    struct lk_document documents[LK_PLACES];
    struct lk_look look;
    struct lk_web_counters counters;
    int64_t stopping_ms; /* 0 = not */
};

/* main.c */
int64_t lk_web_ms(void);

/* server.c: connections and requests. */
LK_MUST_USE int lk_server_begin(struct lk_web *web, int site, int local);
void lk_server_run(struct lk_web *web);
void lk_server_sweep(struct lk_web *web, int64_t now_ms);
/* No new connections; what is under way goes on. */
void lk_server_quiesce(struct lk_web *web);
void lk_server_end(struct lk_web *web);

/* routes.c */
const struct lk_route *lk_route_find(const char *path, bool local);

/* ask.c: the link to the issuer. */
void lk_issuer_begin(struct lk_web *web);
void lk_issuer_tick(struct lk_web *web, int64_t now_ms);
/* Opens a question: what is written into *ret_out with *ret_id goes out at the end of the turn. False: the call is answered already, the issuer cannot be asked now. */
LK_MUST_USE bool lk_issuer_ask(struct lk_call *call, enum lk_message expects,
                               struct lk_buf **ret_out, uint32_t *ret_id);
/* After the encoder; an error answers the call. */
void lk_issuer_asked(struct lk_call *call, int error);
void lk_issuer_forget(struct lk_call *call);
void lk_issuer_end(struct lk_web *web);

/* login.c, application.c, local.c: the endpoints. */
/* The parameters of a query, or of a form where the method is POST. False: they cannot be read, and the call is answered. */
LK_MUST_USE bool lk_call_parameters(struct lk_call *call, const struct lk_form_field *fields,
                                    size_t count, uint32_t *ret_flags);
void lk_site_authorize(struct lk_call *call);
void lk_site_key(struct lk_call *call);
void lk_site_password(struct lk_call *call);
void lk_site_token(struct lk_call *call);
void lk_site_userinfo(struct lk_call *call);
void lk_site_logout(struct lk_call *call);
void lk_site_welcome(struct lk_call *call);
void lk_local_metrics(struct lk_call *call);
void lk_local_health(struct lk_call *call);
/* Appends the counters of this process. */
void lk_local_counters(const struct lk_web *web, struct lk_buf *text);

/* documents.c */
LK_MUST_USE int lk_documents_begin(struct lk_web *web);
LK_MUST_USE int lk_documents_take(struct lk_web *web, const struct lk_sso_document *document);
void lk_documents_serve(struct lk_call *call);
void lk_documents_end(struct lk_web *web);

/* answer.c: what the network gets. Each answers the call, in any case. */
void lk_answer_page(struct lk_call *call, const struct lk_sso_page *page);
void lk_answer_reply(struct lk_call *call, const struct lk_sso_reply *reply);
/* A page of our own. */
void lk_answer_note(struct lk_call *call, unsigned int status, enum lk_note note);
/* For programs: {"error": code}. */
void lk_answer_error(struct lk_call *call, unsigned int status, const char *code);
void lk_answer_text(struct lk_call *call, unsigned int status, struct lk_buf *text);
/* The issuer cannot be asked: a page for people, JSON for programs. */
void lk_answer_away(struct lk_call *call);

/* headers.c: what stands in the header of a request, and what in every answer. */
enum lk_header_set {
    LK_HEADERS_FORM, /* in the midst of a login: a page with a form, or a redirect to an application */
    LK_HEADERS_PAGE,    /* any other page */
    LK_HEADERS_DATA,    /* for programs, personal */
    LK_HEADERS_PUBLIC,  /* the same for everybody */
    LK_HEADERS_PICTURE, /* the logo: an SVG file may hold a script, which must not run */
};
LK_MUST_USE int lk_headers_put(struct MHD_Response *response, enum lk_header_set set);
LK_MUST_USE int lk_header_put(struct MHD_Response *response, const char *name, const char *value);
/* The value of a header that came once; NULL: it did not come, or *ret_twice. */
const char *lk_header_get(const struct lk_call *call, const char *name, bool *ret_twice);
/* The cookie's bytes: LK_SSO_COOKIE_SIZE, or none. */
size_t lk_header_cookie(const struct lk_call *call, uint8_t ret_cookie[LK_SSO_COOKIE_SIZE]);
enum lk_language lk_header_language(const struct lk_call *call);
void lk_header_remote(const struct lk_call *call, char ret_remote[65]);
bool lk_header_matches(const struct lk_call *call, const char *etag);

#endif
