/* SPDX-License-Identifier: EUPL-1.2 */
/* Endorsements, quorum, the chain of operator sets and the chain of register entries, with keys made here. */
#include "verify/verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "test_key.h"
#include "test_values.h"

#define OPERATORS 3

static struct lk_crypto *crypto;
static struct test_key keys[OPERATORS][2];
static const uint8_t zero_aaguid[16];

static int start(void **state)
{
    (void)state;
    for (size_t i = 0; i < OPERATORS; i++) {
        test_key_make(&keys[i][0], -7);
        test_key_make(&keys[i][1], -8);
    }
    return lk_crypto_start(&crypto);
}

static int stop(void **state)
{
    (void)state;
    for (size_t i = 0; i < OPERATORS; i++) {
        test_key_free(&keys[i][0]);
        test_key_free(&keys[i][1]);
    }
    lk_crypto_free(crypto);
    return 0;
}

/* The first `operators` operators with their true keys. */
static struct lk_operator_set *set_make(uint64_t number, uint32_t operators, uint8_t quorum)
{
    struct lk_operator_set *set = test_operator_set(operators);

    set->number = number;
    for (uint32_t i = 0; i < operators; i++) {
        set->operators[i].keys[0].public_key = keys[i][0].cose;
        set->operators[i].keys[1].public_key = keys[i][1].cose;
    }
    for (unsigned int act = 1; act < LK_ACT_COUNT; act++)
        set->quorum[act] = quorum;
    return set;
}

/* The touch of operator `who` with key `which`: endorsement must have what is signed filled in but the operator. */
static void touch(const struct lk_operator_set *set, struct lk_endorsement *endorsement,
                  uint32_t who, uint32_t which, const char *relying_party, uint8_t flags)
{
    struct lk_buf data = LK_BUF_INIT(512);
    struct lk_buf signature = LK_BUF_INIT(512);
    uint8_t hash[32];
    struct lk_view parts[2];

    endorsement->operator_id = set->operators[who].id;
    endorsement->credential_id = set->operators[who].keys[which].credential_id;
    assert_int_equal(lk_endorsement_hash(crypto, endorsement, hash), 0);
    test_authenticator_data(&data, relying_party, flags, 1, zero_aaguid, LK_VIEW(NULL, 0), NULL);
    parts[0] = lk_buf_view(&data);
    parts[1] = LK_VIEW(hash, 32);
    test_sign(&keys[who][which], parts, 2, &signature);
    endorsement->authenticator_data_len = (uint16_t)data.len;
    memcpy(endorsement->authenticator_data, data.data, data.len);
    endorsement->signature_len = (uint16_t)signature.len;
    memcpy(endorsement->signature, signature.data, signature.len);
    lk_buf_clear(&data);
    lk_buf_clear(&signature);
}

#define OPERATOR_RP "latchkey-operator:example"

static enum lk_reason verdict(const struct lk_operator_set *set,
                              const struct lk_endorsement *endorsement)
{
    enum lk_reason reason = LK_REASON_INTERNAL;

    assert_int_equal(lk_endorsement_verify(crypto, set, endorsement, &reason), 0);
    return reason;
}

