/* SPDX-License-Identifier: EUPL-1.2 */
/* Assertion verification (WebAuthn L3 section 7.2) as a pure function, and small helpers.
 *
 * Hostile input: authenticator data, client data and signature. The reason is INTERNAL until every
 * check has passed; the signature is over exactly the bytes that are judged, and before it nothing is said that
 * a holder alone should hear. */
#include <string.h>

#include "verify/internal.h"

int lk_hash_one(const struct lk_crypto *crypto, struct lk_view bytes, uint8_t ret_digest[32])
{
    return lk_sha256(crypto, &bytes, 1, ret_digest);
}

int lk_object_digest(const struct lk_crypto *crypto, struct lk_view bytes,
                     struct lk_digest *ret_digest)
{
    return lk_hash_one(crypto, bytes, ret_digest->bytes);
}

int lk_relying_party_match(const struct lk_crypto *crypto, const char *relying_party,
                           const uint8_t hash[32], bool *ret_match)
{
    uint8_t wanted[32];
    int result =
        lk_hash_one(crypto, LK_VIEW((const uint8_t *)relying_party, strlen(relying_party)), wanted);

    if (result == 0)
        *ret_match = lk_bytes_equal(wanted, hash, sizeof(wanted));
    return result;
}

int lk_verify_key_cose(const struct lk_crypto *crypto, struct lk_view cose,
                       struct lk_verify_key **ret_key)
{
    struct lk_cose_key key;
    int result = lk_cose_key_decode(cose, &key);

    if (result < 0)
        return result;
    if (key.algorithm == LK_ALGORITHM_ES256)
        return lk_verify_key_p256(crypto, key.x, key.y, ret_key);
    return lk_verify_key_ed25519(crypto, key.x, ret_key);
}

bool lk_machine_failed(int error)
{
    return error == -LK_ERR_NOMEM || error == -LK_ERR_CRYPTO || error == -LK_ERR_INTERNAL;
}

/* WebAuthn 7.2 steps 11 to 14 for a browser: type, challenge, origin, no foreign frame. */
static int client_data_check(const struct lk_crypto *crypto, const struct lk_assertion *assertion,
                             const struct lk_assertion_rule *rule, uint8_t ret_hash[32],
                             enum lk_reason *ret_reason)
{
    struct lk_client_data data;
    int result = lk_client_data_decode(assertion->client_data, &data);

    if (result < 0) {
        if (lk_machine_failed(result))
            return result;
        /* The only well-formed data that the decoder refuses is that of a foreign frame. */
        *ret_reason = result == -LK_ERR_UNEXPECTED ? LK_REASON_ORIGIN : LK_REASON_CLIENT_DATA;
        return 0;
    }
    result = lk_hash_one(crypto, assertion->client_data, ret_hash);
    if (result < 0)
        return result;
    if (strcmp(data.type, "webauthn.get") != 0)
        *ret_reason = LK_REASON_CLIENT_DATA;
    else if (rule->challenge.len == 0 || data.challenge_len != rule->challenge.len ||
             !lk_bytes_equal(data.challenge, rule->challenge.data, rule->challenge.len))
        *ret_reason = LK_REASON_CHALLENGE;
    else if (strcmp(data.origin, rule->origin) != 0)
        *ret_reason = LK_REASON_ORIGIN;
    else
        *ret_reason = LK_REASON_NONE;
    return 0;
}

/* The hash that stands behind the authenticator data under the signature. */
static int client_hash_get(const struct lk_crypto *crypto, const struct lk_assertion *assertion,
                           const struct lk_assertion_rule *rule, uint8_t ret_hash[32],
                           enum lk_reason *ret_reason)
{
    if (rule->origin)
        return client_data_check(crypto, assertion, rule, ret_hash, ret_reason);
    /* Hosts and operators: the broker made the hash itself, and there is nothing else to read. */
    if (rule->client_data_hash.len != 32 || assertion->client_data.len != 0) {
        *ret_reason = LK_REASON_CLIENT_DATA;
        return 0;
    }
    memcpy(ret_hash, rule->client_data_hash.data, 32);
    *ret_reason = LK_REASON_NONE;
    return 0;
}

/* On signed data: what they lack may be told to the holder, and only then are they anybody's. */
static enum lk_reason flags_check(uint8_t flags, const struct lk_assertion_rule *rule)
{
    if (rule->user_presence && !(flags & LK_FLAG_UP))
        return LK_REASON_USER_PRESENCE;
    if (rule->user_verification && !(flags & LK_FLAG_UV))
        return LK_REASON_USER_VERIFICATION;
    if (flags & (LK_FLAG_BE | LK_FLAG_BS))
        return LK_REASON_SYNCED;
    return LK_REASON_NONE;
}

static int signature_check(const struct lk_crypto *crypto, const struct lk_public_key *public_key,
                           const struct lk_assertion *assertion, const uint8_t hash[32],
                           enum lk_reason *ret_reason)
{
    const struct lk_view parts[] = {assertion->authenticator_data, LK_VIEW(hash, 32)};
    struct lk_verify_key *key = NULL;
    int result = lk_verify_key_cose(crypto, LK_VIEW(public_key->bytes, public_key->len), &key);

    if (result == 0)
        result = lk_verify(crypto, key, parts, 2, assertion->signature);
    lk_verify_key_free(key);
    if (result == 0)
        *ret_reason = LK_REASON_NONE;
    else if (result == -LK_ERR_SIGNATURE)
        *ret_reason = LK_REASON_SIGNATURE;
    else if (lk_machine_failed(result))
        return result;
    else /* what was enrolled is no key */
        *ret_reason = LK_REASON_STATEMENT;
    return 0;
}

bool lk_assertion_signed(enum lk_reason reason)
{
    return reason == LK_REASON_NONE || reason == LK_REASON_USER_PRESENCE ||
           reason == LK_REASON_USER_VERIFICATION || reason == LK_REASON_SYNCED;
}

int lk_assertion_verify(const struct lk_crypto *crypto, const struct lk_public_key *public_key,
                        const struct lk_assertion *assertion, const struct lk_assertion_rule *rule,
                        struct lk_authenticator_data *ret_data, enum lk_reason *ret_reason)
{
    struct lk_authenticator_data data;
    enum lk_reason reason = LK_REASON_INTERNAL;
    uint8_t hash[32];
    bool match = false;
    int result = lk_authenticator_data_decode(assertion->authenticator_data, &data);

    /* WebAuthn section 6.1: an assertion carries no attested credential data. */
    if (result < 0 || data.attested) {
        if (result < 0 && lk_machine_failed(result))
            return result;
        *ret_reason = LK_REASON_AUTHENTICATOR_DATA;
        return 0;
    }
    result = lk_relying_party_match(crypto, rule->relying_party, data.rp_id_hash, &match);
    if (result < 0)
        return result;
    if (!match) {
        *ret_reason = LK_REASON_RELYING_PARTY;
        return 0;
    }
    result = client_hash_get(crypto, assertion, rule, hash, &reason);
    if (result == 0 && reason == LK_REASON_NONE)
        result = signature_check(crypto, public_key, assertion, hash, &reason);
    if (result < 0)
        return result;
    if (reason == LK_REASON_NONE) {
        reason = flags_check(data.flags, rule);
        *ret_data = data;
    }
    *ret_reason = reason;
    return 0;
}
