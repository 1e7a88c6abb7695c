/* SPDX-License-Identifier: EUPL-1.2 */
/* What is served from memory: discovery and keys as the issuer sent them last, also while it is away; style, script and logo. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "sso/web/web.h"
#include "json/json.h"

/* Discovery and keys may be asked for as often as an application likes; a rotated key is published days before it signs. */
#define FRESH_DOCUMENT "public, max-age=300"
/* Their address changes with their content. */
#define FRESH_ASSET "public, max-age=31536000, immutable"

static void document_clear(struct lk_document *document)
{
    if (document->whole != NULL)
        MHD_destroy_response(document->whole);
    if (document->unchanged != NULL)
        MHD_destroy_response(document->unchanged);
    *document = (struct lk_document){0};
}

static int put_headers(struct MHD_Response *response, enum lk_header_set set, const char *type,
                       const char *fresh, const char *etag)
{
    int error = lk_headers_put(response, set);

    if (error == 0)
        error = lk_header_put(response, "Content-Type", type);
    if (error == 0)
        error = lk_header_put(response, "Cache-Control", fresh);
    return error != 0 ? error : lk_header_put(response, "ETag", etag);
}

/* The place keeps what it had if this fails. */
static int document_set(struct lk_web *web, enum lk_document_place place, struct lk_view body,
                        const char *etag, const char *type)
{
    bool asset = place >= LK_PLACE_STYLE;
    enum lk_header_set set = place == LK_PLACE_LOGO ? LK_HEADERS_PICTURE : LK_HEADERS_PUBLIC;
    const char *fresh = asset ? FRESH_ASSET : FRESH_DOCUMENT;
    struct lk_document document = {0};
    /* The library copies the bytes and changes none. */
    void *bytes = (void *)(uintptr_t)body.data;
    int error = lk_text_copy(document.etag, sizeof(document.etag), etag);

    if (error != 0)
        return error;
    document.whole = MHD_create_response_from_buffer(body.len, bytes, MHD_RESPMEM_MUST_COPY);
    document.unchanged = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (document.whole == NULL || document.unchanged == NULL)
        error = -LK_ERR_NOMEM;
    if (error == 0)
        error = put_headers(document.whole, set, type, fresh, etag);
    if (error == 0)
        error = put_headers(document.unchanged, set, type, fresh, etag);
    if (error != 0) {
        document_clear(&document);
        return error;
    }
    document_clear(&web->documents[place]);
    web->documents[place] = document;
    return 0;
}

/* FNV-1a: tells one version from the next; nobody gains by a collision of our own files. */
static void tag(struct lk_view body, char ret_tag[LK_LOOK_TAG_MAX + 1])
{
    uint64_t hash = 0xcbf29ce484222325;

    for (size_t i = 0; i < body.len; i++)
        hash = (hash ^ body.data[i]) * 0x100000001b3;
    (void)snprintf(ret_tag, LK_LOOK_TAG_MAX + 1, "%016" PRIx64, hash);
}

static int asset_set(struct lk_web *web, enum lk_document_place place, struct lk_view body,
                     const char *type, char ret_tag[LK_LOOK_TAG_MAX + 1])
{
    char etag[LK_LOOK_TAG_MAX + 3];

    tag(body, ret_tag);
    (void)snprintf(etag, sizeof(etag), "\"%s\"", ret_tag);
    return document_set(web, place, body, etag, type);
}

static int style_set(struct lk_web *web)
{
    struct lk_buf style = LK_BUF_INIT(LK_PAGE_MAX);
    int error;

    lk_page_style(&style, &web->look);
    error = lk_buf_error(&style);
    if (error == 0)
        error = asset_set(web, LK_PLACE_STYLE, lk_buf_view(&style), "text/css; charset=utf-8",
                          web->look.style_tag);
    lk_buf_clear(&style);
    return error;
}

static int script_set(struct lk_web *web)
{
    struct lk_buf script = LK_BUF_INIT(LK_PAGE_MAX);
    int error;

    lk_page_script(&script);
    error = lk_buf_error(&script);
    if (error == 0)
        error = asset_set(web, LK_PLACE_SCRIPT, lk_buf_view(&script),
                          "text/javascript; charset=utf-8", web->look.script_tag);
    lk_buf_clear(&script);
    return error;
}

/* PNG by its first bytes, else SVG: what the file really is, the browser finds out under nosniff and without scripts. */
static int logo_set(struct lk_web *web)
{
    static const uint8_t png[] = {0x89, 'P', 'N', 'G'};
    const struct lk_file_rule rule = {.owner = geteuid(), .forbidden = 022};
    struct lk_buf logo = {0};
    int error;

    if (web->start.config.gateway_logo[0] == '\0')
        return 0;
    error = lk_file_read(web->start.config.gateway_logo, &rule, LK_WEB_LOGO_MAX, &logo);
    if (error == 0)
        error = asset_set(web, LK_PLACE_LOGO, lk_buf_view(&logo),
                          logo.len > sizeof(png) && memcmp(logo.data, png, sizeof(png)) == 0
                              ? "image/png"
                              : "image/svg+xml",
                          web->look.logo_tag);
    web->look.logo = error == 0;
    if (error != 0)
        (void)fprintf(stderr, "latchkey-sso-web: logo %s: %s\n", web->start.config.gateway_logo,
                      lk_error_text(error));
    lk_buf_clear(&logo);
    return error;
}

