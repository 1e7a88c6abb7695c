/* SPDX-License-Identifier: EUPL-1.2 */
/* The profiles. A row says who needs the call; one that nobody needs any more goes. Names are those of the kernel; a call
 * that this architecture does not have (open on arm64) is left out when the filter is built.
 *
 * What a filter cannot say: which path is opened (the broker's user and unit see to that), and whose process is meant. */
#include "sandbox/profile.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

/* glibc and the kernel, in every process. */
static const struct lk_sandbox_row lk_rows_common[] = {
    {.call = "read", .who = "all"},
    {.call = "write", .who = "all; also the handler that names a forbidden call"},
    {.call = "readv", .who = "message frames"},
    {.call = "writev", .who = "message frames; glibc's abort message"},
    {.call = "close", .who = "all"},
    {.call = "fstat", .who = "glibc stdio"},
    {.call = "newfstatat", .who = "glibc 2.33 and later: fstat is this call"},
    {.call = "lseek", .who = "glibc stdio"},
    {.call = "fcntl", .who = "non-blocking descriptors; SQLite's locks"},
    {.call = "poll", .who = "waiting"},
    {.call = "ppoll", .who = "waiting"},
    {.call = "epoll_create1", .who = "event loop"},
    {.call = "epoll_ctl", .who = "event loop"},
    {.call = "epoll_wait", .who = "event loop"},
    {.call = "epoll_pwait", .who = "event loop (the only one on arm64)"},
    {.call = "eventfd2", .who = "waking the loop from a thread"},
    {.call = "timerfd_create", .who = "event loop"},
    {.call = "timerfd_settime", .who = "event loop"},
    {.call = "signalfd4", .who = "event loop"},
    {.call = "recvmsg", .who = "frames with descriptors"},
    {.call = "sendmsg", .who = "frames with descriptors"},
    {.call = "recvfrom", .who = "recv()"},
    {.call = "sendto", .who = "send(); lk_fd_write_all"},
    {.call = "getsockopt", .who = "SO_PEERCRED, SO_ERROR"},
    {.call = "shutdown", .who = "ending a connection"},
    {.call = "brk", .who = "malloc"},
    {.call = "mmap",
     .who = "malloc, secrets, SQLite; glibc 2.41: getrandom's state",
     .condition = {2, PROT_EXEC, 0}},
    {.call = "mprotect", .who = "malloc, thread stacks", .condition = {2, PROT_EXEC, 0}},
    {.call = "mremap", .who = "realloc"},
    {.call = "munmap", .who = "free, secrets"},
    {.call = "madvise", .who = "secrets, malloc, thread stacks"},
    {.call = "mlock", .who = "secrets"},
    {.call = "munlock", .who = "secrets"},
    {.call = "futex", .who = "locks"},
    {.call = "getrandom", .who = "random bytes; malloc's tcache"},
    {.call = "clock_gettime", .who = "clocks where the vdso has none"},
    {.call = "clock_nanosleep", .who = "sleeping"},
    {.call = "gettimeofday", .who = "SQLite and OpenSSL where the vdso has none"},
    {.call = "rt_sigaction", .who = "signal set-up, abort"},
    {.call = "rt_sigprocmask",
     .who = "signal set-up; glibc 2.41: getrandom blocks signals; thread start"},
    {.call = "rt_sigreturn", .who = "returning from a handler"},
    {.call = "restart_syscall", .who = "the kernel after a stop"},
    {.call = "getpid", .who = "abort; SQLite's temporary names"},
    {.call = "gettid", .who = "abort, thread start"},
    {.call = "tgkill", .who = "abort"},
    {.call = "getuid", .who = "OpenSSL's secure_getenv; owner checks"},
    {.call = "geteuid", .who = "owner checks, SQLite"},
    {.call = "getgid", .who = "OpenSSL's secure_getenv"},
    {.call = "getegid", .who = "OpenSSL's secure_getenv"},
    {.call = "sched_yield", .who = "locks"},
    {.call = "sched_getaffinity", .who = "number of processors"},
    {.call = "sysinfo", .who = "qsort of glibc before 2.37"},
    {.call = "uname", .who = "the host's name"},
    {.call = "ioctl",
     .who = "stdio asks whether stderr is a terminal",
     .condition = {1, 0xffffffffUL, TCGETS}},
    {.call = "prlimit64", .who = "sysconf: reading limits", .condition = {2, ~0UL, 0}},
    {.call = "exit", .who = "end of a thread"},
    {.call = "exit_group", .who = "end"},
    {0},
};

