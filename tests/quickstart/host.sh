# SPDX-License-Identifier: EUPL-1.2
# shellcheck shell=bash
# The host's rows: a private organisation, real passwords (pam_pwdfile), the real module, broker and device process. Sourced by table; needs $build, $state
# and keys.sh.

keys=$state/keys
run=$state/run
mkdir -m 0755 "$keys" "$run"
mkdir -m 0700 "$state/state"
broker_pid=

# A plain account that the PAM stack knows. Without root the broker lets a caller ask only for his own name.
if [ "$(id -u)" = 0 ]; then agent=alice; else agent=$(id -un); fi
password='correct horse battery staple'
# A refusal for want of the right key waits so long for it.
ceremony_seconds=6

write_configuration() {
    cat >"$state/latchkey.conf" <<CONF
[organisation]
name = quickstart.example
gateway_host = login.quickstart.example

[paths]
state = $state/state
run = $run
operators = $state/operators

[models]
tables =

[policy]
ceremony_seconds = $ceremony_seconds
local_services = quickstart
pin_services = quickstart
CONF
    mkdir "$state/pam.d"
    cat >"$state/pam.d/quickstart" <<STACK
auth    required $build/security/pam_latchkey.so socket=$run/host
auth    required pam_pwdfile.so pwdfile=$state/passwd
account required pam_permit.so
STACK
    (umask 077 && printf '%s:%s\n' "$agent" "$(openssl passwd -6 "$password")" >"$state/passwd")
    (umask 077 && echo "$password" >"$state/password" && echo 'not the password' >"$state/wrong-password")
    # The opener of the tests: its keys are the software keys of this folder.
    printf '#!/bin/sh\nexec "%s" --keys "%s" "$@"\n' "$build/tests/latchkey-test-opener" "$keys" >"$state/opener"
    chmod 0755 "$state/opener"
}

ceremony() { # SECONDS, from the next start on
    sed -i "s/^ceremony_seconds = .*/ceremony_seconds = $1/" "$state/latchkey.conf"
}

# start_broker [OPENER]: without one, with the opener of the tests; "shipped": with the one that is installed, which takes real keys.
start_broker() {
    local try opener=(--opener "$state/opener")
    [ "${1:-}" != shipped ] || opener=()
    "$build/bin/latchkeyd" --foreground --test --config "$state/latchkey.conf" "${opener[@]}" >>"$state/broker.log" 2>&1 &
    broker_pid=$!
    for try in $(seq 100); do
        # Without operators yet `status` says no, but it answers.
        latchkey --json status >"$state/status.json" 2>/dev/null || true
        grep -q organisation "$state/status.json" && return 0
        kill -0 "$broker_pid" 2>/dev/null || break
        sleep 0.1
    done
    echo "The broker did not start (try $try):" >&2
    tail -n 20 "$state/broker.log" >&2
    return 4
}

stop_broker() {
    [ -n "$broker_pid" ] || return 0
    kill "$broker_pid" 2>/dev/null || true
    wait "$broker_pid" 2>/dev/null || true
    broker_pid=
}

# True as well where none was asked for.
broker_runs() {
    [ -z "$broker_pid" ] || kill -0 "$broker_pid" 2>/dev/null
}

latchkey() {
    "$build/bin/latchkey" --socket "$run/desk" --config "$state/latchkey.conf" --state "$state/operator" --yes "$@"
}

# desk KEY COMMAND ...: a command of the desk with that key plugged in and its PIN at hand.
desk() {
    local key=$1
    shift
    plugged "$key"
    if ! latchkey --pin-file "$state/$key.pin" "$@" >"$state/desk.out" 2>&1; then
        echo "latchkey $* failed:" >&2
        cat "$state/desk.out" "$state/broker.log" >&2
        return 4
    fi
}

# A command that needs several keys one after the other: whoever is named on the screen plugs in.
desk_in_turns() {
    local pid
    plugged
    : >"$state/desk.out"
    latchkey --pin-file "$state/anna.pin" "$@" >"$state/desk.out" 2>&1 &
    pid=$!
    take_turns "$state/desk.out" "$pid"
    if ! wait "$pid"; then
        echo "latchkey $* failed:" >&2
        cat "$state/desk.out" "$state/broker.log" >&2
        return 4
    fi
}

