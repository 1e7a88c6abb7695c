/* SPDX-License-Identifier: EUPL-1.2 */
/* OpenID Connect, authorisation code flow: what the endpoints decide. No I/O; time and random bytes are handed in.
 *
 * Rules of this folder: a redirect goes only to an address that stands in the configuration, byte for byte; what is not clearly right is refused with the
 * error that the standard names; nothing here lets anybody in: a code needs the broker's yes. Texts that come from outside are bounded by message/sso.h. */
#ifndef LK_SSO_OIDC_OIDC_H
#define LK_SSO_OIDC_OIDC_H

#include "base/random.h"
#include "config/config.h"
#include "crypto/sign.h"
#include "message/sso.h"
#include "model/reason.h"
#include "json/json.h"

enum {
    LK_OIDC_ISSUER_MAX = 280,
    LK_OIDC_STATE_MAX = 1024,
    LK_OIDC_REDIRECT_MAX = 255,
    LK_OIDC_NONCE_MAX = 256,
    LK_OIDC_PAGE_SECONDS = 600, /* a page waits so long for its key or password */
    LK_OIDC_REQUEST_SECONDS =
        3600, /* and may be renewed so long: Synapse's own cookie lives an hour */
    LK_OIDC_ID_TOKEN_SECONDS = 300,
    LK_OIDC_LOGOUT_TOKEN_SECONDS = 120,
    LK_OIDC_KEY_AHEAD_SECONDS = 86400,    /* a new key is published so long before it signs */
    LK_OIDC_KEY_KEEP_SECONDS = 7 * 86400, /* and stays published so long after the next one signs */
    LK_OIDC_SECRET_MIN = 32,
    LK_OIDC_HANDLE_TEXT = 43, /* codes and access tokens: 32 bytes in base64url */
    LK_OIDC_KEYS_MAX = 32
};

/* ---- who we are ---- */

struct lk_oidc_client {
    const struct lk_config_client *config; /* borrowed */
    uint8_t secret[32];                    /* SHA-256 of the client's secret */
};

struct lk_oidc_key {
    struct lk_signing_key *key; /* borrowed */
    int64_t signs_from;
    int64_t published_until; /* INT64_MAX for the newest of its algorithm */
};

struct lk_oidc_provider {
    const struct lk_crypto *crypto;
    const struct lk_random *random;
    const struct lk_config *config;
    char issuer[LK_OIDC_ISSUER_MAX + 1]; /* no slash at its end */
    const struct lk_oidc_client *clients;
    size_t client_count;
    struct lk_oidc_key *keys;
    size_t key_count;
    uint8_t (*seals)[32]; /* the first one seals, all of them open */
    size_t seal_count;
};

/* "https://HOST" or "https://HOST:PORT". -LK_ERR_TOO_BIG. */
LK_MUST_USE int lk_oidc_issuer(const struct lk_config *config,
                               char ret_issuer[LK_OIDC_ISSUER_MAX + 1]);
/* NULL if there is none. */
const struct lk_oidc_client *lk_oidc_client_find(const struct lk_oidc_provider *provider,
                                                 struct lk_view name);
/* Byte for byte (RFC 9700 section 2.1). */
bool lk_oidc_redirect_known(const struct lk_oidc_client *client, struct lk_view uri);
bool lk_oidc_post_logout_known(const struct lk_oidc_client *client, struct lk_view uri);
/* Whether this application serves somebody of these groups (between blanks): nobody unless the configuration says so. */
bool lk_oidc_client_serves(const struct lk_oidc_client *client, const char *groups);
/* One line of at least LK_OIDC_SECRET_MIN characters [A-Za-z0-9_-] and nothing else: its SHA-256. -LK_ERR_RANGE (too short), -LK_ERR_ENCODING. */
LK_MUST_USE int lk_oidc_secret_read(const struct lk_crypto *crypto, struct lk_view file,
                                    uint8_t ret_digest[32]);
/* The key of this algorithm that signs at that time: the newest whose time has come. Before the time of the first (a clock that was set back a little, right after the keys
 * were made) it is the oldest: it is published like any other. NULL: there is none of this algorithm. */
