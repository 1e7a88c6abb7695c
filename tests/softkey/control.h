/* SPDX-License-Identifier: EUPL-1.2 */
/* The control channel: a UNIX stream socket, one command a line, one reply `ok ...` or `error ...`.
 */
#ifndef LK_SOFTKEY_CONTROL_H
#define LK_SOFTKEY_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

struct lk_ctaphid;
struct lk_loop;
struct lk_softkey;

/* Listens at the path. False: it did not work, and the reason is on stderr. */
bool lk_control_open(struct lk_loop *loop, struct lk_ctaphid *hid, const char *path);

/* One setting by name and value, as both the control channel and the command line have it: touch,
 * uv, slow, pin, misbehave. False: the name or the value is not known; nothing is changed. */
bool lk_control_set(struct lk_softkey *key, const char *name, const char *value);
/* Carries out one line; the reply ends with a newline. */
void lk_control_run(struct lk_loop *loop, struct lk_ctaphid *hid, const char *line, char *ret_reply,
                    size_t size);

#endif
