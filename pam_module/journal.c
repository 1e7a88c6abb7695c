/* SPDX-License-Identifier: EUPL-1.2 */
/* One line to the system log (RFC 3164, as every local syslog socket takes it).
 *
 * syslog(3) is not used: it leaves its descriptor open in the host, and closelog(3) would drop the host's own connection and
 * its name. One datagram from a socket of our own leaves nothing behind. */
#include "pam_module/journal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "base/file.h"
#include "message/text.h"

enum { LK_JOURNAL_LINE = 1024 };

static void lk_journal_send(const char *line, size_t len)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
    int fd LK_CLEANUP(lk_fd_close) = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd >= 0)
        (void)!sendto(fd, line, len, MSG_NOSIGNAL, (const struct sockaddr *)&address,
                      sizeof(address));
}

void lk_journal_write(int priority, const char *service, const char *format, ...)
{
    char text[LK_JOURNAL_LINE];
    char line[LK_JOURNAL_LINE + 128];
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (n < 0)
        return;
    n = snprintf(line, sizeof(line), "<%d>pam_latchkey[%ld]: (%.64s:auth) %s",
                 LOG_AUTHPRIV | priority, (long)getpid(), service, text);
    if (n < 0)
        return;
    lk_text_clean(line);
    n = (int)sizeof(line) - 1 < n ? (int)sizeof(line) - 1 : n;
    /* Cleaning may have shortened it. */
    lk_journal_send(line, strnlen(line, (size_t)n));
}
