/* SPDX-License-Identifier: EUPL-1.2 */
/* What is known of a key and what is said about it: evidence for the firmware, advisories by range and evidence, the policy's lists, persons, dates, the age of tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "policy/key.h"
#include "tables/tables.h"

#define DAY              86400
#define TODAY            ((int64_t)1795478400) /* 2026-11-24 */
#define HEAD(name, date) "[table]\nformat = latchkey-" name " 1\nversion = 1\ndate = " date "\n"
#define ROW(digit, family, vendor, kind, more)                                                     \
    "[authenticator 0000000" digit "-0000-0000-0000-000000000000]\nvendor = " vendor               \
    "\nmodel = M" digit "\nfamily = " family "\nkind = " kind "\n" more                            \
    "profile = consumer\nnote = n\nsource = S\n"
#define RANGE(from, to, level)                                                                     \
    "firmware_from = " from "\nfirmware_to = " to "\ndecoder = yubico24\ncertification = " level   \
    "\n"
#define OPAQUE "decoder = opaque\ncertification = unknown\n"
#define PIN(digit, vendor, role, more)                                                             \
    "[anchor " digit "000000000000000000000000000000000000000000000000000000000000000]\n"          \
    "name = N\nvendor = " vendor "\nrole = " role "\nnote = n\nsource = S\n" more
#define ADVISORY(id, affects, evidence, verdict)                                                   \
    "[advisory " id "]\ntitle = T\ndate = 2024-09-03\naffects = " affects "\nevidence = " evidence \
    "\nverdict = " verdict "\nrisk = R\ntodo = D\ntodo_fr = D\nnote = n\nsource = S\n"

enum model { OLD = 1, NEW, FIPS, OPENSK, NITRO, PREVIEW, NOBODY };
enum anchor { YUBICO = 1, NITROKEY, OTHER_FAMILY, HELPER, BAD, BY_HAND, NONE };

static const char authenticators[] = HEAD("authenticators", "2026-11-22")
    ROW("1", "yubikey-5", "Yubico", "security-key", RANGE("5.2", "5.4", "L1"))
        ROW("2", "yubikey-5", "Yubico", "security-key", RANGE("5.7", "5.7", "L2"))
            ROW("3", "yubikey-5-fips", "Yubico", "security-key", RANGE("5.7", "5.7", "L2"))
                ROW("4", "opensk", "Research", "research", OPAQUE)
                    ROW("5", "nitrokey-3", "Nitrokey", "security-key", OPAQUE)
                        ROW("6", "yubikey-preview", "Yubico", "preview", OPAQUE);
static const char anchors[] = HEAD("anchors", "2020-01-01") PIN("1", "Yubico", "trust", "")
    PIN("2", "Nitrokey", "trust", "") PIN("3", "Yubico", "trust", "family = yubikey-5-fips\n")
        PIN("4", "Yubico", "intermediate", "") PIN("5", "Yubico", "refuse", "");
static const char advisories[] = HEAD("advisories", "2026-11-22")
    ADVISORY("EUCLEAK", "family yubikey-5 below 5.7.0\naffects = family yubikey-5-fips below 5.7.2",
             "possible",
             "warn") ADVISORY("PARTLY", "vendor Yubico 5.4.1 to 5.7.3", "certain", "note")
        ADVISORY("SIGNED", "family yubikey-5 5.7.1 to 5.7.2", "signed", "refuse-enrol") ADVISORY(
            "PREVIEW", "family yubikey-preview any", "possible", "refuse-login-from 2026-11-22")
            ADVISORY("LATER", "family nitrokey-3 any", "possible", "refuse-login-from 2026-12-24");

static struct lk_tables *tables;
static struct lk_key_policy policy;
static struct lk_key_finding findings[LK_KEY_FINDINGS_MAX];

static void add(enum lk_table table, const char *text)
{
    char message[LK_TABLES_MESSAGE_SIZE] = "";
    int r = lk_tables_add(tables, table, LK_TABLE_SHIPPED, lk_table_name(table),
                          LK_VIEW((const uint8_t *)text, strlen(text)), message, sizeof message);

    assert_string_equal(message, "");
    assert_int_equal(r, 0);
}

