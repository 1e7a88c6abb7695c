/* SPDX-License-Identifier: EUPL-1.2 */
/* The pages as bytes: both languages whole, every page well formed, nothing inline, and no value of anybody's that ends its element or attribute. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "message/sso.h"
#include "sso/pages/html.h"
#include "sso/pages/texts.h"

/* Whatever could end an attribute, an element, or begin a script; and what looks like a place of a template. */
#define HOSTILE "<script>x()</script>\"'><img src=q onerror=x()>&amp;{0}"
#define ESCAPED                                                                                    \
    "&lt;script&gt;x()&lt;/script&gt;&quot;&#39;&gt;&lt;img src=q onerror=x()&gt;&amp;amp;{0}"

enum { DEPTH_MAX = 64, ID_MAX = 32, NAME_MAX_LEN = 24, REASON_END = 256 };

static const struct lk_look plain_look = {
    .title = "Organisation", .colour = "1b4f8f", .help = "Desk", .relying_party = "key.example"};

/* ---- a reader of HTML that takes only what is well formed ---- */

struct reader {
    const char *at;
    char open[DEPTH_MAX][NAME_MAX_LEN];
    size_t depth;
    char ids[ID_MAX][NAME_MAX_LEN];
    size_t id_count;
    unsigned int headings; /* h1 that are shown at first */
    bool hidden;           /* inside a section that is not */
};

static size_t word(const char *at, char ret_word[NAME_MAX_LEN])
{
    size_t len = strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");

    assert_in_range(len, 1, NAME_MAX_LEN - 1);
    memcpy(ret_word, at, len);
    ret_word[len] = '\0';
    return len;
}

static void read_id(struct reader *reader, const char *value, size_t len)
{
    assert_in_range(len, 1, NAME_MAX_LEN - 1);
    assert_true(reader->id_count < ID_MAX);
    for (size_t i = 0; i < reader->id_count; i++)
        assert_false(strlen(reader->ids[i]) == len && memcmp(reader->ids[i], value, len) == 0);
    memcpy(reader->ids[reader->id_count], value, len);
    reader->ids[reader->id_count++][len] = '\0';
}

/* Neither a handler nor a style may stand in an element: the policy would drop it. */
static bool read_attribute(struct reader *reader)
{
    char name[NAME_MAX_LEN];
    size_t len;

    reader->at += word(reader->at, name);
    assert_int_not_equal(strncmp(name, "on", 2), 0);
    assert_string_not_equal(name, "style");
    if (*reader->at != '=')
        return strcmp(name, "hidden") == 0;
    assert_int_equal(reader->at[1], '"');
    reader->at += 2;
    len = strcspn(reader->at, "\"<");
    assert_int_equal(reader->at[len], '"');
    if (strcmp(name, "id") == 0)
        read_id(reader, reader->at, len);
    if (strcmp(name, "src") == 0 || strcmp(name, "action") == 0)
        assert_true(reader->at[0] == '/' && reader->at[1] != '/');
    reader->at += len + 1;
    return false;
}

static bool is_void(const char *name)
{
    static const char *const names[] = {"meta", "link", "input", "img", "br"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], name) == 0)
            return true;
    }
    return false;
}

static void read_end(struct reader *reader)
{
    char name[NAME_MAX_LEN];

    reader->at += 2;
    reader->at += word(reader->at, name);
    assert_int_equal(*reader->at++, '>');
    assert_true(reader->depth > 0);
    assert_string_equal(reader->open[--reader->depth], name);
    if (strcmp(name, "section") == 0)
        reader->hidden = false;
    /* A script has an address and no content. */
    if (strcmp(name, "script") == 0)
        assert_memory_equal(reader->at - sizeof("></script>") + 1, "></script>",
                            sizeof("></script>") - 1);
}

static void read_begin(struct reader *reader)
{
    char name[NAME_MAX_LEN];
    bool hidden = false;
    bool closed;

    reader->at++;
    reader->at += word(reader->at, name);
    assert_string_not_equal(name, "style");
    while (*reader->at == ' ') {
        reader->at++;
        hidden |= read_attribute(reader);
    }
    closed = *reader->at == '/';
    reader->at += closed ? 1 : 0;
    assert_int_equal(*reader->at++, '>');
    if (strcmp(name, "section") == 0)
        reader->hidden = hidden;
    if (strcmp(name, "h1") == 0 && !reader->hidden)
        reader->headings++;
    if (closed || is_void(name))
        return;
    assert_true(reader->depth < DEPTH_MAX);
    (void)snprintf(reader->open[reader->depth++], NAME_MAX_LEN, "%s", name);
}

