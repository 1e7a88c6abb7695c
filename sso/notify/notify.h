/* SPDX-License-Identifier: EUPL-1.2 */
/* Inside sso/notify only: logout tokens on their way to homeservers (OpenID Connect Back-Channel Logout 1.0 section 2.5). */
#ifndef LK_SSO_NOTIFY_NOTIFY_H
#define LK_SSO_NOTIFY_NOTIFY_H

#include <curl/curl.h>

#include "sso/common/link.h"
#include "sso/common/start.h"

enum {
    LK_NOTIFY_TRANSFERS = 64,    /* at once */
    LK_NOTIFY_MS = 10000,        /* for one of them, from the name to the last byte */
    LK_NOTIFY_CONNECT_MS = 4000, /* of these, until TLS stands */
    LK_NOTIFY_ANSWER_MAX = 4096,
    LK_NOTIFY_HEADERS_MAX = 16384
};

struct lk_notify;

/* One token on its way. */
struct lk_transfer {
    struct lk_notify *notify;
    CURL *easy; /* NULL = free */
    uint32_t request;
    uint64_t id;
    struct lk_buf body; /* secret: the token is in it */
    struct curl_slist *connect_to;
    struct curl_slist *headers;
    size_t answered; /* bytes of the answer's body and of its headers */
    size_t header_bytes;
};

/* A descriptor of libcurl in our loop. */
struct lk_notify_socket {
    struct lk_watch watch;
    struct lk_notify_socket *next; /* of those that are over */
};

struct lk_notify {
    struct lk_start start;
    struct lk_link link;
    CURLM *multi;
    struct lk_timer timer;
    struct lk_notify_socket *over; /* freed at the end of the turn */
    struct lk_transfer transfers[LK_NOTIFY_TRANSFERS];
    int status;
};

/* loop.c. libcurl in our loop. */
LK_MUST_USE int lk_notify_loop_begin(struct lk_notify *notify);
void lk_notify_loop_end(struct lk_notify *notify);

/* transfer.c. Begins one; what cannot be begun is answered as failed. 0, or an error that ends the link. */
LK_MUST_USE int lk_transfer_begin(struct lk_notify *notify, uint32_t request,
                                  const struct lk_sso_deliver *deliver);
/* Answers what has ended. */
void lk_transfers_finish(struct lk_notify *notify);
void lk_transfers_drop(struct lk_notify *notify);

#endif
