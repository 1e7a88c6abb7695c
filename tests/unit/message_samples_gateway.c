/* SPDX-License-Identifier: EUPL-1.2 */
/* Examples of the messages of gateway and worker sockets, in the same way as message_samples.c. */
#include "message/gateway.h"
#include "message_samples_parts.h"

/* Gateway socket. */
static const struct lk_gateway_challenge challenge = {.purpose = LK_PURPOSE_LOGIN,
                                                      .transaction = SMALL};
SAMPLE_CODEC(challenge, struct lk_gateway_challenge, lk_gateway_challenge)

static void challenge_bytes(struct lk_buf *buf)
{
    lk_buf_put_u8(buf, 1);
    put_small(buf);
}

static const uint8_t token_data[LK_TOKEN_SIZE] = {[0] = 0x70, [LK_TOKEN_SIZE - 1] = 0x7f};
static const struct lk_gateway_token token = {.token = {token_data, LK_TOKEN_SIZE}};
SAMPLE_CODEC(token, struct lk_gateway_token, lk_gateway_token)

static void token_bytes(struct lk_buf *buf)
{
    lk_buf_put_u16(buf, 79);
    put_pattern(buf, 0x70, 79);
}

static const struct lk_gateway_login gateway_login = {.transaction = SMALL,
                                                      .credential_id = {id_b, 1},
                                                      .authenticator_data = {blob, 40},
                                                      .signature = {id_a, 3},
                                                      .user_handle = {id_b, 1},
                                                      .client_data = {blob, 40}};
SAMPLE_CODEC(gateway_login, struct lk_gateway_login, lk_gateway_login)

static void gateway_login_bytes(struct lk_buf *buf)
{
    static const uint8_t one[] = {0, 1, 0xb1};
    static const uint8_t three[] = {0, 3, 0xa1, 0xa2, 0xa3};

    put_small(buf);
    lk_buf_put_bytes(buf, one, sizeof(one));
    put_blob(buf);
    lk_buf_put_bytes(buf, three, sizeof(three));
    lk_buf_put_bytes(buf, one, sizeof(one));
    put_blob(buf);
}

static const struct lk_gateway_verdict gateway_verdict = {.reason = 0,
                                                          .subject = SMALL,
                                                          .name = "alice",
                                                          .full_name = "Alice",
                                                          .groups = "school",
                                                          .facts = LK_LOGIN_FACT_USER_VERIFIED};
SAMPLE_CODEC(gateway_verdict, struct lk_gateway_verdict, lk_gateway_verdict)

static void gateway_verdict_bytes(struct lk_buf *buf)
{
    lk_buf_put_u32(buf, 0);
    put_small(buf);
    lk_buf_put_string(buf, "alice");
    lk_buf_put_string(buf, "Alice");
    lk_buf_put_string(buf, "school");
    lk_buf_put_u32(buf, 1);
}

static const struct lk_worker_prove prove = {.nonce = HASH, .transaction = SMALL, .name = "alice"};
SAMPLE_CODEC(prove, struct lk_worker_prove, lk_worker_prove)

static void prove_bytes(struct lk_buf *buf)
{
    put_hash(buf);
    put_small(buf);
    lk_buf_put_string(buf, "alice");
}

static const struct lk_gateway_code gateway_code = {
    .transaction = SMALL, .code = HASH, .sid = SMALL, .client = "synapse", .data = {blob, 40}};
SAMPLE_CODEC(gateway_code, struct lk_gateway_code, lk_gateway_code)

static void gateway_code_bytes(struct lk_buf *buf)
{
    put_small(buf);
    put_hash(buf);
    put_small(buf);
    lk_buf_put_string(buf, "synapse");
    put_blob(buf);
}

static const struct lk_gateway_redeem redeem = {.code = HASH, .access = HASH, .client = "synapse"};
SAMPLE_CODEC(redeem, struct lk_gateway_redeem, lk_gateway_redeem)

static void redeem_bytes(struct lk_buf *buf)
{
    put_hash(buf);
    put_hash(buf);
    lk_buf_put_string(buf, "synapse");
}

static const struct lk_gateway_redeemed redeemed = {.reason = 0,
                                                    .subject = SMALL,
                                                    .sid = SMALL,
                                                    .client = "synapse",
                                                    .name = "alice",
                                                    .full_name = "Alice",
                                                    .email = "alice@example.org",
                                                    .groups = "",
                                                    .auth_time = 1795000000,
                                                    .facts = LK_LOGIN_FACT_USER_VERIFIED |
                                                             LK_LOGIN_FACT_ATTESTED,
                                                    .data = {blob, 40}};
SAMPLE_CODEC(redeemed, struct lk_gateway_redeemed, lk_gateway_redeemed)

