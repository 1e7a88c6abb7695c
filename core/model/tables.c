/* SPDX-License-Identifier: EUPL-1.2 */
/* Rows are found by binary search: a login looks one up each time. */
#include "model/tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void lk_firmware_format(uint32_t firmware, char ret_text[LK_FIRMWARE_TEXT])
{
    (void)snprintf(ret_text, LK_FIRMWARE_TEXT, "%u.%u.%u", firmware >> 16 & 0xff,
                   firmware >> 8 & 0xff, firmware & 0xff);
}

/* 0 to 255 without leading zeros. */
static const char *parse_part(const char *text, uint32_t *ret_part)
{
    uint32_t part = 0;
    const char *at = text;

    while (*at >= '0' && *at <= '9' && at - text < 4)
        part = part * 10 + (uint32_t)(*at++ - '0');
    if (at == text || part > 255 || (text[0] == '0' && at - text > 1))
        return NULL;
    *ret_part = part;
    return at;
}

int lk_firmware_parse(const char *text, bool highest, uint32_t *ret_firmware)
{
    uint32_t parts[3];
    size_t count = 0;

    while (count < 3) {
        text = parse_part(text, &parts[count++]);
        if (text == NULL)
            return -LK_ERR_ENCODING;
        if (*text != '.')
            break;
        text++;
        if (count == 3)
            return -LK_ERR_ENCODING;
    }
    if (*text != '\0')
        return -LK_ERR_ENCODING;
    while (count < 3)
        parts[count++] = highest ? 255 : 0;
    *ret_firmware = LK_FIRMWARE(parts[0], parts[1], parts[2]);
    return 0;
}

static const char *const verdicts[] = {"nothing", "note", "warn", "refuse-enrol", "refuse-login"};
static const char *const levels[] = {"unknown", "none",   "L1", "L1plus",
                                     "L2",      "L2plus", "L3", "L3plus"};
enum { VERDICTS = sizeof verdicts / sizeof verdicts[0], LEVELS = sizeof levels / sizeof levels[0] };

static int find_word(const char *const *words, int count, const char *text)
{
    int i = 0;

    while (i < count && strcmp(words[i], text) != 0)
        i++;
    return i < count ? i : -LK_ERR_ENCODING;
}

const char *lk_table_verdict_name(enum lk_table_verdict verdict)
{
    return (size_t)verdict < VERDICTS ? verdicts[verdict] : "?";
}

int lk_table_verdict_parse(const char *text, enum lk_table_verdict *ret_verdict)
{
    int found = find_word(verdicts, VERDICTS, text);

    if (found >= 0)
        *ret_verdict = (enum lk_table_verdict)found;
    return found >= 0 ? 0 : found;
}

const char *lk_certification_name(enum lk_certification certification)
{
    return (size_t)certification < LEVELS ? levels[certification] : "?";
}

int lk_certification_parse(const char *text, enum lk_certification *ret_certification)
{
    int found = find_word(levels, LEVELS, text);

    if (found >= 0)
        *ret_certification = (enum lk_certification)found;
    return found >= 0 ? 0 : found;
}

const char *lk_authenticator_kind_name(enum lk_authenticator_kind kind)
{
    static const char *const names[] = {"?",        "security-key", "smart-card",
                                        "wallet",   "platform",     "software",
                                        "research", "preview",      "test"};

    return (size_t)kind < sizeof names / sizeof names[0] ? names[kind] : names[0];
}

const char *lk_table_name(enum lk_table table)
{
    static const char *const names[LK_TABLES] = {"authenticators", "anchors", "advisories"};

    return table < LK_TABLES ? names[table] : "?";
}

const char *lk_table_origin_name(enum lk_table_origin origin)
{
    static const char *const names[] = {"?", "shipped", "local", "imported"};

    return origin >= LK_TABLE_SHIPPED && origin <= LK_TABLE_IMPORTED ? names[origin] : names[0];
}

struct lk_tables *lk_tables_free(struct lk_tables *tables)
{
    if (tables == NULL)
        return NULL;
    for (size_t i = 0; i < tables->anchor_count; i++) {
        free(tables->anchors[i].families);
        free(tables->anchors[i].aaguids);
    }
    for (size_t i = 0; i < tables->advisory_count; i++)
        free(tables->advisories[i].affected);
    free(tables->authenticators);
    free(tables->anchors);
    free(tables->advisories);
    free(tables->matches);
    free(tables);
    return NULL;
}

