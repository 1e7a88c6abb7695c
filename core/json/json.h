/* SPDX-License-Identifier: EUPL-1.2 */
/* JSON (RFC 8259) over jansson: output for people's programs, and strict reading.
 *
 * Nodes are borrowed: they live as long as their document. Writing has one sticky error, so that a document is a row
 * of puts that is checked once at its end. What is read is hostile: size and depth are capped before anything is
 * allocated, duplicate members, bytes behind the end, NUL and bad UTF-8 are refused. */
#ifndef LK_JSON_JSON_H
#define LK_JSON_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum { LK_JSON_DEPTH_MAX = 16, LK_JSON_SIZE_MAX = 1 << 20 };

struct lk_json; /* one value; opaque */

struct lk_json_writer {
    struct lk_json *root;
    int error; /* sticky */
};

/* ---- writing ---- */

/* Starts a document whose top is an object, or an array. */
void lk_json_begin_object(struct lk_json_writer *writer);
void lk_json_begin_array(struct lk_json_writer *writer);
/* Appends the document to buf and frees it; members stand in the order in which they were put. indent: for people, else one line.
 * The first failure of the puts: -LK_ERR_NOMEM, -LK_ERR_ENCODING (not UTF-8), -LK_ERR_DUPLICATE (a member put twice); then buf is untouched. */
LK_MUST_USE int lk_json_end(struct lk_json_writer *writer, bool indent, struct lk_buf *buf);
/* Frees without output. */
void lk_json_abandon(struct lk_json_writer *writer);

/* Everywhere: parent is the root or what put_object/put_array returned; key is NULL where the parent is an array. */
struct lk_json *lk_json_put_object(struct lk_json_writer *writer, struct lk_json *parent,
                                   const char *key);
struct lk_json *lk_json_put_array(struct lk_json_writer *writer, struct lk_json *parent,
                                  const char *key);
/* text NULL is written as null. */
void lk_json_put_string(struct lk_json_writer *writer, struct lk_json *parent, const char *key,
                        const char *text);
void lk_json_put_int(struct lk_json_writer *writer, struct lk_json *parent, const char *key,
                     int64_t value);
void lk_json_put_bool(struct lk_json_writer *writer, struct lk_json *parent, const char *key,
                      bool value);
void lk_json_put_null(struct lk_json_writer *writer, struct lk_json *parent, const char *key);
/* Lower-case hexadecimal. At most 4096 bytes, else -LK_ERR_TOO_BIG. */
void lk_json_put_hex(struct lk_json_writer *writer, struct lk_json *parent, const char *key,
                     const void *data, size_t len);

/* ---- reading ---- */

/* text at most max (and LK_JSON_SIZE_MAX) bytes (-LK_ERR_TOO_BIG), depth at most LK_JSON_DEPTH_MAX (-LK_ERR_TOO_BIG);
 * not JSON: -LK_ERR_ENCODING; cut short: -LK_ERR_TRUNCATED; a member twice: -LK_ERR_DUPLICATE; more behind it: -LK_ERR_TRAILING. Any value may be the top. */
LK_MUST_USE int lk_json_parse(struct lk_view text, size_t max, struct lk_json **ret_document);
/* Returns NULL. Only for what lk_json_parse returned. Accepts NULL. */
struct lk_json *lk_json_free(struct lk_json *document);

/* Members: -LK_ERR_NOT_FOUND if absent, -LK_ERR_TYPE if of another type or if object is not an object. */
LK_MUST_USE int lk_json_get(const struct lk_json *object, const char *key,
                            const struct lk_json **ret_value);
/* UTF-8 with a NUL behind it, none inside. */
LK_MUST_USE int lk_json_get_string(const struct lk_json *object, const char *key,
                                   const char **ret_text);
/* Outside min to max, or not whole: -LK_ERR_RANGE and -LK_ERR_TYPE. */
LK_MUST_USE int lk_json_get_int(const struct lk_json *object, const char *key, int64_t min,
                                int64_t max, int64_t *ret_value);
LK_MUST_USE int lk_json_get_bool(const struct lk_json *object, const char *key, bool *ret_value);
LK_MUST_USE int lk_json_get_array(const struct lk_json *object, const char *key,
                                  const struct lk_json **ret_array);
size_t lk_json_count(const struct lk_json *array); /* 0 for anything else */
const struct lk_json *lk_json_item(const struct lk_json *array, size_t index); /* NULL outside */
bool lk_json_is_null(const struct lk_json *value);                             /* false for NULL */
/* The text of a string value itself; NULL if it is not one. */
const char *lk_json_text(const struct lk_json *value);

#endif
