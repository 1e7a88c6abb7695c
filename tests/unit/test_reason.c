/* SPDX-License-Identifier: EUPL-1.2 */
/* The table of reasons against its header: every number of the list once, with name, sentence, class and public face. */
#include "model/reason.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define REASONS_MAX 256

static struct {
    char name[64];
    unsigned int number;
} listed[REASONS_MAX];
static size_t listed_count;

/* The header itself is read, so that a row forgotten in the table, or a number used twice, shows. */
static int read_header(void **state)
{
    const char *source = getenv("LK_SOURCE_DIR");
    char path[4096];
    char line[512];
    FILE *file;

    (void)state;
    snprintf(path, sizeof(path), "%s/core/model/reason.h", source ? source : ".");
    file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        char name[64];
        unsigned int number;

        if (sscanf(line, " LK_REASON_%63[A-Z_] = %u", name, &number) != 2)
            continue;
        assert_true(listed_count < REASONS_MAX);
        snprintf(listed[listed_count].name, sizeof(listed[0].name), "%s", name);
        listed[listed_count++].number = number;
    }
    fclose(file);
    assert_true(listed_count > 70);
    return 0;
}

static void numbers_are_used_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < listed_count; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(listed[i].number, listed[j].number);
            assert_string_not_equal(listed[i].name, listed[j].name);
        }
    }
}

static void every_reason_has_its_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < listed_count; i++) {
        char name[80];

        snprintf(name, sizeof(name), "E_%s", listed[i].name);
        assert_true(lk_reason_known(listed[i].number));
        assert_string_equal(lk_reason_name((enum lk_reason)listed[i].number),
                            listed[i].number == 0 ? "OK" : name);
    }
}

static void only_listed_numbers_are_known(void **state)
{
    size_t known = 0;

    (void)state;
    for (uint32_t number = 0; number < 5000; number++)
        known += lk_reason_known(number);
    assert_int_equal(known, listed_count);
    assert_false(lk_reason_known(UINT32_MAX));
    assert_string_equal(lk_reason_name((enum lk_reason)4711), "E_INTERNAL");
    assert_string_equal(lk_reason_text((enum lk_reason)4711), lk_reason_text(LK_REASON_INTERNAL));
    assert_int_equal(lk_reason_class((enum lk_reason)4711), LK_REASON_CLASS_UNAVAILABLE);
    assert_int_equal(lk_reason_public((enum lk_reason)4711), LK_REASON_INTERNAL);
}

/* One sentence: begins with a capital, ends with its only full stop, plain characters, short enough to be read aloud. */
static void every_text_is_one_sentence(void **state)
{
    static const char *const jargon[] = {"CTAP",      "FIDO",        "PAM",    "CBOR",
                                         "assertion", "attestation", "rpId",   "UV",
                                         "nonce",     "daemon",      "broker", "quorum"};

    (void)state;
    for (size_t i = 0; i < listed_count; i++) {
        const char *text = lk_reason_text((enum lk_reason)listed[i].number);
        size_t len = strlen(text);

        assert_true(len > 15 && len <= 160);
        assert_true(isupper((unsigned char)text[0]));
        assert_ptr_equal(strchr(text, '.'), text + len - 1);
        for (size_t j = 0; j < len; j++)
            assert_true(text[j] >= ' ' && text[j] <= '~');
        for (size_t j = 0; j < sizeof(jargon) / sizeof(jargon[0]); j++)
            assert_null(strstr(text, jargon[j]));
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(text, lk_reason_text((enum lk_reason)listed[j].number));
    }
}

static void only_none_is_allowed(void **state)
{
    (void)state;
    for (size_t i = 0; i < listed_count; i++) {
        enum lk_reason reason = (enum lk_reason)listed[i].number;

        assert_int_equal(lk_reason_class(reason) == LK_REASON_CLASS_ALLOWED,
                         reason == LK_REASON_NONE);
        assert_int_equal(lk_reason_public(reason) == LK_REASON_NONE, reason == LK_REASON_NONE);
        /* What is shown is itself something that may be shown. */
        assert_int_equal(lk_reason_public(lk_reason_public(reason)), lk_reason_public(reason));
    }
}

