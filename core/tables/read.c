/* SPDX-License-Identifier: EUPL-1.2 */
/* One file of a table: its sections, and the keys of each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lines/lines.h"
#include "tables/row.h"

#define HEAD(member)          offsetof(struct lk_row, u.head.member)
#define AUTHENTICATOR(member) offsetof(struct lk_row, u.authenticator.member)
#define ANCHOR(member)        offsetof(struct lk_row, u.anchor.member)
#define ADVISORY(member)      offsetof(struct lk_row, u.advisory.member)
#define TEXT_OF(type, member) sizeof(((struct type *)NULL)->member)
#define REPLACES                                                                                   \
    {                                                                                              \
        .name = "replaces", .type = LK_VALUE_YES, .optional = true,                                \
        .offset = offsetof(struct lk_row, replaces)                                                \
    }
#define SOURCE                                                                                     \
    {                                                                                              \
        .name = "source", .type = LK_VALUE_SOURCES                                                 \
    }

static const struct lk_word kinds[] = {{"security-key", LK_AUTHENTICATOR_SECURITY_KEY},
                                       {"smart-card", LK_AUTHENTICATOR_SMART_CARD},
                                       {"wallet", LK_AUTHENTICATOR_WALLET},
                                       {"platform", LK_AUTHENTICATOR_PLATFORM},
                                       {"software", LK_AUTHENTICATOR_SOFTWARE},
                                       {"research", LK_AUTHENTICATOR_RESEARCH},
                                       {"preview", LK_AUTHENTICATOR_PREVIEW},
                                       {"test", LK_AUTHENTICATOR_TEST},
                                       {NULL, 0}};
static const struct lk_word decoders[] = {{"none", LK_DECODER_NONE},
                                          {"opaque", LK_DECODER_OPAQUE},
                                          {"yubico24", LK_DECODER_YUBICO24},
                                          {NULL, 0}};
static const struct lk_word roles[] = {{"trust", LK_ANCHOR_TRUST},
                                       {"intermediate", LK_ANCHOR_INTERMEDIATE},
                                       {"refuse", LK_ANCHOR_REFUSE},
                                       {NULL, 0}};
static const struct lk_word evidences[] = {{"possible", LK_EVIDENCE_POSSIBLE},
                                           {"certain", LK_EVIDENCE_CERTAIN},
                                           {"signed", LK_EVIDENCE_SIGNED},
                                           {NULL, 0}};
static const struct lk_word profiles[] = {{"consumer", false}, {"enterprise", true}, {NULL, 0}};

/* Beside these `format`, which is compared and not kept. */
static const struct lk_row_field head_fields[] = {
    {.name = "version", .type = LK_VALUE_NUMBER, .offset = HEAD(version)},
    {.name = "date", .type = LK_VALUE_DATE, .offset = HEAD(date)},
    {.name = "next_update", .type = LK_VALUE_DATE, .optional = true, .offset = HEAD(next_update)},
    {.name = NULL}};
static const struct lk_row_field authenticator_fields[] = {
    {.name = "vendor",
     .type = LK_VALUE_TEXT,
     .offset = AUTHENTICATOR(vendor),
     .size = TEXT_OF(lk_authenticator, vendor)},
    {.name = "model",
     .type = LK_VALUE_TEXT,
     .offset = AUTHENTICATOR(model),
     .size = TEXT_OF(lk_authenticator, model)},
    {.name = "family", .type = LK_VALUE_FAMILY, .offset = AUTHENTICATOR(family)},
    {.name = "kind", .type = LK_VALUE_WORD, .offset = AUTHENTICATOR(kind), .words = kinds},
    {.name = "firmware_from",
     .type = LK_VALUE_FIRMWARE_FROM,
     .optional = true,
     .offset = AUTHENTICATOR(firmware_from)},
    {.name = "firmware_to",
     .type = LK_VALUE_FIRMWARE_TO,
     .optional = true,
     .offset = AUTHENTICATOR(firmware_to)},
    {.name = "decoder", .type = LK_VALUE_WORD, .offset = AUTHENTICATOR(decoder), .words = decoders},
    {.name = "certification", .type = LK_VALUE_LEVEL, .offset = AUTHENTICATOR(certification)},
    {.name = "profile",
     .type = LK_VALUE_PROFILE,
     .offset = AUTHENTICATOR(enterprise),
     .words = profiles},
    {.name = "transports",
     .type = LK_VALUE_TRANSPORTS,
     .optional = true,
     .offset = AUTHENTICATOR(transports)},
    {.name = "fingerprint",
     .type = LK_VALUE_YES,
     .optional = true,
     .offset = AUTHENTICATOR(fingerprint)},
    {.name = "note", .type = LK_VALUE_FAMILY, .offset = AUTHENTICATOR(note)},
    SOURCE,
    REPLACES,
    {.name = NULL}};
