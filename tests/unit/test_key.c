/* SPDX-License-Identifier: EUPL-1.2 */
/* Keys, certificates and the oracle of test_key.h. */
#include "test_key.h"

#include <fido.h>
#include <fido/eddsa.h>
#include <fido/es256.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/wire.h"

#define NEED(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            ERR_print_errors_fp(stderr);                                                           \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static void cose_fill(struct test_key *key)
{
    struct lk_cose_key cose = {.algorithm = key->algorithm};
    struct lk_buf buf = LK_BUF_INIT(LK_PUBLIC_KEY_MAX);
    uint8_t point[65];
    size_t len = sizeof(point);

    if (key->algorithm == -7) {
        NEED(EVP_PKEY_get_octet_string_param(key->pkey, OSSL_PKEY_PARAM_PUB_KEY, point,
                                             sizeof(point), &len) == 1);
        NEED(len == 65 && point[0] == 4);
        memcpy(cose.x, point + 1, 32);
        memcpy(cose.y, point + 33, 32);
    } else {
        len = sizeof(cose.x);
        NEED(EVP_PKEY_get_raw_public_key(key->pkey, cose.x, &len) == 1 && len == 32);
    }
    NEED(lk_cose_key_encode(&buf, &cose) == 0);
    memcpy(key->cose.bytes, buf.data, buf.len);
    key->cose.len = (uint16_t)buf.len;
    lk_buf_clear(&buf);
}

void test_key_make(struct test_key *key, int64_t algorithm)
{
    *key = (struct test_key){.algorithm = algorithm};
    if (algorithm == -7)
        key->pkey = EVP_EC_gen("P-256");
    else if (algorithm == -8)
        key->pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    else
        key->pkey = EVP_RSA_gen(2048);
    NEED(key->pkey);
    if (algorithm != -257)
        cose_fill(key);
}

void test_key_free(struct test_key *key)
{
    EVP_PKEY_free(key->pkey);
    key->pkey = NULL;
}

void test_sign(const struct test_key *key, const struct lk_view *parts, size_t count,
               struct lk_buf *ret_signature)
{
    struct lk_buf joined = LK_BUF_INIT(65536);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    const EVP_MD *md = key->algorithm == -8 ? NULL : EVP_sha256();
    uint8_t signature[512];
    size_t len = sizeof(signature);

    for (size_t i = 0; i < count; i++)
        lk_buf_put_view(&joined, parts[i]);
    NEED(lk_buf_error(&joined) == 0 && context);
    NEED(EVP_DigestSignInit(context, NULL, md, NULL, key->pkey) == 1);
    NEED(EVP_DigestSign(context, signature, &len, joined.data, joined.len) == 1);
    lk_buf_put_bytes(ret_signature, signature, len);
    NEED(lk_buf_error(ret_signature) == 0);
    EVP_MD_CTX_free(context);
    lk_buf_clear(&joined);
}

void test_sha256(const void *data, size_t len, uint8_t ret_digest[32])
{
    NEED(EVP_Digest(data, len, ret_digest, NULL, EVP_sha256(), NULL) == 1);
}

void test_authenticator_data(struct lk_buf *buf, const char *relying_party, uint8_t flags,
                             uint32_t counter, const uint8_t aaguid[16],
                             struct lk_view credential_id, const struct lk_public_key *cose)
{
    uint8_t hash[32];

    test_sha256(relying_party, strlen(relying_party), hash);
    lk_buf_put_bytes(buf, hash, sizeof(hash));
    lk_buf_put_u8(buf, flags);
    lk_buf_put_u32(buf, counter);
    if (credential_id.len > 0) {
        lk_buf_put_bytes(buf, aaguid, 16);
        lk_buf_put_u16(buf, (uint16_t)credential_id.len);
        lk_buf_put_view(buf, credential_id);
        lk_buf_put_bytes(buf, cose->bytes, cose->len);
    }
    NEED(lk_buf_error(buf) == 0);
}

static void name_add(X509_NAME *name, const char *field, const char *value)
{
    if (value)
        NEED(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, (const uint8_t *)value, -1, -1,
                                        0) == 1);
}

static void extension_add(X509 *x509, const struct test_certificate *what)
{
    ASN1_OBJECT *oid = OBJ_txt2obj("1.3.6.1.4.1.45724.1.1.4", 1);
    ASN1_OCTET_STRING *content = ASN1_OCTET_STRING_new();
    X509_EXTENSION *extension;

    NEED(oid && content);
    NEED(ASN1_OCTET_STRING_set(content, what->extension, (int)what->extension_len) == 1);
    extension = X509_EXTENSION_create_by_OBJ(NULL, oid, what->extension_critical, content);
    NEED(extension && X509_add_ext(x509, extension, -1) == 1);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(content);
    ASN1_OBJECT_free(oid);
}

void test_certificate_make(const struct test_certificate *what, const struct test_key *key,
                           struct lk_buf *ret_der)
{
    X509 *x509 = X509_new();
    X509_NAME *name = X509_get_subject_name(x509);
    uint8_t *der = NULL;
    int len;

