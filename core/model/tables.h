/* SPDX-License-Identifier: EUPL-1.2 */
/* What the organisation knows of security keys: models, certificates that vouch for them, advisories. Plain rows; core/tables reads them from text, core/policy judges with them.
 * firmware-notes/README.md says what each means to people. */
#ifndef LK_MODEL_TABLES_H
#define LK_MODEL_TABLES_H

#include "model/model.h"

enum {
    LK_TABLE_VENDOR_MAX = 64,
    LK_TABLE_TEXT_MAX = 128,
    LK_TABLE_FAMILY_MAX = 32,
    LK_TABLE_ID_MAX = 48,
    LK_TABLE_SENTENCE_MAX = 192,
    LK_TABLE_ROWS_MAX = 4096, /* of one table, all its files together */
    LK_TABLE_AFFECTED_MAX = 64,
    LK_TABLE_BOUND_MAX = 512 /* families and AAGUIDs of one anchor */
};

/* A firmware of three numbers to 255 as one that can be compared: 5.7.4 is 0x050704. */
#define LK_FIRMWARE(major, minor, patch)                                                           \
    ((uint32_t)(major) << 16 | (uint32_t)(minor) << 8 | (uint32_t)(patch))
enum { LK_FIRMWARE_HIGHEST = 0xffffff, LK_FIRMWARE_TEXT = 12 };
/* "5.7.4". */
void lk_firmware_format(uint32_t firmware, char ret_text[LK_FIRMWARE_TEXT]);
/* One to three numbers to 255 with dots; missing ones are 0, or 255 where highest is set ("5.4" as an end means all of it). -LK_ERR_ENCODING. */
LK_MUST_USE int lk_firmware_parse(const char *text, bool highest, uint32_t *ret_firmware);

/* Where a row came from; a local one may replace a shipped one and says so. Imported ones add what the FIDO metadata say. */
enum lk_table_origin { LK_TABLE_SHIPPED = 1, LK_TABLE_LOCAL, LK_TABLE_IMPORTED };
/* For whoever must be told which row it was: "authenticators.conf:17". */
struct lk_table_place {
    enum lk_table_origin origin;
    unsigned int line;
};

enum lk_authenticator_kind {
    LK_AUTHENTICATOR_SECURITY_KEY = 1,
    LK_AUTHENTICATOR_SMART_CARD,
    LK_AUTHENTICATOR_WALLET,
    LK_AUTHENTICATOR_PLATFORM,
    LK_AUTHENTICATOR_SOFTWARE,
    LK_AUTHENTICATOR_RESEARCH,
    LK_AUTHENTICATOR_PREVIEW,
    LK_AUTHENTICATOR_TEST
};
/* What the number is that the key gives as firmwareVersion (CTAP 2.1 section 6.4, 0x0E). */
enum lk_firmware_decoder {
    LK_DECODER_NONE = 1, /* it gives none, or nobody knows what it means */
    LK_DECODER_OPAQUE,   /* something else than the firmware */
    LK_DECODER_YUBICO24  /* 0xMMmmpp */
};
/* FIDO level, in order: what is higher is more. */
enum lk_certification {
    LK_CERTIFICATION_UNKNOWN = 0,
    LK_CERTIFICATION_NONE,
    LK_CERTIFICATION_L1,
    LK_CERTIFICATION_L1PLUS,
    LK_CERTIFICATION_L2,
    LK_CERTIFICATION_L2PLUS,
    LK_CERTIFICATION_L3,
    LK_CERTIFICATION_L3PLUS
};
enum lk_transport { LK_TRANSPORT_USB = 1, LK_TRANSPORT_NFC = 2, LK_TRANSPORT_BLE = 4 };

const char *lk_certification_name(enum lk_certification certification); /* "L2plus" */
/* The inverse. -LK_ERR_ENCODING. */
LK_MUST_USE int lk_certification_parse(const char *text, enum lk_certification *ret_certification);
const char *lk_authenticator_kind_name(enum lk_authenticator_kind kind); /* "security-key" */

