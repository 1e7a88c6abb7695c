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
    uint8_t (*pins)[32]; /* owned */
    size_t pin_count;
};

struct lk_anchors *lk_anchors_free(struct lk_anchors *anchors)
{
    if (anchors != NULL) {
        X509_STORE_free(anchors->store);
        sk_X509_pop_free(anchors->helpers, X509_free);
        free(anchors->pins);
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

/* What is done with each certificate of a file. */
struct reading {
    const struct lk_crypto *crypto;
    struct lk_anchors *anchors;
    STACK_OF(X509) * helpers;
    lk_anchors_ask *ask; /* NULL: all of them are anchors, or helpers if those are given */
    void *context;
};

static bool pinned_is(X509_STORE *store, const X509 *certificate);

static int certificate_digest(const struct lk_crypto *crypto, const X509 *certificate,
                              uint8_t ret_digest[32])
{
    unsigned char *der = NULL;
    int len = i2d_X509(certificate, &der);
    struct lk_view view;
    int error;

    if (len <= 0)
        return lk_openssl_error(-LK_ERR_NOMEM);
    view = LK_VIEW(der, (size_t)len);
    error = lk_sha256(crypto, &view, 1, ret_digest);
    OPENSSL_free(der);
    return error;
}

static int certificate_ask(const struct reading *reading, X509 *certificate)
{
    uint8_t digest[32];
    int error = certificate_digest(reading->crypto, certificate, digest);

    if (error != 0)
        return error;
    switch (reading->ask(reading->context, digest)) {
    case LK_ANCHORS_TRUST:
        if (pinned_is(reading->anchors->store, certificate))
            return 0;
        return anchors_add(reading->anchors, certificate);
    case LK_ANCHORS_HELP:
        error = helper_add(reading->anchors->helpers, certificate);
        return error == -LK_ERR_ENCODING ? 0 : error;
    case LK_ANCHORS_PASS:
        break;
    }
    return 0;
}

static int certificate_take(const struct reading *reading, X509 *certificate)
{
    if (reading->ask != NULL)
        return certificate_ask(reading, certificate);
    return reading->helpers != NULL ? helper_add(reading->helpers, certificate)
                                    : anchors_add(reading->anchors, certificate);
}

/* What stands behind the last certificate must be no beginning of another. */
static int anchors_read(const struct reading *reading, BIO *pem)
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
            error = certificate_take(reading, certificate);
        X509_free(certificate);
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_free(data);
        ERR_clear_error();
        if (error != 0)
            return error;
    }
}

static int pem_read(const struct reading *reading, struct lk_view pem)
{
    BIO *bio;
    int error;

    if (pem.len > LK_ANCHORS_FILE_MAX)
        return -LK_ERR_TOO_BIG;
    bio = BIO_new_mem_buf(pem.len > 0 ? (const void *)pem.data : "", (int)pem.len);
    error = bio != NULL ? anchors_read(reading, bio) : lk_openssl_error(-LK_ERR_NOMEM);
    BIO_free(bio);
    ERR_clear_error();
    return error;
}

int lk_anchors_parse(const struct lk_crypto *crypto, struct lk_view pem,
                     struct lk_anchors **ret_anchors)
{
    struct lk_anchors *anchors = calloc(1, sizeof(*anchors));
    struct reading reading = {.crypto = crypto, .anchors = anchors};
    int error = -LK_ERR_NOMEM;

    if (anchors != NULL) {
        anchors->store = X509_STORE_new();
        anchors->helpers = sk_X509_new_null();
    }
    if (anchors != NULL && anchors->store != NULL && anchors->helpers != NULL)
        error = pem_read(&reading, pem);
    if (error != 0) {
        lk_anchors_free(anchors);
        return error;
    }
    *ret_anchors = anchors;
    return 0;
}

int lk_anchors_help(const struct lk_crypto *crypto, struct lk_anchors *anchors, struct lk_view pem)
{
    STACK_OF(X509) *helpers = X509_chain_up_ref(anchors->helpers);
    struct reading reading = {.crypto = crypto, .helpers = helpers};
    int error = helpers != NULL ? pem_read(&reading, pem) : lk_openssl_error(-LK_ERR_NOMEM);

    if (error != 0) {
        sk_X509_pop_free(helpers, X509_free);
        return error;
    }
    sk_X509_pop_free(anchors->helpers, X509_free);
    anchors->helpers = helpers;
    return 0;
}

int lk_anchors_add(const struct lk_crypto *crypto, struct lk_anchors *anchors, struct lk_view pem,
                   lk_anchors_ask *ask, void *context)
{
    struct reading reading = {.crypto = crypto, .anchors = anchors, .ask = ask, .context = context};

    return pem_read(&reading, pem);
}