static void endorsements(void **state)
{
    struct lk_operator_set *set = set_make(1, 2, 1);
    struct lk_endorsement good;
    struct lk_endorsement bad;

    (void)state;
    for (uint32_t who = 0; who < 2; who++) {
        for (uint32_t which = 0; which < 2; which++) {
            test_endorsement(&good);
            touch(set, &good, who, which, OPERATOR_RP, 0x05);
            assert_int_equal(verdict(set, &good), LK_REASON_NONE);
        }
    }
    bad = good, bad.operator_id.bytes[0] ^= 1;
    assert_int_equal(verdict(set, &bad), LK_REASON_OPERATOR_UNKNOWN);
    bad = good, bad.operator_id = set->operators[0].id; /* the key of another */
    assert_int_equal(verdict(set, &bad), LK_REASON_ENDORSEMENT);
    bad = good, bad.credential_id = set->operators[1].keys[0].credential_id;
    assert_int_equal(verdict(set, &bad), LK_REASON_ENDORSEMENT);
    bad = good, bad.act = LK_ACT_COUNT;
    assert_int_equal(verdict(set, &bad), LK_REASON_OPERATOR_ROLE);
    bad = good, bad.authenticator_data_len = 36;
    assert_int_equal(verdict(set, &bad), LK_REASON_ENDORSEMENT);
    /* every member that is signed */
    bad = good, bad.act = LK_ACT_REVOKE;
    assert_int_equal(verdict(set, &bad), LK_REASON_ENDORSEMENT);
    bad = good, bad.root.bytes[31] ^= 1;
    assert_int_equal(verdict(set, &bad), LK_REASON_ENDORSEMENT);
    bad = good, bad.count++;
    assert_int_equal(verdict(set, &bad), LK_REASON_ENDORSEMENT);
    bad = good, bad.register_number++;
    assert_int_equal(verdict(set, &bad), LK_REASON_ENDORSEMENT);
    bad = good, bad.register_hash.bytes[0] ^= 1;
    assert_int_equal(verdict(set, &bad), LK_REASON_ENDORSEMENT);
    bad = good, bad.time++;
    assert_int_equal(verdict(set, &bad), LK_REASON_ENDORSEMENT);
    bad = good, bad.count = 0; /* cannot be encoded at all */
    assert_int_equal(verdict(set, &bad), LK_REASON_ENDORSEMENT);
    /* flags and relying party */
    bad = good, touch(set, &bad, 1, 0, OPERATOR_RP, 0x04);
    assert_int_equal(verdict(set, &bad), LK_REASON_USER_PRESENCE);
    touch(set, &bad, 1, 0, OPERATOR_RP, 0x01);
    assert_int_equal(verdict(set, &bad), LK_REASON_USER_VERIFICATION);
    touch(set, &bad, 1, 0, OPERATOR_RP, 0x0d);
    assert_int_equal(verdict(set, &bad), LK_REASON_SYNCED);
    touch(set, &bad, 1, 0, "latchkey-host:example", 0x05);
    assert_int_equal(verdict(set, &bad), LK_REASON_RELYING_PARTY);
    touch(set, &bad, 1, 0, "latchkey-operator:other", 0x05);
    assert_int_equal(verdict(set, &bad), LK_REASON_RELYING_PARTY);
    lk_operator_set_free(set);
}

/* Each role alone, against each act. */
static void roles(void **state)
{
    struct lk_operator_set *set = set_make(1, 1, 1);

    (void)state;
    for (uint32_t role = 1; role <= LK_ROLE_ALL; role <<= 1) {
        for (unsigned int act = LK_ACT_ENROL; act < LK_ACT_COUNT; act++) {
            bool may =
                (role == LK_ROLE_ENROL && act == LK_ACT_ENROL) ||
                (role == LK_ROLE_REVOKE && (act == LK_ACT_SUSPEND || act == LK_ACT_REVOKE)) ||
                (role == LK_ROLE_OPERATORS && act == LK_ACT_OPERATORS) ||
                (role == LK_ROLE_RESTORE && act == LK_ACT_RESTORE);
            struct lk_endorsement endorsement;

            set->operators[0].roles = role;
            test_endorsement(&endorsement);
            endorsement.act = (enum lk_act)act;
            touch(set, &endorsement, 0, 0, OPERATOR_RP, 0x05);
            assert_int_equal(verdict(set, &endorsement),
                             may ? LK_REASON_NONE : LK_REASON_OPERATOR_ROLE);
        }
    }
    lk_operator_set_free(set);
}

static void quorum(void **state)
{
    struct lk_operator_set *set = set_make(1, 3, 2);
    struct lk_endorsement endorsement[4];
    const struct lk_endorsement *pointers[4];
    enum lk_reason verdicts[4] = {LK_REASON_NONE, LK_REASON_NONE, LK_REASON_NONE, LK_REASON_NONE};

    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        test_endorsement(&endorsement[i]);
        endorsement[i].operator_id = set->operators[i / 2].id; /* 0, 0, 1, 1: each with two keys */
        pointers[i] = &endorsement[i];
    }
    assert_int_equal(lk_quorum_check(set, LK_ACT_ENROL, pointers, verdicts, 0), LK_REASON_QUORUM);
    assert_int_equal(lk_quorum_check(set, LK_ACT_ENROL, pointers, verdicts, 1), LK_REASON_QUORUM);
    /* one operator with two keys is one operator */
    assert_int_equal(lk_quorum_check(set, LK_ACT_ENROL, pointers, verdicts, 2), LK_REASON_QUORUM);
    assert_int_equal(lk_quorum_check(set, LK_ACT_ENROL, pointers, verdicts, 3), LK_REASON_NONE);
    /* verdicts and acts count */
    verdicts[2] = LK_REASON_ENDORSEMENT;
    assert_int_equal(lk_quorum_check(set, LK_ACT_ENROL, pointers, verdicts, 3), LK_REASON_QUORUM);
    assert_int_equal(lk_quorum_check(set, LK_ACT_ENROL, pointers, verdicts, 4), LK_REASON_NONE);
    endorsement[3].act = LK_ACT_REVOKE;
    assert_int_equal(lk_quorum_check(set, LK_ACT_ENROL, pointers, verdicts, 4), LK_REASON_QUORUM);
    assert_int_equal(lk_quorum_check(set, (enum lk_act)0, pointers, verdicts, 4), LK_REASON_QUORUM);
    assert_int_equal(lk_quorum_check(set, LK_ACT_COUNT, pointers, verdicts, 4), LK_REASON_QUORUM);
    set->quorum[LK_ACT_REVOKE] = 0; /* a set that was never checked */
    assert_int_equal(lk_quorum_check(set, LK_ACT_REVOKE, pointers, verdicts, 4), LK_REASON_QUORUM);
    lk_operator_set_free(set);
}

