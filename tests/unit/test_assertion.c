/* SPDX-License-Identifier: EUPL-1.2 */
/* Assertion verification. The oracle is libfido2's fido_assert_verify: whatever is accepted here must be accepted by it too. */
#include "verify/verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fido.h>

#include "base/base64url.h"
#include "test_key.h"

#define HOST_RP "latchkey-host:example"
#define GATEWAY "sso.example.org"
#define ORIGIN  "https://sso.example.org"
#define EXTENSIONS                                                                                 \
    "\xa1\x68"                                                                                     \
    "credBlob"                                                                                     \
    "\x41\x01"

static struct lk_crypto *crypto;
static struct test_key keys[2]; /* ES256, EdDSA */
static const uint8_t zero_aaguid[16];
static uint8_t challenge[32];

static int start(void **state)
{
    (void)state;
    fido_init(0);
    test_key_make(&keys[0], -7);
    test_key_make(&keys[1], -8);
    memset(challenge, 0x5a, sizeof(challenge));
    return lk_crypto_start(&crypto);
}

static int stop(void **state)
{
    (void)state;
    test_key_free(&keys[0]);
    test_key_free(&keys[1]);
    lk_crypto_free(crypto);
    return 0;
}

/* An answer as an authenticator makes it. */
struct answer {
    struct lk_buf data;
    struct lk_buf signature;
    struct lk_buf client_data;
    uint8_t hash[32];
};

static void answer_sign(struct answer *answer, const struct test_key *key)
{
    const struct lk_view parts[] = {lk_buf_view(&answer->data), LK_VIEW(answer->hash, 32)};

    lk_buf_reset(&answer->signature);
    test_sign(key, parts, 2, &answer->signature);
}

static void answer_make(struct answer *answer, const struct test_key *key,
                        const char *relying_party, uint8_t flags, bool extensions)
{
    lk_buf_init(&answer->data, 4096);
    lk_buf_init(&answer->signature, 512);
    lk_buf_init(&answer->client_data, 8192);
    test_sha256("client data", 11, answer->hash);
    test_authenticator_data(&answer->data, relying_party, flags, 7, zero_aaguid, LK_VIEW(NULL, 0),
                            NULL);
    if (extensions)
        lk_buf_put_bytes(&answer->data, EXTENSIONS, sizeof(EXTENSIONS) - 1);
    answer_sign(answer, key);
}

static void answer_free(struct answer *answer)
{
    lk_buf_clear(&answer->data);
    lk_buf_clear(&answer->signature);
    lk_buf_clear(&answer->client_data);
}

/* Our verdict; and if it is "accepted", libfido2 must say the same of the same bytes. */
static enum lk_reason judge(const struct answer *answer, const struct test_key *key,
                            const struct lk_assertion_rule *rule)
{
    const struct lk_assertion assertion = {.authenticator_data = lk_buf_view(&answer->data),
                                           .signature = lk_buf_view(&answer->signature),
                                           .client_data = lk_buf_view(&answer->client_data)};
    struct lk_authenticator_data data = {.counter = 4711};
    enum lk_reason reason = LK_REASON_INTERNAL;

    assert_int_equal(lk_assertion_verify(crypto, &key->cose, &assertion, rule, &data, &reason), 0);
    if (reason == LK_REASON_NONE) {
        assert_int_equal(data.counter, 7);
        assert_true(oracle_assertion(rule->relying_party, lk_buf_view(&answer->data), answer->hash,
                                     lk_buf_view(&answer->signature), rule->user_presence,
                                     rule->user_verification, &key->cose));
    } else {
        assert_int_equal(data.counter, lk_assertion_signed(reason) ? 7 : 4711);
    }
    return reason;
}

static struct lk_assertion_rule host_rule(const struct answer *answer)
{
    return (struct lk_assertion_rule){.relying_party = HOST_RP,
                                      .client_data_hash = LK_VIEW(answer->hash, 32),
                                      .user_presence = true};
}

/* What a flags byte deserves, written down here once more and apart from the code. */
static enum lk_reason flags_deserve(uint8_t flags, bool presence, bool verification,
                                    bool extensions)
{
    bool up = flags & 0x01;
    bool rfu1 = flags & 0x02;
    bool uv = flags & 0x04;
    bool be = flags & 0x08;
    bool bs = flags & 0x10;
    bool rfu2 = flags & 0x20;
    bool at = flags & 0x40;
    bool ed = flags & 0x80;

    if (rfu1 || rfu2 || (bs && !be) || at || ed != extensions)
        return LK_REASON_AUTHENTICATOR_DATA;
    if (presence && !up)
        return LK_REASON_USER_PRESENCE;
    if (verification && !uv)
        return LK_REASON_USER_VERIFICATION;
    return be ? LK_REASON_SYNCED : LK_REASON_NONE;
}

