# SPDX-License-Identifier: EUPL-1.2
# shellcheck shell=bash
# Software keys for scripts: each key NAME is a process with its socket $keys/NAME.sock. Sourced; needs $build, $state and $keys.
# Only what start_key started is ended, by process id.

key_pids=()

# Operators' keys share one PIN here, as one command may need two of them; the agents' keys have their own.
pin_of() {
    case "$1" in anna* | bert*) echo operator-1234 ;; *) echo "$1-1234" ;; esac
}

# start_key NAME [OPTION ...]: a key with a PIN of its own in $state/NAME.pin, plugged in.
start_key() {
    local name=$1
    shift
    mkfifo "$state/$name.ready"
    "$build/tests/softkey/lk_softkey" --socket "$keys/$name.sock" --control "$state/$name.control" \
        --state "$state/$name.key" --name "$name" "$@" >"$state/$name.ready" 2>"$state/$name.log" &
    key_pids+=($!)
    if ! grep -q -m1 ready <"$state/$name.ready"; then
        echo "the software key $name did not start:" >&2
        cat "$state/$name.log" >&2
        return 4
    fi
    rm -f "$state/$name.ready"
    (umask 077 && pin_of "$name" >"$state/$name.pin")
    key "$name" pin set "$(pin_of "$name")" >/dev/null
    key_names+=("$name")
}
key_names=()

# key NAME WORD ...: a command of the control channel.
key() {
    local name=$1
    shift
    "$build/tests/softkey/lk_softkey_control" "$state/$name.control" "$@"
}

# plugged NAME ...: these keys are plugged in, all others are not.
plugged() {
    local name
    for name in "${key_names[@]}"; do
        if [[ " $* " = *" $name "* ]]; then
            key "$name" plug >/dev/null || true
        else
            key "$name" unplug >/dev/null || true
        fi
    done
}

# take_turns FILE PID: while the process runs, plugs in the key whose turn it is, as a person would who reads what the desk says in FILE.
take_turns() {
    local line turn=
    while kill -0 "$2" 2>/dev/null; do
        line=$(grep -E '^(Key [0-9]+ of operator|Operator) ' "$1" | tail -n 1) || true
        if [ "$line" != "$turn" ]; then
            turn=$line
            case "$line" in
            'Key 1 of operator '*) plugged "$(sed 's/^Key 1 of operator \([^:]*\):.*/\1/' <<<"$line")" ;;
            'Key 2 of operator '*) plugged "$(sed 's/^Key 2 of operator \([^:]*\):.*/\12/' <<<"$line")" ;;
            'Operator '*) plugged "$(sed 's/^Operator \([^:]*\):.*/\1/' <<<"$line")" ;;
            esac
        fi
        sleep 0.05
    done
}

stop_keys() {
    local pid
    for pid in "${key_pids[@]}"; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    key_pids=()
}