/* chains */

struct chain {
    size_t count;
    uint64_t endorsed_count; /* signed as the number of leaves instead of 1, if not 0 */
    struct lk_buf sets[4];
    struct lk_buf touches[4][LK_ENDORSEMENTS_MAX];
    struct lk_operator_chain_link links[4];
};

static void chain_free(struct chain *chain)
{
    for (size_t i = 0; i < 4; i++) {
        lk_buf_clear(&chain->sets[i]);
        for (size_t j = 0; j < LK_ENDORSEMENTS_MAX; j++)
            lk_buf_clear(&chain->touches[i][j]);
    }
}

/* Appends a set, its `previous` filled in, touched by the operators of the mask as they stand in judge. */
static void chain_add(struct chain *chain, struct lk_operator_set *set,
                      const struct lk_operator_set *judge, uint32_t mask)
{
    size_t at = chain->count++;
    struct lk_operator_chain_link *link = &chain->links[at];
    struct lk_endorsement endorsement;
    struct lk_digest digest;

    if (at > 0)
        test_sha256(chain->sets[at - 1].data, chain->sets[at - 1].len, set->previous.bytes);
    lk_buf_init(&chain->sets[at], LK_OPERATOR_SET_MAX);
    assert_int_equal(lk_operator_set_encode(&chain->sets[at], set), 0);
    test_sha256(chain->sets[at].data, chain->sets[at].len, digest.bytes);
    link->set = lk_buf_view(&chain->sets[at]);
    link->endorsement_count = 0;
    for (uint32_t who = 0; who < judge->operator_count; who++) {
        struct lk_buf *bytes = &chain->touches[at][link->endorsement_count];

        if (!(mask & (1u << who)))
            continue;
        test_endorsement(&endorsement);
        endorsement.act = LK_ACT_OPERATORS;
        endorsement.count = chain->endorsed_count ? chain->endorsed_count : 1;
        assert_int_equal(lk_tree_root(crypto, &digest, 1, &endorsement.root), 0);
        touch(judge, &endorsement, who, 0, OPERATOR_RP, 0x05);
        lk_buf_init(bytes, LK_ENDORSEMENT_MAX);
        assert_int_equal(lk_endorsement_encode(bytes, &endorsement), 0);
        link->endorsements[link->endorsement_count++] = lk_buf_view(bytes);
    }
}

static enum lk_reason chain_verdict(const struct chain *chain, uint64_t wanted_number)
{
    struct lk_buf bytes = LK_BUF_INIT(1 << 20);
    struct lk_operator_set *set = NULL;
    struct lk_digest digest;
    enum lk_reason reason = LK_REASON_INTERNAL;

    assert_int_equal(lk_operator_chain_encode(&bytes, chain->links, chain->count), 0);
    assert_int_equal(lk_operator_chain_verify(crypto, lk_buf_view(&bytes), &set, &digest, &reason),
                     0);
    if (reason == LK_REASON_NONE) {
        uint8_t wanted[32];

        assert_int_equal(set->number, wanted_number);
        test_sha256(chain->sets[chain->count - 1].data, chain->sets[chain->count - 1].len, wanted);
        assert_memory_equal(digest.bytes, wanted, 32);
    } else {
        assert_null(set);
    }
    lk_operator_set_free(set);
    lk_buf_clear(&bytes);
    return reason;
}

