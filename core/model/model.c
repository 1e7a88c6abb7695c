/* SPDX-License-Identifier: EUPL-1.2 */
/* Names of the enumerations, form of names and relying parties, order of lists, freeing. */
#include "model/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *lk_act_name(enum lk_act act)
{
    switch (act) {
    case LK_ACT_ENROL:
        return "enrol";
    case LK_ACT_SUSPEND:
        return "suspend";
    case LK_ACT_REVOKE:
        return "revoke";
    case LK_ACT_OPERATORS:
        return "operators";
    case LK_ACT_RESTORE:
        return "restore";
    case LK_ACT_COUNT:
        break;
    }
    return "?";
}

uint32_t lk_act_role(enum lk_act act)
{
    switch (act) {
    case LK_ACT_ENROL:
        return LK_ROLE_ENROL;
    case LK_ACT_SUSPEND:
    case LK_ACT_REVOKE:
        return LK_ROLE_REVOKE;
    case LK_ACT_OPERATORS:
        return LK_ROLE_OPERATORS;
    case LK_ACT_RESTORE:
        return LK_ROLE_RESTORE;
    case LK_ACT_COUNT:
        break;
    }
    return 0;
}

const char *lk_kind_name(enum lk_kind kind)
{
    switch (kind) {
    case LK_KIND_HOST:
        return "host";
    case LK_KIND_BROWSER:
        return "browser";
    case LK_KIND_OPERATOR:
        return "operator";
    }
    return "?";
}

const char *lk_state_name(enum lk_state state)
{
    switch (state) {
    case LK_STATE_PENDING:
        return "pending";
    case LK_STATE_ACTIVE:
        return "active";
    case LK_STATE_SUSPENDED:
        return "suspended";
    case LK_STATE_REVOKED:
        return "revoked";
    }
    return "?";
}

const char *lk_format_name(enum lk_attestation_format format)
{
    switch (format) {
    case LK_FORMAT_NONE:
        return "none";
    case LK_FORMAT_PACKED:
        return "packed";
    case LK_FORMAT_PACKED_SELF:
        return "packed-self";
    case LK_FORMAT_FIDO_U2F:
        return "fido-u2f";
    }
    return "?";
}

const char *lk_entry_kind_name(enum lk_entry_kind kind)
{
    switch (kind) {
    case LK_ENTRY_OPERATOR_SET:
        return "operator set";
    case LK_ENTRY_STATEMENT:
        return "statement";
    case LK_ENTRY_ENDORSEMENT:
        return "endorsement";
    case LK_ENTRY_STATE:
        return "state";
    case LK_ENTRY_RESTORE:
        return "restore";
    }
    return "?";
}

/* 1 to max characters out of lower-case letters, digits and those of extra. */
static bool text_of(const char *text, size_t max, const char *extra)
{
    size_t len = 0;

    if (!text)
        return false;
    for (; text[len] != '\0'; len++) {
        char c = text[len];

        if (len == max)
            return false;
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && !strchr(extra, c))
            return false;
    }
    return len > 0;
}

/* Neither first nor last character is one of edge. */
static bool text_edges(const char *text, const char *edge)
{
    return !strchr(edge, text[0]) && !strchr(edge, text[strlen(text) - 1]);
}

bool lk_name_valid(const char *name)
{
    return text_of(name, LK_NAME_MAX, "._-");
}

bool lk_organisation_valid(const char *name)
{
    return text_of(name, LK_ORGANISATION_MAX, ".-") && text_edges(name, ".-");
}

bool lk_group_valid(const char *name)
{
    return text_of(name, LK_GROUP_MAX, "._-");
}

#define HOST_PREFIX     "latchkey-host:"
#define OPERATOR_PREFIX "latchkey-operator:"

bool lk_relying_party_valid(const char *relying_party, enum lk_kind kind)
{
    switch (kind) {
    case LK_KIND_HOST:
        return relying_party && strncmp(relying_party, HOST_PREFIX, sizeof(HOST_PREFIX) - 1) == 0 &&
               lk_organisation_valid(relying_party + sizeof(HOST_PREFIX) - 1);
    case LK_KIND_OPERATOR:
        return relying_party &&
               strncmp(relying_party, OPERATOR_PREFIX, sizeof(OPERATOR_PREFIX) - 1) == 0 &&
               lk_organisation_valid(relying_party + sizeof(OPERATOR_PREFIX) - 1);
    case LK_KIND_BROWSER:
        /* A host name: the colon of the other two cannot stand in it. */
        return text_of(relying_party, LK_RELYING_PARTY_MAX, ".-") &&
               text_edges(relying_party, ".-");
    }
    return false;
}

static void relying_party_write(char *ret_text, size_t size, const char *prefix,
                                const char *organisation)
{
    int len = snprintf(ret_text, size, "%s%s", prefix, organisation);

    /* A cut name would be another relying party. */
    if ((len < 0 || (size_t)len >= size) && size > 0)
        ret_text[0] = '\0';
}

void lk_relying_party_host(char *ret_text, size_t size, const char *organisation)
{
    relying_party_write(ret_text, size, HOST_PREFIX, organisation);
}

void lk_relying_party_operator(char *ret_text, size_t size, const char *organisation)
{
    relying_party_write(ret_text, size, OPERATOR_PREFIX, organisation);
}

struct lk_operator_set *lk_operator_set_free(struct lk_operator_set *set)
{
    if (set) {
        free(set->operators);
        free(set);
    }
    return NULL;
}

int lk_credential_id_compare(const struct lk_credential_id *a, const struct lk_credential_id *b)
{
    if (a->len != b->len)
        return a->len < b->len ? -1 : 1;
    return memcmp(a->bytes, b->bytes, a->len);
}

static int operator_compare(const void *a, const void *b)
{
    const struct lk_operator *left = a;
    const struct lk_operator *right = b;

    return memcmp(left->id.bytes, right->id.bytes, LK_SUBJECT_SIZE);
}

static int operator_key_compare(const void *a, const void *b)
{
    const struct lk_operator_key *left = a;
    const struct lk_operator_key *right = b;

    return lk_credential_id_compare(&left->credential_id, &right->credential_id);
}

void lk_operator_set_sort(struct lk_operator_set *set)
{
    for (uint32_t i = 0; i < set->operator_count; i++) {
        struct lk_operator *row = &set->operators[i];

        qsort(row->keys, row->key_count, sizeof(row->keys[0]), operator_key_compare);
    }
    if (set->operator_count > 0)
        qsort(set->operators, set->operator_count, sizeof(set->operators[0]), operator_compare);
}

static int group_compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

void lk_statement_sort_groups(struct lk_statement *statement)
{
    uint32_t kept = 0;

    qsort(statement->groups, statement->group_count, sizeof(statement->groups[0]), group_compare);
    for (uint32_t i = 0; i < statement->group_count; i++) {
        if (kept > 0 && strcmp(statement->groups[kept - 1], statement->groups[i]) == 0)
            continue;
        if (kept != i)
            memcpy(statement->groups[kept], statement->groups[i], sizeof(statement->groups[0]));
        kept++;
    }
    statement->group_count = kept;
}

bool lk_digest_zero(const struct lk_digest *digest)
{
    static const struct lk_digest zero;

    return memcmp(digest, &zero, sizeof(zero)) == 0;
}

bool lk_subject_zero(const struct lk_subject *subject)
{
    static const struct lk_subject zero;

    return memcmp(subject, &zero, sizeof(zero)) == 0;
}