/* The first JSON object of a process takes random bytes from a file, which cannot be opened later. */
static int json_warm(void)
{
    struct lk_json *document = NULL;
    int error = lk_json_parse(LK_VIEW((const uint8_t *)"{}", 2), 2, &document);

    (void)lk_json_free(document);
    return error;
}

static int look_begin(struct lk_look *look, const struct lk_config *config)
{
    int error =
        lk_text_copy(look->title, sizeof(look->title),
                     config->gateway_title[0] != '\0' ? config->gateway_title : config->name);

    if (error == 0)
        error = lk_text_copy(look->colour, sizeof(look->colour), config->gateway_colour);
    if (error == 0)
        error = lk_text_copy(look->help, sizeof(look->help), config->gateway_help);
    if (error == 0)
        error =
            lk_text_copy(look->relying_party, sizeof(look->relying_party), config->gateway_host);
    if (config->gateway_port == 443)
        (void)snprintf(look->address, sizeof(look->address), "%s", look->relying_party);
    else
        (void)snprintf(look->address, sizeof(look->address), "%s:%u", look->relying_party,
                       config->gateway_port);
    look->password = config->gateway_password;
    return error;
}

int lk_documents_begin(struct lk_web *web)
{
    int error = look_begin(&web->look, &web->start.config);

    if (error == 0)
        error = json_warm();
    if (error == 0)
        error = logo_set(web);
    if (error == 0)
        error = style_set(web);
    return error != 0 ? error : script_set(web);
}

/* All of it or nothing. */
static int look_take(struct lk_web *web, struct lk_view body)
{
    struct lk_look look = web->look;
    struct lk_json *document = NULL;
    const char *title, *colour, *help;
    int error = lk_json_parse(body, LK_SSO_DOCUMENT_MAX, &document);

    if (error != 0)
        return error;
    error = lk_json_get_string(document, "title", &title);
    if (error == 0)
        error = lk_json_get_string(document, "colour", &colour);
    if (error == 0)
        error = lk_json_get_string(document, "help", &help);
    if (error == 0)
        error = lk_json_get_bool(document, "password", &look.password);
    if (error == 0)
        error = lk_text_copy(look.title, sizeof(look.title), title);
    if (error == 0)
        error = lk_text_copy(look.colour, sizeof(look.colour), colour);
    if (error == 0)
        error = lk_text_copy(look.help, sizeof(look.help), help);
    /* It stands in a style sheet. */
    if (error == 0 &&
        (strlen(look.colour) != 6 || strspn(look.colour, "0123456789abcdefABCDEF") != 6))
        error = -LK_ERR_ENCODING;
    document = lk_json_free(document);
    if (error != 0)
        return error;
    web->look = look;
    return style_set(web);
}

int lk_documents_take(struct lk_web *web, const struct lk_sso_document *document)
{
    if (document->kind == LK_SSO_DOCUMENT_LOOK)
        return look_take(web, document->body);
    return document_set(
        web, document->kind == LK_SSO_DOCUMENT_DISCOVERY ? LK_PLACE_DISCOVERY : LK_PLACE_JWKS,
        document->body, document->etag, "application/json");
}

static const struct {
    const char *path;
    enum lk_document_place place;
} places[] = {
    {LK_WEB_PATH_DISCOVERY, LK_PLACE_DISCOVERY}, {LK_WEB_PATH_METADATA, LK_PLACE_DISCOVERY},
    {LK_SSO_PATH_JWKS, LK_PLACE_JWKS},           {LK_WEB_PATH_STYLE, LK_PLACE_STYLE},
    {LK_WEB_PATH_SCRIPT, LK_PLACE_SCRIPT},       {LK_WEB_PATH_LOGO, LK_PLACE_LOGO},
};

void lk_documents_serve(struct lk_call *call)
{
    const struct lk_document *document = NULL;

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (strcmp(places[i].path, call->route->path) == 0)
            document = &call->web->documents[places[i].place];
    }
    if (document == NULL || document->whole == NULL) {
        if (call->route->program)
            lk_answer_away(call);
        else
            lk_answer_note(call, MHD_HTTP_NOT_FOUND, LK_NOTE_NOT_FOUND);
        return;
    }
    call->status = lk_header_matches(call, document->etag) ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK;
    call->response = call->status == MHD_HTTP_OK ? document->whole : document->unchanged;
    call->shared = true;
}

void lk_documents_end(struct lk_web *web)
{
    for (size_t i = 0; i < LK_PLACES; i++)
        document_clear(&web->documents[i]);
}
