/* SPDX-License-Identifier: EUPL-1.2 */
/* The local listener: metrics for Prometheus, health for a monitor. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sso/web/web.h"

static void put(struct lk_buf *text, const char *name, const char *kind, const char *help)
{
    char line[256];
    int len = snprintf(line, sizeof(line), "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind);

    lk_buf_put_bytes(text, line, (size_t)len);
}

static void put_value(struct lk_buf *text, const char *name, const char *labels, uint64_t value)
{
    char line[192];
    int len = snprintf(line, sizeof(line), "%s%s %" PRIu64 "\n", name, labels, value);

    lk_buf_put_bytes(text, line, (size_t)len);
}

void lk_local_counters(const struct lk_web *web, struct lk_buf *text)
{
    const struct lk_web_counters *counters = &web->counters;
    char labels[24];

    put(text, "latchkey_web_answers_total", "counter",
        "Answers to HTTP requests by class of status.");
    for (unsigned int i = 2; i < 6; i++) {
        (void)snprintf(labels, sizeof(labels), "{class=\"%uxx\"}", i);
        put_value(text, "latchkey_web_answers_total", labels, counters->answers[i]);
    }
    put(text, "latchkey_web_questions_total", "counter", "Questions put to the issuer.");
    put_value(text, "latchkey_web_questions_total", "", counters->questions);
    put(text, "latchkey_web_unanswered_total", "counter",
        "Requests refused because the issuer was away, full or late.");
    put_value(text, "latchkey_web_unanswered_total", "", counters->unanswered);
    put(text, "latchkey_web_connections_total", "counter", "Connections accepted.");
    put_value(text, "latchkey_web_connections_total", "", counters->connections);
    put(text, "latchkey_web_shut_total", "counter", "Slow or silent connections that were closed.");
    put_value(text, "latchkey_web_shut_total", "", counters->shut);
    put(text, "latchkey_web_connections", "gauge", "Connections open now.");
    put_value(text, "latchkey_web_connections", "", web->guest_count);
    put(text, "latchkey_web_questions", "gauge", "Questions open at the issuer now.");
    put_value(text, "latchkey_web_questions", "", web->question_count);
    put(text, "latchkey_web_issuer_up", "gauge", "1 while the issuer is connected.");
    put_value(text, "latchkey_web_issuer_up", "", lk_link_up(&web->link) ? 1 : 0);
}

/* While the issuer is away, our own part alone. */
void lk_local_metrics(struct lk_call *call)
{
    struct lk_buf *out;
    uint32_t id;

    if (lk_issuer_ask(call, LK_MESSAGE_SSO_REPLY, &out, &id))
        lk_issuer_asked(call, lk_sso_metrics_encode(out, id));
}

void lk_local_health(struct lk_call *call)
{
    struct lk_buf text = LK_BUF_INIT(64);
    bool up = lk_link_up(&call->web->link) && call->web->stopping_ms == 0;
    const char *said = up                            ? "ok\n"
                       : call->web->stopping_ms != 0 ? "stopping\n"
                                                     : "the issuer is away\n";

    lk_buf_put_bytes(&text, said, strlen(said));
    lk_answer_text(call, up ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE, &text);
}
