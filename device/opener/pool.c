/* SPDX-License-Identifier: EUPL-1.2 */
/* The pool of talkers. A talker gets an empty environment, /dev/null as stdio and one descriptor, its control socket; when that closes, it exits: no
 * signal is ever needed to end one. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "device/opener/pool.h"

void lk_pool_init(struct lk_pool *pool, const char *program, size_t want)
{
    *pool = (struct lk_pool){.program = program, .want = want};
}

size_t lk_pool_waiting(const struct lk_pool *pool)
{
    size_t waiting = 0;

    for (size_t i = 0; i < pool->count; i++)
        waiting += pool->talkers[i].control >= 0;
    return waiting;
}

static int lk_talker_actions(posix_spawn_file_actions_t *actions, int control)
{
    int error = 0;

    for (int fd = 0; fd < 3 && !error; fd++)
        error = posix_spawn_file_actions_addopen(actions, fd, "/dev/null", O_RDWR, 0);
    /* dup2 leaves the copy without CLOEXEC, also where both numbers are the same. */
    if (!error)
        error = posix_spawn_file_actions_adddup2(actions, control, LK_TALKER_CONTROL);
    return error;
}

static int lk_talker_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none;
    sigset_t all;
    int error = 0;

    sigemptyset(&none);
    sigfillset(&all);
    error = posix_spawnattr_setsigmask(attributes, &none);
    if (!error)
        error = posix_spawnattr_setsigdefault(attributes, &all);
    if (!error)
        error =
            posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return error;
}

static int lk_talker_spawn(const char *program, int control, pid_t *ret_pid)
{
    static char argument_name[] = "latchkey-device";
    static char argument_talker[] = "--talker";
    char *arguments[] = {argument_name, argument_talker, NULL};
    char *environment[] = {NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error = 0;

    if (posix_spawn_file_actions_init(&actions) != 0)
        return -LK_ERR_NOMEM;
    if (posix_spawnattr_init(&attributes) != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return -LK_ERR_NOMEM;
    }
    error = lk_talker_actions(&actions, control);
    if (!error)
        error = lk_talker_attributes(&attributes);
    if (!error)
        error = posix_spawn(ret_pid, program, &actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error == ENOMEM ? -LK_ERR_NOMEM : error ? -LK_ERR_IO : 0;
}

static int lk_pool_start(struct lk_pool *pool)
{
    int ends[2];
    pid_t pid = -1;
    int error = 0;

    if (pool->count == LK_TALKERS_MAX)
        return -LK_ERR_BUSY;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return -LK_ERR_IO;
    error = lk_talker_spawn(pool->program, ends[1], &pid);
    close(ends[1]);
    if (error) {
        close(ends[0]);
        return error;
    }
    pool->talkers[pool->count++] = (struct lk_talker_process){.pid = pid, .control = ends[0]};
    return 0;
}

int lk_pool_fill(struct lk_pool *pool, int64_t now)
{
    while (now >= pool->not_before && lk_pool_waiting(pool) < pool->want) {
        int error = lk_pool_start(pool);

        if (error) {
            pool->not_before = now + LK_POOL_PAUSE_MS;
            return error;
        }
    }
    return 0;
}

int lk_pool_take(struct lk_pool *pool, int *ret_control)
{
    int error = 0;

    if (lk_pool_waiting(pool) == 0) {
        error = lk_pool_start(pool);
        if (error)
            return error;
    }
    for (size_t i = 0; i < pool->count; i++) {
        struct lk_talker_process *talker = &pool->talkers[i];

        if (talker->control >= 0) {
            *ret_control = talker->control;
            talker->control = -1;
            return 0;
        }
    }
    return -LK_ERR_INTERNAL;
}

void lk_pool_reap(struct lk_pool *pool, int64_t now)
{
    for (size_t i = 0; i < pool->count;) {
        struct lk_talker_process *talker = &pool->talkers[i];
        int status = 0;
        pid_t pid = waitpid(talker->pid, &status, WNOHANG);

        if (pid == 0 || (pid < 0 && errno == EINTR)) {
            i++;
            continue;
        }
        if (talker->control >= 0) {
            /* It had nothing to do yet: whatever ended it would end the next one too. */
            pool->not_before = now + LK_POOL_PAUSE_MS;
            lk_fd_close(&talker->control);
        }
        pool->talkers[i] = pool->talkers[--pool->count];
    }
}

void lk_pool_clear(struct lk_pool *pool)
{
    for (size_t i = 0; i < pool->count; i++)
        lk_fd_close(&pool->talkers[i].control);
}
