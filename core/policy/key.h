/* SPDX-License-Identifier: EUPL-1.2 */
/* Is this a key that the organisation trusts? Facts of a credential, tables, policy, clock in; findings out. One function for enrolment, every login, `latchkey firmware show`,
 * `impact` and re-judging what is stored. Pure, and bounded by the advisories of one model: no I/O, no allocation. */
#ifndef LK_POLICY_KEY_H
#define LK_POLICY_KEY_H

#include "model/tables.h"

/* What is known of a key: of its statement, or of an attestation that was just verified. Texts may be "". */
struct lk_key_facts {
    const uint8_t *aaguid; /* LK_AAGUID_SIZE bytes, signed by the attestation */
    enum lk_attestation_format format;
    const struct lk_digest *anchor; /* where the chain ended; NULL: in none that is pinned */
    const char *firmware;           /* signed: "5.7.4" */
    const char *
        reported; /* firmwareVersion of getInfo in decimal, unsigned, of the ceremony of the attestation */
};
struct lk_key_facts lk_key_facts_of(const struct lk_statement *statement);

/* How the firmware is known; the best there is. */
enum lk_firmware_source {
    LK_FIRMWARE_UNKNOWN = 0,
    LK_FIRMWARE_OF_MODEL, /* the range of the model's row */
    LK_FIRMWARE_REPORTED, /* told by the key beside a proven attestation, decoded as its row says, and inside the row's range */
    LK_FIRMWARE_SIGNED
};
const char *lk_firmware_source_name(
    enum lk_firmware_source source); /* "unknown", "model", "reported", "signed" */

struct lk_key {
    const struct lk_authenticator *model; /* NULL: no row */
    const struct lk_anchor *anchor;       /* NULL: the chain ends in no row of the table */
    bool attested;                        /* the chain ends in something that is pinned */
    bool vouched;                         /* ... and that may vouch for this model */
    enum lk_firmware_source source;
    uint32_t
        low; /* the firmware lies between these; equal where it is known exactly, 0 to LK_FIRMWARE_HIGHEST where it is not known at all */
    uint32_t high;
};
/* tables may be NULL: then nothing is known but that the chain ended somewhere. */
void lk_key_look(const struct lk_tables *tables, const struct lk_key_facts *facts,
                 struct lk_key *ret_key);

/* Who holds the key: what a verdict means differs. */
enum lk_key_person { LK_PERSON_AGENT = 0, LK_PERSON_OPERATOR, LK_PERSON_ADMINISTRATOR, LK_PERSONS };
/* An agent whose statement names one of these groups (ended by NULL; NULL = none) is an administrator; who holds an operator's key is an operator. */
enum lk_key_person lk_key_person_of(const struct lk_statement *statement,
                                    const char *const *administrators);
const char *
lk_key_person_name(enum lk_key_person person); /* "agent", "operator", "administrator" */

/* Lines of the policy about some models. */
struct lk_key_rules {
    const struct lk_models_rule *list;
    size_t count;
};

/* Section [models] of the configuration. Zeroed it lets everything in that no advisory refuses. */
struct lk_key_policy {
    enum lk_table_verdict
        unattested; /* no chain to a pinned anchor, or to one that may not vouch for the model */
    enum lk_table_verdict unknown_model; /* the AAGUID has no row */
    enum lk_table_verdict other_kind;    /* neither security key nor smart card */
    enum lk_table_verdict
        unknown_firmware; /* a minimum is set for the model, and it is not known whether it is reached */
    enum lk_certification certification; /* the least; UNKNOWN: none is asked for */
    struct lk_key_rules allowed;         /* empty: all models */
    struct lk_key_rules refused;
    struct lk_key_rules minimum;
    /* What a verdict of an advisory means for whom; never less than the verdict itself. */
    enum lk_table_verdict means[LK_PERSONS][LK_VERDICT_REFUSE_LOGIN + 1];
    const char *const *administrators; /* groups, ended by NULL; NULL = none */
    /* After so many days a table (the shipped or local one of the latest date) is told to be old, or lets no enrolment pass; 0: never. The same beyond the nextUpdate of imported
     * ones. */
    uint32_t age_warn_days;
    uint32_t age_refuse_days;
};

enum lk_key_rule_kind {
    LK_KEY_UNATTESTED = 1,
    LK_KEY_NOT_VOUCHED, /* the anchor belongs to somebody else */
    LK_KEY_ANCHOR_REFUSED,
    LK_KEY_UNKNOWN_MODEL,
    LK_KEY_OTHER_KIND,
    LK_KEY_NOT_ALLOWED,
    LK_KEY_REFUSED,
    LK_KEY_CERTIFICATION,
    LK_KEY_BELOW_MINIMUM,
    LK_KEY_UNKNOWN_FIRMWARE,
    LK_KEY_ADVISORY,
    LK_KEY_TABLE_OLD
};
/* "unattested", "advisory": for JSON, metrics and tests. */
const char *lk_key_rule_kind_name(enum lk_key_rule_kind kind);
/* One thing that stands against a key, or is to be known of it. */
struct lk_key_finding {
    enum lk_key_rule_kind kind;
    enum lk_table_verdict verdict;      /* for this person, now */
    int64_t from;                       /* when logins will be refused; 0: not by date */
    const struct lk_advisory *advisory; /* ADVISORY: the row */
    const struct lk_models_rule
        *rule;           /* NOT_ALLOWED: NULL; REFUSED, BELOW_MINIMUM, UNKNOWN_FIRMWARE: the line */
    enum lk_table table; /* TABLE_OLD */
};
/* Writes at most max findings, the worst first, and returns how many there are. */
enum { LK_KEY_FINDINGS_MAX = 64 };
size_t lk_key_judge(const struct lk_key_policy *policy, const struct lk_tables *tables,
                    const struct lk_key *key, enum lk_key_person person, int64_t now,
                    struct lk_key_finding *ret_findings, size_t max);
/* The reason that refuses: NONE, ATTESTATION, MODEL, FIRMWARE, ADVISORY or TABLE_OLD. enrol: at enrolment, else at a login. Of findings as above, the worst first. */
enum lk_reason lk_key_reason(const struct lk_key_finding *findings, size_t count, bool enrol);

#endif
