/* SPDX-License-Identifier: EUPL-1.2 */
/* A provider with two clients and keys made here, and an oracle for its tokens that shares no code with it: OpenSSL on the published keys. */
#ifndef LK_TEST_OIDC_FIXTURE_H
#define LK_TEST_OIDC_FIXTURE_H

#include "sso/oidc/oidc.h"

#define OIDC_SECRET   "secret-of-synapse-0123456789-abcdef"
#define OIDC_REDIRECT "https://matrix.example.org/callback"
#define OIDC_OUT      "https://chat.example.org/out"
#define OIDC_VERIFIER "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define OIDC_S256     "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" /* RFC 7636 appendix B */
enum { OIDC_NOW = 1800000000 };

extern struct lk_oidc_provider oidc;
extern struct lk_config oidc_config;
extern struct lk_oidc_key oidc_keys[4]; /* es256 of long ago, es256 now, es256 of tomorrow, rs256 */

int oidc_start(void **state);
int oidc_stop(void **state);

struct lk_view oidc_text(const char *text);
/* The value of a parameter of a location, decoded; NULL if it is not there. Good until the next call. */
const char *oidc_parameter(struct lk_view location, const char *name);
/* Fails unless the token's signature verifies with that key of the provider's JWKS; the payload is the caller's. */
struct lk_json *oidc_oracle(struct lk_view token, const char *type, const struct lk_oidc_key *key);

#define OIDC_ACCESS "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA"
extern const uint8_t oidc_subject[16];
extern const uint8_t oidc_sid[16];
/* value NULL: the member is not there. */
void oidc_string_is(const struct lk_json *object, const char *name, const char *value);
void oidc_number_is(const struct lk_json *object, const char *name, int64_t value);
/* What stands beside a good code, and what the broker says of it; bytes keeps the encoded data. */
void oidc_data(struct lk_oidc_code_data *data);
struct lk_gateway_redeemed oidc_redeemed(const struct lk_oidc_code_data *data,
                                         struct lk_buf *bytes);

#endif
