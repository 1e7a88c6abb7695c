#!/usr/bin/env bash
# SPDX-License-Identifier: EUPL-1.2
# `config check`: every fault is named with file, line and reason; PAM stacks are judged; nothing is changed.
. "$(dirname "$0")/lib.sh"
setup
broker_start
key_new a1
plug a1
lk init --one-key --name anna
CONF=$ROOM/etc/latchkey.conf
SAMPLES=$SOURCE/tests/provisioning/pam.d-samples
mkdir "$ROOM/modules"
for module in latchkey unix deny permit cap env rootok succeed_if faildelay; do : >"$ROOM/modules/pam_$module.so"; done

check() { lk config check --module-dir "$ROOM/modules" "$@"; }

step "all is well"
check --no-pam
expect_status 0
expect_out "organisation example.org"
lk --json config check --no-pam
expect_json ok true

# refused TEXT: what the check must say; the file is put back
refused() {
    check --no-pam
    expect_status 5
    expect_out "$1"
    write_config >"$CONF"
    chmod 600 "$CONF"
}

step "an unknown option"
echo 'colour = blue' >>"$CONF"
refused "latchkey.conf:15: "
step "a bad value"
sed -i 's/^ceremony_seconds = .*/ceremony_seconds = 500/' "$CONF"
refused "latchkey.conf:14: "
step "a comment behind a value"
sed -i 's/^ceremony_seconds = .*/ceremony_seconds = 10 ; short/' "$CONF"
refused "latchkey.conf:14: "
step "a file that others may write"
chmod 666 "$CONF"
refused "latchkey.conf: "
step "a link in the path"
mv "$CONF" "$ROOM/etc/real.conf"
ln -s real.conf "$CONF"
check --no-pam
expect_status 5
expect_out "latchkey.conf: "
rm "$CONF"
write_config >"$CONF"
chmod 600 "$CONF"

step "other commands refuse the file with the same words"
echo 'colour = blue' >>"$CONF"
lk --json list
expect_status 5
expect_json code E_CONFIG
json detail | grep -q 'latchkey.conf:15: ' || problem "file and line are not named"
write_config >"$CONF"
chmod 600 "$CONF"

step "a state folder that others may read"
chmod 755 "$ROOM/state"
check --no-pam
expect_status 5
expect_out "chmod 0700"
chmod 700 "$ROOM/state"

step "an operator chain that was cut"
cp "$ROOM/etc/operators" "$ROOM/operators.good"
head -c 300 "$ROOM/operators.good" >"$ROOM/etc/operators"
check --no-pam
expect_status 5
expect_out "does not verify"
cp "$ROOM/operators.good" "$ROOM/etc/operators"

