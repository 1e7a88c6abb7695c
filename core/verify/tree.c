/* SPDX-License-Identifier: EUPL-1.2 */
/* The Merkle tree hash of RFC 9162 section 2.1 and its inclusion paths. Leaf data are digests of
 * objects; the prefixes 0x00 and 0x01 keep a leaf from being passed off as a node. */
#include "verify/internal.h"

#define COUNT_MAX (UINT64_C(1) << LK_PATH_MAX)

static int leaf_hash(const struct lk_crypto *crypto, const struct lk_digest *leaf,
                     struct lk_digest *ret_hash)
{
    static const uint8_t prefix = 0x00;
    const struct lk_view parts[] = {LK_VIEW(&prefix, 1), LK_VIEW(leaf->bytes, LK_DIGEST_SIZE)};

    return lk_sha256(crypto, parts, 2, ret_hash->bytes);
}

static int node_hash(const struct lk_crypto *crypto, const struct lk_digest *left,
                     const struct lk_digest *right, struct lk_digest *ret_hash)
{
    static const uint8_t prefix = 0x01;
    const struct lk_view parts[] = {LK_VIEW(&prefix, 1), LK_VIEW(left->bytes, LK_DIGEST_SIZE),
                                    LK_VIEW(right->bytes, LK_DIGEST_SIZE)};

    return lk_sha256(crypto, parts, 3, ret_hash->bytes);
}

/* Section 2.1.2: hashes of finished subtrees on a stack. After leaf number i (from 1) as many pairs
 * are joined as i has zero bits at its end; what is left at the end is joined from the right. */
int lk_tree_root(const struct lk_crypto *crypto, const struct lk_digest *leaves, size_t count,
                 struct lk_digest *ret_root)
{
    struct lk_digest stack[LK_PATH_MAX + 1];
    size_t height = 0;
    int result = 0;

    if (count < 1 || count > COUNT_MAX)
        return -LK_ERR_RANGE;
    for (size_t i = 1; i <= count && result == 0; i++) {
        result = leaf_hash(crypto, &leaves[i - 1], &stack[height++]);
        for (size_t rest = i; result == 0 && rest % 2 == 0; rest /= 2) {
            height--;
            result = node_hash(crypto, &stack[height - 1], &stack[height], &stack[height - 1]);
        }
    }
    while (result == 0 && height > 1) {
        height--;
        result = node_hash(crypto, &stack[height - 1], &stack[height], &stack[height - 1]);
    }
    if (result == 0)
        *ret_root = stack[0];
    return result;
}

/* The largest power of two smaller than count (section 2.1.1); count is at least 2. */
static size_t split(size_t count)
{
    size_t left = 1;

    while (left * 2 < count)
        left *= 2;
    return left;
}

/* Section 2.1.3.1. Going down, the sibling at each step is noted; a path is written from the leaf
 * up, so it is filled from its end. */
int lk_tree_path(const struct lk_crypto *crypto, const struct lk_digest *leaves, size_t count,
                 size_t index, struct lk_tree_path *ret_path)
{
    struct lk_tree_path path = {.index = index, .count = count};
    struct lk_digest found[LK_PATH_MAX];
    size_t first = 0;

    if (count < 1 || count > COUNT_MAX || index >= count)
        return -LK_ERR_RANGE;
    while (count > 1) {
        size_t left = split(count);
        bool go_left = index - first < left;
        const struct lk_digest *sibling = go_left ? leaves + first + left : leaves + first;
        size_t sibling_count = go_left ? count - left : left;
        int result = lk_tree_root(crypto, sibling, sibling_count, &found[path.length]);

        if (result < 0)
            return result;
        path.length++;
        if (!go_left)
            first += left;
        count = go_left ? left : count - left;
    }
    for (uint32_t i = 0; i < path.length; i++)
        path.hashes[i] = found[path.length - 1 - i];
    *ret_path = path;
    return 0;
}

/* Section 2.1.3.2; fn and sn are its names. */
int lk_tree_path_root(const struct lk_crypto *crypto, const struct lk_digest *leaf,
                      const struct lk_tree_path *path, struct lk_digest *ret_root)
{
    struct lk_digest root;
    uint64_t fn = path->index;
    uint64_t sn = path->count - 1;
    int result;

    if (path->count < 1 || path->count > COUNT_MAX || path->index >= path->count ||
        path->length > LK_PATH_MAX)
        return -LK_ERR_RANGE;
    result = leaf_hash(crypto, leaf, &root);
    for (uint32_t i = 0; result == 0 && i < path->length; i++) {
        if (sn == 0)
            return -LK_ERR_RANGE;
        if (fn % 2 == 1 || fn == sn) {
            result = node_hash(crypto, &path->hashes[i], &root, &root);
            while (fn % 2 == 0 && fn != 0) {
                fn /= 2;
                sn /= 2;
            }
        } else {
            result = node_hash(crypto, &root, &path->hashes[i], &root);
        }
        fn /= 2;
        sn /= 2;
    }
    if (result < 0)
        return result;
    if (sn != 0)
        return -LK_ERR_RANGE;
    *ret_root = root;
    return 0;
}
