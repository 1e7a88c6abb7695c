/* SPDX-License-Identifier: EUPL-1.2 */
/* Forms of names and relying parties, roles of acts, order of lists. */
#include "model/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void names(void **state)
{
    char text[66];

    (void)state;
    assert_true(lk_name_valid("a"));
    assert_true(lk_name_valid("alice.martin_2-x"));
    assert_true(lk_name_valid("-"));
    assert_false(lk_name_valid(""));
    assert_false(lk_name_valid(NULL));
    assert_false(lk_name_valid("Alice"));
    assert_false(lk_name_valid("al ice"));
    assert_false(lk_name_valid("al/ice"));
    assert_false(lk_name_valid("alic\xc3\xa9"));
    memset(text, 'a', sizeof(text));
    text[64] = '\0';
    assert_true(lk_name_valid(text));
    text[64] = 'a';
    text[65] = '\0';
    assert_false(lk_name_valid(text));
    /* every single character */
    for (int c = 1; c < 256; c++) {
        bool wanted =
            (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';

        text[0] = (char)c;
        text[1] = '\0';
        assert_int_equal(lk_name_valid(text), wanted);
        assert_int_equal(lk_group_valid(text), wanted);
    }
}

static void organisations(void **state)
{
    (void)state;
    assert_true(lk_organisation_valid("example.org"));
    assert_false(lk_organisation_valid(".example"));
    assert_false(lk_organisation_valid("example-"));
    assert_false(lk_organisation_valid("exa_mple"));
    assert_false(lk_organisation_valid("exa:mple"));
    assert_false(lk_organisation_valid(""));
}

static void relying_parties(void **state)
{
    char text[LK_RELYING_PARTY_MAX + 1];

    (void)state;
    lk_relying_party_host(text, sizeof(text), "example");
    assert_string_equal(text, "latchkey-host:example");
    assert_true(lk_relying_party_valid(text, LK_KIND_HOST));
    assert_false(lk_relying_party_valid(text, LK_KIND_OPERATOR));
    assert_false(lk_relying_party_valid(text, LK_KIND_BROWSER));
    lk_relying_party_operator(text, sizeof(text), "example");
    assert_string_equal(text, "latchkey-operator:example");
    assert_true(lk_relying_party_valid(text, LK_KIND_OPERATOR));
    assert_false(lk_relying_party_valid(text, LK_KIND_HOST));
    assert_false(lk_relying_party_valid(text, LK_KIND_BROWSER));
    assert_true(lk_relying_party_valid("sso.example.org", LK_KIND_BROWSER));
    assert_false(lk_relying_party_valid("sso.example.org", LK_KIND_HOST));
    assert_false(lk_relying_party_valid("Sso.example.org", LK_KIND_BROWSER));
    assert_false(lk_relying_party_valid("latchkey-host:", LK_KIND_HOST));
    assert_false(lk_relying_party_valid("latchkey-host:a:b", LK_KIND_HOST));
    assert_false(lk_relying_party_valid("a", (enum lk_kind)0));
    /* never a cut name */
    lk_relying_party_host(text, 10, "example");
    assert_string_equal(text, "");
}

static void roles(void **state)
{
    (void)state;
    assert_int_equal(lk_act_role(LK_ACT_ENROL), LK_ROLE_ENROL);
    assert_int_equal(lk_act_role(LK_ACT_SUSPEND), LK_ROLE_REVOKE);
    assert_int_equal(lk_act_role(LK_ACT_REVOKE), LK_ROLE_REVOKE);
    assert_int_equal(lk_act_role(LK_ACT_OPERATORS), LK_ROLE_OPERATORS);
    assert_int_equal(lk_act_role(LK_ACT_RESTORE), LK_ROLE_RESTORE);
    assert_int_equal(lk_act_role((enum lk_act)0), 0);
    assert_int_equal(lk_act_role(LK_ACT_COUNT), 0);
    assert_string_equal(lk_act_name(LK_ACT_COUNT), "?");
    assert_string_equal(lk_kind_name((enum lk_kind)9), "?");
    assert_string_equal(lk_state_name((enum lk_state)9), "?");
    assert_string_equal(lk_format_name((enum lk_attestation_format)9), "?");
    assert_string_equal(lk_entry_kind_name((enum lk_entry_kind)9), "?");
}

static void groups_are_sorted_once_each(void **state)
{
    static const char *const given[] = {"web", "db", "web", "admin", "db"};
    struct lk_statement statement = {.group_count = 5};

    (void)state;
    for (size_t i = 0; i < 5; i++)
        strcpy(statement.groups[i], given[i]);
    lk_statement_sort_groups(&statement);
    assert_int_equal(statement.group_count, 3);
    assert_string_equal(statement.groups[0], "admin");
    assert_string_equal(statement.groups[1], "db");
    assert_string_equal(statement.groups[2], "web");
}

static void operators_are_sorted(void **state)
{
    struct lk_operator_set *set = calloc(1, sizeof(*set));

    (void)state;
    assert_non_null(set);
    set->operators = calloc(2, sizeof(set->operators[0]));
    assert_non_null(set->operators);
    set->operator_count = 2;
    set->operators[0].id.bytes[0] = 2;
    set->operators[1].id.bytes[0] = 1;
    set->operators[1].key_count = 3;
    set->operators[1].keys[0].credential_id = (struct lk_credential_id){.len = 2, .bytes = {1, 1}};
    set->operators[1].keys[1].credential_id = (struct lk_credential_id){.len = 1, .bytes = {9}};
    set->operators[1].keys[2].credential_id = (struct lk_credential_id){.len = 2, .bytes = {1, 0}};
    lk_operator_set_sort(set);
    assert_int_equal(set->operators[0].id.bytes[0], 1);
    assert_int_equal(set->operators[0].keys[0].credential_id.len, 1);
    assert_int_equal(set->operators[0].keys[1].credential_id.bytes[1], 0);
    assert_int_equal(set->operators[0].keys[2].credential_id.bytes[1], 1);
    assert_null(lk_operator_set_free(set));
    assert_null(lk_operator_set_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(organisations),
        cmocka_unit_test(relying_parties),
        cmocka_unit_test(roles),
        cmocka_unit_test(groups_are_sorted_once_each),
        cmocka_unit_test(operators_are_sorted),
    };

    return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
