/* SPDX-License-Identifier: EUPL-1.2 */
/* Records of the login log: bytes, chain, and the lines made of them. */
#include "broker/log/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "broker/log/sink.h"
#include "protocol_example.h"

static struct lk_crypto *crypto;

static int start(void **state)
{
    (void)state;
    return lk_crypto_start(&crypto);
}

static int stop(void **state)
{
    (void)state;
    crypto = lk_crypto_free(crypto);
    return 0;
}

static void fill(void *data, size_t len, uint8_t first)
{
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)data)[i] = (uint8_t)(first + i);
}

static struct lk_log_entry sample(void)
{
    struct lk_log_entry entry = {.number = 4711,
                                 .record = {.time = 1795000500,
                                            .reason = LK_REASON_COUNTER,
                                            .kind = LK_KIND_HOST,
                                            .flags = 5,
                                            .counter = 42,
                                            .milliseconds = 1234,
                                            .count = 1}};

    fill(entry.previous.bytes, LK_DIGEST_SIZE, 0x42);
    fill(entry.broker.bytes, LK_SUBJECT_SIZE, 0xb0);
    fill(entry.record.subject.bytes, LK_SUBJECT_SIZE, 0x10);
    fill(entry.record.credential.bytes, LK_DIGEST_SIZE, 0x20);
    fill(entry.record.aaguid, LK_AAGUID_SIZE, 0x50);
    return entry;
}

/* The bytes of docs/PROTOCOL.md 4.13. */
static void worked_example(void **state)
{
    struct lk_log_entry entry = sample();
    struct lk_log_entry decoded;
    struct lk_buf buf = LK_BUF_INIT(LK_LOG_RECORD_MAX);
    char expected[1025];
    char text[1025];

    (void)state;
    protocol_example("log-1", expected, sizeof expected);
    assert_int_equal(lk_log_entry_encode(&buf, &entry), 0);
    lk_hex(text, sizeof text, buf.data, buf.len);
    assert_string_equal(text, expected);
    assert_int_equal(lk_log_entry_decode(lk_buf_view(&buf), &decoded), 0);
    assert_int_equal(decoded.number, entry.number);
    assert_int_equal(decoded.record.reason, LK_REASON_COUNTER);
    assert_int_equal(decoded.record.counter, 42);
    assert_memory_equal(decoded.record.subject.bytes, entry.record.subject.bytes, LK_SUBJECT_SIZE);
    assert_string_equal(decoded.record.name, "");
    lk_buf_clear(&buf);
}

/* Whatever decodes re-encodes to itself; every other byte string is refused. */
static void broken_bytes(void **state)
{
    struct lk_log_entry entry = sample();
    struct lk_log_entry decoded;
    struct lk_buf buf = LK_BUF_INIT(LK_LOG_RECORD_MAX);
    struct lk_buf again = LK_BUF_INIT(LK_LOG_RECORD_MAX);
    uint8_t bytes[LK_LOG_RECORD_MAX + 1] = {0};
    size_t len;

    (void)state;
    assert_int_equal(lk_log_entry_encode(&buf, &entry), 0);
    len = buf.len;
    memcpy(bytes, buf.data, len);
    for (size_t cut = 0; cut < len; cut++)
        assert_true(lk_log_entry_decode(LK_VIEW(bytes, cut), &decoded) < 0);
    assert_int_equal(lk_log_entry_decode(LK_VIEW(bytes, len + 1), &decoded), -LK_ERR_TRAILING);
    assert_int_equal(lk_log_entry_decode(LK_VIEW(bytes, sizeof bytes), &decoded), -LK_ERR_TOO_BIG);
    for (size_t i = 0; i < len; i++) {
        for (unsigned int bit = 0; bit < 8; bit++) {
            bytes[i] ^= (uint8_t)(1u << bit);
            if (lk_log_entry_decode(LK_VIEW(bytes, len), &decoded) == 0) {
                lk_buf_reset(&again);
                assert_int_equal(lk_log_entry_encode(&again, &decoded), 0);
                assert_true(lk_view_equal(lk_buf_view(&again), LK_VIEW(bytes, len)));
            }
            bytes[i] ^= (uint8_t)(1u << bit);
        }
    }
    lk_buf_clear(&buf);
    lk_buf_clear(&again);
}

static void refused_values(void **state)
{
    struct lk_buf buf = LK_BUF_INIT(LK_LOG_RECORD_MAX);
    struct lk_log_entry entry = sample();

    (void)state;
    entry.number = 0;
    assert_int_equal(lk_log_entry_encode(&buf, &entry), -LK_ERR_RANGE);
    entry = sample();
    entry.number = 1; /* with a predecessor */
    assert_int_equal(lk_log_entry_encode(&buf, &entry), -LK_ERR_RANGE);
    entry = sample();
    entry.record.count = 0;
    assert_int_equal(lk_log_entry_encode(&buf, &entry), -LK_ERR_RANGE);
    entry = sample();
    entry.record.time = -1;
    assert_int_equal(lk_log_entry_encode(&buf, &entry), -LK_ERR_RANGE);
    entry = sample();
    entry.record.reason = (enum lk_reason)9999;
    assert_int_equal(lk_log_entry_encode(&buf, &entry), -LK_ERR_RANGE);
    entry = sample();
    entry.record.kind = (enum lk_kind)4;
    assert_int_equal(lk_log_entry_encode(&buf, &entry), -LK_ERR_RANGE);
    assert_int_equal(buf.len, 0);
    lk_buf_clear(&buf);
}

