/* SPDX-License-Identifier: EUPL-1.2 */
/* The configuration, read by a child as the issuer's user. What comes back is believed only as far as it is checked here: paths of plain characters, loopback ports. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "sso/launcher.h"

static const char ipv4[] = "127.0.0.1:";
static const char ipv6[] = "[::1]:";

/* ---- the child ---- */

static int port_parse(const char *text, uint16_t *ret_port)
{
    uint64_t port;
    int error = lk_number_parse(text, 1, UINT16_MAX, &port);

    if (error == 0)
        *ret_port = (uint16_t)port;
    return error;
}

static int place_parse(const char *value, struct lk_place *ret_place)
{
    if (value[0] == '\0')
        return 0;
    if (value[0] == '/') {
        ret_place->family = AF_UNIX;
        return lk_text_copy(ret_place->path, sizeof(ret_place->path), value);
    }
    if (strncmp(value, ipv4, sizeof(ipv4) - 1) == 0) {
        ret_place->family = AF_INET;
        return port_parse(value + sizeof(ipv4) - 1, &ret_place->port);
    }
    if (strncmp(value, ipv6, sizeof(ipv6) - 1) == 0) {
        ret_place->family = AF_INET6;
        return port_parse(value + sizeof(ipv6) - 1, &ret_place->port);
    }
    return -LK_ERR_RANGE;
}

static void tell(const struct lk_launcher *launcher, int fd)
{
    struct lk_config config = {0};
    char message[LK_CONFIG_MESSAGE_SIZE] = "";
    struct lk_told told = {0};

    if (lk_launcher_become(&launcher->users[LK_SSO_ROLE_ISSUER]) != 0)
        _exit(EXIT_FAILURE);
    if (lk_config_read(launcher->options->config, &config, message, sizeof(message)) != 0) {
        (void)fprintf(stderr, "latchkey-sso: %s\n", message);
        _exit(LK_LAUNCHER_CONFIG);
    }
    if (config.gateway_host[0] == '\0') {
        (void)fprintf(stderr, "latchkey-sso: %s: gateway_host is not set: there is no gateway\n",
                      launcher->options->config);
        _exit(LK_LAUNCHER_CONFIG);
    }
    memcpy(told.run, config.run, sizeof(told.run));
    memcpy(told.keys, config.gateway_keys, sizeof(told.keys));
    if (place_parse(config.gateway_listen, &told.listen) != 0 ||
        place_parse(config.gateway_metrics, &told.metrics) != 0 ||
        lk_fd_write_all(fd, LK_VIEW((const uint8_t *)&told, sizeof(told))) != 0)
        _exit(EXIT_FAILURE);
    _exit(EXIT_SUCCESS);
}

/* ---- the launcher ---- */

static bool path_plain(const char *path, size_t size)
{
    return memchr(path, '\0', size) != NULL && path[0] == '/' &&
           strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-") ==
               strlen(path);
}

static bool place_good(const struct lk_place *place, bool optional)
{
    switch (place->family) {
    case AF_UNIX:
        return path_plain(place->path, sizeof(place->path));
    case AF_INET:
    case AF_INET6:
        return place->port != 0;
    default:
        return optional && place->family == AF_UNSPEC;
    }
}

static bool told_good(const struct lk_told *told)
{
    return path_plain(told->run, sizeof(told->run)) && path_plain(told->keys, sizeof(told->keys)) &&
           place_good(&told->listen, false) && place_good(&told->metrics, true);
}

static bool is_below(const char *path, const char *folder)
{
    return strncmp(path, folder, strlen(folder)) == 0;
}

/* The places of a gateway in use are none for a test, least of all for root, who may write anywhere. */
static bool test_apart(const struct lk_launcher *launcher)
{
    const struct lk_told *told = &launcher->told;

    if (!launcher->options->test || geteuid() != 0)
        return true;
    if (!is_below(told->run, "/run/") && !is_below(told->run, "/var/run/") &&
        !is_below(told->keys, "/var/lib/") && !is_below(told->listen.path, "/run/"))
        return true;
    (void)fprintf(stderr, "latchkey-sso: --test is for tests, with run, keys and listen elsewhere; "
                          "`latchkey config check` checks the configuration\n");
    return false;
}

int lk_launcher_read_config(struct lk_launcher *launcher)
{
    int ends[2];
    int status = 0;
    ssize_t count;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) != 0) {
        (void)fprintf(stderr, "latchkey-sso: pipe: %s\n", strerror(errno));
        return -LK_ERR_IO;
    }
    pid = fork();
    if (pid == 0)
        tell(launcher, ends[1]);
    lk_fd_close(&ends[1]);
    count = pid > 0 ? read(ends[0], &launcher->told, sizeof(launcher->told)) : -1;
    lk_fd_close(&ends[0]);
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return -LK_ERR_IO;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return -LK_ERR_CONFIG;
    if (count != (ssize_t)sizeof(launcher->told) || !told_good(&launcher->told)) {
        (void)fprintf(stderr, "latchkey-sso: run, keys and listen may have letters, digits and "
                              "/._- in their paths only\n");
        return -LK_ERR_CONFIG;
    }
    return test_apart(launcher) ? 0 : -LK_ERR_CONFIG;
}
