/* SPDX-License-Identifier: EUPL-1.2 */
/* The link to the opener. Its messages name a ceremony; what comes late for one that is over is dropped with its descriptor. When the link
 * goes, so does the broker: whoever supervises both starts both anew. */
#include "broker/device_link.h"

#include <stdlib.h>
#include <unistd.h>

#include "broker/run.h"

static int link_key(struct lk_device_link *link, const struct lk_frame *frame)
{
    int control = lk_peer_take_descriptor(&link->peer);
    struct lk_device_key key;
    int error;

    if (control < 0)
        return -LK_ERR_UNEXPECTED;
    error = lk_device_key_decode(frame->payload, &key);
    if (error != 0 || link->current == NULL ||
        frame->request != lk_device_ceremony_number(link->current)) {
        close(control);
        return error;
    }
    lk_device_ceremony_key(link->current, &key, control);
    return 0;
}

static int link_hello(struct lk_device_link *link, const struct lk_frame *frame)
{
    struct lk_hello hello;
    uint16_t version;
    int error;

    if (link->up)
        return -LK_ERR_UNEXPECTED;
    error = lk_hello_decode(frame->payload, &hello);
    if (error == 0 && hello.role != LK_SOCKET_OPENER)
        error = -LK_ERR_UNEXPECTED;
    if (error == 0)
        error = lk_hello_agree(&hello, &version);
    if (error == 0)
        link->up = true;
    return error;
}

static int link_frame(struct lk_peer *peer, const struct lk_frame *frame)
{
    struct lk_device_link *link = peer->context;
    bool current =
        link->current != NULL && frame->request == lk_device_ceremony_number(link->current);
    struct lk_device_busy busy;
    int error;

    if (frame->type == LK_MESSAGE_HELLO)
        return link_hello(link, frame);
    if (!link->up)
        return -LK_ERR_UNEXPECTED;
    switch (frame->type) {
    case LK_MESSAGE_DEVICE_KEY:
        return link_key(link, frame);
    case LK_MESSAGE_DEVICE_NONE:
        if (frame->payload.len != 0)
            return -LK_ERR_TRAILING;
        if (current)
            lk_device_ceremony_no_key(link->current);
        return 0;
    case LK_MESSAGE_DEVICE_BUSY:
        error = lk_device_busy_decode(frame->payload, &busy);
        if (error == 0 && current)
            lk_device_ceremony_busy(link->current, &busy);
        return error;
    default:
        return -LK_ERR_UNEXPECTED;
    }
}

static void link_gone(struct lk_peer *peer, int error)
{
    struct lk_device_link *link = peer->context;

    link->up = false;
    link->gone = true;
    if (link->current != NULL)
        lk_device_ceremony_fail(link->current, LK_REASON_DEVICE_UNAVAILABLE, LK_RETRIES_UNKNOWN,
                                "");
    lk_broker_end(link->broker, "the device process is gone: %s", lk_error_text(error));
}

int lk_device_link_start(struct lk_broker *broker, int fd, struct lk_device_link **ret_link)
{
    struct lk_hello hello = {.lowest = LK_PROTOCOL_VERSION_PREVIOUS,
                             .highest = LK_PROTOCOL_VERSION,
                             .role = LK_SOCKET_OPENER};
    struct lk_device_link *link = calloc(1, sizeof(*link));
    int error;

    if (link == NULL) {
        close(fd);
        return -LK_ERR_NOMEM;
    }
    link->broker = broker;
    link->peer.frame = link_frame;
    link->peer.gone = link_gone;
    link->peer.context = link;
    link->peer.takes_descriptors = true;
    error = lk_peer_start(&link->peer, broker->loop, fd);
    if (error == 0)
        error = lk_hello_encode(&link->peer.out, &hello);
    if (error == 0)
        error = lk_peer_flush(&link->peer);
    if (error != 0) {
        lk_peer_stop(&link->peer);
        free(link);
        return error;
    }
    *ret_link = link;
    return 0;
}

struct lk_device_link *lk_device_link_stop(struct lk_device_link *link)
{
    if (link == NULL)
        return NULL;
    if (link->current != NULL)
        lk_device_ceremony_fail(link->current, LK_REASON_DEVICE_UNAVAILABLE, LK_RETRIES_UNKNOWN,
                                "");
    lk_peer_stop(&link->peer);
    free(link);
    return NULL;
}

const char *lk_device_owner(const struct lk_broker *broker)
{
    if (broker->device == NULL || broker->device->current == NULL)
        return NULL;
    return lk_device_ceremony_owner(broker->device->current);
}
