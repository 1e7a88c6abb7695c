/* SPDX-License-Identifier: EUPL-1.2 */
/* Nobody is asked to touch anything here, and no PIN passes: the id is a name and no secret. Hostile: whatever the conversation answers; an id that is somebody
 * else's proves somebody else, which the broker says. */
#include "pam_module/transaction.h"

#include <string.h>

#include "base/random.h"
#include "base/secret.h"
#include "client/client.h"
#include "message/gateway.h"

enum { LK_PROVE_TIMEOUT_MS = 5000 };

/* 32 lower-case hexadecimal characters and nothing else. */
static int lk_transaction_id(const struct lk_attempt *attempt, uint8_t ret_id[LK_TRANSACTION_SIZE])
{
    struct lk_buf reply;
    char text[2 * LK_TRANSACTION_SIZE + 1];
    int r;

    lk_buf_init_secret(&reply, sizeof(text) - 1);
    r = lk_conversation_ask(&attempt->conversation, LK_TRANSACTION_PROMPT, &reply);
    if (r == 0 && reply.len == sizeof(text) - 1) {
        memcpy(text, reply.data, reply.len);
        text[reply.len] = '\0';
        r = strspn(text, "0123456789abcdef") == reply.len
                ? lk_unhex(ret_id, LK_TRANSACTION_SIZE, text)
                : -LK_ERR_BUSY;
    } else {
        r = -LK_ERR_BUSY;
    }
    lk_buf_clear(&reply);
    return r == 0 ? 0 : -LK_ERR_BUSY;
}

static int lk_transaction_answer(struct lk_client *client, uint32_t request,
                                 const struct lk_worker_prove *prove,
                                 struct lk_verdict *ret_verdict)
{
    struct lk_verdict verdict;
    struct lk_frame frame;
    int r = lk_client_receive(client, LK_PROVE_TIMEOUT_MS, NULL, NULL, &frame);

    if (r != 0)
        return r;
    if (frame.type != LK_MESSAGE_VERDICT || frame.request != request)
        return -LK_ERR_UNEXPECTED;
    r = lk_verdict_decode(frame.payload, &verdict);
    if (r != 0)
        return r;
    if (!lk_bytes_equal(verdict.nonce, prove->nonce, sizeof(prove->nonce)))
        return -LK_ERR_SIGNATURE;
    *ret_verdict = verdict;
    return 0;
}

int lk_transaction_ask(struct lk_attempt *attempt, struct lk_verdict *ret_verdict)
{
    const struct lk_client_options options = {.path = attempt->arguments.socket,
                                              .role = LK_SOCKET_WORKER,
                                              .timeout_ms = LK_PROVE_TIMEOUT_MS};
    struct lk_client client = LK_CLIENT_INIT;
    struct lk_worker_prove prove = {0};
    uint32_t request = 1;
    int r = lk_transaction_id(attempt, prove.transaction);

    if (r == 0)
        r = lk_random_fill(&lk_random_system, prove.nonce, sizeof(prove.nonce));
    if (r == 0)
        r = lk_client_connect(&client, &options);
    if (r != 0)
        return r;
    memcpy(prove.name, attempt->login.name, sizeof(prove.name));
    r = lk_worker_prove_encode(&client.out, request, &prove);
    if (r == 0)
        r = lk_client_flush(&client);
    if (r == 0)
        r = lk_transaction_answer(&client, request, &prove, ret_verdict);
    lk_client_close(&client);
    return r;
}
