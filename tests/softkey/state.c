/* SPDX-License-Identifier: EUPL-1.2 */
/* The software key's flash. The file is trusted as far as its owner is; still it is read bounded.
 */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crypto.h"
#include "item.h"

#define LK_STATE_VERSION  1
#define LK_STATE_FILE_MAX 65536

enum lk_state_field {
    LK_STATE_FIELD_VERSION = 1,
    LK_STATE_FIELD_SEED,
    LK_STATE_FIELD_RANDOM_COUNT,
    LK_STATE_FIELD_MASTER,
    LK_STATE_FIELD_SIGN_COUNT,
    LK_STATE_FIELD_PIN_HASH, /* empty: no PIN */
    LK_STATE_FIELD_PIN_RETRIES,
    LK_STATE_FIELD_UV_RETRIES,
    LK_STATE_FIELD_RESIDENTS,
};
#define LK_STATE_FIELDS 9

void lk_state_random(struct lk_state *state, uint8_t *ret_bytes, size_t length)
{
    while (length > 0) {
        uint8_t number[8], block[LK_DIGEST_SIZE];
        struct lk_part part = {number, sizeof(number)};
        size_t size = length < sizeof(block) ? length : sizeof(block);

        for (unsigned i = 0; i < 8; i++)
            number[i] = (uint8_t)(state->random_count >> (56 - 8 * i));
        state->random_count++;
        lk_mac_make(state->seed, sizeof(state->seed), &part, 1, block);
        memcpy(ret_bytes, block, size);
        ret_bytes += size;
        length -= size;
    }
}

void lk_state_init(struct lk_state *state, const uint8_t seed[32], const char *path)
{
    memset(state, 0, sizeof(*state));
    memcpy(state->seed, seed, sizeof(state->seed));
    state->path = path;
    lk_state_reset(state);
}

void lk_state_reset(struct lk_state *state)
{
    lk_state_random(state, state->master, sizeof(state->master));
    state->pin_set = false;
    memset(state->pin_hash, 0, sizeof(state->pin_hash));
    state->pin_retries = LK_PIN_RETRIES;
    state->uv_retries = LK_UV_RETRIES;
    state->resident_count = 0;
    memset(state->resident, 0, sizeof(state->resident));
}

static void lk_state_encode(const struct lk_state *state, struct lk_writer *writer)
{
    lk_write_map(writer, LK_STATE_FIELDS);
    lk_write_int(writer, LK_STATE_FIELD_VERSION);
    lk_write_int(writer, LK_STATE_VERSION);
    lk_write_int(writer, LK_STATE_FIELD_SEED);
    lk_write_bytes(writer, state->seed, sizeof(state->seed));
    lk_write_int(writer, LK_STATE_FIELD_RANDOM_COUNT);
    lk_write_int(writer, (int64_t)state->random_count);
    lk_write_int(writer, LK_STATE_FIELD_MASTER);
    lk_write_bytes(writer, state->master, sizeof(state->master));
    lk_write_int(writer, LK_STATE_FIELD_SIGN_COUNT);
    lk_write_int(writer, state->sign_count);
    lk_write_int(writer, LK_STATE_FIELD_PIN_HASH);
    lk_write_bytes(writer, state->pin_hash, state->pin_set ? sizeof(state->pin_hash) : 0);
    lk_write_int(writer, LK_STATE_FIELD_PIN_RETRIES);
    lk_write_int(writer, state->pin_retries);
    lk_write_int(writer, LK_STATE_FIELD_UV_RETRIES);
    lk_write_int(writer, state->uv_retries);
    lk_write_int(writer, LK_STATE_FIELD_RESIDENTS);
    lk_write_array(writer, state->resident_count);
    for (size_t i = 0; i < state->resident_count; i++) {
        const struct lk_resident *resident = &state->resident[i];

        lk_write_array(writer, 5);
        lk_write_bytes(writer, resident->id, sizeof(resident->id));
        lk_write_text(writer, resident->rp_id);
        lk_write_bytes(writer, resident->user_id, resident->user_id_length);
        lk_write_text(writer, resident->name);
        lk_write_text(writer, resident->display_name);
    }
}

static bool lk_write_all(int fd, const uint8_t *data, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, data, length);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        data += written;
        length -= (size_t)written;
    }
    return true;
}

/* Rename makes it atomic against a killed program; no fsync, as no test cuts the power of a key. */
bool lk_state_save(const struct lk_state *state)
{
    static uint8_t content[LK_STATE_FILE_MAX];
    struct lk_writer writer;
    char temporary[4096];
    bool good;
    int fd;

    if (state->path == NULL)
        return true;
    lk_writer_init(&writer, content, sizeof(content));
    lk_state_encode(state, &writer);
    if (writer.failed ||
        (size_t)snprintf(temporary, sizeof(temporary), "%s.new", state->path) >= sizeof(temporary))
        return false;
    fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return false;
    good = lk_write_all(fd, content, writer.length);
    good = close(fd) == 0 && good && rename(temporary, state->path) == 0;
    if (!good)
        unlink(temporary);
    return good;
}

