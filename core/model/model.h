/* SPDX-License-Identifier: EUPL-1.2 */
/* The plain values of design and docs/PROTOCOL.md section 4: agent, statement, endorsement, operator set, register entry, facts,
 * assertion, decision. No behaviour beyond freeing; the byte formats live in wire/, the judgements in verify/ and policy/. */
#ifndef LK_MODEL_MODEL_H
#define LK_MODEL_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "model/reason.h"

enum {
    LK_SUBJECT_SIZE = 16,
    LK_DIGEST_SIZE = 32,
    LK_NAME_MAX = 64, /* login name */
    LK_ORGANISATION_MAX = 64,
    LK_RELYING_PARTY_MAX = 255,
    LK_CREDENTIAL_ID_MAX = 1023, /* WebAuthn section 7.1 step 25 */
    LK_PUBLIC_KEY_MAX = 512,     /* COSE_Key bytes */
    LK_AAGUID_SIZE = 16,
    LK_TEXT_MAX = 128, /* model, firmware, serial as claimed or proved */
    LK_GROUPS_MAX = 16,
    LK_GROUP_MAX = 64,
    LK_STATEMENT_MAX = 8192,
    LK_ENDORSEMENT_MAX = 4096,
    LK_ENDORSEMENTS_MAX = 16, /* per statement */
    LK_PATH_MAX = 24,         /* inclusion path hashes: 2^24 statements under one root */
    LK_OPERATORS_MAX = 64,
    LK_OPERATOR_KEYS_MAX = 8,
    LK_OPERATOR_SET_MAX = 60000,
    LK_ATTESTATION_MAX = 16384, /* attestation object */
    LK_AUTHENTICATOR_DATA_MAX = 2048,
    LK_SIGNATURE_MAX = 512,
    LK_CLIENT_DATA_MAX = 4096,
    LK_CREDENTIALS_PER_AGENT = 16
};

struct lk_subject {
    uint8_t bytes[LK_SUBJECT_SIZE];
};
struct lk_digest {
    uint8_t bytes[LK_DIGEST_SIZE];
};

/* Short byte strings by value, so that the plain values need no freeing. */
struct lk_credential_id {
    uint16_t len;
    uint8_t bytes[LK_CREDENTIAL_ID_MAX];
};
struct lk_public_key {
    uint16_t len;
    uint8_t bytes
        [LK_PUBLIC_KEY_MAX]; /* COSE_Key in CTAP2 canonical CBOR, exactly as in the attested credential data */
};

enum lk_kind { LK_KIND_HOST = 1, LK_KIND_BROWSER = 2, LK_KIND_OPERATOR = 3 };
enum lk_state {
    LK_STATE_PENDING = 1,
    LK_STATE_ACTIVE = 2,
    LK_STATE_SUSPENDED = 3,
    LK_STATE_REVOKED = 4
};

enum lk_attestation_format {
    LK_FORMAT_NONE = 0,
    LK_FORMAT_PACKED = 1,
    LK_FORMAT_PACKED_SELF = 2,
    LK_FORMAT_FIDO_U2F = 3
};

/* What the attestation signature proved: only what follows from verified bytes stands here. */
struct lk_facts_proved {
    enum lk_attestation_format format;
    bool has_anchor;
    struct lk_digest
        anchor; /* SHA-256 of the pinned anchor certificate the chain ended in; absent until roots are configured */
    char firmware[LK_TEXT_MAX]; /* "" = not proved */
    char serial[LK_TEXT_MAX];
};
/* What the device said of itself (getInfo, USB strings): useful for a desk, proof of nothing. */
struct lk_facts_claimed {
    char model[LK_TEXT_MAX];
    char firmware[LK_TEXT_MAX];
    char serial[LK_TEXT_MAX];
};

