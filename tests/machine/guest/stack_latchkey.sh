# SPDX-License-Identifier: EUPL-1.2
# The project itself: its real install, launcher, broker, device process and module, each under its
# own user, with a password and a key asked for at each login. Sourced by guest.sh.
key_pin=123456
wrong_pin=654321

# Long enough for an emulated processor to come to its end, and short where the end is the time itself.
write_configuration() { # SECONDS
    mkdir -p /etc/latchkey
    printf '%s\n' '[organisation]' 'name = machine.example' '[policy]' "ceremony_seconds = $1" \
        >/etc/latchkey/latchkey.conf
}

install_project() {
    cmake --install "$LK_BUILD" --prefix /usr
    udevadm control --reload
}

latchkeyd_path() {
    local path
    for path in /usr/sbin/latchkeyd /usr/bin/latchkeyd /usr/libexec/latchkey/latchkeyd; do
        if [[ -x $path ]]; then printf '%s' "$path" && return 0; fi
    done
    return 1
}

start_broker() {
    local tries=0 path
    path=$(latchkeyd_path) || { echo 'latchkeyd is not installed'; return 1; }
    "$path" >"$scratch/log.latchkeyd" 2>&1 &
    broker_pid=$!
    until [[ -S /run/latchkey/host && -S /run/latchkey/desk ]]; do
        kill -0 "$broker_pid" && ((++tries < 100)) || { cat "$scratch/log.latchkeyd"; return 1; }
        sleep 0.1
    done
}

# Each part runs as the user that the design gives it, and only the launcher as root.
process_runs_as() { # PROGRAM USER
    ps -e -o user:32=,comm=,args= | awk -v program="$1" -v user="$2" \
        'index($3, program) { seen = 1; if ($1 != user) wrong = 1 } END { exit !(seen && !wrong) }'
}

node_belongs_to_device_user() {
    local node
    node=$(key_nodes | head -n 1)
    # The node is readable for the device user by group or owner, and for nobody else.
    setpriv --reuid latchkey-device --regid latchkey-device --init-groups test -r "$node" -a -w "$node" &&
        ! setpriv --reuid bob --regid bob --init-groups test -r "$node"
}

# desk WORD...: one command of the desk by root, PINs typed, keys touched by themselves.
desk() {
    timeout 60 expect -f "$machine_folder/guest/desk.exp" "$key_pin" "$(when_blinking operators touch now)" \
        latchkey "$@" </dev/null
}

enrol_everybody() {
    check init 'latchkey init --one-key' desk init --one-key operator
    keys_plugged operators alices
    key_say operators touch wait >/dev/null
    check enrol-alice 'latchkey enroll alice' desk enroll alice
    keys_plugged operators others
    check enrol-bob "latchkey enroll bob, the holder of the other key" desk enroll bob
}

accepted_with_key() {
    local way
    need right-key keys_plugged alices
    for way in console sudo su; do
        expect_login accepted "$way" "$way, password, key and PIN" "$way" alice "$LK_PASSWORD" "$key_pin"
        expect_login refused "$way-wrong-pin" "$way, wrong PIN" "$way" alice "$LK_PASSWORD" "$wrong_pin" '' \
            'PIN of the security key is wrong'
    done
}

pulled_in_mid_prompt() {
    local way
    for way in console sudo su; do
        need "plug-$way" keys_plugged alices
        key_say alices touch wait >/dev/null
        expect_login refused "$way-pulled" "$way, key pulled out while it blinks" "$way" alice "$LK_PASSWORD" \
            "$key_pin" "$(when_blinking alices unplug)" 'pulled out too early|No security key was found'
    done
    key_say alices touch auto >/dev/null
}

refused_without_key() {
    local way
    need no-keys keys_plugged
    for way in console sudo su; do
        expect_login refused "$way-none" "$way, no key" "$way" alice "$LK_PASSWORD" "$key_pin" '' \
            'No security key was found'
    done
}

refused_with_other_key() {
    local way
    need other-key keys_plugged others
    for way in console sudo su; do
        expect_login refused "$way-other" "$way, bob's enrolled key" "$way" alice "$LK_PASSWORD" "$key_pin" '' \
            'does not open this account'
    done
}

# sshd is remote whatever address it sees: told so in words, and the key is not even spoken to.
refused_over_ssh() {
    local before after
    need ssh-key keys_plugged alices
    before=$(key_say alices counters)
    expect_login refused ssh 'ssh, with the key plugged in' ssh alice "$LK_PASSWORD" "$key_pin" '' \
        'remote session cannot use the security key'
    after=$(key_say alices counters)
    check ssh-no-touch 'and the key saw nothing of it' test "$before" = "$after"
}

run_stack() {
    write_configuration 15
    check install 'cmake --install into /usr' install_project
    need broker start_broker
    start_sshd
    write_pam_files 'auth required pam_unix.so nodelay
auth required pam_latchkey.so'
    need operator-key key_make operators "$key_pin"
    need agent-key key_make alices "$key_pin"
    need other-agent-key key_make others "$key_pin"
    need one-key keys_plugged operators
    check node-mode "the key's node is for latchkey-device alone" node_belongs_to_device_user
    enrol_everybody
    accepted_with_key
    refused_over_ssh
    write_configuration 5
    kill -HUP "$broker_pid"
    pulled_in_mid_prompt
    refused_without_key
    refused_with_other_key
    check users-broker 'the broker runs as latchkey' process_runs_as latchkeyd-broker latchkey
    check users-device 'the device process runs as latchkey-device' process_runs_as latchkey-device latchkey-device
}
