#!/usr/bin/env bash
# SPDX-License-Identifier: EUPL-1.2
# One operator and one agent, from `init` to `revoke`, with everything in between that a desk does; every answer also as JSON.
. "$(dirname "$0")/lib.sh"
setup
cat >>"$ROOM/etc/latchkey.conf" <<'EOF'
[client synapse]
redirect_uri = https://chat.example.org/callback
secret_file = /etc/latchkey/clients/synapse.secret
backchannel_logout_uri = https://chat.example.org/logout
EOF
broker_start
key_new a1 --touch wait
key_new a2 --touch wait
key_new alice1
key_new alice2

step "status before init names what is missing"
lk status
expect_status 4
expect_out "latchkey init"
expect_code 4 E_OPERATOR_SET status

step "nothing can be done without operators"
plug alice1
expect_code 4 E_OPERATOR_SET enroll alice

step "init with two keys: the second is asked for while the first is excluded"
attended --json init --name anna
expect_status 0
expect_json keys 2
expect_json operator anna
set1=$(json operator_set)
OPERATOR_KEY=2

step "a second init is refused"
expect_code 4 E_OPERATOR_SET init --name mallory

step "operator list shows the set that init showed"
lk --json operator list
expect_json operator_set "$set1"
expect_json operators.0.keys 2
expect_json quorum 1

step "enrol: host and browser credential, endorsed, one verified login by each"
plug alice1
attended --json enroll alice
expect_status 0
expect_json state active
expect_json credentials.0.kind host
expect_json credentials.1.kind browser
host=$(json credentials.0.id)
host_short=${host:0:8}
browser=$(json credentials.1.id)

step "the two logins stand in the log"
lk --json log alice
expect_json records.0.reason OK
expect_json records.1.allowed true

step "the same key again is refused"
plug alice1
expect_code 1 E_KEY_EXCLUDED enroll alice

step "a second key of the same agent has the same subject"
lk --json show alice
subject=$(json credentials.0.subject)
plug alice2
attended --json enroll alice --host-only
expect_json subject "$subject"
second=$(json credentials.0.id)

step "list, show, explain"
lk --json list alice
expect_json code OK
expect_json credentials.0.state active
expect_json credentials.0.may_log_in true
expect_json credentials.0.endorsements 1
expect_json credentials.0.claimed.model "Software key alice1"
expect_json credentials.0.proved.format packed
lk --json show "$host_short"
expect_json credentials.0.id "$host"
expect_json credentials.0.host_groups '["all"]'
lk explain "$host_short"
expect_out "May log in now."
lk show "$host_short"
expect_out "latchkey-host:example.org"
expect_out "none: not proven hardware"
lk list
expect_out "$host_short"

step "what an agent is called"
lk --json agent set alice --full-name "Alice Martin" --email alice@example.org
expect_status 0
lk --json agent set alice --full-name "Alice Durand"
expect_json code OK
lk --json show alice
expect_json agent.full_name "Alice Durand"
expect_json agent.email alice@example.org
lk show "$host_short"
expect_out "Alice Durand"
expect_code 1 E_UNKNOWN_AGENT agent set nobody --email nobody@example.org
expect_code 2 E_USAGE agent set alice
expect_code 2 E_USAGE agent set alice --email "alice at example"
expect_code 2 E_USAGE agent set --email alice@example.org
lk agent set alice --full-name ""
expect_status 0
lk --json show alice
expect_json agent.full_name ""
lk --json status
expect_json status.logouts_pending 0

step "export external-ids: an agent once, whatever the keys"
lk export external-ids
expect_status 0
expect_out "alice	$subject"
[ "$(wc -l <"$ROOM/out")" = 1 ] || problem "not one line for one agent"
lk --json export external-ids
expect_json agents.0.agent alice
expect_json agents.0.external_id "$subject"
expect_code 2 E_USAGE export external-ids alice

step "what is not there"
expect_code 1 E_UNKNOWN_AGENT suspend nobody
lk show nobody
expect_status 1
expect_code 1 E_CREDENTIAL_UNKNOWN report-lost alice 00000000
expect_code 2 E_USAGE show "No Such Name"
expect_code 2 E_USAGE suspend
expect_code 2 E_USAGE suspend alice --nonsense
expect_code 2 E_USAGE nonsense

