/* SPDX-License-Identifier: EUPL-1.2 */
/* Inside this folder: what keys a row has, and how a value of each is read. */
#ifndef LK_TABLES_ROW_H
#define LK_TABLES_ROW_H

#include "tables/tables.h"

enum { LK_ROW_FIELDS_MAX = 16 };

enum lk_value_type {
    LK_VALUE_TEXT,          /* printable ASCII, into char[size] */
    LK_VALUE_WORDS_FRENCH,  /* the same, any UTF-8 */
    LK_VALUE_FAMILY,        /* 1 to 32 of [a-z0-9-] */
    LK_VALUE_FAMILIES,      /* each line adds one to the anchor */
    LK_VALUE_AAGUIDS,       /* each line adds one to the anchor */
    LK_VALUE_WORD,          /* one of words, into an enum */
    LK_VALUE_TRANSPORTS,    /* of usb nfc ble, in this order */
    LK_VALUE_FIRMWARE_FROM, /* one to three numbers, the missing ones 0 */
    LK_VALUE_FIRMWARE_TO,   /* the missing ones 255 */
    LK_VALUE_LEVEL,         /* FIDO level */
    LK_VALUE_PROFILE,       /* consumer or enterprise, into bool */
    LK_VALUE_FOR_PEOPLE,    /* a date that is checked and not kept */
    LK_VALUE_DATE,          /* YYYY-MM-DD, into seconds since 1970 at its beginning in UTC */
    LK_VALUE_NUMBER,        /* from 1, into uint32_t */
    LK_VALUE_YES,           /* the word yes, into bool */
    LK_VALUE_SOURCES,       /* keys of SOURCES.md: for people, not kept */
    LK_VALUE_CVE,           /* each line adds one to the advisory */
    LK_VALUE_AFFECTS,       /* each line adds one to the advisory */
    LK_VALUE_VERDICT        /* into verdict and from of the advisory */
};

struct lk_word {
    const char *text;
    int value;
};

struct lk_row_field {
    const char *name;
    enum lk_value_type type;
    bool optional;
    bool repeats;
    size_t offset;               /* of the member in the row */
    size_t size;                 /* of a text, with its NUL */
    const struct lk_word *words; /* ended by NULL */
};

/* Checks a value and writes it into the row. -LK_ERR_CONFIG, -LK_ERR_NOMEM. */
LK_MUST_USE int lk_value_set(const struct lk_row_field *field, void *row, const char *value);
/* "family yubikey-5 below 5.7.0". -LK_ERR_ENCODING. */
LK_MUST_USE int lk_value_affected(const char *text, struct lk_affected *ret_affected);

/* One row of any table while it is read. */
struct lk_row {
    union {
        struct lk_table_head head;
        struct lk_authenticator authenticator;
        struct lk_anchor anchor;
        struct lk_advisory advisory;
    } u;
    bool replaces; /* `replaces = yes` */
};
/* Adds a complete row to the set and takes over what it owns, also on failure. reason gets what is wrong. -LK_ERR_CONFIG, -LK_ERR_NOMEM. */
LK_MUST_USE int lk_row_add(struct lk_tables *tables, enum lk_table table, struct lk_row *row,
                           const char **ret_reason);
void lk_row_clear(enum lk_table table, struct lk_row *row);

#endif
