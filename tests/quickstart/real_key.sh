# SPDX-License-Identifier: EUPL-1.2
# shellcheck shell=bash
# Rows with a real key, where one is plugged in and a person sits at the terminal who agrees. The key becomes a second key of the agent: one credential
# for hosts, of a relying party that ends with the run. That credential is not resident: it takes no place on the key. PIN and all else stay as they are, and a key
# without a PIN is left alone, because the desk would give it one. The shipped opener finds it, so software keys rest meanwhile. Sourced by table.
# Sets real_key: none, declined, used.

real_key=none

# Nodes of keys, one a line.
real_keys() {
    local descriptor node
    for descriptor in /sys/class/hidraw/*/device/report_descriptor; do
        [ -r "$descriptor" ] || continue
        # Usage page 0xF1D0 (FIDO alliance), as in CTAP 2.1 section 11.2.8.2.
        [ "$(head -c 3 "$descriptor" | od -An -tx1 | tr -d ' \n')" = 06d0f1 ] || continue
        node=${descriptor#/sys/class/hidraw/}
        echo "/dev/${node%%/*}"
    done
}

# real_key_fits NODE: it can be used as it is. Otherwise says why not.
real_key_fits() {
    local told options tries
    if ! [ -r "$1" ] || ! [ -w "$1" ]; then
        echo "$1 is not for this account (udev gives it to whoever sits at the machine, and to root)."
        return 1
    fi
    if ! command -v fido2-token >/dev/null || ! told=$(fido2-token -I "$1" 2>/dev/null); then
        echo 'It does not answer, or another program is using it.'
        return 1
    fi
    options=$(sed -n 's/^options: //p' <<<"$told")
    if [[ ", $options," != *', clientPin,'* ]]; then
        echo 'It has no PIN. Logins need one, and the quickstart sets none.'
        return 1
    fi
    tries=$(sed -n 's/^pin retries: //p' <<<"$told")
    if [[ $tries =~ ^[0-9]+$ ]] && [ "$tries" -le 3 ]; then
        echo "Only $tries tries of its PIN are left."
        return 1
    fi
}

# Sets real_key; asks.
real_key_agreed() {
    local nodes node name why answer=
    mapfile -t nodes < <(real_keys)
    [ "${#nodes[@]}" != 0 ] || return 0
    real_key=declined
    if [ "$software_keys" = yes ]; then
        note 'A security key is plugged in; as --software-keys says, it is left alone.'
        return 0
    fi
    if ! [ -t 0 ] || ! [ -t 2 ]; then
        note 'A security key is plugged in; nobody sits at a terminal to touch it, so software keys are used alone.'
        return 0
    fi
    if [ "${#nodes[@]}" != 1 ]; then
        note 'Several security keys are plugged in: leave one in if it is to be tried. Software keys are used alone.'
        return 0
    fi
    node=${nodes[0]}
    name=$(sed -n 's/^HID_NAME=//p' "/sys/class/hidraw/${node#/dev/}/device/uevent" | tr -cd '[:print:]')
    if ! why=$(real_key_fits "$node"); then
        note "A security key is plugged in: ${name:-$node}. $why Software keys are used alone."
        return 0
    fi
    cat <<TEXT

A security key is plugged in: $bold${name:-$node}$plain
The first rows can be made with it. It is asked for its PIN and a touch four times. One credential is made on it for the throw-away organisation
quickstart.example; it takes no place on the key. Its PIN and everything else on it stay as they are. (--software-keys: never ask.)
TEXT
    read -r -p 'Use it? [y/N] ' answer || true
    case "$answer" in [yY] | [yY]es) real_key=used ;; *) note 'Software keys are used alone.' ;; esac
}

# A login with the key in hand: the password comes from the file, the PIN from the person.
real_login() {
    { "$build/bin/latchkey-pam-try" --confdir "$state/pam.d" --user "$agent" --password-file "$state/password" quickstart 2>&1 >&3 |
        tee "$state/login.err" >&2; } 3>"$state/verdict" || true
    verdict=$(<"$state/verdict")
}

# With the shipped opener, and the time that a person needs.
real_broker() {
    stop_broker
    ceremony 30
    start_broker shipped
}

test_broker() {
    stop_broker
    ceremony "$ceremony_seconds"
    start_broker
}

# Identifier of the agent's newest credential.
real_credential() {
    latchkey --json list "$agent" | awk -F'"' '/"id":/ { id = $4 } END { print id }'
}

# enrol_real_key: the person touches twice; false if nothing came of it.
enrol_real_key() {
    printf '\n%sYour key becomes a second key of %s:%s\n' "$bold" "$agent" "$plain"
    latchkey enroll "$agent" --host-only --leave-pending
}

real_key_rows() {
    local id
    [ "$real_key" = used ] || return 0
    plugged
    real_broker
    if ! enrol_real_key; then
        note 'Nothing came of it (see above); software keys are used alone.'
        real_key=declined
        test_broker
        return 0
    fi
    id=$(real_credential)
    # The operator's key is a software key.
    test_broker
    desk anna endorse --all
    plugged
    real_broker
    printf '\n%sAn operator signed it.%s The first login:\n' "$bold" "$plain"
    real_login
    head_row 'Host, your own key' 'a login through libpam with ...'
    row 'the password and your key' yes "$(told)"
    test_broker
    desk anna report-lost "$agent" "$id"
    plugged
    real_broker
    printf '\n%sReported lost.%s The same once more:\n' "$bold" "$plain"
    real_login
    row 'the password and your key, after it was reported lost' no "$(explain_credential "$id")"
    test_broker
}

# What `explain` says of one credential: the reason.
explain_credential() {
    latchkey --json explain "$1" 2>/dev/null | awk -F'"' '/"E_/ { print $2; exit }'
}
