/* SPDX-License-Identifier: EUPL-1.2 */
/* OpenSSL's one home: digest, MAC, signature verification, X.509. Algorithms are fetched once in lk_crypto_start. */
#ifndef LK_CRYPTO_CRYPTO_H
#define LK_CRYPTO_CRYPTO_H

#include <stdint.h>

#include "base/buf.h"

struct
    lk_crypto; /* fetched digests and signature methods; immutable after start, safe for any number of threads */
struct lk_verify_key; /* a public key ready to verify with; immutable */
struct lk_certificate;

/* 0, -LK_ERR_CRYPTO. */
LK_MUST_USE int lk_crypto_start(struct lk_crypto **ret_crypto);
struct lk_crypto *lk_crypto_free(struct lk_crypto *crypto);

LK_MUST_USE int lk_sha256(const struct lk_crypto *crypto, const struct lk_view *parts,
                          size_t part_count, uint8_t ret_digest[32]);
LK_MUST_USE int lk_hmac_sha256(const struct lk_crypto *crypto, struct lk_view key,
                               struct lk_view data, uint8_t ret_mac[32]);

enum lk_algorithm { LK_ALGORITHM_ES256 = -7, LK_ALGORITHM_EDDSA = -8, LK_ALGORITHM_RS256 = -257 };

/* From the coordinates of a P-256 point (32 bytes each), set into a copy of the group or a key that was freed before. Free keys before the crypto they came of. A point that is not on the curve: -LK_ERR_ALGORITHM. */
LK_MUST_USE int lk_verify_key_p256(const struct lk_crypto *crypto, const uint8_t x[32],
                                   const uint8_t y[32], struct lk_verify_key **ret_key);
LK_MUST_USE int lk_verify_key_ed25519(const struct lk_crypto *crypto, const uint8_t x[32],
                                      struct lk_verify_key **ret_key);
struct lk_verify_key *lk_verify_key_free(struct lk_verify_key *key);
/* ES256: signature is a DER ECDSA-Sig-Value over SHA-256 of the parts; EdDSA: 64 bytes over the parts joined. The algorithm is the key's own.
 * 0 only if it verifies; -LK_ERR_SIGNATURE if not (or malformed); -LK_ERR_CRYPTO, -LK_ERR_NOMEM if the library failed. */
LK_MUST_USE int lk_verify(const struct lk_crypto *crypto, const struct lk_verify_key *key,
                          const struct lk_view *parts, size_t part_count, struct lk_view signature);

/* One DER certificate, nothing behind it (-LK_ERR_TRAILING), at most 8192 bytes (-LK_ERR_TOO_BIG). Not a certificate: -LK_ERR_ENCODING,
 * empty: -LK_ERR_TRUNCATED, a key OpenSSL does not know: -LK_ERR_ALGORITHM, -LK_ERR_NOMEM. */
LK_MUST_USE int lk_certificate_parse(const struct lk_crypto *crypto, struct lk_view der,
                                     struct lk_certificate **ret_certificate);
struct lk_certificate *lk_certificate_free(struct lk_certificate *certificate);
/* Verifies with the certificate's key; algorithm is the COSE number the attestation statement names and must fit the key (-LK_ERR_ALGORITHM). */
LK_MUST_USE int lk_certificate_verify(const struct lk_crypto *crypto,
                                      const struct lk_certificate *certificate, int64_t algorithm,
                                      const struct lk_view *parts, size_t part_count,
                                      struct lk_view signature);
/* WebAuthn 8.2.1: version 3, subject C, O, OU exactly "Authenticator Attestation", CN present, basic constraints CA false.
 * 0, or -LK_ERR_UNEXPECTED if any of these fails; each subject entry must stand there once. */
LK_MUST_USE int lk_certificate_check_packed(const struct lk_certificate *certificate);
/* The id-fido-gen-ce-aaguid extension (1.3.6.1.4.1.45724.1.1.4): an OCTET STRING of 16 bytes inside the extension, not critical.
 * -LK_ERR_NOT_FOUND if absent, -LK_ERR_TYPE if malformed or critical. */
LK_MUST_USE int lk_certificate_aaguid(const struct lk_certificate *certificate,
                                      uint8_t ret_aaguid[16]);
/* No critical extension that is unknown here (RFC 5280 section 4.2); the AAGUID extension counts as unknown when it is critical. 0 or -LK_ERR_UNEXPECTED. */
LK_MUST_USE int lk_certificate_check_critical(const struct lk_certificate *certificate);
/* What the maker signed about the key: firmware (Yubico, 1.3.6.1.4.1.41482.13.1: an OCTET STRING of major, minor, patch) and serial (id-fido-gen-ce-sernum,
 * 1.3.6.1.4.1.45724.1.1.2: an OCTET STRING of 1 to 32 opaque bytes; borrowed from the certificate). Proved only once the chain is.
 * -LK_ERR_NOT_FOUND if absent, -LK_ERR_TYPE if malformed, repeated or critical. */
enum { LK_CERTIFICATE_SERIAL_MAX = 32 };
LK_MUST_USE int lk_certificate_firmware(const struct lk_certificate *certificate,
                                        uint8_t ret_firmware[3]);
LK_MUST_USE int lk_certificate_serial(const struct lk_certificate *certificate,
                                      struct lk_view *ret_serial);

#endif
