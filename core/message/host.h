/* SPDX-License-Identifier: EUPL-1.2 */
/* Messages of a ceremony with a person: host socket, and the same events on the desk socket. One ceremony per connection on the host socket. */
#ifndef LK_MESSAGE_HOST_H
#define LK_MESSAGE_HOST_H

#include <stdbool.h>

#include "message/frame.h"

enum { LK_NONCE_SIZE = 32, LK_PIN_MAX = 63, LK_RETRIES_UNKNOWN = 255 };

/* What happens while the person waits; sent as it happens. Numbers are stable. */
enum lk_event {
    LK_EVENT_INSERT_KEY = 1,  /* no key is plugged in: waiting for one */
    LK_EVENT_TOUCH = 2,       /* the key blinks and waits for a touch */
    LK_EVENT_FINGERPRINT = 3, /* the key waits for a finger on its sensor */
    LK_EVENT_WRONG_KEY = 4, /* this key is not enrolled for the agent; still waiting for another */
    LK_EVENT_KEY_BUSY = 5,  /* another program uses the key; detail names it where known */
    LK_EVENT_KEY_REMOVED = 6,
    LK_EVENT_FINGERPRINT_FAILED = 7, /* retries = tries left */
    LK_EVENT_KEY_FOUND = 8,          /* detail: what the key calls itself */
    LK_EVENT_PIN_NOT_SET = 9,        /* the key has no PIN and needs one */
    LK_EVENT_KEY_FAILED = 10,        /* this key answered nonsense; others are still waited for */
    LK_EVENT_CHOOSE_KEY =
        11 /* several keys blink: the one to enrol is to be touched; desk socket only */
};

enum {
    LK_LOGIN_FLAG_REMOTE = 1, /* the module found signs of a remote session */
    LK_LOGIN_FLAG_PROMPT = 2, /* the module has a conversation and may ask for a PIN */
    LK_LOGIN_FLAG_SILENT = 4  /* PAM_SILENT */
};

/* client -> broker, the only request on the host socket */
struct lk_login_request {
    uint8_t nonce[LK_NONCE_SIZE];
    uint32_t flags;
    char name[65]; /* PAM_USER; anything not a valid name is denied like an unknown agent */
    char service[65];
    char tty[65];
    char remote_host[257];
    char remote_user[65];
};
LK_MUST_USE int lk_login_request_encode(struct lk_buf *buf, uint32_t request,
                                        const struct lk_login_request *login);
LK_MUST_USE int lk_login_request_decode(struct lk_view payload, struct lk_login_request *ret_login);

/* broker -> client */
struct lk_event_message {
    enum lk_event event;
    uint8_t retries;  /* or LK_RETRIES_UNKNOWN */
    char detail[129]; /* printable UTF-8; the sender has replaced control characters */
};
LK_MUST_USE int lk_event_encode(struct lk_buf *buf, uint32_t request,
                                const struct lk_event_message *event);
LK_MUST_USE int lk_event_decode(struct lk_view payload, struct lk_event_message *ret_event);

/* broker -> client: ask the person for the PIN of the key; answered by PIN or CANCEL */
struct lk_ask_pin {
    uint8_t retries; /* tries left on the key, or LK_RETRIES_UNKNOWN */
    bool again;      /* the PIN just given was wrong */
    bool
        choose; /* the key has no PIN: the person chooses one (enrolment desk only; asked twice by the client) */
    uint8_t minimum;  /* fewest code points when choosing */
    char detail[129]; /* which key */
};
LK_MUST_USE int lk_ask_pin_encode(struct lk_buf *buf, uint32_t request,
                                  const struct lk_ask_pin *ask);
LK_MUST_USE int lk_ask_pin_decode(struct lk_view payload, struct lk_ask_pin *ret_ask);

/* client -> broker. 1 to LK_PIN_MAX bytes of UTF-8. The buffer must be a secret one. */
LK_MUST_USE int lk_pin_encode(struct lk_buf *buf, uint32_t request, struct lk_view pin);
LK_MUST_USE int lk_pin_decode(struct lk_view payload, struct lk_view *ret_pin);
/* client -> broker: empty payload. Closing the connection means the same. */
LK_MUST_USE int lk_cancel_encode(struct lk_buf *buf, uint32_t request);

/* broker -> client, the last message of a ceremony. reason 0 is success, and only together with the request's own nonce. */
struct lk_verdict {
    uint8_t nonce[LK_NONCE_SIZE];
    uint32_t reason; /* enum lk_reason, already the one that may be told */
    uint8_t retries; /* for PIN reasons */
};
LK_MUST_USE int lk_verdict_encode(struct lk_buf *buf, uint32_t request,
                                  const struct lk_verdict *verdict);
LK_MUST_USE int lk_verdict_decode(struct lk_view payload, struct lk_verdict *ret_verdict);

#endif
