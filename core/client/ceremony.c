/* SPDX-License-Identifier: EUPL-1.2 */
/* The client's half of a ceremony. Deny is what comes out of everything but one message: a verdict that carries the request's
 * own nonce. Nothing the broker sends is acted on before it has decoded whole. */
#include <string.h>

#include "base/clock.h"
#include "client/client.h"

struct lk_ceremony {
    struct lk_client *client;
    const struct lk_ceremony_callbacks *callbacks;
    uint32_t request;
    int64_t deadline; /* INT64_MAX = none */
    bool may_choose;  /* the person may be asked to choose a PIN: desk only */
    bool may_ask;
    bool seen;
};

static int64_t lk_ceremony_now(void)
{
    return lk_clock_monotonic_ms(&lk_clock_system);
}

/* Sends what stands in the buffer. A broker that has already given its verdict may have closed: that is found out by reading. */
static int lk_ceremony_send(struct lk_ceremony *ceremony)
{
    int r = lk_client_flush(ceremony->client);

    return r == -LK_ERR_CLOSED ? 0 : r;
}

/* Says so to the broker, so that it can tell giving up from dying; the result of sending does not matter any more. */
static int lk_ceremony_cancel(struct lk_ceremony *ceremony)
{
    lk_buf_reset(&ceremony->client->out);
    if (lk_cancel_encode(&ceremony->client->out, ceremony->request) == 0)
        (void)!lk_client_flush(ceremony->client);
    return -LK_ERR_BUSY;
}

static int lk_ceremony_event(struct lk_ceremony *ceremony, struct lk_view payload)
{
    struct lk_event_message event;
    int r = lk_event_decode(payload, &event);

    if (r != 0)
        return r;
    ceremony->seen = true;
    if (ceremony->callbacks->event != NULL &&
        ceremony->callbacks->event(ceremony->callbacks->context, &event) < 0)
        return lk_ceremony_cancel(ceremony);
    return 0;
}

/* The PIN goes from the person's buffer into the connection's, both secret ones, and is wiped from each right after. */
static int lk_ceremony_ask(struct lk_ceremony *ceremony, struct lk_view payload)
{
    const struct lk_ceremony_callbacks *callbacks = ceremony->callbacks;
    struct lk_ask_pin ask;
    struct lk_buf pin;
    int r = lk_ask_pin_decode(payload, &ask);

    if (r != 0)
        return r;
    if (!ceremony->may_ask || (ask.choose && !ceremony->may_choose))
        return -LK_ERR_UNEXPECTED;
    ceremony->seen = true;
    lk_buf_init_secret(&pin, LK_PIN_MAX);
    if (callbacks->ask_pin == NULL || callbacks->ask_pin(callbacks->context, &ask, &pin) < 0 ||
        lk_pin_encode(&ceremony->client->out, ceremony->request, lk_buf_view(&pin)) != 0)
        r = lk_ceremony_cancel(ceremony);
    else
        r = lk_ceremony_send(ceremony);
    lk_buf_clear(&pin);
    return r;
}

/* Carries events and questions until a frame of another kind comes. */
static int lk_ceremony_run(struct lk_ceremony *ceremony, struct lk_frame *ret_frame)
{
    for (;;) {
        int64_t before = lk_ceremony_now();
        int64_t left = ceremony->deadline == INT64_MAX ? -1 : ceremony->deadline - before;
        int r;

        if (ceremony->deadline != INT64_MAX && left < 0)
            left = 0;
        r = lk_client_receive(ceremony->client, (int)left, ceremony->callbacks->interrupted,
                              ceremony->callbacks->context, ret_frame);
        if (r == -LK_ERR_BUSY)
            return lk_ceremony_cancel(ceremony);
        if (r != 0)
            return r;
        if (ret_frame->request != ceremony->request)
            return -LK_ERR_UNEXPECTED;
        before = lk_ceremony_now();
        if (ret_frame->type == LK_MESSAGE_EVENT)
            r = lk_ceremony_event(ceremony, ret_frame->payload);
        else if (ret_frame->type == LK_MESSAGE_ASK_PIN)
            r = lk_ceremony_ask(ceremony, ret_frame->payload);
        else
            return 0;
        if (r != 0)
            return r;
        /* The person's time is not the broker's silence. */
        if (ceremony->deadline != INT64_MAX)
            ceremony->deadline += lk_ceremony_now() - before;
    }
}

static void lk_ceremony_begin(struct lk_ceremony *ceremony, struct lk_client *client,
                              uint32_t request, int timeout_ms,
                              const struct lk_ceremony_callbacks *callbacks)
{
    *ceremony = (struct lk_ceremony){.client = client, .callbacks = callbacks, .request = request};
    ceremony->deadline = timeout_ms < 0 ? INT64_MAX : lk_ceremony_now() + timeout_ms;
}

int lk_client_login(struct lk_client *client, const struct lk_login_request *login, int timeout_ms,
                    const struct lk_ceremony_callbacks *callbacks, struct lk_verdict *ret_verdict,
                    bool *ret_seen)
{
    struct lk_ceremony ceremony;
    struct lk_verdict verdict = {0};
    struct lk_frame frame;
    int r;

    *ret_seen = false;
    lk_ceremony_begin(&ceremony, client, client->next_request++, timeout_ms, callbacks);
    ceremony.may_ask = (login->flags & LK_LOGIN_FLAG_PROMPT) != 0;
    r = lk_login_request_encode(&client->out, ceremony.request, login);
    if (r == 0)
        r = lk_ceremony_send(&ceremony);
    if (r == 0)
        r = lk_ceremony_run(&ceremony, &frame);
    *ret_seen = ceremony.seen;
    if (r != 0)
        return r;
    if (frame.type != LK_MESSAGE_VERDICT)
        return -LK_ERR_UNEXPECTED;
    r = lk_verdict_decode(frame.payload, &verdict);
    if (r != 0)
        return r;
    if (!lk_bytes_equal(verdict.nonce, login->nonce, LK_NONCE_SIZE))
        return -LK_ERR_SIGNATURE;
    *ret_verdict = verdict;
    return 0;
}

int lk_client_converse(struct lk_client *client, uint32_t request, int timeout_ms,
                       const struct lk_ceremony_callbacks *callbacks, struct lk_frame *ret_frame)
{
    struct lk_ceremony ceremony;
    int r = lk_client_flush(client);

    if (r != 0)
        return r;
    lk_ceremony_begin(&ceremony, client, request, timeout_ms, callbacks);
    ceremony.may_ask = true;
    ceremony.may_choose = true;
    return lk_ceremony_run(&ceremony, ret_frame);
}
