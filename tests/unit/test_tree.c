/* SPDX-License-Identifier: EUPL-1.2 */
/* The tree hash against a recursive one written from RFC 9162 section 2.1.1 word by word, and against known roots. */
#include "verify/verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "test_key.h"

#define LEAVES 130

static struct lk_crypto *crypto;
static struct lk_digest leaves[LEAVES];

static int start(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEAVES; i++) {
        uint8_t number[2] = {(uint8_t)(i >> 8), (uint8_t)i};

        test_sha256(number, sizeof(number), leaves[i].bytes);
    }
    return lk_crypto_start(&crypto);
}

static int stop(void **state)
{
    (void)state;
    lk_crypto_free(crypto);
    return 0;
}

/* MTH(D[n]): the definition itself. */
static void naive_root(const struct lk_digest *data, size_t n, struct lk_digest *ret_root)
{
    uint8_t bytes[65];
    struct lk_digest left;
    struct lk_digest right;
    size_t k = 1;

    if (n == 1) {
        bytes[0] = 0x00;
        memcpy(bytes + 1, data[0].bytes, 32);
        test_sha256(bytes, 33, ret_root->bytes);
        return;
    }
    while (k < n)
        k <<= 1;
    k >>= 1; /* k < n <= 2k */
    naive_root(data, k, &left);
    naive_root(data + k, n - k, &right);
    bytes[0] = 0x01;
    memcpy(bytes + 1, left.bytes, 32);
    memcpy(bytes + 33, right.bytes, 32);
    test_sha256(bytes, 65, ret_root->bytes);
}

/* PATH(m, D[n]) by its definition (section 2.1.3.1). */
static uint32_t naive_path(size_t m, const struct lk_digest *data, size_t n,
                           struct lk_digest *ret_path)
{
    uint32_t length;
    size_t k = 1;

    if (n == 1)
        return 0;
    while (k < n)
        k <<= 1;
    k >>= 1;
    if (m < k) {
        length = naive_path(m, data, k, ret_path);
        naive_root(data + k, n - k, &ret_path[length]);
    } else {
        length = naive_path(m - k, data + k, n - k, ret_path);
        naive_root(data, k, &ret_path[length]);
    }
    return length + 1;
}

static void roots_and_paths_of_all_sizes(void **state)
{
    (void)state;
    for (size_t count = 1; count <= LEAVES; count++) {
        struct lk_digest wanted;
        struct lk_digest root;

        naive_root(leaves, count, &wanted);
        assert_int_equal(lk_tree_root(crypto, leaves, count, &root), 0);
        assert_memory_equal(&root, &wanted, sizeof(root));
        for (size_t index = 0; index < count; index++) {
            struct lk_digest path_wanted[LK_PATH_MAX];
            struct lk_tree_path path;

            assert_int_equal(lk_tree_path(crypto, leaves, count, index, &path), 0);
            assert_int_equal(path.index, index);
            assert_int_equal(path.count, count);
            assert_int_equal(path.length, naive_path(index, leaves, count, path_wanted));
            assert_memory_equal(path.hashes, path_wanted, path.length * sizeof(path_wanted[0]));
            assert_int_equal(lk_tree_path_root(crypto, &leaves[index], &path, &root), 0);
            assert_memory_equal(&root, &wanted, sizeof(root));
        }
    }
}

/* The root either differs or the path is called impossible; it never leads to the true root. */
static void expect_lost(const struct lk_digest *leaf, const struct lk_tree_path *path,
                        const struct lk_digest *true_root)
{
    struct lk_digest root;
    int result = lk_tree_path_root(crypto, leaf, path, &root);

    if (result == 0)
        assert_memory_not_equal(&root, true_root, sizeof(root));
    else
        assert_int_equal(result, -LK_ERR_RANGE);
}

static void tampered_paths_lead_elsewhere(void **state)
{
    (void)state;
    for (size_t count = 1; count <= 24; count++) {
        struct lk_digest true_root;

        naive_root(leaves, count, &true_root);
        for (size_t index = 0; index < count; index++) {
            struct lk_tree_path good;
            struct lk_tree_path path;

            assert_int_equal(lk_tree_path(crypto, leaves, count, index, &good), 0);
            expect_lost(&leaves[LEAVES - 1], &good, &true_root);
            for (uint32_t i = 0; i < good.length; i++) {
                path = good;
                path.hashes[i].bytes[i % 32] ^= 0x80;
                expect_lost(&leaves[index], &path, &true_root);
            }
            path = good;
            path.length++;
            expect_lost(&leaves[index], &path, &true_root);
            if (good.length > 0) {
                path = good;
                path.length--;
                expect_lost(&leaves[index], &path, &true_root);
            }
            for (size_t other = 0; other < count; other++) {
                path = good;
                path.index = other;
                if (other != index)
                    expect_lost(&leaves[index], &path, &true_root);
            }
        }
    }
}

