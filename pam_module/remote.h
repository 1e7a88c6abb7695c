/* SPDX-License-Identifier: EUPL-1.2 */
/* Signs that the person is not at this machine. They only ever tighten: the broker has its own list of local services, and refuses
 * whatever this module calls remote. */
#ifndef LK_PAM_MODULE_REMOTE_H
#define LK_PAM_MODULE_REMOTE_H

#include <stdbool.h>

/* All strings as PAM has them; NULL where it has none. */
struct lk_remote_signs {
    const char *service;
    const char *tty;
    const char *remote_host;
    const char *own_name;        /* of this machine, gethostname() */
    const char *session_id_path; /* "/proc/self/sessionid": the audit session */
    const char *sessions_path;   /* "/run/systemd/sessions": one file a session, by its id */
};

bool lk_remote_found(const struct lk_remote_signs *signs);

#endif
