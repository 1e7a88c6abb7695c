/* SPDX-License-Identifier: EUPL-1.2 */
/* What stands in the header of a request, and what in every answer.
 *
 * Hostile input: every header, also those that nginx sets, except the address that our own proxy gives on our own socket. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/base64url.h"
#include "sso/web/web.h"

#define COOKIE_NAME "__Host-latchkey"

/* form-action is left out where a form leads on to an application: browsers apply it to every redirect behind the form as well, and where that chain ends (a desktop
 * client's own scheme, say) only the homeserver knows. It would keep nothing out that the escaping function let in: no script runs here but our own. */
#define POLICY                                                                                     \
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "              \
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'"

static const struct {
    const char *name, *value;
} always[] = {
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Strict-Transport-Security", "max-age=63072000"},
    {"Permissions-Policy", "publickey-credentials-get=(self)"},
};

int lk_header_put(struct MHD_Response *response, const char *name, const char *value)
{
    return MHD_add_response_header(response, name, value) == MHD_YES ? 0 : -LK_ERR_NOMEM;
}

static const char *policy(enum lk_header_set set)
{
    switch (set) {
    case LK_HEADERS_FORM:
        return POLICY;
    case LK_HEADERS_PAGE:
        return POLICY "; form-action 'none'";
    case LK_HEADERS_PICTURE:
        return "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'";
    case LK_HEADERS_DATA:
    case LK_HEADERS_PUBLIC:
    default:
        return "default-src 'none'; frame-ancestors 'none'";
    }
}

int lk_headers_put(struct MHD_Response *response, enum lk_header_set set)
{
    bool open = set == LK_HEADERS_PUBLIC || set == LK_HEADERS_PICTURE;
    int error = lk_header_put(response, "Content-Security-Policy", policy(set));

    for (size_t i = 0; error == 0 && i < sizeof(always) / sizeof(always[0]); i++)
        error = lk_header_put(response, always[i].name, always[i].value);
    if (error == 0 && !open)
        error = lk_header_put(response, "Cache-Control", "no-store");
    /* RFC 6749 section 5.1 wants it of tokens, for caches of HTTP 1.0. */
    if (error == 0 && set == LK_HEADERS_DATA)
        error = lk_header_put(response, "Pragma", "no-cache");
    /* Not in the midst of a login: a client that confirms an act opens the homeserver in a window of its own, and waits for word from it after it came back from here.
     * The policy would cut the two apart for good. */
    if (error == 0 && set != LK_HEADERS_FORM)
        error = lk_header_put(response, "Cross-Origin-Opener-Policy", "same-origin");
    if (error == 0)
        error = lk_header_put(response, "Cross-Origin-Resource-Policy", "same-origin");
    if (error == 0 && (set == LK_HEADERS_FORM || set == LK_HEADERS_PAGE))
        error = lk_header_put(response, "Vary", "Accept-Language");
    return error;
}

struct lookup {
    const char *name;
    const char *value;
    unsigned int count;
};

static enum MHD_Result lookup_one(void *context, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    struct lookup *lookup = context;

    (void)kind;
    if (strcasecmp(name, lookup->name) == 0) {
        lookup->value = value;
        lookup->count++;
    }
    return MHD_YES;
}

const char *lk_header_get(const struct lk_call *call, const char *name, bool *ret_twice)
{
    struct lookup lookup = {.name = name};

    (void)MHD_get_connection_values(call->connection, MHD_HEADER_KIND, lookup_one, &lookup);
    *ret_twice = lookup.count > 1;
    return lookup.count == 1 ? lookup.value : NULL;
}

