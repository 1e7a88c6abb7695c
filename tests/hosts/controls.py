# SPDX-License-Identifier: EUPL-1.2
"""Control: the same hosts, passwords and keys with Debian's pam_u2f, whose libfido2 gets the software key from a library in the private
/etc/ld.so.preload. It shows that these hosts run their PAM stacks, and that a refusal of ours is ours."""
import os
import shutil
import subprocess

from machine import EXAMPLES, HOSTS, command, write

PRELOAD = "/etc/ld.so.preload"
STACK = ("{first}auth required pam_u2f.so authfile=/etc/latchkey-u2f cue origin=pam://hosts.example appid=pam://hosts.example\n"
         "@include common-auth\n@include common-account\nsession required pam_permit.so\n")


def enrol(machine, shim):
    result = subprocess.run(["pamu2fcfg", "-u", "alice", "-o", "pam://hosts.example", "-i", "pam://hosts.example"],
                            env={**os.environ, "LD_PRELOAD": shim}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, timeout=30, check=False)
    write("/etc/latchkey-u2f", result.stdout + "\n")
    return result


def check(results, machine):
    # In a folder that every user can reach, as the dynamic linker of a setuid program wants it.
    shim = "/usr/lib/lk-softkey-shim.so"
    shutil.copy(f"{machine.build}/tests/softkey/liblk_softkey_shim.so", shim)
    os.chmod(shim, 0o755)
    key = machine.key("plain")
    machine.plugged(key)
    made = enrol(machine, shim)
    results.check("control: pamu2fcfg makes a credential on the software key", made.returncode == 0, made.stderr)
    for way in HOSTS:
        first = "auth sufficient pam_rootok.so\n" if way == "su" else ""
        write(f"/etc/pam.d/{way}", STACK.format(first=first))
    write(PRELOAD, shim + "\n")
    try:
        for way in HOSTS:
            machine.plugged(key)
            touches = key.counter("touches")
            results.login(f"control: {way}, pam_u2f and password", "accepted", machine.log_in(way))
            results.check(f"control: {way}, one touch or two", key.counter("touches") > touches)
            machine.plugged()
            results.login(f"control: {way}, pam_u2f without its key", "refused", machine.log_in(way))
    finally:
        os.unlink(PRELOAD)
