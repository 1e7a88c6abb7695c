/* SPDX-License-Identifier: EUPL-1.2 */
/* "latchkey operator set 1" and the file "latchkey operators 1" (docs/PROTOCOL.md 4.7 and 4.8). */
#include <stdlib.h>
#include <string.h>

#include "wire/format.h"

#define TYPE_SET    "latchkey operator set 1"
#define TYPE_CHAIN  "latchkey operators 1"
#define MEMBERS_SET 7
#define ACTS        (LK_ACT_COUNT - 1)
#define CHAIN_MAX   (1024 * 1024)
#define LINKS_MAX   4096

/* Keys of one operator: ascending credential ids, keys that decode. */
static int keys_check(const struct lk_operator *row)
{
    if (row->key_count < 1)
        return -LK_ERR_RANGE;
    if (row->key_count > LK_OPERATOR_KEYS_MAX)
        return -LK_ERR_TOO_BIG;
    for (uint32_t i = 0; i < row->key_count; i++) {
        const struct lk_operator_key *key = &row->keys[i];
        int order = -1;
        int result = lk_credential_id_check(&key->credential_id);

        if (result == 0)
            result = lk_public_key_check(&key->public_key);
        if (result < 0)
            return result;
        if (i > 0)
            order = lk_credential_id_compare(&row->keys[i - 1].credential_id, &key->credential_id);
        if (order >= 0)
            return order == 0 ? -LK_ERR_DUPLICATE : -LK_ERR_NOT_CANONICAL;
    }
    return 0;
}

/* A signature does not cover the credential id, so the same public key under two ids is one key. */
static bool key_same(const struct lk_operator_key *a, const struct lk_operator_key *b)
{
    return lk_credential_id_compare(&a->credential_id, &b->credential_id) == 0 ||
           lk_view_equal(LK_VIEW(a->public_key.bytes, a->public_key.len),
                         LK_VIEW(b->public_key.bytes, b->public_key.len));
}

static bool keys_shared(const struct lk_operator *a, const struct lk_operator *b)
{
    for (uint32_t i = 0; i < a->key_count; i++) {
        for (uint32_t j = 0; j < b->key_count; j++) {
            if (key_same(&a->keys[i], &b->keys[j]))
                return true;
        }
    }
    return false;
}

/* Ids ascending; no name and no key stands with two operators, or one person could be two. */
static int operators_check(const struct lk_operator_set *set)
{
    if (set->operator_count < 1)
        return -LK_ERR_RANGE;
    if (set->operator_count > LK_OPERATORS_MAX)
        return -LK_ERR_TOO_BIG;
    for (uint32_t i = 0; i < set->operator_count; i++) {
        const struct lk_operator *row = &set->operators[i];
        int order = -1;
        int result = keys_check(row);

        if (result < 0)
            return result;
        if (!lk_name_valid(row->name))
            return -LK_ERR_ENCODING;
        if (row->roles < 1 || row->roles > LK_ROLE_ALL)
            return -LK_ERR_RANGE;
        if (i > 0)
            order = memcmp(set->operators[i - 1].id.bytes, row->id.bytes, LK_SUBJECT_SIZE);
        if (order >= 0)
            return order == 0 ? -LK_ERR_DUPLICATE : -LK_ERR_NOT_CANONICAL;
        for (uint32_t j = 0; j < i; j++) {
            if (strcmp(set->operators[j].name, row->name) == 0 ||
                keys_shared(&set->operators[j], row))
                return -LK_ERR_DUPLICATE;
        }
    }
    return 0;
}

static int set_check(const struct lk_operator_set *set)
{
    if (set->number == 0 || set->time < 0)
        return -LK_ERR_RANGE;
    if ((set->number == 1) != lk_digest_zero(&set->previous))
        return -LK_ERR_RANGE;
    if (!lk_organisation_valid(set->organisation))
        return -LK_ERR_ENCODING;
    for (unsigned int act = 1; act < LK_ACT_COUNT; act++) {
        if (set->quorum[act] < 1 || set->quorum[act] > LK_OPERATORS_MAX)
            return -LK_ERR_RANGE;
    }
    return operators_check(set);
}

