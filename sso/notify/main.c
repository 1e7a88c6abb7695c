/* SPDX-License-Identifier: EUPL-1.2 */
/* latchkey-sso-notify: brings logout tokens to homeservers. It holds no key; where a token goes is in its own configuration, so that nobody who speaks to it can send
 * one anywhere else.
 *
 *   latchkey-sso-notify --config FILE [--test] --issuer FD     FD: a connection of the issuer */
#include <stdio.h>
#include <stdlib.h>

#include "sso/notify/notify.h"

#ifdef LK_SANITIZED
/* The search for leaks would have to trace a process that is locked in. */
static int locked_in;
__attribute__((visibility("default"))) int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return locked_in;
}
#endif

static int link_frame(struct lk_link *link, const struct lk_frame *frame)
{
    struct lk_notify *notify = link->context;
    struct lk_sso_deliver deliver;
    int error = lk_sso_deliver_decode(frame->payload, &deliver);

    if (error != 0)
        return error;
    return lk_transfer_begin(notify, frame->request, &deliver);
}

static void link_gone(struct lk_link *link, int error)
{
    struct lk_notify *notify = link->context;

    if (error != -LK_ERR_CLOSED) {
        (void)fprintf(stderr, "latchkey-sso-notify: link: %s\n", lk_error_text(error));
        notify->status = 1;
    }
    lk_loop_stop(notify->start.loop);
}

/* What is under way ends with the addresses it began with. */
static void reload(void *context)
{
    struct lk_notify *notify = context;
    struct lk_config fresh = {0};

    if (lk_start_reread(&notify->start, &fresh) != 0)
        return;
    lk_config_clear(&notify->start.config);
    notify->start.config = fresh;
}

static void turn_end(void *context)
{
    struct lk_notify *notify = context;

    lk_link_flush(&notify->link);
    while (notify->over != NULL) {
        struct lk_notify_socket *socket = notify->over;

        notify->over = socket->next;
        free(socket);
    }
}

static int serve(struct lk_notify *notify, int issuer)
{
    int status = lk_start_enter(&notify->start, &lk_sandbox_notify);

    if (status != 0)
        return status;
#ifdef LK_SANITIZED
    locked_in = 1;
#endif
    lk_loop_set_turn_end(notify->start.loop, turn_end, notify);
    notify->link = (struct lk_link){.end = LK_LINK_NOTIFY_FROM_ISSUER,
                                    .frame = link_frame,
                                    .gone = link_gone,
                                    .context = notify};
    if (lk_link_start(&notify->link, notify->start.loop, issuer) != 0)
        return 1;
    if (lk_loop_run(notify->start.loop) != 0)
        notify->status = 1;
    lk_transfers_drop(notify);
    lk_link_stop(&notify->link);
    return notify->status;
}

int main(int argc, char **argv)
{
    struct lk_notify *notify;
    int issuer = -1;
    const struct lk_start_descriptor descriptor = {.name = "issuer", .place = &issuer};
    int status;

    /* libcurl and its TLS library take proxies, key logs and modules from it; nothing here is configured by it. */
    if (clearenv() != 0)
        return 1;
    notify = calloc(1, sizeof(*notify));
    if (notify == NULL)
        return 1;
    status = lk_start(argc, argv, "latchkey-sso-notify", &descriptor, 1, &notify->start);
    if (status == 0) {
        notify->start.reload = reload;
        notify->start.context = notify;
        status = lk_notify_loop_begin(notify) == 0 ? serve(notify, issuer) : 1;
        lk_notify_loop_end(notify);
        turn_end(notify);
        lk_start_end(&notify->start);
    }
    free(notify);
    return status;
}
