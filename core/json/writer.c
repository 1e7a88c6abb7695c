/* SPDX-License-Identifier: EUPL-1.2 */
/* Writing JSON. struct lk_json is jansson's json_t under a name that does not let it out of this folder. */
#include "json/json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { LK_JSON_HEX_MAX = 4096 };

static json_t *lk_json_of(struct lk_json *node)
{
    return (json_t *)(void *)node;
}

static void lk_json_begin(struct lk_json_writer *writer, json_t *root)
{
    writer->root = (struct lk_json *)(void *)root;
    writer->error = root == NULL ? -LK_ERR_NOMEM : 0;
}

void lk_json_begin_object(struct lk_json_writer *writer)
{
    lk_json_begin(writer, json_object());
}

void lk_json_begin_array(struct lk_json_writer *writer)
{
    lk_json_begin(writer, json_array());
}

void lk_json_abandon(struct lk_json_writer *writer)
{
    json_decref(lk_json_of(writer->root));
    writer->root = NULL;
}

/* jansson hands the text over in pieces. */
static int lk_json_collect(const char *text, size_t len, void *buf)
{
    lk_buf_put_bytes(buf, text, len);
    return lk_buf_error(buf) == 0 ? 0 : -1;
}

int lk_json_end(struct lk_json_writer *writer, bool indent, struct lk_buf *buf)
{
    size_t flags = indent ? JSON_INDENT(2) : JSON_COMPACT;
    size_t before = buf->len;
    int r = writer->error != 0 ? writer->error : lk_buf_error(buf);

    if (r == 0 && json_dump_callback(lk_json_of(writer->root), lk_json_collect, buf, flags) != 0)
        r = lk_buf_error(buf) != 0 ? lk_buf_error(buf) : -LK_ERR_NOMEM;
    if (r != 0)
        buf->len = before;
    lk_json_abandon(writer);
    return r;
}

/* Takes over value, which may be NULL: then it could not be made, for the reason given. */
static struct lk_json *lk_json_put(struct lk_json_writer *writer, struct lk_json *parent,
                                   const char *key, json_t *value, int reason)
{
    json_t *node = lk_json_of(parent);
    int r;

    if (writer->error == 0 && value == NULL)
        writer->error = reason;
    if (writer->error == 0 && (key == NULL ? !json_is_array(node) : !json_is_object(node)))
        writer->error = -LK_ERR_INTERNAL;
    if (writer->error == 0 && key != NULL && json_object_get(node, key) != NULL)
        writer->error = -LK_ERR_DUPLICATE;
    if (writer->error != 0) {
        json_decref(value);
        return NULL;
    }
    /* Both take value over and free it if they fail. */
    r = key == NULL ? json_array_append_new(node, value) : json_object_set_new(node, key, value);
    if (r != 0) {
        writer->error = -LK_ERR_NOMEM;
        return NULL;
    }
    return (struct lk_json *)(void *)value;
}

struct lk_json *lk_json_put_object(struct lk_json_writer *writer, struct lk_json *parent,
                                   const char *key)
{
    return lk_json_put(writer, parent, key, json_object(), -LK_ERR_NOMEM);
}

struct lk_json *lk_json_put_array(struct lk_json_writer *writer, struct lk_json *parent,
                                  const char *key)
{
    return lk_json_put(writer, parent, key, json_array(), -LK_ERR_NOMEM);
}

void lk_json_put_string(struct lk_json_writer *writer, struct lk_json *parent, const char *key,
                        const char *text)
{
    /* json_string refuses what is not UTF-8. */
    (void)lk_json_put(writer, parent, key, text == NULL ? json_null() : json_string(text),
                      -LK_ERR_ENCODING);
}

void lk_json_put_int(struct lk_json_writer *writer, struct lk_json *parent, const char *key,
                     int64_t value)
{
    (void)lk_json_put(writer, parent, key, json_integer(value), -LK_ERR_NOMEM);
}

void lk_json_put_bool(struct lk_json_writer *writer, struct lk_json *parent, const char *key,
                      bool value)
{
    (void)lk_json_put(writer, parent, key, json_boolean(value), -LK_ERR_NOMEM);
}

void lk_json_put_null(struct lk_json_writer *writer, struct lk_json *parent, const char *key)
{
    (void)lk_json_put(writer, parent, key, json_null(), -LK_ERR_NOMEM);
}

void lk_json_put_hex(struct lk_json_writer *writer, struct lk_json *parent, const char *key,
                     const void *data, size_t len)
{
    char text[2 * LK_JSON_HEX_MAX + 1];

    if (len > LK_JSON_HEX_MAX) {
        if (writer->error == 0)
            writer->error = -LK_ERR_TOO_BIG;
        return;
    }
    lk_hex(text, sizeof text, data, len);
    lk_json_put_string(writer, parent, key, text);
}
