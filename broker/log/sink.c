/* SPDX-License-Identifier: EUPL-1.2 */
/* Lines for the journal.
 *
 * Threat: name, service and host come from whoever asks. Everything but letters, digits and a few marks is
 * written as \xNN, so no line can be forged, no terminal be driven, and no field ends early. */
#include "broker/log/sink.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>

/* A line under construction; what does not fit is left out, the NUL always fits. */
struct lk_line {
    char *text;
    size_t size;
    size_t len;
};

static void line_put(struct lk_line *line, const char *text)
{
    while (*text != '\0' && line->len + 1 < line->size)
        line->text[line->len++] = *text++;
    line->text[line->len] = '\0';
}

__attribute__((format(printf, 2, 3))) static void line_format(struct lk_line *line,
                                                              const char *format, ...)
{
    char text[256];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    line_put(line, text);
}

static bool plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("._-:/@+%", c) != NULL);
}

static void line_put_quoted(struct lk_line *line, const char *key, const char *value)
{
    if (value[0] == '\0')
        return;
    line_format(line, " %s=", key);
    for (; *value != '\0'; value++) {
        char text[8];

        if (plain(*value))
            (void)snprintf(text, sizeof text, "%c", *value);
        else
            (void)snprintf(text, sizeof text, "\\x%02x", (unsigned int)(unsigned char)*value);
        line_put(line, text);
    }
}

static void line_put_hex(struct lk_line *line, const char *key, const void *data, size_t len)
{
    char text[2 * LK_DIGEST_SIZE + 1];

    lk_hex(text, sizeof text, data, len);
    line_format(line, " %s=%s", key, text);
}

void lk_log_record_format(char *ret_line, size_t size, const struct lk_log_record *record,
                          uint64_t number)
{
    struct lk_line line = {.text = ret_line, .size = size};

    line_format(&line, "login number=%llu reason=%s", (unsigned long long)number,
                record->reason == LK_REASON_NONE ? "OK" : lk_reason_name(record->reason));
    line_put_quoted(&line, "name", record->name);
    line_put_quoted(&line, "service", record->service);
    line_put_quoted(&line, "rhost", record->remote_host);
    if ((uint32_t)record->kind != 0)
        line_put_quoted(&line, "kind", lk_kind_name(record->kind));
    if (!lk_subject_zero(&record->subject))
        line_put_hex(&line, "subject", record->subject.bytes, LK_SUBJECT_SIZE);
    /* Eight bytes name a credential among an agent's few; the whole digest stands in the record. */
    if (!lk_digest_zero(&record->credential))
        line_put_hex(&line, "credential", record->credential.bytes, 8);
    line_format(&line, " ms=%u", (unsigned int)record->milliseconds);
    if (record->count > 1)
        line_format(&line, " count=%u", (unsigned int)record->count);
}

void lk_log_heads_format(char *ret_line, size_t size, const struct lk_store_head *head)
{
    struct lk_line line = {.text = ret_line, .size = size};

    line_format(&line, "heads register=%llu", (unsigned long long)head->number);
    line_put_hex(&line, "register_hash", head->hash.bytes, LK_DIGEST_SIZE);
    line_format(&line, " log=%llu", (unsigned long long)head->log_number);
    line_put_hex(&line, "log_hash", head->log_hash.bytes, LK_DIGEST_SIZE);
}

void lk_log_sink_write(struct lk_log_sink *sink, enum lk_log_priority priority, const char *line)
{
    char head[8] = "";
    struct iovec parts[3];
    size_t total = 0;
    ssize_t written;

    if (sink->fd < 0)
        return;
    if (sink->priorities)
        (void)snprintf(head, sizeof head, "<%d>", (int)priority);
    parts[0] = (struct iovec){.iov_base = head, .iov_len = strlen(head)};
    parts[1] = (struct iovec){.iov_base = (void *)(uintptr_t)line, .iov_len = strlen(line)};
    parts[2] = (struct iovec){.iov_base = (char[]){"\n"}, .iov_len = 1};
    for (int i = 0; i < 3; i++)
        total += parts[i].iov_len;
    do
        written = writev(sink->fd, parts, 3);
    while (written < 0 && errno == EINTR);
    if (written < 0 || (size_t)written != total)
        sink->dropped++;
}

enum lk_log_priority lk_log_record_priority(const struct lk_log_record *record)
{
    switch (lk_reason_class(record->reason)) {
    case LK_REASON_CLASS_ALLOWED:
    case LK_REASON_CLASS_RETRY:
        return LK_LOG_NOTICE;
    case LK_REASON_CLASS_UNAVAILABLE:
    case LK_REASON_CLASS_CONFIG:
        return LK_LOG_ERROR;
    case LK_REASON_CLASS_REFUSED:
    case LK_REASON_CLASS_MAXTRIES:
        break;
    }
    return LK_LOG_WARNING;
}
