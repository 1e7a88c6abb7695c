/* SPDX-License-Identifier: EUPL-1.2 */
/* Messages between the processes of the gateway: bounds of what a browser or an application sends, and of what the issuer answers. */
#include "message/sso.h"

#include "message/bounds.h"

enum { PARAMETER_MAX = 2048, SHORT_MAX = 256, HINT_MAX = 8192 };

static const struct lk_field document_list[] = {
    LK_INT_FIELD(struct lk_sso_document, kind, 1, LK_SSO_DOCUMENT_DISCOVERY, LK_SSO_DOCUMENT_LOOK),
    LK_STRING(struct lk_sso_document, etag),
    LK_VIEW_FIELD(struct lk_sso_document, body, 0, LK_SSO_DOCUMENT_MAX),
};
static const struct lk_fields document_fields = LK_FIELDS(document_list);
LK_FIELDS_ENCODER(lk_sso_document_encode, struct lk_sso_document, LK_MESSAGE_SSO_DOCUMENT,
                  document_fields)
LK_FIELDS_DECODER(lk_sso_document_decode, struct lk_sso_document, document_fields)

static const struct lk_field authorize_list[] = {
    LK_FLAGS(struct lk_sso_authorize, flags, LK_SSO_REPEATED | LK_SSO_TOO_LONG),
    LK_VIEW_FIELD(struct lk_sso_authorize, cookie, 0, LK_SSO_COOKIE_SIZE),
    LK_VIEW_FIELD(struct lk_sso_authorize, client_id, 0, SHORT_MAX),
    LK_VIEW_FIELD(struct lk_sso_authorize, redirect_uri, 0, PARAMETER_MAX),
    LK_VIEW_FIELD(struct lk_sso_authorize, response_type, 0, SHORT_MAX),
    LK_VIEW_FIELD(struct lk_sso_authorize, response_mode, 0, SHORT_MAX),
    LK_VIEW_FIELD(struct lk_sso_authorize, scope, 0, PARAMETER_MAX),
    LK_VIEW_FIELD(struct lk_sso_authorize, state, 0, PARAMETER_MAX),
    LK_VIEW_FIELD(struct lk_sso_authorize, nonce, 0, SHORT_MAX),
    LK_VIEW_FIELD(struct lk_sso_authorize, code_challenge, 0, SHORT_MAX),
    LK_VIEW_FIELD(struct lk_sso_authorize, code_challenge_method, 0, SHORT_MAX),
    LK_VIEW_FIELD(struct lk_sso_authorize, prompt, 0, SHORT_MAX),
    LK_VIEW_FIELD(struct lk_sso_authorize, max_age, 0, SHORT_MAX),
    LK_VIEW_FIELD(struct lk_sso_authorize, acr_values, 0, PARAMETER_MAX),
    LK_VIEW_FIELD(struct lk_sso_authorize, claims, 0, PARAMETER_MAX),
    LK_VIEW_FIELD(struct lk_sso_authorize, id_token_hint, 0, HINT_MAX),
    LK_VIEW_FIELD(struct lk_sso_authorize, login_hint, 0, SHORT_MAX),
    LK_VIEW_FIELD(struct lk_sso_authorize, request, 0, SHORT_MAX),
    LK_VIEW_FIELD(struct lk_sso_authorize, request_uri, 0, SHORT_MAX),
    LK_VIEW_FIELD(struct lk_sso_authorize, registration, 0, SHORT_MAX),
};
static const struct lk_fields authorize_fields = LK_FIELDS(authorize_list);
LK_FIELDS_ENCODER(lk_sso_authorize_encode, struct lk_sso_authorize, LK_MESSAGE_SSO_AUTHORIZE,
                  authorize_fields)
LK_FIELDS_DECODER(lk_sso_authorize_decode, struct lk_sso_authorize, authorize_fields)

static const struct lk_field assert_list[] = {
    LK_VIEW_FIELD(struct lk_sso_assert, sealed, 1, LK_SSO_SEALED_MAX),
    LK_VIEW_FIELD(struct lk_sso_assert, cookie, 0, LK_SSO_COOKIE_SIZE),
    LK_VIEW_FIELD(struct lk_sso_assert, credential_id, 1, LK_BOUND_CREDENTIAL_ID),
    LK_VIEW_FIELD(struct lk_sso_assert, authenticator_data, 1, LK_BOUND_AUTHENTICATOR_DATA),
    LK_VIEW_FIELD(struct lk_sso_assert, signature, 1, LK_BOUND_SIGNATURE),
    LK_VIEW_FIELD(struct lk_sso_assert, user_handle, 0, LK_BOUND_USER_HANDLE),
    LK_VIEW_FIELD(struct lk_sso_assert, client_data, 1, LK_BOUND_CLIENT_DATA),
    LK_STRING(struct lk_sso_assert, language),
    LK_STRING(struct lk_sso_assert, remote),
};
static const struct lk_fields assert_fields = LK_FIELDS(assert_list);
LK_FIELDS_ENCODER(lk_sso_assert_encode, struct lk_sso_assert, LK_MESSAGE_SSO_ASSERT, assert_fields)
LK_FIELDS_DECODER(lk_sso_assert_decode, struct lk_sso_assert, assert_fields)

