# SPDX-License-Identifier: EUPL-1.2
# shellcheck shell=bash
# What both benchmarks print first: the command and the machine, so that a figure never stands without them. Sourced.

# version_of PACKAGE: what Debian calls it, or "-".
version_of() {
    dpkg-query -W -f '${Version}' "$1" 2>/dev/null || echo -
}

# The installed package whose name begins so: library packages carry the ABI in their names.
library() {
    local package
    package=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "$1*" 2>/dev/null | awk '$1 == "ii" { print $2; exit }')
    [ -n "$package" ] && printf '%s %s' "$package" "$(version_of "$package")"
}

print_machine() {
    local name
    printf 'command  %s\n' "$1"
    printf 'machine  %s, %s cores, %s MiB, load before %s\n' \
        "$(awk -F': ' '/^model name/ { print $2; exit }' /proc/cpuinfo)" "$(nproc)" \
        "$(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo)" "$(cut -d' ' -f1-3 /proc/loadavg)"
    printf 'system   %s, kernel %s, state folder on %s\n' "$(. /etc/os-release && echo "$PRETTY_NAME")" "$(uname -r | cut -d- -f1)" \
        "$(stat -f -c %T "$2")"
    printf 'with    '
    for name in libc6 libpam0g libssl3 libfido2-1 libcbor0 libsqlite3-0 libpam-u2f; do
        printf ' %s,' "$(library "$name")"
    done
    printf '\nbuild    %s\n' "$(sed -n 's/^CMAKE_BUILD_TYPE:[A-Z]*=//p' "$build/CMakeCache.txt")"
}
