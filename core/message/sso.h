/* SPDX-License-Identifier: EUPL-1.2 */
/* Messages between the processes of the gateway: web - issuer, issuer - worker, issuer - notify. Each link carries only what its table in sso/links.c permits for the
 * receiver; anything else ends the link.
 *
 * The web process faces the network and may be somebody else's: the issuer believes nothing of what it says. It holds no secret, and every answer it gets is made
 * for the browser whose cookie and sealed request came with the question. */
#ifndef LK_MESSAGE_SSO_H
#define LK_MESSAGE_SSO_H

#include "message/gateway.h"

enum {
    LK_SSO_COOKIE_SIZE = 32,
    LK_SSO_SEALED_MAX = 4096, /* a request that waits in the browser, base64url */
    LK_SSO_LOCATION_MAX = 4096,
    LK_SSO_BODY_MAX = 16384,
    LK_SSO_DOCUMENT_MAX = 16384,
    LK_SSO_PASSWORD_MAX = 512,
    LK_SSO_ETAG_MAX = 64
};

/* Paths of the endpoints: the issuer names them in the discovery document, the web process serves them. */
#define LK_SSO_PATH_AUTHORIZE "/authorize"
#define LK_SSO_PATH_TOKEN     "/token"
#define LK_SSO_PATH_USERINFO  "/userinfo"
#define LK_SSO_PATH_JWKS      "/jwks"
#define LK_SSO_PATH_LOGOUT    "/logout"

/* ---- issuer -> web, unasked: what is served from memory. Sent at start and whenever it changes. ---- */

enum lk_sso_document_kind {
    LK_SSO_DOCUMENT_DISCOVERY =
        1, /* OIDC Discovery 1.0 section 4.2 and RFC 8414 section 3.2: the same JSON */
    LK_SSO_DOCUMENT_JWKS = 2, /* RFC 7517 section 5 */
    LK_SSO_DOCUMENT_LOOK =
        3 /* JSON for the pages: {"title","colour","help": text of [gateway]; "password": whether one follows the key} */
};
struct lk_sso_document {
    enum lk_sso_document_kind kind;
    char etag[LK_SSO_ETAG_MAX + 1]; /* with its quotes */
    struct lk_view body;
};
LK_MUST_USE int lk_sso_document_encode(struct lk_buf *buf, uint32_t request,
                                       const struct lk_sso_document *document);
LK_MUST_USE int lk_sso_document_decode(struct lk_view payload,
                                       struct lk_sso_document *ret_document);

/* ---- the login page ---- */

/* web -> issuer: GET or POST /authorize, parameters decoded (OIDC Core 3.1.2.1). A parameter that came twice sets LK_SSO_REPEATED and is left empty. Answer: PAGE. */
enum { LK_SSO_REPEATED = 1, LK_SSO_TOO_LONG = 2 };
struct lk_sso_authorize {
    uint32_t flags;
    struct lk_view cookie; /* as the browser sent it: LK_SSO_COOKIE_SIZE bytes, or none */
    struct lk_view client_id, redirect_uri, response_type, response_mode, scope, state, nonce;
    struct lk_view code_challenge, code_challenge_method, prompt, max_age, acr_values, claims;
    struct lk_view id_token_hint, login_hint, request, request_uri, registration;
};
LK_MUST_USE int lk_sso_authorize_encode(struct lk_buf *buf, uint32_t request,
                                        const struct lk_sso_authorize *authorize);
LK_MUST_USE int lk_sso_authorize_decode(struct lk_view payload,
                                        struct lk_sso_authorize *ret_authorize);

/* web -> issuer: what navigator.credentials.get brought. Answer: PAGE. */
struct lk_sso_assert {
    struct lk_view sealed; /* of the page */
    struct lk_view cookie;
    struct lk_view credential_id, authenticator_data, signature, user_handle, client_data;
    char language[3]; /* "en", "fr": for PAM_ messages only */
    char remote[65];  /* the browser's address as nginx saw it: for PAM_RHOST and the log */
};
LK_MUST_USE int lk_sso_assert_encode(struct lk_buf *buf, uint32_t request,
                                     const struct lk_sso_assert *assertion);
LK_MUST_USE int lk_sso_assert_decode(struct lk_view payload, struct lk_sso_assert *ret_assertion);

