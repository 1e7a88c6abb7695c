/* SPDX-License-Identifier: EUPL-1.2 */
/* A broker made of a script, in a process of its own: it speaks the protocol of the host socket, well or badly, and writes down what it
 * was told. It decides nothing and opens no key. */
#ifndef LK_TESTS_FAKE_BROKER_H
#define LK_TESTS_FAKE_BROKER_H

#include <stdbool.h>
#include <sys/types.h>

#include "message/gateway.h"
#include "message/host.h"

enum fake_act {
    FAKE_END = 0, /* closes and stops listening */
    FAKE_ACCEPT,  /* closes what is open and takes the next connection */
    FAKE_HELLO, /* reads hello and answers it; value = version to answer with, 0 = the right one */
    FAKE_LOGIN, /* reads the login request */
    FAKE_PROVE, /* reads the question of the gateway's stack; its nonce is that of the verdicts */
    FAKE_EVENT, /* value = event, retries, text = detail */
    FAKE_ASK,   /* retries, value = 1: again, 2: choose */
    FAKE_REPLY, /* reads PIN or CANCEL */
    FAKE_VERDICT,       /* value = reason, retries */
    FAKE_WRONG_NONCE,   /* verdict NONE with another nonce */
    FAKE_WRONG_REQUEST, /* verdict NONE under another request id */
    FAKE_RAW,           /* size bytes of text, as they are */
    FAKE_CUT_VERDICT,   /* verdict NONE of which only the first value bytes are sent */
    FAKE_LONG_VERDICT,  /* verdict NONE with a byte behind its last field */
    FAKE_SLEEP,         /* value = milliseconds */
    FAKE_WAIT_CLOSE     /* reads until the peer closes; notes CANCEL and the time */
};

struct fake_step {
    enum fake_act act;
    uint32_t value;
    uint8_t retries;
    const char *text;
    size_t size;
};

/* What it saw; shared memory. */
struct fake_notes {
    unsigned connections;
    unsigned logins;
    struct lk_login_request login;
    unsigned proves;
    struct lk_worker_prove prove;
    enum lk_role_socket role; /* that the peer's hello named */
    unsigned pins;
    char pin[4][LK_PIN_MAX + 1];
    bool cancelled;
    bool allowed;      /* it has sent a whole, right verdict NONE */
    int64_t closed_ms; /* CLOCK_BOOTTIME, when the peer closed */
    bool confused;     /* the peer did something the script does not have */
};

struct fake_broker {
    char folder[64];
    char path[96];
    pid_t pid;
    struct fake_notes *notes;
};

/* Makes a folder of its own and listens in it before it returns. The script ends with FAKE_END. */
void fake_broker_start(struct fake_broker *broker, const struct fake_step *script);
/* Ends the process and removes the folder with all that was put into it. The notes stay until the next start. */
void fake_broker_stop(struct fake_broker *broker);

#endif
