/* SPDX-License-Identifier: EUPL-1.2 */
/* Command line of the software key. Unknown options and bad values end the program. */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "control.h"
#include "crypto.h"
#include "loop.h"

enum lk_option {
    LK_OPTION_SOCKET = 256,
    LK_OPTION_MODE,
    LK_OPTION_UHID,
    LK_OPTION_STDIN,
    LK_OPTION_BROADCAST,
    LK_OPTION_CONTROL,
    LK_OPTION_STATE,
    LK_OPTION_SEED,
    LK_OPTION_ROOT_SEED,
    LK_OPTION_PRINT_ROOT,
    LK_OPTION_AAGUID,
    LK_OPTION_FIRMWARE,
    LK_OPTION_ATTESTATION,
    LK_OPTION_TOUCH_TIMEOUT,
    LK_OPTION_RESET_WINDOW,
    LK_OPTION_PIN_PROTOCOL,
    LK_OPTION_VENDOR,
    LK_OPTION_PRODUCT,
    LK_OPTION_MANUFACTURER,
    LK_OPTION_NAME,
    LK_OPTION_TRACE,
    LK_OPTION_TOUCH,
    LK_OPTION_UV,
    LK_OPTION_PIN,
    LK_OPTION_SLOW,
    LK_OPTION_MISBEHAVE,
};

static const struct option lk_option_table[] = {
    {"socket", required_argument, NULL, LK_OPTION_SOCKET},
    {"mode", required_argument, NULL, LK_OPTION_MODE},
    {"uhid", no_argument, NULL, LK_OPTION_UHID},
    {"stdin", no_argument, NULL, LK_OPTION_STDIN},
    {"broadcast", no_argument, NULL, LK_OPTION_BROADCAST},
    {"control", required_argument, NULL, LK_OPTION_CONTROL},
    {"state", required_argument, NULL, LK_OPTION_STATE},
    {"seed", required_argument, NULL, LK_OPTION_SEED},
    {"root-seed", required_argument, NULL, LK_OPTION_ROOT_SEED},
    {"print-root", no_argument, NULL, LK_OPTION_PRINT_ROOT},
    {"aaguid", required_argument, NULL, LK_OPTION_AAGUID},
    {"firmware", required_argument, NULL, LK_OPTION_FIRMWARE},
    {"attestation", required_argument, NULL, LK_OPTION_ATTESTATION},
    {"touch-timeout", required_argument, NULL, LK_OPTION_TOUCH_TIMEOUT},
    {"reset-window", required_argument, NULL, LK_OPTION_RESET_WINDOW},
    {"pin-protocol", required_argument, NULL, LK_OPTION_PIN_PROTOCOL},
    {"vendor", required_argument, NULL, LK_OPTION_VENDOR},
    {"product", required_argument, NULL, LK_OPTION_PRODUCT},
    {"manufacturer", required_argument, NULL, LK_OPTION_MANUFACTURER},
    {"name", required_argument, NULL, LK_OPTION_NAME},
    {"trace", no_argument, NULL, LK_OPTION_TRACE},
    {"touch", required_argument, NULL, LK_OPTION_TOUCH},
    {"uv", required_argument, NULL, LK_OPTION_UV},
    {"pin", required_argument, NULL, LK_OPTION_PIN},
    {"slow", required_argument, NULL, LK_OPTION_SLOW},
    {"misbehave", required_argument, NULL, LK_OPTION_MISBEHAVE},
    {NULL, 0, NULL, 0},
};

/* What has to wait until the state file was read. */
struct lk_given {
    const char *state_path;
    const char *seed;
    const char *touch, *uv, *pin, *slow, *misbehave;
};

static bool lk_number(const char *text, int base, uint64_t maximum, uint64_t *ret_number)
{
    char *end;

    if (*text == '\0' || *text == '-' || *text == '+' || *text == ' ')
        return false;
    *ret_number = strtoull(text, &end, base);
    return *end == '\0' && *ret_number <= maximum;
}

