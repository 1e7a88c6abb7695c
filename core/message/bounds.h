/* SPDX-License-Identifier: EUPL-1.2 */
/* Inside core/message only: bounds of the byte strings that a security key makes, and the fields that two sockets share. */
#ifndef LK_MESSAGE_BOUNDS_H
#define LK_MESSAGE_BOUNDS_H

#include "message/fields.h"

enum {
    LK_BOUND_CREDENTIAL_ID = 1023,      /* WebAuthn L3 section 4, "Credential ID" */
    LK_BOUND_AUTHENTICATOR_DATA = 8192, /* 37 bytes, and extensions */
    LK_BOUND_SIGNATURE = 1024,
    LK_BOUND_USER_HANDLE = 64, /* WebAuthn L3 section 5.4.3 */
    LK_BOUND_CLIENT_DATA = 16384,
    LK_BOUND_ATTESTATION_OBJECT = 32768,
    LK_BOUND_STATEMENT = 16384,
    LK_BOUND_ENDORSEMENT = 8192,
    LK_BOUND_OBJECT = 32768 /* what a register entry records */
};

extern const struct lk_fields lk_device_info_fields;
extern const struct lk_fields lk_device_assertion_fields;

#endif
