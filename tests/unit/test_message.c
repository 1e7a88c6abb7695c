/* SPDX-License-Identifier: EUPL-1.2 */
/* Codecs of all messages: the documented bytes, round trip, truncation at every length, trailing bytes, bounds, and mutations. The oracle for
 * broken input is canonicity: what a decoder accepts must encode to exactly the bytes it was given. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "message/desk.h"
#include "message/gateway.h"
#include "message/names.h"
#include "message/text.h"
#include "message_samples.h"

/* A secret buffer, because a PIN is only encoded into one. */
static struct lk_buf make_buf(void)
{
    struct lk_buf buf;

    lk_buf_init_secret(&buf, 4 * LK_FRAME_MAX);
    return buf;
}

static struct lk_frame only_frame(const struct lk_buf *buf)
{
    struct lk_frame frame;
    size_t size;

    assert_int_equal(lk_frame_next(lk_buf_view(buf), &frame, &size), 0);
    assert_int_equal(size, buf->len);
    return frame;
}

static void test_documented_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; message_sample_at(i) != NULL; i++) {
        const struct message_sample *sample = message_sample_at(i);
        struct lk_buf buf = make_buf();
        struct lk_buf expected = make_buf();
        struct lk_frame frame;

        assert_int_equal(sample->encode(&buf), 0);
        sample->bytes(&expected);
        frame = only_frame(&buf);
        assert_int_equal(frame.type, sample->type);
        assert_int_equal(frame.request,
                         sample->type == LK_MESSAGE_HELLO || sample->type == LK_MESSAGE_DEVICE_NODE
                             ? 0
                             : SAMPLE_REQUEST);
        if (!lk_view_equal(frame.payload, lk_buf_view(&expected)))
            fail_msg("%s is not encoded as documented", sample->name);
        lk_buf_clear(&buf);
        lk_buf_clear(&expected);
    }
}

static void test_round_trip(void **state)
{
    (void)state;
    for (size_t i = 0; message_sample_at(i) != NULL; i++) {
        struct lk_buf buf = make_buf();
        struct lk_buf again = make_buf();

        assert_int_equal(message_sample_at(i)->encode(&buf), 0);
        assert_int_equal(message_sample_at(i)->recode(only_frame(&buf).payload, &again), 0);
        if (!lk_view_equal(lk_buf_view(&buf), lk_buf_view(&again)))
            fail_msg("%s does not survive a round trip", message_sample_at(i)->name);
        lk_buf_clear(&buf);
        lk_buf_clear(&again);
    }
}

static void test_truncated_and_trailing(void **state)
{
    (void)state;
    for (size_t i = 0; message_sample_at(i) != NULL; i++) {
        struct lk_buf buf = make_buf();
        struct lk_buf again = make_buf();
        struct lk_frame frame;
        uint8_t *copy;

        assert_int_equal(message_sample_at(i)->encode(&buf), 0);
        frame = only_frame(&buf);
        /* A heap copy of just the right size, so that the address sanitizer sees a read beyond it. */
        for (size_t len = 0; len < frame.payload.len; len++) {
            copy = malloc(len > 0 ? len : 1);
            assert_non_null(copy);
            memcpy(copy, frame.payload.data, len);
            assert_int_equal(message_sample_at(i)->recode(LK_VIEW(copy, len), &again),
                             -LK_ERR_TRUNCATED);
            free(copy);
        }
        copy = calloc(1, frame.payload.len + 1);
        assert_non_null(copy);
        memcpy(copy, frame.payload.data, frame.payload.len);
        assert_int_equal(message_sample_at(i)->recode(LK_VIEW(copy, frame.payload.len + 1), &again),
                         -LK_ERR_TRAILING);
        assert_int_equal(again.len, 0);
        free(copy);
        lk_buf_clear(&buf);
        lk_buf_clear(&again);
    }
}

