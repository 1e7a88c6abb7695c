/* SPDX-License-Identifier: EUPL-1.2 */
/* The signed formats: what goes out comes back, and every other spelling of it is refused.
 *
 * The oracle of the mutations: a decoder that takes bytes must give a value that encodes to exactly these bytes. */
#include "wire/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "test_values.h"

static int fail_after = -1; /* which calloc from now on fails; -1 none */
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size)
{
    if (fail_after >= 0 && fail_after-- == 0)
        return NULL;
    return __real_calloc(count, size);
}

/* Decodes and encodes again: the error, or 0 and the bytes. One for each format. */
typedef int (*again)(struct lk_view bytes, struct lk_buf *ret_bytes);

static int statement_again(struct lk_view bytes, struct lk_buf *ret_bytes)
{
    struct lk_statement value;
    int result = lk_statement_decode(bytes, &value);

    return result < 0 ? result : lk_statement_encode(ret_bytes, &value);
}

static int state_again(struct lk_view bytes, struct lk_buf *ret_bytes)
{
    struct lk_state_change value;
    int result = lk_state_change_decode(bytes, &value);

    return result < 0 ? result : lk_state_change_encode(ret_bytes, &value);
}

static int restore_again(struct lk_view bytes, struct lk_buf *ret_bytes)
{
    struct lk_restore value;
    int result = lk_restore_decode(bytes, &value);

    return result < 0 ? result : lk_restore_encode(ret_bytes, &value);
}

static int endorsement_again(struct lk_view bytes, struct lk_buf *ret_bytes)
{
    struct lk_endorsement value;
    int result = lk_endorsement_decode(bytes, &value);

    return result < 0 ? result : lk_endorsement_encode(ret_bytes, &value);
}

static int path_again(struct lk_view bytes, struct lk_buf *ret_bytes)
{
    struct lk_tree_path value;
    int result = lk_tree_path_decode(bytes, &value);

    return result < 0 ? result : lk_tree_path_encode(ret_bytes, &value);
}

static int register_again(struct lk_view bytes, struct lk_buf *ret_bytes)
{
    struct lk_register_entry value;
    int result = lk_register_entry_decode(bytes, &value);

    return result < 0 ? result : lk_register_entry_encode(ret_bytes, &value);
}

static int set_again(struct lk_view bytes, struct lk_buf *ret_bytes)
{
    struct lk_operator_set *value = NULL;
    int result = lk_operator_set_decode(bytes, &value);

    if (result == 0)
        result = lk_operator_set_encode(ret_bytes, value);
    lk_operator_set_free(value);
    return result;
}

static int chain_again(struct lk_view bytes, struct lk_buf *ret_bytes)
{
    struct lk_operator_chain_link *links = NULL;
    size_t count = 0;
    int result = lk_operator_chain_decode(bytes, &links, &count);

    if (result == 0)
        result = lk_operator_chain_encode(ret_bytes, links, count);
    free(links);
    return result;
}

/* One good example of each format. */
enum { FORMATS = 8 };
static struct {
    const char *name;
    again again;
    struct lk_buf bytes;
} formats[FORMATS] = {
    {.name = "statement", .again = statement_again},
    {.name = "state", .again = state_again},
    {.name = "restore", .again = restore_again},
    {.name = "endorsement", .again = endorsement_again},
    {.name = "path", .again = path_again},
    {.name = "register", .again = register_again},
    {.name = "operator set", .again = set_again},
    {.name = "operators", .again = chain_again},
};

static int make_examples(void **state)
{
    struct lk_statement statement;
    struct lk_state_change change;
    struct lk_restore restore;
    struct lk_endorsement endorsement;
    struct lk_tree_path path;
    struct lk_register_entry entry;
    struct lk_operator_set *set = test_operator_set(2);
    struct lk_operator_chain_link link = {.endorsement_count = 1};
    int result;

    (void)state;
    test_statement(&statement, LK_KIND_HOST);
    test_state_change(&change);
    test_restore(&restore);
    test_endorsement(&endorsement);
    test_path(&path);
    test_register_entry(&entry);
    for (size_t i = 0; i < FORMATS; i++)
        lk_buf_init(&formats[i].bytes, 1 << 20);
    result = lk_statement_encode(&formats[0].bytes, &statement) |
             lk_state_change_encode(&formats[1].bytes, &change) |
             lk_restore_encode(&formats[2].bytes, &restore) |
             lk_endorsement_encode(&formats[3].bytes, &endorsement) |
             lk_tree_path_encode(&formats[4].bytes, &path) |
             lk_register_entry_encode(&formats[5].bytes, &entry) |
             lk_operator_set_encode(&formats[6].bytes, set);
    link.set = lk_buf_view(&formats[6].bytes);
    link.endorsements[0] = lk_buf_view(&formats[3].bytes);
    result |= lk_operator_chain_encode(&formats[7].bytes, &link, 1);
    lk_operator_set_free(set);
    return result;
}

