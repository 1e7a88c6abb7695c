/* SPDX-License-Identifier: EUPL-1.2 */
/* Signing keys and sealing. The oracle for signatures is OpenSSL called on the published JWK alone, for thumbprints the example of RFC 7638. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base64url.h"
#include "crypto/seal.h"
#include "crypto/sign.h"

static struct lk_crypto *crypto;
static char folder[] = "/tmp/latchkey-test-XXXXXX";

static int start(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL ? lk_crypto_start(&crypto) : -1;
}

static int stop(void **state)
{
    (void)state;
    crypto = lk_crypto_free(crypto);
    return rmdir(folder);
}

static struct lk_view text(const char *string)
{
    return LK_VIEW((const uint8_t *)string, strlen(string));
}

/* ---- the oracle ---- */

static size_t decode(const char *member, uint8_t *ret_bytes, size_t size)
{
    struct lk_buf buf = LK_BUF_INIT(size);
    size_t len;

    assert_int_equal(lk_base64url_decode(&buf, member, strlen(member)), 0);
    memcpy(ret_bytes, buf.data, buf.len);
    len = buf.len;
    lk_buf_clear(&buf);
    return len;
}

static EVP_PKEY *public_from_params(const char *type, OSSL_PARAM *params)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *pkey = NULL;

    assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
    assert_int_equal(EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, params), 1);
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(params);
    return pkey;
}

static EVP_PKEY *public_of(const struct lk_signing_key *key)
{
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    uint8_t bytes[512];
    uint8_t point[65] = {4};
    BIGNUM *n = NULL;
    BIGNUM *e = NULL;
    struct lk_jwk jwk;
    EVP_PKEY *pkey;
    bool ec = lk_signing_key_algorithm(key) == LK_ALGORITHM_ES256;

    assert_int_equal(lk_signing_key_jwk(key, &jwk), 0);
    if (ec) {
        assert_int_equal(decode(jwk.x, point + 1, 32), 32);
        assert_int_equal(decode(jwk.y, point + 33, 32), 32);
        assert_int_equal(jwk.n[0] | jwk.e[0], 0);
        OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point));
    } else {
        n = BN_bin2bn(bytes, (int)decode(jwk.n, bytes, sizeof(bytes)), NULL);
        e = BN_bin2bn(bytes, (int)decode(jwk.e, bytes, sizeof(bytes)), NULL);
        assert_int_equal(jwk.x[0] | jwk.y[0], 0);
        assert_string_equal(jwk.e, "AQAB");
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n);
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e);
    }
    pkey = public_from_params(ec ? "EC" : "RSA", OSSL_PARAM_BLD_to_param(build));
    OSSL_PARAM_BLD_free(build);
    BN_free(n);
    BN_free(e);
    return pkey;
}

static bool oracle(const struct lk_signing_key *key, struct lk_view message,
                   struct lk_view signature)
{
    EVP_PKEY *pkey = public_of(key);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char *der = NULL;
    int len = (int)signature.len;
    bool good;

    if (lk_signing_key_algorithm(key) == LK_ALGORITHM_ES256) {
        ECDSA_SIG *sig = ECDSA_SIG_new();

        assert_int_equal(signature.len, 64);
        ECDSA_SIG_set0(sig, BN_bin2bn(signature.data, 32, NULL),
                       BN_bin2bn(signature.data + 32, 32, NULL));
        len = i2d_ECDSA_SIG(sig, &der);
        ECDSA_SIG_free(sig);
    }
    good = EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, pkey) == 1 &&
           EVP_DigestVerify(context, der != NULL ? der : signature.data, (size_t)len, message.data,
                            message.len) == 1;
    OPENSSL_free(der);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(pkey);
    return good;
}

/* ---- signing ---- */

