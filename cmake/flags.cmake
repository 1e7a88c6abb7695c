# SPDX-License-Identifier: EUPL-1.2
# Flags of every target: dialect, warnings, hardening, sanitizers.
include(CheckCCompilerFlag)

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# The module linked into a host must find nothing of this build tree.
set(CMAKE_SKIP_RPATH ON)

add_compile_definitions(_GNU_SOURCE)
add_compile_options(
    -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes
    -Wvla -Wundef -Wcast-qual -Wwrite-strings)
# snprintf into fixed room is how a text for people is cut to its maximum; what must not be cut is copied with lk_text_copy.
if(CMAKE_C_COMPILER_ID STREQUAL GNU)
    add_compile_options(-Wno-format-truncation)
endif()
if(LK_WERROR)
    add_compile_options(-Werror)
endif()

add_compile_options(-fno-strict-aliasing -fno-common -fstack-protector-strong)
foreach(flag -fstack-clash-protection -fcf-protection)
    string(MAKE_C_IDENTIFIER "LK_HAVE${flag}" known)
    check_c_compiler_flag(${flag} ${known})
    if(${known})
        add_compile_options(${flag})
    endif()
endforeach()
add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed)
add_link_options($<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-pie>)

if(LK_SANITIZE)
    add_compile_options(-fsanitize=${LK_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${LK_SANITIZE})
    # Widens the sandbox by the one row that the sanitizers need (core/sandbox).
    add_compile_definitions(LK_SANITIZED=1)
else()
    # -O is what makes _FORTIFY_SOURCE work; the sanitizers have interceptors of their own for the same calls.
    add_compile_options($<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE> $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>)
endif()
if(LK_FUZZ)
    if(NOT CMAKE_C_COMPILER_ID MATCHES Clang)
        message(FATAL_ERROR "LK_FUZZ needs clang: configure with -DCMAKE_C_COMPILER=clang")
    endif()
    add_compile_options(-fsanitize=fuzzer-no-link)
    add_compile_definitions(LK_FUZZ=1)
endif()