/* web -> issuer: the password, after the key. The buffer must be a secret one. Answer: PAGE. */
struct lk_sso_password {
    struct lk_view sealed; /* of the greeting */
    struct lk_view cookie;
    struct lk_view
        password; /* 1 to LK_SSO_PASSWORD_MAX bytes of UTF-8, no NUL; empty: what was typed is longer than a password can be (PAM_MAX_RESP_SIZE) */
    char language[3];
    char remote[65];
};
LK_MUST_USE int lk_sso_password_encode(struct lk_buf *buf, uint32_t request,
                                       const struct lk_sso_password *password);
LK_MUST_USE int lk_sso_password_decode(struct lk_view payload,
                                       struct lk_sso_password *ret_password);

enum lk_sso_page_kind {
    LK_SSO_PAGE_KEY = 1,      /* show the button: sealed, challenge, cookie */
    LK_SSO_PAGE_PASSWORD = 2, /* greet by name and ask for the password: sealed, name */
    LK_SSO_PAGE_REDIRECT = 3, /* location; 303 */
    LK_SSO_PAGE_REFUSED =
        4, /* reason, with a way on: sealed and challenge are a fresh visit's, or empty where only the application can begin anew */
    LK_SSO_PAGE_ERROR =
        5, /* the application asked wrongly and its redirect URI cannot be trusted: reason and detail, no way on */
    LK_SSO_PAGE_NOBODY = 6 /* a logout that names no session: nothing was ended */
};
struct lk_sso_page {
    enum lk_sso_page_kind kind;
    uint32_t reason; /* enum lk_reason, already the one that may be told */
    uint8_t left;    /* passwords left, or 255 */
    struct lk_view sealed;
    struct lk_view challenge; /* bytes; the page has them in base64url */
    struct lk_view cookie;    /* to set; empty = the browser's is good */
    struct lk_view location;
    char name[65]; /* "" unless a key answered */
    char full_name[129];
    char client[129]; /* what people call the application */
    char detail
        [129]; /* ERROR: the parameter, for whoever runs the application; REFUSED: what PAM said */
};
LK_MUST_USE int lk_sso_page_encode(struct lk_buf *buf, uint32_t request,
                                   const struct lk_sso_page *page);
LK_MUST_USE int lk_sso_page_decode(struct lk_view payload, struct lk_sso_page *ret_page);

/* ---- the application's side ---- */

/* web -> issuer: POST /token (OIDC Core 3.1.3.1). authorization: the header's value. Answer: REPLY. */
struct lk_sso_token {
    uint32_t flags;
    struct lk_view authorization;
    struct lk_view client_id, client_secret, grant_type, code, redirect_uri, code_verifier;
};
LK_MUST_USE int lk_sso_token_encode(struct lk_buf *buf, uint32_t request,
                                    const struct lk_sso_token *token);
LK_MUST_USE int lk_sso_token_decode(struct lk_view payload, struct lk_sso_token *ret_token);

/* web -> issuer: GET or POST /userinfo (OIDC Core 5.3.1). Answer: REPLY. */
struct lk_sso_userinfo {
    struct lk_view authorization;
};
LK_MUST_USE int lk_sso_userinfo_encode(struct lk_buf *buf, uint32_t request,
                                       const struct lk_sso_userinfo *userinfo);
LK_MUST_USE int lk_sso_userinfo_decode(struct lk_view payload,
                                       struct lk_sso_userinfo *ret_userinfo);

/* Always Cache-Control: no-store. */
struct lk_sso_reply {
    uint16_t status;
    char authenticate[257]; /* WWW-Authenticate, or "" */
    struct lk_view body;    /* JSON */
};
LK_MUST_USE int lk_sso_reply_encode(struct lk_buf *buf, uint32_t request,
                                    const struct lk_sso_reply *reply);
LK_MUST_USE int lk_sso_reply_decode(struct lk_view payload, struct lk_sso_reply *ret_reply);

/* web -> issuer: GET or POST /logout (RP-Initiated Logout 1.0 section 2). Answer: PAGE (REDIRECT, ERROR, NOBODY, or REFUSED with reason NONE: "you are logged out"). */
struct lk_sso_logout {
    uint32_t flags;
    struct lk_view id_token_hint, client_id, post_logout_redirect_uri, state;
};
LK_MUST_USE int lk_sso_logout_encode(struct lk_buf *buf, uint32_t request,
                                     const struct lk_sso_logout *logout);
