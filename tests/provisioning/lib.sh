# SPDX-License-Identifier: EUPL-1.2
# What the tests of the desk share: a broker of its own in a private folder, software keys that are plugged in and pulled out, and checks that say
# what they expected. Processes are ended by their number.
#   LK_BUILD_DIR  build folder with bin/ and tests/
set -u
BUILD=${LK_BUILD_DIR:?}
SOURCE=${LK_SOURCE_DIR:?}
PIN=481516
FAILED=0
STEPS=0
PIDS=()
BROKER=

setup() {
    ROOM=$(mktemp -d "${TMPDIR:-/tmp}/lk-desk-XXXXXX")
    mkdir -p "$ROOM"/{etc,keys,drawer,home}
    mkdir -m 0700 "$ROOM/state"
    mkdir -m 0755 "$ROOM/run"
    umask 077
    printf '%s\n' "$PIN" >"$ROOM/pin"
    printf '%s\n' 999999 >"$ROOM/wrong-pin"
    write_config >"$ROOM/etc/latchkey.conf"
    chmod 600 "$ROOM/etc/latchkey.conf"
    printf '#!/bin/sh\nexec %s/tests/latchkey-test-opener --keys %s/keys "$@"\n' "$BUILD" "$ROOM" >"$ROOM/opener"
    chmod 700 "$ROOM/opener"
    trap teardown EXIT
    trap 'exit 1' INT TERM
}

write_config() {
    cat <<EOF
[organisation]
name = example.org
gateway_host = ${GATEWAY-login.example.org}

[paths]
state = $ROOM/state
run = $ROOM/run
operators = $ROOM/etc/operators

[models]
tables =

[policy]
ceremony_seconds = ${CEREMONY:-5}
EOF
}

teardown() {
    broker_stop
    local pid
    for pid in "${PIDS[@]}"; do
        kill "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
    [ -n "${KEEP:-}" ] || rm -rf "$ROOM"
}

broker_start() {
    "$BUILD/bin/latchkeyd" --config "$ROOM/etc/latchkey.conf" --foreground --test --opener "$ROOM/opener" \
        >>"$ROOM/broker.log" 2>&1 &
    BROKER=$!
    local i
    for i in $(seq 100); do
        [ -S "$ROOM/run/desk" ] && "$BUILD/bin/latchkey" --config "$ROOM/etc/latchkey.conf" --json status >/dev/null 2>&1
        case $? in 0 | 4) [ -S "$ROOM/run/desk" ] && return 0 ;; esac
        kill -0 "$BROKER" 2>/dev/null || break
        sleep 0.05
    done
    echo "the broker did not start:"
    cat "$ROOM/broker.log"
    exit 1
}

