/* SPDX-License-Identifier: EUPL-1.2 */
/* The table of options. The help texts stand word for word in docs/man/latchkey.conf.5, which a test compares. */
#include "config/options.h"

#include <stdio.h>
#include <string.h>

#define LK_MEMBER(member) .offset = offsetof(struct lk_config, member)

/* Console, elevation, lock screens and display managers of Debian and its usual desktops: programs whose user sits at this machine. */
#define LK_LOCAL_SERVICES                                                                          \
    "login sudo sudo-i su su-l doas polkit-1 gdm-password gdm-fingerprint gdm-smartcard sddm "     \
    "lightdm lxdm xdm greetd ly kde "                                                              \
    "kde-fingerprint kde-smartcard kscreenlocker swaylock gtklock hyprlock i3lock xlock "          \
    "xscreensaver cinnamon-screensaver "                                                           \
    "mate-screensaver xfce4-screensaver light-locker"

/* Programs that show every prompt to the person: never those that answer a hidden prompt with the account's password. */
#define LK_PIN_SERVICES "login sudo sudo-i su su-l polkit-1"

const struct lk_option lk_options[] = {
    {
        .section = "organisation",
        .name = "name",
        .type = LK_OPTION_ORGANISATION,
        LK_MEMBER(name),
        .help = "Name of the organisation. It stands in every signed object and can never be "
                "changed: credentials of one name open nothing under another.",
    },
    {
        .section = "organisation",
        .name = "gateway_host",
        .type = LK_OPTION_HOST,
        .default_text = "",
        LK_MEMBER(gateway_host),
        .help = "Host name of the single sign-on gateway, exactly as browsers see it; it is the "
                "relying party of browser credentials, one for all gateways, for ever. Empty: no "
                "browser credentials are made.",
    },
    {
        .section = "paths",
        .name = "state",
        .type = LK_OPTION_PATH,
        .max = 200,
        .default_text = "/var/lib/latchkey",
        LK_MEMBER(state),
        .help = "Folder of the store and the mark.",
    },
    {
        .section = "paths",
        .name = "run",
        .type = LK_OPTION_PATH,
        .max = 80,
        .default_text = "/run/latchkey",
        LK_MEMBER(run),
        .help = "Folder of the sockets. Only root may write to it.",
    },
    {
        .section = "paths",
        .name = "operators",
        .type = LK_OPTION_PATH,
        .max = 200,
        .default_text = "/etc/latchkey/operators",
        LK_MEMBER(operators),
        .help = "File of the operator sets, from the first to the current one.",
    },
    {
        .section = "policy",
        .name = "host_user_verification",
        .type = LK_OPTION_REQUIRED,
        .default_text = "required",
        .reload = true,
        LK_MEMBER(host_user_verification),
        .help = "Whether a login at a host needs the key's PIN or fingerprint besides the touch.",
    },
    {
        .section = "policy",
        .name = "browser_user_verification",
        .type = LK_OPTION_REQUIRED,
        .default_text = "required",
        .reload = true,
        LK_MEMBER(browser_user_verification),
        .help =
            "Whether a login in the browser needs the key's PIN or fingerprint besides the touch.",
    },
    {
        .section = "policy",
        .name = "statement_days",
        .type = LK_OPTION_DAYS,
        .min = 0,
        .max = 36500,
        .default_text = "1825",
        .reload = true,
        LK_MEMBER(statement_days),
        .help = "How long a new enrolment is valid. 0: without end.",
    },
    {
        .section = "policy",
        .name = "host_group",
        .type = LK_OPTION_GROUP,
        .default_text = "all",
        .reload = true,
        LK_MEMBER(host_group),
        .help = "Group of this machine. A host credential opens the groups that its statement "
                "names and no others.",
    },
    {
        .section = "policy",
        .name = "ceremony_seconds",
        .type = LK_OPTION_SECONDS,
        .min = 5,
        .max = 120,
        .default_text = "30",
        .reload = true,
        LK_MEMBER(ceremony_seconds),
        .help = "How long one ceremony may take in all: inserting the key, PIN and touch.",
    },
    {
        .section = "policy",
        .name = "local_services",
        .type = LK_OPTION_SERVICES,
        .default_text = LK_LOCAL_SERVICES,
        .reload = true,
        LK_MEMBER(local_services),
        .help = "PAM services whose user sits at this machine. Every other service is refused the "
                "key that is plugged in here.",
    },
    {
        .section = "policy",
        .name = "pin_services",
        .type = LK_OPTION_SERVICES,
        .default_text = LK_PIN_SERVICES,
        .reload = true,
        LK_MEMBER(pin_services),
        .help = "PAM services known to show every prompt to the person. Never name a program that "
                "answers a hidden prompt with the account's password, as sshd, sddm and swaylock "
                "do: it would be tried as the key's PIN.",
    },
    {
        .section = "policy",
        .name = "attempts_per_minute",
        .type = LK_OPTION_UINT,
        .min = 1,
        .max = 6000,
        .default_text = "30",
        .reload = true,
        LK_MEMBER(attempts_per_minute),
        .help = "Logins that one source may begin in a minute.",
    },
    {
        .section = "policy",
        .name = "failures_per_credential",
        .type = LK_OPTION_UINT,
        .min = 0,
        .max = 1000,
        .default_text = "20",
        .reload = true,
        LK_MEMBER(failures_per_credential),
        .help = "Verified but refused answers after which a credential is held back. 0: no limit.",
    },
    {
        .section = "policy",
        .name = "log_days",
        .type = LK_OPTION_DAYS,
        .min = 1,
        .max = 36500,
        .default_text = "365",
        .reload = true,
        LK_MEMBER(log_days),
        .help = "How long closed segments of the login log are kept.",
    },
    {
        .section = "broker",
        .name = "verify_threads",
        .type = LK_OPTION_UINT,
        .min = 0,
        .max = 64,
        .default_text = "0",
        LK_MEMBER(verify_threads),
        .help = "Threads that verify signatures. 0: the loop's own thread does.",
    },
    {
        .section = "broker",
        .name = "cache_entries",
        .type = LK_OPTION_UINT,
        .min = 1,
        .max = 65536,
        .default_text = "65536",
        LK_MEMBER(cache_entries),
        .help = "Endorsement verdicts kept in memory.",
    },
    {
        .section = "broker",
        .name = "connections",
        .type = LK_OPTION_UINT,
        .min = 64,
        .max = 65536,
        .default_text = "1024",
        LK_MEMBER(connections),
        .help = "Connections to all sockets together.",
    },
    {
        .section = "device",
        .name = "pool",
        .type = LK_OPTION_UINT,
        .min = 1,
        .max = 16,
        .default_text = "2",
        LK_MEMBER(pool),
        .help = "Device processes that are kept ready, one for each key that may be plugged in at "
                "a time.",
    },
};
const size_t lk_option_count = sizeof lk_options / sizeof lk_options[0];

