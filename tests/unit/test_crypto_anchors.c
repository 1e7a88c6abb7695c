/* SPDX-License-Identifier: EUPL-1.2 */
/* Chains to pinned anchors: root, intermediate or leaf may be pinned; another root of the same name, a time outside, a broken or missing link lead nowhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "crypto/anchors.h"

#define NOW   INT64_C(1795392000)
#define YEARS INT64_C(31536000)

struct made {
    EVP_PKEY *pkey;
    X509 *x509;
    unsigned char *der;
    int len;
};

static struct lk_crypto *crypto;
static struct made root;
static struct made impostor; /* the root's name, another key */
static struct made middle;
static struct made leaf;

static void extension(X509 *x509, int nid, const char *value)
{
    X509_EXTENSION *made = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    assert_non_null(made);
    assert_int_equal(X509_add_ext(x509, made, -1), 1);
    X509_EXTENSION_free(made);
}

/* curve NULL: P-256; basic NULL: no basic constraints; version: X509_VERSION_1 or _3; until: of ASN1_TIME_set_string_X509. */
struct what {
    const char *curve, *basic, *until;
    long version;
    bool sha1;
};
#define AUTHORITY                                                                                  \
    ((struct what){                                                                                \
        .basic = "critical,CA:TRUE", .until = "20300101000000Z", .version = X509_VERSION_3})
#define LEAF                                                                                       \
    ((struct what){.basic = "CA:FALSE", .until = "20300101000000Z", .version = X509_VERSION_3})

static struct made make_as(const char *name, const struct made *issuer, struct what what)
{
    struct made made = {.pkey = EVP_EC_gen(what.curve != NULL ? what.curve : "P-256"),
                        .x509 = X509_new()};
    X509_NAME *subject = X509_get_subject_name(made.x509);

    assert_non_null(made.pkey);
    assert_int_equal(X509_set_version(made.x509, what.version), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(made.x509), (long)strlen(name)), 1);
    assert_int_equal(ASN1_TIME_set_string_X509(X509_getm_notBefore(made.x509), "20200101000000Z"),
                     1);
    assert_int_equal(ASN1_TIME_set_string_X509(X509_getm_notAfter(made.x509), what.until), 1);
    assert_int_equal(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                                (const unsigned char *)name, -1, -1, 0),
                     1);
    assert_int_equal(X509_set_issuer_name(
                         made.x509, issuer != NULL ? X509_get_subject_name(issuer->x509) : subject),
                     1);
    assert_int_equal(X509_set_pubkey(made.x509, made.pkey), 1);
    if (what.basic != NULL)
        extension(made.x509, NID_basic_constraints, what.basic);
    assert_true(X509_sign(made.x509, issuer != NULL ? issuer->pkey : made.pkey,
                          what.sha1 ? EVP_sha1() : EVP_sha256()) > 0);
    made.len = i2d_X509(made.x509, &made.der);
    assert_true(made.len > 0);
    return made;
}

static struct made make(const char *name, const struct made *issuer, bool authority, int64_t until)
{
    struct made made = {.pkey = EVP_EC_gen("P-256"), .x509 = X509_new()};
    X509_NAME *subject;

    assert_non_null(made.pkey);
    assert_int_equal(X509_set_version(made.x509, X509_VERSION_3), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(made.x509), (long)strlen(name)), 1);
    assert_non_null(ASN1_TIME_set(X509_getm_notBefore(made.x509), (time_t)(NOW - YEARS)));
    assert_non_null(ASN1_TIME_set(X509_getm_notAfter(made.x509), (time_t)until));
    subject = X509_get_subject_name(made.x509);
    assert_int_equal(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                                (const unsigned char *)name, -1, -1, 0),
                     1);
    assert_int_equal(X509_set_issuer_name(
                         made.x509, issuer != NULL ? X509_get_subject_name(issuer->x509) : subject),
                     1);
    assert_int_equal(X509_set_pubkey(made.x509, made.pkey), 1);
    extension(made.x509, NID_basic_constraints, authority ? "critical,CA:TRUE" : "CA:FALSE");
    assert_true(X509_sign(made.x509, issuer != NULL ? issuer->pkey : made.pkey, EVP_sha256()) > 0);
    made.len = i2d_X509(made.x509, &made.der);
    assert_true(made.len > 0);
    return made;
}

static void drop(struct made *made)
{
    EVP_PKEY_free(made->pkey);
    X509_free(made->x509);
    OPENSSL_free(made->der);
}