/* clone3's flags lie in memory, where a filter cannot see them; glibc takes the answer "no such call" and uses clone. */
static const struct lk_sandbox_row lk_rows_threads[] = {
    {.call = "clone3", .who = "pthread_create tries it first", .action = LK_SANDBOX_NO_SUCH_CALL},
    {.call = "clone",
     .who = "pthread_create; never a process",
     .condition = {0, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM}},
    {.call = "set_robust_list", .who = "thread start"},
    {.call = "rseq", .who = "thread start"},
    {.call = "prctl", .who = "the name of a thread", .condition = {0, 0xffffffffUL, PR_SET_NAME}},
    {0},
};

static const struct lk_sandbox_row lk_rows_files[] = {
    {.call = "open", .who = "SQLite"},
    {.call = "openat", .who = "files"},
    {.call = "openat2", .who = "lk_file_open"},
    {.call = "access", .who = "SQLite"},
    {.call = "faccessat", .who = "SQLite"},
    {.call = "faccessat2", .who = "SQLite"},
    {.call = "stat", .who = "SQLite"},
    {.call = "lstat", .who = "SQLite"},
    {.call = "statx", .who = "glibc on some architectures"},
    {.call = "readlink", .who = "SQLite: full path names"},
    {.call = "readlinkat", .who = "links of sysfs"},
    {.call = "getcwd", .who = "SQLite: full path names"},
    {.call = "getdents64", .who = "reading folders"},
    {.call = "flock", .who = "lk_file_replace; the opener's claim on a node"},
    {0},
};

static const struct lk_sandbox_row lk_rows_broker[] = {
    {.call = "accept4", .who = "its four sockets"},
    {.call = "setsockopt", .who = "options of accepted connections"},
    {.call = "pread64", .who = "SQLite"},
    {.call = "pwrite64", .who = "SQLite"},
    {.call = "fsync", .who = "SQLite, lk_file_replace"},
    {.call = "fdatasync", .who = "SQLite"},
    {.call = "ftruncate", .who = "SQLite, lk_file_replace"},
    {.call = "fallocate", .who = "the store's reserve"},
    {.call = "unlink", .who = "SQLite; releasing the reserve"},
    {.call = "unlinkat", .who = "lk_file_replace"},
    {.call = "rename", .who = "closed log segments"},
    {.call = "renameat", .who = "lk_file_replace"},
    {.call = "renameat2", .who = "renameat on some architectures"},
    {.call = "fchmod", .who = "lk_file_replace, SQLite"},
    {.call = "fchown", .who = "SQLite as root gives its files to the owner of the store"},
    {.call = "utimensat", .who = "SQLite's lock files"},
    {.call = "mkdir", .who = "folders of closed log segments"},
    {.call = "statfs", .who = "space left"},
    {.call = "fstatfs", .who = "space left"},
    {.call = "getppid", .who = "noticing that the launcher is gone"},
    {.call = "getrusage", .who = "status"},
    {0},
};

/* Name service modules are other people's libraries, loaded when first asked. What they may connect to cannot be known. */
static const struct lk_sandbox_row lk_rows_names[] = {
    {.call = "mmap", .who = "loading NSS modules"},
    {.call = "mprotect", .who = "loading NSS modules"},
    {.call = "pread64", .who = "loading NSS modules"},
    {.call = "socket", .who = "NSS modules: nscd, sssd, systemd, LDAP"},
    {.call = "connect", .who = "NSS modules"},
    {.call = "bind", .who = "NSS modules: netlink, reserved ports"},
    {.call = "setsockopt", .who = "NSS modules"},
    {.call = "getsockname", .who = "NSS modules"},
    {.call = "getpeername", .who = "NSS modules"},
    {.call = "sendmmsg", .who = "glibc's resolver"},
    {.call = "recvmmsg", .who = "NSS modules"},
    {.call = "socketpair", .who = "NSS modules"},
    {.call = "pselect6", .who = "NSS modules"},
    {.call = "select", .who = "NSS modules"},
    {.call = "dup", .who = "NSS modules"},
    {.call = "pipe2", .who = "NSS modules"},
    {.call = "getresuid", .who = "NSS modules"},
    {.call = "getresgid", .who = "NSS modules"},
    {.call = "getgroups", .who = "NSS modules"},
    {.call = "prctl",
     .who = "libnss_systemd: which capabilities there are",
     .condition = {0, 0xffffffffUL, PR_CAPBSET_READ}},
    {.call = "alarm", .who = "the limit of two seconds"},
    {.call = "setitimer", .who = "the limit of two seconds"},
    {.call = "fstatfs", .who = "loading NSS modules"},
    {.call = "statfs", .who = "loading NSS modules"},
    {0},
};

