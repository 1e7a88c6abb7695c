/* SPDX-License-Identifier: EUPL-1.2 */
/* The bounded buffer: the only place with cursor arithmetic.
 *
 * Two types. `struct lk_buf` grows up to a maximum given at birth and is written at its end.
 * `struct lk_view` is a borrowed run of bytes that is read from its front; it owns nothing.
 * All integers are big-endian. A put that fails sets a sticky error, so that a message may be written as a
 * row of puts and checked once with lk_buf_error(). A get that fails leaves view and output untouched. */
#ifndef LK_BASE_BUF_H
#define LK_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct lk_buf {
    uint8_t *data;   /* owned; NULL while empty */
    size_t len;      /* bytes written */
    size_t capacity; /* bytes allocated */
    size_t max;      /* len never exceeds this */
    int error;       /* sticky: 0 or a negative error */
    bool secret;     /* wiped on growth and on free */
};

struct lk_view {
    const uint8_t *data; /* borrowed */
    size_t len;
};

#define LK_BUF_INIT(maximum)     ((struct lk_buf){.max = (maximum)})
#define LK_VIEW(pointer, length) ((struct lk_view){.data = (pointer), .len = (length)})

void lk_buf_init(struct lk_buf *buf, size_t max);
void lk_buf_init_secret(struct lk_buf *buf, size_t max);
/* Frees (wipes if secret) and leaves an empty buffer of the same maximum. Accepts NULL. */
void lk_buf_clear(struct lk_buf *buf);
/* Sets length to zero and forgets the error; keeps the allocation (wiped if secret). */
void lk_buf_reset(struct lk_buf *buf);
/* 0, -LK_ERR_NOMEM or -LK_ERR_TOO_BIG: the first failure of the puts so far. */
LK_MUST_USE int lk_buf_error(const struct lk_buf *buf);
struct lk_view lk_buf_view(const struct lk_buf *buf);
/* Hands the bytes to the caller, who frees them with free(); the buffer is empty afterwards. NULL on a sticky error or when empty. */
LK_MUST_USE uint8_t *lk_buf_take(struct lk_buf *buf, size_t *ret_len);
/* Drops the first len bytes (len <= buf->len) and moves the rest to the front. */
void lk_buf_consume(struct lk_buf *buf, size_t len);
/* Appends len bytes of room and returns where to write them, or NULL with the sticky error. Valid until the next put. */
LK_MUST_USE uint8_t *lk_buf_reserve(struct lk_buf *buf, size_t len);

void lk_buf_put_u8(struct lk_buf *buf, uint8_t value);
void lk_buf_put_u16(struct lk_buf *buf, uint16_t value);
void lk_buf_put_u32(struct lk_buf *buf, uint32_t value);
void lk_buf_put_u64(struct lk_buf *buf, uint64_t value);
void lk_buf_put_bytes(struct lk_buf *buf, const void *data, size_t len);
void lk_buf_put_view(struct lk_buf *buf, struct lk_view view);
/* u16 length, then the bytes. Over 65,535 bytes: -LK_ERR_TOO_BIG. */
void lk_buf_put_field(struct lk_buf *buf, const void *data, size_t len);
/* u32 length, then the bytes. */
void lk_buf_put_field32(struct lk_buf *buf, const void *data, size_t len);
/* u16 length, then the characters without their NUL. NULL is written as the empty string. */
void lk_buf_put_string(struct lk_buf *buf, const char *string);
/* Overwrites four bytes at offset (offset + 4 <= len): for lengths known afterwards. */
void lk_buf_set_u32(struct lk_buf *buf, size_t offset, uint32_t value);

/* Gets return 0 or -LK_ERR_TRUNCATED, and what is said at each. */
LK_MUST_USE int lk_view_get_u8(struct lk_view *view, uint8_t *ret_value);
LK_MUST_USE int lk_view_get_u16(struct lk_view *view, uint16_t *ret_value);
LK_MUST_USE int lk_view_get_u32(struct lk_view *view, uint32_t *ret_value);
LK_MUST_USE int lk_view_get_u64(struct lk_view *view, uint64_t *ret_value);
/* Copies exactly len bytes out. */
LK_MUST_USE int lk_view_get_bytes(struct lk_view *view, void *ret_data, size_t len);
/* Borrows len bytes: the result points into the same memory. */
LK_MUST_USE int lk_view_get_view(struct lk_view *view, size_t len, struct lk_view *ret_view);
/* A u16-length field, borrowed; longer than max: -LK_ERR_TOO_BIG. */
LK_MUST_USE int lk_view_get_field(struct lk_view *view, size_t max, struct lk_view *ret_field);
LK_MUST_USE int lk_view_get_field32(struct lk_view *view, size_t max, struct lk_view *ret_field);
/* A u16-length string copied with a NUL into size bytes; too long: -LK_ERR_TOO_BIG; a NUL inside: -LK_ERR_ENCODING. */
LK_MUST_USE int lk_view_get_string(struct lk_view *view, char *ret_string, size_t size);
/* -LK_ERR_TRAILING unless the view is used up. */
LK_MUST_USE int lk_view_end(const struct lk_view *view);

/* Same length and bytes; not constant time, for public data. */
bool lk_view_equal(struct lk_view a, struct lk_view b);
/* Constant time in the content; for challenges, MACs and the like. */
bool lk_bytes_equal(const void *a, const void *b, size_t len);
/* Lower-case hexadecimal of len bytes with a NUL; size must be at least 2 * len + 1, else the empty string is written. */
void lk_hex(char *ret_text, size_t size, const void *data, size_t len);
/* Exactly 2 * len hexadecimal digits, either case: 0 or -LK_ERR_ENCODING. */
LK_MUST_USE int lk_unhex(void *ret_data, size_t len, const char *text);

#endif
