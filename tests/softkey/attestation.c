/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Attestation statements (WebAuthn L3 section 8) and the test root they chain to. Root and batch
 * key are derived from the root seed, so that all keys of one model share a batch key, as real ones
 * do, and a test knows the root beforehand.
 */
#include "attestation.h"

#include <string.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "ctap.h"

#define LK_CERTIFICATE_MAX 1024

struct lk_certificate {
    uint8_t der[LK_CERTIFICATE_MAX];
    size_t length;
    uint8_t private_key[32];
};

struct lk_issuer {
    uint8_t private_key[32];
    EVP_PKEY *pkey;
    X509 *certificate; /* complete but for its signature */
};

static void lk_key_derive(const uint8_t root_seed[32], const char *purpose, const uint8_t *aaguid,
                          uint8_t ret_private[32])
{
    struct lk_part parts[] = {{purpose, strlen(purpose) + 1}, {aaguid, 16}};
    uint8_t material[32];

    lk_mac_make(root_seed, 32, parts, aaguid != NULL ? 2 : 1, material);
    lk_p256_private_make(material, ret_private);
}

static void lk_name_add(X509_NAME *name, const char *field, const char *value)
{
    lk_crypto_require(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                                 (const unsigned char *)value, -1, -1, 0) == 1,
                      "name");
}

static void lk_extension_add(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509_EXTENSION *extension;
    X509V3_CTX context;

    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    lk_crypto_require(extension != NULL && X509_add_ext(certificate, extension, -1) == 1,
                      "extension");
    X509_EXTENSION_free(extension);
}

/* id-fido-gen-ce-aaguid: an OCTET STRING in the extension's OCTET STRING, not critical (8.2.1). */
static void lk_aaguid_add(X509 *certificate, const uint8_t aaguid[16])
{
    uint8_t value[18] = {0x04, 16};
    ASN1_OBJECT *name = OBJ_txt2obj("1.3.6.1.4.1.45724.1.1.4", 1);
    ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
    X509_EXTENSION *extension;

    memcpy(value + 2, aaguid, 16);
    lk_crypto_require(name != NULL && octets != NULL &&
                          ASN1_OCTET_STRING_set(octets, value, sizeof(value)) == 1,
                      "AAGUID extension");
    extension = X509_EXTENSION_create_by_OBJ(NULL, name, 0, octets);
    lk_crypto_require(extension != NULL && X509_add_ext(certificate, extension, -1) == 1,
                      "AAGUID extension");
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(octets);
    ASN1_OBJECT_free(name);
}

static X509 *lk_certificate_begin(const char *unit, const char *name, EVP_PKEY *pkey, long serial)
{
    X509 *certificate = X509_new();
    X509_NAME *subject, *issuer = X509_NAME_new();

    lk_crypto_require(certificate != NULL && issuer != NULL, "certificate");
    lk_crypto_require(
        X509_set_version(certificate, X509_VERSION_3) == 1 &&
            ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial) == 1 &&
            ASN1_TIME_set_string_X509(X509_getm_notBefore(certificate), "20200101000000Z") == 1 &&
            ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate), "20491231235959Z") == 1 &&
            X509_set_pubkey(certificate, pkey) == 1,
        "certificate");
    lk_name_add(issuer, "C", "FR");
    lk_name_add(issuer, "O", "Latchkey test");
    lk_name_add(issuer, "CN", "Latchkey test root");
    lk_crypto_require(X509_set_issuer_name(certificate, issuer) == 1, "certificate");
    X509_NAME_free(issuer);
    subject = X509_get_subject_name(certificate);
    lk_name_add(subject, "C", "FR");
    lk_name_add(subject, "O", "Latchkey test");
    if (unit != NULL)
        lk_name_add(subject, "OU", unit);
    lk_name_add(subject, "CN", name);
    return certificate;
}

static void lk_der_wrap(struct lk_writer *writer, uint8_t tag, size_t length)
{
    const uint8_t head[] = {tag, 0x82, (uint8_t)(length >> 8), (uint8_t)length};

    /* Short bodies of this file fit one length byte, the outermost and nothing else needs two. */
    if (length >= 256) {
        lk_write_raw(writer, head, sizeof(head));
    } else {
        const uint8_t small[] = {tag, (uint8_t)length};

        lk_crypto_require(length < 128, "DER length");
        lk_write_raw(writer, small, sizeof(small));
    }
}

