/* SPDX-License-Identifier: EUPL-1.2 */
/* The options of each section [client NAME]. */
#include "config/options.h"

#include <stddef.h>

#define LK_MEMBER(member)                                                                          \
    .section = "client NAME", .offset = offsetof(struct lk_config_client, member)

const struct lk_option lk_client_options[] = {
    {
        .name = "title",
        .type = LK_OPTION_TEXT,
        .default_text = "",
        .reload = true,
        LK_MEMBER(title),
        .help = "What people call the application. Empty: its NAME.",
    },
    {
        .name = "redirect_uri",
        .type = LK_OPTION_URIS,
        .reload = true,
        LK_MEMBER(redirect_uri),
        .help = "Where a login may end, compared byte for byte. It may be given several times.",
    },
    {
        .name = "post_logout_redirect_uri",
        .type = LK_OPTION_URIS,
        .default_text = "",
        .reload = true,
        LK_MEMBER(post_logout_redirect_uri),
        .help = "Where a logout may end, compared byte for byte. It may be given several times.",
    },
    {
        .name = "secret_file",
        .type = LK_OPTION_PATH,
        .max = 200,
        .reload = true,
        LK_MEMBER(secret_file),
        .help = "File with the application's secret: one line of at least 32 characters of a-z A-Z "
                "0-9 _ -. Only the issuer's user may read it.",
    },
    {
        .name = "backchannel_logout_uri",
        .type = LK_OPTION_URI,
        .default_text = "",
        .reload = true,
        LK_MEMBER(backchannel_logout_uri),
        .help = "Where the application is told that a session is over. Empty: it cannot be told.",
    },
    {
        .name = "backchannel_connect",
        .type = LK_OPTION_ADDRESS,
        .default_text = "",
        .reload = true,
        LK_MEMBER(backchannel_connect),
        .help = "Address and port to connect to for that, instead of looking up the host of the "
                "URI; its certificate is checked against the host all the same.",
    },
    {
        .name = "backchannel_ca",
        .type = LK_OPTION_FILE,
        .max = 200,
        .default_text = "",
        .reload = true,
        LK_MEMBER(backchannel_ca),
        .help = "File of the authority that signs the application's certificate. Empty: the "
                "system's authorities.",
    },
    {
        .name = "serves",
        .type = LK_OPTION_GROUPS,
        .default_text = "",
        .reload = true,
        LK_MEMBER(serves),
        .help = "Groups of agents, as their statements name them, that may log in to this "
                "application; or everybody. Empty: nobody.",
    },
    {
        .name = "algorithm",
        .type = LK_OPTION_ALGORITHM,
        .default_text = "ES256",
        .reload = true,
        LK_MEMBER(algorithm),
        .help = "Algorithm of the signatures that the application is given.",
    },
};

const size_t lk_client_option_count = sizeof lk_client_options / sizeof lk_client_options[0];
