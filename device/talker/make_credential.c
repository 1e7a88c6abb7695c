/* SPDX-License-Identifier: EUPL-1.2 */
/* authenticatorMakeCredential (CTAP 2.1 section 6.1): ES256, with the attestation the key gives. Nothing of it is verified here. */
#include <string.h>

#include <fido/es256.h>

#include "device/talker/errors.h"
#include "device/talker/talker.h"
#include "wire/wire.h"

struct lk_creation_attempt {
    fido_cred_t *credential;
};

static int lk_creation_run(struct lk_talker *talker, const char *pin, bool finger, void *context)
{
    struct lk_creation_attempt *attempt = context;
    int error = fido_cred_set_uv(attempt->credential, finger ? FIDO_OPT_TRUE : FIDO_OPT_OMIT);

    return error == FIDO_OK ? fido_dev_make_cred(talker->device, attempt->credential, pin) : error;
}

static int lk_creation_prepare(const struct lk_talker *talker,
                               const struct lk_device_create *request, bool exclude,
                               fido_cred_t *credential)
{
    int error = fido_cred_set_type(credential, COSE_ES256);

    if (error == FIDO_OK)
        error = fido_cred_set_clientdata_hash(credential, request->client_data_hash,
                                              sizeof(request->client_data_hash));
    if (error == FIDO_OK)
        error =
            fido_cred_set_rp(credential, request->relying_party,
                             request->relying_party_name[0] ? request->relying_party_name : NULL);
    if (error == FIDO_OK)
        error = fido_cred_set_user(credential, request->user_id, sizeof(request->user_id),
                                   request->user_name,
                                   request->display_name[0] ? request->display_name : NULL, NULL);
    if (error == FIDO_OK && (request->flags & LK_CEREMONY_RESIDENT))
        error = fido_cred_set_rk(credential, FIDO_OPT_TRUE);
    if (error == FIDO_OK && request->protection)
        error = fido_cred_set_prot(credential, request->protection);
    for (uint32_t i = 0; i < request->exclude_count && exclude && error == FIDO_OK; i++) {
        if (lk_list_possible(talker, request->exclude[i]))
            error =
                fido_cred_exclude(credential, request->exclude[i].data, request->exclude[i].len);
    }
    return error;
}

static enum lk_reason lk_creation_answer(struct lk_talker *talker, const fido_cred_t *credential)
{
    struct lk_attestation_object object = {
        .statement = LK_VIEW(fido_cred_attstmt_ptr(credential), fido_cred_attstmt_len(credential)),
        .authenticator_data =
            LK_VIEW(fido_cred_authdata_raw_ptr(credential), fido_cred_authdata_raw_len(credential)),
    };
    LK_CLEANUP(lk_buf_clear) struct lk_buf bytes = LK_BUF_INIT(LK_ATTESTATION_MAX);
    struct lk_device_credential answer = {0};
    const char *format = fido_cred_fmt(credential);

    if (!format || strlen(format) >= sizeof(object.format) || object.statement.len == 0 ||
        object.authenticator_data.len == 0)
        return LK_REASON_KEY_FAILED;
    memcpy(object.format, format, strlen(format));
    if (lk_attestation_object_encode(&bytes, &object))
        return LK_REASON_KEY_FAILED;
    answer.attestation_object = lk_buf_view(&bytes);
    if (lk_device_credential_encode(&talker->io.out, talker->io.request, &answer))
        return LK_REASON_KEY_FAILED;
    return LK_REASON_NONE;
}

/* What the request needs and the key says it lacks. */
static bool lk_creation_supported(const struct lk_talker *talker,
                                  const struct lk_device_create *request)
{
    if ((request->flags & LK_CEREMONY_RESIDENT) && !(talker->info.options & LK_KEY_RESIDENT))
        return false;
    return !request->protection || fido_dev_supports_cred_prot(talker->device);
}

/* A list that the key does not take in one command is asked for silently, part by part. So is every list before a selection: a key that is enrolled already must
 * not be the one that is chosen. *ret_exclude: give the list to the key. */
static enum lk_reason lk_creation_exclude(struct lk_talker *talker,
                                          const struct lk_device_create *request, bool *ret_exclude)
{
    struct lk_credential_list list = {request->relying_party, request->exclude,
                                      request->exclude_count};
    enum lk_found found = LK_FOUND_UNKNOWN;
    uint32_t start = 0;
    uint32_t count = 0;
    enum lk_reason reason = LK_REASON_NONE;

    *ret_exclude = lk_list_chunk(talker, &list, 0) == list.count;
    if (list.count == 0 || (*ret_exclude && !(request->flags & LK_CEREMONY_SELECT)))
        return LK_REASON_NONE;
    reason = lk_list_probe(talker, &list, &found, &start, &count);
    if (reason != LK_REASON_NONE)
        return reason;
    if (found == LK_FOUND_UNKNOWN && !*ret_exclude)
        return LK_REASON_KEY_UNSUPPORTED;
    return found == LK_FOUND_YES ? LK_REASON_KEY_EXCLUDED : LK_REASON_NONE;
}

enum lk_reason lk_talker_make_credential(struct lk_talker *talker,
                                         const struct lk_device_create *request)
{
    struct lk_creation_attempt attempt = {0};
    struct lk_operation operation = {.run = lk_creation_run, .context = &attempt};
    bool exclude = false;
    enum lk_reason reason = LK_REASON_NONE;
    int error = FIDO_ERR_INTERNAL;

    if (!lk_creation_supported(talker, request))
        return LK_REASON_KEY_UNSUPPORTED;
    reason = lk_creation_exclude(talker, request, &exclude);
    if (reason == LK_REASON_NONE && (request->flags & LK_CEREMONY_SELECT))
        reason = lk_talker_select(talker);
    if (reason != LK_REASON_NONE)
        return reason;
    attempt.credential = fido_cred_new();
    if (attempt.credential)
        error = lk_creation_prepare(talker, request, exclude, attempt.credential);
    reason = error == FIDO_OK ? lk_talker_verify(talker, request->flags, &operation)
                              : lk_fido_reason(error);
    if (reason == LK_REASON_NONE)
        reason = lk_creation_answer(talker, attempt.credential);
    fido_cred_free(&attempt.credential);
    return reason;
}
