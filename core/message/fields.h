/* SPDX-License-Identifier: EUPL-1.2 */
/* Inside core/message only: a message is a table of fields, and one pair of functions writes and reads all of them. So what is written
 * and what is accepted cannot drift apart, and no message has cursor code of its own.
 *
 * Bounds hold in both directions: an encoder refuses what the other side's decoder would refuse. */
#ifndef LK_MESSAGE_FIELDS_H
#define LK_MESSAGE_FIELDS_H

#include <stddef.h>

#include "message/frame.h"

enum lk_field_kind {
    LK_FIELD_INT,    /* `wire` bytes; low <= value <= high, else -LK_ERR_RANGE */
    LK_FIELD_FLAGS,  /* `wire` bytes; only bits of high, else -LK_ERR_RANGE */
    LK_FIELD_SIGNED, /* 8 bytes, two's complement */
    LK_FIELD_BYTES,  /* exactly `size` bytes of an array */
    LK_FIELD_STRING, /* u16 length, low to size - 1 bytes without NUL; any bytes otherwise */
    LK_FIELD_TEXT, /* as STRING, printable: cleaned when written, -LK_ERR_ENCODING when read (message/text.h) */
    LK_FIELD_VIEW, /* u16 length, low to high bytes, borrowed */
    LK_FIELD_VIEWS, /* u16 count, 0 to `most`, then so many VIEWs; the count is a uint32_t in the struct */
    LK_FIELD_NUMBERS, /* u16 count, 0 to `most`, then so many u32 */
    LK_FIELD_PREFIX, /* u16 length, 0 to size bytes, copied; the length is a uint8_t in the struct */
    LK_FIELD_RECORDS /* u16 count, low to `most` (under low: -LK_ERR_RANGE), then so many of `record`; with most = 0 exactly one and no count */
};

enum { LK_FIELD_TEXT_MAX = 512 }; /* bytes of the longest TEXT */

struct lk_field {
    enum lk_field_kind kind;
    size_t offset; /* in the struct */
    size_t size;   /* of the member, or of one element */
    size_t wire;   /* bytes of an integer on the wire */
    uint64_t low;
    uint64_t high;
    size_t count_offset; /* of the member that counts elements */
    uint32_t most;       /* elements */
    const struct lk_fields *record;
};

struct lk_fields {
    const struct lk_field *fields;
    size_t count;
};

#define LK_MEMBER_SIZE(type, member) sizeof(((type *)0)->member)
#define LK_FIELD(of_kind, type, member)                                                            \
    .kind = (of_kind), .offset = offsetof(type, member), .size = LK_MEMBER_SIZE(type, member)

#define LK_INT_FIELD(type, member, bytes, lowest, highest)                                         \
    {                                                                                              \
        LK_FIELD(LK_FIELD_INT, type, member), .wire = (bytes), .low = (lowest), .high = (highest)  \
    }
#define LK_U8(type, member)  LK_INT_FIELD(type, member, 1, 0, UINT8_MAX)
#define LK_U16(type, member) LK_INT_FIELD(type, member, 2, 0, UINT16_MAX)
#define LK_U32(type, member) LK_INT_FIELD(type, member, 4, 0, UINT32_MAX)
#define LK_U64(type, member) LK_INT_FIELD(type, member, 8, 0, UINT64_MAX)
#define LK_I64(type, member)                                                                       \
    {                                                                                              \
        LK_FIELD(LK_FIELD_SIGNED, type, member)                                                    \
    }
#define LK_BOOL(type, member) LK_INT_FIELD(type, member, 1, 0, 1)
#define LK_FLAGS(type, member, bits)                                                               \
    {                                                                                              \
        LK_FIELD(LK_FIELD_FLAGS, type, member), .wire = 4, .high = (bits)                          \
    }
#define LK_BYTES(type, member)                                                                     \
    {                                                                                              \
        LK_FIELD(LK_FIELD_BYTES, type, member)                                                     \
    }