static int set_up(void **state)
{
    (void)state;
    root = make("Root", NULL, true, NOW + YEARS);
    impostor = make("Root", NULL, true, NOW + YEARS);
    middle = make("Middle", &root, true, NOW + YEARS);
    leaf = make("Leaf", &middle, false, NOW + YEARS);
    return lk_crypto_start(&crypto);
}

static int tear_down(void **state)
{
    (void)state;
    drop(&root);
    drop(&impostor);
    drop(&middle);
    drop(&leaf);
    crypto = lk_crypto_free(crypto);
    return 0;
}

static struct lk_view view(const struct made *made)
{
    return LK_VIEW(made->der, (size_t)made->len);
}

static int parse(const struct made *const *certificates, size_t count, const char *more,
                 struct lk_anchors **ret_anchors)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data;
    long len;
    int error;

    for (size_t i = 0; i < count; i++)
        assert_int_equal(PEM_write_bio_X509(bio, certificates[i]->x509), 1);
    assert_true(BIO_puts(bio, more) >= 0);
    len = BIO_get_mem_data(bio, &data);
    error = lk_anchors_parse(crypto, LK_VIEW((const uint8_t *)data, (size_t)len), ret_anchors);
    BIO_free(bio);
    return error;
}

/* The chain leaf, middle against one pinned certificate. */
static int chain_at(const struct made *pinned, int64_t now, uint8_t ret_anchor[32])
{
    const struct lk_view chain[] = {view(&leaf), view(&middle)};
    struct lk_anchors *anchors = NULL;
    int error;

    assert_int_equal(parse(&pinned, 1, "", &anchors), 0);
    error = lk_anchors_chain(crypto, anchors, chain, 2, now, ret_anchor);
    lk_anchors_free(anchors);
    return error;
}

static void test_anchors(void **state)
{
    const struct made *const pinned[] = {&root, &middle, &leaf};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const struct lk_view der = view(pinned[i]);
        uint8_t anchor[32];
        uint8_t expected[32];

        assert_int_equal(chain_at(pinned[i], NOW, anchor), 0);
        assert_int_equal(lk_sha256(crypto, &der, 1, expected), 0);
        assert_memory_equal(anchor, expected, 32);
    }
}

static void test_refusals(void **state)
{
    const struct made *const pinned = &root;
    const struct lk_view alone[] = {view(&leaf)};
    const struct lk_view wrong_way[] = {view(&middle), view(&leaf)};
    uint8_t cut[2048];
    struct lk_view broken[] = {view(&leaf), {0}};
    struct lk_view many[LK_CHAIN_MAX + 1];
    struct lk_anchors *anchors = NULL;
    uint8_t anchor[32];

    (void)state;
    assert_int_equal(chain_at(&impostor, NOW, anchor), -LK_ERR_NOT_FOUND);
    assert_int_equal(chain_at(&root, NOW + 2 * YEARS, anchor), -LK_ERR_NOT_FOUND);
    assert_int_equal(chain_at(&root, NOW - 2 * YEARS, anchor), -LK_ERR_NOT_FOUND);
    assert_int_equal(parse(&pinned, 1, "", &anchors), 0);
    /* The link between is missing; the first certificate is what is vouched for, whatever follows. */
    assert_int_equal(lk_anchors_chain(crypto, anchors, alone, 1, NOW, anchor), -LK_ERR_NOT_FOUND);
    assert_int_equal(lk_anchors_chain(crypto, anchors, wrong_way, 2, NOW, anchor), 0);
    assert_int_equal(lk_anchors_chain(crypto, anchors, alone, 0, NOW, anchor), -LK_ERR_NOT_FOUND);
    assert_int_equal(lk_anchors_chain(crypto, NULL, alone, 1, NOW, anchor), -LK_ERR_NOT_FOUND);
    /* A flipped bit in the signature, a cut, an empty one, too many. */
    memcpy(cut, middle.der, (size_t)middle.len);
    cut[middle.len - 1] ^= 1;
    broken[1] = LK_VIEW(cut, (size_t)middle.len);
    assert_int_not_equal(lk_anchors_chain(crypto, anchors, broken, 2, NOW, anchor), 0);
    broken[1].len--;
    assert_int_equal(lk_anchors_chain(crypto, anchors, broken, 2, NOW, anchor), -LK_ERR_ENCODING);
    broken[1].len = 0;
    assert_int_equal(lk_anchors_chain(crypto, anchors, broken, 2, NOW, anchor), -LK_ERR_TOO_BIG);
    for (size_t i = 0; i < LK_CHAIN_MAX + 1; i++)
        many[i] = view(&leaf);
    assert_int_equal(lk_anchors_chain(crypto, anchors, many, LK_CHAIN_MAX + 1, NOW, anchor),
                     -LK_ERR_TOO_BIG);
    lk_anchors_free(anchors);
}

