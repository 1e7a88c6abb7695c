/* SPDX-License-Identifier: EUPL-1.2 */
/* The rules of a login: one broken at a time, all broken at once, bounds of time and limits. */
#include "policy/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "test_values.h"

#define NOW 1800000000

static const char *const local[] = {"login", "sudo", NULL};
static const char *const pin[] = {"login", NULL};
static const struct lk_policy policy = {.host_group = "desks",
                                        .organisation = "example",
                                        .gateway_host = "sso.example.org",
                                        .local_services = local,
                                        .pin_services = pin};

struct fixture {
    struct lk_policy policy;
    struct lk_statement statement;
    struct lk_standing standing;
    enum lk_kind kind;
    int64_t now;
};

static struct fixture *good(enum lk_kind kind)
{
    static struct fixture fixture;

    fixture = (struct fixture){.policy = policy, .kind = kind, .now = NOW};
    test_statement(&fixture.statement, kind);
    fixture.standing = (struct lk_standing){.statement = &fixture.statement,
                                            .newest = true,
                                            .state = LK_STATE_ACTIVE,
                                            .logged = true,
                                            .evidence = true,
                                            .name_current = true};
    return &fixture;
}

/* The only objection, NONE if there is none; two are an error of the test. */
static enum lk_reason only(const struct fixture *fixture)
{
    enum lk_reason reasons[4] = {LK_REASON_NONE};
    size_t count = lk_policy_judge(&fixture->policy, &fixture->standing, fixture->kind,
                                   fixture->now, reasons, 4);

    assert_true(count <= 1);
    return count == 0 ? LK_REASON_NONE : reasons[0];
}

#define EXPECT(kind_given, change, wanted)                                                         \
    do {                                                                                           \
        struct fixture *f = good(kind_given);                                                      \
        change;                                                                                    \
        assert_int_equal(only(f), wanted);                                                         \
    } while (0)

static void one_at_a_time(void **state)
{
    (void)state;
    EXPECT(LK_KIND_HOST, (void)0, LK_REASON_NONE);
    EXPECT(LK_KIND_BROWSER, (void)0, LK_REASON_NONE);
    EXPECT(LK_KIND_OPERATOR, (void)0, LK_REASON_NONE);
    EXPECT(LK_KIND_HOST, f->standing.statement = NULL, LK_REASON_STATEMENT);
    EXPECT(LK_KIND_HOST, f->standing.newest = false, LK_REASON_SUPERSEDED);
    EXPECT(LK_KIND_HOST, f->standing.state = LK_STATE_PENDING, LK_REASON_PENDING);
    EXPECT(LK_KIND_HOST, f->standing.state = LK_STATE_SUSPENDED, LK_REASON_SUSPENDED);
    EXPECT(LK_KIND_HOST, f->standing.state = LK_STATE_REVOKED, LK_REASON_REVOKED);
    EXPECT(LK_KIND_HOST, f->standing.state = (enum lk_state)0, LK_REASON_STATEMENT);
    EXPECT(LK_KIND_HOST, f->standing.state = (enum lk_state)5, LK_REASON_STATEMENT);
    EXPECT(LK_KIND_HOST, f->standing.revoked_by_mark = true, LK_REASON_REVOKED);
    EXPECT(LK_KIND_HOST, f->standing.logged = false, LK_REASON_UNLOGGED);
    EXPECT(LK_KIND_HOST, f->standing.endorsement = LK_REASON_QUORUM, LK_REASON_QUORUM);
    EXPECT(LK_KIND_HOST, f->standing.endorsement = LK_REASON_ENDORSEMENT, LK_REASON_ENDORSEMENT);
    EXPECT(LK_KIND_HOST, f->standing.evidence = false, LK_REASON_EVIDENCE);
    EXPECT(LK_KIND_HOST, f->standing.name_current = false, LK_REASON_NAME_REASSIGNED);
    EXPECT(LK_KIND_HOST, f->policy.host_group = "web", LK_REASON_NONE);
    EXPECT(LK_KIND_HOST, f->policy.host_group = "desk", LK_REASON_HOST_GROUP);
    EXPECT(LK_KIND_HOST, f->policy.host_group = NULL, LK_REASON_HOST_GROUP);
    EXPECT(LK_KIND_HOST, f->statement.group_count = 0, LK_REASON_HOST_GROUP);
    EXPECT(LK_KIND_BROWSER, f->policy.host_group = NULL, LK_REASON_NONE);
    EXPECT(LK_KIND_HOST, f->policy.organisation = "other", LK_REASON_RELYING_PARTY);
    EXPECT(LK_KIND_HOST, f->policy.organisation = NULL, LK_REASON_RELYING_PARTY);
    EXPECT(LK_KIND_OPERATOR, f->policy.organisation = "other", LK_REASON_RELYING_PARTY);
    EXPECT(LK_KIND_BROWSER, f->policy.gateway_host = "SSO.example.org", LK_REASON_RELYING_PARTY);
    EXPECT(LK_KIND_BROWSER, f->policy.gateway_host = NULL, LK_REASON_RELYING_PARTY);
    EXPECT(LK_KIND_BROWSER, (f->policy.gateway_host = "", strcpy(f->statement.relying_party, "")),
           LK_REASON_RELYING_PARTY);
}