const struct lk_option *lk_option_find(const char *section, const char *name)
{
    for (size_t i = 0; i < lk_option_count; i++)
        if (strcmp(lk_options[i].section, section) == 0 && strcmp(lk_options[i].name, name) == 0)
            return &lk_options[i];
    return NULL;
}

bool lk_option_section_known(const char *section)
{
    for (size_t i = 0; i < lk_option_count; i++)
        if (strcmp(lk_options[i].section, section) == 0)
            return true;
    return false;
}

void lk_option_describe(const struct lk_option *option, char *ret_text, size_t size)
{
    switch (option->type) {
    case LK_OPTION_ORGANISATION:
        (void)snprintf(ret_text, size, "1 to 64 of a-z 0-9 . - without . or - at its ends");
        return;
    case LK_OPTION_HOST:
        (void)snprintf(ret_text, size, "host name in lower case");
        return;
    case LK_OPTION_PATH:
        (void)snprintf(ret_text, size, "absolute path of at most %u bytes", option->max);
        return;
    case LK_OPTION_GROUP:
        (void)snprintf(ret_text, size, "1 to 64 of a-z 0-9 . _ -");
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
    case LK_OPTION_REQUIRED:
        (void)snprintf(ret_text, size, "required or discouraged");
        return;
    case LK_OPTION_SERVICES:
        (void)snprintf(ret_text, size,
                       "service names between blanks, each once; the word default, put first, "
                       "stands for the default list");
        return;
    }
}
