/* SPDX-License-Identifier: EUPL-1.2 */
/* The worked examples of docs/PROTOCOL.md section 4, computed again: the document's own hexadecimal bytes are decoded, encoded, digested and verified, and the
 * values that the text beside them names are encoded afresh. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "test_key.h"
#include "test_values.h"
#include "verify/verify.h"

#define EXAMPLES_MAX 16

/* One block: its bytes, and its lines that begin with a word ("sha256", "leaf", ...). */
static struct example {
    char name[32];
    struct lk_buf bytes;
    struct {
        char word[16];
        struct lk_digest digest;
    } lines[8];
    size_t line_count;
    bool used;
} examples[EXAMPLES_MAX];
static size_t example_count;
static struct lk_crypto *crypto;

/* "word 64 hexadecimal digits": a line about the example. */
static bool named_line(struct example *example, const char *line)
{
    char word[16];
    char hex[65];

    if (sscanf(line, "%15s %64[0-9a-f]", word, hex) != 2 || strlen(hex) != 64)
        return false;
    assert_true(example->line_count < 8);
    strcpy(example->lines[example->line_count].word, word);
    assert_int_equal(lk_unhex(example->lines[example->line_count].digest.bytes, 32, hex), 0);
    example->line_count++;
    return true;
}

static void hex_line(struct example *example, const char *line)
{
    for (; *line != '\0' && *line != '#' && *line != '\n'; line += 2) {
        char pair[3] = {line[0], '\0', '\0'};
        uint8_t byte;

        if (isspace((unsigned char)*line)) {
            line--;
            continue;
        }
        pair[1] = line[1];
        assert_int_equal(lk_unhex(&byte, 1, pair), 0);
        lk_buf_put_u8(&example->bytes, byte);
    }
}

static int read_document(void **state)
{
    const char *source = getenv("LK_SOURCE_DIR");
    struct example *example = NULL;
    char path[4096];
    char line[1024];
    FILE *file;

    (void)state;
    snprintf(path, sizeof(path), "%s/docs/PROTOCOL.md", source ? source : ".");
    file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        if (!example && strncmp(line, "```example ", 11) == 0) {
            assert_true(example_count < EXAMPLES_MAX);
            example = &examples[example_count++];
            assert_int_equal(sscanf(line + 11, "%31s", example->name), 1);
            lk_buf_init(&example->bytes, 65536);
        } else if (example && strncmp(line, "```", 3) == 0) {
            example = NULL;
        } else if (example && !named_line(example, line)) {
            hex_line(example, line);
        }
    }
    fclose(file);
    assert_null(example);
    return lk_crypto_start(&crypto);
}

static int forget_document(void **state)
{
    (void)state;
    for (size_t i = 0; i < example_count; i++)
        lk_buf_clear(&examples[i].bytes);
    lk_crypto_free(crypto);
    return 0;
}

static struct example *example_get(const char *name)
{
    for (size_t i = 0; i < example_count; i++) {
        if (strcmp(examples[i].name, name) == 0) {
            examples[i].used = true;
            return &examples[i];
        }
    }
    fail_msg("docs/PROTOCOL.md has no example %s", name);
    return NULL;
}

static struct lk_digest digest_of(const struct lk_buf *bytes)
{
    struct lk_digest digest;

    test_sha256(bytes->data, bytes->len, digest.bytes);
    return digest;
}

/* The example is these bytes, and if it names a SHA-256, theirs. */
static void expect_bytes(const struct example *example, const struct lk_buf *bytes)
{
    struct lk_digest digest = digest_of(bytes);

    assert_int_equal(lk_buf_error(bytes), 0);
    assert_int_equal(bytes->len, example->bytes.len);
    assert_memory_equal(bytes->data, example->bytes.data, bytes->len);
    for (size_t i = 0; i < example->line_count; i++) {
        assert_string_equal(example->lines[i].word, "sha256");
        assert_memory_equal(&example->lines[i].digest, &digest, sizeof(digest));
    }
}

static void statement(void **state)
{
    struct example *example = example_get("statement");
    struct lk_buf bytes = LK_BUF_INIT(LK_STATEMENT_MAX);
    struct lk_statement value;

    (void)state;
    test_statement(&value, LK_KIND_HOST); /* the values the text names */
    assert_int_equal(lk_statement_encode(&bytes, &value), 0);
    expect_bytes(example, &bytes);
    memset(&value, 0, sizeof(value));
    assert_int_equal(lk_statement_decode(lk_buf_view(&example->bytes), &value), 0);
    lk_buf_reset(&bytes);
    assert_int_equal(lk_statement_encode(&bytes, &value), 0);
    expect_bytes(example, &bytes);
    assert_int_equal(example->line_count, 1);
    lk_buf_clear(&bytes);
}

