/* SPDX-License-Identifier: EUPL-1.2 */
/* Attestation: packed (x5c, self), fido-u2f, none. The oracle is libfido2's fido_cred_verify. */
#include "verify/verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fido.h>

#include "test_key.h"

#define RP "latchkey-host:example"

static struct lk_crypto *crypto;
static struct test_key credential;    /* the new key */
static struct test_key credential_ed; /* one of Ed25519 */
static struct test_key batch;         /* the manufacturer's */
static struct test_key batch_rsa;
static uint8_t hash[32];
static const uint8_t id[64] = {0x55, 0xaa};
static const uint8_t aaguid[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
static const uint8_t zero_aaguid[16];
static const uint8_t aaguid_extension[18] = {0x04, 0x10, 1,  2,  3,  4,  5,  6,  7,
                                             8,    9,    10, 11, 12, 13, 14, 15, 16};

static int start(void **state)
{
    (void)state;
    fido_init(0);
    test_key_make(&credential, -7);
    test_key_make(&credential_ed, -8);
    test_key_make(&batch, -7);
    test_key_make(&batch_rsa, -257);
    test_sha256("clientDataJSON", 14, hash);
    return lk_crypto_start(&crypto);
}

static int stop(void **state)
{
    (void)state;
    test_key_free(&credential);
    test_key_free(&credential_ed);
    test_key_free(&batch);
    test_key_free(&batch_rsa);
    lk_crypto_free(crypto);
    return 0;
}

/* What is to be made. PACKED is a good packed attestation with certificate. */
struct recipe {
    const char *format;
    const struct test_key *key;    /* new credential */
    const struct test_key *signer; /* NULL: the credential itself */
    struct test_certificate certificate;
    bool with_certificate, two_certificates, with_algorithm;
    int64_t algorithm;
    const char *relying_party;
    uint8_t flags;
    const uint8_t *aaguid;
    bool u2f_data; /* sign as U2F does */
};
#define PACKED                                                                                     \
    ((struct recipe){.format = "packed",                                                           \
                     .key = &credential,                                                           \
                     .signer = &batch,                                                             \
                     .certificate = TEST_CERTIFICATE,                                              \
                     .with_certificate = true,                                                     \
                     .with_algorithm = true,                                                       \
                     .algorithm = -7,                                                              \
                     .relying_party = RP,                                                          \
                     .flags = 0x45,                                                                \
                     .aaguid = aaguid})

struct made {
    struct lk_buf data, signature, certificate, object;
    struct lk_attestation_object parts;
};

static void made_encode(struct made *made)
{
    lk_buf_reset(&made->object);
    made->parts.authenticator_data = lk_buf_view(&made->data);
    made->parts.signature = lk_buf_view(&made->signature);
    assert_int_equal(lk_attestation_object_encode(&made->object, &made->parts), 0);
}

static void make(struct made *made, const struct recipe *recipe)
{
    const struct test_key *signer = recipe->signer ? recipe->signer : recipe->key;
    struct lk_authenticator_data data;

    *made = (struct made){0};
    lk_buf_init(&made->data, 2048);
    lk_buf_init(&made->signature, 512);
    lk_buf_init(&made->certificate, 8192);
    lk_buf_init(&made->object, LK_ATTESTATION_MAX);
    test_authenticator_data(&made->data, recipe->relying_party, recipe->flags, 0, recipe->aaguid,
                            LK_VIEW(id, sizeof(id)), &recipe->key->cose);
    if (recipe->u2f_data && lk_authenticator_data_decode(lk_buf_view(&made->data), &data) == 0) {
        struct lk_cose_key cose;
        const struct lk_view parts[] = {LK_VIEW((const uint8_t *)"\0", 1),
                                        LK_VIEW(data.rp_id_hash, 32),
                                        LK_VIEW(hash, 32),
                                        data.credential_id,
                                        LK_VIEW((const uint8_t *)"\x04", 1),
                                        LK_VIEW(cose.x, 32),
                                        LK_VIEW(cose.y, 32)};

        assert_int_equal(lk_cose_key_decode(data.public_key, &cose), 0);
        test_sign(signer, parts, 7, &made->signature);
    } else {
        const struct lk_view parts[] = {lk_buf_view(&made->data), LK_VIEW(hash, 32)};

        test_sign(signer, parts, 2, &made->signature);
    }
    strcpy(made->parts.format, recipe->format);
    made->parts.has_algorithm = recipe->with_algorithm;
    made->parts.algorithm = recipe->algorithm;
    if (recipe->with_certificate) {
        test_certificate_make(&recipe->certificate, signer, &made->certificate);
        made->parts.certificates[0] = made->parts.certificates[1] = lk_buf_view(&made->certificate);
        made->parts.certificate_count = recipe->two_certificates ? 2 : 1;
    }
    made_encode(made);
}

static void made_free(struct made *made)
{
    lk_buf_clear(&made->data);
    lk_buf_clear(&made->signature);
    lk_buf_clear(&made->certificate);
    lk_buf_clear(&made->object);
}

/* Our verdict over the object's bytes; an accepted one goes to the oracle too. statement is all 0xee before. */
static enum lk_reason judge_bytes(struct lk_view bytes, bool verification,
                                  struct lk_statement *statement)
{
    const struct lk_attestation attestation = {.object = bytes,
                                               .client_data_hash = LK_VIEW(hash, 32)};
    const struct lk_attestation_rule rule = {.relying_party = RP,
                                             .user_verification = verification};
    enum lk_reason reason = LK_REASON_INTERNAL;
    struct lk_statement before;

    memset(statement, 0xee, sizeof(*statement));
    memset(&before, 0xee, sizeof(before));
    assert_int_equal(lk_attestation_verify(crypto, &attestation, &rule, statement, &reason), 0);
    assert_int_not_equal(reason, LK_REASON_INTERNAL);
    if (reason != LK_REASON_NONE) {
        assert_memory_equal(statement, &before, sizeof(before));
    } else if (statement->proved.format != LK_FORMAT_NONE) {
        struct lk_attestation_object object;
        struct lk_authenticator_data data;
        struct lk_cose_key cose;

        assert_int_equal(lk_attestation_object_decode(bytes, &object), 0);
        assert_int_equal(lk_authenticator_data_decode(object.authenticator_data, &data), 0);
        assert_int_equal(lk_cose_key_decode(data.public_key, &cose), 0);
        /* Debian 12's libfido2 knows no RS256 attestation and no fido-u2f with UP unset; it is not asked about what it cannot do. */
        if (!object.has_algorithm || object.algorithm != -257)
            assert_true(oracle_attestation(
                RP, object.format, object.statement, object.authenticator_data, hash, verification,
                statement->proved.format == LK_FORMAT_PACKED_SELF, cose.algorithm));
    }
    return reason;
}

static enum lk_reason judge(const struct recipe *recipe, bool verification)
{
    struct lk_statement statement;
    struct made made;
    enum lk_reason reason;

    make(&made, recipe);
    reason = judge_bytes(lk_buf_view(&made.object), verification, &statement);
    made_free(&made);
    return reason;
}

static void good_packed_fills_the_statement(void **state)
{
    struct recipe recipe = PACKED;
    struct lk_statement statement;
    uint8_t digest[32];
    struct made made;

    (void)state;
    recipe.certificate.extension = aaguid_extension;
    recipe.certificate.extension_len = sizeof(aaguid_extension);
    make(&made, &recipe);
    assert_int_equal(judge_bytes(lk_buf_view(&made.object), true, &statement), LK_REASON_NONE);
    assert_int_equal(statement.credential_id.len, sizeof(id));
    assert_memory_equal(statement.credential_id.bytes, id, sizeof(id));
    assert_int_equal(statement.public_key.len, credential.cose.len);
    assert_memory_equal(statement.public_key.bytes, credential.cose.bytes, credential.cose.len);
    assert_memory_equal(statement.aaguid, aaguid, 16);
    assert_int_equal(statement.proved.format, LK_FORMAT_PACKED);
    assert_false(statement.proved.has_anchor);
    assert_string_equal(statement.proved.firmware, "");
    assert_string_equal(statement.proved.serial, "");
    test_sha256(made.object.data, made.object.len, digest);
    assert_memory_equal(statement.attestation_digest.bytes, digest, 32);
    assert_memory_equal(statement.creation_client_data_hash.bytes, hash, 32);
    /* the members that are not its business */
    assert_int_equal((uint8_t)statement.name[0], 0xee);
    assert_int_equal(statement.claimed.model[0] & 0xff, 0xee);
    made_free(&made);
}

static void packed_rules(void **state)
{
    struct recipe recipe = PACKED;
    uint8_t other_extension[18];

    (void)state;
    assert_int_equal(judge(&recipe, true), LK_REASON_NONE);
    recipe.signer = &batch_rsa, recipe.algorithm = -257;
    assert_int_equal(judge(&recipe, true), LK_REASON_NONE);
    recipe = PACKED, recipe.algorithm = -8; /* not the certificate's key */
    assert_int_equal(judge(&recipe, true), LK_REASON_ATTESTATION);
    recipe = PACKED, recipe.algorithm = -65535;
    assert_int_equal(judge(&recipe, true), LK_REASON_ATTESTATION);
    recipe = PACKED, recipe.with_algorithm = false;
    assert_int_equal(judge(&recipe, true), LK_REASON_ATTESTATION);
    recipe = PACKED, recipe.certificate.unit = "Other";
    assert_int_equal(judge(&recipe, true), LK_REASON_ATTESTATION);
    recipe = PACKED, recipe.certificate.authority = 1;
    assert_int_equal(judge(&recipe, true), LK_REASON_ATTESTATION);
    recipe = PACKED, recipe.two_certificates = true;
    assert_int_equal(judge(&recipe, true), LK_REASON_NONE);
    memcpy(other_extension, aaguid_extension, 18);
    other_extension[17] ^= 1;
    recipe = PACKED, recipe.certificate.extension = other_extension,
    recipe.certificate.extension_len = 18;
    assert_int_equal(judge(&recipe, true), LK_REASON_ATTESTATION);
    recipe = PACKED, recipe.certificate.extension = aaguid_extension,
    recipe.certificate.extension_len = 18, recipe.certificate.extension_critical = true;
    assert_int_equal(judge(&recipe, true), LK_REASON_ATTESTATION);
    recipe = PACKED, recipe.key = &credential_ed;
    assert_int_equal(judge(&recipe, true), LK_REASON_NONE);
}

static void self_rules(void **state)
{
    struct recipe recipe = PACKED;

    (void)state;
    recipe.signer = NULL, recipe.with_certificate = false;
    assert_int_equal(judge(&recipe, true), LK_REASON_NONE);
    recipe.algorithm = -8;
    assert_int_equal(judge(&recipe, true), LK_REASON_ATTESTATION);
    recipe.algorithm = -7, recipe.signer = &batch;
    assert_int_equal(judge(&recipe, true), LK_REASON_ATTESTATION);
    recipe.signer = NULL, recipe.key = &credential_ed, recipe.algorithm = -8;
    assert_int_equal(judge(&recipe, true), LK_REASON_NONE);
}

static void u2f_rules(void **state)
{
    struct recipe good = PACKED;
    struct recipe recipe;

    (void)state;
    good.format = "fido-u2f", good.with_algorithm = false, good.aaguid = zero_aaguid,
    good.u2f_data = true, good.flags = 0x41;
    assert_int_equal(judge(&good, false), LK_REASON_NONE);
    assert_int_equal(judge(&good, true), LK_REASON_USER_VERIFICATION);
    recipe = good, recipe.certificate.unit = "whatever"; /* 8.2.1 is for packed only */
    assert_int_equal(judge(&recipe, false), LK_REASON_NONE);
    recipe = good, recipe.aaguid = aaguid; /* would be a claim that nothing signed */
    assert_int_equal(judge(&recipe, false), LK_REASON_ATTESTATION);
    recipe = good, recipe.two_certificates = true;
    assert_int_equal(judge(&recipe, false), LK_REASON_ATTESTATION);
    recipe = good, recipe.with_certificate = false;
    assert_int_equal(judge(&recipe, false), LK_REASON_ATTESTATION);
    recipe = good, recipe.with_algorithm = true;
    assert_int_equal(judge(&recipe, false), LK_REASON_ATTESTATION);
    recipe = good, recipe.u2f_data = false;
    assert_int_equal(judge(&recipe, false), LK_REASON_ATTESTATION);
    recipe = good, recipe.signer = &batch_rsa;
    assert_int_equal(judge(&recipe, false), LK_REASON_ATTESTATION);
    recipe = good, recipe.key = &credential_ed, recipe.u2f_data = false;
    assert_int_equal(judge(&recipe, false), LK_REASON_ATTESTATION);
}

static void other_formats(void **state)
{
    static const char *const unknown[] = {"tpm", "android-key", "apple", "Packed", "", "packed2"};
    struct recipe recipe = PACKED;
    struct lk_statement statement;
    struct made made;

    (void)state;
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        recipe.format = unknown[i];
        assert_int_equal(judge(&recipe, true), LK_REASON_ATTESTATION);
    }
    recipe.format = "none";
    assert_int_equal(judge(&recipe, true), LK_REASON_ATTESTATION); /* "none" with a statement */
    make(&made, &recipe);
    made.parts.statement = LK_VIEW((const uint8_t *)"\xa0", 1);
    made_encode(&made);
    assert_int_equal(judge_bytes(lk_buf_view(&made.object), true, &statement), LK_REASON_NONE);
    assert_int_equal(statement.proved.format, LK_FORMAT_NONE);
    made_free(&made);
}