/* OpenSSL 3.0 has only random ECDSA nonces. So it signs once, which fixes the algorithm in the part
 * to be signed; then that part is signed again with the nonce of RFC 6979, and the whole put
 * together. */
static void lk_certificate_finish(X509 *certificate, const struct lk_issuer *issuer,
                                  struct lk_certificate *ret_certificate)
{
    static const uint8_t algorithm[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                        0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
    uint8_t *signed_part = NULL, digest[LK_DIGEST_SIZE], signature[LK_SIGNATURE_MAX];
    struct lk_writer writer;
    struct lk_part part;
    size_t size;
    int length;

    lk_crypto_require(X509_sign(certificate, issuer->pkey, EVP_sha256()) > 0, "certificate");
    length = i2d_re_X509_tbs(certificate, &signed_part);
    lk_crypto_require(length > 0, "certificate");
    part = (struct lk_part){signed_part, (size_t)length};
    lk_digest_make(&part, 1, digest);
    size = lk_p256_sign(issuer->private_key, digest, signature);
    lk_writer_init(&writer, ret_certificate->der, sizeof(ret_certificate->der));
    lk_der_wrap(&writer, 0x30, part.length + sizeof(algorithm) + 3 + size);
    lk_write_raw(&writer, signed_part, part.length);
    lk_write_raw(&writer, algorithm, sizeof(algorithm));
    lk_der_wrap(&writer, 0x03, size + 1);
    lk_write_raw(&writer, "", 1); /* no unused bits */
    lk_write_raw(&writer, signature, size);
    lk_crypto_require(!writer.failed, "certificate too long");
    ret_certificate->length = writer.length;
    OPENSSL_free(signed_part);
}

static void lk_issuer_open(const uint8_t root_seed[32], const char *purpose,
                           struct lk_issuer *ret_issuer)
{
    X509 *root;

    lk_key_derive(root_seed, purpose, NULL, ret_issuer->private_key);
    ret_issuer->pkey = lk_p256_pkey_make(ret_issuer->private_key);
    root = lk_certificate_begin(NULL, "Latchkey test root", ret_issuer->pkey, 1);
    lk_extension_add(root, root, NID_basic_constraints, "critical,CA:TRUE");
    lk_extension_add(root, root, NID_key_usage, "critical,keyCertSign");
    lk_extension_add(root, root, NID_subject_key_identifier, "hash");
    ret_issuer->certificate = root;
}

static void lk_issuer_close(struct lk_issuer *issuer)
{
    X509_free(issuer->certificate);
    EVP_PKEY_free(issuer->pkey);
}

bool lk_attestation_print_root(const uint8_t root_seed[32], FILE *output)
{
    struct lk_issuer issuer;
    struct lk_certificate root;
    const unsigned char *der = root.der;
    X509 *certificate;
    bool good;

    lk_issuer_open(root_seed, "root", &issuer);
    lk_certificate_finish(issuer.certificate, &issuer, &root);
    certificate = d2i_X509(NULL, &der, (long)root.length);
    lk_crypto_require(certificate != NULL, "root");
    good = PEM_write_X509(output, certificate) == 1;
    X509_free(certificate);
    lk_issuer_close(&issuer);
    return good;
}

static void lk_batch_certificate_make(const struct lk_softkey *key, bool with_aaguid,
                                      struct lk_certificate *ret_certificate)
{
    const uint8_t *root_seed = key->settings.root_seed;
    bool wrong = key->misbehaviour.on[LK_MISBEHAVE_WRONG_ATTESTATION];
    uint8_t aaguid[16];
    struct lk_issuer issuer;
    EVP_PKEY *pkey;
    X509 *certificate;

