/* SPDX-License-Identifier: EUPL-1.2 */
/* Messages of the desk socket. States, kinds and reasons are plain numbers here: core/model knows their lists, and whoever acts on
 * one checks it there. */
#include "message/desk.h"

#include "message/bounds.h"

int lk_desk_status_encode(struct lk_buf *buf, uint32_t request)
{
    return lk_fields_encode_empty(buf, LK_MESSAGE_DESK_STATUS, request);
}

int lk_desk_end_encode(struct lk_buf *buf, uint32_t request)
{
    return lk_fields_encode_empty(buf, LK_MESSAGE_DESK_END, request);
}

int lk_desk_operators_encode(struct lk_buf *buf, uint32_t request)
{
    return lk_fields_encode_empty(buf, LK_MESSAGE_DESK_OPERATORS, request);
}

int lk_desk_reload_encode(struct lk_buf *buf, uint32_t request)
{
    return lk_fields_encode_empty(buf, LK_MESSAGE_DESK_RELOAD, request);
}

static const struct lk_field pair_list[] = {
    LK_TEXT(struct lk_desk_pair, name),
    LK_TEXT(struct lk_desk_pair, value),
};
static const struct lk_fields pair_fields = LK_FIELDS(pair_list);
static const struct lk_field pairs_list[] = {
    LK_RECORDS(struct lk_desk_pairs, count, pairs, LK_PAIRS_MAX, &pair_fields),
};
static const struct lk_fields pairs_fields = LK_FIELDS(pairs_list);
LK_FIELDS_ENCODER(lk_desk_pairs_encode, struct lk_desk_pairs, LK_MESSAGE_DESK_PAIRS, pairs_fields)
LK_FIELDS_DECODER(lk_desk_pairs_decode, struct lk_desk_pairs, pairs_fields)

static const struct lk_field filter_list[] = {
    LK_STRING(struct lk_desk_filter, name),
    LK_PREFIX(struct lk_desk_filter, credential_prefix_len, credential_prefix),
    LK_U8(struct lk_desk_filter, state),
    LK_BOOL(struct lk_desk_filter, all_versions),
    LK_U64(struct lk_desk_filter, after),
    LK_INT_FIELD(struct lk_desk_filter, most, 2, 1, LK_LIST_MOST),
};
static const struct lk_fields filter_fields = LK_FIELDS(filter_list);
LK_FIELDS_ENCODER(lk_desk_list_encode, struct lk_desk_filter, LK_MESSAGE_DESK_LIST, filter_fields)
LK_FIELDS_DECODER(lk_desk_list_decode, struct lk_desk_filter, filter_fields)

static const struct lk_field credential_list[] = {
    LK_VIEW_FIELD(struct lk_desk_credential, statement, 0, LK_BOUND_STATEMENT),
    LK_U8(struct lk_desk_credential, state),
    LK_U64(struct lk_desk_credential, entry),
    LK_U64(struct lk_desk_credential, activation),
    LK_U32(struct lk_desk_credential, counter),
    LK_I64(struct lk_desk_credential, created),
    LK_I64(struct lk_desk_credential, last_login),
    LK_NUMBERS(struct lk_desk_credential, reason_count, reasons, 16),
    LK_VIEWS(struct lk_desk_credential, endorsement_count, endorsements, 16, 1,
             LK_BOUND_ENDORSEMENT),
};
static const struct lk_fields credential_fields = LK_FIELDS(credential_list);
LK_FIELDS_ENCODER(lk_desk_credential_encode, struct lk_desk_credential, LK_MESSAGE_DESK_CREDENTIAL,
                  credential_fields)
LK_FIELDS_DECODER(lk_desk_credential_decode, struct lk_desk_credential, credential_fields)

static const struct lk_field create_list[] = {
    LK_U8(struct lk_desk_create, kind),
    LK_STRING(struct lk_desk_create, name),
    LK_TEXT(struct lk_desk_create, display_name),
    LK_BOOL(struct lk_desk_create, has_subject),
    LK_BYTES(struct lk_desk_create, subject),
    LK_VIEWS(struct lk_desk_create, exclude_count, exclude, LK_ALLOW_MAX, 1,
             LK_BOUND_CREDENTIAL_ID),
};
static const struct lk_fields create_fields = LK_FIELDS(create_list);
LK_FIELDS_ENCODER(lk_desk_create_encode, struct lk_desk_create, LK_MESSAGE_DESK_CREATE,
                  create_fields)
