/* SPDX-License-Identifier: EUPL-1.2 */
/* Corpus of attestation statements, good and bad, each with its exact verdict: reason, anchor,
 * facts. Made at run time with OpenSSL; libfido2 must take whatever is taken here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fido.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "test_key.h"
#include "verify/verify.h"

#define RP       "latchkey-host:example"
#define NOW      INT64_C(1795392000)
#define YEAR     INT64_C(31536000)
#define FIRMWARE "1.3.6.1.4.1.41482.13.1"
#define SERIAL   "1.3.6.1.4.1.45724.1.1.2"
#define AAGUID   "1.3.6.1.4.1.45724.1.1.4"
#define OTHER    "1.3.6.1.4.1.99999.1"

enum kind { PACKED, SELF, U2F };
enum signer { ES256, RSA1024, P384, IMPOSTOR_CREDENTIAL };
enum damage {
    NO_DAMAGE,
    SIGNATURE,      /* its last bit */
    AAGUID_CHANGED, /* in authData, after the signature */
    NOT_MINIMAL,
    TRAILING,
    DUPLICATE,
    OTHER_HASH,
    EMPTY_X5C,
    CUT
};

struct row {
    const char *name;
    enum kind kind;
    enum lk_reason reason;
    bool anchor;
    const char *firmware, *serial; /* proved; NULL = "" */
    enum damage damage;
    enum signer signer;
    int64_t algorithm; /* 0: the right one; 1: none */
    bool impostor;     /* the issuer has the name of the root and another key */
    bool no_x5c, two, sha1, critical, repeated;
    int64_t from, until; /* 0: good ones */
    const char *oid;     /* an extension of the leaf */
    const char *value;
    size_t value_len, padding;
    uint8_t flags; /* 0: 0x45 */
    const char *relying_party;
};

#define VALUE(bytes) .value = (bytes), .value_len = sizeof(bytes) - 1
#define BAD          .reason = LK_REASON_ATTESTATION
/* It holds, and nobody vouches for it. */
#define ALONE .reason = LK_REASON_NONE, .anchor = false
#define GOOD  .reason = LK_REASON_NONE, .anchor = true

#define WITH_CERTIFICATE(of)                                                                       \
    {"good", of, GOOD}, {"firmware", of, GOOD, "5.7.4", .oid = FIRMWARE, VALUE("\x04\3\5\7\4")},   \
        {"serial", of, GOOD, NULL, "012b12f9", .oid = SERIAL, VALUE("\x04\4\x01\x2b\x12\xf9")},    \
        {"wrong chain", of, ALONE, .impostor = true},                                              \
        {"wrong chain proves no firmware",                                                         \
         of,                                                                                       \
         ALONE,                                                                                    \
         .impostor = true,                                                                         \
         .oid = FIRMWARE,                                                                          \
         VALUE("\x04\3\5\7\4")},                                                                   \
        {"expired leaf under pinned anchor", of, ALONE, .until = NOW - 1},                         \
        {"future date", of, ALONE, .from = NOW + 3600}, {"SHA-1", of, ALONE, .sha1 = true},        \
        {"wrong signature", of, BAD, .damage = SIGNATURE},                                         \
        {"other client data", of, BAD, .damage = OTHER_HASH},                                      \
        {"not minimal", of, BAD, .damage = NOT_MINIMAL},                                           \
        {"trailing byte", of, BAD, .damage = TRAILING},                                            \
        {"duplicate key", of, BAD, .damage = DUPLICATE}, {"cut", of, BAD, .damage = CUT},          \
        {"wrong algorithm", of, BAD, .algorithm = -8}, {"missing x5c", of, BAD, .no_x5c = true},   \
        {"huge certificate", of, BAD, .padding = 8300}, {"weak key", of, BAD, .signer = RSA1024},  \
        {"other curve", of, BAD, .signer = P384},                                                  \
        {"critical unknown extension", of, BAD, .oid = OTHER, VALUE("\x04\1x"), .critical = true}, \
        {"unknown extension", of, GOOD, .oid = OTHER, VALUE("\x04\1x")},                           \
        {"firmware of two bytes", of, BAD, .oid = FIRMWARE, VALUE("\x04\2\5\7")},                  \
        {"firmware of another type", of, BAD, .oid = FIRMWARE, VALUE("\x03\3\5\7\4")},             \
        {"firmware without octets", of, BAD, .oid = FIRMWARE, VALUE("\5\7\4")},                    \
        {"firmware critical", of, BAD, .oid = FIRMWARE, VALUE("\x04\3\5\7\4"), .critical = true},  \
        {"firmware twice", of, BAD, .oid = FIRMWARE, VALUE("\x04\3\5\7\4"), .repeated = true},     \
        {"serial empty", of, BAD, .oid = SERIAL, VALUE("\x04\0")},                                 \
        {"serial twice", of, BAD, .oid = SERIAL, VALUE("\x04\1\1"), .repeated = true},             \
    {                                                                                              \
        "serial critical", of, BAD, .oid = SERIAL, VALUE("\x04\1\1"), .critical = true             \
    }