static int compare_aaguid(const void *key, const void *row)
{
    return memcmp(key, ((const struct lk_authenticator *)row)->aaguid, LK_AAGUID_SIZE);
}

const struct lk_authenticator *lk_tables_authenticator(const struct lk_tables *tables,
                                                       const uint8_t aaguid[LK_AAGUID_SIZE])
{
    if (tables == NULL || tables->authenticator_count == 0)
        return NULL;
    return bsearch(aaguid, tables->authenticators, tables->authenticator_count,
                   sizeof tables->authenticators[0], compare_aaguid);
}

static int compare_digest(const void *key, const void *row)
{
    return memcmp(key, ((const struct lk_anchor *)row)->digest, LK_DIGEST_SIZE);
}

const struct lk_anchor *lk_tables_anchor(const struct lk_tables *tables,
                                         const uint8_t digest[LK_DIGEST_SIZE])
{
    if (tables == NULL || tables->anchor_count == 0)
        return NULL;
    return bsearch(digest, tables->anchors, tables->anchor_count, sizeof tables->anchors[0],
                   compare_digest);
}

int64_t lk_tables_date(const struct lk_tables *tables, enum lk_table table)
{
    const struct lk_table_head *heads = tables->heads[table];
    int64_t date = heads[LK_TABLE_SHIPPED].date;

    return heads[LK_TABLE_LOCAL].given && heads[LK_TABLE_LOCAL].date > date
               ? heads[LK_TABLE_LOCAL].date
               : date;
}

const struct lk_advisory *lk_tables_advisory(const struct lk_tables *tables, const char *id)
{
    for (size_t i = 0; tables != NULL && i < tables->advisory_count; i++) {
        if (strcmp(tables->advisories[i].id, id) == 0)
            return &tables->advisories[i];
    }
    return NULL;
}

bool lk_anchor_vouches(const struct lk_anchor *anchor, const struct lk_authenticator *authenticator)
{
    for (size_t i = 0; i < anchor->aaguid_count; i++) {
        if (memcmp(anchor->aaguids[i], authenticator->aaguid, LK_AAGUID_SIZE) == 0)
            return true;
    }
    for (size_t i = 0; i < anchor->family_count; i++) {
        if (strcmp(anchor->families[i], authenticator->family) == 0)
            return true;
    }
    return anchor->by_vendor && strcmp(anchor->vendor, authenticator->vendor) == 0;
}

/* ---- texts ---- */

int lk_aaguid_parse(const char *text, uint8_t ret_aaguid[LK_AAGUID_SIZE])
{
    static const size_t groups[] = {8, 4, 4, 4, 12};
    char digits[2 * LK_AAGUID_SIZE + 1];
    size_t count = 0;

    for (size_t i = 0; i < 5; i++) {
        if (strspn(text, "0123456789abcdef") != groups[i] ||
            text[groups[i]] != (i < 4 ? '-' : '\0'))
            return -LK_ERR_ENCODING;
        memcpy(digits + count, text, groups[i]);
        count += groups[i];
        text += groups[i] + 1;
    }
    digits[count] = '\0';
    return lk_unhex(ret_aaguid, LK_AAGUID_SIZE, digits);
}

void lk_aaguid_format(const uint8_t aaguid[LK_AAGUID_SIZE], char ret_text[LK_AAGUID_TEXT])
{
    char *at = ret_text;

    for (size_t i = 0; i < LK_AAGUID_SIZE; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *at++ = '-';
        *at++ = "0123456789abcdef"[aaguid[i] >> 4];
        *at++ = "0123456789abcdef"[aaguid[i] & 15];
    }
    *at = '\0';
}

/* Digits that are there already. */
static int digits(const char *text, size_t count)
{
    int value = 0;

    for (size_t i = 0; i < count; i++)
        value = value * 10 + (text[i] - '0');
    return value;
}