struct lk_statement {
    uint64_t version; /* from 1; per credential the highest known counts */
    struct lk_subject subject;
    char name[LK_NAME_MAX + 1];
    enum lk_kind kind;
    char relying_party[LK_RELYING_PARTY_MAX + 1];
    struct lk_credential_id credential_id;
    struct lk_public_key public_key;
    uint8_t aaguid[LK_AAGUID_SIZE];
    struct lk_facts_proved proved;
    struct lk_facts_claimed claimed;
    struct lk_digest attestation_digest;        /* SHA-256 of the attestation object */
    struct lk_digest creation_client_data_hash; /* clientDataHash it was made with */
    uint32_t group_count;
    char groups[LK_GROUPS_MAX]
               [LK_GROUP_MAX +
                1];     /* host groups it opens, sorted bytewise, unique; empty for browser */
    int64_t not_before; /* seconds since 1970; 0 = at once */
    int64_t not_after;  /* 0 = no end */
    bool
        user_verification; /* true: this credential needs user verification whatever the policy says */
};

/* Acts that operators endorse. The text is what is signed ("enrol", ...); see lk_act_name. */
enum lk_act {
    LK_ACT_ENROL = 1,   /* leaves: statement digests (also a new version that resumes or changes) */
    LK_ACT_SUSPEND = 2, /* leaves: digests of state changes */
    LK_ACT_REVOKE = 3,  /* leaves: digests of state changes; also report-lost */
    LK_ACT_OPERATORS = 4, /* one leaf: digest of an operator set */
    LK_ACT_RESTORE = 5,   /* one leaf: digest of a restore acceptance */
    LK_ACT_COUNT = 6
};
const char *lk_act_name(enum lk_act act); /* "enrol", "suspend", "revoke", "operators", "restore" */
uint32_t
lk_act_role(enum lk_act act); /* the enum lk_role bit an operator needs for it; 0 for no act */
const char *lk_kind_name(enum lk_kind kind);    /* "host", "browser", "operator" */
const char *lk_state_name(enum lk_state state); /* "pending", "active", "suspended", "revoked" */
const char *
lk_format_name(enum lk_attestation_format format); /* "none", "packed", "packed-self", "fido-u2f" */

/* A change of state of one statement (all versions of its credential). */
struct lk_state_change {
    struct lk_digest statement; /* digest of the statement it names */
    enum lk_state state;        /* SUSPENDED or REVOKED */
    char reason[LK_TEXT_MAX];   /* "lost", "replaced", "left at home", free text of the operator */
    int64_t time;
};

/* Acceptance of a store that does not extend a mark. */
struct lk_restore {
    uint64_t mark_number; /* the mark that is given up */
    struct lk_digest mark_hash;
    uint64_t store_number; /* newest register entry of the restored store */
    struct lk_digest store_hash;
    int64_t time;
};

/* One operator's touch. The eight first members are what is signed (docs/PROTOCOL.md 4.4). */
struct lk_endorsement {
    enum lk_act act;
    struct lk_digest root; /* RFC 9162 tree hash over the leaf digests */
    uint64_t count;        /* number of leaves under it */
    uint64_t
        register_number; /* an earlier committed register entry, any; 0 with a zero hash only while the register is empty */
    struct lk_digest register_hash;
    struct lk_subject operator_id;
    int64_t time;
    struct lk_credential_id credential_id; /* which of the operator's keys */
    uint16_t authenticator_data_len;
    uint8_t authenticator_data[512];
    uint16_t signature_len;
    uint8_t signature[LK_SIGNATURE_MAX];
};

/* An RFC 9162 section 2.1.3 inclusion path. */
struct lk_tree_path {
    uint64_t index; /* leaf number from 0 */
    uint64_t count; /* leaves in the tree */
    uint32_t length;
    struct lk_digest hashes[LK_PATH_MAX];
};

enum lk_role {
    LK_ROLE_ENROL = 1,
    LK_ROLE_REVOKE = 2,
    LK_ROLE_OPERATORS = 4,
    LK_ROLE_RESTORE = 8,
    LK_ROLE_ALL = 15
};

