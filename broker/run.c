/* SPDX-License-Identifier: EUPL-1.2 */
/* The broker process from its descriptors to its end. */
#include "broker/run.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/file.h"
#include "base/secret.h"
#include "broker/challenge.h"
#include "broker/crash_guard.h"
#include "broker/device_link.h"
#include "broker/endorsement_cache.h"
#include "broker/gather.h"
#include "broker/limits.h"
#include "broker/log/sink.h"
#include "broker/names_link.h"
#include "broker/state.h"
#include "broker/verify_pool.h"
#include "broker/visit.h"
#include "sandbox/sandbox.h"

enum { DESCRIPTORS = 16384, EXIT_CONFIG = 2 };

#ifdef LK_SANITIZED
/* The search for leaks would have to trace a process that is locked in: it is done in runs without the filter. */
static int locked_in;
__attribute__((visibility("default"))) int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return locked_in;
}
#endif

static void broker_signal(struct lk_watch *watch, uint32_t events)
{
    struct lk_broker *broker = watch->context;
    struct signalfd_siginfo signal;
    char text[LK_CONFIG_MESSAGE_SIZE];

    (void)events;
    if (read(watch->fd, &signal, sizeof(signal)) != (ssize_t)sizeof(signal))
        return;
    if (signal.ssi_signo != SIGHUP) {
        lk_broker_log(broker, "asked to leave");
        lk_loop_stop(broker->loop);
        return;
    }
    broker->reload_text[0] = '\0';
    if (lk_broker_reload(broker, text, sizeof(text)) != 0) {
        (void)snprintf(broker->reload_text, sizeof(broker->reload_text), "%s", text);
        lk_broker_log(broker, "reload refused, everything stays as it was: %s", text);
    } else {
        lk_broker_log(broker, "reloaded%s%s", text[0] != '\0' ? ": " : "", text);
    }
}

static int start_signals(struct lk_broker *broker)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return -LK_ERR_IO;
    broker->signals = (struct lk_watch){.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK),
                                        .events = EPOLLIN,
                                        .ready = broker_signal,
                                        .context = broker};
    if (broker->signals.fd < 0)
        return -LK_ERR_IO;
    return lk_loop_add(broker->loop, &broker->signals);
}

static void store_collect(struct lk_watch *watch, uint32_t events)
{
    struct lk_broker *broker = watch->context;

    (void)events;
    lk_broker_turn_release(broker);
    lk_store_thread_collect(broker->store_thread);
}

static int start_store(struct lk_broker *broker)
{
    char text[LK_CONFIG_MESSAGE_SIZE];
    const char *folder = broker->config.state;
    int error = lk_folder_make(folder, 0700);

    if (error == 0)
        error = lk_state_random(broker, folder, "broker.id", broker->broker_id.bytes,
                                sizeof(broker->broker_id.bytes));
    if (error == 0)
        error = lk_state_random(broker, folder, "decoy.key", broker->decoy_key,
                                sizeof(broker->decoy_key));
    if (error == 0)
        error = lk_challenge_keys_open(broker, folder, &broker->challenge_keys);
    if (error == 0)
        error = lk_crash_guard_open(folder, broker->clock, &broker->guard);
    if (error != 0) {
        (void)snprintf(broker->store_text, sizeof(broker->store_text),
                       "the state folder %.150s cannot be used: %s", folder, lk_error_text(error));
        broker->store_reason = LK_REASON_STORE_UNAVAILABLE;
        lk_broker_log(broker, "no login until this is mended: %s", broker->store_text);
        return 0;
    }
    lk_state_open_store(broker);
    if (broker->store_thread != NULL) {
        broker->store_ready = (struct lk_watch){.fd = lk_store_thread_fd(broker->store_thread),
                                                .events = EPOLLIN,
                                                .ready = store_collect,
                                                .context = broker};
        error = lk_loop_add(broker->loop, &broker->store_ready);
        if (error != 0)
            return error;
    }
    if (lk_broker_load_operators(broker, text, sizeof(text)) != 0)
        lk_broker_log(broker, "no login until this is mended: operators file %s: %s",
                      broker->config.operators, text);
    else if (text[0] != '\0')
        lk_broker_log(broker, "%s", text);
    return 0;
}

