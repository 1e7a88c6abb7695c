/* SPDX-License-Identifier: EUPL-1.2 */
/* What the network gets: pages for people, JSON for programs, redirects. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64url.h"
#include "model/reason.h"
#include "sso/web/web.h"

enum { PAGE_USUAL = 12288 };

#define HTML "text/html; charset=utf-8"
#define JSON "application/json"

/* Without memory there is no answer: the connection ends. */
static void answer(struct lk_call *call, unsigned int status, struct MHD_Response *response,
                   int error)
{
    if (call->response != NULL)
        MHD_destroy_response(call->response);
    if (response != NULL && error != 0) {
        MHD_destroy_response(response);
        response = NULL;
    }
    call->response = response;
    call->status = status;
}

/* Takes the buffer over. */
static struct MHD_Response *from_buffer(struct lk_buf *body)
{
    size_t len = 0;
    int error = lk_buf_error(body);
    void *bytes = lk_buf_take(body, &len);
    struct MHD_Response *response = NULL;

    lk_buf_clear(body);
    if (error == 0 && (bytes != NULL || len == 0))
        response = MHD_create_response_from_buffer(len, bytes, MHD_RESPMEM_MUST_FREE);
    if (response == NULL)
        free(bytes);
    return response;
}

static void answer_body(struct lk_call *call, unsigned int status, struct lk_buf *body,
                        const char *type, enum lk_header_set set)
{
    struct MHD_Response *response = from_buffer(body);
    int error = response != NULL ? lk_headers_put(response, set) : 0;

    if (response != NULL && error == 0)
        error = lk_header_put(response, "Content-Type", type);
    if (response != NULL && error == 0 && set != LK_HEADERS_DATA)
        error = lk_header_put(response, "Content-Language", lk_language_code(call->language));
    if (response != NULL && error == 0 && status == MHD_HTTP_SERVICE_UNAVAILABLE)
        error = lk_header_put(response, "Retry-After", "10");
    if (response != NULL && error == 0 && status == MHD_HTTP_METHOD_NOT_ALLOWED &&
        call->route != NULL)
        error = lk_header_put(response, "Allow",
                              !call->route->post  ? "GET, HEAD"
                              : !call->route->get ? "POST"
                                                  : "GET, HEAD, POST");
    answer(call, status, response, error);
}

/* ---- pages ---- */

static int put_cookie(struct MHD_Response *response, struct lk_view cookie)
{
    char text[LK_BASE64URL_LENGTH(LK_SSO_COOKIE_SIZE) + 1];
    char header[160];
    int error;

    if (cookie.len != LK_SSO_COOKIE_SIZE)
        return 0;
    error = lk_base64url_encode(text, sizeof(text), cookie.data, cookie.len);
    (void)snprintf(header, sizeof(header),
                   "__Host-latchkey=%s; Path=/; Secure; HttpOnly; SameSite=Lax", text);
    return error != 0 ? error : lk_header_put(response, "Set-Cookie", header);
}

/* The issuer made the address out of what is registered; a control character would be its fault, and must not become a header of ours. */
static int put_location(struct MHD_Response *response, struct lk_view location)
{
    char text[LK_SSO_LOCATION_MAX + 1];

    for (size_t i = 0; i < location.len; i++) {
        if (location.data[i] <= ' ' || location.data[i] >= 0x7f)
            return -LK_ERR_ENCODING;
    }
    if (location.len == 0 || location.len > LK_SSO_LOCATION_MAX)
        return -LK_ERR_RANGE;
    memcpy(text, location.data, location.len);
    text[location.len] = '\0';
    return lk_header_put(response, "Location", text);
}

static void answer_redirect(struct lk_call *call, const struct lk_sso_page *page)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    int error = response != NULL ? lk_headers_put(response, LK_HEADERS_FORM) : 0;

    if (response != NULL && error == 0)
        error = put_location(response, page->location);
    if (response != NULL && error == 0)
        error = put_cookie(response, page->cookie);
    answer(call, MHD_HTTP_SEE_OTHER, response, error);
}

