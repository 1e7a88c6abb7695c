/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Bounded CBOR for the software key: reads one data item head at a time and writes into a buffer of
 * fixed size. Nothing is allocated. What is read is hostile: counts are never trusted, lengths are
 * checked against the bytes that are left, depth is limited (CTAP 2.1 section 8: four levels).
 */
#ifndef LK_SOFTKEY_ITEM_H
#define LK_SOFTKEY_ITEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum lk_item_kind {
    LK_ITEM_UINT,
    LK_ITEM_NEGINT, /* value holds n of -1 - n */
    LK_ITEM_BYTES,
    LK_ITEM_TEXT,
    LK_ITEM_ARRAY, /* value holds the number of elements */
    LK_ITEM_MAP,   /* value holds the number of pairs */
    LK_ITEM_BOOL,
    LK_ITEM_OTHER, /* tags, floats, null, indefinite lengths: CTAP2 canonical CBOR has no use for
                      them */
};

struct lk_item {
    enum lk_item_kind kind;
    uint64_t value;
    const uint8_t *data; /* of byte and text strings; points into the input */
    size_t length;
};

struct lk_reader {
    const uint8_t *data;
    size_t length;
    size_t position;
};

/* Reads one head (and the content of a string). False: truncated, not minimal, or nothing left. */
bool lk_reader_next(struct lk_reader *reader, struct lk_item *ret_item);
/* The same, and false as well when the item is of another kind. */
bool lk_reader_expect(struct lk_reader *reader, enum lk_item_kind kind, struct lk_item *ret_item);
/* Steps over a whole item and gives the bytes it took as a reader of its own. */
bool lk_reader_take(struct lk_reader *reader, struct lk_reader *ret_value);

#define LK_MAP_KEYS 16

/* A map with small unsigned integer keys, split: one reader for each value. */
struct lk_int_map {
    bool present[LK_MAP_KEYS];
    struct lk_reader value[LK_MAP_KEYS];
};

/* Keys must rise (canonical order, no duplicates) and nothing may follow the map. */
bool lk_int_map_split(struct lk_reader input, struct lk_int_map *ret_map);
/* Finds a text key. 1: found, 0: not there, -1: not a well-formed map. */
int lk_text_map_find(struct lk_reader input, const char *name, struct lk_reader *ret_value);

struct lk_writer {
    uint8_t *data;
    size_t capacity;
    size_t length;
    bool failed; /* sticks: something did not fit */
};

void lk_writer_init(struct lk_writer *writer, uint8_t *data, size_t capacity);
void lk_write_raw(struct lk_writer *writer, const void *data, size_t length);
void lk_write_int(struct lk_writer *writer, int64_t value);
void lk_write_bytes(struct lk_writer *writer, const void *data, size_t length);
void lk_write_text(struct lk_writer *writer, const char *text);
void lk_write_text_bytes(struct lk_writer *writer, const void *text, size_t length);
void lk_write_array(struct lk_writer *writer, size_t count);
void lk_write_map(struct lk_writer *writer, size_t count);
void lk_write_bool(struct lk_writer *writer, bool value);

#endif
