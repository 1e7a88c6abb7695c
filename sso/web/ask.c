/* SPDX-License-Identifier: EUPL-1.2 */
/* The link to the issuer: made anew whenever it is gone, many questions in flight. Whoever asked is answered in any case.
 *
 * The issuer is one of ours, and yet an answer that fits no question or is of another kind ends the link. */
#include <string.h>

#include "client/client.h"
#include "sso/web/web.h"

enum { REACH_MS = 100, OUT_FULL = LK_FRAME_QUEUE_MAX / 2 };

static void call_append(struct lk_web *web, struct lk_call *call)
{
    call->next = NULL;
    call->previous = web->newest;
    if (web->newest != NULL)
        web->newest->next = call;
    else
        web->oldest = call;
    web->newest = call;
    web->question_count++;
}

void lk_issuer_forget(struct lk_call *call)
{
    struct lk_web *web = call->web;

    if (call->question == 0)
        return;
    web->calls[call->question % LK_WEB_QUESTIONS] = NULL;
    call->question = 0;
    if (call->previous != NULL)
        call->previous->next = call->next;
    else
        web->oldest = call->next;
    if (call->next != NULL)
        call->next->previous = call->previous;
    else
        web->newest = call->previous;
    web->question_count--;
}

bool lk_issuer_ask(struct lk_call *call, enum lk_message expects, struct lk_buf **ret_out,
                   uint32_t *ret_id)
{
    struct lk_web *web = call->web;

    if (!lk_link_open(&web->link) || web->question_count == LK_WEB_QUESTIONS ||
        web->link.peer.out.len > OUT_FULL) {
        web->counters.unanswered++;
        lk_answer_away(call);
        return false;
    }
    do
        call->question = lk_link_request(&web->link);
    while (web->calls[call->question % LK_WEB_QUESTIONS] != NULL);
    web->calls[call->question % LK_WEB_QUESTIONS] = call;
    call->expects = expects;
    call->asked_ms = lk_web_ms();
    call_append(web, call);
    web->counters.questions++;
    *ret_out = &web->link.peer.out;
    *ret_id = call->question;
    return true;
}

void lk_issuer_asked(struct lk_call *call, int error)
{
    if (error == 0)
        return;
    lk_issuer_forget(call);
    lk_answer_away(call);
}

/* The call has its answer; the connection wakes at the end of the turn. */
static void wake(struct lk_call *call)
{
    MHD_resume_connection(call->connection);
}

static void give_up(struct lk_call *call)
{
    lk_issuer_forget(call);
    call->web->counters.unanswered++;
    lk_answer_away(call);
    wake(call);
}

static int page_came(struct lk_call *call, struct lk_view payload)
{
    struct lk_sso_page page;
    int error = lk_sso_page_decode(payload, &page);

    if (error != 0)
        return error;
    lk_issuer_forget(call);
    lk_answer_page(call, &page);
    wake(call);
    return 0;
}

static int reply_came(struct lk_call *call, struct lk_view payload)
{
    struct lk_sso_reply reply;
    int error = lk_sso_reply_decode(payload, &reply);

    if (error != 0)
        return error;
    lk_issuer_forget(call);
    lk_answer_reply(call, &reply);
    wake(call);
    return 0;
}

static int issuer_frame(struct lk_link *link, const struct lk_frame *frame)
{
    struct lk_web *web = link->context;
    struct lk_sso_document document;
    struct lk_call *call;
    int error;

    if (frame->type == LK_MESSAGE_SSO_DOCUMENT) {
        error = lk_sso_document_decode(frame->payload, &document);
        return error != 0 ? error : lk_documents_take(web, &document);
    }
    call = web->calls[frame->request % LK_WEB_QUESTIONS];
    /* Its time was over, or the browser left. */
    if (call == NULL || call->question != frame->request)
        return frame->request != 0 ? 0 : -LK_ERR_UNEXPECTED;
    if (call->expects != frame->type)
        return -LK_ERR_UNEXPECTED;
    return frame->type == LK_MESSAGE_SSO_PAGE ? page_came(call, frame->payload)
                                              : reply_came(call, frame->payload);
}

static void issuer_gone(struct lk_link *link, int error)
{
    struct lk_web *web = link->context;

    (void)error;
    while (web->oldest != NULL)
        give_up(web->oldest);
    lk_loop_arm(web->start.loop, &web->reconnect, LK_WEB_RECONNECT_MS);
}

static void reconnect(struct lk_timer *timer)
{
    struct lk_web *web = timer->context;
    int fd = -1;

    if (lk_client_reach(web->link_path, REACH_MS, &fd) != 0 ||
        lk_link_start(&web->link, web->start.loop, fd) != 0)
        lk_loop_arm(web->start.loop, &web->reconnect, LK_WEB_RECONNECT_MS);
}

void lk_issuer_begin(struct lk_web *web)
{
    web->link = (struct lk_link){
        .end = LK_LINK_WEB_FROM_ISSUER, .frame = issuer_frame, .gone = issuer_gone, .context = web};
    web->reconnect = (struct lk_timer){.fired = reconnect, .context = web};
    reconnect(&web->reconnect);
}

void lk_issuer_tick(struct lk_web *web, int64_t now_ms)
{
    const int64_t limit = lk_link_up(&web->link) ? LK_WEB_ASK_MS : LK_WEB_GREET_MS;

    while (web->oldest != NULL && now_ms - web->oldest->asked_ms >= limit)
        give_up(web->oldest);
}

/* Whoever still waits is answered; the last turn of the server sends what it can. */
void lk_issuer_end(struct lk_web *web)
{
    lk_loop_disarm(web->start.loop, &web->reconnect);
    lk_link_stop(&web->link);
    while (web->oldest != NULL)
        give_up(web->oldest);
    lk_server_run(web);
}