static int free_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < FORMATS; i++)
        lk_buf_clear(&formats[i].bytes);
    return 0;
}

static void examples_come_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < FORMATS; i++) {
        struct lk_buf out = LK_BUF_INIT(1 << 20);

        assert_int_equal(formats[i].again(lk_buf_view(&formats[i].bytes), &out), 0);
        assert_true(lk_view_equal(lk_buf_view(&out), lk_buf_view(&formats[i].bytes)));
        lk_buf_clear(&out);
    }
}

static void every_cut_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < FORMATS; i++) {
        for (size_t len = 0; len < formats[i].bytes.len; len++) {
            struct lk_buf out = LK_BUF_INIT(1 << 20);

            assert_int_equal(formats[i].again(LK_VIEW(formats[i].bytes.data, len), &out),
                             -LK_ERR_TRUNCATED);
            lk_buf_clear(&out);
        }
    }
}

static void a_byte_behind_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < FORMATS; i++) {
        struct lk_buf longer = LK_BUF_INIT(1 << 20);
        struct lk_buf out = LK_BUF_INIT(1 << 20);

        lk_buf_put_view(&longer, lk_buf_view(&formats[i].bytes));
        lk_buf_put_u8(&longer, 0x00);
        assert_int_equal(formats[i].again(lk_buf_view(&longer), &out), -LK_ERR_TRAILING);
        lk_buf_clear(&longer);
        lk_buf_clear(&out);
    }
}

static void other_formats_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < FORMATS; i++) {
        for (size_t j = 0; j < FORMATS; j++) {
            struct lk_buf out = LK_BUF_INIT(1 << 20);

            if (i != j)
                assert_int_equal(formats[i].again(lk_buf_view(&formats[j].bytes), &out),
                                 -LK_ERR_VERSION);
            lk_buf_clear(&out);
        }
    }
}

/* Each bit of each example turned, and each byte set to some telling values. */
static void changed_bytes_are_refused_or_mean_themselves(void **state)
{
    static const uint8_t telling[] = {0x00, 0x01, 0x17, 0x18, 0x1f, 0x20, 0x5f, 0x60,
                                      0x7f, 0x80, 0x9f, 0xa0, 0xbf, 0xf4, 0xf6, 0xff};
    size_t refused = 0;
    size_t taken = 0;

    (void)state;
    for (size_t i = 0; i < FORMATS; i++) {
        uint8_t *data = formats[i].bytes.data;

        for (size_t at = 0; at < formats[i].bytes.len; at++) {
            const uint8_t kept = data[at];

            for (size_t change = 0; change < 8 + sizeof(telling); change++) {
                struct lk_buf out = LK_BUF_INIT(1 << 20);

                data[at] = (uint8_t)(change < 8 ? kept ^ (1u << change) : telling[change - 8]);
                if (formats[i].again(lk_buf_view(&formats[i].bytes), &out) == 0) {
                    assert_true(lk_view_equal(lk_buf_view(&out), lk_buf_view(&formats[i].bytes)));
                    taken++;
                } else {
                    refused++;
                }
                lk_buf_clear(&out);
            }
            data[at] = kept;
        }
    }
    assert_true(refused > 1000 && taken > 1000); /* digests may be anything, structure may not */
}

#define EXPECT_STATEMENT(change, wanted)                                                           \
    do {                                                                                           \
        struct lk_statement statement;                                                             \
        struct lk_buf buf = LK_BUF_INIT(LK_STATEMENT_MAX);                                         \
        test_statement(&statement, LK_KIND_HOST);                                                  \
        change;                                                                                    \
        assert_int_equal(lk_statement_encode(&buf, &statement), wanted);                           \
        lk_buf_clear(&buf);                                                                        \
    } while (0)

