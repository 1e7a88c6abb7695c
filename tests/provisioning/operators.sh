#!/usr/bin/env bash
# SPDX-License-Identifier: EUPL-1.2
# Two operators and a quorum of two; what a change among operators would leave short is endorsed anew; what one alone cannot do.
. "$(dirname "$0")/lib.sh"
CEREMONY=5
setup
broker_start
for key in a1 b1 c1; do key_new "$key" --touch wait; done
key_new alice1
key_new bob1

step "one operator enrols alice"
plug a1
attended init --one-key --name anna
expect_status 0
lk --json status
grep -q 'one key only' "$ROOM/out" || problem "status does not say that there is one key only"
plug alice1
attended --json enroll alice --host-only
expect_status 0
expect_json state active

step "a second operator: what anna alone has endorsed is endorsed by bertha in the same visit"
attended --json operator add bertha --keys 1 --operator anna
expect_status 0
expect_json endorsed_anew 1
expect_json quorum 2
expect_json number 2
lk --json explain alice
expect_json credentials.0.may_log_in true
expect_json credentials.0.endorsements 2
lk --json register verify
expect_status 0

step "one touch leaves an enrolment pending, the second completes it"
plug bob1
attended --json enroll bob --host-only --operator anna
expect_status 0
expect_json state pending
bob=$(json credentials.0.id)
lk --json pending
expect_json credentials.0.agent bob
lk --json explain bob
expect_json credentials.0.may_log_in false
grep -q E_PENDING "$ROOM/out" || problem "explain does not say E_PENDING"

step "the same operator twice does not count twice"
plug a1
attended --json endorse "${bob:0:8}" --operator anna
expect_json active 0
plug b1
attended --json endorse --all --operator bertha
expect_status 0
expect_json active 1
lk --json explain bob
expect_json credentials.0.may_log_in true
lk pending
expect_out "Nothing waits"

step "a quorum in one command"
attended --json suspend bob --operator bertha
expect_status 0
attended --json resume bob --operator anna --operator bertha
expect_status 0
expect_json state active

step "the second touch is asked of the other operator by himself"
attended --json suspend bob --operator bertha
attended --json resume bob --operator anna
expect_json state pending
attended --json endorse bob --operator bertha
expect_json active 1

step "who is no operator signs nothing"
expect_code 1 E_OPERATOR_UNKNOWN suspend bob --operator mallory
expect_code 1 E_OPERATOR_UNKNOWN operator retire mallory

step "one alone changes no operators"
tell c1 touch auto >/dev/null
plug c1
expect_code 3 E_WRONG_KEY operator add carla --keys 1 --operator anna
tell c1 touch wait >/dev/null
lk --json operator list
expect_json number 2

step "a third operator by the quorum of two"
attended --json operator add carla --keys 1 --operator anna --operator bertha
expect_status 0
expect_json number 3
expect_json operators 3
expect_json endorsed_anew 0

step "bertha leaves: what would be short is signed by those who stay, before the set is"
attended --json operator retire bertha --operator anna --operator carla
expect_status 0
expect_json endorsed_anew 2
expect_json number 4
lk --json explain alice
expect_json credentials.0.may_log_in true
lk --json explain bob
expect_json credentials.0.may_log_in true

step "bertha's touch counts for nothing now"
expect_code 1 E_OPERATOR_UNKNOWN suspend alice --operator bertha

step "a stolen key: the set first, the list for review afterwards"
attended --json operator retire carla --stolen --operator anna --operator carla
expect_status 0
expect_json operators 1
expect_json quorum 1
expect_json short 0
lk --json explain alice
expect_json credentials.0.may_log_in true
attended --json operator add bertha --keys 1 --operator anna
expect_status 0
expect_json endorsed_anew 2
attended --json operator add carla --keys 1 --operator anna --operator bertha
expect_status 0
attended --json operator retire bertha --stolen --operator anna --operator carla
expect_status 0
expect_json short 2
lk --json explain alice
expect_json credentials.0.may_log_in false
lk --json pending --short
expect_json credentials.0.agent alice
expect_json credentials.1.agent bob
attended --json endorse --short --operator carla
expect_status 0
expect_json active 2
lk --json explain alice
expect_json credentials.0.may_log_in true

step "the last operator stays"
attended --json operator retire carla --operator anna --operator carla
expect_status 0
expect_code 1 E_QUORUM operator retire anna --operator anna

step "a further key for an operator who is there"
key_new a2 --touch wait
attended --json operator add anna
expect_status 0
lk --json operator list
expect_json operators.0.keys 2

step "the whole register holds"
lk --json register verify
expect_status 0
finish
