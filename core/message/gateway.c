/* SPDX-License-Identifier: EUPL-1.2 */
/* Messages of the gateway socket. Credential id, authenticator data, signature, user handle and client data come from a browser on
 * the open network; they are bounded here and judged in core/verify. */
#include "message/gateway.h"

#include "message/bounds.h"

static const struct lk_field challenge_list[] = {
    LK_INT_FIELD(struct lk_gateway_challenge, purpose, 1, LK_PURPOSE_LOGIN, LK_PURPOSE_LOGIN),
    LK_BYTES(struct lk_gateway_challenge, transaction),
};
static const struct lk_fields challenge_fields = LK_FIELDS(challenge_list);
LK_FIELDS_ENCODER(lk_gateway_challenge_encode, struct lk_gateway_challenge,
                  LK_MESSAGE_GATEWAY_CHALLENGE, challenge_fields)
LK_FIELDS_DECODER(lk_gateway_challenge_decode, struct lk_gateway_challenge, challenge_fields)

static const struct lk_field token_list[] = {
    LK_VIEW_FIELD(struct lk_gateway_token, token, LK_TOKEN_SIZE, LK_TOKEN_SIZE),
};
static const struct lk_fields token_fields = LK_FIELDS(token_list);
LK_FIELDS_ENCODER(lk_gateway_token_encode, struct lk_gateway_token, LK_MESSAGE_GATEWAY_TOKEN,
                  token_fields)
LK_FIELDS_DECODER(lk_gateway_token_decode, struct lk_gateway_token, token_fields)

static const struct lk_field login_list[] = {
    LK_BYTES(struct lk_gateway_login, transaction),
    LK_VIEW_FIELD(struct lk_gateway_login, credential_id, 1, LK_BOUND_CREDENTIAL_ID),
    LK_VIEW_FIELD(struct lk_gateway_login, authenticator_data, 1, LK_BOUND_AUTHENTICATOR_DATA),
    LK_VIEW_FIELD(struct lk_gateway_login, signature, 1, LK_BOUND_SIGNATURE),
    LK_VIEW_FIELD(struct lk_gateway_login, user_handle, 0, LK_BOUND_USER_HANDLE),
    LK_VIEW_FIELD(struct lk_gateway_login, client_data, 1, LK_BOUND_CLIENT_DATA),
};
static const struct lk_fields login_fields = LK_FIELDS(login_list);
LK_FIELDS_ENCODER(lk_gateway_login_encode, struct lk_gateway_login, LK_MESSAGE_GATEWAY_LOGIN,
                  login_fields)
LK_FIELDS_DECODER(lk_gateway_login_decode, struct lk_gateway_login, login_fields)

static const struct lk_field verdict_list[] = {
    LK_U32(struct lk_gateway_verdict, reason),
    LK_BYTES(struct lk_gateway_verdict, subject),
    LK_STRING(struct lk_gateway_verdict, name),
    LK_TEXT(struct lk_gateway_verdict, full_name),
    LK_STRING(struct lk_gateway_verdict, groups),
    LK_FLAGS(struct lk_gateway_verdict, facts,
             LK_LOGIN_FACT_USER_VERIFIED | LK_LOGIN_FACT_ATTESTED),
};
static const struct lk_fields verdict_fields = LK_FIELDS(verdict_list);
LK_FIELDS_ENCODER(lk_gateway_verdict_encode, struct lk_gateway_verdict, LK_MESSAGE_GATEWAY_VERDICT,
                  verdict_fields)
LK_FIELDS_DECODER(lk_gateway_verdict_decode, struct lk_gateway_verdict, verdict_fields)

static const struct lk_field prove_list[] = {
    LK_BYTES(struct lk_worker_prove, nonce),
    LK_BYTES(struct lk_worker_prove, transaction),
    LK_STRING(struct lk_worker_prove, name),
};
static const struct lk_fields prove_fields = LK_FIELDS(prove_list);
LK_FIELDS_ENCODER(lk_worker_prove_encode, struct lk_worker_prove, LK_MESSAGE_WORKER_PROVE,
                  prove_fields)
LK_FIELDS_DECODER(lk_worker_prove_decode, struct lk_worker_prove, prove_fields)

static const struct lk_field code_list[] = {
    LK_BYTES(struct lk_gateway_code, transaction),
    LK_BYTES(struct lk_gateway_code, code),
    LK_BYTES(struct lk_gateway_code, sid),
    LK_STRING(struct lk_gateway_code, client),
    LK_VIEW_FIELD(struct lk_gateway_code, data, 0, LK_CODE_DATA_MAX),
};
static const struct lk_fields code_fields = LK_FIELDS(code_list);
LK_FIELDS_ENCODER(lk_gateway_code_encode, struct lk_gateway_code, LK_MESSAGE_GATEWAY_CODE,
                  code_fields)
LK_FIELDS_DECODER(lk_gateway_code_decode, struct lk_gateway_code, code_fields)

static const struct lk_field redeem_list[] = {
    LK_BYTES(struct lk_gateway_redeem, code),
    LK_BYTES(struct lk_gateway_redeem, access),
    LK_STRING(struct lk_gateway_redeem, client),
};
static const struct lk_fields redeem_fields = LK_FIELDS(redeem_list);
LK_FIELDS_ENCODER(lk_gateway_redeem_encode, struct lk_gateway_redeem, LK_MESSAGE_GATEWAY_REDEEM,
                  redeem_fields)
LK_FIELDS_DECODER(lk_gateway_redeem_decode, struct lk_gateway_redeem, redeem_fields)

