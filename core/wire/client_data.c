/* SPDX-License-Identifier: EUPL-1.2 */
/* Client data by WebAuthn section 5.8.1.2, the limited verification algorithm: a browser writes
 * type, challenge, origin and crossOrigin first, in this order and spelling, so that they can be
 * read without a JSON parser.
 *
 * Hostile input: all of it, until the signature over its hash has verified. An escape in one of the
 * values ends the reading: no type, challenge or origin of ours has one. What follows crossOrigin
 * is not looked at, as the algorithm says, except that no topOrigin may be there. */
#include <string.h>

#include "base/base64url.h"
#include "wire/wire.h"

/* Takes these characters off the front. */
static int literal_get(struct lk_view *view, const char *literal)
{
    size_t len = strlen(literal);
    struct lk_view front;

    if (view->len < len)
        return -LK_ERR_TRUNCATED;
    if (memcmp(view->data, literal, len) != 0)
        return -LK_ERR_TYPE;
    return lk_view_get_view(view, len, &front);
}

/* A string from after its opening quote to its closing one, which is taken off too. */
static int string_get(struct lk_view *view, struct lk_view *ret_string)
{
    size_t len = 0;
    struct lk_view string;
    int result;

    while (len < view->len && view->data[len] != '"') {
        if (view->data[len] < 0x21 || view->data[len] > 0x7e || view->data[len] == '\\')
            return -LK_ERR_ENCODING;
        len++;
    }
    result = lk_view_get_view(view, len, &string);
    if (result == 0)
        result = literal_get(view, "\"");
    if (result == 0)
        *ret_string = string;
    return result;
}

static int string_copy(struct lk_view *view, char *ret_text, size_t size)
{
    struct lk_view string = {0};
    int result = string_get(view, &string);

    if (result < 0)
        return result;
    if (string.len >= size)
        return -LK_ERR_TOO_BIG;
    if (string.len > 0)
        memcpy(ret_text, string.data, string.len);
    ret_text[string.len] = '\0';
    return 0;
}

static int challenge_get(struct lk_view *view, struct lk_client_data *data)
{
    struct lk_buf decoded = LK_BUF_INIT(sizeof(data->challenge));
    struct lk_view text = {0};
    int result = string_get(view, &text);

    if (result == 0 && text.len == 0)
        result = -LK_ERR_RANGE;
    if (result == 0)
        result = lk_base64url_decode(&decoded, (const char *)text.data, text.len);
    if (result == 0) {
        memcpy(data->challenge, decoded.data, decoded.len);
        data->challenge_len = decoded.len;
    }
    lk_buf_clear(&decoded);
    return result;
}

/* After the value of crossOrigin: the end, or more members that are not ours to read. */
static int rest_check(struct lk_view rest)
{
    static const char top_origin[] = "\"topOrigin\"";

    if (rest.len == 1 && rest.data[0] == '}')
        return 0;
    if (rest.len == 0 || rest.data[rest.len - 1] != '}')
        return -LK_ERR_TRUNCATED;
    if (rest.data[0] != ',')
        return rest.data[0] == '}' ? -LK_ERR_TRAILING : -LK_ERR_TYPE;
    if (memmem(rest.data, rest.len, top_origin, sizeof(top_origin) - 1))
        return -LK_ERR_UNEXPECTED;
    return 0;
}

int lk_client_data_decode(struct lk_view json, struct lk_client_data *ret_data)
{
    struct lk_client_data data = {0};
    struct lk_view view = json;
    int result;

    if (json.len > LK_CLIENT_DATA_MAX)
        return -LK_ERR_TOO_BIG;
    result = literal_get(&view, "{\"type\":\"");
    if (result == 0)
        result = string_copy(&view, data.type, sizeof(data.type));
    if (result == 0)
        result = literal_get(&view, ",\"challenge\":\"");
    if (result == 0)
        result = challenge_get(&view, &data);
    if (result == 0)
        result = literal_get(&view, ",\"origin\":\"");
    if (result == 0)
        result = string_copy(&view, data.origin, sizeof(data.origin));
    if (result == 0)
        result = literal_get(&view, ",\"crossOrigin\":");
    if (result == 0) {
        result = literal_get(&view, "false");
        if (result < 0 && literal_get(&view, "true") == 0)
            result = -LK_ERR_UNEXPECTED;
    }
    if (result == 0)
        result = rest_check(view);
    if (result == 0)
        *ret_data = data;
    return result;
}