static bool lk_read_exact(struct lk_reader input, uint8_t *ret_bytes, size_t length)
{
    struct lk_item item;

    if (!lk_reader_expect(&input, LK_ITEM_BYTES, &item) || item.length != length)
        return false;
    memcpy(ret_bytes, item.data, length);
    return true;
}

static bool lk_read_number(struct lk_reader input, uint64_t maximum, uint64_t *ret_number)
{
    struct lk_item item;

    if (!lk_reader_expect(&input, LK_ITEM_UINT, &item) || item.value > maximum)
        return false;
    *ret_number = item.value;
    return true;
}

static bool lk_read_text(struct lk_reader *input, char *ret_text, size_t size)
{
    struct lk_item item;

    if (!lk_reader_expect(input, LK_ITEM_TEXT, &item) || item.length >= size)
        return false;
    memcpy(ret_text, item.data, item.length);
    ret_text[item.length] = '\0';
    return true;
}

static bool lk_resident_decode(struct lk_reader *input, struct lk_resident *resident)
{
    struct lk_item item;

    if (!lk_reader_expect(input, LK_ITEM_ARRAY, &item) || item.value != 5)
        return false;
    if (!lk_reader_expect(input, LK_ITEM_BYTES, &item) || item.length != sizeof(resident->id))
        return false;
    memcpy(resident->id, item.data, item.length);
    if (!lk_read_text(input, resident->rp_id, sizeof(resident->rp_id)))
        return false;
    if (!lk_reader_expect(input, LK_ITEM_BYTES, &item) || item.length > sizeof(resident->user_id))
        return false;
    memcpy(resident->user_id, item.data, item.length);
    resident->user_id_length = item.length;
    return lk_read_text(input, resident->name, sizeof(resident->name)) &&
           lk_read_text(input, resident->display_name, sizeof(resident->display_name));
}

static bool lk_residents_decode(struct lk_reader input, struct lk_state *state)
{
    struct lk_item array;

    if (!lk_reader_expect(&input, LK_ITEM_ARRAY, &array) || array.value > LK_RESIDENTS_MAX)
        return false;
    for (size_t i = 0; i < array.value; i++) {
        if (!lk_resident_decode(&input, &state->resident[i]))
            return false;
    }
    state->resident_count = array.value;
    return true;
}

static bool lk_state_decode(struct lk_state *state, struct lk_reader input)
{
    struct lk_int_map map;
    uint64_t version, sign_count, pin_retries, uv_retries;

    if (!lk_int_map_split(input, &map))
        return false;
    for (unsigned i = LK_STATE_FIELD_VERSION; i <= LK_STATE_FIELD_RESIDENTS; i++) {
        if (!map.present[i])
            return false;
    }
    state->pin_set =
        lk_read_exact(map.value[LK_STATE_FIELD_PIN_HASH], state->pin_hash, sizeof(state->pin_hash));
    if (!state->pin_set && !lk_read_exact(map.value[LK_STATE_FIELD_PIN_HASH], state->pin_hash, 0))
        return false;
    if (!lk_read_number(map.value[LK_STATE_FIELD_VERSION], LK_STATE_VERSION, &version) ||
        !lk_read_exact(map.value[LK_STATE_FIELD_SEED], state->seed, sizeof(state->seed)) ||
        !lk_read_number(map.value[LK_STATE_FIELD_RANDOM_COUNT], INT64_MAX, &state->random_count) ||
        !lk_read_exact(map.value[LK_STATE_FIELD_MASTER], state->master, sizeof(state->master)) ||
        !lk_read_number(map.value[LK_STATE_FIELD_SIGN_COUNT], UINT32_MAX, &sign_count) ||
        !lk_read_number(map.value[LK_STATE_FIELD_PIN_RETRIES], LK_PIN_RETRIES, &pin_retries) ||
        !lk_read_number(map.value[LK_STATE_FIELD_UV_RETRIES], LK_UV_RETRIES, &uv_retries) ||
        !lk_residents_decode(map.value[LK_STATE_FIELD_RESIDENTS], state))
        return false;
    state->sign_count = (uint32_t)sign_count;
    state->pin_retries = (unsigned)pin_retries;
    state->uv_retries = (unsigned)uv_retries;
    return true;
}

int lk_state_load(struct lk_state *state)
{
    static uint8_t content[LK_STATE_FILE_MAX];
    struct lk_state loaded = {.path = state->path};
    struct lk_reader input = {.data = content};
    ssize_t got = 1;
    int fd = open(state->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return errno == ENOENT ? 0 : -1;
    while (got > 0 && input.length < sizeof(content)) {
        got = read(fd, content + input.length, sizeof(content) - input.length);
        if (got > 0)
            input.length += (size_t)got;
    }
    close(fd);
    if (got != 0 || !lk_state_decode(&loaded, input))
        return -1;
    *state = loaded;
    return 1;
}
