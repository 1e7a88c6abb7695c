/* SPDX-License-Identifier: EUPL-1.2 */
/* Gateway socket (issuer only): stateless challenges and logins by browser credentials. Many in flight; the request id ties answer to question. */
#ifndef LK_MESSAGE_GATEWAY_H
#define LK_MESSAGE_GATEWAY_H

#include "message/frame.h"

enum {
    LK_TRANSACTION_SIZE = 16,
    LK_TOKEN_SIZE =
        79 /* docs/PROTOCOL.md 5.6: u8 version, u8 key id, u8 purpose, u64 epoch, u32 expiry minute, 16 nonce, 16 transaction, 32 MAC */
};
enum lk_purpose { LK_PURPOSE_LOGIN = 1 };

struct lk_gateway_challenge {
    enum lk_purpose purpose;
    uint8_t transaction[LK_TRANSACTION_SIZE];
};
LK_MUST_USE int lk_gateway_challenge_encode(struct lk_buf *buf, uint32_t request,
                                            const struct lk_gateway_challenge *challenge);
LK_MUST_USE int lk_gateway_challenge_decode(struct lk_view payload,
                                            struct lk_gateway_challenge *ret_challenge);

/* broker -> issuer: the challenge, which is itself the authenticated token. */
struct lk_gateway_token {
    struct lk_view token; /* LK_TOKEN_SIZE bytes */
};
LK_MUST_USE int lk_gateway_token_encode(struct lk_buf *buf, uint32_t request,
                                        const struct lk_gateway_token *token);
LK_MUST_USE int lk_gateway_token_decode(struct lk_view payload, struct lk_gateway_token *ret_token);

struct lk_gateway_login {
    uint8_t transaction[LK_TRANSACTION_SIZE];
    struct lk_view credential_id;
    struct lk_view authenticator_data;
    struct lk_view signature;
    struct lk_view user_handle;
    struct lk_view client_data; /* clientDataJSON; its challenge is the token */
};
LK_MUST_USE int lk_gateway_login_encode(struct lk_buf *buf, uint32_t request,
                                        const struct lk_gateway_login *login);
LK_MUST_USE int lk_gateway_login_decode(struct lk_view payload, struct lk_gateway_login *ret_login);

struct lk_gateway_verdict {
    uint32_t reason;     /* 0 = the agent is proved */
    uint8_t subject[16]; /* zero unless the signature verified */
    char name[65];       /* "" unless allowed */
};
LK_MUST_USE int lk_gateway_verdict_encode(struct lk_buf *buf, uint32_t request,
                                          const struct lk_gateway_verdict *verdict);
LK_MUST_USE int lk_gateway_verdict_decode(struct lk_view payload,
                                          struct lk_gateway_verdict *ret_verdict);

#endif