static const struct lk_field password_list[] = {
    LK_VIEW_FIELD(struct lk_sso_password, sealed, 1, LK_SSO_SEALED_MAX),
    LK_VIEW_FIELD(struct lk_sso_password, cookie, 0, LK_SSO_COOKIE_SIZE),
    LK_VIEW_FIELD(struct lk_sso_password, password, 0, LK_SSO_PASSWORD_MAX),
    LK_STRING(struct lk_sso_password, language),
    LK_STRING(struct lk_sso_password, remote),
};
static const struct lk_fields password_fields = LK_FIELDS(password_list);
LK_FIELDS_ENCODER(lk_sso_password_encode, struct lk_sso_password, LK_MESSAGE_SSO_PASSWORD,
                  password_fields)
LK_FIELDS_DECODER(lk_sso_password_decode, struct lk_sso_password, password_fields)

static const struct lk_field page_list[] = {
    LK_INT_FIELD(struct lk_sso_page, kind, 1, LK_SSO_PAGE_KEY, LK_SSO_PAGE_NOBODY),
    LK_U32(struct lk_sso_page, reason),
    LK_U8(struct lk_sso_page, left),
    LK_VIEW_FIELD(struct lk_sso_page, sealed, 0, LK_SSO_SEALED_MAX),
    LK_VIEW_FIELD(struct lk_sso_page, challenge, 0, LK_TOKEN_SIZE),
    LK_VIEW_FIELD(struct lk_sso_page, cookie, 0, LK_SSO_COOKIE_SIZE),
    LK_VIEW_FIELD(struct lk_sso_page, location, 0, LK_SSO_LOCATION_MAX),
    LK_STRING(struct lk_sso_page, name),
    LK_TEXT(struct lk_sso_page, full_name),
    LK_TEXT(struct lk_sso_page, client),
    LK_TEXT(struct lk_sso_page, detail),
};
static const struct lk_fields page_fields = LK_FIELDS(page_list);
LK_FIELDS_ENCODER(lk_sso_page_encode, struct lk_sso_page, LK_MESSAGE_SSO_PAGE, page_fields)
LK_FIELDS_DECODER(lk_sso_page_decode, struct lk_sso_page, page_fields)

static const struct lk_field token_list[] = {
    LK_FLAGS(struct lk_sso_token, flags, LK_SSO_REPEATED | LK_SSO_TOO_LONG),
    LK_VIEW_FIELD(struct lk_sso_token, authorization, 0, PARAMETER_MAX),
    LK_VIEW_FIELD(struct lk_sso_token, client_id, 0, SHORT_MAX),
    LK_VIEW_FIELD(struct lk_sso_token, client_secret, 0, SHORT_MAX),
    LK_VIEW_FIELD(struct lk_sso_token, grant_type, 0, SHORT_MAX),
    LK_VIEW_FIELD(struct lk_sso_token, code, 0, SHORT_MAX),
    LK_VIEW_FIELD(struct lk_sso_token, redirect_uri, 0, PARAMETER_MAX),
    LK_VIEW_FIELD(struct lk_sso_token, code_verifier, 0, SHORT_MAX),
};
static const struct lk_fields token_fields = LK_FIELDS(token_list);
LK_FIELDS_ENCODER(lk_sso_token_encode, struct lk_sso_token, LK_MESSAGE_SSO_TOKEN, token_fields)
LK_FIELDS_DECODER(lk_sso_token_decode, struct lk_sso_token, token_fields)

static const struct lk_field userinfo_list[] = {
    LK_VIEW_FIELD(struct lk_sso_userinfo, authorization, 0, PARAMETER_MAX),
};
static const struct lk_fields userinfo_fields = LK_FIELDS(userinfo_list);
LK_FIELDS_ENCODER(lk_sso_userinfo_encode, struct lk_sso_userinfo, LK_MESSAGE_SSO_USERINFO,
                  userinfo_fields)
LK_FIELDS_DECODER(lk_sso_userinfo_decode, struct lk_sso_userinfo, userinfo_fields)