const struct lk_oidc_key *lk_oidc_key_signing(const struct lk_oidc_provider *provider,
                                              enum lk_config_algorithm algorithm, int64_t now);

/* ---- how strong a login was (OpenID EAP ACR Values 1.0) ---- */

enum lk_oidc_strength {
    LK_OIDC_TOUCH = 0, /* a key, but its user was not verified: no acr */
    LK_OIDC_PHR = 1,   /* phishing-resistant: user verified */
    LK_OIDC_PHRH = 2   /* and the attestation proves the key to be hardware of a known kind */
};
enum lk_oidc_strength lk_oidc_strength(uint32_t facts); /* LK_LOGIN_FACT_* */
/* "phr", "phrh"; NULL for LK_OIDC_TOUCH. */
const char *lk_oidc_acr(enum lk_oidc_strength strength);

/* ---- the authorisation request ---- */

enum lk_oidc_stage { LK_OIDC_STAGE_KEY = 1, LK_OIDC_STAGE_PASSWORD = 2 };

/* What must be known again when the browser comes back. Views are borrowed. */
struct lk_oidc_request {
    enum lk_oidc_stage stage;
    uint8_t transaction[LK_TRANSACTION_SIZE];
    uint8_t cookie[32]; /* SHA-256 of this browser's cookie */
    int64_t began;      /* of the authorisation request */
    int64_t expires;    /* of this page */
    struct lk_view client;
    struct lk_view redirect_uri;
    struct lk_view state;
    struct lk_view nonce;
    uint8_t code_challenge[32];
    enum lk_oidc_strength strength; /* the least that the application takes */
    bool one_subject;               /* only this agent will do (claims, id_token_hint) */
    uint8_t only_subject[16];
    /* LK_OIDC_STAGE_PASSWORD: whose key answered. */
    uint8_t subject[16];
    char name[65];
    char full_name[129];
    uint8_t passwords; /* wrong ones so far */
};

enum lk_oidc_outcome {
    LK_OIDC_GO = 1,   /* the request stands */
    LK_OIDC_REDIRECT, /* location holds the error response (OIDC Core 3.1.2.6, RFC 9207) */
    LK_OIDC_ERROR     /* the redirect URI cannot be trusted: a page of ours, never a redirect */
};
struct lk_oidc_authorized {
    enum lk_oidc_outcome outcome;
    const struct lk_oidc_client *client; /* NULL with LK_OIDC_ERROR for an unknown client */
    const char *detail;                  /* with LK_OIDC_ERROR: the parameter */
    const char *error;                   /* with LK_OIDC_REDIRECT: its code */
    struct lk_oidc_request
        request; /* with LK_OIDC_GO; transaction, cookie and times are set by lk_oidc_request_begin */
};
/* 0, or -LK_ERR_NOMEM and kin. */
LK_MUST_USE int lk_oidc_authorize(const struct lk_oidc_provider *provider,
                                  const struct lk_sso_authorize *asked, int64_t now,
                                  struct lk_buf *location, struct lk_oidc_authorized *ret);
/* Reads the parameter `claims` (OIDC Core 5.5) for what it demands. false: not what 5.5 describes. *ret_unmet: it demands what nobody here can be. */
LK_MUST_USE bool lk_oidc_claims_read(struct lk_view claims, struct lk_oidc_request *request,
                                     bool *ret_unmet);
/* The least strength that a list of acr values takes; unknown values are passed over, none known: LK_OIDC_TOUCH. */
enum lk_oidc_strength lk_oidc_acr_least(struct lk_view values);

/* A new transaction for this browser. */
LK_MUST_USE int lk_oidc_request_begin(const struct lk_oidc_provider *provider,
                                      struct lk_view cookie, int64_t now,
                                      struct lk_oidc_request *request);
/* Appends the request, sealed, in base64url. -LK_ERR_TOO_BIG over LK_SSO_SEALED_MAX. */
LK_MUST_USE int lk_oidc_request_seal(const struct lk_oidc_provider *provider,
                                     const struct lk_oidc_request *request, struct lk_buf *sealed);
/* The request borrows from plain, which must stay as it is. 0 if it is ours, of this stage and of this browser; *ret_expired tells whether its page's time is over.
 * -LK_ERR_SIGNATURE: not sealed by us; -LK_ERR_UNEXPECTED: another stage; -LK_ERR_DENIED: another browser's, or the client or its address is no longer known. */
