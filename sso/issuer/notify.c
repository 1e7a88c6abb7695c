/* SPDX-License-Identifier: EUPL-1.2 */
/* The logout queue: what is due is asked of the broker each second, signed here, delivered by notify, and its outcome told to the broker. Whatever is lost on the way is leased out again by the broker, so nothing
 * needs to be kept here. */
#include <stdio.h>
#include <string.h>

#include "client/client.h"
#include "sso/issuer/issuer.h"

enum { REACH_MS = 100 };

static void forget_answer(void *context, const struct lk_frame *frame)
{
    (void)context;
    (void)frame;
}

static void tell_broker(struct lk_issuer *issuer, const struct lk_gateway_delivered *delivered)
{
    uint32_t id = lk_broker_ask(issuer, LK_MESSAGE_GATEWAY_RESULT, forget_answer, issuer);

    if (id != 0 && lk_gateway_delivered_encode(&issuer->broker.link.peer.out, id, delivered) != 0)
        lk_broker_withdraw(issuer, id);
}

static bool under_way_drop(struct lk_notify_link *notify, uint64_t id)
{
    for (size_t i = 0; i < LK_ISSUER_LOGOUTS; i++) {
        if (id != 0 && notify->under_way[i].id == id) {
            notify->under_way[i].id = 0;
            notify->count--;
            return true;
        }
    }
    return false;
}

static void under_way_add(struct lk_notify_link *notify, const struct lk_gateway_logout *logout)
{
    for (size_t i = 0; i < LK_ISSUER_LOGOUTS; i++) {
        if (notify->under_way[i].id == 0) {
            notify->under_way[i].id = logout->id;
            memcpy(notify->under_way[i].client, logout->client, sizeof(logout->client));
            notify->count++;
            return;
        }
    }
}

static size_t under_way_of(const struct lk_notify_link *notify, const char *client)
{
    size_t count = 0;

    for (size_t i = 0; i < LK_ISSUER_LOGOUTS; i++)
        count += notify->under_way[i].id != 0 && strcmp(notify->under_way[i].client, client) == 0;
    return count;
}

/* notify can speak only of what it was given. */
static int notify_frame(struct lk_link *link, const struct lk_frame *frame)
{
    struct lk_issuer *issuer = link->context;
    struct lk_sso_delivered delivered;
    struct lk_gateway_delivered told = {0};
    int error = lk_sso_delivered_decode(frame->payload, &delivered);

    if (error != 0)
        return error;
    if (!under_way_drop(&issuer->notify, delivered.id))
        return -LK_ERR_UNEXPECTED;
    issuer->counters.logouts[delivered.outcome]++;
    told.id = delivered.id;
    told.outcome = delivered.outcome;
    memcpy(told.detail, delivered.detail, sizeof(told.detail));
    tell_broker(issuer, &told);
    /* A queue goes on at the pace of those who answer, not at that of the clock. */
    if (issuer->notify.count == 0 && issuer->notify.more)
        lk_notify_tick(issuer);
    return 0;
}

static void notify_gone(struct lk_link *link, int error)
{
    struct lk_issuer *issuer = link->context;

    (void)error;
    /* The broker's lease brings them again. */
    memset(issuer->notify.under_way, 0, sizeof(issuer->notify.under_way));
    issuer->notify.count = 0;
    lk_loop_arm(issuer->start.loop, &issuer->notify.retry, LK_ISSUER_RETRY_MS);
}

static void notify_connect(struct lk_issuer *issuer)
{
    char path[256];
    int fd = -1;

    if (lk_start_run_path(&issuer->start, "sso/notify", path, sizeof(path)) == 0 &&
        lk_client_reach(path, REACH_MS, &fd) == 0 &&
        lk_link_start(&issuer->notify.link, issuer->start.loop, fd) == 0)
        return;
    lk_loop_arm(issuer->start.loop, &issuer->notify.retry, LK_ISSUER_RETRY_MS);
}

static void notify_retry(struct lk_timer *timer)
{
    notify_connect(timer->context);
}