static void chain(void **state)
{
    struct lk_log_entry entries[2] = {sample(), sample()};
    struct lk_digest hashes[2];
    struct lk_buf bufs[2] = {LK_BUF_INIT(LK_LOG_RECORD_MAX), LK_BUF_INIT(LK_LOG_RECORD_MAX)};
    struct lk_log_entry decoded;
    enum lk_reason reason;

    (void)state;
    assert_int_equal(lk_log_entry_encode(&bufs[0], &entries[0]), 0);
    assert_int_equal(lk_log_entry_hash(crypto, lk_buf_view(&bufs[0]), &hashes[0]), 0);
    entries[1].number++;
    entries[1].previous = hashes[0];
    assert_int_equal(lk_log_entry_encode(&bufs[1], &entries[1]), 0);
    assert_int_equal(lk_log_entry_hash(crypto, lk_buf_view(&bufs[1]), &hashes[1]), 0);
    assert_int_equal(lk_log_link_verify(crypto, &entries[0], &hashes[0], lk_buf_view(&bufs[1]),
                                        &hashes[1], &decoded, &reason),
                     0);
    assert_int_equal(reason, LK_REASON_NONE);
    assert_int_equal(lk_log_link_verify(crypto, NULL, NULL, lk_buf_view(&bufs[1]), &hashes[1],
                                        &decoded, &reason),
                     0);
    assert_int_equal(reason, LK_REASON_NONE);
    /* Another hash beside it, another predecessor, a hole, another broker. */
    assert_int_equal(lk_log_link_verify(crypto, &entries[0], &hashes[0], lk_buf_view(&bufs[1]),
                                        &hashes[0], &decoded, &reason),
                     0);
    assert_int_equal(reason, LK_REASON_REGISTER);
    assert_int_equal(lk_log_link_verify(crypto, &entries[0], &hashes[1], lk_buf_view(&bufs[1]),
                                        &hashes[1], &decoded, &reason),
                     0);
    assert_int_equal(reason, LK_REASON_REGISTER);
    entries[0].number--;
    assert_int_equal(lk_log_link_verify(crypto, &entries[0], &hashes[0], lk_buf_view(&bufs[1]),
                                        &hashes[1], &decoded, &reason),
                     0);
    assert_int_equal(reason, LK_REASON_REGISTER);
    entries[0].number++;
    entries[0].broker.bytes[0] ^= 1;
    assert_int_equal(lk_log_link_verify(crypto, &entries[0], &hashes[0], lk_buf_view(&bufs[1]),
                                        &hashes[1], &decoded, &reason),
                     0);
    assert_int_equal(reason, LK_REASON_REGISTER);
    lk_buf_clear(&bufs[0]);
    lk_buf_clear(&bufs[1]);
}

/* What a peer chose cannot end a field, begin a line or drive a terminal. */
static void lines(void **state)
{
    struct lk_log_record record = sample().record;
    char line[LK_LOG_LINE_MAX];

    (void)state;
    strcpy(record.name, "al ice\n<0>forged reason=OK");
    strcpy(record.service, "su\033[2J");
    memset(record.remote_host, '"', sizeof record.remote_host - 1);
    record.remote_host[sizeof record.remote_host - 1] = '\0';
    lk_log_record_format(line, sizeof line, &record, 7);
    assert_non_null(strstr(
        line, "login number=7 reason=E_COUNTER "
              "name=al\\x20ice\\x0a\\x3c0\\x3eforged\\x20reason\\x3dOK service=su\\x1b\\x5b2J"));
    assert_null(strchr(line, '\n'));
    assert_null(strchr(line, '"'));
    assert_true(strlen(line) < sizeof line);
    lk_log_record_format(line, 20, &record, 7);
    assert_int_equal(strlen(line), 19);
}

static void sink(void **state)
{
    struct lk_log_sink out = {.fd = -1, .priorities = true};
    struct lk_store_head head = {.number = 3, .log_number = 9};
    char line[LK_LOG_LINE_MAX];
    char text[LK_LOG_LINE_MAX];
    int fds[2];
    ssize_t got;

    (void)state;
    lk_log_heads_format(line, sizeof line, &head);
    lk_log_sink_write(&out, LK_LOG_INFO, line);
    assert_int_equal(out.dropped, 0);
    assert_int_equal(pipe(fds), 0);
    out.fd = fds[1];
    lk_log_sink_write(&out, LK_LOG_INFO, line);
    got = read(fds[0], text, sizeof text - 1);
    assert_true(got > 0);
    text[got] = '\0';
    assert_memory_equal(text, "<6>heads register=3 ", 20);
    assert_int_equal(text[got - 1], '\n');
    close(fds[0]);
    close(fds[1]);
    /* Nobody there any more: dropped and counted, no signal, no error. */
    lk_log_sink_write(&out, LK_LOG_INFO, line);
    assert_int_equal(out.dropped, 1);
}

static void priorities(void **state)
{
    struct lk_log_record record = {.reason = LK_REASON_NONE};

    (void)state;
    assert_int_equal(lk_log_record_priority(&record), LK_LOG_NOTICE);
    record.reason = LK_REASON_STORE_UNAVAILABLE;
    assert_int_equal(lk_log_record_priority(&record), LK_LOG_ERROR);
    record.reason = LK_REASON_REVOKED;
    assert_int_equal(lk_log_record_priority(&record), LK_LOG_WARNING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worked_example), cmocka_unit_test(broken_bytes),
        cmocka_unit_test(refused_values), cmocka_unit_test(chain),
        cmocka_unit_test(lines),          cmocka_unit_test(sink),
        cmocka_unit_test(priorities),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
