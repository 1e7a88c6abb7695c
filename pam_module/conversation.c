/* SPDX-License-Identifier: EUPL-1.2 */
/* The conversation. What comes back is made by the host program, and hosts differ: some return success without an
 * answer, some set only the first answer, some answer what nobody asked. So the answer starts as NULL, is looked at once, wiped to a bounded
 * length, and given back to the heap it came from. */
#include "pam_module/conversation.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

/* The answer belongs to us once the host has returned success; after an error it is not touched. */
static void lk_conversation_release(struct pam_response *response)
{
    if (response == NULL)
        return;
    if (response->resp != NULL) {
        lk_wipe(response->resp, strnlen(response->resp, PAM_MAX_RESP_SIZE));
        free(response->resp);
    }
    free(response);
}

static struct pam_response *lk_conversation_call(const struct lk_conversation *conversation,
                                                 int style, const char *text)
{
    const struct pam_message message = {.msg_style = style, .msg = text};
    const struct pam_message *list[1] = {&message};
    struct pam_response *response = NULL;

    if (conversation->conv == NULL || conversation->conv->conv == NULL)
        return NULL;
    if (conversation->conv->conv(1, list, &response, conversation->conv->appdata_ptr) !=
        PAM_SUCCESS)
        return NULL;
    return response;
}

void lk_conversation_show(const struct lk_conversation *conversation, int style, const char *text)
{
    if (!conversation->silent)
        lk_conversation_release(lk_conversation_call(conversation, style, text));
}

int lk_conversation_ask(const struct lk_conversation *conversation, const char *text,
                        struct lk_buf *ret_reply)
{
    struct pam_response *response = lk_conversation_call(conversation, PAM_PROMPT_ECHO_OFF, text);
    int r = -LK_ERR_BUSY;

    if (response != NULL && response->resp != NULL && response->resp[0] != '\0') {
        size_t len = strnlen(response->resp, PAM_MAX_RESP_SIZE);

        lk_buf_put_bytes(ret_reply, response->resp, len);
        r = lk_buf_error(ret_reply);
    }
    lk_conversation_release(response);
    return r;
}
