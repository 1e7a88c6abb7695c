/* SPDX-License-Identifier: EUPL-1.2 */
/* Chains to pinned anchors, by OpenSSL's verifier with partial chains: an anchor need not be self-signed.
 *
 * Anchors of the field are leaves, intermediates, CA:FALSE, X.509 v1 or expired: what is pinned is
 * trusted as it is, so a complaint about the pinned certificate itself is passed over. Everything
 * below it is held to the rules.
 *
 * Hostile input: the certificates of an attestation statement, bounded in size and number before they are parsed. The anchors are an administrator's file. */
#include "crypto/anchors.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/internal.h"

enum {
    CERTIFICATE_MAX = 8192,
    /* OpenSSL's level 2 is 112 bits: RSA from 2048 on, no signature over SHA-1. */
    SECURITY_LEVEL = 2
};

/* Anchors run to 99991231235959Z, which 32 bits of seconds do not hold. */
_Static_assert(sizeof(time_t) == 8, "time_t of 64 bits");

struct lk_anchors {
    X509_STORE *store;
    STACK_OF(X509) * helpers;
    size_t count;
};

struct lk_anchors *lk_anchors_free(struct lk_anchors *anchors)
{
    if (anchors != NULL) {
        X509_STORE_free(anchors->store);
        sk_X509_pop_free(anchors->helpers, X509_free);
        free(anchors);
    }
    return NULL;
}

size_t lk_anchors_count(const struct lk_anchors *anchors)
{
    return anchors != NULL ? anchors->count : 0;
}

size_t lk_anchors_helper_count(const struct lk_anchors *anchors)
{
    return anchors != NULL ? (size_t)sk_X509_num(anchors->helpers) : 0;
}

/* A store passes over what it has already: then the count would lie. */
static int anchors_add(struct lk_anchors *anchors, X509 *certificate)
{
    STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(anchors->store);
    int before = sk_X509_OBJECT_num(objects);

    if (anchors->count == LK_ANCHORS_MAX)
        return -LK_ERR_TOO_BIG;
    if (X509_STORE_add_cert(anchors->store, certificate) != 1)
        return lk_openssl_error(-LK_ERR_NOMEM);
    if (sk_X509_OBJECT_num(X509_STORE_get0_objects(anchors->store)) == before)
        return -LK_ERR_ENCODING;
    anchors->count++;
    return 0;
}

static int helper_add(STACK_OF(X509) * helpers, X509 *certificate)
{
    if (sk_X509_num(helpers) == LK_ANCHORS_MAX)
        return -LK_ERR_TOO_BIG;
    for (int i = 0; i < sk_X509_num(helpers); i++) {
        if (X509_cmp(sk_X509_value(helpers, i), certificate) == 0)
            return -LK_ERR_ENCODING;
    }
    if (X509_up_ref(certificate) != 1)
        return lk_openssl_error(-LK_ERR_NOMEM);
    if (sk_X509_push(helpers, certificate) <= 0) {
        X509_free(certificate);
        return -LK_ERR_NOMEM;
    }
    return 0;
}

/* To the anchors, or to the helpers if those are given. What stands behind the last certificate must be no beginning of another. */
static int anchors_read(struct lk_anchors *anchors, STACK_OF(X509) * helpers, BIO *pem)
{
    for (;;) {
        char *name = NULL;
        char *header = NULL;
        unsigned char *data = NULL;
        const unsigned char *cursor;
        X509 *certificate;
        long len = 0;
        int error;

        if (PEM_read_bio(pem, &name, &header, &data, &len) != 1) {
            bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;

            ERR_clear_error();
            return ended ? 0 : -LK_ERR_ENCODING;
        }
        cursor = data;
        certificate = strcmp(name, "CERTIFICATE") == 0 && len <= CERTIFICATE_MAX
                          ? d2i_X509(NULL, &cursor, len)
                          : NULL;
        if (certificate == NULL || cursor != data + len)
            error = -LK_ERR_ENCODING;
        else
            error = helpers != NULL ? helper_add(helpers, certificate)
                                    : anchors_add(anchors, certificate);
        X509_free(certificate);
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_free(data);
        ERR_clear_error();
        if (error != 0)
            return error;
    }
}

