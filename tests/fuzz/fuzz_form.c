/* SPDX-License-Identifier: EUPL-1.2 */
/* The reader of parameters of the web process. Oracle: a second reader, written to copy instead of to decode in place, says the same of the same bytes. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message/sso.h"
#include "sso/web/form.h"

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

enum { FIELDS = 3, LONGEST = 64 };

static const struct {
    const char *name;
    size_t max;
} known[FIELDS] = {{"a", 1}, {"request", 16}, {"password", LONGEST}};

struct expected {
    int error;
    uint32_t flags;
    unsigned int came[FIELDS];
    size_t len[FIELDS];
    uint8_t value[FIELDS][LONGEST];
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Into fresh memory; NULL: not to be decoded. */
static uint8_t *decoded(const uint8_t *text, size_t len, size_t *ret_len)
{
    uint8_t *out;
    size_t count = 0;

    MUST(len < SIZE_MAX);
    out = calloc(1, len + 1);
    MUST(out != NULL);
    while (len > 0) {
        char hex[3] = {0};
        unsigned long byte = *text == '+' ? ' ' : *text;
        size_t step = 1;

        if (*text == '%') {
            for (size_t i = 0; i < 2; i++)
                hex[i] = i + 1 < len && isxdigit(text[i + 1]) ? (char)text[i + 1] : '\0';
            byte = strlen(hex) == 2 ? strtoul(hex, NULL, 16) : 0;
            step = 3;
        }
        if (byte == 0) {
            free(out);
            return NULL;
        }
        out[count++] = (uint8_t)byte;
        text += step;
        len -= step;
    }
    *ret_len = count;
    return out;
}

static void expect_value(struct expected *expected, size_t field, const uint8_t *value, size_t len)
{
    if (len == 0)
        return;
    expected->came[field]++;
    expected->len[field] = 0;
    if (expected->came[field] > 1) {
        expected->flags |= LK_SSO_REPEATED;
    } else if (len > known[field].max) {
        expected->flags |= LK_SSO_TOO_LONG;
    } else {
        memcpy(expected->value[field], value, len);
        expected->len[field] = len;
    }
}

static void expect_pair(struct expected *expected, const uint8_t *text, size_t len)
{
    const uint8_t *sign = len > 0 ? memchr(text, '=', len) : NULL;
    size_t name_len = 0;
    size_t value_len = 0;
    size_t before = sign != NULL ? (size_t)(sign - text) : len;
    uint8_t *name = decoded(text, before, &name_len);
    uint8_t *value = sign != NULL ? decoded(sign + 1, len - before - 1, &value_len) : NULL;

    if (name == NULL || (sign != NULL && value == NULL))
        expected->error = -LK_ERR_ENCODING;
    for (size_t i = 0; expected->error == 0 && sign != NULL && i < FIELDS; i++) {
        if (name_len == strlen(known[i].name) && memcmp(name, known[i].name, name_len) == 0)
            expect_value(expected, i, value, value_len);
    }
    free(name);
    free(value);
}

static void expect(struct expected *expected, const uint8_t *data, size_t size)
{
    size_t begin = 0;
    size_t pairs = 0;

    for (size_t at = 0; at <= size && expected->error == 0; at++) {
        if (at < size && data[at] != '&')
            continue;
        /* Nothing stands behind the last sign: no pair. */
        if (at == size && begin == size)
            return;
        if (pairs++ == LK_FORM_PAIRS_MAX)
            expected->error = -LK_ERR_TOO_BIG;
        else
            expect_pair(expected, data + begin, at - begin);
        begin = at + 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lk_view places[FIELDS] = {{0}};
    struct lk_form_field fields[FIELDS];
    struct expected expected = {0};
    uint32_t flags = 0;
    uint8_t *text;
    int error;

    if (size == 0)
        return 0;
    /* Of exactly this size, so that a byte read behind it is seen. */
    text = malloc(size);
    MUST(text != NULL);
    memcpy(text, data, size);
    for (size_t i = 0; i < FIELDS; i++)
        fields[i] = (struct lk_form_field){known[i].name, known[i].max, &places[i]};
    expect(&expected, data, size);
    error = lk_form_parse(text, size, fields, FIELDS, &flags);
    MUST(error == expected.error);
    for (size_t i = 0; error == 0 && i < FIELDS; i++) {
        MUST(flags == expected.flags);
        MUST(places[i].len == expected.len[i]);
        MUST(places[i].len == 0 || (places[i].data >= text && places[i].data < text + size));
        MUST(places[i].len == 0 || memcmp(places[i].data, expected.value[i], places[i].len) == 0);
    }
    free(text);
    return 0;
}
