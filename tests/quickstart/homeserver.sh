# SPDX-License-Identifier: EUPL-1.2
# shellcheck shell=bash
# The homeserver's rows: the program `homeserver` beside this file tries them, here they become lines of the table. It starts while the host's rows are made, and
# ends when its pipes do. Sourced by table; needs $build, $state, $here and $keep.

homeserver_pid=

start_homeserver() {
    local options=(--folder "$state/homeserver")
    mkdir -m 0755 "$state/homeserver"
    [ "$keep" != yes ] || options+=(--keep)
    coproc homeserver_pipe { LK_BUILD=$build exec python3 -B "$here/homeserver" "${options[@]}" 2>"$state/homeserver.log"; }
    # shellcheck disable=SC2154 # coproc sets it
    homeserver_pid=$homeserver_pipe_PID
    # What bash itself knows of them goes away with the process.
    exec {homeserver_says}<&"${homeserver_pipe[0]}" {homeserver_told}>&"${homeserver_pipe[1]}"
    exec {homeserver_pipe[0]}<&- {homeserver_pipe[1]}>&-
}

homeserver_runs() {
    [ -z "$homeserver_pid" ] || kill -0 "$homeserver_pid" 2>/dev/null
}

end_homeserver() {
    [ -n "$homeserver_pid" ] || return 0
    kill "$homeserver_pid" 2>/dev/null || true
    wait "$homeserver_pid" 2>/dev/null || true
    homeserver_pid=
}

# It said why, or it is gone without a word.
homeserver_failed() { # KIND TEXT
    local status=4
    [ "$1" != missing ] || status=3
    [ "$status" = 3 ] || tail -n 40 "$state/homeserver.log" >&2
    local why=${2:-its program ended}
    echo "The homeserver's rows cannot be made: ${why%.}." >&2
    exit "$status"
}

homeserver_rows() {
    local kind text expected why
    # It may have been ready for long.
    if ! IFS=$'\t' read -r -t 0.1 -u "$homeserver_says" kind text; then
        note 'Starting broker, gateway, nginx, Synapse and Chromium ...'
        IFS=$'\t' read -r -u "$homeserver_says" kind text || true
    fi
    [ "${kind:-}" = ready ] || homeserver_failed "${kind:-}" "${text:-}"
    head_row Homeserver 'a way to a Matrix session ...'
    echo rows >&"$homeserver_told"
    while IFS=$'\t' read -r -u "$homeserver_says" kind text expected verdict why; do
        case "$kind" in
        row) row "$text" "$expected" "$why" ;;
        end) break ;;
        *) homeserver_failed "$kind" "$text" ;;
        esac
    done
    [ "${kind:-}" = end ] || homeserver_failed '' ''
    if [ "$keep" != yes ]; then
        # It cleans up, which must succeed as well.
        exec {homeserver_told}>&-
        wait "$homeserver_pid" || homeserver_failed '' 'its program did not end well'
        homeserver_pid=
    fi
}

homeserver_by_hand() {
    local line
    echo
    while IFS= read -r -u "$homeserver_says" line && [ "$line" != end ]; do
        printf '%s\n' "$line"
    done
}