static void statement_rules(void **state)
{
    (void)state;
    EXPECT_STATEMENT((void)0, 0);
    EXPECT_STATEMENT(statement.version = 0, -LK_ERR_RANGE);
    EXPECT_STATEMENT(strcpy(statement.name, "Alice"), -LK_ERR_ENCODING);
    EXPECT_STATEMENT(strcpy(statement.name, ""), -LK_ERR_ENCODING);
    EXPECT_STATEMENT(statement.kind = (enum lk_kind)0, -LK_ERR_ENCODING);
    EXPECT_STATEMENT(strcpy(statement.relying_party, "sso.example.org"), -LK_ERR_ENCODING);
    EXPECT_STATEMENT(strcpy(statement.relying_party, "latchkey-operator:example"),
                     -LK_ERR_ENCODING);
    EXPECT_STATEMENT(statement.kind = LK_KIND_BROWSER, -LK_ERR_ENCODING);
    /* Groups of applications; an operator's credential opens none. */
    EXPECT_STATEMENT(
        (statement.kind = LK_KIND_BROWSER, strcpy(statement.relying_party, "sso.example.org")), 0);
    EXPECT_STATEMENT((statement.kind = LK_KIND_OPERATOR,
                      strcpy(statement.relying_party, "latchkey-operator:example")),
                     -LK_ERR_RANGE);
    EXPECT_STATEMENT((statement.kind = LK_KIND_BROWSER,
                      strcpy(statement.relying_party, "sso.example.org"),
                      statement.group_count = 0),
                     0);
    EXPECT_STATEMENT(statement.credential_id.len = 0, -LK_ERR_RANGE);
    EXPECT_STATEMENT(statement.credential_id.len = LK_CREDENTIAL_ID_MAX, 0);
    EXPECT_STATEMENT(statement.credential_id.len = LK_CREDENTIAL_ID_MAX + 1, -LK_ERR_RANGE);
    EXPECT_STATEMENT(statement.public_key.len = 0, -LK_ERR_TRUNCATED);
    EXPECT_STATEMENT(statement.public_key.len -= 1, -LK_ERR_TRUNCATED);
    EXPECT_STATEMENT(statement.public_key.len += 1, -LK_ERR_TRAILING);
    EXPECT_STATEMENT(statement.public_key.bytes[4] = 0x27, -LK_ERR_ALGORITHM);
    EXPECT_STATEMENT(statement.not_before = -1, -LK_ERR_RANGE);
    EXPECT_STATEMENT((statement.not_before = 10, statement.not_after = 10), -LK_ERR_RANGE);
    EXPECT_STATEMENT((statement.not_before = 10, statement.not_after = 11), 0);
    EXPECT_STATEMENT(statement.not_after = INT64_MAX, 0);
    EXPECT_STATEMENT(statement.group_count = LK_GROUPS_MAX + 1, -LK_ERR_TOO_BIG);
    EXPECT_STATEMENT(strcpy(statement.groups[0], "web"), -LK_ERR_DUPLICATE);
    EXPECT_STATEMENT(strcpy(statement.groups[0], "zzz"), -LK_ERR_NOT_CANONICAL);
    EXPECT_STATEMENT(strcpy(statement.groups[0], "A"), -LK_ERR_ENCODING);
    EXPECT_STATEMENT(strcpy(statement.claimed.model, "evil \x1b[2J"), -LK_ERR_ENCODING);
    EXPECT_STATEMENT(strcpy(statement.claimed.model, "C1 \xc2\x9b"), -LK_ERR_ENCODING);
    EXPECT_STATEMENT(strcpy(statement.claimed.serial, "\xff"), -LK_ERR_ENCODING);
    EXPECT_STATEMENT(strcpy(statement.claimed.model, "Cl\xc3\xa9"), 0);
    EXPECT_STATEMENT(statement.proved.format = (enum lk_attestation_format)4, -LK_ERR_RANGE);
    EXPECT_STATEMENT(statement.proved.anchor.bytes[0] = 1, -LK_ERR_RANGE);
    EXPECT_STATEMENT((statement.proved.anchor.bytes[0] = 1, statement.proved.has_anchor = true), 0);
}