static int begin(void **state)
{
    char message[LK_TABLES_MESSAGE_SIZE] = "";

    (void)state;
    tables = lk_tables_new();
    add(LK_TABLE_AUTHENTICATORS, authenticators);
    add(LK_TABLE_ANCHORS, anchors);
    add(LK_TABLE_ADVISORIES, advisories);
    assert_int_equal(lk_tables_finish(tables, message, sizeof message), 0);
    policy = (struct lk_key_policy){.unattested = LK_VERDICT_REFUSE_ENROL,
                                    .unknown_model = LK_VERDICT_REFUSE_ENROL,
                                    .other_kind = LK_VERDICT_REFUSE_ENROL,
                                    .unknown_firmware = LK_VERDICT_WARN};
    return 0;
}

static int end(void **state)
{
    (void)state;
    tables = lk_tables_free(tables);
    return 0;
}

static struct lk_key look(enum model model, enum anchor anchor, const char *firmware,
                          const char *reported)
{
    uint8_t aaguid[LK_AAGUID_SIZE] = {0, 0, 0, (uint8_t)model};
    struct lk_digest digest = {{(uint8_t)(anchor << 4)}};
    const struct lk_key_facts facts = {.aaguid = aaguid,
                                       .format = LK_FORMAT_PACKED,
                                       .anchor = anchor != NONE ? &digest : NULL,
                                       .firmware = firmware,
                                       .reported = reported};
    struct lk_key key;

    lk_key_look(tables, &facts, &key);
    return key;
}

static size_t judge(struct lk_key key, enum lk_key_person person, int64_t now)
{
    memset(findings, 0, sizeof findings);
    return lk_key_judge(&policy, tables, &key, person, now, findings, LK_KEY_FINDINGS_MAX);
}

/* The kinds and verdicts of what is found, "advisory:warn unattested:refuse-enrol". */
static const char *said(struct lk_key key, enum lk_key_person person, int64_t now)
{
    static char text[1024];
    size_t count = judge(key, person, now);

    text[0] = '\0';
    for (size_t i = 0; i < count; i++)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s:%s", i > 0 ? " " : "",
                       findings[i].kind == LK_KEY_ADVISORY
                           ? findings[i].advisory->id
                           : lk_key_rule_kind_name(findings[i].kind),
                       lk_table_verdict_name(findings[i].verdict));
    return text;
}

static const char *of(enum model model, enum anchor anchor, const char *firmware)
{
    return said(look(model, anchor, firmware, ""), LK_PERSON_AGENT, TODAY);
}

/* ---- firmware ---- */

static void evidence(void **state)
{
    static const struct {
        enum model model;
        enum anchor anchor;
        const char *firmware;
        const char *reported;
        enum lk_firmware_source source;
        uint32_t low;
        uint32_t high;
    } rows[] = {
        /* Signed counts first, whatever is reported. */
        {NEW, YUBICO, "5.7.4", "329472", LK_FIRMWARE_SIGNED, 0x050704, 0x050704},
        /* ... and whatever the row says. */
        {OLD, YUBICO, "5.7.4", "", LK_FIRMWARE_SIGNED, 0x050704, 0x050704},
        {OLD, YUBICO, "", "328707", LK_FIRMWARE_REPORTED, 0x050403, 0x050403},
        /* Unsigned and nothing proved: worth nothing. */
        {OLD, NONE, "", "328707", LK_FIRMWARE_OF_MODEL, 0x050200, 0x0504ff},
        {OLD, NONE, "5.4.3", "", LK_FIRMWARE_OF_MODEL, 0x050200, 0x0504ff},
        /* Somebody else's anchor proves nothing of this model. */
        {OLD, NITROKEY, "", "328707", LK_FIRMWARE_OF_MODEL, 0x050200, 0x0504ff},
        /* Outside of what the model can have, or no such number. */
        {OLD, YUBICO, "", "329476", LK_FIRMWARE_OF_MODEL, 0x050200, 0x0504ff},
        {OLD, YUBICO, "", "4295295999", LK_FIRMWARE_OF_MODEL, 0x050200, 0x0504ff},
        {OLD, YUBICO, "", "0x50403", LK_FIRMWARE_OF_MODEL, 0x050200, 0x0504ff},
        {OLD, YUBICO, "", NULL, LK_FIRMWARE_OF_MODEL, 0x050200, 0x0504ff},
        /* A number that means something else is never one. */
        {NITRO, NITROKEY, "", "2", LK_FIRMWARE_UNKNOWN, 0, LK_FIRMWARE_HIGHEST},
        {NOBODY, YUBICO, "", "328707", LK_FIRMWARE_UNKNOWN, 0, LK_FIRMWARE_HIGHEST},
        {NOBODY, YUBICO, "5.4.3", "", LK_FIRMWARE_SIGNED, 0x050403, 0x050403},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lk_key key = look(rows[i].model, rows[i].anchor, rows[i].firmware, rows[i].reported);

        assert_int_equal(key.source, rows[i].source);
        assert_int_equal(key.low, rows[i].low);
        assert_int_equal(key.high, rows[i].high);
    }
    assert_string_equal(lk_firmware_source_name(LK_FIRMWARE_SIGNED), "signed");
}