step "stacks: one row a service, with line and reason"
before=$(sha256sum "$SAMPLES"/* | sha256sum)
check --pam-dir "$SAMPLES"
expect_status 5
expect_out "optional:2"
expect_out "does not count here (optional)"
expect_out "pam_unix.so alone lets a login pass by the key"
expect_out "does not know the word nouserok"
expect_out "public keys never ask this stack"
expect_out "not among local_services"
expect_out "root passes without it"
same "$(sha256sum "$SAMPLES"/* | sha256sum)" "$before"

step "the same as JSON"
lk --json config check --module-dir "$ROOM/modules" --pam-dir "$SAMPLES"
expect_json ok false
python3 - "$ROOM/out" <<'EOF' || problem "verdicts"
import json, sys
seen = {row["service"]: row for row in json.load(open(sys.argv[1]))["services"]}
want = {"required-after": "requires-key", "su": "requires-key", "optional": "without-key", "not-armed": "not-armed",
        "unknown-argument": "broken", "in-session": "broken", "jump-over": "without-key"}
for service, verdict in want.items():
    assert seen[service]["verdict"] == verdict, (service, seen[service])
assert "common-auth" not in seen
EOF

step "only armed stacks that hold: exit 0; one that can be passed: exit 1"
mkdir "$ROOM/pam"
cp "$SAMPLES/common-auth" "$ROOM/pam/"
cp "$SAMPLES/required-after" "$ROOM/pam/sudo"
check --pam-dir "$ROOM/pam"
expect_status 0
cp "$SAMPLES/optional" "$ROOM/pam/login"
check --pam-dir "$ROOM/pam"
expect_status 1

step "the gateway: both shipped stacks, each with its option; option and stack that disagree"
mkdir "$ROOM/gate"
cp "$SAMPLES/common-auth" "$ROOM/gate/"
echo 'account required pam_permit.so' >"$ROOM/gate/common-account"
cp "$SOURCE/packaging/pam.d/latchkey-sso" "$ROOM/gate/latchkey-sso"
check --pam-dir "$ROOM/gate"
expect_status 0
expect_out "logins at the gateway"
cp "$SOURCE/packaging/pam.d/latchkey-sso.pin" "$ROOM/gate/latchkey-sso"
check --pam-dir "$ROOM/gate"
expect_status 5
expect_out "password = required, and no module here asks"
printf '[gateway]\npassword = none\n' >>"$CONF"
check --pam-dir "$ROOM/gate"
expect_status 0
cp "$SOURCE/packaging/pam.d/latchkey-sso" "$ROOM/gate/latchkey-sso"
check --pam-dir "$ROOM/gate"
expect_status 5
expect_out "password = none, and a module here may ask"
write_config >"$CONF"
chmod 600 "$CONF"
sed -i 's/ transaction$//' "$ROOM/gate/latchkey-sso"
check --pam-dir "$ROOM/gate"
expect_status 5
expect_out "needs pam_latchkey.so transaction"
cp "$SOURCE/packaging/pam.d/latchkey-sso" "$ROOM/gate/sudo"
rm "$ROOM/gate/latchkey-sso"
check --pam-dir "$ROOM/gate"
expect_status 5
expect_out "for the service of the gateway only"

step "the module is not installed"
rm "$ROOM/modules/pam_latchkey.so" "$ROOM/pam/login"
check --pam-dir "$ROOM/pam"
if [ -z "$(ls /lib/security/pam_latchkey.so /lib/*/security/pam_latchkey.so /usr/lib/*/security/pam_latchkey.so 2>/dev/null)" ]; then
    expect_status 5
    expect_out "no file pam_latchkey.so"
fi

step "this machine's own stacks are read without complaint about their form"
lk --json config check
grep -q 'not understood' "$ROOM/out" && problem "a line of /etc/pam.d is not understood"

step "the broker is not there: everything else is still checked"
broker_stop
check --no-pam
expect_status 4
expect_out "nobody answers"

step "config help names every option with its bounds"
lk config help
expect_status 0
expect_out "ceremony_seconds"
lk --json config help
expect_json ok true

step "pam try runs a stack once"
mkdir "$ROOM/try"
printf 'auth required pam_permit.so\naccount required pam_permit.so\n' >"$ROOM/try/yes"
printf 'auth required pam_deny.so\naccount required pam_permit.so\n' >"$ROOM/try/no"
me=$(id -un)
lk --json pam try yes --pam-dir "$ROOM/try" --user "$me"
expect_status 0
expect_json passed true
lk --json pam try no --pam-dir "$ROOM/try" --user "$me"
expect_status 1
expect_json code E_PAM_REFUSED
lk pam try no --pam-dir "$ROOM/try" --user "$me"
expect_out "no refuses this login"

step "pam try: a password that is typed at once is taken and not shown; Ctrl-C leaves the terminal echoing"
printf '#!/bin/sh\n[ "$(tr -d "\\000")" = "typed at once" ]\n' >"$ROOM/right"
chmod 755 "$ROOM/right"
printf 'auth required pam_exec.so expose_authtok quiet %s\naccount required pam_permit.so\n' "$ROOM/right" >"$ROOM/try/asks"
typed() {
    "$(dirname "$0")/typed.py" "$1" 'Password: ' "$2" "$BUILD/bin/latchkey-pam-try" --confdir "$ROOM/try" --user "$me" asks >"$ROOM/out" 2>"$ROOM/err"
    STATUS=$?
}
typed --full 'typed at once'
expect_status 0
typed --full 'something else'
expect_status 1
typed --full ^C
expect_status 130
typed --early ^C
expect_status 130
finish
