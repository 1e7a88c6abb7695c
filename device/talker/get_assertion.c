/* SPDX-License-Identifier: EUPL-1.2 */
/* authenticatorGetAssertion (CTAP 2.1 section 6.2). What comes back is passed on as it is: whether it answers the challenge, for which relying party and by whose
 * credential, is for the broker to judge. */
#include "device/talker/errors.h"
#include "device/talker/talker.h"
#include "wire/wire.h"

struct lk_assertion_attempt {
    fido_assert_t *assertion;
};

static int lk_assertion_run(struct lk_talker *talker, const char *pin, bool finger, void *context)
{
    struct lk_assertion_attempt *attempt = context;
    /* With a PIN libfido2 sends a token instead of the option. */
    int error = fido_assert_set_uv(attempt->assertion, finger ? FIDO_OPT_TRUE : FIDO_OPT_OMIT);

    return error == FIDO_OK ? fido_dev_get_assert(talker->device, attempt->assertion, pin) : error;
}

static int lk_assertion_prepare(const struct lk_talker *talker,
                                const struct lk_device_assert *request, uint32_t start,
                                uint32_t count, fido_assert_t *assertion)
{
    int error = fido_assert_set_rp(assertion, request->relying_party);

    if (error == FIDO_OK)
        error = fido_assert_set_clientdata_hash(assertion, request->client_data_hash,
                                                sizeof(request->client_data_hash));
    for (uint32_t i = start; i < start + count && error == FIDO_OK; i++) {
        if (lk_list_possible(talker, request->allow[i]))
            error =
                fido_assert_allow_cred(assertion, request->allow[i].data, request->allow[i].len);
    }
    return error;
}

/* The only credential that was asked for, if there was just one: a key may then leave its id out (CTAP 2.1 section 6.2.2). */
static struct lk_view lk_assertion_only(const struct lk_talker *talker,
                                        const struct lk_device_assert *request, uint32_t start,
                                        uint32_t count)
{
    struct lk_view only = {0};

    for (uint32_t i = start; i < start + count; i++) {
        if (!lk_list_possible(talker, request->allow[i]))
            continue;
        if (only.len > 0)
            return (struct lk_view){0};
        only = request->allow[i];
    }
    return only;
}

static enum lk_reason lk_assertion_answer(struct lk_talker *talker, const fido_assert_t *assertion,
                                          struct lk_view only)
{
    struct lk_device_assertion answer = {
        .credential_id =
            LK_VIEW(fido_assert_id_ptr(assertion, 0), fido_assert_id_len(assertion, 0)),
        .signature = LK_VIEW(fido_assert_sig_ptr(assertion, 0), fido_assert_sig_len(assertion, 0)),
        .user_handle =
            LK_VIEW(fido_assert_user_id_ptr(assertion, 0), fido_assert_user_id_len(assertion, 0)),
    };
    /* libfido2 1.12 hands out the byte string with its CBOR head. */
    struct lk_view wrapped =
        LK_VIEW(fido_assert_authdata_ptr(assertion, 0), fido_assert_authdata_len(assertion, 0));

    if (fido_assert_count(assertion) == 0 ||
        lk_cbor_get_bytes(&wrapped, LK_AUTHENTICATOR_DATA_MAX, &answer.authenticator_data) ||
        lk_view_end(&wrapped))
        return LK_REASON_KEY_FAILED;
    if (answer.credential_id.len == 0)
        answer.credential_id = only;
    if (answer.credential_id.len == 0 || answer.signature.len == 0)
        return LK_REASON_KEY_FAILED;
    if (lk_device_assertion_encode(&talker->io.out, talker->io.request, &answer))
        return LK_REASON_KEY_FAILED; /* larger than any key's answer */
    return LK_REASON_NONE;
}

/* Which part of the allow list is asked for: all of it where it fits. NONE, or WRONG_KEY. */
static enum lk_reason lk_assertion_choose(struct lk_talker *talker,
                                          const struct lk_device_assert *request,
                                          uint32_t *ret_start, uint32_t *ret_count)
{
    struct lk_credential_list list = {request->relying_party, request->allow, request->allow_count};
    enum lk_found found = LK_FOUND_UNKNOWN;
    uint32_t whole = lk_list_chunk(talker, &list, 0);
    uint32_t start = 0;
    uint32_t count = whole;
    enum lk_reason reason = LK_REASON_NONE;
    uint32_t possible = 0;

    for (uint32_t i = 0; i < request->allow_count; i++)
        possible += lk_list_possible(talker, request->allow[i]);
    if (request->allow_count > 0 && possible == 0)
        return LK_REASON_WRONG_KEY;
    if ((request->flags & LK_CEREMONY_PROBE) || whole < request->allow_count)
        reason = lk_list_probe(talker, &list, &found, &start, &count);
    if (reason != LK_REASON_NONE)
        return reason;
    if (found == LK_FOUND_NO)
        return LK_REASON_WRONG_KEY;
    if (found == LK_FOUND_UNKNOWN && whole < request->allow_count)
        return LK_REASON_KEY_UNSUPPORTED;
    *ret_start = found == LK_FOUND_YES ? start : 0;
    *ret_count = found == LK_FOUND_YES ? count : whole;
    return LK_REASON_NONE;
}

enum lk_reason lk_talker_get_assertion(struct lk_talker *talker,
                                       const struct lk_device_assert *request)
{
    struct lk_assertion_attempt attempt = {0};
    struct lk_operation operation = {.run = lk_assertion_run, .context = &attempt};
    uint32_t start = 0;
    uint32_t count = 0;
    enum lk_reason reason = lk_assertion_choose(talker, request, &start, &count);
    int error = FIDO_ERR_INTERNAL;

    if (reason != LK_REASON_NONE)
        return reason;
    attempt.assertion = fido_assert_new();
    if (attempt.assertion)
        error = lk_assertion_prepare(talker, request, start, count, attempt.assertion);
    reason = error == FIDO_OK ? lk_talker_verify(talker, request->flags, &operation)
                              : lk_fido_reason(error);
    if (reason == LK_REASON_NONE)
        reason = lk_assertion_answer(talker, attempt.assertion,
                                     lk_assertion_only(talker, request, start, count));
    fido_assert_free(&attempt.assertion);
    return reason;
}
