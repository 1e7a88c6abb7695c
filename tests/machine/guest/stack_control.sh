# SPDX-License-Identifier: EUPL-1.2
# The control: the same machine, drivers and key with Debian's pam_unix and pam_u2f. It shows that
# the drivers tell an accepted login from a refused one, and that the key on /dev/uhid is one for
# libfido2 as it is installed, before the project's module depends on either. Sourced by guest.sh.
control_pin=123456

control_password() {
    local way
    write_pam_files 'auth required pam_unix.so nodelay'
    for way in console sudo su ssh; do
        expect_login accepted "unix-$way" "$way, right password" "$way" alice "$LK_PASSWORD" ''
        expect_login refused "unix-$way-wrong" "$way, wrong password" "$way" alice 'wrong horse' ''
    done
}

# A driver that always said "refused" would pass every refusal: here nothing is refused.
control_open_door() {
    write_pam_files 'auth required pam_permit.so'
    expect_login accepted open-sudo 'a stack that asks nothing lets in, and is seen to' sudo alice '' ''
}

control_enrol() {
    pamu2fcfg -u alice -o pam://latchkey-guest -i pam://latchkey-guest -N <<<"$control_pin" >"$scratch/authfile" &&
        grep -q '^alice:' "$scratch/authfile"
}

control_key() {
    local way
    write_pam_files "auth required pam_unix.so nodelay
auth required pam_u2f.so authfile=$scratch/authfile origin=pam://latchkey-guest appid=pam://latchkey-guest cue"
    for way in console sudo su ssh; do
        expect_login accepted "u2f-$way" "$way, password, key and PIN" "$way" alice "$LK_PASSWORD" "$control_pin"
    done
    expect_login refused u2f-wrong-pin 'sudo, wrong PIN' sudo alice "$LK_PASSWORD" 654321 '' 'enter the PIN'
    check u2f-retries 'the wrong PIN cost one try' test "$(key_field alices status retries)" = 7
    key_say alices touch wait >/dev/null
    expect_login accepted u2f-touch 'sudo, touched by hand' sudo alice "$LK_PASSWORD" "$control_pin" \
        "$(when_blinking alices touch now)"
    expect_login refused u2f-pulled 'sudo, key pulled out while it blinks' sudo alice "$LK_PASSWORD" \
        "$control_pin" "$(when_blinking alices unplug)" 'touch the (device|FIDO authenticator)'
    check u2f-unplugged 'and it is out' test "$(key_field alices status plugged)" = no
    expect_login refused u2f-none 'sudo, no key' sudo alice "$LK_PASSWORD" "$control_pin"
    need other-key keys_plugged others
    expect_login refused u2f-other 'sudo, another key' sudo alice "$LK_PASSWORD" "$control_pin"
}

run_stack() {
    start_sshd
    control_password
    control_open_door
    need keys keys_make "$control_pin" alices others
    need one-key keys_plugged alices
    check enrol 'pamu2fcfg enrols the key' control_enrol
    control_key
}