LK_FIELDS_DECODER(lk_desk_create_decode, struct lk_desk_create, create_fields)

static const struct lk_field created_list[] = {
    LK_BYTES(struct lk_desk_created, subject),
    LK_STRING(struct lk_desk_created, relying_party),
    LK_BYTES(struct lk_desk_created, client_data_hash),
    LK_VIEW_FIELD(struct lk_desk_created, attestation_object, 1, LK_BOUND_ATTESTATION_OBJECT),
    LK_RECORD(struct lk_desk_created, info, &lk_device_info_fields),
};
static const struct lk_fields created_fields = LK_FIELDS(created_list);
LK_FIELDS_ENCODER(lk_desk_created_encode, struct lk_desk_created, LK_MESSAGE_DESK_CREATED,
                  created_fields)
LK_FIELDS_DECODER(lk_desk_created_decode, struct lk_desk_created, created_fields)

static const struct lk_field sign_list[] = {
    LK_BYTES(struct lk_desk_sign, client_data_hash),
    LK_VIEWS(struct lk_desk_sign, allow_count, allow, LK_ALLOW_MAX, 1, LK_BOUND_CREDENTIAL_ID),
};
static const struct lk_fields sign_fields = LK_FIELDS(sign_list);
LK_FIELDS_ENCODER(lk_desk_sign_encode, struct lk_desk_sign, LK_MESSAGE_DESK_SIGN, sign_fields)
LK_FIELDS_DECODER(lk_desk_sign_decode, struct lk_desk_sign, sign_fields)

LK_FIELDS_ENCODER(lk_desk_signed_encode, struct lk_device_assertion, LK_MESSAGE_DESK_SIGNED,
                  lk_device_assertion_fields)
LK_FIELDS_DECODER(lk_desk_signed_decode, struct lk_device_assertion, lk_device_assertion_fields)

static const struct lk_field submit_list[] = {
    LK_VIEW_FIELD(struct lk_desk_submit, statement, 1, LK_BOUND_STATEMENT),
    LK_VIEW_FIELD(struct lk_desk_submit, attestation_object, 0, LK_BOUND_ATTESTATION_OBJECT),
    LK_VIEW_FIELD(struct lk_desk_submit, client_data_hash, 32, 32),
};
static const struct lk_fields submit_fields = LK_FIELDS(submit_list);
LK_FIELDS_ENCODER(lk_desk_submit_encode, struct lk_desk_submit, LK_MESSAGE_DESK_SUBMIT,
                  submit_fields)
LK_FIELDS_DECODER(lk_desk_submit_decode, struct lk_desk_submit, submit_fields)

static const struct lk_field test_list[] = {LK_BYTES(struct lk_desk_test, statement)};
static const struct lk_fields test_fields = LK_FIELDS(test_list);
LK_FIELDS_ENCODER(lk_desk_test_encode, struct lk_desk_test, LK_MESSAGE_DESK_TEST, test_fields)
LK_FIELDS_DECODER(lk_desk_test_decode, struct lk_desk_test, test_fields)

static const struct lk_field endorse_list[] = {
    LK_VIEW_FIELD(struct lk_desk_endorse, endorsement, 1, LK_BOUND_ENDORSEMENT),
    LK_INT_FIELD(struct lk_desk_endorse, count, 4, 1, LK_BATCH_MAX),
    LK_VIEW_FIELD(struct lk_desk_endorse, statements, 32, 32 * LK_BATCH_MAX),
};
static const struct lk_fields endorse_fields = LK_FIELDS(endorse_list);

/* The count is said twice, in the number and in the length: they must agree. */
static int lk_desk_endorse_check(const struct lk_desk_endorse *endorse)
{
    return endorse->statements.len == (size_t)endorse->count * 32 ? 0 : -LK_ERR_RANGE;
}

int lk_desk_endorse_encode(struct lk_buf *buf, uint32_t request,
                           const struct lk_desk_endorse *endorse)
{
    int r = lk_desk_endorse_check(endorse);

    if (r != 0)
        return r;
    return lk_fields_encode(buf, LK_MESSAGE_DESK_ENDORSE, request, &endorse_fields, endorse);
}

