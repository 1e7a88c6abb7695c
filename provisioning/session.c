/* SPDX-License-Identifier: EUPL-1.2 */
/* The session with the broker's desk: connecting, asking, what a person meets while a key is waited for, lists in pages. Replies are
 * hostile input like any other: decoded with bounds, refused with trailing bytes. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/secret.h"
#include "provisioning/cli.h"
#include "provisioning/terminal.h"

enum { ANSWER_MS = 60000, CONNECT_MS = 5000 };

/* Set by SIGINT and SIGTERM, looked at every 200 ms: the ceremony is cancelled, the key stops blinking, nothing is half done. */
static volatile sig_atomic_t interrupted_by;

static void on_signal(int number)
{
    interrupted_by = number;
}

static bool interrupted(void *context)
{
    (void)context;
    return interrupted_by != 0;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGHUP, &action, NULL);
}

int lk_cli_connect(struct lk_cli *cli)
{
    struct lk_client_options options = {.path = cli->socket,
                                        .role = LK_SOCKET_DESK,
                                        .timeout_ms = CONNECT_MS,
                                        .interrupted = interrupted};
    int result;

    if (cli->client.fd >= 0)
        return 0;
    catch_signals();
    result = lk_client_connect(&cli->client, &options);
    if (result == 0)
        return 0;
    if (result == -LK_ERR_NOT_FOUND || result == -LK_ERR_CLOSED)
        return lk_cli_fail_reason(cli, LK_REASON_BROKER_UNAVAILABLE, cli->socket);
    return lk_cli_fail_error(cli, result, cli->socket);
}

int lk_cli_hold_signals(struct lk_cli *cli)
{
    struct sigaction action = {.sa_handler = SIG_IGN};

    if (interrupted_by != 0)
        return lk_cli_fail_reason(cli, LK_REASON_CANCELLED, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGHUP, &action, NULL);
    return 0;
}

uint32_t lk_cli_next(struct lk_cli *cli)
{
    return ++cli->client.next_request;
}

/* ---- what a person meets ---- */

static int show_event(void *context, const struct lk_event_message *event)
{
    struct lk_cli *cli = context;

    switch (event->event) {
    case LK_EVENT_INSERT_KEY:
        lk_cli_progress(cli, "%s", _("Plug in the security key ..."));
        break;
    case LK_EVENT_TOUCH:
        lk_cli_progress(cli, "%s", _("Touch the blinking key ..."));
        break;
    case LK_EVENT_FINGERPRINT:
        lk_cli_progress(cli, "%s", _("Put your finger on the key's sensor ..."));
        break;
    case LK_EVENT_WRONG_KEY:
        lk_cli_say(cli, "%s", _("This key is not the one. Use another."));
        break;
    case LK_EVENT_KEY_BUSY:
        lk_cli_say(cli, _("The key is in use by another program: %s"), event->detail);
        break;
    case LK_EVENT_KEY_REMOVED:
        lk_cli_say(cli, "%s", _("The key was pulled out."));
        break;
    case LK_EVENT_FINGERPRINT_FAILED:
        lk_cli_say(cli, _("The finger was not recognised. Tries left: %u"), event->retries);
        break;
    case LK_EVENT_KEY_FOUND:
        if (event->detail[0] != '\0')
            lk_cli_progress(cli, _("Found %s ..."), event->detail);
        break;
    case LK_EVENT_PIN_NOT_SET:
        lk_cli_say(cli, "%s", _("This key has no PIN yet. Its holder chooses one now."));
        break;
    case LK_EVENT_CHOOSE_KEY:
        lk_cli_progress(cli, "%s", _("Several keys are plugged in: touch the one to enrol ..."));
        break;
    case LK_EVENT_KEY_FAILED:
        lk_cli_say(cli, "%s", _("A key gave an answer that is not understood; it is left out."));
        break;
    }
    return interrupted_by != 0 ? -1 : 0;
}

/* One line from the terminal without echo. */
static int read_hidden(const char *prompt, struct lk_buf *pin)
{
    char line[LK_PIN_MAX + 2];
    int result = -LK_ERR_CLOSED;

    if (lk_terminal_ask(prompt, true, line, sizeof line) && strchr(line, '\n') != NULL) {
        lk_buf_put_bytes(pin, line, strcspn(line, "\n"));
        result = lk_buf_error(pin);
    }
    lk_wipe(line, sizeof line);
    return result;
}

