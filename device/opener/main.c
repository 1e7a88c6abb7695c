/* SPDX-License-Identifier: EUPL-1.2 */
/* Start of an opener: arguments, death with the parent, sandbox. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "device/opener/link.h"
#include "sandbox/sandbox.h"

enum { LK_EXIT_USAGE = 2, LK_EXIT_FAILED = 1 };

#ifdef LK_SANITIZED
/* Talkers get no environment. An allocation over the limit fails, as it does without the sanitizer; the search for leaks would have to trace a process that is locked in. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1:detect_leaks=0";
}
#endif

/* Digits and nothing else, at most max. */
static bool lk_argument_number(const char *text, unsigned long max, unsigned long *ret_number)
{
    unsigned long number = 0;

    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return false;
        number = number * 10 + (unsigned long)(*text - '0');
        if (number > max)
            return false;
    }
    *ret_number = number;
    return true;
}

static int lk_opener_arguments(int argc, char **argv, struct lk_opener_options *options)
{
    bool link = false;

    for (int i = 1; i < argc; i += 2) {
        unsigned long number = 0;

        if (i + 1 >= argc) {
            fprintf(stderr, "latchkey-device: %s: a value is missing\n", argv[i]);
            return LK_EXIT_USAGE;
        }
        if (strcmp(argv[i], "--link") == 0 && lk_argument_number(argv[i + 1], 1 << 20, &number)) {
            options->link = (int)number;
            link = true;
        } else if (strcmp(argv[i], "--pool") == 0 &&
                   lk_argument_number(argv[i + 1], LK_TALKERS_MAX / 2, &number)) {
            options->pool = number;
        } else {
            fprintf(stderr, "latchkey-device: %s %s: unknown option or bad value\n", argv[i],
                    argv[i + 1]);
            return LK_EXIT_USAGE;
        }
    }
    if (!link) {
        fprintf(stderr,
                "latchkey-device: is started by latchkeyd; usage: latchkey-device --link FD "
                "[--pool N]\n");
        return LK_EXIT_USAGE;
    }
    if (fcntl(options->link, F_SETFD, FD_CLOEXEC) != 0) {
        fprintf(stderr, "latchkey-device: --link %d: %s\n", options->link, strerror(errno));
        return LK_EXIT_USAGE;
    }
    return 0;
}

int lk_opener_main(int argc, char **argv, const struct lk_finder *finder, const char *program,
                   const struct lk_sandbox_profile *profile)
{
    struct lk_opener_options options = {
        .finder = finder, .program = program, .pool = LK_POOL_DEFAULT, .clock = &lk_clock_system};
    int error = lk_opener_arguments(argc, argv, &options);

    if (error)
        return error;
    /* The parent may have died before this call: its end of the link is closed then, and the loop ends at once. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
        fprintf(stderr, "latchkey-device: prctl: %s\n", strerror(errno));
        return LK_EXIT_FAILED;
    }
    if (profile) {
        error = lk_sandbox_enter(profile);
        if (error) {
            fprintf(stderr, "latchkey-device: sandbox: %s\n", lk_error_text(error));
            return LK_EXIT_FAILED;
        }
    }
    error = lk_opener_run(&options);
    if (error) {
        fprintf(stderr, "latchkey-device: %s\n", lk_error_text(error));
        return LK_EXIT_FAILED;
    }
    return 0;
}