static unsigned int page_status(const struct lk_sso_page *page)
{
    enum lk_reason_class class = lk_reason_class((enum lk_reason)page->reason);

    if (page->kind == LK_SSO_PAGE_ERROR)
        return MHD_HTTP_BAD_REQUEST;
    if (page->kind != LK_SSO_PAGE_REFUSED || page->reason == LK_REASON_NONE)
        return MHD_HTTP_OK;
    if (class == LK_REASON_CLASS_UNAVAILABLE || class == LK_REASON_CLASS_CONFIG)
        return MHD_HTTP_SERVICE_UNAVAILABLE;
    return MHD_HTTP_FORBIDDEN;
}

void lk_answer_page(struct lk_call *call, const struct lk_sso_page *page)
{
    struct lk_buf body = LK_BUF_INIT(LK_PAGE_MAX);

    if (page->kind == LK_SSO_PAGE_REDIRECT) {
        answer_redirect(call, page);
        return;
    }
    /* In one piece: a page that grows is moved eight times. */
    if (lk_buf_reserve(&body, PAGE_USUAL) != NULL)
        body.len = 0;
    lk_page_write(&body, &call->web->look, call->language, page);
    answer_body(call, page_status(page), &body, HTML,
                lk_page_has_form(page) ? LK_HEADERS_FORM : LK_HEADERS_PAGE);
    if (call->response != NULL && put_cookie(call->response, page->cookie) != 0)
        answer(call, 0, NULL, 0);
}

void lk_answer_note(struct lk_call *call, unsigned int status, enum lk_note note)
{
    struct lk_buf body = LK_BUF_INIT(LK_PAGE_MAX);

    lk_page_note(&body, &call->web->look, call->language, note);
    answer_body(call, status, &body, HTML, LK_HEADERS_PAGE);
}

/* ---- for programs ---- */

void lk_answer_reply(struct lk_call *call, const struct lk_sso_reply *reply)
{
    struct lk_buf body = LK_BUF_INIT(LK_SSO_BODY_MAX);

    if (call->route->local) {
        lk_buf_put_view(&body, reply->body);
        lk_answer_text(call, reply->status, &body);
        return;
    }
    lk_buf_put_view(&body, reply->body);
    answer_body(call, reply->status, &body, JSON, LK_HEADERS_DATA);
    if (call->response != NULL && reply->authenticate[0] != '\0' &&
        lk_header_put(call->response, "WWW-Authenticate", reply->authenticate) != 0)
        answer(call, 0, NULL, 0);
}

void lk_answer_error(struct lk_call *call, unsigned int status, const char *code)
{
    struct lk_buf body = LK_BUF_INIT(256);
    char text[128];

    (void)snprintf(text, sizeof(text), "{\"error\":\"%s\"}", code);
    lk_buf_put_bytes(&body, text, strlen(text));
    answer_body(call, status, &body, JSON, LK_HEADERS_DATA);
}

/* Prometheus exposition format 0.0.4: the issuer's part, then ours. */
void lk_answer_text(struct lk_call *call, unsigned int status, struct lk_buf *text)
{
    text->max = 2 * LK_SSO_BODY_MAX;
    if (call->route->handle == lk_local_metrics)
        lk_local_counters(call->web, text);
    answer_body(call, status, text, "text/plain; version=0.0.4; charset=utf-8", LK_HEADERS_DATA);
}

void lk_answer_away(struct lk_call *call)
{
    struct lk_buf text = LK_BUF_INIT(LK_SSO_BODY_MAX);

    if (call->route->local)
        lk_answer_text(call, MHD_HTTP_OK, &text);
    else if (call->route->program)
        lk_answer_error(call, MHD_HTTP_SERVICE_UNAVAILABLE, "temporarily_unavailable");
    else
        lk_answer_note(call, MHD_HTTP_SERVICE_UNAVAILABLE, LK_NOTE_AWAY);
}
