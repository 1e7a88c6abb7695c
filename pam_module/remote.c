/* SPDX-License-Identifier: EUPL-1.2 */
/* Is the person at this machine? Looked at: the service and terminal that sshd gives, PAM_RHOST, and whether the login session this
 * process belongs to came over the network.
 *
 * sudo sets PAM_RHOST to the name of this machine, so our own name is no sign. Nothing longer or shorter than exactly that name
 * counts as it: names of strangers come from a name server that they may own. An address is always a sign, also a loopback one:
 * that is what a proxy in front of a login program looks like. */
#include "pam_module/remote.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/file.h"

enum { LK_SESSION_FILE_MAX = 4096 };

static bool lk_remote_same(const char *a, const char *b)
{
    return a != NULL && strcmp(a, b) == 0;
}

static bool lk_remote_host_is_own(const struct lk_remote_signs *signs)
{
    const char *host = signs->remote_host;

    if (host == NULL || host[0] == '\0' || strcasecmp(host, "localhost") == 0)
        return true;
    return signs->own_name != NULL && strcasecmp(host, signs->own_name) == 0;
}

/* The first bytes of a small file, with a NUL; empty if it cannot be read. */
static void lk_remote_read(const char *path, char *ret_text, size_t size)
{
    int fd LK_CLEANUP(lk_fd_close) = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    ssize_t n = fd >= 0 ? read(fd, ret_text, size - 1) : -1;

    ret_text[n > 0 ? n : 0] = '\0';
}

/* The session manager notes REMOTE=1 in its file of a session that came over the network; sudo and su stay in the
 * session of the login above them. No file, no answer: then this sign is silent. */
static bool lk_remote_session(const struct lk_remote_signs *signs)
{
    char id[16];
    char path[128];
    char text[LK_SESSION_FILE_MAX];
    size_t digits;
    int n;

    if (signs->session_id_path == NULL || signs->sessions_path == NULL)
        return false;
    lk_remote_read(signs->session_id_path, id, sizeof(id));
    digits = strspn(id, "0123456789");
    if (digits == 0 || (id[digits] != '\0' && id[digits] != '\n'))
        return false;
    id[digits] = '\0';
    n = snprintf(path, sizeof(path), "%s/%s", signs->sessions_path, id);
    if (n < 0 || (size_t)n >= sizeof(path))
        return false;
    lk_remote_read(path, text, sizeof(text));
    return strncmp(text, "REMOTE=1\n", 9) == 0 || strstr(text, "\nREMOTE=1\n") != NULL;
}

bool lk_remote_found(const struct lk_remote_signs *signs)
{
    return lk_remote_same(signs->service, "sshd") || lk_remote_same(signs->tty, "ssh") ||
           !lk_remote_host_is_own(signs) || lk_remote_session(signs);
}
