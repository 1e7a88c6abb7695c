/* SPDX-License-Identifier: EUPL-1.2 */
/* Messages between broker, opener and talker. The talker has read bytes of a strange USB device, so what it says is bounded here as if
 * the device had said it. */
#include "message/device.h"

#include "message/bounds.h"

int lk_device_start_encode(struct lk_buf *buf, uint32_t ceremony)
{
    return lk_fields_encode_empty(buf, LK_MESSAGE_DEVICE_START, ceremony);
}

int lk_device_stop_encode(struct lk_buf *buf, uint32_t ceremony)
{
    return lk_fields_encode_empty(buf, LK_MESSAGE_DEVICE_STOP, ceremony);
}

int lk_device_none_encode(struct lk_buf *buf, uint32_t ceremony)
{
    return lk_fields_encode_empty(buf, LK_MESSAGE_DEVICE_NONE, ceremony);
}

int lk_device_selected_encode(struct lk_buf *buf, uint32_t request)
{
    return lk_fields_encode_empty(buf, LK_MESSAGE_DEVICE_SELECTED, request);
}

static const struct lk_field busy_list[] = {LK_TEXT(struct lk_device_busy, detail)};
static const struct lk_fields busy_fields = LK_FIELDS(busy_list);
LK_FIELDS_ENCODER(lk_device_busy_encode, struct lk_device_busy, LK_MESSAGE_DEVICE_BUSY, busy_fields)
LK_FIELDS_DECODER(lk_device_busy_decode, struct lk_device_busy, busy_fields)

static const struct lk_field key_list[] = {
    LK_INT_FIELD(struct lk_device_key, key, 4, 1, UINT32_MAX),
    LK_TEXT(struct lk_device_key, name),
};
static const struct lk_fields key_fields = LK_FIELDS(key_list);
LK_FIELDS_ENCODER(lk_device_key_encode, struct lk_device_key, LK_MESSAGE_DEVICE_KEY, key_fields)
LK_FIELDS_DECODER(lk_device_key_decode, struct lk_device_key, key_fields)

static const struct lk_field node_list[] = {
    LK_INT_FIELD(struct lk_device_node, report_in, 2, 8, 1024),
    LK_INT_FIELD(struct lk_device_node, report_out, 2, 8, 1024),
    LK_TEXT(struct lk_device_node, name),
};
static const struct lk_fields node_fields = LK_FIELDS(node_list);
LK_FIELDS_DECODER(lk_device_node_decode, struct lk_device_node, node_fields)

int lk_device_node_encode(struct lk_buf *buf, const struct lk_device_node *node)
{
    return lk_fields_encode(buf, LK_MESSAGE_DEVICE_NODE, 0, &node_fields, node);
}

enum {
    LK_CEREMONY_ALL = LK_CEREMONY_UV | LK_CEREMONY_PROBE | LK_CEREMONY_PIN | LK_CEREMONY_RESIDENT |
                      LK_CEREMONY_CHOOSE_PIN | LK_CEREMONY_SELECT,
    LK_KEY_ALL =
        LK_KEY_PIN_SET | LK_KEY_PIN_CAPABLE | LK_KEY_UV_SET | LK_KEY_RESIDENT | LK_KEY_CTAP1_ONLY
};

static const struct lk_field assert_list[] = {
    LK_FLAGS(struct lk_device_assert, flags, LK_CEREMONY_ALL),
    LK_U32(struct lk_device_assert, timeout_ms),
    LK_STRING(struct lk_device_assert, relying_party),
    LK_BYTES(struct lk_device_assert, client_data_hash),
    LK_VIEWS(struct lk_device_assert, allow_count, allow, LK_ALLOW_MAX, 1, LK_BOUND_CREDENTIAL_ID),
};
static const struct lk_fields assert_fields = LK_FIELDS(assert_list);
LK_FIELDS_ENCODER(lk_device_assert_encode, struct lk_device_assert, LK_MESSAGE_DEVICE_ASSERT,
                  assert_fields)
LK_FIELDS_DECODER(lk_device_assert_decode, struct lk_device_assert, assert_fields)

