/* SPDX-License-Identifier: EUPL-1.2 */
/* latchkey-sso-issuer: the process that signs. Reads configuration, secrets and keys, locks itself in, and answers web processes.
 *
 *   latchkey-sso-issuer --config FILE [--test] --web FD     FD: a listening UNIX socket
 *   latchkey-sso-issuer --rotate --config FILE              makes the next keys and ends
 *   latchkey-sso-issuer --rotate --stolen --config FILE     removes every key, makes new ones and ends */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sso/issuer/issuer.h"

#define WEB_USER "latchkey-web"

enum { TICK_MS = 1000 };

#ifdef LK_SANITIZED
/* The search for leaks would have to trace a process that is locked in. */
static int locked_in;
__attribute__((visibility("default"))) int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return locked_in;
}
#endif

int64_t lk_issuer_now(void)
{
    return lk_clock_now(&lk_clock_system);
}

int64_t lk_issuer_ms(void)
{
    return lk_clock_monotonic_ms(&lk_clock_system);
}

static void flush_all(void *context)
{
    struct lk_issuer *issuer = context;

    /* Lines of the journal first: nothing goes out before it is told. */
    (void)fflush(stderr);
    lk_link_flush(&issuer->broker.link);
    lk_link_flush(&issuer->notify.link);
    for (size_t i = 0; i < issuer->workers.count; i++)
        lk_link_flush(&issuer->workers.list[i].link);
    for (struct lk_web *web = issuer->webs; web != NULL; web = web->next)
        lk_link_flush(&web->link);
}

static void tick(struct lk_timer *timer)
{
    struct lk_issuer *issuer = timer->context;
    int64_t now_ms = lk_issuer_ms();
    bool changed = false;

    lk_broker_tick(issuer, now_ms);
    lk_workers_tick(issuer, now_ms);
    lk_notify_tick(issuer);
    lk_counters_tick(&issuer->counters, now_ms);
    /* A key whose week is over leaves the list. */
    if (lk_settings_documents(issuer->settings, lk_issuer_now(), &changed) == 0 && changed)
        lk_webs_publish(issuer);
    if (issuer->stopping_ms != 0 &&
        (issuer->visit_count == 0 || now_ms - issuer->stopping_ms >= LK_ISSUER_STOP_MS))
        lk_loop_stop(issuer->start.loop);
    else
        lk_loop_arm(issuer->start.loop, &issuer->tick, issuer->stopping_ms != 0 ? 50 : TICK_MS);
}

/* SIGHUP: all or nothing; what is under way ends with the settings it began with. */
static void reload(void *context)
{
    struct lk_issuer *issuer = context;
    struct lk_config fresh = {0};
    struct lk_settings *settings = NULL;

    if (lk_start_reread(&issuer->start, &fresh) != 0 ||
        lk_settings_new(issuer->crypto, &fresh, lk_issuer_now(), &settings) != 0) {
        (void)fprintf(stderr, "latchkey-sso-issuer: goes on with the settings of before\n");
        return;
    }
    (void)lk_settings_unref(issuer->settings);
    issuer->settings = settings;
    lk_webs_publish(issuer);
    lk_notify_again(issuer);
    (void)fprintf(stderr, "latchkey-sso-issuer: settings read again\n");
}

static void stop(void *context)
{
    struct lk_issuer *issuer = context;

    lk_loop_remove(issuer->start.loop, &issuer->listener);
    issuer->stopping_ms = lk_issuer_ms();
    lk_loop_arm(issuer->start.loop, &issuer->tick, 0);
}

/* Before the sandbox: the account whose processes may connect. Without one, only our own. */
static uid_t web_user(void)
{
    const struct passwd *entry = getpwnam(WEB_USER);

    return entry != NULL ? entry->pw_uid : geteuid();
}

/* The configuration of the start goes into the settings; lk_start keeps what it needs for paths. */
static int settings_first(struct lk_issuer *issuer)
{
    struct lk_config config = {0};
    int error =
        lk_keys_rotate(issuer->crypto, &issuer->start.config, lk_issuer_now(), LK_ROTATE_MISSING);

    if (error == 0)
        error = lk_start_reread(&issuer->start, &config);
    if (error == 0)
        error = lk_settings_new(issuer->crypto, &config, lk_issuer_now(), &issuer->settings);
    return error;
}

static int serve(struct lk_issuer *issuer, int listener)
{
    static char lines[BUFSIZ];
    int status;

    issuer->web_uid = web_user();
    if (settings_first(issuer) != 0)
        return LK_START_USAGE;
    status = lk_start_enter(&issuer->start, &lk_sandbox_issuer);
    if (status != 0)
        return status;
#ifdef LK_SANITIZED
    locked_in = 1;
#endif
    /* A line for each login: those of one turn in one write. */
    (void)setvbuf(stderr, lines, _IOFBF, sizeof(lines));
    lk_loop_set_turn_end(issuer->start.loop, flush_all, issuer);
    issuer->tick = (struct lk_timer){.fired = tick, .context = issuer};
    lk_broker_begin(issuer);
    lk_notify_begin(issuer);
    status = lk_workers_begin(issuer) != 0 || lk_webs_begin(issuer, listener) != 0 ? 1 : 0;
    lk_loop_arm(issuer->start.loop, &issuer->tick, TICK_MS);
    if (status == 0)
        status = lk_loop_run(issuer->start.loop) != 0 ? 1 : 0;
    lk_webs_end(issuer);
    lk_workers_end(issuer);
    lk_notify_end(issuer);
    lk_broker_end(issuer);
    return status;
}

/* Takes the argument out of the list. */
static bool take_argument(int *argc, char **argv, const char *name)
{
    for (int i = 1; i < *argc; i++) {
        if (strcmp(argv[i], name) != 0)
            continue;
        for (int j = i; j < *argc; j++)
            argv[j] = argv[j + 1];
        (*argc)--;
        return true;
    }
    return false;
}

int main(int argc, char **argv)
{
    struct lk_issuer *issuer = calloc(1, sizeof(*issuer));
    int listener = -1;
    const struct lk_start_descriptor web = {.name = "web", .place = &listener};
    bool rotate = take_argument(&argc, argv, "--rotate");
    bool stolen = rotate && take_argument(&argc, argv, "--stolen");
    int status;

    if (issuer == NULL)
        return 1;
    issuer->start.signals.fd = -1;
    status = lk_start(argc, argv, "latchkey-sso-issuer", &web, rotate ? 0 : 1, &issuer->start);
    if (status != 0) {
        free(issuer);
        return status;
    }
    issuer->start.reload = reload;
    issuer->start.stop = stop;
    issuer->start.context = issuer;
    if (lk_crypto_start(&issuer->crypto) != 0)
        status = 1;
    else if (rotate)
        status = lk_keys_rotate(issuer->crypto, &issuer->start.config, lk_issuer_now(),
                                stolen ? LK_ROTATE_STOLEN : LK_ROTATE_NEXT) == 0
                     ? 0
                     : LK_START_USAGE;
    else
        status = serve(issuer, listener);
    issuer->settings = lk_settings_unref(issuer->settings);
    issuer->crypto = lk_crypto_free(issuer->crypto);
    lk_start_end(&issuer->start);
    free(issuer);
    return status;
}
