#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# Tests of the software key with programs that know nothing of it: fido2-tools, pam_u2f, openssl.
# test_softkey.sh BUILD_FOLDER. Leaves nothing behind; ends the programs it started by their number.
set -u

build=$(cd "$1" && pwd) || exit 2
scratch=$(mktemp -d "${TMPDIR:-/tmp}/lk_softkey_test.XXXXXX") || exit 2
cd "$scratch" || exit 2
# A UNIX socket's path is short; sanitizers are not first in what umockdev-wrapper preloads.
export LK_SOFTKEY_DIR=$scratch/keys ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0
mkdir keys
passed=0
failed=0
runs=0
declare -A started

key_stop() { # NAME
    if [[ -n ${started[$1]-} ]]; then
        kill "${started[$1]}" 2>/dev/null
        wait "${started[$1]}" 2>/dev/null
        unset "started[$1]"
    fi
}

finish() {
    for name in "${!started[@]}"; do
        key_stop "$name"
    done
    rm -rf "$scratch"
}
trap finish EXIT

check() { # WHAT COMMAND...
    local what=$1
    shift
    if "$@" >check.out 2>&1; then
        passed=$((passed + 1))
        echo "ok   $what"
    else
        failed=$((failed + 1))
        echo "FAIL $what"
        sed 's/^/       /' check.out
    fi
}

refused() { ! "$@"; }

key_start() { # NAME OPTION...
    local name=$1 tries=0
    shift
    "$build/lk_softkey" --socket "keys/$name.sock" --control "$name.ctl" "$@" >"$name.out" 2>"$name.err" &
    started[$name]=$!
    until grep -qsx ready "$name.out"; do
        ((++tries < 200)) || return 1
        sleep 0.05
    done
}

say() { "$build/lk_softkey_control" "$1.ctl" "${@:2}"; }
shim() { env LD_PRELOAD="$build/liblk_softkey_shim.so" timeout 20 "$@"; }
path() { echo "softkey:$scratch/keys/$1.sock"; }
random() { head -c "$1" /dev/urandom | base64 -w0; }

counter_is() { # NAME COUNTER VALUE
    say "$1" counters | tr ' ' '\n' | grep -qx "$2=$3"
}

until_blinking() { # NAME
    local tries=0
    until say "$1" blinking | grep -qx 'ok yes'; do
        ((++tries < 100)) || return 1
        sleep 0.05
    done
}

make_input() { printf '%s\n%s\n%s\n%s\n' "$(random 32)" example.org "${1-alice}" "$(random 16)"; }

# Answers password prompts of a program on a terminal of its own.
cat >pin.exp <<'END'
set timeout 15
log_user 0
spawn -noecho {*}[lrange $argv 1 end]
set answers [split [lindex $argv 0] ,]
expect {
    -re {(PIN|again)[^:]*:[^ ]* *$} {
        if {[llength $answers] > 0} {
            send -- "[lindex $answers 0]\r"
            set answers [lrange $answers 1 end]
            exp_continue
        }
    }
    eof {}
}
puts $expect_out(buffer)
exit [lindex [wait] 3]
END
with_pin() { expect pin.exp "$1" env LD_PRELOAD="$build/liblk_softkey_shim.so" timeout --foreground 20 "${@:2}"; }

# make NAME [OPTION...] [-- TYPE]: credential into cout and, verified by libfido2, key.id and key.pub
make() {
    local name=$1 type=es256
    shift
    if [[ ${1-} == -- ]]; then type=$2 && shift 2; fi
    rm -f cout key.*
    make_input >cin
    shim fido2-cred -M "$@" -i cin -o cout "$(path "$name")" "$type" &&
        fido2-cred -V -i cout -o key.all "$type" && sed -n 1p key.all >key.id && sed 1d key.all >key.pub
}

get() { # NAME OPTION...: assertion into aout
    { random 32; echo; echo example.org; cat key.id; } >ain
    rm -f aout
    shim fido2-assert -G "${@:2}" -i ain -o aout "$(path "$1")"
}