/* 1 (one operator, endorsed by itself), 2 (two, quorum 2, endorsed by the one), 3 (three, endorsed by both). */
static void chain_make(struct chain *chain, struct lk_operator_set *sets[3],
                       const uint32_t masks[3])
{
    *chain = (struct chain){0};
    for (uint32_t i = 0; i < 3; i++) {
        sets[i] = set_make(i + 1, i + 1, i == 0 ? 1 : 2);
        chain_add(chain, sets[i], i == 0 ? sets[0] : sets[i - 1], masks[i]);
    }
}

static void sets_free(struct lk_operator_set *sets[3])
{
    for (size_t i = 0; i < 3; i++)
        lk_operator_set_free(sets[i]);
}

static void chains(void **state)
{
    static const struct {
        uint32_t masks[3];
        enum lk_reason reason;
    } cases[] = {
        {{1, 1, 3}, LK_REASON_NONE},
        {{1, 1, 1}, LK_REASON_QUORUM}, /* one where two are needed */
        {{1, 1, 2}, LK_REASON_QUORUM},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct lk_operator_set *sets[3];
        struct chain chain;

        chain_make(&chain, sets, cases[i].masks);
        assert_int_equal(chain_verdict(&chain, 3), cases[i].reason);
        chain.count = 2;
        assert_int_equal(chain_verdict(&chain, 2), LK_REASON_NONE);
        chain.count = 1;
        assert_int_equal(chain_verdict(&chain, 1), LK_REASON_NONE);
        chain_free(&chain);
        sets_free(sets);
    }
}

static void broken_chains(void **state)
{
    static const uint32_t masks[3] = {1, 1, 3};
    struct lk_operator_set *sets[3];
    struct lk_operator_chain_link kept;
    struct chain chain;

    (void)state;
    chain_make(&chain, sets, masks);
    /* a gap, a wrong beginning, another order */
    kept = chain.links[1];
    chain.links[1] = chain.links[2];
    chain.count = 2;
    assert_int_equal(chain_verdict(&chain, 0), LK_REASON_OPERATOR_SET);
    chain.links[0] = kept;
    chain.count = 1;
    assert_int_equal(chain_verdict(&chain, 0), LK_REASON_OPERATOR_SET);
    chain_free(&chain);
    sets_free(sets);

    /* the new operator endorses himself in: set 2 touched by an operator who is only in set 2 */
    chain = (struct chain){0};
    sets[0] = set_make(1, 1, 1);
    sets[1] = set_make(2, 2, 1);
    chain_add(&chain, sets[0], sets[0], 1);
    chain_add(&chain, sets[1], sets[1], 2);
    assert_int_equal(chain_verdict(&chain, 0), LK_REASON_ENDORSEMENT);
    chain_free(&chain);

    /* an endorsement of another set */
    chain = (struct chain){0};
    chain_add(&chain, sets[0], sets[0], 1);
    chain_add(&chain, sets[1], sets[0], 1);
    chain.links[1].endorsements[0] = chain.links[0].endorsements[0];
    assert_int_equal(chain_verdict(&chain, 0), LK_REASON_ENDORSEMENT);
    chain_free(&chain);

    /* truly signed, but for a tree of two leaves */
    chain = (struct chain){.endorsed_count = 2};
    chain_add(&chain, sets[0], sets[0], 1);
    assert_int_equal(chain_verdict(&chain, 0), LK_REASON_ENDORSEMENT);
    chain_free(&chain);

    /* another organisation */
    chain = (struct chain){0};
    strcpy(sets[1]->organisation, "other");
    chain_add(&chain, sets[0], sets[0], 1);
    chain_add(&chain, sets[1], sets[0], 1);
    assert_int_equal(chain_verdict(&chain, 0), LK_REASON_OPERATOR_SET);
    chain_free(&chain);
    lk_operator_set_free(sets[0]);
    lk_operator_set_free(sets[1]);
}

/* Each act in turn with one operator less holding its role than the quorum asks for. */
static void sets_that_lock_everybody_out(void **state)
{
    static const uint32_t role_of[LK_ACT_COUNT] = {
        0, LK_ROLE_ENROL, LK_ROLE_REVOKE, LK_ROLE_REVOKE, LK_ROLE_OPERATORS, LK_ROLE_RESTORE};

    (void)state;
    for (unsigned int act = LK_ACT_ENROL; act < LK_ACT_COUNT; act++) {
        struct lk_operator_set *set = set_make(1, 2, 1);
        struct chain chain = {0};

        set->quorum[act] = 2;
        chain_add(&chain, set, set, 3);
        assert_int_equal(chain_verdict(&chain, 1), LK_REASON_NONE);
        chain_free(&chain);
        set->operators[1].roles &= ~role_of[act];
        chain = (struct chain){0};
        chain_add(&chain, set, set, 1);
        assert_int_equal(chain_verdict(&chain, 0), LK_REASON_OPERATOR_SET);
        chain_free(&chain);
        lk_operator_set_free(set);
    }
}

