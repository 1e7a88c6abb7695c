/* SPDX-License-Identifier: EUPL-1.2 */
/* Nobody is asked to touch anything here, and no PIN passes: the id is a name and no secret. Hostile: whatever the conversation answers; an id that is somebody
 * else's proves somebody else, which the broker says. */
#include "pam_module/transaction.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/secret.h"
#include "client/client.h"
#include "message/gateway.h"

/* The broker closes a connection that has rested for five minutes: well before that a new one is taken, or a question could meet its end. */
enum { LK_PROVE_TIMEOUT_MS = 5000, LK_KEPT_MS = 60000 };

/* 32 lower-case hexadecimal characters and nothing else. */
static int lk_transaction_id(const struct lk_attempt *attempt, uint8_t ret_id[LK_TRANSACTION_SIZE])
{
    struct lk_buf reply;
    char text[2 * LK_TRANSACTION_SIZE + 1];
    int r;

    lk_buf_init_secret(&reply, sizeof(text) - 1);
    r = lk_conversation_ask(&attempt->conversation, LK_TRANSACTION_PROMPT, &reply);
    if (r == 0 && reply.len == sizeof(text) - 1) {
        memcpy(text, reply.data, reply.len);
        text[reply.len] = '\0';
        r = strspn(text, "0123456789abcdef") == reply.len
                ? lk_unhex(ret_id, LK_TRANSACTION_SIZE, text)
                : -LK_ERR_BUSY;
    } else {
        r = -LK_ERR_BUSY;
    }
    lk_buf_clear(&reply);
    return r == 0 ? 0 : -LK_ERR_BUSY;
}

static int lk_transaction_answer(struct lk_client *client, uint32_t request,
                                 const struct lk_worker_prove *prove,
                                 struct lk_verdict *ret_verdict)
{
    struct lk_verdict verdict;
    struct lk_frame frame;
    int r = lk_client_receive(client, LK_PROVE_TIMEOUT_MS, NULL, NULL, &frame);

    if (r != 0)
        return r;
    if (frame.type != LK_MESSAGE_VERDICT || frame.request != request)
        return -LK_ERR_UNEXPECTED;
    r = lk_verdict_decode(frame.payload, &verdict);
    if (r != 0)
        return r;
    if (!lk_bytes_equal(verdict.nonce, prove->nonce, sizeof(prove->nonce)))
        return -LK_ERR_SIGNATURE;
    *ret_verdict = verdict;
    return 0;
}

/* ---- the connection ---- */

/* A PAM worker has loaded the module for good and runs one attempt after the other: what a connection costs, the walk along its path, two greetings and the broker's accept, is
 * more than the question itself. So one that has answered well stays for the next attempt. It goes when libpam unloads the module, so no other host keeps a descriptor. Whoever
 * asks takes it out of the place: two threads never share it, and a child of fork never uses its parent's. */
struct lk_kept {
    struct lk_client client;
    pid_t pid;
    int64_t asked_ms; /* the last question */
    char path[];      /* of the socket */
};

static struct lk_kept *_Atomic place;

static void lk_kept_free(struct lk_kept *kept)
{
    if (kept == NULL)
        return;
    /* Another module may have closed it, and the number may be another file now. */
    if (lk_client_check(&kept->client) != 0)
        lk_client_forget(&kept->client);
    lk_client_close(&kept->client);
    free(kept);
}

__attribute__((destructor)) static void lk_kept_unload(void)
{
    lk_kept_free(atomic_exchange(&place, NULL));
}

/* NULL: none for this path, or none that is still ours. */
static struct lk_kept *lk_kept_take(const char *path)
{
    struct lk_kept *kept = atomic_exchange(&place, NULL);

    if (kept == NULL)
        return NULL;
    if (kept->pid == getpid() && strcmp(kept->path, path) == 0 &&
        lk_clock_monotonic_ms(&lk_clock_system) - kept->asked_ms < LK_KEPT_MS &&
        lk_client_check(&kept->client) == 0)
        return kept;
    lk_kept_free(kept);
    return NULL;
}

static void lk_kept_put(struct lk_kept *kept)
{
    lk_kept_free(atomic_exchange(&place, kept));
}

static int lk_kept_new(const char *path, struct lk_kept **ret_kept)
{
    const struct lk_client_options options = {
        .path = path, .role = LK_SOCKET_WORKER, .timeout_ms = LK_PROVE_TIMEOUT_MS};
    size_t size = strlen(path) + 1;
    struct lk_kept *kept = malloc(sizeof(*kept) + size);
    int r;

    if (kept == NULL)
        return -LK_ERR_NOMEM;
    memcpy(kept->path, path, size);
    kept->pid = getpid();
    r = lk_client_connect(&kept->client, &options);
    if (r == 0)
        *ret_kept = kept;
    else
        free(kept);
    return r;
}

/* *ret_sent: the broker may have counted the question. */
static int lk_kept_ask(struct lk_kept *kept, const struct lk_worker_prove *prove, bool *ret_sent,
                       struct lk_verdict *ret_verdict)
{
    struct lk_client *client = &kept->client;
    uint32_t request = client->next_request++ % INT32_MAX + 1;
    int r = lk_worker_prove_encode(&client->out, request, prove);

    *ret_sent = false;
    if (r == 0)
        r = lk_client_flush(client);
    if (r != 0)
        return r;
    *ret_sent = true;
    kept->asked_ms = lk_clock_monotonic_ms(&lk_clock_system);
    return lk_transaction_answer(client, request, prove, ret_verdict);
}

int lk_transaction_ask(struct lk_attempt *attempt, struct lk_verdict *ret_verdict)
{
    const char *path = attempt->arguments.socket;
    struct lk_worker_prove prove = {0};
    struct lk_kept *kept = NULL;
    bool sent = false;
    int r = lk_transaction_id(attempt, prove.transaction);

    if (r == 0)
        r = lk_random_fill(&lk_random_system, prove.nonce, sizeof(prove.nonce));
    if (r != 0)
        return r;
    memcpy(prove.name, attempt->login.name, sizeof(prove.name));
    kept = lk_kept_take(path);
    r = kept != NULL ? lk_kept_ask(kept, &prove, &sent, ret_verdict) : -LK_ERR_CLOSED;
    /* The broker has been started anew, or keeps no connection: the question has not reached it. */
    if (r == -LK_ERR_CLOSED && !sent) {
        lk_kept_free(kept);
        kept = NULL;
        r = lk_kept_new(path, &kept);
        if (r == 0)
            r = lk_kept_ask(kept, &prove, &sent, ret_verdict);
    }
    if (r == 0)
        lk_kept_put(kept);
    else
        lk_kept_free(kept);
    return r;
}