/* A talker is started from here, and this filter stays with it: so the loader's and lk_sandbox_enter's calls are in it. */
static const struct lk_sandbox_row lk_rows_opener[] = {
    {.call = "mmap", .who = "a talker's start: shared libraries"},
    {.call = "mprotect", .who = "a talker's start: shared libraries"},
    {.call = "pread64", .who = "a talker's start: shared libraries"},
    {.call = "ioctl", .who = "the report descriptor of a node"},
    {.call = "socketpair", .who = "a talker's control socket"},
    {.call = "socket",
     .who = "news of plugged keys from the kernel",
     .condition = {0, 0xffffffffUL, AF_NETLINK}},
    {.call = "bind", .who = "news of plugged keys"},
    {.call = "setsockopt", .who = "news of plugged keys"},
    {.call = "getsockname", .who = "news of plugged keys"},
    {.call = "connect", .who = "the opener of the tests"},
    {.call = "inotify_init1", .who = "news of plugged keys where netlink is shut off"},
    {.call = "inotify_add_watch", .who = "news of plugged keys"},
    {.call = "inotify_rm_watch", .who = "news of plugged keys"},
    {.call = "clone", .who = "starting a talker"},
    {.call = "vfork", .who = "starting a talker"},
    {.call = "fork", .who = "starting a talker"},
    {.call = "execve", .who = "starting a talker"},
    {.call = "wait4", .who = "a talker's end"},
    {.call = "waitid", .who = "a talker's end"},
    {.call = "kill", .who = "a talker that does not end"},
    {.call = "pidfd_open", .who = "a talker's end"},
    {.call = "pidfd_send_signal", .who = "a talker that does not end"},
    {.call = "dup2", .who = "a talker's start"},
    {.call = "dup3", .who = "a talker's start"},
    {.call = "close_range", .who = "a talker's start"},
    {.call = "chdir", .who = "a talker's start"},
    {.call = "getppid", .who = "a talker that outlives its parent ends"},
    {.call = "arch_prctl", .who = "a talker's start"},
    {.call = "set_tid_address", .who = "a talker's start"},
    {.call = "prlimit64", .who = "a talker's lk_sandbox_enter"},
    {.call = "setrlimit", .who = "a talker's lk_sandbox_enter"},
    {.call = "prctl", .who = "a talker's lk_sandbox_enter"},
    {.call = "seccomp", .who = "a talker's lk_sandbox_enter"},
    {0},
};

static const struct lk_sandbox_row lk_rows_talker[] = {
    {.call = "getppid", .who = "noticing that the opener is gone"},
    {0},
};

/* It reaches its neighbours by UNIX sockets and nobody else. */
static const struct lk_sandbox_row lk_rows_issuer[] = {
    {.call = "accept4", .who = "web processes"},
    {.call = "setsockopt", .who = "options of connections"},
    {.call = "socket", .who = "broker, workers, notify", .condition = {0, 0xffffffffUL, AF_UNIX}},
    {.call = "connect", .who = "broker, workers, notify"},
    {.call = "getsockname", .who = "asking who listens"},
    {.call = "getpeername", .who = "asking who listens"},
    {0},
};

/* It faces the network: no file at all. A folder may be held as a place (O_PATH), which reads nothing: lk_client_reach looks who owns the way to the issuer's socket. */
static const struct lk_sandbox_row lk_rows_web[] = {
    {.call = "accept4", .who = "browsers, by way of the proxy"},
    {.call = "setsockopt", .who = "libmicrohttpd: options of connections"},
    {.call = "socket", .who = "the issuer", .condition = {0, 0xffffffffUL, AF_UNIX}},
    {.call = "connect", .who = "the issuer"},
    {.call = "getsockname", .who = "libmicrohttpd"},
    {.call = "getpeername", .who = "asking who listens"},
    {.call = "openat",
     .who = "lk_client_reach: folders above the socket",
     .condition = {2, O_PATH, O_PATH}},
    {0},
};