static const struct lk_row_field anchor_fields[] = {
    {.name = "name",
     .type = LK_VALUE_TEXT,
     .offset = ANCHOR(name),
     .size = TEXT_OF(lk_anchor, name)},
    {.name = "vendor",
     .type = LK_VALUE_TEXT,
     .offset = ANCHOR(vendor),
     .size = TEXT_OF(lk_anchor, vendor)},
    {.name = "family", .type = LK_VALUE_FAMILIES, .optional = true, .repeats = true},
    {.name = "aaguid", .type = LK_VALUE_AAGUIDS, .optional = true, .repeats = true},
    {.name = "role", .type = LK_VALUE_WORD, .offset = ANCHOR(role), .words = roles},
    {.name = "valid_from", .type = LK_VALUE_FOR_PEOPLE, .optional = true},
    {.name = "valid_to", .type = LK_VALUE_FOR_PEOPLE, .optional = true},
    {.name = "note", .type = LK_VALUE_FAMILY, .offset = ANCHOR(note)},
    SOURCE,
    REPLACES,
    {.name = NULL}};
static const struct lk_row_field advisory_fields[] = {
    {.name = "title",
     .type = LK_VALUE_TEXT,
     .offset = ADVISORY(title),
     .size = TEXT_OF(lk_advisory, title)},
    {.name = "cve", .type = LK_VALUE_CVE, .optional = true, .repeats = true},
    {.name = "date", .type = LK_VALUE_DATE, .offset = ADVISORY(date)},
    {.name = "affects", .type = LK_VALUE_AFFECTS, .repeats = true},
    {.name = "evidence", .type = LK_VALUE_WORD, .offset = ADVISORY(evidence), .words = evidences},
    {.name = "verdict", .type = LK_VALUE_VERDICT},
    {.name = "risk",
     .type = LK_VALUE_TEXT,
     .offset = ADVISORY(risk),
     .size = TEXT_OF(lk_advisory, risk)},
    {.name = "todo",
     .type = LK_VALUE_TEXT,
     .offset = ADVISORY(todo),
     .size = TEXT_OF(lk_advisory, todo)},
    {.name = "todo_fr",
     .type = LK_VALUE_WORDS_FRENCH,
     .offset = ADVISORY(todo_fr),
     .size = TEXT_OF(lk_advisory, todo_fr)},
    {.name = "note", .type = LK_VALUE_FAMILY, .offset = ADVISORY(note)},
    SOURCE,
    REPLACES,
    {.name = NULL}};

static const struct {
    const char *word; /* of its sections */
    const char *format;
    const struct lk_row_field *fields;
} shapes[LK_TABLES] = {
    [LK_TABLE_AUTHENTICATORS] = {"authenticator ", "latchkey-authenticators 1",
                                 authenticator_fields},
    [LK_TABLE_ANCHORS] = {"anchor ", "latchkey-anchors 1", anchor_fields},
    [LK_TABLE_ADVISORIES] = {"advisory ", "latchkey-advisories 1", advisory_fields},
};

enum place { PLACE_BEFORE, PLACE_HEAD, PLACE_ROW };

struct reader {
    struct lk_lines lines;
    struct lk_tables *tables;
    enum lk_table table;
    enum lk_table_origin origin;
    enum place place;
    struct lk_row row;
    const struct lk_row_field *fields;
    bool given[LK_ROW_FIELDS_MAX];
    bool format_given;
};

static void fail(struct reader *reader, const char *words, const char *name)
{
    char reason[256];

    (void)snprintf(reason, sizeof reason, "%s%.80s", words, name);
    lk_lines_fail(&reader->lines, -LK_ERR_CONFIG, reason);
}

/* ---- the end of a section ---- */

static bool complete(struct reader *reader)
{
    for (size_t i = 0; reader->fields[i].name != NULL; i++) {
        if (!reader->given[i] && !reader->fields[i].optional) {
            fail(reader, "the section above ends without ", reader->fields[i].name);
            return false;
        }
    }
    if (reader->place == PLACE_HEAD && !reader->format_given) {
        fail(reader, "the section above ends without ", "format");
        return false;
    }
    return true;
}

/* Both ends of a firmware range or none, in order. */
static bool range_good(struct reader *reader)
{
    struct lk_authenticator *row = &reader->row.u.authenticator;
    bool from = false;
    bool to = false;

    for (size_t i = 0; reader->fields[i].name != NULL; i++) {
        if (reader->fields[i].type == LK_VALUE_FIRMWARE_FROM)
            from = reader->given[i];
        if (reader->fields[i].type == LK_VALUE_FIRMWARE_TO)
            to = reader->given[i];
    }
    row->has_firmware = from && to;
    if (from == to && row->firmware_from <= row->firmware_to)
        return true;
    fail(reader, "the row above needs firmware_from and firmware_to, in order", "");
    return false;
}

