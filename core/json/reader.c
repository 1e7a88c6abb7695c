/* SPDX-License-Identifier: EUPL-1.2 */
/* Reading JSON. Hostile input: jansson recurses as deep as the text says and allocates as it goes, so size and depth are
 * looked at in the bytes before it sees them. */
#include "json/json.h"

#include <jansson.h>

static const json_t *lk_json_in(const struct lk_json *node)
{
    return (const json_t *)(const void *)node;
}

static const struct lk_json *lk_json_out(const json_t *value)
{
    return (const struct lk_json *)(const void *)value;
}

/* How deep the brackets outside of strings go. A text that is not JSON gives some number and is refused later. */
static size_t lk_json_depth(struct lk_view text)
{
    size_t depth = 0;
    size_t deepest = 0;
    bool string = false;

    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];

        if (string && byte == '\\')
            i++;
        else if (byte == '"')
            string = !string;
        else if (!string && (byte == '{' || byte == '['))
            depth++;
        else if (!string && (byte == '}' || byte == ']') && depth > 0)
            depth--;
        if (depth > deepest)
            deepest = depth;
    }
    return deepest;
}

static int lk_json_error(const json_error_t *error)
{
    switch (json_error_code(error)) {
    case json_error_out_of_memory:
        return -LK_ERR_NOMEM;
    case json_error_premature_end_of_input:
        return -LK_ERR_TRUNCATED;
    case json_error_end_of_input_expected:
        return -LK_ERR_TRAILING;
    case json_error_duplicate_key:
        return -LK_ERR_DUPLICATE;
    case json_error_numeric_overflow:
        return -LK_ERR_RANGE;
    case json_error_stack_overflow:
        return -LK_ERR_TOO_BIG;
    default:
        return -LK_ERR_ENCODING;
    }
}

int lk_json_parse(struct lk_view text, size_t max, struct lk_json **ret_document)
{
    json_error_t error;
    json_t *document;

    if (text.len > max || text.len > LK_JSON_SIZE_MAX || lk_json_depth(text) > LK_JSON_DEPTH_MAX)
        return -LK_ERR_TOO_BIG;
    if (text.len == 0)
        return -LK_ERR_TRUNCATED;
    /* Not JSON_ALLOW_NUL: a text with a NUL inside would read as a shorter one in C. */
    document = json_loadb((const char *)text.data, text.len,
                          JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (document == NULL)
        return lk_json_error(&error);
    *ret_document = (struct lk_json *)(void *)document;
    return 0;
}

struct lk_json *lk_json_free(struct lk_json *document)
{
    json_decref((json_t *)(void *)document);
    return NULL;
}

int lk_json_get(const struct lk_json *object, const char *key, const struct lk_json **ret_value)
{
    const json_t *value;

    if (!json_is_object(lk_json_in(object)))
        return -LK_ERR_TYPE;
    value = json_object_get(lk_json_in(object), key);
    if (value == NULL)
        return -LK_ERR_NOT_FOUND;
    *ret_value = lk_json_out(value);
    return 0;
}

bool lk_json_is_null(const struct lk_json *value)
{
    return json_is_null(lk_json_in(value));
}

const char *lk_json_text(const struct lk_json *value)
{
    return json_string_value(lk_json_in(value));
}

int lk_json_get_string(const struct lk_json *object, const char *key, const char **ret_text)
{
    const struct lk_json *value;
    int r = lk_json_get(object, key, &value);

    if (r != 0)
        return r;
    if (!json_is_string(lk_json_in(value)))
        return -LK_ERR_TYPE;
    *ret_text = lk_json_text(value);
    return 0;
}

int lk_json_get_int(const struct lk_json *object, const char *key, int64_t min, int64_t max,
                    int64_t *ret_value)
{
    const struct lk_json *value;
    int64_t number;
    int r = lk_json_get(object, key, &value);

    if (r != 0)
        return r;
    if (!json_is_integer(lk_json_in(value)))
        return -LK_ERR_TYPE;
    number = json_integer_value(lk_json_in(value));
    if (number < min || number > max)
        return -LK_ERR_RANGE;
    *ret_value = number;
    return 0;
}

int lk_json_get_bool(const struct lk_json *object, const char *key, bool *ret_value)
{
    const struct lk_json *value;
    int r = lk_json_get(object, key, &value);

    if (r != 0)
        return r;
    if (!json_is_boolean(lk_json_in(value)))
        return -LK_ERR_TYPE;
    *ret_value = json_is_true(lk_json_in(value));
    return 0;
}

int lk_json_get_array(const struct lk_json *object, const char *key,
                      const struct lk_json **ret_array)
{
    const struct lk_json *value;
    int r = lk_json_get(object, key, &value);

    if (r != 0)
        return r;
    if (!json_is_array(lk_json_in(value)))
        return -LK_ERR_TYPE;
    *ret_array = value;
    return 0;
}

size_t lk_json_count(const struct lk_json *array)
{
    return json_array_size(lk_json_in(array));
}

const struct lk_json *lk_json_item(const struct lk_json *array, size_t index)
{
    return lk_json_out(json_array_get(lk_json_in(array), index));
}