static void state_change(void **state)
{
    struct example *example = example_get("state");
    struct lk_digest digest = digest_of(&example_get("statement")->bytes);
    struct lk_buf bytes = LK_BUF_INIT(1024);
    struct lk_state_change value;

    (void)state;
    assert_int_equal(lk_state_change_decode(lk_buf_view(&example->bytes), &value), 0);
    assert_memory_equal(&value.statement, &digest, sizeof(digest));
    assert_int_equal(value.state, LK_STATE_REVOKED);
    assert_string_equal(value.reason, "lost");
    assert_int_equal(value.time, 1795000100);
    assert_int_equal(lk_state_change_encode(&bytes, &value), 0);
    expect_bytes(example, &bytes);
    lk_buf_clear(&bytes);
}

static void expect_line(const struct example *example, size_t at, const char *word,
                        const struct lk_digest *digest)
{
    assert_true(at < example->line_count);
    assert_string_equal(example->lines[at].word, word);
    assert_memory_equal(&example->lines[at].digest, digest, sizeof(*digest));
}

static void tree_and_path(void **state)
{
    struct example *tree = example_get("tree");
    struct example *example = example_get("path");
    struct lk_digest first = digest_of(&example_get("statement")->bytes);
    struct lk_buf bytes = LK_BUF_INIT(4096);
    struct lk_digest leaves[3];
    struct lk_digest root;
    struct lk_tree_path path;

    (void)state;
    assert_int_equal(tree->line_count, 8); /* three leaves, their hashes, a node, the root */
    expect_line(tree, 0, "leaf", &first);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(tree->lines[i].word, "leaf");
        leaves[i] = tree->lines[i].digest;
        assert_int_equal(lk_tree_root(crypto, &leaves[i], 1, &root), 0);
        expect_line(tree, 3 + i, "leaf-hash", &root);
    }
    assert_int_equal(lk_tree_root(crypto, leaves, 2, &root), 0);
    expect_line(tree, 6, "node", &root);
    assert_int_equal(lk_tree_root(crypto, leaves, 3, &root), 0);
    expect_line(tree, 7, "root", &root);
    /* the path of the statement, made and followed */
    assert_int_equal(lk_tree_path(crypto, leaves, 3, 0, &path), 0);
    assert_int_equal(lk_tree_path_encode(&bytes, &path), 0);
    expect_bytes(example, &bytes);
    assert_int_equal(lk_tree_path_decode(lk_buf_view(&example->bytes), &path), 0);
    assert_int_equal(lk_tree_path_root(crypto, &first, &path, &root), 0);
    expect_line(tree, 7, "root", &root);
    lk_buf_clear(&bytes);
}

static void endorsement(void **state)
{
    struct example *record = example_get("endorsement-record");
    struct lk_digest set_digest = digest_of(&example_get("operator-set")->bytes);
    struct lk_buf bytes = LK_BUF_INIT(LK_ENDORSEMENT_MAX);
    struct lk_operator_set *set = NULL;
    struct lk_endorsement value;
    enum lk_reason reason = LK_REASON_INTERNAL;
    struct lk_digest root;
    uint8_t hash[32];

    (void)state;
    assert_int_equal(lk_endorsement_decode(lk_buf_view(&record->bytes), &value), 0);
    assert_int_equal(lk_endorsement_encode(&bytes, &value), 0);
    expect_bytes(record, &bytes);
    lk_buf_reset(&bytes);
    assert_int_equal(lk_endorsement_encode_signed(&bytes, &value), 0);
    expect_bytes(example_get("endorsement"), &bytes);
    assert_int_equal(lk_endorsement_hash(crypto, &value, hash), 0);
    assert_memory_equal(hash, &example_get("endorsement")->lines[0].digest, 32);
    assert_int_equal(lk_tree_root(crypto, &set_digest, 1, &root), 0);
    assert_memory_equal(&value.root, &root, sizeof(root));
    assert_int_equal(value.act, LK_ACT_OPERATORS);
    assert_int_equal(value.time, 1794990030);
    /* the signature in the document is a true one */
    assert_int_equal(lk_operator_set_decode(lk_buf_view(&example_get("operator-set")->bytes), &set),
                     0);
    assert_int_equal(lk_endorsement_verify(crypto, set, &value, &reason), 0);
    assert_int_equal(reason, LK_REASON_NONE);
    lk_operator_set_free(set);
    lk_buf_clear(&bytes);
}

