/* SPDX-License-Identifier: EUPL-1.2 */
/* The table of options. The help texts stand word for word in docs/man/latchkey.conf.5, which a test compares. */
#include "config/options.h"

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

/* What a verdict of an advisory means for some people. */
#define LK_MEANS(who, verdict, least, word, usual)                                                 \
    {                                                                                              \
        .section = "models", .name = #who "_" #verdict, .type = LK_OPTION_VERDICT,                 \
        .min = LK_VERDICT_##least, .default_text = (usual), .reload = true,                        \
        LK_MEMBER(who##_##verdict),                                                                \
        .help =                                                                                    \
            "What the verdict " word " of an advisory means for " #who "; not less than itself.",  \
    }

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
        .section = "models",
        .name = "tables",
        .type = LK_OPTION_FILE,
        .max = 200,
        .default_text = "/usr/share/latchkey/tables",
        LK_MEMBER(models_tables),
        .help = "Folder of the firmware tables that are shipped: authenticators.conf, "
                "anchors.conf, anchors.pem and advisories.conf. Empty: keys are not judged by "
                "their model.",
    },
    {
        .section = "models",
        .name = "local_tables",
        .type = LK_OPTION_FILE,
        .max = 200,
        .default_text = "/etc/latchkey/tables",
        LK_MEMBER(models_local),
        .help = "Folder of your own rows, in files of the same names and format. It need not be "
                "there.",
    },
    {
        .section = "models",
        .name = "imported_tables",
        .type = LK_OPTION_FILE,
        .max = 200,
        .default_text = "/etc/latchkey/tables-imported",
        LK_MEMBER(models_imported),
        .help = "Folder of rows that were made from other people's metadata: they add models, "
                "levels and anchors to those above and take none over. It need not be there.",
    },
    {
        .section = "models",
        .name = "allowed",
        .type = LK_OPTION_MODELS,
        .default_text = "",
        .reload = true,
        LK_MEMBER(allowed),
        .help = "Models that may be used, one a line: a family, a vendor or an AAGUID of the "
                "tables. Where there is a line, all other models are refused, at logins as well. "
                "Empty: all that nothing else refuses.",
    },
    {
        .section = "models",
        .name = "refused",
        .type = LK_OPTION_MODELS,
        .default_text = "",
        .reload = true,
        LK_MEMBER(refused),
        .help = "Models that may not be used, one a line. With \"from\" and a date, logins are "
                "refused from that day on and enrolments at once; without it, both at once.",
    },
    {
        .section = "models",
        .name = "minimum_firmware",
        .type = LK_OPTION_MINIMUMS,
        .default_text = "",
        .reload = true,
        LK_MEMBER(minimum_firmware),
        .help = "The least firmware of a model, one a line: \"family yubikey-5 5.7 from "
                "2027-01-01\". The date is that of the option refused.",
    },
    {
        .section = "models",
        .name = "unattested",
        .type = LK_OPTION_VERDICT,
        .default_text = "refuse-enrol",
        .reload = true,
        LK_MEMBER(unattested),
        .help = "A key whose attestation ends in no pinned certificate, or in one that may not "
                "vouch for its model.",
    },
    {
        .section = "models",
        .name = "unknown_model",
        .type = LK_OPTION_VERDICT,
        .default_text = "refuse-enrol",
        .reload = true,
        LK_MEMBER(unknown_model),
        .help = "A key whose AAGUID is in no table.",
    },
    {
        .section = "models",
        .name = "other_kind",
        .type = LK_OPTION_VERDICT,
        .default_text = "refuse-enrol",
        .reload = true,
        LK_MEMBER(other_kind),
        .help = "A model that is neither security key nor smart card: a wallet, a phone, "
                "software, a research build, a preview.",
    },
    {
        .section = "models",
        .name = "unknown_firmware",
        .type = LK_OPTION_VERDICT,
        .default_text = "warn",
        .reload = true,
        LK_MEMBER(unknown_firmware),
        .help = "A key for whose model minimum_firmware is set and of which nothing proves that "
                "it reaches it.",
    },
    {
        .section = "models",
        .name = "certification",
        .type = LK_OPTION_LEVEL,
        .default_text = "unknown",
        .reload = true,
        LK_MEMBER(certification),
        .help = "The least FIDO level of a model that is enrolled. The word unknown: none is "
                "asked for.",
    },
    {
        .section = "models",
        .name = "administrators",
        .type = LK_OPTION_GROUPS,
        .default_text = "",
        .reload = true,
        LK_MEMBER(administrators),
        .help = "Groups of agents, as their statements name them, who are administrators for the "
                "options below.",
    },
    LK_MEANS(agents, note, NOTE, "note", "note"),
    LK_MEANS(agents, warn, WARN, "warn", "warn"),
    LK_MEANS(agents, refuse_enrol, REFUSE_ENROL, "refuse-enrol", "refuse-enrol"),
    LK_MEANS(operators, note, NOTE, "note", "note"),
    LK_MEANS(operators, warn, WARN, "warn", "refuse-enrol"),
    LK_MEANS(operators, refuse_enrol, REFUSE_ENROL, "refuse-enrol", "refuse-enrol"),
    LK_MEANS(administrators, note, NOTE, "note", "note"),
    LK_MEANS(administrators, warn, WARN, "warn", "refuse-enrol"),
    LK_MEANS(administrators, refuse_enrol, REFUSE_ENROL, "refuse-enrol", "refuse-enrol"),
    {
        .section = "models",
        .name = "table_warn_days",
        .type = LK_OPTION_DAYS,
        .min = 0,
        .max = 36500,
        .default_text = "180",
        .reload = true,
        LK_MEMBER(table_warn_days),
        .help = "Advisories older than this are told to be old, at each enrolment and in the "
                "status; imported tables, so long after their next update was due. 0: never.",
    },
    {
        .section = "models",
        .name = "table_refuse_days",
        .type = LK_OPTION_DAYS,
        .min = 0,
        .max = 36500,
        .default_text = "730",
        .reload = true,
        LK_MEMBER(table_refuse_days),
        .help = "Advisories older than this let nobody be enrolled; likewise imported tables. 0: "
                "never.",
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