/* Each of the 256 flag bytes, truly signed, under the four rules, with and without extension data, with both kinds of key. */
static void all_flags(void **state)
{
    size_t accepted = 0;

    (void)state;
    for (unsigned int round = 0; round < 256 * 4; round++) {
        uint8_t flags = (uint8_t)round;
        bool extensions = round & 0x100;
        const struct test_key *key = &keys[(round >> 9) & 1];
        struct answer answer;

        answer_make(&answer, key, HOST_RP, flags, extensions);
        for (unsigned int mode = 0; mode < 4; mode++) {
            struct lk_assertion_rule rule = host_rule(&answer);
            enum lk_reason reason;

            rule.user_presence = mode & 1;
            rule.user_verification = mode & 2;
            reason = judge(&answer, key, &rule);
            assert_int_equal(reason, flags_deserve(flags, mode & 1, mode & 2, extensions));
            accepted += reason == LK_REASON_NONE;
        }
        answer_free(&answer);
    }
    /* UP and UV free under the loosest rule (4), one fixed (2 and 2), both fixed (1); twice for the extensions, twice for the keys */
    assert_int_equal(accepted, (4 + 2 + 2 + 1) * 4);
}

/* WebAuthn section 6.1: attested credential data has no place in an assertion, however well formed and signed. */
static void attested_data_is_refused(void **state)
{
    static const uint8_t id[16] = {1};
    struct lk_assertion_rule rule;
    struct answer answer;

    (void)state;
    answer_make(&answer, &keys[0], HOST_RP, 0x05, false);
    lk_buf_reset(&answer.data);
    test_authenticator_data(&answer.data, HOST_RP, 0x45, 7, zero_aaguid, LK_VIEW(id, sizeof(id)),
                            &keys[0].cose);
    answer_sign(&answer, &keys[0]);
    rule = host_rule(&answer);
    assert_int_equal(judge(&answer, &keys[0], &rule), LK_REASON_AUTHENTICATOR_DATA);
    answer_free(&answer);
}

static void other_relying_parties(void **state)
{
    static const char *const others[] = {"latchkey-operator:example", "latchkey-host:exampl",
                                         "latchkey-host:example2", "sso.example.org", ""};
    struct answer answer;

    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct lk_assertion_rule rule;

        answer_make(&answer, &keys[0], others[i], 0x05, false);
        rule = host_rule(&answer);
        assert_int_equal(judge(&answer, &keys[0], &rule), LK_REASON_RELYING_PARTY);
        answer_free(&answer);
    }
}

static void other_hashes_and_keys(void **state)
{
    struct lk_assertion_rule rule;
    struct lk_public_key broken = keys[0].cose;
    struct answer answer;
    uint8_t other[32];

    (void)state;
    answer_make(&answer, &keys[0], HOST_RP, 0x05, false);
    rule = host_rule(&answer);
    assert_int_equal(judge(&answer, &keys[0], &rule), LK_REASON_NONE);
    assert_int_equal(judge(&answer, &keys[1], &rule), LK_REASON_SIGNATURE);
    for (size_t i = 0; i < 32; i++) {
        memcpy(other, answer.hash, 32);
        other[i] ^= 0x10;
        rule.client_data_hash = LK_VIEW(other, 32);
        assert_int_equal(judge(&answer, &keys[0], &rule), LK_REASON_SIGNATURE);
    }
    for (size_t len = 0; len < 32; len++) { /* a hash that is not one */
        rule.client_data_hash = LK_VIEW(answer.hash, len);
        assert_int_equal(judge(&answer, &keys[0], &rule), LK_REASON_CLIENT_DATA);
    }
    rule = host_rule(&answer);
    lk_buf_put_bytes(&answer.client_data, "{}", 2); /* client data at a host login */
    assert_int_equal(judge(&answer, &keys[0], &rule), LK_REASON_CLIENT_DATA);
    lk_buf_reset(&answer.client_data);
    /* an enrolled key that is none: its point is not on the curve, or it does not decode */
    broken.bytes[76] ^= 1;
    for (int i = 0; i < 2; i++) {
        const struct lk_assertion assertion = {.authenticator_data = lk_buf_view(&answer.data),
                                               .signature = lk_buf_view(&answer.signature)};
        struct lk_authenticator_data data;
        enum lk_reason reason = LK_REASON_NONE;

        assert_int_equal(lk_assertion_verify(crypto, &broken, &assertion, &rule, &data, &reason),
                         0);
        assert_int_equal(reason, LK_REASON_STATEMENT);
        broken.len = 3;
    }
    answer_free(&answer);
}