static int start_listeners(struct lk_broker *broker, const struct lk_run_options *options)
{
    const struct {
        enum lk_role_socket role;
        int fd;
    } sockets[] = {{LK_SOCKET_HOST, options->host},
                   {LK_SOCKET_DESK, options->desk},
                   {LK_SOCKET_GATEWAY, options->gateway},
                   {LK_SOCKET_WORKER, options->worker}};
    int error = 0;

    for (size_t i = 0; error == 0 && i < sizeof(sockets) / sizeof(sockets[0]); i++) {
        if (sockets[i].fd >= 0)
            error = lk_connection_listen(broker, sockets[i].role, sockets[i].fd);
    }
    if (error == 0 && options->names >= 0)
        error = lk_names_link_start(broker, options->names, &broker->names);
    if (error == 0 && options->device >= 0)
        error = lk_device_link_start(broker, options->device, &broker->device);
    return error;
}

static void policy_set(struct lk_broker *broker)
{
    broker->policy = (struct lk_policy){
        .host_user_verification = broker->config.host_user_verification,
        .browser_user_verification = broker->config.browser_user_verification,
        .host_group = broker->config.host_group,
        .organisation = broker->config.name,
        .gateway_host = broker->config.gateway_host,
        .local_services = (const char *const *)broker->config.local_services,
        .pin_services = (const char *const *)broker->config.pin_services,
        .keys = &broker->trust->policy,
        .tables = broker->trust->tables,
    };
}

/* Whoever names tables or anchors means them: what cannot be read stops the start. */
static int start_trust(struct lk_broker *broker)
{
    char message[LK_TRUST_MESSAGE_SIZE] = "";
    int error =
        lk_trust_load(broker->crypto, &broker->config, &broker->trust, message, sizeof(message));

    if (error != 0)
        lk_broker_log(broker, "%s", message);
    return error;
}

static int start_parts(struct lk_broker *broker, const struct lk_run_options *options)
{
    int error = lk_crypto_start(&broker->crypto);

    if (error == 0)
        error = start_trust(broker);
    if (error == 0)
        policy_set(broker);
    if (error == 0)
        error = lk_loop_new(broker->clock, &broker->loop);
    if (error == 0)
        error = start_signals(broker);
    if (error == 0)
        error = lk_limits_new(broker->clock, broker->config.connections,
                              broker->config.attempts_per_minute, &broker->limits);
    if (error == 0)
        error = lk_gather_new(broker, &broker->gather);
    if (error == 0)
        error = lk_endorsement_cache_new(broker->config.cache_entries, &broker->cache);
    if (error == 0)
        error = lk_visits_new(LK_VISITS_MAX, &broker->visits);
    if (error == 0)
        error = start_store(broker);
    if (error == 0 && broker->config.verify_threads > 0)
        error = lk_verify_pool_start(broker, broker->config.verify_threads, &broker->pool);
    if (error == 0)
        error = start_listeners(broker, options);
    if (error == 0)
        lk_loop_set_turn_end(broker->loop, lk_connection_turn_end, broker);
    return error;
}

static int start_sink(struct lk_broker *broker)
{
    broker->sink = calloc(1, sizeof(*broker->sink));
    if (broker->sink == NULL)
        return -LK_ERR_NOMEM;
    broker->sink->fd = STDERR_FILENO;
    broker->sink->priorities = secure_getenv("JOURNAL_STREAM") != NULL;
    return 0;
}

int lk_broker_start(const struct lk_run_options *options, struct lk_broker **ret_broker)
{
    struct lk_broker *broker = calloc(1, sizeof(*broker));
    char message[LK_CONFIG_MESSAGE_SIZE];
    int error;

    if (broker == NULL)
        return -LK_ERR_NOMEM;
    broker->clock = &lk_clock_system;
    broker->random = &lk_random_system;
    broker->store_ops = &lk_store_sqlite;
    broker->test_mode = options->test_mode;
    broker->rootless = options->rootless;
    broker->config_path = options->config;
    broker->started = lk_clock_now(broker->clock);
    broker->signals.fd = -1;
    if (gethostname(broker->host, sizeof(broker->host) - 1) != 0)
        broker->host[0] = '\0';
    error = start_sink(broker);
    if (error == 0) {
        error = lk_config_read(options->config, &broker->config, message, sizeof(message));
        if (error != 0)
            lk_broker_log(broker, "%s", message);
    }
    if (error == 0) {
        error = start_parts(broker, options);
        if (error != 0)
            lk_broker_log(broker, "cannot start: %s", lk_error_text(error));
    }
    if (error != 0) {
        (void)lk_broker_free(broker);
        return error;
    }
    *ret_broker = broker;
    return 0;
}

