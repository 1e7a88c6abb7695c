/* SPDX-License-Identifier: EUPL-1.2 */
/* The profiles of the gateway's outer processes: PAM workers and notify. How rows are read stands in profiles.c.
 *
 * The worker's is the only one that is open: a PAM module may need any ordinary call, and one that dies of SIGSYS locks everybody out. So its rows name what
 * breaks out of a process or into the kernel, and what would reach the network. no_new_privs holds here too: unix_chkpwd then has the rights of the
 * worker, which is why a stack with pam_unix needs the group shadow and no set-group-id program. */
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "sandbox/profile.h"

static const struct lk_sandbox_row lk_rows_worker[] = {
#ifndef LK_SANITIZED
    {.call = "ptrace",
     .who = "nobody; the leak checker of a sanitizer",
     .action = LK_SANDBOX_FORBID},
    {.call = "process_vm_readv", .who = "nobody; likewise", .action = LK_SANDBOX_FORBID},
#endif
    {.call = "process_vm_writev", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "process_madvise", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "kcmp", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "pidfd_getfd", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "mount", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "umount2", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "pivot_root", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "chroot", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "open_tree", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "move_mount", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "fsopen", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "fspick", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "fsconfig", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "fsmount", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "mount_setattr", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "swapon", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "swapoff", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "quotactl", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "init_module", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "finit_module", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "delete_module", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "kexec_load", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "kexec_file_load", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "reboot", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "bpf", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "perf_event_open", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "userfaultfd", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "lookup_dcookie", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "syslog", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "acct", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "vhangup", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "iopl", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "ioperm", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "open_by_handle_at", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "personality", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "unshare", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "setns", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "sethostname", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "setdomainname", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "settimeofday", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "clock_settime", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "adjtimex", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "clock_adjtime", .who = "nobody", .action = LK_SANDBOX_FORBID},
    {.call = "clone3",
     .who = "the flags lie where no filter sees them; glibc takes clone then",
     .action = LK_SANDBOX_NO_SUCH_CALL},
    {.call = "clone",
     .who = "nobody: a user namespace",
     .action = LK_SANDBOX_FORBID,
     .condition = {0, CLONE_NEWUSER, CLONE_NEWUSER}},
    {.call = "clone",
     .who = "nobody: a mount namespace",
     .action = LK_SANDBOX_FORBID,
     .condition = {0, CLONE_NEWNS, CLONE_NEWNS}},
    {.call = "io_uring_setup", .who = "nobody must have it", .action = LK_SANDBOX_NO_SUCH_CALL},
    {.call = "io_uring_enter", .who = "nobody must have it", .action = LK_SANDBOX_NO_SUCH_CALL},
    {.call = "io_uring_register", .who = "nobody must have it", .action = LK_SANDBOX_NO_SUCH_CALL},
    {.call = "add_key",
     .who = "Kerberos libraries go on without the kernel's keys",
     .action = LK_SANDBOX_NO_SUCH_CALL},
    {.call = "request_key",
     .who = "Kerberos libraries go on without the kernel's keys",
     .action = LK_SANDBOX_NO_SUCH_CALL},
    {.call = "keyctl",
     .who = "Kerberos libraries go on without the kernel's keys",
     .action = LK_SANDBOX_NO_SUCH_CALL},
    {0},
};

/* The answer is that of a kernel without the family: libpam then knows that there is no audit, and the resolver that there is no network. */
static const struct lk_sandbox_row lk_rows_worker_local[] = {
    {.call = "socket",
     .who = "modules that ask a local service use UNIX",
     .action = LK_SANDBOX_NO_SUCH_FAMILY,
     .condition = {.argument = 0, .value = AF_UNIX},
     .unless = true},
    {0},
};

const struct lk_sandbox_profile lk_sandbox_worker = {
    .name = "worker",
    .open = true,
    .parts = {lk_rows_worker, lk_rows_worker_local},
};

const struct lk_sandbox_profile lk_sandbox_worker_network = {
    .name = "worker_network",
    .open = true,
    .parts = {lk_rows_worker},
};
