#!/usr/bin/env bash
# SPDX-License-Identifier: EUPL-1.2
# Several keys are plugged in and one is to be enrolled: it is chosen by touch, and only then a PIN is sent, to that one alone. What reached which key is
# read from the keys themselves.
. "$(dirname "$0")/lib.sh"
CEREMONY=5
setup
broker_start
key_new k1 --touch wait
key_new k2 --touch wait

counter() { tell "$1" counters | tr ' ' '\n' | sed -n "s/^$2=//p"; }
expect_counter() {
    local seen
    seen=$(counter "$1" "$2")
    [ "$seen" = "$3" ] || problem "$2 of $1 is '$seen', not '$3'"
}
until_blinking() {
    local i
    for i in $(seq 100); do
        tell "$1" blinking | grep -q yes && return
        sleep 0.02
    done
    problem "$1 never blinked"
}
# quiet_by_now KEY ...: none blinked later than 400 ms after the moment that was noted with `since=$(now)`; 300 are promised. The time is taken before a key
# is asked, so that a busy machine counts for the programs that ask, and the keys are watched together.
now() { date +%s%3N; }
quiet_by_now() {
    local key asked blinking=yes
    while [ "$blinking" = yes ]; do
        blinking=no
        for key in "$@"; do
            asked=$(now)
            tell "$key" blinking | grep -q yes || continue
            blinking=yes
            if [ $((asked - since)) -gt 400 ]; then
                problem "$key still blinked after $((asked - since)) ms"
                return
            fi
        done
    done
}
operators() {
    lk --json operator list
    [ "$STATUS" = 4 ] && echo none || json operator_set
}
anew() {
    tell k1 counters reset >/dev/null
    tell k2 counters reset >/dev/null
    plug k1 k2
}
begin() {
    LC_ALL=C.UTF-8 "$BUILD/bin/latchkey" --config "$ROOM/etc/latchkey.conf" --state "$ROOM/home" --pin-file "$ROOM/pin" \
        --yes --json "$@" </dev/null >"$ROOM/out" 2>"$ROOM/err" &
    CLIENT=$!
}
ends() {
    wait "$CLIENT"
    STATUS=$?
    expect_status "$1"
}

step "nobody touches: time-out, no PIN was sent, both keys are told to stop"
anew
expect_code 3 E_TIMEOUT init --one-key --name anna
since=$(now)
expect_err "Several keys are plugged in: touch the one to enrol"
quiet_by_now k1 k2
for key in k1 k2; do
    expect_counter $key cancels 1
    expect_counter $key client-pin 0
done
same "$(operators)" none

step "the desk goes away while both blink"
anew
begin init --one-key --name anna
until_blinking k1
until_blinking k2
kill -TERM "$CLIENT"
since=$(now)
quiet_by_now k1 k2
for key in k1 k2; do
    expect_counter $key cancels 1
    expect_counter $key client-pin 0
done
ends 130
expect_json code E_CANCELLED
same "$(operators)" none

step "the chosen one is pulled out before its second touch: a new choice"
anew
begin init --one-key --name anna
until_blinking k1
until_blinking k2
tell k2 touch now >/dev/null
for i in $(seq 100); do
    [ "$(counter k2 make-credential)" = 2 ] && break
    sleep 0.02
done
until_blinking k2
tell k2 unplug >/dev/null
mv "$ROOM/keys/k2.sock" "$ROOM/drawer/"
until_blinking k1
expect_counter k1 client-pin 0
kill -TERM "$CLIENT"
ends 130
expect_err "The key was pulled out."
same "$(operators)" none

step "the second one is touched: PIN and credential are its own"
anew
begin init --one-key --name anna
until_blinking k1
until_blinking k2
tell k2 touch now >/dev/null
since=$(now)
quiet_by_now k1
expect_counter k1 cancels 1
for i in $(seq 100); do
    [ "$(counter k2 make-credential)" = 2 ] && break
    sleep 0.02
done
until_blinking k2
tell k2 touch now >/dev/null
# The set is signed with the key that was enrolled: the other one holds nothing.
for i in $(seq 100); do
    [ "$(counter k2 touches)" = 2 ] && break
    sleep 0.02
done
tell k2 touch auto >/dev/null
ends 0
expect_json keys 1
expect_counter k1 client-pin 0
expect_counter k1 touches 0
expect_counter k1 make-credential 1
expect_counter k2 cancels 0

step "one key: one touch makes the credential"
key_new b1 --touch wait
plug b1
tell k2 touch auto >/dev/null
begin operator add bertha --keys 1 --operator anna
until_blinking b1
expect_counter b1 make-credential 1
tell b1 touch now >/dev/null
sleep 0.3
expect_counter b1 make-credential 1
expect_counter b1 touches 1
kill -TERM "$CLIENT"
wait "$CLIENT"
grep -q "Several keys" "$ROOM/err" && problem "a choice between one key"

step "the one that is enrolled already is no choice"
plug k2 b1
tell k2 touch wait >/dev/null
tell k2 counters reset >/dev/null
tell b1 counters reset >/dev/null
begin operator add anna --keys 1 --operator anna
until_blinking b1
expect_counter k2 make-credential 0
tell k2 blinking | grep -q no || problem "the key that is enrolled blinks"
tell b1 touch now >/dev/null
for i in $(seq 100); do
    [ "$(counter b1 make-credential)" = 2 ] && break
    sleep 0.02
done
expect_counter b1 make-credential 2
kill -TERM "$CLIENT"
wait "$CLIENT"
expect_err "This key is not the one"
finish
