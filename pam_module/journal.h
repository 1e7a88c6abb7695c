/* SPDX-License-Identifier: EUPL-1.2 */
/* One line to the system log, from inside somebody else's program. */
#ifndef LK_PAM_MODULE_JOURNAL_H
#define LK_PAM_MODULE_JOURNAL_H

/* priority: LOG_ERR and so on; the facility is LOG_AUTHPRIV. Control characters are replaced, long lines cut. Never waits, never fails visibly. */
void lk_journal_write(int priority, const char *service, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