#define EXPECT_RECORD(type, make, encode, change, wanted)                                          \
    do {                                                                                           \
        type value;                                                                                \
        struct lk_buf buf = LK_BUF_INIT(LK_ENDORSEMENT_MAX);                                       \
        make(&value);                                                                              \
        change;                                                                                    \
        assert_int_equal(encode(&buf, &value), wanted);                                            \
        lk_buf_clear(&buf);                                                                        \
    } while (0)
#define EXPECT_ENDORSEMENT(change, wanted)                                                         \
    EXPECT_RECORD(struct lk_endorsement, test_endorsement, lk_endorsement_encode, change, wanted)
#define EXPECT_STATE(change, wanted)                                                               \
    EXPECT_RECORD(struct lk_state_change, test_state_change, lk_state_change_encode, change, wanted)
#define EXPECT_RESTORE(change, wanted)                                                             \
    EXPECT_RECORD(struct lk_restore, test_restore, lk_restore_encode, change, wanted)
#define EXPECT_PATH(change, wanted)                                                                \
    EXPECT_RECORD(struct lk_tree_path, test_path, lk_tree_path_encode, change, wanted)
#define EXPECT_ENTRY(change, wanted)                                                               \
    EXPECT_RECORD(struct lk_register_entry, test_register_entry, lk_register_entry_encode, change, \
                  wanted)

static void record_rules(void **state)
{
    (void)state;
    EXPECT_ENDORSEMENT((void)0, 0);
    EXPECT_ENDORSEMENT(value.act = (enum lk_act)0, -LK_ERR_RANGE);
    EXPECT_ENDORSEMENT(value.act = LK_ACT_COUNT, -LK_ERR_RANGE);
    EXPECT_ENDORSEMENT(value.count = 0, -LK_ERR_RANGE);
    EXPECT_ENDORSEMENT(value.count = 1 << 24, 0);
    EXPECT_ENDORSEMENT(value.count = (1 << 24) + 1, -LK_ERR_RANGE);
    EXPECT_ENDORSEMENT(value.time = -1, -LK_ERR_RANGE);
    EXPECT_ENDORSEMENT(value.register_number = 0, -LK_ERR_RANGE);
    EXPECT_ENDORSEMENT((value.register_number = 0, memset(&value.register_hash, 0, 32)), 0);
    EXPECT_ENDORSEMENT(value.credential_id.len = 0, -LK_ERR_RANGE);
    EXPECT_ENDORSEMENT(value.authenticator_data_len = 36, -LK_ERR_RANGE);
    EXPECT_ENDORSEMENT(value.authenticator_data_len = 512, 0);
    EXPECT_ENDORSEMENT(value.authenticator_data_len = 513, -LK_ERR_RANGE);
    EXPECT_ENDORSEMENT(value.signature_len = 0, -LK_ERR_RANGE);
    EXPECT_ENDORSEMENT(value.signature_len = LK_SIGNATURE_MAX + 1, -LK_ERR_RANGE);
    EXPECT_STATE((void)0, 0);
    EXPECT_STATE(value.state = LK_STATE_ACTIVE, -LK_ERR_RANGE);
    EXPECT_STATE(value.state = LK_STATE_PENDING, -LK_ERR_RANGE);
    EXPECT_STATE(value.time = -1, -LK_ERR_RANGE);
    EXPECT_STATE(strcpy(value.reason, "a\nb"), -LK_ERR_ENCODING);
    EXPECT_STATE(strcpy(value.reason, ""), 0);
    EXPECT_RESTORE((void)0, 0);
    EXPECT_RESTORE(value.time = -1, -LK_ERR_RANGE);
    EXPECT_RESTORE(value.store_number = 0, -LK_ERR_RANGE);
    EXPECT_RESTORE(value.mark_number = 0, -LK_ERR_RANGE);
    EXPECT_PATH((void)0, 0);
    EXPECT_PATH(value.index = value.count, -LK_ERR_RANGE);
    EXPECT_PATH(value.count = 0, -LK_ERR_RANGE);
    EXPECT_PATH(value.count = (1 << 24) + 1, -LK_ERR_RANGE);
    EXPECT_PATH(value.length = LK_PATH_MAX + 1, -LK_ERR_TOO_BIG);
    EXPECT_ENTRY((void)0, 0);
    EXPECT_ENTRY(value.number = 0, -LK_ERR_RANGE);
    EXPECT_ENTRY(value.number = 1, -LK_ERR_RANGE);
    EXPECT_ENTRY(value.kind = (enum lk_entry_kind)6, -LK_ERR_RANGE);
    EXPECT_ENTRY(value.kind = LK_ENTRY_OPERATOR_SET, -LK_ERR_RANGE); /* has a subject */
    EXPECT_ENTRY(value.log_number = 0, -LK_ERR_RANGE);
    EXPECT_ENTRY(value.time = -1, -LK_ERR_RANGE);
}

