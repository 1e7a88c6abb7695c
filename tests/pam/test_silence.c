/* SPDX-License-Identifier: EUPL-1.2 */
/* A broker that has stopped: before its hello, and after the first event. The module ends by itself, in words. Slow, because it waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "model/reason.h"
#include "pam_host.h"

static void check(const struct fake_step *script, int64_t least_ms, int64_t most_ms)
{
    struct pam_host host = {0};
    int64_t before = lk_clock_monotonic_ms(&lk_clock_system);

    assert_int_equal(pam_host_run(&host, script), PAM_AUTHINFO_UNAVAIL);
    assert_in_range(lk_clock_monotonic_ms(&lk_clock_system) - before, least_ms, most_ms);
    assert_string_equal(pam_host_last(&host, PAM_ERROR_MSG),
                        lk_reason_text(LK_REASON_BROKER_UNAVAILABLE));
    assert_int_equal(host.broker.notes->connections, 1);
}

static void test_no_hello(void **state)
{
    static const struct fake_step script[] = {
        {.act = FAKE_ACCEPT}, {.act = FAKE_SLEEP, .value = 60000}, {.act = FAKE_END}};

    (void)state;
    check(script, 4900, 20000);
}

static void test_no_verdict(void **state)
{
    static const struct fake_step script[] = {
        HOST_BEGIN, HOST_TOUCH, {.act = FAKE_SLEEP, .value = 90000}, {.act = FAKE_END}};

    (void)state;
    check(script, 44900, 75000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_hello),
        cmocka_unit_test(test_no_verdict),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
