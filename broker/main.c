/* SPDX-License-Identifier: EUPL-1.2 */
/* latchkeyd: command line. One binary in three roles: launcher (default), broker (--broker, started by the launcher or a supervisor), self-test. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"
#include "broker/launcher.h"
#include "broker/run.h"
#include "sandbox/sandbox.h"

enum { EXIT_USAGE = 2 };
enum {
    OPTION_CONFIG = 256,
    OPTION_FOREGROUND,
    OPTION_TEST,
    OPTION_OPENER,
    OPTION_SELF_TEST,
    OPTION_BROKER,
    OPTION_ONE_USER,
    OPTION_NO_SANDBOX,
    OPTION_VERSION,
    OPTION_HELP
};

struct command_line {
    struct lk_launcher_options launcher;
    struct lk_run_options run;
    const char *broker;
    bool self_test;
    bool no_sandbox;
    bool one_user;
};

static const char usage[] =
    "usage: latchkeyd [--config FILE] [--foreground] [--test] [--opener PATH]\n"
    "       latchkeyd [--config FILE] --self-test\n"
    "       latchkeyd [--config FILE] --broker LIST    (for supervisors; see latchkeyd(8))\n";

static int refuse(const char *text)
{
    (void)fprintf(stderr, "latchkeyd: %s\n", text);
    return EXIT_USAGE;
}

/* A descriptor that is inherited, or for links the path of a socket that a supervisor listens on. */
static int link_open(const char *value, bool may_connect)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    uint64_t number;
    int fd;

    if (value[0] != '/')
        return lk_number_parse(value, 3, INT_MAX, &number) < 0 ? -1 : (int)number;
    if (!may_connect || strlen(value) >= sizeof(address.sun_path))
        return -1;
    memcpy(address.sun_path, value, strlen(value) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        (void)fprintf(stderr, "latchkeyd: %s: %s\n", value, strerror(errno));
        close(fd);
        return -1;
    }
    return fd;
}

/* "host=3,desk=4,gateway=5,worker=6,names=7,device=8", or "systemd,names=/run/...,device=/run/..." */
static int broker_list(char *list, struct lk_run_options *run)
{
    struct lk_launcher_sockets sockets;
    char *rest = NULL;

    for (char *part = strtok_r(list, ",", &rest); part != NULL; part = strtok_r(NULL, ",", &rest)) {
        char *value = strchr(part, '=');
        int *place;

        if (strcmp(part, "systemd") == 0) {
            if (lk_launcher_take_sockets(&sockets) <= 0)
                return refuse("--broker systemd: no sockets were passed");
            run->host = sockets.host;
            run->desk = sockets.desk;
            run->gateway = sockets.gateway;
            run->worker = sockets.worker;
            continue;
        }
        if (value == NULL)
            return refuse("--broker: name=descriptor is expected");
        *value++ = '\0';
        place = strcmp(part, "host") == 0      ? &run->host
                : strcmp(part, "desk") == 0    ? &run->desk
                : strcmp(part, "gateway") == 0 ? &run->gateway
                : strcmp(part, "worker") == 0  ? &run->worker
                : strcmp(part, "names") == 0   ? &run->names
                : strcmp(part, "device") == 0  ? &run->device
                                               : NULL;
        if (place == NULL)
            return refuse("--broker: host, desk, gateway, worker, names and device are known");
        *place = link_open(value, place == &run->names || place == &run->device);
        if (*place < 0)
            return refuse("--broker: a descriptor cannot be used");
    }
    return 0;
}

static int run_broker(struct command_line *line)
{
    char *list = strdup(line->broker);
    int status;

    if (list == NULL)
        return EXIT_FAILURE;
    line->run.config = line->launcher.config;
    line->run.test_mode = line->launcher.test_mode;
    line->run.rootless = line->one_user;
    line->run.sandbox = !line->no_sandbox;
    status = broker_list(list, &line->run);
    free(list);
    return status != 0 ? status : lk_broker_run(&line->run);
}

static int parse(int argc, char **argv, struct command_line *line)
{
    static const struct option options[] = {{"config", required_argument, NULL, OPTION_CONFIG},
                                            {"foreground", no_argument, NULL, OPTION_FOREGROUND},
                                            {"test", no_argument, NULL, OPTION_TEST},
                                            {"opener", required_argument, NULL, OPTION_OPENER},
                                            {"self-test", no_argument, NULL, OPTION_SELF_TEST},
                                            {"broker", required_argument, NULL, OPTION_BROKER},
                                            {"one-user", no_argument, NULL, OPTION_ONE_USER},
                                            {"no-sandbox", no_argument, NULL, OPTION_NO_SANDBOX},
                                            {"version", no_argument, NULL, OPTION_VERSION},
                                            {"help", no_argument, NULL, OPTION_HELP},
                                            {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case OPTION_CONFIG:
            line->launcher.config = optarg;
            break;
        case OPTION_FOREGROUND:
            line->launcher.foreground = true;
            break;
        case OPTION_TEST:
            line->launcher.test_mode = true;
            break;
        case OPTION_OPENER:
            line->launcher.opener = optarg;
            break;
        case OPTION_SELF_TEST:
            line->self_test = true;
            break;
        case OPTION_BROKER:
            line->broker = optarg;
            break;
        case OPTION_ONE_USER:
            line->one_user = true;
            break;
        case OPTION_NO_SANDBOX:
            line->no_sandbox = true;
            break;
        case OPTION_VERSION:
            (void)printf("latchkeyd " LK_VERSION "\n");
            exit(EXIT_SUCCESS);
        case OPTION_HELP:
            (void)fputs(usage, stdout);
            exit(EXIT_SUCCESS);
        default:
            (void)fputs(usage, stderr);
            return EXIT_USAGE;
        }
    }
    return optind < argc ? refuse("no arguments are expected besides options") : 0;
}

/* What only a test may do is refused elsewhere, so that no unit file or boot script can come to depend on it. */
static int check(const struct command_line *line)
{
    const struct lk_launcher_options *launcher = &line->launcher;

    if (launcher->config[0] != '/')
        return refuse("--config: an absolute path is expected");
    if (launcher->opener != NULL && !launcher->foreground)
        return refuse("--opener is for --foreground only");
    if (launcher->opener != NULL && geteuid() == 0 && !launcher->test_mode)
        return refuse("--opener is refused for root, except with --test");
    if (line->no_sandbox && !launcher->test_mode)
        return refuse("--no-sandbox is for --test only");
    return 0;
}

int main(int argc, char **argv)
{
    struct command_line line = {
        .launcher = {.config = LK_CONFIG_PATH},
        .run = {.host = -1, .desk = -1, .gateway = -1, .worker = -1, .names = -1, .device = -1}};
    int status = parse(argc, argv, &line);

    if (status == 0)
        status = check(&line);
    if (status != 0)
        return status;
    if (line.self_test)
        return lk_self_test(line.launcher.config);
    if (line.broker != NULL)
        return run_broker(&line);
    if (lk_sandbox_protect_memory() != 0)
        return refuse("memory cannot be protected");
    return lk_launcher_run(&line.launcher);
}
