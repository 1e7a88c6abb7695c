/* SPDX-License-Identifier: EUPL-1.2 */
/* latchkey-sso: command line.
 *
 *   latchkey-sso [--config FILE] [--foreground] [--test] [--confdir DIR] */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sandbox/sandbox.h"
#include "sso/launcher.h"

static const char usage[] =
    "usage: latchkey-sso [--config FILE] [--foreground] [--test] [--confdir DIR]\n";

static int refuse(const char *text)
{
    (void)fprintf(stderr, "latchkey-sso: %s\n", text);
    return LK_LAUNCHER_CONFIG;
}

/* -1 to go on, or the exit status. */
static int parse(int argc, char **argv, struct lk_launcher_options *options)
{
    static const struct option known[] = {{"config", required_argument, NULL, 'c'},
                                          {"foreground", no_argument, NULL, 'f'},
                                          {"test", no_argument, NULL, 't'},
                                          {"confdir", required_argument, NULL, 'd'},
                                          {"version", no_argument, NULL, 'v'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (option) {
        case 'c':
            options->config = optarg;
            break;
        case 'f':
            /* It never goes into the background; the word is for whoever wants to say so. */
            break;
        case 't':
            options->test = true;
            break;
        case 'd':
            options->confdir = optarg;
            break;
        case 'v':
            (void)printf("latchkey-sso " LK_VERSION "\n");
            return EXIT_SUCCESS;
        case 'h':
            (void)fputs(usage, stdout);
            return EXIT_SUCCESS;
        default:
            (void)fputs(usage, stderr);
            return LK_LAUNCHER_CONFIG;
        }
    }
    return optind < argc ? refuse("no arguments are expected besides options") : -1;
}

int main(int argc, char **argv)
{
    struct lk_launcher_options options = {.config = LK_CONFIG_PATH};
    int status = parse(argc, argv, &options);

    if (status >= 0)
        return status;
    if (options.config[0] != '/')
        return refuse("--config: an absolute path is expected");
    if (options.confdir != NULL && geteuid() == 0 && !options.test)
        return refuse("--confdir is for tests, and needs --test for uid 0");
    if (lk_sandbox_protect_memory() != 0)
        return refuse("memory cannot be protected");
    return lk_launcher_run(&options);
}
