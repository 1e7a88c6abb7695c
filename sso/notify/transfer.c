/* SPDX-License-Identifier: EUPL-1.2 */
/* One POST. Hostile: the homeserver's answer, which is counted and thrown away: only its status matters. HTTPS with the peer's certificate and name checked, no
 * redirect, no proxy, no cookie, no password file; a token is never written anywhere. */
#include <stdio.h>
#include <string.h>

#include "sso/notify/notify.h"

#define TOKEN_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."

static const char body_name[] = "logout_token=";

static size_t answer_came(char *data, size_t size, size_t count, void *context)
{
    struct lk_transfer *transfer = context;

    (void)data;
    transfer->answered += size * count;
    return transfer->answered <= LK_NOTIFY_ANSWER_MAX ? size * count : 0;
}

static size_t header_came(char *data, size_t size, size_t count, void *context)
{
    struct lk_transfer *transfer = context;

    (void)data;
    transfer->header_bytes += size * count;
    return transfer->header_bytes <= LK_NOTIFY_HEADERS_MAX ? size * count : 0;
}

static void transfer_clear(struct lk_transfer *transfer)
{
    if (transfer->easy != NULL)
        curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->connect_to);
    curl_slist_free_all(transfer->headers);
    lk_buf_clear(&transfer->body);
    *transfer = (struct lk_transfer){0};
}

static int answer(struct lk_notify *notify, uint32_t request, uint64_t id,
                  enum lk_logout_outcome outcome, const char *detail)
{
    struct lk_sso_delivered delivered = {.id = id, .outcome = outcome};

    (void)snprintf(delivered.detail, sizeof(delivered.detail), "%s", detail);
    return lk_sso_delivered_encode(&notify->link.peer.out, request, &delivered);
}

static const struct lk_config_client *client_find(const struct lk_notify *notify, const char *name)
{
    const struct lk_config *config = &notify->start.config;

    for (size_t i = 0; i < config->client_count; i++) {
        if (strcmp(config->clients[i].name, name) == 0)
            return &config->clients[i];
    }
    return NULL;
}

static struct lk_transfer *transfer_free_place(struct lk_notify *notify)
{
    for (size_t i = 0; i < LK_NOTIFY_TRANSFERS; i++) {
        if (notify->transfers[i].easy == NULL)
            return &notify->transfers[i];
    }
    return NULL;
}

/* Characters that would end the form's field do not stand in a compact JWS (RFC 7515 section 7.1). */
static bool token_put(struct lk_transfer *transfer, struct lk_view token)
{
    for (size_t i = 0; i < token.len; i++) {
        if (token.data[i] == 0 || strchr(TOKEN_CHARACTERS, token.data[i]) == NULL)
            return false;
    }
    lk_buf_init_secret(&transfer->body, sizeof(body_name) + LK_SSO_BODY_MAX);
    lk_buf_put_bytes(&transfer->body, body_name, sizeof(body_name) - 1);
    lk_buf_put_view(&transfer->body, token);
    return lk_buf_error(&transfer->body) == 0;
}

static bool options_address(struct lk_transfer *transfer, const struct lk_config_client *client)
{
    CURL *easy = transfer->easy;
    char connect_to[LK_CONFIG_TEXT_MAX + 4];
    bool good =
        curl_easy_setopt(easy, CURLOPT_URL, client->backchannel_logout_uri) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK;

    if (good && client->backchannel_ca[0] != '\0')
        good = curl_easy_setopt(easy, CURLOPT_CAINFO, client->backchannel_ca) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_CAPATH, NULL) == CURLE_OK;
    if (good && client->backchannel_connect[0] != '\0') {
        /* Whatever host and port the URI names. */
        (void)snprintf(connect_to, sizeof(connect_to), "::%s", client->backchannel_connect);
        transfer->connect_to = curl_slist_append(NULL, connect_to);
        good = transfer->connect_to != NULL &&
               curl_easy_setopt(easy, CURLOPT_CONNECT_TO, transfer->connect_to) == CURLE_OK;
    }
    return good;
}

