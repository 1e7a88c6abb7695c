/* SPDX-License-Identifier: EUPL-1.2 */
/* The smallest PAM host: one process, one pam_authenticate, as a login, sudo or a lock screen would do it. For tests/bench/login.
 *
 *   bench_login_host CONFDIR SERVICE USER      exit status 0 = PAM_SUCCESS, 1 = anything else, 2 = usage
 *
 * Where descriptor 3 is open it gets struct bench_stamps at the end: when main began, when pam_start came back, when the stack first said something
 * to the person, when pam_authenticate came back. Nanoseconds of CLOCK_MONOTONIC. */
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

static struct bench_stamps stamps;

/* Without PIN nobody is asked anything: a question is the wrong bench. */
static int converse(int count, const struct pam_message **messages,
                    struct pam_response **ret_responses, void *context)
{
    struct pam_response *responses;

    (void)context;
    if (stamps.message == 0)
        stamps.message = bench_now();
    for (int i = 0; i < count; i++) {
        if (messages[i]->msg_style != PAM_TEXT_INFO && messages[i]->msg_style != PAM_ERROR_MSG)
            return PAM_CONV_ERR;
    }
    responses = calloc((size_t)(count > 0 ? count : 1), sizeof(*responses));
    if (responses == NULL)
        return PAM_BUF_ERR;
    *ret_responses = responses;
    return PAM_SUCCESS;
}

/* A refusal is not made slow here: a host waits after it, two seconds by default, and that is not what is measured. */
static void no_delay(int result, unsigned microseconds, void *context)
{
    (void)result;
    (void)microseconds;
    (void)context;
}

int main(int argc, char **argv)
{
    const struct pam_conv conversation = {converse, NULL};
    pam_handle_t *handle = NULL;
    int result;

    stamps.main = bench_now();
    if (argc != 4)
        return 2;
    result = pam_start_confdir(argv[2], argv[3], &conversation, argv[1], &handle);
    stamps.started = bench_now();
    if (result == PAM_SUCCESS)
        result = pam_set_item(handle, PAM_FAIL_DELAY, (const void *)(uintptr_t)no_delay);
    if (result == PAM_SUCCESS)
        result = pam_authenticate(handle, 0);
    stamps.done = bench_now();
    if (handle != NULL)
        (void)pam_end(handle, result);
    if (write(BENCH_STAMPS_FD, &stamps, sizeof(stamps)) < 0)
        return result == PAM_SUCCESS ? 0 : 1;
    return result == PAM_SUCCESS ? 0 : 1;
}
