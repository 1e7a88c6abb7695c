#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# First process of the guest once its root is mounted (lib/init); never run on a host.
set -euo pipefail
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root TERM=dumb
exec {console_fd}>/dev/console

if (($$ != 1)); then
    echo "guest.sh: this is the first process of a virtual machine, see run" >&2
    exit 2
fi
machine_folder=$LK_PROJECT/tests/machine
scratch=/latchkey-machine
for part in results system key logins "stack_$LK_STACK"; do
    # shellcheck source=/dev/null
    . "$machine_folder/guest/$part.sh"
done

# Any command that fails outside a check: say where, and stop without the last line.
unexpected() { # LINE COMMAND
    trap - ERR
    fail guest "stopped at ${BASH_SOURCE[1]##*/}:$1: $2"
    power_off
}

# The shim of the fast tests must have no part here: what loads is what is installed.
no_preload() {
    [[ ! -e /etc/ld.so.preload && -z ${LD_PRELOAD:-} ]]
}

main() {
    trap 'unexpected "$LINENO" "$BASH_COMMAND"' ERR
    set -E
    install_files
    pass boot "Debian's kernel $(uname -r) on the host's root, read-only"
    check no-preload 'no ld.so.preload, no LD_PRELOAD' no_preload
    start_udev
    need modules load_modules uhid hid_generic
    check uhid 'the kernel offers /dev/uhid' test -c /dev/uhid
    mute_key_checks
    run_stack
    check no-preload-after 'still none at the end' no_preload
    finish
}

main
