/* SPDX-License-Identifier: EUPL-1.2 */
/* HID report descriptors: is this a security key? Reads bytes that come from the device (through the kernel's parser): every length is checked
 * against what is left, numbers are bounded, nothing is allocated. */
#include "device/opener/find.h"

enum {
    LK_HID_USAGE_PAGE_FIDO = 0xf1d0,
    LK_HID_USAGE_CTAPHID = 0x01,
    LK_HID_LONG_ITEM = 0xfe,
    /* Item tags with their type, HID 1.11 section 6.2.2.2; the two lowest bits are the size. */
    LK_HID_INPUT = 0x80,
    LK_HID_OUTPUT = 0x90,
    LK_HID_COLLECTION = 0xa0,
    LK_HID_END_COLLECTION = 0xc0,
    LK_HID_USAGE_PAGE = 0x04,
    LK_HID_REPORT_SIZE = 0x74,
    LK_HID_REPORT_COUNT = 0x94,
    LK_HID_USAGE = 0x08,
    LK_HID_DEPTH_MAX = 16,
    LK_HID_REPORT_MAX = 4096 /* bytes */
};

struct lk_hid_state {
    uint32_t usage_page;
    uint32_t usage;
    uint32_t report_size;
    uint32_t report_count;
    unsigned depth;
    bool inside; /* a CTAPHID collection */
    bool found;
    uint16_t in;
    uint16_t out;
};

static int lk_hid_item_value(struct lk_view *view, uint8_t size, uint32_t *ret_value)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < size; i++) {
        uint8_t byte = 0;
        int error = lk_view_get_u8(view, &byte);

        if (error)
            return error;
        value |= (uint32_t)byte << (8 * i); /* HID is little-endian */
    }
    *ret_value = value;
    return 0;
}

static int lk_hid_report(const struct lk_hid_state *state, uint16_t *ret_bytes)
{
    uint64_t bits = (uint64_t)state->report_size * state->report_count;

    if (bits == 0 || bits % 8 != 0 || bits / 8 > LK_HID_REPORT_MAX)
        return -LK_ERR_RANGE;
    *ret_bytes = (uint16_t)(bits / 8);
    return 0;
}

static int lk_hid_apply(struct lk_hid_state *state, uint8_t tag, uint32_t value)
{
    int error = 0;

    switch (tag) {
    case LK_HID_USAGE_PAGE:
        state->usage_page = value;
        return 0;
    case LK_HID_REPORT_SIZE:
        state->report_size = value;
        return 0;
    case LK_HID_REPORT_COUNT:
        state->report_count = value;
        return 0;
    case LK_HID_USAGE:
        state->usage = value;
        return 0;
    case LK_HID_COLLECTION:
        if (state->depth == LK_HID_DEPTH_MAX)
            return -LK_ERR_RANGE;
        if (state->depth++ == 0 && state->usage_page == LK_HID_USAGE_PAGE_FIDO &&
            state->usage == LK_HID_USAGE_CTAPHID && !state->found)
            state->inside = state->found = true;
        break;
    case LK_HID_END_COLLECTION:
        if (state->depth == 0)
            return -LK_ERR_RANGE;
        if (--state->depth == 0)
            state->inside = false;
        break;
    case LK_HID_INPUT:
        if (state->inside)
            error = lk_hid_report(state, &state->in);
        break;
    case LK_HID_OUTPUT:
        if (state->inside)
            error = lk_hid_report(state, &state->out);
        break;
    default:
        return 0;
    }
    /* Usages are local: they end with the main item that follows them. */
    state->usage = 0;
    return error;
}

int lk_report_descriptor_read(struct lk_view descriptor, uint16_t *ret_in, uint16_t *ret_out)
{
    struct lk_hid_state state = {0};

    while (descriptor.len > 0) {
        static const uint8_t sizes[4] = {0, 1, 2, 4};
        uint8_t head = 0;
        uint32_t value = 0;
        int error = lk_view_get_u8(&descriptor, &head);

        if (error)
            return error;
        if (head == LK_HID_LONG_ITEM)
            return -LK_ERR_RANGE; /* no device has any: section 6.2.2.3 defines no tag */
        error = lk_hid_item_value(&descriptor, sizes[head & 3], &value);
        if (error)
            return error;
        error = lk_hid_apply(&state, head & 0xfc, value);
        if (error)
            return error;
    }
    if (!state.found)
        return -LK_ERR_NOT_FOUND;
    if (state.in == 0 || state.out == 0)
        return -LK_ERR_RANGE;
    *ret_in = state.in;
    *ret_out = state.out;
    return 0;
}

void lk_found_name(char *ret_name, size_t size, struct lk_view text)
{
    size_t len = text.len < size - 1 ? text.len : size - 1;

    for (size_t i = 0; i < len; i++)
        ret_name[i] = text.data[i] >= 0x20 && text.data[i] < 0x7f ? (char)text.data[i] : '?';
    ret_name[len] = '\0';
}
