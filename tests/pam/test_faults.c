/* SPDX-License-Identifier: EUPL-1.2 */
/* Every call that the module makes into the C library or libpam fails once, at each place in turn. The functions below stand before the
 * real ones for the whole process and let a call through unless it comes from the module's own code.
 *
 * Oracle: never PAM_IGNORE; PAM_SUCCESS only if the broker itself noted that it has sent an allowing verdict for alice in answer to the right
 * PIN. Against a broker that refuses or goes away, never PAM_SUCCESS at all. */
/* The headers' inline versions of the functions below would stand in the way of defining them. */
#undef _FORTIFY_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <security/pam_modules.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "model/reason.h"
#include "pam_host.h"

/* What openat is called with _FORTIFY_SOURCE. */
int __openat_2(int folder, const char *path, int flags);

static struct {
    uintptr_t low;
    uintptr_t high;
} module;
static long calls;   /* of the module, in this run */
static long failing; /* this one fails; 0 = none */
static long burst;   /* so many calls in a row fail */
static int fault_errno;
static const char *failed_call;

static int find_module(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    (void)context;
    if (strstr(info->dlpi_name, "/pam_latchkey.so") == NULL)
        return 0;
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];

        if (part->p_type == PT_LOAD && (part->p_flags & PF_X) != 0) {
            module.low = info->dlpi_addr + part->p_vaddr;
            module.high = module.low + part->p_memsz;
        }
    }
    return 1;
}

/* Is it this call's turn? The module is loaded between two runs at another address, so it is looked for until it is found. */
static bool due(const void *caller, const char *name)
{
    static bool searching;
    uintptr_t address = (uintptr_t)caller;

    if (searching)
        return false;
    if (module.low == 0) {
        searching = true;
        dl_iterate_phdr(find_module, NULL);
        searching = false;
    }
    if (address < module.low || address >= module.high)
        return false;
    calls++;
    if (failing == 0 || calls < failing || calls >= failing + burst)
        return false;
    failed_call = name;
    errno = fault_errno;
    return true;
}

/* The function of the library behind this program. */
static void *real(const char *name)
{
    void *function = dlsym(RTLD_NEXT, name);

    if (function == NULL)
        abort();
    return function;
}