/* RFC 6265 section 4.2.1. A name that came twice was set by somebody else too: then there is none. */
size_t lk_header_cookie(const struct lk_call *call, uint8_t ret_cookie[LK_SSO_COOKIE_SIZE])
{
    static const char name[] = COOKIE_NAME "=";
    struct lk_buf bytes = LK_BUF_INIT(LK_SSO_COOKIE_SIZE);
    bool twice;
    const char *header = lk_header_get(call, "Cookie", &twice);
    const char *found = NULL;
    size_t len = 0;

    for (const char *at = header; at != NULL; at = strchr(at, ';')) {
        at += strspn(at, "; ");
        if (strncmp(at, name, sizeof(name) - 1) != 0)
            continue;
        if (found != NULL)
            return 0;
        found = at + sizeof(name) - 1;
    }
    if (found == NULL || lk_base64url_decode(&bytes, found, strcspn(found, "; ")) != 0)
        return 0;
    if (bytes.len == LK_SSO_COOKIE_SIZE) {
        memcpy(ret_cookie, bytes.data, bytes.len);
        len = bytes.len;
    }
    lk_buf_clear(&bytes);
    return len;
}

/* The weight of a range in thousandths, 1000 where none stands (RFC 9110 section 12.4.2). */
static long weight(const char *range, size_t len)
{
    const char *q = memmem(range, len, "q=", 2);
    long value = 0;
    long unit = 1000;

    if (q == NULL)
        return 1000;
    for (const char *at = q + 2; at < range + len && unit > 0; at++) {
        if (*at == '.')
            continue;
        if (*at < '0' || *at > '9')
            break;
        value += (*at - '0') * unit;
        unit /= 10;
    }
    return value;
}

enum lk_language lk_header_language(const struct lk_call *call)
{
    bool twice;
    const char *header = lk_header_get(call, "Accept-Language", &twice);
    enum lk_language language = LK_LANGUAGE_EN;
    long best = 0;

    for (const char *at = header; at != NULL && *at != '\0';) {
        size_t blank = strspn(at, " \t,");
        size_t len = strcspn(at + blank, ",");
        bool french = strncasecmp(at + blank, "fr", 2) == 0;
        bool english = strncasecmp(at + blank, "en", 2) == 0;

        at += blank;
        if ((french || english) && strchr("-;, ", at[2]) != NULL && weight(at, len) > best) {
            best = weight(at, len);
            language = french ? LK_LANGUAGE_FR : LK_LANGUAGE_EN;
        }
        at += len;
    }
    return language;
}

static void remote_peer(const struct lk_call *call, char ret_remote[65])
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(call->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *address = info != NULL ? info->client_addr : NULL;
    const void *bytes = NULL;

    if (address != NULL && address->sa_family == AF_INET)
        bytes = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    else if (address != NULL && address->sa_family == AF_INET6)
        bytes = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    if (bytes == NULL || inet_ntop(address->sa_family, bytes, ret_remote, 65) == NULL)
        ret_remote[0] = '\0';
}

/* Only our proxy reaches the UNIX socket; it sets the header, and what stands last is what it saw itself. */
void lk_header_remote(const struct lk_call *call, char ret_remote[65])
{
    struct in6_addr address;
    bool twice;
    const char *header;
    const char *last;
    size_t len;

    if (!call->web->unix_socket) {
        remote_peer(call, ret_remote);
        return;
    }
    ret_remote[0] = '\0';
    header = lk_header_get(call, "X-Forwarded-For", &twice);
    if (header == NULL)
        return;
    last = strrchr(header, ',');
    last = last != NULL ? last + 1 : header;
    last += strspn(last, " \t");
    len = strcspn(last, " \t");
    if (len >= 65)
        return;
    memcpy(ret_remote, last, len);
    ret_remote[len] = '\0';
    if (inet_pton(AF_INET, ret_remote, &address) != 1 &&
        inet_pton(AF_INET6, ret_remote, &address) != 1)
        ret_remote[0] = '\0';
}

/* RFC 9110 section 13.1.2: a list of tags, or *; ours hold no comma. */
bool lk_header_matches(const struct lk_call *call, const char *etag)
{
    bool twice;
    const char *header = lk_header_get(call, "If-None-Match", &twice);
    size_t size = strlen(etag);

    if (header == NULL || size == 0)
        return false;
    for (const char *at = header; *at != '\0'; at += strcspn(at, ",")) {
        at += strspn(at, " \t,");
        if (strncmp(at, "W/", 2) == 0)
            at += 2;
        if (*at == '*' || (strncmp(at, etag, size) == 0 && strchr(" \t,", at[size]) != NULL))
            return true;
    }
    return false;
}