# login KEY|none PASSWORD-FILE [PIN-FILE]: one login through libpam. Sets verdict, the line of the helper. By a file: bash 5.2 stumbles over a signal that comes
# while it waits for what a $( ) prints.
verdict=
login() {
    local key=$1 pin=${3:-}
    [ -n "$pin" ] || pin=$state/$key.pin
    [ -e "$pin" ] || pin=$state/password
    if [ "$key" = none ]; then plugged; else plugged "$key"; fi
    "$build/bin/latchkey-pam-try" --confdir "$state/pam.d" --user "$agent" --password-file "$2" --pin-file "$pin" quickstart \
        >"$state/verdict" 2>"$state/login.err" || true
    verdict=$(<"$state/verdict")
}

# What the agent was told, in one line: the sentence that says why, up to its colon.
told() {
    grep -v -e 'answered from a file' -e '^Touch' -e 'cancelled' -e '^PIN ' "$state/login.err" | tail -n 1 | sed 's/: .*//'
}

# What `explain` says of the agent's host credential: the first reason, or "may log in".
why() {
    latchkey --json explain "${1:-$agent}" 2>/dev/null |
        awk -F'"' '/"kind": "host"/ { host = 1 } host && /"E_/ { print $2; exit } /^    }/ { host = 0 }'
}

sql() {
    sqlite3 "$state/state/store.sqlite3" "$1"
}

make_organisation() {
    local name others=(carol dora) operators=(anna anna2 bert)
    [ "$only" != real-key ] || { others=(); operators=(anna anna2); }
    note "Making an organisation: operators ${operators[0]}${operators[2]:+ and ${operators[2]}}, agents $agent ${others[*]} ..."
    for name in "${operators[@]}" "${others[@]}" "$agent"; do start_key "$name"; done
    start_broker
    desk_in_turns init --name anna
    for name in "$agent" "${others[@]:0:1}"; do
        desk "$name" enroll "$name" --leave-pending
        desk anna endorse --all
    done
}

credential() { # the identifier of the host credential of an agent
    latchkey --json list "$1" | awk -F'"' '/"id":/ { id = $4 } /"kind": "host"/ { print id; exit }'
}

plain_rows() {
    login none "$state/password"
    row 'the password alone' no "$(told)"
    login "$agent" "$state/wrong-password"
    row 'the key alone' no "$(told)"
    login "$agent" "$state/password"
    row 'password and key' yes "$(told)"
    login carol "$state/password"
    row "somebody else's key (carol's, on the account of $agent)" no "$(told)"
    key "$agent" misbehave replay >/dev/null
    login "$agent" "$state/password"
    row 'a copied answer: the key repeats its last assertion' no "$(told)"
    key "$agent" misbehave none >/dev/null
    login "$agent" "$state/password"
    row 'password and key again' yes "$(told)"
    login "$agent" "$state/password" "$state/carol.pin"
    row 'the wrong PIN' no "$(told)"
}

suspended_row() {
    local entry
    desk anna suspend "$(credential "$agent")" --reason 'left at home'
    login "$agent" "$state/password"
    row 'a suspended key' no "$(why)"
    entry=$(sql 'SELECT entry FROM statement WHERE state = 3')
    sql "UPDATE statement SET state = 2 WHERE entry = $entry"
    login "$agent" "$state/password"
    row 'a suspended key, made active in the store by hand' no "$(why)"
    sql "UPDATE statement SET state = 3 WHERE entry = $entry"
    desk anna resume "$(credential "$agent")"
    login "$agent" "$state/password"
    row 'the same key, resumed with an operator'\''s touch' yes "$(told)"
}