struct lk_authenticator {
    uint8_t aaguid[LK_AAGUID_SIZE];
    char vendor[LK_TABLE_VENDOR_MAX + 1];
    char model[LK_TABLE_TEXT_MAX + 1];
    char family[LK_TABLE_FAMILY_MAX + 1];
    enum lk_authenticator_kind kind;
    bool has_firmware; /* the range is known */
    uint32_t firmware_from;
    uint32_t firmware_to;
    enum lk_firmware_decoder decoder;
    enum lk_certification certification;
    bool enterprise;     /* may answer enterprise attestation */
    uint32_t transports; /* bits of enum lk_transport; 0 = not known */
    bool fingerprint;
    char note[LK_TABLE_FAMILY_MAX + 1];
    struct lk_table_place place;
    /* Set when the tables are complete: the advisories that name it, in matches of struct lk_tables. */
    uint32_t first_match;
    uint32_t match_count;
};

enum lk_anchor_role {
    LK_ANCHOR_TRUST = 1,    /* a chain may end here */
    LK_ANCHOR_INTERMEDIATE, /* helps to build a chain */
    LK_ANCHOR_REFUSE        /* a chain with it is refused */
};
struct lk_anchor {
    uint8_t digest[LK_DIGEST_SIZE]; /* SHA-256 of the DER */
    char name[LK_TABLE_TEXT_MAX + 1];
    char vendor[LK_TABLE_VENDOR_MAX + 1];
    enum lk_anchor_role role;
    /* Owned. Where one of them is not empty it vouches for these only, otherwise for all of its vendor. */
    char (*families)[LK_TABLE_FAMILY_MAX + 1];
    size_t family_count;
    uint8_t (*aaguids)[LK_AAGUID_SIZE];
    size_t aaguid_count;
    bool by_vendor; /* also where AAGUIDs were imported for a row that vouches for its vendor */
    char note[LK_TABLE_FAMILY_MAX + 1];
    struct lk_table_place place;
};

enum lk_advisory_evidence {
    LK_EVIDENCE_POSSIBLE = 1, /* applies also where the firmware is unknown and could be in range */
    LK_EVIDENCE_CERTAIN,      /* only where the firmware is known to be in range */
    LK_EVIDENCE_SIGNED        /* only where the attestation signed it */
};
/* In order: what is higher is worse. */
enum lk_table_verdict {
    LK_VERDICT_NOTHING = 0,
    LK_VERDICT_NOTE,
    LK_VERDICT_WARN,
    LK_VERDICT_REFUSE_ENROL,
    LK_VERDICT_REFUSE_LOGIN
};
const char *
lk_table_verdict_name(enum lk_table_verdict verdict); /* "nothing", "note", "refuse-enrol" */
/* The inverse. -LK_ERR_ENCODING. */
LK_MUST_USE int lk_table_verdict_parse(const char *text, enum lk_table_verdict *ret_verdict);

/* Which models are meant: "family yubikey-5", "vendor Yubico", "aaguid 2fc0579f-8113-47ea-b116-bb5a8db9202a". */
enum lk_models_what { LK_MODELS_FAMILY = 1, LK_MODELS_AAGUID, LK_MODELS_VENDOR };
struct lk_models {
    enum lk_models_what what;
    char name[LK_TABLE_VENDOR_MAX + 1]; /* of a family or vendor */
    uint8_t aaguid[LK_AAGUID_SIZE];
};
/* The first len bytes of text. -LK_ERR_ENCODING. */
LK_MUST_USE int lk_models_parse(const char *text, size_t len, struct lk_models *ret_models);
bool lk_models_have(const struct lk_models *models, const struct lk_authenticator *authenticator);
/* 8-4-4-4-12 lower-case hexadecimal digits and nothing behind. -LK_ERR_ENCODING. */
enum { LK_AAGUID_TEXT = 37 };
LK_MUST_USE int lk_aaguid_parse(const char *text, uint8_t ret_aaguid[LK_AAGUID_SIZE]);
void lk_aaguid_format(const uint8_t aaguid[LK_AAGUID_SIZE], char ret_text[LK_AAGUID_TEXT]);
bool lk_family_valid(const char *text); /* 1 to 32 of [a-z0-9-] */
/* YYYY-MM-DD, the beginning of that day in UTC. -LK_ERR_ENCODING. */
LK_MUST_USE int lk_date_parse(const char *text, int64_t *ret_seconds);

