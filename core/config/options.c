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
        .section = "policy",
        .name = "attestation_roots",
        .type = LK_OPTION_FILE,
        .max = 200,
        .default_text = "",
        LK_MEMBER(attestation_roots),
        .help = "PEM file of the certificates that vouch for security keys. A key whose "
                "attestation ends in one of them is enrolled as proven hardware (acr phrh). "
                "Empty: no key is.",
    },
    {
        .section = "policy",
        .name = "session_days",
        .type = LK_OPTION_DAYS,
        .min = 1,
        .max = 36500,
        .default_text = "400",
        LK_MEMBER(session_days),
        .help =
            "How long the gateway remembers a session, to end it when the key is reported lost.",
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
    {
        .section = "gateway",
        .name = "port",
        .type = LK_OPTION_UINT,
        .min = 1,
        .max = 65535,
        .default_text = "443",
        LK_MEMBER(gateway_port),
        .help = "Port in the gateway's address as browsers see it. 443 stands in no address.",
    },
    {
        .section = "gateway",
        .name = "listen",
        .type = LK_OPTION_LISTEN,
        .max = 100,
        .default_text = "/run/latchkey-web/http",
        LK_MEMBER(gateway_listen),
        .help = "Where the reverse proxy reaches the gateway: a UNIX socket, or 127.0.0.1 or [::1] "
                "with a port.",
    },
    {
        .section = "gateway",
        .name = "metrics",
        .type = LK_OPTION_LOOPBACK,
        .default_text = "",
        LK_MEMBER(gateway_metrics),
        .help = "Where Prometheus reads the gateway's metrics and a monitor its health, on this "
                "machine only. Empty: nowhere.",
    },
    {
        .section = "gateway",
        .name = "keys",
        .type = LK_OPTION_PATH,
        .max = 200,
        .default_text = "/var/lib/latchkey-sso",
        LK_MEMBER(gateway_keys),
        .help = "Folder of the signing and sealing keys. Only the issuer's user may read it.",
    },
    {
        .section = "gateway",
        .name = "idle_seconds",
        .type = LK_OPTION_UINT,
        .min = 1,
        .max = 3600,
        .default_text = "75",
        LK_MEMBER(gateway_idle_seconds),
        .help = "How long a connection may be silent before a request or between two. More than "
                "the reverse proxy keeps an idle connection, or it meets one that is just closed.",
    },
    {
        .section = "gateway",
        .name = "request_seconds",
        .type = LK_OPTION_UINT,
        .min = 1,
        .max = 600,
        .default_text = "20",
        LK_MEMBER(gateway_request_seconds),
        .help = "How long a request may take from its first line to its last byte, and an answer "
                "until it is fetched. A slower connection is closed.",
    },
    {
        .section = "gateway",
        .name = "password",
        .type = LK_OPTION_PASSWORD,
        .default_text = "required",
        .reload = true,
        LK_MEMBER(gateway_password),
        .help = "Whether the PAM stack asks for a password after the key. It must say what the "
                "stack does.",
    },
    {
        .section = "gateway",
        .name = "service",
        .type = LK_OPTION_SERVICE,
        .default_text = "latchkey-sso",
        LK_MEMBER(gateway_service),
        .help = "PAM service of logins at the gateway.",
    },
    {
        .section = "gateway",
        .name = "workers",
        .type = LK_OPTION_UINT,
        .min = 1,
        .max = 256,
        .default_text = "16",
        LK_MEMBER(gateway_workers),
        .help =
            "Processes that run the PAM stack, one login each at a time. Each takes about half a "
            "megabyte.",
    },
    {
        .section = "gateway",
        .name = "network",
        .type = LK_OPTION_NETWORK,
        .default_text = "none",
        .reload = true,
        LK_MEMBER(gateway_network),
        .help = "Whether modules of the PAM stack may use the network themselves, as pam_ldap and "
                "pam_radius do. pam_unix, pam_sss and all that ask a service of this machine need "
                "none.",
    },
    {
        .section = "gateway",
        .name = "title",
        .type = LK_OPTION_TEXT,
        .default_text = "",
        .reload = true,
        LK_MEMBER(gateway_title),
        .help = "The organisation's name as people read it on the login page. Empty: the name of "
                "the organisation.",
    },
    {
        .section = "gateway",
        .name = "logo",
        .type = LK_OPTION_FILE,
        .max = 200,
        .default_text = "",
        LK_MEMBER(gateway_logo),
        .help = "SVG or PNG file for the login page, at most 256 KiB. Empty: none.",
    },
    {
        .section = "gateway",
        .name = "colour",
        .type = LK_OPTION_COLOUR,
        .default_text = "1b4f8f",
        .reload = true,
        LK_MEMBER(gateway_colour),
        .help = "Colour of buttons on the login page. White must be readable on it: a contrast of "
                "4.5 or more.",
    },
    {
        .section = "gateway",
        .name = "help",
        .type = LK_OPTION_TEXT,
        .default_text = "",
        .reload = true,
        LK_MEMBER(gateway_help),
        .help = "What the login page says to somebody without a key, for example whom to call.",
    },
};
const size_t lk_option_count = sizeof lk_options / sizeof lk_options[0];

#undef LK_MEMBER
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