void lk_notify_begin(struct lk_issuer *issuer)
{
    issuer->notify.link = (struct lk_link){.end = LK_LINK_ISSUER_FROM_NOTIFY,
                                           .frame = notify_frame,
                                           .gone = notify_gone,
                                           .context = issuer};
    issuer->notify.retry = (struct lk_timer){.fired = notify_retry, .context = issuer};
    notify_connect(issuer);
}

/* Its clients and their addresses are its own configuration, which it reads when it starts: a client that is new here must not be nobody there. */
void lk_notify_again(struct lk_issuer *issuer)
{
    lk_notify_end(issuer);
    memset(issuer->notify.under_way, 0, sizeof(issuer->notify.under_way));
    issuer->notify.count = 0;
    notify_connect(issuer);
}

void lk_notify_end(struct lk_issuer *issuer)
{
    lk_loop_disarm(issuer->start.loop, &issuer->notify.retry);
    lk_link_stop(&issuer->notify.link);
}

static void give_back(struct lk_issuer *issuer, uint64_t id, enum lk_logout_outcome outcome,
                      const char *detail)
{
    struct lk_gateway_delivered told = {.id = id, .outcome = outcome};

    (void)snprintf(told.detail, sizeof(told.detail), "%s", detail);
    issuer->counters.logouts[outcome]++;
    tell_broker(issuer, &told);
}

static void deliver(struct lk_issuer *issuer, const struct lk_gateway_logout *logout)
{
    struct lk_notify_link *notify = &issuer->notify;
    struct lk_buf token = LK_BUF_INIT(LK_SSO_BODY_MAX);
    struct lk_sso_deliver out = {.id = logout->id};
    int error;

    if (!lk_link_up(&notify->link) || notify->count == LK_ISSUER_LOGOUTS)
        return;
    if (lk_oidc_client_find(&issuer->settings->provider, LK_VIEW((const uint8_t *)logout->client,
                                                                 strlen(logout->client))) == NULL) {
        give_back(issuer, logout->id, LK_LOGOUT_NOBODY, "not a client of this gateway");
        return;
    }
    if (under_way_of(notify, logout->client) >= LK_ISSUER_LOGOUTS_OF_CLIENT) {
        give_back(issuer, logout->id, LK_LOGOUT_FAILED,
                  "others to this client are still under way");
        return;
    }
    error = lk_oidc_logout_token(&issuer->settings->provider, logout, lk_issuer_now(), &token);
    if (error == 0) {
        memcpy(out.client, logout->client, sizeof(out.client));
        out.token = lk_buf_view(&token);
        error = lk_sso_deliver_encode(&notify->link.peer.out, lk_link_request(&notify->link), &out);
    }
    lk_buf_clear(&token);
    if (error == 0) {
        under_way_add(notify, logout);
        issuer->counters.logouts[0]++;
    } else {
        give_back(issuer, logout->id, LK_LOGOUT_FAILED,
                  error == -LK_ERR_NOT_FOUND ? "no key signs" : lk_error_text(error));
    }
}

static void logouts_answered(void *context, const struct lk_frame *frame)
{
    struct lk_issuer *issuer = context;
    struct lk_gateway_logout logout;

    if (frame == NULL || frame->type != LK_MESSAGE_GATEWAY_LOGOUT) {
        issuer->notify.asking = false;
        return;
    }
    issuer->notify.more = true;
    if (lk_gateway_logout_decode(frame->payload, &logout) == 0 && logout.id != 0)
        deliver(issuer, &logout);
}

/* Only as many as notify has room for: what is asked for is leased. */
void lk_notify_tick(struct lk_issuer *issuer)
{
    struct lk_notify_link *notify = &issuer->notify;
    const struct lk_gateway_logouts logouts = {.most =
                                                   (uint16_t)(LK_ISSUER_LOGOUTS - notify->count)};
    uint32_t id;

    if (notify->asking || logouts.most == 0 || !lk_link_up(&notify->link))
        return;
    id = lk_broker_ask(issuer, LK_MESSAGE_GATEWAY_LOGOUT, logouts_answered, issuer);
    if (id == 0)
        return;
    notify->more = false;
    if (lk_gateway_logouts_encode(&issuer->broker.link.peer.out, id, &logouts) == 0)
        notify->asking = true;
    else
        lk_broker_withdraw(issuer, id);
}