static void operator_write(struct lk_writer *writer, const struct lk_operator *row)
{
    lk_write_array(writer, 4);
    lk_write_bytes(writer, row->id.bytes, LK_SUBJECT_SIZE);
    lk_write_text(writer, row->name);
    lk_write_uint(writer, row->roles);
    lk_write_array(writer, row->key_count);
    for (uint32_t i = 0; i < row->key_count; i++) {
        const struct lk_operator_key *key = &row->keys[i];

        lk_write_array(writer, 3);
        lk_write_bytes(writer, key->credential_id.bytes, key->credential_id.len);
        lk_write_bytes(writer, key->public_key.bytes, key->public_key.len);
        lk_write_bytes(writer, key->aaguid, LK_AAGUID_SIZE);
    }
}

int lk_operator_set_encode(struct lk_buf *buf, const struct lk_operator_set *set)
{
    struct lk_writer writer = {.buf = buf};
    size_t start = buf->len;
    int result = set_check(set);

    if (result < 0)
        return result;
    lk_write_begin(&writer, TYPE_SET, MEMBERS_SET);
    lk_write_uint(&writer, set->number);
    lk_write_text(&writer, set->organisation);
    lk_write_bytes(&writer, set->previous.bytes, LK_DIGEST_SIZE);
    lk_write_array(&writer, ACTS);
    for (unsigned int act = 1; act < LK_ACT_COUNT; act++)
        lk_write_uint(&writer, set->quorum[act]);
    lk_write_uint(&writer, (uint64_t)set->time);
    lk_write_array(&writer, set->operator_count);
    for (uint32_t i = 0; i < set->operator_count; i++)
        operator_write(&writer, &set->operators[i]);
    if (writer.error == 0 && buf->len - start > LK_OPERATOR_SET_MAX)
        return -LK_ERR_TOO_BIG;
    return writer.error;
}

static void operator_read(struct lk_reader *reader, struct lk_operator *row)
{
    lk_read_tuple(reader, 4);
    lk_read_fixed(reader, row->id.bytes, LK_SUBJECT_SIZE);
    lk_read_text(reader, row->name, sizeof(row->name));
    row->roles = (uint32_t)lk_read_uint(reader, 1, LK_ROLE_ALL);
    row->key_count = lk_read_array(reader, 1, LK_OPERATOR_KEYS_MAX);
    for (uint32_t i = 0; i < row->key_count; i++) {
        struct lk_operator_key *key = &row->keys[i];

        lk_read_tuple(reader, 3);
        key->credential_id.len =
            lk_read_bytes(reader, key->credential_id.bytes, 1, LK_CREDENTIAL_ID_MAX);
        key->public_key.len = lk_read_bytes(reader, key->public_key.bytes, 1, LK_PUBLIC_KEY_MAX);
        lk_read_fixed(reader, key->aaguid, LK_AAGUID_SIZE);
    }
}

static void set_read(struct lk_reader *reader, struct lk_operator_set *set)
{
    lk_read_begin(reader, TYPE_SET, MEMBERS_SET);
    set->number = lk_read_uint(reader, 1, UINT64_MAX);
    lk_read_text(reader, set->organisation, sizeof(set->organisation));
    lk_read_fixed(reader, set->previous.bytes, LK_DIGEST_SIZE);
    lk_read_tuple(reader, ACTS);
    for (unsigned int act = 1; act < LK_ACT_COUNT; act++)
        set->quorum[act] = (uint8_t)lk_read_uint(reader, 1, LK_OPERATORS_MAX);
    set->time = lk_read_time(reader);
    set->operator_count = lk_read_array(reader, 1, LK_OPERATORS_MAX);
    if (set->operator_count == 0)
        return;
    set->operators = calloc(set->operator_count, sizeof(set->operators[0]));
    if (!set->operators)
        lk_read_fail(reader, -LK_ERR_NOMEM);
    for (uint32_t i = 0; set->operators && i < set->operator_count; i++)
        operator_read(reader, &set->operators[i]);
}

