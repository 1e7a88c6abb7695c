/* SPDX-License-Identifier: EUPL-1.2 */
/* Plain values for the tests of codecs and judgements: small, complete, the same in every run. */
#ifndef LK_TESTS_UNIT_TEST_VALUES_H
#define LK_TESTS_UNIT_TEST_VALUES_H

#include "model/model.h"

/* A COSE key that decodes (its point need not be on the curve), different for each number. */
void test_public_key(struct lk_public_key *key, uint8_t number);
/* HOST for "latchkey-host:example" with groups desks and web, BROWSER for sso.example.org, OPERATOR. */
void test_statement(struct lk_statement *statement, enum lk_kind kind);
void test_state_change(struct lk_state_change *change);
void test_restore(struct lk_restore *restore);
void test_endorsement(struct lk_endorsement *endorsement);
void test_path(struct lk_tree_path *path);
void test_register_entry(struct lk_register_entry *entry);
/* Set 1 of "example" with `operators` (1 to 8) operators of two keys each and all roles; quorum 1. */
struct lk_operator_set *test_operator_set(uint32_t operators);

#endif
