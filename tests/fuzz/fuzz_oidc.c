/* SPDX-License-Identifier: EUPL-1.2 */
/* What the issuer reads of strangers: the first byte chooses. Oracles: no key that could have signed a hint or sealed a page is known to the fuzzer, so none may open; no client's
 * secret either; a redirect goes to the one registered address; what is decoded is encoded back to the same bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/seal.h"
#include "sso/oidc/oidc.h"

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#define ADDRESS "https://matrix.example.org/callback"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static char address[] = ADDRESS;
static char *addresses[] = {address, NULL};
static struct lk_config_client config_client = {
    .name = "synapse", .redirect_uri = addresses, .post_logout_redirect_uri = addresses};
static struct lk_oidc_client client = {.config = &config_client};
static struct lk_oidc_key keys[1];
static uint8_t seals[1][32];
static struct lk_oidc_provider provider = {.random = &lk_random_system,
                                           .issuer = "https://key.example.org",
                                           .clients = &client,
                                           .client_count = 1,
                                           .keys = keys,
                                           .key_count = 1,
                                           .seals = seals,
                                           .seal_count = 1};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct lk_crypto *crypto = NULL;

    (void)argc;
    (void)argv;
    MUST(lk_crypto_start(&crypto) == 0);
    provider.crypto = crypto;
    MUST(lk_signing_key_generate(crypto, LK_ALGORITHM_ES256, 0, &keys[0].key) == 0);
    MUST(lk_random_fill(&lk_random_system, seals, sizeof(seals)) == 0);
    MUST(lk_random_fill(&lk_random_system, client.secret, sizeof(client.secret)) == 0);
    return 0;
}

static void fuzz_claims(struct lk_view input)
{
    struct lk_oidc_request request = {.strength = LK_OIDC_PHR};
    bool unmet = false;

    if (lk_oidc_claims_read(input, &request, &unmet))
        MUST(request.strength >= LK_OIDC_PHR && request.strength <= LK_OIDC_PHRH);
    MUST(lk_oidc_acr_least(input) <= LK_OIDC_PHRH);
}

static void fuzz_hint(struct lk_view input)
{
    struct lk_oidc_hint hint;

    MUST(lk_oidc_hint_read(&provider, input, &hint) == -LK_ERR_SIGNATURE);
}

static void fuzz_seal(struct lk_view input)
{
    static const uint8_t cookie[32];
    struct lk_buf plain = LK_BUF_INIT(LK_SSO_SEALED_MAX);
    struct lk_oidc_request request;
    bool expired;

    MUST(lk_oidc_request_open(&provider, input, LK_VIEW(cookie, sizeof(cookie)), LK_OIDC_STAGE_KEY,
                              0, &plain, &request, &expired) != 0);
    lk_buf_clear(&plain);
}

static void fuzz_header(struct lk_view input)
{
    const struct lk_sso_token asked = {.authorization = input};
    const struct lk_sso_userinfo info = {.authorization = input};
    struct lk_oidc_reply reply;
    uint8_t access[32];

    lk_oidc_reply_init(&reply);
    MUST(lk_oidc_client_authenticate(&provider, &asked, &reply) == NULL);
    MUST(reply.status == 401 && reply.authenticate[0] != '\0');
    if (!lk_oidc_userinfo_check(&provider, &info, access, &reply))
        MUST(reply.status == 401 && memcmp(reply.authenticate, "Bearer", 6) == 0);
    lk_buf_clear(&reply.body);
}

/* Our own bytes, but they lay in a store. */
static void fuzz_code(struct lk_view input)
{
    struct lk_buf again = LK_BUF_INIT(LK_CODE_DATA_MAX);
    struct lk_oidc_code_data data;

    if (lk_oidc_code_data_decode(input, &data) == 0) {
        MUST(lk_oidc_code_data_encode(&data, &again) == 0);
        MUST(lk_view_equal(lk_buf_view(&again), input));
    }
    lk_buf_clear(&again);
}

static void fuzz_authorize(struct lk_view input)
{
    struct lk_buf location = LK_BUF_INIT(LK_SSO_LOCATION_MAX);
    struct lk_sso_authorize asked;
    struct lk_oidc_authorized got;

    if (lk_sso_authorize_decode(input, &asked) == 0 &&
        lk_oidc_authorize(&provider, &asked, 1800000000, &location, &got) == 0) {
        MUST((got.outcome == LK_OIDC_REDIRECT) == (location.len > 0));
        MUST(got.outcome == LK_OIDC_ERROR || lk_oidc_view_is(asked.redirect_uri, ADDRESS));
        if (location.len > 0)
            MUST(location.len > sizeof(ADDRESS) &&
                 memcmp(location.data, ADDRESS "?error=", sizeof(ADDRESS "?error=") - 1) == 0);
        if (got.outcome == LK_OIDC_GO)
            MUST(lk_oidc_view_is(asked.code_challenge_method, "S256") && asked.flags == 0);
    }
    lk_buf_clear(&location);
}

static void fuzz_pem(struct lk_view input)
{
    struct lk_signing_key *key = NULL;

    if (lk_signing_key_parse(provider.crypto, input, &key) == 0)
        MUST(strlen(lk_signing_key_kid(key)) == LK_KID_LENGTH);
    lk_signing_key_free(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const targets[])(struct lk_view input) = {
        fuzz_claims, fuzz_hint, fuzz_seal, fuzz_header, fuzz_code, fuzz_authorize, fuzz_pem};

    if (size > 0)
        targets[data[0] % (sizeof(targets) / sizeof(targets[0]))](LK_VIEW(data + 1, size - 1));
    return 0;
}
