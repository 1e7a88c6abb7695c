/* SPDX-License-Identifier: EUPL-1.2 */
/* Files of `[section]` and `name = value`, read strictly: latchkey.conf and the tables of firmware-notes.
 *
 * Rules: whole lines that begin with # or ; are comments; no indented lines, no comments behind a value, no control bytes (tabs and carriage returns included), no byte order
 * mark, lines of at most LK_LINES_LINE_MAX bytes, `=` and not `:`. Whatever breaks a rule refuses the whole file with "label:line: reason". Blanks around a value are not part of
 * it. What sections and names mean is the caller's. */
#ifndef LK_LINES_LINES_H
#define LK_LINES_LINES_H

#include "base/buf.h"

enum {
    LK_LINES_LINE_MAX = 198, /* bytes without the line's end; inih cuts longer ones in two */
    LK_LINES_MESSAGE_SIZE = 512
};

struct lk_lines {
    /* Set by the caller. */
    const char *label; /* stands in messages: the path */
    /* A section begins; also called for one that stays empty. What is wrong is said with lk_lines_fail. */
    void (*section)(struct lk_lines *lines, const char *name);
    /* An option of the section above it ("" where there is none). What is wrong is said with lk_lines_fail. */
    void (*option)(struct lk_lines *lines, const char *section, const char *name,
                   const char *value);
    void *context;
    char *message; /* gets one line without its end, on failure only */
    size_t size;
    /* Kept by the reader. */
    unsigned int line; /* the one that is being read, from 1; the last one afterwards */
    int error;         /* of the first line that is wrong, or 0 */
    struct lk_view rest;
    char name[LK_LINES_LINE_MAX + 1]; /* of the section */
};

/* Reads the whole text. 0, -LK_ERR_CONFIG for a line that is wrong, -LK_ERR_NOMEM, or the error that the caller gave lk_lines_fail. */
LK_MUST_USE int lk_lines_read(struct lk_lines *lines, struct lk_view text);
/* From within section and option, or afterwards: the file is refused with this error and reason. The first one that is told counts. */
void lk_lines_fail(struct lk_lines *lines, int error, const char *reason);

#endif
