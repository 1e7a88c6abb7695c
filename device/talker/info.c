/* SPDX-License-Identifier: EUPL-1.2 */
/* What the key says of itself (authenticatorGetInfo, CTAP 2.1 section 6.4). libfido2 parses it; here is only sorted what it parsed. */
#include <string.h>

#include "device/talker/talker.h"

static void lk_info_options(const fido_cbor_info_t *parsed, struct lk_device_info *info)
{
    char *const *names = fido_cbor_info_options_name_ptr(parsed);
    const bool *values = fido_cbor_info_options_value_ptr(parsed);

    for (size_t i = 0; i < fido_cbor_info_options_len(parsed); i++) {
        if (strcmp(names[i], "clientPin") == 0)
            info->options |= values[i] ? LK_KEY_PIN_CAPABLE | LK_KEY_PIN_SET : LK_KEY_PIN_CAPABLE;
        else if (strcmp(names[i], "uv") == 0 && values[i])
            info->options |= LK_KEY_UV_SET;
        else if (strcmp(names[i], "rk") == 0 && values[i])
            info->options |= LK_KEY_RESIDENT;
    }
}

static void lk_info_take(struct lk_talker *talker, const fido_cbor_info_t *parsed)
{
    struct lk_device_info *info = &talker->info;
    uint64_t minimum = fido_cbor_info_minpinlen(parsed);

    if (fido_cbor_info_aaguid_len(parsed) == sizeof(info->aaguid))
        memcpy(info->aaguid, fido_cbor_info_aaguid_ptr(parsed), sizeof(info->aaguid));
    info->firmware = fido_cbor_info_fwversion(parsed);
    if (minimum > LK_PIN_MINIMUM && minimum <= LK_PIN_MAX)
        info->minimum_pin = (uint8_t)minimum;
    lk_info_options(parsed, info);
    talker->limits = (struct lk_key_limits){
        .list_max = fido_cbor_info_maxcredcntlst(parsed),
        .id_max = fido_cbor_info_maxcredidlen(parsed),
        .message_max = fido_cbor_info_maxmsgsiz(parsed),
        .finger_tries = fido_cbor_info_uv_attempts(parsed),
    };
}

enum lk_reason lk_talker_read_info(struct lk_talker *talker)
{
    fido_cbor_info_t *parsed = NULL;
    int error = 0;

    talker->info =
        (struct lk_device_info){.pin_retries = LK_RETRIES_UNKNOWN, .minimum_pin = LK_PIN_MINIMUM};
    memcpy(talker->info.name, talker->node.name, sizeof(talker->info.name));
    if (!fido_dev_is_fido2(talker->device)) {
        talker->info.options = LK_KEY_CTAP1_ONLY;
        return LK_REASON_NONE;
    }
    parsed = fido_cbor_info_new();
    if (!parsed)
        return LK_REASON_INTERNAL;
    error = fido_dev_get_cbor_info(talker->device, parsed);
    if (error == FIDO_OK)
        lk_info_take(talker, parsed);
    fido_cbor_info_free(&parsed);
    return error == FIDO_OK ? LK_REASON_NONE : lk_talker_reason(talker, error);
}