int lk_anchors_pin(struct lk_anchors *anchors, const uint8_t digest[32])
{
    uint8_t(*pins)[32];

    if (anchors->pin_count == LK_ANCHORS_MAX)
        return -LK_ERR_TOO_BIG;
    pins = reallocarray(anchors->pins, anchors->pin_count + 1, sizeof(pins[0]));
    if (pins == NULL)
        return -LK_ERR_NOMEM;
    anchors->pins = pins;
    memcpy(pins[anchors->pin_count++], digest, sizeof(pins[0]));
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
static X509 *chain_pinned(X509_STORE *store, X509_STORE_CTX *context)
{
    STACK_OF(X509) *built = X509_STORE_CTX_get0_chain(context);

    for (int i = 0; i < sk_X509_num(built); i++) {
        X509 *certificate = sk_X509_value(built, i);

        if (pinned_is(store, certificate))
            return certificate;
        if (!curve_taken(certificate))
            return NULL;
    }
    return NULL;
}

static int chain_verify(const struct lk_crypto *crypto, X509_STORE *store, STACK_OF(X509) * chain,
                        int64_t now, uint8_t ret_anchor[32])
{
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    X509_VERIFY_PARAM *rules;
    const X509 *anchor;
    int error = -LK_ERR_NOMEM;

    if (context != NULL &&
        X509_STORE_CTX_init(context, store, sk_X509_value(chain, 0), chain) == 1) {
        rules = X509_STORE_CTX_get0_param(context);
        X509_VERIFY_PARAM_set_time(rules, (time_t)now);
        X509_VERIFY_PARAM_set_depth(rules, LK_CHAIN_MAX);
        X509_VERIFY_PARAM_set_auth_level(rules, SECURITY_LEVEL);
        X509_STORE_CTX_set_verify_cb(context, complaint_judge);
        error = X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN) == 1 ? 0 : error;
    }
    if (error == 0 && X509_verify_cert(context) != 1)
        error = lk_openssl_error(-LK_ERR_NOT_FOUND);
    if (error == 0) {
        anchor = chain_pinned(store, context);
        error = anchor != NULL ? certificate_digest(crypto, anchor, ret_anchor) : -LK_ERR_NOT_FOUND;
    }
    X509_STORE_CTX_free(context);
    ERR_clear_error();
    return error;
}

/* ---- certificates that are pinned by their digest alone ---- */

static int store_copy(X509_STORE *from, X509_STORE *to)
{
    STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(from);

    for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
        X509 *pinned = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));

        if (pinned != NULL && X509_STORE_add_cert(to, pinned) != 1)
            return lk_openssl_error(-LK_ERR_NOMEM);
    }
    return 0;
}

/* The store for this one chain: that of the anchors, or a copy with what the chain itself carries and is pinned. The shared one is never written to while it is used. */
static int store_for(const struct lk_crypto *crypto, const struct lk_anchors *anchors,
                     STACK_OF(X509) * chain, int sent, X509_STORE **ret_store)
{
    X509_STORE *store = NULL;
    int error = 0;

    for (int i = 0; i < sent && anchors->pin_count > 0 && error == 0; i++) {
        uint8_t digest[32];
        size_t pin = 0;

        error = certificate_digest(crypto, sk_X509_value(chain, i), digest);
        while (error == 0 && pin < anchors->pin_count &&
               !lk_bytes_equal(anchors->pins[pin], digest, sizeof(digest)))
            pin++;
        if (error != 0 || pin == anchors->pin_count)
            continue;
        if (store == NULL) {
            store = X509_STORE_new();
            error = store != NULL ? store_copy(anchors->store, store) : -LK_ERR_NOMEM;
        }
        if (error == 0 && X509_STORE_add_cert(store, sk_X509_value(chain, i)) != 1)
            error = lk_openssl_error(-LK_ERR_NOMEM);
    }
    if (error == 0 && store == NULL) {
        if (X509_STORE_up_ref(anchors->store) == 1)
            store = anchors->store;
        else
            error = lk_openssl_error(-LK_ERR_NOMEM);
    }
    if (error != 0) {
        X509_STORE_free(store);
        return error;
    }
    *ret_store = store;
    return 0;
}

static int chain_helpers(const struct lk_anchors *anchors, STACK_OF(X509) * chain)
{
    for (int i = 0; i < sk_X509_num(anchors->helpers); i++) {
        X509 *helper = sk_X509_value(anchors->helpers, i);

        if (X509_up_ref(helper) != 1)
            return lk_openssl_error(-LK_ERR_NOMEM);
        if (sk_X509_push(chain, helper) <= 0) {
            X509_free(helper);
            return -LK_ERR_NOMEM;
        }
    }
    return 0;
}

int lk_anchors_chain(const struct lk_crypto *crypto, const struct lk_anchors *anchors,
                     const struct lk_view *certificates, size_t count, int64_t now,
                     uint8_t ret_anchor[32])
{
    STACK_OF(X509) * chain;
    X509_STORE *store = NULL;
    int error;

    if (anchors == NULL || (anchors->count == 0 && anchors->pin_count == 0) || count == 0)
        return -LK_ERR_NOT_FOUND;
    if (count > LK_CHAIN_MAX)
        return -LK_ERR_TOO_BIG;
    chain = sk_X509_new_null();
    if (chain == NULL)
        return -LK_ERR_NOMEM;
    error = chain_parse(certificates, count, chain);
    if (error == 0)
        error = store_for(crypto, anchors, chain, (int)count, &store);
    if (error == 0)
        error = chain_helpers(anchors, chain);
    if (error == 0)
        error = chain_verify(crypto, store, chain, now, ret_anchor);
    X509_STORE_free(store);
    sk_X509_pop_free(chain, X509_free);
    return error;
}