    memcpy(aaguid, key->settings.aaguid, sizeof(aaguid));
    lk_key_derive(root_seed, "batch", aaguid, ret_certificate->private_key);
    pkey = lk_p256_pkey_make(ret_certificate->private_key);
    /* A root of the same name and another key: only the signature tells. */
    lk_issuer_open(root_seed, wrong ? "another root" : "root", &issuer);
    if (key->misbehaviour.on[LK_MISBEHAVE_WRONG_AAGUID])
        aaguid[15] ^= 0xff;
    certificate =
        lk_certificate_begin("Authenticator Attestation", "Latchkey software key", pkey, 2);
    lk_extension_add(certificate, issuer.certificate, NID_basic_constraints, "critical,CA:FALSE");
    lk_extension_add(certificate, issuer.certificate, NID_subject_key_identifier, "hash");
    lk_extension_add(certificate, issuer.certificate, NID_authority_key_identifier, "keyid:always");
    if (with_aaguid)
        lk_aaguid_add(certificate, aaguid);
    lk_certificate_finish(certificate, &issuer, ret_certificate);
    X509_free(certificate);
    lk_issuer_close(&issuer);
    EVP_PKEY_free(pkey);
}

/* WebAuthn L3 section 8.6: what a U2F token signs. */
static size_t lk_u2f_sign(const struct lk_credential *credential, const uint8_t rp_id_hash[32],
                          const uint8_t client_data_hash[32], const uint8_t private_key[32],
                          uint8_t ret_signature[LK_SIGNATURE_MAX])
{
    static const uint8_t zero = 0x00, uncompressed = 0x04;
    uint8_t x[32], y[32], digest[LK_DIGEST_SIZE];
    struct lk_part parts[] = {
        {&zero, 1},
        {rp_id_hash, 32},
        {client_data_hash, 32},
        {credential->id, sizeof(credential->id)},
        {&uncompressed, 1},
        {x, 32},
        {y, 32},
    };

    lk_p256_public_make(credential->private_key, x, y);
    lk_digest_make(parts, sizeof(parts) / sizeof(parts[0]), digest);
    return lk_p256_sign(private_key, digest, ret_signature);
}

static size_t lk_packed_sign(const uint8_t private_key[32], const struct lk_auth_data *auth_data,
                             const uint8_t client_data_hash[32],
                             uint8_t ret_signature[LK_SIGNATURE_MAX])
{
    struct lk_part parts[] = {{auth_data->bytes, auth_data->length}, {client_data_hash, 32}};
    uint8_t digest[LK_DIGEST_SIZE];

    lk_digest_make(parts, 2, digest);
    return lk_p256_sign(private_key, digest, ret_signature);
}

static void lk_x5c_write(struct lk_writer *reply, const struct lk_certificate *certificate)
{
    lk_write_text(reply, "x5c");
    lk_write_array(reply, 1);
    lk_write_bytes(reply, certificate->der, certificate->length);
}

void lk_attestation_write(struct lk_softkey *key, const struct lk_credential *credential,
                          const struct lk_auth_data *auth_data, const uint8_t rp_id_hash[32],
                          const uint8_t client_data_hash[32], struct lk_writer *reply)
{
    static const char *const formats[] = {"packed", "packed", "fido-u2f", "none"};
    enum lk_attestation_kind kind = key->settings.attestation;
    uint8_t signature[LK_SIGNATURE_MAX];
    struct lk_certificate certificate;
    size_t length = 0;

    lk_write_map(reply, 3);
    lk_write_int(reply, 1);
    lk_write_text(reply, formats[kind]);
    lk_write_int(reply, 2);
    lk_write_bytes(reply, auth_data->bytes, auth_data->length);
    lk_write_int(reply, 3);
    if (kind == LK_ATTESTATION_NONE) {
        lk_write_map(reply, 0);
        return;
    }
    if (kind != LK_ATTESTATION_SELF)
        lk_batch_certificate_make(key, kind == LK_ATTESTATION_PACKED, &certificate);
    if (kind == LK_ATTESTATION_SELF)
        length = lk_credential_sign(credential, auth_data->bytes, auth_data->length,
                                    client_data_hash, signature);
    else if (kind == LK_ATTESTATION_PACKED)
        length = lk_packed_sign(certificate.private_key, auth_data, client_data_hash, signature);
    else
        length = lk_u2f_sign(credential, rp_id_hash, client_data_hash, certificate.private_key,
                             signature);
    if (key->misbehaviour.on[LK_MISBEHAVE_BAD_SIGNATURE])
        signature[length - 1] ^= 0x01;
    lk_write_map(reply, kind == LK_ATTESTATION_PACKED ? 3 : 2);
    if (kind != LK_ATTESTATION_U2F) {
        lk_write_text(reply, "alg");
        lk_write_int(reply, kind == LK_ATTESTATION_SELF ? credential->algorithm : LK_ALG_ES256);
    }
    lk_write_text(reply, "sig");
    lk_write_bytes(reply, signature, length);
    if (kind != LK_ATTESTATION_SELF)
        lk_x5c_write(reply, &certificate);
}
