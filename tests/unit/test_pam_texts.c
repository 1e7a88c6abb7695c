/* SPDX-License-Identifier: EUPL-1.2 */
/* Every text that a person may meet has a French translation, and both are one sentence that can be read aloud. The catalogue that is
 * installed is read here byte by byte, because dgettext needs a French locale on the machine. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "message/text.h"
#include "model/reason.h"
#include "pam_module/texts.h"

static struct {
    char *data;
    size_t size;
} catalogue;

static uint32_t number_at(size_t offset)
{
    uint32_t number;

    assert_true(offset + sizeof(number) <= catalogue.size);
    if (catalogue.data == NULL)
        abort();
    memcpy(&number, catalogue.data + offset, sizeof(number));
    return number;
}

static int load(void **state)
{
    char path[1024];
    FILE *file;
    const char *build = getenv("LK_BUILD_DIR");

    (void)state;
    snprintf(path, sizeof(path), "%s/locale/fr/LC_MESSAGES/latchkey.mo",
             build != NULL ? build : ".");
    file = fopen(path, "re");
    if (file == NULL)
        return -1;
    catalogue.data = calloc(1, 1 << 20);
    if (catalogue.data != NULL)
        catalogue.size = fread(catalogue.data, 1, (1 << 20) - 1, file);
    fclose(file);
    return catalogue.size < 28 || number_at(0) != 0x950412de;
}

static int unload(void **state)
{
    (void)state;
    free(catalogue.data);
    return 0;
}

/* The translation of a msgid, or NULL; a plural entry is found by its singular. */
static const char *french(const char *text)
{
    for (uint32_t i = 0; i < number_at(8); i++) {
        const char *id = catalogue.data + number_at(number_at(12) + 8 * i + 4);

        if (strcmp(id, text) == 0)
            return catalogue.data + number_at(number_at(16) + 8 * i + 4);
    }
    return NULL;
}

/* One sentence: a capital first, one full stop and that at the end, nothing that only a sighted person understands. */
static void check_sentence(const char *text)
{
    size_t len = text != NULL ? strlen(text) : 0;
    struct lk_view view = LK_VIEW((const uint8_t *)text, len);

    if (text == NULL || len < 10 || len >= LK_SENTENCE_SIZE || lk_text_check_printable(view) != 0) {
        fail_msg("length or characters: %s", text);
        return;
    }
    if (islower((unsigned char)text[0]) || text[len - 1] != '.')
        fail_msg("begin or end: %s", text);
    if (strchr(text, '.') != text + len - 1 || strpbrk(text, "!?()[]{}<>|*_/\\#") != NULL ||
        strstr(text, "  ") != NULL)
        fail_msg("not one plain sentence: %s", text);
    if (strstr(text, "assword") != NULL || strstr(text, "mot de passe") != NULL)
        fail_msg("display managers answer this by themselves: %s", text);
}

static void check_pair(const char *text)
{
    const char *translated = french(text);

    check_sentence(text);
    if (translated == NULL || strcmp(translated, text) == 0)
        fail_msg("no French text for: %s", text);
    check_sentence(translated);
}

static void test_reasons(void **state)
{
    unsigned known = 0;

    (void)state;
    /* From APPLICATION on they are for the pages of the gateway and never come to a prompt. */
    for (uint32_t reason = 0; reason < LK_REASON_APPLICATION; reason++)
        if (lk_reason_known(reason)) {
            check_pair(lk_reason_text((enum lk_reason)reason));
            known++;
        }
    assert_true(known > 60);
}

static const struct lk_occasion occasion = {.name = "alice", .service = "sudo", .host = "desk12"};

/* In the C locale the sentence shown is the msgid with its names put in. */
static void test_events(void **state)
{
    static const char wrong_key[] = "This security key does not open this account: plug in the one "
                                    "that was enrolled for you.";
    static const char key_failed[] = "This security key does not answer as it should: pull it out "
                                     "and plug it in again.";
    static const char *const ids[] = {
        [LK_EVENT_INSERT_KEY] = "Plug in your security key.",
        [LK_EVENT_TOUCH] = "Touch the blinking security key to open %1$s on %2$s for %3$s.",
        [LK_EVENT_FINGERPRINT] =
            "Put your finger on the sensor of the security key to open %1$s on %2$s for %3$s.",
        [LK_EVENT_WRONG_KEY] = wrong_key,
        [LK_EVENT_KEY_BUSY] = "The security key is in use by %s: finish there first.",
        [LK_EVENT_KEY_REMOVED] = "The security key was pulled out: plug it in again.",
        [LK_EVENT_FINGERPRINT_FAILED] = "The fingerprint was not recognised: %u try is left.",
        [LK_EVENT_KEY_FOUND] = "The security key %s was found.",
        [LK_EVENT_PIN_NOT_SET] = "This security key has no PIN and needs one: ask your IT desk.",
        [LK_EVENT_KEY_FAILED] = key_failed,
    };

    (void)state;
    for (int event = LK_EVENT_INSERT_KEY; event <= LK_EVENT_KEY_FAILED; event++) {
        struct lk_event_message message = {
            .event = (enum lk_event)event, .retries = 1, .detail = "Firefox"};
        char text[LK_SENTENCE_SIZE];
        size_t plain;

        assert_non_null(ids[event]);
        lk_texts_event(text, &message, &occasion);
        check_sentence(text);
        plain = strcspn(ids[event], "%");
        assert_int_equal(strncmp(text, ids[event], plain), 0);
        if (french(ids[event]) == NULL)
            fail_msg("no French text for: %s", ids[event]);
        message.detail[0] = '\0';
        message.retries = LK_RETRIES_UNKNOWN;
        lk_texts_event(text, &message, &occasion);
        check_sentence(text);
    }
}

static void test_plain_events_translated(void **state)
{
    static const enum lk_event plain[] = {
        LK_EVENT_INSERT_KEY, LK_EVENT_WRONG_KEY, LK_EVENT_KEY_REMOVED, LK_EVENT_PIN_NOT_SET,
        LK_EVENT_KEY_FAILED, LK_EVENT_KEY_BUSY,  LK_EVENT_KEY_FOUND,   LK_EVENT_FINGERPRINT_FAILED};

    (void)state;
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
        struct lk_event_message message = {.event = plain[i], .retries = LK_RETRIES_UNKNOWN};
        char text[LK_SENTENCE_SIZE];

        lk_texts_event(text, &message, &occasion);
        check_pair(text);
    }
}

static void test_prompts(void **state)
{
    struct lk_ask_pin ask = {.retries = 1};
    char text[LK_SENTENCE_SIZE];

    (void)state;
    lk_texts_ask_pin(text, &ask);
    assert_string_equal(text, "PIN of the security key, 1 try left: ");
    ask.retries = 2;
    lk_texts_ask_pin(text, &ask);
    assert_string_equal(text, "PIN of the security key, 2 tries left: ");
    ask.retries = LK_RETRIES_UNKNOWN;
    snprintf(ask.detail, sizeof(ask.detail), "Blue Key");
    lk_texts_ask_pin(text, &ask);
    assert_string_equal(text, "PIN of Blue Key: ");
    assert_string_equal(french("the security key"), "la cl\xc3\xa9 de s\xc3\xa9"
                                                    "curit\xc3\xa9");
    assert_non_null(french("PIN of %s: "));
    assert_non_null(french("PIN of %1$s, %2$u try left: "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_plain_events_translated),
        cmocka_unit_test(test_prompts),
    };

    return cmocka_run_group_tests(tests, load, unload);
}
