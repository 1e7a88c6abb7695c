/* SPDX-License-Identifier: EUPL-1.2 */
/* The HTTP/1.1 that the benchmark of the gateway speaks (RFC 9112): one connection, kept alive, one request at a time on it, never blocking. Reads answers of a program
 * under test, so everything is bounded and what is not understood is an error. */
#ifndef LK_TESTS_BENCH_SSO_HTTP_H
#define LK_TESTS_BENCH_SSO_HTTP_H

#include <stdbool.h>

#include "base/buf.h"

enum { HTTP_HEAD_MAX = 32768, HTTP_BODY_MAX = 262144, HTTP_REQUEST_MAX = 65536 };

/* Views point into the connection's bytes, or into those given to http_parse. */
struct http_response {
    unsigned status;
    bool keep_alive;
    struct lk_view location;     /* empty = none */
    struct lk_view cookie;       /* first Set-Cookie, whole value; empty = none */
    struct lk_view content_type; /* empty = none */
    struct lk_view body;
    size_t size; /* bytes used up, head and body */
};

/* 1: a whole response. 0: more is needed. -1: not HTTP/1.1, or over a bound. A chunked body is joined in place, so the bytes may be changed, and only if the answer is
 * 1. Without a length and without chunks the body would end with the connection: -1, as no connection could be kept that way. */
int http_parse(uint8_t *bytes, size_t len, struct http_response *ret_response);

struct http_connection {
    int fd; /* -1 = closed */
    struct lk_buf out;
    struct lk_buf in;
    size_t sent;
};

void http_init(struct http_connection *connection);
/* address: path of a UNIX socket, or "127.0.0.1:port". Waits for the connection itself. False: refused; errno says why. */
bool http_connect(struct http_connection *connection, const char *address);
void http_close(struct http_connection *connection);
void http_free(struct http_connection *connection);

enum http_progress {
    HTTP_ANSWERED = 1, /* ret_response; http_done before the next request */
    HTTP_WANTS_READ,
    HTTP_WANTS_WRITE,
    HTTP_CLOSED, /* by the other end */
    HTTP_BROKEN  /* what came was no answer */
};
/* Sends what out holds, then reads. */
enum http_progress http_step(struct http_connection *connection,
                             struct http_response *ret_response);
/* Forgets request and answer; closes if the answer said so. */
void http_done(struct http_connection *connection, const struct http_response *response);

/* Appends text in the form application/x-www-form-urlencoded. */
void http_put_encoded(struct lk_buf *buf, const char *text);
void http_put_text(struct lk_buf *buf, const char *text);
/* Decodes %XX and + of one value into a string; false if it does not fit or is no such text. */
bool http_decode(struct lk_view text, char *ret_text, size_t size);

#endif
