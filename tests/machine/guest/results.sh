# SPDX-License-Identifier: EUPL-1.2
# What the guest tells the host: lines on the serial console. Sourced by guest.sh.
#   LK-RESULT pass|fail NAME text    one check
#   LK-LOG text                      what a failed check had to say
#   LK-END                           the list is whole; only a run that came to its end prints it

# The console gets whole lines only: every check writes to its own file, never to the console.
say() {
    printf '%s\n' "$*" >&"$console_fd"
}

seconds_up() {
    local up _
    read -r up _ </proc/uptime
    printf '%s' "$up"
}

pass() { # NAME TEXT
    say "LK-RESULT pass $1 $2 (at $(seconds_up) s)"
}

# The transcript, when given, is shown without control bytes, its last 40 lines.
fail() { # NAME TEXT [TRANSCRIPT]
    say "LK-RESULT fail $1 $2 (at $(seconds_up) s)"
    if [[ -n ${3:-} && -r $3 ]]; then
        tail -n 40 "$3" | tr -d '\r' | LC_ALL=C tr -c '[:print:]\n' '?' | sed 's/^/LK-LOG /' >&"$console_fd"
    fi
}

# check NAME TEXT COMMAND...: passes when the command succeeds.
check() {
    local name=$1 text=$2 log
    shift 2
    log=$scratch/log.$name
    if "$@" >"$log" 2>&1; then pass "$name" "$text"; else fail "$name" "$text" "$log"; fi
}

# A command that must work for anything else to make sense: its failure ends the run.
need() { # NAME COMMAND...
    local name=$1 log=$scratch/log.$1
    shift
    if ! "$@" >"$log" 2>&1; then
        fail "$name" "preparation failed: $*" "$log"
        power_off
    fi
}

power_off() {
    sync
    echo o >/proc/sysrq-trigger
    sleep 60
}

finish() {
    say LK-END
    power_off
}
