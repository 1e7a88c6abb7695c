/* SPDX-License-Identifier: EUPL-1.2 */
/* Proofs and codes lie in the store, and let somebody in. Whoever can write there could put one down for an agent who touched nothing: so each carries the
 * broker's mark, made with a key that is not in the store. What lives for minutes needs no operator's signature. */
#include <string.h>

#include "broker/challenge.h"
#include "broker/gateway.h"

/* Both begin with their own words, so that a mark on one is none on the other. */
static void put_proof(struct lk_buf *buf, const uint8_t *transaction,
                      const struct lk_store_proof *proof)
{
    static const char kind[] = "latchkey proof 1";

    lk_buf_put_bytes(buf, kind, sizeof(kind));
    lk_buf_put_bytes(buf, transaction, LK_TRANSACTION_SIZE);
    lk_buf_put_bytes(buf, proof->statement.bytes, LK_DIGEST_SIZE);
    lk_buf_put_u64(buf, (uint64_t)proof->expiry);
    lk_buf_put_u64(buf, (uint64_t)proof->auth_time);
    lk_buf_put_u32(buf, proof->facts);
}

static void put_code(struct lk_buf *buf, const struct lk_store_code *code)
{
    static const char kind[] = "latchkey code 1";

    lk_buf_put_bytes(buf, kind, sizeof(kind));
    lk_buf_put_bytes(buf, code->digest, LK_DIGEST_SIZE);
    lk_buf_put_bytes(buf, code->statement.bytes, LK_DIGEST_SIZE);
    lk_buf_put_bytes(buf, code->sid, LK_SID_SIZE);
    lk_buf_put_string(buf, code->client);
    lk_buf_put_u64(buf, (uint64_t)code->expiry);
    lk_buf_put_u64(buf, (uint64_t)code->auth_time);
    lk_buf_put_u32(buf, code->facts);
    lk_buf_put_field32(buf, code->data, code->data_len);
}

enum { ROOM = 4096 };

int lk_proof_seal(struct lk_broker *broker, const uint8_t transaction[LK_TRANSACTION_SIZE],
                  const struct lk_store_proof *proof, uint8_t ret_seal[LK_STORE_SEAL_SIZE])
{
    struct lk_buf buf = LK_BUF_INIT(ROOM);
    int error;

    put_proof(&buf, transaction, proof);
    error = lk_buf_error(&buf);
    if (error == 0)
        error = lk_challenge_seal(broker, lk_buf_view(&buf), ret_seal);
    lk_buf_clear(&buf);
    return error;
}

bool lk_proof_sealed(struct lk_broker *broker, const uint8_t transaction[LK_TRANSACTION_SIZE],
                     const struct lk_store_proof *proof)
{
    struct lk_buf buf = LK_BUF_INIT(ROOM);
    bool good;

    put_proof(&buf, transaction, proof);
    good = lk_buf_error(&buf) == 0 && lk_challenge_sealed(broker, lk_buf_view(&buf), proof->seal);
    lk_buf_clear(&buf);
    return good;
}

int lk_code_seal(struct lk_broker *broker, const struct lk_store_code *code,
                 uint8_t ret_seal[LK_STORE_SEAL_SIZE])
{
    struct lk_buf buf = LK_BUF_INIT(ROOM);
    int error;

    put_code(&buf, code);
    error = lk_buf_error(&buf);
    if (error == 0)
        error = lk_challenge_seal(broker, lk_buf_view(&buf), ret_seal);
    lk_buf_clear(&buf);
    return error;
}

bool lk_code_sealed(struct lk_broker *broker, const struct lk_store_code *code)
{
    struct lk_buf buf = LK_BUF_INIT(ROOM);
    bool good;

    put_code(&buf, code);
    good = lk_buf_error(&buf) == 0 && lk_challenge_sealed(broker, lk_buf_view(&buf), code->seal);
    lk_buf_clear(&buf);
    return good;
}