static bool extension_is_ours(const struct answer *answer)
{
    return answer->data.len == 37 + sizeof(EXTENSIONS) - 1 &&
           memcmp(answer->data.data + 37, EXTENSIONS, sizeof(EXTENSIONS) - 1) == 0;
}

/* Random damage, first with the old signature, then signed anew: here the structure alone decides. */
static void mutations(void **state)
{
    uint32_t random = 0x1234567;
    size_t accepted = 0;

    (void)state;
    for (unsigned int round = 0; round < 6000; round++) {
        const struct test_key *key = &keys[round & 1];
        struct lk_assertion_rule rule;
        struct answer answer;
        uint32_t changes = 1 + test_random(&random) % 3;

        answer_make(&answer, key, HOST_RP, 0x05, round & 2);
        rule = host_rule(&answer);
        if (round & 2)
            answer.data.data[32] |= 0x80;
        rule.user_verification = round & 4;
        for (uint32_t i = 0; i < changes; i++) {
            uint32_t kind = test_random(&random) % 8;
            uint32_t at = test_random(&random);
            uint8_t value = (uint8_t)test_random(&random);

            if (kind < 3)
                answer.data.data[32 + at % 5] ^= value;
            else if (kind == 3)
                answer.data.data[at % 37] ^= value;
            else if (kind == 4)
                answer.data.len -= at % 4;
            else if (kind == 5)
                lk_buf_put_u8(&answer.data, value);
            else if (kind == 6)
                answer.signature.data[at % answer.signature.len] ^= value;
            else
                answer.signature.len -= at % 2;
        }
        if (round & 8)
            answer_sign(&answer, key);
        /* the counter is free to change, so the accepted value is compared with the oracle only */
        {
            const struct lk_assertion assertion = {.authenticator_data = lk_buf_view(&answer.data),
                                                   .signature = lk_buf_view(&answer.signature)};
            struct lk_authenticator_data data;
            enum lk_reason reason = LK_REASON_INTERNAL;

            assert_int_equal(
                lk_assertion_verify(crypto, &key->cose, &assertion, &rule, &data, &reason), 0);
            assert_int_not_equal(reason, LK_REASON_INTERNAL);
            /* What an extension says is read by libfido2 and not by us: of those only the unchanged one is compared. */
            if (reason == LK_REASON_NONE && (answer.data.len == 37 || extension_is_ours(&answer))) {
                assert_true(oracle_assertion(HOST_RP, lk_buf_view(&answer.data), answer.hash,
                                             lk_buf_view(&answer.signature), true,
                                             rule.user_verification, &key->cose));
                accepted++;
            }
        }
        answer_free(&answer);
    }
    assert_true(accepted > 100); /* otherwise the oracle was hardly asked */
}

/* browser */

static void client_data_set(struct answer *answer, const struct test_key *key, const char *format,
                            const char *origin)
{
    char encoded[64];
    const char *values[] = {encoded, origin};
    size_t used = 0;

    assert_int_equal(lk_base64url_encode(encoded, sizeof(encoded), challenge, sizeof(challenge)),
                     0);
    lk_buf_reset(&answer->client_data);
    for (; *format != '\0'; format++) {
        if (format[0] == '%' && format[1] == 's') {
            assert_true(used < 2);
            lk_buf_put_bytes(&answer->client_data, values[used], strlen(values[used]));
            used++;
            format++;
        } else {
            lk_buf_put_bytes(&answer->client_data, format, 1);
        }
    }
    test_sha256(answer->client_data.data, answer->client_data.len, answer->hash);
    answer_sign(answer, key);
}

