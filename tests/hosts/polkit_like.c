/* SPDX-License-Identifier: EUPL-1.2 */
/* lk_polkit_like COMMAND...: runs a command as polkit 127's unit of its agent helper would, as far as this goes without systemd:
 * RestrictAddressFamilies=AF_UNIX, NoNewPrivileges, LimitMEMLOCK=0, PrivateNetwork, and of SystemCallFilter=@system-service what a PAM module could be
 * tempted by. PrivateDevices is made by the caller's mounts (hosts.py). Ends with the command's status, 125 when it cannot lock itself in. */
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EXIT_NOT_LOCKED = 125, EXIT_NOT_FOUND = 127 };

/* Outside @system-service of systemd.exec(5). */
static const char *const refused[] = {
    "mount",        "umount2",       "ptrace",          "bpf",         "init_module",
    "finit_module", "delete_module", "kexec_load",      "reboot",      "swapon",
    "swapoff",      "pivot_root",    "chroot",          "iopl",        "ioperm",
    "settimeofday", "clock_settime", "perf_event_open", "userfaultfd", "open_by_handle_at",
    "quotactl",     "acct",          "syslog"};

static int filter(void)
{
    scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);
    int status = context == NULL ? -ENOMEM : 0;

    if (status == 0)
        status = seccomp_rule_add(context, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
                                  SCMP_A0(SCMP_CMP_NE, AF_UNIX));
    for (size_t i = 0; status == 0 && i < sizeof(refused) / sizeof(refused[0]); i++) {
        int number = seccomp_syscall_resolve_name(refused[i]);

        if (number != __NR_SCMP_ERROR)
            status = seccomp_rule_add(context, SCMP_ACT_KILL_PROCESS, number, 0);
    }
    if (status == 0)
        status = seccomp_load(context);
    seccomp_release(context);
    return status;
}

int main(int argc, char **argv)
{
    static const struct rlimit none = {0, 0};
    int status;

    if (argc < 2) {
        fprintf(stderr, "usage: lk_polkit_like COMMAND [ARGUMENT...]\n");
        return EXIT_NOT_LOCKED;
    }
    if (unshare(CLONE_NEWNET) != 0 || setrlimit(RLIMIT_MEMLOCK, &none) != 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        fprintf(stderr, "lk_polkit_like: %s\n", strerror(errno));
        return EXIT_NOT_LOCKED;
    }
    status = filter();
    if (status != 0) {
        fprintf(stderr, "lk_polkit_like: filter: %s\n", strerror(-status));
        return EXIT_NOT_LOCKED;
    }
    execvp(argv[1], argv + 1);
    fprintf(stderr, "lk_polkit_like: %s: %s\n", argv[1], strerror(errno));
    return EXIT_NOT_FOUND;
}
