/* SPDX-License-Identifier: EUPL-1.2 */
/* The means of sso_http.h. */
#include "sso_http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { READ_SIZE = 65536 };

/* ---- answers ---- */

struct head {
    size_t size; /* with the empty line */
    bool has_length;
    size_t length;
    bool chunked;
};

static struct lk_view trimmed(const uint8_t *from, const uint8_t *to)
{
    while (from < to && (*from == ' ' || *from == '\t'))
        from++;
    while (to > from && (to[-1] == ' ' || to[-1] == '\t'))
        to--;
    return LK_VIEW(from, (size_t)(to - from));
}

static bool is(struct lk_view text, const char *word)
{
    return text.len == strlen(word) && strncasecmp((const char *)text.data, word, text.len) == 0;
}

static bool number(struct lk_view text, int base, size_t max, size_t *ret_number)
{
    size_t value = 0;

    if (text.len == 0 || text.len > 8)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : 16;

        if (digit >= base)
            return false;
        value = value * (size_t)base + (size_t)digit;
    }
    *ret_number = value;
    return value <= max;
}

static bool header(struct lk_view name, struct lk_view value, struct head *head,
                   struct http_response *response)
{
    if (is(name, "content-length")) {
        if (head->has_length)
            return false;
        head->has_length = true;
        return number(value, 10, HTTP_BODY_MAX, &head->length);
    }
    if (is(name, "transfer-encoding")) {
        head->chunked = true;
        return is(value, "chunked");
    }
    if (is(name, "connection"))
        response->keep_alive = !is(value, "close");
    else if (is(name, "location"))
        response->location = value;
    else if (is(name, "content-type"))
        response->content_type = value;
    else if (is(name, "set-cookie") && response->cookie.len == 0)
        response->cookie = value;
    return true;
}

/* One line without its CRLF; NULL if its end has not come. */
static const uint8_t *line_end(const uint8_t *from, const uint8_t *end)
{
    return from < end ? memmem(from, (size_t)(end - from), "\r\n", 2) : NULL;
}

static int parse_head(const uint8_t *bytes, size_t len, struct head *head,
                      struct http_response *response)
{
    const uint8_t *whole = memmem(bytes, len, "\r\n\r\n", 4);
    const uint8_t *line;
    size_t status;

    if (whole == NULL)
        return len > HTTP_HEAD_MAX ? -1 : 0;
    head->size = (size_t)(whole - bytes) + 4;
    if (head->size > HTTP_HEAD_MAX || head->size < 16 || memcmp(bytes, "HTTP/1.1 ", 9) != 0 ||
        !number(LK_VIEW(bytes + 9, 3), 10, 599, &status) || status < 200)
        return -1;
    response->status = (unsigned)status;
    response->keep_alive = true;
    for (line = line_end(bytes, whole + 2) + 2; line < whole + 2;) {
        const uint8_t *end = line_end(line, whole + 2);
        const uint8_t *colon = memchr(line, ':', (size_t)(end - line));

        if (colon == NULL ||
            !header(LK_VIEW(line, (size_t)(colon - line)), trimmed(colon + 1, end), head, response))
            return -1;
        line = end + 2;
    }
    return 1;
}

/* RFC 9112 section 7.1. Once to see whether all is there, then to join; trailers are not expected. */
static int chunks(uint8_t *bytes, size_t len, bool join, size_t *ret_used, size_t *ret_body)
{
    size_t at = 0;
    size_t body = 0;

    for (;;) {
        const uint8_t *end = line_end(bytes + at, bytes + len);
        size_t size;
        size_t begin;

        if (end == NULL)
            return len - at > 16 ? -1 : 0;
        if (!number(LK_VIEW(bytes + at, (size_t)(end - bytes) - at), 16, HTTP_BODY_MAX, &size))
            return -1;
        begin = (size_t)(end - bytes) + 2;
        if (len < begin + size + 2)
            return 0;
        if (memcmp(bytes + begin + size, "\r\n", 2) != 0 || body + size > HTTP_BODY_MAX)
            return -1;
        if (join)
            memmove(bytes + body, bytes + begin, size);
        body += size;
        at = begin + size + 2;
        if (size == 0)
            break;
    }
    *ret_used = at;
    *ret_body = body;
    return 1;
}