static void operators(void **state)
{
    struct example *example = example_get("operator-set");
    struct example *file = example_get("operators");
    struct lk_buf bytes = LK_BUF_INIT(1 << 20);
    struct lk_operator_chain_link link = {.endorsement_count = 1};
    struct lk_operator_set *set = NULL;
    struct lk_digest digest;
    enum lk_reason reason = LK_REASON_INTERNAL;

    (void)state;
    link.set = lk_buf_view(&example->bytes);
    link.endorsements[0] = lk_buf_view(&example_get("endorsement-record")->bytes);
    assert_int_equal(lk_operator_chain_encode(&bytes, &link, 1), 0);
    expect_bytes(file, &bytes);
    assert_int_equal(
        lk_operator_chain_verify(crypto, lk_buf_view(&file->bytes), &set, &digest, &reason), 0);
    assert_int_equal(reason, LK_REASON_NONE);
    assert_memory_equal(&digest, &example->lines[0].digest, sizeof(digest));
    assert_int_equal(set->number, 1);
    assert_string_equal(set->organisation, "example");
    assert_string_equal(set->operators[0].name, "olga");
    assert_int_equal(set->operators[0].roles, LK_ROLE_ALL);
    lk_buf_reset(&bytes);
    assert_int_equal(lk_operator_set_encode(&bytes, set), 0);
    expect_bytes(example, &bytes);
    lk_operator_set_free(set);
    lk_buf_clear(&bytes);
}

static void register_entries(void **state)
{
    struct example *examples_of[] = {example_get("register-1"), example_get("register-2")};
    struct lk_view record = lk_buf_view(&example_get("endorsement-record")->bytes);
    struct lk_digest set_digest = digest_of(&example_get("operator-set")->bytes);
    struct lk_digest statement_digest = digest_of(&example_get("statement")->bytes);
    struct lk_register_entry entries[2];
    struct lk_buf detail = LK_BUF_INIT(8192);
    struct lk_digest digest;
    enum lk_reason reason = LK_REASON_INTERNAL;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct lk_buf bytes = LK_BUF_INIT(1024);

        assert_int_equal(lk_register_entry_decode(lk_buf_view(&examples_of[i]->bytes), &entries[i]),
                         0);
        assert_int_equal(lk_register_entry_encode(&bytes, &entries[i]), 0);
        expect_bytes(examples_of[i], &bytes);
        assert_int_equal(lk_register_entry_hash(crypto, &entries[i], &digest), 0);
        assert_memory_equal(&digest, &examples_of[i]->lines[0].digest, sizeof(digest));
        assert_int_equal(
            lk_register_link_verify(crypto, i == 0 ? NULL : &entries[0], &entries[i], &reason), 0);
        assert_int_equal(reason, LK_REASON_NONE);
        lk_buf_clear(&bytes);
    }
    assert_int_equal(entries[0].kind, LK_ENTRY_OPERATOR_SET);
    assert_memory_equal(&entries[0].object, &set_digest, sizeof(set_digest));
    assert_int_equal(entries[1].kind, LK_ENTRY_STATEMENT);
    assert_memory_equal(&entries[1].object, &statement_digest, sizeof(statement_digest));
    lk_buf_put_field32(&detail, record.data, record.len);
    digest = digest_of(&detail);
    assert_memory_equal(&entries[0].detail, &digest, sizeof(digest));
    assert_true(lk_digest_zero(&entries[1].detail));
    lk_buf_clear(&detail);
}

static void restore(void **state)
{
    struct example *example = example_get("restore");
    struct lk_buf bytes = LK_BUF_INIT(1024);
    struct lk_restore value;

    (void)state;
    test_restore(&value);
    assert_int_equal(lk_restore_encode(&bytes, &value), 0);
    expect_bytes(example, &bytes);
    assert_int_equal(lk_restore_decode(lk_buf_view(&example->bytes), &value), 0);
    lk_buf_clear(&bytes);
}

static void host_challenge(void **state)
{
    struct lk_host_challenge value = {.organisation = "example",
                                      .host = "pc-17.example.org",
                                      .host_group = "desks",
                                      .service = "sudo",
                                      .name = "alice",
                                      .tty = "pts/3",
                                      .time = 1795000300};
    struct lk_buf bytes = LK_BUF_INIT(1024);

    (void)state;
    for (uint8_t i = 0; i < 32; i++)
        value.nonce[i] = (uint8_t)(0xc0 + i);
    assert_int_equal(lk_host_challenge_encode(&bytes, &value), 0);
    expect_bytes(example_get("host-challenge"), &bytes);
    lk_buf_clear(&bytes);
}

/* Runs last: no example of the document was left out. */
static void every_example_was_computed(void **state)
{
    (void)state;
    assert_int_equal(example_count, 12);
    for (size_t i = 0; i < example_count; i++)
        assert_true(examples[i].used);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statement),
        cmocka_unit_test(state_change),
        cmocka_unit_test(tree_and_path),
        cmocka_unit_test(endorsement),
        cmocka_unit_test(operators),
        cmocka_unit_test(register_entries),
        cmocka_unit_test(restore),
        cmocka_unit_test(host_challenge),
        cmocka_unit_test(every_example_was_computed),
    };

    return cmocka_run_group_tests_name("protocol", tests, read_document, forget_document);
}
