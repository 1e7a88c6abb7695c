/* SPDX-License-Identifier: EUPL-1.2 */
/* Digest, MAC, keys, signatures and certificates, against published vectors and keys made here. */
#include "crypto/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "test_key.h"
#include "wire/wire.h"

static struct lk_crypto *crypto;

static bool fail_allocations;
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size)
{
    return fail_allocations ? NULL : __real_calloc(count, size);
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
    return fail_allocations ? NULL : __real_malloc(size);
}

static int start(void **state)
{
    (void)state;
    return lk_crypto_start(&crypto);
}

static int stop(void **state)
{
    (void)state;
    crypto = lk_crypto_free(crypto);
    return crypto == NULL ? 0 : -1;
}

static void expect_hex(const uint8_t *data, size_t len, const char *hex)
{
    char text[130];

    lk_hex(text, sizeof(text), data, len);
    assert_string_equal(text, hex);
}

static void sha256(void **state)
{
    const struct lk_view parts[] = {LK_VIEW((const uint8_t *)"a", 1), LK_VIEW(NULL, 0),
                                    LK_VIEW((const uint8_t *)"bc", 2)};
    uint8_t digest[32];

    (void)state;
    assert_int_equal(lk_sha256(crypto, NULL, 0, digest), 0);
    expect_hex(digest, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_int_equal(lk_sha256(crypto, parts, 3, digest), 0);
    expect_hex(digest, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* RFC 4231 test cases 1 and 2, and an empty key. */
static void hmac(void **state)
{
    uint8_t key[20];
    uint8_t mac[32];

    (void)state;
    memset(key, 0x0b, sizeof(key));
    assert_int_equal(
        lk_hmac_sha256(crypto, LK_VIEW(key, 20), LK_VIEW((const uint8_t *)"Hi There", 8), mac), 0);
    expect_hex(mac, 32, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    assert_int_equal(lk_hmac_sha256(crypto, LK_VIEW((const uint8_t *)"Jefe", 4),
                                    LK_VIEW((const uint8_t *)"what do ya want for nothing?", 28),
                                    mac),
                     0);
    expect_hex(mac, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert_int_equal(lk_hmac_sha256(crypto, LK_VIEW(NULL, 0), LK_VIEW(NULL, 0), mac), 0);
    expect_hex(mac, 32, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static struct lk_verify_key *key_of(const struct test_key *key)
{
    struct lk_verify_key *found = NULL;
    struct lk_cose_key cose;

    assert_int_equal(lk_cose_key_decode(LK_VIEW(key->cose.bytes, key->cose.len), &cose), 0);
    if (key->algorithm == -7)
        assert_int_equal(lk_verify_key_p256(crypto, cose.x, cose.y, &found), 0);
    else
        assert_int_equal(lk_verify_key_ed25519(crypto, cose.x, &found), 0);
    return found;
}

static void signatures_of(int64_t algorithm)
{
    const struct lk_view parts[] = {LK_VIEW((const uint8_t *)"first ", 6),
                                    LK_VIEW((const uint8_t *)"second", 6)};
    const struct lk_view joined = LK_VIEW((const uint8_t *)"first second", 12);
    struct lk_buf signature = LK_BUF_INIT(512);
    struct test_key key;
    struct lk_verify_key *verify;

    test_key_make(&key, algorithm);
    verify = key_of(&key);
    test_sign(&key, parts, 2, &signature);
    assert_int_equal(lk_verify(crypto, verify, parts, 2, lk_buf_view(&signature)), 0);
    assert_int_equal(lk_verify(crypto, verify, &joined, 1, lk_buf_view(&signature)), 0);
    assert_int_equal(lk_verify(crypto, verify, parts, 1, lk_buf_view(&signature)),
                     -LK_ERR_SIGNATURE);
    assert_int_equal(lk_verify(crypto, verify, parts, 2, LK_VIEW(NULL, 0)), -LK_ERR_SIGNATURE);
    for (size_t len = 1; len < signature.len; len++)
        assert_int_equal(lk_verify(crypto, verify, parts, 2, LK_VIEW(signature.data, len)),
                         -LK_ERR_SIGNATURE);
    for (size_t i = 0; i < signature.len; i++) {
        signature.data[i] ^= 0x01;
        assert_int_equal(lk_verify(crypto, verify, parts, 2, lk_buf_view(&signature)),
                         -LK_ERR_SIGNATURE);
        signature.data[i] ^= 0x01;
    }
    lk_buf_put_u8(&signature, 0); /* a byte behind the DER */
    assert_int_equal(lk_verify(crypto, verify, parts, 2, lk_buf_view(&signature)),
                     -LK_ERR_SIGNATURE);
    lk_verify_key_free(verify);
    lk_buf_clear(&signature);
    test_key_free(&key);
}

static void signatures(void **state)
{
    (void)state;
    signatures_of(-7);
    signatures_of(-8);
    assert_null(lk_verify_key_free(NULL));
}

/* Keys are made of keys that were freed: each verifies what its own private half signed and nothing else, also after a point that was refused. */
static void keys_are_used_again(void **state)
{
    enum { KEYS = 3, AT_ONCE = 12 };
    const struct lk_view part = LK_VIEW((const uint8_t *)"message", 7);
    struct test_key keys[KEYS];
    struct lk_buf signatures[KEYS];
    struct lk_verify_key *at_once[AT_ONCE];
    struct lk_verify_key *found = NULL;
    uint8_t zero[32] = {0};

    (void)state;
    for (size_t i = 0; i < KEYS; i++) {
        lk_buf_init(&signatures[i], 512);
        test_key_make(&keys[i], -7);
        test_sign(&keys[i], &part, 1, &signatures[i]);
    }
    for (size_t round = 0; round < 20; round++) {
        struct lk_verify_key *one = key_of(&keys[round % KEYS]);

        for (size_t i = 0; i < KEYS; i++)
            assert_int_equal(lk_verify(crypto, one, &part, 1, lk_buf_view(&signatures[i])),
                             i == round % KEYS ? 0 : -LK_ERR_SIGNATURE);
        lk_verify_key_free(one);
        if (round % 4 == 0)
            assert_int_equal(lk_verify_key_p256(crypto, zero, zero, &found), -LK_ERR_ALGORITHM);
    }
    /* More than are kept. */
    for (size_t i = 0; i < AT_ONCE; i++)
        at_once[i] = key_of(&keys[i % KEYS]);
    for (size_t i = 0; i < AT_ONCE; i++)
        for (size_t j = 0; j < KEYS; j++)
            assert_int_equal(lk_verify(crypto, at_once[i], &part, 1, lk_buf_view(&signatures[j])),
                             j == i % KEYS ? 0 : -LK_ERR_SIGNATURE);
    for (size_t i = 0; i < AT_ONCE; i++)
        lk_verify_key_free(at_once[i]);
    for (size_t i = 0; i < KEYS; i++) {
        lk_buf_clear(&signatures[i]);
        test_key_free(&keys[i]);
    }
}

/* RFC 8032 section 7.1, test 1: the empty message. */
static void ed25519_vector(void **state)
{
    struct lk_verify_key *key = NULL;
    uint8_t x[32];
    uint8_t signature[64];

    (void)state;
    assert_int_equal(
        lk_unhex(x, 32, "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"), 0);
    assert_int_equal(
        lk_unhex(signature, 64,
                 "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bac"
                 "c61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
        0);
    assert_int_equal(lk_verify_key_ed25519(crypto, x, &key), 0);
    assert_int_equal(lk_verify(crypto, key, NULL, 0, LK_VIEW(signature, 64)), 0);
    signature[0] ^= 1;
    assert_int_equal(lk_verify(crypto, key, NULL, 0, LK_VIEW(signature, 64)), -LK_ERR_SIGNATURE);
    lk_verify_key_free(key);
}

static void points_off_the_curve_are_refused(void **state)
{
    struct lk_verify_key *found = NULL;
    struct lk_cose_key cose;
    struct test_key key;
    uint8_t zero[32] = {0};

    (void)state;
    test_key_make(&key, -7);
    assert_int_equal(lk_cose_key_decode(LK_VIEW(key.cose.bytes, key.cose.len), &cose), 0);
    cose.y[31] ^= 1;
    assert_int_equal(lk_verify_key_p256(crypto, cose.x, cose.y, &found), -LK_ERR_ALGORITHM);
    assert_int_equal(lk_verify_key_p256(crypto, zero, zero, &found), -LK_ERR_ALGORITHM);
    assert_null(found);
    test_key_free(&key);
}

static struct lk_certificate *certificate_of(const struct test_certificate *what,
                                             const struct test_key *key)
{
    struct lk_buf der = LK_BUF_INIT(8192);
    struct lk_certificate *certificate = NULL;

    test_certificate_make(what, key, &der);
    assert_int_equal(lk_certificate_parse(crypto, lk_buf_view(&der), &certificate), 0);
    lk_buf_clear(&der);
    return certificate;
}

static void certificates_are_parsed_whole(void **state)
{
    struct test_certificate what = TEST_CERTIFICATE;
    struct lk_buf der = LK_BUF_INIT(16384);
    struct lk_certificate *certificate = NULL;
    struct test_key key;

    (void)state;
    test_key_make(&key, -7);
    test_certificate_make(&what, &key, &der);
    for (size_t len = 0; len < der.len; len++) {
        int result = lk_certificate_parse(crypto, LK_VIEW(der.data, len), &certificate);

        assert_int_equal(result, len == 0 ? -LK_ERR_TRUNCATED : -LK_ERR_ENCODING);
    }
    lk_buf_put_u8(&der, 0);
    assert_int_equal(lk_certificate_parse(crypto, lk_buf_view(&der), &certificate),
                     -LK_ERR_TRAILING);
    while (der.len <= 8192)
        lk_buf_put_u8(&der, 0);
    assert_int_equal(lk_certificate_parse(crypto, lk_buf_view(&der), &certificate),
                     -LK_ERR_TOO_BIG);
    assert_null(certificate);
    assert_null(lk_certificate_free(NULL));
    lk_buf_clear(&der);
    test_key_free(&key);
}

static void certificate_signatures(void **state)
{
    static const int64_t algorithms[] = {-7, -8, -257};
    const struct lk_view part = LK_VIEW((const uint8_t *)"signed", 6);
    struct test_certificate what = TEST_CERTIFICATE;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct lk_buf signature = LK_BUF_INIT(512);
        struct lk_certificate *certificate;
        struct test_key key;

        test_key_make(&key, algorithms[i]);
        certificate = certificate_of(&what, &key);
        test_sign(&key, &part, 1, &signature);
        for (size_t j = 0; j < 3; j++)
            assert_int_equal(lk_certificate_verify(crypto, certificate, algorithms[j], &part, 1,
                                                   lk_buf_view(&signature)),
                             i == j ? 0 : -LK_ERR_ALGORITHM);
        assert_int_equal(
            lk_certificate_verify(crypto, certificate, -35, &part, 1, lk_buf_view(&signature)),
            -LK_ERR_ALGORITHM);
        signature.data[signature.len - 1] ^= 1;
        assert_int_equal(lk_certificate_verify(crypto, certificate, algorithms[i], &part, 1,
                                               lk_buf_view(&signature)),
                         -LK_ERR_SIGNATURE);
        lk_certificate_free(certificate);
        lk_buf_clear(&signature);
        test_key_free(&key);
    }
}

/* WebAuthn 8.2.1, one requirement broken at a time. */
static void certificate_requirements(void **state)
{
    struct test_certificate variants[] = {
        TEST_CERTIFICATE, TEST_CERTIFICATE, TEST_CERTIFICATE, TEST_CERTIFICATE, TEST_CERTIFICATE,
        TEST_CERTIFICATE, TEST_CERTIFICATE, TEST_CERTIFICATE, TEST_CERTIFICATE,
    };
    struct test_key key;

    (void)state;
    variants[1].version = 0;
    variants[1].authority = -1;
    variants[2].country = NULL;
    variants[3].organisation = NULL;
    variants[4].unit = NULL;
    variants[5].unit = "Authenticator attestation";
    variants[6].name = NULL;
    variants[7].authority = 1;
    variants[8].authority = -1;
    test_key_make(&key, -7);
    for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
        struct lk_certificate *certificate = certificate_of(&variants[i], &key);

        assert_int_equal(lk_certificate_check_packed(certificate), i == 0 ? 0 : -LK_ERR_UNEXPECTED);
        lk_certificate_free(certificate);
    }
    test_key_free(&key);
}

static void certificate_aaguid(void **state)
{
    static const uint8_t good[18] = {0x04, 0x10, 1,  2,  3,  4,  5,  6,  7,
                                     8,    9,    10, 11, 12, 13, 14, 15, 16};
    struct test_certificate what = TEST_CERTIFICATE;
    struct lk_certificate *certificate;
    uint8_t bad[19];
    uint8_t aaguid[16];
    struct test_key key;

    (void)state;
    test_key_make(&key, -7);
    certificate = certificate_of(&what, &key);
    assert_int_equal(lk_certificate_aaguid(certificate, aaguid), -LK_ERR_NOT_FOUND);
    lk_certificate_free(certificate);

    what.extension = good;
    what.extension_len = sizeof(good);
    certificate = certificate_of(&what, &key);
    assert_int_equal(lk_certificate_aaguid(certificate, aaguid), 0);
    assert_memory_equal(aaguid, good + 2, 16);
    lk_certificate_free(certificate);

    what.extension_critical = true;
    certificate = certificate_of(&what, &key);
    assert_int_equal(lk_certificate_aaguid(certificate, aaguid), -LK_ERR_TYPE);
    lk_certificate_free(certificate);

    what.extension_critical = false;
    for (size_t i = 0; i < 4; i++) {
        memcpy(bad, good, sizeof(good));
        bad[18] = 0;
        what.extension = bad;
        what.extension_len = i == 0 ? 17 : i == 1 ? 19 : 18;
        if (i == 2)
            bad[0] = 0x05;
        if (i == 3)
            bad[1] = 0x0f;
        certificate = certificate_of(&what, &key);
        assert_int_equal(lk_certificate_aaguid(certificate, aaguid), -LK_ERR_TYPE);
        lk_certificate_free(certificate);
    }
    test_key_free(&key);
}

/* Our own allocations fail: the error says so, nothing is handed out, nothing leaks (AddressSanitizer). */
static void no_memory(void **state)
{
    struct test_certificate what = TEST_CERTIFICATE;
    struct lk_buf der = LK_BUF_INIT(8192);
    struct lk_certificate *certificate = NULL;
    struct lk_crypto *second = NULL;
    struct lk_verify_key *verify = NULL;
    struct lk_cose_key cose;
    struct test_key key;
    int results[3];

    (void)state;
    test_key_make(&key, -7);
    test_certificate_make(&what, &key, &der);
    assert_int_equal(lk_cose_key_decode(LK_VIEW(key.cose.bytes, key.cose.len), &cose), 0);
    fail_allocations = true;
    results[0] = lk_crypto_start(&second);
    results[1] = lk_certificate_parse(crypto, lk_buf_view(&der), &certificate);
    results[2] = lk_verify_key_p256(crypto, cose.x, cose.y, &verify);
    fail_allocations = false;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(results[i], -LK_ERR_NOMEM);
    assert_null(second);
    assert_null(certificate);
    assert_null(verify);
    lk_buf_clear(&der);
    test_key_free(&key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256),
        cmocka_unit_test(hmac),
        cmocka_unit_test(signatures),
        cmocka_unit_test(keys_are_used_again),
        cmocka_unit_test(ed25519_vector),
        cmocka_unit_test(points_off_the_curve_are_refused),
        cmocka_unit_test(certificates_are_parsed_whole),
        cmocka_unit_test(certificate_signatures),
        cmocka_unit_test(certificate_requirements),
        cmocka_unit_test(certificate_aaguid),
        cmocka_unit_test(no_memory),
    };

    return cmocka_run_group_tests_name("crypto", tests, start, stop);
}