static const struct row rows[] = {
    WITH_CERTIFICATE(PACKED),
    WITH_CERTIFICATE(U2F),
    {"AAGUID mismatch", PACKED, BAD, .oid = AAGUID, VALUE("\x04\x10................")},
    {"AAGUID changed", PACKED, BAD, .damage = AAGUID_CHANGED},
    {"no algorithm", PACKED, BAD, .algorithm = 1},
    {"AAGUID in U2F", U2F, BAD, .damage = AAGUID_CHANGED},
    {"two certificates", U2F, BAD, .two = true},
    {"good", SELF, ALONE},
    {"wrong signature", SELF, BAD, .damage = SIGNATURE},
    {"other client data", SELF, BAD, .damage = OTHER_HASH},
    {"AAGUID changed", SELF, BAD, .damage = AAGUID_CHANGED},
    {"not minimal", SELF, BAD, .damage = NOT_MINIMAL},
    {"trailing byte", SELF, BAD, .damage = TRAILING},
    {"duplicate key", SELF, BAD, .damage = DUPLICATE},
    {"cut", SELF, BAD, .damage = CUT},
    {"wrong algorithm", SELF, BAD, .algorithm = -8},
    {"RS256 said of ES256", SELF, BAD, .algorithm = -257},
    {"no algorithm", SELF, BAD, .algorithm = 1},
    {"signed by another", SELF, BAD, .signer = IMPOSTOR_CREDENTIAL},
    {"empty x5c", SELF, BAD, .damage = EMPTY_X5C},
    {"other relying party", SELF, .reason = LK_REASON_RELYING_PARTY, .relying_party = "example"},
    {"not present", SELF, .reason = LK_REASON_USER_PRESENCE, .flags = 0x44},
    {"synced", SELF, .reason = LK_REASON_SYNCED, .flags = 0x4d},
};

static struct lk_crypto *crypto;
static struct lk_anchors *anchors;
static struct test_key credential, batch, issuers[2];
static EVP_PKEY *weak[3];
static X509 *roots[2];
static uint8_t hash[32];

static X509 *certificate_begin(EVP_PKEY *pkey, const char *name, int64_t from, int64_t until)
{
    static const char *const fields[][2] = {
        {"C", "FR"}, {"O", "Test"}, {"OU", "Authenticator Attestation"}};
    X509 *x509 = X509_new();
    X509_NAME *subject = X509_get_subject_name(x509);

    assert_int_equal(X509_set_version(x509, X509_VERSION_3), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x509), 1), 1);
    assert_non_null(ASN1_TIME_set(X509_getm_notBefore(x509), (time_t)from));
    assert_non_null(ASN1_TIME_set(X509_getm_notAfter(x509), (time_t)until));
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(X509_NAME_add_entry_by_txt(subject, fields[i][0], MBSTRING_ASC,
                                                    (const uint8_t *)fields[i][1], -1, -1, 0),
                         1);
    assert_int_equal(
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const uint8_t *)name, -1, -1, 0),
        1);
    assert_int_equal(X509_set_pubkey(x509, pkey), 1);
    return x509;
}

static void extension(X509 *x509, const char *oid, const char *value, size_t len, bool critical)
{
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
    X509_EXTENSION *made;

    assert_int_equal(ASN1_OCTET_STRING_set(octets, (const uint8_t *)value, (int)len), 1);
    made = X509_EXTENSION_create_by_OBJ(NULL, object, critical, octets);
    assert_int_equal(X509_add_ext(x509, made, -1), 1);
    X509_EXTENSION_free(made);
    ASN1_OCTET_STRING_free(octets);
    ASN1_OBJECT_free(object);
}

static void basic(X509 *x509, const char *value)
{
    X509_EXTENSION *made = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, value);

    assert_int_equal(X509_add_ext(x509, made, -1), 1);
    X509_EXTENSION_free(made);
}