static void read_page(struct lk_buf *page)
{
    static const char begin[] = "<!doctype html>\n<html lang=\"";
    struct reader reader = {0};

    lk_buf_put_u8(page, 0);
    assert_int_equal(lk_buf_error(page), 0);
    reader.at = (const char *)page->data;
    assert_memory_equal(reader.at, begin, sizeof(begin) - 1);
    reader.at += sizeof("<!doctype html>") - 1;
    while (*reader.at != '\0') {
        reader.at += strcspn(reader.at, "<>");
        assert_int_not_equal(*reader.at, '>');
        if (reader.at[0] == '<' && reader.at[1] == '/')
            read_end(&reader);
        else if (reader.at[0] == '<')
            read_begin(&reader);
    }
    assert_int_equal(reader.depth, 0);
    assert_int_equal(reader.headings, 1);
}

/* ---- pages ---- */

#define SEALED    LK_VIEW((const uint8_t *)"c2VhbGVk", 8)
#define CHALLENGE LK_VIEW((const uint8_t *)"0123456789abcdef", 16)

static const struct lk_sso_page kinds[] = {
    {.kind = LK_SSO_PAGE_KEY, .sealed = SEALED, .challenge = CHALLENGE, .left = UINT8_MAX},
    {.kind = LK_SSO_PAGE_PASSWORD, .sealed = SEALED, .left = UINT8_MAX},
    {.kind = LK_SSO_PAGE_PASSWORD, .sealed = SEALED, .reason = LK_REASON_PASSWORD, .left = 3},
    {.kind = LK_SSO_PAGE_PASSWORD, .sealed = SEALED, .reason = LK_REASON_PASSWORD, .left = 1},
    {.kind = LK_SSO_PAGE_REFUSED, .left = UINT8_MAX},
    {.kind = LK_SSO_PAGE_NOBODY, .left = UINT8_MAX},
    {.kind = LK_SSO_PAGE_ERROR, .reason = LK_REASON_APPLICATION, .left = UINT8_MAX},
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static void write_page(struct lk_buf *out, const struct lk_look *look, enum lk_language language,
                       const struct lk_sso_page *page)
{
    lk_buf_init(out, LK_PAGE_MAX);
    lk_page_write(out, look, language, page);
}

static void pages_well_formed(void **state)
{
    struct lk_buf out;

    (void)state;
    for (unsigned int language = 0; language < LK_LANGUAGES; language++) {
        for (size_t i = 0; i < KINDS; i++) {
            write_page(&out, &plain_look, language, &kinds[i]);
            read_page(&out);
            assert_null(strstr((const char *)out.data, "{0}"));
            assert_null(strstr((const char *)out.data, "{1}"));
            lk_buf_clear(&out);
        }
        for (unsigned int note = 0; note < LK_NOTES; note++) {
            lk_buf_init(&out, LK_PAGE_MAX);
            lk_page_note(&out, &plain_look, language, note);
            read_page(&out);
            lk_buf_clear(&out);
        }
    }
}

/* A refusal with a way on has a button and the sealed request; one without has neither. */
static void refusals_well_formed(void **state)
{
    struct lk_sso_page page = {.kind = LK_SSO_PAGE_REFUSED, .left = UINT8_MAX};
    struct lk_buf out;

    (void)state;
    for (uint32_t reason = 1; reason < REASON_END; reason++) {
        if (!lk_reason_known(reason))
            continue;
        for (unsigned int i = 0; i < 2U * LK_LANGUAGES; i++) {
            bool on = i % 2 == 1;

            page.reason = reason;
            page.sealed = on ? SEALED : (struct lk_view){0};
            page.challenge = on ? CHALLENGE : (struct lk_view){0};
            assert_int_equal(lk_page_has_form(&page), on);
            write_page(&out, &plain_look, i / 2, &page);
            read_page(&out);
            assert_int_equal(strstr((const char *)out.data, "value=\"c2VhbGVk\"") != NULL, on);
            assert_int_equal(strstr((const char *)out.data, "data-do=\"ask\"") != NULL, on);
            lk_buf_clear(&out);
        }
    }
}

static void hostile_values(void **state)
{
    struct lk_look look = plain_look;
    struct lk_buf out;

    (void)state;
    (void)snprintf(look.title, sizeof(look.title), "%s", HOSTILE);
    (void)snprintf(look.help, sizeof(look.help), "%s", HOSTILE);
    (void)snprintf(look.relying_party, sizeof(look.relying_party), "%s", HOSTILE);
    (void)snprintf(look.address, sizeof(look.address), "%s", HOSTILE);
    for (unsigned int i = 0; i < LK_LANGUAGES * (unsigned int)KINDS; i++) {
        struct lk_sso_page page = kinds[i % KINDS];

        /* Not canonical base64url, which the issuer would never send. */
        if (page.sealed.len > 0)
            page.sealed = LK_VIEW((const uint8_t *)HOSTILE, sizeof(HOSTILE) - 1);
        (void)snprintf(page.full_name, sizeof(page.full_name), "%s", HOSTILE);
        (void)snprintf(page.name, sizeof(page.name), "%s", HOSTILE);
        (void)snprintf(page.client, sizeof(page.client), "%s", HOSTILE);
        (void)snprintf(page.detail, sizeof(page.detail), "%s", HOSTILE);
        write_page(&out, &look, i / KINDS, &page);
        read_page(&out);
        assert_null(strstr((const char *)out.data, "<img src=q"));
        assert_non_null(strstr((const char *)out.data, ESCAPED));
        lk_buf_clear(&out);
    }
}

/* ---- texts ---- */

static void texts_in_both_languages(void **state)
{
    (void)state;
    for (unsigned int text = 0; text < LK_TEXTS; text++) {
        const char *english = lk_text(LK_LANGUAGE_EN, text);
        const char *french = lk_text(LK_LANGUAGE_FR, text);

        assert_non_null(english);
        assert_non_null(french);
        assert_true(english[0] != '\0' && french[0] != '\0');
        assert_string_not_equal(english, french);
    }
    assert_string_equal(lk_language_code(LK_LANGUAGE_EN), "en");
    assert_string_equal(lk_language_code(LK_LANGUAGE_FR), "fr");
}

static void refusals_in_both_languages(void **state)
{
    (void)state;
    for (uint32_t reason = 0; reason < REASON_END; reason++) {
        const struct lk_state *found = lk_state_find(reason);

        assert_true((uint32_t)found->reason == reason || found->reason == LK_REASON_INTERNAL);
        for (unsigned int language = 0; language < LK_LANGUAGES; language++) {
            assert_true(found->title[language] != NULL && found->title[language][0] != '\0');
            assert_true(found->text[language] != NULL && found->text[language][0] != '\0');
        }
        assert_string_not_equal(found->title[LK_LANGUAGE_EN], found->title[LK_LANGUAGE_FR]);
        assert_string_not_equal(found->text[LK_LANGUAGE_EN], found->text[LK_LANGUAGE_FR]);
    }
}

/* ---- templates ---- */

static void templates(void **state)
{
    struct lk_buf out = LK_BUF_INIT(256);

    (void)state;
    /* A value is put once and not read again; a place without a value stays as it is. */
    LK_HTML(&out, "{1}-{0}-{2}-{x}-{", "<{1}>", "&\"'");
    lk_buf_put_u8(&out, 0);
    assert_string_equal((const char *)out.data, "&amp;&quot;&#39;-&lt;{1}&gt;-{2}-{x}-{");
    lk_buf_clear(&out);
}

static void a_full_buffer_is_told(void **state)
{
    struct lk_buf out = LK_BUF_INIT(600);

    (void)state;
    lk_page_write(&out, &plain_look, LK_LANGUAGE_FR, &kinds[0]);
    assert_int_equal(lk_buf_error(&out), -LK_ERR_TOO_BIG);
    lk_buf_clear(&out);
}

static void style_has_the_colour(void **state)
{
    struct lk_buf out = LK_BUF_INIT(LK_PAGE_MAX);

    (void)state;
    lk_page_style(&out, &plain_look);
    assert_int_equal(lk_buf_error(&out), 0);
    assert_memory_equal(out.data, ":root{--house:#1b4f8f}\n", 23);
    lk_buf_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_well_formed),
        cmocka_unit_test(refusals_well_formed),
        cmocka_unit_test(hostile_values),
        cmocka_unit_test(texts_in_both_languages),
        cmocka_unit_test(refusals_in_both_languages),
        cmocka_unit_test(templates),
        cmocka_unit_test(a_full_buffer_is_told),
        cmocka_unit_test(style_has_the_colour),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