int lk_date_parse(const char *text, int64_t *ret_seconds)
{
    struct tm parts = {0};
    struct tm wanted;
    time_t seconds;

    if (strlen(text) != 10 || strspn(text, "0123456789") != 4 || text[4] != '-' ||
        strspn(text + 5, "0123456789") != 2 || text[7] != '-' ||
        strspn(text + 8, "0123456789") != 2)
        return -LK_ERR_ENCODING;
    parts.tm_year = digits(text, 4) - 1900;
    parts.tm_mon = digits(text + 5, 2) - 1;
    parts.tm_mday = digits(text + 8, 2);
    wanted = parts;
    /* What is no day of the calendar becomes another day. */
    seconds = timegm(&parts);
    if (parts.tm_year != wanted.tm_year || parts.tm_mon != wanted.tm_mon ||
        parts.tm_mday != wanted.tm_mday)
        return -LK_ERR_ENCODING;
    *ret_seconds = (int64_t)seconds;
    return 0;
}

bool lk_family_valid(const char *text)
{
    size_t len = strlen(text);

    return len > 0 && len <= LK_TABLE_FAMILY_MAX &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

/* ---- which models ---- */

/* The name behind the word, in room of its own. */
static bool take_name(const char *text, size_t len, char name[LK_TABLE_VENDOR_MAX + 1])
{
    if (len == 0 || len > LK_TABLE_VENDOR_MAX || text[0] == ' ' || text[len - 1] == ' ')
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < 0x20 || text[i] > 0x7e)
            return false;
    }
    memcpy(name, text, len);
    name[len] = '\0';
    return true;
}

int lk_models_parse(const char *text, size_t len, struct lk_models *ret_models)
{
    static const struct {
        const char *word;
        enum lk_models_what what;
    } words[] = {{"family ", LK_MODELS_FAMILY},
                 {"aaguid ", LK_MODELS_AAGUID},
                 {"vendor ", LK_MODELS_VENDOR}};
    struct lk_models models = {0};
    size_t i = 0;

    while (i < 3 && (len < 7 || strncmp(text, words[i].word, 7) != 0))
        i++;
    if (i == 3 || !take_name(text + 7, len - 7, models.name))
        return -LK_ERR_ENCODING;
    models.what = words[i].what;
    if ((models.what == LK_MODELS_FAMILY && !lk_family_valid(models.name)) ||
        (models.what == LK_MODELS_AAGUID && lk_aaguid_parse(models.name, models.aaguid) != 0))
        return -LK_ERR_ENCODING;
    *ret_models = models;
    return 0;
}

bool lk_models_have(const struct lk_models *models, const struct lk_authenticator *authenticator)
{
    switch (models->what) {
    case LK_MODELS_AAGUID:
        return memcmp(models->aaguid, authenticator->aaguid, LK_AAGUID_SIZE) == 0;
    case LK_MODELS_FAMILY:
        return strcmp(models->name, authenticator->family) == 0;
    case LK_MODELS_VENDOR:
        return strcmp(models->name, authenticator->vendor) == 0;
    }
    return false;
}

/* Cuts the last word off and returns it; NULL: there is but one. */
static char *last_word(char *text)
{
    char *blank = strrchr(text, ' ');

    if (blank == NULL)
        return NULL;
    *blank = '\0';
    return blank + 1;
}

int lk_models_rule_parse(const char *text, bool firmware, struct lk_models_rule *ret_rule)
{
    struct lk_models_rule rule = {0};
    char room[LK_TABLE_SENTENCE_MAX + 1];
    size_t len = strlen(text);
    char *word;

    if (len >= sizeof room)
        return -LK_ERR_ENCODING;
    memcpy(room, text, len + 1);
    word = strstr(room, " from ");
    if (word != NULL) {
        if (lk_date_parse(word + 6, &rule.from) != 0)
            return -LK_ERR_ENCODING;
        *word = '\0';
    }
    if (firmware) {
        word = last_word(room);
        if (word == NULL || lk_firmware_parse(word, false, &rule.firmware) != 0)
            return -LK_ERR_ENCODING;
    }
    if (lk_models_parse(room, strlen(room), &rule.models) != 0)
        return -LK_ERR_ENCODING;
    *ret_rule = rule;
    return 0;
}
