/* SPDX-License-Identifier: EUPL-1.2 */
/* For the codecs of core/wire only: a writer and a reader with a sticky error, so that an encoder and a decoder read like the
 * table of their format in docs/PROTOCOL.md section 4. After the first error a put does nothing and a get gives zero; the one
 * result is asked for at the end. */
#ifndef LK_WIRE_FORMAT_H
#define LK_WIRE_FORMAT_H

#include "wire/wire.h"

struct lk_writer {
    struct lk_buf *buf;
    int error;
};
struct lk_reader {
    struct lk_view view;
    int error;
};

/* The array head and the type string; members counts the type string too. */
void lk_write_begin(struct lk_writer *writer, const char *type, uint64_t members);
void lk_write_uint(struct lk_writer *writer, uint64_t value);
void lk_write_bytes(struct lk_writer *writer, const void *data, size_t len);
void lk_write_text(struct lk_writer *writer, const char *text);
void lk_write_array(struct lk_writer *writer, uint64_t count);
void lk_write_bool(struct lk_writer *writer, bool value);

/* Another type string: -LK_ERR_VERSION; another number of members: -LK_ERR_TYPE. */
void lk_read_begin(struct lk_reader *reader, const char *type, uint64_t members);
uint64_t lk_read_uint(struct lk_reader *reader, uint64_t min, uint64_t max);
/* Seconds since 1970, 0 to INT64_MAX. */
int64_t lk_read_time(struct lk_reader *reader);
/* A byte string of exactly len bytes; another length: -LK_ERR_RANGE. */
void lk_read_fixed(struct lk_reader *reader, void *ret_data, size_t len);
/* A byte string of min to max bytes, copied; shorter: -LK_ERR_RANGE, longer: -LK_ERR_TOO_BIG. */
uint16_t lk_read_bytes(struct lk_reader *reader, void *ret_data, size_t min, size_t max);
/* The same, borrowed. */
struct lk_view lk_read_view(struct lk_reader *reader, size_t min, size_t max);
void lk_read_text(struct lk_reader *reader, char *ret_text, size_t size);
/* A text that is name(i) for an i from first to last: that i. Another text: -LK_ERR_RANGE. */
unsigned int lk_read_choice(struct lk_reader *reader, const char *(*name)(unsigned int),
                            unsigned int first, unsigned int last);
/* An array head with exactly count members: otherwise -LK_ERR_TYPE. */
void lk_read_tuple(struct lk_reader *reader, uint64_t count);
/* An array head with min to max members; fewer: -LK_ERR_RANGE, more: -LK_ERR_TOO_BIG. */
uint32_t lk_read_array(struct lk_reader *reader, uint32_t min, uint32_t max);
bool lk_read_bool(struct lk_reader *reader);
/* Sets the error unless there is one already. */
void lk_read_fail(struct lk_reader *reader, int error);
/* The first error, or -LK_ERR_TRAILING if bytes are left. */
LK_MUST_USE int lk_read_end(const struct lk_reader *reader);

/* Names of enumerations by number, for lk_read_choice. */
const char *lk_choice_act(unsigned int number);
const char *lk_choice_kind(unsigned int number);
const char *lk_choice_state(unsigned int number);
const char *lk_choice_format(unsigned int number);
const char *lk_choice_entry(unsigned int number);

/* True if the text has no control characters (C0, DEL, C1): it will be shown on terminals. */
bool lk_text_plain(const char *text);
/* 0, or why the bytes are not a credential id or a public key of ours. */
LK_MUST_USE int lk_credential_id_check(const struct lk_credential_id *id);
LK_MUST_USE int lk_public_key_check(const struct lk_public_key *key);

#endif