int lk_operator_set_decode(struct lk_view bytes, struct lk_operator_set **ret_set)
{
    struct lk_reader reader = {.view = bytes};
    struct lk_operator_set *set;
    int result;

    if (bytes.len > LK_OPERATOR_SET_MAX)
        return -LK_ERR_TOO_BIG;
    set = calloc(1, sizeof(*set));
    if (!set)
        return -LK_ERR_NOMEM;
    set_read(&reader, set);
    result = lk_read_end(&reader);
    if (result == 0)
        result = set_check(set);
    if (result < 0) {
        lk_operator_set_free(set);
        return result;
    }
    *ret_set = set;
    return 0;
}

/* No endorsement twice in a link. Sizes are those of the objects. */
static int link_check(const struct lk_operator_chain_link *link)
{
    if (link->set.len < 1 || link->endorsement_count < 1)
        return -LK_ERR_RANGE;
    if (link->set.len > LK_OPERATOR_SET_MAX || link->endorsement_count > LK_ENDORSEMENTS_MAX)
        return -LK_ERR_TOO_BIG;
    for (uint32_t i = 0; i < link->endorsement_count; i++) {
        if (link->endorsements[i].len < 1)
            return -LK_ERR_RANGE;
        if (link->endorsements[i].len > LK_ENDORSEMENT_MAX)
            return -LK_ERR_TOO_BIG;
        for (uint32_t j = 0; j < i; j++) {
            if (lk_view_equal(link->endorsements[i], link->endorsements[j]))
                return -LK_ERR_DUPLICATE;
        }
    }
    return 0;
}

int lk_operator_chain_encode(struct lk_buf *buf, const struct lk_operator_chain_link *links,
                             size_t count)
{
    struct lk_writer writer = {.buf = buf};
    size_t start = buf->len;

    if (count < 1)
        return -LK_ERR_RANGE;
    if (count > LINKS_MAX)
        return -LK_ERR_TOO_BIG;
    lk_write_begin(&writer, TYPE_CHAIN, 2);
    lk_write_array(&writer, count);
    for (size_t i = 0; i < count; i++) {
        int result = link_check(&links[i]);

        if (result < 0)
            return result;
        lk_write_array(&writer, 2);
        lk_write_bytes(&writer, links[i].set.data, links[i].set.len);
        lk_write_array(&writer, links[i].endorsement_count);
        for (uint32_t j = 0; j < links[i].endorsement_count; j++)
            lk_write_bytes(&writer, links[i].endorsements[j].data, links[i].endorsements[j].len);
    }
    if (writer.error == 0 && buf->len - start > CHAIN_MAX)
        return -LK_ERR_TOO_BIG;
    return writer.error;
}

int lk_operator_chain_decode(struct lk_view bytes, struct lk_operator_chain_link **ret_links,
                             size_t *ret_count)
{
    struct lk_reader reader = {.view = bytes};
    struct lk_operator_chain_link *links = NULL;
    uint32_t count;
    int result;

    if (bytes.len > CHAIN_MAX)
        return -LK_ERR_TOO_BIG;
    lk_read_begin(&reader, TYPE_CHAIN, 2);
    count = lk_read_array(&reader, 1, LINKS_MAX);
    if (count > 0) {
        links = calloc(count, sizeof(*links));
        if (!links)
            return -LK_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < count && reader.error == 0; i++) {
        struct lk_operator_chain_link *link = &links[i];

        lk_read_tuple(&reader, 2);
        link->set = lk_read_view(&reader, 1, LK_OPERATOR_SET_MAX);
        link->endorsement_count = lk_read_array(&reader, 1, LK_ENDORSEMENTS_MAX);
        for (uint32_t j = 0; j < link->endorsement_count; j++)
            link->endorsements[j] = lk_read_view(&reader, 1, LK_ENDORSEMENT_MAX);
        if (reader.error == 0)
            lk_read_fail(&reader, link_check(link));
    }
    result = lk_read_end(&reader);
    if (result < 0) {
        free(links);
        return result;
    }
    *ret_links = links;
    *ret_count = count;
    return 0;
}
