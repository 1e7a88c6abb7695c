# SPDX-License-Identifier: EUPL-1.2
# The project itself as it is shipped: its install, its users, its recipes for PAM, its example configuration; launcher, broker and
# device process under their own users; password and key asked for at each login. Sourced by guest.sh.
key_pin=123456
wrong_pin=654321
examples=/usr/share/doc/latchkey/examples

# As sysusers.d(5) says; by hand where nothing reads that format.
add_users() {
    local type name _
    if command -v systemd-sysusers >/dev/null; then
        systemd-sysusers /usr/lib/sysusers.d/latchkey.conf
        return
    fi
    while read -r type name _; do
        case $type in
        u) useradd --system --no-create-home --shell /usr/sbin/nologin "$name" ;;
        g) groupadd --system "$name" ;;
        esac || return 1
    done </usr/lib/sysusers.d/latchkey.conf
}

install_project() {
    cmake --install "$LK_BUILD" --prefix /usr && add_users && udevadm control --reload
}

# The example, whose last section is [policy].
write_configuration() { # SECONDS
    mkdir -p /etc/latchkey
    # The tables that are installed; the software key is no model of theirs.
    sed 's/^\[policy\]$/[models]\nunattested = note\nunknown_model = note\n\n[policy]/' "$examples/latchkey.conf" >/etc/latchkey/latchkey.conf
    printf 'ceremony_seconds = %s\n' "$1" >>/etc/latchkey/latchkey.conf
}

# The recipes, over common files that ask for a password. Left out: the three seconds that login waits after a refusal.
write_recipes() {
    local service part
    for service in login sudo su; do
        sed '/pam_faildelay/d' "$examples/pam.d/$service" >"/etc/pam.d/$service"
    done
    printf '%s\n' 'auth required pam_latchkey.so' '@include common-auth' '@include common-account' \
        '@include common-session' >/etc/pam.d/sshd
    for part in auth account session password; do
        printf '%s required pam_unix.so\n' "$part" >"/etc/pam.d/common-$part"
    done
    sed -i 's/$/ nodelay/' /etc/pam.d/common-auth
    cp /etc/pam.d/common-session /etc/pam.d/common-session-noninteractive
}

start_broker() {
    local tries=0
    /usr/libexec/latchkey/latchkeyd >"$scratch/log.latchkeyd" 2>&1 &
    broker_pid=$!
    until [[ -S /run/latchkey/host && -S /run/latchkey/desk ]]; do
        kill -0 "$broker_pid" && ((++tries < 100)) || { cat "$scratch/log.latchkeyd"; return 1; }
        sleep 0.1
    done
}

# One line a process of the project: user, seccomp=MODE, caps=EFFECTIVE, its words. Mode 2 is a list of system calls.
# Without a program for each process: here they are slow.
processes() {
    local folder name value
    local -a words
    local -A status
    for folder in /proc/[0-9]*; do
        # It may have ended meanwhile.
        if [[ ! -r $folder/cmdline ]]; then continue; fi
        mapfile -d '' -t words <"$folder/cmdline"
        if [[ ! ${words[0]:-} =~ (^|/)latchkey(d|-names|-device)$ ]]; then continue; fi
        status=()
        while read -r name value _; do status[$name]=$value; done <"$folder/status"
        printf '%s seccomp=%s caps=%s %s \n' "$(stat -c %U "$folder")" "${status[Seccomp:]}" "${status[CapEff:]}" "${words[*]}"
    done
}

# process_count NUMBER|some USER WORDS: so many locked-in processes of that user, and all with these words are among them.
process_count() {
    local all fitting
    all=$(grep -cE -- "caps=[0-9a-f]+ .*$3" "$scratch/processes" || true)
    fitting=$(grep -cE -- "^$2 seccomp=2 caps=0+ .*$3" "$scratch/processes" || true)
    cat "$scratch/processes"
    if [[ $1 == some ]]; then ((fitting > 0 && all == fitting)); else ((fitting == $1 && all == $1)); fi
}

