/* SPDX-License-Identifier: EUPL-1.2 */
/* Chains to pinned anchors, by OpenSSL's verifier with partial chains: an anchor need not be self-signed.
 *
 * Hostile input: the certificates of an attestation statement, bounded in size and number before they are parsed. The anchors are an administrator's file. */
#include "crypto/anchors.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/internal.h"

enum { CERTIFICATE_MAX = 8192 };

struct lk_anchors {
    X509_STORE *store;
    size_t count;
};

struct lk_anchors *lk_anchors_free(struct lk_anchors *anchors)
{
    if (anchors != NULL) {
        X509_STORE_free(anchors->store);
        free(anchors);
    }
    return NULL;
}

size_t lk_anchors_count(const struct lk_anchors *anchors)
{
    return anchors != NULL ? anchors->count : 0;
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

/* What stands behind the last certificate must be no beginning of another. */
static int anchors_read(struct lk_anchors *anchors, BIO *pem)
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
        error = certificate != NULL && cursor == data + len ? anchors_add(anchors, certificate)
                                                            : -LK_ERR_ENCODING;
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
    if (anchors != NULL)
        anchors->store = X509_STORE_new();
    if (anchors != NULL && anchors->store != NULL)
        bio = BIO_new_mem_buf(pem.len > 0 ? (const void *)pem.data : "", (int)pem.len);
    if (bio != NULL)
        error = anchors_read(anchors, bio);
    BIO_free(bio);
    if (error != 0) {
        lk_anchors_free(anchors);
        ERR_clear_error();
        return error;
    }
    *ret_anchors = anchors;
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

/* The verifier may have gone on behind the anchor: the first pinned certificate from the leaf on is what vouches. */
static X509 *chain_pinned(const struct lk_anchors *anchors, X509_STORE_CTX *context)
{
    STACK_OF(X509) *built = X509_STORE_CTX_get0_chain(context);
    STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(anchors->store);

    for (int i = 0; i < sk_X509_num(built); i++) {
        for (int j = 0; j < sk_X509_OBJECT_num(objects); j++) {
            const X509 *pinned = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, j));

            if (pinned != NULL && X509_cmp(pinned, sk_X509_value(built, i)) == 0)
                return sk_X509_value(built, i);
        }
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
    if (error == 0)
        error = chain_verify(crypto, anchors, chain, now, ret_anchor);
    sk_X509_pop_free(chain, X509_free);
    return error;
}
