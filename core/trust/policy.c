/* SPDX-License-Identifier: EUPL-1.2 */
/* Options become rules. The configuration has checked each line; here they only take their form. */
#include <stdlib.h>
#include <string.h>

#include "trust/trust.h"

static int copy_rules(char *const *lines, bool firmware, struct lk_models_rule **ret_rules,
                      struct lk_key_rules *ret_list)
{
    size_t count = 0;

    while (lines != NULL && lines[count] != NULL)
        count++;
    if (count == 0)
        return 0;
    *ret_rules = calloc(count, sizeof **ret_rules);
    if (*ret_rules == NULL)
        return -LK_ERR_NOMEM;
    for (size_t i = 0; i < count; i++) {
        if (lk_models_rule_parse(lines[i], firmware, &(*ret_rules)[i]) != 0)
            return -LK_ERR_CONFIG;
    }
    *ret_list = (struct lk_key_rules){.list = *ret_rules, .count = count};
    return 0;
}

static int copy_groups(char *const *groups, char ***ret_groups)
{
    size_t count = 0;

    while (groups != NULL && groups[count] != NULL)
        count++;
    *ret_groups = calloc(count + 1, sizeof **ret_groups);
    if (*ret_groups == NULL)
        return -LK_ERR_NOMEM;
    for (size_t i = 0; i < count; i++) {
        (*ret_groups)[i] = strdup(groups[i]);
        if ((*ret_groups)[i] == NULL)
            return -LK_ERR_NOMEM;
    }
    return 0;
}

static void set_meanings(const struct lk_config *config, struct lk_key_policy *policy)
{
    const enum lk_table_verdict means[LK_PERSONS][3] = {
        [LK_PERSON_AGENT] = {config->agents_note, config->agents_warn, config->agents_refuse_enrol},
        [LK_PERSON_OPERATOR] = {config->operators_note, config->operators_warn,
                                config->operators_refuse_enrol},
        [LK_PERSON_ADMINISTRATOR] = {config->administrators_note, config->administrators_warn,
                                     config->administrators_refuse_enrol}};

    for (int person = 0; person < LK_PERSONS; person++) {
        for (int i = 0; i < 3; i++)
            policy->means[person][LK_VERDICT_NOTE + i] = means[person][i];
    }
}

int lk_trust_policy(const struct lk_config *config, struct lk_trust *trust)
{
    struct lk_key_policy *policy = &trust->policy;
    int r;

    policy->unattested = config->unattested;
    policy->unknown_model = config->unknown_model;
    policy->other_kind = config->other_kind;
    policy->unknown_firmware = config->unknown_firmware;
    policy->certification = config->certification;
    policy->age_warn_days = config->table_warn_days;
    policy->age_refuse_days = config->table_refuse_days;
    set_meanings(config, policy);
    r = copy_rules(config->allowed, false, &trust->rules[0], &policy->allowed);
    if (r == 0)
        r = copy_rules(config->refused, false, &trust->rules[1], &policy->refused);
    if (r == 0)
        r = copy_rules(config->minimum_firmware, true, &trust->rules[2], &policy->minimum);
    if (r == 0)
        r = copy_groups(config->administrators, &trust->administrators);
    policy->administrators = (const char *const *)trust->administrators;
    return r;
}