LK_MUST_USE int lk_oidc_request_open(const struct lk_oidc_provider *provider, struct lk_view sealed,
                                     struct lk_view cookie, enum lk_oidc_stage stage, int64_t now,
                                     struct lk_buf *plain, struct lk_oidc_request *ret_request,
                                     bool *ret_expired);
/* Appends the error response. error is a code of RFC 6749 section 4.1.2.1 or OIDC Core 3.1.2.6. */
void lk_oidc_location_error(const struct lk_oidc_provider *provider,
                            const struct lk_oidc_request *request, const char *error,
                            const char *description, struct lk_buf *location);
void lk_oidc_location_code(const struct lk_oidc_provider *provider,
                           const struct lk_oidc_request *request, const char *code,
                           struct lk_buf *location);
/* What the person may be told besides the redirect: NONE if this agent may go on. */
enum lk_reason lk_oidc_admit(const struct lk_oidc_provider *provider,
                             const struct lk_oidc_request *request, const uint8_t subject[16],
                             const char *groups, uint32_t facts);

/* ---- codes, access tokens, sessions ---- */

/* A code or an access token, a handle in the words of RFC 6819 section 3.1: base64url of the time as u32 and 28 random bytes. */
LK_MUST_USE int lk_oidc_handle_make(const struct lk_oidc_provider *provider, int64_t now,
                                    char ret_text[LK_OIDC_HANDLE_TEXT + 1]);
/* The name by which the store knows a handle, and from which nobody makes one: its time, then the first 28 bytes of the SHA-256 of the text. A text that
 * was never one of ours has a name as well: one that nothing has. -LK_ERR_CRYPTO and kin. */
LK_MUST_USE int lk_oidc_handle_name(const struct lk_oidc_provider *provider, struct lk_view text,
                                    uint8_t ret_name[32]);
/* The time as u32, then 12 random bytes. */
LK_MUST_USE int lk_oidc_sid_make(const struct lk_oidc_provider *provider, int64_t now,
                                 uint8_t ret_sid[16]);
LK_MUST_USE int lk_oidc_text_digest(const struct lk_oidc_provider *provider, struct lk_view text,
                                    uint8_t ret_digest[32]);
/* What the broker keeps beside a code for us: at most LK_CODE_DATA_MAX bytes. */
struct lk_oidc_code_data {
    uint8_t redirect_uri[32]; /* SHA-256 */
    uint8_t code_challenge[32];
    enum lk_oidc_strength strength;
    bool password; /* the stack asked for one */
    char nonce[LK_OIDC_NONCE_MAX + 1];
    char full_name[129]; /* of NSS, where the agent's record has none */
};
LK_MUST_USE int lk_oidc_code_data_encode(const struct lk_oidc_code_data *data, struct lk_buf *buf);
LK_MUST_USE int lk_oidc_code_data_decode(struct lk_view bytes, struct lk_oidc_code_data *ret_data);

/* ---- token and userinfo ---- */

struct lk_oidc_reply {
    uint16_t status;
    char authenticate[257];
    struct lk_buf body; /* JSON */
};
void lk_oidc_reply_init(struct lk_oidc_reply *reply);
/* {"error","error_description"}; with 401 the matching WWW-Authenticate. -LK_ERR_NOMEM. */
LK_MUST_USE int lk_oidc_reply_error(struct lk_oidc_reply *reply, uint16_t status, const char *error,
                                    const char *description);

struct lk_oidc_token {
    const struct lk_oidc_client *client;
    uint8_t code[32];         /* SHA-256 of the code */
    uint8_t redirect_uri[32]; /* SHA-256 */
    uint8_t challenge[32];    /* SHA-256 of the verifier */
};
/* Who asks? NULL: the reply says why not (RFC 6749 section 2.3.1: HTTP Basic or the body, never both). */
const struct lk_oidc_client *lk_oidc_client_authenticate(const struct lk_oidc_provider *provider,
                                                         const struct lk_sso_token *asked,
                                                         struct lk_oidc_reply *reply);
