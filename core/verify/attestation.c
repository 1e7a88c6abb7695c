/* SPDX-License-Identifier: EUPL-1.2 */
/* Attestation signature verification: packed with x5c or self (WebAuthn L3 section 8.2), fido-u2f
 * (section 8.6), none (section 8.7).
 *
 * Hostile input: the whole object; an enrolment may come from a machine that lies. What stands in
 * an attestation certificate is proved by nothing until its chain ends in a pinned anchor: only
 * then are firmware and serial filled in from it. */
#include <stdio.h>
#include <string.h>

#include "verify/internal.h"

/* What both formats with a certificate ask of it: no unknown critical extension, and what it says
 * of firmware and serial must be readable, even where nobody will believe it. */
static int leaf_check(const struct lk_certificate *certificate)
{
    uint8_t firmware[3];
    struct lk_view serial;
    int result = lk_certificate_check_critical(certificate);

    if (result == 0)
        result = lk_certificate_firmware(certificate, firmware);
    if (result == 0 || result == -LK_ERR_NOT_FOUND)
        result = lk_certificate_serial(certificate, &serial);
    return result == -LK_ERR_NOT_FOUND ? 0 : result;
}

/* WebAuthn 8.2 verification procedure, x5c branch. -LK_ERR_UNEXPECTED and other errors that are
 * not the machine's mean: the attestation does not hold. */
static int packed_chain_verify(const struct lk_crypto *crypto,
                               const struct lk_attestation_object *object,
                               const struct lk_authenticator_data *data, struct lk_view hash)
{
    const struct lk_view parts[] = {object->authenticator_data, hash};
    struct lk_certificate *certificate = NULL;
    uint8_t aaguid[LK_AAGUID_SIZE];
    int result = lk_certificate_parse(crypto, object->certificates[0], &certificate);

    if (result == 0)
        result = lk_certificate_verify(crypto, certificate, object->algorithm, parts, 2,
                                       object->signature);
    if (result == 0)
        result = leaf_check(certificate);
    if (result == 0)
        result = lk_certificate_check_packed(certificate);
    if (result == 0) {
        result = lk_certificate_aaguid(certificate, aaguid);
        if (result == 0 && memcmp(aaguid, data->aaguid, sizeof(aaguid)) != 0)
            result = -LK_ERR_UNEXPECTED;
        else if (result == -LK_ERR_NOT_FOUND) /* "if it contains an extension" */
            result = 0;
    }
    lk_certificate_free(certificate);
    return result;
}

/* WebAuthn 8.2 verification procedure, self attestation: the new key signs for itself. */
static int packed_self_verify(const struct lk_crypto *crypto,
                              const struct lk_attestation_object *object,
                              const struct lk_cose_key *cose, const struct lk_verify_key *key,
                              struct lk_view hash)
{
    const struct lk_view parts[] = {object->authenticator_data, hash};

    if (object->algorithm != cose->algorithm)
        return -LK_ERR_ALGORITHM;
    return lk_verify(crypto, key, parts, 2, object->signature);
}

/* WebAuthn 8.6 verification procedure. */
static int fido_u2f_verify(const struct lk_crypto *crypto,
                           const struct lk_attestation_object *object,
                           const struct lk_authenticator_data *data, const struct lk_cose_key *cose,
                           struct lk_view hash)
{
    static const uint8_t zero_aaguid[LK_AAGUID_SIZE];
    static const uint8_t reserved = 0x00;
    static const uint8_t uncompressed = 0x04;
    const struct lk_view parts[] = {
        LK_VIEW(&reserved, 1), LK_VIEW(data->rp_id_hash, 32), hash,
        data->credential_id,   LK_VIEW(&uncompressed, 1),     LK_VIEW(cose->x, 32),
        LK_VIEW(cose->y, 32)};
    struct lk_certificate *certificate = NULL;
    int result;