int lk_anchors_parse(const struct lk_crypto *crypto, struct lk_view pem,
                     struct lk_anchors **ret_anchors)
{
    struct lk_anchors *anchors;
    BIO *bio = NULL;
    int error = -LK_ERR_NOMEM;

    (void)crypto;
    if (pem.len > LK_ANCHORS_FILE_MAX)
        return -LK_ERR_TOO_BIG;
    anchors = calloc(1, sizeof(*anchors));
    if (anchors != NULL) {
        anchors->store = X509_STORE_new();
        anchors->helpers = sk_X509_new_null();
    }
    if (anchors != NULL && anchors->store != NULL && anchors->helpers != NULL)
        bio = BIO_new_mem_buf(pem.len > 0 ? (const void *)pem.data : "", (int)pem.len);
    if (bio != NULL)
        error = anchors_read(anchors, NULL, bio);
    BIO_free(bio);
    if (error != 0) {
        lk_anchors_free(anchors);
        ERR_clear_error();
        return error;
    }
    *ret_anchors = anchors;
    return 0;
}

int lk_anchors_help(const struct lk_crypto *crypto, struct lk_anchors *anchors, struct lk_view pem)
{
    STACK_OF(X509) *helpers = NULL;
    BIO *bio;
    int error = -LK_ERR_NOMEM;

    (void)crypto;
    if (pem.len > LK_ANCHORS_FILE_MAX)
        return -LK_ERR_TOO_BIG;
    bio = BIO_new_mem_buf(pem.len > 0 ? (const void *)pem.data : "", (int)pem.len);
    if (bio != NULL)
        helpers = X509_chain_up_ref(anchors->helpers);
    if (helpers != NULL)
        error = anchors_read(NULL, helpers, bio);
    BIO_free(bio);
    if (error != 0) {
        sk_X509_pop_free(helpers, X509_free);
        ERR_clear_error();
        return error;
    }
    sk_X509_pop_free(anchors->helpers, X509_free);
    anchors->helpers = helpers;
    return 0;
}

static int chain_parse(const struct lk_view *certificates, size_t count, STACK_OF(X509) * chain)
{
    for (size_t i = 0; i < count; i++) {
        const unsigned char *cursor = certificates[i].data;
        X509 *certificate;

        if (certificates[i].len == 0 || certificates[i].len > CERTIFICATE_MAX)
            return -LK_ERR_TOO_BIG;
        certificate = d2i_X509(NULL, &cursor, (long)certificates[i].len);
        if (certificate == NULL || cursor != certificates[i].data + certificates[i].len) {
            X509_free(certificate);
            return lk_openssl_error(-LK_ERR_ENCODING);
        }
        if (sk_X509_push(chain, certificate) <= 0) {
            X509_free(certificate);
            return -LK_ERR_NOMEM;
        }
    }
    return 0;
}

static bool pinned_is(X509_STORE *store, const X509 *certificate)
{
    STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(store);

    for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
        const X509 *pinned = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));

        if (pinned != NULL && X509_cmp(pinned, certificate) == 0)
            return true;
    }
    return false;
}

/* What a pinned certificate says of its own time and of its right to issue is not asked. */
static int complaint_judge(int good, X509_STORE_CTX *context)
{
    const X509 *certificate = X509_STORE_CTX_get_current_cert(context);

    if (good == 1)
        return 1;
    switch (X509_STORE_CTX_get_error(context)) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_INVALID_CA:
        return certificate != NULL && pinned_is(X509_STORE_CTX_get0_store(context), certificate);
    default:
        return 0;
    }
}

/* The curves that are taken below an anchor; key sizes and digests are SECURITY_LEVEL's. */
static bool curve_taken(const X509 *certificate)
{
    const EVP_PKEY *pkey = X509_get0_pubkey(certificate);
    char group[32] = "";
    size_t len = 0;

    if (pkey == NULL)
        return false;
    if (!EVP_PKEY_is_a(pkey, "EC"))
        return EVP_PKEY_is_a(pkey, "RSA") || EVP_PKEY_is_a(pkey, "ED25519");
    return EVP_PKEY_get_group_name(pkey, group, sizeof(group), &len) == 1 &&
           (strcmp(group, "prime256v1") == 0 || strcmp(group, "secp384r1") == 0 ||
            strcmp(group, "secp521r1") == 0);
}