/* Exactly `length` bytes of hexadecimal; hyphens are skipped, as AAGUIDs are written with them. */
static bool lk_hex(const char *text, uint8_t *ret_bytes, size_t length)
{
    static const char digits[] = "0123456789abcdef";
    size_t count = 0;

    for (; *text != '\0'; text++) {
        const char *digit = strchr(digits, *text | 0x20);

        if (*text == '-')
            continue;
        if (digit == NULL || *digit == '\0' || count == 2 * length)
            return false;
        ret_bytes[count / 2] = (uint8_t)(ret_bytes[count / 2] << 4 | (digit - digits));
        count++;
    }
    return count == 2 * length;
}

static bool lk_attestation_choose(const char *text, enum lk_attestation_kind *ret_kind)
{
    static const char *const names[] = {"packed", "self", "fido-u2f", "none"};

    for (unsigned i = 0; i < 4; i++) {
        if (strcmp(text, names[i]) == 0) {
            *ret_kind = (enum lk_attestation_kind)i;
            return true;
        }
    }
    return false;
}

static bool lk_option_behaviour(int option, struct lk_given *given)
{
    switch (option) {
    case LK_OPTION_TOUCH:
        given->touch = optarg;
        return true;
    case LK_OPTION_UV:
        given->uv = optarg;
        return true;
    case LK_OPTION_PIN:
        given->pin = optarg;
        return true;
    case LK_OPTION_SLOW:
        given->slow = optarg;
        return true;
    case LK_OPTION_MISBEHAVE:
        given->misbehave = optarg;
        return true;
    case LK_OPTION_STATE:
        given->state_path = optarg;
        return true;
    case LK_OPTION_SEED:
        given->seed = optarg;
        return true;
    default:
        return false;
    }
}

static bool lk_option_settings(int option, struct lk_settings *settings)
{
    uint64_t number;

    switch (option) {
    case LK_OPTION_ROOT_SEED:
        return lk_hex(optarg, settings->root_seed, sizeof(settings->root_seed));
    case LK_OPTION_AAGUID:
        return lk_hex(optarg, settings->aaguid, sizeof(settings->aaguid));
    case LK_OPTION_FIRMWARE:
        if (!lk_number(optarg, 0, UINT32_MAX, &number))
            return false;
        settings->firmware_version = (uint32_t)number;
        return true;
    case LK_OPTION_ATTESTATION:
        return lk_attestation_choose(optarg, &settings->attestation);
    case LK_OPTION_TOUCH_TIMEOUT:
        return lk_number(optarg, 10, 86400000, &settings->touch_timeout_ms);
    case LK_OPTION_RESET_WINDOW:
        return lk_number(optarg, 10, 86400000, &settings->reset_window_ms);
    case LK_OPTION_PIN_PROTOCOL:
        if (!lk_number(optarg, 10, 2, &number))
            return false;
        settings->only_pin_protocol = (unsigned)number;
        return true;
    case LK_OPTION_TRACE:
        settings->trace = true;
        return true;
    default:
        return false;
    }
}

static bool lk_option_front(int option, struct lk_options *options)
{
    uint64_t number = 0;

    switch (option) {
    case LK_OPTION_SOCKET:
        options->socket_path = optarg;
        return true;
    case LK_OPTION_MODE:
        if (!lk_number(optarg, 8, 0777, &number))
            return false;
        options->socket_mode = (unsigned)number;
        return true;
    case LK_OPTION_VENDOR:
        if (!lk_number(optarg, 16, UINT16_MAX, &number))
            return false;
        options->identity.vendor = (uint16_t)number;
        return true;
    case LK_OPTION_PRODUCT:
        if (!lk_number(optarg, 16, UINT16_MAX, &number))
            return false;
        options->identity.product = (uint16_t)number;
        return true;
    case LK_OPTION_UHID:
        return options->uhid = true;
    case LK_OPTION_STDIN:
        return options->standard_input = true;
    case LK_OPTION_BROADCAST:
        return options->broadcast = true;
    case LK_OPTION_PRINT_ROOT:
        return options->print_root = true;
    case LK_OPTION_CONTROL:
        options->control_path = optarg;
        return true;
    case LK_OPTION_MANUFACTURER:
        options->identity.manufacturer = optarg;
        return true;
    case LK_OPTION_NAME:
        options->identity.name = optarg;
        return true;
    default:
        return false;
    }
}