static void authenticator_data_rules(void **state)
{
    static const struct {
        uint8_t flags;
        bool verification;
        enum lk_reason reason;
    } cases[] = {
        {0x41, false, LK_REASON_NONE},
        {0x45, false, LK_REASON_NONE},
        {0x41, true, LK_REASON_USER_VERIFICATION},
        {0x44, false, LK_REASON_USER_PRESENCE},
        {0x4d, true, LK_REASON_SYNCED},
        {0x5d, true, LK_REASON_SYNCED},
        {0x55, true, LK_REASON_ATTESTATION},
        {0x47, true, LK_REASON_ATTESTATION},
        {0x65, true, LK_REASON_ATTESTATION},
        {0x05, true, LK_REASON_ATTESTATION},
        {0xc5, true, LK_REASON_ATTESTATION},
    };
    struct recipe recipe = PACKED;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        recipe.flags = cases[i].flags;
        assert_int_equal(judge(&recipe, cases[i].verification), cases[i].reason);
    }
    recipe = PACKED, recipe.relying_party = "latchkey-operator:example";
    assert_int_equal(judge(&recipe, true), LK_REASON_RELYING_PARTY);
}

static void keys_without_use(void **state)
{
    struct test_key odd = credential;
    struct recipe recipe = PACKED;

    (void)state;
    recipe.key = &odd;
    odd.cose.bytes[76] ^= 1; /* off the curve */
    assert_int_equal(judge(&recipe, true), LK_REASON_KEY_UNSUPPORTED);
    odd = credential;
    odd.cose.bytes[4] = 0x27; /* EdDSA of an EC2 key */
    assert_int_equal(judge(&recipe, true), LK_REASON_KEY_UNSUPPORTED);
    odd = credential;
    odd.cose.bytes[6] = 0x02; /* P-384 */
    assert_int_equal(judge(&recipe, true), LK_REASON_KEY_UNSUPPORTED);
}

