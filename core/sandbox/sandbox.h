/* SPDX-License-Identifier: EUPL-1.2 */
/* Locks a process of ours in: no new privileges, no core dumps, limits, and a list of the system calls it may make.
 *
 * A profile is a table in profiles.c; each row of it names one system call and who needs it. Whatever is not in the table makes
 * the kernel send SIGSYS, whose handler writes "latchkey: system call N not permitted" to stderr and ends the process with
 * LK_SANDBOX_EXIT_STATUS: never an error code that somebody might take for an ordinary failure. */
#ifndef LK_SANDBOX_SANDBOX_H
#define LK_SANDBOX_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum { LK_SANDBOX_EXIT_STATUS = 159 }; /* 128 + SIGSYS */

struct lk_sandbox_profile;

/* Threads may be made after entering, processes not, unless said.
 * - broker: files (the filter cannot tell paths apart: that only the store is opened is for the user and the unit to ensure), the
 *   sockets it was given, threads. No execve, no fork, no socket(), bind() or connect().
 * - names: whatever the machine's name service does, which may load libraries and connect; no execve, no fork.
 * - opener: finds and opens nodes, starts talkers. A filter lives on across execve, so it has all that the talker's start needs.
 * - talker: reads and writes the descriptors it has. Opens nothing, makes no socket, no process.
 * - web: has its sockets, connects to UNIX sockets. Opens no file, makes no thread, no process, no other socket.
 * - issuer: reads its configuration and keys, connects to UNIX sockets. No thread, no process, no other network, writes no file.
 * - worker: runs other people's PAM modules, whose calls nobody can list: everything but what no module needs (tracing, mounting, kernel modules, bpf, keys,
 *   io_uring, namespaces, clocks), and sockets of the UNIX family only. worker_network: the same with the network.
 * - notify: threads of a resolver, sockets to homeservers, reads certificates. No process. */
extern const struct lk_sandbox_profile lk_sandbox_broker;
extern const struct lk_sandbox_profile lk_sandbox_names;
extern const struct lk_sandbox_profile lk_sandbox_opener;
extern const struct lk_sandbox_profile lk_sandbox_talker;
extern const struct lk_sandbox_profile lk_sandbox_issuer;
extern const struct lk_sandbox_profile lk_sandbox_web;
extern const struct lk_sandbox_profile lk_sandbox_worker;
extern const struct lk_sandbox_profile lk_sandbox_worker_network;
extern const struct lk_sandbox_profile lk_sandbox_notify;

/* All threads of the calling process at once, without a way back: dumpable off, limits, no_new_privs, handler, filter.
 * -LK_ERR_IO: the kernel refused a step (the process must end: it may be half locked in). -LK_ERR_NOMEM. */
LK_MUST_USE int lk_sandbox_enter(const struct lk_sandbox_profile *profile);

/* A process that is to have another root, started by one that may do all: `keep` before the change of user, `pass` after it, in a child before execve: the program then holds
 * CAP_SYS_CHROOT and nothing else. -LK_ERR_IO: the kernel refused. */
LK_MUST_USE int lk_sandbox_root_keep(void);
LK_MUST_USE int lk_sandbox_root_pass(void);
/* In the program, before lk_sandbox_enter: may it? As uid 0 or by that right. */
bool lk_sandbox_root_may(void);
/* The folder becomes the root, and the right is given up (uid 0 keeps what it has). -LK_ERR_IO: the process must end. */
LK_MUST_USE int lk_sandbox_root_enter(const char *folder);

/* Only the first half, for processes that take no filter (launcher, command line while it holds a PIN): dumpable off, core limit 0. */
LK_MUST_USE int lk_sandbox_protect_memory(void);

#endif