static const struct lk_field access_list[] = {
    LK_BYTES(struct lk_gateway_access, access),
};
static const struct lk_fields access_fields = LK_FIELDS(access_list);
LK_FIELDS_ENCODER(lk_gateway_access_encode, struct lk_gateway_access, LK_MESSAGE_GATEWAY_ACCESS,
                  access_fields)
LK_FIELDS_DECODER(lk_gateway_access_decode, struct lk_gateway_access, access_fields)

static const struct lk_field redeemed_list[] = {
    LK_U32(struct lk_gateway_redeemed, reason),
    LK_BYTES(struct lk_gateway_redeemed, subject),
    LK_BYTES(struct lk_gateway_redeemed, sid),
    LK_STRING(struct lk_gateway_redeemed, client),
    LK_STRING(struct lk_gateway_redeemed, name),
    LK_TEXT(struct lk_gateway_redeemed, full_name),
    LK_TEXT(struct lk_gateway_redeemed, email),
    LK_STRING(struct lk_gateway_redeemed, groups),
    LK_I64(struct lk_gateway_redeemed, auth_time),
    LK_FLAGS(struct lk_gateway_redeemed, facts,
             LK_LOGIN_FACT_USER_VERIFIED | LK_LOGIN_FACT_ATTESTED),
    LK_VIEW_FIELD(struct lk_gateway_redeemed, data, 0, LK_CODE_DATA_MAX),
};
static const struct lk_fields redeemed_fields = LK_FIELDS(redeemed_list);
LK_FIELDS_ENCODER(lk_gateway_redeemed_encode, struct lk_gateway_redeemed,
                  LK_MESSAGE_GATEWAY_REDEEMED, redeemed_fields)
LK_FIELDS_DECODER(lk_gateway_redeemed_decode, struct lk_gateway_redeemed, redeemed_fields)

static const struct lk_field end_list[] = {
    LK_BYTES(struct lk_gateway_end, sid),
    LK_STRING(struct lk_gateway_end, client),
};
static const struct lk_fields end_fields = LK_FIELDS(end_list);
LK_FIELDS_ENCODER(lk_gateway_end_encode, struct lk_gateway_end, LK_MESSAGE_GATEWAY_END, end_fields)
LK_FIELDS_DECODER(lk_gateway_end_decode, struct lk_gateway_end, end_fields)

static const struct lk_field logouts_list[] = {
    LK_INT_FIELD(struct lk_gateway_logouts, most, 2, 1, LK_LOGOUTS_MAX),
};
static const struct lk_fields logouts_fields = LK_FIELDS(logouts_list);
LK_FIELDS_ENCODER(lk_gateway_logouts_encode, struct lk_gateway_logouts, LK_MESSAGE_GATEWAY_LOGOUTS,
                  logouts_fields)
LK_FIELDS_DECODER(lk_gateway_logouts_decode, struct lk_gateway_logouts, logouts_fields)

static const struct lk_field logout_list[] = {
    LK_U64(struct lk_gateway_logout, id),       LK_BYTES(struct lk_gateway_logout, subject),
    LK_BYTES(struct lk_gateway_logout, sid),    LK_STRING(struct lk_gateway_logout, client),
    LK_U32(struct lk_gateway_logout, attempts),
};
static const struct lk_fields logout_fields = LK_FIELDS(logout_list);
LK_FIELDS_ENCODER(lk_gateway_logout_encode, struct lk_gateway_logout, LK_MESSAGE_GATEWAY_LOGOUT,
                  logout_fields)
LK_FIELDS_DECODER(lk_gateway_logout_decode, struct lk_gateway_logout, logout_fields)

static const struct lk_field delivered_list[] = {
    LK_U64(struct lk_gateway_delivered, id),
    LK_INT_FIELD(struct lk_gateway_delivered, outcome, 1, LK_LOGOUT_FAILED, LK_LOGOUT_NOBODY),
    LK_TEXT(struct lk_gateway_delivered, detail),
};
static const struct lk_fields delivered_fields = LK_FIELDS(delivered_list);
LK_FIELDS_ENCODER(lk_gateway_delivered_encode, struct lk_gateway_delivered,
                  LK_MESSAGE_GATEWAY_DELIVERED, delivered_fields)
LK_FIELDS_DECODER(lk_gateway_delivered_decode, struct lk_gateway_delivered, delivered_fields)

static const struct lk_field result_list[] = {
    LK_U32(struct lk_gateway_result, reason),
};
static const struct lk_fields result_fields = LK_FIELDS(result_list);
LK_FIELDS_ENCODER(lk_gateway_result_encode, struct lk_gateway_result, LK_MESSAGE_GATEWAY_RESULT,
                  result_fields)
LK_FIELDS_DECODER(lk_gateway_result_decode, struct lk_gateway_result, result_fields)

int lk_gateway_queue_encode(struct lk_buf *buf, uint32_t request)
{
    return lk_fields_encode_empty(buf, LK_MESSAGE_GATEWAY_QUEUE, request);
}

static const struct lk_field waiting_list[] = {
    LK_U64(struct lk_gateway_waiting, logouts),
    LK_U64(struct lk_gateway_waiting, oldest),
    LK_U64(struct lk_gateway_waiting, undeliverable),
    LK_FLAGS(struct lk_gateway_waiting, flags, LK_WAITING_RELOAD_REFUSED),
};
static const struct lk_fields waiting_fields = LK_FIELDS(waiting_list);
LK_FIELDS_ENCODER(lk_gateway_waiting_encode, struct lk_gateway_waiting, LK_MESSAGE_GATEWAY_WAITING,
                  waiting_fields)
LK_FIELDS_DECODER(lk_gateway_waiting_decode, struct lk_gateway_waiting, waiting_fields)