/* Before the broker is asked. *ret_go false: the reply is the answer. */
LK_MUST_USE int lk_oidc_token_check(const struct lk_oidc_provider *provider,
                                    const struct lk_sso_token *asked,
                                    struct lk_oidc_token *ret_token, struct lk_oidc_reply *reply,
                                    bool *ret_go);
/* After it has redeemed the code. *ret_spoilt: the session must be ended, for what came with the code is wrong. */
LK_MUST_USE int lk_oidc_token_answer(const struct lk_oidc_provider *provider,
                                     const struct lk_oidc_token *token,
                                     const struct lk_gateway_redeemed *redeemed,
                                     const char *access_token, int64_t now,
                                     struct lk_oidc_reply *reply, bool *ret_spoilt);
/* The ID token (OIDC Core 2). -LK_ERR_NOT_FOUND: no key signs now. */
LK_MUST_USE int lk_oidc_id_token(const struct lk_oidc_provider *provider,
                                 const struct lk_oidc_client *client,
                                 const struct lk_gateway_redeemed *redeemed,
                                 const struct lk_oidc_code_data *data, const char *access_token,
                                 int64_t now, struct lk_buf *token);
/* Bearer token of a userinfo request (RFC 6750 section 2.1): its SHA-256. false: the reply is the answer. */
LK_MUST_USE bool lk_oidc_userinfo_check(const struct lk_oidc_provider *provider,
                                        const struct lk_sso_userinfo *asked, uint8_t ret_access[32],
                                        struct lk_oidc_reply *reply);
LK_MUST_USE int lk_oidc_userinfo_answer(const struct lk_gateway_redeemed *redeemed,
                                        struct lk_oidc_reply *reply);

/* ---- logout ---- */

struct lk_oidc_logout {
    enum lk_oidc_outcome
        outcome; /* GO: a page says that it is done; REDIRECT: location; ERROR: detail */
    const char *detail;
    bool ends;                           /* this session is over, says its own application */
    const struct lk_oidc_client *client; /* with ends */
    uint8_t sid[LK_SID_SIZE];
};
LK_MUST_USE int lk_oidc_logout(const struct lk_oidc_provider *provider,
                               const struct lk_sso_logout *asked, struct lk_buf *location,
                               struct lk_oidc_logout *ret_logout);
/* Back-Channel Logout 1.0 section 2.4. -LK_ERR_NOT_FOUND: no such client, or no key signs now. */
LK_MUST_USE int lk_oidc_logout_token(const struct lk_oidc_provider *provider,
                                     const struct lk_gateway_logout *logout, int64_t now,
                                     struct lk_buf *token);
/* An ID token of ours for one of our clients, however old. -LK_ERR_SIGNATURE for anything else. */
struct lk_oidc_hint {
    const struct lk_oidc_client *client;
    uint8_t subject[16];
    uint8_t sid[LK_SID_SIZE];
};
LK_MUST_USE int lk_oidc_hint_read(const struct lk_oidc_provider *provider, struct lk_view token,
                                  struct lk_oidc_hint *ret_hint);

/* ---- documents ---- */

LK_MUST_USE int lk_oidc_discovery(const struct lk_oidc_provider *provider, struct lk_buf *body);
/* Every key that signs, will sign, or may still be needed to check what it signed. */
LK_MUST_USE int lk_oidc_jwks(const struct lk_oidc_provider *provider, int64_t now,
                             struct lk_buf *body);

/* ---- inside this folder ---- */

/* Ends the writer into a compact JWS (RFC 7515 section 7.1). */
LK_MUST_USE int lk_oidc_jws_sign(const struct lk_oidc_provider *provider,
                                 const struct lk_oidc_key *key, const char *type,
                                 struct lk_json_writer *payload, struct lk_buf *token);
/* Only what one of our own published keys signed, with its algorithm and this type. -LK_ERR_SIGNATURE. */
LK_MUST_USE int lk_oidc_jws_open(const struct lk_oidc_provider *provider, struct lk_view token,
                                 const char *type, struct lk_json **ret_payload);
/* application/x-www-form-urlencoded: everything but unreserved characters as %XX. */
void lk_oidc_encode(struct lk_buf *buf, struct lk_view text);
bool lk_oidc_view_is(struct lk_view view, const char *text);

#endif