static const struct lk_field reply_list[] = {
    LK_INT_FIELD(struct lk_sso_reply, status, 2, 100, 599),
    LK_STRING(struct lk_sso_reply, authenticate),
    LK_VIEW_FIELD(struct lk_sso_reply, body, 0, LK_SSO_BODY_MAX),
};
static const struct lk_fields reply_fields = LK_FIELDS(reply_list);
LK_FIELDS_ENCODER(lk_sso_reply_encode, struct lk_sso_reply, LK_MESSAGE_SSO_REPLY, reply_fields)
LK_FIELDS_DECODER(lk_sso_reply_decode, struct lk_sso_reply, reply_fields)

static const struct lk_field logout_list[] = {
    LK_FLAGS(struct lk_sso_logout, flags, LK_SSO_REPEATED | LK_SSO_TOO_LONG),
    LK_VIEW_FIELD(struct lk_sso_logout, id_token_hint, 0, HINT_MAX),
    LK_VIEW_FIELD(struct lk_sso_logout, client_id, 0, SHORT_MAX),
    LK_VIEW_FIELD(struct lk_sso_logout, post_logout_redirect_uri, 0, PARAMETER_MAX),
    LK_VIEW_FIELD(struct lk_sso_logout, state, 0, PARAMETER_MAX),
};
static const struct lk_fields logout_fields = LK_FIELDS(logout_list);
LK_FIELDS_ENCODER(lk_sso_logout_encode, struct lk_sso_logout, LK_MESSAGE_SSO_LOGOUT, logout_fields)
LK_FIELDS_DECODER(lk_sso_logout_decode, struct lk_sso_logout, logout_fields)

static const struct lk_field attempt_list[] = {
    LK_BYTES(struct lk_sso_attempt, transaction),
    LK_STRING(struct lk_sso_attempt, name),
    LK_STRING(struct lk_sso_attempt, remote),
    LK_STRING(struct lk_sso_attempt, language),
    LK_BOOL(struct lk_sso_attempt, name_wanted),
    LK_VIEW_FIELD(struct lk_sso_attempt, password, 0, LK_SSO_PASSWORD_MAX),
};
static const struct lk_fields attempt_fields = LK_FIELDS(attempt_list);
LK_FIELDS_ENCODER(lk_sso_attempt_encode, struct lk_sso_attempt, LK_MESSAGE_SSO_ATTEMPT,
                  attempt_fields)
LK_FIELDS_DECODER(lk_sso_attempt_decode, struct lk_sso_attempt, attempt_fields)

static const struct lk_field attempted_list[] = {
    LK_INT_FIELD(struct lk_sso_attempted, outcome, 1, LK_SSO_ALLOWED, LK_SSO_PROOF),
    LK_U32(struct lk_sso_attempted, delay_ms),
    LK_TEXT(struct lk_sso_attempted, message),
    LK_TEXT(struct lk_sso_attempted, full_name),
};
static const struct lk_fields attempted_fields = LK_FIELDS(attempted_list);
LK_FIELDS_ENCODER(lk_sso_attempted_encode, struct lk_sso_attempted, LK_MESSAGE_SSO_ATTEMPTED,
                  attempted_fields)
LK_FIELDS_DECODER(lk_sso_attempted_decode, struct lk_sso_attempted, attempted_fields)

static const struct lk_field deliver_list[] = {
    LK_U64(struct lk_sso_deliver, id),
    LK_STRING(struct lk_sso_deliver, client),
    LK_VIEW_FIELD(struct lk_sso_deliver, token, 1, LK_SSO_BODY_MAX),
};
static const struct lk_fields deliver_fields = LK_FIELDS(deliver_list);
LK_FIELDS_ENCODER(lk_sso_deliver_encode, struct lk_sso_deliver, LK_MESSAGE_SSO_DELIVER,
                  deliver_fields)
LK_FIELDS_DECODER(lk_sso_deliver_decode, struct lk_sso_deliver, deliver_fields)

static const struct lk_field delivered_list[] = {
    LK_U64(struct lk_sso_delivered, id),
    LK_INT_FIELD(struct lk_sso_delivered, outcome, 1, LK_LOGOUT_FAILED, LK_LOGOUT_NOBODY),
    LK_TEXT(struct lk_sso_delivered, detail),
};
static const struct lk_fields delivered_fields = LK_FIELDS(delivered_list);
LK_FIELDS_ENCODER(lk_sso_delivered_encode, struct lk_sso_delivered, LK_MESSAGE_SSO_DELIVERED,
                  delivered_fields)
LK_FIELDS_DECODER(lk_sso_delivered_decode, struct lk_sso_delivered, delivered_fields)

int lk_sso_metrics_encode(struct lk_buf *buf, uint32_t request)
{
    return lk_fields_encode_empty(buf, LK_MESSAGE_SSO_METRICS, request);
}
