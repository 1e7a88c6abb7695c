/* SPDX-License-Identifier: EUPL-1.2 */
/* Values of a row. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "tables/row.h"

static int text_set(char *member, size_t size, const char *value, bool ascii)
{
    size_t len = strlen(value);

    if (len == 0 || len >= size)
        return -LK_ERR_CONFIG;
    for (size_t i = 0; ascii && i < len; i++) {
        if ((unsigned char)value[i] > 0x7e)
            return -LK_ERR_CONFIG;
    }
    memcpy(member, value, len + 1);
    return 0;
}

static int family_set(char member[LK_TABLE_FAMILY_MAX + 1], const char *value)
{
    return lk_family_valid(value) ? text_set(member, LK_TABLE_FAMILY_MAX + 1, value, true)
                                  : -LK_ERR_CONFIG;
}

static int word_set(const struct lk_word *words, const char *value, int *ret_value)
{
    for (; words->text != NULL; words++) {
        if (strcmp(words->text, value) == 0) {
            *ret_value = words->value;
            return 0;
        }
    }
    return -LK_ERR_CONFIG;
}

static int transports_set(uint32_t *member, const char *value)
{
    static const char *const names[] = {"usb", "nfc", "ble"};
    char again[16] = "";

    *member = 0;
    for (size_t i = 0; i < 3; i++) {
        if (strstr(value, names[i]) == NULL)
            continue;
        *member |= 1U << i;
        (void)snprintf(again + strlen(again), sizeof again - strlen(again), "%s%s",
                       again[0] != '\0' ? " " : "", names[i]);
    }
    return *member != 0 && strcmp(again, value) == 0 ? 0 : -LK_ERR_CONFIG;
}

/* One more of something; the first that does not fit is an error. */
static int grow(void *list, size_t count, size_t max, size_t size)
{
    void **at = list;
    void *more;

    if (count == max)
        return -LK_ERR_CONFIG;
    more = reallocarray(*at, count + 1, size);
    if (more == NULL)
        return -LK_ERR_NOMEM;
    *at = more;
    return 0;
}

static int family_add(struct lk_anchor *anchor, const char *value)
{
    int r = grow(&anchor->families, anchor->family_count, LK_TABLE_BOUND_MAX,
                 sizeof anchor->families[0]);

    if (r == 0)
        r = family_set(anchor->families[anchor->family_count], value);
    if (r == 0)
        anchor->family_count++;
    return r;
}

static int aaguid_add(struct lk_anchor *anchor, const char *value)
{
    int r =
        grow(&anchor->aaguids, anchor->aaguid_count, LK_TABLE_BOUND_MAX, sizeof anchor->aaguids[0]);

    if (r == 0 && lk_aaguid_parse(value, anchor->aaguids[anchor->aaguid_count]) != 0)
        r = -LK_ERR_CONFIG;
    if (r == 0)
        anchor->aaguid_count++;
    return r;
}

static int cve_add(struct lk_advisory *advisory, const char *value)
{
    size_t used = strlen(advisory->cve);
    size_t len = strlen(value);
    size_t year = strspn(len > 4 ? value + 4 : "", "0123456789");

    if (strncmp(value, "CVE-", 4) != 0 || year != 4 || value[8] != '-' || len < 13 || len > 16 ||
        strspn(value + 9, "0123456789") != len - 9 || used + len + 2 > sizeof advisory->cve)
        return -LK_ERR_CONFIG;
    (void)snprintf(advisory->cve + used, sizeof advisory->cve - used, "%s%s", used > 0 ? " " : "",
                   value);
    return 0;
}

/* ---- affects ---- */

/* The range at the end of the line; names may have blanks. *ret_len: what stands before it. */
static int read_range(const char *text, size_t *ret_len, struct lk_affected *affected)
{
    char room[LK_TABLE_SENTENCE_MAX + 8];
    char *last;
    char *before;

    if (strlen(text) >= sizeof room)
        return -LK_ERR_ENCODING;
    (void)snprintf(room, sizeof room, "%s", text);
    last = strrchr(room, ' ');
    if (last == NULL)
        return -LK_ERR_ENCODING;
    *last++ = '\0';
    affected->from = 0;
    affected->to = LK_FIRMWARE_HIGHEST;
    *ret_len = strlen(room);
    if (strcmp(last, "any") == 0)
        return 0;
    before = strrchr(room, ' ');
    if (before == NULL)
        return -LK_ERR_ENCODING;
    *before++ = '\0';
    *ret_len = strlen(room);
    if (strcmp(before, "below") == 0) {
        /* Below 0.0.0 is nothing. */
        if (lk_firmware_parse(last, false, &affected->to) != 0 || affected->to == 0)
            return -LK_ERR_ENCODING;
        affected->to--;
        return 0;
    }
    last = strcmp(before, "to") == 0 ? last : NULL;
    before = strrchr(room, ' ');
    if (last == NULL || before == NULL ||
        lk_firmware_parse(before + 1, false, &affected->from) != 0 ||
        lk_firmware_parse(last, true, &affected->to) != 0 || affected->from > affected->to)
        return -LK_ERR_ENCODING;
    *ret_len = (size_t)(before - room);
    return 0;
}

