/* SPDX-License-Identifier: EUPL-1.2 */
/* The gateway's side of the logins. Challenges and signatures are made before the clock runs; then frames are only sent and counted, so that what is
 * measured is the broker's work. */
#include "gateway_bench.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/base64url.h"
#include "bench.h"

enum { CHALLENGES = 256, WAIT_MS = 60000, ROOM = 1 << 18 };

static void transaction_of(size_t number, uint8_t ret_transaction[LK_TRANSACTION_SIZE])
{
    uint64_t value = number;

    memset(ret_transaction, 0x7a, LK_TRANSACTION_SIZE);
    memcpy(ret_transaction, &value, sizeof(value));
}

/* Client data as a browser writes it, and the key's answer to it. */
static void sign(struct population *population, uint32_t credential, size_t number,
                 const uint8_t token[LK_TOKEN_SIZE], struct lk_buf *ret_frame)
{
    struct test_key *key = &population->keys[credential % POPULATION_KEYS];
    struct lk_gateway_login login = {0};
    struct lk_credential_id id;
    struct lk_subject subject;
    struct lk_buf data = LK_BUF_INIT(LK_AUTHENTICATOR_DATA_MAX);
    struct lk_buf signature = LK_BUF_INIT(LK_SIGNATURE_MAX);
    struct lk_view parts[2];
    char text[128];
    char json[512];
    uint8_t hash[32];
    static const uint8_t zero_aaguid[16];

    NEED(lk_base64url_encode(text, sizeof(text), token, LK_TOKEN_SIZE) == 0);
    NEED(snprintf(json, sizeof(json),
                  "{\"type\":\"webauthn.get\",\"challenge\":\"%s\",\"origin\":\"https://%s\","
                  "\"crossOrigin\":false}",
                  text, HOUSE_GATEWAY) < (int)sizeof(json));
    test_sha256(json, strlen(json), hash);
    test_authenticator_data(&data, HOUSE_GATEWAY, LK_FLAG_UP | LK_FLAG_UV,
                            ++population->counters[credential], zero_aaguid, LK_VIEW(NULL, 0),
                            NULL);
    parts[0] = lk_buf_view(&data);
    parts[1] = LK_VIEW(hash, sizeof(hash));
    test_sign(key, parts, 2, &signature);
    population_credential_id(credential, &id);
    population_subject(credential, &subject);
    transaction_of(number, login.transaction);
    login.credential_id = LK_VIEW(id.bytes, id.len);
    login.authenticator_data = lk_buf_view(&data);
    login.signature = lk_buf_view(&signature);
    login.user_handle = LK_VIEW(subject.bytes, sizeof(subject.bytes));
    login.client_data = LK_VIEW((const uint8_t *)json, strlen(json));
    lk_buf_init(ret_frame, LK_FRAME_MAX);
    NEED(lk_gateway_login_encode(ret_frame, (uint32_t)number, &login) == 0);
    lk_buf_clear(&data);
    lk_buf_clear(&signature);
}

/* Tokens for the transactions from `first` on. */
static void challenges(struct peer *gateway, size_t first, size_t count,
                       uint8_t tokens[CHALLENGES][LK_TOKEN_SIZE])
{
    struct lk_gateway_challenge wanted = {.purpose = LK_PURPOSE_LOGIN};
    struct lk_buf out = LK_BUF_INIT(1 << 20);
    struct lk_gateway_token token;
    struct lk_frame frame;

    for (size_t i = 0; i < count; i++) {
        transaction_of(first + i, wanted.transaction);
        NEED(lk_gateway_challenge_encode(&out, (uint32_t)i, &wanted) == 0);
    }
    peer_send(gateway, &out);
    for (size_t i = 0; i < count; i++) {
        peer_expect(gateway, LK_MESSAGE_GATEWAY_TOKEN, &frame);
        NEED(frame.request < count && lk_gateway_token_decode(frame.payload, &token) == 0);
        memcpy(tokens[frame.request], token.token.data, LK_TOKEN_SIZE);
    }
    lk_buf_clear(&out);
}

struct lk_buf *logins_sign(struct population *population, struct peer *gateway,
                           const uint32_t *credentials, size_t count)
{
    static uint8_t tokens[CHALLENGES][LK_TOKEN_SIZE];
    struct lk_buf *logins = calloc(count, sizeof(*logins));

    NEED(logins != NULL);
    for (size_t first = 0; first < count; first += CHALLENGES) {
        size_t most = count - first < CHALLENGES ? count - first : CHALLENGES;

        challenges(gateway, first, most, tokens);
        for (size_t i = 0; i < most; i++)
            sign(population, credentials[first + i], first + i, tokens[i], &logins[first + i]);
    }
    return logins;
}

/* Whatever has come; the number of verdicts in it. */
static size_t verdicts(struct peer *gateway)
{
    static uint8_t bytes[ROOM];
    struct pollfd wait = {.fd = gateway->fd, .events = POLLIN};
    struct lk_frame frame;
    size_t count = 0;
    size_t size;
    ssize_t got;
    int error;

    NEED(poll(&wait, 1, WAIT_MS) == 1);
    got = recv(gateway->fd, bytes,
               gateway->in.max - gateway->in.len < sizeof(bytes) ? gateway->in.max - gateway->in.len
                                                                 : sizeof(bytes),
               0);
    NEED(got > 0);
    lk_buf_put_bytes(&gateway->in, bytes, (size_t)got);
    while ((error = lk_frame_next(lk_buf_view(&gateway->in), &frame, &size)) == 0) {
        struct lk_gateway_verdict verdict;

        NEED(frame.type == LK_MESSAGE_GATEWAY_VERDICT &&
             lk_gateway_verdict_decode(frame.payload, &verdict) == 0);
        if (verdict.reason != LK_REASON_NONE) {
            (void)fprintf(stderr, "a login was refused: %s\n",
                          lk_reason_name((enum lk_reason)verdict.reason));
            exit(1);
        }
        lk_buf_consume(&gateway->in, size);
        count++;
    }
    NEED(error == -LK_ERR_TRUNCATED);
    return count;
}

int64_t logins_send(struct peer *gateway, struct lk_buf *logins, size_t count, size_t in_flight)
{
    struct lk_buf out = LK_BUF_INIT(16 << 20);
    size_t sent = 0;
    size_t answered = 0;
    int64_t begin = bench_now();
    int64_t end;

    while (answered < count) {
        while (sent < count && sent - answered < in_flight)
            lk_buf_put_view(&out, lk_buf_view(&logins[sent++]));
        if (out.len > 0)
            peer_send(gateway, &out);
        answered += verdicts(gateway);
    }
    end = bench_now();
    for (size_t i = 0; i < count; i++)
        lk_buf_clear(&logins[i]);
    lk_buf_clear(&out);
    return end - begin;
}
