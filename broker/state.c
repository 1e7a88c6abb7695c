/* SPDX-License-Identifier: EUPL-1.2 */
/* The state folder: small secrets, the store, the mark. A store that does not open, or does not fit its register and mark, is not used for logins. */
#include "broker/state.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "broker/bury.h"
#include "broker/log/record.h"

enum { STATE_FILE_MAX = 64, RESERVE = 16 << 20, DAY = 86400 };

int lk_state_random(struct lk_broker *broker, const char *folder, const char *name, void *ret_bytes,
                    size_t len)
{
    struct lk_file_rule rule = {.owner = geteuid(), .forbidden = 077};
    char path[512];
    struct lk_buf buf;
    int error;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    lk_buf_init_secret(&buf, STATE_FILE_MAX);
    error = lk_file_read(path, &rule, STATE_FILE_MAX, &buf);
    if (error == 0 && buf.len != len)
        error = -LK_ERR_CORRUPT;
    if (error == 0)
        memcpy(ret_bytes, buf.data, len);
    lk_buf_clear(&buf);
    if (error != -LK_ERR_NOT_FOUND)
        return error;
    error = lk_random_fill(broker->random, ret_bytes, len);
    return error != 0 ? error : lk_file_replace(path, 0600, LK_VIEW(ret_bytes, len));
}

static void store_refuse(struct lk_broker *broker, enum lk_reason reason, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void store_refuse(struct lk_broker *broker, enum lk_reason reason, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(broker->store_text, sizeof(broker->store_text), format, arguments);
    va_end(arguments);
    broker->store_reason = reason;
    lk_broker_log(broker, "no login until this is mended: %s: %s", lk_reason_name(reason),
                  broker->store_text);
}

static int floor_each(void *context, const struct lk_store_log_row *row)
{
    struct lk_broker *broker = context;
    struct lk_log_entry entry;

    if (lk_log_entry_decode(row->bytes, &entry) == 0 && entry.record.time > broker->clock_floor)
        broker->clock_floor = entry.record.time;
    return 0;
}

static int floor_entry(void *context, const struct lk_store_entry *row)
{
    struct lk_broker *broker = context;
    struct lk_register_entry entry;

    if (row->present && lk_register_entry_decode(row->bytes, &entry) == 0 &&
        entry.time > broker->clock_floor)
        broker->clock_floor = entry.time;
    return 0;
}

static int store_check(struct lk_broker *broker)
{
    struct lk_register_report *report = &broker->register_report;
    struct lk_store_head head;
    /* From the mark on: what lies before it was checked when the mark was set, what was made dead is in the mark, and each login checks the entries of
     * its own row. `latchkey register verify` checks the whole. */
    int error = lk_register_check_tail(broker->store_ops, broker->store, broker->mark,
                                       broker->crypto, broker->operators, report);

    if (error == 0 && report->reason != LK_REASON_NONE) {
        store_refuse(broker, report->reason, "%s", report->text);
        return 0;
    }
    if (error == 0)
        error = lk_broker_catch_up(broker);
    if (error == 0)
        error = broker->store_ops->read_head(broker->store, &head);
    if (error == 0)
        error = broker->store_ops->read_log(broker->store, NULL, 0, 1, floor_each, broker);
    if (error == 0 && head.number > 0)
        error =
            broker->store_ops->read_register(broker->store, head.number, 1, floor_entry, broker);
    return error;
}

void lk_state_open_store(struct lk_broker *broker)
{
    const struct lk_store_options options = {.folder = broker->config.state,
                                             .broker = broker->broker_id,
                                             .crypto = broker->crypto,
                                             .clock = broker->clock,
                                             .reserve_bytes = RESERVE,
                                             .log_term = (int64_t)broker->config.log_days * DAY,
                                             .session_term =
                                                 (int64_t)broker->config.session_days * DAY};
    int error = broker->store_ops->open(&options, &broker->store);

    broker->store_reason = LK_REASON_NONE;
    if (error != 0) {
        broker->store = NULL;
        store_refuse(broker,
                     error == -LK_ERR_ROLLED_BACK ? LK_REASON_STORE_ROLLED_BACK
                                                  : LK_REASON_STORE_UNAVAILABLE,
                     "the store in %.150s does not open: %s", broker->config.state,
                     lk_error_text(error));
        return;
    }
    error = lk_mark_open(broker->config.state, broker->crypto, &broker->mark);
    if (error != 0)
        store_refuse(broker, LK_REASON_STORE_UNAVAILABLE, "the mark in %.150s does not read: %s",
                     broker->config.state, lk_error_text(error));
    else
        error = store_check(broker);
    if (error != 0 && broker->store_reason == LK_REASON_NONE)
        store_refuse(broker, LK_REASON_STORE_UNAVAILABLE, "the register cannot be checked: %s",
                     lk_error_text(error));
    error = lk_store_thread_start(broker->store_ops, broker->store, &broker->store_thread);
    if (error != 0 && broker->store_reason == LK_REASON_NONE)
        store_refuse(broker, LK_REASON_STORE_UNAVAILABLE, "the store thread does not start: %s",
                     lk_error_text(error));
}

void lk_state_close_store(struct lk_broker *broker)
{
    broker->store_thread = lk_store_thread_stop(broker->store_thread);
    if (broker->store != NULL)
        broker->store_ops->close(broker->store);
    broker->store = NULL;
    broker->mark = lk_mark_close(broker->mark);
}
