/* SPDX-License-Identifier: EUPL-1.2 */
/* Lists of credentials, and the silent question whether this key holds one of them. A key takes only so many at once (CTAP 2.1 section 6.4, 0x07 and 0x05):
 * a list that does not fit is asked in chunks. */
#include <string.h>

#include "device/talker/talker.h"

enum {
    LK_MESSAGE_MAX_DEFAULT =
        1024, /* CTAP 2.1 section 6.4, maxMsgSize: what holds if it is not told */
    LK_COMMAND_OVERHEAD =
        192, /* hash, PIN protocol and token, options, extensions and heads around a list */
    LK_LIST_ENTRY_OVERHEAD = 24 /* {"id": h'', "type": "public-key"} without the id */
};

bool lk_list_possible(const struct lk_talker *talker, struct lk_view id)
{
    return talker->limits.id_max == 0 || id.len <= talker->limits.id_max;
}

uint32_t lk_list_chunk(const struct lk_talker *talker, const struct lk_credential_list *list,
                       uint32_t start)
{
    uint64_t room =
        talker->limits.message_max ? talker->limits.message_max : LK_MESSAGE_MAX_DEFAULT;
    uint64_t used = LK_COMMAND_OVERHEAD + strlen(list->relying_party);
    uint64_t taken = 0;
    uint32_t i = start;

    for (; i < list->count; i++) {
        if (!lk_list_possible(talker, list->ids[i]))
            continue;
        used += LK_LIST_ENTRY_OVERHEAD + list->ids[i].len;
        if (taken > 0 &&
            (used > room || (talker->limits.list_max && taken == talker->limits.list_max)))
            break;
        taken++;
    }
    return i - start;
}

/* One silent question. *ret_found unless the key is lost. */
static enum lk_reason lk_list_ask(struct lk_talker *talker, const struct lk_credential_list *list,
                                  uint32_t start, uint32_t count, enum lk_found *ret_found)
{
    static const uint8_t hash[32] = {0}; /* what a silent assertion signs is thrown away */
    fido_assert_t *assertion = fido_assert_new();
    uint32_t allowed = 0;
    int error = FIDO_ERR_INTERNAL;

    if (assertion)
        error = fido_assert_set_rp(assertion, list->relying_party);
    if (error == FIDO_OK)
        error = fido_assert_set_clientdata_hash(assertion, hash, sizeof(hash));
    if (error == FIDO_OK)
        error = fido_assert_set_up(assertion, FIDO_OPT_FALSE);
    for (uint32_t i = start; i < start + count && error == FIDO_OK; i++) {
        if (!lk_list_possible(talker, list->ids[i]))
            continue;
        error = fido_assert_allow_cred(assertion, list->ids[i].data, list->ids[i].len);
        allowed++;
    }
    /* An empty list would ask for any discoverable credential: another question. */
    if (error == FIDO_OK && allowed == 0 && list->count > 0)
        error = FIDO_ERR_NO_CREDENTIALS;
    else if (error == FIDO_OK)
        error = fido_dev_get_assert(talker->device, assertion, NULL);
    fido_assert_free(&assertion);
    if (talker->io.ended)
        return talker->io.ended;
    if (error == FIDO_OK)
        *ret_found = LK_FOUND_YES;
    else if (error == FIDO_ERR_NO_CREDENTIALS || error == FIDO_ERR_INVALID_CREDENTIAL)
        *ret_found = LK_FOUND_NO;
    else if (error > 0)
        *ret_found = LK_FOUND_UNKNOWN;
    else
        return lk_talker_reason(talker, error);
    return LK_REASON_NONE;
}

enum lk_reason lk_list_probe(struct lk_talker *talker, const struct lk_credential_list *list,
                             enum lk_found *ret_found, uint32_t *ret_start, uint32_t *ret_count)
{
    uint32_t start = 0;

    *ret_found = LK_FOUND_NO;
    do {
        uint32_t count = lk_list_chunk(talker, list, start);
        enum lk_reason reason = lk_list_ask(talker, list, start, count, ret_found);

        if (reason != LK_REASON_NONE || *ret_found != LK_FOUND_NO) {
            *ret_start = start;
            *ret_count = count;
            return reason;
        }
        start += count;
    } while (start < list->count);
    return LK_REASON_NONE;
}