static void times_and_limits(void **state)
{
    (void)state;
    EXPECT(LK_KIND_HOST, f->now = f->statement.not_before - 1, LK_REASON_NOT_YET_VALID);
    EXPECT(LK_KIND_HOST, f->now = f->statement.not_before, LK_REASON_NONE);
    EXPECT(LK_KIND_HOST, f->now = f->statement.not_after, LK_REASON_NONE);
    EXPECT(LK_KIND_HOST, f->now = f->statement.not_after + 1, LK_REASON_EXPIRED);
    EXPECT(LK_KIND_HOST, (f->statement.not_before = 0, f->now = -5), LK_REASON_NONE);
    EXPECT(LK_KIND_HOST, (f->statement.not_after = 0, f->now = INT64_MAX), LK_REASON_NONE);
    EXPECT(LK_KIND_HOST, (f->standing.failure_limit = 5, f->standing.failures = 4), LK_REASON_NONE);
    EXPECT(LK_KIND_HOST, (f->standing.failure_limit = 5, f->standing.failures = 5),
           LK_REASON_LIMIT);
    EXPECT(LK_KIND_HOST, (f->standing.failure_limit = 5, f->standing.failures = UINT64_MAX),
           LK_REASON_LIMIT);
    EXPECT(LK_KIND_HOST, (f->standing.failure_limit = 0, f->standing.failures = 100),
           LK_REASON_NONE);
}

/* A credential of one kind at the door of another: never let in, and its kind is told first. */
static void kinds_do_not_mix(void **state)
{
    (void)state;
    for (unsigned int enrolled = LK_KIND_HOST; enrolled <= LK_KIND_OPERATOR; enrolled++) {
        for (unsigned int asked = LK_KIND_HOST; asked <= LK_KIND_OPERATOR; asked++) {
            struct fixture *f = good((enum lk_kind)enrolled);
            enum lk_reason reasons[8];
            size_t count =
                lk_policy_judge(&f->policy, &f->standing, (enum lk_kind)asked, f->now, reasons, 8);

            assert_int_equal(count == 0, enrolled == asked);
            if (count > 0)
                assert_int_equal(reasons[0], LK_REASON_KIND);
        }
    }
}

static void all_at_once_in_order(void **state)
{
    static const enum lk_reason wanted[] = {
        LK_REASON_REVOKED,         LK_REASON_KIND,    LK_REASON_RELYING_PARTY, LK_REASON_SUPERSEDED,
        LK_REASON_SUSPENDED,       LK_REASON_QUORUM,  LK_REASON_UNLOGGED,      LK_REASON_EVIDENCE,
        LK_REASON_NAME_REASSIGNED, LK_REASON_EXPIRED, LK_REASON_HOST_GROUP,    LK_REASON_LIMIT};
    const size_t wanted_count = sizeof(wanted) / sizeof(wanted[0]);
    struct fixture *f = good(LK_KIND_BROWSER);
    enum lk_reason reasons[32];
    size_t count;

    (void)state;
    f->standing = (struct lk_standing){.statement = &f->statement,
                                       .state = LK_STATE_SUSPENDED,
                                       .revoked_by_mark = true,
                                       .endorsement = LK_REASON_QUORUM,
                                       .failures = 1,
                                       .failure_limit = 1};
    f->now = INT64_MAX;
    memset(reasons, 0x7f, sizeof(reasons));
    count = lk_policy_judge(&f->policy, &f->standing, LK_KIND_HOST, f->now, reasons, 32);
    assert_int_equal(count, wanted_count);
    assert_memory_equal(reasons, wanted, sizeof(wanted));
    /* fewer places: the same first ones, the same count, nothing written behind */
    for (size_t max = 0; max < wanted_count; max++) {
        memset(reasons, 0x7f, sizeof(reasons));
        assert_int_equal(
            lk_policy_judge(&f->policy, &f->standing, LK_KIND_HOST, f->now, reasons, max),
            wanted_count);
        assert_memory_equal(reasons, wanted, max * sizeof(wanted[0]));
        assert_int_equal((int)reasons[max], 0x7f7f7f7f);
    }
}