LK_MUST_USE int lk_sso_logout_decode(struct lk_view payload, struct lk_sso_logout *ret_logout);

/* web -> issuer, empty payload: GET /metrics on the local listener. Answer: REPLY with text (Prometheus exposition format 0.0.4). */
LK_MUST_USE int lk_sso_metrics_encode(struct lk_buf *buf, uint32_t request);

/* ---- issuer and worker: one attempt at a time ---- */

/* issuer -> worker. The buffer must be a secret one. */
struct lk_sso_attempt {
    uint8_t transaction[LK_TRANSACTION_SIZE];
    char name[65]; /* PAM_USER: the agent of the verified credential */
    char remote[65];
    char language[3];
    bool name_wanted;        /* the agent's record has no full name: NSS may know one */
    struct lk_view password; /* empty: the stack must not ask for one */
};
LK_MUST_USE int lk_sso_attempt_encode(struct lk_buf *buf, uint32_t request,
                                      const struct lk_sso_attempt *attempt);
LK_MUST_USE int lk_sso_attempt_decode(struct lk_view payload, struct lk_sso_attempt *ret_attempt);

enum lk_sso_outcome {
    LK_SSO_ALLOWED =
        1, /* pam_authenticate and pam_acct_mgmt said PAM_SUCCESS and PAM_USER is still the agent */
    LK_SSO_PASSWORD_WRONG = 2,  /* PAM_AUTH_ERR and kin, of a stack that asked for the password */
    LK_SSO_ACCOUNT_EXPIRED = 3, /* PAM_ACCT_EXPIRED, PAM_PERM_DENIED of the account checks */
    LK_SSO_PASSWORD_EXPIRED =
        4, /* PAM_NEW_AUTHTOK_REQD, PAM_AUTHTOK_EXPIRED: must be changed elsewhere */
    LK_SSO_USER_CHANGED = 5, /* a module changed PAM_USER */
    LK_SSO_MAXTRIES = 6,
    LK_SSO_UNAVAILABLE = 7, /* a module could not reach what it asks, or hung */
    LK_SSO_STACK =
        8, /* the stack asks what nobody can answer, is missing, or said success without asking for the transaction or for the password that was given */
    LK_SSO_PROOF =
        9 /* PAM_AUTH_ERR and kin before any module asked for the password: the proof does not hold, or a module bars the account for now */
};
struct lk_sso_attempted {
    enum lk_sso_outcome outcome;
    uint32_t delay_ms;   /* what the stack would have slept: the page waits instead */
    char message[129];   /* the last text of the stack for the person, or "" */
    char full_name[129]; /* of NSS, where it was wanted; "" = none */
};
LK_MUST_USE int lk_sso_attempted_encode(struct lk_buf *buf, uint32_t request,
                                        const struct lk_sso_attempted *attempted);
LK_MUST_USE int lk_sso_attempted_decode(struct lk_view payload,
                                        struct lk_sso_attempted *ret_attempted);

/* ---- issuer and notify ---- */

/* issuer -> notify: one logout token for one client. Where it goes is notify's own configuration, so that nobody else can send it anywhere. */
struct lk_sso_deliver {
    uint64_t id;
    char client[LK_CLIENT_MAX + 1];
    struct lk_view token; /* compact JWS */
};
LK_MUST_USE int lk_sso_deliver_encode(struct lk_buf *buf, uint32_t request,
                                      const struct lk_sso_deliver *deliver);
LK_MUST_USE int lk_sso_deliver_decode(struct lk_view payload, struct lk_sso_deliver *ret_deliver);

struct lk_sso_delivered {
    uint64_t id;
    enum lk_logout_outcome outcome;
    char detail[129];
};
LK_MUST_USE int lk_sso_delivered_encode(struct lk_buf *buf, uint32_t request,
                                        const struct lk_sso_delivered *delivered);
LK_MUST_USE int lk_sso_delivered_decode(struct lk_view payload,
                                        struct lk_sso_delivered *ret_delivered);

#endif
