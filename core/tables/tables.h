/* SPDX-License-Identifier: EUPL-1.2 */
/* Reading the tables of firmware-notes (model/tables.h has the rows, firmware-notes/README.md the format). Strict: a line that breaks a rule, an unknown key or word, a missing
 * one, a row twice, an advisory for a model that has no row: the whole set is refused, with "file:line: reason". */
#ifndef LK_TABLES_TABLES_H
#define LK_TABLES_TABLES_H

#include "base/buf.h"
#include "model/tables.h"

enum {
    LK_TABLES_FILE_MAX = 4 * 1024 * 1024,
    LK_TABLES_MESSAGE_SIZE = 512 /* what a caller's message buffer should have */
};

/* Files of one folder: authenticators.conf, anchors.conf, advisories.conf. */
#define LK_TABLES_FOLDER "/usr/share/latchkey/tables"

/* A new, empty set. NULL: no memory. Freed with lk_tables_free. */
struct lk_tables *lk_tables_new(void);
/* Adds one file. origin LOCAL: a row that exists already is replaced if it has the line `replaces = yes`, and such a line without a row that it replaces is an error. IMPORTED:
 * an authenticator that exists keeps its row and takes the certification; an anchor that exists takes the AAGUIDs as well. To be added in the order SHIPPED, LOCAL, IMPORTED.
 * label stands in the message. -LK_ERR_CONFIG, -LK_ERR_NOMEM; then the set is to be freed. */
LK_MUST_USE int lk_tables_add(struct lk_tables *tables, enum lk_table table,
                              enum lk_table_origin origin, const char *label, struct lk_view text,
                              char *ret_message, size_t size);
/* Closes the set: sorts, finds what each advisory names. Before it nothing can be looked up. -LK_ERR_CONFIG if an advisory names a family, vendor or AAGUID that has no row;
 * -LK_ERR_NOMEM. */
LK_MUST_USE int lk_tables_finish(struct lk_tables *tables, char *ret_message, size_t size);

/* All of it from folders: the three files of `shipped` must be there; in `local` and `imported` each may be missing, and so may the folder ("" = none). Files must belong to
 * root or the caller and be writable by nobody else (lk_file_read). Errors as above and those of lk_file_read. *ret_tables is freed with lk_tables_free. */
struct lk_tables_folders {
    const char *shipped;
    const char *local;
    const char *imported;
};
LK_MUST_USE int lk_tables_load(const struct lk_tables_folders *folders,
                               struct lk_tables **ret_tables, char *ret_message, size_t size);

#endif
