/* SPDX-License-Identifier: EUPL-1.2 */
/* The rules about keys. Each looks at one thing and adds what it finds; the worst is what counts. */
#include "policy/key.h"

#include <stdlib.h>
#include <string.h>

enum { DAY = 86400 };

struct judgement {
    const struct lk_key_policy *policy;
    const struct lk_tables *tables;
    const struct lk_key *key;
    enum lk_key_person person;
    int64_t now;
    struct lk_key_finding *findings;
    size_t count;
    size_t max;
};

/* Findings are few: kept in order by insertion. A worse one behind the last place pushes a lesser one out. */
static void add(struct judgement *judgement, struct lk_key_finding finding)
{
    size_t at = judgement->count < judgement->max ? judgement->count : judgement->max;

    if (finding.verdict == LK_VERDICT_NOTHING)
        return;
    while (at > 0 && judgement->findings[at - 1].verdict < finding.verdict) {
        if (at < judgement->max)
            judgement->findings[at] = judgement->findings[at - 1];
        at--;
    }
    if (at < judgement->max)
        judgement->findings[at] = finding;
    judgement->count++;
}

/* Before its day a refusal of logins is one of enrolments. */
static enum lk_table_verdict dated(enum lk_table_verdict verdict, int64_t from, int64_t now)
{
    return verdict == LK_VERDICT_REFUSE_LOGIN && now < from ? LK_VERDICT_REFUSE_ENROL : verdict;
}

/* ---- what the policy says ---- */

static void judge_attestation(struct judgement *j)
{
    const struct lk_key *key = j->key;
    enum lk_key_rule_kind kind = LK_KEY_NOT_VOUCHED;

    if (key->vouched)
        return;
    if (!key->attested)
        kind = LK_KEY_UNATTESTED;
    else if (key->anchor != NULL && key->anchor->role != LK_ANCHOR_TRUST)
        kind = LK_KEY_ANCHOR_REFUSED;
    /* A model without a row is told as that. */
    else if (key->model == NULL)
        return;
    add(j,
        (struct lk_key_finding){.kind = kind,
                                /* A refused anchor is never less than a refusal. */
                                .verdict = kind == LK_KEY_ANCHOR_REFUSED &&
                                                   j->policy->unattested < LK_VERDICT_REFUSE_ENROL
                                               ? LK_VERDICT_REFUSE_ENROL
                                               : j->policy->unattested});
}

static void judge_model(struct judgement *j)
{
    const struct lk_authenticator *model = j->key->model;

    if (model == NULL)
        add(j, (struct lk_key_finding){.kind = LK_KEY_UNKNOWN_MODEL,
                                       .verdict = j->policy->unknown_model});
    else if (model->kind != LK_AUTHENTICATOR_SECURITY_KEY &&
             model->kind != LK_AUTHENTICATOR_SMART_CARD)
        add(j,
            (struct lk_key_finding){.kind = LK_KEY_OTHER_KIND, .verdict = j->policy->other_kind});
}

/* NULL: none of them. */
static const struct lk_models_rule *find_rule(const struct lk_key_rules *rules,
                                              const struct lk_authenticator *model,
                                              const struct lk_models_rule *after)
{
    size_t first = after != NULL ? (size_t)(after - rules->list) + 1 : 0;

    for (size_t i = first; model != NULL && i < rules->count; i++) {
        if (lk_models_have(&rules->list[i].models, model))
            return &rules->list[i];
    }
    return NULL;
}

static void judge_lists(struct judgement *j)
{
    const struct lk_authenticator *model = j->key->model;
    const struct lk_models_rule *rule = NULL;

    if (j->policy->allowed.count > 0 && find_rule(&j->policy->allowed, model, NULL) == NULL)
        add(j, (struct lk_key_finding){.kind = LK_KEY_NOT_ALLOWED,
                                       .verdict = LK_VERDICT_REFUSE_LOGIN});
    while ((rule = find_rule(&j->policy->refused, model, rule)) != NULL)
        add(j,
            (struct lk_key_finding){.kind = LK_KEY_REFUSED,
                                    .verdict = dated(LK_VERDICT_REFUSE_LOGIN, rule->from, j->now),
                                    .from = rule->from,
                                    .rule = rule});
}

static void judge_certification(struct judgement *j)
{
    enum lk_certification least = j->policy->certification;

    if (least == LK_CERTIFICATION_UNKNOWN || j->key->model == NULL ||
        j->key->model->certification >= least)
        return;
    add(j,
        (struct lk_key_finding){.kind = LK_KEY_CERTIFICATION, .verdict = LK_VERDICT_REFUSE_ENROL});
}

static void judge_minimum(struct judgement *j)
{
    const struct lk_models_rule *rule = NULL;

    while ((rule = find_rule(&j->policy->minimum, j->key->model, rule)) != NULL) {
        if (j->key->low >= rule->firmware)
            continue;
        if (j->key->high < rule->firmware)
            add(j, (struct lk_key_finding){.kind = LK_KEY_BELOW_MINIMUM,
                                           .verdict =
                                               dated(LK_VERDICT_REFUSE_LOGIN, rule->from, j->now),
                                           .from = rule->from,
                                           .rule = rule});
        else
            add(j, (struct lk_key_finding){.kind = LK_KEY_UNKNOWN_FIRMWARE,
                                           .verdict = j->policy->unknown_firmware,
                                           .rule = rule});
    }
}