verify() { fido2-assert -V "$@" -i aout key.pub "${type-es256}"; }
get_and_verify() { get "$1" "${@:2}" && verify "${@:2}"; }

auth_data_hex() { sed -n 3p aout | base64 -d | od -An -v -tx1 | tr -d ' \n'; }
flags() { local hex && hex=$(auth_data_hex) && echo "${hex:68:2}"; } # two bytes of CBOR head, RP hash
counter() { local hex && hex=$(auth_data_hex) && echo $((16#${hex:70:8})); }

attested_by_root() { # does x5c[0] in cout chain to the test root?
    "$build/lk_softkey" --print-root >root.pem
    sed -n 7p cout | base64 -d | openssl x509 -inform der -out leaf.pem &&
        openssl verify -x509_strict -CAfile root.pem leaf.pem
}
leaf_has_aaguid() { # HEX
    openssl asn1parse -in leaf.pem | grep -A1 1.3.6.1.4.1.45724.1.1.4 | grep -qi "0410$1"
}

# ---- devices -------------------------------------------------------------------------------------
key_start one --seed 01 --state one.state || { cat one.err; exit 1; }
list() { shim fido2-token -L; }
list_has() { [[ $(list | grep -c softkey:) == "$1" ]]; }
check 'one key is listed' list_has 1
check 'its information is read' bash -c "$(declare -f shim path); build=$build scratch=$scratch; shim fido2-token -I $(path one) | grep -q 'aaguid: 6c617463686b4579a0736f66746b6579'"
key_start two --seed 02
check 'two keys are listed' list_has 2
check 'a credential of one is good' make one
check 'and signs there' get_and_verify one
check 'but is unknown to two' refused get two
key_stop two
check 'a key that is gone is not listed' list_has 1
say one unplug >/dev/null
check 'an unplugged key is not listed' list_has 0
check 'and cannot be opened' refused get one
say one plug >/dev/null
check 'a key plugged in again signs' get_and_verify one
key_stop one
key_start one --seed 99 --state one.state
check 'a credential survives a restart through the state file' get_and_verify one

# ---- formats -------------------------------------------------------------------------------------
check 'packed attestation' make one
check 'chains to the test root' attested_by_root
check 'and its certificate has the AAGUID' leaf_has_aaguid 6c617463686b4579a0736f66746b6579
check 'EdDSA credential' make one -- eddsa
type=eddsa check 'EdDSA assertion' get_and_verify one
for format in self fido-u2f; do
    key_start "$format" --attestation "$format"
    check "attestation $format" make "$format"
    check "assertion after $format" get_and_verify "$format"
    key_stop "$format"
done
for seed in 05 05 06; do
    key_start seeded --seed "$seed"
    make_input >/dev/null
    printf '%s\n%s\n%s\n%s\n' "$(printf %032d 0 | base64)" example.org alice "$(printf %016d 0 | base64)" >cin
    shim fido2-cred -M -i cin -o "cout.$((++runs))" "$(path seeded)"
    key_stop seeded
done
check 'the same seed makes the same bytes' cmp cout.1 cout.2
check 'another seed other bytes' refused cmp -s cout.1 cout.3

# ---- counter, touch ------------------------------------------------------------------------------
make one >/dev/null
counters_rise() { get one && local before && before=$(counter) && get one && (($(counter) == before + 1)); }
check 'the counter rises by one' counters_rise
say one touch deny >/dev/null
check 'touch denied' bash -c "$(declare -f get shim path random); build=$build scratch=$scratch; get one 2>&1 | grep -q FIDO_ERR_OPERATION_DENIED"
say one touch delay 700 >/dev/null
say one counters reset >/dev/null
delayed() { local start=${EPOCHREALTIME/./} && get_and_verify one && ((${EPOCHREALTIME/./} - start > 690000)); }
check 'touch after 700 ms' delayed
check 'one touch was counted' counter_is one touches 1
keepalives_sent() { local n && n=$(say one counters | tr ' ' '\n' | sed -n 's/^keepalives=//p') && ((n >= 5 && n <= 9)); }
check 'with a KEEPALIVE about every 100 ms' keepalives_sent
say one touch wait >/dev/null
get one & waiting=$!
check 'it blinks while it waits' until_blinking one
check 'touch now is taken' say one touch now
check 'and ends the wait' wait "$waiting"
check 'with a good signature' verify
check 'a touch nobody waits for is an error' refused say one touch now
get one 2>get.err & waiting=$!
until_blinking one
say one unplug >/dev/null
check 'pulled out in mid-prompt' refused wait "$waiting"
say one plug >/dev/null
say one touch auto >/dev/null

# ---- resident keys, credProtect, exclude list ------------------------------------------------------
check 'resident credential' make one -r
make_input bob >cin
shim fido2-cred -M -r -i cin -o cout "$(path one)"
check 'two residents are kept' bash -c "'$build/lk_softkey_control' one.ctl dump-credentials | grep -qx 'ok count=2'"
resident() { printf '%s\nexample.org\n' "$(random 32)" >ain && shim fido2-assert -G -r -i ain -o aout "$(path one)"; }
check 'they are found without an allow list' resident
check 'both, the newer first' test "$(grep -c example.org aout)" = 2
say one pin set 24680 >/dev/null
check 'a key with a PIN keeps no resident without it' refused make one -r
rm -f cout
make_input carol >cin
check 'with it it does' with_pin 24680 fido2-cred -M -r -v -c 3 -i cin -o cout "$(path one)"
fido2-cred -V -v -c 3 -i cout -o key.all && sed -n 1p key.all >key.id && sed 1d key.all >key.pub
check 'credProtect 3 was echoed' test -s key.id
check 'credProtect 3 hides it without verification' refused get one
{ random 32; echo; echo example.org; cat key.id; } >ain
check 'and shows it with' with_pin 24680 fido2-assert -G -v -i ain -o aout "$(path one)"
check 'with the UV flag signed' verify -v
exported() { # the public key of the exported private one, found by the credential's id
    say one export example.org | sed -n "s/^exported rp=example.org id=$(base64 -d <key.id | od -An -v -tx1 | tr -d ' \n') .* private=//p" |
        python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))' | openssl pkey -inform DER -pubout
}
exported >exported.pub 2>/dev/null
check 'an exported key is the credential'\''s' diff exported.pub key.pub
check 'three are exported' test "$(say one export example.org | grep -c '^exported .* user=[0-9a-f]* counter=[0-9]* private=30')" = 3
check 'none of a relying party that is not there' refused say one export example.com

# ---- PIN -----------------------------------------------------------------------------------------
retries_are() { shim fido2-token -I "$(path "${2-one}")" | grep -qx "pin retries: $1"; }
check 'eight tries' retries_are 8
check 'a wrong PIN is refused' refused with_pin 11111 fido2-assert -G -v -i ain -o aout "$(path one)"
check 'and costs one' retries_are 7
check 'which is counted' counter_is one wrong-pins 1
with_pin 11111 fido2-assert -G -v -i ain -o aout "$(path one)" >/dev/null
with_pin 11111 fido2-assert -G -v -i ain -o aout "$(path one)" >blocked.out
check 'three in a row block it' grep -q FIDO_ERR_PIN_AUTH_BLOCKED blocked.out
check 'even the right one' refused with_pin 24680 fido2-assert -G -v -i ain -o aout "$(path one)"
check 'without a further cost' retries_are 5
say one unplug >/dev/null
say one plug >/dev/null
check 'until it is plugged in again' with_pin 24680 fido2-assert -G -v -i ain -o aout "$(path one)"
check 'then all tries are back' retries_are 8
check 'the PIN is changed' with_pin 24680,13579,13579 fido2-token -C "$(path one)"
check 'to the new one' with_pin 13579 fido2-assert -G -v -i ain -o aout "$(path one)"
say one pin retries 1 >/dev/null
with_pin 11111 fido2-assert -G -v -i ain -o aout "$(path one)" >blocked.out
check 'the last try lost' grep -q FIDO_ERR_PIN_BLOCKED blocked.out
check 'blocks the right PIN too' refused with_pin 13579 fido2-assert -G -v -i ain -o aout "$(path one)"
for protocol in 1 2; do
    key_start protocol --pin-protocol "$protocol"
    check "PIN protocol $protocol sets a PIN" with_pin 24680,24680 fido2-token -S "$(path protocol)"
    make_input >cin
    check "PIN protocol $protocol makes a credential" with_pin 24680 fido2-cred -M -v -i cin -o cout "$(path protocol)"
    check "PIN protocol $protocol verified" fido2-cred -V -v -i cout -o /dev/null
    check "PIN protocol $protocol refuses a wrong one" refused with_pin 24681 fido2-cred -M -v -i cin -o cout "$(path protocol)"
    key_stop protocol
done

# ---- reset ---------------------------------------------------------------------------------------
key_start late --reset-window 1000
make late >/dev/null
check 'before a reset' get late
sleep 1.1
check 'reset is refused later than the window' refused shim fido2-token -R "$(path late)"
say late unplug >/dev/null
say late plug >/dev/null
check 'and works after plugging in' shim fido2-token -R "$(path late)"
check 'credentials are gone' refused get late
key_stop late

# ---- built-in user verification --------------------------------------------------------------------
key_start finger --uv on
make finger >/dev/null
with_finger() { get finger -t uv=true; }
check 'built-in UV' with_finger
check 'is signed' verify -v
say finger uv fail >/dev/null
check 'a finger that is not known' refused with_finger
uv_retries_are() { shim fido2-token -I "$(path finger)" | grep -qx "uv retries: $1"; }
check 'costs one try' uv_retries_are 4
for ((i = 0; i < 4; i++)); do with_finger; done 2>/dev/null
say finger uv on >/dev/null
check 'after five the known finger is refused' refused with_finger
key_stop finger

# ---- misbehaviour: what it does, seen by libfido2 ---------------------------------------------------
key_start bad --seed 0a
make bad >/dev/null
spoiled() { say bad misbehave "$@" >/dev/null; }
for how in bad-rp-hash bad-signature foreign-credential; do
    spoiled "$how"
    check "$how: an assertion comes" get bad
    check "$how: and does not verify" refused verify
done
spoiled clear-up && get bad
check 'clear-up' refused verify -p
spoiled clear-uv && say bad uv on >/dev/null && get bad -t uv=true
check 'clear-uv' test "$(flags)" = 01
check 'clear-uv: does not verify' refused verify -v
say bad uv off >/dev/null
spoiled set-be && get bad
check 'set-be' test "$(flags)" = 09
spoiled set-bs && get bad
check 'set-bs' test "$(flags)" = 11
spoiled set-be,set-bs && get bad
check 'both' test "$(flags)" = 19
spoiled none && get bad
check 'none' test "$(flags)" = 01
last=$(counter)
spoiled repeat-counter && get bad
check 'repeat-counter' test "$(counter)" = "$last"
check 'repeat-counter is signed' verify
spoiled counter-back && get bad
check 'counter-back' test "$(counter)" -lt "$last"
for how in malformed-cbor huge-array trailing-bytes no-such-command bad-sequence garbage-reports; do
    spoiled "$how"
    # libfido2 reads an assertion's CBOR to its end and looks no further
    if [[ $how != trailing-bytes ]]; then check "$how" refused get bad; fi
done
spoiled huge-array get-info
has_information() { shim fido2-token -I "$(path bad)" | grep -q aaguid; }
check 'huge-array on getInfo only' refused has_information
times_out() { get bad; (($? == 124)); }
shim() { env LD_PRELOAD="$build/liblk_softkey_shim.so" timeout "${limit-20}" "$@"; }
for how in stall endless-keepalive lie-length dead; do
    spoiled "$how"
    limit=1 check "$how" times_out
    spoiled none
    say bad unplug >/dev/null && say bad plug >/dev/null
    check "after $how the key works again" get_and_verify bad
done
spoiled unplug
check 'unplug in mid-ceremony' refused get bad
check 'it is out' list_has 1
spoiled none
say bad plug >/dev/null
make bad >/dev/null
check 'plugged in again it attests' attested_by_root
spoiled wrong-attestation
check 'wrong-attestation: the signature is good' make bad
check 'wrong-attestation: the chain is not' refused attested_by_root
spoiled wrong-aaguid && make bad >/dev/null && attested_by_root >/dev/null
check 'wrong-aaguid' refused leaf_has_aaguid 6c617463686b4579a0736f66746b6579
spoiled none
say bad pin set 24680 >/dev/null
spoiled pin-blocked
check 'pin-blocked' retries_are 0 bad
check 'an unknown misbehaviour is an error' refused say bad misbehave nonsense
check 'an unknown command is an error' refused say bad nonsense
key_stop bad

# ---- CTAPHID by hand ------------------------------------------------------------------------------
report() { # HEX: one report of 64 bytes
    local hex=$1 bytes=
    for ((i = 0; i < ${#hex}; i += 2)); do bytes+="\\x${hex:i:2}"; done
    printf "$bytes"
    head -c $((64 - ${#hex} / 2)) /dev/zero
}
init=ffffffff8600080102030405060708
raw() { # REPORT... with a pause where a word is "-"
    { for word in "$@"; do if [[ $word == - ]]; then sleep 0.3; else report "$word"; fi; done; sleep 0.2; } |
        "$build/lk_softkey" --stdin --touch wait 2>/dev/null | od -An -v -tx1 -w64 | tr -d ' '
}
raw_has() { local want=$1 && shift && raw "$@" | grep -q "$want"; }
check 'INIT echoes the nonce and gives a channel' raw_has '^ffffffff86001101020304050607080000000102' $init
check 'CANCEL ends the wait with KEEPALIVE_CANCEL' raw_has '^00000001900001 *2d' $init 000000019000010b - 00000001910000
check 'KEEPALIVE says that a touch is needed' raw_has '^00000001bb000102' $init 000000019000010b -
check 'a channel that was not given is refused' raw_has '^00000007bf00010b' $init 000000079000010b
check 'a wrong sequence number is refused' raw_has '^00000001bf000104' $init 00000001810064 0000000105
check 'half a message times out' raw_has '^00000001bf000105' $init 00000001810064 - -
check 'a length beyond the limit is refused' raw_has '^00000001bf000103' $init 0000000190ffff
check 'an unknown command is refused' raw_has '^00000001bf000101' $init 00000001840000
check 'a second channel finds it busy' raw_has '^00000002bf000106' $init $init 000000019000010b 000000029000010b
check 'PING comes back' raw_has '^0000000181000301020 *3' $init 00000001810003010203
# One command as reports of channel 1, and the answer's payload as hex (of one command at --touch auto).
message() { # HEX
    local hex=$1 sequence=0
    report "0000000190$(printf %04x $((${#hex} / 2)))${hex:0:114}"
    for ((at = 114; at < ${#hex}; at += 118)); do
        report "$(printf 00000001%02x $sequence)${hex:at:118}"
        sequence=$((sequence + 1))
    done
}
answer() { # HEX OPTION...
    { report $init; message "$1"; sleep 0.3; } | "$build/lk_softkey" --stdin "${@:2}" 2>/dev/null |
        od -An -v -tx1 -w64 | tr -d ' ' | sed -n -e 's/^0000000190....//p' -e 's/^00000001[0-7].//p' | tr -d '\n'
}
answer_is() { local want=$1 && shift && [[ $(answer "$@") == "$want"* ]]; }
# {1: 32 bytes, 2: {"id": "a"}, 3: {"id": h'00'}, 4: [{"alg": -7, "type": "public-key"}]}
make_head=5820$(printf %064d 0)02a16269646161
make_tail=03a162696441000481a263616c672664747970656a7075626c69632d6b6579
made=$(answer "01a401$make_head$make_tail" --seed 10)
id=${made:$((2 * (1 + 1 + 1 + 7 + 1 + 2 + 55))):128}
excluding() { echo "01a501$make_head${make_tail}0581a26269645840${1}64747970656a7075626c69632d6b6579"; }
check 'exclude list: ours is excluded' answer_is 19 "$(excluding "$id")" --seed 10
check 'exclude list: only after a touch' answer_is 27 "$(excluding "$id")" --seed 10 --touch deny
check 'exclude list: that of another key is not' answer_is 00a3 "$(excluding "$id")" --seed 11
check 'empty PIN parameter asks for a touch only' answer_is 35 "01a601$make_head${make_tail}08400902"
check 'and says that a PIN is set' answer_is 31 "01a601$make_head${make_tail}08400902" --pin 24680
check 'attestation none' answer_is 00a301646e6f6e65 "01a401$make_head$make_tail" --attestation none
check 'enterprise attestation is refused' answer_is 02 "01a501$make_head${make_tail}0a01"
check 'no algorithm in common' answer_is 26 "01a401$make_head${make_tail/6726/6725}"
check 'keys out of order' answer_is 12 "01a404${make_head}"
check 'selection' answer_is 00 0b
check 'selection denied' answer_is 27 0b --touch deny
check 'touch time-out' answer_is 2f 0b --touch wait --touch-timeout 100
check 'getNextAssertion without an assertion' answer_is 30 08
check 'command that does not exist' answer_is 01 55
check 'an empty makeCredential lacks its map' raw_has '^0000000190000112' $init 0000000190000101

# ---- umockdev: libfido2's own udev and HID code -----------------------------------------------------
mock() { timeout 30 umockdev-wrapper "$build/lk_softkey_umockdev" --seed 0b --state mock.state "$@"; }
mock_list() { mock -- fido2-token -L | grep -Fx '/dev/hidraw0: vendor=0x1209, product=0x4c4b (Latchkey Software key)'; }
check 'umockdev: listed by udev with its names' mock_list
make_input >cin
rm -f cout key.*
check 'umockdev: credential' mock -- fido2-cred -M -i cin -o cout /dev/hidraw0
fido2-cred -V -i cout -o key.all && sed -n 1p key.all >key.id && sed 1d key.all >key.pub
{ random 32; echo; echo example.org; cat key.id; } >ain
check 'umockdev: assertion' mock -- fido2-assert -G -i ain -o aout /dev/hidraw0
check 'umockdev: verifies' verify
check 'umockdev: touch denied' refused mock --touch deny -- fido2-assert -G -i ain -o aout /dev/hidraw0
check 'umockdev: another key refuses' refused timeout 30 umockdev-wrapper "$build/lk_softkey_umockdev" --seed 0c -- fido2-assert -G -i ain -o aout /dev/hidraw0

# ---- pam_u2f --------------------------------------------------------------------------------------
key_stop one
key_start pam --seed 0d --state pam.state
mkdir pam.d
echo "auth required pam_u2f.so authfile=$scratch/u2f_keys origin=pam://softkey appid=pam://softkey" >pam.d/softkey
shim pamu2fcfg -o pam://softkey -i pam://softkey -u "$(id -un)" >u2f_keys
login() {
    env LD_PRELOAD="libpam_wrapper.so $build/liblk_softkey_shim.so" PAM_WRAPPER=1 \
        PAM_WRAPPER_SERVICE_DIR="$scratch/pam.d" timeout 20 pamtester softkey "$(id -un)" authenticate
}
check 'pam_u2f: accepted with the key' login
say pam misbehave bad-signature >/dev/null
check 'pam_u2f: refused with a bad signature' refused login
say pam misbehave none >/dev/null
say pam touch deny >/dev/null
check 'pam_u2f: refused without a touch' refused login
key_stop pam
check 'pam_u2f: refused without a key' refused login
key_start pam --seed 0e
check 'pam_u2f: refused with another key' refused login

echo "$passed passed, $failed failed"
((failed == 0))