/* ---- advisories ---- */

static void advisories_apply(void **state)
{
    (void)state;
    /* 5.2 to 5.4 lies wholly below 5.7.0, not wholly above 5.4.1. */
    assert_string_equal(of(OLD, YUBICO, ""), "EUCLEAK:warn");
    assert_string_equal(of(OLD, YUBICO, "5.4.3"), "EUCLEAK:warn PARTLY:note");
    assert_string_equal(of(OLD, YUBICO, "5.4.0"), "EUCLEAK:warn");
    assert_string_equal(of(NEW, YUBICO, "5.6.255"), "EUCLEAK:warn PARTLY:note");
    assert_string_equal(of(NEW, YUBICO, "5.7.0"), "PARTLY:note");
    assert_string_equal(of(NEW, YUBICO, "5.7.4"), "");
    /* 5.7 without more: not known to be below 5.7.4. */
    assert_string_equal(of(NEW, YUBICO, ""), "");
    /* FIPS is repaired later: 5.7 alone may be 5.7.0. */
    assert_string_equal(of(FIPS, YUBICO, ""), "EUCLEAK:warn");
    assert_string_equal(of(FIPS, YUBICO, "5.7.1"), "EUCLEAK:warn PARTLY:note");
    assert_string_equal(of(FIPS, YUBICO, "5.7.2"), "PARTLY:note");
    /* Only where the firmware is signed. */
    assert_string_equal(of(NEW, YUBICO, "5.7.1"), "SIGNED:refuse-enrol PARTLY:note");
    assert_string_equal(said(look(NEW, YUBICO, "", "329473"), LK_PERSON_AGENT, TODAY),
                        "PARTLY:note");
    assert_int_equal(judge(look(NEW, YUBICO, "5.7.1", ""), LK_PERSON_AGENT, TODAY), 2);
    assert_int_equal(lk_key_reason(findings, 2, true), LK_REASON_ADVISORY);
    assert_int_equal(lk_key_reason(findings, 2, false), LK_REASON_NONE);
}

static void dates(void **state)
{
    struct lk_key key = look(NITRO, NITROKEY, "", "");
    int64_t day = 1798070400; /* 2026-12-24 */

    (void)state;
    assert_string_equal(said(key, LK_PERSON_AGENT, day - 1), "LATER:refuse-enrol");
    assert_int_equal(findings[0].from, day);
    assert_int_equal(lk_key_reason(findings, 1, false), LK_REASON_NONE);
    assert_string_equal(said(key, LK_PERSON_AGENT, day), "LATER:refuse-login");
    assert_int_equal(lk_key_reason(findings, 1, false), LK_REASON_ADVISORY);
    assert_string_equal(of(PREVIEW, YUBICO, ""), "PREVIEW:refuse-login other-kind:refuse-enrol");
}

static void persons(void **state)
{
    struct lk_key key = look(OLD, YUBICO, "5.4.3", "");

    (void)state;
    policy.means[LK_PERSON_ADMINISTRATOR][LK_VERDICT_WARN] = LK_VERDICT_REFUSE_LOGIN;
    policy.means[LK_PERSON_OPERATOR][LK_VERDICT_WARN] = LK_VERDICT_REFUSE_ENROL;
    /* Less than the verdict itself it never means. */
    policy.means[LK_PERSON_AGENT][LK_VERDICT_WARN] = LK_VERDICT_NOTE;
    assert_string_equal(said(key, LK_PERSON_AGENT, TODAY), "EUCLEAK:warn PARTLY:note");
    assert_string_equal(said(key, LK_PERSON_OPERATOR, TODAY), "EUCLEAK:refuse-enrol PARTLY:note");
    assert_string_equal(said(key, LK_PERSON_ADMINISTRATOR, TODAY),
                        "EUCLEAK:refuse-login PARTLY:note");
}

/* ---- what vouches for it ---- */