int http_parse(uint8_t *bytes, size_t len, struct http_response *ret_response)
{
    struct http_response response = {0};
    struct head head = {0};
    size_t used;
    size_t body;
    int got = parse_head(bytes, len, &head, &response);

    if (got != 1)
        return got;
    if (head.chunked && head.has_length)
        return -1;
    if (head.chunked) {
        got = chunks(bytes + head.size, len - head.size, false, &used, &body);
        if (got == 1)
            got = chunks(bytes + head.size, len - head.size, true, &used, &body);
        if (got != 1)
            return got;
    } else if (response.status == 204 || response.status == 304) {
        used = body = 0;
    } else if (!head.has_length) {
        return -1;
    } else {
        used = body = head.length;
        if (len - head.size < used)
            return 0;
    }
    response.body = LK_VIEW(bytes + head.size, body);
    response.size = head.size + used;
    *ret_response = response;
    return 1;
}

/* ---- connections ---- */

void http_init(struct http_connection *connection)
{
    *connection = (struct http_connection){.fd = -1};
    lk_buf_init(&connection->out, HTTP_REQUEST_MAX);
    lk_buf_init(&connection->in, HTTP_HEAD_MAX + HTTP_BODY_MAX + READ_SIZE);
}

static int connect_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
        return fd;
    strcpy(address.sun_path, path);
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    close(fd);
    return -1;
}

static int connect_loopback(const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;

    if (fd < 0)
        return fd;
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0 &&
        connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    close(fd);
    return -1;
}

bool http_connect(struct http_connection *connection, const char *address)
{
    const char *colon = strrchr(address, ':');

    connection->fd =
        address[0] == '/' || colon == NULL ? connect_unix(address) : connect_loopback(colon + 1);
    if (connection->fd < 0)
        return false;
    if (fcntl(connection->fd, F_SETFL, O_NONBLOCK) == 0)
        return true;
    http_close(connection);
    return false;
}

void http_close(struct http_connection *connection)
{
    if (connection->fd >= 0)
        close(connection->fd);
    connection->fd = -1;
    connection->sent = 0;
    lk_buf_reset(&connection->out);
    lk_buf_reset(&connection->in);
}

void http_free(struct http_connection *connection)
{
    http_close(connection);
    lk_buf_clear(&connection->out);
    lk_buf_clear(&connection->in);
}

static enum http_progress take(struct http_connection *connection,
                               struct http_response *ret_response)
{
    static uint8_t bytes[READ_SIZE];

    for (;;) {
        ssize_t got = recv(connection->fd, bytes, sizeof(bytes), 0);
        int whole;

        if (got < 0 && errno == EAGAIN)
            return HTTP_WANTS_READ;
        if (got <= 0)
            return HTTP_CLOSED;
        lk_buf_put_bytes(&connection->in, bytes, (size_t)got);
        if (lk_buf_error(&connection->in) != 0)
            return HTTP_BROKEN;
        whole = http_parse(connection->in.data, connection->in.len, ret_response);
        if (whole < 0 || (whole == 1 && ret_response->size != connection->in.len))
            return HTTP_BROKEN;
        if (whole == 1)
            return HTTP_ANSWERED;
    }
}

enum http_progress http_step(struct http_connection *connection, struct http_response *ret_response)
{
    while (connection->sent < connection->out.len) {
        ssize_t put = send(connection->fd, connection->out.data + connection->sent,
                           connection->out.len - connection->sent, MSG_NOSIGNAL);

        if (put < 0 && errno == EAGAIN)
            return HTTP_WANTS_WRITE;
        if (put < 0)
            return HTTP_CLOSED;
        connection->sent += (size_t)put;
    }
    return take(connection, ret_response);
}

void http_done(struct http_connection *connection, const struct http_response *response)
{
    if (!response->keep_alive) {
        http_close(connection);
        return;
    }
    lk_buf_reset(&connection->out);
    lk_buf_reset(&connection->in);
    connection->sent = 0;
}

/* ---- text ---- */

void http_put_text(struct lk_buf *buf, const char *text)
{
    lk_buf_put_bytes(buf, text, strlen(text));
}

void http_put_encoded(struct lk_buf *buf, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";

    for (; *text != '\0'; text++) {
        uint8_t c = (uint8_t)*text;

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            strchr("-._", c) != NULL) {
            lk_buf_put_u8(buf, c);
            continue;
        }
        lk_buf_put_u8(buf, '%');
        lk_buf_put_u8(buf, (uint8_t)digits[c >> 4]);
        lk_buf_put_u8(buf, (uint8_t)digits[c & 15]);
    }
}

bool http_decode(struct lk_view text, char *ret_text, size_t size)
{
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        size_t value = text.data[i];

        if (len + 1 >= size)
            return false;
        if (value == '%') {
            if (i + 2 >= text.len || !number(LK_VIEW(text.data + i + 1, 2), 16, 255, &value) ||
                value == 0)
                return false;
            i += 2;
        } else if (value == '+') {
            value = ' ';
        }
        ret_text[len++] = (char)value;
    }
    ret_text[len] = '\0';
    return true;
}
