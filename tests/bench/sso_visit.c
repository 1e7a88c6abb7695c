/* SPDX-License-Identifier: EUPL-1.2 */
/* One login as a browser with a key and its homeserver make it: which requests, what is kept of the answers. Page and redirect are read as strictly as a browser and a
 * homeserver would: another state, another issuer or a missing cookie is a failed login. */
#include <stdio.h>
#include <string.h>

#include "sso_bench.h"

static const uint8_t zero_aaguid[16];

const char *visit_step_name(enum visit_step step)
{
    static const char *const names[] = {"authorize", "key", "password", "token", "over", "failed"};

    return names[step];
}

void visit_begin(struct visit *visit, struct population *population, uint32_t credential,
                 uint64_t number)
{
    uint8_t seed[32] = {0x5a};

    *visit = (struct visit){.population = population, .credential = credential, .number = number};
    memcpy(seed + 8, &number, sizeof(number));
    NEED(lk_base64url_encode(visit->verifier, sizeof(visit->verifier), seed, sizeof(seed)) == 0);
}

/* ---- requests ---- */

static void put_pair(struct lk_buf *out, const char *name, const char *value)
{
    if (out->len > 0)
        lk_buf_put_u8(out, '&');
    http_put_text(out, name);
    lk_buf_put_u8(out, '=');
    http_put_encoded(out, value);
}

static void put_bytes(struct lk_buf *out, const char *name, const void *data, size_t len)
{
    char text[LK_BASE64URL_LENGTH(1024) + 1];

    NEED(lk_base64url_encode(text, sizeof(text), data, len) == 0);
    put_pair(out, name, text);
}

/* The lines that nginx and a browser send. */
static void put_head(struct lk_buf *out, const char *request)
{
    http_put_text(out, request);
    http_put_text(out, " HTTP/1.1\r\nHost: " HOUSE_GATEWAY
                       "\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n");
}

static void put_body(struct lk_buf *out, struct lk_buf *body)
{
    char head[128];
    int len = snprintf(head, sizeof(head),
                       "Content-Type: " SSO_FORM "\r\nContent-Length: %zu\r\n\r\n", body->len);

    NEED(len > 0 && len < (int)sizeof(head));
    http_put_text(out, head);
    lk_buf_put_view(out, lk_buf_view(body));
    NEED(lk_buf_error(body) == 0 && lk_buf_error(out) == 0);
    lk_buf_clear(body);
}

static void put_browser(const struct visit *visit, struct lk_buf *out)
{
    http_put_text(out, "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 "
                       "Firefox/140.0\r\nAccept: text/html,application/xhtml+xml,*/*;q=0.8\r\n"
                       "Accept-Language: fr,en;q=0.7\r\n");
    if (visit->cookie[0] == '\0')
        return;
    http_put_text(out, "Cookie: " SSO_COOKIE "=");
    http_put_text(out, visit->cookie);
    http_put_text(out, "\r\nOrigin: " SSO_ISSUER "\r\nSec-Fetch-Site: same-origin\r\n"
                       "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n");
}

static void ask_authorize(const struct visit *visit, struct lk_buf *out)
{
    struct lk_buf query = LK_BUF_INIT(2048);
    char text[64];
    uint8_t digest[32];

    put_pair(&query, "response_type", "code");
    put_pair(&query, "client_id", SSO_CLIENT);
    put_pair(&query, "redirect_uri", SSO_REDIRECT);
    put_pair(&query, "scope", "openid profile");
    (void)snprintf(text, sizeof(text), "state-%llu", (unsigned long long)visit->number);
    put_pair(&query, "state", text);
    (void)snprintf(text, sizeof(text), "nonce-%llu", (unsigned long long)visit->number);
    put_pair(&query, "nonce", text);
    put_pair(&query, "code_challenge_method", "S256");
    test_sha256(visit->verifier, strlen(visit->verifier), digest);
    put_bytes(&query, "code_challenge", digest, sizeof(digest));
    NEED(lk_buf_error(&query) == 0);
    lk_buf_put_u8(&query, 0);
    http_put_text(out, "GET " LK_SSO_PATH_AUTHORIZE "?");
    put_head(out, (const char *)query.data);
    put_browser(visit, out);
    http_put_text(out, "\r\n");
    lk_buf_clear(&query);
}

