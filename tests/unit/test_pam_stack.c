/* SPDX-License-Identifier: EUPL-1.2 */
/* What is said of PAM stacks, over the samples in tests/provisioning/pam.d-samples; and that a file however broken is a finding, not a fault. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "provisioning/pam_stack.h"

static bool exists(void *context, const char *module)
{
    (void)context;
    return strcmp(module, "pam_not_there.so") != 0;
}

static const char *samples(void)
{
    static char path[1024];

    snprintf(path, sizeof path, "%s/tests/provisioning/pam.d-samples", getenv("LK_SOURCE_DIR"));
    return path;
}

struct sample {
    const char *service;
    enum lk_pam_verdict verdict;
    enum lk_pam_why why;
    const char *file; /* of the line that is named; NULL: not compared */
    unsigned line;
    const char *word;
    bool root_passes;
};

static const struct sample table[] = {
    {"required-after", LK_PAM_REQUIRES_KEY, LK_PAM_WHY_NONE, "required-after", 2, "", false},
    {"required-before", LK_PAM_REQUIRES_KEY, LK_PAM_WHY_NONE, "required-before", 1, "", false},
    {"required-in-include", LK_PAM_REQUIRES_KEY, LK_PAM_WHY_NONE, "common-auth-key", 4, "", false},
    {"bracket-required", LK_PAM_REQUIRES_KEY, LK_PAM_WHY_NONE, "bracket-required", 2, "", false},
    {"key-only", LK_PAM_REQUIRES_KEY, LK_PAM_WHY_NONE, "key-only", 1, "", false},
    {"substack-required", LK_PAM_REQUIRES_KEY, LK_PAM_WHY_NONE, "substack-required", 2, "", false},
    {"su", LK_PAM_REQUIRES_KEY, LK_PAM_WHY_NONE, "su", 3, "", true},
    {"missing-optional-module", LK_PAM_REQUIRES_KEY, LK_PAM_WHY_NONE, "missing-optional-module", 3,
     "", false},
    {"substack-sufficient", LK_PAM_REQUIRES_KEY, LK_PAM_WHY_NONE, "substack-sufficient", 3, "",
     false},
    {"jump-past-end", LK_PAM_REQUIRES_KEY, LK_PAM_WHY_NONE, "jump-past-end", 2, "", false},
    {"not-armed", LK_PAM_NOT_ARMED, LK_PAM_WHY_NONE, NULL, 0, "", false},
    {"optional", LK_PAM_WITHOUT_KEY, LK_PAM_WHY_IGNORED, "optional", 2, "optional", false},
    {"sufficient-key-then-password", LK_PAM_WITHOUT_KEY, LK_PAM_WHY_IGNORED,
     "sufficient-key-then-password", 1, "sufficient", false},
    {"sufficient-before", LK_PAM_WITHOUT_KEY, LK_PAM_WHY_SKIPPED, "sufficient-before", 1,
     "pam_unix.so", false},
    {"include-sufficient-before", LK_PAM_WITHOUT_KEY, LK_PAM_WHY_SKIPPED, "sufficient-before", 1,
     "pam_unix.so", false},
    {"jump-over", LK_PAM_WITHOUT_KEY, LK_PAM_WHY_SKIPPED, "jump-over", 2, "pam_succeed_if.so",
     false},
    {"default-ignore", LK_PAM_WITHOUT_KEY, LK_PAM_WHY_IGNORED, "default-ignore", 2,
     "[success=ok default=ignore]", false},
    {"reset-after", LK_PAM_WITHOUT_KEY, LK_PAM_WHY_IGNORED, "reset-after", 1, "required", false},
    {"missing-module", LK_PAM_BROKEN, LK_PAM_WHY_MODULE, "missing-module", 2, "pam_not_there.so",
     false},
    {"unknown-argument", LK_PAM_BROKEN, LK_PAM_WHY_ARGUMENT, "unknown-argument", 2, "nouserok",
     false},
    {"unknown-control", LK_PAM_BROKEN, LK_PAM_WHY_SYNTAX, "unknown-control", 2, "requird", false},
    {"bad-bracket", LK_PAM_BROKEN, LK_PAM_WHY_SYNTAX, "bad-bracket", 1, NULL, false},
    {"missing-include", LK_PAM_BROKEN, LK_PAM_WHY_FILE, "missing-include", 1, "common-none", false},
    {"loop", LK_PAM_BROKEN, LK_PAM_WHY_DEPTH, "loop", 1, "loop", false},
    {"in-session", LK_PAM_BROKEN, LK_PAM_WHY_MISPLACED, "in-session", 3, "session", false},
    {"never", LK_PAM_BROKEN, LK_PAM_WHY_NEVER, "never", 2, "", false},
};

