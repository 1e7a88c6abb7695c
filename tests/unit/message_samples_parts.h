/* SPDX-License-Identifier: EUPL-1.2 */
/* What the examples of messages are made of. */
#ifndef LK_TESTS_MESSAGE_SAMPLES_PARTS_H
#define LK_TESTS_MESSAGE_SAMPLES_PARTS_H

#include "message_samples.h"

static const uint8_t id_a[] = {0xa1, 0xa2, 0xa3};
static const uint8_t id_b[] = {0xb1};
static const uint8_t blob[40] = {[0] = 0xc0, [39] = 0xcf};

#define HASH                                                                                       \
    {                                                                                              \
        [0] = 0xe0, [31] = 0xef                                                                    \
    }
#define SMALL                                                                                      \
    {                                                                                              \
        [0] = 0x50, [15] = 0x5f                                                                    \
    }

static inline void put_pattern(struct lk_buf *buf, uint8_t first, size_t len)
{
    for (size_t i = 0; i < len; i++)
        lk_buf_put_u8(buf, i == 0 ? first : i == len - 1 ? first | 0x0f : 0);
}

static inline void put_hash(struct lk_buf *buf)
{
    put_pattern(buf, 0xe0, 32);
}

static inline void put_small(struct lk_buf *buf)
{
    put_pattern(buf, 0x50, 16);
}

static inline void put_blob(struct lk_buf *buf)
{
    lk_buf_put_u16(buf, 40);
    put_pattern(buf, 0xc0, 40);
}

static inline void put_ids(struct lk_buf *buf)
{
    static const uint8_t list[] = {0, 2, 0, 3, 0xa1, 0xa2, 0xa3, 0, 1, 0xb1};

    lk_buf_put_bytes(buf, list, sizeof(list));
}

#define SAMPLE_CODEC(tag, type, stem)                                                              \
    static int tag##_encode(struct lk_buf *buf)                                                    \
    {                                                                                              \
        return stem##_encode(buf, SAMPLE_REQUEST, &tag);                                           \
    }                                                                                              \
    static int tag##_recode(struct lk_view payload, struct lk_buf *buf)                            \
    {                                                                                              \
        type message;                                                                              \
        int r = stem##_decode(payload, &message);                                                  \
                                                                                                   \
        return r == 0 ? stem##_encode(buf, SAMPLE_REQUEST, &message) : r;                          \
    }
#define SAMPLE_ROW(tag, number)                                                                    \
    {                                                                                              \
#tag, number, tag##_encode, tag##_recode, tag##_bytes                                      \
    }

#define INFO                                                                                       \
    {                                                                                              \
        .aaguid = SMALL, .firmware = 0x0102030405060708, .name = "softkey", .options = 11,         \
        .pin_retries = 8, .minimum_pin = 6                                                         \
    }

static inline void info_bytes(struct lk_buf *buf)
{
    put_small(buf);
    lk_buf_put_u64(buf, 0x0102030405060708);
    lk_buf_put_string(buf, "softkey");
    lk_buf_put_u32(buf, 11);
    lk_buf_put_u8(buf, 8);
    lk_buf_put_u8(buf, 6);
}

static inline void assertion_bytes(struct lk_buf *buf)
{
    static const uint8_t ids[] = {0, 3, 0xa1, 0xa2, 0xa3};

    lk_buf_put_bytes(buf, ids, sizeof(ids));
    put_blob(buf);
    lk_buf_put_u16(buf, 1);
    lk_buf_put_u8(buf, 0xb1);
    lk_buf_put_u16(buf, 0);
}

#endif