step "suspend: one touch, and explain says why"
plug a2
attended --json suspend "$host_short" --reason "left at home"
expect_status 0
expect_json changed 1
lk --json explain "$host_short"
expect_json credentials.0.may_log_in false
expect_json credentials.0.reasons '["E_SUSPENDED"]'
expect_code 1 E_TRANSITION suspend "$host_short"

step "resume: a new version, endorsed like an enrolment"
attended --json resume "$host_short"
expect_status 0
expect_json state active
lk --json show "$host_short"
expect_json credentials.0.version 2
expect_json credentials.0.state active
expect_json credentials.0.may_log_in true
lk --json list alice --all-versions
expect_json credentials.0.state suspended
expect_code 1 E_TRANSITION resume "$host_short"

step "the holder reports a key lost with the other one, and must say which"
plug alice2
expect_code 2 E_USAGE report-lost alice --holder
lk --json report-lost alice "$host_short" "${browser:0:10}" --holder
expect_status 0
expect_json changed 2
lk --json explain "$host_short"
expect_json credentials.0.reasons '["E_REVOKED"]'

step "the key that is given up cannot report itself"
plug alice2
expect_code 3 E_WRONG_KEY report-lost alice "${second:0:8}" --holder

step "a revoked one stays revoked"
plug a2
expect_code 1 E_REVOKED resume "$host_short"
expect_code 1 E_REVOKED revoke "$host_short"

step "an operator reports all of an agent's keys lost"
attended --json report-lost alice
expect_status 0
expect_json changed 1
lk --json explain alice
expect_json credentials.0.reasons '["E_REVOKED"]'

step "revoke --replaced after a new enrolment of a key that was revoked, whose maker is trusted meanwhile"
"$BUILD/tests/softkey/lk_softkey" --print-root >"$ROOM/etc/roots.pem"
sed -i "/^ceremony_seconds/a attestation_roots = $ROOM/etc/roots.pem" "$ROOM/etc/latchkey.conf"
broker_stop
broker_start
plug alice1
attended --json enroll alice --host-only --days 30
expect_status 0
third=$(json credentials.0.id)
lk --json show "${third:0:8}"
anchor=$(json credentials.0.proved.anchor)
[ ${#anchor} = 64 ] || problem "the attestation has no anchor"
[ "$(json credentials.0.not_after)" -gt "$(date +%s)" ] || problem "--days is not in the statement"
lk show "${third:0:8}"
expect_out "$anchor"
attended revoke "${third:0:8}" --replaced
expect_status 0
expect_out "latchkey enroll alice"

step "an unknown account is asked about and refused without --yes"
lk --quiet register verify
expect_status 0
LC_ALL=C.UTF-8 "$BUILD/bin/latchkey" --config "$ROOM/etc/latchkey.conf" --state "$ROOM/home" --json enroll nobody-here \
    </dev/null >"$ROOM/out" 2>"$ROOM/err"
STATUS=$?
expect_status 1
expect_json code E_UNKNOWN_AGENT

step "the register holds at the end, and status is well"
lk --json register verify
expect_status 0
lk --json register show --from 1 --most 2
expect_json entries.0.kind "operator set"
expect_json entries.1.number 2
lk --json status
expect_status 0
expect_json ok true
expect_json status.organisation example.org
expect_json status.revoked 4
expect_code 1 E_TRANSITION register accept-restore

step "a homeserver that was not told for a quarter of an hour"
old_logout() {
    python3 - "$ROOM/state/store.sqlite3" "$1" <<'EOF'
import sqlite3, sys, time
store = sqlite3.connect(sys.argv[1])
then = int(time.time()) - int(sys.argv[2])
store.execute("DELETE FROM logout")
store.execute("REPLACE INTO session (id, sid, agent, statement, client, created, ended) "
              "SELECT 1, zeroblob(16), agent, entry, 'synapse', ?1, ?1 FROM statement LIMIT 1", (then,))
store.execute("INSERT INTO logout (session, created, due, taken, attempts, again, detail) VALUES (1, ?1, ?1, 0, 0, 0, '')", (then,))
store.commit()
EOF
}
broker_stop
old_logout 600
broker_start
lk --json status
expect_status 0
expect_json status.logouts_pending 1
broker_stop
old_logout 1000
broker_start
expect_code 4 E_LOGOUTS status
expect_json status.logouts_pending 1
lk status
expect_status 4
expect_out "oldest logout seconds"

step "who has no active key is not exported"
lk export external-ids
expect_status 0
[ ! -s "$ROOM/out" ] || problem "a revoked agent was exported"

finish