broker_stop() {
    [ -n "$BROKER" ] || return 0
    kill "$BROKER" 2>/dev/null
    wait "$BROKER" 2>/dev/null
    BROKER=
    rm -f "$ROOM"/run/*
}

# A key that lies in the drawer until it is plugged in; it has a PIN unless told otherwise.
key_new() {
    local name=$1 i
    "$BUILD/tests/softkey/lk_softkey" --socket "$ROOM/drawer/$name.sock" --control "$ROOM/$name.ctl" --seed "$name" \
        --pin "$PIN" "${@:2}" >"$ROOM/$name.log" 2>&1 &
    PIDS+=($!)
    for i in $(seq 100); do
        grep -q ready "$ROOM/$name.log" && return 0
        sleep 0.05
    done
    echo "key $name did not start:"
    cat "$ROOM/$name.log"
    exit 1
}

# Exactly these keys are plugged in.
plug() {
    local name
    for name in "$ROOM"/keys/*.sock; do
        [ -e "$name" ] || continue
        mv "$name" "$ROOM/drawer/"
        tell "$(basename "$name" .sock)" unplug >/dev/null
    done
    for name in "$@"; do
        tell "$name" plug >/dev/null
        mv "$ROOM/drawer/$name.sock" "$ROOM/keys/"
        case $name in *[a-z][a-z]*) AGENT_KEY=$name ;; esac
    done
}

tell() { "$BUILD/tests/softkey/lk_softkey_control" "$ROOM/$1.ctl" "${@:2}"; }

# latchkey with this room's paths; standard output in $OUT, standard error in $ERR, exit status in $STATUS.
lk() {
    LC_ALL=C.UTF-8 timeout 60 "$BUILD/bin/latchkey" --config "$ROOM/etc/latchkey.conf" --state "$ROOM/home" \
        --pin-file "${PIN_FILE:-$ROOM/pin}" --yes "$@" >"$ROOM/out" 2>"$ROOM/err" </dev/null
    STATUS=$?
    OUT=$(cat "$ROOM/out")
    ERR=$(cat "$ROOM/err")
}

# People at a desk with one port: whom the program names plugs the own key in and touches it. The operators' keys are called after them (anna: a1, a2) and wait to
# be touched; an agent's key, the one that was plugged in last, touches itself.
attend() {
    local line key before=
    while :; do
        line=$(grep -E '^(Operator|Key [0-9]|The agent logs in)' "$ROOM/err" 2>/dev/null | tail -n 1)
        case $line in
        Operator*) key=$(sed -E 's/^Operator (.).*/\1/' <<<"$line")${OPERATOR_KEY:-1} ;;
        Key*) key=$(sed -E 's/^Key ([0-9]+) of operator (.).*/\2\1/' <<<"$line") ;;
        The*) key=$AGENT_KEY ;;
        *) key= ;;
        esac
        if [ -n "$key" ]; then
            [ "$key" = "$before" ] || plug "$key"
            before=$key
            [ "$key" = "${AGENT_KEY:-}" ] || tell "$key" touch now >/dev/null 2>&1
        fi
        sleep 0.05
    done
}

attended() {
    case $* in *enroll*) ;; *) plug ;; esac
    : >"$ROOM/err"
    attend 2>/dev/null &
    local pid=$!
    lk "$@"
    kill "$pid"
    wait "$pid" 2>/dev/null
}

# A value of the last JSON document: json credentials.0.state
json() {
    python3 -c '
import json, sys
value = json.load(open(sys.argv[1]))
for part in sys.argv[2].split("."):
    value = value[int(part)] if isinstance(value, list) else value[part]
print(json.dumps(value) if isinstance(value, (dict, list, bool)) else value)' "$ROOM/out" "$1" 2>/dev/null
}

problem() {
    FAILED=$((FAILED + 1))
    echo "FAILED: $STEP: $*"
    echo "   status $STATUS"
    sed 's/^/   out: /' "$ROOM/out" | head -n 20
    sed 's/^/   err: /' "$ROOM/err" | head -n 20
}

step() {
    STEP=$*
    STEPS=$((STEPS + 1))
}
expect_status() { [ "$STATUS" = "$1" ] || problem "exit status $1 expected"; }
expect_json() {
    local seen
    seen=$(json "$1")
    [ "$seen" = "$2" ] || problem "$1 is '$seen', not '$2'"
}
expect_out() { grep -qF -- "$1" "$ROOM/out" || problem "standard output lacks: $1"; }
expect_err() { grep -qF -- "$1" "$ROOM/err" || problem "standard error lacks: $1"; }
expect_no_err() { ! grep -qF -- "$1" "$ROOM/err" || problem "standard error has: $1"; }
# What failed must be told by a code that stays the same in every language.
expect_code() {
    lk --json "${@:3}"
    expect_status "$1"
    expect_json ok false
    expect_json code "$2"
}
attended_code() {
    attended --json "${@:3}"
    expect_status "$1"
    expect_json code "$2"
}
same() { [ "$1" = "$2" ] || problem "'$1' is not '$2'"; }

finish() {
    echo "$STEPS steps, $FAILED failed"
    [ "$FAILED" = 0 ]
}