static void redeemed_bytes(struct lk_buf *buf)
{
    lk_buf_put_u32(buf, 0);
    put_small(buf);
    put_small(buf);
    lk_buf_put_string(buf, "synapse");
    lk_buf_put_string(buf, "alice");
    lk_buf_put_string(buf, "Alice");
    lk_buf_put_string(buf, "alice@example.org");
    lk_buf_put_string(buf, "");
    lk_buf_put_u64(buf, 1795000000);
    lk_buf_put_u32(buf, 3);
    put_blob(buf);
}

static const struct lk_gateway_access access_token = {.access = HASH};
SAMPLE_CODEC(access_token, struct lk_gateway_access, lk_gateway_access)

static void access_token_bytes(struct lk_buf *buf)
{
    put_hash(buf);
}

static const struct lk_gateway_end session_end = {.sid = SMALL, .client = "synapse"};
SAMPLE_CODEC(session_end, struct lk_gateway_end, lk_gateway_end)

static void session_end_bytes(struct lk_buf *buf)
{
    put_small(buf);
    lk_buf_put_string(buf, "synapse");
}

static const struct lk_gateway_logouts logouts = {.most = 64};
SAMPLE_CODEC(logouts, struct lk_gateway_logouts, lk_gateway_logouts)

static void logouts_bytes(struct lk_buf *buf)
{
    lk_buf_put_u16(buf, 64);
}

static const struct lk_gateway_logout logout = {
    .id = 12, .subject = SMALL, .sid = SMALL, .client = "synapse", .attempts = 2};
SAMPLE_CODEC(logout, struct lk_gateway_logout, lk_gateway_logout)

static void logout_bytes(struct lk_buf *buf)
{
    lk_buf_put_u64(buf, 12);
    put_small(buf);
    put_small(buf);
    lk_buf_put_string(buf, "synapse");
    lk_buf_put_u32(buf, 2);
}

static const struct lk_gateway_delivered delivered = {
    .id = 12, .outcome = LK_LOGOUT_FAILED, .detail = "HTTP status 502"};
SAMPLE_CODEC(delivered, struct lk_gateway_delivered, lk_gateway_delivered)

static void delivered_bytes(struct lk_buf *buf)
{
    lk_buf_put_u64(buf, 12);
    lk_buf_put_u8(buf, 1);
    lk_buf_put_string(buf, "HTTP status 502");
}

static const struct lk_gateway_waiting waiting = {
    .logouts = 3, .oldest = 61, .undeliverable = 1, .flags = LK_WAITING_RELOAD_REFUSED};
SAMPLE_CODEC(waiting, struct lk_gateway_waiting, lk_gateway_waiting)

static void waiting_bytes(struct lk_buf *buf)
{
    lk_buf_put_u64(buf, 3);
    lk_buf_put_u64(buf, 61);
    lk_buf_put_u64(buf, 1);
    lk_buf_put_u32(buf, 1);
}

static const struct lk_gateway_result gateway_result = {.reason = 141};
SAMPLE_CODEC(gateway_result, struct lk_gateway_result, lk_gateway_result)

static void gateway_result_bytes(struct lk_buf *buf)
{
    lk_buf_put_u32(buf, 141);
}

const struct message_sample message_samples_gateway[] = {
    SAMPLE_ROW(challenge, LK_MESSAGE_GATEWAY_CHALLENGE),
    SAMPLE_ROW(token, LK_MESSAGE_GATEWAY_TOKEN),
    SAMPLE_ROW(gateway_login, LK_MESSAGE_GATEWAY_LOGIN),
    SAMPLE_ROW(gateway_verdict, LK_MESSAGE_GATEWAY_VERDICT),
    SAMPLE_ROW(prove, LK_MESSAGE_WORKER_PROVE),
    SAMPLE_ROW(gateway_code, LK_MESSAGE_GATEWAY_CODE),
    SAMPLE_ROW(redeem, LK_MESSAGE_GATEWAY_REDEEM),
    SAMPLE_ROW(redeemed, LK_MESSAGE_GATEWAY_REDEEMED),
    SAMPLE_ROW(access_token, LK_MESSAGE_GATEWAY_ACCESS),
    SAMPLE_ROW(session_end, LK_MESSAGE_GATEWAY_END),
    SAMPLE_ROW(logouts, LK_MESSAGE_GATEWAY_LOGOUTS),
    SAMPLE_ROW(logout, LK_MESSAGE_GATEWAY_LOGOUT),
    SAMPLE_ROW(delivered, LK_MESSAGE_GATEWAY_DELIVERED),
    SAMPLE_ROW(gateway_result, LK_MESSAGE_GATEWAY_RESULT),
    SAMPLE_ROW(waiting, LK_MESSAGE_GATEWAY_WAITING),
};
const size_t message_samples_gateway_count =
    sizeof(message_samples_gateway) / sizeof(message_samples_gateway[0]);
