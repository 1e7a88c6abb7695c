#!/usr/bin/env bash
# SPDX-License-Identifier: EUPL-1.2
# What goes wrong at a desk: wrong PIN, no touch, Ctrl-C, no broker, bad words. Each with its code and exit status, and nothing half done.
. "$(dirname "$0")/lib.sh"
CEREMONY=5
WAITING=
setup

step "no broker"
expect_code 4 E_BROKER_UNAVAILABLE status
expect_code 4 E_BROKER_UNAVAILABLE list

broker_start
key_new a1
key_new alice1
plug a1

step "wrong PIN: told as such, one try used, nothing made"
PIN_FILE=$ROOM/wrong-pin
expect_code 3 E_PIN_WRONG init --one-key --name anna
PIN_FILE=
lk --json operator list
expect_json code E_OPERATOR_SET
tell a1 counters | grep -q wrong-pins=1 || problem "the wrong PIN was tried more than once"

step "a PIN file that others can read is refused"
cp "$ROOM/pin" "$ROOM/loose-pin"
chmod 644 "$ROOM/loose-pin"
PIN_FILE=$ROOM/loose-pin
expect_code 1 E_PIN_UNAVAILABLE init --one-key --name anna
PIN_FILE=

step "nobody there to type a PIN"
LC_ALL=C.UTF-8 "$BUILD/bin/latchkey" --config "$ROOM/etc/latchkey.conf" --state "$ROOM/home" --json init --one-key --name anna \
    </dev/null >"$ROOM/out" 2>"$ROOM/err"
STATUS=$?
expect_status 1
expect_json code E_PIN_UNAVAILABLE

# typed SECRET: init, by a person who types that, or gives up, as soon as the PIN is asked for.
typed() {
    LC_ALL=C.UTF-8 "$(dirname "$0")/typed.py" 'PIN of [^\n]*: ' "$1" "$BUILD/bin/latchkey" --config "$ROOM/etc/latchkey.conf" --state "$ROOM/home" \
        --yes init --one-key --name anna >"$ROOM/out" 2>"$ROOM/err"
    STATUS=$?
}

step "Ctrl-C where the PIN is asked for: the terminal echoes again"
typed ^C
expect_status 130

step "a PIN that is typed at once is taken, and not shown"
typed "$(cat "$ROOM/pin")"
expect_status 0

entries() {
    lk --json register show
    json entries | grep -o '"number"' | wc -l
}

step "no touch: time-out, nothing submitted"
tell a1 touch wait >/dev/null
tell alice1 touch wait >/dev/null
plug alice1
before=$(entries)
expect_code 3 E_TIMEOUT enroll alice
same "$(entries)" "$before"

# ctrl_c KEY WORD ...: SIGINT once KEY blinks. WAITING: KEY is plugged in when this agent's credential
# waits for an operator; before, it could be the one that is asked for its PIN.
ctrl_c() {
    local key=$1 i
    shift
    LC_ALL=C.UTF-8 "$BUILD/bin/latchkey" --config "$ROOM/etc/latchkey.conf" --state "$ROOM/home" --pin-file "$ROOM/pin" \
        --yes --json "$@" </dev/null >"$ROOM/out" 2>"$ROOM/err" &
    local pid=$!
    for i in $(seq 200); do
        [ -n "$WAITING" ] || break
        LC_ALL=C.UTF-8 "$BUILD/bin/latchkey" --config "$ROOM/etc/latchkey.conf" --state "$ROOM/home" --json pending 2>&1 |
            grep -q "\"$WAITING\"" && break
        sleep 0.05
    done
    [ -z "$WAITING" ] || plug "$key"
    for i in $(seq 80); do
        tell "$key" blinking | grep -q yes && break
        sleep 0.05
    done
    tell "$key" blinking | grep -q yes || problem "the key never blinked"
    # A shell starts what runs in the background with SIGINT ignored: SIGTERM goes the same way through the program.
    kill -TERM "$pid"
    wait "$pid"
    STATUS=$?
    expect_status 130
    expect_json code E_CANCELLED
    for i in $(seq 10); do
        tell "$key" blinking | grep -q no && break
        sleep 0.05
    done
    tell "$key" blinking | grep -q no || problem "the key still blinks half a second later"
}

step "Ctrl-C while the agent's key blinks"
ctrl_c alice1 enroll alice
same "$(entries)" "$before"

step "Ctrl-C while the operator's key blinks: the credentials stay pending, and can be endorsed later"
tell alice1 touch auto >/dev/null
plug alice1
WAITING=alice
ctrl_c a1 enroll alice --host-only
WAITING=
lk --json pending
expect_json credentials.0.agent alice
expect_json credentials.0.endorsements 0
tell a1 touch auto >/dev/null
lk --json endorse alice
expect_json active 1

step "Ctrl-C while an operator is added: the set is the old one"
tell a1 touch wait >/dev/null
key_new b1
plug b1 a1
ctrl_c a1 operator add bertha --keys 1 --operator anna
lk --json operator list
expect_json number 1
tell a1 touch auto >/dev/null

step "the broker dies during a touch"
tell a1 touch wait >/dev/null
plug a1
before=$(entries)
(
    for i in $(seq 200); do
        tell a1 blinking | grep -q yes && break
        sleep 0.05
    done
    kill -KILL "$BROKER"
) &
killer=$!
expect_code 4 E_BROKER_UNAVAILABLE suspend alice
wait "$killer"
wait "$BROKER" 2>/dev/null
BROKER=
rm -f "$ROOM"/run/*
broker_start
tell a1 touch auto >/dev/null
same "$(entries)" "$before"
lk --json suspend alice
expect_status 0

step "words that are not understood"
for words in "--nonsense" "list --nonsense" "enroll" "enroll UPPER" "enroll alice --days 0" "enroll alice --days x" \
    "register show --from x" "register show --most" "log --most 5000" "endorse" "init --name Anna" "operator add" \
    "operator add x --keys 9" "operator add x --roles king" "operator" "report-lost" "pam try" "pam try sudo --nonsense" \
    "config check --nonsense" "status more" "--operator"; do
    # shellcheck disable=SC2086
    lk --json $words
    [ "$STATUS" = 2 ] || problem "$words: exit status 2 expected"
done

step "help and version need nothing"
broker_stop
lk --help
expect_status 0
expect_out "report-lost"
lk --version
expect_out "latchkey "
finish