    NEED(x509 && X509_set_version(x509, what->version) == 1);
    NEED(ASN1_INTEGER_set(X509_get_serialNumber(x509), 1) == 1);
    NEED(X509_gmtime_adj(X509_getm_notBefore(x509), 0));
    NEED(X509_gmtime_adj(X509_getm_notAfter(x509), 3600));
    name_add(name, "C", what->country);
    name_add(name, "O", what->organisation);
    name_add(name, "OU", what->unit);
    name_add(name, "CN", what->name);
    NEED(X509_set_pubkey(x509, key->pkey) == 1);
    if (what->authority >= 0) {
        BASIC_CONSTRAINTS *constraints = BASIC_CONSTRAINTS_new();

        NEED(constraints);
        constraints->ca = what->authority ? 0xff : 0;
        NEED(X509_add1_ext_i2d(x509, NID_basic_constraints, constraints, 1, 0) == 1);
        BASIC_CONSTRAINTS_free(constraints);
    }
    if (what->extension)
        extension_add(x509, what);
    NEED(X509_sign(x509, key->pkey, key->algorithm == -8 ? NULL : EVP_sha256()) > 0);
    len = i2d_X509(x509, &der);
    NEED(len > 0);
    lk_buf_put_bytes(ret_der, der, (size_t)len);
    NEED(lk_buf_error(ret_der) == 0);
    OPENSSL_free(der);
    X509_free(x509);
}

static bool oracle_assertion_masked(const char *relying_party, struct lk_view authenticator_data,
                                    const uint8_t hash[32], struct lk_view signature,
                                    bool user_presence, bool user_verification, int type,
                                    const void *public_key, int mask)
{
    fido_assert_t *assertion = fido_assert_new();
    bool good;

    NEED(assertion);
    good =
        fido_assert_set_count(assertion, 1) == FIDO_OK &&
        fido_assert_set_rp(assertion, relying_party) == FIDO_OK &&
        fido_assert_set_clientdata_hash(assertion, hash, 32) == FIDO_OK &&
        fido_assert_set_extensions(assertion, mask) == FIDO_OK &&
        fido_assert_set_up(assertion, user_presence ? FIDO_OPT_TRUE : FIDO_OPT_FALSE) == FIDO_OK &&
        fido_assert_set_uv(assertion, user_verification ? FIDO_OPT_TRUE : FIDO_OPT_FALSE) ==
            FIDO_OK &&
        fido_assert_set_authdata_raw(assertion, 0, authenticator_data.data,
                                     authenticator_data.len) == FIDO_OK &&
        fido_assert_set_sig(assertion, 0, signature.data, signature.len) == FIDO_OK &&
        fido_assert_verify(assertion, 0, type, public_key) == FIDO_OK;
    fido_assert_free(&assertion);
    return good;
}

/* Coordinates stand at fixed places in the two canonical COSE forms that are taken. */
static void *oracle_public_key(const struct lk_public_key *cose, int *ret_type)
{
    uint8_t point[64];

    if (cose->len == 77) { /* a5 01 02 03 26 20 01 21 58 20 X 22 58 20 Y */
        es256_pk_t *key = es256_pk_new();

        memcpy(point, cose->bytes + 10, 32);
        memcpy(point + 32, cose->bytes + 45, 32);
        NEED(key);
        *ret_type = COSE_ES256;
        if (es256_pk_from_ptr(key, point, sizeof(point)) == FIDO_OK)
            return key;
        es256_pk_free(&key);
    } else if (cose->len == 42) { /* a4 01 01 03 27 20 06 21 58 20 X */
        eddsa_pk_t *key = eddsa_pk_new();

        NEED(key);
        *ret_type = COSE_EDDSA;
        if (eddsa_pk_from_ptr(key, cose->bytes + 10, 32) == FIDO_OK)
            return key;
        eddsa_pk_free(&key);
    }
    return NULL;
}

bool oracle_assertion(const char *relying_party, struct lk_view authenticator_data,
                      const uint8_t hash[32], struct lk_view signature, bool user_presence,
                      bool user_verification, const struct lk_public_key *cose)
{
    static const int masks[] = {0, FIDO_EXT_HMAC_SECRET, FIDO_EXT_CRED_BLOB,
                                FIDO_EXT_HMAC_SECRET | FIDO_EXT_CRED_BLOB};
    int type = 0;
    void *key = oracle_public_key(cose, &type);
    bool good = false;

    for (size_t i = 0; key && !good && i < sizeof(masks) / sizeof(masks[0]); i++)
        good = oracle_assertion_masked(relying_party, authenticator_data, hash, signature,
                                       user_presence, user_verification, type, key, masks[i]);
    if (type == COSE_ES256) {
        es256_pk_t *es256 = key;

        es256_pk_free(&es256);
    } else if (type == COSE_EDDSA) {
        eddsa_pk_t *eddsa = key;

        eddsa_pk_free(&eddsa);
    }
    return good;
}

bool oracle_attestation(const char *relying_party, const char *format, struct lk_view statement,
                        struct lk_view authenticator_data, const uint8_t hash[32],
                        bool user_verification, bool self, int64_t algorithm)
{
    fido_cred_t *credential = fido_cred_new();
    bool good;

    NEED(credential);
    good = fido_cred_set_type(credential, (int)algorithm) == FIDO_OK &&
           fido_cred_set_rp(credential, relying_party, NULL) == FIDO_OK &&
           fido_cred_set_clientdata_hash(credential, hash, 32) == FIDO_OK &&
           fido_cred_set_uv(credential, user_verification ? FIDO_OPT_TRUE : FIDO_OPT_FALSE) ==
               FIDO_OK &&
           fido_cred_set_fmt(credential, format) == FIDO_OK &&
           fido_cred_set_authdata_raw(credential, authenticator_data.data,
                                      authenticator_data.len) == FIDO_OK &&
           fido_cred_set_attstmt(credential, statement.data, statement.len) == FIDO_OK &&
           (self ? fido_cred_verify_self(credential) : fido_cred_verify(credential)) == FIDO_OK;
    fido_cred_free(&credential);
    return good;
}

uint32_t test_random(uint32_t *state)
{
    /* Marsaglia's xorshift32. */
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}