static void sign_and_verify(struct lk_signing_key *key)
{
    const struct lk_view parts[] = {text("head."), text("payload")};
    const struct lk_view joined = text("head.payload");
    uint8_t signature[LK_SIGNING_SIGNATURE_MAX];
    size_t len = 0;

    /* Often, because r or s begins with a zero byte once in 128 times. */
    for (int round = 0; round < 2500; round++) {
        assert_int_equal(lk_sign(crypto, key, parts, 2, signature, &len), 0);
        assert_true(oracle(key, joined, LK_VIEW(signature, len)));
        if (lk_signing_key_algorithm(key) == LK_ALGORITHM_RS256)
            break;
    }
    assert_false(oracle(key, text("head.payloaD"), LK_VIEW(signature, len)));
    assert_int_equal(lk_sign_verify(crypto, key, &joined, 1, LK_VIEW(signature, len)), 0);
    assert_int_equal(lk_sign_verify(crypto, key, parts, 1, LK_VIEW(signature, len)),
                     -LK_ERR_SIGNATURE);
    assert_int_equal(lk_sign_verify(crypto, key, parts, 2, LK_VIEW(signature, len - 1)),
                     -LK_ERR_SIGNATURE);
    assert_int_equal(lk_sign_verify(crypto, key, parts, 2, LK_VIEW(signature, 0)),
                     -LK_ERR_SIGNATURE);
    for (size_t i = 0; i < len; i++) {
        signature[i] ^= 0x10;
        assert_int_equal(lk_sign_verify(crypto, key, parts, 2, LK_VIEW(signature, len)),
                         -LK_ERR_SIGNATURE);
        signature[i] ^= 0x10;
    }
    memset(signature, 0, len);
    assert_int_equal(lk_sign_verify(crypto, key, parts, 2, LK_VIEW(signature, len)),
                     -LK_ERR_SIGNATURE);
}

static void save_and_load(struct lk_signing_key *key)
{
    const struct lk_file_rule rule = {.owner = geteuid(), .forbidden = 077, .check_parents = true};
    struct lk_signing_key *loaded = NULL;
    struct stat status;
    char path[128];

    snprintf(path, sizeof(path), "%s/key.pem", folder);
    assert_int_equal(lk_signing_key_save(key, path), 0);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0400);
    assert_int_equal(lk_signing_key_load(crypto, path, &rule, &loaded), 0);
    assert_int_equal(lk_signing_key_algorithm(loaded), lk_signing_key_algorithm(key));
    assert_string_equal(lk_signing_key_kid(loaded), lk_signing_key_kid(key));
    sign_and_verify(loaded);
    lk_signing_key_free(loaded);
    assert_int_equal(chmod(path, 0440), 0);
    assert_int_equal(lk_signing_key_load(crypto, path, &rule, &loaded), -LK_ERR_MODE);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(lk_signing_key_load(crypto, path, &rule, &loaded), -LK_ERR_NOT_FOUND);
    assert_int_equal(lk_signing_key_save(key, "/nowhere/at/all/key.pem"), -LK_ERR_NOT_FOUND);
}

static void es256(void **state)
{
    struct lk_signing_key *key = NULL;
    struct lk_signing_key *other = NULL;

    (void)state;
    assert_int_equal(lk_signing_key_generate(crypto, LK_ALGORITHM_ES256, 0, &key), 0);
    assert_int_equal(lk_signing_key_generate(crypto, LK_ALGORITHM_ES256, 0, &other), 0);
    assert_string_not_equal(lk_signing_key_kid(key), lk_signing_key_kid(other));
    assert_int_equal(strlen(lk_signing_key_kid(key)), LK_KID_LENGTH);
    sign_and_verify(key);
    save_and_load(key);
    lk_signing_key_free(key);
    lk_signing_key_free(other);
    assert_null(lk_signing_key_free(NULL));
}

static void rs256(void **state)
{
    struct lk_signing_key *key = NULL;

    (void)state;
    assert_int_equal(lk_signing_key_generate(crypto, LK_ALGORITHM_RS256, 2048, &key), 0);
    sign_and_verify(key);
    save_and_load(key);
    lk_signing_key_free(key);
    assert_int_equal(lk_signing_key_generate(crypto, LK_ALGORITHM_RS256, 1024, &key),
                     -LK_ERR_RANGE);
    assert_int_equal(lk_signing_key_generate(crypto, LK_ALGORITHM_EDDSA, 0, &key),
                     -LK_ERR_ALGORITHM);
}

/* Made with the openssl command line. */
static const char p256_pem[] = "-----BEGIN PRIVATE KEY-----\n"
                               "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgZ9hW8ffcwhRfcHii\n"
                               "aDtjcpDCxdMUkrPqz+NaJYkKTa+hRANCAATlFmN8bcMYaF5EKIDBhUPMC/3MY+Ea\n"
                               "ysYcEYBkEfp/Dv2kbzHsEB6pi8Nzzd7KXeMY8U3rWD2y7qJQWasYTUMz\n"
                               "-----END PRIVATE KEY-----\n";
