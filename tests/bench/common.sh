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

# Milliseconds of one 4 KiB write that is on the disk, mean of 50: how busy the disk is decides how long a durable log takes.
durable_write() {
    local file
    file=$(mktemp "$1/write.XXXXXX")
    dd if=/dev/zero of="$file" bs=4096 count=50 oflag=dsync 2>&1 |
        awk '/copied/ { for (i = 1; i < NF; i++) if ($(i + 1) ~ /^s,?$/) printf "%.2f ms", $i / 50 * 1000 }'
    rm -f "$file"
}

# Processor time that a virtual machine was owed and did not get, since boot, in ticks of 10 ms: whoever else is on the host has it.
stolen() {
    awk '/^cpu / { print $9 }' /proc/stat
}

print_after() {
    printf '\nafter    load %s, a durable write of 4 KiB %s, processors taken by the host for %s ms\n' \
        "$(cut -d' ' -f1-3 /proc/loadavg)" "$(durable_write "$1")" "$((($(stolen) - stolen_before) * 10))"
}

print_machine() {
    local name
    stolen_before=$(stolen)
    printf 'command  %s\n' "$1"
    printf 'machine  %s, %s cores, %s MiB, load %s\n' \
        "$(awk -F': ' '/^model name/ { print $2; exit }' /proc/cpuinfo)" "$(nproc)" \
        "$(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo)" "$(cut -d' ' -f1-3 /proc/loadavg)"
    printf 'system   %s, kernel %s, state folder on %s, a durable write of 4 KiB %s\n' \
        "$(. /etc/os-release && echo "$PRETTY_NAME")" "$(uname -r | cut -d- -f1)" "$(stat -f -c %T "$2")" "$(durable_write "$2")"
    printf 'with    '
    for name in libc6 libpam0g libssl3 libfido2-1 libcbor0 libsqlite3-0 libpam-u2f; do
        printf ' %s,' "$(library "$name")"
    done
    printf '\nbuild    %s\n' "$(sed -n 's/^CMAKE_BUILD_TYPE:[A-Z]*=//p' "$build/CMakeCache.txt")"
}