/* The verifier may have gone on behind the anchor: the first pinned certificate from the leaf on is what vouches. */
static X509 *chain_pinned(const struct lk_anchors *anchors, X509_STORE_CTX *context)
{
    STACK_OF(X509) *built = X509_STORE_CTX_get0_chain(context);

    for (int i = 0; i < sk_X509_num(built); i++) {
        X509 *certificate = sk_X509_value(built, i);

        if (pinned_is(anchors->store, certificate))
            return certificate;
        if (!curve_taken(certificate))
            return NULL;
    }
    return NULL;
}

static int chain_anchor(const struct lk_crypto *crypto, const struct lk_anchors *anchors,
                        X509_STORE_CTX *context, uint8_t ret_anchor[32])
{
    const X509 *anchor = chain_pinned(anchors, context);
    unsigned char *der = NULL;
    struct lk_view view;
    int len;
    int error;

    if (anchor == NULL)
        return -LK_ERR_NOT_FOUND;
    len = i2d_X509(anchor, &der);
    if (len <= 0)
        return lk_openssl_error(-LK_ERR_NOMEM);
    view = LK_VIEW(der, (size_t)len);
    error = lk_sha256(crypto, &view, 1, ret_anchor);
    OPENSSL_free(der);
    return error;
}

static int chain_verify(const struct lk_crypto *crypto, const struct lk_anchors *anchors,
                        STACK_OF(X509) * chain, int64_t now, uint8_t ret_anchor[32])
{
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    X509_VERIFY_PARAM *rules;
    int error = -LK_ERR_NOMEM;

    if (context != NULL &&
        X509_STORE_CTX_init(context, anchors->store, sk_X509_value(chain, 0), chain) == 1) {
        rules = X509_STORE_CTX_get0_param(context);
        X509_VERIFY_PARAM_set_time(rules, (time_t)now);
        X509_VERIFY_PARAM_set_depth(rules, LK_CHAIN_MAX);
        X509_VERIFY_PARAM_set_auth_level(rules, SECURITY_LEVEL);
        X509_STORE_CTX_set_verify_cb(context, complaint_judge);
        error = X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN) == 1 ? 0 : error;
    }
    if (error == 0)
        error = X509_verify_cert(context) == 1 ? chain_anchor(crypto, anchors, context, ret_anchor)
                                               : lk_openssl_error(-LK_ERR_NOT_FOUND);
    X509_STORE_CTX_free(context);
    ERR_clear_error();
    return error;
}

int lk_anchors_chain(const struct lk_crypto *crypto, const struct lk_anchors *anchors,
                     const struct lk_view *certificates, size_t count, int64_t now,
                     uint8_t ret_anchor[32])
{
    STACK_OF(X509) * chain;
    int error;

    if (anchors == NULL || anchors->count == 0 || count == 0)
        return -LK_ERR_NOT_FOUND;
    if (count > LK_CHAIN_MAX)
        return -LK_ERR_TOO_BIG;
    chain = sk_X509_new_null();
    if (chain == NULL)
        return -LK_ERR_NOMEM;
    error = chain_parse(certificates, count, chain);
    for (int i = 0; error == 0 && i < sk_X509_num(anchors->helpers); i++) {
        X509 *helper = sk_X509_value(anchors->helpers, i);

        if (X509_up_ref(helper) != 1) {
            error = lk_openssl_error(-LK_ERR_NOMEM);
        } else if (sk_X509_push(chain, helper) <= 0) {
            X509_free(helper);
            error = -LK_ERR_NOMEM;
        }
    }
    if (error == 0)
        error = chain_verify(crypto, anchors, chain, now, ret_anchor);
    sk_X509_pop_free(chain, X509_free);
    return error;
}