struct lk_operator_key {
    struct lk_credential_id credential_id;
    struct lk_public_key public_key;
    uint8_t aaguid[LK_AAGUID_SIZE];
};
struct lk_operator {
    struct lk_subject id;
    char name[LK_NAME_MAX + 1];
    uint32_t roles; /* enum lk_role bits */
    uint32_t key_count;
    struct lk_operator_key keys[LK_OPERATOR_KEYS_MAX];
};
struct lk_operator_set {
    uint64_t number; /* from 1 */
    char organisation[LK_ORGANISATION_MAX + 1];
    struct lk_digest previous;    /* digest of set number - 1; zero for set 1 */
    uint8_t quorum[LK_ACT_COUNT]; /* by enum lk_act, from 1; index 0 unused and 0 */
    int64_t time;
    uint32_t operator_count;
    struct lk_operator *operators; /* owned, sorted by id */
};
struct lk_operator_set *
lk_operator_set_free(struct lk_operator_set *set); /* returns NULL, accepts NULL */
/* The order the format wants: operators by id, the keys of each by credential id. */
void lk_operator_set_sort(struct lk_operator_set *set);
/* The order of credential ids: shorter first, then bytewise. Below, at or above zero. */
int lk_credential_id_compare(const struct lk_credential_id *a, const struct lk_credential_id *b);

/* Sorts the groups bytewise and drops repeated ones: the form the encoder takes. */
void lk_statement_sort_groups(struct lk_statement *statement);

/* Register: numbered from 1, chained. */
enum lk_entry_kind {
    LK_ENTRY_OPERATOR_SET = 1,
    LK_ENTRY_STATEMENT = 2,   /* a statement became known (pending) */
    LK_ENTRY_ENDORSEMENT = 3, /* endorsements reached the quorum: the statement is active */
    LK_ENTRY_STATE = 4,       /* suspended or revoked */
    LK_ENTRY_RESTORE = 5
};
/* "operator set", "statement", "endorsement", "state", "restore" */
const char *lk_entry_kind_name(enum lk_entry_kind kind);
struct lk_register_entry {
    uint64_t number;
    struct lk_digest previous; /* hash of entry number - 1; zero for 1 */
    enum lk_entry_kind kind;
    struct lk_digest
        object; /* digest of the object it records (statement, set, state change, restore) */
    struct lk_digest
        detail; /* SHA-256 over the endorsement record bytes in order (each u32 length + bytes); zero where there are none */
    struct lk_subject subject; /* whose; zero for sets and restores */
    int64_t time;
    struct lk_subject broker; /* the broker that wrote it */
    uint64_t log_number;      /* its last login record then */
    struct lk_digest log_hash;
};

/* A signed answer of an authenticator, as it travels. Borrowed views. */
struct lk_assertion {
    struct lk_view credential_id;
    struct lk_view authenticator_data;
    struct lk_view signature;
    struct lk_view user_handle; /* may be empty */
    struct lk_view client_data; /* clientDataJSON for browser ceremonies, else empty */
};

/* A new credential as a device process hands it over. */
struct lk_attestation {
    struct lk_view object;           /* CBOR attestation object {fmt, attStmt, authData} */
    struct lk_view client_data_hash; /* 32 bytes */
};

/* The decision about one login: deny is the initial value. */
struct lk_decision {
    bool allowed;
    enum lk_reason reason; /* LK_REASON_NONE if and only if allowed; LK_REASON_INTERNAL at first */
    struct lk_subject subject;
    struct lk_digest credential; /* SHA-256 of the credential id */
    struct lk_digest statement;
    uint8_t aaguid[LK_AAGUID_SIZE];
    uint8_t flags; /* of the signed authenticator data */
    uint32_t counter;
    bool signature_verified;
};
#define LK_DECISION_DENIED ((struct lk_decision){.allowed = false, .reason = LK_REASON_INTERNAL})

/* 1 to 64 of [a-z0-9._-]. */
bool lk_name_valid(const char *name);
/* 1 to 64 of [a-z0-9.-], not beginning or ending with . or - */
bool lk_organisation_valid(const char *name);
bool lk_group_valid(const char *name);
/* Form of a relying party of this kind: "latchkey-host:ORG", "latchkey-operator:ORG", or a host name of [a-z0-9.-]. */
bool lk_relying_party_valid(const char *relying_party, enum lk_kind kind);
bool lk_digest_zero(const struct lk_digest *digest);
bool lk_subject_zero(const struct lk_subject *subject);
/* "latchkey-host:ORG", "latchkey-operator:ORG"; size at least LK_RELYING_PARTY_MAX + 1. */
void lk_relying_party_host(char *ret_text, size_t size, const char *organisation);
void lk_relying_party_operator(char *ret_text, size_t size, const char *organisation);

#endif
