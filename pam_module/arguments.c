/* SPDX-License-Identifier: EUPL-1.2 */
/* Module arguments, read strictly: a word that is misspelt must stop the login where the administrator tries it out, not be
 * ignored where it counts. */
#include "pam_module/arguments.h"

#include <string.h>
#include <sys/un.h>

static int lk_arguments_socket(const char *value, struct lk_arguments *arguments)
{
    if (arguments->socket != NULL)
        return -LK_ERR_DUPLICATE;
    if (value[0] != '/' || strlen(value) >= sizeof(((struct sockaddr_un *)0)->sun_path))
        return -LK_ERR_CONFIG;
    arguments->socket = value;
    return 0;
}

static int lk_arguments_flag(bool *flag)
{
    if (*flag)
        return -LK_ERR_DUPLICATE;
    *flag = true;
    return 0;
}

static int lk_arguments_word(const char *word, struct lk_arguments *arguments)
{
    if (strncmp(word, "socket=", 7) == 0)
        return lk_arguments_socket(word + 7, arguments);
    if (strcmp(word, "debug") == 0)
        return lk_arguments_flag(&arguments->debug);
    if (strcmp(word, "transaction") == 0)
        return lk_arguments_flag(&arguments->transaction);
    return -LK_ERR_CONFIG;
}

int lk_arguments_read(int argc, const char **argv, struct lk_arguments *ret_arguments,
                      const char **ret_bad)
{
    struct lk_arguments arguments = {0};

    for (int i = 0; i < argc; i++) {
        int r = lk_arguments_word(argv[i], &arguments);

        if (r != 0) {
            *ret_bad = argv[i];
            return r;
        }
    }
    if (arguments.socket == NULL)
        arguments.socket = arguments.transaction ? LK_WORKER_SOCKET : LK_HOST_SOCKET;
    *ret_arguments = arguments;
    return 0;
}