static const char p384_pem[] = "-----BEGIN PRIVATE KEY-----\n"
                               "MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDATSA4Urs8gONa5plzW\n"
                               "R7bgF7esZsXhz/l5rdgfdu3rtX0Gz94F/Z1F3fVmc9Wd8vmhZANiAAR5+iVImbn9\n"
                               "D5nCqCSlvpmNJIjjs6mSNxpO0+IxjACV39blDDTDV40WXAISxriwAkvdxvWUQSX5\n"
                               "EPFFuuIrNokEtDqHLYus5Ch3uTLc6d4LCeSOmAR+Pq+xm5vDaaBvkmE=\n"
                               "-----END PRIVATE KEY-----\n";
static const char rsa1024_pem[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIICdwIBADANBgkqhkiG9w0BAQEFAASCAmEwggJdAgEAAoGBAMOZ5+ApC0Bijety\n"
    "2wK4+iZsKRYe6JPtBebAq6UzDZ8oIRQTDQ9/Eh5ozZoZ/aUUCwglM3kIpxckh+qx\n"
    "RRPG+lPATml4ttxqPc990E0yv4O3oLQiFF3DtuvjbCfndGcXKeInDStUoOEKOzUu\n"
    "LxGUCBgBS582gDZSwCprSy693dRnAgMBAAECgYAE6+1yrXW0BAbQIs6x7deVeek6\n"
    "vkJZ3n/kg3qOKI+yLn9OkwAkIK1jCH4L35WLPsrcRJtb80TJB0lINXeofLw1rfwj\n"
    "Wz/qU2jzTT+arvoQwwjJ0EaBqASxV8kxNMXiU2zQWY/tZO0nUpwmzzQonPnhwb44\n"
    "RblMwcvP4+bxNVxP6QJBAO15XhyeqQ9THf5zkfCnpTnnAQFgrD651Oj6JtbCo4KR\n"
    "4mkrnT3n1u3bYnG6X13XtRXns/Q+ZZ5FJhPWVNhuvjsCQQDS3Em1UY1Y2w7sq3OZ\n"
    "iRVuvISLTlQiqfou/ZI5qkv+S1e1JPA6CKROcev8bAfi5oftGgUJ0GlL6XH9SOZE\n"
    "1EPFAkAgsegKKrH+ASSNBt5d8sblzO8vgF7WmAE/PkmgodWfQXSZpD6W6leGEgFg\n"
    "xRciNXOiG2+EPh8BhmWyr3yo+75HAkEAo2WjFIeysZVm9k1SEjshSaN6Tn0PQ6FW\n"
    "Rs2mX1sw8kiuGagbI82IjWVISl3oqpKb6EcOenFu9y1acLzp+5JFRQJBAJM4K3BB\n"
    "G9fmbqFhhvafW3xWcD8yVK4NhwCJVZE4m71DvCdOyZ5ReYQgY8WDJzrhCBzcY59o\n"
    "trFSp21D+jMQWkw=\n"
    "-----END PRIVATE KEY-----\n";
static const char encrypted_pem[] =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAikkRMDFcipaQICCAAw\n"
    "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEJsOPCLQSMSSadXclPhDy5wEgZAz\n"
    "9/oIZVden9UactE1yuF/dznOQnkw9Vx+4QcMxnmhLFacX13DDD3jhzJ/9PL1fea1\n"
    "f1Y6wqythe68ISBL6CfH6FzVgtnbAwEbT7xcP97UCh8TCq9NtB64S+mP1iLFdKdR\n"
    "uB5yx+XjYci6yQG9fBpMW2vIm2qfn2MkXMf1jMBgyooLknDnrXzn07efO/ZmaUA=\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n";

static int parse(const char *pem)
{
    struct lk_signing_key *key = NULL;
    int error = lk_signing_key_parse(crypto, text(pem), &key);

    lk_signing_key_free(key);
    return error;
}

static void bad_files(void **state)
{
    char pem[2 * sizeof(p256_pem)];
    struct lk_signing_key *key = NULL;

    (void)state;
    assert_int_equal(lk_signing_key_parse(crypto, text(p256_pem), &key), 0);
    assert_string_equal(lk_signing_key_kid(key), "ungaShXZq7CtEsDpaeESpstmrWG4o2MfEt9-BTfP1gA");
    lk_signing_key_free(key);
    assert_int_equal(parse(p384_pem), -LK_ERR_ALGORITHM);
    assert_int_equal(parse(rsa1024_pem), -LK_ERR_ALGORITHM);
    assert_int_equal(parse(encrypted_pem), -LK_ERR_ENCODING);
    assert_int_equal(parse(""), -LK_ERR_ENCODING);
    snprintf(pem, sizeof(pem), "%sx", p256_pem);
    assert_int_equal(parse(pem), -LK_ERR_TRAILING);
    snprintf(pem, sizeof(pem), "%s%s", p256_pem, p256_pem);
    assert_int_equal(parse(pem), -LK_ERR_TRAILING);
    snprintf(pem, sizeof(pem), " %s", p256_pem);
    assert_int_equal(parse(pem), -LK_ERR_ENCODING);
    /* Cut anywhere before its last line's dashes, it is no key. */
    for (size_t len = 0; len + 7 < sizeof(p256_pem); len++) {
        key = NULL;
        assert_int_not_equal(
            lk_signing_key_parse(crypto, LK_VIEW((const uint8_t *)p256_pem, len), &key), 0);
        assert_null(key);
    }
}

/* ---- sealing ---- */

static int seal(const uint8_t key[32], const char *associated, const char *plain,
                struct lk_buf *sealed)
{
    return lk_seal(crypto, key, &lk_random_system, text(associated), text(plain), sealed);
}

static int unseal(const uint8_t key[32], const char *associated, struct lk_view sealed,
                  const char *expected)
{
    struct lk_buf plain = LK_BUF_INIT(4096);
    int error;

    lk_buf_put_u8(&plain, 7);
    error = lk_unseal(crypto, key, text(associated), sealed, &plain);
    assert_int_equal(plain.data[0], 7);
    assert_int_equal(plain.len, error == 0 ? 1 + strlen(expected) : 1);
    if (error == 0)
        assert_memory_equal(plain.data + 1, expected, strlen(expected));
    lk_buf_clear(&plain);
    return error;
}

static void sealing(void **state)
{
    static const char plain[] = "what must be known again";
    uint8_t key[32] = {1, 2, 3};
    uint8_t other[32] = {1, 2, 4};
    struct lk_buf sealed = LK_BUF_INIT(4096);
    struct lk_buf again = LK_BUF_INIT(4096);

    (void)state;
    assert_int_equal(seal(key, "stage", plain, &sealed), 0);
    assert_int_equal(seal(key, "stage", plain, &again), 0);
    assert_int_equal(sealed.len, strlen(plain) + LK_SEAL_OVERHEAD);
    assert_memory_not_equal(sealed.data, again.data, 16);
    assert_memory_not_equal(sealed.data + 28, again.data + 28, 16);
    assert_null(memmem(sealed.data, sealed.len, "known", 5));
    assert_int_equal(unseal(key, "stage", lk_buf_view(&sealed), plain), 0);
    assert_int_equal(unseal(key, "stagf", lk_buf_view(&sealed), plain), -LK_ERR_SIGNATURE);
    assert_int_equal(unseal(key, "", lk_buf_view(&sealed), plain), -LK_ERR_SIGNATURE);
    assert_int_equal(unseal(other, "stage", lk_buf_view(&sealed), plain), -LK_ERR_SIGNATURE);
    for (size_t len = 0; len < sealed.len; len++)
        assert_int_equal(unseal(key, "stage", LK_VIEW(sealed.data, len), plain), -LK_ERR_SIGNATURE);
    for (size_t bit = 0; bit < sealed.len * 8; bit++) {
        sealed.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(unseal(key, "stage", lk_buf_view(&sealed), plain), -LK_ERR_SIGNATURE);
        sealed.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    lk_buf_put_u8(&sealed, 0);
    assert_int_equal(unseal(key, "stage", lk_buf_view(&sealed), plain), -LK_ERR_SIGNATURE);
    lk_buf_clear(&sealed);
    assert_int_equal(seal(key, "", "", &sealed), 0);
    assert_int_equal(unseal(key, "", lk_buf_view(&sealed), ""), 0);
    lk_buf_clear(&sealed);
    lk_buf_clear(&again);
}

static int no_random(void *context, void *data, size_t len)
{
    (void)context;
    (void)data;
    (void)len;
    return -LK_ERR_IO;
}

static void sealing_faults(void **state)
{
    const struct lk_random none = {.fill = no_random};
    uint8_t key[32] = {0};
    struct lk_buf sealed = LK_BUF_INIT(40);

    (void)state;
    assert_int_equal(seal(key, "", "", &sealed), -LK_ERR_TOO_BIG);
    lk_buf_reset(&sealed);
    sealed.max = 100;
    assert_int_equal(lk_seal(crypto, key, &none, text(""), text("x"), &sealed), -LK_ERR_IO);
    assert_int_equal(sealed.len, 0);
    lk_buf_clear(&sealed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(es256),   cmocka_unit_test(rs256),          cmocka_unit_test(bad_files),
        cmocka_unit_test(sealing), cmocka_unit_test(sealing_faults),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