only_launcher_is_root() {
    cat "$scratch/processes"
    [[ $(grep -c '^root ' "$scratch/processes") -eq 1 ]] && grep -qE '^root .*/latchkeyd $' "$scratch/processes"
}

check_processes() {
    processes >"$scratch/processes"
    check process-root 'only the launcher is root' only_launcher_is_root
    check process-broker 'the broker is latchkey, without capabilities, filtered' process_count 1 latchkey ' --broker '
    check process-names 'the names process is latchkey-names, filtered' process_count 1 latchkey-names 'latchkey-names '
    check process-opener 'the opener is latchkey-device, filtered' process_count 1 latchkey-device \
        'latchkey-device .*--pool'
    check process-talker 'so are the talkers' process_count some latchkey-device ' --talker'
}

as_user() { # USER COMMAND...
    setpriv --reuid "$1" --regid "$1" --init-groups --reset-env "${@:2}"
}

# The node is readable and writable for the device user and for nobody else.
node_belongs_to_device_user() {
    local node user
    node=$(key_nodes | head -n 1)
    ls -l "$node"
    as_user latchkey-device sh -c ': <>"$1"' sh "$node" || return 1
    for user in bob alice latchkey latchkey-names; do
        if as_user "$user" sh -c ': <"$1"' sh "$node" 2>/dev/null; then echo "$user reads $node" && return 1; fi
    done
}