# Whoever can write the store makes dora's pending credential active for the agent. No operator signed it.
forged_row() {
    local before=$agent
    desk dora enroll dora --leave-pending
    sql "UPDATE statement SET state = 2, activation = entry WHERE agent = (SELECT id FROM agent WHERE name = 'dora');
         UPDATE agent SET name = NULL WHERE name = '$agent'; UPDATE agent SET name = '$agent' WHERE name = 'dora';"
    login dora "$state/password"
    row 'a credential row written into the store, unsigned' no "$(why "$agent")"
    sql "UPDATE agent SET name = 'dora' WHERE name = '$agent' AND name <> 'dora';
         UPDATE statement SET state = 1, activation = NULL WHERE agent = (SELECT id FROM agent WHERE name = 'dora');
         UPDATE agent SET name = '$before' WHERE name IS NULL;"
}

# A second operator: from now on an enrolment needs two. The agent gets a second key; one operator touches.
two_operators_rows() {
    desk_in_turns operator add bert --keys 1 --operator anna
    login "$agent" "$state/password"
    row 'password and key after a second operator came' yes "$(told)"
    start_key spare
    desk spare enroll "$agent" --leave-pending
    desk anna --operator anna endorse --all
    login spare "$state/password"
    row "one operator's touch where two are needed" no "$(latchkey --json pending | awk -F'"' '/"E_/ { print $2; exit }')"
    desk bert --operator bert endorse --all
    login spare "$state/password"
    row "the same key after the second operator's touch" yes "$(told)"
}

revoked_rows() {
    stop_broker
    cp -a "$state/state" "$state/before"
    cp -a "$state/operator" "$state/operator-before"
    start_broker
    desk anna --operator anna report-lost "$agent"
    login "$agent" "$state/password"
    row 'a revoked key' no "$(why)"
    sql 'UPDATE statement SET state = 2 WHERE state = 4'
    login "$agent" "$state/password"
    row 'a revoked key, made active in the store by hand' no "$(why)"
    stop_broker
    # Somebody puts back the store of before the revocation. The mark lies beside it and stays.
    cp -a "$state/before/"store.sqlite3* "$state/state/"
    start_broker
    login "$agent" "$state/password"
    row 'the store of before the revocation put back' no "$(latchkey --json status | awk -F'"' '/"store"/ { sub(/:.*/, "", $4); print $4 }')"
}

# As it was before the last key was revoked, with the mark of that time: this time nobody is being deceived.
back_to_work() {
    stop_broker
    rm -rf "$state/state" "$state/operator"
    mv "$state/before" "$state/state"
    mv "$state/operator-before" "$state/operator"
    start_broker
    plugged "$agent"
    printf '#!/bin/sh\nexec "%s" --socket "%s" --config "%s" --state "%s" "$@"\n' "$build/bin/latchkey" "$run/desk" \
        "$state/latchkey.conf" "$state/operator" >"$state/latchkey"
    printf '#!/bin/sh\nexec "%s" --confdir "%s" --user "%s" quickstart\n' "$build/bin/latchkey-pam-try" "$state/pam.d" "$agent" \
        >"$state/login"
    printf '#!/bin/sh\nname=$1; shift; exec "%s" "%s/$name.control" "$@"\n' "$build/tests/softkey/lk_softkey_control" "$state" \
        >"$state/key"
    chmod 0755 "$state/latchkey" "$state/login" "$state/key"
}

host_rows() {
    [ "$real_key" != none ] || note 'No security key is plugged in: the software key of tests/softkey is used.'
    head_row Host 'a login through libpam with ...'
    plain_rows
    suspended_row
    forged_row
    two_operators_rows
    revoked_rows
}

try_it() { # COMMAND WORDS: one line of what can be tried
    printf '    %-35s # %s\n' "$1" "$2"
}

host_by_hand() {
    back_to_work
    printf '\nThe host. In another terminal:\n\n    cd %s\n' "$state"
    try_it './latchkey status' "also: list, show $agent, explain $agent, log, operator list, register verify"
    try_it './login' "one login of $agent; password: $password; PIN of the key: $(pin_of "$agent")"
    try_it "./key $agent unplug" 'and plug; ./login waits for the key'
    try_it "./key $agent touch wait" "from now on it waits for a touch: ./key $agent touch now"
    try_it "./key $agent misbehave clear-uv" 'lie about the PIN; misbehave none ends it; tests/softkey/README.md has the list'
}
