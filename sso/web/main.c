/* SPDX-License-Identifier: EUPL-1.2 */
/* latchkey-sso-web: the process that faces the network. Reads configuration and logo, locks itself in, and carries questions to the issuer.
 *
 *   latchkey-sso-web --config FILE [--test] --listen FD [--metrics FD]     listening sockets: UNIX or TCP, behind a proxy that speaks TLS */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "sso/web/web.h"

enum { TICK_MS = 1000, STOPPING_TICK_MS = 50 };

int64_t lk_web_ms(void)
{
    return lk_clock_monotonic_ms(&lk_clock_system);
}

static void turn_end(void *context)
{
    struct lk_web *web = context;

    lk_server_run(web);
    lk_link_flush(&web->link);
}

static void tick(struct lk_timer *timer)
{
    struct lk_web *web = timer->context;
    int64_t now_ms = lk_web_ms();

    lk_issuer_tick(web, now_ms);
    lk_server_sweep(web, now_ms);
    if (web->stopping_ms != 0 &&
        (web->question_count == 0 || now_ms - web->stopping_ms >= LK_WEB_STOP_MS))
        lk_loop_stop(web->start.loop);
    else
        lk_loop_arm(web->start.loop, &web->tick,
                    web->stopping_ms != 0 ? STOPPING_TICK_MS : TICK_MS);
}

/* No new connections; whoever waits for the issuer still gets the answer. */
static void stop(void *context)
{
    struct lk_web *web = context;

    if (web->stopping_ms != 0)
        return;
    web->stopping_ms = lk_web_ms();
    lk_server_quiesce(web);
    lk_loop_arm(web->start.loop, &web->tick, STOPPING_TICK_MS);
}

/* The world of this process is the folder with the issuer's socket. Where the launcher gave no right to that, the unit has seen to it. */
static int enter_root(struct lk_web *web)
{
    char folder[sizeof(web->link_path)];

    if (lk_start_run_path(&web->start, "sso/web", web->link_path, sizeof(web->link_path)) != 0)
        return -LK_ERR_TOO_BIG;
#ifdef LK_SANITIZED
    /* The leak checker reads /proc at the end. */
    return 0;
#endif
    if (!lk_sandbox_root_may())
        return 0;
    if (lk_start_run_path(&web->start, "sso", folder, sizeof(folder)) != 0)
        return -LK_ERR_TOO_BIG;
    if (lk_sandbox_root_enter(folder) != 0)
        return -LK_ERR_IO;
    (void)snprintf(web->link_path, sizeof(web->link_path), "/web");
    return 0;
}

static int serve(struct lk_web *web, int listener, int local)
{
    int status;

    web->tick = (struct lk_timer){.fired = tick, .context = web};
    if (lk_documents_begin(web) != 0)
        return LK_START_USAGE;
    if (lk_server_begin(web, listener, local) != 0 || enter_root(web) != 0) {
        (void)fprintf(
            stderr, "latchkey-sso-web: cannot listen, or the folder of the sockets is not there\n");
        return 1;
    }
    /* The date of each answer is made by gmtime, which asks once for a time zone's file. */
    tzset();
    status = lk_start_enter(&web->start, &lk_sandbox_web);
    if (status != 0)
        return status;
    lk_loop_set_turn_end(web->start.loop, turn_end, web);
    lk_issuer_begin(web);
    lk_loop_arm(web->start.loop, &web->tick, TICK_MS);
    status = lk_loop_run(web->start.loop) != 0 ? 1 : 0;
    lk_issuer_end(web);
    return status;
}

int main(int argc, char **argv)
{
    struct lk_web *web = calloc(1, sizeof(*web));
    int listener = -1;
    int local = -1;
    const struct lk_start_descriptor descriptors[] = {
        {.name = "listen", .place = &listener},
        {.name = "metrics", .optional = true, .place = &local},
    };
    int status;

    if (web == NULL)
        return 1;
    status = lk_start(argc, argv, "latchkey-sso-web", descriptors, 2, &web->start);
    if (status != 0) {
        free(web);
        return status;
    }
    web->start.stop = stop;
    web->start.context = web;
    status = serve(web, listener, local);
    lk_server_end(web);
    lk_documents_end(web);
    lk_start_end(&web->start);
    free(web);
    return status;
}
