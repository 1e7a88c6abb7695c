# SPDX-License-Identifier: EUPL-1.2
# Whole logins at the gateway, and tests of the load by itself.
set(load sso_http.c sso_visit.c sso_load.c population.c ${broker}/house.c ${CMAKE_SOURCE_DIR}/tests/unit/test_key.c)
set(load_includes ${broker} ${CMAKE_SOURCE_DIR}/tests/unit)

if(TARGET latchkey-sso)
    lk_program(bench_sso TEST_ONLY SOURCES sso_main.c sso_gateway.c sso_measure.c sso_token.c ${load}
        USES base message model crypto json wire verify store register LIBS openssl fido2 crypt Threads::Threads INCLUDES ${load_includes})
    add_dependencies(bench_sso latchkeyd pam_latchkey latchkey-sso latchkey-sso-issuer latchkey-sso-web latchkey-sso-worker latchkey-sso-notify)
    # With a sanitizer the module would have to run in a sanitized worker.
    if(NOT LK_FUZZ AND NOT LK_SANITIZE)
        add_test(NAME bench/sso COMMAND "${CMAKE_CURRENT_SOURCE_DIR}/sso" --build=${CMAKE_BINARY_DIR} --smoke)
        lk_test_environment(bench/sso)
        set_tests_properties(bench/sso PROPERTIES LABELS "bench-smoke;release-only;sso" TIMEOUT 120)
    endif()
endif()

if(NOT LK_FUZZ)
    lk_program(test_bench_sso TEST_ONLY SOURCES sso_test.c ${load}
        USES base message model crypto wire verify store register LIBS cmocka openssl fido2 Threads::Threads INCLUDES ${load_includes})
    add_test(NAME bench/sso-load COMMAND test_bench_sso)
    lk_test_environment(bench/sso-load)
    set_tests_properties(bench/sso-load PROPERTIES LABELS "bench-smoke;unit" TIMEOUT 60)
endif()