/* Resolver and TLS of libcurl, besides what name service modules need. */
static const struct lk_sandbox_row lk_rows_notify[] = {
    {.call = "ioctl", .who = "the resolver and the TLS library ask for bytes that wait"},
    {.call = "sysinfo", .who = "the TLS library"},
    {.call = "getppid", .who = "noticing that the launcher is gone"},
    {0},
};

#ifdef LK_SANITIZED
/* Only in builds with a sanitizer, which reads /proc, keeps shadow memory, and looks for leaks from a process of its own. */
static const struct lk_sandbox_row lk_rows_sanitizer[] = {
    {.call = "mmap", .who = "sanitizer"},
    {.call = "mprotect", .who = "sanitizer"},
    {.call = "open", .who = "sanitizer"},
    {.call = "openat", .who = "sanitizer"},
    {.call = "readlink", .who = "sanitizer"},
    {.call = "stat", .who = "sanitizer"},
    {.call = "getdents",
     .who = "sanitizer: its leak checker lists threads; trapped there, its parent waits for ever"},
    {.call = "getdents64", .who = "sanitizer"},
    {.call = "sigaltstack", .who = "sanitizer"},
    {.call = "prctl", .who = "sanitizer"},
    {.call = "prlimit64", .who = "sanitizer"},
    {.call = "getrusage", .who = "sanitizer"},
    {.call = "clone", .who = "sanitizer"},
    {.call = "wait4", .who = "sanitizer"},
    {.call = "ptrace", .who = "sanitizer"},
    {.call = "process_vm_readv", .who = "sanitizer"},
    {.call = "pipe", .who = "sanitizer"},
    {.call = "pipe2", .who = "sanitizer"},
    {.call = "getppid", .who = "sanitizer"},
    {.call = "kill", .who = "sanitizer"},
    {.call = "set_robust_list", .who = "sanitizer"},
    {.call = "rseq", .who = "sanitizer"},
    {.call = "getcwd", .who = "sanitizer"},
    {0},
};
#else
static const struct lk_sandbox_row lk_rows_sanitizer[] = {{0}};
#endif

const struct lk_sandbox_profile lk_sandbox_broker = {
    .name = "broker",
    .parts = {lk_rows_common, lk_rows_threads, lk_rows_files, lk_rows_broker, lk_rows_sanitizer},
};

const struct lk_sandbox_profile lk_sandbox_names = {
    .name = "names",
    .parts = {lk_rows_common, lk_rows_threads, lk_rows_files, lk_rows_names, lk_rows_sanitizer},
};

const struct lk_sandbox_profile lk_sandbox_opener = {
    .name = "opener",
    .parts = {lk_rows_common, lk_rows_threads, lk_rows_files, lk_rows_opener, lk_rows_sanitizer},
};

/* libfido2 decodes CBOR with cbor_load, which five bytes can send after 2 GiB and nine seconds. */
const struct lk_sandbox_profile lk_sandbox_talker = {
    .name = "talker",
    .parts = {lk_rows_common, lk_rows_talker, lk_rows_sanitizer},
#ifndef LK_SANITIZED
    /* Not with a sanitizer: its shadow memory counts as data. */
    .limits = {{RLIMIT_DATA, 64UL << 20}, {RLIMIT_CPU, 5}},
    .limit_count = 2,
#endif
};

const struct lk_sandbox_profile lk_sandbox_issuer = {
    .name = "issuer",
    .parts = {lk_rows_common, lk_rows_files, lk_rows_issuer, lk_rows_sanitizer},
};

const struct lk_sandbox_profile lk_sandbox_web = {
    .name = "web",
    .parts = {lk_rows_common, lk_rows_web, lk_rows_sanitizer},
};

const struct lk_sandbox_profile lk_sandbox_notify = {
    .name = "notify",
    .parts = {lk_rows_common, lk_rows_threads, lk_rows_files, lk_rows_names, lk_rows_notify,
              lk_rows_sanitizer},
};