static int pin_from_file(struct lk_cli *cli, struct lk_buf *pin)
{
    const struct lk_file_rule rule = {.owner = geteuid(), .forbidden = 077, .check_parents = false};
    struct lk_buf content;
    const uint8_t *end;
    int result;

    lk_buf_init_secret(&content, LK_PIN_MAX + 1);
    result = lk_file_read(cli->pin_file, &rule, LK_PIN_MAX + 1, &content);
    if (result < 0) {
        lk_cli_say(cli, "%s: %s", cli->pin_file, _(lk_error_text(result)));
        cli->pin_refusal = LK_REASON_PIN_UNAVAILABLE;
        result = -LK_ERR_BUSY;
    } else {
        end = content.len > 0 ? memchr(content.data, '\n', content.len) : NULL;
        lk_buf_put_bytes(pin, content.data,
                         end != NULL ? (size_t)(end - content.data) : content.len);
        result = lk_buf_error(pin);
    }
    lk_buf_clear(&content);
    return result;
}

static int choose_pin(struct lk_cli *cli, const struct lk_ask_pin *ask, struct lk_buf *pin)
{
    struct lk_buf again;
    char prompt[256];
    int result;
    bool same;

    snprintf(prompt, sizeof prompt,
             _("New PIN of the key, at least %u characters, typed by its holder: "), ask->minimum);
    result = read_hidden(prompt, pin);
    if (result < 0)
        return result;
    lk_buf_init_secret(&again, LK_PIN_MAX);
    result = read_hidden(_("The same PIN once more: "), &again);
    same = result == 0 && lk_view_equal(lk_buf_view(pin), lk_buf_view(&again));
    lk_buf_clear(&again);
    if (same)
        return 0;
    lk_cli_say(cli, "%s", _("The two PINs differ. Nothing was changed."));
    return -LK_ERR_BUSY;
}

static int ask_pin(void *context, const struct lk_ask_pin *ask, struct lk_buf *pin)
{
    struct lk_cli *cli = context;
    char prompt[256];

    lk_cli_progress_end(cli);
    if (interrupted_by != 0)
        return -LK_ERR_BUSY;
    if (cli->pin_file != NULL) {
        /* A PIN from a file that was wrong once would be wrong again, and each try counts on the key. */
        cli->pin_refusal = ask->again ? LK_REASON_PIN_WRONG : LK_REASON_NONE;
        return ask->again ? -LK_ERR_BUSY : pin_from_file(cli, pin);
    }
    if (!isatty(STDIN_FILENO)) {
        cli->pin_refusal = LK_REASON_PIN_UNAVAILABLE;
        return -LK_ERR_BUSY;
    }
    if (ask->choose)
        return choose_pin(cli, ask, pin);
    if (ask->again)
        lk_cli_say(cli, "%s", _("Wrong PIN."));
    if (ask->retries != LK_RETRIES_UNKNOWN)
        snprintf(prompt, sizeof prompt, _("PIN of the security key (%u tries left): "),
                 ask->retries);
    else
        snprintf(prompt, sizeof prompt, "%s", _("PIN of the security key: "));
    return read_hidden(prompt, pin);
}

int lk_cli_ask(struct lk_cli *cli, uint32_t request, struct lk_frame *ret_frame)
{
    const struct lk_ceremony_callbacks callbacks = {
        .event = show_event, .ask_pin = ask_pin, .interrupted = interrupted, .context = cli};
    int result = lk_buf_error(&cli->client.out);

    cli->pin_refusal = LK_REASON_NONE;
    if (result == 0)
        result = lk_client_converse(&cli->client, request, ANSWER_MS, &callbacks, ret_frame);
    lk_cli_progress_end(cli);
    if (interrupted_by != 0)
        return lk_cli_fail_reason(cli, LK_REASON_CANCELLED, NULL);
    if (result == 0)
        return 0;
    if (result == -LK_ERR_BUSY)
        return lk_cli_fail_reason(
            cli, cli->pin_refusal != LK_REASON_NONE ? cli->pin_refusal : LK_REASON_CANCELLED, NULL);
    if (result == -LK_ERR_CLOSED || result == -LK_ERR_TIMEOUT)
        return lk_cli_fail_reason(cli, LK_REASON_BROKER_UNAVAILABLE, NULL);
    return lk_cli_fail_error(cli, result, cli->socket);
}

