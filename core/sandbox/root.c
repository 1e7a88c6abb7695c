/* SPDX-License-Identifier: EUPL-1.2 */
/* Another root for a process that is started as its own user: one right, CAP_SYS_CHROOT, travels through the execve in the ambient set (capabilities(7)) and is given up with its use. */
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/sandbox.h"

/* The C library has no capset. */
static int rights_set(uint32_t rights)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
        {.effective = rights, .permitted = rights, .inheritable = rights}};

    return syscall(SYS_capset, &header, data) == 0 ? 0 : -LK_ERR_IO;
}

int lk_sandbox_root_keep(void)
{
    return prctl(PR_SET_KEEPCAPS, 1L, 0L, 0L, 0L) == 0 ? 0 : -LK_ERR_IO;
}

int lk_sandbox_root_pass(void)
{
    int error = rights_set(UINT32_C(1) << CAP_SYS_CHROOT);

    if (error == 0 &&
        prctl(PR_CAP_AMBIENT, (long)PR_CAP_AMBIENT_RAISE, (long)CAP_SYS_CHROOT, 0L, 0L) != 0)
        error = -LK_ERR_IO;
    return error;
}

bool lk_sandbox_root_may(void)
{
    return geteuid() == 0 ||
           prctl(PR_CAP_AMBIENT, (long)PR_CAP_AMBIENT_IS_SET, (long)CAP_SYS_CHROOT, 0L, 0L) == 1;
}

int lk_sandbox_root_enter(const char *folder)
{
    if (chroot(folder) != 0 || chdir("/") != 0)
        return -LK_ERR_IO;
    if (geteuid() == 0)
        return 0;
    /* The ambient set cannot hold what is not permitted any more. */
    return rights_set(0);
}
