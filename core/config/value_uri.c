/* SPDX-License-Identifier: EUPL-1.2 */
/* Names of hosts, addresses, URIs and colours: what a browser or an application will see, so nothing is taken that two programs could read in two ways. */
#include <arpa/inet.h>
#include <string.h>

#include "base/text.h"
#include "config/options.h"

#define LK_HOST_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789.-"
/* RFC 3986 section 2, without those that end a host ('[', ']'), mean something to a proxy (a backslash never stands here), or stand for another ('%' is checked apart). */
#define LK_PATH_CHARACTERS                                                                         \
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@/?%"

/* RFC 1123 section 2.1, lower case, no dot at the end: browsers compare the relying party byte for byte. */
bool lk_value_host_valid(const char *value)
{
    const char *label = value;

    if (value[0] == '\0')
        return true;
    if (strlen(value) > 253 || strspn(value, LK_HOST_CHARACTERS) != strlen(value))
        return false;
    for (;;) {
        size_t len = strcspn(label, ".");

        if (len == 0 || len > 63 || label[0] == '-' || label[len - 1] == '-')
            return false;
        if (label[len] == '\0')
            break;
        label += len + 1;
    }
    /* All digits at the end would be an address, which cannot be a relying party (WebAuthn L3 section 5.1.3). */
    return strspn(label, "0123456789") != strlen(label);
}

static bool lk_port_valid(const char *text)
{
    uint64_t port;

    return text[0] != '0' && lk_number_parse(text, 1, 65535, &port) == 0;
}

/* A host name and, behind a colon, a port; the text ends there. */
static bool lk_authority_valid(const char *text, size_t len, bool port_needed)
{
    char host[LK_CONFIG_TEXT_MAX + 1];
    char *colon;

    if (len == 0 || len >= sizeof host)
        return false;
    memcpy(host, text, len);
    host[len] = '\0';
    colon = strchr(host, ':');
    if (colon != NULL)
        *colon = '\0';
    if (colon == NULL ? port_needed : !lk_port_valid(colon + 1))
        return false;
    return host[0] != '\0' && lk_value_host_valid(host);
}

/* Each '%' begins two hexadecimal digits. */
static bool lk_percent_valid(const char *text)
{
    for (text = strchr(text, '%'); text != NULL; text = strchr(text + 3, '%'))
        if (strspn(text + 1, "0123456789ABCDEFabcdef") < 2)
            return false;
    return true;
}

/* https, a host name, a path; no user, no fragment, no wildcard, no dot segments: it is compared byte for byte (RFC 9700 section 2.1). */
bool lk_value_uri_valid(const char *value)
{
    const char *authority = value + strlen("https://");
    const char *path;

    if (strncmp(value, "https://", strlen("https://")) != 0 || strlen(value) > LK_CONFIG_TEXT_MAX)
        return false;
    path = authority + strcspn(authority, "/");
    return lk_authority_valid(authority, (size_t)(path - authority), false) && *path == '/' &&
           strspn(path, LK_PATH_CHARACTERS) == strlen(path) && strchr(path, '*') == NULL &&
           lk_percent_valid(path) && strstr(path, "/../") == NULL && strstr(path, "/./") == NULL;
}

bool lk_value_address_valid(const char *value)
{
    char address[INET_ADDRSTRLEN];
    struct in_addr parsed;
    size_t len = strcspn(value, ":");

    if (value[0] == '\0' || lk_authority_valid(value, strlen(value), true))
        return true;
    if (len >= sizeof address || value[len] == '\0')
        return false;
    memcpy(address, value, len);
    address[len] = '\0';
    return inet_pton(AF_INET, address, &parsed) == 1 && lk_port_valid(value + len + 1);
}

bool lk_value_loopback_valid(const char *value)
{
    static const char *const addresses[] = {"127.0.0.1:", "[::1]:"};

    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++)
        if (strncmp(value, addresses[i], strlen(addresses[i])) == 0)
            return lk_port_valid(value + strlen(addresses[i]));
    return false;
}

/* One channel of sRGB, made linear (WCAG 2.1, relative luminance). pow() for the exponent 2.4 would bring libm in: x^2.4 = x^2 * x^0.4, and the fifth root of x^2 is
 * found by Newton's method. */
static double lk_channel_linear(unsigned int value)
{
    double c = value / 255.0;
    double x = (c + 0.055) / 1.055;
    double root = 1;

    if (c <= 0.03928)
        return c / 12.92;
    for (int i = 0; i < 40; i++)
        root -= (root * root * root * root * root - x * x) / (5 * root * root * root * root);
    return x * x * root;
}

bool lk_value_colour_valid(const char *value)
{
    uint8_t rgb[3];
    double luminance;

    if (strlen(value) != 6 || strspn(value, "0123456789abcdef") != 6 ||
        lk_unhex(rgb, sizeof rgb, value) != 0)
        return false;
    luminance = 0.2126 * lk_channel_linear(rgb[0]) + 0.7152 * lk_channel_linear(rgb[1]) +
                0.0722 * lk_channel_linear(rgb[2]);
    return 1.05 / (luminance + 0.05) >= 4.5;
}