static void attestation(void **state)
{
    (void)state;
    assert_string_equal(of(NEW, NONE, ""), "unattested:refuse-enrol");
    assert_int_equal(lk_key_reason(findings, 1, true), LK_REASON_ATTESTATION);
    assert_string_equal(of(NEW, NITROKEY, ""), "not-vouched:refuse-enrol");
    assert_string_equal(of(NEW, OTHER_FAMILY, ""), "not-vouched:refuse-enrol");
    assert_string_equal(of(FIPS, OTHER_FAMILY, "5.7.4"), "");
    assert_string_equal(of(NEW, HELPER, ""), "anchor-refused:refuse-enrol");
    /* Pinned by root without a row: for whatever it signed. */
    assert_string_equal(of(NEW, BY_HAND, ""), "");
    policy.unattested = LK_VERDICT_NOTE;
    assert_string_equal(of(NEW, NONE, ""), "unattested:note");
    /* A refused anchor is never let in. */
    assert_string_equal(of(NEW, BAD, ""), "anchor-refused:refuse-enrol");
    policy.unattested = LK_VERDICT_NOTHING;
    assert_string_equal(of(NEW, NONE, ""), "");
}

static void models(void **state)
{
    (void)state;
    assert_string_equal(of(NOBODY, YUBICO, ""), "unknown-model:refuse-enrol");
    assert_string_equal(of(NOBODY, NONE, ""), "unattested:refuse-enrol unknown-model:refuse-enrol");
    assert_string_equal(of(OPENSK, BY_HAND, ""), "other-kind:refuse-enrol");
    assert_int_equal(lk_key_reason(findings, 1, true), LK_REASON_MODEL);
    policy.unknown_model = LK_VERDICT_NOTHING;
    policy.certification = LK_CERTIFICATION_L2;
    assert_string_equal(of(NOBODY, YUBICO, ""), "");
    assert_string_equal(of(NEW, YUBICO, "5.7.4"), "");
    assert_string_equal(of(OLD, YUBICO, "5.4.0"), "certification:refuse-enrol EUCLEAK:warn");
    /* Unknown is not enough. */
    assert_string_equal(said(look(NITRO, NITROKEY, "", ""), LK_PERSON_AGENT, TODAY),
                        "certification:refuse-enrol LATER:refuse-enrol");
}

static struct lk_models_rule rule(const char *text)
{
    struct lk_models_rule made = {0};

    assert_int_equal(lk_models_rule_parse(text, strpbrk(text, ".") != NULL, &made), 0);
    return made;
}

static void lists(void **state)
{
    const struct lk_models_rule allowed[] = {rule("family yubikey-5"),
                                             rule("aaguid 00000003-0000-0000-0000-000000000000")};
    const struct lk_models_rule refused[] = {rule("vendor Yubico from 2026-12-04"),
                                             rule("aaguid 00000002-0000-0000-0000-000000000000")};

    (void)state;
    policy.allowed = (struct lk_key_rules){allowed, 2};
    assert_string_equal(of(NEW, YUBICO, "5.7.4"), "");
    assert_string_equal(of(FIPS, YUBICO, "5.7.4"), "");
    assert_string_equal(of(NITRO, NITROKEY, ""), "not-allowed:refuse-login LATER:refuse-enrol");
    policy.refused = (struct lk_key_rules){refused, 2};
    assert_string_equal(of(FIPS, YUBICO, "5.7.4"), "refused:refuse-enrol");
    assert_ptr_equal(findings[0].rule, &refused[0]);
    assert_int_equal(findings[0].from, TODAY + 10 * DAY);
    assert_string_equal(said(look(FIPS, YUBICO, "5.7.4", ""), LK_PERSON_AGENT, TODAY + 10 * DAY),
                        "refused:refuse-login");
    /* The worst first. */
    assert_string_equal(of(NEW, YUBICO, "5.7.4"), "refused:refuse-login refused:refuse-enrol");
    assert_ptr_equal(findings[0].rule, &refused[1]);
    assert_int_equal(lk_key_reason(findings, 2, false), LK_REASON_MODEL);
    /* A model that nobody knows is on no list of what is allowed. */
    policy.unknown_model = LK_VERDICT_NOTHING;
    assert_string_equal(of(NOBODY, YUBICO, ""), "not-allowed:refuse-login");
}

