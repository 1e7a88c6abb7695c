# SPDX-License-Identifier: EUPL-1.2
# Logins through the real programs, each judged by its own outcome and not by what the module says.
# Sourced by guest.sh.

# log_in NAME WAY AGENT PASSWORD PIN AT-TOUCH STOP; the transcript is kept in $scratch/login.NAME.
log_in() {
    local name=$1 status=0
    shift
    timeout 60 expect -f "$machine_folder/guest/logins.exp" "$@" >"$scratch/login.$name" 2>&1 </dev/null ||
        status=$?
    case $status in
    0) printf 'accepted' ;;
    1) printf 'refused' ;;
    3) printf 'accepted as another account' ;;
    *) printf 'stuck (status %s)' "$status" ;;
    esac
}

# expect_login VERDICT NAME TEXT WAY AGENT PASSWORD PIN [AT-TOUCH [PATTERN [stop]]]: with PATTERN the
# person must also have been told something that matches it; with "stop" Ctrl-C is pressed once it is read.
expect_login() {
    local wanted=$1 name=$2 text=$3 seen
    shift 3
    seen=$(log_in "$name" "$1" "$2" "$3" "$4" "${5:-}" "${7:+${6:-}}")
    if [[ $seen != "$wanted" ]]; then
        fail "$name" "$text: expected $wanted, seen $seen" "$scratch/login.$name"
    elif [[ -n ${6:-} ]] && ! grep -qE -- "$6" "$scratch/login.$name"; then
        fail "$name" "$text: $seen, but not told /$6/" "$scratch/login.$name"
    else
        pass "$name" "$text: $seen"
    fi
}