int lk_value_affected(const char *text, struct lk_affected *ret_affected)
{
    struct lk_affected affected = {0};
    size_t len;

    if (read_range(text, &len, &affected) != 0 || lk_models_parse(text, len, &affected.models) != 0)
        return -LK_ERR_ENCODING;
    *ret_affected = affected;
    return 0;
}

static int affected_add(struct lk_advisory *advisory, const char *value)
{
    int r = grow(&advisory->affected, advisory->affected_count, LK_TABLE_AFFECTED_MAX,
                 sizeof advisory->affected[0]);

    if (r == 0 && lk_value_affected(value, &advisory->affected[advisory->affected_count]) != 0)
        r = -LK_ERR_CONFIG;
    if (r == 0)
        advisory->affected_count++;
    return r;
}

static int verdict_set(struct lk_advisory *advisory, const char *value)
{
    static const char from[] = "refuse-login-from ";
    static const struct lk_word words[] = {{"note", LK_VERDICT_NOTE},
                                           {"warn", LK_VERDICT_WARN},
                                           {"refuse-enrol", LK_VERDICT_REFUSE_ENROL},
                                           {NULL, 0}};
    int verdict = LK_VERDICT_REFUSE_LOGIN;

    if (strncmp(value, from, sizeof from - 1) == 0) {
        if (lk_date_parse(value + sizeof from - 1, &advisory->from) != 0)
            return -LK_ERR_CONFIG;
    } else if (word_set(words, value, &verdict) != 0) {
        return -LK_ERR_CONFIG;
    }
    advisory->verdict = (enum lk_table_verdict)verdict;
    return 0;
}

/* ---- */

static int sources_check(const char *value)
{
    size_t len = strlen(value);

    return len > 0 && value[0] != ' ' && value[len - 1] != ' ' &&
                   strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ") == len
               ? 0
               : -LK_ERR_CONFIG;
}

static int number_set(uint32_t *member, const char *value)
{
    uint64_t number;

    if (lk_number_parse(value, 1, UINT32_MAX, &number) != 0)
        return -LK_ERR_CONFIG;
    *member = (uint32_t)number;
    return 0;
}

/* Errors of the readers above are all the same to whoever reads the message. */
static int wrong(int error)
{
    return error == 0 || error == -LK_ERR_NOMEM ? error : -LK_ERR_CONFIG;
}

static int profile_set(const struct lk_row_field *field, bool *member, const char *value)
{
    int enterprise;
    int r = word_set(field->words, value, &enterprise);

    if (r == 0)
        *member = enterprise != 0;
    return r;
}

int lk_value_set(const struct lk_row_field *field, void *row, const char *value)
{
    int64_t passing;
    void *member = (char *)row + field->offset;

    switch (field->type) {
    case LK_VALUE_TEXT:
        return text_set(member, field->size, value, true);
    case LK_VALUE_WORDS_FRENCH:
        return text_set(member, field->size, value, false);
    case LK_VALUE_FAMILY:
        return family_set(member, value);
    case LK_VALUE_FAMILIES:
        return family_add(row, value);
    case LK_VALUE_AAGUIDS:
        return aaguid_add(row, value);
    case LK_VALUE_WORD:
        return word_set(field->words, value, member);
    case LK_VALUE_TRANSPORTS:
        return transports_set(member, value);
    case LK_VALUE_FIRMWARE_FROM:
    case LK_VALUE_FIRMWARE_TO:
        return wrong(lk_firmware_parse(value, field->type == LK_VALUE_FIRMWARE_TO, member));
    case LK_VALUE_LEVEL:
        return wrong(lk_certification_parse(value, member));
    case LK_VALUE_PROFILE:
        return profile_set(field, member, value);
    case LK_VALUE_FOR_PEOPLE:
        return wrong(lk_date_parse(value, &passing));
    case LK_VALUE_DATE:
        return wrong(lk_date_parse(value, member));
    case LK_VALUE_NUMBER:
        return number_set(member, value);
    case LK_VALUE_YES:
        *(bool *)member = true;
        return strcmp(value, "yes") == 0 ? 0 : -LK_ERR_CONFIG;
    case LK_VALUE_SOURCES:
        return sources_check(value);
    case LK_VALUE_CVE:
        return cve_add(row, value);
    case LK_VALUE_AFFECTS:
        return affected_add(row, value);
    case LK_VALUE_VERDICT:
        return verdict_set(row, value);
    }
    return -LK_ERR_CONFIG;
}
