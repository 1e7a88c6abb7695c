/* SPDX-License-Identifier: EUPL-1.2 */
/* Inside core/client only: is this socket, and who answers on it, the broker? The rule stands in client.h. */
#ifndef LK_CLIENT_PEER_H
#define LK_CLIENT_PEER_H

#include <sys/types.h>

#include "base/error.h"

/* Checks the folders above the socket and the socket itself for a caller with this effective uid; *ret_owner is the socket's owner. */
LK_MUST_USE int lk_peer_check_path(const char *path, uid_t caller, uid_t *ret_owner);
/* Checks who listens at the other end of a connected socket. */
LK_MUST_USE int lk_peer_check_socket(int fd, uid_t owner);

#endif
