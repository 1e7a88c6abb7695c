/* SPDX-License-Identifier: EUPL-1.2 */
/* Options by their names, and what may be written behind each. */
#include "config/options.h"

#include <stdio.h>
#include <string.h>

const char *lk_option_client_name(const char *section)
{
    return strncmp(section, LK_CLIENT_SECTION, strlen(LK_CLIENT_SECTION)) == 0
               ? section + strlen(LK_CLIENT_SECTION)
               : NULL;
}

const struct lk_option *lk_option_find(const char *section, const char *name)
{
    for (size_t i = 0; i < lk_option_count; i++)
        if (strcmp(lk_options[i].section, section) == 0 && strcmp(lk_options[i].name, name) == 0)
            return &lk_options[i];
    if (lk_option_client_name(section) == NULL)
        return NULL;
    for (size_t i = 0; i < lk_client_option_count; i++)
        if (strcmp(lk_client_options[i].name, name) == 0)
            return &lk_client_options[i];
    return NULL;
}

bool lk_option_section_known(const char *section)
{
    if (lk_option_client_name(section) != NULL)
        return true;
    for (size_t i = 0; i < lk_option_count; i++)
        if (strcmp(lk_options[i].section, section) == 0)
            return true;
    return false;
}

static const char *lk_option_words(enum lk_option_type type)
{
    switch (type) {
    case LK_OPTION_ORGANISATION:
        return "1 to 64 of a-z 0-9 . - without . or - at its ends";
    case LK_OPTION_HOST:
        return "host name in lower case";
    case LK_OPTION_GROUP:
    case LK_OPTION_SERVICE:
        return "1 to 64 of a-z 0-9 . _ -";
    case LK_OPTION_REQUIRED:
        return "required or discouraged";
    case LK_OPTION_PASSWORD:
        return "required or none";
    case LK_OPTION_NETWORK:
        return "internet or none";
    case LK_OPTION_LOOPBACK:
        return "127.0.0.1:PORT or [::1]:PORT";
    case LK_OPTION_ADDRESS:
        return "ADDRESS:PORT";
    case LK_OPTION_URI:
    case LK_OPTION_URIS:
        return "https URI with a path, without user, fragment, * and dot segments";
    case LK_OPTION_TEXT:
        return "words, at most 127 bytes";
    case LK_OPTION_COLOUR:
        return "rrggbb, hexadecimal in lower case, on which white is readable (contrast 4.5)";
    case LK_OPTION_VERDICT:
        return "nothing, note, warn, refuse-enrol or refuse-login";
    case LK_OPTION_LEVEL:
        return "unknown, none, L1, L1plus, L2, L2plus, L3 or L3plus";
    case LK_OPTION_MODELS:
        return "family NAME, vendor NAME or aaguid AAGUID, and from DATE if wanted; one a line";
    case LK_OPTION_MINIMUMS:
        return "family NAME, vendor NAME or aaguid AAGUID, then FIRMWARE, and from DATE if "
               "wanted; one a line";
    case LK_OPTION_GROUPS:
        return "groups between blanks, each once, or everybody alone";
    case LK_OPTION_ALGORITHM:
        return "ES256 or RS256";
    default:
        return "service names between blanks, each once; the word default, put first, "
               "stands for the default list";
    }
}

void lk_option_describe(const struct lk_option *option, char *ret_text, size_t size)
{
    switch (option->type) {
    case LK_OPTION_PATH:
    case LK_OPTION_FILE:
        (void)snprintf(ret_text, size, "absolute path of at most %u bytes", option->max);
        return;
    case LK_OPTION_LISTEN:
        (void)snprintf(ret_text, size,
                       "absolute path of at most %u bytes, 127.0.0.1:PORT or [::1]:PORT",
                       option->max);
        return;
    case LK_OPTION_UINT:
        (void)snprintf(ret_text, size, "number from %u to %u", option->min, option->max);
        return;
    case LK_OPTION_SECONDS:
        (void)snprintf(ret_text, size, "seconds from %u to %u", option->min, option->max);
        return;
    case LK_OPTION_DAYS:
        (void)snprintf(ret_text, size, "days from %u to %u", option->min, option->max);
        return;
    default:
        (void)snprintf(ret_text, size, "%s", lk_option_words(option->type));
        return;
    }
}
