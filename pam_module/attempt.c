/* SPDX-License-Identifier: EUPL-1.2 */
/* One attempt. The host program is not ours: no fork, no thread, no signal disposition, no change of user, folder, locale or
 * environment, nothing on its standard streams, no descriptor left. Hostile here: the answers of the conversation; the broker is trusted
 * once core/client has accepted it, and still nothing but its verdict opens. */
#include "pam_module/attempt.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/random.h"
#include "base/secret.h"
#include "client/client.h"
#include "message/text.h"
#include "pam_module/journal.h"
#include "pam_module/remote.h"
#include "pam_module/transaction.h"

/* The broker ends a ceremony after 30 s and is started again 500 ms after its end; the login time-out is for one that has stopped. A
 * PIN has at least four code points (CTAP 2.1 section 6.5.1). */
enum {
    LK_CONNECT_TIMEOUT_MS = 5000,
    LK_LOGIN_TIMEOUT_MS = 45000,
    LK_RESTART_PAUSE_MS = 700,
    LK_STACK_WIPED = 16384,
    LK_PIN_SHORTEST = 4
};

/* Programs like sudo block these while a module runs, and look afterwards: a blocked signal is seen only here. */
static bool lk_attempt_interrupted(void *context)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    struct lk_attempt *attempt = context;
    struct sigaction action;
    sigset_t pending;

    if (sigpending(&pending) != 0)
        return false;
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        if (sigismember(&pending, signals[i]) != 1)
            continue;
        /* The kernel keeps a blocked signal pending even where it will be ignored, as under nohup. */
        if (sigaction(signals[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
            attempt->interrupted = true;
    }
    return attempt->interrupted;
}

static int lk_attempt_event(void *context, const struct lk_event_message *event)
{
    struct lk_attempt *attempt = context;
    char text[LK_SENTENCE_SIZE];

    if (attempt->arguments.debug)
        lk_journal_write(LOG_DEBUG, attempt->occasion.service, "event %u", (unsigned)event->event);
    lk_texts_event(text, event, &attempt->occasion);
    if (text[0] != '\0')
        lk_conversation_show(&attempt->conversation, PAM_TEXT_INFO, text);
    return 0;
}

static int lk_attempt_ask_pin(void *context, const struct lk_ask_pin *ask, struct lk_buf *pin)
{
    struct lk_attempt *attempt = context;
    char text[LK_SENTENCE_SIZE];
    int r;

    if (ask->again)
        lk_conversation_show(&attempt->conversation, PAM_ERROR_MSG,
                             lk_texts_reason(LK_REASON_PIN_WRONG));
    lk_texts_ask_pin(text, ask);
    r = lk_conversation_ask(&attempt->conversation, text, pin);
    if (r != 0)
        return r;
    /* Too short or not text: it cannot be the PIN, and no try of the key is spent on it. */
    if (lk_text_count(lk_buf_view(pin)) < LK_PIN_SHORTEST)
        return -LK_ERR_BUSY;
    attempt->pin_given = true;
    return 0;
}

/* What does not fit goes as the empty string: a cut name could be somebody else's. */
static void lk_attempt_copy(char *ret_text, size_t size, const char *text)
{
    size_t len = text == NULL ? 0 : strlen(text);

    if (len >= size)
        len = 0;
    if (len > 0)
        memcpy(ret_text, text, len);
    ret_text[len] = '\0';
}

static const char *lk_attempt_item(const struct lk_attempt *attempt, int item)
{
    const void *value = NULL;

    return pam_get_item(attempt->pam, item, &value) == PAM_SUCCESS ? value : NULL;
}

static void lk_attempt_occasion(struct lk_attempt *attempt, const char *host)
{
    struct lk_occasion *occasion = &attempt->occasion;

    lk_attempt_copy(occasion->name, sizeof(occasion->name), attempt->login.name);
    lk_attempt_copy(occasion->service, sizeof(occasion->service), attempt->login.service);
    snprintf(occasion->host, sizeof(occasion->host), "%s", host);
    lk_text_clean(occasion->name);
    lk_text_clean(occasion->service);
    lk_text_clean(occasion->host);
}

/* sudo asks every module for silence at every login and shows what is said all the same. Taken at its word, nobody would
 * be told to touch the key. */
static bool lk_attempt_always_silent(const char *service)
{
    return strcmp(service, "sudo") == 0 || strcmp(service, "sudo-i") == 0;
}

/* The broker decides about all of this; the module only tells what PAM and the kernel say. */
static enum lk_reason lk_attempt_collect(struct lk_attempt *attempt, int flags)
{
    struct lk_login_request *login = &attempt->login;
    const char *user = NULL;
    const void *conv = NULL;
    char host[256] = "";
    struct lk_remote_signs signs = {.service = lk_attempt_item(attempt, PAM_SERVICE),
                                    .tty = lk_attempt_item(attempt, PAM_TTY),
                                    .remote_host = lk_attempt_item(attempt, PAM_RHOST),
                                    .own_name = host,
                                    .session_id_path = "/proc/self/sessionid",
                                    .sessions_path = "/run/systemd/sessions"};

    if (gethostname(host, sizeof(host) - 1) != 0)
        host[0] = '\0';
    lk_attempt_copy(login->service, sizeof(login->service), signs.service);
    lk_attempt_occasion(attempt, host);
    if (pam_get_item(attempt->pam, PAM_CONV, &conv) == PAM_SUCCESS)
        attempt->conversation.conv = conv;
    attempt->conversation.silent =
        ((unsigned)flags & PAM_SILENT) != 0 && !lk_attempt_always_silent(login->service);
    if (pam_get_user(attempt->pam, &user, NULL) != PAM_SUCCESS || user == NULL)
        return LK_REASON_CANCELLED;
    lk_attempt_copy(login->name, sizeof(login->name), user);
    lk_attempt_copy(login->tty, sizeof(login->tty), signs.tty);
    lk_attempt_copy(login->remote_host, sizeof(login->remote_host), signs.remote_host);
    lk_attempt_copy(login->remote_user, sizeof(login->remote_user),
                    lk_attempt_item(attempt, PAM_RUSER));
    lk_attempt_occasion(attempt, host);
    if (lk_remote_found(&signs))
        login->flags |= LK_LOGIN_FLAG_REMOTE;
    if (attempt->conversation.conv != NULL && attempt->conversation.conv->conv != NULL)
        login->flags |= LK_LOGIN_FLAG_PROMPT;
    if (attempt->conversation.silent)
        login->flags |= LK_LOGIN_FLAG_SILENT;
    return LK_REASON_NONE;
}

static enum lk_reason lk_attempt_reason(int error)
{
    switch (-error) {
    case LK_ERR_BUSY:
        return LK_REASON_CANCELLED;
    case LK_ERR_CLOSED:
    case LK_ERR_NOT_FOUND:
    case LK_ERR_TIMEOUT:
    case LK_ERR_DENIED:
        return LK_REASON_BROKER_UNAVAILABLE;
    case LK_ERR_OWNER:
    case LK_ERR_MODE:
    case LK_ERR_LINK:
    case LK_ERR_NOT_REGULAR:
        return LK_REASON_CONFIG;
    case LK_ERR_NOMEM:
    case LK_ERR_IO:
    case LK_ERR_INTERNAL:
        return LK_REASON_INTERNAL;
    default:
        return LK_REASON_PROTOCOL;
    }
}

/* The PIN went through registers, and what interrupts a program (a signal of the host's, a call that is bound late) stores those below
 * the stack pointer. Deeper than this the way of a PIN does not go, the host's own conversation aside. The sanitizer would put
 * the array elsewhere. */
__attribute__((noinline, no_sanitize("address"))) static void lk_attempt_wipe_stack(void)
{
    uint8_t below[LK_STACK_WIPED];

    lk_wipe(below, sizeof(below));
}

/* One connection, one ceremony. *ret_seen: the person has been shown something. */
static int lk_attempt_ceremony(struct lk_attempt *attempt, struct lk_verdict *ret_verdict,
                               bool *ret_seen)
{
    struct lk_client client = LK_CLIENT_INIT;
    struct lk_client_options options = {.path = attempt->arguments.socket,
                                        .role = LK_SOCKET_HOST,
                                        .timeout_ms = LK_CONNECT_TIMEOUT_MS,
                                        .interrupted = lk_attempt_interrupted,
                                        .context = attempt};
    struct lk_ceremony_callbacks callbacks = {.event = lk_attempt_event,
                                              .ask_pin = lk_attempt_ask_pin,
                                              .interrupted = lk_attempt_interrupted,
                                              .context = attempt};
    int r;

    *ret_seen = false;
    r = lk_random_fill(&lk_random_system, attempt->login.nonce, sizeof(attempt->login.nonce));
    if (r == 0)
        r = lk_client_connect(&client, &options);
    if (r == 0)
        r = lk_client_login(&client, &attempt->login, LK_LOGIN_TIMEOUT_MS, &callbacks, ret_verdict,
                            ret_seen);
    lk_client_close(&client);
    lk_attempt_wipe_stack();
    return r;
}

static bool lk_attempt_pause(struct lk_attempt *attempt)
{
    for (int waited = 0; waited < LK_RESTART_PAUSE_MS; waited += LK_CLIENT_SLICE_MS / 2) {
        if (lk_attempt_interrupted(attempt))
            return false;
        (void)poll(NULL, 0, LK_CLIENT_SLICE_MS / 2);
    }
    return true;
}

/* A broker that is being restarted gets one more chance, unless the person has already been asked for something: nobody is to
 * touch twice without knowing why. The gateway's page has a way on of its own. */
static enum lk_reason lk_attempt_ask_broker(struct lk_attempt *attempt)
{
    struct lk_verdict verdict = {.reason = LK_REASON_INTERNAL};
    bool seen = true;
    int r = attempt->arguments.transaction ? lk_transaction_ask(attempt, &verdict)
                                           : lk_attempt_ceremony(attempt, &verdict, &seen);

    if ((r == -LK_ERR_CLOSED || r == -LK_ERR_NOT_FOUND) && !seen)
        r = lk_attempt_pause(attempt) ? lk_attempt_ceremony(attempt, &verdict, &seen)
                                      : -LK_ERR_BUSY;
    if (r != 0) {
        if (r != -LK_ERR_BUSY)
            lk_journal_write(LOG_ERR, attempt->occasion.service, "%s: %s",
                             attempt->arguments.socket, lk_error_name(r));
        return lk_attempt_reason(r);
    }
    if (!lk_reason_known(verdict.reason))
        return LK_REASON_PROTOCOL;
    return (enum lk_reason)verdict.reason;
}

static bool lk_attempt_same_user(const struct lk_attempt *attempt)
{
    const char *user = lk_attempt_item(attempt, PAM_USER);

    return user != NULL && attempt->login.name[0] != '\0' && strcmp(user, attempt->login.name) == 0;
}

enum lk_reason lk_attempt_run(struct lk_attempt *attempt, pam_handle_t *pam, int flags, int argc,
                              const char **argv)
{
    const char *bad = "";
    enum lk_reason reason;

    *attempt = (struct lk_attempt){.pam = pam};
    lk_texts_init();
    reason = lk_attempt_collect(attempt, flags);
    if (lk_arguments_read(argc, argv, &attempt->arguments, &bad) != 0) {
        lk_journal_write(LOG_ERR, attempt->occasion.service, "argument not understood: %s", bad);
        return LK_REASON_CONFIG;
    }
    if (reason != LK_REASON_NONE)
        return reason;
    reason = lk_attempt_ask_broker(attempt);
    if (attempt->arguments.debug)
        lk_journal_write(LOG_DEBUG, attempt->occasion.service, "verdict %s",
                         lk_reason_name(reason));
    /* The host may have changed the name while the person was asked: then the proof is of somebody else. */
    if (reason == LK_REASON_NONE && !lk_attempt_same_user(attempt))
        return LK_REASON_NOT_PERMITTED;
    attempt->proved = reason == LK_REASON_NONE;
    return reason;
}