#define EXPECT_SET(change, wanted)                                                                 \
    do {                                                                                           \
        struct lk_operator_set *set = test_operator_set(2);                                        \
        struct lk_buf buf = LK_BUF_INIT(LK_OPERATOR_SET_MAX);                                      \
        change;                                                                                    \
        assert_int_equal(lk_operator_set_encode(&buf, set), wanted);                               \
        lk_buf_clear(&buf);                                                                        \
        lk_operator_set_free(set);                                                                 \
    } while (0)

static void operator_set_rules(void **state)
{
    (void)state;
    EXPECT_SET((void)0, 0);
    EXPECT_SET(set->number = 0, -LK_ERR_RANGE);
    EXPECT_SET(set->number = 2, -LK_ERR_RANGE); /* no set before */
    EXPECT_SET(set->previous.bytes[0] = 1, -LK_ERR_RANGE);
    EXPECT_SET(strcpy(set->organisation, "Example"), -LK_ERR_ENCODING);
    EXPECT_SET(set->quorum[LK_ACT_REVOKE] = 0, -LK_ERR_RANGE);
    EXPECT_SET(set->quorum[LK_ACT_REVOKE] = LK_OPERATORS_MAX + 1, -LK_ERR_RANGE);
    EXPECT_SET(set->time = -1, -LK_ERR_RANGE);
    EXPECT_SET(set->operator_count = 0, -LK_ERR_RANGE);
    EXPECT_SET(set->operators[1].id = set->operators[0].id, -LK_ERR_DUPLICATE);
    EXPECT_SET(set->operators[0].id.bytes[0] = 0xff, -LK_ERR_NOT_CANONICAL);
    EXPECT_SET(strcpy(set->operators[1].name, set->operators[0].name), -LK_ERR_DUPLICATE);
    EXPECT_SET(strcpy(set->operators[1].name, "Bob"), -LK_ERR_ENCODING);
    EXPECT_SET(set->operators[1].roles = 0, -LK_ERR_RANGE);
    EXPECT_SET(set->operators[1].roles = 16, -LK_ERR_RANGE);
    EXPECT_SET(set->operators[1].key_count = 0, -LK_ERR_RANGE);
    EXPECT_SET(set->operators[1].key_count = LK_OPERATOR_KEYS_MAX + 1, -LK_ERR_TOO_BIG);
    EXPECT_SET(set->operators[1].keys[1].credential_id = set->operators[1].keys[0].credential_id,
               -LK_ERR_DUPLICATE);
    EXPECT_SET(set->operators[1].keys[0].credential_id.bytes[0] = 0xff, -LK_ERR_NOT_CANONICAL);
    /* the same credential, or the same public key under another id, with two operators */
    EXPECT_SET(set->operators[1].keys[0].credential_id = set->operators[0].keys[0].credential_id,
               -LK_ERR_DUPLICATE);
    EXPECT_SET(set->operators[1].keys[1].public_key = set->operators[0].keys[0].public_key,
               -LK_ERR_DUPLICATE);
    EXPECT_SET(set->operators[1].keys[1].public_key.bytes[1] = 0x02, -LK_ERR_ALGORITHM);
    EXPECT_SET(set->operators[1].keys[1].public_key.bytes[3] = 0x00, -LK_ERR_NOT_CANONICAL);
}

static void chain_rules(void **state)
{
    struct lk_operator_chain_link link = {.endorsement_count = 2};
    struct lk_buf buf = LK_BUF_INIT(1 << 21);

    (void)state;
    link.set = lk_buf_view(&formats[6].bytes);
    link.endorsements[0] = link.endorsements[1] = lk_buf_view(&formats[3].bytes);
    assert_int_equal(lk_operator_chain_encode(&buf, &link, 1), -LK_ERR_DUPLICATE);
    assert_int_equal(lk_operator_chain_encode(&buf, &link, 0), -LK_ERR_RANGE);
    assert_int_equal(lk_operator_chain_encode(&buf, &link, 4097), -LK_ERR_TOO_BIG);
    link.endorsement_count = 0;
    assert_int_equal(lk_operator_chain_encode(&buf, &link, 1), -LK_ERR_RANGE);
    link.endorsement_count = LK_ENDORSEMENTS_MAX + 1;
    assert_int_equal(lk_operator_chain_encode(&buf, &link, 1), -LK_ERR_TOO_BIG);
    lk_buf_clear(&buf);
}

