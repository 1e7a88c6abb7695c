/* SPDX-License-Identifier: EUPL-1.2 */
/* Attestation certificates: parsing, their signature key, the requirements of WebAuthn section
 * 8.2.1. Chains and roots are not looked at here.
 *
 * Hostile input: the DER bytes, which come from a key or from whoever speaks for it. Size is
 * bounded before OpenSSL sees them; only the leaf's own fields are used. */
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/internal.h"

#define CERTIFICATE_MAX 8192
#define AAGUID_OID      "1.3.6.1.4.1.45724.1.1.4"
#define SERIAL_OID      "1.3.6.1.4.1.45724.1.1.2"
#define FIRMWARE_OID    "1.3.6.1.4.1.41482.13.1"

struct lk_certificate {
    X509 *x509;
    EVP_PKEY *pkey; /* borrowed from x509 */
};

int lk_certificate_parse(const struct lk_crypto *crypto, struct lk_view der,
                         struct lk_certificate **ret_certificate)
{
    const unsigned char *cursor = der.data;
    struct lk_certificate *certificate;
    X509 *x509;

    (void)crypto;
    if (der.len > CERTIFICATE_MAX)
        return -LK_ERR_TOO_BIG;
    if (der.len == 0)
        return -LK_ERR_TRUNCATED;
    x509 = d2i_X509(NULL, &cursor, (long)der.len);
    if (!x509)
        return lk_openssl_error(-LK_ERR_ENCODING);
    certificate = calloc(1, sizeof(*certificate));
    if (!certificate) {
        X509_free(x509);
        return -LK_ERR_NOMEM;
    }
    certificate->x509 = x509;
    if (cursor != der.data + der.len) {
        lk_certificate_free(certificate);
        return -LK_ERR_TRAILING;
    }
    certificate->pkey = X509_get0_pubkey(x509);
    if (!certificate->pkey) {
        lk_certificate_free(certificate);
        return lk_openssl_error(-LK_ERR_ALGORITHM);
    }
    *ret_certificate = certificate;
    return 0;
}

struct lk_certificate *lk_certificate_free(struct lk_certificate *certificate)
{
    if (certificate) {
        X509_free(certificate->x509);
        free(certificate);
    }
    return NULL;
}

int lk_certificate_verify(const struct lk_crypto *crypto, const struct lk_certificate *certificate,
                          int64_t algorithm, const struct lk_view *parts, size_t part_count,
                          struct lk_view signature)
{
    if (!lk_pkey_fits(certificate->pkey, algorithm))
        return -LK_ERR_ALGORITHM;
    return lk_pkey_verify(crypto, certificate->pkey, algorithm, parts, part_count, signature);
}

/* The only entry of this kind in the subject, without NUL inside, or NULL. */
static const ASN1_STRING *subject_entry(const X509 *x509, int nid)
{
    const X509_NAME *subject = X509_get_subject_name(x509);
    int index = X509_NAME_get_index_by_NID(subject, nid, -1);
    const ASN1_STRING *value;

    if (index < 0 || X509_NAME_get_index_by_NID(subject, nid, index) >= 0)
        return NULL;
    value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index));
    if (!value || ASN1_STRING_length(value) <= 0 ||
        memchr(ASN1_STRING_get0_data(value), '\0', (size_t)ASN1_STRING_length(value)))
        return NULL;
    return value;
}

/* Basic constraints must be there and say CA = false. */
static bool not_an_authority(const X509 *x509)
{
    int critical = 0;
    BASIC_CONSTRAINTS *constraints = X509_get_ext_d2i(x509, NID_basic_constraints, &critical, NULL);
    bool good = constraints && !constraints->ca;

    BASIC_CONSTRAINTS_free(constraints);
    return good;
}

