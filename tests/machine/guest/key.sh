# SPDX-License-Identifier: EUPL-1.2
# Keys on /dev/uhid: real hidraw devices whose other end is a program in the guest. Sourced by guest.sh.

# hidraw nodes that udev calls FIDO tokens, one a line: what `udevadm info` prints, found where udev keeps it.
key_nodes() {
    local file device
    for file in $(grep -lsx E:ID_FIDO_TOKEN=1 /run/udev/data/c* || true); do
        device=$(readlink "/sys/dev/char/${file##*/c}" || true)
        if [[ $device == */hidraw* ]]; then printf '/dev/%s\n' "${device##*/}"; fi
    done
}

key_count_is() { # NUMBER, within 8 s
    local tries=0
    local -a nodes
    until mapfile -t nodes < <(key_nodes) && ((${#nodes[@]} == $1)); do
        ((++tries < 40)) || return 1
        sleep 0.2
    done
}

# The head of a struct uhid_event of type UHID_CREATE2 (linux/uhid.h), packed: u32 type, name[128],
# phys[64], uniq[64], u16 size of the descriptor, u16 bus, u32 vendor, product, version, country, descriptor[4096].
mute_key_event() {
    local name='Mute key' descriptor
    # HID usage page 0xf1d0, usage 1: reports of 64 bytes each way (CTAP 2.1 section 11.2.8.2).
    descriptor='\x06\xd0\xf1\x09\x01\xa1\x01\x09\x20\x15\x00\x26\xff\x00\x75\x08\x95\x40\x81\x02'
    descriptor+='\x09\x21\x15\x00\x26\xff\x00\x75\x08\x95\x40\x91\x02\xc0'
    printf '\x0b\x00\x00\x00%s' "$name"
    head -c $((128 - ${#name} + 64 + 64)) /dev/zero
    printf '\x22\x00\x03\x00\x09\x12\x00\x00\x71\x50\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00'
    # shellcheck disable=SC2059 # the escapes are the bytes
    printf "$descriptor"
    head -c $((4096 - 34)) /dev/zero
}

# A key that is there and never answers a word; needs no program, only the open descriptor.
mute_key_plug() {
    exec {mute_key_fd}<>/dev/uhid
    mute_key_event >"$scratch/mute-key"
    dd if="$scratch/mute-key" bs=4376 count=1 iflag=fullblock status=none >&"$mute_key_fd"
    udevadm settle --timeout=10
}

mute_key_pull() {
    exec {mute_key_fd}>&-
    udevadm settle --timeout=10
}

mute_key_checks() {
    check hidraw-none 'no key is there before one is plugged in' key_count_is 0
    mute_key_plug
    check hidraw 'a key on /dev/uhid becomes a hidraw device with ID_FIDO_TOKEN' key_count_is 1
    mute_key_pull
    check hidraw-gone 'and goes when it is pulled out' key_count_is 0
}

key_program=$LK_BUILD/tests/softkey/lk_softkey
key_control_program=$LK_BUILD/tests/softkey/lk_softkey_control

# Software keys of these names with this PIN, plugged in. They start side by side; each program stays until power-off, and the
# key itself is pulled and plugged over its control socket.
keys_make() { # PIN NAME...
    local pin=$1 name tries=0
    shift
    for name in "$@"; do
        # Here and not only by the program's redirection: reading a file that is not there yet would end this shell.
        : >"$scratch/log.key.$name"
        "$key_program" --uhid --state "$scratch/key.$name" --control "$scratch/control.$name" --pin "$pin" \
            >"$scratch/log.key.$name" 2>&1 &
    done
    for name in "$@"; do
        until [[ $(<"$scratch/log.key.$name") == *ready* ]]; do
            ((++tries < 100)) || return 1
            sleep 0.2
        done
    done
}

key_say() { # NAME WORD...: prints the key's answer, fails when it says "error"
    "$key_control_program" "$scratch/control.$1" "${@:2}"
}

# Exactly the keys named are plugged in afterwards, as real nodes that udev has named.
keys_plugged() { # NAME...
    local name status
    for name in "$scratch"/control.*; do
        name=${name##*/control.}
        status=$(key_say "$name" status)
        if [[ " $* " == *" $name "* ]]; then
            [[ $status == *plugged=yes* ]] || key_say "$name" plug
        else
            [[ $status == *plugged=no* ]] || key_say "$name" unplug
        fi
    done >/dev/null
    key_count_is $#
}

key_field() { # NAME status|counters FIELD
    local answer
    answer=" $(key_say "$1" "$2") "
    answer=${answer#*" $3="}
    printf '%s' "${answer%% *}"
}

key_dark() { # NAME, within 2 s
    local tries=0
    until [[ $(key_say "$1" blinking) == 'ok no' ]]; do
        ((++tries < 20)) || return 1
        sleep 0.1
    done
}

# What a person does when the key blinks, as a command for expect_login: "touch now", "unplug" ...
when_blinking() { # NAME WORD...
    printf '%q ' /bin/bash "$machine_folder/guest/when_blinking" "$key_control_program" "$scratch/control.$1" "${@:2}"
}