int lk_desk_endorse_decode(struct lk_view payload, struct lk_desk_endorse *ret_endorse)
{
    struct lk_desk_endorse endorse = {0};
    int r = lk_fields_decode(payload, &endorse_fields, &endorse);

    if (r == 0)
        r = lk_desk_endorse_check(&endorse);
    if (r == 0)
        *ret_endorse = endorse;
    return r;
}

static const struct lk_field state_list[] = {
    LK_VIEW_FIELD(struct lk_desk_state, endorsement, 1, LK_BOUND_ENDORSEMENT),
    LK_VIEWS(struct lk_desk_state, count, changes, 64, 1, LK_BOUND_STATEMENT),
    LK_BOOL(struct lk_desk_state, own_sessions_only),
};
static const struct lk_fields state_fields = LK_FIELDS(state_list);
LK_FIELDS_ENCODER(lk_desk_state_encode, struct lk_desk_state, LK_MESSAGE_DESK_STATE, state_fields)
LK_FIELDS_DECODER(lk_desk_state_decode, struct lk_desk_state, state_fields)

static const struct lk_field lost_credential_list[] = {{.kind = LK_FIELD_BYTES, .size = 32}};
static const struct lk_fields lost_credential_fields = LK_FIELDS(lost_credential_list);
static const struct lk_field lost_list[] = {
    LK_STRING(struct lk_desk_lost, name),
    {.kind = LK_FIELD_RECORDS,
     .offset = offsetof(struct lk_desk_lost, credentials),
     .size = LK_MEMBER_SIZE(struct lk_desk_lost, credentials[0]),
     .count_offset = offsetof(struct lk_desk_lost, count),
     .low = 1,
     .most = 32,
     .record = &lost_credential_fields},
};
static const struct lk_fields lost_fields = LK_FIELDS(lost_list);
LK_FIELDS_ENCODER(lk_desk_lost_encode, struct lk_desk_lost, LK_MESSAGE_DESK_LOST, lost_fields)
LK_FIELDS_DECODER(lk_desk_lost_decode, struct lk_desk_lost, lost_fields)

static const struct lk_field register_list[] = {
    LK_U64(struct lk_desk_register, first),
    LK_U32(struct lk_desk_register, most),
};
static const struct lk_fields register_fields = LK_FIELDS(register_list);
LK_FIELDS_ENCODER(lk_desk_register_encode, struct lk_desk_register, LK_MESSAGE_DESK_REGISTER,
                  register_fields)
LK_FIELDS_DECODER(lk_desk_register_decode, struct lk_desk_register, register_fields)

static const struct lk_field entry_list[] = {
    LK_VIEW_FIELD(struct lk_desk_entry, entry, 1, LK_BOUND_OBJECT),
    LK_VIEW_FIELD(struct lk_desk_entry, object, 0, LK_BOUND_OBJECT),
    LK_VIEWS(struct lk_desk_entry, endorsement_count, endorsements, LK_ALLOW_MAX, 1,
             LK_BOUND_ENDORSEMENT),
};
static const struct lk_fields entry_fields = LK_FIELDS(entry_list);
LK_FIELDS_ENCODER(lk_desk_entry_encode, struct lk_desk_entry, LK_MESSAGE_DESK_ENTRY, entry_fields)
LK_FIELDS_DECODER(lk_desk_entry_decode, struct lk_desk_entry, entry_fields)

static const struct lk_field chain_list[] = {
    LK_VIEW_FIELD(struct lk_desk_chain, chain, 0, LK_FRAME_MAX - LK_FRAME_HEADER - 2),
};
static const struct lk_fields chain_fields = LK_FIELDS(chain_list);
LK_FIELDS_ENCODER(lk_desk_chain_encode, struct lk_desk_chain, LK_MESSAGE_DESK_CHAIN, chain_fields)
LK_FIELDS_DECODER(lk_desk_chain_decode, struct lk_desk_chain, chain_fields)