static void end_row(struct reader *reader)
{
    const char *reason = NULL;
    int r;

    if (reader->table == LK_TABLE_AUTHENTICATORS && !range_good(reader))
        return;
    r = lk_row_add(reader->tables, reader->table, &reader->row, &reason);
    if (r != 0)
        lk_lines_fail(&reader->lines, r, reason != NULL ? reason : lk_error_text(r));
}

static void end_section(struct reader *reader)
{
    struct lk_table_head *head = &reader->tables->heads[reader->table][reader->origin];

    if (reader->lines.error != 0 || reader->place == PLACE_BEFORE || !complete(reader))
        return;
    if (reader->place == PLACE_ROW) {
        end_row(reader);
        return;
    }
    *head = reader->row.u.head;
    head->given = true;
}

/* ---- the beginning of a section ---- */

static int read_name(struct reader *reader, const char *name)
{
    struct lk_row *row = &reader->row;
    const struct lk_table_place place = {.origin = reader->origin, .line = reader->lines.line};
    size_t len = strlen(name);

    switch (reader->table) {
    case LK_TABLE_AUTHENTICATORS:
        row->u.authenticator.place = place;
        return lk_aaguid_parse(name, row->u.authenticator.aaguid);
    case LK_TABLE_ANCHORS:
        row->u.anchor.place = place;
        /* One form for each digest, or two rows could be the same one. */
        return strpbrk(name, "ABCDEF") != NULL
                   ? -LK_ERR_ENCODING
                   : lk_unhex(row->u.anchor.digest, LK_DIGEST_SIZE, name);
    default:
        row->u.advisory.place = place;
        if (len == 0 || len > LK_TABLE_ID_MAX ||
            strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-") != len)
            return -LK_ERR_ENCODING;
        memcpy(row->u.advisory.id, name, len + 1);
        return 0;
    }
}

static void begin_section(struct lk_lines *lines, const char *name)
{
    struct reader *reader = lines->context;
    const char *word = shapes[reader->table].word;
    bool head = strcmp(name, "table") == 0;

    end_section(reader);
    if (reader->lines.error != 0)
        return;
    if (head != (reader->place == PLACE_BEFORE)) {
        fail(reader, head ? "a second [table]" : "the first section must be [table]", "");
        return;
    }
    memset(reader->given, 0, sizeof reader->given);
    memset(&reader->row, 0, sizeof reader->row);
    reader->place = head ? PLACE_HEAD : PLACE_ROW;
    reader->fields = head ? head_fields : shapes[reader->table].fields;
    if (!head &&
        (strncmp(name, word, strlen(word)) != 0 || read_name(reader, name + strlen(word)) != 0))
        fail(reader, "this is no name of a row here: ", name);
}

/* ---- a line of a section ---- */

static void take_format(struct reader *reader, const char *value)
{
    if (reader->format_given)
        fail(reader, "given twice: ", "format");
    else if (strcmp(value, shapes[reader->table].format) != 0)
        fail(reader, "format must be ", shapes[reader->table].format);
    reader->format_given = true;
}

static void take_option(struct lk_lines *lines, const char *section, const char *name,
                        const char *value)
{
    struct reader *reader = lines->context;
    const struct lk_row_field *field = reader->fields;
    bool *given;
    int r;

    (void)section;
    if (reader->place == PLACE_BEFORE) {
        fail(reader, "the first section must be [table]", "");
        return;
    }
    if (reader->place == PLACE_HEAD && strcmp(name, "format") == 0) {
        take_format(reader, value);
        return;
    }
    while (field->name != NULL && strcmp(field->name, name) != 0)
        field++;
    if (field->name == NULL) {
        fail(reader, "unknown key ", name);
        return;
    }
    given = &reader->given[field - reader->fields];
    if (*given && !field->repeats) {
        fail(reader, "given twice: ", name);
        return;
    }
    *given = true;
    r = lk_value_set(field, &reader->row, value);
    if (r == -LK_ERR_CONFIG)
        fail(reader, "not a value of ", name);
    else if (r != 0)
        lk_lines_fail(&reader->lines, r, lk_error_text(r));
}

int lk_tables_add(struct lk_tables *tables, enum lk_table table, enum lk_table_origin origin,
                  const char *label, struct lk_view text, char *ret_message, size_t size)
{
    struct reader reader = {
        .lines = {.label = label,
                  .section = begin_section,
                  .option = take_option,
                  .context = &reader,
                  .message = ret_message,
                  .size = size},
        .tables = tables,
        .table = table,
        .origin = origin,
    };

    if (lk_lines_read(&reader.lines, text) == 0) {
        if (reader.place == PLACE_BEFORE)
            fail(&reader, "there is no section [table]", "");
        end_section(&reader);
    }
    if (reader.place == PLACE_ROW)
        lk_row_clear(table, &reader.row);
    return reader.lines.error;
}