static uint32_t random_next(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

/* Refused, or accepted in the one form that encodes to the same bytes. */
static void check_canonical(const struct message_sample *sample, struct lk_view payload)
{
    struct lk_buf again = make_buf();

    if (sample->recode(payload, &again) == 0) {
        if (!lk_view_equal(only_frame(&again).payload, payload))
            fail_msg("%s accepts bytes that it would not write", sample->name);
    } else {
        assert_int_equal(again.len, 0);
    }
    lk_buf_clear(&again);
}

static void test_every_byte_changed(void **state)
{
    static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};

    (void)state;
    for (size_t i = 0; message_sample_at(i) != NULL; i++) {
        struct lk_buf buf = make_buf();

        message_sample_at(i)->bytes(&buf);
        for (size_t at = 0; at < buf.len; at++) {
            uint8_t old = buf.data[at];

            for (size_t v = 0; v < sizeof(values); v++) {
                buf.data[at] = values[v];
                check_canonical(message_sample_at(i), lk_buf_view(&buf));
            }
            for (int bit = 0; bit < 8; bit++) {
                buf.data[at] = (uint8_t)(old ^ 1U << bit);
                check_canonical(message_sample_at(i), lk_buf_view(&buf));
            }
            buf.data[at] = old;
        }
        lk_buf_clear(&buf);
    }
}

static void test_mutations(void **state)
{
    uint32_t seed = 0x1badcafe;

    (void)state;
    for (size_t i = 0; message_sample_at(i) != NULL; i++) {
        for (int round = 0; round < 2000; round++) {
            struct lk_buf buf = make_buf();
            size_t changes = 1 + random_next(&seed) % 4;

            message_sample_at(i)->bytes(&buf);
            for (size_t c = 0; c < changes; c++)
                buf.data[random_next(&seed) % buf.len] = (uint8_t)random_next(&seed);
            buf.len -= random_next(&seed) % 3 == 0 ? random_next(&seed) % buf.len : 0;
            check_canonical(message_sample_at(i), lk_buf_view(&buf));
            lk_buf_clear(&buf);
        }
    }
}

static void test_bad_values(void **state)
{
    struct lk_buf buf = make_buf();
    struct lk_event_message event = {.event = 0};
    struct lk_ask_pin ask = {.minimum = LK_PIN_MAX + 1};
    struct lk_login_request login = {.flags = 8};
    struct lk_desk_log_filter filter = {.most = 1001};
    struct lk_desk_filter list = {.most = 0};
    struct lk_desk_lost lost = {.name = "alice", .count = 0};
    struct lk_device_assert assertion = {.allow_count = LK_ALLOW_MAX + 1};
    struct lk_hello hello = {.lowest = 2, .highest = 1, .role = LK_SOCKET_HOST};
    uint8_t bytes[8] = {12, 0, 0, 0};

    (void)state;
    assert_int_equal(lk_event_encode(&buf, 1, &event), -LK_ERR_RANGE);
    event.event = LK_EVENT_CHOOSE_KEY + 1;
    assert_int_equal(lk_event_encode(&buf, 1, &event), -LK_ERR_RANGE);
    assert_int_equal(lk_event_decode(LK_VIEW(bytes, 4), &event), -LK_ERR_RANGE);
    assert_int_equal(lk_ask_pin_encode(&buf, 1, &ask), -LK_ERR_RANGE);
    assert_int_equal(lk_login_request_encode(&buf, 1, &login), -LK_ERR_RANGE);
    assert_int_equal(lk_desk_log_encode(&buf, 1, &filter), -LK_ERR_RANGE);
    filter.most = 0;
    assert_int_equal(lk_desk_log_encode(&buf, 1, &filter), -LK_ERR_RANGE);
    assert_int_equal(lk_device_assert_encode(&buf, 1, &assertion), -LK_ERR_TOO_BIG);
    assert_int_equal(lk_hello_encode(&buf, &hello), -LK_ERR_RANGE);
    assert_int_equal(lk_desk_list_encode(&buf, 1, &list), -LK_ERR_RANGE);
    list.most = LK_LIST_MOST + 1;
    assert_int_equal(lk_desk_list_encode(&buf, 1, &list), -LK_ERR_RANGE);
    assert_int_equal(lk_desk_lost_encode(&buf, 1, &lost), -LK_ERR_RANGE);
    lost.count = 33;
    assert_int_equal(lk_desk_lost_encode(&buf, 1, &lost), -LK_ERR_TOO_BIG);
    assert_int_equal(lk_desk_lost_decode(LK_VIEW(bytes + 1, 4), &lost), -LK_ERR_RANGE);
    assert_int_equal(buf.len, 0);
    lk_buf_clear(&buf);
}