/* Design rule 6: what hangs on the agent looks like a key that does not fit; what hangs on the house or the hand does not. */
static void what_depends_on_the_agent_is_held_back(void **state)
{
    static const enum lk_reason open[] = {
        LK_REASON_NO_KEY,       LK_REASON_TIMEOUT,           LK_REASON_PIN_WRONG,
        LK_REASON_PIN_BLOCKED,  LK_REASON_KEY_REMOVED,       LK_REASON_REMOTE,
        LK_REASON_RATE_LIMITED, LK_REASON_STORE_UNAVAILABLE, LK_REASON_BROKER_UNAVAILABLE,
        LK_REASON_CONFIG};
    static const enum lk_reason held[] = {LK_REASON_UNKNOWN_AGENT,
                                          LK_REASON_PENDING,
                                          LK_REASON_SUSPENDED,
                                          LK_REASON_REVOKED,
                                          LK_REASON_NOT_YET_VALID,
                                          LK_REASON_EXPIRED,
                                          LK_REASON_CREDENTIAL_UNKNOWN,
                                          LK_REASON_HOST_GROUP,
                                          LK_REASON_QUORUM,
                                          LK_REASON_UNLOGGED,
                                          LK_REASON_LIMIT,
                                          LK_REASON_SIGNATURE,
                                          LK_REASON_NAME_REASSIGNED};

    (void)state;
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++)
        assert_int_equal(lk_reason_public(open[i]), open[i]);
    for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
        assert_int_equal(lk_reason_public(held[i]), LK_REASON_WRONG_KEY);
    for (unsigned int number = 50; number < 110; number++) {
        if (lk_reason_known(number) && number != LK_REASON_EXPIRED_CHALLENGE)
            assert_int_equal(lk_reason_public((enum lk_reason)number), LK_REASON_WRONG_KEY);
    }
}

static void classes_follow_the_table_of_the_pam_codes(void **state)
{
    (void)state;
    assert_int_equal(lk_reason_class(LK_REASON_WRONG_KEY), LK_REASON_CLASS_RETRY);
    assert_int_equal(lk_reason_class(LK_REASON_PIN_WRONG), LK_REASON_CLASS_RETRY);
    assert_int_equal(lk_reason_class(LK_REASON_CANCELLED), LK_REASON_CLASS_RETRY);
    assert_int_equal(lk_reason_class(LK_REASON_PIN_BLOCKED), LK_REASON_CLASS_MAXTRIES);
    assert_int_equal(lk_reason_class(LK_REASON_RATE_LIMITED), LK_REASON_CLASS_MAXTRIES);
    assert_int_equal(lk_reason_class(LK_REASON_REVOKED), LK_REASON_CLASS_REFUSED);
    assert_int_equal(lk_reason_class(LK_REASON_BROKER_UNAVAILABLE), LK_REASON_CLASS_UNAVAILABLE);
    assert_int_equal(lk_reason_class(LK_REASON_STORE_UNAVAILABLE), LK_REASON_CLASS_UNAVAILABLE);
    assert_int_equal(lk_reason_class(LK_REASON_CONFIG), LK_REASON_CLASS_CONFIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_used_once),
        cmocka_unit_test(every_reason_has_its_name),
        cmocka_unit_test(only_listed_numbers_are_known),
        cmocka_unit_test(every_text_is_one_sentence),
        cmocka_unit_test(only_none_is_allowed),
        cmocka_unit_test(what_depends_on_the_agent_is_held_back),
        cmocka_unit_test(classes_follow_the_table_of_the_pam_codes),
    };

    return cmocka_run_group_tests_name("reason", tests, read_header, NULL);
}