/* What navigator.credentials.get brings (WebAuthn L3 section 5.1.4): client data as a browser writes it, and the key's signature. */
static void ask_key(struct visit *visit, struct lk_buf *out)
{
    struct population *population = visit->population;
    struct lk_buf body = LK_BUF_INIT(16384);
    struct lk_buf data = LK_BUF_INIT(LK_AUTHENTICATOR_DATA_MAX);
    struct lk_buf signature = LK_BUF_INIT(LK_SIGNATURE_MAX);
    struct lk_credential_id id;
    struct lk_subject subject;
    struct lk_view parts[2];
    uint8_t hash[32];
    char json[512];
    int len = snprintf(json, sizeof(json),
                       "{\"type\":\"webauthn.get\",\"challenge\":\"%s\",\"origin\":\"" SSO_ISSUER
                       "\",\"crossOrigin\":false}",
                       visit->challenge);

    NEED(len > 0 && len < (int)sizeof(json));
    test_sha256(json, (size_t)len, hash);
    test_authenticator_data(&data, HOUSE_GATEWAY, LK_FLAG_UP | LK_FLAG_UV,
                            ++population->counters[visit->credential], zero_aaguid,
                            LK_VIEW(NULL, 0), NULL);
    parts[0] = lk_buf_view(&data);
    parts[1] = LK_VIEW(hash, sizeof(hash));
    test_sign(&population->keys[visit->credential % POPULATION_KEYS], parts, 2, &signature);
    population_credential_id(visit->credential, &id);
    population_subject(visit->credential, &subject);
    put_pair(&body, "request", visit->sealed);
    put_bytes(&body, "id", id.bytes, id.len);
    put_bytes(&body, "authenticator_data", data.data, data.len);
    put_bytes(&body, "signature", signature.data, signature.len);
    put_bytes(&body, "user_handle", subject.bytes, sizeof(subject.bytes));
    put_bytes(&body, "client_data", json, (size_t)len);
    put_head(out, "POST " SSO_PATH_KEY);
    put_browser(visit, out);
    put_body(out, &body);
    lk_buf_clear(&data);
    lk_buf_clear(&signature);
}

static void ask_password(const struct visit *visit, struct lk_buf *out)
{
    struct lk_buf body = LK_BUF_INIT(16384);

    put_pair(&body, "request", visit->sealed);
    put_pair(&body, "password", SSO_PASSWORD);
    put_head(out, "POST " SSO_PATH_PASSWORD);
    put_browser(visit, out);
    put_body(out, &body);
}

/* As Synapse does it: client_secret_basic (RFC 6749 section 2.3.1). */
static void ask_token(const struct visit *visit, struct lk_buf *out)
{
    struct lk_buf body = LK_BUF_INIT(4096);
    char basic[128];
    static const char both[] = SSO_CLIENT ":" SSO_SECRET;

    NEED(EVP_EncodeBlock((unsigned char *)basic, (const unsigned char *)both, sizeof(both) - 1) <
         (int)sizeof(basic));
    put_pair(&body, "grant_type", "authorization_code");
    put_pair(&body, "code", visit->code);
    put_pair(&body, "redirect_uri", SSO_REDIRECT);
    put_pair(&body, "code_verifier", visit->verifier);
    put_head(out, "POST " LK_SSO_PATH_TOKEN);
    http_put_text(out, "User-Agent: Synapse/1.130.0\r\nAccept: application/json\r\n"
                       "Authorization: Basic ");
    http_put_text(out, basic);
    http_put_text(out, "\r\n");
    put_body(out, &body);
}

void visit_ask(struct visit *visit, enum visit_step step, struct lk_buf *out)
{
    if (step == VISIT_AUTHORIZE)
        ask_authorize(visit, out);
    else if (step == VISIT_KEY)
        ask_key(visit, out);
    else if (step == VISIT_PASSWORD)
        ask_password(visit, out);
    else
        ask_token(visit, out);
    NEED(lk_buf_error(out) == 0);
}

/* ---- answers ---- */

struct lk_view page_value(struct lk_view page, const char *marker, const char *attribute)
{
    const uint8_t *end = page.data + page.len;
    const uint8_t *at = page.len > 0 ? memmem(page.data, page.len, marker, strlen(marker)) : NULL;
    const uint8_t *tag;
    const uint8_t *tag_end;
    char wanted[64];