/* A string that fills its array without a NUL, an empty name, a count that contradicts a length. */
static void test_bad_lengths(void **state)
{
    struct lk_buf buf = make_buf();
    struct lk_name_lookup lookup = {.name = ""};
    struct lk_desk_endorse endorse = {.count = 3};
    static const uint8_t digests[64];
    struct lk_view pin;
    uint8_t bytes[70] = {0, 64};

    (void)state;
    assert_int_equal(lk_name_lookup_encode(&buf, 1, &lookup), -LK_ERR_TRUNCATED);
    memset(lookup.name, 'a', sizeof(lookup.name));
    assert_int_equal(lk_name_lookup_encode(&buf, 1, &lookup), -LK_ERR_TOO_BIG);
    endorse.endorsement = LK_VIEW(digests, 40);
    endorse.statements = LK_VIEW(digests, 64);
    assert_int_equal(lk_desk_endorse_encode(&buf, 1, &endorse), -LK_ERR_RANGE);
    memset(bytes + 2, '1', 64);
    assert_int_equal(lk_pin_decode(LK_VIEW(bytes, 66), &pin), -LK_ERR_TOO_BIG);
    assert_int_equal(lk_pin_encode(&buf, 1, LK_VIEW(bytes + 2, 64)), -LK_ERR_TOO_BIG);
    assert_int_equal(lk_pin_encode(&buf, 1, LK_VIEW(bytes, 0)), -LK_ERR_TRUNCATED);
    bytes[1] = 0;
    assert_int_equal(lk_pin_decode(LK_VIEW(bytes, 2), &pin), -LK_ERR_TRUNCATED);
    assert_int_equal(buf.len, 0);
    lk_buf_clear(&buf);
}

static void test_pin_needs_secret_buffer(void **state)
{
    struct lk_buf plain = LK_BUF_INIT(4096);

    (void)state;
    assert_int_equal(lk_pin_encode(&plain, 1, LK_VIEW((const uint8_t *)"1234", 4)),
                     -LK_ERR_INTERNAL);
    assert_int_equal(plain.len, 0);
    lk_buf_clear(&plain);
}

/* What the other side shows to a person is cleaned on the way out and refused on the way in. */
static void test_text(void **state)
{
    static const struct {
        const char *raw;
        const char *clean;
    } rows[] = {{"plain", "plain"},
                {"a\nb\x1b[2J", "a?b?[2J"},
                {"caf\xc3\xa9", "caf\xc3\xa9"},
                {"cut\xc3", "cut?"},
                {"\xe2\x80\xae"
                 "evil",
                 "?evil"},
                {"\xc0\xaf", "??"},
                {"\xed\xa0\x80", "???"},
                {"\xf4\x90\x80\x80", "????"},
                {"\xc2\x9b"
                 "1m",
                 "?1m"},
                {"\xf0\x9f\x94\x91", "\xf0\x9f\x94\x91"}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct lk_event_message event = {.event = LK_EVENT_TOUCH, .retries = 255};
        struct lk_buf buf = make_buf();
        bool same = strcmp(rows[i].raw, rows[i].clean) == 0;
        struct lk_buf raw = make_buf();

        snprintf(event.detail, sizeof(event.detail), "%s", rows[i].raw);
        assert_int_equal(lk_event_encode(&buf, 1, &event), 0);
        assert_int_equal(lk_event_decode(only_frame(&buf).payload, &event), 0);
        assert_string_equal(event.detail, rows[i].clean);
        lk_buf_put_u8(&raw, LK_EVENT_TOUCH);
        lk_buf_put_u8(&raw, 255);
        lk_buf_put_string(&raw, rows[i].raw);
        assert_int_equal(lk_event_decode(lk_buf_view(&raw), &event), same ? 0 : -LK_ERR_ENCODING);
        lk_buf_clear(&buf);
        lk_buf_clear(&raw);
    }
    assert_int_equal(lk_text_count(LK_VIEW((const uint8_t *)"caf\xc3\xa9", 5)), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_documented_bytes),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_truncated_and_trailing),
        cmocka_unit_test(test_every_byte_changed),
        cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_bad_values),
        cmocka_unit_test(test_bad_lengths),
        cmocka_unit_test(test_pin_needs_secret_buffer),
        cmocka_unit_test(test_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
