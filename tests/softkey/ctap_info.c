/* SPDX-License-Identifier: EUPL-1.2 */
/* authenticatorGetInfo (CTAP 2.1 section 6.4). */
#include "ctap.h"
#include "pin.h"

static void lk_info_options(const struct lk_softkey *key, struct lk_writer *reply)
{
    bool uv = key->uv != LK_UV_OFF;

    lk_write_int(reply, 4);
    lk_write_map(reply, uv ? 7 : 6);
    lk_write_text(reply, "rk");
    lk_write_bool(reply, true);
    lk_write_text(reply, "up");
    lk_write_bool(reply, true);
    if (uv) {
        lk_write_text(reply, "uv");
        lk_write_bool(reply, true);
    }
    lk_write_text(reply, "plat");
    lk_write_bool(reply, false);
    lk_write_text(reply, "clientPin");
    lk_write_bool(reply, key->state.pin_set);
    lk_write_text(reply, "pinUvAuthToken");
    lk_write_bool(reply, true);
    lk_write_text(reply, "makeCredUvNotRqd");
    lk_write_bool(reply, true);
}

static void lk_info_algorithms(struct lk_writer *reply)
{
    static const int algorithms[] = {LK_ALG_ES256, LK_ALG_EDDSA};

    lk_write_int(reply, 10);
    lk_write_array(reply, 2);
    for (unsigned i = 0; i < 2; i++) {
        lk_write_map(reply, 2);
        lk_write_text(reply, "alg");
        lk_write_int(reply, algorithms[i]);
        lk_write_text(reply, "type");
        lk_write_text(reply, "public-key");
    }
}

int lk_ctap_get_info(struct lk_softkey *key, struct lk_reader request, struct lk_writer *reply)
{
    if (request.length > 0)
        return LK_CTAP_INVALID_LENGTH;
    lk_write_map(reply, 13);
    lk_write_int(reply, 1); /* versions */
    lk_write_array(reply, 2);
    lk_write_text(reply, "FIDO_2_0");
    lk_write_text(reply, "FIDO_2_1");
    lk_write_int(reply, 2); /* extensions */
    lk_write_array(reply, 1);
    lk_write_text(reply, "credProtect");
    lk_write_int(reply, 3);
    lk_write_bytes(reply, key->settings.aaguid, sizeof(key->settings.aaguid));
    lk_info_options(key, reply);
    lk_write_int(reply, 5); /* maxMsgSize */
    lk_write_int(reply, LK_CTAP_ACCEPTED_MAX);
    lk_write_int(reply, 6); /* pinUvAuthProtocols, preferred first */
    lk_write_array(reply, key->settings.only_pin_protocol == 0 ? 2 : 1);
    if (key->settings.only_pin_protocol != 1)
        lk_write_int(reply, 2);
    if (key->settings.only_pin_protocol != 2)
        lk_write_int(reply, 1);
    lk_write_int(reply, 7); /* maxCredentialCountInList */
    lk_write_int(reply, LK_ALLOW_LIST_MAX);
    lk_write_int(reply, 8); /* maxCredentialIdLength */
    lk_write_int(reply, LK_CREDENTIAL_ID_SIZE);
    lk_write_int(reply, 9); /* transports */
    lk_write_array(reply, 1);
    lk_write_text(reply, "usb");
    lk_info_algorithms(reply);
    lk_write_int(reply, 13); /* minPINLength */
    lk_write_int(reply, LK_PIN_LENGTH_MIN);
    lk_write_int(reply, 14);
    lk_write_int(reply, key->settings.firmware_version);
    lk_write_int(reply, 20); /* remainingDiscoverableCredentials */
    lk_write_int(reply, (int64_t)(LK_RESIDENTS_MAX - key->state.resident_count));
    return LK_CTAP_OK;
}