static const struct {
    const char *format; /* gets challenge and origin */
    const char *origin;
    enum lk_reason reason;
} browser_cases[] = {
    {"{\"type\":\"webauthn.get\",\"challenge\":\"%s\",\"origin\":\"%s\",\"crossOrigin\":false}",
     ORIGIN, LK_REASON_NONE},
    {"{\"type\":\"webauthn.get\",\"challenge\":\"%s\",\"origin\":\"%s\",\"crossOrigin\":false,"
     "\"more\":{\"a\":[1]}}",
     ORIGIN, LK_REASON_NONE},
    {"{\"type\":\"webauthn.create\",\"challenge\":\"%s\",\"origin\":\"%s\",\"crossOrigin\":"
     "false}",
     ORIGIN, LK_REASON_CLIENT_DATA},
    {"{\"type\":\"webauthn.get\",\"challenge\":\"%s=\",\"origin\":\"%s\",\"crossOrigin\":"
     "false}",
     ORIGIN, LK_REASON_CLIENT_DATA},
    {"{\"type\":\"webauthn.get\",\"challenge\":\"A%s\",\"origin\":\"%s\",\"crossOrigin\":"
     "false}",
     ORIGIN, LK_REASON_CHALLENGE},
    {"{\"type\":\"webauthn.get\",\"challenge\":\"AAAA%s\",\"origin\":\"%s\",\"crossOrigin\":"
     "false}",
     ORIGIN, LK_REASON_CHALLENGE},
    {"{\"type\":\"webauthn.get\",\"challenge\":\"AAAA\",\"x\":\"%s\",\"origin\":\"%s\","
     "\"crossOrigin\":false}",
     ORIGIN, LK_REASON_CLIENT_DATA},
    {"{\"type\":\"webauthn.get\",\"challenge\":\"%s\",\"origin\":\"%s\",\"crossOrigin\":false}",
     "https://sso.example.org.evil.net", LK_REASON_ORIGIN},
    {"{\"type\":\"webauthn.get\",\"challenge\":\"%s\",\"origin\":\"%s\",\"crossOrigin\":false}",
     "http://sso.example.org", LK_REASON_ORIGIN},
    {"{\"type\":\"webauthn.get\",\"challenge\":\"%s\",\"origin\":\"%s\",\"crossOrigin\":false}",
     "https://SSO.example.org", LK_REASON_ORIGIN},
    {"{\"type\":\"webauthn.get\",\"challenge\":\"%s\",\"origin\":\"%s\",\"crossOrigin\":false}",
     "https://sso.example.org/", LK_REASON_ORIGIN},
    {"{\"type\":\"webauthn.get\",\"challenge\":\"%s\",\"origin\":\"%s\",\"crossOrigin\":false}", "",
     LK_REASON_ORIGIN},
    {"{\"type\":\"webauthn.get\",\"challenge\":\"%s\",\"origin\":\"%s\",\"crossOrigin\":true}",
     ORIGIN, LK_REASON_ORIGIN},
    {"{\"type\":\"webauthn.get\",\"challenge\":\"%s\",\"origin\":\"%s\",\"crossOrigin\":true,"
     "\"topOrigin\":\"https://a.net\"}",
     ORIGIN, LK_REASON_ORIGIN},
    {"{\"type\":\"webauthn.get\",\"challenge\":\"%s\",\"origin\":\"%s\",\"crossOrigin\":false,"
     "\"topOrigin\":\"https://a.net\"}",
     ORIGIN, LK_REASON_ORIGIN},
    {"{\"type\":\"webauthn.get\",\"challenge\":\"%s\",\"origin\":\"%s\"}", ORIGIN,
     LK_REASON_CLIENT_DATA},
    {"{ "
     "\"type\":\"webauthn.get\",\"challenge\":\"%s\",\"origin\":\"%s\",\"crossOrigin\":false}",
     ORIGIN, LK_REASON_CLIENT_DATA},
    {"{\"challenge\":\"%s\",\"origin\":\"%s\",\"type\":\"webauthn.get\",\"crossOrigin\":false}",
     ORIGIN, LK_REASON_CLIENT_DATA},
    {"[{\"type\":\"webauthn.get\",\"challenge\":\"%s\",\"origin\":\"%s\",\"crossOrigin\":false}"
     "]",
     ORIGIN, LK_REASON_CLIENT_DATA},
    {"{\"type\":\"webauthn.get\",\"challenge\":\"%s\",\"origin\":\"%s\",\"crossOrigin\":false}"
     "}",
     ORIGIN, LK_REASON_CLIENT_DATA},
    {"{\"type\":\"webauthn.get\",\"challenge\":\"%s\",\"origin\":\"%s\",\"crossOrigin\":false",
     ORIGIN, LK_REASON_CLIENT_DATA},
    {"{\"type\":\"webauthn\\u002eget\",\"challenge\":\"%s\",\"origin\":\"%s\",\"crossOrigin\":"
     "false}",
     ORIGIN, LK_REASON_CLIENT_DATA},
    {"%s%s", "", LK_REASON_CLIENT_DATA},
};