/* A node passed off as a leaf: the prefixes keep the two apart. */
static void a_node_is_no_leaf(void **state)
{
    struct lk_digest nodes[2];
    struct lk_digest root_of_four;
    struct lk_digest root_of_two;

    (void)state;
    naive_root(leaves, 2, &nodes[0]);
    naive_root(leaves + 2, 2, &nodes[1]);
    naive_root(leaves, 4, &root_of_four);
    assert_int_equal(lk_tree_root(crypto, nodes, 2, &root_of_two), 0);
    assert_memory_not_equal(&root_of_two, &root_of_four, sizeof(root_of_two));
}

/* 32-byte leaves of value i: roots computed with Python's hashlib from the definition. */
static void known_roots(void **state)
{
    static const struct {
        size_t count;
        const char *root;
    } vectors[] = {
        {1, "7f9c9e31ac8256ca2f258583df262dbc7d6f68f2a03043d5c99a4ae5a7396ce9"},
        {2, "fc1cb46daa84d0e650f2e714a970936d1de022735e136e275eb27fa010402a6f"},
        {3, "66b8d1a5f040f71eafdff2e177d32003ea0ee51178ca3a9219c33c3dec04cda7"},
        {4, "5614dc04cedb9876bb69c2129121c67df5efb7d7d7169aa6aea33f94670d6633"},
        {5, "37711ec04165b198c08e06c9e970964a142747de607efd657d85759c5eed5e3c"},
        {6, "9e848d5d070e1a46e45e1d65ce9038be515abb8547d3c587e69382c8e61873bb"},
        {7, "9b2f1295c253ef1c0cd2077e99368c407a84c525de4a441b443ed525a7730a64"},
        {8, "36e6b3d01521d1e5eec7fa2dc58ff7cb8620126a312d561e1fab2edb77371f1a"},
    };
    struct lk_digest data[8];

    (void)state;
    memset(data, 0, sizeof(data));
    for (size_t i = 0; i < 8; i++)
        data[i].bytes[31] = (uint8_t)i;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        struct lk_digest root;
        char hex[65];

        assert_int_equal(lk_tree_root(crypto, data, vectors[i].count, &root), 0);
        lk_hex(hex, sizeof(hex), root.bytes, 32);
        assert_string_equal(hex, vectors[i].root);
    }
}

static void impossible_sizes(void **state)
{
    struct lk_tree_path path = {.index = 0, .count = 0};
    struct lk_digest root;

    (void)state;
    assert_int_equal(lk_tree_root(crypto, leaves, 0, &root), -LK_ERR_RANGE);
    assert_int_equal(lk_tree_root(crypto, leaves, (1u << 24) + 1, &root), -LK_ERR_RANGE);
    assert_int_equal(lk_tree_path(crypto, leaves, 3, 3, &path), -LK_ERR_RANGE);
    assert_int_equal(lk_tree_path(crypto, leaves, 0, 0, &path), -LK_ERR_RANGE);
    assert_int_equal(lk_tree_path_root(crypto, leaves, &path, &root), -LK_ERR_RANGE);
    path = (struct lk_tree_path){.index = 1, .count = 1};
    assert_int_equal(lk_tree_path_root(crypto, leaves, &path, &root), -LK_ERR_RANGE);
    path = (struct lk_tree_path){.index = 0, .count = (1u << 24) + 1, .length = 24};
    assert_int_equal(lk_tree_path_root(crypto, leaves, &path, &root), -LK_ERR_RANGE);
    path = (struct lk_tree_path){.index = 0, .count = 1u << 24, .length = LK_PATH_MAX + 1};
    assert_int_equal(lk_tree_path_root(crypto, leaves, &path, &root), -LK_ERR_RANGE);
    path.length = 24; /* the largest: 2^24 leaves, 24 hashes */
    assert_int_equal(lk_tree_path_root(crypto, leaves, &path, &root), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_and_paths_of_all_sizes),
        cmocka_unit_test(tampered_paths_lead_elsewhere),
        cmocka_unit_test(a_node_is_no_leaf),
        cmocka_unit_test(known_roots),
        cmocka_unit_test(impossible_sizes),
    };

    return cmocka_run_group_tests_name("tree", tests, start, stop);
}