static const struct lk_field create_list[] = {
    LK_FLAGS(struct lk_device_create, flags, LK_CEREMONY_ALL),
    LK_U32(struct lk_device_create, timeout_ms),
    LK_STRING(struct lk_device_create, relying_party),
    LK_TEXT(struct lk_device_create, relying_party_name),
    LK_BYTES(struct lk_device_create, client_data_hash),
    LK_BYTES(struct lk_device_create, user_id),
    LK_STRING(struct lk_device_create, user_name),
    LK_TEXT(struct lk_device_create, display_name),
    LK_INT_FIELD(struct lk_device_create, protection, 1, 0, 3),
    LK_VIEWS(struct lk_device_create, exclude_count, exclude, LK_ALLOW_MAX, 1,
             LK_BOUND_CREDENTIAL_ID),
};
static const struct lk_fields create_fields = LK_FIELDS(create_list);
LK_FIELDS_ENCODER(lk_device_create_encode, struct lk_device_create, LK_MESSAGE_DEVICE_CREATE,
                  create_fields)
LK_FIELDS_DECODER(lk_device_create_decode, struct lk_device_create, create_fields)

static const struct lk_field info_list[] = {
    LK_BYTES(struct lk_device_info, aaguid),
    LK_U64(struct lk_device_info, firmware),
    LK_TEXT(struct lk_device_info, name),
    LK_FLAGS(struct lk_device_info, options, LK_KEY_ALL),
    LK_U8(struct lk_device_info, pin_retries),
    LK_INT_FIELD(struct lk_device_info, minimum_pin, 1, 0, LK_PIN_MAX),
};
const struct lk_fields lk_device_info_fields = LK_FIELDS(info_list);
LK_FIELDS_ENCODER(lk_device_info_encode, struct lk_device_info, LK_MESSAGE_DEVICE_INFO,
                  lk_device_info_fields)
LK_FIELDS_DECODER(lk_device_info_decode, struct lk_device_info, lk_device_info_fields)

static const struct lk_field assertion_list[] = {
    LK_VIEW_FIELD(struct lk_device_assertion, credential_id, 1, LK_BOUND_CREDENTIAL_ID),
    LK_VIEW_FIELD(struct lk_device_assertion, authenticator_data, 1, LK_BOUND_AUTHENTICATOR_DATA),
    LK_VIEW_FIELD(struct lk_device_assertion, signature, 1, LK_BOUND_SIGNATURE),
    LK_VIEW_FIELD(struct lk_device_assertion, user_handle, 0, LK_BOUND_USER_HANDLE),
};
const struct lk_fields lk_device_assertion_fields = LK_FIELDS(assertion_list);
LK_FIELDS_ENCODER(lk_device_assertion_encode, struct lk_device_assertion,
                  LK_MESSAGE_DEVICE_ASSERTION, lk_device_assertion_fields)
LK_FIELDS_DECODER(lk_device_assertion_decode, struct lk_device_assertion,
                  lk_device_assertion_fields)

static const struct lk_field credential_list[] = {
    LK_VIEW_FIELD(struct lk_device_credential, attestation_object, 1, LK_BOUND_ATTESTATION_OBJECT),
};
static const struct lk_fields credential_fields = LK_FIELDS(credential_list);
LK_FIELDS_ENCODER(lk_device_credential_encode, struct lk_device_credential,
                  LK_MESSAGE_DEVICE_CREDENTIAL, credential_fields)
LK_FIELDS_DECODER(lk_device_credential_decode, struct lk_device_credential, credential_fields)

static const struct lk_field failed_list[] = {
    LK_U32(struct lk_device_failed, reason),
    LK_U8(struct lk_device_failed, retries),
};
static const struct lk_fields failed_fields = LK_FIELDS(failed_list);
LK_FIELDS_ENCODER(lk_device_failed_encode, struct lk_device_failed, LK_MESSAGE_DEVICE_FAILED,
                  failed_fields)
LK_FIELDS_DECODER(lk_device_failed_decode, struct lk_device_failed, failed_fields)