/* A line of the policy about some models: "MODELS [FIRMWARE] [from DATE]". */
struct lk_models_rule {
    struct lk_models models;
    uint32_t firmware; /* the least, where the line has one */
    int64_t from;      /* logins are refused from then on, enrolments at once; 0: both at once */
};
/* firmware: whether the line must have one, or must not. -LK_ERR_ENCODING. */
LK_MUST_USE int lk_models_rule_parse(const char *text, bool firmware,
                                     struct lk_models_rule *ret_rule);

struct lk_affected {
    struct lk_models models;
    uint32_t from; /* both inclusive */
    uint32_t to;
};
struct lk_advisory {
    char id[LK_TABLE_ID_MAX + 1];
    char title[LK_TABLE_TEXT_MAX + 1];
    char cve[LK_TABLE_TEXT_MAX + 1]; /* "CVE-2024-45678 CVE-..."; "" = none */
    int64_t date;
    struct lk_affected *affected; /* owned */
    size_t affected_count;
    enum lk_advisory_evidence evidence;
    enum lk_table_verdict verdict;
    int64_t from; /* REFUSE_LOGIN: logins are refused from then on; before, it is REFUSE_ENROL */
    char risk[LK_TABLE_SENTENCE_MAX + 1];
    char todo[LK_TABLE_SENTENCE_MAX + 1];
    char todo_fr[LK_TABLE_SENTENCE_MAX + 1];
    char note[LK_TABLE_FAMILY_MAX + 1];
    struct lk_table_place place;
};

/* The section [table] of a file. */
struct lk_table_head {
    bool given; /* false: there is no such file */
    uint32_t version;
    int64_t date;
    int64_t next_update; /* of imported ones; 0 = none */
};
enum lk_table { LK_TABLE_AUTHENTICATORS = 0, LK_TABLE_ANCHORS, LK_TABLE_ADVISORIES, LK_TABLES };
const char *lk_table_name(enum lk_table table);                /* "authenticators" */
const char *lk_table_origin_name(enum lk_table_origin origin); /* "shipped", "local", "imported" */

/* Which advisory names an authenticator, and by which of its lines. */
struct lk_table_match {
    uint32_t advisory;
    uint32_t affected;
};

struct lk_tables {
    struct lk_authenticator *authenticators; /* sorted by AAGUID */
    size_t authenticator_count;
    struct lk_anchor *anchors; /* sorted by digest */
    size_t anchor_count;
    struct lk_advisory *advisories;
    size_t advisory_count;
    struct lk_table_match *matches;
    size_t match_count;
    struct lk_table_head heads[LK_TABLES][LK_TABLE_IMPORTED + 1]; /* by origin */
};

/* Frees everything. Returns NULL; accepts NULL. */
struct lk_tables *lk_tables_free(struct lk_tables *tables);
/* NULL if there is no such row, or tables is NULL. Binary search. */
const struct lk_authenticator *lk_tables_authenticator(const struct lk_tables *tables,
                                                       const uint8_t aaguid[LK_AAGUID_SIZE]);
const struct lk_anchor *lk_tables_anchor(const struct lk_tables *tables,
                                         const uint8_t digest[LK_DIGEST_SIZE]);
/* Of the shipped or the local file, whichever is newer: so old is what is known. */
int64_t lk_tables_date(const struct lk_tables *tables, enum lk_table table);
const struct lk_advisory *lk_tables_advisory(const struct lk_tables *tables, const char *id);
/* May a chain that ends here vouch for this model? */
bool lk_anchor_vouches(const struct lk_anchor *anchor,
                       const struct lk_authenticator *authenticator);

#endif
