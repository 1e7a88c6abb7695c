#!/usr/bin/env bash
# SPDX-License-Identifier: EUPL-1.2
# Only keys that the organisation trusts: the shipped tables and a row of our own, at enrolment, at every login, and when the tables change underneath.
. "$(dirname "$0")/lib.sh"
setup
CONF=$ROOM/etc/latchkey.conf
SOFTKEY=6c617463-686b-4579-a073-6f66746b6579
mkdir "$ROOM/local"
"$BUILD/tests/softkey/lk_softkey" --print-root >"$ROOM/roots.pem"
ROOT=$(openssl x509 -in "$ROOM/roots.pem" -outform DER | sha256sum | cut -c1-64)

# A line more for [models].
models() { sed -i "/^\[models\]/a $1" "$CONF"; }
sed -i "s|^tables =.*|tables = $SOURCE/firmware-notes/tables|" "$CONF"
models "local_tables = $ROOM/local"
models "imported_tables = $ROOM/imported"

head_of() { printf '[table]\nformat = latchkey-%s 1\nversion = 1\ndate = %s\n' "$1" "${2:-$(date +%F)}"; }
authenticator() {
    head_of authenticators
    printf '[authenticator %s]\nvendor = Example\nmodel = Software key\nfamily = softkey\nkind = security-key\ndecoder = yubico24\n' "$SOFTKEY"
    printf 'firmware_from = 5\nfirmware_to = 5\ncertification = L1\nprofile = consumer\nnote = local\nsource = LOCAL\n'
}
anchor() { # ROLE
    head_of anchors
    printf '[anchor %s]\nname = Root of the software key\nvendor = Example\nrole = %s\nnote = local\nsource = LOCAL\n' "$ROOT" "$1"
}
advisory() { # VERDICT AFFECTS
    head_of advisories
    printf '[advisory LOCAL-1]\ntitle = A weakness of ours\ndate = 2026-11-24\naffects = %s\nevidence = possible\nverdict = %s\n' "$2" "$1"
    printf 'risk = It leaks.\ntodo = Hand out another one.\ntodo_fr = Remettez-en une autre.\nnote = local\nsource = LOCAL\n'
}
reload() {
    kill -HUP "$BROKER"
    local i
    for i in $(seq 40); do
        sleep 0.05
        [ "$(grep -c 'read again\|reload' "$ROOM/broker.log")" -gt "${RELOADS:-0}" ] && break
    done
    RELOADS=$(grep -c 'read again\|reload' "$ROOM/broker.log")
}
reasons() {
    lk --json explain alice
    [ "$(json credentials.0.reasons)" = "$1" ] || problem "explain says $(json credentials.0.reasons), not $1"
}

broker_start
key_new a1
key_new alice1
plug a1
lk init --one-key --name anna

step "nothing vouches for it"
plug alice1
expect_code 1 E_ATTESTATION enroll alice --host-only
lk enroll alice --host-only
expect_status 1
expect_err "its attestation ends in no pinned certificate"
expect_err "to the local tables"

step "its root is pinned by hand, and no table has the model"
sed -i "/^ceremony_seconds/a attestation_roots = $ROOM/roots.pem" "$CONF"
broker_stop
broker_start
plug alice1
expect_code 1 E_MODEL enroll alice --host-only

step "a row of our own, and the anchor of another vendor"
sed -i '/^attestation_roots/d' "$CONF"
authenticator >"$ROOM/local/authenticators.conf"
anchor trust | sed 's/vendor = Example/vendor = Yubico/' >"$ROOM/local/anchors.conf"
cp "$ROOM/roots.pem" "$ROOM/local/anchors.pem"
broker_stop
broker_start
plug alice1
expect_code 1 E_ATTESTATION enroll alice --host-only

step "an anchor that is refused"
anchor refuse >"$ROOM/local/anchors.conf"
broker_stop
broker_start
plug alice1
expect_code 1 E_ATTESTATION enroll alice --host-only

step "the desk cannot talk the broker into it: without tables on its side, the broker's still count"
sed "s|^tables =.*|tables =|" "$CONF" >"$ROOM/other.conf"
chmod 600 "$ROOM/other.conf"
lk --json --config "$ROOM/other.conf" enroll alice --host-only
expect_status 1
expect_json code E_ATTESTATION

step "nor may it leave away what the attestation proves"
anchor trust >"$ROOM/local/anchors.conf"
broker_stop
broker_start
plug alice1
lk --json --config "$ROOM/other.conf" enroll alice --host-only
expect_status 1
expect_json code E_EVIDENCE

step "anchor and row in order: enrolled, and what is known of it"
anchor trust >"$ROOM/local/anchors.conf"
broker_stop
broker_start
plug alice1
attended --json enroll alice --host-only
expect_status 0
expect_json state active
lk --json firmware show alice
expect_status 0
expect_json keys.0.model "Software key"
expect_json keys.0.anchor "Root of the software key"
expect_json keys.0.firmware_source reported
expect_json keys.0.verdict nothing
lk firmware show alice
expect_out "told by the key"
reasons '[]'