static void test_file(void **state)
{
    const struct made *const twice[] = {&root, &root};
    const struct made *const both[] = {&root, &impostor};
    struct lk_anchors *anchors = NULL;

    (void)state;
    assert_int_equal(parse(NULL, 0, "", &anchors), 0);
    assert_int_equal(lk_anchors_count(anchors), 0);
    anchors = lk_anchors_free(anchors);
    assert_int_equal(lk_anchors_count(NULL), 0);
    assert_int_equal(parse(both, 2, "# a comment\n", &anchors), 0);
    assert_int_equal(lk_anchors_count(anchors), 2);
    anchors = lk_anchors_free(anchors);
    assert_int_equal(parse(twice, 2, "", &anchors), -LK_ERR_ENCODING);
    assert_int_equal(parse(both, 1, "-----BEGIN CERTIFICATE-----\nAAAA\n", &anchors),
                     -LK_ERR_ENCODING);
    assert_int_equal(
        parse(both, 1, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", &anchors),
        -LK_ERR_ENCODING);
    assert_int_equal(
        parse(both, 1, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", &anchors),
        -LK_ERR_ENCODING);
}

/* leaf, [middle,] root: the root pinned, the rest in x5c. With helper the middle is loaded by the organisation instead of carried by the key. */
static int chain_of(struct what root_what, struct what middle_what, struct what leaf_what,
                    bool helper)
{
    struct made top = make_as("Top", NULL, root_what);
    struct made between = make_as("Between 1", &top, middle_what);
    struct made second = make_as("Between two", &between, AUTHORITY);
    struct made end = make_as("End", &second, leaf_what);
    const struct lk_view chain[] = {view(&end), view(&second), view(&between)};
    const struct made *const pinned = &top;
    struct lk_anchors *anchors = NULL;
    const struct lk_view top_der = view(&top);
    uint8_t expected[32];
    uint8_t anchor[32];
    int error;

    assert_int_equal(parse(&pinned, 1, "", &anchors), 0);
    if (helper) {
        BIO *bio = BIO_new(BIO_s_mem());
        char *data;
        long len;

        assert_int_equal(PEM_write_bio_X509(bio, between.x509), 1);
        len = BIO_get_mem_data(bio, &data);
        /* Without it the chain is broken; twice it is refused and nothing changes. */
        assert_int_equal(lk_anchors_chain(crypto, anchors, chain, 2, NOW, anchor),
                         -LK_ERR_NOT_FOUND);
        assert_int_equal(
            lk_anchors_help(crypto, anchors, LK_VIEW((const uint8_t *)data, (size_t)len)), 0);
        assert_int_equal(
            lk_anchors_help(crypto, anchors, LK_VIEW((const uint8_t *)data, (size_t)len)),
            -LK_ERR_ENCODING);
        assert_int_equal(lk_anchors_helper_count(anchors), 1);
        assert_int_equal(lk_anchors_count(anchors), 1);
        BIO_free(bio);
    }
    error = lk_anchors_chain(crypto, anchors, chain, helper ? 2 : 3, NOW, anchor);
    if (error == 0) {
        assert_int_equal(lk_sha256(crypto, &top_der, 1, expected), 0);
        assert_memory_equal(anchor, expected, 32);
    }
    lk_anchors_free(anchors);
    drop(&top);
    drop(&between);
    drop(&second);
    drop(&end);
    return error;
}

/* Anchors as vendors have them. The same faults below the anchor lead nowhere. */
static void test_field(void **state)
{
    struct what odd = AUTHORITY;

    (void)state;
    assert_int_equal(chain_of(AUTHORITY, AUTHORITY, LEAF, false), 0);
    assert_int_equal(chain_of(AUTHORITY, AUTHORITY, LEAF, true), 0);
    odd.until = "20230101000000Z";
    assert_int_equal(chain_of(odd, AUTHORITY, LEAF, false), 0);
    assert_int_equal(chain_of(AUTHORITY, odd, LEAF, false), -LK_ERR_NOT_FOUND);
    assert_int_equal(chain_of(AUTHORITY, odd, LEAF, true), -LK_ERR_NOT_FOUND);
    odd = LEAF, odd.until = "20230101000000Z";
    assert_int_equal(chain_of(AUTHORITY, AUTHORITY, odd, false), -LK_ERR_NOT_FOUND);
    odd = AUTHORITY, odd.until = "99991231235959Z";
    assert_int_equal(chain_of(odd, odd, odd, false), 0);
    odd = AUTHORITY, odd.basic = "CA:FALSE";
    assert_int_equal(chain_of(odd, AUTHORITY, LEAF, false), 0);
    assert_int_equal(chain_of(AUTHORITY, odd, LEAF, false), -LK_ERR_NOT_FOUND);
    odd.basic = NULL;
    assert_int_equal(chain_of(odd, AUTHORITY, LEAF, false), 0);
    assert_int_equal(chain_of(AUTHORITY, odd, LEAF, false), -LK_ERR_NOT_FOUND);
    odd.version = X509_VERSION_1;
    assert_int_equal(chain_of(odd, AUTHORITY, LEAF, false), 0);
    assert_int_equal(chain_of(AUTHORITY, odd, LEAF, false), -LK_ERR_NOT_FOUND);
    odd = AUTHORITY, odd.sha1 = true;
    assert_int_equal(chain_of(odd, AUTHORITY, LEAF, false), 0);
    assert_int_equal(chain_of(AUTHORITY, odd, LEAF, false), -LK_ERR_NOT_FOUND);
    odd = AUTHORITY, odd.curve = "P-521";
    assert_int_equal(chain_of(odd, odd, LEAF, false), 0);
    odd.curve = "secp256k1";
    assert_int_equal(chain_of(AUTHORITY, odd, LEAF, false), -LK_ERR_NOT_FOUND);
    odd = AUTHORITY, odd.basic = "critical,CA:TRUE,pathlen:0";
    assert_int_equal(chain_of(AUTHORITY, odd, LEAF, false), -LK_ERR_NOT_FOUND);
}

/* A helper vouches for nothing, and a pinned leaf may be expired and of no authority. */
static void test_helper_and_leaf(void **state)
{
    struct what odd = LEAF;
    struct made end;
    struct made top = make_as("Top", NULL, AUTHORITY);
    const struct made *pinned = &root;
    struct lk_anchors *anchors = NULL;
    struct lk_view chain;
    uint8_t anchor[32];
    BIO *bio = BIO_new(BIO_s_mem());
    char *data;
    long len;

    (void)state;
    odd.until = "20230101000000Z";
    end = make_as("End", &top, odd);
    chain = view(&end);
    assert_int_equal(PEM_write_bio_X509(bio, top.x509), 1);
    len = BIO_get_mem_data(bio, &data);
    assert_int_equal(parse(&pinned, 1, "", &anchors), 0);
    assert_int_equal(lk_anchors_help(crypto, anchors, LK_VIEW((const uint8_t *)data, (size_t)len)),
                     0);
    assert_int_equal(lk_anchors_chain(crypto, anchors, &chain, 1, NOW - 6 * YEARS, anchor),
                     -LK_ERR_NOT_FOUND);
    anchors = lk_anchors_free(anchors);
    pinned = &end;
    assert_int_equal(parse(&pinned, 1, "", &anchors), 0);
    assert_int_equal(lk_anchors_chain(crypto, anchors, &chain, 1, NOW, anchor), 0);
    assert_int_equal(lk_anchors_helper_count(NULL), 0);
    lk_anchors_free(anchors);
    BIO_free(bio);
    drop(&end);
    drop(&top);
}

/* ---- by digest ---- */

static void digest_of(const struct made *made, uint8_t ret_digest[32])
{
    const struct lk_view der = view(made);

    assert_int_equal(lk_sha256(crypto, &der, 1, ret_digest), 0);
}

struct asked {
    enum lk_anchors_role root, middle;
    size_t count;
};

static enum lk_anchors_role role_of(void *context, const uint8_t digest[32])
{
    struct asked *asked = context;
    uint8_t of_root[32];
    uint8_t of_middle[32];

    asked->count++;
    digest_of(&root, of_root);
    digest_of(&middle, of_middle);
    if (memcmp(digest, of_root, 32) == 0)
        return asked->root;
    return memcmp(digest, of_middle, 32) == 0 ? asked->middle : LK_ANCHORS_PASS;
}

/* impostor, root, middle and root again in one file: each is what the table says of its digest. */
static void test_roles(void **state)
{
    static const struct {
        enum lk_anchors_role root, middle;
        size_t anchors, helpers;
        int whole, alone; /* leaf with middle, leaf by itself */
    } rows[] = {
        {LK_ANCHORS_TRUST, LK_ANCHORS_PASS, 1, 0, 0, -LK_ERR_NOT_FOUND},
        {LK_ANCHORS_TRUST, LK_ANCHORS_HELP, 1, 1, 0, 0},
        {LK_ANCHORS_PASS, LK_ANCHORS_TRUST, 1, 0, 0, 0},
        {LK_ANCHORS_HELP, LK_ANCHORS_HELP, 0, 2, -LK_ERR_NOT_FOUND, -LK_ERR_NOT_FOUND},
        {LK_ANCHORS_PASS, LK_ANCHORS_PASS, 0, 0, -LK_ERR_NOT_FOUND, -LK_ERR_NOT_FOUND},
    };
    const struct lk_view chain[] = {view(&leaf), view(&middle)};
    BIO *bio = BIO_new(BIO_s_mem());
    char *data;
    size_t len;

    (void)state;
    assert_int_equal(PEM_write_bio_X509(bio, impostor.x509), 1);
    for (int i = 0; i < 2; i++)
        assert_int_equal(PEM_write_bio_X509(bio, root.x509), 1);
    assert_int_equal(PEM_write_bio_X509(bio, middle.x509), 1);
    len = (size_t)BIO_get_mem_data(bio, &data);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct asked asked = {.root = rows[i].root, .middle = rows[i].middle};
        struct lk_anchors *anchors = NULL;
        uint8_t anchor[32];

        assert_int_equal(parse(NULL, 0, "", &anchors), 0);
        assert_int_equal(
            lk_anchors_add(crypto, anchors, LK_VIEW((const uint8_t *)data, len), role_of, &asked),
            0);
        assert_int_equal(asked.count, 4);
        assert_int_equal(lk_anchors_count(anchors), rows[i].anchors);
        assert_int_equal(lk_anchors_helper_count(anchors), rows[i].helpers);
        assert_int_equal(lk_anchors_chain(crypto, anchors, chain, 2, NOW, anchor), rows[i].whole);
        assert_int_equal(lk_anchors_chain(crypto, anchors, chain, 1, NOW, anchor), rows[i].alone);
        lk_anchors_free(anchors);
    }
    BIO_free(bio);
}

/* Of an anchor only the digest is known: it counts where the chain carries it, and no other certificate does. */
static void test_pins(void **state)
{
    const struct lk_view whole[] = {view(&leaf), view(&middle), view(&root)};
    struct lk_anchors *anchors = NULL;
    uint8_t digest[32];
    uint8_t anchor[32];

    (void)state;
    assert_int_equal(parse(NULL, 0, "", &anchors), 0);
    digest_of(&root, digest);
    assert_int_equal(lk_anchors_pin(anchors, digest), 0);
    assert_int_equal(lk_anchors_chain(crypto, anchors, whole, 2, NOW, anchor), -LK_ERR_NOT_FOUND);
    assert_int_equal(lk_anchors_chain(crypto, anchors, whole, 3, NOW, anchor), 0);
    assert_memory_equal(anchor, digest, 32);
    /* It was for that one chain. */
    assert_int_equal(lk_anchors_count(anchors), 0);
    assert_int_equal(lk_anchors_chain(crypto, anchors, whole, 2, NOW, anchor), -LK_ERR_NOT_FOUND);
    digest_of(&leaf, digest);
    assert_int_equal(lk_anchors_pin(anchors, digest), 0);
    assert_int_equal(lk_anchors_chain(crypto, anchors, whole, 1, NOW, anchor), 0);
    assert_memory_equal(anchor, digest, 32);
    anchors = lk_anchors_free(anchors);
    /* A pinned certificate that the chain carries without having to do with the leaf. */
    assert_int_equal(parse(NULL, 0, "", &anchors), 0);
    digest_of(&impostor, digest);
    assert_int_equal(lk_anchors_pin(anchors, digest), 0);
    {
        const struct lk_view odd[] = {view(&leaf), view(&middle), view(&impostor)};

        assert_int_equal(lk_anchors_chain(crypto, anchors, odd, 3, NOW, anchor), -LK_ERR_NOT_FOUND);
    }
    lk_anchors_free(anchors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_anchors),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_field),
        cmocka_unit_test(test_helper_and_leaf),
        cmocka_unit_test(test_roles),
        cmocka_unit_test(test_pins),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