#define FAULTY(type, name, parameters, arguments, failure)                                         \
    type name parameters                                                                           \
    {                                                                                              \
        static type(*next) parameters; /* NOLINT(bugprone-macro-parentheses): a declaration */     \
                                                                                                   \
        if (due(__builtin_return_address(0), #name))                                               \
            return failure;                                                                        \
        if (next == NULL) {                                                                        \
            void *function = real(#name);                                                          \
            memcpy(&next, &function, sizeof(next));                                                \
        }                                                                                          \
        return next arguments;                                                                     \
    }

#define EXPORT __attribute__((visibility("default")))

EXPORT FAULTY(int, socket, (int domain, int type, int protocol), (domain, type, protocol),
              -1) EXPORT
    FAULTY(int, connect, (int fd, __CONST_SOCKADDR_ARG address, socklen_t size),
           (fd, address, size), -1) EXPORT
    FAULTY(int, getsockopt,
           (int fd, int level, int option, void *restrict value, socklen_t *restrict size),
           (fd, level, option, value, size), -1) EXPORT
    FAULTY(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags),
           (fd, message, flags), -1) EXPORT
    FAULTY(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags),
           -1) EXPORT FAULTY(int, poll, (struct pollfd * items, nfds_t count, int timeout),
                             (items, count, timeout), -1) EXPORT
    FAULTY(int, fstat, (int fd, struct stat *status), (fd, status), -1) EXPORT
    FAULTY(int, fstatat,
           (int fd, const char *restrict path, struct stat *restrict status, int flags),
           (fd, path, status, flags), -1) EXPORT
    FAULTY(ssize_t, getrandom, (void *data, size_t size, unsigned flags), (data, size, flags),
           -1) EXPORT FAULTY(int, sigpending, (sigset_t * set), (set), -1) EXPORT
    FAULTY(int, gethostname, (char *name, size_t size), (name, size), -1) EXPORT
    FAULTY(ssize_t, read, (int fd, void *data, size_t size), (fd, data, size), -1) EXPORT
    FAULTY(int, pam_get_item, (const pam_handle_t *pam, int item, const void **value),
           (pam, item, value), PAM_SYSTEM_ERR)
EXPORT FAULTY(int, pam_get_user, (pam_handle_t * pam, const char **user, const char *prompt),
              (pam, user, prompt), PAM_CONV_ERR)
EXPORT FAULTY(int, pam_fail_delay, (pam_handle_t * pam, unsigned delay), (pam, delay),
              PAM_SYSTEM_ERR)
#ifndef LK_SANITIZED
/* The sanitizer has its own; in the release build these are the ones that fail. */
EXPORT FAULTY(void *, malloc, (size_t size), (size), NULL)
EXPORT FAULTY(void *, realloc, (void *old, size_t size), (old, size), NULL)
#endif

/* open and openat take a mode only with O_CREAT, which the module never uses. */
EXPORT int open(const char *path, int flags, ...)
{
    static int (*next)(const char *, int, ...);

    if (due(__builtin_return_address(0), "open"))
        return -1;
    if (next == NULL) {
        void *function = real("open");

        memcpy(&next, &function, sizeof(next));
    }
    if ((flags & O_CREAT) != 0) {
        va_list list;
        mode_t mode;

        va_start(list, flags);
        mode = va_arg(list, mode_t);
        va_end(list);
        return next(path, flags, mode);
    }
    return next(path, flags);
}

EXPORT int openat(int folder, const char *path, int flags, ...)
{
    static int (*next)(int, const char *, int, ...);

    if (due(__builtin_return_address(0), "openat"))
        return -1;
    if (next == NULL) {
        void *function = real("openat");

        memcpy(&next, &function, sizeof(next));
    }
    return next(folder, path, flags, 0600);
}

EXPORT FAULTY(int, __openat_2, (int folder, const char *path, int flags), (folder, path, flags), -1)

    static const
    struct fake_step allows[] = {HOST_BEGIN, {.act = FAKE_ASK, .retries = 8}, {.act = FAKE_REPLY},
                                 HOST_TOUCH, {.act = FAKE_VERDICT},           HOST_STAY};
static const struct fake_step refuses[] = {HOST_BEGIN,
                                           {.act = FAKE_ASK, .retries = 8},
                                           {.act = FAKE_REPLY},
                                           HOST_TOUCH,
                                           {.act = FAKE_VERDICT, .value = LK_REASON_WRONG_KEY},
                                           HOST_STAY};
static const struct fake_step leaves[] = {HOST_BEGIN, HOST_TOUCH, {.act = FAKE_END}};

struct outcome {
    int code;
    bool allowed; /* by what the broker wrote down */
    bool fired;
};

static struct outcome run(const struct fake_step *script, long at, long length, int with_errno)
{
    struct pam_host host = {.answer = "246810"};
    struct outcome outcome;

    module.low = 0;
    module.high = 0;
    calls = 0;
    failed_call = NULL;
    failing = at;
    burst = length;
    fault_errno = with_errno;
    outcome.code = pam_host_run(&host, script);
    failing = 0;
    outcome.fired = failed_call != NULL;
    outcome.allowed = host.broker.notes->allowed && host.broker.notes->pins == 1 &&
                      strcmp(host.broker.notes->pin[0], "246810") == 0 &&
                      strcmp(host.broker.notes->login.name, "alice") == 0;
    return outcome;
}

/* Fails each call in turn until there are no more; returns how many there were. */
static long sweep(const struct fake_step *script, bool may_succeed, long length, int with_errno)
{
    long refused = 0;
    long at = 1;

    for (;; at++) {
        struct outcome outcome = run(script, at, length, with_errno);

        if (!outcome.fired)
            break;
        assert_int_not_equal(outcome.code, PAM_IGNORE);
        if (outcome.code != PAM_SUCCESS)
            refused++;
        else if (!may_succeed || !outcome.allowed)
            fail_msg("call %ld (%s) failed and the login succeeded", at, failed_call);
        assert_true(at < 5000);
    }
    print_message("%ld calls failed one by one, %ld logins refused\n", at - 1, refused);
    return at - 1;
}

static void test_without_fault(void **state)
{
    (void)state;
    assert_int_equal(run(allows, 0, 0, 0).code, PAM_SUCCESS);
    assert_true(calls > 40); /* the functions above are really in the way */
    assert_int_equal(run(refuses, 0, 0, 0).code, PAM_AUTH_ERR);
    assert_int_equal(run(leaves, 0, 0, 0).code, PAM_AUTHINFO_UNAVAIL);
}

static void test_broker_allows(void **state)
{
    (void)state;
    assert_true(sweep(allows, true, 1, EIO) > 40);
}

static void test_broker_allows_all_fail_from_here(void **state)
{
    (void)state;
    assert_true(sweep(allows, true, 100000, ENOMEM) > 40);
}

static void test_broker_refuses(void **state)
{
    (void)state;
    assert_true(sweep(refuses, false, 1, EINVAL) > 40);
}

static void test_broker_leaves(void **state)
{
    (void)state;
    assert_true(sweep(leaves, false, 1, EIO) > 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_fault),
        cmocka_unit_test(test_broker_allows),
        cmocka_unit_test(test_broker_allows_all_fail_from_here),
        cmocka_unit_test(test_broker_refuses),
        cmocka_unit_test(test_broker_leaves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
