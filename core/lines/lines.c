/* SPDX-License-Identifier: EUPL-1.2 */
/* inih is lenient: it joins indented lines to the value before, cuts off what follows " ;", takes "name: value", ends a line at a NUL, cuts long lines in two and the names of
 * sections at 49 bytes, and skips a byte order mark. A line that it would take for something other than what stands there could loosen a rule in silence. So it is fed by a reader
 * that looks at each line first, refuses what would be misread, keeps the section's name itself, and counts: the number in a message is the number of the line in the file. */
#include "lines/lines.h"

#include <ini.h>
#include <stdio.h>
#include <string.h>

/* The first line that is wrong is the one that is told. */
void lk_lines_fail(struct lk_lines *lines, int error, const char *reason)
{
    if (lines->error != 0)
        return;
    lines->error = error;
    (void)snprintf(lines->message, lines->size, "%s:%u: %s", lines->label, lines->line, reason);
}

static const char *check_bytes(struct lk_view line)
{
    for (size_t i = 0; i < line.len; i++) {
        if (line.data[i] == '\0')
            return "a NUL byte";
        if (line.data[i] == '\r')
            return "a carriage return: lines end with a line feed alone";
        if (line.data[i] < 0x20 || line.data[i] == 0x7f)
            return "a tab or another control byte";
    }
    if (line.len > LK_LINES_LINE_MAX)
        return "the line is too long";
    return NULL;
}

static bool has(struct lk_view line, const char *text)
{
    return memmem(line.data, line.len, text, strlen(text)) != NULL;
}

/* NULL, or what inih would misread in this line (without its end). */
static const char *check_line(struct lk_view line, unsigned int number)
{
    const char *wrong = check_bytes(line);
    const uint8_t *equals;
    const uint8_t *colon;

    if (wrong != NULL)
        return wrong;
    if (number == 1 && line.len >= 3 && memcmp(line.data, "\xef\xbb\xbf", 3) == 0)
        return "a byte order mark";
    if (line.len == 0 || line.data[0] == '#' || line.data[0] == ';')
        return NULL;
    if (line.data[0] == ' ')
        return "the line is indented";
    if (has(line, " ;") || has(line, " #"))
        return "a comment behind a value: put it on a line of its own";
    if (line.data[0] == '[')
        return line.data[line.len - 1] == ']' ? NULL
                                              : "a section is written [name] and nothing else";
    equals = memchr(line.data, '=', line.len);
    colon = memchr(line.data, ':', line.len);
    if (equals == NULL || equals == line.data)
        return "expected name = value";
    if (colon != NULL && colon < equals)
        return "a colon in the name";
    return NULL;
}

/* inih tells sections only with the options in them: an empty one would pass unseen. */
static void begin_section(struct lk_lines *lines, struct lk_view line)
{
    memcpy(lines->name, line.data + 1, line.len - 2);
    lines->name[line.len - 2] = '\0';
    lines->section(lines, lines->name);
}

/* In the manner of fgets, for ini_parse_stream. */
static char *next_line(char *ret_line, int size, void *stream)
{
    struct lk_lines *lines = stream;
    const uint8_t *end;
    const char *wrong;
    struct lk_view line;
    bool ended;

    if (lines->error != 0 || lines->rest.len == 0)
        return NULL;
    lines->line++;
    end = memchr(lines->rest.data, '\n', lines->rest.len);
    ended = end != NULL;
    line = LK_VIEW(lines->rest.data, ended ? (size_t)(end - lines->rest.data) : lines->rest.len);
    wrong = check_line(line, lines->line);
    /* Two more bytes: line feed and NUL. An inih built with shorter lines must not cut one either. */
    if (wrong == NULL && (size < 2 || line.len > (size_t)size - 2))
        wrong = "the line is too long";
    if (wrong != NULL)
        lk_lines_fail(lines, -LK_ERR_CONFIG, wrong);
    else if (line.len > 0 && line.data[0] == '[')
        begin_section(lines, line);
    if (lines->error != 0)
        return NULL;
    memcpy(ret_line, line.data, line.len);
    ret_line[line.len] = '\n';
    ret_line[line.len + 1] = '\0';
    lines->rest.data += line.len + ended;
    lines->rest.len -= line.len + ended;
    return ret_line;
}

/* 1 = go on, 0 = wrong, as inih wants it. Its own name of the section may be cut. */
static int take(void *user, const char *section, const char *name, const char *value)
{
    struct lk_lines *lines = user;

    (void)section;
    if (lines->error == 0)
        lines->option(lines, lines->name, name, value);
    return lines->error == 0;
}

int lk_lines_read(struct lk_lines *lines, struct lk_view text)
{
    int r;

    lines->rest = text;
    lines->line = 0;
    lines->error = 0;
    lines->name[0] = '\0';
    r = ini_parse_stream(next_line, lines, take, lines);
    if (r < 0)
        lk_lines_fail(lines, -LK_ERR_NOMEM, lk_error_text(-LK_ERR_NOMEM));
    else if (r > 0)
        lk_lines_fail(lines, -LK_ERR_CONFIG, "expected name = value");
    return lines->error;
}
