#!/usr/bin/env bash
# SPDX-License-Identifier: EUPL-1.2
# Somebody who writes to the store: `register verify` names the first bad entry; an older store is noticed by mark and operator.
. "$(dirname "$0")/lib.sh"
setup
broker_start
key_new a1 --touch wait
key_new alice1
plug a1
attended init --one-key --name anna
plug alice1
attended enroll alice --host-only
plug a1
attended suspend alice
STORE=$ROOM/state/store.sqlite3
step "untouched: the register holds"
lk --json register verify
expect_status 0
expect_json entries 4
broker_stop
cp -a "$ROOM/state" "$ROOM/state.good"

restore_good() {
    broker_stop
    rm -rf "$ROOM/state"
    cp -a "$ROOM/state.good" "$ROOM/state"
}

# tampered NUMBER SQL: the entry that verify must name
tampered() {
    local number=$1 sql=$2
    restore_good
    sqlite3 "$STORE" "$sql" >/dev/null || problem "sqlite3: $sql"
    broker_start
    lk --json register verify
    expect_status 1
    expect_json ok false
    json detail | grep -q "entry $number" || problem "entry $number is not named: $(json detail)"
}

step "another object beside an entry"
tampered 4 "update register set object = zeroblob(length(object)) where number = 4"
step "another operator's signature"
tampered 3 "update endorsement set bytes = cast(substr(bytes, 1, length(bytes) - 1) || x'00' as blob)"
step "an entry that was changed"
tampered 3 "update register set bytes = (select bytes from register where number = 2) where number = 3"
step "an entry that is gone"
tampered 2 "delete from register where number = 2"
step "the last entry is gone: the mark knows it"
restore_good
sqlite3 "$STORE" "delete from register where number = 4; update statement set state = 2, activation = 3"
broker_start
lk --json register verify
expect_status 1
expect_json code E_STORE_ROLLED_BACK

step "a row that nobody signed opens nothing, and explain says so"
restore_good
broker_start
key_new bob1
plug bob1
attended --json enroll bob --host-only --leave-pending
expect_status 0
broker_stop
sqlite3 "$STORE" "update statement set state = 2, activation = 3 where state = 1"
broker_start
lk --json explain bob
expect_json credentials.0.state active
expect_json credentials.0.may_log_in false
grep -q E_UNLOGGED "$ROOM/out" || problem "E_UNLOGGED is not among the reasons"
lk --json endorse --short
expect_status 1

step "an older register without its mark: the operator remembers"
restore_good
sqlite3 "$STORE" "delete from register where number = 4; update statement set state = 2"
rm -f "$ROOM"/state/mark*
broker_start
lk --json register verify
expect_status 1
same "$(json ok)" false
step "yesterday's store under today's mark: refused until a quorum accepts it"
restore_good
broker_start
attended --json resume alice
expect_status 0
broker_stop
cp "$ROOM"/state.good/store.sqlite3* "$ROOM/state/"
broker_start
expect_code 4 E_STORE_ROLLED_BACK status
attended --json register accept-restore
expect_status 0
lk --json status
expect_status 0
lk --json register verify
expect_status 0
lk --json register show
expect_json entries.4.kind restore
attended --json resume alice
expect_status 0
finish
