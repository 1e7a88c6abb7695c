/* SPDX-License-Identifier: EUPL-1.2 */
/* Pinned anchors of attestation: certificates that the organisation trusts to say "this key is hardware of ours", and chains that end in one of them. */
#ifndef LK_CRYPTO_ANCHORS_H
#define LK_CRYPTO_ANCHORS_H

#include "crypto/crypto.h"

enum {
    LK_ANCHORS_MAX = 4096,
    LK_ANCHORS_FILE_MAX = 4 * 1024 * 1024,
    LK_CHAIN_MAX = 8 /* certificates of one attestation statement */
};

struct lk_anchors;

/* PEM certificates, one behind the other, with nothing but blanks and comments between them. Whether one is a root, an intermediate or expired is not asked: what stands here is
 * trusted because somebody put it here. None at all: 0, and nothing chains to it. -LK_ERR_ENCODING (also: anything else in PEM, or a certificate twice), -LK_ERR_TOO_BIG,
 * -LK_ERR_NOMEM. */
LK_MUST_USE int lk_anchors_parse(const struct lk_crypto *crypto, struct lk_view pem,
                                 struct lk_anchors **ret_anchors);
struct lk_anchors *lk_anchors_free(struct lk_anchors *anchors);
size_t lk_anchors_count(const struct lk_anchors *anchors); /* NULL: 0 */

/* Adds helpers: untrusted intermediates that the organisation loads because keys do not carry them (PEM as above). They vouch for nothing and only join a leaf to an anchor.
 * A certificate twice, also among those loaded before: -LK_ERR_ENCODING. At most LK_ANCHORS_MAX. After an error the anchors are as before. Not while another thread uses them. */
LK_MUST_USE int lk_anchors_help(const struct lk_crypto *crypto, struct lk_anchors *anchors,
                                struct lk_view pem);
size_t lk_anchors_helper_count(const struct lk_anchors *anchors); /* NULL: 0 */

/* What a certificate is to be, by the SHA-256 of its DER. */
enum lk_anchors_role {
    LK_ANCHORS_PASS = 0, /* passed over */
    LK_ANCHORS_TRUST,    /* an anchor */
    LK_ANCHORS_HELP      /* a helper */
};
typedef enum lk_anchors_role lk_anchors_ask(void *context, const uint8_t digest[32]);
/* Adds each certificate of pem (PEM as above) as `ask` says; what is there already stays as it is. Errors of lk_anchors_parse; after an error some may have been added. Not while
 * another thread uses them. */
LK_MUST_USE int lk_anchors_add(const struct lk_crypto *crypto, struct lk_anchors *anchors,
                               struct lk_view pem, lk_anchors_ask *ask, void *context);
/* Pins a certificate of which only the digest is known: it is an anchor wherever a chain carries it. At most LK_ANCHORS_MAX: -LK_ERR_TOO_BIG; -LK_ERR_NOMEM. */
LK_MUST_USE int lk_anchors_pin(struct lk_anchors *anchors, const uint8_t digest[32]);

/* certificates: leaf first, as WebAuthn L3 section 8.2 has them in x5c, each DER. 0 if the chain ends in an anchor at that time (seconds since 1970); *ret_anchor is SHA-256 of the
 * anchor's DER, of the first pinned one from the leaf on. The leaf may be an anchor itself.
 * The pinned certificate is trusted as it is: its dates, version, basic constraints and own signature are not asked. Below it all hold: dates (an expired or future leaf or
 * intermediate leads nowhere, also under a pinned anchor), signatures, path length, CA of issuers, no unknown critical extension, RSA from 2048 bits (also the anchor's), curves
 * P-256, P-384, P-521, Ed25519, no SHA-1. -LK_ERR_NOT_FOUND: it ends in no anchor, or one of these is wrong; -LK_ERR_ENCODING: not
 * certificates; -LK_ERR_TOO_BIG; -LK_ERR_NOMEM. anchors NULL: -LK_ERR_NOT_FOUND. */
LK_MUST_USE int lk_anchors_chain(const struct lk_crypto *crypto, const struct lk_anchors *anchors,
                                 const struct lk_view *certificates, size_t count, int64_t now,
                                 uint8_t ret_anchor[32]);

#endif
