/* SPDX-License-Identifier: EUPL-1.2 */
/* The rules of a login. Each rule is a row: a reason and the test that raises it. The order of the
 * rows is the order in which the objections are told; the first decides the login. */
#include "policy/policy.h"

#include <string.h>

struct question {
    const struct lk_policy *policy;
    const struct lk_standing *standing;
    const struct lk_statement *statement;
    enum lk_kind kind;
    int64_t now;
};

bool lk_policy_user_verification(const struct lk_policy *policy,
                                 const struct lk_statement *statement, enum lk_kind kind)
{
    if (statement && statement->user_verification)
        return true;
    switch (kind) {
    case LK_KIND_HOST:
        return policy->host_user_verification;
    case LK_KIND_BROWSER:
        return policy->browser_user_verification;
    case LK_KIND_OPERATOR:
        break;
    }
    return true;
}

static bool listed(const char *const *list, const char *text)
{
    for (size_t i = 0; list && text && list[i]; i++) {
        if (strcmp(list[i], text) == 0)
            return true;
    }
    return false;
}

bool lk_policy_service_local(const struct lk_policy *policy, const char *service)
{
    return listed(policy->local_services, service);
}

bool lk_policy_service_pin(const struct lk_policy *policy, const char *service)
{
    return listed(policy->pin_services, service);
}

/* Anyone's "revoked" denies: the store's or that of the mark. */
static bool is_revoked(const struct question *q)
{
    return q->standing->state == LK_STATE_REVOKED || q->standing->revoked_by_mark;
}

static bool is_other_kind(const struct question *q)
{
    return q->statement->kind != q->kind;
}

static bool is_other_relying_party(const struct question *q)
{
    char wanted[LK_RELYING_PARTY_MAX + 1] = "";

    switch (q->kind) {
    case LK_KIND_HOST:
        if (q->policy->organisation)
            lk_relying_party_host(wanted, sizeof(wanted), q->policy->organisation);
        break;
    case LK_KIND_OPERATOR:
        if (q->policy->organisation)
            lk_relying_party_operator(wanted, sizeof(wanted), q->policy->organisation);
        break;
    case LK_KIND_BROWSER:
        if (q->policy->gateway_host)
            return strcmp(q->policy->gateway_host, q->statement->relying_party) != 0 ||
                   q->policy->gateway_host[0] == '\0';
        break;
    }
    return wanted[0] == '\0' || strcmp(wanted, q->statement->relying_party) != 0;
}

static bool is_superseded(const struct question *q)
{
    return !q->standing->newest;
}

static bool is_suspended(const struct question *q)
{
    return q->standing->state == LK_STATE_SUSPENDED;
}

static bool is_pending(const struct question *q)
{
    return q->standing->state == LK_STATE_PENDING;
}

/* A state that is none of the four: the row contradicts itself. */
static bool is_of_no_state(const struct question *q)
{
    return q->standing->state < LK_STATE_PENDING || q->standing->state > LK_STATE_REVOKED;
}

static bool is_unlogged(const struct question *q)
{
    return !q->standing->logged;
}

static bool lacks_evidence(const struct question *q)
{
    return !q->standing->evidence;
}

static bool is_reassigned(const struct question *q)
{
    return !q->standing->name_current;
}

static bool is_early(const struct question *q)
{
    return q->statement->not_before != 0 && q->now < q->statement->not_before;
}

static bool is_late(const struct question *q)
{
    return q->statement->not_after != 0 && q->now > q->statement->not_after;
}

static bool is_outside_group(const struct question *q)
{
    if (q->kind != LK_KIND_HOST)
        return false;
    for (uint32_t i = 0; q->policy->host_group && i < q->statement->group_count; i++) {
        if (strcmp(q->statement->groups[i], q->policy->host_group) == 0)
            return false;
    }
    return true;
}

static bool is_over_limit(const struct question *q)
{
    return q->standing->failure_limit != 0 && q->standing->failures >= q->standing->failure_limit;
}

static const struct {
    enum lk_reason reason;
    bool (*objects)(const struct question *question);
} rules[] = {
    {LK_REASON_REVOKED, is_revoked},          {LK_REASON_STATEMENT, is_of_no_state},
    {LK_REASON_KIND, is_other_kind},          {LK_REASON_RELYING_PARTY, is_other_relying_party},
    {LK_REASON_SUPERSEDED, is_superseded},    {LK_REASON_SUSPENDED, is_suspended},
    {LK_REASON_PENDING, is_pending},          {LK_REASON_UNLOGGED, is_unlogged},
    {LK_REASON_EVIDENCE, lacks_evidence},     {LK_REASON_NAME_REASSIGNED, is_reassigned},
    {LK_REASON_NOT_YET_VALID, is_early},      {LK_REASON_EXPIRED, is_late},
    {LK_REASON_HOST_GROUP, is_outside_group}, {LK_REASON_LIMIT, is_over_limit},
};

enum lk_reason lk_policy_key(const struct lk_policy *policy, const struct lk_statement *statement,
                             bool enrol, int64_t now)
{
    const struct lk_key_facts facts = lk_key_facts_of(statement);
    struct lk_key_finding worst;
    struct lk_key key;
    size_t count;

    if (policy->keys == NULL || policy->tables == NULL)
        return LK_REASON_NONE;
    lk_key_look(policy->tables, &facts, &key);
    count = lk_key_judge(policy->keys, policy->tables, &key,
                         lk_key_person_of(statement, policy->keys->administrators), now, &worst, 1);
    return lk_key_reason(&worst, count, enrol);
}

struct findings {
    enum lk_reason *reasons;
    size_t count;
    size_t max;
};

static void findings_add(struct findings *findings, enum lk_reason reason)
{
    if (findings->count < findings->max)
        findings->reasons[findings->count] = reason;
    findings->count++;
}

size_t lk_policy_judge(const struct lk_policy *policy, const struct lk_standing *standing,
                       enum lk_kind kind, int64_t now, enum lk_reason *ret_reasons, size_t max)
{
    struct findings findings = {.reasons = ret_reasons, .max = max};
    struct question question = {.policy = policy,
                                .standing = standing,
                                .statement = standing->statement,
                                .kind = kind,
                                .now = now};
    enum lk_reason key;

    if (!standing->statement) {
        findings_add(&findings, LK_REASON_STATEMENT);
        return findings.count;
    }
    key = lk_policy_key(policy, standing->statement, false, now);
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (rules[i].objects(&question))
            findings_add(&findings, rules[i].reason);
        /* What the endorsements lack comes as a reason of its own, beside the register entry. */
        if (rules[i].reason == LK_REASON_PENDING && standing->endorsement != LK_REASON_NONE)
            findings_add(&findings, standing->endorsement);
        /* What the tables refuse counts only of facts that are proved. */
        if (rules[i].reason == LK_REASON_EVIDENCE && key != LK_REASON_NONE)
            findings_add(&findings, key);
    }
    return findings.count;
}

enum lk_reason lk_policy_counter(uint32_t stored, uint32_t received)
{
    if (stored == 0 && received == 0)
        return LK_REASON_NONE;
    return received > stored ? LK_REASON_NONE : LK_REASON_COUNTER;
}

enum lk_reason lk_policy_transition(enum lk_state from, enum lk_state to)
{
    if (from < LK_STATE_PENDING || to > LK_STATE_REVOKED || from >= to)
        return LK_REASON_TRANSITION;
    return LK_REASON_NONE;
}