/* Every byte of each kind of object damaged: accepted only if the oracle agrees, and every cut refused. */
static void mutations(void **state)
{
    struct recipe recipes[3] = {PACKED, PACKED, PACKED};
    size_t accepted = 0;
    size_t judged = 0;

    (void)state;
    recipes[1].signer = NULL, recipes[1].with_certificate = false;
    recipes[2].format = "fido-u2f", recipes[2].with_algorithm = false,
    recipes[2].aaguid = zero_aaguid, recipes[2].u2f_data = true;
    for (size_t i = 0; i < 3; i++) {
        struct lk_statement statement;
        struct made made;

        make(&made, &recipes[i]);
        for (size_t len = 0; len < made.object.len; len++)
            assert_int_equal(judge_bytes(LK_VIEW(made.object.data, len), true, &statement),
                             LK_REASON_ATTESTATION);
        for (size_t at = 0; at < made.object.len; at++) {
            for (unsigned int bit = 0; bit < 8; bit++) {
                made.object.data[at] ^= (uint8_t)(1u << bit);
                accepted +=
                    judge_bytes(lk_buf_view(&made.object), true, &statement) == LK_REASON_NONE;
                judged++;
                made.object.data[at] ^= (uint8_t)(1u << bit);
            }
        }
        assert_int_equal(judge_bytes(lk_buf_view(&made.object), true, &statement), LK_REASON_NONE);
        made_free(&made);
    }
    assert_true(judged > 5000);
    /* U2F signs neither flags nor counter: those bits of it may change, and inside certificates bits that nothing reads */
    assert_true(accepted > 0 && accepted < judged / 2);
}

static void wrong_hash_lengths(void **state)
{
    struct recipe recipe = PACKED;
    const struct lk_attestation_rule rule = {.relying_party = RP};
    struct lk_statement statement;
    struct made made;

    (void)state;
    make(&made, &recipe);
    for (size_t len = 0; len < 32; len++) {
        const struct lk_attestation attestation = {.object = lk_buf_view(&made.object),
                                                   .client_data_hash = LK_VIEW(hash, len)};
        enum lk_reason reason = LK_REASON_NONE;

        assert_int_equal(lk_attestation_verify(crypto, &attestation, &rule, &statement, &reason),
                         0);
        assert_int_equal(reason, LK_REASON_ATTESTATION);
    }
    made_free(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_packed_fills_the_statement),
        cmocka_unit_test(packed_rules),
        cmocka_unit_test(self_rules),
        cmocka_unit_test(u2f_rules),
        cmocka_unit_test(other_formats),
        cmocka_unit_test(authenticator_data_rules),
        cmocka_unit_test(keys_without_use),
        cmocka_unit_test(mutations),
        cmocka_unit_test(wrong_hash_lengths),
    };

    return cmocka_run_group_tests_name("attestation", tests, start, stop);
}