    if (at == NULL)
        return LK_VIEW(NULL, 0);
    tag = memrchr(page.data, '<', (size_t)(at - page.data));
    tag_end = memchr(at, '>', (size_t)(end - at));
    (void)snprintf(wanted, sizeof(wanted), " %s=\"", attribute);
    at = tag != NULL && tag_end != NULL
             ? memmem(tag, (size_t)(tag_end - tag), wanted, strlen(wanted))
             : NULL;
    if (at == NULL)
        return LK_VIEW(NULL, 0);
    at += strlen(wanted);
    end = memchr(at, '"', (size_t)(tag_end - at));
    return end != NULL ? LK_VIEW(at, (size_t)(end - at)) : LK_VIEW(NULL, 0);
}

static bool copy(struct lk_view value, char *ret_text, size_t size)
{
    if (value.len == 0 || value.len >= size)
        return false;
    memcpy(ret_text, value.data, value.len);
    ret_text[value.len] = '\0';
    return true;
}

/* "__Host-latchkey=VALUE; Path=/; ...": what a browser keeps. Without one the old value stays. */
static bool take_cookie(struct visit *visit, struct lk_view header)
{
    static const char name[] = SSO_COOKIE "=";
    const uint8_t *end;

    if (header.len == 0)
        return visit->cookie[0] != '\0';
    if (header.len <= sizeof(name) - 1 || memcmp(header.data, name, sizeof(name) - 1) != 0)
        return false;
    header.data += sizeof(name) - 1;
    header.len -= sizeof(name) - 1;
    end = memchr(header.data, ';', header.len);
    if (end != NULL)
        header.len = (size_t)(end - header.data);
    return copy(header, visit->cookie, sizeof(visit->cookie));
}

/* One parameter of the redirect, decoded. */
static bool parameter(struct lk_view query, const char *name, char *ret_text, size_t size)
{
    while (query.len > 0) {
        const uint8_t *next = memchr(query.data, '&', query.len);
        size_t len = next != NULL ? (size_t)(next - query.data) : query.len;

        if (len > strlen(name) && memcmp(query.data, name, strlen(name)) == 0 &&
            query.data[strlen(name)] == '=')
            return http_decode(LK_VIEW(query.data + strlen(name) + 1, len - strlen(name) - 1),
                               ret_text, size);
        query.data += len;
        query.len -= len;
        if (query.len > 0) {
            query.data++;
            query.len--;
        }
    }
    return false;
}

/* RFC 6749 section 4.1.2 and RFC 9207 section 2: what a homeserver would check before it takes the code. */
static enum visit_step take_redirect(struct visit *visit, struct lk_view location)
{
    static const char begin[] = SSO_REDIRECT "?";
    char state[64];
    char issuer[128];
    char expected[64];
    struct lk_view query = location;

    if (location.len <= sizeof(begin) - 1 || memcmp(location.data, begin, sizeof(begin) - 1) != 0)
        return VISIT_FAILED;
    query.data += sizeof(begin) - 1;
    query.len -= sizeof(begin) - 1;
    (void)snprintf(expected, sizeof(expected), "state-%llu", (unsigned long long)visit->number);
    if (!parameter(query, "state", state, sizeof(state)) || strcmp(state, expected) != 0 ||
        !parameter(query, "iss", issuer, sizeof(issuer)) || strcmp(issuer, SSO_ISSUER) != 0 ||
        !parameter(query, "code", visit->code, sizeof(visit->code)))
        return VISIT_FAILED;
    return VISIT_TOKEN;
}

enum visit_step visit_take(struct visit *visit, enum visit_step step,
                           const struct http_response *response)
{
    switch (step) {
    case VISIT_AUTHORIZE:
        if (response->status != 200 || !take_cookie(visit, response->cookie) ||
            !copy(page_value(response->body, "name=\"request\"", "value"), visit->sealed,
                  sizeof(visit->sealed)) ||
            !copy(page_value(response->body, " data-challenge=", "data-challenge"),
                  visit->challenge, sizeof(visit->challenge)))
            return VISIT_FAILED;
        return VISIT_KEY;
    case VISIT_KEY:
    case VISIT_PASSWORD:
        if (response->status == 303)
            return take_redirect(visit, response->location);
        if (step == VISIT_KEY && response->status == 200 &&
            page_value(response->body, "name=\"password\"", "type").len > 0 &&
            copy(page_value(response->body, "name=\"request\"", "value"), visit->sealed,
                 sizeof(visit->sealed)))
            return VISIT_PASSWORD;
        return VISIT_FAILED;
    case VISIT_TOKEN:
        return response->status == 200 && response->body.len > 0 ? VISIT_OVER : VISIT_FAILED;
    default:
        return VISIT_FAILED;
    }
}