static void lk_defaults(struct lk_softkey *key, struct lk_options *options)
{
    static const uint8_t aaguid[16] = {0x6c, 0x61, 0x74, 0x63, 0x68, 0x6b, 0x45, 0x79,
                                       0xa0, 0x73, 0x6f, 0x66, 0x74, 0x6b, 0x65, 0x79};
    static const char root[] = "latchkey test root";
    struct lk_part part = {root, sizeof(root) - 1};

    memset(key, 0, sizeof(*key));
    memcpy(key->settings.aaguid, aaguid, sizeof(aaguid));
    lk_digest_make(&part, 1, key->settings.root_seed);
    key->settings.firmware_version = 0x050703;
    key->settings.touch_timeout_ms = 30000;
    key->settings.reset_window_ms = 10000;
    lk_misbehaviour_parse("none", &key->misbehaviour);
    *options = (struct lk_options){
        .identity = {0x1209, 0x4c4b, "Latchkey", "Software key"},
    };
}

/* `--touch auto`, `--touch "delay 500"`, `--pin VALUE`: the same names as on the control channel.
 */
static bool lk_behaviour_apply(struct lk_softkey *key, const struct lk_given *given)
{
    char pin[128];

    if (given->pin != NULL) {
        snprintf(pin, sizeof(pin), "set %s", given->pin);
        if (!lk_control_set(key, "pin", pin))
            return false;
    }
    return (given->touch == NULL || lk_control_set(key, "touch", given->touch)) &&
           (given->uv == NULL || lk_control_set(key, "uv", given->uv)) &&
           (given->slow == NULL || lk_control_set(key, "slow", given->slow)) &&
           (given->misbehave == NULL || lk_control_set(key, "misbehave", given->misbehave));
}

static bool lk_state_open(struct lk_softkey *key, const struct lk_given *given)
{
    uint8_t seed[32];
    int loaded;

    if (given->seed != NULL) {
        struct lk_part part = {given->seed, strlen(given->seed)};

        lk_digest_make(&part, 1, seed);
    } else {
        lk_crypto_require(RAND_bytes(seed, sizeof(seed)) == 1, "random numbers");
    }
    lk_state_init(&key->state, seed, given->state_path);
    if (given->state_path == NULL)
        return true;
    loaded = lk_state_load(&key->state);
    if (loaded < 0 || (loaded == 0 && !lk_state_save(&key->state))) {
        fprintf(stderr, "lk_softkey: %s: cannot be used as a state file\n", given->state_path);
        return false;
    }
    return true;
}

int lk_options_parse(int argc, char **argv, struct lk_softkey *key, struct lk_options *ret_options)
{
    struct lk_given given = {.state_path = NULL};
    int option;

    lk_defaults(key, ret_options);
    while ((option = getopt_long(argc, argv, "+", lk_option_table, NULL)) != -1) {
        if (option == '?' ||
            !(lk_option_behaviour(option, &given) || lk_option_settings(option, &key->settings) ||
              lk_option_front(option, ret_options))) {
            fprintf(stderr, "lk_softkey: bad option or value; see tests/softkey/README.md\n");
            return 2;
        }
    }
    ret_options->rest = optind;
    if (!lk_state_open(key, &given))
        return 1;
    key->now_ms = lk_now_ms();
    lk_softkey_power_on(key);
    if (!lk_behaviour_apply(key, &given)) {
        fprintf(stderr, "lk_softkey: bad value; see tests/softkey/README.md\n");
        return 2;
    }
    return 0;
}