/* Every bit of the file of two sets: refused, unless it is a bit that no signature covers (there is none that matters). */
static void damaged_chain_files(void **state)
{
    struct lk_operator_set *sets[2] = {set_make(1, 1, 1), set_make(2, 2, 1)};
    struct lk_buf bytes = LK_BUF_INIT(1 << 20);
    struct chain chain = {0};

    (void)state;
    chain_add(&chain, sets[0], sets[0], 1);
    chain_add(&chain, sets[1], sets[0], 1);
    assert_int_equal(chain_verdict(&chain, 2), LK_REASON_NONE);
    assert_int_equal(lk_operator_chain_encode(&bytes, chain.links, 2), 0);
    for (size_t at = 0; at < bytes.len; at++) {
        struct lk_operator_set *set = NULL;
        struct lk_digest digest;
        enum lk_reason reason = LK_REASON_NONE;

        bytes.data[at] ^= (uint8_t)(1u << (at % 8));
        assert_int_equal(
            lk_operator_chain_verify(crypto, lk_buf_view(&bytes), &set, &digest, &reason), 0);
        assert_int_not_equal(reason, LK_REASON_NONE);
        assert_null(set);
        bytes.data[at] ^= (uint8_t)(1u << (at % 8));
        assert_int_equal(
            lk_operator_chain_verify(crypto, LK_VIEW(bytes.data, at), &set, &digest, &reason), 0);
        assert_int_equal(reason, LK_REASON_OPERATOR_SET);
    }
    lk_buf_clear(&bytes);
    chain_free(&chain);
    lk_operator_set_free(sets[0]);
    lk_operator_set_free(sets[1]);
}

static enum lk_reason follows(const struct lk_register_entry *previous,
                              const struct lk_register_entry *entry)
{
    enum lk_reason reason = LK_REASON_INTERNAL;

    assert_int_equal(lk_register_link_verify(crypto, previous, entry, &reason), 0);
    return reason;
}

static void register_links(void **state)
{
    struct lk_register_entry first;
    struct lk_register_entry second;
    struct lk_register_entry bad;

    (void)state;
    test_register_entry(&first);
    first.number = 1;
    memset(&first.previous, 0, sizeof(first.previous));
    test_register_entry(&second);
    second.number = 2;
    assert_int_equal(lk_register_entry_hash(crypto, &first, &second.previous), 0);
    assert_int_equal(follows(NULL, &first), LK_REASON_NONE);
    assert_int_equal(follows(&first, &second), LK_REASON_NONE);
    assert_int_equal(follows(NULL, &second), LK_REASON_REGISTER);
    assert_int_equal(follows(&second, &first), LK_REASON_REGISTER);
    assert_int_equal(follows(&first, &first), LK_REASON_REGISTER);
    bad = second, bad.number = 3;
    assert_int_equal(follows(&first, &bad), LK_REASON_REGISTER);
    bad = second, bad.previous.bytes[31] ^= 1;
    assert_int_equal(follows(&first, &bad), LK_REASON_REGISTER);
    bad = first, bad.object.bytes[0] ^= 1; /* the entry before was changed afterwards */
    assert_int_equal(follows(&bad, &second), LK_REASON_REGISTER);
    bad = first, bad.time++;
    assert_int_equal(follows(&bad, &second), LK_REASON_REGISTER);
    bad = first, bad.kind = (enum lk_entry_kind)9; /* cannot be encoded */
    assert_int_equal(follows(&bad, &second), LK_REASON_REGISTER);
    bad = second, bad.number = UINT64_MAX; /* has no successor */
    first = second, first.number = 0;
    assert_int_equal(follows(&bad, &first), LK_REASON_REGISTER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(endorsements),
        cmocka_unit_test(roles),
        cmocka_unit_test(quorum),
        cmocka_unit_test(chains),
        cmocka_unit_test(broken_chains),
        cmocka_unit_test(sets_that_lock_everybody_out),
        cmocka_unit_test(damaged_chain_files),
        cmocka_unit_test(register_links),
    };

    return cmocka_run_group_tests_name("operator_chain", tests, start, stop);
}