static int refused(struct lk_cli *cli, const struct lk_desk_result *result)
{
    if (!lk_reason_known(result->reason))
        return lk_cli_fail_reason(cli, LK_REASON_PROTOCOL, NULL);
    return lk_cli_fail_reason(cli, (enum lk_reason)result->reason, result->text);
}

int lk_cli_ask_result(struct lk_cli *cli, uint32_t request, struct lk_desk_result *ret_result)
{
    struct lk_frame frame;
    struct lk_desk_result result;
    int status = lk_cli_ask(cli, request, &frame);

    if (status != 0)
        return status;
    if (frame.type != LK_MESSAGE_DESK_RESULT || lk_desk_result_decode(frame.payload, &result) < 0)
        return lk_cli_fail_reason(cli, LK_REASON_PROTOCOL, NULL);
    if (result.reason != LK_REASON_NONE)
        return refused(cli, &result);
    *ret_result = result;
    return 0;
}

int lk_cli_answer_refused(struct lk_cli *cli, const struct lk_frame *frame)
{
    struct lk_desk_result result;

    if (frame->type != LK_MESSAGE_DESK_RESULT ||
        lk_desk_result_decode(frame->payload, &result) < 0 || result.reason == LK_REASON_NONE)
        return lk_cli_fail_reason(cli, LK_REASON_PROTOCOL, NULL);
    return refused(cli, &result);
}

int lk_cli_status(struct lk_cli *cli, struct lk_desk_pairs *ret_pairs)
{
    uint32_t request = lk_cli_next(cli);
    struct lk_frame frame;
    int status;

    if (lk_desk_status_encode(&cli->client.out, request) < 0)
        return lk_cli_fail_memory(cli, "status");
    status = lk_cli_ask(cli, request, &frame);
    if (status != 0)
        return status;
    if (frame.type != LK_MESSAGE_DESK_PAIRS)
        return lk_cli_answer_refused(cli, &frame);
    if (lk_desk_pairs_decode(frame.payload, ret_pairs) < 0)
        return lk_cli_fail_reason(cli, LK_REASON_PROTOCOL, NULL);
    return 0;
}

const char *lk_cli_status_value(const struct lk_desk_pairs *pairs, const char *name)
{
    for (uint32_t i = 0; i < pairs->count; i++) {
        if (strcmp(pairs->pairs[i].name, name) == 0)
            return pairs->pairs[i].value;
    }
    return NULL;
}

/* ---- lists ---- */

static int list_page(struct lk_cli *cli, const struct lk_desk_filter *filter,
                     int (*each)(void *context, const struct lk_desk_credential *credential),
                     void *context, uint32_t *ret_count, uint64_t *ret_last)
{
    uint32_t request = lk_cli_next(cli);
    struct lk_desk_credential *credential = calloc(1, sizeof *credential);
    struct lk_frame frame = {0};
    int status = credential != NULL ? 0 : lk_cli_fail_memory(cli, "list");

    *ret_count = 0;
    if (status == 0 && lk_desk_list_encode(&cli->client.out, request, filter) < 0)
        status = lk_cli_fail_memory(cli, "list");
    while (status == 0) {
        status = lk_cli_ask(cli, request, &frame);
        if (status != 0 || frame.type == LK_MESSAGE_DESK_END)
            break;
        if (frame.type != LK_MESSAGE_DESK_CREDENTIAL)
            status = lk_cli_answer_refused(cli, &frame);
        else if (lk_desk_credential_decode(frame.payload, credential) < 0)
            status = lk_cli_fail_reason(cli, LK_REASON_PROTOCOL, NULL);
        else
            status = each(context, credential);
        (*ret_count)++;
        *ret_last = credential->entry;
    }
    free(credential);
    return status;
}

int lk_cli_list(struct lk_cli *cli, const struct lk_desk_filter *filter,
                int (*each)(void *context, const struct lk_desk_credential *credential),
                void *context)
{
    struct lk_desk_filter page = *filter;
    uint32_t count = LK_LIST_MOST;
    int status = 0;

    page.most = LK_LIST_MOST;
    while (status == 0 && count == LK_LIST_MOST)
        status = list_page(cli, &page, each, context, &count, &page.after);
    return status;
}

int lk_cli_digest(struct lk_cli *cli, struct lk_view bytes, struct lk_digest *ret_digest)
{
    int result = lk_object_digest(cli->crypto, bytes, ret_digest);

    return result == 0 ? 0 : lk_cli_fail_error(cli, result, "SHA-256");
}
