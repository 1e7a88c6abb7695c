/* SPDX-License-Identifier: EUPL-1.2 */
/* The one connection to the broker: many questions in flight, each with a place of its own and a limit. Whoever asked is told in any case, with an answer or with none. */
#include <string.h>

#include "client/client.h"
#include "sso/issuer/issuer.h"

enum { REACH_MS = 200, OUT_FULL = LK_FRAME_QUEUE_MAX / 2 };

uint32_t lk_broker_ask(struct lk_issuer *issuer, enum lk_message answer, lk_answered *answered,
                       void *context)
{
    struct lk_broker_link *broker = &issuer->broker;

    if (!lk_link_open(&broker->link) || broker->open == LK_ISSUER_QUESTIONS ||
        broker->link.peer.out.len > OUT_FULL)
        return 0;
    for (;;) {
        struct lk_question *question;

        broker->place = (broker->place + 1) % LK_ISSUER_QUESTIONS;
        if (broker->place == 0)
            broker->turn = broker->turn % (UINT32_MAX / LK_ISSUER_QUESTIONS - 1) + 1;
        question = &broker->questions[broker->place];
        if (question->answered != NULL)
            continue;
        *question = (struct lk_question){.answered = answered,
                                         .context = context,
                                         .answer = answer,
                                         .id = broker->turn * LK_ISSUER_QUESTIONS + broker->place,
                                         .asked_ms = lk_issuer_ms()};
        broker->open++;
        return question->id;
    }
}

static struct lk_question *question_find(struct lk_broker_link *broker, uint32_t id)
{
    struct lk_question *question = &broker->questions[id % LK_ISSUER_QUESTIONS];

    return question->answered != NULL && question->id == id ? question : NULL;
}

void lk_broker_withdraw(struct lk_issuer *issuer, uint32_t id)
{
    struct lk_question *question = question_find(&issuer->broker, id);

    if (question != NULL) {
        question->answered = NULL;
        issuer->broker.open--;
    }
}

static void answer(struct lk_broker_link *broker, struct lk_question *question,
                   const struct lk_frame *frame)
{
    lk_answered *answered = question->answered;
    void *context = question->context;

    question->answered = NULL;
    broker->open--;
    answered(context, frame);
}

/* Is this the last frame of an answer of that kind? */
static bool ends(enum lk_message answer, enum lk_message type)
{
    switch ((int)answer) {
    case LK_MESSAGE_GATEWAY_LOGOUT:
        return type == LK_MESSAGE_GATEWAY_RESULT;
    case LK_MESSAGE_GATEWAY_WAITING:
        return type == answer || type == LK_MESSAGE_GATEWAY_RESULT;
    default:
        return type == answer;
    }
}

static int broker_frame(struct lk_link *link, const struct lk_frame *frame)
{
    struct lk_issuer *issuer = link->context;
    struct lk_question *question = question_find(&issuer->broker, frame->request);

    /* Late: its limit had passed. */
    if (question == NULL)
        return 0;
    if (frame->type == LK_MESSAGE_GATEWAY_LOGOUT && question->answer == LK_MESSAGE_GATEWAY_LOGOUT) {
        question->answered(question->context, frame);
        return 0;
    }
    if (!ends(question->answer, frame->type))
        return -LK_ERR_UNEXPECTED;
    answer(&issuer->broker, question, frame);
    return 0;
}

static void broker_gone(struct lk_link *link, int error)
{
    struct lk_issuer *issuer = link->context;

    (void)error;
    for (size_t i = 0; i < LK_ISSUER_QUESTIONS; i++) {
        if (issuer->broker.questions[i].answered != NULL)
            answer(&issuer->broker, &issuer->broker.questions[i], NULL);
    }
    lk_loop_arm(issuer->start.loop, &issuer->broker.retry, LK_ISSUER_RETRY_MS);
}

static void broker_connect(struct lk_issuer *issuer)
{
    struct lk_broker_link *broker = &issuer->broker;
    char path[256];
    int fd = -1;

    if (lk_start_run_path(&issuer->start, "gateway", path, sizeof(path)) == 0 &&
        lk_client_reach(path, REACH_MS, &fd) == 0 &&
        lk_link_start(&broker->link, issuer->start.loop, fd) == 0)
        return;
    lk_loop_arm(issuer->start.loop, &broker->retry, LK_ISSUER_RETRY_MS);
}

static void broker_retry(struct lk_timer *timer)
{
    broker_connect(timer->context);
}

void lk_broker_begin(struct lk_issuer *issuer)
{
    struct lk_broker_link *broker = &issuer->broker;

    broker->turn = 1;
    broker->link = (struct lk_link){.end = LK_LINK_ISSUER_FROM_BROKER,
                                    .frame = broker_frame,
                                    .gone = broker_gone,
                                    .context = issuer};
    broker->retry = (struct lk_timer){.fired = broker_retry, .context = issuer};
    broker_connect(issuer);
}

void lk_broker_end(struct lk_issuer *issuer)
{
    lk_loop_disarm(issuer->start.loop, &issuer->broker.retry);
    lk_link_stop(&issuer->broker.link);
    for (size_t i = 0; i < LK_ISSUER_QUESTIONS; i++) {
        if (issuer->broker.questions[i].answered != NULL)
            answer(&issuer->broker, &issuer->broker.questions[i], NULL);
    }
}

static void queue_came(void *context, const struct lk_frame *frame)
{
    struct lk_broker_link *broker = &((struct lk_issuer *)context)->broker;

    broker->queue_known = frame != NULL && frame->type == LK_MESSAGE_GATEWAY_WAITING &&
                          lk_gateway_waiting_decode(frame->payload, &broker->queue) == 0;
}

/* For whoever watches: metrics are asked for every quarter of a minute, and so is this. */
static void queue_ask(struct lk_issuer *issuer, int64_t now_ms)
{
    struct lk_broker_link *broker = &issuer->broker;
    uint32_t id;

    if (!lk_link_up(&broker->link) ||
        (broker->queue_ms != 0 && now_ms - broker->queue_ms < LK_ISSUER_QUEUE_MS))
        return;
    broker->queue_ms = now_ms;
    id = lk_broker_ask(issuer, LK_MESSAGE_GATEWAY_WAITING, queue_came, issuer);
    if (id != 0 && lk_gateway_queue_encode(&broker->link.peer.out, id) != 0)
        lk_broker_withdraw(issuer, id);
}

void lk_broker_tick(struct lk_issuer *issuer, int64_t now_ms)
{
    queue_ask(issuer, now_ms);
    for (size_t i = 0; i < LK_ISSUER_QUESTIONS && issuer->broker.open > 0; i++) {
        struct lk_question *question = &issuer->broker.questions[i];

        if (question->answered != NULL && now_ms - question->asked_ms >= LK_ISSUER_ANSWER_MS)
            answer(&issuer->broker, question, NULL);
    }
}