static void oversized_input_is_not_read(void **state)
{
    static uint8_t big[(1 << 20) + 1];
    struct lk_operator_chain_link *links = NULL;
    struct lk_operator_set *set = NULL;
    struct lk_statement statement;
    struct lk_endorsement endorsement;
    size_t count = 0;

    (void)state;
    assert_int_equal(lk_statement_decode(LK_VIEW(big, LK_STATEMENT_MAX + 1), &statement),
                     -LK_ERR_TOO_BIG);
    assert_int_equal(lk_endorsement_decode(LK_VIEW(big, LK_ENDORSEMENT_MAX + 1), &endorsement),
                     -LK_ERR_TOO_BIG);
    assert_int_equal(lk_operator_set_decode(LK_VIEW(big, LK_OPERATOR_SET_MAX + 1), &set),
                     -LK_ERR_TOO_BIG);
    assert_int_equal(lk_operator_chain_decode(LK_VIEW(big, sizeof(big)), &links, &count),
                     -LK_ERR_TOO_BIG);
}

static void host_challenges(void **state)
{
    struct lk_host_challenge challenge = {.organisation = "example",
                                          .host = "pc1",
                                          .host_group = "desks",
                                          .service = "sudo",
                                          .name = "alice",
                                          .tty = "pts/0",
                                          .time = 1};
    struct lk_buf a = LK_BUF_INIT(1024);
    struct lk_buf b = LK_BUF_INIT(1024);

    (void)state;
    assert_int_equal(lk_host_challenge_encode(&a, &challenge), 0);
    challenge.nonce[31] ^= 1;
    assert_int_equal(lk_host_challenge_encode(&b, &challenge), 0);
    assert_false(lk_view_equal(lk_buf_view(&a), lk_buf_view(&b)));
    strcpy(challenge.name, "Not A Name!"); /* gets a challenge like any other */
    lk_buf_reset(&b);
    assert_int_equal(lk_host_challenge_encode(&b, &challenge), 0);
    strcpy(challenge.tty, "a\033");
    assert_int_equal(lk_host_challenge_encode(&b, &challenge), -LK_ERR_ENCODING);
    strcpy(challenge.tty, "");
    challenge.time = -1;
    assert_int_equal(lk_host_challenge_encode(&b, &challenge), -LK_ERR_RANGE);
    challenge.time = 0;
    strcpy(challenge.organisation, "-");
    assert_int_equal(lk_host_challenge_encode(&b, &challenge), -LK_ERR_ENCODING);
    lk_buf_clear(&a);
    lk_buf_clear(&b);
}

/* Each allocation of the two decoders that allocate fails in turn; nothing is handed out and nothing leaks. */
static void no_memory(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct lk_operator_set *set = NULL;

        fail_after = i;
        assert_int_equal(lk_operator_set_decode(lk_buf_view(&formats[6].bytes), &set),
                         -LK_ERR_NOMEM);
        assert_null(set);
    }
    fail_after = 0;
    {
        struct lk_operator_chain_link *links = NULL;
        size_t count = 0;

        assert_int_equal(lk_operator_chain_decode(lk_buf_view(&formats[7].bytes), &links, &count),
                         -LK_ERR_NOMEM);
        assert_null(links);
    }
    fail_after = -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_come_back),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(a_byte_behind_is_refused),
        cmocka_unit_test(other_formats_are_refused),
        cmocka_unit_test(changed_bytes_are_refused_or_mean_themselves),
        cmocka_unit_test(statement_rules),
        cmocka_unit_test(record_rules),
        cmocka_unit_test(operator_set_rules),
        cmocka_unit_test(chain_rules),
        cmocka_unit_test(oversized_input_is_not_read),
        cmocka_unit_test(host_challenges),
        cmocka_unit_test(no_memory),
    };

    return cmocka_run_group_tests_name("wire", tests, make_examples, free_examples);
}