    /* This signature covers neither AAGUID nor flags; U2F has no AAGUID, so another one is a lie. */
    if (object->certificate_count != 1 || object->has_algorithm ||
        cose->algorithm != LK_ALGORITHM_ES256 ||
        memcmp(data->aaguid, zero_aaguid, sizeof(zero_aaguid)) != 0)
        return -LK_ERR_UNEXPECTED;
    result = lk_certificate_parse(crypto, object->certificates[0], &certificate);
    if (result == 0)
        result = lk_certificate_verify(crypto, certificate, LK_ALGORITHM_ES256, parts,
                                       sizeof(parts) / sizeof(parts[0]), object->signature);
    if (result == 0)
        result = leaf_check(certificate);
    lk_certificate_free(certificate);
    return result;
}

/* 0 and the format, or why the statement does not hold. */
static int statement_verify(const struct lk_crypto *crypto,
                            const struct lk_attestation_object *object,
                            const struct lk_authenticator_data *data,
                            const struct lk_cose_key *cose, const struct lk_verify_key *key,
                            struct lk_view hash, enum lk_attestation_format *ret_format)
{
    int result = -LK_ERR_UNEXPECTED;

    if (strcmp(object->format, "packed") == 0 && object->has_algorithm) {
        if (object->certificate_count > 0) {
            *ret_format = LK_FORMAT_PACKED;
            result = packed_chain_verify(crypto, object, data, hash);
        } else {
            *ret_format = LK_FORMAT_PACKED_SELF;
            result = packed_self_verify(crypto, object, cose, key, hash);
        }
    } else if (strcmp(object->format, "fido-u2f") == 0) {
        *ret_format = LK_FORMAT_FIDO_U2F;
        result = fido_u2f_verify(crypto, object, data, cose, hash);
    } else if (strcmp(object->format, "none") == 0) {
        /* WebAuthn 8.7: an empty map. */
        *ret_format = LK_FORMAT_NONE;
        if (object->statement.len == 1 && object->statement.data[0] == 0xa0)
            result = 0;
    }
    return result;
}

/* WebAuthn 7.1 steps 14 to 18: relying party, flags. */
static int data_check(const struct lk_crypto *crypto, const struct lk_authenticator_data *data,
                      const struct lk_attestation_rule *rule, enum lk_reason *ret_reason)
{
    bool match = false;
    int result = lk_relying_party_match(crypto, rule->relying_party, data->rp_id_hash, &match);

    if (result < 0)
        return result;
    if (!match)
        *ret_reason = LK_REASON_RELYING_PARTY;
    else if (!(data->flags & LK_FLAG_UP))
        *ret_reason = LK_REASON_USER_PRESENCE;
    else if (rule->user_verification && !(data->flags & LK_FLAG_UV))
        *ret_reason = LK_REASON_USER_VERIFICATION;
    else if (data->flags & (LK_FLAG_BE | LK_FLAG_BS))
        *ret_reason = LK_REASON_SYNCED;
    else
        *ret_reason = LK_REASON_NONE;
    return 0;
}

/* The new key must be one that logins can be verified with; then its attestation must hold. */
static int key_check(const struct lk_crypto *crypto, const struct lk_attestation_object *object,
                     const struct lk_authenticator_data *data, struct lk_view hash,
                     enum lk_attestation_format *ret_format, enum lk_reason *ret_reason)
{
    struct lk_verify_key *key = NULL;
    struct lk_cose_key cose;
    int result = lk_cose_key_decode(data->public_key, &cose);

    if (result == 0)
        result = lk_verify_key_cose(crypto, data->public_key, &key);
    if (result < 0) {
        *ret_reason = LK_REASON_KEY_UNSUPPORTED;
        return lk_machine_failed(result) ? result : 0;
    }
    result = statement_verify(crypto, object, data, &cose, key, hash, ret_format);
    lk_verify_key_free(key);
    *ret_reason = result == 0 ? LK_REASON_NONE : LK_REASON_ATTESTATION;
    return lk_machine_failed(result) ? result : 0;
}