static int start(void **state)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *pem;
    long len;

    (void)state;
    fido_init(0);
    test_key_make(&credential, -7);
    test_key_make(&batch, -7);
    test_sha256("clientDataJSON", 14, hash);
    weak[RSA1024] = EVP_RSA_gen(1024);
    weak[P384] = EVP_EC_gen("P-384");
    for (size_t i = 0; i < 2; i++) {
        test_key_make(&issuers[i], -7);
        roots[i] = certificate_begin(issuers[i].pkey, "Root", NOW - YEAR, NOW + YEAR);
        assert_int_equal(X509_set_issuer_name(roots[i], X509_get_subject_name(roots[i])), 1);
        basic(roots[i], "critical,CA:TRUE");
        assert_true(X509_sign(roots[i], issuers[i].pkey, EVP_sha256()) > 0);
    }
    assert_int_equal(PEM_write_bio_X509(bio, roots[0]), 1);
    len = BIO_get_mem_data(bio, &pem);
    assert_int_equal(lk_crypto_start(&crypto), 0);
    assert_int_equal(lk_anchors_parse(crypto, LK_VIEW((const uint8_t *)pem, (size_t)len), &anchors),
                     0);
    BIO_free(bio);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    test_key_free(&credential);
    test_key_free(&batch);
    EVP_PKEY_free(weak[RSA1024]);
    EVP_PKEY_free(weak[P384]);
    for (size_t i = 0; i < 2; i++) {
        test_key_free(&issuers[i]);
        X509_free(roots[i]);
    }
    anchors = lk_anchors_free(anchors);
    crypto = lk_crypto_free(crypto);
    return 0;
}

static struct test_key signer_of(const struct row *row)
{
    struct test_key key = row->kind == SELF ? credential : batch;

    if (row->signer == IMPOSTOR_CREDENTIAL) {
        key = batch;
    } else if (row->signer != ES256) {
        key.pkey = weak[row->signer];
        key.algorithm = row->signer == RSA1024 ? -257 : -7;
    }
    return key;
}

static void leaf_make(const struct row *row, const struct test_key *key, struct lk_buf *ret_der)
{
    X509 *x509 = certificate_begin(key->pkey, "Test Key", row->from != 0 ? row->from : NOW - YEAR,
                                   row->until != 0 ? row->until : NOW + YEAR);
    char *padding = calloc(1, row->padding + 1);
    uint8_t *der = NULL;
    int len;

    assert_int_equal(X509_set_issuer_name(x509, X509_get_subject_name(roots[0])), 1);
    basic(x509, "CA:FALSE");
    for (int i = 0; row->oid != NULL && i < (row->repeated ? 2 : 1); i++)
        extension(x509, row->oid, row->value, row->value_len, row->critical);
    if (row->padding > 0)
        extension(x509, OTHER, padding, row->padding, false);
    assert_true(X509_sign(x509, issuers[row->impostor ? 1 : 0].pkey,
                          row->sha1 ? EVP_sha1() : EVP_sha256()) > 0);
    len = i2d_X509(x509, &der);
    assert_true(len > 0);
    lk_buf_put_bytes(ret_der, der, (size_t)len);
    OPENSSL_free(der);
    X509_free(x509);
    free(padding);
}

static void sign(const struct row *row, const struct test_key *key, struct lk_view bytes,
                 struct lk_buf *ret_signature)
{
    struct lk_authenticator_data data;
    struct lk_cose_key cose;

    assert_int_equal(lk_cose_key_decode(LK_VIEW(credential.cose.bytes, credential.cose.len), &cose),
                     0);
    if (row->kind == U2F) {
        assert_int_equal(lk_authenticator_data_decode(bytes, &data), 0);
        const struct lk_view parts[] = {LK_VIEW((const uint8_t *)"\0", 1),
                                        LK_VIEW(data.rp_id_hash, 32),
                                        LK_VIEW(hash, 32),
                                        data.credential_id,
                                        LK_VIEW((const uint8_t *)"\x04", 1),
                                        LK_VIEW(cose.x, 32),
                                        LK_VIEW(cose.y, 32)};

        test_sign(key, parts, 7, ret_signature);
    } else {
        const struct lk_view parts[] = {bytes, LK_VIEW(hash, 32)};

        test_sign(key, parts, 2, ret_signature);
    }
}

/* Damage to the encoded object. */
static void damage(const struct row *row, const struct lk_buf *object, struct lk_buf *ret_bytes)
{
    struct lk_view rest = LK_VIEW(object->data + 1, object->len - 1);
    size_t format = row->kind == U2F ? 8 : 6;

    if (row->damage == NOT_MINIMAL)
        lk_buf_put_bytes(ret_bytes, "\xb8\x03", 2);
    else
        lk_buf_put_bytes(ret_bytes, row->damage == DUPLICATE ? "\xa4" : "\xa3", 1);
    if (row->damage == DUPLICATE)
        lk_buf_put_bytes(ret_bytes, rest.data, 4 + format + 1);
    if (row->damage == CUT)
        rest.len--;
    lk_buf_put_view(ret_bytes, rest);
    if (row->damage == TRAILING)
        lk_buf_put_bytes(ret_bytes, "", 1);
}