/* A standing of which nothing is known lets nobody in. */
static void an_empty_standing_denies(void **state)
{
    struct fixture *f = good(LK_KIND_HOST);
    const struct lk_standing empty = {.statement = &f->statement};
    enum lk_reason reasons[8];

    (void)state;
    assert_true(lk_policy_judge(&f->policy, &empty, LK_KIND_HOST, NOW, reasons, 8) >= 4);
}

/* Policy OR statement: all eight combinations. */
static void user_verification_is_only_tightened(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < 8; i++) {
        struct lk_policy given = {.host_user_verification = i & 1,
                                  .browser_user_verification = i & 2};
        struct lk_statement statement = {.user_verification = i & 4};

        assert_int_equal(lk_policy_user_verification(&given, &statement, LK_KIND_HOST),
                         (i & 1) || (i & 4));
        assert_int_equal(lk_policy_user_verification(&given, &statement, LK_KIND_BROWSER),
                         (i & 2) || (i & 4));
        assert_true(lk_policy_user_verification(&given, &statement, LK_KIND_OPERATOR));
        assert_int_equal(lk_policy_user_verification(&given, NULL, LK_KIND_HOST), i & 1);
        assert_true(lk_policy_user_verification(&given, NULL, (enum lk_kind)9));
    }
}

static void services(void **state)
{
    struct lk_policy none = {0};

    (void)state;
    assert_true(lk_policy_service_local(&policy, "sudo"));
    assert_false(lk_policy_service_local(&policy, "sud"));
    assert_false(lk_policy_service_local(&policy, ""));
    assert_false(lk_policy_service_local(&policy, NULL));
    assert_false(lk_policy_service_local(&none, "sudo"));
    assert_true(lk_policy_service_pin(&policy, "login"));
    assert_false(lk_policy_service_pin(&policy, "sudo"));
    assert_false(lk_policy_service_pin(&none, "login"));
}

static void counters(void **state)
{
    static const struct {
        uint32_t stored, received;
        enum lk_reason reason;
    } cases[] = {
        {0, 0, LK_REASON_NONE},
        {0, 1, LK_REASON_NONE},
        {1, 2, LK_REASON_NONE},
        {UINT32_MAX - 1, UINT32_MAX, LK_REASON_NONE},
        {1, 0, LK_REASON_COUNTER},
        {1, 1, LK_REASON_COUNTER},
        {5, 4, LK_REASON_COUNTER},
        {UINT32_MAX, 0, LK_REASON_COUNTER},
        {UINT32_MAX, UINT32_MAX, LK_REASON_COUNTER},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(lk_policy_counter(cases[i].stored, cases[i].received), cases[i].reason);
}

static void transitions(void **state)
{
    (void)state;
    for (unsigned int from = 0; from <= 5; from++) {
        for (unsigned int to = 0; to <= 5; to++) {
            bool forward = from >= 1 && to <= 4 && from < to;

            assert_int_equal(lk_policy_transition((enum lk_state)from, (enum lk_state)to),
                             forward ? LK_REASON_NONE : LK_REASON_TRANSITION);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_at_a_time),
        cmocka_unit_test(times_and_limits),
        cmocka_unit_test(kinds_do_not_mix),
        cmocka_unit_test(all_at_once_in_order),
        cmocka_unit_test(an_empty_standing_denies),
        cmocka_unit_test(user_verification_is_only_tightened),
        cmocka_unit_test(services),
        cmocka_unit_test(counters),
        cmocka_unit_test(transitions),
    };

    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