static void browser(void **state)
{
    struct answer answer;

    (void)state;
    answer_make(&answer, &keys[0], GATEWAY, 0x05, false);
    for (size_t i = 0; i < sizeof(browser_cases) / sizeof(browser_cases[0]); i++) {
        struct lk_assertion_rule rule = {.relying_party = GATEWAY,
                                         .user_presence = true,
                                         .user_verification = true,
                                         .origin = ORIGIN,
                                         .challenge = LK_VIEW(challenge, 32)};

        client_data_set(&answer, &keys[0], browser_cases[i].format, browser_cases[i].origin);
        assert_int_equal(judge(&answer, &keys[0], &rule), browser_cases[i].reason);
        if (browser_cases[i].reason == LK_REASON_NONE) {
            rule.challenge = LK_VIEW(challenge, 31);
            assert_int_equal(judge(&answer, &keys[0], &rule), LK_REASON_CHALLENGE);
            rule.challenge = LK_VIEW(NULL, 0); /* no challenge is no rule that anything meets */
            assert_int_equal(judge(&answer, &keys[0], &rule), LK_REASON_CHALLENGE);
        }
    }
    answer_free(&answer);
}

/* The order in which objections are told (verify.h): all wrong at once, then mended one by one. */
static void order_of_reasons(void **state)
{
    struct answer answer;
    struct lk_assertion_rule rule = {.relying_party = GATEWAY,
                                     .user_presence = true,
                                     .user_verification = true,
                                     .origin = ORIGIN,
                                     .challenge = LK_VIEW(challenge, 32)};

    (void)state;
    answer_make(&answer, &keys[0], GATEWAY, 0x08, false);
    client_data_set(&answer, &keys[0], "{%s%s", ORIGIN);
    rule.relying_party = "other.example.org";
    answer.signature.data[answer.signature.len - 1] ^= 1;
    lk_buf_put_u8(&answer.data, 0);
    assert_int_equal(judge(&answer, &keys[0], &rule), LK_REASON_AUTHENTICATOR_DATA);
    answer.data.len--;
    assert_int_equal(judge(&answer, &keys[0], &rule), LK_REASON_RELYING_PARTY);
    rule.relying_party = GATEWAY;
    assert_int_equal(judge(&answer, &keys[0], &rule), LK_REASON_CLIENT_DATA);
    client_data_set(
        &answer, &keys[0],
        "{\"type\":\"webauthn.get\",\"challenge\":\"%s\",\"origin\":\"%s\",\"crossOrigin\":false}",
        ORIGIN);
    answer.signature.data[answer.signature.len - 1] ^= 1;
    /* What the flags lack is said of signed data only. */
    assert_int_equal(judge(&answer, &keys[0], &rule), LK_REASON_SIGNATURE);
    answer_sign(&answer, &keys[0]);
    assert_int_equal(judge(&answer, &keys[0], &rule), LK_REASON_USER_PRESENCE);
    answer.data.data[32] |= 0x01;
    answer_sign(&answer, &keys[0]);
    assert_int_equal(judge(&answer, &keys[0], &rule), LK_REASON_USER_VERIFICATION);
    answer.data.data[32] |= 0x04;
    answer_sign(&answer, &keys[0]);
    assert_int_equal(judge(&answer, &keys[0], &rule), LK_REASON_SYNCED);
    answer.data.data[32] = 0x05;
    assert_int_equal(judge(&answer, &keys[0], &rule), LK_REASON_SIGNATURE);
    answer_sign(&answer, &keys[0]);
    assert_int_equal(judge(&answer, &keys[0], &rule), LK_REASON_NONE);
    answer_free(&answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_flags),
        cmocka_unit_test(attested_data_is_refused),
        cmocka_unit_test(other_relying_parties),
        cmocka_unit_test(other_hashes_and_keys),
        cmocka_unit_test(mutations),
        cmocka_unit_test(browser),
        cmocka_unit_test(order_of_reasons),
    };

    return cmocka_run_group_tests_name("assertion", tests, start, stop);
}