static void object_make(const struct row *row, struct lk_buf *ret_bytes)
{
    static const uint8_t id[32] = {7};
    static const uint8_t aaguids[2][16] = {{0}, {1, 2, 3}};
    struct lk_attestation_object parts = {.has_algorithm = row->kind != U2F};
    struct test_key key = signer_of(row);
    struct lk_buf data, signature, certificate, object;

    lk_buf_init(&data, 2048);
    lk_buf_init(&signature, 512);
    lk_buf_init(&certificate, 16384);
    lk_buf_init(&object, LK_ATTESTATION_MAX);
    strcpy(parts.format, row->kind == U2F ? "fido-u2f" : "packed");
    parts.algorithm = row->algorithm != 0 ? row->algorithm : key.algorithm;
    parts.has_algorithm = row->algorithm != 1 && (parts.has_algorithm || row->algorithm != 0);
    test_authenticator_data(&data, row->relying_party != NULL ? row->relying_party : RP,
                            row->flags != 0 ? row->flags : 0x45, 0,
                            aaguids[row->kind == U2F ? 0 : 1], LK_VIEW(id, sizeof(id)),
                            &credential.cose);
    sign(row, &key, lk_buf_view(&data), &signature);
    if (row->damage == SIGNATURE)
        signature.data[signature.len - 1] ^= 1;
    if (row->damage == AAGUID_CHANGED)
        data.data[37] ^= 1;
    if (row->kind != SELF && !row->no_x5c) {
        leaf_make(row, &key, &certificate);
        parts.certificates[0] = parts.certificates[1] = lk_buf_view(&certificate);
        parts.certificate_count = row->two ? 2 : 1;
    }
    parts.signature = lk_buf_view(&signature);
    parts.authenticator_data = lk_buf_view(&data);
    if (row->damage == EMPTY_X5C) {
        lk_buf_put_bytes(&certificate, "\xa3\x63\x61lg\x26\x63sig\x58", 11);
        lk_buf_put_bytes(&certificate, &(uint8_t){(uint8_t)signature.len}, 1);
        lk_buf_put_view(&certificate, lk_buf_view(&signature));
        lk_buf_put_bytes(&certificate, "\x63x5c\x80", 5);
        parts.statement = lk_buf_view(&certificate);
    }
    assert_int_equal(lk_attestation_object_encode(&object, &parts), 0);
    damage(row, &object, ret_bytes);
    lk_buf_clear(&data);
    lk_buf_clear(&signature);
    lk_buf_clear(&certificate);
    lk_buf_clear(&object);
}

static bool oracle(const struct row *row, struct lk_view bytes)
{
    struct lk_attestation_object object;

    assert_int_equal(lk_attestation_object_decode(bytes, &object), 0);
    return oracle_attestation(RP, object.format, object.statement, object.authenticator_data, hash,
                              false, row->kind == SELF, -7);
}

static void judge(const struct row *row)
{
    struct lk_attestation_rule rule = {.relying_party = RP, .anchors = anchors, .now = NOW};
    struct lk_attestation attestation = {.client_data_hash = LK_VIEW(hash, 32)};
    enum lk_reason reason = LK_REASON_INTERNAL;
    struct lk_statement statement = {0};
    uint8_t other[32] = {0};
    struct lk_buf bytes;

    lk_buf_init(&bytes, 2 * LK_ATTESTATION_MAX);
    object_make(row, &bytes);
    attestation.object = lk_buf_view(&bytes);
    if (row->damage == OTHER_HASH)
        attestation.client_data_hash = LK_VIEW(other, 32);
    assert_int_equal(lk_attestation_verify(crypto, &attestation, &rule, &statement, &reason), 0);
    if (reason != row->reason || statement.proved.has_anchor != row->anchor)
        print_error("kind %d: %s: reason %d, anchor %d\n", (int)row->kind, row->name, (int)reason,
                    statement.proved.has_anchor);
    assert_int_equal(reason, row->reason);
    assert_int_equal(statement.proved.has_anchor, row->anchor);
    assert_string_equal(statement.proved.firmware, row->firmware != NULL ? row->firmware : "");
    assert_string_equal(statement.proved.serial, row->serial != NULL ? row->serial : "");
    if (reason == LK_REASON_NONE)
        assert_true(oracle(row, lk_buf_view(&bytes)));
    else if (row->damage == SIGNATURE)
        assert_false(oracle(row, lk_buf_view(&bytes)));
    lk_buf_clear(&bytes);
}

static void test_corpus(void **state)
{
    size_t bad[3] = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        judge(&rows[i]);
        bad[rows[i].kind] += rows[i].reason != LK_REASON_NONE;
    }
    for (size_t i = 0; i < 3; i++)
        assert_true(bad[i] >= 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_corpus),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