struct lk_broker *lk_broker_free(struct lk_broker *broker)
{
    if (broker == NULL)
        return NULL;
    if (broker->loop != NULL) {
        lk_connection_close_all(broker);
        broker->device = lk_device_link_stop(broker->device);
        broker->names = lk_names_link_stop(broker->names);
        broker->pool = lk_verify_pool_stop(broker->pool);
        broker->gather = lk_gather_free(broker->gather);
        lk_loop_remove(broker->loop, &broker->store_ready);
        lk_loop_disarm(broker->loop, &broker->heads);
        lk_broker_turn_release(broker);
        /* Commits what is queued; completions come back here while everything they touch is still there. */
        lk_state_close_store(broker);
        broker->guard = lk_crash_guard_close(broker->guard);
        lk_loop_remove(broker->loop, &broker->signals);
        lk_fd_close(&broker->signals.fd);
    }
    broker->trust = lk_trust_free(broker->trust);
    broker->cache = lk_endorsement_cache_free(broker->cache);
    broker->visits = lk_visits_free(broker->visits);
    broker->limits = lk_limits_free(broker->limits);
    broker->challenge_keys = lk_challenge_keys_free(broker->challenge_keys);
    broker->loop = lk_loop_free(broker->loop);
    broker->operators = lk_operator_set_free(broker->operators);
    lk_buf_clear(&broker->operators_chain);
    broker->crypto = lk_crypto_free(broker->crypto);
    lk_config_clear(&broker->config);
    free(broker->sink);
    lk_wipe(broker, sizeof(*broker));
    free(broker);
    return NULL;
}

/* What the folders hold now, with the policy of the fresh file; where the folders are stays as it was at the start. */
static int reload_trust(struct lk_broker *broker, const struct lk_config *fresh,
                        struct lk_trust **ret_trust, char *ret_text, size_t size)
{
    const struct lk_config *running = &broker->config;
    struct lk_config wanted = *fresh;

    memcpy(wanted.models_tables, running->models_tables, sizeof(wanted.models_tables));
    memcpy(wanted.models_local, running->models_local, sizeof(wanted.models_local));
    memcpy(wanted.models_imported, running->models_imported, sizeof(wanted.models_imported));
    memcpy(wanted.attestation_roots, running->attestation_roots, sizeof(wanted.attestation_roots));
    return lk_trust_load(broker->crypto, &wanted, ret_trust, ret_text, size);
}

int lk_broker_reload(struct lk_broker *broker, char *ret_text, size_t size)
{
    struct lk_config fresh = {0};
    struct lk_trust *trust = NULL;
    char names[LK_CONFIG_MESSAGE_SIZE] = "";
    int later = 0;
    int error = lk_config_read(broker->config_path, &fresh, ret_text, size);

    if (error != 0)
        return error;
    /* A table that is broken leaves all of it as it was: half a policy is none that anybody wrote. */
    error = reload_trust(broker, &fresh, &trust, ret_text, size);
    if (error == 0)
        later = lk_config_reload(&broker->config, &fresh, names, sizeof(names));
    lk_config_clear(&fresh);
    if (later < 0)
        (void)snprintf(ret_text, size, "%s", lk_error_text(later));
    if (error != 0 || later < 0) {
        (void)lk_trust_free(trust);
        return error != 0 ? error : later;
    }
    (void)lk_trust_free(broker->trust);
    broker->trust = trust;
    policy_set(broker);
    lk_limits_set_attempts(broker->limits, broker->config.attempts_per_minute);
    error = lk_broker_load_operators(broker, ret_text, size);
    if (error == 0 && later > 0)
        (void)snprintf(ret_text, size, "these wait for a restart: %s", names);
    return error;
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

int lk_broker_run(const struct lk_run_options *options)
{
    struct lk_broker *broker = NULL;
    int status;
    int error;

    (void)signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
    error = lk_broker_start(options, &broker);
    if (error != 0)
        return error == -LK_ERR_CONFIG ? EXIT_CONFIG : EXIT_FAILURE;
    if (options->sandbox && lk_sandbox_enter(&lk_sandbox_broker) != 0) {
        lk_broker_log(broker, "the sandbox cannot be entered: nothing is served without it");
        (void)lk_broker_free(broker);
        return EXIT_FAILURE;
    }
#ifdef LK_SANITIZED
    locked_in = options->sandbox;
#endif
    lk_broker_log(broker, "ready: organisation %s, host %s%s", broker->config.name, broker->host,
                  broker->rootless ? ", without separate users" : "");
    error = lk_loop_run(broker->loop);
    if (error != 0)
        lk_broker_end(broker, "the loop ended: %s", lk_error_text(error));
    status = broker->exit_status;
    (void)lk_broker_free(broker);
    return status;
}