state_is_closed() {
    ls -ldn /var/lib/latchkey /run/latchkey /run/latchkey/*
    [[ $(stat -c '%U %a' /var/lib/latchkey) == 'latchkey 700' && $(stat -c '%U %a' /run/latchkey) == 'root 755' ]] &&
        ! as_user bob latchkey status
}

desk() {
    timeout 60 latchkey --pin-file "$scratch/pin" --yes "$@" </dev/null
}

# Each credential waits for the operator, whose key is the only one plugged in when it signs.
enrol_everybody() {
    (umask 077 && printf '%s\n' "$key_pin" >"$scratch/pin")
    check init 'init --one-key' desk init --one-key --name operator
    need plug-alice keys_plugged alices
    check enrol-alice 'enroll alice' desk enroll alice --leave-pending
    expect_login refused pending 'sudo, enrolled and not endorsed yet' sudo alice "$LK_PASSWORD" "$key_pin"
    need plug-bob keys_plugged others
    check enrol-bob 'enroll bob, the holder of the other key' desk enroll bob --leave-pending
    need plug-operator keys_plugged operators
    check endorse "both endorsed with one touch of the operator's key" desk endorse --all
}

accepted_with_key() {
    local way
    need right-key keys_plugged alices
    for way in console sudo su; do
        expect_login refused "$way-wrong-pin" "$way, wrong PIN" "$way" alice "$LK_PASSWORD" "$wrong_pin" '' \
            'PIN of the security key is wrong'
        check "$way-tries" 'and it cost one try' test "$(key_field alices status retries)" = 7
        expect_login accepted "$way" "$way, password, key and PIN" "$way" alice "$LK_PASSWORD" "$key_pin"
    done
    expect_login refused key-alone 'sudo, key and PIN, wrong password' sudo alice 'wrong horse' "$key_pin"
}

# sshd is remote whatever address it sees: told so in words, and the key is not even spoken to.
refused_over_ssh() {
    local before after
    before=$(key_say alices counters)
    expect_login refused ssh 'ssh, with the key plugged in' ssh alice "$LK_PASSWORD" "$key_pin" '' \
        'remote session cannot use the security key'
    after=$(key_say alices counters)
    check ssh-no-touch "and the key was not spoken to: $after" test "$before" = "$after"
}

given_up() {
    key_say alices touch wait >/dev/null
    expect_login refused given-up 'sudo, Ctrl-C while the key blinks' sudo alice "$LK_PASSWORD" "$key_pin" '' \
        'Touch the blinking' stop
    check dark 'and the key stops blinking' key_dark alices
    expect_login accepted touched 'sudo, touched by hand' sudo alice "$LK_PASSWORD" "$key_pin" \
        "$(when_blinking alices touch now)"
}

# To the end of the time on the console, where Ctrl-C does nothing; on the others given up once the words were read.
refused_everywhere() { # NAME TEXT WORDS END [AT-TOUCH]
    local way
    for way in console sudo su; do
        if [[ -n ${5:-} ]]; then need "plug-$way" keys_plugged alices; fi
        if [[ $way == console ]]; then
            expect_login refused "$way-$1" "$way, $2" "$way" alice "$LK_PASSWORD" "$key_pin" "${5:-}" "$4"
        else
            expect_login refused "$way-$1" "$way, $2" "$way" alice "$LK_PASSWORD" "$key_pin" "${5:-}" "$3" stop
        fi
    done
}

refused_with_wrong_keys() {
    refused_everywhere pulled 'key pulled out while it blinks' 'was pulled out' 'pulled out too early' \
        "$(when_blinking alices unplug)"
    key_say alices touch auto >/dev/null
    need no-key keys_plugged
    refused_everywhere none 'no key' 'Plug in your security key' 'No security key was found'
    need other-key keys_plugged others
    refused_everywhere other "bob's enrolled key" 'does not open this account' 'does not open this account'
    check other-untouched 'which was never asked for its PIN' test "$(key_field others status retries)" = 8
}

# The quickstart beside all this, in a folder of its own: a key that is somebody's becomes part of it and is afterwards what it was.
quickstart_with_real_key() {
    expect -f "$machine_folder/guest/quickstart.exp" "$LK_PROJECT/tests/quickstart/table" "$LK_BUILD" "$key_pin"
}

# quickstart_left CREDENTIALS: the PIN and what the key holds are those of before, and it was asked for one credential.
quickstart_left() {
    local now
    now=$(key_say others dump-credentials)
    printf '%s\n' "$1" "$now"
    key_say others counters
    [[ $now == "$1" && $(key_field others status retries) == 8 && $(key_field others status pin) == set ]] || return 1
    [[ $(key_field others counters make-credential) == 1 ]]
}

# Where nobody can touch it, a key is left alone.
quickstart_without_person() {
    local said status=0
    said=$("$LK_PROJECT/tests/quickstart/table" "--build=$LK_BUILD" --only=real-key 2>&1 </dev/null) || status=$?
    printf '%s\n' "$said"
    [[ $status == 3 && $said == *'nobody sits'* ]]
}

check_quickstart() {
    local held
    key_say others counters reset >/dev/null
    held=$(key_say others dump-credentials)
    check quickstart-nobody 'the quickstart uses no real key where nobody sits' quickstart_without_person
    check quickstart "the quickstart's rows with a real key" quickstart_with_real_key
    check quickstart-left 'and the key is what it was' quickstart_left "$held"
}

run_stack() {
    check install 'cmake --install into /usr, users of sysusers.d' install_project
    write_configuration 30
    write_recipes
    need broker start_broker
    check state 'the store is for the broker alone, the desk not for bob' state_is_closed
    need sshd start_sshd
    need keys keys_make "$key_pin" operators alices others
    need one-key keys_plugged operators
    check node-mode "the key's node is for latchkey-device alone" node_belongs_to_device_user
    enrol_everybody
    accepted_with_key
    refused_over_ssh
    given_up
    write_configuration 5
    need reload kill -HUP "$broker_pid"
    refused_with_wrong_keys
    need right-key-again keys_plugged alices
    expect_login accepted again 'sudo, the right key after all that' sudo alice "$LK_PASSWORD" "$key_pin"
    check_processes
    need real-key keys_plugged others
    check_quickstart
}
