/* SPDX-License-Identifier: EUPL-1.2 */
/* Entering a sandbox. Order matters: first everything that the filter would forbid, the filter last. */
#include "sandbox/sandbox.h"

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sandbox/profile.h"

/* Runs in a process that did something nobody foresaw: no allocation, no lock, two system calls, both permitted. */
static void lk_sandbox_trapped(int signal, siginfo_t *info, void *context)
{
    static const char before[] = "latchkey: system call ";
    static const char after[] = " not permitted\n";
    char line[sizeof before + sizeof after + 12];
    char digits[12];
    size_t len = sizeof before - 1;
    size_t count = 0;
    unsigned int number = (unsigned int)info->si_syscall;

    (void)signal;
    (void)context;
    memcpy(line, before, len);
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0 && count < sizeof digits);
    while (count > 0)
        line[len++] = digits[--count];
    memcpy(line + len, after, sizeof after - 1);
    len += sizeof after - 1;
    if (write(STDERR_FILENO, line, len) < 0)
        _exit(LK_SANDBOX_EXIT_STATUS);
    _exit(LK_SANDBOX_EXIT_STATUS);
}

static int lk_sandbox_add_row(scmp_filter_ctx filter, const struct lk_sandbox_row *row)
{
    const uint32_t actions[] = {[LK_SANDBOX_ALLOW] = SCMP_ACT_ALLOW,
                                [LK_SANDBOX_NO_SUCH_CALL] = SCMP_ACT_ERRNO(ENOSYS),
                                [LK_SANDBOX_NO_SUCH_FAMILY] = SCMP_ACT_ERRNO(EAFNOSUPPORT),
                                [LK_SANDBOX_FORBID] = SCMP_ACT_TRAP};
    uint32_t action = actions[row->action];
    const struct lk_sandbox_condition *condition = &row->condition;
    int number = seccomp_syscall_resolve_name(row->call);
    struct scmp_arg_cmp compare;
    int r;

    /* A name that this libseccomp does not know is of a call that this build cannot make. */
    if (number == __NR_SCMP_ERROR)
        return 0;
    if (condition->mask == 0 && !row->unless) {
        r = seccomp_rule_add_array(filter, action, number, 0, NULL);
    } else {
        compare = row->unless ? SCMP_CMP(condition->argument, SCMP_CMP_NE, condition->value, 0)
                              : SCMP_CMP(condition->argument, SCMP_CMP_MASKED_EQ, condition->mask,
                                         condition->value);
        r = seccomp_rule_add_array(filter, action, number, 1, &compare);
    }
    /* -EEXIST: another list of the profile has it too. */
    if (r == 0 || r == -EEXIST)
        return 0;
    return r == -ENOMEM ? -LK_ERR_NOMEM : -LK_ERR_IO;
}

static int lk_sandbox_load(const struct lk_sandbox_profile *profile)
{
    scmp_filter_ctx filter = seccomp_init(profile->open ? SCMP_ACT_ALLOW : SCMP_ACT_TRAP);
    int r = 0;

    if (filter == NULL)
        return -LK_ERR_NOMEM;
    /* All threads, or a thread made before would go on without the filter. */
    if (seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) != 0)
        r = -LK_ERR_IO;
    for (size_t i = 0; i < LK_SANDBOX_PARTS && profile->parts[i] != NULL; i++)
        for (const struct lk_sandbox_row *row = profile->parts[i]; row->call != NULL && r == 0;
             row++)
            r = lk_sandbox_add_row(filter, row);
    if (r == 0 && seccomp_load(filter) != 0)
        r = -LK_ERR_IO;
    seccomp_release(filter);
    return r;
}

int lk_sandbox_protect_memory(void)
{
    static const struct rlimit none = {0, 0};

    /* Not dumpable: no core, no ptrace and no /proc/PID/mem for others of the same user. */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || setrlimit(RLIMIT_CORE, &none) != 0)
        return -LK_ERR_IO;
    return 0;
}

int lk_sandbox_enter(const struct lk_sandbox_profile *profile)
{
    struct sigaction action = {.sa_sigaction = lk_sandbox_trapped, .sa_flags = SA_SIGINFO};
    sigset_t trapped;
    int r = 0;

#ifndef LK_SANITIZED
    /* The leak checker attaches to its own process, which needs it dumpable. */
    r = lk_sandbox_protect_memory();
    if (r != 0)
        return r;
#endif
    for (size_t i = 0; i < profile->limit_count; i++) {
        struct rlimit limit = {profile->limits[i].value, profile->limits[i].value};

        if (setrlimit(profile->limits[i].resource, &limit) != 0)
            return -LK_ERR_IO;
    }
    /* Blocked, SIGSYS would end the process without a word. */
    if (sigemptyset(&trapped) != 0 || sigaddset(&trapped, SIGSYS) != 0 ||
        sigprocmask(SIG_UNBLOCK, &trapped, NULL) != 0)
        return -LK_ERR_IO;
    if (sigaction(SIGSYS, &action, NULL) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -LK_ERR_IO;
    r = lk_sandbox_load(profile);
    return r;
}
