/* SPDX-License-Identifier: EUPL-1.2 */
/* Keys, signatures, certificates and authenticator data made with OpenSSL for the tests, and libfido2 as the independent oracle.
 * Everything here ends the test program when it cannot do its work: a test without its means proves nothing. */
#ifndef LK_TESTS_UNIT_TEST_KEY_H
#define LK_TESTS_UNIT_TEST_KEY_H

#include <openssl/evp.h>

#include "model/model.h"

struct test_key {
    EVP_PKEY *pkey;
    int64_t algorithm;         /* -7, -8 or -257 */
    struct lk_public_key cose; /* empty for RSA */
};
void test_key_make(struct test_key *key, int64_t algorithm);
void test_key_free(struct test_key *key);
/* Appends the signature over the parts joined. */
void test_sign(const struct test_key *key, const struct lk_view *parts, size_t count,
               struct lk_buf *ret_signature);
void test_sha256(const void *data, size_t len, uint8_t ret_digest[32]);

/* rpIdHash, flags, counter; then, if credential_id is not empty, AAGUID, id and key. AT is not set here but by the flags. */
void test_authenticator_data(struct lk_buf *buf, const char *relying_party, uint8_t flags,
                             uint32_t counter, const uint8_t aaguid[16],
                             struct lk_view credential_id, const struct lk_public_key *cose);

/* What an attestation certificate says; TEST_CERTIFICATE is a good one. */
struct test_certificate {
    int version;                                      /* 2 = X.509 v3 */
    const char *country, *organisation, *unit, *name; /* NULL = left out */
    int authority;            /* -1 no basic constraints, 0 CA false, 1 CA true */
    const uint8_t *extension; /* content of the AAGUID extension, or NULL */
    size_t extension_len;
    bool extension_critical;
};
#define TEST_CERTIFICATE                                                                           \
    ((struct test_certificate){.version = 2,                                                       \
                               .country = "FR",                                                    \
                               .organisation = "Test",                                             \
                               .unit = "Authenticator Attestation",                                \
                               .name = "Test Key"})
void test_certificate_make(const struct test_certificate *what, const struct test_key *key,
                           struct lk_buf *ret_der);

/* libfido2: would it take this assertion? Tried with each extension mask that the data could have been asked with. */
bool oracle_assertion(const char *relying_party, struct lk_view authenticator_data,
                      const uint8_t hash[32], struct lk_view signature, bool user_presence,
                      bool user_verification, const struct lk_public_key *cose);
/* libfido2: fido_cred_verify, or fido_cred_verify_self where there is no certificate. */
bool oracle_attestation(const char *relying_party, const char *format, struct lk_view statement,
                        struct lk_view authenticator_data, const uint8_t hash[32],
                        bool user_verification, bool self, int64_t algorithm);

/* A small generator for mutations: the same numbers in every run. */
uint32_t test_random(uint32_t *state);

#endif