static void samples_are_judged(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct sample *sample = &table[i];
        struct lk_pam_stack stack = {0};
        struct lk_pam_judgement judgement;
        const char *slash;

        assert_int_equal(lk_pam_stack_read(samples(), sample->service, &stack), 0);
        lk_pam_judge(&stack, exists, NULL, &judgement);
        slash = strrchr(judgement.finding.place.file, '/');
        if (judgement.verdict != sample->verdict || judgement.finding.why != sample->why)
            fail_msg("%s: verdict %d, why %d, %s:%u %s", sample->service, (int)judgement.verdict,
                     (int)judgement.finding.why, judgement.finding.place.file,
                     judgement.finding.place.line, judgement.finding.word);
        if (sample->file != NULL) {
            assert_non_null(slash);
            assert_string_equal(slash + 1, sample->file);
            if (judgement.finding.place.line != sample->line)
                fail_msg("%s: line %u", sample->service, judgement.finding.place.line);
        }
        if (sample->word != NULL)
            assert_string_equal(judgement.finding.word, sample->word);
        assert_int_equal(judgement.root_passes, sample->root_passes);
        lk_pam_stack_clear(&stack);
    }
}

/* The module itself missing is worse than any control around it. */
static bool none_exists(void *context, const char *module)
{
    (void)context;
    return strcmp(module, "pam_latchkey.so") != 0;
}

static void missing_module_of_ours(void **state)
{
    struct lk_pam_stack stack = {0};
    struct lk_pam_judgement judgement;

    (void)state;
    assert_int_equal(lk_pam_stack_read(samples(), "required-after", &stack), 0);
    lk_pam_judge(&stack, none_exists, NULL, &judgement);
    assert_int_equal(judgement.verdict, LK_PAM_BROKEN);
    assert_int_equal(judgement.finding.why, LK_PAM_WHY_MODULE);
    assert_string_equal(judgement.finding.word, "pam_latchkey.so");
    assert_int_equal(judgement.finding.place.line, 2);
    lk_pam_stack_clear(&stack);
}

static void no_such_service(void **state)
{
    struct lk_pam_stack stack = {0};

    (void)state;
    assert_int_equal(lk_pam_stack_read(samples(), "nothing-of-that-name", &stack),
                     -LK_ERR_NOT_FOUND);
}

static void judge_text(const char *text, size_t length)
{
    char folder[] = "/tmp/lk-pam-stack-XXXXXX";
    char path[64];
    struct lk_pam_stack stack = {0};
    struct lk_pam_judgement judgement;
    FILE *file;

    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/s", folder);
    file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(lk_pam_stack_read(folder, "s", &stack), 0);
    lk_pam_judge(&stack, exists, NULL, &judgement);
    lk_pam_stack_clear(&stack);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

/* Whatever stands in a file, reading and judging come to an end within their bounds. */
static void broken_files(void **state)
{
    static const char *const words[] = {
        "auth",  "[",        "]",           "success=",   "=",
        "1",     "required", "\\",          "\n",         " ",
        "\t",    "@include", "s",           "substack",   "pam_latchkey.so",
        "-auth", "#",        "default=die", "sufficient", "include"};
    char text[8192];
    unsigned seed = 12345;

    (void)state;
    for (int round = 0; round < 300; round++) {
        size_t length = 0;

        for (int i = 0; i < 200; i++) {
            const char *word;

            seed = seed * 1103515245U + 12345U;
            word = words[(seed >> 16) % (sizeof words / sizeof words[0])];
            length += (size_t)snprintf(text + length, sizeof text - length, "%s%s", word,
                                       (seed >> 24) % 3 == 0 ? "" : " ");
        }
        judge_text(text, length);
    }
    memset(text, 'a', sizeof text);
    judge_text(text, sizeof text);
    memset(text, 0, sizeof text);
    judge_text(text, sizeof text);
}

/* Every path through this one must be tried once, not 31 to the power of 400. */
static void long_stack(void **state)
{
    char *text = calloc(1, 65536);
    size_t length = 0;

    (void)state;
    assert_non_null(text);
    for (int i = 0; i < 400; i++)
        length += (size_t)snprintf(text + length, 65536 - length,
                                   "auth [success=1 auth_err=2 default=ignore] pam_x%d.so\n", i);
    length += (size_t)snprintf(text + length, 65536 - length, "auth required pam_latchkey.so\n");
    judge_text(text, length);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_are_judged), cmocka_unit_test(missing_module_of_ours),
        cmocka_unit_test(no_such_service),    cmocka_unit_test(broken_files),
        cmocka_unit_test(long_stack),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
