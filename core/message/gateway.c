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
};
static const struct lk_fields verdict_fields = LK_FIELDS(verdict_list);
LK_FIELDS_ENCODER(lk_gateway_verdict_encode, struct lk_gateway_verdict, LK_MESSAGE_GATEWAY_VERDICT,
                  verdict_fields)
LK_FIELDS_DECODER(lk_gateway_verdict_decode, struct lk_gateway_verdict, verdict_fields)
