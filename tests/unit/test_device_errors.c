/* SPDX-License-Identifier: EUPL-1.2 */
/* The table of libfido2's errors: nothing but an answer is a success, and the reasons that guard a PIN are the right ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fido.h>

#include "device/talker/errors.h"

static void never_a_success(void **state)
{
    (void)state;
    for (int error = -300; error < 300; error++) {
        enum lk_reason reason = lk_fido_reason(error);

        assert_true(reason != LK_REASON_NONE);
        assert_true(lk_reason_known(reason));
    }
    assert_int_equal(lk_fido_reason(FIDO_OK), LK_REASON_KEY_FAILED);
}

static void the_ones_that_matter(void **state)
{
    static const struct {
        int error;
        enum lk_reason reason;
    } rows[] = {
        {FIDO_ERR_PIN_INVALID, LK_REASON_PIN_WRONG},
        {FIDO_ERR_PIN_BLOCKED, LK_REASON_PIN_BLOCKED},
        {FIDO_ERR_PIN_AUTH_BLOCKED, LK_REASON_PIN_REPLUG},
        {FIDO_ERR_NO_CREDENTIALS, LK_REASON_WRONG_KEY},
        {FIDO_ERR_CREDENTIAL_EXCLUDED, LK_REASON_KEY_EXCLUDED},
        {FIDO_ERR_KEY_STORE_FULL, LK_REASON_KEY_FULL},
        {FIDO_ERR_OPERATION_DENIED, LK_REASON_TOUCH_DENIED},
        {FIDO_ERR_USER_ACTION_TIMEOUT, LK_REASON_TIMEOUT},
        {FIDO_ERR_UNSUPPORTED_ALGORITHM, LK_REASON_KEY_UNSUPPORTED},
        {FIDO_ERR_UV_BLOCKED, LK_REASON_UV_FAILED},
        {FIDO_ERR_RX, LK_REASON_KEY_FAILED},
        {FIDO_ERR_RX_INVALID_CBOR, LK_REASON_KEY_FAILED},
        {FIDO_ERR_INTERNAL, LK_REASON_INTERNAL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(lk_fido_reason(rows[i].error), rows[i].reason);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_a_success),
        cmocka_unit_test(the_ones_that_matter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