int lk_certificate_check_packed(const struct lk_certificate *certificate)
{
    static const char unit_wanted[] = "Authenticator Attestation";
    const X509 *x509 = certificate->x509;
    const ASN1_STRING *country = subject_entry(x509, NID_countryName);
    const ASN1_STRING *unit = subject_entry(x509, NID_organizationalUnitName);
    bool good = X509_get_version(x509) == X509_VERSION_3;

    good = good && country && ASN1_STRING_length(country) == 2;
    good = good && subject_entry(x509, NID_organizationName);
    good = good && unit && ASN1_STRING_length(unit) == (int)sizeof(unit_wanted) - 1 &&
           memcmp(ASN1_STRING_get0_data(unit), unit_wanted, sizeof(unit_wanted) - 1) == 0;
    good = good && subject_entry(x509, NID_commonName);
    good = good && not_an_authority(x509);
    ERR_clear_error();
    return good ? 0 : -LK_ERR_UNEXPECTED;
}

int lk_certificate_check_critical(const struct lk_certificate *certificate)
{
    for (int i = 0; i < X509_get_ext_count(certificate->x509); i++) {
        X509_EXTENSION *extension = X509_get_ext(certificate->x509, i);

        if (X509_EXTENSION_get_critical(extension) && !X509_supported_extension(extension))
            return -LK_ERR_UNEXPECTED;
    }
    return 0;
}

/* The content of the OCTET STRING that an extension's value is. The short form of the length is
 * enough: 127 bytes are more than any of them may have. */
static int extension_octets(const struct lk_certificate *certificate, const char *name,
                            struct lk_view *ret_octets)
{
    ASN1_OBJECT *oid = OBJ_txt2obj(name, 1);
    X509_EXTENSION *extension;
    const ASN1_OCTET_STRING *value;
    const uint8_t *data;
    int index, len;
    bool repeated;

    if (!oid)
        return lk_openssl_error(-LK_ERR_NOMEM);
    index = X509_get_ext_by_OBJ(certificate->x509, oid, -1);
    repeated = index >= 0 && X509_get_ext_by_OBJ(certificate->x509, oid, index) >= 0;
    ASN1_OBJECT_free(oid);
    if (index < 0)
        return -LK_ERR_NOT_FOUND;
    extension = X509_get_ext(certificate->x509, index);
    value = X509_EXTENSION_get_data(extension);
    if (repeated || X509_EXTENSION_get_critical(extension) || !value)
        return -LK_ERR_TYPE;
    data = ASN1_STRING_get0_data(value);
    len = ASN1_STRING_length(value);
    if (len < 2 || data[0] != 0x04 || data[1] > 127 || data[1] != len - 2)
        return -LK_ERR_TYPE;
    *ret_octets = LK_VIEW(data + 2, (size_t)len - 2);
    return 0;
}

/* WebAuthn 8.2.1: the extension's value is itself an OCTET STRING of 16 bytes. */
int lk_certificate_aaguid(const struct lk_certificate *certificate, uint8_t ret_aaguid[16])
{
    struct lk_view octets = {0};
    int result = extension_octets(certificate, AAGUID_OID, &octets);

    if (result == 0 && octets.len != 16)
        result = -LK_ERR_TYPE;
    if (result == 0)
        memcpy(ret_aaguid, octets.data, 16);
    return result;
}

int lk_certificate_firmware(const struct lk_certificate *certificate, uint8_t ret_firmware[3])
{
    struct lk_view octets = {0};
    int result = extension_octets(certificate, FIRMWARE_OID, &octets);

    if (result == 0 && octets.len != 3)
        result = -LK_ERR_TYPE;
    if (result == 0)
        memcpy(ret_firmware, octets.data, 3);
    return result;
}

int lk_certificate_serial(const struct lk_certificate *certificate, struct lk_view *ret_serial)
{
    struct lk_view octets = {0};
    int result = extension_octets(certificate, SERIAL_OID, &octets);

    if (result == 0 && (octets.len == 0 || octets.len > LK_CERTIFICATE_SERIAL_MAX))
        result = -LK_ERR_TYPE;
    if (result == 0)
        *ret_serial = octets;
    return result;
}
