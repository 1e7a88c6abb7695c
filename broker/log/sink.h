/* SPDX-License-Identifier: EUPL-1.2 */
/* Sinks: where a decision or a head of a chain is told besides the store. One line each, key=value, on a descriptor that a supervisor
 * reads (systemd's journal, a container's log): "<priority>" first, as sd-daemon(3) has it, when the sink is asked to.
 *
 * A sink never blocks and never fails a login: a line that does not fit at once is dropped and counted. */
#ifndef LK_BROKER_LOG_SINK_H
#define LK_BROKER_LOG_SINK_H

#include "broker/store/store.h"

enum { LK_LOG_LINE_MAX = 1024 };

enum lk_log_priority { LK_LOG_ERROR = 3, LK_LOG_WARNING = 4, LK_LOG_NOTICE = 5, LK_LOG_INFO = 6 };

struct lk_log_sink {
    int fd;           /* borrowed; -1 = nowhere */
    bool priorities;  /* begin lines with <N> */
    uint64_t dropped; /* lines lost so far */
};

/* "login reason=E_PENDING name=alice service=sudo subject=... credential=<16 hex digits> ...": the name and what comes from a peer is quoted
 * byte by byte, so that nobody can write a second line. size at least LK_LOG_LINE_MAX. */
void lk_log_record_format(char *ret_line, size_t size, const struct lk_log_record *record,
                          uint64_t number);
/* "heads register=N hash=... log=N hash=...": goes out at least every minute while anything is written (design section 4). */
void lk_log_heads_format(char *ret_line, size_t size, const struct lk_store_head *head);
/* Writes the line and a newline in one write. */
void lk_log_sink_write(struct lk_log_sink *sink, enum lk_log_priority priority, const char *line);
/* Allowed and refused by the agent: notice; refused for a state of the house: error; the rest: warning. */
enum lk_log_priority lk_log_record_priority(const struct lk_log_record *record);

#endif
