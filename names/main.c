/* SPDX-License-Identifier: EUPL-1.2 */
/* latchkey-names: which uid has this login name? A process of its own because the name service may load libraries, ask the network and hang: the broker stops
 * waiting after two seconds, and nothing of it ever runs there. Holds nothing. Its input are the broker's frames, bounded and strict, and the answers of
 * getpwnam_r, of which it takes the uid and compares the name. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "message/names.h"
#include "names/names.h"
#include "sandbox/sandbox.h"

#ifdef LK_SANITIZED
/* The search for leaks would have to trace a process that is locked in. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}
#endif

static int lk_names_frame(int link, struct lk_buf *out, const struct lk_frame *frame)
{
    struct lk_name_lookup lookup;
    struct lk_name_result result;
    int error = 0;

    if (frame->type != LK_MESSAGE_NAME_LOOKUP)
        return -LK_ERR_UNEXPECTED;
    error = lk_name_lookup_decode(frame->payload, &lookup);
    if (error)
        return error;
    lk_name_find(lookup.name, &result);
    error = lk_name_result_encode(out, frame->request, &result);
    if (!error)
        error = lk_frame_send(link, lk_buf_view(out));
    lk_buf_reset(out);
    return error;
}

/* Both ends greet without waiting; then questions until the link closes. */
static int lk_names_run(int link)
{
    struct lk_hello hello = {.lowest = LK_PROTOCOL_VERSION_PREVIOUS,
                             .highest = LK_PROTOCOL_VERSION,
                             .role = LK_SOCKET_NAMES};
    LK_CLEANUP(lk_buf_clear) struct lk_buf in = LK_BUF_INIT(LK_FRAME_MAX);
    LK_CLEANUP(lk_buf_clear) struct lk_buf out = LK_BUF_INIT(LK_FRAME_MAX);
    bool greeted = false;
    int error = lk_hello_encode(&out, &hello);

    if (!error)
        error = lk_frame_send(link, lk_buf_view(&out));
    lk_buf_reset(&out);
    while (!error) {
        struct lk_frame frame;
        size_t size = 0;
        uint16_t version = 0;

        error = lk_frame_receive(link, &in, -1, &frame, &size);
        if (!error && greeted) {
            error = lk_names_frame(link, &out, &frame);
        } else if (!error) {
            error = frame.type == LK_MESSAGE_HELLO ? lk_hello_decode(frame.payload, &hello)
                                                   : -LK_ERR_UNEXPECTED;
            if (!error && hello.role != LK_SOCKET_NAMES)
                error = -LK_ERR_UNEXPECTED;
            if (!error)
                error = lk_hello_agree(&hello, &version);
            greeted = true;
        }
        if (!error)
            lk_buf_consume(&in, size);
    }
    return error == -LK_ERR_CLOSED ? 0 : error;
}

static int lk_names_failed(const char *what, const char *why)
{
    fprintf(stderr, "latchkey-names: %s: %s\n", what, why);
    return 1;
}

/* Digits and nothing else, at most six of them; -1 if not. */
static int lk_names_descriptor(const char *text)
{
    size_t len = strspn(text, "0123456789");
    int number = 0;

    if (len == 0 || len > 6 || text[len] != '\0')
        return -1;
    for (; *text != '\0'; text++)
        number = number * 10 + (*text - '0');
    return number;
}

int main(int argc, char **argv)
{
    int link = -1;
    int error = 0;

    if (argc == 3 && strcmp(argv[1], "--link") == 0)
        link = lk_names_descriptor(argv[2]);
    if (link < 0) {
        fprintf(stderr,
                "latchkey-names: is started by latchkeyd; usage: latchkey-names --link FD\n");
        return 2;
    }
    if (fcntl(link, F_SETFD, FD_CLOEXEC) != 0)
        return lk_names_failed("--link", strerror(errno));
    /* If the parent died before this call, its end of the link is closed and the loop ends at once. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
        return lk_names_failed("prctl", strerror(errno));
    error = lk_sandbox_enter(&lk_sandbox_names);
    if (error)
        return lk_names_failed("sandbox", lk_error_text(error));
    error = lk_names_run(link);
    return error ? lk_names_failed("link", lk_error_text(error)) : 0;
}