#define LK_STRING(type, member)                                                                    \
    {                                                                                              \
        LK_FIELD(LK_FIELD_STRING, type, member)                                                    \
    }
#define LK_TEXT(type, member)                                                                      \
    {                                                                                              \
        LK_FIELD(LK_FIELD_TEXT, type, member)                                                      \
    }
#define LK_VIEW_FIELD(type, member, lowest, highest)                                               \
    {                                                                                              \
        LK_FIELD(LK_FIELD_VIEW, type, member), .low = (lowest), .high = (highest)                  \
    }
#define LK_VIEWS(type, counter, member, maximum, lowest, highest)                                  \
    {                                                                                              \
        LK_FIELD(LK_FIELD_VIEWS, type, member), .count_offset = offsetof(type, counter),           \
                                                .most = (maximum), .low = (lowest),                \
                                                .high = (highest)                                  \
    }
#define LK_NUMBERS(type, counter, member, maximum)                                                 \
    {                                                                                              \
        LK_FIELD(LK_FIELD_NUMBERS, type, member), .count_offset = offsetof(type, counter),         \
                                                  .most = (maximum)                                \
    }
#define LK_PREFIX(type, counter, member)                                                           \
    {                                                                                              \
        LK_FIELD(LK_FIELD_PREFIX, type, member), .count_offset = offsetof(type, counter)           \
    }
#define LK_RECORD(type, member, table)                                                             \
    {                                                                                              \
        LK_FIELD(LK_FIELD_RECORDS, type, member), .record = (table)                                \
    }
#define LK_RECORDS(type, counter, member, maximum, table)                                          \
    {                                                                                              \
        .kind = LK_FIELD_RECORDS, .offset = offsetof(type, member),                                \
        .size = LK_MEMBER_SIZE(type, member[0]), .count_offset = offsetof(type, counter),          \
        .most = (maximum), .record = (table)                                                       \
    }
#define LK_FIELDS(array)                                                                           \
    {                                                                                              \
        .fields = (array), .count = sizeof(array) / sizeof((array)[0])                             \
    }

/* Appends one frame; on any error the buffer holds what it held before. -LK_ERR_RANGE, -LK_ERR_TOO_BIG, -LK_ERR_TRUNCATED (a view shorter than
 * allowed), -LK_ERR_ENCODING, and the buffer's sticky error. */
LK_MUST_USE int lk_fields_encode(struct lk_buf *buf, enum lk_message type, uint32_t request,
                                 const struct lk_fields *table, const void *message);
/* Fills message (which the caller has zeroed) from a whole payload; on an error its content is undefined. -LK_ERR_TRUNCATED, -LK_ERR_TRAILING,
 * -LK_ERR_TOO_BIG, -LK_ERR_RANGE, -LK_ERR_ENCODING. */
LK_MUST_USE int lk_fields_decode(struct lk_view payload, const struct lk_fields *table,
                                 void *message);
/* A frame without payload. */
LK_MUST_USE int lk_fields_encode_empty(struct lk_buf *buf, enum lk_message type, uint32_t request);

/* Defines the public pair for a struct of which `table` lists the fields. The output is set only on success. */
#define LK_FIELDS_ENCODER(name, type, number, table)                                               \
    int name(struct lk_buf *buf, uint32_t request, const type *message)                            \
    {                                                                                              \
        return lk_fields_encode(buf, number, request, &(table), message);                          \
    }
#define LK_FIELDS_DECODER(name, type, table)                                                       \
    int name(struct lk_view payload, type *ret_message)                                            \
    {                                                                                              \
        type message = {0};                                                                        \
        int r = lk_fields_decode(payload, &(table), &message);                                     \
                                                                                                   \
        if (r == 0)                                                                                \
            *ret_message = message;                                                                \
        return r;                                                                                  \
    }

#endif
