/* SPDX-License-Identifier: EUPL-1.2 */
/* Pure checks: bytes in, verdict out. No clock, no store, no policy tables; safe on any thread.
 * Functions return an error only when the machine failed (memory, crypto library); what is wrong with the bytes is a reason. */
#ifndef LK_VERIFY_VERIFY_H
#define LK_VERIFY_VERIFY_H

#include "crypto/anchors.h"
#include "crypto/crypto.h"
#include "model/model.h"
#include "wire/wire.h"

/* What the verifier demands; set from policy immediately before verification (design rule 2). */
struct lk_assertion_rule {
    const char *relying_party; /* whose SHA-256 must be the rpIdHash */
    struct lk_view
        client_data_hash; /* 32 bytes; when client_data is given this must be its SHA-256 and is computed by the verifier: leave empty */
    bool user_presence;   /* always true for logins */
    bool user_verification;
    /* browser only */
    const char *origin;       /* NULL for host and operator */
    struct lk_view challenge; /* compared with client data's challenge */
};

/* Order of checks: authenticator data shape, relying party, client data (type, challenge, origin, cross-origin), signature, UP, UV, BE/BS (WebAuthn 7.2, with the
 * signature before the flags: only a holder is told what they lack). *ret_reason NONE only if all hold; the parsed authenticator data is handed out, for the counter and the log, whenever
 * the signature verified. The sign counter itself is judged by policy. */
LK_MUST_USE int
lk_assertion_verify(const struct lk_crypto *crypto, const struct lk_public_key *public_key,
                    const struct lk_assertion *assertion, const struct lk_assertion_rule *rule,
                    struct lk_authenticator_data *ret_data, enum lk_reason *ret_reason);
/* Does this reason of lk_assertion_verify mean that the signature verified? NONE, USER_PRESENCE, USER_VERIFICATION and SYNCED do. */
bool lk_assertion_signed(enum lk_reason reason);

/* Attestation: signature verification for packed (x5c and self) and fido-u2f. none and self attestation hold and are proved as just that (format NONE, PACKED_SELF, never an
 * anchor): policy decides. android-key, android-safetynet, apple, tpm, compound and every unknown format: ATTESTATION.
 * A chain that ends in none of the anchors is not refused here: the statement then says that nothing vouches for the key (has_anchor false, firmware and serial empty). So it is with
 * a leaf or an intermediate that is expired, of the future, weak or signed over SHA-1, also under a pinned anchor (crypto/anchors.h has the rules).
 * With an anchor, what the leaf says is proved: firmware ("5.7.4", of Yubico's extension), serial (lower-case hexadecimal of the enterprise serial's bytes). Malformed, repeated or
 * critical, such an extension is ATTESTATION with or without an anchor, and so is any unknown critical extension of the leaf.
 * Fills credential id, key, aaguid, proved facts, attestation_digest, creation_client_data_hash of *ret_statement and leaves the other members alone. The
 * relying party hash, UP, BE/BS and, if asked, UV are checked. Reasons: ATTESTATION, RELYING_PARTY, USER_PRESENCE, USER_VERIFICATION, SYNCED, KEY_UNSUPPORTED (algorithm). */
struct lk_attestation_rule {
    const char *relying_party;
    bool user_verification;
    const struct lk_anchors *anchors; /* NULL: nothing chains to anything */
    int64_t now;                      /* for the validity of certificates on the way to an anchor */
};
LK_MUST_USE int lk_attestation_verify(const struct lk_crypto *crypto,
                                      const struct lk_attestation *attestation,
                                      const struct lk_attestation_rule *rule,
                                      struct lk_statement *statement, enum lk_reason *ret_reason);

/* Digests of objects: SHA-256 of their canonical bytes. */
LK_MUST_USE int lk_object_digest(const struct lk_crypto *crypto, struct lk_view bytes,
                                 struct lk_digest *ret_digest);

/* RFC 9162 section 2.1: leaf = SHA-256(0x00 || digest), node = SHA-256(0x01 || left || right). count from 1 to 2^24. */
LK_MUST_USE int lk_tree_root(const struct lk_crypto *crypto, const struct lk_digest *leaves,
                             size_t count, struct lk_digest *ret_root);
LK_MUST_USE int lk_tree_path(const struct lk_crypto *crypto, const struct lk_digest *leaves,
                             size_t count, size_t index, struct lk_tree_path *ret_path);
/* Recomputes the root from a leaf and its path (section 2.1.3.2); *ret_root is what the path leads to. -LK_ERR_RANGE for an impossible path. */
LK_MUST_USE int lk_tree_path_root(const struct lk_crypto *crypto, const struct lk_digest *leaf,
                                  const struct lk_tree_path *path, struct lk_digest *ret_root);

/* One endorsement against an operator set: operator known, has the role for the act, key of the operator, relying party latchkey-operator:ORG, UP and UV,
 * signature over SHA-256 of the signed array. Reasons: OPERATOR_UNKNOWN, OPERATOR_ROLE, ENDORSEMENT, USER_PRESENCE, USER_VERIFICATION, RELYING_PARTY, SYNCED. Does not
 * look at register or root: callers compare those. This verdict is what the broker caches by (endorsement bytes, set digest). */
LK_MUST_USE int lk_endorsement_verify(const struct lk_crypto *crypto,
                                      const struct lk_operator_set *set,
                                      const struct lk_endorsement *endorsement,
                                      enum lk_reason *ret_reason);

/* SHA-256 of the signed array: the clientDataHash. */
LK_MUST_USE int lk_endorsement_hash(const struct lk_crypto *crypto,
                                    const struct lk_endorsement *endorsement, uint8_t ret_hash[32]);

/* Counts distinct operators among the endorsements whose verdict is NONE and compares with the quorum of the act. */
enum lk_reason lk_quorum_check(const struct lk_operator_set *set, enum lk_act act,
                               const struct lk_endorsement *const *endorsements,
                               const enum lk_reason *verdicts, size_t count);

/* A whole operator chain: numbers 1..n without gap, digests chain, set 1 endorsed by itself, each later one by the quorum of the one before for LK_ACT_OPERATORS; names,
 * ids and credential ids unique in each set; a set that no one could endorse with (quorum over operators holding the role) is refused.
 * Reason OPERATOR_SET, QUORUM, ENDORSEMENT. *ret_set is the newest, the caller frees it. */
LK_MUST_USE int lk_operator_chain_verify(const struct lk_crypto *crypto, struct lk_view chain,
                                         struct lk_operator_set **ret_set,
                                         struct lk_digest *ret_digest, enum lk_reason *ret_reason);

/* Register: entry follows previous (number + 1, previous hash). previous NULL for number 1. Reason REGISTER. */
LK_MUST_USE int lk_register_link_verify(const struct lk_crypto *crypto,
                                        const struct lk_register_entry *previous,
                                        const struct lk_register_entry *entry,
                                        enum lk_reason *ret_reason);
/* SHA-256 of its bytes. */
LK_MUST_USE int lk_register_entry_hash(const struct lk_crypto *crypto,
                                       const struct lk_register_entry *entry,
                                       struct lk_digest *ret_hash);

#endif