step "an advisory from a day that has come: refused at the next login, and named"
advisory "refuse-login-from 2026-01-01" "family softkey any" >"$ROOM/local/advisories.conf"
reload
reasons '["E_ADVISORY"]'
lk firmware show alice
expect_out "LOCAL-1"
expect_out "Hand out another one."
expect_out "opens nothing"

step "from a day to come: no new enrolment, logins go on"
advisory "refuse-login-from 2999-01-01" "family softkey any" >"$ROOM/local/advisories.conf"
reload
reasons '[]'
plug alice1
expect_code 1 E_ADVISORY enroll bob --host-only
lk enroll bob --host-only
expect_err "LOCAL-1"
attended suspend alice
expect_status 0
attended --json resume alice
expect_status 0
reasons '[]'

step "what a policy and tables would change, before they go live"
lk status
expect_out "211 models, 11 advisories of $(date +%F)"
lk --json firmware report
expect_status 0
expect_json credentials 1
expect_json models.0.model "Software key"
expect_json models.0.verdict refuse-enrol
expect_json advisories.0.id LOCAL-1
sed 's/^\[models\]/&\nrefused = family softkey/' "$CONF" >"$ROOM/next.conf"
chmod 600 "$ROOM/next.conf"
lk --json firmware impact --policy "$ROOM/next.conf"
expect_status 0
expect_json credentials 1
expect_json changes.0.now refuse-enrol
expect_json changes.0.then refuse-login
expect_json changes.0.because refused
expect_json changes.0.agents 1
lk --json firmware impact --policy "$CONF"
expect_json changes '[]'
mkdir "$ROOM/next"
cp "$SOURCE"/firmware-notes/tables/* "$ROOM/next"
sed -i 's/^date = 2026-11-22/date = 2026-11-23/' "$ROOM/next/advisories.conf"
lk --json firmware impact --tables "$ROOM/next"
expect_json changes '[]'
lk firmware impact --policy "$ROOM/next.conf" --tables "$ROOM/next"
expect_out "refuse-login"
expect_out "Software key"
expect_code 2 E_USAGE firmware impact
expect_code 2 E_USAGE firmware impact --tables next
expect_code 5 E_CONFIG firmware impact --tables /nowhere
reasons '[]'

step "out of the range of the firmware"
advisory "refuse-login-from 2026-01-01" "family softkey below 5.0" >"$ROOM/local/advisories.conf"
reload
reasons '[]'

step "a table that is broken leaves what was in force, and is told with file and line"
advisory "refuse-login-from 2026-01-01" "family softkey any" >"$ROOM/local/advisories.conf"
reload
reasons '["E_ADVISORY"]'
sed -i 's/^verdict = .*/verdict = allow/' "$ROOM/local/advisories.conf"
kill -HUP "$BROKER"
for i in $(seq 40); do
    grep -q 'advisories.conf:10: not a value of verdict' "$ROOM/broker.log" && break
    sleep 0.05
done
grep -q 'advisories.conf:10: not a value of verdict' "$ROOM/broker.log" || problem "the broker does not say what is wrong"
lk status
expect_out "the last reload was refused"
expect_out "advisories.conf:10: not a value of verdict"
reasons '["E_ADVISORY"]'
lk config check --no-pam
expect_status 5
expect_out "advisories.conf:10: not a value of verdict"
expect_code 5 E_CONFIG firmware check
rm "$ROOM/local/advisories.conf"
reload
reasons '[]'

step "a model is cut off by the configuration, at once and from a day on"
models "refused = family softkey from 2999-01-01"
reload
reasons '[]'
sed -i 's/^refused = .*/refused = family softkey/' "$CONF"
reload
reasons '["E_MODEL"]'
sed -i '/^refused = /d' "$CONF"

step "a firmware that it does not reach"
models "minimum_firmware = family softkey 5.99"
reload
reasons '["E_FIRMWARE"]'
sed -i '/^minimum_firmware = /d' "$CONF"
reload
reasons '[]'

step "tables of long ago let nobody be enrolled, and everybody log in"
models "table_refuse_days = 30"
models "table_warn_days = 10"
cp -r "$SOURCE/firmware-notes/tables" "$ROOM/tables"
sed -i 's/^date = 2026-.*/date = 2020-01-01/' "$ROOM/tables/advisories.conf"
sed -i "s|^tables = .*|tables = $ROOM/tables|" "$CONF"
broker_stop
broker_start
plug alice1
expect_code 1 E_TABLE_OLD enroll bob --host-only
reasons '[]'
lk status
expect_out "E_TABLE_OLD"

step "check and show"
lk firmware check
expect_status 0
expect_out "local, version 1"
expect_code 2 E_USAGE firmware show
expect_code 1 E_UNKNOWN_AGENT firmware show nobody
lk --json firmware show 664d9f67-84a2-412a-9ff7-b4f7d8ee6d05
expect_json keys.0.verdict refuse-enrol

step "tables that others may write are not read"
chmod 666 "$ROOM/tables/advisories.conf"
expect_code 5 E_CONFIG firmware check
finish