static const struct lk_field log_list[] = {
    LK_STRING(struct lk_desk_log_filter, name),
    LK_U64(struct lk_desk_log_filter, first),
    LK_INT_FIELD(struct lk_desk_log_filter, most, 4, 1, 1000),
};
static const struct lk_fields log_fields = LK_FIELDS(log_list);
LK_FIELDS_ENCODER(lk_desk_log_encode, struct lk_desk_log_filter, LK_MESSAGE_DESK_LOG, log_fields)
LK_FIELDS_DECODER(lk_desk_log_decode, struct lk_desk_log_filter, log_fields)

static const struct lk_field record_list[] = {
    LK_U64(struct lk_desk_record, number),    LK_I64(struct lk_desk_record, time),
    LK_U32(struct lk_desk_record, reason),    LK_U8(struct lk_desk_record, kind),
    LK_BYTES(struct lk_desk_record, subject), LK_BYTES(struct lk_desk_record, credential),
    LK_BYTES(struct lk_desk_record, aaguid),  LK_U8(struct lk_desk_record, flags),
    LK_U32(struct lk_desk_record, counter),   LK_U32(struct lk_desk_record, milliseconds),
    LK_U32(struct lk_desk_record, count),     LK_TEXT(struct lk_desk_record, name),
    LK_TEXT(struct lk_desk_record, service),  LK_TEXT(struct lk_desk_record, remote_host),
};
static const struct lk_fields record_fields = LK_FIELDS(record_list);
LK_FIELDS_ENCODER(lk_desk_record_encode, struct lk_desk_record, LK_MESSAGE_DESK_RECORD,
                  record_fields)
LK_FIELDS_DECODER(lk_desk_record_decode, struct lk_desk_record, record_fields)

static const struct lk_field restore_list[] = {
    LK_VIEW_FIELD(struct lk_desk_restore, restore, 1, LK_BOUND_STATEMENT),
    LK_VIEWS(struct lk_desk_restore, endorsement_count, endorsements, 16, 1, LK_BOUND_ENDORSEMENT),
};
static const struct lk_fields restore_fields = LK_FIELDS(restore_list);
LK_FIELDS_ENCODER(lk_desk_restore_encode, struct lk_desk_restore, LK_MESSAGE_DESK_RESTORE,
                  restore_fields)
LK_FIELDS_DECODER(lk_desk_restore_decode, struct lk_desk_restore, restore_fields)

static const struct lk_field result_list[] = {
    LK_U32(struct lk_desk_result, reason), LK_U64(struct lk_desk_result, number),
    LK_U64(struct lk_desk_result, detail), LK_U8(struct lk_desk_result, retries),
    LK_TEXT(struct lk_desk_result, text),
};
static const struct lk_fields result_fields = LK_FIELDS(result_list);
LK_FIELDS_ENCODER(lk_desk_result_encode, struct lk_desk_result, LK_MESSAGE_DESK_RESULT,
                  result_fields)
LK_FIELDS_DECODER(lk_desk_result_decode, struct lk_desk_result, result_fields)

static const struct lk_field agent_list[] = {
    LK_STRING(struct lk_desk_agent, name),    LK_BOOL(struct lk_desk_agent, set_full_name),
    LK_TEXT(struct lk_desk_agent, full_name), LK_BOOL(struct lk_desk_agent, set_email),
    LK_TEXT(struct lk_desk_agent, email),
};
static const struct lk_fields agent_fields = LK_FIELDS(agent_list);
LK_FIELDS_ENCODER(lk_desk_agent_encode, struct lk_desk_agent, LK_MESSAGE_DESK_AGENT, agent_fields)
LK_FIELDS_DECODER(lk_desk_agent_decode, struct lk_desk_agent, agent_fields)

static const struct lk_field agent_record_list[] = {
    LK_BYTES(struct lk_desk_agent_record, subject),
    LK_TEXT(struct lk_desk_agent_record, full_name),
    LK_TEXT(struct lk_desk_agent_record, email),
};
static const struct lk_fields agent_record_fields = LK_FIELDS(agent_record_list);
LK_FIELDS_ENCODER(lk_desk_agent_record_encode, struct lk_desk_agent_record,
                  LK_MESSAGE_DESK_AGENT_RECORD, agent_record_fields)
LK_FIELDS_DECODER(lk_desk_agent_record_decode, struct lk_desk_agent_record, agent_record_fields)