static void minimum(void **state)
{
    const struct lk_models_rule least[] = {rule("family yubikey-5 5.7.2"),
                                           rule("family yubikey-5-fips 5.8 from 2026-12-04")};

    (void)state;
    policy.minimum = (struct lk_key_rules){least, 2};
    assert_string_equal(of(NEW, YUBICO, "5.7.2"), "SIGNED:refuse-enrol PARTLY:note");
    assert_string_equal(of(NEW, YUBICO, "5.7.4"), "");
    assert_string_equal(of(NEW, YUBICO, ""), "unknown-firmware:warn");
    assert_string_equal(of(OLD, YUBICO, ""), "below-minimum:refuse-login EUCLEAK:warn");
    assert_int_equal(lk_key_reason(findings, 2, false), LK_REASON_FIRMWARE);
    /* From a day on. */
    assert_string_equal(of(FIPS, YUBICO, "5.7.4"), "below-minimum:refuse-enrol");
    assert_string_equal(said(look(FIPS, YUBICO, "5.7.4", ""), LK_PERSON_AGENT, TODAY + 10 * DAY),
                        "below-minimum:refuse-login");
    policy.unknown_firmware = LK_VERDICT_REFUSE_ENROL;
    assert_string_equal(of(NEW, YUBICO, ""), "unknown-firmware:refuse-enrol");
}

/* ---- age ---- */

static void age(void **state)
{
    struct lk_key key = look(NEW, YUBICO, "5.7.4", "");
    int64_t day = TODAY - 2 * DAY;

    (void)state;
    policy.age_warn_days = 90;
    policy.age_refuse_days = 365;
    assert_string_equal(said(key, LK_PERSON_AGENT, day + 90 * DAY + DAY - 1), "");
    assert_string_equal(said(key, LK_PERSON_AGENT, day + 91 * DAY), "table-old:warn");
    assert_int_equal(findings[0].table, LK_TABLE_ADVISORIES);
    assert_string_equal(said(key, LK_PERSON_AGENT, day + 366 * DAY), "table-old:refuse-enrol");
    assert_int_equal(lk_key_reason(findings, 1, true), LK_REASON_TABLE_OLD);
    /* Logins go on. */
    assert_int_equal(lk_key_reason(findings, 1, false), LK_REASON_NONE);
    /* A local table of a later day is as good as a new one. */
    tables->heads[LK_TABLE_ADVISORIES][LK_TABLE_LOCAL] =
        (struct lk_table_head){.given = true, .version = 1, .date = day + 300 * DAY};
    assert_string_equal(said(key, LK_PERSON_AGENT, day + 366 * DAY), "");
    tables->heads[LK_TABLE_AUTHENTICATORS][LK_TABLE_IMPORTED] = (struct lk_table_head){
        .given = true, .version = 285, .date = day, .next_update = day + 30 * DAY};
    assert_string_equal(said(key, LK_PERSON_AGENT, day + 366 * DAY), "table-old:warn");
    assert_int_equal(findings[0].table, LK_TABLE_AUTHENTICATORS);
    /* A clock that was set back makes nothing old. */
    assert_string_equal(said(key, LK_PERSON_AGENT, 0), "");
}

/* No tables at all, and more findings than there is room for. */
static void edges(void **state)
{
    static const struct lk_key_policy nothing;
    struct lk_tables *kept = tables;
    struct lk_key key;

    (void)state;
    tables = NULL;
    key = look(NEW, YUBICO, "5.7.4", "");
    assert_null(key.model);
    assert_true(key.vouched);
    assert_string_equal(said(key, LK_PERSON_AGENT, TODAY), "unknown-model:refuse-enrol");
    assert_int_equal(lk_key_judge(&nothing, NULL, &key, LK_PERSON_AGENT, TODAY, findings, 1), 0);
    tables = kept;
    key = look(NITRO, NONE, "", "");
    memset(findings, 0, sizeof findings);
    /* unattested and LATER: both are refusals of enrolment, the room is for one. */
    assert_int_equal(
        lk_key_judge(&policy, tables, &key, LK_PERSON_AGENT, TODAY + 60 * DAY, findings, 1), 2);
    assert_int_equal(findings[0].verdict, LK_VERDICT_REFUSE_LOGIN);
    assert_int_equal(findings[1].kind, 0);
    assert_int_equal(lk_key_reason(findings, 0, true), LK_REASON_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(evidence, begin, end),
        cmocka_unit_test_setup_teardown(advisories_apply, begin, end),
        cmocka_unit_test_setup_teardown(dates, begin, end),
        cmocka_unit_test_setup_teardown(persons, begin, end),
        cmocka_unit_test_setup_teardown(attestation, begin, end),
        cmocka_unit_test_setup_teardown(models, begin, end),
        cmocka_unit_test_setup_teardown(lists, begin, end),
        cmocka_unit_test_setup_teardown(minimum, begin, end),
        cmocka_unit_test_setup_teardown(age, begin, end),
        cmocka_unit_test_setup_teardown(edges, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
