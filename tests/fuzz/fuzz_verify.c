/* SPDX-License-Identifier: EUPL-1.2 */
/* Assertion, attestation and operator chain verification. The first byte chooses. Oracle: what is accepted here, libfido2 accepts too. Two things it cannot be
 * asked: what an extension says (it reads them, we do not) and RS256 attestation (which Debian 12's does not know). */
#include <fido.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/test_key.h"
#include "verify/verify.h"

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#define RELYING_PARTY "latchkey-host:example"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct lk_crypto *crypto;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    fido_init(0);
    return lk_crypto_start(&crypto) == 0 ? 0 : 1;
}

/* u8 rule, field public key, 32 hash, field authenticator data, the rest signature. */
static void assertion(struct lk_view input)
{
    struct lk_public_key cose = {0};
    struct lk_view key;
    struct lk_authenticator_data data;
    struct lk_assertion answer = {0};
    struct lk_assertion_rule rule = {.relying_party = RELYING_PARTY};
    enum lk_reason reason = LK_REASON_INTERNAL;
    uint8_t options;

    if (lk_view_get_u8(&input, &options) < 0 ||
        lk_view_get_field(&input, LK_PUBLIC_KEY_MAX, &key) < 0 ||
        lk_view_get_view(&input, 32, &rule.client_data_hash) < 0 ||
        lk_view_get_field(&input, UINT16_MAX, &answer.authenticator_data) < 0)
        return;
    memcpy(cose.bytes, key.data, key.len);
    cose.len = (uint16_t)key.len;
    answer.signature = input;
    rule.user_presence = options & 1;
    rule.user_verification = options & 2;
    MUST(lk_assertion_verify(crypto, &cose, &answer, &rule, &data, &reason) == 0);
    MUST(reason != LK_REASON_INTERNAL && lk_reason_known((uint32_t)reason));
    if (reason != LK_REASON_NONE)
        return;
    MUST(!rule.user_presence || (data.flags & LK_FLAG_UP));
    MUST(!rule.user_verification || (data.flags & LK_FLAG_UV));
    if (!(data.flags & LK_FLAG_ED))
        MUST(oracle_assertion(RELYING_PARTY, answer.authenticator_data, rule.client_data_hash.data,
                              answer.signature, rule.user_presence, rule.user_verification, &cose));
}

/* u8 rule, 32 hash, the rest attestation object. */
static void attestation(struct lk_view input)
{
    struct lk_attestation_rule rule = {.relying_party = RELYING_PARTY};
    struct lk_attestation given = {0};
    struct lk_attestation_object object;
    struct lk_authenticator_data data;
    static struct lk_statement statement;
    struct lk_cose_key cose;
    enum lk_reason reason = LK_REASON_INTERNAL;
    uint8_t options;

    if (lk_view_get_u8(&input, &options) < 0 ||
        lk_view_get_view(&input, 32, &given.client_data_hash) < 0)
        return;
    given.object = input;
    rule.user_verification = options & 2;
    MUST(lk_attestation_verify(crypto, &given, &rule, &statement, &reason) == 0);
    MUST(reason != LK_REASON_INTERNAL && lk_reason_known((uint32_t)reason));
    if (reason != LK_REASON_NONE || statement.proved.format == LK_FORMAT_NONE)
        return;
    MUST(lk_attestation_object_decode(given.object, &object) == 0);
    MUST(lk_authenticator_data_decode(object.authenticator_data, &data) == 0);
    MUST(lk_cose_key_decode(data.public_key, &cose) == 0);
    if (!(data.flags & LK_FLAG_ED) && (!object.has_algorithm || object.algorithm != -257))
        MUST(oracle_attestation(RELYING_PARTY, object.format, object.statement,
                                object.authenticator_data, given.client_data_hash.data,
                                rule.user_verification,
                                statement.proved.format == LK_FORMAT_PACKED_SELF, cose.algorithm));
}

static void chain(struct lk_view input)
{
    struct lk_operator_chain_link *links = NULL;
    struct lk_operator_set *set = NULL;
    struct lk_digest digest;
    enum lk_reason reason = LK_REASON_INTERNAL;
    size_t count = 0;

    MUST(lk_operator_chain_verify(crypto, input, &set, &digest, &reason) == 0);
    MUST((reason == LK_REASON_NONE) == (set != NULL) && reason != LK_REASON_INTERNAL);
    if (set) {
        MUST(lk_operator_chain_decode(input, &links, &count) == 0);
        MUST(set->number == count);
    }
    free(links);
    lk_operator_set_free(set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    switch (data[0] % 3) {
    case 0:
        assertion(LK_VIEW(data + 1, size - 1));
        break;
    case 1:
        attestation(LK_VIEW(data + 1, size - 1));
        break;
    default:
        chain(LK_VIEW(data + 1, size - 1));
        break;
    }
    return 0;
}