/* "*" of NOPROXY and the empty PROXY: what the environment says does not count. */
static bool options_limits(const struct lk_transfer *transfer)
{
    CURL *easy = transfer->easy;

    return curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NOPROXY, "*") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)LK_NOTIFY_MS) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)LK_NOTIFY_CONNECT_MS) ==
               CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_MAXFILESIZE, (long)LK_NOTIFY_ANSWER_MAX) == CURLE_OK;
}

static bool options_body(struct lk_transfer *transfer)
{
    CURL *easy = transfer->easy;

    /* No wait for "100 Continue". */
    transfer->headers = curl_slist_append(NULL, "Expect:");
    return transfer->headers != NULL &&
           curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POST, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)transfer->body.len) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDS, (const char *)transfer->body.data) ==
               CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, answer_came) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, header_came) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer) == CURLE_OK;
}

int lk_transfer_begin(struct lk_notify *notify, uint32_t request,
                      const struct lk_sso_deliver *deliver)
{
    const struct lk_config_client *client = client_find(notify, deliver->client);
    struct lk_transfer *transfer = transfer_free_place(notify);

    if (client == NULL || client->backchannel_logout_uri[0] == '\0')
        return answer(notify, request, deliver->id, LK_LOGOUT_NOBODY,
                      "no backchannel_logout_uri in the configuration");
    if (transfer == NULL)
        return answer(notify, request, deliver->id, LK_LOGOUT_FAILED, "too many under way");
    *transfer = (struct lk_transfer){.notify = notify, .request = request, .id = deliver->id};
    if (!token_put(transfer, deliver->token)) {
        transfer_clear(transfer);
        return -LK_ERR_ENCODING;
    }
    transfer->easy = curl_easy_init();
    if (transfer->easy == NULL || !options_address(transfer, client) || !options_limits(transfer) ||
        !options_body(transfer) ||
        curl_multi_add_handle(notify->multi, transfer->easy) != CURLM_OK) {
        transfer_clear(transfer);
        return answer(notify, request, deliver->id, LK_LOGOUT_FAILED, "libcurl: not set up");
    }
    return 0;
}

static void transfer_tell(struct lk_transfer *transfer, CURLcode result)
{
    enum lk_logout_outcome outcome = LK_LOGOUT_FAILED;
    char detail[129];
    long status = 0;

    if (transfer->answered > LK_NOTIFY_ANSWER_MAX ||
        transfer->header_bytes > LK_NOTIFY_HEADERS_MAX || result == CURLE_FILESIZE_EXCEEDED) {
        (void)snprintf(detail, sizeof(detail), "the answer is too long");
    } else if (result != CURLE_OK) {
        (void)snprintf(detail, sizeof(detail), "%s", curl_easy_strerror(result));
    } else {
        (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
        (void)snprintf(detail, sizeof(detail), "HTTP status %ld", status);
        if (status == 200 || status == 204)
            outcome = LK_LOGOUT_ACKNOWLEDGED;
    }
    /* What cannot be written ends the link at the next flush. */
    if (answer(transfer->notify, transfer->request, transfer->id, outcome, detail) != 0)
        lk_peer_fail(&transfer->notify->link.peer);
}

void lk_transfers_finish(struct lk_notify *notify)
{
    struct CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(notify->multi, &left)) != NULL) {
        CURL *easy = message->easy_handle;
        CURLcode result = message->data.result;
        struct lk_transfer *transfer = NULL;

        if (message->msg != CURLMSG_DONE ||
            curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer) != CURLE_OK || transfer == NULL)
            continue;
        transfer_tell(transfer, result);
        (void)curl_multi_remove_handle(notify->multi, easy);
        transfer_clear(transfer);
    }
}

void lk_transfers_drop(struct lk_notify *notify)
{
    for (size_t i = 0; i < LK_NOTIFY_TRANSFERS; i++) {
        struct lk_transfer *transfer = &notify->transfers[i];

        if (transfer->easy == NULL)
            continue;
        (void)curl_multi_remove_handle(notify->multi, transfer->easy);
        transfer_clear(transfer);
    }
}