/* ---- advisories ---- */

static bool applies(const struct lk_advisory *advisory, const struct lk_affected *affected,
                    const struct lk_key *key)
{
    bool possible = key->low <= affected->to && key->high >= affected->from;
    bool certain = key->low >= affected->from && key->high <= affected->to;

    switch (advisory->evidence) {
    case LK_EVIDENCE_SIGNED:
        return certain && key->source == LK_FIRMWARE_SIGNED;
    case LK_EVIDENCE_CERTAIN:
        return certain;
    case LK_EVIDENCE_POSSIBLE:
    default:
        return possible;
    }
}

static enum lk_table_verdict meant(const struct judgement *j, enum lk_table_verdict verdict)
{
    enum lk_table_verdict means = j->policy->means[j->person][verdict];

    return means > verdict ? means : verdict;
}

/* The lines of one advisory stand side by side: one of them is enough. */
static void judge_advisories(struct judgement *j)
{
    const struct lk_authenticator *model = j->key->model;
    const struct lk_advisory *told = NULL;

    for (uint32_t i = 0; model != NULL && i < model->match_count; i++) {
        const struct lk_table_match *match = &j->tables->matches[model->first_match + i];
        const struct lk_advisory *advisory = &j->tables->advisories[match->advisory];

        if (advisory == told || !applies(advisory, &advisory->affected[match->affected], j->key))
            continue;
        told = advisory;
        add(j, (struct lk_key_finding){
                   .kind = LK_KEY_ADVISORY,
                   .verdict = meant(j, dated(advisory->verdict, advisory->from, j->now)),
                   .from = advisory->from,
                   .advisory = advisory});
    }
}

/* ---- the age of the tables ---- */

static void judge_age(struct judgement *j, enum lk_table table, int64_t since)
{
    int64_t days = (j->now - since) / DAY;
    enum lk_table_verdict verdict = LK_VERDICT_NOTHING;

    if (j->policy->age_warn_days != 0 && days > (int64_t)j->policy->age_warn_days)
        verdict = LK_VERDICT_WARN;
    if (j->policy->age_refuse_days != 0 && days > (int64_t)j->policy->age_refuse_days)
        verdict = LK_VERDICT_REFUSE_ENROL;
    add(j, (struct lk_key_finding){.kind = LK_KEY_TABLE_OLD, .verdict = verdict, .table = table});
}

static void judge_ages(struct judgement *j)
{
    for (int table = 0; j->tables != NULL && table < LK_TABLES; table++) {
        const struct lk_table_head *heads = j->tables->heads[table];

        /* Anchors do not age: what must end ends by an advisory or the role "refuse". */
        if (table == LK_TABLE_ADVISORIES)
            judge_age(j, (enum lk_table)table, lk_tables_date(j->tables, (enum lk_table)table));
        if (heads[LK_TABLE_IMPORTED].given && heads[LK_TABLE_IMPORTED].next_update != 0)
            judge_age(j, (enum lk_table)table, heads[LK_TABLE_IMPORTED].next_update);
    }
}

size_t lk_key_judge(const struct lk_key_policy *policy, const struct lk_tables *tables,
                    const struct lk_key *key, enum lk_key_person person, int64_t now,
                    struct lk_key_finding *ret_findings, size_t max)
{
    struct judgement judgement = {.policy = policy,
                                  .tables = tables,
                                  .key = key,
                                  .person = person,
                                  .now = now,
                                  .findings = ret_findings,
                                  .max = max};

    judge_attestation(&judgement);
    judge_model(&judgement);
    judge_lists(&judgement);
    judge_certification(&judgement);
    judge_minimum(&judgement);
    judge_advisories(&judgement);
    judge_ages(&judgement);
    return judgement.count;
}

const char *lk_key_rule_kind_name(enum lk_key_rule_kind kind)
{
    static const char *const names[] = {"?",
                                        "unattested",
                                        "not-vouched",
                                        "anchor-refused",
                                        "unknown-model",
                                        "other-kind",
                                        "not-allowed",
                                        "refused",
                                        "certification",
                                        "below-minimum",
                                        "unknown-firmware",
                                        "advisory",
                                        "table-old"};

    return (size_t)kind < sizeof names / sizeof names[0] ? names[kind] : names[0];
}

enum lk_reason lk_key_reason(const struct lk_key_finding *findings, size_t count, bool enrol)
{
    if (count == 0 ||
        findings[0].verdict < (enrol ? LK_VERDICT_REFUSE_ENROL : LK_VERDICT_REFUSE_LOGIN))
        return LK_REASON_NONE;
    switch (findings[0].kind) {
    case LK_KEY_UNATTESTED:
    case LK_KEY_NOT_VOUCHED:
    case LK_KEY_ANCHOR_REFUSED:
        return LK_REASON_ATTESTATION;
    case LK_KEY_BELOW_MINIMUM:
    case LK_KEY_UNKNOWN_FIRMWARE:
        return LK_REASON_FIRMWARE;
    case LK_KEY_ADVISORY:
        return LK_REASON_ADVISORY;
    case LK_KEY_TABLE_OLD:
        return LK_REASON_TABLE_OLD;
    default:
        return LK_REASON_MODEL;
    }
}