/* What the leaf says, now that an anchor vouches for it. leaf_check found both readable. */
static int facts_fill(const struct lk_crypto *crypto, struct lk_view leaf,
                      struct lk_facts_proved *proved)
{
    struct lk_certificate *certificate = NULL;
    uint8_t firmware[3];
    struct lk_view serial;
    int result = lk_certificate_parse(crypto, leaf, &certificate);

    if (result < 0)
        return result;
    result = lk_certificate_firmware(certificate, firmware);
    if (result == 0)
        snprintf(proved->firmware, sizeof(proved->firmware), "%u.%u.%u", firmware[0], firmware[1],
                 firmware[2]);
    if (result == 0 || result == -LK_ERR_NOT_FOUND)
        result = lk_certificate_serial(certificate, &serial);
    for (size_t i = 0; result == 0 && i < serial.len; i++)
        snprintf(proved->serial + 2 * i, sizeof(proved->serial) - 2 * i, "%02x", serial.data[i]);
    lk_certificate_free(certificate);
    return result == -LK_ERR_NOT_FOUND ? 0 : result;
}

/* Which anchor vouches for the key, if one does. */
static int anchor_find(const struct lk_crypto *crypto, struct lk_view object,
                       const struct lk_attestation_rule *rule, struct lk_facts_proved *proved)
{
    struct lk_attestation_object decoded;
    int result = lk_attestation_object_decode(object, &decoded);

    if (result == 0)
        result = lk_anchors_chain(crypto, rule->anchors, decoded.certificates,
                                  decoded.certificate_count, rule->now, proved->anchor.bytes);
    proved->has_anchor = result == 0;
    if (result == 0)
        result = facts_fill(crypto, decoded.certificates[0], proved);
    return result < 0 && lk_machine_failed(result) ? result : 0;
}

static void statement_fill(struct lk_statement *statement, const struct lk_authenticator_data *data,
                           enum lk_attestation_format format, const struct lk_digest *digest,
                           struct lk_view hash)
{
    statement->credential_id.len = (uint16_t)data->credential_id.len;
    memcpy(statement->credential_id.bytes, data->credential_id.data, data->credential_id.len);
    statement->public_key.len = (uint16_t)data->public_key.len;
    memcpy(statement->public_key.bytes, data->public_key.data, data->public_key.len);
    memcpy(statement->aaguid, data->aaguid, sizeof(statement->aaguid));
    statement->proved = (struct lk_facts_proved){.format = format};
    statement->attestation_digest = *digest;
    memcpy(statement->creation_client_data_hash.bytes, hash.data, LK_DIGEST_SIZE);
}

int lk_attestation_verify(const struct lk_crypto *crypto, const struct lk_attestation *attestation,
                          const struct lk_attestation_rule *rule, struct lk_statement *statement,
                          enum lk_reason *ret_reason)
{
    enum lk_attestation_format format = LK_FORMAT_NONE;
    struct lk_attestation_object object;
    struct lk_authenticator_data data = {0};
    enum lk_reason reason = LK_REASON_INTERNAL;
    struct lk_digest digest;
    int result = lk_attestation_object_decode(attestation->object, &object);

    if (result == 0)
        result = lk_authenticator_data_decode(object.authenticator_data, &data);
    if (result < 0 || !data.attested || attestation->client_data_hash.len != LK_DIGEST_SIZE) {
        if (result < 0 && lk_machine_failed(result))
            return result;
        *ret_reason = LK_REASON_ATTESTATION;
        return 0;
    }
    result = data_check(crypto, &data, rule, &reason);
    if (result == 0 && reason == LK_REASON_NONE)
        result = key_check(crypto, &object, &data, attestation->client_data_hash, &format, &reason);
    if (result == 0 && reason == LK_REASON_NONE)
        result = lk_object_digest(crypto, attestation->object, &digest);
    if (result < 0)
        return result;
    if (reason == LK_REASON_NONE) {
        statement_fill(statement, &data, format, &digest, attestation->client_data_hash);
        result = anchor_find(crypto, attestation->object, rule, &statement->proved);
    }
    *ret_reason = reason;
    return result;
}
